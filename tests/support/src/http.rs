//! Plain HTTP/1.1 on both sides of a connection, and free ports.

use std::io::{self, BufRead, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How long a test waits for bytes that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port of the loopback address that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Sends a POST with a JSON body, as [`send`] does.
pub fn post(url: &str, path: &str, fields: &str, body: &str) -> io::Result<String> {
    send("POST", url, path, fields, body)
}

/// Sends a request with a JSON body to a path below a URL (`http://HOST:PORT`, with or without a path).
/// `fields` are further header lines, each with its line end. Returns the answer as it came.
pub fn send(method: &str, url: &str, path: &str, fields: &str, body: &str) -> io::Result<String> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let target = format!("{}{path}", base.trim_end_matches('/'));
    let target = if target.is_empty() { "/" } else { &target };
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{fields}\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A connection that does not wait for ever.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A party at this address, of which the function serves each connection, in a thread of its own.
/// Returns its HOST:PORT.
pub fn party<F>(address: &str, serve: F) -> String
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || {
                let stream = stream?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                // A recorder that was killed breaks its connections.
                serve(stream)
            });
        }
    });
    address
}

/// A message as it came: its head, with the empty line, and its body, with its framing.
pub struct Message {
    pub head: String,
    pub body: Vec<u8>,
}

impl Message {
    /// The value of a field, its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self
            .head
            .lines()
            .skip(1)
            .filter_map(|it| it.split_once(':'));
        let (_, value) = fields.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }
}

/// Reads one message with a length or in chunks; none where the connection is closed before its
/// end.
pub fn read(stream: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut message = Message {
        head: String::new(),
        body: Vec::new(),
    };
    while !message.head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut message.head)? == 0 {
            return Ok(None);
        }
    }
    let length = message
        .field("content-length")
        .map(|it| it.parse().unwrap());
    if message.field("transfer-encoding").is_some() {
        loop {
            let start = message.body.len();
            if stream.read_until(b'\n', &mut message.body)? == 0 {
                return Ok(None);
            }
            let size = String::from_utf8_lossy(&message.body[start..]).into_owned();
            let size = size.split([';', '\r']).next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16).unwrap();
            if size == 0 {
                break;
            }
            let chunk = stream.take(size + 2).read_to_end(&mut message.body)?;
            if chunk as u64 != size + 2 {
                return Ok(None);
            }
        }
        // Trailers, and the empty line.
        let mut line = Vec::new();
        while line != b"\r\n" {
            line.clear();
            if stream.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            message.body.extend(&line);
        }
    } else if let Some(length) = length {
        stream.take(length).read_to_end(&mut message.body)?;
        if message.body.len() as u64 != length {
            return Ok(None);
        }
    }
    Ok(Some(message))
}
