//! Messages of the recorded party, as they go out now.
//!
//! A message that HTTP cannot carry, or that was not recorded whole, is [`NotReplayable`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::values::mapping::Mapping;
use crate::cassette::format::{Content, Exchange, RecordedRequest};
use crate::http::message::{Body, Request};

/// A message of the recorded party, as it goes out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The header fields, without those of the recorded connection.
    pub headers: Vec<(String, String)>,
    /// The body, in no content coding.
    pub body: Bytes,
}

/// A request of the recorded party, as it goes out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// Its exchange in the recording.
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
            headers: self.message.headers.iter().cloned().collect(),
            body: Body::from_bytes(&self.message.body),
        }
    }
}

/// Why a recorded message cannot be sent again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReplayable {
    #[error("it has no answer")]
    NoAnswer,
    /// The exchange broke, or left HTTP behind, as the recorder put it.
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

/// Why a live party did not answer a message.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("the replay ended before")]
    ReplayEnded,
    #[error("{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// The header fields that are computed anew, or that were about the recorded connection.
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
    /// The answer of an exchange, with its status.
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
            _ => body(&response.body.content(), mapping)?,
        };
        Ok((response.status, Self { headers, body }))
    }

    /// A request, with this token in the place of the recorded one.
    pub(super) fn request(
        recorded: &RecordedRequest,
        mapping: &Mapping,
        token: Option<&str>,
    ) -> Result<Self, NotReplayable> {
        if !is_token(&recorded.method) {
            return Err(NotReplayable::Method(recorded.method.clone()));
        }
        let mut message = Self {
            headers: fields(&recorded.headers, mapping)?,
            body: body(&recorded.body, mapping)?,
        };
        if let Some(token) = token {
            for (name, value) in &mut message.headers {
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

/// Checks that an exchange ended in an answer of HTTP.
fn check_complete(broke: Option<&str>, status: Option<u16>) -> Result<(), NotReplayable> {
    match (broke, status) {
        (Some(broke), _) => Err(NotReplayable::Broken(broke.to_owned())),
        (None, None) => Err(NotReplayable::NoAnswer),
        (None, Some(200..=999)) => Ok(()),
        (None, Some(status)) => Err(NotReplayable::Status(status)),
    }
}

fn fields(
    headers: &[(String, String)],
    mapping: &Mapping,
) -> Result<Vec<(String, String)>, NotReplayable> {
    let is_of_connection = |name: &str| {
        let mut names = CONNECTION_FIELDS.iter();
        names.any(|it| name.eq_ignore_ascii_case(it))
    };
    headers
        .iter()
        .filter(|(name, _)| !is_of_connection(name))
        .map(|(name, value)| {
            if !is_token(name) {
                return Err(NotReplayable::FieldName(name.clone()));
            }
            if value.bytes().any(is_control) {
                return Err(NotReplayable::FieldValue(name.clone()));
            }
            Ok((name.clone(), mapping.translated(value)))
        })
        .collect()
}

/// Whether it can be a name or a method (RFC 9110 section 5.6.2).
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

fn body(body: &Content, mapping: &Mapping) -> Result<Bytes, NotReplayable> {
    Ok(match body {
        Content::Json(value) if mapping.changes() => {
            mapping.translated_json(value).to_string().into()
        }
        Content::Json(value) => value.to_string().into(),
        Content::Text(text) => text.clone().into(),
        Content::Base64(coded) => {
            let bytes = STANDARD.decode(coded);
            bytes.map_err(|_| NotReplayable::BodyNotBase64)?.into()
        }
        Content::Empty => Bytes::new(),
        Content::Omitted { length, .. } => {
            return Err(NotReplayable::BodyOmitted { length: *length });
        }
    })
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
    headers: Vec<(String, String)>,
    #[serde(borrow, default)]
    pub(super) body: RawBody<'a>,
}

/// The [`Content`] of a line, of which JSON is not parsed.
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
    /// The JSON as it stands in the line.
    pub(super) fn json(&self) -> Option<&[u8]> {
        match self {
            Self::Json(value) => Some(value.get().as_bytes()),
            _ => None,
        }
    }

    fn content(&self) -> Content {
        match self {
            Self::Empty => Content::Empty,
            Self::Json(value) => {
                serde_json::from_str(value.get()).map_or(Content::Empty, Content::Json)
            }
            Self::Text(text) => Content::Text(text.clone()),
            Self::Base64(text) => Content::Base64(text.clone()),
            Self::Omitted { length, sha256 } => Content::Omitted {
                length: *length,
                sha256: sha256.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, RecordedResponse};

    type Change = fn(&mut Exchange);

    fn exchange(change: impl FnOnce(&mut Exchange)) -> Exchange {
        let mut exchange = Exchange {
            response: Some(RecordedResponse::new(200)),
            ..Exchange::new(1, Direction::Request, RecordedRequest::new("GET", "/a"))
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
                it.response = Some(RecordedResponse::new(101));
            }),
            ("1000 is no status of an answer", |it| {
                it.response = Some(RecordedResponse::new(1000));
            }),
        ];
        for (why, change) in both {
            let exchange = exchange(change);
            assert_eq!(answer(&exchange).unwrap_err().to_string(), why);
            assert_eq!(request(&exchange).unwrap_err().to_string(), why);
        }
        let answers: [(&str, Change); 4] = [
            ("its body of 9 bytes was not kept", |it| {
                let (length, sha256) = (9, String::new());
                let body = Content::Omitted { length, sha256 };
                it.response.as_mut().unwrap().body = body;
            }),
            ("its body is no base64", |it| {
                it.response.as_mut().unwrap().body = Content::Base64("!".to_owned());
            }),
            ("`a b` is no name of a header field", |it| {
                let field = ("a b".to_owned(), String::new());
                it.response.as_mut().unwrap().headers.push(field);
            }),
            ("the value of `a` holds a control character", |it| {
                let field = ("a".to_owned(), "x\r\ny: z".to_owned());
                it.response.as_mut().unwrap().headers.push(field);
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
                it.request.body = Content::Base64("!".to_owned());
            }),
        ];
        for (why, change) in requests {
            assert_eq!(request(&exchange(change)).unwrap_err().to_string(), why);
        }
    }
}
