//! Prompts, recordings, sharing sessions, audio routing groups, and their cancellation.

use serde_json::{Value, json};

use super::Outcome::{Fails, IsBlameless, IsOpen, Passes, Warns};
use crate::http::message::Body;
use crate::tests::tape::{
    BERT, CALL, CLARA, OPERATION, SECOND_OPERATION, Tape, call, create, error, of_beta, recording,
    running, session, sessions,
};

rows! {
    a_loop_that_is_a_text: Tape::new()
        .is("established")
        .plays(json!({"clientContext": "context-1", "loop": "true"}))
        .wait(600_000)
        .keeps_alive(), Fails("request.body"), Passes;
    a_call_is_answered_with_no_kind_of_media: Tape::new()
        .incoming()
        .answers()
        .but(|it| if let Body::Json(body) = &mut it.request.body { body["acceptedModalities"] = json!([]); })
        .is("established"), Fails("request.body"), Passes;
    no_prompts: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": []}), 400, error("BadRequest")),
        Fails("request.body"), Passes;
    a_prompt_of_nothing: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"resourceId": "1"}}]}), 400, error("BadRequest")),
        Fails("request.body"), Passes;
    a_prompt_of_an_older_page: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"url": "https://bot.example/a.wav"}}]}), 200,
            json!({"id": OPERATION, "status": "running"}))
        .stops_playing(OPERATION), Passes, Passes;
    a_recorder_answers_late: Tape::new()
        .tells(json!([call("created", json!({"state": "incoming", "id": CALL, "applicationMetadata": {}}))]))
        .wait(6_000)
        .answers()
        .is("established"), Warns("answer.in-time"), Passes;
    a_bot_that_is_no_recorder_has_more_time: Tape::new()
        .incoming()
        .wait(6_000)
        .answers()
        .is("established"), Passes, Passes;
    a_wrong_word_comes_back: Tape::new()
        .request("POST", "audioRoutingGroups", json!({"routingMode": "sideways", "sources": ["1"], "receivers": ["2"]}),
            200, json!({"id": "9", "routingMode": "sideways", "sources": ["1"], "receivers": ["2"]})),
        Fails("request.body"), IsBlameless;
    no_media: Tape::new()
        .request("POST", "/calls", {
            let mut body = create();
            body.as_object_mut().expect("an object").remove("mediaConfig");
            body
        }, 400, error("BadRequest")), Fails("request.body"), Passes;
    a_session_is_shared: Tape::new()
        .tells(json!([session("updated", BERT)]))
        .tells(json!([session("created", CLARA)]))
        .tells(json!([session("Updated", CLARA), session("updated", CLARA)]))
        .tells(json!([session("deleted", CLARA), session("deleted", BERT)])), Passes, Passes;
    a_session_is_created_twice: Tape::new()
        .tells(json!([session("created", CLARA)]))
        .tells(json!([session("created", CLARA)])), Passes, Fails("notification.order");
    a_session_goes_on_after_its_end: Tape::new()
        .tells(json!([session("deleted", CLARA)]))
        .tells(json!([session("updated", CLARA)])), Passes, Fails("notification.order");
    sessions_under_the_path_of_their_collection: Tape::new()
        .tells(json!([sessions("created", &[BERT, CLARA])]))
        .tells(json!([sessions("deleted", &[BERT])]))
        .tells(json!([sessions("updated", &[CLARA, BERT])])), Passes, Fails("notification.order");
    a_session_with_another_id_than_its_path: Tape::new()
        .tells(json!([session("created", CLARA)]))
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["value"][0]["resourceData"]["id"] = json!(BERT);
        }), Passes, Fails("resource.one");
    a_group_that_is_made_with_other_receivers: Tape::new()
        .is("established")
        .request("POST", "audioRoutingGroups", json!({"routingMode": "oneToOne", "sources": ["1"], "receivers": ["2"]}),
            200, json!({"id": "9", "routingMode": "oneToOne", "sources": ["1"], "receivers": ["3"]}))
        .deleted(), IsBlameless, Fails("effect");
    a_recording_for_too_long: Tape::new()
        .request("POST", "recordResponse", json!({"maxRecordDurationInSeconds": 121, "clientContext": "c"}), 400,
            error("BadRequest")), Fails("parameter.range"), Passes;
    a_completed_recording_without_its_token: Tape::new()
        .request("POST", "recordResponse", json!({"clientContext": "context-1"}), 200, running(OPERATION, "context-1"))
        .tells(json!([{"changeType": "deleted", "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": OPERATION, "status": "completed", "clientContext": "context-1",
                "recordingLocation": "https://service.example/1"}}])), IsBlameless, Warns("operation.result");
    an_incoming_call_that_is_answered_before_the_recording: Tape::new()
        .incoming()
        .wait(20_000)
        .is("established")
        .deleted(), Passes, Passes;
    a_list_without_the_groups_that_were_made: Tape::new()
        .makes_a_group()
        .request("GET", "audioRoutingGroups", Value::Null, 200, json!({"value": []}))
        .but(of_beta), Passes, Fails("resource.requested");
    a_list_without_a_group_that_was_deleted: Tape::new()
        .makes_a_group()
        .request("DELETE", "audioRoutingGroups/9", Value::Null, 204, Value::Null)
        .but(of_beta)
        .request("GET", "audioRoutingGroups", Value::Null, 200, json!({"value": []}))
        .but(of_beta), Passes, Passes;
    a_list_without_a_session_that_goes_on: Tape::new()
        .tells(json!([session("created", CLARA)]))
        .request("GET", "contentSharingSessions", Value::Null, 200, json!({"value": []}))
        .but(of_beta), Passes, Fails("resource.requested");
    a_prompt_after_the_call_was_deleted: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted()
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(OPERATION), Passes, Fails("refusal.ended-call");
    a_loop_that_goes_on_after_it_was_cancelled: Tape::new()
        .is("established")
        .plays(json!({"loop": true, "clientContext": "context-1"}))
        .cancels()
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.arrives");
    a_loop_that_ends_when_it_is_cancelled: Tape::new()
        .is("established")
        .plays(json!({"loop": true, "clientContext": "context-1"}))
        .cancels()
        .stops_playing(OPERATION)
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_loop_that_begins_after_others_were_cancelled: Tape::new()
        .is("established")
        .cancels()
        .plays(json!({"loop": true, "clientContext": "context-1"}))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    unavailable_and_sent_again_by_the_other_name: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]}), 503, error("503"))
        .wait(1_200)
        .request("POST", "microsoft.graph.playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]}), 200,
            json!({"id": OPERATION, "status": "running"}))
        .stops_playing(OPERATION), Passes, Passes;
    unavailable_and_another_request: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]}), 503, error("503"))
        .request("POST", "/calls/other/microsoft.graph.playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]}), 404, error("8523")),
        IsBlameless, IsOpen;
    too_many_prompts: Tape::new()
        .request("POST", "recordResponse", json!({"prompts": vec![json!({"mediaInfo": {"uri": "https://bot.example/a.wav"}}); 2], "clientContext": "c"}), 400,
            error("BadRequest")), Fails("prompts.limit"), Passes;
    a_session_whose_type_is_a_number: Tape::new()
        .tells(json!([session("created", CLARA)]))
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["value"][0]["resourceData"]["@odata.type"] = json!(7);
        }), Passes, Fails("notification.body");
    a_completed_recording_with_an_empty_token: Tape::new()
        .request("POST", "recordResponse", json!({"clientContext": "context-1"}), 200,
            running(OPERATION, "context-1"))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "completed", "recordingLocation": "https://service.example/r",
                "recordingAccessToken": ""}}])), Passes, Warns("operation.result");
    a_deleted_group_is_deleted_again: Tape::new()
        .makes_a_group()
        .request("DELETE", "audioRoutingGroups/9", Value::Null, 204, Value::Null)
        .request("DELETE", "audioRoutingGroups/9", Value::Null, 404, error("8500")), Passes, Passes;
    a_group_that_was_made_again_is_not_found: Tape::new()
        .makes_a_group()
        .request("DELETE", "audioRoutingGroups/9", Value::Null, 204, Value::Null)
        .request("GET", "audioRoutingGroups/9", Value::Null, 404, error("8500"))
        .makes_a_group()
        .request("DELETE", "audioRoutingGroups/9", Value::Null, 404, error("8500")), Passes, IsOpen;
    a_roster_shows_a_recording_that_has_not_begun: Tape::new()
        .tells(json!([call("updated", json!({"state": "established", "myParticipantId": "1"}))]))
        .records("recording", OPERATION)
        .tells(recording("notRecording"))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    a_recording_that_is_stopped_before_the_roster: Tape::new()
        .tells(json!([call("updated", json!({"state": "established", "myParticipantId": "1"}))]))
        .records("recording", OPERATION)
        .tells(recording("recording"))
        .records("notRecording", SECOND_OPERATION)
        .tells(recording("notRecording"))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    two_prompts_in_one_operation: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .plays(json!({"clientContext": "context-1", "loop": true}))
        .stops_playing(OPERATION), Passes, Fails("operation.identity");
    a_prompt_that_is_sent_again_has_its_operation: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(OPERATION), Passes, Passes;
    a_recording_status_that_is_none_and_is_accepted: Tape::new()
        .tells(json!([call("updated", json!({"state": "established", "myParticipantId": "1"}))]))
        .records("paused", OPERATION)
        .tells(recording("notRecording"))
        .wait(300_000)
        .keeps_alive(), Fails("request.body"), Passes;
}
