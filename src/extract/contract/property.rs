//! Merges the facts about a property from several texts of one page.

use std::collections::BTreeMap;

use crate::contract::extracted::{Kind, Property};

use super::super::inventory::FindingKind;
use super::merge::Types;
use super::printed::{Member, Printed, TableRow};
use super::{Facts, Notes};

/// The properties in one text of a page.
pub(super) struct Text<'a> {
    pub(super) facts: &'a Facts,
    pub(super) printed: Vec<Printed>,
}

impl Text<'_> {
    fn find(&self, name: &str) -> Option<&Printed> {
        let mut printed = self.printed.iter();
        printed.find(|it| it.name.eq_ignore_ascii_case(name))
    }
}

/// The part of a page that has the JSON of the properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    /// The template of a resource type. It alone makes a property, and names the types of objects.
    Template,
    /// The examples of an operation, which only show what its table declares.
    Example,
}

/// The properties of all texts of one page. `texts` are in the order of the sources, the newest last.
pub(super) fn merge(
    texts: &[Text<'_>],
    json: Json,
    types: &Types,
    notes: &mut Notes,
) -> Vec<Property> {
    let mut names: Vec<&str> = Vec::new();
    for text in texts.iter().rev() {
        let mut printed: Vec<_> = text.printed.iter().collect();
        if json == Json::Example {
            // The order of the table, which is above the examples.
            printed.sort_by_key(|it| it.line());
        }
        for Printed { name, .. } in printed {
            if !names.iter().any(|it| it.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
    }
    names
        .into_iter()
        .filter_map(|name| {
            let merging = Merging {
                places: texts.iter().map(|text| text.find(name)).collect(),
                texts,
                json,
                types,
            };
            merging.property(name, notes)
        })
        .collect()
}

/// One property in all texts of a page.
struct Merging<'a> {
    texts: &'a [Text<'a>],
    /// The property in each of the texts.
    places: Vec<Option<&'a Printed>>,
    json: Json,
    types: &'a Types,
}

impl<'a> Merging<'a> {
    fn property(&self, name: &str, notes: &mut Notes) -> Option<Property> {
        if !self.is_established(name, notes) {
            return None;
        }
        let name = self.members().next().map_or(name, |(_, it)| &it.name);
        let Some(kind) = self.kind(notes) else {
            if let Some((facts, row)) = self.rows().next() {
                let message = format!("no text of the page gives the JSON type of `{name}`");
                notes.push(facts, row.line, FindingKind::Contradiction, message);
            }
            return None;
        };
        let collection = self.is_collection(notes);
        let limit = self.limit(kind, collection, notes);
        Some(Property {
            name: name.to_owned(),
            kind,
            resource: self.resource(kind, notes),
            collection,
            words: match kind {
                Kind::String => self.words(notes),
                _ => Vec::new(),
            },
            max_length: limit.filter(|_| !collection),
            max_items: limit.filter(|_| collection),
            lines: self.places.iter().map(|it| it.map(Printed::line)).collect(),
        })
    }

    /// The members in the JSON of each text, the newest text first.
    fn members(&self) -> impl Iterator<Item = (&'a Facts, &'a Member)> {
        let places = self.texts.iter().zip(&self.places).rev();
        places.filter_map(|(text, place)| Some((text.facts, place.as_ref()?.json.as_ref()?)))
    }

    /// The row in the table of each text, the newest text first.
    fn rows(&self) -> impl Iterator<Item = (&'a Facts, &'a TableRow)> {
        let places = self.texts.iter().zip(&self.places).rev();
        places.filter_map(|(text, place)| Some((text.facts, place.as_ref()?.row.as_ref()?)))
    }

    /// The number of texts that must agree on what only tables say: one of them may be damaged.
    fn quorum(&self) -> usize {
        self.texts.len().min(2)
    }

    /// True if the name is that of a property and no translated word of one text.
    fn is_established(&self, name: &str, notes: &mut Notes) -> bool {
        let (in_json, in_tables) = (self.members().count(), self.rows().count());
        let is_established = match self.json {
            Json::Template => in_json > 0 || in_tables >= self.quorum(),
            Json::Example => in_tables >= self.quorum() || in_tables > 0 && in_json > 0,
        };
        if !is_established && in_tables > 0 {
            for (facts, row) in self.rows() {
                let message = format!("no other text of the page has `{name}`, so it is ignored");
                notes.push(facts, row.line, FindingKind::DamagedName, message);
            }
        }
        is_established
    }

    fn kind(&self, notes: &mut Notes) -> Option<Kind> {
        let printed = self.members().filter_map(|(facts, member)| {
            let kind = member.kind?;
            Some((facts, member.line, kind))
        });
        let declared = self.rows().filter_map(|(facts, row)| {
            let kind = row.of.kind?;
            Some((facts, row.line, kind))
        });
        let mut all = printed.chain(declared);
        let Some((_, _, kind)) = all.next() else {
            let is_linked = self.rows().any(|(facts, row)| {
                let mut pages = row.of.pages.iter();
                let named = row.of.name.as_deref();
                pages.any(|page| self.types.of_page(&facts.api, page).is_some())
                    || named.is_some_and(|name| self.types.named(&facts.api, name).is_some())
            });
            let is_listed = self.rows().any(|(_, row)| !row.words.is_empty());
            return is_linked
                .then_some(Kind::Object)
                .or(is_listed.then_some(Kind::String));
        };
        for (facts, line, other) in all.filter(|(.., other)| *other != kind) {
            let message = format!("this is {other:?}, but {kind:?} in the newest JSON or table");
            notes.push(facts, line, FindingKind::Contradiction, message);
        }
        Some(kind)
    }

    fn is_collection(&self, notes: &mut Notes) -> bool {
        let votes = self.rows().filter_map(|(_, row)| row.of.collection);
        let (yes, no): (Vec<_>, Vec<_>) = votes.partition(|vote| *vote);
        let by_tables = yes.len() > no.len();
        let Some((facts, newest)) = self.members().next() else {
            return by_tables;
        };
        if newest.collection != by_tables && !(yes.is_empty() && no.is_empty()) {
            let (is, others) = if newest.collection {
                ("a collection", "a single value")
            } else {
                ("a single value", "a collection")
            };
            let name = &newest.name;
            let message = format!("`{name}` is {is} in the JSON, but {others} in the tables");
            notes.push(facts, newest.line, FindingKind::Contradiction, message);
        }
        newest.collection
    }

    /// The resource type of an object.
    fn resource(&self, kind: Kind, notes: &mut Notes) -> Option<String> {
        if kind != Kind::Object {
            return None;
        }
        let mut printed = self
            .members()
            .filter_map(|(facts, member)| Some((facts, member, member.resource.as_deref()?)));
        let newest = printed.next();
        let linked = self.linked(notes);
        let Some((facts, member, printed)) = newest else {
            return linked;
        };
        let known = self.types.named(&facts.api, printed);
        let Some(linked) = linked else {
            return Some(known.unwrap_or(printed).to_owned());
        };
        match (known, self.json) {
            (_, Json::Example) => Some(linked),
            (Some(known), Json::Template) => {
                if !self.types.is_same_or_derived(&facts.api, &linked, known) {
                    let message = format!("this is {known}, but the tables link to {linked}");
                    notes.push(facts, member.line, FindingKind::Contradiction, message);
                }
                Some(known.to_owned())
            }
            (None, Json::Template) => {
                let message = format!(
                    "no page describes {printed}; {linked} is used, to which the tables link"
                );
                notes.push(facts, member.line, FindingKind::Contradiction, message);
                Some(linked)
            }
        }
    }

    /// The type whose page the tables link to, or that they name; of several alternatives, their common base.
    fn linked(&self, notes: &mut Notes) -> Option<String> {
        let mut types: Vec<&str> = Vec::new();
        let mut place = None;
        for (facts, row) in self.rows() {
            let pages = row.of.pages.iter();
            let pages = pages.filter_map(|page| self.types.of_page(&facts.api, page));
            let named = row.of.name.as_deref();
            let named = named.and_then(|name| self.types.named(&facts.api, name));
            for name in pages.chain(named) {
                if !types.contains(&name) {
                    types.push(name);
                }
            }
            place.get_or_insert((facts, row.line));
        }
        let (facts, line) = place?;
        if let [only] = types[..] {
            return Some(only.to_owned());
        }
        let base = self.types.common_base(&facts.api, &types);
        if base.is_none() && !types.is_empty() {
            let message = format!("{} have no common base type", types.join(" and "));
            notes.push(facts, line, FindingKind::Contradiction, message);
        }
        base.map(str::to_owned)
    }

    /// The words of the JSON, then those on which tables agree.
    fn words(&self, notes: &mut Notes) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.members().flat_map(|(_, member)| &member.words) {
            if !words.contains(word) {
                words.push(word.clone());
            }
        }
        let in_json = words.clone();
        let lists: Vec<_> = self.rows().filter(|it| !it.1.words.is_empty()).collect();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for word in lists.iter().flat_map(|(_, row)| &row.words) {
            *votes.entry(word).or_default() += 1;
        }
        for (facts, row) in &lists {
            for word in &row.words {
                if in_json.contains(word) || votes[word.as_str()] >= lists.len().min(2) {
                    if !words.contains(word) {
                        words.push(word.clone());
                    }
                } else {
                    let message =
                        format!("no other text of the page has `{word}`, so it is ignored");
                    notes.push(facts, row.line, FindingKind::Contradiction, message);
                }
            }
            compare_words(facts, row, &in_json, notes);
        }
        words
    }

    /// A number that is the only one in the description of at least two texts, while no text has another number.
    fn limit(&self, kind: Kind, collection: bool, notes: &mut Notes) -> Option<u32> {
        if kind != Kind::String && !collection {
            return None;
        }
        let mut numbers = self
            .rows()
            .filter_map(|(facts, row)| Some((facts, row, row.number?)));
        let (facts, row, number) = numbers.next()?;
        let (agreeing, others): (Vec<_>, Vec<_>) = numbers.partition(|it| it.2 == number);
        if !others.is_empty() || agreeing.is_empty() {
            let message = format!(
                "the texts of the page do not agree on the limit {number}, so it is ignored"
            );
            notes.push(facts, row.line, FindingKind::Contradiction, message);
            return None;
        }
        Some(number)
    }
}

/// Reports words that only the JSON or only a table lists.
fn compare_words(facts: &Facts, row: &TableRow, in_json: &[String], notes: &mut Notes) {
    if in_json.is_empty() {
        return;
    }
    let missing = in_json.iter().filter(|word| !row.words.contains(word));
    let added = row.words.iter().filter(|word| !in_json.contains(word));
    for (words, verb) in [
        (missing.cloned().collect::<Vec<_>>(), "lacks"),
        (added.cloned().collect(), "adds"),
    ] {
        if !words.is_empty() {
            let words = words.join(", ");
            let message = format!("the table {verb} words of the JSON: {words}");
            notes.push(facts, row.line, FindingKind::Contradiction, message);
        }
    }
}
