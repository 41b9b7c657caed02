//! HAR files in a zip archive, with the files that they name, as Playwright writes them.

use std::collections::HashMap;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

/// What is read of one file of an archive, in bytes. More than that is no recording.
const LONGEST: u64 = 1 << 30;

/// The files of an archive.
pub(super) struct Archive {
    pub har: Vec<u8>,
    /// Beside the HAR file, by their names in its folder.
    pub beside: HashMap<String, Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    #[error("the archive cannot be read: {0}")]
    Zip(#[from] ZipError),
    #[error("the archive cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("the archive has no file with a name in .har")]
    NoHar,
    #[error("the archive has more than one HAR file")]
    SeveralHars,
    #[error("{0} in the archive is longer than 1 GiB")]
    Long(String),
}

/// True for the first bytes of a zip archive with a file in it.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

pub(super) fn open(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let (mut found, mut files) = (None, HashMap::new());
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        if file.is_dir() {
            continue;
        }
        let name = file.name()?.into_owned();
        let mut content = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LONGEST {
            return Err(ArchiveError::Long(name));
        }
        if !name.to_ascii_lowercase().ends_with(".har") {
            files.insert(name, content);
        } else if found.replace((name, content)).is_some() {
            return Err(ArchiveError::SeveralHars);
        }
    }
    let (name, har) = found.ok_or(ArchiveError::NoHar)?;
    let folder = name.rfind('/').map_or("", |at| &name[..=at]).to_owned();
    let below = |(name, content): (String, Vec<u8>)| {
        let name = name.strip_prefix(&folder)?.to_owned();
        Some((name, content))
    };
    let beside = files.into_iter().filter_map(below).collect();
    Ok(Archive { har, beside })
}
