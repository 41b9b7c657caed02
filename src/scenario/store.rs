//! Scenario files: the built-in ones, and folders of them, read and written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::format::{INJECTION_MARK, Scenario, ScenarioId};
use super::parse;
use crate::diagnostic::Remedy;
use crate::diagnostic::path::Shown as _;
use crate::files;
use crate::files::{FileError, Files, files_below};

/// The editions of `invitations`.
const INVITATIONS: [&str; 4] = ["2019-05", "2019-09", "2020-12", "2021-02"];

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The scenarios that are built into the binary, by id.
///
/// # Errors
///
/// [`FileError::Broken`], which is a defect of this build.
pub(crate) fn built_in() -> Result<Vec<Scenario>, FileError> {
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

/// The built-in scenarios of *participant: invite* in the editions of 2019 to 2021. The mutants and the variants of the
/// built-in pair that are no operation's own are made for them.
#[cfg(test)]
pub(crate) fn invitations() -> Result<Vec<Scenario>, FileError> {
    let mut scenarios = built_in()?;
    scenarios.retain(is_invitation);
    Ok(scenarios)
}

/// True for one of `invitations`.
pub(crate) fn is_invitation(scenario: &Scenario) -> bool {
    let edition = scenario.id.edition().unwrap_or_default();
    scenario.id.page() == "participant-invite" && INVITATIONS.contains(&edition)
}

/// Why a folder gives no scenarios.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Files(#[from] FileError),
    /// Two files with one id, possible for names that are not UTF-8.
    #[error("{second:?}: its id `{id}` is also that of {first:?}")]
    Twice {
        id: ScenarioId,
        /// The file that has it first.
        first: PathBuf,
        second: PathBuf,
    },
    /// The id contains the separator of a fault injection.
    #[error("{}: the id of a scenario cannot contain `~`, which separates the fault injection", .0.shown())]
    Injected(PathBuf),
    #[error("{}: the folder has no scenarios (files that end in .json)", .0.shown())]
    Empty(PathBuf),
}

impl Remedy for LoadError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Files(error) => error.remedy(),
            Self::Twice { .. } => Some("rename one of the two files, and use UTF-8 names".into()),
            Self::Injected(_) => Some("rename the file".into()),
            Self::Empty(_) => Some(
                "give a folder with scenarios; `confcall extract` makes them from pages".into(),
            ),
        }
    }
}

/// The scenarios of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// By id; at least one.
    pub scenarios: Vec<Scenario>,
    /// Files that were skipped, a line with the reason for each.
    pub passed_over: Vec<String>,
}

/// The id of a scenario is its path in the folder; the id of a single file is its name.
///
/// # Errors
///
/// [`FileError::Broken`] with every broken file, those of [`files_below`], and the other variants of
/// [`LoadError`].
pub(crate) fn load(folder: &Path) -> Result<Loaded, LoadError> {
    let Files { found, passed_over } = files_below(folder, &["json"])?;
    let mut by_id: BTreeMap<ScenarioId, PathBuf> = BTreeMap::new();
    let mut files = Vec::new();
    for path in found {
        let below = match path.strip_prefix(folder) {
            Ok(below) if !below.as_os_str().is_empty() => below,
            _ => path.file_name().map_or(path.as_path(), Path::new),
        };
        let id = id_of(below);
        if id.as_str().contains(INJECTION_MARK) {
            return Err(LoadError::Injected(path));
        }
        files.push((id.clone(), path.shown(), files::read(&path)?));
        if let Some(first) = by_id.insert(id.clone(), path.clone()) {
            return Err(LoadError::Twice {
                id,
                first,
                second: path,
            });
        }
    }
    if files.is_empty() {
        return Err(LoadError::Empty(folder.to_owned()));
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

/// Writes scenarios, each an id and its text, below a folder. All are checked before the first is
/// written. `wrote` receives each written path, even if a later one fails.
///
/// # Errors
///
/// [`FileError::InTheWay`], before anything is written; [`FileError::Unwritable`].
pub(crate) fn write_scenarios(
    folder: &Path,
    scenarios: &[(&ScenarioId, String)],
    mut wrote: impl FnMut(&Path),
) -> Result<(), FileError> {
    for (id, _) in scenarios {
        check(folder, &file_of(id))?;
    }
    for (id, text) in scenarios {
        let path = folder.join(file_of(id));
        files::make_folder(path.parent().unwrap_or(folder))?;
        files::write(&path, text)?;
        wrote(&path);
    }
    Ok(())
}

fn file_of(id: &ScenarioId) -> PathBuf {
    PathBuf::from(format!("{id}.json"))
}

/// Fails if the file of a scenario can neither be written nor replaced.
fn check(folder: &Path, below: &Path) -> Result<(), FileError> {
    // The deepest existing folder, to try the name in.
    let mut there = folder
        .ancestors()
        .find(|it| it.is_dir())
        .unwrap_or(Path::new("."))
        .to_owned();
    let mut path = folder.to_owned();
    if path.exists() && !path.is_dir() {
        return Err(in_the_way(
            &path,
            "a file, but scenarios are written to a folder",
            "choose another folder",
        ));
    }
    let count = below.components().count();
    for (index, name) in below.components().enumerate() {
        path.push(name);
        for tried in [&path, &there.join(name)] {
            let found = files::check_names(tried).and_then(|()| fs::symlink_metadata(tried));
            if found.is_err_and(|it| it.kind() == ErrorKind::InvalidFilename) {
                let remedy = "shorten the name of the page or the heading of the example";
                return Err(in_the_way(
                    &path,
                    "the file system does not allow this name",
                    remedy,
                ));
            }
        }
        let Ok(found) = fs::symlink_metadata(&path) else {
            continue;
        };
        if found.is_symlink() {
            let remedy = "remove the link, or use the target of the link as --out";
            return Err(in_the_way(
                &path,
                "a link, which confcall neither replaces nor follows",
                remedy,
            ));
        }
        let is_file = index + 1 == count;
        match (is_file, found.is_dir()) {
            (false, true) => there.clone_from(&path),
            (false, false) => {
                let remedy = "move it, or choose another folder";
                return Err(in_the_way(&path, "a file in the place of a folder", remedy));
            }
            (true, true) => {
                let remedy = "move it, or choose another folder";
                return Err(in_the_way(&path, "a folder in the place of a file", remedy));
            }
            (true, false) if !found.is_file() => return Err(FileError::NotRegular(path)),
            (true, false) if !parse::is_one(&files::read(&path)?) => {
                let remedy = "move it, or choose another folder";
                return Err(in_the_way(
                    &path,
                    "not a scenario file, so confcall does not overwrite it",
                    remedy,
                ));
            }
            (true, false) => {}
        }
    }
    Ok(())
}

fn in_the_way(path: &Path, what: &'static str, remedy: &'static str) -> FileError {
    FileError::InTheWay {
        path: path.to_owned(),
        what,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

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
        let Err(LoadError::Files(FileError::Broken(broken))) = load(folder.path()) else {
            panic!("broken files were taken");
        };
        assert_eq!(broken.len(), 2);
    }

    #[test]
    fn folders_that_hold_or_are_nothing_are_told() {
        let empty = folder(&[]);
        assert!(matches!(load(empty.path()), Err(LoadError::Empty(_))));
        let gone = empty.path().join("gone");
        let unreadable = load(&gone).unwrap_err();
        assert!(matches!(
            unreadable,
            LoadError::Files(FileError::Unreadable { .. })
        ));
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
        let error = render(&load(folder.path()).unwrap_err());
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

    /// Returns the written paths and the error.
    fn written(folder: &Path, ids: &[&str]) -> (Vec<PathBuf>, String) {
        let ids: Vec<_> = ids.iter().map(|id| ScenarioId::new(*id)).collect();
        let files: Vec<_> = ids.iter().map(|id| (id, GOOD.to_owned())).collect();
        let mut paths = Vec::new();
        let result = write_scenarios(folder, &files, |path| paths.push(path.to_owned()));
        (
            paths,
            result.err().map(|it| render(&it)).unwrap_or_default(),
        )
    }

    #[test]
    fn what_is_written_replaces_scenarios_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let long = "n".repeat(250);
        for ids in [["a/b", "c"], ["a/b", &long]] {
            let (paths, error) = written(&folder.path().join("new"), &ids);
            assert_eq!((paths.len(), error.as_str()), (2, ""));
        }
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 3);
    }

    /// The existing path, the id of the blocked scenario, and the error.
    const IN_THE_WAY: [(&str, &str, &str); 4] = [
        ("b.json/", "b", "b.json: a folder in the place of a file"),
        ("b", "b/c", "b: a file in the place of a folder"),
        (
            "b.json",
            "b",
            "b.json: not a scenario file, so confcall does not overwrite it",
        ),
        (
            "x",
            "LONG",
            ".json: the file system does not allow this name",
        ),
    ];

    #[test]
    fn nothing_is_written_where_one_cannot_be() {
        for (there, id, message) in IN_THE_WAY {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(there);
            if there.ends_with('/') {
                fs::create_dir(&path).unwrap();
            } else {
                fs::write(&path, r#"{"mine": true}"#).unwrap();
            }
            let id = id.replace("LONG", &format!("deep/{}", "n".repeat(255)));
            let (paths, error) = written(folder.path(), &["a", &id]);
            assert!(
                error.contains(message) && error.contains("= help: "),
                "{error}"
            );
            assert_eq!(paths, Vec::<PathBuf>::new());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{message}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(
            written(file.path(), &["a"])
                .1
                .contains("scenarios are written to a folder")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_neither_followed_nor_replaced() {
        use std::os::unix::fs::symlink;
        for (link, target) in [
            ("b.json", "mine.json"),
            ("b.json", "gone"),
            ("b", "elsewhere"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("elsewhere")).unwrap();
            fs::write(folder.path().join("mine.json"), GOOD).unwrap();
            symlink(target, folder.path().join(link)).unwrap();
            let id = link.strip_suffix(".json").unwrap_or("b/c");
            let (paths, error) = written(folder.path(), &["a", id]);
            assert!(error.contains(": a link, "), "{error}");
            assert_eq!(paths, Vec::<PathBuf>::new());
        }
    }

    #[test]
    fn what_was_written_is_told_where_a_later_one_fails() {
        let folder = tempfile::tempdir().unwrap();
        // The check cannot see that the second file needs a folder with the first's name.
        let (paths, error) = written(folder.path(), &["a", "a.json/b"]);
        assert_eq!(paths, [folder.path().join("a.json")]);
        assert!(error.contains("cannot be written"), "{error}");
    }
}
