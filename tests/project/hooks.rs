//! Cues and given states by commands.

use std::fs;

use serde_json::Value;

use super::{BOT, Project, SERVICE, text};

/// A command that posts what it reads to a URL, as `curl` would; Python's standard library does it,
/// where there is one.
fn has_curl() -> bool {
    let curl = std::process::Command::new("curl").arg("--version").output();
    curl.is_ok_and(|it| it.status.success())
}

fn cued_by(project: &str) -> String {
    project.replace(
        "cue = \"http://127.0.0.1:{port}/cue\"",
        "cue = [\"sh\", \"-c\", '''tee -a cues.jsonl | @cue''', \"{port}\"]",
    )
}

#[test]
fn a_bot_is_cued_by_a_command() {
    if !has_curl() {
        eprintln!("curl is not installed: a command has nothing to cue the bot with");
        return;
    }
    let curl = "curl -sf -H Content-Type:application/json --data-binary @- http://127.0.0.1:$0/cue";
    let bot = cued_by(BOT).replace("@cue", curl);
    let project = Project::of(&bot, &[], "");
    let (code, report) = project.run(&["pt-BR"]);
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &Value::from(4)),
        "{report:#}"
    );
    let cues = fs::read_to_string(project.path().join("cues.jsonl")).unwrap();
    assert_eq!(cues.lines().count(), 4);
    for cue in cues.lines() {
        let cue: Value = serde_json::from_str(cue).unwrap();
        assert_eq!(
            (&cue["step"], &cue["request"]["method"]),
            (&1.into(), &"POST".into())
        );
    }
}

#[test]
fn a_command_may_decline_or_fail() {
    for (cue, verdict, reason) in [
        (
            "cat >/dev/null; echo not today >&2; exit 69",
            "skip",
            "not today",
        ),
        (
            "cat >/dev/null; echo no such bot >&2; exit 1",
            "inconclusive",
            "no such bot",
        ),
    ] {
        let bot = cued_by(BOT).replace("@cue", &format!("{{ {cue}; }}"));
        let (code, report) = Project::of(&bot, &[], "").run(&["pt-BR", "-j", "1"]);
        assert_eq!(code, 1);
        for result in report["results"].as_array().unwrap() {
            let said = result["reason"].as_str().unwrap();
            assert_eq!(result["verdict"], verdict, "{said}");
            assert!(said.contains(reason), "{said}");
        }
    }
}

#[test]
fn given_states_are_brought_about_by_a_command() {
    // The built-in service makes what it is asked for; the answer binds variables.
    if !has_curl() {
        eprintln!("curl is not installed: a command has nothing to ask the service with");
        return;
    }
    let ask = r#"["sh", "-c", '''tee -a asked.jsonl | curl -sf -H Content-Type:application/json --data-binary @- http://127.0.0.1:$0/control/given''', "{port}"]"#;
    let service = SERVICE.replace("\"http://127.0.0.1:{port}/control/given\"", ask);
    let project = Project::of(&service, &[], "");
    let (code, report) = project.run(&["pt-BR"]);
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &Value::from(4)),
        "{report:#}"
    );
    let asked = fs::read_to_string(project.path().join("asked.jsonl")).unwrap();
    let states: Vec<Value> = asked
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap()["state"].clone())
        .collect();
    assert!(states.contains(&"call".into()) && states.contains(&"peer-call".into()));

    let service = SERVICE.replace(
        "\"http://127.0.0.1:{port}/control/given\"",
        r#"["sh", "-c", "echo there are no calls >&2; exit 69"]"#,
    );
    let (code, report) = Project::of(&service, &[], "").run(&["pt-BR"]);
    assert_eq!((code, &report["summary"]["skip"]), (1, &Value::from(4)));
    let said = text(report["results"][0]["reason"].as_str().unwrap().as_bytes());
    assert!(said.contains("there are no calls"), "{said}");
}
