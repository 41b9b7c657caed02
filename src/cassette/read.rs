//! Recordings from files, loaded whole: cassettes, and HAR files of other tools.

use std::path::Path;

use super::har;
use super::journal;
use super::recording::Recording;
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::files::FileError;

/// Reads a recording, with the torn last line of a cassette where there is one.
pub(crate) fn load(path: &Path) -> Result<(Recording, Option<Diagnostic>), FileError> {
    if path.is_dir() {
        return Err(FileError::Folder(path.to_owned()));
    }
    parse(&path.display().to_string(), &files::read(path)?)
}

/// Reads the bytes of a recording, with the torn last line of a cassette. `file` is the name of the
/// file in errors.
pub(crate) fn parse(
    file: &str,
    bytes: &[u8],
) -> Result<(Recording, Option<Diagnostic>), FileError> {
    if har::is_har(bytes) {
        let recording = har::read(file, bytes).map_err(|wrong| FileError::Broken(vec![wrong]))?;
        return Ok((recording, None));
    }
    let loaded = journal::parse(file, bytes)?;
    let recording = Recording::new(file, loaded.header.directions, loaded.exchanges);
    Ok((recording, loaded.torn))
}
