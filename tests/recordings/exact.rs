//! What `confcall record` keeps, and what `confcall replay` sends: bytes, numbers, fields and addresses, over sockets.

use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};

use confcall_test_support::http::{connect, party, read};
use confcall_test_support::process::Process;
use serde_json::{Value, json};

use super::exchanges::{answer, exchange, parts, played, replayed, send, tape};
use super::{confcall, running};

#[test]
fn a_recorded_request_goes_out_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let request = json!({
        "target": "/%7Ea?b=%20", "body": {"json": {"n": "<<1.10>>"}},
        "headers": [["cookie", "a=1"], ["content-type", "application/json"], ["cookie", "b=2"]],
        "wire": {"version": "2", "is_chunked": true, "trailers": [["x-sum", "7"]]},
    });
    let path = tape(folder.path(), 2, &[exchange(&request, &json!({}))]);
    let (code, text, got) = played(&path, &answer("", b""));
    assert_eq!(code, Some(0), "{text}");
    let got = &got[0];
    let head = got.to_lowercase();
    assert!(head.starts_with("post /%7ea?b=%20 http/1.1\r\n"), "{got}");
    assert_eq!(head.matches("cookie: ").count(), 1, "{got}");
    assert!(head.contains("cookie: a=1; b=2\r\n"), "{got}");
    assert!(
        got.contains("{\"n\":1.10}") || got.contains("1.10}"),
        "{got}"
    );
    assert!(head.ends_with("0\r\nx-sum: 7\r\n\r\n"), "{got}");
}

/// A recorder before a service that gives this answer to each request, and its cassette.
fn recorder(folder: &Path, answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Process {
    Process::start(&mut recording(folder, answer), 1)
}

fn recording(folder: &Path, answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Command {
    let address = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&address);
    let service = party("127.0.0.1:0", move |stream| {
        let mut stream = BufReader::new(stream);
        while read(&mut stream)?.is_some() {
            let answer = answer(&own.lock().unwrap());
            stream.get_mut().write_all(&answer)?;
        }
        Ok(())
    });
    address.lock().unwrap().clone_from(&service);
    let mut record = Command::new(env!("CARGO_BIN_EXE_confcall"));
    record.args(["record", "--max-body", "8MiB", "--cassette"]);
    record.arg(folder.join("c.jsonl"));
    record.args(["--service", &format!("http://{service}")]);
    record
}

/// The answer to a request that was recorded, what was recorded, and the replayed answer.
fn recorded_and_replayed(
    raw: &'static [u8],
    line: &str,
    fields: &str,
) -> (Vec<u8>, Value, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let mut record = recorder(folder.path(), move |_| raw.to_vec());
    let first = send(record.url(), line, fields, b"");
    record.kill();
    let path = folder.path().join("c.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let written = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let replay = running(&["replay", path.to_str().unwrap()]);
    let second = send(replay.url(), line, fields, b"");
    let (code, printed) = replay.end();
    assert_eq!(code, Some(0), "{printed}");
    (first, written, second)
}

#[test]
fn an_answer_is_kept_and_replayed_as_it_came() {
    // The body in the file, the beginning of the head, a field, and the bytes of the body.
    type Row = (
        &'static [u8],
        Value,
        &'static str,
        &'static str,
        &'static [u8],
    );
    let rows: &[Row] = &[
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n2.0\n",
            json!({"text": "2.0\n"}), "http/1.1 200 ok\r\n", "content-type: text/plain\r\n", b"2.0\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[1, 2.00]",
            json!({"json": "<<[1, 2.00]>>"}), "http/1.1 200 ok\r\n", "content-length: 9\r\n", b"[1, 2.00]",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: a/b+json\r\nContent-Length: 8\r\n\r\n[1,\r\n 2]",
            json!({"text": "[1,\r\n 2]"}), "http/1.1 200 ok\r\n", "content-length: 8\r\n", b"[1,\r\n 2]",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n [1] ",
            json!({"text": " [1] "}), "http/1.1 200 ok\r\n", "content-length: 5\r\n", b" [1] ",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: x-own\r\nContent-Length: 3\r\n\r\n\x00\xff\x01",
            json!({"base64": "AP8B"}), "http/1.1 200 ok\r\n", "content-encoding: x-own\r\n", b"\x00\xff\x01",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
              Content-Length: 3\r\n\r\n[1]",
            json!({"text": "[1]"}), "http/1.1 200 ok\r\n", "content-encoding: gzip\r\n", b"[1]",
        ),
        (
            // Brotli, one block that is stored.
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: br\r\n\
              Content-Length: 9\r\n\r\n\x0b\x02\x80[1.0]\x03",
            json!({"json": "<<[1.0]>>"}), "http/1.1 200 ok\r\n", "content-encoding: br\r\n", b"",
        ),
        (
            b"HTTP/1.1 409 Room full\r\nServer: caf\xe9\r\nContent-Length: 0\r\n\r\n",
            Value::Null, "http/1.1 409 room full\r\n", "server: caf\u{e9}\r\n", b"",
        ),
        (
            b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 77\r\n\r\n",
            Value::Null, "http/1.1 304 not modified\r\n", "content-length: 77\r\n", b"",
        ),
    ];
    for (raw, kept, begin, field, body) in rows {
        let (first, written, second) =
            recorded_and_replayed(raw, "GET /x", "Accept-Encoding: br\r\n");
        let kept: Value = {
            let text = kept.to_string().replace("\"<<", "").replace(">>\"", "");
            serde_json::from_str(&text).unwrap()
        };
        let of_file = written
            .pointer("/response/body")
            .cloned()
            .unwrap_or_default();
        assert_eq!(of_file, kept, "{begin}");
        for answer in [&first, &second] {
            let (head, came) = parts(answer);
            assert!(head.starts_with(begin) && head.contains(field), "{head}");
            if field != &"content-encoding: br\r\n" {
                assert_eq!(&came, body, "{head}");
            }
        }
    }
}

#[test]
fn the_length_of_an_answer_without_a_body_is_about_another_one() {
    let coded = "content-encoding: gzip\r\n";
    let rows: &[(&'static [u8], &str, &str)] = &[
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 88\r\n\r\n",
            "HEAD /x",
            "",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 88\r\n\r\n",
            "HEAD /x",
            coded,
        ),
        (
            b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 88\r\n\r\n",
            "GET /x",
            coded,
        ),
    ];
    for (raw, line, field) in rows {
        let (_, _, second) = recorded_and_replayed(raw, line, "Accept-Encoding: gzip\r\n");
        let (head, body) = parts(&second);
        let is_kept = head.contains("content-length: 88\r\n") && head.contains(field);
        assert!(is_kept && body.is_empty(), "{head}");
    }
    // Earlier recordings name the coding that no body was in.
    let response = json!({"headers": [["content-encoding", "gzip"], ["content-length", "88"]],
        "wire": {"coding": "gzip"}});
    let recorded = [exchange(&json!({"method": "HEAD"}), &response)];
    let (head, _) = parts(&replayed(
        &recorded,
        "HEAD /x",
        "Accept-Encoding: gzip\r\n",
        b"",
    ));
    assert!(
        head.contains("content-length: 88\r\n") && head.contains(coded),
        "{head}"
    );
}

#[test]
fn json_is_shown_and_exported_as_it_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let written = r#"{ "n":1234567890123456789012345,"m":[0.1000000000000000001,2.50],"m":1E2 }"#;
    let body = json!({"headers": [["content-type", "application/json"]], "body": {"json": "BODY"}});
    let path = tape(folder.path(), 2, &[exchange(&body, &body)]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"BODY\"", written)).unwrap();
    let file = path.to_str().unwrap();
    let lines = "{\n  \"n\": 1234567890123456789012345,\n  \"m\": [\n    0.1000000000000000001,\n    2.50\n  ],\n  \
                 \"m\": 1E2\n}\n";
    let (_, shown) = confcall(&["show", file]);
    assert_eq!(shown.matches(lines).count(), 2, "{shown}");
    let (_, har) = confcall(&["show", file, "--format", "har"]);
    let har: Value = serde_json::from_str(&har).unwrap();
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["request"]["postData"]["text"], written);
    assert_eq!(entry["request"]["bodySize"], written.len());
    assert_eq!(entry["response"]["content"]["text"], written);
    assert_eq!(entry["response"]["content"]["size"], written.len());
    let live = answer(
        "Content-Type: application/json\r\n",
        b"{\"n\": 2.50, \"n\": 1E2}",
    );
    let (code, text, _) = played(&path, &live);
    assert_eq!(code, Some(1), "{text}");
    for number in ["\"n\": 2.50", "\"n\": 1E2", "0.1000000000000000001"] {
        assert!(text.contains(number), "{number}: {text}");
    }
}

#[test]
fn a_coding_is_left_out_for_a_client_that_does_not_take_it() {
    let raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: br\r\n\
        Content-Length: 9\r\n\r\n\x0b\x02\x80[1.0]\x03";
    let (_, _, second) = recorded_and_replayed(raw, "GET /x", "");
    let (head, body) = parts(&second);
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(body, b"[1.0]");
}

#[test]
fn fields_behind_a_body_are_replayed() {
    let raw = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n";
    let (_, written, second) = recorded_and_replayed(raw, "GET /x", "TE: trailers\r\n");
    let kept = &written["response"]["wire"]["trailers"];
    assert_eq!(kept[0][0], "x-sum", "{written}");
    let text = String::from_utf8(second).unwrap().to_lowercase();
    let behind = format!("0\r\nx-sum: {}\r\n\r\n", kept[0][1].as_str().unwrap());
    assert!(text.ends_with(&behind), "{text}");
}

#[test]
fn fields_behind_a_body_are_passed_on_although_they_are_not_announced() {
    let raw =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\n[]\r\n0\r\nX-Sum: 7\r\n\r\n";
    let (first, written, _) = recorded_and_replayed(raw, "GET /x", "TE: trailers\r\n");
    let text = String::from_utf8(first).unwrap().to_lowercase();
    assert!(text.contains("\r\ntrailer: x-sum\r\n"), "{text}");
    assert!(text.contains("0\r\nx-sum: "), "{text}");
    let kept = &written["response"];
    assert_eq!(kept["wire"]["trailers"][0][0], "x-sum", "{written}");
    let is_named = |field: &Value| field[0] == "trailer";
    assert!(
        !kept["headers"].as_array().unwrap().iter().any(is_named),
        "{written}"
    );
}

/// The head of a streamed request has gone out when its last fields come.
#[test]
fn fields_behind_a_body_that_are_not_passed_on_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = recording(folder.path(), |_| answer("", b""));
    let mut record = Process::start(record.stderr(Stdio::piped()), 1);
    let address = record.url().strip_prefix("http://").unwrap().to_owned();
    let mut stream = connect(&address);
    let request = format!(
        "POST /x HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: text/plain\r\n\
         Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    record.kill();
    let mut said = String::new();
    let mut stderr = record.child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert!(
        said.contains("`Trailer` of the request does not name `x-sum`"),
        "{said}"
    );
}

#[test]
fn addresses_of_the_service_lead_to_who_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let page = |own: &str, page: u32| {
        let body = format!(
            "{{ \"next\": \"http://{own}/rooms?page={page}\", \"n\": 1.0, \"docs\": \"https://docs.example/\" }}"
        );
        answer(
            &format!(
                "Content-Type: application/json\r\nLocation: http://{own}/rooms/7\r\n\
                Content-Location: //{own}/rooms\r\n"
            ),
            body.as_bytes(),
        )
    };
    let mut record = recorder(folder.path(), move |own| page(own, 2));
    let own = record.url().to_owned();
    let first = send(&own, "GET /rooms", "", b"");
    record.kill();
    let path = folder.path().join("c.jsonl");
    let replay = running(&["replay", path.to_str().unwrap()]);
    let url = replay.url().to_owned();
    let second = send(&url, "GET /rooms", "", b"");
    assert_eq!(replay.end().0, Some(0));
    for (answer, address) in [(first, own), (second, url)] {
        let (head, body) = parts(&answer);
        assert!(
            head.contains(&format!("location: {address}/rooms/7\r\n")),
            "{head}"
        );
        assert!(
            head.contains(&format!("content-location: {address}/rooms\r\n")),
            "{head}"
        );
        let text = String::from_utf8(body).unwrap();
        let expected = format!(
            "{{ \"next\": \"{address}/rooms?page=2\", \"n\": 1.0, \"docs\": \"https://docs.example/\" }}"
        );
        assert_eq!(text, expected);
        assert!(
            head.contains(&format!("content-length: {}\r\n", text.len())),
            "{head}"
        );
    }
    for (number, expected) in [(2, Some(0)), (3, Some(1))] {
        let address = Arc::new(Mutex::new(String::new()));
        let own = Arc::clone(&address);
        let service = party("127.0.0.1:0", move |stream| {
            let mut stream = BufReader::new(stream);
            while read(&mut stream)?.is_some() {
                let answer = page(&own.lock().unwrap(), number);
                stream.get_mut().write_all(&answer)?;
            }
            Ok(())
        });
        address.lock().unwrap().clone_from(&service);
        let service = format!("http://{service}");
        let (code, text) = confcall(&["replay", path.to_str().unwrap(), "--service", &service]);
        assert_eq!(code, expected, "{text}");
    }
}

#[test]
fn a_link_leads_to_the_replay_also_in_the_first_version_of_the_format() {
    for (version, host) in [(1, "127.0.0.1:2"), (2, "127.0.0.1:1")] {
        let folder = tempfile::tempdir().unwrap();
        let link = format!("<http://{host}/a?b>; rel=next, <https://o.example/>; rel=help");
        let response = json!({"headers": [["Link", link], ["Operation-Location", format!("http://{host}/o")]]});
        let request = json!({"method": "GET", "headers": [["host", "127.0.0.1:1"]]});
        let path = tape(folder.path(), version, &[exchange(&request, &response)]);
        let replay = running(&["replay", path.to_str().unwrap()]);
        let url = replay.url().to_owned();
        let (head, _) = parts(&send(&url, "GET /x", "", b""));
        let moved = format!("link: <{url}/a?b>; rel=next, <https://o.example/>; rel=help\r\n");
        assert!(head.contains(&moved), "{version}: {head}");
        assert!(
            head.contains(&format!("operation-location: {url}/o\r\n")),
            "{head}"
        );
    }
}

#[test]
fn the_recorded_bot_waits_for_what_it_had_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let of = |target: &str, at: u64, took: u64| {
        let mut of = exchange(&json!({"method": "GET", "target": target}), &json!({}));
        of["at_ms"] = json!(at);
        of["took_ms"] = json!(took);
        of
    };
    // The second and the third were under way together.
    let list = [
        of("/1", 0, 30),
        of("/2", 40, 50),
        of("/3", 60, 50),
        of("/4", 120, 1),
    ];
    let path = tape(folder.path(), 2, &list);
    let (log, together) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Barrier::new(2)));
    let kept = Arc::clone(&log);
    let service = party("127.0.0.1:0", move |stream| {
        let mut stream = BufReader::new(stream);
        while let Some(message) = read(&mut stream)? {
            let target = message.head.split(' ').nth(1).unwrap().to_owned();
            kept.lock().unwrap().push(format!("> {target}"));
            if ["/2", "/3"].contains(&&*target) {
                together.wait();
            }
            kept.lock().unwrap().push(format!("< {target}"));
            stream.get_mut().write_all(&answer("", b""))?;
        }
        Ok(())
    });
    let service = format!("http://{service}");
    let (code, text) = confcall(&["replay", path.to_str().unwrap(), "--service", &service]);
    assert_eq!(code, Some(0), "{text}");
    let log = log.lock().unwrap().clone();
    assert_eq!(log[..2], ["> /1", "< /1"]);
    assert_eq!(log[6..], ["> /4", "< /4"]);
}

#[test]
fn a_body_is_replayed_whatever_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let long: Arc<str> = "a line of text\n".repeat(100_000).into();
    let body = Arc::clone(&long);
    let mut record = recorder(folder.path(), move |_| {
        answer("Content-Type: text/plain\r\n", body.as_bytes())
    });
    let fields = "Content-Type: text/plain\r\n";
    send(record.url(), "POST /x", fields, long.as_bytes());
    record.kill();
    let path = folder.path().join("c.jsonl");
    let replay = running(&["replay", path.to_str().unwrap()]);
    let (head, came) = parts(&send(replay.url(), "POST /x", fields, long.as_bytes()));
    assert!(came == long.as_bytes(), "{head}");
    assert_eq!(replay.end().0, Some(0));
    for (body, expected) in [(&*long, Some(0)), (&long[1..], Some(1))] {
        let (code, text, got) = played(&path, &answer(fields, body.as_bytes()));
        assert_eq!(code, expected, "{}", text.len());
        assert!(got[0].ends_with(&*long));
    }
}

#[test]
fn an_identifier_that_the_bot_sends_is_the_same_in_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "507f1f77bcf86cd799439011"] {
        let request = json!({"method": "GET", "target": format!("/o/{id}")});
        let response = json!({
            "headers": [["content-type", "application/json"]], "body": {"json": {"id": id}},
        });
        let path = tape(folder.path(), 2, &[exchange(&request, &response)]);
        let json = "Content-Type: application/json\r\n";
        for (live, code) in [
            (id.to_owned(), Some(0)),
            (id.replace('7', "8") + "X", Some(1)),
        ] {
            let body = json!({"id": live}).to_string();
            let (actual, text, _) = played(&path, &answer(json, body.as_bytes()));
            assert_eq!(actual, code, "{live}: {text}");
        }
    }
}
