//! What fails says why, in every trial that it keeps from passing.

use crate::project::{By, ONE, Project, trial};

crate::tests!(
    a_broken_bot_fails_by_its_rule,
    a_runner_with_a_process_for_each_gets_a_message,
    a_bot_that_cannot_be_started_fails_every_trial,
    a_bot_that_dies_at_start_fails_every_trial_and_is_started_once,
    a_secret_of_the_bot_is_in_no_failure,
    a_bot_that_never_gets_ready_fails_every_trial_in_time,
    a_project_without_a_usable_file_is_reported,
);

fn a_broken_bot_fails_by_its_rule() {
    let project = Project::new("--mutant token-missing", "");
    let tested = project.test(&[]);
    tested.must(
        101,
        &["0 passed; 4 failed", "request.header", "documented: "],
    );
    tested.must_say_of(&trial(ONE), "FAILED");
    let alone = project.test(&["--exact", &trial(ONE)]);
    alone.must(101, &["0 passed; 1 failed", "request.header"]);
}

/// Every trial fails, and each says this.
fn all_fail(project: &Project, why: &str) {
    let tested = project.test(&[]);
    tested.must(101, &["0 passed; 4 failed"]);
    let count = tested.output.matches(why).count();
    assert_eq!(count, 4, "`{why}` is said {count} times: {}", tested.output);
}

fn a_bot_that_cannot_be_started_fails_every_trial() {
    let project = Project::new("", "");
    let file = project.path().join("confcall.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"sh\"", "\"./no-such-bot\"")).unwrap();
    all_fail(&project, "`./no-such-bot` cannot be started");
}

fn a_bot_that_dies_at_start_fails_every_trial_and_is_started_once() {
    let project = Project::scripted("echo no such module: bot; exit 7", "");
    all_fail(&project, "no such module: bot");
    assert_eq!(project.starts(), 1);
}

fn a_secret_of_the_bot_is_in_no_failure() {
    let secret = "hunter2-Pa55phrase";
    let project = Project::scripted(&format!("echo password={secret}; exit 7"), "");
    let tested = project.test(&[]);
    tested.must(101, &["password=redacted-secret-"]);
    assert!(!tested.output.contains(secret), "{}", tested.output);
}

fn a_bot_that_never_gets_ready_fails_every_trial_in_time() {
    let project = Project::scripted("exec sleep 3082", "ready-within = \"300ms\"\n");
    all_fail(&project, "is not ready after 300ms");
}

fn a_project_without_a_usable_file_is_reported() {
    for (text, printed) in [
        ("", "confcall.toml: the configuration has no `[target]`"),
        ("[targt]\n", "confcall.toml:1:2: unknown field `targt`"),
        (
            "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:1/\"\n[scenarios]\nfilters = [\"no-such-scenario\"]\n",
            "no scenario's id matches `no-such-scenario`",
        ),
    ] {
        Project::with_file(text)
            .test(&["--list"])
            .must(2, &[printed]);
    }
    let project = Project::with_file("");
    std::fs::remove_file(project.path().join("confcall.toml")).unwrap();
    project.test(&[]).must(
        2,
        &[
            "the configuration file does not exist",
            "`confcall init` creates one",
        ],
    );
}

fn a_runner_with_a_process_for_each_gets_a_message() {
    let project = Project::new("--mutant token-missing", "");
    let mut suite = project.command(By::File, &["--exact", &trial(ONE)]);
    let output = suite
        .env("NEXTEST_EXECUTION_MODE", "process-per-test")
        .output();
    let printed = String::from_utf8(output.unwrap().stderr).unwrap();
    let message = "Error: request.header: the request has no bearer token";
    assert!(printed.lines().any(|it| it == message), "{printed}");
}
