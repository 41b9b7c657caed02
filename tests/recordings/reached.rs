//! Parties of a replay that are not there: from the start, later, or never.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::live::{Party, cassette, notification_exchange, request_exchange};
use super::{confcall, running, send_recorded};

const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

/// An address at which nobody listens.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", port.local_addr().unwrap())
}

fn invitation() -> Value {
    let target = format!("/app/calls/{CALL}/participants/invite");
    request_exchange(1, &target, &json!({"participants": []}), &json!({}))
}

fn incoming() -> Value {
    let resource = format!("/app/calls/{CALL}");
    let entry = json!({"changeType": "created", "resource": resource,
        "resourceData": {"state": "incoming"}});
    notification_exchange(2, "/callback", &json!({"value": [entry]}))
}

#[test]
fn a_service_or_a_hook_that_is_not_there_ends_a_replay_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = cassette(folder.path(), &[invitation()]);
    let there = Party::start(|_| (200, json!({})));
    let hook = nobody();
    for (service, given, who) in [
        (nobody(), None, "service"),
        (there.url.clone(), Some(&*hook), "hook for provider states"),
    ] {
        let mut arguments = vec!["replay", file.to_str().unwrap(), "--service", &service];
        // An hour that nobody waits.
        arguments.extend(["--deadline", "3600s"]);
        arguments.extend(given.iter().flat_map(|url| ["--given", url]));
        let (code, text) = confcall(&arguments);
        assert_eq!(code, Some(3), "{text}");
        let url = given.unwrap_or(&service);
        let expected = format!("the {who} at {url}/ cannot be reached: connection refused");
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("= help: start it first"), "{text}");
    }
    assert!(there.got().is_empty());
}

#[test]
fn a_hook_that_cannot_decides_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let file = cassette(folder.path(), &[invitation()]);
    for (status, verdict, why) in [
        (
            501,
            "SKIP",
            "the provider state call is not available: no calls today",
        ),
        (
            500,
            "INCONCLUSIVE",
            "failed for call: the response is 500: no calls today",
        ),
    ] {
        let hook = Party::start(move |_| (status, json!({"reason": "no calls today"})));
        let service = Party::start(|_| (200, json!({})));
        let file = file.to_str().unwrap();
        let (code, text) = confcall(&[
            "replay",
            file,
            "--service",
            &service.url,
            "--given",
            &hook.url,
        ]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(verdict) && text.contains(why), "{text}");
        assert!(service.got().is_empty(), "nothing is sent");
    }
}

#[test]
fn a_notification_that_cannot_be_delivered_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = nobody();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    // What brings it about has come, or nothing does.
    for exchanges in [vec![invitation(), incoming()], vec![incoming()]] {
        let file = cassette(folder.path(), &exchanges);
        for (bot, why) in [
            (&nobody, "nobody listens at"),
            (&silent, "no response to the notification"),
        ] {
            let file = file.to_str().unwrap();
            let replay = running(&["replay", file, "--bot", bot, "--deadline", "400ms"]);
            if exchanges.len() > 1 {
                send_recorded(replay.url(), &exchanges[0], &json!({"participants": []}));
            }
            let (code, text) = replay.end();
            assert_eq!(code, Some(1), "{text}");
            assert!(text.contains("acknowledgement.missing"), "{text}");
            assert!(text.contains(why), "{text}");
        }
    }
}

/// The bot must know the service's address before it starts.
#[test]
fn a_bot_that_comes_up_later_is_reported_what_began() {
    let folder = tempfile::tempdir().unwrap();
    let file = cassette(folder.path(), &[incoming()]);
    let bot = nobody();
    let replay = running(&["replay", file.to_str().unwrap(), "--bot", &bot]);
    let listener = TcpListener::bind(bot.strip_prefix("http://").unwrap()).unwrap();
    let bot = Party::on(listener, |_| (202, Value::Null));
    let (code, text) = replay.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(bot.got()[0].target, "/callback");
}
