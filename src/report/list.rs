//! The list of scenarios and their steps, with values as the pages print them.

use serde::Serialize;
use serde_json::Value;

use crate::api::party::Party;
use crate::api::template::fill;
use crate::http::message::Body;
use crate::inject;
use crate::scenario::format::{NotificationStep, Scenario, Script, Step, Translation};
use crate::scenario::operation;

/// One scenario of the JSON list. The shape is stable.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    id: &'a str,
    page: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locales: Vec<Translation>,
    given: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judges: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'static str>,
    steps: Vec<ListedStep<'a>>,
}

#[derive(Debug, Serialize)]
struct ListedStep<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<&'a [u16]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    line: usize,
}

/// The scenarios as a JSON array, with a line feed at its end. Each has those of the roles that it judges; `roles` is
/// empty where no run is meant.
pub(crate) fn json(scenarios: &[&Scenario], roles: &[Party]) -> Result<String, serde_json::Error> {
    let listed: Vec<_> = scenarios.iter().map(|it| list(it, roles)).collect();
    serde_json::to_string_pretty(&listed).map(|text| text + "\n")
}

/// The scenarios as lines: the id, how many steps it has, and what it needs.
pub(crate) fn text(scenarios: &[&Scenario]) -> String {
    let width = scenarios
        .iter()
        .map(|it| it.id.as_str().chars().count())
        .max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for scenario in scenarios {
        let Script { steps, given, .. } = &*scenario.script;
        let id = scenario.id.as_str();
        let steps = counted(steps.len(), "step");
        let given: Vec<_> = given.iter().map(|it| it.as_str()).collect();
        let line = format!("{id:<width$}  {steps:>8}  {}", given.join(", "));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&counted(scenarios.len(), "scenario"));
    text.push('\n');
    text
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn list<'a>(scenario: &'a Scenario, roles: &[Party]) -> Listed<'a> {
    let judged = roles.iter().filter(|it| inject::judges(scenario, **it));
    let Scenario { id, script } = scenario;
    Listed {
        id: id.as_str(),
        page: id.page(),
        api: id.api(),
        edition: id.edition(),
        operation: operation::of(scenario),
        locales: scenario.locales(),
        given: script.given.iter().map(|it| it.as_str()).collect(),
        judges: script.judges.map(Party::as_str),
        roles: judged.map(|it| it.as_str()).collect(),
        steps: script
            .steps
            .iter()
            .map(|it| list_step(it, script))
            .collect(),
    }
}

fn list_step<'a>(step: &'a Step, script: &Script) -> ListedStep<'a> {
    let listed = ListedStep {
        kind: step.kind(),
        method: None,
        target: None,
        status: None,
        statuses: None,
        change: None,
        resource: None,
        line: step.line(),
    };
    match step {
        Step::Request(it) => ListedStep {
            method: Some(&it.method),
            target: Some(printed(&it.target, script)),
            ..listed
        },
        Step::Response(it) => ListedStep {
            status: Some(it.status),
            ..listed
        },
        Step::Notification(it) => ListedStep {
            method: Some(&it.method),
            target: Some(printed(&it.target, script)).filter(|it| !it.is_empty()),
            change: of_first_entry(it, &["changeType"], script),
            resource: of_first_entry(it, &["resource", "resourceUrl"], script),
            ..listed
        },
        Step::Refusal(it) => ListedStep {
            statuses: Some(&it.statuses),
            ..listed
        },
    }
}

/// A text as the page prints it: variables filled with their documented values.
fn printed(template: &str, script: &Script) -> String {
    fill(template, &|name| {
        Some(script.variables.get(name)?.printed())
    })
}

/// The first of these properties that is a string in the first entry of a notification.
fn of_first_entry(step: &NotificationStep, names: &[&str], script: &Script) -> Option<String> {
    let Body::Json(body) = &step.body else {
        return None;
    };
    let entries = body.get("value").unwrap_or(body);
    let entry = entries.get(0).unwrap_or(entries);
    let text = names
        .iter()
        .find_map(|it| entry.get(it).and_then(Value::as_str))?;
    Some(printed(text, script))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::format::ScenarioId;
    use serde_json::json;

    fn scenario() -> Scenario {
        Scenario {
            id: ScenarioId::new("invite/beta@2021-02/pt-BR/one"),
            script: serde_json::from_value::<Script>(json!({
                "version": 1, "source": "p.md", "given": ["call", "peer-call"],
                "variables": {"call": {"kind": "call", "value": "42"}},
                "steps": [
                    {"request": {"line": 7, "method": "POST", "target": "/calls/{call}/mute"}},
                    {"response": {"line": 9, "status": 202}},
                    {"notification": {"line": 12, "method": "POST", "target": "https://bot", "body_line": 15,
                        "body": {"value": [{"changeType": "deleted", "resourceUrl": "/calls/{call}"}]}}}
                ]
            }))
            .unwrap()
            .into(),
        }
    }

    #[test]
    fn the_list_is_as_printed() {
        let listed: Value =
            serde_json::from_str(&json(&[&scenario()], &[Party::Bot]).unwrap()).unwrap();
        assert_eq!(
            listed,
            json!([{
                "id": "invite/beta@2021-02/pt-BR/one", "page": "invite", "api": "beta",
                "edition": "2021-02", "operation": "mute",
                "locales": [{"locale": "pt-BR", "file": "p.md", "lines": [7, 9, 12]}], "given": ["call", "peer-call"],
                "roles": ["bot"], "steps": [
                    {"kind": "request", "method": "POST", "target": "/calls/42/mute", "line": 7},
                    {"kind": "response", "status": 202, "line": 9},
                    {"kind": "notification", "method": "POST", "target": "https://bot",
                        "change": "deleted", "resource": "/calls/42", "line": 12},
                ]
            }])
        );
    }

    #[test]
    fn a_refusal_has_all_its_statuses() {
        let mut scenario = scenario();
        let script = Arc::make_mut(&mut scenario.script);
        script.judges = Some(Party::Service);
        script.steps[1] =
            serde_json::from_value(json!({"refusal": {"line": 9, "statuses": [400, 404]}}))
                .unwrap();
        let listed: Value =
            serde_json::from_str(&json(&[&scenario], &[Party::Service, Party::Bot]).unwrap())
                .unwrap();
        assert_eq!(listed[0]["judges"], json!("service"));
        assert_eq!(listed[0]["roles"], json!(["service"]));
        let refusal = json!({"kind": "refusal", "statuses": [400, 404], "line": 9});
        assert_eq!(listed[0]["steps"][1], refusal);
    }

    #[test]
    fn the_text_has_a_line_for_each() {
        assert_eq!(
            text(&[&scenario()]),
            "invite/beta@2021-02/pt-BR/one   3 steps  call, peer-call\n\n1 scenario\n"
        );
    }
}
