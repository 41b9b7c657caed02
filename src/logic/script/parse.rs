//! What does not fit the format of scenario files, said for people.
//!
//! The JSON parser knows the path to what it refused, and a sentence in the words of Rust. Here
//! the path becomes a place in the file, and the sentence one about the file.

use serde::Deserialize;
use serde_path_to_error::{Path, Segment};

use crate::model::scenario::{Script, VERSION};
use crate::text::diagnostic::{Diagnostic, closest};
use crate::text::json::{Found, locate};
use crate::text::place::Place;
use crate::text::pointer::Pointer;

/// Reads the text of a scenario file.
///
/// # Errors
///
/// The first thing that does not fit.
pub(super) fn script(file: &str, text: &str) -> Result<Script, Box<Diagnostic>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read: Result<Script, _> = serde_path_to_error::deserialize(&mut deserializer);
    match read {
        // A newer format is refused for its version, not for what is new in it.
        Ok(script) if script.version == VERSION => match deserializer.end() {
            Ok(()) => Ok(script),
            Err(error) => Err(Box::new(malformed(file, text, &error))),
        },
        read => Err(Box::new(match (other_version(file, text), read) {
            (Some(diagnostic), _) => diagnostic,
            (None, Err(error)) => explain(file, text, &error),
            (None, Ok(_)) => Place::of_offset(text, 0).complain(file, text, "unknown version"),
        })),
    }
}

fn other_version(file: &str, text: &str) -> Option<Diagnostic> {
    #[derive(Deserialize)]
    struct Versioned {
        version: serde_json::Number,
    }
    let Versioned { version } = serde_json::from_str(text).ok()?;
    if version.as_u64() == Some(u64::from(VERSION)) {
        return None;
    }
    let place = place(text, locate(text, &Pointer::root().key("version"))?, false);
    let message = format!("version {version} of the format is unknown");
    Some(Diagnostic {
        remedy: Some(format!("this confcall reads version {VERSION}")),
        ..place.complain(file, text, message)
    })
}

fn explain(
    file: &str,
    text: &str,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Diagnostic {
    let well_formed = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if !well_formed {
        return malformed(file, text, error.inner());
    }
    let pointer = pointer(error.path());
    if !error.inner().is_data() {
        return second_message(file, text, &pointer);
    }
    let message = in_words_of_the_file(&without_place(error.inner()));
    let place = place_of(text, &pointer, &message)
        .unwrap_or_else(|| Place::of_bytes(text, error.inner().line(), error.inner().column()));
    Diagnostic {
        remedy: remedy(&message),
        ..place.complain(file, text, message)
    }
}

/// No JSON at all. The parser knows the place.
fn malformed(file: &str, text: &str, error: &serde_json::Error) -> Diagnostic {
    Place::of_bytes(text, error.line(), error.column()).complain(
        file,
        text,
        in_words_of_the_file(&without_place(error)),
    )
}

/// JSON which the parser calls malformed: a second key in a step, where one names the kind.
fn second_message(file: &str, text: &str, pointer: &Pointer) -> Diagnostic {
    let place =
        locate(text, pointer).map_or(Place::of_offset(text, 0), |found| place(text, found, false));
    Diagnostic {
        remedy: Some("give each message braces of its own".to_owned()),
        ..place.complain(file, text, "a step holds one message")
    }
}

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

/// The place of what the sentence is about: an unknown key itself, else the value.
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

/// The names that Rust has for things, and what a writer of JSON calls them.
const WORDS: [(&str, &str); 11] = [
    ("EOF while parsing", "the file ends inside"),
    ("expected u16", "expected a whole number up to 65535"),
    ("expected u32", "expected a whole number"),
    ("expected usize", "expected a whole number from 0"),
    ("expected a sequence", "expected an array"),
    ("expected a map", "expected an object"),
    ("expected string or map", "expected a string"),
    ("expected struct Script", "expected an object"),
    ("expected struct ", "expected an object: "),
    (
        "unit variant, expected newtype variant",
        "a word, expected an object with the message in it",
    ),
    ("expected enum ", "expected an object: "),
];

fn in_words_of_the_file(message: &str) -> String {
    let found = WORDS.iter().find(|(word, _)| message.contains(word));
    found.map_or_else(
        || message.to_owned(),
        |(word, better)| message.replacen(word, better, 1),
    )
}

fn remedy(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    let word = words.next()?;
    if message.starts_with("missing field") {
        return Some(format!("add `\"{word}\": …` here"));
    }
    if !message.starts_with("unknown ") {
        return None;
    }
    closest(word, words).map(|close| format!("did you mean `{close}`?"))
}
