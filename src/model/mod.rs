//! The nouns of confcall: messages, resources, variables, scenarios. Pure values.
//!
//! For: what the other layers pass to each other. Not for: deciding anything.

pub mod cassette;
pub mod forgery;
pub mod identifier;
pub mod message;
pub mod redaction;
pub mod resource;
pub mod scenario;
pub mod template;
