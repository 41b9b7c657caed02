//! The changes that a notification makes to the state of a call, and contradictions to that state.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, CommsOperation, Obligation, participant_id};
use super::conversation::Findings;
use super::correlation::{compare_context, compare_people};
use super::entry::{Entry, first_entity};
use super::request::callback_of;
use super::roster::Roster;
use super::{Monitor, effects, roster};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::contract::lifecycle;
use crate::contract::operation::{Effect, Operation, Taken};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{bare_type, entities, lookup};
use crate::contract::types;
use crate::diagnostic::pointer::Pointer;
use crate::judge::Breach;

impl Monitor {
    pub(super) fn call_change(&mut self, entry: &Entry<'_>) {
        let data = first_entity(&entry.change);
        let (patience, sees_requests) = (self.options.patience, self.options.sees_requests);
        let is_deletion = entry.change.change_type == "deleted";
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        let cycle = lifecycle::call();
        let word = entry.change.word.as_deref();
        let state = if is_deletion {
            Some(cycle.end.as_str())
        } else {
            word.and_then(|word| cycle.state(word))
        };
        let mut found = Findings::new(entry.exchange);
        found.check(Requirement::NotificationAbout);
        order_of_call(&mut found, call, entry, state);
        found.list.extend(transfer_breach(call, entry, state));
        if state == Some("incoming") {
            call.incoming.get_or_insert((entry.at, entry.exchange));
            call.is_recorded_by_policy |= lookup(data, "applicationMetadata").is_some();
            call.direction.get_or_insert("incoming");
        }
        found.list.extend(direction_breach(call, entry, data));
        people_of_call(&mut found, call, data, &entry.entity());
        callback_of_call(&mut found, call, entry, data);
        if let Some((_, bot)) = lookup(data, "myParticipantId") {
            call.bot = bot.as_str().map(ToOwned::to_owned);
        }
        let is_over = matches!(state, Some("terminating" | "terminated"));
        let late = call
            .left_waiting(entry.at)
            .filter(|_| is_over && sees_requests);
        call.state = state.map(ToOwned::to_owned).or_else(|| call.state.take());
        if is_deletion && !call.is_deleted {
            self.deleted.push_back(entry.call.clone());
        }
        call.is_deleted |= is_deletion;
        found.list.extend(connected_anyway(call, entry, state));
        let has_result = lookup(data, "resultInfo").is_some();
        found.checked.extend(effects::call_changed(
            call,
            (entry.at, patience),
            has_result,
        ));
        if is_deletion {
            let conversation = self
                .conversations
                .get_mut(&entry.conversation)
                .expect("the conversation of a call");
            effects::call_deleted(call, entry.at, patience, conversation);
        }
        if self.calls[&entry.call].is_ended() {
            self.was_over(entry.at, &entry.call, None);
        }
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.check(Requirement::CallIdentity);
        conduct.take(found, None);
        if let Some(breach) = late {
            self.report(entry.conversation, Party::Bot, None, breach);
        }
    }

    pub(super) fn operation_change(&mut self, entry: &Entry<'_>) {
        let data = first_entity(&entry.change);
        let Some(id) = self.operation_of(entry) else {
            return;
        };
        let key = Normal::of(&id).into_owned();
        // The response with the operation may still be on its way.
        let may_be_early = self.pending.values().any(|pending| {
            let call = pending.call.as_deref().map(Normal::of);
            pending.operation.makes_something() && call.as_ref() == Some(&entry.call)
        });
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
            } else {
                found.list.extend(other_id(call, entry, data, &id));
            }
        }
        let state = call.operations.entry(key).or_default();
        let operation = state.begun_by.map(|(_, operation)| operation);
        let change = OperationChange {
            exchange: entry.exchange,
            entity: entry.entity(),
            data: Cow::Borrowed(data),
        };
        change.compare(&mut found, state);
        order_of_operation(&mut found, state, entry, status);
        let remark = state.decide_people(data);
        if may_be_early && operation.is_none() {
            state.early.push(change.into_owned());
        }
        let ended_before = state.is_ended && !state.ends_as_update;
        let context = lookup(data, "clientContext").and_then(|(_, it)| it.as_str());
        let was_refused = |it: &&str| call.refused.iter().any(|refused| refused == it);
        if operation.is_none() && !may_be_early && context.as_ref().is_some_and(was_refused) {
            found.list.push(entry.breach(
                Requirement::RefusalNoSequel,
                Rule::NotificationUnexpected,
                entry.pointer.clone(),
                (Value::Null, entry.change.entry.clone()),
                "a notification is about a refused request",
            ));
        }
        if is_end {
            state.failed = status != lifecycle::operation().end;
            state.is_ended = true;
            state.ends_as_update = !is_deletion;
            state.notified_by = is_deletion.then_some(entry.exchange).or(state.notified_by);
            let outcome = (state.failed, state.only_first);
            found.check(Requirement::OperationOnce);
            let begun_by = state.begun_by.filter(|_| !state.failed);
            let met = effects::operation_ended(call, entry.at, &id, outcome);
            found.checked.extend(met);
            if let Some((exchange, _)) = begun_by {
                effects::stopped(call, exchange, entry.at);
            }
            self.was_over(entry.at, &entry.call, Some(&id));
        }
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.note_people(remark);
        conduct.take(found, operation);
        if ended_before {
            let place = (entry.conversation, entry.exchange, entry.pointer.clone());
            self.ends_twice(place, operation);
        }
    }

    pub(super) fn roster_change(&mut self, entry: &Entry<'_>) {
        let members: Vec<Value> = entities(entry.change.data())
            .filter(|it| it.is_object())
            .cloned()
            .collect();
        let is_removal = entry.change.change_type == "deleted";
        let patience = self.options.patience;
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        if is_removal {
            let gone = match &entry.change.resource {
                Some(Resource::Participant { participant, .. }) => Some(participant.clone()),
                _ => None,
            };
            let Some(gone) = gone else { return };
            call.roster.retain(|member| {
                !participant_id(member).is_some_and(|id| identifier::same(id, &gone))
            });
            call.left.insert(Normal::of(&gone).into_owned());
            roster::participant_left(call, &gone);
            self.was_over(entry.at, &entry.call, Some(&gone));
            return;
        }
        call.update_roster(&members);
        let shown = Roster {
            exchange: entry.exchange,
            members: &members,
            place: entry.pointer.key("resourceData"),
            is_list: entry.change.data().is_array(),
        };
        let (met, remark) = roster::roster_changed(call, (entry.at, patience), &shown);
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.note_people(remark);
        for requirement in met {
            conduct.check(requirement);
        }
    }
}

impl Monitor {
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

    /// A content sharing session goes through its life cycle.
    pub(super) fn session_change(&mut self, entry: &Entry<'_>) {
        let cycle = lifecycle::session();
        let Some(now) = cycle.state(&entry.change.change_type) else {
            return;
        };
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        let mut found = Findings::new(entry.exchange);
        for id in entry.change.sessions() {
            found.check(Requirement::NotificationOrder);
            let before = call.sessions.insert(Normal::of(id).into_owned(), now);
            if let Some(before) = before
                && !cycle.allows(before, now)
            {
                found.list.push(entry.breach(
                    Requirement::NotificationOrder,
                    Rule::NotificationOrder,
                    entry.pointer.key("changeType"),
                    (json!(before), json!(now)),
                    format!("a session is {now}, although it was {before} before"),
                ));
            }
        }
        for id in entry
            .change
            .sessions()
            .into_iter()
            .filter(|_| now == "deleted")
        {
            self.was_over(entry.at, &entry.call, Some(id));
        }
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.take(found, None);
    }
}

/// A call goes through the states of its life cycle, and no notification names it after its end.
fn order_of_call(found: &mut Findings, call: &Call, entry: &Entry<'_>, state: Option<&str>) {
    if call.is_deleted {
        found.list.push(entry.breach(
            Requirement::NotificationAbout,
            Rule::NotificationUnexpected,
            entry.pointer.clone(),
            (Value::Null, entry.change.entry.clone()),
            "a notification is about a call that was deleted before",
        ));
        return;
    }
    if entry.change.change_type == "created" && call.incoming.is_some() {
        found.list.push(entry.breach(
            Requirement::NotificationOrder,
            Rule::NotificationOrder,
            entry.pointer.clone(),
            (Value::Null, entry.change.entry.clone()),
            "a call is created twice",
        ));
        return;
    }
    let (Some(from), Some(to)) = (&call.state, state) else {
        if state.is_some_and(|it| lifecycle::call().begins(it))
            && entry.change.change_type != "created"
        {
            found.list.push(entry.breach(
                Requirement::NotificationBody,
                Rule::NotificationBody,
                entry.pointer.key("changeType"),
                (json!("created"), json!(entry.change.change_type)),
                "an incoming call must have the changeType created",
            ));
        }
        return;
    };
    found.check(Requirement::NotificationOrder);
    if lifecycle::call().allows(from, to) {
        return;
    }
    found.list.push(entry.breach(
        Requirement::NotificationOrder,
        Rule::NotificationOrder,
        entry.entity().key("state"),
        (json!(from), json!(to)),
        format!("the state of a call cannot change from {from} to {to}"),
    ));
}

/// A call that was rejected or redirected does not become one with the bot. The obligation is void from then on.
fn connected_anyway(call: &mut Call, entry: &Entry<'_>, state: Option<&str>) -> Option<Breach> {
    let is_refused = |it: &Obligation| {
        let takes_incoming = it.operation.takes == Taken::Incoming;
        takes_incoming && it.since.is_some() && *it.effect == Effect::CallEnds
    };
    let is_answered = call
        .open
        .iter()
        .any(|it| *it.effect == Effect::CallConnects);
    let refused = call.open.iter().position(is_refused)?;
    if state != Some("established") || is_answered {
        return None;
    }
    let obligation = call.open.remove(refused);
    Some(entry.breach(
        Requirement::Effect,
        Rule::Effect,
        entry.entity().key("state"),
        (json!(lifecycle::call().end), json!(state)),
        format!(
            "the call is established after {} in exchange {}",
            obligation.operation.name, obligation.exchange
        ),
    ))
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

/// A call that the bot creates is outgoing, one that comes to it is incoming.
fn direction_breach(call: &Call, entry: &Entry<'_>, data: &Value) -> Option<Breach> {
    let wanted = call.direction?;
    let (_, actual) = lookup(data, "direction")?;
    let is_other = !actual.as_str()?.eq_ignore_ascii_case(wanted);
    is_other.then(|| {
        entry.breach(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            entry.entity().key("direction"),
            (json!(wanted), actual.clone()),
            format!("direction is {actual}, but the call is {wanted}"),
        )
    })
}

/// A call whose transfer failed is established again, with a result.
fn transfer_breach(call: &Call, entry: &Entry<'_>, state: Option<&str>) -> Option<Breach> {
    let was_moving = matches!(
        call.state.as_deref(),
        Some("transferring" | "transferAccepted")
    );
    let has_result = lookup(first_entity(&entry.change), "resultInfo").is_some();
    (was_moving && state == Some("established") && !has_result).then(|| {
        entry.breach(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            entry.entity().key("resultInfo"),
            (json!({}), Value::Null),
            "a call whose transfer failed has no resultInfo",
        )
    })
}

/// A call has the callback that the bot gave for it.
fn callback_of_call(found: &mut Findings, call: &Call, entry: &Entry<'_>, data: &Value) {
    let (Some(given), Some(echoed)) = (&call.callback, callback_of(data)) else {
        return;
    };
    found.check(Requirement::CallbackAddress);
    if *given != echoed {
        found.add(
            Requirement::CallbackAddress,
            Rule::Correlation,
            entry.entity().key("callbackUri"),
            (json!(given), json!(echoed)),
            format!("the bot gave the callback {given}, but the call has {echoed}"),
        );
    }
}

/// The other id that the answer to the request gave, where the client context shows that it is the same operation.
fn other_id(call: &Call, entry: &Entry<'_>, data: &Value, id: &str) -> Option<Breach> {
    if entry.is_misnamed {
        return None;
    }
    let context = lookup(data, "clientContext").and_then(|(_, it)| it.as_str());
    let (begun, _) = begun_with(call, context)?;
    Some(entry.breach(
        Requirement::OperationIdentity,
        Rule::Correlation,
        entry.entity().key("id"),
        (json!(begun), json!(id)),
        format!("the client context belongs to the operation {begun}, but the id is {id}"),
    ))
}

/// The change of a comms operation in a notification.
#[derive(Debug, Clone)]
pub(super) struct OperationChange<'a> {
    pub exchange: u64,
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
        let wanted = operation.comms_operation();
        let printed = lookup(&self.data, "@odata.type").and_then(|(_, it)| it.as_str());
        let (Some(wanted), Some(printed)) = (wanted, printed) else {
            return;
        };
        let actual = bare_type(printed).rsplit('.').next().unwrap_or(printed);
        let is_it = actual.eq_ignore_ascii_case(wanted)
            || actual == "commsOperation"
            // Another violation.
            || !types::is_known(actual)
            || wanted == "commsOperation" && actual.ends_with("Operation");
        if !is_it {
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

/// A call keeps its source and its targets.
pub(super) fn people_of_call(found: &mut Findings, call: &mut Call, data: &Value, at: &Pointer) {
    for (name, known) in [("source", &mut call.source), ("targets", &mut call.targets)] {
        let Some((_, actual)) = lookup(data, name) else {
            continue;
        };
        let Some(known) = known else {
            *known = Some(actual.clone());
            continue;
        };
        found.check(Requirement::CallPeople);
        if known == actual {
            continue;
        }
        // Either of two identities of a bot may stand for both.
        let (bots, bots_now) = (kinds_of_bots(known), kinds_of_bots(actual));
        let is_compared = |kind: &str| {
            let has_both = !bots.is_empty() && !bots_now.is_empty();
            !has_both || !is_bot(kind) || (bots.contains(kind) && bots_now.contains(kind))
        };
        let (before, now) = (ids_of(known, is_compared), ids_of(actual, is_compared));
        if before != now && !now.is_empty() {
            found.add(
                Requirement::CallPeople,
                Rule::Correlation,
                at.key(name),
                (json!(before), json!(now)),
                format!("the {name} of the call has changed"),
            );
        }
    }
}

fn is_bot(kind: &str) -> bool {
    matches!(kind, "application" | "applicationInstance")
}

/// The identities in participants, by their kinds.
fn identities(participants: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let identities = entities(participants).filter_map(|it| lookup(it, "identity"));
    let identities = identities.filter_map(|(_, identity)| identity.as_object());
    identities.flatten().map(|(kind, who)| (kind.as_str(), who))
}

fn kinds_of_bots(participants: &Value) -> BTreeSet<&str> {
    let kinds = identities(participants).filter(|(_, who)| !who.is_null());
    kinds
        .map(|(kind, _)| kind)
        .filter(|kind| is_bot(kind))
        .collect()
}

/// The ids of the identities of some kinds in participants, normalized and sorted.
fn ids_of(participants: &Value, is_compared: impl Fn(&str) -> bool) -> Vec<String> {
    let compared = identities(participants).filter(|(kind, _)| is_compared(kind));
    let mut ids: Vec<_> = compared
        .filter_map(|(_, who)| lookup(who, "id")?.1.as_str())
        .map(identifier::normal)
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
