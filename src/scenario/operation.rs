//! The operation that a scenario shows: the documented request that its page is about.

use super::format::{Scenario, Step};
use crate::contract::operation::of_request;

/// The operation of the scenario's page, else that of its last request; none without a request that the
/// contract knows.
pub(crate) fn of(scenario: &Scenario) -> Option<&'static str> {
    let requests = scenario.script.steps.iter().filter_map(|step| match step {
        Step::Request(step) => Some(of_request(&step.method, &step.target)?.0),
        _ => None,
    });
    let operations: Vec<_> = requests.collect();
    let page = scenario.id.page();
    let of_page = operations
        .iter()
        .find(|it| it.pages.iter().any(|it| it == page));
    Some(&of_page.or(operations.last())?.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::format::{ScenarioId, Script};
    use serde_json::{Value, json};

    fn shown(id: &str, requests: &[(&str, &str)]) -> Option<&'static str> {
        let step = |(method, target): &(&str, &str)| json!({"request": {"line": 1, "method": method, "target": target}});
        let steps: Vec<Value> = requests.iter().map(step).collect();
        let script = json!({"version": 1, "source": "p.md", "steps": steps});
        let script: Script = serde_json::from_value(script).unwrap();
        let id = ScenarioId::new(id);
        let script = script.into();
        of(&Scenario { id, script })
    }

    #[test]
    fn a_page_is_about_the_operation_that_it_documents() {
        let requests = [
            ("POST", "/app/calls/{call}/participants/invite"),
            ("DELETE", "/app/calls/{call}/participants/{participant}"),
        ];
        for (id, expected) in [
            ("participant-invite/beta@2021-02/one", "invite"),
            ("participant-delete/beta@2021-02/one", "removeParticipant"),
            ("other/beta@2021-02/one", "removeParticipant"),
        ] {
            assert_eq!(shown(id, &requests), Some(expected), "{id}");
        }
    }

    #[test]
    fn a_request_outside_of_the_contract_has_no_operation() {
        assert_eq!(
            shown("call-record/beta@2021-02/one", &[("GET", "{recording}")]),
            None
        );
        assert_eq!(
            shown("mail/beta@2021-02/one", &[("GET", "/me/messages")]),
            None
        );
        assert_eq!(shown("mail/beta@2021-02/one", &[]), None);
    }
}
