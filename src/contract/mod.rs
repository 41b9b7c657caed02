//! The contract: requirements of the pages for both parties, as data.
//!
//! For: tables that a person can read. Not for: checks, which belong to the judge.
//!
//! - [`requirement`]: one sentence each, with its party, level and sources.
//! - [`rule`]: the stable names of the kinds of violations.
//! - [`operation`]: the operations, [`effect`]: their effects, [`lifecycle`]: the states of calls, comms operations and
//!   sessions.
//! - [`prefix`]: the part before `calls` in the paths of the API.
//! - [`extracted`](mod@extracted): operations and types as extraction finds them in the pages; [`types`]: resource types, looked up by name.
//! - [`tables`]: all tables, built in or of a project.
//! - [`words`]: the protocol words.
//! - [`shape`]: the objects that a page's examples show.
//! - [`change`]: one entry of a notification.

pub(crate) mod change;
pub(crate) mod effect;
pub(crate) mod extracted;
pub(crate) mod lifecycle;
pub(crate) mod operation;
pub(crate) mod prefix;
pub(crate) mod requirement;
pub(crate) mod rule;
pub(crate) mod shape;
pub(crate) mod tables;
mod target;
pub(crate) mod types;
pub(crate) mod words;
