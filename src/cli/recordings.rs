//! The recordings on the command line: files, and folders that are searched for recordings.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output;
use super::usage::UsageError;
use crate::cassette::open::EXTENSIONS;
use crate::diagnostic::path::Shown as _;
use crate::files;
use crate::files::Files;

/// A recording that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub path: PathBuf,
    /// Its path in the folder that was given; of a file that was given, its name.
    pub name: String,
}

/// The recordings of these files and folders, in this order, each once. A file is one whatever its name is.
/// Errors: a folder has none, or cannot be read.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            let name = path.file_name().unwrap_or(path.as_os_str());
            let name = name.to_string_lossy().into_owned();
            let path = path.clone();
            all.push(Found { path, name });
            continue;
        }
        let Files { found, passed_over } = files::files_below(path, &EXTENSIONS)?;
        passed_over.iter().for_each(output::warn);
        if found.is_empty() {
            return Err(UsageError::NoRecordingIn(path.clone()).into());
        }
        all.extend(found.into_iter().map(|file| Found {
            name: below(path, &file),
            path: file,
        }));
    }
    let mut seen = HashSet::new();
    all.retain(|it| seen.insert(files::one_spelling(&it.path)));
    Ok(all)
}

/// The path of a file in a folder, with slashes on every system.
fn below(folder: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(folder).unwrap_or(file).iter();
    let parts: Vec<_> = parts.map(|it| it.to_string_lossy()).collect();
    parts.join("/")
}

/// The paths of recordings, and of those in the same folders.
pub(crate) fn beside(found: &[Found]) -> Vec<String> {
    let mut folders: Vec<&Path> = found.iter().filter_map(|it| it.path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    let mut all: Vec<PathBuf> = found.iter().map(|it| it.path.clone()).collect();
    for folder in folders {
        let real = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        // One that cannot be read has no others that could be played.
        let entries = fs::read_dir(real).into_iter().flatten().flatten();
        let names = entries.map(|it| folder.join(it.file_name()));
        all.extend(names.filter(|it| {
            let extension = it.extension().and_then(|it| it.to_str());
            extension.is_some_and(|it| EXTENSIONS.contains(&it))
        }));
    }
    all.iter().map(|it| it.shown()).collect()
}

/// True if no other recording is in the folders of these.
pub(crate) fn are_whole_folders(found: &[Found]) -> bool {
    let own: HashSet<_> = found
        .iter()
        .map(|it| files::one_spelling(&it.path))
        .collect();
    let beside = beside(found);
    let mut beside = beside.iter().map(|it| files::one_spelling(Path::new(it)));
    beside.all(|it| own.contains(&it))
}

/// Files and folders as a report names them.
pub(crate) fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|it| it.shown()).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_files_are_taken_as_they_are() {
        let root = tempfile::tempdir().unwrap();
        let path = |below: &str| root.path().join(below);
        fs::create_dir_all(path("all/deep")).unwrap();
        for file in [
            "all/b.har",
            "all/deep/a.jsonl",
            "all/z.zip",
            "all/notes.md",
            "odd",
        ] {
            fs::write(path(file), "").unwrap();
        }
        let names = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(|it| path(it)).collect();
            let found = find(&paths).unwrap().into_iter();
            found.map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["all"]), ["b.har", "deep/a.jsonl", "z.zip"]);
        let twice = ["all/z.zip", "odd", "all/deep/../b.har", "all"];
        assert_eq!(names(&twice), ["z.zip", "odd", "b.har", "deep/a.jsonl"]);
        fs::create_dir(path("none")).unwrap();
        fs::write(path("none/notes.md"), "").unwrap();
        let error = find(&[path("none")]).unwrap_err().to_string();
        assert!(
            error.contains("none: the folder has no recordings"),
            "{error}"
        );
    }
}
