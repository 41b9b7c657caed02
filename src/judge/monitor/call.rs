//! The state of one call in the monitor: its life cycle, its comms operations, its roster, and its obligations.

use std::sync::Arc;

use serde_json::{Value, json};

use super::comms_operation::OperationChange;
use super::conversation::breach;
use super::request::INCOMING;
use crate::api::identifier;
use crate::api::identifier::{ById, Ids, Normal};
use crate::contract::lifecycle;
use crate::contract::operation::{Effect, Operation};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Request;
use crate::judge::Breach;
use crate::judge::people::{Named, Person, named, only_first_may_be_invited, people_at};

/// How long a bot may take to answer an incoming call, in milliseconds.
const ANSWER_WITHIN: u64 = 15_000;

/// The same for a call that a policy has recorded.
const RECORDER_ANSWERS_WITHIN: u64 = 5_000;

/// Whether the bot has answered, rejected, redirected or ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taking {
    No,
    Asked,
    /// The service has accepted that the bot answers, rejects or redirects the call.
    Accepted,
}

#[derive(Debug)]
pub(super) struct Call {
    /// The place of its conversation.
    pub conversation: usize,
    /// The state, as the life cycle spells it. None until a message has it.
    pub state: Option<String>,
    pub is_deleted: bool,
    /// The time and the exchange of the notification that it is terminated, without its deletion, in milliseconds.
    pub terminated: Option<(u64, u64)>,
    /// The exchange of the last notification about the call that does not show its state.
    pub unreadable: Option<u64>,
    /// The time at which the service accepted that the bot ends it, or else that of its end, in milliseconds.
    pub over_at: Option<u64>,
    pub taking: Taking,
    /// The time and the exchange of the notification that brought the call, in milliseconds.
    pub incoming: Option<(u64, u64)>,
    /// The bot is called as the recorder of a policy.
    pub is_recorded_by_policy: bool,
    /// The client contexts of refused requests that would have begun a comms operation.
    pub refused: Vec<String>,
    /// The direction: `incoming` or `outgoing`. None until a message shows who began the call.
    pub direction: Option<&'static str>,
    /// The request that created it; none for a call of which no answer tells.
    pub created_by: Option<Arc<Request>>,
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
    /// The items that requests made, such as audio routing groups, each with its operation.
    pub made: Vec<(&'static Operation, Normal<'static>)>,
    pub operations: ById<CommsOperation>,
    /// The comms operations whose answers have no id.
    pub nameless: Vec<CommsOperation>,
    /// The comms operations that may have begun, although no answer shows it: it was lost, or says that the service failed.
    pub unanswered: Vec<CommsOperation>,
    /// The last change of each content sharing session, as the life cycle spells it.
    pub sessions: ById<&'static str>,
    pub open: Vec<Obligation>,
    /// What is gone below the call: participants, by notifications and by requests that removed them, and other items that
    /// requests removed.
    pub left: Ids<'static>,
    /// The refusals for a reason that a late notification may show.
    pub not_found: Vec<NotFound>,
    /// The changes that the bot did not acknowledge, which may come again: each is an entry of a notification.
    pub unacknowledged: Vec<(Arc<Request>, usize)>,
}

/// The service did not find what a request is about.
#[derive(Debug)]
pub(super) struct NotFound {
    pub exchange: u64,
    /// The time of the answer, in milliseconds.
    pub at: u64,
    /// The participant, comms operation or session in the path.
    pub below: Option<String>,
    /// The service accepted a later request about the call.
    pub call_goes_on: bool,
}

/// A long-running operation of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct CommsOperation {
    /// The request that began it, with its operation; none where the recording does not show it.
    pub begun_by: Option<(u64, &'static Operation)>,
    /// Its status, as the life cycle spells it. None until a message has it.
    pub status: Option<&'static str>,
    pub request: Option<Arc<Request>>,
    /// The client context of the request.
    pub context: Option<String>,
    /// The people whom the request names.
    pub people: Vec<Person>,
    /// Only the first of several people who each replace a call is invited; none if no message shows this.
    pub only_first: Option<bool>,
    pub is_ended: bool,
    /// An update has ended it, or a notification that names another call, so that another end may still follow.
    pub may_end_again: bool,
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
    /// A roster has shown an effect for which no roster is required.
    pub was_in_roster: bool,
    /// The rosters before the request show the effect: nothing changes, so that no roster has to follow.
    pub was_so: bool,
    /// The comms operation may go on until the call ends.
    pub is_endless: bool,
    /// The request that stops the comms operation, by its exchange.
    pub stopped_by: Option<u64>,
    /// The last value that contradicts it.
    pub contradiction: Option<Contradiction>,
    /// The exchange of a later message that may be about it, and is wrong.
    pub hidden_by: Option<u64>,
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
            terminated: None,
            unreadable: None,
            over_at: None,
            incoming: None,
            taking: Taking::No,
            is_recorded_by_policy: false,
            refused: Vec::new(),
            direction: None,
            created_by: None,
            callback: None,
            notified_at: None,
            source: None,
            targets: None,
            bot: None,
            roster: Vec::new(),
            made: Vec::new(),
            operations: ById::default(),
            nameless: Vec::new(),
            unanswered: Vec::new(),
            sessions: ById::default(),
            open: Vec::new(),
            left: Ids::default(),
            not_found: Vec::new(),
            unacknowledged: Vec::new(),
        }
    }

    /// True if the call has ended, so that requests about it may be refused.
    pub(super) fn is_ended(&self) -> bool {
        self.is_deleted || self.state.as_deref() == Some("terminated")
    }

    /// The bot takes an incoming call too late, in this exchange.
    pub(super) fn taken_late(&self, at: u64, exchange: u64, what: &str) -> Option<Breach> {
        let within = if self.is_recorded_by_policy {
            RECORDER_ANSWERS_WITHIN
        } else {
            ANSWER_WITHIN
        };
        let took = at.saturating_sub(self.incoming?.0);
        let values = (json!(within), json!(took));
        (took > within).then(|| {
            breach(
                Requirement::AnswerInTime,
                Rule::Limit,
                exchange,
                Pointer::root(),
                values,
                format!("the bot took {took} ms to {what} the call"),
            )
        })
    }

    /// The bot has never taken a call that is incoming for too long.
    pub(super) fn left_waiting(&self, at: u64) -> Option<Breach> {
        let (_, exchange) = self.incoming?;
        let is_waiting = self.taking == Taking::No && self.state.as_deref() == Some("incoming");
        let late = self.taken_late(at, exchange, "").filter(|_| is_waiting)?;
        let message = format!(
            "the bot did not answer, reject or redirect the call within {} ms",
            late.expected
        );
        Some(Breach { message, ..late })
    }

    /// The call has ended by itself, and no deletion has followed for too long.
    pub(super) fn lacks_deletion(&self, at: u64, patience: u64) -> Option<Breach> {
        let (since, exchange) = self.terminated.filter(|_| !self.is_deleted)?;
        let is_hung_up = self.open.iter().any(|it| *it.effect == Effect::CallEnds);
        let is_hidden = self.unreadable.is_some_and(|it| it > exchange);
        let waited = at.saturating_sub(since);
        (waited >= patience && !is_hung_up && !is_hidden).then(|| {
            breach(
                Requirement::NotificationArrives,
                Rule::NotificationMissing,
                exchange,
                Pointer::root(),
                (json!("the deletion of the call"), Value::Null),
                format!(
                    "the call is terminated, but it was not deleted within {} s",
                    waited / 1000
                ),
            )
        })
    }

    /// A notification about the call cannot be read: its state is not known any more.
    pub(super) fn hide_state(&mut self, exchange: u64) {
        self.unreadable = Some(exchange);
        if !self.is_ended() {
            self.state = None;
        }
    }

    /// The items of a list that exist, as far as messages show it. Not those that a request may have removed.
    pub(super) fn items_of(&self, list: &Operation) -> Vec<Normal<'static>> {
        let of_text = |id: &str| Normal::of(id).into_owned();
        let mut items: Vec<_> = match list.answer.as_deref() {
            Some("participant") => self
                .roster
                .iter()
                .filter_map(participant_id)
                .map(of_text)
                .collect(),
            Some("contentSharingSession") => {
                let is_over = |state: &str| state == lifecycle::session().end;
                let open = self.sessions.iter().filter(|(_, state)| !is_over(state));
                open.map(|(id, _)| id.clone()).collect()
            }
            _ => {
                let made = self.made.iter();
                let made = made.filter(|(by, _)| by.request.path == list.request.path);
                made.map(|(_, id)| id.clone()).collect()
            }
        };
        let removed = self.open.iter().filter(|it| *it.effect == Effect::IsGone);
        let removed: Vec<_> = removed
            .filter_map(|it| it.item.as_deref())
            .map(of_text)
            .collect();
        items.retain(|it| !removed.contains(it));
        items
    }

    /// A request was accepted that makes an item, or removes one.
    pub(super) fn made_or_removed(
        &mut self,
        by: &'static Operation,
        made: Option<&str>,
        below: Option<&str>,
    ) {
        if let (Some(id), true) = (
            made,
            by.effects.contains(&Effect::ReadsBack) && below.is_none(),
        ) {
            self.made.push((by, Normal::of(id).into_owned()));
            self.left.remove(&Normal::of(id).into_owned());
        }
        if let (Some(id), true) = (below, by.effects.contains(&Effect::IsGone)) {
            self.made.retain(|(_, made)| *made != Normal::of(id));
            self.left.insert(Normal::of(id).into_owned());
            self.roster
                .retain(|it| !participant_id(it).is_some_and(|it| identifier::same(it, id)));
        }
    }

    /// The comms operation without an id in its answer that a notification is about: by the client context, or else the
    /// only one of its kind.
    pub(super) fn take_nameless(&mut self, data: &Value) -> Option<CommsOperation> {
        let text = |name: &str| lookup(data, name).and_then(|(_, it)| it.as_str());
        let (context, printed) = (text("clientContext"), text("@odata.type"));
        let is_it = |it: &CommsOperation| {
            if let (Some(one), Some(other)) = (context, it.context.as_deref()) {
                return one == other;
            }
            let operation = it.begun_by.map(|(_, operation)| operation);
            let wanted = operation.and_then(Operation::comms_operation);
            printed.is_none_or(|it| wanted.is_some_and(|wanted| it.ends_with(wanted)))
        };
        let mut found = self.nameless.iter().enumerate().filter(|(_, it)| is_it(it));
        let (at, _) = found.next()?;
        let is_only = found.next().is_none();
        (is_only || context.is_some()).then(|| self.nameless.remove(at))
    }

    /// The comms operation without an answer that a notification is about, by the client context.
    pub(super) fn take_unanswered(&mut self, data: &Value) -> Option<CommsOperation> {
        let context = lookup(data, "clientContext")?.1.as_str()?;
        let is_it = |it: &CommsOperation| it.context.as_deref() == Some(context);
        let at = self.unanswered.iter().position(is_it)?;
        Some(self.unanswered.remove(at))
    }

    /// The id in the notifications that came before an answer without one.
    pub(super) fn id_of_early(&self, context: Option<&str>) -> Option<String> {
        let context = context?;
        let is_it = |it: &CommsOperation| {
            let mut early = it.early.iter();
            it.begun_by.is_none() && early.any(|change| change.context() == Some(context))
        };
        let mut operations = self.operations.iter();
        let found = operations.find(|(_, operation)| is_it(operation));
        found.map(|(id, _)| id.to_string())
    }

    /// True if nothing shows that the bot has taken the call before, or made it. One that has ended may have ended while
    /// the request was on its way.
    pub(super) fn may_be_incoming(&self) -> bool {
        let is_other = self.state.as_deref().is_some_and(|it| it != INCOMING);
        let was_taken =
            self.taking == Taking::Accepted || is_other || self.direction == Some("outgoing");
        self.is_ended() || !was_taken
    }

    /// True if a message shows that the comms operation, session, participant or group is over.
    pub(super) fn is_over(&self, below: &str) -> bool {
        let id = Normal::of(below).into_owned();
        let is_ended = |it: &CommsOperation| it.is_ended;
        let is_removed = |it: &Obligation| {
            let item = it.item.as_deref().filter(|_| it.since.is_some());
            *it.effect == Effect::IsGone && item.is_some_and(|it| identifier::same(it, below))
        };
        self.operations.get(&id).is_some_and(is_ended)
            || self.sessions.get(&id).is_some_and(|it| *it == "deleted")
            || self.left.contains(&id)
            || self.open.iter().any(is_removed)
    }

    /// Takes over the members of a roster. One without members shows that those known before have left.
    pub(super) fn update_roster(&mut self, members: &[Value]) {
        if members.is_empty() {
            self.roster.clear();
        }
        for member in members {
            let id = participant_id(member);
            if let Some(id) = id.filter(|_| !self.left.is_empty()) {
                self.left.remove(&Normal::of(id).into_owned());
            }
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

    /// True for an effect that no notification has to show. A message that contradicts it is a violation.
    pub(super) const fn is_silent(&self) -> bool {
        self.was_so || self.effect.is_read()
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
