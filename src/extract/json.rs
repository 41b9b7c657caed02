//! JSON of pages, which may have comments and trailing commas.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::diagnostic::json::reason_of;

/// A property of an object; null if it is absent. The search is linear: objects are small, and hashing the
/// name is slower.
pub(super) fn property<'a>(object: &'a Value, name: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    let mut properties = object.as_object().into_iter().flatten();
    let found = properties.find(|(other, _)| *other == name);
    found.map_or(&NULL, |(_, value)| value)
}

/// A faster reader of JSON than [`Value`]: objects and arrays are allocated once, in their final size.
#[derive(Debug, PartialEq)]
pub(super) struct Json(pub(super) Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut open = Open::default();
        open.deserialize(from).map(Self)
    }
}

/// The members of the open objects and arrays, the innermost last.
#[derive(Default)]
struct Open {
    properties: Vec<(String, Value)>,
    items: Vec<Value>,
}

impl<'de> DeserializeSeed<'de> for &mut Open {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Open {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("any JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let from = self.items.len();
        while let Some(item) = array.next_element_seed(&mut *self)? {
            self.items.push(item);
        }
        Ok(self.items.drain(from..).collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let from = self.properties.len();
        while let Some(name) = object.next_key()? {
            let value = object.next_value_seed(&mut *self)?;
            self.properties.push((name, value));
        }
        Ok(self.properties.drain(from..).collect())
    }
}

/// The result of reading a text as JSON.
#[derive(Debug, PartialEq)]
pub(super) enum Reading<T> {
    Valid(T),
    /// JSON without what its text has too much.
    Repaired(T, Vec<Repair>),
    /// Not JSON: the line of the error, counted from 0, and the error.
    Broken(usize, String),
}

/// A part of a text that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repair {
    /// Counted from 0.
    pub(super) line: usize,
    pub(super) superfluous: Superfluous,
}

/// The repairs whose result is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Superfluous {
    /// `//` to the end of the line, or `/*` to `*/`.
    Comment,
    /// A comma before a closing bracket.
    Comma,
}

/// Reads a text as JSON, without its comments and trailing commas.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Reading<T> {
    let error = match serde_json::from_str(text) {
        Ok(value) => return Reading::Valid(value),
        Err(error) => error,
    };
    let superfluous = superfluous(text);
    if !superfluous.is_empty() {
        let mut repaired = String::with_capacity(text.len());
        let mut from = 0;
        for (part, _) in &superfluous {
            repaired.push_str(&text[from..part.start]);
            from = part.end;
        }
        repaired.push_str(&text[from..]);
        if let Ok(value) = serde_json::from_str(&repaired) {
            let (mut line, mut from) = (0, 0);
            let repair = |(part, superfluous): (Range<usize>, Superfluous)| {
                line += super::text::newlines(&text[from..part.start]);
                from = part.start;
                Repair { line, superfluous }
            };
            return Reading::Repaired(value, superfluous.into_iter().map(repair).collect());
        }
    }
    Reading::Broken(error.line().saturating_sub(1), reason_of(&error))
}

/// The comments of a text, and its commas after a value and with only blanks and comments before a
/// closing bracket; all outside of strings, in the order of the text.
fn superfluous(text: &str) -> Vec<(Range<usize>, Superfluous)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut comma = None;
    let mut is_behind_value = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'/' => {
                if let Some(end) = comment_end(text, start) {
                    found.push((start..end, Superfluous::Comment));
                    at = end;
                    continue;
                }
            }
            b'"' => at = string_end(bytes, at),
            b'}' | b']' => {
                found.extend(comma.map(|at: usize| (at..at + 1, Superfluous::Comma)));
            }
            _ => {}
        }
        comma = (byte == b',' && is_behind_value).then_some(start);
        is_behind_value = !matches!(byte, b'[' | b'{' | b',' | b':');
    }
    found.sort_by_key(|(part, _)| part.start);
    found
}

/// The end of the comment that starts there; its line end is no part of it.
fn comment_end(text: &str, start: usize) -> Option<usize> {
    let rest = &text[start..];
    if rest.starts_with("//") {
        return Some(rest.find('\n').map_or(text.len(), |end| start + end));
    }
    let inside = rest.strip_prefix("/*")?;
    Some(start + 2 + inside.find("*/")? + 2)
}

/// The position after the quotation mark that ends a string.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_read_as_a_value_is() {
        for text in [
            "null",
            r#"["", [], {}, [[1], [2, 3]], true, "a\n\u00e9"]"#,
            r#"{"b": {"c": [{"d": 1}, {"e": {}}], "f": "g"}, "a": [false]}"#,
            r#"{"a": 1, "b": 2, "a": {"b": 3}}"#,
            "[-1, 18446744073709551615, 1e3, 0.1, 123456789012345678901234567890]",
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text), Reading::Valid(Json(value)), "{text}");
        }
        let Reading::Valid(Json(object)) = read(r#"{"b": 1, "a": 2, "b": 3}"#) else {
            panic!("an object is no JSON");
        };
        assert_eq!(object.to_string(), r#"{"b":3,"a":2}"#);
    }

    #[test]
    fn a_property_that_is_not_there_is_null() {
        let object = json!({"a": {"b": 1}});
        assert_eq!(property(property(&object, "a"), "b"), &json!(1));
        assert_eq!(property(property(&object, "b"), "a"), &Value::Null);
    }

    #[test]
    fn trailing_commas_are_taken_away() {
        let text = "{\n \"a\": [1, 2,],\n \"b\": \",}\\\",]\" , \n}";
        let Reading::Repaired(value, repairs) = read::<Value>(text) else {
            panic!("{:?}", read::<Value>(text));
        };
        assert_eq!(value, json!({"a": [1, 2], "b": ",}\",]"}));
        let comma = |line| Repair {
            line,
            superfluous: Superfluous::Comma,
        };
        assert_eq!(repairs, [1, 2].map(comma));
    }

    #[test]
    fn comments_are_taken_away() {
        let text = "{ // a \"\n \"a\": \"// b\", /* c\n */ \"d\": [1, // e\n ] // f\n}";
        let Reading::Repaired(value, repairs) = read::<Value>(text) else {
            panic!("{:?}", read::<Value>(text));
        };
        assert_eq!(value, json!({"a": "// b", "d": [1]}));
        let repair = |(line, superfluous)| Repair { line, superfluous };
        let expected = [
            (0, Superfluous::Comment),
            (1, Superfluous::Comment),
            (2, Superfluous::Comma),
            (2, Superfluous::Comment),
            (3, Superfluous::Comment),
        ];
        assert_eq!(repairs, expected.map(repair));
    }

    #[test]
    fn uncertain_repairs_are_not_made() {
        for text in [
            "{\"a\": 1 \"b\": 2}",
            "{'a': 1}",
            "[,]",
            "[1,,]",
            "{} {}",
            "\"open",
            "{\"a\":\"\\",
            "{\"a\": 1 / 2}",
            "{} /* open",
            "{\"a\": http://b}",
        ] {
            assert!(
                matches!(read::<Value>(text), Reading::Broken(0, _)),
                "{text}"
            );
        }
        assert!(matches!(read::<Value>("{\n\n a}"), Reading::Broken(2, _)));
    }

    #[test]
    fn depth_is_limited() {
        assert!(matches!(
            read::<Value>(&"[".repeat(100_000)),
            Reading::Broken(..)
        ));
    }
}
