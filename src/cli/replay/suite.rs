//! Plays recordings one after the other for one live party: starts the party, and keeps the listeners open from one
//! recording to the next.

use std::future::pending;
use std::net::SocketAddr;
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::api::party::Party;
use crate::cli;
use crate::cli::events::Events;
use crate::cli::failure::{EnvironmentError, Failure};
use crate::cli::output;
use crate::cli::output::Output;
use crate::cli::record;
use crate::cli::run::listening;
use crate::cli::tls;
use crate::cli::usage::UsageError;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::files;
use crate::http::interception::Interception;
use crate::http::tls::Authority;
use crate::http::{Client, Listener};
use crate::judge::verdict::Verdict;
use crate::redact::ProjectRedaction;
use crate::replay::bot::Bot;
use crate::replay::live::{self, Ending, ReplayOptions, Timing, Turns, Ways};
use crate::replay::recording::{Indexed, file};
use crate::replay::rules::Rules;
use crate::replay::service::{self, Notifications, Service, Serving};
use crate::replay::update::Update;
use crate::replay::{End, Messages, Replayed, Watcher};
use crate::report::terminal::Extent;
use crate::runner::observer::{Observer, Playing, RunEvent};
use crate::runner::options::TargetProgram;
use crate::runner::process::{Launch, LaunchError, Running};
use crate::runner::run::{Addresses, explain, while_running};
use crate::runner::{Hook, PlayError, Stop, explain_tls};

/// The variable of a target that is started for one recording, with its path.
const RECORDING_VARIABLE: &str = "CONFCALL_RECORDING";

/// How long what a target has sent before its end has to arrive.
const GRACE: Duration = Duration::from_millis(250);

/// The party that is live.
#[derive(Debug)]
pub(super) enum Live {
    Service {
        url: Url,
        /// Brings about the provider states that a recording needs.
        given: Option<Hook>,
    },
    Bot {
        /// The callback; without one, notifications are not sent.
        callback: Option<Url>,
        /// The forward proxy of the bot, and its address.
        proxy: Option<(Option<SocketAddr>, Arc<Interception>)>,
    },
}

/// The purpose for which recordings are played.
#[derive(Debug)]
pub(super) enum Aim {
    Judge,
    /// To find the values that vary.
    Learn,
    /// To write them anew. The new messages are redacted by these rules of the project.
    Update(ProjectRedaction),
}

#[derive(Debug)]
pub(super) struct Options {
    pub aim: Aim,
    /// How much is shown of it meanwhile, without the secrets of these rules.
    pub extent: Extent,
    pub redaction: ProjectRedaction,
    /// Differences from the recordings that are allowed.
    pub rules: Rules,
    pub live: Live,
    pub listen: Option<SocketAddr>,
    /// The address of confcall that the live party is given, if it is not that of the listener.
    pub public: Option<Url>,
    /// Signs the certificates of the listeners; none for plain HTTP.
    pub authority: Option<Arc<Authority>>,
    /// The program that is the live party; none where it runs already.
    pub program: Option<TargetProgram>,
    pub deadline: Duration,
    /// How long a bot must send nothing after everything was played.
    pub settle: Duration,
    pub timing: Timing,
    pub token: Option<String>,
    pub client: Client,
    pub serving: Serving,
    pub messages: Messages,
}

pub(super) struct Suite {
    options: Options,
    output: Output,
    interrupt: CancellationToken,
    listeners: Option<Listeners>,
    running: Option<Running>,
    /// The rules that are about a place in the recordings so far.
    used_rules: Vec<bool>,
    turns: Turns,
    shown: Arc<cli::live::Live>,
}

/// The listeners of the party that is played.
struct Listeners {
    own: Listener,
    proxy: Option<Listener>,
}

impl Suite {
    /// For so many recordings.
    pub(super) fn new(
        options: Options,
        files: usize,
        output: Output,
        interrupt: CancellationToken,
    ) -> Result<Self, Failure> {
        // A replay says by itself which recording it begins.
        let events = Events::default();
        let shown = cli::live::Live::new(output, options.extent, &options.redaction, events)?;
        shown.progress().add(files);
        Ok(Self {
            options,
            output,
            interrupt,
            listeners: None,
            running: None,
            used_rules: Vec::new(),
            turns: Turns::default(),
            shown: Arc::new(shown),
        })
    }

    /// Plays a recording, which `next` follows. None if that is interrupted before it has begun.
    /// Errors: the file is no recording; or the environment failed, so that no other one can be played.
    pub(super) async fn play(
        &mut self,
        path: &Path,
        next: Option<&Path>,
    ) -> Result<Option<Replayed>, Failure> {
        self.shown.progress().say(path.shown());
        let Some((recording, torn)) = self.opened(path).await? else {
            return Ok(None);
        };
        if let (Some(torn), Aim::Learn) = (&torn, &self.options.aim) {
            output::warn(torn);
        }
        if recording.index().is_empty() {
            torn.iter().for_each(output::warn);
            return Err(UsageError::NoExchange(path.to_owned()).into());
        }
        let recording = recording.compared_by(self.options.rules.clone());
        let marked = recording.index().mark_used_rules(&mut self.used_rules);
        marked.map_err(lost)?;
        if self.interrupt.is_cancelled() {
            return Ok(None);
        }
        self.listen(&recording).await?;
        let played = match self.options.live {
            Live::Service { .. } => self.play_bot(path, recording).await,
            Live::Bot { .. } => self.play_service(path, recording, next).await,
        };
        if self.is_started_anew() {
            self.end_party().await;
        }
        let mut played = played?;
        self.shown.progress().advance(1);
        if let (Some(replayed), Some(torn)) = (&mut played, torn) {
            replayed.torn(&torn.to_string());
        }
        Ok(played)
    }

    /// Opens a recording, with a warning about its torn last line. None if that is interrupted: a pipe without a writer
    /// cannot be opened.
    async fn opened(&self, path: &Path) -> Result<Option<(Indexed, Option<Diagnostic>)>, Failure> {
        if !files::is_special(path) {
            return Ok(Some(file::open(path)?));
        }
        let (sender, opened) = oneshot::channel();
        let path = path.to_owned();
        // The end of the process does not wait for this thread.
        std::thread::spawn(move || drop(sender.send(file::open(&path))));
        tokio::select! {
            () = self.interrupt.cancelled() => Ok(None),
            opened = opened => match opened {
                Ok(opened) => Ok(Some(opened?)),
                Err(_) => Err(Failure::Defect("the recording was not read".to_owned())),
            },
        }
    }

    /// A sentence for each rule that is about no place in the recordings.
    pub(super) fn unused_rules(&self) -> Vec<String> {
        self.options.rules.unused(&self.used_rules)
    }

    /// The parts of a recording that are written anew.
    fn update(&self, live: Party) -> Result<Option<Update>, Failure> {
        let Aim::Update(redaction) = &self.options.aim else {
            return Ok(None);
        };
        let redactor = record::redactor_of(redaction.clone())?;
        Ok(Some(Update::new(live, redactor)))
    }

    /// True if the live party is started for each recording.
    fn is_started_anew(&self) -> bool {
        let program = self.options.program.as_ref();
        program.is_some_and(|it| !it.command.once)
    }

    /// Ends the suite.
    pub(super) async fn end(&mut self) {
        self.turns.end();
        self.end_party().await;
        self.shown.end();
    }

    /// Ends the live party, if confcall has started it.
    async fn end_party(&mut self) {
        if let Some(running) = self.running.take()
            && let Some(warning) = running.end().await
        {
            output::warn(warning);
        }
    }

    /// Opens the listeners and prints their addresses. The recorded bot needs only one, for notifications.
    async fn listen(&mut self, recording: &Indexed) -> Result<(), Failure> {
        let options = &self.options;
        let is_needed = match options.live {
            Live::Service { .. } => recording.has_notifications() || options.program.is_some(),
            Live::Bot { .. } => true,
        };
        if self.listeners.is_some() || !is_needed {
            return Ok(());
        }
        let authority = options.authority.as_deref();
        let proxy = match &options.live {
            Live::Bot {
                proxy: Some((address, interception)),
                ..
            } => {
                let listener = tls::listen(*address, authority).await?;
                Some(listener.intercepting(Arc::clone(interception)))
            }
            _ => None,
        };
        let own = tls::listen(options.listen, authority).await?;
        self.listeners = Some(Listeners { own, proxy });
        let proxy = self.proxy();
        let proxy = proxy.as_ref().map(|(url, path)| (url.as_str(), *path));
        let own = self.listeners.as_ref().map(|it| it.own.url());
        let text = listening(&own.unwrap_or_default(), proxy, options.program.is_some());
        if let Aim::Learn = self.options.aim {
            // Standard output is for rules.
            output::say(text.trim_end());
            return Ok(());
        }
        Ok(self.output.print(&text)?)
    }

    /// The address of the forward proxy, and the certificate that its clients trust.
    fn proxy(&self) -> Option<(String, &Path)> {
        let listener = self.listeners.as_ref()?.proxy.as_ref()?;
        let Live::Bot {
            proxy: Some((_, interception)),
            ..
        } = &self.options.live
        else {
            return None;
        };
        Some((listener.url(), interception.authority.path()))
    }

    async fn play_bot(
        &mut self,
        path: &Path,
        recording: Indexed,
    ) -> Result<Option<Replayed>, Failure> {
        let Live::Service { url, given } = &self.options.live else {
            unreachable!("the bot is played for a service");
        };
        let (url, given) = (url.clone(), given.clone());
        if let Some(launch) = self.launch(path, Party::Service, &url)? {
            match launch.start(&self.interrupt).await {
                Ok(running) => self.running = Some(running),
                Err(LaunchError::Interrupted) => return Ok(None),
                Err(error) => return Err(PlayError::from(error).into()),
            }
        }
        let listener = match &self.listeners {
            Some(it) if recording.has_notifications() => Some(it.own.again()),
            _ => None,
        };
        let listener = listener.transpose().map_err(PlayError::from)?;
        let generator = live::generator();
        let public = self.options.public.as_ref().map(Url::to_string);
        let callback = listener
            .as_ref()
            .map(|it| public.unwrap_or_else(|| it.url()));
        let callback = callback.map(|it| generator.callback(&it));
        let messages = self.options.messages;
        let bot = Bot::new(recording, generator, callback.as_deref(), messages);
        let bot = bot
            .map_err(lost)?
            .watched_by(self.watcher(path, Party::Service));
        let bot = match self.update(Party::Service)? {
            Some(update) => bot.updating(update),
            None => bot,
        };
        let stop = Stop::from(self.interrupt.child_token());
        let options = self.replay_options(path);
        let running = self.running.as_ref();
        let gone = running.map(|_| CancellationToken::new());
        let ending = Ending {
            gone: gone.clone(),
            shutdown: stop.token.clone(),
        };
        let playing = Box::pin(live::bot(bot, url, listener, given, options, ending));
        let playing = telling(running.zip(gone), playing);
        let played = while_running(running, playing, &stop, &self.interrupt, Some(GRACE));
        let mut replayed = played.await.map_err(EnvironmentError::from)?;
        self.explain(&mut replayed, &stop).await;
        Ok(Some(replayed))
    }

    async fn play_service(
        &mut self,
        path: &Path,
        recording: Indexed,
        next: Option<&Path>,
    ) -> Result<Option<Replayed>, Failure> {
        let Live::Bot { callback, .. } = &self.options.live else {
            unreachable!("the service is played for a bot");
        };
        let callback = callback.clone();
        let service = Service::new(
            recording,
            service::Options {
                serving: self.options.serving,
                notifications: match callback {
                    Some(_) => Notifications::Sent,
                    None => Notifications::NotSent,
                },
                messages: self.options.messages,
            },
        );
        let service = service.watched_by(self.watcher(path, Party::Bot));
        let service = match (self.update(Party::Bot)?, &self.options.aim) {
            (Some(update), _) => service.updating(update),
            (None, Aim::Learn) => service.serving_changed(),
            (None, _) => service,
        };
        let launch = match &callback {
            Some(url) => self.launch(path, Party::Bot, url)?,
            None => None,
        };
        if let Some(launch) = &launch {
            self.running = Some(launch.spawn().await.map_err(PlayError::from)?);
        }
        let is_up = CancellationToken::new();
        if launch.is_none() {
            is_up.cancel();
        }
        let stop = Stop::from(self.interrupt.child_token());
        let listeners = self.listeners.iter();
        let listeners = listeners.flat_map(|it| [Some(&it.own), it.proxy.as_ref()]);
        let listeners: Result<_, _> = listeners.flatten().map(Listener::again).collect();
        let ways = Ways {
            listeners: listeners.map_err(PlayError::from)?,
            bot: callback,
            is_up: is_up.clone(),
            turns: if self.is_started_anew() {
                Turns::default()
            } else {
                self.turns.clone()
            },
            is_followed: next.is_some() && !self.is_started_anew(),
            settle: self.options.settle,
            is_started: self.running.is_some(),
        };
        // A pipe can be read only once.
        if let Some(next) = next.filter(|it| ways.is_followed && it.is_file())
            && let Ok((next, _)) = file::open(next)
        {
            ways.turns.expect(next.index().longest());
        }
        let options = self.replay_options(path);
        let playing = Box::pin(live::service(service, ways, options, stop.clone()));
        let starting = self.starting(launch.as_ref(), &is_up, &stop);
        let both = async { tokio::join!(playing, starting) };
        let running = self.running.as_ref();
        let played = while_running(running, both, &stop, &self.interrupt, Some(GRACE));
        let (replayed, started) = played.await;
        let mut replayed = replayed.map_err(EnvironmentError::from)?;
        match started {
            Ok(()) | Err(LaunchError::Interrupted) => {}
            // A program that has played its part may end without ever having listened.
            Err(LaunchError::Died { .. }) if replayed.played > 0 => {}
            Err(error) => return Err(PlayError::from(error).into()),
        }
        self.explain(&mut replayed, &stop).await;
        Ok(Some(replayed))
    }

    /// Waits until the bot is up: it is ready, or has sent a request. One that does not come up ends the play.
    async fn starting(
        &self,
        launch: Option<&Launch>,
        is_up: &CancellationToken,
        stop: &Stop,
    ) -> Result<(), LaunchError> {
        let started = match (launch, &self.running) {
            (Some(launch), Some(running)) => {
                tokio::select! {
                    ready = launch.come_up(running, &self.interrupt) => ready,
                    () = is_up.cancelled() => Ok(()),
                    () = stop.token.cancelled() => Ok(()),
                }
            }
            _ => Ok(()),
        };
        match &started {
            Ok(()) => is_up.cancel(),
            // Its end is seen, and what it has sent before arrives.
            Err(LaunchError::Died { .. }) => {}
            Err(_) => stop.token.cancel(),
        }
        started
    }

    /// The way to start the live party for this recording; none where it runs already.
    fn launch(&self, path: &Path, role: Party, url: &Url) -> Result<Option<Launch>, Failure> {
        let (Some(program), Some(listeners), None) =
            (&self.options.program, &self.listeners, &self.running)
        else {
            return Ok(None);
        };
        let own = match &self.options.public {
            Some(public) => public.to_string(),
            None => listeners.own.url(),
        };
        let proxy = self.proxy();
        let addresses = Addresses {
            own: &own,
            proxy: proxy.as_ref().map(|(url, path)| (url.as_str(), *path)),
        };
        let observer: Arc<dyn Observer> = self.shown.clone();
        let mut launch = program.launch(role, url, addresses)?.observed_by(&observer);
        if self.is_started_anew() {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let recording = (
                RECORDING_VARIABLE.to_owned(),
                path.to_string_lossy().into_owned(),
            );
            launch.program.environment.insert(0, recording);
        }
        Ok(Some(launch))
    }

    /// Notes the end of the live party in a result that it explains. A bot that has played its part and then ended with
    /// another code than 0 has failed: it may be a test.
    async fn explain(&self, replayed: &mut Replayed, stop: &Stop) {
        let result = &mut replayed.result;
        if self.interrupt.is_cancelled() {
            return;
        }
        if result.verdict == Verdict::Pass {
            if let (Live::Bot { .. }, Some(running)) = (&self.options.live, &self.running)
                && let Some(failure) = running.failure().await
            {
                (result.verdict, result.reason) = (Verdict::Fail, failure);
                result.output = running.tail().lines();
            }
            return;
        }
        let live = match &self.options.live {
            Live::Service { url, .. } => Some(url),
            Live::Bot { callback, .. } => callback.as_ref(),
        };
        if let Some(live) = live {
            explain_tls(slice::from_mut(result), &self.options.client, live).await;
        }
        if let (Some(running), Some(_)) = (&self.running, stop.reason()) {
            result.output = running.tail().lines();
        }
        if let (End::Stopped, Verdict::Inconclusive, Some(reason)) =
            (replayed.end, result.verdict, stop.reason())
        {
            reason.clone_into(&mut result.reason);
            return;
        }
        match (stop.reason(), &self.running) {
            (Some(reason), _) => result.notes.push(reason.to_owned()),
            (None, Some(running)) => explain(slice::from_mut(result), running, None).await,
            (None, None) => {}
        }
    }

    /// Shows the messages of a recording as they come, if messages are shown.
    fn watcher(&self, path: &Path, role: Party) -> Option<Watcher> {
        // Standard output is for rules.
        if matches!(self.options.aim, Aim::Learn) || !self.shown.shows_messages() {
            return None;
        }
        let (shown, name) = (Arc::clone(&self.shown), path.shown());
        let watch = move |message| {
            let scenario = name.as_str();
            let playing = Playing {
                scenario,
                role,
                number: 0,
            };
            shown.event(RunEvent::Messages(playing, &[message]));
        };
        Some(Watcher(Box::new(watch)))
    }

    fn replay_options(&self, path: &Path) -> ReplayOptions {
        let options = &self.options;
        ReplayOptions {
            name: path.shown(),
            deadline: options.deadline,
            timing: options.timing,
            token: options.token.clone(),
            client: options.client.clone(),
        }
    }
}

/// Plays, and cancels the token once the program has ended.
async fn telling<T>(
    program: Option<(&Running, CancellationToken)>,
    playing: impl Future<Output = T>,
) -> T {
    let ended = async {
        if let Some((running, gone)) = program {
            running.ending().await;
            gone.cancel();
        }
        pending().await
    };
    tokio::select! {
        played = playing => played,
        never = ended => never,
    }
}

fn lost(lost: Diagnostic) -> EnvironmentError {
    EnvironmentError::Replay(lost.into())
}
