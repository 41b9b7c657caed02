//! *Words and shape*: method, path, status, media type, JSON types, protocol words.

use crate::contract::rule::Rule;
use serde_json::json;

use super::party::{notification, status};
use super::table::Expect::{Fails, Passes, Warns};
use super::table::{FAILURE, FLOW, MANY, MEETING, ONE, PEER, Row, bot, rows, service};

rows![
    a_conforming_service_passes(service("a conforming service passes", ONE, |_| {}, Passes)),
    a_conforming_bot_passes(bot("a conforming bot passes", ONE, |_| {}, Passes)),
    method_of_a_notification(service(
        "method: of a notification",
        ONE,
        |t| t.request(3).method = "PUT".into(),
        Fails(Rule::NotificationMethod, ""),
    )),
    method_of_a_request(bot(
        "method: of a request",
        ONE,
        |t| t.request(1).method = "PUT".into(),
        Fails(Rule::RequestMethod, ""),
    )),
    path_of_a_request(bot(
        "path: of a request",
        ONE,
        |t| {
            let target = t.request(1).target.replace("/invite", "/add");
            t.request(1).target = target;
        },
        Fails(Rule::RequestTarget, ""),
    )),
    path_with_its_variables_the_triggered_call(bot(
        "path, with its variables: the triggered call",
        ONE,
        |t| {
            t.request(1).target = "/communications/calls/other/participants/invite".into();
        },
        Fails(Rule::RequestTarget, ""),
    )),
    path_a_query_is_no_part_of_it(bot(
        "path: a query is no part of it",
        ONE,
        |t| t.request(1).target += "?trace=1",
        Passes,
    )),
    path_another_version_of_it_warns(bot(
        "path: another version of it warns",
        ONE,
        |t| {
            let call = "c0ffee00-0000-4000-8000-000000000000";
            t.request(1).target = format!("https://host/v1.0/app/calls/{call}/participants/invite");
        },
        Warns(Rule::RequestTarget, ""),
    )),
    path_any_documented_form_of_it(bot(
        "path: any documented form of it",
        ONE,
        |t| {
            let call = "c0ffee00-0000-4000-8000-000000000000";
            t.request(1).target = format!("https://host/app/calls/{call}/participants/invite");
        },
        Passes,
    )),
    path_with_or_without_a_version_and_nothing_else_before_it(bot(
        "path: with or without a version, and nothing else before it",
        ONE,
        |t| {
            let call = "c0ffee00-0000-4000-8000-000000000000";
            t.request(1).target = format!("/v2.0/app/calls/{call}/participants/invite");
        },
        Fails(Rule::RequestTarget, ""),
    )),
    path_an_empty_segment_warns(bot(
        "path: an empty segment warns",
        ONE,
        |t| {
            let target = t
                .request(1)
                .target
                .replace("/participants", "//participants");
            t.request(1).target = target;
        },
        Warns(Rule::RequestTarget, ""),
    )),
    path_no_other_form_of_it(bot(
        "path: no other form of it",
        ONE,
        |t| {
            let call = "c0ffee00-0000-4000-8000-000000000000";
            t.request(1).target = format!("/voice/calls/{call}/participants/invite");
        },
        Fails(Rule::RequestTarget, ""),
    )),
    path_of_a_resource_that_is_none_of_this_api(service(
        "path: of a resource that is none of this API",
        ONE,
        |t| {
            t.entry(3)["resource"] = json!("/foo/bar");
            t.entry(3)["resourceUrl"] = json!("/foo/bar");
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    path_a_roster_has_the_path_of_a_roster(service(
        "path: a roster has the path of a roster",
        ONE,
        |t| {
            let call = "/app/calls/c0ffee00-0000-4000-8000-000000000000";
            t.entry(4)["resource"] = json!(call);
            t.entry(4)["resourceUrl"] = json!(call);
        },
        Fails(Rule::NotificationBody, "/value/0/resource"),
    )),
    status_of_an_answer(service(
        "status: of an answer",
        ONE,
        |t| t.answer(2).status = 201,
        Fails(Rule::ResponseStatus, ""),
    )),
    media_type_of_an_answer(service(
        "media type: of an answer",
        ONE,
        |t| t.header(2, "Content-Type", "text/json"),
        Fails(Rule::ResponseHeader, ""),
    )),
    media_type_its_parameters_and_case_are_free(service(
        "media type: its parameters and case are free",
        ONE,
        |t| t.header(2, "Content-Type", "Application/JSON; charset=UTF-8"),
        Passes,
    )),
    media_type_of_a_notification(service(
        "media type: of a notification",
        ONE,
        |t| t.header(3, "Content-Type", ""),
        Fails(Rule::NotificationHeader, ""),
    )),
    media_type_of_a_request(bot(
        "media type: of a request",
        ONE,
        |t| t.header(1, "Content-Type", "text/plain"),
        Fails(Rule::RequestHeader, ""),
    )),
    json_type_of_every_property_in_an_answer(service(
        "JSON type of every property: in an answer",
        ONE,
        |t| t.body(2)["id"] = json!(7),
        Fails(Rule::ResponseBody, "/id"),
    )),
    json_type_an_answer_that_is_no_object(service(
        "JSON type: an answer that is no object",
        ONE,
        |t| *t.body(2) = json!([]),
        Fails(Rule::ResponseBody, ""),
    )),
    json_type_of_every_property_in_a_notification(service(
        "JSON type of every property: in a notification",
        ONE,
        |t| t.entry(4)["resourceData"][0]["isMuted"] = json!("false"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/0/isMuted"),
    )),
    json_type_a_deep_one(service(
        "JSON type: a deep one",
        ONE,
        |t| t.entry(4)["resourceData"][0]["mediaStreams"] = json!({}),
        Fails(
            Rule::NotificationBody,
            "/value/0/resourceData/0/mediaStreams",
        ),
    )),
    json_type_of_the_resource(service(
        "JSON type: of the resource",
        ONE,
        |t| {
            t.entry(3)["resource"] = json!(3);
        },
        Fails(Rule::NotificationBody, "/value/0/resource"),
    )),
    json_type_of_the_only_resource(service(
        "JSON type: of the only resource",
        MEETING,
        |t| t.entry(3)["resource"] = json!(3),
        Fails(Rule::NotificationBody, "/value/0/resource"),
    )),
    json_type_of_every_property_in_a_request(bot(
        "JSON type of every property: in a request",
        FLOW,
        |t| t.body(2)["acceptModalities"] = json!("audio"),
        Fails(Rule::RequestBody, "/acceptModalities"),
    )),
    protocol_words_without_regard_to_case_status(service(
        "protocol words without regard to case: status",
        ONE,
        |t| {
            t.body(2)["status"] = json!("RUNNING");
            t.entry(3)["resourceData"]["status"] = json!("Completed");
        },
        Passes,
    )),
    protocol_words_without_regard_to_case_changetype(service(
        "protocol words without regard to case: changeType",
        ONE,
        |t| t.entry(3)["changeType"] = json!("Deleted"),
        Passes,
    )),
    protocol_words_without_regard_to_case_state(service(
        "protocol words without regard to case: state",
        FLOW,
        |t| t.entry(5)["resourceData"]["state"] = json!("Established"),
        Passes,
    )),
    any_word_that_is_listed_for_that_place(service(
        "any word that is listed for that place",
        ONE,
        |t| t.body(2)["status"] = json!("notStarted"),
        Passes,
    )),
    any_word_that_is_listed_endpointtype(service(
        "any word that is listed: endpointType",
        ONE,
        |t| t.entry(4)["resourceData"][0]["info"]["endpointType"] = json!("skypeForBusiness"),
        Passes,
    )),
    no_word_that_is_not_listed_status_of_an_answer(service(
        "no word that is not listed: status of an answer",
        ONE,
        |t| t.body(2)["status"] = json!("Busy"),
        Fails(Rule::ResponseBody, "/status"),
    )),
    no_word_that_is_not_listed_status_of_an_end(service(
        "no word that is not listed: status of an end",
        ONE,
        |t| t.entry(3)["resourceData"]["status"] = json!("Done"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
    )),
    no_word_that_is_not_listed_changetype(service(
        "no word that is not listed: changeType",
        ONE,
        |t| t.entry(3)["changeType"] = json!("Removed"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    no_word_that_is_not_listed_changetype_of_a_roster(service(
        "no word that is not listed: changeType of a roster",
        ONE,
        |t| t.entry(4)["changeType"] = json!("Changed"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    no_word_that_is_not_listed_state(service(
        "no word that is not listed: state",
        FLOW,
        |t| t.entry(5)["resourceData"]["state"] = json!("Connected"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/state"),
    )),
    no_word_that_is_not_listed_direction_of_media(service(
        "no word that is not listed: direction of media",
        ONE,
        |t| t.entry(4)["resourceData"][0]["mediaStreams"][0]["direction"] = json!("both"),
        Fails(
            Rule::NotificationBody,
            "/value/0/resourceData/0/mediaStreams/0/direction",
        ),
    )),
    no_word_that_is_not_listed_media_type_of_a_stream(service(
        "no word that is not listed: media type of a stream",
        ONE,
        |t| t.entry(4)["resourceData"][0]["mediaStreams"][0]["mediaType"] = json!("sound"),
        Fails(
            Rule::NotificationBody,
            "/value/0/resourceData/0/mediaStreams/0/mediaType",
        ),
    )),
    no_word_that_is_not_listed_modalities(service(
        "no word that is not listed: modalities",
        FLOW,
        |t| t.entry(1)["resourceData"]["requestedModalities"] = json!(["audio", "smell"]),
        Fails(
            Rule::NotificationBody,
            "/value/0/resourceData/requestedModalities/1",
        ),
    )),
    no_word_that_is_not_listed_a_bots_modalities(bot(
        "no word that is not listed: a bot's modalities",
        FLOW,
        |t| t.body(2)["acceptModalities"] = json!(["smell"]),
        Fails(Rule::RequestBody, "/acceptModalities/0"),
    )),
    that_moment_of_the_life_cycle_an_answer_that_is_completed_is_the_end(service(
        "that moment of the life cycle: an answer that is completed is the end",
        ONE,
        |t| t.body(2)["status"] = json!("completed"),
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    that_moment_of_the_life_cycle_an_answer_that_failed_is_the_end(service(
        "that moment of the life cycle: an answer that failed is the end",
        PEER,
        |t| {
            t.body(2)["status"] = json!("failed");
            t.body(2)["resultInfo"] = json!({"code": 400});
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    that_moment_an_end_is_not_running(service(
        "that moment: an end is not running",
        ONE,
        |t| t.entry(3)["resourceData"]["status"] = json!("running"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
    )),
    that_moment_the_documented_end_is_success(service(
        "that moment: the documented end is success",
        ONE,
        |t| {
            let data = &mut t.entry(3)["resourceData"];
            data["status"] = json!("failed");
            data["resultInfo"] = json!({"code": 500});
        },
        Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
    )),
    that_moment_the_documented_end_is_failure(service(
        "that moment: the documented end is failure",
        FAILURE,
        |t| t.entry(3)["resourceData"]["status"] = json!("completed"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
    )),
    that_moment_an_end_is_a_deletion(service(
        "that moment: an end is a deletion",
        MANY,
        |t| t.entry(3)["changeType"] = json!("updated"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    that_moment_an_incoming_call_is_incoming(service(
        "that moment: an incoming call is incoming",
        FLOW,
        |t| t.entry(1)["resourceData"]["direction"] = json!("outgoing"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/direction"),
    )),
    that_moment_a_call_that_the_bot_makes_is_outgoing(service(
        "that moment: a call that the bot makes is outgoing",
        FLOW,
        |t| t.entry(8)["resourceData"]["direction"] = json!("incoming"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/direction"),
    )),
    that_moment_a_new_call_is_created(service(
        "that moment: a new call is created",
        FLOW,
        |t| t.entry(1)["changeType"] = json!("updated"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    a_further_notification_is_judged_by_its_words_too(service(
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
    )),
    a_further_notification_is_judged_by_its_types_too(service(
        "a further notification is judged by its types too",
        ONE,
        |t| {
            t.before(3, |body| {
                body["value"][0]["changeType"] = json!("updated");
                body["value"][0]["resourceData"]["status"] = json!(3);
            });
        },
        Fails(Rule::NotificationBody, "/value/0/resourceData/status"),
    )),
    status_an_error_is_none_of_the_documented_answers(service(
        "status: an error is none of the documented answers",
        ONE,
        |t| *t.answer(2) = status(500),
        Fails(Rule::ResponseStatus, ""),
    )),
];
