//! One request, passed on, and its answer on the way back.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::ext::{ReasonPhrase, on_informational};
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, HeaderMap,
    HeaderValue, TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy;
use hyper_util::rt::TokioIo;

use super::body::{Broken, RequestBody, ResponseBody};
use super::connection::Interim;
use super::exchange::{Pending, target_of};
use super::hop::HopByHopOptions;
use super::intercept;
use super::refuse;
use super::refuse::Refused;
use super::{Recorder, Route, Session, dial, expect, hop, tee};
use crate::cassette::format::Direction;
use crate::http::interception::Origin;
use crate::http::{in_words, uncoded};

/// The longest URL that a request goes to, in bytes: the longest that is read.
const MAX_URI: usize = u16::MAX as usize - 1;

/// One request, passed on, and its answer on the way back. An error breaks the connection.
pub(super) async fn forward(
    session: &Arc<Session>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Broken> {
    if request.method() == Method::CONNECT {
        return Ok(match &session.route {
            Route::Named(interception) => intercept::connect(session, interception, request).await,
            _ => refusal(StatusCode::NOT_IMPLEMENTED, "there are no tunnels here"),
        });
    }
    let (recorder, direction) = (&session.recorder, session.route.direction());
    let (mut head, body) = request.into_parts();
    let interim = head.extensions.remove::<Interim>();
    let wishes = HopByHopOptions::of(&head);
    let near = head
        .extensions
        .remove::<OnUpgrade>()
        .filter(|_| wishes.websocket && body.is_end_stream());
    if let Err((status, message)) = refuse::check(&head) {
        return Ok(refusal(status, &message));
    }
    if recorder.via.is_in(&head.headers) {
        let message = "this request has come through here before: it would go round for ever";
        return Ok(refusal(StatusCode::LOOP_DETECTED, message));
    }
    let address = match address(session, &mut head) {
        Ok(address) => address,
        Err((status, message)) => return Ok(refusal(status, &message)),
    };
    let mut outgoing = Request::new(());
    let is_head = head.method == Method::HEAD;
    *outgoing.method_mut() = head.method.clone();
    *outgoing.headers_mut() = head.headers.clone();
    *outgoing.uri_mut() = address;
    if let Some(status) = refuse::count_hop(&head.method, outgoing.headers_mut()) {
        let mut last = Response::new(ResponseBody::Whole(None));
        *last.status_mut() = status;
        return Ok(last);
    }
    let version = head.version;
    let pending = Pending::begin(recorder, direction, head);
    hop::strip(outgoing.headers_mut());
    let wishes = HopByHopOptions {
        websocket: near.is_some(),
        ..wishes
    };
    wishes.say(outgoing.headers_mut());
    recorder.via.add(version, outgoing.headers_mut());
    outgoing.headers_mut().remove(HOST);
    join_cookies(outgoing.headers_mut());
    let body = match outward(recorder, &pending, body, &mut outgoing).await {
        Ok(body) => body,
        Err(broke) => {
            pending.end(Some(&broke))?;
            return Ok(refusal(StatusCode::BAD_REQUEST, &broke));
        }
    };
    // In HTTP/1.0 there are none (RFC 9110 section 15.2).
    let interim = interim.filter(|_| version == Version::HTTP_11);
    let client = if wishes.websocket {
        &recorder.switching_client
    } else {
        &recorder.client
    };
    match ask(&pending, client, interim, outgoing.map(|()| body)).await {
        Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
            switched(session, &pending, near, answer)
        }
        Ok(answer) => homeward(pending, is_head, answer).await,
        Err(error) => {
            let cause = in_words(&error);
            pending.end(Some(&cause))?;
            if dial::is_of_body(&error) {
                return Ok(refusal(StatusCode::BAD_REQUEST, &cause));
            }
            Ok(intercept::unreachable(&error))
        }
    }
}

/// Asks the upstream, and passes on what it says before its answer (RFC 9110 section 15.2).
async fn ask(
    pending: &Pending,
    client: &dial::Client,
    interim: Option<Interim>,
    mut request: Request<RequestBody>,
) -> Result<Response<Incoming>, legacy::Error> {
    let told = Arc::new(Told::default());
    let tell = Arc::clone(&told);
    on_informational(&mut request, move |answer| {
        tell.push((answer.status(), answer.headers().clone()));
    });
    let pass_on = async |(status, fields)| {
        let is_awaited = status == StatusCode::CONTINUE && pending.go_on();
        if let (false, Some(interim)) = (is_awaited, &interim) {
            interim.send(status, fields).await;
        }
    };
    let mut answering = pin!(client.request(request));
    let answer = loop {
        tokio::select! {
            biased;
            said = poll_fn(|cx| told.poll_next(cx)) => pass_on(said).await,
            answer = &mut answering => break answer,
        }
    };
    while let Some(said) = told.next() {
        pass_on(said).await;
    }
    answer
}

/// The status and the fields of an interim answer.
type Said = (StatusCode, HeaderMap);

/// What an upstream has said before its answer. Most say nothing: this costs less than a channel.
#[derive(Default)]
struct Told(Mutex<(VecDeque<Said>, Option<Waker>)>);

impl Told {
    fn push(&self, said: Said) {
        let waker = {
            let mut told = self.lock();
            told.0.push_back(said);
            told.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn next(&self) -> Option<Said> {
        self.lock().0.pop_front()
    }

    fn poll_next(&self, cx: &Context<'_>) -> Poll<Said> {
        let mut told = self.lock();
        if let Some(said) = told.0.pop_front() {
            return Poll::Ready(said);
        }
        match &mut told.1 {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, (VecDeque<Said>, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The upstream's answer, on its way back.
async fn homeward(
    pending: Arc<Pending>,
    is_head: bool,
    answer: Response<Incoming>,
) -> Result<Response<ResponseBody>, Broken> {
    let (head, mut body) = answer.into_parts();
    let is_bare = is_head
        || matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        );
    if let Some(fault) = fault(&head, is_bare) {
        pending.answered(head);
        pending.end(Some(fault))?;
        return Ok(refusal(StatusCode::BAD_GATEWAY, fault));
    }
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers.clone();
    if let Some(reason) = head.extensions.get::<ReasonPhrase>() {
        response.extensions_mut().insert(reason.clone());
    }
    hop::strip(response.headers_mut());
    if !is_bare && response.headers().contains_key(CONTENT_LENGTH) {
        // What framed the body, where the fields said it twice (RFC 9112 section 6.3).
        match body.size_hint().exact() {
            Some(length) => response.headers_mut().insert(CONTENT_LENGTH, length.into()),
            None => response.headers_mut().remove(CONTENT_LENGTH),
        };
    }
    pending
        .recorder
        .via
        .add(head.version, response.headers_mut());
    if pending.holds() {
        // What comes next on the connection may be the body all the same.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    pending.answered(head);
    if is_bare || body.size_hint().exact() == Some(0) {
        // Nobody asks for a body where there can be none, and its end is the exchange's.
        match body.frame().await {
            Some(Ok(frame)) => pending.passed.frame(&frame),
            Some(Err(error)) => {
                pending.end(Some(&error.to_string()))?;
                return Err(error.into());
            }
            None => {}
        }
        pending.ended().await?;
    }
    let body = ResponseBody::streamed(body, pending).await?;
    Ok(response.map(|()| body))
}

/// The upstream switches to WebSocket, where it was asked to: from here on bytes are passed on unread.
/// The exchange is written before the client hears of it, and cannot be replayed.
fn switched(
    session: &Arc<Session>,
    pending: &Pending,
    near: Option<OnUpgrade>,
    answer: Response<Incoming>,
) -> Result<Response<ResponseBody>, Broken> {
    let (mut head, _) = answer.into_parts();
    let far = head.extensions.remove::<OnUpgrade>();
    let is_asked_for = hop::is_websocket(&head.headers);
    let mut response = Response::new(ResponseBody::Whole(None));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers.clone();
    hop::strip(response.headers_mut());
    let version = head.version;
    pending.answered(head);
    let (Some(near), Some(far), true) = (near, far, is_asked_for) else {
        let fault = "the other party switches to a protocol that it was not asked for";
        pending.end(Some(fault))?;
        return Ok(refusal(StatusCode::BAD_GATEWAY, fault));
    };
    let passed =
        "switched to WebSocket: what followed was passed on unread, and cannot be replayed";
    pending.end(Some(passed))?;
    let wishes = HopByHopOptions {
        websocket: true,
        trailers: false,
    };
    wishes.say(response.headers_mut());
    pending.recorder.via.add(version, response.headers_mut());
    let session = Arc::clone(session);
    tokio::spawn(async move {
        // Where one of them has gone, so has the other.
        if let Ok((near, far)) = tokio::try_join!(near, far) {
            intercept::tunnel(&session, TokioIo::new(near), TokioIo::new(far)).await;
        }
    });
    Ok(response)
}

/// Why an answer cannot be passed on, where it cannot.
fn fault(head: &hyper::http::response::Parts, is_bare: bool) -> Option<&'static str> {
    let codings = head.headers.get_all(TRANSFER_ENCODING);
    let is_coded = !is_bare && !refuse::is_chunked_at_most(codings);
    is_coded.then_some("the other party answers in a transfer coding that it was not asked for")
}

/// Where a request goes to, or how it is refused.
fn address(session: &Session, head: &mut Parts) -> Result<Uri, Refused> {
    // Of the whole server (RFC 9112 section 3.2.4).
    let is_asterisk = head.uri.path_and_query().is_some_and(|it| it == "*");
    let target = if is_asterisk {
        "/".to_owned()
    } else {
        target_of(&head.uri).into_owned()
    };
    let url = url(session, head, &target)?;
    if url.len() > MAX_URI {
        let message = "the target is too long to be passed on";
        return Err((StatusCode::URI_TOO_LONG, message.to_owned()));
    }
    let no_path = || (StatusCode::BAD_REQUEST, "the target is no path".to_owned());
    let mut parts = Uri::try_from(url).map_err(|_| no_path())?.into_parts();
    if is_asterisk {
        parts.path_and_query = Some(PathAndQuery::from_static("*"));
    }
    Uri::from_parts(parts).map_err(|_| no_path())
}

/// The URL of a target.
fn url(session: &Session, head: &mut Parts, target: &str) -> Result<String, Refused> {
    match &session.route {
        Route::Service(url) => Ok(format!("{}{target}", url.as_str().trim_end_matches('/'))),
        Route::Bot => match &session.recorder.callbacks {
            Some(callbacks) => Ok(callbacks.target(target)),
            None => unreachable!("the bot's listener is there only with the bot"),
        },
        Route::Named(interception) => {
            let origin = interception.origin(head).map_err(|(status, why)| {
                let why = match status {
                    StatusCode::FORBIDDEN => {
                        format!("{why}; other hosts are reached by CONNECT alone")
                    }
                    _ => why,
                };
                (status, why)
            })?;
            name_host(head, &origin);
            Ok(origin.url(target))
        }
        Route::Opened(origin) => {
            let host = head.headers.get(HOST);
            let host = host.map(|it| it.to_str().unwrap_or_default());
            let authority = head.uri.authority().map(Authority::as_str);
            if host.into_iter().chain(authority).any(|it| !origin.is(it)) {
                let message = format!("this tunnel leads to {} only", origin.authority());
                return Err((StatusCode::MISDIRECTED_REQUEST, message));
            }
            name_host(head, origin);
            Ok(origin.url(target))
        }
    }
}

/// Writes the origin into `Host`, which the target overrides: what is recorded names the host that
/// was sent to.
fn name_host(head: &mut Parts, origin: &Origin) {
    let is_named = head
        .headers
        .get(HOST)
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| origin.is(it));
    if !is_named && let Ok(host) = HeaderValue::from_str(origin.authority()) {
        head.headers.insert(HOST, host);
    }
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

/// The body for the upstream. JSON of the bot's within the limit is read whole, for the callback
/// address in it; everything else is passed on as it comes.
async fn outward(
    recorder: &Recorder,
    pending: &Pending,
    body: Incoming,
    outgoing: &mut Request<()>,
) -> Result<RequestBody, String> {
    let (direction, version) = (pending.direction, pending.head.version);
    let headers = outgoing.headers_mut();
    let expects = expect::take(version, headers);
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
            tee: pending.sent.clone(),
            waiting: expects.then(|| pending.hold()),
        });
    }
    let collected = Limited::new(body, recorder.max_body)
        .collect()
        .await
        .map_err(|error| format!("the body broke off or is too long: {error}"))?;
    let trailers = collected.trailers().cloned();
    let bytes = collected.to_bytes();
    pending.sent.data(&bytes);
    if let Some(trailers) = &trailers {
        pending.sent.trailer_fields(trailers);
    }
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

/// confcall's own answer, in JSON.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response<ResponseBody> {
    let text = serde_json::json!({"error": {"code": "confcall", "message": message}}).to_string();
    let mut response = Response::new(ResponseBody::Whole(Some(text.into())));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
