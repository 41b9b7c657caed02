//! *Not judged*.

use crate::contract::rule::Rule;
use serde_json::{Value, json};

use super::table::Expect::{Fails, Passes};
use super::table::{FLOW, MEETING, ONE, PHONE, Row, bot, judge, service};

#[test]
fn not_judged() {
    judge(&rows());
}

/// Turns the order of all properties round.
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

/// Adds a property to every object.
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

pub fn rows() -> Vec<Row> {
    vec![
        service(
            "ids beyond their shape",
            ONE,
            |t| {
                t.entry(4)["resourceData"][0]["id"] = json!("p-1");
                t.entry(4)["resourceData"][0]["mediaStreams"][0]["sourceId"] = json!("77");
            },
            Passes,
        ),
        service(
            "times beyond their shape",
            MEETING,
            |t| {
                t.body(2)["createdDateTime"] = json!("2031-01-02T03:04:05.678+09:00");
            },
            Passes,
        ),
        service(
            "times have a shape",
            MEETING,
            |t| t.body(2)["createdDateTime"] = json!("yesterday"),
            Fails(Rule::ResponseBody, "/createdDateTime"),
        ),
        service(
            "tags",
            FLOW,
            |t| t.entry(1)["resourceData"]["@odata.etag"] = json!("x"),
            Passes,
        ),
        service(
            "tenants",
            ONE,
            |t| {
                t.body(2)["participants"][0]["identity"]["user"]["tenantId"] = json!("mine");
            },
            Passes,
        ),
        service(
            "names and free text",
            FLOW,
            |t| {
                t.entry(1)["resourceData"]["source"]["identity"]["user"]["displayName"] =
                    json!("Ж");
            },
            Passes,
        ),
        service(
            "property order",
            ONE,
            |t| {
                for step in [2, 3, 4] {
                    let turned = reversed(t.body(step));
                    *t.body(step) = turned;
                }
            },
            Passes,
        ),
        bot(
            "property order: of a bot",
            ONE,
            |t| {
                let turned = reversed(t.body(1));
                *t.body(1) = turned;
            },
            Passes,
        ),
        service(
            "number spelling",
            super::table::FAILURE,
            |t| {
                t.entry(3)["resourceData"]["resultInfo"]["code"] = json!(5e2);
            },
            Passes,
        ),
        service(
            "added properties",
            ONE,
            |t| {
                for step in [2, 3, 4] {
                    added(t.body(step));
                }
            },
            Passes,
        ),
        bot(
            "added properties: of a bot",
            FLOW,
            |t| {
                for step in [2, 6] {
                    t.body(step)["added"] = json!(1);
                }
            },
            Passes,
        ),
        service(
            "added headers",
            ONE,
            |t| {
                t.header(2, "X-Request-Id", "1");
                t.header(3, "X-Request-Id", "1");
            },
            Passes,
        ),
        service(
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
        ),
        service(
            "a documented null that is filled",
            PHONE,
            |t| {
                t.body(2)["resultInfo"] = json!({"code": 200});
                t.body(2)["participants"][0]["id"] = json!(7);
            },
            Passes,
        ),
        service(
            "surplus members of a roster, even malformed",
            ONE,
            |t| {
                let members = t.entry(4)["resourceData"].as_array_mut().expect("roster");
                members.push(json!({"isMuted": "x", "info": {"identity": 3}}));
                members.insert(0, json!(7));
            },
            Passes,
        ),
        service(
            "members that were invited are no surplus",
            ONE,
            |t| {
                t.entry(4)["resourceData"][0]["isMuted"] = json!("x");
                t.entry(4)["resourceData"]
                    .as_array_mut()
                    .expect("roster")
                    .insert(0, json!(7));
            },
            Fails(Rule::NotificationBody, "/value/0/resourceData/1/isMuted"),
        ),
        service(
            "Content-Length as printed",
            ONE,
            |t| t.header(2, "Content-Length", "1"),
            Passes,
        ),
        service(
            "header case",
            ONE,
            |t| {
                t.header(2, "Content-Type", "");
                t.header(2, "CONTENT-type", "application/json");
            },
            Passes,
        ),
        bot(
            "header case: of a bot",
            ONE,
            |t| {
                t.header(1, "Authorization", "");
                t.header(1, "AUTHORIZATION", "Bearer x");
            },
            Passes,
        ),
    ]
}
