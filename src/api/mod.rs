//! The nouns of the API: the two parties, paths, identifiers and resources.
//!
//! For: reading and writing what a path, an id or a resource name means. Not for: what the pages
//! require (`contract`), and messages (`http::message`).
//!
//! - [`party`]: the bot and the service.
//! - [`resource`]: the call, operation or roster behind a path.
//! - [`identifier`]: when two spellings are one id.
//! - [`template`]: strings with variables, `/calls/{call}/answer`.

pub(crate) mod identifier;
pub(crate) mod party;
pub(crate) mod resource;
pub(crate) mod template;
