//! Normalizes the conversation of a replay, so that two runs of one behaviour have the same messages: secrets are
//! replaced, and values that differ from run to run are shown by name. Not for: the text of a snapshot.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Headers, Request};
use crate::judge::redaction;
use crate::judge::verdict::{Traffic, TrafficMessage};
use crate::redact;
use crate::redact::Redactor;
use crate::replay::recording::Index;
use crate::replay::values;
use crate::replay::values::mapping::{Mapping, SEPARATORS};
use crate::replay::values::{TextKind, Values};

/// Normalizes messages. `mapping` is what the replay has learnt by its end.
pub(super) fn normalize(
    mut traffic: Vec<Traffic>,
    index: &Index,
    mapping: &Mapping,
) -> Result<Vec<Traffic>, Diagnostic> {
    let mut names = Names::new(index, mapping)?;
    for message in &mut traffic {
        names.message(message);
    }
    // Snapshots do not show the digits of pseudonyms, so that any key does.
    redaction::traffic(&mut traffic, &Redactor::new([0; 32]));
    Ok(traffic)
}

/// The names of the values of a run. Recorded values are numbered in the recording: `{id-1}`,
/// `{callback-1}`. Values that a live party adds are numbered as they come, `{new-1}`, and so move
/// no other number.
struct Names<'a> {
    mapping: &'a Mapping,
    /// The numbers of the recorded identifiers, by their normal form.
    recorded: HashMap<String, usize>,
    /// The numbers of the callback addresses of this run, by address and by path, live and recorded.
    addresses: HashMap<String, usize>,
    new: HashMap<String, usize>,
}

impl<'a> Names<'a> {
    fn new(index: &Index, mapping: &'a Mapping) -> Result<Self, Diagnostic> {
        let mut recorded = HashMap::new();
        let mut addresses = HashMap::new();
        let mut callbacks = 0;
        let mut number = |values: &mut Values| {
            for id in values.ids.drain(..) {
                let next = recorded.len() + 1;
                recorded.entry(identifier::normal(&id)).or_insert(next);
            }
            for address in values.addresses.drain(..) {
                let live = mapping.live(&address).unwrap_or(&address);
                if addresses.contains_key(live) {
                    continue;
                }
                callbacks += 1;
                addresses.insert(live.to_owned(), callbacks);
                for address in [live, &address] {
                    let path = resource::path_of(address).to_owned();
                    addresses.entry(path).or_insert(callbacks);
                }
            }
        };
        for at in 0..index.len() {
            index.load_raw(at, |exchange| {
                for mut values in Values::of_exchange(exchange) {
                    number(&mut values);
                }
            })?;
        }
        Ok(Self {
            mapping,
            recorded,
            addresses,
            new: HashMap::new(),
        })
    }

    fn message(&mut self, message: &mut Traffic) {
        let sender = message.from;
        match &mut message.message {
            TrafficMessage::Request(request) => {
                let request = Arc::make_mut(request);
                self.target(request, sender);
                self.headers(&mut request.headers);
                self.body(&mut request.body);
            }
            TrafficMessage::Response(response) => {
                let response = Arc::make_mut(response);
                self.headers(&mut response.headers);
                self.body(&mut response.body);
            }
            TrafficMessage::Event(_) => {}
        }
    }

    fn target(&mut self, request: &mut Request, sender: Party) {
        let path = resource::path_of(&request.target);
        let callback = self.addresses.get(path);
        request.target = match callback.filter(|_| sender == Party::Service) {
            Some(number) => format!("{{callback-{number}}}"),
            None => self.path(&request.target),
        };
    }

    fn headers(&mut self, headers: &mut Headers) {
        *headers = headers
            .iter()
            .map(|(name, value)| (name, self.text(name, value)))
            .collect();
    }

    fn body(&mut self, body: &mut Body) {
        if let Some(Cow::Owned(value)) = body.to_json() {
            *body = Body::Json(value);
        }
        if let Body::Json(value) = body {
            // The order of properties must not change the numbers of new values.
            value.sort_all_objects();
            self.value("", value);
        }
    }

    fn value(&mut self, name: &str, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(name, text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(name, item)),
            Value::Object(properties) => {
                for (name, value) in properties.iter_mut() {
                    self.value(name, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, name: &str, text: &str) -> String {
        match values::text_kind(name, text) {
            TextKind::Id => self.id(text),
            TextKind::Path => self.path(text),
            TextKind::Time => "{time}".to_owned(),
            TextKind::Address => {
                let known = self.addresses.get(text);
                let known = known.or_else(|| self.addresses.get(resource::path_of(text)));
                match known {
                    Some(number) => format!("{{callback-{number}}}"),
                    None => self.new_value(text),
                }
            }
            TextKind::Fixed => match self.mapping.recorded(text) {
                // The live value of an identifier need not look like one.
                Some(recorded) if values::text_kind("", recorded) == TextKind::Id => self.id(text),
                _ => text.to_owned(),
            },
        }
    }

    fn path(&mut self, path: &str) -> String {
        let ids = values::ids_of_path(path);
        let mut named = String::with_capacity(path.len());
        for piece in path.split_inclusive(SEPARATORS) {
            let segment = piece.trim_end_matches(SEPARATORS);
            if ids.iter().any(|id| id == segment) || values::text_kind("", segment) == TextKind::Id
            {
                named.push_str(&self.id(segment));
            } else {
                named.push_str(segment);
            }
            named.push_str(&piece[segment.len()..]);
        }
        named
    }

    fn id(&mut self, live: &str) -> String {
        let recorded = self.mapping.recorded(live).unwrap_or(live);
        if redact::is_pseudonym(recorded) {
            return "{secret}".to_owned();
        }
        match self.recorded.get(&identifier::normal(recorded)) {
            Some(number) => format!("{{id-{number}}}"),
            None => self.new_value(live),
        }
    }

    fn new_value(&mut self, live: &str) -> String {
        let number = self.new.len() + 1;
        let number = self.new.entry(identifier::normal(live)).or_insert(number);
        format!("{{new-{number}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::Exchange;
    use crate::cassette::recording::Recording;
    use crate::http::message::Response;
    use crate::replay::recording::Indexed;
    use serde_json::json;

    const RECORDED: &str = "57dab8b1-894c-409a-b240-bd8beae78896";
    const LIVE: &str = "00000000-0000-0000-0000-000000000001";

    fn recorded() -> Exchange {
        serde_json::from_value(json!({
            "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": "/app/calls", "headers": [],
                "body": {"json": {"callbackUri": "https://bot.example/hook", "key": "redacted-key-0123456789ab"}}},
            "response": {"status": 201, "headers": [], "body": {"json": {"id": RECORDED}}},
        }))
        .unwrap()
    }

    #[test]
    fn normalized_messages_hold_no_value_of_their_run() {
        let mut mapping = Mapping::default();
        mapping.learn(RECORDED, LIVE);
        mapping.learn("redacted-key-0123456789ab", "hunter2");
        mapping.redirect("https://bot.example/hook", "http://127.0.0.1:1/hook");
        let request = TrafficMessage::Request(Arc::new(Request {
            method: "POST".to_owned(),
            target: format!("/v1/calls/{LIVE}/other-id/op-9?x={LIVE}"),
            headers: Headers::from_iter([("Authorization", "Bearer a-token-that-is-known-late-1")]),
            body: Body::Json(json!({
                "key": "hunter2",
                "callbackUri": "http://127.0.0.1:1/hook",
                "at": "2026-01-01T00:00:00Z",
                "added": {"id": "op-7", "again": ["op-7"]},
                "status": "running",
            })),
        }));
        let echo = TrafficMessage::Response(Arc::new(Response {
            status: 200,
            headers: Headers::new(),
            body: Body::Json(json!({"echo": "a-token-that-is-known-late-1"})),
        }));
        let notification = TrafficMessage::Request(Arc::new(Request {
            method: "POST".to_owned(),
            target: "/hook".to_owned(),
            headers: Headers::new(),
            body: Body::Empty,
        }));
        let of = |from, message| Traffic::new(from, None, message);
        let traffic = vec![
            of(Party::Service, echo),
            of(Party::Bot, request),
            of(Party::Service, notification),
        ];
        let recording = Recording::new("a", Vec::new(), [(2, recorded())]);
        let normalized = normalize(traffic, &Indexed::of(&recording).index, &mapping).unwrap();
        let [
            TrafficMessage::Response(echo),
            TrafficMessage::Request(request),
            TrafficMessage::Request(notification),
        ] = [
            &normalized[0].message,
            &normalized[1].message,
            &normalized[2].message,
        ]
        else {
            panic!("three messages");
        };
        let text = serde_json::to_string(echo.body.json().unwrap()).unwrap();
        assert!(
            text.contains("redacted-") && !text.contains("late"),
            "{text}"
        );
        assert_eq!(request.target, "/v1/calls/{id-2}/other-id/op-9?x={id-2}");
        let body = request.body.json().unwrap();
        assert_eq!(body["callbackUri"], "{callback-1}");
        assert_eq!(body["at"], "{time}");
        assert_eq!(body["added"], json!({"id": "{new-1}", "again": ["op-7"]}));
        assert_eq!(body["status"], "running");
        assert!(!body.to_string().contains("hunter2"), "{body}");
        assert_eq!(notification.target, "{callback-1}");
    }
}
