//! # confcall: record-replay conformance tests for calling bots and their services
//!
//! confcall turns API reference pages into runnable scenarios, plays one party of a documented
//! conversation against an implementation of the other, and reports each message that breaks a
//! requirement, with the line of the page behind it.
//!
//! The command `confcall` is for every language. This library is for tests that are written in Rust:
//!
//! - [`suite`] makes a test of each documented conversation, under `cargo test` or nextest.
//! - [`suite::Suite::run`] plays the same conversations and returns the report as a value.
//! - [`check`] judges recordings, without a network.
//! - [`Run`] is the report: a [`ScenarioResult`] for each scenario and party, with its [`Verdict`] and
//!   its [`Violation`]s. Its serialised form is the JSON report of the command.
//!
//! ## A tour of the code
//!
//! All other modules are internal. Read them in this order. Each uses only modules before it;
//! `tests/structure` checks that.
//!
//! Modules that use no sockets, files, clock or randomness, apart from the parts that `ARCHITECTURE.md` lists:
//!
//! 1. `diagnostic`: places in files, JSON pointers, errors with a remedy.
//! 2. `http::message`: a request, a response, and their bodies.
//! 3. `api`: the two parties, paths, ids and resources of the API.
//! 4. `contract`: requirements, rules, protocol words, and the shapes of objects.
//! 5. `scenario`: one documented conversation as a file; parsing, checks, selection.
//! 6. `cassette`: the format of recordings, and which exchange caused which.
//! 7. `redact`: secrets become pseudonyms before anything is written.
//! 8. `extract`: pages become scenarios, an inventory, and findings.
//! 9. `judge`: one state machine for each scenario and party. Events go in, actions and a verdict
//!    come out. It judges live parties and recordings.
//! 10. `inject`: fault injection, between a judge and the wire.
//! 11. `replay`: one recorded party played again; matching, and values that differ from run to run.
//! 12. `report`: functions from results to text.
//!
//! Modules that use them:
//!
//! 13. `files`: files, read and written whole.
//! 14. `http`: messages on sockets, TLS, interception.
//! 15. `config`: `confcall.toml`.
//! 16. `platform`: tokens, discovery and keys around the API.
//! 17. `record`: the recording proxy.
//! 18. `emulator`: the built-in service and bot, written from the pages, without the judge.
//! 19. `runner`: plays judges against a target.
//! 20. `cli`: the commands, and the one place that reads the environment.
//! 21. `suite`: runs a project's scenarios as tests of a Rust project.
//!
//! `ARCHITECTURE.md` has a drawing of the modules, and the path of one message through them.

pub(crate) mod api;
pub(crate) mod cassette;
pub(crate) mod cli;
pub(crate) mod config;
pub(crate) mod contract;
pub(crate) mod diagnostic;
pub(crate) mod emulator;
pub(crate) mod extract;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod inject;
pub(crate) mod judge;
pub(crate) mod platform;
pub(crate) mod record;
pub(crate) mod redact;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod runner;
pub(crate) mod scenario;
pub mod suite;

pub use crate::api::party::Party;
#[doc(hidden)]
pub use crate::cli::main;
pub use crate::contract::rule::{Level, Rule};
pub use crate::diagnostic::pointer::Pointer;
pub use crate::judge::shard::Shard;
pub use crate::judge::verdict::{
    Basis, JudgedTarget, Listed, Run, ScenarioResult, Source, Summary, Verdict, Violation,
};
pub use crate::suite::{Error, check};

#[cfg(any(test, fuzzing))]
#[path = "../fuzz/properties/mod.rs"]
pub mod fuzz;

#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;

#[cfg(test)]
#[path = "../tests/internal/mod.rs"]
mod tests;
