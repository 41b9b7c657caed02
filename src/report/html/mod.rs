//! The HTML report of a run: one self-contained page. It can be read without its script, which only filters.
//!
//! - `templates/` has the markup, the styles and the script; askama escapes every value for its place.
//! - [`conversation`] shows messages, drawn by [`sequence`], with bodies by [`tree`].
//! - [`violation`] shows a violation: [`difference`] sets the expected and the actual value side by side, and [`page`]
//!   has the lines of the page.

mod conversation;
mod difference;
mod matrix;
mod page;
pub(crate) mod sequence;
mod tree;
mod violation;

use std::collections::{BTreeSet, HashMap, HashSet};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::conversation::Conversation;
use self::matrix::Matrix;
use self::sequence::Part;
use self::violation::ShownViolation;
use super::Pages;
use super::ReportError;
use super::groups::{self, Cause, Group};
use super::junit::headline;
use super::text::{Log, shown};
use crate::api::party::Party;
use crate::judge::verdict::{Run, ScenarioResult, Traffic, Verdict};

#[derive(Template)]
#[template(path = "report.css", escape = "none")]
pub(super) struct Style;

#[derive(Template)]
#[template(path = "report.js", escape = "none")]
struct Script;

/// The most messages of a page, so that a browser opens it at once. The first results of each cause have theirs, with
/// expected and actual values; others have the sentences of their violations.
const MOST_MESSAGES: usize = 300;

/// The number of results in a part of the list. A browser lays out the parts that are in sight.
const PART: usize = 50;

/// The most results that are unfolded.
const MOST_OPEN: usize = 3;

/// The report of a run.
pub(crate) fn render(run: &Run, pages: Pages<'_>) -> Result<String, ReportError> {
    let page = Page::of(run, pages).and_then(|page| page.render());
    let page = page.map_err(|error| ReportError(error.into()))?;
    // Text of the other party may reverse the direction of what follows it.
    Ok(shown(&page, false, Log::People))
}

/// The messages of a recording, which is named so.
pub(crate) fn recording(name: &str, traffic: &[Traffic]) -> Result<String, ReportError> {
    let page = || {
        let style = Style.render()?;
        let page = Recording {
            name,
            policy: policy(&style, ""),
            style,
            conversation: Conversation::of_recording("r1".to_owned(), traffic),
        };
        page.render()
    };
    let page = page().map_err(|error| ReportError(error.into()))?;
    Ok(shown(&page, false, Log::People))
}

#[derive(Template)]
#[template(path = "recording.html")]
struct Recording<'r> {
    name: &'r str,
    policy: String,
    style: String,
    conversation: Conversation,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    run: &'r Run,
    title: String,
    policy: String,
    style: String,
    script: String,
    counts: Vec<Count>,
    bar: Vec<Segment>,
    bar_label: String,
    started: String,
    groups: Vec<ShownGroup>,
    warnings: Vec<ShownGroup>,
    matrix: Matrix,
    choices: Vec<Choice>,
    rows: Vec<Row<'r>>,
}

struct Count {
    number: usize,
    word: &'static str,
    is_verdict: bool,
}

/// A part of the bar, in thousandths.
struct Segment {
    word: &'static str,
    x: f64,
    width: f64,
}

/// A filter by a property of results.
struct Choice {
    title: &'static str,
    name: &'static str,
    options: Vec<String>,
}

/// Results with one cause.
struct ShownGroup {
    texts: Vec<String>,
    first: String,
    results: Vec<Named>,
}

/// A link to a result.
struct Named {
    number: usize,
    name: String,
}

/// A result.
struct Row<'r> {
    number: usize,
    verdict: &'static str,
    word: &'static str,
    class: &'static str,
    role: Party,
    name: &'r str,
    operation: &'r str,
    edition: &'r str,
    injected: &'r str,
    took: String,
    reason: String,
    detail: Option<Detail>,
}

/// What a result shows when it is unfolded.
struct Detail {
    is_open: bool,
    headline: String,
    reason: String,
    violations: Vec<ShownViolation>,
    notes: Vec<String>,
    conversation: Option<Conversation>,
    /// True if the messages are not shown, because other results of the cause show theirs.
    is_left_out: bool,
    /// The last lines of the target's output.
    output: String,
}

impl<'r> Page<'r> {
    fn of(run: &'r Run, pages: Pages<'_>) -> askama::Result<Self> {
        let (style, script) = (Style.render()?, Script.render()?);
        let (groups, warnings) = (groups::failures(run), groups::warnings(run));
        let numbers = (1..).zip(&run.results);
        let numbers: HashMap<_, _> = numbers.map(|(number, it)| (address(it), number)).collect();
        let drawn = drawn(run, &groups);
        let mut open = MOST_OPEN;
        let rows = (1..).zip(&run.results).map(|(number, result)| {
            let is_open = is_failed(result) && open > 0;
            open -= usize::from(is_open);
            row(
                run,
                number,
                result,
                is_open,
                drawn.contains(&address(result)),
                pages,
            )
        });
        let rows = rows.collect();
        let title = title(run);
        let counts = counts(run);
        Ok(Self {
            title,
            policy: policy(&style, &script),
            style,
            script,
            bar: bar(&counts),
            bar_label: label(&counts),
            counts,
            started: run.started.replace('T', " ").chars().take(16).collect(),
            warnings: warnings
                .iter()
                .map(|it| shown_group(it, &numbers))
                .collect(),
            groups: groups.iter().map(|it| shown_group(it, &numbers)).collect(),
            matrix: Matrix::of(&run.results),
            choices: choices(run),
            rows,
            run,
        })
    }

    fn parts(&self) -> std::slice::Chunks<'_, Row<'r>> {
        self.rows.chunks(PART)
    }
}

fn address(result: &ScenarioResult) -> *const ScenarioResult {
    std::ptr::from_ref(result)
}

const fn is_failed(result: &ScenarioResult) -> bool {
    matches!(
        result.verdict,
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error
    )
}

/// The results whose messages are shown: the first of each cause, then the second of each, and so on; then known
/// failures and warnings.
fn drawn(run: &Run, groups: &[Group<'_>]) -> HashSet<*const ScenarioResult> {
    let longest = groups.iter().map(|it| it.results.len()).max().unwrap_or(0);
    let by_cause =
        (0..longest).flat_map(|at| groups.iter().filter_map(move |it| it.results.get(at)));
    let mut room = MOST_MESSAGES;
    let mut drawn = HashSet::new();
    for result in by_cause.copied().chain(&run.results) {
        let messages = result.traffic.len();
        if messages > 0 && messages <= room && drawn.insert(address(result)) {
            room -= messages;
        }
    }
    drawn
}

/// What a browser may load and run: this style and this script, by their hashes.
pub(super) fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

pub(super) fn title(run: &Run) -> String {
    match (&run.target.role, &run.target.url) {
        (Some(role), Some(url)) => format!("{role} at {url}"),
        (Some(role), None) => format!("the built-in {role}"),
        (None, Some(url)) => url.clone(),
        (None, None) => "the built-in pair".to_owned(),
    }
}

fn counts(run: &Run) -> Vec<Count> {
    let summary = &run.summary;
    let verdicts = [
        (summary.pass, Verdict::Pass),
        (summary.fail, Verdict::Fail),
        (summary.inconclusive, Verdict::Inconclusive),
        (summary.error, Verdict::Error),
        (summary.known, Verdict::Known),
        (summary.skip, Verdict::Skip),
    ];
    let verdicts = verdicts.map(|(number, verdict)| Count {
        number,
        word: verdict.as_str(),
        is_verdict: true,
    });
    let warnings = Count {
        number: summary.warnings,
        word: "warnings",
        is_verdict: false,
    };
    verdicts.into_iter().chain([warnings]).collect()
}

fn bar(counts: &[Count]) -> Vec<Segment> {
    let verdicts = counts.iter().filter(|it| it.is_verdict && it.number > 0);
    let all: usize = verdicts.clone().map(|it| it.number).sum();
    let mut before = 0;
    let place = |number: usize| {
        #[expect(clippy::cast_precision_loss, reason = "it is a place on a screen")]
        let place = 1000.0 * number as f64 / all as f64;
        (place * 10.0).round() / 10.0
    };
    verdicts
        .map(|it| {
            let x = place(before);
            before += it.number;
            Segment {
                word: it.word,
                x,
                width: place(before) - x,
            }
        })
        .collect()
}

fn label(counts: &[Count]) -> String {
    let counts = counts.iter().filter(|it| it.number > 0);
    let counts: Vec<_> = counts
        .map(|it| format!("{} {}", it.number, it.word))
        .collect();
    counts.join(", ")
}

fn choices(run: &Run) -> Vec<Choice> {
    let options = |of: fn(&ScenarioResult) -> Option<&String>| -> Vec<String> {
        let found: BTreeSet<&String> = run.results.iter().filter_map(of).collect();
        found.into_iter().cloned().collect()
    };
    let choices = [
        (
            "Operation",
            "operation",
            options(|it| it.operation.as_ref()),
        ),
        ("Edition", "edition", options(|it| it.edition.as_ref())),
        (
            "Fault injection",
            "injected",
            options(|it| it.injected.as_ref()),
        ),
    ];
    let choices = choices
        .into_iter()
        .filter(|(.., options)| !options.is_empty());
    choices
        .map(|(title, name, options)| Choice {
            title,
            name,
            options,
        })
        .collect()
}

fn shown_group(group: &Group<'_>, numbers: &HashMap<*const ScenarioResult, usize>) -> ShownGroup {
    let named = |result: &&ScenarioResult| Named {
        number: numbers.get(&address(result)).copied().unwrap_or_default(),
        name: format!("{} {}", result.role, result.scenario),
    };
    let texts = group.causes.iter().map(|cause| match cause {
        Cause::Violation(it) => format!("{}: {}", it.rule, it.message),
        Cause::Reason(reason) => (*reason).to_owned(),
    });
    ShownGroup {
        texts: texts.collect(),
        first: group.example().scenario.clone(),
        results: group.results.iter().map(named).collect(),
    }
}

fn row<'r>(
    run: &Run,
    number: usize,
    result: &'r ScenarioResult,
    is_open: bool,
    is_drawn: bool,
    pages: Pages<'_>,
) -> Row<'r> {
    let verdict = result.verdict.as_str();
    let is_warned = result.verdict == Verdict::Pass && !result.warnings.is_empty();
    let is_plain = result.is_plain_pass() || result.verdict == Verdict::Skip;
    Row {
        number,
        verdict,
        word: if is_warned { "warn" } else { verdict },
        class: if is_warned { "warned" } else { verdict },
        role: result.role,
        name: &result.scenario,
        operation: result.operation.as_deref().unwrap_or_default(),
        edition: result.edition.as_deref().unwrap_or_default(),
        injected: result.injected.as_deref().unwrap_or_default(),
        took: match result.times {
            1 => format!("{} ms", result.duration_ms),
            times => format!("{times} times"),
        },
        reason: if is_plain {
            result.reason.clone()
        } else {
            String::new()
        },
        detail: (!is_plain).then(|| detail(run, number, result, is_open, is_drawn, pages)),
    }
}

fn detail(
    run: &Run,
    number: usize,
    result: &ScenarioResult,
    is_open: bool,
    is_drawn: bool,
    pages: Pages<'_>,
) -> Detail {
    let violations = result.failures.iter().chain(&result.warnings);
    let conversation = is_drawn.then(|| {
        let part = if run.observed {
            Part::Observes
        } else {
            Part::Plays(result.role.other())
        };
        Conversation::of_result(format!("r{number}"), result, part)
    });
    let is_left_out = conversation.is_none() && !result.traffic.is_empty();
    Detail {
        is_open,
        headline: match result.verdict {
            Verdict::Pass => result
                .warnings
                .first()
                .map(|it| format!("{}: {}", it.rule, it.message))
                .unwrap_or_default(),
            _ => headline(result),
        },
        reason: result.reason.clone(),
        violations: (1..)
            .zip(violations)
            .map(|it| ShownViolation::of(it, is_left_out, pages))
            .collect(),
        notes: result.notes.clone(),
        is_left_out,
        conversation,
        output: result.output.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::requirement::Requirement;
    use crate::contract::rule::{Level, Rule};
    use crate::diagnostic::pointer::Pointer;
    use crate::http::message::{Body, Request, Response};
    use crate::judge::verdict::{Basis, JudgedTarget, Source, TrafficMessage, Violation};
    use serde_json::json;

    const HOSTILE: &str = "<script>\"'&\u{202e}\u{0}</style>";

    fn result(verdict: Verdict, reason: &str) -> ScenarioResult {
        ScenarioResult::new("page/<one>", Party::Bot, verdict, reason)
    }

    /// A result with hostile text in every place.
    fn hostile() -> ScenarioResult {
        let mut request = Request::new(HOSTILE, HOSTILE);
        request.headers.push(HOSTILE, HOSTILE);
        request.body = Body::Json(json!({HOSTILE: [HOSTILE, 1, null]}));
        let mut response = Response::new(200);
        response.body = Body::Text(HOSTILE.to_owned());
        let messages = [
            TrafficMessage::Request(request.into()),
            TrafficMessage::Response(response.into()),
            TrafficMessage::Event(HOSTILE.to_owned()),
        ];
        let traffic = messages.map(|it| Traffic::new(Party::Bot, Some(1), it));
        ScenarioResult {
            operation: Some(HOSTILE.to_owned()),
            injected: Some(HOSTILE.to_owned()),
            notes: vec![HOSTILE.to_owned()],
            output: vec![HOSTILE.to_owned()],
            traffic: traffic.into(),
            failures: vec![Violation {
                rule: Rule::RequestBody,
                level: Level::Must,
                requirement: Basis::Requirement(Requirement::RequestSent),
                step: Some(1),
                pointer: Pointer::root().key(HOSTILE),
                expected: json!(HOSTILE),
                actual: json!({"a": HOSTILE}),
                source: Source {
                    file: HOSTILE.to_owned(),
                    line: 1,
                },
                message: HOSTILE.to_owned(),
            }],
            ..ScenarioResult::new(HOSTILE, Party::Bot, Verdict::Fail, HOSTILE)
        }
    }

    #[test]
    fn a_result_of_many_conversations_says_how_many() {
        let mut result = result(Verdict::Pass, "");
        result.times = 17;
        let page = render(&Run::new(JudgedTarget::default(), vec![result]), &|_| None).unwrap();
        assert!(page.contains("&#60;one&#62;</span> 17 times"), "{page}");
    }

    #[test]
    fn text_is_no_markup_wherever_it_stands() {
        let target = JudgedTarget {
            role: Some(Party::Bot),
            url: Some(HOSTILE.to_owned()),
        };
        let mut run = Run::new(target, vec![hostile(), result(Verdict::Skip, HOSTILE)]);
        run.errors.push(HOSTILE.to_owned());
        run.notes.push(HOSTILE.to_owned());
        let page = render(&run, &|_| None).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(!page.contains(['\u{202e}', '\0']));
        let recording = recording(HOSTILE, &hostile().traffic).unwrap();
        assert!(!recording.contains("<script"), "{recording}");
    }

    #[test]
    fn the_lines_of_a_page_are_shown_if_it_is_at_hand() {
        let page = format!("---\ntitle: {HOSTILE}\n---\n{HOSTILE}\n");
        let mut failed = hostile();
        failed.failures[0].source.line = 4;
        let run = Run::new(JudgedTarget::default(), vec![failed]);
        let shown = render(&run, &|file| {
            (file == HOSTILE).then(|| page.as_str().into())
        })
        .unwrap();
        assert_eq!(
            shown.matches("<li value=\"4\" class=\"broken\">").count(),
            1
        );
        assert_eq!(shown.matches("<script").count(), 1, "{shown}");
        assert!(
            !render(&run, &|_| None)
                .unwrap()
                .contains("<ol class=\"page\"")
        );
    }

    #[test]
    fn a_failure_is_drawn_and_a_pass_is_one_row() {
        let results = vec![result(Verdict::Pass, ""), hostile()];
        let page = render(&Run::new(JudgedTarget::default(), results), &|_| None).unwrap();
        assert_eq!(page.matches("<svg class=\"sequence\"").count(), 1);
        assert!(page.contains("<li id=\"r1\" class=\"pass\""), "{page}");
        assert!(page.contains("href=\"#r2m1\"") && page.contains("id=\"r2m1\""));
    }

    #[test]
    fn the_messages_of_a_page_are_bounded() {
        let mut failed = hostile();
        while failed.traffic.len() <= MOST_MESSAGES / 2 {
            let again = failed.traffic.clone();
            failed.traffic.extend(again);
        }
        let run = Run::new(JudgedTarget::default(), vec![failed.clone(), failed]);
        let page = render(&run, &|_| None).unwrap();
        assert_eq!(page.matches("<svg class=\"sequence\"").count(), 1);
        assert!(page.contains("The messages are not shown"));
    }
}
