//! The forward proxy: `CONNECT` (RFC 9110 section 9.3.6), and requests whose target is a whole URL.
//!
//! The tunnel to a host that is named is opened: what comes through it is TLS, which the local
//! authority answers, or plain HTTP, which some clients send through tunnels too. Other tunnels
//! are passed on unread.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::http::uri::{Authority as Target, Scheme};
use hyper::{Request, Response, StatusCode, Uri, upgrade};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::body::Homeward;
use super::forward::refusal;
use super::hosts::{NamedHost, normal};
use super::{Route, Session, Task, dial, serve_http1, serve_http2};
use crate::io::net::{HEAD_TIMEOUT, in_words};
use crate::io::tls::{Authority, HTTP_2};

/// What is read of the traffic through a forward proxy, and by what right.
#[derive(Debug)]
pub struct Interception {
    /// The hosts that are recorded.
    pub hosts: Vec<NamedHost>,
    /// Whose certificates clients are shown in their place.
    pub authority: Authority,
    /// Told, in words, when a client does not take such a certificate.
    pub warn: fn(&str),
}

impl Interception {
    /// Whether this host, in its normal form, is read.
    pub(super) fn names(&self, host: &str, port: u16) -> bool {
        self.hosts.iter().any(|named| named.covers(host, port))
    }
}

/// Where requests of an opened tunnel go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: Scheme,
    /// The host in its normal form, the port only where the scheme has another.
    authority: String,
}

impl Origin {
    /// The origin of a host, in its normal form, and a port.
    pub(super) fn new(scheme: Scheme, host: &str, port: u16) -> Self {
        let authority = if port == default_port(&scheme) {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        Self { scheme, authority }
    }

    /// The host, with the port where it has one, as `Host` gives it.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }

    /// Whether the text of a `Host` field or an authority names this origin.
    pub(super) fn is(&self, authority: &str) -> bool {
        let parsed = authority.parse::<Target>().ok();
        parsed
            .and_then(|it| host_of(&it))
            .is_some_and(|(host, port)| {
                let port = port.unwrap_or_else(|| default_port(&self.scheme));
                Self::new(self.scheme.clone(), &host, port) == *self
            })
    }
}

/// The normal form of a host, and its port where there is one.
pub(super) fn host_of(target: &Target) -> Option<(String, Option<u16>)> {
    Some((normal(target.host())?, target.port_u16()))
}

/// The port of a scheme, of which there are two.
pub(super) fn default_port(scheme: &Scheme) -> u16 {
    if *scheme == Scheme::HTTPS { 443 } else { 80 }
}

/// Answers `CONNECT`. What follows a 200 is the tunnel, which goes on by itself.
pub(super) async fn connect(
    session: &Arc<Session>,
    interception: &Arc<Interception>,
    request: Request<Incoming>,
) -> Response<Homeward> {
    let target = request.uri().authority().and_then(host_of);
    let Some((host, Some(port))) = target else {
        return refusal(StatusCode::BAD_REQUEST, "CONNECT takes HOST:PORT");
    };
    if interception.names(&host, port) {
        let session = Arc::clone(session);
        let interception = Arc::clone(interception);
        tokio::spawn(async move {
            if let Ok(upgraded) = upgrade::on(request).await {
                let stream = BufReader::new(TokioIo::new(upgraded));
                open(session, interception, stream, host, port).await;
            }
        });
    } else {
        let address = Uri::builder().authority(format!("{host}:{port}"));
        let address = address.scheme(Scheme::HTTP).path_and_query("/").build();
        let Ok(address) = address else {
            return refusal(StatusCode::BAD_REQUEST, "CONNECT takes HOST:PORT");
        };
        let stream = match session.recorder.dialer.clone().call(address).await {
            Ok(stream) => stream.into_inner(),
            Err(error) => return unreachable(error.as_ref()),
        };
        let session = Arc::clone(session);
        tokio::spawn(async move {
            if let Ok(upgraded) = upgrade::on(request).await {
                tunnel(&session, TokioIo::new(upgraded), stream).await;
            }
        });
    }
    Response::new(Homeward::Whole(None))
}

/// The answer where the other party cannot be reached.
pub(super) fn unreachable(error: &(dyn std::error::Error + 'static)) -> Response<Homeward> {
    let cause = in_words(error);
    if dial::is_loop(error) {
        let message = format!("confcall would send to itself: {cause}");
        return refusal(StatusCode::LOOP_DETECTED, &message);
    }
    let remedy = if dial::is_untrusted(error) {
        "; `--ca FILE` trusts another authority"
    } else {
        ""
    };
    let message = format!("the other party did not answer: {cause}{remedy}");
    refusal(StatusCode::BAD_GATEWAY, &message)
}

/// Passes on bytes both ways until both ends have closed, or the recording ends. An end that has
/// said all may still listen.
async fn tunnel(
    session: &Session,
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut server: TcpStream,
) {
    tokio::select! {
        // Nobody is left to be told of a tunnel that broke.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = session.recorder.shutdown.begun() => {}
    }
}

/// Serves what comes through an opened tunnel. The type of its future is said, because a tunnel
/// serves requests and a request may be for a tunnel.
fn open<S>(
    session: Arc<Session>,
    interception: Arc<Interception>,
    mut stream: BufReader<S>,
    host: String,
    port: u16,
) -> Task
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// The first byte of TLS: a record that is a handshake (RFC 8446 section 5.1).
    const HANDSHAKE: u8 = 22;
    Box::pin(async move {
        let said = tokio::select! {
            said = timeout(HEAD_TIMEOUT, stream.fill_buf()) => said,
            () = session.recorder.shutdown.begun() => return,
        };
        let Ok(Ok(&[first, ..])) = said else {
            return;
        };
        let opened = |scheme| {
            Arc::new(Session {
                recorder: Arc::clone(&session.recorder),
                route: Route::Opened(Origin::new(scheme, &host, port)),
                place: Arc::clone(&session.place),
            })
        };
        if first != HANDSHAKE {
            serve_http1(TokioIo::new(stream), opened(Scheme::HTTP)).await;
            return;
        }
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let accepted = match interception.authority.server(name) {
            Ok(config) => timeout(HEAD_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await,
            Err(error) => {
                (interception.warn)(&format!("no certificate for `{host}`: {error}"));
                return;
            }
        };
        match accepted {
            Ok(Ok(stream)) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
                let (stream, opened) = (TokioIo::new(stream), opened(Scheme::HTTPS));
                if is_http2 {
                    serve_http2(stream, opened).await;
                } else {
                    serve_http1(stream, opened).await;
                }
            }
            Ok(Err(error)) => (interception.warn)(&format!(
                "a client broke off the handshake for `{host}`: {error}\n  = help: `confcall ca` \
                 says how a client comes to trust confcall's certificates"
            )),
            // It went away.
            Err(_) => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_known_under_all_its_names() {
        let origin = Origin::new(Scheme::HTTPS, "graph.example", 443);
        assert_eq!(origin.url("/a?b"), "https://graph.example/a?b");
        for (authority, is_it) in [
            ("graph.example", true),
            ("GRAPH.example:443", true),
            ("graph.example:80", false),
            ("graph.example:", true),
            ("other.example", false),
            ("", false),
        ] {
            assert_eq!(origin.is(authority), is_it, "{authority}");
        }
        let origin = Origin::new(Scheme::HTTP, "[::1]", 8080);
        assert!(origin.is("[::1]:8080") && !origin.is("[::1]"));
    }
}
