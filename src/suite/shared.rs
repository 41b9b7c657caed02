//! The run that the trials of a process have in common.

use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

use libtest_mimic::Failed;

use super::trials;
use crate::api::party::Party;
use crate::cli::failure::Failure;
use crate::cli::run::options::Options;
use crate::cli::run::play::{Played, play};
use crate::judge::verdict::{Run, ScenarioResult};

/// One run for many trials. It is played when the first asks for it; the others wait for it.
#[derive(Debug)]
pub(super) struct SharedRun {
    options: Options,
    played: OnceLock<Result<Played, String>>,
}

impl SharedRun {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            played: OnceLock::new(),
        }
    }

    /// What came of the run.
    ///
    /// # Errors
    ///
    /// Why it could not be played.
    pub fn run(&self) -> Result<&Run, Failed> {
        match self.played.get_or_init(|| played(&self.options)) {
            Ok(played) => Ok(&played.run),
            Err(said) => {
                trials::tell_nextest(said);
                Err(said.into())
            }
        }
    }

    /// What came of one party by one scenario, which is named by its id.
    ///
    /// # Errors
    ///
    /// Why the run could not be played.
    pub fn result(&self, scenario: &str, role: Party) -> Result<&ScenarioResult, Failed> {
        let mut results = self.run()?.results.iter();
        let found = results.find(|it| it.scenario == scenario && it.role == role);
        found.ok_or_else(|| format!("the run has no result of {scenario}").into())
    }

    /// Whether it was interrupted.
    pub fn was_interrupted(&self) -> bool {
        let played = self.played.get();
        played.is_some_and(|it| it.as_ref().is_ok_and(|it| it.is_interrupted))
    }
}

/// Plays, so that whatever happens is told to every trial, and happens once.
fn played(options: &Options) -> Result<Played, String> {
    let played = panic::catch_unwind(AssertUnwindSafe(|| play(options, None)));
    let played = played.unwrap_or_else(|_| Err(Failure::Defect("confcall panicked".to_owned())));
    played.map_err(|failure| failure.messages().join("\n"))
}
