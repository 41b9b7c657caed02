//! The terminal report of a run: short where everything passes, complete where something does not.
//! The last line has the counts.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::conversation;
use super::conversation::Names;
use super::text::{Look, changed_lines, whole_difference};
use crate::api::party::Party;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::place::printable;
use crate::judge::verdict::{Run, ScenarioResult, Summary, Verdict, Violation};

/// The report. `elapsed` is the wall time of the run.
pub(crate) fn render(run: &Run, elapsed: Duration, look: Look) -> String {
    let mut text = String::new();
    let mut skips: HashMap<(Party, &str), usize> = HashMap::new();
    for result in run.results.iter().filter(|it| it.verdict == Verdict::Skip) {
        *skips.entry((result.role, &result.reason)).or_default() += 1;
    }
    for result in &run.results {
        if result.verdict != Verdict::Skip {
            text.push_str(&block(result, look));
        } else if let Some(count) = skips.remove(&(result.role, result.reason.as_str())) {
            // Skips with one reason have one line.
            text.push_str(&block_of(result, count - 1, look));
        }
    }
    for error in &run.errors {
        let mut lines = error.lines().map(printable);
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(text, "{} {first}", look.failure("FAIL"));
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
    }
    for note in &run.notes {
        text.push_str(&wrapped(&format!("note: {note}"), 0, look));
    }
    text.push_str(&roles(run, look));
    text.push('\n');
    let summary = &run.summary;
    if run.errors.is_empty() && summary.skip > 0 && counts_besides_skips(summary) == 0 {
        text.push_str("nothing passed: everything was skipped\n");
    }
    text.push_str(&last_line(&run.summary, elapsed, look));
    text
}

/// The block of one result. Empty for a plain pass.
pub(crate) fn block(result: &ScenarioResult, look: Look) -> String {
    block_of(result, 0, look)
}

/// The block of a result that stands for so many others.
fn block_of(result: &ScenarioResult, others: usize, look: Look) -> String {
    let (word, verbose) = match result.verdict {
        Verdict::Pass if result.warnings.is_empty() => return String::new(),
        Verdict::Pass => (look.warning("WARN"), false),
        Verdict::Fail => (look.failure("FAIL"), true),
        Verdict::Known => (look.warning("KNOWN"), false),
        Verdict::Inconclusive => (look.failure("INCONCLUSIVE"), true),
        Verdict::Error => (look.failure("ERROR"), true),
        Verdict::Skip => (look.warning("SKIP"), false),
    };
    let (role, id) = (result.role, look.bold(&result.scenario));
    let mut text = format!("{word} {role} {id}");
    if verbose {
        let time = look.dim(&format!("({} ms)", result.duration_ms));
        let _ = writeln!(text, " {time}");
        text.push_str(&details(result, look));
        text.push('\n');
        return text;
    }
    if others > 0 {
        let _ = write!(text, " and {others} more");
    }
    if !result.reason.is_empty() {
        let lines: Vec<_> = result.reason.lines().map(printable).collect();
        let _ = write!(text, ": {}", lines.join(" "));
    }
    text.push('\n');
    for warning in &result.warnings {
        text.push_str(&violation(warning, look));
    }
    text
}

/// The reason of a result, its failures, warnings and notes, and the traffic of the conversation.
pub(crate) fn details(result: &ScenarioResult, look: Look) -> String {
    let mut text = String::new();
    if !result.reason.is_empty() {
        text.push_str(&wrapped(&result.reason, 2, look));
    }
    for failure in &result.failures {
        text.push_str(&violation(failure, look));
    }
    for warning in &result.warnings {
        text.push_str(&violation(warning, look));
    }
    if !result.notes.is_empty() {
        text.push('\n');
    }
    for note in &result.notes {
        text.push_str(&wrapped(&format!("note: {note}"), 2, look));
    }
    // A snapshot is a conversation: its difference shows the messages.
    let is_shown =
        result.failures.is_empty() || result.failures.iter().any(|it| it.rule != Rule::Snapshot);
    if is_shown && !result.traffic.is_empty() {
        let _ = writeln!(text, "\n  {}", look.bold("traffic"));
        let traffic = conversation::traffic(&result.traffic, &Names::new(&result.bound));
        text.push_str(&indented(&traffic, 4));
    }
    text
}

fn violation(violation: &Violation, look: Look) -> String {
    let rule = match violation.level {
        Level::Must => look.failure(violation.rule.as_str()),
        Level::Should => look.warning(violation.rule.as_str()),
    };
    let mut text = format!("\n  {rule}");
    if let Some(step) = violation.step {
        let _ = write!(text, " at step {step}");
    }
    if !violation.pointer.as_str().is_empty() {
        let _ = write!(text, ", {}", printable(violation.pointer.as_str()));
    }
    if violation.level == Level::Should {
        text.push_str(" (should)");
    }
    text.push('\n');
    text.push_str(&wrapped(&violation.message, 4, look));
    text.push_str(&match violation.rule {
        Rule::Snapshot => changed(&violation.expected, &violation.actual, look),
        _ => compared(&violation.expected, &violation.actual, look),
    });
    let source = format!("{}:{}", violation.source.file, violation.source.line);
    let requirement = look.dim(&format!("({})", violation.requirement));
    let _ = writeln!(text, "    documented: {source} {requirement}");
    text
}

/// The lines of a snapshot that have changed; none of a new one.
fn changed(accepted: &Value, new: &Value, look: Look) -> String {
    match (accepted.as_str(), new.as_str()) {
        (Some(accepted), Some(new)) => changed_lines(accepted, new, look),
        _ => String::new(),
    }
}

/// The expected and the actual value: two lines where both are short, else their difference.
fn compared(expected: &Value, actual: &Value, look: Look) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) if text.contains('\n') => text.clone(),
        other => format!("{other:#}"),
    };
    let (expected, actual) = (shown(expected), shown(actual));
    let mut text = String::new();
    if !expected.contains('\n') && !actual.contains('\n') {
        let _ = writeln!(text, "    expected: {}", look.added(&printable(&expected)));
        let _ = writeln!(text, "      actual: {}", look.removed(&printable(&actual)));
        return text;
    }
    let _ = writeln!(
        text,
        "    {} / {}",
        look.added("+ expected"),
        look.removed("- actual")
    );
    text.push_str(&whole_difference(&actual, &expected, look));
    text
}

fn roles(run: &Run, look: Look) -> String {
    let mut text = String::new();
    for role in [Party::Service, Party::Bot] {
        let of_role = || run.results.iter().filter(|it| it.role == role);
        if of_role().next().is_none() {
            continue;
        }
        let count = |verdict| of_role().filter(|it| it.verdict == verdict).count();
        let summary = Summary {
            pass: count(Verdict::Pass),
            fail: count(Verdict::Fail),
            known: count(Verdict::Known),
            inconclusive: count(Verdict::Inconclusive),
            error: count(Verdict::Error),
            skip: count(Verdict::Skip),
        };
        let name = match &run.target.url {
            Some(url) => format!("{role} at {url}"),
            None => format!("built-in {role}"),
        };
        let counts: Vec<_> = counts(&summary)
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, word, tone)| tone.styled(look, &format!("{count} {word}")))
            .collect();
        let _ = writeln!(text, "{name:<18} {}", counts.join(", "));
    }
    text
}

fn last_line(summary: &Summary, elapsed: Duration, look: Look) -> String {
    let counts: Vec<_> = counts(summary)
        .into_iter()
        .map(|(count, word, tone)| {
            let text = format!("{count} {word}");
            if count == 0 {
                text
            } else {
                tone.styled(look, &text)
            }
        })
        .collect();
    let seconds = elapsed.as_secs_f64();
    format!("{} in {seconds:.2} s\n", counts.join(", "))
}

const fn counts_besides_skips(summary: &Summary) -> usize {
    summary.pass + summary.fail + summary.known + summary.inconclusive + summary.error
}

#[derive(Clone, Copy)]
enum Tone {
    Success,
    Failure,
    Warning,
}

impl Tone {
    fn styled(self, look: Look, text: &str) -> String {
        match self {
            Self::Success => look.success(text),
            Self::Failure => look.failure(text),
            Self::Warning => look.warning(text),
        }
    }
}

const fn counts(summary: &Summary) -> [(usize, &'static str, Tone); 6] {
    [
        (summary.pass, "passed", Tone::Success),
        (summary.fail, "failed", Tone::Failure),
        (summary.known, "known", Tone::Warning),
        (summary.inconclusive, "inconclusive", Tone::Failure),
        (summary.error, "errors", Tone::Failure),
        (summary.skip, "skipped", Tone::Warning),
    ]
}

/// The text in lines that fit, broken between words.
fn wrapped(text: &str, indent: usize, look: Look) -> String {
    let width = look.width.saturating_sub(indent).max(20);
    let mut shown = String::new();
    for line in text.lines() {
        let mut used = 0;
        let line = printable(line);
        for word in line.split_whitespace() {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > width {
                shown.push('\n');
                used = 0;
            }
            if used == 0 {
                let _ = write!(shown, "{:indent$}{word}", "");
                used = length;
            } else {
                let _ = write!(shown, " {word}");
                used += 1 + length;
            }
        }
        shown.push('\n');
    }
    shown
}

fn indented(text: &str, indent: usize) -> String {
    let mut shown = String::new();
    for line in text.lines() {
        let line = format!("{:indent$}{line}", "");
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::requirement::Requirement;
    use crate::diagnostic::pointer::Pointer;
    use crate::judge::verdict::{Basis, JudgedTarget, Source, Traffic, TrafficMessage};
    use serde_json::json;

    fn result(verdict: Verdict, reason: &str) -> ScenarioResult {
        ScenarioResult {
            duration_ms: 3,
            ..ScenarioResult::new("page/one", Party::Service, verdict, reason)
        }
    }

    fn breach(expected: Value, actual: Value) -> Violation {
        Violation {
            rule: Rule::ResponseBody,
            level: Level::Must,
            requirement: Basis::Requirement(Requirement::AnswerStatus),
            step: Some(2),
            pointer: Pointer::root().key("status"),
            expected,
            actual,
            source: Source {
                file: "page.md".into(),
                line: 91,
            },
            message: "the status is no documented one".into(),
        }
    }

    fn rendered(results: Vec<ScenarioResult>) -> String {
        let target = JudgedTarget {
            role: None,
            url: None,
        };
        let run = Run::new(target, results);
        let elapsed = Duration::from_millis(210);
        render(&run, elapsed, Look::PLAIN)
    }

    #[test]
    fn an_error_has_its_lines() {
        let mut run = Run::new(JudgedTarget::default(), Vec::new());
        run.errors
            .push("a.toml:1: no key\n  = help: a\u{1b}b".into());
        let text = render(&run, Duration::ZERO, Look::PLAIN);
        let expected = "FAIL a.toml:1: no key\n  = help: a\u{fffd}b\n";
        assert!(text.starts_with(expected), "{text}");
        let known = result(Verdict::Known, "one\ntwo");
        assert!(block(&known, Look::PLAIN).ends_with(": one two\n"));
    }

    #[test]
    fn a_good_run_is_short() {
        let bot = ScenarioResult {
            role: Party::Bot,
            ..result(Verdict::Pass, "")
        };
        assert_eq!(
            rendered(vec![result(Verdict::Pass, ""), bot]),
            "built-in service   1 passed\nbuilt-in bot       1 passed\n\n\
             2 passed, 0 failed, 0 known, 0 inconclusive, 0 errors, 0 skipped in 0.21 s\n"
        );
    }

    #[test]
    fn skips_and_known_failures_are_listed_with_reasons() {
        let text = rendered(vec![
            result(Verdict::Skip, "no incoming call"),
            result(Verdict::Known, "ticket 7"),
            result(Verdict::Skip, "no chat"),
            result(Verdict::Skip, "no incoming call"),
        ]);
        assert!(text.starts_with(
            "SKIP service page/one and 1 more: no incoming call\nKNOWN service page/one: ticket 7\n\
             SKIP service page/one: no chat\n"
        ));
    }

    #[test]
    fn a_failure_shows_everything() {
        let failed = ScenarioResult {
            failures: vec![
                breach(json!("running"), json!("walking")),
                breach(json!({"a": 1, "b": 2}), json!({"a": 1})),
            ],
            notes: vec!["the call was taken as existing".into()],
            traffic: vec![Traffic {
                from: Party::Bot,
                step: None,
                message: TrafficMessage::Event("the connection broke".into()),
            }],
            ..result(Verdict::Fail, "")
        };
        assert_eq!(
            rendered(vec![failed]).split("built-in").next(),
            Some(
                r#"FAIL service page/one (3 ms)

  response.body at step 2, /status
    the status is no documented one
    expected: "running"
      actual: "walking"
    documented: page.md:91 (answer.status)

  response.body at step 2, /status
    the status is no documented one
    + expected / - actual
      {
    -   "a": 1
    +   "a": 1,
    +   "b": 2
      }
    documented: page.md:91 (answer.status)

  note: the call was taken as existing

  traffic
    event
    the connection broke

"#
            )
        );
    }

    #[test]
    fn long_sentences_are_wrapped() {
        let look = Look {
            colour: false,
            width: 24,
        };
        assert_eq!(
            wrapped("one two three four five six\nseven", 4, look),
            "    one two three four\n    five six\n    seven\n"
        );
    }

    #[test]
    fn colour_is_an_option() {
        let look = Look {
            colour: true,
            width: 80,
        };
        let failed = result(Verdict::Error, "why");
        assert!(block(&failed, look).contains('\u{1b}'));
        assert!(!block(&failed, Look::PLAIN).contains('\u{1b}'));
    }
}
