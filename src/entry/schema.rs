//! `confcall schema`: the JSON Schema of scenario files, made from the types.

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::model::scenario::Script;

/// Prints the schema.
///
/// # Errors
///
/// Standard output that takes nothing.
pub fn command(output: Output) -> Result<Exit, Failure> {
    output.print(&text())?;
    Ok(Exit::Success)
}

/// The schema, as it is kept in `schemas/scenario.schema.json`.
pub fn text() -> String {
    format!("{:#}\n", schemars::schema_for!(Script).to_value())
}
