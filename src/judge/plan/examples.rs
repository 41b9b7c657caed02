//! The examples of the page: the plan compares each documented message with them.
//!
//! With a monitor, the examples add two checks: the properties that every example shows, and the JSON types of
//! properties that the contract does not list. Without a monitor, in a literal run or for an API outside of the
//! contract, they are the only basis: for statuses, heads, bodies, and values that must agree.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::api::template;
use crate::contract::change::{Change, Subject};
use crate::contract::operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::http::message::{Body, Request, Response, media_type};
use crate::judge::bindings;
use crate::judge::bindings::correlates;
use crate::judge::compare::{Mismatch, MismatchKind, Rules, compare};
use crate::judge::monitor::bearer_token;
use crate::judge::outline::Entry;
use crate::judge::page::{ANSWER, Answer, family_of_subject};
use crate::judge::people::people;
use crate::judge::record::{Breach, Record, text, unreadable};
use crate::scenario::format::{Kind, NotificationStep, RequestStep, ResponseStep, Step};

/// How a plan uses the examples of its page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Examples {
    /// No monitor judges the messages.
    pub is_alone: bool,
}

/// What a mismatch in a body breaks.
#[derive(Debug, Clone, Copy)]
struct Broken {
    body: Requirement,
    /// The requirement of what is absent.
    shown: Requirement,
    rule: Rule,
    step: usize,
    line: Option<usize>,
}

impl Examples {
    /// Compares the body of a bot's request with the examples of that request.
    pub(super) fn request(
        self,
        record: &mut Record,
        at: usize,
        step: &RequestStep,
        actual: &Request,
    ) {
        let case = record.case.clone();
        let Some(shape) = case.page.request_body(&case.outline().step(at).key) else {
            return;
        };
        let Some(body) = actual.body.json() else {
            if self.is_alone {
                Self::request_without_json(record, at, step, actual);
            }
            return;
        };
        record.check(Requirement::RequestShown);
        let rules = Rules {
            of_bot: true,
            given: &|_| false,
            echoes: &[],
            odata_types: &|_| Vec::new(),
        };
        let found = compare(shape, body, rules, &Pointer::root());
        let broken = Broken {
            body: Requirement::RequestBody,
            shown: Requirement::RequestShown,
            rule: Rule::RequestBody,
            step: at,
            line: None,
        };
        self.report(record, found, broken);
        if let (true, Some(template)) = (self.is_alone, step.body.json()) {
            let root = Pointer::root();
            Self::correlate(
                record,
                at,
                (template, body),
                Path::At(&root),
                Requirement::IdsUnchanged,
            );
        }
    }

    fn request_without_json(record: &mut Record, at: usize, step: &RequestStep, actual: &Request) {
        if step.body.json().is_none() {
            return;
        }
        let (value, message) = match &actual.body {
            Body::Empty => (Value::Null, "the request has no body".to_owned()),
            other => unreadable(other),
        };
        record.report(Breach::new(
            Requirement::RequestBody,
            Rule::RequestBody,
            Some(at),
            json!({}),
            value,
            message,
        ));
    }

    /// Compares an answer, documented at a step, with the examples of answers to a request. Returns false for a status
    /// that is none of theirs, where they are alone.
    pub(super) fn answer(
        self,
        record: &mut Record,
        (at, step): (usize, &ResponseStep),
        (request, sent): (usize, &Request),
        response: &Response,
    ) -> bool {
        let case = record.case.clone();
        let key = &case.outline().step(request).key;
        let is_literal = record.options.literal;
        let candidates = case.page.answers(key).iter();
        let candidates: Vec<&Answer> = candidates
            .filter(|answer| !is_literal || answer.line == step.line)
            .collect();
        let has_body = !response.body.is_empty();
        let best = candidates
            .iter()
            .filter(|answer| answer.status == response.status)
            .max_by_key(|answer| (answer.has_body == has_body, answer.line == step.line));
        if best.is_none() && self.is_alone {
            Self::other_status(record, (at, step), &candidates, response);
            return false;
        }
        if response.status != step.status || has_body == step.body.is_empty() {
            record.note(format!(
                "the response is another documented alternative: {}",
                response.status
            ));
        }
        if let Some(best) = best {
            // The contract requires a `Location` only if nothing else names the created resource.
            if self.is_alone {
                Self::answer_alone(record, at, best, response);
                Self::location(record, at, &candidates, response);
            }
        }
        // What a read shows depends on what made the resource.
        let found = operation::of_request(&sent.method, &sent.target);
        let is_read = found.is_some_and(|(operation, _)| operation.is_read());
        let shape = case.page.answer_body(key, response.status);
        let shape = shape.filter(|_| self.is_alone || !is_read);
        if let (Some(shape), Some(body)) = (shape, response.body.json()) {
            record.check(Requirement::MessageShown);
            let rules = Rules {
                of_bot: false,
                given: &|name| sent.body.json().is_some_and(|body| gives(body, name)),
                echoes: found.map_or(&[], |(operation, _)| &operation.echoes),
                odata_types: &|place| case.page.odata_types(ANSWER, place),
            };
            let found = compare(shape, body, rules, &Pointer::root());
            let broken = Broken {
                body: Requirement::AnswerBody,
                shown: Requirement::MessageShown,
                rule: Rule::ResponseBody,
                step: at,
                line: best.map(|it| it.line),
            };
            self.report(record, found, broken);
        }
        if let (true, Some(template), Some(body)) =
            (self.is_alone, step.body.json(), response.body.json())
            && response.status == step.status
        {
            let root = Pointer::root();
            Self::correlate(
                record,
                at,
                (template, body),
                Path::At(&root),
                Requirement::ValuesCorrelate,
            );
        }
        true
    }

    fn other_status(
        record: &mut Record,
        (at, step): (usize, &ResponseStep),
        candidates: &[&Answer],
        response: &Response,
    ) {
        let mut statuses: Vec<u16> = candidates.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let mut breach = Breach::new(
            step.requirement.unwrap_or(Requirement::AnswerStatus),
            Rule::ResponseStatus,
            Some(at),
            json!(statuses),
            json!(response.status),
            format!("the status of the response is {}", response.status),
        );
        breach.line = Some(step.line);
        record.report(breach);
    }

    /// The media type of an answer, and whether it has a body.
    fn answer_alone(record: &mut Record, at: usize, documented: &Answer, response: &Response) {
        let report = |record: &mut Record, requirement, rule, (expected, actual), message| {
            let breach = Breach::new(requirement, rule, Some(at), expected, actual, message);
            record.report(breach);
        };
        record.check(Requirement::AnswerBody);
        let actual = response.headers.media_type();
        if !documented.has_body {
            return;
        }
        if let Some(wanted) = &documented.media_type
            && !response.body.is_empty()
        {
            record.check(Requirement::AnswerMediaType);
            if actual.as_ref() != Some(wanted) {
                let message = format!("the media type is not the documented {wanted}");
                let values = (json!(wanted), text(actual.as_deref()));
                let rule = Rule::ResponseHeader;
                report(record, Requirement::AnswerMediaType, rule, values, message);
            }
        }
        let is_json = documented
            .media_type
            .as_deref()
            .is_none_or(crate::http::message::is_json);
        let (value, message) = match &response.body {
            Body::Empty => (Value::Null, "the response has no body".to_owned()),
            Body::Json(_) => return,
            _ if !is_json => return,
            other => unreadable(other),
        };
        let values = (json!("the documented body"), value);
        report(
            record,
            Requirement::AnswerBody,
            Rule::ResponseBody,
            values,
            message,
        );
    }

    /// A `Location` that every example of this answer shows.
    fn location(record: &mut Record, at: usize, candidates: &[&Answer], response: &Response) {
        let mut of_status = candidates.iter().filter(|it| it.status == response.status);
        let is_shown = of_status.all(|answer| answer.has_location);
        if is_shown {
            record.check(Requirement::MessageShown);
        }
        let is_missing = is_shown && response.headers.get("location").is_none();
        let rule = Rule::ResponseHeader;
        if is_missing && !record.is_reported(at, &[rule], &Pointer::root()) {
            record.report(Breach::new(
                Requirement::MessageShown,
                rule,
                Some(at),
                json!("Location"),
                Value::Null,
                "Location is missing, but every documented example of this response has it".into(),
            ));
        }
    }

    /// Compares the head of a notification with that of a step.
    pub(super) fn head(self, record: &mut Record, at: Option<usize>, request: &Request) {
        let steps = record.steps();
        let prints_token = |step: &Step| {
            let mut fields = step.fields();
            matches!(step, Step::Notification(_))
                && fields.any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        };
        let has_token = steps.iter().any(prints_token);
        let documented = at.and_then(|at| match &steps[at] {
            Step::Notification(step) => Some((at, documented_head(step))),
            _ => None,
        });
        if has_token {
            record.check(Requirement::NotificationToken);
            let token = request.headers.get("authorization");
            if token.and_then(bearer_token).is_none() {
                record.report(Breach::new(
                    Requirement::NotificationToken,
                    Rule::NotificationHeader,
                    at,
                    json!("Bearer …"),
                    text(token),
                    "the notification has no bearer token, but the page prints one".into(),
                ));
            }
        }
        let Some((at, (method, wanted))) = documented.filter(|_| self.is_alone) else {
            return;
        };
        record.check(Requirement::NotificationMethod);
        record.check(Requirement::NotificationMediaType);
        if request.method != method {
            record.report(Breach::new(
                Requirement::NotificationMethod,
                Rule::NotificationMethod,
                Some(at),
                json!(method),
                json!(request.method),
                format!("the notification is a {}", request.method),
            ));
        }
        let actual = request.headers.media_type();
        if actual.as_ref() != Some(&wanted) {
            record.report(Breach::new(
                Requirement::NotificationMediaType,
                Rule::NotificationHeader,
                Some(at),
                json!(wanted),
                text(actual.as_deref()),
                format!("the media type of the notification is not {wanted}"),
            ));
        }
    }

    /// Compares an entry of a notification, or a whole one that has no entries, with the examples of its kind.
    pub(super) fn entry(
        self,
        record: &mut Record,
        expected: &Entry,
        change: &Change<'_>,
        at: &Pointer,
        sent: Option<&Request>,
    ) {
        let is_operation = matches!(change.subject, Subject::Operation | Subject::Other);
        let page = Arc::clone(if self.is_alone || is_operation {
            &record.case.page
        } else {
            &record.case.pages
        });
        let root = family_of_subject(change.subject);
        let shape = if expected.is_whole() {
            Some(page.envelope())
        } else {
            page.entry(&expected.kind)
        };
        if let Some(shape) = shape {
            record.check(Requirement::MessageShown);
            let found = sent.and_then(|sent| operation::of_request(&sent.method, &sent.target));
            let rules = Rules {
                of_bot: false,
                given: &|name| {
                    let body = sent.and_then(|sent| sent.body.json());
                    body.is_some_and(|body| gives(body, name))
                },
                echoes: found.map_or(&[], |(operation, _)| &operation.echoes),
                odata_types: &|place| page.odata_types(root, place),
            };
            let mut found = compare(shape, change.entry, rules, at);
            for member in uninvited(change, at, sent) {
                found.retain(|mismatch| !member.contains(&mismatch.pointer));
            }
            let broken = Broken {
                body: Requirement::NotificationBody,
                shown: Requirement::MessageShown,
                rule: Rule::NotificationBody,
                step: expected.step,
                line: Some(expected.line),
            };
            self.report(record, found, broken);
        }
        if self.is_alone {
            let pair = (&expected.template, change.entry);
            Self::correlate(
                record,
                expected.step,
                pair,
                Path::At(at),
                Requirement::ValuesCorrelate,
            );
        }
    }

    fn report(self, record: &mut Record, found: Vec<Mismatch>, broken: Broken) {
        for mismatch in found {
            let requirement = match mismatch.kind {
                MismatchKind::Missing => broken.shown,
                MismatchKind::Type | MismatchKind::Time => broken.body,
                MismatchKind::Word if self.is_alone => broken.body,
                MismatchKind::OdataType if self.is_alone => Requirement::TypeKind,
                MismatchKind::Word | MismatchKind::OdataType => continue,
            };
            if !self.is_alone && record.is_reported(broken.step, &[broken.rule], &mismatch.pointer)
            {
                continue;
            }
            let Mismatch {
                pointer,
                kind,
                expected,
                actual,
            } = mismatch;
            let message = kind.describe(&pointer, &expected, &actual);
            let step = Some(broken.step);
            let mut breach = Breach::new(requirement, broken.rule, step, expected, actual, message);
            breach.line = broken.line;
            record.report(breach.at(pointer));
        }
    }

    /// Binds each variable of an example to its first value, and compares later values with it. Members of arrays are
    /// compared in order.
    fn correlate(
        record: &mut Record,
        step: usize,
        (template, actual): (&Value, &Value),
        at: Path<'_>,
        requirement: Requirement,
    ) {
        match (template, actual) {
            (Value::Object(properties), Value::Object(_)) => {
                for (name, template) in properties {
                    if let Some((written, value)) = lookup(actual, name) {
                        let below = Path::Key(&at, written);
                        Self::correlate(record, step, (template, value), below, requirement);
                    }
                }
            }
            (Value::Array(templates), Value::Array(items)) => {
                for (index, pair) in templates.iter().zip(items).enumerate() {
                    Self::correlate(record, step, pair, Path::Index(&at, index), requirement);
                }
            }
            (Value::String(template), Value::String(actual)) => {
                let Some(name) = template::sole_variable(template) else {
                    return;
                };
                Self::correlate_text(record, step, (name, actual), at, requirement);
            }
            _ => {}
        }
    }

    fn correlate_text(
        record: &mut Record,
        step: usize,
        (name, actual): (&str, &str),
        at: Path<'_>,
        requirement: Requirement,
    ) {
        let kind = record.bindings.kind(name);
        let is_compared = if record.options.literal {
            matches!(kind, Kind::Context | Kind::Operation)
        } else {
            correlates(kind)
        };
        let is_own_choice = kind == Kind::Context && requirement == Requirement::IdsUnchanged;
        record.check(requirement);
        let bound = record.bindings.get(name).map(str::to_owned);
        match bound.filter(|_| !is_own_choice) {
            None => record.bindings.bind(name, actual),
            Some(_) if !is_compared => {}
            Some(bound) if bindings::same(kind, &bound, actual) => {}
            Some(bound) => {
                let breach = Breach::new(
                    requirement,
                    Rule::Correlation,
                    Some(step),
                    json!(bound),
                    json!(actual),
                    format!("{{{name}}} is {actual}, but {bound} in other messages"),
                );
                record.report(breach.at(at.pointer()));
            }
        }
    }
}

/// True if the page prints an `@odata.type` of a service's message for that kind of object: it is newer than the contract.
pub(super) fn prints_type(record: &Record, breach: &Breach) -> bool {
    let place: Vec<&str> = breach
        .pointer
        .as_str()
        .split('/')
        .filter(|name| !matches!(*name, "" | "value" | "@odata.type"))
        .filter(|name| !name.bytes().all(|it| it.is_ascii_digit()))
        .collect();
    let roots: &[&str] = match breach.rule {
        Rule::ResponseBody => &[ANSWER],
        _ => &["call", "operation", "participant"],
    };
    let name = |text: &str| text.rsplit(['.', '#']).next().map(str::to_owned);
    let actual = breach.actual.as_str().and_then(name);
    roots.iter().any(|root| {
        let printed = record.case.page.odata_types(root, &place);
        printed.iter().any(|it| name(it) == actual)
    })
}

/// The method and the media type of a documented notification.
fn documented_head(step: &NotificationStep) -> (String, String) {
    let is_media_type = |name: &str| name.eq_ignore_ascii_case("content-type");
    let documented = step.headers.iter().find(|(name, _)| is_media_type(name));
    let documented = documented.map_or("application/json", |(_, value)| value);
    (step.method.clone(), media_type(documented).into_owned())
}

/// The places of the members of a roster whom the request does not name: no example shows them.
fn uninvited(change: &Change<'_>, at: &Pointer, sent: Option<&Request>) -> Vec<Pointer> {
    let invited = sent.and_then(|sent| sent.body.json()).map(people);
    let invited = invited.unwrap_or_default();
    let (Subject::Roster, Value::Array(members)) = (change.subject, change.data()) else {
        return Vec::new();
    };
    if invited.is_empty() {
        return Vec::new();
    }
    let data = at.key("resourceData");
    let is_invited = |member: &Value| {
        let identity = member.pointer("/info/identity").and_then(Value::as_object);
        let mut kinds = identity.into_iter().flat_map(Map::keys);
        kinds.any(|kind| {
            let identity = &member["info"]["identity"];
            invited.iter().any(|it| it.is_named_under(identity, kind))
        })
    };
    let members = members.iter().enumerate();
    let others = members.filter(|(_, member)| !is_invited(member));
    others.map(|(index, _)| data.index(index)).collect()
}

/// True if a body has a property of that name at any depth, and not as null.
fn gives(body: &Value, name: &str) -> bool {
    match body {
        Value::Object(properties) => properties
            .iter()
            .any(|(other, value)| (other == name && !value.is_null()) || gives(value, name)),
        Value::Array(items) => items.iter().any(|item| gives(item, name)),
        _ => false,
    }
}
