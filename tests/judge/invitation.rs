//! *A bot's invitation*.

use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Talk, text_body};
use super::table::Expect::{Fails, Passes};
use super::table::{FLOW, MANY, ONE, PEER, PHONE, REPLACE, Row, bot, judge};

#[test]
fn invitation() {
    judge(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = heads();
    rows.extend(people());
    rows.extend(replaced());
    rows.extend(contexts());
    rows.extend(others());
    rows
}

fn people_of(t: &mut Talk) -> &mut Vec<Value> {
    t.body(1)["participants"].as_array_mut().expect("people")
}

fn heads() -> Vec<Row> {
    vec![
        bot(
            "method",
            ONE,
            |t| t.request(1).method = "PATCH".into(),
            Fails(Rule::RequestMethod, ""),
        ),
        bot(
            "bearer token",
            ONE,
            |t| t.header(1, "Authorization", ""),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "bearer token: another scheme",
            ONE,
            |t| t.header(1, "Authorization", "Basic eHg="),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "bearer token: no token",
            ONE,
            |t| t.header(1, "Authorization", "Bearer "),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "bearer token: one token without blanks",
            ONE,
            |t| t.header(1, "Authorization", "Bearer a b"),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "bearer token: no placeholder of a page",
            ONE,
            |t| t.header(1, "Authorization", "Bearer {token}"),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "bearer token: said once",
            ONE,
            |t| t.request(1).headers.push("authorization", "Basic eHg="),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "bearer token: the case of the scheme is free",
            ONE,
            |t| t.header(1, "Authorization", "bearer x"),
            Passes,
        ),
        bot(
            "JSON media type",
            ONE,
            |t| t.header(1, "Content-Type", ""),
            Fails(Rule::RequestHeader, ""),
        ),
        bot(
            "JSON media type: with a charset",
            ONE,
            |t| t.header(1, "Content-Type", "application/json;charset=utf-8"),
            Passes,
        ),
        bot(
            "JSON: no body",
            ONE,
            |t| *t.payload(1) = Body::Empty,
            Fails(Rule::RequestBody, ""),
        ),
        bot(
            "JSON: text",
            ONE,
            |t| *t.payload(1) = text_body("{"),
            Fails(Rule::RequestBody, ""),
        ),
        bot(
            "JSON: bytes",
            ONE,
            |t| *t.payload(1) = Body::Bytes(vec![0xff; 7]),
            Fails(Rule::RequestBody, ""),
        ),
    ]
}

fn people() -> Vec<Row> {
    vec![
        bot(
            "exactly the triggered identities: id",
            ONE,
            |t| people_of(t)[0]["identity"]["user"]["id"] = json!("other"),
            Fails(Rule::RequestBody, "/participants"),
        ),
        bot(
            "exactly the triggered identities: kind",
            PHONE,
            |t| {
                let phone = people_of(t)[0]["identity"]["phone"].take();
                people_of(t)[0]["identity"] = json!({"user": phone});
            },
            Fails(Rule::RequestBody, "/participants"),
        ),
        bot(
            "exactly the triggered identities: one less",
            MANY,
            |t| {
                people_of(t).pop();
            },
            Fails(Rule::RequestBody, "/participants"),
        ),
        bot(
            "exactly the triggered identities: one more",
            ONE,
            |t| {
                let more = people_of(t)[0].clone();
                people_of(t).push(more);
            },
            Fails(Rule::RequestBody, "/participants"),
        ),
        bot(
            "exactly the triggered identities: one without an identity more",
            ONE,
            |t| people_of(t).push(json!({"identity": {}})),
            Fails(Rule::RequestBody, "/participants"),
        ),
        bot(
            "exactly the triggered identities: in any order",
            MANY,
            |t| people_of(t).reverse(),
            Passes,
        ),
        bot(
            "exactly the triggered identities: null ones are none",
            ONE,
            |t| people_of(t)[0]["identity"]["phone"] = Value::Null,
            Passes,
        ),
        bot(
            "exactly the triggered identities: however a GUID is spelled",
            ONE,
            |t| {
                let id = people_of(t)[0]["identity"]["user"]["id"]
                    .as_str()
                    .expect("id")
                    .replace('-', "");
                people_of(t)[0]["identity"]["user"]["id"] = json!(id.to_uppercase());
            },
            Passes,
        ),
        bot(
            "exactly the triggered identities: participants that are none",
            ONE,
            |t| t.body(1)["participants"] = json!("all"),
            Fails(Rule::RequestBody, "/participants"),
        ),
        bot(
            "exactly the triggered identities: an identity that is none",
            ONE,
            |t| people_of(t)[0]["identity"] = json!("x"),
            Fails(Rule::RequestBody, "/participants/0/identity"),
        ),
        bot(
            "exactly the triggered identities: a body that is no object",
            ONE,
            |t| *t.body(1) = json!([]),
            Fails(Rule::RequestBody, ""),
        ),
        bot(
            "at most five participants",
            ONE,
            |t| {
                let more = people_of(t)[0].clone();
                people_of(t).resize(6, more);
            },
            Fails(Rule::Limit, "/participants"),
        ),
        bot(
            "at most five participants: five are too many people, not too many",
            ONE,
            |t| {
                let more = people_of(t)[0].clone();
                people_of(t).resize(5, more);
            },
            Fails(Rule::RequestBody, "/participants"),
        ),
    ]
}

fn replaced() -> Vec<Row> {
    vec![
        bot(
            "replacesCallId where triggered",
            REPLACE,
            |t| {
                people_of(t)[0]
                    .as_object_mut()
                    .expect("person")
                    .shift_remove("replacesCallId");
            },
            Fails(Rule::RequestBody, "/participants/0/replacesCallId"),
        ),
        bot(
            "replacesCallId as triggered",
            REPLACE,
            |t| people_of(t)[0]["replacesCallId"] = json!("other"),
            Fails(Rule::Correlation, "/participants/0/replacesCallId"),
        ),
        bot(
            "replacesCallId as id or as path: path",
            REPLACE,
            |t| {
                let call = people_of(t)[0]["replacesCallId"]
                    .as_str()
                    .expect("call")
                    .to_owned();
                people_of(t)[0]["replacesCallId"] = json!(format!("/communications/calls/{call}"));
            },
            Passes,
        ),
        bot(
            "replacesCallId as id or as path: id",
            PEER,
            |t| {
                let path = people_of(t)[0]["replacesCallId"]
                    .as_str()
                    .expect("call")
                    .to_owned();
                people_of(t)[0]["replacesCallId"] = json!(path.rsplit('/').next());
            },
            Passes,
        ),
        bot(
            "replacesCallId where none is triggered: its type only",
            PHONE,
            |t| people_of(t)[0]["replacesCallId"] = json!("something"),
            Passes,
        ),
        bot(
            "replacesCallId is text",
            REPLACE,
            |t| people_of(t)[0]["replacesCallId"] = json!(7),
            Fails(Rule::RequestBody, "/participants/0/replacesCallId"),
        ),
    ]
}

fn contexts() -> Vec<Row> {
    vec![
        bot(
            "clientContext of the bot's own choice",
            ONE,
            |t| t.body(1)["clientContext"] = json!("mine"),
            Passes,
        ),
        bot(
            "clientContext, if any",
            ONE,
            |t| {
                t.body(1)
                    .as_object_mut()
                    .expect("body")
                    .shift_remove("clientContext");
            },
            Passes,
        ),
        bot(
            "clientContext: null is none",
            ONE,
            |t| t.body(1)["clientContext"] = Value::Null,
            Passes,
        ),
        bot(
            "clientContext: a string",
            ONE,
            |t| t.body(1)["clientContext"] = json!(7),
            Fails(Rule::RequestBody, "/clientContext"),
        ),
        bot(
            "clientContext: at most 256 characters",
            ONE,
            |t| t.body(1)["clientContext"] = json!("x".repeat(257)),
            Fails(Rule::Limit, "/clientContext"),
        ),
        bot(
            "clientContext: 256 characters, not bytes",
            ONE,
            |t| t.body(1)["clientContext"] = json!("ж".repeat(256)),
            Passes,
        ),
    ]
}

fn others() -> Vec<Row> {
    vec![
        bot(
            "any other property: type only",
            ONE,
            |t| {
                people_of(t)[0]["identity"]["user"]["identityProvider"] = json!("own");
                people_of(t)[0]["added"] = json!(1);
            },
            Passes,
        ),
        bot(
            "any other property: its type",
            ONE,
            |t| people_of(t)[0]["identity"]["user"]["identityProvider"] = json!(1),
            Fails(
                Rule::RequestBody,
                "/participants/0/identity/user/identityProvider",
            ),
        ),
        bot(
            "ids that confcall handed out come back unchanged: the call that is answered",
            FLOW,
            |t| {
                t.request(2).target = "/app/calls/other/answer".into();
            },
            Fails(Rule::RequestTarget, ""),
        ),
        bot(
            "ids that confcall handed out come back unchanged: the application",
            FLOW,
            |t| t.body(6)["source"]["identity"]["application"]["id"] = json!("other"),
            Fails(Rule::Correlation, "/source/identity/application/id"),
        ),
        bot(
            "ids that confcall handed out come back unchanged: the call that is made",
            FLOW,
            |t| {
                t.request(10).target = "/app/calls/other/participants/invite".into();
            },
            Fails(Rule::RequestTarget, ""),
        ),
        bot(
            "ids that confcall handed out come back unchanged: however spelled",
            FLOW,
            |t| {
                let target = t.request(2).target.clone();
                t.request(2).target =
                    target.replace("c0ffee00-0000-4000-8000-", "C0FFEE00000040008000");
            },
            Passes,
        ),
    ]
}
