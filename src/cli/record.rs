//! `confcall record`: records the traffic between a bot and a service.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use tokio::time::sleep;
use url::{Host, Url};

use super::exit::Exit;
use super::failure::{EnvironmentError, Failure};
use super::output;
use super::output::Output;
use super::progress::{Progress, REDRAWN_EVERY};
use super::tls::{self, Tls};
use super::usage::UsageError;
use crate::cassette::format::Direction;
use crate::cassette::journal::{Journal, JournalError};
use crate::config;
use crate::config::values;
use crate::diagnostic::path::Shown as _;
use crate::http::Listener;
use crate::http::interception::NamedHost;
use crate::http::tls::Authority;
use crate::record;
use crate::record::{Bot, Bots, Parties, Service, Sinks};
use crate::redact::{ProjectRedaction, Redactor};
use crate::replay::recording::file;
use crate::replay::recording::summary::Summary;
use tokio_util::sync::CancellationToken;

pub(crate) const EXAMPLES: &str = concat!(
    "\
confcall prints `listening URL` for each listener: first for the bot's requests, then for the service's notifications. \
It records until ",
    end_request!(),
    ". Then it prints a summary, and lists the exchanges that cannot be replayed. \
Secrets are replaced before anything is written. \
`confcall ca` explains how to make the bot trust the certificates of --intercept.

Examples:
  confcall record --cassette call.jsonl --service http://localhost:8080 --listen 8081
  confcall record --cassette call.jsonl --service http://localhost:8080 \\
    --bot http://localhost:3978/callback
  confcall record --cassette call.jsonl --service https://api.example --ca api.pem --tls
  confcall record --cassette call.jsonl --intercept graph.microsoft.com --listen 8081
  HTTPS_PROXY=http://127.0.0.1:8081 NODE_EXTRA_CA_CERTS=$(confcall ca | head -n 1) node bot.js"
);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The cassette to write
    #[arg(long, value_name = "FILE")]
    cassette: PathBuf,
    /// Forward the bot's requests to this service
    #[arg(
        long,
        value_name = "URL",
        value_parser = values::base,
        required_unless_present = "intercept"
    )]
    service: Option<Url>,
    /// Instead of --service: act as the bot's proxy (`HTTPS_PROXY`), and record its requests to these hosts
    #[arg(long, value_name = "HOST", num_args = 1.., conflicts_with = "service")]
    intercept: Vec<NamedHost>,
    /// Forward the service's notifications to this callback of the bot, and record them too
    #[arg(long, value_name = "URL", value_parser = values::url)]
    bot: Option<Url>,
    /// Listen here for the bot's requests [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    listen: Option<SocketAddr>,
    /// Listen here for the service's notifications [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    callback_listen: Option<SocketAddr>,
    /// The callback address to give to the service, if it differs from `--callback-listen`
    #[arg(long, value_name = "URL", value_parser = values::origin, requires = "bot")]
    callback_url: Option<Url>,
    /// Append to the cassette if it exists
    #[arg(long)]
    append: bool,
    /// Record only the length and the SHA-256 of bodies that are longer than this
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = values::size)]
    max_body: usize,
    #[command(flatten)]
    tls: Tls,
    /// Read `[redaction]` from this file [default: confcall.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let interception = arguments.tls.interception(&arguments.intercept)?;
    let authority = arguments.tls.authority()?;
    let tls = arguments.tls.trust()?.client_config();
    let redactor = redactor(arguments.config.as_deref())?;
    let runtime = super::server_runtime()?;
    let shutdown = CancellationToken::new();
    let cassette = arguments.cassette.clone();
    runtime.block_on(async {
        super::interrupt_on_signals(&shutdown);
        let authority = authority.as_deref();
        let listener = bind(arguments.listen, &arguments, authority).await?;
        let mut text = format!("listening {}\n", listener.url());
        let mut directions = vec![Direction::Request];
        let bot = match &arguments.bot {
            Some(bot) => {
                let listener = bind(arguments.callback_listen, &arguments, authority).await?;
                let _ = writeln!(text, "listening {}", listener.url());
                directions.push(Direction::Notification);
                Bots::One(Box::new(Bot {
                    url: bot.clone(),
                    listener,
                    public: arguments.callback_url.clone(),
                }))
            }
            None => Bots::None,
        };
        let journal = journal(&arguments, &directions)?;
        output.print(&text)?;
        let service = match (arguments.service, interception) {
            (Some(url), _) => Service::At(url),
            (None, Some(interception)) => Service::Named(Arc::new(interception)),
            (None, None) => unreachable!("one of the two is required"),
        };
        let parties = Parties {
            injection: None,
            service,
            bot,
            listener,
            tls,
            warn,
            aside: None,
            stubs: None,
        };
        let last = journal.last();
        let sinks = Sinks {
            journal: Some(journal),
            observer: None,
            redactor: redactor.into(),
            max_body: arguments.max_body,
        };
        let recorded = tokio::select! {
            recorded = record::record(parties, sinks, shutdown) => recorded,
            never = count(&last) => never,
        };
        recorded.map_err(EnvironmentError::Record)?;
        Ok::<_, Failure>(())
    })?;
    output.print(&recorded(&cassette)?)?;
    Ok(Exit::Success)
}

/// Shows the number of exchanges while it grows.
async fn count<T>(last: &AtomicU64) -> T {
    let progress = Progress::endless();
    loop {
        let count = last.load(Ordering::Relaxed);
        progress.say(format!("{count} exchanges; Ctrl-C ends the recording"));
        sleep(REDRAWN_EVERY).await;
    }
}

/// What the cassette holds.
fn recorded(cassette: &Path) -> Result<String, Failure> {
    let (recording, _) = file::open(cassette)?;
    let summary = Summary::of(recording.index());
    let summary = summary.map_err(|lost| EnvironmentError::Replay(lost.into()))?;
    Ok(format!("{}: {summary}\n", cassette.shown()))
}

fn warn(text: &str) {
    output::warn(text);
}

/// The redactor of a recording, with `[redaction]` of this file, or else of `confcall.toml` if it exists. The
/// key of its pseudonyms is random and stored nowhere.
pub(crate) fn redactor(config: Option<&Path>) -> Result<Redactor, Failure> {
    redactor_of(config::load(config)?.redaction)
}

/// A redactor with these rules of a project and a key of its own.
pub(crate) fn redactor_of(project: ProjectRedaction) -> Result<Redactor, Failure> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(EnvironmentError::Random)?;
    Ok(Redactor::with(key, project))
}

/// A listener that is neither of the parties: the proxy would send to itself.
async fn bind(
    address: Option<SocketAddr>,
    arguments: &Arguments,
    authority: Option<&Authority>,
) -> Result<Listener, Failure> {
    let parties = [&arguments.service, &arguments.bot];
    refuse_own(parties.into_iter().flatten(), address)?;
    Ok(tls::listen(address, authority).await?)
}

/// An error if confcall would listen where one of the parties is.
pub(super) fn refuse_own<'a>(
    mut parties: impl Iterator<Item = &'a Url>,
    address: Option<SocketAddr>,
) -> Result<(), UsageError> {
    let own = parties.find(|it| address.is_some_and(|address| is_at(it, address)));
    own.map_or(Ok(()), |own| Err(UsageError::ListensAtParty(own.clone())))
}

/// True if the URL names a listener on this address.
fn is_at(url: &Url, address: SocketAddr) -> bool {
    let is_host = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" && is_local(address.ip()),
        Some(Host::Ipv4(ip)) => is_same(ip.into(), address.ip()),
        Some(Host::Ipv6(ip)) => is_same(ip.into(), address.ip()),
        None => false,
    };
    is_host && url.port_or_known_default() == Some(address.port())
}

fn is_same(ip: IpAddr, listening: IpAddr) -> bool {
    ip == listening || (is_local(ip) && listening.is_unspecified())
}

const fn is_local(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

fn journal(arguments: &Arguments, directions: &[Direction]) -> Result<Journal, Failure> {
    let path = &arguments.cassette;
    let opened = if arguments.append && path.exists() {
        Journal::append(path, directions).map(|(journal, torn)| {
            if let Some(torn) = torn {
                output::warn(torn);
            }
            journal
        })
    } else {
        return created(path, directions);
    };
    opened.map_err(journal_failure)
}

/// A new cassette.
pub(super) fn created(path: &Path, directions: &[Direction]) -> Result<Journal, Failure> {
    Journal::create(path, directions).map_err(journal_failure)
}

fn journal_failure(error: JournalError) -> Failure {
    match error {
        JournalError::Store(error) => error.into(),
        other => UsageError::Journal(other).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confcall_is_not_its_own_upstream() {
        for (url, address, is_own) in [
            ("http://localhost:1/a", "127.0.0.1:1", true),
            ("http://127.0.0.1:1", "0.0.0.0:1", true),
            ("http://[::1]:1", "[::]:1", true),
            ("http://127.0.0.1:2", "127.0.0.1:1", false),
            ("http://example.com:1", "127.0.0.1:1", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(is_at(&url, address.parse().unwrap()), is_own, "{url}");
        }
    }
}
