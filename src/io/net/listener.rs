//! A listener: takes connections, reads requests within limits, calls a function, answers.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_ENCODING;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::coding::{self, DecodeError};
use super::outgoing::{Framing, Outgoing};
use super::reply::{Manner, Reply, response};
use super::shutdown::Shutdown;
use super::{
    BODY_TIMEOUT, GRACE, HEAD_TIMEOUT, MAX_BODY, MAX_CONNECTIONS, MAX_FIELDS, MAX_HEAD, fields,
};
use crate::model::message::{Headers, Request};

/// A bound TCP socket that will speak HTTP/1.1.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    refused: Option<Refused>,
}

/// What is told, in words, of a request that was refused before it was read whole.
#[derive(Clone)]
struct Refused(Arc<dyn Fn(String) + Send + Sync>);

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refused")
    }
}

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}; {}", self.remedy())]
pub struct BindError {
    address: String,
    #[source]
    cause: io::Error,
}

impl BindError {
    fn remedy(&self) -> &'static str {
        match self.cause.kind() {
            io::ErrorKind::AddrInUse => {
                "another program has this port: end it, or take port 0 to get a free one"
            }
            io::ErrorKind::AddrNotAvailable => {
                "no interface of this machine has that address: 127.0.0.1 always works"
            }
            io::ErrorKind::PermissionDenied => "ports below 1024 need rights: take a higher one",
            _ => "an address is HOST:PORT, such as 127.0.0.1:8080",
        }
    }
}

impl Listener {
    /// Binds `HOST:PORT`; port 0 is any free port.
    ///
    /// # Errors
    ///
    /// [`BindError`], with the address and what can be done.
    pub async fn bind(address: &str) -> Result<Self, BindError> {
        let error = |cause| BindError {
            address: address.to_owned(),
            cause,
        };
        let socket = TcpListener::bind(address).await.map_err(error)?;
        let address = socket.local_addr().map_err(error)?;
        Ok(Self {
            socket,
            address,
            refused: None,
        })
    }

    /// Tells of each request that is refused before it was read whole: too long, no HTTP, of a
    /// broken coding.
    #[must_use]
    pub fn telling_refusals(mut self, tell: impl Fn(String) + Send + Sync + 'static) -> Self {
        self.refused = Some(Refused(Arc::new(tell)));
        self
    }

    /// The URL under which the listener is reached, without a slash at its end. A listener on
    /// every interface is reached on loopback.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// The address that it is bound to.
    pub(in crate::io) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, for who reads requests piece by piece.
    pub(in crate::io) fn into_socket(self) -> TcpListener {
        self.socket
    }

    /// Serves until the shutdown begins, then until the exchanges under way have ended, at most
    /// [`GRACE`].
    ///
    /// The function is called once for each request that was read whole. A peer that has sent all
    /// and closes its half is answered.
    pub async fn serve<F, Fut>(self, answer: F, shutdown: Shutdown)
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        let answer_decoded = move |received: Received| {
            let answered = received.decode().map(&answer);
            async {
                match answered {
                    Ok(reply) => Ok(reply.await),
                    Err(refusal) => Err(refusal),
                }
            }
        };
        self.serve_received(answer_decoded, shutdown).await;
    }

    /// The same for a function that decodes what it must: see [`Received::decode`].
    pub async fn serve_received<F, Fut>(self, answer: F, shutdown: Shutdown)
    where
        F: Fn(Received) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply, Refusal>> + Send + 'static,
    {
        let answer = Arc::new(answer);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let accepted = tokio::select! {
                accepted = async { (place.await, self.socket.accept().await) } => accepted,
                () = shutdown.begun() => break,
            };
            let (Ok(place), accepted) = accepted else {
                break;
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, most likely: some connection must end first.
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let refused = self.refused.clone();
            let answer = Arc::clone(&answer);
            let connection = serve_connection(stream, answer, refused, shutdown.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(self.socket);
        let _ = timeout(GRACE, async {
            while connections.join_next().await.is_some() {}
        })
        .await;
    }
}

/// A reply that is no response: the connection is taken from hyper.
#[derive(Debug)]
enum Hijack {
    Reset,
    Raw(Bytes),
}

impl fmt::Display for Hijack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is not answered in HTTP")
    }
}

impl Error for Hijack {}

async fn serve_connection<F, Fut>(
    stream: TcpStream,
    answer: Arc<F>,
    refused: Option<Refused>,
    shutdown: Shutdown,
) where
    F: Fn(Received) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, Refusal>> + Send + 'static,
{
    // Delayed small writes would cost 40 ms each; a socket that is gone fails later anyway.
    let _ = stream.set_nodelay(true);
    let ending = shutdown.clone();
    let telling = refused.clone();
    let service = service_fn(move |request| {
        let (answer, shutdown) = (Arc::clone(&answer), shutdown.clone());
        let refused = telling.clone();
        Box::pin(async move { exchange(request, &*answer, refused, shutdown).await })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .serve_connection(TokioIo::new(stream), service);

    let mut begun = pin!(ending.begun());
    let mut ended = false;
    let outcome = poll_fn(|cx| {
        if !ended && begun.as_mut().poll(cx).is_ready() {
            ended = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(cx)
    })
    .await;

    if let (Err(error), Some(Refused(tell))) = (&outcome, &refused)
        && error.is_parse()
    {
        let limits = format!("{MAX_HEAD} bytes and {MAX_FIELDS} fields of head");
        tell(format!("{error} (a request has at most {limits})"));
    }
    let mut stream = connection.into_parts().io.into_inner();
    let hijack = outcome.as_ref().err().and_then(Error::source);
    match hijack.and_then(|cause| cause.downcast_ref::<Hijack>()) {
        Some(Hijack::Reset) => {
            let _ = stream.set_zero_linger();
        }
        Some(Hijack::Raw(bytes)) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
        None => {
            let _ = stream.shutdown().await;
        }
    }
}

/// One request and its answer.
async fn exchange<F, Fut>(
    request: hyper::Request<Incoming>,
    answer: &F,
    refused: Option<Refused>,
    shutdown: Shutdown,
) -> Result<hyper::Response<Outgoing>, Hijack>
where
    F: Fn(Received) -> Fut,
    Fut: Future<Output = Result<Reply, Refusal>>,
{
    let answered = match read(request).await {
        Ok(received) => answer(received).await,
        Err(refusal) => Err(refusal),
    };
    let reply = answered.unwrap_or_else(|refusal| {
        if let Some(Refused(tell)) = refused {
            tell(format!("{}, {}", refusal.status, refusal.reason));
        }
        refusal.into_reply()
    });
    if !reply.delay.is_zero() {
        sleep(reply.delay).await;
    }
    match reply.manner {
        Manner::Respond(respond) => Ok(respond.into_http(reply.sent)),
        Manner::Prepared(status, fields, body) => {
            let mut body = Outgoing::new(body, Framing::Length);
            body.tell(reply.sent);
            Ok(response(status, fields, body))
        }
        Manner::Reset => Err(Hijack::Reset),
        Manner::Raw(bytes) => Err(Hijack::Raw(bytes)),
        Manner::Hang => {
            drop(reply.sent);
            shutdown.begun().await;
            Err(Hijack::Reset)
        }
    }
}

/// A request that was read whole, as it came.
#[derive(Debug)]
pub struct Received {
    head: Parts,
    body: Bytes,
}

impl Received {
    /// The method.
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// Where it goes: the path with its query, or what stands in its place.
    pub fn target(&self) -> Cow<'_, str> {
        match (self.head.uri.scheme(), self.head.uri.path_and_query()) {
            (None, Some(path)) => Cow::Borrowed(path.as_str()),
            _ => Cow::Owned(self.head.uri.to_string()),
        }
    }

    /// The body in its coding.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether the body is in a content coding.
    pub fn is_coded(&self) -> bool {
        self.head.headers.contains_key(CONTENT_ENCODING)
    }

    /// The request of the model.
    ///
    /// # Errors
    ///
    /// A body that is not what `Content-Encoding` says, or is too long when its coding is taken
    /// away.
    pub fn decode(self) -> Result<Request, Refusal> {
        let headers = fields::read(&self.head.headers);
        let body = coding::decode(&headers, &self.body).map_err(|error| match error {
            DecodeError::TooLarge => too_large(),
            DecodeError::Corrupt(..) => Refusal::new(400, error.to_string()),
        })?;
        Ok(Request {
            target: self.target().into_owned(),
            method: self.head.method.to_string(),
            headers,
            body,
        })
    }
}

/// How a request is refused that is not understood: in plain text, after which the connection is
/// closed.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    reason: String,
}

impl Refusal {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { status, reason }
    }

    /// The rest of a request that was not read could be taken for the next one: the connection
    /// ends.
    fn into_reply(self) -> Reply {
        let headers = Headers::from_iter([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Connection", "close"),
        ]);
        Reply::text(self.status, headers, format!("{}\n", self.reason))
    }
}

/// Reads a request whole, or says how it is refused.
async fn read(request: hyper::Request<Incoming>) -> Result<Received, Refusal> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let body = match timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
        Ok(Err(error)) => return Err(Refusal::new(400, format!("the body broke off: {error}"))),
        Err(_) => return Err(Refusal::new(408, "the body did not come in time")),
    };
    Ok(Received { head, body })
}

fn too_large() -> Refusal {
    Refusal::new(413, format!("the body is longer than {MAX_BODY} bytes"))
}

#[cfg(test)]
mod tests;
