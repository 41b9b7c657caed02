//! A row played: a client, `confcall record`, an upstream.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use confcall_test_support::cassette;
use confcall_test_support::http::{connect, party, read};
use libtest_mimic::Failed;

use crate::must::{Captured, Must, has};
use crate::recorder::Recorder;
use crate::row::{Act, At, Row};

/// How long a party waits for the other's word.
const PATIENCE: Duration = Duration::from_secs(20);

/// What both parties of a row share.
#[derive(Default)]
struct Stage {
    state: Mutex<State>,
    changed: Condvar,
    /// The recorder's listener, HOST:PORT.
    recorder: OnceLock<String>,
}

#[derive(Default)]
struct State {
    signals: HashSet<&'static str>,
    /// What the upstream got, connection by connection.
    captured: Vec<Captured>,
    /// How many of its connections are open.
    open: usize,
    /// What a party could not do.
    failed: Vec<String>,
}

impl Stage {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
        changed
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> io::Result<()> {
        let state = self.state.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(state, PATIENCE, |it| !until(it));
        if waited.unwrap().1.timed_out() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

/// Plays a row, and holds what came of it against what must hold.
pub(crate) fn play(row: &Row) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.jsonl");
    let stage = Arc::new(Stage::default());
    let address = match row.at {
        At::V4 | At::Bot => Some("127.0.0.1:0"),
        At::V6 => Some("[::1]:0"),
        At::Nowhere => None,
    };
    let upstream = match address {
        Some(address) => {
            let (stage, scripts) = (Arc::clone(&stage), row.upstream.clone());
            party(address, move |stream| {
                upstream(&stage, &scripts, stream);
                Ok(())
            })
        }
        // Bound and given up at once.
        None => TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string(),
    };
    let url = format!("http://{upstream}{}", row.base);
    let mut recorder = if row.at == At::Bot {
        let nowhere = "http://127.0.0.1:9";
        Recorder::start(&path, &["--service", nowhere, "--bot", &url], 2)
    } else {
        Recorder::start(&path, &["--service", &url], 1)
    };
    let address = recorder.addresses[recorder.addresses.len() - 1].clone();
    stage.recorder.set(address.clone()).unwrap();
    let mut captured = Captured::default();
    let mut client = Party::new(connect(&address));
    let played = client.play(&row.client, &stage, &mut captured);
    drop(client);
    end(&mut recorder);
    recorder.kill();
    if let Err(failure) = played {
        stage.change(|it| it.failed.push(format!("the client could not {failure}")));
    }
    stage.wait(|it| it.open == 0)?;

    let mut failed = stage.change(|it| std::mem::take(&mut it.failed));
    let received = stage.change(|it| it.captured.clone());
    let received = Captured {
        is_reset: received.iter().any(|it| it.is_reset),
        bytes: received.into_iter().flat_map(|it| it.bytes).collect(),
    };
    for (party, captured, must) in [
        ("upstream", &received, &row.received),
        ("client", &captured, &row.answered),
    ] {
        failed.extend(mismatches(party, captured, must));
    }
    let loaded = cassette::load(&path);
    if failed.is_empty() {
        (row.written)(&loaded.exchanges);
        return Ok(());
    }
    Err(format!(
        "{}\n-- the upstream got\n{}\n-- the client got\n{}\n-- the cassette says\n{:#?}",
        failed.join("\n"),
        shown(&received.bytes),
        shown(&captured.bytes),
        loaded.exchanges,
    )
    .into())
}

/// Ends the recorder by SIGTERM, so that exchanges that broke are written.
fn end(recorder: &mut Recorder) {
    if !cfg!(unix) {
        return;
    }
    let process = recorder.process.child.id().to_string();
    let signal = move |it: &str| {
        let mut kill = Command::new("kill");
        kill.args([it, &process]).status().unwrap()
    };
    assert!(signal("-TERM").success());
    let (ended, waits) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            signal("-KILL");
        }
    });
    let status = recorder.process.child.wait().unwrap();
    drop(ended);
    watch.join().unwrap();
    assert!(status.success(), "the recorder did not end: {status}");
}

fn mismatches(party: &str, captured: &Captured, must: &[Must]) -> Vec<String> {
    let unmet = must.iter().filter(|it| !captured.holds(it));
    let mut mismatches: Vec<_> = unmet
        .map(|it| {
            let it = format!("{it:?}");
            let it: String = it.chars().take(400).collect();
            format!("the {party} did not get what it must: {it}")
        })
        .collect();
    let senseless = captured.senseless();
    mismatches.extend(senseless.map(|it| format!("the {party} got {it}")));
    mismatches
}

/// The beginning of the bytes, as text.
fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(2_000)];
    start.escape_ascii().to_string().replace("\\r\\n", "\n")
}

/// Serves a connection of the upstream.
fn upstream(stage: &Stage, scripts: &[Vec<Act>], stream: TcpStream) {
    let index = stage.change(|it| {
        it.open += 1;
        it.captured.push(Captured::default());
        it.captured.len() - 1
    });
    let mut captured = Captured::default();
    let mut party = Party::new(stream);
    let script = &scripts[index.min(scripts.len() - 1)];
    let played = party.play(script, stage, &mut captured);
    drop(party);
    stage.change(|it| {
        it.open -= 1;
        it.captured[index] = captured;
        if let Err(failure) = played {
            it.failed.push(format!("the upstream could not {failure}"));
        }
    });
}

/// One end of a connection, which remembers what it got.
struct Party {
    /// None once it was broken off.
    stream: Option<BufReader<TcpStream>>,
    captured: Vec<u8>,
}

impl Party {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream: Some(BufReader::new(stream)),
            captured: Vec::new(),
        }
    }

    fn reader(&mut self) -> &mut BufReader<TcpStream> {
        self.stream.as_mut().unwrap()
    }

    fn stream(&mut self) -> &mut TcpStream {
        self.reader().get_mut()
    }

    fn play(
        &mut self,
        script: &[Act],
        stage: &Stage,
        captured: &mut Captured,
    ) -> Result<(), String> {
        let mut played = Ok(());
        for act in script {
            match self.act(act, stage, captured) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let act: String = format!("{act:?}").chars().take(200).collect();
                    played = Err(format!("{act}: {error}"));
                    break;
                }
            }
        }
        captured.bytes = std::mem::take(&mut self.captured);
        played
    }

    /// Does this, and says whether the script goes on.
    fn act(&mut self, act: &Act, stage: &Stage, captured: &mut Captured) -> io::Result<bool> {
        match act {
            Act::Send(bytes) => self.stream().write_all(bytes)?,
            Act::Request => {
                let before = self.captured.len();
                if read(self)?.is_none() {
                    if self.captured.len() == before {
                        return Ok(false);
                    }
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Act::Answers(answers) => self.answer(answers)?,
            Act::Until(text) => {
                while !has(&self.captured, text) {
                    let length = self.fill_buf()?.len();
                    if length == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.consume(length);
                }
            }
            Act::End => loop {
                match self.fill_buf().map(<[u8]>::len) {
                    Ok(0) => break,
                    Ok(length) => self.consume(length),
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                        captured.is_reset = true;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            },
            Act::HalfClose => self.stream().shutdown(Shutdown::Write)?,
            Act::Reset => self.reset()?,
            Act::Tell(word) => stage.change(|it| {
                it.signals.insert(word);
            }),
            Act::Wait(word) => stage.wait(|it| it.signals.contains(word))?,
            Act::Back => self.back(stage)?,
        }
        Ok(true)
    }

    fn answer(&mut self, answers: &[(&str, String)]) -> io::Result<()> {
        while let Some(request) = read(self)? {
            let mut answers = answers.iter();
            let answer = answers.find(|(start, _)| request.head.starts_with(start));
            let (_, answer) = answer.ok_or(io::ErrorKind::InvalidData)?;
            self.stream().write_all(answer.as_bytes())?;
        }
        Ok(())
    }

    /// Closes the connection so that the other end sees it broken.
    fn reset(&mut self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let _inside = runtime.enter();
        if let Some(stream) = self.stream.take() {
            let stream = stream.into_inner();
            stream.set_nonblocking(true)?;
            tokio::net::TcpStream::from_std(stream)?.set_zero_linger()?;
        }
        Ok(())
    }

    fn back(&mut self, stage: &Stage) -> io::Result<()> {
        stage.wait(|_| stage.recorder.get().is_some())?;
        let far = connect(stage.recorder.get().unwrap());
        let (mut near, mut from) = (self.stream().try_clone()?, far.try_clone()?);
        let back = std::thread::spawn(move || io::copy(&mut from, &mut near));
        let mut to = far;
        // Either may be broken off.
        let _ = io::copy(self, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = back.join();
        Ok(())
    }
}

impl Read for Party {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.reader().read(into)?;
        self.captured.extend(&into[..length]);
        Ok(length)
    }
}

impl BufRead for Party {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A read with a time limit may be interrupted.
        while let Err(error) = self.reader().fill_buf() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(self.reader().buffer())
    }

    fn consume(&mut self, length: usize) {
        let reader = self.stream.as_mut().unwrap();
        self.captured.extend(&reader.buffer()[..length]);
        reader.consume(length);
    }
}
