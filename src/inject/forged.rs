//! Notifications to a bot with wrong tokens.
//!
//! The judge's notification is held back until the bot has refused every forged one; the judge's clock is
//! paused meanwhile. A forged notification that is not refused ends the conversation.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::adapter::{Adapter, Maker, Planned};
use super::{Forgery, InjectionKind};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Breach, Event, ExchangeId, TransportFailure};

#[derive(Debug)]
pub(super) struct ForgedTokens {
    kind: InjectionKind,
    round: Option<Round>,
    /// True once a genuine message was sent to the bot.
    has_genuine: bool,
}

/// The forged notifications before a genuine one.
#[derive(Debug)]
struct Round {
    step: usize,
    genuine: Arc<Request>,
    judge_exchange: ExchangeId,
    pending: &'static [Forgery],
    /// The last forged notification, and its time.
    sent: (ExchangeId, Forgery, Duration),
}

impl ForgedTokens {
    pub(super) const fn new(kind: InjectionKind) -> Self {
        Self {
            kind,
            round: None,
            has_genuine: false,
        }
    }

    pub(super) fn deadline(&self, adapter: &Adapter) -> Option<Duration> {
        let (.., since) = self.round.as_ref()?.sent;
        Some(since + adapter.deadline)
    }

    pub(super) fn handle(&mut self, adapter: &mut Adapter, now: Duration, event: Event) {
        let expected = self.round.as_ref().map(|round| round.sent.0);
        match event {
            Event::Answered { exchange, response } if expected == Some(exchange) => {
                self.on_answer(adapter, now, Ok(response));
            }
            Event::Broken { exchange, failure } if expected == Some(exchange) => {
                self.on_answer(adapter, now, Err(failure));
            }
            Event::Elapsed if self.deadline(adapter).is_some_and(|at| now >= at) => {
                self.on_answer(adapter, now, Err(TransportFailure::Silent));
            }
            event => {
                if let Event::Received { request, .. } = &event {
                    self.judge_request(adapter, request);
                }
                for planned in adapter.feed(now, event) {
                    self.perform(adapter, now, planned);
                }
            }
        }
    }

    /// Performs an action of the judge. Forged notifications precede a notification.
    fn perform(&mut self, adapter: &mut Adapter, now: Duration, planned: Planned) {
        let step = planned.step.filter(|step| adapter.is_notification(*step));
        if let Action::Send { exchange, request } = &planned.action
            && let (Some(step), [first, pending @ ..]) = (step, self.kind.forgeries())
        {
            adapter.pause_clock(now);
            let sent = adapter.send_forged(step, Arc::clone(request), *first);
            self.round = Some(Round {
                step,
                genuine: Arc::clone(request),
                judge_exchange: *exchange,
                pending,
                sent: (sent, *first, now),
            });
        } else {
            self.has_genuine = true;
            adapter.perform(planned);
        }
    }

    fn on_answer(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        answer: Result<Arc<Response>, TransportFailure>,
    ) {
        let Some(mut round) = self.round.take() else {
            return;
        };
        if let Err(failure @ TransportFailure::Gone(_)) = answer {
            adapter.resume_clock(now);
            let exchange = round.judge_exchange;
            adapter.forward(now, Event::Broken { exchange, failure });
            return;
        }
        if let Ok(response) = &answer {
            let message = TrafficMessage::Response(Arc::clone(response));
            adapter.log_received(Some(round.step), message);
        }
        let (_, forgery, _) = round.sent;
        let judged = adapter.judge_refusal(requirement(forgery), round.step, &answer, forgery);
        if judged.is_break() {
            adapter.judge.conclude();
        } else if let [next, pending @ ..] = round.pending {
            let sent = adapter.send_forged(round.step, Arc::clone(&round.genuine), *next);
            round.pending = pending;
            round.sent = (sent, *next, now);
            self.round = Some(round);
        } else {
            adapter.resume_clock(now);
            self.has_genuine = true;
            adapter.perform(Planned {
                step: Some(round.step),
                action: Action::Send {
                    exchange: round.judge_exchange,
                    request: round.genuine,
                },
                maker: Maker::Judge,
            });
        }
    }

    /// Judges a request before any genuine message: its only possible cause is a forged notification.
    fn judge_request(&mut self, adapter: &mut Adapter, request: &Request) {
        let acts = !self.has_genuine && adapter.judge.expects(request);
        let Some(round) = self.round.take_if(|_| acts) else {
            return;
        };
        let (_, forgery, _) = round.sent;
        let request_line = format!("{} {}", request.method, request.target);
        adapter.judge.report(Breach::new(
            requirement(forgery),
            Rule::RequestUnexpected,
            Some(round.step),
            Value::Null,
            json!(request_line),
            format!("the bot acts on {}: {request_line}", forgery.describe()),
        ));
        adapter.judge.conclude();
    }
}

pub(super) const fn requirement(forgery: Forgery) -> Requirement {
    match forgery {
        Forgery::NoToken | Forgery::Unsigned => Requirement::TokenSigned,
        Forgery::ForeignKey => Requirement::TokenKey,
        Forgery::Expired => Requirement::TokenExpired,
        Forgery::OtherAudience => Requirement::TokenAudience,
    }
}
