//! Calls: created, coming, answered, transferred, kept alive, hung up; answers and notifications of any operation.

use serde_json::{Value, json};

use super::Outcome::{Fails, IsBlameless, IsOpen, Passes, Warns};
use super::with;
use crate::http::message::{Body, Response};
use crate::tests::tape::{
    ANNA, BERT, CALL, CLARA, OPERATION, OTHER_CALL, SECOND_OPERATION, Tape, answer, call, create,
    error, muted, of_beta, running, unknown_operation, user, without_token,
};

rows! {
    an_end_before_the_answer_of_another_type: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}], "clientContext": "context-1"}), 200,
            running(OPERATION, "context-1"))
        .but(|it| it.took_ms = 500)
        .ends(Value::Null), Passes, Fails("type.kind");
    a_bot_that_does_several_things_at_once: Tape::new().does_several_things_at_once(),
        Passes, Passes;
    a_call_that_is_kept_alive_without_a_token: Tape::new()
        .keeps_alive()
        .but(without_token), Fails("request.token"), Passes;
    a_call_that_is_kept_alive_by_another_method: Tape::new()
        .request("PUT", "keepAlive", Value::Null, 405, error("405")),
        Fails("request.method"), Passes;
    a_call_that_is_put: Tape::new()
        .request("PUT", "", json!({}), 405, error("405")),
        Fails("request.method"), Passes;
    all_participants_are_removed_at_once: Tape::new()
        .request("DELETE", "participants", Value::Null, 405, error("405")),
        Fails("request.method"), Passes;
    all_calls_are_removed_at_once: Tape::new()
        .request("DELETE", "/calls", Value::Null, 405, error("405")),
        Fails("request.method"), Passes;
    an_operation_that_is_posted: Tape::new()
        .request("POST", &format!("operations/{OPERATION}"), json!({}), 405, error("405")),
        Fails("request.method"), Passes;
    a_call_that_is_put_and_accepted: Tape::new()
        .request("PUT", "", json!({}), 200, Value::Null),
        Fails("request.method"), Passes;
    a_bot_that_hangs_up_without_a_token: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 401, error("InvalidAuthenticationToken"))
        .but(without_token), Fails("request.token"), Passes;
    a_call_that_goes_on_after_it_was_hung_up: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("notification.arrives");
    a_call_ends_in_no_documented_state: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .tells(json!([call("deleted", json!({"state": "over"}))]))
        .wait(600_000)
        .request("GET", "/calls/other", Value::Null, 404, error("8523")), IsBlameless, Fails("notification.body");
    an_operation_that_nobody_saw_begin_ends_twice: Tape::new()
        .ends(Value::Null)
        .ends(Value::Null), IsBlameless, Fails("operation.once");
    an_end_after_a_completed_answer: Tape::new()
        .request("POST", "mute", json!({"clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .tells(muted("1", true))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "completed"}}])), IsBlameless, Fails("operation.once");
    a_number_without_a_country: Tape::new()
        .request("POST", "transfer", json!({"transferTarget": {"identity": {"phone": {"id": "5550100"}}}}),
            400, error("BadRequest")),
        Fails("people.phone-number"), Passes;
    a_creation_is_refused: Tape::new()
        .request("POST", "/calls", create(), 403, error("7504")), IsBlameless, IsOpen;
    a_voice_menu: Tape::new()
        .incoming()
        .answers()
        .is("establishing")
        .is("established")
        .is("Established")
        .request("POST", "subscribeToTone", json!({"clientContext": "tones"}), 200,
            running(OPERATION, "tones"))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "completed", "clientContext": "tones"}}]))
        .tells(json!([call("updated", json!({"state": "established", "toneInfo": {"tone": "tone1"}}))]))
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .is("terminating")
        .deleted(), Passes, Passes;
    an_incoming_call_is_rejected: Tape::new()
        .incoming()
        .request("POST", "reject", json!({"reason": "busy"}), 202, Value::Null)
        .deleted(), Passes, Passes;
    a_rejected_call_is_established: Tape::new()
        .incoming()
        .request("POST", "reject", json!({"reason": "busy"}), 202, Value::Null)
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), IsBlameless, Fails("effect");
    a_call_is_redirected_to_too_many: Tape::new()
        .incoming()
        .request("POST", "redirect", json!({"targets": vec![user(ANNA); 26]}), 400, error("BadRequest"))
        .answers()
        .is("established"), Fails("parameter.range"), Passes;
    a_call_is_redirected_for_too_long: Tape::new()
        .incoming()
        .request("POST", "redirect", json!({"targets": [user(ANNA)], "timeout": 100}), 400, error("BadRequest"))
        .answers()
        .is("established"), Fails("parameter.range"), Passes;
    a_call_is_redirected_to_nobody: Tape::new()
        .incoming()
        .request("POST", "redirect", json!({"targets": []}), 400, error("BadRequest"))
        .answers()
        .is("established"), Fails("request.body"), Passes;
    a_call_is_answered_at_no_address: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.request.body = Body::Json(answer(json!("my bot"))))
        .is("established"), Fails("request.body"), Passes;
    a_call_is_answered_at_a_path: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.request.body = Body::Json(answer(json!("/callback"))))
        .is("established"), Fails("request.body"), Passes;
    a_call_is_answered_over_http: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.request.body = Body::Json(answer(json!("HTTP://bot.example:3978/callback")))), IsBlameless, IsBlameless;
    a_call_is_rejected_for_no_reason: Tape::new()
        .incoming()
        .request("POST", "reject", json!({}), 202, Value::Null)
        .deleted(), Passes, Passes;
    a_call_of_six: Tape::new()
        .request("POST", "/calls", with(create(), "targets", json!(vec![user(ANNA); 6])), 400, error("7500")),
        Fails("parameter.range"), Passes;
    a_call_that_rings_for_too_long: Tape::new()
        .request("POST", "/calls", with(create(), "ringingTimeoutInSeconds", json!(116)), 400, error("BadRequest"))
        .but(of_beta), Fails("parameter.range"), Passes;
    a_call_at_no_address: Tape::new()
        .request("POST", "/calls", with(create(), "callbackUri", json!("bot.example/callback")), 400, error("BadRequest")),
        Fails("request.body"), Passes;
    a_meeting_is_joined: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .is("establishing")
        .is("established")
        .roster(&[("1", ANNA)])
        .wait(900_000)
        .keeps_alive()
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), Passes, Passes;
    a_call_is_told_of_before_its_answer: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .but(|it| it.took_ms = 150)
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), Passes, Passes;
    a_call_never_connects: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .is("establishing")
        .wait(300_000)
        .keeps_alive(), IsBlameless, Fails("notification.arrives");
    a_change_without_a_resource: Tape::new()
        .is("established")
        .tells(json!([{"changeType": "updated", "resourceData": {"state": "established"}}])),
        IsBlameless, Fails("notification.body");
    a_change_with_an_empty_resource: Tape::new()
        .is("established")
        .tells(json!([{"changeType": "updated", "resourceUrl": "", "resourceData": {"state": "established"}}])),
        IsBlameless, Fails("notification.body");
    a_change_with_one_resource_of_two: Tape::new()
        .tells(json!([{"changeType": "updated", "resource": "",
            "resourceUrl": format!("/communications/calls/{CALL}"), "resourceData": {"state": "established"}}])),
        Passes, Passes;
    a_change_without_a_resource_in_a_collection: Tape::new()
        .tells(json!([{"changeType": "updated", "resourceData": {"state": "established"}}]))
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["@odata.type"] = json!("#microsoft.graph.commsNotifications");
        }), IsBlameless, Fails("notification.body");
    a_call_goes_back: Tape::new()
        .is("established")
        .is("establishing"), IsBlameless, Fails("notification.order");
    a_call_after_its_end: Tape::new()
        .is("established")
        .deleted()
        .is("established"), IsBlameless, Fails("notification.about");
    a_call_ends_with_other_people: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .tells(json!([call("deleted", json!({"state": "terminated",
            "source": {"identity": {"user": {"id": CLARA}}}}))])), IsBlameless, Fails("call.people");
    a_callback_that_leads_elsewhere: Tape::new()
        .request("POST", "/calls", create(), 201,
            json!({"id": CALL, "state": "establishing", "callbackUri": "https://bot.example/elsewhere"}))
        .is("established"), IsBlameless, Fails("callback.address");
    a_notification_to_another_address: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .is("established")
        .but(|it| it.request.target = "/elsewhere".to_owned()), IsBlameless, Fails("callback.address");
    a_call_without_a_state_is_read: Tape::new()
        .request("GET", "", Value::Null, 200, json!({"id": CALL})), IsBlameless, Fails("answer.body");
    selected_properties_of_a_call_are_read: Tape::new()
        .request("GET", "/calls/CALL?$select=id", Value::Null, 200, json!({"id": "CALL"})), Passes, Passes;
    a_call_that_was_established_is_read_as_incoming: Tape::new()
        .is("established")
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "incoming"})),
        IsBlameless, Fails("resource.requested");
    a_call_that_was_deleted_is_read_as_established: Tape::new()
        .is("established")
        .deleted()
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "established"})),
        IsBlameless, Fails("resource.requested");
    a_call_changes_while_it_is_read: Tape::new()
        .is("establishing")
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "establishing"}))
        .but(|it| it.took_ms = 500)
        .is("established")
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "Terminated"}))
        .deleted()
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "terminated"})), Passes, Passes;
    a_read_of_another_call: Tape::new()
        .request("GET", "", Value::Null, 200, json!({"id": OTHER_CALL, "state": "established"})),
        IsBlameless, Fails("resource.requested");
    a_word_that_is_none: Tape::new()
        .request("POST", "updateRecordingStatus", json!({"status": "paused", "clientContext": "c"}), 400,
            error("BadRequest")), Fails("request.body"), Passes;
    an_undocumented_success: Tape::new()
        .request("DELETE", "", Value::Null, 200, Value::Null)
        .deleted(), IsBlameless, Fails("answer.status");
    a_late_answer_to_a_call: Tape::new()
        .incoming()
        .wait(20_000)
        .answers()
        .is("established"), Warns("answer.in-time"), Passes;
    a_deleted_call_that_is_established: Tape::new()
        .is("established")
        .tells(json!([call("deleted", json!({"state": "established"}))])),
        IsBlameless, Fails("notification.body");
    a_transfer_that_fails_without_a_result: Tape::new()
        .is("established")
        .request("POST", "transfer", json!({"transferTarget": user(ANNA)}), 202, Value::Null)
        .is("transferring")
        .is("established"), IsBlameless, Fails("notification.body");
    a_transfer_without_an_outcome: Tape::new()
        .transfers()
        .is("transferring")
        .is("transferAccepted")
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.arrives");
    a_transfer_of_which_a_short_recording_shows_the_beginning: Tape::new()
        .transfers()
        .wait(119_000)
        .is("transferring")
        .wait(60_000)
        .keeps_alive(), Passes, IsOpen;
    a_transfer_that_is_accepted_before_it_begins: Tape::new()
        .transfers()
        .is("transferAccepted")
        .is("transferring")
        .deleted(), Passes, Fails("notification.order");
    a_transfer_while_details_of_the_call_change: Tape::new()
        .transfers()
        .is("established")
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.arrives");
    a_transfer_that_fails: Tape::new()
        .transfers()
        .is("transferring")
        .tells(json!([call("updated", json!({"state": "established",
            "resultInfo": {"code": 487, "subcode": 1, "message": "no"}}))]))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_transfer_that_ends_the_call: Tape::new()
        .transfers()
        .is("transferring")
        .is("transferAccepted")
        .deleted(), Passes, Passes;
    an_incoming_call_that_is_never_answered: Tape::new()
        .incoming()
        .wait(16_000)
        .deleted(), Warns("answer.in-time"), Passes;
    an_incoming_call_that_rings_until_the_end: Tape::new()
        .incoming()
        .wait(200_000)
        .request("GET", "/calls/other", Value::Null, 404, error("8523")), Warns("answer.in-time"), IsBlameless;
    an_incoming_call_whose_caller_gives_up: Tape::new()
        .incoming()
        .wait(10_000)
        .deleted(), Passes, Passes;
    an_incoming_call_that_the_bot_hangs_up: Tape::new()
        .incoming()
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .wait(20_000)
        .deleted(), Passes, Passes;
    a_created_call_without_a_state: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL}))
        .is("established")
        .deleted(), Passes, Fails("answer.body");
    a_call_that_is_read_with_other_targets: Tape::new()
        .request("POST", "/calls", create(), 201,
            json!({"id": CALL, "state": "establishing", "targets": [user(ANNA)]}))
        .is("established")
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "established", "targets": [user(BERT)]})),
        Passes, Fails("call.people");
    a_bot_that_is_read_by_its_other_identity: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "established",
            "targets": [{"identity": {"applicationInstance": {"id": CLARA}}}]})), Passes, Passes;
    a_call_that_is_hung_up_twice: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted()
        .request("DELETE", "", Value::Null, 204, Value::Null), Passes, Passes;
    an_end_with_another_id_in_its_data: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(SECOND_OPERATION)
        .wait(600_000)
        .keeps_alive(), Passes, Fails("operation.identity");
    an_end_of_an_unknown_kind_of_change: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .tells(json!([call("gone", json!({"state": "terminated"}))]))
        .wait(600_000)
        .request("GET", "/calls/other", Value::Null, 404, error("8523")), Passes, Fails("notification.body");
    an_end_with_two_resources: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{SECOND_OPERATION}"),
            "resourceUrl": format!("/communications/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": OPERATION, "status": "completed", "clientContext": "context-1"}}]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("resource.one");
    an_end_without_a_resource: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .tells(json!([{"changeType": "deleted",
            "resourceData": {"id": OPERATION, "status": "completed", "clientContext": "context-1"}}]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_end_that_is_no_collection: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(OPERATION)
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            let mut change = body["value"][0].take();
            change["@odata.type"] = json!("#microsoft.graph.commsNotification");
            *body = change;
        })
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_answer_without_a_callback: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.request.body = Body::Json(answer(Value::Null)))
        .is("established")
        .deleted(), Passes, Passes;
    a_call_without_a_callback_and_modalities: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["callbackUri"] = Value::Null;
            body["requestedModalities"] = Value::Null;
        })
        .is("established")
        .deleted(), Passes, Passes;
    a_callback_with_letters_that_a_client_encodes: Tape::new()
        .answers_at("https://bot.example/bot/calls?n=Zo\u{eb} b", "/bot/calls?n=Zo%C3%AB%20b"), Passes, Passes;
    a_callback_with_other_digits: Tape::new()
        .answers_at("https://bot.example/bot%2fcalls/%7eone", "/bot%2Fcalls/~one"), Passes, Passes;
    a_callback_with_another_query: Tape::new()
        .answers_at("https://bot.example/bot/calls?n=Zo\u{eb}", "/bot/calls?n=Zoe"), Passes, Fails("callback.address");
    a_call_of_which_only_the_state_is_read: Tape::new()
        .is("established")
        .request("GET", "?$select=state", Value::Null, 200, json!({"state": "established"}))
        .request("GET", "?%24select=%20callRoutes,State", Value::Null, 200, json!({"state": "established"}))
        .deleted(), Passes, Passes;
    a_call_without_the_selected_id: Tape::new()
        .is("established")
        .request("GET", "?$select=state,id", Value::Null, 200, json!({"state": "established"}))
        .deleted(), Passes, Fails("answer.body");
    a_call_is_answered_twice: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .answers()
        .but(|it| it.response.as_mut().expect("an answer").status = 409), Fails("call.incoming"), Passes;
    an_answered_call_is_rejected: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .rejects(202)
        .wait(300_000)
        .keeps_alive(), Fails("call.incoming"), Passes;
    an_answered_call_is_redirected_before_it_is_established: Tape::new()
        .incoming()
        .answers()
        .request("POST", "redirect", json!({"targets": [user(ANNA)]}), 409, error("Conflict"))
        .is("established"), Fails("call.incoming"), Passes;
    a_call_that_the_bot_made_is_answered: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .rejects(409)
        .is("established"), Fails("call.incoming"), Passes;
    an_answer_that_was_lost_is_sent_again: Tape::new()
        .incoming()
        .answers()
        .but(|it| {
            it.response = None;
            it.broke = Some("reset".to_owned());
        })
        .is("established")
        .answers(), Passes, Passes;
    a_late_answer_is_sent_again: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.took_ms = 5_000)
        .is("establishing")
        .answers()
        .is("established"), Passes, Passes;
    a_call_that_nobody_saw_come_is_answered: Tape::new()
        .answers()
        .is("established"), Passes, Passes;
    a_call_is_answered_when_the_caller_has_hung_up: Tape::new()
        .incoming()
        .deleted()
        .rejects(404), Passes, Passes;
    a_call_is_rejected_after_a_refused_answer: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.response.as_mut().expect("an answer").status = 500)
        .rejects(202)
        .deleted(), IsBlameless, IsBlameless;
    a_call_that_has_ended_is_not_found_before_its_end_is_notified: Tape::new()
        .is("established")
        .request("POST", "keepAlive", Value::Null, 404, error("8523"))
        .request("GET", "participants/1", Value::Null, 404, error("8538"))
        .deleted(), Passes, Passes;
    a_call_that_is_not_found_goes_on: Tape::new()
        .is("established")
        .request("POST", "keepAlive", Value::Null, 404, error("8523"))
        .keeps_alive()
        .wait(300_000)
        .deleted(), Passes, IsOpen;
    a_call_that_is_not_found_is_hung_up_afterwards: Tape::new()
        .is("established")
        .request("POST", "mute", json!({}), 404, error("NotFound"))
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), Passes, IsOpen;
    an_operation_that_only_beta_documents: Tape::new()
        .mutes_one()
        .but(|it| it.request.target = it.request.target.replace("/beta/", "/v1.0/")),
        Warns("operation.version"), Passes;
    an_operation_of_beta_without_a_version: Tape::new()
        .mutes_one()
        .but(|it| it.request.target = it.request.target.replace("/beta/", "/")), Passes, Passes;
    a_resource_of_beta_is_read: Tape::new()
        .request("GET", "audioRoutingGroups", Value::Null, 200, json!({"value": []}))
        .but(|it| it.request.target = it.request.target.replace("/beta/", "/v1.0/")), Passes, Passes;
    a_creation_without_a_body: Tape::new()
        .request("POST", "/calls", create(), 201, Value::Null)
        .but(|it| {
            let location = format!("https://service.example/v1.0/communications/calls/{CALL}");
            it.response.as_mut().expect("an answer").headers.push("Location", location);
        })
        .is("established"), Passes, Fails("answer.body");
    a_creation_of_beta_without_a_body: Tape::new()
        .request("POST", "/calls", create(), 201, Value::Null)
        .but(|it| {
            let location = format!("https://service.example/beta/communications/calls/{CALL}");
            it.response.as_mut().expect("an answer").headers.push("Location", location);
        })
        .but(of_beta)
        .is("established"), Passes, Passes;
    an_answered_call_with_a_status_of_beta: Tape::new()
        .incoming()
        .answers()
        .but(|it| it.response = Some(Response::new(200)))
        .is("established"), Passes, Fails("answer.status");
    two_calls_with_one_id: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .request("POST", "/calls", {
            let mut body = create();
            body["targets"] = json!([user(BERT)]);
            body
        }, 201, json!({"id": CALL, "state": "establishing"}))
        .is("established"), Passes, Fails("call.identity");
    a_call_that_is_created_again_has_its_id: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .is("established"), Passes, Passes;
    a_collection_whose_type_is_a_number: Tape::new()
        .is("established")
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["@odata.type"] = json!(7);
        }), Passes, Fails("notification.body");
    a_collection_of_another_type: Tape::new()
        .is("established")
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["@odata.type"] = json!("#microsoft.graph.callRecords");
        }), Passes, Fails("type.kind");
    a_change_of_another_type: Tape::new()
        .is("established")
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["value"][0]["@odata.type"] = json!("#microsoft.graph.call");
        }), Passes, Fails("type.kind");
    a_change_and_its_collection_with_their_types: Tape::new()
        .is("established")
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["@odata.type"] = json!("microsoft.graph.commsNotifications");
            body["value"][0]["@odata.type"] = json!("#microsoft.graph.commsNotification");
        }), Passes, Passes;
    a_call_whose_type_is_a_list: Tape::new()
        .tells(json!([call("updated", json!({"@odata.type": ["#microsoft.graph.call"], "state": "established"}))])),
        Passes, Fails("notification.body");
    a_change_whose_other_resource_is_a_number: Tape::new()
        .tells(json!([{"changeType": "updated", "resource": 7,
            "resourceUrl": format!("/communications/calls/{CALL}"), "resourceData": {"state": "established"}}])),
        Passes, Fails("notification.body");
    a_result_with_a_code_as_text: Tape::new()
        .is("established")
        .tells(json!([call("deleted", json!({"state": "terminated",
            "resultInfo": {"code": "200", "subcode": "5001"}}))])), Passes, Passes;
    a_result_with_a_word_as_its_code: Tape::new()
        .is("established")
        .tells(json!([call("deleted", json!({"state": "terminated", "resultInfo": {"code": "gone"}}))])),
        Passes, Fails("notification.body");
    another_number_as_text: Tape::new()
        .tells(json!([call("updated", json!({"state": "established",
            "toneInfo": {"sequenceId": "1", "tone": "tone1"}}))])), Passes, Fails("notification.body");
    an_operation_of_an_unknown_action: Tape::new()
        .request("POST", "sendDtmfTones", json!({"tones": ["tone1"]}), 200,
            json!({"@odata.type": "#microsoft.graph.sendDtmfTonesOperation", "id": OPERATION, "status": "running"}))
        .keeps_alive()
        .tells(unknown_operation("sendDtmfTonesOperation")), Passes, Passes;
    an_operation_that_nobody_began_of_no_kind: Tape::new()
        .keeps_alive()
        .tells(unknown_operation("participant2")), Passes, Fails("type.kind");
    a_created_call_that_is_incoming: Tape::new()
        .request("POST", "/calls", create(), 201,
            json!({"id": CALL, "state": "establishing", "direction": "incoming"}))
        .is("established"), Passes, Fails("answer.body");
    a_created_call_with_other_modalities: Tape::new()
        .request("POST", "/calls", create(), 201,
            json!({"id": CALL, "state": "establishing", "requestedModalities": ["video"]}))
        .is("established"), Passes, Fails("answer.body");
    a_created_call_with_its_modalities: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing",
            "direction": "Outgoing", "requestedModalities": ["Audio"]}))
        .is("established"), Passes, Passes;
    an_answered_call_that_is_hung_up_before_anything_follows: Tape::new()
        .incoming()
        .answers()
        .wait(300_000)
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), Passes, Fails("notification.arrives");
    an_answered_call_that_is_hung_up_soon: Tape::new()
        .incoming()
        .answers()
        .wait(60_000)
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .wait(100_000)
        .deleted(), Passes, Passes;
    a_transfer_that_is_hung_up_before_anything_follows: Tape::new()
        .transfers()
        .wait(300_000)
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), Passes, Fails("notification.arrives");
}
