//! A seeded generator of random choices: the same numbers on every machine and in every version.

#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    /// `name` is that of the user, so that users of one seed have different numbers.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ hash)
    }

    /// `SplitMix64`.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `count` is at least 1.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = count as u64;
        usize::try_from(self.next() % count).unwrap_or_default()
    }

    /// A prefix with ten random hexadecimal digits.
    pub(super) fn word(&mut self, prefix: &str) -> String {
        format!("{prefix}{:010x}", self.next() & 0xff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_seed_and_name() {
        let numbers = |seed, name| {
            let mut rng = Rng::new(seed, name);
            [rng.next(), rng.next()]
        };
        assert_eq!(numbers(1, "a"), numbers(1, "a"));
        assert_ne!(numbers(1, "a"), numbers(2, "a"));
        assert_ne!(numbers(1, "a"), numbers(1, "b"));
        assert_eq!(Rng::new(1, "").word("x"), Rng::new(1, "").word("x"));
    }
}
