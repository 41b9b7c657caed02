//! The adapter between the judge and the wire: it filters events and actions, and logs the traffic of the
//! wire.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Act, Cut, Forgery};
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::{Traffic, TrafficMessage};
use crate::judge::{Action, Breach, Event, ExchangeId, Judge, TransportFailure, millis};
use crate::scenario::format::Script;

const TOKEN: &str = "Authorization";

/// An action of the judge and the step of its message, counted from 0.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub step: Option<usize>,
    pub action: Action,
    pub maker: Maker,
}

/// The origin of a message of confcall: reports mark those of fault injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    Judge,
    Injection,
}

/// An event of the wire, or one that fault injection makes up for the judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Wire,
    MadeUp,
}

/// A judge, the wire, and a clock that fault injection can pause.
#[derive(Debug)]
pub(super) struct Adapter {
    pub judge: Judge,
    pub script: Arc<Script>,
    /// The limit for each expected message.
    pub deadline: Duration,
    judged: Party,
    /// The time since the run began.
    pub now: Duration,
    acts: VecDeque<Act>,
    /// All traffic of the wire; the judge sees only a part.
    traffic: Vec<Traffic>,
    /// The sum of the pauses of the judge's clock, and the start of the current one.
    paused_for: Duration,
    paused_since: Option<Duration>,
    next_exchange: ExchangeId,
}

impl Adapter {
    pub(super) fn new(
        judge: Judge,
        script: Arc<Script>,
        deadline: Duration,
        judged: Party,
    ) -> Self {
        Self {
            judge,
            script,
            deadline,
            judged,
            now: Duration::ZERO,
            acts: VecDeque::new(),
            traffic: Vec::new(),
            paused_for: Duration::ZERO,
            paused_since: None,
            // The judge counts up from 1, fault injection down.
            next_exchange: ExchangeId::MAX,
        }
    }

    /// Passes an event of the wire to the judge. Returns the judge's actions; none is performed yet.
    pub(super) fn feed(&mut self, now: Duration, event: Event) -> Vec<Planned> {
        self.feed_from(Origin::Wire, now, event)
    }

    /// Passes a made-up event to the judge.
    pub(super) fn feed_made_up(&mut self, now: Duration, event: Event) -> Vec<Planned> {
        self.feed_from(Origin::MadeUp, now, event)
    }

    /// Passes an event to the judge, and performs the judge's actions.
    pub(super) fn forward(&mut self, now: Duration, event: Event) {
        let planned = self.feed(now, event);
        self.perform_all(planned);
    }

    /// The same without fault injection: the judge's traffic is complete.
    pub(super) fn forward_unchanged(&mut self, now: Duration, event: Event) {
        self.judge.handle(now, event);
        while let Some(action) = self.judge.next_action() {
            self.acts.push_back(Act::Do(action));
        }
    }

    fn feed_from(&mut self, origin: Origin, now: Duration, event: Event) -> Vec<Planned> {
        let seen = self.judge.traffic().len();
        let at_ms = Some(millis(now));
        let now = self.paused_since.unwrap_or(now);
        self.judge
            .handle(now.saturating_sub(self.paused_for), event);
        let mut steps = VecDeque::new();
        for message in &self.judge.traffic()[seen..] {
            if message.from != self.judged {
                steps.push_back(message.step);
            } else if origin == Origin::Wire {
                self.traffic.push(Traffic {
                    at_ms,
                    ..message.clone()
                });
            }
        }
        std::iter::from_fn(|| self.judge.next_action())
            .map(|action| {
                let step = match action {
                    Action::Trigger { .. } | Action::BringAbout(_) => None,
                    Action::Send { .. } | Action::Reply { .. } => steps.pop_front().flatten(),
                };
                Planned {
                    step: step.map(|step| step - 1),
                    action,
                    maker: Maker::Judge,
                }
            })
            .collect()
    }

    pub(super) fn perform(&mut self, planned: Planned) {
        let message = match &planned.action {
            Action::Trigger { .. } | Action::BringAbout(_) => None,
            Action::Send { request, .. } => Some(TrafficMessage::Request(request.clone())),
            Action::Reply { response, .. } => Some(TrafficMessage::Response(response.clone())),
        };
        if let Some(message) = message {
            self.log(self.judged.other(), planned.step, message, planned.maker);
        }
        self.acts.push_back(Act::Do(planned.action));
    }

    pub(super) fn perform_all(&mut self, planned: Vec<Planned>) {
        for planned in planned {
            self.perform(planned);
        }
    }

    /// Sends a notification outside of the judge. Returns its exchange.
    pub(super) fn send(&mut self, step: usize, request: Arc<Request>, maker: Maker) -> ExchangeId {
        let exchange = self.own_exchange();
        self.perform(Planned {
            step: Some(step),
            action: Action::Send { exchange, request },
            maker,
        });
        exchange
    }

    /// Sends a notification with a wrong token, which the bot must refuse. Returns its exchange.
    pub(super) fn send_forged(
        &mut self,
        step: usize,
        mut request: Arc<Request>,
        forgery: Forgery,
    ) -> ExchangeId {
        let exchange = self.own_exchange();
        if forgery == Forgery::NoToken {
            let request = Arc::make_mut(&mut request);
            let headers = request.headers.iter();
            let is_other = |(name, _): &(&str, &str)| !name.eq_ignore_ascii_case(TOKEN);
            request.headers = headers.filter(is_other).collect();
        }
        self.log_event(Some(step), &format!("next: {}", forgery.describe()));
        let message = TrafficMessage::Request(Arc::clone(&request));
        self.log(self.judged.other(), Some(step), message, Maker::Injection);
        self.acts.push_back(Act::Forge {
            exchange,
            request,
            forgery,
        });
        exchange
    }

    const fn own_exchange(&mut self) -> ExchangeId {
        let exchange = self.next_exchange;
        self.next_exchange -= 1;
        exchange
    }

    pub(super) fn reply(
        &mut self,
        exchange: ExchangeId,
        step: Option<usize>,
        response: Arc<Response>,
        maker: Maker,
    ) {
        let action = Action::Reply { exchange, response };
        self.perform(Planned {
            step,
            action,
            maker,
        });
    }

    pub(super) fn cut(&mut self, exchange: ExchangeId, step: Option<usize>, how: Cut) {
        self.log_event(step, how.describe());
        self.acts.push_back(Act::Cut { exchange, how });
    }

    /// Logs an event of confcall other than a message.
    pub(super) fn log_event(&mut self, step: Option<usize>, what: &str) {
        let event = TrafficMessage::Event(what.to_owned());
        self.log(self.judged.other(), step, event, Maker::Injection);
    }

    /// Logs a message of the target that is hidden from the judge.
    pub(super) fn log_received(&mut self, step: Option<usize>, message: TrafficMessage) {
        self.log(self.judged, step, message, Maker::Judge);
    }

    pub(super) fn pause_clock(&mut self, now: Duration) {
        self.paused_since.get_or_insert(now);
    }

    pub(super) fn resume_clock(&mut self, now: Duration) {
        if let Some(since) = self.paused_since.take() {
            self.paused_for += now.saturating_sub(since);
        }
    }

    pub(super) fn judge_deadline(&self) -> Option<Duration> {
        match self.paused_since {
            Some(_) => None,
            None => Some(self.judge.deadline()? + self.paused_for),
        }
    }

    pub(super) fn next_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    pub(super) fn traffic(&self) -> &[Traffic] {
        &self.traffic
    }

    pub(super) fn take_traffic(&mut self) -> Vec<Traffic> {
        std::mem::take(&mut self.traffic)
    }

    pub(super) fn is_notification(&self, step: usize) -> bool {
        self.script
            .steps
            .get(step)
            .is_some_and(super::derive::has_changes)
    }

    /// Judges the acknowledgement of a notification outside of the judge. A broken connection ends the
    /// conversation.
    pub(super) fn judge_acknowledgement(
        &mut self,
        requirement: Requirement,
        step: usize,
        answer: &Result<Arc<Response>, TransportFailure>,
    ) -> ControlFlow<()> {
        self.judge.check(requirement);
        if matches!(answer, Ok(response) if (200..300).contains(&response.status)) {
            return ControlFlow::Continue(());
        }
        self.report_answer(requirement, step, answer, "the notification", "2xx");
        if answer.is_ok() || !self.judge.has_failed() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    /// Judges the answer to a notification with a wrong token. An answer other than a refusal ends the
    /// conversation.
    pub(super) fn judge_refusal(
        &mut self,
        requirement: Requirement,
        step: usize,
        answer: &Result<Arc<Response>, TransportFailure>,
        forgery: Forgery,
    ) -> ControlFlow<()> {
        self.judge.check(requirement);
        if matches!(answer, Ok(response) if matches!(response.status, 401 | 403)) {
            return ControlFlow::Continue(());
        }
        self.report_answer(requirement, step, answer, forgery.describe(), "401 or 403");
        ControlFlow::Break(())
    }

    /// Reports an answer to a notification other than the expected one. `what` names the notification.
    fn report_answer(
        &mut self,
        requirement: Requirement,
        step: usize,
        answer: &Result<Arc<Response>, TransportFailure>,
        what: &str,
        expected: &str,
    ) {
        let (rule, actual, message) = match answer {
            Ok(response) => (
                Rule::AcknowledgementStatus,
                json!(response.status),
                format!("the response to {what} is {}", response.status),
            ),
            Err(TransportFailure::Silent) => (
                Rule::AcknowledgementMissing,
                Value::Null,
                format!("no response to {what} within {:?}", self.deadline),
            ),
            Err(TransportFailure::Broken(why) | TransportFailure::Gone(why)) => (
                Rule::Transport,
                Value::Null,
                format!("the exchange of {what} was aborted: {why}"),
            ),
        };
        if answer.is_err() {
            self.log_received(Some(step), TrafficMessage::Event(message.clone()));
        }
        let (step, expected) = (Some(step), json!(expected));
        let breach = Breach::new(requirement, rule, step, expected, actual, message);
        self.judge.report(breach);
    }

    fn log(&mut self, from: Party, step: Option<usize>, message: TrafficMessage, maker: Maker) {
        self.traffic.push(Traffic {
            at_ms: Some(millis(self.now)),
            injected: maker == Maker::Injection,
            ..Traffic::new(from, step.map(|step| step + 1), message)
        });
    }
}

pub(super) fn empty_response(status: u16) -> Arc<Response> {
    Arc::new(Response {
        status,
        headers: Headers::new(),
        body: Body::Empty,
    })
}
