//! Recordings from files: cassettes, and HAR files of other tools.

use std::path::Path;

use super::journal;
use super::store::{self, StoreError};
use crate::logic::recording::{Recording, har};
use crate::text::diagnostic::Diagnostic;

/// Reads a recording, with the torn last line of a cassette where there is one.
///
/// # Errors
///
/// [`StoreError::Unreadable`]; [`StoreError::Broken`] where the file is neither a cassette nor a
/// HAR file, or is a broken one.
pub fn load(path: &Path) -> Result<(Recording, Option<Diagnostic>), StoreError> {
    parse(&path.display().to_string(), &store::read(path)?)
}

/// Reads the bytes of a recording, with the torn last line of a cassette where there is one. `file`
/// is what errors call it.
///
/// # Errors
///
/// [`StoreError::Broken`] where they are neither a cassette nor a HAR file, or a broken one.
pub fn parse(file: &str, bytes: &[u8]) -> Result<(Recording, Option<Diagnostic>), StoreError> {
    if har::is_har(bytes) {
        let recording = har::read(file, bytes).map_err(|wrong| StoreError::Broken(vec![wrong]))?;
        return Ok((recording, None));
    }
    let loaded = journal::parse(file, bytes)?;
    let exchanges = (2..).zip(loaded.exchanges);
    let recording = Recording::new(file, loaded.header.directions, exchanges);
    Ok((recording, loaded.torn))
}
