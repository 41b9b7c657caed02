//! The plan with a bot as the target: confcall plays the service.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Watch, answer_of, fill, millis, triggered};
use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource;
use crate::api::resource::{Resource, below_prefix};
use crate::contract::operation;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Request, Response};
use crate::judge::bot::outgoing;
use crate::judge::monitor::Ending;
use crate::judge::record::{Breach, Record};
use crate::judge::service::outgoing_request;
use crate::judge::verdict::{TrafficMessage, Verdict};
use crate::judge::{Action, Event, ExchangeId, TransportFailure, TriggerAnswer};
use crate::scenario::format::{NotificationStep, RequestStep, Step};

#[derive(Debug)]
pub(in crate::judge) struct BotPlan {
    pub record: Record,
    pub actions: VecDeque<Action>,
    watch: Watch,
    /// The next step to take, counted from 0.
    cursor: usize,
    waiting: Waiting,
    /// The triggered requests, with their variables filled in, by step.
    triggered: HashMap<usize, Request>,
    /// Request steps that the bot has sent, and answered steps, counted from 0.
    done: HashSet<usize>,
    /// The bodies of the requests so far, with their operations.
    sent: Vec<(Option<&'static Operation>, Arc<Request>)>,
    /// Answers by exchange, and those that did not reach the bot.
    replies: HashMap<ExchangeId, (Arc<Request>, Arc<Response>)>,
    lost_replies: Vec<(Arc<Request>, Arc<Response>)>,
    /// Triggers whose request arrived before their answer.
    overtaken: usize,
    /// A request came that the plan does not know: it may be the missing one.
    has_other: Option<String>,
    next_exchange: ExchangeId,
    progress: Duration,
    now: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Waiting {
    Nothing,
    /// The answer to the trigger of a step.
    Trigger(usize),
    /// The request of a step; true where the bot was triggered for it.
    Request(usize, bool),
    Acknowledgement {
        step: usize,
        exchange: ExchangeId,
        /// The number of the exchange in the monitor.
        watched: u64,
    },
}

impl BotPlan {
    pub(in crate::judge) fn new(record: Record) -> Self {
        Self {
            watch: Watch::new(&record, Party::Bot),
            record,
            actions: VecDeque::new(),
            cursor: 0,
            waiting: Waiting::Nothing,
            triggered: HashMap::new(),
            done: HashSet::new(),
            sent: Vec::new(),
            replies: HashMap::new(),
            lost_replies: Vec::new(),
            overtaken: 0,
            has_other: None,
            next_exchange: 0,
            progress: Duration::ZERO,
            now: Duration::ZERO,
        }
    }

    pub(in crate::judge) fn handle(&mut self, now: Duration, event: Event) {
        self.now = self.now.max(now);
        match event {
            Event::Start => {
                self.progress = now;
                self.advance();
            }
            Event::Triggered(_) if self.overtaken > 0 => self.overtaken -= 1,
            Event::Triggered(answer) => {
                if let Waiting::Trigger(step) = self.waiting {
                    self.progress = now;
                    self.on_triggered(step, answer);
                }
            }
            Event::Received { exchange, request } => {
                let waiting = self.waiting.clone();
                self.on_request(exchange, &request);
                self.advance();
                if self.waiting != waiting {
                    self.progress = now;
                }
            }
            Event::Answered { exchange, response } => {
                if let Some((step, watched)) = self.acknowledged(exchange) {
                    self.progress = now;
                    self.on_acknowledgement(step, watched, &response);
                    self.advance();
                }
            }
            Event::Broken { exchange, failure } => {
                if let Some((step, _)) = self.acknowledged(exchange) {
                    self.on_broken(step, &failure);
                }
            }
            Event::Elapsed => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.on_deadline();
                }
            }
            Event::ReplyLost { exchange } => {
                self.lost_replies.extend(self.replies.remove(&exchange));
            }
        }
    }

    pub(in crate::judge) fn deadline(&self) -> Option<Duration> {
        let waits = self.waiting != Waiting::Nothing && !self.record.is_finished();
        waits.then(|| self.progress + self.record.options.deadline)
    }

    /// True if the next request is of this kind, regardless of its ids.
    pub(in crate::judge) fn expects(&self, request: &Request) -> bool {
        let next = self.next_request();
        !self.record.is_finished() && next.is_some_and(|at| self.is_of_step(at, request))
    }

    /// True if the bot has sent the same request before: it sends it again if it got no answer.
    pub(in crate::judge) fn repeats(&self, request: &Request) -> bool {
        let is_it = |(sent, _): &(Arc<Request>, _)| is_repeat(sent, request);
        self.lost_replies
            .iter()
            .chain(self.replies.values())
            .any(is_it)
    }

    /// True if the request is the one that the bot was triggered for.
    pub(in crate::judge) fn resembles(&self, request: &Request) -> bool {
        let triggered = self.next_request().and_then(|at| self.triggered.get(&at));
        triggered.is_some_and(|triggered| {
            let null = Value::Null;
            let expected = triggered.body.json().unwrap_or(&null);
            triggered::differences(expected, request.body.json().unwrap_or(&null)).is_empty()
        })
    }

    fn acknowledged(&self, exchange: ExchangeId) -> Option<(usize, u64)> {
        match self.waiting {
            Waiting::Acknowledgement {
                step,
                exchange: awaited,
                watched,
            } if awaited == exchange => Some((step, watched)),
            _ => None,
        }
    }

    fn next_request(&self) -> Option<usize> {
        let steps = self.record.steps().iter().enumerate().skip(self.cursor);
        let mut open =
            steps.filter(|(at, step)| matches!(step, Step::Request(_)) && !self.done.contains(at));
        open.next().map(|(at, _)| at)
    }

    /// True if a request asks for the operation of a step.
    fn is_of_step(&self, at: usize, request: &Request) -> bool {
        let Step::Request(step) = &self.record.steps()[at] else {
            return false;
        };
        let wanted = operation::of_request(&step.method, &step.target);
        let actual = operation::of_request(&request.method, &request.target);
        match (wanted, actual) {
            (Some((wanted, _)), Some((actual, _))) => std::ptr::eq(wanted, actual),
            (None, None) => {
                let shape = |target| resource::shape_of(target);
                step.method == request.method && shape(&step.target) == shape(&request.target)
            }
            _ => false,
        }
    }

    /// Goes on to the next message that has to arrive.
    fn advance(&mut self) {
        while !self.record.is_finished() && self.waiting == Waiting::Nothing {
            let scenario = Arc::clone(&self.record.case.scenario);
            match scenario.script.steps.get(self.cursor) {
                None => self.record.finish(),
                Some(Step::Request(_) | Step::Response(_)) if self.done.contains(&self.cursor) => {
                    self.cursor += 1;
                }
                Some(Step::Request(step)) => self.trigger(step),
                Some(Step::Notification(step)) => self.notify(step),
                Some(Step::Response(_) | Step::Refusal(_)) => self.cursor += 1,
            }
        }
    }

    fn trigger(&mut self, step: &RequestStep) {
        let at = self.cursor;
        self.waiting = Waiting::Trigger(at);
        let mut request = outgoing_request(&mut self.record, step);
        let is_token = |name: &str| name.eq_ignore_ascii_case("authorization");
        request.headers = request
            .headers
            .iter()
            .filter(|(name, _)| !is_token(name))
            .collect();
        self.triggered.insert(at, request.clone());
        self.actions.push_back(Action::Trigger {
            step: at + 1,
            request,
        });
    }

    fn on_triggered(&mut self, step: usize, answer: TriggerAnswer) {
        match answer {
            TriggerAnswer::Accepted => self.waiting = Waiting::Request(step, true),
            TriggerAnswer::NoAddress => self.waiting = Waiting::Request(step, false),
            TriggerAnswer::Declined(reason) => {
                let reason = format!("the bot declines: {reason}");
                self.record.give_up(Verdict::Skip, reason);
            }
            TriggerAnswer::Failed(reason) => {
                let reason = format!("the trigger failed: {reason}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
        }
    }

    fn on_request(&mut self, exchange: ExchangeId, request: &Arc<Request>) {
        self.record.check(Requirement::RequestOnce);
        let lost = self
            .lost_replies
            .iter()
            .position(|(lost, _)| is_repeat(lost, request));
        if let Some(at) = lost {
            let (_, response) = self.lost_replies.remove(at);
            self.traffic_in(None, request);
            self.record
                .note("a request was sent again, as its answer had been lost");
            self.replies
                .insert(exchange, (Arc::clone(request), Arc::clone(&response)));
            self.say(exchange, None, response);
            return;
        }
        let next = self.next_request().filter(|_| !self.record.is_finished());
        let step = next.filter(|at| self.is_of_step(*at, request));
        self.traffic_in(step, request);
        let watched = self.watch.next();
        self.watch
            .monitor
            .request(millis(self.now), watched, request);
        self.watch.report(&mut self.record, step);
        let response = match step {
            Some(at) => self.planned(at, request),
            None => self.other(request).into(),
        };
        self.watch
            .monitor
            .answer(millis(self.now), watched, Ending::Response(&response));
        self.replies
            .insert(exchange, (Arc::clone(request), Arc::clone(&response)));
        self.say(exchange, step.map(|at| at + 1), response);
        let asked = operation::of_request(&request.method, &request.target);
        self.sent
            .push((asked.map(|(operation, _)| operation), Arc::clone(request)));
    }

    /// The request of a step: compared with its trigger, answered as documented.
    fn planned(&mut self, at: usize, request: &Request) -> Arc<Response> {
        self.record.check(Requirement::RequestSent);
        self.done.insert(at);
        match self.waiting {
            Waiting::Trigger(step) if step == at => {
                self.overtaken += 1;
                self.waiting = Waiting::Nothing;
            }
            Waiting::Request(step, _) if step == at => self.waiting = Waiting::Nothing,
            _ => {}
        }
        let scenario = Arc::clone(&self.record.case.scenario);
        if let Step::Request(step) = &scenario.script.steps[at] {
            let expected = self.triggered.get(&at).cloned();
            let expected = expected.unwrap_or_else(|| outgoing_request(&mut self.record, step));
            self.compare(at, &expected, request);
            if let (Some(documented), Some(actual)) = (step.body.json(), request.body.json()) {
                fill::of_value(&mut self.record.bindings, documented, actual);
            }
        }
        if self.record.has_failed() {
            self.stop();
            return outgoing::error(400, "BadRequest", "the request is not as documented").into();
        }
        match answer_of(&scenario.script, at).map(|at| (at, &scenario.script.steps[at])) {
            Some((at, Step::Response(step))) => {
                self.done.insert(at);
                outgoing::answer(&mut self.record, step)
            }
            _ => outgoing::accepted().into(),
        }
    }

    /// Compares a request with the one that the bot was triggered for.
    fn compare(&mut self, at: usize, expected: &Request, actual: &Request) {
        self.record.check(Requirement::RequestTriggered);
        self.record.check(Requirement::IdsUnchanged);
        let paths = (below_prefix(&expected.target), below_prefix(&actual.target));
        if let (Some(wanted), Some(path)) = paths {
            let differs = |(one, other): (&&str, &&str)| {
                !one.eq_ignore_ascii_case(other) && !identifier::same(one, other)
            };
            // The last segment may be another name of the action.
            let ids = wanted
                .len()
                .saturating_sub(usize::from(expected.method == "POST"));
            if wanted.iter().zip(&path).take(ids).any(differs) {
                self.record.report(Breach::new(
                    Requirement::IdsUnchanged,
                    Rule::RequestTarget,
                    Some(at),
                    json!(expected.target),
                    json!(actual.target),
                    format!(
                        "the request is about {}, triggered was {}",
                        actual.target, expected.target
                    ),
                ));
            }
        }
        let null = Value::Null;
        let expected = expected.body.json().unwrap_or(&null);
        let actual = actual.body.json().unwrap_or(&null);
        if actual.is_null() && expected.as_object().is_none_or(serde_json::Map::is_empty) {
            return;
        }
        for difference in triggered::differences(expected, actual) {
            let pointer = difference.pointer;
            let message = format!("{pointer} is not what the bot was triggered for");
            let breach = Breach::new(
                Requirement::RequestTriggered,
                Rule::RequestBody,
                Some(at),
                difference.expected,
                difference.actual,
                message,
            );
            self.record.report(breach.at(pointer));
        }
    }

    /// A request that the plan does not expect now: free where the contract allows it, unless it repeats one.
    fn other(&mut self, request: &Request) -> Response {
        let asked = operation::of_request(&request.method, &request.target);
        let Some((operation, _)) = asked else {
            if !matches!(request.method.as_str(), "GET" | "HEAD") {
                self.has_other = Some(format!("{} {}", request.method, request.target));
            }
            return outgoing::nothing_known();
        };
        let name = format!("{} {}", request.method, request.target);
        let repeats = self.sent.iter().any(|(other, sent)| {
            other.is_some_and(|other| std::ptr::eq(other, operation))
                && sent.target == request.target
                && sent.body == request.body
        });
        let is_housekeeping =
            operation.is_read() || matches!(operation.name.as_str(), "keepAlive" | "delete");
        let may_repeat = operation.is_read() || operation.name == "keepAlive";
        if repeats && !may_repeat {
            self.record.report(Breach::new(
                Requirement::RequestOnce,
                Rule::RequestUnexpected,
                None,
                Value::Null,
                json!(name),
                format!("the bot sent {name} twice"),
            ));
            return outgoing::error(409, "Conflict", "the request was sent before");
        }
        if !is_housekeeping {
            self.has_other = Some(name);
        }
        answer_to(operation, &request.target, self.watch.exchange)
    }

    fn notify(&mut self, step: &NotificationStep) {
        let at = self.cursor;
        let request = outgoing::notification(&mut self.record, step);
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        let watched = self.watch.next();
        self.watch
            .monitor
            .notification(millis(self.now), watched, &request);
        self.waiting = Waiting::Acknowledgement {
            step: at,
            exchange,
            watched,
        };
        let message = TrafficMessage::Request(Arc::clone(&request));
        self.record.traffic(Party::Service, Some(at), message);
        self.actions.push_back(Action::Send { exchange, request });
        self.cursor += 1;
    }

    fn on_acknowledgement(&mut self, step: usize, watched: u64, response: &Arc<Response>) {
        self.waiting = Waiting::Nothing;
        self.record.check(Requirement::BotTransport);
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Bot, Some(step), message);
        let ending = Ending::Response(response);
        self.watch
            .monitor
            .acknowledgement(millis(self.now), watched, ending);
        self.watch.report(&mut self.record, Some(step));
    }

    fn on_broken(&mut self, step: usize, failure: &TransportFailure) {
        self.waiting = Waiting::Nothing;
        match failure {
            TransportFailure::Gone(what) => {
                let reason = format!("the bot has gone away: {what}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            TransportFailure::Broken(what) => {
                self.record.broken(Some(step), what);
                self.stop();
            }
            TransportFailure::Silent => self.acknowledgement_missing(step),
        }
    }

    fn acknowledgement_missing(&mut self, step: usize) {
        self.record.unanswered(Some(step));
        self.stop();
    }

    fn on_deadline(&mut self) {
        let deadline = self.record.options.deadline;
        match self.waiting.clone() {
            Waiting::Nothing => {}
            Waiting::Trigger(_) => {
                let reason = format!("the trigger was not answered within {deadline:?}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Request(step, true) => {
                let other = self.has_other.take();
                let instead = other.map_or_else(String::new, |it| format!("; it sent {it}"));
                self.record.report(Breach::new(
                    Requirement::RequestSent,
                    Rule::RequestMissing,
                    Some(step),
                    json!(self.record.steps()[step].kind()),
                    Value::Null,
                    format!("the bot was triggered and did not send the request within {deadline:?}{instead}"),
                ));
                self.stop();
            }
            Waiting::Request(_, false) => {
                let reason =
                    "the bot was never triggered (no --trigger), and sent nothing by itself";
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Acknowledgement { step, .. } => self.acknowledgement_missing(step),
        }
    }

    /// Ends the conversation; later steps are not judged.
    pub(in crate::judge) fn stop(&mut self) {
        self.waiting = Waiting::Nothing;
        let left = self.record.steps().len().saturating_sub(self.cursor + 1);
        if left > 0 {
            self.record
                .note(format!("{left} later messages were not judged"));
        }
        self.record.finish();
    }

    fn say(&mut self, exchange: ExchangeId, step: Option<usize>, response: Arc<Response>) {
        let message = TrafficMessage::Response(Arc::clone(&response));
        self.record.traffic(Party::Service, step, message);
        self.actions.push_back(Action::Reply { exchange, response });
    }

    fn traffic_in(&mut self, step: Option<usize>, request: &Arc<Request>) {
        let message = TrafficMessage::Request(Arc::clone(request));
        self.record.traffic(Party::Bot, step, message);
    }
}

/// True for the same request, whatever its header fields: a retry may have an id of its own.
fn is_repeat(sent: &Request, request: &Request) -> bool {
    sent.method == request.method && sent.target == request.target && sent.body == request.body
}

/// The answer of the played service to a request that the scenario does not document.
fn answer_to(operation: &Operation, target: &str, exchange: u64) -> Response {
    if operation.is_read() {
        let named = Resource::parse(target).unwrap_or(Resource::Calls);
        return outgoing::resource(&named, "established");
    }
    let Some(answer) = &operation.answer else {
        let is_alive = operation.name == "keepAlive";
        return match (operation.request.method.as_str(), is_alive) {
            ("DELETE", _) => outgoing::no_content(),
            (_, true) => Response::new(200),
            _ => outgoing::accepted(),
        };
    };
    // An id of its own for each exchange.
    let id = format!("c0f1ca11-0000-4000-8000-{exchange:012x}");
    let status = if operation.name.starts_with("create") {
        201
    } else {
        200
    };
    let mut response = Response::new(status);
    response.headers.push("Content-Type", "application/json");
    response.body = Body::Json(json!({
        "@odata.type": format!("#microsoft.graph.{answer}"),
        "id": id,
        "status": "completed",
    }));
    response
}
