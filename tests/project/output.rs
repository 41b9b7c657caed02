//! What a run prints for people.

use super::{BOT, Project, text};

/// A bot that sends no token breaks every scenario.
const MUTE_TOKEN: &[&str] = &["--mutant", "token-missing"];

#[test]
fn failures_with_one_cause_are_one_block() {
    let project = Project::of(BOT, MUTE_TOKEN, "");
    let all = ["--api", "v1.0,beta", "--all-editions", "--inject", "fast"];
    let output = project.confcall(&[&["run"][..], &all].concat());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.lines().count() < 200, "{said}");
    assert_eq!(
        said.matches("  request.header at step").count(),
        1,
        "{said}"
    );
    assert!(said.contains("  <- request.header\n"), "{said}");
}

#[test]
fn a_line_of_the_recap_selects_what_failed() {
    let project = Project::of(BOT, MUTE_TOKEN, "");
    let output = project.confcall(&["run", "--operation", "invite,answer"]);
    let said = text(&output.stdout);
    let (_, recap) = said.split_once("\nfailed\n").unwrap();
    let mut lines = recap.lines();
    let cause = lines.next().unwrap();
    assert!(
        cause.starts_with("  request.header: the request has no"),
        "{said}"
    );
    let filter = lines.next().unwrap().trim_start();
    let again = project.confcall(&["run", filter]);
    let again = text(&again.stdout);
    assert!(again.contains(&format!("FAIL bot {filter} (")), "{again}");
    assert!(again.contains("\n0 passed, 1 failed,"), "{again}");
    assert!(again.contains("\nnothing passed\n"), "{again}");
}

#[test]
fn what_passed_is_listed_on_request() {
    let project = Project::of(BOT, &[], "[scenarios]\nfilters = [\"@2021-02/invite-\"]\n");
    let said = |arguments: &[&str]| text(&project.confcall(arguments).stdout);
    assert!(!said(&["run"]).contains("PASS"));
    let whole = said(&["run", "-v"]);
    assert_eq!(
        whole.matches("PASS bot participant-invite/").count(),
        4,
        "{whole}"
    );
    let slowest = said(&["run", "--slowest", "2"]);
    let (_, slowest) = slowest.split_once("slowest\n").unwrap();
    assert_eq!(
        slowest.matches(" ms  bot participant-invite/").count(),
        2,
        "{slowest}"
    );
}
