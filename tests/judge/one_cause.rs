//! *One cause, one failure*: consequences of a failure are notes.

use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::json;

use super::party::{bare, done, status, text_body};
use super::table::Expect::{Fails, Passes};
use super::table::{FLOW, MANY, MEETING, ONE, PEER, Row, bot, rows, service};

rows![
    a_wrong_status_and_then_nothing_that_is_documented(service(
        "a wrong status, and then nothing that is documented",
        ONE,
        |t| {
            *t.answer(2) = status(400);
            t.leave_out(3);
            t.leave_out(4);
        },
        Fails(Rule::ResponseStatus, ""),
    )),
    a_wrong_status_and_what_follows_is_not_judged(service(
        "a wrong status, and what follows is not judged",
        ONE,
        |t| {
            t.answer(2).status = 500;
            t.entry(3)["changeType"] = json!("x");
        },
        Fails(Rule::ResponseStatus, ""),
    )),
    a_notification_by_a_method_without_a_body(service(
        "a notification by a method without a body",
        ONE,
        |t| {
            t.request(3).method = "GET".into();
            *t.payload(3) = Body::Empty;
        },
        Fails(Rule::NotificationMethod, ""),
    )),
    an_answer_that_is_no_json(service(
        "an answer that is no JSON",
        ONE,
        |t| *t.payload(2) = text_body("{,}"),
        Fails(Rule::ResponseBody, ""),
    )),
    an_answer_of_bytes(service(
        "an answer of bytes",
        ONE,
        |t| *t.payload(2) = Body::Bytes(vec![0xff; 9]),
        Fails(Rule::ResponseBody, ""),
    )),
    a_notification_that_is_no_json_and_thus_missing(service(
        "a notification that is no JSON, and thus missing",
        ONE,
        |t| *t.payload(3) = text_body("{,}"),
        Fails(Rule::NotificationBody, ""),
    )),
    every_notification_no_json(service(
        "every notification no JSON",
        PEER,
        |t| {
            for step in [3, 4, 5, 6] {
                *t.payload(step) = text_body("{,}");
            }
        },
        Fails(Rule::NotificationBody, ""),
    )),
    one_batch_that_is_no_json_and_all_in_it_missing(service(
        "one batch that is no JSON, and all in it missing",
        PEER,
        |t| {
            *t.payload(3) = text_body("{,}");
            for step in [4, 5, 6] {
                t.leave_out(step);
            }
        },
        Fails(Rule::NotificationBody, ""),
    )),
    a_batch_with_an_entry_that_is_no_object(service(
        "a batch with an entry that is no object",
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
            t.body(3)["value"]
                .as_array_mut()
                .expect("entries")
                .insert(1, json!(7));
        },
        Fails(Rule::NotificationBody, "/value/1"),
    )),
    all_notifications_missing(service(
        "all notifications missing",
        PEER,
        |t| {
            for step in [3, 4, 5, 6] {
                t.leave_out(step);
            }
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    put_on_every_notification(service(
        "PUT on every notification",
        PEER,
        |t| {
            for step in [3, 4, 5, 6] {
                t.request(step).method = "PUT".into();
            }
        },
        Fails(Rule::NotificationMethod, ""),
    )),
    no_media_type_on_every_notification(service(
        "no media type on every notification",
        FLOW,
        |t| {
            for step in [1, 4, 5, 8, 9, 12] {
                t.header(step, "Content-Type", "");
            }
        },
        Fails(Rule::NotificationHeader, ""),
    )),
    a_strange_notification_in_place_of_the_documented_one(service(
        "a strange notification in place of the documented one",
        PEER,
        |t| t.entry(6)["resource"] = json!("/app/calls/c0ffee00-0000-4000-8000-0000000000ff"),
        Fails(Rule::Correlation, "/value/0/resourceData/@odata.id",),
    )),
    an_identity_that_is_missing_names_nobody(service(
        "an identity that is missing names nobody",
        ONE,
        |t| {
            t.body(2)["participants"][0]
                .as_object_mut()
                .expect("p")
                .shift_remove("identity");
        },
        Fails(Rule::ResponseBody, "/participants/0/identity"),
    )),
    an_id_of_another_type_names_nobody(service(
        "an id of another type names nobody",
        MANY,
        |t| t.body(2)["participants"][1]["identity"]["user"]["id"] = json!(7),
        Fails(Rule::ResponseBody, "/participants/1/identity/user/id"),
    )),
    an_end_in_another_word_is_one_failure(service(
        "an end in another word is one failure",
        MEETING,
        |t| t.entry(3)["changeType"] = json!("Ended"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    no_answer_and_then_nothing(service(
        "no answer, and then nothing",
        ONE,
        |t| {
            for step in [2, 3, 4] {
                t.leave_out(step);
            }
        },
        Fails(Rule::ResponseMissing, ""),
    )),
    an_answer_that_never_came_and_late_notifications(service(
        "an answer that never came, and late notifications",
        ONE,
        |t| {
            t.leave_out(2);
            t.moves.insert(0, (0, super::party::Move::Silence));
        },
        Fails(Rule::ResponseMissing, ""),
    )),
    a_refused_request_that_is_tried_again(bot(
        "a refused request that is tried again",
        ONE,
        |t| {
            *t.payload(1) = text_body("{");
            t.twice(1);
            t.twice(1);
        },
        Fails(Rule::RequestBody, ""),
    )),
    another_request_in_place_of_the_triggered_one(bot(
        "another request in place of the triggered one",
        FLOW,
        |t| {
            t.request(2).target = "/app/calls".into();
        },
        Fails(Rule::RequestMissing, ""),
    )),
    every_acknowledgement_refused(bot(
        "every acknowledgement refused",
        FLOW,
        |t| {
            for step in [1, 4, 5, 8] {
                t.answer(step).status = 500;
            }
        },
        Fails(Rule::AcknowledgementStatus, ""),
    )),
    no_token_on_every_request(bot(
        "no token on every request",
        FLOW,
        |t| {
            for step in [2, 6, 10] {
                t.header(step, "Authorization", "");
            }
        },
        Fails(Rule::RequestHeader, ""),
    )),
    a_get_of_another_call_again_and_again(bot(
        "a GET of another call, again and again",
        ONE,
        |t| {
            for _ in 0..3 {
                t.more(bare("GET", "/communications/calls/other"));
            }
        },
        Passes,
    )),
    any_2xx_will_do(bot(
        "any 2xx will do",
        ONE,
        |t| {
            *t.answer(3) = status(200);
            *t.answer(4) = done();
        },
        Passes,
    )),
];
