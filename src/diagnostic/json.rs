//! Places of JSON values in the text of a document, and errors of documents.

use std::ops::Range;

use jsonc_parser::ast::{ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseError;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::pointer::Pointer;

/// The extensions of JSON that the parser takes by default.
const NO_EXTENSIONS: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// What is wrong with a text that is no JSON or of another shape, without the place.
pub(crate) fn reason_of(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let reason = message.split(" at line ").next();
    reason.unwrap_or(&message).to_owned()
}

/// The byte ranges of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The property name with its quotes; none for other values.
    pub key: Option<Range<usize>>,
    pub value: Range<usize>,
}

/// The value of a document; none if the text is blank.
///
/// # Errors
///
/// Text that is no JSON. Control characters in strings, white space of Unicode between values and
/// numbers that exceed a double are taken.
pub(crate) fn parse(text: &str) -> Result<Option<Value<'_>>, ParseError> {
    let collected = CollectOptions::default();
    Ok(parse_to_ast(text, &collected, &NO_EXTENSIONS)?.value)
}

/// The same for JSON with comments and trailing commas.
pub(crate) fn parse_with_comments(text: &str) -> Result<Option<Value<'_>>, ParseError> {
    let collected = CollectOptions::default();
    let extended = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        ..NO_EXTENSIONS
    };
    Ok(parse_to_ast(text, &collected, &extended)?.value)
}

/// The last of several properties with one name counts, as in `serde_json`.
pub(crate) fn locate(document: &Value<'_>, pointer: &Pointer) -> Option<Found> {
    let (mut key, mut value) = (None, document);
    for token in pointer.as_str().split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        (key, value) = match value {
            Value::Object(object) => {
                let mut properties = object.properties.iter().rev();
                let found = properties.find(|it| it.name.as_str() == token)?;
                (Some(key_of(found)), &found.value)
            }
            Value::Array(array) => (None, array.elements.get(token.parse::<usize>().ok()?)?),
            _ => return None,
        };
    }
    let value = range(value);
    Some(Found { key, value })
}

/// The range of a property name with its quotes.
pub(crate) fn key_of(property: &ObjectProp<'_>) -> Range<usize> {
    range(&property.name)
}

pub(crate) fn range(ranged: &impl Ranged) -> Range<usize> {
    let range = ranged.range();
    range.start..range.end
}

/// The JSON with other texts for the values that `replaced` gives one for, and everything else to the
/// letter; none where it gives none. Names of properties are no values.
pub(crate) fn with_texts(
    json: &str,
    mut replaced: impl FnMut(&str) -> Option<String>,
) -> Option<String> {
    let mut tokens = tokens(json).peekable();
    let (mut written, mut read) = (String::new(), 0);
    while let Some(token) = tokens.next() {
        let text = &json[token.clone()];
        let is_name = tokens.peek().is_some_and(|next| &json[next.clone()] == ":");
        if is_name || !text.starts_with('"') {
            continue;
        }
        if let Some(replaced) = text_of(text).and_then(|it| replaced(&it)) {
            written.push_str(&json[read..token.start]);
            written.push_str(&serde_json::Value::from(replaced).to_string());
            read = token.end;
        }
    }
    (read > 0).then(|| written + &json[read..])
}

/// The JSON on lines of its own, indented by two blanks; every name, text and number is to the letter.
pub(crate) fn pretty(json: &str) -> String {
    let (mut written, mut depth, mut before) = (String::with_capacity(2 * json.len()), 0, "");
    for token in tokens(json) {
        let token = &json[token];
        let is_end = matches!(token, "}" | "]");
        depth -= usize::from(is_end);
        let is_empty = is_end && matches!(before, "{" | "[");
        if !is_empty && (is_end || matches!(before, "{" | "[" | ",")) {
            written.push('\n');
            written.push_str(&"  ".repeat(depth));
        } else if before == ":" {
            written.push(' ');
        }
        depth += usize::from(matches!(token, "{" | "["));
        written.push_str(token);
        before = token;
    }
    written
}

/// The text of a token, if it is one.
fn text_of(token: &str) -> Option<String> {
    serde_json::from_str(token).ok()
}

/// The ranges of the tokens of a JSON.
fn tokens(json: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let begin = at;
        match *bytes.get(at)? {
            b'"' => {
                at += 1;
                while let Some(byte) = bytes.get(at).filter(|it| **it != b'"') {
                    at += if *byte == b'\\' { 2 } else { 1 };
                }
                at = json.len().min(at + 1);
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => at += 1,
            _ => {
                let ends = |it: &u8| it.is_ascii_whitespace() || b"{}[],:\"".contains(it);
                let length = bytes[at..].iter().position(ends);
                at += length.unwrap_or(bytes.len() - at);
            }
        }
        Some(begin..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"a": [1, {"x/y": "b\"]"}, null], "t": true, "a\u0062": {}}"#;

    fn found(pointer: &str) -> Option<(Option<&'static str>, &'static str)> {
        let document = parse(TEXT).unwrap().unwrap();
        let found = locate(&document, &Pointer::from_text(pointer.to_owned()))?;
        Some((found.key.map(|key| &TEXT[key]), &TEXT[found.value]))
    }

    #[test]
    fn a_pointer_finds_its_value_and_its_key() {
        assert_eq!(found(""), Some((None, TEXT)));
        assert_eq!(found("/a/0"), Some((None, "1")));
        assert_eq!(found("/a/1/x~1y"), Some((Some(r#""x/y""#), r#""b\"]""#)));
        assert_eq!(found("/a/2"), Some((None, "null")));
        assert_eq!(found("/t"), Some((Some(r#""t""#), "true")));
        assert_eq!(found("/ab"), Some((Some(r#""a\u0062""#), "{}")));
    }

    #[test]
    fn texts_are_replaced_and_the_rest_stays_to_the_letter() {
        let json = "\u{feff}{ \"a\": [\"a\", 2.50, \"\\u0061\\\"\"],\n\"a\":1e400 }";
        let upper = |text: &str| (text == "a" || text == "a\"").then(|| text.to_uppercase());
        let replaced = with_texts(json, upper).unwrap();
        assert_eq!(
            replaced,
            "\u{feff}{ \"a\": [\"A\", 2.50, \"A\\\"\"],\n\"a\":1e400 }"
        );
        assert_eq!(with_texts(json, |_| None), None);
    }

    #[test]
    fn pretty_json_is_to_the_letter() {
        for json in [
            TEXT,
            "[]",
            "{}",
            " [ { } , [ ] ] ",
            "\"a\"",
            "[[1],{\"a\":[2]}]",
        ] {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            let expected = format!("{value:#}").replace("\"ab\"", r#""a\u0062""#);
            assert_eq!(pretty(json), expected);
        }
        let json = r#"{"a":[2.50,1E2,"\u00e9\/"],"a":1e400}"#;
        let expected =
            "{\n  \"a\": [\n    2.50,\n    1E2,\n    \"\\u00e9\\/\"\n  ],\n  \"a\": 1e400\n}";
        assert_eq!(pretty(json), expected);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for pointer in ["/b", "/a/3", "/a/x", "/t/0", "/a/1/y"] {
            assert_eq!(found(pointer), None, "{pointer}");
        }
    }

    #[test]
    fn of_two_properties_with_one_name_the_last_counts() {
        let text = r#"{"a": 1, "\u0061": 2}"#;
        let document = parse(text).unwrap().unwrap();
        let found = locate(&document, &Pointer::root().key("a")).unwrap();
        assert_eq!(&text[found.value], "2");
    }

    #[test]
    fn what_serde_json_reads_is_read() {
        for at in 0..TEXT.len() {
            for other in [
                "", "{", "]", ",", ":", "\"", "\\", " ", "0", ".", "e", "-", "/*",
            ] {
                for rest in [at, at + 1] {
                    let text = format!("{}{other}{}", &TEXT[..at], &TEXT[rest..]);
                    let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
                    let is_read = matches!(parse(&text), Ok(Some(_)));
                    assert_eq!(is_read, is_json, "{text}");
                }
            }
        }
    }

    #[test]
    fn depth_is_limited() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert!(parse(&open.repeat(100_000)).is_err());
            let deep = format!("{}1{}", open.repeat(127), close.repeat(127));
            assert!(parse(&deep).is_ok());
        }
    }
}
