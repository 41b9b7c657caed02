//! Annotations for GitHub: results that did not pass, as workflow commands.
//!
//! A command is `::error title=…::message`, with `%`, line ends and, in properties, `:` and `,`
//! percent-encoded ("Workflow commands for GitHub Actions").

use std::fmt::Write as _;

use super::text::{Log, shown};
use crate::judge::verdict::{Run, ScenarioResult, Verdict, Violation};

/// A line for each failure, and one for each result that could not be judged.
pub(crate) fn render(run: &Run) -> String {
    let mut text = String::new();
    for result in &run.results {
        match result.verdict {
            Verdict::Fail if !result.failures.is_empty() => {
                for failure in &result.failures {
                    line(&mut text, &title(result), &sentence(failure));
                }
            }
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error => {
                line(&mut text, &title(result), &result.reason);
            }
            Verdict::Pass | Verdict::Known | Verdict::Skip => {}
        }
    }
    for error in &run.errors {
        line(&mut text, "confcall", error);
    }
    text
}

fn title(result: &ScenarioResult) -> String {
    format!("{} {}", result.role, result.scenario)
}

fn sentence(failure: &Violation) -> String {
    let place = match failure.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" at {pointer}"),
    };
    format!(
        "{}{place}: {}\nexpected: {}\nactual: {}\ndocumented: {}:{}",
        failure.rule,
        failure.message,
        failure.expected,
        failure.actual,
        failure.source.file,
        failure.source.line
    )
}

fn line(text: &mut String, title: &str, message: &str) {
    let encoded = |of: &str| {
        let of = shown(of, false, Log::Runner);
        of.replace('%', "%25").replace('\n', "%0A")
    };
    let title = encoded(title).replace(':', "%3A").replace(',', "%2C");
    let _ = writeln!(text, "::error title={title}::{}", encoded(message));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_a_command_early() {
        let mut text = String::new();
        line(&mut text, "bot a:b,c", "100 %\r\n::error::x");
        assert_eq!(
            text,
            "::error title=bot a%3Ab%2Cc::100 %25\u{fffd}%0A: :error::x\n"
        );
    }
}
