//! Participants: rosters, lists, mutes, removals.

use serde_json::{Value, json};

use super::Outcome::{Fails, IsBlameless, IsOpen, Passes};
use crate::tests::tape::{
    ANNA, BERT, CALL, CLARA, OPERATION, SECOND_OPERATION, Tape, error, member, muted, user,
    without_token,
};

/// The bot reads the participants, of whom there is one, and the list is empty.
fn empty_list(query: &str) -> Tape {
    Tape::new()
        .is("established")
        .roster(&[("1", ANNA)])
        .request(
            "GET",
            &format!("participants{query}"),
            Value::Null,
            200,
            json!({"value": []}),
        )
}

rows! {
    a_list_with_selected_properties_is_empty: empty_list("?$select=id"), Passes, Fails("resource.requested");
    an_ordered_list_is_empty: empty_list("?%24orderby=id"), Passes, Fails("resource.requested");
    a_filtered_list_is_empty: empty_list("?$filter=isMuted"), Passes, Passes;
    a_list_of_none_is_empty: empty_list("?$select=id&$top=0"), Passes, Passes;
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
    the_longest_context: Tape::new()
        .request("POST", "unmute", json!({"clientContext": "ж".repeat(256)}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "ж".repeat(256)}))
        .tells(muted("1", false)), Passes, Passes;
    unavailable_and_sent_again_with_another_annotation: Tape::new()
        .request("POST", "mute", json!({"$id": "1", "clientContext": "context-1"}), 503, error("503"))
        .wait(1_200)
        .request("POST", "mute", json!({"$id": "7", "clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .tells(muted("1", true)), Passes, Passes;
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
    a_type_without_a_page_of_its_own: Tape::new()
        .request("POST", "participants/configureMixer", json!({"clientContext": "context-1", "participantMixerLevels": [{
            "participant": "1", "exclusive": true, "ducking": {
                "@odata.type": "#microsoft.graph.audioDuckingConfiguration", "lowerThreshold": 100.0,
                "rampActive": 50.0, "rampInactive": 50.0, "upperThreshold": 100.0}}]}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"})), Passes, IsBlameless;
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
    a_list_with_a_participant_who_is_nobody: Tape::new()
        .request("GET", "participants", Value::Null, 200, json!({"value": [member("1", ANNA), {"id": "2"}]})),
        IsBlameless, Fails("answer.body");
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
    a_muted_participant_who_is_muted_again: Tape::new()
        .mutes("mute", OPERATION)
        .tells(muted("1", true))
        .mutes("mute", SECOND_OPERATION)
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_participant_who_is_unmuted_without_being_muted: Tape::new()
        .roster(&[("1", ANNA)])
        .mutes("unmute", OPERATION)
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_participant_whom_an_unmute_mutes: Tape::new()
        .roster(&[("1", ANNA)])
        .mutes("unmute", OPERATION)
        .tells(muted("1", true))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    a_mute_that_is_undone_without_any_roster: Tape::new()
        .roster(&[("1", ANNA)])
        .mutes("mute", OPERATION)
        .mutes("unmute", SECOND_OPERATION)
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    somebody_who_is_there_is_invited_again: Tape::new()
        .roster(&[("1", ANNA), ("2", BERT)])
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
    a_count_of_participants: Tape::new()
        .is("established")
        .request("GET", "participants/$count", Value::Null, 200, json!(2))
        .request("GET", "participants/microsoft.graph.participant", Value::Null, 200, json!({"value": []})),
        IsBlameless, Passes;
    a_muted_participant_who_is_removed: Tape::new()
        .request("POST", "participants/1/mute", json!({"clientContext": "context-1"}), 200,
            json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"}))
        .request("DELETE", "participants/1", Value::Null, 204, Value::Null)
        .wait(600_000)
        .keeps_alive(), Passes, Passes;
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
    a_participant_without_identity_is_read: Tape::new()
        .is("established")
        .request("GET", "participants/1", Value::Null, 200, json!({"id": "1", "info": {"identity": {}}}))
        .deleted(), IsBlameless, Fails("answer.body");
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
    a_roster_at_the_path_of_its_call: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .tells(json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}"),
            "resourceData": [member("1", ANNA)]}]))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("notification.body");
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
    a_member_with_an_empty_id: Tape::new()
        .roster(&[("1", ANNA), ("2", "")]), Passes, Fails("notification.body");
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
    a_participant_who_is_read_as_another_person: Tape::new()
        .roster(&[("1", ANNA), ("2", BERT)])
        .request("GET", "participants/1", Value::Null, 200, member("1", BERT)), Passes, Fails("resource.requested");
    a_participant_who_is_read_under_another_kind_of_identity: Tape::new()
        .roster(&[("1", ANNA)])
        .request("GET", "participants/1", Value::Null, 200,
            json!({"id": "1", "info": {"identity": {"guest": {"id": BERT}}}})), Passes, Passes;
}
