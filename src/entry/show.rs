//! `confcall show`.

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::scenarios::Source;
use crate::logic::selection::{Filter, Selection};
use crate::model::scenario::Scenario;
use crate::report::conversation;

/// The arguments of `confcall show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario's id, or a filter that only one id matches
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    source: Source,
}

/// Shows one scenario as readable text.
///
/// # Errors
///
/// Broken or absent scenarios, and an id that is none or several.
pub fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let all = arguments.source.load()?;
    let scenario = one(&arguments.id, &all)?;
    output.print(&conversation::show(scenario))?;
    Ok(Exit::Success)
}

fn one<'a>(id: &str, all: &'a [Scenario]) -> Result<&'a Scenario, Failure> {
    if let Some(exact) = all.iter().find(|it| it.id.as_str() == id) {
        return Ok(exact);
    }
    let selection = Selection {
        filters: vec![Filter::parse(id).map_err(Failure::Usage)?],
        ..Selection::default()
    };
    match selection.pick(all)?.as_slice() {
        [only] => Ok(only),
        several => {
            let ids: Vec<_> = several
                .iter()
                .map(|it| format!("\n    {}", it.id))
                .collect();
            Err(Failure::Usage(format!(
                "`{id}` is a part of {} ids; name one of them:{}",
                several.len(),
                ids.concat()
            )))
        }
    }
}
