//! # confcall: record-replay conformance tests for calling bots and their services
//!
//! confcall turns API reference pages into runnable scenarios, plays either side of a documented
//! conversation against an implementation under test, and says, step by step, where the traffic
//! departs from what is documented.
//!
//! ## The tour
//!
//! Read the modules in this order. Each imports only those before it; `tests/layers.rs` holds
//! that.
//!
//! 1. [`text`]: positions and diagnostics, JSON pointers, suggestions. What every error needs.
//! 2. [`model`]: the nouns. A [`model::message`] is what goes over the wire, a
//!    [`model::scenario`] is one documented conversation, a [`model::resource`] is what a path or a
//!    notification is about.
//! 3. [`logic`]: pure functions and state machines over the nouns. [`logic::extract`] reads pages
//!    into scenarios; [`logic::judge`] is the one judge, which takes events and gives actions and
//!    a verdict, without sockets or a clock; [`logic::recording`] holds recordings against it, and
//!    [`logic::replay`] plays one party of a recording again.
//! 4. [`io`]: sockets, files, time and chance. [`io::net`] is HTTP, [`io::store`] reads and writes
//!    scenarios, [`io::player`] runs a judge against a target, [`io::reference`] is the built-in
//!    pair, written from the pages and not from the judge, [`io::proxy`] stands between two
//!    parties and writes what they say into a [`io::journal`]; [`io::tls`] is whom it trusts, and
//!    what it shows to clients that are to trust it; [`io::identity`] is what a bot's platform has
//!    around the API.
//! 5. [`report`]: functions from results to text.
//! 6. [`entry`]: the command line, and the one place that reads the environment. [`suite`] is the same
//!    for the tests of a Rust project.
//!
//! The path of one message is drawn in `ARCHITECTURE.md`.

pub mod api;
pub mod cassette;
pub mod cli;
pub mod config;
pub mod contract;
pub mod diagnostic;
pub mod emulator;
pub mod extract;
pub mod files;
pub mod http;
pub mod inject;
pub mod judge;
pub mod parallel;
pub mod platform;
pub mod record;
pub mod redact;
pub mod replay;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod suite;
