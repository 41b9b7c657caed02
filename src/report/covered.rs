//! What recordings cover: the scenarios that they show, and the exchanges outside of the contract.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::text::Look;
use crate::cassette::format::Direction;
use crate::diagnostic::place::printable;
use crate::judge::recording::check::NotCovered;
use crate::judge::verdict::ScenarioResult;

/// The name of the file, then a line for each exchange outside of the contract, and the number of others. Empty where
/// there are none.
pub(crate) fn not_covered(
    file: &str,
    (not_covered, others): (&[NotCovered], usize),
    look: Look,
) -> String {
    if not_covered.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{} are outside of the contract and were not judged:\n",
        look.warning(&format!("{file}: these exchanges"))
    );
    for exchange in not_covered {
        let from = match exchange.direction {
            Direction::Request => "bot",
            Direction::Notification => "service",
        };
        let status = exchange.status.map(|status| format!(": {status}"));
        let _ = writeln!(
            text,
            "  {:>4} {from:<7} {}{}",
            exchange.number,
            printable(&exchange.request),
            status.unwrap_or_else(|| ": no response".to_owned())
        );
    }
    if others > 0 {
        let _ = writeln!(text, "  and {others} more");
    }
    text.push('\n');
    text
}

/// The scenarios that the conversations show, of `all` scenarios: a line each.
pub(crate) fn scenarios(results: &[ScenarioResult], all: usize) -> String {
    // Most conversations show the same ones.
    let mut lists: Vec<_> = results.iter().map(|it| &it.covers).collect();
    lists.sort_by_key(|it| Arc::as_ptr(it).addr());
    lists.dedup_by(|one, other| Arc::ptr_eq(one, other));
    let shown: BTreeSet<&String> = lists.into_iter().flat_map(|it| it.iter()).collect();
    let end = if shown.is_empty() { "" } else { ":" };
    let mut text = format!("shows {} of {all} scenarios{end}\n", shown.len());
    for scenario in shown {
        let _ = writeln!(text, "  {scenario}");
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
        let not_covered = [NotCovered {
            number: 7,
            direction: Direction::Request,
            request: "GET /me".into(),
            status: Some(404),
        }];
        assert_eq!(
            super::not_covered("a.jsonl", (&not_covered, 2), Look::PLAIN),
            "a.jsonl: these exchanges are outside of the contract and were not judged:\n     \
             7 bot     GET /me: 404\n  and 2 more\n\n"
        );
        assert_eq!(super::not_covered("a.jsonl", (&[], 0), Look::PLAIN), "");
    }

    #[test]
    fn a_scenario_is_named_once() {
        let mut result = ScenarioResult::new("a.jsonl/invite", Party::Bot, Verdict::Pass, "");
        result.covers = ["page/beta@2021-02/name".to_owned()].into();
        assert_eq!(
            scenarios(&[result.clone(), result], 3),
            "shows 1 of 3 scenarios:\n  page/beta@2021-02/name\n"
        );
        assert_eq!(scenarios(&[], 3), "shows 0 of 3 scenarios\n");
    }
}
