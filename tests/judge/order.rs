//! *Order*: ends, life cycles, early and batched messages, redelivery, additional messages of a
//! bot.

use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Move, Talk, bare, notification};
use super::table::Expect::{Fails, Notes, Passes};
use super::table::{ACCEPTED, FLOW, MANY, MULTIPARTY, ONE, PEER, Row, bot, rows, service};

const CALL: &str = "c0ffee00-0000-4000-8000-000000000000";

fn end_of_accepted(change: &str) -> Move {
    notification(&json!({
        "changeType": change,
        "resource": format!("/app/calls/{CALL}/operations/c0ffee00-0000-4000-8000-000000000007"),
        "resourceData": {"@odata.type": "#microsoft.graph.commsOperation", "status": "completed",
            "clientContext": "context 6"},
    }))
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

/// Sends a step's notification again `times` times after its acknowledgement was lost.
fn lost(t: &mut Talk, step: usize, times: usize) {
    for _ in 0..times {
        t.twice(step);
        let at = t.at(step);
        t.moves.insert(at + 1, (0, Move::ReplyLost));
    }
}

fn operation(_: &mut Talk) -> String {
    format!("/communications/calls/{CALL}/operations/{}", id(4))
}

rows![
    an_operation_ends_once(service(
        "an operation ends once",
        ONE,
        |t| t.twice(3),
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    an_operation_ends_once_after_the_last_step(service(
        "an operation ends once: after the last step",
        MULTIPARTY,
        |t| {
            let again = t.moves[t.at(3)].1.clone();
            t.more(again);
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    an_operation_ends_once_in_one_batch(service(
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
    )),
    nothing_follows_the_end_of_an_operation(service(
        "nothing follows the end of an operation",
        ONE,
        |t| {
            let mut entry = t.entry(3).clone();
            entry["changeType"] = json!("updated");
            entry["resourceData"]["status"] = json!("running");
            t.more(notification(&entry));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    what_ends_is_one_operation_it_is_there(service(
        "what ends is one operation: it is there",
        ONE,
        |t| t.entry(3)["resourceData"] = json!([]),
        Fails(Rule::NotificationBody, "/value/0/resourceData"),
    )),
    what_ends_is_one_operation_there_is_no_other(service(
        "what ends is one operation: there is no other",
        ONE,
        |t| {
            let one = t.entry(3)["resourceData"].clone();
            t.entry(3)["resourceData"] = json!([one, one]);
        },
        Fails(Rule::NotificationBody, "/value/0/resourceData"),
    )),
    what_ends_is_one_operation_as_a_collection_of_one(service(
        "what ends is one operation: as a collection of one",
        ONE,
        |t| {
            let one = t.entry(3)["resourceData"].clone();
            t.entry(3)["resourceData"] = json!([one]);
        },
        Passes,
    )),
    nothing_follows_the_end_of_a_call(service(
        "nothing follows the end of a call",
        PEER,
        |t| {
            let entry = t.entry(5).clone();
            t.more(notification(&entry));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    a_call_is_deleted_once(service(
        "a call is deleted once",
        PEER,
        |t| t.twice(6),
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    an_operation_ends_where_no_end_is_printed(service(
        "an operation ends where no end is printed",
        ACCEPTED,
        |t| t.moves.truncate(1),
        Fails(Rule::NotificationMissing, ""),
    )),
    an_operation_may_end_where_no_end_is_printed_once(service(
        "an operation may end where no end is printed, once",
        ACCEPTED,
        |t| {
            t.more(end_of_accepted("deleted"));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    an_operation_may_end_where_no_end_is_printed(service(
        "an operation may end where no end is printed",
        ACCEPTED,
        |_| {},
        Passes,
    )),
    the_end_of_an_operation_is_no_update(service(
        "the end of an operation is no update",
        ACCEPTED,
        |t| {
            t.moves.insert(1, (0, end_of_accepted("updated")));
        },
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    a_call_goes_establishing_established(service(
        "a call goes establishing, established",
        FLOW,
        |t| t.make_before(5, 4),
        Fails(Rule::NotificationOrder, "/value/0/resourceData/state"),
    )),
    a_call_goes_terminated_deleted(service(
        "a call goes terminated, deleted",
        PEER,
        |t| t.make_before(6, 5),
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    a_call_goes_incoming_first_and_is_created_once(service(
        "a call goes incoming first, and is created once",
        FLOW,
        |t| t.twice(1),
        Fails(Rule::NotificationOrder, "/value/0"),
    )),
    a_call_does_not_go_back(service(
        "a call does not go back",
        FLOW,
        |t| {
            let entry = t.entry(4).clone();
            let at = t.at(5);
            t.moves.insert(at + 1, (0, notification(&entry)));
        },
        Fails(Rule::NotificationOrder, "/value/0/resourceData/state"),
    )),
    a_call_may_stay_in_its_state(service(
        "a call may stay in its state",
        FLOW,
        |t| t.twice(5),
        Passes
    )),
    a_call_that_skips_a_state_leaves_it_missing(service(
        "a call that skips a state leaves it missing",
        FLOW,
        |t| {
            t.leave_out(4);
            t.moves.truncate(t.at(7));
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    different_resources_are_not_ordered(service(
        "different resources are not ordered",
        ONE,
        |t| t.make_before(4, 3),
        Passes,
    )),
    different_resources_are_not_ordered_two_calls(service(
        "different resources are not ordered: two calls",
        PEER,
        |t| {
            t.make_before(5, 3);
            t.make_before(6, 3);
        },
        Passes,
    )),
    may_come_before_the_response_that_caused_them(service(
        "may come before the response that caused them",
        ONE,
        |t| {
            t.make_before(3, 2);
            t.make_before(4, 2);
        },
        Passes,
    )),
    may_come_before_the_response_of_a_call_that_is_made(service(
        "may come before the response: of a call that is made",
        FLOW,
        |t| {
            t.make_before(8, 7);
            t.make_before(9, 7);
        },
        Passes,
    )),
    before_the_response_about_something_else_after_all(service(
        "before the response, about something else after all",
        ONE,
        |t| {
            t.make_before(4, 2);
            t.entry(4)["resource"] = json!("/app/calls/other/participants");
            t.entry(4)["resourceUrl"] = json!("/app/calls/other/participants");
        },
        Fails(Rule::Correlation, "/value/0/resource"),
    )),
    several_in_one_value_array(service(
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
    )),
    several_in_one_array_each_is_judged(service(
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
    )),
    further_notifications_the_operation_runs(service(
        "further notifications: the operation runs",
        ONE,
        |t| {
            t.before(3, |body| {
                body["value"][0]["changeType"] = json!("updated");
                body["value"][0]["resourceData"]["status"] = json!("running");
            });
        },
        Passes,
    )),
    further_notifications_the_operation_runs_told_before_the_answer(service(
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
    )),
    further_notifications_ringing(service(
        "further notifications: ringing",
        FLOW,
        |t| {
            t.before(9, |body| {
                body["value"][0]["resourceData"]["state"] = json!("ringing");
            });
        },
        Passes,
    )),
    further_notifications_the_roster_again(service(
        "further notifications: the roster again",
        ONE,
        |t| t.twice(4),
        Passes,
    )),
    further_notifications_somebody_leaves(service(
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
    )),
    further_notifications_the_roster_before_anybody_has_joined(service(
        "further notifications: the roster before anybody has joined",
        MANY,
        |t| t.before(4, |body| body["value"][0]["resourceData"] = json!([])),
        Passes,
    )),
    further_notifications_the_call_itself(service(
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
    )),
    further_notifications_the_end_of_the_answers_operation_later(service(
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
    )),
    further_notifications_the_end_of_the_answers_operation_while_the_invitation_runs(service(
        "further notifications: the end of the answer's operation, while the invitation runs",
        FLOW,
        |t| {
            let at = t.at(11);
            t.moves.insert(
                at,
                (
                    0,
                    notification(&json!({
                        "changeType": "deleted",
                        "resource": format!("/app/calls/{}/operations/{}", id(2), id(6)),
                        "resourceData": {"status": "completed", "clientContext": "of the answer"},
                    })),
                ),
            );
        },
        Passes,
    )),
    a_notification_about_another_call(service(
        "a notification about another call",
        ONE,
        |t| t.more(stranger()),
        Passes,
    )),
    a_notification_with_the_roster_of_another_call(service(
        "a notification with the roster of another call",
        ONE,
        |t| {
            t.more(notification(&json!({
                "changeType": "updated",
                "resource": "/app/calls/other/participants",
                "resourceData": [],
            })));
        },
        Passes,
    )),
    a_notification_of_another_api(service(
        "a notification of another API",
        ONE,
        |t| {
            t.more(notification(
                &json!({"changeType": "updated", "resource": "/me/messages"}),
            ));
        },
        Passes,
    )),
    a_notification_about_another_call_before_the_answer(service(
        "a notification about another call, before the answer",
        ONE,
        |t| {
            let Move::Send(_) = stranger() else {
                panic!("a message")
            };
            t.moves.insert(0, (0, stranger()));
        },
        Passes,
    )),
    redelivery_after_a_lost_acknowledgement_is_not_a_second_one(service(
        "redelivery after a lost acknowledgement is not a second one",
        ONE,
        |t| lost(t, 3, 1),
        Notes("sent again"),
    )),
    redelivery_and_its_acknowledgement_is_lost_too(service(
        "redelivery, and its acknowledgement is lost too",
        ONE,
        |t| lost(t, 3, 2),
        Notes("sent again"),
    )),
    redelivery_of_the_created_call(service(
        "redelivery of the created call",
        FLOW,
        |t| lost(t, 1, 1),
        Notes("sent again"),
    )),
    redelivery_after_an_acknowledgement_that_arrived_is_a_second_one(service(
        "redelivery after an acknowledgement that arrived is a second one",
        ONE,
        |t| {
            lost(t, 3, 1);
            t.more(Move::ReplyLost);
            let again = t.moves[t.at(3)].1.clone();
            t.more(again);
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    a_request_whose_answer_was_lost_is_sent_again(bot(
        "a request whose answer was lost is sent again",
        ONE,
        |t| {
            lost(t, 1, 1);
        },
        Notes("sent again"),
    )),
    a_request_whose_answer_arrived_is_sent_once(bot(
        "a request whose answer arrived is sent once",
        ONE,
        |t| t.twice(1),
        Fails(Rule::RequestUnexpected, ""),
    )),
    a_bots_get_of_a_resource_is_answered_not_judged(bot(
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
    )),
    a_bots_get_of_another_call_is_not_judged(bot(
        "a bot's GET of another call is not judged",
        ONE,
        |t| {
            t.more(bare("GET", "/communications/calls/other"));
        },
        Passes,
    )),
    its_delete_of_the_call_after_the_last_step(bot(
        "its DELETE of the call after the last step",
        ONE,
        |t| t.more(bare("DELETE", &format!("/communications/calls/{CALL}"))),
        Passes,
    )),
    its_delete_of_the_call_before_the_last_step(bot(
        "its DELETE of the call before the last step",
        ONE,
        |t| {
            let at = t.at(3);
            t.moves.insert(
                at,
                (0, bare("DELETE", &format!("/communications/calls/{CALL}"))),
            );
        },
        Passes,
    )),
    its_delete_of_another_call(bot(
        "its DELETE of another call",
        ONE,
        |t| t.more(bare("DELETE", "/communications/calls/other")),
        Passes,
    )),
    a_bot_may_send_before_the_triggers_answer(bot(
        "a bot may send before the trigger's answer",
        ONE,
        |t| {
            t.moves.swap(0, 1);
        },
        Passes,
    )),
    a_bot_may_send_without_a_trigger_and_be_called_back_before_the_triggers_answer(bot(
        "a bot may send without a trigger, and be called back before the trigger's answer",
        FLOW,
        |t| {
            let trigger = t.moves.remove(1);
            t.moves.push(trigger);
        },
        Passes,
    )),
    a_bot_may_send_its_next_request_before_it_acknowledges(bot(
        "a bot may send its next request before it acknowledges",
        FLOW,
        |t| {
            t.make_before(6, 5);
        },
        Passes,
    )),
    a_get_that_looks_like_no_call(bot(
        "a GET that looks like no call",
        ONE,
        |t| {
            t.more(bare("GET", "/communications/calls"));
        },
        Passes,
    )),
    an_empty_collection_tells_nothing(service(
        "an empty collection tells nothing",
        ONE,
        |t| {
            t.before(3, |body| body["value"] = Value::Array(Vec::new()));
        },
        Fails(Rule::NotificationBody, "/value"),
    )),
    the_acknowledgement_is_any_2xx_confcalls_own(service(
        "the acknowledgement is any 2xx: confcall's own",
        ONE,
        |t| {
            assert!(matches!(t.payload(3), Body::Json(_)));
        },
        Passes,
    )),
];
