//! Invitations: contexts, people, ends, retries.

use serde_json::{Value, json};

use super::Outcome::{Fails, IsBlameless, IsOpen, Passes, Warns};
use super::{move_to, refused};
use crate::http::message::{Body, Response};
use crate::tests::tape::{
    ANNA, BERT, CALL, CLARA, OPERATION, OTHER_CALL, SECOND_OPERATION, Tape, call, end, error,
    member, muted, roster, running, tag, unknown_operation, user, without, without_token,
};

rows! {
    a_person_who_replaces_no_call: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    a_qualified_action: Tape::new()
        .request("POST", "participants/microsoft.graph.invite",
            json!({"participants": [user(ANNA)]}), 200,
            json!({"id": OPERATION, "status": "Running"}))
        .tells(json!([end(OPERATION, "Completed", "made-up", json!([user(ANNA)]))]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    people_of_several_kinds_in_two_rosters: Tape::new()
        .invite(json!([user(ANNA), {"identity": {"phone": {"id": "+15550100"}}}]))
        .ends(Value::Null)
        .roster(&[("1", ANNA)])
        .tells(json!([{"changeType": "Updated", "resource": format!("/app/calls/{CALL}/participants"),
            "resourceData": [{"id": "2", "info": {"identity": {"phone": {"id": "+15550100"}}}}]}])),
        Passes, Passes;
    a_roster_before_the_end: Tape::new()
        .invite(json!([user(ANNA)]))
        .roster(&[("1", ANNA), ("2", BERT)])
        .ends(json!([user(ANNA)])), Passes, Passes;
    an_end_before_the_answer: Tape::new()
        .invite(json!([user(ANNA)]))
        .but(|it| it.took_ms = 500)
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    an_end_before_the_answer_with_another_context: Tape::new()
        .invite(json!([user(ANNA)]))
        .but(|it| it.took_ms = 500)
        .tells(json!([end(OPERATION, "completed", "context-2", Value::Null)]))
        .roster(&[("1", ANNA)]), Passes, Fails("context.unchanged");
    an_end_before_the_answer_with_another_person: Tape::new()
        .invite(json!([user(ANNA)]))
        .but(|it| it.took_ms = 500)
        .ends(json!([user(BERT)]))
        .roster(&[("1", ANNA)]), Passes, Fails("operation.people");
    keep_alive_and_reads_between: Tape::new()
        .invite(json!([user(ANNA)]))
        .keeps_alive()
        .request("POST", "microsoft.graph.keepAlive", Value::Null, 200, Value::Null)
        .request("GET", "", Value::Null, 200, json!({"id": CALL, "state": "established"}))
        .ends(json!([user(ANNA)]))
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("1", ANNA)]}))
        .roster(&[("1", ANNA)]), Passes, Passes;
    overlapping_invitations: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "participants/invite",
            json!({"participants": [user(BERT)], "clientContext": "context-1"}), 200,
            running(SECOND_OPERATION, "context-1"))
        .tells(json!([end(SECOND_OPERATION, "completed", "context-1", json!([user(BERT)]))]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA), ("2", BERT)]), Passes, Passes;
    a_qualified_action_for_too_many: Tape::new()
        .request("POST", "participants/microsoft.graph.invite", json!({"participants":
            [user("1"), user("2"), user("3"), user("4"), user("5"), user("6")]}), 400, error("7500")),
        Fails("invite.people-limit"), Passes;
    overlapping_invitations_with_the_people_of_each_other: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "participants/invite",
            json!({"participants": [user(BERT)], "clientContext": "context-2"}), 200,
            running(SECOND_OPERATION, "context-2"))
        .ends(json!([user(BERT)]))
        .tells(json!([end(SECOND_OPERATION, "completed", "context-2", json!([user(BERT)]))]))
        .roster(&[("1", ANNA), ("2", BERT)]), IsBlameless, Fails("operation.people");
    overlapping_invitations_in_one_operation: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "participants/invite",
            json!({"participants": [user(BERT)], "clientContext": "context-1"}), 200,
            running(OPERATION, "context-1"))
        .ends(Value::Null)
        .roster(&[("1", ANNA), ("2", BERT)]), IsBlameless, Fails("operation.identity");
    an_invitation_that_is_sent_again_has_its_operation: Tape::new()
        .invite(json!([user(ANNA)]))
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    a_prompt_while_an_invitation_runs: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}],
            "clientContext": "prompt"}), 200, running(SECOND_OPERATION, "prompt"))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{SECOND_OPERATION}"),
            "resourceData": {"status": "completed", "clientContext": "prompt"}}])), Passes, Passes;
    other_resources_in_one_body: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([
            {"changeType": "created",
                "resource": format!("/app/calls/{CALL}/contentSharingSessions/{BERT}"),
                "resourceData": {"id": BERT}},
            {"changeType": "updated", "resource": format!("/app/calls/{OTHER_CALL}"),
                "resourceData": {"state": "established"}},
            end(OPERATION, "completed", "context-1", Value::Null),
        ]))
        .tells(json!([{"changeType": "Deleted",
            "resource": format!("/app/calls/{CALL}/participants/{CLARA}"),
            "resourceData": {"participantId": CLARA}}]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    a_person_who_declines: Tape::new()
        .invite(json!([user(ANNA)]))
        .wait(62_000)
        .tells(json!([{"changeType": "Deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "Failed", "clientContext": "context-1",
                "resultInfo": {"code": 487, "subCode": 5003}}}]))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_failure_without_a_result: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "failed", "clientContext": "context-1"}}]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_end_without_a_status: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"clientContext": "context-1"}}]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_end_that_is_no_deletion: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "updated",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "completed", "clientContext": "context-1"}}]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_answer_without_a_body: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 202, Value::Null)
        .but(|it| {
            let location = format!("https://service.example/beta/communications/calls/{CALL}/operations/{OPERATION}");
            it.response.as_mut().expect("an answer").headers.push("Location", location);
            // Only beta documents it.
            it.request.target = it.request.target.replace("/v1.0/", "/beta/");
        })
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    nothing_follows: Tape::new()
        .invite(json!([user(ANNA)]))
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("notification.arrives");
    nothing_follows_in_a_short_recording: Tape::new()
        .invite(json!([user(ANNA)]))
        .wait(20_000)
        .keeps_alive(), IsBlameless, IsOpen;
    a_roster_without_the_person: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", BERT)])
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("roster.people");
    an_operation_with_another_person: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(BERT)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("operation.people");
    another_context: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([end(OPERATION, "completed", "context-2", Value::Null)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("context.unchanged");
    another_operation_with_the_context: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([end(SECOND_OPERATION, "completed", "context-1", Value::Null)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("operation.identity");
    an_operation_ends_twice: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .ends(json!([user(ANNA)])), IsBlameless, Fails("operation.once");
    six_people: Tape::new()
        .request("POST", "participants/invite", json!({"participants":
            [user("1"), user("2"), user("3"), user("4"), user("5"), user("6")]}), 400, error("7500")),
        Fails("invite.people-limit"), Passes;
    a_context_that_is_too_long_for_a_mute: Tape::new()
        .request("POST", "mute", json!({"clientContext": "c".repeat(257)}), 400, error("BadRequest")),
        Fails("invite.context-limit"), Passes;
    a_context_that_is_too_long_and_comes_back: Tape::new()
        .request("POST", "unmute", json!({"clientContext": "c".repeat(257)}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "c".repeat(257)}))
        .tells(muted("1", false)), Fails("invite.context-limit"), Passes;
    a_context_that_is_too_long_for_a_page_without_a_limit: Tape::new()
        .request("POST", "participants/muteAll", json!({"participants": ["1"], "clientContext": "c".repeat(257)}),
            200, running(OPERATION, &"c".repeat(257)))
        .tells(json!([end(OPERATION, "completed", &"c".repeat(257), Value::Null)]))
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["value"][0]["resourceData"]["@odata.type"] = Value::Null;
        }), Fails("invite.context-limit"), Passes;
    phone_numbers_that_are_none: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [
            user(ANNA), {"identity": {"phone": {"id": "+1 (555) 01-00"}}}]}), 400, error("7500")),
        Fails("people.phone-number"), Passes;
    a_phone_number_of_16_digits: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [
            {"identity": {"phone": {"id": "+1234567890123456"}}}]}), 400, error("7500")),
        Fails("people.phone-number"), Passes;
    a_redacted_phone_number: Tape::new()
        .invite(json!([{"identity": {"phone": {"id": "redacted-secret-0123456789ab"}}}]))
        .ends(Value::Null)
        .tells(json!([{"changeType": "Updated", "resource": format!("/app/calls/{CALL}/participants"),
            "resourceData": [{"id": "2", "info": {"identity": {"phone": {"id": "redacted-secret-0123456789ab"}}}}]}])),
        Passes, Passes;
    no_token: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 401,
            error("InvalidAuthenticationToken"))
        .but(without_token), Fails("request.token"), Passes;
    people_in_a_wrapper: Tape::new()
        .request("POST", "participants/invite",
            json!({"$id": "1", "participants": {"$id": "2", "$values": [user(ANNA)]}}), 400,
            error("BadRequest")), Fails("request.body"), Passes;
    a_body_with_an_id_of_its_serializer: Tape::new()
        .request("POST", "participants/invite",
            json!({"$id": "1", "participants": [user(ANNA)]}), 200, running(OPERATION, "made-up"))
        .ends(Value::Null)
        .roster(&[("1", ANNA)]), Passes, IsBlameless;
    a_refusal_without_an_error: Tape::new()
        .request("POST", "participants/invite", json!({"participants": []}), 400, json!({})),
        Fails("invite.people-limit"), Fails("refusal.error");
    a_call_that_has_ended: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 404, error("8523")),
        IsBlameless, Passes;
    throttled_and_sent_again: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 429, error("429"))
        .but(|it| it.response.as_mut().expect("an answer").headers.push("Retry-After", "1"))
        .wait(1_200)
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 200,
            json!({"id": OPERATION, "status": "running"}))
        .ends(Value::Null)
        .roster(&[("1", ANNA)]), Passes, Passes;
    unavailable_and_never_again: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 503, error("503")),
        IsBlameless, IsOpen;
    a_valid_request_is_refused: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 403, error("7505")),
        IsBlameless, IsOpen;
    a_notification_comes_again_after_500: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| it.response = Some(Response::new(500)))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Fails("acknowledgement"), Passes;
    a_change_comes_again_in_another_body: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([end(OPERATION, "completed", "context-1", json!([user(ANNA)])), roster(&[("1", ANNA)])]))
        .but(|it| it.response = Some(Response::new(503)))
        .tells(json!([call("updated", json!({"state": "established"})),
            end(OPERATION, "completed", "context-1", json!([user(ANNA)]))]))
        .roster(&[("1", ANNA)]), Fails("acknowledgement"), Passes;
    a_change_comes_twice_after_503: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| it.response = Some(Response::new(503)))
        .tells(json!([end(OPERATION, "completed", "context-1", json!([user(ANNA)])), roster(&[("1", ANNA)])]))
        .ends(json!([user(ANNA)])), Fails("acknowledgement"), Fails("operation.once");
    an_operation_goes_back: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": OPERATION, "status": "notStarted", "clientContext": "context-1"}}]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("notification.order");
    a_refused_invitation_is_carried_out: Tape::new()
        .request("POST", "participants/invite", json!({"clientContext": "context-1", "participants":
            [user("1"), user("2"), user("3"), user("4"), user("5"), user("6")]}), 400, error("7500"))
        .ends(json!([user("1")])), Fails("invite.people-limit"), Fails("refusal.no-sequel");
    a_refused_invitation_is_sent_again_with_its_context: Tape::new()
        .request("POST", "participants/invite", json!({"clientContext": "context-1", "participants":
            [user("1"), user("2"), user("3"), user("4"), user("5"), user("6")]}), 400, error("7500"))
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Fails("invite.people-limit"), Passes;
    an_operation_is_read_with_another_context: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 200, running(OPERATION, "context-2"))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("context.unchanged");
    an_operation_is_read_with_another_person: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 200, json!({"id": OPERATION,
            "status": "running", "clientContext": "context-1", "participants": [user(BERT)]}))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("operation.people");
    an_operation_that_has_ended_is_read_as_running: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 200, running(OPERATION, "context-1")),
        IsBlameless, Fails("resource.requested");
    an_operation_that_has_ended_is_read: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 200,
            json!({"id": OPERATION, "status": "Completed", "clientContext": "context-1"})), Passes, Passes;
    a_type_that_no_page_prints: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [{
            "@odata.type": "#microsoft.graph.invitee", "identity": {"user": {"id": ANNA}}}]}), 200,
            json!({"id": OPERATION, "status": "running"}))
        .ends(Value::Null)
        .roster(&[("1", ANNA)]), Warns("request.type"), Passes;
    a_token_that_was_never_set: Tape::new()
        .invite(json!([user(ANNA)]))
        .but(|it| it.request.headers = crate::http::message::Headers::from_iter(
            [("Content-Type", "application/json"), ("Authorization", "Bearer undefined")]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Warns("request.plausible"), Passes;
    a_completed_operation_that_is_read_as_failed: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 200,
            json!({"id": OPERATION, "status": "failed", "clientContext": "context-1", "resultInfo": {"code": 500}})),
        Passes, Fails("resource.requested");
    an_answer_without_an_id_and_then_the_end: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)], "clientContext": "context-1"}), 200,
            json!({"status": "running", "clientContext": "context-1"}))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("answer.body");
    an_answer_without_an_id_after_the_end: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)], "clientContext": "context-1"}), 200,
            json!({"status": "running", "clientContext": "context-1"}))
        .but(|it| it.took_ms = 500)
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("answer.body");
    an_answer_without_an_id_and_then_nothing_but_the_end_of_another: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)], "clientContext": "context-1"}), 200,
            json!({"status": "running", "clientContext": "context-1"}))
        .tells(json!([end(SECOND_OPERATION, "completed", "context-2", Value::Null)]))
        .wait(20_000)
        .keeps_alive(), Passes, Fails("answer.body");
    an_end_without_its_kind_of_change: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([without(end(OPERATION, "completed", "context-1", Value::Null), "changeType")]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    a_change_comes_again_with_another_tag_and_time: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| { it.response = Some(Response::new(500)); tag(it, "1", "2026-03-01T10:00:00Z"); })
        .ends(json!([user(ANNA)]))
        .but(|it| tag(it, "2", "2026-03-01T10:00:09Z"))
        .roster(&[("1", ANNA)]), Fails("acknowledgement"), Passes;
    an_operation_that_has_ended_is_not_found: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 404, error("NotFound"))
        .ends(json!([user(ANNA)]))
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 404, error("NotFound"))
        .roster(&[("1", ANNA)]), Passes, Passes;
    an_operation_is_not_found_when_another_ends: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("GET", &format!("operations/{SECOND_OPERATION}"), Value::Null, 404, error("NotFound"))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, IsOpen;
    an_answer_whose_type_is_a_number: Tape::new()
        .invite(json!([user(ANNA)]))
        .but(|it| if let Some(Body::Json(body)) = it.response.as_mut().map(|it| &mut it.body) {
            body["@odata.type"] = json!(7);
        })
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("answer.body");
    parameters_whose_type_is_a_number: Tape::new()
        .request("POST", "participants/invite", json!({"@odata.type": 7, "participants": [user(ANNA)]}), 400,
            error("BadRequest")), Fails("request.body"), Passes;
    a_person_with_an_empty_id: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user("")]}), 400, error("BadRequest")),
        Fails("request.body"), Passes;
    an_operation_of_an_unknown_action_while_another_begins: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 200,
            json!({"id": SECOND_OPERATION, "status": "running"}))
        .but(|it| it.took_ms = 500)
        .tells(unknown_operation("startRecordingOperation"))
        .wait(1_000)
        .tells(json!([end(SECOND_OPERATION, "completed", "made-up", Value::Null)]))
        .roster(&[("1", ANNA)]), Passes, Passes;
    an_operation_that_becomes_one_of_an_unknown_action: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 200,
            json!({"id": OPERATION, "status": "running"}))
        .tells(unknown_operation("startRecordingOperation"))
        .roster(&[("1", ANNA)]), Passes, Fails("type.kind");
    an_end_at_the_path_of_another_call: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([end(OPERATION, "completed", "context-1", json!([user(ANNA)]))]))
        .but(|it| move_to(it, OTHER_CALL))
        .roster(&[("1", ANNA)]), Passes, Fails("call.identity");
    an_end_at_the_path_of_another_known_call: Tape::new()
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{OTHER_CALL}"),
            "resourceData": {"state": "established"}}]))
        .invite(json!([user(ANNA)]))
        .tells(json!([end(OPERATION, "completed", "context-1", json!([user(ANNA)]))]))
        .but(|it| move_to(it, OTHER_CALL))
        .roster(&[("1", ANNA)])
        .wait(300_000)
        .keeps_alive(), Passes, Fails("call.identity");
    a_refused_end_that_is_put: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| "PUT".clone_into(&mut it.request.method))
        .but(|it| refused(it, 405))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("notification.method");
    a_refused_end_without_data: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}")}]))
        .but(|it| refused(it, 400))
        .wait(300_000)
        .keeps_alive(), Passes, Fails("notification.body");
    a_refused_end: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| refused(it, 400))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Fails("acknowledgement"), Passes;
    an_end_and_a_roster_that_cannot_be_read: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"), "resourceData": []}]))
        .roster(&[("1", ANNA)])
        .wait(300_000)
        .keeps_alive(), Passes, Fails("notification.body");
    a_roster_that_cannot_be_read: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants"),
            "resourceData": "nobody"}]))
        .wait(300_000)
        .keeps_alive(), Passes, Fails("notification.body");
    a_person_who_is_invited_twice_is_named_once: Tape::new()
        .invite(json!([user(ANNA), user(BERT), user(ANNA)]))
        .ends(json!([user(ANNA), user(BERT)]))
        .roster(&[("1", ANNA), ("2", BERT)]), Passes, Passes;
    a_person_who_is_invited_once_is_named_twice: Tape::new()
        .invite(json!([user(ANNA), user(BERT)]))
        .ends(json!([user(ANNA), user(BERT), user(ANNA)]))
        .roster(&[("1", ANNA), ("2", BERT)]), Passes, Fails("operation.people");
    an_action_that_is_read: Tape::new()
        .request("GET", "participants/invite", Value::Null, 405, error("7504")),
        Fails("request.method"), Passes;
    a_qualified_action_that_is_read: Tape::new()
        .request("GET", "participants/microsoft.graph.muteAll", Value::Null, 405, error("7504")),
        Fails("request.method"), Passes;
    a_redirection: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)]}), 302, Value::Null),
        Passes, Fails("answer.status");
    an_invitation_into_a_call_that_is_hung_up_soon_and_ends_late: Tape::new()
        .invite(json!([user(ANNA)]))
        .wait(60_000)
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .is("terminating")
        .wait(80_000)
        .deleted(), Passes, Passes;
    an_invitation_into_a_call_that_is_hung_up_late: Tape::new()
        .invite(json!([user(ANNA)]))
        .wait(200_000)
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted(), Passes, Fails("notification.arrives");
}
