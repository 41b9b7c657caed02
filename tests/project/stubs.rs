//! `--stubs`: what a bot asks around the API is answered from recordings.

use std::fs;

use confcall_test_support::bot::{Bot, Found};
use serde_json::{Value, json};

use super::{Project, text};

const SECRET: &str = "redacted-secret-0123456789ab";
const ANA: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

/// A bot that looks up the person and its own organisation before it invites, twice.
const ROW: &str = r#"
[[trigger]]
operation = "invite"
request = "POST http://@bot/calls/{call}/people"

[trigger.body]
service = "{url}"
people = "{/participants}"
look-up = [
    "/v1.0/users/{/participants/0/identity/user/id}?$select=id",
    "/v1.0/organization?token=abc",
    "/v1.0/organization?token=abc",
    "/v1.0/organization?token=abc",
]
"#;

fn of(bot: &Bot, setting: &str) -> Project {
    let target = "[target]\nrole = \"bot\"\nurl = \"http://@bot/callback\"\n";
    let scenario = "[scenarios]\nfilters = [\"@2021-02/invite-one-participant-\"]\n";
    let text = format!("{target}{setting}{scenario}{ROW}");
    Project::new(&text.replace("@bot", &bot.address))
}

/// A cassette of GET requests, each with its answer.
fn cassette(exchanges: &[(&str, u16, Value)]) -> String {
    let mut text = "{\"version\":1,\"directions\":[\"request\"]}\n".to_owned();
    for (number, (target, status, body)) in (1..).zip(exchanges) {
        let exchange = json!({
            "number": number, "direction": "request", "at_ms": 0, "took_ms": 1,
            "request": {"method": "GET", "target": target, "headers": []},
            "response": {
                "status": status, "headers": [["Content-Type", "application/json"]],
                "body": {"json": body},
            },
        });
        text.push_str(&exchange.to_string());
        text.push('\n');
    }
    text
}

/// The same as a HAR file of another tool.
fn har(exchanges: &[(&str, u16, Value)]) -> String {
    let entry = |(target, status, body): &(&str, u16, Value)| {
        json!({
            "startedDateTime": "2024-01-01T00:00:00.000Z", "time": 1,
            "request": {
                "method": "GET", "url": format!("https://graph.microsoft.com{target}"),
                "httpVersion": "HTTP/1.1", "headers": [], "queryString": [], "cookies": [],
                "headersSize": -1, "bodySize": 0,
            },
            "response": {
                "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"size": 0, "mimeType": "application/json", "text": body.to_string()},
                "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
            "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0},
        })
    };
    let entries: Vec<Value> = exchanges.iter().map(entry).collect();
    let creator = json!({"name": "test", "version": "1"});
    json!({"log": {"version": "1.2", "creator": creator, "entries": entries}}).to_string()
}

#[test]
fn a_bot_finds_what_was_recorded_around_the_api() {
    let exchanges = [
        (
            &*format!("/v1.0/users/{ANA}?$select=id"),
            200,
            json!({"id": ANA}),
        ),
        (
            &*format!("/v1.0/organization?token={SECRET}"),
            200,
            json!({"n": 1, "key": "redacted-key-ba9876543210"}),
        ),
        (
            &*format!("/v1.0/organization?token={SECRET}"),
            429,
            json!({"n": 2}),
        ),
    ];
    for (name, content) in [
        ("stubs.jsonl", cassette(&exchanges)),
        ("stubs.har", har(&exchanges)),
    ] {
        let bot = Bot::start();
        let project = of(&bot, &format!("stubs = [{name:?}]\n"));
        fs::write(project.path().join(name), content).unwrap();
        let (code, report) = project.run(&[]);
        assert_eq!(code, 0, "{name}: {report:#}");
        assert_eq!(report["notes"], Value::Null, "{name}");
        let found = bot.found();
        let [user, first, second, third] = found.as_slice() else {
            panic!("{name}: {found:?}");
        };
        // The answer is about the user of this run.
        let id = user.body["id"].as_str().unwrap();
        assert_eq!(user.path, format!("/v1.0/users/{id}?$select=id"), "{name}");
        assert_ne!(id, ANA, "{name}");
        let key = &first.body["key"];
        assert_eq!(
            (first.status, key),
            (200, &json!("redacted-key-ba9876543210"))
        );
        let last = |it: &Found| (it.status, it.body["n"].clone());
        assert_eq!(
            [last(second), last(third)],
            [(429, json!(2)), (429, json!(2))]
        );
    }
}

#[test]
fn what_no_stub_answers_is_listed_and_not_judged() {
    let bot = Bot::start();
    let project = of(&bot, "");
    let stubs = cassette(&[("/v1.0/organization", 200, json!({"n": 1}))]);
    fs::write(project.path().join("stubs.jsonl"), stubs).unwrap();
    let (code, report) = project.run(&["--stubs", "stubs.jsonl"]);
    let warnings = &report["summary"]["warnings"];
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &json!(1)),
        "{report:#}"
    );
    assert!(warnings.is_null() || *warnings == json!(0), "{report:#}");
    let found = bot.found();
    let answers: Vec<_> = found.iter().map(|it| it.status).collect();
    assert_eq!(answers, [404, 200, 200, 200]);
    assert_eq!(found[0].body["error"]["code"], "NotFound");
    let path = found[0].path.split('?').next().unwrap();
    let note = format!("outside of the calling API, no stub matches GET {path} (once, 404)");
    assert_eq!(report["notes"], json!([note]));

    let output = project.confcall(&["run"]);
    let message = text(&output.stdout).replace("\n  ", " ");
    assert_eq!(output.status.code(), Some(0), "{message}");
    let of_organization = "no stub matches GET /v1.0/organization (3 times, 404)";
    assert_eq!(message.matches(of_organization).count(), 1, "{message}");
}

#[test]
fn stubs_that_cannot_be_used_are_an_error_before_the_run() {
    let bot = Bot::start();
    for (name, content, place) in [
        ("absent.jsonl", None, "error: absent.jsonl: "),
        (
            "empty.jsonl",
            Some(cassette(&[])),
            "error: empty.jsonl: the recording is empty",
        ),
        (
            "broken.jsonl",
            Some(cassette(&[]) + "{}\n{}\n"),
            "error: broken.jsonl:2:",
        ),
        (
            "broken.har",
            Some("{\"log\": {\"entries\": 5}}".to_owned()),
            "error: broken.har:1:",
        ),
    ] {
        let project = of(&bot, "");
        if let Some(content) = content {
            fs::write(project.path().join(name), content).unwrap();
        }
        let output = project.confcall(&["run", "--stubs", name]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.starts_with(place), "{message}");
    }
    let output = Project::new("").confcall(&["run", "--stubs", "a.har"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.starts_with("error: `--stubs` needs a bot under test"),
        "{message}"
    );
    assert!(bot.found().is_empty());
}
