//! Checks of the service's answer to a request, and the changes that the answer makes.

use serde_json::{Map, Value, json};

use super::body::Part;
use super::call::CommsOperation;
use super::conversation::{Findings, JSON, breach};
use super::correlation::{compare_context, compare_people};
use super::reads::{self, Found};
use super::request::is_same;
use super::{Monitor, Pending, body, effects};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource::below_prefix;
use crate::contract::lifecycle;
use crate::contract::operation::{self, Effect, Operation};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Response};
use crate::judge::Breach;

impl Monitor {
    pub(super) fn check_answer(
        &mut self,
        at: u64,
        exchange: u64,
        pending: &Pending,
        response: &Response,
    ) {
        if !pending.has_documented_method() && response.status < 400 {
            return;
        }
        if (200..300).contains(&response.status) {
            self.goes_on_after(exchange, pending);
            self.accepted(at, exchange, pending, response);
        } else {
            self.refused(at, exchange, pending, response);
            self.forget_obligations(exchange, pending);
        }
    }

    fn accepted(&mut self, at: u64, exchange: u64, pending: &Pending, response: &Response) {
        let operation = pending.operation;
        let documented = operation::statuses(operation, pending.api);
        let is_documented = documented.is_empty() || documented.contains(&response.status);
        let mut found = Findings::new(exchange);
        // Where no page prints an answer, any success conforms.
        if !documented.is_empty() {
            found.check(Requirement::AnswerStatus);
        }
        let mut check = Check { pending, found };
        check.media_type(response);
        let read = check.body(response);
        let made = check.location(response, read.as_ref());
        let mut found = check.found;
        let is_unclear = found
            .list
            .iter()
            .any(|it| hides_what_was_made(it, operation));
        if !is_documented {
            // The form of an answer follows its status.
            let status = response.status;
            found.list = vec![status_breach(exchange, operation, &documented, status)];
        }
        let conduct = &mut self.conversation(pending.conversation).service;
        conduct.take(found, Some(operation));
        if let (Body::Omitted(omission), Some(_)) = (&response.body, &operation.answer) {
            conduct.doubt_body(exchange, omission);
        }
        let null = Value::Null;
        let body = response.body.json().unwrap_or(&null);
        if pending.is_about_deleted && !operation.is_read() && !operation.ends_call() {
            self.fulfilled_after_the_end(exchange, pending);
            self.forget_obligations(exchange, pending);
            return;
        }
        if let Some(call) = &pending.call
            && let Some(call) = self.calls.get_mut(&Normal::of(call).into_owned())
        {
            call.made_or_removed(operation, made.as_deref(), pending.below.as_deref());
        }
        if operation.creates_call {
            self.created(at, exchange, pending, made.as_deref(), body);
        } else if operation.makes_something() {
            self.began(at, exchange, pending, made.as_deref(), body);
        } else {
            self.takes_call(pending);
            self.was_read(exchange, pending, &Found::of(response));
            self.agrees_with_known(exchange, pending, body);
            self.lists_what_exists(exchange, pending, body);
            self.reads_back(exchange, pending, body);
            self.expect(
                at,
                exchange,
                pending,
                pending.call.as_deref(),
                made.as_deref(),
                &null,
            );
        }
        let call = pending.call.as_deref().or(made.as_deref());
        if let Some(call) = call.and_then(|id| self.calls.get_mut(&Normal::of(id).into_owned()))
            && is_unclear
        {
            effects::unclear(call, exchange);
        }
    }

    /// The service fulfils a request about a call that it had notified as deleted before.
    fn fulfilled_after_the_end(&mut self, exchange: u64, pending: &Pending) {
        let name = &pending.operation.name;
        let breach = breach(
            Requirement::RefusalEndedCall,
            Rule::ResponseStatus,
            exchange,
            Pointer::root(),
            (json!([404, 410]), Value::Null),
            format!("the service fulfils {name} after it deleted the call"),
        );
        let conduct = &mut self.conversation(pending.conversation).service;
        conduct.report(breach, Some(pending.operation));
    }

    /// The answer shows what the request made or changed, where it has a body.
    fn reads_back(&mut self, exchange: u64, pending: &Pending, body: &Value) {
        let reads_back =
            !pending.is_wrong && pending.operation.effects.contains(&Effect::ReadsBack);
        let Some(request) = pending.request.body.json().filter(|_| reads_back) else {
            return;
        };
        let conduct = &mut self.conversation(pending.conversation).service;
        conduct.check(Requirement::Effect);
        if let Some((place, wanted, actual)) = reads::difference(request, body) {
            let message = format!(
                "{} is {actual}, but the request has {wanted}",
                place.as_str()
            );
            let breach = breach(
                Requirement::Effect,
                Rule::Effect,
                exchange,
                place,
                (wanted, actual),
                message,
            );
            conduct.report(breach, Some(pending.operation));
        }
    }

    /// A comms operation began; its end may have been notified before.
    fn began(&mut self, at: u64, exchange: u64, pending: &Pending, id: Option<&str>, body: &Value) {
        let Some(call) = pending.call.clone() else {
            return;
        };
        let is_other = |it: &String| Some(it) != pending.context.as_ref();
        let known = self.call(&call, at);
        known.refused.retain(is_other);
        let early = known.id_of_early(pending.context.as_deref());
        let id = id.or(early.as_deref());
        if id.is_none() {
            let begun = pending.begins(exchange, CommsOperation::default());
            known.nameless.push(begun);
        }
        if let Some(id) = id {
            self.take_misplaced(at, pending, &call, id);
            let status = lookup(body, "status").and_then(|(_, it)| it.as_str());
            let status = status.unwrap_or_default();
            let is_ended = lifecycle::operation().is_end(status);
            let known = self
                .call(&call, at)
                .operations
                .entry(Normal::of(id).into_owned());
            let state = known.or_default();
            // A service may answer a request that was sent again with the comms operation that it began.
            let before = state.request.as_ref();
            let is_another = before.is_some_and(|it| !is_same(it, &pending.request));
            *state = pending.begins(exchange, std::mem::take(state));
            if is_another {
                // Nobody knows which of both requests a notification is about.
                state.context = None;
                state.people.clear();
                state.may_end_again = true;
            }
            let mut found = Findings::new(exchange);
            compare_people(&mut found, state, body, &Pointer::root());
            let remark = state.decide_people(body);
            let mut all = vec![found];
            let remark = state.judge_early(&mut all).or(remark);
            let early = state.notified_by;
            if state.status.is_none() {
                state.status = lifecycle::operation().state(status);
            }
            state.is_ended |= is_ended;
            state.failed |= status.eq_ignore_ascii_case("failed");
            if is_another {
                let requirement = Requirement::OperationIdentity;
                self.is_of_earlier((exchange, pending), requirement, ("operation", id));
            }
            if let (Some(notified), true) = (early, is_ended) {
                let at = Pointer::root();
                self.ends_twice(
                    (pending.conversation, notified, at),
                    Some(pending.operation),
                );
            }
            let misnames = all.iter().find(|it| it.misnames_people());
            if let Some(by) = misnames.map(|it| it.exchange) {
                effects::misnamed(self.call(&call, at), exchange, by);
            }
            let conduct = &mut self.conversation(pending.conversation).service;
            conduct.note_people(remark);
            for found in all {
                conduct.take(found, Some(pending.operation));
            }
        }
        self.expect(at, exchange, pending, Some(&call), id, body);
        let call = self.call(&call, at);
        let id = id.map(|id| Normal::of(id).into_owned());
        let state = id.and_then(|id| call.operations.get(&id));
        if state.is_some_and(|it| it.is_ended && !it.failed) {
            effects::stopped(call, exchange, at);
        }
    }

    pub(super) fn ends_twice(
        &mut self,
        (place, exchange, at): (usize, u64, Pointer),
        operation: Option<&'static Operation>,
    ) {
        let breach = breach(
            Requirement::OperationOnce,
            Rule::NotificationUnexpected,
            exchange,
            at,
            (Value::Null, Value::Null),
            "the end of an operation is notified again",
        );
        self.report(place, Party::Service, operation, breach);
    }
}

/// True for a violation in an answer that leaves open whether a comms operation has ended, or which call was created.
fn hides_what_was_made(breach: &Breach, operation: &Operation) -> bool {
    let at = breach.pointer.as_str();
    match breach.requirement {
        Requirement::AnswerBody => operation.makes_something() && matches!(at, "" | "/status"),
        Requirement::CallIdentity => operation.creates_call && at == "/id",
        _ => false,
    }
}

pub(super) fn status_breach(
    exchange: u64,
    operation: &Operation,
    documented: &[u16],
    status: u16,
) -> Breach {
    breach(
        Requirement::AnswerStatus,
        Rule::ResponseStatus,
        exchange,
        Pointer::root(),
        (json!(documented), json!(status)),
        format!(
            "the service responded to {} with {status}, which no page documents",
            operation.name
        ),
    )
}

pub(super) struct Check<'a> {
    pub(super) pending: &'a Pending,
    pub(super) found: Findings,
}

impl Check<'_> {
    /// The body that a page documents is JSON, and is declared so.
    fn media_type(&mut self, response: &Response) {
        let is_kept = !matches!(response.body, Body::Empty | Body::Omitted(_));
        let actual = response.headers.media_type();
        let is_it = actual.as_deref() == Some(JSON);
        if is_kept && self.pending.operation.answer.is_some() {
            self.found.check(Requirement::AnswerMediaType);
        }
        if is_kept && self.pending.operation.answer.is_some() && !is_it {
            self.found.add(
                Requirement::AnswerMediaType,
                Rule::ResponseHeader,
                Pointer::root(),
                (json!(JSON), json!(actual)),
                "the media type of the response is not application/json".to_owned(),
            );
        }
    }

    /// Checks the body; returns the id of the entity in it.
    fn body(&mut self, response: &Response) -> Option<String> {
        let operation = self.pending.operation;
        let answer = operation.answer.as_deref()?;
        // Without any property it lacks all that is required: one cause.
        let needs_some = !operation.is_list && self.pending.selects("id");
        let is_bare = |it: &Value| needs_some && it.as_object().is_some_and(Map::is_empty);
        let body = match &response.body {
            Body::Json(value) if value.is_object() && !is_bare(value) => value,
            Body::Empty if operation.may_be_empty(self.pending.api, response.status) => {
                return None;
            }
            Body::Omitted(_) => return None,
            other => {
                let actual = other.json().cloned().unwrap_or_default();
                self.found.add(
                    Requirement::AnswerBody,
                    Rule::ResponseBody,
                    Pointer::root(),
                    (json!({"id": "…"}), actual),
                    format!("the body of the response is not a {answer}"),
                );
                return None;
            }
        };
        self.found.check(Requirement::AnswerBody);
        let compared = body::of_answer(operation, body);
        if compared.has_types {
            self.found.check(Requirement::TypeKind);
        }
        self.found.notes.extend(compared.notes);
        let request = self.pending.request.body.json();
        for mismatch in compared.found {
            // A wrong value that comes back is the bot's violation.
            let given = request.and_then(|it| it.pointer(mismatch.pointer.as_str()));
            if self.pending.is_wrong && given == Some(&mismatch.actual) {
                continue;
            }
            let breach = mismatch.breach(Part::Answer, self.found.exchange);
            self.found.push(breach);
        }
        if operation.is_list {
            match lookup(body, "value") {
                Some((_, Value::Array(items))) => self.members(items),
                _ => self.missing("value", "the collection has no array in its `value`"),
            }
            return None;
        }
        let id = lookup(body, "id").and_then(|(_, id)| id.as_str());
        let id = id.filter(|it| !it.is_empty());
        if id.is_none() && self.pending.selects("id") {
            self.missing("id", "the response has no id");
        }
        let is_changed =
            operation.effects.contains(&Effect::ReadsBack) && self.pending.below.is_some();
        if operation.is_read() {
            self.has_what_is_needed(body);
        }
        if operation.is_read() || is_changed {
            self.is_as_requested(id?);
            return None;
        }
        if operation.comms_operation().is_some() {
            self.comms_operation(body);
        } else if operation.creates_call {
            self.call(body);
        }
        id.map(ToOwned::to_owned)
    }

    /// A resource that is read has its state, and a participant its identity, unless the bot selects others.
    fn has_what_is_needed(&mut self, body: &Value) {
        let (name, message) = match self.pending.operation.answer.as_deref() {
            Some("call") => ("state", "the call has no state"),
            Some("participant") => ("info", "the participant has no info"),
            _ if self.pending.operation.comms_operation().is_some() => {
                ("status", "the operation has no status")
            }
            _ => return,
        };
        if self.pending.selects(name) && lookup(body, name).is_none() {
            self.missing(name, message);
        }
    }

    /// Each participant of a list has its identity.
    fn members(&mut self, items: &[Value]) {
        let is_people = self.pending.operation.answer.as_deref() == Some("participant");
        if !is_people || !self.pending.selects("info") {
            return;
        }
        for (index, item) in items.iter().enumerate() {
            if item.is_object() && lookup(item, "info").is_none() {
                self.found.add(
                    Requirement::AnswerBody,
                    Rule::ResponseBody,
                    Pointer::root().key("value").index(index).key("info"),
                    (json!({"identity": {"user": {"id": "…"}}}), item.clone()),
                    "the participant has no info".to_owned(),
                );
            }
        }
    }

    pub(super) fn missing(&mut self, name: &str, message: &str) {
        self.found.add(
            Requirement::AnswerBody,
            Rule::ResponseBody,
            Pointer::root().key(name),
            (Value::Null, Value::Null),
            message.to_owned(),
        );
    }

    fn is_as_requested(&mut self, id: &str) {
        let below = self
            .pending
            .below
            .as_deref()
            .or(self.pending.call.as_deref());
        let Some(wanted) = below else { return };
        self.found.check(Requirement::ResourceRequested);
        if !identifier::same(wanted, id) {
            self.found.add(
                Requirement::ResourceRequested,
                Rule::Correlation,
                Pointer::root().key("id"),
                (json!(wanted), json!(id)),
                format!("the request is about {wanted}, but the response has the id {id}"),
            );
        }
    }

    fn comms_operation(&mut self, body: &Value) {
        let status = lookup(body, "status").and_then(|(_, it)| it.as_str());
        match status {
            None => self.missing("status", "the operation in the response has no status"),
            Some(status) if lifecycle::operation().state(status).is_none() => self.found.add(
                Requirement::AnswerBody,
                Rule::ResponseBody,
                Pointer::root().key("status"),
                (json!("running"), json!(status)),
                format!("/status is {status:?}, which is not a status of an operation"),
            ),
            Some(_) => {}
        }
        let has_failed = status.is_some_and(|it| it.eq_ignore_ascii_case("failed"));
        if has_failed && lookup(body, "resultInfo").is_none() {
            self.missing("resultInfo", "a failed operation has no resultInfo");
        }
        let context = self.pending.context_back();
        let at = (&Pointer::root(), Some(Rule::ResponseBody));
        compare_context(&mut self.found, context, body, at);
    }

    /// `Location` names what was made. Returns the id of the call or the comms operation.
    fn location(&mut self, response: &Response, in_body: Option<&String>) -> Option<String> {
        let in_body = in_body.cloned();
        let makes = self.pending.operation.makes_something();
        let Some(location) = response.headers.get("location") else {
            let (operation, api) = (self.pending.operation, self.pending.api);
            let may_be_empty = operation.may_be_empty(api, response.status);
            if makes && response.body.is_empty() && may_be_empty {
                self.found.add(
                    Requirement::AnswerLocation,
                    Rule::ResponseHeader,
                    Pointer::root(),
                    (json!("Location"), Value::Null),
                    "the response has neither a body nor a Location, so it does not name the created resource"
                        .to_owned(),
                );
            }
            return in_body;
        };
        let path = below_prefix(location).unwrap_or_default();
        let made = match path.as_slice() {
            [_, call] if self.pending.operation.creates_call => Some((None, *call)),
            [_, call, operations, id] if operations.eq_ignore_ascii_case("operations") => {
                Some((Some(*call), *id))
            }
            _ => None,
        };
        if makes {
            self.found.check(Requirement::AnswerLocation);
        }
        let Some((call, id)) = made else {
            if makes {
                self.found.add(
                    Requirement::AnswerLocation,
                    Rule::ResponseHeader,
                    Pointer::root(),
                    (Value::Null, json!(location)),
                    format!("Location is {location}, which does not name the created resource"),
                );
            }
            return in_body;
        };
        if let (Some(call), Some(requested)) = (call, &self.pending.call) {
            self.found.check(Requirement::CallIdentity);
            if !identifier::same(call, requested) {
                self.found.add(
                    Requirement::CallIdentity,
                    Rule::Correlation,
                    Pointer::root(),
                    (json!(requested), json!(call)),
                    format!("Location names the call {call}, but the request is about {requested}"),
                );
            }
        }
        let requirement = if call.is_none() {
            Requirement::CallIdentity
        } else {
            Requirement::OperationIdentity
        };
        if in_body.is_some() {
            self.found.check(requirement);
        }
        match &in_body {
            Some(body) if !identifier::same(body, id) => {
                self.found.add(
                    requirement,
                    Rule::Correlation,
                    Pointer::root().key("id"),
                    (json!(id), json!(body)),
                    format!("Location names {id}, but the body has the id {body}"),
                );
                // Its notifications show which of both is the id of a comms operation.
                in_body.filter(|_| call.is_none())
            }
            _ => Some(id.to_owned()),
        }
    }
}
