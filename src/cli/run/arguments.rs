//! The arguments of `confcall run`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches as _};
use url::Url;

use crate::api::party::Party;
use crate::cli::ca;
use crate::cli::failure::Failure;
use crate::cli::injection::Injection;
use crate::cli::scenarios::Which;
use crate::cli::usage::UsageError;
use crate::cli::values;
use crate::cli::values::{ReportFile, StateSource};
use crate::http::interception::NamedHost;
use crate::judge::shard::Shard;

/// What `confcall run --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  confcall run                                     the built-in pair, every scenario
  confcall run --service http://localhost:8080 --given assume
  confcall run --bot http://localhost:3978/callback --trigger http://localhost:3978/trigger
  confcall run --service https://localhost:8443 --ca service.pem --tls
  confcall run --bot http://localhost:3978/callback --trigger http://localhost:3978/trigger \\
    --intercept graph.microsoft.com --proxy-listen 8081
                                                   a bot whose service address cannot be changed
  confcall run '*/pt-BR/*' --role bot --report junit=report.xml

Exit codes:
  0 something passed and nothing else is wrong     1 a violation, or something not judged
  2 bad usage or input    3 the environment failed    70 a defect of confcall    130 interrupted";

/// The arguments of `confcall run`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) injection: Injection,
    /// Read settings from this file; options override them [default: confcall.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Judge only this party of the built-in pair: bot, service
    #[arg(
        long,
        value_name = "ROLE",
        hide_possible_values = true,
        help_heading = "Scenarios"
    )]
    pub(super) role: Option<Party>,

    /// Judge the service at this address; confcall plays the bot
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", conflicts_with = "bot")]
    pub(super) service: Option<Url>,
    /// Listen here for the service's notifications [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "service")]
    pub(super) callback_listen: Option<SocketAddr>,
    /// The callback address to give to the service, if it differs from `--callback-listen`
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "service")]
    pub(super) callback_url: Option<Url>,
    /// Judge the bot with this callback; confcall plays the service
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target")]
    pub(super) bot: Option<Url>,
    /// Send triggers to this address of the bot
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "bot")]
    pub(super) trigger: Option<Url>,
    /// Listen here for the bot's requests [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "bot")]
    pub(super) listen: Option<SocketAddr>,
    /// The service's address to give to the bot, if it differs from `--listen`
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "bot")]
    pub(super) public_url: Option<Url>,
    /// Also be the bot's proxy (`HTTPS_PROXY`), and answer for these hosts as the service
    #[arg(
        long,
        value_name = "HOST",
        num_args = 1..,
        help_heading = "Target",
        requires = "bot",
        conflicts_with = "public_url"
    )]
    pub(super) intercept: Vec<NamedHost>,
    /// Listen here as the bot's proxy [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "intercept")]
    pub(super) proxy_listen: Option<SocketAddr>,
    /// Sign notifications for this application id, as the platform does
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new(), help_heading = "Target", requires = "bot", conflicts_with = "service")]
    pub(super) application: Option<String>,
    /// The bearer token to send
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true,
        help_heading = "Target"
    )]
    pub(super) token: Option<String>,
    /// How provider states come about: create, assume, or the URL of a hook [default: create]
    #[arg(long, value_name = "HOW", value_parser = values::given, help_heading = "Target")]
    pub(super) given: Option<StateSource>,

    #[command(flatten)]
    pub(super) tls: ca::Tls,

    /// How long to wait for each expected message [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    pub(super) deadline: Option<Duration>,
    /// How long to wait for surplus messages, once, at the end [default: 250ms; 0 for the built-in pair]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    pub(super) settle: Option<Duration>,
    /// Judge by the page's structure to the letter: no alternatives, no correlation
    #[arg(long, help_heading = "Judging")]
    pub(super) literal: bool,
    /// Fail where the contract only says SHOULD
    #[arg(long, help_heading = "Judging")]
    pub(super) strict: bool,
    /// Play only this shard of the selected scenarios, such as 2/8 (see `confcall merge`)
    #[arg(long, value_name = "SHARE", help_heading = "Scenarios")]
    pub(super) shard: Option<Shard>,
    /// How many scenarios to play at a time
    #[arg(long, short, value_name = "COUNT", help_heading = "Judging")]
    pub(super) jobs: Option<NonZeroUsize>,

    /// List which requirements were met, broken, or not tested
    #[arg(long, help_heading = "Reports")]
    pub(super) coverage: bool,
    /// Compare each conversation with the accepted one in this folder (see `confcall accept`)
    #[arg(long, value_name = "DIR", help_heading = "Reports")]
    pub(super) snapshots: Option<PathBuf>,
    /// Also write a report: json=FILE, junit=FILE or html=FILE (repeatable)
    #[arg(long, value_name = "KIND=FILE", value_parser = values::report, help_heading = "Reports")]
    pub(super) report: Vec<ReportFile>,
}

impl Arguments {
    /// Those of a command line that says nothing. The environment may still say something.
    ///
    /// # Errors
    ///
    /// Variables of the environment that make no sense.
    pub(super) fn none() -> Result<Self, Failure> {
        let command = Self::augment_args(Command::new("confcall"));
        let read = command.try_get_matches_from(["confcall"]);
        read.and_then(|read| Self::from_arg_matches(&read))
            .map_err(|error| UsageError::Arguments(error).into())
    }
}
