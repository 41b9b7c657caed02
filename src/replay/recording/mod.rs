//! What a replay keeps of a recording, about a hundred bytes an exchange: where each stands, what it
//! brought about, whose calls it is about, and how its request is found. The rest stays where it is,
//! and is [loaded](Index::load) when it is needed.

pub(super) mod chunk;
pub mod file;
mod read_ahead;

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher as _;

use bytes::Bytes;
use foldhash::quality::FixedState;

use self::chunk::{Chunk, Entries, Entry};
use self::read_ahead::ReadAhead;
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::diagnostic::Diagnostic;
use crate::judge::recording::grouping::Grouping;
use crate::replay::answer::Answering;
use crate::replay::matching::request_index::RequestIndex;
use crate::replay::values;
use crate::replay::values::{Key, Keys};

/// Bytes that stay where they are, of which some can be read.
pub trait Source: fmt::Debug + Send + Sync {
    /// Reads what stands at a place, counted in bytes from the beginning, until the buffer is full.
    ///
    /// # Errors
    ///
    /// In words, why there is nothing, or not as much.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
}

impl Source for Vec<u8> {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let from = usize::try_from(at).ok();
        let there = from.and_then(|from| self.get(from..from.checked_add(into.len())?));
        into.copy_from_slice(there.ok_or("it is shorter")?);
        Ok(())
    }
}

/// A recording that a replay can begin with.
#[derive(Debug)]
pub struct Indexed {
    pub(in crate::replay) index: Index,
    pub(in crate::replay) request_index: RequestIndex,
    /// The values that the recorded bot made up, and those that the recorded service did.
    pub(in crate::replay) bots: Keys,
    pub(in crate::replay) services: Keys,
}

/// What is kept of the exchanges, in the order in which their requests began.
#[derive(Debug)]
pub struct Index {
    file: String,
    source: Box<dyn Source>,
    /// How many bytes of it are known to be there.
    length: u64,
    ahead: ReadAhead,
    spans: Vec<Span>,
    numbers: Sequence,
    is_request: Vec<bool>,
    groups: Vec<u32>,
    /// What exchanges brought about: notifications, each behind the exchange that did.
    brought: Vec<(u32, u32)>,
    unprovoked: Vec<usize>,
    /// The values that the recorded bot made up, in brief, each behind the exchange that has it
    /// first.
    made: Vec<(u32, u32)>,
}

/// Where an exchange stands.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: u64,
    length: u32,
    line: u32,
    /// Tells whether the line is still what it was.
    sum: u32,
}

impl Span {
    const fn of(entry: &Entry) -> Self {
        Self {
            at: entry.at,
            length: entry.length,
            line: entry.line,
            sum: entry.sum,
        }
    }
}

/// The bytes of a recorded body that goes out as it stands, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    at: u64,
    length: u32,
    sum: u32,
}

/// Numbers, which as a rule follow each other.
#[derive(Debug)]
enum Sequence {
    From(u64),
    Each(Vec<u64>),
}

impl Sequence {
    fn new(numbers: impl Iterator<Item = u64> + Clone) -> Self {
        let first = numbers.clone().next().unwrap_or(1);
        let mut expected = first..=u64::MAX;
        if numbers.clone().all(|it| expected.next() == Some(it)) {
            Self::From(first)
        } else {
            Self::Each(numbers.collect())
        }
    }

    fn get(&self, index: usize) -> u64 {
        match self {
            Self::From(first) => first + index as u64,
            Self::Each(numbers) => numbers[index],
        }
    }
}

impl Indexed {
    /// What was read of a recording: all of its lines, in their order, of which `source` has the
    /// bytes. `file` is what errors call it.
    pub fn new(file: impl Into<String>, source: Box<dyn Source>, chunks: Vec<Chunk>) -> Self {
        let mut entries = Entries::of(chunks);
        let mut grouping = Grouping::default();
        let (mut bots, mut services) = (Keys::default(), Keys::default());
        let mut made = Vec::new();
        for (index, taken) in (0..).zip(entries.taken()) {
            grouping.add(taken.calls.iter().copied());
            let is_bots = taken.entry.direction == Direction::Request;
            for key in taken.asked {
                if bots.contains(key) || services.contains(key) {
                    continue;
                }
                if is_bots {
                    made.push((index, key.brief()));
                    bots.insert(*key);
                } else {
                    services.insert(*key);
                }
            }
            let answered = taken.answered.iter();
            services.extend(answered.filter(|key| !bots.contains(key)));
        }
        made.shrink_to_fit();
        let groups = grouping.numbers();
        entries.forget_others();
        let request_index = RequestIndex::new(&entries, &services);
        let (brought, unprovoked) = provoked(&entries, &groups);
        let is_request = |entry: &Entry| entry.direction == Direction::Request;
        let index = Index {
            file: file.into(),
            source,
            length: entries.iter().map(Entry::end).max().unwrap_or(0),
            ahead: ReadAhead::default(),
            spans: entries.iter().map(Span::of).collect(),
            numbers: Sequence::new(entries.iter().map(|entry| entry.number)),
            is_request: entries.iter().map(is_request).collect(),
            groups,
            brought,
            unprovoked,
            made,
        };
        Self {
            index,
            request_index,
            bots,
            services,
        }
    }

    /// A recording that is at hand, as the lines that a cassette of it would have.
    pub fn of(recording: &Recording) -> Self {
        let mut text = Vec::new();
        let mut chunk = Chunk::default();
        for exchange in recording.exchanges() {
            let line = serde_json::to_vec(exchange).unwrap_or_default();
            chunk.add(exchange, text.len() as u64, &line);
            text.extend(line);
        }
        chunk.number_lines(|index| recording.line(index).saturating_sub(1));
        Self::new(recording.file(), Box::new(text), vec![chunk])
    }

    /// What is kept of the exchanges.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// Whether there is a notification in it.
    pub fn tells(&self) -> bool {
        self.index.is_request.contains(&false)
    }
}

impl Index {
    /// How many exchanges there are.
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The file, as errors call it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of an exchange in the file, counted from 1.
    pub fn line(&self, index: usize) -> usize {
        self.spans.get(index).map_or(1, |span| span.line as usize)
    }

    /// The number of an exchange.
    pub fn number(&self, index: usize) -> u64 {
        self.numbers.get(index)
    }

    /// Which way the request of an exchange went.
    pub fn direction(&self, index: usize) -> Direction {
        if self.is_request[index] {
            Direction::Request
        } else {
            Direction::Notification
        }
    }

    /// The number of the group of an exchange: those that are about the same calls.
    pub fn group(&self, index: usize) -> usize {
        self.groups[index] as usize
    }

    /// The notifications that an exchange brought about: by what the recorder saw, else those of its
    /// calls that come after it.
    pub fn brought_by(&self, index: usize) -> Vec<usize> {
        each_of(&self.brought, index)
            .map(|it| it as usize)
            .collect()
    }

    /// The notifications that no request brought about.
    pub fn unprovoked(&self) -> &[usize] {
        &self.unprovoked
    }

    /// An exchange.
    ///
    /// # Errors
    ///
    /// A line that is not what it was when the recording was read, or cannot be read any more.
    pub fn load(&self, index: usize) -> Result<Exchange, Diagnostic> {
        let line = self.bytes(index)?;
        serde_json::from_slice(&line).map_err(|error| self.lost(index, &error.to_string()))
    }

    /// An exchange for who only answers it: what `take` makes of it, and of where its body stands
    /// as it goes out, if it does.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub(in crate::replay) fn answer<T>(
        &self,
        index: usize,
        take: impl FnOnce(Answering<'_>, Option<Passage>) -> T,
    ) -> Result<T, Diagnostic> {
        let line = self.bytes(index)?;
        let answering: Answering<'_> =
            serde_json::from_slice(&line).map_err(|error| self.lost(index, &error.to_string()))?;
        let response = answering.response.as_ref();
        let body = response.and_then(|response| response.body.json());
        let passage = body.map(|body| Passage {
            at: self.spans[index].at + (body.as_ptr().addr() - line.as_ptr().addr()) as u64,
            length: brief(body.len()),
            sum: sum(body),
        });
        Ok(take(answering, passage))
    }

    /// The bytes of a passage.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub(in crate::replay) fn read(&mut self, passage: Passage) -> Result<Bytes, Diagnostic> {
        let at = passage.at;
        let mut bytes = vec![0; passage.length as usize];
        let read = self.ahead.read(&*self.source, self.length, at, &mut bytes);
        let checked = read.and_then(|()| is_still(&bytes, passage.sum));
        checked.map(|()| Bytes::from(bytes)).map_err(|why| {
            let is_in = |span: &Span| (span.at..span.at + u64::from(span.length)).contains(&at);
            let index = self.spans.iter().position(is_in).unwrap_or(0);
            self.lost(index, &why)
        })
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, Diagnostic> {
        let span = &self.spans[index];
        let mut line = vec![0; span.length as usize];
        let read = self.source.read(span.at, &mut line);
        let checked = read.and_then(|()| is_still(&line, span.sum));
        checked.map(|()| line).map_err(|why| self.lost(index, &why))
    }

    fn lost(&self, index: usize, why: &str) -> Diagnostic {
        Diagnostic {
            file: self.file.clone(),
            line: self.line(index),
            column: 0,
            message: format!("the file was changed while it was replayed: {why}"),
            remedy: Some("replay it again, or a copy of it that nobody writes to".to_owned()),
            excerpt: None,
        }
    }

    /// The values that the recorded bot made up for a request.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub(in crate::replay) fn made_in(&self, index: usize) -> Result<Vec<String>, Diagnostic> {
        let mut made = each_of(&self.made, index).peekable();
        if made.peek().is_none() {
            return Ok(Vec::new());
        }
        let made: Vec<u32> = made.collect();
        let mut values = Vec::new();
        values::visit_messages(&self.load(index)?, |sender, of_it| {
            let ids = of_it.ids.drain(..);
            values.extend(
                ids.filter(|it| sender == Party::Bot && made.contains(&Key::of(it).brief())),
            );
        });
        Ok(values)
    }
}

/// What the first of pairs that are in order is paired with.
fn each_of(pairs: &[(u32, u32)], first: usize) -> impl Iterator<Item = u32> {
    let first = brief(first);
    let from = pairs.partition_point(|(other, _)| *other < first);
    let of_it = pairs[from..].iter();
    of_it
        .take_while(move |(other, _)| *other == first)
        .map(|(_, second)| *second)
}

/// The notifications that each exchange brought about, and those that none did.
fn provoked(entries: &Entries, groups: &[u32]) -> (Vec<(u32, u32)>, Vec<usize>) {
    let is_told = |entry: &Entry| entry.direction == Direction::Notification;
    let (mut brought, mut unprovoked) = (Vec::new(), Vec::new());
    if !entries.iter().any(is_told) {
        return (brought, unprovoked);
    }
    let numbered = entries.iter().enumerate();
    let index_of: HashMap<u64, usize> = numbered.map(|(index, it)| (it.number, index)).collect();
    let mut last_of: HashMap<u32, usize> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if !is_told(entry) {
            last_of.insert(groups[index], index);
            continue;
        }
        let told = entry.cause.and_then(|cause| index_of.get(&cause).copied());
        let told = told.filter(|cause| !is_told(entries.get(*cause)));
        match told.or_else(|| last_of.get(&groups[index]).copied()) {
            Some(cause) => brought.push((brief(cause), brief(index))),
            None => unprovoked.push(index),
        }
    }
    brought.sort_unstable();
    (brought, unprovoked)
}

/// Whether bytes have this sum; in words, if they have not.
fn is_still(bytes: &[u8], expected: u32) -> Result<(), String> {
    if sum(bytes) == expected {
        Ok(())
    } else {
        Err("it says something else".to_owned())
    }
}

/// A number that is kept in little room: lines are shorter, and fewer.
pub(in crate::replay) fn brief(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(in crate::replay) fn sum(bytes: &[u8]) -> u32 {
    const SEED: FixedState = FixedState::with_seed(5);
    let whole = SEED.hash_one(bytes);
    u32::try_from(whole >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn exchange(number: u64, direction: &str, asked: &Value, answered: &Value) -> Exchange {
        serde_json::from_value(json!({
            "number": number, "direction": direction, "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": "/app/calls", "headers": [], "body": {"json": asked}},
            "response": {"status": 201, "headers": [["Location", "/app/calls/c"]], "body": {"json": answered}},
        }))
        .unwrap()
    }

    fn recording() -> Recording {
        let list = [
            exchange(
                7,
                "request",
                &json!({"clientContext": "x"}),
                &json!({"clientContext": "x", "id": "c"}),
            ),
            exchange(
                8,
                "notification",
                &json!({"resource": "/app/calls/c/operations/o"}),
                &json!({"id": "n"}),
            ),
            exchange(
                9,
                "request",
                &json!({"id": "o", "callback": "http://h/"}),
                &json!({}),
            ),
        ];
        Recording::new("a", vec![Direction::Request], (4..).zip(list))
    }

    #[test]
    fn a_value_is_of_who_had_it_first() {
        let indexed = Indexed::of(&recording());
        let keys = |ids: &[&str]| ids.iter().map(|it| Key::of(it)).collect::<Keys>();
        assert_eq!(indexed.bots, keys(&["x"]));
        assert_eq!(indexed.services, keys(&["c", "o"]));
        assert_eq!(indexed.index.made_in(0).unwrap(), ["x"]);
        assert!(indexed.index.made_in(2).unwrap().is_empty());
    }

    #[test]
    fn exchanges_are_loaded_as_they_were() {
        let recording = recording();
        let index = Indexed::of(&recording).index;
        assert_eq!((index.len(), index.number(2), index.line(2)), (3, 9, 6));
        assert_eq!(index.brought_by(0), [1]);
        assert!(index.unprovoked().is_empty());
        for (at, exchange) in recording.exchanges().iter().enumerate() {
            assert_eq!(index.load(at).as_ref(), Ok(exchange));
        }
    }

    #[test]
    fn what_was_changed_meanwhile_is_told() {
        #[derive(Debug)]
        struct Changing(Vec<u8>);
        impl Source for Changing {
            fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
                self.0.read(at, into)?;
                into[20] = into[20].wrapping_add(1);
                Ok(())
            }
        }
        let mut index = Indexed::of(&recording()).index;
        index.source = Box::new(Vec::new());
        let lost = index.load(1).unwrap_err().to_string();
        assert!(lost.starts_with("a:5: the file was changed"), "{lost}");
        assert!(lost.contains("shorter"), "{lost}");
        let bytes = serde_json::to_vec(&recording().exchanges()[0]).unwrap();
        index.source = Box::new(Changing(bytes));
        let lost = index.load(0).unwrap_err().to_string();
        assert!(lost.contains("something else"), "{lost}");
    }
}
