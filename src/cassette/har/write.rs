//! Writes recordings as HAR files.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::format as har;
use super::format::{Creator, Entry, Field, Har, Log, PostData, Timings, unknown};
use crate::cassette::format::{Direction, Exchange, Wire};
use crate::cassette::recording::Recording;
use crate::http::message::{Body, Headers, Omission};

/// The recording begins at the first `Date` of an answer, minus its offset; without one, at the
/// beginning of 2000.
pub(crate) fn write(recording: &Recording) -> String {
    let exchanges = recording.exchanges();
    let start = start(exchanges);
    let har = Har {
        log: Log {
            version: "1.2".to_owned(),
            creator: Creator {
                name: "confcall".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            directions: recording.directions().to_vec(),
            entries: exchanges.iter().map(|it| entry(it, start)).collect(),
        },
    };
    let mut text = serde_json::to_string_pretty(&har).expect("a recording is JSON");
    text.push('\n');
    text
}

/// The beginning of 2000, in seconds since 1970. The network panel of Chromium treats 1970 as not
/// begun.
const UNDATED: i64 = 946_684_800;

fn start(exchanges: &[Exchange]) -> Timestamp {
    let date = |exchange: &Exchange| {
        let response = exchange.response.as_ref()?;
        let date = rfc2822::parse(response.headers.get("date")?).ok()?;
        let since = i64::try_from(exchange.at_ms.saturating_add(exchange.took_ms)).ok()?;
        date.timestamp()
            .checked_sub(SignedDuration::from_millis(since))
            .ok()
    };
    let date = exchanges.iter().find_map(date);
    date.or_else(|| Timestamp::from_second(UNDATED).ok())
        .unwrap_or_default()
}

fn entry(exchange: &Exchange, start: Timestamp) -> Entry {
    let since = SignedDuration::from_millis(i64::try_from(exchange.at_ms).unwrap_or(i64::MAX));
    // What is later than any date is written last.
    let started = start.checked_add(since).unwrap_or(Timestamp::MAX);
    let took = took(exchange);
    Entry {
        started: format!("{started:.3}"),
        time: took,
        request: request(exchange),
        response: response(exchange),
        cache: serde_json::json!({}),
        timings: Timings {
            wait: took,
            ..Timings::default()
        },
        resource_type: Some("fetch".into()),
    }
}

/// In milliseconds. Less than one is written as a half: the network panel of Chromium treats 0 as
/// pending.
fn took(exchange: &Exchange) -> f64 {
    match exchange.took_ms {
        0 if exchange.response.is_some() => 0.5,
        took => Duration::from_millis(took).as_secs_f64() * 1000.0,
    }
}

fn request(exchange: &Exchange) -> har::Request {
    let request = &exchange.request;
    let url = url(exchange);
    let query = url::Url::parse(&url).map(|url| {
        let pairs = url.query_pairs();
        pairs
            .map(|(name, value)| Field {
                name: name.into_owned(),
                value: value.into_owned(),
            })
            .collect()
    });
    let body = body(&request.body, &request.headers);
    har::Request {
        method: request.method.clone(),
        http_version: version(&exchange.request_wire),
        cookies: sent_cookies(&request.headers),
        headers: listed(&request.headers),
        query_string: query.unwrap_or_default(),
        body_size: body.size,
        post_data: body.text.map(|text| PostData {
            mime_type: body.mime_type,
            text,
            encoding: body.encoding,
            ..PostData::default()
        }),
        headers_size: unknown(),
        url,
    }
}

/// The absolute URL of a request: the scheme and the host that it names, else its `Host`, and `https` for HTTP/2.
fn url(exchange: &Exchange) -> String {
    let (request, wire) = (&exchange.request, &exchange.request_wire);
    let scheme = match wire.scheme.as_deref() {
        Some(scheme @ ("http" | "https")) => scheme,
        _ if wire.version == "2" => "https",
        _ => "http",
    };
    let named = wire.authority.as_deref();
    let host = named
        .or_else(|| request.headers.get("host"))
        .filter(|host| {
            let url = url::Url::parse(&format!("{scheme}://{host}/"));
            let is_host = |url: &url::Url| url[url::Position::BeforePath..] == *"/";
            // A reader of URLs passes over slashes in front of a host.
            !host.contains(['/', '\\'])
                && url.is_ok_and(|url| is_host(&url) && url.username().is_empty())
        });
    let host = host.unwrap_or(match exchange.direction {
        Direction::Request => "service.invalid",
        Direction::Notification => "bot.invalid",
    });
    let slash = if request.target.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!("{scheme}://{host}{slash}{}", request.target)
}

fn response(exchange: &Exchange) -> har::Response {
    let response = exchange.response.as_ref();
    let headers = response.map_or(&NO_FIELDS, |it| &it.headers);
    let content = body(response.map_or(&Body::Empty, |it| &it.body), headers);
    // The size on the wire is another one where a coding was taken away.
    let coded = exchange.response_wire.coding.as_ref().map(|_| {
        let length = headers.get("content-length");
        length.and_then(|it| it.parse().ok()).unwrap_or(unknown())
    });
    har::Response {
        status: response.map_or(0, |it| it.status.into()),
        status_text: exchange.response_wire.reason.clone().unwrap_or_default(),
        http_version: response.map_or_else(String::new, |_| version(&exchange.response_wire)),
        cookies: set_cookies(headers),
        headers: listed(headers),
        redirect_url: headers.get("location").unwrap_or_default().to_owned(),
        headers_size: unknown(),
        body_size: coded.unwrap_or(content.size),
        content,
        error: exchange.broke.clone(),
    }
}

/// A body as text, in base64 if it is not text. A body that was not recorded has a size only.
fn body(content: &Body, headers: &Headers) -> har::Body {
    let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let mime_type = headers.get("content-type").unwrap_or_default().to_owned();
    let (size, text, encoding) = match content {
        Body::Empty => (0, None, None),
        Body::Json(value) => {
            let text = value.to_string();
            (length(text.len()), Some(text), None)
        }
        Body::Text(text) => (length(text.len()), Some(text.clone()), None),
        Body::Bytes(bytes) => {
            let coded = STANDARD.encode(bytes);
            (length(bytes.len()), Some(coded), Some("base64".to_owned()))
        }
        Body::Omitted(Omission::NotBase64(text)) => {
            (0, Some(text.clone()), Some("base64".to_owned()))
        }
        Body::Omitted(omission) => {
            let length = i64::try_from(omission.length());
            (length.unwrap_or(i64::MAX), None, None)
        }
    };
    har::Body {
        size,
        mime_type,
        text,
        encoding,
        file: None,
    }
}

/// The cookies of a request (RFC 6265 section 4.2.1).
fn sent_cookies(headers: &Headers) -> Vec<Value> {
    let fields = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let pairs = fields.flat_map(|(_, value)| value.split(';'));
    let named = |(name, value)| json!({"name": name, "value": value});
    pairs.filter_map(pair).map(named).collect()
}

/// The cookies that a response sets (RFC 6265 section 4.1.1).
fn set_cookies(headers: &Headers) -> Vec<Value> {
    let fields = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    fields.filter_map(|(_, value)| set_cookie(value)).collect()
}

fn set_cookie(field: &str) -> Option<Value> {
    let mut parts = field.split(';');
    let (name, value) = pair(parts.next()?)?;
    let mut cookie = json!({"name": name, "value": value});
    for part in parts {
        let (name, value) = pair(part).unwrap_or((part.trim(), ""));
        match name.to_ascii_lowercase().as_str() {
            "path" => cookie["path"] = value.into(),
            "domain" => cookie["domain"] = value.into(),
            "samesite" => cookie["sameSite"] = value.into(),
            "httponly" => cookie["httpOnly"] = true.into(),
            "secure" => cookie["secure"] = true.into(),
            "expires" => {
                if let Ok(date) = rfc2822::parse(value) {
                    cookie["expires"] = format!("{:.3}", date.timestamp()).into();
                }
            }
            _ => {}
        }
    }
    Some(cookie)
}

fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim(), value.trim()))
}

static NO_FIELDS: Headers = Headers::new();

fn listed(headers: &Headers) -> Vec<Field> {
    let field = |(name, value): (&str, &str)| Field {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    headers.iter().map(field).collect()
}

fn version(wire: &Wire) -> String {
    match wire.version.as_str() {
        "" => "HTTP/1.1".to_owned(),
        version => format!("HTTP/{version}"),
    }
}
