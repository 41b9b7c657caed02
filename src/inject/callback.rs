//! The acknowledgement of a service's first notification: 500, or none.
//!
//! The judge gets the first delivery. The redelivery is judged here; the judge's clock is paused until then.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::adapter::{Adapter, Maker, empty_response};
use super::{Cut, InjectionKind, derive};
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::Request;
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Breach, Event, ExchangeId};

/// The number of 500 answers of a failing callback.
const FAILURES: usize = 2;

#[derive(Debug)]
pub(super) struct Callback {
    kind: InjectionKind,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    /// The notification was not acknowledged; a redelivery is expected.
    Refused(Box<Refused>),
    Over,
}

#[derive(Debug)]
struct Refused {
    step: usize,
    request: Arc<Request>,
    /// The exchange without an acknowledgement.
    silent: Option<ExchangeId>,
    failures: usize,
    /// True once a later notification about one of its resources was received.
    is_overtaken: bool,
    since: Duration,
}

impl Callback {
    pub(super) const fn new(kind: InjectionKind) -> Self {
        Self {
            kind,
            state: State::Waiting,
        }
    }

    pub(super) fn deadline(&self, adapter: &Adapter) -> Option<Duration> {
        match &self.state {
            State::Refused(refused) => Some(refused.since + adapter.deadline),
            _ => None,
        }
    }

    pub(super) const fn expects_redelivery(&self) -> bool {
        matches!(self.state, State::Refused(_))
    }

    pub(super) fn handle(&mut self, adapter: &mut Adapter, now: Duration, event: Event) {
        match event {
            Event::Received { exchange, request } => {
                self.on_notification(adapter, now, exchange, request);
            }
            Event::Elapsed if self.deadline(adapter).is_some_and(|at| now >= at) => {
                self.report_missing(adapter, now);
            }
            event => adapter.forward(now, event),
        }
    }

    fn on_notification(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        request: Arc<Request>,
    ) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting => {
                if let Some(step) = first_caused(adapter, &request) {
                    self.refuse(adapter, now, exchange, step, request);
                } else {
                    self.state = State::Waiting;
                    adapter.forward(now, Event::Received { exchange, request });
                }
            }
            State::Refused(mut refused) if is_repetition(&refused.request, &request) => {
                let step = Some(refused.step);
                adapter.log_received(step, TrafficMessage::Request(request.clone()));
                judge_redelivery(adapter, &refused, &request);
                if self.kind == InjectionKind::FailingCallback && refused.failures < FAILURES {
                    refused.failures += 1;
                    refused.since = now;
                    adapter.reply(exchange, step, empty_response(500), Maker::Injection);
                    self.state = State::Refused(refused);
                } else {
                    adapter.reply(exchange, step, empty_response(202), Maker::Judge);
                    adapter.resume_clock(now);
                }
            }
            State::Refused(mut refused) => {
                refused.is_overtaken |= shares_a_resource(&refused.request, &request);
                self.state = State::Refused(refused);
                adapter.forward(now, Event::Received { exchange, request });
            }
            State::Over => adapter.forward(now, Event::Received { exchange, request }),
        }
    }

    /// Passes the notification to the judge without acknowledging it.
    fn refuse(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        step: usize,
        request: Arc<Request>,
    ) {
        let received = Event::Received {
            exchange,
            request: request.clone(),
        };
        adapter.judge.check(Requirement::RedeliverySent);
        let planned = adapter.feed(now, received);
        let mut silent = None;
        for planned in planned {
            if !matches!(planned.action, Action::Reply { exchange: it, .. } if it == exchange) {
                adapter.perform(planned);
            } else if self.kind == InjectionKind::FailingCallback {
                adapter.reply(exchange, Some(step), empty_response(500), Maker::Injection);
            } else {
                adapter.log_event(Some(step), "the notification is not acknowledged");
                silent = Some(exchange);
            }
        }
        adapter.pause_clock(now);
        self.state = State::Refused(Box::new(Refused {
            step,
            request,
            silent,
            failures: 1,
            is_overtaken: false,
            since: now,
        }));
    }

    fn report_missing(&mut self, adapter: &mut Adapter, now: Duration) {
        let State::Refused(refused) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let how = match self.kind {
            InjectionKind::FailingCallback if refused.failures == 1 => "the first response was 500",
            InjectionKind::FailingCallback => "the first two responses were 500",
            _ => "it was not acknowledged",
        };
        let message = format!(
            "the notification was not sent again within {:?}: {how}",
            adapter.deadline
        );
        let expected = refused.request.body.json().cloned();
        adapter.judge.report(Breach::new(
            Requirement::RedeliverySent,
            Rule::NotificationMissing,
            Some(refused.step),
            expected.unwrap_or_default(),
            Value::Null,
            message,
        ));
        if let Some(exchange) = refused.silent {
            // A service that waits without a timeout continues now.
            adapter.cut(exchange, Some(refused.step), Cut::Close);
        }
        adapter.resume_clock(now);
    }
}

/// The step of a notification, if it is the first that follows from a request.
fn first_caused(adapter: &Adapter, request: &Request) -> Option<usize> {
    let step = derive::first_caused(&adapter.script.steps)?;
    let documented = Change::read(derive::changes(&adapter.script.steps[step]).first()?);
    let received = Change::read(derive::changes_of(request).first()?);
    (received.subject == documented.subject
        && received.change_type == documented.change_type
        && received.word == documented.word)
        .then_some(step)
}

/// True if two notifications have equal bodies, or the same words about the same resources.
fn is_repetition(first: &Request, request: &Request) -> bool {
    let described = |request: &Request| -> Vec<(Subject, String, Option<String>, Option<String>)> {
        let changes = derive::changes_of(request).iter().map(Change::read);
        changes
            .map(|it| {
                let id = it.operation().or_else(|| it.call()).map(str::to_owned);
                (it.subject, it.change_type, it.word, id)
            })
            .collect()
    };
    let (before, now) = (described(first), described(request));
    first.body == request.body
        || (before == now && before.iter().all(|(.., word, _)| word.is_some()))
}

fn judge_redelivery(adapter: &mut Adapter, refused: &Refused, request: &Request) {
    adapter.judge.check(Requirement::RedeliverySame);
    adapter.judge.check(Requirement::RedeliveryOrder);
    let value = |request: &Request| request.body.json().cloned().unwrap_or_default();
    if refused.request.body != request.body {
        adapter.judge.report(Breach::new(
            Requirement::RedeliverySame,
            Rule::NotificationBody,
            Some(refused.step),
            value(&refused.request),
            value(request),
            "the repeated notification differs from the first one".to_owned(),
        ));
    }
    if refused.is_overtaken {
        adapter.judge.report(Breach::new(
            Requirement::RedeliveryOrder,
            Rule::NotificationOrder,
            Some(refused.step),
            json!("the failed notification again, before later ones about its resource"),
            value(request),
            "a later notification about the same resource was sent before the failed one was sent again".to_owned(),
        ));
    }
}

fn shares_a_resource(one: &Request, other: &Request) -> bool {
    let resources = |request: &Request| -> Vec<_> {
        let changes = derive::changes_of(request).iter();
        changes.filter_map(|it| Change::read(it).resource).collect()
    };
    let others = resources(other);
    resources(one)
        .iter()
        .any(|resource| others.iter().any(|other| other.same(resource)))
}
