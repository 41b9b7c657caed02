//! Tests over several modules at once that need more than the public API.
//!
//! They are unit tests of the library, so that internals stay private. Tests of one module stand in
//! that module, below the code; tests that run the binary stand in `tests/` itself.

mod attribution;
mod cassettes;
mod config_files;
mod conformance;
mod contract;
mod corpora;
mod drift;
mod extract;
mod formatted;
mod identity;
mod inject;
mod lint;
mod selftest;
mod tape;
mod traffic;
