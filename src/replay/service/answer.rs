//! The input and output of a recorded service.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::message::Headers;
use crate::replay::Outgoing;
use crate::replay::recording::BodySpan;

/// A live request without a content coding. Its body is not parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawRequest<'a> {
    pub method: &'a str,
    /// The path with its query.
    pub target: &'a str,
    pub body: &'a [u8],
}

/// An answer of the recorded service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub message: Outgoing,
    /// The time until the recorded answer.
    pub took: Duration,
    /// The exchanges of the notifications to send once the answer is out.
    pub notifications: Vec<usize>,
    /// The exchange of the answer; `None` if no recorded request matches.
    pub exchange: Option<usize>,
    /// The way to repeat the answer to an identical request, while the [version of the
    /// mapping](super::Service::mapping_version) is unchanged. `None` if the answer may change.
    pub repeat: Option<Repeat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// The exchange, for [`Service::answer_again`](super::Service::answer_again).
    pub exchange: usize,
    /// The recorded body for [`Service::read_body`](super::Service::read_body), if it is sent byte
    /// for byte. Status and header fields are the same.
    pub body: Option<BodySpan>,
}

/// An answer that confcall gives instead of a recorded one.
pub(super) fn refusal(
    status: u16,
    message: &str,
    nearest: Option<Value>,
    exchange: Option<usize>,
) -> Answer {
    let mut error = json!({"code": "confcall", "message": message});
    if let Some(nearest) = nearest {
        error["nearest"] = nearest;
    }
    Answer {
        status,
        message: Outgoing {
            headers: Headers::from_iter([("Content-Type", "application/json")]),
            body: json!({"error": error}).to_string().into(),
        },
        took: Duration::ZERO,
        notifications: Vec::new(),
        exchange,
        repeat: None,
    }
}
