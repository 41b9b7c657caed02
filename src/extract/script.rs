//! Writes one conversation as a scenario: steps with variables, and the provider states before them.

use foldhash::HashSet;
use std::mem::take;

use serde_json::Value;

use crate::api::resource;
use crate::api::resource::Resource;
use crate::api::template;
use crate::http::message::Body;
use crate::scenario::format::{
    HeaderFields, NotificationStep, ProseStatus, ProviderState, RequestStep, ResponseStep, Script,
    Step, Token, Translation, VERSION,
};

use super::binding::Binder;
use super::conversation::{Run, created_call, has_word, items};
use super::inventory::Findings;
use super::json::property;
use super::message::{Message, Part};
use super::people;
use super::people::{Entity, Person};

/// The information on a page beside the messages of a conversation.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The shapes of the page's own requests ([`resource::shape_of`]).
    pub(super) shapes: HashSet<String>,
    /// The success statuses in the prose about the page's own operation.
    pub(super) statuses: Vec<ProseStatus>,
    /// The statuses in the examples of its answers.
    pub(super) examples: HashSet<u16>,
    /// The first callback address with a notification.
    pub(super) callback: Option<&'a str>,
}

/// Writes the script of a conversation. `readers` counts, for each message of the page, the conversations
/// that still need it: the last one takes the body.
pub(super) fn write(
    page: Translation,
    run: &Run,
    messages: &mut [Message<'_>],
    readers: &mut [usize],
    context: &Context<'_>,
    findings: &mut Findings<'_>,
) -> Script {
    let mut writer = Writer {
        binder: Binder::new(findings),
        context,
        given: Vec::new(),
        is_own: false,
    };
    let mut steps = Vec::with_capacity(run.messages.len());
    for (place, &index) in run.messages.iter().enumerate() {
        let message = &mut messages[index];
        readers[index] -= 1;
        let copy = (readers[index] > 0).then(|| message.body.clone());
        steps.push(writer.step(place, message));
        message.body = copy.unwrap_or_default();
        let is_request = matches!(message.part, Part::Request { .. });
        if is_request && !is_answered(&run.messages[place + 1..], messages) {
            steps.extend(writer.answer_of_prose());
        }
    }
    let mut given = writer.given;
    given.extend(writer.binder.states());
    given.sort_unstable();
    given.dedup();
    let lines = steps.iter().map(Step::line).collect();
    Script {
        schema: None,
        version: VERSION,
        source: page.file.clone(),
        locales: vec![Translation { lines, ..page }],
        tags: Vec::new(),
        judges: None,
        given,
        variables: writer.binder.variables.finish(),
        steps,
    }
}

/// True if an answer comes before the next request.
fn is_answered(rest: &[usize], messages: &[Message<'_>]) -> bool {
    let parts = rest.iter().map(|index| messages[*index].part);
    let mut parts = parts.skip_while(|part| matches!(part, Part::Notification { .. }));
    matches!(parts.next(), Some(Part::Response { .. }))
}

struct Writer<'p, 'f, 'n> {
    binder: Binder<'f, 'n>,
    context: &'p Context<'p>,
    given: Vec<ProviderState>,
    /// True if the latest request is for the page's own operation.
    is_own: bool,
}

impl Writer<'_, '_, '_> {
    fn step(&mut self, number: usize, message: &mut Message<'_>) -> Step {
        self.binder.line = message.body_line;
        match message.part {
            Part::Request { method, target } => self.request(message, method, target),
            Part::Response { status } => self.response(message, status),
            Part::Notification { method, target } => {
                if let Some(body) = message.body.json() {
                    self.notified(number, items(body));
                }
                self.notification(message, method, target)
            }
        }
    }

    fn request(&mut self, message: &mut Message<'_>, method: &str, printed: &str) -> Step {
        let shape = resource::shape_of(printed);
        self.is_own = !message.is_foreign && self.context.shapes.contains(&shape);
        self.binder
            .begin_request(method, printed, message.is_foreign);
        let target = self.binder.target(printed);
        self.binder.end_request_path(needed_state(method, printed));
        let headers = self.binder.headers(&message.headers);
        let invited = message
            .body
            .json()
            .map(|b| invited(printed, b))
            .unwrap_or_default();
        if message.body.json().is_some_and(calls_a_phone) {
            self.given.push(ProviderState::Number);
        }
        let entity = self.binder.begin_request_body(message.body.json());
        let body = self.body(message, entity);
        if invited.len() > 1 {
            self.given.push(ProviderState::Chat);
        }
        self.binder.end_request(invited);
        Step::Request(RequestStep {
            line: message.line,
            method: method.to_owned(),
            target,
            token: Token::Own,
            headers,
            body,
        })
    }

    fn response(&mut self, message: &mut Message<'_>, status: u16) -> Step {
        let location = message.header("location");
        let entity = self
            .binder
            .begin_response(status, location, message.body.json());
        let headers = self.binder.headers(&message.headers);
        let Context {
            statuses, examples, ..
        } = self.context;
        let mut or = statuses.clone();
        or.retain(|prose| self.is_own && !examples.contains(&prose.status));
        Step::Response(ResponseStep {
            line: message.line,
            status,
            headers,
            body: self.body(message, entity),
            or,
            requirement: None,
        })
    }

    /// The answer to a request for the page's own operation that has no example.
    fn answer_of_prose(&self) -> Option<Step> {
        let (first, others) = self
            .context
            .statuses
            .split_first()
            .filter(|_| self.is_own)?;
        Some(Step::Response(ResponseStep {
            line: first.line,
            status: first.status,
            headers: HeaderFields::new(),
            body: Body::Empty,
            or: others.to_vec(),
            requirement: None,
        }))
    }

    /// Reads the initial state of the conversation from a notification.
    fn notified(&mut self, number: usize, items: &[Value]) {
        let is_incoming = |item: &Value| {
            has_word(property(item, "resourceData"), "state", "incoming")
                && created_call(item).is_some()
        };
        if number == 0 && items.iter().any(is_incoming) {
            self.given.push(ProviderState::IncomingCall);
        }
    }

    fn notification(&mut self, message: &mut Message<'_>, method: &str, printed: &str) -> Step {
        let changes = message.body.json().map(items).unwrap_or_default();
        let given = people::actions(changes);
        let own = changes.iter().find_map(callback_of);
        let target = match (printed, own, self.binder.latest_callback) {
            ("", Some(address), _) => self.binder.callback(address),
            ("", None, Some(latest)) => self.binder.variables.template(latest),
            ("", None, None) => self
                .binder
                .callback(self.context.callback.unwrap_or_default()),
            (printed, ..) => self.binder.callback(printed),
        };
        let headers = self.binder.headers(&message.headers);
        let body = match take(&mut message.body) {
            Body::Json(mut value) => {
                self.binder.notifications(&mut value);
                Body::Json(value)
            }
            Body::Empty => Body::Text(String::new()),
            other => escaped(other),
        };
        Step::Notification(NotificationStep {
            line: message.line,
            method: if method.is_empty() { "POST" } else { method }.to_owned(),
            target,
            headers,
            given,
            body_line: message.body_line,
            body,
        })
    }

    fn body(&mut self, message: &mut Message<'_>, entity: Entity) -> Body {
        let mut body = take(&mut message.body);
        if let Some(value) = body.json_mut() {
            self.binder.body(value, entity);
        }
        escaped(body)
    }
}

/// A body as a template that yields it verbatim.
fn escaped(body: Body) -> Body {
    match body {
        Body::Text(text) => Body::Text(template::escape(&text)),
        other => other,
    }
}

/// The state that the call of a request must be in.
fn needed_state(method: &str, target: &str) -> ProviderState {
    match Resource::parse(target) {
        Some(Resource::Action { action, .. })
            if method == "POST"
                && matches!(
                    resource::action_name(&action),
                    "answer" | "reject" | "redirect"
                ) =>
        {
            ProviderState::IncomingCall
        }
        _ => ProviderState::Call,
    }
}

/// The callback address in a change notification.
fn callback_of(item: &Value) -> Option<&str> {
    let objects = [item, property(item, "resourceData")];
    let mut addresses = objects
        .into_iter()
        .filter_map(|it| property(it, "callbackUri").as_str());
    addresses.find(|address| !address.is_empty())
}

/// True if a phone is among the identities of those that a request calls.
fn calls_a_phone(body: &Value) -> bool {
    let several = ["participants", "targets"]
        .into_iter()
        .filter_map(|name| property(body, name).as_array());
    let one = std::slice::from_ref(property(body, "transferTarget"));
    several
        .flatten()
        .chain(one)
        .any(|member| property(property(member, "identity"), "phone").is_object())
}

fn invited(target: &str, body: &Value) -> Vec<Person> {
    match Resource::parse(target) {
        Some(Resource::Action { action, .. }) if is_invitation(&action) => {
            people::of_operation(body)
        }
        _ => Vec::new(),
    }
}

fn is_invitation(action: &str) -> bool {
    let (collection, name) = action.split_once('/').unwrap_or_default();
    collection == "participants" && resource::action_name(name) == "invite"
}
