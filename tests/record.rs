//! `confcall record`, through the binary: between the built-in parties and raw sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

#[cfg(unix)]
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use confcall_test_support::cassette::{self, Content, Direction};
use confcall_test_support::http;
use confcall_test_support::process::Process;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

/// Starts a recorder, which prints so many addresses.
fn recorder(cassette: &Path, more: &[&str], lines: usize) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command.args(["record", "--cassette"]).arg(cassette);
    Process::start(command.args(more).env_remove("CONFCALL_TOKEN"), lines)
}

/// Sends a POST and reads the answer to its end.
fn post(url: &str, path: &str, fields: &str, body: &str) -> String {
    http::post(url, path, fields, body).unwrap()
}

/// A party that answers each connection with these bytes, and tells what it was sent.
fn party(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, expected_text) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut text, mut length) = (String::new(), 0);
            while !text.ends_with("\r\n\r\n") && reader.read_line(&mut text).unwrap() > 0 {
                let line = text.lines().last().unwrap().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            text += &String::from_utf8(body).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(text).is_err() {
                break;
            }
        }
    });
    (url, expected_text)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nSet-Cookie: s=hunter2x\r\n\
                  Connection: close\r\n\r\n{\"token\":\"abc1\"}";

#[test]
fn both_directions_are_recorded_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let (service, requests) = party(OK);
    let (bot, notifications) = party(OK);
    let callback = format!("{bot}/callback");
    let mut proxy = recorder(
        &cassette,
        &["--service", &format!("{service}/beta"), "--bot", &callback],
        2,
    );
    let body = format!("{{\"callbackUri\":\"{callback}\",\"password\":\"hunter2x\"}}");
    let fields = "Authorization: Bearer hunter2x\r\nTE: trailers\r\nscenario-id: s1\r\n";
    let answer = post(
        &proxy.addresses[0],
        "/app/calls?sig=hunter2x",
        fields,
        &body,
    );
    assert!(answer.ends_with("{\"token\":\"abc1\"}"), "{answer}");
    let sent = requests.recv().unwrap();
    assert!(sent.starts_with("POST /beta/app/calls?sig=hunter2x HTTP/1.1\r\n"));
    assert!(
        sent.contains(&format!("\"{}/callback\"", proxy.addresses[1])),
        "{sent}"
    );
    assert!(
        sent.contains("Bearer hunter2x") && !sent.contains("trailers"),
        "{sent}"
    );
    post(
        &proxy.addresses[1],
        "/callback",
        "scenario-id: s1\r\n",
        "{\"value\":[]}",
    );
    assert!(notifications.recv().unwrap().starts_with("POST /callback "));
    proxy.kill();

    let text = std::fs::read_to_string(&cassette).unwrap();
    assert!(
        !text.contains("hunter2x") && !text.contains("abc1"),
        "{text}"
    );
    let loaded = cassette::load(&cassette);
    let [request, notification] = &loaded.exchanges[..] else {
        panic!("{text}");
    };
    let Content::Json(body) = &request.request.body else {
        panic!("{text}");
    };
    assert_eq!(body["callbackUri"], callback, "as the bot wrote it");
    assert_eq!(notification.direction, Direction::Notification);
    assert_eq!(notification.cause.as_ref().unwrap().exchange, 1);
}

#[test]
fn a_service_elsewhere_is_reported_another_address() {
    let folder = tempfile::tempdir().unwrap();
    let (service, requests) = party(OK);
    let (bot, notifications) = party(OK);
    let arguments = [
        ["--service", &service],
        ["--bot", &bot],
        ["--callback-url", "https://tunnel.example/"],
    ];
    let proxy = recorder(&folder.path().join("a.jsonl"), arguments.as_flattened(), 2);
    let body = format!("{{\"callbackUri\":\"{bot}/callback?a\"}}");
    post(&proxy.addresses[0], "/app/calls", "", &body);
    let sent = requests.recv().unwrap();
    let expected_text = "{\"callbackUri\":\"https://tunnel.example/callback?a\"}";
    assert!(sent.ends_with(expected_text), "{sent}");
    post(&proxy.addresses[1], "/callback?a", "", "{}");
    assert!(
        notifications
            .recv()
            .unwrap()
            .starts_with("POST /callback?a ")
    );
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _requests) = party(OK);
    for round in 1..=5 {
        let cassette = folder.path().join(format!("{round}.jsonl"));
        let mut proxy = recorder(&cassette, &["--service", &service], 1);
        for number in 0..round {
            let answer = post(&proxy.addresses[0], &format!("/{number}"), "", "{}");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        proxy.kill();
        let loaded = cassette::load(&cassette);
        assert_eq!(loaded.exchanges.len(), round);
        assert!(loaded.torn.is_none());
    }
}

#[test]
fn an_upstream_that_breaks_off_breaks_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let (service, _requests) = party("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234");
    let mut proxy = recorder(&cassette, &["--service", &service], 1);
    let answer = post(&proxy.addresses[0], "/", "", "{}");
    assert!(!answer.ends_with("123456789"), "{answer}");
    proxy.kill();
    let loaded = cassette::load(&cassette);
    assert!(loaded.exchanges[0].broke.is_some());
}

#[cfg(unix)]
#[test]
fn the_end_tells_what_was_recorded_and_what_cannot_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let (service, _requests) = party("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234");
    let (bot, _notifications) = party(OK);
    let proxy = recorder(&cassette, &["--service", &service, "--bot", &bot], 2);
    post(&proxy.addresses[0], "/app/calls/1/invite", "", "{}");
    post(&proxy.addresses[1], "/callback", "", "{}");
    let pid = rustix::process::Pid::from_raw(proxy.child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let (code, text) = proxy.end();
    assert_eq!(code, Some(0), "{text}");
    let message = "a.jsonl: 1 request, 1 notification, 1 call; not replayable:\n  \
                exchange 1, `POST /app/calls/1/invite`: ";
    assert!(text.contains(message), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_service_that_is_not_there_is_a_bad_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let service = format!("http://{gone}");
    let mut proxy = recorder(&cassette, &["--service", &service], 1);
    let answer = post(&proxy.addresses[0], "/", "", "{}");
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    proxy.kill();
    assert!(cassette::load(&cassette).exchanges[0].broke.is_some());
}

/// What is done to a cassette that is being recorded, and what is said of it.
#[cfg(unix)]
type Loss = (fn(&Path), &'static str);

#[cfg(unix)]
const LOSSES: [Loss; 4] = [
    (|path| std::fs::remove_file(path).unwrap(), "was removed"),
    (
        |path| std::fs::rename(path, path.with_extension("old")).unwrap(),
        "was removed",
    ),
    (
        |path| {
            std::fs::copy(path, path.with_extension("new")).unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        },
        "was replaced",
    ),
    (|path| std::fs::write(path, "{").unwrap(), "was shortened"),
];

#[cfg(unix)]
#[test]
fn a_cassette_that_is_lost_while_it_is_recorded_ends_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _requests) = party(OK);
    for (at, (lose, message)) in LOSSES.into_iter().enumerate() {
        for is_followed in [true, false] {
            let cassette = folder.path().join(format!("{at}-{is_followed}.jsonl"));
            let expected_text = folder.path().join("stderr");
            let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
            command.args(["record", "--service", &service, "--cassette"]);
            command
                .arg(&cassette)
                .stderr(File::create(&expected_text).unwrap());
            let proxy = Process::start(&mut command, 1);
            let answer = post(&proxy.addresses[0], "/", "", "{}");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            lose(&cassette);
            // The recorder ends with the next exchange, which it does not answer whole; or when it is ended.
            if is_followed {
                let answer = http::post(&proxy.addresses[0], "/", "", "{}");
                assert!(!answer.is_ok_and(|it| it.ends_with('}')));
            } else {
                let process = Pid::from_child(&proxy.child);
                kill_process(process, Signal::TERM).unwrap();
            }
            let (code, _) = proxy.end();
            let expected_text = std::fs::read_to_string(&expected_text).unwrap();
            assert_eq!(code, Some(3), "{expected_text}");
            let expected = format!("{}: {message} during the recording", cassette.display());
            assert!(expected_text.contains(&expected), "{expected_text}");
        }
    }
}

/// A pipe would be opened, and read until a writer has come.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("a.jsonl");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let refused = Command::new(env!("CARGO_BIN_EXE_confcall"))
        .args(["record", "--service", "http://127.0.0.1:1", "--append"])
        .arg("--cassette")
        .arg(&pipe)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("not a regular file"), "{message}");
}

#[test]
fn a_cassette_that_exists_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    std::fs::write(&cassette, "").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_confcall"))
        .args(["record", "--service", "http://127.0.0.1:1", "--cassette"])
        .arg(&cassette)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("--append"), "{message}");
}
