//! Notifications to a bot: early, twice, batched, in another order, or with unknown properties, resources and
//! words.
//!
//! Each notification of the judge becomes a round of notifications on the wire. Each is sent after the previous one is
//! acknowledged. The judge's clock is paused meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::InjectionKind;
use super::adapter::{Adapter, Maker, Planned, empty_response};
use super::unknown::Rng;
use super::{derive, unknown};
use crate::api::resource::Resource;
use crate::contract::change::Change;
use crate::contract::requirement::Requirement;
use crate::http::message::{Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Event, ExchangeId, TransportFailure};

#[derive(Debug)]
pub(super) struct Notifications {
    kind: InjectionKind,
    rng: Rng,
    /// Held back until the early notification is acknowledged.
    held_response: Option<Planned>,
    was_early: bool,
    /// Notifications that wait for the rest of their batch.
    batch: Vec<Sending>,
    round: Option<Round>,
}

#[derive(Debug, Clone)]
struct Sending {
    step: usize,
    request: Arc<Request>,
    /// The requirement on its acknowledgement; `None` if the judge checks it.
    requirement: Option<Requirement>,
}

/// The notifications on the wire for one notification of the judge.
#[derive(Debug)]
struct Round {
    judge_exchange: ExchangeId,
    pending: VecDeque<Sending>,
    /// The last one that was sent, and its time.
    sent: Option<(ExchangeId, Sending, Duration)>,
    /// The acknowledgement for the judge.
    acknowledged: Option<Arc<Response>>,
}

impl Notifications {
    pub(super) fn new(kind: InjectionKind, rng: Rng) -> Self {
        Self {
            kind,
            rng,
            held_response: None,
            was_early: false,
            batch: Vec::new(),
            round: None,
        }
    }

    pub(super) fn deadline(&self, adapter: &Adapter) -> Option<Duration> {
        let (_, _, since) = self.round.as_ref()?.sent.as_ref()?;
        Some(*since + adapter.deadline)
    }

    pub(super) fn handle(&mut self, adapter: &mut Adapter, now: Duration, event: Event) {
        let expected = self.round.as_ref().and_then(|round| round.sent.as_ref());
        let expected = expected.map(|(exchange, ..)| *exchange);
        match event {
            Event::Answered { exchange, response } if expected == Some(exchange) => {
                self.on_acknowledged(adapter, now, Ok(response));
            }
            Event::Broken { exchange, failure } if expected == Some(exchange) => {
                self.on_acknowledged(adapter, now, Err(failure));
            }
            Event::Elapsed if self.deadline(adapter).is_some_and(|at| now >= at) => {
                self.on_acknowledged(adapter, now, Err(TransportFailure::Silent));
            }
            event => {
                let planned = adapter.feed(now, event);
                self.perform_all(adapter, now, planned);
            }
        }
        if adapter.judge.is_finished() {
            self.release_response(adapter);
        }
    }

    fn perform_all(&mut self, adapter: &mut Adapter, now: Duration, planned: Vec<Planned>) {
        let notifies = planned
            .iter()
            .any(|it| matches!(it.action, Action::Send { .. }));
        for mut planned in planned {
            match (&mut planned.action, planned.step) {
                (Action::Send { exchange, request }, Some(step)) => {
                    let (exchange, request) = (*exchange, request.clone());
                    self.begin_round(adapter, now, exchange, step, request);
                }
                (Action::Reply { .. }, Some(step)) if notifies && self.is_early(adapter, step) => {
                    self.was_early = true;
                    self.held_response = Some(planned);
                }
                (Action::Reply { response, .. }, Some(_)) => {
                    if self.kind == InjectionKind::UnknownProperties {
                        unknown::add_properties(&mut Arc::make_mut(response).body, &mut self.rng);
                    }
                    adapter.perform(planned);
                }
                _ => adapter.perform(planned),
            }
        }
    }

    /// True if the notification behind the response of a step is sent before it: the first that may be.
    fn is_early(&self, adapter: &Adapter, step: usize) -> bool {
        self.kind == InjectionKind::EarlyNotification
            && !self.was_early
            && step > 0
            && derive::may_be_early(&adapter.script.steps, step - 1)
    }

    /// Begins a round for a notification of the judge, unless it waits for the rest of its batch.
    fn begin_round(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        step: usize,
        request: Arc<Request>,
    ) {
        adapter.pause_clock(now);
        let sending = Sending {
            step,
            request,
            requirement: self.requirement(adapter, step),
        };
        if self.waits_for_next(adapter, step) {
            self.batch.push(sending);
            let response = empty_response(202);
            let planned = adapter.feed_made_up(now, Event::Answered { exchange, response });
            self.perform_all(adapter, now, planned);
            return;
        }
        self.round = Some(Round {
            judge_exchange: exchange,
            pending: self.sendings(sending).into(),
            sent: None,
            acknowledged: None,
        });
        self.send_next(adapter, now);
    }

    /// The requirement on the acknowledgement of a notification of the judge.
    fn requirement(&self, adapter: &Adapter, step: usize) -> Option<Requirement> {
        let has_changes = adapter.is_notification(step);
        match self.kind {
            InjectionKind::EarlyNotification => self
                .held_response
                .as_ref()
                .map(|_| Requirement::NotificationEarly),
            InjectionKind::BatchedNotifications if !self.batch.is_empty() => {
                Some(Requirement::NotificationBatched)
            }
            InjectionKind::ReorderedNotifications if has_changes => {
                Some(Requirement::NotificationAnyOrder)
            }
            InjectionKind::UnknownProperties => Some(Requirement::UnknownProperties),
            _ => None,
        }
    }

    fn waits_for_next(&self, adapter: &Adapter, step: usize) -> bool {
        let continues = adapter.is_notification(step) && adapter.is_notification(step + 1);
        match self.kind {
            InjectionKind::BatchedNotifications => continues && self.batch.is_empty(),
            InjectionKind::ReorderedNotifications => continues,
            _ => false,
        }
    }

    /// The notifications on the wire for one notification of the judge.
    fn sendings(&mut self, mut sending: Sending) -> Vec<Sending> {
        let extra = |request: Arc<Request>, requirement| Sending {
            step: sending.step,
            request,
            requirement: Some(requirement),
        };
        match self.kind {
            InjectionKind::DuplicateNotification => {
                let again = extra(sending.request.clone(), Requirement::NotificationTwice);
                vec![sending, again]
            }
            InjectionKind::UnknownResource => {
                let unknown = unknown::resource(&sending.request, &mut self.rng);
                let unknown = unknown.map(|it| extra(it.into(), Requirement::UnknownResource));
                unknown.into_iter().chain([sending]).collect()
            }
            InjectionKind::UnknownWord => {
                let unknown = unknown::word(&sending.request, &mut self.rng);
                let unknown = unknown.map(|it| extra(it.into(), Requirement::UnknownWord));
                unknown.into_iter().chain([sending]).collect()
            }
            InjectionKind::UnknownProperties => {
                unknown::add_properties(
                    &mut Arc::make_mut(&mut sending.request).body,
                    &mut self.rng,
                );
                vec![sending]
            }
            InjectionKind::BatchedNotifications => {
                let mut changes = Vec::new();
                for one in self.batch.drain(..).chain([sending.clone()]) {
                    changes.extend_from_slice(derive::changes_of(&one.request));
                }
                if !changes.is_empty() {
                    sending.request = unknown::with_changes(&sending.request, changes).into();
                }
                vec![sending]
            }
            InjectionKind::ReorderedNotifications => {
                let run: Vec<_> = self.batch.drain(..).chain([sending]).collect();
                reordered(&run, &mut self.rng)
            }
            _ => vec![sending],
        }
    }

    fn send_next(&mut self, adapter: &mut Adapter, now: Duration) {
        let Some(round) = &mut self.round else { return };
        if let Some(sending) = round.pending.pop_front() {
            let maker = match sending.requirement {
                Some(_) => Maker::Injection,
                None => Maker::Judge,
            };
            let exchange = adapter.send(sending.step, sending.request.clone(), maker);
            round.sent = Some((exchange, sending, now));
            return;
        }
        let exchange = round.judge_exchange;
        let answered = round.acknowledged.take();
        self.round = None;
        self.release_response(adapter);
        adapter.resume_clock(now);
        // The acknowledgement of made-up notifications is judged already.
        let planned = if let Some(response) = answered {
            adapter.feed(now, Event::Answered { exchange, response })
        } else {
            let response = empty_response(202);
            adapter.feed_made_up(now, Event::Answered { exchange, response })
        };
        self.perform_all(adapter, now, planned);
    }

    fn on_acknowledged(
        &mut self,
        adapter: &mut Adapter,
        now: Duration,
        answer: Result<Arc<Response>, TransportFailure>,
    ) {
        let Some(round) = &mut self.round else { return };
        let Some((_, sending, _)) = round.sent.take() else {
            return;
        };
        let judge_exchange = round.judge_exchange;
        match (sending.requirement, answer) {
            (None, Ok(response)) => {
                round.acknowledged = Some(response);
                self.send_next(adapter, now);
            }
            (None, Err(failure)) | (_, Err(failure @ TransportFailure::Gone(_))) => {
                self.round = None;
                adapter.resume_clock(now);
                let exchange = judge_exchange;
                adapter.forward(now, Event::Broken { exchange, failure });
            }
            (Some(requirement), answer) => {
                if let Ok(response) = &answer {
                    let message = TrafficMessage::Response(response.clone());
                    adapter.log_received(Some(sending.step), message);
                }
                let judged = adapter.judge_acknowledgement(requirement, sending.step, &answer);
                if judged.is_break() {
                    self.round = None;
                    adapter.judge.conclude();
                } else {
                    self.send_next(adapter, now);
                }
            }
        }
    }

    fn release_response(&mut self, adapter: &mut Adapter) {
        if let Some(response) = self.held_response.take() {
            adapter.perform(response);
        }
    }
}

/// The notifications in another order, if one is possible. Notifications of one resource keep their order.
fn reordered(run: &[Sending], rng: &mut Rng) -> Vec<Sending> {
    let resources: Vec<Vec<Option<Resource>>> = run.iter().map(|it| about(&it.request)).collect();
    let mut order: Vec<usize> = Vec::new();
    let mut rest: Vec<usize> = (0..run.len()).collect();
    while !rest.is_empty() {
        let free: Vec<usize> = (0..rest.len())
            .filter(|at| {
                let mut before = rest[..*at].iter();
                before.all(|earlier| {
                    !derive::share_a_resource(&resources[*earlier], &resources[rest[*at]])
                })
            })
            .collect();
        let is_unchanged = order.iter().enumerate().all(|(at, it)| at == *it);
        let others = if is_unchanged { &free[1..] } else { &free[..] };
        let at = match others {
            [] => free[0],
            others => others[rng.below(others.len())],
        };
        order.push(rest.remove(at));
    }
    order.into_iter().map(|at| run[at].clone()).collect()
}

fn about(request: &Request) -> Vec<Option<Resource>> {
    let changes = derive::changes_of(request).iter();
    changes.map(|it| Change::read(it).resource).collect()
}
