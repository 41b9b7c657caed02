//! Merged examples of one kind of message in a page.
//!
//! A [`Shape`] has the properties that every example has, the JSON types of each place, and the
//! printed `@odata.type`s. The collection and the single entity under `resourceData` are merged too.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use jiff::civil::Date;
use serde_json::{Map, Value};

/// A JSON type. All numbers have one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum JsonType {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    pub(crate) const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// The word in reports.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// Merged examples of one place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    /// The number of examples with a value other than null.
    shown: usize,
    types: BTreeSet<JsonType>,
    sample: Option<Value>,
    properties: IndexMap<String, Shape>,
    items: Option<Box<Shape>>,
    only_times: bool,
    odata_types: BTreeSet<String>,
}

impl Shape {
    /// Merges an example. Null counts as absent.
    pub(crate) fn add(&mut self, example: &Value) {
        if example.is_null() {
            return;
        }
        self.only_times = (self.shown == 0 || self.only_times) && is_time(example);
        self.shown += 1;
        self.types.insert(JsonType::of(example));
        self.sample.get_or_insert_with(|| example.clone());
        match example {
            Value::Object(properties) => {
                for (name, value) in properties {
                    let shape = self
                        .properties
                        .entry(canonical(name).to_owned())
                        .or_default();
                    if name == "@odata.type" {
                        shape
                            .odata_types
                            .extend(value.as_str().map(|it| bare_type(it).to_owned()));
                    }
                    if canonical(name) == "resourceData" {
                        shape.add_entities(value);
                    } else {
                        shape.add(value);
                    }
                }
            }
            Value::Array(items) => {
                let shape = self.items.get_or_insert_default();
                for item in items {
                    shape.add(item);
                }
            }
            _ => {}
        }
    }

    /// Merges an entity or a collection of entities; both types are allowed.
    fn add_entities(&mut self, value: &Value) {
        if value.is_null() {
            return;
        }
        self.shown += 1;
        self.types.extend([JsonType::Array, JsonType::Object]);
        self.sample.get_or_insert_with(|| value.clone());
        let shape = self.items.get_or_insert_default();
        entities(value).for_each(|entity| shape.add(entity));
    }

    /// True if any example has a value.
    pub(crate) const fn is_shown(&self) -> bool {
        self.shown > 0
    }

    /// The JSON types of the examples; empty if all are null.
    pub(crate) const fn types(&self) -> &BTreeSet<JsonType> {
        &self.types
    }

    /// The first value of the examples.
    pub(crate) fn sample(&self) -> Value {
        self.sample.clone().unwrap_or(Value::Null)
    }

    /// The properties of any example; the flag is true if all have it and not as null.
    pub(crate) fn properties(&self) -> impl Iterator<Item = (&str, &Self, bool)> {
        self.properties
            .iter()
            .map(|(name, shape)| (name.as_str(), shape, shape.shown >= self.shown))
    }

    pub(crate) fn items(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// True if every value is a timestamp.
    pub(crate) const fn only_times(&self) -> bool {
        self.only_times
    }

    /// The `@odata.type`s printed here, without `#`.
    pub(crate) const fn odata_types(&self) -> &BTreeSet<String> {
        &self.odata_types
    }
}

/// The members of `resourceData`: an entity is a collection of one.
pub(crate) fn entities(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        other => std::slice::from_ref(other).iter(),
    }
}

/// The canonical name of a property that pages spell in several ways.
///
/// `subcode` is `subCode`; the create and answer pages of other editions write `callbackUri` for
/// `callback` and `acceptedModalities` for `acceptModalities`.
pub(crate) fn canonical(name: &str) -> &str {
    match name {
        "subcode" => "subCode",
        "callbackUri" => "callback",
        "acceptModalities" => "acceptedModalities",
        _ => name,
    }
}

/// The other name of a property that has two.
fn alias(name: &str) -> Option<&'static str> {
    Some(match name {
        "subCode" => "subcode",
        "subcode" => "subCode",
        "callback" => "callbackUri",
        "callbackUri" => "callback",
        "acceptModalities" => "acceptedModalities",
        "acceptedModalities" => "acceptModalities",
        "uri" => "url",
        "url" => "uri",
        _ => return None,
    })
}

/// The value of a property under any of its names. Null counts as absent.
pub(crate) fn lookup<'a>(object: &'a Value, name: &str) -> Option<(&'a str, &'a Value)> {
    let properties = object.as_object()?;
    present(properties, name).or_else(|| present(properties, alias(name)?))
}

/// The number of properties up to which a search is faster than hashing.
const FEW: usize = 16;

/// None if the property is null.
fn present<'a>(properties: &'a Map<String, Value>, name: &str) -> Option<(&'a str, &'a Value)> {
    let found = if properties.len() <= FEW {
        properties.iter().find(|(other, _)| *other == name)
    } else {
        properties.get_key_value(name)
    };
    found
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.as_str(), value))
}

/// Strips the optional `#` of an `@odata.type`.
pub(crate) fn bare_type(printed: &str) -> &str {
    printed.trim_start_matches('#')
}

/// True for a timestamp of RFC 3339: a date, `T`, a time.
pub(crate) fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(is_time_text)
}

/// True for a timestamp of RFC 3339: a date, `T`, a time.
pub(crate) fn is_time_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |at: usize| {
        let [tens, ones] = [bytes.get(at)?, bytes.get(at + 1)?];
        let are_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        are_digits.then(|| (tens - b'0') * 10 + (ones - b'0'))
    };
    matches!(bytes.get(10), Some(b'T' | b't' | b' '))
        && bytes.get(13) == Some(&b':')
        && number(11).is_some_and(|hour| hour < 24)
        && number(14).is_some_and(|minute| minute < 60)
        && bytes[0].is_ascii_digit()
        && text.get(..10).is_some_and(|it| it.parse::<Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(examples: &[Value]) -> Shape {
        let mut shape = Shape::default();
        for example in examples {
            shape.add(example);
        }
        shape
    }

    fn required(shape: &Shape) -> Vec<&str> {
        shape
            .properties()
            .filter(|(_, _, required)| *required)
            .map(|(name, _, _)| name)
            .collect()
    }

    #[test]
    fn required_is_what_every_example_shows_and_not_as_null() {
        let shape = shape(&[
            json!({"id": "1", "status": "a", "resultInfo": null}),
            json!({"id": null, "status": "b", "extra": 1}),
        ]);
        assert_eq!(required(&shape), ["status"]);
    }

    #[test]
    fn an_entity_and_a_collection_lie_over_each_other() {
        let shape = shape(&[
            json!({"resourceData": {"a": 1}}),
            json!({"resourceData": [{"a": 2, "b": 1}, {"a": 3}]}),
        ]);
        let (_, data, _) = shape
            .properties()
            .find(|it| it.0 == "resourceData")
            .unwrap();
        let entity = data.items().unwrap();
        assert_eq!(required(entity), ["a"]);
    }

    #[test]
    fn times_have_a_form() {
        for time in ["2018-09-06T15:58:41Z", "2018-09-06T15:58:41.123+02:00"] {
            assert!(is_time(&json!(time)), "{time}");
        }
        for other in [json!("yesterday"), json!(7), json!("2018-09-06")] {
            assert!(!is_time(&other), "{other}");
        }
    }

    #[test]
    fn names_of_one_property_are_one() {
        let body = json!({"subcode": 1, "callbackUri": null});
        assert_eq!(lookup(&body, "subCode"), Some(("subcode", &json!(1))));
        assert_eq!(lookup(&body, "callback"), None);
    }
}
