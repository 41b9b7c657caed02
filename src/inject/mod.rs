//! Hard fault injection: what the other party does on the wire when things do not go as a page prints them.
//!
//! Fault injection stands between a judge and whoever plays it, and has the interface of a judge: events in,
//! actions out, the clock an input. It changes what goes over the wire and hides from the judge what
//! only it brought about, so that the judge judges what is documented, and fault injection what is not. What
//! it asks of a target stands in [`UNDER_INJECTION`](crate::contract::requirement::Requirement::UNDER_INJECTION).
//!
//! - [`Kind`] is the list of all fault injection, [`InjectionChoice`] some of it; [`with_injected`] derives the scenarios
//!   that can meet it.
//! - [`InjectedJudge`] is a judge in no fault injection or in one kind of it.
//! - `notifications`, `forged` and `requests` are the fault injection of a bot, `callback` that of a service,
//!   each a state machine over a `scene`: the judge, the wire, a clock that can stand still.
//! - `unknown` makes what no page knows; `chance` makes choices that follow from a seed.

mod adapter;
mod callback;
mod chance;
mod derive;
mod forged;
pub mod forgery;
mod kind;
mod notifications;
mod options;
mod requests;
mod unknown;

use std::sync::Arc;
use std::time::Duration;

pub use self::derive::with_injected;
pub use self::kind::Kind;
pub use self::options::InjectionChoice;

use self::adapter::Adapter;
use self::callback::Callback;
use self::chance::Chance;
use self::forged::ForgedTokens;
use self::forgery::Forgery;
use self::notifications::Notifications;
use self::requests::Requests;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::Request;
use crate::judge::bindings::Bindings;
use crate::judge::verdict::{Basis, Verdict, Violation};
use crate::judge::{Action, Case, Event, ExchangeId, Judge, Options, Outcome};

/// What a judge in fault injection wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// What the judge, or fault injection in its place, wants done.
    Do(Action),
    /// Send a notification that the bot has to refuse. Answered as an [`Action::Send`] is.
    Forge {
        /// The number that the answer will bear.
        exchange: ExchangeId,
        /// The message, as a genuine one would be but for its token.
        request: Arc<Request>,
        /// How the token is wrong that it goes out with.
        forgery: Forgery,
    },
    /// End the connection of a received request without an answer.
    Cut {
        /// The exchange of the request.
        exchange: ExchangeId,
        /// How.
        how: Cut,
    },
}

/// How a connection ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is closed.
    Close,
    /// It is reset (TCP RST).
    Reset,
}

impl Cut {
    /// What happens, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Close => "the connection is closed without an answer",
            Self::Reset => "the connection is reset without an answer",
        }
    }
}

/// A judge behind fault injection, or without any.
#[derive(Debug)]
pub struct InjectedJudge {
    scene: Adapter,
    kind: Option<Kind>,
    front: Front,
}

/// What makes the fault injection.
#[derive(Debug)]
enum Front {
    /// Nothing: all is as the judge wants it.
    None,
    Notifications(Box<Notifications>),
    ForgedTokens(ForgedTokens),
    Requests(Box<Requests>),
    Callback(Callback),
}

impl InjectedJudge {
    /// A judge of `role` in the scenario of a case, in the fault injection that its id names. What looks like
    /// chance follows from `seed`.
    pub fn new(case: &Case, bindings: Bindings, options: Options, role: Party, seed: u64) -> Self {
        let scenario = &case.scenario;
        let kind = Kind::of(&scenario.id).filter(|kind| kind.role() == role);
        let front = match kind {
            None | Some(Kind::FailingOutcome) => Front::None,
            Some(
                kind @ (Kind::EarlyNotification
                | Kind::DuplicateNotification
                | Kind::BatchedNotifications
                | Kind::ReorderedNotifications
                | Kind::UnknownProperties
                | Kind::UnknownResource
                | Kind::UnknownWord),
            ) => {
                let chance = Chance::new(seed, scenario.id.as_str());
                Front::Notifications(Box::new(Notifications::new(kind, chance)))
            }
            Some(
                kind @ (Kind::UnsignedNotification
                | Kind::ForeignKey
                | Kind::ExpiredToken
                | Kind::OtherAudience),
            ) => Front::ForgedTokens(ForgedTokens::new(kind)),
            Some(
                kind @ (Kind::LostResponse
                | Kind::SlowResponse
                | Kind::Throttled
                | Kind::Unavailable
                | Kind::ConnectionReset),
            ) => Front::Requests(Box::new(Requests::new(kind))),
            Some(kind @ (Kind::SilentCallback | Kind::FailingCallback)) => {
                Front::Callback(Callback::new(kind))
            }
        };
        let deadline = options.deadline;
        let mut judge = Judge::new(case.clone(), bindings, options, role);
        if let Some(kind) = kind {
            judge.note(format!("fault injection: {}", kind.describe()));
            if let Some(requirement) = surplus(kind) {
                judge.check(requirement);
            }
        }
        let script = Arc::clone(&scenario.script);
        Self {
            scene: Adapter::new(judge, script, deadline, role),
            kind,
            front,
        }
    }

    /// Takes an event. `now` is the time since the run began; it never goes back.
    pub fn handle(&mut self, now: Duration, event: Event) {
        match &mut self.front {
            Front::None => self.scene.pass(now, event),
            Front::Notifications(front) => front.handle(&mut self.scene, now, event),
            Front::ForgedTokens(front) => front.handle(&mut self.scene, now, event),
            Front::Requests(front) => front.handle(&mut self.scene, now, event),
            Front::Callback(front) => front.handle(&mut self.scene, now, event),
        }
    }

    /// The next thing to do; `None` until another event comes.
    pub fn next_act(&mut self) -> Option<Act> {
        self.scene.next_act()
    }

    /// When [`Event::Elapsed`] is due, as time since the run began; `None` where nothing is waited
    /// for.
    pub fn deadline(&self) -> Option<Duration> {
        let own = match &self.front {
            Front::None => None,
            Front::Notifications(front) => front.deadline(&self.scene),
            Front::ForgedTokens(front) => front.deadline(&self.scene),
            Front::Requests(front) => front.deadline(),
            Front::Callback(front) => front.deadline(&self.scene),
        };
        let of_judge = self.scene.deadline_of_judge();
        own.into_iter().chain(of_judge).min()
    }

    /// Whether the conversation is over. Events that come later still count: they catch doubles.
    pub fn is_finished(&self) -> bool {
        let judge = &self.scene.judge;
        let waits = matches!(&self.front, Front::Callback(front) if front.waits());
        judge.is_finished() && (!waits || judge.has_failed() || judge.is_given_up())
    }

    /// As [`Judge::ids`].
    pub fn ids(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.scene.judge.ids()
    }

    /// As [`Judge::expects`].
    pub fn expects(&self, request: &Request) -> bool {
        self.scene.judge.expects(request)
    }

    /// As [`Judge::bind`].
    pub fn bind(&mut self, name: &str, value: &str) {
        self.scene.judge.bind(name, value);
    }

    /// As [`Judge::proposals`].
    pub fn proposals(&self) -> Vec<(String, String)> {
        self.scene.judge.proposals()
    }

    /// As [`Judge::note`].
    pub fn note(&mut self, note: impl Into<String>) {
        self.scene.judge.note(note);
    }

    /// As [`Judge::give_up`].
    pub fn give_up(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.scene.judge.give_up(verdict, reason);
    }

    /// As [`Judge::take_outcome`], with the traffic as it went over the wire.
    pub fn take_outcome(&mut self) -> Outcome {
        let mut outcome = self.scene.judge.take_outcome();
        if !matches!(self.front, Front::None) {
            outcome.traffic = self.scene.take_traffic();
        }
        if let Some(requirement) = self.kind.and_then(surplus) {
            let violations = outcome.failures.iter_mut();
            violations.for_each(|violation| name_the_cause(violation, requirement));
        }
        outcome
    }
}

/// The requirement that a request which nothing asks for breaks in this fault injection.
const fn surplus(kind: Kind) -> Option<Requirement> {
    match kind {
        Kind::DuplicateNotification => Some(Requirement::NotificationTwice),
        Kind::LostResponse | Kind::SlowResponse => Some(Requirement::RetrySame),
        Kind::FailingOutcome => Some(Requirement::OutcomeFailed),
        _ => None,
    }
}

fn name_the_cause(violation: &mut Violation, requirement: Requirement) {
    if violation.rule == Rule::RequestUnexpected {
        violation.requirement = Basis::Requirement(requirement);
    }
}
