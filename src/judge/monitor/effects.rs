//! The effects that must follow from a request: obligations, until a notification fulfils them or they are overdue.

use serde_json::{Value, json};

use super::call::{Call, CommsOperation, Obligation};
use super::conversation::{Conversation, breach};
use super::{AtEnd, Monitor, Pending, reads, roster};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::contract::change::Subject;
use crate::contract::lifecycle;
use crate::contract::operation::{Effect, Endless, Wanted, Who};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::judge::Breach;
use crate::judge::people::{Person, labels, only_first_may_be_invited};

impl Monitor {
    /// Opens the obligations of a request about a known call: notifications may come before its answer.
    pub(super) fn expect_early(&mut self, exchange: u64, pending: &Pending) {
        let Some(call) = &pending.call else { return };
        if !self.options.sees_notifications {
            return;
        }
        let Some(call) = self.calls.get_mut(&Normal::of(call).into_owned()) else {
            return;
        };
        let stops = &pending.operation.stops;
        for known in &mut call.open {
            known.overlaps = known.since.is_none() && known.comms_operation.is_none();
            if known.since.is_some() && stops.contains(&known.operation.name) {
                known.stopped_by = Some(exchange);
            }
        }
        let open = obligations(exchange, pending, call);
        call.open.extend(open);
    }

    /// The request was not accepted: nothing has to follow.
    pub(super) fn forget_obligations(&mut self, exchange: u64, pending: &Pending) {
        let Some(call) = &pending.call else { return };
        if let Some(call) = self.calls.get_mut(&Normal::of(call).into_owned()) {
            call.open.retain(|it| it.exchange != exchange);
        }
    }

    /// The request was accepted: what has to follow is due from now on. `made` is the id of what it made.
    pub(super) fn expect(
        &mut self,
        at: u64,
        exchange: u64,
        pending: &Pending,
        call: Option<&str>,
        made: Option<&str>,
        entity: &Value,
    ) {
        let Some(id) = call else { return };
        if !self.options.sees_notifications {
            return;
        }
        let Some(call) = self.calls.get_mut(&Normal::of(id).into_owned()) else {
            return;
        };
        if pending.call.is_none() {
            let open = obligations(exchange, pending, call);
            call.open.extend(open);
        }
        let wants_operation = pending.operation.comms_operation().is_some();
        let comms_operation = made.filter(|_| wants_operation);
        let state =
            comms_operation.and_then(|id| call.operations.get(&Normal::of(id).into_owned()));
        let (is_ended, failed) = state.map_or((false, false), |it| (it.is_ended, it.failed));
        let only_first = state.and_then(|it| it.only_first);
        let is_over = call.is_ended();
        let is_established = call.state.as_deref() == Some("established");
        let is_deleted = call.is_deleted;
        let status = lookup(entity, "status").and_then(|(_, it)| it.as_str());
        let is_ended = is_ended || status.is_some_and(|it| lifecycle::operation().is_end(it));
        call.open.retain_mut(|obligation| {
            if obligation.exchange != exchange {
                return true;
            }
            obligation.comms_operation = comms_operation.map(ToOwned::to_owned);
            obligation.decide_people(only_first);
            let waits_for_operation = wants_operation && !is_ended;
            match obligation.effect {
                Effect::OperationEnds { .. } => {
                    obligation.since = Some(at);
                    !is_ended
                }
                Effect::CallConnects => {
                    obligation.since = Some(at);
                    !is_established && !is_over
                }
                Effect::CallEnds => {
                    obligation.since = Some(at);
                    call.over_at.get_or_insert(at);
                    !is_deleted
                }
                Effect::CallMoves { .. } => {
                    obligation.since = Some(at);
                    !is_over
                }
                Effect::IsGone | Effect::ReadsBack => {
                    obligation.since = Some(at);
                    if obligation.item.is_none() {
                        obligation.item = made.map(ToOwned::to_owned);
                    }
                    obligation.item.is_some()
                }
                Effect::PeopleJoin { .. }
                | Effect::ParticipantBecomes { .. }
                | Effect::RosterNames { .. } => {
                    obligation.since = (!waits_for_operation).then_some(at);
                    !failed
                }
            }
        });
        supersede(&mut call.open, exchange);
    }
}

/// A request was accepted: what an earlier one wanted of the same thing need not follow any more. Of two that were under
/// way at one time, nobody knows which the service took first, so that neither has to follow.
fn supersede(open: &mut Vec<Obligation>, exchange: u64) {
    let Some(first) = open.iter().position(|it| it.exchange == exchange) else {
        return;
    };
    let mut later = open.split_off(first);
    later.retain_mut(|new| {
        if new.exchange != exchange {
            return true;
        }
        let before = open.len();
        let mut was_under_way = false;
        open.retain_mut(|old| {
            let is_void = new.supersedes(old);
            was_under_way |= is_void && old.overlaps;
            !is_void
        });
        let is_first = open.len() == before;
        new.was_so &= is_first;
        let is_met = matches!(new.effect, Effect::PeopleJoin { .. }) && new.has_everybody();
        !is_met && (is_first || !was_under_way)
    });
    open.append(&mut later);
}

/// What has to follow from a request, as far as it is known whom it is about. The values of a request that breaks a
/// requirement need not become true, even if the service accepts it.
fn obligations(exchange: u64, pending: &Pending, call: &Call) -> Vec<Obligation> {
    let about = |effect: &'static Effect| {
        let items = match effect.who() {
            Some(Who::Path) => vec![pending.below.clone()],
            Some(Who::Bot) => vec![call.bot.clone()],
            Some(Who::Listed(at)) => pending.texts_at(at).map(Some).collect(),
            None if effect.is_read() => vec![pending.below.clone()],
            None => vec![None],
        };
        // Nobody can read a participant without its id.
        let is_known =
            |item: &Option<String>| item.is_some() || effect.who().is_none() || !effect.is_read();
        let items = items.into_iter().filter(is_known);
        items.map(move |item| obligation(effect, exchange, pending, call, item))
    };
    let is_wrong = |effect: &Effect| match effect {
        Effect::PeopleJoin { .. } => pending.has_wrong_people(),
        _ => pending.is_wrong && effect.is_of_values(),
    };
    let effects = pending.operation.effects.iter();
    let effects = effects.filter(|it| !is_wrong(it));
    effects.flat_map(about).collect()
}

fn obligation(
    effect: &'static Effect,
    exchange: u64,
    pending: &Pending,
    call: &Call,
    item: Option<String>,
) -> Obligation {
    let is_loop = pending
        .request
        .body
        .json()
        .and_then(|it| lookup(it, "loop"));
    // A service may understand a wrong value.
    let is_loop =
        is_loop.is_some_and(|(_, it)| *it == Value::Bool(true)) || pending.is_wrong_at("/loop");
    let is_endless = match effect {
        Effect::OperationEnds { endless_if } => match endless_if {
            Endless::Never => false,
            Endless::Loop => is_loop,
            Endless::Always => true,
        },
        _ => false,
    };
    let parameters = pending.request.body.json();
    let value = match effect {
        Effect::ParticipantBecomes { value, .. } => match value {
            Wanted::Given { at } => parameters.and_then(|it| it.pointer(at)),
            Wanted::Is(value) => Some(value),
        },
        Effect::ReadsBack => parameters,
        _ => None,
    };
    let mut people = Vec::new();
    if let Effect::PeopleJoin { shown_as } = effect {
        people.clone_from(&pending.people);
        people.retain(|person| !call.has(person, shown_as));
    }
    let was_so = match effect {
        Effect::ParticipantBecomes { property, .. } => value
            .is_some_and(|value| roster::shows(call, item.as_deref(), (property.as_str(), value))),
        _ => false,
    };
    let may_be_alone = only_first_may_be_invited(&pending.people);
    let alone = pending.people.first().filter(|_| may_be_alone).cloned();
    Obligation {
        effect,
        operation: pending.operation,
        exchange,
        since: None,
        comms_operation: None,
        overlaps: false,
        is_under_way: false,
        people,
        alone,
        item,
        value: value.cloned().unwrap_or_default(),
        was_read: false,
        was_in_roster: false,
        was_so,
        is_endless,
        stopped_by: None,
        contradiction: None,
        hidden_by: None,
    }
}

/// A notification about this, or about anything, cannot be read: what should follow may be in it.
pub(super) fn hidden(call: &mut Call, exchange: u64, about: Option<(Subject, Option<&str>)>) {
    let may_show = |obligation: &Obligation| match (about, obligation.effect) {
        (None, _)
        | (Some((Subject::Operation, None)), Effect::OperationEnds { .. })
        | (
            Some((Subject::Roster, _)),
            Effect::PeopleJoin { .. }
            | Effect::ParticipantBecomes { .. }
            | Effect::RosterNames { .. },
        )
        | (
            Some((Subject::Call, _)),
            Effect::CallConnects | Effect::CallEnds | Effect::CallMoves { .. },
        ) => true,
        (Some((Subject::Operation, Some(id))), Effect::OperationEnds { .. }) => {
            let own = obligation.comms_operation.as_deref();
            own.is_none_or(|own| identifier::same(own, id))
        }
        _ => false,
    };
    for obligation in call.open.iter_mut().filter(|it| may_show(it)) {
        obligation.hidden_by = Some(exchange);
    }
}

/// A message of the comms operation that a request began names other people: the same people join.
pub(super) fn misnamed(call: &mut Call, exchange: u64, by: u64) {
    let joins = call.open.iter_mut().filter(|it| it.exchange == exchange);
    for obligation in joins.filter(|it| matches!(it.effect, Effect::PeopleJoin { .. })) {
        obligation.hidden_by = Some(by);
    }
}

/// The answer to a request is wrong: it may have shown that the comms operation has ended, or which call was created.
pub(super) fn unclear(call: &mut Call, exchange: u64) {
    let open = call.open.iter_mut().filter(|it| it.exchange == exchange);
    let is_shown = |it: &Effect| matches!(it, Effect::OperationEnds { .. } | Effect::CallConnects);
    for obligation in open.filter(|it| is_shown(it.effect)) {
        obligation.hidden_by = Some(exchange);
    }
}

/// What is overdue is missing, unless another message is wrong that should show it: one cause is one violation.
pub(super) fn overdue(obligation: &Obligation, at: u64, conversation: &mut Conversation) {
    let operation = obligation.operation;
    if let Some(exchange) = obligation.hidden_by {
        let what = wanted(obligation);
        let note = format!("{what} did not come, because exchange {exchange} is wrong");
        conversation.service.note(note);
    } else {
        let breach = missing(obligation, at);
        conversation.service.report(breach, Some(operation));
    }
}

/// Takes out what a roster had to show before this time: a roster that comes now is too late.
pub(super) fn take_late(call: &mut Call, (at, patience): (u64, u64)) -> Vec<Obligation> {
    let is_late = |it: &mut Obligation| {
        let is_of_roster = matches!(
            it.effect,
            Effect::PeopleJoin { .. }
                | Effect::ParticipantBecomes { .. }
                | Effect::RosterNames { .. }
        );
        let waited = it.since.map(|since| at.saturating_sub(since));
        is_of_roster && !it.is_silent() && waited.is_some_and(|it| it >= patience)
    };
    call.open.extract_if(.., is_late).collect()
}

/// A request has stopped comms operations that might go on until the call ends: their ends are due.
pub(super) fn stopped(call: &mut Call, exchange: u64, at: u64) {
    let stopped = call.open.iter_mut();
    for obligation in stopped.filter(|it| it.is_endless && it.stopped_by == Some(exchange)) {
        obligation.is_endless = false;
        obligation.since = Some(at);
    }
}

/// A call has a new state. Returns the requirement of what it fulfils. The end of the call is no outcome of what was
/// overdue when the bot hung up.
pub(super) fn call_changed(
    call: &mut Call,
    (at, patience): (u64, u64),
    has_result: bool,
) -> Option<Requirement> {
    let before = call.open.len();
    let is_hung_up = call.open.iter().any(|it| *it.effect == Effect::CallEnds);
    let over_at = call.over_at.or(is_hung_up.then_some(at));
    let was_overdue = |it: &Obligation| {
        let waited = over_at
            .zip(it.since)
            .map(|(end, since)| end.saturating_sub(since));
        waited.is_some_and(|it| it >= patience)
    };
    let state = call.state.clone().unwrap_or_default();
    let (is_deleted, is_over) = (call.is_deleted, call.is_ended());
    call.open.retain_mut(|obligation| match obligation.effect {
        Effect::CallConnects => state != "established" && (!is_over || was_overdue(obligation)),
        Effect::CallEnds => !is_deleted,
        Effect::CallMoves { through } => {
            if through.contains(&state) {
                obligation.is_under_way = true;
                obligation.since = obligation.since.map(|_| at);
            }
            // Without a result it is about other details.
            let has_failed = state == "established" && (obligation.is_under_way || has_result);
            !has_failed && (!is_over || was_overdue(obligation))
        }
        _ => true,
    });
    (call.open.len() < before).then_some(Requirement::NotificationArrives)
}

/// A notification shows the id of a comms operation whose answer has none.
pub(super) fn named(call: &mut Call, operation: &CommsOperation, id: &str) {
    let exchange = operation.begun_by.map(|(exchange, _)| exchange);
    for obligation in &mut call.open {
        if Some(obligation.exchange) == exchange {
            obligation.comms_operation = Some(id.to_owned());
        }
    }
}

/// A comms operation has ended. Returns the requirement of what it fulfils.
pub(super) fn operation_ended(
    call: &mut Call,
    at: u64,
    id: &str,
    (failed, only_first): (bool, Option<bool>),
) -> Option<Requirement> {
    let mut has_ended = false;
    call.open.retain_mut(|obligation| {
        let is_its = obligation.comms_operation.as_deref();
        if !is_its.is_some_and(|it| identifier::same(it, id)) {
            return true;
        }
        obligation.decide_people(only_first);
        match obligation.effect {
            Effect::OperationEnds { .. } => {
                has_ended = true;
                false
            }
            Effect::PeopleJoin { .. }
            | Effect::ParticipantBecomes { .. }
            | Effect::RosterNames { .. } => {
                obligation.since.get_or_insert(at);
                !failed
            }
            _ => true,
        }
    });
    has_ended.then_some(Requirement::NotificationArrives)
}

/// The bot has hung up, or the call has ended: only what was overdue by then may still be missing. A notification behind
/// the end may show it, because those about different resources have no order.
pub(super) fn end_with_call(call: &mut Call, patience: u64, conversation: &mut Conversation) {
    let Some(over_at) = call.over_at else { return };
    let is_deleted = call.is_deleted;
    call.open.retain(|obligation| {
        let Some(since) = obligation.since else {
            return !is_deleted;
        };
        if *obligation.effect == Effect::CallEnds || obligation.is_silent() && !is_deleted {
            return true;
        }
        if obligation.is_silent() {
            reads::at_the_end(obligation, over_at, (patience, AtEnd::Note), conversation);
            return false;
        }
        let is_overdue = !obligation.is_endless && over_at.saturating_sub(since) >= patience;
        if !is_overdue {
            let note = format!(
                "the call ended before {}, which exchange {} requires",
                wanted(obligation),
                obligation.exchange
            );
            conversation.service.note(note);
        }
        is_overdue
    });
}

/// The traffic ends: what was due for too long, by the patience, is missing, the rest is inconclusive or a note.
pub(super) fn at_the_end(
    call: &mut Call,
    at: u64,
    (patience, at_end): (u64, AtEnd),
    conversation: &mut Conversation,
) {
    let open = std::mem::take(&mut call.open);
    let has_missing_end = |open: &[Obligation], exchange| {
        open.iter()
            .any(|it| it.exchange == exchange && matches!(it.effect, Effect::OperationEnds { .. }))
    };
    let dependent: Vec<bool> = open
        .iter()
        .map(|it| {
            !matches!(it.effect, Effect::OperationEnds { .. })
                && has_missing_end(&open, it.exchange)
        })
        .collect();
    for (obligation, is_consequence) in open.into_iter().zip(dependent) {
        if obligation.is_silent() {
            reads::at_the_end(&obligation, at, (patience, at_end), conversation);
            continue;
        }
        conversation.service.check(requirement(&obligation));
        let Some(since) = obligation.since.filter(|_| !is_consequence) else {
            continue;
        };
        let is_end = *obligation.effect == Effect::CallEnds;
        let at = call.over_at.filter(|_| !is_end).unwrap_or(at);
        let waited = at.saturating_sub(since);
        if obligation.is_endless {
            let note = format!(
                "{}, which exchange {} requires, may still come",
                wanted(&obligation),
                obligation.exchange
            );
            conversation.service.note(note);
        } else if waited >= patience {
            overdue(&obligation, at, conversation);
        } else {
            let (exchange, what) = (obligation.exchange, wanted(&obligation));
            let reason = format!(
                "exchange {exchange}: {what} did not come; the traffic ends {} s later",
                waited / 1000
            );
            conversation.service.at_end(at_end, exchange, reason);
        }
    }
}

pub(super) fn requirement(obligation: &Obligation) -> Requirement {
    match obligation.effect {
        Effect::PeopleJoin { .. } => Requirement::RosterPeople,
        Effect::ParticipantBecomes { .. }
        | Effect::RosterNames { .. }
        | Effect::IsGone
        | Effect::ReadsBack => Requirement::Effect,
        _ => Requirement::NotificationArrives,
    }
}

/// The words for what has to follow.
fn wanted(obligation: &Obligation) -> String {
    let name = &obligation.operation.name;
    match obligation.effect {
        Effect::OperationEnds { .. } => format!("the end of {name}"),
        Effect::CallConnects => "the established call or its end".to_owned(),
        Effect::CallEnds => "the end of the call".to_owned(),
        Effect::CallMoves { .. } => "the end of the transfer or its failure".to_owned(),
        Effect::PeopleJoin { .. } => "a roster with the invited people".to_owned(),
        Effect::ParticipantBecomes { property, .. } => {
            format!("a roster with {property} {}", obligation.value)
        }
        Effect::RosterNames { .. } => "a roster with the participant".to_owned(),
        Effect::IsGone => "the removal".to_owned(),
        Effect::ReadsBack => "the created or changed resource".to_owned(),
    }
}

fn missing(obligation: &Obligation, at: u64) -> Breach {
    let requirement = requirement(obligation);
    let what = wanted(obligation);
    let seconds = at.saturating_sub(obligation.since.unwrap_or(at)) / 1000;
    let Obligation {
        effect,
        exchange,
        people,
        item,
        value,
        contradiction,
        ..
    } = obligation;
    let (effect, exchange) = (*effect, *exchange);
    let item = item.as_deref();
    let named = item.map_or_else(String::new, |id| format!(" for {id}"));
    match (effect, contradiction) {
        (Effect::ParticipantBecomes { property, .. }, Some(seen)) => breach(
            requirement,
            Rule::Effect,
            seen.exchange,
            Pointer::root(),
            (
                json!({property: seen.expected}),
                json!({property: seen.actual}),
            ),
            format!(
                "{property} of the participant is {}, but exchange {exchange} requires {}",
                seen.actual, seen.expected
            ),
        ),
        (Effect::ParticipantBecomes { property, .. }, None) => breach(
            requirement,
            Rule::Effect,
            exchange,
            Pointer::root(),
            (json!({property: value}), Value::Null),
            format!("no roster shows {property} {value}{named} within {seconds} s"),
        ),
        (Effect::RosterNames { .. }, _) => breach(
            requirement,
            Rule::Effect,
            exchange,
            Pointer::root(),
            (json!(what), Value::Null),
            format!("no roster shows the participant{named} within {seconds} s"),
        ),
        (Effect::PeopleJoin { .. }, _) => breach(
            requirement,
            Rule::Effect,
            exchange,
            Pointer::root(),
            (labels(people), Value::Null),
            format!(
                "no roster names {} within {seconds} s",
                people
                    .iter()
                    .map(Person::label)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        ),
        _ => breach(
            requirement,
            Rule::NotificationMissing,
            exchange,
            Pointer::root(),
            (json!(what), Value::Null),
            format!("{what} did not come within {seconds} s"),
        ),
    }
}
