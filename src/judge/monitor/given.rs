//! The ids that the service has given to the bot. If the traffic has all messages of the service, a request with any
//! other id is about no resource.

use serde_json::{Value, json};

use super::conversation::breach;
use super::request::replaced_calls;
use super::{KnownIds, Monitor, Pending};
use crate::api::identifier::{Ids, Normal, is_guid};
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Response;

impl Monitor {
    /// The ids in a response.
    pub(super) fn gives(&mut self, response: &Response) {
        if self.options.ids == KnownIds::All {
            let location = response.headers.get("location").unwrap_or_default();
            note_path(location, &mut self.given);
            self.gives_in(response.body.json().unwrap_or(&Value::Null));
        }
    }

    /// The ids in the body of a message.
    pub(super) fn gives_in(&mut self, body: &Value) {
        if self.options.ids == KnownIds::All {
            note(body, &mut self.given);
        }
    }

    /// Reports a request that the service refuses, because it never gave the bot an id in its path, or that of a call to be
    /// replaced.
    pub(super) fn is_invented(&mut self, exchange: u64, pending: &Pending) -> bool {
        if self.options.ids == KnownIds::Some {
            return false;
        }
        let path = [&pending.call, &pending.below].into_iter().flatten();
        let path = path.map(|id| {
            (
                Requirement::RequestTarget,
                Rule::RequestTarget,
                Normal::of(id),
            )
        });
        let replaced = pending.request.body.json().map(replaced_calls);
        let replaced = replaced.into_iter().flatten();
        let replaced = replaced.map(|id| (Requirement::IdsUnchanged, Rule::RequestBody, id));
        let mut named = path.chain(replaced);
        let Some((requirement, rule, invented)) = named.find(|(.., id)| !self.given.contains(id))
        else {
            return false;
        };
        let invented = invented.to_string();
        let breach = breach(
            requirement,
            rule,
            exchange,
            Pointer::root(),
            (Value::Null, json!(invented)),
            format!(
                "the request is about {invented}, an id that the service never gave to the bot"
            ),
        );
        let operation = Some(pending.operation);
        self.report(pending.conversation, Party::Bot, operation, breach);
        true
    }
}

/// Adds each GUID in a value: ids are in properties, and in the paths of resources. The `id` of a resource may be any text.
fn note(value: &Value, given: &mut Ids<'static>) {
    match value {
        Value::String(text) => note_path(text, given),
        Value::Array(items) => items.iter().for_each(|it| note(it, given)),
        Value::Object(properties) => {
            let own = properties.get("id").and_then(Value::as_str);
            given.extend(own.map(|it| Normal::of(it).into_owned()));
            properties.values().for_each(|it| note(it, given));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note_path(path: &str, given: &mut Ids<'static>) {
    let ids = path.split('/').filter(|it| is_guid(it));
    given.extend(ids.map(|it| Normal::of(it).into_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_resource_may_be_any_text() {
        let mut given = Ids::default();
        note(
            &json!({"value": [{"id": "oneToOne", "routingMode": "multicast"}]}),
            &mut given,
        );
        for (id, is_given) in [("oneToOne", true), ("multicast", false)] {
            assert_eq!(given.contains(&Normal::of(id)), is_given, "{id}");
        }
    }
}
