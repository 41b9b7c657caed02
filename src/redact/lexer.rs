//! The tokens of JSON, and of what people and programs write like it: strings in single quotes, names without quotes,
//! comments, and the lines of an event stream.

use std::ops::Range;

/// The end of a number, a literal, or anything else that is no string, which begins here; one character at least.
pub(super) fn end_of_plain(text: &str, bytes: &[u8], start: usize) -> usize {
    let ends = |it: &u8| {
        matches!(
            it,
            b',' | b'}' | b']' | b'{' | b'[' | b' ' | b'\t' | b'\n' | b'\r' | b'"'
        )
    };
    let length = bytes[start..].iter().position(ends);
    let length = length.unwrap_or(bytes.len() - start).max(1);
    let mut end = super::scan::floor(text, start + length).max(start + 1);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

/// The inside of a string, whether it has escapes, and the offset behind it. One that does not end goes to the end. One
/// in single quotes ends with its line: an apostrophe may stand alone.
pub(super) fn string(bytes: &[u8], quote: usize) -> (Range<usize>, bool, usize) {
    let (from, mark) = (quote + 1, bytes[quote]);
    let line = || memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |it| from + it);
    let end = if mark == b'"' { bytes.len() } else { line() };
    let (mut at, mut has_escapes) = (from, false);
    while let Some(found) = memchr::memchr2(mark, b'\\', &bytes[at..end]) {
        at += found;
        if bytes[at] == mark {
            return (from..at, has_escapes, at + 1);
        }
        has_escapes = true;
        at = (at + 2).min(end);
    }
    (from..end, has_escapes, end)
}

/// The end of a name without quotes, which begins here: letters, digits and the like.
pub(super) fn bare_name(bytes: &[u8], start: usize) -> Option<usize> {
    let is_part = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$');
    let length = bytes[start..].iter().take_while(|it| is_part(it)).count();
    (length > 0 && !bytes[start].is_ascii_digit()).then_some(start + length)
}

/// The same for a name with a colon behind it.
pub(super) fn bare_name_of_value(bytes: &[u8], start: usize) -> Option<usize> {
    let end = bare_name(bytes, start)?;
    let blanks = bytes[end..]
        .iter()
        .take_while(|it| it.is_ascii_whitespace());
    (bytes.get(end + blanks.count()) == Some(&b':')).then_some(end)
}

/// The end of a comment, which begins here. Directly behind a colon, two slashes belong to a URL.
pub(super) fn comment(bytes: &[u8], start: usize) -> Option<usize> {
    let inner = start + 2;
    if bytes[..start].ends_with(b":") {
        return None;
    }
    match bytes.get(start..inner)? {
        b"//" => {
            let line = memchr::memchr(b'\n', &bytes[inner..]);
            Some(line.map_or(bytes.len(), |it| inner + it))
        }
        b"/*" => {
            let end = memchr::memmem::find(&bytes[inner..], b"*/");
            Some(end.map_or(bytes.len(), |it| inner + it + 2))
        }
        _ => None,
    }
}

/// The length of the line end that begins here, with the name of the field that each line of an event stream has (HTML
/// section 9.2).
pub(super) fn line_end(bytes: &[u8], start: usize) -> usize {
    if bytes[start + 1..].starts_with(b"data:") {
        "\ndata:".len()
    } else {
        1
    }
}
