//! Writes the line of a captured exchange. The text is redacted into the line directly; the result
//! equals that of a redacted [`Exchange`](crate::cassette::format::Exchange).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{ContentType, Redacted, Redactor, json_check};
use crate::cassette::format;
use crate::cassette::format::{Cause, Direction, Wire};
use crate::http::message;
use crate::http::message::{Body, LATIN1, Octets, Omission, media_type};

/// An exchange as the recorder has it. It borrows what the connection holds, so that a recorded body
/// is copied once: into the line.
#[derive(Debug)]
pub(crate) struct UnredactedExchange<'a> {
    pub number: u64,
    pub direction: Direction,
    pub cause: Option<Cause>,
    /// When the request began, in milliseconds since the recording did.
    pub at_ms: u64,
    /// How long the response took to begin, in milliseconds.
    pub took_ms: u64,
    pub method: &'a str,
    pub target: &'a str,
    pub request: UnredactedMessage<'a>,
    /// The status code and the response; none where the exchange broke.
    pub response: Option<(u16, UnredactedMessage<'a>)>,
    pub broke: Option<&'a str>,
}

#[derive(Debug)]
pub(crate) struct UnredactedMessage<'a> {
    pub headers: Vec<UnredactedField<'a>>,
    pub body: UnredactedBody<'a>,
    pub wire: Wire,
}

#[derive(Debug)]
pub(crate) struct UnredactedField<'a> {
    pub name: &'a str,
    pub value: Cow<'a, str>,
    pub octets: Octets,
}

#[derive(Debug)]
pub enum UnredactedBody<'a> {
    /// Its bytes, its codings taken away where they are known.
    Bytes(Cow<'a, [u8]>),
    Omitted {
        length: u64,
        sha256: String,
    },
}

impl From<UnredactedBody<'_>> for Body {
    fn from(body: UnredactedBody<'_>) -> Self {
        match body {
            UnredactedBody::Bytes(bytes) => format::body_of_bytes(bytes.into_owned()),
            UnredactedBody::Omitted { length, sha256 } => {
                Self::Omitted(Omission::NotKept { length, sha256 })
            }
        }
    }
}

/// A line of a cassette, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(Vec<u8>);

impl Line {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// An estimate of the bytes of a line beside bodies and header fields.
const AROUND: usize = 512;

impl Redactor {
    /// Replaces every secret in the request and the response, and every secret of an earlier
    /// exchange.
    pub(crate) fn line(&self, exchange: &UnredactedExchange<'_>) -> Redacted<Line> {
        let room = AROUND
            + room(&exchange.request)
            + exchange.response.as_ref().map_or(0, |it| room(&it.1));
        let mut line = Vec::with_capacity(room);
        let learnt = self.known_secrets.learnt();
        self.write(exchange, &mut line);
        if self.known_secrets.learnt() != learnt {
            // What was found last may stand in what was read first.
            line.clear();
            self.write(exchange, &mut line);
        }
        Redacted(Line(line))
    }

    fn write(&self, exchange: &UnredactedExchange<'_>, out: &mut Vec<u8>) {
        put(out, b"{\"number\":", &exchange.number);
        put(out, b",\"direction\":", &exchange.direction);
        if let Some(cause) = &exchange.cause {
            put(out, b",\"cause\":", cause);
        }
        put(out, b",\"at_ms\":", &exchange.at_ms);
        put(out, b",\"took_ms\":", &exchange.took_ms);
        put_text(out, b",\"request\":{\"method\":", exchange.method);
        let target = self.redacted_target(exchange.target);
        put_text(
            out,
            b",\"target\":",
            target.as_deref().unwrap_or(exchange.target),
        );
        self.message(out, &exchange.request);
        if let Some((status, response)) = &exchange.response {
            put(out, b",\"response\":{\"status\":", status);
            self.message(out, response);
        }
        if let Some(broke) = exchange.broke {
            put_text(out, b",\"broke\":", &self.in_text(broke));
        }
        out.push(b'}');
    }

    /// Writes headers, body and wire of a message, and the end of its object.
    fn message(&self, out: &mut Vec<u8>, message: &UnredactedMessage<'_>) {
        out.extend_from_slice(b",\"headers\":[");
        for (index, field) in message.headers.iter().enumerate() {
            put_text(out, if index == 0 { b"[" } else { b",[" }, field.name);
            let redacted = self.field(field.name, &field.value);
            put_text(out, b",", redacted.as_deref().unwrap_or(&field.value));
            if field.octets == Octets::Latin1 {
                put_text(out, b",", LATIN1);
            }
            out.push(b']');
        }
        out.push(b']');
        let field = |name: &str| {
            let mut fields = message.headers.iter();
            fields.find(|it| it.name.eq_ignore_ascii_case(name))
        };
        let is_coded = message.wire.coding.is_none() && field("content-encoding").is_some();
        let kind = field("content-type").filter(|_| !is_coded);
        let of = ContentType(kind.map(|it| &*it.value));
        self.put_body(out, &message.body, of);
        if !message.wire.is_plain() {
            let mut wire = Wire::clone(&message.wire);
            self.wire(&mut wire);
            put(out, b",\"wire\":", &wire);
        }
        out.push(b'}');
    }

    fn put_body(&self, out: &mut Vec<u8>, body: &UnredactedBody<'_>, of: ContentType<'_>) {
        match body {
            UnredactedBody::Bytes(bytes) if bytes.is_empty() => return,
            UnredactedBody::Bytes(bytes) => self.bytes(out, bytes, of),
            UnredactedBody::Omitted { length, sha256 } => {
                put(out, b",\"body\":{\"omitted\":{\"length\":", length);
                put_text(out, b",\"sha256\":", sha256);
                out.push(b'}');
            }
        }
        out.push(b'}');
    }

    /// Writes a body: to the letter, but for what is secret.
    fn bytes(&self, out: &mut Vec<u8>, bytes: &[u8], of: ContentType<'_>) {
        let (kind, learnt) = (of.0.unwrap_or_default(), self.learnt());
        if let Some(form) = self.bodies.get(kind, bytes, learnt) {
            return form.put(out, bytes);
        }
        let (redacted, is_json) = self.searched_body(bytes, of);
        let Some(redacted) = redacted else {
            let form = Form::of(bytes, of, is_json);
            self.bodies.keep(kind, bytes, learnt, form);
            return form.put(out, bytes);
        };
        Form::of(&redacted, of, false).put(out, &redacted);
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Text,
    Base64,
}

impl Form {
    /// `fits_a_line` is true for bytes that are known to be JSON that a line can hold.
    fn of(bytes: &[u8], of: ContentType<'_>, fits_a_line: bool) -> Self {
        // JSON of several lines, with blanks around it, or with a mark before it, is kept as a text.
        let is_json = of.0.is_some_and(|it| message::is_json(&media_type(it)))
            && bytes.trim_ascii().len() == bytes.len();
        if is_json && fits_a_line {
            return Self::Json;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Base64;
        };
        let is_one_line = || memchr::memchr2(b'\n', b'\r', bytes).is_none();
        if is_json && is_one_line() && json_check::fits_a_line(text) {
            Self::Json
        } else {
            Self::Text
        }
    }

    /// Appends a body, which is UTF-8 where it is no base64.
    fn put(self, out: &mut Vec<u8>, bytes: &[u8]) {
        match self {
            Self::Json => {
                out.extend_from_slice(b",\"body\":{\"json\":");
                out.extend_from_slice(bytes);
            }
            Self::Text => put_text(
                out,
                b",\"body\":{\"text\":",
                &String::from_utf8_lossy(bytes),
            ),
            Self::Base64 => put_text(out, b",\"body\":{\"base64\":", &STANDARD.encode(bytes)),
        }
    }
}

/// An estimate of the bytes of a message.
fn room(message: &UnredactedMessage<'_>) -> usize {
    let fields = message.headers.iter();
    let fields: usize = fields.map(|it| it.name.len() + it.value.len() + 8).sum();
    match &message.body {
        UnredactedBody::Bytes(bytes) => fields + bytes.len(),
        UnredactedBody::Omitted { .. } => fields,
    }
}

/// Appends `before`, then the text as a string of JSON.
fn put_text(out: &mut Vec<u8>, before: &[u8], text: &str) {
    // The characters that a string has as escapes only (RFC 8259 section 7).
    let is_escaped = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    // Eight bytes without an early end are compared at once.
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let in_eight = |eight: &[u8; 8]| eight.iter().fold(false, |has, it| has | is_escaped(it));
    if eights.iter().any(in_eight) || rest.iter().any(is_escaped) {
        return put(out, before, text);
    }
    out.extend_from_slice(before);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends `before`, then the value.
fn put(out: &mut Vec<u8>, before: &[u8], value: &(impl Serialize + ?Sized)) {
    out.extend_from_slice(before);
    if let Err(error) = serde_json::to_writer(out, value) {
        unreachable!("a vector takes it all, and no key is anything but text: {error}");
    }
}
