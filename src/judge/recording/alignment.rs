//! What the variables of a scenario are in a recorded conversation, read off its messages.

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

/// A scenario's steps, each with the exchange that its message is in.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// By the place of the step.
    exchange_of: Vec<Option<usize>>,
}

impl Alignment {
    /// Lays the steps along a segment: requests as it has them, answers with their requests,
    /// notifications in the order in which they came.
    pub(super) fn new(case: &Case, transcript: &Transcript, segment: &Segment) -> Self {
        let script = &case.scenario.script;
        let mut requests = segment.requests.iter();
        let mut taken = vec![0_usize; segment.exchanges.len()];
        let mut asked = None;
        let steps = script.steps.iter().enumerate();
        let exchange_of = steps
            .map(|(at, step)| match step {
                Step::Request(_) => {
                    asked = requests.next().copied();
                    asked
                }
                Step::Response(_) | Step::Refusal(_) => asked,
                Step::Notification(_) => {
                    let wanted = case.outline().step(at).signature.first();
                    wanted.and_then(|wanted| told(wanted, transcript, segment, &mut taken))
                }
            })
            .collect();
        Self { exchange_of }
    }

    /// The exchange of a step, counted from 0.
    pub(super) fn exchange_of(&self, step: usize) -> Option<usize> {
        self.exchange_of.get(step).copied().flatten()
    }

    /// Reads off the messages what the variables are.
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

/// What the variables are in a recorded conversation.
#[derive(Debug)]
pub(super) struct Learnt<'a>(Vec<Root<'a>>);

/// What a root is, and who brought it up.
#[derive(Debug)]
struct Root<'a> {
    name: &'a str,
    value: Cow<'a, str>,
    from: Party,
}

impl Learnt<'_> {
    /// Binds what the judge of `role` cannot learn from the party that it judges: for a service,
    /// what the bot's requests brought up; for a bot, everything.
    pub(super) fn bind(&self, role: Party, bindings: &mut Bindings) {
        for root in &self.0 {
            if role == Party::Bot || root.from == Party::Bot {
                bindings.bind(root.name, &*root.value);
            }
        }
    }
}

/// The exchange that has what is wanted: the next one with an entry about the same.
fn told(
    wanted: &Signature,
    transcript: &Transcript,
    segment: &Segment,
    taken: &mut [usize],
) -> Option<usize> {
    let found = segment.exchanges.iter().enumerate().find(|(at, index)| {
        let heard = transcript.get(**index);
        heard.direction == Direction::Notification
            && heard.signature().iter().skip(taken[*at]).any(|told| {
                told.subject == wanted.subject
                    && told.change_type == wanted.change_type
                    && (told.word == wanted.word || wanted.word.is_none())
            })
    });
    let (at, index) = found?;
    taken[at] += 1;
    Some(*index)
}

struct Reader<'a> {
    /// In the order in which they came up.
    learnt: Vec<Root<'a>>,
    /// Whose messages are read.
    from: Party,
    variables: &'a Variables,
}

impl<'a> Reader<'a> {
    /// Reads a step's message. `signature` are of the documented entries of a notification.
    fn step(&mut self, step: &'a Step, heard: &'a CapturedExchange, signature: &[Signature]) {
        self.from = match step {
            Step::Request(_) => Party::Bot,
            Step::Response(_) | Step::Notification(_) | Step::Refusal(_) => Party::Service,
        };
        match step {
            Step::Request(step) => {
                self.text(&step.target, &heard.request.target);
                self.content(&step.body, &heard.request.body);
            }
            Step::Response(step) => {
                if let Some(response) = &heard.response {
                    self.location(&step.headers, &response.headers);
                    self.content(&step.body, &response.body);
                }
            }
            Step::Notification(step) => self.notification(step, heard, signature),
            Step::Refusal(_) => {}
        }
    }

    fn location(&mut self, documented: &'a HeaderFields, recorded: &'a Headers) {
        let is_location = |name: &str| name.eq_ignore_ascii_case("location");
        let printed = documented.iter().find(|(name, _)| is_location(name));
        if let (Some((_, printed)), Some(came)) = (printed, recorded.get("location")) {
            self.text(printed, came);
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
        heard: &'a CapturedExchange,
        wanted: &[Signature],
    ) {
        let documented = step.body.json().and_then(change::entries);
        let entries = heard.request.body.json().and_then(change::entries);
        for (printed, wanted) in documented.into_iter().flatten().zip(wanted) {
            let mut came = entries.into_iter().flatten().zip(heard.signature());
            let is_it = |told: &Signature| {
                told.subject == wanted.subject && told.change_type == wanted.change_type
            };
            if let Some((came, _)) = came.find(|(_, told)| is_it(told)) {
                self.value(printed, came);
            }
        }
    }

    fn value(&mut self, documented: &'a Value, recorded: &'a Value) {
        match (documented, recorded) {
            (Value::String(printed), Value::String(came)) => self.text(printed, came),
            (Value::Object(properties), Value::Object(_)) => {
                for (name, printed) in properties {
                    if let Some((_, came)) = lookup(recorded, name) {
                        self.value(printed, came);
                    }
                }
            }
            (Value::Array(printed), Value::Array(came)) => self.items(printed, came),
            _ => {}
        }
    }

    /// Items in order, but people by the kind of their identity.
    fn items(&mut self, printed: &'a [Value], came: &'a [Value]) {
        let mut free: Vec<&Value> = came.iter().collect();
        for item in printed {
            let kinds = identity_kinds(item);
            let at = free.iter().position(|other| identity_kinds(other) == kinds);
            if let Some(at) = at.or((!free.is_empty()).then_some(0)) {
                self.value(item, free.remove(at));
            }
        }
    }

    /// A text that may be a variable, or a path with variables in it.
    fn text(&mut self, printed: &'a str, came: &'a str) {
        if !printed.contains('{') {
            return;
        }
        if let Some(name) = template::sole_variable(printed) {
            self.learn(name, || call_of(came));
            return;
        }
        match (Resource::parse(printed), Resource::parse(came)) {
            (Some(printed), Some(came)) => self.resource(&printed, &came),
            (Some(Resource::Call(printed)), None) => self.id(&printed, came),
            _ => {}
        }
    }

    fn resource(&mut self, printed: &Resource, came: &Resource) {
        if let (Some(printed), Some(came)) = (printed.call(), came.call()) {
            self.id(printed, came);
        }
        match (printed, came) {
            (
                Resource::Operation { operation, .. },
                Resource::Operation {
                    operation: came, ..
                },
            ) => self.id(operation, came),
            (
                Resource::Participant { participant, .. },
                Resource::Participant {
                    participant: came, ..
                },
            ) => self.id(participant, came),
            _ => {}
        }
    }

    fn id(&mut self, printed: &str, came: &str) {
        if let Some(name) = template::sole_variable(printed) {
            self.learn(name, || came.to_owned().into());
        }
    }

    /// Takes the first value that comes up for a root.
    fn learn(&mut self, name: &str, value: impl FnOnce() -> Cow<'a, str>) {
        let root = self.variables.root_of(name);
        let is_new = |root: &&str| self.learnt.iter().all(|known| known.name != *root);
        if let Some(name) = root.filter(is_new) {
            let (value, from) = (value(), self.from);
            self.learnt.push(Root { name, value, from });
        }
    }
}

/// The kinds of identity that a participant has, wherever its identity set stands.
fn identity_kinds(participant: &Value) -> Vec<&str> {
    let identity = lookup(participant, "identity")
        .or_else(|| lookup(lookup(participant, "info")?.1, "identity"));
    let Some((_, Value::Object(identity))) = identity else {
        return Vec::new();
    };
    let filled = identity.iter().filter(|(_, who)| !who.is_null());
    filled.map(|(kind, _)| kind.as_str()).collect()
}
