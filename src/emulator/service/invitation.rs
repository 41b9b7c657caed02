//! `POST …/calls/{call}/participants/invite`: reads an invitation, refuses it or carries it out.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::message::Answer;
use super::mutant;
use super::operations::{Operation, Routed};
use super::pages::Edition;
use super::parameters::{Parameters, object, person};
use super::people::joining;
use super::state::{
    About, CallKind, CallState, CommsOperation, Effect, Failure, Group, Invitee, Line, Member,
    Notification, Queue,
};
use super::variant::ServiceVariant;
use super::{Outcome, Service};
use crate::api::identifier;
use crate::emulator::new_id;
use crate::http::message::Body;

const MOST_INVITEES: usize = 5;

#[derive(Debug, Clone)]
struct Invitation {
    invitees: Vec<Invitee>,
    context: Option<String>,
}

impl Service {
    pub(super) fn invite(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let mut invitation = Invitation::read(object(&routed.request.body)?)?;
        let first_only = self.variant == Some(ServiceVariant::FirstOnly);
        if first_only && invitation.invitees.iter().all(|it| it.replaces.is_some()) {
            invitation.invitees.truncate(1);
        }
        let (line, failure) = self.inviting_call(routed.call, &invitation)?;
        let context = invitation.context.unwrap_or_else(new_id);
        let operation = CommsOperation {
            invitees: invitation.invitees,
            ..CommsOperation::running(&line.call, Operation::Invite, Some(context))
        };
        let answer = self.answer(&operation, routed.prefix);
        let groups = self.groups(&operation, &line, failure.as_ref());
        let mut state = self.state();
        state.add_operation(operation);
        let delay = state.timings.outcome;
        drop(state);
        Ok(Outcome {
            answer,
            groups: self.now_or_later(Operation::Invite, delay, groups),
            may_be_early: true,
        })
    }

    /// The call, and the failure that the invitation is to end with.
    fn inviting_call(
        &self,
        id: &str,
        invitation: &Invitation,
    ) -> Result<(Line, Option<Failure>), Refusal> {
        let mut state = self.state();
        let call = state.answered(id)?;
        if invitation.invitees.len() > 1 && call.kind == CallKind::Peer {
            let why = "Several participants need a call with valid chat information.";
            return Err(Refusal::bad_request(why));
        }
        let itself = |replaced: &String| identifier::same(replaced, &call.id);
        if replaced_by(&invitation.invitees).iter().any(itself) {
            return Err(Refusal::bad_request("A call cannot replace itself."));
        }
        let failure = call.take_failure(Operation::Invite);
        Ok((call.line()?, failure))
    }

    fn answer(&self, operation: &CommsOperation, prefix: &str) -> Answer {
        let location = format!(
            "{}{prefix}/calls/{}/operations/{}",
            self.url, operation.call, operation.id
        );
        let mut answer = Answer::json(200, self.pages.answer(operation));
        answer.location = Some(location);
        match self.variant {
            Some(ServiceVariant::Accepted) if self.pages.edition == Edition::May2019 => {
                answer.status = 202;
                answer.content = Body::Empty;
            }
            Some(ServiceVariant::AcceptedWithBody) => answer.status = 202,
            Some(ServiceVariant::NoLocation) if !self.pages.edition.is_terse() => {
                answer.location = None;
            }
            _ => {}
        }
        mutant::invited(self.mutant, &mut answer, operation);
        answer
    }

    /// The notifications that follow, in the order of the queue.
    fn groups(
        self: &Arc<Self>,
        operation: &CommsOperation,
        line: &Line,
        failure: Option<&Failure>,
    ) -> Vec<(Queue, Group)> {
        let callback = &line.callback;
        let state = self.state();
        let cannot = operation.invitees.iter().any(|it| state.fails(it.id()));
        drop(state);
        let failure = failure.cloned().or_else(|| cannot.then(Failure::default));
        let failure = failure.filter(|_| mutant::may_fail(self.mutant));
        let fails = failure.is_some();
        let replaced = replaced_by(&operation.invitees);
        let mut notifications = self.notifications_of_call(operation, callback, failure.as_ref());
        mutant::notifications(
            self.mutant,
            &mut notifications,
            replaced.first().map(String::as_str),
        );
        let mut groups = vec![(line.queue.clone(), Group::new(notifications))];
        if !fails {
            for id in &replaced {
                groups.extend(self.end_replaced_call(id, callback));
            }
        }
        if self.variant == Some(ServiceVariant::ReplacedFirst) {
            groups.rotate_left(1);
        }
        groups
    }

    /// The notifications about the inviting call.
    fn notifications_of_call(
        &self,
        operation: &CommsOperation,
        callback: &str,
        failure: Option<&Failure>,
    ) -> Vec<Notification> {
        let notification = |about, entry, effect| Notification {
            about,
            callback: callback.to_owned(),
            entry,
            effect,
        };
        let fails = failure.is_some();
        let status = if fails { "failed" } else { "completed" };
        let mut end = self.pages.operation("deleted", operation, status);
        if let (Some(failure), Some(result)) =
            (failure, end.pointer_mut("/resourceData/resultInfo"))
        {
            *result = failure.fill(result.take());
        }
        let mut notifications = vec![notification(
            About::End,
            end,
            Some(Effect::End(operation.id.clone(), status)),
        )];
        if !fails {
            let (roster, joining) = self.roster(operation);
            let entry = self.pages.roster(&operation.call, &roster);
            let effect = Effect::Join(operation.call.clone(), joining);
            notifications.push(notification(About::Roster, entry, Some(effect)));
            let replaced = replaced_by(&operation.invitees);
            if let (Some(ServiceVariant::RosterTwice), Some(call)) =
                (self.variant, replaced.first())
            {
                let entry = self.pages.roster(call, &roster);
                notifications.push(notification(About::Roster, entry, None));
            }
        }
        match self.variant {
            Some(ServiceVariant::RosterFirst) => notifications.reverse(),
            Some(ServiceVariant::Progress) => {
                let entry = self.pages.operation("updated", operation, "running");
                notifications.insert(0, notification(About::Progress, entry, None));
            }
            Some(ServiceVariant::OtherCall) => {
                let (id, state) = (new_id(), CallState::Established);
                let entry = self.pages.call("updated", &id, state, json!({}));
                notifications.insert(0, notification(About::Established, entry, None));
            }
            Some(ServiceVariant::KeepAlive) => {
                let state = self.call_notification(
                    &operation.call,
                    callback,
                    About::Established,
                    json!({}),
                );
                notifications.insert(0, state);
            }
            _ => {}
        }
        notifications
    }

    /// The notified roster, and the members that this operation adds. The editions of 2019 list the whole
    /// roster, later ones the changed members.
    fn roster(&self, operation: &CommsOperation) -> (Vec<Member>, Vec<Member>) {
        let state = self.state();
        let present = state
            .call(&operation.call)
            .map_or(&[] as &[Member], |call| call.members.as_slice());
        let joining = joining(&operation.invitees, present.len());
        let mut roster = joining.clone();
        if self.pages.edition.is_terse() {
            roster.extend(present.iter().cloned());
        }
        if self.variant == Some(ServiceVariant::Members) {
            roster.insert(0, super::calls::bot_member(None));
            roster.extend(present.iter().cloned());
        }
        (roster, joining)
    }

    /// An unknown id counts as a call of another party.
    fn end_replaced_call(self: &Arc<Self>, id: &str, callback: &str) -> Option<(Queue, Group)> {
        if self.state().call(id).is_none() {
            self.add_call(
                id,
                callback,
                CallState::Established,
                "incoming",
                CallKind::Peer,
            );
        }
        let (queue, mut group) = self.end_call(id)?;
        for notification in &mut group.notifications {
            callback.clone_into(&mut notification.callback);
        }
        mutant::last_notifications(self.mutant, &mut group.notifications, self.pages);
        Some((queue, group))
    }
}

impl Invitation {
    fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let Some(Value::Array(participants)) = body.get("participants") else {
            return Err(Refusal::bad_request("`participants` must be a collection."));
        };
        if participants.is_empty() || participants.len() > MOST_INVITEES {
            return Err(Refusal::bad_request(format!(
                "A request invites 1 to {MOST_INVITEES} participants, not {}.",
                participants.len()
            )));
        }
        let context = Parameters::of(body).context()?;
        Ok(Self {
            invitees: participants.iter().map(person).collect::<Result<_, _>>()?,
            context,
        })
    }
}

/// The replaced calls, each once, in the order of the request.
fn replaced_by(invitees: &[Invitee]) -> Vec<String> {
    let mut calls: Vec<String> = Vec::new();
    for call in invitees.iter().filter_map(|it| it.replaces.as_ref()) {
        if !calls.iter().any(|other| identifier::same(other, call)) {
            calls.push(call.clone());
        }
    }
    calls
}
