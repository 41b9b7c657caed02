//! Likely secrets in a recording that another tool wrote.

use serde_json::Value;

use crate::cassette::format::Exchange;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Headers};
use crate::redact::Redactor;

/// Header fields that hold credentials. Other fields are not checked.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
];

/// A place that holds a likely secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub exchange: u64,
    /// For example `request header Authorization`, `response body /access_token`.
    pub place: String,
}

/// Every place that the recorder would have redacted, except headers of unknown names. The redactor knows the secrets
/// from then on.
pub(crate) fn secrets(redactor: &Redactor, exchange: &Exchange) -> Vec<Secret> {
    let before = redactor.learnt();
    let places = places(redactor, exchange);
    let places = if redactor.learnt() == before {
        places
    } else {
        // A secret that was found last may stand in what was read first.
        self::places(redactor, exchange)
    };
    let secret = |place| Secret {
        exchange: exchange.number,
        place,
    };
    places.into_iter().map(secret).collect()
}

fn places(redactor: &Redactor, exchange: &Exchange) -> Vec<String> {
    let mut places = Vec::new();
    let request = &exchange.request;
    let target = redactor.redacted_text(&request.target);
    if target.is_some_and(|it| it != request.target) {
        places.push("request target".to_owned());
    }
    message(
        redactor,
        "request",
        &request.headers,
        &request.body,
        &mut places,
    );
    if let Some(response) = &exchange.response {
        message(
            redactor,
            "response",
            &response.headers,
            &response.body,
            &mut places,
        );
    }
    places
}

fn message(
    redactor: &Redactor,
    of: &str,
    headers: &Headers,
    body: &Body,
    places: &mut Vec<String>,
) {
    for (name, value) in headers.iter() {
        let redacted = redactor.field(name, value);
        let has_id = CREDENTIALS.iter().any(|it| name.eq_ignore_ascii_case(it));
        if has_id && redacted.is_some_and(|it| it != value) {
            places.push(format!("{of} header {name}"));
        }
    }
    let Some(redacted) = redactor.body(body) else {
        return;
    };
    match (body, &redacted) {
        (Body::Json(was), Body::Json(is)) => value(of, was, is, &Pointer::root(), places),
        (was, is) if was != is => places.push(format!("{of} body")),
        _ => {}
    }
}

fn value(of: &str, was: &Value, is: &Value, at: &Pointer, places: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            for ((name, was), is) in was.iter().zip(is.values()) {
                value(of, was, is, &at.key(name), places);
            }
        }
        (Value::Array(was), Value::Array(is)) => {
            for (index, (was, is)) in was.iter().zip(is.iter()).enumerate() {
                value(of, was, is, &at.index(index), places);
            }
        }
        _ if was != is => places.push(format!("{of} body {at}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_told_by_their_place() {
        let exchange = |token: &str| -> Exchange {
            serde_json::from_value(json!({
                "number": 3, "direction": "request", "at_ms": 0, "took_ms": 0,
                "request": {"method": "POST", "target": format!("/a?access_token={token}"),
                    "headers": [["Authorization", format!("Bearer {token}")], ["X-Unknown", "plain"]],
                    "body": {"json": {"client_secret": token, "name": "plain"}}},
                "response": {"status": 200, "headers": [], "body": {"json": [{"access_token": token}]}},
            }))
            .unwrap()
        };
        let actual = |token| {
            let secrets = secrets(&Redactor::new([7; 32]), &exchange(token));
            secrets.into_iter().map(|it| it.place).collect::<Vec<_>>()
        };
        assert_eq!(
            actual("0123456789abcdef0123456789abcdef"),
            [
                "request target",
                "request header Authorization",
                "request body /client_secret",
                "response body /0/access_token",
            ]
        );
        assert!(actual("redacted-secret-0123456789ab").is_empty());
    }
}
