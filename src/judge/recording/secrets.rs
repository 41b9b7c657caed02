//! Likely secrets in a recording that another tool wrote.

use serde_json::Value;

use rayon::prelude::*;

use crate::cassette::format::Exchange;
use crate::cassette::recording::Recording;
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

/// Every place that the recorder would have redacted, except headers of unknown names.
pub(crate) fn secrets(recording: &Recording) -> Vec<Secret> {
    // The pseudonyms are discarded, so any key works.
    let redactor = Redactor::new([0; 32]);
    let exchanges = recording.exchanges().par_iter();
    exchanges
        .flat_map_iter(|exchange| of_exchange(&redactor, exchange))
        .collect()
}

fn of_exchange(redactor: &Redactor, exchange: &Exchange) -> Vec<Secret> {
    let redacted = redactor.redact(exchange.clone());
    let redacted = redacted.get();
    let mut places = Vec::new();
    let (was, is) = (&exchange.request, &redacted.request);
    if was.target != is.target {
        places.push("request target".to_owned());
    }
    fields("request", &was.headers, &is.headers, &mut places);
    content("request", &was.body, &is.body, &mut places);
    if let (Some(was), Some(is)) = (&exchange.response, &redacted.response) {
        fields("response", &was.headers, &is.headers, &mut places);
        content("response", &was.body, &is.body, &mut places);
    }
    let secret = |place| Secret {
        exchange: exchange.number,
        place,
    };
    places.into_iter().map(secret).collect()
}

fn fields(of: &str, was: &Headers, is: &Headers, places: &mut Vec<String>) {
    for ((name, was), (_, is)) in was.iter().zip(is.iter()) {
        let has_id = CREDENTIALS.iter().any(|it| name.eq_ignore_ascii_case(it));
        if has_id && was != is {
            places.push(format!("{of} header {name}"));
        }
    }
}

fn content(of: &str, was: &Body, is: &Body, places: &mut Vec<String>) {
    match (was, is) {
        (Body::Json(was), Body::Json(is)) => {
            value(of, was, is, &Pointer::root(), places);
        }
        _ if was != is => places.push(format!("{of} body")),
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
    use crate::cassette::format::Direction;
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
            let directions = vec![Direction::Request];
            let recording = Recording::new("a", directions, [(1, exchange(token))]);
            let secrets = secrets(&recording);
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
