//! The operation that a scenario shows: the documented request that its page is about.

use super::format::{Scenario, Step};
use crate::api::resource;

/// `invite`, `playPrompt`, `createCall`: of the request that the page is named after, else of the last
/// one; none without a request for something of the API.
pub(crate) fn of(scenario: &Scenario) -> Option<String> {
    let requests = scenario.script.steps.iter().filter_map(|step| match step {
        Step::Request(step) => name(&step.method, &step.target),
        _ => None,
    });
    let names: Vec<String> = requests.collect();
    let page = scenario.id.page();
    let named = page.rsplit('-').next().unwrap_or(page);
    let is_of_page = |name: &&String| {
        let name = name.to_ascii_lowercase();
        !named.is_empty() && name.starts_with(&named.to_ascii_lowercase())
    };
    names.iter().find(is_of_page).or(names.last()).cloned()
}

/// The name of a request's operation: its action, or what its method does with an entity.
fn name(method: &str, target: &str) -> Option<String> {
    let mut segments = resource::path_of(target)
        .split('/')
        .filter(|it| !it.is_empty());
    segments.find(|segment| *segment == "calls")?;
    if let Some(action) = resource::collection_action(method, target) {
        return Some(action.to_owned());
    }
    let rest: Vec<&str> = segments.collect();
    match (method, &rest[..]) {
        ("POST", []) => Some("createCall".to_owned()),
        ("POST", [_, collection]) if is_collection(collection) => {
            Some(verb("create", singular(collection)))
        }
        ("POST", [_, .., action]) => Some(resource::action_name(action).to_owned()),
        ("GET", []) => Some("listCalls".to_owned()),
        (method, [_]) => Some(verb(verb_of(method)?, "call")),
        ("GET", [_, collection]) => Some(verb("list", collection)),
        (method, [_, collection, _]) => Some(verb(verb_of(method)?, singular(collection))),
        _ => None,
    }
}

fn verb_of(method: &str) -> Option<&'static str> {
    Some(match method {
        "GET" => "get",
        "DELETE" => "delete",
        "PATCH" | "PUT" => "update",
        _ => return None,
    })
}

/// True for a collection that entities are posted to; anything else below a call is an action.
fn is_collection(segment: &str) -> bool {
    segment.eq_ignore_ascii_case("audioRoutingGroups")
}

fn singular(collection: &str) -> &str {
    collection.strip_suffix('s').unwrap_or(collection)
}

fn verb(verb: &str, noun: &str) -> String {
    let (first, rest) = noun.split_at(noun.chars().next().map_or(0, char::len_utf8));
    format!("{verb}{}{rest}", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::format::{ScenarioId, Script};
    use serde_json::json;

    #[test]
    fn an_operation_is_named_by_its_action_or_its_method() {
        for (method, target, expected) in [
            ("POST", "/app/calls/{call}/answer", Some("answer")),
            (
                "POST",
                "/app/calls/{call}/microsoft.graph.answer",
                Some("answer"),
            ),
            (
                "POST",
                "/app/calls/{call}/participants/invite",
                Some("invite"),
            ),
            (
                "POST",
                "/app/calls/{call}/participants/{participant}/mute",
                Some("mute"),
            ),
            (
                "POST",
                "https://h/beta/communications/calls",
                Some("createCall"),
            ),
            (
                "POST",
                "/communications/calls/logQuality",
                Some("logQuality"),
            ),
            (
                "POST",
                "/app/calls/{call}/audioRoutingGroups",
                Some("createAudioRoutingGroup"),
            ),
            (
                "PATCH",
                "/app/calls/{call}/audioRoutingGroups/{x}",
                Some("updateAudioRoutingGroup"),
            ),
            ("GET", "/app/calls/{call}", Some("getCall")),
            (
                "GET",
                "/app/calls/{call}/participants",
                Some("listParticipants"),
            ),
            (
                "DELETE",
                "/app/calls/{call}/participants/{participant}",
                Some("deleteParticipant"),
            ),
            ("POST", "/app/calls/{call}", None),
            ("GET", "{recording}", None),
            ("GET", "/me/messages", None),
        ] {
            assert_eq!(name(method, target).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn a_page_is_about_the_operation_that_it_is_named_after() {
        let request = |method: &str, target: &str| json!({"request": {"line": 1, "method": method, "target": target}});
        let steps = [
            request("POST", "/app/calls/{call}/participants/invite"),
            request("DELETE", "/app/calls/{call}/participants/{participant}"),
        ];
        let script = json!({"version": 1, "source": "p.md", "steps": steps});
        let script: Script = serde_json::from_value(script).unwrap();
        for (id, expected) in [
            ("participant-invite/beta@2021-02/one", "invite"),
            ("participant-delete/beta@2021-02/one", "deleteParticipant"),
            ("other/beta@2021-02/one", "deleteParticipant"),
        ] {
            let id = ScenarioId::new(id);
            let script = script.clone().into();
            assert_eq!(of(&Scenario { id, script }).as_deref(), Some(expected));
        }
    }
}
