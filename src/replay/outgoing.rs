//! Messages of the recorded party, as a replay sends them.
//!
//! A message that HTTP cannot carry, or that was not recorded whole, is [`NotReplayable`].

use bytes::Bytes;

use super::matching::content::Content;
use super::translation::Translation;
use super::values::mapping::Mapping;
use crate::cassette::format::Wire;
use crate::cassette::raw::{NotKept, RawBody, RawExchange, RawRequest};
use crate::http::message::{Body, Headers, Request, is_token};
use crate::redact;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// The header fields, without those of the recorded connection.
    pub headers: Headers,
    /// The body without a content coding.
    pub body: Bytes,
    /// The content coding that the body had.
    pub coding: Option<String>,
    pub trailers: Headers,
    /// The reason phrase, each character a byte.
    pub reason: Option<String>,
    /// The `Content-Length` of an answer that has no body: it is about another one (RFC 9110 section
    /// 8.6).
    pub length: Option<u64>,
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
    /// The places of pseudonyms in it, whose secrets are not known.
    pub(super) fn unknown_secrets(&self) -> Vec<String> {
        let is_in = |text: &str| redact::pseudonyms(text).next().is_some();
        let headers = &self.message.headers;
        let target = is_in(&self.target).then(|| "the request line".to_owned());
        let fields = headers.iter().filter(|(_, value)| is_in(value));
        let fields = fields.map(|(name, _)| format!("the header field `{name}`"));
        let mut places: Vec<String> = target.into_iter().chain(fields).collect();
        let content = Content::read(headers.get("content-type"), &self.message.body);
        content.each_text("", &mut |name, text| {
            if is_in(text) {
                places.push(match name {
                    "" => "the body".to_owned(),
                    name => format!("`{name}` in the body"),
                });
            }
        });
        places
    }

    /// The request as reports show it.
    pub(super) fn as_request(&self) -> Request {
        Request {
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.message.headers.clone(),
            body: Body::written(&self.message.body),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotReplayable {
    #[error("it has no response")]
    NoAnswer,
    /// The exchange broke, or left HTTP: the words of the recorder.
    #[error("{0}")]
    Broken(String),
    #[error("{0} is not the status of a response")]
    Status(u16),
    #[error("`{0}` is not an HTTP method")]
    Method(String),
    #[error("`{0}` is not a path")]
    Target(String),
    #[error("`{0}` is not a valid header name")]
    FieldName(String),
    #[error("the value of `{0}` has a control character")]
    FieldValue(String),
    #[error(transparent)]
    NotKept(#[from] NotKept),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("the replay has ended")]
    ReplayEnded,
    #[error("{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// The header fields of the recorded connection, which are dropped or computed anew.
pub(super) const CONNECTION_FIELDS: [&str; 7] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
];

const JSON: &str = "application/json";

impl Translation<'_> {
    fn message(
        &self,
        headers: &Headers,
        body: &RawBody<'_>,
        wire: &Wire,
    ) -> Result<Outgoing, NotReplayable> {
        let content_type = match body {
            RawBody::Json(_) => JSON,
            _ => headers.get("content-type").unwrap_or_default(),
        };
        Ok(Outgoing {
            headers: self.fields(headers, wire.coding.is_some())?,
            body: Bytes::from(self.bytes(body.bytes()?, content_type).into_owned()),
            coding: wire.coding.clone(),
            trailers: self.fields(&wire.trailers, false)?,
            reason: wire.reason.clone(),
            length: None,
        })
    }

    fn fields(&self, headers: &Headers, is_uncoded: bool) -> Result<Headers, NotReplayable> {
        for (name, value) in headers.iter() {
            if !is_token(name) {
                return Err(NotReplayable::FieldName(name.to_owned()));
            }
            if value.bytes().any(is_control) {
                return Err(NotReplayable::FieldValue(name.to_owned()));
            }
        }
        let mut fields = headers.clone();
        fields.retain(|name| {
            let is_it = |it: &&str| name.eq_ignore_ascii_case(it);
            let is_of_connection = CONNECTION_FIELDS.iter().any(is_it);
            let is_of_coding = is_uncoded && is_it(&"content-encoding");
            !is_of_connection && !is_of_coding
        });
        for (name, value) in fields.iter_mut() {
            if let Some(changed) = self.field(name, value) {
                *value = changed;
            }
        }
        Ok(fields)
    }
}

impl Outgoing {
    pub(super) fn answer(
        exchange: &RawExchange<'_>,
        translation: Translation<'_>,
    ) -> Result<(u16, Self), NotReplayable> {
        let status = exchange.response.as_ref().map(|it| it.status);
        check_complete(exchange.broke.as_deref(), status)?;
        let response = exchange.response.as_ref().ok_or(NotReplayable::NoAnswer)?;
        let mut message = translation.message(&response.headers, &response.body, &response.wire)?;
        let has_none = exchange.request.method == "HEAD" || response.status == 304;
        if has_none && response.body.is_empty() {
            let length = response.headers.get("content-length");
            message.length = length.and_then(|it| it.trim().parse().ok());
            if let Some(coding) = message.coding.take() {
                message.headers.push("Content-Encoding", coding);
            }
        }
        Ok((response.status, message))
    }

    /// `token` replaces the recorded token.
    pub(super) fn request(
        recorded: &RawRequest<'_>,
        mapping: &Mapping,
        token: Option<&str>,
    ) -> Result<Self, NotReplayable> {
        if !is_token(&recorded.method) {
            return Err(NotReplayable::Method(recorded.method.clone().into_owned()));
        }
        let translation = Translation {
            mapping,
            moved: None,
        };
        let mut message = translation.message(&recorded.headers, &recorded.body, &recorded.wire)?;
        join_cookies(&mut message.headers);
        if let Some(token) = token {
            for (name, value) in message.headers.iter_mut() {
                if name.eq_ignore_ascii_case("authorization") {
                    *value = format!("Bearer {token}");
                }
            }
        }
        let te = recorded.headers.get("te").unwrap_or_default();
        if te.to_ascii_lowercase().contains("trailers") {
            message.headers.push("TE", "trailers");
            message.headers.push("Connection", "TE");
        }
        Ok(message)
    }
}

/// Makes one field of the cookies that HTTP/2 lets a client send apart (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut Headers) {
    let is_cookie = |name: &str| name.eq_ignore_ascii_case("cookie");
    let cookies = headers.iter().filter(|(name, _)| is_cookie(name));
    let cookies: Vec<String> = cookies.map(|(_, value)| value.to_owned()).collect();
    if cookies.len() > 1 {
        headers.retain(|name| !is_cookie(name));
        headers.push("Cookie", cookies.join("; "));
    }
}

/// Checks that the recorded bot can send the request of an exchange again, to a path, and that
/// there is an answer to compare with.
pub(super) fn check_request(exchange: &RawExchange<'_>) -> Result<(), NotReplayable> {
    let status = exchange.response.as_ref().map(|it| it.status);
    check_complete(exchange.broke.as_deref(), status)?;
    let target = &exchange.request.target;
    let is_path = target.starts_with('/') && !target.bytes().any(|it| it <= b' ' || it == 0x7f);
    if is_path {
        Ok(())
    } else {
        Err(NotReplayable::Target(target.clone().into_owned()))
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

const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format;
    use crate::cassette::format::{Direction, Exchange};
    use crate::http::message::{Omission, Response};

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
        let translation = Translation {
            mapping: &Mapping::default(),
            moved: None,
        };
        let (status, _) = Outgoing::answer(&raw, translation)?;
        Ok(status)
    }

    fn request(exchange: &Exchange) -> Result<(), NotReplayable> {
        let line = serde_json::to_string(exchange).unwrap();
        let raw: RawExchange<'_> = serde_json::from_str(&line).unwrap();
        check_request(&raw)?;
        Outgoing::request(&raw.request, &Mapping::default(), None).map(drop)
    }

    #[test]
    fn messages_that_cannot_be_sent_again_have_a_reason() {
        let whole = exchange(|_| {});
        assert_eq!((answer(&whole), request(&whole)), (Ok(200), Ok(())));
        let both: [(&str, Change); 4] = [
            ("it has no response", |it| it.response = None),
            ("reset", |it| it.broke = Some("reset".to_owned())),
            ("101 is not the status of a response", |it| {
                it.response = Some(Response::new(101));
            }),
            ("1000 is not the status of a response", |it| {
                it.response = Some(Response::new(1000));
            }),
        ];
        for (why, change) in both {
            let exchange = exchange(change);
            assert_eq!(answer(&exchange).unwrap_err().to_string(), why);
            assert_eq!(request(&exchange).unwrap_err().to_string(), why);
        }
        let answers: [(&str, Change); 4] = [
            ("its body of 9 bytes was not recorded", |it| {
                it.response.as_mut().unwrap().body = format::omitted(9, String::new());
            }),
            ("its body is not base64", |it| {
                it.response.as_mut().unwrap().body =
                    Body::Omitted(Omission::NotBase64("!".to_owned()));
            }),
            ("`a b` is not a valid header name", |it| {
                it.response.as_mut().unwrap().headers.push("a b", "");
            }),
            ("the value of `a` has a control character", |it| {
                it.response.as_mut().unwrap().headers.push("a", "x\r\ny: z");
            }),
        ];
        for (why, change) in answers {
            assert_eq!(answer(&exchange(change)).unwrap_err().to_string(), why);
        }
        let requests: [(&str, Change); 4] = [
            ("`` is not an HTTP method", |it| it.request.method.clear()),
            ("`@host/a` is not a path", |it| {
                it.request.target = "@host/a".to_owned();
            }),
            ("`/a b` is not a path", |it| {
                it.request.target = "/a b".to_owned();
            }),
            ("its body is not base64", |it| {
                it.request.body = Body::Omitted(Omission::NotBase64("!".to_owned()));
            }),
        ];
        for (why, change) in requests {
            assert_eq!(request(&exchange(change)).unwrap_err().to_string(), why);
        }
    }
}
