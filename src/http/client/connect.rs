//! Connections to other parties: plain or in TLS, never to confcall's own listeners; and why they
//! fail.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Uri;
use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::http::Versions;
use crate::http::limits::{HEAD_TIMEOUT, MAX_FIELDS, MAX_HEAD_HTTP2};

/// How long a connection of a proxy may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that passes bodies on as they come.
pub(crate) type StreamingClient<B> = legacy::Client<HttpsConnector<Dialer>, B>;

/// A client for a proxy. It keeps connections open, and speaks HTTP/2 where it may and the other party
/// takes it in TLS.
pub(crate) fn streaming_client<B>(
    dialer: Dialer,
    tls: ClientConfig,
    versions: Versions,
) -> StreamingClient<B>
where
    B: Body<Data = Bytes> + Send,
{
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(15))
        .timer(TokioTimer::new())
        .http1_max_headers(MAX_FIELDS)
        // A proxy takes them out (RFC 9112 section 5.1).
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http2_max_header_list_size(MAX_HEAD_HTTP2)
        .http2_keep_alive_interval(HEAD_TIMEOUT);
    builder.build(dialer.with_tls(tls, versions))
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is confcall's own listener")]
struct LoopError(SocketAddr);

#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    connector: HttpConnector,
    own: Arc<[SocketAddr]>,
}

impl Dialer {
    /// A dialer that waits for as long as its caller does.
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        Self {
            connector,
            own: Arc::default(),
        }
    }

    /// A dialer of a proxy: it refuses to connect to these listeners of its own, and gives up after 30
    /// seconds.
    pub(crate) fn of_proxy(own: Vec<SocketAddr>) -> Self {
        let mut dialer = Self::new();
        dialer.connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        dialer.own = own.into();
        dialer
    }

    /// The same dialer, in TLS for URLs with `https`.
    pub(super) fn with_tls(self, tls: ClientConfig, versions: Versions) -> HttpsConnector<Self> {
        let builder = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http();
        match versions {
            Versions::Http1 => builder.enable_http1().wrap_connector(self),
            Versions::Http1AndHttp2 => builder.enable_all_versions().wrap_connector(self),
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(BoxError::from)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(uri);
        let own_listeners = Arc::clone(&self.own);
        Box::pin(async move {
            let stream = connecting.await?;
            let (near, far) = (stream.inner().local_addr()?, stream.inner().peer_addr()?);
            // Seen on the connection itself, whatever name or address led there.
            if own_listeners.iter().any(|it| is_at(*it, near, far)) {
                return Err(LoopError(far).into());
            }
            Ok(stream)
        })
    }
}

/// True if the far end of a connection is this listener. A listener on every interface has each
/// address of this machine, and a connection to such an address has it as its near end too. An IPv4
/// address may be written as one of IPv6 (RFC 4291 section 2.5.5.2).
fn is_at(listener: SocketAddr, near: SocketAddr, far: SocketAddr) -> bool {
    let [listening, near_ip, far_ip] = [listener, near, far].map(|it| it.ip().to_canonical());
    let is_here = far_ip.is_loopback() || near_ip == far_ip;
    listener.port() == far.port()
        && (listening == far_ip || (listening.is_unspecified() && is_here))
}

/// True if a request would have reached confcall itself.
pub(crate) fn is_loop(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<LoopError>)
}

/// The causes of an error, itself the first. The inner error of an [`io::Error`] counts as a cause.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| inner(*cause))
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(held) => Some(held),
        None => error.source(),
    }
}

/// The problem of the other party's certificate, if the connection failed because of it.
pub(crate) fn untrusted<'a>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a rustls::CertificateError> {
    causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => Some(why),
        _ => None,
    })
}

/// True if the other party speaks no TLS.
pub(super) fn speaks_no_tls(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(rustls::Error::InvalidMessage(
                rustls::InvalidMessage::InvalidContentType
            ))
        )
    })
}

pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_known_by_its_address() {
        for (listener, near, far, is_own) in [
            ("127.0.0.1:1", "127.0.0.1:9", "127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.1:9", "127.0.0.1:2", false),
            ("127.0.0.1:1", "127.0.0.1:9", "127.0.0.2:1", false),
            ("0.0.0.0:1", "127.0.0.1:9", "127.0.0.2:1", true),
            ("0.0.0.0:1", "10.0.0.1:9", "10.0.0.1:1", true),
            ("0.0.0.0:1", "10.0.0.1:9", "10.0.0.2:1", false),
            ("[::]:1", "[::1]:9", "[::1]:1", true),
            ("[::]:1", "127.0.0.1:9", "127.0.0.1:1", true),
            (
                "127.0.0.1:1",
                "[::ffff:127.0.0.1]:9",
                "[::ffff:127.0.0.1]:1",
                true,
            ),
            ("[::ffff:127.0.0.1]:1", "127.0.0.1:9", "127.0.0.1:1", true),
            (
                "0.0.0.0:1",
                "[::ffff:10.0.0.1]:9",
                "[::ffff:10.0.0.1]:1",
                true,
            ),
            (
                "0.0.0.0:1",
                "[::ffff:10.0.0.1]:9",
                "[::ffff:10.0.0.2]:1",
                false,
            ),
        ] {
            let [listener, near, far] = [listener, near, far].map(|it| it.parse().unwrap());
            assert_eq!(is_at(listener, near, far), is_own, "{listener} {far}");
        }
    }
}
