//! The response to the first request of a bot: late, lost, 429, 503, or a connection that is reset.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::adapter::{Adapter, Maker, Planned};
use super::{Cut, InjectionKind};
use crate::api::resource::shape_of;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Breach, Event, ExchangeId, TriggerAnswer};
use crate::scenario::format::Step;

/// `Retry-After` of a 429, in whole seconds.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Timers of some platforms are early by up to this.
const SLACK: Duration = Duration::from_millis(20);

const LONGEST_DELAY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Requests {
    kind: InjectionKind,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    /// The request was refused; a repetition is allowed.
    Refused {
        step: usize,
        request: Arc<Request>,
        not_before: Duration,
        until: Duration,
    },
    /// The service has acted; the judge's actions are held back.
    Late {
        request: Arc<Request>,
        planned: Vec<Planned>,
        /// Repetitions of the request meanwhile.
        repetitions: Vec<ExchangeId>,
        until: Duration,
    },
    /// The service has acted: a repetition gets the same response.
    Done {
        request: Arc<Request>,
        step: Option<usize>,
        response: Arc<Response>,
        /// Until then the conversation waits for a repetition; none after the first.
        until: Option<Duration>,
    },
    /// No further change.
    Over,
}

impl Requests {
    pub(super) const fn new(kind: InjectionKind) -> Self {
        Self {
            kind,
            state: State::Waiting,
        }
    }

    pub(super) const fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::Refused { until, .. } | State::Late { until, .. } => Some(*until),
            State::Done { until, .. } => *until,
            State::Waiting | State::Over => None,
        }
    }

    /// True while a bot that got no response may send its request again.
    pub(super) const fn expects_repetition(&self) -> bool {
        matches!(&self.state, State::Done { until: Some(_), .. })
    }

    pub(super) fn handle(&mut self, adapter: &mut Adapter, now: Duration, event: Event) {
        match event {
            Event::Received { exchange, request } => {
                self.on_request(adapter, now, exchange, request);
            }
            Event::Elapsed => {
                if self.deadline().is_some_and(|at| now >= at) {
                    self.on_deadline(adapter, now);
                } else {
                    adapter.forward(now, Event::Elapsed);
                }
            }
            // Fault injection made the trigger fail, so the judge does not see it.
            Event::Triggered(TriggerAnswer::Failed(_))
                if matches!(self.state, State::Refused { .. }) =>
            {
                adapter.forward(now, Event::Triggered(TriggerAnswer::Accepted));
            }
            // Repetitions are handled here, not by the judge.
            Event::ReplyLost { .. } if matches!(self.state, State::Done { .. }) => {}
            event => adapter.forward(now, event),
        }
        if adapter.judge.is_finished() && matches!(self.state, State::Late { .. }) {
            self.on_deadline(adapter, now);
        }
    }

    fn on_request(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        request: Arc<Request>,
    ) {
        let step = documented(&adapter.script.steps, &request);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting => {
                if let Some(step) = step {
                    self.on_first(adapter, now, exchange, step, request);
                } else {
                    self.state = State::Waiting;
                    adapter.forward(now, Event::Received { exchange, request });
                }
            }
            State::Refused {
                step: refused,
                not_before,
                ..
            } if step == Some(refused) => {
                self.judge_retry(adapter, now, not_before, refused);
                adapter.resume_clock(now);
                adapter.forward(now, Event::Received { exchange, request });
            }
            State::Late {
                request: first,
                planned,
                mut repetitions,
                until,
            } => {
                if is_repetition(&first, &request) {
                    adapter.log_received(step, TrafficMessage::Request(request));
                    adapter.judge.check(Requirement::RetrySame);
                    repetitions.push(exchange);
                } else {
                    adapter.forward(now, Event::Received { exchange, request });
                }
                let request = first;
                self.state = State::Late {
                    request,
                    planned,
                    repetitions,
                    until,
                };
            }
            State::Done {
                request: first,
                step: answer,
                response,
                mut until,
            } => {
                if is_repetition(&first, &request) {
                    adapter.log_received(step, TrafficMessage::Request(request));
                    adapter.judge.check(Requirement::RetrySame);
                    adapter.judge.note(
                        "the request was sent again, and the response has the same operation",
                    );
                    adapter.reply(exchange, answer, response.clone(), Maker::Judge);
                    until = None;
                } else {
                    adapter.forward(now, Event::Received { exchange, request });
                }
                self.state = State::Done {
                    request: first,
                    step: answer,
                    response,
                    until,
                };
            }
            state => {
                self.state = state;
                adapter.forward(now, Event::Received { exchange, request });
            }
        }
    }

    fn on_first(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        step: usize,
        request: Arc<Request>,
    ) {
        if matches!(
            self.kind,
            InjectionKind::LostResponse | InjectionKind::SlowResponse
        ) {
            let received = Event::Received {
                exchange,
                request: request.clone(),
            };
            let planned = adapter.feed(now, received);
            if !planned.iter().any(is_documented_response) {
                adapter.perform_all(planned);
                return;
            }
            if self.kind == InjectionKind::LostResponse {
                self.drop_response(adapter, now, &request, planned);
            } else {
                adapter.pause_clock(now);
                self.state = State::Late {
                    request,
                    planned,
                    repetitions: Vec::new(),
                    until: now + (adapter.deadline / 2).min(LONGEST_DELAY),
                };
            }
            return;
        }
        adapter.log_received(Some(step), TrafficMessage::Request(request.clone()));
        let delay = match self.kind {
            InjectionKind::Throttled => {
                adapter.reply(exchange, None, throttled(), Maker::Injection);
                RETRY_AFTER
            }
            InjectionKind::Unavailable => {
                adapter.reply(exchange, None, unavailable(), Maker::Injection);
                Duration::ZERO
            }
            _ => {
                adapter.cut(exchange, None, Cut::Reset);
                Duration::ZERO
            }
        };
        adapter.pause_clock(now);
        self.state = State::Refused {
            step,
            request,
            not_before: now + delay.saturating_sub(SLACK),
            until: now + delay + adapter.deadline,
        };
    }

    /// Performs all actions except the response, and closes its connection.
    fn drop_response(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        request: &Arc<Request>,
        planned: Vec<Planned>,
    ) {
        for planned in planned {
            match planned.action {
                Action::Reply { exchange, response } if planned.step.is_some() => {
                    adapter.cut(exchange, planned.step, Cut::Close);
                    self.state = State::Done {
                        request: Arc::clone(request),
                        step: planned.step,
                        response,
                        until: Some(now + (adapter.deadline / 2).min(LONGEST_DELAY)),
                    };
                }
                _ => adapter.perform(planned),
            }
        }
    }

    /// Judges the time of the repetition of a refused request.
    fn judge_retry(&self, adapter: &mut Adapter, now: Duration, not_before: Duration, step: usize) {
        adapter.judge.check(self.requirement());
        if self.kind != InjectionKind::Throttled {
            return;
        }
        adapter.judge.check(Requirement::RetryNotBefore);
        if now < not_before {
            let early = (not_before + SLACK).saturating_sub(now);
            adapter.judge.report(Breach::new(
                Requirement::RetryNotBefore,
                Rule::RequestUnexpected,
                Some(step),
                json!(format!("not within {RETRY_AFTER:?}")),
                json!(format!("{} ms too early", early.as_millis())),
                format!(
                    "the request was sent again {} ms before the time in Retry-After",
                    early.as_millis()
                ),
            ));
        }
    }

    fn on_deadline(&mut self, adapter: &mut Adapter, now: Duration) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Late {
                request,
                mut planned,
                repetitions,
                ..
            } => {
                adapter.resume_clock(now);
                for late in planned.iter_mut().filter(|it| is_documented_response(it)) {
                    late.maker = Maker::Injection;
                }
                let answer = planned
                    .iter()
                    .find(|it| is_documented_response(it))
                    .cloned();
                adapter.perform_all(planned);
                let Some(Planned {
                    step,
                    action: Action::Reply { response, .. },
                    ..
                }) = answer
                else {
                    return;
                };
                for exchange in repetitions {
                    adapter.reply(exchange, step, response.clone(), Maker::Judge);
                }
                self.state = State::Done {
                    request,
                    step,
                    response,
                    until: None,
                };
            }
            // The bot does not send it again.
            State::Done {
                request,
                step,
                response,
                ..
            } => {
                self.state = State::Done {
                    request,
                    step,
                    response,
                    until: None,
                };
            }
            state => {
                self.state = state;
                self.report_missing(adapter, now);
            }
        }
    }

    fn report_missing(&mut self, adapter: &mut Adapter, now: Duration) {
        let State::Refused { step, request, .. } = std::mem::replace(&mut self.state, State::Over)
        else {
            return;
        };
        adapter.resume_clock(now);
        let requirement = self.requirement();
        adapter.judge.report(Breach::new(
            requirement,
            Rule::RequestMissing,
            Some(step),
            json!(format!("{} {} again", request.method, request.target)),
            Value::Null,
            format!(
                "the request was not sent again within {:?}",
                adapter.deadline
            ),
        ));
        adapter.judge.conclude();
    }

    const fn requirement(&self) -> Requirement {
        match self.kind {
            InjectionKind::Throttled => Requirement::RetryThrottled,
            InjectionKind::Unavailable => Requirement::RetryUnavailable,
            _ => Requirement::RetryReset,
        }
    }
}

/// The first documented step with the method and the path of a request.
fn documented(steps: &[Step], request: &Request) -> Option<usize> {
    let shape = shape_of(&request.target);
    steps.iter().position(|step| {
        matches!(step, Step::Request(step)
            if step.method == request.method && shape_of(&step.target) == shape)
    })
}

/// True for a repetition. Header fields may differ: some clients count attempts.
fn is_repetition(first: &Request, request: &Request) -> bool {
    first.method == request.method && first.target == request.target && first.body == request.body
}

fn is_documented_response(planned: &Planned) -> bool {
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
