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
    /// How long the response took to begin, in milliseconds.
    took_ms: u64,
    request: Arc<Request>,
    response: Option<Arc<Response>>,
    broke: Option<String>,
    /// True if fault injection made the response, or kept it from the bot.
    is_injected: bool,
}

impl From<Exchange> for Shared {
    fn from(exchange: Exchange) -> Self {
        Self {
            number: exchange.number,
            direction: exchange.direction,
            at_ms: exchange.at_ms,
            took_ms: exchange.took_ms,
            request: exchange.request.into(),
            response: exchange.response.map(Arc::new),
            broke: exchange.broke,
            is_injected: false,
        }
    }
}

/// The messages of an exchange.
fn messages(exchange: &Shared) -> Vec<Traffic> {
    let (asks, answers) = match exchange.direction {
        Direction::Request => (Party::Bot, Party::Service),
        Direction::Notification => (Party::Service, Party::Bot),
    };
    let say = |from, at_ms, message| Traffic {
        at_ms: Some(at_ms),
        ..Traffic::new(from, usize::try_from(exchange.number).ok(), message)
    };
    let ended = exchange.at_ms.saturating_add(exchange.took_ms);
    let request = TrafficMessage::Request(Arc::clone(&exchange.request));
    let mut messages = vec![say(asks, exchange.at_ms, request)];
    match (&exchange.response, &exchange.broke) {
        (_, Some(broke)) => {
            messages.push(say(answers, ended, TrafficMessage::Event(broke.clone())));
        }
        (Some(response), None) => {
            let response = Arc::clone(response);
            messages.push(say(answers, ended, TrafficMessage::Response(response)));
        }
        (None, None) => {}
    }
    for end in messages.iter_mut().skip(1) {
        end.injected = exchange.is_injected;
    }
    messages
}
