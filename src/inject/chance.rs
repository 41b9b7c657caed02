//! What looks like chance and is none: numbers that follow from a seed.

/// Numbers that follow from a seed and a text. The same on every machine and in every version.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// Those of a seed, for something that has a name.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ hash)
    }

    /// The next number (the algorithm is called `SplitMix64`).
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of so many, counted from 0; `count` is at least 1.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = count as u64;
        usize::try_from(self.next() % count).unwrap_or_default()
    }

    /// A word of ten letters and digits that no page has.
    pub(super) fn word(&mut self, before: &str) -> String {
        format!("{before}{:010x}", self.next() & 0xff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_name_tell_all() {
        let numbers = |seed, name| {
            let mut chance = Chance::new(seed, name);
            [chance.next(), chance.next()]
        };
        assert_eq!(numbers(1, "a"), numbers(1, "a"));
        assert_ne!(numbers(1, "a"), numbers(2, "a"));
        assert_ne!(numbers(1, "a"), numbers(1, "b"));
        assert_eq!(Chance::new(1, "").word("x"), Chance::new(1, "").word("x"));
    }
}
