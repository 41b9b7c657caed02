//! Discretion: what is told of a run, without the secrets that its parties said. Recordings of other
//! tools have them, and so has what a live party says. Not for: what is judged, which is what was said.

use std::sync::Arc;

use super::recording::check::NotCovered;
use super::verdict::{Run, Traffic, TrafficMessage, Violation};
use crate::cassette::format::{Content, Direction, Exchange, RecordedRequest, RecordedResponse};
use crate::cassette::recording::Recording;
use crate::http::message::{Body, Headers};
use crate::redact::Redactor;

/// Replaces the secrets in what a report says of a run.
pub fn run(run: &mut Run, redactor: &Redactor) {
    for result in &mut run.results {
        traffic(&mut result.traffic, redactor);
        for violation in result.failures.iter_mut().chain(&mut result.warnings) {
            replace_in_violation(violation, redactor);
        }
        let texts = result.notes.iter_mut().chain([&mut result.reason]);
        texts.for_each(|text| *text = redactor.in_text(text));
    }
}

/// Replaces the secrets in what is told of exchanges that fit no scenario.
pub fn not_covered(not_covered: &mut [NotCovered], redactor: &Redactor) {
    for exchange in not_covered {
        exchange.request = redactor.in_text(&exchange.request);
    }
}

/// The recording as confcall would have written it, with secrets that are told late replaced in what
/// stands before them too. One that confcall wrote stays as it is.
pub fn recording(recording: Recording, redactor: &Redactor) -> Recording {
    let redact = |exchange| redactor.redact(exchange).into_inner();
    recording.map(redact).map(redact)
}

/// Makes known what a recording gives away, before anything is told of it.
pub fn learn(recording: &Recording, redactor: &Redactor) {
    for exchange in recording.exchanges() {
        redactor.redact(exchange.clone());
    }
}

/// Replaces the secrets in messages, those that are told late in what stands before them too.
pub fn traffic(traffic: &mut [Traffic], redactor: &Redactor) {
    for _ in 0..2 {
        for message in &mut *traffic {
            let redacted = redactor.redact(exchange(&message.message));
            replace(&mut message.message, redacted.get());
        }
    }
}

fn replace_in_violation(violation: &mut Violation, redactor: &Redactor) {
    let name = violation
        .pointer
        .as_str()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    violation.expected = redactor.in_value(name, &violation.expected);
    violation.actual = redactor.in_value(name, &violation.actual);
    violation.message = redactor.in_text(&violation.message);
}

/// An exchange with this message alone in it.
fn exchange(message: &TrafficMessage) -> Exchange {
    let request = RecordedRequest::new("", "");
    let mut exchange = Exchange::new(1, Direction::Request, request);
    match message {
        TrafficMessage::Request(request) => {
            exchange.request.target.clone_from(&request.target);
            exchange.request.headers = fields(&request.headers);
            exchange.request.body = content(&request.body);
        }
        TrafficMessage::Response(response) => {
            exchange.response = Some(RecordedResponse {
                headers: fields(&response.headers),
                body: content(&response.body),
                ..RecordedResponse::new(response.status)
            });
        }
        TrafficMessage::Event(text) => exchange.broke = Some(text.clone()),
    }
    exchange
}

fn fields(headers: &Headers) -> Vec<(String, String)> {
    let fields = headers.iter();
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn content(body: &Body) -> Content {
    match body {
        Body::Json(value) => Content::Json(value.clone()),
        Body::Text(text) => Content::Text(text.clone()),
        Body::Empty | Body::Bytes(_) | Body::Omitted(_) => Content::Empty,
    }
}

fn replace(message: &mut TrafficMessage, redacted: &Exchange) {
    let (headers, body, from, content) = match (message, &redacted.response) {
        (TrafficMessage::Request(it), _) => {
            let it = Arc::make_mut(it);
            it.target.clone_from(&redacted.request.target);
            let from = &redacted.request;
            (&mut it.headers, &mut it.body, &from.headers, &from.body)
        }
        (TrafficMessage::Response(it), Some(from)) => {
            let it = Arc::make_mut(it);
            (&mut it.headers, &mut it.body, &from.headers, &from.body)
        }
        (TrafficMessage::Event(text), _) => {
            if let Some(broke) = &redacted.broke {
                text.clone_from(broke);
            }
            return;
        }
        (TrafficMessage::Response(_), None) => return,
    };
    *headers = from.iter().cloned().collect();
    match (body, content) {
        (Body::Json(value), Content::Json(redacted)) => value.clone_from(redacted),
        (Body::Text(text), Content::Text(redacted)) => text.clone_from(redacted),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::contract::rule::{Level, Rule};
    use crate::diagnostic::pointer::Pointer;
    use crate::http::message::Request;
    use crate::judge::verdict::{Basis, JudgedTarget, ScenarioResult, Source, Verdict};
    use serde_json::json;

    #[test]
    fn no_part_of_a_result_has_a_secret() {
        let secret = "0123456789abcdef0123456789abcdef";
        let request = Request {
            method: "POST".to_owned(),
            target: format!("/a?access_token={secret}"),
            headers: Headers::from_iter([("Location", format!("https://h/?sig={secret}"))]),
            body: Body::Json(json!({"password": secret, "plain": "plain"})),
        };
        let mut result =
            ScenarioResult::new("a", Party::Bot, Verdict::Fail, format!("sent {secret}"));
        result.traffic.push(Traffic {
            from: Party::Bot,
            step: None,
            message: TrafficMessage::Request(request.into()),
        });
        result.notes.push(format!("noted {secret}"));
        result.failures.push(Violation {
            rule: Rule::RequestBody,
            level: Level::Must,
            requirement: Basis::Exchange(1),
            step: None,
            pointer: Pointer::root().key("a").key("pin"),
            expected: json!("4711"),
            actual: json!([4712, secret]),
            source: Source {
                file: "a".to_owned(),
                line: 1,
            },
            message: format!("`POST /?sig={secret}` came"),
        });
        let target = JudgedTarget {
            role: None,
            url: None,
        };
        let mut told = Run::new(target, vec![result]);
        run(&mut told, &Redactor::new([7; 32]));
        let text = format!("{told:?}");
        for secret in [secret, "4711", "4712"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("plain") && text.contains("redacted-secret-"));
    }
}
