//! The journal: a cassette on disk, to which each exchange is added when it ends.
//!
//! Only redacted exchanges are written. A settled line is with the operating system, so it is there even if the process
//! is killed afterwards. If the file is removed, replaced or shortened meanwhile, the recording fails. If the file was
//! cut off, its last line is torn; reading reports that line and skips it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde::de::IgnoredAny;

use rayon::prelude::*;

use super::exclusive;
use super::format::{CORRECT_THE_LINE, Direction, Exchange, Form, Header, VERSION};
use super::open::lines_of;
use super::raw::RawExchange;
use super::source::BYTE_ORDER_MARK;
use crate::diagnostic::json::reason_of;
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::place::Place;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::files;
use crate::files::FileError;
use crate::redact::{Line, Redacted};

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file exists, and `--append` is not given.
    #[error("{}: already exists", .0.shown())]
    Exists(PathBuf),
    /// A device, a pipe, a socket.
    #[error("{}: not a regular file", .0.shown())]
    NotRegular(PathBuf),
    #[error("{}: another recorder is writing to it", .0.shown())]
    InUse(PathBuf),
    /// What was recorded is not there any more.
    #[error("{}: {what} during the recording", path.shown())]
    Lost { path: PathBuf, what: &'static str },
    #[error(transparent)]
    Store(#[from] FileError),
}

impl Remedy for JournalError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Exists(_) => Some(
                "choose another name, or continue the recording with `confcall record --append`"
                    .into(),
            ),
            Self::NotRegular(_) => Some("give the name of a cassette".into()),
            Self::InUse(_) => Some("stop that recorder, or choose another name".into()),
            Self::Lost { .. } => {
                Some("do not change the file while it is being recorded, and record again".into())
            }
            Self::Store(error) => error.remedy(),
        }
    }
}

/// A cassette that is being recorded. The file is locked for one recorder.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// Of the file that was opened.
    identity: exclusive::Identity,
    out: Mutex<Out>,
    last: Arc<AtomicU64>,
}

/// The file and its queued lines.
#[derive(Debug)]
struct Out {
    file: File,
    /// The bytes of the file that are the recorder's.
    length: u64,
    lines: Vec<u8>,
    /// The number of lines that were queued, and that were written to the operating system.
    queued: u64,
    written: u64,
    /// A write failed, so that the last line may be incomplete: nothing more is written.
    failure: Option<ErrorKind>,
}

/// The bytes of the buffer that are kept between writes.
const ROOM: usize = 256 * 1024;

/// A queued line, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queued(u64);

/// The highest number of an exchange that can be appended to.
const LAST: u64 = u64::MAX / 2;

impl Out {
    fn push(&mut self, line: &[u8]) -> Queued {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        self.queued += 1;
        Queued(self.queued)
    }

    /// Writes all queued lines.
    fn flush(&mut self) -> io::Result<()> {
        let written = match self.failure {
            Some(kind) => Err(kind.into()),
            None => self.file.write_all(&self.lines),
        };
        self.length += self.lines.len() as u64;
        self.lines.clear();
        // Long bodies that ended together are no reason to keep their room.
        self.lines.shrink_to(ROOM);
        match &written {
            Ok(()) => self.written = self.queued,
            Err(error) => self.failure = Some(error.kind()),
        }
        written
    }
}

impl Journal {
    /// Creates a cassette.
    /// Errors: the file exists, or the place is not writable.
    pub(crate) fn create(path: &Path, directions: &[Direction]) -> Result<Self, JournalError> {
        Self::of(path, exclusive::create(path))?.begun(directions)
    }

    fn begun(self, directions: &[Direction]) -> Result<Self, JournalError> {
        let header = serde_json::to_vec(&Header {
            version: VERSION,
            directions: directions.to_vec(),
        });
        let header = header.map_err(|error| unwritable(&self.path, error.into()))?;
        let queued = self.out().push(&header);
        self.settle(queued)?;
        Ok(self)
    }

    /// Opens a cassette to append to it. Numbers continue; a torn last line is removed and
    /// returned. An empty file, of a recorder that was killed at its start, gets its header.
    /// Errors: the file is no cassette, records other directions, or is locked by another recorder.
    pub(crate) fn append(
        path: &Path,
        directions: &[Direction],
    ) -> Result<(Self, Option<Diagnostic>), JournalError> {
        // A pipe cannot be read again, and reading it would wait for a writer.
        if std::fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
            return Err(JournalError::NotRegular(path.to_owned()));
        }
        let journal = Self::of(path, exclusive::open(path))?;
        if std::fs::metadata(path).is_ok_and(|it| it.len() == 0) {
            return Ok((journal.begun(directions)?, None));
        }
        let loaded = load(path)?;
        let place = Place { line: 1, column: 0 };
        let refused = |message: &str, remedy: &str| {
            let mut wrong = place.diagnostic(&path.shown(), "", message);
            wrong.remedy = Some(remedy.to_owned());
            Err(FileError::Broken(vec![wrong]).into())
        };
        if loaded.header.version != VERSION {
            let message = "the cassette has an older format version, which cannot be appended to";
            return refused(message, "choose another name");
        }
        if loaded.header.directions != directions {
            let message = "the cassette records other directions than this recorder";
            return refused(
                message,
                "use the same `--bot` as the first recorder, or choose another name",
            );
        }
        let last = loaded.exchanges.iter().map(|(_, it)| it.number).max();
        let last = last.unwrap_or(0);
        if last > LAST {
            let message = format!("no exchange number is left after {last}");
            return refused(&message, "renumber the exchanges, or choose another name");
        }
        {
            let mut out = journal.out();
            exclusive::shorten(&mut out.file, loaded.whole)
                .map_err(|source| unwritable(path, source))?;
            out.length = loaded.whole;
            if !loaded.is_ended {
                out.file
                    .write_all(b"\n")
                    .map_err(|source| unwritable(path, source))?;
                out.length += 1;
            }
        }
        journal.last.store(last, Ordering::Relaxed);
        Ok((journal, loaded.torn))
    }

    fn of(path: &Path, file: io::Result<File>) -> Result<Self, JournalError> {
        let identified = file.and_then(|file| Ok((exclusive::identity(&file)?, file)));
        let (identity, file) = identified.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => JournalError::Exists(path.to_owned()),
            ErrorKind::WouldBlock => JournalError::InUse(path.to_owned()),
            _ => unwritable(path, source),
        })?;
        Ok(Self {
            path: path.to_owned(),
            identity,
            out: Mutex::new(Out {
                file,
                length: 0,
                lines: Vec::new(),
                queued: 0,
                written: 0,
                failure: None,
            }),
            last: Arc::default(),
        })
    }

    /// The number of the last exchange, as it grows.
    pub(crate) fn last(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.last)
    }

    /// The number of the next exchange.
    pub(crate) fn number(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Queues the line of an exchange. [`settle`](Self::settle) writes it together with others.
    pub(crate) fn queue(&self, line: &Redacted<Line>) -> Queued {
        self.out().push(line.get().as_bytes())
    }

    /// Writes the line, and all others that are queued, to the operating system.
    /// Errors: the disk takes no more, and nothing is written after that; or the file is lost.
    pub(crate) fn settle(&self, queued: Queued) -> Result<(), JournalError> {
        let mut out = self.out();
        let before = out.written;
        if before >= queued.0 {
            return Ok(());
        }
        let settled = out.flush();
        settled.map_err(|source| unwritable(&self.path, source))?;
        // Once for all lines that were written together: none of them is there if the file is lost.
        let compared = self.compare(&out);
        if compared.is_err() {
            out.written = before;
        }
        compared
    }

    /// An error if the file is lost: the path leads to none, to another one, or to less than was written.
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        self.compare(&self.out())
    }

    fn compare(&self, out: &Out) -> Result<(), JournalError> {
        let what = match exclusive::there(&self.path) {
            Ok((identity, _)) if identity != self.identity => "was replaced",
            Ok((_, there)) if there.is_file() && there.len() < out.length => "was shortened",
            Ok(_) => return Ok(()),
            Err(source) if source.kind() == ErrorKind::NotFound => "was removed",
            Err(source) => return Err(unwritable(&self.path, source)),
        };
        let path = self.path.clone();
        Err(JournalError::Lost { path, what })
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unwritable(path: &Path, source: io::Error) -> JournalError {
    let path = path.to_owned();
    FileError::Unwritable { path, source }.into()
}

#[derive(Debug)]
pub(crate) struct Loaded {
    pub header: Header,
    /// In the order of the file, which is that of their ends; each with its line, counted from 1.
    pub exchanges: Vec<(usize, Exchange)>,
    /// The last line, if it is incomplete.
    pub torn: Option<Diagnostic>,
    /// The bytes before the torn line.
    whole: u64,
    /// True if the last whole line has a line end.
    is_ended: bool,
}

pub(crate) fn load(path: &Path) -> Result<Loaded, FileError> {
    parse(&path.shown(), &files::read(path)?, Form::Decoded)
}

/// `file` is the name of the file in errors.
pub(crate) fn parse(file: &str, bytes: &[u8], form: Form) -> Result<Loaded, FileError> {
    let length = bytes.len() as u64;
    let is_ended = bytes.ends_with(b"\n");
    let bytes = lines_of(bytes);
    let mut lines = (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n'));
    let (_, first) = lines.next().unwrap_or_default();
    let lines: Vec<(usize, &[u8])> = lines.filter(|(_, text)| !is_blank(text)).collect();
    let read = lines.par_iter();
    let exchange = |(at, text): &(usize, &[u8])| match form {
        Form::Decoded => line(text, *at, file),
        Form::Sent | Form::Written => line::<RawExchange<'_>>(text, *at, file).map(Exchange::from),
    };
    let read: Vec<_> = read.map(exchange).collect();
    let mut loaded = Loaded {
        header: header(first, file).map_err(broken)?,
        exchanges: Vec::new(),
        torn: None,
        whole: length,
        is_ended,
    };
    for ((at, text), read) in lines.into_iter().zip(read) {
        match read {
            Ok(exchange) => loaded.exchanges.push((at, exchange)),
            Err(torn) if is_torn(text) => {
                loaded.whole -= text.len() as u64;
                loaded.is_ended = true;
                loaded.torn = Some(passed_over(torn));
            }
            Err(wrong) => return Err(broken(wrong)),
        }
    }
    Ok(loaded)
}

/// True for a line without a value.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// True if a line that cannot be read is the last one, and was cut off. A value that a person has put on several lines
/// may lack its end for another reason, and what follows it would be lost.
pub(crate) fn is_torn(line: &[u8]) -> bool {
    let is_cut_off = || {
        let read = serde_json::from_slice::<IgnoredAny>(line);
        read.is_err_and(|error| error.is_eof())
    };
    !line.ends_with(b"\n") && (!line.trim_ascii().contains(&b'\r') || is_cut_off())
}

pub(crate) fn header(first: &[u8], file: &str) -> Result<Header, Diagnostic> {
    // Some editors put a byte order mark before it.
    let first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
    let header: Header = line(first, 1, file).map_err(|wrong| no_header(first, wrong))?;
    if header.version == 0 || header.version > VERSION {
        let message = format!("format version {} is unknown", header.version);
        let mut wrong = Place { line: 1, column: 0 }.diagnostic(file, "", message);
        wrong.remedy = Some(format!("this confcall reads versions up to {VERSION}"));
        return Err(wrong);
    }
    Ok(header)
}

/// Adds the remedy for a file that does not begin with a header.
fn no_header(first: &[u8], mut wrong: Diagnostic) -> Diagnostic {
    let remedy = if first.trim_ascii().is_empty() {
        wrong.column = 0;
        "the file is empty".clone_into(&mut wrong.message);
        "record something first (`confcall record`), or choose another file"
    } else if first.starts_with(&GZIP) {
        "the file is compressed".clone_into(&mut wrong.message);
        "decompress it first (`gunzip`)"
    } else {
        "choose a cassette, which `confcall record` writes, or a HAR file"
    };
    wrong.remedy = Some(remedy.to_owned());
    wrong
}

/// The beginning of a gzip file (RFC 1952 section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(crate) fn passed_over(mut torn: Diagnostic) -> Diagnostic {
    torn.message = format!("the last line is incomplete: {}", torn.message);
    torn.remedy = Some("it is skipped; the lines before it are complete".into());
    torn
}

fn broken(wrong: Diagnostic) -> FileError {
    FileError::Broken(vec![wrong])
}

/// Parses a line, its number counted from 1. A value that was on several lines has carriage returns between them.
pub(crate) fn line<'a, T: Deserialize<'a>>(
    line: &'a [u8],
    number: usize,
    file: &str,
) -> Result<T, Diagnostic> {
    let wrong = |(line, column), message: String| Diagnostic {
        file: file.to_owned(),
        line,
        column,
        message,
        remedy: Some(CORRECT_THE_LINE.to_owned()),
        excerpt: None,
    };
    let text = std::str::from_utf8(line.trim_ascii_end());
    let text = text.map_err(|error| wrong((number, 0), error.to_string()))?;
    let start = text.len() - text.trim_ascii_start().len();
    if !text[start..].starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        let place = Place::of_bytes(text, 1, start + 1);
        return Err(wrong(
            (number, place.column),
            "this is not a JSON object".to_owned(),
        ));
    }
    serde_json::from_str(text).map_err(|error| {
        let before = &text.as_bytes()[..error.column().saturating_sub(1).min(text.len())];
        let ends = memchr::memchr_iter(b'\r', before).count();
        let start = memchr::memrchr(b'\r', before).map_or(0, |at| at + 1);
        let place = Place::of_bytes(&text[start..], 1, before.len() - start + 1);
        wrong((number + ends, place.column), reason_of(&error))
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::cassette::format::Wire;
    use crate::redact::{Redactor, UnredactedBody, UnredactedExchange, UnredactedMessage};

    const HEADER: &str = "{\"version\":2,\"directions\":[\"request\"]}\n";
    const ONE: &str = "{\"number\":4,\"direction\":\"request\",\"at_ms\":0,\"took_ms\":1,\
        \"request\":{\"method\":\"GET\",\"target\":\"/\",\"headers\":[]}}\n";

    /// The line of [`ONE`], without its end.
    fn one() -> Redacted<Line> {
        let exchange = UnredactedExchange {
            number: 4,
            direction: Direction::Request,
            cause: None,
            at_ms: 0,
            took_ms: 1,
            method: "GET",
            target: "/",
            request: UnredactedMessage {
                headers: Vec::new(),
                body: UnredactedBody::Bytes(Cow::default()),
                wire: Wire::default(),
            },
            response: None,
            broke: None,
        };
        Redactor::new([7; 32]).line(&exchange)
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    /// A cassette of every version is read, and means the same.
    #[test]
    fn the_sample_of_each_version_is_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = root.join("tests/fixtures/cassettes/version-1.jsonl");
        let loaded = load(&path).unwrap();
        let mut lines = vec![serde_json::to_string(&loaded.header).unwrap()];
        let exchanges = loaded.exchanges.iter();
        lines.extend(exchanges.map(|(_, it)| serde_json::to_string(it).unwrap()));
        let sample = std::fs::read_to_string(&path).unwrap();
        assert_eq!(lines, sample.lines().collect::<Vec<_>>());
        assert!(loaded.torn.is_none());
    }

    #[test]
    fn a_cassette_belongs_to_one_recorder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let directions = [Direction::Request];
        let first = Journal::create(&path, &directions).unwrap();
        let error = |result: Result<_, JournalError>| result.err().unwrap();
        assert!(matches!(
            error(Journal::create(&path, &directions)),
            JournalError::Exists(_)
        ));
        let second = Journal::append(&path, &directions).map(|(journal, _)| journal);
        assert!(matches!(error(second), JournalError::InUse(_)));
        drop(first);
        assert!(Journal::append(&path, &directions).is_ok());
        assert!(Journal::append(&path, &[]).is_err());
    }

    #[test]
    fn a_torn_line_is_passed_over_and_taken_away() {
        let (_folder, path) = file(&format!("{HEADER}{ONE}{}", &ONE[..30]));
        let loaded = load(&path).unwrap();
        assert_eq!(loaded.exchanges.len(), 1);
        let torn = loaded.torn.unwrap();
        assert_eq!(torn.line, 3);
        assert!(torn.message.contains("incomplete"), "{torn}");
        let (journal, torn) = Journal::append(&path, &[Direction::Request]).unwrap();
        assert!(torn.is_some());
        assert_eq!(journal.number(), 5);
        assert!(load(&path).unwrap().torn.is_none());
    }

    #[test]
    fn exhausted_numbers_are_reported_before_anything_is_recorded() {
        let last = ONE.replace("\"number\":4", &format!("\"number\":{}", u64::MAX));
        let (_folder, path) = file(&format!("{HEADER}{last}"));
        let wrong = Journal::append(&path, &[Direction::Request]).unwrap_err();
        assert!(
            wrong.to_string().contains("no exchange number is left"),
            "{wrong}"
        );
    }

    #[test]
    fn a_byte_order_mark_before_the_header_is_passed_over() {
        let (_folder, path) = file(&format!("\u{feff}{HEADER}{ONE}"));
        assert_eq!(load(&path).unwrap().exchanges.len(), 1);
        let (journal, _) = Journal::append(&path, &[Direction::Request]).unwrap();
        assert_eq!(journal.number(), 5);
    }

    #[test]
    fn lines_that_wait_together_are_written_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let journal = Journal::create(&path, &[Direction::Request]).unwrap();
        let [first, second] = [(), ()].map(|()| journal.queue(&one()));
        let text = || std::fs::read_to_string(&path).unwrap();
        assert_eq!(text(), HEADER);
        journal.settle(second).unwrap();
        assert_eq!(text(), [HEADER, ONE, ONE].concat());
        journal.settle(first).unwrap();
        assert_eq!(text(), [HEADER, ONE, ONE].concat());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_follows_what_could_not_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let journal = Journal::create(&path, &[Direction::Request]).unwrap();
        let written = std::mem::replace(
            &mut journal.out().file,
            std::fs::OpenOptions::new()
                .append(true)
                .open("/dev/full")
                .unwrap(),
        );
        let settle = || journal.settle(journal.queue(&one()));
        assert!(settle().is_err());
        // Room on the disk again: behind half a line a whole one would be lost.
        journal.out().file = written;
        assert!(settle().is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), HEADER);
    }

    #[test]
    fn an_empty_file_is_begun() {
        let (_folder, path) = file("");
        let (journal, torn) = Journal::append(&path, &[Direction::Request]).unwrap();
        assert!(torn.is_none() && journal.number() == 1);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), HEADER);
    }

    #[test]
    fn another_broken_line_is_an_error_with_its_place() {
        let (_folder, path) = file(&format!("{HEADER}{{\"number\":}}\n{ONE}"));
        let error = load(&path).unwrap_err().to_string();
        assert!(error.contains("a.jsonl:2:11: expected value"), "{error}");
        let (_folder, path) = file("{\"version\":9,\"directions\":[]}\n");
        assert!(load(&path).unwrap_err().to_string().contains("version 9"));
        let (_folder, path) = file("");
        assert!(load(&path).is_err());
    }
}
