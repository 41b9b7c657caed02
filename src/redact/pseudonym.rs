//! Pseudonyms that were made, so that no digest is taken of one token for each request that bears
//! it.
//!
//! Of a value a hash is kept, under the seed of the recording.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use foldhash::quality::FixedState;

/// How many pseudonyms are kept at most. Another one takes the place of one of them.
const SLOTS: usize = 256;

/// The pseudonyms of one recording.
pub(super) struct Pseudonyms {
    seed: FixedState,
    /// The hash of the value, and its pseudonym.
    slots: Mutex<Vec<(u64, String)>>,
}

impl Pseudonyms {
    /// None yet. Hashes are under this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: FixedState::with_seed(seed),
            slots: Mutex::new(vec![(0, String::new()); SLOTS]),
        }
    }

    /// The pseudonym of a value, made now unless it is kept.
    pub(super) fn of(&self, value: &str, make: impl FnOnce() -> String) -> String {
        let mut hasher = self.seed.build_hasher();
        hasher.write(value.as_bytes());
        // An empty slot has 0.
        let hash = hasher.finish() | 1;
        // The remainder is below `SLOTS`.
        let at = usize::try_from(hash >> (u64::BITS - SLOTS.trailing_zeros())).unwrap_or(0);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, pseudonym) = &mut slots[at];
        if *kept != hash {
            (*kept, *pseudonym) = (hash, make());
        }
        pseudonym.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_made_once_while_there_is_room() {
        let made = Pseudonyms::new(7);
        assert_eq!(made.of("a", || "first".into()), "first");
        assert_eq!(made.of("a", || "again".into()), "first");
        for number in 0..SLOTS * 16 {
            let value = number.to_string();
            assert_eq!(made.of(&value, || value.clone()), value);
        }
        assert_eq!(made.of("a", || "anew".into()), "anew");
    }
}
