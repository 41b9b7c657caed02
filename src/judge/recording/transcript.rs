//! The exchanges of a recording as shared messages, and the order of their starts and ends.

use std::sync::{Arc, OnceLock};

use crate::api::resource;
use crate::cassette::format::{Cause, Direction, Exchange};
use crate::contract::change;
use crate::contract::change::{Change, Signature};
use crate::http::message::{Body, Omission, Request, Response};

/// In the order of their requests.
pub(super) struct Transcript {
    exchanges: Vec<CapturedExchange>,
}

pub(super) struct CapturedExchange {
    pub number: u64,
    pub direction: Direction,
    pub cause: Option<Cause>,
    pub at_ms: u64,
    pub took_ms: u64,
    pub request: Arc<Request>,
    /// Partial if the exchange broke.
    pub response: Option<Arc<Response>>,
    pub broke: Option<String>,
    /// The reason of an omitted body.
    pub omitted: Option<&'static str>,
    shape: OnceLock<String>,
    signature: OnceLock<Vec<Signature>>,
}

impl Transcript {
    pub(crate) fn new(exchanges: Vec<Exchange>) -> Self {
        Self {
            exchanges: exchanges.into_iter().map(CapturedExchange::new).collect(),
        }
    }

    pub(crate) fn exchanges(&self) -> &[CapturedExchange] {
        &self.exchanges
    }

    pub(crate) fn get(&self, index: usize) -> &CapturedExchange {
        &self.exchanges[index]
    }

    pub(crate) fn request(&self, index: usize) -> Arc<Request> {
        Arc::clone(&self.exchanges[index].request)
    }
}

impl CapturedExchange {
    fn new(exchange: Exchange) -> Self {
        let answer = exchange.response.as_ref();
        let bodies = [Some(&exchange.request.body), answer.map(|it| &it.body)];
        let omitted = bodies.into_iter().flatten().find_map(omission);
        Self {
            number: exchange.number,
            direction: exchange.direction,
            cause: exchange.cause,
            at_ms: exchange.at_ms,
            took_ms: exchange.took_ms,
            request: Arc::new(Request {
                body: reread(exchange.request.body),
                ..exchange.request
            }),
            response: exchange.response.map(|response| {
                Arc::new(Response {
                    body: reread(response.body),
                    ..response
                })
            }),
            broke: exchange.broke,
            omitted,
            shape: OnceLock::new(),
            signature: OnceLock::new(),
        }
    }

    pub(crate) fn answer(&self) -> Option<&Arc<Response>> {
        self.response.as_ref().filter(|_| self.broke.is_none())
    }

    pub(crate) fn shape(&self) -> &str {
        let shape = || resource::shape_of(&self.request.target);
        self.shape.get_or_init(shape)
    }

    /// The signatures of the entries in the request.
    pub(crate) fn signature(&self) -> &[Signature] {
        self.signature.get_or_init(|| {
            let entries = self.request.body.json().and_then(change::entries);
            let entries = entries.into_iter().flatten();
            entries
                .map(|entry| Change::read(entry).signature())
                .collect()
        })
    }
}

/// Parses a text body as JSON: JSON that is too deep for a cassette line is recorded as text.
fn reread(body: Body) -> Body {
    match body {
        Body::Text(text) => Body::from_bytes(text.as_bytes()),
        other => other,
    }
}

/// The reason of an omitted body.
const fn omission(body: &Body) -> Option<&'static str> {
    match body {
        Body::Omitted(Omission::NotInFile { .. }) => Some("is not in the file"),
        Body::Omitted(Omission::NotKept { .. } | Omission::UnknownCoding { .. }) => {
            Some("was not kept; record it with a greater --max-body")
        }
        Body::Omitted(Omission::NotBase64(_)) => Some("is no base64"),
        Body::Empty | Body::Json(_) | Body::Text(_) | Body::Bytes(_) => None,
    }
}

/// The start or end of an exchange, by its index in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timestamp {
    Begun(usize),
    /// Its response arrived, or the exchange broke.
    Ended(usize),
}

/// A clock that goes back by more than this, in milliseconds, was restarted: the recording was
/// continued.
const JITTER: u64 = 5;

/// The starts and ends of exchanges, which are sorted by their start.
pub(super) fn timestamps(transcript: &Transcript, which: &[usize]) -> Vec<Timestamp> {
    let mut timestamps = Vec::with_capacity(which.len() * 2);
    let (mut start, mut last, mut latest) = (0_u64, 0_u64, 0_u64);
    for &index in which {
        let captured = transcript.get(index);
        let since = |start: u64| start.saturating_add(captured.at_ms);
        if since(start).saturating_add(JITTER) < last {
            start = latest.saturating_add(1);
        }
        let begun = last.max(since(start));
        let ended = begun.saturating_add(captured.took_ms);
        (last, latest) = (begun, latest.max(ended));
        timestamps.push(((begun, captured.number, false), Timestamp::Begun(index)));
        timestamps.push(((ended, captured.number, true), Timestamp::Ended(index)));
    }
    timestamps.sort_unstable();
    timestamps
        .into_iter()
        .map(|(_, timestamp)| timestamp)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Timestamp::{Begun, Ended};

    fn exchange(number: u64, at_ms: u64, took_ms: u64) -> Exchange {
        Exchange {
            at_ms,
            took_ms,
            ..Exchange::new(number, Direction::Request, Request::new("GET", "/"))
        }
    }

    #[test]
    fn an_answer_comes_when_it_came() {
        let all = vec![exchange(1, 0, 30), exchange(2, 10, 5), exchange(3, 30, 0)];
        let actual = timestamps(&Transcript::new(all), &[0, 1, 2]);
        let wanted = [Begun(0), Begun(1), Ended(1), Ended(0), Begun(2), Ended(2)];
        assert_eq!(actual, wanted);
    }

    #[test]
    fn a_clock_may_start_anew() {
        let all = vec![exchange(1, 500, 90), exchange(2, 0, 3), exchange(3, 2, 0)];
        let actual = timestamps(&Transcript::new(all), &[0, 1, 2]);
        assert_eq!(actual[..3], [Begun(0), Ended(0), Begun(1)]);
    }
}
