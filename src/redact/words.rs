//! Splits running text into words with their context.

use super::secret_names;
use super::secret_shapes::SHORTEST_KEY;

/// The class of each byte in running text. URLs, base64 and `name=value` stay one word.
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
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// True if a part of the word may be a secret.
    has_parts: bool,
}

impl Word<'_> {
    /// True if only the context can make the word a secret.
    pub(super) fn is_harmless(self) -> bool {
        !self.has_parts && self.text.len() < SHORTEST_KEY && !self.text.starts_with("eyJ")
    }
}

/// True if no word of the text is or announces a secret.
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

/// The context before a word.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) word: &'a str,
    /// True for a sign in between, as in broken JSON (`"password": "…`) and in settings (`password
    /// = …`).
    pub(super) is_label: bool,
    /// The other characters in between.
    pub(super) gap: &'a str,
}

impl<'a> Before<'a> {
    /// True if the next word may be a secret because of this context.
    pub(super) fn announces(self) -> bool {
        self.is_label
            || matches!(self.word.as_bytes().last(), Some(b':' | b'='))
            || self.bracketed().is_some()
            || secret_names::is_scheme(self.word.as_bytes())
    }

    /// The name of the next word.
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

    /// The name of `=value` behind `…[name]` and `name[]`.
    pub(super) fn bracketed(self) -> Option<&'a str> {
        matches!(self.gap, "]" | "[]").then_some(self.word)
    }
}
