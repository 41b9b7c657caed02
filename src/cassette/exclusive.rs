//! A file that one process writes at its end, and that all may read meanwhile.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::path::Path;

/// Tells a file from another one that has come to its path: the device and the number on it.
pub(super) type Identity = (u64, u64);

/// Creates the file.
/// Errors: as those of [`open`], and [`io::ErrorKind::AlreadyExists`].
pub(super) fn create(path: &Path) -> io::Result<File> {
    locked(OpenOptions::new().append(true).create_new(true), path)
}

/// Opens the file.
/// Errors: [`io::ErrorKind::WouldBlock`] where another process writes it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    locked(OpenOptions::new().append(true).read(true), path)
}

/// Cuts the file off. What is written goes behind that.
pub(super) fn shorten(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::End(0)).map(drop)
}

#[cfg(unix)]
fn locked(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.open(path)?;
    file.try_lock()?;
    Ok(file)
}

/// A lock of Windows would keep others from reading. So the file is opened in a mode in which nobody else can open it to
/// write. That needs the right to write anywhere, as [`shorten`] does.
#[cfg(windows)]
fn locked(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    const GENERIC_READ_AND_WRITE: u32 = 0xC000_0000;
    const SHARE_READ_AND_DELETE: u32 = 0x1 | 0x4;
    const ERROR_SHARING_VIOLATION: i32 = 32;

    crate::files::check_names(path)?;
    options.access_mode(GENERIC_READ_AND_WRITE);
    options.share_mode(SHARE_READ_AND_DELETE);
    let file = options.open(path);
    let mut file = file.map_err(|error| match error.raw_os_error() {
        Some(ERROR_SHARING_VIOLATION) => io::ErrorKind::WouldBlock.into(),
        _ => error,
    })?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

/// The file that is at a path now.
#[cfg(unix)]
pub(super) fn there(path: &Path) -> io::Result<(Identity, Metadata)> {
    use std::os::unix::fs::MetadataExt as _;
    let data = std::fs::metadata(path)?;
    Ok(((data.dev(), data.ino()), data))
}

#[cfg(windows)]
pub(super) fn there(path: &Path) -> io::Result<(Identity, Metadata)> {
    let file = File::open(path)?;
    Ok((identity(&file)?, file.metadata()?))
}

#[cfg(unix)]
pub(super) fn identity(file: &File) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let data = file.metadata()?;
    Ok((data.dev(), data.ino()))
}

#[cfg(windows)]
pub(super) fn identity(file: &File) -> io::Result<Identity> {
    let data = winapi_util::file::information(file)?;
    Ok((data.volume_serial_number(), data.file_index()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn one_writes_at_the_end_and_all_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut file = create(&path).unwrap();
        file.write_all(b"one, two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one, two");
        assert_eq!(open(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(file);
        assert_eq!(
            create(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        let mut file = open(&path).unwrap();
        file.write_all(b", three").unwrap();
        shorten(&mut file, 3).unwrap();
        file.write_all(b", four").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one, four");
    }

    #[test]
    fn a_file_differs_from_another_one_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let first = create(&path("a")).unwrap();
        create(&path("b")).unwrap();
        let own = identity(&first).unwrap();
        assert_eq!(there(&path("a")).unwrap().0, own);
        assert_ne!(there(&path("b")).unwrap().0, own);
    }
}
