//! *Not judged*.

use crate::contract::rule::Rule;
use serde_json::{Value, json};

use super::table::Expect::{Fails, Passes};
use super::table::{FLOW, MEETING, ONE, PHONE, Row, bot, rows, service};

/// Reverses the order of all properties.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(properties) => {
            let turned = properties.iter().rev();
            turned
                .map(|(name, value)| (name.clone(), reversed(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

/// Adds an unknown property to every object.
fn added(value: &mut Value) {
    match value {
        Value::Object(properties) => {
            properties.values_mut().for_each(added);
            properties.insert("added".to_owned(), json!({"x": [1]}));
        }
        Value::Array(items) => items.iter_mut().for_each(added),
        _ => {}
    }
}

rows![
    ids_beyond_their_shape(service(
        "ids beyond their shape",
        ONE,
        |t| {
            t.entry(4)["resourceData"][0]["id"] = json!("p-1");
            t.entry(4)["resourceData"][0]["mediaStreams"][0]["sourceId"] = json!("77");
        },
        Passes,
    )),
    times_beyond_their_shape(service(
        "times beyond their shape",
        MEETING,
        |t| {
            t.body(2)["createdDateTime"] = json!("2031-01-02T03:04:05.678+09:00");
        },
        Passes,
    )),
    times_have_a_shape(service(
        "times have a shape",
        MEETING,
        |t| t.body(2)["createdDateTime"] = json!("yesterday"),
        Fails(Rule::ResponseBody, "/createdDateTime"),
    )),
    tags(service(
        "tags",
        FLOW,
        |t| t.entry(1)["resourceData"]["@odata.etag"] = json!("x"),
        Passes,
    )),
    tenants(service(
        "tenants",
        ONE,
        |t| {
            t.body(2)["participants"][0]["identity"]["user"]["tenantId"] = json!("mine");
        },
        Passes,
    )),
    names_and_free_text(service(
        "names and free text",
        FLOW,
        |t| {
            t.entry(1)["resourceData"]["source"]["identity"]["user"]["displayName"] = json!("Ж");
        },
        Passes,
    )),
    property_order(service(
        "property order",
        ONE,
        |t| {
            for step in [2, 3, 4] {
                let turned = reversed(t.body(step));
                *t.body(step) = turned;
            }
        },
        Passes,
    )),
    property_order_of_a_bot(bot(
        "property order: of a bot",
        ONE,
        |t| {
            let turned = reversed(t.body(1));
            *t.body(1) = turned;
        },
        Passes,
    )),
    number_spelling(service(
        "number spelling",
        super::table::FAILURE,
        |t| {
            t.entry(3)["resourceData"]["resultInfo"]["code"] = json!(5e2);
        },
        Passes,
    )),
    added_properties(service(
        "added properties",
        ONE,
        |t| {
            for step in [2, 3, 4] {
                added(t.body(step));
            }
        },
        Passes,
    )),
    added_properties_of_a_bot(bot(
        "added properties: of a bot",
        FLOW,
        |t| {
            for step in [2, 6] {
                t.body(step)["added"] = json!(1);
            }
        },
        Passes,
    )),
    added_headers(service(
        "added headers",
        ONE,
        |t| {
            t.header(2, "X-Request-Id", "1");
            t.header(3, "X-Request-Id", "1");
        },
        Passes,
    )),
    a_documented_null_that_is_absent(service(
        "a documented null that is absent",
        PHONE,
        |t| {
            let participant = t.body(2)["participants"][0]
                .as_object_mut()
                .expect("person");
            participant.shift_remove("endpointType");
            participant.shift_remove("id");
            participant["identity"]
                .as_object_mut()
                .expect("identity")
                .retain(|_, who| !who.is_null());
        },
        Passes,
    )),
    a_documented_null_that_is_filled(service(
        "a documented null that is filled",
        PHONE,
        |t| {
            t.body(2)["resultInfo"] = json!({"code": 200});
            t.body(2)["participants"][0]["id"] = json!(7);
        },
        Passes,
    )),
    surplus_members_of_a_roster(service(
        "surplus members of a roster",
        ONE,
        |t| {
            let members = t.entry(4)["resourceData"].as_array_mut().expect("roster");
            let member = |id: &str| json!({"info": {"identity": {"guest": {"id": id}}}});
            members.push(member("a"));
            members.insert(0, member("b"));
        },
        Passes,
    )),
    members_that_were_invited_are_no_surplus(service(
        "members that were invited are no surplus",
        ONE,
        |t| {
            t.entry(4)["resourceData"][0]["isMuted"] = json!("x");
            t.entry(4)["resourceData"]
                .as_array_mut()
                .expect("roster")
                .insert(0, json!({"info": {"identity": {"guest": {"id": "a"}}}}));
        },
        Fails(Rule::NotificationBody, "/value/0/resourceData/1/isMuted"),
    )),
    content_length_as_printed(service(
        "Content-Length as printed",
        ONE,
        |t| t.header(2, "Content-Length", "1"),
        Passes,
    )),
    header_case(service(
        "header case",
        ONE,
        |t| {
            t.header(2, "Content-Type", "");
            t.header(2, "CONTENT-type", "application/json");
        },
        Passes,
    )),
    header_case_of_a_bot(bot(
        "header case: of a bot",
        ONE,
        |t| {
            t.header(1, "Authorization", "");
            t.header(1, "AUTHORIZATION", "Bearer x");
        },
        Passes,
    )),
];
