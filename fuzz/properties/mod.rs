//! What must hold of any bytes: one function for each place where bytes of somebody else come in.
//!
//! Each takes bytes and panics where what it promises does not hold. The fuzzer calls them by the
//! binaries in `fuzz_targets`, with bytes that it makes up; `tests/internal/corpora.rs` calls them
//! with the bytes that were kept. So what the fuzzer found once is tried ever after with a stable
//! compiler.

pub mod callback;
pub mod cassette;
pub mod har;
pub mod page;
pub mod scenario;

mod diagnostic;
mod recorded;

/// A function that panics where something does not hold of the bytes.
pub type Holds = fn(&[u8]);

/// Every such function, by the name of its target.
pub const TARGETS: [(&str, Holds); 5] = [
    ("callback", callback::holds),
    ("cassette", cassette::holds),
    ("har", har::holds),
    ("page", page::holds),
    ("scenario", scenario::holds),
];
