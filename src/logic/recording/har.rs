//! HAR 1.2, both ways: the files that browsers and other proxies write, and that they open.
//!
//! HAR knows one direction. Which way a request went is told from its body: change notifications
//! go to the bot, everything else to the service.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Position, Url};

use super::Recording;
use super::causes::{self, Causes};
use crate::logic::judge::notice;
use crate::model::cassette::{
    Content, Direction, Exchange, RecordedRequest, RecordedResponse, Wire,
};
use crate::text::diagnostic::Diagnostic;
use crate::text::place::Place;

/// Whether bytes look like a HAR file: one object with a `log` at its front.
pub fn is_har(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(rest) = text.trim_ascii_start().strip_prefix(b"{") else {
        return false;
    };
    rest.trim_ascii_start().starts_with(b"\"log\"")
}

/// Reads a HAR file. `file` is what errors call it.
///
/// # Errors
///
/// Where and why it is no HAR 1.2.
pub fn read(file: &str, bytes: &[u8]) -> Result<Recording, Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let har: Har = serde_json::from_slice(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(bytes);
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said);
        Place::of_bytes(&text, error.line(), error.column()).complain(
            file,
            &text,
            format!("no HAR 1.2: {said}"),
        )
    })?;
    let mut entries = har.log.entries;
    let began: Vec<Option<Timestamp>> = entries.iter().map(|it| it.started.parse().ok()).collect();
    let start = began.iter().flatten().min().copied();
    let mut timed: Vec<(u64, Entry)> = began
        .into_iter()
        .zip(entries.drain(..))
        .map(|(at, entry)| {
            let since = at.zip(start).map(|(at, start)| at.duration_since(start));
            (since.map_or(0, milliseconds), entry)
        })
        .collect();
    timed.sort_by_key(|(at, _)| *at);
    let mut causes = Causes::default();
    let mut exchanges = Vec::with_capacity(timed.len());
    for (number, (at_ms, entry)) in (1..).zip(timed) {
        let mut exchange = entry.into_exchange(number, at_ms);
        note_cause(&mut exchange, &mut causes);
        exchanges.push(exchange);
    }
    let mut directions: BTreeSet<_> = exchanges.iter().map(|it| it.direction).collect();
    directions.insert(Direction::Request);
    // The lines of a HAR file tell nothing.
    let exchanges = exchanges.into_iter().map(|exchange| (1, exchange));
    let directions = directions.into_iter().collect();
    Ok(Recording::new(file, directions, exchanges))
}

/// Writes a recording as a HAR file. A cassette has no date: its first moment is the beginning of
/// 1970.
///
/// # Panics
///
/// Never: a recording is always JSON.
pub fn write(recording: &Recording) -> String {
    let entries = recording.exchanges().iter().map(Entry::of).collect();
    let har = Har {
        log: Log {
            version: "1.2".to_owned(),
            creator: Creator {
                name: "confcall".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            entries,
        },
    };
    let mut text = serde_json::to_string_pretty(&har).expect("a recording is JSON");
    text.push('\n');
    text
}

fn milliseconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}

fn note_cause(exchange: &mut Exchange, causes: &mut Causes) {
    let json = |content: &Content| match content {
        Content::Json(value) => Some(value.clone()),
        _ => None,
    };
    let request = &exchange.request;
    let body = json(&request.body);
    let mut marks = causes::marks(&request.target, &request.headers, body.as_ref());
    exchange.cause = causes.of(exchange.direction, exchange.number, &marks);
    if let Some(response) = &exchange.response {
        let body = json(&response.body);
        marks.extend(causes::marks("", &response.headers, body.as_ref()));
    }
    causes.note(exchange.direction, exchange.number, &marks);
}

#[derive(Debug, Serialize, Deserialize)]
struct Har {
    log: Log,
}

#[derive(Debug, Serialize, Deserialize)]
struct Log {
    #[serde(default)]
    version: String,
    #[serde(default)]
    creator: Creator,
    entries: Vec<Entry>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Creator {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "startedDateTime", default)]
    started: String,
    #[serde(default)]
    time: f64,
    request: Request,
    response: Response,
    #[serde(default)]
    cache: Value,
    #[serde(default)]
    timings: Timings,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Timings {
    #[serde(default)]
    send: f64,
    #[serde(default)]
    wait: f64,
    #[serde(default)]
    receive: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    http_version: String,
    #[serde(default)]
    cookies: Vec<Value>,
    #[serde(default)]
    headers: Vec<Field>,
    #[serde(default)]
    query_string: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    #[serde(default = "unknown")]
    headers_size: i64,
    #[serde(default = "unknown")]
    body_size: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    text: String,
    /// As some tools write bodies that are no text; HAR 1.2 has it for answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    /// 0 where there was none.
    status: u16,
    #[serde(default)]
    status_text: String,
    #[serde(default)]
    http_version: String,
    #[serde(default)]
    cookies: Vec<Value>,
    #[serde(default)]
    headers: Vec<Field>,
    #[serde(default)]
    content: Body,
    #[serde(rename = "redirectURL", default)]
    redirect_url: String,
    #[serde(default = "unknown")]
    headers_size: i64,
    #[serde(default = "unknown")]
    body_size: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    size: i64,
    #[serde(default)]
    mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    value: String,
}

/// Sizes that are not known are written so.
const fn unknown() -> i64 {
    -1
}

/// What stands before a path that has no host. HAR wants absolute URLs.
const SERVICE: &str = "http://service.invalid";
const BOT: &str = "http://bot.invalid";

impl Entry {
    fn into_exchange(self, number: u64, at_ms: u64) -> Exchange {
        let posted = self.request.post_data;
        let body = posted.map_or(Content::Empty, |it| {
            content(&it.text, it.encoding.as_deref())
        });
        let answered = self.response.status != 0;
        let answer = self.response.content;
        let answer = answer.text.map_or(Content::Empty, |text| {
            content(&text, answer.encoding.as_deref())
        });
        let time = if self.time.is_finite() {
            self.time.max(0.0)
        } else {
            0.0
        };
        Exchange {
            number,
            direction: direction(&body),
            cause: None,
            at_ms,
            took_ms: std::time::Duration::try_from_secs_f64(time / 1000.0)
                .map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
            request: RecordedRequest {
                method: self.request.method,
                target: target(&self.request.url),
                headers: fields(self.request.headers),
                body,
                wire: wire(&self.request.http_version),
            },
            response: answered.then(|| RecordedResponse {
                status: self.response.status,
                headers: fields(self.response.headers),
                body: answer,
                wire: wire(&self.response.http_version),
            }),
            broke: (!answered).then(|| "no response is in the HAR file".to_owned()),
        }
    }

    fn of(exchange: &Exchange) -> Self {
        let request = &exchange.request;
        let host = match exchange.direction {
            Direction::Request => SERVICE,
            Direction::Notification => BOT,
        };
        let started = i64::try_from(exchange.at_ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .unwrap_or(Timestamp::MAX);
        let took = std::time::Duration::from_millis(exchange.took_ms);
        let took = took.as_secs_f64() * 1000.0;
        let url = url_of(host, &request.target);
        let query = Url::parse(&url).map(|url| {
            let pairs = url.query_pairs();
            pairs
                .map(|(name, value)| Field {
                    name: name.into_owned(),
                    value: value.into_owned(),
                })
                .collect()
        });
        Self {
            started: format!("{started:.3}"),
            time: took,
            request: Request {
                method: request.method.clone(),
                http_version: version(&request.wire),
                cookies: Vec::new(),
                headers: listed(&request.headers),
                query_string: query.unwrap_or_default(),
                post_data: written(&request.body).map(|(text, encoding)| PostData {
                    mime_type: media_type(&request.headers),
                    text,
                    encoding,
                }),
                headers_size: unknown(),
                body_size: unknown(),
                url,
            },
            response: Response::of(exchange.response.as_ref()),
            cache: serde_json::json!({}),
            timings: Timings {
                wait: took,
                ..Timings::default()
            },
        }
    }
}

impl Response {
    fn of(response: Option<&RecordedResponse>) -> Self {
        let headers = response.map_or(&[][..], |it| &it.headers);
        let written = response.and_then(|it| written(&it.body));
        let size = written.as_ref().map_or(0, |(text, _)| text.len());
        let (text, encoding) = written.map_or((None, None), |(text, coded)| (Some(text), coded));
        let location = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("location"));
        Self {
            status: response.map_or(0, |it| it.status),
            status_text: String::new(),
            http_version: response.map_or_else(String::new, |it| version(&it.wire)),
            cookies: Vec::new(),
            headers: listed(headers),
            content: Body {
                size: i64::try_from(size).unwrap_or(i64::MAX),
                mime_type: media_type(headers),
                text,
                encoding,
            },
            redirect_url: location.map(|(_, to)| to.clone()).unwrap_or_default(),
            headers_size: unknown(),
            body_size: unknown(),
        }
    }
}

/// Which way a request with this body went.
fn direction(body: &Content) -> Direction {
    let tells = match body {
        Content::Json(body) => notice::entries(body).is_some_and(|entries| {
            let is_change = |it: &Value| it["changeType"].is_string();
            !entries.is_empty() && entries.iter().all(is_change)
        }),
        _ => false,
    };
    if tells {
        Direction::Notification
    } else {
        Direction::Request
    }
}

fn content(text: &str, encoding: Option<&str>) -> Content {
    match encoding {
        Some("base64") => Content::Base64(text.to_owned()),
        _ => Content::of_text(text.to_owned()),
    }
}

/// A body as text, with its encoding where it is no text; none where there is none, or where it
/// was not kept.
fn written(content: &Content) -> Option<(String, Option<String>)> {
    match content {
        Content::Json(value) => Some((value.to_string(), None)),
        Content::Text(text) => Some((text.clone(), None)),
        Content::Base64(coded) => Some((coded.clone(), Some("base64".to_owned()))),
        Content::Empty | Content::Omitted { .. } => None,
    }
}

/// The path and query of an absolute URL. What is none is a path.
fn target(url: &str) -> String {
    let absolute = Url::parse(url).ok().filter(Url::has_host);
    let target = absolute
        .as_ref()
        .map_or(url, |it| &it[Position::BeforePath..]);
    // Other schemes than those of HTTP write paths in other ways.
    let slash = if target.starts_with('/') { "" } else { "/" };
    match Url::parse(&format!("{SERVICE}{slash}{target}")) {
        Ok(url) => url[Position::BeforePath..Position::AfterQuery].to_owned(),
        Err(_) => target.to_owned(),
    }
}

/// The absolute URL of a target, which may be another than a path (RFC 9112 section 3.2).
fn url_of(host: &str, target: &str) -> String {
    match target {
        path if path.starts_with('/') => format!("{host}{path}"),
        url if url.contains("://") => url.to_owned(),
        other => format!("{host}/{other}"),
    }
}

/// The fields of HTTP/2 that begin with a colon are parts of the start line.
fn fields(fields: Vec<Field>) -> Vec<(String, String)> {
    let fields = fields.into_iter().filter(|it| !it.name.starts_with(':'));
    fields.map(|field| (field.name, field.value)).collect()
}

fn listed(fields: &[(String, String)]) -> Vec<Field> {
    let field = |(name, value): &(String, String)| Field {
        name: name.clone(),
        value: value.clone(),
    };
    fields.iter().map(field).collect()
}

fn media_type(fields: &[(String, String)]) -> String {
    let mut types = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    types
        .next()
        .map_or_else(String::new, |(_, value)| value.clone())
}

fn wire(version: &str) -> Wire {
    let version = version.to_ascii_lowercase();
    Wire {
        version: match version.trim_start_matches("http/").trim_start_matches('h') {
            "1.0" => "1.0".to_owned(),
            "2" | "2.0" => "2".to_owned(),
            _ => String::new(),
        },
        ..Wire::default()
    }
}

fn version(wire: &Wire) -> String {
    match wire.version.as_str() {
        "" => "HTTP/1.1".to_owned(),
        version => format!("HTTP/{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn har(entries: &Value) -> Vec<u8> {
        json!({"log": {"version": "1.2", "entries": entries}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn what_another_tool_wrote_is_read() {
        let told =
            json!({"value": [{"changeType": "updated", "resource": "/app/calls/1/operations/9"}]});
        let bytes = har(&json!([
            {
                "startedDateTime": "2026-01-01T10:00:01.250+02:00", "time": 3.9,
                "request": {"method": "POST", "url": "https://bot.example/callback",
                    "postData": {"mimeType": "application/json", "text": told.to_string()}},
                "response": {"status": 202, "content": {}},
            },
            {
                "startedDateTime": "2026-01-01T08:00:00.000Z", "time": 12.0,
                "request": {"method": "POST", "url": "https://h/beta/app/calls/1/participants/invite?a=b",
                    "httpVersion": "h2", "headers": [{"name": ":path", "value": "/"}, {"name": "A", "value": "b"}]},
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
        assert_eq!(asked.request.headers, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(
            (asked.request.wire.version.as_str(), asked.took_ms),
            ("2", 12)
        );
        let told = &list[2];
        assert_eq!(
            (told.direction, told.at_ms),
            (Direction::Notification, 1250)
        );
        assert_eq!(told.cause.as_ref().map(|cause| cause.exchange), Some(1));
        assert!(list[1].broke.is_some() && list[1].response.is_none());
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
        let again = read("b.har", text.as_bytes()).unwrap();
        assert_eq!(again.exchanges(), recording.exchanges());
        assert_eq!(write(&again), text);
    }

    #[test]
    fn every_url_has_a_target_that_is_written_and_read_again() {
        for (url, read) in [
            ("https://h/a/../b c?d=e#f", "/b%20c?d=e"),
            ("https://h", "/"),
            ("", "/"),
            ("/a?b", "/a?b"),
            ("a", "/a"),
            ("*", "/*"),
            ("//x", "//x"),
            ("http%s://b/cb", "/http%s://b/cb"),
            ("https://h:99999/", "/https://h:99999/"),
            ("mailto:a", "/mailto:a"),
            ("app://h/a b\\c", "/a%20b/c"),
        ] {
            assert_eq!(target(url), read);
            assert_eq!(target(&url_of(BOT, read)), read);
        }
        for (asked, url) in [
            ("/go?to=http://x/", "http://bot.invalid/go?to=http://x/"),
            ("*", "http://bot.invalid/*"),
            ("h:443", "http://bot.invalid/h:443"),
            ("http://h/a", "http://h/a"),
        ] {
            assert_eq!(url_of(BOT, asked), url);
        }
    }

    #[test]
    fn what_is_no_har_has_a_place() {
        assert!(!is_har(b"{\"version\":1}"));
        let wrong = read("c.har", b"{\"log\":{\"entries\":\n[{}]}}").unwrap_err();
        assert_eq!(wrong.line, 2);
        assert!(wrong.message.contains("missing field"), "{wrong}");
    }
}
