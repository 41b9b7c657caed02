//! The addresses in messages: where a request goes, and what stands for the address of the service in an answer.

use bytes::Bytes;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{StatusCode, Uri};

use super::Upstream;
use super::exchange::{codings, target_of};
use crate::diagnostic::json;
use crate::http::interception::{Origin, Refused};
use crate::http::limits::MAX_URI;
use crate::http::server::Connection;
use crate::http::{coded, uncoded};
use crate::replay::matching::target::{Own, is_address_field};

/// The address that a request is sent to, or the refusal of one that is not passed on.
pub(super) fn address(
    upstream: &Upstream,
    client: &Connection,
    head: &mut Parts,
) -> Result<Uri, Refused> {
    if let Some(address) = address_at_origin(upstream, head) {
        return Ok(address);
    }
    // Of the whole server (RFC 9112 section 3.2.4).
    let is_asterisk = head.uri.path_and_query().is_some_and(|it| it == "*");
    let target = if is_asterisk {
        "/".to_owned()
    } else {
        target_of(&head.uri).into_owned()
    };
    let url = match upstream {
        Upstream::Service { url, .. } => format!("{}{target}", url.as_str().trim_end_matches('/')),
        Upstream::Bot(callbacks) => callbacks.target(&target),
        Upstream::Named => {
            let origin = named_origin(client, head)?;
            name_host(head, &origin);
            origin.url(&target)
        }
    };
    if url.len() > MAX_URI {
        let message = "the target is too long to be forwarded";
        return Err((StatusCode::URI_TOO_LONG, message.to_owned()));
    }
    let no_path = || {
        (
            StatusCode::BAD_REQUEST,
            "the target is not a path".to_owned(),
        )
    };
    let mut parts = Uri::try_from(url).map_err(|_| no_path())?.into_parts();
    if is_asterisk {
        parts.path_and_query = Some(PathAndQuery::from_static("*"));
    }
    Uri::from_parts(parts).map_err(|_| no_path())
}

/// The address of a request to a service without a path of its own: the target stays as it was read.
fn address_at_origin(upstream: &Upstream, head: &Parts) -> Option<Uri> {
    let Upstream::Service { origin, .. } = upstream else {
        return None;
    };
    let (scheme, authority) = origin.as_ref()?;
    let target = head.uri.path_and_query()?;
    let length = scheme.as_str().len() + "://".len() + authority.as_str().len();
    if !target.as_str().starts_with('/') || length + target.as_str().len() > MAX_URI {
        return None;
    }
    let address = Uri::builder().scheme(scheme.clone());
    let address = address.authority(authority.clone());
    address.path_and_query(target.clone()).build().ok()
}

/// The origin that a request to a forward proxy is for.
fn named_origin(client: &Connection, head: &Parts) -> Result<Origin, Refused> {
    match client.origin(head) {
        Ok(Some(origin)) => Ok(origin),
        Ok(None) => unreachable!("the listener of a forward proxy intercepts"),
        Err((StatusCode::FORBIDDEN, message)) => {
            let message = format!("{message}; other hosts are only reachable through CONNECT");
            Err((StatusCode::FORBIDDEN, message))
        }
        Err(refused) => Err(refused),
    }
}

/// Writes the origin into `Host`, which the target overrides: the recording names the host that the
/// request was sent to.
fn name_host(head: &mut Parts, origin: &Origin) {
    let is_named = head
        .headers
        .get(HOST)
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| origin.is(it));
    if !is_named && let Ok(host) = HeaderValue::from_str(origin.authority()) {
        head.headers.insert(HOST, host);
    }
}

/// The service's own addresses in an answer, and the one of this proxy in their place.
pub(super) struct StandIn<'a> {
    own: &'a Own,
    listener: &'a str,
    request: &'a Parts,
}

impl<'a> StandIn<'a> {
    /// None where the answer is not that of the service to this request.
    pub(super) fn of(upstream: &'a Upstream, request: &'a Parts) -> Option<Self> {
        let Upstream::Service { own, listener, .. } = upstream else {
            return None;
        };
        Some(Self {
            own,
            listener,
            request,
        })
    }

    /// The address of this proxy, as the client of the request names it.
    fn base(&self) -> String {
        let host = self.request.headers.get(HOST);
        let host = host.and_then(|it| it.to_str().ok());
        let target = self.request.uri.authority().map(Authority::as_str);
        match (target.or(host), self.listener.split_once("://")) {
            (Some(host), Some((scheme, _))) if !host.is_empty() => format!("{scheme}://{host}"),
            _ => self.listener.to_owned(),
        }
    }

    /// Changes the addresses in the fields that are followed.
    pub(super) fn move_fields(&self, headers: &mut HeaderMap) {
        for (name, value) in headers.iter_mut() {
            if !is_address_field(name.as_str()) {
                continue;
            }
            let text = value.to_str().ok();
            let moved = text.and_then(|text| self.own.moved(name.as_str(), text, &self.base()));
            if let Some(moved) = moved.and_then(|it| HeaderValue::try_from(it).ok()) {
                *value = moved;
            }
        }
    }

    /// Changes the addresses in the texts of a body of JSON, which stays in its coding; none where it changes nothing.
    pub(super) fn moved(&self, headers: &HeaderMap, bytes: &[u8], limit: usize) -> Option<Bytes> {
        let text = uncoded(codings(headers), bytes, limit).ok().flatten()?;
        if !self.own.may_be_in(&text) {
            return None;
        }
        let text = std::str::from_utf8(&text).ok()?;
        let base = self.base();
        let moved = json::with_texts(text, |it| self.own.moved("", it, &base))?;
        let coding: Vec<&str> = codings(headers).collect();
        coded(&coding.join(","), moved.as_bytes()).map(Bytes::from)
    }
}
