//! JSON within other text: in the lines of a log, in the parts of a form, in events, in scripts, in a string.
//!
//! A document begins with a bracket, and goes on as far as the text is JSON. What is cut off is a document too. Each byte
//! is read a few times at most, however brackets and quotes stand.

use std::ops::Range;

use super::harmless::is_number;
use super::lexer;
use super::scan::{Kind, Scan};
use super::view::View;

/// The most levels of objects and arrays.
const DEEPEST: u32 = 128;

/// The shortest document in bytes that may hold a secret: `{"pin":"1`.
const SHORTEST: usize = 9;

/// A text that is JSON from an opening bracket on.
#[derive(Debug)]
pub(super) struct Document {
    /// Its end, or the end of the part that is JSON.
    pub end: usize,
    /// True if all that was opened is closed.
    pub is_whole: bool,
    /// True if it has names and values. Lists of plain values are found in prose and code as well.
    has_pairs: bool,
    /// The number of backslashes before each quote: more than none in a string.
    slashes: usize,
    /// The end of the part that no program goes on with: `'Bearer ' + '…'` is an expression.
    settled: usize,
    /// Where the next document may begin.
    next: usize,
}

/// What may stand next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Or the end of an array.
    Value,
    /// Or the end of an object.
    Name,
    Colon,
    /// The value of a name.
    Named,
    Separator,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    next: Next,
    /// A bit for each open container, the innermost one last: 1 for an object.
    open: u128,
    depth: u32,
    has_pairs: bool,
    slashes: Option<usize>,
    /// The end of the last pair or item.
    item_end: usize,
    /// The last string with its quotes, if it is the last token.
    string: Option<Range<usize>>,
}

/// Why a document does not go on.
enum Stop {
    /// All is closed.
    Whole,
    /// The text ends.
    Cut,
    /// The text goes on with what is no JSON.
    Other,
}

/// The document that begins with the bracket at `start`, in a text that ends at `end`.
pub(super) fn document(text: &str, start: usize, end: usize) -> Document {
    let mut reader = Reader {
        text: &text[..end],
        at: start,
        next: Next::Value,
        open: 0,
        depth: 0,
        has_pairs: false,
        slashes: None,
        item_end: start,
        string: None,
    };
    let stop = loop {
        if let Err(stop) = reader.token() {
            break stop;
        }
    };
    let (end, next) = match (&stop, &reader.string) {
        (Stop::Whole | Stop::Cut, _) => (reader.at, reader.at),
        // The last string may be one by mistake, if a quote before it stands alone.
        (Stop::Other, Some(string)) => (string.end, string.start + 1),
        (Stop::Other, None) => (reader.item_end, reader.at.max(start + 1)),
    };
    Document {
        end,
        is_whole: matches!(stop, Stop::Whole),
        has_pairs: reader.has_pairs,
        slashes: reader.slashes.unwrap_or(0),
        settled: match stop {
            Stop::Whole | Stop::Cut => end,
            Stop::Other => reader.item_end,
        },
        next,
    }
}

/// True for a text that is one object or array. If `is_cut_off` is true, it may be cut off.
pub(super) fn is_document(text: &str, is_cut_off: bool) -> bool {
    let found = document(text, 0, text.len());
    found.end == text.len() && (found.is_whole || is_cut_off)
}

/// The end of the JSON that a text begins with: one value after the other (RFC 7464, and a line each), the last of them cut
/// off at most.
pub(super) fn values_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_between = |it: &u8| it.is_ascii_whitespace() || *it == b'\x1e';
    let mut end = 0;
    loop {
        let start = end + bytes[end..].iter().take_while(|it| is_between(it)).count();
        end = match bytes.get(start) {
            Some(b'{' | b'[') => {
                let found = document(text, start, text.len());
                if !found.is_whole && found.end < text.len() {
                    return start;
                }
                found.end
            }
            Some(b'"') => string_end(bytes, start, 0).0,
            _ => match plain_end(text, start) {
                Some(end) => end,
                None => return start,
            },
        };
    }
}

/// True for a text that is one string.
pub(super) fn is_string(text: &str) -> bool {
    string_end(text.as_bytes(), 0, 0) == (text.len(), true)
}

impl Reader<'_> {
    fn token(&mut self) -> Result<(), Stop> {
        self.blanks();
        let bytes = self.text.as_bytes();
        let Some(byte) = bytes.get(self.at) else {
            return Err(Stop::Cut);
        };
        match byte {
            b'"' | b'\'' | b'\\' => return self.quoted(),
            b'{' | b'[' if self.takes_value() && self.depth < DEEPEST => {
                self.depth += 1;
                self.open = self.open << 1 | u128::from(*byte == b'{');
                self.separated();
            }
            b'}' | b']' if self.takes_end(*byte == b'}') => {
                self.depth -= 1;
                self.open >>= 1;
                self.separated();
                self.next = Next::Separator;
                if self.depth == 0 {
                    return Err(Stop::Whole);
                }
            }
            b',' if self.next == Next::Separator => self.separated(),
            b':' if self.next == Next::Colon => {
                self.has_pairs = true;
                self.next = Next::Named;
                self.at += 1;
            }
            _ => {
                self.at = self.plain().ok_or(Stop::Other)?;
                self.scalar();
            }
        }
        self.string = None;
        Ok(())
    }

    /// Blanks between tokens, comments, and line ends as a string has them.
    fn blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => self.at += lexer::line_end(bytes, self.at),
                b'\\' => {
                    let slashes = slashes(&bytes[self.at..]);
                    match bytes.get(self.at + slashes) {
                        Some(b'n' | b'r' | b't') => self.at += slashes + 1,
                        _ => return,
                    }
                }
                b'/' => match lexer::comment(bytes, self.at) {
                    Some(end) if self.depth > 0 => self.at = end,
                    _ => return,
                },
                _ => return,
            }
        }
    }

    fn takes_value(&self) -> bool {
        matches!(self.next, Next::Value | Next::Named)
    }

    fn is_in_object(&self) -> bool {
        self.open & 1 == 1
    }

    /// A comma before the end is what people and programs leave there.
    fn takes_end(&self, of_object: bool) -> bool {
        let takes_end = match self.next {
            Next::Separator => true,
            Next::Value => !of_object,
            Next::Name => of_object,
            Next::Colon | Next::Named => false,
        };
        takes_end && self.depth > 0 && self.is_in_object() == of_object
    }

    /// Behind a bracket or a comma.
    fn separated(&mut self) {
        self.at += 1;
        self.item_end = self.at;
        self.next = if self.is_in_object() {
            Next::Name
        } else {
            Next::Value
        };
    }

    /// Behind a name or a value.
    fn scalar(&mut self) {
        self.next = match self.next {
            Next::Name => Next::Colon,
            _ => Next::Separator,
        };
    }

    /// A string. One that does not end in its line, or in the string around it, is cut off.
    fn quoted(&mut self) -> Result<(), Stop> {
        let bytes = self.text.as_bytes();
        let slashes = slashes(&bytes[self.at..]);
        let quote = self.at + slashes;
        let is_quote = matches!(bytes.get(quote), Some(b'"' | b'\''));
        let is_alike = *self.slashes.get_or_insert(slashes) == slashes;
        let is_expected = self.takes_value() || self.next == Next::Name;
        if !(is_quote && is_alike && is_expected) {
            return Err(Stop::Other);
        }
        let (end, is_closed) = string_end(bytes, quote, slashes);
        if !is_closed {
            self.at = end;
            return Err(Stop::Cut);
        }
        self.string = Some(self.at..end);
        self.at = end;
        self.scalar();
        Ok(())
    }

    /// The end of a name without quotes, a number or a word that stands for a value.
    fn plain(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if self.next == Next::Name {
            return lexer::bare_name(bytes, self.at);
        }
        if !self.takes_value() {
            return None;
        }
        plain_end(self.text, self.at)
    }
}

/// The end of a number or a word that stands for a value.
fn plain_end(text: &str, start: usize) -> Option<usize> {
    let is_part = |it: &u8| it.is_ascii_alphanumeric() || b"+-._".contains(it);
    let bytes = &text.as_bytes()[start..];
    let end = start + bytes.iter().take_while(|it| is_part(it)).count();
    let word = &text[start..end];
    (is_number(word) || WORDS.contains(&word)).then_some(end)
}

/// The words that stand for values in JSON, and in what programs print.
const WORDS: [&str; 8] = [
    "null",
    "true",
    "false",
    "None",
    "True",
    "False",
    "undefined",
    "NaN",
];

fn slashes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|it| **it == b'\\').count()
}

/// The offset behind the closing quote of a string, or the end of what there is of it, and true if it has one. In a
/// string, the quotes have backslashes before them; those within have more.
fn string_end(bytes: &[u8], quote: usize, slashes: usize) -> (usize, bool) {
    let (from, mark) = (quote + 1, bytes[quote]);
    let mut at = from;
    while let Some(found) = memchr::memchr2(mark, b'\n', &bytes[at..]) {
        at += found;
        let is_escape = |it: &&u8| **it == b'\\';
        let before = bytes[from..at].iter().rev().take_while(is_escape).count();
        if bytes[at] == b'\n' || before < slashes {
            return (at, false);
        }
        at += 1;
        if before % (2 * (slashes + 1)) == slashes {
            return (at, true);
        }
    }
    (bytes.len(), false)
}

/// The documents in a text, in order.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// Each with the number of backslashes before its quotes.
    found: Vec<(Range<usize>, usize)>,
    /// What they cover, in ranges that are apart.
    covered: Vec<Range<usize>>,
    /// The same without what may be the beginning of an expression.
    settled: Vec<Range<usize>>,
}

impl Documents {
    pub(super) fn of(text: &str, range: &Range<usize>) -> Self {
        let mut documents = Self::default();
        let mut at = range.start;
        while let Some(found) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..range.end]) {
            let start = at + found;
            let found = document(text, start, range.end);
            at = found.next.min(range.end);
            // One in the last string of another is searched with it.
            let is_new = found.end > documents.end();
            if found.has_pairs && is_new && found.end - start >= SHORTEST {
                documents.add(start, &found);
            }
        }
        documents
    }

    fn add(&mut self, start: usize, document: &Document) {
        let begin = self.end().max(start);
        self.covered.push(begin..document.end);
        self.settled.push(begin..document.settled.max(begin));
        self.found.push((start..document.end, document.slashes));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn end(&self) -> usize {
        self.covered.last().map_or(0, |it| it.end)
    }

    /// True if this offset lies in one, and in no expression.
    pub(super) fn hold(&self, offset: usize) -> bool {
        holds(&self.settled, offset)
    }

    /// The parts of a range that are in none.
    pub(super) fn around(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let mut begin = range.start;
        let mut around = Vec::with_capacity(self.covered.len() + 1);
        for document in &self.covered {
            around.push(begin..document.start);
            begin = document.end;
        }
        around.push(begin..range.end);
        around
    }
}

/// True if one of the ranges, which are in order and apart, has this offset.
pub(super) fn holds(ranges: &[Range<usize>], offset: usize) -> bool {
    let index = ranges.partition_point(|it| it.end <= offset);
    ranges.get(index).is_some_and(|it| it.start <= offset)
}

impl Scan<'_> {
    /// Searches the documents of a text, but for those in `read`: ranges that are in order and apart.
    pub(super) fn documents(&mut self, documents: &Documents, read: &[Range<usize>]) {
        for (place, slashes) in &documents.found {
            if holds(read, place.start) {
                continue;
            }
            if *slashes == 0 {
                self.embedded_json(place.clone());
            } else {
                let view = View::json(&self.text[place.clone()]);
                self.within(&view, place.start, Kind::Any);
            }
        }
    }
}
