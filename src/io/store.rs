//! Scenarios on disk: the built-in ones, folders of them, and files that are written whole or
//! not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use walkdir::WalkDir;

use crate::logic::script;
use crate::model::scenario::{Scenario, ScenarioId};
use crate::text::diagnostic::Diagnostic;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// What goes wrong between scenarios and the disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Files that are no scenarios, each with everything that is wrong with it.
    #[error("{}", all(.0))]
    Broken(Vec<Diagnostic>),
    /// A folder or file that cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without a single scenario.
    #[error("{}: no scenario in it; scenarios are files that end in .json", .0.display())]
    Empty(PathBuf),
    /// A file that cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        /// What cannot be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn all(diagnostics: &[Diagnostic]) -> String {
    let shown: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    shown.join("\n")
}

/// The scenarios that are built into the binary, by id.
///
/// # Errors
///
/// [`StoreError::Broken`], which is a defect of this build.
pub fn built_in() -> Result<Vec<Scenario>, StoreError> {
    let mut files = Vec::new();
    let mut folders = vec![&BUILT_IN];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        files.extend(folder.files());
    }
    let files = files.iter().filter(|file| is_scenario(file.path()));
    read_all(files.map(|file| {
        let name = format!("scenarios/{}", slashed(file.path()));
        (id_of(file.path()), name, file.contents().to_vec())
    }))
}

/// The scenarios of a folder, by id. The id of a scenario is its path in the folder.
///
/// # Errors
///
/// [`StoreError::Broken`] with every broken file, [`StoreError::Unreadable`],
/// [`StoreError::Empty`].
pub fn load(folder: &Path) -> Result<Vec<Scenario>, StoreError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| StoreError::Unreadable {
            path: error.path().unwrap_or(folder).to_owned(),
            source: error.into(),
        })?;
        if !entry.file_type().is_file() || !is_scenario(entry.path()) {
            continue;
        }
        let bytes = read(entry.path())?;
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        files.push((id_of(below), entry.path().display().to_string(), bytes));
    }
    if files.is_empty() {
        return Err(StoreError::Empty(folder.to_owned()));
    }
    read_all(files)
}

/// The bytes of a file.
///
/// # Errors
///
/// [`StoreError::Unreadable`].
pub fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|source| StoreError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The files of a path whose name ends in `.{extension}`, in the order of their names; a path
/// that is a file is itself the only one.
///
/// # Errors
///
/// [`StoreError::Unreadable`].
pub fn files_below(path: &Path, extension: &str) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| StoreError::Unreadable {
            path: error.path().unwrap_or(path).to_owned(),
            source: error.into(),
        })?;
        let named = entry.path().extension().is_some_and(|it| it == extension);
        if entry.file_type().is_file() && (named || entry.depth() == 0) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Writes the file of a scenario below a folder. Gives its path.
///
/// # Errors
///
/// [`StoreError::Unwritable`].
pub fn write_scenario(folder: &Path, id: &ScenarioId, text: &str) -> Result<PathBuf, StoreError> {
    let path = folder.join(format!("{id}.json"));
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|source| StoreError::Unwritable {
        path: parent.to_owned(),
        source,
    })?;
    write(&path, text)?;
    Ok(path)
}

/// Writes a file whole or not at all: a reader sees the old text or the new one. What is no
/// regular file, such as a pipe, is written to as it stands.
///
/// # Errors
///
/// [`StoreError::Unwritable`].
pub fn write(path: &Path, text: &str) -> Result<(), StoreError> {
    let special = fs::metadata(path).is_ok_and(|it| !it.is_file());
    let written = if special {
        fs::write(path, text)
    } else {
        write_beside(path, text)
    };
    written.map_err(|source| StoreError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

fn write_beside(path: &Path, text: &str) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
    let beside = path.with_file_name(format!(
        ".{}.{}.tmp",
        name.to_string_lossy(),
        std::process::id()
    ));
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to tell; what is left behind is a hidden file at worst.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn read_all(
    files: impl IntoIterator<Item = (ScenarioId, String, Vec<u8>)>,
) -> Result<Vec<Scenario>, StoreError> {
    let mut scenarios = Vec::new();
    let mut broken = Vec::new();
    for (id, name, bytes) in files {
        match script::read(&name, &bytes) {
            Ok(script) => scenarios.push(Scenario { id, script }),
            Err(diagnostics) => broken.extend(diagnostics),
        }
    }
    if !broken.is_empty() {
        return Err(StoreError::Broken(broken));
    }
    scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(scenarios)
}

fn is_scenario(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "json")
}

fn id_of(path: &Path) -> ScenarioId {
    ScenarioId::new(slashed(&path.with_extension("")))
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|it| it.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"version": 1, "source": "p.md", "steps": [
        {"request": {"line": 1, "method": "GET", "target": "/"}}]}"#;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write_scenario(folder.path(), &ScenarioId::new(*name), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_built_in_scenarios_are_sound() {
        built_in().unwrap();
    }

    #[test]
    fn a_path_is_an_id() {
        let folder = folder(&[("b/v1.0@2021-02/x/y", GOOD), ("a", GOOD), ("b/a", GOOD)]);
        let loaded = load(folder.path()).unwrap();
        let ids: Vec<_> = loaded.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["a", "b/a", "b/v1.0@2021-02/x/y"]);
    }

    #[test]
    fn every_broken_file_is_told() {
        let folder = folder(&[("a", "{"), ("b", GOOD), ("c", "[]")]);
        let Err(StoreError::Broken(broken)) = load(folder.path()) else {
            panic!("broken files were taken");
        };
        assert_eq!(broken.len(), 2);
    }

    #[test]
    fn folders_that_hold_or_are_nothing_are_told() {
        let empty = folder(&[]);
        assert!(matches!(load(empty.path()), Err(StoreError::Empty(_))));
        let gone = empty.path().join("gone");
        assert!(matches!(load(&gone), Err(StoreError::Unreadable { .. })));
    }

    #[test]
    fn what_is_written_replaces_and_leaves_nothing_behind() {
        let folder = folder(&[("a", "old")]);
        let path = write_scenario(folder.path(), &ScenarioId::new("a"), "new").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("no/such"), "text").is_err());
        assert!(write(folder.path(), "text").is_err());
    }
}
