//! A bot's request beside the one that it was triggered for.

use serde_json::Value;

use crate::api::identifier;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;

/// A part of a request that the trigger fixes and the bot changed.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    pub pointer: Pointer,
    pub expected: Value,
    pub actual: Value,
}

/// Properties that the bot chooses, or that only describe what others name.
const FREE: [&str; 20] = [
    "blob",
    "callback",
    "callbackUri",
    "clientContext",
    "countryCode",
    "displayName",
    "endpointType",
    "id",
    "identityProvider",
    "language",
    "languageId",
    "preFetchMedia",
    "region",
    "removeFromDefaultAudioRoutingGroup",
    "resourceId",
    "source",
    "subject",
    "tenantId",
    "timeout",
    "tenantID",
];

/// Compares the body of a request with the triggered one: people, targets, prompts, words and numbers are fixed.
///
/// What the bot adds is judged by the contract.
pub(super) fn differences(expected: &Value, actual: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    value(expected, actual, Pointer::root(), &mut found);
    found
}

fn value(expected: &Value, actual: &Value, at: Pointer, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Null, _) => {}
        (Value::Object(properties), Value::Object(_)) => {
            for (name, expected) in properties {
                if name.starts_with('@') || is_free(name, expected, properties) {
                    continue;
                }
                let actual = lookup(actual, name).map_or(&Value::Null, |(_, it)| it);
                value(expected, actual, at.key(name), found);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, wanted) in expected.iter().enumerate() {
                let is_it = |other: &&Value| differences(wanted, other).is_empty();
                if !actual.iter().any(|other| is_it(&other)) {
                    value(wanted, &actual[index], at.index(index), found);
                }
            }
        }
        _ if is_same(expected, actual) => {}
        _ => found.push(Difference {
            pointer: at,
            expected: expected.clone(),
            actual: actual.clone(),
        }),
    }
}

/// The id of an identity is fixed, other ids are the bot's.
fn is_free(name: &str, expected: &Value, beside: &serde_json::Map<String, Value>) -> bool {
    let is_identity = name == "id"
        && expected.is_string()
        && !beside.contains_key("identity")
        && !beside.contains_key("state");
    FREE.contains(&name) && !is_identity
}

fn is_same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(one), Value::String(other)) => {
            one.eq_ignore_ascii_case(other) || identifier::same(one, other)
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => expected == actual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_trigger_fixes_people_words_and_numbers() {
        let user = |id: &str| json!({"identity": {"user": {"id": id, "displayName": id}}});
        for (expected, actual, place) in [
            (
                json!({"reason": "busy"}),
                json!({"reason": "Busy", "more": 1}),
                None,
            ),
            (
                json!({"reason": "busy"}),
                json!({"reason": "none"}),
                Some("/reason"),
            ),
            (json!({"reason": "busy"}), json!({}), Some("/reason")),
            (
                json!({"participants": [user("1"), user("2")]}),
                json!({"participants": [user("2"), user("1")]}),
                None,
            ),
            (
                json!({"participants": [user("1")]}),
                json!({"participants": [user("3")]}),
                Some("/participants/0/identity/user/id"),
            ),
            (
                json!({"participants": [user("1")]}),
                json!({"participants": [user("1"), user("2")]}),
                Some("/participants"),
            ),
            (
                json!({"transferTarget": {"replacesCallId": "7"}}),
                json!({"transferTarget": {}}),
                Some("/transferTarget/replacesCallId"),
            ),
            (
                json!({"clientContext": "a", "callbackUri": "b", "subject": null}),
                json!({"clientContext": "c"}),
                None,
            ),
            (json!({"loop": true}), json!({"loop": false}), Some("/loop")),
        ] {
            let found = differences(&expected, &actual);
            let places: Vec<_> = found.iter().map(|it| it.pointer.as_str()).collect();
            assert_eq!(places.first().copied(), place, "{expected} {actual}");
        }
    }
}
