//! The requirements against the checks, and the rules against the rows.

use std::collections::BTreeSet;

use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use strum::VariantArray as _;

use super::party::{Talk, built_in, judged};
use super::table::{Expect, Row};

fn all_rows() -> Vec<Row> {
    let tables = [
        super::words_and_shape::rows,
        super::presence::rows,
        super::types::rows,
        super::correlation::rows,
        super::invitation::rows,
        super::order::rows,
        super::not_judged::rows,
        super::alternatives::rows,
        super::literal::rows,
        super::one_cause::rows,
        super::requirements::rows,
        super::verdicts::rows,
        super::other_apis::rows,
        super::implementations::rows,
        super::refusals::rows,
        super::calls::rows,
    ];
    tables.iter().flat_map(|rows| rows()).collect()
}

#[test]
fn every_rule_is_broken_by_some_row() {
    let broken: BTreeSet<Rule> = all_rows()
        .iter()
        .filter_map(|row| match row.expect {
            Expect::Fails(rule, _) | Expect::Warns(rule, _) => Some(rule),
            _ => None,
        })
        .collect();
    let unbroken: Vec<_> = Rule::VARIANTS
        .iter()
        // No judge knows the accepted conversations.
        .filter(|rule| !broken.contains(rule) && **rule != Rule::Snapshot)
        .collect();
    assert!(unbroken.is_empty(), "{unbroken:?}");
}

#[test]
fn every_sentence_has_one_row() {
    let mut seen = BTreeSet::new();
    for row in all_rows() {
        assert!(
            seen.insert((row.sentence, row.talk.role)),
            "{}",
            row.sentence
        );
    }
}

#[test]
fn every_requirement_is_checked_in_some_conforming_conversation() {
    let mut checked = BTreeSet::new();
    for scenario in built_in() {
        for role in judged(scenario) {
            let outcome = Talk::of(scenario, built_in(), role, false).play().outcome;
            for requirement in &outcome.checked {
                assert_eq!(requirement.party(), role, "{requirement}");
            }
            checked.extend(outcome.checked);
        }
    }
    // Only answers that are not operations have free variables; no built-in scenario has one.
    checked.insert(Requirement::ValuesCorrelate);
    let unchecked: Vec<_> = Requirement::DOCUMENTED
        .iter()
        .filter(|it| !checked.contains(it))
        .collect();
    assert!(unchecked.is_empty(), "{unchecked:?}");
}

#[test]
fn every_check_names_a_requirement_of_the_party() {
    for row in all_rows() {
        for requirement in row.talk.play().outcome.checked {
            let party = requirement.party();
            assert_eq!(party, row.talk.role, "{}: {requirement}", row.sentence);
        }
    }
}
