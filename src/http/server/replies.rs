//! The service behind [`Listener::serve`](super::Listener::serve): each request is read whole, and
//! answered with a [`Reply`], which may misbehave on purpose.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, Uri};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::listener::Report;
use super::reply::{Action, Reply};
use super::{Connection, ConnectionError, Service, Takeover, Watch};
use crate::diagnostic::Remedy as _;
use crate::http::Versions;
use crate::http::coding::{self, DecodeError};
use crate::http::interception::{Origin, Refused};
use crate::http::limits::{BODY_TIMEOUT, MAX_FIELDS, MAX_HEAD};
use crate::http::message::{Headers, Request};
use crate::http::wire::{self, Framing, Outgoing};

/// Reads each request whole and sends the [`Reply`] of a function.
pub(super) struct Replies<F> {
    pub(super) answer: F,
    pub(super) report: Option<Report>,
    pub(super) shutdown: CancellationToken,
    /// The longest body that is read, in bytes.
    pub(super) max_body: Arc<AtomicUsize>,
}

/// A request that is not answered in HTTP.
#[derive(Debug, thiserror::Error)]
#[error("the listener does not respond in HTTP")]
pub(super) struct Unanswered;

impl<F, Fut> Service for Replies<F>
where
    F: Fn(Received) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, Refusal>> + Send + 'static,
{
    type Body = Outgoing;
    type Error = Unanswered;

    const VERSIONS: Versions = Versions::Http1;
    const MAX_HEAD: usize = MAX_HEAD;
    const WATCH: Watch = Watch::Off;

    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Result<Response<Outgoing>, Unanswered> {
        let (mut head, body) = request.into_parts();
        let origin = match connection.origin(&head) {
            Ok(origin) => origin,
            Err(refused) => return Ok(self.refuse(&refused)),
        };
        if origin.is_some() {
            // Some clients write the whole URL into a tunnel too (RFC 9112 section 3.2.2).
            let path = head.uri.path_and_query().cloned();
            head.uri = path.map_or_else(Uri::default, Uri::from);
        }
        let answered = match read(head, origin, body, self.max_body.load(Ordering::Relaxed)).await {
            Ok(received) => (self.answer)(received).await,
            Err(refusal) => Err(refusal),
        };
        let reply = answered.unwrap_or_else(|refusal| {
            self.send_report(|| refusal.to_string());
            refusal.into_reply()
        });
        if !reply.delay.is_zero() {
            // Once the shutdown begins, nothing is waited for, and what is due goes out.
            tokio::select! {
                () = sleep(reply.delay) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
        let takeover = match reply.action {
            Action::Respond(content) => return Ok(content.into_http(reply.sent)),
            Action::RespondPrepared(status, fields, body, reason) => {
                let body = Outgoing::new(body, Framing::Length, reply.sent);
                return Ok(wire::response(status, fields, body, reason));
            }
            Action::Reset => Takeover::Reset,
            Action::Raw(bytes) => Takeover::Raw(bytes),
            Action::Hang => {
                drop(reply.sent);
                self.shutdown.cancelled().await;
                Takeover::Reset
            }
        };
        connection.take_over(takeover);
        Err(Unanswered)
    }

    fn refuse(&self, (status, why): &Refused) -> Response<Outgoing> {
        self.send_report(|| format!("{}, {why}", status.as_u16()));
        refusal(*status, why)
    }

    fn report(&self, problem: &ConnectionError) {
        self.send_report(|| match problem {
            ConnectionError::PlainHttp => problem.to_string(),
            ConnectionError::Handshake(error) => match error.remedy() {
                Some(remedy) => format!("{error}; {remedy}"),
                None => error.to_string(),
            },
            ConnectionError::Head(_) => format!(
                "{problem} (a request has at most {MAX_HEAD} bytes and {MAX_FIELDS} fields of head)"
            ),
        });
    }
}

impl<F> Replies<F> {
    fn send_report(&self, text: impl FnOnce() -> String) {
        if let Some(report) = &self.report {
            report.send(text());
        }
    }
}

/// confcall's own answer, in JSON, to a request that it does not take.
pub(crate) fn refusal<B: From<Bytes>>(status: StatusCode, message: &str) -> Response<B> {
    let text = serde_json::json!({"error": {"code": "confcall", "message": message}}).to_string();
    let mut response = Response::new(B::from(text.into()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A request that was read whole, as it came.
#[derive(Debug)]
pub(crate) struct Received {
    head: Parts,
    /// The server that it is for, where it came to a forward proxy.
    origin: Option<Origin>,
    body: Bytes,
    max_body: usize,
}

impl Received {
    pub(crate) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// The scheme of the server that it is for, where it came to a forward proxy.
    pub(crate) fn scheme(&self) -> Option<&'static str> {
        self.origin.as_ref().map(Origin::scheme)
    }

    /// The path with its query, or what the request has in its place.
    pub(crate) fn target(&self) -> Cow<'_, str> {
        match (self.head.uri.scheme(), self.head.uri.path_and_query()) {
            (None, Some(path)) => Cow::Borrowed(path.as_str()),
            _ => Cow::Owned(self.head.uri.to_string()),
        }
    }

    /// The body, still in its content coding.
    pub(crate) const fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) const fn fields(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub(crate) fn headers(&self) -> Headers {
        wire::read_fields(&self.head.headers)
    }

    /// The decoded body. A body that is not in the declared content coding is unchanged.
    pub(crate) fn uncoded(&self) -> Cow<'_, [u8]> {
        let codings = self.head.headers.get_all(CONTENT_ENCODING).into_iter();
        let codings = codings.filter_map(|it| it.to_str().ok());
        let uncoded = coding::uncoded(codings, &self.body, self.max_body);
        uncoded.ok().flatten().unwrap_or(Cow::Borrowed(&self.body))
    }

    /// The request, its body without content coding.
    pub(crate) fn decode(&self) -> Result<Request, Refusal> {
        let headers = wire::read_fields(&self.head.headers);
        let limit = self.max_body;
        let body = coding::decode(&headers, &self.body, limit).map_err(|error| match error {
            DecodeError::TooLarge(limit) => too_large(limit),
            DecodeError::Corrupt(..) => Refusal::new(400, error.to_string()),
        })?;
        Ok(Request {
            target: self.target().into_owned(),
            method: self.head.method.to_string(),
            headers,
            body,
        })
    }
}

/// The answer to a request that cannot be read: in plain text, after which the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("{status}, {reason}")]
pub(crate) struct Refusal {
    status: u16,
    reason: String,
}

impl Refusal {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { status, reason }
    }

    /// The rest of a request that was not read could be taken for the next one: the connection
    /// ends.
    fn into_reply(self) -> Reply {
        let headers = Headers::from_iter([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Connection", "close"),
        ]);
        Reply::text(self.status, headers, format!("{}\n", self.reason))
    }
}

async fn read(
    head: Parts,
    origin: Option<Origin>,
    body: Incoming,
    max_body: usize,
) -> Result<Received, Refusal> {
    if body.size_hint().lower() > max_body as u64 {
        return Err(too_large(max_body));
    }
    let body = match timeout(BODY_TIMEOUT, Limited::new(body, max_body).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large(max_body)),
        Ok(Err(error)) => {
            return Err(Refusal::new(
                400,
                format!("the body ended too early: {error}"),
            ));
        }
        Err(_) => return Err(Refusal::new(408, "the body did not arrive in time")),
    };
    Ok(Received {
        head,
        origin,
        body,
        max_body,
    })
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(413, format!("the body is longer than {limit} bytes"))
}
