//! A cassette: a recorded conversation, exchange by exchange, in both directions.
//!
//! The file is JSON Lines: a [`Header`], then one [`Exchange`] per line. An exchange gets its number when its request
//! begins. A judge reads only the messages; a replay also needs the [`Wire`] beside each message.
//!
//! Version 1 differs in three ways: a body that parsed as JSON was written as `json` whatever its media type, its numbers
//! were doubles, and a body in an unknown content coding was omitted.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::http::message;
use crate::http::message::{Body, Headers, LATIN1, Omission, Request, Response};

/// The version of the format that this confcall writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 2;

/// One line of a cassette.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged, title = "a line of a confcall cassette")]
#[expect(dead_code, reason = "the schema is made from it")]
pub(crate) enum Line {
    /// The first line.
    Header(Header),
    /// Every other line.
    Exchange(Box<Exchange>),
}

/// The first line of a cassette.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall cassette, first line")]
pub(crate) struct Header {
    /// The version of the format: 1 or 2.
    pub version: u32,
    /// The directions that were recorded. A message in another direction counts as untested, not as missing.
    pub directions: Vec<Direction>,
}

/// The direction of an exchange, which is that of its request.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// From the bot to the service.
    Request,
    /// From the service to the bot's callback.
    Notification,
}

/// One request with its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// Counted from 1 in the order in which the requests began.
    pub number: u64,
    pub direction: Direction,
    pub cause: Option<Cause>,
    /// The start of the request, in milliseconds since the start of the recording.
    pub at_ms: u64,
    /// The time from the start of the request to the start of the response, in milliseconds.
    pub took_ms: u64,
    pub request: Request,
    pub request_wire: Wire,
    /// None if the exchange was aborted before the response.
    pub response: Option<Response>,
    pub response_wire: Wire,
    /// How the exchange was aborted; none if it is complete.
    pub broke: Option<String>,
}

impl Exchange {
    /// A request over HTTP/1.1 that nothing caused, at the beginning of the recording, without a
    /// response.
    pub(crate) fn new(number: u64, direction: Direction, request: Request) -> Self {
        Self {
            number,
            direction,
            cause: None,
            at_ms: 0,
            took_ms: 0,
            request,
            request_wire: Wire::default(),
            response: None,
            response_wire: Wire::default(),
            broke: None,
        }
    }
}

/// The cause of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cause {
    /// The number of the earlier exchange.
    pub exchange: u64,
    /// The evidence that it is the cause.
    pub by: CausedBy,
}

/// The evidence that one exchange caused another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CausedBy {
    /// Both name the same operation.
    Operation,
    /// Both have the same client context and the same call.
    Context,
    /// Both are about the same call.
    Call,
    /// Both have the same chain id in their headers.
    Chain,
}

/// The framing of a message on the wire. It is needed only to replay the message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Wire {
    /// The HTTP version: `1.0`, `1.1` or `2`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// True if the body was sent with the transfer coding `chunked`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_chunked: bool,
    /// The content coding that the recorder has decoded. It is absent if the coding is unknown or the body is not in
    /// the coding that its header names; the body is then recorded as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// The trailer fields.
    #[serde(skip_serializing_if = "Headers::is_empty")]
    #[schemars(with = "Vec<FieldTexts>")]
    pub trailers: Headers,
    /// The reason phrase of a response, if it is not the standard one of the status. Each character is one byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The scheme of the target of a request, if the request has one or the scheme is `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The host and the port of the target of a request, if the request has them: in HTTP/2, or in an absolute URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// A header field in a file: its name, its value, and `latin1` if the bytes of the value are not UTF-8. Each character
/// of such a value is one byte.
#[derive(Debug)]
pub(crate) struct FieldTexts;

impl JsonSchema for FieldTexts {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name and the value of a header field. The third item `latin1` means that the value is \
                            not UTF-8: each of its characters is one byte.",
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "string"}, {"const": LATIN1}],
            "minItems": 2,
            "maxItems": 3,
        })
    }
}

impl Wire {
    /// Whether the wire adds nothing to HTTP/1.1 with a length.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of the bodies of a recording that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text and bytes as they were sent, for a replay.
    Sent,
    /// Text of any charset is text. JSON is the text that was recorded, for other tools and for people.
    Written,
    /// JSON is read, and the text of any charset is text, for readers.
    Decoded,
}

impl Form {
    /// The body in this form.
    pub(super) fn of(self, body: Body) -> Body {
        match body {
            Body::Text(text) if self == Self::Decoded => body_of_text(text),
            body => body,
        }
    }
}

/// The remedy for a line that cannot be read.
pub(crate) const CORRECT_THE_LINE: &str =
    "correct the line; `confcall schema cassette` prints the format";

/// A body of these bytes, for readers: text where they are UTF-8.
pub(crate) fn body_of_bytes(bytes: Vec<u8>) -> Body {
    match String::from_utf8(bytes) {
        Ok(text) => body_of_text(text),
        Err(error) => Body::Bytes(error.into_bytes()),
    }
}

/// A body of this text, for readers: JSON where it is JSON that a line can hold.
pub(crate) fn body_of_text(text: String) -> Body {
    if text.is_empty() {
        return Body::Empty;
    }
    match serde_json::from_str(message::unmarked(&text)) {
        Ok(value) if message::fits_in_a_file(&value) => Body::Json(value),
        _ => Body::Text(text),
    }
}

/// A body that is written in base64 (RFC 4648 section 4).
pub(crate) fn body_of_base64(text: String) -> Body {
    match STANDARD.decode(&text) {
        Ok(bytes) => Body::Bytes(bytes),
        Err(_) => Body::Omitted(Omission::NotBase64(text)),
    }
}

/// The body of a message with these fields. Bytes that are still in a content coding count as omitted, because no reader
/// can use them.
pub(super) fn of_coding(body: Body, headers: &Headers, wire: &Wire) -> Body {
    let is_coded = wire.coding.is_none()
        && headers
            .get("content-encoding")
            .is_some_and(|it| !it.trim().eq_ignore_ascii_case("identity"));
    match body {
        Body::Bytes(bytes) if is_coded => Body::Omitted(Omission::UnknownCoding {
            length: bytes.len(),
        }),
        body => body,
    }
}

/// A body that was not kept. Another tool than confcall gives no digest.
pub(crate) fn omitted(length: u64, sha256: String) -> Body {
    Body::Omitted(if sha256.is_empty() {
        Omission::NotInFile { length }
    } else {
        Omission::NotKept { length, sha256 }
    })
}

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let request = &self.request;
        file::Exchange {
            number: self.number,
            direction: self.direction,
            cause: self.cause.as_ref().map(Cow::Borrowed),
            at_ms: self.at_ms,
            took_ms: self.took_ms,
            request: file::Request {
                method: Cow::Borrowed(&request.method),
                target: Cow::Borrowed(&request.target),
                headers: Cow::Borrowed(&request.headers),
                body: file::Content::from(&request.body),
                wire: Cow::Borrowed(&self.request_wire),
            },
            response: self.response.as_ref().map(|response| file::Response {
                status: response.status,
                headers: Cow::Borrowed(&response.headers),
                body: file::Content::from(&response.body),
                wire: Cow::Borrowed(&self.response_wire),
            }),
            broke: self.broke.as_deref().map(Cow::Borrowed),
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Exchange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = file::Exchange::deserialize(from)?;
        let (response, response_wire) = match read.response {
            None => (None, Wire::default()),
            Some(response) => {
                let wire = response.wire.into_owned();
                let headers = response.headers.into_owned();
                let response = Response {
                    status: response.status,
                    body: response.body.decoded(&headers, &wire),
                    headers,
                };
                (Some(response), wire)
            }
        };
        let request_wire = read.request.wire.into_owned();
        let headers = read.request.headers.into_owned();
        Ok(Self {
            number: read.number,
            direction: read.direction,
            cause: read.cause.map(Cow::into_owned),
            at_ms: read.at_ms,
            took_ms: read.took_ms,
            request: Request {
                method: read.request.method.into_owned(),
                target: read.request.target.into_owned(),
                body: read.request.body.decoded(&headers, &request_wire),
                headers,
            },
            request_wire,
            response,
            response_wire,
            broke: read.broke.map(Cow::into_owned),
        })
    }
}

impl JsonSchema for Exchange {
    fn schema_name() -> Cow<'static, str> {
        file::Exchange::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        file::Exchange::json_schema(generator)
    }
}

pub(crate) use file::Content;

/// An exchange as a line has it, for reading, writing and the JSON Schema alone.
mod file {
    use std::borrow::Cow;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    use super::{
        Cause, Direction, FieldTexts, Wire, body_of_base64, body_of_text, of_coding, omitted,
    };
    use crate::http::message::{Body, Headers, Omission};

    /// One request with its response.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[schemars(title = "confcall cassette, one exchange a line")]
    pub(super) struct Exchange<'a> {
        /// The number: 1, 2, 3 … in the order in which the requests began.
        pub number: u64,
        /// The direction of the request.
        pub direction: Direction,
        /// The exchange that caused this one, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cause: Option<Cow<'a, Cause>>,
        /// The start of the request, in milliseconds since the start of the recording.
        pub at_ms: u64,
        /// The time from the start of the request to the start of the response, in milliseconds.
        pub took_ms: u64,
        /// The request.
        pub request: Request<'a>,
        /// The response; absent if the exchange was aborted before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub response: Option<Response<'a>>,
        /// How the exchange was aborted; absent if it is complete.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub broke: Option<Cow<'a, str>>,
    }

    /// The request of an exchange.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[schemars(rename = "RecordedRequest")]
    pub(super) struct Request<'a> {
        /// The method.
        pub method: Cow<'a, str>,
        /// The path and the query.
        pub target: Cow<'a, str>,
        /// The header fields, in the order of the message. A field may be repeated.
        #[schemars(with = "Vec<FieldTexts>")]
        pub headers: Cow<'a, Headers>,
        /// The body.
        #[serde(default, skip_serializing_if = "Content::is_empty")]
        pub body: Content<'a>,
        /// The framing on the wire.
        #[serde(default, skip_serializing_if = "is_plain")]
        pub wire: Cow<'a, Wire>,
    }

    /// The response of an exchange.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[schemars(rename = "RecordedResponse")]
    pub(super) struct Response<'a> {
        /// The status code.
        pub status: u16,
        /// The header fields, in the order of the message. A field may be repeated.
        #[schemars(with = "Vec<FieldTexts>")]
        pub headers: Cow<'a, Headers>,
        /// The body.
        #[serde(default, skip_serializing_if = "Content::is_empty")]
        pub body: Content<'a>,
        /// The framing on the wire.
        #[serde(default, skip_serializing_if = "is_plain")]
        pub wire: Cow<'a, Wire>,
    }

    /// A recorded body.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub(crate) enum Content<'a> {
        /// No body.
        #[default]
        Empty,
        /// JSON on one line, exactly as it came. The media type says that it is JSON.
        Json(Cow<'a, Value>),
        /// UTF-8 text, exactly as it came.
        Text(Cow<'a, str>),
        /// Bytes that are not text, in base64 (RFC 4648 section 4).
        Base64(Cow<'a, str>),
        /// A body that was too long to be recorded. It cannot be replayed.
        Omitted {
            /// The number of bytes on the wire.
            length: u64,
            /// The SHA-256 of these bytes, in hexadecimal; empty if another tool wrote the recording.
            sha256: Cow<'a, str>,
        },
    }

    impl Content<'_> {
        pub(crate) const fn is_empty(&self) -> bool {
            matches!(self, Self::Empty)
        }

        /// The body for a reader.
        pub(super) fn decoded(self, headers: &Headers, wire: &Wire) -> Body {
            of_coding(Body::from(self), headers, wire)
        }
    }

    fn is_plain(wire: &Wire) -> bool {
        wire.is_plain()
    }

    impl<'a> From<&'a Body> for Content<'a> {
        fn from(body: &'a Body) -> Self {
            match body {
                Body::Empty => Self::Empty,
                Body::Json(value) => Self::Json(Cow::Borrowed(value)),
                Body::Text(text) => Self::Text(Cow::Borrowed(text)),
                Body::Bytes(bytes) => Self::Base64(STANDARD.encode(bytes).into()),
                Body::Omitted(Omission::NotBase64(text)) => Self::Base64(Cow::Borrowed(text)),
                Body::Omitted(Omission::NotKept { length, sha256 }) => Self::Omitted {
                    length: *length,
                    sha256: Cow::Borrowed(sha256),
                },
                Body::Omitted(
                    omission @ (Omission::NotInFile { .. } | Omission::UnknownCoding { .. }),
                ) => Self::Omitted {
                    length: omission.length(),
                    sha256: Cow::default(),
                },
            }
        }
    }

    impl From<Content<'_>> for Body {
        fn from(content: Content<'_>) -> Self {
            match content {
                Content::Empty => Self::Empty,
                Content::Json(value) => Self::Json(value.into_owned()),
                Content::Text(text) => body_of_text(text.into_owned()),
                Content::Base64(text) => body_of_base64(text.into_owned()),
                Content::Omitted { length, sha256 } => omitted(length, sha256.into_owned()),
            }
        }
    }
}
