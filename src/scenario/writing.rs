//! Files that are written whole or not at all, and folders of scenarios: nothing is written where
//! one of them could not be.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::format::ScenarioId;
use super::parse;
use crate::files;
use crate::files::FileError;

/// Writes scenarios, each an id and its file's text, below a folder. Everything that can be known
/// before is checked before the first is written. `wrote` is told each path that was written,
/// also where a later one fails.
///
/// # Errors
///
/// [`StoreError::InTheWay`], before anything is written; [`StoreError::Unwritable`].
pub fn write_scenarios(
    folder: &Path,
    scenarios: &[(&ScenarioId, String)],
    mut wrote: impl FnMut(&Path),
) -> Result<(), FileError> {
    for (id, _) in scenarios {
        check(folder, &file_of(id))?;
    }
    for (id, text) in scenarios {
        let path = folder.join(file_of(id));
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|source| FileError::Unwritable {
            path: parent.to_owned(),
            source,
        })?;
        files::write(&path, text)?;
        wrote(&path);
    }
    Ok(())
}

fn file_of(id: &ScenarioId) -> PathBuf {
    PathBuf::from(format!("{id}.json"))
}

/// Whether the file of a scenario can be written, or replaced.
fn check(folder: &Path, below: &Path) -> Result<(), FileError> {
    // The deepest folder that is there: a name can be tried in it.
    let mut there = folder
        .ancestors()
        .find(|it| it.is_dir())
        .unwrap_or(Path::new("."))
        .to_owned();
    let mut path = folder.to_owned();
    if path.exists() && !path.is_dir() {
        return Err(in_the_way(
            &path,
            "a file, and scenarios go into a folder",
            "name another folder",
        ));
    }
    let count = below.components().count();
    for (index, name) in below.components().enumerate() {
        path.push(name);
        for tried in [&path, &there.join(name)] {
            if fs::symlink_metadata(tried).is_err_and(|it| it.kind() == ErrorKind::InvalidFilename)
            {
                let remedy = "give the page, or the heading of the example, a shorter name";
                return Err(in_the_way(
                    &path,
                    "the file system takes no such name",
                    remedy,
                ));
            }
        }
        let Ok(found) = fs::symlink_metadata(&path) else {
            continue;
        };
        if found.is_symlink() {
            let remedy = "remove the link, or name the folder that it leads to as --out";
            return Err(in_the_way(
                &path,
                "a link, which would be replaced or followed",
                remedy,
            ));
        }
        let is_file = index + 1 == count;
        match (is_file, found.is_dir()) {
            (false, true) => there.clone_from(&path),
            (false, false) => {
                let remedy = "move it away, or name another folder";
                return Err(in_the_way(&path, "a file where a folder is to be", remedy));
            }
            (true, true) => {
                let remedy = "move it away, or name another folder";
                return Err(in_the_way(&path, "a folder where a file is to be", remedy));
            }
            (true, false) if !found.is_file() => return Err(FileError::NotRegular(path)),
            (true, false) if !parse::is_one(&crate::files::read(&path)?) => {
                let remedy = "move it away, or name another folder";
                return Err(in_the_way(
                    &path,
                    "not a scenario, and not replaced by one",
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

    const GOOD: &str = r#"{"version": 1, "source": "p.md", "steps": [
        {"request": {"line": 1, "method": "GET", "target": "/"}}]}"#;

    /// Writes scenarios of these ids; gives the names of what was written, and what was said.
    fn written(folder: &Path, ids: &[&str]) -> (Vec<PathBuf>, String) {
        let ids: Vec<_> = ids.iter().map(|id| ScenarioId::new(*id)).collect();
        let files: Vec<_> = ids.iter().map(|id| (id, GOOD.to_owned())).collect();
        let mut paths = Vec::new();
        let result = write_scenarios(folder, &files, |path| paths.push(path.to_owned()));
        (
            paths,
            result.err().map(|it| it.to_string()).unwrap_or_default(),
        )
    }

    #[test]
    fn what_is_written_replaces_scenarios_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let long = "n".repeat(250);
        for ids in [["a/b", "c"], ["a/b", &long]] {
            let (paths, said) = written(&folder.path().join("new"), &ids);
            assert_eq!((paths.len(), said.as_str()), (2, ""));
        }
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 3);
        assert!(files::write(&folder.path().join("no/such"), "text").is_err());
        assert!(files::write(folder.path(), "text").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_leads_to_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        files::write(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        files::write(Path::new("/dev/null"), "text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    /// What lies in the way, the id of the scenario for which it does, and what is said.
    const IN_THE_WAY: [(&str, &str, &str); 4] = [
        ("b.json/", "b", "b.json: a folder where a file is to be"),
        ("b", "b/c", "b: a file where a folder is to be"),
        (
            "b.json",
            "b",
            "b.json: not a scenario, and not replaced by one",
        ),
        ("x", "LONG", ".json: the file system takes no such name"),
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
            let (paths, said) = written(folder.path(), &["a", &id]);
            assert!(
                said.contains(message) && said.contains("= help: "),
                "{said}"
            );
            assert_eq!(paths, Vec::<PathBuf>::new());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{message}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(
            written(file.path(), &["a"])
                .1
                .contains("scenarios go into a folder")
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
            let (paths, said) = written(folder.path(), &["a", id]);
            assert!(said.contains(": a link, "), "{said}");
            assert_eq!(paths, Vec::<PathBuf>::new());
        }
    }

    #[test]
    fn what_was_written_is_told_where_a_later_one_fails() {
        let folder = tempfile::tempdir().unwrap();
        // No check sees it: the second file makes a folder of the first's name necessary.
        let (paths, said) = written(folder.path(), &["a", "a.json/b"]);
        assert_eq!(paths, [folder.path().join("a.json")]);
        assert!(said.contains("cannot be written"), "{said}");
    }
}
