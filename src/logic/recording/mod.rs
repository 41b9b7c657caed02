//! Recorded conversations: what brought about what, which scenario each follows, and what the judge
//! says of it.
//!
//! For: exchanges as a cassette holds them, wherever they came from. Not for: files.
//!
//! - [`causes`] tells which exchange brought about which.
//! - `timeline` puts the beginnings and ends of exchanges in order.
//! - `grouping` sorts exchanges by the calls that they are about; `segment` cuts out of a group
//!   what a scenario may be about.
//! - `alignment` reads from recorded messages what the variables of a scenario are.
//! - `hearing` gives the judge a recorded half in the place of the one that confcall would play.
//! - [`har`] reads and writes the files of other tools.
//! - [`check`] does all that for a whole recording.

mod alignment;
pub mod causes;
pub mod check;
mod grouping;
pub mod har;
mod hearing;
mod segment;
mod timeline;

use crate::model::cassette::{self, Direction, Exchange};
use crate::model::message::{Payload, Request, Response};

/// A recording as it is judged.
#[derive(Debug, Clone)]
pub struct Recording {
    directions: Vec<Direction>,
    /// In the order in which their requests began.
    exchanges: Vec<Exchange>,
}

impl Recording {
    /// A recording of these directions. The exchanges may come in any order.
    pub fn new(directions: Vec<Direction>, mut exchanges: Vec<Exchange>) -> Self {
        exchanges.sort_by_key(|exchange| exchange.number);
        Self {
            directions,
            exchanges,
        }
    }

    /// The exchanges, in the order in which their requests began.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    fn records(&self, direction: Direction) -> bool {
        self.directions.contains(&direction)
    }
}

/// The request of an exchange as the judge reads it.
fn request(exchange: &Exchange) -> Request {
    let recorded = &exchange.request;
    Request {
        method: recorded.method.clone(),
        target: recorded.target.clone(),
        headers: cassette::headers(&recorded.headers),
        body: Payload::from(&recorded.body),
    }
}

/// The response of an exchange as the judge reads it; none where the exchange broke.
fn response(exchange: &Exchange) -> Option<Response> {
    let recorded = exchange.response.as_ref()?;
    exchange.broke.is_none().then(|| Response {
        status: recorded.status,
        headers: cassette::headers(&recorded.headers),
        body: Payload::from(&recorded.body),
    })
}
