//! The server side of HTTP: one accept loop, one handling of TLS and of `CONNECT`, for every
//! [`Service`].
//!
//! For: [`Listener::serve`], which answers whole requests with [`Reply`]s, and the recording proxy, which passes
//! messages on as they come. Not for: the content of answers.

mod listener;
mod opening;
mod replies;
mod reply;
mod stream;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, Scheme};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

pub(crate) use self::listener::{BindError, Listener, free_port};
pub(crate) use self::opening::HandshakeError;
pub(crate) use self::replies::Received;
pub(crate) use self::replies::refusal;
pub(crate) use self::reply::Reply;
pub(crate) use self::stream::{Connection, Takeover};

use self::opening::{Opening, Transport, only_http1, open, refuse_plain};
use self::stream::ClientStream;
use super::Versions;
use super::interception::{Interception, Origin, Refused, destination, not_intercepted};
use super::limits::{
    GRACE, HEAD_TIMEOUT, MAX_CONNECTIONS, MAX_FIELDS, MAX_HEAD_HTTP2, MAX_STREAMS,
};
use super::tls::HTTP_2;
use crate::diagnostic::render;

pub(crate) type Task<T = ()> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A client's connection of any kind.
pub(crate) type Stream = Box<dyn Transport>;

/// The use of a connection after a `CONNECT` or a switch of protocols.
pub(crate) type Tunnel = Box<dyn FnOnce(Stream) -> Task + Send>;

/// A watched connection does two things that hyper does not: it sends interim answers, and notices at
/// once that the client breaks off. Both cost a system call for each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    Off,
    On,
}

pub(crate) trait Service: Send + Sync + 'static {
    /// Without bytes by default.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + Default
        + Send
        + 'static;
    /// Ends the connection.
    type Error: Into<Box<dyn Error + Send + Sync>> + Send;

    const VERSIONS: Versions;
    /// The longest head of HTTP/1.1, in bytes.
    const MAX_HEAD: usize;
    const WATCH: Watch;

    fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> impl Future<Output = Result<Response<Self::Body>, Self::Error>> + Send;

    /// confcall's own answer to a request that it does not take.
    fn refuse(&self, refused: &Refused) -> Response<Self::Body>;

    /// The way to a host that is not intercepted, for a `CONNECT`. None by default.
    fn tunnel(
        &self,
        host: &str,
        _port: u16,
    ) -> impl Future<Output = Result<Tunnel, Refused>> + Send {
        std::future::ready(Err(not_intercepted(host)))
    }

    /// Takes note of a connection that brought no request that could be read.
    fn report(&self, problem: &ConnectionError);
}

/// Why a connection brought no request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("it came in plain HTTP, and this listener speaks TLS (`https://`)")]
    PlainHttp,
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error("{0}")]
    Head(hyper::Error),
}

/// A service, and what its connections share.
pub(crate) struct Server<S> {
    service: S,
    /// The hosts that it is a forward proxy for, where it is one.
    interception: Option<Arc<Interception>>,
    shutdown: CancellationToken,
}

impl<S: Service> Server<S> {
    /// Serves a listener until the shutdown begins, then until the exchanges under way have ended, at
    /// most [`GRACE`].
    pub(crate) async fn run(listener: Listener, service: S, shutdown: CancellationToken) {
        let (socket, tls) = (listener.socket, listener.tls);
        // A forward proxy is used in HTTP/1.1, `CONNECT` included.
        let is_http1 = S::VERSIONS == Versions::Http1 || listener.interception.is_some();
        let tls = if is_http1 { tls.map(only_http1) } else { tls };
        let server = Arc::new(Self {
            service,
            interception: listener.interception,
            shutdown,
        });
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let slot = Arc::clone(&slots).acquire_owned();
            let accepted = tokio::select! {
                accepted = async { (slot.await, socket.accept().await) } => accepted,
                () = server.shutdown.cancelled() => break,
            };
            let (Ok(slot), accepted) = accepted else {
                break;
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, most likely: some connection must end first.
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            // Delayed small writes would cost 40 ms each; a socket that is gone fails later anyway.
            let _ = stream.set_nodelay(true);
            let (server, tls) = (Arc::clone(&server), tls.clone());
            connections.spawn(async move {
                match tls {
                    None => server.http1(stream, None).await,
                    Some(tls) => server.behind_tls(stream, tls).await,
                }
                drop(slot);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(socket);
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(GRACE, ended).await;
        connections.shutdown().await;
    }

    async fn behind_tls(self: Arc<Self>, stream: TcpStream, tls: Arc<ServerConfig>) {
        let opening = tokio::select! {
            opening = open(stream, || Ok(tls)) => opening,
            () = self.shutdown.cancelled() => return,
        };
        match opening {
            Opening::Secure(stream) => self.secure(*stream, None).await,
            Opening::Gone => {}
            Opening::Plain(mut stream) => {
                refuse_plain(&mut stream).await;
                self.service.report(&ConnectionError::PlainHttp);
            }
            Opening::Failed(error) => self.service.report(&error.into()),
        }
    }

    /// Serves a connection in TLS, in the version of HTTP that the handshake settled.
    async fn secure<T: Transport>(self: Arc<Self>, stream: TlsStream<T>, tunnel: Option<Origin>) {
        if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) {
            self.http2(stream, tunnel).await;
        } else {
            self.http1(stream, tunnel).await;
        }
    }

    /// Serves a connection in HTTP/1.1 until its client closes it, or the shutdown begins and its
    /// exchange has ended; then the takeover that a request left.
    async fn http1<T: Transport>(self: Arc<Self>, stream: T, tunnel: Option<Origin>) {
        let client = Arc::new(Connection::new(tunnel, self.interception.clone()));
        let stream = ClientStream::new(stream, Arc::clone(&client), S::WATCH);
        let service = service_fn(|request| {
            let (server, client) = (Arc::clone(&self), Arc::clone(&client));
            Box::pin(async move { server.answer(request, &client).await })
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .half_close(true)
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(S::MAX_HEAD)
            .max_header_size(S::MAX_HEAD)
            .max_headers(MAX_FIELDS)
            .serve_connection(TokioIo::new(stream), service);
        let mut shutdown = pin!(self.shutdown.cancelled());
        let mut is_ending = false;
        let outcome = poll_fn(|cx| {
            if !is_ending && shutdown.as_mut().poll(cx).is_ready() {
                is_ending = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(cx)
        })
        .await;
        let parts = connection.into_parts();
        let is_broken = outcome.as_ref().is_err_and(|error| !error.is_parse());
        if let Err(error) = outcome
            && error.is_parse()
        {
            self.service.report(&ConnectionError::Head(error));
        }
        let mut stream = parts.io.into_inner();
        // A client that has gone needs nothing more.
        match client.take_takeover() {
            // The end of TLS would say that a body which broke off is whole.
            None if is_broken => {}
            None => {
                let _ = stream.shutdown().await;
            }
            Some(Takeover::Reset) => stream.reset(),
            Some(Takeover::Raw(bytes)) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Some(Takeover::Tunnel(tunnel)) => {
                stream.unread(&parts.read_buf);
                tunnel(Box::new(stream)).await;
            }
        }
    }

    /// Serves a connection in HTTP/2 until its client closes it or is gone, or the shutdown begins.
    async fn http2<T: Transport>(self: Arc<Self>, stream: T, tunnel: Option<Origin>) {
        let client = Arc::new(Connection::new(tunnel, self.interception.clone()));
        let shutdown = self.shutdown.clone();
        let service = service_fn(move |request| {
            let (server, client) = (Arc::clone(&self), Arc::clone(&client));
            Box::pin(async move { server.answer(request, &client).await })
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(HEAD_TIMEOUT)
            .max_header_list_size(MAX_HEAD_HTTP2)
            .max_concurrent_streams(MAX_STREAMS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // Each exchange detects that the connection was closed.
        tokio::select! {
            _ = &mut connection => {}
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    /// Opens the tunnel of a `CONNECT`, where the listener is a forward proxy. The service answers every
    /// other request.
    async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        client: &Arc<Connection>,
    ) -> Result<Response<S::Body>, S::Error> {
        match client.proxies_for() {
            Some(interception) if request.method() == Method::CONNECT => {
                let tunnel = self.connect(interception, &request).await;
                Ok(match tunnel {
                    Ok(tunnel) => {
                        client.take_over(Takeover::Tunnel(tunnel));
                        Response::new(S::Body::default())
                    }
                    Err(refused) => self.service.refuse(&refused),
                })
            }
            _ => self.service.answer(request, client).await,
        }
    }

    /// The tunnel of a `CONNECT` (RFC 9110 section 9.3.6). That to a host that is
    /// intercepted ends here.
    async fn connect(
        self: &Arc<Self>,
        interception: &Arc<Interception>,
        request: &Request<Incoming>,
    ) -> Result<Tunnel, Refused> {
        let (host, port) = destination(request)?;
        if !interception.names(&host, port) {
            return self.service.tunnel(&host, port).await;
        }
        let (server, interception) = (Arc::clone(self), Arc::clone(interception));
        Ok(Box::new(move |stream| {
            server.intercept(interception, stream, host, port)
        }))
    }

    /// Serves the requests of a tunnel in the place of its host. The type of the future is named,
    /// because a tunnel serves requests and a request may be for a tunnel.
    fn intercept(
        self: Arc<Self>,
        interception: Arc<Interception>,
        stream: Stream,
        host: String,
        port: u16,
    ) -> Task {
        Box::pin(async move {
            let certificate = || {
                let name = host.trim_start_matches('[').trim_end_matches(']');
                let certificate = interception.authority.server(name)?;
                Ok(match S::VERSIONS {
                    Versions::Http1 => only_http1(certificate),
                    Versions::Http1AndHttp2 => certificate,
                })
            };
            let opening = tokio::select! {
                opening = open(stream, certificate) => opening,
                () = self.shutdown.cancelled() => return,
            };
            match opening {
                Opening::Secure(stream) => {
                    let origin = Origin::new(Scheme::HTTPS, &host, port);
                    self.secure(*stream, Some(origin)).await;
                }
                // Some clients send plain HTTP through tunnels too.
                Opening::Plain(stream) => {
                    let origin = Origin::new(Scheme::HTTP, &host, port);
                    self.http1(stream, Some(origin)).await;
                }
                Opening::Gone => {}
                Opening::Failed(error) => (interception.warn)(&render(&error.of(host))),
            }
        })
    }
}

impl Connection {
    /// Present where the connection is one to a forward proxy, and not a tunnel.
    fn proxies_for(&self) -> Option<&Arc<Interception>> {
        self.interception.as_ref().filter(|_| self.tunnel.is_none())
    }

    /// The origin that a request is for, where it came through a tunnel or to a forward proxy.
    pub(crate) fn origin(&self, head: &Parts) -> Result<Option<Origin>, Refused> {
        let Some(tunnel) = &self.tunnel else {
            let interception = self.interception.as_ref();
            return interception.map(|it| it.origin(head)).transpose();
        };
        let host = head.headers.get(HOST);
        let host = host.map(|it| it.to_str().unwrap_or_default());
        let authority = head.uri.authority().map(Authority::as_str);
        if host.into_iter().chain(authority).any(|it| !tunnel.is(it)) {
            let message = format!("this tunnel leads to {} only", tunnel.authority());
            return Err((StatusCode::MISDIRECTED_REQUEST, message));
        }
        Ok(Some(tunnel.clone()))
    }
}
