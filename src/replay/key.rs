//! Identifiers in 128 bits, so that what is known of many takes little room.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use foldhash::fast;
use foldhash::quality::FixedState;

use crate::api::identifier::Normal;

/// An identifier: the number that a GUID writes, the hash of another text. Equal ones are the
/// [same](crate::api::identifier::same).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u64; 2]);

pub(super) type Keys = HashSet<Key, fast::FixedState>;

/// Keys are compared within one run only.
const SEEDS: [FixedState; 2] = [FixedState::with_seed(1), FixedState::with_seed(2)];

impl Key {
    pub(super) fn of(id: &str) -> Self {
        match Normal::of(id) {
            Normal::Guid(number) => {
                let low = u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0);
                let high = u64::try_from(number >> 64).unwrap_or(0);
                Self([low, high])
            }
            Normal::Text(text) => Self(SEEDS.each_ref().map(|seed| seed.hash_one(&*text))),
        }
    }

    /// Some bits of it, where few others are in question.
    pub(super) fn brief(self) -> u32 {
        let mixed = SEEDS[0].hash_one(self.0);
        u32::try_from(mixed >> 32).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_where_identifiers_are_the_same() {
        let guid = Key::of("57dab8b1-894c-409a-b240-bd8beae78896");
        assert_eq!(guid, Key::of("57DAB8B1894C409AB240BD8BEAE78896"));
        assert_ne!(guid, Key::of("57dab8b1-894c-409a-b240-bd8beae78897"));
        assert_ne!(Key::of("a"), Key::of("A"));
    }
}
