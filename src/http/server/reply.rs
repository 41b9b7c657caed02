//! The answer of a listener's function: a response, or the behaviour of a broken server in its place.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::ext::ReasonPhrase;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::Notify;

use crate::http::message::{Headers, Octets, Response};
use crate::http::wire::{self, Coding, FieldError, Framing, Outgoing, Sent};

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(super) action: Action,
    pub(super) delay: Duration,
    pub(super) sent: Option<Sent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Respond(Content),
    /// A response that is in hyper's terms already.
    RespondPrepared(StatusCode, HeaderMap, Bytes, Option<ReasonPhrase>),
    /// The connection stays open.
    Hang,
    Reset,
    /// Bytes of any kind, and then the end of the connection.
    Raw(Bytes),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    status: u16,
    headers: Headers,
    body: Bytes,
    coding: Coding,
    framing: Framing,
    trailers: Headers,
    reason: Option<ReasonPhrase>,
    /// The `Content-Length` of a response that has no body.
    length: Option<u64>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::text(status, Headers::new(), Bytes::new())
    }

    /// A response whose body is these bytes, to the letter.
    pub(crate) fn text(status: u16, headers: Headers, body: impl Into<Bytes>) -> Self {
        Self::acting(Action::Respond(Content {
            status,
            headers,
            body: body.into(),
            coding: Coding::Identity,
            framing: Framing::Length,
            trailers: Headers::new(),
            reason: None,
            length: None,
        }))
    }

    /// The same with these fields behind its body.
    #[must_use]
    pub(crate) fn trailed(mut self, trailers: Headers) -> Self {
        if let Action::Respond(content) = &mut self.action {
            content.trailers = trailers;
        }
        self
    }

    /// The same with this reason phrase, each character a byte.
    #[must_use]
    pub(crate) fn reasoned(mut self, reason: &str) -> Self {
        if let Action::Respond(content) = &mut self.action {
            let bytes = Octets::Latin1.write(reason).into_owned();
            content.reason = ReasonPhrase::try_from(bytes).ok();
        }
        self
    }

    /// The same with this `Content-Length`, which is that of another response: the answer to a HEAD, or
    /// a 304 (RFC 9110 section 8.6).
    #[must_use]
    pub(crate) fn measured(mut self, length: u64) -> Self {
        if let Action::Respond(content) = &mut self.action {
            content.length = Some(length);
        }
        self
    }

    /// Takes the request and never answers; the connection stays open until the peer ends it, or
    /// the listener does.
    pub(crate) fn hang() -> Self {
        Self::acting(Action::Hang)
    }

    /// Resets the connection (TCP RST) without an answer.
    pub(crate) fn reset() -> Self {
        Self::acting(Action::Reset)
    }

    /// Writes these bytes in place of an answer, then ends the connection: no HTTP at all, a wrong
    /// `Content-Length`, half a body.
    pub(crate) fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::acting(Action::Raw(bytes.into()))
    }

    /// The same, for an answer that is sent many times: it is put into hyper's terms now.
    #[must_use]
    pub(crate) fn prepared(mut self) -> Self {
        if let Action::Respond(content) = &self.action
            && content.framing == Framing::Length
            && content.trailers.is_empty()
            && content.length.is_none()
            && let Ok((status, fields, body, _)) = content.parts()
        {
            let reason = content.reason.clone();
            self.action = Action::RespondPrepared(status, fields, body, reason);
        }
        self
    }

    /// The same with the body in this content coding.
    #[must_use]
    pub(crate) fn coded(mut self, coding: Coding) -> Self {
        if let Action::Respond(content) = &mut self.action {
            content.coding = coding;
        }
        self
    }

    /// The same with this framing of its body.
    #[must_use]
    pub(crate) fn framed(mut self, framing: Framing) -> Self {
        if let Action::Respond(content) = &mut self.action {
            content.framing = framing;
        }
        self
    }

    /// The same, after a delay.
    #[must_use]
    pub(crate) fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same; notifies when the last byte has gone to the connection, or when it is certain that
    /// none will.
    #[must_use]
    pub(crate) fn notifying(mut self, sent: Arc<Notify>) -> Self {
        self.sent = Some(Sent::new(sent));
        self
    }

    const fn acting(action: Action) -> Self {
        Self {
            action,
            delay: Duration::ZERO,
            sent: None,
        }
    }
}

impl From<Response> for Reply {
    /// The response unchanged, JSON without white space. A body whose bytes
    /// are not at hand goes out empty.
    fn from(response: Response) -> Self {
        let body = response.body.into_bytes().unwrap_or_default();
        Self::text(response.status, response.headers, body)
    }
}

impl Content {
    /// The response for hyper. One that HTTP cannot carry becomes a 500 with the reason.
    pub(super) fn into_http(self, sent: Option<Sent>) -> hyper::Response<Outgoing> {
        match self.parts() {
            Ok((status, fields, body, trailers)) => {
                let body = match self.length.filter(|_| body.is_empty()) {
                    Some(length) => Outgoing::measured(length, sent),
                    None => Outgoing::new(body, self.framing, sent).with_trailers(trailers),
                };
                wire::response(status, fields, body, self.reason)
            }
            Err(error) => {
                let text = HeaderValue::from_static("text/plain; charset=utf-8");
                let fields = HeaderMap::from_iter([(CONTENT_TYPE, text)]);
                let body = Outgoing::new(error.to_string().into(), Framing::Length, sent);
                wire::response(StatusCode::INTERNAL_SERVER_ERROR, fields, body, None)
            }
        }
    }

    /// The status, the fields, the body and the fields behind it.
    fn parts(&self) -> Result<(StatusCode, HeaderMap, Bytes, HeaderMap), ContentError> {
        let status =
            StatusCode::from_u16(self.status).map_err(|_| ContentError::Status(self.status))?;
        let (mut fields, trailers) = wire::write_all_fields(&self.headers, &self.trailers)?;
        let body = wire::coded(self.body.clone(), self.coding, &mut fields);
        if let Some(length) = self.length.filter(|_| body.is_empty()) {
            fields.insert(CONTENT_LENGTH, length.into());
        }
        Ok((status, fields, body, trailers))
    }
}

#[derive(Debug, thiserror::Error)]
enum ContentError {
    #[error("{0} is not a status code")]
    Status(u16),
    #[error(transparent)]
    Field(#[from] FieldError),
}
