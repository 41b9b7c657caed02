//! *Words and shape*: method, path, status, media type, JSON types, protocol words.

use crate::contract::rule::Rule;
use serde_json::json;

use super::party::{notification, status};
use super::table::Expect::{Fails, Passes};
use super::table::{FAILURE, FLOW, MANY, MEETING, ONE, PEER, Row, bot, judge, service};

#[test]
fn words_and_shape() {
    judge(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = shape();
    rows.extend(words());
    rows.extend(timestamps());
    rows
}

fn shape() -> Vec<Row> {
    vec![
        service("a conforming service passes", ONE, |_| {}, Passes),
        bot("a conforming bot passes", ONE, |_| {}, Passes),
        service(
            "method: of a notification",
            ONE,
            |t| t.request(3).method = "PUT".into(),
            Fails(Rule::NotificationMethod, ""),
        ),
        bot(
            "method: of a request",
            ONE,
            |t| t.request(1).method = "PUT".into(),
            Fails(Rule::RequestMethod, ""),
        ),
        bot(
            "path: of a request",
            ONE,
            |t| {
                let target = t.request(1).target.replace("/invite", "/add");
                t.request(1).target = target;
            },
            Fails(Rule::RequestTarget, ""),
        ),
        bot(
            "path, with its variables: the triggered call",
            ONE,
            |t| {
                t.request(1).target = "/communications/calls/other/participants/invite".into();
            },
            Fails(Rule::RequestTarget, ""),
        ),
        bot(
            "path: a query is no part of it",
            ONE,
            |t| t.request(1).target += "?trace=1",
            Passes,
        ),
        bot(
            "path: any documented form of it",
            ONE,
            |t| {
                let call = "c0ffee00-0000-4000-8000-000000000000";
                t.request(1).target =
                    format!("https://host/v1.0/app/calls/{call}/participants/invite");
            },
            Passes,
        ),
        bot(
            "path: with or without a version, and nothing else before it",
            ONE,
            |t| {
                let call = "c0ffee00-0000-4000-8000-000000000000";
                t.request(1).target = format!("/v2.0/app/calls/{call}/participants/invite");
            },
            Fails(Rule::RequestTarget, ""),
        ),
        bot(
            "path: no segment is empty",
            ONE,
            |t| {
                let target = t
                    .request(1)
                    .target
                    .replace("/participants", "//participants");
                t.request(1).target = target;
            },
            Fails(Rule::RequestTarget, ""),
        ),
        bot(
            "path: no other form of it",
            ONE,
            |t| {
                let call = "c0ffee00-0000-4000-8000-000000000000";
                t.request(1).target = format!("/voice/calls/{call}/participants/invite");
            },
            Fails(Rule::RequestTarget, ""),
        ),
        service(
            "path: of a resource that is none of this API",
            ONE,
            |t| {
                t.entry(3)["resource"] = json!("/foo/bar");
                t.entry(3)["resourceUrl"] = json!("/foo/bar");
            },
            Fails(Rule::NotificationBody, "/value/0/resource"),
        ),
        service(
            "path: a roster has the path of a roster",
            ONE,
            |t| {
                let call = "/app/calls/c0ffee00-0000-4000-8000-000000000000";
                t.entry(4)["resource"] = json!(call);
                t.entry(4)["resourceUrl"] = json!(call);
            },
            Fails(Rule::NotificationBody, "/value/0/resource"),
        ),
        service(
            "status: of an answer",
            ONE,
            |t| t.answer(2).status = 201,
            Fails(Rule::ResponseStatus, ""),
        ),
        service(
            "media type: of an answer",
            ONE,
            |t| t.header(2, "Content-Type", "text/json"),
            Fails(Rule::ResponseHeader, ""),
        ),
        service(
            "media type: its parameters and case are free",
            ONE,
            |t| t.header(2, "Content-Type", "Application/JSON; charset=UTF-8"),
            Passes,
        ),
        service(
            "media type: of a notification",
            ONE,
            |t| t.header(3, "Content-Type", ""),
            Fails(Rule::NotificationHeader, ""),
        ),
        bot(
            "media type: of a request",
            ONE,
            |t| t.header(1, "Content-Type", "text/plain"),
            Fails(Rule::RequestHeader, ""),
        ),
        service(
            "JSON type of every property: in an answer",
            ONE,
            |t| t.body(2)["id"] = json!(7),
            Fails(Rule::ResponseBody, "/id"),
        ),
        service(
            "JSON type: an answer that is no object",
            ONE,
            |t| *t.body(2) = json!([]),
            Fails(Rule::ResponseBody, ""),
        ),
        service(
            "JSON type of every property: in a notification",
            ONE,
            |t| t.entry(4)["resourceData"][0]["isMuted"] = json!("false"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/0/isMuted"),
        ),
        service(
            "JSON type: a deep one",
            ONE,
            |t| t.entry(4)["resourceData"][0]["mediaStreams"] = json!({}),
            Fails(
                Rule::NotificationBody,
                "/value/0/resourceData/0/mediaStreams",
            ),
        ),
        service(
            "JSON type: of the resource",
            ONE,
            |t| {
                t.entry(3)["resource"] = json!(3);
            },
            Fails(Rule::NotificationBody, "/value/0/resource"),
        ),
        service(
            "JSON type: of the only resource",
            MEETING,
            |t| t.entry(3)["resource"] = json!(3),
            Fails(Rule::NotificationBody, "/value/0/resource"),
        ),
        bot(
            "JSON type of every property: in a request",
            FLOW,
            |t| t.body(2)["acceptModalities"] = json!("audio"),
            Fails(Rule::RequestBody, "/acceptModalities"),
        ),
    ]
}

fn words() -> Vec<Row> {
    vec![
        service(
            "protocol words without regard to case: status",
            ONE,
            |t| {
                t.body(2)["status"] = json!("RUNNING");
                t.entry(3)["resourceData"]["status"] = json!("Completed");
            },
            Passes,
        ),
        service(
            "protocol words without regard to case: changeType",
            ONE,
            |t| t.entry(3)["changeType"] = json!("Deleted"),
            Passes,
        ),
        service(
            "protocol words without regard to case: state",
            FLOW,
            |t| t.entry(5)["resourceData"]["state"] = json!("Established"),
            Passes,
        ),
        service(
            "any word that is listed for that place",
            ONE,
            |t| t.body(2)["status"] = json!("notStarted"),
            Passes,
        ),
        service(
            "any word that is listed: endpointType",
            ONE,
            |t| t.entry(4)["resourceData"][0]["info"]["endpointType"] = json!("skypeForBusiness"),
            Passes,
        ),
        service(
            "no word that is not listed: status of an answer",
            ONE,
            |t| t.body(2)["status"] = json!("Busy"),
            Fails(Rule::ResponseBody, "/status"),
        ),
        service(
            "no word that is not listed: status of an end",
            ONE,
            |t| t.entry(3)["resourceData"]["status"] = json!("Done"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
        ),
        service(
            "no word that is not listed: changeType",
            ONE,
            |t| t.entry(3)["changeType"] = json!("Removed"),
            Fails(Rule::NotificationBody, "/value/0/changeType"),
        ),
        service(
            "no word that is not listed: changeType of a roster",
            ONE,
            |t| t.entry(4)["changeType"] = json!("Changed"),
            Fails(Rule::NotificationBody, "/value/0/changeType"),
        ),
        service(
            "no word that is not listed: state",
            FLOW,
            |t| t.entry(5)["resourceData"]["state"] = json!("Connected"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/state"),
        ),
        service(
            "no word that is not listed: direction of media",
            ONE,
            |t| t.entry(4)["resourceData"][0]["mediaStreams"][0]["direction"] = json!("both"),
            Fails(
                Rule::NotificationBody,
                "/value/0/resourceData/0/mediaStreams/0/direction",
            ),
        ),
        service(
            "no word that is not listed: media type of a stream",
            ONE,
            |t| t.entry(4)["resourceData"][0]["mediaStreams"][0]["mediaType"] = json!("sound"),
            Fails(
                Rule::NotificationBody,
                "/value/0/resourceData/0/mediaStreams/0/mediaType",
            ),
        ),
        service(
            "no word that is not listed: modalities",
            FLOW,
            |t| t.entry(1)["resourceData"]["requestedModalities"] = json!(["audio", "smell"]),
            Fails(
                Rule::NotificationBody,
                "/value/0/resourceData/requestedModalities/1",
            ),
        ),
        bot(
            "no word that is not listed: a bot's modalities",
            FLOW,
            |t| t.body(2)["acceptModalities"] = json!(["smell"]),
            Fails(Rule::RequestBody, "/acceptModalities/0"),
        ),
    ]
}

fn timestamps() -> Vec<Row> {
    vec![
        service(
            "that moment of the life cycle: an answer is not completed",
            ONE,
            |t| t.body(2)["status"] = json!("completed"),
            Fails(Rule::ResponseBody, "/status"),
        ),
        service(
            "that moment of the life cycle: an answer has not failed",
            PEER,
            |t| t.body(2)["status"] = json!("failed"),
            Fails(Rule::ResponseBody, "/status"),
        ),
        service(
            "that moment: an end is not running",
            ONE,
            |t| t.entry(3)["resourceData"]["status"] = json!("running"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
        ),
        service(
            "that moment: the documented end is success",
            ONE,
            |t| t.entry(3)["resourceData"]["status"] = json!("failed"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
        ),
        service(
            "that moment: the documented end is failure",
            FAILURE,
            |t| t.entry(3)["resourceData"]["status"] = json!("completed"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
        ),
        service(
            "that moment: an end is a deletion",
            MANY,
            |t| t.entry(3)["changeType"] = json!("updated"),
            Fails(Rule::NotificationBody, "/value/0/changeType"),
        ),
        service(
            "that moment: an incoming call is incoming",
            FLOW,
            |t| t.entry(1)["resourceData"]["direction"] = json!("outgoing"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/direction"),
        ),
        service(
            "that moment: a call that the bot makes is outgoing",
            FLOW,
            |t| t.entry(8)["resourceData"]["direction"] = json!("incoming"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/direction"),
        ),
        service(
            "that moment: a new call is created",
            FLOW,
            |t| t.entry(1)["changeType"] = json!("updated"),
            Fails(Rule::NotificationBody, "/value/0/changeType"),
        ),
        service(
            "a further notification is judged by its words too",
            ONE,
            |t| {
                t.more(notification(&json!({
                    "changeType": "updated",
                    "resource": "/app/calls/c0ffee00-0000-4000-8000-000000000000",
                    "resourceData": {"state": "dancing"},
                })));
            },
            Fails(Rule::NotificationBody, "/value/0/resourceData/state"),
        ),
        service(
            "a further notification is judged by its types too",
            ONE,
            |t| {
                t.before(3, |body| {
                    body["value"][0]["changeType"] = json!("updated");
                    body["value"][0]["resourceData"]["status"] = json!(3);
                });
            },
            Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
        ),
        service(
            "status: an error is none of the documented answers",
            ONE,
            |t| *t.answer(2) = status(500),
            Fails(Rule::ResponseStatus, ""),
        ),
    ]
}
