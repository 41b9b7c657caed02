//! The play of a run: against the built-in pair, or against a target that is started first where the
//! project says how, watched, and ended.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::options::Options;
use super::target::Target;
use crate::cli::ca;
use crate::cli::failure::{EnvironmentError, Failure};
use crate::cli::output;
use crate::cli::output::Output;
use crate::config::known_failure;
use crate::contract::rule::Rule;
use crate::judge;
use crate::judge::verdict::{Run, ScenarioResult, Verdict};
use crate::runner;
use crate::runner::pair;
use crate::runner::pair::PairOptions;
use crate::runner::process::{LaunchError, Running};
use crate::runner::{Setup, Stage};
use tokio_util::sync::CancellationToken;

/// A run that was played to its end.
#[derive(Debug)]
pub struct Played {
    /// What came of it.
    pub run: Run,
    /// The wall time.
    pub elapsed: Duration,
    /// Whether it was interrupted before that.
    pub is_interrupted: bool,
}

/// Plays the scenarios. The addresses that are open for an outside target go to `output`, where
/// there is one.
///
/// # Errors
///
/// A port that is taken, a target that is not there from the start or does not come up.
pub fn play(options: &Options, output: Option<Output>) -> Result<Played, Failure> {
    let begun = Instant::now();
    let runtime = crate::cli::runtime()?;
    let signalled = CancellationToken::new();
    let mut results = runtime.block_on(async {
        crate::cli::interrupt_on_signals(&signalled);
        let all = judge::cases(&options.scenarios.all, &options.scenarios.picked);
        match &options.target {
            Target::BuiltIn(roles) => {
                let setup = options.setup(all, signalled.clone());
                let played = pair::play(&setup, roles, PairOptions::default()).await;
                played.map_err(Failure::from)
            }
            Target::Outside(target) => {
                let (cases, excused) = options.claimed(all, target.role());
                let setup = options.setup(cases, CancellationToken::new());
                let played = outside(options, target, setup, &signalled, output).await?;
                Ok(in_order(played, excused))
            }
        }
    })?;
    runtime.shutdown_background();
    let known = options.known();
    let listed = known_failure::apply(known, &options.scenarios.all, &mut results);
    let mut run = Run::new(options.target.in_report(), results);
    run.shard = options.shard;
    match options.shard {
        Some(_) => run.listed = listed,
        None => run.errors = listed.unmatched,
    }
    Ok(Played {
        run,
        elapsed: begun.elapsed(),
        is_interrupted: signalled.is_cancelled(),
    })
}

/// Plays against a target that is no built-in one, which is started first where the project says
/// how, and ended.
async fn outside(
    options: &Options,
    target: &runner::Target,
    setup: Setup,
    signalled: &CancellationToken,
    output: Option<Output>,
) -> Result<Vec<ScenarioResult>, Failure> {
    if setup.cases.is_empty() {
        // Nothing of it is claimed: nobody is started for that.
        return Ok(Vec::new());
    }
    let (interrupt, cause) = (setup.interrupt.clone(), Arc::clone(&setup.cause));
    let cases = setup.cases.clone();
    let stage = Stage::open(setup, target.clone()).await?;
    let launch = options.project.launch(&stage, target.url())?;
    if let Some(output) = output {
        output.print(&opened(&stage, launch.is_some()))?;
    }
    let running = match launch {
        Some(launch) => match launch.start(signalled).await {
            Ok(running) => Some(running),
            Err(error @ LaunchError::Interrupted) => {
                let why = error.to_string();
                let of = |case| runner::skeleton(case, target.role(), Verdict::Inconclusive, &why);
                return Ok(cases.iter().map(of).collect());
            }
            Err(error) => return Err(EnvironmentError::Launch(error).into()),
        },
        None => None,
    };
    let died = async {
        match &running {
            Some(running) => running.died().await,
            None => std::future::pending().await,
        }
    };
    let playing = stage.play();
    tokio::pin!(playing);
    let mut results = tokio::select! {
        results = &mut playing => results,
        said = async {
            tokio::select! {
                said = died => Some(said),
                () = signalled.cancelled() => None,
            }
        } => {
            if let Some(said) = said {
                // Nobody else says why.
                let _ = cause.set(said);
            }
            interrupt.cancel();
            playing.await
        }
    };
    // Whoever interrupts a run has said why.
    if let (Some(running), Ok(results), false) = (&running, &mut results, signalled.is_cancelled())
    {
        explain(results, running, cause.get()).await;
    }
    if let Some(running) = running
        && let Some(error) = running.end().await
    {
        output::tell(&format!("warning: {error}"));
    }
    results.map_err(Failure::from)
}

/// How long a target that seems to have gone has to be seen ended.
const GRACE: Duration = Duration::from_secs(1);

/// Says of results that look as if the target had gone whether it has, and how: its end may be seen
/// only after what it broke. Those that the run ended for its end have it as their reason.
async fn explain(results: &mut [ScenarioResult], running: &Running, seen: Option<&String>) {
    let looks_gone = |result: &&mut ScenarioResult| {
        let mut rules = result.failures.iter().map(|it| it.rule);
        let is_broken =
            result.verdict == Verdict::Inconclusive || rules.any(|rule| rule == Rule::Transport);
        is_broken && seen != Some(&result.reason)
    };
    let mut gone = results.iter_mut().filter(looks_gone).peekable();
    if gone.peek().is_none() {
        return;
    }
    let said = match seen {
        Some(said) => Some(said.clone()),
        None => tokio::time::timeout(GRACE, running.died()).await.ok(),
    };
    if let Some(said) = said {
        gone.for_each(|result| result.notes.push(said.clone()));
    }
}

/// The results of what was played, and those of what was not, in their order.
fn in_order(
    played: Vec<ScenarioResult>,
    excused: Vec<(usize, ScenarioResult)>,
) -> Vec<ScenarioResult> {
    let mut results = played;
    for (at, result) in excused {
        results.insert(at.min(results.len()), result);
    }
    results
}

/// The addresses that are open for a target, and how a bot comes to use a proxy.
fn opened(stage: &Stage, is_started: bool) -> String {
    let mut said = format!("listening {}\n", stage.url());
    if let Some((at, certificate)) = stage.proxy() {
        let _ = writeln!(said, "listening {at}");
        // Whom confcall starts it tells by itself.
        if !is_started {
            said.push_str(&ca::starting(certificate, at));
        }
    }
    said
}
