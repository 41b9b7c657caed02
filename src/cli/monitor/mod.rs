//! `confcall monitor`: judges the traffic of somebody else's tests while they run.
//!
//! `faults` are injected into the traffic. `watch` is the observer that judges. The proxy of `record` is in front of
//! the built-in service or of a real one.

mod faults;
mod watch;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::faults::Faults;
use self::watch::{Watch, Watched};
use super::check::cases_of_both;
use super::exit::Exit;
use super::failure::{EnvironmentError, Failure};
use super::output::Output;
use super::reports::{Finished, ReportFile, Shown, reporting};
use super::scenarios::Source;
use super::serve::up_to;
use super::target::stubs;
use super::tls::{self, Tls};
use super::{output, record as recorder};
use crate::api::party::Party;
use crate::cassette::format::Direction;
use crate::config::monitor::{MonitorAddress, MonitorSection};
use crate::config::{self, Config, known_failure, values};
use crate::emulator::service::{BuiltInService, ServiceOptions};
use crate::http::tls::Authority;
use crate::http::{Client, Listener, limits};
use crate::judge::monitor::KnownIds;
use crate::judge::recording::coverage::Coverage;
use crate::judge::redaction;
use crate::judge::verdict::{JudgedTarget, Run, Verdict};
use crate::record::{self, Bot, Bots, Parties, Service, Sinks};
use crate::redact::Redactor;
use crate::report::covered::Outside;
use crate::report::terminal::Extent;
use crate::report::{coverage, covered};
use crate::runner::process::Program;
use crate::runner::run::SERVICE_VARIABLE;
use crate::runner::{PlayError, reach};

pub(crate) const EXAMPLES: &str = concat!(
    "\
confcall prints `listening URL`: the address for the bot's requests. For the built-in service, it also prints `control \
URL`: the address of the control interface. Then it starts COMMAND with these addresses in the environment variables \
CONFCALL_SERVICE and CONFCALL_CONTROL; `[monitor.env]` in confcall.toml can name more variables. The run ends when \
COMMAND ends; without COMMAND, it ends on ",
    end_request!(),
    ".

Examples:
  confcall monitor -- npm test
  confcall monitor --report junit=confcall.xml -- pytest tests
  confcall monitor --service http://localhost:8080 --cassette call.jsonl -- go test ./...
  confcall monitor --listen 8080"
);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Forward the bot's requests to this service, and judge it too [default: the built-in service]
    #[arg(long, value_name = "URL", value_parser = values::base)]
    service: Option<Url>,
    /// The bot's callback [default: the callbacks in the bot's requests]
    #[arg(long, value_name = "URL", value_parser = values::url)]
    bot: Option<Url>,
    /// Listen here for the bot's requests [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    listen: Option<SocketAddr>,
    /// Listen here for the service's notifications [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, requires = "bot")]
    callback_listen: Option<SocketAddr>,
    /// The callback address to give to the service, if it differs from `--callback-listen`
    #[arg(long, value_name = "URL", value_parser = values::origin, requires = "bot")]
    callback_url: Option<Url>,
    /// Judge by the newest text of each page up to this month, such as 2021-02; the built-in service follows the
    /// same texts [default: the newest]
    #[arg(long, value_name = "EDITION")]
    edition: Option<String>,
    /// Fail on an unmet SHOULD too, not only on a broken MUST
    #[arg(long)]
    strict: bool,
    /// Answer the bot's requests to other APIs from these cassettes or HAR files
    #[arg(long, value_name = "FILE", num_args = 1..)]
    stubs: Vec<PathBuf>,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    faults: Faults,
    /// List the scenarios that the traffic shows, and the requirements that were met, broken, or not tested
    #[arg(long)]
    coverage: bool,
    /// Also record the traffic in this cassette
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
    #[arg(long, value_name = "KIND=FILE", help = ReportFile::help("Also write a report"))]
    report: Vec<ReportFile>,
    #[command(flatten)]
    tls: Tls,
    /// Read `[monitor]`, `[[known]]`, `[scenarios]` and `[redaction]` from this file [default: confcall.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The program that runs the tests, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// The time that COMMAND has to end after an interrupt.
const END_WITHIN: Duration = Duration::from_secs(10);

/// The control interface of the built-in service, whose requests are no traffic.
const CONTROL: &str = "/control/";

/// The variables of COMMAND.
const CONTROL_VARIABLE: &str = "CONFCALL_CONTROL";

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    reporting(&arguments.report, &[], output, |reports, output| {
        let wanted = arguments.report.clone();
        reports.show_pages(&arguments.shown);
        reports.begin(wanted, target(arguments, None), &[])?;
        reports.events().begin(None, None, None);
        monitor(arguments, output)
    })
}

fn monitor(arguments: &Arguments, output: Output) -> Result<Finished, Failure> {
    let project = config::load(arguments.config.as_deref())?;
    let redactor = Arc::new(recorder::redactor(arguments.config.as_deref())?);
    let authority = arguments.tls.authority()?;
    let scenarios = arguments.source.clone().or(&project.scenarios).load()?;
    let coverage = Coverage::new(&cases_of_both(&scenarios, &scenarios));
    // Every message of the built-in service is observed.
    let ids = match arguments.service {
        None => KnownIds::All,
        Some(_) => KnownIds::Some,
    };
    let watch = Arc::new(Watch::new(
        arguments.edition.clone(),
        ids,
        arguments.strict,
        arguments.shown.extent(),
        Arc::clone(&redactor),
        Arc::new(coverage),
        (arguments.shown.extent() == Extent::Whole).then_some(output),
    ));
    let runtime = super::runtime()?;
    let monitored = runtime.block_on(async {
        let interrupt = CancellationToken::new();
        super::interrupt_on_signals(&interrupt);
        let traffic = Traffic {
            arguments,
            authority,
            redactor: &redactor,
            watch: &watch,
            interrupt,
        };
        traffic.run(&project.monitor, output).await
    })?;
    runtime.shutdown_background();
    let exit = if monitored.is_interrupted && !arguments.command.is_empty() {
        Exit::Interrupted
    } else {
        Exit::Success
    };
    let mut text = String::new();
    let run = judged(arguments, &project, monitored, &redactor, output, &mut text);
    Ok(Finished { run, text, exit })
}

/// A monitored run that is over.
struct Monitored {
    watched: Watched,
    url: String,
    /// How COMMAND failed, where it did.
    failed: Option<String>,
    is_interrupted: bool,
}

/// The result of a run, and the text that is printed of it.
fn judged(
    arguments: &Arguments,
    project: &Config,
    monitored: Monitored,
    redactor: &Redactor,
    output: Output,
    text: &mut String,
) -> Run {
    let Monitored {
        watched,
        url,
        failed,
        ..
    } = monitored;
    let mut checked = watched.checked;
    let mut notes = Vec::new();
    if arguments.service.is_none() {
        // The built-in service is not under test. It refuses what a test wants it to refuse.
        let is_about = |verdict| verdict == Verdict::Fail;
        let (kept, of_service): (Vec<_>, Vec<_>) = checked
            .results
            .into_iter()
            .partition(|it| it.role == Party::Bot || is_about(it.verdict));
        checked.results = kept;
        let doubtful = of_service
            .into_iter()
            .filter(|it| it.verdict == Verdict::Inconclusive);
        notes.extend(
            doubtful.map(|it| format!("the built-in service, {}: {}", it.scenario, it.reason)),
        );
    }
    redaction::not_covered(&mut checked.not_covered, redactor);
    let extent = arguments.shown.extent();
    let not_covered = checked.not_covered.len() + checked.unlisted;
    let outside = Outside {
        file: "monitor".to_owned(),
        exchanges: checked.not_covered,
        unlisted: checked.unlisted,
    };
    text.push_str(&covered::not_covered(&[outside], output.look, extent));
    let unmatched = known_failure::apply_to_conversations(&project.known, &mut checked.results);
    let mut run = Run::new(target(arguments, Some(url)), checked.results);
    run.observed = true;
    redaction::run(&mut run, redactor);
    run.errors.extend(unmatched);
    run.notes.extend(notes);
    run.notes
        .extend(arguments.faults.summary(&watched.injected));
    if run.results.is_empty() {
        run.errors.push(nothing(watched.seen, not_covered));
    }
    run.errors.extend(failed);
    text.push_str(&arguments.shown.render(&run, watched.elapsed, output.look));
    if arguments.coverage {
        text.push_str(&covered::scenarios(&run.results, watched.scenarios, extent));
        text.push_str(&coverage::render(&run, "conversation", output.look));
    }
    run
}

/// Why nothing was judged, after so many exchanges.
fn nothing(seen: usize, not_covered: usize) -> String {
    let cause = if seen == 0 {
        "confcall received no request".to_owned()
    } else if seen == not_covered {
        format!("none of the {seen} exchanges is in the contract")
    } else {
        "no message of the bot was complete".to_owned()
    };
    format!(
        "nothing passed: {cause}; the bot must send its requests to the address in {SERVICE_VARIABLE} or in a variable of `[monitor.env]`"
    )
}

fn target(arguments: &Arguments, own: Option<String>) -> JudgedTarget {
    let role = arguments.service.is_none().then_some(Party::Bot);
    // Of both parties, the monitor is the one address.
    let bot = arguments.bot.as_ref().filter(|_| role.is_some());
    let url = bot.map(Url::to_string).or(own);
    JudgedTarget { role, url }
}

/// The traffic of a run, while it goes on.
struct Traffic<'a> {
    arguments: &'a Arguments,
    authority: Option<Arc<Authority>>,
    redactor: &'a Arc<Redactor>,
    watch: &'a Arc<Watch>,
    interrupt: CancellationToken,
}

impl Traffic<'_> {
    async fn run(&self, section: &MonitorSection, output: Output) -> Result<Monitored, Failure> {
        let shutdown = CancellationToken::new();
        let arguments = self.arguments;
        let listener = self.listen(arguments.listen).await?;
        let url = listener.url();
        let has_control = arguments.service.is_none();
        let mut text = format!("listening {url}\n");
        let bot = self.bot(&mut text).await?;
        let service = self.service(&url, &shutdown).await?;
        let sinks = self.sinks()?;
        let control = has_control.then(|| format!("{url}{}", CONTROL.trim_end_matches('/')));
        if let Some(control) = &control {
            let _ = writeln!(text, "control {control}");
        }
        output.print(&text)?;
        let parties = Parties {
            injection: arguments.faults.injection()?,
            service: Service::At(service),
            bot,
            listener,
            tls: arguments.tls.trust()?.client_config(),
            warn,
            aside: has_control.then_some(CONTROL),
            stubs: stubs(&arguments.stubs)?,
        };
        let recording = tokio::spawn(record::record(parties, sinks, shutdown.clone()));
        let ended = self
            .command(section, &url, control.as_deref(), &shutdown)
            .await;
        self.watch.settle().await;
        let watched = self.watch.finish();
        shutdown.cancel();
        let recorded = recording
            .await
            .map_err(|error| Failure::Defect(error.to_string()))?;
        recorded.map_err(EnvironmentError::Record)?;
        Ok(Monitored {
            watched: watched.ok_or_else(|| Failure::Defect("a run ended twice".to_owned()))?,
            url,
            failed: ended?,
            is_interrupted: self.interrupt.is_cancelled(),
        })
    }

    async fn listen(&self, address: Option<SocketAddr>) -> Result<Listener, Failure> {
        let parties = [&self.arguments.service, &self.arguments.bot];
        recorder::refuse_own(parties.into_iter().flatten(), address)?;
        Ok(tls::listen(address, self.authority.as_deref()).await?)
    }

    async fn bot(&self, text: &mut String) -> Result<Bots, Failure> {
        let Some(url) = self.arguments.bot.clone() else {
            return Ok(Bots::Any(self.authority.clone()));
        };
        let listener = self.listen(self.arguments.callback_listen).await?;
        let _ = writeln!(text, "listening {}", listener.url());
        let public = self.arguments.callback_url.clone();
        Ok(Bots::One(Box::new(Bot {
            url,
            listener,
            public,
        })))
    }

    /// The address of the service behind the proxy: the built-in one is started, another one must be there.
    async fn service(&self, own: &str, shutdown: &CancellationToken) -> Result<Url, Failure> {
        let edition = up_to(self.arguments.edition.as_deref())?;
        let client = Client::trusting(self.arguments.tls.trust()?);
        if let Some(url) = &self.arguments.service {
            reach("service", url, &client).await?;
            return Ok(url.clone());
        }
        let options = ServiceOptions {
            edition,
            public_url: Some(own.to_owned()),
            client,
            ..ServiceOptions::default()
        };
        let listener = Listener::bind("127.0.0.1:0")
            .await
            .map_err(PlayError::from)?;
        let url = listener.url();
        BuiltInService::start(listener, options, shutdown.clone());
        url.parse()
            .map_err(|_| Failure::Defect(format!("{url} is no URL")))
    }

    fn sinks(&self) -> Result<Sinks, Failure> {
        let directions = [Direction::Request, Direction::Notification];
        let create = |path: &Path| recorder::created(path, &directions);
        let journal = self.arguments.cassette.as_deref().map(create).transpose()?;
        Ok(Sinks {
            journal,
            observer: Some(self.watch.clone()),
            redactor: Arc::clone(self.redactor),
            max_body: limits::MAX_BODY,
        })
    }

    /// Runs COMMAND to its end, or waits for the end without one. Returns how it failed.
    async fn command(
        &self,
        section: &MonitorSection,
        service: &str,
        control: Option<&str>,
        shutdown: &CancellationToken,
    ) -> Result<Option<String>, Failure> {
        let words = &self.arguments.command;
        // The journal takes no more.
        let broken = shutdown.cancelled();
        if words.is_empty() {
            tokio::select! {
                () = self.interrupt.cancelled() => {}
                () = broken => {}
            }
            return Ok(None);
        }
        let program = Program {
            words: words.clone(),
            folder: PathBuf::from("."),
            environment: environment(section, service, control),
        };
        let absent: &[&str] = if control.is_some() {
            &[]
        } else {
            &[CONTROL_VARIABLE]
        };
        let stop = self.interrupt.child_token();
        let running = program.run(absent, &stop, END_WITHIN);
        tokio::pin!(running);
        let status = tokio::select! {
            status = &mut running => status,
            () = broken => {
                stop.cancel();
                running.await
            }
        };
        let status = status.map_err(PlayError::from)?;
        let failed = (!status.success()).then(|| {
            let name = self.redactor.in_text(&words.join(" "));
            format!("the command failed, which is not a violation: `{name}`: {status}")
        });
        Ok(failed)
    }
}

/// The variables of COMMAND with their values.
fn environment(
    section: &MonitorSection,
    service: &str,
    control: Option<&str>,
) -> Vec<(String, String)> {
    let host = service.split_once("://").map_or(service, |(_, host)| host);
    let port = host.rsplit_once(':').map_or(host, |(_, port)| port);
    let value = |address| match address {
        MonitorAddress::Service => Some(service),
        MonitorAddress::ServiceHost => Some(host),
        MonitorAddress::ServicePort => Some(port),
        MonitorAddress::Control => control,
    };
    let own = [
        (SERVICE_VARIABLE, MonitorAddress::Service),
        (CONTROL_VARIABLE, MonitorAddress::Control),
    ];
    let listed = section.env.iter();
    let all = own
        .into_iter()
        .chain(listed.map(|(name, address)| (name.as_str(), *address)));
    all.filter_map(|(name, address)| Some((name.to_owned(), value(address)?.to_owned())))
        .collect()
}

fn warn(text: &str) {
    output::warn(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_has_the_addresses_that_there_are() {
        let section = MonitorSection {
            env: [
                ("HOST", MonitorAddress::ServiceHost),
                ("PORT", MonitorAddress::ServicePort),
                ("TEST", MonitorAddress::Control),
            ]
            .map(|(name, address)| (name.to_owned(), address))
            .into(),
        };
        let names = |control| {
            let all = environment(&section, "http://127.0.0.1:81", control).into_iter();
            all.map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
        };
        let own = ["CONFCALL_SERVICE=http://127.0.0.1:81"];
        let listed = ["HOST=127.0.0.1:81", "PORT=81"];
        assert_eq!(names(None), [&own[..], &listed].concat());
        let control = [&own[..], &["CONFCALL_CONTROL=c"], &listed, &["TEST=c"]].concat();
        assert_eq!(names(Some("c")), control);
    }
}
