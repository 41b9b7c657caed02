//! Writes one conversation as a scenario: steps with variables, and the provider states before them.

use foldhash::HashSet;
use std::mem::take;

use serde_json::Value;

use crate::api::resource;
use crate::api::resource::Resource;
use crate::api::template;
use crate::http::message::Body;
use crate::scenario::format::{
    NotificationStep, ProseStatus, ProviderState, RequestStep, ResponseStep, Script, Step, Token,
    VERSION,
};

use super::binding::Binder;
use super::conversation::{Run, created_call, has_word, items, operation_end};
use super::inventory::Findings;
use super::json::property;
use super::message::{Message, Part};
use super::people;
use super::people::{Entity, Person};

/// The prose about the operation of a page.
#[derive(Debug)]
pub(super) struct Prose {
    /// The shapes of the page's own requests ([`resource::shape_of`]).
    pub(super) shapes: HashSet<String>,
    /// Success statuses without an example.
    pub(super) statuses: Vec<ProseStatus>,
}

/// Writes the script of a conversation. `readers` counts, for each message of the page, the conversations
/// that still need it: the last one takes the body.
pub(super) fn write(
    source: &str,
    run: &Run,
    messages: &mut [Message<'_>],
    readers: &mut [usize],
    prose: &Prose,
    findings: &mut Findings<'_>,
) -> Script {
    let mut writer = Writer {
        binder: Binder::new(findings),
        prose,
        given: Vec::new(),
        is_own: false,
    };
    let mut steps = Vec::with_capacity(run.messages.len());
    for &index in &run.messages {
        let message = &mut messages[index];
        readers[index] -= 1;
        let copy = (readers[index] > 0).then(|| message.body.clone());
        steps.push(writer.step(steps.len(), message));
        message.body = copy.unwrap_or_default();
    }
    let mut given = writer.given;
    if writer.binder.needs_call() {
        given.push(ProviderState::Call);
    }
    if writer.binder.needs_peer_call() {
        given.push(ProviderState::PeerCall);
    }
    given.sort_unstable();
    given.dedup();
    Script {
        schema: None,
        version: VERSION,
        source: source.to_owned(),
        tags: Vec::new(),
        judges: None,
        given,
        variables: writer.binder.variables.finish(),
        steps,
    }
}

struct Writer<'p, 'f, 'n> {
    binder: Binder<'f, 'n>,
    prose: &'p Prose,
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
        self.is_own = self.prose.shapes.contains(&resource::shape_of(printed));
        self.binder.begin_request();
        let target = self.binder.target(printed);
        self.binder.end_request_path();
        let headers = self.binder.headers(&message.headers);
        let invited = message
            .body
            .json()
            .map(|b| invited(printed, b))
            .unwrap_or_default();
        if message.body.json().is_some_and(calls_a_phone) {
            self.given.push(ProviderState::Number);
        }
        let body = self.body(message, Entity::Plain);
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
        let or = if self.is_own {
            self.prose.statuses.clone()
        } else {
            Vec::new()
        };
        Step::Response(ResponseStep {
            line: message.line,
            status,
            headers,
            body: self.body(message, entity),
            or,
            requirement: None,
        })
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
        let fails = |item| operation_end(item).is_some_and(|end| end == "failed");
        if items.iter().any(fails) {
            self.given.push(ProviderState::InviteFails);
        }
    }

    fn notification(&mut self, message: &mut Message<'_>, method: &str, target: &str) -> Step {
        let target = self.binder.callback(target);
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

/// True if a phone is among the identities of a request's participants or targets.
fn calls_a_phone(body: &Value) -> bool {
    ["participants", "targets"]
        .into_iter()
        .filter_map(|name| property(body, name).as_array())
        .flatten()
        .any(|member| property(property(member, "identity"), "phone").is_object())
}

fn invited(target: &str, body: &Value) -> Vec<Person> {
    match Resource::parse(target) {
        Some(Resource::Action { action, .. }) if action == "participants/invite" => {
            people::of_operation(body)
        }
        _ => Vec::new(),
    }
}
