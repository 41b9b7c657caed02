//! *Order*: ends, life cycles, early and batched messages, redelivery, what a bot may do besides.

use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Move, Talk, bare, notification};
use super::table::Expect::{Fails, Notes, Passes};
use super::table::{ACCEPTED, FLOW, MANY, MULTIPARTY, ONE, PEER, Row, bot, judge, service};

#[test]
fn order() {
    judge(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = ends();
    rows.extend(life_of_a_call());
    rows.extend(between_resources());
    rows.extend(further());
    rows.extend(redelivery());
    rows.extend(besides());
    rows
}

const CALL: &str = "c0ffee00-0000-4000-8000-000000000000";

fn ends() -> Vec<Row> {
    vec![
        service(
            "an operation ends once",
            ONE,
            |t| t.twice(3),
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "an operation ends once: after the last step",
            MULTIPARTY,
            |t| {
                let again = t.moves[t.at(3)].1.clone();
                t.more(again);
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "an operation ends once: in one batch",
            ONE,
            |t| {
                let entry = t.entry(3).clone();
                t.body(3)["value"]
                    .as_array_mut()
                    .expect("entries")
                    .push(entry);
            },
            Fails(Rule::NotificationUnexpected, "/value/1"),
        ),
        service(
            "nothing follows the end of an operation",
            ONE,
            |t| {
                let mut entry = t.entry(3).clone();
                entry["changeType"] = json!("updated");
                entry["resourceData"]["status"] = json!("running");
                t.more(notification(&entry));
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "what ends is one operation: it is there",
            ONE,
            |t| t.entry(3)["resourceData"] = json!([]),
            Fails(Rule::NotificationBody, "/value/0/resourceData"),
        ),
        service(
            "what ends is one operation: there is no other",
            ONE,
            |t| {
                let one = t.entry(3)["resourceData"].clone();
                t.entry(3)["resourceData"] = json!([one, one]);
            },
            Fails(Rule::NotificationBody, "/value/0/resourceData"),
        ),
        service(
            "what ends is one operation: as a collection of one",
            ONE,
            |t| {
                let one = t.entry(3)["resourceData"].clone();
                t.entry(3)["resourceData"] = json!([one]);
            },
            Passes,
        ),
        service(
            "nothing follows the end of a call",
            PEER,
            |t| {
                let entry = t.entry(5).clone();
                t.more(notification(&entry));
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "a call is deleted once",
            PEER,
            |t| t.twice(6),
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "an operation may stay open where no end is printed",
            ACCEPTED,
            |_| {},
            Passes,
        ),
        service(
            "an operation may end where no end is printed, once",
            ACCEPTED,
            |t| {
                for _ in 0..2 {
                    t.more(end_of_accepted("deleted"));
                }
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "an operation may end where no end is printed",
            ACCEPTED,
            |t| t.more(end_of_accepted("deleted")),
            Passes,
        ),
        service(
            "an operation may be updated to its end before it is deleted",
            ACCEPTED,
            |t| {
                t.more(end_of_accepted("updated"));
                t.more(end_of_accepted("deleted"));
            },
            Passes,
        ),
    ]
}

fn end_of_accepted(change: &str) -> Move {
    notification(&json!({
        "changeType": change,
        "resource": format!("/app/calls/{CALL}/operations/c0ffee00-0000-4000-8000-000000000007"),
        "resourceData": {"@odata.type": "#microsoft.graph.commsOperation", "status": "completed"},
    }))
}

fn life_of_a_call() -> Vec<Row> {
    vec![
        service(
            "a call goes establishing, established",
            FLOW,
            |t| t.make_before(5, 4),
            Fails(Rule::NotificationOrder, "/value/0"),
        ),
        service(
            "a call goes terminated, deleted",
            PEER,
            |t| t.make_before(6, 5),
            Fails(Rule::NotificationOrder, "/value/0"),
        ),
        service(
            "a call goes incoming first, and is created once",
            FLOW,
            |t| t.twice(1),
            Fails(Rule::NotificationOrder, "/value/0"),
        ),
        service(
            "a call does not go back",
            FLOW,
            |t| {
                let entry = t.entry(4).clone();
                let at = t.at(5);
                t.moves.insert(at + 1, (0, notification(&entry)));
            },
            Fails(Rule::NotificationOrder, "/value/0"),
        ),
        service("a call may stay in its state", FLOW, |t| t.twice(5), Passes),
        service(
            "a call that skips a state leaves it missing",
            FLOW,
            |t| {
                t.leave_out(4);
                t.moves.truncate(t.at(7));
            },
            Fails(Rule::NotificationMissing, ""),
        ),
    ]
}

fn between_resources() -> Vec<Row> {
    vec![
        service(
            "different resources are not ordered",
            ONE,
            |t| t.make_before(4, 3),
            Passes,
        ),
        service(
            "different resources are not ordered: two calls",
            PEER,
            |t| {
                t.make_before(5, 3);
                t.make_before(6, 3);
            },
            Passes,
        ),
        service(
            "may come before the response that caused them",
            ONE,
            |t| {
                t.make_before(3, 2);
                t.make_before(4, 2);
            },
            Passes,
        ),
        service(
            "may come before the response: of a call that is made",
            FLOW,
            |t| {
                t.make_before(8, 7);
                t.make_before(9, 7);
            },
            Passes,
        ),
        service(
            "before the response, about something else after all",
            ONE,
            |t| {
                t.make_before(4, 2);
                t.entry(4)["resource"] = json!("/app/calls/other/participants");
                t.entry(4)["resourceUrl"] = json!("/app/calls/other/participants");
            },
            Fails(Rule::Correlation, "/value/0/resource"),
        ),
        service(
            "several in one value array",
            PEER,
            |t| {
                for step in [4, 5, 6] {
                    let entry = t.entry(step).clone();
                    t.body(3)["value"]
                        .as_array_mut()
                        .expect("entries")
                        .push(entry);
                    t.leave_out(step);
                }
            },
            Passes,
        ),
        service(
            "several in one array: each is judged",
            PEER,
            |t| {
                let mut entry = t.entry(4).clone();
                entry["changeType"] = json!("renamed");
                t.body(3)["value"]
                    .as_array_mut()
                    .expect("entries")
                    .push(entry);
                t.leave_out(4);
            },
            Fails(Rule::NotificationBody, "/value/1/changeType"),
        ),
    ]
}

fn further() -> Vec<Row> {
    vec![
        service(
            "further notifications: the operation runs",
            ONE,
            |t| {
                t.before(3, |body| {
                    body["value"][0]["changeType"] = json!("updated");
                    body["value"][0]["resourceData"]["status"] = json!("running");
                });
            },
            Passes,
        ),
        service(
            "further notifications: the operation runs, told before the answer",
            ONE,
            |t| {
                t.before(3, |body| {
                    body["value"][0]["changeType"] = json!("created");
                    body["value"][0]["resourceData"]["status"] = json!("running");
                });
                let at = t.at(3) - 1;
                let early = t.moves.remove(at);
                t.moves.insert(0, early);
            },
            Passes,
        ),
        service(
            "further notifications: ringing",
            FLOW,
            |t| {
                t.before(9, |body| {
                    body["value"][0]["resourceData"]["state"] = json!("ringing");
                });
            },
            Passes,
        ),
        service(
            "further notifications: the roster again",
            ONE,
            |t| t.twice(4),
            Passes,
        ),
        service(
            "further notifications: somebody leaves",
            ONE,
            |t| {
                t.more(notification(&json!({
                    "changeType": "deleted",
                    "resource": format!("/app/calls/{CALL}/participants/somebody"),
                    "resourceData": {"@odata.type": "#microsoft.graph.participant", "info": {}},
                })));
            },
            Passes,
        ),
        service(
            "further notifications: the roster before anybody has joined",
            MANY,
            |t| t.before(4, |body| body["value"][0]["resourceData"] = json!([])),
            Passes,
        ),
        service(
            "further notifications: the call itself",
            ONE,
            |t| {
                t.more(notification(&json!({
            "changeType": "updated",
            "resource": format!("/app/calls/{CALL}"),
            "resourceData": {"@odata.type": "#microsoft.graph.call", "state": "established"},
        })));
            },
            Passes,
        ),
        service(
            "further notifications: the end of the answer's operation, later",
            FLOW,
            |t| {
                let at = t.at(9);
                t.moves.insert(
                    at,
                    (
                        0,
                        notification(&json!({
                            "changeType": "deleted",
                            "resource": format!("/app/calls/{}/operations/{}", id(2), id(6)),
                            "resourceData": {
                                "@odata.type": "#microsoft.graph.commsOperation",
                                "status": "completed",
                            },
                        })),
                    ),
                );
            },
            Passes,
        ),
        service(
            "further notifications: the end of the answer's operation, while the invitation runs",
            FLOW,
            |t| {
                let at = t.at(11);
                t.moves.insert(at, (0, notification(&json!({
                "changeType": "deleted",
                "resource": format!("/app/calls/{}/operations/{}", id(2), id(6)),
                "resourceData": {"status": "completed", "clientContext": "of the answer"},
            }))));
            },
            Passes,
        ),
        service(
            "notification.unexpected: about anything else",
            ONE,
            |t| t.more(stranger()),
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "notification.unexpected: a roster of a strange call",
            ONE,
            |t| {
                t.more(notification(&json!({
                    "changeType": "updated",
                    "resource": "/app/calls/other/participants",
                    "resourceData": [],
                })));
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "notification.unexpected: another API",
            ONE,
            |t| {
                t.more(notification(
                    &json!({"changeType": "updated", "resource": "/me/messages"}),
                ));
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        service(
            "notification.unexpected: before the answer, about a stranger",
            ONE,
            |t| {
                let Move::Send(_) = stranger() else {
                    panic!("a message")
                };
                t.moves.insert(0, (0, stranger()));
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
    ]
}

fn id(index: usize) -> String {
    format!("c0ffee00-0000-4000-8000-{index:012x}")
}

fn stranger() -> Move {
    notification(&json!({
        "changeType": "updated",
        "resource": "/app/calls/other",
        "resourceData": {"state": "established"},
    }))
}

/// A step's notification is sent again after its acknowledgement was lost, so many times.
fn lost(t: &mut Talk, step: usize, times: usize) {
    for _ in 0..times {
        t.twice(step);
        let at = t.at(step);
        t.moves.insert(at + 1, (0, Move::ReplyLost));
    }
}

fn redelivery() -> Vec<Row> {
    vec![
        service(
            "redelivery after a lost acknowledgement is not a second one",
            ONE,
            |t| lost(t, 3, 1),
            Notes("sent again"),
        ),
        service(
            "redelivery, and its acknowledgement is lost too",
            ONE,
            |t| lost(t, 3, 2),
            Notes("sent again"),
        ),
        service(
            "redelivery of the created call",
            FLOW,
            |t| lost(t, 1, 1),
            Notes("sent again"),
        ),
        service(
            "redelivery after an acknowledgement that arrived is a second one",
            ONE,
            |t| {
                lost(t, 3, 1);
                t.more(Move::ReplyLost);
                let again = t.moves[t.at(3)].1.clone();
                t.more(again);
            },
            Fails(Rule::NotificationUnexpected, "/value/0"),
        ),
        bot(
            "a request whose answer was lost is sent again",
            ONE,
            |t| {
                lost(t, 1, 1);
            },
            Notes("sent again"),
        ),
        bot(
            "a request whose answer arrived is sent once",
            ONE,
            |t| t.twice(1),
            Fails(Rule::RequestUnexpected, ""),
        ),
    ]
}

fn besides() -> Vec<Row> {
    let operation = |_: &mut Talk| format!("/communications/calls/{CALL}/operations/{}", id(4));
    vec![
        bot(
            "a bot's GET of a resource is answered, not judged",
            ONE,
            move |t| {
                let at = t.at(3);
                for target in [
                    format!("/communications/calls/{CALL}"),
                    format!("/v1.0/communications/calls/{CALL}/participants?$top=3"),
                    operation(t),
                ] {
                    t.moves.insert(at, (0, bare("GET", &target)));
                    t.moves.insert(at, (0, bare("HEAD", &target)));
                }
            },
            Passes,
        ),
        bot(
            "a bot's GET of a stranger is judged",
            ONE,
            |t| {
                t.more(bare("GET", "/communications/calls/other"));
            },
            Fails(Rule::RequestUnexpected, ""),
        ),
        bot(
            "its DELETE of the call after the last step",
            ONE,
            |t| t.more(bare("DELETE", &format!("/communications/calls/{CALL}"))),
            Passes,
        ),
        bot(
            "its DELETE of the call before the last step",
            ONE,
            |t| {
                let at = t.at(3);
                t.moves.insert(
                    at,
                    (0, bare("DELETE", &format!("/communications/calls/{CALL}"))),
                );
            },
            Fails(Rule::RequestUnexpected, ""),
        ),
        bot(
            "its DELETE of a stranger",
            ONE,
            |t| t.more(bare("DELETE", "/communications/calls/other")),
            Fails(Rule::RequestUnexpected, ""),
        ),
        bot(
            "a bot may send before the trigger's answer",
            ONE,
            |t| {
                t.moves.swap(0, 1);
            },
            Passes,
        ),
        bot(
            "a bot may send without a trigger, and be called back before the trigger's answer",
            FLOW,
            |t| {
                let trigger = t.moves.remove(1);
                t.moves.push(trigger);
            },
            Passes,
        ),
        bot(
            "a bot may send its next request before it acknowledges",
            FLOW,
            |t| {
                t.make_before(6, 5);
            },
            Passes,
        ),
        bot(
            "a GET that looks like no call",
            ONE,
            |t| {
                t.more(bare("GET", "/communications/calls"));
            },
            Fails(Rule::RequestUnexpected, ""),
        ),
        service(
            "an empty collection tells nothing",
            ONE,
            |t| {
                t.before(3, |body| body["value"] = Value::Array(Vec::new()));
            },
            Fails(Rule::NotificationBody, ""),
        ),
        service(
            "the acknowledgement is any 2xx: confcall's own",
            ONE,
            |t| {
                assert!(matches!(t.payload(3), Body::Json(_)));
            },
            Passes,
        ),
    ]
}
