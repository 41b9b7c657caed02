//! `confcall show`.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::record;
use super::scenarios::Source;
use super::usage::UsageError;
use crate::cassette::har;
use crate::cassette::read;
use crate::judge;
use crate::judge::redaction;
use crate::report::conversation;
use crate::report::conversation::Names;
use crate::scenario::format::Scenario;
use crate::scenario::selection::{Filter, Selection};

pub(crate) const EXAMPLES: &str = "\
Examples:
  confcall show beta@2021-02/invite-one-pstn
  confcall show call.jsonl
  confcall show call.jsonl --format har > call.har";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A scenario's id, a filter that matches one scenario, a cassette, or a HAR file
    #[arg(value_name = "WHAT")]
    what: String,
    /// The output format of a recording: text, har
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    format: Format,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// HAR 1.2, for browsers and other tools
    Har,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let path = Path::new(&arguments.what);
    if path.is_file() {
        let (recording, torn) = read::load(path)?;
        if let Some(torn) = torn {
            output::warn(torn);
        }
        let recording = redaction::recording(recording, &record::redactor(None)?);
        let text = match arguments.format {
            Format::Text => {
                conversation::traffic(&judge::recording::traffic(&recording), &Names::NONE)
            }
            Format::Har => har::write(&recording),
        };
        output.print(&text)?;
        return Ok(Exit::Success);
    }
    let is_named_so = path
        .extension()
        .is_some_and(|it| it == "jsonl" || it == "har");
    if is_named_so || arguments.format == Format::Har {
        return Err(UsageError::NoRecording(arguments.what.clone()).into());
    }
    let all = arguments.source.load()?;
    let scenario = one(&arguments.what, &all)?;
    output.print(&conversation::show(scenario))?;
    Ok(Exit::Success)
}

fn one<'a>(id: &str, all: &'a [Scenario]) -> Result<&'a Scenario, Failure> {
    if let Some(exact) = all.iter().find(|it| it.id.as_str() == id) {
        return Ok(exact);
    }
    let selection = Selection {
        filters: vec![Filter::parse(id)?],
        ..Selection::default()
    };
    match selection.pick(all)?.as_slice() {
        [only] => Ok(only),
        several => {
            let ids = several.iter().map(|it| format!("\n    {}", it.id));
            Err(Failure::from(UsageError::SeveralScenarios {
                text: id.to_owned(),
                ids: ids.collect(),
            }))
        }
    }
}
