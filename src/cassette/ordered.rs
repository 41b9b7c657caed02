//! A recording in the order of time, a batch at a time. Memory holds the position of each line of a cassette, and one
//! batch. A HAR file, which is one JSON value, is read whole.

use std::fmt;
use std::path::Path;
use std::vec;

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::format::{Direction, Exchange, Form};
use super::open::{Opened, open};
use super::read::beside;
use super::source::{Source, SourceError, lines};
use super::{archive, journal};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::files::FileError;

/// The bytes of a cassette that each processor reads at a time.
const BLOCK: u64 = 512 * 1024;

/// The number of exchanges in a batch.
const BATCH: usize = 1024;

/// The number of exchanges that a processor reads at a time.
const SHARE: usize = 64;

/// The exchanges of a recording, by the time at which they begin, then by number.
#[derive(Debug)]
pub(crate) struct Ordered {
    file: String,
    directions: Vec<Direction>,
    exchanges: Exchanges,
}

#[derive(Debug)]
enum Exchanges {
    Whole(vec::IntoIter<Exchange>),
    Lines {
        source: Box<dyn Source>,
        lines: vec::IntoIter<Position>,
    },
}

/// The position of a line.
#[derive(Debug)]
struct Position {
    begin: Begin,
    at: u64,
    length: u32,
    /// Counted from 1.
    line: u32,
}

/// When the exchange of a line began.
#[derive(Debug, Clone, Copy)]
struct Begin {
    number: u64,
    at_ms: u64,
}

impl Begin {
    /// Reads the members of a line up to those that say when its exchange began; none where it has not got them. The rest
    /// of the line, which is most of it, is read with its batch.
    fn of(line: &[u8]) -> Option<Self> {
        let mut begin = None;
        let mut front = serde_json::Deserializer::from_slice(line);
        // An error is what is left of the line.
        let _ = front.deserialize_map(Front(&mut begin));
        begin
    }
}

struct Front<'a>(&'a mut Option<Begin>);

/// A member of an exchange.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Member {
    Number,
    AtMs,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for Front<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exchange")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut number, mut at_ms) = (None, None);
        while self.0.is_none()
            && let Some(member) = members.next_key()?
        {
            match member {
                Member::Number => number = Some(members.next_value()?),
                Member::AtMs => at_ms = Some(members.next_value()?),
                Member::Other => drop(members.next_value::<IgnoredAny>()?),
            }
            *self.0 = number
                .zip(at_ms)
                .map(|(number, at_ms)| Begin { number, at_ms });
        }
        Ok(())
    }
}

impl Ordered {
    /// Opens a recording, and returns a warning about its torn last line, where it has one.
    /// Errors: the file cannot be read, or has a line that does not say when its exchange began. The line is named.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Diagnostic>), FileError> {
        let file = path.shown();
        match open(path)? {
            Opened::Har(bytes) => {
                let read =
                    archive::read(&file, &bytes, &beside(path), Form::Decoded).map_err(broken)?;
                let directions = read.directions().to_vec();
                let mut exchanges = read.into_exchanges();
                exchanges.sort_by_key(|it| (it.at_ms, it.number));
                let ordered = Self {
                    file,
                    directions,
                    exchanges: Exchanges::Whole(exchanges.into_iter()),
                };
                Ok((ordered, None))
            }
            Opened::Lines { source, length } => Self::of_lines(file, source, length, BLOCK),
        }
    }

    fn of_lines(
        file: String,
        source: Box<dyn Source>,
        length: u64,
        block_length: u64,
    ) -> Result<(Self, Option<Diagnostic>), FileError> {
        let count = length.div_ceil(block_length).max(1);
        let blocks = (0..count).into_par_iter().map(|number| {
            let from = number * block_length;
            let read = lines(&*source, from, block_length, length);
            let (at, bytes) = read.map_err(|error| unreadable(&file, 0, &error))?;
            Block::read(&file, at, &bytes)
        });
        let blocks: Vec<Result<Block, Diagnostic>> = blocks.collect();
        let count = |block: &Result<Block, _>| block.as_ref().map_or(0, |it| it.lines.len());
        let mut all = Vec::with_capacity(blocks.iter().map(count).sum());
        let (mut directions, mut torn, mut before) = (Vec::new(), None, 0);
        let in_file = |mut it: Diagnostic, before: u32| {
            it.line += before as usize;
            it
        };
        for block in blocks {
            let block = block.map_err(|wrong| broken(in_file(wrong, before)))?;
            directions.extend(block.directions);
            torn = torn.or(block.torn.map(|it| in_file(it, before)));
            all.extend(block.lines.into_iter().map(|mut it| {
                it.line += before;
                it
            }));
            before += block.count;
        }
        all.sort_unstable_by_key(|it| (it.begin.at_ms, it.begin.number, it.at));
        let ordered = Self {
            file,
            directions,
            exchanges: Exchanges::Lines {
                source,
                lines: all.into_iter(),
            },
        };
        Ok((ordered, torn))
    }

    /// The directions that were recorded.
    pub(crate) fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// The number of exchanges that are left.
    pub(crate) fn len(&self) -> usize {
        match &self.exchanges {
            Exchanges::Whole(exchanges) => exchanges.len(),
            Exchanges::Lines { lines, .. } => lines.len(),
        }
    }

    /// The next exchanges, none at the end; each as `make` returns it, on any processor.
    /// Errors: a line is no exchange, or was changed since the file was opened.
    pub(crate) fn batch<T: Send>(
        &mut self,
        make: impl Fn(Exchange) -> T + Send + Sync,
    ) -> Result<Vec<T>, FileError> {
        match &mut self.exchanges {
            Exchanges::Whole(exchanges) => {
                let batch: Vec<Exchange> = exchanges.take(BATCH).collect();
                Ok(batch.into_par_iter().map(make).collect())
            }
            Exchanges::Lines { source, lines } => {
                let batch: Vec<Position> = lines.take(BATCH).collect();
                let (source, file) = (&**source, self.file.as_str());
                let read = batch.par_chunks(SHARE).flat_map_iter(|share| {
                    let mut text = Vec::new();
                    let read = share.iter();
                    read.map(|line| line.read(source, file, &mut text).map(&make))
                        .collect::<Vec<_>>()
                });
                let read: Result<Vec<T>, Diagnostic> = read.collect();
                read.map_err(broken)
            }
        }
    }
}

impl Position {
    fn read(
        &self,
        source: &dyn Source,
        file: &str,
        text: &mut Vec<u8>,
    ) -> Result<Exchange, Diagnostic> {
        let line = self.line as usize;
        text.resize(self.length as usize, 0);
        source
            .read(self.at, text)
            .map_err(|error| unreadable(file, line, &error))?;
        journal::line(text, line, file)
    }
}

/// The lines that begin in one part of a cassette.
#[derive(Default)]
struct Block {
    /// Numbered from the beginning of the block.
    lines: Vec<Position>,
    /// Those of the header, in the first block.
    directions: Vec<Direction>,
    torn: Option<Diagnostic>,
    /// The number of lines.
    count: u32,
}

impl Block {
    /// `bytes` are whole lines, from the byte `at` of the file on.
    fn read(file: &str, mut at: u64, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let mut block = Self::default();
        let mut rest = bytes.split_inclusive(|byte| *byte == b'\n');
        if at == 0 {
            let first = rest.next().unwrap_or_default();
            block.directions = journal::header(first, file)?.directions;
            at = first.len() as u64;
            block.count = 1;
        }
        for text in rest {
            block.count += 1;
            if journal::is_blank(text) {
                at += text.len() as u64;
                continue;
            }
            // The end of a last line without a line end may be torn off.
            let begin = Begin::of(text).filter(|_| text.ends_with(b"\n"));
            let line = block.count;
            let begin = match begin {
                Some(begin) => begin,
                None => match journal::line::<Exchange>(text, line as usize, file) {
                    Ok(exchange) => Begin {
                        number: exchange.number,
                        at_ms: exchange.at_ms,
                    },
                    Err(torn) if journal::is_torn(text) => {
                        block.torn = Some(journal::passed_over(torn));
                        break;
                    }
                    Err(wrong) => return Err(wrong),
                },
            };
            block.lines.push(Position {
                begin,
                at,
                length: u32::try_from(text.len()).unwrap_or(u32::MAX),
                line,
            });
            at += text.len() as u64;
        }
        block.lines.shrink_to_fit();
        Ok(block)
    }
}

fn broken(wrong: Diagnostic) -> FileError {
    FileError::Broken(vec![wrong])
}

fn unreadable(file: &str, line: usize, error: &SourceError) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line,
        column: 0,
        message: format!("cannot be read: {error}"),
        remedy: None,
        excerpt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::read;

    fn line(number: u64, at_ms: u64) -> String {
        format!(
            "{{\"number\":{number},\"direction\":\"request\",\"at_ms\":{at_ms},\"took_ms\":1,\
             \"request\":{{\"method\":\"GET\",\"target\":\"/\",\"headers\":[]}}}}\n"
        )
    }

    fn cassette(lines: &[String]) -> String {
        let header = "{\"version\":1,\"directions\":[\"request\"]}\n";
        header.to_owned() + &lines.concat()
    }

    fn opened(text: &str, block_length: u64) -> Result<(Ordered, Option<Diagnostic>), FileError> {
        let source = Box::new(text.as_bytes().to_vec());
        Ordered::of_lines("a".to_owned(), source, text.len() as u64, block_length)
    }

    #[test]
    fn exchanges_come_in_the_order_of_time() {
        // A cassette is in the order of ends.
        let text = cassette(&[line(3, 20), line(1, 0), line(2, 20), line(4, 10)]);
        for block_length in [1, 100, 1000] {
            let (mut ordered, torn) = opened(&text, block_length).unwrap();
            assert!(torn.is_none() && ordered.len() == 4);
            let numbers = ordered.batch(|it| it.number).unwrap();
            assert_eq!(numbers, [1, 4, 2, 3], "{block_length}");
            assert!(ordered.batch(|it| it.number).unwrap().is_empty());
        }
    }

    #[test]
    fn batches_have_every_exchange_once() {
        let count = 2 * BATCH as u64 + 3;
        let text = cassette(&(1..=count).map(|it| line(it, it)).collect::<Vec<_>>());
        let (mut ordered, _) = opened(&text, BLOCK).unwrap();
        let mut numbers = Vec::new();
        while let batch = ordered.batch(|it| it.number).unwrap()
            && !batch.is_empty()
        {
            numbers.extend(batch);
        }
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    }

    #[test]
    fn a_torn_line_is_passed_over_and_a_wrong_one_named() {
        let torn = cassette(&[line(1, 0), line(2, 0)[..40].to_owned()]);
        for block_length in [1, 100, 1000] {
            let (ordered, warning) = opened(&torn, block_length).unwrap();
            let (whole, other) =
                read::parse("a", torn.as_bytes(), &|_| None, Form::Decoded).unwrap();
            assert_eq!((ordered.len(), &warning), (whole.exchanges().len(), &other));
            assert_eq!(warning.unwrap().line, 3);
            let wrong = cassette(&[line(1, 0), "{}\n".to_owned(), line(2, 0)]);
            let wrong = opened(&wrong, block_length).unwrap_err().to_string();
            assert!(wrong.starts_with("a:3:"), "{wrong}");
        }
        // JSON, and no exchange.
        let other = line(1, 0).replace("GET\"", "GET\",\"more\":1");
        let (mut ordered, _) = opened(&cassette(&[other]), BLOCK).unwrap();
        let wrong = ordered.batch(|it| it.number).unwrap_err().to_string();
        assert!(
            wrong.starts_with("a:2:") && wrong.contains("more"),
            "{wrong}"
        );
    }
}
