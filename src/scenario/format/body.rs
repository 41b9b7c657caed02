//! The body of a message in a scenario file: plain JSON, or an object whose only property is `$text`.
//! `{name}` inside a string is the variable of that name.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::http::message;
use crate::http::message::Body;

/// None if a scenario file cannot hold the value: it is too deep, or would be parsed as text.
pub(crate) fn json_body(value: Value) -> Option<Body> {
    let is_text = text_of(&value).is_some();
    (!is_text && message::fits_in_a_file(&value)).then_some(Body::Json(value))
}

/// The property of a body that is not JSON.
pub(crate) const TEXT: &str = "$text";

/// Adds every string of a body.
pub(super) fn texts<'a>(value: &'a Value, to: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => to.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, to)),
        Value::Object(properties) => properties.values().for_each(|it| texts(it, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The schema of a body.
pub(super) struct InFile;

impl JsonSchema for InFile {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Plain JSON. `{name}` inside a string is the variable of that name. \
                            A text that is not JSON is written as `{\"$text\": \"…\"}`."
        })
    }
}

pub(super) fn serialize<S: Serializer>(body: &Body, to: S) -> Result<S::Ok, S::Error> {
    match body {
        Body::Empty => to.serialize_none(),
        Body::Json(value) => value.serialize(to),
        Body::Text(text) => to.collect_map([(TEXT, text)]),
        Body::Bytes(_) | Body::Omitted(_) => Err(S::Error::custom(
            "a scenario can only have JSON and text bodies",
        )),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Body, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(match text_of(&value) {
        Some(text) => Body::Text(text.to_owned()),
        None => Body::Json(value),
    })
}

/// `null` is an empty body.
pub(super) fn deserialize_optional<'de, D: Deserializer<'de>>(from: D) -> Result<Body, D::Error> {
    let body = deserialize(from)?;
    Ok(if body == Body::Json(Value::Null) {
        Body::Empty
    } else {
        body
    })
}

/// The text of a body that is written as an object with it.
pub(super) fn text_of(value: &Value) -> Option<&str> {
    let properties = value.as_object().filter(|it| it.len() == 1)?;
    properties.get(TEXT)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_plain_json_or_marked_text() {
        for (text, expected) in [
            (r#"{"a":1}"#, Body::Json(serde_json::json!({"a": 1}))),
            (r#"{"$text":"{,}"}"#, Body::Text("{,}".into())),
            (
                r#"{"$text":"x","b":1}"#,
                Body::Json(serde_json::json!({"$text": "x", "b": 1})),
            ),
        ] {
            let mut from = serde_json::Deserializer::from_str(text);
            assert_eq!(deserialize(&mut from).unwrap(), expected);
            let mut to = serde_json::Serializer::new(Vec::new());
            serialize(&expected, &mut to).unwrap();
            assert_eq!(to.into_inner(), text.as_bytes());
        }
    }

    #[test]
    fn json_that_a_file_cannot_hold_is_no_body() {
        let nested = |depth: usize| {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            serde_json::from_str::<Value>(&text).unwrap()
        };
        assert!(json_body(nested(message::DEEPEST)).is_some());
        assert!(json_body(nested(message::DEEPEST + 1)).is_none());
        assert!(json_body(serde_json::json!({"$text": "x"})).is_none());
        assert!(json_body(serde_json::json!({"$text": 1})).is_some());
    }
}
