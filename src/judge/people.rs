//! Invited people, and their names in operations and rosters.

use std::borrow::Cow;

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::Resource;
use crate::contract::shape::{entities, lookup};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The kind of identity: `user`, `phone`, `application` …
    pub kind: String,
    pub id: String,
    /// The call that the invitation replaces for this person, as an id.
    pub replaces: Option<String>,
}

impl Person {
    /// The people of one participant: one, except in unusual bodies.
    pub(crate) fn of(participant: &Value) -> Vec<Self> {
        identities_of(participant, &|text| Cow::Borrowed(text))
    }

    /// True for the same person, whatever call is replaced.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && identifier::same(&self.id, &other.id)
    }

    /// True if an identity set names this person under the same kind of identity.
    pub(crate) fn is_named_in(&self, identity: &Value) -> bool {
        self.is_named_under(identity, &self.kind)
    }

    /// True if an identity set names this person under the given kind of identity.
    pub(crate) fn is_named_under(&self, identity: &Value, kind: &str) -> bool {
        lookup(identity, kind)
            .and_then(|(_, who)| lookup(who, "id"))
            .and_then(|(_, id)| id.as_str())
            .is_some_and(|id| identifier::same(id, &self.id))
    }

    /// The name in reports: `user 278405a3…`.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.kind, self.id)
    }
}

/// The people at a place of a body: a participant, or a collection of participants.
pub(crate) fn people_at(body: &Value, pointer: &str) -> Vec<Person> {
    let at = body.pointer(pointer).unwrap_or(&Value::Null);
    entities(at).flat_map(Person::of).collect()
}

/// The people under `participants`: one for each identity that is not null.
pub(crate) fn people(body: &Value) -> Vec<Person> {
    people_as(body, &|text| Cow::Borrowed(text))
}

/// The people of a template; `fill` fills in its texts.
pub(crate) fn people_as<'a>(
    body: &'a Value,
    filled: &impl Fn(&'a str) -> Cow<'a, str>,
) -> Vec<Person> {
    let Some((_, Value::Array(participants))) = lookup(body, "participants") else {
        return Vec::new();
    };
    participants
        .iter()
        .flat_map(|it| identities_of(it, filled))
        .collect()
}

/// The people of one participant: one, except in unusual bodies.
fn identities_of<'a>(
    participant: &'a Value,
    filled: &impl Fn(&'a str) -> Cow<'a, str>,
) -> Vec<Person> {
    let replaces = lookup(participant, "replacesCallId")
        .and_then(|(_, value)| value.as_str())
        .map(|replaces| call_of(&filled(replaces)).into_owned());
    let Some((_, Value::Object(identity))) = lookup(participant, "identity") else {
        return Vec::new();
    };
    identity
        .iter()
        .filter_map(|(kind, who)| {
            let id = lookup(who, "id")?.1.as_str()?;
            Some(Person {
                kind: kind.clone(),
                id: filled(id).into_owned(),
                replaces: replaces.clone(),
            })
        })
        .collect()
}

/// The id in a `replacesCallId`, which may be an id or a path.
pub(crate) fn call_of(replaces: &str) -> Cow<'_, str> {
    let is_path = replaces.contains('/');
    match is_path.then(|| Resource::parse(replaces)).flatten() {
        Some(Resource::Call(call)) => call.into(),
        _ => replaces.into(),
    }
}

/// The names in reports.
pub(crate) fn labels(people: &[Person]) -> Value {
    people
        .iter()
        .map(|person| Value::from(person.label()))
        .collect()
}

/// The invited people that an operation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// Exactly the people invited.
    All,
    /// Only the first, if each of several replaces a call.
    First,
    /// Other people, too many or too few.
    Others,
}

/// Compares the people of an operation with those invited, in any order.
pub(crate) fn named(invited: &[Person], in_operation: &[Person]) -> Named {
    let same = Person::is_same;
    let is_exactly = |wanted: &[Person]| {
        let count = |people: &[Person], person: &Person| {
            people.iter().filter(|it| same(it, person)).count()
        };
        // A person whom the request names twice may be named once.
        let is_once = |it| (1..=count(wanted, it)).contains(&count(in_operation, it));
        wanted.iter().all(is_once) && in_operation.iter().all(|it| count(wanted, it) > 0)
    };
    if is_exactly(invited) {
        Named::All
    } else if only_first_may_be_invited(invited) && is_exactly(&invited[..1]) {
        Named::First
    } else {
        Named::Others
    }
}

/// True if a service may invite only the first person: several are named, and each replaces a call.
pub(crate) fn only_first_may_be_invited(invited: &[Person]) -> bool {
    invited.len() > 1 && invited.iter().all(|person| person.replaces.is_some())
}

/// The members that name a person under the invited or the printed kind of identity.
pub(crate) fn member_naming<'a>(
    roster: &'a Value,
    person: &Person,
    printed_kind: Option<&str>,
) -> Option<(usize, &'a Value)> {
    entities(roster).enumerate().find(|(_, member)| {
        lookup(member, "info")
            .and_then(|(_, info)| lookup(info, "identity"))
            .is_some_and(|(_, identity)| {
                person.is_named_in(identity)
                    || printed_kind.is_some_and(|kind| person.is_named_under(identity, kind))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn person(id: &str, replaces: Option<&str>) -> Person {
        Person {
            kind: "user".into(),
            id: id.into(),
            replaces: replaces.map(Into::into),
        }
    }

    #[test]
    fn people_are_the_identities_that_are_not_null() {
        let body = json!({"participants": [
            {"identity": {"user": {"id": "1"}, "phone": null}, "replacesCallId": "/app/calls/9"},
            {"identity": {"phone": {"id": "+1"}}},
        ]});
        let found = people(&body);
        assert_eq!(found[0], person("1", Some("9")));
        assert_eq!(found[1].label(), "phone +1");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn an_operation_names_exactly_the_invited_in_any_order() {
        let invited = [person("1", None), person("2", None)];
        assert_eq!(
            named(&invited, &[person("2", None), person("1", None)]),
            Named::All
        );
        assert_eq!(named(&invited, &invited[..1]), Named::Others);
        assert_eq!(
            named(&invited, &[person("1", None), person("1", None)]),
            Named::Others
        );
        let mut other = invited.clone();
        other[1].kind = "phone".into();
        assert_eq!(named(&invited, &other), Named::Others);
    }

    #[test]
    fn only_the_first_may_be_invited_where_every_one_replaces_a_call() {
        let replacing = [person("1", Some("9")), person("2", Some("9"))];
        assert_eq!(named(&replacing, &replacing[..1]), Named::First);
        assert_eq!(named(&replacing, &replacing[1..]), Named::Others);
        let mixed = [person("1", Some("9")), person("2", None)];
        assert_eq!(named(&mixed, &mixed[..1]), Named::Others);
    }

    #[test]
    fn a_roster_names_by_id_under_the_invited_or_the_printed_kind() {
        let roster = json!([{"info": {"identity": {"application": {"id": "1"}}}}]);
        let who = person("1", None);
        assert!(member_naming(&roster, &who, None).is_none());
        assert!(member_naming(&roster, &who, Some("application")).is_some());
        assert!(member_naming(&roster, &person("2", None), Some("application")).is_none());
    }
}
