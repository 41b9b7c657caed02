//! `POST /control/given`: sets up a provider state, from which a conversation starts, or which one of its steps
//! needs.
//!
//! `{"scenario", "state", "callback", "variables"}` is answered with 200 and `{"variables": {…}}`, or with 501
//! and `{"reason"}` where the service does not know the state.
//!
//! A state that is about a call means the call that `variables` names, or else the newest one of the callback.
//! Where there is none, it makes one.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::calls::{named, user};
use crate::emulator::new_id;
use crate::emulator::service::calls::{Ringing, bot_member};
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::media::Said;
use crate::emulator::service::message::Answer;
use crate::emulator::service::operations::Operation;
use crate::emulator::service::parameters::object;
use crate::emulator::service::state::{
    CallKind, CallState, CommsOperation, Failure, Group, RoutingGroup,
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
                let reason =
                    "the built-in service accepts any token unless it is configured with one";
                Ok(Answer::json(501, json!({"reason": reason})).into())
            }
            "incoming-call" => self.ring_given(given),
            "chat" | "number" | "token-check" => Ok(variables(&json!({}))),
            // Without a call the operation is the one that makes it: it cannot reach the people that are named.
            "operation-fails" if self.known_call(given).is_none() => {
                let mut state = self.state();
                let requested = given.body.get("variables").and_then(Value::as_object);
                let ids = requested.into_iter().flatten();
                let ids = ids.filter_map(|(_, value)| value.as_str());
                ids.for_each(|id| state.fail(id));
                Ok(variables(&json!({})))
            }
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
            "operation" => self.given_operation(given, &call)?,
            "operation-fails" => {
                let failure = Failure {
                    operation: None,
                    code: 500,
                    subcode: 8500,
                    message: "The operation has failed.".to_owned(),
                };
                self.state().live(&call)?.failures.push(failure);
                json!({})
            }
            "session" => json!({"session": self.start_session(&call)?}),
            "recording" => self.given_recording(&call)?,
            "tone" => {
                self.state().answered(&call)?.hears_tones = true;
                self.press(&call, given.variable("tone").unwrap_or("1"))?;
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
        match self.known_call(given) {
            Some(id) => Ok((id, false)),
            None => Ok((self.established(given.callback()?, "call")?, true)),
        }
    }

    fn known_call(&self, given: Given<'_>) -> Option<String> {
        let state = self.state();
        let mut named = given.role("call").into_iter();
        let named = named.find_map(|(_, id)| state.call(id));
        let of_callback = || {
            let callback = given.callback().ok()?;
            let mut calls = state.calls().into_iter().rev();
            calls.find(|call| call.callback == callback && call.queue.is_some())
        };
        named.or_else(of_callback).map(|call| call.id.clone())
    }

    /// An established call with the bot alone.
    fn established(self: &Arc<Self>, callback: &str, kind: &str) -> Result<String, Refusal> {
        let (direction, kind) = match kind {
            "call" => ("outgoing", CallKind::Group),
            _ => ("incoming", CallKind::Peer),
        };
        let (id, _) = self.new_call(callback, CallState::Established, direction, kind);
        self.state().live(&id)?.members.push(bot_member(None));
        Ok(id)
    }

    /// An incoming call of the bot.
    fn ring_given(self: &Arc<Self>, given: Given<'_>) -> Result<Outcome, Refusal> {
        let identity = |name: &str, display: &str| {
            let id = given.variable(name).map_or_else(new_id, str::to_owned);
            json!({
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": {name: {"displayName": display, "language": "en-US", "id": id}},
            })
        };
        let (line, notifications) = self.ring(Ringing {
            callback: given.callback()?.to_owned(),
            kind: CallKind::Peer,
            details: json!({
                "source": identity("user", "Calling user"),
                "targets": [identity("application", "Called bot")],
                "requestedModalities": ["audio", "video"],
            }),
        })?;
        let mut outcome = variables(&json!({"call": line.call}));
        outcome.groups.push((line.queue, Group::new(notifications)));
        Ok(outcome)
    }

    /// People who are in the call. No notification is sent: they were there before.
    fn given_participants(&self, given: Given<'_>, call: &str) -> Result<Value, Refusal> {
        let mut wanted = given.role("participant");
        if wanted.is_empty() {
            wanted.push(("participant", ""));
        }
        let users = given.role("user");
        let mut made = Map::new();
        let mut state = self.state();
        let call = state.answered(call)?;
        for (index, (name, _)) in wanted.into_iter().enumerate() {
            let person = match users.get(index) {
                Some((_, id)) => user(id),
                None => named("user", &new_id()),
            };
            let joined = crate::emulator::service::people::joining(&[person], call.members.len());
            for member in joined {
                made.insert(name.to_owned(), member.id.clone().into());
                call.members.push(member);
            }
        }
        Ok(made.into())
    }

    /// A recording that is under way.
    fn given_operation(&self, given: Given<'_>, call: &str) -> Result<Value, Refusal> {
        let mut state = self.state();
        let call = state.answered(call)?.id.clone();
        let context = given.variable("context").map_or_else(new_id, str::to_owned);
        let operation = CommsOperation::running(&call, Operation::RecordResponse, Some(context));
        let id = operation.id.clone();
        state.add_operation(operation);
        Ok(json!({"operation": id}))
    }

    /// A caller speaks: what is recorded ends. Where nothing is, there is a file from before.
    fn given_recording(&self, call: &str) -> Result<Value, Refusal> {
        if self.speak(call, &Said::default(), "maxSilenceTimeout")? {
            return Ok(json!({}));
        }
        let (location, token) = self.keep_recording(&Said::default());
        let id = location.rsplit('/').next().unwrap_or("");
        Ok(
            json!({"recording": id, "recording-location": location, "recording-access-token": token}),
        )
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
const IN_CALL: [&str; 7] = [
    "participant",
    "operation",
    "operation-fails",
    "session",
    "recording",
    "tone",
    "audio-routing-group",
];

fn variables(values: &Value) -> Outcome {
    Answer::json(200, json!({"variables": values})).into()
}
