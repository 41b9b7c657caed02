//! Changes of notes and of numbers in prose.

use std::collections::BTreeSet;

use super::super::change::ChangeKind as K;
use super::super::change::{Change, Effect};
use super::super::note::{About, Limit, Note};
use super::super::number::Number;
use super::super::page::Page;
use super::super::sample::SamplePart;
use super::super::scope::Scope;
use super::{Pair, TO_BOT};

/// The first words of the subjects of changes.
pub(super) const NOTE: &str = "note";
pub(super) const FORMAT: &str = "format";
pub(super) const NUMBER: &str = "number";

pub(super) fn compare(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    notes(pair, changes);
    standards(pair, changes);
    limits(pair, changes);
}

impl Pair<'_> {
    /// The same part of the new text. `None` for a conversation that only the old one has.
    fn counterpart(&self, about: &About) -> Option<About> {
        match about {
            About::Scenario(index) => self.partner_of_old(*index).map(About::Scenario),
            About::Section(anchor) => Some(About::Section(anchor.clone())),
        }
    }

    /// True for a part that only the new text has.
    fn is_added(&self, about: &About) -> bool {
        match about {
            About::Scenario(index) => self.scenarios.iter().all(|(_, new)| new != index),
            About::Section(_) => false,
        }
    }
}

fn notes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let old: Vec<(&Note, About)> = pair
        .old
        .notes
        .iter()
        .filter_map(|note| Some((note, pair.counterpart(&note.about)?)))
        .collect();
    let new = pair
        .new
        .notes
        .iter()
        .filter(|note| !pair.is_added(&note.about));
    let new: Vec<&Note> = new.collect();
    let mut gone = vec![true; old.len()];
    let mut come = vec![true; new.len()];
    let equal: fn(&Note, &Note) -> bool = |one, other| one.names == other.names;
    let possible: fn(&Note, &Note) -> bool = |one, other| {
        one.names.is_empty() || other.names.is_empty() || !one.names.is_disjoint(&other.names)
    };
    for test in [equal, possible] {
        for (index, (note, about)) in old.iter().enumerate() {
            let mut others = new.iter().enumerate();
            let found = others.find(|(other, it)| {
                gone[index] && come[*other] && it.about == *about && test(note, it)
            });
            if let Some((other, _)) = found {
                gone[index] = false;
                come[other] = false;
            }
        }
    }
    for (note, _) in old
        .iter()
        .zip(gone)
        .filter_map(|(it, gone)| gone.then_some(it))
    {
        let change = note_change(pair.old, K::NoteRemoved, Effect::Compatible, note);
        changes.push(change.at(Some(note.line), None));
    }
    let sent = sent(pair.new);
    for note in new
        .iter()
        .zip(come)
        .filter_map(|(it, come)| come.then_some(it))
    {
        if note.standards.is_empty() {
            let restricts = note.codes.iter().any(|code| sent.contains(code.as_str()));
            let effect = if restricts {
                TO_BOT
            } else {
                Effect::Compatible
            };
            let change =
                note_change(pair.new, K::NoteAdded, effect, note).at(None, Some(note.line));
            changes.push(if restricts {
                change.remark("it may restrict what a bot sends")
            } else {
                change
            });
        }
    }
}

/// Standards that no note of the old text names.
fn standards(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let of = |note: &'_ Note| note.standards.clone();
    let old: BTreeSet<String> = pair.old.notes.iter().flat_map(of).collect();
    for note in &pair.new.notes {
        for standard in note.standards.iter().filter(|it| !old.contains(*it)) {
            if known.insert(standard) {
                let change = Change::new(K::LimitAdded, TO_BOT, FORMAT, standard);
                let change = change.within(scope(pair.new, &note.about, &note.names));
                changes.push(change.at(None, Some(note.line)));
            }
        }
    }
}

fn note_change(page: &Page, kind: K, effect: Effect, note: &Note) -> Change {
    let names: Vec<_> = note.names.iter().map(String::as_str).collect();
    let subject = if names.is_empty() {
        "note"
    } else {
        "note about"
    };
    let change = Change::new(kind, effect, subject, &names.join("`, `"));
    change.within(scope(page, &note.about, &note.names))
}

/// The messages that prose of a page is about: those with its names, else those of its example, else those of the operation.
fn scope(page: &Page, about: &About, names: &BTreeSet<String>) -> Scope {
    let names: BTreeSet<_> = names.iter().filter(|it| !it.is_empty()).cloned().collect();
    match about {
        _ if !names.is_empty() => Scope::Names(names),
        About::Scenario(index) => Scope::Scenario(vec![page.scenarios[*index].name.clone()]),
        About::Section(_) => Scope::Operation,
    }
}

/// The names of the properties that a bot sends.
fn sent(page: &Page) -> BTreeSet<&str> {
    let requests = page
        .messages
        .iter()
        .filter(|it| matches!(it.part, SamplePart::Request { is_own: true, .. }));
    let shapes = requests.flat_map(|it| &it.shapes);
    let paths = shapes.flat_map(|(_, shape)| shape.properties.keys());
    let names = paths.filter_map(|path| path.rsplit('.').next());
    let listed = page.parameters.iter().filter(|_| page.resource.is_none());
    names.chain(listed.map(|it| it.name.as_str())).collect()
}

/// Some languages write numbers up to this one as words.
const SPELLED: f64 = 3.0;

fn limits(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let mut old: Vec<(&Limit, Option<About>)> = once(&pair.old.limits)
        .map(|limit| (limit, pair.counterpart(&limit.about)))
        .collect();
    let mut new: Vec<&Limit> = once(&pair.new.limits).collect();
    let is_here = |one: &(&Limit, Option<About>), other: &Limit| {
        one.1.as_ref() == Some(&other.about) || !one.0.names.is_disjoint(&other.names)
    };
    let is_same = |one: &(&Limit, Option<About>), other: &&Limit| {
        one.0.number.may_equal(&other.number) && is_here(one, other)
    };
    take_pairs(&mut old, &mut new, is_same);
    // A number that moved to another part of the page.
    take_pairs(&mut old, &mut new, |one, other| {
        one.0.number.may_equal(&other.number)
    });
    let is_reliable = |number: &Number| pair.has_one_language() || !number.all(|it| it <= SPELLED);
    old.retain(|(limit, about)| about.is_some() && is_reliable(&limit.number));
    let is_known = |number: &Number| pair.old.limits.iter().any(|it| it.number.may_equal(number));
    new.retain(|limit| {
        // A new example may repeat a number.
        let is_repeated = pair.is_added(&limit.about) && is_known(&limit.number);
        is_reliable(&limit.number) && !is_repeated
    });
    let pairs = take_pairs(&mut old, &mut new, |one, other| {
        let has_names = !one.0.names.is_empty() && !other.names.is_empty();
        one.1.as_ref() == Some(&other.about)
            && (!has_names || !one.0.names.is_disjoint(&other.names))
    });
    for ((before, _), after) in pairs {
        let (kind, effect) = if before.number.exceeds(&after.number) {
            (K::LimitTightened, TO_BOT)
        } else if after.number.exceeds(&before.number) {
            (K::LimitRelaxed, Effect::Compatible)
        } else {
            // One of them can be read in two ways.
            continue;
        };
        let change = Change::new(kind, effect, &subject(after, ""), "");
        let change = change.values(&before.number.text, &after.number.text);
        let change = change.within(scope(pair.new, &after.about, &after.names));
        changes.push(change.at(Some(before.line), Some(after.line)));
    }
    for (limit, _) in old {
        let change = Change::new(
            K::LimitRemoved,
            Effect::Compatible,
            &subject(limit, ":"),
            &limit.number.text,
        );
        let change = change.within(scope(pair.old, &limit.about, &limit.names));
        changes.push(change.at(Some(limit.line), None));
    }
    for limit in new {
        let change = Change::new(
            K::LimitAdded,
            TO_BOT,
            &subject(limit, ":"),
            &limit.number.text,
        );
        let change = change.within(scope(pair.new, &limit.about, &limit.names));
        changes.push(change.at(None, Some(limit.line)));
    }
}

/// The numbers of a page. A number that is repeated in its part of the page counts once, because a translation may repeat
/// it.
pub(super) fn once(limits: &[Limit]) -> impl Iterator<Item = &Limit> {
    let is_same = |one: &Limit, other: &Limit| {
        one.number == other.number && one.about == other.about && one.names == other.names
    };
    let first = limits.iter().enumerate();
    first
        .filter(move |(index, limit)| !limits[..*index].iter().any(|it| is_same(it, limit)))
        .map(|(_, limit)| limit)
}

/// Takes the pairs that pass a test out of both lists.
fn take_pairs<A, B>(
    old: &mut Vec<A>,
    new: &mut Vec<B>,
    is_pair: impl Fn(&A, &B) -> bool,
) -> Vec<(A, B)> {
    let mut pairs = Vec::new();
    let mut index = 0;
    while index < old.len() {
        match new.iter().position(|other| is_pair(&old[index], other)) {
            Some(other) => pairs.push((old.remove(index), new.remove(other))),
            None => index += 1,
        }
    }
    pairs
}

/// The subject of a sentence about a number. `end` follows the names that it is about.
pub(super) fn subject(limit: &Limit, end: &str) -> String {
    let names = limit.names.iter().filter(|it| !it.is_empty());
    let names: Vec<_> = names.map(|it| format!("`{it}`")).collect();
    if names.is_empty() {
        "number".to_owned()
    } else {
        format!("number about {}{end}", names.join(", "))
    }
}
