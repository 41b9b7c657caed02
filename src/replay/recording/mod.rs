//! The recording that a replay plays.
//!
//! Memory holds an [`Index`] of about a hundred bytes an exchange: the position of its line, its
//! notifications, its calls, and the hashes of its request. The exchanges stay in the file, and are
//! [loaded](Index::load) when they are needed.

pub(super) mod chunk;
pub(crate) mod file;
mod grouping;
mod read_ahead;

use std::collections::HashMap;

use bytes::Bytes;

use self::chunk::{Chunk, Entries, Entry, brief, checksum};
use self::grouping::Grouping;
use self::read_ahead::ReadAhead;
use super::matching::request_index::RequestIndex;
use super::outgoing::RawExchange;
use super::values;
use super::values::{Key, Keys};
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::cassette::source::{Source, SourceError};
use crate::diagnostic::Diagnostic;

#[derive(Debug)]
pub(crate) struct Indexed {
    pub(super) index: Index,
    pub(super) request_index: RequestIndex,
    pub(super) own_values: Keys,
    pub(super) service_values: Keys,
}

/// The index of the exchanges, in the order in which their requests began.
#[derive(Debug)]
pub(crate) struct Index {
    file: String,
    source: Box<dyn Source>,
    /// The end of the last exchange in the source, in bytes.
    length: u64,
    read_ahead: ReadAhead,
    spans: Vec<Span>,
    numbers: Sequence,
    is_request: Vec<bool>,
    groups: Vec<u32>,
    /// Pairs of an exchange and a notification that it caused, sorted.
    caused: Vec<(u32, u32)>,
    uncaused: Vec<usize>,
    /// Pairs of an exchange and a value that the recorded bot chose for it, in [brief](Key::brief).
    chosen: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    at: u64,
    length: u32,
    line: u32,
    checksum: u32,
}

impl Span {
    const fn of(entry: &Entry) -> Self {
        Self {
            at: entry.at,
            length: entry.length,
            line: entry.line,
            checksum: entry.checksum,
        }
    }
}

/// The position of a recorded body that is sent byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodySpan {
    at: u64,
    length: u32,
    checksum: u32,
}

/// Numbers, which are usually consecutive.
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
    /// Indexes a recording. `chunks` are all of its lines in their order, and `source` has their
    /// bytes. `file` is its name in errors.
    pub(crate) fn new(
        file: impl Into<String>,
        source: Box<dyn Source>,
        chunks: Vec<Chunk>,
    ) -> Self {
        let mut entries = Entries::of(chunks);
        let mut grouping = Grouping::default();
        let (mut own_values, mut service_values) = (Keys::default(), Keys::default());
        let mut chosen = Vec::new();
        for (index, keys) in (0..).zip(entries.with_keys()) {
            grouping.add(keys.calls.iter().copied());
            for key in keys.request_ids {
                if own_values.contains(key) || service_values.contains(key) {
                    continue;
                }
                match keys.entry.direction {
                    Direction::Request => {
                        chosen.push((index, key.brief()));
                        own_values.insert(*key);
                    }
                    Direction::Notification => {
                        service_values.insert(*key);
                    }
                }
            }
            let response_ids = keys.response_ids.iter();
            service_values.extend(response_ids.filter(|key| !own_values.contains(key)));
        }
        chosen.shrink_to_fit();
        let groups = grouping.numbers();
        entries.keep_request_ids();
        let hashes = entries
            .with_keys()
            .map(|it| Some((it.entry.hashes?, it.request_ids)));
        let request_index = RequestIndex::new(hashes, &service_values);
        let (caused, uncaused) = causes(&entries, &groups);
        let is_request = |entry: &Entry| entry.direction == Direction::Request;
        let index = Index {
            file: file.into(),
            source,
            length: entries.iter().map(Entry::end).max().unwrap_or(0),
            read_ahead: ReadAhead::default(),
            spans: entries.iter().map(Span::of).collect(),
            numbers: Sequence::new(entries.iter().map(|entry| entry.number)),
            is_request: entries.iter().map(is_request).collect(),
            groups,
            caused,
            uncaused,
            chosen,
        };
        Self {
            index,
            request_index,
            own_values,
            service_values,
        }
    }

    /// Indexes a recording in memory, as the lines that a cassette of it would have.
    pub(crate) fn of(recording: &Recording) -> Self {
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

    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn has_notifications(&self) -> bool {
        self.index.is_request.contains(&false)
    }
}

impl Index {
    pub(crate) const fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The name of the file in errors.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The line of an exchange in the file, counted from 1.
    pub(crate) fn line(&self, index: usize) -> usize {
        self.spans.get(index).map_or(1, |span| span.line as usize)
    }

    pub(crate) fn number(&self, index: usize) -> u64 {
        self.numbers.get(index)
    }

    pub(crate) fn direction(&self, index: usize) -> Direction {
        if self.is_request[index] {
            Direction::Request
        } else {
            Direction::Notification
        }
    }

    /// The number of the group of an exchange. The exchanges of a group are about the same calls.
    pub(crate) fn group(&self, index: usize) -> usize {
        self.groups[index] as usize
    }

    /// The notifications that an exchange caused: those that the recorder linked to it, else later
    /// ones of its calls.
    pub(crate) fn caused_by(&self, index: usize) -> Vec<usize> {
        seconds(&self.caused, index).map(|it| it as usize).collect()
    }

    /// The notifications that no request caused.
    pub(crate) fn uncaused(&self) -> &[usize] {
        &self.uncaused
    }

    /// Errors: the line was changed since the recording was indexed, or is not readable any more.
    pub(crate) fn load(&self, index: usize) -> Result<Exchange, Diagnostic> {
        let line = self.bytes(index)?;
        serde_json::from_slice(&line).map_err(|error| self.lost(index, &error))
    }

    /// Reads the fields of an exchange that an answer needs. `take` receives it, with the position
    /// of its body if that is JSON.
    pub(super) fn load_raw<T>(
        &self,
        index: usize,
        take: impl FnOnce(RawExchange<'_>, Option<BodySpan>) -> T,
    ) -> Result<T, Diagnostic> {
        let line = self.bytes(index)?;
        let exchange: RawExchange<'_> =
            serde_json::from_slice(&line).map_err(|error| self.lost(index, &error))?;
        let response = exchange.response.as_ref();
        let body = response.and_then(|response| response.body.json());
        let body = body.map(|body| BodySpan {
            at: self.spans[index].at + (body.as_ptr().addr() - line.as_ptr().addr()) as u64,
            length: brief(body.len()),
            checksum: checksum(body),
        });
        Ok(take(exchange, body))
    }

    pub(super) fn read_body(&mut self, body: BodySpan) -> Result<Bytes, Diagnostic> {
        let at = body.at;
        let mut bytes = vec![0; body.length as usize];
        let read = self
            .read_ahead
            .read(&*self.source, self.length, at, &mut bytes);
        let checked = read.and_then(|()| check(&bytes, body.checksum));
        checked.map(|()| Bytes::from(bytes)).map_err(|error| {
            let holds = |span: &Span| (span.at..span.at + u64::from(span.length)).contains(&at);
            let index = self.spans.iter().position(holds).unwrap_or(0);
            self.lost(index, &error)
        })
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, Diagnostic> {
        let span = &self.spans[index];
        let mut line = vec![0; span.length as usize];
        let read = self.source.read(span.at, &mut line);
        let checked = read.and_then(|()| check(&line, span.checksum));
        checked
            .map(|()| line)
            .map_err(|error| self.lost(index, &error))
    }

    fn lost(&self, index: usize, cause: &dyn std::error::Error) -> Diagnostic {
        Diagnostic {
            file: self.file.clone(),
            line: self.line(index),
            column: 0,
            message: format!("the file was changed while it was replayed: {cause}"),
            remedy: Some("replay it again, or a copy of it that nobody writes to".to_owned()),
            excerpt: None,
        }
    }

    /// The values that the recorded bot chose for a request.
    pub(super) fn chosen_in(&self, index: usize) -> Result<Vec<String>, Diagnostic> {
        let chosen: Vec<u32> = seconds(&self.chosen, index).collect();
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = Vec::new();
        values::visit_messages(&self.load(index)?, |sender, found| {
            let is_chosen = |it: &String| chosen.contains(&Key::of(it).brief());
            let ids = found.ids.drain(..);
            values.extend(ids.filter(|it| sender == Party::Bot && is_chosen(it)));
        });
        Ok(values)
    }
}

/// The second elements of the sorted pairs with this first element.
fn seconds(pairs: &[(u32, u32)], first: usize) -> impl Iterator<Item = u32> {
    let first = brief(first);
    let from = pairs.partition_point(|(other, _)| *other < first);
    pairs[from..]
        .iter()
        .take_while(move |(other, _)| *other == first)
        .map(|(_, second)| *second)
}

/// Pairs of an exchange and a notification that it caused; and the notifications that none caused.
fn causes(entries: &Entries, groups: &[u32]) -> (Vec<(u32, u32)>, Vec<usize>) {
    let is_notification = |entry: &Entry| entry.direction == Direction::Notification;
    let (mut caused, mut uncaused) = (Vec::new(), Vec::new());
    if !entries.iter().any(is_notification) {
        return (caused, uncaused);
    }
    let numbered = entries.iter().enumerate();
    let index_of: HashMap<u64, usize> = numbered.map(|(index, it)| (it.number, index)).collect();
    let mut last_of: HashMap<u32, usize> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if !is_notification(entry) {
            last_of.insert(groups[index], index);
            continue;
        }
        let recorded = entry.cause.and_then(|cause| index_of.get(&cause).copied());
        let recorded = recorded.filter(|cause| !is_notification(entries.get(*cause)));
        match recorded.or_else(|| last_of.get(&groups[index]).copied()) {
            Some(cause) => caused.push((brief(cause), brief(index))),
            None => uncaused.push(index),
        }
    }
    caused.sort_unstable();
    (caused, uncaused)
}

fn check(bytes: &[u8], expected: u32) -> Result<(), SourceError> {
    if checksum(bytes) == expected {
        Ok(())
    } else {
        Err(SourceError::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn exchange(number: u64, direction: &str, request: &Value, response: &Value) -> Exchange {
        serde_json::from_value(json!({
            "number": number, "direction": direction, "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": "/app/calls", "headers": [], "body": {"json": request}},
            "response": {"status": 201, "headers": [["Location", "/app/calls/c"]], "body": {"json": response}},
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
    fn the_first_sender_of_a_value_chose_it() {
        let indexed = Indexed::of(&recording());
        let keys = |ids: &[&str]| ids.iter().map(|it| Key::of(it)).collect::<Keys>();
        assert_eq!(indexed.own_values, keys(&["x"]));
        assert_eq!(indexed.service_values, keys(&["c", "o"]));
        assert_eq!(indexed.index.chosen_in(0).unwrap(), ["x"]);
        assert!(indexed.index.chosen_in(2).unwrap().is_empty());
    }

    #[test]
    fn exchanges_are_loaded_as_they_were() {
        let recording = recording();
        let index = Indexed::of(&recording).index;
        assert_eq!((index.len(), index.number(2), index.line(2)), (3, 9, 6));
        assert_eq!(index.caused_by(0), [1]);
        assert!(index.uncaused().is_empty());
        for (at, exchange) in recording.exchanges().iter().enumerate() {
            assert_eq!(index.load(at).as_ref(), Ok(exchange));
        }
    }

    #[test]
    fn a_file_that_was_changed_is_an_error() {
        #[derive(Debug)]
        struct Changing(Vec<u8>);
        impl Source for Changing {
            fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SourceError> {
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
