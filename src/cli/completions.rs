//! `confcall completions`.

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell that the script is for
    shell: Shell,
}

pub(crate) fn command(
    arguments: &Arguments,
    mut cli: Command,
    output: Output,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut cli, "confcall", &mut script);
    output.print_raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
