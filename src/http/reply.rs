//! What a listener's function answers: a response, and how it goes over the wire.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::Notify;

use super::message::{Headers, Response};
use super::outgoing::{Coding, Framing, Outgoing};
use super::{coding, fields};

/// The answer to one request.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) manner: Manner,
    pub(super) delay: Duration,
    pub(super) sent: Option<Sent>,
}

/// Tells, when it is dropped, that the answer has gone to the connection.
#[derive(Debug, Clone)]
pub(super) struct Sent(Arc<Notify>);

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// How a request is answered, if at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Manner {
    /// With a response.
    Respond(Respond),
    /// With a response that is put into hyper's terms already.
    Prepared(StatusCode, HeaderMap, Bytes),
    /// Never, with the connection left open.
    Hang,
    /// With a connection reset.
    Reset,
    /// With bytes, whatever they are, and then the end of the connection.
    Raw(Bytes),
}

/// A response as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Respond {
    status: u16,
    headers: Headers,
    body: Bytes,
    coding: Coding,
    framing: Framing,
}

impl Reply {
    /// A response without a body.
    pub fn status(status: u16) -> Self {
        Self::text(status, Headers::new(), Bytes::new())
    }

    /// A response whose body is these bytes, to the letter.
    pub fn text(status: u16, headers: Headers, body: impl Into<Bytes>) -> Self {
        Self::manner(Manner::Respond(Respond {
            status,
            headers,
            body: body.into(),
            coding: Coding::Identity,
            framing: Framing::Length,
        }))
    }

    /// Takes the request and never answers; the connection stays open until the peer ends it, or
    /// the listener does.
    pub fn hang() -> Self {
        Self::manner(Manner::Hang)
    }

    /// Resets the connection (TCP RST) without an answer.
    pub fn reset() -> Self {
        Self::manner(Manner::Reset)
    }

    /// Writes these bytes in place of an answer, then ends the connection: what is no HTTP, a
    /// `Content-Length` that lies, half a body.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::manner(Manner::Raw(bytes.into()))
    }

    /// The same, for an answer that goes out many times: what need be done once is done now.
    #[must_use]
    pub fn prepared(mut self) -> Self {
        if let Manner::Respond(respond) = &self.manner
            && respond.framing == Framing::Length
            && let Ok((status, fields, body)) = respond.parts()
        {
            self.manner = Manner::Prepared(status, fields, body);
        }
        self
    }

    /// The same with another body, in no coding.
    #[must_use]
    pub fn with_body(mut self, bytes: Bytes) -> Self {
        match &mut self.manner {
            Manner::Respond(Respond { body, .. }) | Manner::Prepared(_, _, body) => *body = bytes,
            Manner::Hang | Manner::Reset | Manner::Raw(_) => {}
        }
        self
    }

    /// Whether both are [prepared](Reply::prepared), and the same but for their bodies.
    pub fn begins_like(&self, other: &Self) -> bool {
        match (&self.manner, &other.manner) {
            (Manner::Prepared(status, fields, _), Manner::Prepared(other_status, others, _)) => {
                (status, self.delay, fields) == (other_status, other.delay, others)
            }
            _ => false,
        }
    }

    /// The same with the body in this content coding.
    #[must_use]
    pub fn coded(mut self, coding: Coding) -> Self {
        if let Manner::Respond(respond) = &mut self.manner {
            respond.coding = coding;
        }
        self
    }

    /// The same with the end of its body told in this way.
    #[must_use]
    pub fn framed(mut self, framing: Framing) -> Self {
        if let Manner::Respond(respond) = &mut self.manner {
            respond.framing = framing;
        }
        self
    }

    /// The same, after a delay.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same, and tells when the last byte has gone to the connection, or when it is certain
    /// that none will.
    #[must_use]
    pub fn telling(mut self, sent: Arc<Notify>) -> Self {
        self.sent = Some(Sent(sent));
        self
    }

    fn manner(manner: Manner) -> Self {
        Self {
            manner,
            delay: Duration::ZERO,
            sent: None,
        }
    }
}

impl From<Response> for Reply {
    /// The response as it stands, JSON without white space. A body whose bytes
    /// are not at hand goes out empty.
    fn from(response: Response) -> Self {
        let body = response.body.into_bytes().unwrap_or_default();
        Self::text(response.status, response.headers, body)
    }
}

impl Respond {
    /// The response for hyper. What HTTP cannot carry is answered with 500 and the reason.
    pub(super) fn into_http(self, sent: Option<Sent>) -> hyper::Response<Outgoing> {
        let mut response = self.try_into_http().unwrap_or_else(|reason| {
            let mut response = hyper::Response::new(Outgoing::new(reason.into(), Framing::Length));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, text);
            response
        });
        response.body_mut().tell(sent);
        response
    }

    fn try_into_http(self) -> Result<hyper::Response<Outgoing>, String> {
        let (status, fields, body) = self.parts()?;
        Ok(response(status, fields, Outgoing::new(body, self.framing)))
    }

    fn parts(&self) -> Result<(StatusCode, HeaderMap, Bytes), String> {
        let status = StatusCode::from_u16(self.status)
            .map_err(|_| format!("{} is no status code", self.status))?;
        let mut fields = fields::write(&self.headers)?;
        let body = coded(self.body.clone(), self.coding, &mut fields);
        Ok((status, fields, body))
    }
}

/// A response in hyper's terms.
pub(super) fn response(
    status: StatusCode,
    fields: HeaderMap,
    body: Outgoing,
) -> hyper::Response<Outgoing> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

/// The body in its coding, announced in the fields. An empty body has none.
pub(super) fn coded(body: Bytes, coding: Coding, fields: &mut HeaderMap) -> Bytes {
    if coding == Coding::Identity || body.is_empty() {
        return body;
    }
    fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    coding::gzip(&body)
}
