//! Secrets in binary formats that store the length of a text in front of the text: `MessagePack`, CBOR, Protocol
//! Buffers.

use std::ops::Range;

use super::assigned::{is_secret_value, name_around};
use super::embedded::holds;
use super::names::named_anywhere;
use super::pseudonyms::pseudonyms;
use super::rules::Anchor;
use super::scan::{Scan, With};

/// How the length of a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    MessagePack,
    Cbor,
    /// A varint, and a byte with the number of the field before it.
    Varint,
}

/// The bytes of a text of which each character is a byte.
fn byte(text: &str, at: usize) -> Option<(u8, usize)> {
    let character = text.get(at..)?.chars().next()?;
    Some((u8::try_from(character).ok()?, character.len_utf8()))
}

/// The length that is written at an offset, and the offset behind it.
fn length(text: &str, at: usize, format: Format) -> Option<(usize, usize)> {
    let (first, width) = byte(text, at)?;
    let mut behind = at + width;
    let mut number = |count: usize| {
        let mut number = 0;
        for _ in 0..count {
            let (byte, width) = byte(text, behind)?;
            number = number << 8 | usize::from(byte);
            behind += width;
        }
        Some(number)
    };
    let length = match (format, first) {
        (Format::MessagePack, 0xd9 | 0xc4) | (Format::Cbor, 0x78 | 0x58) => number(1)?,
        (Format::MessagePack, 0xda | 0xc5) | (Format::Cbor, 0x79 | 0x59) => number(2)?,
        (Format::MessagePack, 0xa0..=0xbf) | (Format::Cbor, 0x60..=0x77 | 0x40..=0x57) => {
            usize::from(first & 0x1f)
        }
        (Format::Varint, _) => {
            let mut value = usize::from(first & 0x7f);
            if first & 0x80 != 0 {
                let (second, width) = byte(text, behind)?;
                value |= usize::from(second & 0x7f) << 7;
                behind += width;
            }
            value
        }
        _ => return None,
    };
    Some((length, behind))
}

/// The length as bytes, as characters.
fn written(length: usize, format: Format) -> String {
    let low = |number: usize| char::from(u8::try_from(number & 0xff).unwrap_or(0));
    match (format, length) {
        (Format::MessagePack, 0..32) => low(0xa0 | length).to_string(),
        (Format::MessagePack, 32..256) => [low(0xd9), low(length)].iter().collect(),
        (Format::MessagePack, _) => [low(0xda), low(length >> 8), low(length)].iter().collect(),
        (Format::Cbor, 0..24) => low(0x60 | length).to_string(),
        (Format::Cbor, 24..256) => [low(0x78), low(length)].iter().collect(),
        (Format::Cbor, _) => [low(0x79), low(length >> 8), low(length)].iter().collect(),
        (Format::Varint, 0..128) => low(length).to_string(),
        (Format::Varint, _) => [low(length & 0x7f | 0x80), low(length >> 7)]
            .iter()
            .collect(),
    }
}

/// The offset behind this many bytes.
fn advance(text: &str, from: usize, count: usize) -> Option<usize> {
    let mut characters = text.get(from..)?.char_indices();
    match characters.nth(count) {
        Some((at, _)) => Some(from + at),
        None => (text[from..].chars().count() == count).then_some(text.len()),
    }
}

/// The end of a text that begins at a place, by the length before it.
pub(super) fn end_by_length(text: &str, place: &Range<usize>) -> Option<usize> {
    let before: Vec<_> = text[..place.start]
        .char_indices()
        .rev()
        .take(3)
        .map(|it| it.0)
        .collect();
    let formats = [Format::Varint, Format::MessagePack, Format::Cbor];
    before
        .iter()
        .flat_map(|at| formats.map(|format| (*at, format)))
        .find_map(|(at, format)| {
            let (length, behind) = length(text, at, format)?;
            let is_near = length > 8 && behind == place.start && place.len().abs_diff(length) <= 4;
            is_near.then(|| advance(text, place.start, length))?
        })
}

/// The name that begins at a place, by the length before it; none where that does not reach to `least`.
fn name_by_length(text: &str, start: usize, least: usize) -> Option<Range<usize>> {
    let before = text[..start].chars().next_back()?;
    let formats = [Format::MessagePack, Format::Cbor];
    formats.into_iter().find_map(|format| {
        let (length, behind) = length(text, start - before.len_utf8(), format)?;
        let end = advance(text, start, length).filter(|it| *it >= least)?;
        let name = &text[start..end];
        let is_part = |it: char| it.is_alphanumeric() || "_-.".contains(it);
        let is_name = behind == start && name.chars().all(is_part);
        is_name.then_some(start..end)
    })
}

impl Scan<'_> {
    /// Values behind names, where the length of each is before it.
    pub(super) fn fields(&mut self) {
        let text = self.text;
        let whole = 0..text.len();
        let made: Vec<_> = pseudonyms(text).collect();
        let mut at = 0;
        for hit in self.hits.clone() {
            // No name is within a pseudonym.
            if hit.anchor != Anchor::Name || hit.start < at || holds(&made, hit.start) {
                continue;
            }
            let around = name_around(text, hit, &whole);
            // The byte before the name, and the one behind it, may look like letters of it.
            let second = text[around.start..].chars().next();
            let starts = [
                around.start,
                around.start + second.map_or(0, char::len_utf8),
            ];
            let known =
                |name: &str| named_anywhere(name).or_else(|| self.redactor.project.named(name));
            let headed = starts.iter().find_map(|start| {
                let name = name_by_length(text, *start, hit.end)?;
                Some((known(&text[name.clone()])?, name.end))
            });
            let (name, ends) = if let Some((name, end)) = headed {
                (Some(name), vec![end])
            } else {
                let mut starts = starts.into_iter();
                let name = starts.find_map(|start| known(text.get(start..hit.end)?));
                (name, vec![hit.end, around.end])
            };
            let Some(known) = name.or_else(|| named_anywhere(&text[around.clone()])) else {
                continue;
            };
            let value = ends.into_iter().flat_map(|end| {
                let tag = byte(text, end).map_or(end, |it| end + it.1);
                [
                    (end, Format::MessagePack),
                    (end, Format::Cbor),
                    (tag, Format::Varint),
                    (end, Format::Varint),
                ]
            });
            let found = value.into_iter().find_map(|(start, format)| {
                let (length, from) = length(text, start, format)?;
                let end = advance(text, from, length).filter(|_| length > 3)?;
                let is_text = text[from..end].chars().all(|it| !it.is_control());
                is_text.then_some((start, from..end, format))
            });
            let Some((start, place, format)) = found else {
                continue;
            };
            let secret = text[place.clone()].to_owned();
            if is_secret_value(known, &secret) {
                at = place.end;
                let pseudonym = self.redactor.secret(&secret);
                let with = With::Text(written(pseudonym.len(), format) + &pseudonym);
                self.find(start..place.end, with, &known.rule.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::redact::{ContentType, Redactor};

    #[test]
    fn a_binary_map_is_read_by_its_lengths() {
        for (before, after) in [
            (&b"\x82\xa8password\xb2"[..], &b"\xa1n\x01"[..]),
            (b"\x82\xaedb_credentials\xb2", b"\xa1n\x01"),
            (b"\xa2\x68password\x72", b"\x61n\x01"),
        ] {
            let secret = b"hunter2Pa55phrase9";
            let of = ContentType(Some("application/octet-stream"));
            let planted = [before, secret, after].concat();
            let redacted = Redactor::new([7; 32]).redacted_body(&planted, of).unwrap();
            let name = &before[..before.len() - 1];
            assert!(
                redacted.starts_with(name) && redacted.ends_with(after),
                "{}",
                redacted.escape_ascii()
            );
            let value = &redacted[name.len()..redacted.len() - after.len()];
            let headers: [&[u8]; 2] = [b"\xbc", b"\x78\x1c"];
            let header = headers
                .into_iter()
                .find(|it| value.starts_with(it))
                .unwrap();
            assert!(
                value[header.len()..].starts_with(b"redacted-secret-"),
                "{}",
                redacted.escape_ascii()
            );
            assert_eq!(value.len() - header.len(), 28);
        }
    }
}
