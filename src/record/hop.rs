//! The changes of a proxy to the head of a message that it passes on (RFC 9110 section 7.6): fields of one
//! connection only, `Via`, `Max-Forwards`, and the requests that it must not pass on.

use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, MAX_FORWARDS, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, StatusCode, Version};

use crate::http::interception::Refused;

/// Fields that are of one connection only (RFC 9110 section 7.6.1).
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

/// Options of a connection that a proxy asks of the next one too.
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
    /// The options of a request. In HTTP/1.1 `Connection` must name their fields.
    pub(super) fn of(head: &Parts) -> Self {
        let is_named = |name| has_token(&head.headers, &CONNECTION, name);
        let is_http2 = head.version == Version::HTTP_2;
        Self {
            trailers: has_token(&head.headers, &TE, TRAILERS) && (is_http2 || is_named("te")),
            websocket: is_websocket(&head.headers)
                && is_named("upgrade")
                && head.version == Version::HTTP_11
                && head.method == Method::GET,
        }
    }

    /// Writes them for the next recipient, where [`strip`] has taken the last one's away.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        if self.websocket {
            headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
            headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        if self.trailers {
            headers.insert(TE, HeaderValue::from_static(TRAILERS));
            // If the next connection is HTTP/2, hyper takes `Connection` away, and the fields
            // that its first value names: `TE` is to stay (RFC 9113 section 8.2.2).
            if !self.websocket {
                headers.append(CONNECTION, HeaderValue::from_static("keep-alive"));
            }
            headers.append(CONNECTION, HeaderValue::from_static("te"));
        }
    }
}

pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    let mut protocols = headers.get_all(UPGRADE).iter();
    let (first, second) = (protocols.next(), protocols.next());
    let is_it = |it: &HeaderValue| it.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes());
    first.is_some_and(is_it) && second.is_none()
}

pub(super) fn has_token(headers: &HeaderMap, field: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(field).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|it| it.trim().eq_ignore_ascii_case(token))
}

/// Takes away the fields of this connection, those that `Connection` names among them.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
        .filter(|name| !HOP.iter().any(|own| own.eq_ignore_ascii_case(name)))
        .filter_map(|name| name.parse().ok())
        .filter(|name| name != hyper::header::CONTENT_LENGTH);
    let own = headers.keys().filter(|name| HOP.contains(&name.as_str()));
    let gone: Vec<HeaderName> = named.chain(own.cloned()).collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Announces the fields behind a body that the sender has not announced (RFC 9110 section 6.6.2): hyper sends no others.
pub(super) fn announce(headers: &mut HeaderMap, trailers: &HeaderMap) {
    for name in trailers.keys() {
        if !has_token(headers, &TRAILER, name.as_str()) {
            headers.append(TRAILER, name.clone().into());
        }
    }
}

/// The name of this proxy in `Via` (RFC 9110 section 7.6.3): each message that was passed on has it,
/// so that a loop is detected.
#[derive(Debug)]
pub(super) struct Via {
    name: String,
    /// The values for messages in HTTP/1.0, HTTP/1.1 and HTTP/2.
    values: [HeaderValue; 3],
}

impl Via {
    /// A name that no other proxy has, and that does not disclose an address.
    pub(super) fn new() -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("confcall-{}", &random[..12]);
        let values = ["1.0", "1.1", "2"].map(|version| {
            match HeaderValue::try_from(format!("{version} {name}")) {
                Ok(value) => value,
                Err(error) => unreachable!("letters, digits and dots: {error}"),
            }
        });
        Self { name, values }
    }

    /// True if this proxy has passed the message on before.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(VIA)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ' ']))
            .any(|it| it == self.name)
    }

    /// Adds the name to a message that came in this version.
    pub(super) fn add(&self, version: Version, headers: &mut HeaderMap) {
        let [one_zero, one_one, two] = &self.values;
        let value = match version {
            Version::HTTP_10 => one_zero,
            Version::HTTP_2 => two,
            _ => one_one,
        };
        headers.append(VIA, value.clone());
    }
}

/// Checks that a request can be read in one way only.
pub(super) fn check(head: &Parts) -> Result<(), Refused> {
    let (status, message) = if !has_target(head) {
        (
            StatusCode::BAD_REQUEST,
            "the target is neither a path nor a URL",
        )
    } else if !has_host(head) {
        (
            StatusCode::BAD_REQUEST,
            "a request must have exactly one `Host`",
        )
    } else if !is_chunked_at_most(head.headers.get_all(TRANSFER_ENCODING)) {
        let message = "the only supported transfer coding is a single `chunked`";
        (StatusCode::NOT_IMPLEMENTED, message)
    } else {
        return Ok(());
    };
    Err((status, message.to_owned()))
}

/// True if the target has a form that the method allows (RFC 9112 section 3.2).
fn has_target(head: &Parts) -> bool {
    match head.uri.path_and_query() {
        Some(path) => path != "*" || head.method == Method::OPTIONS,
        None => false,
    }
}

/// True if the mandatory host is present (RFC 9112 section 3.2). In HTTP/2 it is in the target.
fn has_host(head: &Parts) -> bool {
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => head.version != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// True for a host, with a port or without, and for an empty value (RFC 9110 section 7.2).
fn is_host(value: &HeaderValue) -> bool {
    if value.is_empty() || is_plain_host(value.as_bytes()) {
        return true;
    }
    let Ok(authority) = Authority::try_from(value.as_bytes()) else {
        return false;
    };
    let port = authority.as_str().strip_prefix(authority.host());
    port.is_some_and(|it| {
        let digits = it.strip_prefix(':').unwrap_or(it);
        digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// True for a name or an address of IPv4, which needs no parser, with a port or without.
fn is_plain_host(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |it| *it == b':');
    let [name, port] = [(); 2].map(|()| parts.next().unwrap_or_default());
    let is_of_name = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.');
    !name.is_empty() && name.iter().all(is_of_name) && port.iter().all(u8::is_ascii_digit)
}

/// True if `Transfer-Encoding` is absent or `chunked` alone: the proxy removes `chunked`, and any other
/// coding would remain (RFC 9112 section 6.1).
pub(super) fn is_chunked_at_most<'a>(values: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    let mut values = values.into_iter();
    let first = values.next().map(HeaderValue::as_bytes);
    values.next().is_none() && first.is_none_or(|it| it.eq_ignore_ascii_case(b"chunked"))
}

/// Counts one hop of an `OPTIONS` or a `TRACE`, or gives the status of the answer where it may go
/// no further (RFC 9110 section 7.6.2).
pub(super) fn count_hop(method: &Method, headers: &mut HeaderMap) -> Option<StatusCode> {
    let last = match *method {
        Method::OPTIONS => StatusCode::OK,
        Method::TRACE => StatusCode::NOT_IMPLEMENTED,
        _ => return None,
    };
    let value = headers.get(MAX_FORWARDS)?.to_str().ok()?;
    match value.parse::<u64>().ok()?.checked_sub(1) {
        Some(left) => {
            headers.insert(MAX_FORWARDS, left.into());
            None
        }
        None => Some(last),
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

    #[test]
    fn a_message_that_comes_back_is_known() {
        let (own, other) = (Via::new(), Via::new());
        let mut headers = HeaderMap::new();
        other.add(Version::HTTP_2, &mut headers);
        assert!(!own.is_in(&headers));
        own.add(Version::HTTP_11, &mut headers);
        assert!(own.is_in(&headers));
        // Others may write the fields as one, and add comments.
        let joined = format!("2 {}, 1.1 {} (confcall)", other.name, own.name);
        let headers = HeaderMap::from_iter([(VIA, joined.parse().unwrap())]);
        assert!(own.is_in(&headers) && other.is_in(&headers));
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (host, is_it) in [
            ("", true),
            ("a", true),
            ("a.example:80", true),
            ("a:", true),
            ("[::1]:80", true),
            ("a:b", false),
            ("a:80:80", false),
            ("b@a", false),
            ("a/b", false),
            ("a b", false),
            ("a, b", false),
            ("a?b", false),
        ] {
            let value = HeaderValue::from_str(host).unwrap();
            assert_eq!(is_host(&value), is_it, "{host}");
        }
    }
}
