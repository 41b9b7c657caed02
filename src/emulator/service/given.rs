//! `POST /control/given`: brings about the state that a conversation starts from.
//!
//! `{"scenario", "state", "callback", "variables"}` is answered with 200 and `{"variables": {…}}`,
//! or with 501 and `{"reason"}` where the service does not know the state.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::calls::{bot_member, object};
use super::delivery::{About, Notification, Segment};
use super::draft::Draft;
use super::refusal::Refusal;
use super::state::CallState;
use super::{Outcome, Sequel, Service, mutation};
use crate::emulator::fresh_id;
use crate::http::message::Request;

/// Where the hook is.
pub(super) const PATH: &str = "/control/given";

impl Service {
    pub(super) fn given(self: &Arc<Self>, request: &Request) -> Result<Outcome, Refusal> {
        let body = object(&request.body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(state) = text("state") else {
            return Err(Refusal::bad_request("`state` must be a string."));
        };
        let none = Map::new();
        let wanted = body
            .get("variables")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        let callback = || {
            text("callback").ok_or_else(|| Refusal::bad_request("This state needs a `callback`."))
        };
        match state {
            "call" | "peer-call" => {
                let group = state == "call";
                let direction = if group { "outgoing" } else { "incoming" };
                let (id, _) = self.new_call(callback()?, CallState::Established, direction, group);
                self.world().live(&id)?.members.push(bot_member(None));
                Ok(made(&json!({state: id})))
            }
            "ended-call" => {
                let (id, _) = self.new_call(callback()?, CallState::Established, "outgoing", true);
                // What is given has happened: nobody is told any more.
                drop(self.end_call(&id));
                Ok(made(&json!({"call": id})))
            }
            "token-check" if self.token.is_none() => {
                let reason = "the reference service takes any token unless it is told one";
                Ok(Draft::json(501, json!({"reason": reason})).into())
            }
            "incoming-call" => Ok(self.ring(callback()?, wanted)),
            "chat" | "number" | "token-check" => Ok(made(&json!({}))),
            "invite-fails" => {
                let mut world = self.world();
                wanted
                    .values()
                    .filter_map(Value::as_str)
                    .for_each(|id| world.fail(id));
                Ok(made(&json!({})))
            }
            unknown => {
                let reason = format!("the reference service does not know the state `{unknown}`");
                Ok(Draft::json(501, json!({"reason": reason})).into())
            }
        }
    }

    /// Somebody calls the bot.
    fn ring(self: &Arc<Self>, callback: &str, wanted: &Map<String, Value>) -> Outcome {
        let (id, line) = self.new_call(callback, CallState::Incoming, "incoming", false);
        let identity = |name: &str, display: &str| {
            let id = wanted.get(name).and_then(Value::as_str);
            let id = id.map_or_else(fresh_id, str::to_owned);
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
            vec![self.state(&id, callback, About::Incoming, more)];
        mutation::notifications(self.mutant, &mut notifications, self.pages, None);
        let mut outcome = made(&json!({"call": id}));
        outcome.sequel = Sequel {
            segments: vec![(line, Segment::new(notifications))],
            may_be_early: false,
        };
        outcome
    }
}

fn made(variables: &Value) -> Outcome {
    Draft::json(200, json!({"variables": variables})).into()
}
