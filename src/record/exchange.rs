//! An exchange under way: its captured parts, and its end, at which it is written once.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Instant;

use hyper::body::Frame;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, TRAILER, TRANSFER_ENCODING};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::{Version, http};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::expect::{Expectation, Waiting, expectation};
use super::hop::{self, has_token};
use super::observer::Observer;
use super::{RecordError, Recorder, Sinks};
use crate::cassette::causes;
use crate::cassette::causes::Link;
use crate::cassette::format::{Cause, Direction, Exchange, Wire, body_of_bytes};
use crate::cassette::journal::{JournalError, Queued};
use crate::http::message;
use crate::http::message::{Headers, Octets, Omission, read_json};
use crate::http::{read_fields, reason_of, uncoded};
use crate::inject::InjectionKind;
use crate::judge::recording::live::End;
use crate::redact::{
    Line, Redacted, UnredactedBody, UnredactedExchange, UnredactedField, UnredactedMessage,
};

/// An exchange that has begun. Where it is dropped before its end, it broke.
#[derive(Debug)]
pub(super) struct Pending {
    pub recorder: Arc<Recorder>,
    pub number: u64,
    pub direction: Direction,
    /// It is neither recorded nor observed.
    passes_by: bool,
    /// The scheme under which the client knows the other party.
    scheme: Scheme,
    began: Instant,
    /// The request's head, as it came.
    pub head: http::request::Parts,
    pub request_body: Tee,
    /// The ids that the request names, where they were read before the end.
    request_links: Mutex<Option<Vec<Link>>>,
    /// The response's head, and when it came.
    response: OnceLock<(http::response::Parts, Instant)>,
    pub response_body: Tee,
    progress: Mutex<Progress>,
    /// The observer knows that it began.
    is_reported: AtomicBool,
    /// The fault that changes its end.
    pub injected: OnceLock<InjectionKind>,
    /// Present while the request's body waits for a 100.
    expectation: Mutex<Option<Expectation>>,
}

/// How far the writing of an exchange has come.
#[derive(Debug, Clone, Copy)]
enum Progress {
    Open,
    /// Not yet given to the operating system.
    Queued(Queued),
    Written,
}

impl Pending {
    pub(super) fn begin(
        recorder: &Arc<Recorder>,
        direction: Direction,
        head: http::request::Parts,
        scheme: Scheme,
        passes_by: bool,
    ) -> Arc<Self> {
        let progress = if passes_by {
            Progress::Written
        } else {
            Progress::Open
        };
        Arc::new(Self {
            recorder: Arc::clone(recorder),
            number: if passes_by { 0 } else { recorder.number() },
            passes_by,
            scheme,
            direction,
            began: Instant::now(),
            head,
            request_body: Tee::new(recorder.sinks.max_body),
            request_links: Mutex::default(),
            response: OnceLock::new(),
            response_body: Tee::new(recorder.sinks.max_body),
            progress: Mutex::new(progress),
            is_reported: AtomicBool::new(passes_by),
            injected: OnceLock::new(),
            expectation: Mutex::default(),
        })
    }

    /// Notes the ids that the request names, so that exchanges which it causes name it. Its body must
    /// have passed whole; this is the JSON that it holds.
    pub(super) fn note_request(&self, json: Option<&Value>) {
        self.tell_begin();
        if self.recorder.records_causes() && !self.passes_by {
            let target = target_of(&self.head.uri);
            let links = links(&target, &self.head.headers, json);
            let mut causes = self.recorder.causes();
            causes.note(self.direction, self.number, &links);
            *lock(&self.request_links) = Some(links);
        }
    }

    /// Shows the request to the observer, once.
    fn tell_begin(&self) {
        let Some(observer) = &self.recorder.sinks.observer else {
            return;
        };
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            let captured = self.request_body.capture();
            let request = message::Request {
                method: self.head.method.as_str().to_owned(),
                target: target_of(&self.head.uri).into_owned(),
                headers: read_fields(&self.head.headers),
                body: captured.body(&self.head.headers),
            };
            observer.began(Exchange::new(self.number, self.direction, request));
        }
    }

    fn tell_end(&self, observer: &dyn Observer, broke: Option<&str>) {
        let response = self.response.get().map(|(head, _)| message::Response {
            status: head.status.as_u16(),
            headers: read_fields(&head.headers),
            body: self.response_body.capture().body(&head.headers),
        });
        let end = match (self.injected.get(), broke, response) {
            (Some(InjectionKind::LostResponse), _, Some(response)) => End::Lost(response),
            (Some(_), _, response) => End::Refused(response),
            (None, Some(cause), _) => End::Broke(cause.to_owned()),
            (None, None, None) => End::Unknown,
            (None, None, Some(response)) => End::Answered(response),
        };
        observer.ended(self.number, end);
    }

    /// Holds the request's body back until the upstream sends a 100.
    pub(super) fn hold(&self) -> Waiting {
        let (expectation, waiting) = expectation();
        *lock(&self.expectation) = Some(expectation);
        waiting
    }

    /// The upstream sent a 100. Returns whether a body waited for it: hyper sends the client its own
    /// 100 when it reads the body.
    pub(super) fn go_on(&self) -> bool {
        let expectation = lock(&self.expectation);
        expectation.as_ref().inspect(|it| it.go_on()).is_some()
    }

    pub(super) fn holds(&self) -> bool {
        let expectation = lock(&self.expectation);
        expectation.as_ref().is_some_and(Expectation::is_waited_for)
    }

    pub(super) fn answered(&self, head: http::response::Parts, came: Instant) {
        if let Some(expectation) = &*lock(&self.expectation) {
            expectation.answered();
        }
        // There is one response.
        let _ = self.response.set((head, came));
    }

    /// Ends the exchange, which is written then. A second call changes nothing.
    pub(super) fn end(&self, broke: Option<&str>) -> Result<(), RecordError> {
        self.queue(broke);
        self.settle()
    }

    /// The same for an exchange that is whole. Exchanges that end at the same time are written
    /// together.
    pub(super) async fn ended(&self) -> Result<(), RecordError> {
        self.queue(None);
        // Other tasks run first, and may end their exchanges.
        let mut has_waited = false;
        poll_fn(|cx| {
            if has_waited {
                return Poll::Ready(());
            }
            has_waited = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.settle()
    }

    fn queue(&self, broke: Option<&str>) {
        let mut progress = lock(&self.progress);
        let Progress::Open = *progress else {
            return;
        };
        // A body that is still held back is never sent.
        *lock(&self.expectation) = None;
        let Sinks {
            journal, observer, ..
        } = &self.recorder.sinks;
        if let Some(observer) = observer {
            self.tell_begin();
            self.tell_end(&**observer, broke);
        }
        self.tell_unannounced();
        *progress = match journal {
            Some(journal) => Progress::Queued(journal.queue(&self.line(broke))),
            None => Progress::Written,
        };
    }

    /// Warns of fields after a body that were not passed on.
    fn tell_unannounced(&self) {
        let Some((head, _)) = self.response.get() else {
            return;
        };
        let (sent, received) = (self.request_body.capture(), self.response_body.capture());
        for (message, to, body, headers) in [
            ("request", head.version, &sent, &self.head.headers),
            ("response", self.head.version, &received, &head.headers),
        ] {
            let names = body.unannounced(headers);
            if to != Version::HTTP_2 && !names.is_empty() {
                (self.recorder.warn)(&format!(
                    "exchange {}: the field `Trailer` of the {message} does not name {}: what stood behind the body \
                     was recorded, and not passed on",
                    self.number,
                    names.join(", "),
                ));
            }
        }
    }

    fn settle(&self) -> Result<(), RecordError> {
        // Locked meanwhile: a caller that finds the exchange written may send its last byte.
        let mut progress = lock(&self.progress);
        let Progress::Queued(queued) = std::mem::replace(&mut *progress, Progress::Written) else {
            return Ok(());
        };
        match &self.recorder.sinks.journal {
            Some(journal) => journal.settle(queued).map_err(|error| self.fail(error)),
            None => Ok(()),
        }
    }

    /// Ends the recording with this failure, or with an earlier one.
    fn fail(&self, error: JournalError) -> RecordError {
        let error = RecordError::from(error);
        let _ = self.recorder.failure.set(error.clone());
        self.recorder.shutdown.cancel();
        error
    }

    /// True if the response is a stream that clients leave when they have received enough: most have no end of their own.
    fn is_event_stream(&self) -> bool {
        let kind = self.response.get();
        let kind = kind.and_then(|(head, _)| head.headers.get(CONTENT_TYPE)?.to_str().ok());
        kind.is_some_and(|it| message::media_type(it) == "text/event-stream")
    }

    fn line(&self, broke: Option<&str>) -> Redacted<Line> {
        // Nobody knows how an exchange would have ended that the end of the run cut off.
        let observer = self.recorder.sinks.observer.as_ref();
        let is_cut = broke.is_some() && observer.is_some_and(|it| it.is_over());
        let broke = broke.filter(|_| !is_cut);
        let response = self.response.get().filter(|_| !is_cut);
        let sent = self.request_body.capture();
        let received = self.response_body.capture();
        let milliseconds = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        self.recorder.sinks.redactor.line(&UnredactedExchange {
            number: self.number,
            direction: self.direction,
            cause: self.cause(&sent, &received),
            at_ms: milliseconds(self.recorder.began, self.began),
            took_ms: milliseconds(
                self.began,
                response.map_or_else(Instant::now, |(_, when)| *when),
            ),
            method: self.head.method.as_str(),
            target: &target_of(&self.head.uri),
            request: {
                let mut request = unredacted(self.head.version, &self.head.headers, &sent);
                let uri = &self.head.uri;
                // `http` is what is meant where nothing is said.
                let secure = Some(self.scheme.as_str()).filter(|it| *it != "http");
                request.wire.scheme = uri.scheme_str().or(secure).map(str::to_owned);
                request.wire.authority = uri.authority().map(ToString::to_string);
                request
            },
            response: response.map(|(head, _)| {
                let mut response = unredacted(head.version, &head.headers, &received);
                response.wire.reason = reason_of(head);
                (head.status.as_u16(), response)
            }),
            broke,
        })
    }

    /// The cause of the exchange, where causes are recorded. Notes the ids that its answer names.
    fn cause(&self, sent: &Capture, received: &Capture) -> Option<Cause> {
        if !self.recorder.records_causes() {
            return None;
        }
        let request = lock(&self.request_links).take();
        let request = request.unwrap_or_else(|| {
            let headers = &self.head.headers;
            links(
                &target_of(&self.head.uri),
                headers,
                sent.json(headers).as_ref(),
            )
        });
        let response = self.response.get();
        let response = response.map(|(head, _)| {
            let json = received.json(&head.headers);
            links("", &head.headers, json.as_ref())
        });
        let mut causes = self.recorder.causes();
        if let Some(response) = response {
            causes.note(self.direction, self.number, &response);
        }
        causes.of(self.direction, self.number, &request)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let is_open = matches!(*lock(&self.progress), Progress::Open);
        let broke = (is_open && !self.is_event_stream())
            .then_some("the connection was closed before the end of the response");
        // A failure has ended the recording.
        let _ = self.end(broke);
    }
}

/// The ids that a message names, with this target.
fn links(target: &str, headers: &HeaderMap, json: Option<&Value>) -> Vec<Link> {
    causes::links(target, &read_fields(headers), json)
}

pub(super) fn target_of(uri: &http::Uri) -> Cow<'_, str> {
    match uri.path_and_query().map(PathAndQuery::as_str) {
        None => "/".into(),
        Some(target) if target.starts_with(['/', '*']) => target.into(),
        // Of a URL without a path.
        Some(query) => format!("/{query}").into(),
    }
}

fn unredacted<'a>(
    version: Version,
    headers: &'a HeaderMap,
    body: &'a Capture,
) -> UnredactedMessage<'a> {
    let coding: Vec<&str> = codings(headers).collect();
    let decoded = body.decoded(headers);
    let is_decoded = decoded.is_some();
    UnredactedMessage {
        headers: fields(headers),
        body: decoded.map_or_else(|| body.as_it_came(), UnredactedBody::Bytes),
        wire: Wire {
            version: match version {
                Version::HTTP_10 => "1.0".to_owned(),
                Version::HTTP_2 => "2".to_owned(),
                // 1.1 is what is meant where nothing is said.
                _ => String::new(),
            },
            is_chunked: headers.contains_key(TRANSFER_ENCODING),
            // Of an answer without a body, the field is about another one (RFC 9110 section 8.6).
            coding: (is_decoded && !coding.is_empty() && body.length > 0)
                .then(|| coding.join(", ")),
            trailers: body.trailers.clone(),
            ..Wire::default()
        },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Captures a body on its way through: up to a limit as bytes, beyond it as length and digest. Clones
/// are the same tee.
#[derive(Debug, Clone)]
pub(super) struct Tee(Arc<Mutex<Capture>>);

#[derive(Debug)]
pub(super) struct Capture {
    bytes: Vec<u8>,
    limit: usize,
    length: u64,
    /// Of a body that is longer than the limit; of others it is computed on demand.
    digest: Option<Sha256>,
    /// The fields after it.
    pub(super) trailers: Headers,
    /// True if this proxy has announced them.
    is_announced: bool,
}

impl Tee {
    /// Keeps at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Capture {
            bytes: Vec::new(),
            limit,
            length: 0,
            digest: None,
            trailers: Headers::new(),
            is_announced: false,
        })))
    }

    pub(super) fn data(&self, data: &[u8]) {
        let mut capture = self.capture();
        capture.length += data.len() as u64;
        if capture.length <= capture.limit as u64 {
            capture.bytes.extend_from_slice(data);
            return;
        }
        let bytes = std::mem::take(&mut capture.bytes);
        let digest = capture.digest.get_or_insert_default();
        digest.update(&bytes);
        digest.update(data);
    }

    pub(super) fn frame(&self, frame: &Frame<bytes::Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.data(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailer_fields(trailers);
        }
    }

    pub(super) fn trailer_fields(&self, trailers: &HeaderMap) {
        self.capture().trailers = read_fields(trailers);
    }

    /// Captures the fields after the body, which the proxy announces in this head.
    pub(super) fn announced(&self, trailers: &HeaderMap, head: &mut HeaderMap) {
        self.trailer_fields(trailers);
        self.announce();
        hop::announce(head, trailers);
    }

    /// The proxy announces the fields after the body.
    pub(super) fn announce(&self) {
        self.capture().is_announced = true;
    }

    pub(super) fn capture(&self) -> MutexGuard<'_, Capture> {
        lock(&self.0)
    }
}

impl Capture {
    /// The bytes, codings taken away; none if the body is longer than the limit, or in a coding that
    /// is unknown or that its label does not name.
    fn decoded(&self, headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
        let uncoded = |it| uncoded(codings(headers), it, self.limit).ok().flatten();
        self.whole().and_then(uncoded)
    }

    /// The fields after the body that HTTP/1.1 does not pass on, as neither their sender nor the proxy has announced them.
    fn unannounced(&self, headers: &HeaderMap) -> Vec<String> {
        let names = self.trailers.iter().map(|(name, _)| name);
        let names = names.filter(|it| !self.is_announced && !has_token(headers, &TRAILER, it));
        names.map(|name| format!("`{name}`")).collect()
    }

    fn whole(&self) -> Option<&[u8]> {
        (self.length <= self.limit as u64).then_some(&*self.bytes)
    }

    fn json(&self, headers: &HeaderMap) -> Option<Value> {
        read_json(&self.decoded(headers)?)
    }

    /// The body in the codings that it came in; length and digest if it is longer than the limit.
    fn as_it_came(&self) -> UnredactedBody<'_> {
        if let Some(bytes) = self.whole() {
            return UnredactedBody::Bytes(bytes.into());
        }
        let mut sha256 = String::new();
        let digest = self.digest.clone();
        for byte in digest.unwrap_or_default().finalize() {
            // Writing to a string cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        UnredactedBody::Omitted {
            length: self.length,
            sha256,
        }
    }

    /// The body for an observer.
    pub(super) fn body(&self, headers: &HeaderMap) -> message::Body {
        match (self.decoded(headers), self.whole()) {
            (Some(bytes), _) => body_of_bytes(bytes.into_owned()),
            (None, Some(bytes)) => {
                let length = bytes.len();
                message::Body::Omitted(Omission::UnknownCoding { length })
            }
            (None, None) => self.as_it_came().into(),
        }
    }
}

pub(super) fn codings(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    values.filter_map(|value| value.to_str().ok())
}

/// Header fields as they are recorded.
fn fields(headers: &HeaderMap) -> Vec<UnredactedField<'_>> {
    let mut fields = Vec::with_capacity(headers.len());
    fields.extend(headers.iter().map(|(name, value)| {
        let (value, octets) = Octets::read(value.as_bytes());
        UnredactedField {
            name: name.as_str(),
            value,
            octets,
        }
    }));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Body;

    #[test]
    fn a_body_is_kept_to_the_limit_and_then_counted() {
        let plain = HeaderMap::new();
        let tee_of = |bytes: &[u8]| {
            let tee = Tee::new(8);
            bytes.chunks(3).for_each(|chunk| tee.data(chunk));
            tee
        };
        let content = |tee: Tee, headers| tee.capture().body(headers);
        assert_eq!(content(tee_of(b""), &plain), Body::Empty);
        assert_eq!(content(tee_of(b"text"), &plain), Body::Text("text".into()));
        assert_eq!(content(tee_of(b"\xff"), &plain), Body::Bytes(vec![0xff]));
        assert_eq!(
            content(tee_of(b"[1]"), &plain),
            Body::Json(serde_json::json!([1]))
        );
        let is_omitted = |content| matches!(content, Body::Omitted(Omission::NotKept { length: 9, sha256 }) if sha256.len() == 64);
        assert!(is_omitted(content(tee_of(b"123456789"), &plain)));
    }

    #[test]
    fn a_body_that_is_not_in_its_coding_is_kept_as_it_came() {
        for coding in ["x-packed", "gzip", "br, x-packed"] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
            let tee = Tee::new(8);
            tee.data(b"[1]");
            let capture = tee.capture();
            let message = unredacted(Version::HTTP_11, &headers, &capture);
            assert_eq!(Body::from(message.body), Body::Json(serde_json::json!([1])));
            assert_eq!(message.wire.coding, None, "{coding}");
            assert!(matches!(
                capture.body(&headers),
                Body::Omitted(Omission::UnknownCoding { length: 3 })
            ));
        }
    }
}
