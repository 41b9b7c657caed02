//! `confcall record` as a process, and raw HTTP/1.1 on both of its sides.

use std::fs::File;
use std::io::{self, BufRead, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use confcall_test_support::process::Process;

/// How long a test waits for what must come: a recorder that hangs fails it.
const PATIENCE: Duration = Duration::from_secs(20);

/// `confcall record`, which ends with the test.
pub struct Recorder {
    pub process: Process,
    stderr: PathBuf,
    /// Where it listens, HOST:PORT: first for requests, then for notifications.
    pub addresses: Vec<String>,
}

impl Recorder {
    /// Starts it; it prints so many addresses.
    pub fn start(cassette: &Path, arguments: &[&str], addresses: usize) -> Self {
        let stderr = cassette.with_extension("stderr");
        let mut command = confcall();
        command.args(["record", "--cassette"]).arg(cassette);
        command.stderr(File::create(&stderr).unwrap());
        let process = Process::start(command.args(arguments), addresses);
        let addresses = process.addresses.iter();
        let addresses = addresses.map(|it| it.strip_prefix("http://").unwrap().to_owned());
        Self {
            addresses: addresses.collect(),
            process,
            stderr,
        }
    }

    /// Ends it by SIGKILL. Returns what it printed meanwhile.
    pub fn kill(mut self) -> String {
        self.process.kill();
        std::fs::read_to_string(&self.stderr).unwrap() + &self.process.read_to_end()
    }
}

/// The binary, in an environment without settings of a user's.
pub fn confcall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command.env_remove("CONFCALL_TOKEN");
    command
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
