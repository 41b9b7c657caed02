//! Exchanges that are about the same calls.

use foldhash::HashMap;
use serde_json::Value;

use crate::logic::judge::people::call_of;
use crate::model::cassette::{Content, Exchange};
use crate::model::identifier;
use crate::model::resource::Resource;

/// The exchanges in groups that have calls in common, each in order, the groups in the order of
/// their first. An exchange about no call is a group of its own.
pub fn groups(exchanges: &[Exchange]) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..exchanges.len()).collect();
    let mut first_of: HashMap<String, usize> = HashMap::default();
    for (index, exchange) in exchanges.iter().enumerate() {
        for call in calls(exchange) {
            let first = *first_of.entry(call).or_insert(index);
            let (one, other) = (root(&mut parents, first), root(&mut parents, index));
            parents[one.max(other)] = one.min(other);
        }
    }
    let mut places: HashMap<usize, usize> = HashMap::default();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in 0..exchanges.len() {
        let root = root(&mut parents, index);
        let place = *places.entry(root).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(index);
    }
    groups
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

/// The calls that an exchange is about, in normal form.
fn calls(exchange: &Exchange) -> Vec<String> {
    let mut calls = Vec::new();
    let request = &exchange.request;
    let target = Resource::parse(&request.target);
    calls.extend(target.as_ref().and_then(Resource::call).map(normal));
    collect(&request.body, &mut calls);
    if let Some(response) = &exchange.response {
        let located = response
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("location"));
        calls.extend(located.filter_map(|(_, to)| Resource::parse(to)?.call().map(normal)));
        collect(&response.body, &mut calls);
        if let (Content::Json(body), 201, Some(Resource::Calls)) =
            (&response.body, response.status, &target)
        {
            calls.extend(body["id"].as_str().map(normal));
        }
    }
    calls
}

fn normal(id: &str) -> String {
    identifier::normal(id)
}

fn collect(content: &Content, calls: &mut Vec<String>) {
    if let Content::Json(body) = content {
        named_in(body, calls);
    }
}

fn named_in(value: &Value, calls: &mut Vec<String>) {
    match value {
        Value::Object(properties) => {
            for (name, property) in properties {
                match (name.as_str(), property.as_str()) {
                    ("resource" | "resourceUrl" | "@odata.id", Some(path)) => {
                        let named = Resource::parse(path);
                        calls.extend(named.as_ref().and_then(Resource::call).map(normal));
                    }
                    ("replacesCallId", Some(replaced)) => calls.push(normal(&call_of(replaced))),
                    _ => named_in(property, calls),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named_in(item, calls)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn exchange(number: u64, target: &str, body: &Value, answer: &Value) -> Exchange {
        serde_json::from_value(json!({
            "number": number, "direction": "request", "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": target, "headers": [], "body": {"json": body}},
            "response": {"status": 201, "headers": [], "body": {"json": answer}},
        }))
        .unwrap()
    }

    #[test]
    fn exchanges_are_grouped_by_call() {
        let replaces = json!({"participants": [{"replacesCallId": "/app/calls/9"}]});
        let told = json!({"value": [{"resource": "/app/calls/9"}]});
        let none = json!({});
        let invite = "/communications/calls/1/participants/invite";
        let list = [
            exchange(1, "/beta/app/calls", &none, &json!({"id": "1"})),
            exchange(2, "/app/calls/2/answer", &none, &none),
            exchange(3, invite, &replaces, &none),
            exchange(4, "/me", &none, &none),
            exchange(5, "/callback", &told, &none),
        ];
        assert_eq!(groups(&list), [vec![0, 2, 4], vec![1], vec![3]]);
    }
}
