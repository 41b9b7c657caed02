//! The hosts that a forward proxy intercepts, with certificates of the local authority.
//!
//! For: names of hosts and origins of requests. The server uses them to open the tunnels. Not for: the handling of the
//! requests, and hosts that are not named.

use std::str::FromStr;
use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, StatusCode};
use url::{Host, Url};

use super::tls;

/// The status and the text of a refusal.
pub(crate) type Refused = (StatusCode, String);

/// The part of the traffic through a forward proxy that confcall reads.
#[derive(Debug)]
pub(crate) struct Interception {
    pub hosts: Vec<NamedHost>,
    /// Issues the certificates that clients are shown in place of the hosts' own.
    pub authority: Arc<tls::Authority>,
    /// Called with a text when a client does not take such a certificate.
    pub warn: fn(&str),
}

impl Interception {
    /// True if this host, in its normal form, is intercepted.
    pub(super) fn names(&self, host: &str, port: u16) -> bool {
        self.hosts.iter().any(|named| named.covers(host, port))
    }

    /// The origin that a target in absolute form names (RFC 9112 section 3.2.2).
    pub(super) fn origin(&self, head: &Parts) -> Result<Origin, Refused> {
        let parts = head.uri.authority().and_then(host_of);
        let (Some(scheme), Some((host, port))) = (head.uri.scheme(), parts) else {
            let message = "this is a forward proxy: requests must have an absolute URL, and https must use CONNECT";
            return Err((StatusCode::BAD_REQUEST, message.to_owned()));
        };
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            let message = format!("`{scheme}` is neither `http` nor `https`");
            return Err((StatusCode::BAD_REQUEST, message));
        }
        let port = port.unwrap_or_else(|| default_port(scheme));
        if !self.names(&host, port) {
            return Err(not_intercepted(&host));
        }
        Ok(Origin::new(scheme.clone(), &host, port))
    }
}

pub(super) fn not_intercepted(host: &str) -> Refused {
    let message = format!("`{host}` is not intercepted: add `--intercept {host}`");
    (StatusCode::FORBIDDEN, message)
}

/// The host and port of a `CONNECT`.
pub(super) fn destination<B>(request: &Request<B>) -> Result<(String, u16), Refused> {
    match request.uri().authority().and_then(host_of) {
        Some((host, Some(port))) => Ok((host, port)),
        _ => Err((
            StatusCode::BAD_REQUEST,
            "CONNECT needs HOST:PORT".to_owned(),
        )),
    }
}

/// A scheme, a host and a port: the server that a request is for.
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

    pub(crate) fn scheme(&self) -> &'static str {
        if self.scheme == Scheme::HTTPS {
            "https"
        } else {
            "http"
        }
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }

    /// True if the text of a `Host` field or an authority names this origin.
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

pub(crate) fn default_port(scheme: &Scheme) -> u16 {
    if *scheme == Scheme::HTTPS { 443 } else { 80 }
}

/// A host whose traffic is read: `graph.example`, `*.example` for every name below it,
/// `127.0.0.1`, `[::1]`, each with `:PORT` where only that port is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedHost {
    /// As [`normal`] writes it; of `*.example` the part after the asterisk.
    name: String,
    /// True for `*.example`: every name with this suffix is meant.
    is_suffix: bool,
    port: Option<u16>,
}

impl NamedHost {
    /// The address of a service at this host, `https` in all cases; none where many hosts are meant.
    pub(crate) fn url(&self) -> Option<Url> {
        if self.is_suffix {
            return None;
        }
        let port = self.port.map(|it| format!(":{it}")).unwrap_or_default();
        Url::parse(&format!("https://{}{port}", self.name)).ok()
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let is_host = if self.is_suffix {
            host.ends_with(&self.name)
        } else {
            host == self.name
        };
        is_host && self.port.is_none_or(|own| own == port)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamedHostError {
    #[error("the host must not have a scheme or a path: `{0}`")]
    Url(String),
    #[error(
        "expected a host such as `graph.example`, `*.example` or `[::1]`, with or without `:PORT`"
    )]
    Form,
}

impl FromStr for NamedHost {
    type Err = NamedHostError;

    fn from_str(text: &str) -> Result<Self, NamedHostError> {
        if let Some((_, rest)) = text.split_once("://") {
            let host = rest.split('/').next().unwrap_or(rest);
            return Err(NamedHostError::Url(host.to_owned()));
        }
        let form = || NamedHostError::Form;
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| form())?))
            }
            _ => (text, None),
        };
        let (is_suffix, host) = match host.strip_prefix('*') {
            Some(rest) => (true, rest.strip_prefix('.').ok_or_else(form)?),
            None => (false, host),
        };
        let name = normal(host).ok_or_else(form)?;
        Ok(Self {
            name: if is_suffix { format!(".{name}") } else { name },
            is_suffix,
            port,
        })
    }
}

/// A host in the one form that is compared: in lower case, international names in ASCII, no dot at
/// its end, an IPv6 address in brackets. None where it is no host.
fn normal(host: &str) -> Option<String> {
    let host = Host::parse(host.strip_suffix('.').unwrap_or(host)).ok()?;
    Some(host.to_string())
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

    #[test]
    fn a_host_is_named_with_or_without_its_port() {
        for (named, host, port, is_covered) in [
            ("Graph.Example", "graph.example", 443, true),
            ("graph.example.", "GRAPH.example.", 8443, true),
            ("graph.example:443", "graph.example", 8443, false),
            ("graph.example", "a.graph.example", 443, false),
            ("*.example", "graph.example", 443, true),
            ("*.example:1", "a.graph.example", 1, true),
            ("*.example", "example", 443, false),
            ("*.example", "myexample", 443, false),
            ("[::1]", "[0:0::1]", 443, true),
            ("[::1]:2", "[::1]", 1, false),
            ("b\u{fc}cher.example", "xn--bcher-kva.example", 443, true),
            ("127.0.0.1", "127.0.0.1", 80, true),
        ] {
            let host = normal(host).unwrap();
            let named: NamedHost = named.parse().unwrap();
            assert_eq!(named.covers(&host, port), is_covered, "{named:?} {host}");
        }
    }

    #[test]
    fn a_text_that_is_no_host_is_an_error() {
        let error = "https://graph.example/v1".parse::<NamedHost>().unwrap_err();
        let error = error.to_string();
        assert!(error.contains("`graph.example`"), "{error}");
        for text in ["", "*", "*example", "a b", "h:", "h:99999", "::1", "*."] {
            assert!(text.parse::<NamedHost>().is_err(), "{text}");
        }
    }
}
