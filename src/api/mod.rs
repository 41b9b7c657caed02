//! The nouns of the API: the two parties, paths, identifiers and resources.
//!
//! For: parsing and writing paths, ids and resource names. Not for: requirements (`contract`) and
//! messages (`http::message`).
//!
//! - [`party`]: the bot and the service.
//! - [`address`]: when two spellings are one address.
//! - [`resource`]: the call, operation or roster behind a path.
//! - [`identifier`]: when two spellings are one id.
//! - [`template`]: strings with variables, `/calls/{call}/answer`.

pub(crate) mod address;
pub(crate) mod identifier;
pub(crate) mod party;
pub(crate) mod resource;
pub(crate) mod template;
