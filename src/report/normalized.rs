//! Normalizes text: placeholders replace values that are not judged, so that two runs of one
//! behaviour have the same text.

use crate::api::identifier::is_guid;
use crate::redact;

/// A line with the placeholders `{time}`, `{etag}`, `{guid}`, `{origin}` and `{secret}`.
pub(crate) fn normalized(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let (length, placeholder) = placeholder_at(rest, text.chars().next_back());
        match placeholder {
            Some(placeholder) => text.push_str(placeholder),
            None => text.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    text
}

/// The placeholder for the start of a text, and the length that it replaces; else one character.
fn placeholder_at(text: &str, before: Option<char>) -> (usize, Option<&'static str>) {
    let inside_word = before.is_some_and(char::is_alphanumeric);
    let end = |is_part: fn(char) -> bool| text.find(|c| !is_part(c)).unwrap_or(text.len());
    if let Some(scheme) = ["http://", "https://"]
        .iter()
        .find(|s| text.starts_with(**s))
    {
        let host = text[scheme.len()..].find(['/', '"', ' ']);
        let length = scheme.len() + host.unwrap_or(text.len() - scheme.len());
        return (length, Some("{origin}"));
    }
    if let Some(tag) = text.strip_prefix("W/\\\"") {
        let quoted = tag.find("\\\"").map_or(text.len(), |at| 4 + at + 2);
        return (quoted, Some("{etag}"));
    }
    if !inside_word {
        if let Some(length) = redact::pseudonym_at_start(text) {
            return (length, Some("{secret}"));
        }
        let guid = end(|c| c.is_ascii_hexdigit() || c == '-');
        if is_guid(&text[..guid]) {
            return (guid, Some("{guid}"));
        }
        let time = end(|c| c.is_ascii_digit() || "-:.TZ+".contains(c));
        if time >= 19 && text[..time].contains('T') {
            return (time, Some("{time}"));
        }
    }
    (text.chars().next().map_or(1, char::len_utf8), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_from_run_to_run_have_placeholders() {
        for (line, expected) in [
            (
                "POST http://127.0.0.1:8080/calls/57dab8b1-894c-409a-b240-bd8beae78896",
                "POST {origin}/calls/{guid}",
            ),
            ("\"at\": \"2026-01-01T00:00:00Z\"", "\"at\": \"{time}\""),
            (
                "\"s\": \"redacted-jwt-0123456789ab\"",
                "\"s\": \"{secret}\"",
            ),
            ("\"e\": \"W/\\\"1\\\"\"", "\"e\": \"{etag}\""),
            (
                "x57dab8b1894c409ab240bd8beae78896",
                "x57dab8b1894c409ab240bd8beae78896",
            ),
        ] {
            assert_eq!(normalized(line), expected);
        }
    }
}
