//! `confcall list`.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::scenarios::Which;
use crate::report;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
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
    let scenarios = arguments.which.select(&[])?;
    let scenarios: Vec<_> = scenarios.picked.iter().collect();
    let text = match arguments.format {
        Format::Text => report::list::text(&scenarios),
        Format::Json => report::list::json(&scenarios)
            .map_err(|error| Failure::Defect(format!("the list is no JSON: {error}")))?,
    };
    output.print(&text)?;
    Ok(Exit::Success)
}
