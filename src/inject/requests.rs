//! Fault injection over the first request of a bot: its answer is late or lost, or it is another answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::adapter::{Adapter, Planned};
use super::{Cut, Kind};
use crate::api::resource::shape_of;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Breach, Event, ExchangeId, TriggerAnswer};
use crate::scenario::format::Step;

/// What a 429 tells in `Retry-After`, whose unit is the second.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Timers of some platforms fire a little early.
const SLACK: Duration = Duration::from_millis(20);

/// The longest that a slow response takes.
const SLOWEST: Duration = Duration::from_secs(2);

/// The state machine. See the module.
#[derive(Debug)]
pub(super) struct Requests {
    kind: Kind,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The request has not come.
    NoFault,
    /// The request was not taken: it may come again.
    Refused {
        step: usize,
        request: Arc<Request>,
        not_before: Duration,
        until: Duration,
    },
    /// The service has acted; what the judge wants done waits.
    Late {
        request: Arc<Request>,
        planned: Vec<Planned>,
        /// The same request, come again meanwhile.
        again: Vec<ExchangeId>,
        until: Duration,
    },
    /// The service has acted: the same request has the same answer.
    Done {
        request: Arc<Request>,
        step: Option<usize>,
        response: Arc<Response>,
    },
    /// Nothing more is out of the ordinary.
    Over,
}

impl Requests {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            state: State::NoFault,
        }
    }

    pub(super) const fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::Refused { until, .. } | State::Late { until, .. } => Some(*until),
            _ => None,
        }
    }

    pub(super) fn handle(&mut self, scene: &mut Adapter, now: Duration, event: Event) {
        match event {
            Event::Received { exchange, request } => self.on_request(scene, now, exchange, request),
            Event::Elapsed => {
                if self.deadline().is_some_and(|at| now >= at) {
                    self.on_deadline(scene, now);
                } else {
                    scene.let_through(now, Event::Elapsed);
                }
            }
            // A trigger that fails for what fault injection did, or is late for it, is none of the judge's.
            Event::Triggered(TriggerAnswer::Failed(_))
                if matches!(self.state, State::Refused { .. }) =>
            {
                scene.let_through(now, Event::Triggered(TriggerAnswer::Accepted));
            }
            // The same request again is known here.
            Event::ReplyLost { .. } if matches!(self.state, State::Done { .. }) => {}
            event => scene.let_through(now, event),
        }
        if scene.judge.is_finished() && matches!(self.state, State::Late { .. }) {
            self.on_deadline(scene, now);
        }
    }

    fn on_request(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        request: Arc<Request>,
    ) {
        let step = documented(&scene.script.steps, &request);
        match std::mem::replace(&mut self.state, State::Over) {
            State::NoFault => {
                if let Some(step) = step {
                    self.on_first(scene, now, exchange, step, request);
                } else {
                    self.state = State::NoFault;
                    scene.let_through(now, Event::Received { exchange, request });
                }
            }
            State::Refused {
                step: refused,
                not_before,
                ..
            } if step == Some(refused) => {
                self.judge_retry(scene, now, not_before, refused);
                scene.go_on(now);
                scene.let_through(now, Event::Received { exchange, request });
            }
            State::Late {
                request: first,
                planned,
                mut again,
                until,
            } => {
                if is_again(&first, &request) {
                    scene.came(step, TrafficMessage::Request(request));
                    scene.judge.check(Requirement::RetrySame);
                    again.push(exchange);
                } else {
                    scene.let_through(now, Event::Received { exchange, request });
                }
                let request = first;
                self.state = State::Late {
                    request,
                    planned,
                    again,
                    until,
                };
            }
            State::Done {
                request: first,
                step: answer,
                response,
            } => {
                if is_again(&first, &request) {
                    scene.came(step, TrafficMessage::Request(request));
                    scene.judge.check(Requirement::RetrySame);
                    scene
                        .judge
                        .note("the request was sent again, and answered with the same operation");
                    scene.reply(exchange, answer, response.clone());
                } else {
                    scene.let_through(now, Event::Received { exchange, request });
                }
                self.state = State::Done {
                    request: first,
                    step: answer,
                    response,
                };
            }
            state => {
                self.state = state;
                scene.let_through(now, Event::Received { exchange, request });
            }
        }
    }

    /// Takes the first documented request.
    fn on_first(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        step: usize,
        request: Arc<Request>,
    ) {
        if matches!(self.kind, Kind::LostResponse | Kind::SlowResponse) {
            let received = Event::Received {
                exchange,
                request: request.clone(),
            };
            let planned = scene.tell(now, received);
            if !planned.iter().any(is_documented_answer) {
                scene.carry_out_all(planned);
                return;
            }
            if self.kind == Kind::LostResponse {
                self.lose(scene, &request, planned);
            } else {
                scene.stand_still(now);
                self.state = State::Late {
                    request,
                    planned,
                    again: Vec::new(),
                    until: now + (scene.deadline / 2).min(SLOWEST),
                };
            }
            return;
        }
        scene.came(Some(step), TrafficMessage::Request(request.clone()));
        let told = match self.kind {
            Kind::Throttled => {
                scene.reply(exchange, None, throttled());
                RETRY_AFTER
            }
            Kind::Unavailable => {
                scene.reply(exchange, None, unavailable());
                Duration::ZERO
            }
            _ => {
                scene.cut(exchange, None, Cut::Reset);
                Duration::ZERO
            }
        };
        scene.stand_still(now);
        self.state = State::Refused {
            step,
            request,
            not_before: now + told.saturating_sub(SLACK),
            until: now + told + scene.deadline,
        };
    }

    /// The service has acted; its answer does not go out.
    fn lose(&mut self, scene: &mut Adapter, request: &Arc<Request>, planned: Vec<Planned>) {
        for planned in planned {
            match planned.action {
                Action::Reply { exchange, response } if planned.step.is_some() => {
                    scene.cut(exchange, planned.step, Cut::Close);
                    self.state = State::Done {
                        request: Arc::clone(request),
                        step: planned.step,
                        response,
                    };
                }
                _ => scene.carry_out(planned),
            }
        }
    }

    /// Judges when a request that was refused came again.
    fn judge_retry(&self, scene: &mut Adapter, now: Duration, not_before: Duration, step: usize) {
        scene.judge.check(self.requirement());
        if self.kind != Kind::Throttled {
            return;
        }
        scene.judge.check(Requirement::RetryNotBefore);
        if now < not_before {
            let early = (not_before + SLACK).saturating_sub(now);
            scene.judge.report(Breach::new(
                Requirement::RetryNotBefore,
                Rule::RequestUnexpected,
                Some(step),
                json!(format!("not within {RETRY_AFTER:?}")),
                json!(format!("{} ms too early", early.as_millis())),
                format!(
                    "the request came again {} ms before the time that Retry-After told",
                    early.as_millis()
                ),
            ));
        }
    }

    fn on_deadline(&mut self, scene: &mut Adapter, now: Duration) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Late {
                request,
                planned,
                again,
                ..
            } => {
                scene.go_on(now);
                let answer = planned.iter().find(|it| is_documented_answer(it)).cloned();
                scene.carry_out_all(planned);
                let Some(Planned {
                    step,
                    action: Action::Reply { response, .. },
                }) = answer
                else {
                    return;
                };
                for exchange in again {
                    scene.reply(exchange, step, response.clone());
                }
                self.state = State::Done {
                    request,
                    step,
                    response,
                };
            }
            state => {
                self.state = state;
                self.not_again(scene, now);
            }
        }
    }

    /// The request that was refused did not come again.
    fn not_again(&mut self, scene: &mut Adapter, now: Duration) {
        let State::Refused { step, request, .. } = std::mem::replace(&mut self.state, State::Over)
        else {
            return;
        };
        scene.go_on(now);
        let requirement = self.requirement();
        scene.judge.report(Breach::new(
            requirement,
            Rule::RequestMissing,
            Some(step),
            json!(format!("{} {} again", request.method, request.target)),
            Value::Null,
            format!("the request was not sent again within {:?}", scene.deadline),
        ));
        scene.judge.conclude();
    }

    const fn requirement(&self) -> Requirement {
        match self.kind {
            Kind::Throttled => Requirement::RetryThrottled,
            Kind::Unavailable => Requirement::RetryUnavailable,
            _ => Requirement::RetryReset,
        }
    }
}

/// The first step that a request can be.
fn documented(steps: &[Step], request: &Request) -> Option<usize> {
    let shape = shape_of(&request.target);
    steps.iter().position(|step| {
        matches!(step, Step::Request(step)
            if step.method == request.method && shape_of(&step.target) == shape)
    })
}

/// Whether a request is another one once more. Header fields may differ: some clients count.
fn is_again(first: &Request, request: &Request) -> bool {
    first.method == request.method && first.target == request.target && first.body == request.body
}

fn is_documented_answer(planned: &Planned) -> bool {
    planned.step.is_some() && matches!(planned.action, Action::Reply { .. })
}

fn throttled() -> Arc<Response> {
    let mut response = refusal(429, "TooManyRequests", "too many requests: try again later");
    let seconds = RETRY_AFTER.as_secs().to_string();
    Arc::make_mut(&mut response)
        .headers
        .push("Retry-After", seconds);
    response
}

fn unavailable() -> Arc<Response> {
    refusal(503, "ServiceUnavailable", "the service is not available")
}

fn refusal(status: u16, code: &str, message: &str) -> Arc<Response> {
    Arc::new(Response {
        status,
        headers: Headers::from_iter([("Content-Type", "application/json")]),
        body: Body::Json(json!({"error": {"code": code, "message": message}})),
    })
}
