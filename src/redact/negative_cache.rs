//! Texts in which nothing was found, known again so that they are not searched each time: names of
//! properties, types, the values of most header fields, short bodies.
//!
//! Of a text a hash is kept, under the seed of the recording. A text that has the hash of another
//! one, and a secret in it, would stay: of 63 bits under a seed that nobody knows, none has.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::quality::FixedState;

/// How many texts are known at most. Another one takes the place of one of them.
const SLOTS: usize = 4096;

/// The longest text that is remembered, in bytes: longer ones seldom come again. To look for a text
/// takes a thirtieth of the time that it takes to search it.
const LONGEST: usize = 1024;

/// The texts of one recording.
pub(super) struct NegativeCache {
    seed: FixedState,
    slots: Box<[AtomicU64]>,
}

/// As what a text was searched.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReadAs {
    /// As the name of a property.
    Name,
    /// As a running text.
    Text,
    /// As a body of JSON that is written as it stands.
    Json,
}

/// A text that may be known.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheKey(u64);

impl NegativeCache {
    /// Nothing yet. Hashes are under this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: FixedState::with_seed(seed),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// What is kept of the text, unless it is too long. `learnt` is how many secrets were known
    /// when it was searched: with one more, it must be searched again.
    pub(super) fn key(&self, text: &str, read_as: ReadAs, learnt: u64) -> Option<CacheKey> {
        if text.len() > LONGEST {
            return None;
        }
        let mut hasher = self.seed.build_hasher();
        hasher.write_u64(learnt << 2 | read_as as u64);
        hasher.write(text.as_bytes());
        // An empty slot is 0.
        Some(CacheKey(hasher.finish() | 1))
    }

    /// Whether nothing was found in the text.
    pub(super) fn contains(&self, key: CacheKey) -> bool {
        self.slot(key).load(Ordering::Relaxed) == key.0
    }

    /// Remembers that nothing was found in the text.
    pub(super) fn insert(&self, key: CacheKey) {
        self.slot(key).store(key.0, Ordering::Relaxed);
    }

    fn slot(&self, CacheKey(hash): CacheKey) -> &AtomicU64 {
        let bits = SLOTS.trailing_zeros();
        // The remainder is below `SLOTS`.
        &self.slots[usize::try_from(hash >> (u64::BITS - bits)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_as_what_it_was_and_until_more_is_learnt() {
        let cache = NegativeCache::new(7);
        let key = |text: &str, read_as, learnt| cache.key(text, read_as, learnt).unwrap();
        let kept = key("status", ReadAs::Name, 1);
        assert!(!cache.contains(kept));
        cache.insert(kept);
        assert!(cache.contains(kept));
        assert!(!cache.contains(key("status", ReadAs::Text, 1)));
        assert!(!cache.contains(key("status", ReadAs::Json, 1)));
        assert!(!cache.contains(key("status", ReadAs::Name, 2)));
        assert!(!cache.contains(key("state", ReadAs::Name, 1)));
        let long = "x".repeat(LONGEST + 1);
        assert!(cache.key(&long, ReadAs::Text, 1).is_none());
    }
}
