//! Live halves that a test writes itself, and recordings of single exchanges.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A request as a live half got it.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub target: String,
    pub head: String,
    pub body: Value,
}

/// A party that answers every request by a function, and keeps what it got.
pub(crate) struct Party {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Party {
    /// The function gives a status and a body.
    pub(crate) fn start(answer: impl Fn(&Got) -> (u16, Value) + Send + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    pub(crate) fn on(
        listener: TcpListener,
        answer: impl Fn(&Got) -> (u16, Value) + Send + 'static,
    ) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&stream) else {
                    // A connection that only asks whether somebody is there.
                    continue;
                };
                let (status, body) = answer(&request);
                kept.lock().unwrap().push(request);
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // The other one may have gone.
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { url, got }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Got> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let field = head.split_once("content-length: ");
    let length = field.map_or("0", |(_, rest)| rest.lines().next().unwrap());
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some(Got {
        target: head.split(' ').nth(1)?.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        head,
    })
}

/// Sends a notification to an address. Returns the status.
pub(crate) fn notify(address: &str, body: &Value) -> u16 {
    let (host, path) = address
        .strip_prefix("http://")
        .and_then(|it| it.split_once('/'))
        .unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let body = body.to_string();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].parse().unwrap()
}

/// A recorded request, with its answer.
pub(crate) fn request_exchange(number: u64, target: &str, body: &Value, answer: &Value) -> Value {
    exchange(number, "request", target, body, (200, answer))
}

/// A recorded notification.
pub(crate) fn notification_exchange(number: u64, target: &str, body: &Value) -> Value {
    exchange(number, "notification", target, body, (202, &Value::Null))
}

fn exchange(
    number: u64,
    direction: &str,
    target: &str,
    body: &Value,
    (status, answer): (u16, &Value),
) -> Value {
    let fields = json!([["Content-Type", "application/json"]]);
    json!({
        "number": number, "direction": direction, "at_ms": number, "took_ms": 0,
        "request": {"method": "POST", "target": target, "headers": fields, "body": {"json": body}},
        "response": {"status": status, "headers": fields, "body": {"json": answer}},
    })
}

/// A cassette of these exchanges, as it stands in a folder.
pub(crate) fn cassette(folder: &Path, exchanges: &[Value]) -> PathBuf {
    let path = folder.join("tape.jsonl");
    let header = json!({"version": 1, "directions": ["request", "notification"]});
    let lines = std::iter::once(&header).chain(exchanges);
    let lines: Vec<_> = lines.map(|it| format!("{it}\n")).collect();
    std::fs::write(&path, lines.concat()).unwrap();
    path
}
