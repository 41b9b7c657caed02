//! Requests that the service must refuse, without consequences.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{SentRequest, ServiceJudge};
use crate::api::identifier;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Response, is_json, json_error};
use crate::judge::people;
use crate::judge::people::Person;
use crate::judge::record::Breach;
use crate::scenario::format::{RefusalStep, Step};

impl ServiceJudge {
    /// Judges the answer to a request that must be refused. If it is accepted, later steps are not
    /// judged.
    pub(super) fn judge_refusal(
        &mut self,
        step: usize,
        documented: &RefusalStep,
        sent: &Arc<SentRequest>,
        response: &Response,
    ) {
        let requirement = documented.requirement.unwrap_or(Requirement::Refusal);
        self.record.check(Requirement::Refusal);
        self.record.check(requirement);
        if !documented.statuses.contains(&response.status) {
            let how = match response.status {
                400..600 => "not by a status that says why",
                _ => "and was to be refused",
            };
            let message = format!("the request was answered {}, {how}", response.status);
            self.record.report(Breach::new(
                requirement,
                Rule::ResponseStatus,
                Some(step),
                json!(documented.statuses),
                json!(response.status),
                message,
            ));
            self.held.clear();
            self.stop();
            return;
        }
        self.judge_error(step, response);
        self.record.check(Requirement::RefusalNoSequel);
        self.refused.push(Arc::clone(sent));
    }

    /// Requires an error object in a refusal with a JSON body or media type.
    fn judge_error(&mut self, step: usize, response: &Response) {
        let is_said = response.headers.media_type().is_some_and(|it| is_json(&it));
        let body = match &response.body {
            Body::Json(body) => body,
            Body::Text(text) if is_said => {
                let error = json_error(text);
                let message = format!("the body of the refusal is no JSON: {error}");
                self.error_breach(step, Pointer::root(), &json!(text), message);
                return;
            }
            Body::Empty | Body::Text(_) | Body::Bytes(_) | Body::Omitted(_) => return,
        };
        self.record.check(Requirement::RefusalError);
        let at = Pointer::root().key("error");
        let error = body.get("error").unwrap_or(&Value::Null);
        if !error.is_object() {
            let message = "the refusal has no error object".to_owned();
            self.error_breach(step, at, error, message);
            return;
        }
        for name in ["code", "message"] {
            let value = error.get(name).unwrap_or(&Value::Null);
            if value.as_str().is_none_or(str::is_empty) {
                let message = format!("the error's {name} is no text that says something");
                self.error_breach(step, at.key(name), value, message);
            }
        }
    }

    fn error_breach(&mut self, step: usize, at: Pointer, actual: &Value, message: String) {
        let expected = match at.as_str() {
            "" | "/error" => json!({"error": {"code": "…", "message": "…"}}),
            _ => json!("a text that is not empty"),
        };
        let breach = Breach::new(
            Requirement::RefusalError,
            Rule::ResponseBody,
            Some(step),
            expected,
            actual.clone(),
            message,
        );
        self.record.report(breach.at(at));
    }

    /// True if a notification is about an operation or people of a refused request only.
    pub(super) fn concerns_refused_request(&self, change: &Change<'_>) -> bool {
        let sent = self.sent.as_ref().filter(|_| !self.was_refused());
        let context_and_people = |of: &SentRequest| {
            let context = lookup(of.body(), "clientContext").and_then(|(_, it)| it.as_str());
            (context.map(str::to_owned), of.people.clone())
        };
        let (context, people) = sent.map(|it| context_and_people(it)).unwrap_or_default();
        self.refused.iter().any(|refused| {
            let (refused_context, refused_people) = context_and_people(refused);
            let is_among =
                |who: &Person, people: &[Person]| people.iter().any(|it| is_same(it, who));
            let mut only_refused = refused_people.iter().filter(|who| !is_among(who, &people));
            match change.subject {
                Subject::Operation => entities(change.data()).any(|entity| {
                    let actual_context =
                        lookup(entity, "clientContext").and_then(|(_, it)| it.as_str());
                    let is_its_own = refused_context != context && actual_context.is_some();
                    is_its_own && actual_context == refused_context.as_deref()
                        || only_refused.any(|who| is_among(who, &people::people(entity)))
                }),
                Subject::Roster => only_refused
                    .any(|who| people::member_naming(change.data(), who, None).is_some()),
                Subject::Call | Subject::Other => false,
            }
        })
    }

    /// True if an outstanding request must be refused: notifications about operations and people
    /// are judged after its answer.
    pub(super) fn expects_refusal(&self) -> bool {
        let answer = self.outstanding.as_ref().and_then(|it| it.answer);
        let step = answer.and_then(|answer| self.record.steps().get(answer));
        matches!(step, Some(Step::Refusal(_)))
    }

    pub(super) fn follows_a_refusal(&mut self, change: &Change<'_>, at: &Pointer) {
        let breach = Breach::new(
            Requirement::RefusalNoSequel,
            Rule::NotificationUnexpected,
            None,
            Value::Null,
            change.entry.clone(),
            "a notification tells of what was refused".into(),
        );
        self.record.report(breach.at(at.clone()));
    }

    /// The requirement that an unexpected notification breaks.
    pub(super) fn requirement_of_silence(&self) -> Requirement {
        if self.was_refused() {
            Requirement::RefusalNoSequel
        } else {
            Requirement::NotificationAbout
        }
    }

    fn was_refused(&self) -> bool {
        let last = self.sent.as_ref().map(|sent| sent.step);
        self.refused.last().is_some_and(|it| Some(it.step) == last)
    }
}

/// True for the same person, regardless of the replaced call.
fn is_same(one: &Person, other: &Person) -> bool {
    one.kind == other.kind && identifier::same(&one.id, &other.id)
}
