//! Recordings from files, loaded whole: cassettes, and HAR files of other tools.

use std::fs;
use std::path::{Component, Path};

use super::archive;
use super::format::Form;
use super::har::{self, Attached};
use super::journal;
use super::recording::Recording;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::files;
use crate::files::FileError;

/// Reads a recording, with the torn last line of a cassette where there is one.
pub(crate) fn load(path: &Path, form: Form) -> Result<(Recording, Option<Diagnostic>), FileError> {
    if path.is_dir() {
        return Err(FileError::Folder(path.to_owned()));
    }
    parse(&path.shown(), &files::read(path)?, &beside(path), form)
}

/// Reads the files that a HAR file names: those in its folder, and below it.
pub(crate) fn beside(har: &Path) -> impl Fn(&str) -> Option<Vec<u8>> {
    let folder = har.parent().unwrap_or(Path::new("")).join(".");
    move |name| {
        let is_below = |it: Component<'_>| matches!(it, Component::Normal(_));
        if name.is_empty() || !Path::new(name).components().all(is_below) {
            return None;
        }
        // A link may lead out of the folder.
        let file = fs::canonicalize(folder.join(name)).ok()?;
        let is_inside = file.starts_with(fs::canonicalize(&folder).ok()?);
        (is_inside && file.is_file()).then(|| fs::read(file).ok())?
    }
}

/// Reads the bytes of a recording, with the torn last line of a cassette. `file` is the name of the file in errors, and
/// `attached` reads the files that a HAR file names.
pub(crate) fn parse(
    file: &str,
    bytes: &[u8],
    attached: Attached<'_>,
    form: Form,
) -> Result<(Recording, Option<Diagnostic>), FileError> {
    if har::is_har(bytes) {
        let recording = archive::read(file, bytes, attached, form)
            .map_err(|wrong| FileError::Broken(vec![wrong]))?;
        return Ok((recording, None));
    }
    let loaded = journal::parse(file, bytes, form)?;
    let recording = Recording::new(file, loaded.header.directions, loaded.exchanges);
    Ok((recording, loaded.torn))
}
