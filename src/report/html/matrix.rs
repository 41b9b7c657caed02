//! Scenarios by the kinds of fault injection that they were played under.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::scenario::format::INJECTION_MARK;

/// Empty if nothing was injected.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    pub kinds: Vec<String>,
    /// At most [`MOST_ROWS`].
    pub rows: Vec<Row>,
    /// The number of other rows.
    pub others: usize,
}

/// The most rows. Those in which something did not pass come first.
const MOST_ROWS: usize = 200;

#[derive(Debug)]
pub(super) struct Row {
    pub scenario: String,
    /// A cell without faults, then one for each kind. A cell has the results of all judged parties.
    pub cells: Vec<Vec<One>>,
}

/// A result.
#[derive(Debug)]
pub(super) struct One {
    pub number: usize,
    pub verdict: &'static str,
    /// Only other results have a link.
    pub is_passed: bool,
    pub sign: &'static str,
    pub label: String,
}

impl Matrix {
    pub(super) fn of(results: &[ScenarioResult]) -> Self {
        let kinds: BTreeSet<&str> = results
            .iter()
            .filter_map(|it| it.injected.as_deref())
            .collect();
        if kinds.is_empty() {
            return Self::default();
        }
        let kinds: Vec<&str> = kinds.into_iter().collect();
        let mut rows: BTreeMap<&str, Vec<Vec<One>>> = BTreeMap::new();
        for (number, result) in (1..).zip(results) {
            let injected = result.injected.as_deref();
            let name = match injected {
                Some(_) => result.scenario.rsplit_once(INJECTION_MARK).map(|it| it.0),
                None => None,
            };
            let name = name.unwrap_or(&result.scenario);
            let empty = || (0..=kinds.len()).map(|_| Vec::new()).collect();
            let cells = rows.entry(name).or_insert_with(empty);
            let place = injected.and_then(|it| kinds.binary_search(&it).ok());
            cells[place.map_or(0, |it| it + 1)].push(one(number, result));
        }
        let rows = rows.into_iter().map(|(scenario, cells)| Row {
            scenario: scenario.to_owned(),
            cells,
        });
        let mut rows: Vec<Row> = rows.collect();
        let others = rows.len().saturating_sub(MOST_ROWS);
        if others > 0 {
            rows.sort_by_key(|row| row.cells.iter().flatten().all(|it| it.is_passed));
            rows.truncate(MOST_ROWS);
        }
        Self {
            rows,
            others,
            kinds: kinds.into_iter().map(str::to_owned).collect(),
        }
    }
}

fn one(number: usize, result: &ScenarioResult) -> One {
    let sign = match result.verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Inconclusive => "?",
        Verdict::Error => "!",
        Verdict::Known => "~",
        Verdict::Skip => "–",
    };
    let verdict = result.verdict.as_str();
    One {
        number,
        verdict,
        is_passed: result.verdict == Verdict::Pass,
        sign,
        label: format!("{} {}: {verdict}", result.role, result.scenario),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;

    #[test]
    fn a_scenario_has_a_cell_for_each_kind() {
        let of = |kind: Option<&str>, verdict| {
            let mark = kind.map(|it| format!("~{it}")).unwrap_or_default();
            let mut result = ScenarioResult::new(format!("a{mark}"), Party::Bot, verdict, "");
            result.injected = kind.map(str::to_owned);
            result
        };
        let results = [
            of(None, Verdict::Pass),
            of(Some("throttled"), Verdict::Fail),
            of(Some("lost-response"), Verdict::Skip),
        ];
        let matrix = Matrix::of(&results);
        assert_eq!(matrix.kinds, ["lost-response", "throttled"]);
        let [row] = &matrix.rows[..] else {
            panic!("one scenario");
        };
        let cells: Vec<_> = row
            .cells
            .iter()
            .map(|it| (it[0].number, it[0].sign))
            .collect();
        assert_eq!(cells, [(1, "✓"), (3, "–"), (2, "✗")]);
        assert!(Matrix::of(&results[..1]).rows.is_empty());
    }

    #[test]
    fn a_large_matrix_has_the_rows_with_failures() {
        let count = 3 * MOST_ROWS;
        let results = (0..count).map(|at| {
            let verdict = if at + 1 == count {
                Verdict::Fail
            } else {
                Verdict::Pass
            };
            let mut result = ScenarioResult::new(format!("{at:04}~slow"), Party::Bot, verdict, "");
            result.injected = Some("slow".to_owned());
            result
        });
        let results: Vec<_> = results.collect();
        let matrix = Matrix::of(&results);
        assert_eq!(
            (matrix.rows.len(), matrix.others),
            (MOST_ROWS, count - MOST_ROWS)
        );
        assert_eq!(matrix.rows[0].cells[1][0].verdict, "fail");
    }
}
