//! A cache of what the built-in rules say about short texts, because the names and words of an interface recur.

use std::borrow::Cow;
use std::cell::RefCell;

use foldhash::HashMap;

use super::harmless::{is_guid, is_number};
use super::names::{Named, named_anywhere};
use super::rules::rules;

/// The longest text in bytes that is remembered.
const LONGEST: usize = 128;

/// The most digits of such a text: one with more is a number, a time or an identifier, and comes once.
const DIGITS: usize = 3;

/// The shortest text in bytes of letters alone that may hold a secret.
const SHORTEST: usize = 20;

/// The number of texts from which on all are forgotten.
const REMEMBERED: usize = 8192;

/// A text as the name of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Property {
    /// The built-in rule of the name.
    pub rule: Option<Named>,
    /// True if its value names what stands in a property beside it.
    pub is_name: bool,
    /// True if its value is what such a property names.
    pub is_value: bool,
    /// True for a part of a private key, in an object that says `kty`.
    pub is_key_part: bool,
}

impl Property {
    fn of(name: &str) -> Self {
        let names = &rules().names;
        let lower = name.to_ascii_lowercase();
        Self {
            rule: named_anywhere(last_part(name)),
            is_name: names.naming.contains(&lower),
            is_value: names.named.contains(&lower),
            is_key_part: names.key_part.contains(name),
        }
    }
}

/// The part of a name such as `urn:x/name` or `a.name` that says what it names.
pub(super) fn last_part(name: &str) -> &str {
    let last = name.rsplit(['/', '.']).next();
    last.filter(|it| !it.is_empty()).unwrap_or(name)
}

/// What a text is to the grammar of the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A string of JSON.
    Json,
    /// A text by itself: a header field, a target.
    Alone,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    property: Option<Property>,
    is_harmless_in_json: bool,
    is_harmless_alone: bool,
}

impl Known {
    fn is_harmless(&mut self, place: Place) -> &mut bool {
        match place {
            Place::Json => &mut self.is_harmless_in_json,
            Place::Alone => &mut self.is_harmless_alone,
        }
    }
}

thread_local! {
    static SEEN: RefCell<HashMap<Box<str>, Known>> = RefCell::default();
}

/// What the rules say of the name of a property.
pub(super) fn property(name: &str) -> Property {
    searched_property(name).0
}

/// The same, and true if the built-in rules found nothing before in the name itself, as a string of JSON.
pub(super) fn searched_property(name: &str) -> (Property, bool) {
    let known = known(name);
    let property = known.property.unwrap_or_else(|| {
        let property = Property::of(name);
        remember(name, |it| {
            it.property = Some(property);
            it.is_harmless_in_json |= is_plain(name);
        });
        property
    });
    (property, known.is_harmless_in_json)
}

/// True for a text in which the built-in rules find nothing, as it is short and plain, or as they found nothing before.
pub(super) fn is_harmless(text: &str, place: Place) -> bool {
    is_plain(text) || *known(&key(text)).is_harmless(place)
}

/// Remembers that the built-in rules find nothing in a text.
pub(super) fn found_nothing_in(text: &str, place: Place) {
    remember(&key(text), |it| *it.is_harmless(place) = true);
}

/// True for a word, a number or an identifier by itself. No secret that is known by its shape is so short.
pub(super) fn is_plain(text: &str) -> bool {
    let is_short = text.len() < SHORTEST;
    match text.as_bytes() {
        [] => true,
        [b'0'..=b'9' | b'-' | b'+', ..] if is_short && is_number(text) => true,
        letters if is_short => letters.iter().all(u8::is_ascii_alphabetic),
        _ => is_guid(text),
    }
}

fn known(key: &str) -> Known {
    if key.len() > LONGEST {
        return Known::default();
    }
    SEEN.with_borrow(|seen| seen.get(key).copied())
        .unwrap_or_default()
}

fn remember(key: &str, say: impl FnOnce(&mut Known)) {
    if key.len() > LONGEST || key.bytes().filter(u8::is_ascii_digit).count() > DIGITS {
        return;
    }
    SEEN.with_borrow_mut(|seen| {
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        say(seen.entry(key.into()).or_default());
    });
}

/// The text under which is remembered what was found. In a path, identifiers make no difference.
fn key(text: &str) -> Cow<'_, str> {
    const GUID: usize = 36;
    if text.len() <= GUID || text.len() > LONGEST + 4 * GUID {
        return Cow::Borrowed(text);
    }
    let (mut key, mut copied, mut start) = (String::new(), 0, 0);
    for end in memchr::memchr_iter(b'/', text.as_bytes()).chain([text.len()]) {
        if end - start == GUID && is_guid(&text[start..end]) {
            key.reserve(text.len());
            key.push_str(&text[copied..start]);
            key.push_str("{}");
            copied = end;
        }
        start = end + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    key.push_str(&text[copied..]);
    Cow::Owned(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_the_rules_say() {
        for name in [
            "clientSecret",
            "code",
            "value",
            "d",
            "displayName",
            "a.b/password",
            "",
            "/",
        ] {
            assert_eq!(property(name), Property::of(name), "{name}");
            assert_eq!(property(name), Property::of(name), "{name}");
        }
        assert!(!is_harmless("call is established", Place::Json));
        found_nothing_in("call is established", Place::Json);
        assert!(
            is_harmless("call is established", Place::Json)
                && !is_harmless("Call is established", Place::Json)
        );
        assert_eq!(
            property("call is established"),
            Property::of("call is established")
        );
        assert!(is_harmless("call is established", Place::Json));
    }

    #[test]
    fn no_token_is_as_short_and_plain_as_what_is_not_looked_through() {
        let rules = super::super::rules::rules();
        let redactor = super::super::Redactor::new([0; 32]);
        for start in rules.tokens.iter().flat_map(|it| &it.starts) {
            for letter in ["A", "a", "x"] {
                let text = format!(
                    "{start}{}",
                    letter.repeat(SHORTEST.saturating_sub(start.len() + 1))
                );
                let is_found = redactor.redacted_text(&text).is_some();
                assert!(!(is_plain(&text) && is_found), "{text}");
            }
        }
    }

    #[test]
    fn what_comes_once_is_not_remembered_and_memory_is_bounded() {
        let path = "/calls/57dab8b1-894c-409a-b240-bd8beae78896/mute";
        found_nothing_in(path, Place::Json);
        assert!(
            is_harmless(&path.replace("57da", "ab01"), Place::Json)
                && !is_harmless(&path.replace("57da", "57d"), Place::Json)
        );
        for text in ["2026-11-30T12:00:00Z", &"a".repeat(LONGEST + 1)] {
            found_nothing_in(text, Place::Json);
            assert!(!is_harmless(text, Place::Json), "{text}");
        }
        for number in 0..2 * REMEMBERED {
            let letters = |it: u8| char::from(it - b'0' + b'a');
            found_nothing_in(
                &number.to_string().bytes().map(letters).collect::<String>(),
                Place::Json,
            );
        }
        SEEN.with_borrow(|seen| assert!(seen.len() <= REMEMBERED));
    }
}
