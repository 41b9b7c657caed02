//! `confcall list`: lists the scenarios.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::run;
use super::scenarios::{Injection, Selected, Which, judged};
use crate::api::party::Party;
use crate::config;
use crate::inject::InjectionChoice;
use crate::report;
use crate::scenario::format::Scenario;
use crate::scenario::selection::Scope;

pub(crate) const EXAMPLES: &str = "\
Without options, the list has every scenario. A run against a target plays fewer: those of v1.0 in the newest edition \
of each page, unless options or confcall.toml select others.

Examples:
  confcall list --operation answer,reject --role bot
  confcall list --api v1.0 --edition 2023-02       what a run against a target plays
  confcall list --config confcall.toml             what `confcall run` plays in this project
  confcall list --inject fast --format json";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    injection: Injection,
    /// List the scenarios that a run with this file plays; options override its settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// List nothing if the file has no `[target]`, for test frameworks that show the scenarios of a target
    #[arg(long, requires = "config")]
    of_target: bool,
    /// Only scenarios that judge this party: bot, service
    #[arg(
        long,
        value_name = "ROLE",
        hide_possible_values = true,
        help_heading = "Scenarios"
    )]
    role: Option<Party>,
    /// The output format: text, json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs, in a stable shape
    Json,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let (roles, selected) = match &arguments.config {
        Some(file) => of_project(arguments, file)?,
        None => (Vec::new(), of_arguments(arguments)?.picked),
    };
    let scenarios: Vec<_> = selected.iter().collect();
    match arguments.format {
        Format::Text => output.print(&report::list::text(&scenarios))?,
        Format::Json => {
            let text = report::list::json(&scenarios, &roles)
                .map_err(|error| Failure::Defect(format!("the list is not JSON: {error}")))?;
            output.print_json(&text)?;
        }
    }
    Ok(Exit::Success)
}

fn of_arguments(arguments: &Arguments) -> Result<Selected, Failure> {
    let (roles, which) = (judged(arguments.role), &arguments.which);
    let injection = &arguments.injection;
    injection.select(which, &roles, InjectionChoice::None, Scope::Everything)
}

/// What a run with this configuration and these arguments selects, and the parties that it judges.
fn of_project(arguments: &Arguments, file: &Path) -> Result<(Vec<Party>, Vec<Scenario>), Failure> {
    let mut config = config::load(Some(file))?;
    if arguments.of_target && config.target.is_none() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut run = run::Arguments::absent()?;
    run.which = arguments.which.clone();
    run.injection = arguments.injection.clone();
    run.role = arguments.role;
    run.complete(&mut config)?;
    let (parties, selected) = run.select(&config)?;
    Ok((parties, selected.picked))
}
