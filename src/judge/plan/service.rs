//! The plan with a service as the target: confcall plays the bot.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::reads::{self, Reads};
use super::{Expected, Watch, answer_of, fill, millis, newer_status};
use crate::api::party::Party;
use crate::contract::change;
use crate::contract::change::Change;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Request, Response};
use crate::judge::monitor::Ending;
use crate::judge::monitor::reads::Reading;
use crate::judge::record::{Breach, Record};
use crate::judge::service::{outgoing_request, relative};
use crate::judge::verdict::{TrafficMessage, Verdict};
use crate::judge::{Action, Event, ExchangeId, TransportFailure};
use crate::scenario::format::{ProviderState, RequestStep, ResponseStep, Step};

#[derive(Debug)]
pub(in crate::judge) struct ServicePlan {
    pub record: Record,
    pub actions: VecDeque<Action>,
    watch: Watch,
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
                self.on_notification(&request);
                self.advance();
            }
            Event::Elapsed => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.on_deadline();
                }
            }
            Event::Triggered(_) | Event::ReplyLost { .. } => {}
        }
    }

    pub(in crate::judge) fn deadline(&self) -> Option<Duration> {
        (!self.record.is_finished()).then(|| self.progress + self.record.options.deadline)
    }

    /// True if a notification of this kind is expected.
    pub(in crate::judge) fn expects(&self, request: &Request) -> bool {
        let entries = request.body.json().and_then(change::entries);
        let fits = |change: &Change<'_>| self.expected.iter().any(|it| it.fits(change));
        !self.record.is_finished()
            && entries.is_some_and(|it| it.iter().any(|entry| fits(&Change::read(entry))))
    }

    fn take_outstanding(&mut self, exchange: ExchangeId) -> Option<Outstanding> {
        self.outstanding.take_if(|it| it.exchange == exchange)
    }

    fn is_waiting(&self) -> bool {
        self.outstanding.is_some() || self.expected.iter().any(|it| !it.is_done)
    }

    /// Goes on to the next message that has to arrive.
    fn advance(&mut self) {
        self.go_on();
        self.bring_about();
    }

    /// What somebody does comes after what was documented before it.
    fn bring_about(&mut self) {
        while let Some((step, state)) = self.states.front().copied() {
            let is_open = |it: &Expected| !it.is_done && it.step < step;
            if self.outstanding.is_some() || self.expected.iter().any(is_open) {
                return;
            }
            self.states.pop_front();
            if self
                .expected
                .iter()
                .any(|it| !it.is_done && it.step == step)
            {
                self.actions.push_back(Action::BringAbout(state));
            }
        }
    }

    fn go_on(&mut self) {
        while !self.record.is_finished() && !self.is_waiting() {
            if let Some(reading) = self.reads.next(&self.watch.monitor) {
                self.read(&reading);
                return;
            }
            let scenario = Arc::clone(&self.record.case.scenario);
            match scenario.script.steps.get(self.cursor) {
                None if self.watch.monitor.is_settled() => self.record.finish(),
                None => return,
                Some(Step::Request(request)) => self.send(request),
                Some(Step::Notification(_)) => self.expect_notifications(),
                Some(Step::Response(_) | Step::Refusal(_)) => self.cursor += 1,
            }
        }
    }

    fn send(&mut self, step: &RequestStep) {
        let at = self.cursor;
        let request = outgoing_request(&mut self.record, step);
        let (method, target) = (&request.method, &request.target);
        if let Some(reading) = self.reads.before(&self.watch.monitor, method, target) {
            self.read(&reading);
            return;
        }
        self.cursor += 1 + usize::from(answer_of(self.record.script(), at).is_some());
        self.ask(at, None, request);
        self.expect_notifications();
    }

    /// Reads what a request of the scenario has brought about, or whom it is about.
    fn read(&mut self, reading: &Reading) {
        let target = self.record.steps().iter().find_map(|step| match step {
            Step::Request(step) => Some(relative(&step.target)),
            _ => None,
        });
        let target = target
            .map(|it| self.record.bindings.fill(&it))
            .unwrap_or_default();
        let prefix = target.split_once("/calls").map_or("", |(prefix, _)| prefix);
        let request = reads::request(reading, prefix, &self.record.options.token);
        self.ask(
            self.cursor.saturating_sub(1),
            Some(reading.clone()),
            request,
        );
    }

    fn ask(&mut self, step: usize, reading: Option<Reading>, request: Request) {
        let request = Arc::new(request);
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        let watched = self.watch.next();
        self.watch
            .monitor
            .request(millis(self.now), watched, &request);
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
        let scenario = Arc::clone(&self.record.case.scenario);
        while let Some(Step::Notification(step)) = scenario.script.steps.get(self.cursor) {
            let states = step.given.iter().map(|state| (self.cursor, *state));
            self.states.extend(states);
            self.expected.extend(Expected::of(self.cursor, step));
            self.cursor += 1;
        }
    }

    fn on_answer(&mut self, outstanding: &Outstanding, response: &Arc<Response>) {
        let scenario = Arc::clone(&self.record.case.scenario);
        let answer = answer_of(&scenario.script, outstanding.step);
        let step = answer.unwrap_or(outstanding.step);
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Service, Some(step), message);
        let now = millis(self.now);
        self.watch
            .monitor
            .answer(now, outstanding.watched, Ending::Response(response));
        let newer = answer.and_then(|at| newer_status(&scenario.script, outstanding.step, at));
        let judged_here = newer.map(|_| Requirement::AnswerStatus);
        self.watch
            .report_but(&mut self.record, Some(step), judged_here);
        if let Some(newer) = newer
            && newer != response.status
            && (200..300).contains(&response.status)
        {
            self.record.report(Breach::new(
                Requirement::AnswerStatus,
                Rule::ResponseStatus,
                Some(step),
                json!(newer),
                json!(response.status),
                format!("the answer has status {}", response.status),
            ));
        }
        if !(200..300).contains(&response.status) {
            let documented = answer.and_then(|at| match &scenario.script.steps[at] {
                Step::Response(step) => Some(step.status),
                _ => None,
            });
            self.record.report(Breach::new(
                Requirement::AnswerStatus,
                Rule::ResponseStatus,
                Some(step),
                json!(documented),
                json!(response.status),
                format!(
                    "the service refused a request of the scenario with {}",
                    response.status
                ),
            ));
            self.stop();
            return;
        }
        if let Some(Step::Response(documented)) = answer.map(|at| &scenario.script.steps[at]) {
            self.compare_list(step, documented, response);
            fill::of_answer(&mut self.record.bindings, documented, response);
        }
    }

    fn on_read(&mut self, outstanding: &Outstanding, response: &Arc<Response>) {
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Service, None, message);
        let (now, ending) = (millis(self.now), Ending::Response(response));
        self.watch.monitor.answer(now, outstanding.watched, ending);
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
                Requirement::ResourceAsked,
                Rule::Correlation,
                Some(at),
                json!(absent),
                actual.clone(),
                format!("{absent} exists, and the list does not have it"),
            );
            self.record.report(breach.at(Pointer::root().key("value")));
        }
    }

    fn on_notification(&mut self, request: &Arc<Request>) {
        let body = request.body.json();
        let entries = body.and_then(change::entries).into_iter().flatten();
        let entries: Vec<&Value> = entries.collect();
        let fitting: Vec<Option<usize>> = entries
            .iter()
            .map(|entry| {
                let change = Change::read(entry);
                let at = self.expected.iter().position(|it| it.fits(&change))?;
                self.expected[at].is_done = true;
                Some(at)
            })
            .collect();
        let step = fitting
            .iter()
            .flatten()
            .next()
            .map(|at| self.expected[*at].step);
        let message = TrafficMessage::Request(Arc::clone(request));
        self.record.traffic(Party::Service, step, message);
        if self.record.is_given_up() {
            return;
        }
        let (now, exchange) = (millis(self.now), self.watch.next());
        self.watch.monitor.notification(now, exchange, request);
        let accepted = Response::new(202);
        let ending = Ending::Response(&accepted);
        self.watch.monitor.acknowledgement(now, exchange, ending);
        self.watch.report(&mut self.record, step);
        if step.is_some() {
            self.progress = self.now;
        }
        let scenario = Arc::clone(&self.record.case.scenario);
        for (entry, at) in entries.into_iter().zip(fitting) {
            let Some(expected) = at.map(|at| &self.expected[at]) else {
                continue;
            };
            if let Step::Notification(documented) = &scenario.script.steps[expected.step]
                && let Some(documented) = documented.body.json().and_then(change::entries)
            {
                fill::of_value(
                    &mut self.record.bindings,
                    &documented[expected.entry],
                    entry,
                );
            }
        }
    }

    fn on_broken(&mut self, outstanding: &Outstanding, failure: &TransportFailure) {
        let step = Some(outstanding.step);
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
            TransportFailure::Silent => self.answer_missing(outstanding.step),
        }
    }

    fn on_deadline(&mut self) {
        if let Some(outstanding) = self.outstanding.take() {
            self.answer_missing(outstanding.step);
            return;
        }
        let deadline = self.record.options.deadline;
        let missing: Vec<(usize, String)> = self
            .expected
            .iter()
            .filter(|it| !it.is_done)
            .map(|it| (it.step, it.name()))
            .collect();
        if missing.is_empty()
            && let Some(reading) = self.reads.again(&self.watch.monitor)
        {
            self.progress = self.now;
            self.read(&reading);
            return;
        }
        if missing.is_empty() {
            // Nothing documented is missing: what the contract asks for beyond it is overdue.
            self.watch.monitor.expire(millis(self.now));
            self.watch.report(&mut self.record, None);
            self.record.finish();
            return;
        }
        let mut missing = missing.into_iter();
        if let Some((step, name)) = missing.next() {
            self.record.report(Breach::new(
                Requirement::NotificationArrives,
                Rule::NotificationMissing,
                Some(step),
                json!(name),
                Value::Null,
                format!("{name}: the notification did not come within {deadline:?}"),
            ));
        }
        for (step, name) in missing {
            self.record
                .note(format!("{name} of step {} did not come either", step + 1));
        }
        self.stop();
    }

    fn answer_missing(&mut self, step: usize) {
        self.record.unanswered(Some(step));
        self.stop();
    }

    /// Ends the conversation; later steps are not judged.
    pub(in crate::judge) fn stop(&mut self) {
        let left = self.record.steps().len().saturating_sub(self.cursor);
        if left > 0 {
            self.record
                .note(format!("{left} later messages were not judged"));
        }
        self.record.finish();
    }
}
