//! The structure of the repository: the order of the modules, and sizes, names and words of files.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the repository fails, and the place says why"
)]

mod order;
mod repository;
