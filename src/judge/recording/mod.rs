//! Recorded conversations: verdicts by the contract, and the scenarios that they show.
//!
//! For: exchanges of a cassette, of any origin. Not for: files.
//!
//! - [`check`]: judges a recording; [`live`]: judges exchanges as they come; `results`: the results of a conversation.
//! - [`coverage`]: the scenarios that a conversation shows; `pattern`: the part of a request that distinguishes them.
//! - [`secrets`]: likely secrets in another tool's recording.

pub(crate) mod check;
pub(crate) mod coverage;
pub(crate) mod live;
mod pattern;
mod results;
pub(crate) mod secrets;

use std::sync::Arc;

use super::verdict::{Traffic, TrafficMessage};
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::http::message::{Request, Response};

/// The messages of each exchange; the step is the number of the exchange.
pub(crate) fn traffic(recording: &Recording) -> Vec<Traffic> {
    let exchanges = recording.exchanges().iter().cloned();
    exchanges.flat_map(|it| messages(&it.into())).collect()
}

/// An exchange whose messages are shared with the monitor and with results.
#[derive(Debug)]
struct Shared {
    number: u64,
    direction: Direction,
    at_ms: u64,
    request: Arc<Request>,
    response: Option<Arc<Response>>,
    broke: Option<String>,
}

impl From<Exchange> for Shared {
    fn from(exchange: Exchange) -> Self {
        Self {
            number: exchange.number,
            direction: exchange.direction,
            at_ms: exchange.at_ms,
            request: exchange.request.into(),
            response: exchange.response.map(Arc::new),
            broke: exchange.broke,
        }
    }
}

/// The messages of an exchange.
fn messages(exchange: &Shared) -> Vec<Traffic> {
    let (asks, answers) = match exchange.direction {
        Direction::Request => (Party::Bot, Party::Service),
        Direction::Notification => (Party::Service, Party::Bot),
    };
    let say = |from, message| Traffic {
        from,
        step: usize::try_from(exchange.number).ok(),
        message,
    };
    let request = Arc::clone(&exchange.request);
    let mut messages = vec![say(asks, TrafficMessage::Request(request))];
    match (&exchange.response, &exchange.broke) {
        (_, Some(broke)) => messages.push(say(answers, TrafficMessage::Event(broke.clone()))),
        (Some(response), None) => {
            let response = Arc::clone(response);
            messages.push(say(answers, TrafficMessage::Response(response)));
        }
        (None, None) => {}
    }
    messages
}
