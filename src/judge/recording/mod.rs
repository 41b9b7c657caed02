//! Recorded conversations: what brought about what, which scenario each follows, and what the judge
//! says of it.
//!
//! For: exchanges as a cassette holds them, wherever they came from. Not for: files.
//!
//! - [`causes`] tells which exchange brought about which.
//! - `timeline` puts the beginnings and ends of exchanges in order.
//! - [`grouping`] sorts exchanges by the calls that they are about; `segment` cuts out of a group
//!   what a scenario may be about.
//! - `alignment` reads from recorded messages what the variables of a scenario are.
//! - `transcript` takes exchanges apart into the messages that judges share.
//! - `evaluation` gives the judge a recorded half in the place of the one that confcall would play.
//! - [`har`] reads and writes the files of other tools.
//! - [`secrets`] tells what another tool's recording should not hold.
//! - [`check`] does all that for a whole recording.

mod alignment;
pub(crate) mod check;
mod evaluation;
pub(crate) mod grouping;
pub(crate) mod secrets;
mod segment;
mod timeline;
mod transcript;

use super::verdict::{Traffic, TrafficMessage};
use crate::api::party::Party;
use crate::cassette::format::Direction;
use crate::http::message::{Request, Response};

use crate::cassette::recording::Recording;

/// The messages, exchange by exchange, each under the number of its exchange.
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
        let request = Request::from(exchange.request.clone());
        say(asks, TrafficMessage::Request(request.into()));
        match (&exchange.response, &exchange.broke) {
            (_, Some(broke)) => say(answers, TrafficMessage::Event(broke.clone())),
            (Some(response), None) => {
                let response = Response::from(response.clone());
                say(answers, TrafficMessage::Response(response.into()));
            }
            (None, None) => {}
        }
    }
    traffic
}
