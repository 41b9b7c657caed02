//! The recording proxy: it stands between bot and service, passes on what they say in both
//! directions, and writes each exchange down before its answer is over.
//!
//! For: HTTP/1.1 and, in TLS, HTTP/2 to named parties, in the place of one of them (`callback`) or
//! as the forward proxy of its clients (`intercept`), bodies passed on as they come. Not for: what
//! the messages mean.

mod body;
pub mod callback;
mod connection;
mod dial;
mod exchange;
mod expect;
mod forward;
mod hop;
mod intercept;
mod refuse;
mod tee;
mod via;

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1::{self, UpgradeableConnection};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use url::Url;

use self::body::{Broken, ResponseBody};
use self::callback::Callbacks;
use self::connection::{Connection, Interim};
use self::dial::{Client, Dialer};
use self::forward::forward;
use self::via::Via;
use crate::cassette::causes::Causes;
use crate::cassette::format::Direction;
use crate::cassette::journal::Journal;
use crate::http::interception::{Interception, Origin};
use crate::http::tls::HTTP_2;
use crate::http::{
    GRACE, HEAD_TIMEOUT, Listener, MAX_CONNECTIONS, MAX_FIELDS, MAX_HEAD, Opening, only_http1,
    open, refuse_plain,
};
use crate::redact::Redactor;
use tokio_util::sync::CancellationToken;

/// The longest message head in HTTP/2, in bytes of names and values and 32 for each field
/// (RFC 9113 section 6.5.2).
const MAX_LIST: u32 = 64 * 1024;

/// The longest message head in HTTP/1.1, in bytes: as much for the target as for the fields, so that
/// a long target (414) is told from long fields (431).
const MAX_BOTH: usize = 2 * MAX_HEAD;

/// How many requests are under way in one connection of HTTP/2 at a time. Further ones wait.
const MAX_STREAMS: u32 = 128;

/// Between whom a recording stands.
#[derive(Debug)]
pub struct Parties {
    /// Where the bot's requests go.
    pub service: Service,
    /// The bot, where notifications are recorded.
    pub bot: Option<Bot>,
    /// Where the bot sends its requests.
    pub listener: Listener,
    /// What is trusted of parties that speak TLS.
    pub tls: ClientConfig,
    /// Told, in words, when a client does not take a certificate that a listener shows.
    pub warn: fn(&str),
}

/// The bot, and what takes its place before the service.
#[derive(Debug)]
pub struct Bot {
    /// Its callback.
    pub url: Url,
    /// Where its notifications come.
    pub listener: Listener,
    /// What the service is told instead of the listener's address, where it reaches that under another
    /// one: an address without a path.
    pub public: Option<Url>,
}

/// Where the bot's requests go.
#[derive(Debug)]
pub enum Service {
    /// To this address; its own path is put before the targets of requests.
    At(Url),
    /// Where each says: the bot uses the proxy as such.
    Named(Arc<Interception>),
}

/// What all exchanges of a recording share.
#[derive(Debug)]
struct Recorder {
    journal: Journal,
    redactor: Redactor,
    causes: Mutex<Causes>,
    dialer: Dialer,
    client: Client,
    switching_client: Client,
    callbacks: Option<Callbacks>,
    via: Via,
    max_body: usize,
    began: Instant,
    warn: fn(&str),
    failure: OnceLock<String>,
    shutdown: CancellationToken,
}

impl Recorder {
    /// Whether it is told what brought an exchange about: that is one of the other direction.
    const fn tells_causes(&self) -> bool {
        self.callbacks.is_some()
    }

    /// What is remembered of the exchanges so far.
    fn causes(&self) -> MutexGuard<'_, Causes> {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the requests of a connection go.
#[derive(Debug, Clone)]
enum Route {
    /// To the service, below its path.
    Service(Arc<Url>),
    /// To the bot.
    Bot,
    /// Where each says.
    Named(Arc<Interception>),
    /// Where the tunnel leads that they come through.
    Opened(Origin),
}

impl Route {
    const fn direction(&self) -> Direction {
        match self {
            Self::Bot => Direction::Notification,
            Self::Service(_) | Self::Named(_) | Self::Opened(_) => Direction::Request,
        }
    }
}

/// A connection of a client, and what is opened within it.
#[derive(Debug)]
struct Session {
    recorder: Arc<Recorder>,
    route: Route,
    /// One of the connections that are served at a time, given back with the last clone.
    place: Arc<OwnedSemaphorePermit>,
}

impl Session {
    /// One within this, whose requests go elsewhere.
    fn within(&self, route: Route) -> Self {
        Self {
            recorder: Arc::clone(&self.recorder),
            route,
            place: Arc::clone(&self.place),
        }
    }
}

/// Records until the shutdown begins and the exchanges under way have ended, at most [`GRACE`].
/// Bodies of more than `max_body` bytes pass, and are recorded as length and digest.
///
/// # Errors
///
/// In words, a journal that took no more.
pub async fn record(
    parties: Parties,
    journal: Journal,
    redactor: Redactor,
    max_body: usize,
    shutdown: CancellationToken,
) -> Result<(), String> {
    let mut own = vec![parties.listener.address()];
    let (callbacks, callback_listener) = match parties.bot {
        Some(Bot {
            url,
            listener,
            public,
        }) => {
            own.push(listener.address());
            let public = public.map(|it| it.as_str().trim_end_matches('/').to_owned());
            let callbacks = Callbacks {
                bot: url,
                listener: public.unwrap_or_else(|| listener.url()),
            };
            (Some(callbacks), Some(listener))
        }
        None => (None, None),
    };
    let dialer = Dialer::new(own);
    let recorder = Arc::new(Recorder {
        journal,
        redactor,
        causes: Mutex::default(),
        client: dial::client(dialer.clone(), parties.tls.clone()),
        switching_client: dial::switching_client(dialer.clone(), parties.tls),
        dialer,
        callbacks,
        via: Via::new(),
        max_body,
        began: Instant::now(),
        warn: parties.warn,
        failure: OnceLock::new(),
        shutdown,
    });
    let notifications = async {
        if let Some(listener) = callback_listener {
            serve(listener, &recorder, Route::Bot).await;
        }
    };
    let route = match parties.service {
        Service::At(url) => Route::Service(Arc::new(url)),
        Service::Named(interception) => Route::Named(interception),
    };
    let requests = serve(parties.listener, &recorder, route);
    tokio::join!(requests, notifications);
    recorder.failure.get().map_or(Ok(()), |it| Err(it.clone()))
}

async fn serve(listener: Listener, recorder: &Arc<Recorder>, route: Route) {
    let (socket, tls) = listener.into_socket();
    // What a proxy is asked for, tunnels among it, it is asked for in HTTP/1.1.
    let tls = match &route {
        Route::Named(_) => tls.map(only_http1),
        _ => tls,
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = tokio::select! {
            accepted = async { (place.await, socket.accept().await) } => accepted,
            () = recorder.shutdown.cancelled() => break,
        };
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                // Delayed small writes would cost 40 ms each; a socket that is gone fails later
                // anyway.
                let _ = stream.set_nodelay(true);
                let session = Session {
                    recorder: Arc::clone(recorder),
                    route: route.clone(),
                    place: Arc::new(place),
                };
                let (session, tls) = (Arc::new(session), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve_http1(TokioIo::new(stream), session).await,
                        Some(tls) => serve_behind(stream, tls, session).await,
                    }
                });
            }
            // Out of file descriptors, most likely: some connection must end first.
            (Ok(_), Err(_)) => sleep(Duration::from_millis(10)).await,
            (Err(_), _) => break,
        }
    }
    drop(socket);
    // What has not ended by then breaks, and is written as broken.
    let all = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    let _ = timeout(GRACE, places.acquire_many(all)).await;
}

/// A future of any kind.
type Task<T = ()> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Serves a connection of a listener behind TLS. Another one is closed.
async fn serve_behind(stream: TcpStream, tls: Arc<ServerConfig>, session: Arc<Session>) {
    let recorder = &session.recorder;
    let opening = tokio::select! {
        opening = open(stream, || Ok(tls)) => opening,
        () = recorder.shutdown.cancelled() => return,
    };
    match opening {
        Opening::Secure(stream) => serve_secure(*stream, session).await,
        Opening::Plain(mut stream) => refuse_plain(&mut stream).await,
        Opening::Gone => {}
        Opening::Failed(why) => (recorder.warn)(&format!(
            "{why}\n  = help: `confcall ca` says how a client comes to trust confcall's certificates"
        )),
    }
}

/// Serves what comes in TLS, in the version of HTTP that was settled.
async fn serve_secure<S>(stream: TlsStream<S>, session: Arc<Session>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
    let stream = TokioIo::new(stream);
    if is_http2 {
        serve_http2(stream, session).await;
    } else {
        serve_http1(stream, session).await;
    }
}

/// Serves a connection in HTTP/1.1 until its client closes it, or the recording ends.
async fn serve_http1<I>(io: I, session: Arc<Session>)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let shutdown = session.recorder.shutdown.clone();
    let interim = Interim::default();
    let io = Connection::new(io, interim.clone());
    let serve = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(interim.clone());
        answer(&session, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_BOTH)
        .max_header_size(MAX_BOTH)
        .max_headers(MAX_FIELDS)
        .serve_connection(io, serve)
        .with_upgrades();
    ending_with(
        connection,
        shutdown,
        UpgradeableConnection::graceful_shutdown,
    )
    .await;
}

/// Serves a connection in HTTP/2 until its client closes it or is gone, or the recording ends.
async fn serve_http2<I>(io: I, session: Arc<Session>)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let shutdown = session.recorder.shutdown.clone();
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_TIMEOUT)
        .max_header_list_size(MAX_LIST)
        .max_concurrent_streams(MAX_STREAMS)
        .serve_connection(io, service_fn(move |request| answer(&session, request)));
    ending_with(connection, shutdown, http2::Connection::graceful_shutdown).await;
}

fn answer(
    session: &Arc<Session>,
    request: Request<Incoming>,
) -> Task<Result<Response<ResponseBody>, Broken>> {
    let session = Arc::clone(session);
    Box::pin(async move { forward(&session, request).await })
}

/// Drives a connection to its end, of which it is told when the shutdown begins. A connection that
/// breaks has had its exchange written as broken. The type of the future is said, because the
/// compiler does not find out by itself that it may go from thread to thread.
fn ending_with<C>(connection: C, shutdown: CancellationToken, tell: fn(Pin<&mut C>)) -> Task
where
    C: Future<Output: Send> + Send + 'static,
{
    Box::pin(async move {
        let mut connection = pin!(connection);
        tokio::select! {
            _ = &mut connection => {}
            () = shutdown.cancelled() => {
                tell(connection.as_mut());
                connection.await;
            }
        }
    })
}
