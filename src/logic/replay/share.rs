//! Lines of a cassette as they are read for an [index](super::index), on any processor, and put into
//! the order of the recording.

use super::index::{brief, sum};
use super::key::Key;
use super::marks::{Body, Numbers, Print};
use super::origins;
use crate::logic::recording::grouping;
use crate::model::cassette::{Content, Direction, Exchange};

/// Lines of a cassette that follow each other.
#[derive(Debug, Default)]
pub struct Share {
    entries: Vec<Entry>,
    /// For each entry in turn: the calls that it is about, the identifiers of the message that
    /// asks, and those of the answer.
    keys: Vec<Key>,
    lines: usize,
}

/// What is taken of one exchange.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    /// The number of the exchange that brought it about, where that is told.
    pub(super) cause: Option<u64>,
    /// Where the line stands, in bytes.
    pub(super) at: u64,
    pub(super) length: u32,
    pub(super) sum: u32,
    /// Which line it is.
    pub(super) line: u32,
    pub(super) direction: Direction,
    pub(super) numbers: Option<Numbers>,
    /// Where its keys begin, and how many there are of each kind.
    keys: u32,
    calls: u32,
    asked: u32,
    answered: u32,
}

impl Share {
    /// Passes a line over that is no exchange.
    pub const fn skip(&mut self) {
        self.lines += 1;
    }

    /// Adds the exchange of the next line, which stands at this place.
    pub fn add(&mut self, exchange: &Exchange, at: u64, line: &[u8]) {
        let keys = brief(self.keys.len());
        let calls = self.keep(&grouping::calls(exchange));
        let mut ids = [0, 0];
        let mut messages = ids.iter_mut();
        origins::each(exchange, |_, values| {
            if let Some(count) = messages.next() {
                *count = self.keep(&values.ids);
            }
        });
        let [asked, answered] = ids;
        self.entries.push(Entry {
            number: exchange.number,
            cause: exchange.cause.as_ref().map(|it| it.exchange),
            at,
            length: brief(line.len()),
            sum: sum(line),
            line: brief(self.lines),
            direction: exchange.direction,
            numbers: numbers(exchange),
            keys,
            calls,
            asked,
            answered,
        });
        self.lines += 1;
    }

    /// Nothing more is added.
    pub fn close(&mut self) {
        self.entries.shrink_to_fit();
        self.keys.shrink_to_fit();
    }

    /// How many lines it has.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Tells of each exchange in turn which line it is.
    pub(super) fn number_lines(&mut self, line_of: impl Fn(usize) -> usize) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.line = brief(line_of(index));
        }
    }

    /// Keeps the keys of identifiers, each once. Returns how many there are.
    fn keep(&mut self, ids: &[String]) -> u32 {
        let mut keys: Vec<Key> = ids.iter().map(|it| Key::of(it)).collect();
        keys.sort_unstable();
        keys.dedup();
        self.keys.extend(&keys);
        brief(keys.len())
    }
}

impl Entry {
    /// Where the line ends.
    pub(super) fn end(&self) -> u64 {
        self.at + u64::from(self.length)
    }
}

fn numbers(exchange: &Exchange) -> Option<Numbers> {
    let request = &exchange.request;
    let body = match &request.body {
        Content::Empty => Body::Empty,
        Content::Json(value) => Body::Json(value),
        Content::Text(_) | Content::Base64(_) | Content::Omitted { .. } => Body::Other,
    };
    let is_asked = exchange.direction == Direction::Request;
    is_asked.then(|| Print::of(&request.method, &request.target, body).numbers)
}

/// The exchanges of all shares, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Entries {
    shares: Vec<Share>,
    /// Of each exchange its share, and which one it is in there.
    order: Vec<(u32, u32)>,
}

/// An exchange with its keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) entry: &'a Entry,
    /// The calls that it is about.
    pub(super) calls: &'a [Key],
    /// The identifiers of the message that asks.
    pub(super) asked: &'a [Key],
    /// Those of the answer.
    pub(super) answered: &'a [Key],
}

impl Entries {
    /// Puts shares together that have all lines of a cassette in turn.
    pub(super) fn of(mut shares: Vec<Share>) -> Self {
        let count = shares.iter().map(|it| it.entries.len()).sum();
        let mut order = Vec::with_capacity(count);
        let mut lines = 0;
        for (number, share) in (0..).zip(&mut shares) {
            for (index, entry) in (0..).zip(&mut share.entries) {
                entry.line += lines + 1;
                order.push((number, index));
            }
            lines += brief(share.lines);
        }
        order.sort_by_key(|(share, index)| entry(&shares, *share, *index).number);
        Self { shares, order }
    }

    pub(super) fn get(&self, index: usize) -> &Entry {
        let (share, index) = self.order[index];
        entry(&self.shares, share, index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> + Clone {
        let of = |(share, index): &(u32, u32)| entry(&self.shares, *share, *index);
        self.order.iter().map(of)
    }

    /// All of them with their keys.
    pub(super) fn taken(&self) -> impl Iterator<Item = Taken<'_>> + Clone {
        self.order.iter().map(|(share, index)| {
            let entry = entry(&self.shares, *share, *index);
            let keys = &self.shares[*share as usize].keys[entry.keys as usize..];
            let (calls, keys) = keys.split_at(entry.calls as usize);
            let (asked, keys) = keys.split_at(entry.asked as usize);
            Taken {
                entry,
                calls,
                asked,
                answered: &keys[..entry.answered as usize],
            }
        })
    }
}

fn entry(shares: &[Share], share: u32, index: u32) -> &Entry {
    &shares[share as usize].entries[index as usize]
}
