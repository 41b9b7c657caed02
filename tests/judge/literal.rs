//! `--literal`: the page's structure as printed.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::Body;
use crate::judge::Action;
use crate::judge::verdict::Verdict;
use serde_json::json;

use super::party::{Talk, built_in, judged, status};
use super::table::Expect::{Fails, Passes};
use super::table::{ACCEPTED, MANY, MEETING, ONE, Row, row, rows};

fn literally(id: &str, role: Party) -> Talk {
    let scenario = built_in()
        .iter()
        .find(|scenario| scenario.id.as_str().ends_with(id))
        .expect("it is there");
    Talk::of(scenario, built_in(), role, true)
}

#[test]
fn both_roles_pass_against_a_party_that_is_like_the_page() {
    for scenario in built_in() {
        for role in judged(scenario) {
            let outcome = Talk::of(scenario, built_in(), role, true).play().outcome;
            assert_eq!(
                outcome.verdict,
                Verdict::Pass,
                "{} {role}: {outcome:#?}",
                scenario.id
            );
            assert!(
                outcome.warnings.is_empty(),
                "{} {role}: {outcome:#?}",
                scenario.id
            );
        }
    }
}

#[test]
fn confcall_sends_what_is_printed() {
    let played = literally(MANY, Party::Bot).play();
    let rosters = played.actions.iter().filter(|action| {
        matches!(action, Action::Send { request, .. }
            if request.body.json().is_some_and(|b| b.to_string().contains("operations/participants")))
    });
    assert!(rosters.count() > 0);
}

rows![
    no_alternatives(row(
        "no alternatives",
        literally(MEETING, Party::Service),
        |t| {
            *t.answer(2) = status(202);
            t.header(2, "Location", "/app/calls/x/operations/y");
        },
        Fails(Rule::ResponseStatus, ""),
    )),
    no_alternatives_the_other_way_round(row(
        "no alternatives: the other way round",
        literally(ACCEPTED, Party::Service),
        |t| {
            t.answer(2).status = 200;
            t.answer(2).body = Body::Json(json!({"id": "1"}));
        },
        Fails(Rule::ResponseStatus, ""),
    )),
    no_correlation_other_ids_where_other_ones_are_printed(row(
        "no correlation: other ids where other ones are printed",
        literally(MEETING, Party::Service),
        |t| {
            let id = t.body(2)["id"].clone();
            let path = t.entry(3)["resource"].as_str().expect("a path").to_owned();
            assert_ne!(id.as_str(), path.rsplit('/').next());
        },
        Passes,
    )),
    but_equal_printed_values(row(
        "but equal printed values",
        literally(ONE, Party::Service),
        |t| t.entry(3)["resourceData"]["clientContext"] = json!("other"),
        Fails(Rule::Correlation, "/value/0/resourceData/clientContext"),
    )),
    variables_stay_variables(row(
        "variables stay variables",
        literally(ONE, Party::Service),
        |t| {
            t.body(2)["id"] = json!("mine");
            t.entry(3)["resourceData"]["id"] = json!("mine");
            for name in ["resource", "resourceUrl"] {
                let path = t.entry(3)[name].as_str().expect("path").to_owned();
                let path = path.rsplit_once('/').expect("path").0.to_owned();
                t.entry(3)[name] = json!(format!("{path}/mine"));
            }
        },
        Passes,
    )),
];
