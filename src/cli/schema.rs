//! `confcall schema`: the JSON Schemas of the files, made from the types.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::cassette::format::Line;
use crate::config::Config;
use crate::contract::extracted::Extracted;
use crate::contract::lifecycle::LifeCycles;
use crate::contract::operation::Operations;
use crate::contract::types::Kinds;
use crate::judge::verdict::Run;
use crate::report::events::Event;
use crate::report::remarks::Document;
use crate::report::remarks::baseline::Baseline;
use crate::scenario::format::Script;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The kind of file
    #[arg(value_name = "WHAT", default_value = "scenario")]
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
    /// A JSON report
    Report,
    /// A line of the events of a run
    Events,
    /// A JSON report of `confcall lint` or `confcall drift`
    Pages,
    /// A baseline of `confcall lint` or `confcall drift`
    Baseline,
    /// An extracted contract
    Contract,
    /// The table of operations beside a contract
    Operations,
    /// The table of life cycles beside a contract
    Lifecycles,
    /// The table of types beside a contract
    Types,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    output.print_raw(&text(arguments.what))?;
    Ok(Exit::Success)
}

pub(crate) fn text(what: What) -> String {
    let schema = match what {
        What::Scenario => schemars::schema_for!(Script),
        What::Cassette => schemars::schema_for!(Line),
        What::Config => schemars::schema_for!(Config),
        What::Report => schemars::schema_for!(Run),
        What::Events => schemars::schema_for!(Event),
        What::Pages => schemars::schema_for!(Document<'_>),
        What::Baseline => schemars::schema_for!(Baseline),
        What::Contract => schemars::schema_for!(Extracted),
        What::Operations => schemars::schema_for!(Operations),
        What::Lifecycles => schemars::schema_for!(LifeCycles),
        What::Types => schemars::schema_for!(Kinds),
    };
    format!("{:#}\n", schema.to_value())
}
