//! Snapshots of conversations in a folder: `NAME.snap` is accepted; `NAME.snap.new` waits for a decision.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use super::environment;
use super::exit::Exit;
use super::reports::Failures;
use super::usage::UsageError;
use crate::diagnostic::path::Shown as _;
use crate::files;
use crate::files::FileError;
use crate::judge::verdict::{Run, Verdict};
use crate::report::snapshot;

/// A conversation to compare with the accepted one.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// The position of its result in the run.
    pub result: usize,
    /// The name of its snapshot: a path below the folder, without `.snap`.
    pub name: String,
    pub description: String,
    pub content: String,
}

/// Refuses `INSTA_FORCE_PASS`, with which insta passes any conversation.
pub(crate) fn refuse_forced_passes(folder: Option<&Path>) -> Result<(), UsageError> {
    if folder.is_some() && environment::forces_passes() {
        return Err(UsageError::ForcedPass);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proposals {
    Written,
    NotWritten,
}

impl Proposals {
    /// None are written in CI, as with insta.
    fn of_environment() -> Self {
        if environment::is_ci() {
            Self::NotWritten
        } else {
            Self::Written
        }
    }
}

/// Compares conversations of a run with the accepted ones, and proposes those that differ. Each of these fails its
/// result. In CI nothing is written. Returns the remedy, where one differs, and the exit of a folder that cannot be
/// used.
pub(crate) fn compare(
    folder: &Path,
    run: &mut Run,
    conversations: Vec<Conversation>,
) -> (String, Exit) {
    let compared = compare_all(folder, run, conversations);
    run.count();
    match compared {
        Ok(remedy) => (remedy, Exit::Success),
        Err(error) => {
            let mut failures = Failures::default();
            failures.take(&error.into());
            run.errors.extend(failures.errors);
            (String::new(), failures.exit)
        }
    }
}

fn compare_all(
    folder: &Path,
    run: &mut Run,
    conversations: Vec<Conversation>,
) -> Result<String, FileError> {
    let proposals = Proposals::of_environment();
    let mut differing = 0;
    for conversation in conversations {
        let file = snapshot::file(&conversation.description, &conversation.content);
        let compared = compare_file(folder, &conversation.name, &file, proposals)?;
        let (Compared::Different { accepted }, Some(result)) =
            (compared, run.results.get_mut(conversation.result))
        else {
            continue;
        };
        differing += 1;
        let accepted = accepted.as_deref().and_then(snapshot::content);
        let file = snapshot_file(folder, &conversation.name);
        let differs = snapshot::violation(&file, accepted, conversation.content);
        result.failures.push(differs);
        if result.verdict != Verdict::Error {
            result.verdict = Verdict::Fail;
        }
    }
    let count = match differing {
        0 => return Ok(String::new()),
        1 => "1 conversation differs from its snapshot".to_owned(),
        _ => format!("{differing} conversations differ from their snapshots"),
    };
    let remedy = match proposals {
        Proposals::Written => format!("review with `confcall accept {}`", folder.shown()),
        Proposals::NotWritten => {
            "run the command outside of CI, and review the differences".to_owned()
        }
    };
    Ok(format!("{count}; {remedy}\n"))
}

fn snapshot_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.snap"))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Compared {
    Same,
    Different {
        /// The accepted file, where there is one.
        accepted: Option<String>,
    },
}

fn compare_file(
    folder: &Path,
    name: &str,
    file: &str,
    proposals: Proposals,
) -> Result<Compared, FileError> {
    let new = folder.join(format!("{name}.snap.new"));
    let accepted = accepted(&snapshot_file(folder, name))?;
    let is_same = |accepted: &String| compared_part(accepted) == compared_part(file);
    if accepted.as_ref().is_some_and(is_same) {
        if proposals == Proposals::Written {
            // The proposal of an earlier run is void; there may be none.
            let _ = fs::remove_file(&new);
        }
        return Ok(Compared::Same);
    }
    if proposals == Proposals::Written {
        if fs::symlink_metadata(&new).is_ok_and(|it| it.is_symlink()) {
            return Err(FileError::InTheWay {
                path: new,
                what: "the new conversation is not written, because the path is a link",
                remedy: "remove the link",
            });
        }
        files::make_folder(new.parent().unwrap_or(folder))?;
        files::write(&new, file)?;
    }
    Ok(Compared::Different { accepted })
}

/// The part of a snapshot file that is compared. As with insta, line ends at its end do not count.
fn compared_part(file: &str) -> Option<&str> {
    snapshot::content(file).map(str::trim_end)
}

/// An accepted file; none where it does not exist, or is empty.
fn accepted(path: &Path) -> Result<Option<String>, FileError> {
    match files::read(path) {
        Ok(bytes) => Ok(Some(text(&bytes)).filter(|it| !it.is_empty())),
        Err(FileError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The text of a snapshot with the line ends that it was written with: Git may have changed them.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

/// The name of the snapshots of a file: its path as seen from the parent of `folder`, on every
/// machine and from every working directory. Files of one name elsewhere have another one.
pub(crate) fn name_of(folder: &Path, file: &Path) -> String {
    let (folder, file) = (real(folder), real(file));
    let shared = folder
        .components()
        .zip(file.components())
        .take_while(|(left, right)| left == right)
        .count();
    let mut name = match folder.components().count() - shared {
        // The file is in the folder of the snapshots.
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

fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = path.ancestors().find_map(|ancestor| {
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    });
    real.unwrap_or(path)
}

/// A new conversation, which can be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The path of the accepted file, which may not exist yet.
    pub path: PathBuf,
    pub accepted: Option<String>,
    pub file: String,
}

impl Proposal {
    pub(crate) fn accept(&self) -> Result<(), FileError> {
        self.written(fs::rename(self.proposed(), &self.path))
    }

    pub(crate) fn reject(&self) -> Result<(), FileError> {
        self.written(fs::remove_file(self.proposed()))
    }

    fn proposed(&self) -> PathBuf {
        self.path.with_extension("snap.new")
    }

    fn written(&self, result: std::io::Result<()>) -> Result<(), FileError> {
        result.map_err(|source| FileError::Unwritable {
            path: self.path.clone(),
            source,
        })
    }
}

/// The proposals below a folder, by path.
pub(crate) fn proposals(folder: &Path) -> Result<Vec<Proposal>, FileError> {
    let mut proposals = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| FileError::Unreadable {
            path: folder.to_owned(),
            source: error.into(),
        })?;
        let name = entry.file_name().to_str();
        let Some(name) = name.and_then(|it| it.strip_suffix(".snap.new")) else {
            continue;
        };
        let path = entry.path().with_file_name(format!("{name}.snap"));
        proposals.push(Proposal {
            file: text(&files::read(entry.path())?),
            accepted: accepted(&path)?,
            path,
        });
    }
    Ok(proposals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_proposed_accepted_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("snapshots");
        let compare = |content, proposals| {
            let file = snapshot::file("a", content);
            compare_file(&folder, "a", &file, proposals).unwrap()
        };
        let new = Compared::Different { accepted: None };
        assert_eq!(compare("one", Proposals::NotWritten), new);
        assert!(!folder.exists(), "nothing is written");
        assert_eq!(compare("one", Proposals::Written), new);
        let [proposal] = &proposals(&folder).unwrap()[..] else {
            panic!("one proposal");
        };
        proposal.accept().unwrap();
        assert_eq!(compare("one", Proposals::Written), Compared::Same);
        let accepted = Some(snapshot::file("a", "one"));
        let changed = Compared::Different { accepted };
        assert_eq!(compare("two", Proposals::Written), changed);
        proposals(&folder).unwrap()[0].reject().unwrap();
        assert_eq!(compare("one", Proposals::Written), Compared::Same);
        assert!(proposals(&folder).unwrap().is_empty());
    }

    #[test]
    fn other_line_ends_are_no_difference() {
        let folder = tempfile::tempdir().unwrap();
        let file = snapshot::file("a", "one\ntwo\n");
        let accepted = file.trim_end().replace('\n', "\r\n");
        fs::write(folder.path().join("a.snap"), accepted).unwrap();
        let compared = compare_file(folder.path(), "a", &file, Proposals::NotWritten).unwrap();
        assert_eq!(compared, Compared::Same);
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
