//! `confcall replay`: one party of a recording, for the other one live.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use url::Url;

use super::exit::Exit;
use super::failure::{EnvironmentError, Failure};
use super::output;
use super::output::Output;
use super::record;
use super::reports::{ReportFile, Reports};
use super::snapshots;
use super::snapshots::Conversation;
use super::tls::{self, Tls};
use super::usage::UsageError;
use crate::api::party::Party;
use crate::config::values;
use crate::http::{Client, Listener};
use crate::judge::redaction;
use crate::judge::verdict::{JudgedTarget, Run, Verdict};
use crate::replay::bot::Bot;
use crate::replay::live;
use crate::replay::live::ReplayOptions;
use crate::replay::recording::Indexed;
use crate::replay::recording::file;
use crate::replay::service::{Notifications, Options, Service, Serving};
use crate::replay::{Messages, Replayed};
use crate::report::{snapshot, terminal};
use tokio_util::sync::CancellationToken;

pub(crate) const EXAMPLES: &str = "\
Without --service, confcall plays the recorded service: requests get the recorded responses, and \
the bot's callback gets the recorded notifications. With --service, confcall plays the recorded bot. \
A difference from the recording ends in exit 1. \
Ids and times may differ, but one recorded value must correspond to one live value in the whole run.

Examples:
  confcall replay call.jsonl --listen 127.0.0.1:8080 --bot http://127.0.0.1:3978/callback
  confcall replay call.jsonl --service http://127.0.0.1:8080
  confcall replay call.jsonl --service http://127.0.0.1:8080 --snapshots snapshots
  confcall replay call.jsonl --service https://localhost:8443 --ca service.pem
  confcall replay call.jsonl --listen 127.0.0.1:8443 --tls
  confcall replay call.jsonl --listen 127.0.0.1:8080 --reuse";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The cassette or HAR file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Play the bot against the service at this address
    #[arg(long, value_name = "URL", value_parser = values::url)]
    service: Option<Url>,
    /// Send the recorded notifications to this callback of the bot, and nowhere else
    #[arg(long, value_name = "URL", value_parser = values::url, conflicts_with = "service")]
    bot: Option<Url>,
    /// Listen here for the bot's requests
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = values::listen)]
    listen: SocketAddr,
    /// Listen here for the service's notifications
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = values::listen)]
    callback_listen: SocketAddr,
    /// Call this hook of the service for the provider states that the recording needs
    #[arg(long, value_name = "URL", value_parser = values::url, requires = "service")]
    given: Option<Url>,
    /// The bearer token to send
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// End when nothing has happened for this long
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "5s")]
    deadline: Duration,
    /// The delay of recorded responses
    #[arg(
        long,
        value_name = "HOW",
        default_value = "none",
        conflicts_with = "service"
    )]
    timing: Timing,
    /// Serve each recorded response any number of times, until SIGTERM; none counts as unused
    #[arg(long, conflicts_with = "service")]
    reuse: bool,
    #[command(flatten)]
    tls: Tls,
    /// Compare the conversation with the accepted one in this folder (see `confcall accept`)
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Reports",
        conflicts_with = "reuse"
    )]
    snapshots: Option<PathBuf>,
    #[arg(
        long,
        value_name = "KIND=FILE",
        help = ReportFile::help("Also write a report"),
        help_heading = "Reports"
    )]
    report: Vec<ReportFile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timing {
    /// No delay
    None,
    /// The delay of the recording
    Recorded,
}

pub(crate) fn command(mut arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    let reports = Reports::new(std::mem::take(&mut arguments.report))?;
    snapshots::refuse_forced_passes(arguments.snapshots.as_deref())?;
    arguments.token = super::options::token(arguments.token)?;
    let (snapshots, token) = (arguments.snapshots.clone(), arguments.token.clone());
    let file = arguments.file.clone();
    let (recording, torn) = file::open(&arguments.file)?;
    if let Some(torn) = torn {
        output::warn(torn);
    }
    if recording.index().is_empty() {
        return Err(UsageError::NoExchange(arguments.file.clone()).into());
    }
    let redactor = record::redactor(None)?;
    let runtime = super::runtime()?;
    let shutdown = CancellationToken::new();
    let (target, replayed) = runtime.block_on(async {
        super::interrupt_on_signals(&shutdown);
        match arguments.service.clone() {
            Some(service) => bot(arguments, recording, service, shutdown, output).await,
            None => service(arguments, recording, shutdown, output).await,
        }
    })?;
    runtime.shutdown_background();
    let conversation = snapshots
        .filter(|_| !replayed.conversation.is_empty())
        .map(|folder| {
            let conversation = conversation(&folder, &file, &replayed, token.as_deref());
            (folder, conversation)
        });
    let mut run = Run::new(target, vec![replayed.result]);
    redaction::run(&mut run, &redactor);
    // Of a result that is well, the report shows nothing more.
    for result in run.results.iter().filter(|it| it.verdict == Verdict::Pass) {
        for note in &result.notes {
            output::say(&format!("note: {note}"));
        }
    }
    output.print(&terminal::render(&run, started.elapsed(), output.look))?;
    let mut exit = Exit::of_run(&run);
    if let Some((folder, conversation)) = conversation {
        exit = exit.worse(snapshots::compare(&folder, [conversation], output)?);
    }
    Ok(exit.worse(reports.write(&run)))
}

/// The conversation of a replay that is held against the accepted one.
fn conversation(
    folder: &Path,
    file: &Path,
    replayed: &Replayed,
    token: Option<&str>,
) -> Conversation {
    let file = snapshots::name_of(folder, file);
    let role = replayed.result.role;
    Conversation {
        name: format!("{file}__{role}"),
        description: format!("{role} of {file}"),
        content: snapshot::of_replay(replayed, token),
    }
}

async fn service(
    arguments: Arguments,
    recording: Indexed,
    shutdown: CancellationToken,
    output: Output,
) -> Result<(JudgedTarget, Replayed), Failure> {
    let listener = bind(arguments.listen, &arguments).await?;
    output.print(&format!("listening {}\n", listener.url()))?;
    let target = JudgedTarget {
        role: Some(Party::Bot),
        url: Some(
            arguments
                .bot
                .as_ref()
                .map_or_else(|| arguments.file.display().to_string(), ToString::to_string),
        ),
    };
    let service = Service::new(
        recording,
        Options {
            serving: if arguments.reuse {
                Serving::Repeated
            } else {
                Serving::Once
            },
            notifications: match arguments.bot {
                Some(_) => Notifications::Sent,
                None => Notifications::NotSent,
            },
            messages: messages(&arguments),
        },
    );
    let options = replay_options(&arguments)?;
    let replayed = live::service(service, listener, arguments.bot, options, shutdown);
    Ok((target, replayed.await.map_err(EnvironmentError::from)?))
}

async fn bot(
    arguments: Arguments,
    recording: Indexed,
    service: Url,
    shutdown: CancellationToken,
    output: Output,
) -> Result<(JudgedTarget, Replayed), Failure> {
    let listener = if recording.has_notifications() {
        let listener = bind(arguments.callback_listen, &arguments).await?;
        output.print(&format!("listening {}\n", listener.url()))?;
        Some(listener)
    } else {
        None
    };
    let generator = live::generator();
    let callback = listener.as_ref().map(|it| generator.callback(&it.url()));
    let target = JudgedTarget {
        role: Some(Party::Service),
        url: Some(service.to_string()),
    };
    let options = replay_options(&arguments)?;
    let bot = Bot::new(
        recording,
        generator,
        callback.as_deref(),
        messages(&arguments),
    );
    let bot = bot.map_err(|lost| EnvironmentError::Replay(lost.into()))?;
    let replayed = live::bot(bot, service, listener, arguments.given, options, shutdown);
    Ok((target, replayed.await.map_err(EnvironmentError::from)?))
}

fn messages(arguments: &Arguments) -> Messages {
    match arguments.snapshots {
        Some(_) => Messages::All,
        None => Messages::Last,
    }
}

async fn bind(address: SocketAddr, arguments: &Arguments) -> Result<Listener, Failure> {
    let authority = arguments.tls.authority()?;
    Ok(tls::listen(address, authority.as_deref()).await?)
}

fn replay_options(arguments: &Arguments) -> Result<ReplayOptions, Failure> {
    Ok(ReplayOptions {
        name: arguments.file.display().to_string(),
        deadline: if arguments.reuse {
            Duration::MAX
        } else {
            arguments.deadline
        },
        timing: match arguments.timing {
            Timing::None => live::Timing::Immediate,
            Timing::Recorded => live::Timing::Recorded,
        },
        token: arguments.token.clone(),
        client: Client::trusting(arguments.tls.trust()?),
    })
}
