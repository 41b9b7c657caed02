//! Runs a judge on a recording: the recorded half replaces the messages that confcall would send.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use foldhash::HashSet;

use super::alignment::{Alignment, Learnt};
use super::segment::Segment;
use super::transcript;
use super::transcript::{CapturedExchange, Timestamp, Transcript};
use crate::api::party::Party;
use crate::cassette::format::Direction;
use crate::judge::bindings::{Bindings, Variables};
use crate::judge::verdict::Verdict;
use crate::judge::{
    Action, Case, Event, ExchangeId, Judge, Options, Outcome, TransportFailure, TriggerAnswer,
};
use crate::scenario::format::Step;

/// The outcome of each party in a segment.
pub(super) fn evaluate(
    case: &Case,
    transcript: &Transcript,
    segment: &Segment,
    options: &Options,
) -> Vec<Outcome> {
    let input = Input::new(case, transcript, segment, options);
    [Party::Service, Party::Bot]
        .map(|role| input.evaluate(role, Patience::ToTheEnd))
        .into()
}

/// The outcomes if both parties pass. Stops at the first violation.
pub(super) fn evaluate_conforming(
    case: &Case,
    transcript: &Transcript,
    segment: &Segment,
    options: &Options,
) -> Option<Vec<Outcome>> {
    let input = Input::new(case, transcript, segment, options);
    let evaluate = |role| {
        let outcome = input.evaluate(role, Patience::UntilFirstViolation);
        (outcome.verdict == Verdict::Pass).then_some(outcome)
    };
    // In a scenario that does not match, the bot usually fails first.
    let bot = evaluate(Party::Bot)?;
    let service = evaluate(Party::Service)?;
    Some(vec![service, bot])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    ToTheEnd,
    UntilFirstViolation,
}

struct Input<'a> {
    case: &'a Case,
    transcript: &'a Transcript,
    segment: &'a Segment,
    options: &'a Options,
    alignment: Alignment,
    variables: &'a Arc<Variables>,
    learnt: Learnt<'a>,
}

impl<'a> Input<'a> {
    fn new(
        case: &'a Case,
        transcript: &'a Transcript,
        segment: &'a Segment,
        options: &'a Options,
    ) -> Self {
        let variables = case.outline().variables(options.literal);
        let alignment = Alignment::new(case, transcript, segment);
        Self {
            learnt: alignment.learn(case, transcript, variables),
            case,
            transcript,
            segment,
            options,
            alignment,
            variables,
        }
    }

    fn evaluate(&self, role: Party, patience: Patience) -> Outcome {
        let mut bindings = Bindings::new(Arc::clone(self.variables), HashMap::default());
        self.learnt.bind(role, &mut bindings);
        let judge = Judge::new(self.case.clone(), bindings, self.options.clone(), role);
        let mut evaluation = Evaluation {
            judge,
            patience,
            transcript: self.transcript,
            segment: self.segment,
            ended: HashSet::default(),
            sent: foldhash::HashMap::default(),
            requested: 0,
            pending: notification_steps(&self.case.scenario.script.steps),
            alignment: &self.alignment,
            held: VecDeque::new(),
            received: 0,
            triggered: None,
        };
        match role {
            Party::Service => evaluation.evaluate_service(),
            Party::Bot => evaluation.evaluate_bot(),
        }
        evaluation.judge.take_outcome()
    }
}

fn notification_steps(steps: &[Step]) -> VecDeque<usize> {
    let steps = steps.iter().enumerate();
    steps
        .filter(|(_, step)| matches!(step, Step::Notification(_)))
        .map(|(at, _)| at)
        .collect()
}

struct Evaluation<'a> {
    judge: Judge,
    patience: Patience,
    transcript: &'a Transcript,
    segment: &'a Segment,
    alignment: &'a Alignment,
    /// Recorded exchanges that have ended.
    ended: HashSet<usize>,
    /// The judge's id of a recorded exchange of the bot.
    sent: foldhash::HashMap<usize, ExchangeId>,
    /// The number of requests that the judge has made.
    requested: usize,
    /// Notification steps that the judge has not reached.
    pending: VecDeque<usize>,
    /// Notifications that arrived before the judge expected them.
    held: VecDeque<usize>,
    received: ExchangeId,
    /// The step that the bot was last triggered for, until its request arrives.
    triggered: Option<usize>,
}

/// A recording has no clock: a message that is missing at its end is missing.
const NOW: Duration = Duration::ZERO;

impl Evaluation<'_> {
    fn evaluate_service(&mut self) {
        let requests = self.segment.requests.iter();
        let recorded = requests.map(|index| Some(self.transcript.request(*index)));
        self.judge.will_send(recorded);
        self.judge.handle(NOW, Event::Start);
        self.act_for_bot();
        for timestamp in transcript::timestamps(self.transcript, &self.segment.exchanges) {
            if self.is_lost() {
                return;
            }
            match timestamp {
                Timestamp::Begun(index) => {
                    let is_notification = self.captured(index).direction == Direction::Notification;
                    if is_notification && self.is_ready_for(index) {
                        self.receive(index);
                    } else if is_notification {
                        self.held.push_back(index);
                    }
                }
                Timestamp::Ended(index) => {
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

    /// True if the judge has made every request before the notification.
    fn is_ready_for(&self, index: usize) -> bool {
        let begun = |other: &&usize| **other < index;
        let requests = &self.segment.requests;
        self.requested >= requests.iter().take_while(begun).count()
            || self.judge.expects(&self.captured(index).request)
    }

    fn receive(&mut self, index: usize) {
        self.received += 1;
        let event = Event::Received {
            exchange: self.received,
            request: self.transcript.request(index),
        };
        self.judge.handle(NOW, event);
    }

    /// Passes the recorded answer to the judge.
    fn answer(&mut self, index: usize) {
        let Some(exchange) = self.sent.remove(&index) else {
            return;
        };
        let captured = self.captured(index);
        let event = match captured.answer().cloned() {
            Some(response) => Event::Answered { exchange, response },
            None => Event::Broken {
                exchange,
                failure: broken(captured),
            },
        };
        self.judge.handle(NOW, event);
    }

    fn act_for_bot(&mut self) {
        while let Some(action) = self.judge.next_action() {
            let Action::Send { exchange, .. } = action else {
                // The recording has the acknowledgement.
                continue;
            };
            let Some(index) = self.segment.requests.get(self.requested).copied() else {
                self.give_up(format!(
                    "the recording has {} of the scenario's requests",
                    self.requested
                ));
                return;
            };
            self.requested += 1;
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

    fn evaluate_bot(&mut self) {
        let pending = self.pending.iter().map(|step| {
            let index = self.alignment.exchange_of(*step)?;
            Some(self.transcript.request(index))
        });
        self.judge.will_send(pending);
        self.judge.handle(NOW, Event::Start);
        self.act_for_service();
        let segment = self.segment;
        for &index in &segment.exchanges {
            if self.is_lost() {
                return;
            }
            if self.captured(index).direction == Direction::Request {
                self.triggered = None;
                // The recording has the service's reply.
                self.judge
                    .will_reply(self.captured(index).answer().cloned());
                self.receive(index);
                self.act_for_service();
            }
        }
        if let Some(step) = self.triggered {
            let reason = format!("the recording ends before the request of step {step}");
            self.give_up(reason);
        }
        self.run_out();
    }

    fn act_for_service(&mut self) {
        while let Some(action) = self.judge.next_action() {
            match action {
                Action::Reply { .. } => {}
                Action::Trigger { step, .. } => {
                    self.triggered = Some(step);
                    self.judge
                        .handle(NOW, Event::Triggered(TriggerAnswer::Accepted));
                }
                Action::Send { exchange, .. } => {
                    let Some(step) = self.pending.pop_front() else {
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

    fn captured(&self, index: usize) -> &CapturedExchange {
        self.transcript.get(index)
    }

    /// True if only a pass matters and the party can no longer pass.
    fn is_lost(&self) -> bool {
        let has_violation = self.judge.has_failed() || self.judge.is_given_up();
        has_violation && self.patience == Patience::UntilFirstViolation
    }

    fn give_up(&mut self, reason: String) {
        self.judge.give_up(Verdict::Inconclusive, reason);
    }

    /// Signals the end of the recording.
    fn run_out(&mut self) {
        while let Some(deadline) = self.judge.deadline() {
            self.judge.handle(deadline, Event::Elapsed);
        }
    }
}

fn broken(captured: &CapturedExchange) -> TransportFailure {
    let why = captured.broke.as_deref();
    TransportFailure::Broken(why.unwrap_or("no response was recorded").to_owned())
}
