//! Decodes pages. Pages are UTF-8; the error for another encoding has its place and the probable encoding.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;

/// The text of a page without its byte order mark. Carriage returns that end lines alone, as Markdown allows
/// (`CommonMark` 0.31.2 section 2.1), become line feeds.
pub(super) fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, Diagnostic> {
    if let Some(name) = utf16(bytes) {
        return Err(not_utf8(file, bytes, 0, name));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        not_utf8(file, bytes, at, single_byte(&bytes[at..]))
    })?;
    let mut returns = memchr::memchr_iter(b'\r', bytes);
    if returns.any(|at| bytes.get(at + 1) != Some(&b'\n')) {
        return Ok(text.replace("\r\n", "\n").replace('\r', "\n").into());
    }
    Ok(text.into())
}

/// The first place of a word in a text. Characters that may be a part of the word stand neither before nor behind it.
pub(super) fn find_word(text: &str, word: &str, is_part: impl Fn(char) -> bool) -> Option<usize> {
    let mut found = text.match_indices(word).map(|(at, _)| at);
    found.find(|at| {
        !text[..*at].ends_with(&is_part) && !text[at + word.len()..].starts_with(&is_part)
    })
}

/// Splits a text behind the marks that end a sentence.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_end = match c {
            '。' | '！' | '？' | '；' => true,
            '.' | '!' | '?' | ';' => text[end..].starts_with(char::is_whitespace),
            _ => false,
        };
        if is_end {
            parts.push(&text[from..end]);
            from = end;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// UTF-16 by its byte order mark, or by the zero byte of a first ASCII character.
fn utf16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] | [1..=255, 0, 1..=255, 0, ..] => Some("UTF-16LE"),
        [0xfe, 0xff, ..] | [0, 1..=255, 0, 1..=255, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

/// Windows-1252 has printable characters at 0x80 to 0x9F, where Latin-1 has control codes.
fn single_byte(rest: &[u8]) -> &'static str {
    if rest.iter().any(|byte| matches!(byte, 0x80..=0x9f)) {
        "WINDOWS-1252"
    } else {
        "LATIN1"
    }
}

fn not_utf8(file: &str, bytes: &[u8], at: usize, name: &str) -> Diagnostic {
    let before = &bytes[..at];
    let start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |n| n + 1);
    let end = bytes[at..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |n| at + n);
    let human = match name {
        "LATIN1" => "Latin-1 (ISO 8859-1)",
        "WINDOWS-1252" => "Windows-1252",
        other => other,
    };
    Diagnostic {
        file: file.to_owned(),
        line: before.split(|b| *b == b'\n').count(),
        column: String::from_utf8_lossy(&bytes[start..at]).chars().count() + 1,
        message: format!(
            "byte 0x{:02X} is not UTF-8; the page is probably {human}",
            bytes[at]
        ),
        remedy: Some(format!(
            "save the page as UTF-8: iconv -f {name} -t UTF-8 {file}"
        )),
        excerpt: (!name.starts_with("UTF-16")).then(|| {
            String::from_utf8_lossy(&bytes[start..end])
                .trim_end()
                .to_owned()
        }),
    }
}

pub(super) fn newlines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(decode("a.md", b"\xef\xbb\xbf# a").unwrap(), "# a");
        assert_eq!(decode("a.md", b"").unwrap(), "");
    }

    #[test]
    fn every_line_ends_in_a_line_feed() {
        for (bytes, text) in [("a\r\nb\n", "a\r\nb\n"), ("a\rb\r\r\nc\r", "a\nb\n\nc\n")] {
            assert_eq!(decode("a.md", bytes.as_bytes()).unwrap(), text);
        }
    }

    #[test]
    fn a_page_in_another_encoding_is_named_with_its_place() {
        let cases: [(&[u8], usize, usize, &str); 4] = [
            (b"# a\nna\xefve caf\xe9\n", 2, 3, "Latin-1"),
            (b"\xc3\xa9 it\x92s\n", 1, 5, "Windows-1252"),
            (b"\xff\xfe#\0 \0a\0", 1, 1, "UTF-16LE"),
            (b"\0#\0 \0a", 1, 1, "UTF-16BE"),
        ];
        for (bytes, line, column, name) in cases {
            let refusal = decode("a.md", bytes).unwrap_err();
            assert_eq!((refusal.line, refusal.column), (line, column), "{name}");
            assert!(refusal.message.contains(name), "{}", refusal.message);
            assert!(refusal.remedy.unwrap().contains("iconv"));
        }
    }
}
