//! Violations of the file format that the JSON parser accepts: a repeated property, of which it
//! keeps the last, and an array in place of an object, which it takes for the fields of a Rust
//! type.

use crate::diagnostic::Diagnostic;
use crate::diagnostic::json::Placed;
use crate::diagnostic::place::Place;

/// The first such violation. `values` are all values of the text, in order.
pub(super) fn first_mismatch(file: &str, text: &str, values: &[Placed]) -> Option<Diagnostic> {
    let (at, message, remedy) = values.iter().find_map(|value| breach(text, value))?;
    Some(Diagnostic {
        remedy: Some(remedy),
        ..Place::of_offset(text, at).diagnostic(file, text, message)
    })
}

/// The offset, the message, and the remedy.
fn breach(text: &str, value: &Placed) -> Option<(usize, String, String)> {
    let start = value.found.value.start;
    if value.again {
        let key = value.found.key.clone()?;
        let message = format!("{} comes twice in one object", text.get(key.clone())?);
        let remedy = "keep one of the two, or give this one another name";
        return Some((key.start, message, remedy.to_owned()));
    }
    let (name, example) = object_at(value.pointer.as_str())?;
    let is_object = text.as_bytes().get(start) == Some(&b'{');
    if !is_object {
        let message = format!("{name} is an object in braces, `{{…}}`");
        return Some((start, message, format!("write {example}")));
    }
    let is_step = name == STEP.0;
    if is_step && value.children != 1 {
        let remedy = match value.children {
            0 => format!("write {example}"),
            _ => "give each message braces of its own".to_owned(),
        };
        return Some((start, "a step holds one message".to_owned(), remedy));
    }
    None
}

const STEP: (&str, &str) = (
    "a step",
    "`{\"request\": {…}}`, `{\"response\": {…}}`, `{\"notification\": {…}}` or `{\"refusal\": {…}}`",
);

/// The name of the object at a pointer, and an example; none if anything is allowed, or if the
/// parser reports it.
fn object_at(pointer: &str) -> Option<(&'static str, &'static str)> {
    let tokens: Vec<_> = pointer.split('/').skip(1).collect();
    Some(match tokens.as_slice() {
        [] => (
            "a scenario",
            "`{\"version\": 1, \"source\": \"page.md\", \"steps\": […]}`; `confcall schema` prints the format",
        ),
        ["variables", _] => ("a variable", "`{\"kind\": \"call\", \"value\": \"…\"}`"),
        ["steps", _] => STEP,
        ["steps", _, "request"] => (
            "a request",
            "`{\"line\": 1, \"method\": \"POST\", \"target\": \"/…\"}`",
        ),
        ["steps", _, "response"] => ("a response", "`{\"line\": 1, \"status\": 200}`"),
        ["steps", _, "refusal"] => ("a refusal", "`{\"line\": 1, \"statuses\": [400]}`"),
        ["steps", _, "notification"] => (
            "a notification",
            "`{\"line\": 1, \"method\": \"POST\", \"target\": \"…\", \"body_line\": 1, \"body\": {…}}`",
        ),
        ["steps", _, "response", "or", _] => {
            ("a status of the prose", "`{\"status\": 202, \"line\": 1}`")
        }
        _ => return None,
    })
}
