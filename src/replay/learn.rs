//! Proposes rules for the values that vary between a recording and two plays of it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Replayed;
use super::matching::comparison::{Comparison, Difference, Part};
use super::matching::content::Content;
use super::matching::target::{api_resource, query_of};
use super::outcome::Differing;
use super::recording::{Index, Indexed};
use super::rules::{Compare, ReplayRule, Rules, Scope};
use super::values::{self, Piece, pieces};
use crate::api::resource;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::judge::verdict::Verdict;

/// What two plays have shown.
#[derive(Debug)]
pub(crate) struct Lesson {
    /// The proposed rules in TOML; those for what may be a change of the service are comments.
    pub toml: String,
    /// The result of each recording: what the rules do not permit.
    pub results: Vec<Replayed>,
}

/// A place that differs from the recording in a play.
struct Place<'a> {
    exchange: usize,
    difference: &'a Difference,
    /// What the two plays have there; none where it is as recorded.
    actual: [Option<&'a Value>; 2],
    /// The indexes of its failures in the two plays.
    failures: [Vec<usize>; 2],
}

impl Place<'_> {
    /// True if both plays have the same there. It may be a change of the service.
    fn is_change(&self) -> bool {
        let [Some(first), Some(second)] = self.actual else {
            return false;
        };
        Comparison::is_alike(&Rules::default(), first, second)
    }

    /// The parameters that differ in the queries of request lines, with the strictest comparison in which
    /// they do not; none if more than that differs.
    fn parameters(&self) -> Option<Vec<(String, Compare)>> {
        let expected = RequestLine::of(&self.difference.expected)?;
        let mut parameters: Vec<(String, Compare)> = Vec::new();
        for actual in self.actual.into_iter().flatten() {
            let actual = RequestLine::of(actual)?;
            if !expected.has_path_of(&actual) {
                return None;
            }
            for (name, values) in &expected.query {
                let found = actual.query.iter().find(|(other, _)| other == name);
                let compare = match found {
                    Some((_, others)) if others == values => continue,
                    Some((_, others)) if others.len() == values.len() => Compare::Shape,
                    _ => Compare::Ignore,
                };
                match parameters.iter_mut().find(|(other, _)| other == name) {
                    Some((_, known)) => *known = compare.max(*known),
                    None => parameters.push((name.clone(), compare)),
                }
            }
        }
        Some(parameters)
    }

    /// The strictest comparison in which the place does not differ.
    fn compare(&self) -> Compare {
        let by_shape = json!([{"pointer": "", "compare": "shape"}]);
        let by_shape = serde_json::from_value::<Vec<ReplayRule>>(by_shape);
        let by_shape = by_shape.map(Rules::from).unwrap_or_default();
        let mut actual = self.actual.into_iter().flatten();
        let expected = &self.difference.expected;
        let has_shape = |actual: &Value| {
            !actual.is_null()
                && (matches!(self.difference.part, Part::Header(_))
                    || Comparison::is_alike(&by_shape, expected, actual))
        };
        if actual.all(has_shape) {
            Compare::Shape
        } else {
            Compare::Ignore
        }
    }
}

/// A method, a path, and the values of each parameter.
struct RequestLine {
    method_and_path: String,
    query: Vec<(String, Vec<Value>)>,
}

impl RequestLine {
    fn of(line: &Value) -> Option<Self> {
        let line = line.as_str()?;
        let Value::Object(query) = Content::form(query_of(line).as_bytes()).shown() else {
            return None;
        };
        let values = |values: Value| match values {
            Value::Array(values) => values,
            other => vec![other],
        };
        Some(Self {
            method_and_path: line.split('?').next()?.to_owned(),
            query: query
                .into_iter()
                .map(|(name, it)| (name, values(it)))
                .collect(),
        })
    }

    fn has_path_of(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|it| json!(it.method_and_path));
        Comparison::is_alike(&Rules::default(), &own, &others)
    }
}

/// A rule that may stand in `confcall.toml`.
#[derive(Debug, PartialEq, Eq)]
struct Proposal {
    scope: String,
    place: (&'static str, String),
    compare: Compare,
}

impl Proposal {
    /// The rules for a place; none where no rule can be about it.
    fn of(index: &Index, place: &Place<'_>) -> Result<Vec<Self>, Diagnostic> {
        let scope = scope(index, place.exchange)?;
        let of = |place, compare| Self {
            scope: scope.clone(),
            place,
            compare,
        };
        Ok(match &place.difference.part {
            Part::Header(name) => vec![of(("header", name.clone()), place.compare())],
            Part::Body => {
                let pointer = place.difference.pattern.to_string();
                vec![of(("pointer", pointer), place.compare())]
            }
            Part::RequestLine => {
                let parameters = place.parameters().unwrap_or_default().into_iter();
                let rules = parameters.map(|(name, compare)| of(("query", name), compare));
                rules.collect()
            }
        })
    }

    /// True if what this rule permits is permitted by the other one.
    fn is_within(&self, other: &Self) -> bool {
        let (own, others) = (&self.place, &other.place);
        let is_below = own.1.strip_prefix(&*others.1);
        let is_below = is_below.is_some_and(|it| it.is_empty() || it.starts_with('/'));
        self.scope == other.scope
            && own.0 == others.0
            && (own.1 == others.1 || own.0 == "pointer" && is_below)
            && self.compare <= other.compare
    }

    fn toml(&self) -> String {
        let Self {
            scope,
            place: (key, place),
            compare,
        } = self;
        let compare = match compare {
            Compare::Exact => "exact",
            Compare::Shape => "shape",
            Compare::Ignore => "ignore",
        };
        let mut toml = format!("[[replay.rule]]\n{scope}\n");
        // Writing to a string cannot fail.
        let _ = writeln!(toml, "{key} = {}", quoted(place));
        let _ = writeln!(toml, "compare = \"{compare}\"");
        toml
    }
}

/// A basic string of TOML. JSON has the same escapes, but leaves one control character.
fn quoted(text: &str) -> String {
    json!(text).to_string().replace('\u{7f}', "\\u007f")
}

/// The line of a rule that says which exchanges it is about.
fn scope(index: &Index, exchange: usize) -> Result<String, Diagnostic> {
    index.with_scope(exchange, |Scope { operation, path }| match operation {
        Some(operation) => format!("operation = {}", quoted(operation)),
        None => format!("path = {}", quoted(&any_ids(path))),
    })
}

/// A path with `*` in the place of its identifiers.
fn any_ids(path: &str) -> String {
    let of_api = api_resource(path).map(values::ids_of).unwrap_or_default();
    let segments = resource::path_of(path).split('/').map(|segment| {
        if of_api.iter().any(|id| id == segment) {
            return "*".to_owned();
        }
        let pieces = pieces(segment).into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Id(_) | Piece::Time(_) => "*",
        });
        pieces.collect()
    });
    segments.collect::<Vec<String>>().join("/")
}

/// The rules for what varies in two plays of each recording.
pub(crate) fn learn(recordings: Vec<(Indexed, [Replayed; 2])>) -> Result<Lesson, Diagnostic> {
    let (mut rules, mut changes) = (Proposals::default(), Proposals::default());
    let mut results = Vec::new();
    for (recording, plays) in recordings {
        let differing = plays.each_ref().map(|it| it.differing.clone());
        let mut permitted: [HashSet<usize>; 2] = Default::default();
        for place in places(&differing) {
            let proposed = Proposal::of(recording.index(), &place)?;
            if place.is_change() {
                changes.extend(proposed);
                continue;
            }
            if proposed.is_empty() {
                continue;
            }
            rules.extend(proposed);
            for (permitted, of_play) in permitted.iter_mut().zip(&place.failures) {
                permitted.extend(of_play);
            }
        }
        let [first, second] = plays;
        let first = without(first, &permitted[0]);
        results.push(if first.result.verdict == Verdict::Pass {
            without(second, &permitted[1])
        } else {
            first
        });
    }
    changes
        .0
        .retain(|change| !rules.0.iter().any(|it| change.is_within(it)));
    let toml = toml_of(&rules, &changes);
    Ok(Lesson { toml, results })
}

/// Proposals of which none is within another one.
#[derive(Debug, Default)]
struct Proposals(Vec<Proposal>);

impl Proposals {
    fn extend(&mut self, proposed: Vec<Proposal>) {
        for proposal in proposed {
            if !self.0.iter().any(|it| proposal.is_within(it)) {
                self.0.retain(|it| !it.is_within(&proposal));
                self.0.push(proposal);
            }
        }
    }
}

fn toml_of(rules: &Proposals, changes: &Proposals) -> String {
    let mut toml: Vec<String> = rules.0.iter().map(Proposal::toml).collect();
    let comments = changes.0.iter().map(|it| commented(&it.toml()));
    let comments: Vec<String> = comments.collect();
    if let Some((first, others)) = comments.split_first() {
        let heading = "# Equal in both replays, so this may be a change of the live party.";
        toml.push(format!("{heading}\n{first}"));
        toml.extend_from_slice(others);
    }
    toml.join("\n")
}

fn commented(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.flat_map(|line| ["# ", line]).collect()
}

/// The places that differ in one play or both, in their order.
fn places(plays: &[Vec<Differing>; 2]) -> Vec<Place<'_>> {
    let mut places: Vec<Place<'_>> = Vec::new();
    let mut known: HashMap<(usize, &Part, &Pointer), usize> = HashMap::new();
    for (play, differing) in plays.iter().enumerate() {
        for it in differing {
            let difference = &it.difference;
            let key = (it.exchange, &difference.part, &difference.pointer);
            let place = *known.entry(key).or_insert_with(|| {
                places.push(Place {
                    exchange: it.exchange,
                    difference,
                    actual: [None; 2],
                    failures: Default::default(),
                });
                places.len() - 1
            });
            places[place].actual[play] = Some(difference.actual.as_ref().unwrap_or(&Value::Null));
            places[place].failures[play].push(it.failure);
        }
    }
    places
}

/// A result without the failures with these indexes.
fn without(mut play: Replayed, permitted: &HashSet<usize>) -> Replayed {
    let result = &mut play.result;
    let mut at = 0;
    result.failures.retain(|_| {
        at += 1;
        !permitted.contains(&(at - 1))
    });
    if result.failures.is_empty() && result.verdict == Verdict::Fail {
        result.verdict = Verdict::Pass;
    }
    play
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_a_path_are_wildcards() {
        for (path, expected) in [
            (
                "/rooms/57dab8b1-894c-409a-b240-bd8beae78896/doors",
                "/rooms/*/doors",
            ),
            ("/rooms/7", "/rooms/7"),
            ("/app/calls/1/unknown", "/app/calls/*/unknown"),
        ] {
            assert_eq!(any_ids(path), expected);
        }
    }

    #[test]
    fn a_rule_within_another_one_is_not_proposed() {
        let of = |place: &str, compare| Proposal {
            scope: "path = \"/a\"".to_owned(),
            place: ("pointer", place.to_owned()),
            compare,
        };
        let list = of("/list", Compare::Shape);
        assert!(of("/list/*/a", Compare::Shape).is_within(&list));
        assert!(!of("/list/*/a", Compare::Ignore).is_within(&list));
        assert!(!of("/lists", Compare::Shape).is_within(&list));
        assert!(!list.is_within(&of("/list/*/a", Compare::Ignore)));
    }
}
