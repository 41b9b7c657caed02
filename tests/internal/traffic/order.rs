//! Notifications that come before the answer to their request, or behind the end of their call.

use serde_json::{Value, json};

use super::Outcome::{Fails, IsBlameless, Passes};
use super::{move_to, refused};
use crate::cassette::format::Exchange;
use crate::tests::tape::{ANNA, BERT, CALL, OPERATION, OTHER_CALL, Tape, call, end, muted, user};

/// An invitation whose answer comes after the next notifications.
fn late_invitation() -> Tape {
    Tape::new()
        .is("established")
        .invite(json!([user(ANNA)]))
        .but(|it| it.took_ms = 1_000)
}

/// A prompt that plays for longer than effects are waited for, when the bot hangs up.
fn hung_up_while_playing(after: u64) -> Tape {
    Tape::new()
        .is("established")
        .plays(json!({"clientContext": "context-1"}))
        .wait(after)
        .request("DELETE", "", Value::Null, 204, Value::Null)
}

/// A prompt whose end the bot acknowledges late, in milliseconds.
fn ended_and_acknowledged_after(late: u64) -> Tape {
    Tape::new()
        .is("established")
        .plays(json!({"clientContext": "context-1"}))
        .stops_playing(OPERATION)
        .but(|it| it.took_ms = late)
}

/// The connection breaks before the acknowledgement.
fn breaks(notification: &mut Exchange) {
    notification.response = None;
    notification.broke = Some("timeout".to_owned());
}

rows! {
    a_bot_refuses_an_early_end_of_other_people: late_invitation()
        .ends(json!([user(BERT)]))
        .but(|it| refused(it, 400))
        .wait(2_000)
        .roster(&[("1", ANNA)]), Passes, Fails("operation.people");
    a_bot_refuses_an_early_end_of_another_context: late_invitation()
        .tells(json!([end(OPERATION, "completed", "made-up", json!([user(ANNA)]))]))
        .but(|it| refused(it, 400))
        .wait(2_000)
        .roster(&[("1", ANNA)]), Passes, Fails("context.unchanged");
    a_bot_refuses_an_early_end_that_is_right: late_invitation()
        .ends(json!([user(ANNA)]))
        .but(|it| refused(it, 400))
        .wait(2_000)
        .roster(&[("1", ANNA)]), Fails("acknowledgement"), Passes;
    a_bot_refuses_a_roster_that_shows_another_value: Tape::new()
        .mutes("mute", OPERATION)
        .tells(muted("1", false))
        .but(|it| refused(it, 400))
        .wait(600_000)
        .keeps_alive(), Passes, Fails("effect");
    an_early_end_at_the_path_of_another_call: late_invitation()
        .ends(json!([user(ANNA)]))
        .but(|it| move_to(it, OTHER_CALL))
        .wait(2_000)
        .roster(&[("1", ANNA)])
        .wait(300_000)
        .keeps_alive(), Passes, Fails("call.identity");
    an_early_end_at_the_path_of_another_call_that_is_refused: late_invitation()
        .ends(json!([user(ANNA)]))
        .but(|it| move_to(it, OTHER_CALL))
        .but(|it| refused(it, 404))
        .wait(2_000)
        .roster(&[("1", ANNA)]), Passes, Fails("call.identity");
    an_early_end_at_the_path_of_another_call_that_is_corrected: late_invitation()
        .ends(json!([user(ANNA)]))
        .but(|it| move_to(it, OTHER_CALL))
        .wait(2_000)
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("call.identity");
    an_end_at_the_path_of_another_call_that_is_corrected: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .but(|it| move_to(it, OTHER_CALL))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("call.identity");
    an_end_of_other_people_that_is_corrected: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(BERT)]))
        .but(|it| refused(it, 400))
        .ends(json!([user(ANNA)]))
        .roster(&[("1", ANNA)]), Passes, Fails("operation.people");
    an_end_behind_the_end_of_its_call: hung_up_while_playing(200_000)
        .deleted()
        .stops_playing(OPERATION), Passes, Passes;
    an_end_behind_the_end_of_its_call_in_one_body: hung_up_while_playing(200_000)
        .tells(json!([
            call("deleted", json!({"state": "terminated"})),
            {"changeType": "deleted", "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
                "resourceData": {"id": OPERATION, "status": "completed"}},
        ])), Passes, Passes;
    a_prompt_that_does_not_end_with_its_call: hung_up_while_playing(200_000)
        .deleted(), Passes, Fails("notification.arrives");
    a_call_that_goes_on_after_it_was_hung_up_while_playing: hung_up_while_playing(10_000)
        .wait(600_000)
        .request("GET", "/calls/other", Value::Null, 404, json!({"error": {"code": "8523", "message": "no"}})),
        IsBlameless, Fails("notification.arrives");
    a_roster_within_the_time: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .wait(119_000)
        .roster(&[("1", ANNA)]), Passes, Passes;
    a_roster_that_comes_too_late: Tape::new()
        .invite(json!([user(ANNA)]))
        .ends(json!([user(ANNA)]))
        .wait(250_000)
        .roster(&[("1", ANNA)]), Passes, Fails("roster.people");
    a_mute_that_a_roster_shows_too_late: Tape::new()
        .mutes("mute", OPERATION)
        .wait(250_000)
        .tells(muted("1", true)), Passes, Fails("effect");
    an_end_that_comes_again_before_its_late_acknowledgement: ended_and_acknowledged_after(10_000)
        .stops_playing(OPERATION), Passes, Passes;
    an_end_that_comes_again_before_its_connection_breaks: ended_and_acknowledged_after(10_000)
        .but(breaks)
        .stops_playing(OPERATION), Fails("acknowledgement"), Passes;
    an_end_that_comes_a_third_time_before_a_late_acknowledgement: ended_and_acknowledged_after(10_000)
        .stops_playing(OPERATION)
        .stops_playing(OPERATION), Passes, Fails("operation.once");
    an_end_that_comes_again_after_its_second_acknowledgement: ended_and_acknowledged_after(10_000)
        .but(breaks)
        .stops_playing(OPERATION)
        .wait(20_000)
        .stops_playing(OPERATION), Fails("acknowledgement"), Fails("operation.once");
    an_end_that_comes_again_after_a_late_acknowledgement: ended_and_acknowledged_after(10_000)
        .wait(20_000)
        .stops_playing(OPERATION), Passes, Fails("operation.once");
    another_end_before_a_late_acknowledgement: ended_and_acknowledged_after(10_000)
        .tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": OPERATION, "status": "failed", "resultInfo": {"code": 500}}}])),
        Passes, Fails("operation.once");
    an_acknowledgement_that_comes_too_late: ended_and_acknowledged_after(130_000), Fails("acknowledgement"), Passes;
    a_prompt_that_plays_for_long: Tape::new()
        .plays(json!({"clientContext": "context-1"}))
        .wait(250_000)
        .stops_playing(OPERATION), Passes, Passes;
}
