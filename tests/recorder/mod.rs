//! `confcall record` as a process, and raw HTTP/1.1 on both of its sides.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// How long a test waits for what must come: a recorder that hangs fails it.
const PATIENCE: Duration = Duration::from_secs(20);

/// `confcall record`, which ends with the test.
pub struct Recorder {
    pub child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
    /// Where it listens, HOST:PORT: first for requests, then for notifications.
    pub addresses: Vec<String>,
}

impl Recorder {
    /// Starts it; it says so many addresses.
    pub fn start(cassette: &Path, arguments: &[&str], addresses: usize) -> Self {
        let stderr = cassette.with_extension("stderr");
        let mut child = confcall()
            .args(["record", "--cassette"])
            .arg(cassette)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let address = line.trim_end().strip_prefix("listening http://");
            address.unwrap_or_else(|| panic!("`{line}`")).to_owned()
        };
        let addresses = (0..addresses).map(|_| address()).collect();
        Self {
            child,
            stdout,
            stderr,
            addresses,
        }
    }

    /// Ends it by SIGKILL. Returns what it said meanwhile.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut said = std::fs::read_to_string(&self.stderr).unwrap();
        self.stdout.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
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
