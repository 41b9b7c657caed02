//! Reads a recording for a replay: a cassette stays in its file, and memory holds an index of it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rayon::prelude::*;

use super::chunk::Chunk;
use super::{Indexed, Source};
use crate::cassette::format::Exchange;
use crate::cassette::{har, journal};
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::files::FileError;

/// Reads a recording for a replay: of a cassette in a file only an index is kept, and the file stays
/// open. With the torn last line, where there is one.
///
/// # Errors
///
/// As [`crate::cassette::read::load`] has.
pub fn index(path: &Path) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let name = path.display().to_string();
    if about.is_dir() {
        return Err(FileError::Folder(path.to_owned()));
    }
    if !about.is_file() {
        // A pipe is opened once: who writes to it may have gone by now.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        return index_bytes(&name, bytes);
    }
    let length = about.len();
    let mut front = vec![0; usize::try_from(length.min(FRONT)).unwrap_or(0)];
    read_at(&file, 0, &mut front).map_err(unreadable)?;
    if har::is_har(&front) {
        return index_bytes(&name, files::read(path)?);
    }
    index_lines(&name, Stretch { file }, length, STRETCH)
}

/// The same for bytes that are at hand. `file` is what errors call them.
///
/// # Errors
///
/// As [`crate::cassette::read::parse`] has.
pub fn index_bytes(file: &str, bytes: Vec<u8>) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    if har::is_har(&bytes) {
        let recording = har::read(file, &bytes).map_err(|wrong| FileError::Broken(vec![wrong]))?;
        return Ok((Indexed::of(&recording), None));
    }
    let length = bytes.len() as u64;
    index_lines(file, bytes, length, STRETCH)
}

/// How many bytes are looked at to tell what a file is.
const FRONT: u64 = 4096;

/// How many bytes of a cassette are read at a time, by each processor.
const STRETCH: u64 = 512 * 1024;

/// A file of which some bytes are read.
#[derive(Debug)]
struct Stretch {
    file: File,
}

impl Source for Stretch {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        read_at(&self.file, at, into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "it is shorter".to_owned(),
            _ => error.to_string(),
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

/// Lines that begin in one part of a cassette.
struct Part {
    chunk: Chunk,
    torn: Option<Diagnostic>,
    /// The first line that is none of the format; nothing behind it was read.
    wrong: Option<Diagnostic>,
}

fn index_lines(
    file: &str,
    source: impl Source + 'static,
    length: u64,
    stretch: u64,
) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    let parts = usize::try_from(length.div_ceil(stretch).max(1)).unwrap_or(usize::MAX);
    let parts = (0..parts).into_par_iter().map(|number| {
        let from = number as u64 * stretch;
        part(file, lines(&source, from, stretch, length), from == 0)
    });
    let parts: Vec<Part> = parts.collect();
    let mut chunks = Vec::with_capacity(parts.len());
    let (mut lines, mut torn) = (0, None);
    let in_file = |mut it: Diagnostic, lines: usize| {
        it.line += lines;
        it
    };
    for part in parts {
        if let Some(wrong) = part.wrong {
            return Err(FileError::Broken(vec![in_file(wrong, lines)]));
        }
        torn = torn.or(part.torn.map(|it| in_file(it, lines)));
        lines += part.chunk.lines();
        chunks.push(part.chunk);
    }
    Ok((Indexed::new(file, Box::new(source), chunks), torn))
}

/// What a stretch holds, of which the lines were read with their place.
fn part(file: &str, read: Result<(u64, Vec<u8>), String>, is_first: bool) -> Part {
    let mut part = Part {
        chunk: Chunk::default(),
        torn: None,
        wrong: None,
    };
    let (mut at, bytes) = match read {
        Ok(read) => read,
        Err(message) => {
            part.wrong = Some(Diagnostic {
                file: file.to_owned(),
                line: 0,
                column: 0,
                message: format!("cannot be read: {message}"),
                remedy: None,
                excerpt: None,
            });
            return part;
        }
    };
    let mut rest = bytes.split_inclusive(|byte| *byte == b'\n');
    if is_first {
        let first = rest.next().unwrap_or_default();
        if let Err(wrong) = journal::header(first, file) {
            part.wrong = Some(wrong);
            return part;
        }
        part.chunk.skip();
        at += first.len() as u64;
    }
    for text in rest {
        let number = part.chunk.lines() + 1;
        match journal::line::<Exchange>(text, number, file) {
            Ok(exchange) => part.chunk.add(&exchange, at, text),
            Err(torn) if !text.ends_with(b"\n") => part.torn = Some(journal::passed_over(torn)),
            Err(wrong) => {
                part.wrong = Some(wrong);
                return part;
            }
        }
        at += text.len() as u64;
    }
    part.chunk.close();
    part
}

/// The bytes of the lines that begin in a stretch, and where they begin.
fn lines(
    source: &dyn Source,
    from: u64,
    stretch: u64,
    length: u64,
) -> Result<(u64, Vec<u8>), String> {
    let end = length.min(from + stretch);
    // The byte before tells whether a line begins here.
    let before = from.saturating_sub(1);
    let mut bytes = Vec::new();
    extend(source, &mut bytes, before, end)?;
    let mut skipped = 0;
    if from > 0 {
        let Some(line_end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return Ok((end, Vec::new()));
        };
        skipped = line_end + 1;
    }
    let at = before + skipped as u64;
    let mut bytes = bytes.split_off(skipped);
    if at == end {
        bytes.clear();
        return Ok((at, bytes));
    }
    // The last of them ends behind the stretch.
    let mut read = end;
    while read < length && !bytes.ends_with(b"\n") {
        let was = bytes.len();
        let next = length.min(read + stretch.div_ceil(8));
        extend(source, &mut bytes, read, next)?;
        read = next;
        if let Some(line_end) = bytes[was..].iter().position(|byte| *byte == b'\n') {
            bytes.truncate(was + line_end + 1);
            break;
        }
    }
    Ok((at, bytes))
}

fn extend(source: &dyn Source, bytes: &mut Vec<u8>, from: u64, to: u64) -> Result<(), String> {
    let was = bytes.len();
    let more = usize::try_from(to.saturating_sub(from)).map_err(|error| error.to_string())?;
    bytes.resize(was + more, 0);
    source.read(from, &mut bytes[was..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, Header, VERSION};
    use crate::cassette::read;

    #[test]
    fn stretches_of_any_length_have_all_lines_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(root.join("tests/fixtures/cassettes/version-1.jsonl")).unwrap();
        for (cut_off, stretch) in (1..300).map(|it| (usize::try_from(it).unwrap() % 5, it * 7)) {
            let mut bytes = bytes.clone();
            bytes.truncate(bytes.len() - cut_off);
            let length = bytes.len() as u64;
            let (indexed, torn) = index_lines("a", bytes.clone(), length, stretch).unwrap();
            let (whole, other) = read::parse("a", &bytes).unwrap();
            assert_eq!(torn, other, "{stretch}");
            let index = indexed.index();
            assert_eq!(index.len(), whole.exchanges().len(), "{stretch}");
            for (at, exchange) in whole.exchanges().iter().enumerate() {
                assert_eq!(index.load(at).as_ref(), Ok(exchange), "{stretch}");
                assert_eq!(index.line(at), whole.line(at), "{stretch}");
            }
        }
    }

    #[test]
    fn the_first_line_that_is_none_has_its_place() {
        let directions = vec![Direction::Request];
        let version = VERSION;
        let header = Header {
            version,
            directions,
        };
        let header = serde_json::to_string(&header).unwrap();
        let one = "{\"number\":1,\"direction\":\"request\",\"at_ms\":0,\"took_ms\":1,\
            \"request\":{\"method\":\"GET\",\"target\":\"/\",\"headers\":[]}}\n";
        let text = format!("{header}\n{one}{one}{{}}\n{one}{{}}\n");
        for stretch in [10, 100, 1000] {
            let length = text.len() as u64;
            let wrong = index_lines("a", text.clone().into_bytes(), length, stretch);
            let wrong = wrong.unwrap_err().to_string();
            assert!(wrong.starts_with("a:4:"), "{wrong}");
        }
        assert!(index_bytes("a", Vec::new()).is_err());
    }
}
