//! The server side of TLS, on a connection whose client may also speak plain HTTP.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Stream;
use crate::diagnostic::Remedy;
use crate::http::limits::HEAD_TIMEOUT;
use crate::http::tls::CertificateError;

/// The first byte of TLS: a record that is a handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// The answer to a client that speaks plain HTTP where TLS is spoken.
const TLS_ONLY: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 43\r\n\r\n\
    this listener speaks TLS: ask for https://\n";

pub(super) enum Opening<T> {
    Secure(Box<TlsStream<BufReader<T>>>),
    Plain(BufReader<T>),
    /// It sent nothing, and is gone or not waited for any longer.
    Gone,
    Failed(HandshakeError),
}

/// A TLS handshake with a client that failed.
#[derive(Debug, thiserror::Error)]
#[error("{cause}{}", self.host.as_ref().map(|it| format!(" (for `{it}`)")).unwrap_or_default())]
pub(crate) struct HandshakeError {
    #[source]
    cause: HandshakeFailure,
    /// The host whose certificate was shown, where it is not the listener's own.
    host: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum HandshakeFailure {
    #[error("no certificate can be made: {0}")]
    NoCertificate(CertificateError),
    #[error("a TLS handshake with a client failed: {0}")]
    BrokenOff(io::Error),
}

impl HandshakeError {
    /// The same for this host.
    pub(super) fn of(self, host: String) -> Self {
        let host = Some(host);
        Self { host, ..self }
    }
}

impl From<HandshakeFailure> for HandshakeError {
    fn from(cause: HandshakeFailure) -> Self {
        Self { cause, host: None }
    }
}

impl Remedy for HandshakeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("`confcall ca` explains how a client comes to trust confcall's certificates".into())
    }
}

/// Waits for the client's first byte, and shakes hands where it is TLS. `certificate` is called only
/// then.
pub(super) async fn open<T: Transport>(
    stream: T,
    certificate: impl FnOnce() -> Result<Arc<ServerConfig>, CertificateError>,
) -> Opening<T> {
    let mut stream = BufReader::new(stream);
    let Ok(Ok(&[first, ..])) = timeout(HEAD_TIMEOUT, stream.fill_buf()).await else {
        return Opening::Gone;
    };
    if first != HANDSHAKE {
        return Opening::Plain(stream);
    }
    let config = match certificate() {
        Ok(config) => config,
        Err(error) => return Opening::Failed(HandshakeFailure::NoCertificate(error).into()),
    };
    match timeout(HEAD_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => Opening::Secure(Box::new(stream)),
        Ok(Err(error)) => Opening::Failed(HandshakeFailure::BrokenOff(error).into()),
        Err(_) => Opening::Gone,
    }
}

/// Tells a client that speaks plain HTTP that TLS is spoken here.
pub(super) async fn refuse_plain(stream: &mut (impl AsyncWrite + Unpin)) {
    // It may have gone.
    let _ = stream.write_all(TLS_ONLY).await;
    let _ = stream.shutdown().await;
}

/// The same for a server that speaks no HTTP/2.
pub(super) fn only_http1(config: Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the end of the connection a reset (TCP RST).
    fn reset(&self);
}

impl Transport for TcpStream {
    fn reset(&self) {
        // A socket that is gone needs none.
        let _ = self.set_zero_linger();
    }
}

impl Transport for Stream {
    fn reset(&self) {
        (**self).reset();
    }
}

impl<T: Transport> Transport for BufReader<T> {
    fn reset(&self) {
        self.get_ref().reset();
    }
}

impl<T: Transport> Transport for TlsStream<T> {
    fn reset(&self) {
        self.get_ref().0.reset();
    }
}
