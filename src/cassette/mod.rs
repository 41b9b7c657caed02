//! Recordings: the format of cassettes, HAR files, and reading and writing both.
//!
//! For: exchanges as files. Not for: secrets (`redact` makes the lines that are written), and verdicts on recordings
//! (`judge::recording`).
//!
//! - [`mod@format`]: a cassette's header and exchanges.
//! - [`raw`]: an exchange whose bodies are exactly as in the file.
//! - [`recording`]: the exchanges of a file, in the order of their numbers.
//! - [`causes`]: which exchange caused which.
//! - [`har`]: HAR 1.2, in both directions.
//! - [`archive`]: a HAR file, plain or in a zip archive.
//! - [`read`]: recordings from files.
//! - [`source`]: the bytes of a recording at an offset; [`open`](mod@open): opens a recording.
//! - [`ordered`]: the exchanges of a file in the order of time, a batch at a time.
//! - [`journal`]: the cassette that a recorder writes; [`exclusive`]: the file of it.

pub(crate) mod archive;
pub(crate) mod causes;
mod exclusive;
pub(crate) mod format;
pub(crate) mod har;
pub(crate) mod journal;
pub(crate) mod open;
pub(crate) mod ordered;
pub(crate) mod raw;
pub(crate) mod read;
pub(crate) mod recording;
pub(crate) mod source;
