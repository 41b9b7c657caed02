//! What the recorded bot chose is chosen anew in each replay, and must come back as it is now.

use std::path::Path;

use serde_json::{Value, json};

use super::live::{Got, Party, cassette, notification_exchange, notify, request_exchange};
use super::{command, confcall};

const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";
const PERSON: &str = "550fae72-d251-43ec-868c-373732c2704f";
const CONTEXT: &str = "d45324c1-fcb5-430a-902c-f20af696537c";
const REQUEST: &str = "0f0c4e7a-3d2a-4b57-8a57-0f2d6f0a4c11";

fn invitation(context: &str) -> Value {
    let body = json!({
        "participants": [{"identity": {"user": {"id": PERSON}}}],
        "clientContext": context,
        "callbackUri": "https://bot.example/callback/7",
    });
    let target = format!("/app/calls/{CALL}/participants/invite");
    let mut invitation = request_exchange(
        1,
        &target,
        &body,
        &json!({"clientContext": context, "id": "o-1"}),
    );
    let fields = &mut invitation["request"]["headers"];
    fields
        .as_array_mut()
        .unwrap()
        .push(json!(["client-request-id", REQUEST]));
    invitation
}

fn entry() -> Value {
    json!({"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants")})
}

/// The recorded bot against a service that echoes a context, as told of what it got.
fn replayed(file: &Path, more: &[&str], echo: impl Fn(&Got) -> Value + Send + 'static) -> Played {
    let service = Party::start(move |got| {
        let callback = got.body["callbackUri"].as_str().map(str::to_owned);
        let strays = json!({"value": [{"changeType": "updated", "resource": "/app/calls/other"}]});
        if let Some(callback) = callback {
            // Another run had this port before.
            let (host, _) = callback.split_once("/run-").unwrap();
            notify(&format!("{host}/run-0123456789ab/callback/7"), &strays);
            notify(&callback, &json!({"value": [entry()]}));
        }
        (200, json!({"clientContext": echo(got), "id": "o-2"}))
    });
    let arguments = ["replay", file.to_str().unwrap(), "--service", &service.url];
    let mut replay = command(&arguments);
    replay.args(["--deadline", "500ms"]).args(more);
    let (code, text) = super::output_of(replay.env_remove("CI").env_remove("TF_BUILD"));
    Played {
        code,
        text,
        got: service.got().remove(0),
    }
}

struct Played {
    code: Option<i32>,
    text: String,
    got: Got,
}

impl Played {
    fn context(&self) -> &str {
        self.got.body["clientContext"].as_str().unwrap()
    }
}

#[test]
fn what_the_bot_chose_is_new_in_each_replay() {
    let folder = tempfile::tempdir().unwrap();
    for context in [CONTEXT.to_owned(), "c".to_owned(), "é".repeat(256)] {
        let expected = notification_exchange(2, "/callback/7", &json!({"value": [entry()]}));
        let file = cassette(folder.path(), &[invitation(&context), expected]);
        let echo = |got: &Got| got.body["clientContext"].clone();
        let played = [(); 2].map(|()| replayed(&file, &[], echo));
        for it in &played {
            assert_eq!(it.code, Some(0), "{}", it.text);
            assert!(
                it.text.contains("a notification of another run"),
                "{}",
                it.text
            );
            assert_ne!(it.context(), context);
            let length = context.chars().count().max(36);
            assert_eq!(it.context().chars().count(), length);
            // Whom the service knows stays.
            let person = it.got.body.pointer("/participants/0/identity/user/id");
            assert_eq!(person, Some(&json!(PERSON)));
            assert!(it.got.target.contains(CALL));
            assert!(!it.got.head.contains(REQUEST), "{}", it.got.head);
            let callback = it.got.body["callbackUri"].as_str().unwrap();
            assert!(callback.ends_with("/callback/7"), "{callback}");
        }
        let [one, other] = &played;
        assert_ne!(one.context(), other.context());
        let path = |it: &Played| {
            let callback = it.got.body["callbackUri"].as_str().unwrap().to_owned();
            callback.split_once("/run-").unwrap().1.to_owned()
        };
        assert_ne!(path(one), path(other));

        let recorded = context.clone();
        let stale = replayed(&file, &[], move |_| json!(recorded));
        assert_eq!(stale.code, Some(1), "{}", stale.text);
        let rule = "response.body, /clientContext";
        assert!(stale.text.contains(rule), "{}", stale.text);
    }
}

#[test]
fn snapshots_do_not_change_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let expected = notification_exchange(2, "/callback/7", &json!({"value": [entry()]}));
    let file = cassette(folder.path(), &[invitation(CONTEXT), expected]);
    let kept = folder.path().join("kept");
    let kept = kept.to_str().unwrap();
    let played = || {
        let echo = |got: &Got| got.body["clientContext"].clone();
        replayed(&file, &["--snapshots", kept], echo)
    };
    let first = played();
    assert_eq!(first.code, Some(1), "{}", first.text);
    let (code, text) = confcall(&["accept", kept, "--all"]);
    assert_eq!(code, Some(0), "{text}");
    for _ in 0..2 {
        let again = played();
        assert_eq!(again.code, Some(0), "{}", again.text);
    }
    let path = Path::new(kept).join("tape.jsonl__service.snap");
    let accepted = std::fs::read_to_string(path).unwrap();
    assert!(accepted.contains("{callback-1}"), "{accepted}");
    assert!(!accepted.contains(first.context()), "{accepted}");
    assert!(!accepted.contains("run-"), "{accepted}");
}
