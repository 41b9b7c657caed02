//! Negative conversations: whom they judge, how they are shown, and what cannot be judged.

use confcall_test_support::process::Process;
use serde_json::Value;

use super::{command, confcall, refused, stdout};

/// The built-in service as a process of its own, which ends with the test.
struct Service {
    _process: Process,
    url: String,
    hook: String,
}

impl Service {
    fn start(more: &[&str]) -> Self {
        let mut command = command(&[&["serve", "--edition", "2021-02"], more].concat());
        let process = Process::start(&mut command, 2);
        let [url, hook] = [0, 1].map(|it| process.addresses[it].clone());
        Self {
            _process: process,
            url,
            hook,
        }
    }

    /// The verdicts of the negative conversations, by name, with the reason.
    fn judge(&self, more: &[&str]) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let kind = format!("json={}", report.display());
        let own = ["run", "--tag", "negative", "--service", &self.url];
        let output = confcall(&[&own, more, &["--report", &kind]].concat());
        let run: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)));
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let result = |it: &Value| {
            let name = text(&it["scenario"]);
            let name = name.rsplit('/').next().unwrap().to_owned();
            (name, text(&it["verdict"]), text(&it["reason"]))
        };
        run["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(result)
            .collect()
    }
}

/// What did not pass.
fn odd(results: &[(String, String, String)]) -> Vec<(&str, &str)> {
    let odd = results.iter().filter(|(_, verdict, _)| verdict != "pass");
    odd.map(|(name, verdict, _)| (name.as_str(), verdict.as_str()))
        .collect()
}

/// The editions of *participant: invite* that the refusals were written for, and those before them.
const INVITATIONS: [&str; 3] = ["beta@2019", "beta@2020-12", "beta@2021"];

#[test]
fn they_judge_a_service_and_no_bot() {
    let counted = |arguments: &[&str]| {
        let text = stdout(&confcall(arguments));
        let line = text.lines().last().unwrap_or_default().to_owned();
        line.split(' ').next().unwrap().parse::<usize>().unwrap()
    };
    let no_faults = ["run", "--inject", "none"];
    for (which, count) in [
        (["--tag", "negative"], 14),
        (["--role", "service"], 29),
        (["--role", "bot"], 15),
    ] {
        let arguments = [&no_faults[..], &which, &INVITATIONS].concat();
        assert_eq!(counted(&arguments), count);
    }
    for arguments in [
        &["run", "--tag", "negative", "--role", "bot"][..],
        &["run", "--tag", "negative", "--bot", "http://127.0.0.1:9"],
    ] {
        let message = refused(&confcall(arguments));
        assert!(
            message.contains("none of the 14 selected scenarios judges a bot"),
            "{message}"
        );
    }
}

#[test]
fn the_documented_conversations_are_listed_as_before() {
    let listed = stdout(&confcall(
        &[&["list", "--format", "json"], &INVITATIONS[..]].concat(),
    ));
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let (negative, documented): (Vec<_>, Vec<_>) =
        listed.iter().partition(|it| it["judges"] == "service");
    assert_eq!((negative.len(), documented.len()), (14, 15));
    let keys = [
        "id",
        "page",
        "api",
        "edition",
        "operation",
        "locales",
        "given",
        "steps",
    ];
    for scenario in documented {
        assert!(scenario.as_object().unwrap().keys().eq(keys), "{scenario}");
        for step in scenario["steps"].as_array().unwrap() {
            assert!(step.get("statuses").is_none() && step["kind"] != "refusal");
        }
    }
}

#[test]
fn one_is_shown_with_its_token_and_its_refusal() {
    let shown = stdout(&confcall(&["show", "en/foreign-token"]));
    for part in [
        "  judges service\n",
        "#1 request with a foreign token  ",
        "#2 refusal  zh-CN/2021-02/beta/participant-invite.md:47\nHTTP 401 or 403\n",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[test]
fn a_service_that_takes_any_token_is_not_judged_by_a_foreign_one() {
    let service = Service::start(&[]);
    let skipped = [("foreign-token", "skip")];
    for (given, message) in [
        (
            service.hook.as_str(),
            "accepts any token unless it is started with one",
        ),
        (
            "create",
            "only the service can guarantee that it accepts no other token",
        ),
    ] {
        let results = service.judge(&["--given", given]);
        assert_eq!(odd(&results), skipped);
        let reason = results.iter().find(|it| it.1 == "skip").unwrap();
        assert!(reason.2.contains(message), "{}", reason.2);
    }
}

#[test]
fn a_service_that_knows_its_token_is() {
    let service = Service::start(&["--token", "of-this-run"]);
    let with = ["--given", &service.hook, "--token", "of-this-run"];
    assert_eq!(odd(&service.judge(&with)), []);
}

#[test]
fn a_service_that_refuses_and_acts_is_caught() {
    let service = Service::start(&["--mutant", "refuses-and-invites"]);
    let results = service.judge(&["--given", &service.hook]);
    let caught = odd(&results);
    assert_eq!(
        caught,
        [("foreign-token", "skip"), ("six-participants", "fail")]
    );
}

#[test]
fn coverage_names_the_standard_behind_a_requirement() {
    let text = stdout(&confcall(&["run", "--tag", "negative", "--coverage"]));
    let line = text.lines().find(|it| it.contains("refusal.unknown-call"));
    let line = line.unwrap_or_default();
    assert!(line.starts_with("met"), "{line}");
    assert!(line.contains("RFC 9110 section 15.5.5"), "{line}");
}
