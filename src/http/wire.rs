//! Messages in hyper's terms: header fields in both directions, and a body that goes out whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::body::{Body, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRAILER,
    TRANSFER_ENCODING,
};
use hyper::http::response::Parts;
use tokio::sync::Notify;

use super::message::{Headers, Octets};

/// How the bytes of a body are coded (RFC 9110 section 8.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As they are.
    #[default]
    Identity,
    Gzip,
}

/// How the receiver finds the end of a body (RFC 9112 section 6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    #[default]
    Length,
    /// `Transfer-Encoding: chunked`, in two chunks where there are two bytes.
    Chunked,
}

/// Notifies when it is dropped: the body has gone to the connection.
#[derive(Debug, Clone)]
pub(super) struct Sent(Arc<Notify>);

impl Sent {
    pub(super) const fn new(notify: Arc<Notify>) -> Self {
        Self(notify)
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A body that is whole in memory.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pieces: [Option<Bytes>; 2],
    framing: Framing,
    trailers: Option<HeaderMap>,
    /// The length of the body that another answer would have.
    measured: Option<u64>,
    /// Dropped with the body, which hyper does when it has taken the last piece.
    _sent: Option<Sent>,
}

impl Outgoing {
    pub(super) fn new(mut bytes: Bytes, framing: Framing, sent: Option<Sent>) -> Self {
        let is_split = framing == Framing::Chunked && bytes.len() > 1;
        let first = is_split.then(|| bytes.split_to(bytes.len() / 2));
        let pieces = [first, (!bytes.is_empty()).then_some(bytes)];
        Self {
            pieces,
            framing,
            trailers: None,
            measured: None,
            _sent: sent,
        }
    }

    /// No body, for an answer to HEAD or a 304 with this `Content-Length`. hyper writes the field only
    /// of a body that it might send.
    pub(super) fn measured(length: u64, sent: Option<Sent>) -> Self {
        let measured = Some(length);
        Self {
            measured,
            ..Self::new(Bytes::new(), Framing::Length, sent)
        }
    }

    /// The same with fields behind it, if there are any. They follow a body in chunks only.
    pub(super) fn with_trailers(mut self, trailers: HeaderMap) -> Self {
        if !trailers.is_empty() {
            self.framing = Framing::Chunked;
            self.trailers = Some(trailers);
        }
        self
    }
}

impl From<Bytes> for Outgoing {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes, Framing::Length, None)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.iter_mut().find_map(Option::take);
        let frame = piece.map(Frame::data);
        let frame = frame.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        let is_over = self.framing == Framing::Length && self.measured.is_none();
        is_over && self.pieces.iter().all(Option::is_none)
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::Length => {
                let pieces = self.pieces.iter().flatten();
                let length = pieces.map(|piece| piece.len() as u64).sum();
                SizeHint::with_exact(self.measured.unwrap_or(length))
            }
            Framing::Chunked => SizeHint::new(),
        }
    }
}

/// The body in its content coding, which the fields name. An empty body has none.
pub(super) fn coded(body: Bytes, coding: Coding, fields: &mut HeaderMap) -> Bytes {
    if coding == Coding::Identity || body.is_empty() {
        return body;
    }
    fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    super::coding::gzip(&body)
}

pub(super) fn response(
    status: StatusCode,
    fields: HeaderMap,
    body: Outgoing,
    reason: Option<ReasonPhrase>,
) -> hyper::Response<Outgoing> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    if let Some(reason) = reason {
        response.extensions_mut().insert(reason);
    }
    response
}

/// The fields of a message that came in.
pub(crate) fn read_fields(map: &HeaderMap) -> Headers {
    let mut fields = Headers::new();
    for (name, value) in map {
        let (value, octets) = Octets::read(value.as_bytes());
        fields.push_octets(name.as_str(), value, octets);
    }
    fields
}

/// A header field that HTTP cannot carry.
#[derive(Debug, thiserror::Error)]
pub(super) enum FieldError {
    #[error("`{0}` is not a valid header name")]
    Name(String),
    #[error("the value of `{0}` has a control character")]
    Value(String),
    #[error("{0} header fields are too many for one message")]
    TooMany(usize),
}

/// The fields of a message that goes out, and those behind its body, which `Trailer` names.
pub(super) fn write_all_fields(
    headers: &Headers,
    trailers: &Headers,
) -> Result<(HeaderMap, HeaderMap), FieldError> {
    let (mut fields, behind) = (write_fields(headers)?, write_fields(trailers)?);
    if !behind.is_empty() && !fields.contains_key(TRAILER) {
        for name in behind.keys() {
            fields.append(TRAILER, name.clone().into());
        }
    }
    Ok((fields, behind))
}

/// The fields of a message that goes out, without those that give its length: these are computed
/// anew.
pub(super) fn write_fields(headers: &Headers) -> Result<HeaderMap, FieldError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.octets() {
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| FieldError::Name(name.to_owned()))?;
        let value =
            HeaderValue::from_bytes(&value).map_err(|_| FieldError::Value(name.to_owned()))?;
        if field != CONTENT_LENGTH && field != TRANSFER_ENCODING {
            map.try_append(field, value)
                .map_err(|_| FieldError::TooMany(headers.iter().count()))?;
        }
    }
    Ok(map)
}

/// The reason phrase of a response, where it is not that of its status. Each character is a byte.
pub(crate) fn reason_of(head: &Parts) -> Option<String> {
    let reason = head.extensions.get::<ReasonPhrase>()?.as_bytes();
    let own = head.status.canonical_reason().unwrap_or_default();
    (reason != own.as_bytes()).then(|| reason.iter().copied().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_fields_are_an_error() {
        let headers: Headers = (0..40_000).map(|n| (format!("a{n}"), "b")).collect();
        let error = write_fields(&headers).unwrap_err();
        assert!(
            error.to_string().starts_with("40000 header fields"),
            "{error}"
        );
    }
}
