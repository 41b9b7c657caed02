//! `confcall show`: shows a scenario or a recording as text.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::completions::candidates;
use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::record;
use super::scenarios::{Among, Injection, Which, judged};
use super::usage::UsageError;
use crate::api::party::Party;
use crate::cassette::format::Form;
use crate::cassette::har;
use crate::cassette::read;
use crate::diagnostic::path::Shown as _;
use crate::inject::InjectionChoice;
use crate::judge;
use crate::judge::redaction;
use crate::report::conversation;
use crate::report::conversation::Names;
use crate::report::html;
use crate::scenario::format::Scenario;
use crate::scenario::selection::{Filter, Scope};

pub(crate) const EXAMPLES: &str = "\
Examples:
  confcall show beta@2021-02/invite-one-pstn
  confcall show --operation keepAlive --api beta --edition 2022-04 keep-alive
  confcall show call.jsonl
  confcall show call.jsonl --format har > call.har
  confcall show call.jsonl --format html > call.html";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A scenario's id, a filter that matches one scenario, a cassette, or a HAR file
    #[arg(value_name = "WHAT", add = candidates::scenarios_and_files())]
    what: String,
    /// The output format of a recording: text, har, html
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    format: Format,
    #[command(flatten)]
    among: Among,
    #[command(flatten)]
    injection: Injection,
    /// Only a scenario that judges this party: bot, service
    #[arg(
        long,
        value_name = "ROLE",
        hide_possible_values = true,
        help_heading = "Scenarios"
    )]
    role: Option<Party>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// HAR 1.2, for browsers and other tools
    Har,
    /// A page with the sequence drawn
    Html,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let path = Path::new(&arguments.what);
    if path.exists() && !path.is_dir() {
        let (recording, torn) = read::load(path, Form::Written)?;
        if let Some(torn) = torn {
            output::warn(torn);
        }
        let recording = redaction::recording(recording, &record::redactor(None)?);
        match arguments.format {
            Format::Text => {
                let traffic = judge::recording::traffic(&recording);
                output.print(&conversation::traffic(&traffic, &Names::NONE))?;
            }
            Format::Har => output.print_json(&har::write(&recording))?,
            Format::Html => {
                let traffic = judge::recording::traffic(&recording);
                let page = html::recording(&path.shown(), &traffic);
                let page = page.map_err(|error| Failure::Defect(error.to_string()))?;
                output.print_raw(&page)?;
            }
        }
        return Ok(Exit::Success);
    }
    let is_named_so = path
        .extension()
        .is_some_and(|it| it == "jsonl" || it == "har");
    if is_named_so || arguments.format != Format::Text {
        return Err(UsageError::NoRecording(arguments.what.clone()).into());
    }
    output.print(&conversation::show(&one(arguments)?))?;
    Ok(Exit::Success)
}

fn one(arguments: &Arguments) -> Result<Scenario, Failure> {
    let which = Which {
        filters: vec![Filter::parse(&arguments.what)?],
        among: arguments.among.clone(),
    };
    let (injection, scope) = (&arguments.injection, Scope::Everything);
    let roles = judged(arguments.role);
    let selected = injection.select(&which, &roles, InjectionChoice::None, scope)?;
    match <[Scenario; 1]>::try_from(selected.picked) {
        Ok([only]) => Ok(only),
        Err(several) => {
            let ids = several.iter().map(|it| format!("\n    {}", it.id));
            Err(Failure::from(UsageError::SeveralScenarios {
                text: arguments.what.clone(),
                ids: ids.collect(),
            }))
        }
    }
}
