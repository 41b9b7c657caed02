//! From the text of a scenario file to a script that holds together, or to what is wrong with it
//! and where.
//!
//! `parse` and `form` find what does not fit the format, `soundness` what fits and makes no sense.

mod error;
mod mismatch;
#[cfg(test)]
mod tests;

pub(crate) use super::check::{Problem, problems};

use super::format::Script;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::json::{Found, Placed, values};
use crate::diagnostic::place::Place;

/// How many problems of a file are told; the others are counted.
pub(crate) const MOST_TOLD: usize = 20;

/// Reads the bytes of a scenario file. `file` is its name in diagnostics.
///
/// # Errors
///
/// What is wrong with it. A file that does not fit the format has one diagnostic, as what stands
/// behind the first is guesswork; one that makes no sense has the first twenty, and their
/// number.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Script, Vec<Diagnostic>> {
    let text = utf8(file, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    let script = error::script(file, text).map_err(|diagnostic| vec![*diagnostic])?;
    let problems = problems(&script);
    if problems.is_empty() {
        return Ok(script);
    }
    let values = values(text);
    let mut told: Vec<_> = problems
        .iter()
        .take(MOST_TOLD)
        .map(|problem| Diagnostic {
            remedy: Some(problem.remedy.clone()),
            ..place_of(problem, text, &values).diagnostic(file, text, &problem.message)
        })
        .collect();
    let more = problems.len() - told.len();
    if more > 0 {
        told.push(Diagnostic {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: format!("and {more} more problems"),
            remedy: Some("mend these first; many have one cause".to_owned()),
            excerpt: None,
        });
    }
    Err(told)
}

/// Whether the bytes are a scenario file of this version, sound or not.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    utf8("", bytes).is_ok_and(|text| error::script("", text).is_ok())
}

/// The text of a file, without a byte order mark.
///
/// # Errors
///
/// The first byte that is no UTF-8.
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

fn place_of(problem: &Problem, text: &str, values: &[Placed]) -> Place {
    let Some(placed) = values.iter().find(|it| it.pointer == problem.pointer) else {
        return Place::of_offset(text, 0);
    };
    let Found { key, value } = &placed.found;
    let shown = text.get(value.clone()).unwrap_or_default();
    let within = problem.part.as_ref().and_then(|part| shown.find(part));
    let start = match (within, key) {
        (Some(at), _) => value.start + at,
        (None, Some(key)) if problem.at_key => key.start,
        (None, _) => value.start,
    };
    Place::of_offset(text, start)
}
