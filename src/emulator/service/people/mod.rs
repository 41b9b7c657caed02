//! The people in a call: the roster is read, people are removed, put on hold, mixed. `mute` mutes them.

mod mute;

use std::sync::Arc;

use serde_json::json;

use super::comms::{Ending, outcome};
use super::errors::Refusal;
use super::message::Answer;
use super::operations::Routed;
use super::pages::full_identity;
use super::parameters::{Parameters, required};
use super::state::{CommsOperation, Invitee, Line, Member};
use super::{Outcome, Service};

impl Service {
    pub(super) fn list_participants(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.live(routed.call)?;
        let roster = format!("calls/{}/participants", call.id);
        let member = |member| self.pages.member(&roster, member);
        let members: Vec<_> = call.members.iter().map(member).collect();
        Ok(Answer::json(200, json!({"value": members})).into())
    }

    pub(super) fn get_participant(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.live(routed.call)?;
        let roster = format!("calls/{}/participants", call.id);
        let body = self.pages.member(&roster, call.member(routed.item)?);
        Ok(Answer::json(200, body).into())
    }

    /// The roster that follows names everybody who is left.
    pub(super) fn remove_participant(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let (line, members) = if self.does(routed.operation) {
            self.leave(routed.call, routed.item)?
        } else {
            let mut state = self.state();
            let call = state.answered(routed.call)?;
            (call.line()?, call.members.clone())
        };
        let roster = self.roster_notification(&line, &members);
        Ok(outcome(Answer::new(204), line.queue, vec![roster]))
    }

    /// Takes somebody out of a call. Gives the roster of the others.
    pub(super) fn leave(&self, call: &str, member: &str) -> Result<(Line, Vec<Member>), Refusal> {
        let mut state = self.state();
        let call = state.answered(call)?;
        let id = call.member(member)?.id.clone();
        call.members.retain(|other| other.id != id);
        Ok((call.line()?, call.members.clone()))
    }

    /// `customPrompt` is played to the participant.
    pub(super) fn start_hold_music(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        parameters.object("customPrompt")?;
        let mut state = self.state();
        let delay = state.timings.outcome;
        let call = state.answered(routed.call)?;
        let failure = call.take_failure(routed.operation);
        call.member(routed.item)?.is_on_hold = failure.is_none();
        let line = call.line()?;
        drop(state);
        let operation = CommsOperation::running(&line.call, routed.operation, context);
        let ending = Ending::of(failure.as_ref());
        Ok(self.done_later(routed, 202, (operation, line), (delay, ending)))
    }

    pub(super) fn stop_hold_music(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        let mut state = self.state();
        let call = state.answered(routed.call)?;
        let failure = call.take_failure(routed.operation);
        let member = call.member(routed.item)?;
        if failure.is_none() {
            member.is_on_hold = false;
        }
        let line = call.line()?;
        drop(state);
        Ok(self.done_at_once(routed, (202, failure.as_ref()), (line, context), Vec::new()))
    }

    pub(super) fn configure_mixer(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        let levels = parameters.list("participantMixerLevels")?;
        let levels = required("participantMixerLevels", levels)?;
        let mut state = self.state();
        let delay = state.timings.outcome;
        let call = state.answered(routed.call)?;
        for level in levels {
            let level = level.as_object().map(Parameters::of);
            let level =
                level.ok_or_else(|| Refusal::bad_request("A mixer level must be an object."))?;
            level.text("participant")?;
            level.flag("exclusive")?;
            level.object("ducking")?;
            level.list("sourceLevels")?;
        }
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        drop(state);
        let operation = CommsOperation::running(&line.call, routed.operation, context);
        let ending = Ending::of(failure.as_ref());
        Ok(self.done_later(routed, 200, (operation, line), (delay, ending)))
    }

    /// The metadata is the bot's own, in the roster.
    pub(super) fn update_metadata(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        let metadata = parameters.text("metadata")?;
        self.change_bot(routed, context, |bot| {
            bot.metadata = metadata.map(str::to_owned);
        })
    }

    /// Changes the bot's own member, and notifies it. The operation ends in the answer.
    pub(super) fn change_bot(
        self: &Arc<Self>,
        routed: &Routed<'_>,
        context: Option<String>,
        change: impl FnOnce(&mut Member),
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.answered(routed.call)?;
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        let mut changed = Vec::new();
        if failure.is_none() {
            let bot = call.bot()?;
            if self.does(routed.operation) {
                change(bot);
            }
            changed.push(self.roster_notification(&line, std::slice::from_ref(bot)));
        }
        drop(state);
        Ok(self.done_at_once(routed, (200, failure.as_ref()), (line, context), changed))
    }
}

/// The members that join a call of so many.
pub(super) fn joining(invitees: &[Invitee], present: usize) -> Vec<Member> {
    let numbered = invitees.iter().zip(present + 1..);
    numbered
        .map(|(invitee, source)| member(invitee, source))
        .collect()
}

fn member(invitee: &Invitee, source: usize) -> Member {
    let identity = full_identity(&invitee.kind, &invitee.identity);
    let mut member = Member::new(&invitee.kind, identity, source);
    if let Some(region) = &invitee.region {
        member.region.clone_from(region);
    }
    if let Some(language) = &invitee.language {
        member.language.clone_from(language);
    }
    member
}

/// False for a bot that declines notifications of content sharing.
pub(super) fn notifies_sessions(parameters: Parameters<'_>) -> Result<bool, Refusal> {
    let Some(options) = parameters.object("callOptions")? else {
        return Ok(true);
    };
    let enabled = Parameters::of(options).flag("isContentSharingNotificationEnabled")?;
    Ok(enabled.unwrap_or(true))
}
