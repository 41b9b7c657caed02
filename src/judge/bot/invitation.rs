//! The checks of a bot's invitation: people, replaced call, context, limits.

use serde_json::{Value, json};

use super::BotJudge;
use crate::api::identifier;
use crate::api::template;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::judge::compare::MismatchKind;
use crate::judge::people;
use crate::judge::people::{LONGEST_CONTEXT, MOST_INVITED, Named, Person};
use crate::judge::record::Breach;
use crate::scenario::format::RequestStep;

impl BotJudge {
    /// Requires exactly the triggered people, the calls that they replace, the bot's own context
    /// and the limits; other properties only need the right type.
    pub(super) fn judge_invitation(
        &mut self,
        at: usize,
        step: &RequestStep,
        template: &Value,
        actual: &Value,
    ) {
        if self.judge_types(at, actual) {
            self.judge_invited(at, template, actual);
        }
        self.judge_context(at, step, actual);
    }

    /// Returns false if a wrong type makes the invited people unreadable.
    fn judge_types(&mut self, at: usize, actual: &Value) -> bool {
        let case = self.record.case.clone();
        let Some(shape) = case.page.request_body(&case.outline().step(at).key) else {
            return true;
        };
        let rules = super::Rules {
            of_bot: true,
            given: &|_| false,
            odata_types: &|_| Vec::new(),
        };
        let mut found = super::compare(shape, actual, rules, &Pointer::root());
        // The invited people are judged below; other properties are the bot's own.
        found.retain(|mismatch| {
            let is_type = mismatch.kind == MismatchKind::Type;
            is_type && !mismatch.pointer.as_str().ends_with("/clientContext")
        });
        let is_readable = !found.iter().any(|mismatch| {
            let place = mismatch.pointer.as_str();
            place.is_empty() || place.starts_with("/participants") && !is_own_choice(place)
        });
        self.record.report_all(
            found,
            Rule::RequestBody,
            Requirement::RequestBody,
            Some(at),
            None,
        );
        is_readable
    }

    fn judge_invited(&mut self, at: usize, template: &Value, actual: &Value) {
        self.record.check(Requirement::InvitePeople);
        self.record.check(Requirement::InvitePeopleLimit);
        let count = lookup(actual, "participants")
            .and_then(|(_, value)| value.as_array())
            .map_or(0, Vec::len);
        let pointer = Pointer::root().key("participants");
        if count > MOST_INVITED {
            let breach = Breach::new(
                Requirement::InvitePeopleLimit,
                Rule::Limit,
                Some(at),
                json!(MOST_INVITED),
                json!(count),
                format!("the invitation names {count} people"),
            );
            self.record.report(breach.at(pointer));
            return;
        }
        let wanted = people::people_as(template, &|text| self.record.bindings.filled(text));
        let found = people::people(actual);
        if count != wanted.len() || people::named(&wanted, &found) != Named::All {
            let labels =
                |people: &[Person]| -> Vec<String> { people.iter().map(Person::label).collect() };
            let breach = Breach::new(
                Requirement::InvitePeople,
                Rule::RequestBody,
                Some(at),
                json!(labels(&wanted)),
                json!(labels(&found)),
                "the invitation does not name exactly the people to invite".into(),
            );
            self.record.report(breach.at(pointer));
            return;
        }
        self.judge_replaced(at, &wanted, &found);
    }

    fn judge_replaced(&mut self, at: usize, wanted: &[Person], found: &[Person]) {
        for person in wanted {
            let Some(call) = &person.replaces else {
                continue;
            };
            self.record.check(Requirement::InviteReplaces);
            self.record.check(Requirement::IdsUnchanged);
            let index = found.iter().position(|other| {
                other.kind == person.kind && identifier::same(&other.id, &person.id)
            });
            let Some(index) = index else { continue };
            let pointer = Pointer::root()
                .key("participants")
                .index(index)
                .key("replacesCallId");
            let breach = match &found[index].replaces {
                Some(actual) if identifier::same(actual, call) => continue,
                Some(actual) => Breach::new(
                    Requirement::IdsUnchanged,
                    Rule::Correlation,
                    Some(at),
                    json!(call),
                    json!(actual),
                    format!("the invitation replaces the call {actual}, asked was for {call}"),
                ),
                None => Breach::new(
                    Requirement::InviteReplaces,
                    Rule::RequestBody,
                    Some(at),
                    json!(call),
                    Value::Null,
                    "the invitation does not say which call it replaces".into(),
                ),
            };
            self.record.report(breach.at(pointer));
        }
    }

    fn judge_context(&mut self, at: usize, step: &RequestStep, actual: &Value) {
        let variable = step
            .body
            .json()
            .and_then(|body| lookup(body, "clientContext"))
            .and_then(|(_, value)| template::sole_variable(value.as_str()?))
            .map(str::to_owned)
            .or_else(|| self.context_of_answer(at));
        let Some((_, context)) = lookup(actual, "clientContext") else {
            return;
        };
        self.record.check(Requirement::InviteContext);
        self.record.check(Requirement::InviteContextLimit);
        let pointer = Pointer::root().key("clientContext");
        let Value::String(context) = context else {
            let breach = Breach::new(
                Requirement::InviteContext,
                Rule::RequestBody,
                Some(at),
                json!("a string"),
                context.clone(),
                "the client context is no string".into(),
            );
            self.record.report(breach.at(pointer));
            return;
        };
        if let Some(variable) = variable {
            self.record.bindings.bind(&variable, context.as_str());
        }
        let length = context.chars().count();
        if length > LONGEST_CONTEXT {
            let breach = Breach::new(
                Requirement::InviteContextLimit,
                Rule::Limit,
                Some(at),
                json!(LONGEST_CONTEXT),
                json!(length),
                format!("the client context has {length} characters"),
            );
            self.record.report(breach.at(pointer));
        }
    }

    /// The context variable of the answer: the bot's own context replaces it.
    fn context_of_answer(&self, at: usize) -> Option<String> {
        let body = self.record.steps().get(at + 1)?.body().json()?;
        let (_, context) = lookup(body, "clientContext")?;
        template::sole_variable(context.as_str()?).map(str::to_owned)
    }
}

/// True if a property of a participant does not identify the invited person.
fn is_own_choice(place: &str) -> bool {
    [
        "region",
        "languageId",
        "endpointType",
        "displayName",
        "tenantId",
    ]
    .iter()
    .any(|name| place.ends_with(name))
}
