//! Merges the facts of all pages: one operation or type for all texts of one page and API version.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::extracted::{
    Answer, Extracted, Operation, Origin, ResourceType, Source, VERSION,
};

use super::super::inventory::FindingKind;
use super::base;
use super::operation::{AnswerType, OperationFacts};
use super::printed;
use super::property;
use super::property::{Json, Text};
use super::resource::ResourceFacts;
use super::{Content, Facts, Notes};

/// API version, and the page or type in lower case.
pub(super) type Key = (String, String);

/// The texts of the page of one type, the newest last.
pub(super) type Texts<'a> = Vec<(&'a Facts, &'a ResourceFacts)>;

pub(super) fn merge(mut facts: Vec<Facts>, notes: &mut Notes) -> Extracted {
    facts.sort_by(|a, b| {
        let key = |facts: &Facts| {
            let source = &facts.source;
            (
                source.edition.clone(),
                source.locale.clone(),
                source.file.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    let mut operations: BTreeMap<Key, Vec<(&Facts, &OperationFacts)>> = BTreeMap::new();
    let mut resources: BTreeMap<Key, Texts<'_>> = BTreeMap::new();
    for facts in &facts {
        match &facts.content {
            Content::Operation(operation) => {
                let key = (facts.api.clone(), facts.page.clone());
                operations.entry(key).or_default().push((facts, operation));
            }
            Content::Resource(resource) => {
                let key = (facts.api.clone(), resource.name.to_lowercase());
                resources.entry(key).or_default().push((facts, resource));
            }
        }
    }
    let types = Types::of(&resources);
    Extracted {
        schema: None,
        version: VERSION,
        operations: operations
            .iter()
            .map(|(key, texts)| operation(key, texts, &types, notes))
            .collect(),
        types: resources
            .iter()
            .map(|(key, texts)| resource_type(key, texts, &types, notes))
            .collect(),
    }
}

fn sources<T>(texts: &[(&Facts, T)]) -> Vec<Source> {
    let sources = texts.iter().map(|(facts, _)| facts.source.clone());
    sources.collect()
}

fn operation(
    (api, page): &Key,
    texts: &[(&Facts, &OperationFacts)],
    types: &Types,
    notes: &mut Notes,
) -> Operation {
    let (_, operation) = texts[texts.len() - 1];
    let mut paths: Vec<String> = Vec::new();
    for (facts, other) in texts.iter().rev() {
        if other.method != operation.method {
            let message = format!(
                "the method is {}, but {} in the newest text",
                other.method, operation.method
            );
            notes.push(facts, other.line, FindingKind::Contradiction, message);
        }
        for path in &other.paths {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
    }
    let mut printed = Vec::new();
    for (facts, operation) in texts {
        compare_answers(facts, operation, notes);
        let (members, rows) = (operation.members.clone(), operation.rows.clone());
        printed.push(Text {
            facts,
            printed: printed::pair(facts, members, rows, notes),
        });
    }
    let has_table = texts
        .iter()
        .any(|(_, operation)| !operation.rows.is_empty());
    let body = (!has_table).then(|| {
        let pages = texts.iter().flat_map(|(_, operation)| &operation.body);
        let linked: BTreeSet<_> = pages.filter_map(|page| types.of_page(api, page)).collect();
        linked.first().filter(|_| linked.len() == 1).copied()
    });
    Operation {
        page: page.clone(),
        api: api.clone(),
        method: operation.method.clone(),
        paths,
        body: body.flatten().map(str::to_owned),
        parameters: property::merge(&printed, Json::Example, types, notes),
        answers: answers(api, texts, types),
        sources: sources(texts),
    }
}

/// Reports statuses of examples that the prose of the same text does not have.
fn compare_answers(facts: &Facts, operation: &OperationFacts, notes: &mut Notes) {
    let of = |origin: Origin| {
        let answers = operation.answers.iter();
        answers.filter(move |answer| answer.of.origin() == origin)
    };
    let in_prose: BTreeSet<_> = of(Origin::Prose).map(|answer| answer.status).collect();
    let Some(first) = in_prose.first() else {
        return;
    };
    for answer in of(Origin::Example).filter(|it| !in_prose.contains(&it.status)) {
        let message = format!(
            "the status is {} in the example, but {first} in the prose",
            answer.status
        );
        notes.push(facts, answer.line, FindingKind::Contradiction, message);
    }
}

/// Every answer of any text. An answer without a type is left out if another text has its type.
fn answers(api: &str, texts: &[(&Facts, &OperationFacts)], types: &Types) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for facts in texts.iter().flat_map(|(_, operation)| &operation.answers) {
        let resource = match &facts.of {
            AnswerType::Named(name) => name
                .as_deref()
                .map(|name| types.named(api, name).unwrap_or(name)),
            AnswerType::Linked(pages) => {
                let pages = pages.iter().filter_map(|page| types.of_page(api, page));
                let linked: BTreeSet<_> = pages.collect();
                linked.first().filter(|_| linked.len() == 1).copied()
            }
        };
        let answer = Answer {
            status: facts.status,
            resource: resource.map(str::to_owned),
            collection: facts.collection,
            from: facts.of.origin(),
        };
        if !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    // Prose does not show whether the body is a collection.
    let collections: Vec<_> = answers.iter().filter(|it| it.collection).cloned().collect();
    for answer in &mut answers {
        answer.collection |= collections
            .iter()
            .any(|it| it.status == answer.status && it.resource == answer.resource);
    }
    let with_type: BTreeSet<_> = answers
        .iter()
        .filter(|answer| answer.resource.is_some())
        .map(|answer| (answer.from, answer.status))
        .collect();
    answers.retain(|it| it.resource.is_some() || !with_type.contains(&(it.from, it.status)));
    answers.sort_by(|a, b| {
        let key = |answer: &Answer| (answer.status, answer.from, answer.resource.clone());
        key(a).cmp(&key(b))
    });
    answers
}

fn resource_type(
    (api, _): &Key,
    texts: &[(&Facts, &ResourceFacts)],
    types: &Types,
    notes: &mut Notes,
) -> ResourceType {
    let (_, newest) = texts[texts.len() - 1];
    let mut printed = Vec::new();
    for (facts, resource) in texts {
        let (members, rows) = (resource.members.clone(), resource.rows.clone());
        printed.push(Text {
            facts,
            printed: printed::pair(facts, members, rows, notes),
        });
    }
    ResourceType {
        name: newest.name.clone(),
        api: api.clone(),
        base: types.base(api, &newest.name).map(str::to_owned),
        open: texts.iter().any(|(_, resource)| resource.open),
        properties: property::merge(&printed, Json::Template, types, notes),
        sources: sources(texts),
    }
}

/// The resource types that pages describe.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// Names by page.
    pages: BTreeMap<Key, String>,
    /// Names by name in lower case.
    names: BTreeMap<Key, String>,
    /// Base types by name in lower case.
    bases: BTreeMap<Key, String>,
}

impl Types {
    fn of(resources: &BTreeMap<Key, Texts<'_>>) -> Self {
        let mut types = Self::default();
        for (key, texts) in resources {
            for (facts, resource) in texts {
                types.names.insert(key.clone(), resource.name.clone());
                let page = (facts.api.clone(), facts.page.clone());
                types.pages.insert(page, resource.name.clone());
            }
        }
        types.bases = base::bases(resources, &types);
        types
    }

    /// The type that a page describes.
    pub(super) fn of_page(&self, api: &str, page: &str) -> Option<&str> {
        self.pages.get(&key(api, page)).map(String::as_str)
    }

    /// The type of that name, in the spelling of its page.
    pub(super) fn named(&self, api: &str, name: &str) -> Option<&str> {
        self.names.get(&key(api, name)).map(String::as_str)
    }

    fn base(&self, api: &str, name: &str) -> Option<&str> {
        self.bases.get(&key(api, name)).map(String::as_str)
    }

    /// The type and its bases, the nearest first.
    fn lineage<'a>(&'a self, api: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
        // Bases form no cycle, but pages could print one.
        let next = move |name: &&'a str| self.base(api, name);
        std::iter::successors(Some(name), next).take(self.names.len())
    }

    pub(super) fn is_same_or_derived(&self, api: &str, name: &str, base: &str) -> bool {
        self.lineage(api, name)
            .any(|it| it.eq_ignore_ascii_case(base))
    }

    /// The nearest type that all of them are or derive from.
    pub(super) fn common_base(&self, api: &str, names: &[&str]) -> Option<&str> {
        let (first, others) = names.split_first()?;
        let is_common = |base: &&str| {
            let mut others = others.iter();
            others.all(|name| self.is_same_or_derived(api, name, base))
        };
        let found = self.lineage(api, first).find(is_common)?;
        self.named(api, found)
    }
}

pub(super) fn key(api: &str, name: &str) -> Key {
    (api.to_owned(), name.to_lowercase())
}
