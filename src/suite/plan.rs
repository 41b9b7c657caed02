//! The trials of a process: which there are, which are asked for, and what has to be played for them.

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use super::shared::SharedRun;
use super::trials;
use crate::api::party::Party;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::run::options::Options;
use crate::judge::verdict::Verdict;
use crate::scenario::format::Scenario;

/// The trial that holds the list of known failures against what came.
const KNOWN_FAILURES: &str = "known-failures";

/// The trials of a process, and the run that they share.
#[derive(Debug)]
pub(super) struct Plan {
    trials: Vec<Trial>,
    run: Arc<SharedRun>,
}

impl Plan {
    pub fn new(mut options: Options, arguments: &Arguments) -> Self {
        let planned = planned(&options, arguments);
        let has_known = !options.known().is_empty();
        let holds_known = has_known && is_asked_for(arguments, KNOWN_FAILURES, false);
        let is_played = |it: &&Planned| it.is_asked_for || holds_known && it.is_known;
        let played = planned.iter().filter(is_played);
        let played: HashSet<_> = played.map(|it| it.scenario.as_str()).collect();
        let picked = &mut options.scenarios.picked;
        picked.retain(|it| played.contains(it.id.as_str()));
        let run = Arc::new(SharedRun::new(options));
        let mut trials: Vec<_> = planned.iter().map(|it| it.trial(&run)).collect();
        if has_known {
            trials.push(known_failures(&planned, &run));
        }
        Self { trials, run }
    }

    /// Runs the trials that are asked for.
    pub fn run(self, arguments: &Arguments) -> ExitCode {
        let conclusion = match trials::run(arguments, self.trials) {
            Ok(conclusion) => conclusion,
            Err(exit) => return exit,
        };
        if self.run.was_interrupted() {
            return Exit::Interrupted.into();
        }
        let is_all_ignored = conclusion.num_ignored > 0 && conclusion.num_passed == 0;
        if is_all_ignored && !conclusion.has_failed() {
            output::complain(
                "nothing passed\n  = help: what the target does not do, `[claims]` says beforehand",
            );
            return ExitCode::FAILURE;
        }
        conclusion.exit_code()
    }
}

/// A party that is judged by a scenario.
#[derive(Debug)]
struct Planned {
    scenario: String,
    role: Party,
    name: String,
    /// Whether its failure is known.
    is_known: bool,
    /// Whether it is ignored, as far as is told before it is played.
    is_ignored: bool,
    is_asked_for: bool,
}

fn planned(options: &Options, arguments: &Arguments) -> Vec<Planned> {
    let roles = options.target.roles();
    let of = |scenario: &Scenario, role: Party| {
        let id = scenario.id.as_str();
        let name = trials::name(&scenario.id, role);
        let is_known = options.known().iter().any(|it| it.covers(id, role));
        // A runner that gives each trial a process has to know beforehand; where one process has
        // them all, the reason comes with the result.
        let has_to_tell = arguments.list || arguments.ignored;
        let is_ignored = has_to_tell && (is_known || options.excuses(scenario));
        Planned {
            scenario: id.to_owned(),
            role,
            is_known,
            is_ignored,
            is_asked_for: is_asked_for(arguments, &name, is_ignored),
            name,
        }
    };
    let picked = options.scenarios.picked.iter();
    picked
        .flat_map(|scenario| roles.iter().map(move |role| (scenario, *role)))
        .map(|(scenario, role)| of(scenario, role))
        .collect()
}

/// Whether a trial is run with these arguments, as libtest-mimic tells it of one.
fn is_asked_for(arguments: &Arguments, name: &str, is_ignored: bool) -> bool {
    let trial = Trial::test(name, || Ok(())).with_ignored_flag(is_ignored);
    !arguments.is_filtered_out(&trial) && !arguments.is_ignored(&trial)
}

impl Planned {
    fn trial(&self, run: &Arc<SharedRun>) -> Trial {
        let (run, scenario, role) = (Arc::clone(run), self.scenario.clone(), self.role);
        let judge = move || trials::completion(run.result(&scenario, role)?);
        Trial::ignorable_test(self.name.as_str(), judge).with_ignored_flag(self.is_ignored)
    }
}

/// The trial of the list itself. A scenario whose own trial is asked for is told by that.
fn known_failures(planned: &[Planned], run: &Arc<SharedRun>) -> Trial {
    let untold = planned.iter().filter(|it| it.is_known && !it.is_asked_for);
    let untold: Vec<_> = untold.map(|it| (it.scenario.clone(), it.role)).collect();
    let run = Arc::clone(run);
    Trial::test(KNOWN_FAILURES, move || {
        let mut wrong = run.run()?.errors.clone();
        for (scenario, role) in &untold {
            let result = run.result(scenario, *role)?;
            if !matches!(result.verdict, Verdict::Known | Verdict::Skip) {
                wrong.push(trials::report(result));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            let wrong = wrong.join("\n");
            trials::tell_nextest(wrong.lines().next().unwrap_or_default());
            Err(wrong.into())
        }
    })
}
