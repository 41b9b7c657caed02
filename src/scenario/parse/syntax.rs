//! Reads the text of a scenario file as JSON (RFC 8259).

use jsonc_parser::ParseStringErrorKind;
use jsonc_parser::ast::Value;
use jsonc_parser::errors::{ParseError, ParseErrorKind};

use super::error::{Cause, Mismatch};
use crate::diagnostic::json;

/// The maximum nesting of objects and arrays.
const DEEPEST: usize = 127;

/// The value of a file.
pub(super) fn read(text: &str) -> Result<Value<'_>, Mismatch> {
    let parsed = json::parse(text);
    // Text after an error of the parser is not JSON: a quote in it may be inside a string or not.
    let read = match &parsed {
        Ok(_) => text.len(),
        Err(error) => error.range().end,
    };
    if let Some(irregular) = irregular(text.get(..read).unwrap_or(text)) {
        return Err(irregular);
    }
    match parsed {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Cause::Empty.into()),
        Err(error) => Err(malformed(text, &error)),
    }
}

/// The first character or bracket that the parser takes, and JSON or `serde_json` does not.
fn irregular(text: &str) -> Option<Mismatch> {
    let mut depth = 0_usize;
    let mut is_string = false;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        let cause = match c {
            '"' => {
                is_string = !is_string;
                continue;
            }
            '\\' if is_string => {
                characters.next();
                continue;
            }
            '\0'..='\u{1f}' if is_string => Cause::Control(c),
            '{' | '[' if !is_string => {
                depth += 1;
                if depth <= DEEPEST {
                    continue;
                }
                Cause::Depth
            }
            '}' | ']' if !is_string => {
                depth = depth.saturating_sub(1);
                continue;
            }
            ' ' | '\t' | '\n' | '\r' => continue,
            c if c.is_whitespace() && !is_string => Cause::Space(c),
            _ => continue,
        };
        return Some(Mismatch::from(cause).at(at));
    }
    None
}

/// The parser's error, in terms of JSON.
fn malformed(text: &str, error: &ParseError) -> Mismatch {
    let range = error.range();
    let is_at_end = range.start >= text.trim_end().len();
    let (message, remedy) = match error.kind() {
        ParseErrorKind::UnterminatedArray => ("the file ends inside an array", UNCLOSED),
        ParseErrorKind::UnterminatedObject => ("the file ends inside an object", UNCLOSED),
        _ if is_at_end => ("the file ends inside a value", UNCLOSED),
        kind => described(kind),
    };
    let at = match error.kind() {
        ParseErrorKind::UnterminatedArray | ParseErrorKind::UnterminatedObject => range.end,
        // The next value, before which the comma is missing.
        ParseErrorKind::ExpectedComma => {
            let rest = text.get(range.start..).unwrap_or_default();
            range.start + rest.len() - rest.trim_start().len()
        }
        _ => range.start,
    };
    Mismatch::from(Cause::Syntax { message, remedy }).at(at)
}

const UNCLOSED: &str = "add the missing quote, bracket or brace";

/// The message for an error of the parser, and its remedy.
fn described(kind: &ParseErrorKind) -> (&'static str, &'static str) {
    use ParseErrorKind as Kind;
    match kind {
        Kind::TrailingCommasNotAllowed => ("trailing comma", "remove this comma"),
        Kind::MultipleRootJsonValues => (
            "trailing characters",
            "a file has one scenario; remove the text after it",
        ),
        Kind::SingleQuotedStringsNotAllowed => (
            "a string in single quotes",
            "write names and strings in double quotes",
        ),
        Kind::ExpectedStringObjectProperty => {
            ("key must be a string", "write names in double quotes")
        }
        Kind::ExpectedComma | Kind::UnexpectedTokenInObject => (
            "expected `,` or `}` or `]`",
            "add a comma between two values, or add the missing bracket or brace",
        ),
        Kind::ExpectedColonAfterObjectKey => {
            ("expected `:`", "write a colon between a name and its value")
        }
        Kind::CommentsNotAllowed => (
            "expected value, found a comment",
            "remove the comment; JSON has no comments",
        ),
        Kind::UnexpectedWord
        | Kind::UnexpectedCloseBrace
        | Kind::UnexpectedCloseBracket
        | Kind::UnexpectedColon
        | Kind::UnexpectedComma
        | Kind::UnexpectedToken
        | Kind::ExpectedObjectValue => (
            "expected value",
            "write a string in double quotes, a number, `true`, `false`, `null`, an array or an object",
        ),
        Kind::BareDecimalPointNumbersNotAllowed
        | Kind::ExpectedDigit
        | Kind::ExpectedDigitFollowingNegativeSign
        | Kind::ExpectedPlusMinusOrDigitInNumberLiteral
        | Kind::HexadecimalNumbersNotAllowed
        | Kind::NonFiniteNumbersNotAllowed
        | Kind::UnaryPlusNumbersNotAllowed => {
            ("invalid number", "write numbers as `12`, `-3` or `0.5`")
        }
        Kind::NestingDepthExceeded => (
            "the file is too deeply nested",
            "nest at most 127 objects and arrays",
        ),
        Kind::String(kind) => described_string(kind),
        _ => ("no JSON", "write JSON (RFC 8259)"),
    }
}

fn described_string(kind: &ParseStringErrorKind) -> (&'static str, &'static str) {
    use ParseStringErrorKind as Kind;
    match kind {
        Kind::UnterminatedStringLiteral => ("the file ends inside a string", UNCLOSED),
        Kind::ExpectedFourHexDigits => ("invalid hex escape", "write four digits after `\\u`"),
        Kind::InvalidUnicodeEscapeSequence(_) => (
            "half of a surrogate pair in a hex escape",
            "write a character beyond `\\uffff` as two escapes, such as `\\ud83d\\ude00`",
        ),
        _ => ("invalid escape", "write a literal backslash as `\\\\`"),
    }
}
