//! Checks that a text is JSON, and that a line of a cassette can hold it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::http::message::DEEPEST;

/// True if the text is JSON of no more levels than a reader of cassettes takes.
pub(super) fn fits_a_line(text: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(text);
    Depth(DEEPEST)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .is_ok()
}

/// Checks JSON by the tokens of a walk over it, which costs less than to read it. A text with escapes, with long numbers
/// or with characters that need an escape is for [`fits_a_line`].
#[derive(Debug)]
pub(super) struct Grammar {
    next: Next,
    depth: usize,
    is_met: bool,
}

/// What may stand next (RFC 8259).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// Behind `[`.
    ValueOrEnd,
    Name,
    /// Behind `{`.
    NameOrEnd,
    Colon,
    /// A comma, or the end of what is open.
    Separator,
}

impl Default for Grammar {
    fn default() -> Self {
        Self {
            next: Next::Value,
            depth: 0,
            is_met: true,
        }
    }
}

impl Grammar {
    /// True if the text was one value of no more levels than a reader of cassettes takes.
    pub(super) fn is_whole(&self) -> bool {
        self.is_met && self.depth == 0 && self.next == Next::Separator
    }

    pub(super) fn comma(&mut self, is_in_object: bool) {
        let next = if is_in_object {
            Next::Name
        } else {
            Next::Value
        };
        self.token(self.next == Next::Separator && self.depth > 0, next);
    }

    pub(super) fn colon(&mut self) {
        self.token(self.next == Next::Colon, Next::Value);
    }

    pub(super) fn open(&mut self, is_object: bool) {
        let next = if is_object {
            Next::NameOrEnd
        } else {
            Next::ValueOrEnd
        };
        self.token(self.takes_value() && self.depth < DEEPEST, next);
        self.depth += 1;
    }

    /// `is_alike` is true for the end of an object that is open, or of an array.
    pub(super) fn close(&mut self, is_alike: bool) {
        let takes_end = !matches!(self.next, Next::Value | Next::Name | Next::Colon);
        self.token(is_alike && takes_end && self.depth > 0, Next::Separator);
        self.depth = self.depth.saturating_sub(1);
    }

    /// `is_plain` is true for a string with an end and without escapes.
    pub(super) fn string(&mut self, is_plain: bool) {
        if matches!(self.next, Next::Name | Next::NameOrEnd) {
            self.token(is_plain, Next::Colon);
        } else {
            self.token(is_plain && self.takes_value(), Next::Separator);
        }
    }

    /// A word, or a number that is short enough to be one for every reader.
    pub(super) fn scalar(&mut self, text: &str) {
        const LONGEST: usize = 18;
        let is_number = || {
            let number = text.strip_prefix('-').unwrap_or(text);
            let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
            let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
            let is_led_by_zero = whole.len() > 1 && whole.starts_with('0');
            is_digits(whole) && is_digits(fraction) && !is_led_by_zero
        };
        let is_it =
            matches!(text, "true" | "false" | "null") || text.len() <= LONGEST && is_number();
        self.token(is_it && self.takes_value(), Next::Separator);
    }

    const fn takes_value(&self) -> bool {
        matches!(self.next, Next::Value | Next::ValueOrEnd)
    }

    /// Notes whether a token may stand where it does, and what may follow it.
    const fn token(&mut self, is_allowed: bool, next: Next) {
        self.is_met &= is_allowed;
        self.next = next;
    }
}

/// The levels of nesting that are left.
struct Depth(usize);

impl Depth {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        let depth = self.0.checked_sub(1);
        depth.ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while items.next_element_seed(Depth(depth))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while properties.next_key_seed(Depth(depth))?.is_some() {
            properties.next_value_seed(Depth(depth))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;
    use super::super::scan::{DEPTH, Kind};
    use super::*;

    #[test]
    fn what_a_walk_calls_json_is_json_to_a_reader() {
        let redactor = Redactor::new([0; 32]);
        let is_known = |text: &str| redactor.searched(text, Kind::Json, DEPTH).1;
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        for (text, is_json) in [
            (
                r#"{"a":[1,-2.50,0,{},[],true,false,null],"b":{"c":"d","":""}}"#,
                true,
            ),
            (" [ 1 , {\"a\" : 2} ] ", true),
            (&nested(DEEPEST), true),
            (&nested(DEEPEST + 1), false),
            ("[01]", false),
            ("[1.]", false),
            ("[--1]", false),
            ("[1e400]", false),
            ("[\"a\nb\"]", false),
            ("[\"\\ud800\"]", false),
            ("[\"a]", false),
            ("[1,]", false),
            ("[1 2]", false),
            ("{\"a\",1}", false),
            ("{\"a\":1,}", false),
            ("{1:2}", false),
            ("[1}", false),
            ("[1]]", false),
            ("[1][1]", false),
            ("[1],", false),
            ("[nul]", false),
        ] {
            assert_eq!(is_known(text), is_json, "{text}");
            assert_eq!(fits_a_line(text), is_json, "{text}");
        }
        let text = r#"{"a":[1,-2.5,{"b":null}],"c":"d"}"#;
        let others = [
            "", "{", "}", "[", "]", ",", ":", "\"", "0", "-", ".", "\\", " ", "\n", "e",
        ];
        for at in 0..text.len() {
            for other in others {
                for behind in [at, at + 1] {
                    let changed = format!("{}{other}{}", &text[..at], &text[behind..]);
                    assert!(!is_known(&changed) || fits_a_line(&changed), "{changed}");
                }
            }
        }
    }
}
