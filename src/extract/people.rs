//! The people in a message, and the invited ones among them.

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::scenario::format::{Kind, ProviderState};

use super::conversation::{has_word, resource_of};
use super::json::property;
use super::variables;
use super::variables::Role;

/// The subject of the `id` of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// Nothing that a run needs.
    Plain,
    Call,
    Operation,
    Participant,
    Session,
    AudioRoutingGroup,
    /// A user, an application, a phone …
    Identity(Kind),
}

/// An identity as a page prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) kind: Kind,
    pub(super) id: String,
}

/// The kind of the identity in a property; `None` if the property is no identity.
pub(super) fn kind_of(name: &str, is_in_identity_set: bool) -> Option<Kind> {
    match name {
        "user" => Some(Kind::User),
        "application" => Some(Kind::Application),
        "phone" => Some(Kind::Phone),
        "guest" | "device" | "applicationInstance" | "onPremises" | "encrypted" => {
            Some(Kind::Identity)
        }
        _ => is_in_identity_set.then_some(Kind::Identity),
    }
}

pub(super) const fn role(kind: Kind) -> Role<'static> {
    variables::role(
        kind,
        match kind {
            Kind::User => "user",
            Kind::Application => "application",
            Kind::Phone => "phone",
            _ => "identity",
        },
    )
}

/// The people in an operation, or in an invitation.
pub(super) fn of_operation(operation: &Value) -> Vec<Person> {
    let participants = property(operation, "participants").as_array();
    let identities = participants
        .into_iter()
        .flatten()
        .map(|it| property(it, "identity"));
    identities.flat_map(of_identity_set).collect()
}

/// The people in a roster: a collection of participants, or one.
pub(super) fn of_roster(roster: &Value) -> Vec<Person> {
    let one = std::slice::from_ref(roster);
    let members = roster.as_array().map_or(one, Vec::as_slice);
    let identities = members
        .iter()
        .map(|member| property(property(member, "info"), "identity"));
    identities.flat_map(of_identity_set).collect()
}

fn of_identity_set(identity: &Value) -> impl Iterator<Item = Person> {
    let properties = identity.as_object().into_iter().flatten();
    properties.filter_map(|(name, identity)| {
        Some(Person {
            kind: kind_of(name, true)?,
            id: property(identity, "id").as_str()?.to_owned(),
        })
    })
}

/// The invited among the people in a message, each with the index of the invited one. They are matched by id,
/// under any kind. An invited person without a match is the first stranger of the same kind.
pub(super) fn recognise(
    invited: &[Person],
    printed: &[Person],
    is_stranger: impl Fn(&Person) -> bool,
) -> Vec<(Person, usize)> {
    let mut found: Vec<(Person, usize)> = Vec::new();
    let mut missing = Vec::new();
    for (index, guest) in invited.iter().enumerate() {
        let mut same: Vec<&Person> = printed
            .iter()
            .filter(|person| identifier::same(&person.id, &guest.id))
            .collect();
        same.sort_by_key(|person| person.kind != guest.kind);
        match same.first() {
            Some(person) => found.push(((*person).clone(), index)),
            None => missing.push(index),
        }
    }
    for index in missing {
        let stranger = printed.iter().find(|person| {
            let is_taken = found.iter().any(|(other, _)| other == *person);
            person.kind == invited[index].kind && !is_taken && is_stranger(person)
        });
        found.extend(stranger.map(|person| (person.clone(), index)));
    }
    found
}

/// The name of an object's type, without its namespace.
pub(super) fn type_name(entity: &Value) -> Option<&str> {
    let name = property(entity, "@odata.type").as_str()?;
    name.rsplit(['.', '#']).next()
}

/// The entity that the type names.
pub(super) fn entity_of_type(entity: &Value) -> Option<Entity> {
    match type_name(entity)? {
        "call" => Some(Entity::Call),
        "participant" => Some(Entity::Participant),
        "contentSharingSession" => Some(Entity::Session),
        "audioRoutingGroup" => Some(Entity::AudioRoutingGroup),
        name => name.ends_with("Operation").then_some(Entity::Operation),
    }
}

/// The collections below a call, and the entity of each.
const COLLECTIONS: [(&str, Entity); 4] = [
    ("operations", Entity::Operation),
    ("participants", Entity::Participant),
    ("contentSharingSessions", Entity::Session),
    ("audioRoutingGroups", Entity::AudioRoutingGroup),
];

/// The entity of a collection below a call, by the name of its path segment.
pub(super) fn entity_of_collection(segment: &str) -> Option<Entity> {
    let mut collections = COLLECTIONS.iter();
    let (_, entity) = collections.find(|(name, _)| name.eq_ignore_ascii_case(segment))?;
    Some(*entity)
}

/// The subject of a request's path: an entity, or a collection of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Entity(Entity),
    Collection(Entity),
}

impl Subject {
    /// None for an action, and outside of calls.
    pub(super) fn of(method: &str, target: &str) -> Option<Self> {
        if resource::collection_action(method, target).is_some() {
            return None;
        }
        let mut segments = resource::path_of(target)
            .split('/')
            .filter(|it| !it.is_empty());
        segments.find(|segment| *segment == "calls")?;
        let rest: Vec<&str> = segments.collect();
        match rest[..] {
            [] => Some(Self::Collection(Entity::Call)),
            [_] => Some(Self::Entity(Entity::Call)),
            [_, name] => entity_of_collection(name).map(Self::Collection),
            [_, name, id] if is_id(id) || method != "POST" => {
                entity_of_collection(name).map(Self::Entity)
            }
            _ => None,
        }
    }
}

/// True if the segment below a collection is an id, not an action such as `invite` or a part of the
/// language such as `$count`.
pub(super) fn is_id(segment: &str) -> bool {
    variables::is_placeholder(segment)
        || identifier::is_guid(segment)
        || segment.bytes().any(|b| b.is_ascii_digit())
}

/// The entity of a change notification: from its data, else from the path of its resource.
pub(super) fn entity_of_item(item: &Value, resource: Option<&Resource>) -> Entity {
    let entities = property(item, "resourceData");
    let first = entities
        .as_array()
        .map_or(Some(entities), |all| all.first());
    if let Some(entity) = first.and_then(entity_of_type) {
        return entity;
    }
    match resource {
        Some(Resource::Operation { .. }) if !entities.is_array() => Entity::Operation,
        Some(
            Resource::Operation { .. } | Resource::Participants(_) | Resource::Participant { .. },
        ) => Entity::Participant,
        Some(Resource::Call(_)) => Entity::Call,
        Some(Resource::Action { action, .. }) => {
            let collection = action.split('/').next().unwrap_or_default();
            entity_of_collection(collection).unwrap_or(Entity::Plain)
        }
        _ => Entity::Plain,
    }
}

/// What somebody does before these change notifications.
pub(super) fn actions(items: &[Value]) -> Vec<ProviderState> {
    let mut actions: Vec<ProviderState> = items.iter().filter_map(action).collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn action(item: &Value) -> Option<ProviderState> {
    let data = property(item, "resourceData");
    if property(data, "toneInfo").is_object()
        || has_word(data, "completionReason", "stopToneDetected")
    {
        return Some(ProviderState::Tone);
    }
    let is_speech = ["maxSilenceTimeout", "maxRecordDurationReached"];
    if is_speech
        .iter()
        .any(|word| has_word(data, "completionReason", word))
    {
        return Some(ProviderState::Speech);
    }
    let is_session = entity_of_item(item, resource_of(item).as_ref()) == Entity::Session;
    is_session.then_some(ProviderState::ContentSharing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn person(kind: Kind, id: &str) -> Person {
        Person {
            kind,
            id: id.to_owned(),
        }
    }

    #[test]
    fn the_invited_are_matched_by_id_then_by_kind() {
        let invited = [
            person(Kind::User, "a"),
            person(Kind::User, "b"),
            person(Kind::Phone, "c"),
        ];
        let printed = [
            person(Kind::Application, "bot"),
            person(Kind::User, "known"),
            person(Kind::User, "stranger"),
            person(Kind::Application, "a"),
        ];
        let found = recognise(&invited, &printed, |person| person.id != "known");
        let expected = [
            (person(Kind::Application, "a"), 0),
            (person(Kind::User, "stranger"), 1),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn data_determines_the_entity_of_a_notification() {
        let entity_of_item = |item: &Value| entity_of_item(item, resource_of(item).as_ref());
        let typed = |resource: &str, name: &str| json!({"resource": resource, "resourceData": {"@odata.type": name}});
        let sloppy = "/app/calls/1/operations/participants";
        assert_eq!(
            entity_of_item(&typed(sloppy, "#microsoft.graph.participant")),
            Entity::Participant
        );
        assert_eq!(
            entity_of_item(&typed(sloppy, "#microsoft.graph.commsOperation")),
            Entity::Operation
        );
        assert_eq!(
            entity_of_item(&json!({"resource": sloppy, "resourceData": []})),
            Entity::Participant
        );
        assert_eq!(
            entity_of_item(&json!({"resourceUrl": "/app/calls/1"})),
            Entity::Call
        );
        assert_eq!(
            entity_of_item(&json!({"resource": "/me/messages/1"})),
            Entity::Plain
        );
    }
}
