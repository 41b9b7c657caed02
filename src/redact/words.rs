//! The words of running texts, and what stands before them.

use super::secret_names;
use super::secret_shapes::SHORTEST_KEY;

/// What a byte is in running text. What is left of a text holds URLs, base64 and `name=value`
/// whole.
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

/// It ends a word.
const END: u8 = 1;
/// It belongs to a character of several bytes.
const WIDE: u8 = 2;
/// The word has parts.
const INNER: u8 = 4;

/// A word of a running text.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Whether it may have parts, each of which may be a secret.
    has_parts: bool,
}

impl Word<'_> {
    /// Whether nothing but what stands before it can make it a secret.
    pub(super) fn is_harmless(self) -> bool {
        !self.has_parts && self.text.len() < SHORTEST_KEY && !self.text.starts_with("eyJ")
    }
}

/// Whether a running text has harmless words only, and none that announces a secret.
pub(super) fn is_harmless(text: &str) -> bool {
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

/// The words of a running text, in order.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
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

/// The first word, which may be empty, and what stands behind its end.
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

/// What stands before a word.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) word: &'a str,
    /// Whether a sign stands between, as in JSON that is broken (`"password": "…`) and in settings
    /// (`password = …`).
    pub(super) is_label: bool,
    /// What else stands between.
    pub(super) gap: &'a str,
}

impl<'a> Before<'a> {
    /// Whether it may say that the next word is a secret.
    pub(super) fn announces(self) -> bool {
        self.is_label
            || matches!(self.word.as_bytes().last(), Some(b':' | b'='))
            || self.bracketed().is_some()
            || secret_names::is_scheme(self.word.as_bytes())
    }

    /// What the next word is called, where it is called anything.
    pub(super) fn label(self) -> Option<&'a str> {
        if self.is_label {
            return Some(self.word);
        }
        let is_quoted = || !self.gap.is_empty() && self.gap.bytes().all(|b| b"\"'{\\".contains(&b));
        match self.word.strip_suffix('=') {
            Some(name) => is_quoted().then_some(name),
            None => self.word.strip_suffix(':'),
        }
    }

    /// What `=value` is called behind `…[name]` and `name[]`.
    pub(super) fn bracketed(self) -> Option<&'a str> {
        matches!(self.gap, "]" | "[]").then_some(self.word)
    }
}
