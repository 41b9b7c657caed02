//! The conversations of a page as lists of the kinds of their steps, and the pairs of conversations that two pages
//! share.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::scenario::format::ProviderState;

use super::super::people;
use super::body::Shape;

/// A documented conversation.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) name: String,
    /// The line of its heading, or else of its first message.
    pub(super) line: Option<usize>,
    pub(super) given: Vec<ProviderState>,
    pub(super) steps: Vec<Step>,
    /// The `name` in the annotation of its first request, with its line.
    pub(super) annotated: Option<(String, usize)>,
    /// The anchors of the headings above its messages.
    pub(super) headings: BTreeSet<String>,
    /// The sections of the page that belong to it.
    pub(super) sections: BTreeSet<usize>,
    /// The anchors of its sections without messages.
    pub(super) preparations: Vec<(String, usize)>,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The compared part: method and form of the path, `answer`, or the entries of a notification.
    pub(super) kind: StepKind,
    /// The message on its page.
    pub(super) message: usize,
    /// Counted from 1.
    pub(super) line: usize,
}

/// The kind of a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum StepKind {
    Request(String),
    Answer,
    Notification(String),
}

impl StepKind {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Notification(kind) if kind.is_empty() => "notification",
            Self::Request(kind) | Self::Notification(kind) => kind,
            Self::Answer => "answer",
        }
    }

    /// True for a notification that the life cycle of every call or comms operation allows, whether this page documents
    /// the notification or not.
    pub(super) fn is_of_a_life_cycle(&self) -> bool {
        let Self::Notification(kind) = self else {
            return false;
        };
        kind.split(" + ")
            .all(|entry| entry.starts_with("call ") || entry.starts_with("operation "))
    }
}

impl Scenario {
    fn kinds(&self) -> impl Iterator<Item = &StepKind> {
        self.steps.iter().map(|step| &step.kind)
    }

    /// True if its steps are among those of the other, in their order.
    pub(super) fn is_contained_in(&self, other: &Self) -> bool {
        let mut rest = other.kinds();
        self.kinds().all(|kind| rest.any(|it| it == kind))
    }
}

/// The steps of a pair that have a counterpart, by index in both: a longest common subsequence.
pub(super) fn common_steps(old: &[Step], new: &[Step]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut lengths = vec![0_usize; (old.len() + 1) * width];
    for (row, one) in old.iter().enumerate().rev() {
        for (column, other) in new.iter().enumerate().rev() {
            lengths[row * width + column] = if one.kind == other.kind {
                lengths[(row + 1) * width + column + 1] + 1
            } else {
                lengths[(row + 1) * width + column].max(lengths[row * width + column + 1])
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (0, 0);
    while row < old.len() && column < new.len() {
        if old[row].kind == new[column].kind {
            pairs.push((row, column));
            row += 1;
            column += 1;
        } else if lengths[(row + 1) * width + column] >= lengths[row * width + column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

/// The features of a conversation beside its steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Features<'p> {
    /// The request of the page's own operation.
    pub(super) request: Option<&'p Shape>,
    /// The kinds of the people in that request, and whether there are several.
    pub(super) people: (BTreeSet<&'p str>, bool),
}

/// The people in a request: the kinds of their identities, and whether there are several.
pub(super) fn people_of(body: &Value) -> (BTreeSet<String>, bool) {
    let mut kinds = BTreeSet::new();
    let mut count = 0;
    add_people(body, "", &mut kinds, &mut count);
    (kinds, count > 1)
}

fn add_people(value: &Value, name: &str, kinds: &mut BTreeSet<String>, count: &mut usize) {
    match value {
        Value::Array(items) => {
            for item in items {
                add_people(item, name, kinds, count);
            }
        }
        Value::Object(members) => {
            for (inner, value) in members {
                let is_kind = people::kind_of(inner, name == "identity").is_some();
                if is_kind && value.is_object() && !inner.starts_with('@') {
                    kinds.insert(inner.clone());
                    *count += 1;
                } else {
                    add_people(value, inner, kinds, count);
                }
            }
        }
        _ => {}
    }
}

/// A conversation with its features.
pub(super) type Described<'p> = (&'p Scenario, Features<'p>);

/// The pairs of the same conversation in two pages, by index. Together, the pairs have the greatest likeness.
pub(super) fn pairs(old: &[Described<'_>], new: &[Described<'_>]) -> Vec<(usize, usize)> {
    let likeness: Vec<Vec<Option<u32>>> = old
        .iter()
        .map(|one| new.iter().map(|other| likeness(one, other)).collect())
        .collect();
    let mut candidates: Vec<(u32, usize, usize)> = Vec::new();
    for (row, line) in likeness.iter().enumerate() {
        for (column, score) in line.iter().enumerate() {
            candidates.extend(score.map(|score| (score, row, column)));
        }
    }
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut partner: Vec<Option<usize>> = vec![None; old.len()];
    let mut taken = vec![false; new.len()];
    for (_, row, column) in candidates {
        if partner[row].is_none() && !taken[column] {
            partner[row] = Some(column);
            taken[column] = true;
        }
    }
    while improve(&likeness, &mut partner, &mut taken) {}
    let pairs = partner.into_iter().enumerate();
    pairs
        .filter_map(|(row, column)| Some((row, column?)))
        .collect()
}

/// Changes the partners of one or two conversations if that makes the pairs more alike; false if nothing does.
fn improve(
    likeness: &[Vec<Option<u32>>],
    partner: &mut [Option<usize>],
    taken: &mut [bool],
) -> bool {
    let score =
        |row: usize, column: Option<usize>| column.map_or(Some(0), |column| likeness[row][column]);
    for one in 0..partner.len() {
        for other in one + 1..partner.len() {
            let now = (score(one, partner[one]), score(other, partner[other]));
            let then = (score(one, partner[other]), score(other, partner[one]));
            if let ((Some(a), Some(b)), (Some(c), Some(d))) = (now, then)
                && c + d > a + b
            {
                partner.swap(one, other);
                return true;
            }
        }
        for column in 0..taken.len() {
            let now = score(one, partner[one]).unwrap_or_default();
            if !taken[column] && likeness[one][column].is_some_and(|it| it > now) {
                if let Some(before) = partner[one] {
                    taken[before] = false;
                }
                partner[one] = Some(column);
                taken[column] = true;
                return true;
            }
        }
    }
    false
}

/// How alike two conversations are, from 0 to 7,000; `None` if they cannot be the same.
fn likeness(old: &Described<'_>, new: &Described<'_>) -> Option<u32> {
    let ((one, one_features), (other, other_features)) = (old, new);
    if one_features.request.is_some() != other_features.request.is_some()
        || one_features.people != other_features.people
    {
        return None;
    }
    let common = common_steps(&one.steps, &other.steps).len();
    let steps = share(2 * common, one.steps.len() + other.steps.len());
    if steps < 400 {
        return None;
    }
    let body = match (one_features.request, other_features.request) {
        (Some(one), Some(other)) => one.likeness(other),
        _ => 0,
    };
    let name = overlap(one.name.split('-'), other.name.split('-'));
    Some(4 * steps + body + 2 * name)
}

/// The common part of two sets, in thousandths.
pub(super) fn overlap<T: Ord>(one: impl Iterator<Item = T>, other: impl Iterator<Item = T>) -> u32 {
    let (one, other): (BTreeSet<_>, BTreeSet<_>) = (one.collect(), other.collect());
    let common = one.intersection(&other).count();
    share(common, one.len() + other.len() - common)
}

fn share(part: usize, whole: usize) -> u32 {
    u32::try_from(1000 * part / whole.max(1)).unwrap_or(u32::MAX)
}
