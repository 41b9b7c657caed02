//! A text without one of its codings, and the place of each part in the coded text.

use std::ops::Range;

/// A coding of texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Coding {
    #[default]
    Percent,
    Json,
    Entities,
    Printable,
}

impl Coding {
    /// A text in this coding.
    fn encode(self, text: &str) -> String {
        let each = |code: fn(char) -> Option<&'static str>| {
            let mut coded = String::with_capacity(text.len());
            for character in text.chars() {
                match code(character) {
                    Some(code) => coded.push_str(code),
                    None => coded.push(character),
                }
            }
            coded
        };
        match self {
            Self::Percent => percent_encoded(text),
            Self::Json => each(|it| match it {
                '"' => Some("\\\""),
                '\\' => Some("\\\\"),
                '\n' => Some("\\n"),
                '\r' => Some("\\r"),
                '\t' => Some("\\t"),
                _ => None,
            }),
            Self::Entities => each(|it| match it {
                '"' => Some("&quot;"),
                '&' => Some("&amp;"),
                '<' => Some("&lt;"),
                '>' => Some("&gt;"),
                _ => None,
            }),
            Self::Printable => text.replace('=', "=3D"),
        }
    }
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A decoded text. A range of it has a range in the coded text.
#[derive(Debug, Default)]
pub(super) struct View {
    pub text: String,
    coding: Coding,
    /// Where the distance between the two texts changes: offsets in the decoded and in the coded text.
    steps: Vec<(usize, usize)>,
}

impl View {
    fn plain(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// What a piece of the coded text that ends at `end` stands for.
    fn decoded(&mut self, start: usize, end: usize, stands_for: &str) {
        self.steps.push((self.text.len(), start));
        self.text.push_str(stands_for);
        self.steps.push((self.text.len(), end));
    }

    /// A text as it is written in the coded text.
    pub(super) fn encode(&self, text: &str) -> String {
        self.coding.encode(text)
    }

    fn of(coding: Coding) -> Self {
        Self {
            coding,
            ..Self::default()
        }
    }

    /// The range in the coded text.
    pub(super) fn coded(&self, place: &Range<usize>) -> Range<usize> {
        let at = |offset: usize| {
            let step = self.steps.partition_point(|it| it.0 <= offset);
            let (decoded, coded) = step.checked_sub(1).map_or((0, 0), |it| self.steps[it]);
            coded + offset - decoded
        };
        let end = at(place.end);
        // A piece may stand for several characters, of which the range has the first ones.
        let inside = self.steps.partition_point(|it| it.0 < place.end);
        let covers = self.steps.get(inside).filter(|_| inside % 2 == 1);
        at(place.start)..covers.map_or(end, |it| it.1.max(end))
    }

    /// The text without percent-encoding; none where it has none.
    pub(super) fn percent(text: &str, plus_is_blank: bool) -> Option<Self> {
        let mut view = Self::of(Coding::Percent);
        let bytes = text.as_bytes();
        let (mut at, mut from) = (0, 0);
        while let Some(found) = memchr::memchr2(b'%', b'+', &bytes[at..]) {
            at += found;
            if bytes[at] == b'+' {
                if plus_is_blank {
                    view.plain(&text[from..at]);
                    view.decoded(at, at + 1, " ");
                    from = at + 1;
                }
                at += 1;
                continue;
            }
            let start = at;
            let mut decoded = Vec::new();
            while let Some(byte) = hex(bytes, at) {
                decoded.push(byte);
                at += 3;
            }
            if decoded.is_empty() {
                at += 1;
                continue;
            }
            view.plain(&text[from..start]);
            view.characters(start, &decoded);
            from = at;
        }
        if view.steps.is_empty() {
            return None;
        }
        view.plain(&text[from..]);
        Some(view)
    }

    /// Adds the characters that a run of `%XX` stands for. A byte that is no part of a character is one of Latin-1.
    fn characters(&mut self, start: usize, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let longest = bytes.len().min(at + 4);
            let valid = (at + 1..=longest)
                .find_map(|end| Some((std::str::from_utf8(&bytes[at..end]).ok()?, end)));
            let coded = start + 3 * at;
            if let Some((character, end)) = valid {
                self.decoded(coded, start + 3 * end, character);
                at = end;
            } else {
                let mut buffer = [0; 4];
                let character = char::from(bytes[at]).encode_utf8(&mut buffer);
                self.decoded(coded, coded + 3, character);
                at += 1;
            }
        }
    }

    /// The text of a JSON string without its escapes (RFC 8259 section 7).
    pub(super) fn json(text: &str) -> Self {
        let mut view = Self::of(Coding::Json);
        let bytes = text.as_bytes();
        let (mut at, mut from) = (0, 0);
        while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
            at += found;
            view.plain(&text[from..at]);
            let mut buffer = [0; 4];
            let (length, character) = json_escape(&bytes[at..]);
            let end = (at + length).min(text.len());
            if text.is_char_boundary(end) {
                view.decoded(at, end, character.encode_utf8(&mut buffer));
                (at, from) = (end, end);
            } else {
                (from, at) = (at, at + 1);
            }
        }
        view.plain(&text[from..]);
        view
    }

    /// The text without entities of XML and HTML; none where it has none.
    pub(super) fn entities(text: &str) -> Option<Self> {
        let mut view = Self::of(Coding::Entities);
        let (mut at, mut from) = (0, 0);
        while let Some(found) = memchr::memchr(b'&', &text.as_bytes()[at..]) {
            at += found;
            let rest = &text.as_bytes()[at + 1..text.len().min(at + 12)];
            let end = memchr::memchr(b';', rest).map(|end| at + 1 + end);
            let Some((end, character)) =
                end.and_then(|end| Some((end + 1, entity(&text[at + 1..end])?)))
            else {
                at += 1;
                continue;
            };
            view.plain(&text[from..at]);
            let mut buffer = [0; 4];
            view.decoded(at, end, character.encode_utf8(&mut buffer));
            (at, from) = (end, end);
        }
        if view.steps.is_empty() {
            return None;
        }
        view.plain(&text[from..]);
        Some(view)
    }

    /// The text without quoted-printable (RFC 2045 section 6.7).
    pub(super) fn printable(text: &str) -> Self {
        let mut view = Self::of(Coding::Printable);
        let bytes = text.as_bytes();
        let (mut at, mut from) = (0, 0);
        while let Some(found) = memchr::memchr(b'=', &bytes[at..]) {
            at += found;
            let rest = &bytes[at + 1..];
            let (length, character) = if rest.starts_with(b"\r\n") {
                (3, None)
            } else if rest.starts_with(b"\n") {
                (2, None)
            } else if let Some(byte) = hex_digits(rest) {
                (3, Some(char::from(byte)))
            } else {
                at += 1;
                continue;
            };
            view.plain(&text[from..at]);
            let mut buffer = [0; 4];
            let decoded: &str = character.map_or("", |it| it.encode_utf8(&mut buffer));
            view.decoded(at, at + length, decoded);
            at += length;
            from = at;
        }
        view.plain(&text[from..]);
        view
    }
}

/// The byte of `%XX` at an offset.
fn hex(bytes: &[u8], at: usize) -> Option<u8> {
    (*bytes.get(at)? == b'%').then(|| hex_digits(&bytes[at + 1..]))?
}

fn hex_digits(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// The length of an escape, and the character that it stands for.
fn json_escape(bytes: &[u8]) -> (usize, char) {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match bytes.get(1) {
        Some(b'n') => (2, '\n'),
        Some(b't') => (2, '\t'),
        Some(b'r') => (2, '\r'),
        Some(b'b') => (2, '\u{8}'),
        Some(b'f') => (2, '\u{c}'),
        Some(b'u') => match unit(2) {
            Some(high @ 0xd800..=0xdbff) if bytes.get(6..8) == Some(b"\\u") => {
                let low = unit(8).filter(|it| (0xdc00..=0xdfff).contains(it));
                let both = low.and_then(|low| {
                    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                });
                both.map_or((6, '\u{fffd}'), |character| (12, character))
            }
            Some(code) => (6, char::from_u32(code).unwrap_or('\u{fffd}')),
            None => (1, '\\'),
        },
        Some(other) if other.is_ascii() => (2, char::from(*other)),
        _ => (1, '\\'),
    }
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = match hexadecimal {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_the_decoded_text_has_one_in_the_coded() {
        let coded = |view: &View, raw: &str, piece: &str| {
            let at = view.text.find(piece).unwrap();
            raw[view.coded(&(at..at + piece.len()))].to_owned()
        };
        let raw = "a=%70w%C3%A9%FF%2Fx&b=+c%2";
        let view = View::percent(raw, true).unwrap();
        assert_eq!(view.text, "a=pwé\u{ff}/x&b= c%2");
        assert_eq!(coded(&view, raw, "pwé"), "%70w%C3%A9");
        assert_eq!(coded(&view, raw, "/x"), "%2Fx");
        let raw = r#"k\n\"\u0041\ud83d\ude00\/\x"#;
        let view = View::json(raw);
        assert_eq!(view.text, "k\n\"A\u{1f600}/x");
        assert_eq!(coded(&view, raw, "A\u{1f600}"), r"\u0041\ud83d\ude00");
        let raw = "a&amp;b&#x41;&unknown; &#66;";
        let view = View::entities(raw).unwrap();
        assert_eq!(view.text, "a&bA&unknown; B");
        assert_eq!(coded(&view, raw, "&b"), "&amp;b");
        let raw = "pass=\r\nword=3Dx=";
        let view = View::printable(raw);
        assert_eq!(view.text, "password=x=");
        assert_eq!(coded(&view, raw, "password"), "pass=\r\nword");
        assert!(View::percent("100% +", false).is_none() && View::entities("a & b").is_none());
    }
}
