//! Recordings that are none, and exchanges that cannot be played again: told, with place and remedy,
//! and nobody is blamed for them.

use std::io::{Read as _, Write as _};
use std::process::Command;

use serde_json::{Value, json};

use super::live::{Party, cassette, notification_exchange, request_exchange};
use super::{Tape, confcall, running, send_recorded};

/// A file that is no recording.
struct Wrong {
    name: &'static str,
    bytes: Vec<u8>,
    place: &'static str,
    message: &'static str,
    remedy: &'static str,
}

fn files_that_are_no_recordings() -> Vec<Wrong> {
    let wrong = |name, bytes: &[u8], place, message, remedy| Wrong {
        name,
        bytes: bytes.to_vec(),
        place,
        message,
        remedy,
    };
    let record = "record something first";
    let mut gzip = vec![0x1f, 0x8b, 0x08, 0x00];
    gzip.extend(b"whatever\n");
    vec![
        wrong("empty", b"", ":1: ", "the file is empty", record),
        wrong("blank", b"\n\n", ":1: ", "the file is empty", record),
        wrong(
            "header-only",
            b"{\"version\":1,\"directions\":[]}\n",
            ": ",
            "the recording is empty",
            "record something first",
        ),
        wrong(
            "of-the-future",
            b"{\"version\":99,\"directions\":[]}\n{\"new\":1}\n",
            ":1: ",
            "format version 99 is unknown",
            "reads versions up to 2",
        ),
        wrong(
            "no-entries.har",
            b"{\"log\":{\"version\":\"1.2\",\"entries\":[]}}",
            ": ",
            "the recording is empty",
            "record something first",
        ),
        wrong("gzip", &gzip, ":1: ", "the file is compressed", "gunzip"),
        wrong(
            "prose",
            b"Dear Sirs,\n",
            ":1:1: ",
            "expected value",
            "a HAR file",
        ),
        wrong(
            "array.har",
            b"[]",
            ":1:1: ",
            "this is not a JSON object",
            "a HAR file",
        ),
        wrong(
            "arrays.jsonl",
            b"[1, [\"request\"]]\n",
            ":1:1: ",
            "this is not a JSON object",
            "a HAR file",
        ),
        wrong(
            "array-of-a-line",
            b"{\"version\":1,\"directions\":[]}\n []\n",
            ":2:2: ",
            "this is not a JSON object",
            "confcall schema cassette",
        ),
        wrong(
            "deep.jsonl",
            &deep(),
            ":2:250: ",
            "recursion limit exceeded",
            "confcall schema cassette",
        ),
        wrong(
            "wrong-line",
            b"{\"version\":1,\"directions\":[]}\n{}\n{}\n",
            ":2:2: ",
            "missing field",
            "confcall schema cassette",
        ),
    ]
}

/// A cassette whose body has more levels than a parser takes.
fn deep() -> Vec<u8> {
    let body = "[".repeat(200) + &"]".repeat(200);
    let request = json!({"method": "POST", "target": "/x", "headers": [], "body": {"json": 0}});
    let line = request
        .to_string()
        .replace("{\"json\":0}", &format!("{{\"json\":{body}}}"));
    let line = format!(
        "{{\"number\":1,\"direction\":\"request\",\"at_ms\":0,\"took_ms\":0,\"request\":{line}}}"
    );
    format!("{{\"version\":1,\"directions\":[]}}\n{line}\n").into_bytes()
}

/// Each command that reads a recording, of a path.
fn commands(path: &str) -> [Vec<&str>; 3] {
    [
        vec!["check", path],
        vec!["replay", path],
        vec!["replay", path, "--service", "http://127.0.0.1:9"],
    ]
}

#[test]
fn what_is_no_recording_ends_with_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in files_that_are_no_recordings() {
        let path = folder.path().join(wrong.name);
        std::fs::write(&path, &wrong.bytes).unwrap();
        for command in commands(path.to_str().unwrap()) {
            let (code, printed) = confcall(&command);
            assert_eq!(code, Some(2), "{command:?}: {printed}");
            let expected_text =
                format!("error: {}{}{}", path.display(), wrong.place, wrong.message);
            assert!(
                printed.contains(&expected_text),
                "{expected_text}: {printed}"
            );
            let (_, remedy) = printed.split_once("\n  = help: ").unwrap();
            assert!(remedy.contains(wrong.remedy), "{printed}");
        }
    }
    for command in commands(folder.path().to_str().unwrap()) {
        let (code, printed) = confcall(&command);
        assert_eq!(code, Some(2), "{printed}");
        let expected_text =
            "no-entries.har: the recording is empty\n  = help: record something first";
        assert!(printed.contains(expected_text), "{printed}");
    }
}

#[cfg(unix)]
#[test]
fn a_device_and_a_pipe_are_read_as_files_are() {
    for command in commands("/dev/null") {
        let (code, printed) = confcall(&command);
        assert_eq!(code, Some(2), "{printed}");
        assert!(
            printed.contains("/dev/null:1: the file is empty"),
            "{printed}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let written = |bytes: Vec<u8>| {
        let pipe = pipe.clone();
        std::thread::spawn(move || {
            let opened = std::fs::OpenOptions::new().write(true).open(pipe);
            opened.unwrap().write_all(&bytes).unwrap();
        })
    };
    for command in commands(pipe.to_str().unwrap()) {
        let writer = written(Vec::new());
        let (code, printed) = confcall(&command);
        writer.join().unwrap();
        assert_eq!(code, Some(2), "{printed}");
        assert!(printed.contains("pipe:1: the file is empty"), "{printed}");
    }
    let writer = written(std::fs::read(Tape::new().write(folder.path())).unwrap());
    let (code, printed) = confcall(&["show", pipe.to_str().unwrap()]);
    writer.join().unwrap();
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("/calls"), "{printed}");
    let writer = written(std::fs::read(Tape::new().write(folder.path())).unwrap());
    let replay = running(&["replay", pipe.to_str().unwrap()]);
    writer.join().unwrap();
    let created = Tape::new().request_to("/calls").clone();
    let (status, _) = send_recorded(replay.url(), &created, &created["request"]["body"]["json"]);
    assert_eq!(status, 201);
}

type Change = fn(&mut Value);

/// What makes an exchange one that cannot be answered again, and why.
fn unanswerable() -> Vec<(&'static str, Change)> {
    vec![
        ("it has no response", |it| {
            it.as_object_mut().unwrap().remove("response");
        }),
        ("the connection was reset", |it| {
            it["broke"] = json!("the connection was reset");
        }),
        ("passed on unread", |it| {
            it["response"]["status"] = json!(101);
            it["broke"] = json!("it was passed on unread");
        }),
        ("101 is not the status of a response", |it| {
            it["response"]["status"] = json!(101);
        }),
        ("99 is not the status of a response", |it| {
            it["response"]["status"] = json!(99);
        }),
        ("1000 is not the status of a response", |it| {
            it["response"]["status"] = json!(1000);
        }),
    ]
}

/// What makes an answer one that cannot be given again, though it can be asked for.
fn ungivable() -> Vec<(&'static str, Change)> {
    vec![
        ("its body of 2097152 bytes was not recorded", |it| {
            it["response"]["body"] = json!({"omitted": {"length": 2_097_152, "sha256": ""}});
        }),
        ("its body is not base64", |it| {
            it["response"]["body"] = json!({"base64": "!!!"});
        }),
        ("is not a valid header name", |it| {
            it["response"]["headers"] = json!([["in valid", "x"]]);
        }),
        ("has a control character", |it| {
            it["response"]["headers"] = json!([["X-A", "x\r\nInjected: y"]]);
        }),
    ]
}

#[test]
fn the_recorded_service_answers_502_where_it_cannot_answer() {
    let folder = tempfile::tempdir().unwrap();
    let asked_for = json!({"a": 1});
    for (why, change) in unanswerable().into_iter().chain(ungivable()) {
        let mut broken = request_exchange(1, "/things", &asked_for, &json!({}));
        change(&mut broken);
        let whole = request_exchange(2, "/others", &asked_for, &json!({"b": 2}));
        // It is no pass, also beside what was played.
        for exchanges in [vec![broken.clone()], vec![broken.clone(), whole]] {
            let file = cassette(folder.path(), &exchanges);
            let report = folder.path().join("report.json");
            let json = format!("json={}", report.display());
            let replay = running(&["replay", file.to_str().unwrap(), "--report", &json]);
            let (status, answer) = send_recorded(replay.url(), &exchanges[0], &asked_for);
            assert_eq!(status, 502, "{why}: {answer}");
            let printed = answer["error"]["message"].as_str().unwrap();
            assert!(
                printed.starts_with("exchange 1 cannot be replayed: "),
                "{printed}"
            );
            assert!(printed.contains(why), "{printed}");
            if let Some(whole) = exchanges.get(1) {
                assert_eq!(
                    send_recorded(replay.url(), whole, &asked_for),
                    (200, json!({"b": 2}))
                );
            }
            let (actual, text) = replay.end();
            assert_eq!(actual, Some(1), "{why}: {text}");
            let report = std::fs::read_to_string(report).unwrap();
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["results"][0]["verdict"], "inconclusive");
            let note = report.pointer("/results/0/notes/0").unwrap().to_string();
            assert!(note.contains("it was answered 502"), "{note}");
        }
    }
}

#[test]
fn the_recorded_bot_passes_over_what_it_cannot_ask() {
    let requests: Vec<(&str, Change)> = vec![
        ("its body of 2097152 bytes was not recorded", |it| {
            it["request"]["body"] = json!({"omitted": {"length": 2_097_152, "sha256": ""}});
        }),
        ("its body is not base64", |it| {
            it["request"]["body"] = json!({"base64": "!!!"});
        }),
        ("`IN VITE` is not an HTTP method", |it| {
            it["request"]["method"] = json!("IN VITE");
        }),
        ("is not a valid header name", |it| {
            it["request"]["headers"] = json!([["in valid", "x"]]);
        }),
        // None of them may lead to another address.
        ("`@127.0.0.1:9/x` is not a path", |it| {
            it["request"]["target"] = json!("@127.0.0.1:9/x");
        }),
        ("`1/x` is not a path", |it| {
            it["request"]["target"] = json!("1/x");
        }),
        ("`*` is not a path", |it| {
            it["request"]["target"] = json!("*");
        }),
        ("`` is not a path", |it| it["request"]["target"] = json!("")),
        ("`http://other.invalid/x` is not a path", |it| {
            it["request"]["target"] = json!("http://other.invalid/x");
        }),
    ];
    let folder = tempfile::tempdir().unwrap();
    let body = json!({"a": 1});
    for (why, change) in unanswerable().into_iter().chain(requests) {
        let mut broken = request_exchange(1, "/app/calls/1/x", &body, &json!({}));
        change(&mut broken);
        // What it brought about does not come.
        let entry = json!({"changeType": "deleted", "resource": "/app/calls/1/operations/2"});
        let mut brought = notification_exchange(2, "/callback", &json!({"value": [entry]}));
        brought["cause"] = json!({"exchange": 1, "by": "call"});
        let whole = request_exchange(3, "/app/calls/1/y", &body, &json!({}));
        for (exchanges, code) in [
            (vec![broken.clone(), brought.clone()], Some(1)),
            (vec![broken.clone(), brought, whole], Some(0)),
        ] {
            let file = cassette(folder.path(), &exchanges);
            let service = Party::start(|_| (200, json!({})));
            let file = file.to_str().unwrap();
            let (actual, text) = confcall(&["replay", file, "--service", &service.url]);
            assert_eq!(actual, code, "{why}: {text}");
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let expected_text = "note: exchange 1 was skipped: ";
            assert!(
                text.contains(expected_text) && text.contains(why),
                "{why}: {text}"
            );
            let expected_text = "the notifications that exchange 1 caused are not required";
            assert!(text.contains(expected_text), "{why}: {text}");
            let got: Vec<_> = service.got().into_iter().map(|it| it.target).collect();
            let sent = ["/app/calls/1/y"];
            assert_eq!(got, sent[..exchanges.len() - 2], "{why}");
        }
    }
}

#[test]
fn what_was_not_kept_is_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let omitted = json!({"omitted": {"length": 2_097_152, "sha256": ""}});
    let mut answered = request_exchange(1, "/things", &json!({"a": 1}), &json!({}));
    answered["response"]["body"] = omitted;
    let file = cassette(folder.path(), &[answered]);
    let service = Party::start(|_| (200, json!({"anything": "at all"})));
    let (code, text) = confcall(&["replay", file.to_str().unwrap(), "--service", &service.url]);
    assert_eq!(code, Some(0), "{text}");
    let expected_text = "the response body of exchange 1 was not recorded, so it is not compared";
    assert!(text.contains(expected_text), "{text}");
}

type Edit = fn(&mut [Value]);

/// Cassettes that somebody edited: how the recorded service and the recorded bot end.
#[test]
fn odd_numbers_causes_and_times_are_taken_as_they_stand() {
    let changes: [(&str, Edit); 8] = [
        ("lines in another order", <[Value]>::reverse),
        ("all of one number", |it| {
            for it in it {
                it["number"] = json!(1);
            }
        }),
        ("numbers without room above", |it| {
            for (at, it) in (0..).zip(it) {
                it["number"] = json!(u64::MAX - 1 + at);
            }
        }),
        ("its own cause", |it| {
            it[1]["cause"] = json!({"exchange": 2, "by": "call"});
        }),
        ("a cause that is nowhere", |it| {
            it[1]["cause"] = json!({"exchange": u64::MAX, "by": "call"});
        }),
        ("a cause that comes later", |it| {
            it[0]["cause"] = json!({"exchange": 2, "by": "call"});
        }),
        ("times without an end", |it| {
            for it in it {
                it["at_ms"] = json!(u64::MAX);
                it["took_ms"] = json!(u64::MAX);
            }
        }),
        ("an answer before its request", |it| {
            it[1]["at_ms"] = json!(0);
        }),
    ];
    let folder = tempfile::tempdir().unwrap();
    let body = json!({"id": "", "callback": ""});
    let entry = json!({"changeType": "deleted", "resource": "/app/calls/1/operations/2"});
    for (what, change) in changes {
        let mut exchanges = vec![
            request_exchange(1, "/app/calls/1/x", &body, &json!({"id": ""})),
            notification_exchange(2, "/callback", &json!({"value": [entry]})),
        ];
        let request = exchanges[0].clone();
        change(&mut exchanges);
        let file = cassette(folder.path(), &exchanges);
        let file = file.to_str().unwrap();

        let bot = Party::start(|_| (202, Value::Null));
        let replay = running(&["replay", file, "--bot", &bot.url]);
        assert_eq!(
            send_recorded(replay.url(), &request, &body).0,
            200,
            "{what}"
        );
        let (code, text) = replay.end();
        assert_eq!(code, Some(0), "{what}: {text}");
        assert_eq!(bot.got()[0].target, "/callback", "{what}");

        let service = Party::start(|_| (200, json!({"id": ""})));
        let recorded_request = ["replay", file, "--service", &service.url];
        let (code, text) = confcall(&[&recorded_request[..], &["--deadline", "300ms"]].concat());
        assert_eq!(code, Some(1), "{what}: {text}");
        assert!(
            text.contains("1 failed") && text.contains("notification.missing"),
            "{text}"
        );
        assert_eq!(service.got()[0].body, body, "{what}");

        let (code, text) = confcall(&["check", file]);
        assert_eq!(code, Some(1), "{what}: {text}");
    }
}

#[cfg(unix)]
#[test]
fn recorded_delays_are_kept_to_the_last_answer() {
    let folder = tempfile::tempdir().unwrap();
    let body = json!({"a": 1});
    let replayed = |took: u64| {
        let mut slow = request_exchange(1, "/things", &body, &json!({"b": 2}));
        slow["took_ms"] = json!(took);
        let file = cassette(folder.path(), &[slow.clone()]);
        let more = ["--timing", "recorded", "--deadline", "100ms"];
        let arguments = ["replay", file.to_str().unwrap()];
        (running(&[&arguments[..], &more].concat()), slow)
    };
    // Longer than the deadline, and than what an ending replay waits for connections.
    let (replay, slow) = replayed(500);
    assert_eq!(
        send_recorded(replay.url(), &slow, &body),
        (200, json!({"b": 2}))
    );
    assert_eq!(replay.end().0, Some(0));

    // What nobody lives to see goes out at a signal: an answer that never did would be no pass.
    let (replay, _) = replayed(u64::MAX);
    let address = replay.url().strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address.trim_end_matches('/')).unwrap();
    let request =
        format!("POST /things HTTP/1.1\r\nHost: {address}\r\nContent-Length: 7\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    ended(replay.child.id());
    let mut printed = String::new();
    // A connection that was not taken is reset.
    let _ = stream.read_to_string(&mut printed);
    // Whether the request was read before the signal is not known.
    let is_played = printed.starts_with("HTTP/1.1 200 ");
    let code = if is_played { 0 } else { 130 };
    assert_eq!(replay.end().0, Some(code), "{printed}");
}

/// Ends a process by SIGTERM.
#[cfg(unix)]
fn ended(process: u32) {
    let kill = Command::new("kill")
        .args(["-TERM", &process.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// The text with other GUIDs in it, for each but this one another.
fn with_other_ids(text: &str, same: &str) -> String {
    let is_other = |it: char| it != '-' && !it.is_ascii_hexdigit();
    let ids = text.split(is_other);
    let ids = ids.filter(|it| it.len() == 36 && *it != same);
    ids.fold(text.to_owned(), |text, id| {
        let other: String = id.chars().rev().filter(|it| *it != '-').collect();
        text.replace(id, &other)
    })
}

#[test]
fn two_conversations_that_were_mixed_are_reported_apart() {
    let mut tape = Tape::new();
    let tenant = tape.request_to("/calls")["response"]["body"]["json"]["tenantId"].clone();
    let of = |exchange: &Value, which: u64| {
        let mut text = exchange.to_string();
        if which == 1 {
            text = with_other_ids(&text, tenant.as_str().unwrap());
        }
        let mut exchange: Value = serde_json::from_str(&text).unwrap();
        let number = |it: &Value| json!(2 * it.as_u64().unwrap() + which);
        exchange["number"] = number(&exchange["number"]);
        if let Some(cause) = exchange.pointer_mut("/cause/exchange") {
            *cause = number(cause);
        }
        exchange
    };
    let header = tape.0.remove(0);
    let mixed = tape.0.iter().flat_map(|it| [of(it, 0), of(it, 1)]);
    let mixed = Tape(std::iter::once(header).chain(mixed).collect());
    let (code, text) = super::check(&mixed, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("8 passed, 0 failed"), "{text}");
    let (code, text) = super::replayed_bot(&mixed, &[]);
    assert_eq!(code, Some(0), "{text}");
}
