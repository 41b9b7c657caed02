//! The test of the judge. Every mutant of the built-in pair is played and must fail by its expected rule or
//! requirement. Every variant is played and must pass.
//!
//! A mutant or variant of one operation is played in the scenarios of that operation, any other in invitations.
//!
//! A mutant that is visible only under fault injection is played under every kind, and must fail only under its own
//! kind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::PairOptions;
pub(crate) use super::expected::Sign;
use super::expected::{self, Expected};
use crate::api::party::Party;
use crate::contract::operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::emulator::bot::{
    AlteredRequest, BotMutant, BotVariant, REQUEST_MUTANTS, REQUEST_VARIANTS,
};
use crate::emulator::service::{
    AlteredOperation, OPERATION_MUTANTS, OPERATION_VARIANTS, ServiceMutant, ServiceVariant,
};
use crate::inject::{InjectionKind, with_injected};
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{Basis, ScenarioResult, Verdict};
use crate::runner::options::Options;
use crate::runner::session::Stop;
use crate::runner::{PlayError, joined};
use crate::scenario;
use crate::scenario::format::{Scenario, ScenarioId};
use crate::scenario::store;

const AT_A_TIME: usize = 6;

/// The same of trials of one operation: they have few scenarios, and most of their time is a deadline.
const OF_OPERATIONS_AT_A_TIME: usize = 24;

/// The deadline of a variant: it is harmless however long it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The deadline of a mutant that was missed. Many of its scenarios may wait for it to the end, so that it is shorter.
const AGAIN: Duration = Duration::from_secs(5);

/// The time for late messages, and the one for a mutant that was missed: on a busy machine a second end may be late.
const SETTLE: Duration = Duration::from_millis(50);
const LONG_SETTLE: Duration = Duration::from_secs(1);

/// One mutant or variant, and the judge's verdict on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    pub role: Party,
    pub name: &'static str,
    pub what: &'static str,
    /// The rule or the requirement that names the mutant; none for a variant.
    pub expected: Option<Sign>,
    /// The fault injection that alone shows the mutant; none for one that needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection: Option<&'static str>,
    /// How many scenarios failed, by the rule of their first failure.
    pub found: BTreeMap<Rule, usize>,
    /// The requirements that scenarios broke.
    pub broken: BTreeSet<Requirement>,
    pub passed: usize,
    /// Anything else that went wrong: scenarios that could not be judged, with the reason.
    pub odd: Vec<String>,
    pub is_right: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    pub role: Party,
    pub name: &'static str,
    pub what: &'static str,
    /// None for a variant.
    expected: Option<Expected>,
    /// The operation whose scenarios are played; without one those of invitations are.
    operation: Option<&'static str>,
    pair: PairOptions,
}

/// Every mutant and variant: the mutants first, of either the service's first.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    mutants().chain(variants())
}

fn mutants() -> impl Iterator<Item = Trial> {
    let of_service = ServiceMutant::ALL.iter().map(|mutant| Trial {
        expected: Some(expected::of_service(*mutant)),
        ..Trial::of_service(
            (mutant.name(), mutant.describe()),
            PairOptions {
                service_mutant: Some(*mutant),
                ..PairOptions::default()
            },
        )
    });
    let of_bot = BotMutant::ALL.iter().map(|mutant| Trial {
        expected: Some(expected::of_bot(*mutant)),
        ..Trial::of_bot(
            (mutant.name(), mutant.describe()),
            PairOptions {
                bot_mutant: Some(*mutant),
                ..PairOptions::default()
            },
        )
    });
    let of_operations = OPERATION_MUTANTS.iter().map(|row| Trial {
        expected: Some(expected::of_row(row.breaks)),
        ..Trial::of_operation(row)
    });
    let of_requests = REQUEST_MUTANTS.iter().map(|row| Trial {
        expected: Some(expected::of_row(row.breaks)),
        ..Trial::of_request(row)
    });
    of_service
        .chain(of_operations)
        .chain(of_bot)
        .chain(of_requests)
}

fn variants() -> impl Iterator<Item = Trial> {
    let of_service = ServiceVariant::ALL.iter().map(|variant| {
        Trial::of_service(
            (variant.name(), variant.describe()),
            PairOptions {
                service_variant: Some(*variant),
                ..PairOptions::default()
            },
        )
    });
    let of_bot = BotVariant::ALL.iter().map(|variant| {
        Trial::of_bot(
            (variant.name(), variant.describe()),
            PairOptions {
                bot_variant: Some(*variant),
                ..PairOptions::default()
            },
        )
    });
    let of_operations = OPERATION_VARIANTS.iter().map(Trial::of_operation);
    let of_requests = REQUEST_VARIANTS.iter().map(Trial::of_request);
    of_service
        .chain(of_operations)
        .chain(of_bot)
        .chain(of_requests)
}

impl Trial {
    const fn of_service((name, what): (&'static str, &'static str), pair: PairOptions) -> Self {
        Self {
            role: Party::Service,
            name,
            what,
            expected: None,
            operation: None,
            pair,
        }
    }

    const fn of_bot(texts: (&'static str, &'static str), pair: PairOptions) -> Self {
        Self {
            role: Party::Bot,
            ..Self::of_service(texts, pair)
        }
    }

    fn of_operation(row: &'static AlteredOperation) -> Self {
        let pair = PairOptions {
            service_altered: Some(row),
            ..PairOptions::default()
        };
        Self {
            operation: row.request().and_then(operation_of),
            ..Self::of_service((row.name, row.what), pair)
        }
    }

    fn of_request(row: &'static AlteredRequest) -> Self {
        let pair = PairOptions {
            bot_altered: Some(row),
            ..PairOptions::default()
        };
        Self {
            operation: operation_of(row.request()),
            ..Self::of_bot((row.name, row.what), pair)
        }
    }

    /// What names a mutant; none for a variant.
    pub(crate) fn sign(&self) -> Option<Sign> {
        self.expected.map(|it| it.sign)
    }

    fn injection(&self) -> Option<InjectionKind> {
        self.expected.and_then(|it| it.injection)
    }
}

/// Plays trials by these scenarios, some at a time, each message within the deadline. After an interrupt, no further
/// trial begins.
pub(crate) async fn prove(
    trials: &[Trial],
    scenarios: &[Scenario],
    deadline: Duration,
    interrupt: &CancellationToken,
) -> Result<Vec<Proof>, PlayError> {
    let invitations = scenarios.iter().filter(|it| store::is_invitation(it));
    let invitations: Vec<Scenario> = invitations.cloned().collect();
    let plain: Arc<[Case]> = judge::cases(scenarios, &invitations).into();
    let injected = with_injected(&invitations, &InjectionKind::ALL);
    let injected: Arc<[Case]> = judge::cases(scenarios, &injected).into();
    let by_operation = by_operation(&judge::cases(scenarios, scenarios));
    let none = Arc::default();
    let mut proofs: Vec<(usize, Proof)> = Vec::new();
    let mut playing = JoinSet::new();
    for (index, trial) in trials.iter().copied().enumerate() {
        if interrupt.is_cancelled() {
            break;
        }
        let most = trial
            .operation
            .map_or(AT_A_TIME, |_| OF_OPERATIONS_AT_A_TIME);
        while playing.len() >= most {
            proofs.extend(next_proof(&mut playing).await?);
        }
        let cases = Arc::clone(match (trial.operation, trial.injection()) {
            (Some(operation), _) => by_operation.get(operation).unwrap_or(&none),
            (None, Some(_)) => &injected,
            (None, None) => &plain,
        });
        let stop = Stop::from(interrupt.clone());
        playing.spawn(async move {
            let proof = play(trial, &cases, deadline, stop).await;
            proof.map(|proof| (index, proof))
        });
    }
    while !playing.is_empty() {
        proofs.extend(next_proof(&mut playing).await?);
    }
    proofs.sort_by_key(|(index, _)| *index);
    Ok(proofs.into_iter().map(|(_, proof)| proof).collect())
}

/// The contract's name of the operation with this method and path.
fn operation_of((method, path): (&str, &str)) -> Option<&'static str> {
    let target = format!("/communications/{path}");
    let (operation, _) = operation::of_request(method, &target)?;
    Some(&operation.name)
}

/// The cases of each operation that some show.
fn by_operation(cases: &[Case]) -> HashMap<&'static str, Arc<[Case]>> {
    let mut found: HashMap<&'static str, Vec<Case>> = HashMap::new();
    for case in cases {
        if let Some(operation) = scenario::operation::of(&case.scenario) {
            found.entry(operation).or_default().push(case.clone());
        }
    }
    let found = found.into_iter();
    found.map(|(name, cases)| (name, cases.into())).collect()
}

type Playing = JoinSet<Result<(usize, Proof), PlayError>>;

async fn next_proof(playing: &mut Playing) -> Result<Option<(usize, Proof)>, PlayError> {
    playing.join_next().await.and_then(joined).transpose()
}

/// Plays a trial. A wrong result is played once more with a longer deadline: on a busy machine a sound party
/// may be slower than a short one, and a mutant that is missed is missed at any. Fault injection
/// has the time that it has in a run: a service may wait a while before it sends something again.
async fn play(
    trial: Trial,
    cases: &[Case],
    deadline: Duration,
    stop: Stop,
) -> Result<Proof, PlayError> {
    if trial.expected.is_none() {
        return play_within((PATIENCE, SETTLE), trial, cases, &stop).await;
    }
    let deadline = match trial.injection() {
        Some(_) => judge::Options::default().deadline,
        None => deadline,
    };
    let proof = play_within((deadline, SETTLE), trial, cases, &stop).await?;
    if proof.is_right || stop.token.is_cancelled() {
        return Ok(proof);
    }
    play_within((deadline.max(AGAIN), LONG_SETTLE), trial, cases, &stop).await
}

async fn play_within(
    (deadline, settle): (Duration, Duration),
    trial: Trial,
    cases: &[Case],
    stop: &Stop,
) -> Result<Proof, PlayError> {
    let mut options = Options {
        settle,
        jobs: NonZeroUsize::new(16),
        ..Options::default()
    };
    options.judge.deadline = deadline;
    // Requirements that say SHOULD are proved too. A warning names a mutant of one operation, and a variant of one has none.
    options.judge.strict =
        trial.operation.is_some() || trial.expected.is_some_and(|it| it.is_warning);
    if trial.injection().is_some() {
        // There are many scenarios: too many at a time, and an answer would seem late.
        options.jobs = NonZeroUsize::new(32);
    }
    let mut pair = trial.pair;
    if trial.expected.is_none() {
        // confcall's acknowledgement may be slow as well: sent again, the notification would be one too many.
        pair.acknowledged_within = Some(deadline);
    }
    let results = super::play(&Arc::new(options), cases, &[trial.role], pair, stop).await?;
    Ok(proof(trial, &results))
}

/// A mutant is caught if a scenario fails by the rule that names it, and nothing else goes wrong.
fn proof(trial: Trial, results: &[ScenarioResult]) -> Proof {
    let mut found = BTreeMap::new();
    let (mut broken, mut odd) = (BTreeSet::new(), Vec::new());
    if results.is_empty() {
        let operation = trial.operation.unwrap_or("invite");
        odd.push(format!("no scenario shows the operation `{operation}`"));
    }
    for result in results {
        let violations = result.failures.iter().chain(&result.warnings);
        broken.extend(violations.filter_map(|it| match it.requirement {
            Basis::Requirement(requirement) => Some(requirement),
            Basis::Exchange(_) | Basis::Snapshot => None,
        }));
        match result.verdict {
            Verdict::Pass => {}
            Verdict::Fail => {
                let first = result.failures.first();
                let rule = first.map(|violation| violation.rule);
                *found.entry(rule.unwrap_or(Rule::Transport)).or_default() += 1;
            }
            verdict => odd.push(format!(
                "{} is {}: {}",
                result.scenario,
                verdict.as_str(),
                result.reason
            )),
        }
    }
    let passed = results
        .iter()
        .filter(|r| r.verdict == Verdict::Pass)
        .count();
    let fails_elsewhere = results
        .iter()
        .filter(|it| trial.injection().is_some() && it.verdict == Verdict::Fail)
        .filter(|it| InjectionKind::of(&ScenarioId::new(&*it.scenario)) != trial.injection());
    odd.extend(fails_elsewhere.map(|it| format!("{} fails too", it.scenario)));
    let is_right = match trial.expected {
        Some(expected) => {
            let is_named = match expected.sign {
                Sign::Rule(rule) => found.contains_key(&rule),
                Sign::Requirement(it) => !found.is_empty() && broken.contains(&it),
            };
            is_named && odd.is_empty()
        }
        None => found.is_empty() && odd.is_empty() && passed > 0,
    };
    Proof {
        role: trial.role,
        name: trial.name,
        what: trial.what,
        expected: trial.expected.map(|it| it.sign),
        injection: trial.injection().map(InjectionKind::name),
        found,
        broken,
        passed,
        odd,
        is_right,
    }
}
