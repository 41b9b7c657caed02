//! The table of the judge: for every sentence of the contract there is a row, named after the
//! sentence, that fails if the sentence is dropped.
//!
//! [`party`] plays a scenario against a scripted other party, without sockets or waiting; a row of
//! [`table`] edits one message of that party and says what the judge has to make of it. One module
//! holds one paragraph.

mod alternatives;
mod any_input;
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
