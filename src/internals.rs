//! The functions that the benchmarks measure.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange, Form, Header, VERSION, Wire};
use crate::cassette::read;
use crate::cli::extract::extract_files;
use crate::extract::PageDefaults;
use crate::http::message::{Body, Headers, Octets, Request, Response};
use crate::inject::{InjectionKind, with_injected};
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::judge::{self, Case};
use crate::redact::{
    ContentType, Redactor, UnredactedBody, UnredactedExchange, UnredactedField, UnredactedMessage,
};
use crate::runner::self_check::{self, PairOptions};
use crate::runner::{self, Stop};
use crate::scenario::store;

pub fn is_extracted(page: &[u8]) -> bool {
    crate::extract::page("pages/page.md", page, &PageDefaults::default()).is_ok()
}

/// Extracts from files on all processors.
pub fn are_extracted(pages: &[PathBuf]) -> bool {
    extract_files(pages, &PageDefaults::default()).is_ok()
}

/// The default run: every built-in scenario, with the fast fault injection, both roles.
#[derive(Debug)]
pub struct DefaultRun(Vec<Case>);

impl DefaultRun {
    #[expect(clippy::new_without_default, reason = "it reads every scenario")]
    pub fn new() -> Self {
        let scenarios = store::built_in().expect("scenarios");
        let fast: Vec<InjectionKind> = InjectionKind::ALL
            .into_iter()
            .filter(|it| it.is_fast())
            .collect();
        Self(judge::cases(&scenarios, &with_injected(&scenarios, &fast)))
    }

    /// Plays it against the built-in pair. Returns whether everything passed.
    pub async fn passes(&self) -> bool {
        let options = Arc::new(runner::Options {
            jobs: NonZeroUsize::new(16),
            ..runner::Options::default()
        });
        let parties = [Party::Service, Party::Bot];
        let (pair, stop) = (PairOptions::default(), Stop::default());
        let played = self_check::play(&options, &self.0, &parties, pair, &stop).await;
        all_pass(&played.expect("sockets"))
    }
}

fn all_pass(results: &[ScenarioResult]) -> bool {
    results
        .iter()
        .all(|it| matches!(it.verdict, Verdict::Pass | Verdict::Skip))
}

/// Checks a cassette as the command does it. Returns how many results it has, all of them passes.
pub fn checked_passes(cassette: &Path) -> usize {
    let run = crate::cli::check::run(cassette).expect("a cassette");
    assert!(all_pass(&run.results));
    run.results.len()
}

/// A cassette of so many calls of ten exchanges each, in turns: `at_once` of them go on at the same time.
pub fn calls(calls: u64, at_once: u64) -> String {
    let header = Header {
        version: VERSION,
        directions: vec![Direction::Request, Direction::Notification],
    };
    let mut text = serde_json::to_string(&header).expect("JSON");
    let mut number = 0;
    for from in (0..calls).step_by(usize::try_from(at_once).expect("a number")) {
        let mut going_on: Vec<_> = (from..calls.min(from + at_once)).map(call).collect();
        while going_on.iter().any(|call| !call.is_empty()) {
            for exchange in going_on.iter_mut().filter_map(VecDeque::pop_front) {
                number += 1;
                let exchange = Exchange {
                    number,
                    at_ms: number * 3,
                    took_ms: 2,
                    ..exchange
                };
                text.push('\n');
                text += &serde_json::to_string(&exchange).expect("JSON");
            }
        }
    }
    text.push('\n');
    text
}

/// A bot's request with its answer.
fn exchange_of(
    mut request: Request,
    body: Value,
    status: u16,
    location: Option<String>,
    answer: Value,
) -> Exchange {
    request
        .headers
        .push("Authorization", "Bearer redacted-secret-0123456789ab");
    request.body = json_body(&mut request.headers, body);
    let mut response = Response::new(status);
    if let Some(location) = location {
        response.headers.push("Location", location);
    }
    response.body = json_body(&mut response.headers, answer);
    Exchange {
        response: Some(response),
        ..Exchange::new(0, Direction::Request, request)
    }
}

/// A call that plays a prompt and invites somebody.
fn call(number: u64) -> VecDeque<Exchange> {
    let id = |role: u64| format!("{role:08x}-0000-4000-8000-{number:012x}");
    let [call, prompt, invitation, bot, guest] = [1, 2, 3, 4, 5].map(id);
    let person = |id: &str| json!({"user": {"id": id, "displayName": "A person", "tenantId": "t"}});
    let path = format!("/v1.0/communications/calls/{call}");
    let callback = "https://bot.example/callback/1";
    let state = |state: &str| {
        json!({"@odata.type": "#microsoft.graph.call", "id": call, "state": state, "direction": "outgoing",
            "callbackUri": callback, "myParticipantId": bot, "requestedModalities": ["audio"],
            "targets": [{"identity": person(&guest)}], "terminationReason": null, "resultInfo": null})
    };
    let operation = |kind: &str, id: &str, status: &str| {
        json!({"@odata.type": format!("#microsoft.graph.{kind}Operation"), "id": id, "status": status,
            "clientContext": id, "resultInfo": null})
    };
    let asks = |method: &str, below: &str, body, status, made: Option<&str>, answer| {
        let location = made.map(|made| format!("https://service.example{path}{made}"));
        let request = Request::new(method, format!("{path}{below}"));
        exchange_of(request, body, status, location, answer)
    };
    let tells = |change: &str, below: &str, data: Value| {
        let resource = format!("/communications/calls/{call}{below}");
        let mut request = Request::new("POST", "/callback/1");
        let entry = json!({"changeType": change, "resource": resource, "resourceUrl": resource, "resourceData": data});
        request.body = json_body(&mut request.headers, json!({"value": [entry]}));
        Exchange {
            response: Some(Response::new(202)),
            ..Exchange::new(0, Direction::Notification, request)
        }
    };
    let create = json!({"callbackUri": callback, "requestedModalities": ["audio"], "tenantId": "t",
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}, "targets": [{"identity": person(&guest)}]});
    let mut created = asks("POST", "", create, 201, Some(""), state("establishing"));
    "/v1.0/communications/calls".clone_into(&mut created.request.target);
    let [prompts, invites] = [&prompt, &invitation].map(|id| format!("/operations/{id}"));
    let media = json!({"clientContext": prompt, "prompts": [{"@odata.type": "#microsoft.graph.mediaPrompt",
        "mediaInfo": {"uri": "https://bot.example/a.wav"}}]});
    let people =
        json!({"clientContext": invitation, "participants": [{"identity": person(&guest)}]});
    let roster = json!([{"id": guest, "info": {"identity": person(&guest)}, "isMuted": false, "isInLobby": false,
        "mediaStreams": [{"mediaType": "audio", "sourceId": "1", "direction": "sendReceive", "serverMuted": false}]}]);
    let running = |kind, id| operation(kind, id, "running");
    let ended = |kind, id| operation(kind, id, "completed");
    VecDeque::from([
        created,
        tells("updated", "", state("establishing")),
        tells("updated", "", state("established")),
        asks(
            "POST",
            "/playPrompt",
            media,
            200,
            Some(&prompts),
            running("playPrompt", &prompt),
        ),
        tells("deleted", &prompts, ended("playPrompt", &prompt)),
        asks(
            "POST",
            "/participants/invite",
            people,
            200,
            Some(&invites),
            running("inviteParticipants", &invitation),
        ),
        tells(
            "deleted",
            &invites,
            ended("inviteParticipants", &invitation),
        ),
        tells("updated", "/participants", roster),
        asks("DELETE", "", Value::Null, 204, None, Value::Null),
        tells("deleted", "", state("terminated")),
    ])
}

/// The body of a message with these fields; none for null.
fn json_body(headers: &mut Headers, body: Value) -> Body {
    for (name, value) in [
        ("Host", "service.example"),
        ("Content-Length", "500"),
        ("Date", "Sat, 21 Nov 2026 07:46:18 GMT"),
    ] {
        headers.push(name, value);
    }
    if body.is_null() {
        return Body::Empty;
    }
    headers.push("Content-Type", "application/json; charset=utf-8");
    Body::Json(body)
}

/// An exchange as a recorder captures it, and the redactor of that recorder.
#[derive(Debug)]
pub struct Redacting {
    exchange: Exchange,
    bodies: [Vec<u8>; 2],
    redactor: Redactor,
}

impl Redacting {
    pub fn of(cassette: &[u8]) -> Self {
        let (recording, _) =
            read::parse("tape", cassette, &|_| None, Form::Decoded).expect("a cassette");
        let exchange = recording.exchanges().first().expect("an exchange").clone();
        let bytes = |body: Option<&Value>| serde_json::to_vec(&body).expect("JSON");
        let response = exchange.response.as_ref();
        Self {
            bodies: [
                bytes(exchange.request.body.json()),
                response.map_or_else(Vec::new, |it| bytes(it.body.json())),
            ],
            exchange,
            redactor: Redactor::new([7; 32]),
        }
    }

    /// The exchange as it was captured.
    pub fn captured(&self) -> Captured<'_> {
        let exchange = &self.exchange;
        let response = exchange.response.as_ref();
        Captured(UnredactedExchange {
            number: exchange.number,
            direction: exchange.direction,
            cause: None,
            at_ms: exchange.at_ms,
            took_ms: exchange.took_ms,
            method: &exchange.request.method,
            target: &exchange.request.target,
            request: captured(&exchange.request.headers, &self.bodies[0]),
            response: response.map(|it| (it.status, captured(&it.headers, &self.bodies[1]))),
            broke: None,
        })
    }

    /// Redacts a captured exchange while its line is written.
    pub fn line(&self, captured: &Captured<'_>) {
        std::hint::black_box(self.redactor.line(&captured.0));
    }

    pub fn copy(&self) -> Recorded {
        Recorded(self.exchange.clone())
    }

    pub fn redact(&self, recorded: Recorded) {
        std::hint::black_box(self.redactor.redact(recorded.0));
    }

    /// Writes the exchange as it is.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(std::hint::black_box(&self.exchange)).expect("JSON")
    }
}

/// An exchange as a recorder captures it.
#[derive(Debug)]
pub struct Captured<'a>(UnredactedExchange<'a>);

/// An exchange as a cassette holds it.
#[derive(Debug)]
pub struct Recorded(Exchange);

fn captured<'a>(fields: &'a Headers, body: &'a [u8]) -> UnredactedMessage<'a> {
    let fields = fields.iter();
    UnredactedMessage {
        headers: fields
            .map(|(name, value)| UnredactedField {
                name,
                value: value.into(),
                octets: Octets::Utf8,
            })
            .collect(),
        body: UnredactedBody::Bytes(body.into()),
        wire: Wire::default(),
    }
}

/// Redacts bodies.
#[derive(Debug)]
pub struct Bodies(Redactor);

impl Default for Bodies {
    fn default() -> Self {
        Self(Redactor::new([7; 32]))
    }
}

impl Bodies {
    /// The body without its secrets; none where it has none.
    pub fn redact(&self, body: &[u8], content_type: &str) -> Option<Vec<u8>> {
        self.0.redacted_body(body, ContentType(Some(content_type)))
    }
}
