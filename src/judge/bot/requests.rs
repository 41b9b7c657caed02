//! Incoming requests of the bot: matching to steps, triggers, and answers.

use super::{BotJudge, Waiting, outgoing};

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Request, Response};
use crate::judge::record::Breach;
use crate::judge::service::{outgoing_request, relative};
use crate::judge::verdict::{TrafficMessage, Verdict};
use crate::judge::{Action, ExchangeId, TriggerAnswer};
use crate::scenario::format::{Kind, RequestStep, Step};

impl BotJudge {
    pub(super) fn trigger(&mut self, step: &RequestStep) {
        let at = self.cursor;
        self.waiting = Waiting::Trigger(at);
        let mut request = outgoing_request(&mut self.record, step);
        request.headers = request
            .headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
            .collect();
        self.actions.push_back(Action::Trigger {
            step: at + 1,
            request,
        });
    }

    pub(super) fn on_triggered(&mut self, step: usize, answer: TriggerAnswer) {
        match answer {
            TriggerAnswer::Accepted => {
                self.triggered.insert(step);
                self.waiting = Waiting::Request(step);
            }
            TriggerAnswer::NoAddress => self.waiting = Waiting::Request(step),
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

    pub(super) fn on_request(&mut self, exchange: ExchangeId, request: &Arc<Request>) {
        self.record.check(Requirement::RequestOnce);
        if self.is_free(request) && !self.is_documented_next(request) {
            self.traffic_in(None, request);
            let response = self.free_answer(request);
            self.reply(exchange, None, response);
            return;
        }
        if let Some(at) = self
            .lost_replies
            .iter()
            .position(|(lost, _)| **lost == **request)
        {
            let (_, response) = self.lost_replies.remove(at);
            self.traffic_in(None, request);
            self.record
                .note("a request was sent again, as its answer had been lost");
            self.replies
                .insert(exchange, (Arc::clone(request), Arc::clone(&response)));
            self.say(exchange, None, response);
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
        let scenario = Arc::clone(&self.record.case.scenario);
        let Step::Request(step) = &scenario.script.steps[at] else {
            return;
        };
        self.traffic_in(Some(at), request);
        self.record.check(Requirement::RequestSent);
        self.done.insert(at);
        if self.is_asked_for(at) {
            self.overtaken += usize::from(self.waiting == Waiting::Trigger(at));
            self.waiting = Waiting::Nothing;
        }
        let may_go_on = self.judge_request(at, step, request);
        self.answer(exchange, at, may_go_on);
    }

    /// True if the bot may send the request at any time: a GET of a resource of the conversation,
    /// or the DELETE of a call after the last step.
    pub(super) fn is_free(&self, request: &Request) -> bool {
        let looks = matches!(request.method.as_str(), "GET" | "HEAD");
        let Some(named) = Resource::parse(&request.target) else {
            return looks && self.names_a_value(&request.target);
        };
        let is_ours = named.call().is_some_and(|call| self.is_known_call(call));
        let is_plain = !matches!(named, Resource::Action { .. } | Resource::Calls);
        let ends = request.method == "DELETE" && matches!(named, Resource::Call(_));
        is_ours && (looks && is_plain || ends && self.is_over())
    }

    /// True if a segment of a path of another API is a value of this conversation.
    fn names_a_value(&self, target: &str) -> bool {
        let bound = self.record.bindings.bound();
        resource::path_of(target)
            .split('/')
            .any(|segment| bound.iter().any(|(_, value)| value == segment))
    }

    pub(super) fn is_documented_next(&self, request: &Request) -> bool {
        self.next_request().is_some_and(|at| {
            matches!(&self.record.steps()[at], Step::Request(step)
                if step.method == request.method
                    && (self.shape_of(at) == resource::shape_of(&request.target)
                        || self.is_at(&step.target, &request.target)))
        })
    }

    /// True if the path is the documented one with the values of this run.
    fn is_at(&self, documented: &str, target: &str) -> bool {
        let bindings = &self.record.bindings;
        let value = |name: &str| bindings.get(name).map(str::to_owned);
        let expected = template::fill(&relative(documented), &value);
        resource::path_of(&relative(target)) == resource::path_of(&expected)
    }

    pub(super) fn is_over(&self) -> bool {
        self.record.is_finished() || self.cursor >= self.record.steps().len()
    }

    pub(super) fn is_known_call(&self, id: &str) -> bool {
        let bindings = &self.record.bindings;
        bindings.root_bound_to(Kind::Call, id).is_some()
    }

    /// True if the request is an attempt at a documented one, neither a duplicate nor an early end.
    pub(super) fn is_meant(&self, at: usize, request: &Request) -> bool {
        let shape = resource::shape_of(&request.target);
        if shape == self.shape_of(at) {
            let key = |at: usize| &self.record.case.outline().step(at).key;
            let repeats = self.done.iter().any(|done| {
                matches!(self.record.steps()[*done], Step::Request(_)) && key(*done) == key(at)
            });
            return !repeats || self.is_asked_for(at);
        }
        let is_another_step = self
            .record
            .steps()
            .iter()
            .enumerate()
            .any(|(at, other)| matches!(other, Step::Request(_)) && self.shape_of(at) == shape);
        self.is_asked_for(at) && !is_another_step && request.method != "DELETE"
    }

    pub(super) fn is_asked_for(&self, at: usize) -> bool {
        matches!(self.waiting, Waiting::Trigger(step) | Waiting::Request(step) if step == at)
    }

    /// An undocumented request. It may replace an expected one.
    pub(super) fn unexpected(&mut self, request: &Request) {
        self.has_unexpected = true;
        self.record.report(Breach::new(
            Requirement::RequestOnce,
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

    /// Answers as documented, or refuses a request that matches no documented one.
    pub(super) fn answer(&mut self, exchange: ExchangeId, at: usize, may_go_on: bool) {
        let scenario = Arc::clone(&self.record.case.scenario);
        let answer = scenario.script.steps.get(at + 1);
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
        let response = outgoing::answer(&mut self.record, step);
        if let Some(TrafficMessage::Request(request)) = self.record.last_message() {
            let sent = (Arc::clone(request), Arc::clone(&response));
            self.replies.insert(exchange, sent);
        }
        self.say(exchange, Some(at + 1), response);
    }

    pub(super) fn reply(&mut self, exchange: ExchangeId, step: Option<usize>, response: Response) {
        self.say(exchange, step, Arc::new(response));
    }

    fn say(&mut self, exchange: ExchangeId, step: Option<usize>, response: Arc<Response>) {
        let message = TrafficMessage::Response(Arc::clone(&response));
        self.record.traffic(Party::Service, step, message);
        self.actions.push_back(Action::Reply { exchange, response });
    }

    /// The answer to a GET of a resource of the conversation, or to the DELETE of its call.
    pub(super) fn free_answer(&mut self, request: &Request) -> Response {
        let Some(named) = Resource::parse(&request.target) else {
            return outgoing::nothing_known();
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

    pub(super) fn traffic_in(&mut self, step: Option<usize>, request: &Arc<Request>) {
        let message = TrafficMessage::Request(Arc::clone(request));
        self.record.traffic(Party::Bot, step, message);
    }
}
