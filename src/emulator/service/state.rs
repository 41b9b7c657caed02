//! What the service remembers: calls, their members and operations, and who cannot be invited.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::delivery::Line;
use super::refusal::Refusal;
use crate::api::identifier;

/// Whoever's id begins so cannot be invited: the documented trigger of a failed invitation.
pub const FAILING_ID: &str = "fa11ed00";

/// Everything that the service remembers.
#[derive(Debug, Default)]
pub(super) struct World {
    calls: HashMap<String, Call>,
    operations: HashMap<String, Operation>,
    failing: HashSet<String>,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) callback: String,
    pub(super) state: CallState,
    /// `incoming` or `outgoing`, as the bot sees it.
    pub(super) direction: &'static str,
    /// Whether the call has valid chat information, which several invitations at once need.
    pub(super) has_chat: bool,
    pub(super) members: Vec<Member>,
    /// Where its notifications wait for their turn. Taken away when the last one is in line.
    pub(super) line: Option<Line>,
}

/// The part of a call's life that the service shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    Incoming,
    Establishing,
    Established,
    Terminated,
}

impl CallState {
    /// The protocol's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Establishing => "establishing",
            Self::Established => "established",
            Self::Terminated => "terminated",
        }
    }
}

/// A member of a call's roster.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) id: String,
    /// The kind of identity: `user`, `phone`, `application` …
    pub(super) kind: String,
    /// The identity, its `id` among the properties.
    pub(super) identity: Map<String, Value>,
    pub(super) region: String,
    pub(super) language: String,
    /// The number of its audio stream.
    pub(super) source: usize,
}

/// An invitation under way or ended.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) call: String,
    pub(super) status: &'static str,
    pub(super) context: String,
    pub(super) invitees: Vec<Invitee>,
    pub(super) created: String,
}

/// One whom a request invites.
#[derive(Debug, Clone)]
pub(super) struct Invitee {
    pub(super) kind: String,
    pub(super) identity: Map<String, Value>,
    /// The id of the call that the invitation replaces.
    pub(super) replaces: Option<String>,
    pub(super) region: Option<String>,
    pub(super) language: Option<String>,
}

impl Invitee {
    /// The id of the identity.
    pub(super) fn id(&self) -> &str {
        self.identity
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}

/// What becomes true when a notification is sent.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// A call changes its state.
    State(String, CallState),
    /// An operation ends with this status.
    End(String, &'static str),
    /// Members join a call.
    Join(String, Vec<Member>),
}

impl World {
    pub(super) fn add_call(&mut self, call: Call) {
        self.calls.insert(identifier::normal(&call.id), call);
    }

    pub(super) fn add_operation(&mut self, operation: Operation) {
        self.operations
            .insert(identifier::normal(&operation.id), operation);
    }

    /// The call, ended or not.
    pub(super) fn call(&self, id: &str) -> Option<&Call> {
        self.calls.get(&identifier::normal(id))
    }

    /// The call that has not ended.
    pub(super) fn live(&mut self, id: &str) -> Result<&mut Call, Refusal> {
        match self.calls.get_mut(&identifier::normal(id)) {
            None => Err(Refusal::no_call(id)),
            Some(call) if call.line.is_none() => Err(Refusal::ended(id)),
            Some(call) => Ok(call),
        }
    }

    /// The operation of that call.
    pub(super) fn operation(&self, call: &str, id: &str) -> Option<&Operation> {
        self.operations
            .get(&identifier::normal(id))
            .filter(|operation| identifier::same(&operation.call, call))
    }

    /// Makes invitations of that identity fail from now on.
    pub(super) fn fail(&mut self, identity: &str) {
        self.failing.insert(identifier::normal(identity));
    }

    /// Whether an invitation of that identity fails.
    pub(super) fn fails(&self, identity: &str) -> bool {
        identity.to_ascii_lowercase().starts_with(FAILING_ID)
            || self.failing.contains(&identifier::normal(identity))
    }

    pub(super) fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::State(id, state) => {
                if let Some(call) = self.calls.get_mut(&identifier::normal(id)) {
                    call.state = *state;
                }
            }
            Effect::End(id, status) => {
                if let Some(operation) = self.operations.get_mut(&identifier::normal(id)) {
                    operation.status = status;
                }
            }
            Effect::Join(id, members) => {
                if let Some(call) = self.calls.get_mut(&identifier::normal(id)) {
                    call.members.extend(members.iter().cloned());
                }
            }
        }
    }
}
