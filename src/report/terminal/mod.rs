//! The terminal report of a run. If everything passes, it is short. Otherwise it has a block for each cause, and a
//! recap of the failures, whose lines are filters for another run. The last line has the counts.
//!
//! Passed scenarios are only counted. A report has fewer than 200 lines, unless a reader wants all of it ([`Extent`]).
//! Each part of the report may have a fixed number of these lines.

mod counts;
mod result;

use std::fmt::Write as _;
use std::time::Duration;

use self::counts::{counts_besides_skips, last_line, load, roles};
pub(crate) use self::result::{block, details, messages, output_line};
use self::result::{heading, notes, output, reason, traffic, violation, wrapped};
use super::groups::{self, Cause, Group};
use super::text::Look;
use crate::diagnostic::place::printable;
use crate::judge::verdict::{Run, ScenarioResult, Verdict};

/// How much of a run is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What passed is counted, and every part has its share of the lines.
    #[default]
    Short,
    /// Every result, with all of its messages.
    Whole,
}

/// The shares of the parts of a short report, in lines.
const FAILURES: usize = 96;
const RECAP: usize = 36;
const WARNINGS: usize = 20;
const UNPLAYED: usize = 12;
const ERRORS: usize = 12;
const NOTES: usize = 8;

/// So many violations of one conversation are shown.
const CAUSES: usize = 6;

/// So many lines show a cause, whatever they are.
const BLOCK: usize = 16;

/// The report. `elapsed` is the wall time of the run.
pub(crate) fn render(run: &Run, elapsed: Duration, look: Look, extent: Extent) -> String {
    let failures = groups::failures(run);
    let mut text = String::new();
    match extent {
        Extent::Short => {
            text.push_str(&unplayed(run, look));
            text.push_str(&warnings(run, look));
            text.push_str(&causes(&failures, look));
        }
        Extent::Whole => text.extend(run.results.iter().map(|it| whole(it, look))),
    }
    text.push_str(&errors(run, look, extent));
    text.push_str(&run_notes(run, look, extent));
    text.push_str(&recap(&failures, look, extent));
    text.push_str(&roles(run, look));
    text.push_str(&load(run));
    text.push('\n');
    let summary = &run.summary;
    if run.errors.is_empty() && summary.pass + summary.known == 0 && !run.results.is_empty() {
        text.push_str(match counts_besides_skips(summary) {
            0 => "nothing passed: all scenarios were skipped\n",
            _ => "nothing passed\n",
        });
    }
    text.push_str(&last_line(run, elapsed, look));
    text
}

/// The scenarios that took longest, at most so many.
pub(crate) fn slowest(run: &Run, count: usize, look: Look) -> String {
    let mut played: Vec<_> = run
        .results
        .iter()
        .filter(|it| it.verdict != Verdict::Skip)
        .collect();
    played.sort_by_key(|it| std::cmp::Reverse(it.duration_ms));
    let mut text = format!("{}\n", look.bold("slowest"));
    for result in played.into_iter().take(count) {
        let _ = writeln!(
            text,
            "{:>8} ms  {} {}",
            result.duration_ms, result.role, result.scenario
        );
    }
    text
}

/// The block of a result in a report of everything.
fn whole(result: &ScenarioResult, look: Look) -> String {
    let is_plain = result.verdict == Verdict::Pass && result.warnings.is_empty();
    if is_plain {
        return heading(result, 1, look) + "\n";
    }
    block(result, look)
}

/// Skips and known failures: one line for each reason.
fn unplayed(run: &Run, look: Look) -> String {
    let mut alike: Vec<(&ScenarioResult, usize)> = Vec::new();
    for result in &run.results {
        if !matches!(result.verdict, Verdict::Skip | Verdict::Known) {
            continue;
        }
        let key = |it: &ScenarioResult| (it.verdict, it.role, it.reason.clone());
        match alike
            .iter_mut()
            .find(|(first, _)| key(first) == key(result))
        {
            Some((_, count)) => *count += 1,
            None => alike.push((result, 1)),
        }
    }
    let lines = alike
        .iter()
        .map(|(first, count)| heading(first, *count, look) + &reason(first));
    limited(lines, UNPLAYED, "reasons to skip")
}

/// A block for each cause of warnings.
fn warnings(run: &Run, look: Look) -> String {
    let groups = groups::warnings(run);
    let blocks = groups.iter().map(|group| {
        let first = group.example();
        // The verdict is another one where something else failed.
        let word = look.warning("WARN");
        let id = look.bold(&first.scenario);
        let others = match group.results.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let shown: String = causes_of(group, look);
        format!("{word} {} {id}{others}\n{shown}", first.role)
    });
    limited(blocks, WARNINGS, "causes of warnings")
}

/// Blocks, as far as there are lines for them; the first is always shown, and the number of the others is said.
pub(crate) fn limited(blocks: impl IntoIterator<Item = String>, most: usize, of: &str) -> String {
    let blocks: Vec<String> = blocks.into_iter().collect();
    let (mut text, mut used) = (String::new(), 0);
    for (at, block) in blocks.iter().enumerate() {
        let lines = block.lines().count();
        if at > 0 && used + lines > most {
            let left = blocks.len() - at;
            let _ = writeln!(text, "… {left} more {of} (`-v` shows everything)");
            break;
        }
        used += lines;
        text.push_str(block);
    }
    text
}

/// A block for each cause of failures, the one of most scenarios first, as far as there are lines for them. The recap
/// has the others.
fn causes(groups: &[Group<'_>], look: Look) -> String {
    let mut text = String::new();
    let mut left = FAILURES;
    let mut shown: Vec<&ScenarioResult> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let others = groups.len() - at;
        if left < BLOCK {
            let _ = writeln!(text, "… {others} more causes (`-v` shows everything)\n");
            break;
        }
        let most = (left / others).max(BLOCK);
        let is_new = !shown.iter().any(|it| std::ptr::eq(*it, group.example()));
        let block = failure(group, most, is_new, look);
        shown.push(group.example());
        left = left.saturating_sub(block.lines().count());
        text.push_str(&block);
    }
    text
}

/// The block of a cause, in about so many lines. `is_new` is false where the messages of its example were shown.
fn failure(group: &Group<'_>, most: usize, is_new: bool, look: Look) -> String {
    let first = group.example();
    let mut text = heading(first, group.results.len(), look) + "\n";
    text.push_str(&causes_of(group, look));
    if is_new {
        text.push_str(&notes(first, look));
        let output = output(first, look);
        let used = text.lines().count() + output.lines().count() + 3;
        let most = most.saturating_sub(used).max(BLOCK / 2);
        text.push_str(&traffic(first, Some(most), look));
        text.push_str(&output);
    }
    text.push('\n');
    text
}

fn causes_of(group: &Group<'_>, look: Look) -> String {
    let causes = group.causes.iter().take(CAUSES);
    let mut text: String = causes
        .map(|cause| match cause {
            Cause::Violation(it) => violation(it, look),
            Cause::Reason(reason) => wrapped(reason, 2, look),
        })
        .collect();
    if let Some(others @ 1..) = group.causes.len().checked_sub(CAUSES) {
        let _ = writeln!(text, "\n  … {others} more violations");
    }
    text
}

/// The problems of the run beside its results.
fn errors(run: &Run, look: Look, extent: Extent) -> String {
    let blocks = run.errors.iter().map(|error| {
        let lines: Vec<_> = error.lines().map(printable).collect();
        format!("{} {}\n", look.failure("FAIL"), lines.join("\n"))
    });
    match extent {
        Extent::Short => limited(blocks, ERRORS, "errors"),
        Extent::Whole => blocks.collect(),
    }
}

fn run_notes(run: &Run, look: Look, extent: Extent) -> String {
    let notes = run.notes.iter();
    let notes = notes.map(|it| wrapped(&format!("note: {it}"), 0, look));
    match extent {
        Extent::Short => limited(notes, NOTES, "notes"),
        Extent::Whole => notes.collect(),
    }
}

/// What failed, by cause. Each id is a filter that selects it.
fn recap(groups: &[Group<'_>], look: Look, extent: Extent) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", look.bold("failed"));
    let mut left = RECAP;
    for (at, group) in groups.iter().enumerate() {
        let others = groups.len() - at;
        if extent == Extent::Short && left < 3 {
            let _ = writeln!(text, "  … {others} more causes");
            break;
        }
        let count = group.results.len();
        let _ = writeln!(text, "  {} ({count})", look.failure(&headline(group)));
        let most = match extent {
            Extent::Short => (left / others).max(3) - 2,
            Extent::Whole => usize::MAX,
        };
        let ids: Vec<_> = group
            .results
            .iter()
            .map(|it| it.scenario.as_str())
            .collect();
        // The line that says how many are left out takes the place of one.
        let shown = if count - 1 <= most { count } else { most };
        for id in &ids[..shown] {
            let _ = writeln!(text, "    {}", printable(id));
        }
        if shown < count {
            let _ = writeln!(text, "    … {} more", count - shown);
        }
        left = left.saturating_sub(shown + 2);
    }
    text
}

/// The cause of a group in one line.
fn headline(group: &Group<'_>) -> String {
    let (first, others) = (&group.causes[0], group.causes.len() - 1);
    let text = match first {
        Cause::Violation(it) => format!("{}: {}", it.rule, it.message),
        Cause::Reason(reason) => (*reason).to_owned(),
    };
    let line = printable(text.lines().next().unwrap_or_default());
    let mut short: String = line.chars().take(HEADLINE).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    if others > 0 {
        let _ = write!(short, " and {others} more");
    }
    short
}

/// The most characters of a line that names a cause.
const HEADLINE: usize = 88;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::contract::requirement::Requirement;
    use crate::contract::rule::{Level, Rule};
    use crate::diagnostic::pointer::Pointer;
    use crate::judge::verdict::{Basis, JudgedTarget, Source, Traffic, TrafficMessage, Violation};
    use serde_json::{Value, json};

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
        render(&run, elapsed, Look::PLAIN, Extent::Short)
    }

    #[test]
    fn an_error_has_its_lines() {
        let mut run = Run::new(JudgedTarget::default(), Vec::new());
        run.errors
            .push("a.toml:1: no key\n  = help: a\u{1b}b".into());
        let text = render(&run, Duration::ZERO, Look::PLAIN, Extent::Short);
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
        assert!(text.contains("\n0 passed, 0 failed, 1 known"), "{text}");
    }

    #[test]
    fn a_run_without_a_pass_says_so() {
        for (results, said) in [
            (
                vec![result(Verdict::Skip, "no chat")],
                "nothing passed: all scenarios were skipped\n0 ",
            ),
            (
                vec![result(Verdict::Inconclusive, "gone")],
                "\nnothing passed\n0 passed",
            ),
        ] {
            let text = rendered(results);
            assert!(text.contains(said), "{text}");
        }
        let known = vec![result(Verdict::Known, "ticket 7")];
        assert!(!rendered(known).contains("nothing passed"));
    }

    /// Results that fail for so many causes (at most 26), in so many scenarios each, with long conversations.
    fn many(causes: usize, scenarios: usize) -> Vec<ScenarioResult> {
        let body: Vec<_> = (0..90).map(|it| json!(format!("line {it}"))).collect();
        let request = crate::http::message::Request {
            method: "POST".into(),
            target: "/calls".into(),
            headers: crate::http::message::Headers::new(),
            body: crate::http::message::Body::Json(json!({"status": "walking", "all": body})),
        };
        let message = TrafficMessage::Request(std::sync::Arc::new(request));
        let letters: Vec<char> = ('a'..='z').collect();
        let of = |at: usize| ScenarioResult {
            scenario: format!("page/{at}"),
            failures: vec![Violation {
                message: format!("cause v{}", letters[at % causes]),
                ..breach(json!("running"), json!("walking"))
            }],
            warnings: vec![Violation {
                level: Level::Should,
                message: format!("warning v{}", letters[at % causes]),
                ..breach(json!("running"), json!("walking"))
            }],
            notes: vec!["noted".into(); 3],
            traffic: vec![Traffic::new(Party::Bot, Some(2), message.clone()); 4],
            ..result(Verdict::Fail, "")
        };
        (0..causes * scenarios).map(of).collect()
    }

    #[test]
    fn a_cause_is_shown_once_and_its_scenarios_are_filters() {
        let text = rendered(many(1, 148));
        assert!(
            text.starts_with("WARN service page/0 and 147 more\n"),
            "{text}"
        );
        assert_eq!(
            text.matches("FAIL service page/0 and 147 more\n").count(),
            1
        );
        assert_eq!(text.matches("  > ").count(), 1, "{text}");
        assert!(text.contains("  >   \"status\": \"walking\",  <- response.body\n"));
        assert!(text.contains("failed\n  response.body: cause va (148)\n    page/0\n    page/1\n"));
        assert!(text.contains("\n    … 114 more\n"), "{text}");
        assert!(
            text.ends_with(" 0 skipped, 148 warnings in 0.21 s\n"),
            "{text}"
        );
    }

    #[test]
    fn a_report_is_short_unless_all_of_it_is_wanted() {
        for (causes, scenarios) in [(1, 1), (1, 400), (3, 30), (7, 1), (26, 20), (26, 1)] {
            let mut run = Run::new(JudgedTarget::default(), many(causes, scenarios));
            let reason = |it: usize| format!("reason {}", "x".repeat(it));
            let skips = (0..30).map(|it| result(Verdict::Skip, &reason(it)));
            run.results.extend(skips);
            run.errors = (0..30).map(reason).collect();
            run.notes = (0..30).map(reason).collect();
            let text = |extent| render(&run, Duration::ZERO, Look::PLAIN, extent);
            let (short, whole) = (text(Extent::Short), text(Extent::Whole));
            let lines = short.lines().count();
            assert!(lines < 200, "{causes} {scenarios}: {lines}\n{short}");
            assert!(short.contains("… ") && short.contains("(`-v` shows everything)"));
            assert_eq!(whole.matches("FAIL service ").count(), causes * scenarios);
            assert!(!whole.contains("shows everything") && !whole.contains('…'));
        }
    }

    #[test]
    fn the_slowest_come_first() {
        let took = |name: &str, ms| ScenarioResult {
            duration_ms: ms,
            ..ScenarioResult::new(name, Party::Bot, Verdict::Pass, "")
        };
        let results = vec![
            took("a", 1),
            took("b", 300),
            took("c", 20),
            result(Verdict::Skip, ""),
        ];
        let run = Run::new(JudgedTarget::default(), results);
        let text = slowest(&run, 2, Look::PLAIN);
        assert_eq!(text, "slowest\n     300 ms  bot b\n      20 ms  bot c\n");
    }

    #[test]
    fn a_failure_shows_everything() {
        let failed = ScenarioResult {
            failures: vec![
                breach(json!("running"), json!("walking")),
                breach(json!({"a": 1, "b": 2}), json!({"a": 1})),
            ],
            notes: vec!["the call was taken as existing".into()],
            traffic: vec![Traffic::new(
                Party::Bot,
                None,
                TrafficMessage::Event("the connection broke".into()),
            )],
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

failed
  response.body: the status is no documented one and 1 more (1)
    page/one
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
