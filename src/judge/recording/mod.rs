//! Recorded conversations: verdicts by the contract, and the scenarios that they show.
//!
//! For: exchanges of a cassette, of any origin. Not for: files.
//!
//! - [`check`]: sends a recording through the monitor; `coverage`: the scenarios that a conversation shows.
//! - [`live`]: judges traffic as it happens; `results`: the results of a conversation.
//! - [`secrets`]: likely secrets in another tool's recording.

pub(crate) mod check;
mod coverage;
pub(crate) mod live;
mod results;
pub(crate) mod secrets;

use super::verdict::{Traffic, TrafficMessage};
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;

/// The messages of each exchange; the step is the number of the exchange.
pub(crate) fn traffic(recording: &Recording) -> Vec<Traffic> {
    recording.exchanges().iter().flat_map(messages).collect()
}

/// The messages of an exchange.
fn messages(exchange: &Exchange) -> Vec<Traffic> {
    let (asks, answers) = match exchange.direction {
        Direction::Request => (Party::Bot, Party::Service),
        Direction::Notification => (Party::Service, Party::Bot),
    };
    let say = |from, message| Traffic {
        from,
        step: usize::try_from(exchange.number).ok(),
        message,
    };
    let request = exchange.request.clone();
    let mut messages = vec![say(asks, TrafficMessage::Request(request.into()))];
    match (&exchange.response, &exchange.broke) {
        (_, Some(broke)) => messages.push(say(answers, TrafficMessage::Event(broke.clone()))),
        (Some(response), None) => {
            let response = response.clone();
            messages.push(say(answers, TrafficMessage::Response(response.into())));
        }
        (None, None) => {}
    }
    messages
}
