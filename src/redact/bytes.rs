//! Bytes and the texts in them: charsets, compressed files, binary formats.

use std::borrow::Cow;
use std::collections::HashMap;

use encoding_rs::Encoding;

use super::Redactor;
use super::gzip;
use super::pseudonyms;
use super::scan::{DEPTH, Kind};
use crate::http::message::media_type;

/// Bytes without their secrets, and the rules that found them.
type Replaced = (Vec<u8>, Vec<String>);

/// How characters are written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    /// In units of two or four bytes; the first byte of each is the highest one or the lowest one.
    Units {
        width: usize,
        is_big: bool,
    },
    Other(&'static Encoding),
    /// A byte is a character.
    Bytes,
}

/// What the field `Content-Type` says of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContentType<'a>(pub Option<&'a str>);

impl ContentType<'_> {
    /// The kind of text by the media type.
    pub(super) fn kind(self) -> Kind {
        let media = media_type(self.0.unwrap_or_default());
        let (kind, subtype) = media.split_once('/').unwrap_or((&media, ""));
        let is_one_of = |names: &[&str]| names.contains(&subtype);
        if is_one_of(&["json", "x-json"]) || subtype.ends_with("+json") {
            Kind::Json
        } else if is_one_of(&["x-www-form-urlencoded"]) {
            Kind::Form
        } else if is_one_of(&["xml", "html"]) || subtype.ends_with("+xml") {
            Kind::Markup
        } else if is_one_of(&["csv", "x-csv", "comma-separated-values"]) {
            Kind::Table(b',')
        } else if is_one_of(&["tab-separated-values", "tsv"]) {
            Kind::Table(b'\t')
        } else if subtype.contains("yaml")
            || is_one_of(&[
                "x-java-properties",
                "toml",
                "x-ini",
                "x-properties",
                "x-dotenv",
            ])
        {
            Kind::Lines
        } else if is_one_of(&[
            "octet-stream",
            "msgpack",
            "x-msgpack",
            "vnd.msgpack",
            "cbor",
            "protobuf",
            "x-protobuf",
            "grpc",
            "vnd.google.protobuf",
        ]) || subtype.ends_with("+cbor")
            || subtype.ends_with("+proto")
            || subtype.starts_with("grpc")
            || matches!(kind, "image" | "audio" | "video")
        {
            Kind::Bytes
        } else {
            Kind::Any
        }
    }

    fn charset(self) -> Option<String> {
        let parameters = self.0?.split(';').skip(1);
        let mut charsets = parameters.filter_map(|it| {
            let (name, value) = it.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
        charsets.next()
    }
}

impl Redactor {
    /// The body without its secrets; none where it has none.
    pub(crate) fn redacted_body(&self, bytes: &[u8], of: ContentType<'_>) -> Option<Vec<u8>> {
        self.redacted_coded(bytes, of, DEPTH).map(|it| it.0)
    }

    /// The same, and true if the body is known to be JSON that a line can hold.
    pub(super) fn searched_body(
        &self,
        bytes: &[u8],
        of: ContentType<'_>,
    ) -> (Option<Vec<u8>>, bool) {
        if gzip::is_packed(bytes) {
            return (self.redacted_body(bytes, of), false);
        }
        let (redacted, is_json) = self.searched_bytes(bytes, of, DEPTH);
        (redacted.map(|it| it.0), is_json)
    }

    /// The same, with the rules by which its secrets were found. `depth` codings in each other are taken away.
    pub(super) fn redacted_coded(
        &self,
        bytes: &[u8],
        of: ContentType<'_>,
        depth: usize,
    ) -> Option<Replaced> {
        if gzip::is_packed(bytes) && depth > 0 {
            let inner = gzip::unpacked(bytes)?;
            let (redacted, rules) = self.redacted_coded(&inner, ContentType(None), depth - 1)?;
            return Some((gzip::packed(&redacted)?, rules));
        }
        self.searched_bytes(bytes, of, depth).0
    }

    /// The same for bytes that are not packed; and true if they are known to be JSON that a line can hold.
    pub(super) fn searched_bytes(
        &self,
        bytes: &[u8],
        of: ContentType<'_>,
        depth: usize,
    ) -> (Option<Replaced>, bool) {
        let (mark, charset) = charset(bytes, of);
        let Some(text) = decode(&bytes[mark..], charset) else {
            return (None, false);
        };
        let kind = match (charset, of.kind()) {
            (Charset::Bytes, _) => Kind::Bytes,
            (Charset::Utf8, Kind::Any) if text.bytes().take(4096).any(is_binary) => Kind::Bytes,
            (_, kind) => kind,
        };
        let (finds, is_json) = self.searched(&text, kind, depth);
        let is_json = is_json && mark == 0 && charset == Charset::Utf8;
        if finds.is_empty() {
            return (None, is_json);
        }
        let rules = finds.iter().map(|it| it.rule.clone()).collect();
        let redacted = self.replaced(&text, finds);
        let mut all = bytes[..mark].to_vec();
        all.extend(encode(&redacted, charset));
        ((all != bytes).then_some((all, rules)), is_json)
    }
}

/// The pseudonyms of a recorded body, each with the secret in its place in a live one; none where there are no pseudonyms,
/// or where the live body would have been recorded otherwise.
pub(crate) fn secrets_in_place(
    recorded: &[u8],
    live: &[u8],
    of: ContentType<'_>,
) -> Option<Vec<(String, String)>> {
    let recorded = text_of(recorded, of, DEPTH)?;
    pseudonyms(&recorded).next()?;
    let redactor = Redactor::new([0; 32]);
    let redacted = text_of(&redactor.redacted_body(live, of)?, of, DEPTH)?;
    if !around(&recorded).eq(around(&redacted)) {
        return None;
    }
    let live = text_of(live, of, DEPTH)?;
    let secrets = redactor.known_secrets.find(&live).into_iter();
    let secrets: HashMap<String, String> = secrets
        .map(|(_, secret)| (redactor.pseudonym(&secret), secret))
        .collect();
    let pairs = pseudonyms(&recorded).zip(pseudonyms(&redacted));
    let pairs = pairs.map(|(of_recorded, of_live)| {
        let stands = redacted[of_live].to_owned();
        let secret = secrets.get(&stands).cloned().unwrap_or(stands);
        (recorded[of_recorded].to_owned(), secret)
    });
    Some(pairs.collect())
}

/// The texts around the pseudonyms in a text.
fn around(text: &str) -> impl Iterator<Item = &str> {
    let ends = pseudonyms(text).map(|it| (it.start, it.end));
    let mut begin = 0;
    ends.chain([(text.len(), text.len())])
        .map(move |(end, next)| {
            let before = &text[begin..end];
            begin = next;
            before
        })
}

/// The text in which secrets are searched for.
fn text_of(bytes: &[u8], of: ContentType<'_>, depth: usize) -> Option<String> {
    if gzip::is_packed(bytes) && depth > 0 {
        return text_of(&gzip::unpacked(bytes)?, ContentType(None), depth - 1);
    }
    let (mark, charset) = charset(bytes, of);
    decode(&bytes[mark..], charset).map(Cow::into_owned)
}

const fn is_binary(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x08)
}

/// The length of a byte order mark, and the charset by it, by the label, or by the bytes.
fn charset(bytes: &[u8], of: ContentType<'_>) -> (usize, Charset) {
    let units = |width, is_big| Charset::Units { width, is_big };
    for (mark, charset) in [
        (&[0xef, 0xbb, 0xbf][..], Charset::Utf8),
        (&[0xff, 0xfe, 0, 0], units(4, false)),
        (&[0, 0, 0xfe, 0xff], units(4, true)),
        (&[0xff, 0xfe], units(2, false)),
        (&[0xfe, 0xff], units(2, true)),
    ] {
        if bytes.starts_with(mark)
            && (charset != Charset::Utf8 || std::str::from_utf8(bytes).is_ok())
        {
            return (mark.len(), charset);
        }
    }
    if let Some(charset) = by_zeros(bytes) {
        return (0, charset);
    }
    let of_label = match of.charset().as_deref() {
        Some("utf-16le") => Some(units(2, false)),
        Some("utf-16be" | "utf-16" | "unicode" | "ucs-2") => Some(units(2, true)),
        Some("utf-32le") => Some(units(4, false)),
        Some("utf-32be" | "utf-32") => Some(units(4, true)),
        _ => None,
    };
    if let Some(charset) = of_label.filter(|it| decode(bytes, *it).is_some()) {
        return (0, charset);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return (0, Charset::Utf8);
    }
    let label = of
        .charset()
        .and_then(|it| Encoding::for_label(it.as_bytes()));
    let other = label.filter(|it| {
        it.is_ascii_compatible() && {
            let (text, _, has_errors) = it.decode(bytes);
            !has_errors && *it.encode(&text).0 == *bytes
        }
    });
    (0, other.map_or(Charset::Bytes, Charset::Other))
}

/// The charset of a text in units of two or four bytes, by where its zeros are.
fn by_zeros(bytes: &[u8]) -> Option<Charset> {
    let look = &bytes[..bytes.len().min(256)];
    memchr::memchr(0, look)?;
    let zeros = |width: usize, at: usize| {
        look.iter()
            .skip(at)
            .step_by(width)
            .filter(|it| **it == 0)
            .count()
    };
    let all = |width: usize| look.len() / width;
    if look.len() >= 16 && bytes.len().is_multiple_of(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| zeros(4, at));
        let most = all(4) * 9 / 10;
        if b >= most && c >= most && d >= most && a < most {
            return Some(Charset::Units {
                width: 4,
                is_big: false,
            });
        }
        if a >= most && b >= most && c >= most && d < most {
            return Some(Charset::Units {
                width: 4,
                is_big: true,
            });
        }
    }
    if look.len() >= 8 && bytes.len().is_multiple_of(2) {
        let (high, low) = (zeros(2, 0), zeros(2, 1));
        let most = all(2) * 6 / 10;
        if low >= most && high < all(2) / 10 + 1 {
            return Some(Charset::Units {
                width: 2,
                is_big: false,
            });
        }
        if high >= most && low < all(2) / 10 + 1 {
            return Some(Charset::Units {
                width: 2,
                is_big: true,
            });
        }
    }
    None
}

fn decode(bytes: &[u8], charset: Charset) -> Option<Cow<'_, str>> {
    match charset {
        Charset::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Charset::Bytes => Some(bytes.iter().copied().map(char::from).collect()),
        Charset::Other(encoding) => Some(encoding.decode_without_bom_handling(bytes).0),
        Charset::Units { width: 2, is_big } => {
            let unit = |it: &[u8]| {
                if is_big {
                    u16::from_be_bytes([it[0], it[1]])
                } else {
                    u16::from_le_bytes([it[0], it[1]])
                }
            };
            let units = bytes.chunks_exact(2).map(unit);
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.ok()
                .filter(|_| bytes.len().is_multiple_of(2))
                .map(Cow::Owned)
        }
        Charset::Units { is_big, .. } => {
            let unit = |it: &[u8]| {
                let it = [it[0], it[1], it[2], it[3]];
                char::from_u32(if is_big {
                    u32::from_be_bytes(it)
                } else {
                    u32::from_le_bytes(it)
                })
            };
            let text: Option<String> = bytes.chunks_exact(4).map(unit).collect();
            text.filter(|_| bytes.len().is_multiple_of(4))
                .map(Cow::Owned)
        }
    }
}

fn encode(text: &str, charset: Charset) -> Vec<u8> {
    match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Bytes => text
            .chars()
            .map(|it| u8::try_from(it).unwrap_or(b'?'))
            .collect(),
        Charset::Other(encoding) => encoding.encode(text).0.into_owned(),
        Charset::Units { width: 2, is_big } => {
            let bytes = |it: u16| {
                if is_big {
                    it.to_be_bytes()
                } else {
                    it.to_le_bytes()
                }
            };
            text.encode_utf16().flat_map(bytes).collect()
        }
        Charset::Units { is_big, .. } => {
            let bytes = |it: char| {
                if is_big {
                    u32::from(it).to_be_bytes()
                } else {
                    u32::from(it).to_le_bytes()
                }
            };
            text.chars().flat_map(bytes).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_body_has_its_secrets_in_the_places_of_pseudonyms() {
        let units = |width, is_big| Charset::Units { width, is_big };
        let label = |it: &str| Charset::Other(Encoding::for_label(it.as_bytes()).unwrap());
        let redactor = Redactor::new([7; 32]);
        let [one, other] = ["Ab3kd9Qx77Lm20", "Zt8wq1Rr45Ns63"];
        let text =
            |secret: &str, last: &str| format!("{{\"password\":\"{secret}\",\"a\":\"{last}\"}}");
        for (kind, charset) in [
            ("application/json", Charset::Utf8),
            ("application/json; charset=utf-16le", units(2, false)),
            ("application/json; charset=utf-16be", units(2, true)),
            ("text/plain; charset=utf-32le", units(4, false)),
            ("text/plain; charset=utf-32be", units(4, true)),
            (
                "application/json; charset=windows-1251",
                label("windows-1251"),
            ),
            ("text/plain; charset=windows-1251", label("windows-1251")),
        ] {
            let of = ContentType(Some(kind));
            for is_packed in [false, true] {
                let bytes = |secret: &str, last: &str| {
                    let bytes = encode(&text(secret, last), charset);
                    if is_packed {
                        gzip::packed(&bytes).unwrap()
                    } else {
                        bytes
                    }
                };
                if is_packed && charset != Charset::Utf8 {
                    continue;
                }
                let recorded = redactor.redacted_body(&bytes(one, "\u{44f}"), of).unwrap();
                let pairs = |live: &[u8]| secrets_in_place(&recorded, live, of);
                let expected = vec![(redactor.pseudonym(one), other.to_owned())];
                assert_eq!(pairs(&bytes(other, "\u{44f}")), Some(expected), "{kind}");
                assert_eq!(pairs(&bytes(other, "\u{44e}")), None, "{kind}");
                assert_eq!(pairs(b""), None, "{kind}");
            }
        }
        let packed = |secret: &str| [&b"\x81\xa8password\xae"[..], secret.as_bytes()].concat();
        let of = ContentType(Some("application/msgpack"));
        let recorded = redactor.redacted_body(&packed(one), of).unwrap();
        let pairs = secrets_in_place(&recorded, &packed(other), of).unwrap();
        assert_eq!(pairs, [(redactor.pseudonym(one), other.to_owned())]);
    }
}
