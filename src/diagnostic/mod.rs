//! Errors in files of users, each with place, cause and remedy.

pub(crate) mod json;
pub(crate) mod path;
pub(crate) mod place;
pub(crate) mod pointer;

use std::borrow::Cow;
use std::fmt;

use self::place::printable;

/// An error with a remedy.
///
/// `Display` has the cause and the place. [`render`] is the only function that adds the remedy.
pub(crate) trait Remedy: std::error::Error {
    /// A sentence without a full stop; none if the user cannot fix the error.
    fn remedy(&self) -> Option<Cow<'_, str>>;
}

/// The text of an error, and the remedy on a line of its own.
pub(crate) fn render(error: &dyn Remedy) -> String {
    match error.remedy() {
        Some(remedy) => with_remedy(error, &remedy),
        None => error.to_string(),
    }
}

pub(crate) fn with_remedy(message: impl fmt::Display, remedy: &str) -> String {
    format!("{message}\n  = help: {remedy}")
}

/// The maximal length of an excerpt in characters. A longer line is machine-written, and would fill
/// the terminal.
const LONGEST_EXCERPT: usize = 160;

/// An error at one place of a user's file, with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: String,
    /// Counted from 1; 0 for the whole file.
    pub line: usize,
    /// In characters, counted from 1; 0 for the whole line.
    pub column: usize,
    /// The cause, and the expected value.
    pub message: String,
    pub remedy: Option<String>,
    /// The line, shown under the message with a caret at the column; of a long line, the part
    /// around the column.
    pub excerpt: Option<String>,
}

/// All text is [`printable`]: names, messages and excerpts come from untrusted files.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        write!(f, ": {}", printable(&self.message))?;
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            let (shown, before) = around(excerpt, self.column.saturating_sub(1));
            write!(f, "\n  {number} | {shown}")?;
            if self.column > 0 {
                let indent = number.len() + before + 2;
                write!(f, "\n  {:indent$} ^", "")?;
            }
        }
        if let Some(remedy) = &self.remedy {
            let lines: Vec<_> = remedy.lines().map(printable).collect();
            write!(f, "\n  = help: {}", lines.join("\n"))?;
        }
        Ok(())
    }
}

/// The part of a line around a character, counted from 0, and the number of characters before it in
/// that part. An ellipsis replaces omitted text.
fn around(line: &str, at: usize) -> (String, usize) {
    let length = line.chars().count();
    let at = at.min(length);
    if length <= LONGEST_EXCERPT {
        return (printable(line), at);
    }
    let last = length - LONGEST_EXCERPT;
    let start = at.saturating_sub(LONGEST_EXCERPT / 2).min(last);
    let part: String = line.chars().skip(start).take(LONGEST_EXCERPT).collect();
    let mut shown: Vec<char> = printable(&part).chars().collect();
    if let (true, Some(first)) = (start > 0, shown.first_mut()) {
        *first = '…';
    }
    if let (true, Some(end)) = (start < last, shown.last_mut()) {
        *end = '…';
    }
    (shown.into_iter().collect(), at - start)
}

impl std::error::Error for Diagnostic {}

/// The candidate closest to a misspelt word; none if no candidate is close.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    similar(word, candidates, |it| [it]).into_iter().next()
}

/// The candidates with a part that is similar to a misspelt word, the closest first.
pub(crate) fn similar<'a, P: IntoIterator<Item = &'a str>>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    parts: impl Fn(&'a str) -> P,
) -> Vec<&'a str> {
    let similarity = |candidate: &'a str| {
        let parts = parts(candidate).into_iter();
        let each = parts.map(|part| strsim::jaro_winkler(word, part));
        each.fold(0.0, f64::max)
    };
    let scored = candidates.into_iter().map(|it| (similarity(it), it));
    let mut scored: Vec<_> = scored.filter(|(score, _)| *score > SIMILAR).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().map(|(_, it)| it).collect()
}

/// The least Jaro-Winkler similarity of words that are taken for each other.
const SIMILAR: f64 = 0.75;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_shows_place_line_and_remedy() {
        let diagnostic = Diagnostic {
            file: "a.json".into(),
            line: 12,
            column: 5,
            message: "unknown field `staus`".into(),
            remedy: Some("did you mean `status`?".into()),
            excerpt: Some("    \"staus\": 200".into()),
        };
        assert_eq!(
            diagnostic.to_string(),
            "a.json:12:5: unknown field `staus`\n  12 |     \"staus\": 200\n           ^\n  = help: did you mean `status`?"
        );
    }

    #[test]
    fn what_is_shown_is_printable_and_short() {
        let long = |column| Diagnostic {
            file: "e\u{1b}[31m.md".into(),
            line: 7,
            column,
            message: "`a\rb`".into(),
            remedy: Some("no \u{7}".into()),
            excerpt: Some(format!(
                "{}\u{1b}{}",
                "x".repeat(50_000),
                "y".repeat(50_000)
            )),
        };
        for column in [0, 1, 2, 81, 82, 50_001, 99_922, 100_001, 200_000] {
            let shown = long(column).to_string();
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            assert!(shown.starts_with("e\u{fffd}[31m.md:7"), "{shown}");
            let lines: Vec<Vec<char>> = shown.lines().map(|it| it.chars().collect()).collect();
            assert_eq!(lines[1].len(), "  7 | ".len() + LONGEST_EXCERPT);
            if column == 50_001 {
                let caret = lines[2].iter().position(|c| *c == '^').unwrap();
                assert_eq!(lines[1][caret], '\u{fffd}');
            }
        }
    }

    #[test]
    fn the_closest_word_is_close() {
        assert_eq!(closest("staus", ["status", "headers"]), Some("status"));
        assert_eq!(closest("zzz", ["status", "headers"]), None);
    }
}
