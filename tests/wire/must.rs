//! What must hold of the bytes that a party got.

use confcall_test_support::http::{Message, read};

/// What a party got, on all its connections in turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captured {
    pub bytes: Vec<u8>,
    /// Whether a connection ended by RST.
    pub is_reset: bool,
}

/// What must hold. Where there are several messages, the first is meant.
#[derive(Debug, Clone)]
pub(crate) enum Must {
    /// The start line is this.
    Start(&'static str),
    /// Each message has this status, in this order, and nothing else came.
    Statuses(&'static [u16]),
    /// The fields of this name have these values, in this order.
    Field(&'static str, &'static [&'static str]),
    /// No field has this name.
    Without(&'static str),
    /// Behind the head there is this, with its framing.
    Raw(Vec<u8>),
    /// The message is whole and this is its content, the framing taken away.
    Content(Vec<u8>),
    /// The message was passed on: this is the version that it came in.
    Via(&'static str),
    /// This is somewhere in it.
    Has(&'static str),
    /// This is nowhere in it.
    HasNot(&'static str),
    /// Nothing came.
    Nothing,
    /// The message has no end, or the connection was broken off.
    Broken,
    /// What must hold of this message, counted from 1.
    Nth(usize, Box<Must>),
}

/// Behind the head there is this, with its framing.
pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Must {
    Must::Raw(bytes.into())
}

/// The message is whole and this is its content.
pub(crate) fn content(bytes: impl Into<Vec<u8>>) -> Must {
    Must::Content(bytes.into())
}

/// What must hold of this message, counted from 1.
pub(crate) fn nth(number: usize, must: Must) -> Must {
    Must::Nth(number, Box::new(must))
}

impl Captured {
    /// Whether this holds.
    pub(crate) fn holds(&self, must: &Must) -> bool {
        let bytes = &self.bytes[..];
        match must {
            Must::Nth(number, must) => {
                let mut rest = bytes;
                let is_there = (1..*number).all(|_| matches!(read(&mut rest), Ok(Some(_))));
                let captured = Self {
                    bytes: rest.to_vec(),
                    is_reset: self.is_reset,
                };
                is_there && captured.holds(must)
            }
            Must::Start(line) => {
                let (head, _) = parted(bytes);
                head.split("\r\n").next() == Some(line)
            }
            Must::Statuses(statuses) => self.statuses() == *statuses,
            Must::Field(name, values) => values_of(bytes, name) == *values,
            Must::Without(name) => values_of(bytes, name).is_empty(),
            Must::Raw(body) => parted(bytes).1 == body,
            Must::Content(body) => self.content().as_ref() == Some(body),
            Must::Via(version) => values_of(bytes, "via").last().is_some_and(|it| {
                let name = it.strip_prefix(version);
                name.is_some_and(|it| it.starts_with(" confcall-"))
            }),
            Must::Has(text) => has(bytes, text),
            Must::HasNot(text) => !has(bytes, text),
            Must::Nothing => bytes.is_empty(),
            Must::Broken => self.is_reset || self.content().is_none(),
        }
    }

    /// What no message of the recorder's may have, whatever the row is about.
    pub(crate) fn senseless(&self) -> Option<&'static str> {
        let lengths = values_of(&self.bytes, "content-length");
        let is_coded = !values_of(&self.bytes, "transfer-encoding").is_empty();
        if lengths.len() > 1 {
            return Some("more than one Content-Length");
        }
        if is_coded && !lengths.is_empty() {
            return Some("Content-Length beside Transfer-Encoding");
        }
        None
    }

    /// The status of each message; a last one of 0 stands for what is no message.
    fn statuses(&self) -> Vec<u16> {
        let mut rest = &self.bytes[..];
        let mut statuses = Vec::new();
        while !rest.is_empty() {
            let (head, _) = parted(rest);
            let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
            let Some(status) = status else {
                statuses.push(0);
                break;
            };
            statuses.push(status);
            if !matches!(read(&mut rest), Ok(Some(_))) {
                break;
            }
        }
        statuses
    }

    /// The content of the first message, where that is whole.
    fn content(&self) -> Option<Vec<u8>> {
        let mut bytes = &self.bytes[..];
        let message = read(&mut bytes).ok()??;
        if message.field("transfer-encoding").is_none() {
            return Some(message.body);
        }
        Some(dechunked(&message))
    }
}

/// The data of the chunks.
fn dechunked(message: &Message) -> Vec<u8> {
    let mut data = Vec::new();
    let mut rest = &message.body[..];
    while let Some(end) = rest.windows(2).position(|it| it == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        data.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    data
}

/// The first head, without the empty line, and what is behind it.
fn parted(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
    let (head, rest) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 4..]),
        None => (bytes, &[][..]),
    };
    (String::from_utf8_lossy(head).into_owned(), rest)
}

fn values_of(bytes: &[u8], name: &str) -> Vec<String> {
    let (head, _) = parted(bytes);
    head.split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .filter(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
        .collect()
}

/// Whether the text is somewhere in the bytes.
pub(crate) fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}
