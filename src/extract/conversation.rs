//! Groups messages into conversations.

use foldhash::HashMap;
use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::{Resource, call_id};

use super::inventory::{FindingKind, Findings};
use super::json::property;
use super::message::{Message, Part};
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

pub(super) fn gather(messages: &[Message<'_>], findings: &mut Findings<'_>) -> Conversations {
    let mut gathering = Gathering {
        messages,
        drafts: Vec::new(),
        creators: HashMap::default(),
        current: None,
        unused: Vec::new(),
    };
    for (index, message) in messages.iter().enumerate() {
        match message.part {
            Part::Request { target, .. } => gathering.request(index, target),
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

const ACKNOWLEDGEMENT: &str = "the acknowledgement of a notification, which is no step";
const INTERIM: &str = "an interim response, which is no step";

struct Gathering<'m, 'a> {
    messages: &'m [Message<'a>],
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
    /// How the request's operation ended.
    end: Option<String>,
    /// True if the previous message was a notification.
    after_notification: bool,
}

impl Gathering<'_, '_> {
    fn request(&mut self, index: usize, target: &str) {
        let mut joined: Vec<usize> = used_calls(target, self.messages[index].body.json())
            .filter_map(|call| self.creators.get(&call).copied())
            .collect();
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
            let why = "a response without a request before it";
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
                current.end = None;
                self.drafts[current.conversation].push(Run {
                    messages: vec![request, index],
                    named_by: index,
                });
            }
            (Some(_), None) => self.drafts[current.conversation][current.outcome]
                .messages
                .push(index),
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
            let why = "a notification of a call that no message before it is about";
            self.unused.push((index, why));
            return;
        };
        current.after_notification = true;
        let end = items.iter().find_map(operation_end);
        let conversation = &mut self.drafts[current.conversation];
        match (end, current.request) {
            (Some(end), Some(request))
                if current
                    .end
                    .as_ref()
                    .is_some_and(|previous| *previous != end) =>
            {
                current.end = Some(end);
                current.outcome = conversation.len();
                let before = [Some(request), current.response, Some(index)];
                conversation.push(Run {
                    messages: before.into_iter().flatten().collect(),
                    named_by: index,
                });
            }
            (end, _) => {
                current.end = end.or(current.end.take());
                conversation[current.outcome].messages.push(index);
            }
        }
    }
}

impl Current {
    const fn new(conversation: usize, request: Option<usize>) -> Self {
        Self {
            conversation,
            outcome: 0,
            request,
            response: None,
            end: None,
            after_notification: request.is_none(),
        }
    }
}

/// The calls in the path of a request, and those that it replaces, in normal form.
fn used_calls(target: &str, body: Option<&Value>) -> impl Iterator<Item = String> {
    let in_path = Resource::parse(target).and_then(|to| to.call().map(str::to_owned));
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

/// The end of an operation in a change notification: `completed` or `failed`.
pub(super) fn operation_end(item: &Value) -> Option<String> {
    if !has_word(item, "changeType", "deleted") {
        return None;
    }
    let status = property(property(item, "resourceData"), "status").as_str()?;
    let status = status.to_ascii_lowercase();
    matches!(&*status, "completed" | "failed").then_some(status)
}

/// True if a property is a protocol word, in any case.
pub(super) fn has_word(object: &Value, name: &str, word: &str) -> bool {
    let value = property(object, name).as_str();
    value.is_some_and(|value| value.eq_ignore_ascii_case(word))
}
