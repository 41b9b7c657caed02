//! Accepted conversations in a folder, and new ones beside them: `NAME.snap` and `NAME.snap.new`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::store::{self, StoreError};

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
) -> Result<Standing, StoreError> {
    let path = folder.join(format!("{name}.snap"));
    let new = folder.join(format!("{name}.snap.new"));
    let accepted = match store::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(StoreError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
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
        fs::create_dir_all(folder).map_err(|source| StoreError::Unwritable {
            path: folder.to_owned(),
            source,
        })?;
        store::write(&new, file)?;
    }
    Ok(Standing::Differs { accepted })
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
    pub fn accept(&self) -> Result<(), StoreError> {
        self.done(fs::rename(self.beside(), &self.path))
    }

    /// Throws the new file away.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unwritable`].
    pub fn reject(&self) -> Result<(), StoreError> {
        self.done(fs::remove_file(self.beside()))
    }

    fn done(&self, done: std::io::Result<()>) -> Result<(), StoreError> {
        done.map_err(|source| StoreError::Unwritable {
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
pub fn proposals(folder: &Path) -> Result<Vec<Proposal>, StoreError> {
    let mut proposals = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| StoreError::Unreadable {
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
        let text =
            |path: &Path| store::read(path).map(|it| String::from_utf8_lossy(&it).into_owned());
        let accepted = if path.exists() {
            text(&path)?
        } else {
            String::new()
        };
        proposals.push(Proposal {
            file: text(entry.path())?,
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
}
