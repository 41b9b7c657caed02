//! The recording proxy: it stands between bot and service, forwards their messages in both
//! directions, and writes each exchange before the end of its response is sent.
//!
//! An observer (`observer`) may get the exchanges too, or instead of a cassette.
//!
//! For: HTTP/1.1 and, in TLS, HTTP/2 to named parties. The proxy stands in for one of the parties (`callback`), or is
//! the forward proxy of the clients (`http::interception`). Bodies are forwarded as they come. Not for: the meaning of
//! the messages.

mod address;
mod around;
mod body;
pub(crate) mod callback;
mod exchange;
mod expect;
mod forward;
mod hop;
mod injected;
pub(crate) mod observer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use rustls::ClientConfig;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::body::{Broken, RequestBody, ResponseBody};
use self::callback::{Callbacks, LearntCallbacks};
use self::hop::Via;
use self::observer::Observer;
use crate::cassette::causes::Causes;
use crate::cassette::format::Direction;
use crate::cassette::journal::{Journal, JournalError};
use crate::diagnostic::{Remedy, render};
use crate::http::connect::{Dialer, StreamingClient, streaming_client};
use crate::http::interception::{Interception, Refused};
use crate::http::limits::MAX_TARGET_AND_FIELDS;
use crate::http::server::{self, Connection, ConnectionError, Server, Tunnel, Watch};
use crate::http::tls;
use crate::http::{Listener, Versions};
use crate::inject::traffic::TrafficInjection;
use crate::redact::Redactor;
use crate::replay::matching::target::Own;
use crate::replay::stubs::SharedStubs;

#[derive(Debug)]
pub(crate) struct Parties {
    pub service: Service,
    pub bot: Bots,
    /// Requests to the service below this path are passed on, and neither recorded nor observed.
    pub aside: Option<&'static str>,
    /// The bot sends its requests to it.
    pub listener: Listener,
    /// For parties that speak TLS.
    pub tls: ClientConfig,
    /// The faults that are injected into the traffic.
    pub injection: Option<TrafficInjection>,
    /// The recorded answers to requests outside of the calling API.
    pub stubs: Option<SharedStubs>,
    /// Called with a text when a client does not take the certificate of a listener.
    pub warn: fn(&str),
}

/// The bots whose notifications are recorded.
#[derive(Debug)]
pub(crate) enum Bots {
    /// None: notifications do not come through the proxy.
    None,
    One(Box<Bot>),
    /// Whoever names a callback, each origin with a listener of its own on the loopback address; in TLS where there
    /// is an authority.
    Any(Option<Arc<tls::Authority>>),
}

/// Where the exchanges go.
#[derive(Debug)]
pub(crate) struct Sinks {
    pub journal: Option<Journal>,
    pub observer: Option<Arc<dyn Observer>>,
    pub redactor: Arc<Redactor>,
    /// The longest body that is captured whole, in bytes. Of a longer one, length and digest are captured.
    pub max_body: usize,
}

/// The bot, and the listener that takes its place for the service.
#[derive(Debug)]
pub(crate) struct Bot {
    pub url: Url,
    pub listener: Listener,
    /// The address under which the service reaches the listener, where it is not the listener's own:
    /// without a path.
    pub public: Option<Url>,
}

#[derive(Debug)]
pub(crate) enum Service {
    /// This address; its own path is put before the targets of requests.
    At(Url),
    /// The host that each request names: the bot uses confcall as a forward proxy.
    Named(Arc<Interception>),
}

/// The shared parts of all exchanges of a recording.
#[derive(Debug)]
struct Recorder {
    sinks: Sinks,
    /// The number of the last exchange, where no journal counts them.
    last: AtomicU64,
    causes: Mutex<Causes>,
    dialer: Dialer,
    client: StreamingClient<RequestBody>,
    /// For requests that ask for another protocol: only HTTP/1.1 can switch.
    switching_client: StreamingClient<RequestBody>,
    callbacks: AllCallbacks,
    /// The servers of listeners that were opened for callbacks.
    learnt: Mutex<Vec<JoinHandle<()>>>,
    via: Via,
    injection: Option<TrafficInjection>,
    stubs: Option<SharedStubs>,
    began: Instant,
    warn: fn(&str),
    failure: OnceLock<RecordError>,
    shutdown: CancellationToken,
}

/// The callbacks that are replaced in requests.
#[derive(Debug)]
enum AllCallbacks {
    None,
    One(Arc<Callbacks>),
    Any(LearntCallbacks),
}

impl Recorder {
    /// Causes are exchanges of the other direction: they are recorded if both directions are.
    const fn records_causes(&self) -> bool {
        self.sinks.journal.is_some() && self.sees_notifications()
    }

    const fn sees_notifications(&self) -> bool {
        !matches!(self.callbacks, AllCallbacks::None)
    }

    /// The number of the next exchange.
    fn number(&self) -> u64 {
        match &self.sinks.journal {
            Some(journal) => journal.number(),
            None => self.last.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// The text of this JSON with the listeners' addresses instead of callbacks; none where it names none.
    async fn with_own_callbacks(self: &Arc<Self>, text: &str, json: &Value) -> Option<String> {
        match &self.callbacks {
            AllCallbacks::None => None,
            AllCallbacks::One(callbacks) => callbacks.rewritten(text, json),
            AllCallbacks::Any(learnt) => {
                let serve = |listener, callbacks| {
                    let server = self.serve(listener, Upstream::Bot(callbacks));
                    let mut servers = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
                    servers.push(tokio::spawn(server));
                };
                let rewritten = learnt.rewritten(text, json, serve).await;
                rewritten.unwrap_or_else(|error| {
                    (self.warn)(&format!(
                        "the notifications of a callback are not seen: {}",
                        render(&error)
                    ));
                    None
                })
            }
        }
    }

    fn serve(
        self: &Arc<Self>,
        listener: Listener,
        upstream: Upstream,
    ) -> impl Future<Output = ()> + Send + use<> {
        let proxy = Proxy {
            recorder: Arc::clone(self),
            upstream,
        };
        Server::run(listener, proxy, self.shutdown.clone())
    }

    fn causes(&self) -> MutexGuard<'_, Causes> {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one of the two parties: a listener and where its requests go.
#[derive(Debug)]
struct Proxy {
    recorder: Arc<Recorder>,
    upstream: Upstream,
}

/// How long a bot whose connection broke may take to end, and how often that is looked at.
const ENDS_WITHIN: Duration = Duration::from_millis(500);
const LOOKS_EVERY: Duration = Duration::from_millis(10);

impl Proxy {
    /// True if a notification broke because the bot's tests have ended the bot: a process that ends closes its
    /// connections first and its listener later. `is_connect` says that no connection came about.
    async fn bot_has_gone(&self, is_connect: bool) -> bool {
        let observer = self.recorder.sinks.observer.as_ref();
        let (Upstream::Bot(callbacks), Some(observer)) = (&self.upstream, observer) else {
            return false;
        };
        let has_been_there = !is_connect || callbacks.has_answered();
        let ended = async {
            while !observer.is_over() && (!has_been_there || callbacks.is_there().await) {
                sleep(LOOKS_EVERY).await;
            }
        };
        timeout(ENDS_WITHIN, ended).await.is_ok()
    }

    /// The scheme under which the client of a request that goes to this address knows the other party.
    fn scheme(&self, address: &Uri) -> Scheme {
        let listener = match &self.upstream {
            Upstream::Service { listener, .. } => listener,
            Upstream::Bot(callbacks) => &callbacks.listener,
            Upstream::Named => return address.scheme().cloned().unwrap_or(Scheme::HTTP),
        };
        if listener.starts_with("https:") {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        }
    }

    /// True if requests to this target are neither recorded nor observed.
    fn passes_by(&self, target: &str) -> bool {
        let aside = match &self.upstream {
            Upstream::Service { aside, .. } => *aside,
            Upstream::Bot(_) | Upstream::Named => None,
        };
        aside.is_some_and(|it| target.starts_with(it))
    }
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a recorder has two of them")]
enum Upstream {
    /// The service, below the path of this URL.
    Service {
        url: Url,
        /// The scheme and the host of that URL, if it has no path.
        origin: Option<(Scheme, Authority)>,
        /// Its addresses in answers.
        own: Own,
        /// See [`Parties::aside`].
        aside: Option<&'static str>,
        /// The URL of the listener, for clients that do not name it.
        listener: String,
    },
    /// The bot at these callbacks.
    Bot(Arc<Callbacks>),
    /// The host that each request names.
    Named,
}

impl Upstream {
    const fn direction(&self) -> Direction {
        match self {
            Self::Bot(_) => Direction::Notification,
            Self::Service { .. } | Self::Named => Direction::Request,
        }
    }
}

/// Records until the shutdown begins and the exchanges under way have ended, at most
/// [`GRACE`](crate::http::limits::GRACE).
pub(crate) async fn record(
    parties: Parties,
    sinks: Sinks,
    shutdown: CancellationToken,
) -> Result<(), RecordError> {
    let mut own = vec![parties.listener.address()];
    let (callbacks, listener) = match parties.bot {
        Bots::None => (AllCallbacks::None, None),
        Bots::One(bot) => {
            let bot = *bot;
            own.push(bot.listener.address());
            (AllCallbacks::One(bot.callbacks()), Some(bot.listener))
        }
        Bots::Any(authority) => (AllCallbacks::Any(LearntCallbacks::new(authority)), None),
    };
    let dialer = Dialer::of_proxy(own);
    let client = |tls, versions| streaming_client(dialer.clone(), tls, versions);
    let recorder = Arc::new(Recorder {
        sinks,
        last: AtomicU64::new(0),
        causes: Mutex::default(),
        client: client(parties.tls.clone(), Versions::Http1AndHttp2),
        switching_client: client(parties.tls, Versions::Http1),
        dialer: dialer.clone(),
        callbacks,
        learnt: Mutex::default(),
        via: Via::new(),
        injection: parties.injection,
        stubs: parties.stubs,
        began: Instant::now(),
        warn: parties.warn,
        failure: OnceLock::new(),
        shutdown,
    });
    let (listener_of_service, upstream) = match parties.service {
        Service::At(url) => {
            let aside = parties.aside;
            let listener = parties.listener.url();
            let upstream = Upstream::Service {
                own: Own::of(&url),
                origin: origin(&url),
                url,
                aside,
                listener,
            };
            (parties.listener, upstream)
        }
        Service::Named(interception) => {
            (parties.listener.intercepting(interception), Upstream::Named)
        }
    };
    let requests = recorder.serve(listener_of_service, upstream);
    match (listener, &recorder.callbacks) {
        (Some(listener), AllCallbacks::One(callbacks)) => {
            let upstream = Upstream::Bot(Arc::clone(callbacks));
            tokio::join!(requests, recorder.serve(listener, upstream));
        }
        _ => requests.await,
    }
    let learnt = std::mem::take(
        &mut *recorder
            .learnt
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    for server in learnt {
        // A panic is printed already.
        let _ = server.await;
    }
    let failure = recorder.failure.get().cloned();
    let journal = recorder.sinks.journal.as_ref();
    let lost = || journal?.check().err().map(RecordError::from);
    failure.or_else(lost).map_or(Ok(()), Err)
}

/// The scheme and the host of a URL that has nothing else.
fn origin(url: &Url) -> Option<(Scheme, Authority)> {
    let is_all = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let parts = url.as_str().parse::<Uri>().ok()?.into_parts();
    parts.scheme.zip(parts.authority).filter(|_| is_all)
}

/// The journal of a recording takes no more.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct RecordError(Arc<JournalError>);

impl From<JournalError> for RecordError {
    fn from(error: JournalError) -> Self {
        Self(Arc::new(error))
    }
}

impl Remedy for RecordError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        self.0.remedy()
    }
}

impl Bot {
    fn callbacks(&self) -> Arc<Callbacks> {
        let public = self.public.as_ref();
        let public = public.map(|it| it.as_str().trim_end_matches('/').to_owned());
        let listener = public.unwrap_or_else(|| self.listener.url());
        Arc::new(Callbacks::new(self.url.clone(), listener))
    }
}

impl server::Service for Proxy {
    type Body = ResponseBody;
    type Error = Broken;

    const VERSIONS: Versions = Versions::Http1AndHttp2;
    const MAX_HEAD: usize = MAX_TARGET_AND_FIELDS;
    const WATCH: Watch = Watch::On;

    async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Result<Response<ResponseBody>, Broken> {
        forward::forward(self, connection, request).await
    }

    fn refuse(&self, (status, why): &Refused) -> Response<ResponseBody> {
        server::refusal(*status, why)
    }

    async fn tunnel(&self, host: &str, port: u16) -> Result<Tunnel, Refused> {
        forward::tunnel_to(&self.recorder, host, port).await
    }

    fn report(&self, problem: &ConnectionError) {
        if let ConnectionError::Handshake(error) = problem {
            (self.recorder.warn)(&render(error));
        }
    }
}
