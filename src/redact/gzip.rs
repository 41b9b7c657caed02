//! Files in gzip (RFC 1952), in memory.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

/// The first bytes of a file.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The most bytes that are taken out of a file.
const MOST: usize = 64 * 1024 * 1024;

/// The bytes that room is made for at a time.
const STEP: usize = 64 * 1024;

pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// What a file holds. One that is cut off is read as far as it goes.
pub(super) fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let data = bytes.get(head(bytes)?..)?;
    let (mut inflate, mut unpacked) = (Decompress::new(false), Vec::new());
    while unpacked.len() < MOST {
        unpacked.reserve(STEP);
        let (read, length) = (inflate.total_in(), unpacked.len());
        let rest = data.get(usize::try_from(read).ok()?..)?;
        let status = inflate.decompress_vec(rest, &mut unpacked, FlushDecompress::None);
        let is_stuck = inflate.total_in() == read && unpacked.len() == length;
        if !matches!(status, Ok(Status::Ok)) || is_stuck {
            break;
        }
    }
    Some(unpacked)
}

/// The length of the head of a file.
fn head(bytes: &[u8]) -> Option<usize> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & EXTRA != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    Some(at + if flags & CHECKSUM != 0 { 2 } else { 0 })
}

/// A file that holds these bytes; none if they cannot be packed.
pub(super) fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = MAGIC.to_vec();
    file.extend([8, 0, 0, 0, 0, 0, 0, 255]);
    let mut deflate = Compress::new(Compression::default(), false);
    loop {
        file.reserve(STEP);
        let rest = bytes.get(usize::try_from(deflate.total_in()).ok()?..)?;
        let status = deflate
            .compress_vec(rest, &mut file, FlushCompress::Finish)
            .ok()?;
        if status == Status::StreamEnd {
            break;
        }
    }
    let mut checksum = Crc::new();
    checksum.update(bytes);
    file.extend(checksum.sum().to_le_bytes());
    file.extend(u32::try_from(bytes.len()).ok()?.to_le_bytes());
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        for length in [0, 1, 1000, 200_000] {
            let bytes: Vec<u8> = (0..length)
                .map(|it: u32| it.to_le_bytes()[0] ^ it.to_le_bytes()[1])
                .collect();
            let file = packed(&bytes).unwrap();
            assert_eq!(unpacked(&file).unwrap(), bytes);
            assert!(unpacked(&file[..file.len() / 2]).unwrap_or_default().len() <= bytes.len());
        }
        let mut named = MAGIC.to_vec();
        named.extend([8, 8, 0, 0, 0, 0, 0, 255, b'a', 0]);
        named.extend(&packed(b"text").unwrap()[10..]);
        assert_eq!(unpacked(&named).unwrap(), b"text");
        assert_eq!(unpacked(&MAGIC), None);
    }
}
