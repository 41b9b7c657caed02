//! The judge of a bot: confcall plays the service.
//!
//! The bot is triggered for each documented request that it has not sent already. It receives the
//! documented answers and notifications, and its acknowledgements are judged.

mod acknowledgements;
mod documented;
mod invitation;
pub(in crate::judge) mod outgoing;
mod requests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::compare::{Rules, compare};
use super::record::{Breach, Record};
use super::verdict::Verdict;
use super::{Action, Event, ExchangeId};
use crate::api::resource;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Headers, Request, Response};
use crate::scenario::format::Step;

#[derive(Debug)]
pub(super) struct BotJudge {
    pub record: Record,
    pub actions: VecDeque<Action>,
    /// The next step to take, counted from 0.
    cursor: usize,
    waiting: Waiting,
    /// Request steps that the bot has sent, and answered steps, counted from 0.
    done: HashSet<usize>,
    /// Request steps that the bot was triggered for.
    triggered: HashSet<usize>,
    /// The number of triggers whose request arrived before their answer. Such an answer is ignored.
    overtaken: usize,
    /// The states of calls, for GETs of the bot.
    calls: HashMap<String, &'static str>,
    next_exchange: ExchangeId,
    /// Answers by exchange, and those that did not reach the bot.
    replies: HashMap<ExchangeId, (Arc<Request>, Arc<Response>)>,
    lost_replies: Vec<(Arc<Request>, Arc<Response>)>,
    /// An undocumented request arrived; it may be the missing one.
    has_unexpected: bool,
    /// Steps after a failure are not judged.
    is_stopped: bool,
    progress: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Waiting {
    Nothing,
    Trigger(usize),
    Request(usize),
    Acknowledgement(usize, ExchangeId),
}

impl BotJudge {
    pub(crate) fn new(record: Record) -> Self {
        Self {
            record,
            actions: VecDeque::new(),
            cursor: 0,
            waiting: Waiting::Nothing,
            done: HashSet::new(),
            triggered: HashSet::new(),
            overtaken: 0,
            calls: HashMap::new(),
            next_exchange: 0,
            replies: HashMap::new(),
            lost_replies: Vec::new(),
            has_unexpected: false,
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
            Event::Triggered(answer) => {
                if self.overtaken > 0 {
                    self.overtaken -= 1;
                } else if let Waiting::Trigger(step) = self.waiting {
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
            Event::ReplyLost { exchange } => {
                self.lost_replies.extend(self.replies.remove(&exchange));
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        let waits = self.waiting != Waiting::Nothing && !self.record.is_finished();
        waits.then(|| self.progress + self.record.options.deadline)
    }

    /// True if the next request is of this kind, regardless of its ids.
    pub(crate) fn expects(&self, request: &Request) -> bool {
        self.next_request().is_some_and(|at| {
            matches!(&self.record.steps()[at], Step::Request(step)
                if step.method == request.method
                    && self.shape_of(at) == resource::shape_of(&request.target))
                || self.waiting == Waiting::Request(at)
        }) && !self.record.is_finished()
    }

    fn shape_of(&self, at: usize) -> &str {
        &self.record.case.outline().step(at).shape
    }

    fn next_request(&self) -> Option<usize> {
        let steps = self.record.steps().iter().enumerate();
        steps
            .skip(self.cursor)
            .find(|(at, step)| matches!(step, Step::Request(_)) && !self.done.contains(at))
            .map(|(at, _)| at)
    }

    /// Advances until the next expected message.
    fn advance(&mut self) {
        while !self.record.is_finished() && self.waiting == Waiting::Nothing {
            let scenario = Arc::clone(&self.record.case.scenario);
            match scenario.script.steps.get(self.cursor) {
                None => self.record.finish(),
                Some(Step::Request(_) | Step::Response(_)) if self.done.contains(&self.cursor) => {
                    self.cursor += 1;
                }
                Some(Step::Request(step)) => {
                    self.trigger(step);
                }
                Some(Step::Notification(step)) => {
                    let request = outgoing::notification(&mut self.record, step);
                    self.notify(request);
                }
                // The request has no answer; the parser rejects such a file. A bot is not judged by
                // a documented refusal.
                Some(Step::Response(_) | Step::Refusal(_)) => self.cursor += 1,
            }
        }
    }

    fn on_deadline(&mut self) {
        match self.waiting.clone() {
            Waiting::Nothing => {}
            Waiting::Trigger(_) => {
                let deadline = self.record.options.deadline;
                let reason = format!("the trigger was not answered within {deadline:?}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Request(_) if self.has_unexpected => {
                self.record
                    .note("the request that the bot was triggered for did not come");
                self.stop();
            }
            Waiting::Request(step) if self.triggered.contains(&step) => {
                let deadline = self.record.options.deadline;
                self.record.report(Breach::new(
                    Requirement::RequestSent,
                    Rule::RequestMissing,
                    Some(step),
                    json!(self.record.steps()[step].kind()),
                    Value::Null,
                    format!("the bot was triggered and sent nothing within {deadline:?}"),
                ));
                self.stop();
            }
            Waiting::Request(_) => {
                let reason =
                    "the bot was never triggered (no --trigger), and sent nothing by itself";
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            Waiting::Acknowledgement(step, _) => self.acknowledgement_missing(step),
        }
    }

    /// Ends the conversation; later steps are not judged.
    pub(crate) fn stop(&mut self) {
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

fn json_headers() -> Headers {
    Headers::from_iter([("Content-Type", "application/json")])
}
