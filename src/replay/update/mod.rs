//! Updates a cassette: the messages of a live party replace the recorded ones.
//!
//! The line of an exchange stays unchanged if the live message differs only where it may. Otherwise only this message
//! is replaced. Its values of this run become recorded values, so that the difference of the two files shows only what
//! has changed.

mod message;
mod part;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

pub(crate) use self::message::LiveMessage;
use self::message::omitted_length;
use self::part::Part;
use super::matching::compared::ComparedRequest;
use super::outgoing::OutgoingRequest;
use super::recording::Index;
use super::translation::Translation;
use super::values::mapping::Mapping;
use crate::api::party::Party;
use crate::cassette::causes::{Causes, links};
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::raw::RawExchange;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::json::{locate, parse};
use crate::redact::{Redactor, UnredactedExchange};

/// The live messages of a replay.
#[derive(Debug)]
pub(crate) struct Update {
    redactor: Redactor,
    /// The party whose messages are new.
    live: Party,
    /// The message that takes the place of the recorded one of each exchange.
    taken: HashMap<usize, LiveMessage>,
    /// The requests of exchanges whose answers are new, as they were sent.
    sent: HashMap<usize, LiveMessage>,
    /// The messages that brought notifications, by their number in the outcome.
    messages: BTreeMap<usize, LiveMessage>,
    entries: Vec<Entry>,
    /// The number of entries of each recorded notification.
    expected: HashMap<usize, usize>,
    /// What has no place in the recording, a line each.
    unplaced: Vec<String>,
}

/// An entry of a live notification.
#[derive(Debug, Clone)]
struct Entry {
    message: usize,
    /// The recorded exchange, and the number of the entry that it is there; none if it was not recorded.
    place: Option<(usize, usize)>,
    value: Value,
}

/// The line of an exchange after a replay.
enum Line {
    Same,
    Changed(Vec<u8>),
}

/// The cassette after a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Updated {
    pub text: Vec<u8>,
    /// The numbers of the exchanges that have changed.
    pub changed: Vec<u64>,
    /// The numbers of those that were not recorded.
    pub added: Vec<u64>,
    /// What could not be played, a line each. The file must stay as it is.
    pub left: Vec<String>,
    /// The number of recorded exchanges.
    pub exchanges: usize,
}

impl Update {
    pub(crate) fn new(live: Party, redactor: Redactor) -> Self {
        Self {
            redactor,
            live,
            taken: HashMap::new(),
            sent: HashMap::new(),
            messages: BTreeMap::new(),
            entries: Vec::new(),
            expected: HashMap::new(),
            unplaced: Vec::new(),
        }
    }

    pub(super) fn cannot_place(&mut self, what: String) {
        self.unplaced.push(what);
    }

    /// A recorded notification has another entry.
    pub(super) fn expect_entry(&mut self, exchange: usize) {
        *self.expected.entry(exchange).or_default() += 1;
    }

    /// A request went out. Its secrets may come back.
    pub(super) fn sent(&mut self, request: &OutgoingRequest) {
        let message = LiveMessage {
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.message.headers.clone(),
            body: request.message.body.clone(),
            ..LiveMessage::default()
        };
        self.sent.insert(request.exchange, message);
    }

    pub(super) fn take(&mut self, exchange: usize, message: LiveMessage) {
        self.taken.insert(exchange, message);
    }

    /// A message with notifications came.
    pub(super) fn notified(&mut self, number: usize, message: LiveMessage) {
        self.messages.insert(number, message);
    }

    /// An entry of a message found its place, or was not recorded.
    pub(super) fn entry(&mut self, message: usize, place: Option<(usize, usize)>, value: &Value) {
        self.entries.push(Entry {
            message,
            place,
            value: value.clone(),
        });
    }

    /// Gives entries that were not recorded the places of recorded ones that did not come. `find` looks for
    /// one that is not among those that came.
    pub(super) fn place_changed(
        &mut self,
        find: impl Fn(&Value, &HashSet<usize>) -> Option<(usize, usize)>,
    ) {
        let placed = self.entries.iter().filter_map(|it| it.place);
        let mut placed: HashSet<usize> = placed.map(|(_, entry)| entry).collect();
        for entry in self.entries.iter_mut().filter(|it| it.place.is_none()) {
            entry.place = find(&entry.value, &placed);
            placed.extend(entry.place.map(|(_, entry)| entry));
        }
    }

    /// The cassette with the live messages of the exchanges that were to be played. `mapping` is what the
    /// replay has learnt.
    /// Errors: the file was changed.
    pub(super) fn updated(
        mut self,
        index: &Index,
        mapping: &Mapping,
        is_played: impl Fn(usize) -> bool,
    ) -> Result<Updated, Diagnostic> {
        let mut left = std::mem::take(&mut self.unplaced);
        let (back, known) = (mapping.reversed(), mapping.of_recorded());
        let mut changes = Vec::new();
        for exchange in (0..index.len()).filter(|it| is_played(*it)) {
            let is_notified = self.expected.contains_key(&exchange);
            let taken = if is_notified {
                self.notification(exchange)
            } else {
                self.taken.remove(&exchange)
            };
            let line = match taken {
                Some(message) => self.change(index, exchange, &message, [&back, &known])?,
                None => None,
            };
            match line {
                Some(Line::Same) => {}
                Some(Line::Changed(line)) => changes.push((exchange, line)),
                None => left.push(not_played(index, exchange)?),
            }
        }
        let mut updated = Updated {
            text: index.text()?,
            changed: changes.iter().map(|(at, _)| index.number(*at)).collect(),
            added: Vec::new(),
            left,
            exchanges: index.len(),
        };
        changes.sort_by_key(|(at, _)| std::cmp::Reverse(index.range(*at).start));
        for (exchange, line) in changes {
            updated.text.splice(index.range(exchange), line);
        }
        self.add_new(index, &back, &mut updated)?;
        Ok(updated)
    }

    /// The message of a recorded notification: the live one, or one of the live entries, in the recorded
    /// order.
    fn notification(&self, exchange: usize) -> Option<LiveMessage> {
        let of_exchange = |it: &&Entry| it.place.is_some_and(|(own, _)| own == exchange);
        let mut entries: Vec<&Entry> = self.entries.iter().filter(of_exchange).collect();
        entries.sort_by_key(|it| it.place);
        let first = *entries.first()?;
        if Some(&entries.len()) != self.expected.get(&exchange) {
            return None;
        }
        let message = self.messages.get(&first.message)?;
        let all = self.entries.iter().filter(|it| it.message == first.message);
        let all: Vec<_> = all.map(|it| it.place).collect();
        if all.iter().eq(entries.iter().map(|it| &it.place)) {
            return Some(message.clone());
        }
        Some(message_of(message, entries.iter().map(|it| &it.value)))
    }

    /// The line of an exchange with the live message in it; none if no line can have it. `back` makes
    /// recorded values of live ones; `known` has the recorded ones.
    fn change(
        &self,
        index: &Index,
        exchange: usize,
        message: &LiveMessage,
        [back, known]: [&Mapping; 2],
    ) -> Result<Option<Line>, Diagnostic> {
        let rules = index.rules_of(exchange)?;
        let line = index.line_text(exchange)?;
        index.load_raw(exchange, |recorded| {
            let part = match (self.live, recorded.direction) {
                (Party::Service, Direction::Request) | (Party::Bot, Direction::Notification) => {
                    Part::Response
                }
                _ => Part::Request,
            };
            let anew = self.line(recorded, exchange, message, part, back);
            let read = serde_json::from_str::<RawExchange<'_>>(&anew).ok()?;
            if part.is_same(&rules, known, [recorded, &read]) {
                return Some(Line::Same);
            }
            let pointer = part.pointer();
            let within = |text: &str| {
                let document = parse(text).ok().flatten()?;
                Some(locate(&document, &pointer)?.value)
            };
            let (old, new) = (within(&line)?, within(&anew)?);
            let text = format!("{}{}{}", &line[..old.start], &anew[new], &line[old.end..]);
            Some(Line::Changed(text.into_bytes()))
        })
    }

    /// A line with the live message, redacted.
    fn line(
        &self,
        recorded: &RawExchange<'_>,
        exchange: usize,
        message: &LiveMessage,
        part: Part,
        back: &Mapping,
    ) -> String {
        let host = ComparedRequest::recorded(&recorded.request).host;
        let scheme = recorded.request.wire.scheme.as_deref().unwrap_or("http");
        let base = host.map(|it| format!("{scheme}://{it}"));
        let translation = Translation {
            mapping: back,
            moved: base.as_deref().map(|base| (&message.own, base)),
        };
        let mut live = message.clone();
        if part == Part::Request {
            live.keep_host(&recorded.request);
        }
        let translated = live.translated(&translation, omitted_length(recorded, part));
        let sent = self.sent.get(&exchange);
        let sent = sent.map(|it| (it.target.as_str(), it.translated(&translation, None)));
        let nothing = LiveMessage::default();
        let target = match recorded.direction {
            Direction::Request => back.translated(&message.target),
            // Confcall's callback stands for the recorded one.
            Direction::Notification => recorded.request.target.to_string(),
        };
        let (method, target, request, response) = match part {
            Part::Request => {
                let mut request = translated;
                let wire = &recorded.request.wire;
                request.wire.scheme.clone_from(&wire.scheme);
                request.wire.authority.clone_from(&wire.authority);
                (&*message.method, &*target, request, None)
            }
            Part::Response => {
                let nothing = || ("/", nothing.translated(&translation, None));
                let (target, request) = sent.unwrap_or_else(nothing);
                let response = Some((message.status, translated));
                (&*recorded.request.method, target, request, response)
            }
        };
        self.redacted(&UnredactedExchange {
            number: recorded.number,
            direction: recorded.direction,
            cause: None,
            at_ms: recorded.at_ms,
            took_ms: recorded.took_ms,
            method,
            target,
            request,
            response,
            broke: None,
        })
    }

    fn redacted(&self, exchange: &UnredactedExchange<'_>) -> String {
        let line = self.redactor.line(exchange);
        String::from_utf8_lossy(line.get().as_bytes()).into_owned()
    }

    /// Adds the notifications that were not recorded, at the end.
    fn add_new(
        &self,
        index: &Index,
        back: &Mapping,
        updated: &mut Updated,
    ) -> Result<(), Diagnostic> {
        let is_new = |it: &&Entry| it.place.is_none();
        let mut of_message: BTreeMap<usize, Vec<&Value>> = BTreeMap::new();
        for entry in self.entries.iter().filter(is_new) {
            of_message
                .entry(entry.message)
                .or_default()
                .push(&entry.value);
        }
        if of_message.is_empty() {
            return Ok(());
        }
        let mut causes = Causes::default();
        let (mut number, mut at_ms) = (0, 0);
        for exchange in 0..index.len() {
            let Exchange {
                direction,
                request,
                response,
                ..
            } = index.load(exchange)?;
            number = index.number(exchange);
            at_ms = at_ms.max(index.times(exchange).0);
            let compared = links(&request.target, &request.headers, request.body.json());
            causes.note(direction, number, &compared);
            if let Some(response) = response {
                let answered = links("", &response.headers, response.body.json());
                causes.note(direction, number, &answered);
            }
        }
        if !updated.text.ends_with(b"\n") {
            updated.text.push(b'\n');
        }
        for (message, values) in of_message {
            let Some(message) = self.messages.get(&message) else {
                continue;
            };
            let message = message_of(message, values);
            let json = serde_json::from_slice(&message.body).ok();
            number = number.saturating_add(1);
            let translation = Translation {
                mapping: back,
                moved: None,
            };
            let translated = message.translated(&translation, None);
            let text = back.translated_json(&json.unwrap_or_default());
            let links = links(&message.target, &message.headers, Some(&text));
            let line = self.redacted(&UnredactedExchange {
                number,
                direction: Direction::Notification,
                cause: causes.of(Direction::Notification, number, &links),
                at_ms,
                took_ms: 0,
                method: &message.method,
                target: &message.target,
                request: translated,
                response: Some((
                    ACKNOWLEDGED,
                    LiveMessage::default().translated(&translation, None),
                )),
                broke: None,
            });
            updated.text.extend_from_slice(line.as_bytes());
            updated.text.push(b'\n');
            updated.added.push(number);
        }
        Ok(())
    }
}

const ACKNOWLEDGED: u16 = 202;

/// The message with these entries in the place of its own.
fn message_of<'a>(
    message: &LiveMessage,
    values: impl IntoIterator<Item = &'a Value>,
) -> LiveMessage {
    let values: Vec<&Value> = values.into_iter().collect();
    let body = match serde_json::from_slice::<Value>(&message.body) {
        Ok(Value::Object(mut body)) if body.contains_key("value") => {
            body.insert("value".to_owned(), json!(values));
            Value::Object(body)
        }
        // A message without a list is one entry.
        _ => json!(values.first()),
    };
    LiveMessage {
        body: body.to_string().into(),
        ..message.clone()
    }
}

fn not_played(index: &Index, exchange: usize) -> Result<String, Diagnostic> {
    let number = index.number(exchange);
    let reason = match index.direction(exchange) {
        Direction::Request => "could not be played",
        Direction::Notification => "did not arrive completely",
    };
    index.load_raw(exchange, |it| {
        format!(
            "exchange {number}, {} {}, {reason}",
            it.request.method, it.request.target
        )
    })
}
