//! Messages of the recorded party, as they go out now.
//!
//! A message that HTTP cannot carry, or that was not recorded whole, is [`NotReplayable`].

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::values::mapping::Mapping;
use crate::cassette::format;
use crate::cassette::format::Exchange;
use crate::http::message::{Body, Headers, Omission, Request};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// The header fields, without those of the recorded connection.
    pub headers: Headers,
    /// The body without a content coding.
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutgoingRequest {
    pub exchange: usize,
    pub method: String,
    /// The path with its query, or an absolute URL that the live party gave.
    pub target: String,
    pub message: Outgoing,
}

impl OutgoingRequest {
    /// The request as reports show it.
    pub(super) fn as_request(&self) -> Request {
        Request {
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.message.headers.clone(),
            body: Body::from_bytes(&self.message.body),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotReplayable {
    #[error("it has no answer")]
    NoAnswer,
    /// The exchange broke, or left HTTP: the words of the recorder.
    #[error("{0}")]
    Broken(String),
    #[error("{0} is no status of an answer")]
    Status(u16),
    #[error("`{0}` is no method")]
    Method(String),
    #[error("`{0}` is no path")]
    Target(String),
    #[error("`{0}` is no name of a header field")]
    FieldName(String),
    #[error("the value of `{0}` holds a control character")]
    FieldValue(String),
    #[error("its body is no base64")]
    BodyNotBase64,
    #[error("its body of {length} bytes was not kept")]
    BodyOmitted { length: u64 },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("the replay ended before")]
    ReplayEnded,
    #[error("{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// The header fields of the recorded connection, which are dropped or computed anew.
const CONNECTION_FIELDS: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "expect",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
];

impl Outgoing {
    pub(super) fn answer(
        exchange: RawExchange<'_>,
        mapping: &Mapping,
    ) -> Result<(u16, Self), NotReplayable> {
        let status = exchange.response.as_ref().map(|it| it.status);
        check_complete(exchange.broke.as_deref(), status)?;
        let response = exchange.response.ok_or(NotReplayable::NoAnswer)?;
        let headers = fields(&response.headers, mapping)?;
        let body = match response.body.json() {
            Some(recorded) if !mapping.changes() => Bytes::copy_from_slice(recorded),
            _ => body(response.body.into(), mapping)?,
        };
        Ok((response.status, Self { headers, body }))
    }

    /// `token` replaces the recorded token.
    pub(super) fn request(
        recorded: &Request,
        mapping: &Mapping,
        token: Option<&str>,
    ) -> Result<Self, NotReplayable> {
        if !is_token(&recorded.method) {
            return Err(NotReplayable::Method(recorded.method.clone()));
        }
        let mut message = Self {
            headers: fields(&recorded.headers, mapping)?,
            body: body(recorded.body.clone(), mapping)?,
        };
        if let Some(token) = token {
            for (name, value) in message.headers.iter_mut() {
                if name.eq_ignore_ascii_case("authorization") {
                    *value = format!("Bearer {token}");
                }
            }
        }
        Ok(message)
    }
}

/// Checks that the recorded bot can send the request of an exchange again, to a path, and that
/// there is an answer to compare with.
pub(super) fn check_request(exchange: &Exchange) -> Result<(), NotReplayable> {
    let status = exchange.response.as_ref().map(|it| it.status);
    check_complete(exchange.broke.as_deref(), status)?;
    let target = &exchange.request.target;
    let is_path = target.starts_with('/') && !target.bytes().any(|it| it <= b' ' || it == 0x7f);
    if is_path {
        Ok(())
    } else {
        Err(NotReplayable::Target(target.clone()))
    }
}

/// Checks that an exchange has an HTTP response.
fn check_complete(broke: Option<&str>, status: Option<u16>) -> Result<(), NotReplayable> {
    match (broke, status) {
        (Some(broke), _) => Err(NotReplayable::Broken(broke.to_owned())),
        (None, None) => Err(NotReplayable::NoAnswer),
        (None, Some(200..=999)) => Ok(()),
        (None, Some(status)) => Err(NotReplayable::Status(status)),
    }
}

fn fields(headers: &Headers, mapping: &Mapping) -> Result<Headers, NotReplayable> {
    let is_of_connection = |name: &str| {
        let mut names = CONNECTION_FIELDS.iter();
        names.any(|it| name.eq_ignore_ascii_case(it))
    };
    headers
        .iter()
        .filter(|(name, _)| !is_of_connection(name))
        .map(|(name, value)| {
            if !is_token(name) {
                return Err(NotReplayable::FieldName(name.to_owned()));
            }
            if value.bytes().any(is_control) {
                return Err(NotReplayable::FieldValue(name.to_owned()));
            }
            Ok((name, mapping.translated(value)))
        })
        .collect()
}

/// True for a token of HTTP, such as a method (RFC 9110 section 5.6.2).
fn is_token(text: &str) -> bool {
    let is_mark = |it: u8| it == b'-' || b"!#$%&'*+.^_`|~".contains(&it);
    !text.is_empty()
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || is_mark(it))
}

const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn body(body: Body, mapping: &Mapping) -> Result<Bytes, NotReplayable> {
    match body {
        Body::Json(value) if mapping.changes() => {
            Ok(mapping.translated_json(&value).to_string().into())
        }
        Body::Omitted(Omission::NotBase64(_)) => Err(NotReplayable::BodyNotBase64),
        Body::Omitted(omission) => Err(NotReplayable::BodyOmitted {
            length: omission.length(),
        }),
        other => Ok(other.into_bytes().unwrap_or_default().into()),
    }
}

/// A line of a cassette, read as far as answering a request needs: JSON bodies stay text.
#[derive(Debug, Deserialize)]
pub(super) struct RawExchange<'a> {
    #[serde(default)]
    broke: Option<String>,
    pub(super) took_ms: u64,
    #[serde(borrow, default)]
    pub(super) response: Option<RawResponse<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawResponse<'a> {
    status: u16,
    headers: Headers,
    #[serde(borrow, default)]
    pub(super) body: RawBody<'a>,
}

/// The body of a line. JSON is not parsed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawBody<'a> {
    #[default]
    Empty,
    #[serde(borrow)]
    Json(&'a RawValue),
    Text(String),
    Base64(String),
    Omitted {
        length: u64,
        sha256: String,
    },
}

impl RawBody<'_> {
    /// The JSON text of the line.
    pub(super) fn json(&self) -> Option<&[u8]> {
        match self {
            Self::Json(value) => Some(value.get().as_bytes()),
            _ => None,
        }
    }
}

impl From<RawBody<'_>> for Body {
    fn from(body: RawBody<'_>) -> Self {
        match body {
            RawBody::Empty => Self::Empty,
            RawBody::Json(value) => {
                serde_json::from_str(value.get()).map_or(Self::Empty, Self::Json)
            }
            RawBody::Text(text) => Self::Text(text),
            RawBody::Base64(text) => format::body_of_base64(text),
            RawBody::Omitted { length, sha256 } => format::omitted(length, sha256),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::Direction;
    use crate::http::message::Response;

    type Change = fn(&mut Exchange);

    fn exchange(change: impl FnOnce(&mut Exchange)) -> Exchange {
        let mut exchange = Exchange {
            response: Some(Response::new(200)),
            ..Exchange::new(1, Direction::Request, Request::new("GET", "/a"))
        };
        change(&mut exchange);
        exchange
    }

    fn answer(exchange: &Exchange) -> Result<u16, NotReplayable> {
        let line = serde_json::to_string(exchange).unwrap();
        let raw = serde_json::from_str(&line).unwrap();
        let (status, _) = Outgoing::answer(raw, &Mapping::default())?;
        Ok(status)
    }

    fn request(exchange: &Exchange) -> Result<(), NotReplayable> {
        check_request(exchange)?;
        Outgoing::request(&exchange.request, &Mapping::default(), None).map(drop)
    }

    #[test]
    fn messages_that_cannot_be_sent_again_have_a_reason() {
        let whole = exchange(|_| {});
        assert_eq!((answer(&whole), request(&whole)), (Ok(200), Ok(())));
        let both: [(&str, Change); 4] = [
            ("it has no answer", |it| it.response = None),
            ("reset", |it| it.broke = Some("reset".to_owned())),
            ("101 is no status of an answer", |it| {
                it.response = Some(Response::new(101));
            }),
            ("1000 is no status of an answer", |it| {
                it.response = Some(Response::new(1000));
            }),
        ];
        for (why, change) in both {
            let exchange = exchange(change);
            assert_eq!(answer(&exchange).unwrap_err().to_string(), why);
            assert_eq!(request(&exchange).unwrap_err().to_string(), why);
        }
        let answers: [(&str, Change); 4] = [
            ("its body of 9 bytes was not kept", |it| {
                it.response.as_mut().unwrap().body = format::omitted(9, String::new());
            }),
            ("its body is no base64", |it| {
                it.response.as_mut().unwrap().body =
                    Body::Omitted(Omission::NotBase64("!".to_owned()));
            }),
            ("`a b` is no name of a header field", |it| {
                it.response.as_mut().unwrap().headers.push("a b", "");
            }),
            ("the value of `a` holds a control character", |it| {
                it.response.as_mut().unwrap().headers.push("a", "x\r\ny: z");
            }),
        ];
        for (why, change) in answers {
            assert_eq!(answer(&exchange(change)).unwrap_err().to_string(), why);
        }
        let requests: [(&str, Change); 4] = [
            ("`` is no method", |it| it.request.method.clear()),
            ("`@host/a` is no path", |it| {
                it.request.target = "@host/a".to_owned();
            }),
            ("`/a b` is no path", |it| {
                it.request.target = "/a b".to_owned();
            }),
            ("its body is no base64", |it| {
                it.request.body = Body::Omitted(Omission::NotBase64("!".to_owned()));
            }),
        ];
        for (why, change) in requests {
            assert_eq!(request(&exchange(change)).unwrap_err().to_string(), why);
        }
    }
}
