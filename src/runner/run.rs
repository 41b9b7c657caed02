//! A run: the scenarios of its options are played against the built-in pair or a target. If the project has a command
//! for the target, the run starts the target, watches it, and ends it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::observer::{RunEvent, Unobserved};
use super::options::{Options, TargetProgram};
use super::process::{Launch, LaunchError, Program, Ready, Running, socket_of};
use super::repetition::allow_connections;
use super::self_check::{self, PairOptions};
use super::session::{Session, Stop};
use super::target::Target;
use super::{PlayError, skeleton};
use crate::api::party::Party;
use crate::config::known_failure;
use crate::config::validation::{SettingError, fill};
use crate::contract::rule::Rule;
use crate::inject;
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{Run, ScenarioResult, Selected, Verdict};

/// A run that was played to its end.
#[derive(Debug)]
pub(crate) struct Played {
    pub run: Run,
    pub elapsed: Duration,
    pub is_interrupted: bool,
}

/// Plays the scenarios of a run.
pub(crate) async fn run(
    options: &Arc<Options>,
    interrupt: &CancellationToken,
) -> Result<Played, PlayError> {
    let started = Instant::now();
    if options.measured.is_some() {
        allow_connections();
    }
    let cases = judge::cases(&options.all, &options.scenarios);
    let mut notes = Vec::new();
    let stop = Stop::from(interrupt.child_token());
    let selected = selected(options, &cases);
    let observer = &options.observer;
    observer.event(RunEvent::Selected(options, &selected));
    let playing = async {
        match &options.target {
            None => {
                let parties = &options.parties;
                self_check::play(options, &cases, parties, PairOptions::default(), &stop).await
            }
            Some(target) => {
                let (cases, excused) = options.claimed(cases, target.role());
                let played = against(target, options, &cases, &stop, &mut notes).await?;
                Ok(in_order(played, excused))
            }
        }
    };
    let mut results = within(options.timeout, &stop, playing).await?;
    let listed = known_failure::apply(&options.known, &options.all, &mut results);
    let mut run = Run::new(options.in_report(), results);
    run.shard = options.shard;
    run.seed = Some(options.seed);
    run.load = options.measured.as_ref().map(|it| it.load(options.jobs()));
    run.notes = notes;
    match options.shard {
        Some(_) => run.listed = listed,
        None => run.errors = listed.unmatched,
    }
    Ok(Played {
        run,
        elapsed: started.elapsed(),
        is_interrupted: interrupt.is_cancelled(),
    })
}

/// The scenarios that have a result, with the party that is judged, in the order of the results.
fn selected(options: &Options, cases: &[Case]) -> Vec<Selected> {
    let selected = cases.iter().flat_map(|Case { scenario, .. }| {
        let parties = options.parties.iter().copied();
        let parties = parties.filter(|it| inject::judges(scenario, *it));
        parties.map(move |party| Selected::new(scenario, party))
    });
    selected.collect()
}

/// Plays until all is played, or ends the run after a time.
async fn within<T>(limit: Option<Duration>, stop: &Stop, playing: impl Future<Output = T>) -> T {
    tokio::pin!(playing);
    if let Some(limit) = limit {
        tokio::select! {
            played = &mut playing => return played,
            () = sleep(limit) => stop.because(format!("the run took longer than {limit:?}")),
        }
    }
    playing.await
}

/// Plays against a target, and adds notes on the run as a whole. A target with `[target.command]` is started before
/// and ended after.
async fn against(
    target: &Target,
    options: &Arc<Options>,
    cases: &[Case],
    stop: &Stop,
    notes: &mut Vec<String>,
) -> Result<Vec<ScenarioResult>, PlayError> {
    if cases.is_empty() {
        // None of them is claimed: nothing is started for that.
        return Ok(Vec::new());
    }
    let mut session = Session::open(options, target.clone()).await?;
    let program = options.program.as_ref();
    let addresses = Addresses {
        own: session.public_url(),
        proxy: session.proxy(),
    };
    let launch = program
        .map(|it| it.launch(target.role(), target.url(), addresses))
        .transpose()?
        .map(|it| it.observed_by(&options.observer));
    options.observer.opened(&session, program)?;
    let running = match launch {
        Some(launch) => match launch.start(&stop.token).await {
            Ok(running) => Some(running),
            Err(LaunchError::Interrupted) => {
                let (verdict, why) = stop.verdict();
                let of = |case| skeleton(case, target.role(), verdict, why);
                return Ok(cases.iter().map(of).collect());
            }
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let around = session.around();
    session.watch(running.as_ref().map(Running::tail));
    let playing = session.play(cases, stop.clone());
    let mut results = while_running(running.as_ref(), playing, stop, &stop.token, None).await;
    notes.extend(around.notes());
    // Whoever interrupts a run knows the reason.
    let is_interrupted = stop.token.is_cancelled() && stop.reason().is_none();
    if let (Some(running), Ok(results), false) = (&running, &mut results, is_interrupted) {
        explain(results, running, stop.reason()).await;
    }
    if let Some(running) = running
        && let Some(warning) = running.end().await
    {
        options.observer.warn(&warning);
    }
    results
}

/// Plays until all is played, the target ends, or the run is interrupted. `grace` is the time that a play has
/// after the end of the target, for messages that it sent before.
pub(crate) async fn while_running<T>(
    target: Option<&Running>,
    playing: impl Future<Output = T>,
    stop: &Stop,
    interrupt: &CancellationToken,
    grace: Option<Duration>,
) -> T {
    tokio::pin!(playing);
    tokio::select! {
        played = &mut playing => return played,
        died = died(target) => {
            if let Some(grace) = grace
                && let Ok(played) = timeout(grace, &mut playing).await
            {
                return played;
            }
            stop.because(died);
        }
        () = interrupt.cancelled() => stop.token.cancel(),
    }
    playing.await
}

/// The way in which the program ended that is the target; never, where none was started.
async fn died(running: Option<&Running>) -> String {
    match running {
        Some(running) => running.died().await,
        None => std::future::pending().await,
    }
}

/// How long a target that seems to have gone has to be seen ended.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Names the end of the target in results that look as if it had gone: its end may be seen only after
/// what it broke. Results that were ended for it have it as their reason. All of them get its last lines.
pub(crate) async fn explain(results: &mut [ScenarioResult], running: &Running, seen: Option<&str>) {
    if seen.is_some() && !running.has_ended() {
        // The run was ended for another reason.
        return;
    }
    let shows_it = |rule| {
        matches!(
            rule,
            Rule::Transport | Rule::AcknowledgementMissing | Rule::ResponseMissing
        )
    };
    let looks_gone = |result: &&mut ScenarioResult| {
        let mut rules = result.failures.iter().map(|it| it.rule);
        result.verdict == Verdict::Inconclusive || rules.any(shows_it)
    };
    let mut gone = results.iter_mut().filter(looks_gone).peekable();
    if gone.peek().is_none() {
        return;
    }
    let Ok(cause) = timeout(GRACE, running.died()).await else {
        return;
    };
    let output = running.tail().lines();
    for result in gone {
        result.output.clone_from(&output);
        if result.verdict != Verdict::Inconclusive {
            result.notes.insert(0, cause.clone());
        } else if result.reason != cause {
            result.reason = format!("{cause}; {}", result.reason);
        }
    }
}

/// The results of what was played, and those of what was not, in their order.
fn in_order(
    played: Vec<ScenarioResult>,
    excused: Vec<(usize, ScenarioResult)>,
) -> Vec<ScenarioResult> {
    let mut results = played;
    for (at, result) in excused {
        results.insert(at.min(results.len()), result);
    }
    results
}

/// The addresses of confcall that a target is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses<'a> {
    pub own: &'a str,
    /// The address of the forward proxy, where there is one, and the certificate that its clients trust.
    pub proxy: Option<(&'a str, &'a Path)>,
}

impl TargetProgram {
    /// The way to start the target, which is reached at `url`.
    pub(crate) fn launch(
        &self,
        role: Party,
        url: &Url,
        addresses: Addresses<'_>,
    ) -> Result<Launch, SettingError> {
        let command = &self.command;
        let own = addresses.own.trim_end_matches('/').to_owned();
        let variable = match role {
            Party::Bot => SERVICE_VARIABLE,
            Party::Service => CALLBACK_VARIABLE,
        };
        let mut environment = vec![(variable.to_owned(), own.clone())];
        let mut places = vec![("service", own.clone()), ("callback", own)];
        if let Some((proxy, certificate)) = addresses.proxy {
            let certificate = certificate.to_string_lossy().into_owned();
            environment.extend(proxy_environment(proxy, &certificate));
            places.push(("proxy", proxy.to_owned()));
            places.push(("authority", certificate));
        }
        places.extend(self.port.map(|port| ("port", port.to_string())));
        for (name, value) in &command.environment {
            let key = format!("command.environment.{name}");
            environment.push((name.clone(), fill(&key, value, &places)?));
        }
        let words = command.run.iter();
        let words: Result<_, _> = words
            .map(|word| fill("command.run", word, &places))
            .collect();
        Ok(Launch {
            program: Program {
                words: words?,
                folder: command.folder.clone(),
                environment,
            },
            ready: match &command.ready {
                Some(text) => Ready::Prints(text.clone()),
                None => Ready::Connects(socket_of(url)),
            },
            address: socket_of(url),
            ready_within: command.ready_within,
            log: command.log.clone(),
            end_within: command.end_within,
            observer: Arc::new(Unobserved),
        })
    }
}

/// The variables of a target with the address of confcall, which plays the other party.
pub(crate) const SERVICE_VARIABLE: &str = "CONFCALL_SERVICE";
const CALLBACK_VARIABLE: &str = "CONFCALL_CALLBACK";

/// The variables by which clients find a proxy and trust its certificates.
fn proxy_environment(proxy: &str, certificate: &str) -> Vec<(String, String)> {
    let values = [
        ("HTTPS_PROXY", proxy),
        ("https_proxy", proxy),
        ("NODE_EXTRA_CA_CERTS", certificate),
        ("SSL_CERT_FILE", certificate),
        ("REQUESTS_CA_BUNDLE", certificate),
        ("CURL_CA_BUNDLE", certificate),
        ("NODE_USE_ENV_PROXY", "1"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    values.into_iter().map(owned).collect()
}
