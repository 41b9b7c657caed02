//! Reads the bytes of a recording at an offset, so that it need not be in memory.
//!
//! Readers of cassettes read one line at a time. A cassette that a person has formatted or commented is first
//! [converted](one_a_line) in memory to one value a line.

use std::error::Error;
use std::fmt;

use rayon::prelude::*;

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
    #[error("its content differs")]
    Changed,
    #[error("{0}")]
    Unreadable(Box<dyn Error + Send + Sync>),
}

impl Source for Vec<u8> {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SourceError> {
        self.as_slice().read(at, into)
    }
}

impl Source for &[u8] {
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
    // The byte before shows whether a line begins here.
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

/// The bytes that are searched for line ends at a time.
const WINDOW: u64 = 512 * 1024;

/// True if each line of a cassette is a whole value or blank, as recorders write them: it begins and ends with a brace.
/// It does not detect a file that is not a cassette.
pub(crate) fn is_one_a_line(source: &dyn Source, length: u64) -> Result<bool, SourceError> {
    let mut front = Vec::new();
    extend(source, &mut front, 0, length.min(4))?;
    let front = front.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&front);
    match front.first() {
        Some(b'{') => {}
        Some(first) => return Ok(!first.is_ascii_whitespace() && *first != b'/'),
        None => return Ok(true),
    }
    let windows = (0..length.div_ceil(WINDOW)).into_par_iter();
    let found = windows.map(|number| {
        // Each line end is seen with the byte before it and the byte behind it.
        let from = number * WINDOW;
        let (before, to) = (from.saturating_sub(1), length.min(from + WINDOW + 1));
        let mut bytes = Vec::new();
        extend(source, &mut bytes, before, to)?;
        let is_plain = |at: usize| {
            let is_before = |byte: &u8| matches!(byte, b'}' | b'\r' | b'\n');
            let is_behind = |byte: &u8| matches!(byte, b'{' | b'\r' | b'\n');
            let end = at.checked_sub(1).and_then(|it| bytes.get(it));
            end.is_none_or(is_before) && bytes.get(at + 1).is_none_or(is_behind)
        };
        let mut ends = memchr::memchr_iter(b'\n', &bytes);
        Ok(ends.all(|at| before + (at as u64) < from || is_plain(at)))
    });
    found.try_reduce(|| true, |one, other| Ok(one && other))
}

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A cassette with each of its values on one line. Line ends inside of a value become carriage returns, and comments
/// spaces. As many line ends follow the value, so that the next one begins in the same line as before.
pub(crate) fn one_a_line(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut depth, mut held) = (0, 0_usize, 0);
    // Lines before the header belong to it.
    let mut is_inside = true;
    while let Some(byte) = bytes.get(at) {
        let token = &bytes[at..at + token_length(&bytes[at..])];
        at += token.len();
        match byte {
            b'/' if token.len() > 1 => out.resize(out.len() + token.len(), b' '),
            b'\n' if is_inside => {
                held += 1;
                out.push(b'\r');
            }
            b'\n' => {
                out.resize(out.len() + 1 + held, b'\n');
                held = 0;
            }
            b'\r' => out.push(b' '),
            b'{' | b'[' => {
                depth += 1;
                is_inside = true;
                out.push(*byte);
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                is_inside = depth > 0;
                out.push(*byte);
            }
            _ => out.extend_from_slice(token),
        }
    }
    out
}

/// The length of the string or the comment that begins here; 1 for another byte.
fn token_length(bytes: &[u8]) -> usize {
    let end =
        |from: usize| memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |it| from + it);
    match bytes {
        [b'/', b'/', ..] => end(0),
        [b'"', ..] => {
            let mut at = 1;
            while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) {
                at += found;
                match bytes[at] {
                    b'"' => return at + 1,
                    b'\\' => at = (at + 2).min(bytes.len()),
                    // No string has a line end.
                    _ => return at,
                }
            }
            bytes.len()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_plain(text: &str) -> bool {
        is_one_a_line(&text.as_bytes(), text.len() as u64).unwrap()
    }

    #[test]
    fn values_are_put_on_one_line_each() {
        for (text, expected) in [
            (
                "{}\n{\n \"a\": [\n1]\n}\n{}\n",
                "{}\n{\r \"a\": [\r1]\r}\n\n\n\n{}\n",
            ),
            (
                "// a\n\n{}\n  // {\n{} // }\n",
                "    \r\r{}\n\n\n      \n{}     \n",
            ),
            (
                "{\"a\": // \"\n\"// \\\"{\"}\r\n{}",
                "{\"a\":     \r\"// \\\"{\"} \n\n{}",
            ),
            ("{\n\"a\": \"b\n}\n{}\n", "{\r\"a\": \"b\r}\n\n\n{}\n"),
            ("\u{feff}\n{}\n{\n\"a\n", "\u{feff}\r{}\n\n{\r\"a\r"),
        ] {
            assert!(!is_plain(text), "{text}");
            assert_eq!(
                String::from_utf8(one_a_line(text.as_bytes())).unwrap(),
                expected
            );
        }
    }

    #[test]
    fn lines_of_a_recorder_stay_as_they_are() {
        for text in [
            "",
            "{}",
            "{}\n{}\n{\"a\": \"",
            "\u{feff}{}\r\n{}\r\n\n{}\n",
            "neither\n",
        ] {
            assert!(is_plain(text), "{text}");
        }
        // A window ends at any byte of a line end.
        let window = usize::try_from(WINDOW).unwrap();
        for length in window - 4..window + 4 {
            let first = format!("{{{}}}", " ".repeat(length));
            assert!(is_plain(&format!("{first}\n{{}}\n")));
            assert!(!is_plain(&format!("{first}\n//\n")));
            assert!(!is_plain(&format!("{first} \n{{}}\n")));
        }
    }
}
