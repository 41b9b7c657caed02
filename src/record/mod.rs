//! The recording proxy: it stands between bot and service, passes on what they say in both
//! directions, and writes each exchange down before its answer is over.
//!
//! For: HTTP/1.1 and, in TLS, HTTP/2 to named parties, in the place of one of them (`callback`) or
//! as the forward proxy of its clients (`intercept`), bodies passed on as they come. Not for: what
//! the messages mean.

mod body;
pub(crate) mod callback;
mod exchange;
mod expect;
mod forward;
mod hop;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use hyper::body::Incoming;
use hyper::{Request, Response};
use rustls::ClientConfig;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::body::{Broken, RequestBody, ResponseBody};
use self::callback::Callbacks;
use self::hop::Via;
use crate::cassette::causes::Causes;
use crate::cassette::format::Direction;
use crate::cassette::journal::{Journal, JournalError};
use crate::diagnostic::{Remedy, render};
use crate::http::connect::{Dialer, StreamingClient, streaming_client};
use crate::http::interception::{Interception, Refused};
use crate::http::limits::MAX_TARGET_AND_FIELDS;
use crate::http::server::{self, Connection, ConnectionError, Server, Tunnel, Watch};
use crate::http::{Listener, Versions};
use crate::redact::Redactor;

#[derive(Debug)]
pub(crate) struct Parties {
    pub service: Service,
    /// Present where notifications are recorded.
    pub bot: Option<Bot>,
    /// The bot sends its requests to it.
    pub listener: Listener,
    /// For parties that speak TLS.
    pub tls: ClientConfig,
    /// Called with a text when a client does not take the certificate of a listener.
    pub warn: fn(&str),
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
    journal: Journal,
    redactor: Redactor,
    causes: Mutex<Causes>,
    dialer: Dialer,
    client: StreamingClient<RequestBody>,
    /// For requests that ask for another protocol: only HTTP/1.1 can switch.
    switching_client: StreamingClient<RequestBody>,
    callbacks: Option<Callbacks>,
    via: Via,
    max_body: usize,
    began: Instant,
    warn: fn(&str),
    failure: OnceLock<RecordError>,
    shutdown: CancellationToken,
}

impl Recorder {
    /// Causes are exchanges of the other direction: they are recorded if both directions are.
    const fn records_causes(&self) -> bool {
        self.callbacks.is_some()
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

#[derive(Debug)]
enum Upstream {
    /// The service, below the path of this URL.
    Service(Url),
    /// The bot at these callbacks.
    Bot(Callbacks),
    /// The host that each request names.
    Named,
}

impl Upstream {
    const fn direction(&self) -> Direction {
        match self {
            Self::Bot(_) => Direction::Notification,
            Self::Service(_) | Self::Named => Direction::Request,
        }
    }
}

/// Records until the shutdown begins and the exchanges under way have ended, at most
/// [`GRACE`](crate::http::limits::GRACE). Bodies of more than `max_body` bytes pass, and are recorded as length
/// and digest.
pub(crate) async fn record(
    parties: Parties,
    journal: Journal,
    redactor: Redactor,
    max_body: usize,
    shutdown: CancellationToken,
) -> Result<(), RecordError> {
    let mut own = vec![parties.listener.address()];
    own.extend(parties.bot.iter().map(|it| it.listener.address()));
    let dialer = Dialer::of_proxy(own);
    let client = |tls, versions| streaming_client(dialer.clone(), tls, versions);
    let callbacks = parties.bot.as_ref().map(Bot::callbacks);
    let recorder = Arc::new(Recorder {
        journal,
        redactor,
        causes: Mutex::default(),
        client: client(parties.tls.clone(), Versions::Http1AndHttp2),
        switching_client: client(parties.tls, Versions::Http1),
        dialer: dialer.clone(),
        callbacks: callbacks.clone(),
        via: Via::new(),
        max_body,
        began: Instant::now(),
        warn: parties.warn,
        failure: OnceLock::new(),
        shutdown,
    });
    let serve = |listener, upstream| {
        let proxy = Proxy {
            recorder: Arc::clone(&recorder),
            upstream,
        };
        Server::run(listener, proxy, recorder.shutdown.clone())
    };
    let requests = match parties.service {
        Service::At(url) => serve(parties.listener, Upstream::Service(url)),
        Service::Named(interception) => {
            serve(parties.listener.intercepting(interception), Upstream::Named)
        }
    };
    match parties.bot.map(|it| it.listener).zip(callbacks) {
        Some((listener, callbacks)) => {
            tokio::join!(requests, serve(listener, Upstream::Bot(callbacks)));
        }
        None => requests.await,
    }
    recorder.failure.get().map_or(Ok(()), |it| Err(it.clone()))
}

/// The journal of a recording takes no more.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct RecordError(Arc<JournalError>);

impl Remedy for RecordError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        self.0.remedy()
    }
}

impl Bot {
    fn callbacks(&self) -> Callbacks {
        let public = self.public.as_ref();
        let public = public.map(|it| it.as_str().trim_end_matches('/').to_owned());
        Callbacks {
            bot: self.url.clone(),
            listener: public.unwrap_or_else(|| self.listener.url()),
        }
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
