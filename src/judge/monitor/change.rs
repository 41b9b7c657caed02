//! The changes that a notification makes to the state of a call, its roster and its sessions, and contradictions to that
//! state.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, Obligation, participant_id};
use super::conversation::Findings;
use super::entry::{Entry, first_entity};
use super::request::callback_of;
use super::roster::Roster;
use super::{Monitor, effects, roster};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::contract::lifecycle;
use crate::contract::operation::{Effect, Taken};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
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
        if state == Some("terminated") && !is_deletion {
            call.terminated.get_or_insert((entry.at, entry.exchange));
        }
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
            call.over_at.get_or_insert(entry.at);
            effects::end_with_call(call, patience, conversation);
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
        let late = effects::take_late(call, (entry.at, patience));
        let (met, remark) = roster::roster_changed(call, (entry.at, patience), &shown);
        let conversation = self.conversation(entry.conversation);
        for obligation in late {
            effects::overdue(&obligation, entry.at, conversation);
        }
        let conduct = &mut conversation.service;
        conduct.note_people(remark);
        for requirement in met {
            conduct.check(requirement);
        }
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
