//! The part of a scenario's request that a request in traffic must have, so that it shows the scenario.
//!
//! For: the API version, the people, and the properties of the body, which distinguish the scenarios of one operation.
//! Not for: the values that a bot chooses.

use serde_json::{Map, Value};

use crate::api::resource::version_of;
use crate::api::template;
use crate::contract::operation::Operation;
use crate::contract::shape::{bare_type, canonical, lookup};
use crate::contract::types;
use crate::http::message::Request;
use crate::judge::compare::OFTEN_ABSENT;
use crate::scenario::format::{RequestStep, ScenarioId};

/// A request of one operation as a scenario shows it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    api: Option<String>,
    /// None where the scenario has no JSON body.
    body: Option<Part>,
}

/// A value in the body.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Part {
    Boolean,
    Number,
    Text,
    /// A protocol word.
    Word(String),
    /// An `@odata.type`, which may be absent.
    Type(String),
    Absent,
    Object(Vec<(String, Self)>),
    /// Items of which each is among those of the request.
    Items(Vec<Self>),
    /// One item for each of the request.
    People(Vec<Self>),
}

const TYPE: &str = "@odata.type";
/// A person has an identity.
const IDENTITY: &str = "identity";
/// The call that a person leaves for the call of the request.
const REPLACED_CALL: &str = "replacesCallId";
/// Properties that a bot may choose or leave out, whatever it does.
const CHOSEN: [&str; 5] = ["clientContext", "id", "resourceId", "source", "subject"];

impl Pattern {
    pub(super) fn of(
        id: &ScenarioId,
        step: &RequestStep,
        operation: Option<&'static Operation>,
    ) -> Self {
        let api = id.api().or_else(|| version_of(&step.target));
        let body = step.body.json();
        Self {
            api: api.map(ToOwned::to_owned),
            body: body.map(|body| match body {
                Value::Object(properties) => parameters(properties, operation),
                body => value(body),
            }),
        }
    }

    /// True if a request of the operation has all of it.
    pub(super) fn fits(&self, request: &Request) -> bool {
        let version = version_of(&request.target);
        let is_of_api = self.api.as_deref().zip(version);
        is_of_api.is_none_or(|(api, version)| api == version)
            && self.body.as_ref().is_none_or(|pattern| {
                let body = request.body.json().unwrap_or(&Value::Null);
                pattern.fits(body)
            })
    }
}

impl Part {
    fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text, Value::String(_))
            | (Self::Absent | Self::Type(_), Value::Null) => true,
            (Self::Word(word), Value::String(text)) => word.eq_ignore_ascii_case(text),
            (Self::Type(name), Value::String(text)) => name.eq_ignore_ascii_case(bare_type(text)),
            (Self::Object(properties), Value::Object(_)) => {
                properties.iter().all(|(name, property)| {
                    let found = lookup(value, name).map_or(&Value::Null, |(_, it)| it);
                    property.fits(found)
                })
            }
            (Self::Items(items), Value::Array(values)) => {
                let is_there = |item: &Self| values.iter().any(|value| item.fits(value));
                items.is_empty() == values.is_empty() && items.iter().all(is_there)
            }
            (Self::People(people), Value::Array(values)) => {
                let mut left: Vec<&Self> = people.iter().collect();
                let is_expected = |value: &Value| {
                    let at = left.iter().position(|person| person.fits(value));
                    at.map(|at| left.swap_remove(at)).is_some()
                };
                people.len() == values.len() && values.iter().all(is_expected)
            }
            _ => false,
        }
    }
}

/// The body of a request, whose words are protocol words.
fn parameters(properties: &Map<String, Value>, operation: Option<&'static Operation>) -> Part {
    let has_words = |name: &str| {
        let Some(operation) = operation else {
            return false;
        };
        let parameters;
        let listed = if let Some(body) = &operation.body {
            types::variants(types::properties(body), name)
        } else {
            parameters = types::parameter(&operation.pages, name);
            &parameters
        };
        listed.iter().any(|it| !it.words.is_empty())
    };
    object(properties, |name, found| {
        if has_words(name) {
            words(found)
        } else {
            value(found)
        }
    })
}

/// The properties that a bot has to send if it does what the scenario shows.
fn object(properties: &Map<String, Value>, of: impl Fn(&str, &Value) -> Part) -> Part {
    let is_chosen = |name: &str| {
        let is_annotation = name.starts_with('@') && name != TYPE;
        is_annotation || CHOSEN.contains(&name) || OFTEN_ABSENT.contains(&canonical(name))
    };
    let shown = properties.iter();
    let shown = shown.filter(|(name, value)| !value.is_null() && !is_chosen(name));
    let mut shown: Vec<_> = shown
        .map(|(name, found)| match found {
            Value::String(printed) if name == TYPE => {
                (name.clone(), Part::Type(bare_type(printed).to_owned()))
            }
            found => (name.clone(), of(name, found)),
        })
        .collect();
    let is_person = properties.contains_key(IDENTITY);
    let replaced = properties.get(REPLACED_CALL);
    if is_person && replaced.is_none_or(Value::is_null) {
        shown.push((REPLACED_CALL.to_owned(), Part::Absent));
    }
    shown.sort_by(|(one, _), (other, _)| one.cmp(other));
    Part::Object(shown)
}

fn value(found: &Value) -> Part {
    match found {
        Value::Null => Part::Absent,
        Value::Bool(_) => Part::Boolean,
        Value::Number(_) => Part::Number,
        Value::String(_) => Part::Text,
        Value::Array(items) => {
            let is_person = |item: &Value| item.get(IDENTITY).is_some();
            let are_people = !items.is_empty() && items.iter().all(is_person);
            let items = items.iter().map(value).collect();
            if are_people {
                Part::People(items)
            } else {
                Part::Items(items)
            }
        }
        Value::Object(properties) => object(properties, |_, found| value(found)),
    }
}

/// A variable matches any word.
fn words(found: &Value) -> Part {
    match found {
        Value::String(word) if template::variables(word).next().is_none() => {
            Part::Word(word.to_ascii_lowercase())
        }
        Value::Array(items) => Part::Items(items.iter().map(words).collect()),
        found => value(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::operation;
    use crate::http::message::{Body, Headers};
    use serde_json::json;

    const INVITE: &str = "/v1.0/app/calls/1/participants/invite";

    /// True if a request with a body fits the request of a scenario, both by their targets and bodies.
    fn fits(shown: (&str, &Value), actual: (&str, &Value)) -> bool {
        let step = json!({"line": 1, "method": "POST", "target": shown.0, "body": shown.1});
        let step: RequestStep = serde_json::from_value(step).unwrap();
        let operation = operation::of_request("POST", shown.0).map(|(operation, _)| operation);
        let request = Request {
            method: "POST".into(),
            target: actual.0.into(),
            headers: Headers::new(),
            body: Body::Json(actual.1.clone()),
        };
        Pattern::of(&ScenarioId::new("name"), &step, operation).fits(&request)
    }

    #[test]
    fn a_request_fits_by_its_people() {
        let one = json!({"identity": {"user": {"id": "1", "displayName": "n"}}});
        let same = json!({"identity": {"user": {"id": "2"}}, "replacesCallId": null});
        let moved = json!({"identity": {"user": {"id": "1"}}, "replacesCallId": "2"});
        let phone = json!({"identity": {"phone": {"id": "+1"}}});
        for (shown, actual, expected) in [
            (&[&one][..], &[&same][..], true),
            (&[&one], &[&phone], false),
            (&[&one], &[&moved], false),
            (&[&moved], &[&one], false),
            (&[&one], &[], false),
            (&[&one, &one], &[&one], false),
            (&[&one], &[&one, &one], false),
            (&[&one, &one], &[&one, &phone], false),
            (&[&one, &phone], &[&phone, &same], true),
            (&[&one, &moved], &[&moved, &one], true),
        ] {
            let body = |people: &[&Value]| json!({"participants": people});
            let found = fits((INVITE, &body(shown)), (INVITE, &body(actual)));
            assert_eq!(found, expected, "{shown:?} {actual:?}");
        }
    }

    #[test]
    fn a_request_fits_by_its_version() {
        let body = json!({});
        let beta = INVITE.replace("v1.0", "beta");
        for (target, expected) in [(INVITE, true), (&beta, false), (&INVITE[5..], true)] {
            let found = fits((INVITE, &body), (target, &body));
            assert_eq!(found, expected, "{target}");
        }
    }

    #[test]
    fn a_request_fits_by_its_properties_and_words() {
        let media = |name: &str| json!({"mediaConfig": {"@odata.type": name}});
        let chat = |thread: Value| json!({"chatInfo": {"threadId": thread}});
        let reason = |word: &str| json!({"reason": word});
        let media_kinds = |kinds: &[&str]| json!({"requestedModalities": kinds});
        let free = json!({"subject": "s", "clientContext": "c", "tenantId": "t"});
        let (create, reject) = ("/app/calls", "/app/calls/1/reject");
        for (target, shown, actual, expected) in [
            (reject, reason("busy"), reason("Busy"), true),
            (reject, reason("busy"), reason("none"), false),
            (reject, reason("{reason}"), reason("none"), true),
            (reject, reason("busy"), Value::Null, false),
            (create, media("#a.b"), media("A.b"), true),
            (create, media("#a.b"), json!({"mediaConfig": {}}), true),
            (create, media("#a.b"), media("#a.c"), false),
            (create, chat("t".into()), chat("u".into()), true),
            (create, chat("t".into()), chat(7.into()), false),
            (create, chat("t".into()), json!({"chatInfo": {}}), false),
            (
                create,
                media_kinds(&["audio"]),
                media_kinds(&["video", "Audio"]),
                true,
            ),
            (
                create,
                media_kinds(&["audio"]),
                media_kinds(&["video"]),
                false,
            ),
            (create, media_kinds(&[]), media_kinds(&["audio"]), false),
            (create, free, json!({}), true),
        ] {
            let found = fits((target, &shown), (target, &actual));
            assert_eq!(found, expected, "{shown} {actual}");
        }
    }
}
