//! Behaviour of third-party implementations: correct ones must pass, broken ones show one fault in
//! several places.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::Body;
use crate::judge::TriggerAnswer;
use crate::scenario::format::Step;
use serde_json::{Value, json};

use super::party::{Move, Talk, bare, built_in, notification, status};
use super::table::Expect::{Fails, Notes, Passes, Skips, Warns};
use super::table::{Expect, FLOW, ONE, PEER, PROSE, Row, bot, row, rows, service};

const CALL: &str = "c0ffee00-0000-4000-8000-000000000000";

/// A row about two people who each replace a call, in the 2019-09 format, whose operations name
/// nobody.
fn two_replacing(sentence: &'static str, edit: impl FnOnce(&mut Talk), expect: Expect) -> Row {
    let all = built_in();
    let found = all.iter().find(|s| s.id.as_str().ends_with(PEER));
    let mut scenario = found.expect("it is there").clone();
    let script = std::sync::Arc::make_mut(&mut scenario.script);
    let user = script.variables["user"].clone();
    let second = crate::scenario::format::Variable {
        value: Some("second".into()),
        ..user
    };
    script.variables.insert("second".into(), second);
    for step in &mut script.steps {
        match step {
            Step::Request(step) => {
                if let Body::Json(body) = &mut step.body {
                    let mut person = body["participants"][0].clone();
                    person["identity"]["user"]["id"] = json!("{second}");
                    body["participants"]
                        .as_array_mut()
                        .expect("people")
                        .push(person);
                }
            }
            Step::Notification(step) => {
                if let Body::Json(body) = &mut step.body
                    && let Some(roster) = body["value"][0]["resourceData"].as_array_mut()
                {
                    let mut member = roster[0].clone();
                    member["info"]["identity"]["user"]["id"] = json!("{second}");
                    roster.push(member);
                }
            }
            Step::Response(_) | Step::Refusal(_) => {}
        }
    }
    row(
        sentence,
        Talk::of(&scenario, all, Party::Service, false),
        edit,
        expect,
    )
}

/// Rosters of two calls after one request without an answer.
fn two_rosters() -> Value {
    let roster = |line: usize, call: &str| {
        json!({"notification": {"line": line, "method": "POST", "target": "{callback}",
            "headers": {"Content-Type": "application/json"}, "body_line": line,
            "body": {"value": [{"changeType": "updated", "resource": call,
                "resourceData": [{"info": {"identity": {"user": {"id": "{user}"}}}}]}]}}})
    };
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/two.md",
        "given": ["call"],
        "variables": {
            "call": {"kind": "call", "value": "1"},
            "other": {"kind": "call", "value": "2"},
            "user": {"kind": "user", "value": "u"},
            "callback": {"kind": "callback", "value": "https://webhook.example/"}
        },
        "steps": [
            {"request": {"line": 10, "method": "POST",
                "target": "/communications/calls/{call}/participants/invite",
                "headers": {"Content-Type": "application/json"},
                "body": {"participants": [
                    {"identity": {"user": {"id": "{user}"}}, "replacesCallId": "{other}"}
                ]}}},
            roster(20, "/communications/calls/{call}/participants"),
            roster(30, "/communications/calls/{other}/participants")
        ]
    })
}

/// A call by the bot, with optional words.
fn made() -> Value {
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/made.md",
        "variables": {
            "context": {"kind": "context", "value": "c"},
            "call": {"kind": "call", "value": "1"},
            "callback": {"kind": "callback", "value": "https://webhook.example/"}
        },
        "steps": [
            {"request": {"line": 10, "method": "POST", "target": "/communications/calls",
                "headers": {"Content-Type": "application/json"},
                "body": {"subject": "s", "clientContext": "{context}", "region": "westus",
                    "callbackUri": "{callback}", "requestedModalities": ["audio"],
                    "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}}}},
            {"response": {"line": 20, "status": 201,
                "headers": {"Location": "/communications/calls/{call}",
                    "Content-Type": "application/json"},
                "body": {"id": "{call}", "clientContext": "{context}", "state": "establishing"}}},
            {"notification": {"line": 30, "method": "POST", "target": "{callback}",
                "headers": {"Content-Type": "application/json"}, "body_line": 30,
                "body": {"value": [{"changeType": "updated",
                    "resource": "/communications/calls/{call}",
                    "resourceData": {"state": "established"}}]}}}
        ]
    })
}

/// A notification without entries in the format of other APIs.
fn odd() -> Value {
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/odd.md",
        "variables": {
            "thing": {"kind": "text", "value": "1"},
            "callback": {"kind": "callback", "value": "https://webhook.example/"}
        },
        "steps": [
            {"request": {"line": 10, "method": "POST", "target": "/things/{thing}/wake"}},
            {"response": {"line": 20, "status": 204}},
            {"notification": {"line": 30, "method": "POST", "target": "{callback}",
                "headers": {"Content-Type": "application/json"}, "body_line": 30,
                "body": {"value": [1], "thing": "{thing}"}}}
        ]
    })
}

fn two_answered() -> Talk {
    let mut talk = Talk::written(&two_rosters(), Party::Service);
    let mut answer = status(200);
    answer.headers.push("Content-Type", "application/json");
    answer.body = Body::Json(json!({"id": "o", "status": "completed"}));
    talk.moves.insert(0, (0, Move::Answer(answer)));
    talk
}

rows![
    a_context_that_is_changed_everywhere_is_one_fault(service(
        "a context that is changed everywhere is one fault",
        ONE,
        |t| {
            t.body(2)["clientContext"] = json!("own");
            t.entry(3)["resourceData"]["clientContext"] = json!("own");
        },
        Fails(Rule::Correlation, "/clientContext"),
    )),
    an_operation_that_only_the_answers_body_names_otherwise_is_one_fault(service(
        "an operation that only the answer's body names otherwise is one fault",
        PEER,
        |t| t.body(2)["id"] = json!("other"),
        Fails(Rule::Correlation, "/id"),
    )),
    an_operation_whose_location_is_of_another_is_one_fault(service(
        "an operation whose Location is of another is one fault",
        PEER,
        |t| {
            t.header(
                2,
                "Location",
                &format!("/app/calls/{CALL}/operations/other"),
            );
        },
        Fails(Rule::Correlation, "/id"),
    )),
    a_call_that_every_notification_names_otherwise_is_one_fault(service(
        "a call that every notification names otherwise is one fault",
        ONE,
        |t| {
            for step in [3, 4] {
                for name in ["resource", "resourceUrl"] {
                    let path = t.entry(step)[name].as_str().expect("path").to_owned();
                    t.entry(step)[name] = json!(path.replace(CALL, "other"));
                }
            }
        },
        Fails(Rule::Correlation, "/value/0/resource"),
    )),
    somebody_else_who_is_invited_throughout_is_one_fault(service(
        "somebody else who is invited throughout is one fault",
        ONE,
        |t| {
            let other = |value: &mut Value| value["id"] = json!("other");
            other(&mut t.body(2)["participants"][0]["identity"]["user"]);
            other(&mut t.entry(3)["resourceData"]["participants"][0]["identity"]["user"]);
            let identity = &mut t.entry(4)["resourceData"][0]["info"]["identity"];
            other(&mut identity["application"]);
        },
        Fails(Rule::Correlation, "/participants"),
    )),
    location_of_another_operation_and_no_notifications(service(
        "Location of another operation, and no notifications",
        PROSE,
        |t| t.body(2)["id"] = json!("other"),
        Fails(Rule::Correlation, "/id"),
    )),
    a_wrong_call_and_a_wrong_context_are_two_faults_worth_of_one_at_a_time(service(
        "a wrong call and a wrong context are two faults' worth of one at a time",
        ONE,
        |t| {
            t.entry(3)["resourceData"]["clientContext"] = json!("own");
        },
        Fails(Rule::Correlation, "/value/0/resourceData/clientContext"),
    )),
    all_of_several_where_only_the_roster_tells(two_replacing(
        "all of several, where only the roster tells",
        |_| {},
        Passes,
    )),
    only_the_first_of_several_where_only_the_roster_tells(two_replacing(
        "only the first of several, where only the roster tells",
        |t| {
            t.entry(4)["resourceData"]
                .as_array_mut()
                .expect("roster")
                .pop();
        },
        Notes("only the first"),
    )),
    only_the_second_of_several(two_replacing(
        "only the second of several",
        |t| {
            t.entry(4)["resourceData"]
                .as_array_mut()
                .expect("roster")
                .remove(0);
        },
        Fails(Rule::Effect, ""),
    )),
    a_late_answer_to_an_earlier_trigger_is_none_to_the_next(bot(
        "a late answer to an earlier trigger is none to the next",
        FLOW,
        |t| {
            let early = t.moves.remove(1);
            assert!(matches!(early.1, Move::Triggered(_)));
            let at = t.at(6) - 1;
            t.moves[at].1 = Move::Triggered(TriggerAnswer::Accepted);
            t.moves.insert(
                at + 1,
                (0, Move::Triggered(TriggerAnswer::Declined("no".into()))),
            );
            t.moves.truncate(at + 2);
        },
        Skips,
    )),
    a_bot_that_ends_its_call_and_looks_at_it_again(bot(
        "a bot that ends its call, and looks at it again",
        ONE,
        |t| {
            t.more(bare("DELETE", &format!("/communications/calls/{CALL}")));
            t.more(bare("GET", &format!("/communications/calls/{CALL}")));
        },
        Passes,
    )),
    an_invitation_with_an_id_of_its_own_for_each_participant(bot(
        "an invitation with an id of its own for each participant",
        ONE,
        |t| t.body(1)["participants"][0]["id"] = json!("own"),
        Passes,
    )),
    an_invitation_of_people_and_nobody_twice(bot(
        "an invitation of people, and nobody twice",
        ONE,
        |t| {
            let same = t.body(1)["participants"][0].clone();
            t.body(1)["participants"]
                .as_array_mut()
                .expect("people")
                .push(same);
        },
        Fails(Rule::RequestBody, "/participants"),
    )),
    two_rosters_of_two_calls(row(
        "two rosters of two calls",
        two_answered(),
        |_| {},
        Passes
    )),
    two_rosters_of_two_calls_in_any_order(row(
        "two rosters of two calls, in any order",
        two_answered(),
        |t| t.make_before(3, 2),
        Passes,
    )),
    two_rosters_of_two_calls_one_of_which_does_not_come(row(
        "two rosters of two calls, one of which does not come",
        two_answered(),
        |t| {
            t.leave_out(3);
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    a_request_without_a_documented_answer_is_refused(row(
        "a request without a documented answer is refused",
        two_answered(),
        |t| t.moves[0].1 = Move::Answer(status(418)),
        Fails(Rule::ResponseStatus, ""),
    )),
    an_early_stranger_where_no_answer_is_documented(row(
        "an early stranger, where no answer is documented",
        two_answered(),
        |t| {
            t.moves.insert(
                0,
                (
                    0,
                    notification(&json!({
                        "changeType": "updated", "resource": "/app/calls/stranger",
                        "resourceData": {"state": "established"},
                    })),
                ),
            );
        },
        Passes,
    )),
    a_bot_may_leave_out_what_a_service_only_echoes(row(
        "a bot may leave out what a service only echoes",
        Talk::written(&made(), Party::Bot),
        |t| {
            let body = t.body(1).as_object_mut().expect("body");
            body.shift_remove("clientContext");
            body.shift_remove("region");
        },
        Passes,
    )),
    a_bot_leaves_out_nothing_else(row(
        "a bot leaves out nothing else",
        Talk::written(&made(), Party::Bot),
        |t| {
            t.body(1)
                .as_object_mut()
                .expect("body")
                .shift_remove("subject");
        },
        Warns(Rule::RequestBody, "/subject"),
    )),
    a_call_that_is_made_has_one_id(row(
        "a call that is made has one id",
        Talk::written(&made(), Party::Service),
        |t| t.body(2)["id"] = json!("other"),
        Fails(Rule::Correlation, "/id"),
    )),
    a_call_that_is_made_gives_the_context_back(row(
        "a call that is made gives the context back",
        Talk::written(&made(), Party::Service),
        |t| t.body(2)["clientContext"] = json!("other"),
        Fails(Rule::Correlation, "/clientContext"),
    )),
    odd_notifications_a_service(row(
        "odd notifications: a service",
        Talk::written(&odd(), Party::Service),
        |_| {},
        Passes,
    )),
    odd_notifications_a_bot(row(
        "odd notifications: a bot",
        Talk::written(&odd(), Party::Bot),
        |_| {},
        Passes,
    )),
    odd_notifications_one_that_does_not_come(row(
        "odd notifications: one that does not come",
        Talk::written(&odd(), Party::Service),
        |t| {
            t.leave_out(3);
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    odd_notifications_types(row(
        "odd notifications: types",
        Talk::written(&odd(), Party::Service),
        |t| {
            let Body::Json(body) = t.payload(3) else {
                panic!("JSON")
            };
            body["thing"] = json!(3);
        },
        Fails(Rule::NotificationBody, "/thing"),
    )),
    another_api_a_get_of_a_resource_of_the_conversation(row(
        "another API: a GET of a resource of the conversation",
        Talk::written(&odd(), Party::Bot),
        |t| {
            let target = t.request(1).target.replace("/wake", "");
            t.more(bare("GET", &target));
        },
        Passes,
    )),
    another_api_a_get_of_a_stranger(row(
        "another API: a GET of a stranger",
        Talk::written(&odd(), Party::Bot),
        |t| t.more(bare("GET", "/things/stranger")),
        Passes,
    )),
];

#[test]
fn a_bot_that_only_looks_makes_no_progress() {
    let mut talk = Talk::built_in(ONE, Party::Bot);
    talk.moves.truncate(1);
    for _ in 0..3 {
        talk.more(bare("GET", &format!("/communications/calls/{CALL}")));
    }
    assert_eq!(talk.deadline_at_the_end(), {
        talk.moves.truncate(1);
        talk.deadline_at_the_end()
    });
}
