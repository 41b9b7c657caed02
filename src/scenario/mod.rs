//! Scenarios: documented conversations as files.
//!
//! For: the format, errors with their place, and selection. Not for: creating scenarios from pages
//! (`extract`), and playing them (`judge`, `runner`).
//!
//! - [`mod@format`]: the types of a scenario file; its JSON Schema is generated from them.
//! - [`parse`]: from text to a scenario, or to errors with file, line and column.
//! - `check`: errors in files that match the format.
//! - [`operation`]: the operation that a scenario shows.
//! - [`selection`]: filters, operations, API versions, editions, locales and tags.
//! - [`store`]: the built-in scenarios, and folders of scenarios, read and written.

pub(crate) mod check;
pub(crate) mod format;
pub(crate) mod operation;
pub(crate) mod parse;
pub(crate) mod selection;
pub(crate) mod store;
