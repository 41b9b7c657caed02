//! The state of the service: calls with their members, operations and queued notifications, and the
//! identities that cannot be invited.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::errors::Refusal;
use super::operations::Operation;
use crate::api::identifier;
use crate::emulator::{new_id, now};

/// Prefix of the identities that cannot be invited: the documented trigger of a failed invitation.
pub(crate) const FAILING_ID: &str = "fa11ed00";

#[derive(Debug, Default)]
pub(super) struct State {
    calls: HashMap<String, Call>,
    operations: HashMap<String, CommsOperation>,
    failing: HashSet<String>,
    recordings: HashMap<String, Recording>,
    pub(super) timings: Timings,
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
    /// The number of the call in the order of creation.
    pub(super) number: usize,
    /// `callChainId`, in the headers of notifications too.
    pub(super) chain: String,
    /// The `Scenario-Id` of the bot's first request about the call.
    pub(super) scenario: Option<String>,
    /// Properties of the resource that the creation of the call gave.
    pub(super) details: Map<String, Value>,
    pub(super) wants_tones: bool,
    pub(super) tones: u64,
    /// Ids of the content sharing sessions.
    pub(super) sessions: Vec<String>,
    /// False for a bot that wants no notifications of content sharing.
    pub(super) notifies_sessions: bool,
    pub(super) routing_groups: Vec<RoutingGroup>,
    /// What the next operations fail with.
    pub(super) failures: Vec<Failure>,
    pub(super) last_kept_alive: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// A call with valid chat information, which an invitation of several participants needs. A transfer from
    /// it names the transferee.
    Group,
    Peer,
    /// A call of a provider state, for conversations of groups and of peers.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    Incoming,
    Establishing,
    Established,
    Transferring,
    TransferAccepted,
    Terminating,
    Terminated,
}

impl CallState {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Establishing => "establishing",
            Self::Established => "established",
            Self::Transferring => "transferring",
            Self::TransferAccepted => "transferAccepted",
            Self::Terminating => "terminating",
            Self::Terminated => "terminated",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are independent, as in the roster"
)]
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
    pub(super) is_bot: bool,
    pub(super) is_muted: bool,
    pub(super) is_in_lobby: bool,
    /// Receives music instead of the others' audio.
    pub(super) is_on_hold: bool,
    /// The direction of its screen sharing, if it takes part.
    pub(super) screen: Option<&'static str>,
    /// The word of `recordingStatus`, once there was one.
    pub(super) recording: Option<&'static str>,
    pub(super) metadata: Option<String>,
}

impl Member {
    pub(super) fn new(kind: &str, identity: Map<String, Value>, source: usize) -> Self {
        Self {
            id: new_id(),
            kind: kind.to_owned(),
            identity,
            region: "westus".to_owned(),
            language: "en-US".to_owned(),
            source,
            is_bot: false,
            is_muted: false,
            is_in_lobby: false,
            is_on_hold: false,
            screen: None,
            recording: None,
            metadata: None,
        }
    }
}

/// Where the notifications about a call go.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) call: String,
    pub(super) callback: String,
    pub(super) queue: Queue,
}

/// Participants, and those whose audio they receive.
#[derive(Debug, Clone)]
pub(super) struct RoutingGroup {
    pub(super) id: String,
    pub(super) mode: &'static str,
    pub(super) sources: Vec<String>,
    pub(super) receivers: Vec<String>,
}

/// The result of a failed operation. `None` is the usual value of the operation.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure {
    /// `None` for whichever operation comes next.
    pub(super) operation: Option<Operation>,
    pub(super) code: Option<i64>,
    pub(super) subcode: Option<i64>,
    pub(super) message: Option<String>,
}

impl Failure {
    /// Puts its values into the result of an operation. Pages spell the property `subcode` or `subCode`.
    pub(super) fn fill(&self, mut result: Value) -> Value {
        let subcode = if result.get("subCode").is_some() {
            "subCode"
        } else {
            "subcode"
        };
        let message = self.message.clone().map(Value::from);
        let properties = [
            ("code", self.code.map(Value::from)),
            (subcode, self.subcode.map(Value::from)),
            ("message", message),
        ];
        for (name, value) in properties {
            if let Some(value) = value {
                result[name] = value;
            }
        }
        result
    }
}

/// The file that a caller's response was recorded in.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    pub(super) token: String,
    pub(super) bytes: Vec<u8>,
}

/// How long things take that a person or a timer ends. Zero is at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timings {
    /// The time for which an incoming call rings before it ends.
    pub(super) ringing: Duration,
    /// A prompt plays so long.
    pub(super) prompt: Duration,
    /// A caller speaks so long.
    pub(super) speech: Duration,
    /// The outcome of an invitation or a transfer is known after this time.
    pub(super) outcome: Duration,
    /// A call without requests ends after this time.
    pub(super) keep_alive: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            ringing: Duration::from_secs(15),
            prompt: Duration::ZERO,
            speech: Duration::ZERO,
            outcome: Duration::ZERO,
            keep_alive: Duration::from_secs(45 * 60),
        }
    }
}

/// A long-running operation, under way or ended.
#[derive(Debug, Clone)]
pub(super) struct CommsOperation {
    pub(super) id: String,
    pub(super) call: String,
    /// The request that created it.
    pub(super) cause: Operation,
    pub(super) status: &'static str,
    pub(super) context: Option<String>,
    /// The people that an invitation names.
    pub(super) invitees: Vec<Invitee>,
    pub(super) created: String,
    /// Null until there is a result.
    pub(super) result: Value,
    /// Properties of this kind of operation.
    pub(super) details: Map<String, Value>,
    /// How a recording ends when a tone is pressed.
    pub(super) stop_tones: Vec<String>,
}

impl CommsOperation {
    pub(super) fn running(call: &str, cause: Operation, context: Option<String>) -> Self {
        Self {
            id: new_id(),
            call: call.to_owned(),
            cause,
            status: "running",
            context,
            invitees: Vec::new(),
            created: now(),
            result: Value::Null,
            details: Map::new(),
            stop_tones: Vec::new(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.status == "running"
    }

    /// True for what `cancelMediaProcessing` cancels.
    pub(super) const fn is_media(&self) -> bool {
        matches!(
            self.cause,
            Operation::PlayPrompt | Operation::RecordResponse
        )
    }
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
    pub(super) fn new(kind: &str, id: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            identity: Map::from_iter([
                ("displayName".to_owned(), name.into()),
                ("id".to_owned(), id.into()),
            ]),
            replaces: None,
            region: None,
            language: None,
        }
    }

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
    /// The call is established, and again with details.
    Detail,
    Tone,
    Transferring,
    TransferAccepted,
    Terminating,
    Terminated,
    Deleted,
    Progress,
    End,
    Roster,
    Session,
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

    pub(super) fn add_operation(&mut self, operation: CommsOperation) {
        self.operations
            .insert(identifier::normal(&operation.id), operation);
    }

    pub(super) fn count_calls(&self) -> usize {
        self.calls.len()
    }

    /// All calls, in the order of creation.
    pub(super) fn calls(&self) -> Vec<&Call> {
        let mut calls: Vec<&Call> = self.calls.values().collect();
        calls.sort_by_key(|call| call.number);
        calls
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

    /// A call that has been answered and has not ended.
    pub(super) fn answered(&mut self, id: &str) -> Result<&mut Call, Refusal> {
        let call = self.live(id)?;
        if call.state == CallState::Incoming {
            return Err(Refusal::conflict("The call has not been answered."));
        }
        Ok(call)
    }

    /// An answered call whose media the service hosts, for what the pages support in no other call.
    pub(super) fn service_hosted(&mut self, id: &str) -> Result<&mut Call, Refusal> {
        let call = self.answered(id)?;
        let media = call
            .details
            .get("mediaConfig")
            .and_then(|it| it.get("@odata.type"));
        let is_app_hosted = |it: &str| it.ends_with("appHostedMediaConfig");
        if media.and_then(Value::as_str).is_some_and(is_app_hosted) {
            return Err(Refusal::bad_request(
                "Only a call with `serviceHostedMediaConfig` supports this.",
            ));
        }
        Ok(call)
    }

    /// A call that rings.
    pub(super) fn incoming(&mut self, id: &str) -> Result<&mut Call, Refusal> {
        let call = self.live(id)?;
        if call.state != CallState::Incoming {
            return Err(Refusal::conflict(format!("The call {id} is not incoming.")));
        }
        Ok(call)
    }

    pub(super) fn operation(&self, call: &str, id: &str) -> Option<&CommsOperation> {
        self.operations
            .get(&identifier::normal(id))
            .filter(|operation| identifier::same(&operation.call, call))
    }

    pub(super) fn operation_mut(&mut self, id: &str) -> Option<&mut CommsOperation> {
        self.operations.get_mut(&identifier::normal(id))
    }

    /// The operations of a call, in no order.
    pub(super) fn operations_of<'s>(
        &'s self,
        call: &'s str,
    ) -> impl Iterator<Item = &'s CommsOperation> {
        let operations = self.operations.values();
        operations.filter(move |operation| identifier::same(&operation.call, call))
    }

    pub(super) fn add_recording(&mut self, id: &str, recording: Recording) {
        self.recordings.insert(id.to_owned(), recording);
    }

    pub(super) fn recording(&self, id: &str) -> Option<&Recording> {
        self.recordings.get(id)
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

impl Call {
    pub(super) fn line(&self) -> Result<Line, Refusal> {
        match &self.queue {
            None => Err(Refusal::ended(&self.id)),
            Some(queue) => Ok(Line {
                call: self.id.clone(),
                callback: self.callback.clone(),
                queue: queue.clone(),
            }),
        }
    }

    pub(super) fn member(&mut self, id: &str) -> Result<&mut Member, Refusal> {
        let mut members = self.members.iter_mut();
        members
            .find(|member| identifier::same(&member.id, id))
            .ok_or_else(|| Refusal::no_participant(id))
    }

    /// The bot's own member.
    pub(super) fn bot(&mut self) -> Result<&mut Member, Refusal> {
        let mut members = self.members.iter_mut();
        members
            .find(|member| member.is_bot)
            .ok_or_else(|| Refusal::conflict("The bot is not in the call."))
    }

    /// Takes the failure that is meant for an operation.
    pub(super) fn take_failure(&mut self, operation: Operation) -> Option<Failure> {
        let is_meant = |failure: &Failure| failure.operation.is_none_or(|it| it == operation);
        let index = self.failures.iter().position(is_meant)?;
        Some(self.failures.remove(index))
    }
}
