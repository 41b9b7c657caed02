//! Opens a recording for a replay. A cassette stays in its file, and memory holds an index of it.

use std::path::Path;

use rayon::prelude::*;

use super::{Indexed, Read};
use crate::cassette::format::{Exchange, Form};
use crate::cassette::open;
use crate::cassette::open::Opened;
use crate::cassette::read::beside;
use crate::cassette::source::{Source, SourceError, lines};
use crate::cassette::{archive, journal};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::files::FileError;
use crate::http::message::DEEPEST;

/// Opens a recording, and returns a warning about its torn last line, where it has one. The file of
/// a cassette stays open.
pub(crate) fn open(path: &Path) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    index(&path.shown(), open::open(path)?)
}

/// Indexes a recording. `file` is its name in errors.
/// Errors: it is no recording; the first wrong line is named.
pub(crate) fn index(
    file: &str,
    opened: Opened,
) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    match opened {
        Opened::Har(bytes) => {
            let read = archive::read(file, &bytes, &beside(Path::new(file)), Form::Sent);
            let recording = read.map_err(|wrong| FileError::Broken(vec![wrong]))?;
            Ok((Indexed::of(&recording), None))
        }
        Opened::Lines { source, length } => index_lines(file, source, length, BLOCK),
    }
}

/// The bytes of a cassette that each processor reads at a time.
const BLOCK: u64 = 512 * 1024;

/// The lines that begin in one block of a cassette.
#[derive(Default)]
struct Block {
    /// Their lines are counted from the beginning of the block.
    reads: Vec<Read>,
    /// Those of the header, in the first block.
    version: u32,
    /// The number of lines.
    lines: usize,
    torn: Option<Diagnostic>,
    /// The first malformed line. The lines behind it are not read.
    wrong: Option<Diagnostic>,
}

fn index_lines(
    file: &str,
    source: Box<dyn Source>,
    length: u64,
    block_length: u64,
) -> Result<(Indexed, Option<Diagnostic>), FileError> {
    let count = length.div_ceil(block_length).max(1);
    let blocks = (0..count).into_par_iter().map(|number| {
        let from = number * block_length;
        read_block(file, lines(&*source, from, block_length, length), from == 0)
    });
    let blocks: Vec<Block> = blocks.collect();
    let mut reads = Vec::new();
    let (mut lines, mut torn, mut version) = (0, None, 0);
    let in_file = |mut it: Diagnostic, lines: usize| {
        it.line += lines;
        it
    };
    for block in blocks {
        if let Some(wrong) = block.wrong {
            return Err(FileError::Broken(vec![in_file(wrong, lines)]));
        }
        torn = torn.or(block.torn.map(|it| in_file(it, lines)));
        version = version.max(block.version);
        reads.extend(block.reads.into_iter().map(|mut it| {
            it.line.row += lines;
            it
        }));
        lines += block.lines;
    }
    Ok((Indexed::new(file, version, source, reads), torn))
}

/// Indexes the lines of a block. `read` are their bytes with their offset in the file.
fn read_block(file: &str, read: Result<(u64, Vec<u8>), SourceError>, is_first: bool) -> Block {
    let mut block = Block::default();
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
        match journal::header(first, file) {
            Ok(header) => block.version = header.version,
            Err(wrong) => {
                block.wrong = Some(wrong);
                return block;
            }
        }
        block.lines = 1;
        at += first.len() as u64;
    }
    for text in rest {
        block.lines += 1;
        if journal::is_blank(text) {
            at += text.len() as u64;
            continue;
        }
        let line = journal::line(text, block.lines, file);
        match line.and_then(|it| refuse_depth(text, block.lines, file).map(|()| it)) {
            Ok(exchange) => block.reads.push(Read::of(&exchange, text, at, block.lines)),
            Err(torn) if journal::is_torn(text) => block.torn = Some(journal::passed_over(torn)),
            Err(wrong) => {
                block.wrong = Some(wrong);
                return block;
            }
        }
        at += text.len() as u64;
    }
    block
}

/// Bodies are read when they are played. One of so many levels that it cannot be read is an error of the file.
fn refuse_depth(text: &[u8], number: usize, file: &str) -> Result<(), Diagnostic> {
    let mut open = 0_usize;
    let is_deep = memchr::memchr2_iter(b'{', b'[', text)
        .nth(DEEPEST)
        .is_some()
        && text.iter().any(|byte| {
            match byte {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            open > DEEPEST
        });
    if is_deep {
        journal::line::<Exchange>(text, number, file)?;
    }
    Ok(())
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
            let (indexed, torn) =
                index_lines("a", Box::new(bytes.clone()), length, block_length).unwrap();
            let (whole, other) = read::parse("a", &bytes, &|_| None, Form::Decoded).unwrap();
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
            let wrong = index_lines(
                "a",
                Box::new(text.clone().into_bytes()),
                length,
                block_length,
            );
            let wrong = wrong.unwrap_err().to_string();
            assert!(wrong.starts_with("a:4:"), "{wrong}");
        }
        assert!(index("a", open::open_bytes(Vec::new())).is_err());
    }
}
