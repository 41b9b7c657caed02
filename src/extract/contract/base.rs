//! Base types: printed in an annotation, listed as derived types, inferred from the shape, or known from another version.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Key, Texts, Types, key};

/// Finds the base types of all types.
///
/// Where no page prints it, a type inherits from another if it has all its properties and its name ends in the
/// other's last word, and if either its introduction links to the other, or the other has at least three properties
/// and is the type of some property: only such a type stands for others.
pub(super) fn bases(resources: &BTreeMap<Key, Texts<'_>>, types: &Types) -> BTreeMap<Key, String> {
    let mut bases = BTreeMap::new();
    for (of, texts) in resources {
        for (facts, resource) in texts {
            if let Some(base) = &resource.base {
                let base = types.named(&facts.api, base).unwrap_or(base);
                bases.insert(of.clone(), base.to_owned());
            }
        }
    }
    for texts in resources.values() {
        for (facts, resource) in texts {
            let derived = resource.derived.iter();
            for derived in derived.filter_map(|page| types.of_page(&facts.api, page)) {
                let entry = bases.entry(key(&facts.api, derived));
                entry.or_insert_with(|| resource.name.clone());
            }
        }
    }
    let shapes: BTreeMap<_, _> = resources
        .iter()
        .map(|(of, texts)| (of, Shape::of(texts)))
        .collect();
    let used = used(resources, types);
    for (of, shape) in &shapes {
        let mut others = shapes.iter().filter(|(other, base)| {
            other.0 == of.0
                && other != &of
                && shape.extends(base)
                && (shape.introduces(base) || base.names.len() >= 3 && used.contains(other))
        });
        if let Some((_, base)) = others.next() {
            let entry = bases.entry((*of).clone());
            entry.or_insert_with(|| base.name.to_owned());
        }
    }
    add_those_of_other_versions(&mut bases, resources);
    bases
}

/// A type has the same base in all API versions that have the base.
fn add_those_of_other_versions(
    bases: &mut BTreeMap<Key, String>,
    resources: &BTreeMap<Key, Texts<'_>>,
) {
    for ((_, name), base) in bases.clone() {
        for (api, _) in resources.keys().filter(|(_, other)| *other == name) {
            if resources.contains_key(&key(api, &base)) {
                let entry = bases.entry(key(api, &name));
                entry.or_insert_with(|| base.clone());
            }
        }
    }
}

/// What all texts of a type print together.
struct Shape<'a> {
    name: &'a str,
    names: BTreeSet<&'a str>,
    pages: BTreeSet<&'a str>,
    introduced: BTreeSet<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(texts: &Texts<'a>) -> Self {
        let resources = || texts.iter().map(|(_, resource)| *resource);
        Self {
            name: &texts[texts.len() - 1].1.name,
            names: resources()
                .flat_map(|it| it.members.iter().map(|member| member.name.as_str()))
                .collect(),
            pages: texts.iter().map(|(facts, _)| facts.page.as_str()).collect(),
            introduced: resources()
                .flat_map(|it| it.introduced.iter().map(String::as_str))
                .collect(),
        }
    }

    fn extends(&self, base: &Self) -> bool {
        self.names.is_superset(&base.names) && has_last_word_of(self.name, base.name)
    }

    /// True if this introduction links to the other, and not the other way round.
    fn introduces(&self, base: &Self) -> bool {
        let links = |from: &Self, to: &Self| !from.introduced.is_disjoint(&to.pages);
        links(self, base) && !links(base, self)
    }
}

/// `appHostedMediaConfig` ends in the last word of `mediaConfig`.
fn has_last_word_of(name: &str, other: &str) -> bool {
    let last = other.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
    let last = other[last..].to_ascii_lowercase();
    name.to_ascii_lowercase().ends_with(&last)
}

/// The types of properties.
fn used(resources: &BTreeMap<Key, Texts<'_>>, types: &Types) -> BTreeSet<Key> {
    let mut used = BTreeSet::new();
    for (facts, resource) in resources.values().flatten() {
        let members = resource.members.iter();
        for name in members.filter_map(|member| member.resource.as_deref()) {
            used.insert(key(&facts.api, name));
        }
        let pages = resource.rows.iter().flat_map(|row| &row.of.pages);
        for name in pages.filter_map(|page| types.of_page(&facts.api, page)) {
            used.insert(key(&facts.api, name));
        }
    }
    used
}
