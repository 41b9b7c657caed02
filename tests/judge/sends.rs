//! confcall sends messages that meet the requirements of correlation.

use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::http::message::{Request, Response};
use crate::judge::Action;
use crate::judge::people;
use crate::judge::verdict::Verdict;
use crate::scenario::format::Scenario;
use serde_json::{Value, json};

use super::party::{Played, Talk, built_in};
use super::table::FLOW;

fn documented() -> impl Iterator<Item = &'static Scenario> {
    built_in().iter().filter(|it| it.script.judges.is_none())
}

fn notifications(played: &Played) -> impl Iterator<Item = &Value> {
    let sent = played.actions.iter().filter_map(|action| match action {
        Action::Send { request, .. } => request.body.json(),
        _ => None,
    });
    sent.flat_map(|body| change::entries(body).into_iter().flatten())
}

fn answers(played: &Played) -> impl Iterator<Item = &Response> {
    played.actions.iter().filter_map(|action| match action {
        Action::Reply { response, .. } => Some(&**response),
        _ => None,
    })
}

#[test]
fn every_notification_agrees_with_its_answer() {
    for scenario in documented() {
        let played = Talk::of(scenario, built_in(), Party::Bot, false).play();
        let id = &scenario.id;
        assert_eq!(played.outcome.verdict, Verdict::Pass, "{id}");
        let named = answers(&played)
            .last()
            .and_then(|answer| answer.body.json())
            .cloned();
        for entry in notifications(&played) {
            let change = Change::read(entry);
            assert!(!change.is_contradictory, "{id}: {entry}");
            match change.subject {
                Subject::Roster => {
                    assert!(
                        matches!(change.resource, Some(Resource::Participants(_))),
                        "{id}: {entry}"
                    );
                }
                Subject::Operation => {
                    let operation = change.operation().expect("a path");
                    let body = named.as_ref().expect("an answer with a body");
                    assert_eq!(body["id"], json!(operation), "{id}");
                    if let Some(inner) = entry["resourceData"].get("id") {
                        assert_eq!(inner, &json!(operation), "{id}");
                    }
                    assert_eq!(
                        body["clientContext"], entry["resourceData"]["clientContext"],
                        "{id}"
                    );
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_operation_and_the_roster_name_the_people_of_the_invitation() {
    for scenario in documented() {
        let played = Talk::of(scenario, built_in(), Party::Bot, false).play();
        let invited = played.actions.iter().rev().find_map(|action| match action {
            Action::Trigger {
                request: Request { body, .. },
                ..
            } => Some(people::people(body.json()?)),
            _ => None,
        });
        let invited = invited.expect("an invitation");
        for entry in notifications(&played) {
            let change = Change::read(entry);
            let named = people::people(change.data());
            if change.subject == Subject::Operation && !named.is_empty() {
                assert_eq!(
                    people::named(&invited, &named),
                    people::Named::All,
                    "{}",
                    scenario.id
                );
            }
            if change.subject == Subject::Roster {
                for person in &invited {
                    let member = people::member_naming(change.data(), person, Some("application"));
                    assert!(member.is_some(), "{}: {}", scenario.id, person.label());
                }
            }
        }
    }
}

#[test]
fn a_context_that_the_bot_omits_is_made_up_once() {
    let mut talk = Talk::built_in(super::table::ONE, Party::Bot);
    talk.body(1)
        .as_object_mut()
        .expect("body")
        .shift_remove("clientContext");
    let played = talk.play();
    let made_up = answers(&played)
        .next()
        .expect("an answer")
        .body
        .json()
        .expect("JSON")["clientContext"]
        .clone();
    let operation = notifications(&played).next().expect("an end");
    assert_eq!(operation["resourceData"]["clientContext"], made_up);
}

#[test]
fn a_context_of_the_bot_s_own_comes_back() {
    let mut talk = Talk::built_in(FLOW, Party::Bot);
    talk.body(10)["clientContext"] = json!("of the bot");
    let played = talk.play();
    let ends: Vec<_> = notifications(&played)
        .filter(|entry| Change::read(entry).subject == Subject::Operation)
        .collect();
    assert_eq!(
        ends[0]["resourceData"]["clientContext"],
        json!("of the bot")
    );
}

#[test]
fn requests_and_notifications_bear_the_token() {
    for role in [Party::Bot, Party::Service] {
        let played = Talk::built_in(FLOW, role).play();
        for action in &played.actions {
            match action {
                Action::Send { request, .. } => {
                    assert_eq!(request.headers.get("authorization"), Some("Bearer secret"));
                }
                Action::Trigger { request, .. } => {
                    assert_eq!(request.headers.get("authorization"), None);
                }
                Action::Reply { .. } | Action::BringAbout(_) => {}
            }
        }
    }
}
