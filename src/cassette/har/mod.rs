//! Reads and writes HAR 1.2, the format of browsers and other proxies.
//!
//! HAR has one direction. The direction of a request is derived from its body: change notifications
//! go to the bot, everything else to the service. Fields that [`mod@format`] does not have are ignored.

mod format;
mod read;
mod write;

pub(crate) use self::read::read;
pub(crate) use self::write::write;

/// True for an object whose first property is `log`.
pub(crate) fn is_har(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(rest) = text.trim_ascii_start().strip_prefix(b"{") else {
        return false;
    };
    rest.trim_ascii_start().starts_with(b"\"log\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, Exchange};
    use crate::cassette::recording::Recording;
    use crate::http::message::{Body, Headers, Omission};
    use serde_json::{Value, json};

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
        let recording = read("a.har", &bytes).unwrap();
        let list = recording.exchanges();
        let asked = &list[0];
        assert_eq!(
            asked.request.target,
            "/beta/app/calls/1/participants/invite?a=b"
        );
        let headers = Headers::from_iter([("host", "h"), ("A", "b")]);
        assert_eq!(asked.request.headers, headers);
        assert_eq!(
            (asked.request_wire.version.as_str(), asked.took_ms),
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
        read("one.har", &bytes).unwrap().exchanges()[0].clone()
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
            (json!(null), Body::Empty),
            (json!({"size": -1}), Body::Empty),
            (json!({"size": 9, "text": ""}), Body::Empty),
            (json!({"size": 9, "_file": "a.json"}), omitted(9)),
            (
                json!({"size": 2, "text": "ew==", "encoding": "base64"}),
                Body::Text("{".to_owned()),
            ),
        ] {
            let response = json!({"status": 200, "content": body});
            let exchange = read_one("http://h/", &Value::Null, &response);
            assert_eq!(exchange.response.unwrap().body, expected, "{body}");
        }
    }

    #[test]
    fn what_has_no_response_says_how_it_broke() {
        for (response, broke) in [
            (json!({"status": 0}), "no response is in the HAR file"),
            (
                json!({"status": -1, "_error": null}),
                "no response is in the HAR file",
            ),
            (json!({"status": 0, "_error": "refused"}), "refused"),
            (json!({}), "no response is in the HAR file"),
        ] {
            let exchange = read_one("http://h/", &Value::Null, &response);
            assert_eq!(exchange.broke.as_deref(), Some(broke), "{response}");
            assert_eq!(exchange.response, None);
        }
    }

    #[test]
    fn targets_are_what_stands_in_the_url() {
        for (url, target) in [
            ("http://h", "/"),
            ("http://h?a=b", "/?a=b"),
            ("https://h:1/a/../{b}?c=//d#e", "/a/../{b}?c=//d"),
            ("/a", "/a"),
        ] {
            let exchange = read_one(url, &Value::Null, &json!({"status": 204}));
            assert_eq!(exchange.request.target, target);
        }
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
        let recording = read("a.har", &bytes).unwrap();
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
            match read("a.har", bytes.as_bytes()) {
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
             "request": {"method": "GET", "target": "/a", "headers": [["Host", "h:1"]]},
             "response": {"status": 200, "headers": [["Date", "Thu, 01 Jan 2026 08:00:01 GMT"]],
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
            ("/0/request/url", json!("http://h:1/a")),
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
             "request": {"method": "GET", "target": "/d", "headers": []}, "broke": "no response is in the HAR file"},
        ]);
        let exchanges: Vec<Exchange> = serde_json::from_value(json).unwrap();
        let exchanges = exchanges.into_iter().map(|exchange| (1, exchange));
        let recording = Recording::new("b.har", vec![Direction::Request], exchanges);
        let text = write(&recording);
        assert!(text.contains("\"2000-01-01T00:00:00.005Z\""), "{text}");
        let again = read("b.har", text.as_bytes()).unwrap();
        assert_eq!(again.exchanges(), recording.exchanges());
        assert_eq!(write(&again), text);
    }

    #[test]
    fn what_is_no_har_has_a_place() {
        assert!(!is_har(b"{\"version\":1}"));
        let wrong = read("c.har", b"{\"log\":{\"entries\":\n[{}]}}").unwrap_err();
        assert_eq!(wrong.line, 2);
        assert!(wrong.message.contains("missing field"), "{wrong}");
    }
}
