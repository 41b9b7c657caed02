//! Correlation of a comms operation or a call with its request: the client context and the people.

use serde_json::{Value, json};

use super::Monitor;
use super::call::{CommsOperation, people_of};
use super::conversation::Findings;
use super::entry::{Entry, first_entity};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::contract::change::Subject;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{bare_type, lookup};
use crate::contract::types;
use crate::diagnostic::pointer::Pointer;
use crate::judge::people::labels;

impl Monitor {
    /// The kind of a comms operation that no page documents, and that no known request began: an action outside of the
    /// contract has it.
    pub(super) fn unknown_kind(&self, entry: &Entry<'_>) -> Option<String> {
        let data = first_entity(&entry.change);
        let printed = lookup(data, "@odata.type").and_then(|(_, it)| it.as_str())?;
        let kind = bare_type(printed).rsplit('.').next()?;
        let is_unknown = kind.ends_with("Operation") && !types::is_known(kind);
        if entry.change.subject != Subject::Operation || !is_unknown {
            return None;
        }
        let context = lookup(data, "clientContext").and_then(|(_, it)| it.as_str());
        let has_context = |it: Option<&str>| it.is_some() && it == context;
        let call = self.calls.get(&entry.call);
        let is_begun = call.is_some_and(|call| {
            let named = entry.change.operations();
            let mut known = named
                .iter()
                .filter_map(|id| call.operations.get(&Normal::of(id).into_owned()));
            let mut nameless = call.nameless.iter();
            known.any(|it| it.begun_by.is_some())
                || nameless.any(|it| has_context(it.context.as_deref()))
        });
        // The answer with the operation may still be on its way.
        let mut pending = self.pending.values();
        let is_early = pending.any(|it| {
            let is_of_call = it.call.as_deref().map(Normal::of).as_ref() == Some(&entry.call);
            is_of_call && has_context(it.context.as_deref())
        });
        (!is_begun && !is_early).then(|| kind.to_owned())
    }
}

/// A client context comes back unchanged. `absent` is the rule that its absence at this place of a message breaks; none
/// where it may be absent.
pub(super) fn compare_context(
    found: &mut Findings,
    given: Option<&str>,
    entity: &Value,
    (at, absent): (&Pointer, Option<Rule>),
) {
    let Some(given) = given else { return };
    let actual = lookup(entity, "clientContext").map_or(&Value::Null, |(_, it)| it);
    let (rule, message) = match (actual, absent) {
        (Value::Null, None) => return,
        (Value::Null, Some(rule)) => (
            rule,
            format!("the client context {given:?} of the request is not returned"),
        ),
        (actual, _) => (
            Rule::Correlation,
            format!("the request has the client context {given:?}, but the operation has {actual}"),
        ),
    };
    found.check(Requirement::ContextUnchanged);
    // A wrong type is no other context.
    let is_other = actual.as_str().map_or(actual.is_null(), |it| it != given);
    if is_other {
        found.add(
            Requirement::ContextUnchanged,
            rule,
            at.key("clientContext"),
            (json!(given), actual.clone()),
            message,
        );
    }
}

/// The people of an operation are exactly those of the request, and replace the same calls.
pub(super) fn compare_people(
    found: &mut Findings,
    state: &CommsOperation,
    entity: &Value,
    at: &Pointer,
) {
    let Some(people) = people_of(entity).filter(|_| !state.people.is_empty()) else {
        return;
    };
    found.check(Requirement::OperationPeople);
    let place = at.key("participants");
    if state.misnames(&people) {
        found.add(
            Requirement::OperationPeople,
            Rule::Correlation,
            place,
            (labels(&state.people), labels(&people)),
            "the operation does not name exactly the people of the request".to_owned(),
        );
        return;
    }
    for (index, person) in people.iter().enumerate() {
        let requested = state.people.iter().find(|it| it.is_same(person));
        let replaces = requested.and_then(|it| it.replaces.as_ref());
        if let (Some(wanted), Some(actual)) = (replaces, &person.replaces)
            && !identifier::same(wanted, actual)
        {
            found.add(
                Requirement::OperationPeople,
                Rule::Correlation,
                place.index(index).key("replacesCallId"),
                (json!(wanted), json!(actual)),
                format!("the call {actual} is replaced, but the request names {wanted}"),
            );
        }
    }
}
