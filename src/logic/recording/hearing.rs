//! A judge over a recording: the recorded half stands in the place of what confcall would send.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::alignment::Alignment;
use super::segment::Segment;
use super::timeline::{self, Moment};
use super::transcript::Transcript;
use crate::logic::judge::bindings::Bindings;
use crate::logic::judge::{
    Action, Case, CueAnswer, Event, ExchangeId, Judge, Options, Outcome, TransportFailure,
};
use crate::logic::verdict::{Role, Verdict};
use crate::model::cassette::{Direction, Exchange};
use crate::model::scenario::Step;

/// What the judge says of each party in a segment.
pub(super) fn hear(
    case: &Case,
    transcript: &Transcript<'_>,
    segment: &Segment,
    options: &Options,
) -> Vec<Outcome> {
    let script = &case.scenario.script;
    let alignment = Alignment::new(case, transcript, segment);
    let bindings = Bindings::new(script, options.literal, HashMap::new());
    let learnt = alignment.learn(case, transcript, &bindings);
    [Role::Service, Role::Bot]
        .map(|role| {
            let mut bindings = bindings.clone();
            learnt.bind(role, &mut bindings);
            let judge = Judge::new(case.clone(), bindings, options.clone(), role);
            hear_party(judge, role, case, transcript, segment, &alignment)
        })
        .into()
}

fn hear_party(
    judge: Judge,
    role: Role,
    case: &Case,
    transcript: &Transcript<'_>,
    segment: &Segment,
    alignment: &Alignment,
) -> Outcome {
    let mut hearing = Hearing {
        judge,
        transcript,
        segment,
        ended: HashSet::new(),
        sent: HashMap::new(),
        asked: 0,
        told: notification_steps(&case.scenario.script.steps),
        alignment,
        held: VecDeque::new(),
        received: 0,
        cued: None,
    };
    match role {
        Role::Service => hearing.hear_service(),
        Role::Bot => hearing.hear_bot(),
    }
    hearing.judge.outcome()
}

fn notification_steps(steps: &[Step]) -> VecDeque<usize> {
    let steps = steps.iter().enumerate();
    steps
        .filter(|(_, step)| matches!(step, Step::Notification(_)))
        .map(|(at, _)| at)
        .collect()
}

struct Hearing<'a> {
    judge: Judge,
    transcript: &'a Transcript<'a>,
    segment: &'a Segment,
    alignment: &'a Alignment,
    /// Recorded exchanges that have come to their end.
    ended: HashSet<usize>,
    /// What the judge calls a recorded exchange of the bot's.
    sent: HashMap<usize, ExchangeId>,
    /// How many requests the judge has asked for.
    asked: usize,
    /// The notification steps that the judge has not come to.
    told: VecDeque<usize>,
    /// Notifications that came before the judge was ready for them.
    held: VecDeque<usize>,
    received: ExchangeId,
    /// The step that the bot was last cued for, until its request comes.
    cued: Option<usize>,
}

/// A recording has no clock but its own: what is missing at its end is missing.
const NOW: Duration = Duration::ZERO;

impl Hearing<'_> {
    fn hear_service(&mut self) {
        let requests = self.segment.requests.iter();
        let recorded = requests.map(|index| Some(self.transcript.request(*index)));
        self.judge.will_send(recorded);
        self.judge.handle(NOW, Event::Start);
        self.act_for_bot();
        for moment in timeline::moments(self.transcript.exchanges(), &self.segment.exchanges) {
            match moment {
                Moment::Begun(index) => {
                    let is_told = self.exchange(index).direction == Direction::Notification;
                    if is_told && self.is_ready_for(index) {
                        self.receive(index);
                    } else if is_told {
                        self.held.push_back(index);
                    }
                }
                Moment::Ended(index) => {
                    self.ended.insert(index);
                    self.answer(index);
                }
            }
            self.act_for_bot();
        }
        while let Some(index) = self.held.pop_front() {
            self.receive(index);
            self.act_for_bot();
        }
        self.run_out();
    }

    /// Whether a notification is not of a request that the judge has still to make.
    fn is_ready_for(&self, index: usize) -> bool {
        let begun = |other: &&usize| **other < index;
        let requests = &self.segment.requests;
        self.asked >= requests.iter().take_while(begun).count()
            || self.judge.awaits(&self.transcript.request(index))
    }

    fn receive(&mut self, index: usize) {
        self.received += 1;
        let event = Event::Received {
            exchange: self.received,
            request: self.transcript.request(index),
        };
        self.judge.handle(NOW, event);
    }

    /// Gives the judge the recorded answer to what it has sent.
    fn answer(&mut self, index: usize) {
        let Some(exchange) = self.sent.remove(&index) else {
            return;
        };
        let event = match self.transcript.response(index) {
            Some(response) => Event::Answered { exchange, response },
            None => Event::Broken {
                exchange,
                failure: broken(self.exchange(index)),
            },
        };
        self.judge.handle(NOW, event);
    }

    fn act_for_bot(&mut self) {
        while let Some(action) = self.judge.next_action() {
            let Action::Send { exchange, .. } = action else {
                // The acknowledgement stands in the recording.
                continue;
            };
            let Some(index) = self.segment.requests.get(self.asked).copied() else {
                self.give_up(format!(
                    "the recording has {} of the scenario's requests",
                    self.asked
                ));
                return;
            };
            self.asked += 1;
            self.sent.insert(index, exchange);
            if self.ended.contains(&index) {
                self.answer(index);
            }
            while let Some(held) = self.held.pop_front() {
                if !self.is_ready_for(held) {
                    self.held.push_front(held);
                    break;
                }
                self.receive(held);
            }
        }
    }

    fn hear_bot(&mut self) {
        let told = self.told.iter().map(|step| {
            let index = self.alignment.exchange_of(*step)?;
            Some(self.transcript.request(index))
        });
        self.judge.will_send(told);
        self.judge.handle(NOW, Event::Start);
        self.act_for_service();
        let segment = self.segment;
        for &index in &segment.exchanges {
            if self.exchange(index).direction == Direction::Request {
                self.cued = None;
                // What the service replied stands in the recording.
                self.judge.will_reply(self.transcript.response(index));
                self.receive(index);
                self.act_for_service();
            }
        }
        if let Some(step) = self.cued {
            let reason = format!("the recording ends before the request of step {step}");
            self.give_up(reason);
        }
        self.run_out();
    }

    fn act_for_service(&mut self) {
        while let Some(action) = self.judge.next_action() {
            match action {
                Action::Reply { .. } => {}
                Action::Cue { step, .. } => {
                    self.cued = Some(step);
                    self.judge.handle(NOW, Event::Cued(CueAnswer::Accepted));
                }
                Action::Send { exchange, .. } => {
                    let Some(step) = self.told.pop_front() else {
                        continue;
                    };
                    let Some(index) = self.alignment.exchange_of(step) else {
                        let reason = format!(
                            "the recorded service did not send the notification of step {}",
                            step + 1
                        );
                        self.give_up(reason);
                        return;
                    };
                    self.sent.insert(index, exchange);
                    self.answer(index);
                }
            }
        }
    }

    fn exchange(&self, index: usize) -> &Exchange {
        &self.transcript.exchanges()[index]
    }

    fn give_up(&mut self, reason: String) {
        self.judge.give_up(Verdict::Inconclusive, reason);
    }

    /// Nothing comes any more.
    fn run_out(&mut self) {
        while let Some(deadline) = self.judge.deadline() {
            self.judge.handle(deadline, Event::Elapsed);
        }
    }
}

fn broken(exchange: &Exchange) -> TransportFailure {
    let why = exchange.broke.as_deref();
    TransportFailure::Broken(why.unwrap_or("no response was recorded").to_owned())
}
