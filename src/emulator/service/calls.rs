//! The life of a call: created, answered, hung up, replaced.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::delivery;
use super::message::{Answer, Refusal};
use super::mutant;
use super::pages::{Edition, Pages, full_identity};
use super::state::{About, Call, CallKind, CallState, Effect, Group, Member, Notification, Queue};
use super::{Outcome, Service};
use crate::emulator::{new_id, now};
use crate::http::message::{Body, Request, json_error};

/// The reason in the end of a call that a bot replaced or hung up.
const REASON: &str = "AppInitiated";

impl Service {
    /// `POST …/calls`: an outgoing call of the bot, established at once.
    pub(super) fn create(
        self: &Arc<Self>,
        request: &Request,
        prefix: &str,
    ) -> Result<Outcome, Refusal> {
        let body = object(&request.body)?;
        let callback = callback(body)?;
        let modalities = body
            .get("requestedModalities")
            .cloned()
            .unwrap_or(json!([]));
        let kind = match body.get("chatInfo") {
            Some(info) if is_chat(info) => CallKind::Group,
            _ => CallKind::Peer,
        };
        let bot = body.get("source").and_then(application);
        let (id, queue) = self.new_call(&callback, CallState::Establishing, "outgoing", kind);
        let mut state = self.state();
        let call = state.live(&id)?;
        call.members.push(bot_member(bot));

        let mut answer = Answer::new(201);
        // The create page shows the call in the answer; the invite pages of 2019 show none.
        if !self.pages.edition.is_terse() || prefix.starts_with("/v1.0") {
            answer = Answer::json(201, Pages::whole_call(call));
        }
        answer.location = Some(format!("{}{prefix}/calls/{id}", self.url));
        mutant::created(self.mutant, &mut answer);
        let mut notifications = vec![
            self.call_notification(
                &id,
                &callback,
                About::Establishing,
                json!({"direction": "outgoing"}),
            ),
            self.call_notification(
                &id,
                &callback,
                About::Established,
                json!({"direction": "outgoing", "activeModalities": modalities}),
            ),
        ];
        mutant::notifications(self.mutant, &mut notifications, self.pages, None);
        Ok(Outcome {
            answer,
            groups: vec![(queue, Group::new(notifications))],
            may_be_early: false,
        })
    }

    /// `POST …/calls/{call}/answer`: the bot takes an incoming call.
    pub(super) fn answer_call(&self, id: &str, request: &Request) -> Result<Outcome, Refusal> {
        let body = object(&request.body)?;
        let callback = callback(body)?;
        let modalities = ["acceptModalities", "acceptedModalities"]
            .iter()
            .find_map(|name| body.get(*name))
            .cloned()
            .unwrap_or(json!(["audio"]));
        if !modalities.is_array() {
            return Err(Refusal::bad_request(
                "The accepted modalities must be a collection.",
            ));
        }
        let mut state = self.state();
        let call = state.live(id)?;
        if call.state != CallState::Incoming {
            return Err(Refusal::conflict(format!("The call {id} is not incoming.")));
        }
        call.callback.clone_from(&callback);
        call.state = CallState::Establishing;
        let (id, queue) = (call.id.clone(), call.queue.clone());

        // 2019-05 shows an operation, later pages of the same API an acceptance without a body.
        let mut answer = if self.pages.edition == Edition::May2019 {
            let created = now();
            let operation = json!({
                "clientContext": new_id(),
                "createdDateTime": created,
                "id": new_id(),
                "lastActionDateTime": created,
                "status": "running",
            });
            Answer::json(200, operation)
        } else {
            Answer::new(202)
        };
        mutant::call_answered(self.mutant, &mut answer);
        let mut notifications = vec![
            self.call_notification(&id, &callback, About::Establishing, json!({})),
            self.call_notification(
                &id,
                &callback,
                About::Established,
                json!({"activeModalities": modalities, "requestedModalities": []}),
            ),
        ];
        mutant::notifications(self.mutant, &mut notifications, self.pages, None);
        Ok(Outcome {
            answer,
            groups: queue
                .map(|queue| (queue, Group::new(notifications)))
                .into_iter()
                .collect(),
            may_be_early: true,
        })
    }

    /// `DELETE …/calls/{call}`: the call is terminated and deleted.
    pub(super) fn hang_up(&self, id: &str) -> Result<Outcome, Refusal> {
        self.state().live(id)?;
        let groups = self.end_call(id).into_iter().collect();
        Ok(Outcome {
            answer: Answer::new(204),
            groups,
            may_be_early: false,
        })
    }

    /// Ends a call. Its last two notifications close its queue. `None` if it has ended already.
    pub(super) fn end_call(&self, id: &str) -> Option<(Queue, Group)> {
        let mut state = self.state();
        let call = state.live(id).ok()?;
        let queue = call.queue.take()?;
        let notifications = vec![
            self.call_notification(
                &call.id,
                &call.callback,
                About::Terminated,
                json!({"terminationReason": REASON}),
            ),
            self.call_notification(&call.id, &call.callback, About::Deleted, json!({})),
        ];
        Some((queue, Group::new(notifications)))
    }

    pub(super) fn new_call(
        self: &Arc<Self>,
        callback: &str,
        state: CallState,
        direction: &'static str,
        kind: CallKind,
    ) -> (String, Queue) {
        let id = new_id();
        let queue = self.add_call(&id, callback, state, direction, kind);
        (id, queue)
    }

    /// Adds a call and opens its queue.
    pub(super) fn add_call(
        self: &Arc<Self>,
        id: &str,
        callback: &str,
        state: CallState,
        direction: &'static str,
        kind: CallKind,
    ) -> Queue {
        let queue = delivery::open(self);
        self.state().add_call(Call {
            id: id.to_owned(),
            callback: callback.to_owned(),
            state,
            direction,
            kind,
            members: Vec::new(),
            queue: Some(queue.clone()),
        });
        queue
    }

    pub(super) fn call_notification(
        &self,
        id: &str,
        callback: &str,
        about: About,
        more: Value,
    ) -> Notification {
        let (change, state) = match about {
            About::Incoming => ("created", CallState::Incoming),
            About::Establishing => ("updated", CallState::Establishing),
            About::Deleted => ("deleted", CallState::Terminated),
            About::Terminated => ("updated", CallState::Terminated),
            _ => ("updated", CallState::Established),
        };
        Notification {
            about,
            callback: callback.to_owned(),
            entry: self.pages.call(change, id, state, more),
            effect: Some(Effect::State(id.to_owned(), state)),
        }
    }
}

/// The bot as a member of a call, by its own name or a default one.
pub(super) fn bot_member(named: Option<&Map<String, Value>>) -> Member {
    let identity = named.cloned().unwrap_or_else(|| {
        Map::from_iter([
            ("displayName".to_owned(), "Calling bot".into()),
            ("id".to_owned(), new_id().into()),
        ])
    });
    Member {
        id: new_id(),
        kind: "application".to_owned(),
        identity: full_identity("application", &identity),
        region: "westus".to_owned(),
        language: "en-US".to_owned(),
        source: 1,
    }
}

pub(super) fn object(body: &Body) -> Result<&Map<String, Value>, Refusal> {
    match body {
        Body::Json(Value::Object(object)) => Ok(object),
        Body::Json(_) => Err(Refusal::bad_request("The body must be a JSON object.")),
        Body::Text(text) => {
            let error = json_error(text);
            Err(Refusal::bad_request(format!(
                "The body is no JSON: {error}."
            )))
        }
        Body::Empty => Err(Refusal::bad_request("The body is empty.")),
        Body::Bytes(_) | Body::Omitted(_) => Err(Refusal::bad_request("The body cannot be read.")),
    }
}

/// The callback URL in a body: `callback` in 2019-05, `callbackUri` later.
fn callback(body: &Map<String, Value>) -> Result<String, Refusal> {
    let callback = body.get("callbackUri").or_else(|| body.get("callback"));
    match callback.and_then(Value::as_str) {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Ok(url.to_owned())
        }
        _ => Err(Refusal::bad_request(
            "The body must name a callback, an absolute URL.",
        )),
    }
}

/// True for chat information with a thread.
fn is_chat(info: &Value) -> bool {
    let thread = info.get("threadId").and_then(Value::as_str);
    thread.is_some_and(|thread| !thread.is_empty())
}

fn application(info: &Value) -> Option<&Map<String, Value>> {
    let application = info.pointer("/identity/application")?.as_object()?;
    application.get("id")?.as_str()?;
    Some(application)
}
