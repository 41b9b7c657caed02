//! What `confcall record` keeps, and what `confcall replay` compares and sends: bytes, numbers, paths,
//! fields and addresses, over sockets.

use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confcall_test_support::http::{connect, party, read};
use confcall_test_support::process::Process;
use serde_json::{Value, json};

use super::{confcall, running};

const ONE: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a001";
const OTHER: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a002";

/// A cassette of the bot's requests.
fn tape(folder: &Path, version: u32, exchanges: &[Value]) -> PathBuf {
    let path = folder.join("tape.jsonl");
    let header = json!({"version": version, "directions": ["request"]}).to_string();
    let mut text = header + "\n";
    for (number, exchange) in (1..).zip(exchanges) {
        let mut line =
            json!({"number": number, "direction": "request", "took_ms": 5, "at_ms": 20 * number});
        for (name, value) in exchange.as_object().unwrap() {
            line[name] = value.clone();
        }
        // Numbers beyond a double stand in texts of the test.
        text += &line.to_string().replace("\"<<", "").replace(">>\"", "");
        text += "\n";
    }
    std::fs::write(&path, text).unwrap();
    path
}

fn exchange(request: &Value, response: &Value) -> Value {
    let mut exchange = json!({
        "request": {"method": "POST", "target": "/x", "headers": []},
        "response": {"status": 200, "headers": []},
    });
    for (part, given) in [("request", request), ("response", response)] {
        for (name, value) in given.as_object().unwrap() {
            exchange[part][name] = value.clone();
        }
    }
    exchange
}

/// Sends a request line with fields and a body, and returns the answer as it came.
fn send(url: &str, line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let address = url.strip_prefix("http://").unwrap();
    let host = if fields.contains("Host:") {
        String::new()
    } else {
        format!("Host: {address}\r\n")
    };
    let mut stream = connect(address);
    let head = format!(
        "{line} HTTP/1.1\r\n{host}Connection: close, TE\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn status(answer: &[u8]) -> u16 {
    std::str::from_utf8(&answer[9..12])
        .unwrap()
        .parse()
        .unwrap()
}

/// The head in small letters, and the body without chunks.
fn parts(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let head: String = answer[..end].iter().copied().map(char::from).collect();
    let head = head.to_lowercase();
    let mut rest = &answer[end..];
    if !head.contains("chunked") {
        return (head, rest.to_vec());
    }
    let mut body = Vec::new();
    loop {
        let line = rest.iter().position(|it| *it == b'\n').unwrap();
        let size = std::str::from_utf8(&rest[..line]).unwrap().trim();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[line + 1..];
        if size == 0 {
            return (head, body);
        }
        body.extend(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

/// The answer of a recorded service to one request.
fn replayed(exchanges: &[Value], line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = tape(folder.path(), 2, exchanges);
    let replay = running(&["replay", path.to_str().unwrap()]);
    send(replay.url(), line, fields, body)
}

const PARTS: &str = "--one\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--one\r\n\
    Content-Disposition: form-data; name=\"data\"; filename=\"d.json\"\r\nContent-Type: application/json\r\n\r\n\
    {\"n\": 1.0}\r\n--one--\r\n";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of bodies")]
fn a_body_is_compared_by_its_media_type() {
    let digest = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab";
    let csv = format!("call {ONE} began 2026-02-03T04:05:06Z, again {ONE}");
    let live = |first: &str, second: &str| {
        format!("call {first} began 2027-01-01T00:00:00+02:00, again {second}")
    };
    let nested = |id: &str| json!({"payload": format!("{{\"clientContext\":\"{id}\"}}"), "of": id});
    let (nested_one, nested_other) = (nested(ONE), nested(OTHER));
    let (form, multipart) = (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=one",
    );
    let (alike, mixed) = (live(OTHER, OTHER), live(OTHER, ONE));
    let nested_text = nested_other.to_string();
    let [spelled, changed, renamed] = [("1.0", "1"), ("1.0", "1.1"), ("d.json", "e.json")]
        .map(|(from, to)| PARTS.replace(from, to));
    let utf_16 = "text/plain; charset=utf-16be";
    let utf_16_bytes = |secret: &str| {
        let units = format!("password: {secret}, \u{44f}");
        units
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    let utf_16_of = |secret: &str| STANDARD.encode(utf_16_bytes(secret));
    let rows: &[(&str, Value, &[u8], bool)] = &[
        (
            "image/gif",
            json!({"base64": "R0lGODn+"}),
            b"GIF89\xfe",
            true,
        ),
        (
            "image/gif",
            json!({"base64": "R0lGODn+"}),
            b"GIF89\xff",
            false,
        ),
        ("image/gif", json!({"base64": "R0lGODn+"}), b"", false),
        (
            "a/b",
            json!({"omitted": {"length": 8, "sha256": digest}}),
            b"abcdefgh",
            true,
        ),
        (
            "a/b",
            json!({"omitted": {"length": 8, "sha256": digest}}),
            b"abcdefgX",
            false,
        ),
        ("text/csv", json!({"text": "007"}), b"007", true),
        ("text/csv", json!({"text": "007"}), b"7", false),
        ("text/csv", json!({"text": "[1]"}), b"[1.0]", false),
        (
            "text/plain; charset=iso-8859-1",
            json!({"base64": "Y2Fm6Q=="}),
            b"caf\xe9",
            true,
        ),
        (
            "text/plain; charset=iso-8859-1",
            json!({"base64": "Y2Fm6Q=="}),
            b"caf\xe8",
            false,
        ),
        (
            "application/json",
            json!({"json": "<<12345678901234567890123>>"}),
            b"12345678901234567890123",
            true,
        ),
        (
            "application/json",
            json!({"json": "<<12345678901234567890123>>"}),
            b"12345678901234567890124",
            false,
        ),
        (
            "application/json",
            json!({"json": ["<<1.50>>"]}),
            b"[15e-1]",
            true,
        ),
        (
            "text/json",
            json!({"text": "{\"a\":1,\n\"a\":2}"}),
            b"{\"a\":1,\"a\":2}",
            true,
        ),
        (
            "text/json",
            json!({"text": "{\"a\":1,\n\"a\":2}"}),
            b"{\"a\":2}",
            false,
        ),
        ("text/csv", json!({"text": csv}), alike.as_bytes(), true),
        ("text/csv", json!({"text": csv}), mixed.as_bytes(), false),
        (
            "application/json",
            json!({"json": nested_one}),
            nested_text.as_bytes(),
            true,
        ),
        (
            form,
            json!({"text": "a=1&b=x+y&a=2"}),
            b"b=x%20y&a=1&a=2",
            true,
        ),
        (
            form,
            json!({"text": "a=1&b=x+y&a=2"}),
            b"a=2&b=x+y&a=1",
            false,
        ),
        (form, json!({"text": "a=%2B"}), b"a=+", false),
        (
            utf_16,
            json!({"base64": utf_16_of(SECRET)}),
            &utf_16_bytes("Ab3kd9Qx77"),
            true,
        ),
        (
            utf_16,
            json!({"base64": utf_16_of(SECRET)}),
            b"\0t\0o",
            false,
        ),
        (multipart, json!({"text": PARTS}), PARTS.as_bytes(), true),
        (multipart, json!({"text": PARTS}), spelled.as_bytes(), true),
        (multipart, json!({"text": PARTS}), changed.as_bytes(), false),
        (multipart, json!({"text": PARTS}), renamed.as_bytes(), false),
    ];
    for (kind, recorded, body, is_accepted) in rows {
        let request = json!({"headers": [["content-type", kind]], "body": recorded});
        let fields = format!("Content-Type: {kind}\r\n");
        let answer = replayed(&[exchange(&request, &json!({}))], "POST /x", &fields, body);
        let expected = if *is_accepted { 200 } else { 404 };
        let text = String::from_utf8_lossy(&answer);
        assert_eq!(status(&answer), expected, "{kind}, {recorded}: {text}");
    }
    // Another boundary, and another media type.
    let request = json!({"headers": [["content-type", multipart]], "body": {"text": PARTS}});
    let recorded = [exchange(&request, &json!({}))];
    for (kind, boundary, expected) in [
        (
            "multipart/form-data; boundary=\"two parts\"",
            "two parts",
            200,
        ),
        ("multipart/mixed; boundary=one", "one", 404),
    ] {
        let body = PARTS.replace("--one", &format!("--{boundary}"));
        let fields = format!("Content-Type: {kind}\r\n");
        let answer = replayed(&recorded, "POST /x", &fields, body.as_bytes());
        assert_eq!(status(&answer), expected, "{kind}");
    }
}

#[test]
fn a_target_is_compared_as_rfc_3986_has_it() {
    for (recorded, live, expected) in [
        ("/%7Ea/b%2fc", "/~a/b%2Fc", 200),
        ("/a%2Fb", "/a/b", 404),
        ("/a", "/a/", 404),
        ("/a//b", "/a/b", 404),
        ("/v1.0/groups", "/beta/groups", 404),
        ("/rooms/beta/doors", "/rooms/doors", 404),
        ("/v1.0/communications/calls/1", "/beta/app/calls/1", 200),
        ("/shop/calls/1", "/other/calls/2", 404),
        ("/a?b=1&c=2", "/a?c=2&b=1", 200),
        ("/a?b=1&b=2", "/a?b=2&b=1", 404),
        ("/a?b=%E9", "/a?b=%e9", 200),
        ("/a?b=%E9", "/a?b=%EA", 404),
        (
            &format!("/a/{ONE}?b={ONE}"),
            &format!("/a/{OTHER}?b={OTHER}"),
            200,
        ),
        (
            &format!("/a/{ONE}?b={ONE}"),
            &format!("/a/{OTHER}?b={ONE}"),
            404,
        ),
    ] {
        let request = json!({"method": "GET", "target": recorded});
        let recorded_exchange = exchange(&request, &json!({}));
        let answer = replayed(&[recorded_exchange], &format!("GET {live}"), "", b"");
        assert_eq!(status(&answer), expected, "{recorded} {live}");
    }
    // The path to the letter goes first.
    let of = |target: &str| {
        let request = json!({"method": "GET", "target": target});
        exchange(&request, &json!({"body": {"text": target}}))
    };
    let list = ["/beta/app/calls/1", "/v1.0/app/calls/1", "/a/%7E", "/a/~"];
    for target in list {
        let (_, body) = parts(&replayed(&list.map(of), &format!("GET {target}"), "", b""));
        assert_eq!(body, target.as_bytes());
    }
}

#[test]
fn a_request_gets_the_answer_of_its_host() {
    let of = |host: &str| {
        let request = json!({"method": "GET", "headers": [["host", host]]});
        exchange(&request, &json!({"body": {"text": host}}))
    };
    let both = [of("one.example"), of("two.example:81")];
    for (line, host, expected) in [
        ("GET /x", "two.example:81", "two.example:81"),
        ("GET /x", "ONE.example", "one.example"),
        (
            "GET http://two.example:81/x",
            "two.example:81",
            "two.example:81",
        ),
        ("GET /x", "unknown.example", "one.example"),
    ] {
        let fields = format!("Host: {host}\r\n");
        let (_, body) = parts(&replayed(&both, line, &fields, b""));
        assert_eq!(String::from_utf8_lossy(&body), expected, "{line} {host}");
    }
    let alone = replayed(&both[..1], "GET /x", "Host: two.example:81\r\n", b"");
    assert_eq!(status(&alone), 200);
}

/// The result of a recorded bot whose service gives this answer, and what the service got.
fn played(path: &Path, answer: &[u8]) -> (Option<i32>, String, Vec<String>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let (answer, kept) = (answer.to_vec(), Arc::clone(&got));
    let service = party("127.0.0.1:0", move |stream| {
        let mut stream = BufReader::new(stream);
        while let Some(message) = read(&mut stream)? {
            let body = String::from_utf8_lossy(&message.body).into_owned();
            kept.lock().unwrap().push(message.head + &body);
            stream.get_mut().write_all(&answer)?;
        }
        Ok(())
    });
    let service = format!("http://{service}");
    let (code, text) = confcall(&["replay", path.to_str().unwrap(), "--service", &service]);
    let got = got.lock().unwrap().clone();
    (code, text, got)
}

fn answer(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn a_live_answer_is_compared_by_its_media_type() {
    let digest = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab";
    let rows: &[(&str, Value, &[u8], i32)] = &[
        ("image/gif", json!({"base64": "R0lGODn+"}), b"GIF89\xfe", 0),
        ("image/gif", json!({"base64": "R0lGODn+"}), b"GIF89\xff", 1),
        ("image/gif", json!({"base64": "R0lGODn+"}), b"", 1),
        (
            "a/b",
            json!({"omitted": {"length": 8, "sha256": digest}}),
            b"abcdefgh",
            0,
        ),
        (
            "a/b",
            json!({"omitted": {"length": 8, "sha256": digest}}),
            b"abcdefgX",
            1,
        ),
        ("text/csv", json!({"text": "1.10"}), b"1.1", 1),
        (
            "application/json",
            json!({"json": ["<<2.50>>", "<<0.10000000000000000009>>"]}),
            b"[2.5, 0.10000000000000000009]",
            0,
        ),
        (
            "application/json",
            json!({"json": ["<<2.50>>", "<<0.10000000000000000009>>"]}),
            b"[2.5, 0.1]",
            1,
        ),
    ];
    for (kind, recorded, body, expected) in rows {
        let folder = tempfile::tempdir().unwrap();
        let response = json!({"headers": [["content-type", kind]], "body": recorded});
        let path = tape(folder.path(), 2, &[exchange(&json!({}), &response)]);
        let live = answer(&format!("Content-Type: {kind}\r\n"), body);
        let (code, text, _) = played(&path, &live);
        assert_eq!(code, Some(*expected), "{kind}, {recorded}: {text}");
    }
}

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

const SECRET: &str = "redacted-secret-0123456789ab";

#[test]
fn a_value_that_an_answer_gives_is_sent_where_the_recorded_one_stands() {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    // A field of the answer, its media type, and its body.
    let given: [(&str, &str, &str, &str); 6] = [
        ("location", "/cb?code={}", "", ""),
        ("set-cookie", "sid={}; Path=/; HttpOnly", "", ""),
        ("x-session", "{}", "", ""),
        ("link", "</next?page={}>; rel=next", "", ""),
        (
            "etag",
            "a",
            "text/html",
            "<input name=\"csrf_token\" value=\"{}\">",
        ),
        ("etag", "a", json, "{\"access_token\":\"{}\"}"),
    ];
    // The target of the next request, a field of it, its media type, and its body.
    let used: [(&str, &str, &str, &str, &str); 5] = [
        ("/n?code={}", "x-a", "b", "", ""),
        ("/n", "cookie", "theme=dark; sid={}", "", ""),
        ("/n", "x-csrf-token", "{}", "", ""),
        ("/n", "x-a", "b", form, "csrf_token={}&x=1"),
        ("/n", "x-a", "b", json, "{\"token\":\"{}\"}"),
    ];
    for (recorded, live) in [(SECRET, "bQ47mcTe95RvBn26uxZ3"), (ONE, OTHER)] {
        for (field, value, kind, body) in given {
            let message = |headers: &[(&str, &str)], body: &str| {
                let headers: Vec<_> = headers.iter().map(|(name, it)| [*name, it]).collect();
                let mut message = json!({"headers": headers});
                if !body.is_empty() {
                    message["body"] = json!({"text": body});
                }
                message
            };
            let response = message(&[(field, value), ("content-type", kind)], body);
            let mut exchanges = vec![exchange(&json!({"target": "/t"}), &response)];
            for (target, field, value, kind, body) in used {
                let mut request = message(&[(field, value), ("content-type", kind)], body);
                request["target"] = target.into();
                exchanges.push(exchange(&request, &json!({})));
            }
            let filled = |text: String| text.replace("{}", recorded);
            let exchanges: Vec<Value> = exchanges
                .iter()
                .map(|it| serde_json::from_str(&filled(it.to_string())).unwrap())
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = tape(folder.path(), 2, &exchanges);
            let fields = format!("{field}: {value}\r\nContent-Type: {kind}\r\n");
            let live_answer = answer(
                &fields.replace("{}", live),
                body.replace("{}", live).as_bytes(),
            );
            let (_, text, got) = played(&path, &live_answer);
            assert_eq!(got.len(), 6, "{text}");
            for request in &got[1..] {
                let is_live = request.contains(live) && !request.contains(recorded);
                assert!(is_live, "{field} {value} {body}: {request}\n{text}");
            }
        }
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
