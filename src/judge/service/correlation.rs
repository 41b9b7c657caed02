//! Correlation in a conversation with a service: contexts, people, and variables.

use serde_json::{Value, json};

use super::ServiceJudge;
use crate::api::identifier;
use crate::api::template;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::judge::bindings;
use crate::judge::bindings::correlates;
use crate::judge::people;
use crate::judge::people::Named;
use crate::judge::record::Breach;
use crate::scenario::format::Kind;

impl ServiceJudge {
    /// Requires an unchanged client context; the first one that the service generates is bound.
    pub(super) fn judge_context(&mut self, step: usize, entity: &Value, at: &Pointer) {
        let variable = if self.record.options.literal {
            self.context_at(step)
        } else {
            self.sent.as_ref().and_then(|sent| sent.context.clone())
        };
        let Some((_, Value::String(actual))) = lookup(entity, "clientContext") else {
            return;
        };
        let Some(variable) = variable else {
            return;
        };
        self.record.check(Requirement::ContextUnchanged);
        match self.record.bindings.get(&variable).map(str::to_owned) {
            None => self.record.bindings.bind(&variable, actual.as_str()),
            Some(bound) if bound == *actual => {}
            Some(bound) => {
                let breach = Breach::new(
                    Requirement::ContextUnchanged,
                    Rule::Correlation,
                    Some(step),
                    json!(bound),
                    json!(actual),
                    format!("the client context is {actual}, it was {bound}"),
                );
                self.record.report(breach.at(at.key("clientContext")));
            }
        }
    }

    /// The variable of the client context in the step's example.
    pub(super) fn context_at(&self, step: usize) -> Option<String> {
        let body = self.record.steps()[step].body().json()?;
        super::sole_variable_at(body, "clientContext").or_else(|| {
            self.expected
                .iter()
                .filter(|e| e.step == step)
                .find_map(|e| {
                    let (_, data) = lookup(&e.template, "resourceData")?;
                    super::sole_variable_at(data, "clientContext")
                })
        })
    }

    /// Requires exactly the invited people in an operation, or only the first if each replaces a
    /// call; and the same people in every message.
    pub(super) fn judge_people(&mut self, step: usize, entity: &Value, at: &Pointer) {
        let Some(sent) = self.sent.clone() else {
            return;
        };
        let invited = &sent.people;
        let Some(found) = people_named(entity).filter(|_| !invited.is_empty()) else {
            return;
        };
        self.record.check(Requirement::OperationPeople);
        let named = people::named(invited, &found);
        if !self.is_of_others(named) {
            self.decide_who(invited, named == Named::First);
            self.judge_replaced(step, invited, &found, at);
            return;
        }
        let labels = |people: &[people::Person]| -> Vec<String> {
            people.iter().map(people::Person::label).collect()
        };
        let wanted = match self.only_first {
            Some(true) => labels(&invited[..1]),
            _ => labels(invited),
        };
        let breach = Breach::new(
            Requirement::OperationPeople,
            Rule::Correlation,
            Some(step),
            json!(wanted),
            json!(labels(&found)),
            "the operation does not name exactly the people invited".into(),
        );
        self.record.report(breach.at(at.key("participants")));
    }

    /// Requires the replaced call of the request.
    fn judge_replaced(
        &mut self,
        step: usize,
        invited: &[people::Person],
        found: &[people::Person],
        at: &Pointer,
    ) {
        if self.record.options.literal {
            return;
        }
        for (index, person) in found.iter().enumerate() {
            let same = |other: &&people::Person| {
                other.kind == person.kind && identifier::same(&other.id, &person.id)
            };
            let sent = invited
                .iter()
                .find(same)
                .and_then(|it| it.replaces.as_ref());
            let (Some(sent), Some(actual)) = (sent, &person.replaces) else {
                continue;
            };
            if !identifier::same(sent, actual) {
                let breach = Breach::new(
                    Requirement::ValuesCorrelate,
                    Rule::Correlation,
                    Some(step),
                    json!(sent),
                    json!(actual),
                    format!("the call {actual} is replaced, asked was for {sent}"),
                );
                let place = at.key("participants").index(index).key("replacesCallId");
                self.record.report(breach.at(place));
            }
        }
    }

    /// True if an operation names other people than those invited. The shape of the body covers
    /// participants without a readable identity.
    pub(super) fn misnames(&self, entity: &Value) -> bool {
        let Some(invited) = self.sent.as_ref().map(|sent| &sent.people) else {
            return false;
        };
        !invited.is_empty()
            && people_named(entity)
                .is_some_and(|found| self.is_of_others(people::named(invited, &found)))
    }

    /// True if these are not the people that the service invites.
    fn is_of_others(&self, named: Named) -> bool {
        match (named, self.only_first) {
            (Named::Others, _) => true,
            (named, Some(only_first)) => (named == Named::First) != only_first,
            (_, None) => false,
        }
    }

    pub(super) fn decide_who(&mut self, invited: &[people::Person], only_first: bool) {
        if self.only_first.is_none() && people::only_first_may_be_invited(invited) {
            self.record.note(if only_first {
                "of several people who each replace a call, the service invites only the first"
            } else {
                "of several people who each replace a call, the service invites all"
            });
        }
        self.only_first = Some(only_first);
    }

    /// Binds each variable of the example to its first value, and compares later values with it.
    /// Members of arrays are compared in order.
    pub(super) fn correlate(
        &mut self,
        step: usize,
        template: &Value,
        actual: &Value,
        at: Path<'_>,
    ) {
        match (template, actual) {
            (Value::String(template), Value::String(actual)) => {
                self.correlate_text(step, template, actual, at);
            }
            (Value::Object(properties), Value::Object(_)) => {
                for (name, template) in properties {
                    if let Some((written, value)) = lookup(actual, name) {
                        self.correlate(step, template, value, Path::Key(&at, written));
                    }
                }
            }
            (Value::Array(templates), Value::Array(items)) => {
                for (index, (template, item)) in templates.iter().zip(items).enumerate() {
                    self.correlate(step, template, item, Path::Index(&at, index));
                }
            }
            _ => {}
        }
    }

    pub(super) fn correlate_text(
        &mut self,
        step: usize,
        template: &str,
        actual: &str,
        at: Path<'_>,
    ) {
        let Some(name) = template::sole_variable(template) else {
            return;
        };
        let kind = self.record.bindings.kind(name);
        if !correlates(kind) && kind != Kind::Text {
            return;
        }
        self.record.check(Requirement::ValuesCorrelate);
        match self.record.bindings.get(name).map(str::to_owned) {
            None => self.record.bindings.bind(name, actual),
            Some(_) if !correlates(kind) => {}
            Some(bound) if bindings::same(kind, &bound, actual) => {}
            Some(bound) => {
                let breach = Breach::new(
                    Requirement::ValuesCorrelate,
                    Rule::Correlation,
                    Some(step),
                    json!(bound),
                    json!(actual),
                    format!("{{{name}}} is {actual}, and {bound} elsewhere"),
                );
                self.record.report(breach.at(at.pointer()));
            }
        }
    }
}

/// The people of an operation; none if a participant has no readable identity.
fn people_named(entity: &Value) -> Option<Vec<people::Person>> {
    let participants = lookup(entity, "participants")?.1.as_array()?;
    let found = people::people(entity);
    (found.len() == participants.len()).then_some(found)
}
