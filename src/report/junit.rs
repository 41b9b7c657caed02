//! The `JUnit` report of a run: one suite for each party judged, one case for each scenario.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::terminal;
use super::text::Look;
use crate::api::party::Party;
use crate::judge::verdict::{Run, ScenarioResult, Verdict, Violation};

/// The report as XML.
/// Errors: text that XML cannot hold.
pub(crate) fn render(run: &Run) -> Result<String, SerializeError> {
    let mut report = Report::new("confcall");
    for role in [Party::Service, Party::Bot] {
        let mut suite = TestSuite::new(role.as_str());
        let results = run.results.iter().filter(|it| it.role == role);
        suite.add_test_cases(results.map(case));
        if !suite.test_cases.is_empty() {
            report.add_test_suite(suite);
        }
    }
    let mut suite = TestSuite::new("run");
    suite.add_test_cases(run.errors.iter().map(|it| error(it)));
    if run.errors.is_empty() && has_only_skips(run) {
        suite.add_test_case(error(NOTHING));
    }
    if !suite.test_cases.is_empty() {
        report.add_test_suite(suite);
    }
    // XML 1.0 has no place for two characters that the crate lets through (section 2.2, `Char`).
    let text = report.to_string()?;
    Ok(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

/// The error of a run whose test cases are all skipped: a build server would show it as passed.
const NOTHING: &str = "nothing passed: all scenarios were skipped";

fn has_only_skips(run: &Run) -> bool {
    let mut results = run.results.iter();
    !run.results.is_empty() && results.all(|it| it.verdict == Verdict::Skip)
}

fn case(result: &ScenarioResult) -> TestCase {
    let mut status = match result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Skip | Verdict::Known => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive | Verdict::Error => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
    };
    if result.verdict != Verdict::Pass {
        status.set_message(headline(result));
    }
    if matches!(
        result.verdict,
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error
    ) {
        if let Some(first) = result.failures.first() {
            status.set_type(first.rule.as_str());
        }
        status.set_description(terminal::details(result, Look::PLAIN));
    }
    let mut case = TestCase::new(result.scenario.as_str(), status);
    case.set_classname(result.role.as_str());
    case.set_time(Duration::from_millis(result.duration_ms));
    let times = (result.times > 1).then(|| format!("conversations: {}", result.times));
    let warnings = result.warnings.iter().map(warning);
    let output: Vec<String> = times.into_iter().chain(warnings).collect();
    if !output.is_empty() {
        case.set_system_out(output.join("\n"));
    }
    case
}

/// A SHOULD that was not met, in a line.
fn warning(warning: &Violation) -> String {
    let place = match warning.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" at {pointer}"),
    };
    let source = &warning.source;
    format!(
        "warning: {}{place}: {} ({}:{})",
        warning.rule, warning.message, source.file, source.line
    )
}

/// A problem that is no test's.
fn error(text: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    // The first line says what is wrong; the others show the place and the remedy.
    let first = text.lines().next().unwrap_or_default();
    status.set_message(first);
    status.set_description(text);
    TestCase::new(first, status)
}

/// A result that did not pass, in one sentence.
pub(crate) fn headline(result: &ScenarioResult) -> String {
    let first = result
        .failures
        .first()
        .map(|it| format!("{}: {}", it.rule, it.message));
    match result.verdict {
        Verdict::Known => format!("known failure: {}", result.reason),
        Verdict::Fail => first.unwrap_or_else(|| result.reason.clone()),
        _ => result.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::rule::Rule;
    use crate::judge::verdict::JudgedTarget;

    #[test]
    fn an_error_has_one_line_as_its_name() {
        let mut run = Run::new(JudgedTarget::default(), Vec::new());
        run.errors.push("a.toml:1: no key\n  = help: b".into());
        let xml = render(&run).unwrap();
        assert!(xml.contains("<testcase name=\"a.toml:1: no key\""), "{xml}");
        assert_eq!(xml.matches("= help: b").count(), 1, "{xml}");
        assert!(xml.contains("<error message=\"a.toml:1: no key\""), "{xml}");
        assert!(xml.contains("errors=\"1\""), "{xml}");
    }

    #[test]
    fn a_run_with_nothing_but_skips_is_an_error() {
        let skip = ScenarioResult::new("page/one", Party::Bot, Verdict::Skip, "not claimed");
        let run = |results| Run::new(JudgedTarget::default(), results);
        let xml = render(&run(vec![skip.clone()])).unwrap();
        assert!(xml.contains("<error message=\"nothing passed"), "{xml}");
        let pass = ScenarioResult::new("page/two", Party::Bot, Verdict::Pass, "");
        let xml = render(&run(vec![skip, pass])).unwrap();
        assert!(!xml.contains("<error"), "{xml}");
    }

    #[test]
    fn warnings_and_the_number_of_conversations_are_output_of_their_case() {
        let mut result = ScenarioResult::new("page/one", Party::Bot, Verdict::Pass, "");
        result.warnings.push(Violation {
            step: None,
            message: "it is <missing>".to_owned(),
            ..Violation::sample(Rule::RequestBody, "/a")
        });
        result.times = 17;
        let xml = render(&Run::new(JudgedTarget::default(), vec![result])).unwrap();
        let expected = "<system-out>conversations: 17\nwarning: request.body at /a: it is &lt;missing&gt; (page.md:3)";
        assert!(xml.contains(expected), "{xml}");
    }

    #[test]
    fn what_did_not_pass_never_reads_as_passed() {
        let verdicts = [
            (Verdict::Pass, None),
            (Verdict::Fail, Some("<failure")),
            (Verdict::Known, Some("<skipped")),
            (Verdict::Inconclusive, Some("<error")),
            (Verdict::Error, Some("<error")),
            (Verdict::Skip, Some("<skipped")),
        ];
        for (verdict, element) in verdicts {
            let result = ScenarioResult {
                duration_ms: 1,
                ..ScenarioResult::new("page/one", Party::Bot, verdict, "why <&>")
            };
            let target = JudgedTarget {
                role: None,
                url: None,
            };
            let pass = ScenarioResult::new("page/two", Party::Bot, Verdict::Pass, "");
            let xml = render(&Run::new(target, vec![result, pass])).unwrap();
            let found = ["<failure", "<error", "<skipped"]
                .into_iter()
                .find(|it| xml.contains(it));
            assert_eq!(found, element, "{xml}");
            assert_eq!(
                xml.contains("why &lt;&amp;&gt;"),
                element.is_some(),
                "{xml}"
            );
        }
    }
}
