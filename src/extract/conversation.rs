//! Messages to conversations.

use foldhash::HashMap;
use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::Resource;

use super::inventory::{FindingKind, Findings};
use super::json::property;
use super::message::{Message, Part};
use super::variables::is_placeholder;

/// One conversation with one outcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Its messages, in the order of the page.
    pub(super) messages: Vec<usize>,
    /// The message whose headings name it: its first, or the one that makes the outcome.
    pub(super) named_by: usize,
}

/// The conversations of a page, and the messages that belong to none, each with the reason.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    pub(super) runs: Vec<Run>,
    pub(super) unused: Vec<(usize, &'static str)>,
}

/// Sorts messages into conversations.
pub(super) fn gather(messages: &[Message<'_>], findings: &mut Findings<'_>) -> Conversations {
    let mut gathering = Gathering {
        messages,
        drafts: Vec::new(),
        makers: HashMap::default(),
        now: None,
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
    /// Conversations, each with its outcomes, the first one first. Joined ones are emptied.
    drafts: Vec<Vec<Run>>,
    /// The conversation that last brought a call into being, by the call's normal id.
    makers: HashMap<String, usize>,
    now: Option<Place>,
    unused: Vec<(usize, &'static str)>,
}

/// Where the next message goes.
struct Place {
    conversation: usize,
    outcome: usize,
    request: Option<usize>,
    response: Option<usize>,
    /// How the request's operation ended.
    end: Option<String>,
    /// Whether the message before was a notification.
    after_notification: bool,
}

impl Gathering<'_, '_> {
    fn request(&mut self, index: usize, target: &str) {
        let mut joined: Vec<usize> = used_calls(target, self.messages[index].json())
            .filter_map(|call| self.makers.get(&call).copied())
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
        self.now = Some(Place::new(first, Some(index)));
    }

    fn start(&mut self, index: usize) {
        let conversation = self.drafts.len();
        self.drafts.push(vec![Run {
            messages: vec![index],
            named_by: index,
        }]);
        let is_request = matches!(self.messages[index].part, Part::Request { .. });
        self.now = Some(Place::new(conversation, is_request.then_some(index)));
    }

    fn join(&mut self, first: usize, other: usize) {
        let mut runs = std::mem::take(&mut self.drafts[other]).into_iter();
        if let Some(main) = runs.next() {
            let messages = &mut self.drafts[first][0].messages;
            messages.extend(main.messages);
            messages.sort_unstable();
        }
        self.drafts[first].extend(runs);
        for maker in self.makers.values_mut().filter(|maker| **maker == other) {
            *maker = first;
        }
    }

    fn response(&mut self, index: usize, status: u16) {
        let Some(place) = &mut self.now else {
            let why = "a response without a request before it";
            self.unused.push((index, why));
            return;
        };
        // 101 ends the exchange in HTTP; the final response to the others is still to come.
        if (100..200).contains(&status) && status != 101 {
            self.unused.push((index, INTERIM));
            return;
        }
        match (place.request, place.response) {
            (Some(request), Some(_)) if !place.after_notification => {
                place.outcome = self.drafts[place.conversation].len();
                place.end = None;
                self.drafts[place.conversation].push(Run {
                    messages: vec![request, index],
                    named_by: index,
                });
            }
            (Some(_), None) => self.drafts[place.conversation][place.outcome]
                .messages
                .push(index),
            _ => {
                self.unused.push((index, ACKNOWLEDGEMENT));
                return;
            }
        }
        place.response = Some(index);
        place.after_notification = false;
        let location = self.messages[index].header("location");
        if let (201, Some(Resource::Call(call))) = (status, location.and_then(Resource::parse)) {
            self.makers
                .insert(identifier::normal(&call), place.conversation);
        }
    }

    fn notification(&mut self, index: usize) {
        let items = self.messages[index].json().map(items).unwrap_or_default();
        let mut made = items.iter().filter_map(created_call).peekable();
        if made.peek().is_some() {
            let conversation = self.drafts.len();
            self.makers
                .extend(made.map(|call| (identifier::normal(&call), conversation)));
            self.start(index);
            return;
        }
        let Some(place) = &mut self.now else {
            let why = "a notification of a call that no message before it is about";
            self.unused.push((index, why));
            return;
        };
        place.after_notification = true;
        let end = items.iter().find_map(operation_end);
        let conversation = &mut self.drafts[place.conversation];
        match (end, place.request) {
            (Some(end), Some(request)) if place.end.as_ref().is_some_and(|known| *known != end) => {
                place.end = Some(end);
                place.outcome = conversation.len();
                let before = [Some(request), place.response, Some(index)];
                conversation.push(Run {
                    messages: before.into_iter().flatten().collect(),
                    named_by: index,
                });
            }
            (end, _) => {
                place.end = end.or(place.end.take());
                conversation[place.outcome].messages.push(index);
            }
        }
    }
}

impl Place {
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

/// The calls that a request names in its path, or as the ones to replace, in normal form.
fn used_calls(target: &str, body: Option<&Value>) -> impl Iterator<Item = String> {
    let in_path = Resource::parse(target).and_then(|to| to.call().map(str::to_owned));
    let replaced = body
        .and_then(|body| property(body, "participants").as_array())
        .into_iter()
        .flatten()
        .filter_map(|participant| property(participant, "replacesCallId").as_str())
        .map(call_of);
    in_path
        .into_iter()
        .chain(replaced.collect::<Vec<_>>())
        .filter(|call| !is_placeholder(call))
        .map(|call| identifier::normal(&call))
}

/// The call that a `replacesCallId` names, as an id or as a path.
pub(super) fn call_of(text: &str) -> String {
    match Resource::parse(text) {
        Some(Resource::Call(call)) => call,
        _ => text.to_owned(),
    }
}

/// The change notifications of a body.
pub(super) fn items(body: &Value) -> &[Value] {
    property(body, "value")
        .as_array()
        .map_or(&[], Vec::as_slice)
}

/// What a change notification is about.
pub(super) fn resource_of(item: &Value) -> Option<Resource> {
    ["resource", "resourceUrl"]
        .into_iter()
        .find_map(|name| Resource::parse(property(item, name).as_str()?))
}

/// The call that a change notification brings into being.
pub(super) fn created_call(item: &Value) -> Option<String> {
    if !is_created(item) {
        return None;
    }
    match resource_of(item)? {
        Resource::Call(call) => Some(call),
        _ => None,
    }
}

/// Whether a change notification tells that something came into being.
pub(super) fn is_created(item: &Value) -> bool {
    has_word(item, "changeType", "created")
}

/// How a change notification says that an operation ended: `completed` or `failed`.
pub(super) fn operation_end(item: &Value) -> Option<String> {
    if !has_word(item, "changeType", "deleted") {
        return None;
    }
    let status = property(property(item, "resourceData"), "status").as_str()?;
    let status = status.to_ascii_lowercase();
    matches!(&*status, "completed" | "failed").then_some(status)
}

/// Whether a property holds a protocol word, in any case.
pub(super) fn has_word(object: &Value, name: &str, word: &str) -> bool {
    let value = property(object, name).as_str();
    value.is_some_and(|value| value.eq_ignore_ascii_case(word))
}
