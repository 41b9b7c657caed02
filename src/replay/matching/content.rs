//! The content of a message as values that are compared: JSON, forms, parts, text or bytes, by its
//! media type.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::address::percent_decoded;
use crate::http::message::{self, DEEPEST, media_type, parameter, unmarked};

/// A value of a content. It borrows from the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) enum Content<'a> {
    /// No bytes at all.
    Empty,
    Null,
    Bool(bool),
    /// A number, as it is written.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    List(Vec<Self>),
    /// Properties in their order; a name may come twice.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Content<'a> {
    /// Reads bytes without content coding. What is not of its media type is text, or bytes.
    pub(in crate::replay) fn read(content_type: Option<&str>, bytes: &'a [u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let kind = content_type.map(media_type).unwrap_or_default();
        let parsed = match &*kind {
            _ if message::is_json(&kind) => std::str::from_utf8(bytes).ok().and_then(Self::json),
            "application/x-www-form-urlencoded" => Some(Self::form(bytes)),
            _ if kind.starts_with("multipart/") => content_type
                .and_then(|it| parameter(it, "boundary"))
                .and_then(|boundary| Self::parts(bytes, &boundary, kind == "multipart/form-data")),
            _ => None,
        };
        parsed.unwrap_or_else(|| {
            if is_binary(&kind) {
                return Self::Bytes(bytes.into());
            }
            let charset = content_type.and_then(|it| parameter(it, "charset"));
            Self::text(bytes, charset.as_deref())
        })
    }

    /// The value of a JSON text; none where it is no JSON, or too deep.
    pub(in crate::replay) fn json(text: &'a str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(unmarked(text)).ok()?;
        Self::of_raw(raw, DEEPEST)
    }

    fn of_raw(raw: &'a RawValue, depth: usize) -> Option<Self> {
        let (text, depth) = (raw.get(), depth.checked_sub(1)?);
        let first = *text.as_bytes().first()?;
        Some(match first {
            b'"' => Self::Text(serde_json::from_str::<Text<'a>>(text).ok()?.0),
            b'{' => {
                let properties: Properties<'a> = serde_json::from_str(text).ok()?;
                let properties = properties.0.into_iter();
                let read = properties.map(|(name, raw)| Some((name, Self::of_raw(raw, depth)?)));
                Self::Object(read.collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                let items = items.into_iter().map(|raw| Self::of_raw(raw, depth));
                Self::List(items.collect::<Option<_>>()?)
            }
            b't' | b'f' => Self::Bool(first == b't'),
            b'n' => Self::Null,
            _ => Self::Number(text.into()),
        })
    }

    pub(in crate::replay) fn of_value(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(is) => Self::Bool(*is),
            Value::Number(number) => Self::Number(number.to_string().into()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::List(items.iter().map(Self::of_value).collect()),
            Value::Object(properties) => Self::Object(
                properties
                    .iter()
                    .map(|(name, value)| (name.into(), Self::of_value(value)))
                    .collect(),
            ),
        }
    }

    /// The pairs of a form or of a query (WHATWG URL section 5.1): each name with its values in order.
    pub(in crate::replay) fn form(bytes: &[u8]) -> Self {
        let mut fields: Vec<(Cow<'_, str>, Self)> = Vec::new();
        for pair in bytes
            .split(|byte| *byte == b'&')
            .filter(|it| !it.is_empty())
        {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = pair.split_at(equals.unwrap_or(pair.len()));
            let name = match String::from_utf8(form_decoded(name)) {
                Ok(name) => name,
                Err(_) => String::from_utf8_lossy(name).into_owned(),
            };
            let value = form_decoded(value.get(1..).unwrap_or_default());
            let value = Content::text(&value, None).owned();
            match fields.iter_mut().find(|(other, _)| *other == name) {
                Some((_, Self::List(values))) => values.push(value),
                _ => fields.push((name.into(), Self::List(vec![value]))),
            }
        }
        Self::Object(fields)
    }

    /// The parts of a body (RFC 2046 section 5.1.1); those of a form by name (RFC 7578).
    fn parts(bytes: &'a [u8], boundary: &str, is_form: bool) -> Option<Self> {
        let delimiter = format!("--{boundary}");
        let (mut parts, mut begin) = (Vec::new(), None);
        for line in Lines::of(bytes) {
            let text = bytes[line.begin..line.end].trim_ascii_end();
            let Some(rest) = text.strip_prefix(delimiter.as_bytes()) else {
                continue;
            };
            if !matches!(rest, b"" | b"--") {
                continue;
            }
            if let Some(begin) = begin {
                // The line end in front belongs to the delimiter.
                let part = &bytes[begin..line.begin.max(begin)];
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(Self::part(part.strip_suffix(b"\r").unwrap_or(part)));
            }
            if rest == b"--" {
                return Some(collected(parts, is_form));
            }
            begin = Some(line.next);
        }
        None
    }

    /// The name of a part, and the part.
    fn part(part: &'a [u8]) -> (Option<String>, Self) {
        let (mut kind, mut disposition, mut body) = (None, None, part.len());
        for line in Lines::of(part) {
            let field = String::from_utf8_lossy(part[line.begin..line.end].trim_ascii_end());
            if field.is_empty() {
                body = line.next;
                break;
            }
            if let Some((name, value)) = field.split_once(':') {
                let value = value.trim().to_owned();
                match name.to_ascii_lowercase().as_str() {
                    "content-type" => kind = Some(value),
                    "content-disposition" => disposition = Some(value),
                    _ => {}
                }
            }
        }
        let of_disposition = |name| parameter(disposition.as_deref()?, name);
        let mut properties = Vec::new();
        if let Some(name) = of_disposition("filename") {
            properties.push(("filename".into(), Self::Text(name.into())));
        }
        if let Some(kind) = &kind {
            properties.push((
                "type".into(),
                Self::Text(media_type(kind).into_owned().into()),
            ));
        }
        let kind = kind.as_deref();
        properties.push(("content".into(), Self::read(kind, &part[body..])));
        (of_disposition("name"), Self::Object(properties))
    }

    /// Text where the bytes are text of this charset or of UTF-8.
    fn text(bytes: &'a [u8], charset: Option<&str>) -> Self {
        let is_latin1 = |it: &str| {
            let names = ["iso-8859-1", "latin1", "us-ascii", "windows-1252"];
            names.iter().any(|name| it.eq_ignore_ascii_case(name))
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) if charset.is_some_and(is_latin1) => {
                Self::Text(bytes.iter().copied().map(char::from).collect())
            }
            Err(_) => Self::Bytes(bytes.into()),
        }
    }

    fn owned(self) -> Content<'static> {
        match self {
            Self::Text(text) => Content::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Content::Bytes(bytes.into_owned().into()),
            _ => Content::Empty,
        }
    }

    /// The value for a report.
    pub(in crate::replay) fn shown(&self) -> Value {
        match self {
            Self::Empty | Self::Null => Value::Null,
            Self::Bool(is) => (*is).into(),
            Self::Number(number) => {
                let read = serde_json::from_str::<Value>(number).ok();
                // What a double does not hold is shown as it is written.
                read.filter(|it| it.as_number().is_some_and(|it| it.to_string() == *number))
                    .unwrap_or_else(|| (**number).into())
            }
            Self::Text(text) => (**text).into(),
            Self::Bytes(bytes) => format!("{} bytes, {}", bytes.len(), bytes.escape_ascii()).into(),
            Self::List(items) => items.iter().map(Self::shown).collect(),
            Self::Object(properties) => {
                let properties = properties.iter();
                let shown = properties.map(|(name, it)| (name.to_string(), it.shown()));
                Value::Object(shown.collect())
            }
        }
    }

    /// Visits each text with the name of its property; the items of a list have that of the list.
    pub(in crate::replay) fn each_text(&self, name: &str, visit: &mut impl FnMut(&str, &str)) {
        match self {
            Self::Text(text) => visit(name, text),
            Self::List(items) => items.iter().for_each(|it| it.each_text(name, visit)),
            Self::Object(properties) => {
                for (name, value) in properties {
                    value.each_text(name, visit);
                }
            }
            _ => {}
        }
    }

    /// The names of the properties of an object.
    pub(super) fn names(&self) -> HashSet<&str> {
        match self {
            Self::Object(properties) => properties.iter().map(|(name, _)| &**name).collect(),
            _ => HashSet::new(),
        }
    }

    /// The text of a property; of several, the last one.
    pub(in crate::replay) fn text_of(&self, name: &str) -> Option<&str> {
        let Self::Object(properties) = self else {
            return None;
        };
        let found = properties.iter().rev().find(|(other, _)| other == name)?;
        match &found.1 {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn collected(parts: Vec<(Option<String>, Content<'_>)>, is_form: bool) -> Content<'_> {
    if !is_form {
        return Content::List(parts.into_iter().map(|(_, part)| part).collect());
    }
    let mut fields: Vec<(Cow<'_, str>, Content<'_>)> = Vec::new();
    for (name, part) in parts {
        let name = name.unwrap_or_default();
        match fields.iter_mut().find(|(other, _)| *other == name) {
            Some((_, Content::List(parts))) => parts.push(part),
            _ => fields.push((name.into(), Content::List(vec![part]))),
        }
    }
    Content::Object(fields)
}

/// True for media types whose bytes are no text, whatever they look like.
fn is_binary(kind: &str) -> bool {
    let top = kind.split('/').next().unwrap_or_default();
    matches!(top, "audio" | "font" | "image" | "video") && !kind.ends_with("+xml")
        || kind == "application/octet-stream"
}

/// The octets of a name or value of a form.
pub(in crate::replay) fn form_decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decoded(&spaced, |_| true)
}

/// The lines of some bytes.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The places of a line: its begin, its end without the line feed, and the begin of the next one.
struct Line {
    begin: usize,
    end: usize,
    next: usize,
}

impl<'a> Lines<'a> {
    const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let begin = self.at;
        let rest = self.bytes.get(begin..).filter(|it| !it.is_empty())?;
        let end = memchr::memchr(b'\n', rest);
        let (end, next) = end.map_or((self.bytes.len(), self.bytes.len()), |it| {
            (begin + it, begin + it + 1)
        });
        self.at = next;
        Some(Line { begin, end, next })
    }
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The properties of an object, in their order, with repeats.
struct Properties<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut properties = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    properties.push((name, value));
                }
                Ok(properties)
            }
        }
        from.deserialize_map(Each).map(Properties)
    }
}

/// True for two spellings of one number (RFC 8259 section 6), exactly.
pub(in crate::replay) fn is_same_number(one: &str, other: &str) -> bool {
    one == other || plain_number(one) == plain_number(other)
}

/// A number as its sign, its digits without zeros at the ends, and the power of ten of the last one.
pub(in crate::replay) fn plain_number(text: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let zeros = length(&digits) - length(significant);
    let significant = significant.trim_start_matches('0').to_owned();
    if significant.is_empty() {
        return (false, significant, 0);
    }
    let exponent = exponent
        .parse::<i64>()
        .unwrap_or(if exponent.starts_with('-') {
            i64::MIN / 2
        } else {
            i64::MAX / 2
        });
    let power = exponent
        .saturating_sub(length(fraction))
        .saturating_add(zeros);
    (is_negative, significant, power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(kind: &str, bytes: &[u8]) -> Value {
        Content::read(Some(kind), bytes).shown()
    }

    #[test]
    fn a_content_is_read_by_its_media_type() {
        for (kind, bytes, expected) in [
            (
                "application/json",
                &b"{\"a\":[1.10,\"x\"]}"[..],
                json!({"a": ["1.10", "x"]}),
            ),
            ("application/json", b"{", json!("{")),
            ("text/plain", b"[1]", json!("[1]")),
            (
                "text/plain; charset=ISO-8859-1",
                b"caf\xe9",
                json!("caf\u{e9}"),
            ),
            (
                "application/x-www-form-urlencoded",
                b"x=1&name=two+words&x=%32&e",
                json!({"x": ["1", "2"], "name": ["two words"], "e": [""]}),
            ),
            ("image/png", b"text", json!("4 bytes, text")),
        ] {
            assert_eq!(shown(kind, bytes), expected, "{kind}");
        }
        assert_eq!(Content::read(None, b""), Content::Empty);
    }

    #[test]
    fn parts_are_read_without_their_boundary() {
        let body = |it: &str| {
            format!(
                "preamble\r\n--{it}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nhello\r\n--{it}\r\n\
                 content-disposition: form-data; name=f; filename=\"a;b.txt\"\r\nContent-Type: application/json\r\n\
                 \r\n{{\"a\": 1}}\r\n--{it}--\r\nepilogue"
            )
        };
        let expected = json!({
            "t": [{"content": "hello"}],
            "f": [{"filename": "a;b.txt", "type": "application/json", "content": {"a": 1}}],
        });
        for boundary in ["AA", "a b"] {
            let kind = format!("multipart/form-data; boundary=\"{boundary}\"");
            assert_eq!(shown(&kind, body(boundary).as_bytes()), expected);
        }
        let mixed = shown("multipart/mixed; boundary=AA", body("AA").as_bytes());
        assert_eq!(mixed.as_array().map(Vec::len), Some(2));
        let cut = &body("AA")[..60];
        assert_eq!(
            shown("multipart/mixed; boundary=AA", cut.as_bytes()),
            json!(cut)
        );
    }

    #[test]
    fn numbers_are_compared_exactly() {
        for (one, other, is_same) in [
            ("2.50", "2.5", true),
            ("25e-1", "2.5", true),
            ("-0", "0.0", true),
            ("1000", "1E3", true),
            ("9007199254740993", "9007199254740992", false),
            ("0.1000000000000000001", "0.1", false),
            ("1", "-1", false),
            ("1e999999999999999999999", "1e9", false),
        ] {
            assert_eq!(is_same_number(one, other), is_same, "{one} {other}");
        }
    }

    #[test]
    fn only_some_octets_are_decoded() {
        let decoded =
            |text: &str| percent_decoded(text.as_bytes(), |it| it.is_ascii_alphanumeric());
        assert_eq!(decoded("%41%2fb%zz%"), b"A%2Fb%zz%");
    }
}
