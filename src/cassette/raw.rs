//! A line of a cassette whose bodies are exactly as in the file. A replay sends these bodies, and compares their
//! numbers as written. HAR files and texts for people show them unchanged.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::format::{Cause, Direction, Exchange, Wire, body_of_base64, of_coding, omitted};
use crate::http::message::{Body, Headers, Request, Response};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExchange<'a> {
    pub number: u64,
    pub direction: Direction,
    #[serde(default)]
    pub cause: Option<Cause>,
    pub at_ms: u64,
    pub took_ms: u64,
    #[serde(borrow)]
    pub request: RawRequest<'a>,
    #[serde(borrow, default)]
    pub response: Option<RawResponse<'a>>,
    #[serde(default)]
    pub broke: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest<'a> {
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow)]
    pub target: Cow<'a, str>,
    pub headers: Headers,
    #[serde(borrow, default)]
    pub body: RawBody<'a>,
    #[serde(default)]
    pub wire: Wire,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawResponse<'a> {
    pub status: u16,
    pub headers: Headers,
    #[serde(borrow, default)]
    pub body: RawBody<'a>,
    #[serde(default)]
    pub wire: Wire,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawBody<'a> {
    #[default]
    Empty,
    #[serde(borrow)]
    Json(&'a RawValue),
    #[serde(borrow)]
    Text(Cow<'a, str>),
    #[serde(borrow)]
    Base64(Cow<'a, str>),
    Omitted {
        length: u64,
        /// Empty where another tool wrote the recording.
        #[serde(borrow)]
        sha256: Cow<'a, str>,
    },
}

/// Why the bytes of a body are not at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotKept {
    #[error("its body is not base64")]
    NotBase64,
    /// The length is 0 where nobody knows it.
    #[error("its body{} was not recorded", of_length(*length))]
    Omitted { length: u64 },
}

fn of_length(length: u64) -> String {
    match length {
        0 => String::new(),
        length => format!(" of {length} bytes"),
    }
}

impl RawBody<'_> {
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The bytes, without the content coding that was taken away.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>, NotKept> {
        Ok(match self {
            Self::Empty => Cow::default(),
            Self::Json(json) => json.get().as_bytes().into(),
            Self::Text(text) => text.as_bytes().into(),
            Self::Base64(text) => {
                let bytes = STANDARD.decode(&**text);
                bytes.map_err(|_| NotKept::NotBase64)?.into()
            }
            Self::Omitted { length, .. } => return Err(NotKept::Omitted { length: *length }),
        })
    }
}

impl From<RawExchange<'_>> for Exchange {
    /// The exchange with its bodies in the form [`Written`](super::format::Form::Written).
    fn from(raw: RawExchange<'_>) -> Self {
        let RawRequest {
            method,
            target,
            headers,
            body,
            wire: request_wire,
        } = raw.request;
        let request = Request {
            method: method.into_owned(),
            target: target.into_owned(),
            body: of_coding(body.into(), &headers, &request_wire),
            headers,
        };
        let response = raw.response.map(|it| {
            let response = Response {
                status: it.status,
                body: of_coding(it.body.into(), &it.headers, &it.wire),
                headers: it.headers,
            };
            (response, it.wire)
        });
        let (response, response_wire) = response.unzip();
        Self {
            number: raw.number,
            direction: raw.direction,
            cause: raw.cause,
            at_ms: raw.at_ms,
            took_ms: raw.took_ms,
            request,
            request_wire,
            response,
            response_wire: response_wire.unwrap_or_default(),
            broke: raw.broke,
        }
    }
}

impl From<RawBody<'_>> for Body {
    fn from(body: RawBody<'_>) -> Self {
        match body {
            RawBody::Empty => Self::Empty,
            RawBody::Json(json) => Self::Text(json.get().to_owned()),
            RawBody::Text(text) if text.is_empty() => Self::Empty,
            RawBody::Text(text) => Self::Text(text.into_owned()),
            RawBody::Base64(text) => body_of_base64(text.into_owned()),
            RawBody::Omitted { length, sha256 } => omitted(length, sha256.into_owned()),
        }
    }
}
