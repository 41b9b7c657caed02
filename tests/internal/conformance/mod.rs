//! The suite: each scenario of *participant: invite* and role is a test of its own, played against the built-in
//! pair over real sockets, judged, and held against its snapshot.
//!
//! A snapshot is the documented conversation and the actual one laid over each other: lines that
//! begin with `-` are documented only, lines with `+` came only. Review changes with
//! `cargo insta review`.

mod conversation;

use std::error::Error;
use std::sync::Arc;

use crate::api::party::Party;
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::report::terminal;
use crate::report::text::Look;
use crate::runner::self_check::{self, PairOptions};
use crate::runner::{Options, Stop};
use crate::scenario::store;

/// A test for each row, and all rows as a table.
macro_rules! rows {
    ($($name:ident($role:ident, $id:literal)),+ $(,)?) => {
        $(
            #[test]
            fn $name() -> Result<(), Box<dyn Error>> {
                plays($id, Party::$role)
            }
        )+

        const ROWS: &[(&str, Party)] = &[$(($id, Party::$role)),+];
    };
}

rows! {
    invite_participants_in_existing_p2p_meeting_2_2019_05_bot(Bot, "participant-invite/beta@2019-05/invite-participants-in-existing-p2p-meeting-2"),
    invite_participants_in_existing_p2p_meeting_2_2019_05_service(Service, "participant-invite/beta@2019-05/invite-participants-in-existing-p2p-meeting-2"),
    invite_participants_in_existing_p2p_meeting_2019_05_bot(Bot, "participant-invite/beta@2019-05/invite-participants-in-existing-p2p-meeting"),
    invite_participants_in_existing_p2p_meeting_2019_05_service(Service, "participant-invite/beta@2019-05/invite-participants-in-existing-p2p-meeting"),
    participant_invite_2019_05_bot(Bot, "participant-invite/beta@2019-05/participant-invite"),
    participant_invite_2019_05_service(Service, "participant-invite/beta@2019-05/participant-invite"),
    invite_participant_failure_2019_09_bot(Bot, "participant-invite/beta@2019-09/invite-participant-failure"),
    invite_participant_failure_2019_09_service(Service, "participant-invite/beta@2019-09/invite-participant-failure"),
    invite_participants_to_a_multiparty_call_replacing_an_existing_peer_to_peer_call_2019_09_bot(Bot, "participant-invite/beta@2019-09/invite-participants-to-a-multiparty-call-replacing-an-existing-peer-to-peer-call"),
    invite_participants_to_a_multiparty_call_replacing_an_existing_peer_to_peer_call_2019_09_service(Service, "participant-invite/beta@2019-09/invite-participants-to-a-multiparty-call-replacing-an-existing-peer-to-peer-call"),
    invite_participants_to_an_existing_multiparty_call_2019_09_bot(Bot, "participant-invite/beta@2019-09/invite-participants-to-an-existing-multiparty-call"),
    invite_participants_to_an_existing_multiparty_call_2019_09_service(Service, "participant-invite/beta@2019-09/invite-participants-to-an-existing-multiparty-call"),
    participant_invite_2019_09_bot(Bot, "participant-invite/beta@2019-09/participant-invite"),
    participant_invite_2019_09_service(Service, "participant-invite/beta@2019-09/participant-invite"),
    invite_multiple_participants_to_an_existing_group_call_2020_12_bot(Bot, "participant-invite/beta@2020-12/invite-multiple-participants-to-an-existing-group-call"),
    invite_multiple_participants_to_an_existing_group_call_2020_12_service(Service, "participant-invite/beta@2020-12/invite-multiple-participants-to-an-existing-group-call"),
    invite_one_participant_to_an_existing_group_call_2020_12_bot(Bot, "participant-invite/beta@2020-12/invite-one-participant-to-an-existing-group-call"),
    invite_one_participant_to_an_existing_group_call_2020_12_service(Service, "participant-invite/beta@2020-12/invite-one-participant-to-an-existing-group-call"),
    invite_one_pstn_participant_to_an_existing_group_call_2020_12_bot(Bot, "participant-invite/beta@2020-12/invite-one-pstn-participant-to-an-existing-group-call"),
    invite_one_pstn_participant_to_an_existing_group_call_2020_12_service(Service, "participant-invite/beta@2020-12/invite-one-pstn-participant-to-an-existing-group-call"),
    invite_participants_to_a_an_existing_group_call_replacing_an_existing_peer_to_peer_call_2020_12_bot(Bot, "participant-invite/beta@2020-12/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call"),
    invite_participants_to_a_an_existing_group_call_replacing_an_existing_peer_to_peer_call_2020_12_service(Service, "participant-invite/beta@2020-12/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call"),
    context_of_256_characters_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/context-of-256-characters"),
    context_of_257_characters_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/context-of-257-characters"),
    deprecated_path_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/deprecated-path"),
    empty_body_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/empty-body"),
    ended_call_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/ended-call"),
    foreign_token_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/foreign-token"),
    malformed_json_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/malformed-json"),
    no_participants_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/no-participants"),
    no_token_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/no-token"),
    six_participants_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/six-participants"),
    two_participants_replacing_calls_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/two-participants-replacing-calls"),
    unknown_call_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/unknown-call"),
    unknown_method_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/unknown-method"),
    wrong_media_type_2021_02_en_service(Service, "participant-invite/beta@2021-02/en/wrong-media-type"),
    invite_multiple_participants_to_an_existing_group_call_2021_02_bot(Bot, "participant-invite/beta@2021-02/invite-multiple-participants-to-an-existing-group-call"),
    invite_multiple_participants_to_an_existing_group_call_2021_02_service(Service, "participant-invite/beta@2021-02/invite-multiple-participants-to-an-existing-group-call"),
    invite_one_participant_to_an_existing_group_call_2021_02_bot(Bot, "participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call"),
    invite_one_participant_to_an_existing_group_call_2021_02_service(Service, "participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call"),
    invite_one_pstn_participant_to_an_existing_group_call_2021_02_bot(Bot, "participant-invite/beta@2021-02/invite-one-pstn-participant-to-an-existing-group-call"),
    invite_one_pstn_participant_to_an_existing_group_call_2021_02_service(Service, "participant-invite/beta@2021-02/invite-one-pstn-participant-to-an-existing-group-call"),
    invite_participants_to_a_an_existing_group_call_replacing_an_existing_peer_to_peer_call_2021_02_bot(Bot, "participant-invite/beta@2021-02/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call"),
    invite_participants_to_a_an_existing_group_call_replacing_an_existing_peer_to_peer_call_2021_02_service(Service, "participant-invite/beta@2021-02/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call"),
}

#[test]
fn every_invitation_and_role_has_a_row() -> Result<(), Box<dyn Error>> {
    let scenarios = store::invitations()?;
    for scenario in &scenarios {
        for role in [Party::Service, Party::Bot] {
            assert_eq!(
                ROWS.contains(&(scenario.id.as_str(), role)),
                judge::judges(&scenario.script, role),
                "{} {role}",
                scenario.id
            );
        }
    }
    let is_there = |id: &str| scenarios.iter().any(|it| it.id.as_str() == id);
    assert!(ROWS.iter().all(|(id, _)| is_there(id)));
    Ok(())
}

/// Plays one scenario for one role, and holds the conversation against its snapshot.
fn plays(id: &str, role: Party) -> Result<(), Box<dyn Error>> {
    let all = store::invitations()?;
    let mut picked = all.clone();
    picked.retain(|it| it.id.as_str() == id);
    let cases = judge::cases(&all, &picked);
    let options = Arc::new(Options::default());
    let (parties, pair, stop) = ([role], PairOptions::default(), Stop::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let played = self_check::play(&options, &cases, &parties, pair, &stop);
    let results = runtime.block_on(played)?;
    runtime.shutdown_background();
    let ([case], [result]) = (cases.as_slice(), results.as_slice()) else {
        return Err(format!("{} results instead of one", results.len()).into());
    };
    if result.verdict != Verdict::Pass {
        // A scenario that could not run is never green.
        return Err(terminal::block(result, Look::PLAIN).into());
    }
    hold_against_snapshot(case, result);
    Ok(())
}

fn hold_against_snapshot(case: &Case, result: &ScenarioResult) {
    let text = conversation::laid_over_each_other(&Arc::clone(&case.scenario), result);
    let name = format!(
        "{}__{}",
        case.scenario.id.as_str().replace('/', "__"),
        result.role
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!(
        "{}: documented (-) and actual (+)",
        case.scenario.script.source
    ));
    settings.bind(|| insta::assert_snapshot!(name, text));
}
