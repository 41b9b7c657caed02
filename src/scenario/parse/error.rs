//! Format errors of scenario files.
//!
//! The JSON parser returns a path and a message in terms of Rust. This module turns them into a
//! place in the file and a message about the file.

use serde::Deserialize;
use serde_path_to_error::{Path, Segment};

use super::mismatch;
use crate::diagnostic::json::{Found, locate, values};
use crate::diagnostic::place::Place;
use crate::diagnostic::pointer::Pointer;
use crate::diagnostic::{Diagnostic, closest};
use crate::scenario::format::{Script, VERSION};

pub(super) fn script(file: &str, text: &str) -> Result<Script, Box<Diagnostic>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read: Result<Script, _> = serde_path_to_error::deserialize(&mut deserializer);
    match read {
        Ok(script) if script.version == VERSION => match deserializer.end() {
            Ok(()) => match mismatch::first_mismatch(file, text, &values(text)) {
                None => Ok(script),
                Some(diagnostic) => Err(Box::new(diagnostic)),
            },
            Err(error) => Err(Box::new(malformed(file, text, &error))),
        },
        // A newer format is rejected for its version, not for its new properties.
        read => Err(Box::new(match (other_version(file, text), read) {
            (Some(diagnostic), _) => diagnostic,
            (None, Err(error)) => explain(file, text, &error),
            (None, Ok(_)) => Place::of_offset(text, 0).diagnostic(file, text, "unknown version"),
        })),
    }
}

fn other_version(file: &str, text: &str) -> Option<Diagnostic> {
    #[derive(Deserialize)]
    struct Versioned {
        version: serde_json::Number,
    }
    // The version of a newer format takes precedence over other errors.
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Versioned { version } = Versioned::deserialize(&mut deserializer).ok()?;
    if version.as_u64() == Some(u64::from(VERSION)) {
        return None;
    }
    let place = place(text, locate(text, &Pointer::root().key("version"))?, false);
    let message = format!("version {version} of the format is unknown");
    Some(Diagnostic {
        remedy: Some(format!("this confcall reads version {VERSION}")),
        ..place.diagnostic(file, text, message)
    })
}

/// Reports invalid JSON first, then a mismatch of the format, then the parser's message.
fn explain(
    file: &str,
    text: &str,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Diagnostic {
    let is_data = error.inner().is_data();
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Err(error) if is_data => return malformed(file, text, &error),
        Err(_) => return malformed(file, text, error.inner()),
        Ok(_) => {}
    }
    if let Some(diagnostic) = mismatch::first_mismatch(file, text, &values(text)) {
        return diagnostic;
    }
    if !is_data {
        // Errors of value parsing only, such as a number that exceeds a double.
        return malformed(file, text, error.inner());
    }
    let pointer = pointer(error.path());
    let message = in_words_of_the_file(&without_place(error.inner()));
    let place = place_of(text, &pointer, &message)
        .unwrap_or_else(|| Place::of_bytes(text, error.inner().line(), error.inner().column()));
    Diagnostic {
        remedy: remedy(&message),
        ..place.diagnostic(file, text, message)
    }
}

/// Invalid JSON, at the place of the parser's error.
fn malformed(file: &str, text: &str, error: &serde_json::Error) -> Diagnostic {
    if text.trim().is_empty() {
        return Diagnostic {
            remedy: Some("a scenario has at least `version`, `source` and `steps`; `confcall schema` prints the format".to_owned()),
            ..Place::of_offset(text, 0).diagnostic(file, text, "the file is empty")
        };
    }
    let message = in_words_of_the_file(&without_place(error));
    let remedy = MALFORMED.iter().find(|(words, _)| message.contains(words));
    Diagnostic {
        remedy: remedy.map(|(_, remedy)| (*remedy).to_owned()),
        ..Place::of_bytes(text, error.line(), error.column()).diagnostic(file, text, message)
    }
}

/// Messages of the parser for invalid JSON, and remedies.
const MALFORMED: [(&str, &str); 16] = [
    ("trailing comma", "take away the comma before it"),
    (
        "trailing characters",
        "a file holds one scenario: take away what follows it",
    ),
    ("key must be a string", "write names in double quotes"),
    (
        "expected `,` or",
        "write a comma between two values, or close what is open",
    ),
    ("expected `:`", "write a colon between a name and its value"),
    (
        "expected value",
        "write a string in double quotes, a number, an array or an object; JSON has no comments",
    ),
    (
        "expected ident",
        "write `true`, `false` or `null`, or a string in double quotes",
    ),
    (
        "control character",
        "write a line feed as `\\n`, others as `\\u001b`",
    ),
    (
        "the file ends inside",
        "close what is open: a quote, a bracket or a brace is missing",
    ),
    ("invalid escape", "write a backslash itself as `\\\\`"),
    (
        "hex escape",
        "a character beyond `\\uffff` is two escapes, such as `\\ud83d\\ude00`",
    ),
    (
        "invalid unicode code point",
        "a character beyond `\\uffff` is two escapes, such as `\\ud83d\\ude00`",
    ),
    (
        "number out of range",
        "write a number below 1e308, or a string",
    ),
    ("invalid number", "write numbers as `12`, `-3` or `0.5`"),
    (
        "too deeply nested",
        "at most 127 objects and arrays stand in each other",
    ),
    ("", "write JSON (RFC 8259)"),
];

fn pointer(path: &Path) -> Pointer {
    path.iter()
        .fold(Pointer::root(), |pointer, segment| match segment {
            Segment::Seq { index } => pointer.index(*index),
            Segment::Map { key } => pointer.key(key),
            Segment::Enum { variant } => pointer.key(variant),
            Segment::Unknown => pointer,
        })
}

fn parent(pointer: &Pointer) -> Pointer {
    let text = pointer.as_str();
    Pointer::from_text(text.rsplit_once('/').map_or("", |(up, _)| up).to_owned())
}

/// The place of the error: an unknown key, or else the value.
fn place_of(text: &str, pointer: &Pointer, message: &str) -> Option<Place> {
    let unknown = message
        .strip_prefix("unknown ")
        .and_then(|rest| rest.split('`').nth(1));
    if let Some(word) = unknown {
        let key = [pointer.clone(), parent(pointer)]
            .iter()
            .find_map(|object| locate(text, &object.key(word)));
        if let Some(found) = key {
            return Some(place(text, found, true));
        }
    }
    locate(text, pointer).map(|found| place(text, found, false))
}

fn place(text: &str, found: Found, at_key: bool) -> Place {
    let start = match found.key {
        Some(key) if at_key => key.start,
        _ => found.value.start,
    };
    Place::of_offset(text, start)
}

fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message
        .strip_suffix(&place)
        .map_or(message.clone(), str::to_owned)
}

/// Rust terms and their JSON equivalents.
const WORDS: [(&str, &str); 13] = [
    ("EOF while parsing a list", "the file ends inside an array"),
    ("EOF while parsing", "the file ends inside"),
    ("recursion limit exceeded", "the file is too deeply nested"),
    ("expected u16", "expected a whole number"),
    ("expected u32", "expected a whole number"),
    ("expected usize", "expected a whole number"),
    ("expected a sequence", "expected an array"),
    ("expected a map", "expected an object"),
    ("expected string or map", "expected a word"),
    ("type: sequence", "type: array"),
    ("type: map", "type: object"),
    ("type: floating point", "type: fraction"),
    ("unknown variant", "unknown word"),
];

fn in_words_of_the_file(message: &str) -> String {
    WORDS
        .iter()
        .fold(message.to_owned(), |message, (word, better)| {
            message.replacen(word, better, 1)
        })
}

/// Remedies by expected type.
const EXPECTED: [(&str, &str); 5] = [
    ("expected a string", "write it in double quotes"),
    (
        "expected a whole number",
        "write digits alone, such as `12`",
    ),
    ("expected an array", "write it in brackets, `[…]`"),
    ("expected an object", "write it in braces, `{…}`"),
    ("expected a word", "write the word in double quotes"),
];

fn remedy(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    if message.starts_with("missing field") {
        return words.next().map(|word| format!("add `\"{word}\": …` here"));
    }
    if !message.starts_with("unknown ") {
        let expected = EXPECTED.iter().find(|(words, _)| message.contains(words));
        return expected.map(|(_, remedy)| (*remedy).to_owned());
    }
    Some(match words.next().and_then(|word| closest(word, words)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "take it away, or write one of those".to_owned(),
    })
}
