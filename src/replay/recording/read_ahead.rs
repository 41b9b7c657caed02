//! A read-ahead for a recording's file: exchanges are usually needed in their order.

use crate::cassette::source::{Source, SourceError};

/// The length of the read-ahead in bytes.
const BLOCK: usize = 64 * 1024;

/// Reads short spans of a source, mostly from memory.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    /// The last two blocks, the latter one last. Late readers hit the former one.
    blocks: [Block; 2],
    /// The offset of the last span that was in neither block.
    last: u64,
}

#[derive(Debug, Default)]
struct Block {
    at: u64,
    bytes: Vec<u8>,
}

impl ReadAhead {
    /// Reads from a source of this length, as [`Source::read`] does.
    pub(super) fn read(
        &mut self,
        source: &dyn Source,
        length: u64,
        at: u64,
        into: &mut [u8],
    ) -> Result<(), SourceError> {
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
        block.bytes.resize(left.min(BLOCK), 0);
        if let Err(error) = source.read(from, &mut block.bytes) {
            block.bytes.clear();
            return Err(error);
        }
        let there = self.find(at, into.len()).ok_or(SourceError::Shorter)?;
        into.copy_from_slice(there);
        Ok(())
    }

    fn find(&self, at: u64, length: usize) -> Option<&[u8]> {
        self.blocks.iter().rev().find_map(|block| {
            let from = usize::try_from(at.checked_sub(block.at)?).ok()?;
            block.bytes.get(from..from.checked_add(length)?)
        })
    }

    /// The offset of the next block, if this span follows another closely.
    fn begin(&self, at: u64, length: usize) -> Option<u64> {
        let latter = &self.blocks[1];
        let behind = latter.at + latter.bytes.len() as u64;
        // A span across the end of the latter block is not cut in two.
        let read = [behind.min(at).max(latter.at), self.last];
        let is_soon_after = |from: &u64| {
            let end = at.saturating_add(length as u64);
            *from <= at && end <= from.saturating_add(BLOCK as u64)
        };
        read.into_iter().find(is_soon_after)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Bytes that differ by their place, and the length of each read.
    #[derive(Debug)]
    struct Counted(Vec<u8>, Mutex<Vec<usize>>);

    impl Source for Counted {
        fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SourceError> {
            self.1.lock().unwrap().push(into.len());
            self.0.read(at, into)
        }
    }

    /// The lengths of the reads of the source, for spans of this length at these places.
    fn reads(length: usize, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let bytes: Vec<u8> = (0..1_000_000_u32)
            .map(|it| it.to_le_bytes()[it as usize % 3])
            .collect();
        let source = Counted(bytes, Mutex::default());
        let mut read_ahead = ReadAhead::default();
        for at in places {
            let mut into = vec![0; length];
            let end = source.0.len() as u64;
            read_ahead.read(&source, end, at as u64, &mut into).unwrap();
            assert_eq!(into, source.0[at..at + length], "{at}");
        }
        source.1.into_inner().unwrap()
    }

    #[test]
    fn spans_in_order_are_read_in_blocks() {
        let count = reads(700, (100_000..900_000).step_by(1500)).len();
        assert!((10..20).contains(&count), "{count}");
        // Roughly in order.
        let places = (0..500).map(|it| 100_000 + (it ^ 15) * 1500);
        let count = reads(700, places).len();
        assert!((10..35).contains(&count), "{count}");
        assert_eq!(reads(1000, [999_000]), [1000]);
        assert_eq!(reads(1000, [998_000, 999_000, 999_000]), [1000, 2000]);
    }

    #[test]
    fn spans_out_of_order_are_read_alone() {
        let places = (0..100).map(|it| (100_000 + it * 370_000) % 990_000);
        let read = reads(700, places);
        let alone = read.iter().filter(|length| **length == 700).count();
        assert!(alone > 80 && read.len() < alone + 5, "{read:?}");
        assert_eq!(reads(70_000, [80_000, 150_000, 220_000]), [70_000; 3]);
    }

    #[test]
    fn missing_bytes_are_an_error() {
        let source: Vec<u8> = vec![1; 3000];
        let mut read_ahead = ReadAhead::default();
        let mut into = [0; 100];
        assert!(read_ahead.read(&source, 9000, 2000, &mut into).is_err());
        assert!(read_ahead.read(&source, 9000, 2000, &mut into).is_err());
        read_ahead.read(&source, 3000, 2000, &mut into).unwrap();
        assert_eq!(into, [1; 100]);
    }
}
