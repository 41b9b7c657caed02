//! The state of the service: calls with their members, operations and queued notifications, and the
//! identities that cannot be invited.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};

use super::message::Refusal;
use crate::api::identifier;

/// Identities whose id begins so cannot be invited: the documented trigger of a failed invitation.
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
    /// `incoming` or `outgoing`, as the bot sees it.
    pub(super) direction: &'static str,
    pub(super) kind: CallKind,
    pub(super) members: Vec<Member>,
    /// The queue of its notifications; `None` once the last one is queued.
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
    pub(super) fn id(&self) -> &str {
        self.identity
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}

/// A change of the state that a notification brings about when it is sent.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    State(String, CallState),
    End(String, &'static str),
    Join(String, Vec<Member>),
}

/// The subject of a notification.
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

/// A queued notification.
#[derive(Debug, Clone)]
pub(super) struct Notification {
    pub(super) about: About,
    pub(super) callback: String,
    pub(super) entry: Value,
    pub(super) effect: Option<Effect>,
}

/// Notifications that one request causes about one call.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) notifications: Vec<Notification>,
    /// They are sent once this is notified.
    pub(super) after: Option<Arc<Notify>>,
    /// Notified once they are sent.
    pub(super) done: Option<Arc<Notify>>,
    /// Queued at another call once they are sent.
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

/// The sending end of the notification queue of a call.
pub(super) type Queue = mpsc::UnboundedSender<Group>;

impl State {
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
            Some(call) if call.queue.is_none() => Err(Refusal::ended(id)),
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
