//! Connections to the parties: plain or in TLS, never to the proxy itself.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::MAX_LIST;
use super::body::{RequestBody, Unsent};
use crate::http::{HEAD_TIMEOUT, MAX_FIELDS, causes};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// What sends requests on.
pub(super) type Client = legacy::Client<HttpsConnector<Dialer>, RequestBody>;

/// A client that keeps connections open; `https` is spoken under this configuration, in HTTP/2 where
/// the other party takes it.
pub(super) fn client(dialer: Dialer, tls: ClientConfig) -> Client {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(dialer);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(15))
        .timer(TokioTimer::new())
        .http1_max_headers(MAX_FIELDS)
        // A proxy takes them out (RFC 9112 section 5.1).
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http2_max_header_list_size(MAX_LIST)
        .http2_keep_alive_interval(HEAD_TIMEOUT)
        .build(connector)
}

/// A client for requests that ask for another protocol, which HTTP/1.1 alone can switch to.
pub(super) fn switching_client(dialer: Dialer, tls: ClientConfig) -> Client {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(dialer);
    legacy::Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .http1_max_headers(MAX_FIELDS)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .build(connector)
}

/// The other end of a connection would be the proxy itself.
#[derive(Debug, thiserror::Error)]
#[error("{0} is confcall's own listener")]
pub(super) struct Loop(SocketAddr);

/// Makes TCP connections to the host and port of a URL.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    connector: HttpConnector,
    own: Arc<[SocketAddr]>,
}

impl Dialer {
    /// A dialer that refuses to connect to these listeners.
    pub(super) fn new(own: Vec<SocketAddr>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self {
            connector,
            own: own.into(),
        }
    }
}

type Failure = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.connector.poll_ready(cx).map_err(Failure::from)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(uri);
        let own = Arc::clone(&self.own);
        Box::pin(async move {
            let stream = connecting.await?;
            let (near, far) = (stream.inner().local_addr()?, stream.inner().peer_addr()?);
            // Seen on the connection itself, whatever name or address led there.
            if own.iter().any(|own| is_at(*own, near, far)) {
                return Err(Loop(far).into());
            }
            Ok(stream)
        })
    }
}

/// Whether the far end of a connection is this listener. One on every interface is on each
/// address of this machine, and a connection to such an address comes from the same one.
fn is_at(listener: SocketAddr, near: SocketAddr, far: SocketAddr) -> bool {
    let is_here = far.ip().is_loopback() || near.ip() == far.ip();
    listener.port() == far.port()
        && (listener.ip() == far.ip() || (listener.ip().is_unspecified() && is_here))
}

/// Whether a failure is that of a loop.
pub(super) fn is_loop(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<Loop>)
}

/// Whether a failure is that of the client's body.
pub(super) fn is_of_body(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<Unsent>)
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
        ] {
            let [listener, near, far] = [listener, near, far].map(|it| it.parse().unwrap());
            assert_eq!(is_at(listener, near, far), is_own, "{listener} {far}");
        }
    }
}
