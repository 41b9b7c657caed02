//! Redacts JSON as a stream: from the text that is read into the text that is written, without
//! values in between.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::caches::ReadAs;
use super::scanner::DEPTH;
use super::{Redactor, secret_names};
use crate::http::message::DEEPEST;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The nesting of objects and arrays. `serde_json` reads 127 levels.
    pub depth: usize,
    pub wrappings: usize,
}

impl Limits {
    /// For a text that is not too deep for the parser.
    pub(super) const PARSED: Self = Self {
        depth: usize::MAX,
        wrappings: DEPTH,
    };

    /// For a line of a cassette.
    pub(super) const OF_A_LINE: Self = Self {
        depth: DEEPEST,
        wrappings: DEPTH,
    };
}

impl Redactor {
    /// Appends the JSON text to `out`: compact, every secret replaced, properties in their order, also
    /// repeated ones. Returns true if more than white space and spelling changed; `None`, with nothing
    /// written, if the text is not JSON within the limits.
    pub(super) fn write_json(&self, text: &str, limits: Limits, out: &mut Vec<u8>) -> Option<bool> {
        let begin = out.len();
        let mut walk = Walk::new(self, limits.wrappings, Escapes::None, out);
        let mut json = serde_json::Deserializer::from_str(text);
        let walked = walk
            .value(Secrecy::None, limits.depth)
            .deserialize(&mut json);
        if walked.and_then(|()| json.end()).is_err() {
            out.truncate(begin);
            return None;
        }
        Some(walk.is_changed)
    }

    /// The same for a value that was parsed already, of any depth.
    pub(super) fn write_value(&self, value: &Value, out: &mut Vec<u8>) -> Option<bool> {
        let mut walk = Walk::new(self, DEPTH, Escapes::Possible, out);
        let next = walk.value(Secrecy::None, usize::MAX);
        next.deserialize(value).ok()?;
        Some(walk.is_changed)
    }

    /// False if [`write_value`](Self::write_value) would change nothing, without writing it.
    pub(super) fn may_hold_secret(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.running(text, DEPTH).is_some(),
            Value::Array(items) => items.iter().any(|it| self.may_hold_secret(it)),
            Value::Object(properties) => properties.iter().any(|(name, value)| {
                let names_a_secret = || {
                    let is_name = NAMING.iter().any(|it| name.eq_ignore_ascii_case(it));
                    is_name && value.as_str().is_some_and(|it| self.is_secret(it))
                };
                self.name(name) != (Secrecy::None, None)
                    || names_a_secret()
                    || self.may_hold_secret(value)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// The secrecy of the value under this name, and the redacted name if it changes.
    fn name(&self, name: &str) -> (Secrecy, Option<String>) {
        let key = self
            .negative_cache
            .key(name, ReadAs::Name, self.known_secrets.learnt());
        if key.is_some_and(|it| self.negative_cache.contains(it)) {
            return (Secrecy::None, None);
        }
        let secrecy = if secret_names::is_secret(name) {
            Secrecy::Whole
        } else if self.project.are_about(name) {
            Secrecy::UnlessEntity
        } else {
            Secrecy::None
        };
        let redacted = self.redacted_text(name);
        if let (Secrecy::None, None, Some(key)) = (secrecy, &redacted, key) {
            self.negative_cache.insert(key);
        }
        (secrecy, redacted)
    }
}

/// The secrecy of a value, by the name of its property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    /// Only names and shapes inside of the value count.
    None,
    /// The whole value, unless it is an object. Rules of a project replace names and shapes inside
    /// of an object.
    UnlessEntity,
    Whole,
}

/// The escapes in the JSON of a text. A text that a parser borrows has none.
#[derive(Debug, Clone, Copy)]
enum Escapes {
    None,
    Possible,
}

/// The state of one document.
struct Walk<'a> {
    redactor: &'a Redactor,
    out: &'a mut Vec<u8>,
    wrappings: usize,
    /// Those of a text that is borrowed.
    borrowed: Escapes,
    is_changed: bool,
}

impl<'a> Walk<'a> {
    const fn new(
        redactor: &'a Redactor,
        wrappings: usize,
        borrowed: Escapes,
        out: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            redactor,
            out,
            wrappings,
            borrowed,
            is_changed: false,
        }
    }

    const fn value(&mut self, secrecy: Secrecy, depth: usize) -> Next<'_, 'a> {
        Next {
            walk: self,
            secrecy,
            depth,
        }
    }

    fn string(&mut self, text: &str, secrecy: Secrecy, escapes: Escapes) {
        let redacted = match secrecy {
            Secrecy::None => self.redactor.running(text, self.wrappings),
            _ => Some(self.redactor.secret(text)),
        };
        match redacted.filter(|it| it != text) {
            Some(redacted) => {
                self.is_changed = true;
                put(self.out, &redacted);
            }
            None => self.unchanged(text, escapes),
        }
    }

    fn unchanged(&mut self, text: &str, escapes: Escapes) {
        match escapes {
            Escapes::None => {
                self.out.push(b'"');
                self.out.extend_from_slice(text.as_bytes());
                self.out.push(b'"');
            }
            Escapes::Possible => put(self.out, text),
        }
    }

    fn number(&mut self, number: impl Into<Value>, secrecy: Secrecy) {
        let text = number.into().to_string();
        if secrecy == Secrecy::None {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.is_changed = true;
            put(self.out, &self.redactor.secret(&text));
        }
    }

    /// Writes the name of a property, and returns the secrecy of its value.
    fn name(&mut self, name: &str, escapes: Escapes, within: Secrecy) -> Secrecy {
        let (secrecy, redacted) = self.redactor.name(name);
        match redacted {
            Some(redacted) => {
                self.is_changed = true;
                put(self.out, &redacted);
            }
            None => self.unchanged(name, escapes),
        }
        self.out.push(b':');
        if within == Secrecy::Whole {
            within
        } else {
            secrecy
        }
    }

    /// True if the string written at `begin` names a secret: `{"name": "Authorization", "value":
    /// …}`.
    fn named_a_secret(&self, begin: usize) -> bool {
        let text = std::str::from_utf8(&self.out[begin..]);
        text.is_ok_and(|it| it.starts_with('"') && self.redactor.is_secret(it))
    }

    /// Replaces a string or a number in `out`.
    fn replace(&mut self, place: Range<usize>) {
        let text = match serde_json::from_slice(&self.out[place.clone()]) {
            Ok(Value::String(text)) => text,
            Ok(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        let redacted = self.redactor.secret(&text);
        if redacted != text {
            self.is_changed = true;
            let mut json = Vec::with_capacity(redacted.len() + 2);
            put(&mut json, &redacted);
            self.out.splice(place, json);
        }
    }

    /// Ends an object or array that begins at `begin`, and removes its trailing comma.
    fn close(&mut self, begin: usize, with: u8) {
        if self.out.len() > begin {
            self.out.pop();
        }
        self.out.push(with);
    }
}

/// The properties whose value may name a secret, which is another property's value.
const NAMING: [&str; 2] = ["name", "key"];

/// A secret that a pair of properties holds: `{"name": "Authorization", "value": …}`, in either
/// order.
#[derive(Default)]
struct Pair {
    names_a_secret: bool,
    /// The range of the value in `out`.
    value: Option<Range<usize>>,
}

fn put(out: &mut Vec<u8>, text: &str) {
    if let Err(error) = serde_json::to_writer(out, text) {
        unreachable!("a vector takes every string: {error}");
    }
}

struct Next<'w, 'a> {
    walk: &'w mut Walk<'a>,
    secrecy: Secrecy,
    /// The levels of nesting that are left.
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Next<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Next<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.walk.out.extend_from_slice(b"null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.walk.out.extend_from_slice(text);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.walk.number(number, self.secrecy);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.walk.number(number, self.secrecy);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.walk.number(number, self.secrecy);
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        let escapes = self.walk.borrowed;
        self.walk.string(text, self.secrecy, escapes);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.walk.string(text, self.secrecy, Escapes::Possible);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (depth, walk) = (deeper(self.depth)?, self.walk);
        let secrecy = match self.secrecy {
            Secrecy::None => Secrecy::None,
            Secrecy::UnlessEntity | Secrecy::Whole => Secrecy::Whole,
        };
        walk.out.push(b'[');
        let begin = walk.out.len();
        while items
            .next_element_seed(walk.value(secrecy, depth))?
            .is_some()
        {
            walk.out.push(b',');
        }
        walk.close(begin, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<(), A::Error> {
        let (depth, walk) = (deeper(self.depth)?, self.walk);
        walk.out.push(b'{');
        let begin = walk.out.len();
        let mut pair = Pair::default();
        while let Some(name) = properties.next_key_seed(Name)? {
            let escapes = match name {
                Cow::Borrowed(_) => walk.borrowed,
                Cow::Owned(_) => Escapes::Possible,
            };
            let mut secrecy = walk.name(&name, escapes, self.secrecy);
            let is_value = name.eq_ignore_ascii_case("value");
            if pair.names_a_secret && is_value {
                secrecy = Secrecy::Whole;
            }
            let is_name = NAMING.iter().any(|it| name.eq_ignore_ascii_case(it));
            let begin = walk.out.len();
            properties.next_value_seed(walk.value(secrecy, depth))?;
            pair.names_a_secret |= is_name && walk.named_a_secret(begin);
            if is_value {
                pair.value = Some(begin..walk.out.len());
            }
            walk.out.push(b',');
        }
        if let Some(value) = pair.value.filter(|_| pair.names_a_secret) {
            walk.replace(value);
        }
        walk.close(begin, b'}');
        Ok(())
    }
}

fn deeper<E: Error>(depth: usize) -> Result<usize, E> {
    let depth = depth.checked_sub(1);
    depth.ok_or_else(|| E::custom("too deep"))
}

/// The name of a property, borrowed where nothing in it is escaped.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
