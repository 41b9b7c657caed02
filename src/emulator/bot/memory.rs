//! What the bot remembers of its calls and operations.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use serde_json::Value;

use super::request_builder::RequestBuilder;
use crate::api::identifier;
use crate::api::resource::Resource;

/// Calls and operations, as far as notifications and answers have told.
#[derive(Debug, Default)]
pub(super) struct Memory {
    states: HashMap<String, String>,
    operations: HashMap<String, Known>,
    /// The digests of the entries that were taken: a repeated one changes nothing.
    taken: HashSet<u64>,
    /// The calls about which a request has no answer, and how many.
    asking: HashMap<String, usize>,
    /// The last invitation to each call.
    invitations: HashMap<String, Invitation>,
}

/// An invitation that was sent.
#[derive(Debug)]
struct Invitation {
    builder: RequestBuilder,
    has_ended: bool,
}

/// An operation.
#[derive(Debug, Default)]
struct Known {
    status: String,
    /// Whether nothing follows its end but the roster: it replaces no call.
    is_simple: bool,
    /// Whether the roster of its call has come since it was asked for.
    has_roster: bool,
    call: String,
}

impl Memory {
    /// An operation that a service has answered with.
    pub(super) fn begin(&mut self, id: &str, call: &str, is_simple: bool) {
        let known = self.operations.entry(identifier::normal(id)).or_default();
        known.is_simple = is_simple;
        call.clone_into(&mut known.call);
    }

    /// A request goes out.
    pub(super) fn ask(&mut self, builder: &RequestBuilder) {
        let named = Resource::parse(&builder.url);
        let Some(call) = named.as_ref().and_then(Resource::call) else {
            return;
        };
        *self.asking.entry(identifier::normal(call)).or_default() += 1;
        if builder.url.ends_with("/participants/invite") {
            let invitation = Invitation {
                builder: builder.clone(),
                has_ended: false,
            };
            self.invitations
                .insert(identifier::normal(call), invitation);
        }
    }

    /// The last invitation to a call.
    pub(super) fn invitation(&self, call: &str) -> Option<RequestBuilder> {
        let invitation = self.invitations.get(&identifier::normal(call))?;
        Some(invitation.builder.clone())
    }

    /// Whether an entry lists the people of a call while an invitation to it has not ended.
    pub(super) fn lists_too_early(&self, resource: &Resource) -> bool {
        let Resource::Participants(call) = resource else {
            return false;
        };
        let invitation = self.invitations.get(&identifier::normal(call));
        invitation.is_some_and(|invitation| !invitation.has_ended)
    }

    /// A request has its answer, or will never have one.
    pub(super) fn answered(&mut self, url: &str) {
        let named = Resource::parse(url);
        let call = named.as_ref().and_then(Resource::call);
        if let Some(count) = call.and_then(|it| self.asking.get_mut(&identifier::normal(it))) {
            *count -= 1;
        }
    }

    /// Whether a request about a call has no answer.
    pub(super) fn is_asking(&self, call: &str) -> bool {
        let count = self.asking.get(&identifier::normal(call));
        count.is_some_and(|count| *count > 0)
    }

    /// Takes one entry of a notification, and says whether it is new: a repeated one changes nothing.
    pub(super) fn take(&mut self, resource: &Resource, change: &str, data: &Value) -> bool {
        let mut hasher = DefaultHasher::new();
        (change, data.to_string()).hash(&mut hasher);
        resource.call().map(identifier::normal).hash(&mut hasher);
        if !self.taken.insert(hasher.finish()) {
            return false;
        }
        let word = |name: &str| {
            data.get(name)
                .and_then(Value::as_str)
                .map(str::to_lowercase)
        };
        match resource {
            Resource::Call(call) if change == "deleted" => {
                self.states
                    .insert(identifier::normal(call), "deleted".to_owned());
            }
            Resource::Call(call) => {
                if let Some(state) = word("state") {
                    self.states.insert(identifier::normal(call), state);
                }
            }
            Resource::Operation { call, operation } => {
                let known = self
                    .operations
                    .entry(identifier::normal(operation))
                    .or_default();
                known.status = word("status").unwrap_or_default();
                call.clone_into(&mut known.call);
                let has_ended = matches!(known.status.as_str(), "completed" | "failed");
                if let Some(invitation) = self.invitations.get_mut(&identifier::normal(call)) {
                    invitation.has_ended |= has_ended;
                }
            }
            Resource::Participants(call) => {
                let here = |known: &&mut Known| identifier::same(&known.call, call);
                self.operations
                    .values_mut()
                    .filter(here)
                    .for_each(|known| known.has_roster = true);
            }
            _ => {}
        }
        true
    }

    /// The last state that a notification told of a call.
    pub(super) fn state(&self, call: &str) -> Option<&str> {
        self.states
            .get(&identifier::normal(call))
            .map(String::as_str)
    }

    /// The last status that a notification told of an operation.
    pub(super) fn status(&self, operation: &str) -> Option<&str> {
        let known = self.operations.get(&identifier::normal(operation))?;
        Some(&known.status)
    }

    /// Whether an operation has ended and nothing more is to come from it.
    pub(super) fn is_over(&self, operation: &str) -> bool {
        let known = self.operations.get(&identifier::normal(operation));
        known.is_some_and(|known| match known.status.as_str() {
            "failed" => true,
            "completed" => known.is_simple && known.has_roster,
            _ => false,
        })
    }
}
