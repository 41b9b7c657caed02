//! Replaces the values of one run by those of another, in each part of a message and in the spelling of the part.

use std::borrow::Cow;
use std::fmt::Write as _;

use memchr::memmem;

use super::matching::content::form_decoded;
use super::matching::target::{Own, is_address_field};
use super::values::mapping::Mapping;
use crate::diagnostic::json;
use crate::http::message::{is_json, media_type, parameter};

/// The change of the values of a recorded message to those of this run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Translation<'a> {
    pub mapping: &'a Mapping,
    /// The service's own addresses, and the one that takes their place.
    pub moved: Option<(&'a Own, &'a str)>,
}

impl Translation<'_> {
    /// The text of a header field or property with this name, where it changes.
    fn text(&self, name: &str, text: &str) -> Option<String> {
        let moved = |(own, base): (&Own, &str)| own.moved(name, text, base);
        let moved = self.moved.filter(|_| text.contains("//")).and_then(moved);
        let text_now = moved.as_deref().unwrap_or(text);
        let translated = self.mapping.translated(text_now);
        (translated != text).then_some(translated)
    }

    /// The value of a header field, where it changes.
    pub(super) fn field(&self, name: &str, value: &str) -> Option<String> {
        let moved = self.moved.filter(|_| is_address_field(name));
        Self { moved, ..*self }.text(name, value)
    }

    /// A path with its query.
    pub(super) fn target(&self, target: &str) -> String {
        match target.split_once('?') {
            Some((path, query)) => {
                format!("{}?{}", self.mapping.translated(path), self.form(query))
            }
            None => self.mapping.translated(target),
        }
    }

    /// The bytes of a body with this content type.
    pub(super) fn bytes<'b>(&self, bytes: Cow<'b, [u8]>, content_type: &str) -> Cow<'b, [u8]> {
        let changed = match (
            media_type(content_type),
            parameter(content_type, "boundary"),
        ) {
            (kind, Some(boundary)) if kind.starts_with("multipart/") => {
                Some(self.parts(&bytes, &boundary)).filter(|_| self.mapping.changes())
            }
            (kind, _) => {
                let text = std::str::from_utf8(&bytes).ok();
                text.and_then(|text| self.content(text, &kind))
                    .map(String::into_bytes)
            }
        };
        changed.map_or(bytes, Cow::Owned)
    }

    /// A text of this media type, where it changes.
    fn content(&self, text: &str, kind: &str) -> Option<String> {
        let has_addresses = self.moved.is_some() && text.contains("//");
        let translated = match kind {
            _ if is_json(kind) && (self.mapping.changes() || has_addresses) => {
                return json::with_texts(text, |it| self.text("", it));
            }
            _ if !self.mapping.changes() => return None,
            FORM => self.form(text),
            _ => self.mapping.running(text),
        };
        (translated != text).then_some(translated)
    }

    /// A form or a query (WHATWG URL section 5.1). A value that changes is spelt anew.
    fn form(&self, text: &str) -> String {
        let pairs = text.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = String::from_utf8(form_decoded(value.as_bytes())).ok();
            let changed = decoded.map(|it| (self.mapping.translated(&it), it));
            match changed.filter(|(changed, it)| changed != it) {
                Some((changed, _)) => Cow::Owned(format!("{name}={}", form_encoded(&changed))),
                None => Cow::Borrowed(pair),
            }
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The parts of a body (RFC 2046 section 5.1.1). Text between them stays.
    fn parts(&self, bytes: &[u8], boundary: &str) -> Vec<u8> {
        let delimiter = format!("--{boundary}");
        let (mut translated, mut begin) = (Vec::with_capacity(bytes.len()), 0);
        let delimiters = memmem::find_iter(bytes, &delimiter);
        for end in delimiters.chain([bytes.len()]) {
            translated.extend_from_slice(&self.part(&bytes[begin..end]));
            begin = (end + delimiter.len()).min(bytes.len());
            translated.extend_from_slice(&bytes[end..begin]);
        }
        translated
    }

    /// A part with the line ends around it.
    fn part<'b>(&self, part: &'b [u8]) -> Cow<'b, [u8]> {
        let changed = || {
            let text = std::str::from_utf8(part).ok()?;
            let ends = ["\r\n\r\n", "\n\n"].map(|end| text.find(end).map(|at| at + end.len()));
            let (head, rest) = text.split_at(ends.into_iter().flatten().min()?);
            let content = rest.strip_suffix('\n')?;
            let content = content.strip_suffix('\r').unwrap_or(content);
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            let kind = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let changed = match kind {
                Some((_, kind)) => self.content(content, &media_type(kind.trim()))?,
                None => self.mapping.translated(content),
            };
            Some([head, &changed, &rest[content.len()..]].concat())
        };
        changed().map_or(part.into(), |it| it.into_bytes().into())
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The value of a form in the spelling that is the same in a query.
fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "redacted-secret-0123456789ab";

    #[test]
    fn a_secret_is_spelt_as_its_place_demands() {
        let mut mapping = Mapping::default();
        mapping.learn(SECRET, "a+b/\"c");
        mapping.learn("op-1", "op-2");
        let translation = Translation {
            mapping: &mapping,
            moved: None,
        };
        let part = |kind: &str, content: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=a{kind}\r\n\r\n{content}\r\n")
        };
        let json = "\r\nContent-Type: application/json";
        let parts = |plain: &str, of_json: &str| {
            part("", plain) + &part(json, of_json) + "--x--\r\n" + SECRET
        };
        for (kind, recorded, live) in [
            (
                "application/x-www-form-urlencoded",
                format!("refresh_token={SECRET}&scope=a+b%2F&of=op-1&e"),
                "refresh_token=a%2Bb%2F%22c&scope=a+b%2F&of=op-2&e".to_owned(),
            ),
            (
                "text/plain; charset=utf-8",
                format!("token={SECRET}; a/op-1"),
                "token=a+b/\"c; a/op-1".to_owned(),
            ),
            (
                "application/json",
                format!("{{\"a\": \"{SECRET}\"}}"),
                "{\"a\": \"a+b/\\\"c\"}".to_owned(),
            ),
            (
                "multipart/form-data; boundary=x",
                parts(SECRET, &format!("{{\"a\":\"{SECRET}\"}}")),
                parts("a+b/\"c", "{\"a\":\"a+b/\\\"c\"}"),
            ),
        ] {
            let bytes = translation.bytes(recorded.as_bytes().into(), kind);
            assert_eq!(String::from_utf8_lossy(&bytes), live, "{kind}");
        }
        let binary = [part("", SECRET).as_bytes(), b"--x\r\n\r\n\xff\r\n--x--"].concat();
        let bytes = translation.bytes((&*binary).into(), "multipart/mixed; boundary=x");
        let expected = [part("", "a+b/\"c").as_bytes(), b"--x\r\n\r\n\xff\r\n--x--"].concat();
        assert_eq!(bytes, expected);
        let target = translation.target(&format!("/op-1?a={SECRET}&b=1,2"));
        assert_eq!(target, "/op-2?a=a%2Bb%2F%22c&b=1,2");
    }
}
