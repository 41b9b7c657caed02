//! The properties of the bodies in a page's examples: for each kind of message, the properties with their number and
//! type.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource;

use super::super::contract::cell;
use super::super::people;
use super::super::text;
use super::super::variables::is_placeholder;
use super::scenario;

/// The objects and properties of one body, or of several bodies of one kind. A place is a path of names such as
/// `participants[].identity.*.id`; `*` stands for a kind of person with an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// How many objects there are at each place. The place of the whole body is empty.
    objects: BTreeMap<String, usize>,
    pub(super) properties: BTreeMap<String, Seen>,
}

/// The values of a property in all objects that have it.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    count: usize,
    pub(super) types: BTreeSet<JsonType>,
    pub(super) forms: BTreeSet<Form>,
    /// True if each value is the name of a type, such as `string`.
    pub(super) is_placeholder: bool,
    /// Single words of letters, which may be words of the protocol.
    pub(super) words: BTreeSet<String>,
    /// The line of its first place, counted from 1.
    pub(super) line: usize,
}

/// The type of a JSON value. Null has none, because it says nothing about the type of the property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum JsonType {
    Boolean,
    Number,
    String,
    Object,
    Array,
}

/// The form of a text that names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Id,
    Path,
    Url,
}

impl JsonType {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Object => "an object",
            Self::Array => "an array",
        }
    }
}

impl Form {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "an id",
            Self::Path => "a path",
            Self::Url => "a URL",
        }
    }
}

impl Seen {
    /// True if no text shows a value other than null.
    pub(super) fn is_null(&self) -> bool {
        self.types.is_empty()
    }
}

impl Shape {
    /// True if every object at its place has the property.
    pub(super) fn always_has(&self, path: &str) -> bool {
        let objects = self.objects.get(parent(path)).copied().unwrap_or_default();
        let seen = self.properties.get(path);
        seen.is_some_and(|seen| objects > 0 && seen.count >= objects)
    }

    /// True if there is an object that the property could be in.
    pub(super) fn has_place_of(&self, path: &str) -> bool {
        self.objects.contains_key(parent(path))
    }

    /// The line of the object that a property would be in, else the line of the message.
    pub(super) fn line_around(&self, path: &str, message: usize) -> usize {
        let object = parent(path).trim_end_matches("[]");
        self.properties.get(object).map_or(message, |it| it.line)
    }

    /// The common part of the properties of two bodies, in thousandths.
    pub(super) fn likeness(&self, other: &Self) -> u32 {
        scenario::overlap(self.properties.keys(), other.properties.keys())
    }

    /// The shape of a body without properties.
    pub(super) fn of_nothing() -> Self {
        let mut shape = Self::default();
        shape.open("");
        shape
    }

    pub(super) fn is_empty(&self) -> bool {
        self.properties.is_empty()
    }

    fn open(&mut self, path: &str) {
        match self.objects.get_mut(path) {
            Some(count) => *count += 1,
            None => drop(self.objects.insert(path.to_owned(), 1)),
        }
    }

    /// Adds the objects of another body.
    pub(super) fn add(&mut self, other: &Self) {
        for (path, count) in &other.objects {
            *self.objects.entry(path.clone()).or_default() += count;
        }
        for (path, seen) in &other.properties {
            let Some(known) = self.properties.get_mut(path) else {
                self.properties.insert(path.clone(), seen.clone());
                continue;
            };
            known.count += seen.count;
            known.is_placeholder &= seen.is_placeholder;
            known.types.extend(&seen.types);
            known.forms.extend(&seen.forms);
            known.words.extend(seen.words.iter().cloned());
        }
    }
}

/// The place of the object that a property is in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, name)| {
        // The names of annotations have a dot: `@odata.type`.
        match parent.rsplit_once('.') {
            _ if parent == "@odata" => "",
            Some((before, "@odata")) if !name.is_empty() => before,
            _ => parent,
        }
    })
}

/// True for the property of an identity whose name is the kind of the person.
pub(super) fn is_kind_of_person(object: &str, name: &str) -> bool {
    let is_in_set = object == "identity" || object.ends_with(".identity");
    people::kind_of(name, is_in_set).is_some() && !name.starts_with('@')
}

/// Collects the properties of values that a code block prints one after the other.
pub(super) struct Collector<'t> {
    text: &'t str,
    /// The place in the text behind the last name.
    at: usize,
    /// The line of that place, counted from 1.
    line: usize,
}

impl<'t> Collector<'t> {
    /// `text` is the content of a code block, and `line` the number of its first line.
    pub(super) const fn new(text: &'t str, line: usize) -> Self {
        Self { text, at: 0, line }
    }

    /// Adds the properties of a value to a shape.
    pub(super) fn collect(&mut self, value: &Value, path: &str, shape: &mut Shape) {
        match value {
            Value::Array(items) => {
                for item in items {
                    self.collect(item, path, shape);
                }
            }
            Value::Object(members) => {
                shape.open(path);
                for (name, value) in members {
                    self.find(name);
                    self.member(name, value, path, shape);
                }
            }
            _ => {}
        }
    }

    /// Adds the properties of a notification to a shape, apart from those of the data: `data` collects these for each
    /// entry, once.
    pub(super) fn collect_around(
        &mut self,
        notification: &Value,
        shape: &mut Shape,
        data: &mut impl FnMut(&Value, &mut Self),
    ) {
        shape.open("");
        for (name, value) in notification.as_object().into_iter().flatten() {
            self.find(name);
            let Some(entries) = value.as_array().filter(|_| name == "value") else {
                self.member(name, value, "", shape);
                continue;
            };
            self.see("value", "value", value, shape);
            for entry in entries {
                shape.open("value[]");
                let mut has_data = false;
                for (name, value) in entry.as_object().into_iter().flatten() {
                    self.find(name);
                    if name == "resourceData" {
                        self.see("value[].resourceData", name, value, shape);
                        data(entry, self);
                        has_data = true;
                    } else {
                        self.member(name, value, "value[]", shape);
                    }
                }
                // Its resource still says what it is about.
                if !has_data {
                    data(entry, self);
                }
            }
        }
    }

    fn member(&mut self, name: &str, value: &Value, path: &str, shape: &mut Shape) {
        let is_person = is_kind_of_person(path, name);
        if is_person && value.is_null() {
            return;
        }
        // Other kinds, such as phones, have fewer properties.
        let has_account = matches!(name, "user" | "application" | "applicationInstance");
        let name = if is_person && has_account && value.is_object() {
            "*"
        } else {
            name
        };
        let mut path = match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        self.see(&path, name, value, shape);
        if value.is_array() {
            path.push_str("[]");
        }
        self.collect(value, &path, shape);
    }

    fn see(&self, path: &str, name: &str, value: &Value, shape: &mut Shape) {
        if !shape.properties.contains_key(path) {
            let line = self.line;
            let seen = Seen {
                line,
                is_placeholder: true,
                ..Seen::default()
            };
            shape.properties.insert(path.to_owned(), seen);
        }
        if let Some(seen) = shape.properties.get_mut(path) {
            seen.add(name, value);
        }
    }

    /// Moves behind the next occurrence of a name. Callers pass the names in the order of the text.
    fn find(&mut self, name: &str) {
        let rest = &self.text[self.at..];
        let mut from = 0;
        while let Some(found) = memchr::memmem::find(&rest.as_bytes()[from..], name.as_bytes()) {
            let start = from + found;
            let end = start + name.len();
            let is_name = rest[..start].ends_with('"')
                && !rest[..start].ends_with("\\\"")
                && rest[end..]
                    .strip_prefix('"')
                    .is_some_and(|behind| behind.trim_start().starts_with(':'));
            if is_name {
                self.line += text::newlines(&rest[..end]);
                self.at += end;
                return;
            }
            from = start + rest[start..].chars().next().map_or(1, char::len_utf8);
        }
    }
}

impl Seen {
    fn add(&mut self, name: &str, value: &Value) {
        self.count += 1;
        self.is_placeholder &= value.as_str().and_then(cell::primitive).is_some();
        match value {
            Value::Null => {}
            Value::Bool(_) => drop(self.types.insert(JsonType::Boolean)),
            Value::Number(_) => drop(self.types.insert(JsonType::Number)),
            Value::Object(_) => drop(self.types.insert(JsonType::Object)),
            Value::Array(_) => drop(self.types.insert(JsonType::Array)),
            Value::String(text) => {
                self.types.insert(JsonType::String);
                if name == "@odata.type" {
                    self.words.insert(cell::bare_type(text).to_owned());
                } else if !is_placeholder(text) {
                    self.forms.extend(Form::of(text));
                    let is_word = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic());
                    if is_word && name != "displayName" {
                        self.words.insert(text.clone());
                    }
                }
            }
        }
    }
}

impl Form {
    fn of(text: &str) -> Option<Self> {
        if identifier::is_guid(text) {
            Some(Self::Id)
        } else if resource::behind_scheme(text).is_some() {
            Some(Self::Url)
        } else if text.starts_with('/') && text.len() > 1 {
            Some(Self::Path)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(value: &Value) -> Shape {
        let text = serde_json::to_string_pretty(value).unwrap();
        let mut shape = Shape::default();
        Collector::new(&text, 1).collect(value, "", &mut shape);
        shape
    }

    #[test]
    fn properties_have_place_presence_and_line() {
        let shape = shape(&json!({
            "participants": [
                {"@odata.type": "#microsoft.graph.info", "identity": {"user": {"id": "1"}, "phone": null}},
                {"identity": {"application": {"id": "2", "tenantId": "3"}}},
            ],
            "isMuted": false,
            "status": "Running",
        }));
        let paths: Vec<_> = shape.properties.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "isMuted",
                "participants",
                "participants[].@odata.type",
                "participants[].identity",
                "participants[].identity.*",
                "participants[].identity.*.id",
                "participants[].identity.*.tenantId",
                "status",
            ]
        );
        assert!(shape.always_has("participants[].identity.*.id"));
        assert!(!shape.always_has("participants[].identity.*.tenantId"));
        assert!(!shape.always_has("participants[].@odata.type"));
        assert_eq!(shape.properties["status"].line, 22);
        assert_eq!(
            shape.properties["participants[].identity.*.tenantId"].line,
            16
        );
    }

    #[test]
    fn a_property_is_in_an_object() {
        for (path, object) in [
            ("a", ""),
            ("a.b", "a"),
            ("@odata.type", ""),
            ("a[].@odata.type", "a[]"),
            ("a[].b.c", "a[].b"),
        ] {
            assert_eq!(parent(path), object, "{path}");
        }
    }

    #[test]
    fn the_form_of_a_text_is_known_or_not() {
        let of = |text: &str| Form::of(text).map(Form::as_str);
        assert_eq!(of("57DAB8B1894C409AB240BD8BEAE78896"), Some("an id"));
        assert_eq!(of("/app/calls/1"), Some("a path"));
        assert_eq!(of("https://bot.example"), Some("a URL"));
        assert_eq!(of("running"), None);
    }
}
