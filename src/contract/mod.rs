//! The contract: what the pages require of both parties, as data.
//!
//! For: tables that a person can read. Not for: checking; that is the judge's.
//!
//! - [`requirement`]: one sentence each, with its party, level and sources.
//! - [`rule`]: the stable names of what a party can break.
//! - [`words`]: the protocol words.
//! - [`shape`]: the objects that a page's examples show.
//! - [`change`]: one entry of a notification.

pub mod change;
pub mod requirement;
pub mod rule;
pub mod shape;
pub mod words;
