//! A socket that listens, with its address, its TLS configuration, and the hosts that it intercepts as a forward proxy.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
#[cfg(unix)]
use std::os::fd::AsFd as _;
#[cfg(windows)]
use std::os::windows::io::AsSocket as _;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::Server;
use super::replies::{Received, Refusal, Replies};
use super::reply::Reply;
use crate::diagnostic::Remedy;
use crate::http::interception::Interception;
use crate::http::limits::MAX_BODY;
use crate::http::message::Request;
use crate::http::tls::Authority;

/// A bound TCP socket that will speak HTTP/1.1, plain or in TLS.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(super) socket: TcpListener,
    address: SocketAddr,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) interception: Option<Arc<Interception>>,
    report: Option<Report>,
    /// The longest request body that is read, in bytes. It may grow while the listener serves.
    max_body: Arc<AtomicUsize>,
}

pub(super) struct Report(Box<dyn Fn(String) + Send + Sync>);

impl Report {
    pub(super) fn send(&self, why: String) {
        (self.0)(why);
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct BindError {
    address: String,
    #[source]
    cause: io::Error,
}

impl Remedy for BindError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self.cause.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses this port: stop it, or use port 0 for any free port"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine does not have that address; 127.0.0.1 always works"
            }
            io::ErrorKind::Unsupported => {
                "a certificate needs a host name or an IP address: give another public address"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need special permission: use a higher port"
            }
            _ => "expected HOST:PORT, such as 127.0.0.1:8080",
        };
        Some(remedy.into())
    }
}

impl Listener {
    /// Binds `HOST:PORT`; port 0 is any free port.
    pub(crate) async fn bind(address: &str) -> Result<Self, BindError> {
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
            report: None,
            max_body: Arc::new(MAX_BODY.into()),
        })
    }

    /// A listener on the same socket. Clients that connect while none of the two serves wait for the next that does.
    pub(crate) fn again(&self) -> Result<Self, BindError> {
        let again = || {
            #[cfg(unix)]
            let socket = self.socket.as_fd().try_clone_to_owned()?;
            #[cfg(windows)]
            let socket = self.socket.as_socket().try_clone_to_owned()?;
            TcpListener::from_std(std::net::TcpListener::from(socket))
        };
        Ok(Self {
            socket: again().map_err(|cause| BindError {
                address: self.address.to_string(),
                cause,
            })?,
            address: self.address,
            tls: self.tls.clone(),
            interception: self.interception.clone(),
            report: None,
            max_body: Arc::clone(&self.max_body),
        })
    }

    /// The same, which reads request bodies of up to so many bytes.
    #[must_use]
    pub(crate) fn reading_bodies_of(mut self, bytes: Arc<AtomicUsize>) -> Self {
        self.max_body = bytes;
        self
    }

    /// The same behind TLS, with a certificate of the authority for the host of [`Self::url`], for
    /// `localhost` where that is this machine, and for the host of `public`, where clients know it
    /// under another address.
    pub(crate) fn behind(
        mut self,
        authority: &Authority,
        public: Option<&Url>,
    ) -> Result<Self, BindError> {
        let reached = self.reached();
        let mut names = vec![reached.ip().to_string()];
        names.extend(reached.ip().is_loopback().then(|| "localhost".to_owned()));
        let public = public.and_then(Url::host_str);
        names.extend(public.map(|it| it.trim_matches(['[', ']']).to_owned()));
        let config = authority.server_for(names).map_err(|why| BindError {
            address: self.address.to_string(),
            cause: io::Error::new(io::ErrorKind::Unsupported, why),
        })?;
        self.tls = Some(config);
        Ok(self)
    }

    /// The same as a forward proxy, which takes what is meant for the hosts that are named: by
    /// `CONNECT`, or with a whole URL as target. It goes nowhere else, and other hosts are refused
    /// with 403.
    #[must_use]
    pub(crate) fn intercepting(mut self, interception: Arc<Interception>) -> Self {
        self.interception = Some(interception);
        self
    }

    /// Reports each request that is refused before it was read whole: too long, no HTTP, of a broken
    /// coding, for a host that is not named; and handshakes that fail.
    #[must_use]
    pub(crate) fn reporting_refusals(
        mut self,
        report: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        self.report = Some(Report(Box::new(report)));
        self
    }

    /// The URL under which the listener is reached, without a slash at its end. A listener on
    /// every interface is reached on loopback.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.reached())
    }

    fn reached(&self) -> SocketAddr {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }

    pub(crate) const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown begins, then until the exchanges under way have ended, at most
    /// [`GRACE`](crate::http::limits::GRACE).
    ///
    /// The function is called once for each request that was read whole. A peer that has sent all
    /// and closes its half is answered.
    pub(crate) async fn serve<F, Fut>(self, answer: F, shutdown: CancellationToken)
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
    pub(crate) async fn serve_received<F, Fut>(mut self, answer: F, shutdown: CancellationToken)
    where
        F: Fn(Received) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply, Refusal>> + Send + 'static,
    {
        let replies = Replies {
            answer,
            report: self.report.take(),
            shutdown: shutdown.clone(),
            max_body: Arc::clone(&self.max_body),
        };
        Server::run(self, replies, shutdown).await;
    }
}

/// The free ports that are tried. They lie below those that systems give to programs which ask for any
/// port, so that no other program gets the port before the one that it is for.
pub(super) const CANDIDATES: Range<u16> = 20_000..32_768;

const TRIES: usize = 64;

/// A port of the loopback interface that nobody listens on at the moment.
pub(crate) fn free_port() -> io::Result<u16> {
    for _ in 0..TRIES {
        let port = by_chance();
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    let any = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(any.local_addr()?.port())
}

fn by_chance() -> u16 {
    let (_, chance, ..) = Uuid::new_v4().as_fields();
    CANDIDATES.start + chance % (CANDIDATES.end - CANDIDATES.start)
}
