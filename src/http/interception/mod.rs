//! A forward proxy's part in TLS: the hosts that are named, whose tunnels are opened with a
//! certificate of the local authority.
//!
//! For: whoever serves what was meant for another host, the recorder and the player. Not for: what
//! becomes of the requests, and of hosts that are not named.

mod hosts;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, StatusCode, upgrade};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::BufReader;
use tokio_rustls::server::TlsStream;

pub use self::hosts::NamedHost;

use self::hosts::normal;
use super::tls;
use super::{Opening, open};
use tokio_util::sync::CancellationToken;

/// What is read of the traffic through a forward proxy, and by what right.
#[derive(Debug)]
pub struct Interception {
    /// The hosts that are read.
    pub hosts: Vec<NamedHost>,
    /// Whose certificates clients are shown in their place.
    pub authority: Arc<tls::Authority>,
    /// Told, in words, when a client does not take such a certificate.
    pub warn: fn(&str),
}

/// A tunnel, as the other end of it finds it.
pub(crate) type Tunnel = BufReader<TokioIo<upgrade::Upgraded>>;

/// What comes through an opened tunnel.
pub(crate) enum Opened {
    /// TLS.
    Secure(Box<TlsStream<Tunnel>>),
    /// Plain HTTP, which some clients send through tunnels too.
    Plain(Tunnel),
}

impl Interception {
    /// Whether this host, in its normal form, is read.
    pub(crate) fn names(&self, host: &str, port: u16) -> bool {
        self.hosts.iter().any(|named| named.covers(host, port))
    }

    /// The origin that a target in absolute form names (RFC 9112 section 3.2.2), where it is read;
    /// else the status and the words of a refusal.
    pub(crate) fn origin(&self, head: &Parts) -> Result<Origin, (StatusCode, String)> {
        let parts = head.uri.authority().and_then(host_of);
        let (Some(scheme), Some((host, port))) = (head.uri.scheme(), parts) else {
            let message = "this is a forward proxy: a request for it names a whole URL, and https \
                           goes through CONNECT";
            return Err((StatusCode::BAD_REQUEST, message.to_owned()));
        };
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            let message = format!("`{scheme}` is neither `http` nor `https`");
            return Err((StatusCode::BAD_REQUEST, message));
        }
        let port = port.unwrap_or_else(|| default_port(scheme));
        if !self.names(&host, port) {
            return Err((StatusCode::FORBIDDEN, unnamed(&host)));
        }
        Ok(Origin::new(scheme.clone(), &host, port))
    }

    /// Opens the tunnel to a named host that a `CONNECT` asks for, in a task of its own, once the
    /// answer to it has gone. What comes through it is given to `serve`.
    pub(crate) fn open<F, Fut>(
        self: &Arc<Self>,
        request: Request<Incoming>,
        (host, port): (String, u16),
        shown: fn(Arc<ServerConfig>) -> Arc<ServerConfig>,
        shutdown: CancellationToken,
        serve: F,
    ) where
        F: FnOnce(Opened, Origin) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let interception = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade::on(request).await else {
                return;
            };
            let name = host.trim_start_matches('[').trim_end_matches(']');
            let certificate = || interception.authority.server(name).map(shown);
            let opening = tokio::select! {
                opening = open(TokioIo::new(upgraded), certificate) => opening,
                () = shutdown.cancelled() => return,
            };
            let (opened, scheme) = match opening {
                Opening::Secure(stream) => (Opened::Secure(stream), Scheme::HTTPS),
                Opening::Plain(stream) => (Opened::Plain(stream), Scheme::HTTP),
                Opening::Gone => return,
                Opening::Failed(why) => {
                    return (interception.warn)(&format!(
                        "{why} (for `{host}`)\n  = help: `confcall ca` says how a client comes to \
                         trust confcall's certificates"
                    ));
                }
            };
            serve(opened, Origin::new(scheme, &host, port)).await;
        });
    }
}

/// What is said of a host that is not named.
pub(crate) fn unnamed(host: &str) -> String {
    format!("`{host}` is not named: give `--intercept {host}`")
}

/// The host and port that a `CONNECT` asks for, else the words of a refusal with 400.
pub(crate) fn destination<B>(request: &Request<B>) -> Result<(String, u16), &'static str> {
    match request.uri().authority().and_then(host_of) {
        Some((host, Some(port))) => Ok((host, port)),
        _ => Err("CONNECT takes HOST:PORT"),
    }
}

/// Where requests of an opened tunnel go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Scheme,
    /// The host in its normal form, the port only where the scheme has another.
    authority: String,
}

impl Origin {
    /// The origin of a host, in its normal form, and a port.
    pub(crate) fn new(scheme: Scheme, host: &str, port: u16) -> Self {
        let authority = if port == default_port(&scheme) {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        Self { scheme, authority }
    }

    /// The host, with the port where it has one, as `Host` gives it.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }

    /// Whether the text of a `Host` field or an authority names this origin.
    pub(crate) fn is(&self, authority: &str) -> bool {
        let parsed = authority.parse::<Authority>().ok();
        parsed
            .and_then(|it| host_of(&it))
            .is_some_and(|(host, port)| {
                let port = port.unwrap_or_else(|| default_port(&self.scheme));
                Self::new(self.scheme.clone(), &host, port) == *self
            })
    }
}

/// The normal form of a host, and its port where there is one.
pub(crate) fn host_of(authority: &Authority) -> Option<(String, Option<u16>)> {
    Some((normal(authority.host())?, authority.port_u16()))
}

/// The port of a scheme, of which there are two.
pub(crate) fn default_port(scheme: &Scheme) -> u16 {
    if *scheme == Scheme::HTTPS { 443 } else { 80 }
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
