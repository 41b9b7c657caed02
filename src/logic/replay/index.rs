//! What a replay keeps of a recording, about a hundred bytes an exchange: where each stands, what it
//! brought about, whose calls it is about, and how its request is found. The rest stays where it is,
//! and is [loaded](Index::load) when it is needed.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::key::{Key, Keys};
use super::marks::{Body, Print};
use super::origins;
use super::shelf::Shelf;
use crate::logic::recording::Recording;
use crate::logic::recording::grouping::{self, Grouping};
use crate::model::cassette::{Content, Direction, Exchange};
use crate::text::diagnostic::Diagnostic;

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

/// Lines of a cassette that follow each other, read for an index.
#[derive(Debug, Default)]
pub struct Share {
    entries: Vec<Entry>,
    /// For each entry in turn: the calls that it is about, the identifiers of the message that
    /// asks, and those of the answer.
    keys: Vec<Key>,
    lines: usize,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    at: u64,
    length: u32,
    sum: u32,
    line: u32,
    direction: Direction,
    /// How many keys there are of each kind.
    calls: u32,
    asked: u32,
    answered: u32,
    cause: Option<u64>,
    print: Option<Print>,
}

impl Share {
    /// Passes a line over that is no exchange.
    pub const fn skip(&mut self) {
        self.lines += 1;
    }

    /// Adds the exchange of the next line, which stands at this place.
    pub fn add(&mut self, exchange: &Exchange, at: u64, line: &[u8]) {
        let request = &exchange.request;
        let mut print = (exchange.direction == Direction::Request).then(|| {
            let body = match &request.body {
                Content::Empty => Body::Empty,
                Content::Json(value) => Body::Json(value),
                Content::Text(_) | Content::Base64(_) | Content::Omitted { .. } => Body::Other,
            };
            Print::of(&request.method, &request.target, body)
        });
        if let Some(print) = &mut print {
            // They are among the keys.
            print.ids = Vec::new();
        }
        let mut keep = |mut keys: Vec<Key>| {
            keys.sort_unstable();
            keys.dedup();
            self.keys.extend(&keys);
            brief(keys.len())
        };
        let keys_of = |ids: &[String]| ids.iter().map(|it| Key::of(it)).collect();
        let calls = keep(keys_of(&grouping::calls(exchange)));
        let mut ids = Vec::with_capacity(2);
        origins::each(exchange, |_, values| ids.push(keys_of(&values.ids)));
        let mut ids = ids.into_iter().map(keep);
        let (asked, answered) = (ids.next().unwrap_or(0), ids.next().unwrap_or(0));
        self.entries.push(Entry {
            number: exchange.number,
            at,
            length: brief(line.len()),
            sum: sum(line),
            line: brief(self.lines),
            direction: exchange.direction,
            calls,
            asked,
            answered,
            cause: exchange.cause.as_ref().map(|it| it.exchange),
            print,
        });
        self.lines += 1;
    }

    /// How many lines it has.
    pub const fn lines(&self) -> usize {
        self.lines
    }
}

/// A recording that a replay can begin with.
#[derive(Debug)]
pub struct Indexed {
    pub(super) index: Index,
    pub(super) shelf: Shelf,
    /// The values that the recorded bot made up, and those that the recorded service did.
    pub(super) bots: Keys,
    pub(super) services: Keys,
}

/// What is kept of the exchanges, in the order in which their requests began.
#[derive(Debug)]
pub struct Index {
    file: String,
    source: Box<dyn Source>,
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
    pub fn new(file: impl Into<String>, source: Box<dyn Source>, shares: Vec<Share>) -> Self {
        let (entries, keys) = joined(shares);
        let mut grouping = Grouping::default();
        let (mut bots, mut services) = (Keys::default(), Keys::default());
        let mut made = Vec::new();
        for (index, (from, entry)) in (0..).zip(&entries) {
            let of_it = &keys[*from..];
            let (calls, of_it) = of_it.split_at(entry.calls as usize);
            grouping.add(calls.iter().copied());
            let (asked, of_it) = of_it.split_at(entry.asked as usize);
            let is_bots = entry.direction == Direction::Request;
            for key in asked {
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
            let answered = of_it[..entry.answered as usize].iter();
            services.extend(answered.filter(|key| !bots.contains(key)));
        }
        made.shrink_to_fit();
        let prints = entries.iter().map(|(from, entry)| {
            let asked = from + entry.calls as usize;
            let asked = &keys[asked..asked + entry.asked as usize];
            entry.print.as_ref().map(|print| (print, asked))
        });
        let shelf = Shelf::new(prints, &services);
        let groups = grouping.numbers();
        let (brought, unprovoked) = provoked(&entries, &groups);
        let each = || entries.iter().map(|(_, entry)| entry);
        let index = Index {
            file: file.into(),
            source,
            spans: each().map(Entry::span).collect(),
            numbers: Sequence::new(each().map(|entry| entry.number)),
            is_request: each()
                .map(|entry| entry.direction == Direction::Request)
                .collect(),
            groups,
            brought,
            unprovoked,
            made,
        };
        Self {
            index,
            shelf,
            bots,
            services,
        }
    }

    /// A recording that is at hand, as the lines that a cassette of it would have.
    pub fn of(recording: &Recording) -> Self {
        let mut text = Vec::new();
        let mut share = Share::default();
        for exchange in recording.exchanges() {
            let line = serde_json::to_vec(exchange).unwrap_or_default();
            share.add(exchange, text.len() as u64, &line);
            text.extend(line);
        }
        for (index, entry) in share.entries.iter_mut().enumerate() {
            entry.line = brief(recording.line(index).saturating_sub(1));
        }
        Self::new(recording.file(), Box::new(text), vec![share])
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

    /// An exchange for who only answers it: what `take` makes of it.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub(super) fn answer<T>(
        &self,
        index: usize,
        take: impl FnOnce(Answering<'_>) -> T,
    ) -> Result<T, Diagnostic> {
        let line = self.bytes(index)?;
        let answering = serde_json::from_slice(&line);
        answering
            .map(take)
            .map_err(|error| self.lost(index, &error.to_string()))
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, Diagnostic> {
        let span = &self.spans[index];
        let mut line = vec![0; span.length as usize];
        let read = self.source.read(span.at, &mut line);
        read.map_err(|why| self.lost(index, &why))?;
        if sum(&line) == span.sum {
            Ok(line)
        } else {
            Err(self.lost(index, "it says something else"))
        }
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
    pub(super) fn made_in(&self, index: usize) -> Result<Vec<String>, Diagnostic> {
        let mut made = each_of(&self.made, index).peekable();
        if made.peek().is_none() {
            return Ok(Vec::new());
        }
        let made: Vec<u32> = made.collect();
        let mut values = Vec::new();
        origins::each(&self.load(index)?, |is_bots, of_it| {
            let ids = of_it.ids.drain(..);
            values.extend(ids.filter(|it| is_bots && made.contains(&Key::of(it).brief())));
        });
        Ok(values)
    }
}

/// Of an exchange what answering it takes.
#[derive(Debug, Deserialize)]
pub(super) struct Answering<'a> {
    /// How it broke, or left HTTP behind.
    #[serde(default)]
    pub(super) broke: Option<String>,
    pub(super) took_ms: u64,
    #[serde(borrow, default)]
    pub(super) response: Option<Answered<'a>>,
}

/// A recorded response, its body as it stands in the line.
#[derive(Debug, Deserialize)]
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    #[serde(borrow, default)]
    pub(super) body: Standing<'a>,
}

/// A recorded body, of which JSON is not read further: the [`Content`] of a line.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Standing<'a> {
    #[default]
    Empty,
    #[serde(borrow)]
    Json(&'a RawValue),
    Text(String),
    Base64(String),
    Omitted {
        length: u64,
        sha256: String,
    },
}

impl Standing<'_> {
    /// The JSON as it stands.
    pub(super) fn json(&self) -> Option<&[u8]> {
        match self {
            Self::Json(value) => Some(value.get().as_bytes()),
            _ => None,
        }
    }

    /// The body, read.
    pub(super) fn content(&self) -> Content {
        match self {
            Self::Empty => Content::Empty,
            Self::Json(value) => {
                serde_json::from_str(value.get()).map_or(Content::Empty, Content::Json)
            }
            Self::Text(text) => Content::Text(text.clone()),
            Self::Base64(text) => Content::Base64(text.clone()),
            Self::Omitted { length, sha256 } => Content::Omitted {
                length: *length,
                sha256: sha256.clone(),
            },
        }
    }
}

impl Entry {
    fn span(&self) -> Span {
        Span {
            at: self.at,
            length: self.length,
            line: self.line,
            sum: self.sum,
        }
    }
}

/// Entries, each with the place of its keys, in the order of their numbers.
type Entries = Vec<(usize, Entry)>;

/// Shares put together, with their keys.
fn joined(shares: Vec<Share>) -> (Entries, Vec<Key>) {
    let count = |of: fn(&Share) -> usize| shares.iter().map(of).sum::<usize>();
    let mut entries = Vec::with_capacity(count(|it| it.entries.len()));
    let mut keys = Vec::with_capacity(count(|it| it.keys.len()));
    let (mut lines, mut from) = (0, 0);
    for share in shares {
        for mut entry in share.entries {
            entry.line += lines + 1;
            let here = from;
            from += (entry.calls + entry.asked + entry.answered) as usize;
            entries.push((here, entry));
        }
        keys.extend(share.keys);
        lines += brief(share.lines);
    }
    entries.sort_by_key(|(_, entry)| entry.number);
    (entries, keys)
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
    if !entries.iter().any(|(_, entry)| is_told(entry)) {
        return (brought, unprovoked);
    }
    let index_of: HashMap<u64, usize> = entries
        .iter()
        .enumerate()
        .map(|(index, (_, entry))| (entry.number, index))
        .collect();
    let mut last_of: HashMap<u32, usize> = HashMap::new();
    for (index, (_, entry)) in entries.iter().enumerate() {
        if !is_told(entry) {
            last_of.insert(groups[index], index);
            continue;
        }
        let told = entry.cause.and_then(|cause| index_of.get(&cause).copied());
        let told = told.filter(|cause| !is_told(&entries[*cause].1));
        match told.or_else(|| last_of.get(&groups[index]).copied()) {
            Some(cause) => brought.push((brief(cause), brief(index))),
            None => unprovoked.push(index),
        }
    }
    brought.sort_unstable();
    (brought, unprovoked)
}

/// A number that is kept in little room: lines are shorter, and fewer.
fn brief(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn sum(line: &[u8]) -> u32 {
    const SEED: FixedState = FixedState::with_seed(5);
    let whole = SEED.hash_one(line);
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
