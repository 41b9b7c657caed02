//! What websites do, recorded and replayed: streams that their clients leave, places in a list of results.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use confcall_test_support::http::{connect, party, read, send};
use confcall_test_support::process::Process;
use rustix::process::{Pid, Signal, kill_process};

use super::running;

/// A recorder before this service.
fn recorder(cassette: &Path, service: &str) -> Process {
    let mut record = Command::new(env!("CARGO_BIN_EXE_confcall"));
    record.args(["record", "--cassette"]).arg(cassette);
    record.args(["--service", &format!("http://{service}")]);
    Process::start(&mut record, 1)
}

/// Most event streams have no end of their own: a client that has received enough has not broken the exchange.
#[test]
fn an_event_stream_that_its_client_left_is_replayed() {
    for (kind, status) in [
        ("text/event-stream", "200"),
        ("Text/Event-Stream; charset=utf-8", "200"),
        ("text/plain", "502"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let cassette = folder.path().join("c.jsonl");
        let service = party("127.0.0.1:0", move |stream| {
            let mut stream = BufReader::new(stream);
            read(&mut stream)?;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
            );
            stream
                .get_mut()
                .write_all((head + "b\r\ndata: one\n\n\r\n").as_bytes())?;
            // Until the recorder leaves.
            stream.read_to_end(&mut Vec::new()).map(drop)
        });
        let record = recorder(&cassette, &service);
        let mut client = connect(record.url().strip_prefix("http://").unwrap());
        client
            .write_all(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        let mut received = BufReader::new(client);
        let mut line = String::new();
        while line != "data: one\n" {
            line.clear();
            assert!(received.read_line(&mut line).unwrap() > 0, "{kind}");
        }
        drop(received);
        kill_process(Pid::from_child(&record.child), Signal::TERM).unwrap();
        assert_eq!(record.end().0, Some(0), "{kind}");

        let replay = running(&["replay", cassette.to_str().unwrap(), "--deadline", "100ms"]);
        let answer = send("GET", replay.url(), "/feed", "", "").unwrap();
        assert_eq!(&answer[9..12], status, "{kind}: {answer}");
        assert_eq!(
            answer.contains("data: one\n\n"),
            status == "200",
            "{answer}"
        );
    }
}

/// The token of a page of results is no secret: a client that is shown the recorded pages sees what was said.
#[test]
fn pages_of_results_are_replayed_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("c.jsonl");
    let tokens = ["at-3", "X%274453707402000100000017Zq9", "eyJrIjoxfQ"];
    let service = party("127.0.0.1:0", move |stream| {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream)? {
            let host = request.field("host").unwrap_or_default().to_owned();
            let at = tokens
                .iter()
                .position(|it| request.head.contains(&format!("={it} ")));
            let next = tokens.get(at.map_or(0, |it| it + 1));
            let next = next.map(|it| {
                format!(",\"@odata.nextLink\":\"http://{host}/rooms?$top=1&$skiptoken={it}\",\"nextPageToken\":\"{it}\"")
            });
            let body = format!("{{\"value\":[1.50]{}}}", next.unwrap_or_default());
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.get_mut().write_all((head + &body).as_bytes())?;
        }
        Ok(())
    });
    // Each page, with `BASE` for the address of who answers.
    let pages = |url: &str| {
        let (mut pages, mut next) = (Vec::new(), Some("/rooms?$top=1".to_owned()));
        while let Some(target) = next {
            let answer = send("GET", url, &target, "", "").unwrap();
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let link = body.split_once(&format!("{url}/"));
            next = link.map(|(_, rest)| format!("/{}", rest.split('"').next().unwrap()));
            pages.push(body.replace(url, "BASE"));
        }
        pages
    };
    let mut record = recorder(&cassette, &service);
    let recorded = pages(record.url());
    record.kill();
    assert_eq!(recorded.len(), tokens.len() + 1, "{recorded:?}");
    for (page, token) in recorded.iter().zip(tokens) {
        assert!(page.contains(token), "{page}");
    }
    let replay = running(&["replay", cassette.to_str().unwrap()]);
    assert_eq!(pages(replay.url()), recorded);
    let (code, message) = replay.end();
    assert_eq!(code, Some(0), "{message}");
}
