//! `confcall list`: lists the scenarios.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::scenarios::{Injection, Which, judged};
use crate::api::party::Party;
use crate::inject::InjectionChoice;
use crate::report;
use crate::scenario::selection::Scope;

pub(crate) const EXAMPLES: &str = "\
Without options, the list has every scenario. A run against a target plays fewer: those of v1.0 in the newest edition \
of each page, unless options or confcall.toml select others.

Examples:
  confcall list --operation answer,reject --role bot
  confcall list --api v1.0 --edition 2023-02       what a run against a target plays
  confcall list --inject fast --format json";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    injection: Injection,
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
    let roles = judged(arguments.role);
    let (injection, which) = (&arguments.injection, &arguments.which);
    let selected = injection.select(which, &roles, InjectionChoice::None, Scope::Everything)?;
    let scenarios: Vec<_> = selected.picked.iter().collect();
    match arguments.format {
        Format::Text => output.print(&report::list::text(&scenarios))?,
        Format::Json => {
            let text = report::list::json(&scenarios)
                .map_err(|error| Failure::Defect(format!("the list is not JSON: {error}")))?;
            output.print_json(&text)?;
        }
    }
    Ok(Exit::Success)
}
