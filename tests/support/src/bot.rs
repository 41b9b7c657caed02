//! A small bot with an interface of its own, which knows nothing of confcall.
//!
//! `POST /calls/ID/people` with `{"service", "people", "look-up"}` makes it invite the people to a call at
//! this URL of the service, after a GET of each path in `look-up`. `/answers/STATUS` answers with this status.
//! Any other POST is acknowledged as a notification.

use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http;

/// A bot that runs until the test ends.
pub struct Bot {
    /// HOST:PORT.
    pub address: String,
    found: Arc<Mutex<Vec<Found>>>,
}

/// The answer to a GET of the bot.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub path: String,
    pub status: u16,
    pub body: Value,
}

impl Bot {
    pub fn start() -> Self {
        let found = Arc::default();
        let address = http::party("127.0.0.1:0", {
            let found = Arc::clone(&found);
            move |stream| serve(stream, &found)
        });
        Self { address, found }
    }

    /// What the bot has looked up, in order.
    pub fn found(&self) -> Vec<Found> {
        self.found.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, found: &Mutex<Vec<Found>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(message) = http::read(&mut reader)? {
        let path = message.head.split(' ').nth(1).unwrap();
        let status = match path.split('/').collect::<Vec<_>>()[..] {
            ["", "calls", _, "people"] => {
                invite(&serde_json::from_slice(&message.body).unwrap(), found)?
            }
            ["", "answers", status] => status.parse().unwrap(),
            _ => 202,
        };
        let reason = json!({"reason": format!("the bot answers {status}")}).to_string();
        write!(
            stream,
            "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{reason}",
            reason.len()
        )?;
    }
    Ok(())
}

/// Looks up and invites; the status of its answer.
fn invite(trigger: &Value, found: &Mutex<Vec<Found>>) -> io::Result<u16> {
    let service = trigger["service"].as_str().unwrap();
    let origin = service.split('/').take(3).collect::<Vec<_>>().join("/");
    let token = "Authorization: Bearer token\r\n";
    for path in trigger["look-up"].as_array().unwrap_or(&Vec::new()) {
        let path = path.as_str().unwrap();
        let answer = http::send("GET", &origin, path, token, "")?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        found.lock().unwrap().push(Found {
            path: path.to_owned(),
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: serde_json::from_str(body).unwrap_or_default(),
        });
    }
    let invitation = json!({"participants": trigger["people"], "clientContext": service});
    let answer = http::post(service, "", token, &invitation.to_string())?;
    Ok(if answer.starts_with("HTTP/1.1 20") {
        202
    } else {
        500
    })
}
