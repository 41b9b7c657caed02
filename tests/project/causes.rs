//! The causes of a message that did not come, as far as confcall can see them.

use super::{BOT, Project, text};

/// What a run of invitations says whose bot was started with these arguments.
fn said(bot: &str, more: &[&str], arguments: &[&str]) -> String {
    let project = Project::of(
        bot,
        more,
        "[scenarios]\nfilters = [\"@2021-02/invite-one-\"]\n",
    );
    let mut command = project.command(&["run", "--deadline", "400ms"]);
    command.args(arguments);
    command.env("http_proxy", "http://proxy.example:3128");
    text(&command.output().unwrap().stdout)
}

#[test]
fn a_bot_that_sends_nothing_is_told_from_one_that_sends_elsewhere() {
    let silent = said(BOT, &["--mutant", "never-sends"], &[]);
    let silent = silent.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        silent.contains("no request reached confcall at all: it listens at http://127.0.0.1:"),
        "{silent}"
    );
    let proxy =
        "`http_proxy=http://proxy.example:3128` is set, and `NO_PROXY` does not name 127.0.0.1";
    assert!(silent.contains(proxy), "{silent}");
    let elsewhere = said(BOT, &["--mutant", "request-outside-api"], &[]);
    assert!(!elsewhere.contains("no request reached"), "{elsewhere}");
    assert!(elsewhere.contains("POST /"), "{elsewhere}");
}

#[test]
fn the_end_of_the_targets_output_stands_beside_a_failure() {
    let said = said(BOT, &["--mutant", "token-missing"], &[]);
    let (_, end) = said
        .split_once("  the end of the target's output\n")
        .unwrap();
    assert!(end.starts_with("    listening http://127.0.0.1:"), "{said}");
}

#[test]
fn a_trigger_that_fails_is_named() {
    let bot = BOT.replace("/trigger", "/nowhere");
    let said = said(&bot, &[], &[]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("the trigger failed: `POST http://127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("/nowhere`: the response is 404"), "{said}");
    assert!(!said.contains("no request reached"), "{said}");
}

#[test]
fn a_retry_with_another_context_is_told_from_the_same_request() {
    let project = Project::of(BOT, &["--mutant", "asks-again-otherwise"], "");
    let run = project.confcall(&["run", "*@2021-02/invite-one-pstn*~lost-response"]);
    let said = text(&run.stdout);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("twice, the second time with another clientContext"),
        "{said}"
    );
}
