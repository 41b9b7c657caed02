//! Recordings of traffic as it is spoken, and of traffic that goes wrong in one way: the verdict of each party.
//!
//! A row has a name, the messages, and the outcomes of the bot and of the service. Rows that pass have no warnings
//! either, so that they pass under `--strict` too.

use serde_json::{Value, json};

use super::tape::{
    ANNA, BERT, CALL, CLARA, OPERATION, OTHER_CALL, SECOND_OPERATION, Tape, answer, call, create,
    end, error, member, muted, of_beta, recording, roster, running, session, sessions, tag,
    unknown_operation, user, without, without_token,
};
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::http::message::{Body, Response};
use crate::judge;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::scenario::store;

/// How all results of a party end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Every verdict is a pass, and nothing warns.
    Passes,
    /// Every verdict is a pass, and a violation of this requirement warns.
    Warns(&'static str),
    /// A violation of this requirement fails it.
    Fails(&'static str),
    /// Nothing fails it, and it does not pass.
    IsOpen,
    /// Nothing fails it.
    IsBlameless,
}
use Outcome::{Fails, IsBlameless, IsOpen, Passes, Warns};

fn holds(outcome: Outcome, results: &[&ScenarioResult]) -> bool {
    let fails = || results.iter().any(|it| it.verdict == Verdict::Fail);
    match outcome {
        Passes => {
            !results.is_empty()
                && results
                    .iter()
                    .all(|it| it.verdict == Verdict::Pass && it.warnings.is_empty())
        }
        Warns(requirement) => {
            let warnings: Vec<_> = results.iter().flat_map(|it| &it.warnings).collect();
            results.iter().all(|it| it.verdict == Verdict::Pass)
                && warnings.len() == 1
                && warnings[0].requirement.to_string() == requirement
        }
        Fails(requirement) => {
            let failures: Vec<_> = results.iter().flat_map(|it| &it.failures).collect();
            failures.len() == 1 && failures[0].requirement.to_string() == requirement
        }
        IsOpen => !fails() && results.iter().any(|it| it.verdict == Verdict::Inconclusive),
        IsBlameless => !fails(),
    }
}

macro_rules! rows {
    ($($name:ident: $tape:expr, $bot:expr, $service:expr;)+) => { $(
        #[test]
        fn $name() {
            let checked = $tape.check();
            for (party, outcome) in [(Party::Bot, $bot), (Party::Service, $service)] {
                let results: Vec<_> =
                    checked.results.iter().filter(|it| it.role == party).collect();
                assert!(holds(outcome, &results), "{party} {outcome:?}: {results:#?}");
            }
        }
    )+ };
}

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
    an_end_before_the_answer_of_another_type: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": [{"mediaInfo": {"uri": "https://bot.example/a.wav"}}], "clientContext": "context-1"}), 200,
            running(OPERATION, "context-1"))
        .but(|it| it.took_ms = 500)
        .ends(Value::Null), Passes, Fails("type.kind");
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
    a_bot_that_does_several_things_at_once: Tape::new().does_several_things_at_once(),
        Passes, Passes;
    a_qualified_action_for_too_many: Tape::new()
        .request("POST", "participants/microsoft.graph.invite", json!({"participants":
            [user("1"), user("2"), user("3"), user("4"), user("5"), user("6")]}), 400, error("7500")),
        Fails("invite.people-limit"), Passes;
    a_call_that_is_kept_alive_without_a_token: Tape::new()
        .keeps_alive()
        .but(without_token), Fails("request.token"), Passes;
    a_call_that_is_kept_alive_by_another_method: Tape::new()
        .request("PUT", "keepAlive", Value::Null, 405, error("405")),
        Fails("request.method"), Passes;
    a_call_that_is_put: Tape::new()
        .request("PUT", "", json!({}), 405, error("405")),
        Fails("request.method"), Passes;
    a_call_that_is_put_and_accepted: Tape::new()
        .request("PUT", "", json!({}), 200, Value::Null),
        Fails("request.method"), Passes;
    an_action_of_a_newer_page: Tape::new()
        .keeps_alive()
        .request("POST", "participants/admit", json!({}), 204, Value::Null)
        .request("OPTIONS", "", Value::Null, 200, Value::Null),
        Passes, Passes;
    a_roster_that_is_read_without_a_token: Tape::new()
        .request("GET", "participants", Value::Null, 401, error("InvalidAuthenticationToken"))
        .but(without_token), Fails("request.token"), Passes;
    a_roster_that_is_no_list: Tape::new()
        .request("GET", "participants", Value::Null, 200, json!({"value": {"id": "1"}})),
        IsBlameless, Fails("answer.body");
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
    a_bot_that_hangs_up_without_a_token: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 401, error("InvalidAuthenticationToken"))
        .but(without_token), Fails("request.token"), Passes;
    a_call_that_goes_on_after_it_was_hung_up: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("notification.arrives");
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
    a_call_ends_in_no_documented_state: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .tells(json!([call("deleted", json!({"state": "over"}))]))
        .wait(600_000)
        .request("GET", "/calls/other", Value::Null, 404, error("8523")), IsBlameless, Fails("notification.body");
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
    the_longest_context: Tape::new()
        .request("POST", "unmute", json!({"clientContext": "ж".repeat(256)}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "ж".repeat(256)}))
        .tells(muted("1", false)), Passes, Passes;
    phone_numbers_that_are_none: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [
            user(ANNA), {"identity": {"phone": {"id": "+1 (555) 01-00"}}}]}), 400, error("7500")),
        Fails("people.phone-number"), Passes;
    a_number_without_a_country: Tape::new()
        .request("POST", "transfer", json!({"transferTarget": {"identity": {"phone": {"id": "5550100"}}}}),
            400, error("BadRequest")),
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
    a_creation_is_refused: Tape::new()
        .request("POST", "/calls", create(), 403, error("7504")), IsBlameless, IsOpen;
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
    a_call_is_answered_with_no_kind_of_media: Tape::new()
        .incoming()
        .answers()
        .but(|it| if let Body::Json(body) = &mut it.request.body { body["acceptedModalities"] = json!([]); })
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
    unavailable_and_sent_again_with_another_annotation: Tape::new()
        .request("POST", "mute", json!({"$id": "1", "clientContext": "context-1"}), 503, error("503"))
        .wait(1_200)
        .request("POST", "mute", json!({"$id": "7", "clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .tells(muted("1", true)), Passes, Passes;
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
    an_operation_goes_back: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": OPERATION, "status": "notStarted", "clientContext": "context-1"}}]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), IsBlameless, Fails("notification.order");
    a_list_shows_that_nobody_was_muted: Tape::new()
        .request("POST", "participants/muteAll", json!({"participants": ["1"], "clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .wait(130_000)
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("1", ANNA)]})),
        IsBlameless, Fails("effect");
    a_list_leaves_out_who_was_muted: Tape::new()
        .request("POST", "participants/muteAll", json!({"participants": ["1"], "clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .wait(130_000)
        .request("GET", "participants", Value::Null, 200, json!({"value": [
            {"id": "1", "info": {"identity": {"user": {"id": ANNA}}}}]})), IsBlameless, IsBlameless;
    a_removal_that_did_not_happen_yet: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .wait(20_000)
        .request("GET", "participants/1", Value::Null, 200, member("1", ANNA)), IsBlameless, IsOpen;
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
    a_wrong_word_comes_back: Tape::new()
        .request("POST", "audioRoutingGroups", json!({"routingMode": "sideways", "sources": ["1"], "receivers": ["2"]}),
            200, json!({"id": "9", "routingMode": "sideways", "sources": ["1"], "receivers": ["2"]})),
        Fails("request.body"), IsBlameless;
    a_type_without_a_page_of_its_own: Tape::new()
        .request("POST", "participants/configureMixer", json!({"clientContext": "context-1", "participantMixerLevels": [{
            "participant": "1", "exclusive": true, "ducking": {
                "@odata.type": "#microsoft.graph.audioDuckingConfiguration", "lowerThreshold": 100.0,
                "rampActive": 50.0, "rampInactive": 50.0, "upperThreshold": 100.0}}]}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"})), Passes, IsBlameless;
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
    no_media: Tape::new()
        .request("POST", "/calls", {
            let mut body = create();
            body.as_object_mut().expect("an object").remove("mediaConfig");
            body
        }, 400, error("BadRequest")), Fails("request.body"), Passes;
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
    a_participant_is_muted: Tape::new()
        .request("POST", "participants/1/mute", json!({"clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .tells(muted("1", true)), Passes, Passes;
    another_participant_is_muted: Tape::new()
        .request("POST", "participants/1/mute", json!({"clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .tells(muted("2", true))
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("effect");
    a_participant_stays_unmuted: Tape::new()
        .request("POST", "participants/1/mute", json!({"clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .tells(muted("1", false))
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("effect");
    a_call_without_a_state_is_read: Tape::new()
        .request("GET", "", Value::Null, 200, json!({"id": CALL})), IsBlameless, Fails("answer.body");
    selected_properties_of_a_call_are_read: Tape::new()
        .request("GET", "/calls/CALL?$select=id", Value::Null, 200, json!({"id": "CALL"})), Passes, Passes;
    a_list_with_a_participant_who_is_nobody: Tape::new()
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("1", ANNA), {"id": "2"}]})),
        IsBlameless, Fails("answer.body");
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
    a_mute_that_is_undone_before_the_roster: Tape::new()
        .mutes("mute", OPERATION)
        .mutes("unmute", SECOND_OPERATION)
        .tells(muted("1", false))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_mute_that_is_undone_and_stays: Tape::new()
        .mutes("mute", OPERATION)
        .mutes("unmute", SECOND_OPERATION)
        .tells(muted("1", true))
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("effect");
    a_mute_whose_undoing_is_refused: Tape::new()
        .mutes("mute", OPERATION)
        .request("POST", "unmute", json!({"clientContext": "c"}), 403, error("7505"))
        .tells(muted("1", false))
        .wait(600_000)
        .keeps_alive(), IsBlameless, Fails("effect");
    a_mute_and_its_undoing_at_one_time: Tape::new()
        .mutes("mute", OPERATION)
        .but(|it| it.took_ms = 150)
        .mutes("unmute", SECOND_OPERATION)
        .tells(muted("1", true))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_muted_participant_who_is_removed: Tape::new()
        .request("POST", "participants/1/mute", json!({"clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
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
    a_removed_participant_is_not_found: Tape::new()
        .is("established")
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .request("GET", "participants/1", Value::Null, 404, error("NotFound"))
        .deleted(), IsBlameless, IsBlameless;
    a_removed_participant_who_stays: Tape::new()
        .is("established")
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .wait(121_000)
        .request("GET", "participants/1", Value::Null, 200, member("1", ANNA))
        .deleted(), IsBlameless, Fails("effect");
    a_removed_participant_who_stays_for_a_moment: Tape::new()
        .is("established")
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .request("GET", "participants/1", Value::Null, 200, member("1", ANNA))
        .deleted(), IsBlameless, Passes;
    a_removed_participant_who_is_read_and_never_again: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .request("GET", "participants/1", Value::Null, 200, member("1", ANNA))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    a_removed_participant_who_is_in_the_list: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("1", ANNA)]}))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    a_removed_participant_who_is_in_the_roster: Tape::new()
        .roster(&[("1", ANNA), ("2", BERT)])
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .roster(&[("1", ANNA), ("2", BERT)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    a_removed_participant_who_is_in_one_more_roster: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .roster(&[("1", ANNA), ("2", BERT)])
        .roster(&[("2", BERT)])
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_removed_participant_who_is_in_one_more_list: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("1", ANNA)]}))
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("2", BERT)]}))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_removed_participant_who_is_invited_again: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_removal_that_is_refused: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 404, error("NotFound"))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, IsOpen;
    a_group_that_is_made_with_other_receivers: Tape::new()
        .is("established")
        .request("POST", "audioRoutingGroups", json!({"routingMode": "oneToOne", "sources": ["1"], "receivers": ["2"]}),
            200, json!({"id": "9", "routingMode": "oneToOne", "sources": ["1"], "receivers": ["3"]}))
        .deleted(), IsBlameless, Fails("effect");
    a_participant_without_identity_is_read: Tape::new()
        .is("established")
        .request("GET", "participants/1", Value::Null, 200, json!({"id": "1", "info": {"identity": {}}}))
        .deleted(), IsBlameless, Fails("answer.body");
    a_recording_for_too_long: Tape::new()
        .request("POST", "recordResponse", json!({"maxRecordDurationInSeconds": 121, "clientContext": "c"}), 400,
            error("BadRequest")), Fails("parameter.range"), Passes;
    a_completed_recording_without_its_token: Tape::new()
        .request("POST", "recordResponse", json!({"clientContext": "context-1"}), 200, running(OPERATION, "context-1"))
        .tells(json!([{"changeType": "deleted", "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": OPERATION, "status": "completed", "clientContext": "context-1",
                "recordingLocation": "https://service.example/1"}}])), IsBlameless, Warns("operation.result");
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
    an_incoming_call_that_is_answered_before_the_recording: Tape::new()
        .incoming()
        .wait(20_000)
        .is("established")
        .deleted(), Passes, Passes;
    an_incoming_call_that_the_bot_hangs_up: Tape::new()
        .incoming()
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .wait(20_000)
        .deleted(), Passes, Passes;
    a_list_without_anybody_although_a_roster_has_people: Tape::new()
        .is("established")
        .roster(&[("1", ANNA), ("2", BERT)])
        .request("GET", "participants", Value::Null, 200, json!({"value": []}))
        .keeps_alive(), Passes, Fails("resource.requested");
    a_list_without_anybody_after_an_empty_roster: Tape::new()
        .roster(&[("1", ANNA)])
        .roster(&[])
        .request("GET", "participants", Value::Null, 200, json!({"value": []})), Passes, Passes;
    a_list_without_the_people_who_left: Tape::new()
        .roster(&[("1", ANNA), ("2", BERT)])
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("3", CLARA)]})), Passes, Passes;
    a_part_of_a_list_without_anybody: Tape::new()
        .roster(&[("1", ANNA)])
        .request("GET", "participants?$skip=9", Value::Null, 200, json!({"value": []})), Passes, Passes;
    a_list_without_anybody_where_nobody_is_known: Tape::new()
        .is("established")
        .request("GET", "participants", Value::Null, 200, json!({"value": []})), Passes, Passes;
    a_list_without_anybody_after_everybody_was_removed: Tape::new()
        .roster(&[("1", ANNA)])
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .request("GET", "participants", Value::Null, 200, json!({"value": []}))
        .request("GET", "participants", Value::Null, 200, json!({"value": []})), Passes, Passes;
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
    a_created_call_without_a_state: Tape::new()
        .request("POST", "/calls", create(), 201, json!({"id": CALL}))
        .is("established")
        .deleted(), Passes, Fails("answer.body");
    a_completed_operation_that_is_read_as_failed: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)])
        .request("GET", &format!("operations/{OPERATION}"), Value::Null, 200,
            json!({"id": OPERATION, "status": "failed", "clientContext": "context-1", "resultInfo": {"code": 500}})),
        Passes, Fails("resource.requested");
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
    a_prompt_after_the_call_was_deleted: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted()
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(OPERATION), Passes, Fails("refusal.ended-call");
    a_call_that_is_hung_up_twice: Tape::new()
        .is("established")
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted()
        .request("DELETE", "", Value::Null, 204, Value::Null), Passes, Passes;
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
    an_end_with_another_id_in_its_data: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(SECOND_OPERATION)
        .wait(600_000)
        .keeps_alive(), Passes, Fails("operation.identity");
    an_end_without_its_kind_of_change: Tape::new()
        .invite(json!([user(ANNA)]))
        .tells(json!([without(end(OPERATION, "completed", "context-1", Value::Null), "changeType")]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
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
    a_roster_at_the_path_of_its_call: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}"),
            "resourceData": [member("1", ANNA)]}]))
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
    a_change_comes_again_with_another_tag_and_time: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| { it.response = Some(Response::new(500)); tag(it, "1", "2026-03-01T10:00:00Z"); })
        .ends(json!([user(ANNA)]))
        .but(|it| tag(it, "2", "2026-03-01T10:00:09Z"))
        .roster(&[("1", ANNA)]), Fails("acknowledgement"), Passes;
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
    a_call_with_expanded_participants_has_its_state: Tape::new()
        .is("established")
        .request("GET", "?$expand=participants($select=id)", Value::Null, 200, json!({"id": CALL}))
        .deleted(), Passes, Fails("answer.body");
    a_participant_of_whom_a_part_is_read: Tape::new()
        .is("established")
        .request("GET", "participants/1?$select=isMuted", Value::Null, 200, json!({"isMuted": false}))
        .deleted(), Passes, Passes;
    a_part_that_is_read_shows_no_mute: Tape::new()
        .mutes_one()
        .wait(130_000)
        .request("GET", "participants/1?$select=info", Value::Null, 200,
            json!({"info": {"identity": {"user": {"id": ANNA}}}}))
        .request("GET", "participants?$select=info", Value::Null, 200,
            json!({"value": [{"info": {"identity": {"user": {"id": ANNA}}}}]})), Passes, Passes;
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
    a_participant_who_has_left_is_not_found: Tape::new()
        .roster(&[("1", ANNA), ("2", BERT)])
        .request("GET", "participants/2", Value::Null, 404, error("8538"))
        .tells(json!([{"changeType": "deleted", "resource": format!("/app/calls/{CALL}/participants/2"),
            "resourceData": {"id": "2"}}]))
        .request("POST", "participants/2/mute", json!({}), 404, error("8538")), Passes, Passes;
    a_participant_who_has_come_back_is_not_found: Tape::new()
        .tells(json!([{"changeType": "deleted", "resource": format!("/app/calls/{CALL}/participants/2"),
            "resourceData": {"id": "2"}}]))
        .roster(&[("2", BERT)])
        .request("GET", "participants/2", Value::Null, 404, error("8538")), Passes, IsOpen;
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
    too_many_prompts: Tape::new()
        .request("POST", "recordResponse", json!({"prompts": vec![json!({"mediaInfo": {"uri": "https://bot.example/a.wav"}}); 2], "clientContext": "c"}), 400,
            error("BadRequest")), Fails("prompts.limit"), Passes;
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
    a_session_whose_type_is_a_number: Tape::new()
        .tells(json!([session("created", CLARA)]))
        .but(|it| if let Body::Json(body) = &mut it.request.body {
            body["value"][0]["resourceData"]["@odata.type"] = json!(7);
        }), Passes, Fails("notification.body");
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
    a_member_with_an_empty_id: Tape::new()
        .roster(&[("1", ANNA), ("2", "")]), Passes, Fails("notification.body");
    a_completed_recording_with_an_empty_token: Tape::new()
        .request("POST", "recordResponse", json!({"clientContext": "context-1"}), 200,
            running(OPERATION, "context-1"))
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"status": "completed", "recordingLocation": "https://service.example/r",
                "recordingAccessToken": ""}}])), Passes, Warns("operation.result");
    a_change_whose_other_resource_is_a_number: Tape::new()
        .tells(json!([{"changeType": "updated", "resource": 7,
            "resourceUrl": format!("/communications/calls/{CALL}"), "resourceData": {"state": "established"}}])),
        Passes, Fails("notification.body");
    a_participant_at_its_own_path: Tape::new()
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants/1"),
            "resourceData": member("1", ANNA)}])), Passes, Passes;
    a_removed_participant_is_removed_again: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .roster(&[("2", BERT)])
        .request("DELETE", "participants/1", Value::Null, 404, error("8500"))
        .request("POST", "participants/1/mute", json!({}), 410, error("8500"))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_removed_participant_who_is_still_listed_is_not_found: Tape::new()
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .roster(&[("1", ANNA)])
        .request("POST", "participants/1/mute", json!({}), 404, error("8500"))
        .roster(&[("2", BERT)]), IsBlameless, IsBlameless;
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
    a_roster_shows_that_nobody_was_muted: Tape::new()
        .roster(&[("1", ANNA)])
        .mutes_one()
        .tells(muted("1", false))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    a_roster_shows_a_moment_later_that_all_were_muted: Tape::new()
        .mutes_one()
        .tells(muted("1", false))
        .tells(muted("1", true))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_participant_who_was_muted_unmutes: Tape::new()
        .mutes_one()
        .tells(muted("1", true))
        .tells(muted("1", false))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_participant_unmutes_long_after_all_were_muted: Tape::new()
        .mutes_one()
        .wait(600_000)
        .tells(muted("1", false))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_participant_who_joins_after_all_were_muted: Tape::new()
        .mutes_one()
        .roster(&[("2", BERT)])
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
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
    an_operation_of_an_unknown_action: Tape::new()
        .request("POST", "sendDtmfTones", json!({"tones": ["tone1"]}), 200,
            json!({"@odata.type": "#microsoft.graph.sendDtmfTonesOperation", "id": OPERATION, "status": "running"}))
        .keeps_alive()
        .tells(unknown_operation("sendDtmfTonesOperation")), Passes, Passes;
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
    an_operation_that_nobody_began_of_no_kind: Tape::new()
        .keeps_alive()
        .tells(unknown_operation("participant2")), Passes, Fails("type.kind");
    a_participant_who_is_read_as_another_person: Tape::new()
        .roster(&[("1", ANNA), ("2", BERT)])
        .request("GET", "participants/1", Value::Null, 200, member("1", BERT)), Passes, Fails("resource.requested");
    a_participant_who_is_read_under_another_kind_of_identity: Tape::new()
        .roster(&[("1", ANNA)])
        .request("GET", "participants/1", Value::Null, 200,
            json!({"id": "1", "info": {"identity": {"guest": {"id": BERT}}}})), Passes, Passes;
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
}

/// The body with another value of a property.
fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// The requirements that only the monitor checks: each is broken by a row.
#[test]
fn every_requirement_of_traffic_has_a_row() {
    let text = include_str!("traffic.rs");
    for requirement in Requirement::OF_TRAFFIC {
        let is_broken = text.contains(&format!("({:?})", requirement.id()));
        assert!(is_broken, "{requirement}");
    }
}

#[test]
fn a_scenario_is_shown_by_its_outcome() {
    const PEER: &str = "call-transfer/v1.0@2022-06/call-transfer-from-a-peer-to-peer-call";
    let all = store::built_in().expect("scenarios");
    let is_picked = |id: &str| id == PEER || id == format!("{PEER}-2");
    let picked = all.iter().filter(|it| is_picked(it.id.as_str()));
    let picked: Vec<_> = picked.cloned().collect();
    let cases = judge::cases(&all, &picked);
    let transferred = || {
        let target = json!({"endpointType": "default", "identity": {"user": {"id": ANNA}}});
        Tape::new()
            .incoming()
            .answers()
            .is("established")
            .request(
                "POST",
                "transfer",
                json!({"transferTarget": target}),
                202,
                Value::Null,
            )
            .is("transferring")
            .is("transferAccepted")
    };
    let fails = |tape: Tape| {
        tape.tells(json!([call(
            "updated",
            json!({"state": "established",
            "resultInfo": {"code": 500, "subCode": 7000, "message": "no"}})
        )]))
    };
    let hangs_up = |tape: Tape| {
        tape.request("DELETE", "", Value::Null, 204, Value::Null)
            .deleted()
    };
    let (moved, stays) = (PEER.to_owned(), format!("{PEER}-2"));
    for (tape, expected) in [
        (transferred().deleted(), vec![moved]),
        (hangs_up(fails(transferred())), vec![stays]),
        (transferred(), vec![]),
    ] {
        let checked = tape.check_beside(&cases);
        let covers: Vec<_> = checked.results[0].covers.to_vec();
        assert_eq!(covers, expected);
    }
}

#[test]
fn another_api_with_calls_is_not_judged() {
    for target in [
        "/crm/v2/calls/123",
        "/api/calls/1/answer",
        "/v1.0/users/5/calls/6",
        "/crm/communications/calls/123",
    ] {
        let checked = Tape::new()
            .is("established")
            .request("POST", "", json!({"id": 123}), 200, json!({"id": 123}))
            .but(without_token)
            .but(|it| target.clone_into(&mut it.request.target))
            .check();
        assert_eq!(checked.not_covered.len(), 1, "{target}");
        let mut results = checked.results.iter();
        assert!(results.all(|it| it.verdict == Verdict::Pass), "{target}");
    }
}

/// The callback of the first request and the calls of notifications show that the prefix is that of the API.
#[test]
fn a_service_may_be_below_a_base_path() {
    for (base, wrong, verdict) in [
        ("/graph/communications", "", Verdict::Pass),
        ("/graph/communications", "keepAlive", Verdict::Fail),
        ("/graph/v1.0/communications", "keepAlive", Verdict::Fail),
    ] {
        let mut tape = Tape::new().does_several_things_at_once();
        for exchange in &mut tape.exchanges {
            let target = &mut exchange.request.target;
            *target = target.replace("/v1.0/communications", base);
            if !wrong.is_empty() && target.contains(wrong) {
                without_token(exchange);
            }
        }
        let checked = tape.check();
        assert_eq!(checked.not_covered, []);
        let of_bot = checked.results.iter().find(|it| it.role == Party::Bot);
        assert_eq!(of_bot.map(|it| it.verdict), Some(verdict), "{base} {wrong}");
    }
}

#[test]
fn conversations_are_named_by_their_first_operation() {
    let checked = Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "/calls", create(), 403, error("7504"))
        .request("POST", "/calls", create(), 400, error("7504"))
        .request("GET", "/chats", Value::Null, 200, Value::Null)
        .check();
    let names: Vec<_> = checked
        .results
        .iter()
        .map(|it| it.scenario.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "tape.jsonl/invite",
            "tape.jsonl/invite",
            "tape.jsonl/create",
            "tape.jsonl/create",
            "tape.jsonl/create-2",
            "tape.jsonl/create-2"
        ]
    );
    assert_eq!(checked.not_covered.len(), 1);
}
