//! Text and diagnostics: places in a user's file, JSON pointers, durations, attributes of tags, and suggestions.
//!
//! For: everything that tells a person where something is wrong. Not for: what is right or wrong.

pub mod diagnostic;
pub mod duration;
pub mod html;
pub mod json;
pub mod place;
pub mod pointer;
