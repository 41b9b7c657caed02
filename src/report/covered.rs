//! What recordings cover: the scenarios that they show, and the exchanges outside of the contract.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::terminal::{Extent, limited};
use super::text::Look;
use crate::cassette::format::Direction;
use crate::diagnostic::place::printable;
use crate::judge::recording::check::NotCovered;
use crate::judge::verdict::ScenarioResult;

/// The most lines of a short report.
const NOT_COVERED: usize = 20;
const SCENARIOS: usize = 20;

/// The exchanges of a file that are outside of the contract, and the number of those that are not listed.
#[derive(Debug)]
pub(crate) struct Outside {
    pub file: String,
    pub exchanges: Vec<NotCovered>,
    pub unlisted: usize,
}

/// For each file, its name, then a line for each exchange outside of the contract, and the number of others. Empty where
/// there are none.
pub(crate) fn not_covered(files: &[Outside], look: Look, extent: Extent) -> String {
    let files = files.iter().filter(|it| !it.exchanges.is_empty());
    let blocks = files.map(|it| of_file(it, look, extent));
    match extent {
        Extent::Short => limited(blocks, NOT_COVERED, "files"),
        Extent::Whole => blocks.collect(),
    }
}

fn of_file(outside: &Outside, look: Look, extent: Extent) -> String {
    let mut text = format!(
        "{} are outside of the contract and were not judged:\n",
        look.warning(&format!("{}: these exchanges", outside.file))
    );
    let lines = outside.exchanges.iter().map(|exchange| {
        let from = match exchange.direction {
            Direction::Request => "bot",
            Direction::Notification => "service",
        };
        let status = exchange.status.map(|status| format!(": {status}"));
        format!(
            "  {:>4} {from:<7} {}{}\n",
            exchange.number,
            printable(&exchange.request),
            status.unwrap_or_else(|| ": no response".to_owned())
        )
    });
    match extent {
        Extent::Short => text.push_str(&limited(lines, NOT_COVERED, "exchanges")),
        Extent::Whole => text.extend(lines),
    }
    if outside.unlisted > 0 {
        let _ = writeln!(text, "  and {} more", outside.unlisted);
    }
    text.push('\n');
    text
}

/// The scenarios that the conversations show, of `all` scenarios: a line each.
pub(crate) fn scenarios(results: &[ScenarioResult], all: usize, extent: Extent) -> String {
    // Most conversations show the same ones.
    let mut lists: Vec<_> = results.iter().map(|it| &it.covers).collect();
    lists.sort_by_key(|it| Arc::as_ptr(it).addr());
    lists.dedup_by(|one, other| Arc::ptr_eq(one, other));
    let shown: BTreeSet<&String> = lists.into_iter().flat_map(|it| it.iter()).collect();
    let end = if shown.is_empty() { "" } else { ":" };
    let mut text = format!("shows {} of {all} scenarios{end}\n", shown.len());
    let lines = shown.iter().map(|scenario| format!("  {scenario}\n"));
    match extent {
        Extent::Short => text.push_str(&limited(lines, SCENARIOS, "scenarios")),
        Extent::Whole => text.extend(lines),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::judge::verdict::Verdict;

    #[test]
    fn an_exchange_is_a_line() {
        let exchange = |number| NotCovered {
            number,
            direction: Direction::Request,
            request: "GET /me".into(),
            status: Some(404),
        };
        let mut files = [Outside {
            file: "a.jsonl".to_owned(),
            exchanges: vec![exchange(7)],
            unlisted: 2,
        }];
        assert_eq!(
            not_covered(&files, Look::PLAIN, Extent::Short),
            "a.jsonl: these exchanges are outside of the contract and were not judged:\n     \
             7 bot     GET /me: 404\n  and 2 more\n\n"
        );
        files[0].exchanges = (1..=100).map(exchange).collect();
        let text = |extent| not_covered(&files, Look::PLAIN, extent);
        assert_eq!(text(Extent::Whole).lines().count(), 103);
        let short = text(Extent::Short);
        assert_eq!(short.lines().count(), NOT_COVERED + 4, "{short}");
        assert!(
            short.contains("… 80 more exchanges (`-v` shows everything)\n"),
            "{short}"
        );
        files[0].exchanges.clear();
        assert_eq!(not_covered(&files, Look::PLAIN, Extent::Short), "");
    }

    #[test]
    fn a_scenario_is_named_once() {
        let mut result = ScenarioResult::new("a.jsonl/invite", Party::Bot, Verdict::Pass, "");
        result.covers = ["page/beta@2021-02/name".to_owned()].into();
        assert_eq!(
            scenarios(&[result.clone(), result], 3, Extent::Short),
            "shows 1 of 3 scenarios:\n  page/beta@2021-02/name\n"
        );
        assert_eq!(scenarios(&[], 3, Extent::Short), "shows 0 of 3 scenarios\n");
    }
}
