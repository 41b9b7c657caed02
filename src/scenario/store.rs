//! Scenarios read: the built-in ones, and those of a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::format::{INJECTION_MARK, Scenario, ScenarioId};
use super::parse;
use crate::files;
use crate::files::{FileError, Files, files_below};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The scenarios that are built into the binary, by id.
///
/// # Errors
///
/// [`FileError::Broken`], which is a defect of this build.
pub fn built_in() -> Result<Vec<Scenario>, FileError> {
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
/// [`FileError::Broken`] with every broken file, [`FileError::Twice`], [`FileError::InjectedJudge`],
/// [`FileError::Empty`], and those of [`files_below`].
pub fn load(folder: &Path) -> Result<Loaded, FileError> {
    let Files { found, passed_over } = files_below(folder, "json")?;
    let mut by_id: BTreeMap<ScenarioId, PathBuf> = BTreeMap::new();
    let mut files = Vec::new();
    for path in found {
        let below = match path.strip_prefix(folder) {
            Ok(below) if !below.as_os_str().is_empty() => below,
            _ => path.file_name().map_or(path.as_path(), Path::new),
        };
        let id = id_of(below);
        if id.as_str().contains(INJECTION_MARK) {
            return Err(FileError::InjectedJudge(path));
        }
        files.push((id.clone(), path.display().to_string(), files::read(&path)?));
        if let Some(first) = by_id.insert(id.clone(), path.clone()) {
            return Err(FileError::Twice {
                id: id.to_string(),
                first,
                second: path,
            });
        }
    }
    if files.is_empty() {
        return Err(FileError::Empty(folder.to_owned()));
    }
    Ok(Loaded {
        scenarios: read_all(files)?,
        passed_over,
    })
}

fn read_all(
    files: impl IntoIterator<Item = (ScenarioId, String, Vec<u8>)>,
) -> Result<Vec<Scenario>, FileError> {
    let mut scenarios = Vec::new();
    let mut broken = Vec::new();
    for (id, name, bytes) in files {
        match parse::read(&name, &bytes) {
            Ok(script) => {
                let script = script.into();
                scenarios.push(Scenario { id, script });
            }
            Err(diagnostics) => broken.extend(diagnostics),
        }
    }
    if !broken.is_empty() {
        return Err(FileError::Broken(broken));
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
    use std::fs;

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
        let Err(FileError::Broken(broken)) = load(folder.path()) else {
            panic!("broken files were taken");
        };
        assert_eq!(broken.len(), 2);
    }

    #[test]
    fn folders_that_hold_or_are_nothing_are_told() {
        let empty = folder(&[]);
        assert!(matches!(load(empty.path()), Err(FileError::Empty(_))));
        let gone = empty.path().join("gone");
        assert!(matches!(load(&gone), Err(FileError::Unreadable { .. })));
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
