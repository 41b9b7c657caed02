//! The judge of a bot: confcall plays the service.
//!
//! The bot is cued for each documented request, unless it has sent it already; it is answered and
//! called back as documented, and its acknowledgements are judged.

mod invitation;
mod outgoing;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use super::compare::{Rules, compare};
use super::page::request_key;
use super::record::{Departure, Record, text};
use super::service::{is_bearer, outgoing_request, relative};
use super::{Action, CueAnswer, Event, ExchangeId, TransportFailure, bindings};
use crate::logic::verdict::{Role, Rule, TrafficMessage, Verdict};
use crate::model::identifier;
use crate::model::message::{Body, Headers, Payload, Request, Response};
use crate::model::resource::{self, Resource};
use crate::model::scenario::{Kind, RequestStep, Step};
use crate::model::template;
use crate::text::pointer::Pointer;

/// The state machine. See the module.
#[derive(Debug)]
pub(super) struct BotJudge {
    pub record: Record,
    pub actions: VecDeque<Action>,
    /// The next step to take, counted from 0.
    cursor: usize,
    waiting: Waiting,
    /// Request steps that the bot has sent, and answered steps, counted from 0.
    done: HashSet<usize>,
    /// Whether the bot was cued for the request that is waited for.
    cued: HashSet<usize>,
    /// What the bot does of its own accord, remembered for its GETs.
    calls: HashMap<String, &'static str>,
    next_exchange: ExchangeId,
    /// What was answered, by exchange, and which of it did not reach the bot.
    replies: HashMap<ExchangeId, (Request, Response)>,
    lost: Vec<(Request, Response)>,
    /// Whether a request came that nothing asked for: it may be the one that is then missing.
    has_stray: bool,
    /// Whether what follows a failure is not judged any more.
    is_stopped: bool,
    progress: Duration,
}

/// What the judge waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Waiting {
    Nothing,
    /// The answer to the cue for a step.
    Cue(usize),
    /// The request of a step.
    Request(usize),
    /// The acknowledgement of a step's notification.
    Acknowledgement(usize, ExchangeId),
}

impl BotJudge {
    pub fn new(record: Record) -> Self {
        Self {
            record,
            actions: VecDeque::new(),
            cursor: 0,
            waiting: Waiting::Nothing,
            done: HashSet::new(),
            cued: HashSet::new(),
            calls: HashMap::new(),
            next_exchange: 0,
            replies: HashMap::new(),
            lost: Vec::new(),
            has_stray: false,
            is_stopped: false,
            progress: Duration::ZERO,
        }
    }

    pub fn handle(&mut self, now: Duration, event: Event) {
        match event {
            Event::Start => {
                self.progress = now;
                self.advance();
            }
            Event::Cued(answer) => {
                if let Waiting::Cue(step) = self.waiting {
                    self.progress = now;
                    self.on_cued(step, answer);
                }
            }
            Event::Received { exchange, request } => {
                self.progress = now;
                self.on_request(exchange, &request);
                self.advance();
            }
            Event::Answered { exchange, response } => {
                if let Waiting::Acknowledgement(step, awaited) = self.waiting
                    && awaited == exchange
                {
                    self.progress = now;
                    self.on_acknowledgement(step, response);
                    self.advance();
                }
            }
            Event::Broken { exchange, failure } => {
                if let Waiting::Acknowledgement(step, awaited) = self.waiting
                    && awaited == exchange
                {
                    self.on_broken(step, &failure);
                }
            }
            Event::Elapsed => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.on_deadline();
                }
            }
            Event::ReplyLost { exchange } => self.lost.extend(self.replies.remove(&exchange)),
        }
    }

    pub fn deadline(&self) -> Option<Duration> {
        let waits = self.waiting != Waiting::Nothing && !self.record.is_finished();
        waits.then(|| self.progress + self.record.options.deadline)
    }

    /// Whether the next request is of this kind, whatever ids it bears.
    pub fn awaits(&self, request: &Request) -> bool {
        self.next_request().is_some_and(|at| {
            matches!(&self.record.steps()[at], Step::Request(step)
                if step.method == request.method
                    && resource::shape_of(&step.target) == resource::shape_of(&request.target))
                || self.waiting == Waiting::Request(at)
        }) && !self.record.is_finished()
    }

    /// The next request step that the bot has not sent.
    fn next_request(&self) -> Option<usize> {
        let steps = self.record.steps().iter().enumerate();
        steps
            .skip(self.cursor)
            .find(|(at, step)| matches!(step, Step::Request(_)) && !self.done.contains(at))
            .map(|(at, _)| at)
    }

    /// Goes on as far as nothing is waited for.
    fn advance(&mut self) {
        while !self.record.is_finished() && self.waiting == Waiting::Nothing {
            match self.record.steps().get(self.cursor) {
                None => self.record.finish(),
                Some(Step::Request(_) | Step::Response(_)) if self.done.contains(&self.cursor) => {
                    self.cursor += 1;
                }
                Some(Step::Request(step)) => {
                    let step = step.clone();
                    self.cue(&step);
                }
                Some(Step::Notification(step)) => {
                    let step = step.clone();
                    let request = outgoing::notification(&mut self.record, &step);
                    self.notify(request);
                }
                // Its request was judged without an answer, which a file's reader refuses.
                Some(Step::Response(_)) => self.cursor += 1,
            }
        }
    }

    // --- requests -----------------------------------------------------------------------------

    fn cue(&mut self, step: &RequestStep) {
        let at = self.cursor;
        self.waiting = Waiting::Cue(at);
        let mut request = outgoing_request(&mut self.record, step);
        request.headers = request
            .headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
            .collect();
        self.actions.push_back(Action::Cue {
            step: at + 1,
            request,
        });
    }

    fn on_cued(&mut self, step: usize, answer: CueAnswer) {
        if self.done.contains(&step) {
            self.waiting = Waiting::Nothing;
            self.advance();
            return;
        }
        match answer {
            CueAnswer::Accepted => {
                self.cued.insert(step);
                self.waiting = Waiting::Request(step);
            }
            CueAnswer::NoAddress => self.waiting = Waiting::Request(step),
            CueAnswer::Declined(reason) => {
                let reason = format!("the bot declines: {reason}");
                self.record.give_up(Verdict::Skip, reason);
            }
            CueAnswer::Failed(reason) => {
                let reason = format!("the cue failed: {reason}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
        }
    }

    /// Takes a request of the bot, and answers it.
    fn on_request(&mut self, exchange: ExchangeId, request: &Request) {
        self.record.check("request.once");
        if self.is_free(request) && !self.is_documented_next(request) {
            self.traffic_in(None, request);
            let response = self.free_answer(request);
            self.reply(exchange, None, response);
            return;
        }
        if let Some(at) = self.lost.iter().position(|(lost, _)| lost == request) {
            let (_, response) = self.lost.remove(at);
            self.traffic_in(None, request);
            self.record
                .note("a request was sent again, as its answer had been lost");
            self.replies
                .insert(exchange, (request.clone(), response.clone()));
            self.reply(exchange, None, response);
            return;
        }
        if self.is_stopped || self.record.is_given_up() {
            self.traffic_in(None, request);
            let response = outgoing::error(409, "Conflict", "the conversation is over");
            self.reply(exchange, None, response);
            return;
        }
        let expected = self.next_request().filter(|_| !self.record.is_finished());
        let Some(at) = expected.filter(|at| self.is_meant(*at, request)) else {
            self.traffic_in(None, request);
            self.unexpected(request);
            let response = outgoing::error(409, "Conflict", "nothing asked for this request");
            self.reply(exchange, None, response);
            return;
        };
        let Step::Request(step) = self.record.steps()[at].clone() else {
            return;
        };
        self.traffic_in(Some(at), request);
        self.record.check("request.sent");
        self.done.insert(at);
        if self.is_asked_for(at) {
            self.waiting = Waiting::Nothing;
        }
        let may_go_on = self.judge_request(at, &step, request);
        self.answer(exchange, at, may_go_on);
    }

    /// Whether a request is the bot's own affair: a GET of a resource of the conversation, or its
    /// DELETE of a call after the last step.
    fn is_free(&self, request: &Request) -> bool {
        let Some(named) = Resource::parse(&request.target) else {
            return false;
        };
        let is_ours = named.call().is_some_and(|call| self.is_known_call(call));
        let is_plain = !matches!(named, Resource::Action { .. } | Resource::Calls);
        match request.method.as_str() {
            "GET" | "HEAD" => is_ours && is_plain,
            "DELETE" => is_ours && matches!(named, Resource::Call(_)) && self.is_over(),
            _ => false,
        }
    }

    /// Whether the next documented request is of this method and shape.
    fn is_documented_next(&self, request: &Request) -> bool {
        self.next_request().is_some_and(|at| {
            matches!(&self.record.steps()[at], Step::Request(step)
                if step.method == request.method
                    && resource::shape_of(&step.target) == resource::shape_of(&request.target))
        })
    }

    fn is_over(&self) -> bool {
        self.record.is_finished() || self.cursor >= self.record.steps().len()
    }

    fn is_known_call(&self, id: &str) -> bool {
        let bindings = &self.record.bindings;
        self.record.script().variables.keys().any(|name| {
            bindings.kind(name) == Kind::Call
                && bindings
                    .get(name)
                    .is_some_and(|value| bindings::same(Kind::Call, value, id))
        })
    }

    /// Whether a request is an attempt at a documented one: not a second one, and no early end.
    fn is_meant(&self, at: usize, request: &Request) -> bool {
        let Step::Request(step) = &self.record.steps()[at] else {
            return false;
        };
        let shape = resource::shape_of(&request.target);
        let same_shape = shape == resource::shape_of(&step.target);
        if same_shape {
            let repeats = self.done.iter().any(|done| {
                matches!(&self.record.steps()[*done], Step::Request(other)
                    if request_key(other) == request_key(step))
            });
            return !repeats || self.is_asked_for(at);
        }
        let is_another_step = self.record.steps().iter().any(|other| {
            matches!(other, Step::Request(other) if resource::shape_of(&other.target) == shape)
        });
        self.is_asked_for(at) && !is_another_step && request.method != "DELETE"
    }

    fn is_asked_for(&self, at: usize) -> bool {
        matches!(self.waiting, Waiting::Cue(step) | Waiting::Request(step) if step == at)
    }

    /// Judges a request that is meant for a step. False where no answer as documented makes sense.
    fn judge_request(&mut self, at: usize, step: &RequestStep, request: &Request) -> bool {
        self.record.check("request.method");
        if request.method != step.method {
            self.record.depart(Departure::new(
                "request.method",
                Rule::RequestMethod,
                Some(at),
                json!(step.method),
                json!(request.method),
                format!("the request is a {}", request.method),
            ));
            return false;
        }
        if !self.judge_target(at, step, request) {
            return false;
        }
        self.judge_head(at, step, request);
        self.judge_body(at, step, request)
    }

    fn judge_target(&mut self, at: usize, step: &RequestStep, request: &Request) -> bool {
        self.record.check("request.target");
        let expected = self.record.bindings.fill(&relative(&step.target));
        let conforms = match (Resource::parse(&expected), Resource::parse(&request.target)) {
            (Some(expected), Some(actual)) => {
                expected.same(&actual) && is_documented_prefix(&request.target)
            }
            (None, None) => {
                let path = relative(&request.target);
                resource::path_of(&path) == resource::path_of(&expected)
            }
            _ => false,
        };
        if !conforms {
            self.record.depart(Departure::new(
                "request.target",
                Rule::RequestTarget,
                Some(at),
                json!(expected),
                json!(request.target),
                format!("the request goes to {}", request.target),
            ));
        }
        conforms
    }

    fn judge_head(&mut self, at: usize, step: &RequestStep, request: &Request) {
        self.record.check("request.token");
        let token = request.headers.get("authorization");
        if !token.is_some_and(is_bearer) {
            self.record.depart(Departure::new(
                "request.token",
                Rule::RequestHeader,
                Some(at),
                json!("Bearer …"),
                text(token),
                "the request carries no bearer token".into(),
            ));
        }
        // A body that does not come is told as such.
        if step.body.is_none() || request.body.is_empty() {
            return;
        }
        self.record.check("request.media-type");
        let documented = step
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map_or("application/json", |(_, value)| essence(value));
        let media_type = request.headers.media_type();
        if !media_type
            .as_deref()
            .is_some_and(|it| it.eq_ignore_ascii_case(documented))
        {
            self.record.depart(Departure::new(
                "request.media-type",
                Rule::RequestHeader,
                Some(at),
                json!(documented),
                text(media_type.as_deref()),
                format!(
                    "Content-Type is {}",
                    media_type.as_deref().unwrap_or("missing")
                ),
            ));
        }
    }

    fn judge_body(&mut self, at: usize, step: &RequestStep, request: &Request) -> bool {
        let Some(Body::Json(template)) = &step.body else {
            return true;
        };
        self.record.check("request.body");
        let expected = self.record.bindings.fill_json(template);
        let Payload::Json(actual) = &request.body else {
            let (actual, message) = match &request.body {
                Payload::Text { text, error } => {
                    (json!(text), format!("the body is no JSON: {error}"))
                }
                Payload::Opaque(length) => (
                    Value::Null,
                    format!("the body is {length} bytes that cannot be read"),
                ),
                _ => (Value::Null, "the request has no body".to_owned()),
            };
            self.record.depart(Departure::new(
                "request.body",
                Rule::RequestBody,
                Some(at),
                expected,
                actual,
                message,
            ));
            return false;
        };
        if is_invitation(step) {
            self.judge_invitation(at, step, &expected, actual);
        } else {
            self.judge_shape(at, step, actual);
            self.correlate(at, template, actual, &Pointer::root());
            self.judge_media(at, &expected, actual);
        }
        true
    }

    /// The body against what the page shows of this request.
    fn judge_shape(&mut self, at: usize, step: &RequestStep, actual: &Value) {
        let page = self.record.page.clone();
        let Some(shape) = page.request_body(step) else {
            return;
        };
        let rules = Rules {
            of_bot: true,
            given: &|_| true,
            odata_types: &|_| Vec::new(),
        };
        let found = compare(shape, actual, rules, &Pointer::root());
        self.record
            .depart_all(found, Rule::RequestBody, "request.body", Some(at), None);
    }

    /// Ids that confcall handed out come back unchanged; what the bot makes up is bound.
    fn correlate(&mut self, at: usize, template: &Value, actual: &Value, pointer: &Pointer) {
        match (template, actual) {
            (Value::Object(properties), Value::Object(_)) => {
                for (name, template) in properties {
                    if let Some((written, value)) = super::shape::lookup(actual, name) {
                        self.correlate(at, template, value, &pointer.key(written));
                    }
                }
            }
            (Value::Array(templates), Value::Array(items)) => {
                for (index, (template, item)) in templates.iter().zip(items).enumerate() {
                    self.correlate(at, template, item, &pointer.index(index));
                }
            }
            (Value::String(template), Value::String(actual)) => {
                let Some(name) = template::sole_variable(template) else {
                    return;
                };
                let kind = self.record.bindings.kind(name);
                let expected = self.record.bindings.value(name);
                if kind == Kind::Context {
                    self.record.bindings.bind(name, actual.as_str());
                    return;
                }
                self.record.check("ids.unchanged");
                if bindings::correlates(kind) && !bindings::same(kind, &expected, actual) {
                    let departure = Departure::new(
                        "ids.unchanged",
                        Rule::Correlation,
                        Some(at),
                        json!(expected),
                        json!(actual),
                        format!("{{{name}}} is {actual}, given was {expected}"),
                    );
                    self.record.depart(departure.at(pointer.clone()));
                }
            }
            _ => {}
        }
    }

    /// A bot that is documented to join without media avoids to negotiate any.
    fn judge_media(&mut self, at: usize, expected: &Value, actual: &Value) {
        let joins_without = expected
            .get("requestedModalities")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
            && expected.get("mediaConfig").is_none();
        if !joins_without {
            return;
        }
        self.record.check("media.avoided");
        let negotiates = super::shape::lookup(actual, "mediaConfig").is_some()
            || super::shape::lookup(actual, "requestedModalities")
                .and_then(|(_, value)| value.as_array())
                .is_some_and(|modalities| !modalities.is_empty());
        if negotiates {
            let departure = Departure::new(
                "media.avoided",
                Rule::RequestBody,
                Some(at),
                json!([]),
                actual
                    .get("requestedModalities")
                    .cloned()
                    .unwrap_or_default(),
                "the bot joins only to transfer, and negotiates media".into(),
            );
            self.record
                .depart(departure.at(Pointer::root().key("requestedModalities")));
        }
    }

    /// A request that nothing asks for. Where one is waited for, it may be what came instead.
    fn unexpected(&mut self, request: &Request) {
        self.has_stray = true;
        self.record.depart(Departure::new(
            "request.once",
            Rule::RequestUnexpected,
            None,
            Value::Null,
            json!(format!("{} {}", request.method, request.target)),
            format!(
                "a request that nothing asks for: {} {}",
                request.method, request.target
            ),
        ));
    }

    // --- answers ------------------------------------------------------------------------------

    /// Answers a request as documented, or refuses it where it cannot be taken for one.
    fn answer(&mut self, exchange: ExchangeId, at: usize, may_go_on: bool) {
        let answer = self.record.steps().get(at + 1).cloned();
        if !may_go_on {
            let response = outgoing::error(400, "BadRequest", "the request is not as documented");
            self.reply(exchange, None, response);
            self.stop();
            return;
        }
        let Some(Step::Response(step)) = answer else {
            let response = outgoing::accepted();
            self.reply(exchange, None, response);
            return;
        };
        self.done.insert(at + 1);
        let response = outgoing::answer(&mut self.record, &step);
        if let Some(TrafficMessage::Request(request)) = self.record.last_message() {
            let sent = (request.clone(), response.clone());
            self.replies.insert(exchange, sent);
        }
        self.reply(exchange, Some(at + 1), response);
    }

    fn reply(&mut self, exchange: ExchangeId, step: Option<usize>, response: Response) {
        let message = TrafficMessage::Response(response.clone());
        self.record.traffic(Role::Service, step, message);
        self.actions.push_back(Action::Reply { exchange, response });
    }

    /// What a bot gets that looks at a resource of the conversation, or ends its call.
    fn free_answer(&mut self, request: &Request) -> Response {
        let Some(named) = Resource::parse(&request.target) else {
            return outgoing::error(404, "NotFound", "no such resource");
        };
        if request.method == "DELETE" {
            if let Some(call) = named.call() {
                self.calls.insert(identifier::normal(call), "terminated");
            }
            return outgoing::no_content();
        }
        let state = named
            .call()
            .and_then(|call| self.calls.get(&identifier::normal(call)))
            .copied();
        outgoing::resource(&named, state.unwrap_or("established"))
    }

    fn traffic_in(&mut self, step: Option<usize>, request: &Request) {
        let message = TrafficMessage::Request(request.clone());
        self.record.traffic(Role::Bot, step, message);
    }

    // --- notifications ------------------------------------------------------------------------

    fn notify(&mut self, request: Request) {
        let at = self.cursor;
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        self.waiting = Waiting::Acknowledgement(at, exchange);
        let message = TrafficMessage::Request(request.clone());
        self.record.traffic(Role::Service, Some(at), message);
        self.actions.push_back(Action::Send { exchange, request });
        self.cursor += 1;
    }

    fn on_acknowledgement(&mut self, step: usize, response: Response) {
        self.waiting = Waiting::Nothing;
        self.record.check("acknowledgement");
        self.record.check("bot.transport");
        let status = response.status;
        let message = TrafficMessage::Response(response);
        self.record.traffic(Role::Bot, Some(step), message);
        if !(200..300).contains(&status) {
            self.record.depart(Departure::new(
                "acknowledgement",
                Rule::AcknowledgementStatus,
                Some(step),
                json!("2xx"),
                json!(status),
                format!("the notification was answered {status}"),
            ));
        }
    }

    fn on_broken(&mut self, step: usize, failure: &TransportFailure) {
        self.waiting = Waiting::Nothing;
        match failure {
            TransportFailure::Gone(what) => {
                let reason = format!("the bot has gone away: {what}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            TransportFailure::Broken(what) => {
                let event = TrafficMessage::Event(what.clone());
                self.record.traffic(Role::Bot, Some(step), event);
                self.record.depart(Departure::new(
                    "bot.transport",
                    Rule::Transport,
                    Some(step),
                    json!("a whole HTTP response"),
                    Value::Null,
                    format!("the notification's exchange broke: {what}"),
                ));
                self.stop();
            }
            TransportFailure::Silent => self.acknowledgement_missing(step),
        }
    }

    fn acknowledgement_missing(&mut self, step: usize) {
        let deadline = self.record.options.deadline;
        let event = TrafficMessage::Event(format!("no acknowledgement within {deadline:?}"));
        self.record.traffic(Role::Bot, Some(step), event);
        self.record.depart(Departure::new(
            "acknowledgement",
            Rule::AcknowledgementMissing,
            Some(step),
            json!("2xx"),
            Value::Null,
            format!("the notification was not answered within {deadline:?}"),
        ));
        self.stop();
    }

    fn on_deadline(&mut self) {
        match self.waiting.clone() {
            Waiting::Nothing => {}
            Waiting::Cue(_) => {
                let deadline = self.record.options.deadline;
                let reason = format!("the cue was not answered within {deadline:?}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Request(_) if self.has_stray => {
                self.record
                    .note("the request that the bot was cued for did not come");
                self.stop();
            }
            Waiting::Request(step) if self.cued.contains(&step) => {
                let deadline = self.record.options.deadline;
                self.record.depart(Departure::new(
                    "request.sent",
                    Rule::RequestMissing,
                    Some(step),
                    json!(self.record.steps()[step].kind()),
                    Value::Null,
                    format!("the bot was cued and sent nothing within {deadline:?}"),
                ));
                self.stop();
            }
            Waiting::Request(_) => {
                let reason = "the bot was never cued (no --cue), and sent nothing by itself";
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Acknowledgement(step, _) => self.acknowledgement_missing(step),
        }
    }

    /// Ends the conversation here: what would follow is not judged.
    fn stop(&mut self) {
        self.waiting = Waiting::Nothing;
        let left = self.record.steps().len().saturating_sub(self.cursor + 1);
        if left > 0 {
            self.record
                .note(format!("{left} later messages were not judged"));
        }
        self.is_stopped = true;
        self.record.finish();
    }
}

/// A media type without its parameters.
fn essence(content_type: &str) -> &str {
    content_type
        .split(';')
        .next()
        .unwrap_or(content_type)
        .trim()
}

/// Whether a request invites participants.
fn is_invitation(step: &RequestStep) -> bool {
    resource::shape_of(&step.target) == "calls/{}/participants/invite"
}

/// Whether a path of the calling API starts in a documented way: `/app`, `/communications` or
/// `/applications/{id}`, after any prefix that the service's own address has.
fn is_documented_prefix(target: &str) -> bool {
    let segments: Vec<&str> = resource::path_of(target)
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let Some(calls) = segments.iter().position(|segment| *segment == "calls") else {
        return false;
    };
    matches!(
        &segments[..calls],
        [.., "app" | "communications"] | [.., "applications", _]
    )
}

/// An empty set of headers with a media type of JSON.
fn json_headers() -> Headers {
    Headers::from_iter([("Content-Type", "application/json")])
}
