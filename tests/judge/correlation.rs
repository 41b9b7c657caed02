//! *Correlation*: values that must agree, even if an example is inconsistent.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Move, Talk, notification};
use super::table::Expect::{Fails, Notes, Passes};
use super::table::{FLOW, MANY, MEETING, ONE, PEER, PROSE, REPLACE, Row, row, rows, service};

fn path_of(call: &str, rest: &str) -> Value {
    json!(format!("/app/calls/{call}{rest}"))
}

const CALL: &str = "c0ffee00-0000-4000-8000-000000000000";

fn other() -> Value {
    json!({"identity": {"user": {"id": "other"}}})
}

/// A row of the scenario with two people who each replace a call.
fn replacing(
    edit: impl FnOnce(&mut Talk),
    expect: super::table::Expect,
    sentence: &'static str,
) -> Row {
    let all = super::party::built_in();
    let mut scenario = all
        .iter()
        .find(|s| s.id.as_str().ends_with(MANY))
        .expect("it is there")
        .clone();
    let script = std::sync::Arc::make_mut(&mut scenario.script);
    for index in [0, 1] {
        let crate::scenario::format::Step::Request(step) = &mut script.steps[0] else {
            panic!("the first step is the request");
        };
        let crate::http::message::Body::Json(body) = &mut step.body else {
            panic!("it has a body");
        };
        body["participants"][index]["replacesCallId"] = json!("{peer-call}");
    }
    row(
        sentence,
        Talk::of(&scenario, all, Party::Service, false),
        edit,
        expect,
    )
}

fn only(names: &mut Value) {
    names.as_array_mut().expect("people").truncate(1);
}

rows![
    the_id_in_an_operations_body_and_location(service(
        "the id in an operation's body and Location",
        PROSE,
        |t| t.body(2)["id"] = json!("other"),
        Fails(Rule::Correlation, "/id"),
    )),
    the_id_in_the_resource_path(service(
        "the id in the resource path",
        ONE,
        |t| {
            t.entry(3)["resource"] = path_of(CALL, "/operations/other");
            t.entry(3)["resourceUrl"] = path_of(CALL, "/operations/other");
        },
        Fails(Rule::Correlation, "/value/0/resourceData/id"),
    )),
    the_id_in_the_body_of_the_notification(service(
        "the id in the body of the notification",
        ONE,
        |t| t.entry(3)["resourceData"]["id"] = json!("other"),
        Fails(Rule::Correlation, "/value/0/resourceData/id"),
    )),
    an_id_is_never_empty(service(
        "an id is never empty",
        ONE,
        |t| t.body(2)["id"] = json!(""),
        Fails(Rule::ResponseBody, "/id"),
    )),
    the_entity_is_what_the_path_names_its_odata_id(service(
        "the entity is what the path names: its @odata.id",
        ONE,
        |t| t.entry(3)["resourceData"]["@odata.id"] = path_of(CALL, "/operations/other"),
        Fails(Rule::Correlation, "/value/0/resourceData/@odata.id"),
    )),
    the_entity_is_what_the_path_names_the_id_of_a_call(service(
        "the entity is what the path names: the id of a call",
        PEER,
        |t| t.entry(5)["resourceData"]["id"] = json!("other"),
        Fails(Rule::Correlation, "/value/0/resourceData/id"),
    )),
    is_one_operation_however_a_guid_is_spelled(service(
        "is one operation: however a GUID is spelled",
        ONE,
        |t| {
            let id = t.body(2)["id"]
                .as_str()
                .expect("id")
                .replace('-', "")
                .to_uppercase();
            t.body(2)["id"] = json!(id);
        },
        Passes,
    )),
    an_operation_id_is_any_text(service(
        "an operation id is any text",
        ONE,
        |t| {
            t.body(2)["id"] = json!("op.7~x");
            t.entry(3)["resourceData"]["id"] = json!("op.7~x");
            t.entry(3)["resource"] = path_of(CALL, "/operations/op.7~x");
            t.entry(3)["resourceUrl"] = path_of(CALL, "/operations/op.7~x");
        },
        Passes,
    )),
    an_operation_that_the_answer_did_not_name_has_one_end(service(
        "an operation that the answer did not name has one end",
        MEETING,
        |t| {
            t.body(2).as_object_mut().expect("body").shift_remove("id");
        },
        Fails(Rule::ResponseBody, "/id"),
    )),
    the_call_in_the_requests_path_of_an_operation(service(
        "the call in the request's path: of an operation",
        ONE,
        |t| {
            let path = t.entry(3)["resource"]
                .as_str()
                .expect("path")
                .replace(CALL, "other");
            t.entry(3)["resource"] = json!(path);
            t.entry(3)["resourceUrl"] = json!(path);
        },
        Fails(Rule::Correlation, "/value/0/resource"),
    )),
    the_call_in_the_requests_path_of_a_roster(service(
        "the call in the request's path: of a roster",
        ONE,
        |t| {
            t.entry(4)["resource"] = path_of("other", "/participants");
            t.entry(4)["resourceUrl"] = path_of("other", "/participants");
        },
        Fails(Rule::Correlation, "/value/0/resource"),
    )),
    the_call_in_the_requests_path_of_location(service(
        "the call in the request's path: of Location",
        PROSE,
        |t| {
            let operation = t.body(2)["id"].as_str().expect("id").to_owned();
            t.header(
                2,
                "Location",
                &format!("/app/calls/other/operations/{operation}"),
            );
        },
        Fails(Rule::Correlation, ""),
    )),
    the_call_of_the_call_that_is_replaced(service(
        "the call: of the call that is replaced",
        PEER,
        |t| t.entry(5)["resource"] = path_of("other", ""),
        Fails(Rule::Correlation, "/value/0/resourceData/@odata.id",),
    )),
    the_call_that_was_made(service(
        "the call: that was made",
        FLOW,
        |t| {
            t.entry(8)["resource"] = path_of("other", "");
        },
        Fails(Rule::Correlation, "/value/0/resourceData/@odata.id",),
    )),
    a_clientcontext_comes_back_unchanged_in_the_answer(service(
        "a clientContext comes back unchanged: in the answer",
        ONE,
        |t| t.body(2)["clientContext"] = json!("other"),
        Fails(Rule::Correlation, "/clientContext"),
    )),
    a_clientcontext_comes_back_unchanged_in_a_notification(service(
        "a clientContext comes back unchanged: in a notification",
        ONE,
        |t| t.entry(3)["resourceData"]["clientContext"] = json!("other"),
        Fails(Rule::Correlation, "/value/0/resourceData/clientContext"),
    )),
    a_clientcontext_comes_back_unchanged_to_the_letter(service(
        "a clientContext comes back unchanged: to the letter",
        ONE,
        |t| {
            let context = t.body(2)["clientContext"]
                .as_str()
                .expect("context")
                .to_uppercase();
            t.body(2)["clientContext"] = json!(context);
        },
        Fails(Rule::Correlation, "/clientContext"),
    )),
    one_that_the_service_makes_up_stays_the_same(service(
        "one that the service makes up stays the same",
        FLOW,
        |t| {
            t.body(11)["clientContext"] = json!("made up");
            t.entry(12)["resourceData"]["clientContext"] = json!("made up");
        },
        Passes,
    )),
    one_that_the_service_makes_up_and_changes(service(
        "one that the service makes up and changes",
        FLOW,
        |t| t.body(11)["clientContext"] = json!("made up"),
        Passes,
    )),
    the_operation_names_exactly_the_people_invited_in_the_answer(service(
        "the operation names exactly the people invited: in the answer",
        ONE,
        |t| t.body(2)["participants"][0]["identity"]["user"]["id"] = json!("other"),
        Fails(Rule::Correlation, "/participants"),
    )),
    the_call_that_is_replaced_comes_back_unchanged(service(
        "the call that is replaced comes back unchanged",
        REPLACE,
        |t| t.body(2)["participants"][0]["replacesCallId"] = json!("other"),
        Fails(Rule::Correlation, "/participants/0/replacesCallId"),
    )),
    exactly_nobody_more(service(
        "exactly: nobody more",
        ONE,
        move |t| {
            t.body(2)["participants"]
                .as_array_mut()
                .expect("people")
                .push(other());
        },
        Fails(Rule::Correlation, "/participants"),
    )),
    exactly_nobody_less(service(
        "exactly: nobody less",
        MANY,
        |t| {
            t.body(2)["participants"]
                .as_array_mut()
                .expect("people")
                .pop();
        },
        Fails(Rule::Correlation, "/value/0/resourceData/participants"),
    )),
    exactly_under_the_kind_of_identity(service(
        "exactly: under the kind of identity",
        ONE,
        |t| {
            let user = t.body(2)["participants"][0]["identity"]["user"].take();
            t.body(2)["participants"][0]["identity"] = json!({"phone": user});
        },
        Fails(Rule::Correlation, "/participants"),
    )),
    exactly_in_the_notification(service(
        "exactly: in the notification",
        MANY,
        |t| {
            t.entry(3)["resourceData"]["participants"]
                .as_array_mut()
                .expect("people")
                .pop();
        },
        Fails(Rule::Correlation, "/value/0/resourceData/participants"),
    )),
    exactly_in_any_order(service(
        "exactly: in any order",
        MANY,
        |t| {
            t.body(2)["participants"]
                .as_array_mut()
                .expect("people")
                .reverse();
        },
        Passes,
    )),
    a_roster_update_names_each_of_them_by_id(service(
        "a roster update names each of them by id",
        ONE,
        |t| {
            t.entry(4)["resourceData"][0]["info"]["identity"] = json!({"user": {"id": "other"}});
        },
        Fails(Rule::Effect, ""),
    )),
    a_roster_update_names_each_of_them_every_one(service(
        "a roster update names each of them: every one",
        MANY,
        |t| {
            t.entry(4)["resourceData"]
                .as_array_mut()
                .expect("roster")
                .pop();
        },
        Fails(Rule::Effect, ""),
    )),
    several_roster_updates_name_them_together(service(
        "several roster updates name them together",
        MANY,
        |t| {
            t.before(4, |body| {
                body["value"][0]["resourceData"]
                    .as_array_mut()
                    .expect("roster")
                    .pop();
            });
            t.entry(4)["resourceData"]
                .as_array_mut()
                .expect("roster")
                .remove(0);
        },
        Passes,
    )),
    under_the_requests_kind_of_identity(service(
        "under the request's kind of identity",
        ONE,
        |t| {
            let identity = &mut t.entry(4)["resourceData"][0]["info"]["identity"];
            let (_, who) = identity
                .as_object()
                .expect("identity")
                .iter()
                .find(|(name, _)| !name.starts_with('@'))
                .expect("who");
            *identity = json!({"@odata.type": "#microsoft.graph.identitySet", "user": who});
        },
        Passes,
    )),
    or_the_printed_one_under_no_other(service(
        "or the printed one, under no other",
        ONE,
        |t| {
            let identity = &mut t.entry(4)["resourceData"][0]["info"]["identity"];
            let (_, who) = identity
                .as_object()
                .expect("identity")
                .iter()
                .find(|(name, _)| !name.starts_with('@'))
                .expect("who");
            *identity = json!({"@odata.type": "#microsoft.graph.identitySet", "guest": who});
        },
        Fails(Rule::Effect, ""),
    )),
    other_members_being_free(service(
        "other members being free",
        ONE,
        |t| {
            t.entry(4)["resourceData"]
                .as_array_mut()
                .expect("roster")
                .insert(
                    0,
                    json!({"info": {"identity": {"guest": {"id": "somebody"}}}}),
                );
        },
        Passes,
    )),
    a_roster_update_on_the_replaced_call_is_additional(service(
        "a roster update on the replaced call is additional",
        PEER,
        |t| {
            t.before(4, |body| {
                body["value"][0]["resource"] =
                    path_of("c0ffee00-0000-4000-8000-000000000003", "/participants");
            });
        },
        Passes,
    )),
    a_roster_update_on_the_replaced_call_is_never_a_substitute(service(
        "a roster update on the replaced call is never a substitute",
        PEER,
        |t| {
            t.entry(4)["resource"] =
                path_of("c0ffee00-0000-4000-8000-000000000003", "/participants");
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    a_roster_update_on_the_replaced_call_where_the_page_prints_just_that(service(
        "a roster update on the replaced call, where the page prints just that",
        REPLACE,
        |t| {
            let peer = "c0ffee00-0000-4000-8000-000000000001";
            t.entry(4)["resource"] = path_of(peer, "/participants");
            t.entry(4)["resourceUrl"] = path_of(peer, "/participants");
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    a_roster_update_that_comes_before_the_answer_counts(service(
        "a roster update that comes before the answer counts",
        ONE,
        |t| {
            t.make_before(4, 2);
        },
        Passes,
    )),
    every_participant_names_a_call_to_replace_all(replacing(
        |_| {},
        Notes("invites all"),
        "every participant names a call to replace: all",
    )),
    or_only_the_first_the_result_says_which(replacing(
        |t| {
            only(&mut t.body(2)["participants"]);
            only(&mut t.entry(3)["resourceData"]["participants"]);
            only(&mut t.entry(4)["resourceData"]);
        },
        Notes("only the first"),
        "or only the first; the result says which",
    )),
    only_the_first_and_the_roster_before_the_answer(replacing(
        |t| {
            only(&mut t.body(2)["participants"]);
            only(&mut t.entry(3)["resourceData"]["participants"]);
            only(&mut t.entry(4)["resourceData"]);
            t.make_before(4, 2);
        },
        Notes("only the first"),
        "only the first, and the roster before the answer",
    )),
    all_or_the_first_the_same_in_every_message(replacing(
        |t| only(&mut t.body(2)["participants"]),
        Fails(Rule::Correlation, "/value/0/resourceData/participants"),
        "all or the first, the same in every message",
    )),
    the_first_and_no_other(replacing(
        |t| {
            t.body(2)["participants"]
                .as_array_mut()
                .expect("people")
                .remove(0);
        },
        Fails(Rule::Correlation, "/participants"),
        "the first, and no other",
    )),
    a_value_that_no_message_is_about_is_none_of_the_correlation(service(
        "a value that no message is about is none of the correlation",
        ONE,
        |t| {
            let Body::Json(body) = t.payload(4) else {
                panic!("JSON")
            };
            body["value"][0]["resourceData"][0]["id"] = json!("whatever");
        },
        Passes,
    )),
    the_end_of_an_operation_of_another_call(service(
        "the end of an operation of another call",
        ONE,
        |t| {
            let Move::Send(_) = notification(&json!({})) else {
                panic!("a message")
            };
            t.more(notification(&json!({
                "changeType": "deleted",
                "resource": "/app/calls/other/operations/other",
                "resourceData": {"status": "completed"},
            })));
        },
        Passes,
    )),
];
