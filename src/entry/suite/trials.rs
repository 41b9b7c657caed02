//! Trials, as test runners know them: their names, what a result is to them, and how they are run.

use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};

use crate::entry::output;
use crate::logic::verdict::{Role, ScenarioResult, Verdict};
use crate::model::scenario::ScenarioId;
use crate::report::junit;
use crate::report::paint::Look;
use crate::report::terminal;

/// The name of the trial that judges a party by a scenario: the id, with `::` for `/`, and the party.
pub fn name(scenario: &ScenarioId, role: Role) -> String {
    format!("{}::{role}", scenario.as_str().replace('/', "::"))
}

/// What a result is to a test runner: only a pass has passed, what was skipped and what fails as
/// listed is ignored, with the reason.
///
/// # Errors
///
/// A result that is neither, as the report of a run shows it.
pub fn completion(result: &ScenarioResult) -> Result<Completion, Failed> {
    match result.verdict {
        Verdict::Pass => Ok(Completion::Completed),
        Verdict::Skip => Ok(Completion::ignored_with(&result.reason)),
        Verdict::Known => Ok(Completion::ignored_with(format!(
            "known: {}",
            result.reason
        ))),
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => Err(failed(result)),
    }
}

/// A result that did not pass, as the failure of a trial.
pub fn failed(result: &ScenarioResult) -> Failed {
    tell_runner(&junit::headline(result));
    report(result).into()
}

/// Tells a runner that gives each trial a process what to show as its message: nextest looks for it
/// on standard error, in this form.
pub(super) fn tell_runner(headline: &str) {
    let mode = std::env::var_os("NEXTEST_EXECUTION_MODE");
    if mode.is_some_and(|it| it == "process-per-test") {
        output::tell(&format!("Error: {headline}"));
    }
}

/// A result that did not pass, as the report of a run shows it.
pub(super) fn report(result: &ScenarioResult) -> String {
    terminal::block(result, Look::PLAIN)
}

/// A name that is asked for to the letter, and that no trial has.
#[derive(Debug, thiserror::Error)]
#[error("no test is named `{0}`\n  = help: `--list` shows them all")]
pub struct Unknown(String);

/// Runs the trials that are asked for.
///
/// # Errors
///
/// `--exact` with a name that no trial has: nothing would be run, and nothing fail.
pub fn run(arguments: &Arguments, trials: Vec<Trial>) -> Result<Conclusion, Unknown> {
    if let (true, Some(name)) = (arguments.exact, &arguments.filter)
        && !trials.iter().any(|trial| trial.name() == name)
    {
        return Err(Unknown(name.clone()));
    }
    Ok(libtest_mimic::run(arguments, trials))
}
