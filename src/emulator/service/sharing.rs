//! Content sharing: the bot's own screen, the large gallery view, and the sessions in which people share.

use std::sync::Arc;

use serde_json::{Value, json};

use super::comms::{Ending, outcome};
use super::errors::Refusal;
use super::message::Answer;
use super::operations::{Operation, Routed};
use super::parameters::required;
use super::state::{About, Call, CommsOperation, Group, Line, Notification};
use super::{Outcome, Service};
use crate::api::identifier;
use crate::emulator::new_id;

const ROLES: [&str; 2] = ["viewer", "sharer"];

impl Service {
    /// The roster shows the direction of the bot's screen.
    pub(super) fn change_screen_sharing_role(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let role = required("role", parameters.word("role", &ROLES)?)?;
        let mut state = self.state();
        let call = state.answered(routed.call)?;
        let line = call.line()?;
        let bot = call.bot()?;
        bot.screen = Some(match role {
            "sharer" => "sendOnly",
            _ => "receiveOnly",
        });
        let roster = self.roster_notification(&line, std::slice::from_ref(bot));
        Ok(outcome(Answer::new(202), line.queue, vec![roster]))
    }

    pub(super) fn add_large_gallery_view(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let context = routed.parameters()?.context()?;
        let mut state = self.state();
        let delay = state.timings.outcome;
        let call = state.answered(routed.call)?;
        let failure = call.take_failure(routed.operation);
        let line = call.line()?;
        drop(state);
        let operation = CommsOperation::running(&line.call, routed.operation, context);
        let ending = Ending::of(failure.as_ref());
        Ok(self.done_later(routed, 202, (operation, line), (delay, ending)))
    }

    pub(super) fn list_sessions(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.live(routed.call)?;
        let sessions: Vec<Value> = call.sessions.iter().map(|id| session(id)).collect();
        Ok(Answer::json(200, json!({"value": sessions})).into())
    }

    pub(super) fn get_session(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let id = find(state.live(routed.call)?, routed.item)?;
        Ok(Answer::json(200, session(&id)).into())
    }

    /// Somebody starts to share.
    pub(super) fn start_session(&self, call: &str) -> Result<String, Refusal> {
        let id = new_id();
        self.state().answered(call)?.sessions.push(id.clone());
        self.notify_session(call, &id, "created")?;
        Ok(id)
    }

    /// Somebody shares something else.
    pub(super) fn update_session(&self, call: &str, id: &str) -> Result<(), Refusal> {
        let id = find(self.state().live(call)?, id)?;
        self.notify_session(call, &id, "updated")
    }

    pub(super) fn stop_session(&self, call: &str, id: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        let live = state.live(call)?;
        let id = find(live, id)?;
        live.sessions.retain(|other| *other != id);
        drop(state);
        self.notify_session(call, &id, "deleted")
    }

    fn notify_session(&self, call: &str, id: &str, change: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        let call = state.live(call)?;
        let Line {
            call: call_id,
            callback,
            queue,
        } = call.line()?;
        if !call.notifies_sessions {
            return Ok(());
        }
        drop(state);
        let path = format!("calls/{call_id}/contentSharingSessions/{id}");
        let notification = Notification {
            about: About::Session,
            callback,
            entry: self.pages.entry(change, &path, session(id)),
            effect: None,
        };
        let group = Group::new(vec![notification]);
        self.send(Operation::GetSession, Some((queue, group)));
        Ok(())
    }
}

fn find(call: &Call, id: &str) -> Result<String, Refusal> {
    let mut sessions = call.sessions.iter();
    let found = sessions.find(|other| identifier::same(other, id));
    found
        .cloned()
        .ok_or_else(|| Refusal::not_found(format!("The session {id} does not exist.")))
}

fn session(id: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.contentSharingSession", "id": id})
}
