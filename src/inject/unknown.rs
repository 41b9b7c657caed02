//! Undocumented properties, resources and words, and the seeded generator that chooses them.

use serde_json::{Map, Value, json};

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

/// A seeded generator of random choices: the same numbers on every machine and in every version.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    /// `name` is that of the user, so that users of one seed have different numbers.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ hash)
    }

    /// `SplitMix64`.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `count` is at least 1.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = count as u64;
        usize::try_from(self.next() % count).unwrap_or_default()
    }

    /// A prefix with ten random hexadecimal digits.
    pub(super) fn word(&mut self, prefix: &str) -> String {
        format!("{prefix}{:010x}", self.next() & 0xff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_seed_and_name() {
        let numbers = |seed, name| {
            let mut rng = Rng::new(seed, name);
            [rng.next(), rng.next()]
        };
        assert_eq!(numbers(1, "a"), numbers(1, "a"));
        assert_ne!(numbers(1, "a"), numbers(2, "a"));
        assert_ne!(numbers(1, "a"), numbers(1, "b"));
        assert_eq!(Rng::new(1, "").word("x"), Rng::new(1, "").word("x"));
    }
}
