//! Requests that a service must refuse, and that must have no effect.

use std::sync::Arc;

use serde_json::{Value, json};

use super::service::ServicePlan;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Request, Response};
use crate::judge::people;
use crate::judge::people::Person;
use crate::judge::record::Breach;
use crate::scenario::format::RefusalStep;

impl ServicePlan {
    /// Judges the answer to a request that must be refused; the contract judges the error object. If the request is
    /// accepted, later steps are not judged.
    pub(super) fn judge_refusal(
        &mut self,
        (at, step): (usize, &RefusalStep),
        sent: &Arc<Request>,
        response: &Response,
    ) {
        let requirement = step.requirement.unwrap_or(Requirement::Refusal);
        self.record.check(Requirement::Refusal);
        self.record.check(requirement);
        if step.statuses.contains(&response.status) {
            self.record.check(Requirement::RefusalNoSequel);
            self.refused.push(Arc::clone(sent));
            return;
        }
        let how = match response.status {
            400..600 => "which is not one of the statuses for this error",
            _ => "but it must be refused",
        };
        self.record.report(Breach::new(
            requirement,
            Rule::ResponseStatus,
            Some(at),
            json!(step.statuses),
            json!(response.status),
            format!("the response to the request is {}, {how}", response.status),
        ));
        self.stop();
    }

    /// Reports a change that is about an operation or people of a refused request only. Returns false for another one.
    pub(super) fn judge_sequel(&mut self, change: &Change<'_>, at: &Pointer) -> bool {
        if !self.follows_a_refusal(change) {
            return false;
        }
        let breach = Breach::new(
            Requirement::RefusalNoSequel,
            Rule::NotificationUnexpected,
            None,
            Value::Null,
            change.entry.clone(),
            "a notification is about a refused request".into(),
        );
        self.record.report(breach.at(at.clone()));
        true
    }

    fn follows_a_refusal(&self, change: &Change<'_>) -> bool {
        let valid = self.sent.as_ref().map(|(_, sent)| sent);
        let is_refused = |sent: &Arc<Request>| self.refused.iter().any(|it| Arc::ptr_eq(it, sent));
        let valid = valid.filter(|sent| !is_refused(sent));
        let (context, people) = valid.map_or((None, Vec::new()), |it| context_and_people(it));
        self.refused.iter().any(|refused| {
            let (refused_context, refused_people) = context_and_people(refused);
            let is_among =
                |who: &Person, people: &[Person]| people.iter().any(|it| it.is_same(who));
            let mut only_refused = refused_people.iter().filter(|who| !is_among(who, &people));
            match change.subject {
                Subject::Operation => entities(change.data()).any(|entity| {
                    let actual = lookup(entity, "clientContext").and_then(|(_, it)| it.as_str());
                    let is_its_own = refused_context != context && actual.is_some();
                    is_its_own && actual == refused_context
                        || only_refused.any(|who| is_among(who, &people::people(entity)))
                }),
                Subject::Roster => only_refused
                    .any(|who| people::member_naming(change.data(), who, None).is_some()),
                Subject::Call | Subject::Other => false,
            }
        })
    }
}

/// The client context and the people of a request.
fn context_and_people(request: &Request) -> (Option<&str>, Vec<Person>) {
    let body = request.body.json().unwrap_or(&Value::Null);
    let context = lookup(body, "clientContext").and_then(|(_, it)| it.as_str());
    (context, people::people(body))
}
