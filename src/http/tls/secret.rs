//! Files in the folder of the local authority that its owner alone may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use super::AuthorityError;
use crate::files;

/// Makes the folder where there is none, and holds it for this process until the file is dropped.
pub(crate) fn hold(folder: &Path) -> Result<File, AuthorityError> {
    make_folder(folder).map_err(|source| unwritable(folder, source))?;
    let lock = folder.join("lock");
    File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|source| unwritable(&lock, source))
}

/// Writes a file that its owner alone may read, whole or not at all.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), AuthorityError> {
    write_beside(path, text).map_err(|source| unwritable(path, source))
}

/// A key that its owner alone may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    Authority,
    /// The key that tokens are signed with.
    Identity,
}

impl Secret {
    /// The consequence of removing it.
    pub(super) const fn after_removal(self) -> &'static str {
        match self {
            Self::Authority => "confcall makes a new authority, which clients must trust again",
            Self::Identity => "confcall makes a new key, which bots fetch again",
        }
    }
}

/// Reads such a file; none where there is none.
pub(crate) fn read(path: &Path, secret: Secret) -> Result<Option<String>, AuthorityError> {
    let unreadable = |source: io::Error| AuthorityError::Unreadable {
        path: path.to_owned(),
        secret,
        source,
    };
    let text = match files::read_regular(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(AuthorityError::ReadableByOthers {
                path: path.to_owned(),
                secret,
            });
        }
    }
    Ok(Some(text))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_beside(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&beside)?.write_all(text.as_bytes())?;
    fs::rename(&beside, path)
}

fn unwritable(path: &Path, source: io::Error) -> AuthorityError {
    AuthorityError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
