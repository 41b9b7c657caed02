//! Header fields that are of one connection only (RFC 9110 section 7.6.1).

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, UPGRADE};
use hyper::http::request::Parts;
use hyper::{Method, Version};

const HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// What a sender asks of this connection, and the next one can be asked for as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct HopByHopOptions {
    /// Trailers are welcome behind the answer (RFC 9110 section 10.1.4).
    pub trailers: bool,
    /// The connection is to become one of WebSocket (RFC 6455 section 4.1). Other protocols would
    /// take requests past the recording; a server need not switch to them (RFC 9110 section 7.8).
    pub websocket: bool,
}

const TRAILERS: &str = "trailers";
const WEBSOCKET: &str = "websocket";

impl HopByHopOptions {
    /// The wishes of a request. In HTTP/1.1 `Connection` must name their fields.
    pub(super) fn of(head: &Parts) -> Self {
        let is_named = |name| has_word(&head.headers, &CONNECTION, name);
        let is_http2 = head.version == Version::HTTP_2;
        Self {
            trailers: has_word(&head.headers, &TE, TRAILERS) && (is_http2 || is_named("te")),
            websocket: is_websocket(&head.headers)
                && is_named("upgrade")
                && head.version == Version::HTTP_11
                && head.method == Method::GET,
        }
    }

    /// Says them to the next recipient, where [`strip`] has taken the last one's away.
    pub(super) fn say(self, headers: &mut HeaderMap) {
        if self.websocket {
            headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
            headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        if self.trailers {
            headers.insert(TE, HeaderValue::from_static(TRAILERS));
            // Where the next connection is of HTTP/2, hyper takes `Connection` away, and the fields
            // that its first value names: `TE` is to stay (RFC 9113 section 8.2.2).
            if !self.websocket {
                headers.append(CONNECTION, HeaderValue::from_static("keep-alive"));
            }
            headers.append(CONNECTION, HeaderValue::from_static("te"));
        }
    }
}

/// Whether the fields name WebSocket, alone, as the protocol to switch to.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    let mut protocols = headers.get_all(UPGRADE).iter();
    let (first, second) = (protocols.next(), protocols.next());
    let is_it = |it: &HeaderValue| it.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes());
    first.is_some_and(is_it) && second.is_none()
}

/// Whether this word is in the list that a field holds.
fn has_word(headers: &HeaderMap, field: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(field).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|it| it.trim().eq_ignore_ascii_case(word))
}

/// Takes away the fields of this connection, those that `Connection` names among them.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| name != hyper::header::CONTENT_LENGTH);
    let own = headers.keys().filter(|name| HOP.contains(&name.as_str()));
    let gone: Vec<HeaderName> = named.chain(own.cloned()).collect();
    for name in gone {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_names_goes_too() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-one"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        strip(&mut headers);
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("x-two"));
    }
}
