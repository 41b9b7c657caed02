//! Tokens: texts that have the beginning and the shape of a kind of token.

use std::ops::Range;

use super::harmless::{self, looks_random};
use super::rules::{Hit, TokenRule};
use super::scan::{Running, Scan, floor, window_end};

impl Scan<'_> {
    /// Counts the tokens that were not found in one run of characters.
    pub(super) fn failed(&self, hit: Hit, state: &mut Running) {
        if hit.start < state.run_end {
            state.failed += 1;
            return;
        }
        let is_end = |it: &u8| {
            it.is_ascii_whitespace()
                || matches!(it, b'"' | b'\'' | b'<' | b'>' | b',' | b';' | b'(' | b'&')
        };
        let rest = &self.text.as_bytes()[hit.end..state.range.end];
        state.run_end = hit.end + rest.iter().position(is_end).unwrap_or(rest.len());
        state.failed = 1;
    }

    /// Where a token ends at the latest. Most end near their beginning; for a longer one the whole run of its
    /// characters is read, as often as a few times the length of the text.
    fn token_window(&mut self, text: &str, from: usize) -> usize {
        const NEAR: usize = 200;
        const TIMES: usize = 8;
        let near = window_end(text, from, NEAR);
        let is_end = |it: &u8| {
            it.is_ascii_whitespace()
                || matches!(it, b'"' | b'\'' | b'<' | b'>' | b'&' | b'\\' | b',' | b';')
                || *it >= 0x80
        };
        if near == text.len()
            || text.as_bytes()[from..near].iter().any(is_end)
            || self.spent > TIMES * self.text.len()
        {
            return near;
        }
        let length = text.as_bytes()[near..]
            .iter()
            .position(is_end)
            .unwrap_or(text.len() - near);
        self.spent += length;
        floor(text, near + length)
    }

    /// The place of a token whose beginning was found.
    pub(super) fn token(
        &mut self,
        rule: &TokenRule,
        hit: Hit,
        range: &Range<usize>,
    ) -> Option<Range<usize>> {
        let whole = self.text;
        let text = &whole[range.start..range.end];
        let start = hit.start - range.start;
        let piece = &text[start..hit.end - range.start];
        let own = rule.starts.iter().find(|it| it.as_str() == piece)?;
        let place = if let Some(back) = rule.back {
            let mut from = start.saturating_sub(back);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let end = window_end(text, hit.end - range.start, 400);
            let regex = rule.regex()?;
            let found = regex
                .find_iter(&text[from..end])
                .find(|it| from + it.end() > start)?;
            (from + found.start() <= start).then(|| from + found.start()..from + found.end())?
        } else {
            if !is_edge_before(text, start, own) && !self.is_length_before(text, start) {
                return None;
            }
            let behind = hit.end - range.start;
            let captures = rule
                .regex()?
                .captures(&text[behind..self.token_window(text, behind)])?;
            match captures.get(1) {
                Some(group) => behind + group.start()..behind + group.end(),
                None => start..behind + captures.get(0)?.end(),
            }
        };
        let place = place.start..self.end_by_length(text, &place);
        let secret = &text[place.clone()];
        let body = secret.strip_prefix(own.as_str()).unwrap_or(secret);
        let next = text[place.end..].chars().next();
        let goes_on = next.is_some_and(|it| it.is_ascii_alphanumeric()) && !self.is_bytes;
        let is_it =
            !goes_on && (!rule.must_look_random || is_mixed(body)) && !harmless::is_guid(secret);
        is_it.then_some(range.start + place.start..range.start + place.end)
    }

    /// True if the byte before is the length of what follows, in a binary format.
    fn is_length_before(&self, text: &str, start: usize) -> bool {
        self.is_bytes && start > 0 && text.is_char_boundary(start - 1)
    }

    /// The end of a token in a binary format that says its length before it.
    fn end_by_length(&self, text: &str, place: &Range<usize>) -> usize {
        if !self.is_bytes {
            return place.end;
        }
        super::binary::end_by_length(text, place).unwrap_or(place.end)
    }
}

/// True if a token may begin here: nothing before it belongs to it.
fn is_edge_before(text: &str, start: usize, own: &str) -> bool {
    let before = &text[..start];
    let Some(last) = before.chars().next_back() else {
        return true;
    };
    if !last.is_ascii_alphanumeric() {
        return true;
    }
    if own.starts_with([':', '/', '.', '+', '-', '$', '{']) {
        return true;
    }
    let bytes = before.as_bytes();
    let is_escape = matches!(last, 'n' | 't' | 'r' | 'b' | 'f')
        && bytes.len() > 1
        && bytes[bytes.len() - 2] == b'\\';
    let is_percent = bytes.len() > 2
        && bytes[bytes.len() - 3] == b'%'
        && bytes[bytes.len() - 2].is_ascii_hexdigit();
    let is_unicode = bytes.len() > 5 && bytes[bytes.len() - 6..].starts_with(b"\\u");
    let is_unmistakable = own.len() >= 4 && own.ends_with(['_', '-', '.']);
    is_escape || (is_percent && last.is_ascii_hexdigit()) || is_unicode || is_unmistakable
}

/// True for a text that has digits, or letters of both cases as no word has them.
fn is_mixed(text: &str) -> bool {
    if text.len() < 30 && text.contains(['-', '_']) && !text.bytes().any(|it| it.is_ascii_digit()) {
        return looks_random(text);
    }
    let has_digit = text.bytes().any(|it| it.is_ascii_digit());
    let words = text.split(['-', '_', '.']).filter(|it| it.len() > 2);
    let is_of_words =
        words.clone().count() > 2 && text.split(['-', '_', '.']).all(is_word_or_number);
    (has_digit || looks_random(text)) && !is_of_words
}

fn is_word_or_number(text: &str) -> bool {
    let letters = text
        .strip_prefix(|it: char| it.is_ascii_uppercase())
        .unwrap_or(text);
    letters.bytes().all(|it| it.is_ascii_lowercase())
        || text.bytes().all(|it| it.is_ascii_digit()) && text.len() < 9
        || text.bytes().all(|it| it.is_ascii_uppercase()) && text.len() < 9
}
