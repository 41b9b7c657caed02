//! Fault injection over the first notification of a service: its acknowledgement fails, or never comes.
//!
//! The judge has the notification when it comes first; what comes again is judged here. The judge's
//! clock stands still until it has come again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::adapter::Adapter;
use super::{Cut, Kind, derive};
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Breach, Event, ExchangeId};

/// How often a failing callback answers 500.
const FAILURES: usize = 2;

/// The state machine. See the module.
#[derive(Debug)]
pub(super) struct Callback {
    kind: Kind,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The notification has not come.
    NoFault,
    /// Its acknowledgement failed so many times, or did not come.
    Refused(Box<Refused>),
    Over,
}

#[derive(Debug)]
struct Refused {
    step: usize,
    request: Arc<Request>,
    /// The exchange whose acknowledgement is kept back.
    silent: Option<ExchangeId>,
    failures: usize,
    /// Whether something later about one of its resources has come.
    is_overtaken: bool,
    since: Duration,
}

impl Callback {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            state: State::NoFault,
        }
    }

    pub(super) fn deadline(&self, scene: &Adapter) -> Option<Duration> {
        match &self.state {
            State::Refused(refused) => Some(refused.since + scene.deadline),
            _ => None,
        }
    }

    /// Whether a notification still has to come again.
    pub(super) const fn waits(&self) -> bool {
        matches!(self.state, State::Refused(_))
    }

    pub(super) fn handle(&mut self, scene: &mut Adapter, now: Duration, event: Event) {
        match event {
            Event::Received { exchange, request } => {
                self.on_notification(scene, now, exchange, request);
            }
            Event::Elapsed if self.deadline(scene).is_some_and(|at| now >= at) => {
                self.not_again(scene, now);
            }
            event => scene.let_through(now, event),
        }
    }

    fn on_notification(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        request: Arc<Request>,
    ) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::NoFault => {
                if let Some(step) = first_caused(scene, &request) {
                    self.refuse(scene, now, exchange, step, request);
                } else {
                    self.state = State::NoFault;
                    scene.let_through(now, Event::Received { exchange, request });
                }
            }
            State::Refused(mut refused) if is_again(&refused.request, &request) => {
                let step = Some(refused.step);
                scene.came(step, TrafficMessage::Request(request.clone()));
                judge_again(scene, &refused, &request);
                if self.kind == Kind::FailingCallback && refused.failures < FAILURES {
                    refused.failures += 1;
                    refused.since = now;
                    scene.reply(exchange, step, failure());
                    self.state = State::Refused(refused);
                } else {
                    scene.reply(exchange, step, super::adapter::acknowledgement());
                    scene.go_on(now);
                }
            }
            State::Refused(mut refused) => {
                refused.is_overtaken |= shares_a_resource(&refused.request, &request);
                self.state = State::Refused(refused);
                scene.let_through(now, Event::Received { exchange, request });
            }
            State::Over => scene.let_through(now, Event::Received { exchange, request }),
        }
    }

    /// Lets the judge have the notification, and does not acknowledge it.
    fn refuse(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        step: usize,
        request: Arc<Request>,
    ) {
        let received = Event::Received {
            exchange,
            request: request.clone(),
        };
        scene.judge.check(Requirement::RedeliverySent);
        let planned = scene.tell(now, received);
        let mut silent = None;
        for planned in planned {
            if !matches!(planned.action, Action::Reply { exchange: it, .. } if it == exchange) {
                scene.carry_out(planned);
            } else if self.kind == Kind::FailingCallback {
                scene.reply(exchange, Some(step), failure());
            } else {
                scene.event(Some(step), "the notification is not acknowledged");
                silent = Some(exchange);
            }
        }
        scene.stand_still(now);
        self.state = State::Refused(Box::new(Refused {
            step,
            request,
            silent,
            failures: 1,
            is_overtaken: false,
            since: now,
        }));
    }

    /// The notification did not come again.
    fn not_again(&mut self, scene: &mut Adapter, now: Duration) {
        let State::Refused(refused) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let how = match self.kind {
            Kind::FailingCallback if refused.failures == 1 => "it was answered 500",
            Kind::FailingCallback => "it was answered 500 twice",
            _ => "it was not acknowledged",
        };
        let message = format!(
            "the notification was not sent again within {:?}: {how}",
            scene.deadline
        );
        let expected = refused.request.body.json().cloned();
        scene.judge.report(Breach::new(
            Requirement::RedeliverySent,
            Rule::NotificationMissing,
            Some(refused.step),
            expected.unwrap_or_default(),
            Value::Null,
            message,
        ));
        if let Some(exchange) = refused.silent {
            // Whoever waits for ever goes on now.
            scene.cut(exchange, Some(refused.step), Cut::Close);
        }
        scene.go_on(now);
    }
}

/// The step of a notification, where it is the first that a request has caused.
fn first_caused(scene: &Adapter, request: &Request) -> Option<usize> {
    let step = derive::first_caused(&scene.script.steps)?;
    let documented = Change::read(derive::changes(&scene.script.steps[step]).first()?);
    let came = Change::read(changes(request).first()?);
    (came.subject == documented.subject
        && came.change_type == documented.change_type
        && came.word == documented.word)
        .then_some(step)
}

fn changes(request: &Request) -> &[Value] {
    let changes = request.body.json().and_then(change::entries);
    changes.map_or(&[], Vec::as_slice)
}

/// Whether a notification is another one once more: the same, or one that tells the same word of
/// the same resource.
fn is_again(first: &Request, request: &Request) -> bool {
    let tells = |request: &Request| -> Vec<(Subject, String, Option<String>, Option<String>)> {
        let changes = changes(request).iter().map(Change::read);
        changes
            .map(|it| {
                let id = it.operation().or_else(|| it.call()).map(str::to_owned);
                (it.subject, it.change_type, it.word, id)
            })
            .collect()
    };
    let (told, tells) = (tells(first), tells(request));
    first.body == request.body || (told == tells && told.iter().all(|(.., word, _)| word.is_some()))
}

/// Judges a notification that came again.
fn judge_again(scene: &mut Adapter, refused: &Refused, request: &Request) {
    scene.judge.check(Requirement::RedeliverySame);
    scene.judge.check(Requirement::RedeliveryOrder);
    let value = |request: &Request| request.body.json().cloned().unwrap_or_default();
    if refused.request.body != request.body {
        scene.judge.report(Breach::new(
            Requirement::RedeliverySame,
            Rule::NotificationBody,
            Some(refused.step),
            value(&refused.request),
            value(request),
            "what was sent again is not what was sent first".to_owned(),
        ));
    }
    if refused.is_overtaken {
        scene.judge.report(Breach::new(
            Requirement::RedeliveryOrder,
            Rule::NotificationOrder,
            Some(refused.step),
            json!("what has to be sent again, before anything later about its resource"),
            value(request),
            "something later about the same resource came before what was sent again".to_owned(),
        ));
    }
}

fn shares_a_resource(one: &Request, other: &Request) -> bool {
    let resources = |request: &Request| -> Vec<_> {
        let changes = changes(request).iter();
        changes.filter_map(|it| Change::read(it).resource).collect()
    };
    let others = resources(other);
    resources(one)
        .iter()
        .any(|resource| others.iter().any(|other| other.same(resource)))
}

fn failure() -> Arc<Response> {
    Arc::new(Response {
        status: 500,
        headers: Headers::new(),
        body: Body::Empty,
    })
}
