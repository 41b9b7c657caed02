//! Finding, reading and writing files; a file is written whole or not at all.

use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use walkdir::WalkDir;

use crate::diagnostic::path::Shown as _;
use crate::diagnostic::{Diagnostic, Remedy};

/// An error of the file system, or in the content of files.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The problems of invalid files.
    #[error("{}", all(.0))]
    Broken(Vec<Diagnostic>),
    #[error("{}: cannot be read: {source}", path.shown())]
    Unreadable { path: PathBuf, source: io::Error },
    /// A dangling link.
    #[error("{}: the target of the link does not exist", .0.shown())]
    Dangling(PathBuf),
    /// A folder instead of a file.
    #[error("{}: it is a folder", .0.shown())]
    Folder(PathBuf),
    /// A device, a pipe, a socket.
    #[error("{}: not a regular file", .0.shown())]
    NotRegular(PathBuf),
    /// An existing path prevents a file from being written.
    #[error("{}: {what}", path.shown())]
    InTheWay {
        path: PathBuf,
        what: &'static str,
        remedy: &'static str,
    },
    #[error("{}: cannot be written: {source}", path.shown())]
    Unwritable { path: PathBuf, source: io::Error },
}

impl Remedy for FileError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Unreadable { source, .. } => match source.kind() {
                ErrorKind::NotFound => {
                    "check the name; it is relative to the folder in which confcall runs"
                }
                ErrorKind::PermissionDenied => "give the user who runs confcall read permission",
                _ => return None,
            },
            Self::Dangling(_) => "remove the link, or correct its target",
            Self::Folder(_) => "give the files in the folder",
            Self::NotRegular(_) => "give a file or a folder",
            Self::InTheWay { remedy, .. } => remedy,
            Self::Unwritable { source, .. } => match source.kind() {
                ErrorKind::NotFound => "make the folder, or give another place",
                ErrorKind::InvalidFilename => "give a name that the file system allows",
                ErrorKind::IsADirectory => "it is a folder: give the name of a file in it",
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "give the user who runs confcall write permission, or give another place"
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "free some space, or give another place"
                }
                _ => return None,
            },
            Self::Broken(_) => return None,
        }))
    }
}

fn all(diagnostics: &[Diagnostic]) -> String {
    let shown: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    shown.join("\n")
}

/// The contents of files. The error has the problems of all invalid files.
pub(crate) fn all_valid<T>(
    read: impl IntoIterator<Item = Result<T, Diagnostic>>,
) -> Result<Vec<T>, FileError> {
    let mut valid = Vec::new();
    let mut broken = Vec::new();
    for it in read {
        match it {
            Ok(content) => valid.push(content),
            Err(diagnostic) => broken.push(diagnostic),
        }
    }
    if broken.is_empty() {
        Ok(valid)
    } else {
        Err(FileError::Broken(broken))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files {
    /// Sorted by name.
    pub found: Vec<PathBuf>,
    /// Skipped files that the user may have meant, a line with the reason for each.
    pub passed_over: Vec<String>,
}

/// The files below a path whose name has one of these extensions; a path to a file is the only result.
/// Links are followed, except for cycles.
/// Errors: [`FileError::Unreadable`], [`FileError::Dangling`] for a link with such a name,
/// [`FileError::NotRegular`] for a path that is neither folder nor regular file.
pub(crate) fn files_below(path: &Path, extensions: &[&str]) -> Result<Files, FileError> {
    let mut files = Files::default();
    let is_named = |path: &Path| {
        let extension = path.extension();
        extension.is_some_and(|it| extensions.iter().any(|named| it == *named))
    };
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(path).to_owned();
                if error.loop_ancestor().is_some() {
                    let line = format!(
                        "{}: skipped, because the link leads to a parent folder",
                        path.shown()
                    );
                    files.passed_over.push(line);
                } else if !leads_nowhere(&path) {
                    let source = error
                        .into_io_error()
                        .unwrap_or_else(|| ErrorKind::Other.into());
                    return Err(FileError::Unreadable { path, source });
                } else if error.depth() == 0 || is_named(&path) {
                    return Err(FileError::Dangling(path));
                }
                continue;
            }
        };
        let kind = entry.file_type();
        let is_meant = entry.depth() == 0 || is_named(entry.path());
        if kind.is_dir() || !is_meant {
            continue;
        }
        if kind.is_file() {
            files.found.push(entry.into_path());
        } else if entry.depth() == 0 {
            return Err(FileError::NotRegular(path.to_owned()));
        } else {
            let line = format!(
                "{}: skipped, because it is not a regular file",
                entry.path().shown()
            );
            files.passed_over.push(line);
        }
    }
    Ok(files)
}

/// True for a dangling or cyclic link.
fn leads_nowhere(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink()) && fs::metadata(path).is_err()
}

/// Normalizes a path, so that `a.md` and `./a.md` are equal. A link keeps its own name, as it is
/// another page.
pub(crate) fn one_spelling(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The text of a regular file. A pipe in its place is an error: reading it would wait for a writer.
pub(crate) fn read_regular(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    fs::read_to_string(path)
}

/// Replaces a file atomically: a reader sees the old text or the new one. Its permissions stay. A link is kept, and its
/// target is replaced. Anything but a regular file, such as a pipe or `/dev/stdout`, is written
/// directly.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), FileError> {
    write_bytes(path, text.as_bytes())
}

/// The same for bytes.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = if cfg!(windows) && path.is_dir() {
        // Windows says that access is denied.
        Err(ErrorKind::IsADirectory.into())
    } else if is_special(path) {
        // Appends to an existing file.
        let mut opened = fs::OpenOptions::new();
        let opened = opened.append(true).open(path);
        opened.and_then(|mut it| it.write_all(bytes))
    } else if let Err(error) = check_names(path) {
        Err(error)
    } else {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        write_beside(&target, bytes)
    };
    written.map_err(|source| FileError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

/// Makes a folder, and those that it is in, unless it is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), FileError> {
    let made = check_names(path).and_then(|()| fs::create_dir_all(path));
    made.map_err(|source| FileError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

/// An error for a path in which Windows would refuse a name, or take it for something else.
#[cfg(windows)]
pub(crate) fn check_names(path: &Path) -> io::Result<()> {
    use crate::diagnostic::path::is_refused_by_windows;
    /// In UTF-16.
    const LONGEST: usize = 255;

    let is_refused = path.components().any(|it| match it {
        std::path::Component::Normal(name) => {
            let name = name.to_string_lossy();
            is_refused_by_windows(&name) || name.encode_utf16().count() > LONGEST
        }
        _ => false,
    });
    if is_refused {
        return Err(ErrorKind::InvalidFilename.into());
    }
    Ok(())
}

/// Other systems refuse such a name themselves.
#[cfg(not(windows))]
#[expect(clippy::unnecessary_wraps, reason = "an error on Windows")]
pub(crate) const fn check_names(_: &Path) -> io::Result<()> {
    Ok(())
}

/// True for anything but a regular file: a device, a pipe, a folder.
pub(crate) fn is_special(path: &Path) -> bool {
    let is_device = if cfg!(windows) {
        path.as_os_str().eq_ignore_ascii_case("NUL")
    } else {
        ["/dev", "/proc"].iter().any(|it| path.starts_with(it))
    };
    is_device || fs::metadata(path).is_ok_and(|it| !it.is_file())
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    if path.file_name().is_none() {
        return Err(ErrorKind::IsADirectory.into());
    }
    // The temporary name must not contain the file's own name, which may have the maximal length.
    let process = std::process::id();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_file_name(format!(".confcall.{process}.{number}.tmp"));
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| match fs::metadata(path) {
            Ok(old) => fs::set_permissions(&beside, old.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is reported; at worst, a hidden file remains.
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn links_are_followed_and_loops_are_reported() {
        let root = tempfile::tempdir().unwrap();
        let path = |below: &str| root.path().join(below);
        fs::create_dir_all(path("far/a")).unwrap();
        fs::create_dir(path("near")).unwrap();
        fs::write(path("far/a/x.md"), "").unwrap();
        symlink("../far/a/x.md", path("near/file.md")).unwrap();
        symlink("../far", path("near/folder")).unwrap();
        symlink(".", path("near/loop")).unwrap();
        symlink("gone", path("near/dangling")).unwrap();
        symlink("itself", path("near/itself")).unwrap();
        let files = files_below(&path("near"), &["md"]).unwrap();
        let expected = ["near/file.md", "near/folder/a/x.md"].map(path);
        assert_eq!(files.found, expected);
        assert_eq!(files.passed_over.len(), 1);
        assert!(files.passed_over[0].contains("near/loop: skipped, because the link"));
    }

    #[test]
    fn a_link_to_nothing_is_reported_where_it_would_be_read() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("page.md");
        symlink("gone.md", &link).unwrap();
        for path in [root.path(), &link] {
            let error = render(&files_below(path, &["md"]).unwrap_err());
            assert!(
                error.contains("page.md: the target of the link does not exist"),
                "{error}"
            );
            assert!(error.contains("= help: "), "{error}");
        }
        assert_eq!(
            files_below(root.path(), &["json"]).unwrap(),
            Files::default()
        );
    }

    #[test]
    fn what_is_no_regular_file_is_reported() {
        let error = files_below(Path::new("/dev/null"), &["md"]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/dev/null: not a regular file")
        );
        let root = tempfile::tempdir().unwrap();
        symlink("/dev/null", root.path().join("null.md")).unwrap();
        let files = files_below(root.path(), &["md"]).unwrap();
        assert!(files.found.is_empty());
        assert!(
            files.passed_over[0].contains("null.md: skipped, because it is not a regular file")
        );
    }

    #[test]
    fn two_spellings_are_one_file() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("b")).unwrap();
        let plain = one_spelling(&root.path().join("a.md"));
        assert_eq!(one_spelling(&root.path().join("b/../a.md")), plain);
        assert_ne!(one_spelling(&root.path().join("b/a.md")), plain);
        assert_eq!(
            one_spelling(Path::new("a.md")),
            one_spelling(Path::new("./a.md"))
        );
    }

    #[test]
    fn a_link_stays_and_leads_to_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("file", &link).unwrap();
        write(&link, "new").unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        write(Path::new("/dev/null"), "text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_folder_is_no_file_to_write() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(&folder.path().join("no/such"), "text").is_err());
        assert!(write(folder.path(), "text").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
