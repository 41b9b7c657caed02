//! The files of a folder, links followed, and what is passed over on the way.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::StoreError;

/// What a path holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The files, in the order of their names.
    pub found: Vec<PathBuf>,
    /// What was passed over although somebody may have meant it, with why: a line each.
    pub passed_over: Vec<String>,
}

/// The files of a path whose name ends in `.{extension}`; a path that is a file is itself the
/// only one. Links are followed, but for those that lead back.
///
/// # Errors
///
/// [`StoreError::Unreadable`], [`StoreError::Dangling`] for a link with such a name,
/// [`StoreError::NotRegular`] for a path that is neither folder nor regular file.
pub fn files_below(path: &Path, extension: &str) -> Result<Files, StoreError> {
    let mut files = Files::default();
    let is_named = |path: &Path| path.extension().is_some_and(|it| it == extension);
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(path).to_owned();
                if error.loop_ancestor().is_some() {
                    let line = format!("{}: the link leads back, passed over", path.display());
                    files.passed_over.push(line);
                } else if !leads_nowhere(&path) {
                    let source = error
                        .into_io_error()
                        .unwrap_or_else(|| ErrorKind::Other.into());
                    return Err(StoreError::Unreadable { path, source });
                } else if error.depth() == 0 || is_named(&path) {
                    return Err(StoreError::Dangling(path));
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
            return Err(StoreError::NotRegular(path.to_owned()));
        } else {
            let line = format!(
                "{}: not a regular file, passed over",
                entry.path().display()
            );
            files.passed_over.push(line);
        }
    }
    Ok(files)
}

/// Whether it is a link to what is not there, or to itself.
fn leads_nowhere(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink()) && fs::metadata(path).is_err()
}

/// The path of a file in one spelling, so that `a.md` and `./a.md` are known as one. A link keeps
/// its own name: it is another page.
pub fn one_spelling(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_and_loops_are_told() {
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
        let files = files_below(&path("near"), "md").unwrap();
        let expected = ["near/file.md", "near/folder/a/x.md"].map(path);
        assert_eq!(files.found, expected);
        assert_eq!(files.passed_over.len(), 1);
        assert!(files.passed_over[0].contains("near/loop: the link leads back"));
    }

    #[test]
    fn a_link_to_nothing_is_told_where_it_would_be_read() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("page.md");
        symlink("gone.md", &link).unwrap();
        for path in [root.path(), &link] {
            let error = files_below(path, "md").unwrap_err().to_string();
            assert!(error.contains("page.md: the link leads nowhere"), "{error}");
            assert!(error.contains("= help: "), "{error}");
        }
        assert_eq!(files_below(root.path(), "json").unwrap(), Files::default());
    }

    #[test]
    fn what_is_no_regular_file_is_told() {
        let error = files_below(Path::new("/dev/null"), "md").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/dev/null: not a regular file")
        );
        let root = tempfile::tempdir().unwrap();
        symlink("/dev/null", root.path().join("null.md")).unwrap();
        let files = files_below(root.path(), "md").unwrap();
        assert!(files.found.is_empty());
        assert!(files.passed_over[0].contains("null.md: not a regular file"));
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
}
