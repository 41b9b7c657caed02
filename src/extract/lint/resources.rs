//! Compares examples with the resource pages: names, words, JSON types and resource types.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::extracted::{Extracted, Kind, Property, ResourceType};
use crate::diagnostic::pointer::{Path, Pointer};

use super::super::contract::cell;
use super::super::json::property;
use super::super::message::Message;
use super::super::remark::{PageRule, Remark};
use super::super::variables::is_placeholder;
use super::rules;
use super::view::BodyLines;

/// A JSON object in an example.
#[derive(Debug)]
pub(super) struct Object {
    /// The name of its type, without the namespace, if it is printed.
    of: Option<String>,
    /// Its properties, but for those whose names have `@`.
    properties: Vec<Member>,
}

/// A property of an object.
#[derive(Debug)]
struct Member {
    name: String,
    /// Counted from 1.
    line: usize,
    value: Shape,
}

/// What is known of the value of a property.
#[derive(Debug)]
enum Shape {
    Null,
    Text(String),
    Boolean,
    Number,
    Object(Object),
    List(Vec<Shape>),
}

/// The bodies of the messages of a page.
pub(super) fn bodies(messages: &[Message<'_>]) -> Vec<Object> {
    let own = messages.iter().filter(|it| !it.is_foreign);
    let bodies = own.filter_map(|message| {
        let body = message.body.json().filter(|it| it.is_object())?;
        let root = Pointer::root();
        match shape(body, &Path::At(&root), &BodyLines::of(message)) {
            Shape::Object(object) => Some(object),
            _ => None,
        }
    });
    bodies.collect()
}

/// The value at a place of a body.
fn shape(value: &Value, at: &Path<'_>, lines: &BodyLines<'_>) -> Shape {
    match value {
        Value::Null => Shape::Null,
        Value::Bool(_) => Shape::Boolean,
        Value::Number(_) => Shape::Number,
        Value::String(text) => Shape::Text(text.clone()),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let shapes = items.map(|(index, it)| shape(it, &Path::Index(at, index), lines));
            Shape::List(shapes.collect())
        }
        Value::Object(properties) => {
            let members = properties.iter().filter(|(name, _)| !name.contains('@'));
            let of = property(value, "@odata.type").as_str();
            Shape::Object(Object {
                of: of.map(|name| cell::bare_type(name).to_owned()),
                properties: members
                    .map(|(name, value)| Member {
                        name: name.clone(),
                        line: lines.at(&Path::Key(at, name).pointer()),
                        value: shape(value, &Path::Key(at, name), lines),
                    })
                    .collect(),
            })
        }
    }
}

/// The resource types, by API version and by name in lower case.
pub(super) struct Types<'c> {
    by_name: BTreeMap<(&'c str, String), &'c ResourceType>,
}

impl<'c> Types<'c> {
    pub(super) fn of(contract: &'c Extracted) -> Self {
        let types = contract.types.iter();
        Self {
            by_name: types
                .map(|it| ((it.api.as_str(), it.name.to_lowercase()), it))
                .collect(),
        }
    }

    fn named(&self, api: &'c str, name: &str) -> Option<&'c ResourceType> {
        self.by_name.get(&(api, name.to_lowercase())).copied()
    }

    /// The type and its bases, the nearest first.
    fn lineage(&self, of: &'c ResourceType) -> impl Iterator<Item = &'c ResourceType> {
        let next = move |it: &&'c ResourceType| self.named(&it.api, it.base.as_deref()?);
        // Pages could print bases that form a cycle.
        std::iter::successors(Some(of), next).take(self.by_name.len())
    }

    /// A property of a type or its bases, and the type that lists it.
    fn listed(&self, of: &'c ResourceType, name: &str) -> Option<(&'c ResourceType, &'c Property)> {
        self.lineage(of).find_map(|it| {
            let mut listed = it.properties.iter();
            let listed = listed.find(|it| it.name.eq_ignore_ascii_case(name))?;
            Some((it, listed))
        })
    }

    fn is_same_or_derived(&self, of: &'c ResourceType, base: &str) -> bool {
        self.lineage(of)
            .any(|it| it.name.eq_ignore_ascii_case(base))
    }
}

/// Compares the bodies on a page with the resource pages of its API version. `locale` is that of the page; a remark
/// names a resource page of that locale if there is one.
pub(super) fn compare(
    file: &str,
    [api, locale]: [&str; 2],
    bodies: &[Object],
    types: &Types<'_>,
) -> Vec<Remark> {
    let mut comparison = Comparison {
        file,
        locale,
        types,
        found: Vec::new(),
    };
    let mut keys = types.by_name.keys().map(|(it, _)| *it);
    if let Some(api) = keys.find(|it| *it == api) {
        for body in bodies {
            comparison.object(body, api, None);
        }
    }
    comparison.found
}

struct Comparison<'p, 'c> {
    file: &'p str,
    locale: &'p str,
    types: &'p Types<'c>,
    found: Vec<Remark>,
}

impl<'c> Comparison<'_, 'c> {
    /// `declared` is the type that the resource page of the enclosing object gives.
    fn object(&mut self, object: &Object, api: &'c str, declared: Option<&str>) {
        let printed = object.of.as_deref().or(declared);
        let of = printed.and_then(|name| self.types.named(api, name));
        for member in &object.properties {
            let listed = of.and_then(|of| self.types.listed(of, &member.name));
            if let Some((of, listed)) = listed {
                let comparing = Comparing {
                    file: self.file,
                    locale: self.locale,
                    of,
                    listed,
                    member,
                };
                self.found.extend(comparing.name());
                self.found.extend(comparing.value(self.types));
            }
            let declared = listed.and_then(|(_, listed)| listed.resource.as_deref());
            self.inside(&member.value, api, declared);
        }
    }

    fn inside(&mut self, value: &Shape, api: &'c str, declared: Option<&str>) {
        match value {
            Shape::Object(object) => self.object(object, api, declared),
            Shape::List(items) => items.iter().for_each(|it| self.inside(it, api, declared)),
            _ => {}
        }
    }
}

/// A property in an example, and the same property on a resource page.
struct Comparing<'p, 'c> {
    file: &'p str,
    locale: &'p str,
    of: &'c ResourceType,
    listed: &'c Property,
    member: &'p Member,
}

impl<'c> Comparing<'_, 'c> {
    fn remark(&self, rule: &'static PageRule, message: String) -> Remark {
        let remark = Remark::new(rule, self.file, self.member.line, message);
        let sources = self.of.sources.iter().zip(&self.listed.lines);
        let mut lines: Vec<_> = sources
            .filter_map(|(it, line)| Some((it, (*line)?)))
            .collect();
        // The newest of the locale.
        lines.sort_by_key(|(it, _)| (it.locale == self.locale, it.edition.as_str()));
        match lines.last() {
            Some((source, line)) => remark.beside(&source.file, *line),
            None => remark,
        }
    }

    fn name(&self) -> Option<Remark> {
        let (shown, listed) = (&self.member.name, &self.listed.name);
        let message = format!("`{shown}` is `{listed}` on the page of {}", self.of.name);
        (shown != listed).then(|| self.remark(&rules::PROPERTY_CASE, message))
    }

    fn value(&self, types: &Types<'c>) -> Option<Remark> {
        let (name, of) = (&self.listed.name, &self.of.name);
        match (&self.member.value, self.listed.collection) {
            (Shape::Null, _) => None,
            (Shape::List(items), true) => items.iter().find_map(|it| self.single(it, types)),
            (value, false) if !matches!(value, Shape::List(_)) => self.single(value, types),
            (Shape::Text(text), true) if is_free(text) => None,
            (_, is_collection) => {
                let (shown, listed) = if is_collection {
                    ("a single value", "a collection")
                } else {
                    ("a collection", "a single value")
                };
                let message =
                    format!("`{name}` of {of} is {shown} here, but {listed} on the resource page");
                Some(self.remark(&rules::KIND_DIFFERS, message))
            }
        }
    }

    fn single(&self, value: &Shape, types: &Types<'c>) -> Option<Remark> {
        let (name, of) = (&self.listed.name, &self.of.name);
        let kind = match value {
            Shape::Text(text) if is_free(text) => return None,
            Shape::Text(_) => Kind::String,
            Shape::Boolean => Kind::Boolean,
            Shape::Number => Kind::Number,
            Shape::Object(_) => Kind::Object,
            Shape::Null | Shape::List(_) => return None,
        };
        if kind != self.listed.kind {
            let said = |kind: Kind| format!("{kind:?}").to_lowercase();
            let (kind, listed) = (said(kind), said(self.listed.kind));
            let message = format!(
                "`{name}` of {of} is of type {kind} here, but {listed} on the resource page"
            );
            return Some(self.remark(&rules::KIND_DIFFERS, message));
        }
        match value {
            Shape::Text(word) => {
                let words = &self.listed.words;
                let is_listed = words.iter().any(|it| it.eq_ignore_ascii_case(word));
                let message = format!("`{word}` is not a listed word of `{name}` of {of}");
                (!words.is_empty() && !is_listed)
                    .then(|| self.remark(&rules::WORD_UNLISTED, message))
            }
            Shape::Object(object) => {
                let shown = object.of.as_deref()?;
                let listed = self.listed.resource.as_deref()?;
                let known = types.named(&self.of.api, shown);
                let fits = known.map_or(shown.eq_ignore_ascii_case(listed), |it| {
                    types.is_same_or_derived(it, listed)
                });
                let message =
                    format!("`{name}` of {of} is {shown} here, but {listed} on the resource page");
                // A type without a page may be derived from any.
                (!fits && known.is_some()).then(|| self.remark(&rules::TYPE_DIFFERS, message))
            }
            _ => None,
        }
    }
}

/// True for a text that stands for others: a placeholder, a list of words, the name of a type.
fn is_free(text: &str) -> bool {
    text.is_empty()
        || is_placeholder(text)
        || text.contains(['|', '{', '<'])
        || cell::primitive(text).is_some()
}
