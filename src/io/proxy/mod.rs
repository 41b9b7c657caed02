//! The recording proxy: it stands between bot and service, passes on what they say in both
//! directions, and writes each exchange down before its answer is over.
//!
//! For: HTTP/1.1 to named upstreams, bodies passed on as they come. Not for: TLS, CONNECT, or what
//! the messages mean.

mod body;
mod callback;
mod exchange;
mod hop;
mod tee;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use url::Url;

use self::body::{Broken, Homeward, Outward};
use self::callback::Callbacks;
use self::exchange::{Pending, target_of};
use super::journal::Journal;
use super::net::{
    GRACE, HEAD_TIMEOUT, Listener, MAX_CONNECTIONS, MAX_FIELDS, MAX_HEAD, Shutdown, uncoded,
};
use crate::logic::recording::causes::Causes;
use crate::model::cassette::Direction;
use crate::model::redaction::Redactor;

/// Between whom a recording stands.
#[derive(Debug)]
pub struct Parties {
    /// The service; its own path is put before the targets of requests.
    pub service: Url,
    /// The bot's callback, with the listener that takes its place, where notifications are
    /// recorded.
    pub bot: Option<(Url, Listener)>,
    /// Where the bot sends its requests.
    pub listener: Listener,
}

/// What all exchanges of a recording share.
#[derive(Debug)]
struct Recorder {
    journal: Journal,
    redactor: Redactor,
    causes: Mutex<Causes>,
    client: legacy::Client<HttpConnector, Outward>,
    callbacks: Option<Callbacks>,
    service: Url,
    max_body: usize,
    began: Instant,
    failure: OnceLock<String>,
    shutdown: Shutdown,
}

impl Recorder {
    fn causes(&self) -> MutexGuard<'_, Causes> {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
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
    key: [u8; 32],
    max_body: usize,
    shutdown: Shutdown,
) -> Result<(), String> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(15))
        .http1_max_headers(MAX_FIELDS)
        .build(connector);
    let (callbacks, callback_listener) = match parties.bot {
        Some((bot, listener)) => {
            let url = listener.url();
            (Some(Callbacks { bot, listener: url }), Some(listener))
        }
        None => (None, None),
    };
    let recorder = Arc::new(Recorder {
        journal,
        redactor: Redactor::new(key),
        causes: Mutex::default(),
        client,
        callbacks,
        service: parties.service,
        max_body,
        began: Instant::now(),
        failure: OnceLock::new(),
        shutdown,
    });
    let notifications = async {
        if let Some(listener) = callback_listener {
            serve(listener, &recorder, Direction::Notification).await;
        }
    };
    let requests = serve(parties.listener, &recorder, Direction::Request);
    tokio::join!(requests, notifications);
    recorder.failure.get().map_or(Ok(()), |it| Err(it.clone()))
}

async fn serve(listener: Listener, recorder: &Arc<Recorder>, direction: Direction) {
    let socket = listener.into_socket();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = tokio::select! {
            accepted = async { (place.await, socket.accept().await) } => accepted,
            () = recorder.shutdown.begun() => break,
        };
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                let connection = connection(stream, recorder, direction, &graceful);
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            // Out of file descriptors, most likely: some connection must end first.
            (Ok(_), Err(_)) => sleep(Duration::from_millis(10)).await,
            (Err(_), _) => break,
        }
    }
    drop(socket);
    // What has not ended by then breaks, and is written as broken.
    let _ = timeout(GRACE, graceful.shutdown()).await;
}

fn connection(
    stream: TcpStream,
    recorder: &Arc<Recorder>,
    direction: Direction,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    // Delayed small writes would cost 40 ms each; a socket that is gone fails later anyway.
    let _ = stream.set_nodelay(true);
    let recorder = Arc::clone(recorder);
    let service = service_fn(move |request| {
        let recorder = Arc::clone(&recorder);
        Box::pin(async move { forward(&recorder, direction, request).await })
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    async move {
        // A connection that breaks has had its exchange written as broken.
        let _ = watched.await;
    }
}

/// One request, passed on, and its answer on the way back. An error breaks the connection.
async fn forward(
    recorder: &Arc<Recorder>,
    direction: Direction,
    request: hyper::Request<Incoming>,
) -> Result<Response<Homeward>, Broken> {
    let (head, body) = request.into_parts();
    let mut outgoing = hyper::Request::new(());
    *outgoing.method_mut() = head.method.clone();
    *outgoing.headers_mut() = head.headers.clone();
    let address = address(recorder, direction, &target_of(&head.uri));
    let pending = Pending::begin(recorder, direction, head);
    hop::strip(outgoing.headers_mut());
    outgoing.headers_mut().remove(HOST);
    outgoing.headers_mut().remove(EXPECT);
    let body = match outward(recorder, &pending, direction, body, &mut outgoing).await {
        Ok(body) => body,
        Err(broke) => {
            pending.end(Some(broke.clone()))?;
            return Ok(refusal(StatusCode::BAD_REQUEST, &broke));
        }
    };
    *outgoing.uri_mut() = match address.parse() {
        Ok(uri) => uri,
        Err(error) => {
            pending.end(Some(format!("{address}: {error}")))?;
            return Ok(refusal(StatusCode::BAD_REQUEST, "the target is no path"));
        }
    };
    match recorder.client.request(outgoing.map(|()| body)).await {
        Ok(answer) => {
            let (head, body) = answer.into_parts();
            let mut response = Response::new(());
            *response.status_mut() = head.status;
            *response.headers_mut() = head.headers.clone();
            hop::strip(response.headers_mut());
            pending.answered(head);
            if body.is_end_stream() {
                pending.end(None)?;
            }
            Ok(response.map(|()| Homeward::Streamed(body, pending)))
        }
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            pending.end(Some(cause.clone()))?;
            Ok(refusal(
                StatusCode::BAD_GATEWAY,
                &format!("the other party did not answer: {cause}"),
            ))
        }
    }
}

fn address(recorder: &Recorder, direction: Direction, target: &str) -> String {
    match (direction, &recorder.callbacks) {
        (Direction::Notification, Some(callbacks)) => callbacks.target(target),
        _ => format!(
            "{}{target}",
            recorder.service.as_str().trim_end_matches('/')
        ),
    }
}

/// The body for the upstream. JSON of the bot's within the limit is read whole, for the callback
/// address in it; everything else is passed on as it comes.
async fn outward(
    recorder: &Recorder,
    pending: &Pending,
    direction: Direction,
    body: Incoming,
    outgoing: &mut hyper::Request<()>,
) -> Result<Outward, String> {
    let headers = outgoing.headers_mut();
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().contains("json"));
    let is_short = body
        .size_hint()
        .upper()
        .is_some_and(|length| length <= recorder.max_body as u64);
    if body.is_end_stream() {
        pending.note_request();
        return Ok(Outward::Whole(None));
    }
    if !is_json || !(is_short || headers.get(CONTENT_LENGTH).is_none()) {
        return Ok(Outward::Streamed(body, pending.sent.clone()));
    }
    let bytes = Limited::new(body, recorder.max_body)
        .collect()
        .await
        .map_err(|error| format!("the body broke off or is too long: {error}"))?
        .to_bytes();
    pending.sent.data(&bytes);
    pending.note_request();
    let rewritten = recorder
        .callbacks
        .as_ref()
        .filter(|_| direction == Direction::Request)
        .and_then(|callbacks| {
            let text = uncoded(tee::codings(headers), &bytes).ok()??.into_owned();
            callbacks.rewritten(&String::from_utf8(text).ok()?)
        });
    headers.remove(CONTENT_LENGTH);
    Ok(Outward::Whole(Some(match rewritten {
        Some(text) => {
            headers.remove(CONTENT_ENCODING);
            Bytes::from(text)
        }
        None => bytes,
    })))
}

/// confcall's own answer, in JSON.
fn refusal(status: StatusCode, message: &str) -> Response<Homeward> {
    let text = serde_json::json!({"error": {"code": "confcall", "message": message}}).to_string();
    let mut response = Response::new(Homeward::Whole(Some(text.into())));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
