//! Annotations for GitHub: results that did not pass, as workflow commands.
//!
//! A command is `::error title=…::message`, with `%`, line ends and, in properties, `:` and `,`
//! percent-encoded ("Workflow commands for GitHub Actions").

use super::text::{Log, shown};
use crate::judge::verdict::{Run, ScenarioResult, Verdict, Violation};

/// The most annotations of a step that GitHub shows.
const MOST: usize = 10;

/// A line for each error of the run, for each failure, and for each result that could not be judged. If there are more
/// than GitHub shows, the last one says how many are left out.
pub(crate) fn render(run: &Run) -> String {
    let mut lines = all(run);
    if lines.len() > MOST {
        let left_out = lines.len() - (MOST - 1);
        lines.truncate(MOST - 1);
        lines.push(line(
            "confcall",
            &format!("and {left_out} more; the log has all"),
        ));
    }
    lines.concat()
}

fn all(run: &Run) -> Vec<String> {
    let errors = run.errors.iter().map(|it| line("confcall", it));
    let mut lines: Vec<String> = errors.collect();
    for result in &run.results {
        match result.verdict {
            Verdict::Fail if !result.failures.is_empty() => {
                for failure in &result.failures {
                    lines.push(line(&title(result), &sentence(failure)));
                }
            }
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error => {
                lines.push(line(&title(result), &result.reason));
            }
            Verdict::Pass | Verdict::Known | Verdict::Skip => {}
        }
    }
    lines
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

fn line(title: &str, message: &str) -> String {
    let encoded = |of: &str| {
        let of = shown(of, false, Log::Runner);
        of.replace('%', "%25").replace('\n', "%0A")
    };
    let title = encoded(title).replace(':', "%3A").replace(',', "%2C");
    format!("::error title={title}::{}\n", encoded(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::JudgedTarget;

    #[test]
    fn there_are_as_many_as_github_shows() {
        let mut run = Run::new(JudgedTarget::default(), Vec::new());
        run.errors = vec!["wrong".to_owned(); MOST];
        assert_eq!(render(&run).matches("::error").count(), MOST);
        run.errors.push("wrong".to_owned());
        let text = render(&run);
        assert_eq!(text.matches("::error").count(), MOST);
        assert!(text.ends_with("::and 2 more; the log has all\n"), "{text}");
    }

    #[test]
    fn text_cannot_end_a_command_early() {
        let text = line("bot a:b,c", "100 %\r\n::error::x");
        assert_eq!(
            text,
            "::error title=bot a%3Ab%2Cc::100 %25\u{fffd}%0A: :error::x\n"
        );
    }
}
