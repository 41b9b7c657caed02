//! Plays one party of a recording for the other one, live. Without sockets, as the judge, but for
//! [`live`].
//!
//! - [`recording`] is the recording: an index in memory, the exchanges in their file.
//! - [`matching`] finds the recorded request that a live one is, and compares live messages with
//!   recorded ones.
//! - [`values`] are those that differ from run to run: what they are, what stands for them in this
//!   run, and new ones for those that the recorded bot chose.
//! - [`service`] is the recorded service for a live bot; [`bot`] is the recorded bot for a live
//!   service.
//! - `outgoing` makes the messages that go out, and `outcome` collects what was found.
//! - [`live`] plays over sockets.

pub(crate) mod bot;
pub(crate) mod live;
pub(crate) mod matching;
mod outcome;
mod outgoing;
pub(crate) mod recording;
pub(crate) mod service;
pub(crate) mod values;

pub(crate) use self::outcome::{Messages, Replayed};
pub(crate) use self::outgoing::{Outgoing, OutgoingRequest, Unanswered};
pub(crate) use self::values::generated::Generator;
