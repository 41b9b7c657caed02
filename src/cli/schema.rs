//! `confcall schema`: the JSON Schemas of the files, made from the types.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::cassette::format::Line;
use crate::config::Config;
use crate::contract::extracted::Extracted;
use crate::scenario::format::Script;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The kind of file: scenario, cassette, config, contract
    #[arg(
        value_name = "WHAT",
        default_value = "scenario",
        hide_possible_values = true
    )]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// A scenario file
    Scenario,
    /// A line of a cassette
    Cassette,
    /// `confcall.toml`
    Config,
    /// An extracted contract
    Contract,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    output.print(&text(arguments.what))?;
    Ok(Exit::Success)
}

pub(crate) fn text(what: What) -> String {
    let schema = match what {
        What::Scenario => schemars::schema_for!(Script),
        What::Cassette => schemars::schema_for!(Line),
        What::Config => schemars::schema_for!(Config),
        What::Contract => schemars::schema_for!(Extracted),
    };
    format!("{:#}\n", schema.to_value())
}
