//! The changes of comms operations in notifications: their statuses and ends, and the comparison with their requests, whose
//! answers may come later.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::call::{Call, CommsOperation};
use super::conversation::{Findings, breach};
use super::correlation::{compare_context, compare_people};
use super::entry::{Entry, first_entity};
use super::{Monitor, Pending, effects};
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::contract::lifecycle;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{bare_type, lookup};
use crate::contract::types;
use crate::diagnostic::pointer::Pointer;
use crate::judge::Breach;

impl Monitor {
    pub(super) fn operation_change(&mut self, entry: &Entry<'_>) {
        let data = first_entity(&entry.change);
        let Some(id) = self.operation_of(entry) else {
            return;
        };
        let key = Normal::of(&id).into_owned();
        // The response with the operation may still be on its way, even to a request about another call.
        let (mut is_awaited, mut may_be_early) = (false, false);
        for pending in self
            .pending
            .values()
            .filter(|it| it.operation.makes_something())
        {
            let call = pending.call.as_deref().map(Normal::of);
            is_awaited |= call.is_some();
            may_be_early |= call.as_ref() == Some(&entry.call);
        }
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        let status = entry.change.word.as_deref().unwrap_or_default();
        // A deletion is an end, whatever status it prints.
        let is_deletion = entry.change.change_type == "deleted";
        let is_end = is_deletion || lifecycle::operation().is_end(status);
        let mut found = Findings::new(entry.exchange);
        if !call.operations.contains_key(&key) {
            if let Some(nameless) = call.take_nameless(data) {
                effects::named(call, &nameless, &id);
                call.operations.insert(key.clone(), nameless);
            } else if let Some(possible) = call.take_unanswered(data) {
                call.operations.insert(key.clone(), possible);
            } else if let Some((begun, breach)) = other_id(call, entry, data, &id) {
                found.list.push(breach);
                let about = (entry.change.subject, Some(begun.as_str()));
                effects::hidden(call, entry.exchange, Some(about));
            }
        }
        let state = call.operations.entry(key).or_default();
        let (begun_by, operation) = state.begun_by.unzip();
        let change = OperationChange {
            exchange: entry.exchange,
            place: entry.pointer.clone(),
            entity: entry.entity(),
            data: Cow::Borrowed(data),
        };
        change.compare(&mut found, state);
        order_of_operation(&mut found, state, entry, status);
        let remark = state.decide_people(data);
        if is_awaited && operation.is_none() {
            state.early.push(change.into_owned());
            self.early.insert(Normal::of(&id).into_owned());
        }
        let ended_before = state.is_ended && !state.may_end_again;
        let ended_by = state.notified_by;
        if operation.is_none() && !may_be_early {
            found
                .list
                .extend(sequel_of_refused(&call.refused, entry, data));
        }
        if is_end {
            state.failed = status != lifecycle::operation().end;
            state.is_ended = true;
            state.may_end_again = !is_deletion;
            state.notified_by = is_deletion.then_some(entry.exchange).or(state.notified_by);
            let outcome = (state.failed, state.only_first);
            found.check(Requirement::OperationOnce);
            let met = effects::operation_ended(call, entry.at, &id, outcome);
            found.checked.extend(met);
            if let Some(exchange) = begun_by.filter(|_| !outcome.0) {
                effects::stopped(call, exchange, entry.at);
            }
            self.was_over(entry.at, &entry.call, Some(&id));
        }
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.note_people(remark);
        conduct.take(found, operation);
        // A service may correct an end that is wrong.
        let is_corrected = ended_by.is_some_and(|it| conduct.is_wrong_at(it));
        if ended_before && !is_corrected {
            let place = (entry.conversation, entry.exchange, entry.pointer.clone());
            self.ends_twice(place, operation);
        }
    }

    /// Notifications may have named another call before the answer came that has the comms operation: they are about it.
    pub(super) fn take_misplaced(&mut self, at: u64, pending: &Pending, call: &str, id: &str) {
        // Only GUIDs are unique beyond a call.
        let id @ Normal::Guid(_) = Normal::of(id).into_owned() else {
            return;
        };
        if !self.early.remove(&id) {
            return;
        }
        let call = Normal::of(call).into_owned();
        let is_early = |it: &CommsOperation| it.begun_by.is_none() && !it.early.is_empty();
        let mut others = self.calls.iter_mut().filter(|(other, _)| **other != call);
        let found = others.find_map(|(other, state)| {
            let operation = state.operations.get(&id).filter(|it| is_early(it))?.clone();
            state.operations.remove(&id);
            Some((other.clone(), state.conversation, operation))
        });
        let Some((other, place, mut operation)) = found else {
            return;
        };
        for change in &operation.early {
            let breach = of_other_call(change.exchange, &change.place, &call, &other.to_string());
            self.report(place, Party::Service, Some(pending.operation), breach);
            self.conversation(pending.conversation)
                .add(change.exchange, at);
            self.shared.insert(change.exchange);
        }
        operation.may_end_again = true;
        if let Some(known) = self.calls.get_mut(&call) {
            known.operations.entry(id).or_insert(operation);
        }
    }

    /// The comms operation of a change: of those that the change names, the one that a request began. One page prints
    /// an operation under the path of its roster; the body then has its id.
    fn operation_of(&self, entry: &Entry<'_>) -> Option<String> {
        let call = &self.calls[&entry.call];
        let named = entry.change.operations();
        let is_begun = |id: &&String| {
            let known = call.operations.get(&Normal::of(id).into_owned());
            known.is_some_and(|it| it.begun_by.is_some())
        };
        named.iter().find(is_begun).or(named.first()).cloned()
    }
}

/// A notification is about a request that was refused, as its client context shows.
fn sequel_of_refused(refused: &[String], entry: &Entry<'_>, data: &Value) -> Option<Breach> {
    let context = lookup(data, "clientContext").and_then(|(_, it)| it.as_str())?;
    refused.iter().any(|it| it == context).then(|| {
        entry.breach(
            Requirement::RefusalNoSequel,
            Rule::NotificationUnexpected,
            entry.pointer.clone(),
            (Value::Null, entry.change.entry.clone()),
            "a notification is about a refused request",
        )
    })
}

/// A change names another call than the one in which its comms operation began.
pub(super) fn of_other_call(
    exchange: u64,
    change: &Pointer,
    call: &Normal<'_>,
    named: &str,
) -> Breach {
    breach(
        Requirement::CallIdentity,
        Rule::Correlation,
        exchange,
        change.key("resource"),
        (json!(call.to_string()), json!(named)),
        format!("the operation began in the call {call}, but the change is about {named}"),
    )
}

/// A comms operation goes through the statuses of its life cycle. What comes after its end is judged elsewhere.
fn order_of_operation(
    found: &mut Findings,
    state: &mut CommsOperation,
    entry: &Entry<'_>,
    status: &str,
) {
    let cycle = lifecycle::operation();
    let Some(now) = cycle.state(status) else {
        return;
    };
    let before = state.status.replace(now);
    let Some(before) = before.filter(|_| !state.is_ended) else {
        return;
    };
    found.check(Requirement::NotificationOrder);
    if !cycle.allows(before, now) {
        found.list.push(entry.breach(
            Requirement::NotificationOrder,
            Rule::NotificationOrder,
            entry.entity().key("status"),
            (json!(before), json!(now)),
            format!("the status of an operation cannot change from {before} to {now}"),
        ));
    }
}

/// The other id that the answer to the request gave, where the client context shows that it is the same operation.
fn other_id(call: &Call, entry: &Entry<'_>, data: &Value, id: &str) -> Option<(String, Breach)> {
    if entry.is_misnamed {
        return None;
    }
    let context = lookup(data, "clientContext").and_then(|(_, it)| it.as_str());
    let (begun, _) = begun_with(call, context)?;
    let breach = entry.breach(
        Requirement::OperationIdentity,
        Rule::Correlation,
        entry.entity().key("id"),
        (json!(begun), json!(id)),
        format!("the client context belongs to the operation {begun}, but the id is {id}"),
    );
    Some((begun, breach))
}

/// The kind that a comms operation prints, the kind that its request begins, and the printed type, if they differ.
pub(super) fn other_kind<'a>(
    operation: &'a Operation,
    data: &'a Value,
) -> Option<(&'a str, &'a str, &'a str)> {
    let wanted = operation.comms_operation()?;
    let printed = lookup(data, "@odata.type").and_then(|(_, it)| it.as_str())?;
    let actual = bare_type(printed).rsplit('.').next().unwrap_or(printed);
    let is_it = actual.eq_ignore_ascii_case(wanted)
        || actual == "commsOperation"
        // Another violation.
        || !types::is_known(actual)
        || wanted == "commsOperation" && actual.ends_with("Operation");
    (!is_it).then_some((actual, wanted, printed))
}

/// The change of a comms operation in a notification.
#[derive(Debug, Clone)]
pub(super) struct OperationChange<'a> {
    pub exchange: u64,
    /// The place of the change in the body.
    place: Pointer,
    /// The place of the operation in the body.
    entity: Pointer,
    data: Cow<'a, Value>,
}

impl OperationChange<'_> {
    pub(super) fn context(&self) -> Option<&str> {
        lookup(&self.data, "clientContext")?.1.as_str()
    }

    fn into_owned(self) -> OperationChange<'static> {
        OperationChange {
            exchange: self.exchange,
            place: self.place,
            entity: self.entity,
            data: Cow::Owned(self.data.into_owned()),
        }
    }

    /// Compares it with the request that began the operation.
    fn compare(&self, found: &mut Findings, state: &CommsOperation) {
        let at = (&self.entity, None);
        compare_context(found, state.context.as_deref(), &self.data, at);
        compare_people(found, state, &self.data, &self.entity);
        if let Some((_, operation)) = state.begun_by {
            self.kind(found, operation);
            self.result(found, operation);
        }
    }

    /// A completed operation has what the bot needs to fetch its result.
    fn result(&self, found: &mut Findings, operation: &Operation) {
        let status = lookup(&self.data, "status").and_then(|(_, it)| it.as_str());
        if !status.is_some_and(|it| it.eq_ignore_ascii_case("completed")) {
            return;
        }
        for name in &operation.result {
            found.check(Requirement::OperationResult);
            if lookup(&self.data, name).is_none_or(|(_, it)| it == "") {
                found.add(
                    Requirement::OperationResult,
                    Rule::NotificationBody,
                    self.entity.key(name),
                    (json!("…"), Value::Null),
                    format!("the completed {} has no {name}", operation.name),
                );
            }
        }
    }

    /// The type of an operation is the one that the request begins.
    fn kind(&self, found: &mut Findings, operation: &Operation) {
        if let Some((actual, wanted, printed)) = other_kind(operation, &self.data) {
            found.add(
                Requirement::TypeKind,
                Rule::NotificationBody,
                self.entity.key("@odata.type"),
                (json!(wanted), json!(printed)),
                format!("the operation is a {actual}, but the request begins a {wanted}"),
            );
        }
    }
}

impl CommsOperation {
    /// Compares the notifications about the operation that came before the answer to its request with the request. Returns the remark on
    /// people for the reader.
    pub(super) fn judge_early(&mut self, found: &mut Vec<Findings>) -> Option<&'static str> {
        let mut remark = None;
        for change in std::mem::take(&mut self.early) {
            let mut findings = Findings::new(change.exchange);
            change.compare(&mut findings, self);
            remark = self.decide_people(&change.data).or(remark);
            found.push(findings);
        }
        remark
    }
}

/// The comms operation of a call that was begun with this client context, where it is the only one.
fn begun_with(call: &Call, context: Option<&str>) -> Option<(String, u64)> {
    let context = context?;
    let mut found = call.operations.iter().filter(|(_, operation)| {
        operation.begun_by.is_some() && operation.context.as_deref() == Some(context)
    });
    let (id, operation) = found.next()?;
    let is_only = found.next().is_none();
    let exchange = operation.begun_by?.0;
    (is_only && !operation.is_ended).then(|| (id.to_string(), exchange))
}
