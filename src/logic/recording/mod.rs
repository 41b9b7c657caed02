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
//! - `hearing` gives the judge a recorded half in the place of the one that confcall would play.
//! - [`har`] reads and writes the files of other tools.
//! - [`secrets`] tells what another tool's recording should not hold.
//! - [`check`] does all that for a whole recording.

mod alignment;
pub mod causes;
pub mod check;
pub mod grouping;
pub mod har;
mod hearing;
pub mod secrets;
mod segment;
mod timeline;
mod transcript;

use crate::logic::verdict::{Role, Traffic, TrafficMessage};
use crate::model::cassette::{Direction, Exchange};
use crate::model::message::{Request, Response};

/// A recording as it is judged.
#[derive(Debug, Clone)]
pub struct Recording {
    file: String,
    directions: Vec<Direction>,
    /// In the order in which their requests began.
    exchanges: Vec<Exchange>,
    /// The line of each in the file, counted from 1.
    lines: Vec<usize>,
}

impl Recording {
    /// A recording of these directions, with the line of each exchange in the file. The exchanges
    /// may come in any order.
    pub fn new(
        file: impl Into<String>,
        directions: Vec<Direction>,
        exchanges: impl IntoIterator<Item = (usize, Exchange)>,
    ) -> Self {
        let mut exchanges: Vec<_> = exchanges.into_iter().collect();
        // By keys beside them: an exchange is long, and most stand where they belong.
        exchanges.sort_by_cached_key(|(_, exchange)| exchange.number);
        let (lines, exchanges) = exchanges.into_iter().unzip();
        Self {
            file: file.into(),
            directions,
            exchanges,
            lines,
        }
    }

    /// The file, as errors call it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of an exchange, by its place in the recording.
    pub fn line(&self, index: usize) -> usize {
        self.lines.get(index).copied().unwrap_or(1)
    }

    /// The exchanges, in the order in which their requests began.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The messages, exchange by exchange, each under the number of its exchange.
    pub fn traffic(&self) -> Vec<Traffic> {
        let mut traffic = Vec::with_capacity(self.exchanges.len() * 2);
        for exchange in &self.exchanges {
            let (asks, answers) = match exchange.direction {
                Direction::Request => (Role::Bot, Role::Service),
                Direction::Notification => (Role::Service, Role::Bot),
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

    /// The same recording with something else made of each exchange, in their order.
    #[must_use]
    pub fn map(mut self, make: impl FnMut(Exchange) -> Exchange) -> Self {
        self.exchanges = self.exchanges.into_iter().map(make).collect();
        self
    }

    fn records(&self, direction: Direction) -> bool {
        self.directions.contains(&direction)
    }
}
