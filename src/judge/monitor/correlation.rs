//! Correlation of a comms operation or a call with its request: the client context and the people.

use serde_json::{Value, json};

use super::call::{CommsOperation, people_of};
use super::conversation::Findings;
use crate::api::identifier;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::judge::people::labels;

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
