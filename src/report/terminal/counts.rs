//! The counts of a run: for each party, and in all.

use std::fmt::Write as _;
use std::time::Duration;

use crate::api::party::Party;
use crate::diagnostic::place::printable;
use crate::judge::verdict::{Run, Summary, Verdict};
use crate::report::text::Look;

/// A line for each party that is judged.
pub(super) fn roles(run: &Run, look: Look) -> String {
    let mut text = String::new();
    for role in [Party::Service, Party::Bot] {
        let of_role = || run.results.iter().filter(|it| it.role == role);
        if of_role().next().is_none() {
            continue;
        }
        let count = |verdict| {
            let alike = of_role().filter(|it| it.verdict == verdict);
            alike.map(|it| it.times).sum()
        };
        let summary = Summary {
            pass: count(Verdict::Pass),
            fail: count(Verdict::Fail),
            known: count(Verdict::Known),
            inconclusive: count(Verdict::Inconclusive),
            error: count(Verdict::Error),
            skip: count(Verdict::Skip),
            warnings: of_role().map(|it| it.warnings.len() * it.times).sum(),
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

/// What was measured of scenarios that were played many times.
pub(super) fn load(run: &Run) -> String {
    let Some(load) = &run.load else {
        return String::new();
    };
    let times = &load.latency_ms;
    let mut text = format!(
        "{} conversations, at most {} at a time\n{} answers: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms\n",
        load.conversations, load.jobs, load.answers, times.p50, times.p90, times.p99, times.max
    );
    for it in load.mixed_up.iter().take(MIXED_UP) {
        let _ = writeln!(
            text,
            "mixed up: {} instead of {} at {} of {}",
            printable(&it.actual.to_string()),
            printable(&it.expected.to_string()),
            printable(&it.pointer),
            printable(&it.scenario)
        );
    }
    if let Some(others @ 1..) = load.mixed_up.len().checked_sub(MIXED_UP) {
        let _ = writeln!(text, "… {others} more ids were mixed up");
    }
    text
}

/// So many pairs of ids are shown.
const MIXED_UP: usize = 5;

/// The last line of a report.
pub(super) fn last_line(run: &Run, elapsed: Duration, look: Look) -> String {
    let mut counts: Vec<_> = counts(&run.summary)
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
    let warnings = run.summary.warnings;
    if warnings > 0 {
        counts.push(look.warning(&format!("{warnings} warnings")));
    }
    let seconds = elapsed.as_secs_f64();
    format!("{} in {seconds:.2} s\n", counts.join(", "))
}

pub(super) const fn counts_besides_skips(summary: &Summary) -> usize {
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
