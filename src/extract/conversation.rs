//! Groups messages into conversations.

use foldhash::HashMap;
use serde_json::Value;

use crate::api::identifier;
use crate::api::resource;
use crate::api::resource::{Resource, call_id};

use super::end::End;
use super::inventory::{FindingKind, Findings};
use super::json::property;
use super::message::{Message, Part};
use super::outline::Place;
use super::variables::is_placeholder;

/// One conversation with one outcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// In the order of the page.
    pub(super) messages: Vec<usize>,
    /// The message whose headings name it: its first, or the one with the outcome.
    pub(super) named_by: usize,
}

/// The conversations of a page, and the messages outside of them, each with the reason.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    pub(super) runs: Vec<Run>,
    pub(super) unused: Vec<(usize, &'static str)>,
}

/// `places` are the places of the messages in the examples of the page.
pub(super) fn gather(
    messages: &[Message<'_>],
    places: &[Place],
    findings: &mut Findings<'_>,
) -> Conversations {
    let mut gathering = Gathering {
        messages,
        places,
        drafts: Vec::new(),
        creators: HashMap::default(),
        current: None,
        unused: Vec::new(),
    };
    for (index, message) in messages.iter().enumerate() {
        match message.part {
            Part::Request { method, target } => gathering.request(index, method, target),
            Part::Response { status } => gathering.response(index, status),
            Part::Notification { .. } => gathering.notification(index),
        }
    }
    for (index, why) in &gathering.unused {
        if ![ACKNOWLEDGEMENT, INTERIM].contains(why) {
            findings.push(messages[*index].line, FindingKind::Orphan, *why);
        }
    }
    let mut runs: Vec<Run> = gathering.drafts.into_iter().flatten().collect();
    runs.sort_by_key(|run| run.named_by);
    Conversations {
        runs,
        unused: gathering.unused,
    }
}

const ACKNOWLEDGEMENT: &str = "the acknowledgement of a notification, which is not a step";
const INTERIM: &str = "an interim response, which is not a step";

struct Gathering<'m, 'a> {
    messages: &'m [Message<'a>],
    places: &'m [Place],
    /// Conversations, each with its outcomes, the first one first. Joined conversations are empty.
    drafts: Vec<Vec<Run>>,
    /// The conversation that last created a call, by the call's normal id.
    creators: HashMap<String, usize>,
    current: Option<Current>,
    unused: Vec<(usize, &'static str)>,
}

struct Current {
    conversation: usize,
    outcome: usize,
    request: Option<usize>,
    response: Option<usize>,
    /// The ends in the current outcome.
    ends: Vec<End>,
    /// The messages of the request before its first end.
    before_end: Vec<usize>,
    /// True if the previous message was a notification.
    after_notification: bool,
}

impl Gathering<'_, '_> {
    fn request(&mut self, index: usize, method: &str, target: &str) {
        let message = &self.messages[index];
        let calls = used_calls(method, target, message.body.json()).filter(|_| !message.is_foreign);
        let mut joined: Vec<usize> = calls
            .filter_map(|call| self.creators.get(&call).copied())
            .collect();
        joined.extend(self.continued(index));
        joined.sort_unstable();
        joined.dedup();
        let Some((&first, rest)) = joined.split_first() else {
            self.start(index);
            return;
        };
        for &other in rest {
            self.join(first, other);
        }
        self.drafts[first][0].messages.push(index);
        self.current = Some(Current::new(first, Some(index)));
    }

    /// The conversation that a request continues: the previous request is another part of the same
    /// example, for another operation on the same call.
    fn continued(&self, index: usize) -> Option<usize> {
        let current = self.current.as_ref()?;
        let previous = current.request?;
        let operation = |index: usize| match self.messages[index].part {
            Part::Request { method, target } if !self.messages[index].is_foreign => {
                Some((method, resource::shape_of(target), Resource::parse(target)?))
            }
            _ => None,
        };
        let (method, shape, resource) = operation(index)?;
        let (other_method, other_shape, other) = operation(previous)?;
        let calls = (resource.call()?, other.call()?);
        let is_same_call = is_placeholder(calls.0)
            || is_placeholder(calls.1)
            || identifier::same(calls.0, calls.1);
        let continues = self.places[index].continues(self.places[previous])
            && (method, shape) != (other_method, other_shape)
            && is_same_call;
        continues.then_some(current.conversation)
    }

    fn start(&mut self, index: usize) {
        let conversation = self.drafts.len();
        self.drafts.push(vec![Run {
            messages: vec![index],
            named_by: index,
        }]);
        let is_request = matches!(self.messages[index].part, Part::Request { .. });
        self.current = Some(Current::new(conversation, is_request.then_some(index)));
    }

    fn join(&mut self, first: usize, other: usize) {
        let mut runs = std::mem::take(&mut self.drafts[other]).into_iter();
        if let Some(main) = runs.next() {
            let messages = &mut self.drafts[first][0].messages;
            messages.extend(main.messages);
            messages.sort_unstable();
        }
        self.drafts[first].extend(runs);
        for creator in self
            .creators
            .values_mut()
            .filter(|creator| **creator == other)
        {
            *creator = first;
        }
    }

    fn response(&mut self, index: usize, status: u16) {
        let Some(current) = &mut self.current else {
            let why = "a response without a preceding request";
            self.unused.push((index, why));
            return;
        };
        // 101 is a final response in HTTP; the others precede one.
        if (100..200).contains(&status) && status != 101 {
            self.unused.push((index, INTERIM));
            return;
        }
        match (current.request, current.response) {
            (Some(request), Some(_)) if !current.after_notification => {
                current.outcome = self.drafts[current.conversation].len();
                current.ends.clear();
                current.before_end = vec![request, index];
                self.drafts[current.conversation].push(Run {
                    messages: current.before_end.clone(),
                    named_by: index,
                });
            }
            (Some(_), None) => {
                current.before_end.push(index);
                self.drafts[current.conversation][current.outcome]
                    .messages
                    .push(index);
            }
            _ => {
                self.unused.push((index, ACKNOWLEDGEMENT));
                return;
            }
        }
        current.response = Some(index);
        current.after_notification = false;
        let location = self.messages[index].header("location");
        if let (201, Some(Resource::Call(call))) = (status, location.and_then(Resource::parse)) {
            self.creators
                .insert(identifier::normal(&call), current.conversation);
        }
    }

    fn notification(&mut self, index: usize) {
        let items = self.messages[index]
            .body
            .json()
            .map(items)
            .unwrap_or_default();
        let mut created = items.iter().filter_map(created_call).peekable();
        if created.peek().is_some() {
            let conversation = self.drafts.len();
            self.creators
                .extend(created.map(|call| (identifier::normal(&call), conversation)));
            self.start(index);
            return;
        }
        let Some(current) = &mut self.current else {
            let why = "a notification about a call that no earlier message names";
            self.unused.push((index, why));
            return;
        };
        current.after_notification = true;
        let ends: Vec<End> = items.iter().filter_map(End::of).collect();
        let conversation = &mut self.drafts[current.conversation];
        let is_other = ends
            .iter()
            .any(|end| current.ends.iter().any(|it| it.excludes(end)));
        let ends = ends.into_iter().filter(End::is_final);
        if is_other && current.request.is_some() {
            current.ends = ends.collect();
            current.outcome = conversation.len();
            let mut messages = current.before_end.clone();
            messages.push(index);
            conversation.push(Run {
                messages,
                named_by: index,
            });
            return;
        }
        current.ends.extend(ends);
        if current.ends.is_empty() {
            current.before_end.push(index);
        }
        conversation[current.outcome].messages.push(index);
    }
}

impl Current {
    fn new(conversation: usize, request: Option<usize>) -> Self {
        Self {
            conversation,
            outcome: 0,
            request,
            response: None,
            ends: Vec::new(),
            before_end: request.into_iter().collect(),
            after_notification: request.is_none(),
        }
    }
}

/// The calls in the path of a request, and those that it replaces, in normal form.
fn used_calls(method: &str, target: &str, body: Option<&Value>) -> impl Iterator<Item = String> {
    let in_path = Resource::parse(target)
        .filter(|_| resource::collection_action(method, target).is_none())
        .and_then(|to| to.call().map(str::to_owned));
    let replaced = body
        .and_then(|body| property(body, "participants").as_array())
        .into_iter()
        .flatten()
        .filter_map(|participant| property(participant, "replacesCallId").as_str())
        .map(call_id);
    in_path
        .into_iter()
        .chain(replaced.collect::<Vec<_>>())
        .filter(|call| !is_placeholder(call))
        .map(|call| identifier::normal(&call))
}

pub(super) fn items(body: &Value) -> &[Value] {
    property(body, "value")
        .as_array()
        .map_or(&[], Vec::as_slice)
}

pub(super) fn resource_of(item: &Value) -> Option<Resource> {
    ["resource", "resourceUrl"]
        .into_iter()
        .find_map(|name| Resource::parse(property(item, name).as_str()?))
}

/// The call that was created, according to a change notification.
pub(super) fn created_call(item: &Value) -> Option<String> {
    if !is_created(item) {
        return None;
    }
    match resource_of(item)? {
        Resource::Call(call) => Some(call),
        _ => None,
    }
}

pub(super) fn is_created(item: &Value) -> bool {
    has_word(item, "changeType", "created")
}

/// True if a property is a protocol word, in any case.
pub(super) fn has_word(object: &Value, name: &str, word: &str) -> bool {
    let value = property(object, name).as_str();
    value.is_some_and(|value| value.eq_ignore_ascii_case(word))
}
