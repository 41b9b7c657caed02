//! `confcall selftest`: every deliberate fault of the built-in pair, and every harmless variation.

use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::list::Format;
use super::output::Output;
use super::values;

/// The arguments of `confcall selftest`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only faults and variations whose name holds this
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// How to show the table: text, json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub format: Format,
    /// How long to wait for each expected message
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = values::duration)]
    pub deadline: Duration,
}

/// Prints which faults are caught by which rule.
///
/// # Errors
///
/// Sockets that cannot be opened.
pub fn command(_arguments: &Arguments, _output: Output) -> Result<Exit, Failure> {
    Err(Failure::Defect("selftest: not wired yet".to_owned()))
}
