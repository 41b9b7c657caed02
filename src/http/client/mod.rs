//! A client: sends one request within a deadline and reads the response whole.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;
use tower_service::Service as _;
use url::Url;

use super::cause::{causes, in_words, untrusted};
use super::coding;
use super::coding::DecodeError;
use super::message::{Headers, Response};
use super::outgoing::{Coding, Framing, Outgoing};
use super::tls::Trust;
use super::{MAX_BODY, MAX_FIELDS, MAX_HEAD, fields, reply};

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
    /// The certificate of the other party is of nobody who is trusted, for another name, or expired.
    #[error(
        "{url} shows a certificate that is not trusted ({why}); `--ca FILE` trusts the one in a file"
    )]
    Untrusted {
        /// Where it was shown.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// No whole response within the deadline.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection was reset or closed early, or what came is no HTTP.
    #[error("broken exchange: {0}")]
    Broken(String),
    /// The response is longer than [`MAX_BODY`], or its head than [`MAX_HEAD`].
    #[error(
        "the response is longer than the limit ({MAX_HEAD} bytes and {MAX_FIELDS} fields of head, {MAX_BODY} bytes of body)"
    )]
    TooLarge,
}

/// An HTTP/1.1 client, over TLS where the URL is `https`. Each request has a connection of its own,
/// and is sent once.
#[derive(Debug, Clone)]
pub struct Client(Arc<Connectors>);

/// What makes connections. TLS is set up for the first URL that needs it.
struct Connectors {
    plain: legacy::Client<HttpConnector, Outgoing>,
    secure: OnceLock<legacy::Client<HttpsConnector<HttpConnector>, Outgoing>>,
    trust: Trust,
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connectors")
    }
}

impl Connectors {
    fn tcp() -> HttpConnector {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector
    }

    fn tls(&self) -> HttpsConnector<HttpConnector> {
        HttpsConnectorBuilder::new()
            .with_tls_config(self.trust.client_config())
            .https_only()
            .enable_http1()
            .wrap_connector(Self::tcp())
    }

    fn secure(&self) -> &legacy::Client<HttpsConnector<HttpConnector>, Outgoing> {
        self.secure
            .get_or_init(|| Self::builder().build(self.tls()))
    }

    fn builder() -> legacy::Builder {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            // What stands on a kept connection before its next request could be taken for the
            // answer: a surplus answer would be another exchange's fault.
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(MAX_HEAD)
            .http1_max_headers(MAX_FIELDS);
        builder
    }
}

impl Client {
    /// A client that trusts the system's authorities.
    pub fn new() -> Self {
        Self::trusting(Trust::default())
    }

    /// A client that trusts these.
    pub fn trusting(trust: Trust) -> Self {
        Self(Arc::new(Connectors {
            plain: Connectors::builder().build(Connectors::tcp()),
            secure: OnceLock::new(),
            trust,
        }))
    }

    /// Whether somebody takes connections at this URL, over TLS where it is `https`. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Those of a connection: [`SendError`].
    pub async fn reach(&self, url: &Url, deadline: Duration) -> Result<(), SendError> {
        let address = uri(url.as_str()).map_err(SendError::Unsendable)?;
        let connecting = async {
            if is_secure(&address) {
                self.0.tls().call(address).await.map(drop)
            } else {
                let connected = Connectors::tcp().call(address).await;
                connected.map(drop).map_err(Into::into)
            }
        };
        match timeout(deadline, connecting).await {
            Ok(connected) => connected.map_err(|error| unconnected(error.as_ref(), url.as_str())),
            Err(_) => Err(SendError::Timeout(deadline)),
        }
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
        let response = if is_secure(request.uri()) {
            self.0.secure().request(request).await
        } else {
            self.0.plain.request(request).await
        };
        let response = response.map_err(|error| classify(&error, url))?;
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
    let uri = uri(&request.url)?;
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

/// The address of a URL that this client speaks to.
fn uri(url: &str) -> Result<hyper::Uri, String> {
    let uri: hyper::Uri = url
        .parse()
        .map_err(|error| format!("`{url}` is no URL: {error}"))?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(uri),
        _ => Err(format!(
            "`{url}` is no absolute URL: it begins with http:// or https://"
        )),
    }
}

fn is_secure(uri: &hyper::Uri) -> bool {
    uri.scheme() == Some(&hyper::http::uri::Scheme::HTTPS)
}

fn classify(error: &legacy::Error, url: &str) -> SendError {
    if error.is_connect() {
        return unconnected(error, url);
    }
    let too_large = causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse_too_large);
    if too_large {
        SendError::TooLarge
    } else {
        SendError::Broken(in_words(error))
    }
}

/// Why there is no connection.
fn unconnected(error: &(dyn Error + 'static), url: &str) -> SendError {
    if let Some(why) = untrusted(error) {
        return SendError::Untrusted {
            url: url.to_owned(),
            why: why.to_string(),
        };
    }
    let refused = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        SendError::Refused(url.to_owned())
    } else {
        SendError::Unreachable(format!("{url}: {}", in_words(error)))
    }
}
