//! Requests of a bot through the recorder: its callback address, and its secrets.
//!
//! The bytes are a target, header fields and a body, with line feeds between them and an empty
//! line before the body; bytes without an empty line are a body alone.

use crate::cassette::format::{Direction, Exchange, Form, body_of_text};
use crate::cassette::journal;
use crate::http::message::{Body, Request, Response};
use crate::record::callback::Callbacks;
use crate::redact::{Redacted, Redactor};
use serde_json::Value;
use url::Url;

const BOT: &str = "http://127.0.0.1:3978/callback";
const LISTENER: &str = "http://127.0.0.1:1";

/// A secret that every request has.
const SECRET: &str = "hunter2-Pa55phrase";

/// What the secret is searched for by, and how many others with it may make it forgotten.
const RUN: &str = "Pa55phrase";
const ALIKE: usize = 4;

/// How often what is redacted may be redacted again before nothing changes.
const PASSES: usize = 4;

/// What [`address_holds`] and [`redaction_holds`] say.
///
/// # Panics
///
/// Where one of those does not hold.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (head, body) = text.split_once("\n\n").unwrap_or(("/app/calls", text));
    address_holds(body);
    redaction_holds(head, body);
}

fn callbacks() -> Callbacks {
    Callbacks::new(BOT.parse().expect("a URL"), LISTENER.to_owned())
}

/// What is rewritten is JSON that differs in addresses alone, each of which leads to the listener,
/// and from there to the same path and query of the bot. Nothing is left to rewrite.
fn address_holds(text: &str) {
    let callbacks = callbacks();
    let Ok(was) = serde_json::from_str(text) else {
        return;
    };
    let Some(rewritten) = callbacks.rewritten(text, &was) else {
        return;
    };
    let is: Value = serde_json::from_str(&rewritten).expect("what is rewritten is JSON");
    leads_there(&was, &is);
    let again = callbacks.rewritten(&rewritten, &is);
    assert!(again.is_none_or(|again| again == rewritten));
}

fn leads_there(was: &Value, is: &Value) {
    match (was, is) {
        (Value::String(was), Value::String(is)) if was != is => {
            let (was, is) = (address(was), address(is));
            assert_eq!(is.origin(), address(LISTENER).origin());
            assert_eq!((is.path(), is.query()), (was.path(), was.query()));
            let query = is.query().map(|it| format!("?{it}")).unwrap_or_default();
            let told = address(&callbacks().target(&format!("{}{query}", is.path())));
            assert_eq!(told.origin(), address(BOT).origin());
            assert_eq!((told.path(), told.query()), (was.path(), was.query()));
        }
        (Value::Array(was), Value::Array(is)) => {
            assert_eq!(was.len(), is.len());
            was.iter()
                .zip(is)
                .for_each(|(was, is)| leads_there(was, is));
        }
        (Value::Object(was), Value::Object(is)) => {
            assert!(was.keys().eq(is.keys()));
            let values = was.values().zip(is.values());
            values.for_each(|(was, is)| leads_there(was, is));
        }
        _ => assert_eq!(was, is),
    }
}

fn address(text: &str) -> Url {
    text.parse().expect("only addresses are rewritten")
}

/// A secret that is known is gone. What is redacted comes to rest, under any key. Names of fields
/// stay, and JSON stays JSON. The line of the journal reads back equal, but for text that is JSON.
fn redaction_holds(head: &str, body: &str) {
    let exchange = exchange(head, body);
    let redactor = Redactor::new([7; 32]);
    let redacted = redactor.redact(exchange.clone());
    let is = redacted.get();
    let line = serde_json::to_string(&redacted).expect("an exchange is JSON");
    let alike = |text: &str| text.matches(RUN).count();
    if alike(head) + alike(body) < ALIKE {
        assert_gone(&line);
    }
    settles(&redactor, redacted.clone());
    settles(&Redactor::new([8; 32]), redacted.clone());

    let names = |it: &Exchange| -> Vec<String> {
        let fields = it.request.headers.iter();
        fields.map(|(name, _)| name.to_owned()).collect()
    };
    assert_eq!(names(is), names(&exchange));
    for (name, value) in is.request.headers.iter() {
        if name.eq_ignore_ascii_case("authorization") {
            let credentials = value.rsplit(' ').next().unwrap_or_default();
            assert!(credentials.is_empty() || credentials.starts_with("redacted-"));
        }
    }
    let kind = |it: &Exchange| std::mem::discriminant(&it.request.body);
    assert_eq!(kind(is), kind(&exchange));

    let header = r#"{"version":1,"directions":["request"]}"#;
    let read = journal::parse(
        "a.jsonl",
        format!("{header}\n{line}\n").as_bytes(),
        Form::Decoded,
    );
    let exchanges = read.expect("a line is read").exchanges;
    let mut expected = is.clone();
    // A line has text to the letter. Readers take text that is JSON for JSON.
    let response = expected.response.iter_mut().map(|it| &mut it.body);
    for body in response.chain([&mut expected.request.body]) {
        if let Body::Text(text) = body {
            *body = body_of_text(std::mem::take(text));
        }
    }
    assert_eq!(
        exchanges.iter().map(|(_, it)| it).collect::<Vec<_>>(),
        [&expected]
    );
}

/// Where the secret is followed by a letter or a digit it may be a part of something else.
fn assert_gone(line: &str) {
    for (at, _) in line.match_indices(SECRET) {
        let after = line.as_bytes().get(at + SECRET.len());
        assert!(after.is_some_and(u8::is_ascii_alphanumeric), "{line}");
    }
}

/// What is replaced may make a secret of what stands around it, such as JSON of broken JSON. That
/// comes to an end.
fn settles(redactor: &Redactor, mut redacted: Redacted<Exchange>) {
    for _ in 0..PASSES {
        let again = redactor.redact(redacted.get().clone());
        if again == redacted {
            return;
        }
        redacted = again;
    }
    panic!("it goes on: {redacted:?}");
}

/// The request, with a secret in a field of its own, answered with its own body as text.
fn exchange(head: &str, body: &str) -> Exchange {
    let mut lines = head.split('\n');
    let target = lines.next().unwrap_or_default();
    let fields = lines.filter_map(|line| line.split_once(':'));
    // Names are kept, whatever they are.
    let fields = fields.filter(|(name, _)| !name.contains(SECRET));
    let mut headers: Vec<_> = fields
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    headers.push(("Authorization".to_owned(), format!("Bearer {SECRET}")));
    let mut request = Request::new("POST", target);
    request.headers = headers.into();
    request.body = body_of_text(body.to_owned());
    let mut response = Response::new(200);
    response.body = Body::Text(body.to_owned());
    Exchange {
        response: Some(response),
        ..Exchange::new(1, Direction::Request, request)
    }
}
