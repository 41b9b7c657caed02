//! `confcall replay` of cassettes that stay in their file: of many lines, of long ones, changed while
//! they are replayed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use confcall_test_support::process::Process;
use serde_json::{Value, json};

use super::{command, running, send_recorded};

fn exchange(number: u64, sent: &Value, answered: &Value) -> Value {
    json!({
        "number": number, "direction": "request", "at_ms": number, "took_ms": 0,
        "request": {
            "method": "POST", "target": format!("/things/{}", number % 7), "headers": [],
            "body": {"json": sent},
        },
        "response": {
            "status": 200, "headers": [["Content-Type", "application/json"]],
            "body": {"json": answered},
        },
    })
}

fn write(path: &Path, exchanges: &[Value]) -> String {
    let header = json!({"version": 1, "directions": ["request"]}).to_string();
    let lines = exchanges.iter().map(Value::to_string);
    let lines: Vec<_> = std::iter::once(header).chain(lines).collect();
    let text = lines.join("\n") + "\n";
    std::fs::write(path, &text).unwrap();
    text
}

/// Asks for what was recorded, and for nothing else to be answered.
fn is_answered(replay: &Process, exchange: &Value) {
    let sent = &exchange["request"]["body"]["json"];
    let answer = send_recorded(replay.url(), exchange, sent);
    let recorded = &exchange["response"]["body"]["json"];
    assert_eq!(answer, (200, recorded.clone()), "{sent}");
}

#[test]
fn each_of_many_is_found_and_all_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.jsonl");
    let text = |number: u64| format!("{number} ").repeat(usize::try_from(number % 900).unwrap());
    let exchanges: Vec<_> = (1..=1500)
        .map(|number| {
            let sent = json!({"clientContext": format!("c-{number}"), "note": text(number)});
            exchange(
                number,
                &sent,
                &json!({"n": number, "note": text(number + 1)}),
            )
        })
        .collect();
    // The order of the lines is that of the ends; that of the beginnings counts.
    let mut lines = exchanges.clone();
    lines.chunks_mut(3).for_each(<[Value]>::reverse);
    assert!(write(&path, &lines).len() > 5 << 20);
    let replay = running(&["replay", path.to_str().unwrap()]);
    for exchange in exchanges.iter().rev() {
        is_answered(&replay, exchange);
    }
    let (code, text) = replay.end();
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn more_than_is_kept_is_answered_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    let long = "of some length ".repeat(1 << 16);
    let exchanges: Vec<_> = (1..=20)
        .map(|number| {
            exchange(
                number,
                &json!({"n": number}),
                &json!({"n": number, "note": long}),
            )
        })
        .collect();
    write(&path, &exchanges);
    let replay = running(&["replay", path.to_str().unwrap(), "--reuse"]);
    for exchange in exchanges.iter().chain(&exchanges).chain(&exchanges) {
        is_answered(&replay, exchange);
    }
}

/// As many exchanges, their answers so long that most of them are not kept.
fn long(count: u64, answered: impl Fn(u64) -> Value) -> Vec<Value> {
    let note = "of some length ".repeat(20_000);
    let numbers = 1..=count;
    numbers
        .map(|number| {
            let answer = json!({"n": number, "note": note, "answered": answered(number)});
            let mut exchange = exchange(number, &json!({"n": number}), &answer);
            let fields = json!([["Location", format!("/made/{number}")]]);
            exchange["response"]["headers"] = fields;
            exchange
        })
        .collect()
}

/// The answer to a recorded request: its head in small letters, and its body.
fn answer(replay: &Process, exchange: &Value) -> (String, String) {
    let address = replay.url().strip_prefix("http://").unwrap();
    let target = exchange["request"]["target"].as_str().unwrap();
    let body = exchange["request"]["body"]["json"].to_string();
    let length = body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    let fields = format!("Host: {address}\r\nConnection: close\r\nContent-Length: {length}");
    write!(stream, "POST {target} HTTP/1.1\r\n{fields}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase() + "\r\n", body.to_owned())
}

#[test]
fn what_is_not_kept_begins_as_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    let exchanges = long(40, |number| json!(number));
    write(&path, &exchanges);
    let replay = running(&["replay", path.to_str().unwrap(), "--reuse"]);
    let again = exchanges.iter().chain(exchanges.iter().rev());
    for exchange in again.chain(&exchanges) {
        let location = exchange.pointer("/response/headers/0/1").unwrap();
        let (head, body) = answer(&replay, exchange);
        let expected = format!("location: {}\r\n", location.as_str().unwrap());
        assert!(head.contains(&expected), "{head}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, exchange["response"]["body"]["json"]);
    }
}

#[test]
fn what_is_not_kept_says_what_it_is_in_this_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    let context = json!({"clientContext": "recorded"});
    let mut exchanges = long(30, |_| context.clone());
    // The bot makes it up: it has it first.
    exchanges.insert(0, exchange(0, &context, &context));
    write(&path, &exchanges);
    let replay = running(&["replay", path.to_str().unwrap(), "--reuse"]);
    let first = exchanges.remove(0);
    for round in 0..4 {
        let mut expected = "recorded";
        if round > 1 {
            expected = "live";
            let live = json!({"clientContext": expected});
            assert_eq!(send_recorded(replay.url(), &first, &live), (200, live));
        }
        for exchange in &exchanges {
            let (status, answer) =
                send_recorded(replay.url(), exchange, &exchange["request"]["body"]["json"]);
            let context = &answer["answered"]["clientContext"];
            assert_eq!((status, context), (200, &json!(expected)), "{round}");
        }
    }
}

#[test]
fn what_is_read_again_is_held_against_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.jsonl");
    let exchanges = long(30, |number| json!(number));
    let text = write(&path, &exchanges);
    let replay = Process::start(
        command(&["replay", path.to_str().unwrap(), "--reuse"]).stderr(Stdio::piped()),
        1,
    );
    for exchange in exchanges.iter().chain(&exchanges) {
        is_answered(&replay, exchange);
    }
    std::fs::write(&path, text.replace("some length", "same length")).unwrap();
    // What was kept is what it was.
    is_answered(&replay, &exchanges[0]);
    let (status, answer) = send_recorded(replay.url(), &exchanges[29], &json!({"n": 30}));
    assert_eq!(status, 500, "{answer}");
    ends_for_a_change(replay, 31);
}

#[test]
fn equal_requests_are_answered_in_recorded_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("equal.jsonl");
    let sent = json!({"clientContext": "c", "a": 1, "b": [{"id": "x"}]});
    let exchanges = [7, 14, 21].map(|number| exchange(number, &sent, &json!({"n": number})));
    write(&path, &exchanges);
    // In another order of properties, and with what differs in nothing.
    let other = json!({"b": [{"id": "x"}], "a": 1.0, "more": null, "clientContext": "c"});
    for reuse in [false, true] {
        let reused = reuse.then_some("--reuse");
        let arguments = ["replay", path.to_str().unwrap()];
        let arguments: Vec<_> = arguments.into_iter().chain(reused).collect();
        let replay = running(&arguments);
        for _ in 0..=usize::from(reuse) {
            is_answered(&replay, &exchanges[0]);
            let answer = send_recorded(replay.url(), &exchanges[1], &other);
            assert_eq!(answer, (200, json!({"n": 14})));
            is_answered(&replay, &exchanges[2]);
        }
    }
}

#[test]
fn a_torn_last_line_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torn.jsonl");
    let exchanges = [1, 2].map(|number| exchange(number, &json!({}), &json!({"n": number})));
    let text = write(&path, &exchanges);
    std::fs::write(&path, &text[..text.len() - 20]).unwrap();
    let mut replay = Process::start(
        command(&["replay", path.to_str().unwrap()]).stderr(Stdio::piped()),
        1,
    );
    is_answered(&replay, &exchanges[0]);
    let mut warned = String::new();
    let mut printed = replay.child.stderr.take().unwrap();
    let (code, text) = replay.end();
    printed.read_to_string(&mut warned).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert!(warned.contains("torn.jsonl:3"), "{warned}");
    assert!(warned.contains("the last line is incomplete"), "{warned}");
}

#[test]
fn a_cassette_that_is_changed_meanwhile_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.jsonl");
    let exchanges = [1, 2, 3].map(|number| exchange(number, &json!({"n": 1}), &json!({})));
    for reuse in [None, Some("--reuse")] {
        for is_cut_off in [true, false] {
            let text = write(&path, &exchanges);
            let arguments = ["replay", path.to_str().unwrap()];
            let arguments: Vec<_> = arguments.into_iter().chain(reuse).collect();
            let replay = Process::start(command(&arguments).stderr(Stdio::piped()), 1);
            is_answered(&replay, &exchanges[0]);
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            if is_cut_off {
                file.set_len(text.len() as u64 / 2).unwrap();
            } else {
                let other = text.replace("\"status\":200", "\"status\":500");
                std::fs::write(&path, other).unwrap();
            }
            let (status, answer) = send_recorded(replay.url(), &exchanges[2], &json!({"n": 1}));
            assert_eq!(status, 500, "{answer}");
            let printed = answer.pointer("/error/message").and_then(Value::as_str);
            assert!(
                printed.unwrap().contains("changed during the replay"),
                "{answer}"
            );
            ends_for_a_change(replay, 4);
        }
    }
}

/// A replay that has met a changed cassette ends with 3, and names the line.
fn ends_for_a_change(mut replay: Process, line: usize) {
    let mut errors = replay.child.stderr.take().unwrap();
    let (code, text) = replay.end();
    let mut expected_text = String::new();
    errors.read_to_string(&mut expected_text).unwrap();
    assert_eq!(code, Some(3), "{text}{expected_text}");
    let place = format!("changed.jsonl:{line}: the file was changed");
    assert!(expected_text.contains(&place), "{expected_text}");
}
