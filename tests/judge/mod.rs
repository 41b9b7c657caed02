//! The table of the judge: every sentence of the contract has a row, named after the sentence, that
//! fails if the sentence is not enforced.
//!
//! [`party`] plays a scenario against a scripted party, without sockets or waiting; a row of
//! [`table`] edits one message of that party and has the expected result. Each module covers one
//! paragraph.

mod alternatives;
mod any_input;
mod calls;
mod catalogue;
mod correlation;
mod implementations;
mod injection;
mod invitation;
mod literal;
mod not_judged;
mod one_cause;
mod order;
mod other_apis;
mod party;
mod presence;
mod refusals;
mod requirements;
mod sends;
mod table;
mod types;
mod verdicts;
mod words_and_shape;
