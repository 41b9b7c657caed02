//! Effects that only a read shows: a removed resource is gone, a changed resource has its new values.
//!
//! A read that shows the effect fulfils the obligation. A read that contradicts the effect is a violation, unless a
//! later read shows the effect, because a service may take a while.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::call::{Call, Contradiction, Obligation, identity, participant_id};
use super::change::people_of_call;
use super::conversation::{Conversation, Findings, breach};
use super::correlation::{compare_context, compare_people};
use super::{AtEnd, Monitor, Pending};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::contract::lifecycle;
use crate::contract::operation::{Effect, Ids, Operation, Who};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Response;

/// A read that shows whether an effect has come about.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub operation: &'static Operation,
    /// The request whose effect it shows, by the number of its exchange.
    pub exchange: u64,
    pub call: String,
    /// The participant or the group; none for a read of the call itself.
    pub item: Option<String>,
}

impl Monitor {
    /// An effect that nothing has shown yet, or that the last read contradicts.
    pub(crate) fn unread(&self, is_contradicted: bool) -> Option<Reading> {
        self.calls.iter().find_map(|(call, state)| {
            let mut open = state.open.iter().filter(|it| {
                it.was_read == is_contradicted
                    // A roster may contradict it before anybody reads it.
                    && (!is_contradicted || it.contradiction.is_some())
                    && it.since.is_some()
                    && it.effect.is_read()
                    && !state.is_ended()
            });
            open.find_map(|it| {
                Some(Reading {
                    operation: it.effect.read_by(it.operation)?,
                    exchange: it.exchange,
                    call: call.to_string(),
                    item: Some(it.item.clone()?),
                })
            })
        })
    }

    /// True if an effect of the operation is about the bot's own participant in a call, whom no message has named.
    pub(crate) fn lacks_bot(&self, operation: &Operation, call: &str) -> bool {
        let mut about = operation.effects.iter().filter_map(Effect::who);
        let known = self.calls.get(&Normal::of(call).into_owned());
        about.any(|who| *who == Who::Bot) && known.is_none_or(|call| call.bot.is_none())
    }

    /// A read was answered. Returns true if the answer shows an effect.
    pub(super) fn was_read(&mut self, exchange: u64, pending: &Pending, found: &Found<'_>) -> bool {
        let call = pending.call.as_deref();
        let call = call.and_then(|id| self.calls.get_mut(&Normal::of(id).into_owned()));
        let Some(call) = call.filter(|_| pending.operation.is_read()) else {
            return false;
        };
        if let (Some("call"), Found::Resource(body)) = (pending.operation.answer.as_deref(), found)
            && let Some((_, bot)) = lookup(body, "myParticipantId")
        {
            call.bot = bot.as_str().map(ToOwned::to_owned);
        }
        let is_shown = settle(call, exchange, pending, found);
        if is_shown {
            let place = call.conversation;
            let conduct = &mut self.conversation(place).service;
            conduct.check(Requirement::Effect);
        }
        is_shown
    }
}

impl Monitor {
    /// The state of the resource that a request reads, as far as earlier messages show it.
    pub(super) fn known_state(&self, operation: &Operation, ids: Ids<'_>) -> Option<String> {
        let call = self.calls.get(&Normal::of(ids.call?).into_owned())?;
        if !operation.is_read() || operation.is_list {
            return None;
        }
        if operation.comms_operation().is_some() {
            let state = call.operations.get(&Normal::of(ids.below?).into_owned())?;
            let ended = state.status.filter(|it| lifecycle::operation().is_end(it));
            return ended.map(ToOwned::to_owned);
        }
        let is_call = operation.answer.as_deref() == Some("call");
        let ended = call.is_deleted.then(|| lifecycle::call().end.clone());
        ended.or_else(|| call.state.clone()).filter(|_| is_call)
    }

    /// The answer to a read agrees with the request and the notifications about the call or comms operation.
    pub(super) fn agrees_with_known(&mut self, exchange: u64, pending: &Pending, body: &Value) {
        if !pending.operation.is_read() || pending.operation.is_list {
            return;
        }
        let mut found = Findings::new(exchange);
        let is_operation = pending.operation.comms_operation().is_some();
        let (cycle, name) = if is_operation {
            (lifecycle::operation(), "status")
        } else {
            (lifecycle::call(), "state")
        };
        let actual = lookup(body, name).and_then(|(_, it)| it.as_str());
        if let (Some(before), Some(now)) = (&pending.state, actual.and_then(|it| cycle.state(it))) {
            found.check(Requirement::ResourceRequested);
            if !cycle.leads_to(before, now) {
                found.add(
                    Requirement::ResourceRequested,
                    Rule::ResponseBody,
                    Pointer::root().key(name),
                    (json!(before), json!(now)),
                    format!("{name} is {now}, but it was {before} before the request"),
                );
            }
        }
        let call = pending.call.as_deref();
        let call = call.and_then(|id| self.calls.get(&Normal::of(id).into_owned()));
        if let ("participant", Some(call)) = (
            pending.operation.answer.as_deref().unwrap_or_default(),
            call,
        ) {
            same_person(&mut found, call, body, &Pointer::root());
        }
        let id = pending.below.as_deref().filter(|_| is_operation);
        let known = id.zip(call).and_then(|(id, call)| {
            let id = Normal::of(id).into_owned();
            call.operations.get(&id)
        });
        if let Some(known) = known {
            compare_context(
                &mut found,
                known.context.as_deref(),
                body,
                (&Pointer::root(), None),
            );
            compare_people(&mut found, known, body, &Pointer::root());
        }
        if pending.operation.answer.as_deref() == Some("call") {
            let call = pending
                .call
                .as_deref()
                .map(|id| Normal::of(id).into_owned());
            if let Some(call) = call.and_then(|id| self.calls.get_mut(&id)) {
                people_of_call(&mut found, call, body, &Pointer::root());
            }
        }
        let conduct = &mut self.conversation(pending.conversation).service;
        conduct.take(found, Some(pending.operation));
    }

    /// What a list has, as far as earlier messages show it. Empty for a list that the request limits.
    pub(super) fn known_items(
        &self,
        operation: &Operation,
        ids: Ids<'_>,
        target: &str,
    ) -> Vec<Normal<'static>> {
        let call = ids.call.map(|id| Normal::of(id).into_owned());
        let call = call.and_then(|id| self.calls.get(&id));
        match call.filter(|call| !call.is_ended()) {
            Some(call) if operation.is_list && !is_limited(target) => call.items_of(operation),
            _ => Vec::new(),
        }
    }

    /// A list has something of what was known when it was requested, and still is. Others may have left without a
    /// message.
    pub(super) fn lists_what_exists(&mut self, exchange: u64, pending: &Pending, list: &Value) {
        let call = pending
            .call
            .as_deref()
            .map(|id| Normal::of(id).into_owned());
        let call = call.and_then(|id| self.calls.get(&id));
        let Some(call) = call.filter(|call| !call.is_ended() && !pending.items.is_empty()) else {
            return;
        };
        let Some((_, Value::Array(listed))) = lookup(list, "value") else {
            return;
        };
        let known = call.items_of(pending.operation);
        let absent = pending.items.iter().find(|it| known.contains(it));
        let is_people = pending.operation.answer.as_deref() == Some("participant");
        let is_listed = |item: &Value| {
            let id = lookup(item, "id").and_then(|(_, id)| id.as_str());
            id.is_some_and(|id| pending.items.contains(&Normal::of(id)))
        };
        // People may join and leave, and no page says that each of them is notified.
        let has_ids = pending.selects("id") && !is_people;
        let has_some = listed.iter().any(|item| !has_ids || is_listed(item));
        let has_more = list.get("@odata.nextLink").is_some();
        let absent = absent.filter(|_| !has_some && !has_more).cloned();
        let conduct = &mut self.conversation(pending.conversation).service;
        conduct.check(Requirement::ResourceRequested);
        if let Some(absent) = absent {
            let breach = breach(
                Requirement::ResourceRequested,
                Rule::Correlation,
                exchange,
                Pointer::root().key("value"),
                (json!(absent.to_string()), list.clone()),
                format!("{absent} exists, but the list does not have it"),
            );
            conduct.report(breach, Some(pending.operation));
        }
    }
}

/// True if the query may leave out members of a list. Some options change only what each member shows (OData 4.01 part 2
/// section 5.1).
fn is_limited(target: &str) -> bool {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let shows = ["select", "expand", "orderby", "count", "format"];
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    names.any(|name| {
        let name = name.trim_start_matches('$');
        !shows.iter().any(|it| it.eq_ignore_ascii_case(name))
    })
}

/// A participant is the person whom a roster has under its id.
fn same_person(found: &mut Findings, call: &Call, participant: &Value, at: &Pointer) {
    let id = participant_id(participant);
    let is_it = |it: &&Value| {
        let known = participant_id(it);
        id.zip(known)
            .is_some_and(|(one, other)| identifier::same(one, other))
    };
    let known = call.roster.iter().find(is_it).and_then(identity);
    let (Some(known), Some(actual)) = (known, identity(participant)) else {
        return;
    };
    found.check(Requirement::ResourceRequested);
    for (kind, who) in actual.as_object().into_iter().flatten() {
        let id_of =
            |who: &Value| lookup(who, "id").and_then(|(_, id)| id.as_str().map(str::to_owned));
        let known = lookup(known, kind).and_then(|(_, it)| id_of(it));
        // Only ids have one spelling.
        let is_guid = |it: &String| identifier::is_guid(it);
        let (Some(known), Some(actual)) = (known.filter(is_guid), id_of(who).filter(is_guid))
        else {
            continue;
        };
        if !identifier::same(&known, &actual) {
            found.add(
                Requirement::ResourceRequested,
                Rule::Correlation,
                at.key("info").key("identity").key(kind).key("id"),
                (json!(known), json!(actual)),
                format!("the participant is {kind} {actual}, but the roster has {kind} {known}"),
            );
        }
    }
}

/// The answer to a read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    Resource(&'a Value),
    Nothing,
    /// The service did not answer the question.
    Unknown,
}

impl<'a> Found<'a> {
    pub(super) fn of(response: &'a Response) -> Self {
        match (response.status, response.body.json()) {
            (200..300, Some(body)) => Self::Resource(body),
            (404 | 410, _) => Self::Nothing,
            _ => Self::Unknown,
        }
    }
}

/// What a read shows of an effect.
enum Shows {
    Effect,
    /// The place, what must be there, what is there.
    Other(Pointer, Value, Value),
    Nothing,
}

/// Fulfils or contradicts the effects that a read shows. True if it fulfils one.
fn settle(call: &mut Call, exchange: u64, pending: &Pending, found: &Found<'_>) -> bool {
    let mut is_shown = false;
    call.open.retain_mut(|obligation| {
        let read_by = obligation.effect.read_by(obligation.operation);
        let is_it = |id: &str| {
            pending
                .below
                .as_deref()
                .is_some_and(|it| identifier::same(it, id))
        };
        let is_read = obligation.effect.is_read()
            && obligation.since.is_some()
            && read_by.is_some_and(|it| std::ptr::eq(it, pending.operation))
            && obligation.item.as_deref().is_some_and(is_it);
        let is_item = match obligation.effect {
            Effect::IsGone => obligation.operation.is_item_of(pending.operation),
            _ => read_by.is_some_and(|it| it.is_item_of(pending.operation)),
        };
        let is_listed = is_item && obligation.effect.is_read() && obligation.since.is_some();
        if !is_read && !is_listed || !wants(pending, obligation, found) {
            return true;
        }
        let shown = if is_listed {
            listed(obligation, found)
        } else {
            obligation.was_read = true;
            shows(obligation, found)
        };
        if matches!(shown, Shows::Nothing) && is_listed {
            return true;
        }
        is_shown |= matches!(shown, Shows::Effect);
        let Shows::Other(place, expected, actual) = shown else {
            return false;
        };
        obligation.contradiction = Some(Contradiction {
            exchange,
            place,
            expected,
            actual,
        });
        true
    });
    is_shown
}

/// True if the answer has what shows the effect: the bot may select other properties.
fn wants(pending: &Pending, obligation: &Obligation, found: &Found<'_>) -> bool {
    if !matches!(found, Found::Resource(_)) {
        return true;
    }
    let has_id = !pending.operation.is_list || pending.selects("id");
    has_id
        && match obligation.effect {
            Effect::ParticipantBecomes { property, .. } => {
                pending.selects(property.split('/').next().unwrap_or(property))
            }
            _ => true,
        }
}

/// What a list shows of its item. A list that has further pages shows nothing by leaving it out, an item nothing by leaving
/// out a property.
fn listed(obligation: &Obligation, found: &Found<'_>) -> Shows {
    let Found::Resource(list) = *found else {
        return Shows::Nothing;
    };
    let Some((_, Value::Array(items))) = lookup(list, "value") else {
        return Shows::Nothing;
    };
    let is_it = |item: &Value| {
        let id = lookup(item, "id").and_then(|(_, it)| it.as_str());
        let wanted = obligation.item.as_deref();
        id.is_some_and(|id| wanted.is_some_and(|it| identifier::same(it, id)))
    };
    match items.iter().position(is_it) {
        Some(at) => {
            let place = Pointer::root().key("value").index(at);
            match shows(obligation, &Found::Resource(&items[at])) {
                Shows::Other(_, _, Value::Null) => Shows::Nothing,
                Shows::Other(below, expected, actual) => {
                    Shows::Other(place.join(&below), expected, actual)
                }
                shown => shown,
            }
        }
        None if *obligation.effect != Effect::IsGone => Shows::Nothing,
        None if list.get("@odata.nextLink").is_some() => Shows::Nothing,
        None => Shows::Effect,
    }
}

fn shows(obligation: &Obligation, found: &Found<'_>) -> Shows {
    let wanted = &obligation.value;
    let other = |(place, expected, actual)| Shows::Other(place, expected, actual);
    let root = Pointer::root;
    match (obligation.effect, *found) {
        (Effect::IsGone, Found::Nothing) => Shows::Effect,
        (Effect::IsGone, Found::Resource(it)) => other((root(), Value::Null, it.clone())),
        (Effect::ReadsBack, Found::Nothing) => other((root(), wanted.clone(), Value::Null)),
        (Effect::ReadsBack, Found::Resource(it)) => {
            difference(wanted, it).map_or(Shows::Effect, other)
        }
        (Effect::ParticipantBecomes { property, .. }, Found::Resource(it)) => {
            match property_of(it, property) {
                Some((_, actual)) if is_value(wanted, actual) => Shows::Effect,
                Some((place, actual)) => other((place, wanted.clone(), actual.clone())),
                None => other((root(), json!({property: wanted}), Value::Null)),
            }
        }
        _ => Shows::Nothing,
    }
}

/// The first property of a request that the resource shows with another value. A service may choose the id.
pub(super) fn difference(wanted: &Value, actual: &Value) -> Option<(Pointer, Value, Value)> {
    let properties = wanted.as_object()?.iter();
    let mut compared = properties
        .filter(|(name, wanted)| !name.starts_with('@') && *name != "id" && !wanted.is_null());
    compared.find_map(|(name, wanted)| {
        let (_, actual) = lookup(actual, name)?;
        let place = Pointer::root().key(name);
        (!is_value(wanted, actual)).then(|| (place, wanted.clone(), actual.clone()))
    })
}

/// True for the same value: words compare without case, ids without hyphens, arrays without order and
/// repetitions.
pub(super) fn is_value(wanted: &Value, actual: &Value) -> bool {
    match (wanted, actual) {
        (Value::String(wanted), Value::String(actual)) => {
            wanted.eq_ignore_ascii_case(actual) || identifier::same(wanted, actual)
        }
        (Value::Array(wanted), Value::Array(actual)) => {
            let is_in = |all: &[Value], one: &Value| all.iter().any(|it| is_value(it, one));
            wanted.iter().all(|it| is_in(actual, it)) && actual.iter().all(|it| is_in(wanted, it))
        }
        _ => wanted == actual,
    }
}

/// A property by the names of the objects that it is in, with its place.
pub(super) fn property_of<'v>(entity: &'v Value, path: &str) -> Option<(Pointer, &'v Value)> {
    let mut found = (Pointer::root(), entity);
    for name in path.split('/') {
        let (name, value) = lookup(found.1, name)?;
        found = (found.0.key(name), value);
    }
    Some(found)
}

/// The traffic, or the call, ends: an effect that was due for too long, by the patience, and that the last message about
/// it contradicts, is a violation.
pub(super) fn at_the_end(
    obligation: &Obligation,
    at: u64,
    (patience, at_end): (u64, AtEnd),
    conversation: &mut Conversation,
) {
    let (Some(seen), Some(since)) = (&obligation.contradiction, obligation.since) else {
        return;
    };
    let (name, exchange) = (&obligation.operation.name, obligation.exchange);
    let message = format!(
        "{name} of exchange {exchange} has no effect: {} is {}, expected {}",
        match seen.place.as_str() {
            "" => "the response",
            place => place,
        },
        seen.actual,
        seen.expected
    );
    if at.saturating_sub(since) < patience {
        conversation.service.at_end(at_end, exchange, message);
        return;
    }
    let breach = breach(
        Requirement::Effect,
        Rule::Effect,
        seen.exchange,
        seen.place.clone(),
        (seen.expected.clone(), seen.actual.clone()),
        message,
    );
    conversation
        .service
        .report(breach, Some(obligation.operation));
}
