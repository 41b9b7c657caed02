//! Requests that go no further, whatever they are about.

use hyper::header::{HOST, HeaderMap, HeaderValue, MAX_FORWARDS, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, StatusCode, Version};

/// The status and the words of a refusal.
pub(super) type Refused = (StatusCode, String);

/// Whether a request can be read in one way only.
pub(super) fn check(head: &Parts) -> Result<(), Refused> {
    let refused = if !has_target(head) {
        (
            StatusCode::BAD_REQUEST,
            "the target is neither a path nor a URL",
        )
    } else if !has_host(head) {
        (
            StatusCode::BAD_REQUEST,
            "a request names one host in `Host`",
        )
    } else if !is_chunked_at_most(head.headers.get_all(TRANSFER_ENCODING)) {
        let message = "of transfer codings only `chunked` is known here, and once";
        (StatusCode::NOT_IMPLEMENTED, message)
    } else {
        return Ok(());
    };
    Err((refused.0, refused.1.to_owned()))
}

/// Whether the target has a form that the method may have (RFC 9112 section 3.2).
fn has_target(head: &Parts) -> bool {
    match head.uri.path_and_query() {
        Some(path) => path != "*" || head.method == Method::OPTIONS,
        None => false,
    }
}

/// Whether there is the host that there must be (RFC 9112 section 3.2). In HTTP/2 the target has it.
fn has_host(head: &Parts) -> bool {
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => head.version != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// Whether the value is a host, with a port or without, or empty (RFC 9110 section 7.2).
fn is_host(value: &HeaderValue) -> bool {
    if value.is_empty() {
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

/// Whether these values of `Transfer-Encoding` are none, or `chunked` alone. What it is to be taken
/// off, and another coding would stay (RFC 9112 section 6.1).
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
