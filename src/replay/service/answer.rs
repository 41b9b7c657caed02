//! The input and output of a recorded service: requests, answers, and the recorded request that is nearest
//! to an unmatched one.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Headers;
use crate::replay::Outgoing;
use crate::replay::matching::compared::{ComparedRequest, path_shape};
use crate::replay::matching::comparison::{Comparison, Difference, Part};
use crate::replay::matching::requests::Requests;
use crate::replay::recording::Index;
use crate::replay::update::LiveMessage;
use crate::replay::values::mapping::Mapping;

/// A live request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveRequest<'a> {
    pub method: &'a str,
    /// The path with its query, or a whole URL.
    pub target: &'a str,
    pub headers: &'a Headers,
    /// The body without a content coding.
    pub body: &'a [u8],
    /// The coding that was taken away.
    pub coding: Option<&'a str>,
    /// `https` or `http`, as the bot reaches this service.
    pub scheme: &'a str,
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
    /// True if an identical request gets the same answer, while the [version of the
    /// mapping](super::Service::mapping_version) is unchanged.
    pub is_repeatable: bool,
}

impl LiveRequest<'_> {
    /// The request as a recording may keep it.
    pub(super) fn message(&self, compared: &ComparedRequest<'_>) -> LiveMessage {
        LiveMessage {
            method: self.method.to_owned(),
            target: compared.target.to_owned(),
            headers: self.headers.clone(),
            body: Bytes::copy_from_slice(self.body),
            coding: self.coding.map(str::to_owned),
            own: compared.own(),
            ..LiveMessage::default()
        }
    }
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
            ..Outgoing::default()
        },
        took: Duration::ZERO,
        notifications: Vec::new(),
        exchange,
        is_repeatable: false,
    }
}

const MOST_PATHS: usize = 1000;

/// A recorded request, and its differences from a live one.
#[derive(Debug)]
pub(super) struct Nearest {
    pub exchange: usize,
    pub comparison: Comparison,
    /// True if method and path are those of the live one.
    pub is_of_path: bool,
}

/// The recorded request of the same method and path with the fewest differences, else the one with
/// the most similar method and path. None in a recording without requests.
pub(super) fn nearest(
    index: &Index,
    requests: &Requests,
    mapping: &Mapping,
    live: &ComparedRequest<'_>,
) -> Result<Option<Nearest>, Diagnostic> {
    let mut best: Option<((usize, bool, usize), Comparison)> = None;
    for exchange in requests.at_path(&live.path_keys()) {
        let comparison = index.load_raw(exchange, |it| {
            let recorded = ComparedRequest::recorded(&it.request);
            Comparison::of_requests(index.rules(), mapping, &recorded, live)
        })?;
        let is_served = requests.is_served(exchange);
        let rank = (comparison.differences.len(), is_served, exchange);
        if best.as_ref().is_none_or(|(other, _)| rank < *other) {
            best = Some((rank, comparison));
        }
    }
    match best {
        Some(((.., exchange), comparison)) => Ok(Some(Nearest {
            exchange,
            comparison,
            is_of_path: true,
        })),
        None => most_similar(index, requests, live),
    }
}

fn most_similar(
    recorded: &Index,
    requests: &Requests,
    live: &ComparedRequest<'_>,
) -> Result<Option<Nearest>, Diagnostic> {
    let shape = |method: &str, target: &str| format!("{method} {}", path_shape(target));
    let live_shape = shape(live.method, live.target);
    let mut best: Option<(usize, usize, String)> = None;
    for exchange in requests.first_of_each_path().into_iter().take(MOST_PATHS) {
        let (distance, request) = recorded.load_raw(exchange, |it| {
            let other = &it.request;
            let distance = strsim::levenshtein(&live_shape, &shape(&other.method, &other.target));
            (distance, format!("{} {}", other.method, other.target))
        })?;
        if best.as_ref().is_none_or(|(least, ..)| distance < *least) {
            best = Some((distance, exchange, request));
        }
    }
    Ok(best.map(|(_, exchange, line)| Nearest {
        exchange,
        is_of_path: false,
        comparison: Comparison::with(Difference {
            part: Part::RequestLine,
            pointer: Pointer::root(),
            pattern: Pointer::root(),
            expected: json!(line),
            actual: Some(json!(format!("{} {}", live.method, live.target))),
        }),
    }))
}
