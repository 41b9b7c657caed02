//! Likely secrets in a recording that another tool wrote.

use serde_json::Value;

use crate::cassette::format::Exchange;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Headers};
use crate::redact::{Redactor, content_type};

/// A place that holds a likely secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub exchange: u64,
    /// For example `request header Authorization`, `response body /access_token`.
    pub place: String,
    /// The rule by which it was found.
    pub rule: String,
}

/// Every place that the recorder would have redacted, except headers of unknown names. The redactor knows the secrets
/// from then on.
pub(crate) fn secrets(redactor: &Redactor, exchange: &Exchange) -> Vec<Secret> {
    let before = redactor.learnt();
    let places = places(redactor, exchange);
    let places = if redactor.learnt() == before {
        places
    } else {
        // A secret that was found last may also be in an earlier exchange.
        self::places(redactor, exchange)
    };
    let secret = |(place, rule)| Secret {
        exchange: exchange.number,
        place,
        rule,
    };
    places.into_iter().map(secret).collect()
}

/// Places, each with the rule of its secret.
type Places = Vec<(String, String)>;

fn places(redactor: &Redactor, exchange: &Exchange) -> Places {
    let mut places = Vec::new();
    let request = &exchange.request;
    if let Some((_, rules)) = redactor.target_with_rules(&request.target) {
        let at_target = |rule| ("request target".to_owned(), rule);
        places.extend(rules.into_iter().map(at_target));
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

fn message(redactor: &Redactor, of: &str, headers: &Headers, body: &Body, places: &mut Places) {
    for (name, value) in headers.iter() {
        let rule = redactor.rule_of_field(name, value);
        places.extend(rules_at(format!("{of} header {name}"), rule));
    }
    let Some((redacted, rules)) = redactor.body_with_rules(body, content_type(headers)) else {
        return;
    };
    let mut changed = Vec::new();
    match (body, &redacted) {
        (Body::Json(was), Body::Json(is)) => value(of, was, is, &Pointer::root(), &mut changed),
        _ => changed.extend(rules.iter().map(|_| format!("{of} body"))),
    }
    // The secrets of a body are found in its order; of two in one value, the first one counts.
    let of_place = |at: usize| rules.get(at).or(rules.last()).cloned().unwrap_or_default();
    places.extend(
        changed
            .into_iter()
            .enumerate()
            .map(|(at, place)| (place, of_place(at))),
    );
}

fn rules_at(place: String, rule: Option<String>) -> Option<(String, String)> {
    rule.map(|rule| (place, rule))
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
    fn secrets_are_recognized_by_their_place() {
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
