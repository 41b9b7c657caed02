//! The built-in pair: a reference [`service`] and a reference [`bot`], written from the pages.
//!
//! For: the default run, `confcall serve`, and the proof that the judge judges. Each party can show
//! one deliberate fault, or one harmless variation, of its catalogue. Not for: judging. Neither
//! party knows a scenario, a rule or the judge; what they share with it is HTTP and how resources
//! are named.

pub mod bot;
mod catalogue;
mod content;
mod edit;
pub mod service;
mod time;
mod writing;

/// A new identifier: a random GUID in lower case with hyphens.
fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
