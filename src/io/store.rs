//! Scenarios on disk: the built-in ones, folders of them (`files`), and what is written
//! (`writing`).

mod files;
mod writing;

pub use files::{Files, files_below, one_spelling};
pub use writing::{write, write_scenarios};

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::logic::script;
use crate::model::scenario::{Scenario, ScenarioId, WEATHER};
use crate::text::diagnostic::Diagnostic;

/// What to do about a file that cannot be read.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "\n  = help: see whether the name is right; it is from the folder that confcall runs in"
        }
        io::ErrorKind::PermissionDenied => "\n  = help: let whoever runs confcall read it",
        _ => "",
    }
}

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// What goes wrong between scenarios and the disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Files that are no scenarios, each with everything that is wrong with it.
    #[error("{}", all(.0))]
    Broken(Vec<Diagnostic>),
    /// A folder or file that cannot be read.
    #[error("{}: cannot be read: {source}{}", path.display(), remedy(source))]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A link to what is not there.
    #[error("{}: the link leads nowhere\n  = help: remove it, or let it lead to a file", .0.display())]
    Dangling(PathBuf),
    /// A folder in the place of a file.
    #[error("{}: it is a folder\n  = help: name the files in it", .0.display())]
    Folder(PathBuf),
    /// A device, a pipe, a socket.
    #[error("{}: not a regular file\n  = help: name a file or a folder", .0.display())]
    NotRegular(PathBuf),
    /// Two files with one id, as names that are no UTF-8 can have.
    #[error(
        "{second:?}: its id `{id}` is that of {first:?} too\n  = help: rename one of the two, in UTF-8"
    )]
    Twice {
        /// The id.
        id: ScenarioId,
        /// The file that has it first.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A scenario whose name would be that of another one in weather.
    #[error("{}: `{WEATHER}` in the id of a scenario stands before its weather\n  = help: rename the file", .0.display())]
    Weathered(PathBuf),
    /// A folder without a single scenario.
    #[error("{}: no scenario in it; scenarios are files that end in .json", .0.display())]
    Empty(PathBuf),
    /// Something stands where a file is to be written.
    #[error("{}: {what}\n  = help: {remedy}", path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
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

/// The scenarios of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// By id; at least one.
    pub scenarios: Vec<Scenario>,
    /// What was passed over, with why: a line each.
    pub passed_over: Vec<String>,
}

/// The scenarios of a folder. The id of a scenario is its path in the folder; the id of a file
/// that is named itself is its name.
///
/// # Errors
///
/// [`StoreError::Broken`] with every broken file, [`StoreError::Twice`], [`StoreError::Weathered`],
/// [`StoreError::Empty`], and those of [`files_below`].
pub fn load(folder: &Path) -> Result<Loaded, StoreError> {
    let Files { found, passed_over } = files_below(folder, "json")?;
    let mut by_id: BTreeMap<ScenarioId, PathBuf> = BTreeMap::new();
    let mut files = Vec::new();
    for path in found {
        let below = match path.strip_prefix(folder) {
            Ok(below) if !below.as_os_str().is_empty() => below,
            _ => path.file_name().map_or(path.as_path(), Path::new),
        };
        let id = id_of(below);
        if id.as_str().contains(WEATHER) {
            return Err(StoreError::Weathered(path));
        }
        files.push((id.clone(), path.display().to_string(), read(&path)?));
        if let Some(first) = by_id.insert(id.clone(), path.clone()) {
            return Err(StoreError::Twice {
                id,
                first,
                second: path,
            });
        }
    }
    if files.is_empty() {
        return Err(StoreError::Empty(folder.to_owned()));
    }
    Ok(Loaded {
        scenarios: read_all(files)?,
        passed_over,
    })
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

fn read_all(
    files: impl IntoIterator<Item = (ScenarioId, String, Vec<u8>)>,
) -> Result<Vec<Scenario>, StoreError> {
    let mut scenarios = Vec::new();
    let mut broken = Vec::new();
    for (id, name, bytes) in files {
        match script::read(&name, &bytes) {
            Ok(script) => {
                let script = script.into();
                scenarios.push(Scenario { id, script });
            }
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
        for (id, text) in files {
            let path = folder.path().join(format!("{id}.json"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
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
        let ids: Vec<_> = loaded.scenarios.iter().map(|it| it.id.as_str()).collect();
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
    fn a_file_that_is_named_itself_has_its_name() {
        let folder = folder(&[("mine/first", GOOD)]);
        let loaded = load(&folder.path().join("mine/first.json")).unwrap();
        assert_eq!(loaded.scenarios[0].id.as_str(), "first");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn two_names_with_one_id_are_refused() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let folder = folder(&[]);
        for name in [b"a\xfe.json", b"a\xff.json"] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), GOOD).unwrap();
        }
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains(r"a\xFE.json") && error.contains(r"a\xFF.json"),
            "{error}"
        );
        assert!(error.contains("= help: rename one"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_to_scenarios_are_followed() {
        let far = folder(&[("far/a", GOOD)]);
        let near = folder(&[("b", GOOD)]);
        for (target, link) in [("far/a.json", "linked.json"), ("far", "folder")] {
            let link = near.path().join(link);
            std::os::unix::fs::symlink(far.path().join(target), link).unwrap();
        }
        std::os::unix::fs::symlink(".", near.path().join("loop")).unwrap();
        let loaded = load(near.path()).unwrap();
        let ids: Vec<_> = loaded.scenarios.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["b", "folder/a", "linked"]);
        assert_eq!(loaded.passed_over.len(), 1);
    }
}
