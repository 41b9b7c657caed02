//! A cassette: a recorded conversation, exchange by exchange, in both directions.
//!
//! The file is JSON Lines (version 1): a [`Header`], then one [`Exchange`] a line, numbered at the
//! start of its request. What a person reads, the [`Content`], stands apart from what the wire
//! adds, the [`Wire`].

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::message;
use crate::http::message::{Body, Headers, Omission, Request, Response};

/// The version of the format that this confcall writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// A line of a cassette, as its JSON Schema tells it.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged, title = "a line of a confcall cassette", extend("$id" = "cassette.schema.json"))]
#[expect(dead_code, reason = "the schema is made from it")]
pub enum Line {
    /// The first one.
    Header(Header),
    /// Each other one.
    Exchange(Box<Exchange>),
}

/// The first line of a cassette.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall cassette, first line")]
pub struct Header {
    /// The version of the format: 1.
    pub version: u32,
    /// Which directions were recorded: a step of another is untested, not missing.
    pub directions: Vec<Direction>,
}

/// Which way the request of an exchange went.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the bot to the service.
    Request,
    /// From the service to the bot's callback.
    Notification,
}

/// One request with its response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall cassette, one exchange a line")]
pub struct Exchange {
    /// The number, counted from 1 in the order in which the requests began.
    pub number: u64,
    /// Which way the request went.
    pub direction: Direction,
    /// The exchange that brought this one about, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// When the request began, in milliseconds since the recording did.
    pub at_ms: u64,
    /// How long the response took to begin, in milliseconds.
    pub took_ms: u64,
    /// The request.
    pub request: RecordedRequest,
    /// The response; none where the exchange broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<RecordedResponse>,
    /// How the exchange broke, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broke: Option<String>,
}

impl Exchange {
    /// A request that nothing brought about, at the beginning of the recording, without a response.
    pub const fn new(number: u64, direction: Direction, request: RecordedRequest) -> Self {
        Self {
            number,
            direction,
            cause: None,
            at_ms: 0,
            took_ms: 0,
            request,
            response: None,
            broke: None,
        }
    }
}

/// What brought an exchange about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The number of the exchange.
    pub exchange: u64,
    /// What tells so.
    pub by: CausedBy,
}

/// What tells that one exchange brought about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CausedBy {
    /// Both name one operation.
    Operation,
    /// Both have one client context, on one call.
    Context,
    /// Both are about one call.
    Call,
    /// Both bear one chain id in their headers.
    Chain,
}

/// The request of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The header fields, in order, with repeats.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub body: Content,
    /// What the wire adds.
    #[serde(default, skip_serializing_if = "Wire::is_plain")]
    pub wire: Wire,
}

impl RecordedRequest {
    /// A request without header fields and body, over HTTP/1.1.
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Content::Empty,
            wire: Wire::default(),
        }
    }
}

/// The response of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedResponse {
    /// The status code.
    pub status: u16,
    /// The header fields, in order, with repeats.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub body: Content,
    /// What the wire adds.
    #[serde(default, skip_serializing_if = "Wire::is_plain")]
    pub wire: Wire,
}

impl RecordedResponse {
    /// A response without header fields and body, over HTTP/1.1.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Content::Empty,
            wire: Wire::default(),
        }
    }
}

/// A recorded body, its codings taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// No bytes.
    #[default]
    Empty,
    /// JSON.
    Json(Value),
    /// Text that is no JSON.
    Text(String),
    /// Bytes that are no text, in base64 (RFC 4648 section 4).
    Base64(String),
    /// Not kept, so that it cannot be replayed: too long, or of an unknown coding.
    Omitted {
        /// How many bytes went over the wire.
        length: u64,
        /// Their SHA-256, in hexadecimal; empty where another tool wrote the recording.
        sha256: String,
    },
}

impl Content {
    /// A body of this text: JSON where it is JSON that a line of a cassette can hold.
    pub fn of_text(text: String) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        match serde_json::from_str(message::unmarked(&text)) {
            Ok(value) if message::fits_in_a_file(&value) => Self::Json(value),
            _ => Self::Text(text),
        }
    }

    /// A body of these bytes, text where they are UTF-8.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::of_text(text),
            Err(error) => Self::Base64(STANDARD.encode(error.as_bytes())),
        }
    }

    /// Whether there are no bytes.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The JSON value, where there is one.
    pub const fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }
}

/// What the wire adds to a message: of no interest to a reader, but to a faithful replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wire {
    /// The version of HTTP: `1.0`, `1.1` or `2`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Whether the body came in chunks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_chunked: bool,
    /// The content coding, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// The trailer fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
}

impl Wire {
    /// Whether the wire adds nothing to HTTP/1.1 with a length.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

impl From<Content> for Body {
    /// The body as the judge reads it.
    fn from(content: Content) -> Self {
        match content {
            Content::Empty => Self::Empty,
            Content::Json(value) => Self::Json(value),
            Content::Text(text) => Self::from_bytes(text.as_bytes()),
            Content::Base64(text) => match STANDARD.decode(&text) {
                Ok(bytes) => Self::Bytes(bytes),
                Err(_) => Self::Omitted(Omission::NotBase64(text)),
            },
            Content::Omitted { length, sha256 } if sha256.is_empty() => {
                Self::Omitted(Omission::NotInFile { length })
            }
            Content::Omitted { length, sha256 } => {
                Self::Omitted(Omission::NotKept { length, sha256 })
            }
        }
    }
}

impl From<RecordedRequest> for Request {
    /// The request as the judge reads it.
    fn from(recorded: RecordedRequest) -> Self {
        Self {
            method: recorded.method,
            target: recorded.target,
            headers: recorded.headers.into(),
            body: recorded.body.into(),
        }
    }
}

impl From<RecordedResponse> for Response {
    /// The response as the judge reads it.
    fn from(recorded: RecordedResponse) -> Self {
        Self {
            status: recorded.status,
            headers: recorded.headers.into(),
            body: recorded.body.into(),
        }
    }
}

/// Recorded header fields as the judge reads them.
pub fn headers(fields: &[(String, String)]) -> Headers {
    fields.iter().cloned().collect()
}

/// An exchange as it is heard: an [`Exchange`] of which nothing is redacted yet and no body is
/// read.
#[derive(Debug)]
pub struct CapturedExchange<'a> {
    /// The number, as in [`Exchange`]; so are the fields that follow.
    pub number: u64,
    /// Which way the request went.
    pub direction: Direction,
    /// The exchange that brought this one about.
    pub cause: Option<Cause>,
    /// When the request began, in milliseconds since the recording did.
    pub at_ms: u64,
    /// How long the response took to begin, in milliseconds.
    pub took_ms: u64,
    /// The method.
    pub method: &'a str,
    /// The path with its query.
    pub target: &'a str,
    /// The request.
    pub request: CapturedMessage<'a>,
    /// The status code and the response; none where the exchange broke.
    pub response: Option<(u16, CapturedMessage<'a>)>,
    /// How the exchange broke, where it did.
    pub broke: Option<&'a str>,
}

/// A request or a response as it is heard.
#[derive(Debug)]
pub struct CapturedMessage<'a> {
    /// The header fields, in order, with repeats.
    pub headers: Vec<(&'a str, Cow<'a, str>)>,
    /// The body.
    pub body: CapturedBody<'a>,
    /// What the wire adds.
    pub wire: Wire,
}

/// A body as it is heard.
#[derive(Debug)]
pub enum CapturedBody<'a> {
    /// Its bytes, its codings taken away.
    Bytes(Cow<'a, [u8]>),
    /// It is not kept, as in [`Content::Omitted`].
    Omitted {
        /// How many bytes went over the wire.
        length: u64,
        /// Their SHA-256, in hexadecimal.
        sha256: String,
    },
}

impl From<CapturedBody<'_>> for Content {
    fn from(body: CapturedBody<'_>) -> Self {
        match body {
            CapturedBody::Bytes(bytes) => Self::of_bytes(bytes.into_owned()),
            CapturedBody::Omitted { length, sha256 } => Self::Omitted { length, sha256 },
        }
    }
}
