//! A recording played again, one party live: sans-IO, as the judge is.
//!
//! - [`mapping`] knows what the recorded identifiers are in this run, in both directions.
//! - [`comparison`] holds a live message against a recorded one.
//! - [`given`] tells what a recording takes for granted.
//! - `origins` tells who made up which value.
//! - `kept` makes of a whole conversation what is the same in every run.
//! - `shelf` finds the recording of a live request without a scan.
//! - [`service`] is the recorded service for a live bot, [`bot`] the recorded bot for a live
//!   service. `record` is what both write into.

pub mod bot;
pub mod comparison;
pub mod given;
mod kept;
pub mod mapping;
mod origins;
mod record;
pub mod service;
mod shelf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use self::mapping::Mapping;
use crate::model::cassette::{Content, RecordedRequest, RecordedResponse};

pub use self::record::Replayed;

/// A message of the recorded party, as it goes out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The header fields, without those that tell lengths, codings and connections.
    pub headers: Vec<(String, String)>,
    /// The body, uncoded.
    pub body: Vec<u8>,
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
    fn response(recorded: &RecordedResponse, mapping: &Mapping) -> Self {
        Self::new(&recorded.headers, &recorded.body, mapping)
    }

    fn request(recorded: &RecordedRequest, mapping: &Mapping, token: Option<&str>) -> Self {
        let mut message = Self::new(&recorded.headers, &recorded.body, mapping);
        if let Some(token) = token {
            for (name, value) in &mut message.headers {
                if name.eq_ignore_ascii_case("authorization") {
                    *value = format!("Bearer {token}");
                }
            }
        }
        message
    }

    fn new(headers: &[(String, String)], body: &Content, mapping: &Mapping) -> Self {
        let kept = |name: &str| !OF_THE_WIRE.iter().any(|it| name.eq_ignore_ascii_case(it));
        Self {
            headers: headers
                .iter()
                .filter(|(name, _)| kept(name))
                .map(|(name, value)| (name.clone(), mapping.translated(value)))
                .collect(),
            body: match body {
                Content::Json(value) if mapping.changes() => {
                    mapping.translated_json(value).to_string().into_bytes()
                }
                Content::Json(value) => value.to_string().into_bytes(),
                Content::Text(text) => text.clone().into_bytes(),
                Content::Base64(coded) => STANDARD.decode(coded).unwrap_or_default(),
                Content::Empty | Content::Omitted { .. } => Vec::new(),
            },
        }
    }
}
