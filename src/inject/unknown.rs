//! Undocumented properties, resources and words.

use serde_json::{Map, Value, json};

use super::rng::Rng;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::http::message::{Body, Request};

pub(super) fn add_properties(body: &mut Body, rng: &mut Rng) {
    if let Body::Json(body) = body {
        add(body, rng);
    }
}

fn add(value: &mut Value, rng: &mut Rng) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| add(item, rng)),
        Value::Object(object) => {
            object.values_mut().for_each(|inner| add(inner, rng));
            let values = [
                json!("unheard of"),
                json!(42),
                json!(true),
                Value::Null,
                json!({"@odata.type": "#microsoft.graph.unheardOf", "depth": [1, {}]}),
            ];
            let value = values[rng.below(values.len())].clone();
            object.insert(rng.word("unheardOf"), value);
        }
        _ => {}
    }
}

/// A notification about an unknown resource of the same call; `None` if the notification names no call.
pub(super) fn resource(of: &Request, rng: &mut Rng) -> Option<Request> {
    let body = of.body.json()?;
    let change = Change::read(change::entries(body)?.first()?);
    let call = change.call()?.to_owned();
    let (kind, id) = (rng.word("unheardOf"), rng.word(""));
    let change = json!({
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": "updated",
        "resource": format!("/app/calls/{call}/{kind}/{id}"),
        "resourceUrl": format!("/communications/calls/{call}/{kind}/{id}"),
        "resourceData": {"@odata.type": format!("#microsoft.graph.{kind}"), "id": id},
    });
    Some(with_changes(of, vec![change]))
}

/// True if a change has the state or status of an existing resource.
pub(super) fn has_word(change: &Change<'_>) -> bool {
    matches!(change.subject, Subject::Call | Subject::Operation)
        && change.change_type != "created"
        && change.word.is_some()
}

/// An update of the same resource with an unknown word; `None` if the notification has no word.
pub(super) fn word(of: &Request, rng: &mut Rng) -> Option<Request> {
    let changes = change::entries(of.body.json()?)?;
    let changes: Vec<Value> = changes
        .iter()
        .filter(|change| has_word(&Change::read(change)))
        .map(|change| {
            let name = match Change::read(change).subject {
                Subject::Call => "state",
                _ => "status",
            };
            let mut update = change.clone();
            update["changeType"] = json!("updated");
            each_entity(&mut update, &mut |entity| {
                entity.insert(name.to_owned(), json!(rng.word("unheardOf")));
            });
            update
        })
        .collect();
    (!changes.is_empty()).then(|| with_changes(of, changes))
}

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
