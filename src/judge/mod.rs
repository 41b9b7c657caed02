//! The judge: one state machine for each scenario and role, without sockets or a clock.
//!
//! Events go in by [`Judge::handle`]: messages, deadlines, failures of transport. Actions come out
//! of [`Judge::next_action`]: messages to send, answers to give, triggers. At the end,
//! [`Judge::take_outcome`] says what conforms (SPEC section 5). The same judge serves a live target, a
//! cassette and a file of another tool.
//!
//! - [`page`] lays all examples of a page over each other; [`shape`] is what they show together,
//!   [`compare`] holds a body against it, [`words`] lists the protocol words.
//! - [`outline`] is what a script's steps say, read once.
//! - [`change`] reads one entry of a notification, [`people`] who is invited, [`bindings`] what
//!   the variables are in this run.
//! - [`catalogue`] is the contract as sentences; every check names one.
//! - `service` and `bot` are the two state machines; `record` is what they write into.

pub(crate) mod bindings;
mod bot;
pub(crate) mod compare;
pub(crate) mod outline;
pub(crate) mod page;
pub(crate) mod people;
mod record;
pub(crate) mod recording;
pub(crate) mod redaction;
mod service;
pub(crate) mod shard;
pub(crate) mod verdict;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use self::bindings::Bindings;
use self::outline::Outline;
use self::page::Page;
pub(crate) use self::record::Breach;
use self::verdict::{ScenarioResult, Traffic, Verdict, Violation};
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::http::message::{Request, Response};
use crate::scenario::format::{Kind, Scenario, ScenarioId, Script};

/// A scenario with the knowledge of its page.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// All scenarios of its page, laid over each other.
    pub page: Arc<Page>,
    outline: Arc<OnceLock<Outline>>,
}

impl Case {
    /// A scenario with the knowledge of its page.
    pub(crate) fn new(scenario: Arc<Scenario>, page: Arc<Page>) -> Self {
        Self {
            scenario,
            page,
            outline: Arc::default(),
        }
    }

    /// What the scenario's steps say. Read when it is first asked for.
    pub(crate) fn outline(&self) -> &Outline {
        let script = &self.scenario.script;
        self.outline.get_or_init(|| Outline::of(script))
    }
}

/// The scenarios with the knowledge of their pages. `all` holds every scenario that is known,
/// `picked` those to play: a page is known whole, whatever is picked from it.
pub(crate) fn cases(all: &[Scenario], picked: &[Scenario]) -> Vec<Case> {
    let mut pages: HashMap<&str, Arc<Page>> = HashMap::new();
    // A scenario in fault injection has the script of the plain one.
    let mut outlines: HashMap<*const Script, Arc<OnceLock<Outline>>> = HashMap::new();
    picked
        .iter()
        .map(|scenario| {
            let key = scenario.id.page_key();
            let page = pages.entry(key).or_insert_with(|| {
                let of_page = all.iter().filter(|other| other.id.page_key() == key);
                Arc::new(Page::of(of_page))
            });
            let outline = outlines.entry(Arc::as_ptr(&scenario.script)).or_default();
            Case {
                scenario: Arc::new(scenario.clone()),
                page: Arc::clone(page),
                outline: Arc::clone(outline),
            }
        })
        .collect()
}

/// Whether the conversation of a script judges this party.
pub(crate) fn judges(script: &Script, role: Party) -> bool {
    let only = match script.judges {
        None => return true,
        Some(Party::Bot) => Party::Bot,
        Some(Party::Service) => Party::Service,
    };
    only == role
}

/// How a run wants to be judged.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Send and judge the page's structure as printed: no alternatives, no correlation beyond
    /// equal printed values.
    pub literal: bool,
    /// What SHOULD be fails when it is not.
    pub strict: bool,
    /// How long each expected message may take.
    pub deadline: Duration,
    /// The bearer token of the party that confcall plays.
    pub token: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            literal: false,
            strict: false,
            deadline: Duration::from_secs(5),
            // Any token will do for a target on a laptop.
            token: "confcall".to_owned(),
        }
    }
}

/// The number by which an exchange is told from others, given by whoever starts it.
pub(crate) type ExchangeId = u64;

/// What happens to a conversation.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The conversation begins.
    Start,
    /// The answer to an [`Action::Send`] came.
    Answered {
        /// The exchange of the action.
        exchange: ExchangeId,
        /// The answer.
        response: Arc<Response>,
    },
    /// The target sent a request: a bot's request, or a service's notification. It must be
    /// answered by one [`Action::Reply`], which comes at once.
    Received {
        /// The number that the reply will bear.
        exchange: ExchangeId,
        /// The request.
        request: Arc<Request>,
    },
    /// The reply to a received request did not reach the target, so that it may be sent again.
    ReplyLost {
        /// The exchange of the request.
        exchange: ExchangeId,
    },
    /// What became of an [`Action::Trigger`].
    Triggered(TriggerAnswer),
    /// An [`Action::Send`] ended without an answer.
    Broken {
        /// The exchange of the action.
        exchange: ExchangeId,
        /// How.
        failure: TransportFailure,
    },
    /// Time has passed; [`Judge::deadline`] may have.
    Elapsed,
}

/// What became of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TriggerAnswer {
    /// The bot will do it.
    Accepted,
    /// The bot declines (501), with its reason.
    Declined(String),
    /// The trigger went wrong, with what happened.
    Failed(String),
    /// There is no address for triggers: the bot acts by itself, or not at all.
    NoAddress,
}

/// How a connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransportFailure {
    /// Nobody listens: the target has gone away.
    Gone(String),
    /// The connection broke, or carried what is no HTTP.
    Broken(String),
    /// No answer came before the deadline.
    Silent,
}

/// What a judge wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send a request to the service, or a notification to the bot's callback. Paths of requests
    /// have no API version in front. Answered by [`Event::Answered`] or [`Event::Broken`].
    Send {
        /// The number that the answer will bear.
        exchange: ExchangeId,
        /// The message.
        request: Arc<Request>,
    },
    /// Answer a received request.
    Reply {
        /// The exchange of the request.
        exchange: ExchangeId,
        /// The answer.
        response: Arc<Response>,
    },
    /// Trigger the bot: make it send this request. Answered by [`Event::Triggered`].
    Trigger {
        /// The step, counted from 1.
        step: usize,
        /// The request that is expected, its path without an API version in front. Method and path
        /// only where the bot's half is recorded.
        request: Request,
    },
}

/// What the judge says of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// The party judged.
    pub role: Party,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was skipped or could not be judged; empty otherwise.
    pub reason: String,
    /// What makes it fail.
    pub failures: Vec<Violation>,
    /// What does not.
    pub warnings: Vec<Violation>,
    /// What else a reader may want to know.
    pub notes: Vec<String>,
    /// The messages in the order they happened.
    pub traffic: Vec<Traffic>,
    /// The requirements that were put to the test.
    pub checked: Vec<Requirement>,
    /// The variables that were bound, by the name of their root, with their values.
    pub bound: Vec<(String, String)>,
}

impl Outcome {
    /// The outcome as reports list it. `duration` is how long the conversation took.
    pub(crate) fn into_result(self, scenario: &ScenarioId, duration: Duration) -> ScenarioResult {
        ScenarioResult {
            scenario: scenario.to_string(),
            role: self.role,
            verdict: self.verdict,
            reason: self.reason,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            failures: self.failures,
            warnings: self.warnings,
            notes: self.notes,
            traffic: self.traffic,
            bound: self.bound,
            checked: self.checked,
        }
    }
}

/// The judge of one scenario for one role.
#[derive(Debug)]
pub(crate) struct Judge {
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Service(service::ServiceJudge),
    Bot(bot::BotJudge),
}

impl Judge {
    /// A judge of `role` in a scenario. `bindings` is of the scenario's script, with what the run
    /// has already given values.
    pub(crate) fn new(case: Case, bindings: Bindings, options: Options, role: Party) -> Self {
        let is_judged = judges(&case.scenario.script, role);
        let mut record = record::Record::new(case, bindings, options, role);
        if !is_judged {
            record.give_up(Verdict::Skip, format!("the conversation judges no {role}"));
        }
        let machine = match role {
            Party::Service => Machine::Service(service::ServiceJudge::new(record)),
            Party::Bot => Machine::Bot(bot::BotJudge::new(record)),
        };
        Self { machine }
    }

    /// Says what goes in the place of the judge's own requests or notifications, where the other
    /// party's half is recorded: one for each [`Action::Send`], in order. Where there is none, and
    /// behind the last, the judge sends what the scenario has.
    pub(crate) fn will_send(&mut self, recorded: impl IntoIterator<Item = Option<Arc<Request>>>) {
        self.record_mut().is_recorded = true;
        self.record_mut().recorded_requests.extend(recorded);
    }

    /// Says what goes in the place of the next [`Action::Reply`], where the other party's half is
    /// recorded; `None` where the judge's own stands.
    pub(crate) fn will_reply(&mut self, recorded: Option<Arc<Response>>) {
        self.record_mut().recorded_reply = recorded;
    }

    /// Takes an event. `now` is the time since the run began; it never goes back.
    pub(crate) fn handle(&mut self, now: Duration, event: Event) {
        match &mut self.machine {
            Machine::Service(judge) => judge.handle(now, event),
            Machine::Bot(judge) => judge.handle(now, event),
        }
    }

    /// The next thing to do; `None` until another event comes.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        match &mut self.machine {
            Machine::Service(judge) => judge.actions.pop_front(),
            Machine::Bot(judge) => judge.actions.pop_front(),
        }
    }

    /// When [`Event::Elapsed`] is due, as time since the run began; `None` where nothing is
    /// waited for.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match &self.machine {
            Machine::Service(judge) => judge.deadline(),
            Machine::Bot(judge) => judge.deadline(),
        }
    }

    /// Whether the conversation is over. Events that come later still count: they catch doubles.
    pub(crate) fn is_finished(&self) -> bool {
        self.record().is_finished()
    }

    /// The ids by which the conversation is told from others: a message that bears one of them
    /// belongs here.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.record().bindings.telling()
    }

    /// Whether the conversation waits for a message like this, whatever ids it bears.
    pub(crate) fn expects(&self, request: &Request) -> bool {
        match &self.machine {
            Machine::Service(judge) => judge.expects(request),
            Machine::Bot(judge) => judge.expects(request),
        }
    }

    /// Gives a variable its value, as whoever brought about a provider state says.
    pub(crate) fn bind(&mut self, name: &str, value: &str) {
        self.record_mut().bindings.bind(name, value);
    }

    /// What confcall proposes for this conversation before it begins, by the name of the variable:
    /// people, contexts, calls. Nothing is bound by this: whoever brings about a provider state may
    /// take a proposal or answer with something else.
    pub(crate) fn proposals(&self) -> Vec<(String, String)> {
        let record = self.record();
        let variables = record.script().variables.iter();
        variables
            .filter(|(name, variable)| {
                record.bindings.root(name) == name.as_str()
                    && !matches!(
                        variable.kind,
                        Kind::Operation | Kind::Participant | Kind::Token | Kind::Callback
                    )
            })
            .map(|(name, _)| (name.clone(), record.bindings.proposal(name)))
            .collect()
    }

    /// Says something to the reader of the result.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.record_mut().note(note);
    }

    /// Ends the conversation for a reason that is no finding: it was skipped, or could not go on.
    pub(crate) fn give_up(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.record_mut().give_up(verdict, reason);
    }

    /// Says that a requirement was put to the test.
    pub(crate) fn check(&mut self, requirement: Requirement) {
        self.record_mut().check(requirement);
    }

    /// Records a departure that another than the judge saw.
    pub(crate) fn report(&mut self, breach: Breach) {
        self.record_mut().report(breach);
    }

    /// Ends the conversation with what was found: what would follow is not judged.
    pub(crate) fn conclude(&mut self) {
        match &mut self.machine {
            Machine::Service(judge) => judge.stop(),
            Machine::Bot(judge) => judge.stop(),
        }
    }

    /// Whether a departure was recorded that fails.
    pub(crate) fn has_failed(&self) -> bool {
        self.record().has_failed()
    }

    /// Whether the conversation ended for a reason that is no finding.
    pub(crate) fn is_given_up(&self) -> bool {
        self.record().is_given_up()
    }

    /// The messages of the conversation so far, as the judge sees it.
    pub(crate) fn traffic(&self) -> &[Traffic] {
        self.record().all_traffic()
    }

    /// What the judge says at the end. What it has found goes with it; the values of the variables
    /// stay, so that it still tells whose a message is.
    pub(crate) fn take_outcome(&mut self) -> Outcome {
        self.record_mut().take_outcome()
    }

    const fn record_mut(&mut self) -> &mut record::Record {
        match &mut self.machine {
            Machine::Service(judge) => &mut judge.record,
            Machine::Bot(judge) => &mut judge.record,
        }
    }

    const fn record(&self) -> &record::Record {
        match &self.machine {
            Machine::Service(judge) => &judge.record,
            Machine::Bot(judge) => &judge.record,
        }
    }
}

#[cfg(test)]
#[path = "../../tests/judge/mod.rs"]
mod tables;
