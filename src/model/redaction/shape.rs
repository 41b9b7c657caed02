//! Shapes: secrets in running text, told from how they look and from what stands before them.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use url::form_urlencoded;

use crate::text::json::values;

use super::{Redactor, is_pseudonym, names, pseudonyms};

/// How many wrappings (base64, percent-encoding, JSON in a string) are opened.
const DEPTH: usize = 4;

/// What keys of well-known makers begin with; each is followed by at least 12 characters.
const KEY_PREFIXES: &[&str] = &[
    "AIza",
    "AKIA",
    "ASIA",
    "SG.",
    "dop_v1_",
    "gho_",
    "ghp_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "hf_",
    "npm_",
    "pk_live_",
    "pypi-",
    "rk_live_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "shpat_",
    "xapp-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "ya29.",
];

/// What blocks of PEM begin with (RFC 7468 section 2).
const PEM: &str = "-----BEGIN ";

/// The lengths of 32 and 64 bytes in padded base64: the keys of storage accounts and queues.
const KEY_LENGTHS: [usize; 2] = [44, 88];

/// The kind of a secret, told from the value alone, so that a value has one pseudonym.
pub(super) fn kind(value: &str) -> &'static str {
    if is_jwt(value) {
        "jwt"
    } else if value.starts_with(PEM) || is_key(value) {
        "key"
    } else {
        "secret"
    }
}

/// Three parts with dots between them, of which the first is a JSON object in base64.
fn is_jwt(word: &str) -> bool {
    word.starts_with("eyJ")
        && word.matches('.').count() >= 2
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b))
}

fn is_key(word: &str) -> bool {
    let has_prefix = |prefix: &&str| {
        word.strip_prefix(*prefix).is_some_and(|rest| {
            rest.len() >= 12
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
    };
    KEY_PREFIXES.iter().any(has_prefix)
        || (KEY_LENGTHS.contains(&word.len())
            && word.ends_with('=')
            && STANDARD
                .decode(word)
                .is_ok_and(|bytes| bytes.len() % 32 == 0 && !holds_pseudonym(&bytes)))
}

/// Whether bytes are text in which a secret was replaced.
fn holds_pseudonym(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| pseudonyms(text).next().is_some())
}

/// Where a word of running text ends. What is left holds URLs, base64 and `name=value` whole.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`<>(){}[],;|&?#\\".contains(c)
}

impl Redactor {
    /// The text with every secret replaced that its name or shape gives away.
    pub(super) fn text(&self, text: &str) -> String {
        self.running(text, DEPTH)
    }

    fn running(&self, text: &str, depth: usize) -> String {
        if depth == 0 {
            return text.to_owned();
        }
        if text.starts_with(['{', '['])
            && let Ok(mut value) = serde_json::from_str(text)
        {
            let given = serde_json::Value::clone(&value);
            self.json(&mut value);
            // Of properties with one name the value holds the last only, the text all.
            let is_whole = !values(text).iter().any(|it| it.again);
            return if value == given && is_whole {
                text.to_owned()
            } else {
                value.to_string()
            };
        }
        let text = self.without_pem(text);
        let mut redacted = String::with_capacity(text.len());
        let mut before = String::new();
        for part in text.split_inclusive(is_separator) {
            let word = part.trim_end_matches(is_separator);
            redacted += &self.word(word, &before, depth);
            redacted += &part[word.len()..];
            if word == ":" {
                // As in JSON that is broken: `"password": "…`.
                before.push(':');
            } else if !word.is_empty() {
                word.clone_into(&mut before);
            }
        }
        self.without_known(redacted)
    }

    /// The text without secrets that were found before.
    fn without_known(&self, text: String) -> String {
        let mut found = self.known.find(&text);
        if found.is_empty() {
            return text;
        }
        // A secret that a pseudonym has parts of does not change it.
        let made: Vec<_> = pseudonyms(&text).collect();
        found.retain(|place| {
            let lies_in = |it: &Range<usize>| it.start < place.end && place.start < it.end;
            !made.iter().any(lies_in)
        });
        let mut redacted = String::with_capacity(text.len());
        let mut end = 0;
        for place in found {
            redacted += &text[end..place.start];
            redacted += &self.secret(&text[place.clone()]);
            end = place.end;
        }
        redacted + &text[end..]
    }

    /// PEM blocks that hold private keys, replaced whole. One that does not end goes to the end.
    fn without_pem(&self, text: &str) -> String {
        let mut redacted = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(PEM) {
            let (before, block) = rest.split_at(start);
            redacted += before;
            let head = block[PEM.len()..].split("-----").next();
            let end = if head.is_some_and(|head| head.contains("PRIVATE KEY")) {
                let end = block
                    .find("-----END ")
                    .and_then(|at| Some(at + 9 + block[at + 9..].find("-----")? + 5))
                    .unwrap_or(block.len());
                redacted += &self.secret(&block[..end]);
                end
            } else {
                // Whether it ends or not, there may be a key in it.
                redacted += PEM;
                PEM.len()
            };
            rest = &block[end..];
        }
        redacted + rest
    }

    fn word(&self, word: &str, before: &str, depth: usize) -> String {
        if word.is_empty() || is_pseudonym(word) {
            return word.to_owned();
        }
        let label = before.strip_suffix(':').is_some_and(names::is_secret);
        let is_bare = word.bytes().all(|b| b.is_ascii_alphabetic()) && word.len() < 20;
        if (names::is_scheme(before) && !is_bare) || (label && !names::is_scheme(word)) {
            return self.secret(word);
        }
        if is_jwt(word) || is_key(word) {
            return self.secret(word);
        }
        if let Some(unwrapped) = self.without_base64(word, depth) {
            return unwrapped;
        }
        let is_path = word
            .find('/')
            .is_some_and(|slash| word.find('=').is_some_and(|equals| slash < equals));
        if let Some((name, value)) = word.split_once('=')
            && !is_path
            && value.bytes().any(|b| b != b'=')
        {
            return if names::is_secret_parameter(&decoded(name)) {
                format!("{name}={}", self.secret(&decoded(value)))
            } else {
                format!("{name}={}", self.word(value, "", depth))
            };
        }
        if let Some((name, value)) = word.split_once(':')
            && names::is_secret(name)
            && !value.is_empty()
        {
            return format!("{name}:{}", self.secret(value));
        }
        if let Some((scheme, rest)) = word.split_once("://") {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let authority = match authority.rsplit_once('@') {
                Some((user, host)) => format!("{}@{host}", self.secret(&decoded(user))),
                None => authority.to_owned(),
            };
            return format!("{scheme}://{authority}{}", self.segments(path, depth));
        }
        self.segments(word, depth)
    }

    /// A path, segment by segment; another word as it stands.
    fn segments(&self, path: &str, depth: usize) -> String {
        if !path.contains('/') {
            return self
                .without_percent(path, depth)
                .unwrap_or_else(|| path.to_owned());
        }
        path.split('/')
            .map(|segment| self.word(segment, "", depth))
            .collect::<Vec<_>>()
            .join("/")
    }

    /// The percent-encoded word with the secrets in it replaced, where there are any.
    fn without_percent(&self, word: &str, depth: usize) -> Option<String> {
        let inner = decoded(word);
        if !word.contains('%') || inner == word {
            return None;
        }
        let redacted = self.running(&inner, depth - 1);
        (redacted != inner).then(|| form_urlencoded::byte_serialize(redacted.as_bytes()).collect())
    }

    /// The word in base64 with the secrets in it replaced, where there are any.
    fn without_base64(&self, word: &str, depth: usize) -> Option<String> {
        if word.len() < 16 {
            return None;
        }
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            let Ok(Ok(inner)) = engine.decode(word).map(String::from_utf8) else {
                continue;
            };
            if inner.chars().any(|c| c.is_control() && !c.is_whitespace()) {
                continue;
            }
            let redacted = self.running(&inner, depth - 1);
            if redacted != inner {
                return Some(engine.encode(redacted));
            }
        }
        None
    }
}

/// The text with percent-encoding and `+` taken away.
fn decoded(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let pair = format!("x={text}");
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}
