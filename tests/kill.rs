//! SIGKILL under load, through the binary: what a client was answered is in the cassette.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod recorder;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};

use confcall_test_support::cassette;
use confcall_test_support::http::{connect, party, read};

use recorder::Recorder;

/// How many recorders are killed, over how many cassettes: the others append.
const ROUNDS: u64 = 50;
const CASSETTES: u64 = 10;

/// How many clients send at a time.
const CLIENTS: u64 = 8;

#[test]
fn every_answered_exchange_is_in_the_file_after_each_of_fifty_kills() {
    let folder = tempfile::tempdir().unwrap();
    let service = format!("http://{}", party("127.0.0.1:0", answers));
    let chance = RandomState::new();
    let numbers = AtomicU64::new(0);
    let mut expected = vec![BTreeSet::new(); usize::try_from(CASSETTES).unwrap()];
    for round in 0..ROUNDS {
        let timestamp = drawn(&chance, round) % 120 + 1;
        let cassette = folder.path().join(format!("{}.jsonl", round % CASSETTES));
        let expected = &mut expected[usize::try_from(round % CASSETTES).unwrap()];

        // A long line may be torn by the kill itself.
        let is_torn = cassette.exists() && cassette::load(&cassette).torn.is_some();
        let arguments = ["--append", "--service", &service];
        let recorder = Recorder::start(&cassette, &arguments, 1);
        let address = recorder.addresses[0].clone();
        let (tell, acknowledged) = mpsc::channel();
        let printed = std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let (address, tell, numbers) = (&address, tell.clone(), &numbers);
                scope.spawn(move || load(address, numbers, &tell));
            }
            drop(tell);
            // The others are anywhere in their exchanges while this one has just ended.
            expected.extend(
                acknowledged
                    .iter()
                    .take(usize::try_from(timestamp).unwrap()),
            );
            recorder.kill()
        });
        expected.extend(acknowledged.try_iter());

        assert_eq!(
            printed.contains("is incomplete"),
            is_torn,
            "round {round}: {printed}"
        );
        holds(&cassette, expected, round);
        if drawn(&chance, round).is_multiple_of(3) {
            expected.remove(&tear(&cassette));
        }
    }
}

/// A number by chance.
fn drawn(chance: &RandomState, round: u64) -> u64 {
    let mut hasher = chance.build_hasher();
    hasher.write_u64(round);
    hasher.finish()
}

/// Sends numbered requests until the recorder is gone, and tells of each that was answered whole.
fn load(address: &str, numbers: &AtomicU64, tell: &Sender<u64>) {
    let mut stream = BufReader::new(connect(address));
    let mut send = || -> io::Result<Option<u64>> {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"number\":{number}}}");
        write!(
            stream.get_mut(),
            "POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let answer = read(&mut stream)?;
        Ok(answer.map(|answer| {
            assert!(answer.head.starts_with("HTTP/1.1 20"), "{}", answer.head);
            number
        }))
    };
    // An error is that of a connection that the killed recorder broke.
    while let Ok(Some(number)) = send() {
        tell.send(number).unwrap();
    }
}

/// The upstream: it answers in each way that a message can end.
fn answers(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    for number in 0_usize.. {
        let Some(request) = read(&mut stream)? else {
            break;
        };
        let body = String::from_utf8(request.body).unwrap();
        let long = "x".repeat(100_000);
        let (answer, is_last) = match number % 6 {
            0 => ("204 No Content\r\n\r\n".to_owned(), false),
            1 => (
                format!(
                    "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                    body.len()
                ),
                false,
            ),
            2 => (
                format!("200 OK\r\nContent-Length: 100000\r\n\r\n{long}"),
                false,
            ),
            3 => (
                "202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned(),
                false,
            ),
            4 => (
                format!("200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
                false,
            ),
            _ => (format!("200 OK\r\n\r\n{body}"), true),
        };
        write!(stream.get_mut(), "HTTP/1.1 {answer}")?;
        if is_last {
            break;
        }
    }
    Ok(())
}

/// Holds the cassette against the numbers of the exchanges that were answered.
fn holds(path: &Path, expected: &BTreeSet<u64>, round: u64) {
    let loaded = cassette::load(path);
    let mut whole = BTreeMap::new();
    let mut own = BTreeSet::new();
    for exchange in &loaded.exchanges {
        assert!(own.insert(exchange.number), "number {}", exchange.number);
        let number: u64 = exchange.request.target[1..].parse().unwrap();
        if exchange.broke.is_none() && exchange.response.is_some() {
            assert_eq!(whole.insert(number, exchange.number), None, "once each");
        }
    }
    let missing: Vec<_> = expected
        .iter()
        .filter(|it| !whole.contains_key(it))
        .collect();
    assert!(
        missing.is_empty(),
        "round {round}: {missing:?} of {}",
        expected.len()
    );
}

/// Tears the last line, as a disk that is full does, and returns which exchange is lost.
fn tear(path: &Path) -> u64 {
    let bytes = std::fs::read(path).unwrap();
    let last = cassette::load(path).exchanges.pop().unwrap();
    let start = bytes
        .trim_ascii_end()
        .rsplit(|it| *it == b'\n')
        .next()
        .unwrap()
        .len();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len((bytes.len() - start / 2 - 1) as u64).unwrap();
    assert!(cassette::load(path).torn.is_some());
    last.request.target[1..].parse().unwrap()
}
