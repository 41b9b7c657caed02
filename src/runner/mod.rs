//! The player: runs judges against a target over real sockets.
//!
//! A `Session` is one target with one listener. Each scenario is a `conversation`, a task with
//! a judge of its own; the `router` says which conversation a message that comes in belongs to.
//! A bot under test may reach it through a forward proxy ([`Proxy`]), under the service's own address.
//! `given` brings about what a scenario needs first. Everything is driven by events: nothing
//! sleeps but the wait for doubles at the end ([`Setup::settle`]).

mod address;
mod conversation;
pub mod pair;
pub mod process;
mod provider_state;
mod router;
mod trigger;
mod variables;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::Url;

pub use self::provider_state::StateProvider;
use self::router::Router;
pub use self::trigger::{Hook, HookAnswer};
use crate::api::party::Party;
use crate::http::interception::Interception;
use crate::http::message::Request;
use crate::http::tls::Authority;
use crate::http::{BindError, Client, Listener, SendError};
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::judge::{Case, Options};
use crate::platform::{Identity, Notifier};
use tokio_util::sync::CancellationToken;

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
    pub interrupt: CancellationToken,
    /// Why, where it is not a person who ends it.
    pub cause: Arc<OnceLock<String>>,
    /// What fault injection chooses follows from this.
    pub seed: u64,
    /// What requests, notifications and triggers are sent with.
    pub client: Client,
    /// Whose certificates the target is shown; none for plain HTTP.
    pub authority: Option<Arc<Authority>>,
}

impl Setup {
    /// A listener for a party, which may know it under another address.
    ///
    /// # Errors
    ///
    /// A port that is taken, a host that no certificate can bear.
    pub async fn listen(&self, address: &str, public: Option<&Url>) -> Result<Listener, BindError> {
        let listener = Listener::bind(address).await?;
        match &self.authority {
            Some(authority) => listener.behind(authority, public),
            None => Ok(listener),
        }
    }
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
        /// Who brings about provider states.
        given: StateProvider,
    },
    /// A bot is judged; confcall plays the service.
    Bot {
        /// The bot's callback.
        url: Url,
        /// Who is triggered; none for a bot that acts by itself.
        trigger: Option<Hook>,
        /// Whether the bot does without a trigger what a notification provokes.
        acts_by_itself: bool,
        /// Where to take requests, `HOST:PORT`.
        listen: String,
        /// What the bot is told as the service's address; none for the listener's own.
        public: Option<Url>,
        /// How the bot's requests to other addresses are taken; none where they are not.
        proxy: Option<Box<Proxy>>,
        /// What it finds around the API; none where nothing is there.
        identity: Option<Arc<Identity>>,
        /// Who signs the notifications; none where they bear the token of [`Setup::judge`].
        notifier: Option<Notifier>,
    },
}

/// A forward proxy, through which a bot reaches confcall under the service's own address.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Where to listen, `HOST:PORT`.
    pub listen: String,
    /// The hosts in whose place confcall is the service.
    pub interception: Arc<Interception>,
    /// What the bot is told as the service's address.
    pub service: Url,
}

impl Target {
    /// The party that is judged.
    pub const fn role(&self) -> Party {
        match self {
            Self::Service { .. } => Party::Service,
            Self::Bot { .. } => Party::Bot,
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

    /// Who signs notifications to a bot under test.
    const fn notifier(&self) -> Option<&Notifier> {
        match self {
            Self::Service { .. } => None,
            Self::Bot { notifier, .. } => notifier.as_ref(),
        }
    }

    fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Service { .. } => None,
            Self::Bot { proxy, .. } => proxy.as_deref(),
        }
    }

    /// Where to listen, and the address that the target is told instead, where there is one.
    const fn listen(&self) -> (&String, Option<&Url>) {
        match self {
            Self::Service {
                listen, callback, ..
            } => (listen, callback.as_ref()),
            Self::Bot { listen, public, .. } => (listen, public.as_ref()),
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
        "the {party} at {url} cannot be reached: {cause}\n  = help: start it first, and check address and port"
    )]
    Unreachable {
        /// What is there.
        party: &'static str,
        /// Its address.
        url: Url,
        /// Why.
        cause: Box<SendError>,
    },
    /// The target shows a certificate that is not trusted.
    #[error(
        "the {party}: {cause}\n  = help: `--ca FILE` takes the certificate of its authority, or its own, in PEM"
    )]
    Untrusted {
        /// What is there.
        party: &'static str,
        /// What is wrong with it.
        cause: Box<SendError>,
    },
}

/// Plays every scenario against a target, side by side where their messages can be told apart,
/// and one by one where not. Results come in the order of the cases.
///
/// # Errors
///
/// A port that is taken, a target that is not there from the start.
pub async fn play(setup: Setup, target: Target) -> Result<Vec<ScenarioResult>, PlayError> {
    Stage::open(setup, target).await?.play().await
}

/// A target, and the listeners that are open for it. What comes before the play is answered as what
/// belongs to no conversation.
#[derive(Debug)]
pub struct Stage {
    setup: Setup,
    target: Target,
    router: Arc<Router>,
    own_url: String,
    proxy_url: Option<String>,
    closing: CancellationToken,
    /// Ended with the stage: a target that keeps its connection open is not waited for.
    servers: JoinSet<()>,
}

/// How long answers that are on their way have to go out at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(200);

impl Stage {
    /// Opens the listeners.
    ///
    /// # Errors
    ///
    /// A port that is taken.
    pub async fn open(setup: Setup, target: Target) -> Result<Self, PlayError> {
        let (address, public) = target.listen();
        let listener = setup.listen(address, public).await?;
        let proxy = match target.proxy() {
            Some(proxy) => {
                let listener = setup.listen(&proxy.listen, None).await?;
                Some(listener.intercepting(Arc::clone(&proxy.interception)))
            }
            None => None,
        };
        let own_url = listener.url();
        let told = public.map_or(own_url.as_str(), Url::as_str).to_owned();
        let router = Arc::new(Router::new(target.role(), target.identity(), told));
        let proxy_url = proxy.as_ref().map(Listener::url);
        let closing = CancellationToken::new();
        let mut servers = JoinSet::new();
        let serve =
            |listener, prefix| serve(listener, Arc::clone(&router), prefix, closing.clone());
        servers.spawn(serve(listener, target.prefix()));
        if let Some(proxy) = proxy {
            servers.spawn(serve(proxy, String::new()));
        }
        Ok(Self {
            setup,
            target,
            router,
            own_url,
            proxy_url,
            closing,
            servers,
        })
    }

    /// Where the target's messages are taken.
    pub fn url(&self) -> &str {
        &self.own_url
    }

    /// What the target is told as confcall's address.
    pub fn told_url(&self) -> &str {
        let (_, public) = self.target.listen();
        public.map_or(&self.own_url, |url| url.as_str())
    }

    /// Where the forward proxy is, where there is one, and the certificate that its clients trust.
    pub fn proxy(&self) -> Option<(&str, &Path)> {
        let proxy = self.target.proxy()?;
        let certificate = proxy.interception.authority.path();
        Some((self.proxy_url.as_deref()?, certificate))
    }

    /// Plays every scenario, as [`play`] does.
    ///
    /// # Errors
    ///
    /// A target that is not there from the start.
    pub async fn play(mut self) -> Result<Vec<ScenarioResult>, PlayError> {
        reach_all(&self.target, &self.setup.client).await?;
        let setup = self.setup;
        let session = Arc::new(Session {
            judge: setup.judge,
            target: self.target,
            own_url: self.own_url,
            router: self.router,
            client: setup.client,
            begun: Instant::now(),
            interrupt: setup.interrupt,
            cause: setup.cause,
            seed: setup.seed,
        });
        let results = session.play(&setup.cases, setup.jobs, setup.settle).await;
        self.closing.cancel();
        let last = async { while self.servers.join_next().await.is_some() {} };
        let _ = timeout(LAST_ANSWERS, last).await;
        Ok(results)
    }
}

/// Takes the target's messages to the hub. What is refused before it is a message is told there.
async fn serve(
    listener: Listener,
    router: Arc<Router>,
    prefix: String,
    closing: CancellationToken,
) {
    let listener = listener.telling_refusals({
        let router = Arc::clone(&router);
        move |why| router.refused(&why)
    });
    let receive = move |mut request: Request| {
        let router = Arc::clone(&router);
        if let Some(rest) = below(&prefix, &request.target) {
            request.target = rest;
        }
        async move { router.receive(request).await }
    };
    listener.serve(receive, closing).await;
}

/// One target with one listener.
#[derive(Debug)]
struct Session {
    judge: Options,
    target: Target,
    own_url: String,
    router: Arc<Router>,
    client: Client,
    begun: Instant,
    interrupt: CancellationToken,
    cause: Arc<OnceLock<String>>,
    seed: u64,
}

impl Session {
    /// Why the run ends where it stands.
    fn why(&self) -> &str {
        self.cause.get().map_or("interrupted", String::as_str)
    }

    async fn play(
        self: &Arc<Self>,
        cases: &[Case],
        jobs: usize,
        settle: Duration,
    ) -> Vec<ScenarioResult> {
        let mut results = self.play_together(cases, jobs, settle).await;
        for (case, result) in cases.iter().zip(&mut results) {
            if result.is_none() && !self.interrupt.is_cancelled() {
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
        let all_over = CancellationToken::new();
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
        if !settle.is_zero() && !self.interrupt.is_cancelled() {
            tokio::select! {
                () = sleep(settle) => {}
                () = self.interrupt.cancelled() => {}
            }
        }
        all_over.cancel();
        let mut results = vec![None; cases.len()];
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok((index, result)) => results[index] = result,
                // A panic of a conversation is a defect of confcall, and goes on as one.
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        self.router.retire();
        results
    }
}

/// A target without the path below which confcall is reached, which is no part of the API's.
fn below(prefix: &str, target: &str) -> Option<String> {
    let rest = target.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    rest.starts_with('/').then(|| rest.to_owned())
}

/// The target is there, or the run fails before it begins.
async fn reach_all(target: &Target, client: &Client) -> Result<(), PlayError> {
    let mut urls = vec![target.url()];
    if let Target::Bot {
        trigger: Some(Hook::Url(trigger)),
        ..
    } = target
    {
        urls.push(trigger);
    }
    for url in urls {
        reach(target.role().as_str(), url, client).await?;
    }
    Ok(())
}

/// Somebody listens at the address of a party, and shows a certificate that is trusted. Nothing is
/// sent.
///
/// # Errors
///
/// [`PlayError::Unreachable`] and [`PlayError::Untrusted`], after 5 s at the latest.
pub async fn reach(party: &'static str, url: &Url, client: &Client) -> Result<(), PlayError> {
    let reached = client.reach(url, Duration::from_secs(5)).await;
    reached.map_err(Box::new).map_err(|cause| match *cause {
        SendError::Untrusted { .. } => PlayError::Untrusted { party, cause },
        _ => PlayError::Unreachable {
            party,
            url: url.clone(),
            cause,
        },
    })
}

/// A result without a conversation behind it.
pub fn skeleton(case: &Case, role: Party, verdict: Verdict, reason: &str) -> ScenarioResult {
    ScenarioResult::new(case.scenario.id.to_string(), role, verdict, reason)
}
