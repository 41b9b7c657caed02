//! *Correlation*: what must agree, even where an example is sloppy.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Move, Talk, notification};
use super::table::Expect::{Fails, Notes, Passes};
use super::table::{FLOW, MANY, MEETING, ONE, PEER, PROSE, REPLACE, Row, judge, row, service};

#[test]
fn correlation() {
    judge(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = operations();
    rows.extend(calls_and_contexts());
    rows.extend(people());
    rows.extend(rosters());
    rows.extend(all_or_first());
    rows
}

fn path_of(call: &str, rest: &str) -> Value {
    json!(format!("/app/calls/{call}{rest}"))
}

const CALL: &str = "c0ffee00-0000-4000-8000-000000000000";

fn operations() -> Vec<Row> {
    vec![
        service(
            "the id in an operation's body and Location",
            PROSE,
            |t| t.body(2)["id"] = json!("other"),
            Fails(Rule::Correlation, ""),
        ),
        service(
            "the id in the resource path",
            ONE,
            |t| {
                t.entry(3)["resource"] = path_of(CALL, "/operations/other");
                t.entry(3)["resourceUrl"] = path_of(CALL, "/operations/other");
            },
            Fails(Rule::Correlation, "/value/0/resource"),
        ),
        service(
            "the id in the body of the notification",
            ONE,
            |t| t.entry(3)["resourceData"]["id"] = json!("other"),
            Fails(Rule::Correlation, "/value/0/resourceData/id"),
        ),
        service(
            "an id is never empty",
            ONE,
            |t| t.body(2)["id"] = json!(""),
            Fails(Rule::ResponseBody, "/id"),
        ),
        service(
            "the entity is what the path names: its @odata.id",
            ONE,
            |t| t.entry(3)["resourceData"]["@odata.id"] = path_of(CALL, "/operations/other"),
            Fails(Rule::Correlation, "/value/0/resourceData/@odata.id"),
        ),
        service(
            "the entity is what the path names: the id of a call",
            PEER,
            |t| t.entry(5)["resourceData"]["id"] = json!("other"),
            Fails(Rule::Correlation, "/value/0/resourceData/id"),
        ),
        service(
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
        ),
        service(
            "an operation id is any text",
            ONE,
            |t| {
                t.body(2)["id"] = json!("op.7~x");
                t.entry(3)["resourceData"]["id"] = json!("op.7~x");
                t.entry(3)["resource"] = path_of(CALL, "/operations/op.7~x");
                t.entry(3)["resourceUrl"] = path_of(CALL, "/operations/op.7~x");
            },
            Passes,
        ),
        service(
            "an operation that the answer did not name has one end",
            MEETING,
            |t| {
                t.body(2).as_object_mut().expect("body").shift_remove("id");
            },
            Fails(Rule::ResponseBody, "/id"),
        ),
    ]
}

fn calls_and_contexts() -> Vec<Row> {
    vec![
        service(
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
        ),
        service(
            "the call in the request's path: of a roster",
            ONE,
            |t| {
                t.entry(4)["resource"] = path_of("other", "/participants");
                t.entry(4)["resourceUrl"] = path_of("other", "/participants");
            },
            Fails(Rule::Correlation, "/value/0/resource"),
        ),
        service(
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
        ),
        service(
            "the call: of the call that is replaced",
            PEER,
            |t| t.entry(5)["resource"] = path_of("other", ""),
            Fails(Rule::Correlation, "/value/0/resource"),
        ),
        service(
            "the call: that was made",
            FLOW,
            |t| {
                t.entry(8)["resource"] = path_of("other", "");
            },
            Fails(Rule::Correlation, "/value/0/resource"),
        ),
        service(
            "a clientContext comes back unchanged: in the answer",
            ONE,
            |t| t.body(2)["clientContext"] = json!("other"),
            Fails(Rule::Correlation, "/clientContext"),
        ),
        service(
            "a clientContext comes back unchanged: in a notification",
            ONE,
            |t| t.entry(3)["resourceData"]["clientContext"] = json!("other"),
            Fails(Rule::Correlation, "/value/0/resourceData/clientContext"),
        ),
        service(
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
        ),
        service(
            "one that the service makes up stays the same",
            FLOW,
            |t| {
                t.body(11)["clientContext"] = json!("made up");
                t.entry(12)["resourceData"]["clientContext"] = json!("made up");
            },
            Passes,
        ),
        service(
            "one that the service makes up and changes",
            FLOW,
            |t| t.body(11)["clientContext"] = json!("made up"),
            Fails(Rule::Correlation, "/value/0/resourceData/clientContext"),
        ),
    ]
}

fn people() -> Vec<Row> {
    let other = || json!({"identity": {"user": {"id": "other"}}});
    vec![
        service(
            "the operation names exactly the people invited: in the answer",
            ONE,
            |t| t.body(2)["participants"][0]["identity"]["user"]["id"] = json!("other"),
            Fails(Rule::Correlation, "/participants"),
        ),
        service(
            "the call that is replaced comes back unchanged",
            REPLACE,
            |t| t.body(2)["participants"][0]["replacesCallId"] = json!("other"),
            Fails(Rule::Correlation, "/participants/0/replacesCallId"),
        ),
        service(
            "exactly: nobody more",
            ONE,
            move |t| {
                t.body(2)["participants"]
                    .as_array_mut()
                    .expect("people")
                    .push(other());
            },
            Fails(Rule::Correlation, "/participants"),
        ),
        service(
            "exactly: nobody less",
            MANY,
            |t| {
                t.body(2)["participants"]
                    .as_array_mut()
                    .expect("people")
                    .pop();
            },
            Fails(Rule::Correlation, "/value/0/resourceData/participants"),
        ),
        service(
            "exactly: under the kind of identity",
            ONE,
            |t| {
                let user = t.body(2)["participants"][0]["identity"]["user"].take();
                t.body(2)["participants"][0]["identity"] = json!({"phone": user});
            },
            Fails(Rule::Correlation, "/participants"),
        ),
        service(
            "exactly: in the notification",
            MANY,
            |t| {
                t.entry(3)["resourceData"]["participants"]
                    .as_array_mut()
                    .expect("people")
                    .pop();
            },
            Fails(Rule::Correlation, "/value/0/resourceData/participants"),
        ),
        service(
            "exactly: in any order",
            MANY,
            |t| {
                t.body(2)["participants"]
                    .as_array_mut()
                    .expect("people")
                    .reverse();
            },
            Passes,
        ),
    ]
}

fn rosters() -> Vec<Row> {
    vec![
        service(
            "a roster update names each of them by id",
            ONE,
            |t| {
                t.entry(4)["resourceData"][0]["info"]["identity"] =
                    json!({"user": {"id": "other"}});
            },
            Fails(Rule::Correlation, "/value/0/resourceData"),
        ),
        service(
            "a roster update names each of them: every one",
            MANY,
            |t| {
                t.entry(4)["resourceData"]
                    .as_array_mut()
                    .expect("roster")
                    .pop();
            },
            Fails(Rule::Correlation, "/value/0/resourceData"),
        ),
        service(
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
        ),
        service(
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
        ),
        service(
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
            Fails(Rule::Correlation, "/value/0/resourceData"),
        ),
        service(
            "other members being free",
            ONE,
            |t| {
                t.entry(4)["resourceData"]
                    .as_array_mut()
                    .expect("roster")
                    .insert(0, json!({"info": 3}));
            },
            Passes,
        ),
        service(
            "a roster update on the replaced call is additional",
            PEER,
            |t| {
                t.before(4, |body| {
                    body["value"][0]["resource"] =
                        path_of("c0ffee00-0000-4000-8000-000000000003", "/participants");
                });
            },
            Notes("no substitute"),
        ),
        service(
            "a roster update on the replaced call is never a substitute",
            PEER,
            |t| {
                t.entry(4)["resource"] =
                    path_of("c0ffee00-0000-4000-8000-000000000003", "/participants");
            },
            Fails(Rule::NotificationMissing, ""),
        ),
        service(
            "a roster update on the replaced call, where the page prints just that",
            REPLACE,
            |t| {
                let peer = "c0ffee00-0000-4000-8000-000000000001";
                t.entry(4)["resource"] = path_of(peer, "/participants");
                t.entry(4)["resourceUrl"] = path_of(peer, "/participants");
            },
            Fails(Rule::NotificationMissing, ""),
        ),
        service(
            "a roster update that comes before the answer counts",
            ONE,
            |t| {
                t.make_before(4, 2);
            },
            Passes,
        ),
    ]
}

/// Everybody replaces a call: the scenario of two people, each with a call to replace.
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

fn all_or_first() -> Vec<Row> {
    vec![
        replacing(
            |_| {},
            Notes("invites all"),
            "every participant names a call to replace: all",
        ),
        replacing(
            |t| {
                only(&mut t.body(2)["participants"]);
                only(&mut t.entry(3)["resourceData"]["participants"]);
                only(&mut t.entry(4)["resourceData"]);
            },
            Notes("only the first"),
            "or only the first; the result says which",
        ),
        replacing(
            |t| {
                only(&mut t.body(2)["participants"]);
                only(&mut t.entry(3)["resourceData"]["participants"]);
                only(&mut t.entry(4)["resourceData"]);
                t.make_before(4, 2);
            },
            Notes("only the first"),
            "only the first, and the roster before the answer",
        ),
        replacing(
            |t| only(&mut t.body(2)["participants"]),
            Fails(Rule::Correlation, "/value/0/resourceData/participants"),
            "all or the first, the same in every message",
        ),
        replacing(
            |t| {
                t.body(2)["participants"]
                    .as_array_mut()
                    .expect("people")
                    .remove(0);
            },
            Fails(Rule::Correlation, "/participants"),
            "the first, and no other",
        ),
        service(
            "a value that no message is about is none of the correlation",
            ONE,
            |t| {
                let Body::Json(body) = t.payload(4) else {
                    panic!("JSON")
                };
                body["value"][0]["resourceData"][0]["id"] = json!("whatever");
            },
            Passes,
        ),
        service(
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
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
    ]
}
