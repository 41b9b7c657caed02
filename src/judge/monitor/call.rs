//! What the monitor knows of one call: its state, its comms operations, its roster, and what has to follow.

use std::sync::Arc;

use serde_json::Value;

use super::change::OperationChange;
use crate::api::identifier;
use crate::api::identifier::ById;
use crate::contract::operation::{Effect, Operation};
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Request;
use crate::judge::people::{Named, Person, named, only_first_may_be_invited, people_at};

#[derive(Debug)]
pub(super) struct Call {
    /// The place of its conversation.
    pub conversation: usize,
    /// The state, as the life cycle spells it. None until a message has it.
    pub state: Option<String>,
    pub is_deleted: bool,
    /// The time of the notification that brought the call, in milliseconds.
    pub incoming_at: Option<u64>,
    /// The bot is called as the recorder of a policy.
    pub is_recorded_by_policy: bool,
    /// The client contexts of refused requests that would have begun a comms operation.
    pub refused: Vec<String>,
    /// The direction: `incoming` or `outgoing`. None until a message shows who began the call.
    pub direction: Option<&'static str>,
    /// The path and the query of the callback that the bot gave for this call.
    pub callback: Option<String>,
    /// The target of the last notification about it.
    pub notified_at: Option<String>,
    /// `source` and `targets`, as a message first named them.
    pub source: Option<Value>,
    pub targets: Option<Value>,
    /// The bot's own participant.
    pub bot: Option<String>,
    /// The members of all rosters so far, each as the last roster shows it.
    pub roster: Vec<Value>,
    pub operations: ById<CommsOperation>,
    /// The last change of each content sharing session, as the life cycle spells it.
    pub sessions: ById<&'static str>,
    pub open: Vec<Obligation>,
    /// The changes that the bot did not acknowledge, which may come again: each is an entry of a notification.
    pub unacknowledged: Vec<(Arc<Request>, usize)>,
}

/// A long-running operation of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct CommsOperation {
    /// The request that began it, with its operation; none where the recording does not show it.
    pub begun_by: Option<(u64, &'static Operation)>,
    /// Its status, as the life cycle spells it. None until a message has it.
    pub status: Option<&'static str>,
    /// The client context of the request.
    pub context: Option<String>,
    /// The people whom the request names.
    pub people: Vec<Person>,
    /// Only the first of several people who each replace a call is invited; none if no message shows this.
    pub only_first: Option<bool>,
    pub is_ended: bool,
    /// An update has ended it, so that a deletion may still follow.
    pub ends_as_update: bool,
    /// The `deleted` notification, where it came.
    pub notified_by: Option<u64>,
    pub failed: bool,
    /// The notifications about it that came before the answer to its request.
    pub early: Vec<OperationChange<'static>>,
}

/// Something that has to follow from a request.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Obligation {
    pub effect: &'static Effect,
    pub operation: &'static Operation,
    /// The request.
    pub exchange: u64,
    /// The time from which it is waited for, in milliseconds. None before it is due.
    pub since: Option<u64>,
    /// The comms operation that it belongs to.
    pub comms_operation: Option<String>,
    /// The last request about the call was sent before the answer to this one.
    pub overlaps: bool,
    /// The call has gone through a state that leads to it.
    pub is_under_way: bool,
    /// The people that no roster has named yet.
    pub people: Vec<Person>,
    /// The first of several people who each replace a call, where a roster may name no other of them.
    pub alone: Option<Person>,
    /// The participant or the group that it is about; none where it is not known.
    pub item: Option<String>,
    /// The value that it must have, or the properties.
    pub value: Value,
    /// A read of it was answered.
    pub was_read: bool,
    /// The comms operation may go on until the call ends.
    pub is_endless: bool,
    /// The last value that contradicts it.
    pub contradiction: Option<Contradiction>,
}

/// A value that an effect must not have.
#[derive(Debug, Clone)]
pub(super) struct Contradiction {
    /// The exchange that has it.
    pub exchange: u64,
    pub place: Pointer,
    pub expected: Value,
    pub actual: Value,
}

impl Call {
    pub(super) fn new(conversation: usize) -> Self {
        Self {
            conversation,
            state: None,
            is_deleted: false,
            incoming_at: None,
            is_recorded_by_policy: false,
            refused: Vec::new(),
            direction: None,
            callback: None,
            notified_at: None,
            source: None,
            targets: None,
            bot: None,
            roster: Vec::new(),
            operations: ById::default(),
            sessions: ById::default(),
            open: Vec::new(),
            unacknowledged: Vec::new(),
        }
    }

    /// True if the call has ended, so that requests about it may be refused.
    pub(super) fn is_ended(&self) -> bool {
        self.is_deleted || self.state.as_deref() == Some("terminated")
    }

    /// Takes over the members of a roster.
    pub(super) fn update_roster(&mut self, members: &[Value]) {
        for member in members {
            let id = participant_id(member);
            let known = self.roster.iter_mut().find(|other| {
                let (Some(one), Some(id)) = (participant_id(other), id) else {
                    return false;
                };
                identifier::same(one, id)
            });
            match known {
                Some(known) => known.clone_from(member),
                None => self.roster.push(member.clone()),
            }
        }
    }

    /// True if a roster has named this person.
    pub(super) fn has(&self, person: &Person, shown_as: &[String]) -> bool {
        self.roster
            .iter()
            .any(|member| names(member, person, shown_as))
    }
}

impl CommsOperation {
    /// Takes over which of several people who each replace a call an entity of the operation names first: all, or only
    /// the first of them. Returns the remark for the reader.
    pub(super) fn decide_people(&mut self, entity: &Value) -> Option<&'static str> {
        if self.only_first.is_some() || !only_first_may_be_invited(&self.people) {
            return None;
        }
        let (only_first, remark) = match named(&self.people, &people_of(entity)?) {
            Named::All => (false, "all"),
            Named::First => (true, "only the first"),
            Named::Others => return None,
        };
        self.only_first = Some(only_first);
        Some(remark)
    }

    /// True if an entity names other people than the request does, or than an earlier message did.
    pub(super) fn misnames(&self, people: &[Person]) -> bool {
        match (named(&self.people, people), self.only_first) {
            _ if self.people.is_empty() => false,
            (Named::Others, _) => true,
            (Named::First, Some(only_first)) => !only_first,
            (Named::All, Some(only_first)) => only_first,
            (_, None) => false,
        }
    }
}

/// The people that the entity of an operation names. None where it names none, or one of them cannot be read.
pub(super) fn people_of(entity: &Value) -> Option<Vec<Person>> {
    let participants = lookup(entity, "participants")?.1.as_array()?;
    let people = people_at(entity, "/participants");
    (people.len() == participants.len()).then_some(people)
}

impl Obligation {
    /// True if a participant must be gone by now.
    pub(super) fn is_due_participant(&self) -> bool {
        *self.effect == Effect::IsGone
            && self.since.is_some()
            && self.operation.is_about_participant()
    }

    /// True if an earlier obligation need not be met, because this one is about the same thing. Takes from it what both
    /// are about.
    pub(super) fn supersedes(&self, earlier: &mut Self) -> bool {
        let is_other = match (&self.item, &earlier.item) {
            (Some(one), Some(other)) => !identifier::same(one, other),
            // It may be the same one.
            _ => false,
        };
        if is_other {
            return false;
        }
        match (self.effect, earlier.effect) {
            (
                Effect::IsGone,
                Effect::ParticipantBecomes { .. } | Effect::RosterNames { .. } | Effect::ReadsBack,
            ) => true,
            (
                Effect::ParticipantBecomes { property, .. },
                Effect::ParticipantBecomes {
                    property: other, ..
                },
            ) => property == other && self.value != earlier.value,
            // Somebody who is invited again may come back with the same id.
            (Effect::PeopleJoin { .. }, Effect::IsGone) => earlier.operation.is_about_participant(),
            (Effect::ReadsBack, Effect::ReadsBack) => {
                let Some(values) = earlier.value.as_object_mut() else {
                    return false;
                };
                values.retain(|name, _| lookup(&self.value, name).is_none());
                values.is_empty()
            }
            _ => false,
        }
    }

    /// Takes over which people the comms operation names.
    pub(super) fn decide_people(&mut self, only_first: Option<bool>) {
        match (only_first, self.alone.take()) {
            (Some(true), Some(first)) => {
                self.people.retain(|person| *person == first);
            }
            (None, alone) => self.alone = alone,
            _ => {}
        }
    }

    /// True if rosters have named the people.
    pub(super) fn has_everybody(&self) -> bool {
        let is_missing = |first: &Person| self.people.contains(first);
        self.people.is_empty() || self.alone.as_ref().is_some_and(|first| !is_missing(first))
    }
}

pub(super) fn participant_id(member: &Value) -> Option<&str> {
    lookup(member, "id")?.1.as_str()
}

/// True if a participant of a roster is this person, under the kind of identity of the request or one of these.
pub(super) fn names(member: &Value, person: &Person, shown_as: &[String]) -> bool {
    identity(member).is_some_and(|identity| {
        person.is_named_in(identity)
            || shown_as
                .iter()
                .any(|kind| person.is_named_under(identity, kind))
    })
}

pub(super) fn identity(member: &Value) -> Option<&Value> {
    let (_, info) = lookup(member, "info")?;
    Some(lookup(info, "identity")?.1)
}
