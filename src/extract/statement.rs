//! The content of prose that does not depend on its language, sentence by sentence: code spans, links, names in camel
//! case, and numbers.

use std::collections::BTreeSet;

use super::damage::names;
use super::number;
use super::number::{FractionMark, Number};
use super::prose;
use super::prose::{Piece, Text};

/// The parts of a sentence that can be recognized in any language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Code spans, pages that it links to, and names in camel case.
    pub(super) names: BTreeSet<String>,
    /// The names in code spans.
    pub(super) codes: BTreeSet<String>,
    pub(super) numbers: Vec<Number>,
    /// The standards that it names, such as `E.164`.
    pub(super) standards: Vec<String>,
}

/// The sentences of a text on a page of a locale.
pub(super) fn sentences(text: &Text, locale: &str) -> Vec<Sentence> {
    // The source text is English.
    let is_source = text.localized.is_some();
    let fraction = FractionMark::of(if is_source { "en" } else { locale });
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
                let page = prose::stem(target).or(prose::file_name(target));
                current.names.extend(page.map(str::to_lowercase));
                before.clear();
            }
            Piece::Plain(plain) => {
                // The last sentence may go on behind a code span.
                let mut parts = super::text::sentences(plain).into_iter().peekable();
                while let Some(part) = parts.next() {
                    if let Some(current) = all.last_mut() {
                        current.read(part, &before, fraction);
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

/// `200 OK`
pub(super) fn is_status(code: &str) -> bool {
    let digits = code.split(' ').next().unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

impl Sentence {
    /// Adds plain text. `before` is the plain text of the same sentence directly in front of it.
    fn read(&mut self, text: &str, before: &str, fraction: FractionMark) {
        let mut previous: &str = before.split_whitespace().next_back().unwrap_or_default();
        // The first word of a sentence has a capital letter anyway.
        let mut is_second = false;
        let mut is_first = before.trim().is_empty();
        let words = number::words(text);
        let mut words = words.iter().map(AsRef::as_ref).peekable();
        while let Some(word) = words.next() {
            self.names.extend(camel_case(word).map(str::to_owned));
            self.standards.extend(standard(word));
            let is_title = !is_first
                && previous.starts_with(char::is_uppercase)
                && (!is_second || PRODUCTS.contains(&previous));
            let phrase = words
                .peek()
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_uppercase()));
            for number in number::numbers(word, fraction) {
                // No limits: `Microsoft 365`, `202 Accepted`.
                let is_name = is_title && word.starts_with(|c: char| c.is_ascii_digit());
                let is_plain = number.text.bytes().all(|b| b.is_ascii_digit());
                let is_status = is_plain && number.text.len() == 3 && phrase;
                if !is_name && !is_status && !is_label(previous) {
                    self.numbers.push(number);
                }
            }
            previous = word;
            is_second = is_first;
            is_first = word.ends_with([':', '：']);
        }
    }
}

/// True for a word that names the thing with the number behind it: step 3, version 2.1. The source text is English.
fn is_label(word: &str) -> bool {
    LABELS.iter().any(|it| it.eq_ignore_ascii_case(word))
}

const LABELS: [&str; 8] = [
    "chapter", "error", "example", "figure", "section", "step", "table", "version",
];

/// Products with a number in their name.
const PRODUCTS: [&str; 3] = ["Microsoft", "Office", "Windows"];

/// A name such as `recordingLocation` in a word, which may have no blanks around it.
fn camel_case(word: &str) -> impl Iterator<Item = &str> {
    let parts = word.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|part| names::is_camel_case(part))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Sentence> {
        let text = Text {
            pieces: vec![Piece::Plain(text.to_owned())],
            ..Text::default()
        };
        sentences(&text, "en-US")
    }

    fn numbers_of(sentence: &Sentence) -> Vec<&str> {
        sentence.numbers.iter().map(|it| it.text.as_str()).collect()
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
            ("see step 7 and Example 4, error 429 of version 2.1", &[]),
            ("not 404, v1.0, 1/2", &["404"]),
        ] {
            let sentences = plain(text);
            let found: Vec<_> = sentences.iter().flat_map(numbers_of).collect();
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
        let found = sentences(&text, "zh-CN");
        let names: Vec<Vec<_>> = found
            .iter()
            .map(|it| it.names.iter().map(String::as_str).collect())
            .collect();
        assert_eq!(
            names,
            [vec!["chatInfo"], vec!["call"], vec!["recordingLocation"]]
        );
        assert_eq!(numbers_of(&found[1]), ["5"]);
        assert_eq!(found[2].standards, ["E.164"]);
    }
}
