//! Triggers and provider states by commands.

use std::fs;

use serde_json::Value;

use super::{BOT, CONFCALL, Project, SERVICE, text};

/// Posts what it reads to a port and a path of this machine, keeps it in a file, and says what the
/// answer says; it fails where that is no 2xx.
const POST: &str = r#"
LC_ALL=C
exec 3<>"/dev/tcp/127.0.0.1/$1"
body=$(tee -a "$3")
printf 'POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' "$2" >&3
printf 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body" >&3
read -r _ status _ <&3
while read -r line <&3 && [[ $line != $'\r' ]]; do :; done
cat <&3
[[ $status == 2* ]]
"#;

/// A project whose hook is [`POST`], with the file that it keeps.
fn posting(target: &str, hook: &str, path: &str, kept: &str) -> Project {
    let url = format!("\"http://127.0.0.1:{{port}}{path}\"");
    let command = format!("[\"bash\", \"post.sh\", \"{{port}}\", \"{path}\", \"{kept}\"]");
    let of = target.replace(&format!("{hook} = {url}"), &format!("{hook} = {command}"));
    assert_ne!(of, target);
    let project = Project::of(&of, &[], "");
    fs::write(project.path().join("post.sh"), POST).unwrap();
    project
}

fn triggered_by(project: &str) -> String {
    project.replace(
        "trigger = \"http://127.0.0.1:{port}/trigger\"",
        "trigger = [\"sh\", \"-c\", '''@trigger''']",
    )
}

#[test]
fn a_bot_is_triggered_by_a_command() {
    let project = posting(BOT, "trigger", "/trigger", "triggers.jsonl");
    let (code, report) = project.run(&["2021-02/invite"]);
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &Value::from(4)),
        "{report:#}"
    );
    let triggers = fs::read_to_string(project.path().join("triggers.jsonl")).unwrap();
    assert_eq!(triggers.lines().count(), 4);
    for trigger in triggers.lines() {
        let trigger: Value = serde_json::from_str(trigger).unwrap();
        assert_eq!(
            (&trigger["step"], &trigger["request"]["method"]),
            (&1.into(), &"POST".into())
        );
    }
}

#[test]
fn a_command_may_decline_or_fail() {
    for (trigger, verdict, reason) in [
        (
            "cat >/dev/null; echo not today >&2; exit 69",
            "skip",
            "not today",
        ),
        (
            "cat >/dev/null; echo no such bot >&2; exit 1",
            "inconclusive",
            "`: exit status: 1: no such bot",
        ),
        (
            "cat >/dev/null; exit 1",
            "inconclusive",
            "`: exit status: 1\"",
        ),
        (
            "cat >/dev/null; while :; do echo on and on; done",
            "inconclusive",
            "its output is longer than 1 MiB",
        ),
    ] {
        let bot = triggered_by(BOT).replace("@trigger", &format!("{{ {trigger}; }}"));
        let (code, report) = Project::of(&bot, &[], "").run(&["2021-02/invite", "-j", "1"]);
        assert_eq!(code, 1);
        for result in report["results"].as_array().unwrap() {
            let message = result["reason"].to_string();
            assert_eq!(result["verdict"], verdict, "{message}");
            assert!(message.contains(reason), "{message}");
        }
    }
}

#[test]
fn provider_states_are_brought_about_by_a_command() {
    // The built-in service makes what it is asked for; the answer binds variables.
    let project = posting(SERVICE, "given", "/control/given", "asked.jsonl");
    let (code, report) = project.run(&["2021-02/invite"]);
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &Value::from(4)),
        "{report:#}"
    );
    let requests = fs::read_to_string(project.path().join("asked.jsonl")).unwrap();
    let states: Vec<Value> = requests
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap()["state"].clone())
        .collect();
    assert!(states.contains(&"call".into()) && states.contains(&"peer-call".into()));

    let service = SERVICE.replace(
        "\"http://127.0.0.1:{port}/control/given\"",
        r#"["sh", "-c", "echo there are no calls >&2; exit 69"]"#,
    );
    let (code, report) = Project::of(&service, &[], "").run(&["2021-02/invite"]);
    assert_eq!((code, &report["summary"]["skip"]), (1, &Value::from(4)));
    let message = text(report["results"][0]["reason"].as_str().unwrap().as_bytes());
    assert!(message.contains("there are no calls"), "{message}");
}

#[test]
fn an_invalid_answer_about_a_provider_state_is_noted() {
    for (answer, note) in [
        ("done", "it is not a JSON object"),
        (
            "{\"variables\": {\"call\": 5}}",
            "the variable `call` is not a string",
        ),
    ] {
        let answers = format!("given = ['sh', '-c', 'cat >/dev/null; echo \"$0\"', '{answer}']");
        let asked = "given = \"http://127.0.0.1:{port}/control/given\"";
        let project = Project::of(
            &SERVICE.replace(asked, &answers.replace('{', "{{").replace('}', "}}")),
            &[],
            "",
        );
        let (_, report) = project.run(&["2021-02/invite"]);
        let notes = report["results"][0]["notes"].to_string();
        assert!(
            notes.contains(&format!(
                "the response of the hook for call was ignored: {note}"
            )),
            "{notes}"
        );
    }
}

#[test]
fn a_command_runs_in_the_folder_of_the_file() {
    let project = Project::of(
        &triggered_by(BOT).replace("@trigger", "sh ./decline.sh"),
        &[],
        "",
    );
    let decline = "cat >/dev/null; echo not from here >&2; exit 69";
    fs::write(project.path().join("decline.sh"), decline).unwrap();
    let below = project.path().join("below");
    fs::create_dir(&below).unwrap();
    let run = std::process::Command::new(CONFCALL)
        .args(["run", "2021-02/invite", "--config", "../confcall.toml"])
        .current_dir(below)
        .output()
        .unwrap();
    let message = text(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{message}");
    assert!(
        message.contains(" and 3 more: the bot declines: not from here"),
        "{message}"
    );
}
