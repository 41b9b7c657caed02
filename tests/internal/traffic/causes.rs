//! One fault is one violation, and belongs to one party: what follows from it is no other.

use serde_json::{Value, json};

use super::Outcome::{Fails, Passes};
use super::with;
use crate::api::party::Party;
use crate::tests::tape::{
    ANNA, BERT, CALL, CLARA, OPERATION, SECOND_OPERATION, Tape, call, create, end, of_beta,
    running, user,
};

fn phone(id: &str) -> Value {
    json!({"identity": {"phone": {"id": id}}})
}

/// An invitation of these people that the service accepts and ends with these people, without a roster.
fn accepted(invited: Value, named: Value) -> Tape {
    let mut answer = running(OPERATION, "context-1");
    answer["participants"] = named.clone();
    let mut body = json!({"clientContext": "context-1"});
    body["participants"] = invited;
    Tape::new()
        .request("POST", "participants/invite", body, 200, answer)
        .ends(named)
        .wait(600_000)
        .keeps_alive()
}

/// The bot makes a group with a mode, and the service shows another one.
fn group(requested: &str, made: &str) -> Tape {
    let group = |mode| json!({"routingMode": mode, "sources": ["1"], "receivers": ["2"]});
    let made = with(group(made), "id", json!("9"));
    Tape::new()
        .request("POST", "audioRoutingGroups", group(requested), 200, made)
        .but(of_beta)
}

rows! {
    a_roster_of_people_without_info: accepted_and_shown(json!([{"id": "1"}])),
        Passes, Fails("notification.body");
    a_roster_that_is_an_object: accepted_and_shown(json!({"value": [{"id": "1",
        "info": {"identity": {"user": {"id": ANNA}}}}]})), Passes, Fails("notification.body");
    an_established_call_whose_state_is_a_number: Tape::new()
        .incoming()
        .answers()
        .tells(json!([call("updated", json!({"state": 42}))]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
    an_operation_that_names_another_all_the_time: accepted(json!([user(ANNA)]), json!([user(BERT)])),
        Passes, Fails("operation.people");
    an_operation_that_has_another_context_all_the_time: Tape::new()
        .request("POST", "participants/invite", json!({"participants": [user(ANNA)], "clientContext": "context-1"}),
            200, running(OPERATION, "made-up"))
        .tells(json!([end(OPERATION, "completed", "made-up", json!([user(ANNA)]))]))
        .roster(&[("1", ANNA)]), Passes, Fails("context.unchanged");
    an_operation_whose_location_has_its_id_and_its_body_another: Tape::new()
        .invite(json!([user(ANNA)]))
        .but(|it| {
            let location = format!("/communications/calls/{CALL}/operations/{SECOND_OPERATION}");
            let response = it.response.as_mut().expect("a response");
            response.headers.push("Location", location);
        })
        .tells(json!([end(SECOND_OPERATION, "completed", "context-1", json!([user(ANNA)]))]))
        .roster(&[("1", ANNA)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("operation.identity");
    an_operation_that_has_ended_and_is_given_again: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .request("POST", "participants/invite", json!({"participants": [user(BERT)], "clientContext": "context-2"}),
            200, running(OPERATION, "context-2"))
        .tells(json!([end(OPERATION, "completed", "context-2", json!([user(BERT)]))]))
        .roster(&[("1", ANNA), ("2", BERT)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("operation.identity");
    an_operation_that_is_given_to_two_invitations: Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "participants/invite", json!({"participants": [user(BERT)], "clientContext": "context-2"}),
            200, running(OPERATION, "context-2"))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA), ("2", BERT)])
        .wait(600_000)
        .keeps_alive(), Passes, Fails("operation.identity");
    an_answer_without_properties: Tape::new()
        .request("POST", "mute", json!({"clientContext": "context-1"}), 200, json!({})),
        Passes, Fails("answer.body");
    a_call_that_is_read_without_properties: Tape::new()
        .is("established")
        .request("GET", "", Value::Null, 200, json!({})), Passes, Fails("answer.body");
    a_call_of_which_nothing_is_selected: Tape::new()
        .is("established")
        .request("GET", "?$select=toneInfo", Value::Null, 200, json!({})), Passes, Passes;
    a_created_call_in_no_documented_direction: Tape::new()
        .request("POST", "/calls", create(), 201,
            json!({"id": CALL, "state": "establishing", "direction": "sideways"}))
        .is("established"), Passes, Fails("answer.body");
    an_incoming_call_in_no_documented_direction: Tape::new()
        .incoming()
        .answers()
        .tells(json!([call("updated", json!({"state": "established", "direction": "sideways"}))])),
        Passes, Fails("notification.body");
    a_created_call_with_no_documented_modality: Tape::new()
        .request("POST", "/calls", create(), 201,
            json!({"id": CALL, "state": "establishing", "requestedModalities": ["smell"]}))
        .is("established"), Passes, Fails("answer.body");
    a_created_call_with_a_modality_that_is_given_twice: Tape::new()
        .request("POST", "/calls", with(create(), "requestedModalities", json!(["audio", "audio"])), 201,
            json!({"id": CALL, "state": "establishing", "requestedModalities": ["audio"]}))
        .is("established"), Passes, Passes;
    a_created_call_without_requested_modalities: Tape::new()
        .request("POST", "/calls", with(create(), "requestedModalities", json!([])), 201,
            json!({"id": CALL, "state": "establishing", "requestedModalities": ["audio"]}))
        .is("established"), Passes, Passes;
    a_group_with_no_documented_mode: group("oneToOne", "sideways"), Passes, Fails("answer.body");
    a_group_whose_wrong_mode_is_replaced: group("sideways", "oneToOne"), Fails("request.body"), Passes;
    prompts_that_are_an_object: Tape::new()
        .request("POST", "playPrompt", json!({"prompts": {}}), 400, json!({"error": {"code": "400", "message": "no"}})),
        Fails("request.body"), Passes;
    too_many_people_are_accepted: accepted(json!(vec![user(ANNA); 6]), Value::Null),
        Fails("invite.people-limit"), Passes;
    too_many_people_of_whom_the_first_are_accepted: accepted(
        json!([user(ANNA), user(BERT), user(CLARA), phone("+15550101"), phone("+15550102"), phone("+15550103")]),
        json!([user(ANNA), user(BERT), user(CLARA), phone("+15550101"), phone("+15550102")])),
        Fails("invite.people-limit"), Passes;
    a_number_without_a_country_is_accepted: accepted(json!([phone("5550100")]), json!([phone("5550100")])),
        Fails("people.phone-number"), Passes;
    a_number_without_a_country_is_completed: accepted(json!([phone("5550100")]), json!([phone("+15550100")])),
        Fails("people.phone-number"), Passes;
    people_that_are_a_number_are_accepted: accepted(json!(5), Value::Null), Fails("request.body"), Passes;
    a_context_that_is_too_long_is_cut: Tape::new()
        .request("POST", "mute", json!({"clientContext": "x".repeat(257)}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "x".repeat(256)}))
        .tells(crate::tests::tape::muted("1", true)), Fails("invite.context-limit"), Passes;
    no_role_is_accepted: Tape::new()
        .is("established")
        .request("POST", "changeScreenSharingRole", json!({}), 202, Value::Null)
        .wait(600_000)
        .keeps_alive(), Fails("request.body"), Passes;
}

/// Somebody is invited, and the roster has this data.
fn accepted_and_shown(data: Value) -> Tape {
    let resource = format!("/app/calls/{CALL}/participants");
    let mut change = json!({"changeType": "updated", "resource": resource});
    change["resourceData"] = data;
    Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .tells(json!([change]))
        .wait(600_000)
        .keeps_alive()
}

#[test]
fn a_request_by_another_method_breaks_nothing_else() {
    let get = |tape: Tape, path: &str| {
        let refusal = json!({"error": {"code": "405", "message": "no"}});
        tape.request("GET", path, Value::Null, 405, refusal)
            .but(|it| it.request.target = it.request.target.replace("/beta/", "/v1.0/"))
    };
    for tape in [
        get(Tape::new(), "participants/muteAll"),
        get(
            Tape::new().incoming().rejects(202).deleted().wait(20_000),
            "answer",
        ),
        get(Tape::new().incoming().answers().is("established"), "answer"),
    ] {
        let checked = tape.check();
        let violations = checked.results.iter().filter(|it| it.role == Party::Bot);
        let violations: Vec<_> = violations
            .flat_map(|it| it.failures.iter().chain(&it.warnings))
            .map(|it| it.requirement.to_string())
            .collect();
        assert_eq!(violations, ["request.method"]);
    }
}
