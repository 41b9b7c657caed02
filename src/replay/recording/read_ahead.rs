//! Reads what stands next in a recording before it is asked for: exchanges are asked for about in
//! their order, as a rule.

use super::Source;

/// How many bytes are read ahead.
const STRETCH: usize = 64 * 1024;

/// A reader of short passages.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    /// What was read ahead, the latter part last. Who asks for one thing a little later than its
    /// turn still finds it in the former.
    blocks: [Block; 2],
    /// Where a passage began that stands in none of them.
    last: u64,
}

#[derive(Debug, Default)]
struct Block {
    at: u64,
    bytes: Vec<u8>,
}

impl ReadAhead {
    /// Reads what stands at a place, as a source does of which this many bytes are known to be
    /// there.
    pub(super) fn read(
        &mut self,
        source: &dyn Source,
        length: u64,
        at: u64,
        into: &mut [u8],
    ) -> Result<(), String> {
        if let Some(there) = self.find(at, into.len()) {
            into.copy_from_slice(there);
            return Ok(());
        }
        let Some(from) = self.begin(at, into.len()) else {
            self.last = at;
            return source.read(at, into);
        };
        let left = usize::try_from(length.saturating_sub(from)).unwrap_or(usize::MAX);
        self.blocks.swap(0, 1);
        let block = &mut self.blocks[1];
        block.at = from;
        block.bytes.resize(left.min(STRETCH), 0);
        if let Err(why) = source.read(from, &mut block.bytes) {
            block.bytes.clear();
            return Err(why);
        }
        let there = self.find(at, into.len()).ok_or("it is shorter")?;
        into.copy_from_slice(there);
        Ok(())
    }

    fn find(&self, at: u64, length: usize) -> Option<&[u8]> {
        self.blocks.iter().rev().find_map(|block| {
            let from = usize::try_from(at.checked_sub(block.at)?).ok()?;
            block.bytes.get(from..from.checked_add(length)?)
        })
    }

    /// Where to begin with what stands next, for a passage that comes soon after another.
    fn begin(&self, at: u64, length: usize) -> Option<u64> {
        let latter = &self.blocks[1];
        let behind = latter.at + latter.bytes.len() as u64;
        // What stands across the end is not cut in two.
        let read = [behind.min(at).max(latter.at), self.last];
        let is_soon_after = |from: &u64| {
            let end = at.saturating_add(length as u64);
            *from <= at && end <= from.saturating_add(STRETCH as u64)
        };
        read.into_iter().find(is_soon_after)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Bytes that tell their place, and how many of them were read each time.
    #[derive(Debug)]
    struct Counted(Vec<u8>, Mutex<Vec<usize>>);

    impl Source for Counted {
        fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
            self.1.lock().unwrap().push(into.len());
            self.0.read(at, into)
        }
    }

    /// How many bytes were read each time for passages of this length at these places.
    fn reads(length: usize, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let bytes: Vec<u8> = (0..1_000_000_u32)
            .map(|it| it.to_le_bytes()[it as usize % 3])
            .collect();
        let source = Counted(bytes, Mutex::default());
        let mut ahead = ReadAhead::default();
        for at in places {
            let mut into = vec![0; length];
            let end = source.0.len() as u64;
            ahead.read(&source, end, at as u64, &mut into).unwrap();
            assert_eq!(into, source.0[at..at + length], "{at}");
        }
        source.1.into_inner().unwrap()
    }

    #[test]
    fn what_follows_is_read_at_one_go() {
        let count = reads(700, (100_000..900_000).step_by(1500)).len();
        assert!((10..20).contains(&count), "{count}");
        // About in their order.
        let places = (0..500).map(|it| 100_000 + (it ^ 15) * 1500);
        let count = reads(700, places).len();
        assert!((10..35).contains(&count), "{count}");
        assert_eq!(reads(1000, [999_000]), [1000]);
        assert_eq!(reads(1000, [998_000, 999_000, 999_000]), [1000, 2000]);
    }

    #[test]
    fn what_does_not_follow_is_read_alone() {
        let places = (0..100).map(|it| (100_000 + it * 370_000) % 990_000);
        let read = reads(700, places);
        let alone = read.iter().filter(|length| **length == 700).count();
        assert!(alone > 80 && read.len() < alone + 5, "{read:?}");
        assert_eq!(reads(70_000, [80_000, 150_000, 220_000]), [70_000; 3]);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let source: Vec<u8> = vec![1; 3000];
        let mut ahead = ReadAhead::default();
        let mut into = [0; 100];
        assert!(ahead.read(&source, 9000, 2000, &mut into).is_err());
        assert!(ahead.read(&source, 9000, 2000, &mut into).is_err());
        ahead.read(&source, 3000, 2000, &mut into).unwrap();
        assert_eq!(into, [1; 100]);
    }
}
