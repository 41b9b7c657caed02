//! Checks of a service's notification, and what it changes.

use serde_json::{Value, json};

use super::answer::{context_breach, people_breach};
use super::call::{CommsOperation, identity, participant_id};
use super::conversation::breach;
use super::request::{callback_of, path_and_query};
use super::{Monitor, Notified, body, effects};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::lifecycle;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{bare_type, entities, lookup};
use crate::contract::words;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request, is_json};
use crate::judge::Breach;

/// An entry of a notification, with its place.
struct Entry<'a> {
    at: u64,
    exchange: u64,
    pointer: Pointer,
    change: Change<'a>,
    call: Normal<'static>,
    /// The place of the conversation.
    conversation: usize,
}

impl Entry<'_> {
    fn breach(
        &self,
        requirement: Requirement,
        rule: Rule,
        at: Pointer,
        values: (Value, Value),
        message: impl Into<String>,
    ) -> Breach {
        breach(requirement, rule, self.exchange, at, values, message)
    }

    fn entity(&self) -> Pointer {
        self.change.entity_pointer(&self.pointer)
    }
}

impl Monitor {
    /// A notification of the service. `at` is the time in milliseconds; times never go back.
    pub(crate) fn notification(&mut self, at: u64, exchange: u64, request: &Request) {
        let known = self.calls_of_callback(&request.target);
        let Some(body) = notified(request, !known.is_empty()) else {
            self.not_covered.push(exchange);
            return;
        };
        let null = Value::Null;
        let body = body.unwrap_or(&null);
        let members = change::collection(body).map_or(&[][..], Vec::as_slice);
        let about: Vec<_> = members.iter().map(Change::read).collect();
        let mut calls: Vec<String> = about
            .iter()
            .filter_map(|it| it.call().map(ToOwned::to_owned))
            .collect();
        calls.dedup();
        let mut places: Vec<usize> = calls
            .iter()
            .map(|id| self.call(id, at).conversation)
            .collect();
        if places.is_empty() {
            match known.first() {
                Some(place) => places.push(*place),
                None if members.is_empty() => places.push(self.begin(at)),
                None => {
                    self.not_covered.push(exchange);
                    return;
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        for place in &places {
            let conversation = self.conversation(*place);
            conversation.add(exchange, at);
            conversation.service.took_part = true;
        }
        for breach in check_head(exchange, request, body) {
            self.report(places[0], Party::Service, None, breach);
        }
        let calls: Vec<_> = calls.iter().map(|id| Normal::of(id).into_owned()).collect();
        let is_redelivery = self.takes_redelivery(&calls, body);
        for (index, change) in about.into_iter().enumerate() {
            let pointer = Pointer::root().key("value").index(index);
            if !is_redelivery {
                self.entry(at, exchange, pointer, change, places[0], &request.target);
            }
        }
        let notified = Notified {
            conversations: places,
            calls,
            body: body.clone(),
        };
        self.notified.insert(exchange, notified);
    }

    /// The conversations of the calls whose callback has this target.
    fn calls_of_callback(&self, target: &str) -> Vec<usize> {
        let target = path_and_query(target);
        let calls = self
            .calls
            .values()
            .filter(|call| !call.is_deleted && call.callback.as_deref() == Some(target.as_str()));
        calls.map(|call| call.conversation).collect()
    }

    /// True if the bot did not acknowledge the same notification before.
    fn takes_redelivery(&mut self, calls: &[Normal<'static>], body: &Value) -> bool {
        let mut is_redelivery = false;
        for id in calls {
            let Some(call) = self.calls.get_mut(id) else {
                continue;
            };
            if let Some(at) = call.unacknowledged.iter().position(|it| it == body) {
                call.unacknowledged.remove(at);
                is_redelivery = true;
            }
        }
        is_redelivery
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
        let call = change.call().map(ToOwned::to_owned);
        let conversation = call
            .as_deref()
            .map_or(place, |id| self.call(id, at).conversation);
        let call = call.map(|id| Normal::of(&id).into_owned());
        let is_about_calls = call.is_some() || change.names_no_resource();
        let entry = Entry {
            at,
            exchange,
            pointer,
            change,
            call: call.clone().unwrap_or(Normal::Text("".into())),
            conversation,
        };
        if !is_about_calls {
            let note = format!("exchange {exchange} tells of a resource that no page documents");
            self.conversation(conversation).service.note(note);
            return;
        }
        let conduct = &mut self.conversation(conversation).service;
        for requirement in [Requirement::NotificationBody, Requirement::ResourceOne] {
            conduct.check(requirement);
        }
        let found = check_entry(&entry);
        let is_sound = found.is_empty();
        for breach in found {
            self.report(conversation, Party::Service, None, breach);
        }
        if !is_sound || call.is_none() {
            return;
        }
        self.check_address(&entry, target);
        match entry.change.subject {
            Subject::Call => self.call_change(&entry),
            Subject::Operation => self.operation_change(&entry),
            Subject::Roster => self.roster_change(&entry),
            Subject::Other => {}
        }
    }

    fn say(&mut self, entry: &Entry<'_>, operation: Option<&'static Operation>, breach: Breach) {
        self.report(entry.conversation, Party::Service, operation, breach);
    }

    /// Notifications about a call go to the callback that the bot gave for it.
    fn check_address(&mut self, entry: &Entry<'_>, target: &str) {
        let given = self.calls[&entry.call].callback.clone();
        let Some(callback) = given.or_else(|| self.options.callback.clone()) else {
            return;
        };
        self.conversation(entry.conversation)
            .service
            .check(Requirement::CallbackAddress);
        let actual = path_and_query(target);
        if actual != callback {
            let breach = entry.breach(
                Requirement::CallbackAddress,
                Rule::NotificationUnexpected,
                Pointer::root(),
                (json!(callback), json!(actual)),
                format!("the notification goes to {actual}, the bot gave {callback}"),
            );
            self.say(entry, None, breach);
        }
    }

    fn call_change(&mut self, entry: &Entry<'_>) {
        let data = first_entity(&entry.change);
        let patience = self.options.patience;
        let is_deletion = entry.change.change_type == "deleted";
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        let mut found = Vec::new();
        if call.is_deleted {
            found.push(entry.breach(
                Requirement::NotificationAbout,
                Rule::NotificationUnexpected,
                entry.pointer.clone(),
                (Value::Null, entry.change.entry.clone()),
                "a notification tells of a call that was deleted before",
            ));
        }
        let cycle = lifecycle::call();
        let word = entry.change.word.as_deref();
        let state = if is_deletion {
            Some(cycle.end.as_str())
        } else {
            word.and_then(|word| cycle.state(word))
        };
        if let (Some(from), Some(to)) = (&call.state, state)
            && !call.is_deleted
            && !cycle.allows(from, to)
        {
            found.push(entry.breach(
                Requirement::NotificationOrder,
                Rule::NotificationOrder,
                entry.entity().key("state"),
                (json!(from), json!(to)),
                format!("a call does not become {to} after it was {from}"),
            ));
        }
        let was_moving = matches!(
            call.state.as_deref(),
            Some("transferring" | "transferAccepted")
        );
        if was_moving && state == Some("established") && lookup(data, "resultInfo").is_none() {
            found.push(entry.breach(
                Requirement::NotificationBody,
                Rule::NotificationBody,
                entry.entity().key("resultInfo"),
                (json!({}), Value::Null),
                "a call whose transfer failed has no resultInfo",
            ));
        }
        if state == Some("incoming") {
            call.incoming_at.get_or_insert(entry.at);
        }
        found.extend(people_of_call(call, entry, data));
        if let (Some(given), Some(echoed)) = (&call.callback, callback_of(data))
            && *given != echoed
        {
            found.push(entry.breach(
                Requirement::CallbackAddress,
                Rule::Correlation,
                entry.entity().key("callbackUri"),
                (json!(given), json!(echoed)),
                format!("the bot gave the callback {given}, the call has {echoed}"),
            ));
        }
        if let Some((_, bot)) = lookup(data, "myParticipantId") {
            call.bot = bot.as_str().map(ToOwned::to_owned);
        }
        call.state = state.map(ToOwned::to_owned).or_else(|| call.state.take());
        if is_deletion && !call.is_deleted {
            self.deleted.push_back(entry.call.clone());
        }
        call.is_deleted |= is_deletion;
        effects::call_changed(call);
        if is_deletion {
            let conversation = self
                .conversations
                .get_mut(&entry.conversation)
                .expect("the conversation of a call");
            effects::call_deleted(call, entry.at, patience, conversation);
        }
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.check(Requirement::NotificationOrder);
        conduct.check(Requirement::CallPeople);
        for breach in found {
            self.say(entry, None, breach);
        }
    }

    fn operation_change(&mut self, entry: &Entry<'_>) {
        let data = first_entity(&entry.change);
        let in_path = entry.change.operation();
        let in_data = lookup(data, "id").and_then(|(_, id)| id.as_str());
        let Some(id) = in_path.or(in_data).map(ToOwned::to_owned) else {
            return;
        };
        let context = lookup(data, "clientContext").and_then(|(_, it)| it.as_str());
        let key = Normal::of(&id).into_owned();
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        let status = entry.change.word.as_deref().unwrap_or_default();
        let is_end = lifecycle::operation().is_end(status);
        let mut found = Vec::new();
        // A page tells an operation under the path of its roster; the body has its id then.
        let known = call.operations.contains_key(&key);
        let by_context = (!known).then(|| begun_with(call, context)).flatten();
        if let Some(other) = &by_context {
            found.push(entry.breach(
                Requirement::OperationIdentity,
                Rule::Correlation,
                entry.entity().key("id"),
                (json!(other.0), json!(id)),
                format!(
                    "the client context is that of the operation {}, the id is {id}",
                    other.0
                ),
            ));
        }
        let state = call
            .operations
            .entry(key)
            .or_insert_with(|| CommsOperation {
                begun_by: None,
                context: None,
                people: Vec::new(),
                is_ended: false,
                notified_by: None,
                failed: false,
            });
        let operation = state.begun_by.map(|(_, operation)| operation);
        let entity = entry.entity();
        found.extend(context_breach(
            state.context.as_deref(),
            data,
            entry.exchange,
            entity.clone(),
        ));
        found.extend(people_breach(
            &state.people,
            data,
            entry.exchange,
            entity.clone(),
        ));
        found.extend(kind_breach(operation, entry, data));
        let ended_before = state.is_ended;
        if is_end {
            state.failed = status == "failed";
            state.is_ended = true;
            state.notified_by = Some(entry.exchange);
            let failed = state.failed;
            effects::operation_ended(call, entry.at, &id, failed);
        }
        let conduct = &mut self.conversation(entry.conversation).service;
        for requirement in [
            Requirement::ContextUnchanged,
            Requirement::OperationPeople,
            Requirement::OperationOnce,
        ] {
            conduct.check(requirement);
        }
        for breach in found {
            self.say(entry, operation, breach);
        }
        if ended_before {
            let operation = operation.or_else(|| crate::contract::operation::operations().first());
            if let Some(operation) = operation {
                self.ends_twice(entry.conversation, entry.exchange, operation);
            }
        }
    }

    fn roster_change(&mut self, entry: &Entry<'_>) {
        let members: Vec<Value> = entities(entry.change.data())
            .filter(|it| it.is_object())
            .cloned()
            .collect();
        let is_removal = entry.change.change_type == "deleted";
        let call = self
            .calls
            .get_mut(&entry.call)
            .expect("the call of an entry");
        if is_removal {
            let gone = match &entry.change.resource {
                Some(Resource::Participant { participant, .. }) => Some(participant.clone()),
                _ => None,
            };
            call.roster.retain(|member| {
                let id = participant_id(member);
                !gone
                    .as_deref()
                    .is_some_and(|gone| id.is_some_and(|id| identifier::same(id, gone)))
            });
            return;
        }
        call.update_roster(&members);
        effects::roster_changed(call, entry.exchange, &members);
        self.conversation(entry.conversation)
            .service
            .check(Requirement::RosterPeople);
    }
}

/// The comms operation of a call that was begun with this client context, where it is the only one.
fn begun_with(call: &super::call::Call, context: Option<&str>) -> Option<(String, u64)> {
    let context = context?;
    let mut found = call.operations.iter().filter(|(_, operation)| {
        operation.begun_by.is_some() && operation.context.as_deref() == Some(context)
    });
    let (id, operation) = found.next()?;
    let is_only = found.next().is_none();
    let text = match id {
        Normal::Guid(number) => uuid::Uuid::from_u128(*number).to_string(),
        Normal::Text(text) => text.to_string(),
    };
    let exchange = operation.begun_by?.0;
    (is_only && !operation.is_ended).then_some((text, exchange))
}

/// The body of a request to the callback, where it is a notification: `Some(None)` for one without JSON.
fn notified(request: &Request, is_at_callback: bool) -> Option<Option<&Value>> {
    match &request.body {
        Body::Json(body) => {
            let printed = lookup(body, "@odata.type").and_then(|(_, it)| it.as_str());
            let is_collection = printed.is_some_and(|it| it.ends_with("commsNotifications"));
            let has_value = body.get("value").is_some();
            let is_other = printed.is_some() && !is_collection && !has_value;
            (is_collection || has_value || (is_at_callback && !is_other)).then_some(Some(body))
        }
        Body::Omitted(_) => None,
        Body::Empty | Body::Text(_) | Body::Bytes(_) => is_at_callback.then_some(None),
    }
}

fn check_head(exchange: u64, request: &Request, body: &Value) -> Vec<Breach> {
    let mut found = Vec::new();
    if request.method != "POST" {
        found.push(breach(
            Requirement::NotificationMethod,
            Rule::NotificationMethod,
            exchange,
            Pointer::root(),
            (json!("POST"), json!(request.method)),
            format!("a notification is a POST, this is a {}", request.method),
        ));
    }
    let media_type = request.headers.media_type();
    if !request.body.is_empty() && !media_type.as_deref().is_some_and(is_json) {
        found.push(breach(
            Requirement::NotificationMediaType,
            Rule::NotificationHeader,
            exchange,
            Pointer::root(),
            (json!("application/json"), json!(media_type)),
            "the body of the notification is not declared as application/json",
        ));
    }
    if change::entries(body).is_none() {
        found.push(breach(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            exchange,
            Pointer::root().key("value"),
            (
                json!([{}]),
                lookup(body, "value").map_or(Value::Null, |(_, it)| it.clone()),
            ),
            "the body of the notification has no collection of changes in `value`",
        ));
    }
    found
}

/// Checks an entry by itself: what must be there, its words, its types.
fn check_entry(entry: &Entry<'_>) -> Vec<Breach> {
    let change = &entry.change;
    let mut found = Vec::new();
    let mut add = |at: Pointer, values: (Value, Value), message: String| {
        found.push(entry.breach(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            at,
            values,
            message,
        ));
    };
    let place = |name: &str| entry.pointer.key(name);
    let words = words::CHANGES;
    if !words::is_listed(&change.change_type, words) {
        let actual = lookup(change.entry, "changeType").map_or(Value::Null, |(_, it)| it.clone());
        let message = format!(
            "changeType is {actual}, documented are {}",
            words.join(", ")
        );
        add(place("changeType"), (json!(words), actual), message);
    }
    let has_text = |name: &str| lookup(change.entry, name).is_some_and(|(_, it)| it.is_string());
    if !has_text("resource") && !has_text("resourceUrl") {
        let message = "the change has neither resource nor resourceUrl".to_owned();
        add(place("resource"), (json!("…"), Value::Null), message);
    }
    let data = change.data();
    if !data.is_object() && !data.is_array() {
        let message = "the change has no resourceData".to_owned();
        add(place("resourceData"), (json!({}), data.clone()), message);
        return found;
    }
    presence(entry, &mut found);
    if change.is_contradictory {
        found.push(entry.breach(
            Requirement::ResourceOne,
            Rule::Correlation,
            place("resource"),
            (Value::Null, change.entry.clone()),
            "resource and resourceUrl name different things",
        ));
    }
    let types = body::of_change(change, &entry.pointer);
    for mismatch in types {
        let requirement = match mismatch.kind {
            body::Kind::UnknownType => Requirement::TypeKind,
            body::Kind::Type | body::Kind::Word => Requirement::NotificationBody,
        };
        found.push(entry.breach(
            requirement,
            Rule::NotificationBody,
            mismatch.pointer,
            (mismatch.expected, mismatch.actual),
            mismatch.message,
        ));
    }
    found
}

/// What the other party needs to go on.
fn presence(entry: &Entry<'_>, found: &mut Vec<Breach>) {
    let change = &entry.change;
    let is_deletion = change.change_type == "deleted";
    let at = entry.entity();
    let mut add = |at: Pointer, expected: Value, actual: Value, message: &str| {
        found.push(entry.breach(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            at,
            (expected, actual),
            message,
        ));
    };
    let word = change.word.as_deref();
    match change.subject {
        Subject::Call => match word.map(|word| lifecycle::call().state(word)) {
            None if is_deletion => {}
            Some(Some(state)) if is_deletion && !lifecycle::call().is_end(state) => add(
                at.key("state"),
                json!(lifecycle::call().end),
                json!(state),
                "a deleted call has another state than its end",
            ),
            None => add(
                at.key("state"),
                json!("established"),
                Value::Null,
                "a call has no state",
            ),
            Some(None) => add(
                at.key("state"),
                lifecycle::call().states().collect(),
                json!(word),
                "the state of the call is no documented word",
            ),
            Some(Some(_)) => {}
        },
        Subject::Operation => {
            let cycle = lifecycle::operation();
            let is_end = word.is_some_and(|word| cycle.is_end(word));
            match word.map(|word| cycle.state(word)) {
                None => add(
                    at.key("status"),
                    json!("completed"),
                    Value::Null,
                    "an operation has no status",
                ),
                Some(None) => add(
                    at.key("status"),
                    cycle.states().collect(),
                    json!(word),
                    "the status of the operation is no documented word",
                ),
                Some(Some(_)) if is_end != is_deletion => add(
                    entry.pointer.key("changeType"),
                    json!(if is_end { "deleted" } else { "updated" }),
                    json!(change.change_type),
                    "an operation ends in one `deleted` notification, and only then",
                ),
                Some(Some(_)) => {}
            }
            let data = first_entity(change);
            if word == Some("failed") && lookup(data, "resultInfo").is_none() {
                add(
                    at.key("resultInfo"),
                    json!({}),
                    Value::Null,
                    "a failed operation has no resultInfo",
                );
            }
        }
        Subject::Roster if !is_deletion => {
            let is_list = change.data().is_array();
            for (index, member) in entities(change.data()).enumerate() {
                let has_id = identity(member)
                    .and_then(Value::as_object)
                    .is_some_and(|it| it.values().any(|who| lookup(who, "id").is_some()));
                if !has_id {
                    let data = entry.pointer.key("resourceData");
                    let place = if is_list { data.index(index) } else { data };
                    add(
                        place.key("info"),
                        json!({"identity": {"user": {"id": "…"}}}),
                        member.clone(),
                        "a participant has no identity with an id",
                    );
                }
            }
        }
        Subject::Roster | Subject::Other => {}
    }
    id_of_path(entry, found);
}

/// The id of an entity is the one in its path.
fn id_of_path(entry: &Entry<'_>, found: &mut Vec<Breach>) {
    let change = &entry.change;
    let data = first_entity(change);
    let Some((_, Value::String(id))) = lookup(data, "id") else {
        return;
    };
    let path = change.resource.as_ref();
    let (wanted, requirement) = match (change.subject, path) {
        (Subject::Call, Some(Resource::Call(call))) => (call, Requirement::CallIdentity),
        (Subject::Operation, Some(Resource::Operation { operation, .. })) => {
            (operation, Requirement::OperationIdentity)
        }
        _ => return,
    };
    if !identifier::same(wanted, id) {
        found.push(entry.breach(
            requirement,
            Rule::Correlation,
            entry.entity().key("id"),
            (json!(wanted), json!(id)),
            format!("the path names {wanted}, the entity has the id {id}"),
        ));
    }
}

/// A call keeps its source and its targets.
fn people_of_call(call: &mut super::call::Call, entry: &Entry<'_>, data: &Value) -> Vec<Breach> {
    let mut found = Vec::new();
    let source = lookup(data, "source").map(|(_, it)| it.clone());
    let targets = lookup(data, "targets").map(|(_, it)| it.clone());
    for (name, known, actual) in [
        ("source", &mut call.source, source),
        ("targets", &mut call.targets, targets),
    ] {
        let Some(actual) = actual else { continue };
        match known {
            Some(known) if ids_of(known) != ids_of(&actual) && !ids_of(&actual).is_empty() => {
                found.push(entry.breach(
                    Requirement::CallPeople,
                    Rule::Correlation,
                    entry.entity().key(name),
                    (json!(ids_of(known)), json!(ids_of(&actual))),
                    format!("the call has another {name} than before"),
                ));
            }
            Some(_) => {}
            None => *known = Some(actual),
        }
    }
    found
}

/// The ids of the identities in participants, normalized and sorted.
fn ids_of(participants: &Value) -> Vec<String> {
    let identities = entities(participants).filter_map(|it| lookup(it, "identity"));
    let mut ids: Vec<_> = identities
        .filter_map(|(_, identity)| identity.as_object())
        .flat_map(|identity| identity.values())
        .filter_map(|who| lookup(who, "id")?.1.as_str())
        .map(identifier::normal)
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The type of an ended operation is the one that the request begins.
fn kind_breach(
    operation: Option<&'static Operation>,
    entry: &Entry<'_>,
    data: &Value,
) -> Option<Breach> {
    let wanted = operation?.comms_operation()?;
    let (_, printed) = lookup(data, "@odata.type")?;
    let actual = bare_type(printed.as_str()?).rsplit('.').next()?;
    let is_it = actual.eq_ignore_ascii_case(wanted)
        || actual == "commsOperation"
        || wanted == "commsOperation" && actual.ends_with("Operation");
    (!is_it).then(|| {
        entry.breach(
            Requirement::TypeKind,
            Rule::NotificationBody,
            entry.entity().key("@odata.type"),
            (json!(wanted), printed.clone()),
            format!("the operation is a {actual}, the request begins a {wanted}"),
        )
    })
}

fn first_entity<'a>(change: &Change<'a>) -> &'a Value {
    entities(change.data()).next().unwrap_or(&Value::Null)
}
