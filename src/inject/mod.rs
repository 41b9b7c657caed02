//! Fault injection: the faults that confcall causes on the wire, as the other party.
//!
//! It is between the judge and the wire, and has the interface of a judge: events and the time go in, actions come out.
//! It changes the traffic, and hides its changes from the judge. The judge checks the documented conversation; fault
//! injection checks the reaction of the target, by the requirements in
//! [`UNDER_INJECTION`](crate::contract::requirement::Requirement::UNDER_INJECTION).
//!
//! [`InjectionKind`] is the table of all kinds, [`with_injected`] derives the scenarios that they apply to, and
//! [`InjectedJudge`] is a judge with or without one kind.
//!
//! There is a state machine for each kind of message that is changed: `notifications` (to a bot), `forged`
//! (notifications with wrong tokens), `requests` (the responses to a bot's requests), `callback` (the
//! acknowledgements of a service's notifications). All work through `adapter`: the judge, the wire, and a
//! clock that can be paused.
//!
//! [`traffic`] chooses faults for traffic without a plan, which `record` injects.
//!
//! `docs/src/design/add-a-fault-injection.md` has the steps to add a kind.

mod adapter;
mod callback;
mod derive;
mod forged;
mod kind;
mod notifications;
mod requests;
pub(crate) mod traffic;
mod unknown;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::derive::with_injected;
pub(crate) use self::kind::{Forgery, InjectionChoice, InjectionKind, judges};

use self::adapter::Adapter;
use self::callback::Callback;
use self::forged::{ForgedTokens, requirement as requirement_of};
use self::notifications::Notifications;
use self::requests::Requests;
use self::unknown::Rng;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::Request;
use crate::judge::bindings::Bindings;
use crate::judge::verdict::{Basis, Traffic, Verdict, Violation};
use crate::judge::{Action, Case, Event, ExchangeId, Judge, Options, Outcome};

/// An action of a judge under fault injection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Do(Action),
    /// Send a notification that the bot must refuse. It is answered as an [`Action::Send`] is.
    Forge {
        /// The number of the answer.
        exchange: ExchangeId,
        /// Genuine except for its token.
        request: Arc<Request>,
        forgery: Forgery,
    },
    /// End the connection of a received request without an answer.
    Cut {
        exchange: ExchangeId,
        how: Cut,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Close,
    /// TCP RST.
    Reset,
}

impl Cut {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Close => "the connection is closed without a response",
            Self::Reset => "the connection is reset without a response",
        }
    }
}

#[derive(Debug)]
pub(crate) struct InjectedJudge {
    adapter: Adapter,
    kind: Option<InjectionKind>,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    None,
    Notifications(Box<Notifications>),
    ForgedTokens(ForgedTokens),
    Requests(Box<Requests>),
    Callback(Callback),
}

impl InjectedJudge {
    /// A judge of `role` in the scenario of a case, under the fault injection in its id. `seed` determines
    /// the random choices.
    pub(crate) fn new(
        case: &Case,
        bindings: Bindings,
        options: Options,
        role: Party,
        seed: u64,
    ) -> Self {
        let scenario = &case.scenario;
        let kind = InjectionKind::of(&scenario.id).filter(|kind| kind.party() == role);
        let machine = match kind {
            None | Some(InjectionKind::FailingOutcome) => Machine::None,
            Some(
                kind @ (InjectionKind::EarlyNotification
                | InjectionKind::DuplicateNotification
                | InjectionKind::BatchedNotifications
                | InjectionKind::ReorderedNotifications
                | InjectionKind::UnknownProperties
                | InjectionKind::UnknownResource
                | InjectionKind::UnknownWord),
            ) => {
                let rng = Rng::new(seed, scenario.id.as_str());
                Machine::Notifications(Box::new(Notifications::new(kind, rng)))
            }
            Some(
                kind @ (InjectionKind::UnsignedNotification
                | InjectionKind::ForeignKey
                | InjectionKind::ExpiredToken
                | InjectionKind::OtherAudience),
            ) => Machine::ForgedTokens(ForgedTokens::new(kind)),
            Some(
                kind @ (InjectionKind::LostResponse
                | InjectionKind::SlowResponse
                | InjectionKind::Throttled
                | InjectionKind::Unavailable
                | InjectionKind::ConnectionReset),
            ) => Machine::Requests(Box::new(Requests::new(kind))),
            Some(kind @ (InjectionKind::SilentCallback | InjectionKind::FailingCallback)) => {
                Machine::Callback(Callback::new(kind))
            }
        };
        let deadline = options.deadline;
        let mut judge = Judge::new(case.clone(), bindings, options, role);
        if let Some(kind) = kind {
            judge.note(format!("fault injection: {}", kind.describe()));
            if let Some(requirement) = surplus_requirement(kind) {
                judge.check(requirement);
            }
        }
        let script = Arc::clone(&scenario.script);
        Self {
            adapter: Adapter::new(judge, script, deadline, role),
            kind,
            machine,
        }
    }

    /// Handles an event. `now` is the time since the run began and never decreases.
    pub(crate) fn handle(&mut self, now: Duration, event: Event) {
        self.adapter.now = now;
        match &mut self.machine {
            Machine::None => self.adapter.forward_unchanged(now, event),
            Machine::Notifications(machine) => machine.handle(&mut self.adapter, now, event),
            Machine::ForgedTokens(machine) => machine.handle(&mut self.adapter, now, event),
            Machine::Requests(machine) => machine.handle(&mut self.adapter, now, event),
            Machine::Callback(machine) => machine.handle(&mut self.adapter, now, event),
        }
    }

    /// The next action; `None` until another event comes.
    pub(crate) fn next_act(&mut self) -> Option<Act> {
        self.adapter.next_act()
    }

    /// The time since the run began at which [`Event::Elapsed`] is due; `None` if nothing is expected.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let own = match &self.machine {
            Machine::None => None,
            Machine::Notifications(machine) => machine.deadline(&self.adapter),
            Machine::ForgedTokens(machine) => machine.deadline(&self.adapter),
            // After a failure nobody waits for a repetition.
            Machine::Requests(machine) if machine.expects_repetition() && self.is_finished() => {
                None
            }
            Machine::Requests(machine) => machine.deadline(),
            Machine::Callback(machine) => machine.deadline(&self.adapter),
        };
        let of_judge = self.adapter.judge_deadline();
        own.into_iter().chain(of_judge).min()
    }

    /// True once the conversation is over. Later events still count: they reveal duplicates.
    pub(crate) fn is_finished(&self) -> bool {
        let judge = &self.adapter.judge;
        let waits = match &self.machine {
            Machine::Callback(machine) => machine.expects_redelivery(),
            Machine::Requests(machine) => machine.expects_repetition(),
            Machine::None | Machine::Notifications(_) | Machine::ForgedTokens(_) => false,
        };
        judge.is_finished() && (!waits || judge.has_failed() || judge.is_given_up())
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.adapter.judge.ids()
    }

    pub(crate) fn expects(&self, request: &Request) -> bool {
        self.adapter.judge.expects(request)
    }

    /// True if a trigger of the conversation asked for exactly this message.
    pub(crate) fn has_triggered(&self, request: &Request) -> bool {
        self.adapter.judge.has_triggered(request)
    }

    /// True if the target has sent the same message in this conversation before.
    pub(crate) fn repeats(&self, request: &Request) -> bool {
        self.adapter.judge.repeats(request)
    }

    /// True if the message is the very one that the conversation expects.
    pub(crate) fn resembles(&self, request: &Request) -> bool {
        self.adapter.judge.resembles(request)
    }

    /// True if the scenario has this request outside of the calling API.
    pub(crate) fn documents(&self, request: &Request) -> bool {
        self.adapter.judge.documents(request)
    }

    pub(crate) fn bind(&mut self, name: &str, value: &str) {
        self.adapter.judge.bind(name, value);
    }

    pub(crate) fn proposals(&self) -> Vec<(String, String)> {
        self.adapter.judge.proposals()
    }

    /// True if the target broke a requirement, or could not be judged.
    pub(crate) fn has_failed(&self) -> bool {
        let judge = &self.adapter.judge;
        judge.has_failed() || judge.is_inconclusive()
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.adapter.judge.note(note);
    }

    pub(crate) fn give_up(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.adapter.judge.give_up(verdict, reason);
    }

    /// The messages of the wire so far.
    pub(crate) fn traffic(&self) -> &[Traffic] {
        match self.machine {
            Machine::None => self.adapter.judge.traffic(),
            _ => self.adapter.traffic(),
        }
    }

    /// The outcome of the judge, with the traffic of the wire.
    pub(crate) fn take_outcome(&mut self) -> Outcome {
        let mut outcome = self.adapter.judge.take_outcome();
        if !matches!(self.machine, Machine::None) {
            outcome.traffic = self.adapter.take_traffic();
        }
        if let Some(requirement) = self.kind.and_then(surplus_requirement) {
            let violations = outcome.failures.iter_mut();
            violations.for_each(|violation| name_the_cause(violation, requirement));
        }
        outcome
    }
}

const fn surplus_requirement(kind: InjectionKind) -> Option<Requirement> {
    match kind {
        InjectionKind::DuplicateNotification => Some(Requirement::NotificationTwice),
        InjectionKind::LostResponse | InjectionKind::SlowResponse => Some(Requirement::RetrySame),
        InjectionKind::FailingOutcome => Some(Requirement::OutcomeFailed),
        _ => None,
    }
}

fn name_the_cause(violation: &mut Violation, requirement: Requirement) {
    if violation.rule == Rule::RequestUnexpected {
        violation.requirement = Basis::Requirement(requirement);
    }
}
