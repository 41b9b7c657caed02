//! Compares a bot's request with the request of its trigger.

use serde_json::{Value, json};
use url::Url;

use super::outgoing;
use crate::api::address::is_same_place;
use crate::api::identifier;
use crate::api::resource::{below_prefix, version_of};
use crate::contract::operation;
use crate::contract::prefix::{Prefix, prefix_of};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Request;
use crate::judge::people::{Named, call_of, labels, named, people_at};
use crate::judge::record::{Breach, Record};
use crate::scenario::format::RequestStep;

/// The rules of a value in a body: a value that breaks one is not also another than that of the trigger.
const OF_BODY: &[Rule] = &[Rule::RequestBody, Rule::Limit];

/// The path of a request names what the trigger does, below a documented prefix and in the API version of the
/// scenario.
pub(super) fn judge_target(
    record: &mut Record,
    (at, step): (usize, &RequestStep),
    expected: &Request,
    actual: &Request,
) {
    for requirement in [
        Requirement::RequestMethod,
        Requirement::RequestTarget,
        Requirement::RequestVersion,
    ] {
        record.check(requirement);
    }
    if names_id(expected) && prefix_of(&actual.target) == Some(Prefix::Documented) {
        record.check(Requirement::IdsUnchanged);
    }
    let api = record
        .case
        .scenario
        .id
        .api()
        .or_else(|| version_of(&step.target));
    let version = version_of(&actual.target);
    let mut breach = Breach::new(
        Requirement::RequestTarget,
        Rule::RequestTarget,
        Some(at),
        json!(expected.target),
        json!(actual.target),
        format!("the request goes to {}", actual.target),
    );
    let paths = below_prefix(&expected.target).zip(below_prefix(&actual.target));
    let broken = if let Some((wanted, path)) = paths {
        let is_same = |(one, other): (&&str, &&str)| {
            one.eq_ignore_ascii_case(other) || identifier::same(one, other)
        };
        // The last segment may be another name of the action.
        let ids = wanted
            .len()
            .saturating_sub(usize::from(expected.method == "POST"));
        let has_ids = wanted.iter().zip(&path).take(ids).all(is_same);
        let is_documented = prefix_of(&actual.target) == Some(Prefix::Documented);
        let broken = if is_documented {
            Requirement::IdsUnchanged
        } else {
            Requirement::RequestTarget
        };
        (!is_documented || !has_ids).then_some(broken)
    } else {
        let is_there = outgoing::path(&expected.target) == outgoing::path(&actual.target);
        (!is_there).then_some(Requirement::RequestTarget)
    };
    if let Some(broken) = broken {
        breach.requirement = broken;
        record.report(breach);
    } else if let (Some(api), Some(version)) = (api, version)
        && api != version
    {
        breach.requirement = Requirement::RequestVersion;
        breach.message = format!("the request uses {version}, but the scenario is of {api}");
        record.report(breach);
    }
}

/// True if the path of a request names a call, or something that belongs to one.
fn names_id(request: &Request) -> bool {
    let found = operation::of_request(&request.method, &request.target);
    found.is_some_and(|(_, ids)| ids.count() > 0)
}

/// True if a trigger asks for a call without media.
fn avoids_media(expected: &Value) -> bool {
    let modalities = lookup(expected, "requestedModalities").and_then(|(_, it)| it.as_array());
    modalities.is_some_and(Vec::is_empty)
}

/// Compares a request with the one that the bot was triggered for.
pub(super) fn judge_body(record: &mut Record, at: usize, expected: &Request, actual: &Request) {
    let null = Value::Null;
    let found = operation::of_request(&expected.method, &expected.target);
    let people = found.and_then(|(operation, _)| operation.people.as_deref());
    let expected = expected.body.json().unwrap_or(&null);
    // A trigger without people, words and the like fixes nothing of the body.
    if expected.is_object() && !differences(expected, &json!({})).is_empty() {
        record.check(Requirement::RequestTriggered);
    }
    let Some(actual) = actual.body.json() else {
        // The contract reports a missing body, if it is required.
        return;
    };
    if let Some(people) = people {
        judge_people(record, at, people, expected, actual);
    }
    for difference in differences(expected, actual) {
        let pointer = difference.pointer;
        let is_of_people = people.is_some_and(|people| pointer.as_str().starts_with(people));
        if is_of_people || record.is_reported(at, OF_BODY, &pointer) {
            continue;
        }
        // A bot that joins only to transfer, as documented, avoids media.
        let is_media = pointer.as_str() == "/requestedModalities"
            && difference.expected.as_array().is_some_and(Vec::is_empty);
        let requirement = if is_media {
            Requirement::MediaAvoided
        } else {
            Requirement::RequestTriggered
        };
        let message = format!("{pointer} differs from the trigger");
        let breach = Breach::new(
            requirement,
            Rule::RequestBody,
            Some(at),
            difference.expected,
            difference.actual,
            message,
        );
        record.report(breach.at(pointer));
    }
    if avoids_media(expected) {
        record.check(Requirement::MediaAvoided);
    }
}

/// The callback of a request leads to the bot: to the host that confcall was given for it. The bot chooses the path, where
/// it has to acknowledge the notifications.
pub(super) fn judge_callback(record: &mut Record, at: usize, actual: &Request) {
    let given = record.options.callback.as_ref().map(|it| it.url.clone());
    let named = actual.body.json().and_then(|it| lookup(it, "callbackUri"));
    let (Some(given), Some((name, Value::String(named)))) = (given, named) else {
        return;
    };
    record.check(Requirement::RequestTriggered);
    let (Ok(expected), Ok(url)) = (Url::parse(&given), Url::parse(named)) else {
        // The contract reports a text that is no URL.
        return;
    };
    if !is_same_place(&expected, &url) {
        let message = format!(
            "{name} leads elsewhere: {named} is on another host or port than {given}, the address of the bot"
        );
        let breach = Breach::new(
            Requirement::RequestTriggered,
            Rule::RequestBody,
            Some(at),
            json!(given),
            json!(named),
            message,
        );
        record.report(breach.at(Pointer::root().key(name)));
    }
}

/// Compares the people of a request, by kind and id, and the calls that they replace.
fn judge_people(record: &mut Record, at: usize, place: &str, expected: &Value, actual: &Value) {
    for requirement in [
        Requirement::InvitePeople,
        Requirement::InvitePeopleLimit,
        Requirement::InviteContextLimit,
    ] {
        record.check(requirement);
    }
    let pointer = Pointer::from_text(place.to_owned());
    if record.is_reported(at, OF_BODY, &pointer) {
        return;
    }
    let (wanted, found) = (people_at(expected, place), people_at(actual, place));
    if named(&wanted, &found) != Named::All {
        let breach = Breach::new(
            Requirement::InvitePeople,
            Rule::RequestBody,
            Some(at),
            labels(&wanted),
            labels(&found),
            "the request does not name exactly the people of its trigger".into(),
        );
        record.report(breach.at(pointer));
        return;
    }
    for person in wanted {
        let Some(call) = &person.replaces else {
            continue;
        };
        record.check(Requirement::InviteReplaces);
        let Some(index) = found.iter().position(|it| it.is_same(&person)) else {
            continue;
        };
        let (rule, actual, message) = match &found[index].replaces {
            Some(actual) if identifier::same(actual, call) => continue,
            Some(actual) => (
                Rule::Correlation,
                json!(actual),
                format!("the request replaces the call {actual}, but the trigger names {call}"),
            ),
            None => (
                Rule::RequestBody,
                Value::Null,
                "the request does not name the call that it replaces".to_owned(),
            ),
        };
        let step = Some(at);
        let requirement = Requirement::InviteReplaces;
        let breach = Breach::new(requirement, rule, step, json!(call), actual, message);
        record.report(breach.at(pointer.index(index).key("replacesCallId")));
    }
}

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
                if name.starts_with(['@', '$']) || is_free(name, expected, properties) {
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
            one.eq_ignore_ascii_case(other) || identifier::same(&call_of(one), &call_of(other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => expected == actual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Body, Headers};

    #[test]
    fn only_a_path_with_an_id_tests_ids() {
        for (method, target, tests) in [
            ("POST", "/communications/calls", false),
            ("POST", "/communications/calls/1/answer", true),
            ("GET", "/communications/calls/1", true),
            ("GET", "/communications/calls/1/operations/2", true),
        ] {
            let request = Request {
                method: method.into(),
                target: target.into(),
                headers: Headers::new(),
                body: Body::Empty,
            };
            assert_eq!(names_id(&request), tests, "{method} {target}");
        }
    }

    #[test]
    fn only_a_trigger_without_modalities_tests_that_media_is_avoided() {
        assert!(avoids_media(&json!({"requestedModalities": []})));
        assert!(!avoids_media(&json!({"requestedModalities": ["audio"]})));
        assert!(!avoids_media(&json!({})));
    }

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
