//! The values of recorded messages that differ from run to run.
//!
//! [`text_kind`] classifies a text: an identifier, a path, an address, a time, or fixed.
//! [`mapping`] pairs recorded values with live ones. [`generated`] makes new values for those that
//! the recorded bot chose.

pub(crate) mod generated;
pub(crate) mod mapping;

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use foldhash::fast;
use foldhash::quality::FixedState;
use serde_json::Value;

use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::cassette::format::{Direction, Exchange};
use crate::contract::shape::is_time_text;

/// The text that a replay expects in the place of a recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    Fixed,
    /// The identifier that is paired with the recorded one.
    Id,
    /// That run's callback address of the bot.
    Address,
    /// A path of the API of the same shape; the identifiers in it are compared as such.
    Path,
    Time,
}

const PSEUDONYM: &str = "redacted-";

pub(crate) fn text_kind(name: &str, text: &str) -> TextKind {
    match path(text) {
        Some(_) => TextKind::Path,
        None => kind_of_other(name, text),
    }
}

/// The resource of a text that is a path of the API.
pub(super) fn path(text: &str) -> Option<Resource> {
    text.contains('/').then(|| Resource::parse(text)).flatten()
}

/// The kind of a property's text that is no path.
pub(super) fn kind_of_other(name: &str, text: &str) -> TextKind {
    match name {
        _ if text.is_empty() => return TextKind::Fixed,
        "callback" | "callbackUri" => return TextKind::Address,
        "id" | "clientContext" | "replacesCallId" | "threadId" | "messageId" | "tenantId"
        | "chainId" | "callChainId" => return TextKind::Id,
        _ => {}
    }
    if text.starts_with(PSEUDONYM) || identifier::is_guid(text) {
        TextKind::Id
    } else if is_time_text(text) {
        TextKind::Time
    } else {
        TextKind::Fixed
    }
}

/// The identifiers of a path of the API, in their order; of another path, its GUIDs.
pub(crate) fn ids_of_path(target: &str) -> Vec<String> {
    match Resource::parse(target) {
        Some(resource) => ids_of(resource),
        None => resource::path_of(target)
            .split('/')
            .filter(|segment| identifier::is_guid(segment))
            .map(str::to_owned)
            .collect(),
    }
}

/// The identifiers of a resource, in the order of its path.
pub(super) fn ids_of(resource: Resource) -> Vec<String> {
    match resource {
        Resource::Operation { call, operation } => vec![call, operation],
        Resource::Participant { call, participant } => vec![call, participant],
        Resource::Call(call) | Resource::Participants(call) | Resource::Action { call, .. } => {
            vec![call]
        }
        Resource::Calls => Vec::new(),
    }
}

/// The values of one message that differ from run to run, as they stand in it.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) ids: Vec<String>,
    pub(super) addresses: Vec<String>,
}

/// Calls `visit` with the values of each message of an exchange, the request first, and with its
/// sender. An acknowledgement has none. `visit` must leave `Values` empty.
pub(super) fn visit_messages(exchange: &Exchange, mut visit: impl FnMut(Party, &mut Values)) {
    let sender = match exchange.direction {
        Direction::Request => Party::Bot,
        Direction::Notification => Party::Service,
    };
    let mut values = Values {
        ids: ids_of_path(&exchange.request.target),
        addresses: Vec::new(),
    };
    collect("", exchange.request.body.json(), &mut values);
    visit(sender, &mut values);
    if let (Party::Bot, Some(response)) = (sender, &exchange.response) {
        for (name, value) in response.headers.iter() {
            if name.eq_ignore_ascii_case("location") {
                values.ids.extend(ids_of_path(value));
            }
        }
        collect("", response.body.json(), &mut values);
        visit(Party::Service, &mut values);
    }
}

fn collect(name: &str, value: Option<&Value>, values: &mut Values) {
    match value {
        Some(Value::String(text)) => match text_kind(name, text) {
            TextKind::Id => values.ids.push(text.clone()),
            TextKind::Path => values.ids.extend(ids_of_path(text)),
            TextKind::Address => values.addresses.push(text.clone()),
            TextKind::Fixed | TextKind::Time => {}
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

/// An identifier in 128 bits: the number of a GUID, the hash of another text. Equal keys mean the
/// [same](identifier::same) identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u64; 2]);

pub(super) type Keys = HashSet<Key, fast::FixedState>;

/// Fixed seeds suffice: keys are compared within one run only.
const SEEDS: [FixedState; 2] = [FixedState::with_seed(1), FixedState::with_seed(2)];

impl Key {
    pub(super) fn of(id: &str) -> Self {
        match Normal::of(id) {
            Normal::Guid(number) => {
                let low = u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0);
                let high = u64::try_from(number >> 64).unwrap_or(0);
                Self([low, high])
            }
            Normal::Text(text) => Self(SEEDS.each_ref().map(|seed| seed.hash_one(&*text))),
        }
    }

    /// 32 bits, which distinguish it from few others.
    pub(super) fn brief(self) -> u32 {
        let mixed = SEEDS[0].hash_one(self.0);
        u32::try_from(mixed >> 32).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

    #[test]
    fn the_kind_of_a_text() {
        for (name, text, expected) in [
            ("status", "running", TextKind::Fixed),
            ("id", "", TextKind::Fixed),
            ("callback", "", TextKind::Fixed),
            ("id", "op-1", TextKind::Id),
            ("x", GUID, TextKind::Id),
            ("x", "redacted-secret-0123", TextKind::Id),
            ("resource", "/app/calls/1", TextKind::Path),
            ("at", "2026-01-01T00:00:00Z", TextKind::Time),
        ] {
            assert_eq!(text_kind(name, text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn keys_are_equal_where_identifiers_are_the_same() {
        let guid = Key::of(GUID);
        assert_eq!(guid, Key::of("57DAB8B1894C409AB240BD8BEAE78896"));
        assert_ne!(guid, Key::of("57dab8b1-894c-409a-b240-bd8beae78897"));
        assert_ne!(Key::of("a"), Key::of("A"));
    }
}
