//! A request that the service refuses, and that nothing follows from it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Asked, ServiceJudge};
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
    /// Judges the answer to a request that is to be refused. Where it is not, what would follow is
    /// not judged.
    pub(super) fn judge_refusal(
        &mut self,
        step: usize,
        documented: &RefusalStep,
        asked: &Arc<Asked>,
        response: &Response,
    ) {
        let requirement =
            Requirement::named(documented.requirement.as_deref(), Requirement::Refusal);
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
        self.refused.push(Arc::clone(asked));
    }

    /// A refusal whose body is JSON, or said to be, has an error object.
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

    /// Whether a notification tells of an operation, or of people, that a refused request asked
    /// for and no other did.
    pub(super) fn tells_of_what_was_refused(&self, change: &Change<'_>) -> bool {
        let asked = self.asked.as_ref().filter(|_| !self.was_refused());
        let asked_for = |of: &Asked| {
            let context = lookup(of.body(), "clientContext").and_then(|(_, it)| it.as_str());
            (context.map(str::to_owned), of.people.clone())
        };
        let (context, people) = asked.map(|it| asked_for(it)).unwrap_or_default();
        self.refused.iter().any(|refused| {
            let (refused_context, refused_people) = asked_for(refused);
            let is_among =
                |who: &Person, people: &[Person]| people.iter().any(|it| is_same(it, who));
            let mut only_refused = refused_people.iter().filter(|who| !is_among(who, &people));
            match change.subject {
                Subject::Operation => entities(change.data()).any(|entity| {
                    let told = lookup(entity, "clientContext").and_then(|(_, it)| it.as_str());
                    let is_its_own = refused_context != context && told.is_some();
                    is_its_own && told == refused_context.as_deref()
                        || only_refused.any(|who| is_among(who, &people::people(entity)))
                }),
                Subject::Roster => only_refused
                    .any(|who| people::member_naming(change.data(), who, None).is_some()),
                Subject::Call | Subject::Other => false,
            }
        })
    }

    /// Whether a request is under way that is to be refused: what tells of operations and people
    /// meanwhile can be judged when it has been.
    pub(super) fn awaits_a_refusal(&self) -> bool {
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

    /// The requirement that a notification breaks which nothing asks for.
    pub(super) fn requirement_of_silence(&self) -> Requirement {
        if self.was_refused() {
            Requirement::RefusalNoSequel
        } else {
            Requirement::NotificationAbout
        }
    }

    /// Whether the last request was refused.
    fn was_refused(&self) -> bool {
        let last = self.asked.as_ref().map(|asked| asked.step);
        self.refused.last().is_some_and(|it| Some(it.step) == last)
    }
}

/// Whether two are one, whatever call either replaces.
fn is_same(one: &Person, other: &Person) -> bool {
    one.kind == other.kind && identifier::same(&one.id, &other.id)
}
