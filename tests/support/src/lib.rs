//! Helpers shared by the tests that run the binary.
//!
//! Helpers panic where a test cannot be set up: the test then fails, and the place says why.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

pub mod bot;
pub mod cassette;
pub mod http;
pub mod process;
#[cfg(unix)]
pub mod terminal;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Runs the selected trials. `--exact` with a name that no trial has is an error: nothing would run,
/// and nothing would fail.
pub fn run_trials(arguments: &Arguments, trials: Vec<Trial>) -> ExitCode {
    if let (true, Some(name)) = (arguments.exact, &arguments.filter)
        && !trials.iter().any(|trial| trial.name() == name)
    {
        eprintln!("error: no test is named `{name}`");
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(arguments, trials).exit_code()
}
