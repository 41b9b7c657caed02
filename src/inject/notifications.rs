//! Fault injection over the notifications to a bot: early, twice, batched, in another order, with what no
//! page knows.
//!
//! Each notification of the judge becomes a round: what really goes to the bot, one after the other,
//! the next when the last is acknowledged. The judge's clock stands still meanwhile.

use crate::contract::requirement::Requirement;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Kind;
use super::adapter::{Adapter, Planned, acknowledgement};
use super::chance::Chance;
use super::{derive, unknown};
use crate::api::resource::Resource;
use crate::contract::change;
use crate::contract::change::Change;
use crate::http::message::{Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::judge::{Action, Event, ExchangeId, TransportFailure};
use crate::scenario::format::Step;

/// The state machine. See the module.
#[derive(Debug)]
pub(super) struct Notifications {
    kind: Kind,
    chance: Chance,
    /// The answer that an early notification comes before.
    answer: Option<Planned>,
    /// Whether a notification has come early.
    was_early: bool,
    /// Notifications that wait for those which they go with.
    gathered: Vec<Sending>,
    round: Option<Round>,
}

/// A notification that goes to the bot.
#[derive(Debug, Clone)]
struct Sending {
    step: usize,
    request: Arc<Request>,
    /// The requirement that its acknowledgement is judged by; none where the judge judges it.
    requirement: Option<Requirement>,
}

/// What goes to the bot for one notification of the judge.
#[derive(Debug)]
struct Round {
    /// The exchange that the judge has begun.
    of_judge: ExchangeId,
    left: VecDeque<Sending>,
    /// What has gone last, and when.
    sent: Option<(ExchangeId, Sending, Duration)>,
    /// The acknowledgement that the judge gets.
    acknowledged: Option<Arc<Response>>,
}

impl Notifications {
    pub(super) fn new(kind: Kind, chance: Chance) -> Self {
        Self {
            kind,
            chance,
            answer: None,
            was_early: false,
            gathered: Vec::new(),
            round: None,
        }
    }

    pub(super) fn deadline(&self, scene: &Adapter) -> Option<Duration> {
        let (_, _, since) = self.round.as_ref()?.sent.as_ref()?;
        Some(*since + scene.deadline)
    }

    pub(super) fn handle(&mut self, scene: &mut Adapter, now: Duration, event: Event) {
        let awaited = self.round.as_ref().and_then(|round| round.sent.as_ref());
        let awaited = awaited.map(|(exchange, ..)| *exchange);
        match event {
            Event::Answered { exchange, response } if awaited == Some(exchange) => {
                self.on_acknowledged(scene, now, Ok(response));
            }
            Event::Broken { exchange, failure } if awaited == Some(exchange) => {
                self.on_acknowledged(scene, now, Err(failure));
            }
            Event::Elapsed if self.deadline(scene).is_some_and(|at| now >= at) => {
                self.on_acknowledged(scene, now, Err(TransportFailure::Silent));
            }
            event => {
                let planned = scene.tell(now, event);
                self.plan(scene, now, planned);
            }
        }
        if scene.judge.is_finished() {
            self.release(scene);
        }
    }

    /// Does what the judge wants done, in this fault injection.
    fn plan(&mut self, scene: &mut Adapter, now: Duration, planned: Vec<Planned>) {
        let notifies = planned
            .iter()
            .any(|it| matches!(it.action, Action::Send { .. }));
        for mut planned in planned {
            match (&mut planned.action, planned.step) {
                (Action::Send { exchange, request }, Some(step)) => {
                    let (exchange, request) = (*exchange, request.clone());
                    self.notify(scene, now, exchange, step, request);
                }
                (Action::Reply { .. }, Some(step)) if notifies && self.is_early(scene, step) => {
                    self.was_early = true;
                    self.answer = Some(planned);
                }
                (Action::Reply { response, .. }, Some(_)) => {
                    if self.kind == Kind::UnknownProperties {
                        unknown::add_properties(
                            &mut Arc::make_mut(response).body,
                            &mut self.chance,
                        );
                    }
                    scene.carry_out(planned);
                }
                _ => scene.carry_out(planned),
            }
        }
    }

    /// Whether the notification behind the answer of a step comes before it: the first that can.
    fn is_early(&self, scene: &Adapter, step: usize) -> bool {
        self.kind == Kind::EarlyNotification
            && !self.was_early
            && step > 0
            && derive::may_be_early(&scene.script.steps, step - 1)
    }

    /// Takes a notification of the judge, and begins a round unless others go with it.
    fn notify(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        exchange: ExchangeId,
        step: usize,
        request: Arc<Request>,
    ) {
        scene.stand_still(now);
        let sending = Sending {
            step,
            request,
            requirement: self.requirement(scene, step),
        };
        if self.waits_for_another(scene, step) {
            self.gathered.push(sending);
            let response = acknowledgement();
            let planned = scene.pretend(now, Event::Answered { exchange, response });
            self.plan(scene, now, planned);
            return;
        }
        self.round = Some(Round {
            of_judge: exchange,
            left: self.sendings(sending).into(),
            sent: None,
            acknowledged: None,
        });
        self.send_next(scene, now);
    }

    /// The requirement by which the acknowledgement of a notification of the judge is judged.
    fn requirement(&self, scene: &Adapter, step: usize) -> Option<Requirement> {
        let is_of_changes = scene.notifies(step);
        match self.kind {
            Kind::EarlyNotification => self.answer.as_ref().map(|_| Requirement::NotificationEarly),
            Kind::BatchedNotifications if !self.gathered.is_empty() => {
                Some(Requirement::NotificationBatched)
            }
            Kind::ReorderedNotifications if is_of_changes => {
                Some(Requirement::NotificationAnyOrder)
            }
            Kind::UnknownProperties => Some(Requirement::UnknownProperties),
            _ => None,
        }
    }

    /// Whether the notification of the next step goes with the one of this step.
    fn waits_for_another(&self, scene: &Adapter, step: usize) -> bool {
        let goes_on = scene.notifies(step) && scene.notifies(step + 1);
        match self.kind {
            Kind::BatchedNotifications => goes_on && self.gathered.is_empty(),
            Kind::ReorderedNotifications => goes_on,
            _ => false,
        }
    }

    /// What goes to the bot for a notification of the judge.
    fn sendings(&mut self, mut sending: Sending) -> Vec<Sending> {
        let extra = |request: Arc<Request>, requirement| Sending {
            step: sending.step,
            request,
            requirement: Some(requirement),
        };
        match self.kind {
            Kind::DuplicateNotification => {
                let again = extra(sending.request.clone(), Requirement::NotificationTwice);
                vec![sending, again]
            }
            Kind::UnknownResource => {
                let unknown = unknown::resource(&sending.request, &mut self.chance);
                let unknown =
                    unknown.map(|request| extra(request.into(), Requirement::UnknownResource));
                unknown.into_iter().chain([sending]).collect()
            }
            Kind::UnknownWord => {
                let unknown = unknown::word(&sending.request, &mut self.chance);
                let unknown =
                    unknown.map(|request| extra(request.into(), Requirement::UnknownWord));
                unknown.into_iter().chain([sending]).collect()
            }
            Kind::UnknownProperties => {
                unknown::add_properties(
                    &mut Arc::make_mut(&mut sending.request).body,
                    &mut self.chance,
                );
                vec![sending]
            }
            Kind::BatchedNotifications => {
                let mut changes = Vec::new();
                for one in self.gathered.drain(..).chain([sending.clone()]) {
                    let of_one = one.request.body.json().and_then(change::entries);
                    changes.extend(of_one.into_iter().flatten().cloned());
                }
                if !changes.is_empty() {
                    sending.request = unknown::with_changes(&sending.request, changes).into();
                }
                vec![sending]
            }
            Kind::ReorderedNotifications => {
                let run: Vec<_> = self.gathered.drain(..).chain([sending]).collect();
                reordered(&run, &mut self.chance)
            }
            _ => vec![sending],
        }
    }

    fn send_next(&mut self, scene: &mut Adapter, now: Duration) {
        let Some(round) = &mut self.round else { return };
        if let Some(sending) = round.left.pop_front() {
            let exchange = scene.send(sending.step, sending.request.clone());
            round.sent = Some((exchange, sending, now));
            return;
        }
        let exchange = round.of_judge;
        let answered = round.acknowledged.take();
        self.round = None;
        self.release(scene);
        scene.go_on(now);
        // What fault injection alone brought about, fault injection has judged.
        let planned = if let Some(response) = answered {
            scene.tell(now, Event::Answered { exchange, response })
        } else {
            let response = acknowledgement();
            scene.pretend(now, Event::Answered { exchange, response })
        };
        self.plan(scene, now, planned);
    }

    /// Takes what became of the notification that has gone last.
    fn on_acknowledged(
        &mut self,
        scene: &mut Adapter,
        now: Duration,
        answer: Result<Arc<Response>, TransportFailure>,
    ) {
        let Some(round) = &mut self.round else { return };
        let Some((_, sending, _)) = round.sent.take() else {
            return;
        };
        let of_judge = round.of_judge;
        match (sending.requirement, answer) {
            (None, Ok(response)) => {
                round.acknowledged = Some(response);
                self.send_next(scene, now);
            }
            (None, Err(failure)) | (_, Err(failure @ TransportFailure::Gone(_))) => {
                self.round = None;
                scene.go_on(now);
                let exchange = of_judge;
                scene.let_through(now, Event::Broken { exchange, failure });
            }
            (Some(requirement), answer) => {
                if let Ok(response) = &answer {
                    let message = TrafficMessage::Response(response.clone());
                    scene.came(Some(sending.step), message);
                }
                if scene.judge_acknowledgement(requirement, sending.step, &answer) {
                    self.send_next(scene, now);
                } else {
                    self.round = None;
                    scene.judge.conclude();
                }
            }
        }
    }

    /// Sends the answer that was kept back.
    fn release(&mut self, scene: &mut Adapter) {
        if let Some(answer) = self.answer.take() {
            scene.carry_out(answer);
        }
    }
}

/// Whether some of these notifications may come in another order: they are about different
/// resources.
pub(super) fn can_be_reordered(run: &[Step]) -> bool {
    let resources: Vec<_> = run
        .iter()
        .map(|step| derive::changes(step).iter().map(Change::read))
        .map(|changes| changes.map(|change| change.resource).collect::<Vec<_>>())
        .collect();
    resources.windows(2).any(|pair| !shares(&pair[0], &pair[1]))
}

/// The notifications in another order: never of one resource, and never as they were where they
/// need not be.
fn reordered(run: &[Sending], chance: &mut Chance) -> Vec<Sending> {
    let resources: Vec<Vec<Option<Resource>>> = run.iter().map(|it| about(&it.request)).collect();
    let mut order: Vec<usize> = Vec::new();
    let mut left: Vec<usize> = (0..run.len()).collect();
    while !left.is_empty() {
        let free: Vec<usize> = (0..left.len())
            .filter(|at| {
                let mut before = left[..*at].iter();
                before.all(|earlier| !shares(&resources[*earlier], &resources[left[*at]]))
            })
            .collect();
        let is_as_it_was = order.iter().enumerate().all(|(at, it)| at == *it);
        let others = if is_as_it_was { &free[1..] } else { &free[..] };
        let at = match others {
            [] => free[0],
            others => others[chance.below(others.len())],
        };
        order.push(left.remove(at));
    }
    order.into_iter().map(|at| run[at].clone()).collect()
}

fn about(request: &Request) -> Vec<Option<Resource>> {
    let changes = request.body.json().and_then(change::entries);
    let changes = changes.into_iter().flatten();
    changes.map(|it| Change::read(it).resource).collect()
}

/// Whether two notifications are about one resource, as far as they tell.
fn shares(one: &[Option<Resource>], other: &[Option<Resource>]) -> bool {
    one.iter().any(|a| {
        other.iter().any(|b| match (a, b) {
            (Some(a), Some(b)) => a.same(b),
            _ => true,
        })
    })
}
