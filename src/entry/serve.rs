//! `confcall serve`: one of the built-in pair alone, for other people's tests.

use std::net::SocketAddr;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::values;
use crate::logic::verdict::Role;

/// The arguments of `confcall serve`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Serve the bot instead of the service
    #[arg(long)]
    bot: bool,
    /// Speak as this edition of the pages does, such as 2019-05
    #[arg(long, value_name = "EDITION")]
    edition: Option<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = values::listen)]
    listen: SocketAddr,
    /// Depart from the contract in this way (see `confcall selftest`)
    #[arg(long, value_name = "NAME", hide = true)]
    fault: Option<String>,
}

/// What is served.
#[derive(Debug)]
pub struct Options {
    /// The party.
    pub role: Role,
    /// The edition that it speaks; none for the newest.
    pub edition: Option<String>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The fault that it has.
    pub fault: Option<String>,
}

impl From<Arguments> for Options {
    fn from(arguments: Arguments) -> Self {
        Self {
            role: if arguments.bot {
                Role::Bot
            } else {
                Role::Service
            },
            edition: arguments.edition,
            listen: arguments.listen,
            fault: arguments.fault,
        }
    }
}

/// Serves until it is interrupted.
///
/// # Errors
///
/// An edition or a fault that is unknown, and a port that is taken.
pub fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    serve(&arguments.into(), output)
}

fn serve(_options: &Options, _output: Output) -> Result<Exit, Failure> {
    Err(Failure::Defect("serve: not wired yet".to_owned()))
}
