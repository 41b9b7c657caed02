//! Cassettes: lines that a recorder wrote, perhaps killed in the middle of one.

use std::borrow::Cow;

use crate::cassette::format::{Exchange, Form};
use crate::cassette::har;
use crate::cassette::journal;
use crate::cassette::journal::Loaded;
use crate::cassette::open::lines_of;
use crate::cassette::read;
use crate::cassette::recording::Recording;
use crate::files::FileError;

use super::{diagnostic, recorded};

const FILE: &str = "a.jsonl";

/// What is read is written as what reads back equal. Of a cassette that was cut off in a line all
/// lines before it are kept, and it is told. An index of it has the same exchanges. The recording can
/// be judged, shown and written as HAR.
///
/// # Panics
///
/// Where one of those does not hold.
pub fn holds(bytes: &[u8]) {
    if har::is_har(bytes) {
        return;
    }
    let (loaded, read) = match (
        journal::parse(FILE, bytes, Form::Decoded),
        read::parse(FILE, bytes, &|_| None, Form::Decoded),
    ) {
        (Ok(loaded), Ok((recording, torn))) => {
            assert_eq!(loaded.torn, torn);
            (loaded, recording)
        }
        (Err(FileError::Broken(wrong)), Err(FileError::Broken(too))) => {
            assert_eq!(wrong, too);
            assert_eq!(wrong.len(), 1);
            diagnostic::is_sound(&wrong[0], FILE, bytes);
            match crate::replay::recording::file::index(
                FILE,
                crate::cassette::open::open_bytes(bytes.to_vec()),
            ) {
                Err(FileError::Broken(also)) => assert_eq!(wrong, also),
                other => panic!("{other:?}"),
            }
            return;
        }
        (one, other) => panic!("{one:?} and {other:?}"),
    };
    if let Some(torn) = &loaded.torn {
        diagnostic::is_sound(torn, FILE, bytes);
    }
    assert_eq!(read.exchanges().len(), loaded.exchanges.len());
    assert!(read.exchanges().is_sorted_by_key(|it| it.number));
    is_indexed_as_read(&loaded, &read, bytes);
    is_written_as_read(&loaded);
    if matches!(lines_of(bytes), Cow::Borrowed(_)) {
        keeps_what_is_whole(&loaded, bytes);
    }
    recorded::is_judged(&read);
    recorded::passes_through_har(&read);
}

fn is_indexed_as_read(loaded: &Loaded, read: &Recording, bytes: &[u8]) {
    let indexed = crate::replay::recording::file::index(
        FILE,
        crate::cassette::open::open_bytes(bytes.to_vec()),
    );
    let (indexed, torn) = indexed.expect("what is read is indexed");
    assert_eq!(torn, loaded.torn);
    let index = indexed.index();
    assert_eq!(index.len(), read.exchanges().len());
    for (at, exchange) in read.exchanges().iter().enumerate() {
        assert_eq!(index.load(at).as_ref(), Ok(exchange));
        assert_eq!(index.line(at), read.line(at));
    }
}

fn exchanges(loaded: &Loaded) -> Vec<&Exchange> {
    loaded
        .exchanges
        .iter()
        .map(|(_, exchange)| exchange)
        .collect()
}

fn is_written_as_read(loaded: &Loaded) {
    let mut text = serde_json::to_string(&loaded.header).expect("a header is JSON");
    for (_, exchange) in &loaded.exchanges {
        text.push('\n');
        text += &serde_json::to_string(exchange).expect("an exchange is JSON");
    }
    let again =
        journal::parse(FILE, text.as_bytes(), Form::Decoded).expect("what was written is read");
    assert_eq!(again.header, loaded.header);
    assert_eq!(exchanges(&again), exchanges(loaded));
    assert_eq!(again.torn, None);
}

/// Cuts the cassette off at the end of each line, and in its middle.
fn keeps_what_is_whole(loaded: &Loaded, bytes: &[u8]) {
    let mut end = 0;
    for (before, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let start = end;
        end += line.len();
        let Some(before) = before.checked_sub(1) else {
            continue; // Without its header it is no cassette.
        };
        let is_whole = before < loaded.exchanges.len();
        let cut_off =
            journal::parse(FILE, &bytes[..end], Form::Decoded).expect("whole lines are read");
        let whole = before + usize::from(is_whole);
        assert_eq!(cut_off.exchanges, loaded.exchanges[..whole]);
        assert_eq!(cut_off.torn.is_none(), is_whole);
        let middle = start + line.trim_ascii_end().len() / 2;
        if is_whole {
            let cut_off = journal::parse(FILE, &bytes[..middle], Form::Decoded)
                .expect("a torn line is no error");
            assert_eq!(cut_off.exchanges, loaded.exchanges[..before]);
            assert!(cut_off.torn.is_some(), "the torn line is not told");
        }
    }
}
