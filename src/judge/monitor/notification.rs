//! A service's notification: its conversations, its head, and the changes in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::body;
use super::body::Part;
use super::call::Call;
use super::comms_operation::{of_other_call, other_kind};
use super::conversation::{Findings, JSON};
use super::effects;
use super::entry::{Entry, check_entry, first_entity};
use super::{Monitor, Notified};
use crate::api::address::path_and_query;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{is_time, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request};
use crate::judge::Breach;
use crate::judge::record::unreadable;

/// What each notification is judged by.
const OF_EACH: [Requirement; 3] = [
    Requirement::NotificationAbout,
    Requirement::NotificationMethod,
    Requirement::NotificationMediaType,
];

impl Monitor {
    /// A notification of the service. `at` is the time in milliseconds; times never go back.
    pub(crate) fn notification(&mut self, at: u64, exchange: u64, request: &Arc<Request>) {
        let is_at_callback = self.is_at_own_callback(&request.target);
        let Some(body) = self.notified(request) else {
            if let Body::Omitted(omission) = &request.body {
                for place in self.calls_of_callback(&request.target) {
                    let conduct = &mut self.conversation(place).service;
                    conduct.doubt_body(exchange, omission);
                }
            }
            self.not_covered.push(exchange);
            return;
        };
        self.gives_in(body);
        let members = members_of(body);
        let about: Vec<_> = members.iter().map(|it| self.change(it)).collect();
        let mut calls: Vec<String> = about.iter().filter_map(|it| self.call_of(it)).collect();
        calls.dedup();
        let mut places: Vec<usize> = calls
            .iter()
            .map(|id| self.call(id, at).conversation)
            .collect();
        for id in &calls {
            let call = self.call(id, at);
            if call.notified_at.as_ref() != Some(&request.target) {
                call.notified_at = Some(request.target.clone());
            }
        }
        if places.is_empty() {
            let is_nameless = || about.iter().any(Change::names_no_resource);
            let known = self.calls_of_callback(&request.target).last().copied();
            let known =
                known.or_else(|| self.notified_at(&request.target).filter(|_| is_nameless()));
            match known {
                Some(place) => places.push(place),
                None if members.is_empty()
                    || is_at_callback
                    || (is_collection(body) && is_nameless()) =>
                {
                    places.push(self.begin(at));
                }
                None => {
                    self.not_covered.push(exchange);
                    return;
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        if calls.is_empty() {
            self.may_hide_anything(exchange, &places);
        }
        for place in &places {
            let conversation = self.conversation(*place);
            conversation.add(exchange, at);
            conversation.service.took_part = true;
            conversation.waits += 1;
            for requirement in OF_EACH {
                conversation.service.check(requirement);
            }
        }
        if places.len() > 1 {
            self.shared.insert(exchange);
        }
        let mut found = check_head(exchange, request, body);
        if !calls.is_empty() && !is_bare_change(body) {
            let mismatches = body::of_collection(body).found.into_iter();
            let breaches = mismatches.map(|it| it.breach(Part::Notification, exchange));
            found.list.extend(breaches);
        }
        self.conversation(places[0]).service.take(found, None);
        self.entries((at, exchange, places[0]), request, body, about);
        let notified = Notified {
            at,
            conversations: places,
            request: Arc::clone(request),
            came_again: Vec::new(),
        };
        self.notified.insert(exchange, notified);
    }

    /// The changes in a notification. Those of different resources have no order: changes of operations and people belong to
    /// a call that the same body ends.
    fn entries(
        &mut self,
        (at, exchange, place): (u64, u64, usize),
        request: &Request,
        body: &Value,
        changes: Vec<Change<'_>>,
    ) {
        let mut changes: Vec<_> = changes.into_iter().enumerate().collect();
        changes.sort_by_key(|(_, change)| change.subject == Subject::Call);
        for (index, change) in changes {
            let pointer = place_of(body, index);
            if !self.takes_redelivery(&change) {
                self.entry(at, exchange, pointer, change, place, &request.target);
            }
        }
    }

    /// A notification in these conversations cannot be read.
    fn may_hide_anything(&mut self, exchange: u64, places: &[usize]) {
        let calls = self.calls.values_mut();
        for call in calls.filter(|it| places.contains(&it.conversation)) {
            effects::hidden(call, exchange, None);
        }
    }

    /// The body of a request to the callback, where it is a notification: null for one without JSON.
    fn notified<'r>(&self, request: &'r Request) -> Option<&'r Value> {
        let target = &request.target;
        let is_at_callback =
            || self.is_at_own_callback(target) || !self.calls_of_callback(target).is_empty();
        match &request.body {
            Body::Json(body) => {
                let has_type = lookup(body, "@odata.type").is_some_and(|(_, it)| it.is_string());
                let has_value = body.get("value").is_some();
                let is_it = is_collection(body)
                    || has_value
                    || is_bare_change(body)
                    || (!has_type && is_at_callback());
                is_it.then_some(body)
            }
            Body::Omitted(_) => None,
            Body::Empty | Body::Text(_) | Body::Bytes(_) => {
                is_at_callback().then_some(&Value::Null)
            }
        }
    }

    /// True at the callback of a live run, where every message is a notification.
    fn is_at_own_callback(&self, target: &str) -> bool {
        let own = self.options.callback.as_deref();
        own.is_some_and(|it| it == path_and_query(target))
    }

    /// The conversations of the calls whose callback has this target, in their order.
    fn calls_of_callback(&self, target: &str) -> Vec<usize> {
        let target = path_and_query(target);
        let calls = self
            .calls
            .values()
            .filter(|call| !call.is_deleted && call.callback.as_deref() == Some(target.as_str()));
        let mut places: Vec<_> = calls.map(|call| call.conversation).collect();
        places.sort_unstable();
        places
    }

    /// The last conversation whose notifications go to this target.
    fn notified_at(&self, target: &str) -> Option<usize> {
        let calls = self.calls.values();
        let calls =
            calls.filter(|call| !call.is_deleted && call.notified_at.as_deref() == Some(target));
        calls.map(|call| call.conversation).max()
    }

    /// The bot did not acknowledge a notification: each of its changes may come again, in any body, unless it has.
    pub(super) fn may_be_redelivered(&mut self, notified: &Notified) {
        let request = &notified.request;
        for (index, entry) in entries_of(request).iter().enumerate() {
            let change = Change::read(entry);
            let call = change.call().map(Normal::of);
            if let Some(call) = call.and_then(|id| self.calls.get_mut(&id.into_owned()))
                && !notified.came_again.contains(&index)
            {
                call.unacknowledged.push((Arc::clone(request), index));
            }
        }
    }

    /// True if the bot did not acknowledge the same change before, or has not yet: a service need not wait for an answer
    /// that is late.
    fn takes_redelivery(&mut self, change: &Change<'_>) -> bool {
        let call = change.call().map(|id| Normal::of(id).into_owned());
        let Some(call) = call.and_then(|id| self.calls.get_mut(&id)) else {
            return false;
        };
        let mut waiting = call.unacknowledged.iter();
        let is_it = |(request, index): &(Arc<Request>, usize)| {
            let earlier = entries_of(request).get(*index);
            earlier.is_some_and(|it| is_same_change(it, change.entry))
        };
        if let Some(at) = waiting.position(is_it) {
            call.unacknowledged.remove(at);
            return true;
        }
        for open in self.notified.values_mut() {
            let mut earlier = entries_of(&open.request).iter().enumerate();
            let found = earlier.find(|(index, it)| {
                !open.came_again.contains(index) && is_same_change(it, change.entry)
            });
            if let Some((index, _)) = found {
                open.came_again.push(index);
                return true;
            }
        }
        false
    }

    fn entry(
        &mut self,
        at: u64,
        exchange: u64,
        pointer: Pointer,
        change: Change<'_>,
        place: usize,
        target: &str,
    ) {
        let call = self.call_of(&change);
        let conversation = call
            .as_deref()
            .map_or(place, |id| self.call(id, at).conversation);
        let call = call.map(|id| Normal::of(&id).into_owned());
        let is_about_calls = call.is_some() || change.names_no_resource();
        let mut entry = Entry {
            at,
            exchange,
            pointer,
            change,
            call: call.clone().unwrap_or(Normal::Text("".into())),
            conversation,
            is_misnamed: false,
        };
        if !is_about_calls {
            let note = format!("exchange {exchange} is about a resource that no page documents");
            self.conversation(conversation).service.note(note);
            return;
        }
        if let Some(kind) = self.unknown_kind(&entry) {
            let note = format!(
                "exchange {exchange} is about a {kind}, which no page documents, and was not judged"
            );
            self.conversation(conversation).service.note(note);
            return;
        }
        let mut found = check_entry(&entry);
        if let (Some(call), Some(named)) = (&call, entry.change.call())
            && Normal::of(named) != *call
        {
            found.push(of_other_call(exchange, &entry.pointer, call, named));
        }
        let is_readable = entry.says_what_changed(&found);
        let hides_a_part = entry.hides_a_part(&found);
        let operation = self.begins(&entry);
        if operation.is_some_and(|it| other_kind(it, first_entity(&entry.change)).is_some()) {
            found.list.retain(|it| !entry.is_of_kind(it));
        }
        let conduct = &mut self.conversation(conversation).service;
        conduct.take(found, operation);
        let Some(call) = call else { return };
        if is_readable {
            self.check_address(&entry, target);
            match entry.change.subject {
                Subject::Call => self.call_change(&entry),
                Subject::Operation => self.operation_change(&entry),
                Subject::Roster => self.roster_change(&entry),
                Subject::Other => self.session_change(&entry),
            }
        }
        if let Some(call) = self.calls.get_mut(&call)
            && (!is_readable || hides_a_part)
        {
            let (subject, operation) = (entry.change.subject, entry.change.operation());
            if subject == Subject::Call {
                call.hide_state(exchange);
            }
            effects::hidden(call, exchange, Some((subject, operation)));
        }
    }

    /// Reads a change. One whose `resource` and `resourceUrl` contradict each other is about the call that is known.
    fn change<'e>(&self, entry: &'e Value) -> Change<'e> {
        let mut change = Change::read(entry);
        if !change.is_contradictory {
            return change;
        }
        let is_known = |resource: &Resource| {
            let call = resource.call().map(|id| Normal::of(id).into_owned());
            call.is_some_and(|id| self.calls.contains_key(&id))
        };
        let url = lookup(entry, "resourceUrl").and_then(|(_, url)| Resource::parse(url.as_str()?));
        if !change.resource.as_ref().is_some_and(is_known) {
            change.resource = url.filter(is_known).or(change.resource);
        }
        change
    }

    /// The call of a change: that of its resource, or without one that of its data.
    fn call_of(&self, change: &Change<'_>) -> Option<String> {
        if !change.names_no_resource() {
            let begun_in = self.other_call(change);
            return begun_in.or_else(|| change.call().map(ToOwned::to_owned));
        }
        let id = Normal::of(change.id()?).into_owned();
        let is_it = |(call, state): &(&Normal<'_>, &Call)| match change.subject {
            Subject::Call => **call == id,
            Subject::Operation => state.operations.contains_key(&id),
            Subject::Roster | Subject::Other => false,
        };
        let found = self.calls.iter().find(is_it);
        found.map(|(call, _)| call.to_string())
    }

    /// The call in which the comms operation of a change began, where the change names another call.
    fn other_call(&self, change: &Change<'_>) -> Option<String> {
        let named = Normal::of(change.call()?).into_owned();
        // Only GUIDs are unique beyond a call.
        let id @ Normal::Guid(_) = Normal::of(change.operation()?).into_owned() else {
            return None;
        };
        let has = |call: &Call| call.operations.contains_key(&id);
        if self.calls.get(&named).is_some_and(has) {
            return None;
        }
        let is_begun = |call: &Call| call.operations.get(&id)?.begun_by;
        let mut others = self.calls.iter();
        let found = others.find(|(_, call)| is_begun(call).is_some());
        found.map(|(call, _)| call.to_string())
    }

    /// The operation that began the comms operation of a change.
    fn begins(&self, entry: &Entry<'_>) -> Option<&'static Operation> {
        let id = Normal::of(entry.change.operation()?).into_owned();
        let begun = self.calls.get(&entry.call)?.operations.get(&id)?.begun_by;
        begun.map(|(_, operation)| operation)
    }

    pub(super) fn say(
        &mut self,
        entry: &Entry<'_>,
        operation: Option<&'static Operation>,
        breach: Breach,
    ) {
        self.report(entry.conversation, Party::Service, operation, breach);
    }

    /// Notifications about a call go to the callback that the bot gave for it; about a call of a provider state, to the
    /// conversation's callback or to that of the application.
    fn check_address(&mut self, entry: &Entry<'_>, target: &str) {
        let options = &self.options;
        let (callback, other) = match &self.calls[&entry.call].callback {
            Some(callback) => (Some(callback), None),
            None => match &options.application_callback {
                Some(application) => (options.callback.as_ref(), Some(application)),
                None => return,
            },
        };
        let Some(callback) = callback.cloned() else {
            return;
        };
        let actual = path_and_query(target);
        let is_right = actual == callback || other == Some(&actual);
        self.conversation(entry.conversation)
            .service
            .check(Requirement::CallbackAddress);
        if !is_right {
            let breach = entry.breach(
                Requirement::CallbackAddress,
                Rule::NotificationUnexpected,
                Pointer::root(),
                (json!(callback), json!(actual)),
                format!("the notification goes to {actual}, but the bot gave {callback}"),
            );
            self.say(entry, None, breach);
        }
    }
}

/// True for the same change, apart from tags and times, which may differ in each delivery.
fn is_same_change(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let mut names = names.into_iter().filter(|name| *name != "@odata.etag");
            names.all(|name| match (one.get(name), other.get(name)) {
                (Some(one), Some(other)) => is_same_change(one, other),
                _ => false,
            })
        }
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_same_change(one, other))
        }
        _ => one == other || (is_time(one) && is_time(other)),
    }
}

/// True for a body that is a collection of notifications by its type.
fn is_collection(body: &Value) -> bool {
    let printed = lookup(body, "@odata.type").and_then(|(_, it)| it.as_str());
    printed.is_some_and(|it| it.ends_with("commsNotifications"))
}

/// The changes in a body: those of its collection, or the only one, which is not in a collection.
fn members_of(body: &Value) -> &[Value] {
    if is_bare_change(body) {
        return std::slice::from_ref(body);
    }
    change::collection(body).map_or(&[], Vec::as_slice)
}

/// The place of a change in a body.
fn place_of(body: &Value, index: usize) -> Pointer {
    if is_bare_change(body) {
        return Pointer::root();
    }
    Pointer::root().key("value").index(index)
}

/// True for a change that is not in a collection.
fn is_bare_change(body: &Value) -> bool {
    let printed = lookup(body, "@odata.type").and_then(|(_, it)| it.as_str());
    let is_typed = printed.is_some_and(|it| it.ends_with("commsNotification"));
    let has = |name: &str| lookup(body, name).is_some();
    is_typed || (has("changeType") && (has("resource") || has("resourceUrl")))
}

/// The changes in a notification.
fn entries_of(request: &Request) -> &[Value] {
    let members = request.body.json().and_then(change::collection);
    members.map_or(&[], Vec::as_slice)
}

fn check_head(exchange: u64, request: &Request, body: &Value) -> Findings {
    let mut found = Findings::new(exchange);
    found.check(Requirement::NotificationMethod);
    found.check(Requirement::NotificationBody);
    if request.method != "POST" {
        found.add(
            Requirement::NotificationMethod,
            Rule::NotificationMethod,
            Pointer::root(),
            (json!("POST"), json!(request.method)),
            format!("the notification is a {}, expected POST", request.method),
        );
    }
    let media_type = request.headers.media_type();
    if !request.body.is_empty() {
        found.check(Requirement::NotificationMediaType);
        if media_type.as_deref() != Some(JSON) {
            found.add(
                Requirement::NotificationMediaType,
                Rule::NotificationHeader,
                Pointer::root(),
                (json!(JSON), json!(media_type)),
                "the media type of the notification is not application/json".to_owned(),
            );
        }
    }
    let has_body = !matches!(request.method.as_str(), "GET" | "HEAD") || !request.body.is_empty();
    if has_body && change::collection(body).is_none() {
        let (at, actual, message) = match &request.body {
            Body::Json(_) => (
                Pointer::root().key("value"),
                lookup(body, "value").map_or(Value::Null, |(_, it)| it.clone()),
                "the body of the notification has no collection of changes in `value`".to_owned(),
            ),
            Body::Empty => {
                let message = "the notification has no body".to_owned();
                (Pointer::root(), Value::Null, message)
            }
            other => {
                let (actual, message) = unreadable(other);
                (Pointer::root(), actual, message)
            }
        };
        found.add(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            at,
            (json!([{}]), actual),
            message,
        );
    }
    found
}
