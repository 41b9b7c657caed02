//! The values of recorded messages that differ from run to run.

use serde_json::Value;

use super::mapping;
use super::mapping::Role;
use crate::cassette::format::{Direction, Exchange};

/// The values of one message that differ from run to run, as they stand in it.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) ids: Vec<String>,
    pub(super) addresses: Vec<String>,
}

/// Gives the values of the messages of an exchange, the asking one first, with whether it is the
/// bot's. What answers a notification makes nothing up. Whoever takes them leaves none.
pub(super) fn each(exchange: &Exchange, mut take: impl FnMut(bool, &mut Values)) {
    let is_asked = exchange.direction == Direction::Request;
    let mut values = Values {
        ids: mapping::ids_of_path(&exchange.request.target),
        addresses: Vec::new(),
    };
    collect("", exchange.request.body.json(), &mut values);
    take(is_asked, &mut values);
    if let (true, Some(response)) = (is_asked, &exchange.response) {
        for (name, value) in &response.headers {
            if name.eq_ignore_ascii_case("location") {
                values.ids.extend(mapping::ids_of_path(value));
            }
        }
        collect("", response.body.json(), &mut values);
        take(false, &mut values);
    }
}

fn collect(name: &str, value: Option<&Value>, values: &mut Values) {
    match value {
        Some(Value::String(text)) => match mapping::role(name, text) {
            Role::Id => values.ids.push(text.clone()),
            Role::Path => values.ids.extend(mapping::ids_of_path(text)),
            Role::Address => values.addresses.push(text.clone()),
            Role::Fixed | Role::Passing => {}
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
