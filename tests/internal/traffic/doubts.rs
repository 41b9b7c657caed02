//! Messages that leave something open: answers that were lost or are wrong, and notifications that cannot be read.

use serde_json::{Value, json};

use super::Outcome::{Fails, IsOpen, Passes};
use super::{ends_of, refused, with};
use crate::cassette::format::Exchange;
use crate::http::message::Response;
use crate::tests::tape::{
    ANNA, CALL, OPERATION, SECOND_OPERATION, Tape, call, create, error, running, user, without,
};

/// A prompt is requested with the context of the others, and answered.
fn prompt(tape: Tape, status: u16, answer: Value) -> Tape {
    let body = json!({"clientContext": "context-1", "prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]});
    tape.request("POST", "playPrompt", body, status, answer)
}

/// Two requests for one prompt, of which the first is answered in this way. Both prompts play.
fn both_play(first: impl FnOnce(&mut Exchange)) -> Tape {
    let tape = prompt(Tape::new().is("established"), 200, Value::Null).but(first);
    prompt(tape.wait(1_200), 200, running(OPERATION, "context-1"))
        .tells(ends_of(SECOND_OPERATION))
        .stops_playing(OPERATION)
        .wait(600_000)
        .keeps_alive()
}

fn is_lost(request: &mut Exchange) {
    request.response = None;
    request.broke = Some("reset".to_owned());
}

fn fails(request: &mut Exchange, status: u16) {
    request.response = Some(Response::new(status));
}

/// A call is created, and the notifications about it come before the answer.
fn created_late() -> Tape {
    Tape::new()
        .request(
            "POST",
            "/calls",
            create(),
            201,
            json!({"id": CALL, "state": "establishing"}),
        )
        .but(|it| it.took_ms = 20_000)
}

/// Somebody is muted, with this status in the answer, and nothing follows.
fn muted_with(answer: Value) -> Tape {
    Tape::new()
        .is("established")
        .request(
            "POST",
            "mute",
            json!({"clientContext": "context-1"}),
            200,
            answer,
        )
        .wait(600_000)
        .keeps_alive()
}

rows! {
    both_prompts_play_after_a_lost_answer: both_play(is_lost), Passes, Passes;
    both_prompts_play_after_504: both_play(|it| fails(it, 504)), Passes, Passes;
    both_prompts_play_after_429: both_play(|it| fails(it, 429)), Passes, Passes;
    a_prompt_ends_with_another_id_after_a_lost_answer: prompt(
        prompt(Tape::new().is("established"), 200, Value::Null).but(is_lost),
        200, running(OPERATION, "context-1"))
        .tells(ends_of(SECOND_OPERATION))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.arrives");
    an_operation_ends_with_another_id: Tape::new()
        .is("established")
        .plays(json!({"clientContext": "context-1"}))
        .tells(ends_of(SECOND_OPERATION))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("operation.identity");
    a_prompt_begins_with_302_while_another_operation_runs: prompt(
        Tape::new().is("established").invite(json!([user(ANNA)])), 302, running(SECOND_OPERATION, "context-1"))
        .tells(ends_of(SECOND_OPERATION))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("answer.status");
    a_valid_invitation_is_refused_and_carried_out: Tape::new()
        .request("POST", "participants/invite", json!({"clientContext": "context-1", "participants": [user(ANNA)]}),
            403, error("7505"))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("refusal.no-sequel");
    a_valid_invitation_is_refused_and_its_prompt_plays: Tape::new()
        .is("established")
        .plays(json!({"clientContext": "context-1"}))
        .request("POST", "participants/invite", json!({"clientContext": "context-1", "participants": [user(ANNA)]}),
            403, error("7505"))
        .stops_playing(OPERATION), Passes, IsOpen;
    a_mute_with_no_documented_status: muted_with(with(running(OPERATION, "context-1"), "status", json!("done"))),
        Passes, Fails("answer.body");
    a_mute_without_a_status: muted_with(without(running(OPERATION, "context-1"), "status")),
        Passes, Fails("answer.body");
    a_mute_whose_answer_is_a_list: muted_with(json!([running(OPERATION, "context-1")])),
        Passes, Fails("answer.body");
    a_created_call_whose_location_has_its_id_and_its_body_another: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": OPERATION, "state": "establishing"}))
        .but(|it| {
            let response = it.response.as_mut().expect("a response");
            response.headers.push("Location", format!("/communications/calls/{CALL}"));
        })
        .is("established")
        .wait(600_000)
        .keeps_alive(), Passes, Fails("call.identity");
    an_established_call_without_a_state: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL, "state": "establishing"}))
        .is("establishing")
        .tells(json!([call("updated", json!({}))]))
        .is("hold")
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_early_established_call_without_a_state: created_late()
        .tells(json!([call("updated", json!({}))]))
        .is("hold")
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_early_end_of_a_call_without_data: created_late()
        .tells(json!([{"changeType": "deleted", "resourceUrl": format!("/communications/calls/{CALL}")}]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    a_recording_that_ends_as_a_prompt: Tape::new()
        .request("POST", "recordResponse", json!({"clientContext": "context-1"}), 200,
            running(OPERATION, "context-1"))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"@odata.type": "#microsoft.graph.playPromptOperation", "id": OPERATION,
                "status": "completed", "completionReason": "stopToneDetected",
                "recordingLocation": "https://service.example/r", "recordingAccessToken": "t"}}])),
        Passes, Fails("type.kind");
    a_call_that_ends_by_itself_and_is_never_deleted: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .is("terminated")
        .wait(400_000)
        .request("POST", "keepAlive", Value::Null, 404, error("8523")), Passes, Fails("notification.arrives");
    a_bot_refuses_the_end_of_a_call_that_is_never_deleted: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .is("terminated")
        .but(|it| refused(it, 500))
        .wait(400_000)
        .request("POST", "keepAlive", Value::Null, 404, error("8523")),
        Fails("acknowledgement"), Fails("notification.arrives");
    a_recording_that_stops_before_the_deletion: Tape::new()
        .incoming()
        .answers()
        .is("established")
        .is("terminated"), Passes, Passes;
    a_call_that_is_hung_up_and_never_deleted: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .is("terminated")
        .wait(400_000)
        .request("POST", "keepAlive", Value::Null, 404, error("8523")), Passes, Fails("notification.arrives");
}
