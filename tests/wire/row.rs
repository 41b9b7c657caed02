//! Rows, and the words in which they are written.

use confcall_test_support::cassette::Exchange;

use crate::must::Must;

/// What a party does on its connection.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Reads one request to its end; where the connection ends before a request begins, that is all.
    Request,
    /// As the upstream: answers each request by how it begins, until the connection ends.
    Answers(Vec<(&'static str, String)>),
    /// Reads until this has come.
    Until(&'static str),
    /// Reads until the other end sends no more.
    End,
    /// Sends no more, and may read on.
    HalfClose,
    /// Breaks the connection off (RST).
    Reset,
    /// Says that this has come to pass.
    Tell(&'static str),
    /// Waits until the other party has said so.
    Wait(&'static str),
    /// As the upstream: passes everything to the recorder's own listener, and back.
    Back,
}

/// Writes these bytes.
pub(crate) fn send(bytes: impl Into<Vec<u8>>) -> Act {
    Act::Send(bytes.into())
}

/// Where the upstream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// At 127.0.0.1.
    V4,
    /// At `[::1]`.
    V6,
    /// At an address of 127.0.0.1 that nobody listens on.
    Nowhere,
    /// In the place of the bot: the client sends notifications.
    Bot,
}

/// One sentence, and the bytes that try it.
pub(crate) struct Row {
    pub sentence: &'static str,
    pub at: At,
    /// The path of the service's URL.
    pub base: &'static str,
    pub client: Vec<Act>,
    /// For each connection in turn; the last is that of all further ones.
    pub upstream: Vec<Vec<Act>>,
    /// What must hold of the bytes that the upstream gets.
    pub received: Vec<Must>,
    /// What must hold of the bytes that the client gets.
    pub answered: Vec<Must>,
    /// What must hold of the cassette.
    pub written: fn(&[Exchange]),
}

/// A row whose client sends these bytes and reads until the connection is closed, and whose
/// upstream answers each request with [`OK`].
pub(crate) fn row(sentence: &'static str, request: impl Into<Vec<u8>>) -> Row {
    Row {
        sentence,
        at: At::V4,
        base: "",
        client: vec![send(request), Act::End],
        upstream: vec![vec![Act::Request, send(OK), Act::End]],
        received: Vec::new(),
        answered: Vec::new(),
        written: |_| {},
    }
}

impl Row {
    /// The same, with the upstream there.
    pub(crate) fn at(mut self, at: At) -> Self {
        self.at = at;
        self
    }

    /// The same, with this path in the service's URL.
    pub(crate) fn below(mut self, base: &'static str) -> Self {
        self.base = base;
        self
    }

    /// The same, with a client that does this.
    pub(crate) fn client(mut self, acts: impl Into<Vec<Act>>) -> Self {
        self.client = acts.into();
        self
    }

    /// The same, with an upstream that reads a request and answers it with these bytes.
    pub(crate) fn answer(self, answer: impl Into<Vec<u8>>) -> Self {
        self.upstream([Act::Request, send(answer), Act::End])
    }

    /// The same, with an upstream that does this on each connection.
    pub(crate) fn upstream(mut self, acts: impl Into<Vec<Act>>) -> Self {
        self.upstream = vec![acts.into()];
        self
    }

    /// The same, with an upstream that does this on the next connection.
    pub(crate) fn then(mut self, acts: impl Into<Vec<Act>>) -> Self {
        self.upstream.push(acts.into());
        self
    }

    /// The same, and this must hold of what the upstream gets.
    pub(crate) fn received(mut self, must: impl Into<Vec<Must>>) -> Self {
        self.received = must.into();
        self
    }

    /// The same, and this must hold of what the client gets.
    pub(crate) fn answered(mut self, must: impl Into<Vec<Must>>) -> Self {
        self.answered = must.into();
        self
    }

    /// The same, and this must hold of the cassette.
    pub(crate) fn written(mut self, holds: fn(&[Exchange])) -> Self {
        self.written = holds;
        self
    }
}

/// An answer with a body of two bytes.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A request without a body, after which the connection is closed; the fields end in CRLF.
pub(crate) fn get(target: &str, fields: &str) -> String {
    request("GET", target, fields, "")
}

/// A request after which the connection is closed.
pub(crate) fn request(method: &str, target: &str, fields: &str, body: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n{body}")
}

/// A POST of plain text in so many bytes, after which the connection is closed.
pub(crate) fn post(body: &str) -> String {
    let length = body.len();
    let fields = format!("Content-Type: text/plain\r\nContent-Length: {length}\r\n");
    request("POST", "/", &fields, body)
}

/// A 200 with these fields and this body, framing included.
pub(crate) fn ok(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}")
}
