//! What no page knows: properties, resources, words.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::http::message::{Body, Request};

/// Adds a property to every object of a message.
pub(super) fn add_properties(body: &mut Body, chance: &mut Chance) {
    if let Body::Json(body) = body {
        add(body, chance);
    }
}

fn add(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| add(item, chance)),
        Value::Object(object) => {
            object.values_mut().for_each(|inner| add(inner, chance));
            let values = [
                json!("unheard of"),
                json!(42),
                json!(true),
                Value::Null,
                json!({"@odata.type": "#microsoft.graph.unheardOf", "depth": [1, {}]}),
            ];
            let value = values[chance.below(values.len())].clone();
            object.insert(chance.word("unheardOf"), value);
        }
        _ => {}
    }
}

/// A notification about a resource of the same call that no page knows. `None` where the
/// notification is about no call.
pub(super) fn resource(of: &Request, chance: &mut Chance) -> Option<Request> {
    let body = of.body.json()?;
    let change = Change::read(change::entries(body)?.first()?);
    let call = change.call()?.to_owned();
    let (kind, id) = (chance.word("unheardOf"), chance.word(""));
    let told = json!({
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": "updated",
        "resource": format!("/app/calls/{call}/{kind}/{id}"),
        "resourceUrl": format!("/communications/calls/{call}/{kind}/{id}"),
        "resourceData": {"@odata.type": format!("#microsoft.graph.{kind}"), "id": id},
    });
    Some(with_changes(of, vec![told]))
}

/// Whether a change can come with a word that no page lists: it tells the state of what exists
/// already.
pub(super) fn has_a_word(change: &Change<'_>) -> bool {
    matches!(change.subject, Subject::Call | Subject::Operation)
        && change.change_type != "created"
        && change.word.is_some()
}

/// An update of the same resource with a word that no page lists. `None` where the notification
/// has no word.
pub(super) fn word(of: &Request, chance: &mut Chance) -> Option<Request> {
    let changes = change::entries(of.body.json()?)?;
    let changes: Vec<Value> = changes
        .iter()
        .filter(|change| has_a_word(&Change::read(change)))
        .map(|change| {
            let name = match Change::read(change).subject {
                Subject::Call => "state",
                _ => "status",
            };
            let mut update = change.clone();
            update["changeType"] = json!("updated");
            each_entity(&mut update, &mut |entity| {
                entity.insert(name.to_owned(), json!(chance.word("unheardOf")));
            });
            update
        })
        .collect();
    (!changes.is_empty()).then(|| with_changes(of, changes))
}

/// The same notification with other changes in it.
pub(super) fn with_changes(of: &Request, changes: Vec<Value>) -> Request {
    let mut request = of.clone();
    if let Body::Json(body) = &mut request.body {
        body["value"] = Value::Array(changes);
    }
    request
}

fn each_entity(change: &mut Value, edit: &mut impl FnMut(&mut Map<String, Value>)) {
    match change.get_mut("resourceData") {
        Some(Value::Object(entity)) => edit(entity),
        Some(Value::Array(entities)) => entities
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(edit),
        _ => {}
    }
}
