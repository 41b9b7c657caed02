//! Pseudonyms: `redacted-<kind>-<12 hexadecimal digits>`.
//!
//! The latest pseudonyms are cached by a seeded hash of their value, so that a token that is sent
//! with every request is digested once.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use foldhash::quality::FixedState;
use memchr::memmem;

pub(super) const PREFIX: &str = "redacted-";

const KINDS: [&str; 3] = ["jwt", "key", "secret"];

/// The hexadecimal digits at the end of a pseudonym.
pub(super) const DIGITS: usize = 12;

/// The length of the pseudonym at the start of a text.
pub(crate) fn pseudonym_at_start(text: &str) -> Option<usize> {
    let lengths = KINDS.map(|kind| PREFIX.len() + kind.len() + 1 + DIGITS);
    let mut lengths = lengths.into_iter();
    lengths.find(|length| text.get(..*length).is_some_and(is_pseudonym))
}

pub(crate) fn is_pseudonym(value: &str) -> bool {
    let kind_and_digits = value
        .strip_prefix(PREFIX)
        .and_then(|it| it.rsplit_once('-'));
    kind_and_digits.is_some_and(|(kind, digits)| {
        KINDS.contains(&kind)
            && digits.len() == DIGITS
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The ranges of the pseudonyms in a text.
pub(crate) fn pseudonyms(text: &str) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(text.as_bytes(), PREFIX).filter_map(|start| {
        KINDS.into_iter().find_map(|kind| {
            let end = start + PREFIX.len() + kind.len() + 1 + DIGITS;
            is_pseudonym(text.get(start..end)?).then_some(start..end)
        })
    })
}

/// The number of cached pseudonyms. A new one replaces the one in its slot.
const SLOTS: usize = 256;

/// A cache of the pseudonyms of one recording.
pub(super) struct Pseudonyms {
    seed: FixedState,
    /// The hash of the value, and its pseudonym.
    slots: Mutex<Vec<(u64, String)>>,
}

impl Pseudonyms {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: FixedState::with_seed(seed),
            slots: Mutex::new(vec![(0, String::new()); SLOTS]),
        }
    }

    pub(super) fn get_or_insert(&self, value: &str, make: impl FnOnce() -> String) -> String {
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
        let cache = Pseudonyms::new(7);
        assert_eq!(cache.get_or_insert("a", || "first".into()), "first");
        assert_eq!(cache.get_or_insert("a", || "again".into()), "first");
        for number in 0..SLOTS * 16 {
            let value = number.to_string();
            assert_eq!(cache.get_or_insert(&value, || value.clone()), value);
        }
        assert_eq!(cache.get_or_insert("a", || "anew".into()), "anew");
    }
}
