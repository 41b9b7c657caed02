//! Reads and writes HAR 1.2, the format of browsers and other proxies.
//!
//! HAR has one direction. The direction of a request is derived from its body and its address: change notifications,
//! and requests that are posted to a callback, go to the bot; all others go to the service. Fields that [`mod@format`]
//! does not have are ignored.

mod body;
mod format;
mod read;
mod write;

pub(crate) use self::body::Attached;
pub(crate) use self::read::read;
pub(crate) use self::write::write;

/// True for the first bytes of a zip archive with a file in it.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// True for an object whose first property is `log`, and for an archive.
pub(crate) fn is_har(bytes: &[u8]) -> bool {
    if is_archive(bytes) {
        return true;
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(rest) = text.trim_ascii_start().strip_prefix(b"{") else {
        return false;
    };
    rest.trim_ascii_start().starts_with(b"\"log\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::Form;
    use crate::cassette::format::{Direction, Exchange};
    use crate::cassette::recording::Recording;
    use crate::http::message::{Body, Headers, Omission};
    use serde_json::{Value, json};

    /// A file that names no others.
    const NONE: Attached<'_> = &|_| None;

    fn har(entries: &Value) -> Vec<u8> {
        json!({"log": {"version": "1.2", "entries": entries}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn what_another_tool_wrote_is_read() {
        let notification =
            json!({"value": [{"changeType": "updated", "resource": "/app/calls/1/operations/9"}]});
        let bytes = har(&json!([
            {
                "startedDateTime": "2026-01-01T10:00:01.250+02:00", "time": 3.9,
                "request": {"method": "POST", "url": "https://bot.example/callback",
                    "postData": {"mimeType": "application/json", "text": notification.to_string()}},
                "response": {"status": 202, "content": {}},
            },
            {
                "startedDateTime": "2026-01-01T08:00:00.000Z", "time": 12.0,
                "request": {"method": "POST", "url": "https://h/beta/app/calls/1/participants/invite?a=b",
                    "httpVersion": "h2", "headers": [{"name": ":authority", "value": "h"}, {"name": ":path", "value": "/"}, {"name": "A", "value": "b"}]},
                "response": {"status": 200, "content": {"text": "{\"id\":\"9\"}"},
                    "headers": [{"name": "Location", "value": "/app/calls/1/operations/9"}]},
            },
            {
                "startedDateTime": "", "request": {"method": "GET", "url": "https://h/"},
                "response": {"status": 0},
            },
        ]));
        assert!(is_har(&bytes));
        let recording = read("a.har", &bytes, NONE, Form::Decoded).unwrap();
        let list = recording.exchanges();
        let exchange = &list[0];
        assert_eq!(
            exchange.request.target,
            "/beta/app/calls/1/participants/invite?a=b"
        );
        let headers = Headers::from_iter([("host", "h"), ("A", "b")]);
        assert_eq!(exchange.request.headers, headers);
        assert_eq!(
            (exchange.request_wire.version.as_str(), exchange.took_ms),
            ("2", 12)
        );
        let notification = &list[2];
        assert_eq!(
            (notification.direction, notification.at_ms),
            (Direction::Notification, 1250)
        );
        assert_eq!(
            notification.cause.as_ref().map(|cause| cause.exchange),
            Some(1)
        );
        assert!(list[1].broke.is_some() && list[1].response.is_none());
    }

    fn read_one(url: &str, posted: &Value, response: &Value) -> Exchange {
        let bytes = har(&json!([{
            "startedDateTime": null, "time": null, "_initiator": {"type": "script"},
            "request": {"method": "POST", "url": url, "headers": null, "postData": posted},
            "response": response,
        }]));
        read("one.har", &bytes, NONE, Form::Decoded)
            .unwrap()
            .exchanges()[0]
            .clone()
    }

    #[test]
    fn a_field_of_several_lines_is_several_fields() {
        let field = |name: &str, value: &str| json!({"name": name, "value": value});
        let fields = [field("Set-Cookie", "a=b\nc=d"), field("Empty", "")];
        let response = json!({"status": 200, "headers": fields, "content": {}});
        let exchange = read_one("https://h/", &Value::Null, &response);
        let headers = exchange.response.unwrap().headers;
        let headers: Vec<_> = headers.iter().collect();
        let each = [("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("Empty", "")];
        assert_eq!(headers, each);
    }

    #[test]
    fn bodies_are_read_however_tools_write_them() {
        let omitted = |length| Body::Omitted(Omission::NotInFile { length });
        for (posted, expected) in [
            (json!(null), Body::Empty),
            (json!({"text": null}), Body::Empty),
            (
                json!({"mimeType": "", "text": "x", "params": []}),
                Body::Text("x".to_owned()),
            ),
            (
                json!({"text": "eyJhIjoi0Y8ifQ==", "encoding": "base64"}),
                Body::Json(json!({"a": "я"})),
            ),
            (
                json!({"text": "/w==", "_encoding": "base64"}),
                Body::Bytes(vec![0xff]),
            ),
        ] {
            let exchange = read_one("http://h/", &posted, &json!({"status": 204}));
            assert_eq!(exchange.request.body, expected, "{posted}");
        }
        for (body, expected) in [
            (json!(null), omitted(0)),
            (json!({"size": -1}), omitted(0)),
            (json!({"size": 0}), Body::Empty),
            (json!({"size": -1, "text": ""}), Body::Empty),
            (json!({"size": 9, "text": ""}), omitted(9)),
            (json!({"size": 9, "_file": "a.json"}), omitted(9)),
            (
                json!({"size": "9", "text": "1.10"}),
                Body::Json(json!(1.10)),
            ),
            (
                json!({"text": "89 50\n4e47", "encoding": "HEX"}),
                Body::Bytes(vec![0x89, 0x50, 0x4e, 0x47]),
            ),
            (
                json!({"text": "/w", "encoding": "base64"}),
                Body::Bytes(vec![0xff]),
            ),
            (json!({"text": "x", "encoding": "zstd"}), omitted(0)),
        ] {
            let response = json!({"status": 200, "content": body});
            let exchange = read_one("http://h/", &Value::Null, &response);
            assert_eq!(exchange.response.unwrap().body, expected, "{body}");
        }
    }

    /// For a replay, bytes are what was sent.
    #[test]
    fn bodies_are_sent_as_they_were() {
        let text = |it: &str| Body::Text(it.to_owned());
        for (content, expected) in [
            (
                json!({"text": "1.10", "mimeType": "text/plain"}),
                text("1.10"),
            ),
            (
                json!({"text": "{ \"a\": 12345678901234567890.50 }", "mimeType": "application/json"}),
                text("{ \"a\": 12345678901234567890.50 }"),
            ),
            (json!({"text": "eyB9", "encoding": "base64"}), text("{ }")),
            (
                json!({"text": "caf\u{e9}", "mimeType": "text/plain; charset=\"ISO-8859-1\""}),
                Body::Bytes(b"caf\xe9".to_vec()),
            ),
            (
                json!({"text": "\u{e9}", "mimeType": "text/plain;charset=utf-16le"}),
                Body::Bytes(vec![0xe9, 0]),
            ),
            (
                json!({"text": "\u{e9}", "mimeType": "text/plain;charset=none"}),
                text("\u{e9}"),
            ),
            (
                json!({"text": "\u{20ac}", "mimeType": "text/plain;charset=koi8-r"}),
                text("\u{20ac}"),
            ),
        ] {
            let bytes = har(&json!([{
                "request": {"method": "GET", "url": "/"},
                "response": {"status": 200, "content": content}}]));
            let recording = read("a.har", &bytes, NONE, Form::Sent).unwrap();
            let body = recording.exchanges()[0]
                .response
                .as_ref()
                .unwrap()
                .body
                .clone();
            assert_eq!(body, expected, "{content}");
        }
    }

    /// Playwright writes bytes that are no UTF-8 as replacement characters, mitmproxy as those of Latin-1.
    #[test]
    fn the_size_of_a_body_tells_what_its_text_is() {
        let missing = |length| Body::Omitted(Omission::NotInFile { length });
        for (text, size, expected) in [
            ("a\u{ff}", 2, Body::Bytes(vec![b'a', 0xff])),
            ("\u{d0}\u{bf}", 2, Body::Text("п".to_owned())),
            ("a\u{ff}", 3, Body::Text("a\u{ff}".to_owned())),
            ("a\u{fffd}", 2, missing(2)),
            ("a\u{fffd}", 4, Body::Text("a\u{fffd}".to_owned())),
            ("a\u{fffd}", -1, Body::Text("a\u{fffd}".to_owned())),
            // In a content coding.
            ("пп", 3, Body::Text("пп".to_owned())),
        ] {
            let bytes = har(&json!([{
                "request": {"method": "POST", "url": "/", "bodySize": size,
                    "postData": {"mimeType": "application/x-any", "text": text}},
                "response": {"status": 200, "content": {"size": size, "text": text}}}]));
            let read = read("a.har", &bytes, NONE, Form::Sent).unwrap();
            let exchange = &read.exchanges()[0];
            assert_eq!(exchange.request.body, expected, "{text} {size}");
            // The header of the message has precedence over other fields of the tool.
            let fields = json!([{"name": "Content-Length", "value": size.to_string()}]);
            let bytes = har(&json!([{
                "request": {"method": "POST", "url": "/", "bodySize": 99, "headers": fields,
                    "postData": {"mimeType": "application/x-any", "text": text}},
                "response": {"status": 204}}]));
            let named = super::read("a.har", &bytes, NONE, Form::Sent).unwrap();
            if size >= 0 {
                assert_eq!(named.exchanges()[0].request.body, expected, "{text} {size}");
            }
            let answered = &exchange.response.as_ref().unwrap().body;
            assert_eq!(*answered, expected, "{text} {size}");
        }
    }

    #[test]
    fn what_the_wire_had_is_read() {
        let read_wire = |url: &str, response: &Value| {
            let exchange = read_one(url, &Value::Null, response);
            (exchange.request_wire, exchange.response_wire)
        };
        let text = |coding: &str, text: &str| {
            json!({"status": 200, "statusText": "Fine", "content": {"text": text},
                "headers": [{"name": "Content-Encoding", "value": coding}]})
        };
        let (request, response) = read_wire("HTTPS://me@h:8443?a", &text("gzip", "x"));
        assert_eq!(request.scheme.as_deref(), Some("https"));
        assert_eq!(request.authority.as_deref(), Some("h:8443"));
        assert_eq!(response.reason.as_deref(), Some("Fine"));
        assert_eq!(response.coding.as_deref(), Some("gzip"));
        for (coding, content) in [("x-packed", "x"), ("gzip, x-packed", "x"), ("gzip", "")] {
            let (_, response) = read_wire("/a", &text(coding, content));
            assert_eq!(response.coding, None, "{coding} {content}");
        }
        let odd = json!({"status": 200, "statusText": "\u{43e}\u{43a}"});
        let (request, response) = read_wire("http://service.invalid/a", &odd);
        assert_eq!((request, response.reason), Default::default());
    }

    #[test]
    fn what_has_no_response_says_how_it_broke() {
        for (response, broke) in [
            (json!({"status": 0}), "the HAR file has no response"),
            (
                json!({"status": -1, "_error": null}),
                "the HAR file has no response",
            ),
            (json!({"status": 0, "_error": "refused"}), "refused"),
            (json!({"status": 200, "_error": "aborted"}), "aborted"),
            (json!({}), "the HAR file has no response"),
        ] {
            let exchange = read_one("http://h/", &Value::Null, &response);
            assert_eq!(exchange.broke.as_deref(), Some(broke), "{response}");
            assert_eq!(exchange.response.is_some(), broke == "aborted");
        }
        let whole = json!({"status": 204, "_error": "aborted"});
        assert_eq!(read_one("http://h/", &Value::Null, &whole).broke, None);
    }

    #[test]
    fn targets_are_what_stands_in_the_url() {
        for (url, target) in [
            ("http://h", "/"),
            ("http://h?a=b", "/?a=b"),
            ("https://h:1/a/../{b}?c=//d#e", "/a/../{b}?c=//d"),
            ("/a", "/a"),
            (
                "https://h/\u{fc}|2026?q= x%20%C3\"",
                "/%C3%BC%7C2026?q=%20x%20%C3%22",
            ),
        ] {
            let exchange = read_one(url, &Value::Null, &json!({"status": 204}));
            assert_eq!(exchange.request.target, target);
        }
    }

    fn posted(posted: &Value) -> (Body, Option<String>) {
        let exchange = read_one("http://h/", posted, &json!({"status": 204}));
        let kind = exchange
            .request
            .headers
            .get("content-type")
            .map(str::to_owned);
        (exchange.request.body, kind)
    }

    #[test]
    fn forms_without_a_text_are_what_a_browser_sends() {
        let fields = json!([{"name": "a b", "value": "1&2"}, {"name": "c"}]);
        let form = json!({"mimeType": "application/x-www-form-urlencoded", "params": fields});
        assert_eq!(posted(&form).0, Body::Text("a+b=1%262&c=".to_owned()));
        let parts = json!({"mimeType": "multipart/form-data; boundary=X", "params": [
            {"name": "a", "value": "1"},
            {"name": "f\"", "fileName": "x.txt", "contentType": "text/plain", "value": "text\n"}]});
        let text = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --X\r\nContent-Disposition: form-data; name=\"f%22\"; filename=\"x.txt\"\r\n\
            Content-Type: text/plain\r\n\r\ntext\n\r\n--X--\r\n";
        assert_eq!(posted(&parts).0, Body::Text(text.to_owned()));
        let unbounded =
            json!({"mimeType": "multipart/form-data", "params": [{"name": "a", "value": "form"}]});
        let (body, kind) = posted(&unbounded);
        assert_eq!(kind.as_deref(), Some("multipart/form-data; boundary=form-"));
        assert!(matches!(body, Body::Text(text) if text.starts_with("--form-\r\n")));
        let without_file =
            json!({"mimeType": "multipart/form-data", "params": [{"name": "a", "fileName": "b"}]});
        assert!(matches!(posted(&without_file).0, Body::Omitted(_)));
    }

    #[test]
    fn answers_without_a_body_are_none_and_others_are_missing() {
        let status = |status: i64| json!({"status": status, "content": {"size": -1}});
        for (method, response, is_missing) in [
            ("GET", status(200), true),
            ("HEAD", status(200), false),
            ("GET", status(204), false),
            ("GET", status(302), false),
            (
                "GET",
                json!({"status": "200", "headers": [{"name": "content-length", "value": 0}]}),
                false,
            ),
            ("GET", json!({"status": 200.0, "bodySize": 0}), false),
        ] {
            let bytes =
                har(&json!([{"request": {"method": method, "url": "/"}, "response": response}]));
            let recording = read("a.har", &bytes, NONE, Form::Decoded).unwrap();
            let body = recording.exchanges()[0]
                .response
                .as_ref()
                .unwrap()
                .body
                .clone();
            assert_eq!(
                matches!(body, Body::Omitted(_)),
                is_missing,
                "{method} {response}"
            );
        }
    }

    /// Playwright attaches bodies as files beside.
    #[test]
    fn bodies_in_other_files_are_read() {
        let entry = |name: &str| {
            json!({"request": {"method": "POST", "url": "/", "postData": {"_file": name}},
            "response": {"status": 200, "content": {"mimeType": "text/plain", "_file": name}}})
        };
        let bytes = har(&json!([entry("a.bin"), entry("gone.bin")]));
        let attached = |name: &str| (name == "a.bin").then(|| vec![0xff]);
        let beside = read("a.har", &bytes, &attached, Form::Decoded).unwrap();
        for (at, is_there) in [(0, true), (1, false)] {
            let exchange = &beside.exchanges()[at];
            let bodies = [
                &exchange.request.body,
                &exchange.response.as_ref().unwrap().body,
            ];
            for body in bodies {
                assert_eq!(*body == Body::Bytes(vec![0xff]), is_there, "{body:?}");
                assert_eq!(matches!(body, Body::Omitted(_)), !is_there, "{body:?}");
            }
        }
    }

    #[test]
    fn a_text_in_another_file_is_in_the_charset_of_its_message() {
        let attached = |name: &str| {
            Some(if name == "utf8" {
                "\u{e9}".into()
            } else {
                vec![0xe9]
            })
        };
        for (file, length, expected) in [
            ("utf8", Some("1"), Body::Bytes(vec![0xe9])),
            ("utf8", None, Body::Bytes(vec![0xe9])),
            ("utf8", Some("2"), Body::Text("\u{e9}".to_owned())),
            ("bytes", Some("1"), Body::Bytes(vec![0xe9])),
        ] {
            let fields = length.map(|it| json!({"name": "Content-Length", "value": it}));
            let bytes = har(&json!([{
                "request": {"method": "GET", "url": "/"},
                "response": {"status": 200, "headers": Vec::from_iter(fields),
                    "content": {"mimeType": "text/plain; charset=latin1", "_file": file}}}]));
            let read = read("a.har", &bytes, &attached, Form::Sent).unwrap();
            let response = read.exchanges()[0].response.as_ref().unwrap();
            assert_eq!(response.body, expected, "{file} {length:?}");
        }
    }

    #[test]
    fn an_entry_without_a_response_leaves_the_others() {
        let bytes = har(&json!([
            {"request": {"method": "GET", "url": "/"}, "response": null},
            {"request": {"method": "GET", "url": "/"}},
            {"request": {"method": "GET", "url": "/a"}, "response": {"status": 200}},
        ]));
        let recording = read("a.har", &bytes, NONE, Form::Decoded).unwrap();
        let answered: Vec<_> = recording
            .exchanges()
            .iter()
            .map(|it| it.response.is_some())
            .collect();
        assert_eq!(answered, [false, false, true]);
    }

    #[test]
    fn dates_have_a_zone_or_none() {
        let entry = |started: Value| {
            json!({"startedDateTime": started,
            "request": {"method": "GET", "url": "/"}, "response": {"status": 200}})
        };
        let bytes = har(&json!([
            entry(json!("2026-01-15T10:00:05.000")),
            entry(json!("2026-01-15 10:00:01")),
            entry(json!("2026-01-15T11:00:02+01:00")),
            entry(json!(1_768_471_203_000_u64)),
        ]));
        let recording = read("a.har", &bytes, NONE, Form::Decoded).unwrap();
        let times: Vec<_> = recording.exchanges().iter().map(|it| it.at_ms).collect();
        assert_eq!(times, [0, 1000, 2000, 4000]);
    }

    #[test]
    fn cookies_are_listed() {
        let bytes = har(&json!([{
            "request": {"method": "GET", "url": "http://h/", "headers": [{"name": "cookie", "value": "a=1; b=2"}]},
            "response": {"status": 200, "headers": [{"name": "Set-Cookie",
                "value": "c=3; Path=/x; HttpOnly; Secure; SameSite=Lax; Expires=Thu, 01 Jan 2026 08:00:00 GMT"}]},
        }]));
        let recording = read("a.har", &bytes, NONE, Form::Decoded).unwrap();
        let written: Value = serde_json::from_str(&write(&recording)).unwrap();
        let entry = &written["log"]["entries"][0];
        let sent = json!([{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]);
        assert_eq!(entry["request"]["cookies"], sent);
        assert_eq!(
            entry["response"]["cookies"],
            json!([{"name": "c", "value": "3", "path": "/x", "httpOnly": true, "secure": true,
                "sameSite": "Lax", "expires": "2026-01-01T08:00:00.000Z"}])
        );
    }

    #[test]
    fn what_was_not_sent_is_left_out_and_what_has_no_date_keeps_its_place() {
        let entry = |url: &str, started: &str| {
            json!({"startedDateTime": started, "request": {"method": "GET", "url": url},
                "response": {"status": 200}})
        };
        let bytes = har(&json!([
            entry("http://h/2", "2026-01-01T08:00:00.002Z"),
            entry("http://h/3", ""),
            entry("data:,", "2026-01-01T07:00:00Z"),
            entry("http://h/1", "2026-01-01T08:00:00Z"),
        ]));
        let recording = read("a.har", &bytes, NONE, Form::Decoded).unwrap();
        let read: Vec<_> = recording.exchanges().iter().collect();
        assert_eq!(
            read.iter()
                .map(|it| it.request.target.as_str())
                .collect::<Vec<_>>(),
            ["/1", "/2", "/3"]
        );
        assert_eq!(
            read.iter().map(|it| it.at_ms).collect::<Vec<_>>(),
            [0, 2, 2]
        );
    }

    #[test]
    fn halves_of_surrogate_pairs_are_replaced() {
        for (text, expected) in [
            (r"a\udc80b", "a\u{fffd}b"),
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\ud83d\ud83d\ude00\uD83D", "\u{fffd}\u{1f600}\u{fffd}"),
            (r"\\udc80 \ud8", "\\udc80 "),
        ] {
            let bytes = har(&json!([{
                "request": {"method": "POST", "url": "/", "postData": {"text": "TEXT"}},
                "response": {"status": 200},
            }]));
            let bytes = String::from_utf8(bytes).unwrap().replace("TEXT", text);
            match read("a.har", bytes.as_bytes(), NONE, Form::Decoded) {
                Ok(recording) => assert_eq!(
                    recording.exchanges()[0].request.body,
                    Body::Text(expected.to_owned())
                ),
                // An escape that is cut short stays an error.
                Err(wrong) => assert!(text.ends_with("ud8"), "{wrong}"),
            }
        }
    }

    #[test]
    fn what_is_written_is_dated_and_placed_as_it_was() {
        let json = json!([
            {"number": 1, "direction": "request", "at_ms": 250, "took_ms": 750,
             "request": {"method": "GET", "target": "/a", "headers": [["Host", "other"]],
                "wire": {"scheme": "https", "authority": "h:1"}},
             "response": {"status": 200, "wire": {"reason": "Fine"}, "headers": [["Date", "Thu, 01 Jan 2026 08:00:01 GMT"]],
                "body": {"omitted": {"length": 7, "sha256": ""}}}},
            {"number": 2, "direction": "notification", "at_ms": 1500, "took_ms": 0,
             "request": {"method": "POST", "target": "*", "headers": [["Host", "a b"]], "body": {"base64": "/w=="},
                "wire": {"version": "2"}},
             "broke": "closed"},
        ]);
        let exchanges: Vec<Exchange> = serde_json::from_value(json).unwrap();
        let exchanges = exchanges.into_iter().map(|exchange| (1, exchange));
        let recording = Recording::new("b.har", vec![Direction::Request], exchanges);
        let har: Value = serde_json::from_str(&write(&recording)).unwrap();
        let entries = &har["log"]["entries"];
        for (pointer, expected) in [
            ("/0/startedDateTime", json!("2026-01-01T08:00:00.250Z")),
            ("/0/request/url", json!("https://h:1/a")),
            ("/0/response/statusText", json!("Fine")),
            ("/0/response/content/size", json!(7)),
            ("/0/time", json!(750.0)),
            ("/1/startedDateTime", json!("2026-01-01T08:00:01.500Z")),
            ("/1/request/url", json!("https://bot.invalid/*")),
            ("/1/request/bodySize", json!(1)),
            ("/1/request/postData/_encoding", json!("base64")),
            ("/1/response/_error", json!("closed")),
            ("/1/time", json!(0.0)),
        ] {
            assert_eq!(entries.pointer(pointer), Some(&expected), "{pointer}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let json = json!([
            {"number": 1, "direction": "request", "at_ms": 0, "took_ms": 2,
             "request": {"method": "POST", "target": "/a?b=c", "headers": [["Content-Type", "application/json"]], "body": {"json": {"x": 1}}},
             "response": {"status": 201, "headers": [["Location", "/a/1"]], "body": {"base64": "/w=="}, "wire": {"version": "2"}}},
            {"number": 2, "direction": "request", "at_ms": 5, "took_ms": 0,
             "request": {"method": "GET", "target": "/d", "headers": []}, "broke": "the HAR file has no response"},
        ]);
        let exchanges: Vec<Exchange> = serde_json::from_value(json).unwrap();
        let exchanges = exchanges.into_iter().map(|exchange| (1, exchange));
        let directions = vec![Direction::Request, Direction::Notification];
        let recording = Recording::new("b.har", directions, exchanges);
        let text = write(&recording);
        assert!(text.contains("\"2000-01-01T00:00:00.005Z\""), "{text}");
        let again = read("b.har", text.as_bytes(), NONE, Form::Decoded).unwrap();
        assert_eq!(again.exchanges(), recording.exchanges());
        assert_eq!(again.directions(), recording.directions());
        assert_eq!(write(&again), text);
    }

    #[test]
    fn what_is_no_har_has_a_place() {
        assert!(!is_har(b"{\"version\":1}"));
        let wrong = read(
            "c.har",
            b"{\"log\":{\"entries\":\n[{}]}}",
            NONE,
            Form::Decoded,
        )
        .unwrap_err();
        assert_eq!(wrong.line, 2);
        assert!(wrong.message.contains("missing field"), "{wrong}");
    }
}
