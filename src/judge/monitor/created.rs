//! A created call: the values of the request that its answer must repeat, and the changes that the answer makes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Check;
use super::conversation::breach;
use super::correlation::compare_context;
use super::request::{callback_given, callback_of, is_same};
use super::{Monitor, Pending, effects, reads};
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::contract::change::Subject;
use crate::contract::lifecycle;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::judge::people::{Named, labels, named, people_at};

impl Check<'_> {
    /// A created call has a state, and repeats the values of its request.
    pub(super) fn call(&mut self, body: &Value) {
        if lookup(body, "state").is_none() {
            self.missing("state", "the created call has no state");
        }
        let context = self.pending.context_back();
        compare_context(&mut self.found, context, body, (&Pointer::root(), None));
        let null = Value::Null;
        let request = self.pending.request.body.json().unwrap_or(&null);
        self.repeats("direction", Some(&json!("outgoing")), body);
        let modalities = lookup(request, "requestedModalities").map(|(_, it)| it);
        // An empty list gives no value.
        let modalities = modalities.filter(|it| it.as_array().is_none_or(|it| !it.is_empty()));
        self.repeats("requestedModalities", modalities, body);
        let (given, echoed) = (callback_given(request), callback_of(body));
        if let (Some(given), Some(echoed)) = (given, echoed) {
            self.found.check(Requirement::CallbackAddress);
            if given != echoed {
                self.found.add(
                    Requirement::CallbackAddress,
                    Rule::Correlation,
                    Pointer::root().key("callbackUri"),
                    (json!(given), json!(echoed)),
                    format!("the bot gave the callback {given}, but the call has {echoed}"),
                );
            }
        }
        let (wanted, actual) = (people_at(request, "/targets"), people_at(body, "/targets"));
        if actual.is_empty() || wanted.is_empty() || self.pending.is_wrong_at("/targets") {
            return;
        }
        self.found.check(Requirement::CallPeople);
        if named(&wanted, &actual) == Named::Others {
            self.found.add(
                Requirement::CallPeople,
                Rule::Correlation,
                Pointer::root().key("targets"),
                (labels(&wanted), labels(&actual)),
                "the targets of the created call differ from those of the request".to_owned(),
            );
        }
    }

    /// A property of the created call has this value, if both are given.
    fn repeats(&mut self, name: &str, wanted: Option<&Value>, body: &Value) {
        let (Some(wanted), Some((_, actual))) = (wanted, lookup(body, name)) else {
            return;
        };
        if !self.pending.is_wrong && !reads::is_value(wanted, actual) {
            self.found.add(
                Requirement::AnswerBody,
                Rule::Correlation,
                Pointer::root().key(name),
                (wanted.clone(), actual.clone()),
                format!("{name} of the created call is {actual}, expected {wanted}"),
            );
        }
    }
}

impl Monitor {
    /// A call was created: what notifications all of it before belongs to the same conversation.
    pub(super) fn created(
        &mut self,
        at: u64,
        exchange: u64,
        pending: &Pending,
        id: Option<&str>,
        body: &Value,
    ) {
        let Some(id) = id else {
            self.forget_obligations(exchange, pending);
            return;
        };
        let key = Normal::of(id).into_owned();
        match self.calls.get(&key).map(|call| call.conversation) {
            Some(other) => self.unite(pending.conversation, other),
            None => self.know(key, pending.conversation),
        }
        let null = Value::Null;
        let request = pending.request.body.json().unwrap_or(&null);
        let call = self.call(id, at);
        let before = call.created_by.replace(Arc::clone(&pending.request));
        // A service may answer a request that was sent again with the call that it created.
        let is_another = before.is_some_and(|it| !is_same(&it, &pending.request));
        call.callback = callback_given(request);
        call.direction = Some("outgoing");
        if call.targets.is_none() {
            call.targets = lookup(body, "targets").map(|(_, it)| it.clone());
        }
        if call.source.is_none() {
            call.source = lookup(body, "source").map(|(_, it)| it.clone());
        }
        if let Some((_, bot)) = lookup(body, "myParticipantId") {
            call.bot = bot.as_str().map(ToOwned::to_owned);
        }
        if call.state.is_none() && call.unreadable.is_none() {
            let state = lookup(body, "state").and_then(|(_, it)| it.as_str());
            let state = state.and_then(|it| lifecycle::call().state(it));
            call.state = state.map(ToOwned::to_owned);
        }
        let hidden_by = call.unreadable;
        if is_another {
            self.is_of_earlier((exchange, pending), Requirement::CallIdentity, ("call", id));
        }
        self.expect(at, exchange, pending, Some(id), None, &null);
        if let Some(early) = hidden_by {
            effects::hidden(self.call(id, at), early, Some((Subject::Call, None)));
        }
    }

    /// The service gives an id that it gave to what an earlier request made.
    pub(super) fn is_of_earlier(
        &mut self,
        (exchange, pending): (u64, &Pending),
        requirement: Requirement,
        (what, id): (&str, &str),
    ) {
        let breach = breach(
            requirement,
            Rule::Correlation,
            exchange,
            Pointer::root().key("id"),
            (Value::Null, json!(id)),
            format!("{id} is already the {what} of an earlier request"),
        );
        let operation = Some(pending.operation);
        self.report(pending.conversation, Party::Service, operation, breach);
    }
}
