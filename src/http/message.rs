//! Messages, decoded: requests, responses, notifications, headers, bodies.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::diagnostic::json;

/// Header fields in the order of the message, names as they were written.
///
/// Looked up without regard to case (RFC 9110 section 5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers(Vec<Field>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    value: String,
    octets: Octets,
}

/// How the text of a field encodes its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Octets {
    #[default]
    Utf8,
    /// Each character is a byte (`obs-text`, RFC 9110 section 5.5): the bytes are no UTF-8.
    Latin1,
}

impl Octets {
    /// The text of these bytes.
    pub(crate) fn read(bytes: &[u8]) -> (Cow<'_, str>, Self) {
        match std::str::from_utf8(bytes) {
            Ok(text) => (text.into(), Self::Utf8),
            Err(_) => (
                bytes.iter().copied().map(char::from).collect(),
                Self::Latin1,
            ),
        }
    }

    /// The bytes of this text. A text that Latin-1 does not have is written in UTF-8.
    pub(crate) fn write(self, text: &str) -> Cow<'_, [u8]> {
        let latin1 = || {
            text.chars()
                .map(u8::try_from)
                .collect::<Result<Vec<u8>, _>>()
        };
        match self {
            Self::Utf8 => text.as_bytes().into(),
            Self::Latin1 => latin1().map_or(text.as_bytes().into(), Cow::Owned),
        }
    }
}

impl Headers {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field at the end; a field of the same name stays.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.push_octets(name, value, Octets::Utf8);
    }

    /// The same for a text that encodes these bytes.
    pub(crate) fn push_octets(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        octets: Octets,
    ) {
        let (name, value) = (name.into(), value.into());
        self.0.push(Field {
            name,
            value,
            octets,
        });
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|it| (it.name.as_str(), it.value.as_str()))
    }

    /// All fields, in order, each value with its bytes.
    pub(crate) fn octets(&self) -> impl Iterator<Item = (&str, Cow<'_, [u8]>)> {
        let fields = self.0.iter();
        fields.map(|it| (it.name.as_str(), it.octets.write(&it.value)))
    }

    /// All fields in order, each with the encoding of its text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str, Octets)> {
        let fields = self.0.iter();
        fields.map(|it| (it.name.as_str(), it.value.as_str(), it.octets))
    }

    /// All fields, in order, to change their values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut String)> {
        self.0
            .iter_mut()
            .map(|it| (it.name.as_str(), &mut it.value))
    }

    /// Keeps the fields whose names this is true for.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&str) -> bool) {
        self.0.retain(|it| is_kept(&it.name));
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The media type of the body: `Content-Type` in lower case without its parameters.
    pub fn media_type(&self) -> Option<String> {
        let content_type = self.get("content-type")?;
        Some(media_type(content_type).into_owned())
    }
}

impl From<Vec<(String, String)>> for Headers {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self::from_iter(fields)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

/// In files, the third text of a field whose bytes are no UTF-8.
pub(crate) const LATIN1: &str = "latin1";

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.octets {
            Octets::Utf8 => (&self.name, &self.value).serialize(to),
            Octets::Latin1 => (&self.name, &self.value, LATIN1).serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name and the value of a field")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Field, A::Error> {
                let mut next = |at| {
                    let text = texts.next_element::<String>()?;
                    text.ok_or_else(|| A::Error::invalid_length(at, &self))
                };
                let (name, value) = (next(0)?, next(1)?);
                let octets = match texts.next_element::<Cow<'_, str>>()?.as_deref() {
                    None => Octets::Utf8,
                    Some(LATIN1) => Octets::Latin1,
                    Some(other) => return Err(A::Error::unknown_variant(other, &[LATIN1])),
                };
                Ok(Field {
                    name,
                    value,
                    octets,
                })
            }
        }
        from.deserialize_seq(Texts)
    }
}

/// A parameter of a field's value, without its quotes (RFC 9110 section 5.6.6).
pub(crate) fn parameter(value: &str, name: &str) -> Option<String> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let parameters = value.split(|c| {
        let is_quote = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_quoted ^= is_quote;
        c == ';' && !is_quoted
    });
    let named = parameters.skip(1).find_map(|parameter| {
        let (other, value) = parameter.split_once('=')?;
        other.trim().eq_ignore_ascii_case(name).then_some(value)
    })?;
    let named = named.trim();
    let quoted = named.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    Some(quoted.map_or_else(|| named.to_owned(), |it| it.replace("\\\"", "\"")))
}

/// True for a token of HTTP: a method, or the name of a field (RFC 9110 section 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    let of_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(of_token)
}

/// The media type that a `Content-Type` names: in lower case, without its parameters.
pub(crate) fn media_type(content_type: &str) -> Cow<'_, str> {
    let parameters = content_type.bytes().position(|it| it == b';');
    let essence = content_type[..parameters.unwrap_or(content_type.len())].trim();
    if essence.bytes().any(|it| it.is_ascii_uppercase()) {
        essence.to_ascii_lowercase().into()
    } else {
        essence.into()
    }
}

/// True if a media type (lower case, no parameters) is one of JSON: `application/json`,
/// `text/json`, or a type that ends with `+json` (RFC 6839 section 3.1, WHATWG MIME Sniffing section
/// 4.6).
pub(crate) fn is_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
}

/// A body, transfer and content coding taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// No bytes.
    #[default]
    Empty,
    Json(Value),
    /// Text that is not JSON.
    Text(String),
    /// Bytes that are no UTF-8 text.
    Bytes(Vec<u8>),
    /// There was a body, and its bytes are not at hand.
    Omitted(Omission),
}

/// Why the bytes of a body are not at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Omission {
    /// The content coding is unknown; the length is that of the coded bytes.
    UnknownCoding { length: usize },
    /// The recorder did not keep them: too many, or of an unknown coding.
    NotKept {
        /// The number of bytes on the wire.
        length: u64,
        /// Their SHA-256, in hexadecimal.
        sha256: String,
    },
    /// The tool that wrote the recording left them out.
    NotInFile { length: u64 },
    /// The recording has this text as base64 (RFC 4648 section 4), and it is none.
    NotBase64(String),
}

impl Body {
    /// Reads decoded bytes. A body that parses as JSON is JSON, whatever its media type.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if let Some(value) = read_json(bytes) {
            return Self::Json(value);
        }
        match std::str::from_utf8(bytes).map(unmarked) {
            Ok("") => Self::Empty,
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes(bytes.to_owned()),
        }
    }

    /// The same, but JSON is text where a [`Value`] does not hold it as written: a number may become another one, and of
    /// two properties with one name one is lost.
    pub(crate) fn written(bytes: &[u8]) -> Self {
        match (Self::from_bytes(bytes), std::str::from_utf8(bytes)) {
            (Self::Json(value), Ok(text))
                if json::pretty(unmarked(text)) != format!("{value:#}") =>
            {
                Self::Text(text.to_owned())
            }
            (body, _) => body,
        }
    }

    /// The JSON of a body in either form.
    pub(crate) fn to_json(&self) -> Option<Cow<'_, Value>> {
        match self {
            Self::Json(value) => Some(Cow::Borrowed(value)),
            Self::Text(text) => read_json(text.as_bytes()).map(Cow::Owned),
            _ => None,
        }
    }

    /// The bytes, JSON without white space; none where they are not at hand.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Empty => Some(Vec::new()),
            Self::Json(value) => serde_json::to_vec(&value).ok(),
            Self::Text(text) => Some(text.into()),
            Self::Bytes(bytes) => Some(bytes),
            Self::Omitted(_) => None,
        }
    }

    pub const fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }

    pub const fn json_mut(&mut self) -> Option<&mut Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }

    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

impl Omission {
    /// How many bytes there were.
    pub fn length(&self) -> u64 {
        match self {
            Self::UnknownCoding { length } => *length as u64,
            Self::NotKept { length, .. } | Self::NotInFile { length } => *length,
            Self::NotBase64(text) => text.trim_end_matches('=').len() as u64 * 3 / 4,
        }
    }
}

/// A text without the byte order mark that some clients begin JSON with: readers may pass over it
/// (RFC 8259 section 8.1).
pub(crate) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
thread_local! {
    /// The number of calls of [`read_json`] in this thread.
    pub(crate) static JSON_READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The JSON that decoded bytes hold; none where they are no JSON.
pub(crate) fn read_json(bytes: &[u8]) -> Option<Value> {
    #[cfg(test)]
    JSON_READS.set(JSON_READS.get() + 1);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).ok()
}

/// The place and the reason why a text is no JSON; empty where it is JSON.
pub(crate) fn json_error(text: &str) -> String {
    let read = serde_json::from_str::<Value>(text);
    read.err()
        .map_or_else(String::new, |error| error.to_string())
}

/// The maximum nesting of objects and arrays of a body in a file. Parsers stop at 128, and
/// around a body there are some.
pub(crate) const DEEPEST: usize = 112;

/// True if the JSON is not too deep: a file that holds it as a body can be read again.
pub(crate) fn fits_in_a_file(body: &Value) -> bool {
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

/// A request, in either direction: a bot's, or the service's to the bot's callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in upper case as HTTP writes it.
    pub method: String,
    /// The path with its query, or an absolute URL.
    pub target: String,
    pub headers: Headers,
    pub body: Body,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, 100 to 599.
    pub status: u16,
    pub headers: Headers,
    pub body: Body,
}

impl Request {
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Headers::new(),
            body: Body::Empty,
        }
    }
}

impl Response {
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Body::Empty,
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
        for (media_type, expected) in [
            ("application/json", true),
            ("text/json", true),
            ("application/problem+json", true),
            ("text/plain", false),
            ("application/json-seq", false),
        ] {
            assert_eq!(is_json(media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn bytes_of_fields_that_are_no_utf_8_are_kept() {
        let mut headers = Headers::new();
        for bytes in [&b"caf\xe9"[..], "caf\u{e9}".as_bytes()] {
            let (value, octets) = Octets::read(bytes);
            assert_eq!(value, "caf\u{e9}");
            headers.push_octets("Server", value, octets);
        }
        let written = serde_json::to_string(&headers).unwrap();
        assert_eq!(written, r#"[["Server","café","latin1"],["Server","café"]]"#);
        let read: Headers = serde_json::from_str(&written).unwrap();
        assert_eq!(read, headers);
        let bytes: Vec<_> = read.octets().map(|(_, bytes)| bytes.into_owned()).collect();
        assert_eq!(bytes, [b"caf\xe9".to_vec(), b"caf\xc3\xa9".to_vec()]);
        let wrong = serde_json::from_str::<Headers>(r#"[["a","b","c"]]"#);
        assert!(wrong.is_err() && serde_json::from_str::<Headers>(r#"[["a"]]"#).is_err());
    }

    #[test]
    fn bytes_are_json_text_or_neither() {
        assert!(Body::from_bytes(b"").is_empty());
        assert!(Body::from_bytes(b"\xef\xbb\xbf{}").json().is_some());
        for text in ["{\"a\":2.50}", "{\"a\":1,\"a\":2}", "1E2"] {
            assert_eq!(Body::written(text.as_bytes()), Body::Text(text.to_owned()));
        }
        let exact = Body::written(b" {\"a\": [2.5, 1]} ");
        assert_eq!(exact, Body::Json(serde_json::json!({"a": [2.5, 1]})));
        assert_eq!(Body::from_bytes(b"{,}"), Body::Text("{,}".to_owned()));
        assert_eq!(Body::from_bytes(b"\xff\xfe"), Body::Bytes(vec![0xff, 0xfe]));
    }
}
