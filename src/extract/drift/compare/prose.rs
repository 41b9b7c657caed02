//! Changes of notes and of numbers in prose.

use std::collections::BTreeSet;

use foldhash::HashSet;

use super::super::super::number::Number;
use super::super::change::ChangeKind as K;
use super::super::change::{Change, Effect};
use super::super::note::{About, Limit, Note};
use super::super::page::Page;
use super::super::sample::SamplePart;
use super::super::scope::Scope;
use super::matched::{Matched, matched_by};
use super::{Pair, TO_BOT, request};

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

/// Notes of both texts that are the same. Notes that deprecate a path count too, because the path may be gone in one text.
pub(super) fn matched_notes(pair: &Pair<'_>) -> Matched {
    let is_here = |one: &Note, other: &Note| {
        let about = one.about.as_ref().and_then(|it| pair.counterpart(it));
        about.is_some() && about == other.about
    };
    // A note moves with the level of a heading above it.
    let is_moved = |one: &Note, other: &Note| pair.has_one_language() && one.text == other.text;
    let is_like = |one: &Note, other: &Note| {
        one.deprecates == other.deprecates
            && (one.names.is_empty()
                || other.names.is_empty()
                || !one.names.is_disjoint(&other.names))
    };
    matched_by(
        [&pair.old.notes, &pair.new.notes],
        &[
            &|one, other| is_here(one, other) && is_moved(one, other),
            &|one, other| is_here(one, other) && one.names == other.names,
            &|one, other| is_here(one, other) && is_like(one, other),
            &is_moved,
        ],
    )
}

fn notes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let same = matched_notes(pair);
    for (index, note) in pair.old.notes.iter().enumerate() {
        let about = note.about.as_ref().filter(|_| !note.deprecates);
        let about = about.filter(|it| pair.counterpart(it).is_some());
        if let (Some(about), None) = (about, same.of_old(index)) {
            let effect = Effect::Compatible;
            let change = note_change(pair.old, K::NoteRemoved, effect, note, about);
            changes.push(change.at(Some(note.line), None));
        }
    }
    let sent = sent(pair.new);
    for (index, note) in pair.new.notes.iter().enumerate() {
        let is_plain = !note.deprecates && note.standards.is_empty();
        let about = note.about.as_ref().filter(|_| is_plain);
        let about = about.filter(|it| !pair.is_added(it));
        if let (Some(about), None) = (about, same.of_new(index)) {
            let restricts = !pair.has_no_old_contract()
                && note.codes.iter().any(|code| sent.contains(code.as_str()));
            let effect = if restricts {
                TO_BOT
            } else {
                Effect::Compatible
            };
            let change = note_change(pair.new, K::NoteAdded, effect, note, about);
            let change = change.at(None, Some(note.line));
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
        let Some(about) = &note.about else { continue };
        for standard in note.standards.iter().filter(|it| !old.contains(*it)) {
            if known.insert(standard) {
                let is_new = pair.has_no_old_contract();
                let effect = if is_new { Effect::Compatible } else { TO_BOT };
                let change = Change::new(K::LimitAdded, effect, FORMAT, standard);
                let change = change.within(scope(pair.new, Some(about), &note.names));
                changes.push(change.at(None, Some(note.line)));
            }
        }
    }
}

fn note_change(page: &Page, kind: K, effect: Effect, note: &Note, about: &About) -> Change {
    let names: Vec<_> = note.names.iter().map(String::as_str).collect();
    let subject = if names.is_empty() {
        "note"
    } else {
        "note about"
    };
    let change = Change::new(kind, effect, subject, &names.join("`, `"));
    change.within(scope(page, Some(about), &note.names))
}

/// The messages that prose of a page is about: those with its names, else those of its example, else those of the operation.
fn scope(page: &Page, about: Option<&About>, names: &BTreeSet<String>) -> Scope {
    let names: BTreeSet<_> = names.iter().filter(|it| !it.is_empty()).cloned().collect();
    match about {
        _ if !names.is_empty() => Scope::Names(names),
        Some(About::Scenario(index)) => Scope::Scenario(vec![page.scenarios[*index].name.clone()]),
        Some(About::Section(_)) | None => Scope::Operation,
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

/// The numbers of both texts, and the pairs of them.
pub(super) struct Limits<'p> {
    pub(super) old: Vec<&'p Limit>,
    pub(super) new: Vec<&'p Limit>,
    /// Equal numbers, by index.
    equal: Vec<(usize, usize)>,
    /// Numbers in one place with different values, by index.
    changed: Vec<(usize, usize)>,
    /// Numbers that only one text has, without those that say nothing.
    removed: Vec<usize>,
    added: Vec<usize>,
}

impl<'p> Limits<'p> {
    pub(super) fn new(pair: &Pair<'p>) -> Self {
        let old: Vec<&Limit> = once(&pair.old.limits).collect();
        let new: Vec<&Limit> = once(&pair.new.limits).collect();
        let about = |it: &&Limit| it.about.as_ref().and_then(|it| pair.counterpart(it));
        let about: Vec<Option<About>> = old.iter().map(about).collect();
        let is_about = |one: usize, other: usize| about[one] == new[other].about;
        let are_alike = |one: usize, other: usize| !old[one].names.is_disjoint(&new[other].names);
        let are_equal = |one: usize, other: usize| old[one].number.may_equal(&new[other].number);
        let mut removed: Vec<usize> = (0..old.len()).collect();
        let mut added: Vec<usize> = (0..new.len()).collect();
        let mut equal = take_pairs(&mut removed, &mut added, |one, other| {
            are_equal(one, other) && (is_about(one, other) || are_alike(one, other))
        });
        // A number that moved to another part of the page.
        equal.extend(take_pairs(&mut removed, &mut added, are_equal));
        let is_reliable =
            |number: &Number| pair.has_one_language() || !number.all(|it| it <= SPELLED);
        // A paragraph moves with the level of a heading above it.
        let is_moved = |limit: &Limit, other: &Page| {
            let mut others = other.limits.iter().filter(|it| it.about.is_none());
            pair.has_one_language()
                && others.any(|it| it.text == limit.text && it.number.may_equal(&limit.number))
        };
        removed.retain(|it| {
            let limit = old[*it];
            about[*it].is_some() && is_reliable(&limit.number) && !is_moved(limit, pair.new)
        });
        let is_known =
            |number: &Number| pair.old.limits.iter().any(|it| it.number.may_equal(number));
        added.retain(|it| {
            // A new example may repeat a number.
            let is_added = new[*it].about.as_ref().is_some_and(|it| pair.is_added(it));
            let is_repeated = is_added && is_known(&new[*it].number);
            is_reliable(&new[*it].number) && !is_repeated && !is_moved(new[*it], pair.old)
        });
        let changed = take_pairs(&mut removed, &mut added, |one, other| {
            let has_names = !old[one].names.is_empty() && !new[other].names.is_empty();
            is_about(one, other) && (!has_names || are_alike(one, other))
        });
        Self {
            old,
            new,
            equal,
            changed,
            removed,
            added,
        }
    }

    pub(super) fn matched(&self) -> Matched {
        let pairs = self.equal.iter().chain(&self.changed);
        Matched::new(pairs.copied())
    }
}

fn limits(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let limits = Limits::new(pair);
    for (before, after) in &limits.changed {
        let (before, after) = (limits.old[*before], limits.new[*after]);
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
        let change = change.within(scope(pair.new, after.about.as_ref(), &after.names));
        changes.push(change.at(Some(before.line), Some(after.line)));
    }
    let change = |kind, effect, page, limit: &Limit| {
        let change = Change::new(kind, effect, &subject(limit, ":"), &limit.number.text);
        change.within(scope(page, limit.about.as_ref(), &limit.names))
    };
    for limit in limits.removed.iter().map(|it| limits.old[*it]) {
        let change = change(K::LimitRemoved, Effect::Compatible, pair.old, limit);
        changes.push(change.at(Some(limit.line), None));
    }
    let optional = request::added_parameters(pair);
    for limit in limits.added.iter().map(|it| limits.new[*it]) {
        let is_new = pair.has_no_old_contract() || optional.contains(&limit.line);
        let effect = if is_new { Effect::Compatible } else { TO_BOT };
        let change = change(K::LimitAdded, effect, pair.new, limit);
        changes.push(change.at(None, Some(limit.line)));
    }
}

/// The numbers of a page that limit something. A number that is repeated in its part of the page counts once, because a
/// translation may repeat it.
fn once(limits: &[Limit]) -> impl Iterator<Item = &Limit> {
    let mut seen = HashSet::default();
    let placed = limits.iter().filter(|it| it.about.is_some());
    placed.filter(move |it| seen.insert((&it.number.text, &it.about, &it.names)))
}

/// Takes the pairs that pass a test out of both lists.
fn take_pairs(
    old: &mut Vec<usize>,
    new: &mut Vec<usize>,
    is_pair: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    old.retain(|one| {
        let found = new.iter().position(|other| is_pair(*one, *other));
        pairs.extend(found.map(|other| (*one, new.remove(other))));
        found.is_none()
    });
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
