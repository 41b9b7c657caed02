//! The result of a replay so far: failures, notes, the messages for the report, and the verdict.

mod normalized;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use self::normalized::normalize;
use super::matching::comparison::{Difference, Part};
use super::recording::Index;
use super::update::Updated;
use super::values::mapping::Mapping;
use crate::api::party::Party;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::judge::verdict::{
    Basis, ScenarioResult, Source, Traffic, TrafficMessage, Verdict, Violation,
};

/// The number of last messages in the report.
const SHOWN: usize = 100;

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// Its violations are at exchanges, not at steps.
    pub result: ScenarioResult,
    /// The whole conversation, normalized, in the order of the recording. Empty unless all messages
    /// are kept ([`Messages::All`]).
    pub conversation: Vec<Traffic>,
    pub played: usize,
    pub end: End,
    pub differing: Vec<Differing>,
    /// The cassette with the live messages, where it was asked for.
    pub updated: Option<Updated>,
}

impl Replayed {
    /// Notes that the recording is torn, which is therefore not written anew.
    pub(crate) fn torn(&mut self, why: &str) {
        self.result.notes.push(why.to_owned());
        if let Some(updated) = &mut self.updated {
            updated.left.push(why.to_owned());
        }
    }
}

/// A difference from an exchange, and the index of its violation in the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Differing {
    pub exchange: usize,
    pub difference: Difference,
    pub failure: usize,
}

/// How a replay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Everything was played, or nothing happened for the deadline.
    ByItself,
    /// It was stopped before everything was played: what is missing might have come.
    Stopped,
}

/// The messages that a replay keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Messages {
    /// The last ones, for the report.
    Last,
    /// All of them, to compare the conversation with an accepted one.
    All,
}

/// Is called with each message once it was sent or received, before it is compared: most have no exchange yet.
pub(crate) struct Watcher(pub Box<dyn Fn(Traffic) + Send>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

#[derive(Debug)]
pub(super) struct Outcome {
    role: Party,
    pub watcher: Option<Watcher>,
    pub failures: Vec<Violation>,
    differing: Vec<Differing>,
    notes: Vec<String>,
    messages: Messages,
    traffic: Vec<Entry>,
    /// The messages dropped before those in `traffic`.
    dropped: usize,
    pub played: usize,
    /// True if a request came whose recorded answer cannot be given.
    pub lacks_answer: bool,
    /// The verdict and its reason, if the messages do not decide it.
    pub decided: Option<(Verdict, String)>,
}

#[derive(Debug)]
struct Entry {
    from: Party,
    place: Option<Place>,
    message: Message,
}

/// A message. It is parsed when it is shown.
pub(super) enum Message {
    Parsed(TrafficMessage),
    Unparsed(Unparsed),
}

pub(crate) type Unparsed = Box<dyn FnOnce() -> TrafficMessage + Send>;

impl Message {
    fn parsed(self) -> TrafficMessage {
        match self {
            Self::Parsed(message) => message,
            Self::Unparsed(parse) => parse(),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parsed(message) => message.fmt(f),
            Self::Unparsed(_) => f.write_str("Unparsed"),
        }
    }
}

impl From<TrafficMessage> for Message {
    fn from(message: TrafficMessage) -> Self {
        Self::Parsed(message)
    }
}

impl From<Unparsed> for Message {
    fn from(message: Unparsed) -> Self {
        Self::Unparsed(message)
    }
}

/// A position in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub exchange: usize,
    /// Orders the messages that match parts of one exchange.
    pub part: usize,
}

impl Place {
    pub(super) const fn of(exchange: usize) -> Self {
        Self { exchange, part: 0 }
    }
}

/// The name of a field as the standards write it.
fn field_name(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

impl Entry {
    fn shown(self, recorded: &Index) -> Traffic {
        let number = self.place.map(|it| recorded.number(it.exchange));
        let step = number.and_then(|it| usize::try_from(it).ok());
        Traffic::new(self.from, step, self.message.parsed())
    }
}

impl Outcome {
    pub(super) const fn new(role: Party, messages: Messages) -> Self {
        Self {
            role,
            watcher: None,
            failures: Vec::new(),
            differing: Vec::new(),
            notes: Vec::new(),
            messages,
            traffic: Vec::new(),
            dropped: 0,
            played: 0,
            lacks_answer: false,
            decided: None,
        }
    }

    pub(super) fn fail(
        &mut self,
        recorded: &Index,
        exchange: usize,
        rule: Rule,
        (expected, actual): (Value, Value),
        message: String,
    ) {
        let number = recorded.number(exchange);
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
                line: recorded.line(exchange),
            },
            message,
        });
    }

    /// Adds the differences of a live message from an exchange, each by the rule of its part.
    pub(super) fn fail_by(
        &mut self,
        recorded: &Index,
        exchange: usize,
        rule: impl Fn(&Part) -> Rule,
        differences: Vec<Difference>,
    ) {
        for difference in differences {
            let rule = rule(&difference.part);
            let place = match (&difference.part, difference.pointer.as_str()) {
                (Part::RequestLine, _) => "the request line".to_owned(),
                (Part::Header(name), _) => field_name(name),
                (Part::Body, "") => "the body".to_owned(),
                (Part::Body, pointer) => pointer.to_owned(),
            };
            let what = match &difference.actual {
                None => "is missing",
                Some(Value::Null) => "is null",
                Some(_) => "differs from the recording",
            };
            let actual = difference.actual.clone().unwrap_or_default();
            let pair = (difference.expected.clone(), actual);
            let failure = self.failures.len();
            self.fail(recorded, exchange, rule, pair, format!("{place} {what}"));
            if let Some(last) = self.failures.last_mut() {
                last.pointer = difference.pointer.clone();
            }
            self.differing.push(Differing {
                exchange,
                difference,
                failure,
            });
        }
    }

    /// Adds a note, unless it is there already.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Returns the number of the message.
    pub(super) fn message(
        &mut self,
        from: Party,
        place: Option<Place>,
        message: impl Into<Message>,
    ) -> usize {
        if self.messages == Messages::Last && self.traffic.len() >= 2 * SHOWN {
            self.traffic.drain(..SHOWN);
            self.dropped += SHOWN;
        }
        let mut message = message.into();
        if let Some(Watcher(watch)) = &self.watcher {
            let parsed = message.parsed();
            watch(Traffic::new(from, None, parsed.clone()));
            message = Message::Parsed(parsed);
        }
        self.traffic.push(Entry {
            from,
            place,
            message,
        });
        self.dropped + self.traffic.len() - 1
    }

    /// Sets the place of the message with this number; of several places, the first counts.
    pub(super) fn place(&mut self, number: usize, place: Place) {
        let index = number.checked_sub(self.dropped);
        if let Some(message) = index.and_then(|it| self.traffic.get_mut(it)) {
            message.place = Some(message.place.map_or(place, |other| other.min(place)));
        }
    }

    /// `name` replaces the id of a scenario in the result.
    pub(super) fn finish(
        &mut self,
        (recorded, mapping): (&Index, &Mapping),
        updated: Option<Updated>,
        (name, elapsed, end): (&str, Duration, End),
    ) -> Result<Replayed, Diagnostic> {
        let traffic = std::mem::take(&mut self.traffic);
        let passed = traffic.len().saturating_sub(SHOWN);
        let (last, conversation) = match self.messages {
            Messages::Last => {
                let last = traffic.into_iter().skip(passed);
                (last.map(|it| it.shown(recorded)).collect(), Vec::new())
            }
            Messages::All => {
                let shown = traffic.into_iter();
                let shown = shown.map(|it| (it.place, it.shown(recorded)));
                let mut all: Vec<(Option<Place>, Traffic)> = shown.collect();
                let last = all[passed..].iter().map(|(_, message)| message.clone());
                let last = last.collect();
                // Messages that match nothing come last.
                all.sort_by_key(|(place, _)| (place.is_none(), *place));
                let all = all.into_iter().map(|(_, message)| message).collect();
                (last, normalize(all, recorded, mapping)?)
            }
        };
        let (verdict, reason) = self.verdict(end);
        Ok(Replayed {
            conversation,
            differing: std::mem::take(&mut self.differing),
            updated,
            result: ScenarioResult {
                duration_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                failures: std::mem::take(&mut self.failures),
                notes: std::mem::take(&mut self.notes),
                traffic: last,
                ..ScenarioResult::new(name, self.role, verdict, reason)
            },
            played: self.played,
            end,
        })
    }

    fn verdict(&mut self, end: End) -> (Verdict, String) {
        if let Some(decided) = self.decided.take() {
            decided
        } else if !self.failures.is_empty() {
            (Verdict::Fail, String::new())
        } else if self.lacks_answer {
            let reason = "a request was answered 502, because its exchange cannot be replayed";
            (Verdict::Inconclusive, reason.to_owned())
        } else if end == End::Stopped {
            let reason = "the replay was interrupted before everything was played";
            (Verdict::Inconclusive, reason.to_owned())
        } else if self.played == 0 {
            (Verdict::Inconclusive, "nothing was played".to_owned())
        } else {
            (Verdict::Pass, String::new())
        }
    }
}
