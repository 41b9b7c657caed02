//! Comparison of printed identifiers.
//!
//! The pages print one call as `57dab8b1-894c-409a-b240-bd8beae78896` and as `57DAB8B1894C409AB240BD8BEAE78896`: GUIDs
//! are compared without case and hyphens, and all other identifiers character by character.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

pub(crate) type ById<T> = HashMap<Normal<'static>, T, foldhash::quality::RandomState>;

pub(crate) type Ids<'a> = HashSet<Normal<'a>, foldhash::quality::RandomState>;

/// True for an international phone number, ITU-T E.164: `+`, and at most 15 digits, of which the first is not 0.
pub(crate) fn is_phone_number(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|it| it.is_ascii_digit())
}

/// A normalized identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Normal<'a> {
    Guid(u128),
    /// Any other identifier, unchanged.
    Text(Cow<'a, str>),
}

/// A GUID is in lower case and has hyphens.
impl fmt::Display for Normal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Guid(number) => {
                let digits = format!("{number:032x}");
                let (first, second) = (&digits[..8], &digits[8..12]);
                let (third, fourth, last) = (&digits[12..16], &digits[16..20], &digits[20..]);
                write!(f, "{first}-{second}-{third}-{fourth}-{last}")
            }
        }
    }
}

impl<'a> Normal<'a> {
    pub(crate) fn of(id: &'a str) -> Self {
        guid(id).map_or(Self::Text(Cow::Borrowed(id)), Self::Guid)
    }

    pub(crate) fn into_owned(self) -> Normal<'static> {
        match self {
            Self::Guid(number) => Normal::Guid(number),
            Self::Text(text) => Normal::Text(Cow::Owned(text.into_owned())),
        }
    }
}

pub(crate) fn same(left: &str, right: &str) -> bool {
    left == right || guid(left).is_some_and(|number| guid(right) == Some(number))
}

/// The normalized identifier as text: a GUID in lower case without hyphens or braces, any other
/// text unchanged.
pub(crate) fn normal(id: &str) -> String {
    guid(id).map_or_else(|| id.to_owned(), |number| format!("{number:032x}"))
}

/// True for a GUID: 32 hexadecimal digits, with or without hyphens between them.
pub(crate) fn is_guid(text: &str) -> bool {
    guid(text).is_some()
}

/// The value of each hexadecimal digit; greater than 15 for other bytes.
const DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        digits[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

fn guid(text: &str) -> Option<u128> {
    if text.len() < 32 {
        return None;
    }
    // Two halves let the processor shift 64 bits at once.
    let mut halves = [0_u64; 2];
    let mut digits = 0_usize;
    for byte in text.bytes().filter(|byte| *byte != b'-') {
        let digit = DIGITS[usize::from(byte)];
        if digit > 0xf {
            return None;
        }
        let half = halves.get_mut(digits / 16)?;
        *half = *half << 4 | u64::from(digit);
        digits += 1;
    }
    (digits == 32).then_some(u128::from(halves[0]) << 64 | u128::from(halves[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normalized_identifier_is_shown_with_hyphens() {
        let id = "57dab8b1-894c-409a-b240-bd8beae78896";
        assert_eq!(Normal::of(&id.to_uppercase()).to_string(), id);
        assert_eq!(Normal::of("19:meeting").to_string(), "19:meeting");
    }

    #[test]
    fn guids_compare_without_case_and_hyphens() {
        assert!(same(
            "57dab8b1-894c-409a-b240-bd8beae78896",
            "57DAB8B1894C409AB240BD8BEAE78896"
        ));
        assert!(!same(
            "57dab8b1-894c-409a-b240-bd8beae78897",
            "57DAB8B1894C409AB240BD8BEAE78896"
        ));
    }

    #[test]
    fn every_digit_of_a_guid_counts() {
        let guid = "0123456789abcdef-fedcba98-76543210";
        let number = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;
        assert_eq!(Normal::of(guid), Normal::Guid(number));
        assert_eq!(Normal::of(&guid.to_uppercase()), Normal::Guid(number));
        for other in [
            guid.replace('f', "g"),
            format!("{guid}0"),
            guid[1..].to_owned() + "--",
            format!("{guid}é"),
        ] {
            assert!(!is_guid(&other), "{other}");
        }
    }

    #[test]
    fn what_is_no_guid_compares_to_the_letter() {
        assert!(same("op-1", "op-1"));
        assert!(!same("op-1", "OP-1"));
        assert!(!same("op-1", "op1"));
    }
}
