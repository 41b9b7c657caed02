//! Strings with variables: `/calls/{call}/answer`.
//!
//! `{name}` is a variable, `{{` and `}}` are literal braces. A name is made of lower-case letters,
//! digits and hyphens, and starts with a letter.

use std::borrow::Cow;

use serde_json::Value;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stands as it is, braces unescaped.
    Literal(Cow<'a, str>),
    /// The name of a variable.
    Variable(&'a str),
}

/// Splits a template into its parts. A brace that opens no variable is a literal one.
pub fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let tail = &rest[at..];
        if tail.starts_with("{{") || tail.starts_with("}}") {
            literal.push_str(&tail[..1]);
            rest = &tail[2..];
        } else if let Some(name) = variable_at(tail) {
            if !literal.is_empty() {
                parts.push(Part::Literal(Cow::Owned(std::mem::take(&mut literal))));
            }
            parts.push(Part::Variable(name));
            rest = &tail[name.len() + 2..];
        } else {
            literal.push_str(&tail[..1]);
            rest = &tail[1..];
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(Cow::Owned(literal)));
    }
    parts
}

fn variable_at(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.split_once('}')?.0;
    is_name(name).then_some(name)
}

/// Whether a word can name a variable.
pub fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The names of the variables in a template, in order, with repeats.
pub fn variables(template: &str) -> impl Iterator<Item = &str> {
    let parts = template.contains('{').then(|| parts(template));
    parts.into_iter().flatten().filter_map(|part| match part {
        Part::Variable(name) => Some(name),
        Part::Literal(_) => None,
    })
}

/// Writes text so that a template of it is that text: braces doubled.
pub fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Fills a template in. `value` gives the value of a variable; one that has none stays as
/// `{name}`.
pub fn fill(template: &str, value: &impl Fn(&str) -> Option<String>) -> String {
    if !template.contains(['{', '}']) {
        return template.to_owned();
    }
    let mut text = String::with_capacity(template.len());
    for part in parts(template) {
        match part {
            Part::Literal(literal) => text.push_str(&literal),
            Part::Variable(name) => {
                text.push_str(&value(name).unwrap_or_else(|| format!("{{{name}}}")));
            }
        }
    }
    text
}

/// Fills in every string of a JSON value; property names stay as they are.
pub fn fill_json(template: &Value, value: &impl Fn(&str) -> Option<String>) -> Value {
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

/// The name of the variable that a template is, where it is one and nothing else.
pub fn sole_variable(template: &str) -> Option<&str> {
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
