//! A client: sends one request within a deadline and reads the response whole.

pub(crate) mod connect;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioExecutor;
use rustls::{CertificateError, OtherError};
use tokio::time::timeout;
use tower_service::Service as _;
use url::Url;

use self::connect::{Dialer, causes, speaks_no_tls, untrusted, with_causes};
use super::Versions;
use super::coding::{self, DecodeError};
use super::limits::{MAX_BODY, MAX_FIELDS, MAX_HEAD};
use super::message::{Headers, Response};
use super::tls::Trust;
use super::wire::{self, Coding, FieldError, Framing, Outgoing};

/// A request to send, and its form on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutgoingRequest {
    /// In upper case.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Fields that give the length are computed anew.
    pub headers: Headers,
    /// Without content coding.
    pub body: Option<Bytes>,
    pub coding: Coding,
    pub framing: Framing,
    /// Fields behind the body, which then goes out in chunks.
    pub trailers: Headers,
}

/// A response as it came, its body still in its content coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    /// The reason phrase, where it is not that of the status; each character is a byte.
    pub reason: Option<String>,
    pub headers: Headers,
    pub body: Bytes,
    pub trailers: Headers,
}

impl Answer {
    /// The decoded body. A body that is not in the declared content coding is unchanged.
    pub(crate) fn uncoded(&self, limit: usize) -> Cow<'_, [u8]> {
        let fields = self.headers.iter();
        let codings = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
        let uncoded = coding::uncoded(codings.map(|(_, value)| value), &self.body, limit);
        uncoded.ok().flatten().unwrap_or(Cow::Borrowed(&self.body))
    }
}

impl OutgoingRequest {
    pub(crate) fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Headers::new(),
            body: None,
            coding: Coding::Identity,
            framing: Framing::Length,
            trailers: Headers::new(),
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
    /// The server answers a TLS handshake with something else.
    #[error("{0} does not speak TLS")]
    NoTls(String),
    /// The address could not be reached, or the name not resolved.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The certificate of the other party is of nobody who is trusted, for another name, or expired.
    #[error("{url} shows a certificate that is not trusted ({why}); {}", flaw.remedy())]
    Untrusted {
        url: String,
        why: String,
        flaw: Flaw,
    },
    /// No whole response within the deadline.
    #[error("no answer within {0:?}")]
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

/// The part of a certificate because of which it is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nobody who is trusted has issued it.
    Issuer,
    /// It is not valid yet, or not any more.
    Time,
    /// It is for another host.
    Name,
}

/// The cause as people read it. An authority that a server shows as its own certificate has no variant in rustls.
pub(super) fn describe(why: &CertificateError) -> String {
    match why {
        CertificateError::Other(OtherError(other)) if other.to_string() == "CaUsedAsEndEntity" => {
            "it is the certificate of an unknown authority".to_owned()
        }
        other => other.to_string(),
    }
}

impl Flaw {
    fn of(error: &CertificateError) -> Self {
        use CertificateError::{
            Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
            NotValidYetContext,
        };
        match error {
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => Self::Time,
            NotValidForName | NotValidForNameContext { .. } => Self::Name,
            _ => Self::Issuer,
        }
    }

    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::Issuer => "`--ca FILE` trusts the one in a file",
            Self::Time => "renew it, or set the clock of this machine",
            Self::Name => "use a host that it names, or issue it for this host too",
        }
    }
}

/// The number of idle connections to one party that a client keeps, if it keeps any.
const KEPT_CONNECTIONS: usize = 64;

/// An HTTP/1.1 client, over TLS where the URL is `https`. Each request has a connection of its own, unless the client
/// [keeps connections](Self::keeping_connections), and is sent once.
#[derive(Debug, Clone)]
pub(crate) struct Client(Arc<Connectors>);

/// One client for each scheme. TLS is set up for the first URL that needs it.
struct Connectors {
    plain: legacy::Client<Dialer, Outgoing>,
    secure: OnceLock<legacy::Client<HttpsConnector<Dialer>, Outgoing>>,
    trust: Trust,
    /// The number of idle connections that are kept for each party.
    kept: usize,
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connectors")
    }
}

impl Connectors {
    fn tls(&self) -> HttpsConnector<Dialer> {
        Dialer::new().with_tls(self.trust.client_config(), Versions::Http1)
    }

    fn secure(&self) -> &legacy::Client<HttpsConnector<Dialer>, Outgoing> {
        self.secure
            .get_or_init(|| Self::builder(self.kept).build(self.tls()))
    }

    fn builder(kept: usize) -> legacy::Builder {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .pool_max_idle_per_host(kept)
            .pool_idle_timeout(None)
            .http1_max_buf_size(MAX_HEAD)
            .http1_max_headers(MAX_FIELDS);
        builder
    }
}

impl Client {
    pub(crate) fn new() -> Self {
        Self::trusting(Trust::default())
    }

    /// A client that keeps its connections, for parties that are known to answer each request once. A surplus answer on
    /// a kept connection is read as the answer to the next request, so that another exchange seems to be at fault.
    pub(crate) fn keeping_connections(trust: Trust) -> Self {
        Self::build(trust, KEPT_CONNECTIONS)
    }

    pub(crate) fn trusting(trust: Trust) -> Self {
        Self::build(trust, 0)
    }

    fn build(trust: Trust, kept: usize) -> Self {
        Self(Arc::new(Connectors {
            plain: Connectors::builder(kept).build(Dialer::new()),
            secure: OnceLock::new(),
            trust,
            kept,
        }))
    }

    /// Connects to this URL, over TLS if it is `https`, and sends nothing.
    pub(crate) async fn reach(&self, url: &Url, deadline: Duration) -> Result<(), SendError> {
        let address = uri(url.as_str())?;
        let connecting = async {
            if is_secure(&address) {
                self.0.tls().call(address).await.map(drop)
            } else {
                let connected = Dialer::new().call(address).await;
                connected.map(drop)
            }
        };
        match timeout(deadline, connecting).await {
            Ok(connected) => connected.map_err(|error| unconnected(error.as_ref(), url.as_str())),
            Err(_) => Err(SendError::Timeout(deadline)),
        }
    }

    /// Tries TLS at an `http` URL. Returns a sentence if the party there speaks it.
    pub(crate) async fn speaks_tls(&self, url: &Url) -> Option<String> {
        let port = url.port_or_known_default();
        let mut secure = url.clone();
        let is_plain = url.scheme() == "http";
        let is_changed = secure.set_scheme("https").is_ok() && secure.set_port(port).is_ok();
        if !(is_plain && is_changed) {
            return None;
        }
        let reached = self.reach(&secure, Duration::from_secs(1)).await;
        let spoken = matches!(reached, Ok(()) | Err(SendError::Untrusted { .. }));
        spoken.then(|| format!("the party at {url} speaks TLS"))
    }

    /// Sends the request and reads the response whole, its content coding taken away.
    pub(crate) async fn send(
        &self,
        request: OutgoingRequest,
        deadline: Duration,
    ) -> Result<Response, SendError> {
        let answer = self.send_raw(request, deadline, MAX_BODY).await?;
        let body = coding::decode(&answer.headers, &answer.body, MAX_BODY);
        let body = body.map_err(|error| match error {
            DecodeError::TooLarge(_) => SendError::TooLarge,
            DecodeError::Corrupt(..) => SendError::Broken(error.to_string()),
        })?;
        Ok(Response {
            status: answer.status,
            headers: answer.headers,
            body,
        })
    }

    /// The same with the response as it came, its body of at most `max_body` bytes.
    pub(crate) async fn send_raw(
        &self,
        request: OutgoingRequest,
        deadline: Duration,
        max_body: usize,
    ) -> Result<Answer, SendError> {
        let url = request.url.clone();
        let request = prepare(request)?;
        let answered = if is_secure(request.uri()) {
            timeout(deadline, exchange(self.0.secure(), request, &url, max_body)).await
        } else {
            timeout(deadline, exchange(&self.0.plain, request, &url, max_body)).await
        };
        answered.unwrap_or(Err(SendError::Timeout(deadline)))
    }

    /// Sends the request through a tunnel of this forward proxy (`CONNECT`), on a connection of its own.
    pub(crate) async fn send_through(
        &self,
        proxy: &Url,
        request: OutgoingRequest,
        deadline: Duration,
    ) -> Result<Answer, SendError> {
        let url = request.url.clone();
        let request = prepare(request)?;
        let tunnel = Tunnel::new(uri(proxy.as_str())?, self.0.tls());
        let tunnel = HttpsConnectorBuilder::new()
            .with_tls_config(self.0.trust.client_config())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tunnel);
        let client = Connectors::builder(0).build(tunnel);
        timeout(deadline, exchange(&client, request, &url, MAX_BODY))
            .await
            .unwrap_or(Err(SendError::Timeout(deadline)))
    }
}

/// Sends a request and reads the response whole.
async fn exchange<C: Connect + Clone + Send + Sync + 'static>(
    client: &legacy::Client<C, Outgoing>,
    request: hyper::Request<Outgoing>,
    url: &str,
    max_body: usize,
) -> Result<Answer, SendError> {
    let response = client.request(request).await;
    let response = response.map_err(|error| classify(&error, url))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, max_body)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                SendError::TooLarge
            } else {
                SendError::Broken(format!(
                    "the body ended too early: {}",
                    with_causes(error.as_ref())
                ))
            }
        })?;
    let trailers = body.trailers().map(wire::read_fields);
    Ok(Answer {
        status: head.status.as_u16(),
        reason: wire::reason_of(&head),
        headers: wire::read_fields(&head.headers),
        trailers: trailers.unwrap_or_default(),
        body: body.to_bytes(),
    })
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("`{url}` is no URL: {error}")]
    Url {
        url: String,
        error: hyper::http::uri::InvalidUri,
    },
    #[error("`{0}` is no absolute URL: it begins with http:// or https://")]
    NotAbsolute(String),
    #[error("`{0}` is not an HTTP method")]
    Method(String),
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl From<RequestError> for SendError {
    fn from(error: RequestError) -> Self {
        Self::Unsendable(error.to_string())
    }
}

fn prepare(request: OutgoingRequest) -> Result<hyper::Request<Outgoing>, RequestError> {
    let uri = uri(&request.url)?;
    let method = hyper::Method::from_bytes(request.method.as_bytes())
        .map_err(|_| RequestError::Method(request.method.clone()))?;
    let (mut headers, trailers) = wire::write_all_fields(&request.headers, &request.trailers)?;
    let body = request.body.unwrap_or_default();
    let body = wire::coded(body, request.coding, &mut headers);
    let framing = if body.is_empty() {
        Framing::Length
    } else {
        request.framing
    };
    let body = Outgoing::new(body, framing, None).with_trailers(trailers);
    let mut prepared = hyper::Request::new(body);
    *prepared.method_mut() = method;
    *prepared.uri_mut() = uri;
    *prepared.headers_mut() = headers;
    Ok(prepared)
}

/// The address of a URL that this client speaks to.
fn uri(url: &str) -> Result<hyper::Uri, RequestError> {
    let uri: hyper::Uri = url.parse().map_err(|error| RequestError::Url {
        url: url.to_owned(),
        error,
    })?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(uri),
        _ => Err(RequestError::NotAbsolute(url.to_owned())),
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
        SendError::Broken(with_causes(error))
    }
}

fn unconnected(error: &(dyn Error + 'static), url: &str) -> SendError {
    if let Some(why) = untrusted(error) {
        return SendError::Untrusted {
            url: url.to_owned(),
            why: describe(why),
            flaw: Flaw::of(why),
        };
    }
    let refused = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        SendError::Refused(url.to_owned())
    } else if speaks_no_tls(error) {
        SendError::NoTls(url.to_owned())
    } else {
        SendError::Unreachable(format!("{url}: {}", with_causes(error)))
    }
}
