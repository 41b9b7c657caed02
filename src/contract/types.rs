//! Resource types, looked up by name. The extracted types of both API versions are merged, because recordings mix the
//! versions: a property is known if one version prints it, and may have the kinds and words of both versions.
//!
//! Names ignore case.

use std::sync::OnceLock;

use foldhash::HashMap;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::extracted::{Operation, Property, extracted};
use super::tables::tables;

/// The properties of a type or of a request body, by canonical name.
pub(crate) type Properties = HashMap<String, Vec<&'static Property>>;

#[derive(Debug, Default)]
struct Type {
    name: &'static str,
    base: Option<&'static str>,
    properties: Properties,
}

/// The table of types that may replace a documented type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall kinds of types")]
#[expect(
    clippy::struct_field_names,
    reason = "the key of the table in the file"
)]
pub(crate) struct Kinds {
    /// The address of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema", default)]
    #[expect(dead_code, reason = "editors read it")]
    schema: Option<String>,
    /// The types that may replace a documented type, by the name of that type.
    kinds: IndexMap<String, Vec<String>>,
    /// The types that name a person. Their `identity` has a kind, such as `user`, with an id.
    #[serde(default)]
    people: Vec<String>,
    /// The numbers that examples print as a text of digits, by the name of their type.
    #[serde(rename = "numbers-as-text", default)]
    numbers_as_text: IndexMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Index {
    /// By name in lower case.
    types: HashMap<String, Type>,
    /// The properties of types with those of their bases, by name: in lower case, and as it is printed.
    properties: HashMap<String, Properties>,
    /// The parameters of requests, by page.
    parameters: HashMap<&'static str, Properties>,
    /// The documented type that each type may replace, both in lower case.
    kinds: HashMap<String, String>,
    people: Vec<String>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let kinds = tables().kinds.kinds.iter().flat_map(|(kind, types)| {
            types
                .iter()
                .map(|name| (name.to_ascii_lowercase(), kind.to_ascii_lowercase()))
        });
        let mut index = Index {
            types: HashMap::default(),
            properties: HashMap::default(),
            parameters: HashMap::default(),
            kinds: kinds.collect(),
            people: tables().kinds.people.clone(),
        };
        for printed in &extracted().types {
            let entry = index
                .types
                .entry(printed.name.to_ascii_lowercase())
                .or_default();
            entry.name = &printed.name;
            entry.base = entry.base.or(printed.base.as_deref());
            add(&mut entry.properties, &printed.properties);
        }
        for operation in &extracted().operations {
            let Operation {
                page, parameters, ..
            } = operation;
            add(index.parameters.entry(page).or_default(), parameters);
        }
        let names = index
            .types
            .iter()
            .map(|(name, it)| [name.as_str(), it.name]);
        let names = names
            .flatten()
            .chain(index.kinds.keys().map(String::as_str));
        let properties = names.map(|name| (name.to_owned(), index.with_bases(name)));
        index.properties = properties.collect();
        index
    })
}

impl Index {
    /// The type that a type is a kind of.
    fn base(&self, name: &str) -> Option<String> {
        let base = self.types.get(name).and_then(|it| it.base);
        base.map(str::to_ascii_lowercase)
            .or_else(|| self.kinds.get(name).cloned())
    }

    /// The properties of a type and of its bases.
    fn with_bases(&self, name: &str) -> Properties {
        let mut all = Properties::default();
        let mut next = Some(name.to_ascii_lowercase());
        for _ in 0..MOST_BASES {
            let Some(name) = next else { break };
            let own = self.types.get(&name).map(|it| &it.properties);
            for (property, listed) in own.into_iter().flatten() {
                all.entry(property.clone()).or_default().extend(listed);
            }
            next = self.base(&name);
        }
        all
    }
}

fn add(properties: &mut Properties, printed: &'static [Property]) {
    for property in printed {
        let name = super::shape::canonical(&property.name).to_owned();
        properties.entry(name).or_default().push(property);
    }
}

/// The documented properties of a type and of its bases.
pub(crate) fn properties(name: &str) -> Option<&'static Properties> {
    let all = &index().properties;
    all.get(name)
        .or_else(|| all.get(&name.to_ascii_lowercase()))
}

/// The documented variants of a property; empty if no page lists it.
pub(crate) fn variants(
    properties: Option<&'static Properties>,
    property: &str,
) -> &'static [&'static Property] {
    let listed = properties.and_then(|it| it.get(super::shape::canonical(property)));
    listed.map_or(&[], Vec::as_slice)
}

/// The longest chain of bases that is followed.
const MOST_BASES: usize = 8;

/// The parameters that the pages of an operation list.
pub(crate) fn parameter(pages: &[String], name: &str) -> Vec<&'static Property> {
    let name = super::shape::canonical(name);
    let listed = pages
        .iter()
        .filter_map(|page| index().parameters.get(page.as_str())?.get(name));
    listed.flatten().copied().collect()
}

/// True if a page documents a type of that name.
pub(crate) fn is_known(name: &str) -> bool {
    let index = index();
    index.properties.contains_key(name) || {
        let name = name.to_ascii_lowercase();
        index.properties.contains_key(&name) || index.kinds.values().any(|it| *it == name)
    }
}

/// True if an object of this type names a person.
pub(crate) fn is_person(name: &str) -> bool {
    index()
        .people
        .iter()
        .any(|it| it.eq_ignore_ascii_case(name))
}

/// True if an example prints this number of a type as a text.
pub(crate) fn may_be_text(name: &str, property: &str) -> bool {
    let mut texts = tables().kinds.numbers_as_text.iter();
    texts.any(|(ty, numbers)| {
        let property = super::shape::canonical(property);
        ty.eq_ignore_ascii_case(name) && numbers.iter().any(|it| it == property)
    })
}

/// True if a type may replace a documented one: both are the same, or one is a kind of the other.
pub(crate) fn may_stand_for(actual: &str, documented: &str) -> bool {
    actual == documented || is_kind_of(actual, documented) || is_kind_of(documented, actual)
}

/// True if a type is a documented one, or derived from it.
pub(crate) fn is_kind_of(actual: &str, documented: &str) -> bool {
    let mut next = Some(actual.to_ascii_lowercase());
    for _ in 0..MOST_BASES {
        let Some(name) = next else { break };
        if name.eq_ignore_ascii_case(documented) {
            return true;
        }
        next = index().base(&name);
    }
    false
}

/// The names of the types that are directly derived from a type.
pub(crate) fn derived(name: &str) -> impl Iterator<Item = &'static str> {
    let index = index();
    let types = index.types.iter().map(|(name, it)| (name, it.base));
    let types = types.chain(
        index
            .kinds
            .iter()
            .map(|(name, kind)| (name, Some(kind.as_str()))),
    );
    types
        .filter(move |(_, base)| base.is_some_and(|it| it.eq_ignore_ascii_case(name)))
        .map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_stands_for_its_kind() {
        for (actual, documented, may) in [
            ("appHostedMediaConfig", "mediaConfig", true),
            ("mediaConfig", "servicehostedmediaconfig", true),
            ("call", "participant", false),
            ("inviteParticipantsOperation", "commsOperation", true),
        ] {
            assert_eq!(
                may_stand_for(actual, documented),
                may,
                "{actual} {documented}"
            );
        }
    }
}
