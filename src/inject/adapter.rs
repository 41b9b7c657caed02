//! A judge behind fault injection: what it is told, what it wants done, what really goes over the wire.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::forgery::Forgery;
use super::{Act, Cut};
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::{Traffic, TrafficMessage};
use crate::judge::{Action, Breach, Event, ExchangeId, Judge, TransportFailure};
use crate::scenario::format::Script;

/// The field that bears a notification's token.
const TOKEN: &str = "Authorization";

/// An action of the judge, with the step of its message, counted from 0.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub step: Option<usize>,
    pub action: Action,
}

/// A judge, the wire, and a clock that stands still while fault injection keeps something back.
#[derive(Debug)]
pub(super) struct Adapter {
    pub judge: Judge,
    /// What the scenario says.
    pub script: Arc<Script>,
    /// How long each expected message may take.
    pub deadline: Duration,
    role: Party,
    acts: VecDeque<Act>,
    /// What went over the wire, which the judge does not see whole.
    traffic: Vec<Traffic>,
    /// How long the judge's clock has stood still, and since when it does.
    stood_still: Duration,
    stands_since: Option<Duration>,
    next_exchange: ExchangeId,
}

impl Adapter {
    pub(super) fn new(judge: Judge, script: Arc<Script>, deadline: Duration, role: Party) -> Self {
        Self {
            judge,
            script,
            deadline,
            role,
            acts: VecDeque::new(),
            traffic: Vec::new(),
            stood_still: Duration::ZERO,
            stands_since: None,
            // The judge counts from 1 upwards.
            next_exchange: ExchangeId::MAX,
        }
    }

    /// Lets the judge have what really happened. What it wants done is not done yet.
    pub(super) fn tell(&mut self, now: Duration, event: Event) -> Vec<Planned> {
        self.hand_on(now, event, true)
    }

    /// Lets the judge have what did not happen, so that it goes on.
    pub(super) fn pretend(&mut self, now: Duration, event: Event) -> Vec<Planned> {
        self.hand_on(now, event, false)
    }

    /// The same, and does at once what the judge wants done.
    pub(super) fn let_through(&mut self, now: Duration, event: Event) {
        let planned = self.tell(now, event);
        self.carry_out_all(planned);
    }

    /// The same where there is no fault injection: what the judge sees is what goes over the wire.
    pub(super) fn pass(&mut self, now: Duration, event: Event) {
        self.judge.handle(now, event);
        while let Some(action) = self.judge.next_action() {
            self.acts.push_back(Act::Do(action));
        }
    }

    fn hand_on(&mut self, now: Duration, event: Event, is_real: bool) -> Vec<Planned> {
        let seen = self.judge.traffic().len();
        let now = self.stands_since.unwrap_or(now);
        self.judge
            .handle(now.saturating_sub(self.stood_still), event);
        let mut steps = VecDeque::new();
        for message in &self.judge.traffic()[seen..] {
            if message.from != self.role {
                steps.push_back(message.step);
            } else if is_real {
                self.traffic.push(message.clone());
            }
        }
        std::iter::from_fn(|| self.judge.next_action())
            .map(|action| {
                let step = match action {
                    Action::Trigger { .. } => None,
                    Action::Send { .. } | Action::Reply { .. } => steps.pop_front().flatten(),
                };
                Planned {
                    step: step.map(|step| step - 1),
                    action,
                }
            })
            .collect()
    }

    /// Does what the judge wants done.
    pub(super) fn carry_out(&mut self, planned: Planned) {
        let message = match &planned.action {
            Action::Trigger { .. } => None,
            Action::Send { request, .. } => Some(TrafficMessage::Request(request.clone())),
            Action::Reply { response, .. } => Some(TrafficMessage::Response(response.clone())),
        };
        if let Some(message) = message {
            self.log(self.other(), planned.step, message);
        }
        self.acts.push_back(Act::Do(planned.action));
    }

    /// Does all that the judge wants done.
    pub(super) fn carry_out_all(&mut self, planned: Vec<Planned>) {
        for planned in planned {
            self.carry_out(planned);
        }
    }

    /// Sends a notification that the judge does not know of. Its exchange is fault injection's own.
    pub(super) fn send(&mut self, step: usize, request: Arc<Request>) -> ExchangeId {
        let exchange = self.own_exchange();
        self.carry_out(Planned {
            step: Some(step),
            action: Action::Send { exchange, request },
        });
        exchange
    }

    /// Sends a notification that has to be refused. Its exchange is fault injection's own.
    pub(super) fn forge(
        &mut self,
        step: usize,
        mut request: Arc<Request>,
        forgery: Forgery,
    ) -> ExchangeId {
        let exchange = self.own_exchange();
        if forgery == Forgery::NoToken {
            let request = Arc::make_mut(&mut request);
            let headers = request.headers.iter();
            let bears_no_token = |(name, _): &(&str, &str)| !name.eq_ignore_ascii_case(TOKEN);
            request.headers = headers.filter(bears_no_token).collect();
        }
        self.event(Some(step), &format!("next comes {}", forgery.describe()));
        let message = TrafficMessage::Request(Arc::clone(&request));
        self.log(self.other(), Some(step), message);
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

    /// Answers a request that the judge does not know of.
    pub(super) fn reply(
        &mut self,
        exchange: ExchangeId,
        step: Option<usize>,
        response: Arc<Response>,
    ) {
        let action = Action::Reply { exchange, response };
        self.carry_out(Planned { step, action });
    }

    /// Ends the connection of a request without an answer.
    pub(super) fn cut(&mut self, exchange: ExchangeId, step: Option<usize>, how: Cut) {
        self.event(step, how.describe());
        self.acts.push_back(Act::Cut { exchange, how });
    }

    /// Says in the traffic what confcall did not send.
    pub(super) fn event(&mut self, step: Option<usize>, what: &str) {
        self.log(self.other(), step, TrafficMessage::Event(what.to_owned()));
    }

    /// Says in the traffic what came, where the judge is not told.
    pub(super) fn came(&mut self, step: Option<usize>, message: TrafficMessage) {
        self.log(self.role, step, message);
    }

    /// The judge's clock stands still from now on.
    pub(super) fn stand_still(&mut self, now: Duration) {
        self.stands_since.get_or_insert(now);
    }

    /// The judge's clock goes on.
    pub(super) fn go_on(&mut self, now: Duration) {
        if let Some(since) = self.stands_since.take() {
            self.stood_still += now.saturating_sub(since);
        }
    }

    /// The judge's own deadline on the clock of the run.
    pub(super) fn deadline_of_judge(&self) -> Option<Duration> {
        match self.stands_since {
            Some(_) => None,
            None => Some(self.judge.deadline()? + self.stood_still),
        }
    }

    pub(super) fn next_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    pub(super) fn take_traffic(&mut self) -> Vec<Traffic> {
        std::mem::take(&mut self.traffic)
    }

    /// Whether the next documented message after a step is a notification of changes.
    pub(super) fn notifies(&self, step: usize) -> bool {
        self.script
            .steps
            .get(step)
            .is_some_and(super::derive::is_of_changes)
    }

    /// Judges how a notification was acknowledged that only fault injection brought about. False where the
    /// conversation ends there.
    pub(super) fn judge_acknowledgement(
        &mut self,
        requirement: Requirement,
        step: usize,
        answer: &Result<Arc<Response>, TransportFailure>,
    ) -> bool {
        self.judge.check(requirement);
        if matches!(answer, Ok(response) if (200..300).contains(&response.status)) {
            return true;
        }
        self.answered_otherwise(requirement, step, answer, "the notification", "2xx");
        answer.is_ok() || !self.judge.has_failed()
    }

    /// Judges how a notification was refused whose token is wrong in this way. False where it was
    /// not.
    pub(super) fn judge_refusal(
        &mut self,
        requirement: Requirement,
        step: usize,
        answer: &Result<Arc<Response>, TransportFailure>,
        forgery: Forgery,
    ) -> bool {
        self.judge.check(requirement);
        let is_refused = matches!(answer, Ok(response) if matches!(response.status, 401 | 403));
        if !is_refused {
            self.answered_otherwise(requirement, step, answer, forgery.describe(), "401 or 403");
        }
        is_refused
    }

    /// Records that a notification was not answered as it is expected. `what` it is stands in the
    /// message.
    fn answered_otherwise(
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
                format!("{what} was answered {}", response.status),
            ),
            Err(TransportFailure::Silent) => (
                Rule::AcknowledgementMissing,
                Value::Null,
                format!("{what} was not answered within {:?}", self.deadline),
            ),
            Err(TransportFailure::Broken(why) | TransportFailure::Gone(why)) => (
                Rule::Transport,
                Value::Null,
                format!("the exchange of {what} broke: {why}"),
            ),
        };
        if answer.is_err() {
            self.came(Some(step), TrafficMessage::Event(message.clone()));
        }
        let (step, expected) = (Some(step), json!(expected));
        let breach = Breach::new(requirement, rule, step, expected, actual, message);
        self.judge.report(breach);
    }

    fn log(&mut self, from: Party, step: Option<usize>, message: TrafficMessage) {
        self.traffic.push(Traffic {
            from,
            step: step.map(|step| step + 1),
            message,
        });
    }

    const fn other(&self) -> Party {
        match self.role {
            Party::Bot => Party::Service,
            Party::Service => Party::Bot,
        }
    }
}

/// An acknowledgement, as a judge is made to believe in it.
pub(super) fn acknowledgement() -> Arc<Response> {
    Arc::new(Response {
        status: 202,
        headers: Headers::new(),
        body: Body::Empty,
    })
}
