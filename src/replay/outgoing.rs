//! Messages of the recorded party, as they go out now. What HTTP cannot carry, and what was not
//! recorded whole, does not: then it is told why, in words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::answer::{Answered, Answering};
use super::values::mapping::Mapping;
use crate::cassette::format::{Content, Exchange, RecordedRequest};

/// A message of the recorded party, as it goes out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The header fields, without those that tell lengths, codings and connections.
    pub headers: Vec<(String, String)>,
    /// The body, uncoded.
    pub body: Bytes,
}

/// A request of the recorded party, as it goes out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// The place of its exchange in the recording.
    pub exchange: usize,
    /// The method.
    pub method: String,
    /// The path with its query, or an absolute URL that the live party gave.
    pub target: String,
    /// Header fields and body.
    pub message: Outgoing,
}

/// What a fresh message computes anew, or what was of the recorded connection only.
const OF_THE_WIRE: [&str; 9] = [
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
    ///
    /// # Errors
    ///
    /// Why it cannot be given again.
    pub(super) fn answer(
        exchange: Answering<'_>,
        mapping: &Mapping,
    ) -> Result<(u16, Self), String> {
        let status = exchange.response.as_ref().map(|it| it.status);
        whole(exchange.broke.as_deref(), status)?;
        let response = exchange.response.ok_or(NO_ANSWER)?;
        Ok((response.status, Self::response(&response, mapping)?))
    }

    fn response(recorded: &Answered<'_>, mapping: &Mapping) -> Result<Self, String> {
        let headers = fields(&recorded.headers, mapping)?;
        let body = match recorded.body.json() {
            Some(as_it_stands) if !mapping.changes() => Bytes::copy_from_slice(as_it_stands),
            _ => body(&recorded.body.content(), mapping)?,
        };
        Ok(Self { headers, body })
    }

    /// A request, with this token in the place of the recorded one.
    ///
    /// # Errors
    ///
    /// Why it cannot be sent again.
    pub(super) fn request(
        recorded: &RecordedRequest,
        mapping: &Mapping,
        token: Option<&str>,
    ) -> Result<Self, String> {
        if !is_token(&recorded.method) {
            return Err(format!("`{}` is no method", recorded.method));
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

/// Nothing, where the recorded bot can ask again what it asked in an exchange.
///
/// # Errors
///
/// Why it cannot: the answer is none to compare with, or there is no path to ask for.
pub(super) fn asks_again(exchange: &Exchange) -> Result<(), String> {
    let status = exchange.response.as_ref().map(|it| it.status);
    whole(exchange.broke.as_deref(), status)?;
    let target = &exchange.request.target;
    let is_path = target.starts_with('/') && !target.bytes().any(|it| it <= b' ' || it == 0x7f);
    if is_path {
        Ok(())
    } else {
        Err(format!("`{target}` is no path"))
    }
}

const NO_ANSWER: &str = "it has no answer";

/// Whether an exchange ended in an answer of HTTP.
fn whole(broke: Option<&str>, status: Option<u16>) -> Result<(), String> {
    match (broke, status) {
        (Some(broke), _) => Err(broke.to_owned()),
        (None, None) => Err(NO_ANSWER.to_owned()),
        (None, Some(200..=999)) => Ok(()),
        (None, Some(status)) => Err(format!("{status} is no status of an answer")),
    }
}

fn fields(
    headers: &[(String, String)],
    mapping: &Mapping,
) -> Result<Vec<(String, String)>, String> {
    let kept = |name: &str| !OF_THE_WIRE.iter().any(|it| name.eq_ignore_ascii_case(it));
    headers
        .iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| {
            if !is_token(name) {
                return Err(format!("`{name}` is no name of a header field"));
            }
            if value.bytes().any(is_control) {
                return Err(format!("the value of `{name}` holds a control character"));
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

fn body(body: &Content, mapping: &Mapping) -> Result<Bytes, String> {
    Ok(match body {
        Content::Json(value) if mapping.changes() => {
            mapping.translated_json(value).to_string().into()
        }
        Content::Json(value) => value.to_string().into(),
        Content::Text(text) => text.clone().into(),
        Content::Base64(coded) => {
            let bytes = STANDARD.decode(coded);
            bytes.map_err(|_| "its body is no base64")?.into()
        }
        Content::Empty => Bytes::new(),
        Content::Omitted { length, .. } => {
            return Err(format!("its body of {length} bytes was not kept"));
        }
    })
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

    fn answered(exchange: &Exchange) -> Result<u16, String> {
        let line = serde_json::to_string(exchange).unwrap();
        let answering = serde_json::from_str(&line).unwrap();
        let (status, _) = Outgoing::answer(answering, &Mapping::default())?;
        Ok(status)
    }

    fn asked(exchange: &Exchange) -> Result<(), String> {
        asks_again(exchange)?;
        Outgoing::request(&exchange.request, &Mapping::default(), None).map(drop)
    }

    #[test]
    fn what_cannot_be_said_again_is_told() {
        let whole = exchange(|_| {});
        assert_eq!((answered(&whole), asked(&whole)), (Ok(200), Ok(())));
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
            assert_eq!(answered(&exchange).unwrap_err(), why);
            assert_eq!(asked(&exchange).unwrap_err(), why);
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
            assert_eq!(answered(&exchange(change)).unwrap_err(), why);
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
            assert_eq!(asked(&exchange(change)).unwrap_err(), why);
        }
    }
}
