//! What is skipped and what is known to fail never reads as passed, and is never lost.

use crate::project::{ONE, PHONE, Project, trial};

crate::tests!(
    what_is_not_claimed_is_ignored_with_the_reason,
    what_the_target_declines_is_ignored_with_the_reason,
    a_known_failure_is_ignored_with_the_reason,
    a_known_failure_that_passes_fails,
    a_known_failure_that_fails_otherwise_fails,
    a_known_failure_that_matches_nothing_fails,
);

fn what_is_not_claimed_is_ignored_with_the_reason() {
    let project = Project::new("", "[claims]\nfeatures = [\"peer-call\", \"chat\"]\n");
    let tested = project.test(&[]);
    tested.must(0, &["3 passed; 0 failed; 1 ignored"]);
    let reason = "ignored (the target does not claim the feature number)";
    tested.must_say_of(&trial(PHONE), reason);
    // A runner with a process for each is told beforehand, and where it plays it all the same, that
    // process does not end well. Nobody is started for it.
    let listed = project.test(&["--list", "--format", "terse", "--ignored"]);
    assert_eq!(listed.listed(), [trial(PHONE)]);
    let alone = project.test(&["--exact", &trial(PHONE), "--ignored"]);
    alone.must(1, &["1 ignored", "error: nothing passed"]);
    assert_eq!(project.starts(), 1);
}

fn what_the_target_declines_is_ignored_with_the_reason() {
    let project = Project::new("", "");
    let file = project.path().join("confcall.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let trigger = "trigger = [\"sh\", \"-c\", \"echo not on Sundays >&2; exit 69\"]";
    let text = text.replace("trigger = \"http://127.0.0.1:{port}/trigger\"", trigger);
    std::fs::write(&file, text).unwrap();
    let tested = project.test(&[]);
    tested.must(
        1,
        &["0 passed; 0 failed; 4 ignored", "error: nothing passed"],
    );
    tested.must_say_of(&trial(ONE), "ignored (the bot declines: not on Sundays)");
}

/// A list of one known failure.
fn known(scenario: &str, rule: &str) -> String {
    format!("[[known]]\nscenario = \"{scenario}\"\nrule = \"{rule}\"\nreason = \"bug 7\"\n")
}

/// What a runner with a process for each trial makes of the list alone.
fn list_alone(project: &Project) -> crate::project::Tested {
    project.test(&["--exact", "known-failures"])
}

fn a_known_failure_is_ignored_with_the_reason() {
    let project = Project::new("--mutant token-missing", &known("*", "request.header"));
    let tested = project.test(&[]);
    tested.must(0, &["1 passed; 0 failed; 4 ignored"]);
    tested.must_say_of(&trial(PHONE), "ignored (known: bug 7)");
    tested.must_say_of("known-failures", "ok");
    let listed = project.test(&["--list", "--format", "terse", "--ignored"]);
    assert_eq!(listed.listed().len(), 4);
    list_alone(&project).must(0, &["1 passed"]);
    let alone = project.test(&["--exact", &trial(PHONE), "--ignored"]);
    alone.must(1, &["1 ignored", "error: nothing passed"]);
}

fn a_known_failure_that_passes_fails() {
    let project = Project::new("", &known("pstn", "request.header"));
    let message = "it passes, but a known failure is listed (bug 7)";
    let tested = project.test(&[]);
    tested.must(101, &["4 passed; 1 failed", message]);
    tested.must_say_of(&trial(PHONE), "FAILED");
    // Once is enough.
    tested.must_say_of("known-failures", "ok");
    list_alone(&project).must(101, &["0 passed; 1 failed", message]);
}

fn a_known_failure_that_fails_otherwise_fails() {
    let project = Project::new("--mutant token-missing", &known("*", "limit"));
    project.test(&[]).must(101, &["request.header"]);
    list_alone(&project).must(101, &["request.header", "matches nothing (bug 7)"]);
}

fn a_known_failure_that_matches_nothing_fails() {
    let project = Project::new("", &known("no-such-scenario", "limit"));
    let tested = project.test(&[]);
    tested.must(101, &["4 passed; 1 failed", "matches nothing (bug 7)"]);
    tested.must_say_of("known-failures", "FAILED");
    list_alone(&project).must(101, &["matches nothing (bug 7)"]);
    // Of the scenarios, none is blamed for it.
    project.test(&["invite-one"]).must(0, &["2 passed"]);
}
