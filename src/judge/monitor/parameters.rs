//! Checks of the parameters of a request: presence, limits, phone numbers, words and the callback.

use serde_json::{Value, json};

use super::body::{Compared, Mismatch};
use super::request::{Check, is_reachable};
use crate::api::identifier::is_phone_number;
use crate::contract::operation::common_limits;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::redact::is_pseudonym;

impl Check {
    /// Every required parameter is there. An empty list or text has nothing of what is required.
    /// What has another type has no parts.
    pub(super) fn presence(
        &mut self,
        parameters: &Value,
        edition: Option<&str>,
        compared: &Compared,
    ) {
        let limits = &self.operation.limits;
        for name in self.operation.required(edition) {
            let has_minimum = |at: &Pointer| {
                let mut limits = limits.iter();
                limits.any(|it| it.at == at.as_str() && it.least > 0)
            };
            let lack = match lookup(parameters, name.split('/').next().unwrap_or(name)) {
                None if name.contains('/') => None,
                _ => lacking(parameters, name, &Pointer::root()),
            };
            let Some((at, actual)) = lack else { continue };
            let is_part = |it: &Mismatch| at != it.pointer && at.is_in(&it.pointer);
            if !actual.is_null() && has_minimum(&at) || compared.found.iter().any(is_part) {
                continue;
            }
            let place = at.as_str().trim_start_matches('/');
            let message = if actual.is_null() {
                format!("the request has no {place}, which the page requires")
            } else {
                format!("{place} is empty, but the page requires it")
            };
            self.found.add(
                Requirement::RequestBody,
                Rule::RequestBody,
                at,
                (Value::Null, actual),
                message,
            );
        }
    }

    /// The callback is an address to which a service can send notifications.
    pub(super) fn callback(&mut self, parameters: &Value) {
        let Some((name, value)) = lookup(parameters, "callbackUri") else {
            return;
        };
        let Some(given) = value.as_str().filter(|it| !is_reachable(it)) else {
            return;
        };
        self.found.add(
            Requirement::RequestBody,
            Rule::RequestBody,
            Pointer::root().key(name),
            (json!("https://…"), json!(given)),
            format!("{name} is {given:?}, which is not an absolute URL with https or http"),
        );
    }

    pub(super) fn limits(&mut self, parameters: &Value) {
        for limit in self.operation.limits.iter().chain(common_limits()) {
            let (actual, unit) = match parameters.pointer(&limit.at) {
                Some(Value::Array(items)) => (json!(items.len()), " items"),
                Some(Value::String(text)) => (json!(text.chars().count()), " characters"),
                Some(number @ Value::Number(_)) => (number.clone(), ""),
                _ => continue,
            };
            self.found.check(limit.requirement);
            let is_within = |it: i64| {
                let it = usize::try_from(it).ok();
                it.is_some_and(|it| (limit.least..=limit.most).contains(&it))
            };
            if !actual.as_i64().is_some_and(is_within) {
                let allowed = if limit.least == 0 {
                    format!("at most {}", limit.most)
                } else {
                    format!("{} to {}", limit.least, limit.most)
                };
                self.found.add(
                    limit.requirement,
                    Rule::Limit,
                    Pointer::from_text(limit.at.clone()),
                    (json!(limit.most), actual.clone()),
                    format!("{} is {actual}{unit}; {allowed} are allowed", limit.at),
                );
            }
        }
    }

    /// Checks the id of each phone in a request, wherever the request names people.
    pub(super) fn phone_numbers(&mut self, value: &Value, at: Path<'_>) {
        match value {
            Value::Object(properties) => {
                for (name, value) in properties {
                    let at = Path::Key(&at, name);
                    let id = value.get("id").and_then(Value::as_str);
                    match id.filter(|_| name == "phone") {
                        Some(id) => self.phone_number(id, Path::Key(&at, "id")),
                        None => self.phone_numbers(value, at),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.phone_numbers(item, Path::Index(&at, index));
                }
            }
            _ => {}
        }
    }

    fn phone_number(&mut self, id: &str, at: Path<'_>) {
        // A redacted recording shows no numbers.
        if is_pseudonym(id) {
            return;
        }
        self.found.check(Requirement::PhoneNumber);
        if !is_phone_number(id) {
            let pointer = at.pointer();
            let message =
                format!("{pointer} is {id:?}, which is not a phone number in E.164 format");
            self.found.add(
                Requirement::PhoneNumber,
                Rule::Limit,
                pointer,
                (json!("+15550100"), json!(id)),
                message,
            );
        }
    }

    pub(super) fn words(&mut self, parameters: &Value) {
        for words in &self.operation.words {
            let Some(actual) = parameters.pointer(&words.at).filter(|it| !it.is_null()) else {
                continue;
            };
            let is_word = actual
                .as_str()
                .is_some_and(|actual| words.of.iter().any(|it| it.eq_ignore_ascii_case(actual)));
            if !is_word {
                self.found.add(
                    Requirement::RequestBody,
                    Rule::RequestBody,
                    Pointer::from_text(words.at.clone()),
                    (json!(words.of), actual.clone()),
                    format!(
                        "{} is {actual}, which is not one of the documented values",
                        words.at
                    ),
                );
            }
        }
    }
}

/// The place of what a value lacks of a required path, such as `prompts/mediaInfo/uri`, with what is there instead. Each
/// item of a list must have the rest of the path.
fn lacking(value: &Value, path: &str, at: &Pointer) -> Option<(Pointer, Value)> {
    let (name, rest) = match path.split_once('/') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let Some((name, found)) = lookup(value, name) else {
        return Some((at.key(name), Value::Null));
    };
    let at = at.key(name);
    match (rest, found) {
        (None, Value::Array(items)) if items.is_empty() => Some((at, found.clone())),
        (None, Value::String(text)) if text.is_empty() => Some((at, Value::Null)),
        (Some(rest), Value::Array(items)) => {
            let items = items.iter().enumerate().filter(|(_, it)| it.is_object());
            let mut lacks = items.filter_map(|(index, it)| lacking(it, rest, &at.index(index)));
            lacks.next()
        }
        (Some(rest), Value::Object(_)) => lacking(found, rest, &at),
        _ => None,
    }
}
