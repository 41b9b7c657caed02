//! Opens a recording for a replay. A cassette stays in its file, and memory holds an index of it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rayon::prelude::*;

use super::Indexed;
use super::chunk::Chunk;
use super::source::{Source, SourceError};
use crate::cassette::format::Exchange;
use crate::cassette::{har, journal};
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::files::FileError;

/// Opens a recording, and returns a warning about its torn last line, where it has one. The file of
/// a cassette stays open.
pub(crate) fn open(path: &Path) -> Result<(Indexed, Option<Diagnostic>), FileError> {
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
        // A pipe can be opened only once: its writer may be gone by now.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        return open_bytes(&name, bytes);
    }
    let length = about.len();
    let mut front = vec![0; usize::try_from(length.min(FRONT)).unwrap_or(0)];
    read_at(&file, 0, &mut front).map_err(unreadable)?;
    if har::is_har(&front) {
        return open_bytes(&name, files::read(path)?);
    }
    index_lines(&name, OpenFile(file), length, BLOCK)
}

/// Opens a recording in memory. `file` is its name in errors.
pub(crate) fn open_bytes(
    file: &str,
    bytes: Vec<u8>,
) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    if har::is_har(&bytes) {
        let recording = har::read(file, &bytes).map_err(|wrong| FileError::Broken(vec![wrong]))?;
        return Ok((Indexed::of(&recording), None));
    }
    let length = bytes.len() as u64;
    index_lines(file, bytes, length, BLOCK)
}

/// The bytes in which a HAR file is distinguished from a cassette.
const FRONT: u64 = 4096;

/// The bytes of a cassette that each processor reads at a time.
const BLOCK: u64 = 512 * 1024;

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

/// The lines that begin in one block of a cassette.
struct Block {
    chunk: Chunk,
    torn: Option<Diagnostic>,
    /// The first malformed line. The lines behind it are not read.
    wrong: Option<Diagnostic>,
}

fn index_lines(
    file: &str,
    source: impl Source + 'static,
    length: u64,
    block_length: u64,
) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    let count = length.div_ceil(block_length).max(1);
    let blocks = (0..count).into_par_iter().map(|number| {
        let from = number * block_length;
        read_block(file, lines(&source, from, block_length, length), from == 0)
    });
    let blocks: Vec<Block> = blocks.collect();
    let mut chunks = Vec::with_capacity(blocks.len());
    let (mut lines, mut torn) = (0, None);
    let in_file = |mut it: Diagnostic, lines: usize| {
        it.line += lines;
        it
    };
    for block in blocks {
        if let Some(wrong) = block.wrong {
            return Err(FileError::Broken(vec![in_file(wrong, lines)]));
        }
        torn = torn.or(block.torn.map(|it| in_file(it, lines)));
        lines += block.chunk.lines();
        chunks.push(block.chunk);
    }
    Ok((Indexed::new(file, Box::new(source), chunks), torn))
}

/// Indexes the lines of a block. `read` are their bytes with their offset in the file.
fn read_block(file: &str, read: Result<(u64, Vec<u8>), SourceError>, is_first: bool) -> Block {
    let mut block = Block {
        chunk: Chunk::default(),
        torn: None,
        wrong: None,
    };
    let (mut at, bytes) = match read {
        Ok(read) => read,
        Err(error) => {
            block.wrong = Some(Diagnostic {
                file: file.to_owned(),
                line: 0,
                column: 0,
                message: format!("cannot be read: {error}"),
                remedy: None,
                excerpt: None,
            });
            return block;
        }
    };
    let mut rest = bytes.split_inclusive(|byte| *byte == b'\n');
    if is_first {
        let first = rest.next().unwrap_or_default();
        if let Err(wrong) = journal::header(first, file) {
            block.wrong = Some(wrong);
            return block;
        }
        block.chunk.skip();
        at += first.len() as u64;
    }
    for text in rest {
        let number = block.chunk.lines() + 1;
        match journal::line::<Exchange>(text, number, file) {
            Ok(exchange) => block.chunk.add(&exchange, at, text),
            Err(torn) if !text.ends_with(b"\n") => block.torn = Some(journal::passed_over(torn)),
            Err(wrong) => {
                block.wrong = Some(wrong);
                return block;
            }
        }
        at += text.len() as u64;
    }
    block.chunk.shrink();
    block
}

/// The bytes of the lines that begin in a block, and their offset.
fn lines(
    source: &dyn Source,
    from: u64,
    block_length: u64,
    length: u64,
) -> Result<(u64, Vec<u8>), SourceError> {
    let end = length.min(from + block_length);
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
    // The last of them ends behind the block.
    let mut read = end;
    while read < length && !bytes.ends_with(b"\n") {
        let was = bytes.len();
        let next = length.min(read + block_length.div_ceil(8));
        extend(source, &mut bytes, read, next)?;
        read = next;
        if let Some(line_end) = bytes[was..].iter().position(|byte| *byte == b'\n') {
            bytes.truncate(was + line_end + 1);
            break;
        }
    }
    Ok((at, bytes))
}

fn extend(source: &dyn Source, bytes: &mut Vec<u8>, from: u64, to: u64) -> Result<(), SourceError> {
    let was = bytes.len();
    let more = usize::try_from(to.saturating_sub(from))
        .map_err(|error| SourceError::Unreadable(error.into()))?;
    bytes.resize(was + more, 0);
    source.read(from, &mut bytes[was..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, Header, VERSION};
    use crate::cassette::read;

    #[test]
    fn blocks_of_any_length_have_all_lines_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(root.join("tests/fixtures/cassettes/version-1.jsonl")).unwrap();
        for (cut_off, block_length) in (1..300).map(|it| (usize::try_from(it).unwrap() % 5, it * 7))
        {
            let mut bytes = bytes.clone();
            bytes.truncate(bytes.len() - cut_off);
            let length = bytes.len() as u64;
            let (indexed, torn) = index_lines("a", bytes.clone(), length, block_length).unwrap();
            let (whole, other) = read::parse("a", &bytes).unwrap();
            assert_eq!(torn, other, "{block_length}");
            let index = indexed.index();
            assert_eq!(index.len(), whole.exchanges().len(), "{block_length}");
            for (at, exchange) in whole.exchanges().iter().enumerate() {
                assert_eq!(index.load(at).as_ref(), Ok(exchange), "{block_length}");
                assert_eq!(index.line(at), whole.line(at), "{block_length}");
            }
        }
    }

    #[test]
    fn the_first_wrong_line_is_named() {
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
        for block_length in [10, 100, 1000] {
            let length = text.len() as u64;
            let wrong = index_lines("a", text.clone().into_bytes(), length, block_length);
            let wrong = wrong.unwrap_err().to_string();
            assert!(wrong.starts_with("a:4:"), "{wrong}");
        }
        assert!(open_bytes("a", Vec::new()).is_err());
    }
}
