//! Plays one party of a recording against the other party, which is live. Only [`live`] uses sockets.
//!
//! - [`recording`] is the index of a recording in memory; the exchanges stay in their file.
//! - [`matching`] finds the recorded request of a live one, and compares live messages with
//!   recorded ones.
//! - [`rules`] are a project's rules for the comparison.
//! - [`values`] are the values that differ from run to run, and their mapping to those of this run.
//! - [`service`] is the recorded service for a live bot; [`bot`] is the recorded bot for a live
//!   service.
//! - [`stubs`] are recorded answers to requests that belong to no conversation.
//! - `translation` replaces values in a message; `outgoing` makes the messages that are sent; `outcome`
//!   collects the results.
//! - [`learn`] proposes rules for values that vary; [`update`] replaces recorded messages by live ones.
//! - [`live`] plays over sockets.

pub(crate) mod bot;
pub(crate) mod learn;
pub(crate) mod live;
pub(crate) mod matching;
mod outcome;
mod outgoing;
pub(crate) mod recording;
pub(crate) mod rules;
pub(crate) mod service;
pub(crate) mod stubs;
mod translation;
pub(crate) mod update;
pub(crate) mod values;

pub(crate) use self::outcome::{End, Messages, Replayed, Watcher};
pub(crate) use self::outgoing::{Outgoing, OutgoingRequest, Unanswered};
pub(crate) use self::values::generated::Generator;
