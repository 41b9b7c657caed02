//! Cassettes of single exchanges, their replay, and messages that are sent and read byte by byte.

use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use confcall_test_support::http::{connect, party, read};
use serde_json::{Value, json};

use super::{confcall, running};

/// A cassette of the bot's requests.
pub(super) fn tape(folder: &Path, version: u32, exchanges: &[Value]) -> PathBuf {
    let path = folder.join("tape.jsonl");
    let header = json!({"version": version, "directions": ["request"]}).to_string();
    let mut text = header + "\n";
    for (number, exchange) in (1..).zip(exchanges) {
        let mut line =
            json!({"number": number, "direction": "request", "took_ms": 5, "at_ms": 20 * number});
        for (name, value) in exchange.as_object().unwrap() {
            line[name] = value.clone();
        }
        // Numbers beyond a double stand in texts of the test.
        text += &line.to_string().replace("\"<<", "").replace(">>\"", "");
        text += "\n";
    }
    std::fs::write(&path, text).unwrap();
    path
}

pub(super) fn exchange(request: &Value, response: &Value) -> Value {
    let mut exchange = json!({
        "request": {"method": "POST", "target": "/x", "headers": []},
        "response": {"status": 200, "headers": []},
    });
    for (part, given) in [("request", request), ("response", response)] {
        for (name, value) in given.as_object().unwrap() {
            exchange[part][name] = value.clone();
        }
    }
    exchange
}

/// Sends a request line with fields and a body, and returns the answer as it came.
pub(super) fn send(url: &str, line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let address = url.strip_prefix("http://").unwrap();
    let host = if fields.contains("Host:") {
        String::new()
    } else {
        format!("Host: {address}\r\n")
    };
    let mut stream = connect(address);
    let head = format!(
        "{line} HTTP/1.1\r\n{host}Connection: close, TE\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

pub(super) fn status(answer: &[u8]) -> u16 {
    std::str::from_utf8(&answer[9..12])
        .unwrap()
        .parse()
        .unwrap()
}

/// The head in small letters, and the body without chunks.
pub(super) fn parts(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let head: String = answer[..end].iter().copied().map(char::from).collect();
    let head = head.to_lowercase();
    let mut rest = &answer[end..];
    if !head.contains("chunked") {
        return (head, rest.to_vec());
    }
    let mut body = Vec::new();
    loop {
        let line = rest.iter().position(|it| *it == b'\n').unwrap();
        let size = std::str::from_utf8(&rest[..line]).unwrap().trim();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[line + 1..];
        if size == 0 {
            return (head, body);
        }
        body.extend(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

/// The answer of a recorded service to one request.
pub(super) fn replayed(exchanges: &[Value], line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = tape(folder.path(), 2, exchanges);
    let replay = running(&["replay", path.to_str().unwrap()]);
    send(replay.url(), line, fields, body)
}

/// The result of a recorded bot whose service gives this answer, and what the service got.
pub(super) fn played(path: &Path, answer: &[u8]) -> (Option<i32>, String, Vec<String>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let (answer, kept) = (answer.to_vec(), Arc::clone(&got));
    let service = party("127.0.0.1:0", move |stream| {
        let mut stream = BufReader::new(stream);
        while let Some(message) = read(&mut stream)? {
            let body = String::from_utf8_lossy(&message.body).into_owned();
            kept.lock().unwrap().push(message.head + &body);
            stream.get_mut().write_all(&answer)?;
        }
        Ok(())
    });
    let service = format!("http://{service}");
    let (code, text) = confcall(&["replay", path.to_str().unwrap(), "--service", &service]);
    let got = got.lock().unwrap().clone();
    (code, text, got)
}

pub(super) fn answer(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
