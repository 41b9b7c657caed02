//! The messages of a conversation as HTML: drawn as a sequence, and one by one with their bodies.

use askama::Template;
use serde_json::Value;

use super::sequence::{self, Drawing, Part};
use super::tree::{self, Line};
use crate::api::identifier::is_guid;
use crate::api::party::Party;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Headers};
use crate::judge::verdict::{ScenarioResult, Traffic, TrafficMessage, Violation};
use crate::report::conversation::{Names, kind, shown_field, status_line};

/// The longest label of an arrow, in characters.
const LONGEST_LABEL: usize = 64;

#[derive(Template)]
#[template(path = "conversation.html")]
pub(super) struct Conversation {
    /// The beginning of the ids of its messages.
    id: String,
    drawing: Drawing,
    messages: Vec<Message>,
}

/// A message, or an event.
#[derive(Debug)]
pub(super) struct Message {
    pub number: usize,
    pub from: Party,
    pub kind: &'static str,
    pub is_event: bool,
    pub injected: bool,
    pub class: String,
    /// The start line, or the sentence of an event.
    pub start: String,
    /// The same in short, with bound values by name.
    pub label: String,
    /// Since the first message.
    pub time: String,
    /// The numbers of the violations that it has.
    pub violations: Vec<usize>,
    /// The same with their rules.
    pub marks: Vec<String>,
    pub is_open: bool,
    fields: Vec<(String, String)>,
    body: Vec<Line>,
}

impl Conversation {
    /// The messages of a result, with its violations at their message. `id` is that of the result.
    pub(super) fn of_result(id: String, result: &ScenarioResult, part: Part) -> Self {
        let violations: Vec<_> = result.failures.iter().chain(&result.warnings).collect();
        let traffic = in_order(&result.traffic);
        let places = violations.iter().map(|it| place(it, &traffic, result.role));
        let places: Vec<_> = places.collect();
        let names = Names::new(&result.bound);
        Self::new(id, &traffic, part, &names, |at| {
            let numbered = (1..).zip(violations.iter().zip(&places));
            let own = numbered.filter(|(_, (_, place))| **place == Some(at));
            own.map(|(number, (violation, _))| (number, *violation))
                .collect()
        })
    }

    /// The messages of a recording.
    pub(super) fn of_recording(id: String, traffic: &[Traffic]) -> Self {
        let traffic = in_order(traffic);
        Self::new(id, &traffic, Part::Observes, &Names::NONE, |_| Vec::new())
    }

    fn new<'v>(
        id: String,
        traffic: &[&Traffic],
        part: Part,
        names: &Names,
        broken: impl Fn(usize) -> Vec<(usize, &'v Violation)>,
    ) -> Self {
        let begun = traffic.iter().find_map(|it| it.at_ms);
        let numbered = traffic.iter().enumerate();
        let messages = numbered.map(|(at, it)| message(at, it, begun, names, &broken(at)));
        let messages: Vec<_> = messages.collect();
        Self {
            id,
            drawing: sequence::draw(&messages, part),
            messages,
        }
    }
}

/// The messages in the order of time, where it is known. Those of one time keep their order.
fn in_order(traffic: &[Traffic]) -> Vec<&Traffic> {
    let mut ordered: Vec<_> = traffic.iter().collect();
    ordered.sort_by_key(|it| it.at_ms);
    ordered
}

/// The message of a violation: the last one of its step from the judged party, else the last one of its step.
fn place(violation: &Violation, traffic: &[&Traffic], judged: Party) -> Option<usize> {
    let step = violation.step?;
    let of_step = |at: &usize| traffic[*at].step == Some(step);
    let last = |is_own: bool| {
        let mut places = (0..traffic.len()).rev().filter(of_step);
        places.find(|at| !is_own || traffic[*at].from == judged)
    };
    last(true).or_else(|| last(false))
}

fn message(
    at: usize,
    traffic: &Traffic,
    begun: Option<u64>,
    names: &Names,
    broken: &[(usize, &Violation)],
) -> Message {
    let none = Headers::new();
    let (start, label, headers, body) = match &traffic.message {
        TrafficMessage::Request(it) => {
            let start = format!("{} {}", it.method, it.target);
            let target = it.target.split('?').next().unwrap_or_default();
            let label = match change(&it.body) {
                Some(change) if traffic.from == Party::Service => change,
                _ => format!("{} {target}", it.method),
            };
            (start, label, &it.headers, &it.body)
        }
        TrafficMessage::Response(it) => {
            let label = match state(it.body.json()) {
                Some(state) => format!("{} {state}", it.status),
                None => it.status.to_string(),
            };
            (status_line(it.status), label, &it.headers, &it.body)
        }
        TrafficMessage::Event(text) => {
            let first = text.lines().next().unwrap_or_default();
            (text.clone(), first.to_owned(), &none, &Body::Empty)
        }
    };
    let kind = kind(traffic);
    let mut class = kind.to_owned();
    if traffic.injected {
        class.push_str(" injected");
    }
    if !broken.is_empty() {
        class.push_str(" broken");
    }
    let pointers: Vec<&Pointer> = broken.iter().map(|(_, it)| &it.pointer).collect();
    let time = traffic.at_ms.zip(begun);
    let time = time.map(|(at, begun)| format!("+{} ms", at.saturating_sub(begun)));
    let fields = headers.iter();
    let fields = fields.map(|(name, value)| (name.to_owned(), shown_field(name, value)));
    Message {
        number: at + 1,
        from: traffic.from,
        kind,
        is_event: matches!(traffic.message, TrafficMessage::Event(_)),
        injected: traffic.injected,
        class,
        start,
        label: shortened(&with_short_guids(&names.in_text(&label))),
        time: time.unwrap_or_default(),
        violations: broken.iter().map(|(number, _)| *number).collect(),
        marks: broken
            .iter()
            .map(|(number, it)| format!("{number} {}", it.rule))
            .collect(),
        is_open: !broken.is_empty(),
        fields: fields.collect(),
        body: tree::lines(body, &pointers),
    }
}

/// What a notification says of its first change: `updated …/calls/{call} established`, and how many others it has.
fn change(body: &Body) -> Option<String> {
    let changes = body.json()?.get("value")?.as_array()?;
    let first = changes.first()?;
    let word = first.get("changeType")?.as_str()?;
    let resource = first.get("resource")?.as_str()?;
    let mut text = format!("{word} {resource}");
    if let Some(state) = state(first.get("resourceData")) {
        text.extend([" ", state]);
    }
    if changes.len() > 1 {
        let others = changes.len() - 1;
        text.extend([" and ", &others.to_string(), " more"]);
    }
    Some(text)
}

/// The state of a call, or the status of an operation.
fn state(body: Option<&Value>) -> Option<&str> {
    let body = body?;
    let named = ["state", "status"].iter().find_map(|it| body.get(it));
    named?.as_str()
}

/// A text in which each GUID is its first digits.
fn with_short_guids(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut short = String::with_capacity(text.len());
    for word in text.split_inclusive(|c| !is_part(c)) {
        let guid = word.trim_end_matches(|c| !is_part(c));
        if is_guid(guid) {
            short.extend([&guid[..8], "…", &word[guid.len()..]]);
        } else {
            short.push_str(word);
        }
    }
    short
}

/// A text of which the middle is left out if it is long.
fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONGEST_LABEL {
        return text.to_owned();
    }
    let half = LONGEST_LABEL / 2;
    let begin: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(length - half).collect();
    format!("{begin}…{end}")
}
