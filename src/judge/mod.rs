//! The judge: one state machine for each scenario and role, without sockets or a clock.
//!
//! Events enter through [`Judge::handle`]: messages, deadlines, transport failures. Actions leave
//! through [`Judge::next_action`]: messages to send, answers, triggers. At the end,
//! [`Judge::take_outcome`] returns the verdict. The same judge serves a live
//! target, a cassette and a file of another tool.
//!
//! - [`page`] merges all examples of a page; [`compare`] compares a body with the merged shape.
//! - [`outline`] has the derived data of a script, [`bindings`] the values of its variables in a run.
//! - [`people`] compares the people in operations and rosters with the invited people.
//! - [`monitor`] judges all traffic by the contract; `plan` adds the expectations of one scenario.
//! - `record` collects violations.
//! - [`recording`] runs the judge on recordings.
//! - [`verdict`], [`traffic`], [`shard`] and [`redaction`]: the results, their messages, the merge of shards, and the
//!   redaction of secrets.

pub(crate) mod bindings;
pub(crate) mod compare;
pub(crate) mod monitor;
pub(crate) mod outline;
pub(crate) mod page;
pub(crate) mod people;
mod plan;
mod record;
pub(crate) mod recording;
pub(crate) mod redaction;
pub(crate) mod shard;
pub(crate) mod traffic;
pub(crate) mod verdict;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use self::bindings::Bindings;
use self::outline::Outline;
use self::page::Page;
pub(crate) use self::record::Breach;
use self::verdict::{ScenarioResult, Selected, Traffic, Verdict, Violation};
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::{resource, template};
use crate::contract::requirement::Requirement;
use crate::http::message::{Request, Response};
use crate::scenario::format::{Kind, ProviderState, Scenario, Script, Step};

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub scenario: Arc<Scenario>,
    /// The examples of its own page.
    pub page: Arc<Page>,
    /// The examples of all pages: calls and rosters are the same wherever they are shown.
    pub pages: Arc<Page>,
    outline: Arc<OnceLock<Outline>>,
}

impl Case {
    #[cfg(test)]
    pub(crate) fn new(scenario: Arc<Scenario>, page: Arc<Page>) -> Self {
        Self {
            scenario,
            pages: Arc::clone(&page),
            page,
            outline: Arc::default(),
        }
    }

    /// True if the first request of the conversation has an id of this run, so that it cannot be taken for that of
    /// another conversation.
    pub(crate) fn identifies_its_requests(&self) -> bool {
        let script = &self.scenario.script;
        let mut steps = script.steps.iter().enumerate();
        let first = steps.find_map(|(at, step)| match step {
            Step::Request(request) => Some((at, request)),
            _ => None,
        });
        let Some((at, request)) = first else {
            return true;
        };
        let identifies = |name: &str| {
            let variable = script.variables.get(name);
            variable.is_some_and(|it| bindings::identifies_conversation(it.kind))
        };
        template::variables(&request.target).any(identifies)
            || self.outline().step(at).of_body().any(identifies)
    }

    /// Parsed on first use.
    pub(crate) fn outline(&self) -> &Outline {
        let script = &self.scenario.script;
        self.outline.get_or_init(|| Outline::of(script))
    }
}

/// `all` holds every known scenario, `picked` those to play: a page is built from all its
/// scenarios, even when few are picked.
pub(crate) fn cases(all: &[Scenario], picked: &[Scenario]) -> Vec<Case> {
    let mut pages: HashMap<&str, Arc<Page>> = HashMap::new();
    let every = Arc::new(Page::of(all));
    // A scenario under fault injection has the script of the plain one.
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
                pages: Arc::clone(&every),
                outline: Arc::clone(outline),
            }
        })
        .collect()
}

/// True if the script judges this party.
pub(crate) fn judges(script: &Script, role: Party) -> bool {
    let only = match script.judges {
        None => return true,
        Some(Party::Bot) => Party::Bot,
        Some(Party::Service) => Party::Service,
    };
    only == role
}

/// Where a service under test sends notifications about calls for which a scenario gives no callback.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    /// The URL that the provider state gets for the conversation.
    pub url: String,
    /// The URL that a service has for the whole application: a service that knows no other may use it. `None` where
    /// provider states are assumed, since a service then does not know the conversation's callback.
    pub application: Option<String>,
}

/// Options of a run.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Send and judge the page's structure as printed: no alternatives, no correlation beyond
    /// equal printed values.
    pub literal: bool,
    /// A violation at level SHOULD fails the run.
    pub strict: bool,
    /// The time limit of each expected message.
    pub deadline: Duration,
    /// The bearer token of the party that confcall plays.
    pub token: String,
    /// The edition that a recording is judged by; the newest where it is `None`.
    pub edition: Option<String>,
    /// The callback that the service under test has for calls that the scenario does not begin.
    pub callback: Option<Callback>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            literal: false,
            strict: false,
            deadline: Duration::from_secs(5),
            // A target on a laptop accepts any token.
            token: "confcall".to_owned(),
            edition: None,
            callback: None,
        }
    }
}

pub(crate) type ExchangeId = u64;

/// Input of the judge.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Start,
    /// The answer to an [`Action::Send`] arrived.
    Answered {
        exchange: ExchangeId,
        response: Arc<Response>,
    },
    /// The target sent a request: a bot's request, or a service's notification. The judge responds
    /// at once, with exactly one [`Action::Reply`].
    Received {
        /// The exchange of the reply.
        exchange: ExchangeId,
        request: Arc<Request>,
    },
    /// The reply to a received request did not reach the target, so that it may be sent again.
    ReplyLost {
        exchange: ExchangeId,
    },
    /// The result of an [`Action::Trigger`].
    Triggered(TriggerAnswer),
    /// An [`Action::Send`] ended without an answer.
    Broken {
        exchange: ExchangeId,
        failure: TransportFailure,
    },
    /// Time has passed; [`Judge::deadline`] may be due.
    Elapsed,
}

/// The result of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TriggerAnswer {
    /// The bot will send the request.
    Accepted,
    /// The bot declines (501); the text is its reason.
    Declined(String),
    /// The trigger failed; the text is the cause.
    Failed(String),
    /// There is no address for triggers; a bot that needs one sends nothing.
    NoAddress,
}

/// How a connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransportFailure {
    /// The target refuses connections.
    Gone(String),
    /// The connection broke, or carried data that is not HTTP.
    Broken(String),
    /// No answer arrived before the deadline.
    Silent,
}

/// Output of the judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send a request to the service, or a notification to the bot's callback. Paths of requests
    /// have no API version prefix. The response is [`Event::Answered`] or [`Event::Broken`].
    Send {
        /// The exchange of the answer.
        exchange: ExchangeId,
        request: Arc<Request>,
    },
    Reply {
        exchange: ExchangeId,
        response: Arc<Response>,
    },
    /// Bring about a provider state while the conversation goes on: somebody presses a key. A state that is not to be
    /// had ends the conversation.
    BringAbout(ProviderState),
    /// Make the bot send this request. The response is [`Event::Triggered`].
    Trigger {
        /// The step, counted from 1.
        step: usize,
        /// The expected request, its path without an API version. Only method and path are set if
        /// the bot's half is recorded.
        request: Request,
    },
}

/// The result of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub role: Party,
    pub verdict: Verdict,
    /// The reason of a skip or of an inconclusive verdict; empty otherwise.
    pub reason: String,
    pub failures: Vec<Violation>,
    pub warnings: Vec<Violation>,
    /// Remarks for the reader.
    pub notes: Vec<String>,
    /// In the order of the conversation.
    pub traffic: Vec<Traffic>,
    /// The requirements that were tested.
    pub checked: Vec<Requirement>,
    /// Root variables and their values.
    pub bound: Vec<(String, String)>,
}

impl Outcome {
    pub(crate) fn into_result(self, scenario: &Scenario, duration: Duration) -> ScenarioResult {
        ScenarioResult {
            duration_ms: millis(duration),
            failures: self.failures,
            warnings: self.warnings,
            notes: self.notes,
            traffic: self.traffic,
            bound: self.bound,
            checked: self.checked,
            ..result(scenario, self.role, self.verdict, &self.reason)
        }
    }
}

/// The result of a scenario without violations, messages or duration.
pub(crate) fn result(
    scenario: &Scenario,
    role: Party,
    verdict: Verdict,
    reason: &str,
) -> ScenarioResult {
    Selected::new(scenario, role).result(verdict, reason)
}

/// The judge of one scenario for one role.
#[derive(Debug)]
pub(crate) struct Judge {
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Service(Box<plan::service::ServicePlan>),
    Bot(Box<plan::bot::BotPlan>),
}

impl Judge {
    /// `bindings` belongs to the scenario's script, and holds the values that the run has already
    /// fixed.
    pub(crate) fn new(case: Case, bindings: Bindings, options: Options, role: Party) -> Self {
        let is_judged = judges(&case.scenario.script, role);
        let mut record = record::Record::new(case, bindings, options, role);
        if !is_judged {
            record.give_up(
                Verdict::Skip,
                format!("the scenario does not judge a {role}"),
            );
        }
        if let Some(reason) = plan::unplayable(&record.case.scenario, role) {
            record.give_up(Verdict::Skip, reason);
        }
        let machine = match role {
            Party::Service => Machine::Service(Box::new(plan::service::ServicePlan::new(record))),
            Party::Bot => Machine::Bot(Box::new(plan::bot::BotPlan::new(record))),
        };
        Self { machine }
    }

    /// `now` is the time since the run began; it never decreases.
    pub(crate) fn handle(&mut self, now: Duration, event: Event) {
        self.record_mut().now = now;
        match &mut self.machine {
            Machine::Service(judge) => judge.handle(now, event),
            Machine::Bot(judge) => judge.handle(now, event),
        }
    }

    /// `None` until the next event.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        match &mut self.machine {
            Machine::Service(judge) => judge.actions.pop_front(),
            Machine::Bot(judge) => judge.actions.pop_front(),
        }
    }

    /// The time since the run began at which [`Event::Elapsed`] is due; `None` if the judge expects
    /// nothing.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match &self.machine {
            Machine::Service(judge) => judge.deadline(),
            Machine::Bot(judge) => judge.deadline(),
        }
    }

    /// Later events still count: they reveal duplicates.
    pub(crate) fn is_finished(&self) -> bool {
        self.record().is_finished()
    }

    /// A message with one of these ids belongs to this conversation.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.record().bindings.conversation_ids()
    }

    /// True if the conversation expects a message of this kind, regardless of its ids.
    pub(crate) fn expects(&self, request: &Request) -> bool {
        match &self.machine {
            Machine::Service(judge) => judge.expects(request),
            Machine::Bot(judge) => judge.expects(request),
        }
    }

    /// True if the message is the very one that the conversation expects: it distinguishes conversations that expect
    /// messages of one kind.
    pub(crate) fn resembles(&self, request: &Request) -> bool {
        match &self.machine {
            Machine::Bot(judge) => judge.resembles(request),
            Machine::Service(_) => true,
        }
    }

    /// True if a trigger of the conversation asked for exactly this message.
    pub(crate) fn has_triggered(&self, request: &Request) -> bool {
        matches!(&self.machine, Machine::Bot(judge) if judge.has_triggered(request))
    }

    /// True if the target has sent the same message in this conversation before.
    pub(crate) fn repeats(&self, request: &Request) -> bool {
        matches!(&self.machine, Machine::Bot(judge) if judge.repeats(request))
    }

    /// True if the scenario has this request outside of the calling API: of its path, with the values of
    /// this run.
    pub(crate) fn documents(&self, request: &Request) -> bool {
        let record = self.record();
        let value = |name: &str| record.bindings.get(name).map(str::to_owned);
        let path = plan::outgoing::relative(&request.target);
        record.steps().iter().any(|step| {
            let Step::Request(step) = step else {
                return false;
            };
            let documented = template::fill(&plan::outgoing::relative(&step.target), &value);
            step.method == request.method
                && (resource::shape_of(&step.target) == resource::shape_of(&request.target)
                    || resource::path_of(&documented) == resource::path_of(&path))
        })
    }

    /// Binds a variable to the value that the setup of a provider state returned.
    pub(crate) fn bind(&mut self, name: &str, value: &str) {
        self.record_mut().bindings.bind(name, value);
    }

    /// Values that confcall proposes before the conversation begins, by name of the variable:
    /// people, contexts, calls. Nothing is bound: the setup of a provider state may accept a
    /// proposal or return another value.
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

    /// Adds a remark for the reader of the result.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.record_mut().note(note);
    }

    /// Ends the conversation without a violation: it was skipped, or could not continue.
    pub(crate) fn give_up(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.record_mut().give_up(verdict, reason);
    }

    /// Says that a requirement was put to the test.
    pub(crate) fn check(&mut self, requirement: Requirement) {
        self.record_mut().check(requirement);
    }

    /// Records a violation that another component found.
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

    /// True if a recorded violation fails the conversation.
    pub(crate) fn has_failed(&self) -> bool {
        self.record().has_failed()
    }

    /// True if the conversation ended without a violation, and is no skip.
    pub(crate) fn is_inconclusive(&self) -> bool {
        self.record().is_inconclusive()
    }

    /// True if the conversation ended without a violation.
    pub(crate) fn is_given_up(&self) -> bool {
        self.record().is_given_up()
    }

    pub(crate) fn traffic(&self) -> &[Traffic] {
        self.record().all_traffic()
    }

    /// Moves the result out of the judge. The values of the variables are kept, so that [`Self::ids`]
    /// still identifies late messages.
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

/// The milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "../../tests/judge/mod.rs"]
mod tables;
