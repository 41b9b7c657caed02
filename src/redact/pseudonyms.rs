//! Pseudonyms: `redacted-<kind>-<12 hexadecimal digits>`.

use std::ops::Range;

use memchr::memmem;

pub(super) const PREFIX: &str = "redacted-";

const KINDS: [&str; 3] = ["jwt", "key", "secret"];

/// The hexadecimal digits at the end of a pseudonym.
pub(super) const DIGITS: usize = 12;

pub(crate) fn pseudonym_at_start(text: &str) -> Option<usize> {
    let lengths = KINDS.map(|kind| PREFIX.len() + kind.len() + 1 + DIGITS);
    let mut lengths = lengths.into_iter();
    lengths.find(|length| text.get(..*length).is_some_and(is_pseudonym))
}

pub(crate) fn is_pseudonym(value: &str) -> bool {
    let kind_and_digits = value
        .strip_prefix(PREFIX)
        .and_then(|it| it.rsplit_once('-'));
    kind_and_digits.is_some_and(|(kind, digits)| {
        KINDS.contains(&kind)
            && digits.len() == DIGITS
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

pub(crate) fn pseudonyms(text: &str) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(text.as_bytes(), PREFIX).filter_map(|start| {
        KINDS.into_iter().find_map(|kind| {
            let end = start + PREFIX.len() + kind.len() + 1 + DIGITS;
            is_pseudonym(text.get(start..end)?).then_some(start..end)
        })
    })
}
