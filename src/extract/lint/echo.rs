//! Answers that repeat a request, and names of properties.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::pointer::{Path, Pointer};

use super::super::message::Part;
use super::super::people;
use super::super::remark::Remark;
use super::super::variables::is_placeholder;
use super::rules;
use super::view::{View, objects};

pub(super) fn check(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    nulls(view, found);
    names(view, found);
}

/// Values of the request that are `null` at the same place of the answer.
fn nulls(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    for exchange in &view.exchanges {
        let Some(request) = exchange.request.map(|index| &view.messages[index]) else {
            continue;
        };
        for answer in exchange.answers.iter().map(|index| &view.messages[*index]) {
            let (Some(asked), Some(answered)) = (request.body.json(), answer.body.json()) else {
                continue;
            };
            let mut pointers = Vec::new();
            let root = Pointer::root();
            lost(asked, answered, &Path::At(&root), "", &mut pointers);
            for (name, pointer) in pointers {
                let lines = [
                    View::body_line(answer, &pointer),
                    View::body_line(request, &pointer),
                ];
                let message = format!("`{name}` is null here, but has a value in the request");
                found.push(view.pair(&rules::NULL_ECHO, lines, message));
            }
        }
    }
}

/// The places of values that one document has and that are `null` in another, each name once.
fn lost<'j>(
    asked: &'j Value,
    answered: &Value,
    at: &Path<'_>,
    name: &'j str,
    found: &mut Vec<(&'j str, Pointer)>,
) {
    match (asked, answered) {
        (Value::Null, _) => {}
        (_, Value::Null) => {
            let is_new = found.iter().all(|(other, _)| *other != name);
            if is_new && !name.is_empty() {
                found.push((name, at.pointer()));
            }
        }
        (Value::Object(asked), Value::Object(answered)) => {
            for (name, value) in asked {
                if let Some(other) = answered.get(name) {
                    lost(value, other, &Path::Key(at, name), name, found);
                }
            }
        }
        (Value::Array(asked), Value::Array(answered)) => {
            for (index, (value, other)) in asked.iter().zip(answered).enumerate() {
                lost(value, other, &Path::Index(at, index), name, found);
            }
        }
        _ => {}
    }
}

/// A property of an object. Its value may be under another name elsewhere.
struct Use<'v> {
    /// The index of the message.
    message: usize,
    pointer: Pointer,
    value: &'v str,
    /// The names of all properties of the object.
    siblings: Vec<&'v str>,
}

/// Properties under two names: one name is the start of the other, no object has both, and they have a value in common.
fn names(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    let uses = uses(view);
    for by_name in uses.values() {
        for (short, of_short) in by_name {
            for (long, of_long) in by_name {
                let is_longer = long
                    .strip_prefix(short)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
                let are_apart = || of_short.iter().all(|it| !it.siblings.contains(long));
                let shares = |it: &Use<'_>| of_long.iter().any(|other| other.value == it.value);
                if !is_longer || !are_apart() || !of_short.iter().any(shares) {
                    continue;
                }
                let line = |it: &Use<'_>| View::body_line(&view.messages[it.message], &it.pointer);
                for one in of_short {
                    let lines = [line(one), line(&of_long[0])];
                    let message = format!("`{short}` is `{long}` elsewhere on the page");
                    found.push(view.pair(&rules::NAME_VARIES, lines, message));
                }
            }
        }
    }
}

/// The texts in properties, by the kind of their object and their name.
fn uses<'v>(view: &View<'v, '_>) -> BTreeMap<&'v str, BTreeMap<&'v str, Vec<Use<'v>>>> {
    let mut uses: BTreeMap<&str, BTreeMap<&str, Vec<Use<'_>>>> = BTreeMap::new();
    for (message, shown) in view.messages.iter().enumerate() {
        if matches!(shown.part, Part::Request { .. }) && shown.is_foreign {
            continue;
        }
        let Some(body) = shown.body.json() else {
            continue;
        };
        let root = Pointer::root();
        objects(body, &Path::At(&root), "", &mut |at, name, object| {
            let kind = match people::kind_of(name, false) {
                Some(_) => "identity",
                None => name,
            };
            let Some(properties) = object.as_object().filter(|_| !kind.is_empty()) else {
                return;
            };
            for (name, value) in properties {
                let Some(value) = value.as_str().filter(|it| !is_placeholder(it)) else {
                    continue;
                };
                let by_name = uses.entry(kind).or_default();
                by_name.entry(name).or_default().push(Use {
                    message,
                    pointer: Path::Key(at, name).pointer(),
                    value,
                    siblings: properties.keys().map(String::as_str).collect(),
                });
            }
        });
    }
    uses
}
