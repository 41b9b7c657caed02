//! The plan with a service as the target: confcall plays the bot.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::expected::Expected;
use super::reads::{self, Reads};
use super::{Watch, answer_of, fill, newer_status, outgoing};
use crate::api::party::Party;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request, Response};
use crate::judge::monitor::reads::Reading;
use crate::judge::outline::Entry;
use crate::judge::record::{Breach, Record};
use crate::judge::verdict::{TrafficMessage, Verdict};
use crate::judge::{Action, Event, ExchangeId, TransportFailure};
use crate::scenario::format::{ProviderState, RequestStep, ResponseStep, Step};

#[derive(Debug)]
pub(in crate::judge) struct ServicePlan {
    pub record: Record,
    pub actions: VecDeque<Action>,
    watch: Watch,
    /// The last request, with its step, counted from 0.
    pub sent: Option<(usize, Arc<Request>)>,
    /// The requests that the service refused as it had to.
    pub refused: Vec<Arc<Request>>,
    /// Entries of notifications that came before the answer to a request which must be refused.
    held: Vec<(Arc<Request>, usize)>,
    /// Notifications by exchange, and those whose acknowledgement was lost.
    received: HashMap<ExchangeId, Arc<Request>>,
    lost: Vec<Arc<Request>>,
    /// Messages after a failure are not judged.
    is_stopped: bool,
    /// The next step to take, counted from 0.
    cursor: usize,
    outstanding: Option<Outstanding>,
    expected: Vec<Expected>,
    /// The states of notification steps that are still to be brought about, in order.
    states: VecDeque<(usize, ProviderState)>,
    next_exchange: ExchangeId,
    /// The reads that show effects, sent so far.
    reads: Reads,
    /// The time of the last expected event.
    progress: Duration,
    now: Duration,
}

/// A request without an answer.
#[derive(Debug)]
struct Outstanding {
    exchange: ExchangeId,
    /// The number of the exchange in the monitor.
    watched: u64,
    step: usize,
    /// What the request reads, if it is none of the scenario.
    reading: Option<Reading>,
}

impl ServicePlan {
    pub(in crate::judge) fn new(record: Record) -> Self {
        Self {
            watch: Watch::new(&record, Party::Service),
            record,
            sent: None,
            refused: Vec::new(),
            held: Vec::new(),
            received: HashMap::new(),
            lost: Vec::new(),
            is_stopped: false,
            actions: VecDeque::new(),
            cursor: 0,
            outstanding: None,
            expected: Vec::new(),
            states: VecDeque::new(),
            next_exchange: 0,
            reads: Reads::default(),
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
            Event::Answered { exchange, response } => {
                if let Some(outstanding) = self.take_outstanding(exchange) {
                    self.progress = now;
                    if outstanding.reading.is_some() {
                        self.on_read(&outstanding, &response);
                    } else {
                        self.on_answer(&outstanding, &response);
                    }
                    self.advance();
                }
            }
            Event::Broken { exchange, failure } => {
                if let Some(outstanding) = self.take_outstanding(exchange) {
                    self.on_broken(&outstanding, &failure);
                }
            }
            Event::Received { exchange, request } => {
                let response = Arc::new(Response::new(202));
                self.actions.push_back(Action::Reply { exchange, response });
                self.on_notification(exchange, &request);
                self.advance();
            }
            Event::Elapsed => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.on_deadline();
                }
            }
            Event::ReplyLost { exchange } => self.lost.extend(self.received.remove(&exchange)),
            Event::Triggered(_) => {}
        }
    }

    pub(in crate::judge) fn deadline(&self) -> Option<Duration> {
        (!self.record.is_finished()).then(|| self.progress + self.record.options.deadline)
    }

    /// True if a notification of this kind is expected.
    pub(in crate::judge) fn expects(&self, request: &Request) -> bool {
        let entries = request.body.json().and_then(change::entries);
        let fits = |change: &Change<'_>| self.expected.iter().any(|it| it.is_like(change));
        !self.record.is_finished()
            && entries.is_some_and(|it| it.iter().any(|entry| fits(&Change::read(entry))))
    }

    fn take_outstanding(&mut self, exchange: ExchangeId) -> Option<Outstanding> {
        self.outstanding.take_if(|it| it.exchange == exchange)
    }

    fn is_waiting(&self) -> bool {
        self.outstanding.is_some() || self.expected.iter().any(Expected::is_due)
    }

    /// Goes on to the next message that has to arrive.
    fn advance(&mut self) {
        self.go_on();
        self.bring_about();
    }

    /// What somebody does comes after what was documented before it.
    fn bring_about(&mut self) {
        while let Some((step, state)) = self.states.front().copied() {
            let is_open = |it: &Expected| it.is_due() && it.entry.step < step;
            if self.outstanding.is_some() || self.expected.iter().any(is_open) {
                return;
            }
            self.states.pop_front();
            if self
                .expected
                .iter()
                .any(|it| !it.is_done && it.entry.step == step)
            {
                self.actions.push_back(Action::BringAbout(state));
            }
        }
    }

    fn go_on(&mut self) {
        while !self.record.is_finished() && !self.is_waiting() {
            if let Some(monitor) = &self.watch.monitor
                && let Some(reading) = self.reads.next(monitor)
            {
                self.read(&reading);
                return;
            }
            let scenario = Arc::clone(&self.record.case.scenario);
            match scenario.script.steps.get(self.cursor) {
                None if self.watch.is_settled() || self.record.has_failed() => {
                    self.record.finish();
                }
                None => return,
                Some(Step::Request(request)) => self.send(request),
                Some(Step::Notification(_)) => self.expect_notifications(),
                Some(Step::Response(_) | Step::Refusal(_)) => self.cursor += 1,
            }
        }
    }

    fn send(&mut self, step: &RequestStep) {
        let at = self.cursor;
        let request = outgoing::request(&mut self.record, step);
        let (method, target) = (&request.method, &request.target);
        if let Some(monitor) = &self.watch.monitor
            && let Some(reading) = self.reads.before(monitor, method, target)
        {
            self.read(&reading);
            return;
        }
        self.cursor += 1 + usize::from(answer_of(self.record.script(), at).is_some());
        let request = Arc::new(request);
        self.sent = Some((at, Arc::clone(&request)));
        self.send_request(at, None, request);
        self.expect_notifications();
    }

    /// Reads what a request of the scenario has brought about, or whom it is about.
    fn read(&mut self, reading: &Reading) {
        let target = self.record.steps().iter().find_map(|step| match step {
            Step::Request(step) => Some(outgoing::relative(&step.target)),
            _ => None,
        });
        let target = target
            .map(|it| self.record.bindings.fill(&it))
            .unwrap_or_default();
        let prefix = target.split_once("/calls").map_or("", |(prefix, _)| prefix);
        let request = reads::request(reading, prefix, &self.record.options.token);
        self.send_request(
            self.cursor.saturating_sub(1),
            Some(reading.clone()),
            Arc::new(request),
        );
    }

    fn send_request(&mut self, step: usize, reading: Option<Reading>, request: Arc<Request>) {
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        let watched = self.watch.request(self.now, Some(step), &request);
        let message = TrafficMessage::Request(Arc::clone(&request));
        let shown = reading.is_none().then_some(step);
        self.outstanding = Some(Outstanding {
            exchange,
            watched,
            step,
            reading,
        });
        self.record.traffic(Party::Bot, shown, message);
        self.actions.push_back(Action::Send { exchange, request });
    }

    /// Expects the notifications from the cursor to the next request.
    fn expect_notifications(&mut self) {
        self.expected.retain(|it| !it.is_done);
        let case = self.record.case.clone();
        while let Some(Step::Notification(step)) = case.scenario.script.steps.get(self.cursor) {
            let states = step.given.iter().map(|state| (self.cursor, *state));
            self.states.extend(states);
            let entries = &case.outline().step(self.cursor).entries;
            self.expected.extend(entries.iter().map(Expected::new));
            self.cursor += 1;
        }
    }

    fn on_answer(&mut self, outstanding: &Outstanding, response: &Arc<Response>) {
        let scenario = Arc::clone(&self.record.case.scenario);
        let answer = answer_of(&scenario.script, outstanding.step);
        let at = answer.unwrap_or(outstanding.step);
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Service, Some(at), message);
        self.record.check(Requirement::AnswerArrives);
        self.record.check(Requirement::ServiceTransport);
        self.watch.answer(self.now, outstanding.watched, response);
        let documented = answer.map(|at| &scenario.script.steps[at]);
        if let (Some(Step::Refusal(step)), Some((_, sent))) = (documented, self.sent.clone()) {
            if step.statuses.contains(&response.status) {
                self.watch.report(&mut self.record, Some(at));
            } else {
                // The response to a request that had to be refused is only a consequence.
                self.watch.take_conduct();
            }
            self.judge_refusal((at, step), &sent, response);
            self.judge_held();
            return;
        }
        self.judge_status(outstanding.step, at, response);
        if let (Some(Step::Response(step)), Some((request, sent))) = (documented, self.sent.clone())
            && !self.is_stopped
        {
            let (of, request) = ((at, step), (request, &*sent));
            let examples = self.watch.examples();
            if examples.answer(&mut self.record, of, request, response) {
                self.compare_list(at, step, response);
                fill::of_answer(&mut self.record.bindings, step, response);
            } else {
                self.stop();
            }
        }
        self.judge_held();
    }

    fn on_read(&mut self, outstanding: &Outstanding, response: &Arc<Response>) {
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Service, None, message);
        self.watch.answer(self.now, outstanding.watched, response);
        self.watch.report(&mut self.record, Some(outstanding.step));
    }

    /// A list has what is known to exist.
    fn compare_list(&mut self, at: usize, documented: &ResponseStep, response: &Response) {
        let (Some(documented), Some(actual)) = (documented.body.json(), response.body.json())
        else {
            return;
        };
        if let Some(absent) = reads::absent(&self.record.bindings, documented, actual) {
            let breach = Breach::new(
                Requirement::ResourceRequested,
                Rule::Correlation,
                Some(at),
                json!(absent),
                actual.clone(),
                format!("{absent} exists, but the list does not have it"),
            );
            self.record.report(breach.at(Pointer::root().key("value")));
        }
    }

    /// A request of the plan succeeds, with a status that a page documents.
    fn judge_status(&mut self, request: usize, at: usize, response: &Response) {
        let scenario = Arc::clone(&self.record.case.scenario);
        let is_success = (200..300).contains(&response.status);
        let newer = newer_status(&scenario.script, request, at);
        let documented = match &scenario.script.steps[at] {
            Step::Response(step) => Some(step),
            _ => None,
        };
        let own = documented.and_then(|step| step.requirement);
        if let Some(own) = own {
            self.record.check(own);
        }
        let wrong = match newer {
            _ if !is_success => documented.is_none_or(|step| step.status != response.status),
            Some(newer) => newer != response.status,
            None => false,
        };
        // The plan judges refusals in more detail, and knows the status of a newer page.
        let judged_here: &[Requirement] = if wrong || newer.is_some() {
            &[Requirement::AnswerStatus, Requirement::RefusalError]
        } else {
            &[]
        };
        self.watch
            .report_but(&mut self.record, Some(at), judged_here);
        if wrong && self.watch.monitor.is_some() {
            let message = if is_success {
                format!("the status of the response is {}", response.status)
            } else {
                let status = response.status;
                format!("the service refused a request of the scenario with {status}")
            };
            self.record.report(Breach::new(
                own.unwrap_or(Requirement::AnswerStatus),
                Rule::ResponseStatus,
                Some(at),
                json!(documented.map(|step| step.status)),
                json!(response.status),
                message,
            ));
            self.stop();
        }
    }

    fn on_notification(&mut self, exchange: ExchangeId, request: &Arc<Request>) {
        let body = request.body.json();
        let entries = body.and_then(change::entries).into_iter().flatten();
        let changes: Vec<Change<'_>> = entries.map(Change::read).collect();
        let step = self.step_for(&changes);
        let message = TrafficMessage::Request(Arc::clone(request));
        self.record.traffic(Party::Service, step, message);
        if self.is_stopped || self.record.is_given_up() {
            return;
        }
        self.received.insert(exchange, Arc::clone(request));
        if let Some(at) = self.lost.iter().position(|it| it.body == request.body) {
            self.lost.remove(at);
            self.record
                .note("a notification was sent again, because its acknowledgement had been lost");
            return;
        }
        let step = step.or_else(|| self.sent.as_ref().map(|(at, _)| *at));
        let failures = self.record.failures();
        let accepted = Response::new(202);
        let watched = self.watch.notification(self.now, step, request);
        self.watch.acknowledgement(self.now, watched, &accepted);
        self.watch.report(&mut self.record, step);
        let examples = self.watch.examples();
        examples.head(&mut self.record, step, request);
        let is_sound = self.record.failures() == failures;
        if body.is_none_or(|body| change::entries(body).is_none()) {
            self.whole(request);
            return;
        }
        let is_held = self.expects_refusal();
        for (index, change) in changes.iter().enumerate() {
            let at = Pointer::root().key("value").index(index);
            if is_held && change.subject != Subject::Call {
                self.held.push((Arc::clone(request), index));
            } else if !self.judge_sequel(change, &at) {
                self.on_change(change, &at, is_sound);
            }
        }
    }

    /// The step that a notification is most likely about.
    fn step_for(&self, changes: &[Change<'_>]) -> Option<usize> {
        let bindings = &self.record.bindings;
        let waiting = || self.expected.iter().filter(|it| !it.is_done);
        let is_it = |it: &&Expected| {
            let mut changes = changes.iter();
            changes.any(|change| it.is_like(change) && it.is_about(bindings, change))
        };
        let is_about = |it: &&Expected| changes.iter().any(|change| it.is_about(bindings, change));
        let found = waiting().find(is_it).or_else(|| waiting().find(is_about));
        found
            .or_else(|| waiting().next())
            .map(|expected| expected.entry.step)
    }

    /// A notification without entries: documented as such, or one in place of a documented one.
    fn whole(&mut self, request: &Request) {
        let is_text = matches!(request.body, Body::Text(_));
        let null = Value::Null;
        let body = request.body.json().unwrap_or(&null);
        let fits = |it: &Expected| {
            !it.is_done && it.entry.is_whole() && (it.entry.template.is_null() == is_text)
        };
        if let Some(at) = self.expected.iter().position(fits) {
            self.progress = self.now;
            self.expected[at].is_done = true;
            let entry = Arc::clone(&self.expected[at].entry);
            if !is_text {
                self.compare(&entry, &Change::read(body), &Pointer::root());
            }
        } else if self.watch.monitor.is_none()
            && let Some(at) = self.expected.iter().position(|it| !it.is_done)
        {
            self.expected[at].is_done = true;
            self.record.report(Breach::new(
                Requirement::NotificationBody,
                Rule::NotificationBody,
                Some(self.expected[at].entry.step),
                json!("a collection of changes in `value`"),
                body.clone(),
                "the body is not a collection of changes".into(),
            ));
        }
    }

    /// A change of a notification in which the contract finds nothing wrong, if it `is_sound`.
    fn on_change(&mut self, change: &Change<'_>, at: &Pointer, is_sound: bool) {
        let bindings = &self.record.bindings;
        let is_about = |it: &Expected| it.is_about(bindings, change);
        let fits = |it: &Expected| it.is_like(change) && is_about(it);
        let ends = |it: &Expected| {
            let ends_otherwise = !it.is_done && it.other_end(change, at).is_some();
            ends_otherwise && is_about(it)
        };
        let is_exact = |it: &Expected| fits(it) && it.has_detail(change);
        let exact = self.expected.iter().position(is_exact);
        let exact = exact.or_else(|| self.expected.iter().position(fits));
        let other = self.expected.iter().position(ends);
        if let Some(index) = exact.or(other) {
            self.record.check(Requirement::NotificationArrives);
            self.progress = self.now;
            self.expected[index].is_done = true;
            if let Some(breach) = self.expected[index]
                .other_end(change, at)
                .filter(|_| is_sound)
            {
                self.record.report(breach);
            }
            let entry = Arc::clone(&self.expected[index].entry);
            self.compare(&entry, change, at);
        } else if !is_sound {
            // It replaces the documented one, which is therefore not missing.
            let is_it = |it: &Expected| !it.is_done && is_about(it);
            let replaced = self.expected.iter().position(is_it);
            if let Some(index) = replaced {
                self.expected[index].is_done = true;
            }
        } else {
            for expected in &mut self.expected {
                if expected.is_like(change) {
                    expected.come_near(bindings, change, at);
                }
            }
        }
    }

    fn compare(&mut self, entry: &Entry, change: &Change<'_>, at: &Pointer) {
        let sent = self.sent.as_ref().map(|(_, sent)| Arc::clone(sent));
        let examples = self.watch.examples();
        examples.entry(&mut self.record, entry, change, at, sent.as_deref());
        fill::of_value(&mut self.record.bindings, &entry.template, change.entry);
    }

    /// True if the outstanding request must be refused: notifications about people and operations are judged after its response.
    fn expects_refusal(&self) -> bool {
        let outstanding = self.outstanding.as_ref();
        let answer = outstanding.and_then(|it| answer_of(self.record.script(), it.step));
        answer.is_some_and(|at| matches!(self.record.steps()[at], Step::Refusal(_)))
    }

    fn judge_held(&mut self) {
        for (request, index) in std::mem::take(&mut self.held) {
            let entries = request.body.json().and_then(change::entries);
            let Some(entry) = entries.and_then(|it| it.get(index)) else {
                continue;
            };
            let at = Pointer::root().key("value").index(index);
            let change = Change::read(entry);
            if !self.is_stopped && !self.judge_sequel(&change, &at) {
                self.on_change(&change, &at, true);
            }
        }
    }

    fn on_broken(&mut self, outstanding: &Outstanding, failure: &TransportFailure) {
        let step = Some(outstanding.step);
        match failure {
            TransportFailure::Gone(what) => {
                let event = TrafficMessage::Event(what.clone());
                self.record.traffic(Party::Service, step, event);
                let reason = format!("the service has ended: {what}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            TransportFailure::Broken(what) => {
                self.record.broken(step, what);
                self.stop();
            }
            TransportFailure::Silent => self.answer_missing(outstanding.step),
        }
    }

    fn on_deadline(&mut self) {
        if let Some(outstanding) = self.outstanding.take() {
            self.answer_missing(outstanding.step);
            return;
        }
        let deadline = self.record.options.deadline;
        let mut is_reported = self.record.has_failed();
        let expected = std::mem::take(&mut self.expected);
        let (missing, near): (Vec<_>, Vec<_>) = expected
            .into_iter()
            .filter(Expected::is_due)
            .partition(|it| it.nearest.is_none());
        let is_settled = missing.is_empty() && near.is_empty() && !is_reported;
        for breach in near.into_iter().filter_map(|it| it.nearest) {
            is_reported = true;
            self.record.report(breach);
        }
        for expected in missing {
            let name = expected.name();
            let message = format!("{name}: the notification did not come within {deadline:?}");
            if is_reported {
                self.record.note(message);
            } else {
                is_reported = true;
                self.record.report(expected.missing(message));
            }
        }
        if is_settled
            && let Some(monitor) = &self.watch.monitor
            && let Some(reading) = self.reads.again(monitor)
        {
            self.progress = self.now;
            self.read(&reading);
            return;
        }
        if is_settled {
            // No documented message is missing; other effects that the contract requires are overdue.
            self.watch.expire(self.now);
            self.watch.report(&mut self.record, None);
            self.record.finish();
        } else {
            self.stop();
        }
    }

    fn answer_missing(&mut self, step: usize) {
        self.record.unanswered(Some(step));
        self.stop();
    }

    /// Ends the conversation; later steps are not judged.
    pub(in crate::judge) fn stop(&mut self) {
        let left = self.record.steps().len().saturating_sub(self.cursor);
        self.is_stopped = true;
        self.record.stop(left);
    }
}
