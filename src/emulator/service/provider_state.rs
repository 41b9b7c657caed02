//! `POST /control/given`: sets up a provider state, from which a conversation starts.
//!
//! `{"scenario", "state", "callback", "variables"}` is answered with 200 and `{"variables": {…}}`,
//! or with 501 and `{"reason"}` where the service does not know the state.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::calls::{bot_member, object};
use super::message::{Answer, Refusal};
use super::mutant;
use super::state::{About, CallKind, CallState, Group, Notification};
use super::{Outcome, Service};
use crate::emulator::new_id;
use crate::http::message::Request;

pub(super) const PATH: &str = "/control/given";

impl Service {
    pub(super) fn set_up(self: &Arc<Self>, request: &Request) -> Result<Outcome, Refusal> {
        let body = object(&request.body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(state) = text("state") else {
            return Err(Refusal::bad_request("`state` must be a string."));
        };
        let none = Map::new();
        let requested = body
            .get("variables")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        let callback = || {
            text("callback").ok_or_else(|| Refusal::bad_request("This state needs a `callback`."))
        };
        match state {
            "call" | "peer-call" => {
                let (direction, kind) = match state {
                    "call" => ("outgoing", CallKind::Group),
                    _ => ("incoming", CallKind::Peer),
                };
                let (id, _) = self.new_call(callback()?, CallState::Established, direction, kind);
                self.state().live(&id)?.members.push(bot_member(None));
                Ok(variables(&json!({state: id})))
            }
            "ended-call" => {
                let (id, _) = self.new_call(
                    callback()?,
                    CallState::Established,
                    "outgoing",
                    CallKind::Group,
                );
                // The call ended before the conversation: no notification is sent.
                drop(self.end_call(&id));
                Ok(variables(&json!({"call": id})))
            }
            "token-check" if self.token.is_none() => {
                let reason =
                    "the built-in service accepts any token unless it is configured with one";
                Ok(Answer::json(501, json!({"reason": reason})).into())
            }
            "incoming-call" => Ok(self.ring(callback()?, requested)),
            "chat" | "number" | "token-check" => Ok(variables(&json!({}))),
            "invite-fails" => {
                let mut state = self.state();
                requested
                    .values()
                    .filter_map(Value::as_str)
                    .for_each(|id| state.fail(id));
                Ok(variables(&json!({})))
            }
            unknown => {
                let reason = format!("the built-in service does not know the state `{unknown}`");
                Ok(Answer::json(501, json!({"reason": reason})).into())
            }
        }
    }

    /// An incoming call of the bot.
    fn ring(self: &Arc<Self>, callback: &str, requested: &Map<String, Value>) -> Outcome {
        let (id, queue) = self.new_call(callback, CallState::Incoming, "incoming", CallKind::Peer);
        let identity = |name: &str, display: &str| {
            let id = requested.get(name).and_then(Value::as_str);
            let id = id.map_or_else(new_id, str::to_owned);
            json!({
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": {name: {"displayName": display, "language": "en-US", "id": id}},
            })
        };
        let more = json!({
            "direction": "incoming",
            "source": identity("user", "Calling user"),
            "targets": [identity("application", "Called bot")],
            "requestedModalities": ["audio", "video"],
        });
        let mut notifications: Vec<Notification> =
            vec![self.call_notification(&id, callback, About::Incoming, more)];
        mutant::notifications(self.mutant, &mut notifications, self.pages, None);
        let mut outcome = variables(&json!({"call": id}));
        outcome.groups.push((queue, Group::new(notifications)));
        outcome
    }
}

fn variables(values: &Value) -> Outcome {
    Answer::json(200, json!({"variables": values})).into()
}
