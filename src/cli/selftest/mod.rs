//! `confcall selftest`: the proof that the judge judges.
//!
//! Every deliberate fault of the built-in pair is played and must fail, by the rule that names it;
//! every harmless variation is played and must not be blamed. A fault that shows under fault injection is
//! played in all of it, and must fail in that fault injection alone.

mod rules;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use super::exit::Exit;
use super::failure::Failure;
use super::list::Format;
use super::output::Output;
use super::usage::UsageError;
use super::{interrupt_on_signals, runtime};
use crate::api::party::Party;
use crate::config::values;
use crate::contract::rule::Rule;
use crate::emulator::bot::{BotMutant, BotVariant};
use crate::emulator::service::{ServiceMutant, ServiceVariant};
use crate::inject::{Kind, with_injected};
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::report::color::Look;
use crate::runner::PlayError;
use crate::runner::self_check::{self, PairOptions};
use crate::runner::{Options, Stop};
use crate::scenario::format::ScenarioId;
use crate::scenario::store;
use tokio_util::sync::CancellationToken;

/// What `confcall selftest --help` ends with.
pub const EXAMPLES: &str = "\
Each mutant must fail by its rule, and no variant may be blamed. The exit code is 70 if the judge
is wrong.

Examples:
  confcall selftest
  confcall selftest roster context --format json";

/// The arguments of `confcall selftest`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only mutants and variants whose name contains one of these
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The output format: text, json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub format: Format,
    /// How long a mutant may keep an expected message back
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = values::duration)]
    pub deadline: Duration,
}

/// One fault or variation, and what the judge made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The party that departs, or varies.
    pub role: Party,
    /// The name.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// The rule that names the fault; none for a harmless variation.
    pub expected: Option<Rule>,
    /// The fault injection that alone shows the fault; none for what shows in no fault injection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection: Option<&'static str>,
    /// How many scenarios failed, by the rule of their first failure.
    pub found: BTreeMap<Rule, usize>,
    /// How many scenarios passed.
    pub passed: usize,
    /// What else went wrong: scenarios that could not be judged, with the reason.
    pub odd: Vec<String>,
    /// Whether the judge was right.
    pub is_right: bool,
}

/// How many faults and variations are played at a time.
const AT_A_TIME: usize = 6;

/// A variation is harmless however long it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays and prints the table.
///
/// # Errors
///
/// Sockets that cannot be opened, a name that is none.
pub fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let trials: Vec<Trial> = trials()
        .filter(|trial| trial.is_named(&arguments.names))
        .collect();
    if trials.is_empty() {
        return Err(UsageError::NoTrial.into());
    }
    let (proofs, is_interrupted) = prove(&trials, arguments.deadline)?;
    let text = match arguments.format {
        Format::Text => table(&proofs, output.look),
        Format::Json => serde_json::to_string_pretty(&proofs)
            .map(|text| text + "\n")
            .map_err(|error| Failure::Defect(error.to_string()))?,
    };
    output.print(&text)?;
    Ok(if is_interrupted {
        Exit::Interrupted
    } else if proofs.iter().all(|proof| proof.is_right) {
        Exit::Success
    } else {
        Exit::Defect
    })
}

/// Plays every fault and every variation.
///
/// # Errors
///
/// Sockets that cannot be opened.
pub fn prove_all(deadline: Duration) -> Result<Vec<Proof>, Failure> {
    let trials: Vec<Trial> = trials().collect();
    prove(&trials, deadline).map(|(proofs, _)| proofs)
}

/// A fault or a variation to play.
#[derive(Debug, Clone, Copy)]
struct Trial {
    role: Party,
    name: &'static str,
    what: &'static str,
    expected: Option<Rule>,
    injection: Option<Kind>,
    options: PairOptions,
}

impl Trial {
    fn is_named(&self, names: &[String]) -> bool {
        names.is_empty() || names.iter().any(|name| self.name.contains(name.as_str()))
    }
}

fn trials() -> impl Iterator<Item = Trial> {
    let service_mutants = ServiceMutant::ALL.iter().map(|mutant| Trial {
        role: Party::Service,
        name: mutant.name(),
        what: mutant.describe(),
        expected: Some(rules::of_service(*mutant)),
        injection: rules::injection_for_service(*mutant),
        options: PairOptions {
            service_mutant: Some(*mutant),
            ..PairOptions::default()
        },
    });
    let bot_mutants = BotMutant::ALL.iter().map(|mutant| Trial {
        role: Party::Bot,
        name: mutant.name(),
        what: mutant.describe(),
        expected: Some(rules::of_bot(*mutant)),
        injection: rules::injection_for_bot(*mutant),
        options: PairOptions {
            bot_mutant: Some(*mutant),
            ..PairOptions::default()
        },
    });
    let service_variants = ServiceVariant::ALL.iter().map(|variant| Trial {
        role: Party::Service,
        name: variant.name(),
        what: variant.describe(),
        expected: None,
        injection: None,
        options: PairOptions {
            service_variant: Some(*variant),
            ..PairOptions::default()
        },
    });
    let bot_variants = BotVariant::ALL.iter().map(|variant| Trial {
        role: Party::Bot,
        name: variant.name(),
        what: variant.describe(),
        expected: None,
        injection: None,
        options: PairOptions {
            bot_variant: Some(*variant),
            ..PairOptions::default()
        },
    });
    service_mutants
        .chain(bot_mutants)
        .chain(service_variants)
        .chain(bot_variants)
}

/// Plays trials, some at a time. Also says whether it was interrupted.
fn prove(trials: &[Trial], deadline: Duration) -> Result<(Vec<Proof>, bool), Failure> {
    let scenarios = store::built_in()?;
    let no_faults = judge::cases(&scenarios, &scenarios);
    let injected = judge::cases(&scenarios, &with_injected(&scenarios, &Kind::ALL));
    let runtime = runtime()?;
    let interrupt = CancellationToken::new();
    let proofs = runtime.block_on(async {
        interrupt_on_signals(&interrupt);
        let mut proofs: Vec<(usize, Proof)> = Vec::new();
        let mut playing = JoinSet::new();
        for (index, trial) in trials.iter().copied().enumerate() {
            if playing.len() == AT_A_TIME {
                proofs.extend(joined(&mut playing).await?);
            }
            let cases = match trial.injection {
                Some(_) => injected.clone(),
                None => no_faults.clone(),
            };
            let interrupt = interrupt.clone();
            playing.spawn(async move {
                let proof = play(trial, cases, deadline, interrupt).await;
                proof.map(|proof| (index, proof))
            });
        }
        while !playing.is_empty() {
            proofs.extend(joined(&mut playing).await?);
        }
        Ok::<_, PlayError>(proofs)
    });
    runtime.shutdown_background();
    let mut proofs = proofs?;
    proofs.sort_by_key(|(index, _)| *index);
    let proofs = proofs.into_iter().map(|(_, proof)| proof).collect();
    Ok((proofs, interrupt.is_cancelled()))
}

type Playing = JoinSet<Result<(usize, Proof), PlayError>>;

async fn joined(playing: &mut Playing) -> Result<Option<(usize, Proof)>, PlayError> {
    match playing.join_next().await {
        None => Ok(None),
        Some(Ok(proof)) => proof.map(Some),
        // A panic is a defect of confcall, and goes on as one.
        Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Plays a trial. What goes wrong is played once more with patience: on a busy machine a sound party
/// may be slower than a short deadline, and a fault that is missed is missed at any. Fault injection has the
/// time that it has in a run: a service may wait a while before it sends something again.
async fn play(
    trial: Trial,
    cases: Vec<Case>,
    deadline: Duration,
    interrupt: CancellationToken,
) -> Result<Proof, PlayError> {
    if trial.expected.is_some() {
        let deadline = match trial.injection {
            Some(_) => judge::Options::default().deadline,
            None => deadline,
        };
        let proof = play_within(deadline, trial, cases.clone(), interrupt.clone()).await?;
        if proof.is_right || interrupt.is_cancelled() {
            return Ok(proof);
        }
    }
    play_within(PATIENCE, trial, cases, interrupt).await
}

async fn play_within(
    deadline: Duration,
    trial: Trial,
    cases: Vec<Case>,
    interrupt: CancellationToken,
) -> Result<Proof, PlayError> {
    let mut options = Options {
        settle: Duration::from_millis(50),
        jobs: NonZeroUsize::new(16),
        ..Options::default()
    };
    options.judge.deadline = deadline;
    if trial.injection.is_some() {
        // What only should be done under fault injection is proved too. There are many scenarios in it: too
        // many at a time, and an answer would be late without being so.
        options.judge.strict = true;
        options.jobs = NonZeroUsize::new(32);
    }
    let (options, stop) = (Arc::new(options), Stop::from(interrupt));
    let parties = [trial.role];
    let results = self_check::play(&options, &cases, &parties, trial.options, &stop).await?;
    Ok(proof(trial, &results))
}

/// A fault is caught where some scenario fails by the rule that names it, and is blamed on nothing
/// else: every scenario that fails for it fails by that rule first, or shows the fault otherwise.
fn proof(trial: Trial, results: &[ScenarioResult]) -> Proof {
    let mut found = BTreeMap::new();
    let mut odd = Vec::new();
    for result in results {
        match result.verdict {
            Verdict::Pass => {}
            Verdict::Fail => {
                let rule = result.failures.first().map(|finding| finding.rule);
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
        .filter(|it| trial.injection.is_some() && it.verdict == Verdict::Fail)
        .filter(|it| Kind::of(&ScenarioId::new(&*it.scenario)) != trial.injection);
    odd.extend(fails_elsewhere.map(|it| format!("{} fails too", it.scenario)));
    let is_right = match trial.expected {
        Some(rule) => found.contains_key(&rule) && odd.is_empty(),
        None => found.is_empty() && odd.is_empty() && passed > 0,
    };
    Proof {
        role: trial.role,
        name: trial.name,
        what: trial.what,
        expected: trial.expected,
        injection: trial.injection.map(Kind::name),
        found,
        passed,
        odd,
        is_right,
    }
}

/// The table for people: faults, then variations; the last line counts.
fn table(proofs: &[Proof], look: Look) -> String {
    let mut text = String::new();
    for proof in proofs {
        let word = match (proof.is_right, proof.expected) {
            (true, Some(_)) => look.good("caught  "),
            (true, None) => look.good("harmless"),
            (false, Some(_)) => look.bad("MISSED  "),
            (false, None) => look.bad("BLAMED  "),
        };
        let found: Vec<String> = proof
            .found
            .iter()
            .map(|(rule, count)| format!("{rule} {count}"))
            .collect();
        let rule = proof.expected.map_or("", Rule::as_str);
        let injection = proof.injection.map(|it| format!(" ~{it}"));
        let _ = writeln!(
            text,
            "{word} {:<7} {:<30} {rule:<24} {}{}",
            proof.role.as_str(),
            proof.name,
            look.faint(&found.join(", ")),
            look.faint(injection.as_deref().unwrap_or_default()),
        );
        if !proof.is_right {
            for odd in &proof.odd {
                let _ = writeln!(text, "         {odd}");
            }
        }
    }
    let of = |is_mutant: bool| {
        proofs
            .iter()
            .filter(move |p| p.expected.is_some() == is_mutant)
    };
    let right = |is_mutant| of(is_mutant).filter(|proof| proof.is_right).count();
    let _ = writeln!(
        text,
        "\n{} of {} faults caught by the rule that names them, {} of {} variations not blamed",
        right(true),
        of(true).count(),
        right(false),
        of(false).count(),
    );
    text
}
