//! Recorded conversations: causes, matching scenarios, verdicts.
//!
//! For: exchanges of a cassette, of any origin. Not for: files.
//!
//! - [`grouping`]: groups of exchanges about the same calls; `segment`: the part of a group that a
//!   scenario may cover.
//! - `alignment`: values of a scenario's variables, read from recorded messages.
//! - `transcript`: exchanges as messages that judges share, and their starts and ends in order.
//! - `evaluation`: runs a judge with a recorded half.
//! - [`secrets`]: likely secrets in another tool's recording.
//! - [`check`]: all of it for a whole recording.

mod alignment;
pub(crate) mod check;
mod evaluation;
pub(crate) mod grouping;
pub(crate) mod secrets;
mod segment;
mod transcript;

use super::verdict::{Traffic, TrafficMessage};
use crate::api::party::Party;
use crate::cassette::format::Direction;

use crate::cassette::recording::Recording;

/// The messages of each exchange; the step is the number of the exchange.
pub(crate) fn traffic(recording: &Recording) -> Vec<Traffic> {
    let mut traffic = Vec::with_capacity(recording.exchanges().len() * 2);
    for exchange in recording.exchanges() {
        let (asks, answers) = match exchange.direction {
            Direction::Request => (Party::Bot, Party::Service),
            Direction::Notification => (Party::Service, Party::Bot),
        };
        let mut say = |from, message| {
            traffic.push(Traffic {
                from,
                step: usize::try_from(exchange.number).ok(),
                message,
            });
        };
        let request = exchange.request.clone();
        say(asks, TrafficMessage::Request(request.into()));
        match (&exchange.response, &exchange.broke) {
            (_, Some(broke)) => say(answers, TrafficMessage::Event(broke.clone())),
            (Some(response), None) => {
                let response = response.clone();
                say(answers, TrafficMessage::Response(response.into()));
            }
            (None, None) => {}
        }
    }
    traffic
}
