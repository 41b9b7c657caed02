//! HAR files, plain or in a zip archive with the files that they name, as Playwright writes them.

use std::collections::HashMap;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::format::Form;
use super::har::{self, Attached};
use super::recording::Recording;
use crate::diagnostic::Diagnostic;

/// What is read of one file of an archive, in bytes. More than that is no recording.
const LONGEST: u64 = 1 << 30;

/// The files of an archive.
struct Archive {
    har: Vec<u8>,
    /// Beside the HAR file, by their names in its folder.
    beside: HashMap<String, Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
enum ArchiveError {
    #[error("the archive cannot be read: {0}")]
    Zip(#[from] ZipError),
    #[error("the archive cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("the archive has no .har file")]
    NoHar,
    #[error("the archive has more than one HAR file")]
    SeveralHars,
    #[error("{0} in the archive is longer than 1 GiB")]
    Long(String),
}

/// Reads a HAR file, or the one in an archive. `attached` reads the files that a plain one names.
/// Errors: the place and the reason where the file is not HAR 1.2, or no archive with one HAR file.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    attached: Attached<'_>,
    form: Form,
) -> Result<Recording, Diagnostic> {
    if !har::is_archive(bytes) {
        return har::read(file, bytes, attached, form);
    }
    let archive = open(bytes).map_err(|error| Diagnostic {
        file: file.to_owned(),
        line: 1,
        column: 1,
        message: error.to_string(),
        remedy: None,
        excerpt: None,
    })?;
    let attached = |name: &str| archive.beside.get(name).cloned();
    har::read(file, &archive.har, &attached, form)
}

fn open(bytes: &[u8]) -> Result<Archive, ArchiveError> {
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::http::message::Body;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn the_har_file_of_an_archive_is_read_with_the_files_beside_it() {
        let entry = |name: &str| {
            serde_json::json!({"request": {"method": "GET", "url": "/"},
            "response": {"status": 200, "content": {"mimeType": "text/plain", "_file": name}}})
        };
        let har = serde_json::json!({"log": {"entries": [entry("a.bin"), entry("gone.bin")]}})
            .to_string();
        let bytes = archive(&[
            ("x/har.har", har.as_bytes()),
            ("x/a.bin", &[0xff]),
            ("gone.bin", b"elsewhere"),
        ]);
        assert!(har::is_har(&bytes));
        let recording = read("a.zip", &bytes, &|_| None, Form::Decoded).unwrap();
        let bodies = recording
            .exchanges()
            .iter()
            .map(|it| &it.response.as_ref().unwrap().body);
        let bodies: Vec<_> = bodies.collect();
        assert_eq!(*bodies[0], Body::Bytes(vec![0xff]));
        assert!(matches!(bodies[1], Body::Omitted(_)));
        for cut in [10, bytes.len() / 2, bytes.len() - 1] {
            assert!(read("a.zip", &bytes[..cut], &|_| None, Form::Decoded).is_err());
        }
        for files in [
            &[("a.bin", &b"x"[..])][..],
            &[("a.har", b"{}"), ("b.har", b"{}")],
        ] {
            assert!(read("a.zip", &archive(files), &|_| None, Form::Decoded).is_err());
        }
    }
}
