//! Fault injection before the notifications to a bot: such as somebody else might send, each with a token that
//! is wrong in one way.
//!
//! The judge's notification is kept back until every forged one before it is refused. Its clock stands
//! still meanwhile. Where one is not refused, the conversation ends: what the bot does then follows
//! from that.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Kind;
use super::adapter::{Adapter, Planned};
use super::forgery::Forgery;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Breach, Event, ExchangeId, TransportFailure};

/// The state machine. See the module.
#[derive(Debug)]
pub(super) struct ForgedTokens {
    kind: Kind,
    round: Option<Round>,
    /// Whether the bot has been told anything that is genuine.
    is_told: bool,
}

/// The forged notifications before a genuine one.
#[derive(Debug)]
struct Round {
    step: usize,
    /// The judge's notification, in the judge's exchange.
    genuine: Arc<Request>,
    of_judge: ExchangeId,
    /// Those that have not gone.
    left: &'static [Forgery],
    /// The one that has gone last, and when.
    sent: (ExchangeId, Forgery, Duration),
}

impl ForgedTokens {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            round: None,
            is_told: false,
        }
    }

    pub(super) fn deadline(&self, scene: &Adapter) -> Option<Duration> {
        let (.., since) = self.round.as_ref()?.sent;
        Some(since + scene.deadline)
    }

    pub(super) fn handle(&mut self, scene: &mut Adapter, now: Duration, event: Event) {
        let awaited = self.round.as_ref().map(|round| round.sent.0);
        match event {
            Event::Answered { exchange, response } if awaited == Some(exchange) => {
                self.on_answer(scene, now, Ok(response));
            }
            Event::Broken { exchange, failure } if awaited == Some(exchange) => {
                self.on_answer(scene, now, Err(failure));
            }
            Event::Elapsed if self.deadline(scene).is_some_and(|at| now >= at) => {
                self.on_answer(scene, now, Err(TransportFailure::Silent));
            }
            event => {
                if let Event::Received { request, .. } = &event {
                    self.judge_request(scene, request);
                }
                for planned in scene.tell(now, event) {
                    self.carry_out(scene, now, planned);
                }
            }
        }
    }

    /// Does what the judge wants done; a notification goes behind forged ones.
    fn carry_out(&mut self, scene: &mut Adapter, now: Duration, planned: Planned) {
        let step = planned.step.filter(|step| scene.notifies(*step));
        if let Action::Send { exchange, request } = &planned.action
            && let (Some(step), [first, left @ ..]) = (step, self.kind.forgeries())
        {
            scene.stand_still(now);
            let sent = scene.forge(step, Arc::clone(request), *first);
            self.round = Some(Round {
                step,
                genuine: Arc::clone(request),
                of_judge: *exchange,
                left,
                sent: (sent, *first, now),
            });
        } else {
            self.is_told = true;
            scene.carry_out(planned);
        }
    }

    /// Takes what became of the forged notification that has gone last.
    fn on_answer(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        answer: Result<Arc<Response>, TransportFailure>,
    ) {
        let Some(mut round) = self.round.take() else {
            return;
        };
        if let Err(failure @ TransportFailure::Gone(_)) = answer {
            scene.go_on(now);
            let exchange = round.of_judge;
            scene.let_through(now, Event::Broken { exchange, failure });
            return;
        }
        if let Ok(response) = &answer {
            let message = TrafficMessage::Response(Arc::clone(response));
            scene.came(Some(round.step), message);
        }
        let (_, forgery, _) = round.sent;
        if !scene.judge_refusal(requirement(forgery), round.step, &answer, forgery) {
            scene.judge.conclude();
        } else if let [next, left @ ..] = round.left {
            let sent = scene.forge(round.step, Arc::clone(&round.genuine), *next);
            round.left = left;
            round.sent = (sent, *next, now);
            self.round = Some(round);
        } else {
            scene.go_on(now);
            self.is_told = true;
            scene.carry_out(Planned {
                step: Some(round.step),
                action: Action::Send {
                    exchange: round.of_judge,
                    request: round.genuine,
                },
            });
        }
    }

    /// Judges a request that comes while nothing but forged notifications has: it can only follow from
    /// them.
    fn judge_request(&mut self, scene: &mut Adapter, request: &Request) {
        let acts = !self.is_told && scene.judge.expects(request);
        let Some(round) = self.round.take_if(|_| acts) else {
            return;
        };
        let (_, forgery, _) = round.sent;
        let asked = format!("{} {}", request.method, request.target);
        scene.judge.report(Breach::new(
            requirement(forgery),
            Rule::RequestUnexpected,
            Some(round.step),
            Value::Null,
            json!(asked),
            format!("the bot acts on {}: {asked}", forgery.describe()),
        ));
        scene.judge.conclude();
    }
}

/// The requirement by which a notification with such a token is refused.
const fn requirement(forgery: Forgery) -> Requirement {
    match forgery {
        Forgery::NoToken | Forgery::Unsigned => Requirement::TokenSigned,
        Forgery::ForeignKey => Requirement::TokenKey,
        Forgery::Expired => Requirement::TokenExpired,
        Forgery::OtherAudience => Requirement::TokenAudience,
    }
}
