//! What goes over the wire, decoded: requests, responses, notifications, headers, bodies.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Header fields in the order of the message, names as they were written.
///
/// Looked up without regard to case (RFC 9110 section 5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field at the end; a field of the same name stays.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The media type of the body: `Content-Type` in lower case without its parameters.
    pub fn media_type(&self) -> Option<String> {
        self.get("content-type").map(media_type)
    }
}

impl From<Vec<(String, String)>> for Headers {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// The media type that a `Content-Type` names: in lower case, without its parameters.
pub fn media_type(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or(content_type);
    essence.trim().to_ascii_lowercase()
}

/// Whether a media type (lower case, no parameters) says that the body is JSON (RFC 6839 3.1).
pub fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// A decoded body: transfer and content coding taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Payload {
    /// No bytes at all.
    #[default]
    Empty,
    /// Well-formed JSON.
    Json(Value),
    /// Text that is no JSON, with what a JSON parser says of it.
    Text {
        /// The text.
        text: String,
        /// Where and why it is no JSON.
        error: String,
    },
    /// Bytes that are no UTF-8 text, or whose content coding is unknown; the number of them.
    Opaque(usize),
}

/// A text without the byte order mark that some clients begin JSON with: readers may pass over it
/// (RFC 8259 section 8.1).
pub fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl Payload {
    /// Reads decoded bytes. JSON is what parses as JSON, whatever the media type says.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.is_empty() {
            return Self::Empty;
        }
        match serde_json::from_slice(bytes) {
            Ok(value) => Self::Json(value),
            Err(error) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text {
                    text: text.to_owned(),
                    error: error.to_string(),
                },
                Err(_) => Self::Opaque(bytes.len()),
            },
        }
    }

    /// The JSON value, where there is one.
    pub const fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }

    /// Whether there is no body.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

/// A request, in either direction: a bot's, or the service's to the bot's callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in upper case as HTTP writes it.
    pub method: String,
    /// The path with its query, or an absolute URL.
    pub target: String,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Payload,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, 100 to 599.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Payload,
}

/// The header fields of a scenario's message: a name to its value. A field that is printed twice
/// keeps its last value.
pub type HeaderFields = IndexMap<String, String>;

/// The body of a scenario's message, as the page shows it. In a file it is plain JSON; text that is
/// no JSON is written as an object whose only property is [`TEXT`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Plain JSON. `{name}` inside a string is the variable of that name.
    Json(Value),
    /// Text that is no JSON, to the letter.
    Text(String),
}

/// The property that holds a body which is no JSON.
pub const TEXT: &str = "$text";

/// How many objects and arrays of a body may stand in each other in a file. Parsers stop at 128, and
/// around a body there are some.
pub(crate) const DEEPEST: usize = 112;

/// Whether a file that holds this JSON as a body can be read again: it is not too deep.
pub fn fits_in_a_file(body: &Value) -> bool {
    is_at_most(DEEPEST, body)
}

fn is_at_most(depth: usize, value: &Value) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|it| is_at_most(depth - 1, it)),
        Value::Object(properties) => {
            depth > 0 && properties.values().all(|it| is_at_most(depth - 1, it))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(to),
            Self::Text(text) => to.collect_map([(TEXT, text)]),
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        Ok(match text_of(&value) {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Json(value),
        })
    }
}

/// The text of a body that is written as an object with it.
fn text_of(value: &Value) -> Option<&str> {
    let properties = value.as_object().filter(|it| it.len() == 1)?;
    properties.get(TEXT)?.as_str()
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Plain JSON; `{name}` inside a string is the variable of that name. \
                            Text that is no JSON is `{\"$text\": …}`."
        })
    }
}

impl Body {
    /// The JSON as a body; none where a file cannot say it: it is too deep, or would be taken for
    /// text.
    pub fn of_json(value: Value) -> Option<Self> {
        let is_text = text_of(&value).is_some();
        (!is_text && fits_in_a_file(&value)).then_some(Self::Json(value))
    }

    /// The JSON value, where there is one.
    pub const fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_without_regard_to_case() {
        let headers = Headers::from_iter([("content-TYPE", "Application/JSON; charset=utf-8")]);
        assert_eq!(headers.get("Content-Type").map(str::len), Some(31));
        assert_eq!(headers.media_type().as_deref(), Some("application/json"));
        assert!(is_json("application/problem+json"));
        assert!(!is_json("text/plain"));
    }

    #[test]
    fn a_body_is_plain_json_or_marked_text() {
        for (text, body) in [
            (r#"{"a":1}"#, Body::Json(serde_json::json!({"a": 1}))),
            (r#"{"$text":"{,}"}"#, Body::Text("{,}".into())),
            (
                r#"{"$text":"x","b":1}"#,
                Body::Json(serde_json::json!({"$text": "x", "b": 1})),
            ),
        ] {
            assert_eq!(serde_json::from_str::<Body>(text).unwrap(), body);
            assert_eq!(serde_json::to_string(&body).unwrap(), text);
        }
    }

    #[test]
    fn what_a_file_cannot_say_is_no_json_body() {
        let nested = |depth: usize| {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            serde_json::from_str::<Value>(&text).unwrap()
        };
        assert!(Body::of_json(nested(DEEPEST)).is_some());
        assert!(Body::of_json(nested(DEEPEST + 1)).is_none());
        assert!(Body::of_json(serde_json::json!({"$text": "x"})).is_none());
        assert!(Body::of_json(serde_json::json!({"$text": 1})).is_some());
    }

    #[test]
    fn bytes_are_json_text_or_opaque() {
        assert!(Payload::from_bytes(b"").is_empty());
        assert!(Payload::from_bytes(b"\xef\xbb\xbf{}").json().is_some());
        assert!(matches!(Payload::from_bytes(b"{,}"), Payload::Text { .. }));
        assert_eq!(Payload::from_bytes(b"\xff\xfe"), Payload::Opaque(2));
    }
}
