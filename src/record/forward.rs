//! One request, passed on, and its answer on the way back.

use std::collections::VecDeque;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::ext::{ReasonPhrase, on_informational};
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, HeaderMap,
    HeaderValue, TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::http::uri::Scheme;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::address::{StandIn, address};
use super::body::{Broken, Collected, RequestBody, ResponseBody, Unsent};
use super::exchange::{Pending, codings, target_of};
use super::hop::{self, HopByHopOptions};
use super::{Proxy, Recorder, Upstream, around, expect, injected};
use crate::cassette::format::Direction;
use crate::http::connect::{StreamingClient, causes, is_loop, untrusted, with_causes};
use crate::http::interception::Refused;
use crate::http::server::{Connection, Takeover, Tunnel, refusal};
use crate::http::{message, uncoded};
use crate::inject::InjectionKind;

/// Passes one request on, and returns the answer. An error breaks the connection.
pub(super) async fn forward(
    proxy: &Proxy,
    connection: &Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Broken> {
    if request.method() == Method::CONNECT {
        return Ok(refusal(
            StatusCode::NOT_IMPLEMENTED,
            "this listener does not support CONNECT",
        ));
    }
    let recorder = &proxy.recorder;
    let (mut head, body) = request.into_parts();
    let mut outgoing = match outgoing(proxy, connection, &mut head) {
        Ok(outgoing) => outgoing,
        Err((status, message)) => return Ok(refusal(status, &message)),
    };
    if let Some(status) = hop::count_hop(&head.method, outgoing.headers_mut()) {
        let mut last = Response::new(ResponseBody::default());
        *last.status_mut() = status;
        return Ok(last);
    }
    let mut options = HopByHopOptions::of(&head);
    options.websocket &= body.is_end_stream();
    rewrite_head(recorder, options, head.version, outgoing.headers_mut());
    // In HTTP/1.0 there are no interim answers (RFC 9110 section 15.2).
    let interim = (head.version == Version::HTTP_11).then_some(connection);
    let passes_by = proxy.passes_by(&target_of(&head.uri));
    let direction = proxy.upstream.direction();
    let scheme = proxy.scheme(outgoing.uri());
    let pending = Pending::begin(recorder, direction, head, scheme, passes_by);
    let body = match request_body(recorder, &pending, body, &mut outgoing).await {
        Ok(body) => body,
        Err(broke) => {
            let broke = broke.to_string();
            pending.end(Some(&broke))?;
            return Ok(refusal(StatusCode::BAD_REQUEST, &broke));
        }
    };
    let client = if options.websocket {
        &recorder.switching_client
    } else {
        &recorder.client
    };
    let outgoing = outgoing.map(|()| body);
    let injected = injected::choose(proxy, &pending, &outgoing);
    let own = injected.and_then(|kind| injected::answer(&pending, kind));
    if let Some(answer) = own.or_else(|| around::answer(proxy, &pending, &outgoing)) {
        return answer;
    }
    let again = injected.and_then(|_| injected::copied(&outgoing));
    let forged = injected.map_or_else(Vec::new, |kind| injected::forge(kind, &outgoing));
    for (extra, request) in forged {
        injected::send(proxy, &pending, extra, request).await;
    }
    match send(&pending, client, interim, outgoing).await {
        Ok(answer) if injected == Some(InjectionKind::LostResponse) => {
            Err(injected::lose(&pending, answer).await)
        }
        Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let connection = options.websocket.then_some(connection);
            switch_protocols(connection, &pending, answer)
        }
        Ok(answer) => {
            if let Upstream::Bot(callbacks) = &proxy.upstream {
                callbacks.note_answer();
            }
            injected::after_answer(proxy, &pending, injected, again).await;
            response(proxy, pending, answer).await
        }
        Err(error) => {
            let cause = with_causes(&error);
            let has_gone = proxy.bot_has_gone(error.is_connect()).await;
            let broke = (!has_gone).then_some(cause.as_str());
            pending.end(broke)?;
            if causes(&error).any(<dyn Error>::is::<Unsent>) {
                return Ok(refusal(StatusCode::BAD_REQUEST, &cause));
            }
            let (status, message) = unreachable(&error);
            Ok(refusal(status, &message))
        }
    }
}

/// The request for the upstream, its fields still those of the client, or the refusal of one that is
/// not passed on.
fn outgoing(
    proxy: &Proxy,
    connection: &Connection,
    head: &mut Parts,
) -> Result<Request<()>, Refused> {
    hop::check(head)?;
    if proxy.recorder.via.is_in(&head.headers) {
        let message = "this request has already passed through this proxy: it is a loop";
        return Err((StatusCode::LOOP_DETECTED, message.to_owned()));
    }
    let address = address(&proxy.upstream, connection, head)?;
    let mut outgoing = Request::new(());
    *outgoing.method_mut() = head.method.clone();
    *outgoing.headers_mut() = head.headers.clone();
    *outgoing.uri_mut() = address;
    Ok(outgoing)
}

/// Makes the fields of a client's request those of the proxy's.
fn rewrite_head(
    recorder: &Recorder,
    options: HopByHopOptions,
    version: Version,
    headers: &mut HeaderMap,
) {
    hop::strip(headers);
    options.write(headers);
    recorder.via.add(version, headers);
    headers.remove(HOST);
    join_cookies(headers);
}

/// The way to a host whose traffic is passed on unread.
pub(super) async fn tunnel_to(
    recorder: &Recorder,
    host: &str,
    port: u16,
) -> Result<Tunnel, Refused> {
    let address = Uri::builder().authority(format!("{host}:{port}"));
    let address = address.scheme(Scheme::HTTP).path_and_query("/").build();
    let address = address.map_err(|_| {
        let message = "CONNECT needs HOST:PORT";
        (StatusCode::BAD_REQUEST, message.to_owned())
    })?;
    let dialed = recorder.dialer.clone().call(address).await;
    let server = dialed.map_err(|error| unreachable(error.as_ref()))?;
    let shutdown = recorder.shutdown.clone();
    Ok(Box::new(move |client| {
        Box::pin(copy_both_ways(client, server.into_inner(), shutdown))
    }))
}

/// Passes on bytes both ways until both ends have closed, or the recording ends. An end that has
/// closed its half may still receive.
async fn copy_both_ways(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut server: impl AsyncRead + AsyncWrite + Unpin,
    shutdown: CancellationToken,
) {
    tokio::select! {
        // Both ends see by themselves that a tunnel broke.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = shutdown.cancelled() => {}
    }
}

fn unreachable(error: &(dyn Error + 'static)) -> Refused {
    let cause = with_causes(error);
    if is_loop(error) {
        let message = format!("confcall would send the request to itself: {cause}");
        return (StatusCode::LOOP_DETECTED, message);
    }
    let remedy = if untrusted(error).is_some() {
        "; `--ca FILE` trusts another authority"
    } else {
        ""
    };
    let message = format!("the other party did not respond: {cause}{remedy}");
    (StatusCode::BAD_GATEWAY, message)
}

/// Sends a request to the upstream, and passes on its interim answers (RFC 9110 section 15.2).
async fn send(
    pending: &Pending,
    client: &StreamingClient<RequestBody>,
    connection: Option<&Arc<Connection>>,
    mut request: Request<RequestBody>,
) -> Result<Response<Incoming>, legacy::Error> {
    let queue = Arc::new(InterimQueue::default());
    let sender = Arc::clone(&queue);
    on_informational(&mut request, move |answer| {
        sender.push((answer.status(), answer.headers().clone()));
    });
    let pass_on = async |(status, mut fields): InterimAnswer| {
        let is_awaited = status == StatusCode::CONTINUE && pending.go_on();
        if let (false, Some(connection)) = (is_awaited, connection) {
            hop::strip(&mut fields);
            fields.remove(CONTENT_LENGTH);
            connection.send_interim(status, &fields).await;
        }
    };
    let mut answering = pin!(client.request(request));
    let answer = loop {
        tokio::select! {
            biased;
            interim = poll_fn(|cx| queue.poll_next(cx)) => pass_on(interim).await,
            answer = &mut answering => break answer,
        }
    };
    while let Some(interim) = queue.next() {
        pass_on(interim).await;
    }
    answer
}

type InterimAnswer = (StatusCode, HeaderMap);

/// The interim answers of an upstream. Most send none: this costs less than a channel.
#[derive(Default)]
struct InterimQueue(Mutex<(VecDeque<InterimAnswer>, Option<Waker>)>);

impl InterimQueue {
    fn push(&self, answer: InterimAnswer) {
        let waker = {
            let mut queue = self.lock();
            queue.0.push_back(answer);
            queue.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn next(&self) -> Option<InterimAnswer> {
        self.lock().0.pop_front()
    }

    fn poll_next(&self, cx: &Context<'_>) -> Poll<InterimAnswer> {
        let mut queue = self.lock();
        if let Some(answer) = queue.0.pop_front() {
            return Poll::Ready(answer);
        }
        match &mut queue.1 {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, (VecDeque<InterimAnswer>, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn response(
    proxy: &Proxy,
    pending: Arc<Pending>,
    answer: Response<Incoming>,
) -> Result<Response<ResponseBody>, Broken> {
    let came = Instant::now();
    let (mut head, mut body) = answer.into_parts();
    let has_no_body = pending.head.method == Method::HEAD
        || matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        );
    if let Some(reason) = unusable(&head, has_no_body) {
        pending.answered(head, came);
        pending.end(Some(reason))?;
        return Ok(refusal(StatusCode::BAD_GATEWAY, reason));
    }
    let stand_in = StandIn::of(&proxy.upstream, &pending.head);
    let mut collected = None;
    if let Some(stand_in) = &stand_in {
        stand_in.move_fields(&mut head.headers);
        let limit = pending.recorder.sinks.max_body;
        let is_long = body.size_hint().lower() > limit as u64;
        if !has_no_body && is_json(&head.headers) && !is_long && !body.is_end_stream() {
            let mut whole = Collected::read(&mut body, limit).await;
            let bytes = whole.bytes();
            let moved = bytes.and_then(|bytes| stand_in.moved(&head.headers, &bytes, limit));
            if let Some(moved) = moved {
                if head.headers.contains_key(CONTENT_LENGTH) {
                    head.headers.insert(CONTENT_LENGTH, moved.len().into());
                }
                whole.replace(moved);
            }
            collected = Some(whole);
        }
    }
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers.clone();
    if let Some(reason) = head.extensions.get::<ReasonPhrase>() {
        response.extensions_mut().insert(reason.clone());
    }
    hop::strip(response.headers_mut());
    if !has_no_body && response.headers().contains_key(CONTENT_LENGTH) {
        // The length that framed the body, where there are two fields (RFC 9112 section 6.3).
        let whole = collected.as_ref().and_then(Collected::length);
        match whole.or_else(|| body.size_hint().exact()) {
            Some(length) => response.headers_mut().insert(CONTENT_LENGTH, length.into()),
            None => response.headers_mut().remove(CONTENT_LENGTH),
        };
    }
    pending
        .recorder
        .via
        .add(head.version, response.headers_mut());
    if pending.holds() {
        // The client may send the body all the same: nothing else can follow.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    pending.answered(head, came);
    if let Some(collected) = collected {
        let body = ResponseBody::collected(body, collected, pending).await?;
        return Ok(body.behind(response));
    }
    if has_no_body || body.size_hint().exact() == Some(0) {
        // hyper reads no body where there can be none: the exchange ends here.
        match body.frame().await {
            Some(Ok(frame)) => pending.response_body.frame(&frame),
            Some(Err(error)) => {
                pending.end(Some(&error.to_string()))?;
                return Err(error.into());
            }
            None => {}
        }
        pending.ended().await?;
    }
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
    if let (StatusCode::NOT_MODIFIED, Some(length)) = (response.status(), length) {
        return Ok(response.map(|()| ResponseBody::Measured(length)));
    }
    let body = ResponseBody::streamed(body, pending).await?;
    Ok(body.behind(response))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    kind.is_some_and(|it| message::is_json(&message::media_type(it)))
}

/// The answer of an upstream that switches to WebSocket, if `connection` requested it: from then on
/// bytes are passed on unread. The exchange is written before the answer goes out, and cannot be
/// replayed.
fn switch_protocols(
    connection: Option<&Arc<Connection>>,
    pending: &Pending,
    answer: Response<Incoming>,
) -> Result<Response<ResponseBody>, Broken> {
    let (mut head, _) = answer.into_parts();
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let is_websocket = hop::is_websocket(&head.headers);
    let came = Instant::now();
    let mut response = Response::new(ResponseBody::default());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers.clone();
    hop::strip(response.headers_mut());
    let version = head.version;
    pending.answered(head, came);
    let (Some(connection), Some(upgrade), true) = (connection, upgrade, is_websocket) else {
        let reason = "the other party switches to a protocol that was not requested";
        pending.end(Some(reason))?;
        return Ok(refusal(StatusCode::BAD_GATEWAY, reason));
    };
    let note = "switched to WebSocket: later bytes were forwarded without being recorded, and cannot be replayed";
    pending.end(Some(note))?;
    let options = HopByHopOptions {
        websocket: true,
        trailers: false,
    };
    options.write(response.headers_mut());
    pending.recorder.via.add(version, response.headers_mut());
    let shutdown = pending.recorder.shutdown.clone();
    connection.take_over(Takeover::Tunnel(Box::new(|client| {
        Box::pin(async {
            if let Ok(server) = upgrade.await {
                copy_both_ways(client, TokioIo::new(server), shutdown).await;
            }
        })
    })));
    Ok(response)
}

fn unusable(head: &hyper::http::response::Parts, has_no_body: bool) -> Option<&'static str> {
    let codings = head.headers.get_all(TRANSFER_ENCODING);
    let is_coded = !has_no_body && !hop::is_chunked_at_most(codings);
    is_coded.then_some("the other party responds with a transfer coding that was not requested")
}

/// Makes one field of the cookies that HTTP/2 lets a client send apart (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_some() {
        let crumbs: Vec<_> = headers
            .get_all(COOKIE)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        if let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
            headers.insert(COOKIE, whole);
        }
    }
}

/// A body that broke off, or exceeds the limit.
#[derive(Debug, thiserror::Error)]
#[error("the body ended too early or is too long: {0}")]
struct IncompleteBody(Box<dyn Error + Send + Sync>);

/// The body for the upstream. JSON within the limit is read whole, for the ids and the callback
/// address in it; everything else is streamed.
async fn request_body(
    recorder: &Arc<Recorder>,
    pending: &Pending,
    body: Incoming,
    outgoing: &mut Request<()>,
) -> Result<RequestBody, IncompleteBody> {
    let (direction, version) = (pending.direction, pending.head.version);
    let headers = outgoing.headers_mut();
    let expects = expect::take(version, headers);
    let is_json = is_json(headers);
    let is_short = body
        .size_hint()
        .upper()
        .is_some_and(|length| length <= recorder.sinks.max_body as u64);
    if body.is_end_stream() {
        pending.note_request(None);
        return Ok(RequestBody::Whole {
            bytes: None,
            trailers: None,
        });
    }
    if !is_json || !(is_short || headers.get(CONTENT_LENGTH).is_none()) {
        if expects {
            headers.insert(EXPECT, HeaderValue::from_static(expect::CONTINUE));
        }
        return Ok(RequestBody::Streamed {
            body,
            tee: pending.request_body.clone(),
            waiting: expects.then(|| pending.hold()),
        });
    }
    let collected = Limited::new(body, recorder.sinks.max_body)
        .collect()
        .await
        .map_err(IncompleteBody)?;
    let trailers = collected.trailers().cloned();
    let bytes = collected.to_bytes();
    pending.request_body.data(&bytes);
    if let Some(trailers) = &trailers {
        pending.request_body.announced(trailers, headers);
    }
    let limit = recorder.sinks.max_body;
    let text = uncoded(codings(headers), &bytes, limit).ok().flatten();
    let is_read = recorder.sees_notifications();
    let json = text.as_deref().filter(|_| is_read);
    let json = json.and_then(message::read_json);
    pending.note_request(json.as_ref());
    let readable = || std::str::from_utf8(text.as_deref()?).ok();
    let rewritten = match (direction, json.as_ref()) {
        (Direction::Request, Some(json)) => match readable() {
            Some(text) => recorder.with_own_callbacks(text, json).await,
            None => None,
        },
        _ => None,
    };
    headers.remove(CONTENT_LENGTH);
    let bytes = match rewritten {
        Some(text) => {
            headers.remove(CONTENT_ENCODING);
            Bytes::from(text)
        }
        None => bytes,
    };
    Ok(RequestBody::Whole {
        bytes: Some(bytes),
        trailers,
    })
}
