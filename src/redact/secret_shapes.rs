//! The shapes of secrets: prefixes of keys, JWTs, PEM. A new shape is added here and called in `scanner`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pseudonyms::pseudonyms;

/// Prefixes of well-known keys. Each is followed by at least 12 characters.
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

/// The beginning of a block of PEM (RFC 7468 section 2).
pub(super) const PEM: &str = "-----BEGIN ";

/// The length of the shortest key: the shortest prefix and 12 characters.
pub(super) const SHORTEST_KEY: usize = 15;

/// The lengths of 32 and 64 bytes in padded base64: the keys of storage accounts and queues.
const KEY_LENGTHS: [usize; 2] = [44, 88];

/// The kind of a secret. It depends on the value alone, so that a value has one pseudonym.
pub(super) fn kind(value: &str) -> &'static str {
    if is_jwt(value) {
        "jwt"
    } else if value.starts_with(PEM) || is_key(value) {
        "key"
    } else {
        "secret"
    }
}

/// The beginnings of a JSON object in base64: its brace, then its first name or white space.
const OBJECTS: [&str; 4] = ["eyJ", "eyA", "ewo", "ew0"];

/// Three parts with dots between them, of which the first is a JSON object in base64.
pub(super) fn is_jwt(word: &str) -> bool {
    OBJECTS.iter().any(|begin| word.starts_with(begin))
        && word.bytes().filter(|b| *b == b'.').count() >= 2
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b))
}

pub(super) fn is_key(word: &str) -> bool {
    let has_prefix = |prefix: &&str| {
        prefix.as_bytes()[0] == word.as_bytes()[0]
            && word.strip_prefix(*prefix).is_some_and(|rest| {
                rest.len() >= 12
                    && rest
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            })
    };
    (word.len() >= SHORTEST_KEY && KEY_PREFIXES.iter().any(has_prefix))
        || (KEY_LENGTHS.contains(&word.len())
            && word.ends_with('=')
            && STANDARD
                .decode(word)
                .is_ok_and(|bytes| bytes.len() % 32 == 0 && !holds_pseudonym(&bytes)))
}

fn holds_pseudonym(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| pseudonyms(text).next().is_some())
}

/// True for a short word of letters, which is neither a secret nor part of a known one. Most
/// property names are such words.
pub(super) fn is_plain(text: &str) -> bool {
    text.len() < SHORTEST_KEY && text.bytes().all(|b| b.is_ascii_alphabetic())
}
