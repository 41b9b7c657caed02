//! The input and output of a recorded service: requests, answers, and the recorded request that is nearest
//! to an unmatched one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::resource;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Headers, Request};
use crate::replay::Outgoing;
use crate::replay::matching::comparison::{Comparison, Difference, Part};
use crate::replay::matching::fingerprint::PrecisionHashes;
use crate::replay::matching::request_index::RequestIndex;
use crate::replay::recording::{BodySpan, Index};
use crate::replay::values::mapping::Mapping;

/// A live request without a content coding. Its body is not parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawRequest<'a> {
    pub method: &'a str,
    /// The path with its query.
    pub target: &'a str,
    pub body: &'a [u8],
}

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

const MOST_PATHS: usize = 1000;

/// A recorded request, and its differences from a live one.
#[derive(Debug)]
pub(super) struct Nearest {
    pub exchange: usize,
    pub differences: Vec<Difference>,
}

/// The recorded request of the same method and path with the fewest differences, else the one with
/// the most similar method and path. None in a recording without requests.
pub(super) fn nearest(
    recorded: &Index,
    request_index: &RequestIndex,
    mapping: &Mapping,
    hashes: &PrecisionHashes,
    request: &Request,
) -> Result<Option<Nearest>, Diagnostic> {
    let mut best: Option<((usize, bool, usize), Vec<Difference>)> = None;
    for exchange in request_index.of_same_path(hashes) {
        let other = recorded.load(exchange)?.request;
        let differences = Comparison::of_requests(mapping, &other, request).differences;
        let is_served = request_index.is_served(exchange);
        let rank = (differences.len(), is_served, exchange);
        if best.as_ref().is_none_or(|(other, _)| rank < *other) {
            best = Some((rank, differences));
        }
    }
    match best {
        Some(((.., exchange), differences)) => Ok(Some(Nearest {
            exchange,
            differences,
        })),
        None => most_similar(recorded, request_index, request),
    }
}

fn most_similar(
    recorded: &Index,
    request_index: &RequestIndex,
    request: &Request,
) -> Result<Option<Nearest>, Diagnostic> {
    let shape = |method: &str, target: &str| format!("{method} {}", resource::shape_of(target));
    let live = shape(&request.method, &request.target);
    let mut best: Option<(usize, usize, String)> = None;
    let exchanges = request_index.first_of_each_path();
    for exchange in exchanges.into_iter().take(MOST_PATHS) {
        let other = recorded.load(exchange)?.request;
        let distance = strsim::levenshtein(&live, &shape(&other.method, &other.target));
        if best.as_ref().is_none_or(|(least, ..)| distance < *least) {
            best = Some((
                distance,
                exchange,
                format!("{} {}", other.method, other.target),
            ));
        }
    }
    Ok(best.map(|(_, exchange, line)| Nearest {
        exchange,
        differences: vec![Difference {
            part: Part::RequestLine,
            pointer: Pointer::root(),
            expected: json!(line),
            actual: json!(format!("{} {}", request.method, request.target)),
        }],
    }))
}
