//! A client: sends one request within a deadline and reads the response whole.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::coding::{self, DecodeError};
use super::outgoing::{Coding, Framing, Outgoing};
use super::{MAX_BODY, MAX_FIELDS, MAX_HEAD, fields, reply};
use crate::model::message::{Headers, Response};

/// How long an unused connection is kept. Shorter than any listener's patience, so that a request
/// seldom meets a connection that is about to be closed.
const IDLE: Duration = Duration::from_secs(15);

/// A request to send, with how it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// The method, in upper case.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The header fields. Those that tell the length are computed anew.
    pub headers: Headers,
    /// The body, uncoded.
    pub body: Option<Bytes>,
    /// The content coding to send the body in.
    pub coding: Coding,
    /// How the end of the body is told.
    pub framing: Framing,
}

impl OutgoingRequest {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Headers::new(),
            body: None,
            coding: Coding::Identity,
            framing: Framing::Length,
        }
    }
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The request cannot be sent as it is: a URL, method or header that HTTP cannot carry, or a
    /// scheme that this client does not speak.
    #[error("cannot send the request: {0}")]
    Unsendable(String),
    /// Nobody listens at the address.
    #[error("connection refused: nobody listens at {0}")]
    Refused(String),
    /// The address could not be reached, or the name not resolved.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No whole response within the deadline.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection was reset or closed early, or what came is no HTTP.
    #[error("broken exchange: {0}")]
    Broken(String),
    /// The response is longer than [`MAX_BODY`], or its head than [`MAX_HEAD`].
    #[error("the response is longer than the limit ({MAX_HEAD} bytes of head, {MAX_BODY} of body)")]
    TooLarge,
}

/// An HTTP/1.1 client that keeps connections open. Clones share them.
///
/// A request is sent once. The one exception: a kept connection that turns out closed before any
/// byte was written is replaced by a new one.
#[derive(Debug, Clone)]
pub struct Client {
    inner: legacy::Client<HttpConnector, Outgoing>,
}

impl Client {
    /// A client without connections.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(MAX_HEAD)
            .http1_max_headers(MAX_FIELDS)
            .build(connector);
        Self { inner }
    }

    /// Sends the request and reads the response whole, its content coding taken away.
    ///
    /// # Errors
    ///
    /// [`SendError`]; after [`SendError::Timeout`] the connection is closed.
    pub async fn send(
        &self,
        request: OutgoingRequest,
        deadline: Duration,
    ) -> Result<Response, SendError> {
        let url = request.url.clone();
        let request = prepare(request).map_err(SendError::Unsendable)?;
        timeout(deadline, self.exchange(request, &url))
            .await
            .unwrap_or(Err(SendError::Timeout(deadline)))
    }

    async fn exchange(
        &self,
        request: hyper::Request<Outgoing>,
        url: &str,
    ) -> Result<Response, SendError> {
        let response = self
            .inner
            .request(request)
            .await
            .map_err(|error| classify(&error, url))?;
        let (head, body) = response.into_parts();
        let headers = fields::read(&head.headers);
        let bytes = Limited::new(body, MAX_BODY)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    SendError::TooLarge
                } else {
                    SendError::Broken(format!("the body broke off: {}", in_words(error.as_ref())))
                }
            })?
            .to_bytes();
        let body = coding::decode(&headers, &bytes).map_err(|error| match error {
            DecodeError::TooLarge => SendError::TooLarge,
            DecodeError::Corrupt(..) => SendError::Broken(error.to_string()),
        })?;
        Ok(Response {
            status: head.status.as_u16(),
            headers,
            body,
        })
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// The request for hyper, or why it has no place in HTTP.
fn prepare(request: OutgoingRequest) -> Result<hyper::Request<Outgoing>, String> {
    let uri: hyper::Uri = request
        .url
        .parse()
        .map_err(|error| format!("`{}` is no URL: {error}", request.url))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(format!(
                "`{}` needs TLS, which confcall does not speak to a target yet: use http://",
                request.url
            ));
        }
        _ => {
            return Err(format!(
                "`{}` is no absolute URL: it begins with http://",
                request.url
            ));
        }
    }
    let method = hyper::Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is no method", request.method))?;
    let mut headers = fields::write(&request.headers)?;
    let body = reply::coded(
        request.body.unwrap_or_default(),
        request.coding,
        &mut headers,
    );
    let framing = if body.is_empty() {
        Framing::Length
    } else {
        request.framing
    };
    let mut prepared = hyper::Request::new(Outgoing::new(body, framing));
    *prepared.method_mut() = method;
    *prepared.uri_mut() = uri;
    *prepared.headers_mut() = headers;
    Ok(prepared)
}

fn classify(error: &legacy::Error, url: &str) -> SendError {
    let sources = || std::iter::successors(error.source(), |cause| (*cause).source());
    if error.is_connect() {
        let refused = sources()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
        return if refused {
            SendError::Refused(url.to_owned())
        } else {
            SendError::Unreachable(format!("{url}: {}", in_words(error)))
        };
    }
    let too_large = sources()
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse_too_large);
    if too_large {
        SendError::TooLarge
    } else {
        SendError::Broken(in_words(error))
    }
}

/// The innermost causes of an error, in words: hyper's outer layers only repeat one another.
pub(in crate::io) fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !words.contains(&text) {
            words.push(text);
        }
        next = cause.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests;
