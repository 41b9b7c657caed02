//! A test harness for bots and services that are written in Rust: each documented conversation is a
//! test of its own.
//!
//! A project says in its `confcall.toml` who is judged, how it is started and what it claims, as for
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
//! A trial is called after its scenario and the party that is judged,
//! `participant-invite::beta@2021-02::en::invite-one-participant-to-an-existing-group-call::bot`. What
//! is skipped and what is known to fail is ignored, with the reason. Where failures are known, a trial
//! `known-failures` holds the list of them against what came. `[reports]` is for `confcall run`.
//!
//! Under `cargo test` the target is started once, for all trials that are asked for, and their
//! scenarios are played side by side, `--test-threads` at a time; the results come together, at the
//! end. Under nextest, where each test is a process, each has a target of its own.

mod plan;
mod shared;
pub mod trials;

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::Arguments;

use self::plan::Plan;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::run::options::Options;
use crate::cli::usage::UsageError;
use crate::config;
use crate::config::Config;
use crate::config::target::Command;
use crate::files::FileError;

/// The suite of a project.
#[derive(Debug, Clone)]
#[must_use = "nothing is played before `main`"]
pub struct Suite {
    folder: PathBuf,
    program: Option<String>,
    arguments: Vec<String>,
    port: Option<u16>,
}

/// The suite of the project in this folder, which holds its `confcall.toml`; in a test
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
    /// Starts this program, in the place of `run` in `[target.command]`; in a test
    /// `env!("CARGO_BIN_EXE_…")`. What else `[target.command]` says holds for it.
    pub fn program(mut self, path: impl Into<String>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Gives the program that is started this argument, behind those of `run` where `run` is started.
    /// `{port}`, `{service}` and the like stand in it for what they stand for in `run`.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts nothing: the target listens already, at this port, such as one that a thread of the
    /// test serves. `{port}` in `confcall.toml` stands for it.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Runs the trials that the arguments of this process ask for, and tells the result, as a test
    /// without a harness does.
    ///
    /// The exit code is 0 where something passed and nothing failed, and 101 where something failed.
    /// A process in which all was ignored has 1, like one that is asked for a name to the letter
    /// (`--exact`) which no trial has; one without a usable `confcall.toml` has 2, an interrupted
    /// one 130.
    pub fn main(self) -> ExitCode {
        let arguments = Arguments::from_args();
        match self.plan(&arguments) {
            Ok(plan) => plan.run(&arguments),
            Err(failure) => {
                failure
                    .messages()
                    .iter()
                    .for_each(|it| output::complain(it));
                failure.exit().into()
            }
        }
    }

    fn plan(self, arguments: &Arguments) -> Result<Plan, Failure> {
        let mut options = Options::of_project(self.config()?)?;
        let threads = arguments.test_threads.and_then(NonZeroUsize::new);
        options.jobs = threads.or(options.jobs);
        Ok(Plan::new(options, arguments))
    }

    /// What `confcall.toml` says, with what was said here in its place.
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
                None => target.command = Some(Command::new(words, self.folder)),
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
