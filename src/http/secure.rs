//! The server's end of TLS on a connection whose client may speak it or not.

use std::sync::Arc;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::HEAD_TIMEOUT;

/// The first byte of TLS: a record that is a handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// What a client hears that speaks plain HTTP where TLS is spoken.
const TLS_ONLY: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 43\r\n\r\n\
    this listener speaks TLS: ask for https://\n";

/// How a client begins.
pub(crate) enum Opening<S> {
    /// In TLS.
    Secure(Box<TlsStream<BufReader<S>>>),
    /// Without TLS.
    Plain(BufReader<S>),
    /// It has said nothing, and is gone, or is not waited for any longer.
    Gone,
    /// In TLS, but the handshake has failed, for this reason.
    Failed(String),
}

/// Waits for the client's first byte, and shakes hands where it is TLS: `shown` is asked for then.
pub(crate) async fn open<S>(
    stream: S,
    shown: impl FnOnce() -> Result<Arc<ServerConfig>, String>,
) -> Opening<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    let Ok(Ok(&[first, ..])) = timeout(HEAD_TIMEOUT, stream.fill_buf()).await else {
        return Opening::Gone;
    };
    if first != HANDSHAKE {
        return Opening::Plain(stream);
    }
    let shown = match shown() {
        Ok(shown) => shown,
        Err(why) => return Opening::Failed(format!("there is no certificate: {why}")),
    };
    match timeout(HEAD_TIMEOUT, TlsAcceptor::from(shown).accept(stream)).await {
        Ok(Ok(stream)) => Opening::Secure(Box::new(stream)),
        Ok(Err(why)) => Opening::Failed(format!("a client broke off the handshake: {why}")),
        Err(_) => Opening::Gone,
    }
}

/// Tells a client that speaks plain HTTP that TLS is spoken here.
pub(crate) async fn refuse_plain(stream: &mut (impl AsyncWrite + Unpin)) {
    // It may have gone.
    let _ = stream.write_all(TLS_ONLY).await;
    let _ = stream.shutdown().await;
}

/// The same for a server that speaks no HTTP/2.
pub(crate) fn only_http1(shown: Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut shown = Arc::unwrap_or_clone(shown);
    shown.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(shown)
}

/// What a connection of a listener is made of.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the end of the connection a reset (TCP RST).
    fn reset(&self);
}

impl Transport for TcpStream {
    fn reset(&self) {
        // A socket that is gone needs none.
        let _ = self.set_zero_linger();
    }
}

impl Transport for TokioIo<Upgraded> {
    /// A tunnel has no reset of its own: it ends.
    fn reset(&self) {}
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
