//! Reads HAR files as recordings.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::body;
use super::body::Attached;
use super::format as har;
use super::format::{Entry, Field, Har};
use crate::api::address;
use crate::cassette::causes;
use crate::cassette::causes::Causes;
use crate::cassette::format::Form;
use crate::cassette::format::{Direction, Exchange, Wire};
use crate::cassette::recording::Recording;
use crate::contract::change;
use crate::contract::prefix::prefix_of;
use crate::contract::shape::lookup;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::json::reason_of;
use crate::diagnostic::place::Place;
use crate::http::message::{Body, Headers, Request, Response};

/// `file` is the name of the file in errors, and `attached` reads the files that it names.
/// Bodies are in this form.
/// Entries that used no network (`data:` and the like) are left out; an entry without a date keeps its place.
/// Errors: the place and the reason where the file is not HAR 1.2.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    attached: Attached<'_>,
    form: Form,
) -> Result<Recording, Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = paired(bytes);
    let har: Har = serde_json::from_slice(&bytes).map_err(|error| {
        let text = String::from_utf8_lossy(&bytes);
        Place::of_bytes(&text, error.line(), error.column()).diagnostic(
            file,
            &text,
            format!("no HAR 1.2: {}", reason_of(&error)),
        )
    })?;
    let entries = (1..).zip(timed(har.log.entries));
    let exchanges = entries.map(|(number, (at_ms, entry))| {
        let url = entry.request.url.clone();
        (url, exchange(entry, number, at_ms, (attached, form)))
    });
    let exchanges = directed(exchanges.collect());
    let mut causes = Causes::default();
    let exchanges = exchanges.into_iter().map(|mut exchange| {
        note_cause(&mut exchange, &mut causes);
        exchange
    });
    let exchanges: Vec<Exchange> = exchanges.collect();
    let mut directions: BTreeSet<_> = exchanges.iter().map(|it| it.direction).collect();
    directions.insert(Direction::Request);
    directions.extend(har.log.directions);
    // The line numbers of a HAR file help nobody.
    let exchanges = exchanges.into_iter().map(|exchange| (1, exchange));
    let directions = directions.into_iter().collect();
    Ok(Recording::new(file, directions, exchanges))
}

/// The entries that used the network, sorted by their start, each with the milliseconds since the
/// first.
fn timed(entries: Vec<Entry>) -> Vec<(u64, Entry)> {
    let sent = entries.into_iter().filter(|it| is_sent(&it.request.url));
    let sent: Vec<(Option<Timestamp>, Entry)> =
        sent.map(|entry| (date(&entry.started), entry)).collect();
    let start = sent.iter().filter_map(|(at, _)| *at).min();
    let mut before = 0;
    let mut timed: Vec<(u64, Entry)> = sent
        .into_iter()
        .map(|(at, entry)| {
            let since = at.zip(start).map(|(at, start)| at.duration_since(start));
            before = since.map_or(before, milliseconds);
            (before, entry)
        })
        .collect();
    timed.sort_by_key(|(at, _)| *at);
    timed
}

/// A date of ISO 8601. One without a zone is in UTC; a number counts milliseconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    let counted = || Timestamp::from_millisecond(text.parse().ok()?).ok();
    let zoned = text.parse().ok();
    zoned
        .or_else(|| local().map(|it| it.timestamp()))
        .or_else(counted)
}

fn is_sent(url: &str) -> bool {
    let local = [
        "data",
        "blob",
        "about",
        "file",
        "chrome",
        "chrome-extension",
    ];
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    !local.iter().any(|it| scheme.eq_ignore_ascii_case(it))
}

fn milliseconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}

fn exchange(entry: Entry, number: u64, at_ms: u64, bodies: (Attached<'_>, Form)) -> Exchange {
    let mut request_wire = wire(&entry.request.http_version);
    let mut response_wire = wire(&entry.response.http_version);
    let (scheme, authority) = origin(&entry.request.url).unzip();
    response_wire.reason = reason(&entry.response.status_text);
    let (response, broke) = response(entry.response, &entry.request.method, bodies);
    let request = request(entry.request, bodies);
    // `http`, and the host of `Host`, apply if the file does not name them.
    request_wire.scheme = scheme.filter(|it| it != "http");
    request_wire.authority = authority.filter(|_| request.headers.get("host").is_none());
    request_wire.coding = coding(&request.headers, &request.body);
    if let Some(response) = &response {
        response_wire.coding = coding(&response.headers, &response.body);
    }
    // A value that is not a number of milliseconds, or is below zero, is unknown.
    let took = Duration::try_from_secs_f64(entry.time / 1000.0).unwrap_or_default();
    Exchange {
        at_ms,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        request_wire,
        response_wire: if response.is_some() {
            response_wire
        } else {
            Wire::default()
        },
        response,
        broke,
        ..Exchange::new(number, Direction::Request, request)
    }
}

fn request(mut request: har::Request, bodies: (Attached<'_>, Form)) -> Request {
    let mut headers = fields(std::mem::take(&mut request.headers));
    Request {
        target: target(&request.url),
        body: bodies.1.of(body::posted(&request, &mut headers, bodies)),
        headers,
        method: request.method,
    }
}

fn response(
    mut response: har::Response,
    method: &str,
    bodies: (Attached<'_>, Form),
) -> (Option<Response>, Option<String>) {
    let status = u16::try_from(response.status);
    let status = status.ok().filter(|it| (100..1000).contains(it));
    // Chromium notes one of answers whose body nobody reads, as there is none.
    let is_whole = body::has_no_content(method, response.status) && status.is_some();
    let error = response.error.take();
    let error = error.filter(|it| !it.is_empty() && !is_whole);
    let absent = || {
        status
            .is_none()
            .then(|| "the HAR file has no response".to_owned())
    };
    let broke = error.or_else(absent);
    let mut headers = fields(std::mem::take(&mut response.headers));
    let response = status.map(|status| Response {
        status,
        body: bodies
            .1
            .of(body::answered(&response, method, &mut headers, bodies)),
        headers,
    });
    (response, broke)
}

/// The exchanges, each with its direction, from those with their URLs. A body with changes is a notification. So is every
/// POST to an address that has had one, or that the bot gives as its callback.
fn directed(mut exchanges: Vec<(String, Exchange)>) -> Vec<Exchange> {
    let mut callbacks = HashSet::new();
    for (url, exchange) in &mut exchanges {
        let Some(body) = exchange.request.body.to_json() else {
            continue;
        };
        let is_of_api = prefix_of(&exchange.request.target).is_some();
        let given = lookup(&body, "callbackUri").filter(|_| is_of_api);
        if has_changes(&body) {
            callbacks.insert(address(url));
            exchange.direction = Direction::Notification;
        } else if let Some((_, Value::String(callback))) = given {
            callbacks.insert(address(callback));
        }
    }
    let is_callback = |url: &str| match address(url) {
        // The file does not name the host.
        (None, path) => callbacks.iter().any(|(_, it)| *it == path),
        named => callbacks.contains(&named),
    };
    let exchanges = exchanges.into_iter().map(|(url, mut exchange)| {
        if exchange.request.method == "POST" && is_callback(&url) {
            exchange.direction = Direction::Notification;
        }
        exchange
    });
    exchanges.collect()
}

fn has_changes(body: &Value) -> bool {
    change::entries(body).is_some_and(|entries| {
        let is_change = |it: &Value| it["changeType"].is_string();
        !entries.is_empty() && entries.iter().all(is_change)
    })
}

/// The host, the path and the query of a URL; no host where it names none.
fn address(url: &str) -> (Option<String>, String) {
    let host = origin(url).and_then(|(_, authority)| address::authority(Some(&authority), None));
    (host, address::path_and_query(url))
}

/// The path and the query of a URL. Characters that no URL has are encoded (RFC 3986 section 2.1): browsers and other
/// tools write URLs before they are.
fn target(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let target = match url.split_once("://") {
        None => url.to_owned(),
        Some((_, rest)) => match rest.find(['/', '?']) {
            Some(at) if rest[at..].starts_with('/') => rest[at..].to_owned(),
            Some(at) => format!("/{}", &rest[at..]),
            None => "/".to_owned(),
        },
    };
    utf8_percent_encode(&target, RAW).to_string()
}

/// The scheme and the authority of a URL, without a user. `service.invalid` and the like name no host (RFC 2606).
fn origin(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let scheme = scheme.to_ascii_lowercase();
    let is_host = !authority.is_empty() && !authority.ends_with(".invalid");
    (is_host && ["http", "https"].contains(&&*scheme)).then(|| (scheme, authority.to_owned()))
}

/// A reason phrase that HTTP can carry (RFC 9112 section 4).
fn reason(text: &str) -> Option<String> {
    let is_carried = |it: char| u8::try_from(it).is_ok() && !it.is_control();
    (!text.is_empty() && text.chars().all(is_carried)).then(|| text.to_owned())
}

/// The content coding of a message, whose body tools write without it. In a coding that is unknown it is as it came.
fn coding(headers: &Headers, body: &Body) -> Option<String> {
    let fields = headers.iter();
    let codings = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let codings: Vec<&str> = codings.map(|(_, value)| value).collect();
    let codings = codings.join(", ");
    let is_known = |it: &str| {
        let known = ["gzip", "x-gzip", "deflate", "br", "zstd"];
        known
            .iter()
            .any(|known| it.trim().eq_ignore_ascii_case(known))
    };
    let is_there = !matches!(body, Body::Empty | Body::Omitted(_));
    (is_there && codings.split(',').all(is_known)).then_some(codings)
}

/// The characters that no URL has, without the braces of a template.
const RAW: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'|');

/// Converts HTTP/2 pseudo-header fields: `:authority` becomes `Host`, others are dropped (RFC 9113
/// section 8.3.1). Browsers join repeated fields with line ends.
fn fields(fields: Vec<Field>) -> Headers {
    let has_host = fields.iter().any(|it| it.name.eq_ignore_ascii_case("host"));
    let field = |field: Field| match field.name.as_str() {
        ":authority" if !has_host => Some(("host".to_owned(), field.value)),
        name if name.starts_with(':') => None,
        _ => Some((field.name, field.value)),
    };
    let fields = fields.into_iter().filter_map(field);
    let each = |(name, lines): (String, String)| {
        let lines: Vec<_> = lines.lines().map(str::to_owned).collect();
        let lines = if lines.is_empty() {
            vec![String::new()]
        } else {
            lines
        };
        lines.into_iter().map(move |line| (name.clone(), line))
    };
    fields.flat_map(each).collect()
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

fn note_cause(exchange: &mut Exchange, causes: &mut Causes) {
    let request = &exchange.request;
    let sent = request.body.to_json();
    let mut links = causes::links(&request.target, &request.headers, sent.as_deref());
    exchange.cause = causes.of(exchange.direction, exchange.number, &links);
    if let Some(response) = &exchange.response {
        let answered = response.body.to_json();
        links.extend(causes::links("", &response.headers, answered.as_deref()));
    }
    causes.note(exchange.direction, exchange.number, &links);
}

/// Replaces unpaired surrogates, which mitmproxy writes for bytes that are not text, by the
/// replacement character. Its escape has the same length, so that positions stay valid.
fn paired(json: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(backslash) = json
        .get(at..)
        .and_then(|it| it.iter().position(|b| *b == b'\\'))
    {
        at += backslash;
        at += match (escaped(json, at), escaped(json, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                replaced.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            _ => 2,
        };
    }
    replaced
}

/// The code unit of an escape `\u0000` at a position.
fn escaped(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = digits.iter().map(|it| char::from(*it).to_digit(16));
    digits.reduce(|number, digit| Some(number? * 16 + digit?))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The directions of a request that gives a callback, and of what is posted afterwards.
    fn directions(callback: &str, posted: &[(&str, Value)]) -> Vec<Direction> {
        let created = (
            "https://api.example/v1.0/communications/calls",
            json!({"callbackUri": callback}),
        );
        let entry = |(url, body): &(&str, Value)| {
            json!({"request": {"method": "POST", "url": url,
                    "postData": {"mimeType": "application/json", "text": body.to_string()}},
                "response": {"status": 202, "content": {}}})
        };
        let entries: Vec<Value> = std::iter::once(&created).chain(posted).map(entry).collect();
        let har = json!({"log": {"version": "1.2", "entries": entries}}).to_string();
        let read = read("a.har", har.as_bytes(), &|_| None, Form::Decoded).expect("a HAR file");
        read.exchanges().iter().map(|it| it.direction).collect()
    }

    #[test]
    fn what_is_posted_to_a_callback_is_a_notification() {
        let change = json!({"value": [{"changeType": "updated", "resource": "/app/calls/1"}]});
        let single = json!({"@odata.type": "#microsoft.graph.participantJoiningNotification"});
        for (callback, posted, is_notification) in [
            (
                "https://bot.example/api/calls",
                ("https://bot.example/api/calls", &single),
                true,
            ),
            (
                "https://bot.example/api/calls",
                ("http://BOT.example:80/api/calls", &json!([])),
                true,
            ),
            (
                "https://bot.example/a?n=\u{eb}",
                ("https://bot.example/a?n=%c3%ab", &json!({})),
                true,
            ),
            (
                "https://bot.example/api/calls",
                ("http://bot.invalid/api/calls", &single),
                true,
            ),
            (
                "https://bot.example/api/calls",
                ("https://crm.example/api/calls", &single),
                false,
            ),
            (
                "https://bot.example/api/calls",
                ("https://bot.example/api/calls/1", &single),
                false,
            ),
            (
                "https://bot.example/other",
                ("https://bot.example/api/calls", &change),
                true,
            ),
        ] {
            let found = directions(callback, &[(posted.0, posted.1.clone())]);
            let expected = if is_notification {
                Direction::Notification
            } else {
                Direction::Request
            };
            assert_eq!(
                found,
                [Direction::Request, expected],
                "{callback} {posted:?}"
            );
        }
        // The application's own callback is known by its notifications, before and after.
        let own = "http://localhost:3978/api/calls";
        let found = directions(
            "https://bot.example/",
            &[(own, single.clone()), (own, change), (own, single)],
        );
        assert_eq!(found[1..], [Direction::Notification; 3]);
    }
}
