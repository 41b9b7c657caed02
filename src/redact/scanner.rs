//! The scanner of running text: it finds secrets by their shape and by the words before them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{
    GeneralPurpose, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD,
};
use memchr::memmem::Finder;
use memchr::{memchr, memchr2};
use url::form_urlencoded;

use super::caches::ReadAs;
use super::json::Limits;
use super::secret_shapes::{PEM, SHORTEST_KEY, is_jwt, is_key, is_plain};
use super::{Redactor, is_pseudonym, pseudonyms, secret_names};
use crate::api::identifier;

/// The number of nested wrappings (base64, percent-encoding, JSON in a string) that are opened.
/// Deeper ones are searched as running text.
pub(super) const DEPTH: usize = 4;

static PEM_FINDER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(PEM));

/// The number of nested `name=value` pairs in one word. The rest of a longer word counts as a
/// secret.
const PAIRS: usize = 64;

/// The length of a GUID with its hyphens. Most ids are such.
const GUID: usize = 36;

impl Redactor {
    /// Replaces every secret that is found by its name or its shape; `None` if there is none.
    pub(crate) fn redacted_text(&self, text: &str) -> Option<String> {
        self.running(text, DEPTH)
    }

    /// `depth` is the number of wrappings that are opened.
    pub(super) fn running(&self, text: &str, depth: usize) -> Option<String> {
        if depth == 0 || is_plain(text) {
            return None;
        }
        let key = if depth == DEPTH {
            self.negative_cache
                .key(text, ReadAs::Text, self.known_secrets.learnt())
        } else {
            None
        };
        if key.is_some_and(|it| self.negative_cache.contains(it)) {
            return None;
        }
        let spliced = self.searched(text, depth);
        if let (None, Some(key)) = (&spliced, key) {
            self.negative_cache.insert(key);
        }
        spliced
    }

    fn searched(&self, text: &str, depth: usize) -> Option<String> {
        if depth > 1 && text.starts_with(['{', '[']) {
            let limits = Limits {
                wrappings: depth - 1,
                ..Limits::PARSED
            };
            let mut out = Vec::new();
            if let Some(is_changed) = self.write_json(text, limits, &mut out) {
                return is_changed.then(|| String::from_utf8(out).ok()).flatten();
            }
        }
        let mut spliced = self.without_pem(text);
        // Forms in parts have lines, and markup has tags: most texts have neither.
        if memchr2(b'<', b'\n', text.as_bytes()).is_some() {
            spliced = self
                .without_parts(spliced.as_deref().unwrap_or(text))
                .or(spliced);
            spliced = self
                .without_elements(spliced.as_deref().unwrap_or(text))
                .or(spliced);
        }
        spliced = self
            .each_word(spliced.as_deref().unwrap_or(text), depth)
            .or(spliced);
        spliced = self
            .without_known(spliced.as_deref().unwrap_or(text))
            .or(spliced);
        spliced
    }

    fn each_word(&self, text: &str, depth: usize) -> Option<String> {
        if !self.project.phones && is_harmless(text) || is_guid(text) {
            return None;
        }
        let mut spliced = Spliced::of(text);
        let mut before = Before::default();
        let mut end = 0;
        for word in words(text) {
            let place = place_in(text, word.text);
            before.gap = &text[end..place.start];
            end = place.end;
            let announced = before.announces();
            if (announced || !word.is_harmless() || self.project.is_phone(word.text))
                && let Some(redacted) = self.word(word.text, before, depth)
            {
                spliced.replace(place, &redacted);
            }
            if matches!(word.text, ":" | "=") {
                before.is_label = true;
            } else {
                before = Before {
                    word: word.text,
                    ..Before::default()
                };
            }
        }
        spliced.end()
    }

    /// The text without secrets that were found before.
    fn without_known(&self, text: &str) -> Option<String> {
        let mut spliced = Spliced::of(text);
        let mut found = self.known_secrets.find(text);
        if !found.is_empty() {
            // A secret that a pseudonym has parts of does not change it.
            let made: Vec<_> = pseudonyms(text).collect();
            found.retain(|place| {
                let lies_in = |it: &Range<usize>| it.start < place.end && place.start < it.end;
                !made.iter().any(lies_in)
            });
        }
        for place in found {
            let pseudonym = self.secret(&text[place.clone()]);
            spliced.replace(place, &pseudonym);
        }
        spliced.end()
    }

    /// PEM blocks that hold private keys, replaced whole. One that does not end goes to the end.
    fn without_pem(&self, text: &str) -> Option<String> {
        let mut spliced = Spliced::of(text);
        let mut from = 0;
        while let Some(at) = PEM_FINDER.find(&text.as_bytes()[from..]) {
            let start = from + at;
            let block = &text[start..];
            let head = block[PEM.len()..].split("-----").next();
            if head.is_some_and(|head| head.contains("PRIVATE KEY")) {
                let end = block
                    .find("-----END ")
                    .and_then(|at| Some(at + 9 + block[at + 9..].find("-----")? + 5))
                    .unwrap_or(block.len());
                spliced.replace(start..start + end, &self.secret(&block[..end]));
                from = start + end;
            } else {
                // Whether it ends or not, there may be a key in it.
                from = start + PEM.len();
            }
        }
        spliced.end()
    }

    fn word(&self, word: &str, before: Before<'_>, depth: usize) -> Option<String> {
        let (mut rest, mut before) = (word, before);
        let mut pairs = 0;
        loop {
            if rest.is_empty() || is_pseudonym(rest) {
                return None;
            }
            let spliced = if self.is_announced(rest, before) {
                Some(self.secret(rest))
            } else if is_guid(rest) {
                None
            } else if is_jwt(rest) || is_key(rest) || self.project.is_phone(rest) {
                Some(self.secret(rest))
            } else if let Some(unwrapped) = self.without_base64(rest, depth) {
                Some(unwrapped)
            } else if let Some((name, value)) = named(rest) {
                let called = match before.bracketed() {
                    Some(within) if name.is_empty() => within.into(),
                    _ => decoded(name),
                };
                if !secret_names::is_secret_parameter(&called) && !self.project.are_about(&called) {
                    // A value may be `name=value` again, but each one is searched as a whole.
                    pairs += 1;
                    if pairs < PAIRS {
                        (rest, before) = (value, Before::default());
                        continue;
                    }
                }
                Some(format!("{name}={}", self.secret(&decoded(value))))
            } else {
                self.address(rest, depth)
            };
            return spliced.map(|it| format!("{}{it}", &word[..word.len() - rest.len()]));
        }
    }

    fn is_announced(&self, word: &str, before: Before<'_>) -> bool {
        let is_bare = || word.bytes().all(|b| b.is_ascii_alphabetic()) && word.len() < 20;
        (secret_names::is_scheme(before.word.as_bytes()) && !before.is_label && !is_bare())
            || (before.label().is_some_and(|it| self.is_secret(it))
                && !secret_names::is_scheme(word.as_bytes()))
    }

    /// A word with a colon in it, such as a URL, or a path.
    fn address(&self, word: &str, depth: usize) -> Option<String> {
        let Some(colon) = memchr(b':', word.as_bytes()) else {
            return self.segments(word, depth);
        };
        let (name, value) = (&word[..colon], &word[colon + 1..]);
        if (self.is_secret(name) && !value.is_empty()) || self.project.is_phone(value) {
            return Some(format!("{name}:{}", self.secret(value)));
        }
        if let Some(password) = password_of_sip(word) {
            let mut spliced = Spliced::of(word);
            spliced.replace(place_in(word, password), &self.secret(&decoded(password)));
            return spliced.end();
        }
        let scheme_less = word.strip_prefix("//");
        let Some(rest) = scheme_less.or_else(|| Some(word.split_once("://")?.1)) else {
            return self.segments(word, depth);
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut spliced = Spliced::of(word);
        if let Some((user, _)) = authority.rsplit_once('@') {
            spliced.replace(place_in(word, user), &self.secret(&decoded(user)));
        }
        if let Some(spliced_path) = self.segments(path, depth) {
            spliced.replace(place_in(word, path), &spliced_path);
        }
        spliced.end()
    }

    /// Searches each segment of a path; a word without `/` as a whole.
    fn segments(&self, path: &str, depth: usize) -> Option<String> {
        if memchr(b'/', path.as_bytes()).is_none() {
            return self.without_percent(path, depth);
        }
        let mut spliced = Spliced::of(path);
        for segment in path.split('/') {
            if !is_plain(segment)
                && !is_guid(segment)
                && let Some(redacted) = self.word(segment, Before::default(), depth)
            {
                spliced.replace(place_in(path, segment), &redacted);
            }
        }
        spliced.end()
    }

    /// The percent-encoded word with the secrets in it replaced, where there are any.
    fn without_percent(&self, word: &str, depth: usize) -> Option<String> {
        memchr(b'%', word.as_bytes())?;
        let inner = decoded(word);
        if inner == word {
            return None;
        }
        let redacted = self.running(&inner, depth - 1)?;
        Some(form_urlencoded::byte_serialize(redacted.as_bytes()).collect())
    }

    /// The word in base64 with the secrets in it replaced, where there are any.
    fn without_base64(&self, word: &str, depth: usize) -> Option<String> {
        let engine = base64_of(word)?;
        let inner = String::from_utf8(engine.decode(word).ok()?).ok()?;
        if !is_text(&inner) {
            return None;
        }
        let redacted = self.running(&inner, depth - 1)?;
        Some(engine.encode(redacted))
    }
}

/// True for a GUID with its hyphens, which is no secret by itself.
fn is_guid(word: &str) -> bool {
    word.len() == GUID && identifier::is_guid(word)
}

fn named(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_at(memchr(b'=', word.as_bytes())?);
    let is_pair = !name.contains('/') && value.bytes().any(|b| b != b'=');
    is_pair.then(|| (name, &value[1..]))
}

/// The password in `sip:user:password@host` (RFC 3261 section 19.1.1).
fn password_of_sip(word: &str) -> Option<&str> {
    let (scheme, rest) = word.split_once(':')?;
    let is_sip = ["sip", "sips"]
        .iter()
        .any(|it| scheme.eq_ignore_ascii_case(it));
    let (user, _) = rest.rsplit_once('@').filter(|_| is_sip)?;
    Some(user.split_once(':')?.1)
}

/// The coding of a word that may be base64, and of text: its beginning is.
fn base64_of(word: &str) -> Option<GeneralPurpose> {
    const LOOK: usize = 16;
    let beginning = word.as_bytes().get(..LOOK)?;
    let is_of_urls = memchr2(b'-', b'_', word.as_bytes()).is_some();
    let engine = match (is_of_urls, word.len().is_multiple_of(4)) {
        (false, true) => STANDARD,
        (false, false) => STANDARD_NO_PAD,
        (true, true) => URL_SAFE,
        (true, false) => URL_SAFE_NO_PAD,
    };
    let mut bytes = [0; LOOK];
    let length = engine.decode_slice(beginning, &mut bytes).ok()?;
    let begins = match std::str::from_utf8(&bytes[..length]) {
        Ok(text) => text,
        // A character goes on behind what was looked at.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    is_text(begins).then_some(engine)
}

fn is_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

/// The text with percent-encoding and `+` taken away.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return text.into();
    }
    let pair = format!("x={text}");
    let value = form_urlencoded::parse(pair.as_bytes()).next();
    value.map_or(text.into(), |(_, value)| value.into_owned().into())
}

/// A text with replaced ranges. It is copied at the first replacement.
pub(super) struct Spliced<'a> {
    text: &'a str,
    taken: usize,
    copy: Option<String>,
}

impl<'a> Spliced<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self {
            text,
            taken: 0,
            copy: None,
        }
    }

    /// Replaces a range, which lies behind the ranges replaced before.
    pub(super) fn replace(&mut self, place: Range<usize>, with: &str) {
        let copy = self
            .copy
            .get_or_insert_with(|| String::with_capacity(self.text.len() + with.len()));
        copy.push_str(&self.text[self.taken..place.start]);
        copy.push_str(with);
        self.taken = place.end;
    }

    /// `None` if nothing was replaced.
    pub(super) fn end(mut self) -> Option<String> {
        if let Some(copy) = &mut self.copy {
            copy.push_str(&self.text[self.taken..]);
        }
        self.copy
    }
}

/// The range of a part of `text`.
pub(super) fn place_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// The class of each byte in running text, by which it is split into words. URLs, base64 and `name=value` stay one word.
static BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < bytes.len() {
        if at <= b' ' as usize {
            bytes[at] = END;
        } else if at >= 0x80 {
            bytes[at] = WIDE;
        }
        at += 1;
    }
    let (ends, inner) = (b"\"'`<>(){}[],;|&?#\\\x7f", b"=:/%");
    let mut at = 0;
    while at < ends.len() {
        bytes[ends[at] as usize] = END;
        at += 1;
    }
    let mut at = 0;
    while at < inner.len() {
        bytes[inner[at] as usize] = INNER;
        at += 1;
    }
    bytes
};

const END: u8 = 1;
/// Part of a character of several bytes.
const WIDE: u8 = 2;
/// The word has parts.
const INNER: u8 = 4;

#[derive(Debug, Default, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// True if a part of the word may be a secret.
    has_parts: bool,
}

impl Word<'_> {
    /// True if only the context can make the word a secret.
    fn is_harmless(self) -> bool {
        !self.has_parts && self.text.len() < SHORTEST_KEY && !self.text.starts_with("eyJ")
    }
}

/// True if no word of the text is or announces a secret.
fn is_harmless(text: &str) -> bool {
    let class = |byte: &u8| BYTES[usize::from(*byte)];
    let mut rest = text.as_bytes();
    loop {
        let end = rest.iter().position(|byte| class(byte) != 0);
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        if word.len() >= SHORTEST_KEY || word.starts_with(b"eyJ") || secret_names::is_scheme(word) {
            return false;
        }
        match behind.split_first() {
            None => return true,
            Some((byte, behind)) if class(byte) == END => rest = behind,
            // Other words begin behind some spaces of several bytes.
            Some(_) => return false,
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (word, behind) = split_word(rest);
            rest = behind;
            if !word.text.is_empty() {
                return Some(word);
            }
        }
        None
    })
}

/// The first word, which may be empty, and the text behind its end.
fn split_word(text: &str) -> (Word<'_>, &str) {
    let bytes = text.as_bytes();
    let (mut at, mut seen, mut behind) = (0, 0, bytes.len());
    while let Some(byte) = bytes.get(at) {
        let class = BYTES[usize::from(*byte)];
        if class == END {
            behind = at + 1;
            break;
        }
        seen |= class;
        at += 1;
        if class == WIDE {
            let begin = at - 1;
            let Some(c) = text[begin..].chars().next() else {
                break;
            };
            at = begin + c.len_utf8();
            if c.is_whitespace() || c.is_control() {
                behind = at;
                at = begin;
                break;
            }
        }
    }
    let word = Word {
        text: &text[..at],
        has_parts: seen & INNER != 0,
    };
    (word, &text[behind..])
}

#[derive(Debug, Default, Clone, Copy)]
struct Before<'a> {
    word: &'a str,
    /// True for a sign in between, as in broken JSON (`"password": "…`) and in settings (`password
    /// = …`).
    is_label: bool,
    /// The other characters in between.
    gap: &'a str,
}

impl<'a> Before<'a> {
    /// True if the next word may be a secret because of this context.
    fn announces(self) -> bool {
        self.is_label
            || matches!(self.word.as_bytes().last(), Some(b':' | b'='))
            || self.bracketed().is_some()
            || secret_names::is_scheme(self.word.as_bytes())
    }

    /// The name of the next word.
    fn label(self) -> Option<&'a str> {
        if self.is_label {
            return Some(self.word);
        }
        let is_quoted = || !self.gap.is_empty() && self.gap.bytes().all(|b| b"\"'{\\".contains(&b));
        match self.word.strip_suffix('=') {
            Some(name) => is_quoted().then_some(name),
            None => self.word.strip_suffix(':'),
        }
    }

    /// The name of `=value` behind `…[name]` and `name[]`.
    fn bracketed(self) -> Option<&'a str> {
        matches!(self.gap, "]" | "[]").then_some(self.word)
    }
}
