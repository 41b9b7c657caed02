//! `confcall check`: judges recordings, offline.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::record;
use super::reports::{ReportFile, Reports};
use super::run::annotations;
use super::scenarios::Among;
use super::usage::UsageError;
use crate::api::party::Party;
use crate::cassette::read;
use crate::judge;
use crate::judge::recording::check;
use crate::judge::recording::secrets;
use crate::judge::recording::secrets::Secret;
use crate::judge::redaction;
use crate::judge::verdict::{Run, Target};
use crate::report::{not_covered, terminal};
use crate::scenario::selection::Filter;

/// What `confcall check --help` ends with.
pub const EXAMPLES: &str = "\
Each conversation in a recording is compared with the scenario that it follows, for each party
separately. Steps of a direction that was not recorded are untested, not missing.

Examples:
  confcall check call.jsonl
  confcall check --edition 2021-02 --strict call.jsonl browser.har";

/// The arguments of `confcall check`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Cassettes and HAR files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only scenarios with this part in their id, or that this glob matches (repeatable)
    #[arg(long, value_name = "FILTER", value_parser = Filter::parse, help_heading = "Scenarios")]
    filter: Vec<Filter>,
    #[command(flatten)]
    among: Among,
    /// Judge by the page's structure to the letter: no alternatives, no correlation
    #[arg(long, help_heading = "Judging")]
    literal: bool,
    /// Fail where the contract only says SHOULD, and where an exchange fits no scenario
    #[arg(long, help_heading = "Judging")]
    strict: bool,
    /// Also write a report: json=FILE, junit=FILE or html=FILE (repeatable)
    #[arg(long, value_name = "KIND=FILE", help_heading = "Reports")]
    report: Vec<ReportFile>,
}

/// How many places of secrets are told of one file.
const TOLD: usize = 10;

/// Warns of what a recorder would have replaced.
fn tell_secrets(file: &str, secrets: &[Secret]) {
    for secret in secrets.iter().take(TOLD) {
        output::warn(format!(
            "{file}: exchange {} holds what looks like a secret: {}",
            secret.exchange, secret.place
        ));
    }
    if secrets.len() > TOLD {
        output::warn(format!("{file}: and {} more", secrets.len() - TOLD));
    }
}

/// Judges recordings.
///
/// # Errors
///
/// Broken or absent scenarios and recordings.
pub fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let mut scenarios = arguments.among.select(&arguments.filter)?;
    scenarios.judging(&[Party::Bot])?;
    let cases = judge::cases(&scenarios.all, &scenarios.picked);
    let options = judge::Options {
        literal: arguments.literal,
        strict: arguments.strict,
        ..judge::Options::default()
    };
    let reports = Reports::new(arguments.report.clone())?;
    let mut results = Vec::new();
    let mut strangers = String::new();
    let mut names = Vec::new();
    let redactor = record::redactor(None)?;
    for file in &arguments.files {
        let (recording, torn) = read::load(file)?;
        if let Some(torn) = torn {
            output::warn(torn);
        }
        if recording.exchanges().is_empty() {
            return Err(UsageError::NoExchange(file.clone()).into());
        }
        let name = file.display().to_string();
        let secrets = secrets::secrets(&recording);
        tell_secrets(&name, &secrets);
        if !secrets.is_empty() {
            // What one exchange gives away may stand in the report of another.
            redaction::learn(&recording, &redactor);
        }
        let mut checked = check::check(recording, &cases, &options);
        redaction::not_covered(&mut checked.not_covered, &redactor);
        strangers.push_str(&not_covered::render(
            &name,
            &checked.not_covered,
            output.look,
        ));
        results.extend(checked.results);
        names.push(name);
    }
    let target = Target {
        role: None,
        url: Some(names.join(", ")),
    };
    let mut run = Run::new(target, results);
    redaction::run(&mut run, &redactor);
    let mut text = strangers.clone();
    text.push_str(&terminal::render(&run, begun.elapsed(), output.look));
    text.push_str(&annotations(&run));
    output.print(&text)?;
    let mut exit = Exit::of_run(&run);
    if arguments.strict && !strangers.is_empty() {
        exit = exit.worse(Exit::Failed);
    }
    Ok(exit.worse(reports.write(&run)))
}
