//! Resource types, looked up by name: the extracted ones of both API versions, laid over each other.
//!
//! Names compare without case. A property that one version prints is known; its kinds and words are those of all
//! versions, as recordings mix them.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::extracted::{Operation, Property, extracted};

/// The properties of a type or of a request body, by canonical name.
pub(crate) type Properties = HashMap<String, Vec<&'static Property>>;

#[derive(Debug, Default)]
struct Type {
    name: &'static str,
    base: Option<&'static str>,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The types that may stand where a type is documented.
    kinds: HashMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Index {
    /// By name in lower case.
    types: HashMap<String, Type>,
    /// The parameters of requests, by page.
    parameters: HashMap<&'static str, Properties>,
    /// The documented type of each type that is another one, both in lower case.
    kinds: HashMap<String, String>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let table: Table = toml::from_str(include_str!("data/types.toml"))
            .expect("the table of kinds, which a test reads");
        let kinds = table.kinds.iter().flat_map(|(kind, types)| {
            types
                .iter()
                .map(|name| (name.to_ascii_lowercase(), kind.to_ascii_lowercase()))
        });
        let mut index = Index {
            types: HashMap::new(),
            parameters: HashMap::new(),
            kinds: kinds.collect(),
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
        index
    })
}

fn add(properties: &mut Properties, printed: &'static [Property]) {
    for property in printed {
        let name = super::shape::canonical(&property.name).to_owned();
        properties.entry(name).or_default().push(property);
    }
}

/// The documented variants of a property of a type; empty where no page lists it.
pub(crate) fn property(name: &str, property: &str) -> Vec<&'static Property> {
    let property = super::shape::canonical(property);
    let mut found = Vec::new();
    let mut next = Some(name.to_ascii_lowercase());
    for _ in 0..MOST_BASES {
        let Some(name) = next else { break };
        let at = index().types.get(&name);
        if let Some(listed) = at.and_then(|it| it.properties.get(property)) {
            found.extend(listed.iter().copied());
        }
        let base = at.and_then(|it| it.base).map(str::to_ascii_lowercase);
        next = base.or_else(|| index().kinds.get(&name).cloned());
    }
    found
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
    let name = name.to_ascii_lowercase();
    let index = index();
    index.types.contains_key(&name)
        || index.kinds.contains_key(&name)
        || index.kinds.values().any(|it| *it == name)
}

/// True if a type may stand where another is documented: it is the same, one of its kind, or the other way round.
pub(crate) fn may_stand_for(actual: &str, documented: &str) -> bool {
    is_kind_of(actual, documented) || is_kind_of(documented, actual)
}

fn is_kind_of(actual: &str, documented: &str) -> bool {
    let mut next = Some(actual.to_ascii_lowercase());
    for _ in 0..MOST_BASES {
        let Some(name) = next else { break };
        if name.eq_ignore_ascii_case(documented) {
            return true;
        }
        let base = index().types.get(&name).and_then(|it| it.base);
        next = base
            .map(str::to_ascii_lowercase)
            .or_else(|| index().kinds.get(&name).cloned());
    }
    false
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
