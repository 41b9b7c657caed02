//! The proof that the judge judges: every mutant of the built-in pair is played and must fail, by the
//! rule that names it; every variant is played and must not be blamed.
//!
//! A mutant that shows under fault injection alone is played under every kind, and must fail under its
//! own kind only.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::PairOptions;
use super::expected::{self, Expected};
use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::emulator::bot::{BotMutant, BotVariant};
use crate::emulator::service::{ServiceMutant, ServiceVariant};
use crate::inject::{InjectionKind, with_injected};
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::runner::options::Options;
use crate::runner::session::Stop;
use crate::runner::{PlayError, joined};
use crate::scenario::format::{Scenario, ScenarioId};

const AT_A_TIME: usize = 6;

/// The deadline of a variant: it is harmless however long it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// One mutant or variant, and the judge's verdict on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    pub role: Party,
    pub name: &'static str,
    pub what: &'static str,
    /// The rule that names the mutant; none for a variant.
    pub expected: Option<Rule>,
    /// The fault injection that alone shows the mutant; none for one that needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection: Option<&'static str>,
    /// How many scenarios failed, by the rule of their first failure.
    pub found: BTreeMap<Rule, usize>,
    pub passed: usize,
    /// Anything else that went wrong: scenarios that could not be judged, with the reason.
    pub odd: Vec<String>,
    pub is_right: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    role: Party,
    pub name: &'static str,
    what: &'static str,
    /// None for a variant.
    expected: Option<Expected>,
    pair: PairOptions,
}

/// Every mutant and variant: the mutants first, of either the service's first.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    let service_mutants = ServiceMutant::ALL.iter().map(|mutant| Trial {
        role: Party::Service,
        name: mutant.name(),
        what: mutant.describe(),
        expected: Some(expected::of_service(*mutant)),
        pair: PairOptions {
            service_mutant: Some(*mutant),
            ..PairOptions::default()
        },
    });
    let bot_mutants = BotMutant::ALL.iter().map(|mutant| Trial {
        role: Party::Bot,
        name: mutant.name(),
        what: mutant.describe(),
        expected: Some(expected::of_bot(*mutant)),
        pair: PairOptions {
            bot_mutant: Some(*mutant),
            ..PairOptions::default()
        },
    });
    let service_variants = ServiceVariant::ALL.iter().map(|variant| Trial {
        role: Party::Service,
        name: variant.name(),
        what: variant.describe(),
        expected: None,
        pair: PairOptions {
            service_variant: Some(*variant),
            ..PairOptions::default()
        },
    });
    let bot_variants = BotVariant::ALL.iter().map(|variant| Trial {
        role: Party::Bot,
        name: variant.name(),
        what: variant.describe(),
        expected: None,
        pair: PairOptions {
            bot_variant: Some(*variant),
            ..PairOptions::default()
        },
    });
    service_mutants
        .chain(bot_mutants)
        .chain(service_variants)
        .chain(bot_variants)
}

impl Trial {
    fn injection(&self) -> Option<InjectionKind> {
        self.expected.and_then(|it| it.injection)
    }
}

/// Plays trials by these scenarios, some at a time, each message within the deadline.
pub(crate) async fn prove(
    trials: &[Trial],
    scenarios: &[Scenario],
    deadline: Duration,
    interrupt: &CancellationToken,
) -> Result<Vec<Proof>, PlayError> {
    let plain: Arc<[Case]> = judge::cases(scenarios, scenarios).into();
    let injected = with_injected(scenarios, &InjectionKind::ALL);
    let injected: Arc<[Case]> = judge::cases(scenarios, &injected).into();
    let mut proofs: Vec<(usize, Proof)> = Vec::new();
    let mut playing = JoinSet::new();
    for (index, trial) in trials.iter().copied().enumerate() {
        if playing.len() == AT_A_TIME {
            proofs.extend(next_proof(&mut playing).await?);
        }
        let cases = Arc::clone(match trial.injection() {
            Some(_) => &injected,
            None => &plain,
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

type Playing = JoinSet<Result<(usize, Proof), PlayError>>;

async fn next_proof(playing: &mut Playing) -> Result<Option<(usize, Proof)>, PlayError> {
    playing.join_next().await.and_then(joined).transpose()
}

/// Plays a trial. A wrong result is played once more with patience: on a busy machine a sound party
/// may be slower than a short deadline, and a mutant that is missed is missed at any. Fault injection
/// has the time that it has in a run: a service may wait a while before it sends something again.
async fn play(
    trial: Trial,
    cases: &[Case],
    deadline: Duration,
    stop: Stop,
) -> Result<Proof, PlayError> {
    if trial.expected.is_some() {
        let deadline = match trial.injection() {
            Some(_) => judge::Options::default().deadline,
            None => deadline,
        };
        let proof = play_within(deadline, trial, cases, &stop).await?;
        if proof.is_right || stop.token.is_cancelled() {
            return Ok(proof);
        }
    }
    play_within(PATIENCE, trial, cases, &stop).await
}

async fn play_within(
    deadline: Duration,
    trial: Trial,
    cases: &[Case],
    stop: &Stop,
) -> Result<Proof, PlayError> {
    let mut options = Options {
        settle: Duration::from_millis(50),
        jobs: NonZeroUsize::new(16),
        ..Options::default()
    };
    options.judge.deadline = deadline;
    if trial.injection().is_some() {
        // Requirements that say SHOULD under fault injection are proved too. There are many
        // scenarios: too many at a time, and an answer would seem late.
        options.judge.strict = true;
        options.jobs = NonZeroUsize::new(32);
    }
    let results = super::play(&Arc::new(options), cases, &[trial.role], trial.pair, stop).await?;
    Ok(proof(trial, &results))
}

/// A mutant is caught if a scenario fails by the rule that names it, and nothing else goes wrong.
fn proof(trial: Trial, results: &[ScenarioResult]) -> Proof {
    let mut found = BTreeMap::new();
    let mut odd = Vec::new();
    for result in results {
        match result.verdict {
            Verdict::Pass => {}
            Verdict::Fail => {
                let rule = result.failures.first().map(|violation| violation.rule);
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
        Some(expected) => found.contains_key(&expected.rule) && odd.is_empty(),
        None => found.is_empty() && odd.is_empty() && passed > 0,
    };
    Proof {
        role: trial.role,
        name: trial.name,
        what: trial.what,
        expected: trial.expected.map(|it| it.rule),
        injection: trial.injection().map(InjectionKind::name),
        found,
        passed,
        odd,
        is_right,
    }
}
