//! Plain HTTP/1.1 over one connection for each request, and free ports.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// How long a test waits for bytes that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port of the loopback address that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Sends a POST with a JSON body to a path below a URL (`http://HOST:PORT`, with or without a path).
/// `fields` are further header lines, each with its line end. Returns the answer as it came.
pub fn post(url: &str, path: &str, fields: &str, body: &str) -> io::Result<String> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let target = format!("{}{path}", base.trim_end_matches('/'));
    let target = if target.is_empty() { "/" } else { &target };
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{fields}\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
