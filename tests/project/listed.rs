//! Known failures and claims.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{BOT, Project, text};

const KNOWN: &str = r#"
[scenarios]
editions = ["2021-02"]
locales = ["pt-BR"]

[[known]]
scenario = "*@2021-02/invite-*"
role = "bot"
rule = "request.header"
reason = "tokens come with the next release"
"#;

#[test]
fn a_known_failure_is_known_and_nothing_else_is() {
    let broken = Project::of(BOT, &["--mutant", "token-missing"], KNOWN);
    let (code, report) = broken.run(&[]);
    // Everything fails as listed.
    assert_eq!((code, &report["summary"]["known"]), (0, &Value::from(4)));
    let reason = report["results"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "tokens come with the next release");

    let one = KNOWN.replace("*@2021-02/invite-*", "*-pstn-*");
    let broken = Project::of(BOT, &["--mutant", "token-missing"], &one);
    let (code, report) = broken.run(&[]);
    let summary = &report["summary"];
    assert_eq!(
        (code, &summary["known"], &summary["fail"]),
        (1, &1.into(), &3.into())
    );
}

#[test]
fn a_known_failure_beside_passes_is_a_success() {
    let known = KNOWN
        .replace("*@2021-02/invite-*", "*-multiple-*")
        .replace("request.header", "request.body");
    let broken = Project::of(BOT, &["--mutant", "participant-lost"], &known);
    let (code, report) = broken.run(&[]);
    let summary = &report["summary"];
    assert_eq!(
        (code, &summary["known"], &summary["pass"]),
        (0, &1.into(), &3.into()),
        "{report:#}"
    );
}

#[test]
fn the_list_is_held_against_all_shares() {
    let known = KNOWN
        .replace("*@2021-02/invite-*", "*-multiple-*")
        .replace("request.header", "request.body");
    let stale = KNOWN.replace("*@2021-02/invite-*", "*/no-such-thing");
    let stale = stale.split("[[known]]").nth(1).unwrap();
    for (list, expected) in [(known.clone(), 0), (format!("{known}[[known]]{stale}"), 1)] {
        let broken = Project::of(BOT, &["--mutant", "participant-lost"], &list);
        for share in ["1/2", "2/2"] {
            let report = format!("json={}.json", &share[..1]);
            let (code, whole) = broken.run(&["--shard", share, "--report", &report]);
            assert_eq!(code, 0, "{whole:#}");
        }
        let merged = broken.confcall(&["merge", "1.json", "2.json"]);
        let message = text(&merged.stdout);
        assert_eq!(merged.status.code(), Some(expected), "{message}");
        assert_eq!(
            message.contains("no-such-thing"),
            expected == 1,
            "{message}"
        );
    }
}

#[test]
fn an_unexpected_pass_and_an_entry_that_matches_nothing_fail_the_run() {
    let (code, report) = Project::of(BOT, &[], KNOWN).run(&[]);
    assert_eq!((code, &report["summary"]["fail"]), (1, &Value::from(4)));
    let reason = report["results"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("remove it from `[[known]]`"), "{reason}");

    let nothing = KNOWN.replace("*@2021-02/invite-*", "*/no-such-thing");
    let project = Project::of(BOT, &[], &nothing);
    let (code, report) = project.run(&["--report", "junit=report.xml"]);
    assert_eq!((code, &report["summary"]["pass"]), (1, &Value::from(4)));
    let message = report["errors"][0].as_str().unwrap();
    assert!(
        message.contains("no-such-thing") && message.contains("matches nothing"),
        "{message}"
    );
    let xml = std::fs::read_to_string(project.path().join("report.xml")).unwrap();
    assert!(xml.contains("matches nothing"), "{xml}");
    let shown = text(&project.confcall(&["run"]).stdout);
    assert!(shown.contains("matches nothing"), "{shown}");
}

const APPLICATION: &str = "5d1f1c7a-3f0e-4c0e-9a55-1d5b5d1e8f10";

/// The built-in bot, its notifications signed for an application; with further arguments of it.
fn signed(more: &[&str], claims: &str) -> Project {
    let application = format!("role = \"bot\"\napplication = {APPLICATION:?}");
    let target = BOT.replace("role = \"bot\"", &application);
    Project::of(&target, more, claims)
}

/// What becomes of one conversation in the fault injection that the filter takes of that which is kinds for:
/// the exit code, and verdict and reason of each.
fn injected(project: &Project, kinds: &str, filter: &str) -> (i32, Vec<(String, String)>) {
    let one = format!("*2021-02/invite-one-pstn-*~{filter}");
    let keys = project.path().join("keys");
    let keys = keys.to_str().unwrap();
    let (code, report) = project.run(&[&one, "--inject", kinds, "--ca-dir", keys]);
    let results = report["results"].as_array().unwrap().iter();
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let results = results.map(|it| (text(it, "verdict"), text(it, "reason")));
    (code, results.collect())
}

#[test]
fn a_bot_that_claims_so_has_to_refuse_what_is_forged() {
    let configuration = "{service}/login/v1/.well-known/OpenIdConfiguration";
    let verifies = ["--verify", configuration, "--application", APPLICATION];
    let claims = "[claims]\nfeatures = [\"number\", \"verified-notifications\"]\n";
    let (code, results) = injected(&signed(&verifies, claims), "forged-tokens", "*");
    let passed = ("pass".to_owned(), String::new());
    assert_eq!((code, results), (0, vec![passed; 4]));

    let (code, results) = injected(&signed(&[], claims), "all", "expired-token");
    assert_eq!((code, results[0].0.as_str()), (1, "fail"));
}

#[test]
fn what_is_forged_goes_to_who_claims_or_asks_for_it_alone() {
    let unclaimed = "the target does not claim the feature verified-notifications";
    let unsigned = "notifications are not signed";
    let none = "[claims]\nfeatures = [\"number\"]\n";
    for (project, kinds, filter, skipped) in [
        (signed(&[], ""), "all", "expired*", Some(unclaimed)),
        (
            signed(&[], none),
            "forged-tokens",
            "expired-token",
            Some(unclaimed),
        ),
        (signed(&[], ""), "all", "expired-token", None),
        (signed(&[], ""), "forged-tokens", "expired*", None),
        (signed(&[], ""), "expired-token", "expired*", None),
        (
            Project::of(BOT, &[], ""),
            "forged-tokens",
            "expired*",
            Some(unsigned),
        ),
    ] {
        let (code, results) = injected(&project, kinds, filter);
        let [(verdict, reason)] = results.as_slice() else {
            panic!("{results:?}");
        };
        assert_eq!(code, 1, "{kinds}, {filter}: nothing passed");
        match skipped {
            Some(why) => {
                assert_eq!(verdict, "skip", "{kinds}, {filter}: {reason}");
                assert!(reason.contains(why), "{kinds}, {filter}: {reason}");
            }
            None => assert_eq!(verdict, "fail", "{kinds}, {filter}: {reason}"),
        }
    }
}

#[test]
fn what_is_not_claimed_is_skipped_with_that_reason_or_not_selected() {
    let claims =
        "[claims]\napi = [\"beta\"]\neditions = [\"2021-02\"]\nfeatures = [\"peer-call\"]\n";
    let project = Project::of(BOT, &[], claims);
    let (code, report) = project.run(&["--operation", "invite"]);
    assert_eq!(code, 0);
    let results = report["results"].as_array().unwrap();
    let reasons: Vec<_> = results
        .iter()
        .filter(|it| it["verdict"] == "skip")
        .map(|it| it["reason"].as_str().unwrap())
        .collect();
    assert_eq!(results.len(), 4);
    for feature in ["feature chat", "feature number"] {
        assert!(
            reasons.iter().any(|it| it.ends_with(feature)),
            "{reasons:?}"
        );
    }
    // Whoever is invited from a peer-to-peer call.
    assert_eq!(report["summary"]["pass"], 2);
    let ids: Vec<_> = results
        .iter()
        .map(|it| it["scenario"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
    // What is named is played, whatever is claimed.
    let (code, report) = project.run(&["beta@2019-05/participant-invite"]);
    assert_eq!((code, &report["summary"]["pass"]), (0, &1.into()));
}

/// The project says nothing of API versions and editions.
#[test]
fn the_newest_texts_of_v1_0_are_played_and_the_rest_is_reported() {
    let project = Project::of(BOT, &[], "");
    let output = project.confcall(&[]);
    let message = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{message}");
    let last = message.trim_end().lines().last().unwrap();
    assert!(
        last.ends_with(
            " more scenarios of beta and other editions: --api v1.0,beta, --all-editions"
        ),
        "{message}"
    );
    let (_, report) = project.run(&["--operation", "invite,keepAlive"]);
    let results = report["results"].as_array().unwrap().iter();
    let pages: BTreeSet<_> = results
        .map(|it| it["scenario"].as_str().unwrap().rsplit_once('/').unwrap().0)
        .collect();
    let expected = [
        "call-keepalive/v1.0@2022-04",
        "participant-invite/v1.0@2022-05",
    ];
    assert!(pages.into_iter().eq(expected));
}

/// Each scenario of a list, with a party that is judged.
fn pairs(listed: &Value, id: &str, roles: impl Fn(&Value) -> Vec<Value>) -> BTreeSet<String> {
    let listed = listed.as_array().unwrap().iter();
    let pairs = listed.flat_map(|it| {
        let roles = roles(it).into_iter();
        roles.map(move |role| format!("{} {role}", it[id]))
    });
    pairs.collect()
}

#[test]
fn the_list_without_a_target_is_what_a_run_of_the_built_in_pair_plays() {
    let project = Project::new("[scenarios]\nfilters = [\"participant-invite/v1.0@2022-05\"]\n");
    let list = |more: &[&str]| -> Value {
        let command = ["list", "--config", "confcall.toml", "--format", "json"];
        let output = project.confcall(&[&command, more].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (code, report) = project.run(&[]);
    assert_eq!(code, 0, "{report:#}");
    let listed = pairs(&list(&[]), "id", |it| {
        it["roles"].as_array().unwrap().clone()
    });
    let played = pairs(&report["results"], "scenario", |it| {
        vec![it["role"].clone()]
    });
    assert_eq!(listed, played);
    // Among them is fault injection of one party alone.
    assert!(listed.iter().any(|it| it.contains('~')), "{listed:?}");
    assert_eq!(list(&["--of-target"]), Value::Array(Vec::new()));
}

#[test]
fn the_list_of_a_project_is_what_a_run_of_it_plays() {
    let more =
        "[scenarios]\noperations = [\"mute\", \"invite\"]\ninject = [\"duplicate-notification\"]\n";
    let project = Project::of(BOT, &[], more);
    let listed = |filters: &[&str]| -> Vec<(String, Value)> {
        let command = ["list", "--config", "confcall.toml", "--format", "json"];
        let output = project.confcall(&[&command, filters].concat());
        let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let pair = |it: &Value| (it["id"].as_str().unwrap().to_owned(), it["roles"].clone());
        listed.iter().map(pair).collect()
    };
    let all = listed(&[]);
    assert_eq!(all, listed(&["--of-target"]));
    let (_, report) = project.run(&[]);
    let results = report["results"].as_array().unwrap();
    let played = results.iter().map(|it| it["scenario"].as_str().unwrap());
    assert!(played.eq(all.iter().map(|it| it.0.as_str())), "{all:?}");
    assert!(all.iter().all(|it| it.1 == Value::from(vec!["bot"])));
    // An id is exactly that scenario, although the project also plays it under fault injection.
    let plain = &all.iter().find(|it| !it.0.contains('~')).unwrap().0;
    assert!(
        all.iter()
            .any(|it| it.0 == format!("{plain}~duplicate-notification"))
    );
    assert_eq!(listed(&[plain]).len(), 1);
}
