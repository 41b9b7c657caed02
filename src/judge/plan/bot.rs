//! The plan with a bot as the target: confcall plays the service.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Watch, answer_of, fill, outgoing, triggered};
use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource;
use crate::api::resource::below_prefix;
use crate::api::template;
use crate::contract::operation;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Request, Response};
use crate::judge::monitor::is_same_body;
use crate::judge::record::{Breach, Record};
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
    /// Requests after a failure are not judged.
    is_stopped: bool,
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
            is_stopped: false,
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
        // A trigger ends by itself within one deadline, with an answer that names its address.
        let deadlines = 1 + u32::from(matches!(self.waiting, Waiting::Trigger(_)));
        let within = self.record.options.deadline.saturating_mul(deadlines);
        waits.then(|| self.progress.saturating_add(within))
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

    /// True if a trigger of this conversation asked for exactly this request, with the values that only it has.
    pub(in crate::judge) fn has_triggered(&self, request: &Request) -> bool {
        let api = self.record.case.scenario.id.api();
        let versions = api.zip(resource::version_of(&request.target));
        self.triggered.values().any(|triggered| {
            triggered.method == request.method
                && outgoing::path(&triggered.target) == outgoing::path(&request.target)
                && versions.is_none_or(|(documented, actual)| documented == actual)
                && is_same_body(&triggered.body, &request.body)
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

    /// True if a request is for the operation of a step.
    fn is_of_step(&self, at: usize, request: &Request) -> bool {
        let Step::Request(step) = &self.record.steps()[at] else {
            return false;
        };
        let wanted = operation::of_request(&step.method, &step.target);
        let actual = operation::of_request(&request.method, &request.target);
        match (wanted, actual) {
            (Some((wanted, _)), Some((actual, _))) => std::ptr::eq(wanted, actual),
            (None, None) => {
                step.method == request.method && self.is_at(&step.target, &request.target)
            }
            _ => false,
        }
    }

    /// True if the path of a request is a documented one, with the values of this run or others.
    fn is_at(&self, documented: &str, target: &str) -> bool {
        let expected = template::fill(documented, &|name| self.record.bindings.get(name));
        resource::shape_of(documented) == resource::shape_of(target)
            || outgoing::path(&expected) == outgoing::path(target)
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
        let mut request = outgoing::request(&mut self.record, step);
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
                .note("a request was sent again, because its response had been lost");
            self.replies
                .insert(exchange, (Arc::clone(request), Arc::clone(&response)));
            self.say(exchange, None, response);
            return;
        }
        if self.is_stopped || self.record.is_given_up() {
            self.traffic_in(None, request);
            let response = outgoing::error(409, "Conflict", "the conversation is over");
            self.say(exchange, None, response.into());
            return;
        }
        let next = self.next_request().filter(|_| !self.record.is_finished());
        let step = next.filter(|at| self.is_of_step(*at, request));
        let attempted = next.filter(|at| step.is_none() && self.is_attempt(*at, request));
        self.traffic_in(step.or(attempted), request);
        let watched = self.watch.request(self.now, step.or(attempted), request);
        let final_step = self.record.steps().len().saturating_sub(1);
        let about = step.or(attempted).or(Some(self.cursor.min(final_step)));
        let found = operation::of_request(&request.method, &request.target);
        let operation = found.map(|(operation, _)| operation);
        // The plan has a violation of its own for these.
        let judged_here: &[Requirement] = match step {
            Some(_) => &[Requirement::OperationVersion],
            None if self.is_surplus(request, operation) => &[Requirement::CallIncoming],
            None => &[],
        };
        self.watch.report_but(&mut self.record, about, judged_here);
        let response = match (step, attempted) {
            (Some(at), _) => self.planned(at, request),
            (None, Some(at)) => self.misdirected(at, request).into(),
            (None, None) => self.other(request, operation).into(),
        };
        self.watch.answer(self.now, watched, &response);
        self.replies
            .insert(exchange, (Arc::clone(request), Arc::clone(&response)));
        self.say(exchange, step.map(|at| at + 1), response);
        self.sent.push((operation, Arc::clone(request)));
    }

    /// True if a request can only be a wrong attempt at the one that the bot was triggered for: no page documents it.
    fn is_attempt(&self, at: usize, request: &Request) -> bool {
        let is_waited_for = matches!(self.waiting, Waiting::Trigger(step) | Waiting::Request(step, _) if step == at);
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        let Step::Request(step) = &self.record.steps()[at] else {
            return false;
        };
        let is_there = self.is_at(&step.target, &request.target);
        let is_unknown = operation::of_request(&request.method, &request.target).is_none();
        let is_like_it = is_there || !is_read || step.method == request.method;
        is_waited_for && is_unknown && is_like_it
    }

    /// A request by another method, or to another path, than the one that the bot was triggered for.
    fn misdirected(&mut self, at: usize, request: &Request) -> Response {
        let scenario = Arc::clone(&self.record.case.scenario);
        let Step::Request(step) = &scenario.script.steps[at] else {
            return outgoing::nothing_known();
        };
        let is_there = self.is_at(&step.target, &request.target);
        let (requirement, rule, expected, actual) = if is_there {
            let values = (&step.method, &request.method);
            (
                Requirement::RequestMethod,
                Rule::RequestMethod,
                values.0,
                values.1,
            )
        } else {
            let values = (&step.target, &request.target);
            (
                Requirement::RequestTarget,
                Rule::RequestTarget,
                values.0,
                values.1,
            )
        };
        self.record.report(Breach::new(
            requirement,
            rule,
            Some(at),
            json!(expected),
            json!(actual),
            format!("the bot sent {} {}", request.method, request.target),
        ));
        self.stop();
        outgoing::error(
            400,
            "BadRequest",
            "the request differs from the documented one",
        )
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
            let expected = expected.unwrap_or_else(|| outgoing::request(&mut self.record, step));
            triggered::judge_target(&mut self.record, (at, step), &expected, request);
            if self.watch.monitor.is_some() {
                triggered::judge_body(&mut self.record, at, &expected, request);
                triggered::judge_callback(&mut self.record, at, request);
            }
            let examples = self.watch.examples();
            examples.request(&mut self.record, at, step, request);
            if let (Some(documented), Some(actual)) = (step.body.json(), request.body.json()) {
                fill::of_value(&mut self.record.bindings, documented, actual);
                fill::context(&mut self.record, at, actual);
            }
        }
        if self.record.has_failed() {
            self.stop();
            return outgoing::error(
                400,
                "BadRequest",
                "the request differs from the documented one",
            )
            .into();
        }
        match answer_of(&scenario.script, at).map(|at| (at, &scenario.script.steps[at])) {
            Some((at, Step::Response(step))) => {
                self.done.insert(at);
                outgoing::answer(&mut self.record, step)
            }
            _ => outgoing::accepted().into(),
        }
    }

    /// True for a request that was sent before and changes something.
    fn is_surplus(&self, request: &Request, operation: Option<&'static Operation>) -> bool {
        let mut sent = self.sent.iter();
        let is_repeated = sent.any(|(other, sent)| match (other, operation) {
            (Some(other), Some(operation)) => {
                std::ptr::eq(*other, operation) && is_same_request(sent, request)
            }
            (None, None) => is_repeat(sent, request),
            _ => false,
        });
        is_repeated && !is_read(request) && operation.is_none_or(|it| !it.repeatable)
    }

    /// A request that the plan does not expect now: free where the contract allows it, unless it repeats one.
    fn other(&mut self, request: &Request, operation: Option<&'static Operation>) -> Response {
        let name = format!("{} {}", request.method, request.target);
        if self.is_surplus(request, operation) {
            let context = |it: &Request| it.body.json()?.get("clientContext").cloned();
            let is_same = |(_, sent): &(_, Arc<Request>)| context(sent) == context(request);
            let how = if self.sent.iter().any(is_same) {
                ""
            } else {
                ", the second time with another clientContext"
            };
            self.record.report(Breach::new(
                Requirement::RequestOnce,
                Rule::RequestUnexpected,
                None,
                Value::Null,
                json!(name),
                format!("the bot sent {name} twice{how}"),
            ));
            return outgoing::error(409, "Conflict", "the request was sent before");
        }
        if !is_read(request) && operation.is_none_or(|it| !it.anytime) {
            self.has_other = Some(name);
        }
        match operation {
            Some(operation) => {
                outgoing::answer_to(operation, &request.target, self.watch.steps.len())
            }
            None => outgoing::nothing_known(),
        }
    }

    fn notify(&mut self, step: &NotificationStep) {
        let at = self.cursor;
        let request = outgoing::notification(&mut self.record, step);
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        let watched = self.watch.notification(self.now, Some(at), &request);
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
        self.record.check(Requirement::Acknowledgement);
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Bot, Some(step), message);
        self.watch.acknowledgement(self.now, watched, response);
        self.watch.report(&mut self.record, Some(step));
        if self.watch.monitor.is_none() && !(200..300).contains(&response.status) {
            self.record.report(Breach::new(
                Requirement::Acknowledgement,
                Rule::AcknowledgementStatus,
                Some(step),
                json!("2xx"),
                json!(response.status),
                format!("the response to the notification is {}", response.status),
            ));
        }
    }

    fn on_broken(&mut self, step: usize, failure: &TransportFailure) {
        self.waiting = Waiting::Nothing;
        match failure {
            TransportFailure::Gone(what) => {
                let reason = format!("the bot has ended: {what}");
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
                let reason = format!("the bot did not respond to the trigger within {deadline:?}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Request(step, true) => {
                let other = self.has_other.take();
                let instead =
                    other.map_or_else(String::new, |it| format!("; instead it sent {it}"));
                self.record.report(Breach::new(
                    Requirement::RequestSent,
                    Rule::RequestMissing,
                    Some(step),
                    json!(self.record.steps()[step].kind()),
                    Value::Null,
                    format!("the bot did not send the request within {deadline:?} of its trigger{instead}"),
                ));
                self.stop();
            }
            Waiting::Request(_, false) => {
                let reason = "the bot sent no request; if it needs triggers, give `--trigger`, or `trigger` under `[target]`";
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Acknowledgement { step, .. } => self.acknowledgement_missing(step),
        }
    }

    /// Ends the conversation; later steps are not judged.
    pub(in crate::judge) fn stop(&mut self) {
        self.waiting = Waiting::Nothing;
        let left = self.record.steps().len().saturating_sub(self.cursor + 1);
        self.is_stopped = true;
        self.record.stop(left);
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
    sent.method == request.method
        && sent.target == request.target
        && is_same_body(&sent.body, &request.body)
}

/// True for a request that changes nothing.
fn is_read(request: &Request) -> bool {
    matches!(request.method.as_str(), "GET" | "HEAD")
}

/// True for a request with the same resource and content, except for the bot's own choices.
fn is_same_request(sent: &Request, request: &Request) -> bool {
    let null = Value::Null;
    let (one, other) = (
        sent.body.json().unwrap_or(&null),
        request.body.json().unwrap_or(&null),
    );
    let is_same = |(one, other): (&&str, &&str)| {
        one.eq_ignore_ascii_case(other) || identifier::same(one, other)
    };
    let paths = (below_prefix(&sent.target), below_prefix(&request.target));
    let (Some(path), Some(wanted)) = paths else {
        return false;
    };
    path.iter().zip(&wanted).all(is_same)
        && triggered::differences(one, other).is_empty()
        && triggered::differences(other, one).is_empty()
}
