//! Changes of the messages in examples: header fields, bodies, and their properties by kind of message.

use std::collections::{BTreeMap, BTreeSet};

use super::super::body;
use super::super::body::{Form, Seen, Shape};
use super::super::change::ChangeKind as K;
use super::super::change::{Change, Effect};
use super::super::page::Page;
use super::super::sample::{Sample, SamplePart, Subject};
use super::super::scope::Scope;
use super::{Pair, TO_BOT, TO_SERVICE};

pub(super) fn compare(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    headers(pair, changes);
    bodies(pair, changes);
    let (old, new) = (shapes(pair.old), shapes(pair.new));
    let nothing = Shape::of_nothing();
    for (subject, (one, old_line)) in &old {
        let other = new.get(subject).map(|(other, line)| (other, *line));
        let without = || Some((&nothing, line_without_body(pair.new, subject)?));
        if let Some((other, new_line)) = other.or_else(without) {
            let comparison = Comparison {
                pair,
                subject,
                name: name(subject, pair),
                old: one,
                new: other,
                lines: (*old_line, new_line),
            };
            comparison.compare(changes);
        }
    }
}

/// The line of the first request of a kind, if none of them has a body.
fn line_without_body(page: &Page, subject: &Subject) -> Option<usize> {
    let requests = page.messages.iter().filter(|it| match (&it.part, subject) {
        (SamplePart::Request { form, .. }, Subject::Request(of)) => form == of,
        _ => false,
    });
    let requests: Vec<_> = requests.collect();
    let is_bare = requests
        .iter()
        .all(|it| it.shapes.iter().all(|(_, it)| it.is_empty()));
    requests.first().filter(|_| is_bare).map(|it| it.line)
}

/// All bodies of a kind together, and the line of the first.
pub(super) fn shapes(page: &Page) -> BTreeMap<&Subject, (Shape, usize)> {
    let mut shapes: BTreeMap<&Subject, (Shape, usize)> = BTreeMap::new();
    for sample in &page.messages {
        for (subject, shape) in &sample.shapes {
            if !shape.is_empty() {
                let entry = shapes
                    .entry(subject)
                    .or_insert_with(|| (Shape::default(), sample.line));
                entry.0.add(shape);
            }
        }
    }
    shapes
}

/// The name of a kind of message in reports.
pub(super) fn name(subject: &Subject, pair: &Pair<'_>) -> String {
    let of = |form: &str| {
        let is_own = pair.old.is_own(form) || pair.new.is_own(form);
        (!is_own).then(|| form.to_owned())
    };
    match subject {
        Subject::Request(form) => match of(form) {
            Some(form) => format!("request {form}"),
            None => "request".to_owned(),
        },
        Subject::Answer { to, is_refusal } => {
            let word = if *is_refusal { "refusal" } else { "answer" };
            match of(to) {
                Some(form) => format!("{word} to {form}"),
                None => word.to_owned(),
            }
        }
        Subject::Notification => "notification".to_owned(),
        Subject::Data(kind) => {
            let mut words = kind.split(' ');
            let about = match words.next().unwrap_or_default() {
                "participants" => "roster",
                about => about,
            };
            let words: Vec<_> = words.collect();
            format!("{about} notification ({})", words.join(", "))
        }
    }
}

fn headers(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let is_listed = |name: &str| {
        let mut listed = pair.old.headers.iter().chain(&pair.new.headers);
        listed.any(|it| it.name.eq_ignore_ascii_case(name))
    };
    for (part, is_it) in PARTS {
        let (old, new) = (parts(pair.old, is_it), parts(pair.new, is_it));
        if old.is_empty() || new.is_empty() {
            continue;
        }
        let names = |all: &[&Sample]| -> BTreeSet<String> {
            all.iter()
                .flat_map(|it| it.headers.iter().cloned())
                .collect()
        };
        let first = |all: &[&Sample], name: &str| {
            let shown = all.iter().find(|it| it.headers.contains(name));
            shown.or(all.first()).map(|it| it.line)
        };
        let is_request = part == "request";
        let (before, after) = (names(&old), names(&new));
        for header in before
            .difference(&after)
            .filter(|it| !is_request || !is_listed(it))
        {
            let is_of_answer = part == "answer";
            let is_always = old.iter().all(|it| it.headers.contains(header));
            let effect = if is_of_answer && is_always {
                TO_BOT
            } else {
                Effect::Compatible
            };
            let change = Change::new(K::HeaderRemoved, effect, &format!("{part} header"), header);
            let change = change.within(field(part, header));
            changes.push(change.at(first(&old, header), first(&new, header)));
        }
        for header in after
            .difference(&before)
            .filter(|it| !is_request || !is_listed(it))
        {
            let subject = format!("{part} header");
            let change = Change::new(K::HeaderAdded, Effect::Compatible, &subject, header);
            let change = change.within(field(part, header));
            changes.push(change.at(first(&old, header), first(&new, header)));
        }
    }
}

fn field(part: &'static str, name: &str) -> Scope {
    Scope::Header {
        part,
        name: name.to_owned(),
    }
}

pub(super) fn parts(page: &Page, is_it: IsPart) -> Vec<&Sample> {
    page.messages.iter().filter(|it| is_it(&it.part)).collect()
}

pub(super) type IsPart = fn(&SamplePart) -> bool;

pub(super) const PARTS: [(&str, IsPart); 3] = [
    ("request", |part| matches!(part, SamplePart::Request { .. })),
    ("answer", |part| matches!(part, SamplePart::Answer { .. })),
    ("notification", |part| {
        matches!(part, SamplePart::Notification)
    }),
];

/// Example answers that gained or lost their body.
fn bodies(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let mut seen = BTreeSet::new();
    for (old, new) in pair.messages() {
        let (old, new) = (&pair.old.messages[old], &pair.new.messages[new]);
        let (SamplePart::Answer { to, .. }, true) = (&old.part, old.has_body != new.has_body)
        else {
            continue;
        };
        if !seen.insert((to, new.has_body)) {
            continue;
        }
        let (kind, effect) = if new.has_body {
            (K::AnswerBodyAdded, Effect::Compatible)
        } else {
            (K::AnswerBodyRemoved, TO_BOT)
        };
        let subject = Subject::Answer {
            to: to.clone(),
            is_refusal: false,
        };
        let subject = body_subject(&subject, pair);
        let change = Change::new(kind, effect, &subject, "").within(Scope::Answer {
            to: Some(to.clone()),
            statuses: Vec::new(),
        });
        changes.push(change.at(Some(old.line), Some(new.line)));
    }
}

/// The subject of changes of the whole body of an answer.
pub(super) fn body_subject(answer: &Subject, pair: &Pair<'_>) -> String {
    format!("body of the {}", name(answer, pair))
}

/// One kind of message in two texts.
struct Comparison<'c, 'p> {
    pair: &'c Pair<'p>,
    subject: &'c Subject,
    name: String,
    old: &'c Shape,
    new: &'c Shape,
    /// The lines of the first message in both texts.
    lines: (usize, usize),
}

/// Properties that no party needs, so that their absence breaks nothing.
const NEEDLESS: [&str; 7] = [
    "@odata.type",
    "@odata.context",
    "displayName",
    "identityProvider",
    "endpointType",
    "languageId",
    "region",
];

impl Comparison<'_, '_> {
    /// A change of a property. Its scope are the bodies that have the property, or the object that now has it.
    fn change(&self, kind: K, effect: Effect, path: &str) -> Change {
        let (subject, property) = (self.subject.clone(), path.to_owned());
        let change = Change::new(kind, effect, &self.name, path);
        change.within(match kind {
            K::PropertyAdded => Scope::ObjectOf(subject, property),
            _ => Scope::Property(subject, property),
        })
    }

    fn compare(&self, changes: &mut Vec<Change>) {
        for (path, old) in &self.old.properties {
            match self.new.properties.get(path) {
                Some(new) => self.both(path, old, new, changes),
                None if self.is_gone(path) => {
                    let effect = self.effect_of_absence(path, old);
                    let change = self.change(K::PropertyRemoved, effect, path);
                    let change = change.at(
                        Some(old.line),
                        Some(self.new.line_around(path, self.lines.1)),
                    );
                    changes.push(remarked(change, old));
                }
                None => {}
            }
        }
        for (path, new) in &self.new.properties {
            if !self.old.properties.contains_key(path) && self.is_topmost(path, self.old) {
                let change = self.change(K::PropertyAdded, Effect::Compatible, path);
                let change = change.at(
                    Some(self.old.line_around(path, self.lines.0)),
                    Some(new.line),
                );
                changes.push(remarked(change, new));
            }
        }
    }

    /// True if a property is gone that no table lists, or that every example showed. If it is gone from the table too, that
    /// is reported instead.
    fn is_gone(&self, path: &str) -> bool {
        let is_still_listed = self.is_parameter(path, self.pair.new);
        let is_missed = is_still_listed && self.old.always_has(path);
        self.is_topmost(path, self.new) || is_missed && Self::has_place(path, self.new)
    }

    fn is_parameter(&self, path: &str, page: &Page) -> bool {
        let mut listed = page.parameters.iter().filter(|it| it.is_listed);
        matches!(self.subject, Subject::Request(_)) && listed.any(|it| it.name == path)
    }

    /// True if the other text has the enclosing object of a property, and no table lists the property.
    fn is_topmost(&self, path: &str, other: &Shape) -> bool {
        let pages = [self.pair.old, self.pair.new];
        let is_parameter = pages.iter().any(|page| self.is_parameter(path, page));
        !is_parameter && Self::has_place(path, other)
    }

    /// True if the other text has the enclosing object of a property.
    fn has_place(path: &str, other: &Shape) -> bool {
        // The people in an example say nothing about its properties.
        let object = body::parent(path);
        let last = path.strip_prefix(object).unwrap_or(path);
        let is_person = body::is_kind_of_person(object, last.trim_start_matches('.'));
        !is_person && other.has_place_of(path)
    }

    fn effect_of_absence(&self, path: &str, old: &Seen) -> Effect {
        let last = path.strip_prefix(body::parent(path)).unwrap_or(path);
        let is_needless = NEEDLESS.contains(&last.trim_start_matches('.'));
        let is_read = !matches!(self.subject, Subject::Request(_));
        if is_read && !is_needless && !old.is_null() && self.old.always_has(path) {
            TO_BOT
        } else {
            Effect::Compatible
        }
    }

    fn both(&self, path: &str, old: &Seen, new: &Seen, changes: &mut Vec<Change>) {
        let at = |change: Change| change.at(Some(old.line), Some(new.line));
        let reader = match self.subject {
            Subject::Request(_) => TO_SERVICE,
            _ => TO_BOT,
        };
        if self.old.always_has(path)
            && !self.new.always_has(path)
            && let Some((one, other)) = self.omitted(path)
        {
            let effect = self.effect_of_absence(path, old);
            let change = self.change(K::PropertyOmitted, effect, path);
            changes.push(remarked(change.at(Some(one), Some(other)), old));
        }
        if path.ends_with("@odata.type") {
            changes.extend(self.object_type(path, old, new));
            return;
        }
        let is_other = !old.types.is_empty() && !new.types.is_empty();
        if is_other && (old.types.is_disjoint(&new.types) || self.has_new_type(path, old, new)) {
            let name = |seen: &Seen| {
                seen.types
                    .iter()
                    .map(|it| it.as_str())
                    .collect::<Vec<_>>()
                    .join(" or ")
            };
            let change = self.change(K::PropertyTypeChanged, reader, path);
            changes.push(at(change.values(name(old), name(new))));
        }
        if let (Some(before), Some(after)) = (form(old), form(new))
            && before != after
            && (before == Form::Id || after == Form::Id)
        {
            let change = self.change(K::ValueFormChanged, reader, path);
            changes.push(at(change.values(before.as_str(), after.as_str())));
        }
        for word in old.words.difference(&new.words) {
            if let Some(other) = new.words.iter().find(|it| it.eq_ignore_ascii_case(word)) {
                let change = self.change(K::WordCaseChanged, Effect::Compatible, path);
                changes.push(at(change.values(word, other)));
            }
        }
    }

    /// True if an example that both texts have shows a type that no example of the old text has.
    fn has_new_type(&self, path: &str, old: &Seen, new: &Seen) -> bool {
        !new.types.is_subset(&old.types)
            && self.examples().any(|(before, after, _)| {
                let types =
                    |shape: &'_ Shape| shape.properties.get(path).map(|it| it.types.clone());
                types(before)
                    .zip(types(after))
                    .is_some_and(|(before, after)| {
                        !before.is_empty() && !after.is_subset(&old.types)
                    })
            })
    }

    /// The lines of two examples of one message, the first with the property and the second without.
    fn omitted(&self, path: &str) -> Option<(usize, usize)> {
        self.examples().find_map(|(old, new, line)| {
            let is_omitted = !new.properties.contains_key(path) && new.has_place_of(path);
            let seen = old.properties.get(path)?;
            is_omitted.then_some((seen.line, new.line_around(path, line)))
        })
    }

    /// Bodies of this kind in messages that both texts have, and the line of the new message.
    fn examples(&self) -> impl Iterator<Item = (&Shape, &Shape, usize)> {
        self.pair.messages().filter_map(|(old, new)| {
            let (old, new) = (&self.pair.old.messages[old], &self.pair.new.messages[new]);
            let of = |sample: &Sample| sample.shapes.iter().position(|it| it.0 == *self.subject);
            let (one, other) = (of(old)?, of(new)?);
            Some((&old.shapes[one].1, &new.shapes[other].1, new.line))
        })
    }

    fn object_type(&self, path: &str, old: &Seen, new: &Seen) -> Option<Change> {
        let lower = |words: &BTreeSet<String>| -> BTreeSet<String> {
            words.iter().map(|it| it.to_lowercase()).collect()
        };
        let (before, after) = (lower(&old.words), lower(&new.words));
        let (one, other) = self.examples().find_map(|(old, new, _)| {
            let (old, new) = (old.properties.get(path)?, new.properties.get(path)?);
            let is_other = lower(&old.words).is_disjoint(&lower(&new.words));
            (is_other && !old.words.is_empty()).then_some((old, new))
        })?;
        let names = |seen: &Seen| seen.words.iter().cloned().collect::<Vec<_>>().join(", ");
        let is_gone = lower(&one.words).is_disjoint(&after);
        if !is_gone && after.is_subset(&before) {
            return None;
        }
        let effect = match (is_gone, self.subject) {
            (false, _) => Effect::Compatible,
            (true, Subject::Request(_)) => TO_SERVICE,
            (true, _) => TO_BOT,
        };
        let change = self.change(K::ObjectTypeChanged, effect, path);
        let change = change.values(names(one), names(other));
        let change = change.at(Some(one.line), Some(other.line));
        Some(if is_gone {
            change
        } else {
            change.remark("the new text has both")
        })
    }
}

fn remarked(change: Change, seen: &Seen) -> Change {
    if seen.is_null() {
        change.remark("its value is null")
    } else if seen.is_placeholder {
        change.remark("its value is a placeholder")
    } else {
        change
    }
}

/// The only form of a property's values.
fn form(seen: &Seen) -> Option<Form> {
    let mut forms = seen.forms.iter();
    forms.next().copied().filter(|_| forms.next().is_none())
}
