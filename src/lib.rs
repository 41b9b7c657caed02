//! # confcall: record-replay conformance tests for calling bots and their services
//!
//! confcall turns API reference pages into runnable scenarios, plays one party of a documented
//! conversation against an implementation of the other, and reports each message that breaks a
//! requirement, with the line of the page behind it.
//!
//! Users of the library need [`suite`]: it makes each scenario a test of a Rust project.
//!
//! ## The tour
//!
//! Read the modules in this order. Each uses only modules before it; `tests/layers.rs` holds that.
//!
//! What the program knows, without sockets, files, clock or randomness:
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
//! What the program does:
//!
//! 13. `files`: files, read and written whole.
//! 14. `http`: messages on sockets, TLS, interception.
//! 15. `config`: `confcall.toml`.
//! 16. `platform`: tokens, discovery and keys around the API.
//! 17. `record`: the recording proxy.
//! 18. `emulator`: the built-in service and bot, written from the pages and not from the judge.
//! 19. `runner`: plays judges against a target.
//! 20. `cli`: the commands, and the one place that reads the environment.
//! 21. `suite`: the same for the tests of a Rust project.
//!
//! `ARCHITECTURE.md` draws how they work together and follows one message through them.

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
pub mod platform;
pub mod record;
pub mod redact;
pub mod replay;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod suite;
