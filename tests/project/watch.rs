//! `confcall run --watch`.

use std::fs;
use std::process::Command;

use confcall_test_support::terminal::Terminal;

use super::{BOT, CONFCALL, Project};

const TWO: &str = "[scenarios]\nfilters = [\"call-mute/v1.0\", \"call-unmute/v1.0\"]\n";

const PROMPT: &str = "q ends";

fn confcall_toml(more: &str) -> String {
    let target = BOT.replace("@confcall", CONFCALL).replace("@more", more);
    format!("{target}{TWO}")
}

#[test]
fn a_change_plays_what_failed_and_then_everything() {
    let project = Project::new(&confcall_toml(", \"--mutant\", \"token-missing\""));
    let report = "json=reports/run.json";
    let arguments = ["run", "--watch", "--report", report];
    let mut terminal = Terminal::start(&mut project.command(&arguments));
    let at = terminal.wait_for("2 failed", 0);
    let at = terminal.wait_for(PROMPT, at);
    // Neither the log nor the report is a file of the project.
    fs::write(project.path().join("notes.txt"), "new").unwrap();
    let at = terminal.wait_for("changed: notes.txt", at);
    let at = terminal.wait_for("first playing the failed scenarios (2)", at);
    let at = terminal.wait_for(PROMPT, at);
    fs::write(project.path().join("confcall.toml"), confcall_toml("")).unwrap();
    let at = terminal.wait_for("changed: confcall.toml", at);
    let at = terminal.wait_for("2 passed", at);
    let at = terminal.wait_for("the failed scenarios pass; playing everything", at);
    let at = terminal.wait_for("2 passed", at);
    let at = terminal.wait_for(PROMPT, at);
    terminal.press("a");
    let at = terminal.wait_for("2 passed", at);
    terminal.wait_for(PROMPT, at);
    terminal.press("q");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.matches("changed:").count(), 2, "{text}");
}

#[test]
fn the_exit_is_that_of_the_last_run_or_of_an_interrupt() {
    let project = Project::new(&confcall_toml(", \"--mutant\", \"token-missing\""));
    let mut terminal = Terminal::start(&mut project.command(&["run", "--watch"]));
    terminal.wait_for(PROMPT, 0);
    terminal.press("q");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(1), "{text}");

    // A file that cannot be read is shown, and a change mends it.
    let project = Project::new("[target\n");
    let mut terminal = Terminal::start(&mut project.command(&["run", "--watch"]));
    let at = terminal.wait_for("confcall.toml:1", 0);
    let at = terminal.wait_for(PROMPT, at);
    fs::write(project.path().join("confcall.toml"), confcall_toml("")).unwrap();
    let at = terminal.wait_for("2 passed", at);
    terminal.wait_for(PROMPT, at);
    let id = terminal.child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(killed.success());
    let (code, text) = terminal.end();
    assert_eq!(code, Some(130), "{text}");
}

#[test]
fn a_change_during_a_run_begins_the_next_one() {
    // The bot never sends what it is triggered for, and the run waits.
    let project = Project::new(&confcall_toml(", \"--mutant\", \"never-sends\""));
    let arguments = ["run", "--watch", "--deadline", "60s"];
    let mut terminal = Terminal::start(&mut project.command(&arguments));
    let at = terminal.wait_for("waiting for the request of step 1", 0);
    fs::write(project.path().join("confcall.toml"), confcall_toml("")).unwrap();
    let at = terminal.wait_for("changed: confcall.toml", at);
    let at = terminal.wait_for("2 passed", at);
    terminal.wait_for(PROMPT, at);
    terminal.press("q");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
}
