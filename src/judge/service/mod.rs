//! The judge of a service: confcall plays the bot.
//!
//! Requests are sent one after the other. The answer and the notifications of each are expected in
//! any order, except that those about one resource are ordered.

mod answer;
mod calls;
mod correlation;
mod expect;
mod matching;
mod notification;
mod operations;
mod refusal;
mod rosters;

pub(super) use self::expect::{Entry, documented_entries};
pub(super) use self::notification::is_bearer;
pub(super) use self::rosters::roster_path;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::expect::Expected;
use super::people;
use super::people::Person;
use super::record::Record;
use super::verdict::{TrafficMessage, Verdict};
use super::{Action, Event, ExchangeId, TransportFailure};
use crate::api::party::Party;
use crate::api::resource;
use crate::api::template;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Headers, Request, Response};
use crate::scenario::format::{Kind, RequestStep, Step, Token};

#[derive(Debug)]
pub(super) struct ServiceJudge {
    pub record: Record,
    pub actions: VecDeque<Action>,
    /// The next step to take, counted from 0.
    cursor: usize,
    /// The unanswered request.
    outstanding: Option<Outstanding>,
    sent: Option<Arc<SentRequest>>,
    /// Expected entries of the current part of the conversation.
    expected: Vec<Expected>,
    /// Entries that arrived before the answer that identifies their owner.
    held: Vec<Arrival>,
    /// The state rank of each call, by the root of its variable.
    calls: HashMap<String, u8>,
    /// Ended operations, by the root of their variable.
    ended: HashSet<String>,
    /// Refused requests.
    refused: Vec<Arc<SentRequest>>,
    /// Only the first person is invited; none while unknown.
    only_first: Option<bool>,
    /// The number of unexpected notifications: each may replace a missing one.
    possible_replacements: usize,
    /// A notification was unreadable: it may have held any missing entry.
    has_unreadable: bool,
    /// Notifications with a lost acknowledgement, and all others by exchange.
    redeliverable: Vec<Arc<Request>>,
    received: HashMap<ExchangeId, Arc<Request>>,
    next_exchange: ExchangeId,
    /// Steps after a failure are not judged.
    is_stopped: bool,
    /// The time of the last expected event.
    progress: Duration,
}

#[derive(Debug)]
struct Outstanding {
    exchange: ExchangeId,
    /// The step of the documented answer.
    answer: Option<usize>,
}

/// A sent request.
#[derive(Debug)]
pub(super) struct SentRequest {
    step: usize,
    request: Arc<Request>,
    people: Vec<Person>,
    /// The variable of the client context in this request or its answer.
    context: Option<String>,
    /// The variable of the operation that the request creates.
    operation: Option<String>,
}

/// One received entry of a notification.
#[derive(Debug, Clone)]
struct Arrival {
    notification: Arc<Request>,
    index: usize,
}

impl SentRequest {
    fn body(&self) -> &Value {
        self.request.body.json().unwrap_or(&Value::Null)
    }

    /// True if the request has a property of that name at any depth, and not as null.
    fn gives(&self, name: &str) -> bool {
        let body = self.request.body.json();
        body.is_some_and(|body| answer::gives(body, name))
    }
}

impl Arrival {
    fn entry(&self) -> &Value {
        let body = self.notification.body.json();
        let entries = body.and_then(crate::contract::change::collection);
        entries.map_or(&Value::Null, |entries| &entries[self.index])
    }

    fn place(&self) -> Pointer {
        Pointer::root().key("value").index(self.index)
    }
}

impl ServiceJudge {
    pub(crate) fn new(record: Record) -> Self {
        Self {
            record,
            actions: VecDeque::new(),
            cursor: 0,
            outstanding: None,
            sent: None,
            expected: Vec::new(),
            held: Vec::new(),
            calls: HashMap::new(),
            ended: HashSet::new(),
            refused: Vec::new(),
            only_first: None,
            possible_replacements: 0,
            has_unreadable: false,
            redeliverable: Vec::new(),
            received: HashMap::new(),
            next_exchange: 0,
            is_stopped: false,
            progress: Duration::ZERO,
        }
    }

    pub(crate) fn handle(&mut self, now: Duration, event: Event) {
        match event {
            Event::Start => {
                self.progress = now;
                self.advance();
            }
            Event::Answered { exchange, response } => {
                if self.take_outstanding(exchange) {
                    self.progress = now;
                    self.on_answer(&response);
                    self.advance();
                }
            }
            Event::Broken { exchange, failure } => {
                if self.take_outstanding(exchange) {
                    self.on_broken(&failure);
                }
            }
            Event::Received { exchange, request } => {
                self.acknowledge(exchange);
                let waiting = self.waiting();
                self.on_notification(exchange, &request);
                if self.waiting() != waiting {
                    self.progress = now;
                }
                self.advance();
            }
            Event::ReplyLost { exchange } => {
                self.redeliverable.extend(self.received.remove(&exchange));
            }
            Event::Elapsed => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.on_deadline();
                }
            }
            Event::Triggered(_) => {}
        }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        let waits = self.outstanding.is_some() || self.waiting() > 0;
        (waits && !self.record.is_finished()).then(|| self.progress + self.record.options.deadline)
    }

    /// True if a notification of this kind is expected.
    pub(crate) fn expects(&self, request: &Request) -> bool {
        !self.record.is_finished()
            && request
                .body
                .json()
                .and_then(crate::contract::change::entries)
                .is_some_and(|entries| {
                    entries.iter().any(|entry| {
                        let change = crate::contract::change::Change::read(entry);
                        self.expected
                            .iter()
                            .any(|e| !e.is_done && e.subject == change.subject)
                    })
                })
    }

    fn waiting(&self) -> usize {
        self.expected.iter().filter(|e| !e.is_done).count()
    }

    /// Advances until the next expected message.
    fn advance(&mut self) {
        while !self.record.is_finished() && self.outstanding.is_none() && self.waiting() == 0 {
            let scenario = Arc::clone(&self.record.case.scenario);
            match scenario.script.steps.get(self.cursor) {
                None => self.record.finish(),
                Some(Step::Request(request)) => self.send_request(request),
                Some(Step::Notification(_)) => self.expect_notifications(),
                // The parser rejects an answer without a request.
                Some(Step::Response(_) | Step::Refusal(_)) => self.cursor += 1,
            }
        }
    }

    /// Sends the request at the cursor, and expects its answer and notifications.
    fn send_request(&mut self, step: &RequestStep) {
        let at = self.cursor;
        self.cursor += 1;
        let answer = matches!(
            self.record.steps().get(self.cursor),
            Some(Step::Response(_) | Step::Refusal(_))
        )
        .then_some(self.cursor);
        self.cursor += usize::from(answer.is_some());
        let request = Arc::new(outgoing_request(&mut self.record, step));
        self.sent = Some(Arc::new(SentRequest {
            step: at,
            people: request.body.json().map(people::people).unwrap_or_default(),
            request: Arc::clone(&request),
            context: self.context_of(at, answer),
            operation: self.operation_of(answer),
        }));
        self.only_first = None;
        self.expect_notifications();
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        self.outstanding = Some(Outstanding { exchange, answer });
        let message = TrafficMessage::Request(Arc::clone(&request));
        self.record.traffic(Party::Bot, Some(at), message);
        self.actions.push_back(Action::Send { exchange, request });
    }

    /// The variable of the client context: the request's own, else that of the answer or the first
    /// notification.
    fn context_of(&self, request: usize, answer: Option<usize>) -> Option<String> {
        [Some(request), answer]
            .into_iter()
            .flatten()
            .find_map(|step| {
                let body = self.record.steps()[step].body().json()?;
                sole_variable_at(body, "clientContext")
            })
    }

    /// The variable of the operation in the answer's body or `Location`.
    fn operation_of(&self, answer: Option<usize>) -> Option<String> {
        let Step::Response(step) = self.record.steps().get(answer?)? else {
            return None;
        };
        let in_location = || {
            let (_, location) = step
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
            match resource::Resource::parse(location)? {
                resource::Resource::Operation { operation, .. } => {
                    template::sole_variable(&operation).map(str::to_owned)
                }
                _ => None,
            }
        };
        let in_body = || sole_variable_at(step.body.json()?, "id");
        let variable = in_body().or_else(in_location)?;
        (self.record.bindings.kind(&variable) == Kind::Operation).then_some(variable)
    }

    /// Expects the notifications from the cursor to the next request.
    fn expect_notifications(&mut self) {
        self.expected.clear();
        while let Some(Step::Notification(_)) = self.record.steps().get(self.cursor) {
            let entries = &self.record.case.outline().step(self.cursor).entries;
            self.expected.extend(entries.iter().map(Expected::new));
            self.cursor += 1;
        }
    }

    fn take_outstanding(&mut self, exchange: ExchangeId) -> bool {
        let is_it = self
            .outstanding
            .as_ref()
            .is_some_and(|o| o.exchange == exchange);
        is_it && !self.record.is_finished()
    }

    fn on_broken(&mut self, failure: &TransportFailure) {
        let step = self.answer_step();
        self.outstanding = None;
        match failure {
            TransportFailure::Gone(what) => {
                let event = TrafficMessage::Event(what.clone());
                self.record.traffic(Party::Service, step, event);
                let reason = format!("the service has gone away: {what}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            TransportFailure::Broken(what) => {
                self.record.broken(step, what);
                self.stop();
            }
            TransportFailure::Silent => self.answer_missing(step),
        }
    }

    fn on_deadline(&mut self) {
        if self.outstanding.is_some() {
            let step = self.answer_step();
            self.outstanding = None;
            self.answer_missing(step);
        } else {
            self.notifications_missing();
            self.stop();
        }
    }

    fn answer_missing(&mut self, step: Option<usize>) {
        self.record.unanswered(step);
        self.stop();
    }

    fn answer_step(&self) -> Option<usize> {
        self.outstanding
            .as_ref()
            .and_then(|o| o.answer)
            .or_else(|| self.sent.as_ref().map(|sent| sent.step))
    }

    /// Ends the conversation; later steps are not judged.
    pub(crate) fn stop(&mut self) {
        let left = self.record.steps().len() - self.cursor + self.waiting();
        if left > 0 {
            self.record
                .note(format!("{left} later messages were not judged"));
        }
        self.is_stopped = true;
        self.record.finish();
    }

    fn acknowledge(&mut self, exchange: ExchangeId) {
        let response = Response {
            status: 202,
            headers: Headers::new(),
            body: Body::Empty,
        };
        let response = Arc::new(response);
        self.actions.push_back(Action::Reply { exchange, response });
    }

    fn known_call(&self, id: &str) -> Option<String> {
        self.bound_root(Kind::Call, id)
    }

    fn bound_root(&self, kind: Kind, id: &str) -> Option<String> {
        let root = self.record.bindings.root_bound_to(kind, id);
        root.map(str::to_owned)
    }
}

/// A token that no service issues.
const FOREIGN_TOKEN: &str = "confcall-of-somebody-else";

/// The request of a step with variables filled in and the token added.
pub(super) fn outgoing_request(record: &mut Record, step: &RequestStep) -> Request {
    let target = record.bindings.fill(&relative(&step.target));
    let mut headers: Headers = step
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| (name.clone(), record.bindings.fill(value)))
        .collect();
    let given = authorization_of(record, step);
    let token = match step.token {
        Token::Own => Some(record.options.token.as_str()),
        Token::Foreign => Some(FOREIGN_TOKEN),
        Token::None => None,
    };
    if let Some(authorization) = given.or_else(|| token.map(|it| format!("Bearer {it}"))) {
        headers.push("Authorization", authorization);
    }
    let body = record.bindings.fill_body(&step.body);
    Request {
        method: step.method.clone(),
        target,
        headers,
        body,
    }
}

/// The documented token, where the service gave it in this conversation or before: that of a recording.
fn authorization_of(record: &mut Record, step: &RequestStep) -> Option<String> {
    let mut headers = step.headers.iter();
    let (_, printed) = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let is_given = |name: &str| {
        let variable = record.script().variables.get(name);
        variable.is_some_and(|it| it.kind != Kind::Token) && record.bindings.get(name).is_some()
    };
    let is_given = template::variables(printed).any(is_given);
    is_given.then(|| record.bindings.fill(printed))
}

/// A documented target without scheme, host and API version.
pub(super) fn relative(target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    };
    let without = ["/beta/", "/v1.0/"]
        .iter()
        .find_map(|version| path.strip_prefix(version));
    match without {
        Some(rest) => format!("/{rest}"),
        None => path.to_owned(),
    }
}

/// The variable that is the whole value of a property of the outermost object.
fn sole_variable_at(body: &Value, name: &str) -> Option<String> {
    let (_, value) = crate::contract::shape::lookup(body, name)?;
    template::sole_variable(value.as_str()?).map(str::to_owned)
}
