//! What the variables of a scenario are in a recorded conversation, read off its messages.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::segment::Segment;
use super::transcript::Transcript;
use crate::logic::judge::Case;
use crate::logic::judge::bindings::Bindings;
use crate::logic::judge::notice::{self, Signs};
use crate::logic::judge::people::call_of;
use crate::logic::judge::shape::lookup;
use crate::logic::verdict::Role;
use crate::model::cassette::{Content, Direction, Exchange};
use crate::model::message::HeaderFields;
use crate::model::resource::Resource;
use crate::model::scenario::{NotificationStep, Step};
use crate::model::template;

/// A scenario's steps, each with the exchange that its message is in.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// By the place of the step.
    exchange_of: HashMap<usize, usize>,
}

impl Alignment {
    /// Lays the steps along a segment: requests as it has them, answers with their requests,
    /// notifications in the order in which they came.
    pub(super) fn new(case: &Case, transcript: &Transcript<'_>, segment: &Segment) -> Self {
        let script = &case.scenario.script;
        let mut requests = segment.requests.iter();
        let mut taken = vec![0_usize; segment.exchanges.len()];
        let mut asked = None;
        let mut exchange_of = HashMap::new();
        for (at, step) in script.steps.iter().enumerate() {
            let exchange = match step {
                Step::Request(_) => {
                    asked = requests.next().copied();
                    asked
                }
                Step::Response(_) | Step::Refusal(_) => asked,
                Step::Notification(_) => {
                    let wanted = case.outline().step(at).signs.first();
                    wanted.and_then(|wanted| told(wanted, transcript, segment, &mut taken))
                }
            };
            exchange_of.extend(exchange.map(|exchange| (at, exchange)));
        }
        Self { exchange_of }
    }

    /// The exchange of a step, counted from 0.
    pub(super) fn exchange_of(&self, step: usize) -> Option<usize> {
        self.exchange_of.get(&step).copied()
    }

    /// Reads off the messages what the variables are.
    pub(super) fn learn(
        &self,
        case: &Case,
        transcript: &Transcript<'_>,
        bindings: &Bindings,
    ) -> Learnt {
        let mut reader = Reader {
            values: HashMap::new(),
            bindings,
        };
        let mut by_service = HashSet::new();
        for (at, step) in case.scenario.script.steps.iter().enumerate() {
            let Some(index) = self.exchange_of(at) else {
                continue;
            };
            let known = reader.values.len();
            let exchange = &transcript.exchanges()[index];
            let signs = (&*case.outline().step(at).signs, transcript.signs(index));
            reader.step(step, exchange, signs);
            if !matches!(step, Step::Request(_)) {
                by_service.extend(reader.since(known));
            }
        }
        let values = reader.values.into_iter();
        Learnt {
            values: values.map(|(root, (_, value))| (root, value)).collect(),
            by_service,
        }
    }
}

/// What the variables are in a recorded conversation.
#[derive(Debug)]
pub(super) struct Learnt {
    /// By root.
    values: Vec<(String, String)>,
    /// The roots that the service brought up.
    by_service: HashSet<String>,
}

impl Learnt {
    /// Binds what the judge of `role` cannot learn from the party that it judges: for a service,
    /// what the bot's requests brought up; for a bot, everything.
    pub(super) fn bind(&self, role: Role, bindings: &mut Bindings) {
        for (root, value) in &self.values {
            if role == Role::Bot || !self.by_service.contains(root) {
                bindings.bind(root, value.as_str());
            }
        }
    }
}

/// The exchange that has what is wanted: the next one with an entry about the same.
fn told(
    wanted: &Signs,
    transcript: &Transcript<'_>,
    segment: &Segment,
    taken: &mut [usize],
) -> Option<usize> {
    let found = segment.exchanges.iter().enumerate().find(|(at, index)| {
        let signs = || transcript.signs(**index).iter().skip(taken[*at]);
        transcript.exchanges()[**index].direction == Direction::Notification
            && signs().any(|told| {
                told.subject == wanted.subject
                    && told.change == wanted.change
                    && (told.word == wanted.word || wanted.word.is_none())
            })
    });
    let (at, index) = found?;
    taken[at] += 1;
    Some(*index)
}

/// The change notifications of an exchange.
fn entries(exchange: &Exchange) -> impl Iterator<Item = &Value> {
    let Content::Json(body) = &exchange.request.body else {
        return [].iter();
    };
    notice::entries(body).map_or([].iter(), |entries| entries.iter())
}

struct Reader<'b> {
    /// By root, in which order they came up and what they are.
    values: HashMap<String, (usize, String)>,
    bindings: &'b Bindings,
}

impl Reader<'_> {
    /// The roots that came up since so many were known.
    fn since(&self, known: usize) -> impl Iterator<Item = String> {
        let newer = move |entry: &(&String, &(usize, String))| entry.1.0 >= known;
        let roots = self.values.iter().filter(newer);
        roots.map(|(root, _)| root.clone())
    }

    fn learn(&mut self, name: &str, value: &str) {
        let root = self.bindings.root(name);
        if !self.values.contains_key(root) {
            let came = (self.values.len(), value.to_owned());
            self.values.insert(root.to_owned(), came);
        }
    }

    /// Reads a step's message. `signs` are of the documented entries and of those that came.
    fn step(&mut self, step: &Step, exchange: &Exchange, signs: (&[Signs], &[Signs])) {
        match step {
            Step::Request(step) => {
                self.text(&step.target, &exchange.request.target);
                self.content(
                    step.body.as_ref().and_then(|b| b.json()),
                    &exchange.request.body,
                );
            }
            Step::Response(step) => {
                if let Some(response) = &exchange.response {
                    self.location(&step.headers, &response.headers);
                    self.content(step.body.as_ref().and_then(|b| b.json()), &response.body);
                }
            }
            Step::Notification(step) => self.notification(step, exchange, signs),
            Step::Refusal(_) => {}
        }
    }

    fn location(&mut self, documented: &HeaderFields, recorded: &[(String, String)]) {
        let is_location = |name: &str| name.eq_ignore_ascii_case("location");
        let printed = documented.iter().find(|(name, _)| is_location(name));
        let came = recorded.iter().find(|(name, _)| is_location(name));
        if let (Some((_, printed)), Some((_, came))) = (printed, came) {
            self.text(printed, came);
        }
    }

    fn content(&mut self, documented: Option<&Value>, recorded: &Content) {
        if let (Some(documented), Content::Json(recorded)) = (documented, recorded) {
            self.value(documented, recorded);
        }
    }

    fn notification(
        &mut self,
        step: &NotificationStep,
        exchange: &Exchange,
        (wanted, told): (&[Signs], &[Signs]),
    ) {
        let documented = step.body.json().and_then(notice::entries);
        for (printed, wanted) in documented.into_iter().flatten().zip(wanted) {
            let mut came = entries(exchange).zip(told);
            let is_it =
                |told: &Signs| told.subject == wanted.subject && told.change == wanted.change;
            if let Some((came, _)) = came.find(|(_, told)| is_it(told)) {
                self.value(printed, came);
            }
        }
    }

    fn value(&mut self, documented: &Value, recorded: &Value) {
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
    fn items(&mut self, printed: &[Value], came: &[Value]) {
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
    fn text(&mut self, printed: &str, came: &str) {
        if !printed.contains('{') {
            return;
        }
        if let Some(name) = template::sole_variable(printed) {
            self.learn(name, &call_of(came));
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
            self.learn(name, came);
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
