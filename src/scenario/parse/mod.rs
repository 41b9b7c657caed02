//! Parses a scenario file into a consistent script, or into errors with their place.
//!
//! `syntax` and `typed` check the format, `scenario::check` the consistency.

mod error;
mod syntax;
#[cfg(test)]
mod tests;
mod typed;

pub(crate) use super::check::{Problem, problems};

use jsonc_parser::ast::Value;

use self::error::{Cause, Mismatch};
use super::format::{Script, VERSION};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::json::{Found, locate, range};
use crate::diagnostic::place::Place;

/// The number of problems shown for a file; the others are counted.
pub(crate) const MOST_SHOWN: usize = 20;

/// `file` is the name in diagnostics.
///
/// # Errors
///
/// A file with a wrong format has one diagnostic, as later ones would be guesses; an inconsistent
/// one has the first twenty, and their number.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Script, Vec<Diagnostic>> {
    let text = utf8(file, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    let wrong = |mismatch: Mismatch| vec![mismatch.diagnostic(file, text)];
    let value = syntax::read(text).map_err(wrong)?;
    let script = script(text, &value).map_err(wrong)?;
    let problems = problems(&script);
    if problems.is_empty() {
        return Ok(script);
    }
    let mut diagnostics: Vec<_> = problems
        .iter()
        .take(MOST_SHOWN)
        .map(|problem| Diagnostic {
            remedy: Some(problem.remedy.clone()),
            ..place_of(problem, text, &value).diagnostic(file, text, &problem.message)
        })
        .collect();
    let more = problems.len() - diagnostics.len();
    if more > 0 {
        diagnostics.push(Diagnostic {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: format!("and {more} more problems"),
            remedy: Some("correct these first; many problems may have the same cause".to_owned()),
            excerpt: None,
        });
    }
    Err(diagnostics)
}

/// True for a scenario file of this version, consistent or not.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    let read = |text| script(text, &syntax::read(text)?);
    utf8("", bytes).is_ok_and(|text| read(text).is_ok())
}

/// A newer format is rejected for its version, not for its new properties.
fn script(text: &str, value: &Value<'_>) -> Result<Script, Mismatch> {
    let version = value.as_object().and_then(|it| it.get_number("version"));
    match version {
        Some(version) if version.value.parse() != Ok(VERSION) => {
            let unknown = Mismatch::from(Cause::Version(version.value.to_owned()));
            Err(unknown.at(range(version).start))
        }
        _ => typed::read(text, value),
    }
}

/// Strips a byte order mark.
///
/// # Errors
///
/// The first byte that is not UTF-8.
fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at(error.valid_up_to());
        let place = Place::of_offset(std::str::from_utf8(good).unwrap_or_default(), good.len());
        let byte = bad.first().copied().unwrap_or_default();
        let message = format!("byte {byte:#04x} is no UTF-8");
        Box::new(Diagnostic {
            remedy: Some("save the file as UTF-8".to_owned()),
            ..place.diagnostic(file, "", message)
        })
    })
}

fn place_of(problem: &Problem, text: &str, value: &Value<'_>) -> Place {
    let Some(Found { key, value }) = locate(value, &problem.pointer) else {
        return Place::of_offset(text, 0);
    };
    let shown = text.get(value.clone()).unwrap_or_default();
    let within = problem.part.as_ref().and_then(|part| shown.find(part));
    let start = match (within, key) {
        (Some(at), _) => value.start + at,
        (None, Some(key)) if problem.at_key => key.start,
        (None, _) => value.start,
    };
    Place::of_offset(text, start)
}
