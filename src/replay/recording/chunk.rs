//! Lines of a cassette as they are read for an [index](super::Index), on any processor, and put into
//! the order of the recording.

use super::{brief, sum};
use crate::cassette::format::{Direction, Exchange};
use crate::http::message::Body;
use crate::judge::recording::grouping;
use crate::replay::matching::fingerprint::{Fingerprint, Numbers};
use crate::replay::values;
use crate::replay::values::Key;

/// Lines of a cassette that follow each other.
#[derive(Debug, Default)]
pub struct Chunk {
    entries: Vec<Entry>,
    /// Of each entry in turn the calls that it is about.
    calls: Vec<Key>,
    /// The identifiers of the message that asks.
    asked: Vec<Key>,
    /// Those that the answer has beside them.
    answered: Vec<Key>,
    lines: usize,
}

/// What is taken of one exchange.
#[derive(Debug)]
pub(in crate::replay) struct Entry {
    pub(in crate::replay) number: u64,
    /// The number of the exchange that brought it about, where that is told.
    pub(in crate::replay) cause: Option<u64>,
    /// Where the line stands, in bytes.
    pub(in crate::replay) at: u64,
    pub(in crate::replay) length: u32,
    pub(in crate::replay) sum: u32,
    /// Which line it is.
    pub(in crate::replay) line: u32,
    pub(in crate::replay) direction: Direction,
    pub(in crate::replay) numbers: Option<Numbers>,
    ends: Ends,
}

/// Where the keys of an entry end; they begin where those of the one before end.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    calls: u32,
    asked: u32,
    answered: u32,
}

impl Chunk {
    /// Passes a line over that is no exchange.
    pub const fn skip(&mut self) {
        self.lines += 1;
    }

    /// Adds the exchange of the next line, which stands at this place.
    pub fn add(&mut self, exchange: &Exchange, at: u64, line: &[u8]) {
        self.calls.extend(keys_of(&grouping::calls(exchange)));
        let mut messages = Vec::with_capacity(2);
        values::visit_messages(exchange, |_, values| messages.push(keys_of(&values.ids)));
        let mut messages = messages.into_iter();
        let asked = messages.next().unwrap_or_default();
        let answered = messages.next().unwrap_or_default().into_iter();
        self.answered
            .extend(answered.filter(|key| !asked.contains(key)));
        self.asked.extend(asked);
        self.entries.push(Entry {
            number: exchange.number,
            cause: exchange.cause.as_ref().map(|it| it.exchange),
            at,
            length: brief(line.len()),
            sum: sum(line),
            line: brief(self.lines),
            direction: exchange.direction,
            numbers: numbers(exchange),
            ends: Ends {
                calls: brief(self.calls.len()),
                asked: brief(self.asked.len()),
                answered: brief(self.answered.len()),
            },
        });
        self.lines += 1;
    }

    /// Nothing more is added.
    pub fn close(&mut self) {
        self.entries.shrink_to_fit();
        for keys in [&mut self.calls, &mut self.asked, &mut self.answered] {
            keys.shrink_to_fit();
        }
    }

    /// How many lines it has.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Tells of each exchange in turn which line it is.
    pub(in crate::replay) fn number_lines(&mut self, line_of: impl Fn(usize) -> usize) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.line = brief(line_of(index));
        }
    }

    /// An exchange with what is still kept of its keys.
    fn taken(&self, index: usize) -> Taken<'_> {
        let before = index.checked_sub(1).map(|before| self.entries[before].ends);
        let (entry, from) = (&self.entries[index], before.unwrap_or_default());
        Taken {
            entry,
            calls: part(&self.calls, from.calls, entry.ends.calls),
            asked: part(&self.asked, from.asked, entry.ends.asked),
            answered: part(&self.answered, from.answered, entry.ends.answered),
        }
    }
}

/// Some of the keys, or none where they are not kept any more.
fn part(keys: &[Key], from: u32, to: u32) -> &[Key] {
    keys.get(from as usize..to as usize).unwrap_or_default()
}

/// The keys of identifiers, each once.
fn keys_of(ids: &[String]) -> Vec<Key> {
    let mut keys: Vec<Key> = ids.iter().map(|it| Key::of(it)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Entry {
    /// Where the line ends.
    pub(in crate::replay) fn end(&self) -> u64 {
        self.at + u64::from(self.length)
    }
}

fn numbers(exchange: &Exchange) -> Option<Numbers> {
    let request = &exchange.request;
    let is_asked = exchange.direction == Direction::Request;
    is_asked.then(|| {
        let body = Body::from(request.body.clone());
        Fingerprint::of(&request.method, &request.target, &body).numbers
    })
}

/// The exchanges of all shares, in the order of their numbers.
#[derive(Debug)]
pub(in crate::replay) struct Entries {
    chunks: Vec<Chunk>,
    /// Of each exchange its share, and which one it is in there.
    order: Vec<(u32, u32)>,
}

/// An exchange with its keys.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) struct Taken<'a> {
    pub(in crate::replay) entry: &'a Entry,
    /// The calls that it is about.
    pub(in crate::replay) calls: &'a [Key],
    /// The identifiers of the message that asks.
    pub(in crate::replay) asked: &'a [Key],
    /// Those that the answer has beside them.
    pub(in crate::replay) answered: &'a [Key],
}

impl Entries {
    /// Puts shares together that have all lines of a cassette in turn.
    pub(in crate::replay) fn of(mut chunks: Vec<Chunk>) -> Self {
        let count = chunks.iter().map(|it| it.entries.len()).sum();
        let mut order = Vec::with_capacity(count);
        let mut lines = 0;
        for (number, chunk) in (0..).zip(&mut chunks) {
            for (index, entry) in (0..).zip(&mut chunk.entries) {
                entry.line += lines + 1;
                order.push((number, index));
            }
            lines += brief(chunk.lines);
        }
        order.sort_by_key(|(chunk, index)| entry(&chunks, *chunk, *index).number);
        Self { chunks, order }
    }

    pub(in crate::replay) fn get(&self, index: usize) -> &Entry {
        let (chunk, index) = self.order[index];
        entry(&self.chunks, chunk, index)
    }

    pub(in crate::replay) fn iter(&self) -> impl Iterator<Item = &Entry> + Clone {
        let of = |(chunk, index): &(u32, u32)| entry(&self.chunks, *chunk, *index);
        self.order.iter().map(of)
    }

    /// All of them with their keys.
    pub(in crate::replay) fn taken(&self) -> impl Iterator<Item = Taken<'_>> {
        let of = |(chunk, index): &(u32, u32)| self.chunks[*chunk as usize].taken(*index as usize);
        self.order.iter().map(of)
    }

    /// From now on only the identifiers of the messages that ask are needed.
    pub(in crate::replay) fn forget_others(&mut self) {
        for chunk in &mut self.chunks {
            chunk.calls = Vec::new();
            chunk.answered = Vec::new();
        }
    }
}

fn entry(chunks: &[Chunk], chunk: u32, index: u32) -> &Entry {
    &chunks[chunk as usize].entries[index as usize]
}
