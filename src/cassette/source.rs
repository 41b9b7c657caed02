//! Reads the bytes of a recording at an offset, so that it need not be in memory.

use std::error::Error;
use std::fmt;

/// Bytes that are read at an offset.
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// Fills the buffer with the bytes from this offset on.
    /// Errors: there are not enough bytes, or they cannot be read.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SourceError>;
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("it is shorter")]
    Shorter,
    #[error("it says something else")]
    Changed,
    #[error("{0}")]
    Unreadable(Box<dyn Error + Send + Sync>),
}

impl Source for Vec<u8> {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SourceError> {
        let from = usize::try_from(at).ok();
        let bytes = from.and_then(|from| self.get(from..from.checked_add(into.len())?));
        into.copy_from_slice(bytes.ok_or(SourceError::Shorter)?);
        Ok(())
    }
}

/// The bytes of the lines that begin in a block, and their offset.
pub(crate) fn lines(
    source: &dyn Source,
    from: u64,
    block_length: u64,
    length: u64,
) -> Result<(u64, Vec<u8>), SourceError> {
    let end = length.min(from + block_length);
    // The byte before tells whether a line begins here.
    let before = from.saturating_sub(1);
    let mut bytes = Vec::new();
    extend(source, &mut bytes, before, end)?;
    let mut skipped = 0;
    if from > 0 {
        let Some(line_end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return Ok((end, Vec::new()));
        };
        skipped = line_end + 1;
    }
    let at = before + skipped as u64;
    let mut bytes = bytes.split_off(skipped);
    if at == end {
        bytes.clear();
        return Ok((at, bytes));
    }
    // The last of them ends behind the block.
    let mut read = end;
    while read < length && !bytes.ends_with(b"\n") {
        let was = bytes.len();
        let next = length.min(read + block_length.div_ceil(8));
        extend(source, &mut bytes, read, next)?;
        read = next;
        if let Some(line_end) = bytes[was..].iter().position(|byte| *byte == b'\n') {
            bytes.truncate(was + line_end + 1);
            break;
        }
    }
    Ok((at, bytes))
}

fn extend(source: &dyn Source, bytes: &mut Vec<u8>, from: u64, to: u64) -> Result<(), SourceError> {
    let was = bytes.len();
    let more = usize::try_from(to.saturating_sub(from))
        .map_err(|error| SourceError::Unreadable(error.into()))?;
    bytes.resize(was + more, 0);
    source.read(from, &mut bytes[was..])
}
