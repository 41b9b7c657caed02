//! Violations grouped by cause: a bot without a token is one problem, however many scenarios it fails.
//!
//! Two violations have one cause if party, rule, requirement, pointer and message agree, apart from ids, addresses,
//! times and positions. The operation is not compared, because one cause may break every operation; a message that
//! depends on the operation names the operation.

use std::collections::HashMap;

use super::conversation::Names;
use super::text::normalized;
use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::judge::verdict::{Basis, Run, ScenarioResult, Verdict, Violation};

/// Results with one cause, or with several that come together: they break exactly these results.
#[derive(Debug)]
pub(crate) struct Group<'r> {
    /// At least one.
    pub causes: Vec<Cause<'r>>,
    /// Each result once, in the order of the run; at least one.
    pub results: Vec<&'r ScenarioResult>,
}

/// A problem that the results of a group have in common, as it is in the first of them: one for each place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'r> {
    Violation(&'r Violation),
    /// The reason of a result without a violation.
    Reason(&'r str),
}

impl<'r> Group<'r> {
    /// The result that stands for the group.
    pub(crate) fn example(&self) -> &'r ScenarioResult {
        self.results[0]
    }
}

/// The causes of the results that did not pass: the one with the most results first. Known failures and skips are
/// not among them. A result with several violations may be in several groups.
pub(crate) fn failures(run: &Run) -> Vec<Group<'_>> {
    let is_failed = |verdict| {
        matches!(
            verdict,
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error
        )
    };
    let failed = run.results.iter().filter(|it| is_failed(it.verdict));
    grouped(failed.flat_map(|result| {
        let violations = result.failures.iter().map(Cause::Violation);
        let reason = result.failures.is_empty().then_some(&*result.reason);
        let causes = violations.chain(reason.map(Cause::Reason));
        causes.map(move |cause| (cause, result))
    }))
}

/// The causes of all warnings, those of results that passed too.
pub(crate) fn warnings(run: &Run) -> Vec<Group<'_>> {
    grouped(run.results.iter().flat_map(|result| {
        let causes = result.warnings.iter().map(Cause::Violation);
        causes.map(move |cause| (cause, result))
    }))
}

fn grouped<'r>(causes: impl Iterator<Item = (Cause<'r>, &'r ScenarioResult)>) -> Vec<Group<'r>> {
    let mut found: Vec<Group<'r>> = Vec::new();
    let mut places = HashMap::new();
    for (cause, result) in causes {
        let place = *places.entry(Key::of(cause, result)).or_insert(found.len());
        match found.get_mut(place) {
            None => found.push(Group {
                causes: vec![cause],
                results: vec![result],
            }),
            Some(group) => {
                let is_same = |other: &&ScenarioResult| std::ptr::eq(*other, result);
                if group.results.first().is_some_and(is_same) {
                    group.causes.push(cause);
                } else if !group.results.last().is_some_and(is_same) {
                    group.results.push(result);
                }
            }
        }
    }
    let mut groups: Vec<Group<'r>> = Vec::new();
    let mut places = HashMap::new();
    for group in found {
        let broken: Vec<*const ScenarioResult> =
            group.results.iter().map(|it| &raw const **it).collect();
        let place = *places.entry(broken).or_insert(groups.len());
        match groups.get_mut(place) {
            None => groups.push(group),
            Some(same) => same.causes.extend(group.causes),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.results.len()));
    groups
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    role: Party,
    verdict: Verdict,
    /// Rule, requirement and pointer of a violation. The exchange of a recording is a place, not a requirement.
    broken: Option<(Rule, Option<String>, String)>,
    message: String,
}

impl Key {
    fn of(cause: Cause<'_>, result: &ScenarioResult) -> Self {
        let names = Names::new(&result.bound);
        let (broken, message) = match cause {
            Cause::Violation(it) => {
                let requirement = match it.requirement {
                    Basis::Exchange(_) => None,
                    other => Some(other.to_string()),
                };
                let broken = (it.rule, requirement, shape(it.pointer.as_str()));
                (Some(broken), it.message.as_str())
            }
            // The end of a target's output may follow.
            Cause::Reason(reason) => (None, reason.lines().next().unwrap_or_default()),
        };
        Self {
            role: result.role,
            verdict: result.verdict,
            broken,
            message: shape(&names.in_text(message)),
        }
    }
}

/// A text without what differs between scenarios: ids, addresses, times, and numbers that are no HTTP status.
fn shape(text: &str) -> String {
    let text = normalized(text);
    let mut shape = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        let end = rest.find(|c: char| !is_of_word(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        let length = if word.is_empty() {
            shape.push(next);
            next.len_utf8()
        } else {
            shape.push_str(if is_value(word) { "{value}" } else { word });
            word.len()
        };
        rest = &rest[length..];
    }
    shape
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

/// True for a word that may be an id, an index or a measurement. `v1` and `404` are none.
fn is_value(word: &str) -> bool {
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    match word.parse::<u64>() {
        Ok(number) => !(100..600).contains(&number),
        Err(_) => has_digit && word.chars().count() > 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::JudgedTarget;

    fn violation(pointer: &str, message: &str) -> Violation {
        Violation {
            message: message.into(),
            ..Violation::sample(Rule::NotificationBody, pointer)
        }
    }

    fn failed(name: &str, violations: &[(&str, &str)]) -> ScenarioResult {
        let mut result = ScenarioResult::new(name, Party::Service, Verdict::Fail, "");
        result.bound = vec![("operation".into(), name.into())];
        let violations = violations.iter();
        result.failures = violations.map(|(at, what)| violation(at, what)).collect();
        result
    }

    fn listed(groups: &[Group<'_>]) -> Vec<Vec<String>> {
        let names = |it: &Group<'_>| it.results.iter().map(|it| it.scenario.clone()).collect();
        groups.iter().map(names).collect()
    }

    #[test]
    fn one_cause_is_one_group() {
        let same =
            "the operation 57dab8b1-894c-409a-b240-bd8beae78896 at http://a:1/x is late by 12 ms";
        let again =
            "the operation 11dab8b1-894c-409a-b240-bd8beae78896 at http://b:2/x is late by 7 ms";
        let run = Run::new(
            JudgedTarget::default(),
            vec![
                failed("one", &[("/status", "other"), ("/value/0/id", same)]),
                failed("two", &[("/value/1/id", again), ("/value/2/id", same)]),
                failed("three", &[("/status", "the operation three")]),
                failed("four", &[("/status", "the operation four")]),
                failed("five", &[("/id", "other"), ("/name", "another")]),
            ],
        );
        let groups = failures(&run);
        let expected = [
            vec!["one", "two"],
            vec!["three", "four"],
            vec!["one"],
            vec!["five"],
        ];
        assert_eq!(listed(&groups), expected);
        assert_eq!(groups[0].example().scenario, "one");
        assert!(matches!(groups[0].causes[..], [Cause::Violation(it)] if it.message == same));
        assert_eq!(groups[3].causes.len(), 2);
    }

    #[test]
    fn results_without_a_violation_are_grouped_by_their_reason() {
        let result = |role, verdict, reason: &str| ScenarioResult::new("a", role, verdict, reason);
        let run = Run::new(
            JudgedTarget::default(),
            vec![
                result(Party::Bot, Verdict::Inconclusive, "gone\nits last words: 1"),
                result(Party::Bot, Verdict::Inconclusive, "gone\nits last words: 2"),
                result(Party::Service, Verdict::Inconclusive, "gone"),
                result(Party::Bot, Verdict::Error, "gone"),
                result(Party::Bot, Verdict::Skip, "gone"),
                result(Party::Bot, Verdict::Known, "gone"),
                result(Party::Bot, Verdict::Pass, ""),
            ],
        );
        let sizes: Vec<_> = failures(&run).iter().map(|it| it.results.len()).collect();
        assert_eq!(sizes, [2, 1, 1]);
        assert!(warnings(&run).is_empty());
    }

    #[test]
    fn a_shape_keeps_what_tells_causes_apart() {
        for (text, expected) in [
            ("answered 404", "answered 404"),
            (
                "exchange 12 at /v1.0/calls/7",
                "exchange {value} at /v1.{value}/calls/{value}",
            ),
            (
                "/value/0/id is \"walking\"",
                "/value/{value}/id is \"walking\"",
            ),
            ("call-17 of bot_2", "{value} of {value}"),
            ("E.164 é", "E.164 é"),
        ] {
            assert_eq!(shape(text), expected);
        }
    }
}
