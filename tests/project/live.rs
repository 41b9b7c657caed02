//! What is shown while a run is played: progress on a terminal, and with `-v` messages and output.

use confcall_test_support::terminal::Terminal;

use super::{BOT, Project, text};

const ONE: &str = "[scenarios]\nfilters = [\"call-mute/v1.0\"]\n";

#[test]
fn a_terminal_shows_what_is_done_and_waited_for_and_then_only_the_result() {
    let project = Project::of(BOT, &["--mutant", "never-sends"], ONE);
    let terminal = Terminal::start(&mut project.command(&["run", "--deadline", "1s"]));
    let (code, text) = terminal.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("0 of 1 "), "{text}");
    let waits = "waiting for the request of step 1: bot call-mute/v1.0";
    assert!(text.contains(waits), "{text}");
    // The line is cleared before the result.
    let (_, after) = text.rsplit_once("\u{1b}[2K").unwrap();
    assert!(!after.contains("waiting for"), "{after}");
    assert!(after.contains("1 failed"), "{after}");
}

#[test]
fn no_progress_is_shown_but_on_a_terminal_of_a_person() {
    let project = Project::of(BOT, &[], ONE);
    let output = project.confcall(&["run"]);
    assert!(text(&output.stderr).is_empty(), "{}", text(&output.stderr));
    for (name, value) in [("TERM", "dumb"), ("CI", "true")] {
        let mut command = project.command(&["run"]);
        let mut terminal = Terminal::with(&mut command, &[(name, value)]);
        terminal.wait_for("1 passed", 0);
        let (code, text) = terminal.end();
        assert_eq!(code, Some(0), "{text}");
        assert!(!text.contains(" of 1 "), "{name}: {text}");
        assert!(!text.contains("\u{1b}[2K"), "{name}: {text}");
    }
    let mut command = project.command(&["run"]);
    let (_, text) = Terminal::with(&mut command, &[("NO_COLOR", "1")]).end();
    assert!(text.contains("0 of 1 "), "{text}");
    assert!(!text.contains("\u{1b}[1m"), "{text}");
}

#[test]
fn messages_and_output_are_shown_as_they_come() {
    let project = Project::of(BOT, &[], ONE);
    let output = project.confcall(&["run", "-v"]);
    let shown = text(&output.stdout);
    let place = |text: &str| {
        let found = shown.find(text);
        found.unwrap_or_else(|| panic!("`{text}` is not shown: {shown}"))
    };
    let title = "bot call-mute/v1.0@2022-04/call-mute\n    #1 request\n    POST ";
    assert!(place("target | listening http://") < place(title));
    assert!(place(title) < place("1 passed"));
    assert!(place("    #2 response\n    HTTP 200") < place("1 passed"));
    // The token of the bot is no text of a report.
    assert!(!shown.contains("Bearer confcall"), "{shown}");
}
