//! A recording played again, one party live: sans-IO, as the judge is.
//!
//! - [`mapping`] knows what the recorded identifiers are in this run, in both directions.
//! - [`comparison`] holds a live message against a recorded one.
//! - [`given`] tells what a recording takes for granted.
//! - `origins` tells which values of a message differ from run to run; [`Fresh`] makes new ones for
//!   those that the recorded bot chose.
//! - `outgoing` makes of a recorded message what goes out now, or says why it cannot.
//! - `kept` makes of a whole conversation what is the same in every run.
//! - [`index`] is what is kept of a recording, of which the rest stays in its file. It is made of
//!   [shares](share). `answered` is what is read of an exchange to answer it,
//!   `ahead` reads before it is asked.
//! - `marks` are what a request is, in numbers; `request_index` finds the recording of a live one by them,
//!   without a scan. `key` is an identifier in few bits.
//! - [`service`] is the recorded service for a live bot, [`bot`] the recorded bot for a live
//!   service. `record` is what both write into.

mod answer;
pub mod bot;
pub mod live;
pub mod matching;
mod outcome;
mod outgoing;
pub mod recording;
pub mod service;
pub mod values;

pub use self::outcome::{Replayed, Unread};
pub use self::outgoing::{Outgoing, OutgoingRequest};
pub use self::values::generated::Generator;
