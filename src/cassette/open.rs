//! Opens recordings. The exchanges of a cassette stay in its file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::har;
use super::source::{Source, SourceError, is_one_a_line, one_a_line};
use crate::files;
use crate::files::FileError;

/// How the names of recordings end, in a folder that is searched for them.
pub(crate) const EXTENSIONS: [&str; 3] = ["jsonl", "har", "zip"];

/// A recording whose bytes can be read.
pub(crate) enum Opened {
    Har(Vec<u8>),
    /// A cassette, or a file that is neither. A line is a whole value, or blank.
    Lines {
        source: Box<dyn Source>,
        /// The number of bytes.
        length: u64,
    },
}

/// Opens a recording. The file of a cassette stays open, unless a person has formatted it: that one is in memory.
pub(crate) fn open(path: &Path) -> Result<Opened, FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        return Err(FileError::Folder(path.to_owned()));
    }
    if !about.is_file() {
        // A pipe can be opened only once: its writer may be gone by now.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(open_bytes(bytes));
    }
    let length = about.len();
    let mut front = vec![0; usize::try_from(length.min(FRONT)).unwrap_or(0)];
    read_at(&file, 0, &mut front).map_err(unreadable)?;
    if har::is_har(&front) {
        return Ok(Opened::Har(files::read(path)?));
    }
    let file = OpenFile(file);
    // A file that cannot be read is reported by the line.
    if !is_one_a_line(&file, length).unwrap_or(true) {
        return Ok(open_bytes(files::read(path)?));
    }
    Ok(Opened::Lines {
        source: Box::new(file),
        length,
    })
}

/// Opens a recording in memory.
pub(crate) fn open_bytes(bytes: Vec<u8>) -> Opened {
    if har::is_har(&bytes) {
        return Opened::Har(bytes);
    }
    let bytes = match lines_of(&bytes) {
        Cow::Owned(lines) => lines,
        Cow::Borrowed(_) => bytes,
    };
    Opened::Lines {
        length: bytes.len() as u64,
        source: Box::new(bytes),
    }
}

/// The lines of a cassette in memory, each a whole value, or blank.
pub(crate) fn lines_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    if is_one_a_line(&bytes, bytes.len() as u64).unwrap_or(true) {
        bytes.into()
    } else {
        one_a_line(bytes).into()
    }
}

/// The bytes in which a HAR file is distinguished from a cassette.
const FRONT: u64 = 4096;

#[derive(Debug)]
struct OpenFile(File);

impl Source for OpenFile {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SourceError> {
        read_at(&self.0, at, into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => SourceError::Shorter,
            _ => SourceError::Unreadable(error.into()),
        })
    }
}

#[cfg(unix)]
fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
    while !into.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, into, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at += read as u64;
        into = &mut into[read..];
    }
    Ok(())
}
