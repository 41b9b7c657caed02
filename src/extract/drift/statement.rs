//! The content of prose that does not depend on its language, sentence by sentence: code spans, links, names in camel
//! case, and numbers.

use std::collections::BTreeSet;

use super::super::prose::{Piece, Text};

/// The parts of a sentence that can be recognized in any language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Code spans, pages that it links to, and names in camel case.
    pub(super) names: BTreeSet<String>,
    /// The names in code spans.
    pub(super) codes: BTreeSet<String>,
    pub(super) numbers: Vec<String>,
    /// The standards that it names, such as `E.164`.
    pub(super) standards: Vec<String>,
}

/// The sentences of a text.
pub(super) fn sentences(text: &Text) -> Vec<Sentence> {
    let mut all = vec![Sentence::default()];
    let mut before = String::new();
    for piece in &text.pieces {
        let Some(current) = all.last_mut() else { break };
        match piece {
            Piece::Code(code) => {
                let code = code.trim();
                if !code.is_empty() && !is_status(code) {
                    current.codes.insert(code.to_owned());
                    current.names.insert(code.to_owned());
                }
                before.clear();
            }
            Piece::Link { target, .. } => {
                current.names.extend(linked(target));
                before.clear();
            }
            Piece::Plain(plain) => {
                let mut parts = split(plain).into_iter().peekable();
                while let Some(part) = parts.next() {
                    if let Some(current) = all.last_mut() {
                        current.read(part, &before);
                    }
                    if parts.peek().is_some() {
                        all.push(Sentence::default());
                        before.clear();
                    } else {
                        part.clone_into(&mut before);
                    }
                }
            }
        }
    }
    all.retain(|it| *it != Sentence::default());
    all
}

/// The page or the path that a link leads to.
fn linked(target: &str) -> Option<String> {
    let path = target.split(['?', '#']).next()?;
    let name = path.rsplit('/').find(|part| !part.is_empty())?;
    Some(name.trim_end_matches(".md").to_lowercase())
}

/// Splits plain text behind the marks that end a sentence. The last sentence may go on behind a code span.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_end = match c {
            '。' | '！' | '？' | '；' => true,
            '.' | '!' | '?' | ';' => text[end..].starts_with(char::is_whitespace),
            _ => false,
        };
        if is_end {
            parts.push(&text[from..end]);
            from = end;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// `200 OK`
fn is_status(code: &str) -> bool {
    let digits = code.split(' ').next().unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

impl Sentence {
    /// Adds plain text. `before` is the plain text of the same sentence directly in front of it.
    fn read(&mut self, text: &str, before: &str) {
        let mut previous = before.split_whitespace().next_back().unwrap_or_default();
        // The first word of a sentence has a capital letter anyway.
        let mut is_second = false;
        let mut is_first = before.trim().is_empty();
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            self.names.extend(camel_case(word).map(str::to_owned));
            self.standards.extend(standard(word));
            let is_title = !is_first
                && previous.starts_with(char::is_uppercase)
                && (!is_second || PRODUCTS.contains(&previous));
            let phrase = words
                .peek()
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_uppercase()));
            // `16 000` is one number in two words.
            let is_rest = word.len() == 3
                && word.bytes().all(|b| b.is_ascii_digit())
                && previous.bytes().all(|b| b.is_ascii_digit());
            if let Some(last) = self
                .numbers
                .last_mut()
                .filter(|last| is_rest && *last == previous)
            {
                last.push_str(word);
                previous = word;
                continue;
            }
            for number in numbers(word) {
                // No limits: `Microsoft 365`, `202 Accepted`, a year.
                let is_name = is_title && word.starts_with(|c: char| c.is_ascii_digit());
                let is_status = number.len() == 3 && phrase;
                if !is_name && !is_status && !is_year(&number) {
                    self.numbers.push(number);
                }
            }
            previous = word;
            is_second = is_first;
            is_first = word.ends_with([':', '：']);
        }
    }
}

/// Products with a number in their name.
const PRODUCTS: [&str; 3] = ["Microsoft", "Office", "Windows"];

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("199") || number.starts_with("20"))
}

/// A name such as `recordingLocation` in a word, which may have no blanks around it.
fn camel_case(word: &str) -> impl Iterator<Item = &str> {
    let parts = word.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|part| {
        let starts = part.starts_with(|c: char| c.is_ascii_lowercase());
        let has_capital = part.bytes().skip(1).any(|b| b.is_ascii_uppercase());
        starts && has_capital && part.len() > 3
    })
}

/// A recommendation of the ITU, such as `E.164`.
fn standard(word: &str) -> Option<String> {
    let start = word.find(|c: char| c.is_ascii_uppercase())?;
    let rest = &word[start..];
    let (letter, digits) = rest.split_once('.')?;
    let end = digits.find(|c: char| !c.is_ascii_digit());
    let digits = &digits[..end.unwrap_or(digits.len())];
    (letter.len() == 1 && digits.len() == 3).then(|| format!("{letter}.{digits}"))
}

/// The numbers in a word: digits that do not touch a letter or a slash. A unit may follow them, or a hyphen with the rest
/// of a word. Marks between thousands are left out.
fn numbers(word: &str) -> Vec<String> {
    let is_hyphen = |c: char| matches!(c, '-' | '–' | '—');
    let is_mark = |c: char| matches!(c, '.' | ',' | '，');
    // No number: a GUID, a date, a name with a number.
    let (before, _) = word.split_once(is_hyphen).unwrap_or_default();
    if word.matches(is_hyphen).count() > 1 || before.chars().any(char::is_alphabetic) {
        return Vec::new();
    }
    // No number: the examples 1-4.
    let is_digit = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
    if word.contains(is_hyphen) && word.trim_matches(is_mark).split(is_hyphen).all(is_digit) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = word;
    let mut last = None;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let before = rest[..start].chars().next_back().or(last);
        let from = &rest[start..];
        let length = from.find(|c: char| !c.is_ascii_digit() && !is_mark(c));
        let printed = from[..length.unwrap_or(from.len())].trim_end_matches(is_mark);
        let behind = &from[printed.len()..];
        let after = behind.chars().next();
        let touches = |c: char| c.is_ascii_alphabetic() || "_/:.+#@".contains(c);
        let unit = behind.split(|c: char| !c.is_ascii_alphabetic()).next();
        let has_unit = unit.is_some_and(|it| UNITS.contains(&it));
        let is_touched = before.is_some_and(touches)
            || after.is_some_and(|c| touches(c) && !is_mark(c) && !has_unit);
        if !is_touched {
            found.push(plain(printed));
        }
        last = printed.chars().next_back();
        rest = behind;
    }
    found
}

/// A number without marks between thousands.
fn plain(number: &str) -> String {
    let is_thousands = |part: &str| part.len() == 3;
    let parts: Vec<_> = number.split([',', '，']).collect();
    if parts.len() > 1 && parts[1..].iter().all(|it| is_thousands(it)) {
        parts.concat()
    } else {
        number.to_owned()
    }
}

const UNITS: [&str; 10] = ["s", "ms", "min", "h", "kB", "KB", "MB", "GB", "kHz", "KHz"];

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Sentence> {
        sentences(&Text {
            pieces: vec![Piece::Plain(text.to_owned())],
            ..Text::default()
        })
    }

    #[test]
    fn numbers_that_limit_something_are_read() {
        for (text, numbers) in [
            ("Max limit is 256 chars.", &["256"][..]),
            ("最大限制为256个字符。", &["256"]),
            ("a timeout of 15 seconds (5s for recording)", &["15", "5"]),
            ("16-bit, 3.5, 1,000 samples", &["16", "3.5", "1000"]),
            (
                "16 位样本，采样率为 16，000 (16KHz)",
                &["16", "16000", "16"],
            ),
            ("in percent (0-100), 0.01%", &["0", "100", "0.01"]),
            ("16 000 (16khz) Гц, в примерах 1-4,", &["16000"]),
            ("at 2019-05-01, 8A34A46B-3D17-4ADC-8DCE-DC4E7D572698", &[]),
            ("Microsoft 365 and P2P, since 2021", &[]),
            ("returns 202 Accepted", &[]),
            ("not 404, v1.0, 1/2", &["404"]),
        ] {
            let found: Vec<_> = plain(text).into_iter().flat_map(|it| it.numbers).collect();
            assert_eq!(found, numbers, "{text}");
        }
    }

    #[test]
    fn names_belong_to_their_sentence() {
        let text = Text {
            pieces: vec![
                Piece::Plain("Needs ".to_owned()),
                Piece::Code("chatInfo".to_owned()),
                Piece::Plain(". At most 5, see ".to_owned()),
                Piece::Link {
                    text: "the call".to_owned(),
                    target: "../resources/Call.md#a".to_owned(),
                },
                Piece::Plain("。recordingLocation为 E.164。".to_owned()),
            ],
            ..Text::default()
        };
        let found = sentences(&text);
        let names: Vec<Vec<_>> = found
            .iter()
            .map(|it| it.names.iter().map(String::as_str).collect())
            .collect();
        assert_eq!(
            names,
            [vec!["chatInfo"], vec!["call"], vec!["recordingLocation"]]
        );
        assert_eq!(found[1].numbers, ["5"]);
        assert_eq!(found[2].standards, ["E.164"]);
    }
}
