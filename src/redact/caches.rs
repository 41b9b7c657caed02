//! The caches of a recording: texts without secrets, and the latest pseudonyms. Both find an entry by a
//! seeded hash. A new entry replaces the one in its slot.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use foldhash::quality::FixedState;

const TEXTS: usize = 4096;

/// The longest text in bytes that is cached: longer ones are seldom repeated. A lookup takes a
/// thirtieth of the time of a search.
const LONGEST: usize = 1024;

/// A cache of texts without secrets, so that they are not searched again: names of properties, types,
/// values of header fields, short bodies.
///
/// The cache holds a hash of each text under the secret seed of the recording. A text with a secret
/// would stay unredacted if its 63-bit hash were that of another text.
pub(super) struct NegativeCache {
    seed: FixedState,
    slots: Box<[AtomicU64]>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum ReadAs {
    Name,
    Text,
    /// A body of JSON that is written unchanged.
    Json,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct CacheKey(u64);

impl NegativeCache {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: FixedState::with_seed(seed),
            slots: (0..TEXTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The key of a text, unless it is too long. `learnt` is the number of known secrets when the
    /// text was searched: with one more, it is searched again.
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

    pub(super) fn contains(&self, key: CacheKey) -> bool {
        self.slot(key).load(Ordering::Relaxed) == key.0
    }

    pub(super) fn insert(&self, key: CacheKey) {
        self.slot(key).store(key.0, Ordering::Relaxed);
    }

    fn slot(&self, CacheKey(hash): CacheKey) -> &AtomicU64 {
        let bits = TEXTS.trailing_zeros();
        // The remainder is below `TEXTS`.
        &self.slots[usize::try_from(hash >> (u64::BITS - bits)).unwrap_or(0)]
    }
}

const PSEUDONYMS: usize = 256;

/// A cache of pseudonyms, so that a token that is sent with every request is digested once.
pub(super) struct Pseudonyms {
    seed: FixedState,
    /// The hash of the value, and its pseudonym.
    slots: Mutex<Vec<(u64, String)>>,
}

impl Pseudonyms {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: FixedState::with_seed(seed),
            slots: Mutex::new(vec![(0, String::new()); PSEUDONYMS]),
        }
    }

    pub(super) fn get_or_insert(&self, value: &str, make: impl FnOnce() -> String) -> String {
        let mut hasher = self.seed.build_hasher();
        hasher.write(value.as_bytes());
        // An empty slot has 0.
        let hash = hasher.finish() | 1;
        // The remainder is below `PSEUDONYMS`.
        let at = usize::try_from(hash >> (u64::BITS - PSEUDONYMS.trailing_zeros())).unwrap_or(0);
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

    #[test]
    fn a_pseudonym_is_made_once_while_there_is_room() {
        let cache = Pseudonyms::new(7);
        assert_eq!(cache.get_or_insert("a", || "first".into()), "first");
        assert_eq!(cache.get_or_insert("a", || "again".into()), "first");
        for number in 0..PSEUDONYMS * 16 {
            let value = number.to_string();
            assert_eq!(cache.get_or_insert(&value, || value.clone()), value);
        }
        assert_eq!(cache.get_or_insert("a", || "anew".into()), "anew");
    }
}
