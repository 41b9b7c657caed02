//! Answers of a service.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{SentRequest, ServiceJudge};
use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{Shape, lookup};
use crate::diagnostic::pointer::{Path, Pointer};
use crate::http::message::{Body, Response};
use crate::judge::compare::{Mismatch, Rules, compare};
use crate::judge::page::{ANSWER, Answer};
use crate::judge::record::{Breach, text, unreadable};
use crate::judge::verdict::TrafficMessage;
use crate::scenario::format::{RequestStep, ResponseStep, Step};

impl ServiceJudge {
    /// Judges an answer, and binds its ids.
    pub(super) fn on_answer(&mut self, response: &Arc<Response>) {
        let at = self.answer_step();
        let answer = self.outstanding.take().and_then(|o| o.answer);
        let message = TrafficMessage::Response(Arc::clone(response));
        self.record.traffic(Party::Service, at, message);
        self.record.check(Requirement::AnswerArrives);
        self.record.check(Requirement::ServiceTransport);
        if let Some((step, sent)) = answer.zip(self.sent.clone()) {
            self.judge_answer(step, &sent, response);
        }
        self.review_rosters();
        for arrival in std::mem::take(&mut self.held) {
            self.on_entry(&arrival);
        }
    }

    fn judge_answer(&mut self, step: usize, sent: &Arc<SentRequest>, response: &Response) {
        let scenario = Arc::clone(&self.record.case.scenario);
        let steps = &scenario.script.steps;
        if let Some(Step::Refusal(refusal)) = steps.get(step) {
            self.judge_refusal(step, refusal, sent, response);
            return;
        }
        let (Some(Step::Response(documented)), Some(Step::Request(request))) =
            (steps.get(step), steps.get(sent.step))
        else {
            return;
        };
        let case = self.record.case.clone();
        let key = &case.outline().step(sent.step).key;
        let Some(alternative) = self.alternative(step, documented, key, response) else {
            self.held.clear();
            self.stop();
            return;
        };
        self.judge_media_type(step, &alternative, response);
        self.judge_body(step, &alternative, key, response);
        self.bind_answer(step, documented, sent, response);
        self.judge_location(step, &alternative, request, sent, response);
    }

    /// The documented answer with this status; of several, the best match.
    fn alternative(
        &mut self,
        step: usize,
        documented: &ResponseStep,
        request: &str,
        response: &Response,
    ) -> Option<Answer> {
        let literal = self.record.options.literal;
        let page = Arc::clone(&self.record.case.page);
        let of_page = page.answers(request).iter();
        let candidates: Vec<&Answer> = of_page
            .filter(|answer| !literal || answer.line == documented.line)
            .collect();
        let requirement = documented.requirement.unwrap_or(Requirement::AnswerStatus);
        self.record.check(Requirement::AnswerStatus);
        self.record.check(requirement);
        let has_body = !response.body.is_empty();
        let has_location = response.headers.get("location").is_some();
        let best = candidates
            .iter()
            .filter(|answer| answer.status == response.status)
            .max_by_key(|answer| {
                (
                    answer.has_body == has_body,
                    answer.line == documented.line,
                    answer.has_location == has_location,
                )
            });
        if let Some(best) = best {
            if best.line != documented.line {
                self.record.note(format!(
                    "the answer follows another documented alternative: {} at {}:{}",
                    best.status,
                    self.record.script().source,
                    best.line
                ));
            }
            return Some((*best).clone());
        }
        let mut statuses: Vec<u16> = candidates.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let expected = match statuses.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let mut breach = Breach::new(
            requirement,
            Rule::ResponseStatus,
            Some(step),
            expected,
            json!(response.status),
            format!("the answer has status {}", response.status),
        );
        breach.line = Some(documented.line);
        self.record.report(breach);
        None
    }

    fn judge_media_type(&mut self, step: usize, alternative: &Answer, response: &Response) {
        let Some(documented) = &alternative.media_type else {
            return;
        };
        if !alternative.has_body || response.body.is_empty() {
            return;
        }
        self.record.check(Requirement::AnswerMediaType);
        let actual = response.headers.media_type();
        if actual.as_ref() != Some(documented) {
            self.record.report(Breach::new(
                Requirement::AnswerMediaType,
                Rule::ResponseHeader,
                Some(step),
                json!(documented),
                text(actual.as_deref()),
                format!(
                    "Content-Type is {}, documented is {documented}",
                    actual.as_deref().unwrap_or("missing")
                ),
            ));
        }
    }

    fn judge_body(
        &mut self,
        step: usize,
        alternative: &Answer,
        request: &str,
        response: &Response,
    ) {
        let page = Arc::clone(&self.record.case.page);
        self.record.check(Requirement::AnswerBody);
        let shape = page.answer_body(request, alternative.status);
        match (&response.body, shape) {
            (Body::Json(body), Some(shape)) if alternative.has_body => {
                let given = self.sent.clone();
                let rules = Rules {
                    of_bot: false,
                    given: &|name| given.as_ref().is_some_and(|sent| sent.gives(name)),
                    odata_types: &|place| page.odata_types(ANSWER, place),
                };
                let mut found = compare(shape, body, rules, &Pointer::root());
                if self.misnames(body) {
                    drop_below(&mut found, &Pointer::root().key("participants"));
                }
                let line = Some(alternative.line);
                self.record.report_all(
                    found,
                    Rule::ResponseBody,
                    Requirement::AnswerBody,
                    Some(step),
                    line,
                );
                self.judge_status_word(step, body);
            }
            (Body::Empty, _) if !alternative.has_body => {}
            (_, _) if !alternative.has_body => {
                let is_mix = page
                    .answers(request)
                    .iter()
                    .any(|other| other.has_body && other.status != alternative.status);
                if is_mix {
                    self.body_breach(
                        step,
                        Value::Null,
                        response.body.json().cloned().unwrap_or_default(),
                        "the answer has a body: documented alternatives are not to be mixed".into(),
                    );
                }
            }
            (Body::Empty, shape) => {
                let sample = shape.map_or(Value::Null, Shape::sample);
                self.body_breach(step, sample, Value::Null, "the answer has no body".into());
            }
            (Body::Json(_), _) | (Body::Text(_), None) => {}
            (other, _) => {
                let (actual, message) = unreadable(other);
                self.body_breach(step, json!("JSON"), actual, message);
            }
        }
    }

    fn body_breach(&mut self, step: usize, expected: Value, actual: Value, message: String) {
        self.record.report(Breach::new(
            Requirement::AnswerBody,
            Rule::ResponseBody,
            Some(step),
            expected,
            actual,
            message,
        ));
    }

    /// Requires that a new operation has not ended: notifications follow.
    fn judge_status_word(&mut self, step: usize, body: &Value) {
        let Some((_, Value::String(status))) = lookup(body, "status") else {
            return;
        };
        let is_over = ["completed", "failed"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(status));
        let waits_for_end = self
            .expected
            .iter()
            .any(|e| e.subject == crate::contract::change::Subject::Operation);
        if is_over && (waits_for_end || status.eq_ignore_ascii_case("failed")) {
            let message = format!("the operation is {status} before it has run");
            let breach = Breach::new(
                Requirement::AnswerBody,
                Rule::ResponseBody,
                Some(step),
                json!(["notStarted", "running"]),
                json!(status),
                message,
            );
            self.record.report(breach.at(Pointer::root().key("status")));
        }
    }

    /// Binds the operation, the client context and the people of the body; of a body that is not an
    /// operation, every variable of the example.
    fn bind_answer(
        &mut self,
        step: usize,
        documented: &ResponseStep,
        sent: &SentRequest,
        response: &Response,
    ) {
        let Some(body) = response.body.json() else {
            return;
        };
        if sent.operation.is_none() {
            if let Some(template) = documented.body.json()
                && documented.status == response.status
            {
                self.correlate(step, template, body, Path::At(&Pointer::root()));
            }
            return;
        }
        match (&sent.operation, lookup(body, "id")) {
            (Some(_), Some((_, Value::String(id)))) if id.is_empty() => {
                let breach = Breach::new(
                    Requirement::AnswerBody,
                    Rule::ResponseBody,
                    Some(step),
                    json!("an id, which is never empty"),
                    json!(id),
                    "the id of the operation is empty".into(),
                );
                self.record.report(breach.at(Pointer::root().key("id")));
            }
            (Some(variable), Some((_, Value::String(id)))) => {
                self.bind_operation(step, variable, id, Pointer::root().key("id"));
            }
            _ => {}
        }
        self.judge_context(step, body, &Pointer::root());
        self.judge_people(step, body, &Pointer::root());
    }

    /// Binds the operation of the request to its first id, and compares later ids with it.
    fn bind_operation(&mut self, step: usize, variable: &str, id: &str, at: Pointer) {
        self.record.check(Requirement::OperationIdentity);
        match self.record.bindings.get(variable).map(str::to_owned) {
            None => self.record.bindings.bind(variable, id),
            Some(bound) if identifier::same(&bound, id) => {}
            Some(bound) => {
                let message = format!("the operation is {id}, and {bound} elsewhere");
                let breach = Breach::new(
                    Requirement::OperationIdentity,
                    Rule::Correlation,
                    Some(step),
                    json!(bound),
                    json!(id),
                    message,
                );
                self.record.report(breach.at(at));
            }
        }
    }

    fn judge_location(
        &mut self,
        step: usize,
        alternative: &Answer,
        request: &RequestStep,
        sent: &SentRequest,
        response: &Response,
    ) {
        let case = self.record.case.clone();
        let key = &case.outline().step(sent.step).key;
        let is_required = case
            .page
            .answers(key)
            .iter()
            .filter(|answer| answer.status == alternative.status)
            .all(|answer| answer.has_location);
        let Some(location) = response.headers.get("location") else {
            self.record.check(Requirement::AnswerLocation);
            if is_required {
                self.record.report(Breach::new(
                    Requirement::AnswerLocation,
                    Rule::ResponseHeader,
                    Some(step),
                    json!("Location"),
                    Value::Null,
                    "Location is missing: every documented example of this answer shows it".into(),
                ));
            }
            return;
        };
        match Resource::parse(location) {
            Some(Resource::Operation { call, operation }) if sent.operation.is_some() => {
                if let Some(variable) = self.operation_in_location(step, sent) {
                    self.bind_operation(step, &variable, &operation, Pointer::root());
                }
                self.judge_call_of_location(step, request, &call, location);
            }
            Some(Resource::Call(call)) if self.makes_a_call(step) => {
                self.bind_made_call(step, &call);
            }
            _ if sent.operation.is_some() || self.makes_a_call(step) => {
                let made = if sent.operation.is_some() {
                    "operation"
                } else {
                    "call"
                };
                self.record.report(Breach::new(
                    Requirement::AnswerLocation,
                    Rule::ResponseHeader,
                    Some(step),
                    json!(format!("the address of the {made}")),
                    json!(location),
                    format!("Location does not name the {made} that was made"),
                ));
            }
            _ => {}
        }
    }

    /// The variable of the operation in `Location`; in a literal run, the printed one.
    fn operation_in_location(&self, step: usize, sent: &SentRequest) -> Option<String> {
        if !self.record.options.literal {
            return sent.operation.clone();
        }
        match Resource::parse(self.documented_location(step)?)? {
            Resource::Operation { operation, .. } => {
                template::sole_variable(&operation).map(str::to_owned)
            }
            _ => None,
        }
    }

    fn documented_location(&self, step: usize) -> Option<&str> {
        self.record.steps()[step]
            .fields()
            .find(|(name, _)| name.eq_ignore_ascii_case("location"))
            .map(|(_, location)| location.as_str())
    }

    fn judge_call_of_location(
        &mut self,
        step: usize,
        request: &RequestStep,
        call: &str,
        location: &str,
    ) {
        let target = self.record.bindings.fill(&request.target);
        let sent = Resource::parse(&target);
        let Some(expected) = sent.as_ref().and_then(Resource::call) else {
            return;
        };
        if self.record.options.literal {
            return;
        }
        self.record.check(Requirement::CallIdentity);
        if !identifier::same(expected, call) {
            let message = format!("Location names the call {call}, asked was for {expected}");
            self.record.report(Breach::new(
                Requirement::CallIdentity,
                Rule::Correlation,
                Some(step),
                json!(expected),
                json!(location),
                message,
            ));
        }
    }

    /// The variable of the call in the documented `Location` of a step.
    fn made_call(&self, step: usize) -> Option<String> {
        match Resource::parse(self.documented_location(step)?)? {
            Resource::Call(call) => template::sole_variable(&call).map(str::to_owned),
            _ => None,
        }
    }

    fn makes_a_call(&self, step: usize) -> bool {
        self.made_call(step).is_some()
    }

    fn bind_made_call(&mut self, step: usize, call: &str) {
        let Some(variable) = self.made_call(step) else {
            return;
        };
        match self.record.bindings.get(&variable).map(str::to_owned) {
            None => self.record.bindings.bind(&variable, call),
            Some(bound) if identifier::same(&bound, call) => {}
            Some(bound) => self.record.report(Breach::new(
                Requirement::CallIdentity,
                Rule::Correlation,
                Some(step),
                json!(bound),
                json!(call),
                format!("Location names the call {call}, its notifications name {bound}"),
            )),
        }
    }
}

/// Drops mismatches below a place that another failure reports.
pub(super) fn drop_below(found: &mut Vec<Mismatch>, place: &Pointer) {
    found.retain(|mismatch| {
        let below = mismatch.pointer.as_str().strip_prefix(place.as_str());
        !below.is_some_and(|it| it.starts_with('/'))
    });
}

/// True if a body has a property of that name at any depth, and not as null.
pub(super) fn gives(body: &Value, name: &str) -> bool {
    match body {
        Value::Object(properties) => properties
            .iter()
            .any(|(other, value)| (other == name && !value.is_null()) || gives(value, name)),
        Value::Array(items) => items.iter().any(|item| gives(item, name)),
        _ => false,
    }
}
