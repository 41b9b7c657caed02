//! Known failures and claims.

use serde_json::Value;

use super::{BOT, Project, text};

const KNOWN: &str = r#"
[scenarios]
editions = ["2021-02"]
locales = ["pt-BR"]

[[known]]
scenario = "*/pt-BR/*"
role = "bot"
rule = "request.header"
reason = "tokens come with the next release"
"#;

#[test]
fn a_known_failure_is_known_and_nothing_else_is() {
    let broken = Project::of(BOT, &["--fault", "token-missing"], KNOWN);
    let (code, report) = broken.run(&[]);
    // Nothing passed: that is no success either.
    assert_eq!((code, &report["summary"]["known"]), (1, &Value::from(4)));
    let reason = report["results"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "tokens come with the next release");

    let one = KNOWN.replace("*/pt-BR/*", "*-pstn-*");
    let broken = Project::of(BOT, &["--fault", "token-missing"], &one);
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
        .replace("*/pt-BR/*", "*-multiple-*")
        .replace("request.header", "request.body");
    let broken = Project::of(BOT, &["--fault", "participant-lost"], &known);
    let (code, report) = broken.run(&[]);
    let summary = &report["summary"];
    assert_eq!(
        (code, &summary["known"], &summary["pass"]),
        (0, &1.into(), &3.into()),
        "{report:#}"
    );
}

#[test]
fn an_unexpected_pass_and_an_entry_that_matches_nothing_fail_the_run() {
    let (code, report) = Project::of(BOT, &[], KNOWN).run(&[]);
    assert_eq!((code, &report["summary"]["fail"]), (1, &Value::from(4)));
    let reason = report["results"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("take it off the list"), "{reason}");

    let nothing = KNOWN.replace("*/pt-BR/*", "*/no-such-thing");
    let project = Project::of(BOT, &[], &nothing);
    let (code, report) = project.run(&["--report", "junit=report.xml"]);
    assert_eq!((code, &report["summary"]["pass"]), (1, &Value::from(4)));
    let said = report["complaints"][0].as_str().unwrap();
    assert!(
        said.contains("no-such-thing") && said.contains("matches nothing"),
        "{said}"
    );
    let xml = std::fs::read_to_string(project.path().join("report.xml")).unwrap();
    assert!(xml.contains("matches nothing"), "{xml}");
    let shown = text(&project.confcall(&["run"]).stdout);
    assert!(shown.contains("matches nothing"), "{shown}");
}

#[test]
fn what_is_not_claimed_is_skipped_with_that_reason() {
    let claims = "[claims]\neditions = [\"2021-02\"]\nfeatures = [\"peer-call\"]\n";
    let (code, report) = Project::of(BOT, &[], claims).run(&[]);
    assert_eq!(code, 0);
    let results = report["results"].as_array().unwrap();
    let reasons: Vec<_> = results
        .iter()
        .filter(|it| it["verdict"] == "skip")
        .map(|it| it["reason"].as_str().unwrap())
        .collect();
    for feature in ["edition 2019-05", "feature chat", "feature number"] {
        assert!(
            reasons.iter().any(|it| it.ends_with(feature)),
            "{reasons:?}"
        );
    }
    // Whoever is invited from a peer-to-peer call, in two languages.
    assert_eq!(report["summary"]["pass"], 4);
    let ids: Vec<_> = results
        .iter()
        .map(|it| it["scenario"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
}
