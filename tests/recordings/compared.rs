//! What a replay compares: targets, hosts, and bodies by their media type; and values that it sends on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::exchanges::{answer, exchange, parts, played, replayed, status, tape};

const ONE: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a001";
const OTHER: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a002";

const SECRET: &str = "redacted-secret-0123456789ab";

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
