//! The state of the service: calls with their members, operations and queued notifications, and the
//! identities that cannot be invited.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};

use super::message::Refusal;
use crate::api::identifier;

/// Prefix of the identities that cannot be invited: the documented trigger of a failed invitation.
pub(crate) const FAILING_ID: &str = "fa11ed00";

#[derive(Debug, Default)]
pub(super) struct State {
    calls: HashMap<String, Call>,
    operations: HashMap<String, Operation>,
    failing: HashSet<String>,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) callback: String,
    pub(super) state: CallState,
    /// `incoming` or `outgoing`, seen from the bot.
    pub(super) direction: &'static str,
    pub(super) kind: CallKind,
    pub(super) members: Vec<Member>,
    /// `None` once the last notification is queued.
    pub(super) queue: Option<Queue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// A call with valid chat information, which an invitation of several participants needs.
    Group,
    Peer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    Incoming,
    Establishing,
    Established,
    Terminated,
}

impl CallState {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Establishing => "establishing",
            Self::Established => "established",
            Self::Terminated => "terminated",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) id: String,
    /// `user`, `phone`, `application` …
    pub(super) kind: String,
    /// With its `id`.
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

#[derive(Debug, Clone)]
pub(super) struct Invitee {
    pub(super) kind: String,
    pub(super) identity: Map<String, Value>,
    /// The id of the replaced call.
    pub(super) replaces: Option<String>,
    pub(super) region: Option<String>,
    pub(super) language: Option<String>,
}

impl Invitee {
    pub(super) fn id(&self) -> &str {
        self.identity
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}

/// A change of the state, made when its notification is sent.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    State(String, CallState),
    End(String, &'static str),
    Join(String, Vec<Member>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Incoming,
    Establishing,
    Established,
    Progress,
    End,
    Roster,
    Terminated,
    Deleted,
}

#[derive(Debug, Clone)]
pub(super) struct Notification {
    pub(super) about: About,
    pub(super) callback: String,
    pub(super) entry: Value,
    pub(super) effect: Option<Effect>,
}

/// Notifications of one request about one call.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) notifications: Vec<Notification>,
    /// The group is sent once this is notified.
    pub(super) after: Option<Arc<Notify>>,
    /// Notified once the group is sent.
    pub(super) done: Option<Arc<Notify>>,
    /// Queued at another call once the group is sent.
    pub(super) then: Option<Box<(Queue, Group)>>,
}

impl Group {
    pub(super) const fn new(notifications: Vec<Notification>) -> Self {
        Self {
            notifications,
            after: None,
            done: None,
            then: None,
        }
    }
}

pub(super) type Queue = mpsc::UnboundedSender<Group>;

impl State {
    pub(super) fn add_call(&mut self, call: Call) {
        self.calls.insert(identifier::normal(&call.id), call);
    }

    pub(super) fn add_operation(&mut self, operation: Operation) {
        self.operations
            .insert(identifier::normal(&operation.id), operation);
    }

    /// Returns a call that has ended, too.
    pub(super) fn call(&self, id: &str) -> Option<&Call> {
        self.calls.get(&identifier::normal(id))
    }

    /// A call that has not ended.
    pub(super) fn live(&mut self, id: &str) -> Result<&mut Call, Refusal> {
        match self.calls.get_mut(&identifier::normal(id)) {
            None => Err(Refusal::no_call(id)),
            Some(call) if call.queue.is_none() => Err(Refusal::ended(id)),
            Some(call) => Ok(call),
        }
    }

    pub(super) fn operation(&self, call: &str, id: &str) -> Option<&Operation> {
        self.operations
            .get(&identifier::normal(id))
            .filter(|operation| identifier::same(&operation.call, call))
    }

    /// Lets invitations of an identity fail from now on.
    pub(super) fn fail(&mut self, identity: &str) {
        self.failing.insert(identifier::normal(identity));
    }

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
