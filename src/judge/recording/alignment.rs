//! Values of a scenario's variables, read from recorded messages.

use std::borrow::Cow;

use serde_json::Value;

use super::segment::Segment;
use super::transcript::{CapturedExchange, Transcript};
use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::api::template;
use crate::cassette::format::Direction;
use crate::contract::change;
use crate::contract::change::Signature;
use crate::contract::shape::lookup;
use crate::http::message::{Body, Headers};
use crate::judge::Case;
use crate::judge::bindings::{Bindings, Variables};
use crate::judge::people::call_of;
use crate::scenario::format::{HeaderFields, NotificationStep, Step};

/// The exchange of each step's message.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// By index of the step.
    exchange_of: Vec<Option<usize>>,
}

impl Alignment {
    /// Assigns steps to the exchanges of a segment: requests as the segment has them, answers with
    /// their requests, notifications in recorded order.
    pub(super) fn new(case: &Case, transcript: &Transcript, segment: &Segment) -> Self {
        let script = &case.scenario.script;
        let mut requests = segment.requests.iter();
        let mut taken = vec![0_usize; segment.exchanges.len()];
        let mut request = None;
        let steps = script.steps.iter().enumerate();
        let exchange_of = steps
            .map(|(at, step)| match step {
                Step::Request(_) => {
                    request = requests.next().copied();
                    request
                }
                Step::Response(_) | Step::Refusal(_) => request,
                Step::Notification(_) => {
                    let wanted = case.outline().step(at).signature.first();
                    wanted.and_then(|wanted| {
                        find_notification(wanted, transcript, segment, &mut taken)
                    })
                }
            })
            .collect();
        Self { exchange_of }
    }

    pub(super) fn exchange_of(&self, step: usize) -> Option<usize> {
        self.exchange_of.get(step).copied().flatten()
    }

    pub(super) fn learn<'a>(
        &self,
        case: &'a Case,
        transcript: &'a Transcript,
        variables: &'a Variables,
    ) -> Learnt<'a> {
        let mut reader = Reader {
            learnt: Vec::new(),
            from: Party::Bot,
            variables,
        };
        for (at, step) in case.scenario.script.steps.iter().enumerate() {
            if let Some(index) = self.exchange_of(at) {
                reader.step(
                    step,
                    transcript.get(index),
                    &case.outline().step(at).signature,
                );
            }
        }
        Learnt(reader.learnt)
    }
}

/// The values of the variables in a recorded conversation.
#[derive(Debug)]
pub(super) struct Learnt<'a>(Vec<Root<'a>>);

/// The value of a root, and the party that introduced it.
#[derive(Debug)]
struct Root<'a> {
    name: &'a str,
    value: Cow<'a, str>,
    from: Party,
}

impl Learnt<'_> {
    /// Binds values that the judge of `role` cannot learn from the judged party: for a service,
    /// those that the bot's requests introduced; for a bot, all.
    pub(super) fn bind(&self, role: Party, bindings: &mut Bindings) {
        for root in &self.0 {
            if role == Party::Bot || root.from == Party::Bot {
                bindings.bind(root.name, &*root.value);
            }
        }
    }
}

/// The next exchange with an entry of the wanted signature.
fn find_notification(
    wanted: &Signature,
    transcript: &Transcript,
    segment: &Segment,
    taken: &mut [usize],
) -> Option<usize> {
    let found = segment.exchanges.iter().enumerate().find(|(at, index)| {
        let captured = transcript.get(**index);
        captured.direction == Direction::Notification
            && captured.signature().iter().skip(taken[*at]).any(|actual| {
                actual.subject == wanted.subject
                    && actual.change_type == wanted.change_type
                    && (actual.word == wanted.word || wanted.word.is_none())
            })
    });
    let (at, index) = found?;
    taken[at] += 1;
    Some(*index)
}

struct Reader<'a> {
    /// In recorded order.
    learnt: Vec<Root<'a>>,
    from: Party,
    variables: &'a Variables,
}

impl<'a> Reader<'a> {
    /// `signature` belongs to the documented entries of a notification.
    fn step(&mut self, step: &'a Step, captured: &'a CapturedExchange, signature: &[Signature]) {
        self.from = match step {
            Step::Request(_) => Party::Bot,
            Step::Response(_) | Step::Notification(_) | Step::Refusal(_) => Party::Service,
        };
        match step {
            Step::Request(step) => {
                self.text(&step.target, &captured.request.target);
                self.content(&step.body, &captured.request.body);
            }
            Step::Response(step) => {
                if let Some(response) = &captured.response {
                    self.location(&step.headers, &response.headers);
                    self.content(&step.body, &response.body);
                }
            }
            Step::Notification(step) => self.notification(step, captured, signature),
            Step::Refusal(_) => {}
        }
    }

    fn location(&mut self, documented: &'a HeaderFields, recorded: &'a Headers) {
        let is_location = |name: &str| name.eq_ignore_ascii_case("location");
        let printed = documented.iter().find(|(name, _)| is_location(name));
        if let (Some((_, printed)), Some(recorded)) = (printed, recorded.get("location")) {
            self.text(printed, recorded);
        }
    }

    fn content(&mut self, documented: &'a Body, recorded: &'a Body) {
        if let (Body::Json(documented), Body::Json(recorded)) = (documented, recorded) {
            self.value(documented, recorded);
        }
    }

    fn notification(
        &mut self,
        step: &'a NotificationStep,
        captured: &'a CapturedExchange,
        wanted: &[Signature],
    ) {
        let documented = step.body.json().and_then(change::entries);
        let entries = captured.request.body.json().and_then(change::entries);
        for (printed, wanted) in documented.into_iter().flatten().zip(wanted) {
            let mut recorded = entries.into_iter().flatten().zip(captured.signature());
            let is_it = |actual: &Signature| {
                actual.subject == wanted.subject && actual.change_type == wanted.change_type
            };
            if let Some((recorded, _)) = recorded.find(|(_, actual)| is_it(actual)) {
                self.value(printed, recorded);
            }
        }
    }

    fn value(&mut self, documented: &'a Value, recorded: &'a Value) {
        match (documented, recorded) {
            (Value::String(printed), Value::String(recorded)) => self.text(printed, recorded),
            (Value::Object(properties), Value::Object(_)) => {
                for (name, printed) in properties {
                    if let Some((_, recorded)) = lookup(recorded, name) {
                        self.value(printed, recorded);
                    }
                }
            }
            (Value::Array(printed), Value::Array(recorded)) => self.items(printed, recorded),
            _ => {}
        }
    }

    /// Compares items in order, but people by the kind of their identity.
    fn items(&mut self, printed: &'a [Value], recorded: &'a [Value]) {
        let mut free: Vec<&Value> = recorded.iter().collect();
        for item in printed {
            let kinds = identity_kinds(item);
            let at = free.iter().position(|other| identity_kinds(other) == kinds);
            if let Some(at) = at.or((!free.is_empty()).then_some(0)) {
                self.value(item, free.remove(at));
            }
        }
    }

    /// The text may be a variable, or a path with variables.
    fn text(&mut self, printed: &'a str, recorded: &'a str) {
        if !printed.contains('{') {
            return;
        }
        if let Some(name) = template::sole_variable(printed) {
            self.learn(name, || call_of(recorded));
            return;
        }
        match (Resource::parse(printed), Resource::parse(recorded)) {
            (Some(printed), Some(recorded)) => self.resource(&printed, &recorded),
            (Some(Resource::Call(printed)), None) => self.id(&printed, recorded),
            _ => {}
        }
    }

    fn resource(&mut self, printed: &Resource, recorded: &Resource) {
        if let (Some(printed), Some(recorded)) = (printed.call(), recorded.call()) {
            self.id(printed, recorded);
        }
        match (printed, recorded) {
            (
                Resource::Operation { operation, .. },
                Resource::Operation {
                    operation: recorded,
                    ..
                },
            ) => self.id(operation, recorded),
            (
                Resource::Participant { participant, .. },
                Resource::Participant {
                    participant: recorded,
                    ..
                },
            ) => self.id(participant, recorded),
            _ => {}
        }
    }

    fn id(&mut self, printed: &str, recorded: &str) {
        if let Some(name) = template::sole_variable(printed) {
            self.learn(name, || recorded.to_owned().into());
        }
    }

    /// Keeps the first value of a root.
    fn learn(&mut self, name: &str, value: impl FnOnce() -> Cow<'a, str>) {
        let root = self.variables.root_of(name);
        let is_new = |root: &&str| self.learnt.iter().all(|known| known.name != *root);
        if let Some(name) = root.filter(is_new) {
            let (value, from) = (value(), self.from);
            self.learnt.push(Root { name, value, from });
        }
    }
}

/// The kinds of identity of a participant, at any depth.
fn identity_kinds(participant: &Value) -> Vec<&str> {
    let identity = lookup(participant, "identity")
        .or_else(|| lookup(lookup(participant, "info")?.1, "identity"));
    let Some((_, Value::Object(identity))) = identity else {
        return Vec::new();
    };
    let filled = identity.iter().filter(|(_, who)| !who.is_null());
    filled.map(|(kind, _)| kind.as_str()).collect()
}
