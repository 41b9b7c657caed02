//! `POST /control/given`: sets up a provider state, from which a conversation starts, or which one of its steps
//! needs.
//!
//! `{"scenario", "state", "callback", "variables"}` is answered with 200 and `{"variables": {…}}`, or with 501 and
//! `{"reason"}` if the service does not support the state.
//!
//! A state of a call applies to the call that `variables` names, or else to the newest call of the callback. If there
//! is no such call, a call is created.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::calls::incoming_details;
use crate::emulator::new_id;
use crate::emulator::service::calls::{Ringing, bot_member};
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::media::Speech;
use crate::emulator::service::message::Answer;
use crate::emulator::service::operations::Operation;
use crate::emulator::service::parameters::object;
use crate::emulator::service::people::joining;
use crate::emulator::service::state::{
    CallKind, CallState, CommsOperation, Failure, Group, Invitee, RoutingGroup, State,
};
use crate::emulator::service::{Outcome, Service};
use crate::http::message::Request;

/// A request for a state.
#[derive(Debug, Clone, Copy)]
struct Given<'r> {
    state: &'r str,
    body: &'r Map<String, Value>,
}

impl<'r> Given<'r> {
    fn read(body: &'r Map<String, Value>) -> Result<Self, Refusal> {
        let state = body.get("state").and_then(Value::as_str);
        let state = state.ok_or_else(|| Refusal::bad_request("`state` must be a string."))?;
        Ok(Self { state, body })
    }

    fn callback(self) -> Result<&'r str, Refusal> {
        let callback = self.body.get("callback").and_then(Value::as_str);
        callback.ok_or_else(|| Refusal::bad_request("This state needs a `callback`."))
    }

    fn variable(self, name: &str) -> Option<&'r str> {
        self.body.get("variables")?.get(name)?.as_str()
    }

    /// The variables of a role: `participant`, `participant-2` and so on, with their values.
    fn role(self, role: &str) -> Vec<(&'r str, &'r str)> {
        let variables = self.body.get("variables").and_then(Value::as_object);
        let variables = variables.into_iter().flatten();
        let of_role = variables.filter_map(|(name, value)| {
            let rest = name.strip_prefix(role)?;
            let is_numbered = rest.is_empty() || rest.starts_with('-');
            Some((name.as_str(), value.as_str()?)).filter(|_| is_numbered)
        });
        of_role.collect()
    }
}

impl Service {
    pub(super) fn set_up(self: &Arc<Self>, request: &Request) -> Result<Outcome, Refusal> {
        let given = Given::read(object(&request.body)?)?;
        match given.state {
            "call" | "peer-call" => {
                let id = self.established(given.callback()?, given.state)?;
                Ok(variables(&json!({given.state: id})))
            }
            "ended-call" => {
                let id = self.established(given.callback()?, "call")?;
                // The call ended before the conversation: no notification is sent.
                drop(self.end_call(&id));
                Ok(variables(&json!({"call": id})))
            }
            "token-check" if self.token.is_none() => {
                let reason = "the built-in service accepts any token unless it is started with one";
                Ok(Answer::json(501, json!({"reason": reason})).into())
            }
            "incoming-call" => self.ring_given(given),
            "chat" | "number" | "token-check" => Ok(variables(&json!({}))),
            "operation-fails" => self.given_failure(given),
            _ => self.set_up_in_call(given),
        }
    }

    /// A state of something in a call.
    fn set_up_in_call(self: &Arc<Self>, given: Given<'_>) -> Result<Outcome, Refusal> {
        if !IN_CALL.contains(&given.state) {
            let unknown = given.state;
            let reason = format!("the built-in service does not know the state `{unknown}`");
            return Ok(Answer::json(501, json!({"reason": reason})).into());
        }
        let (call, is_new) = self.call_of(given)?;
        let mut made = match given.state {
            "participant" => self.given_participants(given, &call)?,
            "operation" => self.given_operation(&call)?,
            "session" => self.given_sessions(given, &call)?,
            "recording" => self.given_recording(),
            "speech" => {
                self.speak(&call, &Speech::default(), "maxSilenceTimeout")?;
                json!({})
            }
            "tone" => {
                self.press_given(&call)?;
                json!({})
            }
            "content-sharing" => {
                self.share_given(&call)?;
                json!({})
            }
            _ => self.given_routing_groups(given, &call)?,
        };
        if let (true, Some(made)) = (is_new, made.as_object_mut()) {
            made.insert("call".to_owned(), call.into());
        }
        Ok(variables(&made))
    }

    /// The call that a state is about, and whether it was made for it.
    fn call_of(self: &Arc<Self>, given: Given<'_>) -> Result<(String, bool), Refusal> {
        let found = find_call(&self.state(), given);
        match found {
            Some(id) => Ok((id, false)),
            None => Ok((self.established(given.callback()?, "call")?, true)),
        }
    }

    /// An established call with the bot alone.
    fn established(self: &Arc<Self>, callback: &str, kind: &str) -> Result<String, Refusal> {
        let (direction, kind) = match kind {
            "call" => ("outgoing", CallKind::Any),
            _ => ("incoming", CallKind::Peer),
        };
        let (id, _) = self.new_call(callback, CallState::Established, direction, kind);
        let mut state = self.state();
        let call = state.live(&id)?;
        call.members.push(bot_member(None));
        let media = json!({"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"});
        call.details.insert("mediaConfig".to_owned(), media);
        drop(state);
        Ok(id)
    }

    /// An incoming call of the bot.
    fn ring_given(self: &Arc<Self>, given: Given<'_>) -> Result<Outcome, Refusal> {
        let id = |name: &str| given.variable(name).map_or_else(new_id, str::to_owned);
        let (user, application) = (id("user"), id("application"));
        let details = if self.pages.edition.is_terse() {
            let identity = |name: &str, display: &str, id: String| {
                json!({
                    "@odata.type": "#microsoft.graph.participantInfo",
                    "identity": {name: {"displayName": display, "language": "en-US", "id": id}},
                })
            };
            json!({
                "source": identity("user", "Calling user", user),
                "targets": [identity("application", "Called bot", application)],
                "requestedModalities": ["audio", "video"],
            })
        } else {
            let caller = Invitee::new("user", &user, "Calling user");
            incoming_details(&caller, &application).into()
        };
        let (line, notifications) = self.ring(Ringing {
            callback: given.callback()?.to_owned(),
            kind: CallKind::Peer,
            details,
        })?;
        let mut outcome = variables(&json!({"call": line.call}));
        outcome.groups.push((line.queue, Group::new(notifications)));
        Ok(outcome)
    }

    /// People who are in the call. No notification is sent: they were there before.
    fn given_participants(&self, given: Given<'_>, call: &str) -> Result<Value, Refusal> {
        let wanted = given.role("participant");
        let users = given.role("user");
        let mut made = Map::new();
        let mut state = self.state();
        let call = state.answered(call)?;
        for (index, name) in names(&wanted, "participant").into_iter().enumerate() {
            let person = match users.get(index) {
                Some((_, id)) => Invitee::new("user", id, "Somebody"),
                None => Invitee::new("user", &new_id(), "Somebody"),
            };
            for member in joining(&[person], call.members.len()) {
                made.insert(name.to_owned(), member.id.clone().into());
                call.members.push(member);
            }
        }
        Ok(made.into())
    }

    /// A recording that is under way, and that can be read or cancelled.
    fn given_operation(&self, call: &str) -> Result<Value, Refusal> {
        let mut state = self.state();
        let call = state.answered(call)?.id.clone();
        let operation = CommsOperation::running(&call, Operation::RecordResponse, Some(new_id()));
        let id = operation.id.clone();
        state.add_operation(operation);
        Ok(json!({"operation": id}))
    }

    /// The next operation of the call fails. Without a call it is the one that makes it: the people that are named
    /// cannot be reached.
    fn given_failure(&self, given: Given<'_>) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        if let Some(call) = find_call(&state, given) {
            state.live(&call)?.failures.push(Failure::default());
        } else {
            let requested = given.body.get("variables").and_then(Value::as_object);
            let ids = requested.into_iter().flatten();
            let ids = ids.filter_map(|(_, value)| value.as_str());
            ids.for_each(|id| state.fail(id));
        }
        Ok(variables(&json!({})))
    }

    /// Sessions that somebody began before: no notification is sent.
    fn given_sessions(&self, given: Given<'_>, call: &str) -> Result<Value, Refusal> {
        let mut state = self.state();
        let call = state.answered(call)?;
        let mut made = Map::new();
        for name in names(&given.role("session"), "session") {
            let id = new_id();
            made.insert(name.to_owned(), id.clone().into());
            call.sessions.push(id);
        }
        Ok(made.into())
    }

    /// A file from before, and the token for it.
    fn given_recording(&self) -> Value {
        let (location, token) = self.keep_recording(&Speech::default());
        let id = location.rsplit('/').next().unwrap_or("");
        json!({"recording": id, "recording-location": location, "recording-access-token": token})
    }

    /// A caller presses a tone: one that stops the recording under way, if there is one.
    fn press_given(&self, call: &str) -> Result<(), Refusal> {
        let stops = self
            .state()
            .operations_of(call)
            .filter(|it| it.is_running())
            .find_map(|it| it.stop_tones.first().cloned());
        self.press(call, stops.as_deref().unwrap_or("1"))
    }

    /// Somebody shares content. Where somebody does already, the content changes, and the sharing ends.
    fn share_given(&self, call: &str) -> Result<(), Refusal> {
        let session = self.state().live(call)?.sessions.first().cloned();
        match session {
            None => drop(self.start_session(call)?),
            Some(session) => {
                self.update_session(call, &session)?;
                self.stop_session(call, &session)?;
            }
        }
        Ok(())
    }

    fn given_routing_groups(&self, given: Given<'_>, call: &str) -> Result<Value, Refusal> {
        let mut wanted = given.role("audio-routing-group");
        if wanted.is_empty() {
            wanted.push(("audio-routing-group", ""));
        }
        let mut made = Map::new();
        let mut state = self.state();
        let call = state.answered(call)?;
        for (name, value) in wanted {
            let id = match value {
                "" => new_id(),
                value => value.to_owned(),
            };
            made.insert(name.to_owned(), id.clone().into());
            call.routing_groups.push(RoutingGroup::new(id));
        }
        Ok(made.into())
    }
}

/// The states of something in a call.
const IN_CALL: [&str; 8] = [
    "participant",
    "operation",
    "session",
    "recording",
    "speech",
    "tone",
    "content-sharing",
    "audio-routing-group",
];

/// The call that a state is about: the one that it names, or the newest of the callback.
fn find_call(state: &State, given: Given<'_>) -> Option<String> {
    let named = given.role("call").into_iter();
    let mut named = named.filter_map(|(_, id)| state.call(id));
    let of_callback = || {
        let callback = given.callback().ok()?;
        let mut calls = state.calls().into_iter().rev();
        calls.find(|call| call.callback == callback && call.queue.is_some())
    };
    let found = named.next().or_else(of_callback);
    found.map(|call| call.id.clone())
}

/// The names of a role's variables, or the one name of a role without.
fn names<'n>(variables: &[(&'n str, &str)], role: &'n str) -> Vec<&'n str> {
    if variables.is_empty() {
        return vec![role];
    }
    variables.iter().map(|(name, _)| *name).collect()
}

fn variables(values: &Value) -> Outcome {
    Answer::json(200, json!({"variables": values})).into()
}
