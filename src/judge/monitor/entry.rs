//! One change in a notification, without regard to its context: required properties, enumeration values and types.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::body;
use super::body::Part;
use super::conversation::{Findings, breach};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::resource::Resource;
use crate::contract::change::{Change, Subject};
use crate::contract::lifecycle;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::contract::words;
use crate::diagnostic::pointer::Pointer;
use crate::judge::Breach;

/// An entry of a notification, with its place.
pub(super) struct Entry<'a> {
    pub(super) at: u64,
    pub(super) exchange: u64,
    pub(super) pointer: Pointer,
    pub(super) change: Change<'a>,
    pub(super) call: Normal<'static>,
    /// The place of the conversation.
    pub(super) conversation: usize,
    /// Its parts name different resources, which is a violation already.
    pub(super) is_misnamed: bool,
}

impl Entry<'_> {
    pub(super) fn breach(
        &self,
        requirement: Requirement,
        rule: Rule,
        at: Pointer,
        values: (Value, Value),
        message: impl Into<String>,
    ) -> Breach {
        breach(requirement, rule, self.exchange, at, values, message)
    }

    /// A member that is absent, or is not what the contract has there.
    fn wrong(&self, at: Pointer, values: (Value, Value), message: impl Into<String>) -> Breach {
        self.breach(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            at,
            values,
            message,
        )
    }

    /// False if it is not known what changed, and how. A change with another violation is one all the same: an operation
    /// that fails without a result has ended, and so has one whose end lacks a `changeType`.
    pub(super) fn says_what_changed(&mut self, found: &Findings) -> bool {
        let names = [
            Requirement::ResourceOne,
            Requirement::CallIdentity,
            Requirement::OperationIdentity,
        ];
        let is_name = |it: &Breach| names.contains(&it.requirement);
        self.is_misnamed = found.list.iter().any(is_name);
        if !words::is_listed(&self.change.change_type, words::CHANGES) {
            let Some(change_type) = self.change.change_type_of_data() else {
                return false;
            };
            change_type.clone_into(&mut self.change.change_type);
        }
        let hidden = [self.pointer.clone(), self.pointer.key("resourceData")];
        let mut others = found.list.iter().filter(|it| !is_name(it));
        !others.any(|it| hidden.contains(&it.pointer))
    }

    /// True if a part cannot be read that may show what has to follow: the state of a call, the status of an operation, a
    /// participant.
    pub(super) fn hides_a_part(&self, found: &Findings) -> bool {
        let part = match self.change.subject {
            Subject::Call => self.entity().key("state"),
            Subject::Operation => self.entity().key("status"),
            Subject::Roster => self.pointer.key("resourceData"),
            Subject::Other => return false,
        };
        let mut breaches = found.list.iter();
        breaches
            .any(|it| it.requirement == Requirement::NotificationBody && it.pointer.is_in(&part))
    }

    /// True for a violation in a property that the kind of a comms operation has of its own: if the kind is wrong, so are
    /// they.
    pub(super) fn is_of_kind(&self, breach: &Breach) -> bool {
        let entity = self.entity();
        let common = ["status", "resultInfo"].map(|name| entity.key(name));
        breach.requirement == Requirement::NotificationBody
            && breach.pointer != entity
            && breach.pointer.is_in(&entity)
            && !common.iter().any(|it| breach.pointer.is_in(it))
    }

    pub(super) fn entity(&self) -> Pointer {
        self.change.entity_pointer(&self.pointer)
    }
}

/// Checks an entry without its context: required properties, enumeration values and types.
pub(super) fn check_entry(entry: &Entry<'_>) -> Findings {
    let mut seen = HashSet::new();
    let mut found = flaws(entry);
    found
        .list
        .retain(|breach| seen.insert(breach.pointer.clone()));
    found
}

fn flaws(entry: &Entry<'_>) -> Findings {
    let change = &entry.change;
    let mut findings = Findings::new(entry.exchange);
    let found = &mut findings.list;
    let place = |name: &str| entry.pointer.key(name);
    if !change.entry.is_object() {
        let values = (json!({}), change.entry.clone());
        found.push(entry.wrong(entry.pointer.clone(), values, "a change is not an object"));
        return findings;
    }
    let words = words::CHANGES;
    let is_change = words::is_listed(&change.change_type, words);
    if !is_change {
        let actual = lookup(change.entry, "changeType").map_or(Value::Null, |(_, it)| it.clone());
        let documented = words.join(", ");
        let message = format!("changeType is {actual}, expected one of {documented}");
        found.push(entry.wrong(place("changeType"), (json!(words), actual), message));
    }
    let has_text = |name: &str| lookup(change.entry, name).is_some_and(|(_, it)| it.is_string());
    found.extend(flaws_of_names(entry));
    let data = change.data();
    if !data.is_object() && !data.is_array() {
        let message = "the change has no resourceData";
        found.push(entry.wrong(place("resourceData"), (json!({}), data.clone()), message));
        return findings;
    }
    let is_one = matches!(change.subject, Subject::Call | Subject::Operation);
    let count = entities(data).count();
    if is_one && count != 1 {
        let message = format!("resourceData has {count} entities, but the change is about one");
        found.push(entry.wrong(
            place("resourceData"),
            (json!("one entity"), data.clone()),
            message,
        ));
        return findings;
    }
    if change.subject == Subject::Roster && matches!(change.resource, Some(Resource::Call(_))) {
        let actual = lookup(change.entry, "resource").or(lookup(change.entry, "resourceUrl"));
        let values = (
            json!("…/participants"),
            actual.map_or(Value::Null, |(_, it)| it.clone()),
        );
        let message = "the path of a roster must be that of its call";
        found.push(entry.wrong(place("resource"), values, message));
    }
    if is_change {
        found.extend(presence(entry));
    }
    if !change.is_contradictory {
        id_of_path(entry, &mut findings);
    }
    if has_text("resource") && has_text("resourceUrl") {
        findings.check(Requirement::ResourceOne);
    }
    let types = body::of_change(change, &entry.pointer);
    if types.has_types {
        findings.check(Requirement::TypeKind);
    }
    findings.notes.extend(types.notes);
    let found = &mut findings.list;
    if change.is_contradictory {
        found.push(entry.breach(
            Requirement::ResourceOne,
            Rule::Correlation,
            place("resourceUrl"),
            (
                json!(change.entry["resource"]),
                json!(change.entry["resourceUrl"]),
            ),
            "resource and resourceUrl name different resources",
        ));
    }
    for mismatch in types.found {
        found.push(mismatch.breach(Part::Notification, entry.exchange));
    }
    findings
}

/// What is wrong with the names of the resource.
fn flaws_of_names(entry: &Entry<'_>) -> Vec<Breach> {
    let change = &entry.change;
    if change.names_no_resource() {
        let message = "the change has neither resource nor resourceUrl";
        let place = entry.pointer.key("resource");
        return vec![entry.wrong(place, (json!("…"), Value::Null), message)];
    }
    let wrong = |name| {
        let (_, actual) = lookup(change.entry, name).filter(|(_, it)| !it.is_string())?;
        let message = format!("{name} is not a string");
        Some(entry.wrong(
            entry.pointer.key(name),
            (json!("…"), actual.clone()),
            message,
        ))
    };
    ["resource", "resourceUrl"]
        .into_iter()
        .filter_map(wrong)
        .collect()
}

/// What the other party needs to go on.
fn presence(entry: &Entry<'_>) -> Vec<Breach> {
    let is_deletion = entry.change.change_type == "deleted";
    match entry.change.subject {
        Subject::Call => presence_of_call(entry, is_deletion).into_iter().collect(),
        Subject::Operation => presence_of_operation(entry, is_deletion),
        Subject::Roster if !is_deletion => presence_of_roster(entry),
        Subject::Roster | Subject::Other => Vec::new(),
    }
}

fn presence_of_call(entry: &Entry<'_>, is_deletion: bool) -> Option<Breach> {
    let cycle = lifecycle::call();
    let word = entry.change.word.as_deref();
    let (expected, message) = match word.map(|word| cycle.state(word)) {
        None if is_deletion => return None,
        None => (json!("established"), "a call has no state"),
        Some(None) => (
            cycle.states().collect(),
            "the state of the call is not one of the documented values",
        ),
        Some(Some(state)) if is_deletion && !cycle.is_end(state) => (
            json!(cycle.end),
            "the state of a deleted call is not its last state",
        ),
        Some(Some(_)) => return None,
    };
    Some(entry.wrong(
        entry.entity().key("state"),
        (expected, json!(word)),
        message,
    ))
}

fn presence_of_operation(entry: &Entry<'_>, is_deletion: bool) -> Vec<Breach> {
    let change = &entry.change;
    let cycle = lifecycle::operation();
    let word = change.word.as_deref();
    let is_end = word.is_some_and(|word| cycle.is_end(word));
    let status = entry.entity().key("status");
    let mut found = Vec::new();
    match word.map(|word| cycle.state(word)) {
        None => found.push(entry.wrong(
            status,
            (json!("completed"), Value::Null),
            "an operation has no status",
        )),
        Some(None) => found.push(entry.wrong(
            status,
            (cycle.states().collect(), json!(word)),
            "the status of the operation is not one of the documented values",
        )),
        Some(Some(_)) if is_deletion && !is_end => found.push(entry.wrong(
            status,
            (json!(["completed", "failed"]), json!(word)),
            "the status of a deleted operation is not an end",
        )),
        Some(Some(_)) if is_end != is_deletion => found.push(entry.wrong(
            entry.pointer.key("changeType"),
            (
                json!(if is_end { "deleted" } else { "updated" }),
                json!(change.change_type),
            ),
            "only the end of an operation, and every end, has the changeType deleted",
        )),
        Some(Some(_)) => {}
    }
    if word == Some("failed") && lookup(first_entity(change), "resultInfo").is_none() {
        found.push(entry.wrong(
            entry.entity().key("resultInfo"),
            (json!({}), Value::Null),
            "a failed operation has no resultInfo",
        ));
    }
    found
}

fn presence_of_roster(entry: &Entry<'_>) -> Vec<Breach> {
    let data = entry.pointer.key("resourceData");
    let is_list = entry.change.data().is_array();
    let members = entities(entry.change.data()).enumerate();
    let nameless =
        members.filter(|(_, member)| member.is_object() && lookup(member, "info").is_none());
    nameless
        .map(|(index, member)| {
            let place = if is_list {
                data.index(index)
            } else {
                data.clone()
            };
            entry.wrong(
                place.key("info"),
                (json!({"identity": {"user": {"id": "…"}}}), member.clone()),
                "a participant has no info",
            )
        })
        .collect()
}

/// The id of an entity is the one in its path, and so is its address.
fn id_of_path(entry: &Entry<'_>, found: &mut Findings) {
    let change = &entry.change;
    let is_one = matches!(change.subject, Subject::Call | Subject::Operation);
    let address = lookup(first_entity(change), "@odata.id").and_then(|(_, it)| it.as_str());
    if let (true, Some(address), Some(resource)) = (is_one, address, &change.resource)
        && Resource::parse(address).is_some_and(|it| !it.same(resource))
    {
        found.list.push(entry.breach(
            Requirement::ResourceOne,
            Rule::Correlation,
            entry.entity().key("@odata.id"),
            (Value::Null, json!(address)),
            format!("the entity is {address}, but the path names another resource"),
        ));
        return;
    }
    let id = lookup(first_entity(change), "id").and_then(|(_, id)| id.as_str());
    let (Some(id), Some(resource)) = (id, &change.resource) else {
        return;
    };
    let sessions = change.sessions();
    let (wanted, requirement) = match (change.subject, resource) {
        (Subject::Call, Resource::Call(call)) => (call.as_str(), Requirement::CallIdentity),
        (Subject::Operation, Resource::Operation { operation, .. }) => {
            (operation.as_str(), Requirement::OperationIdentity)
        }
        (Subject::Other, _) if entities(change.data()).count() == 1 && sessions.len() == 1 => {
            (sessions[0], Requirement::ResourceOne)
        }
        _ => return,
    };
    found.check(requirement);
    if !identifier::same(wanted, id) {
        found.add(
            requirement,
            Rule::Correlation,
            entry.entity().key("id"),
            (json!(wanted), json!(id)),
            format!("the path names {wanted}, but the entity has the id {id}"),
        );
    }
}

pub(super) fn first_entity<'a>(change: &Change<'a>) -> &'a Value {
    entities(change.data()).next().unwrap_or(&Value::Null)
}
