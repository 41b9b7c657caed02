//! The recording that a replay plays.
//!
//! Memory holds an [`Index`]: the position of each line, the time of its exchange, its notifications
//! and calls, and the keys of its request. The exchanges stay in the file, and are
//! [loaded](Index::load) when they are needed.

pub(crate) mod file;
mod grouping;
pub(crate) mod summary;

use std::collections::HashMap;
use std::ops::Range;

use self::grouping::Grouping;
use super::matching::compared::{ComparedBody, ComparedRequest, RequestKey};
use super::matching::content::Content;
use super::matching::requests::Requests;
use super::matching::target::{Own, is_address_field, is_local, local_authority};
use super::rules::{ExchangeRules, Rules, Scope};
use super::values::{Key, Keys, Values};
use crate::api::resource;
use crate::cassette::format::{CORRECT_THE_LINE, Direction, Exchange, VERSION};
use crate::cassette::raw::{RawBody, RawExchange};
use crate::cassette::recording::Recording;
use crate::cassette::source::{Source, SourceError};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::json::reason_of;

#[derive(Debug)]
pub(crate) struct Indexed {
    pub(super) index: Index,
    pub(super) requests: Requests,
    pub(super) own_values: Keys,
    pub(super) service_values: Keys,
}

/// The index of the exchanges, in the order in which their requests began.
#[derive(Debug)]
pub(crate) struct Index {
    file: String,
    version: u32,
    source: Box<dyn Source>,
    lines: Vec<Line>,
    groups: Vec<u32>,
    /// Pairs of an exchange and a notification that it caused, sorted.
    caused: Vec<(usize, usize)>,
    uncaused: Vec<usize>,
    /// Pairs of an exchange and a value that the recorded bot chose for it.
    chosen: Vec<(usize, Key)>,
    rules: Rules,
    /// Pairs of a notification and the exchange that caused it, sorted.
    by_caused: Vec<(usize, usize)>,
}

/// The line of an exchange.
#[derive(Debug, Clone, Copy)]
struct Line {
    number: u64,
    direction: Direction,
    at_ms: u64,
    took_ms: u64,
    /// The offset of its bytes.
    at: u64,
    length: usize,
    /// Counted from 1.
    row: usize,
    /// The key of its bytes, which shows that they are the same later.
    key: Key,
    /// No body in it has more bytes.
    longest: usize,
}

/// An exchange as it is read for the index.
#[derive(Debug)]
struct Read {
    line: Line,
    /// The number of the exchange that caused it, if the recorder knew it.
    cause: Option<u64>,
    calls: Vec<Key>,
    request_ids: Vec<Key>,
    response_ids: Vec<Key>,
    /// What else the answer gives.
    given: Vec<Key>,
    /// None for a notification.
    request: Option<(RequestKey, Option<String>)>,
}

impl Read {
    /// Reads the exchange of a line, its number counted from 1, which begins at the byte `at`.
    fn of(exchange: &RawExchange<'_>, text: &[u8], at: u64, line: usize) -> Self {
        let compared = ComparedRequest::recorded(&exchange.request);
        let content = compared.content();
        let absent = Content::Empty;
        let request_content = content.as_ref().unwrap_or(&absent);
        let response = exchange.response.as_ref();
        let given = response.map(|it| (it, ComparedBody::from(&it.body)));
        let response_content = given
            .as_ref()
            .and_then(|(response, given)| given.content(response.headers.get("content-type")));
        let response_content = response_content.as_ref().unwrap_or(&absent);
        let keys = |ids: Vec<String>| ids.iter().map(|it| Key::of(it)).collect::<Vec<_>>();
        let is_request = exchange.direction == Direction::Request;
        let of_request = Values::of(
            Some(compared.target),
            &exchange.request.headers,
            request_content,
        );
        let bodies = response.map(|it| &it.body).into_iter();
        let bodies = bodies.chain([&exchange.request.body]);
        let of_response = response.filter(|_| is_request);
        let of_response = of_response.map(|it| Values::of(None, &it.headers, response_content));
        let of_response = of_response.unwrap_or_default();
        Self {
            line: Line {
                number: exchange.number,
                direction: exchange.direction,
                at_ms: exchange.at_ms,
                took_ms: exchange.took_ms,
                at,
                length: text.len(),
                row: line,
                key: Key::of_bytes(text),
                longest: bodies
                    .filter_map(|body| match body {
                        RawBody::Omitted { length, .. } => usize::try_from(*length).ok(),
                        _ => None,
                    })
                    .fold(text.len(), usize::max),
            },
            cause: exchange.cause.as_ref().map(|it| it.exchange),
            calls: grouping::calls(exchange, request_content, response_content)
                .iter()
                .map(|it| Key::of(it))
                .collect(),
            request_ids: keys(of_request.ids),
            response_ids: keys(of_response.ids),
            given: keys(of_response.given),
            request: is_request.then(|| {
                let media_type = compared.media_type();
                (
                    compared.key(media_type.as_deref(), content.as_ref()),
                    compared.host.clone(),
                )
            }),
        }
    }
}

impl Indexed {
    /// Indexes a recording of this version of the format. `reads` are all of its exchanges, and
    /// `source` has their bytes. `file` is its name in errors.
    fn new(
        file: impl Into<String>,
        version: u32,
        source: Box<dyn Source>,
        mut reads: Vec<Read>,
    ) -> Self {
        reads.sort_by_key(|it| it.line.number);
        let mut grouping = Grouping::default();
        let (mut own_values, mut service_values) = (Keys::default(), Keys::default());
        let mut given = Keys::default();
        let mut chosen = Vec::new();
        for (index, read) in reads.iter().enumerate() {
            grouping.add(read.calls.iter().copied());
            for key in &read.request_ids {
                if [&own_values, &service_values, &given]
                    .iter()
                    .any(|it| it.contains(key))
                {
                    continue;
                }
                match read.line.direction {
                    Direction::Request => {
                        chosen.push((index, *key));
                        own_values.insert(*key);
                    }
                    Direction::Notification => {
                        service_values.insert(*key);
                    }
                }
            }
            let response_ids = read.response_ids.iter();
            service_values.extend(response_ids.filter(|key| !own_values.contains(key)));
            given.extend(read.given.iter().filter(|key| !own_values.contains(key)));
        }
        let groups = grouping.numbers();
        let (caused, uncaused) = causes(&reads, &groups);
        let by_caused = caused.iter().map(|(cause, caused)| (*caused, *cause));
        let mut by_caused: Vec<(usize, usize)> = by_caused.collect();
        by_caused.sort_unstable();
        let lines = reads.iter().map(|it| it.line).collect();
        let requests = reads.into_iter().map(|it| it.request).collect();
        Self {
            index: Index {
                file: file.into(),
                version,
                source,
                lines,
                groups,
                caused,
                uncaused,
                chosen,
                rules: Rules::default(),
                by_caused,
            },
            requests: Requests::new(requests),
            own_values,
            service_values,
        }
    }

    /// Indexes a recording in memory, as the lines that a cassette of it would have.
    pub(crate) fn of(recording: &Recording) -> Self {
        let (mut text, mut reads) = (Vec::new(), Vec::new());
        for (index, exchange) in recording.exchanges().iter().enumerate() {
            let line = serde_json::to_vec(exchange).unwrap_or_default();
            let at = text.len() as u64;
            // What was written is read.
            let read = serde_json::from_slice(&line).ok();
            reads.extend(read.map(|read| Read::of(&read, &line, at, recording.line(index))));
            text.extend(line);
        }
        Self::new(recording.file(), VERSION, Box::new(text), reads)
    }

    /// The same recording, compared by these rules.
    pub(crate) fn compared_by(mut self, rules: Rules) -> Self {
        self.index.rules = rules;
        self
    }

    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn has_notifications(&self) -> bool {
        let mut lines = self.index.lines.iter();
        lines.any(|it| it.direction == Direction::Notification)
    }
}

impl Index {
    pub(crate) const fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// No body of an exchange has more bytes.
    pub(crate) fn longest(&self) -> usize {
        let longest = self.lines.iter().map(|it| it.longest).max();
        longest.unwrap_or(0)
    }

    /// The name of the file in errors.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The line of an exchange in the file, counted from 1.
    pub(crate) fn line(&self, index: usize) -> usize {
        self.lines.get(index).map_or(1, |it| it.row)
    }

    pub(crate) fn number(&self, index: usize) -> u64 {
        self.lines[index].number
    }

    pub(crate) fn direction(&self, index: usize) -> Direction {
        self.lines[index].direction
    }

    /// When the request of an exchange began, and how long its answer took, in milliseconds.
    pub(super) fn times(&self, index: usize) -> (u64, u64) {
        let line = &self.lines[index];
        (line.at_ms, line.took_ms)
    }

    /// The number of the group of an exchange. The exchanges of a group are about the same calls.
    pub(crate) fn group(&self, index: usize) -> usize {
        self.groups[index] as usize
    }

    /// The notifications that an exchange caused: those that the recorder linked to it, else later
    /// ones of its calls.
    pub(crate) fn caused_by(&self, index: usize) -> Vec<usize> {
        seconds(&self.caused, index).collect()
    }

    /// The notifications that no request caused.
    pub(crate) fn uncaused(&self) -> &[usize] {
        &self.uncaused
    }

    /// Errors: the line was changed since the recording was indexed, or has a body that cannot be read.
    pub(crate) fn load(&self, index: usize) -> Result<Exchange, Diagnostic> {
        let line = self.bytes(index)?;
        serde_json::from_slice(&line).map_err(|error| self.unreadable(index, &error))
    }

    /// Loads an exchange with its bodies as they stand in the file.
    pub(super) fn load_raw<T>(
        &self,
        index: usize,
        take: impl FnOnce(&RawExchange<'_>) -> T,
    ) -> Result<T, Diagnostic> {
        let line = self.bytes(index)?;
        let read = serde_json::from_slice(&line);
        let exchange = read.map_err(|error| self.unreadable(index, &error))?;
        Ok(take(&exchange))
    }

    /// The addresses of the service in a recorded answer: the one that the request names. In version
    /// 1 of the format, recorders passed on the service's own address in header fields.
    pub(super) fn own(&self, exchange: &RawExchange<'_>) -> Own {
        let host = ComparedRequest::recorded(&exchange.request).host;
        let mut own = Vec::from_iter(host);
        if self.version == 1 && own.iter().all(|it| is_local(it)) {
            let fields = exchange.response.iter().flat_map(|it| it.headers.iter());
            let fields = fields.filter(|(name, _)| is_address_field(name));
            own.extend(fields.filter_map(|(_, value)| local_authority(value)));
        }
        Own::at(own)
    }

    pub(super) const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The rules about an exchange.
    pub(super) fn rules_of(&self, index: usize) -> Result<ExchangeRules, Diagnostic> {
        if self.rules.is_empty() {
            return Ok(ExchangeRules::default());
        }
        self.with_scope(index, |scope| self.rules.of(scope))
    }

    /// What rules name an exchange by. The operation of a notification is that of the request which caused
    /// it.
    pub(super) fn with_scope<T>(
        &self,
        index: usize,
        take: impl FnOnce(Scope<'_>) -> T,
    ) -> Result<T, Diagnostic> {
        let request = |index| {
            self.load_raw(index, |it| {
                (it.request.method.to_string(), it.request.target.to_string())
            })
        };
        let (method, target) = request(index)?;
        let Some(cause) = seconds(&self.by_caused, index).next() else {
            return Ok(take(Scope::of_request(&method, &target)));
        };
        let cause = request(cause)?;
        let operation = Scope::of_request(&cause.0, &cause.1).operation;
        let path = resource::path_of(&target);
        Ok(take(Scope { operation, path }))
    }

    /// Marks the rules that are about a place in this recording, by their order.
    pub(crate) fn mark_used_rules(&self, used: &mut Vec<bool>) -> Result<(), Diagnostic> {
        used.resize(self.rules.len(), false);
        for index in 0..self.len() {
            if used.iter().all(|it| *it) {
                break;
            }
            let rules = self.rules_of(index)?;
            self.load_raw(index, |it| rules.mark_used(used, it))?;
        }
        Ok(())
    }

    /// The bytes of the recording up to the end of its last exchange.
    pub(super) fn text(&self) -> Result<Vec<u8>, Diagnostic> {
        let ranges = (0..self.len()).map(|it| self.range(it).end);
        let mut text = vec![0; ranges.max().unwrap_or(0)];
        let read = self.source.read(0, &mut text);
        read.map_err(|error| self.lost(0, &error))?;
        Ok(text)
    }

    /// The place of an exchange in the [text](Self::text).
    pub(super) fn range(&self, index: usize) -> Range<usize> {
        let line = &self.lines[index];
        let at = usize::try_from(line.at).unwrap_or(usize::MAX);
        at..at.saturating_add(line.length)
    }

    /// The line of an exchange, with its end.
    pub(super) fn line_text(&self, index: usize) -> Result<String, Diagnostic> {
        let line = self.bytes(index)?;
        String::from_utf8(line).map_err(|error| self.lost(index, &error))
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, Diagnostic> {
        let line = &self.lines[index];
        let mut bytes = vec![0; line.length];
        let read = self.source.read(line.at, &mut bytes);
        let checked = read.and_then(|()| {
            let is_same = Key::of_bytes(&bytes) == line.key;
            is_same.then_some(()).ok_or(SourceError::Changed)
        });
        checked
            .map(|()| bytes)
            .map_err(|error| self.lost(index, &error))
    }

    fn lost(&self, index: usize, cause: &dyn std::error::Error) -> Diagnostic {
        Diagnostic {
            file: self.file.clone(),
            line: self.line(index),
            column: 0,
            message: format!("the file was changed during the replay: {cause}"),
            remedy: Some("replay it again, or replay a copy".to_owned()),
            excerpt: None,
        }
    }

    fn unreadable(&self, index: usize, error: &serde_json::Error) -> Diagnostic {
        Diagnostic {
            file: self.file.clone(),
            line: self.line(index),
            column: error.column(),
            message: reason_of(error),
            remedy: Some(CORRECT_THE_LINE.to_owned()),
            excerpt: None,
        }
    }

    /// The values that the recorded bot chose for a request.
    pub(super) fn chosen_in(&self, index: usize) -> Result<Vec<String>, Diagnostic> {
        let chosen: Vec<Key> = seconds(&self.chosen, index).collect();
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.load_raw(index, |exchange| {
            let compared = ComparedRequest::recorded(&exchange.request);
            let content = compared.content().unwrap_or(Content::Empty);
            Values::of(Some(compared.target), &exchange.request.headers, &content)
        })?;
        let ids = values.ids.into_iter();
        Ok(ids.filter(|it| chosen.contains(&Key::of(it))).collect())
    }
}

/// The second elements of the sorted pairs with this first element.
fn seconds<T: Copy>(pairs: &[(usize, T)], first: usize) -> impl Iterator<Item = T> {
    let from = pairs.partition_point(|(other, _)| *other < first);
    pairs[from..]
        .iter()
        .take_while(move |(other, _)| *other == first)
        .map(|(_, second)| *second)
}

/// Pairs of an exchange and a notification that it caused; and the notifications that none caused.
fn causes(reads: &[Read], groups: &[u32]) -> (Vec<(usize, usize)>, Vec<usize>) {
    let (mut caused, mut uncaused) = (Vec::new(), Vec::new());
    let index_of: HashMap<u64, usize> = reads
        .iter()
        .enumerate()
        .map(|(index, it)| (it.line.number, index))
        .collect();
    let is_request = |index: &usize| reads[*index].line.direction == Direction::Request;
    let mut last_of: HashMap<u32, usize> = HashMap::new();
    for (index, read) in reads.iter().enumerate() {
        if is_request(&index) {
            last_of.insert(groups[index], index);
            continue;
        }
        let recorded = read.cause.and_then(|cause| index_of.get(&cause).copied());
        match recorded
            .filter(is_request)
            .or_else(|| last_of.get(&groups[index]).copied())
        {
            Some(cause) => caused.push((cause, index)),
            None => uncaused.push(index),
        }
    }
    caused.sort_unstable();
    (caused, uncaused)
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
        assert!(lost.contains("differs"), "{lost}");
    }
}
