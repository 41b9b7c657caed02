//! *Types*: `@odata.type`.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use serde_json::{Value, json};

use super::party::Talk;
use super::table::Expect::{Fails, Passes, Warns};
use super::table::{FLOW, ONE, REPLACE, Row, bot, row, rows, service};

/// Removes every `@odata.type`.
fn untype(value: &mut Value) {
    match value {
        Value::Object(properties) => {
            properties.shift_remove("@odata.type");
            properties.values_mut().for_each(untype);
        }
        Value::Array(items) => items.iter_mut().for_each(untype),
        _ => {}
    }
}

/// An operation with one type in its answer and another at its end.
fn two_types() -> Value {
    json!({
        "version": 1,
        "source": "en/2024-01/v1.0/types.md",
        "given": ["call"],
        "variables": {
            "call": {"kind": "call", "value": "{id}"},
            "operation": {"kind": "operation", "value": "1"},
            "callback": {"kind": "callback", "value": "https://webhook.example/"}
        },
        "steps": [
            {"request": {"line": 10, "method": "POST", "target": "/communications/calls/{call}/cancelMediaProcessing"}},
            {"response": {"line": 20, "status": 200, "headers": {"Content-Type": "application/json"},
                "body": {"@odata.type": "#x.general", "id": "{operation}", "status": "running"}}},
            {"notification": {"line": 30, "method": "POST", "target": "{callback}",
                "headers": {"Content-Type": "application/json"}, "body_line": 30,
                "body": {"value": [{"@odata.type": "#x.notice", "changeType": "deleted",
                    "resource": "/communications/calls/{call}/operations/{operation}",
                    "resourceData": {"@odata.type": "#x.special", "status": "completed"}}]}}}
        ]
    })
}

rows![
    never_required_of_a_bot_an_invitation(bot(
        "never required of a bot: an invitation",
        REPLACE,
        |t| untype(t.body(1)),
        Passes,
    )),
    never_required_of_a_bot_a_create_request(bot(
        "never required of a bot: a create request",
        FLOW,
        |t| untype(t.body(6)),
        Passes,
    )),
    of_a_bot_an_unknown_type_warns_in_an_invitation(bot(
        "of a bot an unknown type warns: in an invitation",
        REPLACE,
        |t| t.body(1)["participants"][0]["@odata.type"] = json!("#x.y"),
        Warns(Rule::RequestBody, "/participants/0/@odata.type"),
    )),
    of_a_bot_an_unknown_type_warns_in_a_create_request(bot(
        "of a bot an unknown type warns: in a create request",
        FLOW,
        |t| t.body(6)["source"]["@odata.type"] = json!("#x.y"),
        Warns(Rule::RequestBody, "/source/@odata.type"),
    )),
    in_a_services_message_it_may_be_absent(service(
        "in a service's message it may be absent",
        ONE,
        |t| {
            t.body(2)
                .as_object_mut()
                .expect("body")
                .shift_remove("@odata.type");
        },
        Passes,
    )),
    another_type_fails(service(
        "another type fails",
        ONE,
        |t| t.body(2)["@odata.type"] = json!("#microsoft.graph.call"),
        Fails(Rule::ResponseBody, "/@odata.type"),
    )),
    another_type_fails_in_a_notification(service(
        "another type fails: in a notification",
        ONE,
        |t| t.entry(3)["resourceData"]["@odata.type"] = json!("#microsoft.graph.playOperation"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/@odata.type"),
    )),
    unless_the_page_prints_that_type_for_the_same_kind_of_object_elsewhere(row(
        "unless the page prints that type for the same kind of object elsewhere",
        Talk::written(&two_types(), Party::Service),
        |t| t.entry(3)["resourceData"]["@odata.type"] = json!("#x.general"),
        Passes,
    )),
    not_where_the_page_prints_that_type_for_another_kind_of_object(row(
        "not where the page prints that type for another kind of object",
        Talk::written(&two_types(), Party::Service),
        |t| t.entry(3)["resourceData"]["@odata.type"] = json!("#x.notice"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/@odata.type"),
    )),
    in_front_does_not_matter(service(
        "# in front does not matter",
        ONE,
        |t| {
            t.body(2)["@odata.type"] = json!("microsoft.graph.inviteParticipantsOperation");
            t.entry(3)["resourceData"]["@odata.type"] =
                json!("microsoft.graph.inviteParticipantsOperation");
        },
        Passes,
    )),
    an_added_type_where_none_is_printed_is_an_added_property(service(
        "an added type where none is printed is an added property",
        FLOW,
        |t| t.body(11)["@odata.type"] = json!("#microsoft.graph.inviteParticipantsOperation"),
        Passes,
    )),
];
