//! Lines and columns of a text, and diagnostics with excerpts.

use super::Diagnostic;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Place {
    /// An offset past the end is the end; one inside a character is that character.
    pub(crate) fn of_offset(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let line = before.split(|b| *b == b'\n').count();
        let column = characters(&before[start..]) + 1;
        Self { line, column }
    }

    /// Converts a line and a column in bytes, both counted from 1.
    pub(crate) fn of_bytes(text: &str, line: usize, byte_column: usize) -> Self {
        let bytes = line_of(text, line).unwrap_or_default().as_bytes();
        let before = &bytes[..byte_column.saturating_sub(1).min(bytes.len())];
        Self {
            line: line.max(1),
            column: characters(before) + 1,
        }
    }

    /// A diagnostic at this place of a file, with the text of its line.
    pub(crate) fn diagnostic(
        self,
        file: &str,
        text: &str,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            file: file.to_owned(),
            line: self.line,
            column: self.column,
            message: message.into(),
            remedy: None,
            excerpt: line_of(text, self.line).map(str::to_owned),
        }
    }
}

/// The text of a line, counted from 1, without its end.
pub(crate) fn line_of(text: &str, line: usize) -> Option<&str> {
    text.lines().nth(line.checked_sub(1)?)
}

/// Replaces control characters, which would move the cursor of a terminal or shift a caret below
/// the text, and characters that change the direction of text.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if steers(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

/// True for a character that steers a terminal: controls, line ends, and those of the Unicode Bidirectional Algorithm.
pub(crate) const fn steers(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// The number of characters that begin in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\n  \"é\": ü!\n";
        let at = text.find('!').unwrap();
        let place = Place { line: 2, column: 9 };
        assert_eq!(Place::of_offset(text, at), place);
        assert_eq!(Place::of_bytes(text, 2, 11), place);
    }

    #[test]
    fn places_outside_of_the_text_are_its_ends() {
        let end = Place { line: 2, column: 1 };
        assert_eq!(Place::of_offset("a\n", 99), end);
        assert_eq!(Place::of_bytes("a", 9, 9), Place { line: 9, column: 1 });
        assert_eq!(Place::of_bytes("", 0, 0), Place { line: 1, column: 1 });
    }

    #[test]
    fn a_diagnostic_shows_its_line() {
        let place = Place { line: 2, column: 2 };
        let shown = place.diagnostic("f", "a\nb\tc", "no").to_string();
        assert_eq!(shown, "f:2:2: no\n  2 | b c\n       ^");
    }
}
