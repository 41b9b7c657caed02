//! `confcall replay`: plays one party of recordings against the other party, which is live.

mod learn;
mod suite;
mod update;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use url::Url;

use self::suite::{Aim, Live, Suite};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::project::ProjectTarget;
use super::recordings::{Found, are_whole_folders};
use super::reports::{Failures, Finished, ReportFile, Reports, Shown, reporting, without_results};
use super::scenarios::Source;
use super::snapshots::Conversation;
use super::tls::Tls;
use super::usage::UsageError;
use super::{options, output, record, recordings, snapshots, target};
use crate::api::party::Party;
use crate::config::values::ValueError;
use crate::config::{self, Config, known_failure, values};
use crate::diagnostic::path::Shown as _;
use crate::http::Client;
use crate::http::interception::NamedHost;
use crate::judge::redaction;
use crate::judge::verdict::{JudgedTarget, Run, ScenarioResult, Selected, Verdict};
use crate::redact::Redactor;
use crate::replay::live;
use crate::replay::service::Serving;
use crate::replay::{End, Messages, Replayed};
use crate::report::terminal::Extent;
use crate::report::{snapshot, terminal};
use crate::runner::options::TargetProgram;
use crate::runner::{Hook, StateProvider};
use tokio_util::sync::CancellationToken;

pub(crate) const EXAMPLES: &str = "\
Without --service, confcall plays the recorded service: it answers requests with the recorded responses, and sends the \
recorded notifications to the bot. With --service, confcall plays the recorded bot. \
If the live party differs from the recording, the exit code is 1. Ids and timestamps may differ, but one recorded value \
must correspond to one live value in the whole run. \
If confcall.toml has `[target.command]`, confcall starts the live party anew for each recording, or only once with \
`once = true`.

Examples:
  confcall replay call.jsonl --listen 127.0.0.1:8080 --bot http://127.0.0.1:3978/callback
  confcall replay call.jsonl --service http://127.0.0.1:8080
  confcall replay cassettes browser.har --service http://127.0.0.1:8080 --report junit=replay.xml
  confcall replay call.jsonl --service http://127.0.0.1:8080 --snapshots snapshots
  confcall replay call.jsonl --service https://localhost:8443 --ca service.pem
  confcall replay call.jsonl --listen 127.0.0.1:8443 --tls
  confcall replay call.jsonl --intercept graph.microsoft.com --proxy-listen 8081
  confcall replay call.jsonl --listen 127.0.0.1:8080 --reuse
  confcall replay call.jsonl --service http://127.0.0.1:8080 --learn >> confcall.toml
  confcall replay call.jsonl --service http://127.0.0.1:8080 --update";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Cassettes and HAR files, or folders with such files; several recordings are played one after the other
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Play the bot against the service at this address
    #[arg(long, value_name = "URL", value_parser = values::base)]
    service: Option<Url>,
    /// Send the recorded notifications to this callback of the bot [default: send none]
    #[arg(long, value_name = "URL", value_parser = values::url, conflicts_with = "service")]
    bot: Option<Url>,
    /// Listen here for the bot's requests [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    listen: Option<SocketAddr>,
    /// Act as the bot's proxy (`HTTPS_PROXY`) and answer as the service for these hosts
    #[arg(long, value_name = "HOST", num_args = 1.., conflicts_with = "service")]
    intercept: Vec<NamedHost>,
    /// Listen here for the bot's proxy connections [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, requires = "intercept")]
    proxy_listen: Option<SocketAddr>,
    /// Listen here for the service's notifications [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    callback_listen: Option<SocketAddr>,
    /// The address of confcall that `confcall.toml` has for the live party.
    #[arg(skip)]
    public_url: Option<Url>,
    /// The command of the live party in `confcall.toml`.
    #[arg(skip)]
    program: Option<TargetProgram>,
    /// Call this hook of the service for the provider states that a recording needs
    #[arg(long, value_name = "URL", value_parser = hook, requires = "service")]
    given: Option<Hook>,
    /// The bearer token to send
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// End the replay when nothing has happened for this time [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    deadline: Option<Duration>,
    /// After the last recorded exchange, end the replay when the bot has sent nothing for this time [default: 250ms]
    #[arg(long, value_name = "TIME", value_parser = values::duration, conflicts_with = "service")]
    settle: Option<Duration>,
    /// The delay of recorded responses
    #[arg(
        long,
        value_name = "HOW",
        default_value = "none",
        conflicts_with = "service"
    )]
    timing: Timing,
    #[arg(
        long,
        conflicts_with = "service",
        help = concat!("Serve each recorded response as often as it is requested, until ", end_request!())
    )]
    reuse: bool,
    /// Play each recording twice, and print a rule for each value that varies (`[[replay.rule]]` of confcall.toml)
    #[arg(long, conflicts_with_all = ["update", "reuse", "snapshots", "report"])]
    learn: bool,
    /// Replace the recorded messages in the files by those of the live party
    #[arg(long, conflicts_with_all = ["reuse", "snapshots", "report"])]
    update: bool,
    #[command(flatten)]
    tls: Tls,
    /// Compare each conversation with the accepted one in this folder (see `confcall accept`)
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Reports",
        conflicts_with = "reuse"
    )]
    snapshots: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
    #[arg(
        long,
        value_name = "KIND=FILE",
        help = ReportFile::help("Also write a report"),
        help_heading = "Reports"
    )]
    report: Vec<ReportFile>,
    /// Read settings from this file; options override them [default: confcall.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn hook(text: &str) -> Result<Hook, ValueError> {
    values::url(text).map(Hook::Url)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timing {
    /// No delay
    None,
    /// The delay of the recording
    Recorded,
}

/// The time after which a replay ends in which nothing happens.
const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    if arguments.learn {
        return without_results("`--learn` does not judge", output, |reports| {
            learn::learn_rules(arguments, reports, output)
        });
    }
    if arguments.update {
        return without_results("`--update` does not judge", output, |reports| {
            update::update(arguments, reports, output)
        });
    }
    let (wanted, files) = (arguments.report.clone(), arguments.files.clone());
    reporting(&wanted, &files, output, |reports, output| {
        replay(arguments, reports, output)
    })
}

fn replay(
    mut arguments: Arguments,
    reports: &mut Reports,
    output: Output,
) -> Result<Finished, Failure> {
    let started = Instant::now();
    let mut project = config::load(arguments.config.as_deref())?;
    arguments.complete(&mut project)?;
    let target = arguments.judged();
    let found = arguments.find(&target, reports)?;
    let read: Vec<PathBuf> = found.iter().map(|it| it.path.clone()).collect();
    let accepted = arguments.snapshots.take();
    let shown = arguments.shown.clone();
    reports.show_pages(&shown);
    snapshots::refuse_forced_passes(accepted.as_deref())?;
    if arguments.reuse && found.len() > 1 {
        return Err(UsageError::ReuseOfSeveral(found.len()).into());
    }
    let redactor = record::redactor_of(project.redaction.clone())?;
    let token = target::token(arguments.token.take())?;
    let messages = match accepted {
        Some(_) => Messages::All,
        None => Messages::Last,
    };
    let options = arguments.suite(token.clone(), messages, &project)?;
    let events = reports.events();
    events.begin(None, None, Some(selected(&read, &target)));
    let Played {
        replayed,
        unplayed,
        unused_rules,
        is_interrupted,
        failures,
    } = play(options, &read, output, |file| {
        let role = target.role.into_iter();
        role.for_each(|it| events.started(&file.shown(), it));
    })?;
    // A rule may be about a recording that is not replayed now.
    if are_whole_folders(&found) {
        unused_rules.iter().for_each(output::warn);
    }
    let mut conversations = Vec::new();
    if let Some(folder) = &accepted {
        let all = (0..).zip(&replayed);
        let is_whole = |it: &Replayed| it.end == End::ByItself && !it.conversation.is_empty();
        let all = all.filter(|(_, (_, it))| is_whole(it));
        conversations.extend(all.map(|(at, (file, replayed))| {
            conversation(at, folder, file, replayed, token.as_deref())
        }));
    }
    let mut exit = failures.exit;
    if is_interrupted {
        exit = exit.worse(Exit::Interrupted);
    }
    let mut results: Vec<_> = replayed.into_iter().map(|(_, it)| it.result).collect();
    let unplayed = selected(&unplayed, &target).into_iter();
    let why = "the replay was interrupted before it began";
    results.extend(unplayed.map(|it| it.result(Verdict::Inconclusive, why)));
    let unmatched = known(&project, &found, &mut results)?;
    let mut run = Run::new(target, results);
    run.errors = [failures.errors.clone(), unmatched].concat();
    redaction::run(&mut run, &redactor);
    let mut remedy = String::new();
    if let Some(folder) = &accepted {
        let (text, compared) = snapshots::compare(folder, &mut run, conversations);
        (remedy, exit) = (text, exit.worse(compared));
    }
    let mut text = String::new();
    if run.errors.is_empty() || !run.results.is_empty() {
        say_notes(&run, shown.extent());
        let render = |run: &Run| shown.render(run, started.elapsed(), output.look);
        text = failures.unsaid(&mut run, render) + &remedy;
    }
    Ok(Finished { run, text, exit })
}

/// Prints the notes of passed results, which the report does not show.
fn say_notes(run: &Run, extent: Extent) {
    let passed = run.results.iter().filter(|it| it.verdict == Verdict::Pass);
    let notes = passed.flat_map(|result| {
        let of = match run.results.len() {
            1 => String::new(),
            _ => format!("{}: ", result.scenario),
        };
        let notes = result.notes.iter();
        notes.map(move |note| format!("note: {of}{note}\n"))
    });
    let text = match extent {
        Extent::Short => terminal::limited(notes, NOTES, "notes"),
        Extent::Whole => notes.collect(),
    };
    if !text.is_empty() {
        output::say(text.trim_end());
    }
}

/// The most lines of the notes of passed results.
const NOTES: usize = 20;

/// The recordings that were played, and those that were not.
struct Played {
    replayed: Vec<(PathBuf, Replayed)>,
    /// Those that an interrupt left.
    unplayed: Vec<PathBuf>,
    /// A sentence for each rule that is about nothing in the recordings.
    unused_rules: Vec<String>,
    /// True if an interrupt left something of a recording, or a whole one.
    is_interrupted: bool,
    failures: Failures,
}

/// Plays the recordings one after the other. A recording that cannot be read is reported, and the others are played. A
/// failure of the environment ends the replay.
fn play(
    options: suite::Options,
    files: &[PathBuf],
    output: Output,
    begins: impl Fn(&Path),
) -> Result<Played, Failure> {
    let runtime = super::runtime()?;
    let interrupt = CancellationToken::new();
    let mut played = Played {
        replayed: Vec::new(),
        unplayed: Vec::new(),
        unused_rules: Vec::new(),
        is_interrupted: false,
        failures: Failures::default(),
    };
    runtime.block_on(async {
        super::interrupt_on_signals(&interrupt);
        let mut suite = Suite::new(options, files.len(), output, interrupt.clone())?;
        for (at, file) in files.iter().enumerate() {
            let next = files.get(at + 1).map(PathBuf::as_path);
            begins(file);
            match Box::pin(suite.play(file, next)).await {
                Ok(Some(replayed)) => {
                    let is_stopped = replayed.end == End::Stopped;
                    played.is_interrupted |= is_stopped && interrupt.is_cancelled();
                    played.replayed.push((file.clone(), replayed));
                }
                Ok(None) => {
                    played.unplayed = files[at..].to_vec();
                    played.is_interrupted = true;
                    break;
                }
                Err(failure) => {
                    played.failures.take(&failure);
                    if failure.exit() != Exit::Usage {
                        break;
                    }
                }
            }
        }
        suite.end().await;
        if played.failures.errors.is_empty() && !played.is_interrupted {
            played.unused_rules = suite.unused_rules();
        }
        Ok::<_, Failure>(())
    })?;
    runtime.shutdown_background();
    Ok(played)
}

/// The recordings as reports name them before they are played.
fn selected(files: &[PathBuf], target: &JudgedTarget) -> Vec<Selected> {
    let selected = target.role.into_iter().flat_map(|role| {
        let names = files.iter().map(|it| it.shown());
        names.map(move |it| Selected::recording(it, role))
    });
    selected.collect()
}

/// A replay whose reports have no results.
struct Plain {
    target: JudgedTarget,
    files: Vec<PathBuf>,
    redactor: Redactor,
    options: suite::Options,
}

impl Plain {
    fn new(mut arguments: Arguments, reports: &mut Reports) -> Result<Self, Failure> {
        let mut project = config::load(arguments.config.as_deref())?;
        arguments.complete(&mut project)?;
        let target = arguments.judged();
        let found = arguments.find(&target, reports)?;
        let token = target::token(arguments.token.take())?;
        Ok(Self {
            target,
            files: found.into_iter().map(|it| it.path).collect(),
            redactor: record::redactor_of(project.redaction.clone())?,
            options: arguments.suite(token, Messages::Last, &project)?,
        })
    }
}

/// Compares results with the known failures of the project. Returns a sentence for each entry that matches nothing.
fn known(
    project: &Config,
    found: &[Found],
    results: &mut [ScenarioResult],
) -> Result<Vec<String>, Failure> {
    if project.known.is_empty() {
        return Ok(Vec::new());
    }
    let scenarios = Source::default().or(&project.scenarios).load()?;
    let others = recordings::beside(found);
    let known = &project.known;
    Ok(known_failure::apply_to_recordings(
        known, &scenarios, &others, results,
    ))
}

/// The conversation of a replay that is compared with the accepted one.
fn conversation(
    result: usize,
    folder: &Path,
    file: &Path,
    replayed: &Replayed,
    token: Option<&str>,
) -> Conversation {
    let file = snapshots::name_of(folder, file);
    let role = replayed.result.role;
    Conversation {
        result,
        name: format!("{file}__{role}"),
        description: format!("{role} of {file}"),
        content: snapshot::of_replay(replayed, token),
    }
}

impl Arguments {
    /// Takes from the configuration what the arguments leave open. A target of the arguments replaces that of the
    /// configuration, and so does a mock service.
    fn complete(&mut self, project: &mut Config) -> Result<(), Failure> {
        if let Some(target) = project.target.take()
            && self.service.is_none()
            && self.bot.is_none()
            && !self.reuse
        {
            self.take_target(ProjectTarget::read(target, false)?);
        }
        let deadline = self.deadline.or(project.judging.deadline);
        self.deadline = Some(deadline.unwrap_or(DEADLINE));
        self.settle = self.settle.or(project.judging.settle);
        let reports = std::mem::take(&mut project.reports);
        let snapshots = ReportFile::complete(&mut self.report, reports);
        if self.learn || self.update {
            return Ok(());
        }
        // A mock service keeps no messages.
        let snapshots = self.snapshots.take().or(snapshots);
        self.snapshots = snapshots.filter(|_| !self.reuse);
        Ok(())
    }

    fn take_target(&mut self, target: ProjectTarget) {
        match target.role {
            Party::Service => self.service = Some(target.url),
            Party::Bot => self.bot = Some(target.url),
        }
        if let Some(StateProvider::Hook(hook)) = target.given {
            self.given = Some(hook);
        }
        self.listen = self.listen.or(target.listen);
        self.callback_listen = self.callback_listen.or(target.callback_listen);
        self.public_url = target.public_url.or(target.callback_url);
        if self.intercept.is_empty() {
            self.intercept = target.intercept;
        }
        self.tls.listens |= target.tls;
        self.tls.ca = self.tls.ca.take().or(target.ca);
        self.token = self.token.take().or(target.token);
        self.program = target.program;
    }

    /// The recordings. The reports begin.
    fn find(
        &mut self,
        target: &JudgedTarget,
        reports: &mut Reports,
    ) -> Result<Vec<Found>, Failure> {
        reports.register(self.report.clone(), target.clone(), &self.files)?;
        let found = recordings::find(&self.files)?;
        let read: Vec<PathBuf> = found.iter().map(|it| it.path.clone()).collect();
        let wanted = std::mem::take(&mut self.report);
        reports.begin(wanted, target.clone(), &read)?;
        Ok(found)
    }

    /// The target as a report names it.
    fn judged(&self) -> JudgedTarget {
        let url = self.service.as_ref().or(self.bot.as_ref());
        JudgedTarget {
            role: Some(match self.service {
                Some(_) => Party::Service,
                None => Party::Bot,
            }),
            url: Some(url.map_or_else(|| recordings::listed(&self.files), Url::to_string)),
        }
    }

    fn suite(
        self,
        token: Option<String>,
        messages: Messages,
        project: &Config,
    ) -> Result<suite::Options, Failure> {
        let aim = match (self.learn, self.update) {
            (true, _) => Aim::Learn,
            (_, true) => Aim::Update(project.redaction.clone()),
            _ => Aim::Judge,
        };
        let interception = self.tls.interception(&self.intercept)?.map(Arc::new);
        let (live, listen) = if let Some(url) = self.service {
            let given = self.given;
            (Live::Service { url, given }, self.callback_listen)
        } else {
            let (callback, proxy) = (self.bot, interception.map(|it| (self.proxy_listen, it)));
            (Live::Bot { callback, proxy }, self.listen)
        };
        Ok(suite::Options {
            aim,
            extent: self.shown.extent(),
            redaction: project.redaction.clone(),
            rules: project.replay.rule.clone().into(),
            live,
            listen,
            public: self.public_url,
            authority: self.tls.authority()?,
            program: self.program,
            deadline: if self.reuse {
                Duration::MAX
            } else {
                self.deadline.unwrap_or(DEADLINE)
            },
            settle: self.settle.unwrap_or(options::SETTLE),
            timing: match self.timing {
                Timing::None => live::Timing::Immediate,
                Timing::Recorded => live::Timing::Recorded,
            },
            token,
            client: Client::trusting(self.tls.trust()?),
            serving: if self.reuse {
                Serving::Repeated
            } else {
                Serving::Once
            },
            messages,
        })
    }
}
