//! Muting: the bot itself, one participant, several, or all.

use std::sync::Arc;

use crate::api::identifier;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::operations::Routed;
use crate::emulator::service::state::{Call, Member};
use crate::emulator::service::{Outcome, Service};

impl Service {
    pub(in crate::emulator::service) fn mute(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        self.change_bot(routed, context, |bot| bot.is_muted = true)
    }

    pub(in crate::emulator::service) fn unmute(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        self.change_bot(routed, context, |bot| bot.is_muted = false)
    }

    pub(in crate::emulator::service) fn mute_participant(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        self.mute_members(routed, context, |call| {
            Ok(vec![call.member(routed.item)?.id.clone()])
        })
    }

    /// Without names, everybody but the bot is muted. A participant is named by its own id or by that of its
    /// identity.
    pub(in crate::emulator::service) fn mute_all(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let context = parameters.context()?;
        let named = parameters.texts("participants")?.unwrap_or_default();
        let named: Vec<&str> = named.into_iter().filter(|id| !id.is_empty()).collect();
        self.mute_members(routed, context, |call| {
            if named.is_empty() {
                let others = call.members.iter().filter(|it| !it.is_bot);
                return Ok(others.map(|it| it.id.clone()).collect());
            }
            let find = |id: &&str| {
                let found = call.members.iter().find(|it| is_called(it, id));
                found
                    .map(|it| it.id.clone())
                    .ok_or_else(|| Refusal::no_participant(id))
            };
            named.iter().map(find).collect()
        })
    }

    fn mute_members(
        self: &Arc<Self>,
        routed: &Routed<'_>,
        context: Option<String>,
        choose: impl FnOnce(&mut Call) -> Result<Vec<String>, Refusal>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.answered(routed.call)?;
        let chosen = choose(call)?;
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        let mut muted: Vec<Member> = Vec::new();
        if failure.is_none() {
            for member in &mut call.members {
                if chosen.contains(&member.id) {
                    member.is_muted = self.does(routed.operation);
                    muted.push(member.clone());
                }
            }
        }
        drop(state);
        let mut notifications = Vec::new();
        if !muted.is_empty() {
            notifications.push(self.roster_notification(&line, &muted));
        }
        Ok(self.done_at_once(
            routed,
            (200, failure.as_ref()),
            (line, context),
            notifications,
        ))
    }
}

fn is_called(member: &Member, id: &str) -> bool {
    let identity = member.identity.get("id").and_then(|id| id.as_str());
    identifier::same(&member.id, id) || identity.is_some_and(|it| identifier::same(it, id))
}
