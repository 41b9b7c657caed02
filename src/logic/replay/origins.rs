//! Who made up which value of a recording.

use serde_json::Value;

use super::mapping::{self, Role};
use crate::model::cassette::{Direction, Exchange};
use crate::model::identifier::{ById, Normal};

/// The values that identify something as they stand, under their normal form, by the party that
/// used them first.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// Those that stand in a request before any answer or notification has them.
    pub(super) bot: ById<String>,
    /// The same as they stand first, each with the place of its exchange, in that order.
    pub(super) made: Vec<(usize, String)>,
    /// All others.
    pub(super) service: ById<String>,
}

impl Origins {
    pub(super) fn of(exchanges: &[Exchange]) -> Self {
        let mut origins = Self::default();
        for (index, exchange) in exchanges.iter().enumerate() {
            let is_asked = exchange.direction == Direction::Request;
            let mut values = mapping::ids_of_path(&exchange.request.target);
            collect("", exchange.request.body.json(), &mut values);
            origins.note(index, is_asked, &mut values);
            if let (true, Some(response)) = (is_asked, &exchange.response) {
                for (name, value) in &response.headers {
                    if name.eq_ignore_ascii_case("location") {
                        values.extend(mapping::ids_of_path(value));
                    }
                }
                collect("", response.body.json(), &mut values);
                origins.note(index, false, &mut values);
            }
        }
        origins
    }

    fn note(&mut self, index: usize, is_bots: bool, values: &mut Vec<String>) {
        for value in values.drain(..) {
            let normal = Normal::of(&value).into_owned();
            if self.bot.contains_key(&normal) || self.service.contains_key(&normal) {
                continue;
            }
            if is_bots {
                self.made.push((index, value.clone()));
                self.bot.insert(normal, value);
            } else {
                self.service.insert(normal, value);
            }
        }
    }
}

fn collect(name: &str, value: Option<&Value>, values: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) => match mapping::role(name, text) {
            Role::Id => values.push(text.clone()),
            Role::Path => values.extend(mapping::ids_of_path(text)),
            Role::Fixed | Role::Passing | Role::Address => {}
        },
        Some(Value::Array(items)) => {
            for item in items {
                collect(name, Some(item), values);
            }
        }
        Some(Value::Object(properties)) => {
            for (name, value) in properties {
                collect(name, Some(value), values);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_of_who_had_it_first() {
        let exchange = |number: u64, direction: &str, asked: Value, answered: Value| -> Exchange {
            serde_json::from_value(json!({
                "number": number, "direction": direction, "at_ms": 0, "took_ms": 0,
                "request": {"method": "POST", "target": "/app/calls", "headers": [], "body": {"json": asked}},
                "response": {"status": 201, "headers": [["Location", "/app/calls/c"]], "body": {"json": answered}},
            }))
            .unwrap()
        };
        let origins = Origins::of(&[
            exchange(
                1,
                "request",
                json!({"clientContext": "x"}),
                json!({"clientContext": "x", "id": "c"}),
            ),
            exchange(
                2,
                "notification",
                json!({"resource": "/app/calls/c/operations/o"}),
                json!({"id": "n"}),
            ),
            exchange(
                3,
                "request",
                json!({"id": "o", "callback": "http://h/"}),
                json!({}),
            ),
        ]);
        let sorted = |values: ById<String>| {
            let mut list: Vec<_> = values.into_values().collect();
            list.sort();
            list
        };
        assert_eq!(sorted(origins.bot), ["x"]);
        assert_eq!(sorted(origins.service), ["c", "o"]);
    }
}
