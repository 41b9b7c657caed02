//! Annotations for GitHub: the failures and warnings of a run, or the remarks on pages, as workflow commands.
//!
//! A command is `::error file=…,line=…,title=…::message`, with `%`, line ends and, in properties, `:` and `,`
//! percent-encoded ("Workflow commands for GitHub Actions").

use super::groups::{self, Cause, Group};
use super::remarks::PageReport;
use super::text::{Log, shown};
use crate::extract::remark::{PagePlace, Remark, Severity};
use crate::judge::verdict::{Run, ScenarioResult, Violation};

/// The most annotations of a kind that GitHub shows for one step.
const MOST: usize = 10;

/// A place in a file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePlace {
    /// The path below the folder of the workspace, with slashes.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// An error for each problem of the run and for each cause of failures, and a warning for each cause of warnings. If there are
/// more of a kind than GitHub shows, the last one says how many are left out. `place` is that of a violation, if it is
/// about a file of the workspace.
pub(crate) fn render(
    run: &Run,
    place: impl Fn(&ScenarioResult, &Violation) -> Option<FilePlace>,
) -> String {
    let problem = |error: &String| line("error", None, "confcall", error);
    let cause = |kind, group: &Group<'_>| {
        let first = group.example();
        let place = match group.causes[0] {
            Cause::Violation(violation) => place(first, violation),
            Cause::Reason(_) => None,
        };
        line(kind, place, &title(group), &sentences(group))
    };
    let mut errors: Vec<_> = run.errors.iter().map(problem).collect();
    errors.extend(groups::failures(run).iter().map(|it| cause("error", it)));
    let warnings = groups::warnings(run);
    let warnings = warnings.iter().map(|it| cause("warning", it));
    limited("error", errors) + &limited("warning", warnings.collect())
}

/// An annotation for each remark on a page, at most as many of a kind as GitHub shows. `place` is that of a line of a page,
/// if the page is a file of the workspace.
pub(crate) fn of_remarks(
    report: &PageReport,
    place: impl Fn(&PagePlace) -> Option<FilePlace>,
) -> String {
    let kinds = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "notice"),
    ];
    let of_kind = kinds.map(|(level, kind)| {
        let remarks = report.remarks.iter().filter(|it| it.level == level);
        let line = |remark: &Remark| {
            let text = format!("{}\n{}", remark.message, remark.rule.remedy);
            line(kind, place(&remark.place), remark.rule.id, &text)
        };
        limited(kind, remarks.map(line).collect())
    });
    of_kind.concat()
}

fn limited(kind: &str, mut lines: Vec<String>) -> String {
    if lines.len() > MOST {
        let left_out = lines.len() - (MOST - 1);
        lines.truncate(MOST - 1);
        let text = format!("and {left_out} more; the log has all");
        lines.push(line(kind, None, "confcall", &text));
    }
    lines.concat()
}

fn title(group: &Group<'_>) -> String {
    let first = group.example();
    let others = match group.results.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    format!("{} {}{others}", first.role, first.scenario)
}

/// What is wrong in the results of a group, as it is in the first of them.
pub(super) fn sentences(group: &Group<'_>) -> String {
    let causes = group.causes.iter().map(|cause| match cause {
        Cause::Violation(violation) => sentence(violation),
        Cause::Reason(reason) => (*reason).to_owned(),
    });
    causes.collect::<Vec<_>>().join("\n")
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

fn line(kind: &str, place: Option<FilePlace>, title: &str, message: &str) -> String {
    let encoded = |of: &str| {
        let of = shown(of, false, Log::Runner);
        of.replace('%', "%25").replace('\n', "%0A")
    };
    let property = |of: &str| encoded(of).replace(':', "%3A").replace(',', "%2C");
    let place = place.map_or_else(String::new, |it| {
        format!("file={},line={},", property(&it.file), it.line)
    });
    format!(
        "::{kind} {place}title={}::{}\n",
        property(title),
        encoded(message)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::contract::rule::{Level, Rule};
    use crate::diagnostic::pointer::Pointer;
    use crate::judge::verdict::{Basis, JudgedTarget, Source, Verdict};
    use crate::report::remarks;

    fn violation(message: &str) -> Violation {
        Violation {
            rule: Rule::RequestBody,
            level: Level::Must,
            requirement: Basis::Snapshot,
            step: None,
            pointer: Pointer::root(),
            expected: 1.into(),
            actual: 2.into(),
            source: Source {
                file: "page.md".to_owned(),
                line: 3,
            },
            message: message.to_owned(),
        }
    }

    #[test]
    fn there_are_as_many_of_a_kind_as_github_shows() {
        let mut result = ScenarioResult::new("a", Party::Bot, Verdict::Pass, "");
        result.warnings.push(violation("could be better"));
        let mut run = Run::new(JudgedTarget::default(), vec![result]);
        run.errors = vec!["wrong".to_owned(); MOST];
        let render = |run: &Run| render(run, |_, _| None);
        assert_eq!(render(&run).matches("::error").count(), MOST);
        run.errors.push("wrong".to_owned());
        let text = render(&run);
        assert_eq!(text.matches("::error").count(), MOST);
        assert!(text.contains("::and 2 more; the log has all\n"), "{text}");
        assert_eq!(text.matches("::warning").count(), 1, "{text}");
    }

    #[test]
    fn a_cause_is_shown_once_at_its_place() {
        let failed = |name| {
            let mut result = ScenarioResult::new(name, Party::Bot, Verdict::Fail, "");
            result.failures.push(violation("wrong"));
            result
        };
        let run = Run::new(JudgedTarget::default(), vec![failed("a"), failed("b")]);
        let text = render(&run, |result, violation| {
            Some(FilePlace {
                file: format!("{}/{}", result.scenario, violation.source.file),
                line: violation.source.line,
            })
        });
        assert_eq!(
            text,
            "::error file=a/page.md,line=3,title=bot a and 1 more::request.body: wrong%0Aexpected: 1%0Aactual: 2%0Adocumented: page.md:3\n"
        );
    }

    #[test]
    fn remarks_are_shown_at_their_lines() {
        let mut report = remarks::samples::report();
        let place = |place: &PagePlace| {
            Some(FilePlace {
                file: place.page.clone(),
                line: place.line.max(1),
            })
        };
        assert_eq!(
            of_remarks(&report, place),
            "::error file=new/b c.md,line=1,title=path-removed::`GET /a|b` is <gone>%0AKeep the path.\n\
             ::warning file=a.md,line=9,title=wrong-length::the length is 3, not 4%0ACorrect the length.\n"
        );
        let one = report.remarks[0].clone();
        report.remarks = vec![one; MOST + 1];
        let text = of_remarks(&report, place);
        assert_eq!(text.matches("::warning").count(), MOST);
        assert!(text.contains("and 2 more"), "{text}");
    }

    #[test]
    fn text_cannot_end_a_command_early() {
        let place = FilePlace {
            file: "a,b".to_owned(),
            line: 1,
        };
        let text = line("error", Some(place), "bot a:b,c", "100 %\r\n::error::x");
        assert_eq!(
            text,
            "::error file=a%2Cb,line=1,title=bot a%3Ab%2Cc::100 %25\u{fffd}%0A: :error::x\n"
        );
    }
}
