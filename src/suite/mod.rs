//! A test harness for bots and services that are written in Rust: each documented conversation is a
//! test of its own.
//!
//! The `confcall.toml` of a project has the target, its command and its claims, as for
//! `confcall run`. Its `Cargo.toml` has confcall among the `dev-dependencies`, and a test without
//! the harness of `rustc`:
//!
//! ```toml
//! [[test]]
//! name = "conformance"
//! harness = false
//! ```
//!
//! `tests/conformance.rs` is this:
//!
//! ```no_run
//! # // Cargo sets the second for the tests of a package with such a program, not for this one.
//! # macro_rules! env { ($name:literal) => { $name } }
//! fn main() -> std::process::ExitCode {
//!     confcall::suite::project(env!("CARGO_MANIFEST_DIR"))
//!         .program(env!("CARGO_BIN_EXE_my-bot"))
//!         .main()
//! }
//! ```
//!
//! A test is named after its scenario and the party that is judged, such as
//! `participant-invite::beta@2021-02::invite-one-participant-to-an-existing-group-call::bot`. Skipped
//! scenarios and known failures are ignored tests, with the reason. If the project lists known failures, the
//! test `known-failures` compares that list with the results. The suite does not use `[reports]`.
//!
//! Under `cargo test`, the suite starts the target once for all selected tests. It plays
//! `--test-threads` scenarios at a time; all results come at the end. Under nextest, each test is a
//! process, and each process starts its own target.

mod trials;

use std::collections::HashSet;
use std::fmt;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio_util::sync::CancellationToken;

use crate::api::party::Party;
use crate::cli;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::options::of_project;
use crate::cli::output;
use crate::cli::run::play;
use crate::cli::usage::UsageError;
use crate::config;
use crate::config::Config;
use crate::config::target::TargetCommand;
use crate::diagnostic::with_remedy;
use crate::files::FileError;
use crate::judge::verdict::{Run, ScenarioResult, Verdict};
use crate::runner::Options;
use crate::runner::observer::Observer;
use crate::runner::run::Played;
use crate::scenario::format::Scenario;

/// The reason that nothing was judged, with its place and a remedy.
#[derive(Debug)]
pub struct Error(Failure);

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&output::redacted(&self.0.messages().join("\n")))
    }
}

impl std::error::Error for Error {}

/// Judges a recording (a cassette or a HAR file) by the built-in contract, as `confcall check` does.
/// Each conversation in the recording has a result for each party.
///
/// # Errors
///
/// The file cannot be read, is not a recording, or has no exchange.
pub fn check(file: impl AsRef<Path>) -> Result<Run, Error> {
    Ok(cli::check::run(file.as_ref())?)
}

/// The suite of a project.
#[derive(Debug, Clone)]
#[must_use = "nothing is played before `main`"]
pub struct Suite {
    folder: PathBuf,
    program: Option<String>,
    arguments: Vec<String>,
    port: Option<u16>,
}

/// The suite of the project in this folder, which contains `confcall.toml`. In a test, the folder is
/// `env!("CARGO_MANIFEST_DIR")`.
pub fn project(folder: impl Into<PathBuf>) -> Suite {
    Suite {
        folder: folder.into(),
        program: None,
        arguments: Vec::new(),
        port: None,
    }
}

impl Suite {
    /// Starts this program instead of `run` in `[target.command]`. In a test, the program is
    /// `env!("CARGO_BIN_EXE_…")`. The other keys of `[target.command]` apply to it.
    pub fn program(mut self, path: impl Into<String>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Appends this argument to the command that is started: to the program, or to the words of `run`.
    /// `{port}`, `{service}` and the other placeholders have the same values as in `run`.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts no program, because the target already listens at this port: for example, it is a thread of
    /// the test. `{port}` in `confcall.toml` has this value.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Runs the tests that the arguments of this process select, and reports the results, as a test
    /// binary does.
    ///
    /// | exit code | meaning |
    /// | --- | --- |
    /// | 0 | something passed, and nothing failed |
    /// | 101 | something failed |
    /// | 1 | all tests were ignored, or no test has the name that `--exact` selects |
    /// | 2 | `confcall.toml` is absent or wrong |
    /// | 130 | interrupted |
    pub fn main(self) -> ExitCode {
        let arguments = Arguments::from_args();
        match self.plan(&arguments) {
            Ok(plan) => plan.run(&arguments),
            Err(failure) => {
                failure.messages().iter().for_each(output::error);
                failure.exit().into()
            }
        }
    }

    /// Plays every selected scenario, as `confcall run` does, and returns the report.
    ///
    /// # Errors
    ///
    /// `confcall.toml` is absent or wrong, a port is in use, or the target does not start or cannot be reached.
    pub fn run(self) -> Result<Run, Error> {
        let options = of_project(self.config()?)?;
        Ok(play_with_warnings(options)?.run)
    }

    fn plan(self, arguments: &Arguments) -> Result<Plan, Failure> {
        let mut options = of_project(self.config()?)?;
        let threads = arguments.test_threads.and_then(NonZeroUsize::new);
        options.jobs = threads.or(options.jobs);
        Ok(Plan::new(options, arguments))
    }

    /// The configuration of the folder, with the program, arguments and port of this suite.
    fn config(self) -> Result<Config, Failure> {
        let path = self.folder.join(config::FILE);
        let mut config = config::load(Some(&path)).map_err(|error| match error {
            FileError::Unreadable { ref source, .. } if source.kind() == ErrorKind::NotFound => {
                Failure::from(UsageError::NoConfiguration(path.clone()))
            }
            error => error.into(),
        })?;
        let target = config.target.as_mut().ok_or(UsageError::NoTarget(path))?;
        if let Some(program) = self.program {
            // A path is taken as it is.
            let words = vec![program.replace('{', "{{").replace('}', "}}")];
            match &mut target.command {
                Some(command) => command.run = words,
                None => target.command = Some(TargetCommand::new(words, self.folder)),
            }
        }
        if let Some(command) = &mut target.command {
            command.run.extend(self.arguments);
        }
        if self.port.is_some() {
            target.port = self.port;
            target.command = None;
        }
        Ok(config)
    }
}

/// The trial that compares the list of known failures with the results.
const KNOWN_FAILURES: &str = "known-failures";

/// The trials of a process, and the run that they share.
#[derive(Debug)]
struct Plan {
    trials: Vec<Trial>,
    run: Arc<SharedRun>,
}

impl Plan {
    fn new(mut options: Options, arguments: &Arguments) -> Self {
        let planned = planned(&options, arguments);
        let has_known = !options.known.is_empty();
        let holds_known = has_known && is_selected(arguments, KNOWN_FAILURES, false);
        let is_played = |it: &&Planned| it.is_selected || holds_known && it.is_known;
        let played = planned.iter().filter(is_played);
        let played: HashSet<_> = played.map(|it| it.scenario.as_str()).collect();
        let scenarios = &mut options.scenarios;
        scenarios.retain(|it| played.contains(it.id.as_str()));
        let run = Arc::new(SharedRun::new(options));
        let mut trials: Vec<_> = planned.iter().map(|it| it.trial(&run)).collect();
        if has_known {
            trials.push(known_failures(&planned, &run));
        }
        Self { trials, run }
    }

    /// Runs the trials that are selected.
    fn run(self, arguments: &Arguments) -> ExitCode {
        let conclusion = match trials::run(arguments, self.trials) {
            Ok(conclusion) => conclusion,
            Err(exit) => return exit,
        };
        if self.run.was_interrupted() {
            return Exit::Interrupted.into();
        }
        let is_all_ignored = conclusion.num_ignored > 0 && conclusion.num_passed == 0;
        if is_all_ignored && !conclusion.has_failed() {
            output::error(with_remedy(
                "nothing passed",
                "list the features that the target supports in `[claims]`",
            ));
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
    is_known: bool,
    /// As far as is known before it is played.
    is_ignored: bool,
    is_selected: bool,
}

fn planned(options: &Options, arguments: &Arguments) -> Vec<Planned> {
    let of = |scenario: &Scenario, role: Party| {
        let id = scenario.id.as_str();
        let name = trials::name(&scenario.id, role);
        let is_known = options.known.iter().any(|it| it.covers(id, role));
        // A runner that gives each trial a process has to know beforehand; if one process has them
        // all, the reason is in the result.
        let needs_to_know = arguments.list || arguments.ignored;
        let is_ignored = needs_to_know && (is_known || options.excuse(scenario).is_some());
        Planned {
            scenario: id.to_owned(),
            role,
            is_known,
            is_ignored,
            is_selected: is_selected(arguments, &name, is_ignored),
            name,
        }
    };
    let scenarios = options.scenarios.iter();
    scenarios
        .flat_map(|scenario| options.parties.iter().map(move |role| (scenario, *role)))
        .map(|(scenario, role)| of(scenario, role))
        .collect()
}

/// True if libtest-mimic runs the trial with these arguments.
fn is_selected(arguments: &Arguments, name: &str, is_ignored: bool) -> bool {
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

/// The trial of the list itself. A scenario whose own trial is selected has its result there.
fn known_failures(planned: &[Planned], run: &Arc<SharedRun>) -> Trial {
    let unselected = planned.iter().filter(|it| it.is_known && !it.is_selected);
    let unselected: Vec<_> = unselected
        .map(|it| (it.scenario.clone(), it.role))
        .collect();
    let run = Arc::clone(run);
    Trial::test(KNOWN_FAILURES, move || {
        let mut wrong = run.run()?.errors.clone();
        for (scenario, role) in &unselected {
            let result = run.result(scenario, *role)?;
            if !matches!(result.verdict, Verdict::Known | Verdict::Skip) {
                wrong.push(trials::report(result));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            let wrong = wrong.join("\n");
            trials::show_in_nextest(wrong.lines().next().unwrap_or_default());
            Err(wrong.into())
        }
    })
}

/// One run for many trials. The first trial starts it, and the others wait for it.
#[derive(Debug)]
struct SharedRun {
    options: Options,
    played: OnceLock<Result<Played, Failure>>,
}

impl SharedRun {
    fn new(options: Options) -> Self {
        Self {
            options,
            played: OnceLock::new(),
        }
    }

    fn run(&self) -> Result<&Run, Failed> {
        match self.played.get_or_init(|| played(&self.options)) {
            Ok(played) => Ok(&played.run),
            Err(failure) => {
                let message = output::redacted(&failure.messages().join("\n"));
                trials::show_in_nextest(&message);
                Err(message.into())
            }
        }
    }

    fn result(&self, scenario: &str, role: Party) -> Result<&ScenarioResult, Failed> {
        let mut results = self.run()?.results.iter();
        let found = results.find(|it| it.scenario == scenario && it.role == role);
        found.ok_or_else(|| format!("the run has no result of {scenario}").into())
    }

    fn was_interrupted(&self) -> bool {
        let played = self.played.get();
        played.is_some_and(|it| it.as_ref().is_ok_and(|it| it.is_interrupted))
    }
}

/// Plays once, so that every trial has the same result, also of a panic.
fn played(options: &Options) -> Result<Played, Failure> {
    let play = || play_with_warnings(options.clone());
    let played = panic::catch_unwind(AssertUnwindSafe(play));
    played.unwrap_or_else(|_| Err(Failure::Defect("confcall panicked".to_owned())))
}

fn play_with_warnings(options: Options) -> Result<Played, Failure> {
    let options = Options {
        observer: Arc::new(Warnings),
        ..options
    };
    play(options, &CancellationToken::new())
}

/// The trials report by themselves.
#[derive(Debug)]
struct Warnings;

impl Observer for Warnings {
    fn warn(&self, warning: &str) {
        output::warn(warning);
    }
}
