//! `POST …/calls/{call}/participants/invite`: reads an invitation, refuses it or carries it out.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::calls::object;
use super::message::{Answer, Refusal};
use super::mutant;
use super::pages::{Edition, full_identity};
use super::state::{
    About, CallKind, CallState, Effect, Group, Invitee, Member, Notification, Operation, Queue,
};
use super::variant::ServiceVariant;
use super::{Outcome, Service};
use crate::api::identifier;
use crate::api::resource::call_id;
use crate::emulator::{new_id, now};
use crate::http::message::{Body, Request};

const MOST_INVITEES: usize = 5;

/// In characters.
const LONGEST_CONTEXT: usize = 256;

#[derive(Debug, Clone)]
struct Invitation {
    invitees: Vec<Invitee>,
    context: Option<String>,
}

impl Service {
    pub(super) fn invite(
        self: &Arc<Self>,
        call: &str,
        request: &Request,
        prefix: &str,
    ) -> Result<Outcome, Refusal> {
        let mut invitation = Invitation::read(object(&request.body)?)?;
        let first_only = self.variant == Some(ServiceVariant::FirstOnly);
        if first_only && invitation.invitees.iter().all(|it| it.replaces.is_some()) {
            invitation.invitees.truncate(1);
        }
        let (call, callback, queue) = self.inviting_call(call, &invitation)?;
        let operation = Operation {
            id: new_id(),
            call,
            status: "running",
            context: invitation.context.unwrap_or_else(new_id),
            invitees: invitation.invitees,
            created: now(),
        };
        let answer = self.answer(&operation, prefix);
        let groups = self.groups(&operation, &callback, queue);
        self.state().add_operation(operation);
        Ok(Outcome {
            answer,
            groups,
            may_be_early: true,
        })
    }

    /// Id, callback and queue of the call.
    fn inviting_call(
        &self,
        id: &str,
        invitation: &Invitation,
    ) -> Result<(String, String, Queue), Refusal> {
        let mut state = self.state();
        let call = state.live(id)?;
        if call.state == CallState::Incoming {
            return Err(Refusal::conflict("The call has not been answered."));
        }
        if invitation.invitees.len() > 1 && call.kind == CallKind::Peer {
            let why = "Several participants need a call with valid chat information.";
            return Err(Refusal::bad_request(why));
        }
        let itself = |replaced: &String| identifier::same(replaced, &call.id);
        if replaced_by(&invitation.invitees).iter().any(itself) {
            return Err(Refusal::bad_request("A call cannot replace itself."));
        }
        match &call.queue {
            Some(queue) => Ok((call.id.clone(), call.callback.clone(), queue.clone())),
            None => Err(Refusal::ended(id)),
        }
    }

    fn answer(&self, operation: &Operation, prefix: &str) -> Answer {
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
        operation: &Operation,
        callback: &str,
        queue: Queue,
    ) -> Vec<(Queue, Group)> {
        let fails = mutant::may_fail(self.mutant)
            && operation
                .invitees
                .iter()
                .any(|it| self.state().fails(it.id()));
        let replaced = replaced_by(&operation.invitees);
        let mut notifications = self.notifications_of_call(operation, callback, fails);
        mutant::notifications(
            self.mutant,
            &mut notifications,
            self.pages,
            replaced.first().map(String::as_str),
        );
        let mut groups = vec![(queue, Group::new(notifications))];
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
        operation: &Operation,
        callback: &str,
        fails: bool,
    ) -> Vec<Notification> {
        let notification = |about, entry, effect| Notification {
            about,
            callback: callback.to_owned(),
            entry,
            effect,
        };
        let status = if fails { "failed" } else { "completed" };
        let mut notifications = vec![notification(
            About::End,
            self.pages.operation("deleted", operation, status),
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
    fn roster(&self, operation: &Operation) -> (Vec<Member>, Vec<Member>) {
        let state = self.state();
        let present = state
            .call(&operation.call)
            .map_or(&[] as &[Member], |call| call.members.as_slice());
        let joining: Vec<Member> = operation
            .invitees
            .iter()
            .enumerate()
            .map(|(index, invitee)| member(invitee, present.len() + index + 1))
            .collect();
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
        let context = match body.get("clientContext") {
            None | Some(Value::Null) => None,
            Some(Value::String(context)) => Some(context.clone()),
            Some(_) => return Err(Refusal::bad_request("`clientContext` must be a string.")),
        };
        let length = context.as_deref().map_or(0, |text| text.chars().count());
        if length > LONGEST_CONTEXT {
            return Err(Refusal::bad_request(format!(
                "`clientContext` has {length} characters, at most {LONGEST_CONTEXT} are allowed."
            )));
        }
        Ok(Self {
            invitees: participants.iter().map(invitee).collect::<Result<_, _>>()?,
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

fn invitee(participant: &Value) -> Result<Invitee, Refusal> {
    let Some(Value::Object(set)) = participant.get("identity") else {
        return Err(Refusal::bad_request(
            "A participant must have an `identity`.",
        ));
    };
    let mut identities = set
        .iter()
        .filter(|(name, value)| !name.starts_with('@') && value.is_object());
    let (Some((kind, Value::Object(identity))), None) = (identities.next(), identities.next())
    else {
        return Err(Refusal::bad_request(
            "An `identity` must hold exactly one identity.",
        ));
    };
    let id = identity.get("id").and_then(Value::as_str).unwrap_or("");
    if id.is_empty() {
        return Err(Refusal::bad_request(format!(
            "The `{kind}` must have an `id`."
        )));
    }
    Ok(Invitee {
        kind: kind.clone(),
        identity: identity.clone(),
        replaces: optional_text(participant, "replacesCallId")?
            .as_deref()
            .map(call_id),
        region: optional_text(participant, "region")?,
        language: optional_text(participant, "languageId")?,
    })
}

fn optional_text(participant: &Value, name: &str) -> Result<Option<String>, Refusal> {
    match participant.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => {
            let why = format!("`{name}` must be a string that is not empty.");
            Err(Refusal::bad_request(why))
        }
    }
}

fn member(invitee: &Invitee, source: usize) -> Member {
    Member {
        id: new_id(),
        kind: invitee.kind.clone(),
        identity: full_identity(&invitee.kind, &invitee.identity),
        region: invitee.region.clone().unwrap_or("westus".to_owned()),
        language: invitee.language.clone().unwrap_or("en-US".to_owned()),
        source,
    }
}
