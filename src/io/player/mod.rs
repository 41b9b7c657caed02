//! The player: runs judges against a target over real sockets.
//!
//! A `Session` is one target with one listener. Each scenario is a `conversation`, a task with
//! a judge of its own; the `hub` says which conversation a message that comes in belongs to.
//! `given` brings about what a scenario needs first. Everything is driven by events: nothing
//! sleeps but the wait for doubles at the end ([`Setup::settle`]).

mod address;
mod conversation;
mod fresh;
mod given;
mod hub;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::Url;

pub use self::given::{GivenBy, post_json};
use self::hub::Hub;
use super::identity::{Identity, Notifier};
use super::net::{BindError, Client, Listener, Shutdown};
use crate::logic::judge::{Case, Options};
use crate::logic::verdict::{Role, ScenarioResult, Verdict};

/// What is played against a target, and how.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The scenarios, each with the knowledge of its page.
    pub cases: Vec<Case>,
    /// How the judge judges.
    pub judge: Options,
    /// How long to wait, once, after the last scenario, for messages that should not come.
    pub settle: Duration,
    /// How many scenarios are played at a time.
    pub jobs: usize,
    /// When this turns, the run ends where it stands.
    pub interrupt: Shutdown,
}

/// The target, and how it reaches confcall.
#[derive(Debug, Clone)]
pub enum Target {
    /// A service is judged; confcall plays the bot.
    Service {
        /// The service's address. Without a path, the page's API version is appended.
        url: Url,
        /// Where to take notifications, `HOST:PORT`.
        listen: String,
        /// What the service is told as callback; none for the listener's own address.
        callback: Option<Url>,
        /// Who brings about given states.
        given: GivenBy,
    },
    /// A bot is judged; confcall plays the service.
    Bot {
        /// The bot's callback.
        url: Url,
        /// Where cues go; none for a bot that acts by itself.
        cue: Option<Url>,
        /// Where to take requests, `HOST:PORT`.
        listen: String,
        /// What the bot is told as the service's address; none for the listener's own.
        public: Option<Url>,
        /// What it finds around the API; none where nothing is there.
        identity: Option<Arc<Identity>>,
        /// Who signs the notifications; none where they bear the token of [`Setup::judge`].
        notifier: Option<Notifier>,
    },
}

impl Target {
    /// The party that is judged.
    pub const fn role(&self) -> Role {
        match self {
            Self::Service { .. } => Role::Service,
            Self::Bot { .. } => Role::Bot,
        }
    }

    /// Where the target is.
    pub const fn url(&self) -> &Url {
        match self {
            Self::Service { url, .. } | Self::Bot { url, .. } => url,
        }
    }

    /// The path below which a bot under test reaches confcall; empty for the root.
    fn prefix(&self) -> String {
        match self {
            Self::Bot {
                public: Some(url), ..
            } => url.path().trim_end_matches('/').to_owned(),
            _ => String::new(),
        }
    }

    /// What a bot under test finds around the API.
    fn identity(&self) -> Option<Arc<Identity>> {
        match self {
            Self::Service { .. } => None,
            Self::Bot { identity, .. } => identity.clone(),
        }
    }

    /// The address that the target is told of confcall, whose own is this.
    fn told(&self, own: &str) -> String {
        match self {
            Self::Service { callback: url, .. } | Self::Bot { public: url, .. } => {
                url.as_ref().map_or(own, Url::as_str).to_owned()
            }
        }
    }

    fn listen(&self) -> &str {
        match self {
            Self::Service { listen, .. } | Self::Bot { listen, .. } => listen,
        }
    }
}

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The port for the target's messages is not to be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The target is not there.
    #[error(
        "the {role} at {url} cannot be reached: {cause}\n  = help: start it first, and check address and port"
    )]
    Unreachable {
        /// The party.
        role: Role,
        /// Its address.
        url: Url,
        /// What the operating system says.
        cause: String,
    },
}

/// Plays every scenario against a target, side by side where their messages can be told apart,
/// and one by one where not. Results come in the order of the cases.
///
/// # Errors
///
/// A port that is taken, a target that is not there from the start.
pub async fn play(setup: Setup, target: Target) -> Result<Vec<ScenarioResult>, PlayError> {
    reach(&target).await?;
    let listener = Listener::bind(target.listen()).await?;
    let own_url = listener.url();
    let told = target.told(&own_url);
    let hub = Arc::new(Hub::new(target.role(), target.identity(), told));
    let listener = listener.telling_refusals({
        let hub = Arc::clone(&hub);
        move |why| hub.refused(&why)
    });
    let shutdown = Shutdown::new();
    let server = {
        let hub = Arc::clone(&hub);
        let prefix = target.prefix();
        tokio::spawn(listener.serve(
            move |mut request| {
                let hub = Arc::clone(&hub);
                if let Some(rest) = below(&prefix, &request.target) {
                    request.target = rest;
                }
                async move { hub.receive(request).await }
            },
            shutdown.clone(),
        ))
    };
    let session = Arc::new(Session {
        judge: setup.judge,
        target,
        own_url,
        hub,
        client: Client::new(),
        begun: Instant::now(),
        interrupt: setup.interrupt,
    });
    let results = session.play(&setup.cases, setup.jobs, setup.settle).await;
    shutdown.begin();
    // The listener ends by itself; a target that keeps its connection open is not waited for.
    server.abort();
    Ok(results)
}

/// One target with one listener.
#[derive(Debug)]
struct Session {
    judge: Options,
    target: Target,
    own_url: String,
    hub: Arc<Hub>,
    client: Client,
    begun: Instant,
    interrupt: Shutdown,
}

impl Session {
    async fn play(
        self: &Arc<Self>,
        cases: &[Case],
        jobs: usize,
        settle: Duration,
    ) -> Vec<ScenarioResult> {
        let mut results = self.play_together(cases, jobs, settle).await;
        for (case, result) in cases.iter().zip(&mut results) {
            if result.is_none() && !self.interrupt.has_begun() {
                let mut again = self
                    .play_together(std::slice::from_ref(case), 1, settle)
                    .await;
                *result = again.pop().flatten();
            }
        }
        cases
            .iter()
            .zip(results)
            .map(|(case, result)| {
                result.unwrap_or_else(|| {
                    let reason = "the messages of this scenario could not be told from others";
                    skeleton(case, self.target.role(), Verdict::Inconclusive, reason)
                })
            })
            .collect()
    }

    /// Plays cases side by side. A case whose messages could not be told from another's has no
    /// result.
    async fn play_together(
        self: &Arc<Self>,
        cases: &[Case],
        jobs: usize,
        settle: Duration,
    ) -> Vec<Option<ScenarioResult>> {
        let places = Arc::new(Semaphore::new(jobs.max(1)));
        let all_over = Shutdown::new();
        let mut tasks = JoinSet::new();
        let (over, mut count) = tokio::sync::mpsc::unbounded_channel();
        for (index, case) in cases.iter().cloned().enumerate() {
            let session = Arc::clone(self);
            let places = Arc::clone(&places);
            let all_over = all_over.clone();
            let over = over.clone();
            tasks.spawn(async move {
                let place = places.acquire_owned().await;
                let begun = Instant::now();
                let mut conversation = conversation::Conversation::open(&session, &case);
                conversation.play().await;
                let duration = begun.elapsed();
                drop(place);
                drop(over);
                let outcome = conversation.linger(&all_over).await;
                (
                    index,
                    outcome.map(|o| o.into_result(&case.scenario.id, duration)),
                )
            });
        }
        drop(over);
        // Nothing is ever sent: the channel closes when the last conversation is over.
        let _: Option<()> = count.recv().await;
        if !settle.is_zero() && !self.interrupt.has_begun() {
            tokio::select! {
                () = sleep(settle) => {}
                () = self.interrupt.begun() => {}
            }
        }
        all_over.begin();
        let mut results = vec![None; cases.len()];
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok((index, result)) => results[index] = result,
                // A panic of a conversation is a defect of confcall, and goes on as one.
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        self.hub.retire();
        results
    }
}

/// A target without the path below which confcall is reached, which is no part of the API's.
fn below(prefix: &str, target: &str) -> Option<String> {
    let rest = target.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    rest.starts_with('/').then(|| rest.to_owned())
}

/// The target is there, or the run fails before it begins.
async fn reach(target: &Target) -> Result<(), PlayError> {
    let mut urls = vec![target.url()];
    if let Target::Bot { cue: Some(cue), .. } = target {
        urls.push(cue);
    }
    for url in urls {
        let error = |cause: String| PlayError::Unreachable {
            role: target.role(),
            url: url.clone(),
            cause,
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(80);
        let connecting = tokio::net::TcpStream::connect((host, port));
        match timeout(Duration::from_secs(5), connecting).await {
            Ok(Ok(_)) => {}
            Ok(Err(cause)) => return Err(error(cause.to_string())),
            Err(_) => return Err(error("no connection within 5 s".to_owned())),
        }
    }
    Ok(())
}

/// A result without a conversation behind it.
pub fn skeleton(case: &Case, role: Role, verdict: Verdict, reason: &str) -> ScenarioResult {
    ScenarioResult {
        scenario: case.scenario.id.to_string(),
        role,
        verdict,
        reason: reason.to_owned(),
        duration_ms: 0,
        failures: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
        traffic: Vec::new(),
        bound: Vec::new(),
        checked: Vec::new(),
    }
}
