//! Cases without a built-in scenario: another API, bodies that are not JSON, several entries, GET
//! and DELETE as steps, an answer of 201 with a body.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Talk, bare, text_body};
use super::table::Expect::{Fails, Passes};
use super::table::{Row, row, rows};

/// A subscription: created, read, notified of, deleted.
fn subscription() -> Value {
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/subscription.md",
        "variables": {
            "thread": {"kind": "thread", "value": "{chat-id}"},
            "subscription": {"kind": "text", "value": "7f105c7d"},
            "user": {"kind": "user", "value": "8b081ef6-4792-4def-b2c9-c363a1bf41d5"},
            "callback": {"kind": "callback", "value": "https://webhook.example/"}
        },
        "steps": [
            {"request": {"line": 10, "method": "POST", "target": "/v1.0/subscriptions",
                "headers": {"Content-Type": "application/json"},
                "body": {"changeType": "created", "notificationUrl": "{callback}",
                    "resource": "/chats/{thread}/messages", "userId": "{user}"}}},
            {"response": {"line": 20, "status": 201, "headers": {"Content-Type": "application/json"},
                "body": {"id": "{subscription}", "resource": "/chats/{thread}/messages", "userId": "{user}"}}},
            {"request": {"line": 30, "method": "GET", "target": "/v1.0/subscriptions/{subscription}"}},
            {"response": {"line": 40, "status": 200, "headers": {"Content-Type": "application/json"},
                "body": {"id": "{subscription}", "userId": "{user}"}}},
            {"notification": {"line": 50, "method": "POST", "target": "{callback}",
                "headers": {"Content-Type": "application/json"}, "body_line": 51,
                "body": {"value": [
                    {"changeType": "created", "resource": "chats/{thread}/messages/1",
                        "resourceData": {"id": "1", "from": "{user}"}},
                    {"changeType": "updated", "resource": "chats/{thread}/messages/1",
                        "resourceData": {"id": "1", "from": "{user}"}}
                ]}}}
        ]
    })
}

fn texts() -> Value {
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/texts.md",
        "variables": {"callback": {"kind": "callback", "value": "https://webhook.example/"}},
        "steps": [
            {"request": {"line": 10, "method": "POST", "target": "/v1.0/texts",
                "headers": {"Content-Type": "text/plain"}, "body": {"$text": "hello {"}}},
            {"response": {"line": 20, "status": 200, "headers": {"Content-Type": "text/plain"},
                "body": {"$text": "world {"}}},
            {"notification": {"line": 30, "method": "PUT", "target": "{callback}",
                "headers": {"Content-Type": "text/plain"}, "body_line": 30, "body": {"$text": "{,}"}}}
        ]
    })
}

/// A call that is read and ended.
fn read_and_ended() -> Value {
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/call.md",
        "given": ["call"],
        "variables": {"call": {"kind": "call", "value": "{id}"},
            "callback": {"kind": "callback", "value": "https://webhook.example/"}},
        "steps": [
            {"request": {"line": 10, "method": "GET", "target": "/communications/calls/{call}"}},
            {"response": {"line": 20, "status": 200, "headers": {"Content-Type": "application/json"},
                "body": {"id": "{call}", "state": "established"}}},
            {"request": {"line": 30, "method": "DELETE", "target": "/communications/calls/{call}"}},
            {"response": {"line": 40, "status": 204}},
            {"notification": {"line": 50, "method": "POST", "target": "{callback}",
                "headers": {"Content-Type": "application/json"}, "body_line": 50,
                "body": {"value": [{"changeType": "deleted",
                    "resource": "/communications/calls/{call}",
                    "resourceData": {"state": "terminated"}}]}}}
        ]
    })
}

fn of(
    sentence: &'static str,
    script: &Value,
    role: Party,
    edit: impl FnOnce(&mut Talk),
    expect: super::table::Expect,
) -> Row {
    row(sentence, Talk::written(script, role), edit, expect)
}

rows![
    another_api_a_service(of(
        "another API: a service",
        &subscription(),
        Party::Service,
        |_| {},
        Passes,
    )),
    another_api_a_bot(of(
        "another API: a bot",
        &subscription(),
        Party::Bot,
        |_| {},
        Passes
    )),
    another_api_entries_in_notifications_of_their_own(of(
        "another API: entries in notifications of their own",
        &subscription(),
        Party::Service,
        |t| {
            t.twice(5);
            t.body(5)["value"]
                .as_array_mut()
                .expect("entries")
                .truncate(1);
            let (_, last) = t.moves.last_mut().expect("a move");
            let super::party::Move::Send(request) = last else {
                panic!("a notification")
            };
            let Body::Json(body) = &mut request.body else {
                panic!("JSON")
            };
            body["value"].as_array_mut().expect("entries").remove(0);
        },
        Passes,
    )),
    another_api_an_entry_that_does_not_come(of(
        "another API: an entry that does not come",
        &subscription(),
        Party::Service,
        |t| {
            t.body(5)["value"]
                .as_array_mut()
                .expect("entries")
                .truncate(1);
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    another_api_a_person_agrees(of(
        "another API: a person agrees",
        &subscription(),
        Party::Service,
        |t| t.body(4)["userId"] = json!("other"),
        Fails(Rule::Correlation, "/userId"),
    )),
    another_api_a_person_in_a_notification_agrees(of(
        "another API: a person in a notification agrees",
        &subscription(),
        Party::Service,
        |t| t.entry(5)["resourceData"]["from"] = json!("other"),
        Fails(Rule::Correlation, "/value/0/resourceData/from"),
    )),
    another_api_types(of(
        "another API: types",
        &subscription(),
        Party::Service,
        |t| t.entry(5)["resourceData"]["id"] = json!(1),
        Fails(Rule::NotificationBody, "/value/0/resourceData/id"),
    )),
    another_api_a_201_has_its_body(of(
        "another API: a 201 has its body",
        &subscription(),
        Party::Service,
        |t| *t.payload(2) = Body::Empty,
        Fails(Rule::ResponseBody, ""),
    )),
    another_api_a_bots_ids_come_back_unchanged(of(
        "another API: a bot's ids come back unchanged",
        &subscription(),
        Party::Bot,
        |t| t.body(1)["userId"] = json!("other"),
        Fails(Rule::Correlation, "/userId"),
    )),
    another_api_a_get_that_is_a_step_goes_to_its_path(of(
        "another API: a GET that is a step goes to its path",
        &subscription(),
        Party::Bot,
        |t| t.request(3).target = "/v1.0/subscriptions/other".into(),
        Fails(Rule::RequestTarget, ""),
    )),
    text_a_service(of(
        "text: a service",
        &texts(),
        Party::Service,
        |_| {},
        Passes
    )),
    text_a_bot(of("text: a bot", &texts(), Party::Bot, |_| {}, Passes)),
    text_an_answer_has_it(of(
        "text: an answer has it",
        &texts(),
        Party::Service,
        |t| *t.payload(2) = Body::Empty,
        Fails(Rule::ResponseBody, ""),
    )),
    text_what_it_says_is_free(of(
        "text: what it says is free",
        &texts(),
        Party::Service,
        |t| *t.payload(2) = text_body("other"),
        Passes,
    )),
    text_a_notification_comes(of(
        "text: a notification comes",
        &texts(),
        Party::Service,
        |t| {
            t.leave_out(3);
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    text_a_notification_has_the_printed_method(of(
        "text: a notification has the printed method",
        &texts(),
        Party::Service,
        |t| t.request(3).method = "POST".into(),
        Fails(Rule::NotificationMethod, ""),
    )),
    get_and_delete_as_steps_a_service(of(
        "GET and DELETE as steps: a service",
        &read_and_ended(),
        Party::Service,
        |_| {},
        Passes,
    )),
    get_and_delete_as_steps_a_bot(of(
        "GET and DELETE as steps: a bot",
        &read_and_ended(),
        Party::Bot,
        |_| {},
        Passes,
    )),
    get_as_a_step_is_asked_for(of(
        "GET as a step is asked for",
        &read_and_ended(),
        Party::Bot,
        |t| {
            t.moves.truncate(1);
        },
        Fails(Rule::RequestMissing, ""),
    )),
    get_as_a_step_may_be_sent_again(of(
        "GET as a step may be sent again",
        &read_and_ended(),
        Party::Bot,
        |t| {
            let target = t.request(1).target.clone();
            t.more(bare("GET", &target));
        },
        Passes,
    )),
    get_as_a_step_the_answers_id_is_the_call(of(
        "GET as a step: the answer's id is the call",
        &read_and_ended(),
        Party::Service,
        |t| t.body(2)["id"] = json!("other"),
        Fails(Rule::Correlation, "/id"),
    )),
    get_as_a_step_any_state_may_be_told(of(
        "GET as a step: any state may be told",
        &read_and_ended(),
        Party::Service,
        |t| t.body(2)["state"] = json!("ringing"),
        Passes,
    )),
];
