//! The life of a call: read, kept alive, hung up, ended. `create` brings calls into being; `incoming` answers,
//! rejects and redirects them; `transfer` transfers them.

mod create;
mod incoming;
mod transfer;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::delivery;
use super::errors::Refusal;
use super::message::Answer;
use super::operations::{Operation, Routed};
use super::pages::{Pages, full_identity, result_info};
use super::parameters::{person, required};
use super::state::{
    About, Call, CallKind, CallState, Effect, Group, Invitee, Line, Member, Notification, Queue,
};
use super::{Outcome, Service};
use crate::emulator::new_id;

pub(super) use self::incoming::Ringing;

/// The reason in the end of a call that a bot replaced.
const REASON: &str = "AppInitiated";

impl Service {
    pub(super) fn get_call(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let body = Pages::whole_call(self.state().live(routed.call)?);
        Ok(Answer::json(200, body).into())
    }

    /// The answer has no body, and a media type all the same.
    pub(super) fn keep_alive(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        self.state().answered(routed.call)?.last_kept_alive = Instant::now();
        let mut answer = Answer::new(200);
        answer
            .fields
            .push(("Content-Type", "text/plain".to_owned()));
        Ok(answer.into())
    }

    /// The call is terminating, then deleted.
    pub(super) fn hang_up(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        self.state().live(routed.call)?;
        let result = result_info(200, 7000, "The bot has ended the call.");
        let groups = self.delete_call(routed.call, true, json!({"resultInfo": result}));
        Ok(Outcome {
            answer: Answer::new(204),
            groups: groups.into_iter().collect(),
            may_be_early: false,
        })
    }

    #[expect(
        clippy::unused_self,
        reason = "the functions of all operations have one signature"
    )]
    pub(super) fn log_quality(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        required("quality", parameters.object("quality")?)?;
        Ok(Answer::new(200).into())
    }

    /// Ends a call as the page of `delete` shows it. Its last notification closes its queue. `None` if it has
    /// ended already.
    pub(super) fn delete_call(
        &self,
        id: &str,
        is_terminating_first: bool,
        more: Value,
    ) -> Option<(Queue, Group)> {
        let mut state = self.state();
        let call = state.live(id).ok()?;
        let queue = call.queue.take()?;
        let notify = |about, more| self.call_notification(&call.id, &call.callback, about, more);
        let mut notifications = Vec::new();
        if is_terminating_first {
            notifications.push(notify(About::Terminating, json!({})));
        }
        let mut last = json!({"state": CallState::Terminated.word()});
        if let (Some(last), Value::Object(more)) = (last.as_object_mut(), more) {
            last.extend(more);
        }
        notifications.push(notify(About::Deleted, last));
        Some((queue, Group::new(notifications)))
    }

    /// Ends a call that another replaces. Its last two notifications close its queue. `None` if it has ended
    /// already.
    pub(super) fn end_call(&self, id: &str) -> Option<(Queue, Group)> {
        let mut state = self.state();
        let call = state.live(id).ok()?;
        let queue = call.queue.take()?;
        let notifications = vec![
            self.call_notification(
                &call.id,
                &call.callback,
                About::Terminated,
                json!({"terminationReason": REASON}),
            ),
            self.call_notification(&call.id, &call.callback, About::Deleted, json!({})),
        ];
        Some((queue, Group::new(notifications)))
    }

    pub(super) fn new_call(
        self: &Arc<Self>,
        callback: &str,
        state: CallState,
        direction: &'static str,
        kind: CallKind,
    ) -> (String, Queue) {
        let id = new_id();
        let queue = self.add_call(&id, callback, state, direction, kind);
        (id, queue)
    }

    /// Adds a call and opens its queue.
    pub(super) fn add_call(
        self: &Arc<Self>,
        id: &str,
        callback: &str,
        call_state: CallState,
        direction: &'static str,
        kind: CallKind,
    ) -> Queue {
        let queue = delivery::open(self);
        let mut state = self.state();
        let call = Call {
            id: id.to_owned(),
            callback: callback.to_owned(),
            state: call_state,
            direction,
            kind,
            members: Vec::new(),
            queue: Some(queue.clone()),
            number: state.count_calls(),
            chain: new_id(),
            scenario: None,
            details: Map::new(),
            wants_tones: false,
            tones: 0,
            sessions: Vec::new(),
            notifies_sessions: true,
            routing_groups: Vec::new(),
            failures: Vec::new(),
            last_kept_alive: Instant::now(),
        };
        state.add_call(call);
        queue
    }

    /// Ends the call once no request has kept it alive for the time of [`Timings::keep_alive`].
    ///
    /// [`Timings::keep_alive`]: super::state::Timings::keep_alive
    fn watch_keep_alive(self: &Arc<Self>, id: &str) {
        let id = id.to_owned();
        let mut state = self.state();
        let limit = state.timings.keep_alive;
        let Ok(call) = state.live(&id) else { return };
        let silence = call.last_kept_alive.elapsed();
        drop(state);
        if let Some(rest) = limit.checked_sub(silence).filter(|rest| !rest.is_zero()) {
            self.after(rest, move |service| service.watch_keep_alive(&id));
            return;
        }
        let result = result_info(408, 8537, "No request has kept the call alive.");
        self.send(
            Operation::KeepAlive,
            self.delete_call(&id, false, json!({"resultInfo": result})),
        );
    }

    pub(super) fn call_notification(
        &self,
        id: &str,
        callback: &str,
        about: About,
        more: Value,
    ) -> Notification {
        let (change, state) = match about {
            About::Incoming => ("created", CallState::Incoming),
            About::Establishing => ("updated", CallState::Establishing),
            About::Transferring => ("updated", CallState::Transferring),
            About::TransferAccepted => ("updated", CallState::TransferAccepted),
            About::Terminating => ("updated", CallState::Terminating),
            About::Deleted => ("deleted", CallState::Terminated),
            About::Terminated => ("updated", CallState::Terminated),
            _ => ("updated", CallState::Established),
        };
        Notification {
            about,
            callback: callback.to_owned(),
            entry: self.pages.call(change, id, state, more),
            effect: Some(Effect::State(id.to_owned(), state)),
        }
    }

    /// A notification about the call that changes no state.
    pub(super) fn line_notification(&self, line: &Line, about: About, more: Value) -> Notification {
        self.call_notification(&line.call, &line.callback, about, more)
    }

    /// The roster, or its changed members.
    pub(super) fn roster_notification(&self, line: &Line, members: &[Member]) -> Notification {
        Notification {
            about: About::Roster,
            callback: line.callback.clone(),
            entry: self.pages.roster(&line.call, members),
            effect: None,
        }
    }
}

/// The bot as a member of a call, by the identity that it or its caller uses, or a default one.
pub(super) fn bot_member(named: Option<&Value>) -> Member {
    let named = named.and_then(|info| person(info).ok());
    let bot = named.unwrap_or_else(|| {
        let id = new_id();
        Invitee::new("application", &id, "Calling bot")
    });
    Member {
        is_bot: true,
        ..Member::new(&bot.kind, full_identity(&bot.kind, &bot.identity), 1)
    }
}
