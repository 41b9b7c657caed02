//! What a replay has found so far.

mod normalized;

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use self::normalized::kept;
use crate::api::party::Party;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::judge::verdict::{
    Basis, ScenarioResult, Source, Traffic, TrafficMessage, Verdict, Violation,
};
use crate::replay::matching::comparison::{Difference, Part};
use crate::replay::recording::Index;
use crate::replay::values::mapping::Mapping;

/// How many messages are kept for the report: the last ones.
const KEPT: usize = 100;

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The result, in the place of a scenario's: what departs is at an exchange, not at a step.
    pub result: ScenarioResult,
    /// The whole conversation in the order of the recording, without values of this run; empty where
    /// it was not [kept](crate::replay::service::Service::keep_conversation).
    pub conversation: Vec<Traffic>,
    /// How many exchanges were played.
    pub played: usize,
}

#[derive(Debug)]
pub(in crate::replay) struct Record {
    role: Party,
    pub failures: Vec<Violation>,
    notes: Vec<String>,
    traffic: Vec<Sent>,
    /// How many messages were there before those that are kept.
    dropped: usize,
    pub keeps_all: bool,
    pub played: usize,
    /// The verdict, and its reason, where something else than the messages decides.
    pub aside: Option<(Verdict, String)>,
}

/// A message, and what it was taken for.
#[derive(Debug)]
struct Sent {
    from: Party,
    place: Option<Place>,
    message: Message,
}

/// A message, which need not be read before it is shown.
pub(in crate::replay) enum Message {
    Read(TrafficMessage),
    Unread(Unread),
}

/// Reads a message.
pub type Unread = Box<dyn FnOnce() -> TrafficMessage + Send>;

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(message) => message.fmt(f),
            Self::Unread(_) => f.write_str("Unread"),
        }
    }
}

impl From<TrafficMessage> for Message {
    fn from(message: TrafficMessage) -> Self {
        Self::Read(message)
    }
}

impl From<Unread> for Message {
    fn from(message: Unread) -> Self {
        Self::Unread(message)
    }
}

/// Where a message stands in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::replay) struct Place {
    /// The place of its exchange.
    pub exchange: usize,
    /// Which of the messages it is that are taken for this exchange.
    pub part: usize,
}

impl Place {
    /// The place of an exchange.
    pub(in crate::replay) const fn of(exchange: usize) -> Self {
        Self { exchange, part: 0 }
    }
}

impl Sent {
    fn shown(self, recorded: &Index) -> Traffic {
        let number = self.place.map(|it| recorded.number(it.exchange));
        Traffic {
            from: self.from,
            step: number.and_then(|it| usize::try_from(it).ok()),
            message: match self.message {
                Message::Read(message) => message,
                Message::Unread(read) => read(),
            },
        }
    }
}

impl Record {
    pub(in crate::replay) const fn new(role: Party) -> Self {
        Self {
            role,
            failures: Vec::new(),
            notes: Vec::new(),
            traffic: Vec::new(),
            dropped: 0,
            keeps_all: false,
            played: 0,
            aside: None,
        }
    }

    /// Something that departs at an exchange, by its place in the recording.
    pub(in crate::replay) fn report(
        &mut self,
        recorded: &Index,
        index: usize,
        rule: Rule,
        (expected, actual): (Value, Value),
        message: String,
    ) {
        let number = recorded.number(index);
        self.failures.push(Violation {
            rule,
            level: Level::Must,
            requirement: Basis::Exchange(number),
            step: None,
            pointer: Pointer::root(),
            expected,
            actual,
            source: Source {
                file: recorded.file().to_owned(),
                line: recorded.line(index),
            },
            message,
        });
    }

    /// What a comparison found at an exchange.
    pub(in crate::replay) fn differ(
        &mut self,
        recorded: &Index,
        index: usize,
        rule: Rule,
        differences: Vec<Difference>,
    ) {
        for difference in differences {
            let place = match (difference.part, difference.pointer.as_str()) {
                (Part::RequestLine, _) => "the request line".to_owned(),
                (Part::Body, "") => "the body".to_owned(),
                (Part::Body, pointer) => pointer.to_owned(),
            };
            let what = if difference.actual.is_null() {
                "is missing"
            } else {
                "is not what was recorded"
            };
            let pair = (difference.expected, difference.actual);
            self.report(recorded, index, rule, pair, format!("{place} {what}"));
            if let Some(last) = self.failures.last_mut() {
                last.pointer = difference.pointer;
            }
        }
    }

    /// An exchange that broke, or did not end in time, with the status that was recorded.
    pub(in crate::replay) fn broken(
        &mut self,
        recorded: &Index,
        index: usize,
        (rule, expected): (Rule, Option<u16>),
        message: String,
    ) {
        let pair = (json!(expected), Value::Null);
        self.report(recorded, index, rule, pair, message);
    }

    pub(in crate::replay) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Keeps a message, with its place where that is known. Returns how many came before it.
    pub(in crate::replay) fn traffic(
        &mut self,
        from: Party,
        place: Option<Place>,
        message: impl Into<Message>,
    ) -> usize {
        if !self.keeps_all && self.traffic.len() >= 2 * KEPT {
            self.traffic.drain(..KEPT);
            self.dropped += KEPT;
        }
        self.traffic.push(Sent {
            from,
            place,
            message: message.into(),
        });
        self.dropped + self.traffic.len() - 1
    }

    /// Where a message belongs that came after so many others; of several places the first.
    pub(in crate::replay) fn place(&mut self, message: usize, place: Place) {
        let message = message.checked_sub(self.dropped);
        if let Some(message) = message.and_then(|it| self.traffic.get_mut(it)) {
            message.place = Some(message.place.map_or(place, |other| other.min(place)));
        }
    }

    /// The end. `name` stands in the place of a scenario's id.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub(in crate::replay) fn finish(
        &mut self,
        recorded: &Index,
        mapping: &Mapping,
        name: &str,
        elapsed: Duration,
    ) -> Result<Replayed, Diagnostic> {
        let traffic = std::mem::take(&mut self.traffic);
        let places: Vec<_> = traffic.iter().map(|it| it.place).collect();
        let (last, conversation) = if self.keeps_all {
            let shown = traffic.into_iter().map(|it| it.shown(recorded));
            let whole: Vec<Traffic> = shown.collect();
            let last = whole[whole.len().saturating_sub(KEPT)..].to_vec();
            // What was taken for nothing comes last.
            let mut ordered: Vec<_> = places.into_iter().zip(whole).collect();
            ordered.sort_by_key(|(place, _)| (place.is_none(), *place));
            let whole = ordered.into_iter().map(|(_, message)| message).collect();
            (last, kept(whole, recorded, mapping)?)
        } else {
            let passed = traffic.len().saturating_sub(KEPT);
            let last = traffic.into_iter().skip(passed);
            (last.map(|it| it.shown(recorded)).collect(), Vec::new())
        };
        let (verdict, reason) = self.verdict();
        Ok(Replayed {
            conversation,
            result: ScenarioResult {
                scenario: name.to_owned(),
                role: self.role,
                verdict,
                reason,
                duration_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                failures: std::mem::take(&mut self.failures),
                warnings: Vec::new(),
                notes: std::mem::take(&mut self.notes),
                traffic: last,
                bound: Vec::new(),
                checked: Vec::new(),
            },
            played: self.played,
        })
    }

    fn verdict(&mut self) -> (Verdict, String) {
        if let Some(aside) = self.aside.take() {
            aside
        } else if !self.failures.is_empty() {
            (Verdict::Fail, String::new())
        } else if self.played == 0 {
            (Verdict::Inconclusive, "nothing was played".to_owned())
        } else {
            (Verdict::Pass, String::new())
        }
    }
}
