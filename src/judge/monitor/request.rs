//! Checks of a bot's request: head, parameters, words, limits.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::body::Part;
use super::call::Taking;
use super::conversation::{Findings, JSON, breach};
use super::{Monitor, Pending, Retry, body};
use crate::api::address::{is_absolute, path_and_query};
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource::{path_of, version_of};
use crate::contract::operation::{Ids, Operation, Taken, is_same_target, methods};
use crate::contract::requirement::Requirement;
use crate::contract::rule::{Level, Rule};
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::http::message::{Body, Request, json_error};
use crate::judge::people::{call_of, people_at};
use crate::redact::is_pseudonym;

/// The state of a call that nobody has answered, rejected or redirected.
pub(super) const INCOMING: &str = "incoming";

impl Monitor {
    /// Checks a request, and returns what the check of its response needs.
    pub(super) fn check_request(
        &mut self,
        (at, exchange, place): (u64, u64, usize),
        (operation, ids): (&'static Operation, Ids<'_>),
        request: &Arc<Request>,
        retry: Option<&Retry>,
    ) -> Pending {
        let api = version_of(&request.target);
        let mut check = Check {
            operation,
            found: Findings::new(exchange),
        };
        check.head(request);
        // A request by another method has another body, and another effect on its call.
        let is_of_method = request.method == operation.request.method;
        if is_of_method {
            check.version(api);
        }
        let edition = self.options.edition.as_deref();
        let parameters = is_of_method.then(|| check.body(request, edition)).flatten();
        let null = Value::Null;
        let parameters = parameters.unwrap_or(&null);
        let context = lookup(parameters, "clientContext").and_then(|(_, it)| it.as_str());
        let people = operation.people.as_deref();
        let people = people.map_or_else(Vec::new, |pointer| people_at(parameters, pointer));
        let found = check.found;
        let breaches = found.list.iter();
        let breaches = breaches.filter(|it| it.requirement.level() == Level::Must);
        let wrong: Vec<_> = breaches.map(|it| it.pointer.clone()).collect();
        let mut is_wrong = !wrong.is_empty();
        let conduct = &mut self.conversation(place).bot;
        conduct.take(found, Some(operation));
        if let Body::Omitted(omission) = &request.body {
            let conduct = &mut self.conversation(place).bot;
            conduct.doubt_body(exchange, omission);
        }
        let mut is_possible = true;
        if let Some(call) = ids.call.filter(|_| is_of_method) {
            let is_repeated = retry.is_some() || self.is_pending(request);
            let order = if is_repeated {
                Order::Again
            } else {
                Order::First
            };
            is_possible = self.check_call((at, exchange), call, operation, (request, order));
            is_wrong |= !is_possible;
        }
        let state = self.known_state(operation, ids);
        let items = self.known_items(operation, ids, &request.target);
        let call = ids.call.map(|id| Normal::of(id).into_owned());
        let call = call.and_then(|id| self.calls.get(&id));
        let is_about_deleted = call.is_some_and(|it| it.is_deleted);
        Pending {
            conversation: place,
            operation,
            api,
            request: Arc::clone(request),
            context: context.map(ToOwned::to_owned),
            people,
            call: ids.call.map(ToOwned::to_owned),
            below: ids.below.map(ToOwned::to_owned),
            state,
            items,
            is_about_deleted,
            is_wrong,
            wrong,
            has_acted: retry.is_some_and(|it| it.has_acted),
            is_possible,
        }
    }

    /// Checks a request against the state of its call. Returns false if the call cannot be in the state that it needs.
    fn check_call(
        &mut self,
        (at, exchange): (u64, u64),
        id: &str,
        operation: &'static Operation,
        (request, order): (&Request, Order),
    ) -> bool {
        let key = Normal::of(id).into_owned();
        let Some(call) = self.calls.get_mut(&key) else {
            return true;
        };
        let takes_incoming = operation.takes == Taken::Incoming;
        let is_possible = !takes_incoming || order == Order::Again || call.may_be_incoming();
        let callback = request.body.json().and_then(callback_given);
        if let Some(callback) = callback.filter(|_| is_possible) {
            call.callback = Some(callback);
        }
        if !is_possible {
            self.not_incoming(exchange, &key, operation);
            return false;
        }
        if takes_incoming || operation.ends_call() {
            call.taking = call.taking.max(Taking::Asked);
        }
        if takes_incoming && call.incoming.is_some() {
            let late = call.taken_late(at, exchange, &operation.name);
            let place = call.conversation;
            let conduct = &mut self.conversation(place).bot;
            conduct.check(Requirement::CallIncoming);
            conduct.check(Requirement::AnswerInTime);
            if let Some(breach) = late {
                conduct.report(breach, Some(operation));
            }
        }
        true
    }

    /// The bot answers, rejects or redirects a call that it has taken before, or that it made itself.
    fn not_incoming(
        &mut self,
        exchange: u64,
        call: &Normal<'static>,
        operation: &'static Operation,
    ) {
        let call = &self.calls[call];
        let state = call.state.as_deref().filter(|it| *it != INCOMING);
        let actual = state.unwrap_or("already answered, rejected or redirected");
        let breach = breach(
            Requirement::CallIncoming,
            Rule::RequestUnexpected,
            exchange,
            Pointer::root(),
            (json!(INCOMING), json!(actual)),
            format!(
                "{} needs an incoming call, but the call is {actual}",
                operation.name
            ),
        );
        self.report(call.conversation, Party::Bot, Some(operation), breach);
    }

    /// The bot has answered, rejected or redirected the call.
    pub(super) fn takes_call(&mut self, pending: &Pending) {
        let id = pending
            .call
            .as_deref()
            .map(|id| Normal::of(id).into_owned());
        let call = id.and_then(|id| self.calls.get_mut(&id));
        if let Some(call) = call.filter(|_| pending.operation.takes == Taken::Incoming) {
            call.taking = Taking::Accepted;
        }
    }

    /// True if the same request has no answer yet: a bot may send it again when the answer is late.
    fn is_pending(&self, request: &Request) -> bool {
        let mut pending = self.pending.values();
        pending.any(|it| is_same(&it.request, request))
    }
}

/// The place of a request among those that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    First,
    /// It repeats one that was refused for now, or that has no answer yet.
    Again,
}

/// True for the same request, sent again: under any name of its action, whatever its header fields.
pub(super) fn is_same(one: &Request, other: &Request) -> bool {
    one.method == other.method
        && is_same_target(&one.method, &one.target, &other.target)
        && is_same_body(&one.body, &other.body)
}

/// True for bodies that differ at most in the annotations that a serializer numbers anew, such as `$id`.
pub(in crate::judge) fn is_same_body(one: &Body, other: &Body) -> bool {
    one == other
        || match (one, other) {
            (Body::Json(one), Body::Json(other)) => is_same_value(one, other),
            _ => false,
        }
}

fn is_same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(properties), Value::Object(others)) => {
            let says = |(name, value): &(&String, &Value)| !is_annotation(name, value);
            let count = |it: &Map<String, Value>| it.iter().filter(says).count();
            let mut said = properties.iter().filter(says);
            count(properties) == count(others)
                && said.all(|(name, value)| {
                    let other = others.get(name);
                    other.is_some_and(|other| is_same_value(value, other))
                })
        }
        (Value::Array(items), Value::Array(others)) => {
            let mut pairs = items.iter().zip(others);
            items.len() == others.len() && pairs.all(|(one, other)| is_same_value(one, other))
        }
        _ => one == other,
    }
}

/// True for a property by which a serializer names an object or a type. One with contents, such as `$values`, is none.
fn is_annotation(name: &str, value: &Value) -> bool {
    name.starts_with('$') && !value.is_object() && !value.is_array()
}

/// The calls that a body names to be replaced.
pub(super) fn replaced_calls(body: &Value) -> Vec<Normal<'static>> {
    match body {
        Value::Object(properties) => properties
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value.as_str()) {
                ("replacesCallId", Some(call)) => vec![Normal::of(&call_of(call)).into_owned()],
                _ => replaced_calls(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(replaced_calls).collect(),
        _ => Vec::new(),
    }
}

/// The path and the query of the callback that a request gives. `None` if it is no address at all.
pub(super) fn callback_given(parameters: &Value) -> Option<String> {
    let url = lookup(parameters, "callbackUri")?.1.as_str()?;
    is_reachable(url).then(|| path_and_query(url))
}

/// The path and the query of the callback of a call, as the service shows it.
pub(super) fn callback_of(call: &Value) -> Option<String> {
    let url = lookup(call, "callbackUri")?.1.as_str()?;
    Some(path_and_query(url))
}

/// True for an absolute URL. A redacted recording may not show it.
pub(super) fn is_reachable(url: &str) -> bool {
    is_pseudonym(url) || is_absolute(url)
}

/// What programs write for a variable without a value.
const UNSET: [&str; 4] = ["undefined", "null", "None", "[object Object]"];

/// The token of an `Authorization` field: one word that is no placeholder (RFC 6750 section 2.1).
pub(in crate::judge) fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    let is_word = !token.is_empty() && !token.starts_with(['{', '<']);
    let is_one = is_word && (!token.contains(char::is_whitespace) || UNSET.contains(&token));
    (is_one && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}

/// The checks of one request.
pub(super) struct Check {
    pub(super) operation: &'static Operation,
    pub(super) found: Findings,
}

/// The text of a body that is not JSON, and the place of the error.
fn unreadable_text(text: &str) -> (Value, String) {
    let error = json_error(text);
    let message = format!("the body of the request is not JSON: {error}");
    (json!(text), message)
}

/// The only method, or the list of them.
fn one_or_all(methods: &[&str]) -> Value {
    match methods {
        [one] => json!(one),
        all => json!(all),
    }
}

impl Check {
    fn head(&mut self, request: &Request) {
        self.found.check(Requirement::RequestMethod);
        self.found.check(Requirement::RequestToken);
        self.found.check(Requirement::RequestPlausible);
        if request.method != self.operation.request.method {
            let documented = methods(self.operation);
            let message = format!(
                "the path of {} is documented for {}, but the method is {}",
                self.operation.name,
                documented.join(" and "),
                request.method
            );
            self.found.add(
                Requirement::RequestMethod,
                Rule::RequestMethod,
                Pointer::root(),
                (one_or_all(&documented), json!(request.method)),
                message,
            );
        }
        let authorization = request.headers.get("authorization");
        let fields = request.headers.iter();
        let count = fields
            .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            .count();
        let token = authorization.and_then(bearer_token).filter(|_| count == 1);
        let is_unset = |token| UNSET.contains(&token);
        if token.is_some_and(is_unset) {
            self.found.add(
                Requirement::RequestPlausible,
                Rule::RequestHeader,
                Pointer::root(),
                (Value::Null, json!(authorization)),
                "the token looks like an unset variable".to_owned(),
            );
        }
        if path_of(&request.target).contains("//") {
            self.found.add(
                Requirement::RequestPlausible,
                Rule::RequestTarget,
                Pointer::root(),
                (Value::Null, json!(request.target)),
                "the empty segment in the path looks like an unset variable".to_owned(),
            );
        }
        if token.is_none() {
            let message = match count {
                0 | 1 => "the request has no bearer token".to_owned(),
                _ => format!("the request has {count} Authorization fields"),
            };
            self.found.add(
                Requirement::RequestToken,
                Rule::RequestHeader,
                Pointer::root(),
                ("Bearer …".into(), json!(authorization)),
                message,
            );
        }
        let media_type = request.headers.media_type();
        let is_kept = !matches!(request.body, Body::Empty | Body::Omitted(_));
        if is_kept {
            self.found.check(Requirement::RequestMediaType);
        }
        if is_kept && media_type.as_deref() != Some(JSON) {
            self.found.add(
                Requirement::RequestMediaType,
                Rule::RequestHeader,
                Pointer::root(),
                (json!(JSON), json!(media_type)),
                "the media type of the request is not application/json".to_owned(),
            );
        }
    }

    /// The operation is documented in the API version of the path. A bot may read any resource.
    fn version(&mut self, api: Option<&'static str>) {
        let Some(api) = api.filter(|_| !self.operation.is_read()) else {
            return;
        };
        let documented = self.operation.versions();
        self.found.check(Requirement::OperationVersion);
        if !documented.is_empty() && !documented.contains(&api) {
            let documented_in = documented.join(" and ");
            self.found.add(
                Requirement::OperationVersion,
                Rule::RequestTarget,
                Pointer::root(),
                (json!(documented), json!(api)),
                format!(
                    "the request uses {api}, but {} is documented in {documented_in}",
                    self.operation.name
                ),
            );
        }
    }

    /// Checks the body; `None` where it has no parameters.
    fn body<'r>(&mut self, request: &'r Request, edition: Option<&str>) -> Option<&'r Value> {
        let operation = self.operation;
        let parameters = match &request.body {
            Body::Json(value) if value.is_object() => value,
            Body::Omitted(_) => return None,
            Body::Empty if operation.required(edition).all(|it| it.contains('/')) => return None,
            other => {
                let (actual, message) = match other {
                    Body::Text(text) if other.json().is_none() => unreadable_text(text),
                    other => (
                        other.json().cloned().unwrap_or_default(),
                        "the body of the request is not a JSON object".to_owned(),
                    ),
                };
                self.found.add(
                    Requirement::RequestBody,
                    Rule::RequestBody,
                    Pointer::root(),
                    (json!({}), actual),
                    message,
                );
                return None;
            }
        };
        self.found.check(Requirement::RequestBody);
        let compared = body::of_request(operation, parameters);
        self.presence(parameters, edition, &compared);
        if compared.has_types {
            self.found.check(Requirement::RequestType);
        }
        for mismatch in compared.found {
            let breach = mismatch.breach(Part::Request, self.found.exchange);
            self.found.push(breach);
        }
        self.limits(parameters);
        self.phone_numbers(parameters, Path::At(&Pointer::root()));
        self.words(parameters);
        self.callback(parameters);
        Some(parameters)
    }
}
