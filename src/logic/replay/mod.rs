//! A recording played again, one party live: sans-IO, as the judge is.
//!
//! - [`mapping`] knows what the recorded identifiers are in this run, in both directions.
//! - [`comparison`] holds a live message against a recorded one.
//! - [`given`] tells what a recording takes for granted.
//! - `origins` tells which values of a message differ from run to run.
//! - `kept` makes of a whole conversation what is the same in every run.
//! - [`index`] is what is kept of a recording, of which the rest stays in its file. It is made of
//!   [shares](share). `answered` is what is read of an exchange to answer it,
//!   `ahead` reads before it is asked.
//! - `marks` are what a request is, in numbers; `shelf` finds the recording of a live one by them,
//!   without a scan. `key` is an identifier in few bits.
//! - [`service`] is the recorded service for a live bot, [`bot`] the recorded bot for a live
//!   service. `record` is what both write into.

mod ahead;
mod answered;
pub mod bot;
pub mod comparison;
pub mod given;
pub mod index;
mod kept;
mod key;
pub mod mapping;
mod marks;
mod origins;
mod record;
pub mod service;
pub mod share;
mod shelf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use self::answered::Answered;
use self::mapping::Mapping;
use crate::model::cassette::{Content, RecordedRequest};

pub use self::record::{Replayed, Unread};

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
    fn response(recorded: &Answered<'_>, mapping: &Mapping) -> Self {
        let headers = fields(&recorded.headers, mapping);
        let body = match recorded.body.json() {
            Some(as_it_stands) if !mapping.changes() => Bytes::copy_from_slice(as_it_stands),
            _ => body(&recorded.body.content(), mapping),
        };
        Self { headers, body }
    }

    fn request(recorded: &RecordedRequest, mapping: &Mapping, token: Option<&str>) -> Self {
        let mut message = Self {
            headers: fields(&recorded.headers, mapping),
            body: body(&recorded.body, mapping),
        };
        if let Some(token) = token {
            for (name, value) in &mut message.headers {
                if name.eq_ignore_ascii_case("authorization") {
                    *value = format!("Bearer {token}");
                }
            }
        }
        message
    }
}

fn fields(headers: &[(String, String)], mapping: &Mapping) -> Vec<(String, String)> {
    let kept = |name: &str| !OF_THE_WIRE.iter().any(|it| name.eq_ignore_ascii_case(it));
    headers
        .iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| (name.clone(), mapping.translated(value)))
        .collect()
}

fn body(body: &Content, mapping: &Mapping) -> Bytes {
    match body {
        Content::Json(value) if mapping.changes() => {
            mapping.translated_json(value).to_string().into()
        }
        Content::Json(value) => value.to_string().into(),
        Content::Text(text) => text.clone().into(),
        Content::Base64(coded) => STANDARD.decode(coded).unwrap_or_default().into(),
        Content::Empty | Content::Omitted { .. } => Bytes::new(),
    }
}
