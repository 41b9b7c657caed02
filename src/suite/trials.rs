//! Trials, as test runners know them: their names, their results, and how they are run.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};

use crate::api::party::Party;
use crate::cli::{environment, output};
use crate::diagnostic::with_remedy;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::report::junit;
use crate::report::terminal;
use crate::report::text::Look;
use crate::scenario::format::ScenarioId;

/// The name of the trial that judges a party by a scenario: the id, with `::` for `/`, and the party.
pub(crate) fn name(scenario: &ScenarioId, role: Party) -> String {
    format!("{}::{role}", scenario.as_str().replace('/', "::"))
}

/// A result for a test runner: only a pass has passed; skipped scenarios and known failures are
/// ignored, with the reason.
///
/// # Errors
///
/// Any other result, as [`failed`] shows it.
pub(crate) fn completion(result: &ScenarioResult) -> Result<Completion, Failed> {
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

/// A result that did not pass, as the failure of a trial, in the words of a run's report. If nextest runs
/// this process, the rule goes to it, for the message in its reports.
pub(crate) fn failed(result: &ScenarioResult) -> Failed {
    show_in_nextest(&junit::headline(result));
    report(result).into()
}

/// Writes the message of a failure as nextest looks for it on standard error, if nextest runs this
/// process.
pub(super) fn show_in_nextest(headline: &str) {
    if environment::is_nextest() {
        output::say(&format!("Error: {headline}"));
    }
}

/// A result that did not pass, as the report of a run shows it.
pub(super) fn report(result: &ScenarioResult) -> String {
    terminal::block(result, Look::PLAIN)
}

/// Runs the selected trials.
///
/// # Errors
///
/// `--exact` with a name that no trial has: nothing would be run, and nothing fail. The error was
/// shown; this is its exit code.
pub(super) fn run(arguments: &Arguments, trials: Vec<Trial>) -> Result<Conclusion, ExitCode> {
    if let (true, Some(name)) = (arguments.exact, &arguments.filter)
        && !trials.iter().any(|trial| trial.name() == name)
    {
        let message = format!("no test is named `{name}`");
        output::error(with_remedy(message, "`--list` shows them all"));
        return Err(ExitCode::FAILURE);
    }
    Ok(libtest_mimic::run(arguments, trials))
}
