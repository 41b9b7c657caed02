//! `confcall.toml`: what a project would repeat.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::store::{self, StoreError};
use crate::model::redaction::Rules;
use crate::text::place::Place;

/// Where the configuration is looked for, in the folder that confcall is started in.
pub const FILE: &str = "confcall.toml";

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[redaction]`: what recordings do not hold, beside secrets.
    pub redaction: Rules,
}

/// Reads the configuration that is named; else [`FILE`], which need not be there.
///
/// # Errors
///
/// [`StoreError::Unreadable`]; [`StoreError::Broken`] with the place and what was expected there.
pub fn load(named: Option<&Path>) -> Result<Config, StoreError> {
    let path = named.map_or_else(|| PathBuf::from(FILE), Path::to_owned);
    match store::read(&path) {
        Ok(bytes) => parse(&path.display().to_string(), &bytes),
        Err(StoreError::Unreadable { source, .. })
            if named.is_none() && source.kind() == ErrorKind::NotFound =>
        {
            Ok(Config::default())
        }
        Err(error) => Err(error),
    }
}

fn parse(file: &str, bytes: &[u8]) -> Result<Config, StoreError> {
    let text = String::from_utf8_lossy(bytes);
    let wrong = |at, message: &str| {
        let place = Place::of_offset(&text, at);
        StoreError::Broken(vec![place.complain(file, &text, message)])
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(wrong(error.valid_up_to(), "TOML is written in UTF-8"));
    }
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        wrong(at, error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_what_is_none_has_a_place() {
        let config = |text: &str| parse("confcall.toml", text.as_bytes());
        let said = parse("confcall.toml", b"# \xe9\n").unwrap_err().to_string();
        assert!(said.contains("confcall.toml:1:3: TOML is"), "{said}");
        let read = config("[redaction]\nphones = true\nkeep = [\"x-team\"]\n").unwrap();
        assert!(read.redaction.phones && !read.redaction.people);
        assert_eq!(config("").unwrap(), Config::default());
        for (text, place) in [
            ("[redaction]\nphone = true\n", "confcall.toml:2:1: "),
            ("[redaction]\nphones = 1\n", "confcall.toml:2:10: "),
            ("[redaction\n", "confcall.toml:1:11: "),
        ] {
            let said = config(text).unwrap_err().to_string();
            assert!(said.starts_with(place), "{said}");
        }
    }
}
