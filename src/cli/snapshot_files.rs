//! Accepted conversations in a folder, and new ones beside them: `NAME.snap` and `NAME.snap.new`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use crate::files;
use crate::files::FileError;

/// How a conversation stands to the accepted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is the same.
    Same,
    /// It differs, or nothing was accepted: then the accepted file is empty.
    Differs {
        /// The accepted file.
        accepted: String,
    },
}

/// The name of the snapshots of a file: its path as it is seen from the folder that `folder` is in,
/// on every machine and from every working directory. Files of one name elsewhere have another one.
pub fn name_of(folder: &Path, file: &Path) -> String {
    let (folder, file) = (real(folder), real(file));
    let shared = folder
        .components()
        .zip(file.components())
        .take_while(|(left, right)| left == right)
        .count();
    let away = folder.components().count() - shared;
    let mut name = match away {
        // Snapshots are kept in the folder of the file, or above it.
        0 => "here/".to_owned(),
        away => "up/".repeat(away - 1),
    };
    let below: Vec<_> = file
        .components()
        .skip(shared)
        .filter(|it| matches!(it, Component::Normal(_)))
        .map(|it| it.as_os_str().to_string_lossy())
        .collect();
    name.push_str(&below.join("/"));
    name
}

/// A path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = path.ancestors().find_map(|ancestor| {
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    });
    real.unwrap_or(path)
}

/// Holds the file of a conversation against the accepted one, as `same` compares two files. Where
/// they differ and `writes` is set, the new one is written beside the accepted one.
///
/// # Errors
///
/// [`StoreError`]: a folder that cannot be read or written.
pub fn hold(
    folder: &Path,
    name: &str,
    file: &str,
    writes: bool,
    same: impl Fn(&str, &str) -> bool,
) -> Result<Standing, FileError> {
    let path = folder.join(format!("{name}.snap"));
    let new = folder.join(format!("{name}.snap.new"));
    let accepted = match files::read(&path) {
        Ok(bytes) => text(&bytes),
        Err(FileError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            String::new()
        }
        Err(error) => return Err(error),
    };
    if !accepted.is_empty() && same(&accepted, file) {
        if writes {
            // A proposal of an earlier run has no more reason; where there is none, all is well.
            let _ = fs::remove_file(&new);
        }
        return Ok(Standing::Same);
    }
    if writes {
        let parent = new.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|source| FileError::Unwritable {
            path: parent.to_owned(),
            source,
        })?;
        files::write(&new, file)?;
    }
    Ok(Standing::Differs { accepted })
}

/// The text of a snapshot, with the line ends that it was written with: Git may have put others.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

/// A conversation that waits to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The accepted file's path; it may not be there yet.
    pub path: PathBuf,
    /// The accepted file; empty where there is none.
    pub accepted: String,
    /// The new file.
    pub file: String,
}

impl Proposal {
    fn beside(&self) -> PathBuf {
        self.path.with_extension("snap.new")
    }

    /// Takes the new file in the place of the accepted one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unwritable`].
    pub fn accept(&self) -> Result<(), FileError> {
        self.done(fs::rename(self.beside(), &self.path))
    }

    /// Throws the new file away.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unwritable`].
    pub fn reject(&self) -> Result<(), FileError> {
        self.done(fs::remove_file(self.beside()))
    }

    fn done(&self, done: std::io::Result<()>) -> Result<(), FileError> {
        done.map_err(|source| FileError::Unwritable {
            path: self.path.clone(),
            source,
        })
    }
}

/// What waits to be accepted under a folder, by path.
///
/// # Errors
///
/// [`StoreError::Unreadable`].
pub fn proposals(folder: &Path) -> Result<Vec<Proposal>, FileError> {
    let mut proposals = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| FileError::Unreadable {
            path: folder.to_owned(),
            source: error.into(),
        })?;
        let Some(name) = entry
            .file_name()
            .to_str()
            .and_then(|it| it.strip_suffix(".snap.new"))
        else {
            continue;
        };
        let path = entry.path().with_file_name(format!("{name}.snap"));
        let read = |path: &Path| files::read(path).map(|it| text(&it));
        let accepted = if path.exists() {
            read(&path)?
        } else {
            String::new()
        };
        proposals.push(Proposal {
            file: read(entry.path())?,
            accepted,
            path,
        });
    }
    Ok(proposals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_proposed_accepted_and_held() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("kept");
        let same = |old: &str, new: &str| old == new;
        let told = |text, writes| hold(&folder, "a", text, writes, same).unwrap();
        let nothing = Standing::Differs {
            accepted: String::new(),
        };
        assert_eq!(told("one", false), nothing);
        assert!(!folder.exists(), "nothing is written unless asked");
        assert_eq!(told("one", true), nothing);
        let [proposal] = &proposals(&folder).unwrap()[..] else {
            panic!("one proposal");
        };
        proposal.accept().unwrap();
        assert_eq!(told("one", true), Standing::Same);
        let accepted = "one".to_owned();
        assert_eq!(told("two", true), Standing::Differs { accepted });
        proposals(&folder).unwrap()[0].reject().unwrap();
        assert_eq!(told("one", true), Standing::Same);
        assert!(proposals(&folder).unwrap().is_empty());
    }

    #[test]
    fn other_line_ends_are_no_difference() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.snap"), "one\r\ntwo\r\n").unwrap();
        let same = |old: &str, new: &str| old == new;
        let told = hold(folder.path(), "a", "one\ntwo\n", false, same).unwrap();
        assert_eq!(told, Standing::Same);
    }

    #[test]
    fn files_of_one_name_have_snapshots_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let folder = root.join("a/kept");
        let mut names = Vec::new();
        for (file, name) in [
            ("a/call.jsonl", "call.jsonl"),
            ("a/b/call.jsonl", "b/call.jsonl"),
            ("a/b/call.har", "b/call.har"),
            ("call.jsonl", "up/call.jsonl"),
            ("c/call.jsonl", "up/c/call.jsonl"),
            ("a/kept/call.jsonl", "here/call.jsonl"),
        ] {
            assert_eq!(name_of(&folder, &root.join(file)), name);
            names.push(name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 6);
        fs::create_dir_all(&folder).unwrap();
        let detour = folder.join("../b/call.jsonl");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(&detour, "").unwrap();
        assert_eq!(name_of(&folder, &detour), "b/call.jsonl");
    }
}
