//! Strings with variables: `/calls/{call}/answer`.
//!
//! `{name}` is a variable, `{{` and `}}` are literal braces. A name is made of lower-case letters,
//! digits and hyphens, and starts with a letter.

use std::borrow::Cow;

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Text with unescaped braces.
    Literal(Cow<'a, str>),
    Variable(&'a str),
}

/// Splits a template into its parts. A brace that opens no variable is a literal one.
pub(crate) fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for piece in pieces(template) {
        match (piece, parts.last_mut()) {
            (Piece::Literal(text), Some(Part::Literal(before))) => before.to_mut().push_str(text),
            (Piece::Literal(text), _) => parts.push(Part::Literal(text.into())),
            (Piece::Variable(name), _) => parts.push(Part::Variable(name)),
        }
    }
    if parts.is_empty() {
        parts.push(Part::Literal("".into()));
    }
    parts
}

/// A part of the raw template: text ends at a brace.
enum Piece<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_double = rest.starts_with("{{") || rest.starts_with("}}");
        let (piece, length) = match memchr::memchr2(b'{', b'}', rest.as_bytes()) {
            Some(0) if is_double => (Piece::Literal(&rest[..1]), 2),
            Some(0) => match variable_at(rest) {
                Some(name) => (Piece::Variable(name), name.len() + 2),
                None => (Piece::Literal(&rest[..1]), 1),
            },
            brace => {
                let end = brace.unwrap_or(rest.len());
                (Piece::Literal(&rest[..end]), end)
            }
        };
        rest = &rest[length..];
        Some(piece)
    })
}

fn variable_at(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?;
    let name = &name[..memchr::memchr(b'}', name.as_bytes())?];
    is_name(name).then_some(name)
}

/// True if the word is a valid name of a variable.
pub(crate) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The names of the variables in a template, in order, with repeats.
pub(crate) fn variables(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Literal(_) => None,
    })
}

/// Doubles braces, so that the text is a template of itself.
pub(crate) fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// `value` returns the value of a variable; one without a value stays `{name}`.
pub(crate) fn fill<V: AsRef<str>>(template: &str, value: &impl Fn(&str) -> Option<V>) -> String {
    let mut text = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Variable(name) => match value(name) {
                Some(value) => text.push_str(value.as_ref()),
                None => text.extend(["{", name, "}"]),
            },
        }
    }
    text
}

/// Fills in every string of a JSON value; property names stay as they are.
pub(crate) fn fill_json<V: AsRef<str>>(
    template: &Value,
    value: &impl Fn(&str) -> Option<V>,
) -> Value {
    match template {
        Value::String(text) => Value::String(fill(text, value)),
        Value::Array(items) => items.iter().map(|item| fill_json(item, value)).collect(),
        Value::Object(properties) => properties
            .iter()
            .map(|(name, item)| (name.clone(), fill_json(item, value)))
            .collect(),
        other => other.clone(),
    }
}

/// The name of a variable that is the whole template.
pub(crate) fn sole_variable(template: &str) -> Option<&str> {
    let name = variable_at(template)?;
    (name.len() + 2 == template.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_fill_in_and_escape() {
        let value = |name: &str| (name == "call").then(|| "42".to_owned());
        assert_eq!(fill("/calls/{call}/{other}", &value), "/calls/42/{other}");
        assert_eq!(fill("{{call}} {Call} {", &value), "{call} {Call} {");
        assert_eq!(fill(&escape("{call}"), &value), "{call}");
    }

    #[test]
    fn a_sole_variable_is_all_of_the_text() {
        assert_eq!(sole_variable("{call}"), Some("call"));
        assert_eq!(sole_variable("{call}/x"), None);
        assert_eq!(sole_variable("{{call}}"), None);
        assert_eq!(sole_variable("{a}{b}"), None);
    }

    #[test]
    fn bodies_fill_in_at_every_depth() {
        let body = serde_json::json!({"a": ["{call}", 1, null], "b": {"{call}": "{call}"}});
        let filled = fill_json(&body, &|_| Some("42".to_owned()));
        assert_eq!(
            filled,
            serde_json::json!({"a": ["42", 1, null], "b": {"{call}": "42"}})
        );
    }
}
