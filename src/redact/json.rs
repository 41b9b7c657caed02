//! JSON, from its text straight into the text that is written: no values stand between.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use foldhash::HashSet;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::negative_cache::ReadAs;
use super::scanner::DEPTH;
use super::{Redactor, secret_names};
use crate::http::message::DEEPEST;

/// How much of JSON is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many objects and arrays may stand in each other. `serde_json` reads 127.
    pub depth: usize,
    /// How many wrappings are opened in strings.
    pub wrappings: usize,
}

impl Limits {
    /// What a parser has made of a text.
    pub(super) const PARSED: Self = Self {
        depth: usize::MAX,
        wrappings: DEPTH,
    };

    /// What a line of a cassette can hold.
    pub(super) const OF_A_LINE: Self = Self {
        depth: DEEPEST,
        wrappings: DEPTH,
    };
}

impl Redactor {
    /// Writes the JSON text behind what is there already: compact, every secret replaced,
    /// properties in their order, of those with one name the last in the place of the first.
    /// Returns whether that changed more than white space and spelling. None where the text is no
    /// JSON within the limits: nothing is written then.
    pub(super) fn write_json(&self, text: &str, limits: Limits, out: &mut Vec<u8>) -> Option<bool> {
        let begin = out.len();
        let mut walk = Walk {
            redactor: self,
            out,
            wrappings: limits.wrappings,
            is_changed: false,
            is_renamed: false,
            repeats: false,
            names: Vec::new(),
        };
        let mut json = serde_json::Deserializer::from_str(text);
        let walked = walk
            .value(Secrecy::None, limits.depth)
            .deserialize(&mut json);
        if walked.and_then(|()| json.end()).is_err() {
            let repeats = walk.repeats;
            out.truncate(begin);
            let once = repeats.then(|| once(text.as_bytes())).flatten()?;
            self.write_json(&once, limits, out)?;
            return Some(true);
        }
        let is_changed = walk.is_changed;
        if walk.is_renamed {
            // Two names may have become one.
            let once = once(&out[begin..])?;
            out.truncate(begin);
            out.extend_from_slice(once.as_bytes());
        }
        Some(is_changed)
    }

    /// What the name of a property says of its value, and the name where it is replaced.
    fn name(&self, name: &str) -> (Secrecy, Option<String>) {
        let key = self
            .negative_cache
            .key(name, ReadAs::Name, self.known_secrets.learnt());
        if key.is_some_and(|it| self.negative_cache.contains(it)) {
            return (Secrecy::None, None);
        }
        let secrecy = if secret_names::is_secret(name) {
            Secrecy::Whole
        } else if self.rules.are_about(name) {
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

/// The JSON text with each property once: of those with one name the last, in the place of the
/// first.
fn once(text: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(text).ok()?;
    Some(value.to_string())
}

/// What is secret of a value because of the name that it stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    /// What its own names and shapes say.
    None,
    /// All of it, unless it is an object: in an entity on request, what is replaced has a name or a
    /// shape of its own.
    UnlessEntity,
    /// All of it.
    Whole,
}

/// A document on its way.
struct Walk<'a, 'de> {
    redactor: &'a Redactor,
    out: &'a mut Vec<u8>,
    /// How many wrappings are opened in its strings.
    wrappings: usize,
    /// Whether anything was replaced.
    is_changed: bool,
    /// Whether a name of a property was.
    is_renamed: bool,
    /// Whether a name came twice in an object, which ended the walk.
    repeats: bool,
    /// The names of the objects that are open, those of the innermost last.
    names: Vec<Cow<'de, str>>,
}

impl<'a, 'de> Walk<'a, 'de> {
    /// The next value, in which so many may stand in each other.
    const fn value(&mut self, secrecy: Secrecy, depth: usize) -> Next<'_, 'a, 'de> {
        Next {
            walk: self,
            secrecy,
            depth,
        }
    }

    /// Writes a string. One that was borrowed from the document has nothing to escape.
    fn string(&mut self, text: &str, secrecy: Secrecy, is_borrowed: bool) {
        let redacted = match secrecy {
            Secrecy::None => self.redactor.running(text, self.wrappings),
            _ => Some(self.redactor.secret(text)),
        };
        match redacted.filter(|it| it != text) {
            Some(redacted) => {
                self.is_changed = true;
                put(self.out, &redacted);
            }
            None if is_borrowed => self.quoted(text),
            None => put(self.out, text),
        }
    }

    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
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

    /// Writes the name of a property, and returns what is secret of its value. One that was
    /// borrowed from the document has nothing to escape.
    fn name(&mut self, name: &str, is_borrowed: bool, within: Secrecy) -> Secrecy {
        let (secrecy, redacted) = self.redactor.name(name);
        match redacted {
            Some(redacted) => {
                (self.is_changed, self.is_renamed) = (true, true);
                put(self.out, &redacted);
            }
            None if is_borrowed => self.quoted(name),
            None => put(self.out, name),
        }
        self.out.push(b':');
        if within == Secrecy::Whole {
            within
        } else {
            secrecy
        }
    }

    /// Whether the string that was written from here on is what a secret is called, as the name
    /// beside a value: `{"name": "Authorization", "value": …}`.
    fn named_a_secret(&self, begin: usize) -> bool {
        let text = std::str::from_utf8(&self.out[begin..]);
        text.is_ok_and(|it| it.starts_with('"') && self.redactor.is_secret(it))
    }

    /// Replaces a text or a number that was written there.
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

    /// Ends an object or an array whose parts, from here on, each have a comma behind them.
    fn close(&mut self, begin: usize, with: u8) {
        if self.out.len() > begin {
            self.out.pop();
        }
        self.out.push(with);
    }
}

/// What an object says of a secret: `{"name": "Authorization", "value": …}`, in either order.
#[derive(Default)]
struct Pair {
    names_a_secret: bool,
    /// Where the value was written.
    value: Option<Range<usize>>,
}

/// Writes a string.
fn put(out: &mut Vec<u8>, text: &str) {
    if let Err(error) = serde_json::to_writer(out, text) {
        unreachable!("a vector takes every string: {error}");
    }
}

/// The next value of a document.
struct Next<'w, 'a, 'de> {
    walk: &'w mut Walk<'a, 'de>,
    secrecy: Secrecy,
    /// How many objects and arrays may stand in each other from here on.
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Next<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Next<'_, '_, 'de> {
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
        self.walk.string(text, self.secrecy, true);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.walk.string(text, self.secrecy, false);
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
        let mut names = Names::from(walk.names.len());
        let mut pair = Pair::default();
        while let Some(name) = properties.next_key_seed(Name)? {
            let is_borrowed = matches!(name, Cow::Borrowed(_));
            let mut secrecy = walk.name(&name, is_borrowed, self.secrecy);
            let is_value = name.eq_ignore_ascii_case("value");
            if pair.names_a_secret && is_value {
                secrecy = Secrecy::Whole;
            }
            let is_name = ["name", "key"]
                .iter()
                .any(|it| name.eq_ignore_ascii_case(it));
            if !names.is_new(&mut walk.names, name) {
                walk.repeats = true;
                return Err(A::Error::custom("a name comes twice"));
            }
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
        walk.names.truncate(names.from);
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

/// The names of one object so far: those of the document's from one place on or, where they are many, a
/// set of them.
struct Names<'de> {
    from: usize,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    /// Up to how many names are compared one by one.
    const FEW: usize = 16;

    /// Those of an object that begins where there are so many names.
    fn from(from: usize) -> Self {
        let many = HashSet::default();
        Self { from, many }
    }

    /// Adds a name, and says whether it is another than those before.
    fn is_new(&mut self, names: &mut Vec<Cow<'de, str>>, name: Cow<'de, str>) -> bool {
        let few = &names[self.from..];
        if self.many.is_empty() && few.len() < Self::FEW {
            let is_new = !few.contains(&name);
            names.push(name);
            return is_new;
        }
        self.many.extend(names.drain(self.from..));
        self.many.insert(name)
    }
}
