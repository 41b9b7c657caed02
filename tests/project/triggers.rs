//! `[[trigger]]`: bots with an interface of their own, without an adapter for confcall.

use std::fs;
use std::time::{Duration, Instant};

use confcall_test_support::bot::Bot;
use confcall_test_support::http::free_port;
use serde_json::Value;

use super::{BOT, Project, text};

/// A project whose target is a bot with its own interface.
fn of(bot: &Bot, tables: &str) -> Project {
    let text = format!(
        "[target]\nrole = \"bot\"\nurl = \"http://@bot/callback\"\n[scenarios]\nfilters = [\"@2021-02/invite-\"]\n{tables}"
    );
    Project::new(&text.replace("@bot", &bot.address))
}

const PEOPLE: &str = r#"
[[trigger]]
operation = "invite"
request = "POST http://@bot/calls/{call}/people"
body = { service = "{url}", people = "{/participants}" }
"#;

#[test]
fn a_bot_is_triggered_by_its_own_requests() {
    let bot = Bot::start();
    let (code, report) = of(&bot, PEOPLE).run(&[]);
    let passed = (code, &report["summary"]["pass"]);
    assert_eq!(passed, (0, &Value::from(4)), "{report:#}");

    // Rows are for a bot that the command line names, too.
    let project = Project::new(&PEOPLE.replace("@bot", &bot.address));
    let callback = format!("http://{}/callback", bot.address);
    let (code, report) = project.run(&["--bot", &callback, "@2021-02/invite-"]);
    let passed = (code, &report["summary"]["pass"]);
    assert_eq!(passed, (0, &Value::from(4)), "{report:#}");
}

#[test]
fn the_option_goes_before_the_rows() {
    let bot = Bot::start();
    let project = Project::new(&PEOPLE.replace("@bot", &bot.address));
    let callback = format!("http://{}/callback", bot.address);
    let trigger = format!("http://{}/answers/501", bot.address);
    let (code, report) = project.run(&[
        "--bot",
        &callback,
        "--trigger",
        &trigger,
        "@2021-02/invite-",
    ]);
    assert_eq!((code, &report["summary"]["skip"]), (1, &Value::from(4)));
}

#[test]
fn a_command_has_the_request_in_its_words_and_on_its_input() {
    // The built-in bot, whose adapter is reached by a script.
    let script = r#"
LC_ALL=C
exec 3<>"/dev/tcp/127.0.0.1/$1"
body=$(tee -a triggers.jsonl)
printf '%s\n' "$2 $CONFCALL_OPERATION $CONFCALL_METHOD $CONFCALL_URL" >>words.txt
printf 'POST /trigger HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' >&3
printf 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body" >&3
read -r _ status _ <&3
[[ $status == 2* ]]
"#;
    let without = BOT.replace("trigger = \"http://127.0.0.1:{port}/trigger\"\n", "");
    assert_ne!(without, BOT);
    let row = r#"
[[trigger]]
operation = ["answer", "invite"]
command = ["bash", "trigger.sh", "{port}", "{call}"]
"#;
    let project = Project::of(&without, &[], row);
    fs::write(project.path().join("trigger.sh"), script).unwrap();
    let (code, report) = project.run(&["@2021-02/invite-", "-j", "1"]);
    let passed = (code, &report["summary"]["pass"]);
    assert_eq!(passed, (0, &Value::from(4)), "{report:#}");
    let read = |name: &str| fs::read_to_string(project.path().join(name)).unwrap();
    let (triggers, words) = (read("triggers.jsonl"), read("words.txt"));
    assert_eq!(triggers.lines().count(), 4);
    for (trigger, words) in triggers.lines().zip(words.lines()) {
        let trigger: Value = serde_json::from_str(trigger).unwrap();
        assert_eq!(trigger["operation"], "invite");
        let url = trigger["request"]["url"].as_str().unwrap();
        let (call, rest) = words.split_once(' ').unwrap();
        assert_eq!(rest, format!("invite POST {url}"));
        assert!(
            url.contains(&format!("/calls/{call}/participants")),
            "{words}"
        );
    }
}

#[test]
fn a_trigger_of_a_row_may_decline_or_fail() {
    let bot = Bot::start();
    let failed = |what: &str| format!("the trigger failed: `{what}");
    for (row, verdict, reason) in [
        (
            "operation = \"invite\"\nrequest = \"POST http://@bot/answers/501\"",
            "skip",
            "the bot answers 501".to_owned(),
        ),
        (
            "operation = \"*\"\nrequest = \"PUT http://@bot/answers/500\"",
            "inconclusive",
            failed("PUT http://@bot/answers/500`: the response is 500: the bot answers 500"),
        ),
        (
            "operation = \"invite\"\ncommand = [\"sh\", \"-c\", \"echo not today >&2; exit 69\"]",
            "skip",
            "not today".to_owned(),
        ),
        (
            "operation = \"invite\"\ncommand = [\"sh\", \"-c\", \"exit 3\", \"{method}\"]",
            "inconclusive",
            failed("sh -c exit 3 POST`: exit status: 3"),
        ),
        (
            "operation = \"invite\"\nrequest = \"POST http://@bot/{/participant/0}\"",
            "inconclusive",
            "the trigger failed: `[[trigger]]` number 1 uses `{/participant/0}`".to_owned(),
        ),
        (
            "operation = \"answer\"\nrequest = \"POST http://@bot/\"",
            "skip",
            "no `[[trigger]]` matches invite".to_owned(),
        ),
    ] {
        let (code, report) = of(&bot, &format!("[[trigger]]\n{row}\n")).run(&[]);
        assert_eq!(code, 1, "{row}");
        let reason = reason.replace("@bot", &bot.address);
        for result in report["results"].as_array().unwrap() {
            let message = result["reason"].as_str().unwrap();
            assert_eq!(result["verdict"], verdict, "{row}: {message}");
            assert!(message.contains(&reason), "{row}: {message}");
        }
    }
}

#[test]
fn a_request_without_a_row_is_not_triggered_by_the_row_before() {
    // This bot sends its request before it answers the trigger.
    let bot = Bot::start();
    let project = Project::new(&PEOPLE.replace("@bot", &bot.address));
    let callback = format!("http://{}/callback", bot.address);
    let scenario = "participant-delete/v1.0@2022-04/invite-a-participant-to-an-existing-call";
    let (_, report) = project.run(&["--bot", &callback, scenario]);
    let result = &report["results"][0];
    assert_eq!(result["verdict"], "skip", "{report:#}");
    let reason = result["reason"].as_str().unwrap();
    assert!(reason.contains("no `[[trigger]]` matches "), "{reason}");
}

#[test]
fn surplus_messages_are_waited_for_once() {
    const SETTLE: Duration = Duration::from_secs(4);
    let bot = Bot::start();
    // No conversation is about this call, so that each is played again.
    let stray = "look-up = [\"/beta/app/calls/left-from-yesterday\"]";
    let people = PEOPLE.replace("body = {", &format!("body = {{ {stray},"));
    let project = of(&bot, &people.replace("@bot", &bot.address));
    let begun = Instant::now();
    let (code, report) = project.run(&["--settle", "4s"]);
    let took = begun.elapsed();
    let passed = (code, &report["summary"]["pass"]);
    assert_eq!(passed, (0, &Value::from(4)), "{report:#}");
    assert!(SETTLE <= took && took < 3 * SETTLE, "{took:?}");
}

#[test]
fn a_row_that_cannot_be_used_is_an_error_before_the_run() {
    let row = "[[trigger]]\noperation = \"invite\"\n";
    for (text, code, place) in [
        (
            format!("{row}request = \"POST http://127.0.0.1:1/{{cal}}\"\n"),
            2,
            "error: confcall.toml:3:11: `{cal}` is not a placeholder: did you mean `{call}`?",
        ),
        (
            "[target]\nrole = \"service\"\nurl = \"http://127.0.0.1:1\"\n".to_owned()
                + row
                + "command = [\"a\"]\n",
            2,
            "error: `[[trigger]]` of the configuration: a service has no triggers",
        ),
        (
            "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:1\"\n".to_owned()
                + row
                + "command = [\"a\", \"{port}\"]\n",
            2,
            "error: `[[trigger]]` of the configuration: `{port}` needs a target",
        ),
    ] {
        let output = Project::new(&text).confcall(&["run"]);
        let message = self::text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.starts_with(place), "{message}");
    }
    // Nobody listens where a row sends its request.
    let bot = Bot::start();
    let row = PEOPLE.replace("@bot/calls", &format!("127.0.0.1:{}/calls", free_port()));
    let output = of(&bot, &row).confcall(&["run"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}
