//! A listener: takes connections, reads requests within limits, calls a function, answers.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_ENCODING;
use hyper::http::request::Parts;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::Url;

use super::coding;
use super::coding::DecodeError;
use super::interception::Interception;
use super::message::{Headers, Request};
use super::reply::Reply;
use super::secure;
use super::serving::Serving;
use super::tls::Authority;
use super::{BODY_TIMEOUT, GRACE, MAX_BODY, MAX_CONNECTIONS, fields};
use tokio_util::sync::CancellationToken;

/// A bound TCP socket that will speak HTTP/1.1, plain or in TLS.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    interception: Option<Arc<Interception>>,
    refused: Option<Refused>,
}

/// What is told, in words, of a request that was refused before it was read whole.
#[derive(Clone)]
pub(super) struct Refused(Arc<dyn Fn(String) + Send + Sync>);

impl Refused {
    /// Tells it.
    pub(super) fn tell(&self, why: String) {
        (self.0)(why);
    }
}

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
            io::ErrorKind::Unsupported => {
                "a certificate bears names and IP addresses: give another public address"
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
            tls: None,
            interception: None,
            refused: None,
        })
    }

    /// The same behind TLS, with a certificate of the authority for the host of [`Self::url`], for
    /// `localhost` where that is this machine, and for the host of `public`, where clients know it
    /// under another address.
    ///
    /// # Errors
    ///
    /// A host that no certificate can bear.
    pub fn behind(
        mut self,
        authority: &Authority,
        public: Option<&Url>,
    ) -> Result<Self, BindError> {
        let reached = self.reached();
        let mut names = vec![reached.ip().to_string()];
        names.extend(reached.ip().is_loopback().then(|| "localhost".to_owned()));
        let public = public.and_then(Url::host_str);
        names.extend(public.map(|it| it.trim_matches(['[', ']']).to_owned()));
        let shown = authority.shown(names).map_err(|why| BindError {
            address: self.address.to_string(),
            cause: io::Error::new(io::ErrorKind::Unsupported, why),
        })?;
        self.tls = Some(shown);
        Ok(self)
    }

    /// The same as a forward proxy, which takes what is meant for the hosts that are named: by
    /// `CONNECT`, or with a whole URL as target. It goes nowhere else, and other hosts are refused
    /// with 403.
    #[must_use]
    pub fn intercepting(mut self, interception: Arc<Interception>) -> Self {
        self.interception = Some(interception);
        self
    }

    /// Tells of each request that is refused before it was read whole: too long, no HTTP, of a
    /// broken coding, for a host that is not named; and of handshakes that fail.
    #[must_use]
    pub fn telling_refusals(mut self, tell: impl Fn(String) + Send + Sync + 'static) -> Self {
        self.refused = Some(Refused(Arc::new(tell)));
        self
    }

    /// The URL under which the listener is reached, without a slash at its end. A listener on
    /// every interface is reached on loopback.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.reached())
    }

    fn reached(&self) -> SocketAddr {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }

    /// The address that it is bound to.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, for who reads requests piece by piece, and what is shown to clients in TLS.
    pub(crate) fn into_socket(self) -> (TcpListener, Option<Arc<ServerConfig>>) {
        (self.socket, self.tls)
    }

    /// Serves until the shutdown begins, then until the exchanges under way have ended, at most
    /// [`GRACE`].
    ///
    /// The function is called once for each request that was read whole. A peer that has sent all
    /// and closes its half is answered.
    pub async fn serve<F, Fut>(self, answer: F, shutdown: CancellationToken)
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
    pub async fn serve_received<F, Fut>(self, answer: F, shutdown: CancellationToken)
    where
        F: Fn(Received) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply, Refusal>> + Send + 'static,
    {
        let serving = Serving {
            answer: Arc::new(answer),
            refused: self.refused,
            interception: self.interception,
            shutdown: shutdown.clone(),
        };
        let tls = self.tls.map(secure::only_http1);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let accepted = tokio::select! {
                accepted = async { (place.await, self.socket.accept().await) } => accepted,
                () = shutdown.cancelled() => break,
            };
            let (Ok(place), accepted) = accepted else {
                break;
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, most likely: some connection must end first.
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            // Delayed small writes would cost 40 ms each; a socket that is gone fails later anyway.
            let _ = stream.set_nodelay(true);
            let (serving, tls) = (serving.clone(), tls.clone());
            connections.spawn(async move {
                match tls {
                    None => serving.take(stream).await,
                    Some(tls) => serving.take_secured(stream, tls).await,
                }
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

    /// Its status and its reason, as they are told.
    pub(super) fn in_words(&self) -> String {
        format!("{}, {}", self.status, self.reason)
    }

    /// The rest of a request that was not read could be taken for the next one: the connection
    /// ends.
    pub(super) fn into_reply(self) -> Reply {
        let headers = Headers::from_iter([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Connection", "close"),
        ]);
        Reply::text(self.status, headers, format!("{}\n", self.reason))
    }
}

/// Reads a request whole, or says how it is refused.
pub(super) async fn read(request: hyper::Request<Incoming>) -> Result<Received, Refusal> {
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
