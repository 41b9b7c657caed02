//! One result as text: its verdict, its violations with the expected and the actual values, and its conversation.

use std::fmt::Write as _;

use serde_json::Value;

use crate::contract::rule::{Level, Rule};
use crate::diagnostic::place::printable;
use crate::judge::verdict::{ScenarioResult, Traffic, Verdict, Violation};
use crate::report::conversation::{self, Mark, Names};
use crate::report::text::{
    Look, around_difference, changed_lines, changed_words, whole_difference,
};

/// The block of one result. Empty for a plain pass.
pub(crate) fn block(result: &ScenarioResult, look: Look) -> String {
    if result.verdict == Verdict::Pass && result.warnings.is_empty() {
        return String::new();
    }
    let mut text = heading(result, 1, look);
    if is_failure(result.verdict) {
        text.push('\n');
        text.push_str(&details(result, look));
        text.push('\n');
        return text;
    }
    text.push_str(&reason(result));
    for warning in &result.warnings {
        text.push_str(&violation(warning, look));
    }
    text
}

/// True for a result whose block shows everything.
pub(super) const fn is_failure(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error
    )
}

/// The verdict and the name of a result that stands for `count` of them, without a line end.
pub(super) fn heading(result: &ScenarioResult, count: usize, look: Look) -> String {
    let word = match result.verdict {
        Verdict::Pass if result.warnings.is_empty() => look.success("PASS"),
        Verdict::Pass => look.warning("WARN"),
        Verdict::Fail => look.failure("FAIL"),
        Verdict::Known => look.warning("KNOWN"),
        Verdict::Inconclusive => look.failure("INCONCLUSIVE"),
        Verdict::Error => look.failure("ERROR"),
        Verdict::Skip => look.warning("SKIP"),
    };
    let (role, id) = (result.role, look.bold(&result.scenario));
    let others = match count {
        1 if is_failure(result.verdict) || result.verdict == Verdict::Pass => {
            format!(" {}", look.dim(&format!("({} ms)", result.duration_ms)))
        }
        1 => String::new(),
        _ => format!(" and {} more", count - 1),
    };
    let times = match result.times {
        1 => String::new(),
        times => format!(" {times} times"),
    };
    format!("{word} {role} {id}{times}{others}")
}

/// The reason of a result on the line of its heading, and the end of that line.
pub(super) fn reason(result: &ScenarioResult) -> String {
    let lines: Vec<_> = result.reason.lines().map(printable).collect();
    match lines.as_slice() {
        [] => "\n".to_owned(),
        lines => format!(": {}\n", lines.join(" ")),
    }
}

/// The reason of a result, its failures, warnings and notes, and the traffic of the conversation.
pub(crate) fn details(result: &ScenarioResult, look: Look) -> String {
    let mut text = String::new();
    if !result.reason.is_empty() {
        text.push_str(&wrapped(&result.reason, 2, look));
    }
    for broken in result.failures.iter().chain(&result.warnings) {
        text.push_str(&violation(broken, look));
    }
    text.push_str(&notes(result, look));
    text.push_str(&traffic(result, None, look));
    text.push_str(&output(result, look));
    text
}

/// Messages of a conversation that goes on, below its title.
pub(crate) fn messages(title: &str, messages: &[Traffic], look: Look) -> String {
    let mut text = format!("{}\n", look.bold(title));
    for line in conversation::traffic(messages, &Names::NONE).lines() {
        text.push_str(format!("    {line}").trim_end());
        text.push('\n');
    }
    text + "\n"
}

/// A line of the output of the target, between messages.
pub(crate) fn output_line(line: &str, look: Look) -> String {
    format!("{} {}\n", look.dim("target |"), printable(line))
}

/// The notes of a result, after an empty line; nothing where there are none.
pub(super) fn notes(result: &ScenarioResult, look: Look) -> String {
    let mut text = String::new();
    for note in &result.notes {
        if text.is_empty() {
            text.push('\n');
        }
        text.push_str(&wrapped(&format!("note: {note}"), 2, look));
    }
    text
}

/// The last lines of the target's output; nothing where confcall did not start it.
pub(super) fn output(result: &ScenarioResult, look: Look) -> String {
    if result.output.is_empty() {
        return String::new();
    }
    let mut text = format!("\n  {}\n", look.bold("the end of the target's output"));
    for line in &result.output {
        let _ = writeln!(text, "    {}", printable(line));
    }
    text
}

/// The messages of a result, in at most so many lines. Each place that a failure names has a mark.
pub(super) fn traffic(result: &ScenarioResult, most: Option<usize>, look: Look) -> String {
    // A snapshot is a conversation: its difference shows the messages.
    let is_shown =
        result.failures.is_empty() || result.failures.iter().any(|it| it.rule != Rule::Snapshot);
    if !is_shown || result.traffic.is_empty() {
        return String::new();
    }
    let marks = result.failures.iter().filter_map(|it| {
        Some(Mark {
            step: it.step?,
            pointer: it.pointer.as_str(),
            label: it.rule.as_str(),
        })
    });
    let names = Names::new(&result.bound);
    let lines =
        conversation::marked_traffic(&result.traffic, &names, &marks.collect::<Vec<_>>(), most);
    let mut text = format!("\n  {}\n", look.bold("traffic"));
    for line in lines {
        let shown = match line.label {
            Some(label) => {
                let marked = look.removed(&format!("  > {}", line.text));
                format!("{marked}  {}", look.failure(&format!("<- {label}")))
            }
            None => format!("    {}", line.text),
        };
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn violation(violation: &Violation, look: Look) -> String {
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
    let [expected, actual] = around_difference(&expected, &actual);
    if !expected.contains('\n') && !actual.contains('\n') {
        let (actual, expected) = changed_words(&printable(&actual), &printable(&expected), look);
        return format!("    expected: {expected}\n      actual: {actual}\n");
    }
    format!(
        "    {} / {}\n{}",
        look.added("+ expected"),
        look.removed("- actual"),
        whole_difference(&actual, &expected, look)
    )
}

/// The text in lines that fit, broken between words.
pub(super) fn wrapped(text: &str, indent: usize, look: Look) -> String {
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
