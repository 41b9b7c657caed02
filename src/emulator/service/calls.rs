//! The life of a call: created, answered, hung up, replaced.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::delivery;
use super::delivery::{About, Line, Notification, Segment};
use super::draft::Draft;
use super::edition::Edition;
use super::pages::{Pages, known_identity};
use super::refusal::Refusal;
use super::state::{Call, CallState, Effect, Member};
use super::{Outcome, Sequel, Service, mutation};
use crate::emulator::{fresh_id, time};
use crate::http::message::{Payload, Request};

/// Why the service ends a call that a bot replaced or hung up.
const REASON: &str = "AppInitiated";

impl Service {
    /// `POST …/calls`: a call that goes out from the bot, established at once.
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
        let has_chat = body.get("chatInfo").is_some_and(is_chat);
        let bot = body.get("source").and_then(application);
        let (id, line) = self.new_call(&callback, CallState::Establishing, "outgoing", has_chat);
        let mut world = self.world();
        let call = world.live(&id)?;
        call.members.push(bot_member(bot));

        let mut draft = Draft::new(201);
        // The create page shows the call in the answer; the invite pages of 2019 show none.
        if !self.pages.0.is_terse() || prefix.starts_with("/v1.0") {
            draft = Draft::json(201, Pages::whole_call(call));
        }
        draft.location = Some(format!("{}{prefix}/calls/{id}", self.url));
        mutation::created(self.mutant, &mut draft);
        let mut notifications = vec![
            self.state(
                &id,
                &callback,
                About::Establishing,
                json!({"direction": "outgoing"}),
            ),
            self.state(
                &id,
                &callback,
                About::Established,
                json!({"direction": "outgoing", "activeModalities": modalities}),
            ),
        ];
        mutation::notifications(self.mutant, &mut notifications, self.pages, None);
        Ok(Outcome {
            draft,
            sequel: Sequel {
                segments: vec![(line, Segment::new(notifications))],
                may_be_early: false,
            },
        })
    }

    /// `POST …/calls/{call}/answer`: the bot takes an incoming call.
    pub(super) fn pick_up(&self, id: &str, request: &Request) -> Result<Outcome, Refusal> {
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
        let mut world = self.world();
        let call = world.live(id)?;
        if call.state != CallState::Incoming {
            return Err(Refusal::conflict(format!("The call {id} is not incoming.")));
        }
        call.callback.clone_from(&callback);
        call.state = CallState::Establishing;
        let (id, line) = (call.id.clone(), call.line.clone());

        // 2019-05 shows an operation, later pages of the same API an acceptance without a body.
        let mut draft = if self.pages.0 == Edition::May2019 {
            let now = time::now();
            let operation = json!({
                "clientContext": fresh_id(),
                "createdDateTime": now,
                "id": fresh_id(),
                "lastActionDateTime": now,
                "status": "running",
            });
            Draft::json(200, operation)
        } else {
            Draft::new(202)
        };
        mutation::picked_up(self.mutant, &mut draft);
        let mut notifications = vec![
            self.state(&id, &callback, About::Establishing, json!({})),
            self.state(
                &id,
                &callback,
                About::Established,
                json!({"activeModalities": modalities, "requestedModalities": []}),
            ),
        ];
        mutation::notifications(self.mutant, &mut notifications, self.pages, None);
        Ok(Outcome {
            draft,
            sequel: Sequel {
                segments: line
                    .map(|line| (line, Segment::new(notifications)))
                    .into_iter()
                    .collect(),
                may_be_early: true,
            },
        })
    }

    /// `DELETE …/calls/{call}`: the call is terminated and deleted.
    pub(super) fn hang_up(&self, id: &str) -> Result<Outcome, Refusal> {
        self.world().live(id)?;
        let segments = self.end_call(id).into_iter().collect();
        Ok(Outcome {
            draft: Draft::new(204),
            sequel: Sequel {
                segments,
                may_be_early: false,
            },
        })
    }

    /// Ends a call: nothing but its two last notifications gets in its line any more. `None` where
    /// it has ended.
    pub(super) fn end_call(&self, id: &str) -> Option<(Line, Segment)> {
        let mut world = self.world();
        let call = world.live(id).ok()?;
        let line = call.line.take()?;
        let notifications = vec![
            self.state(
                &call.id,
                &call.callback,
                About::Terminated,
                json!({"terminationReason": REASON}),
            ),
            self.state(&call.id, &call.callback, About::Deleted, json!({})),
        ];
        Some((line, Segment::new(notifications)))
    }

    /// A new call with its line.
    pub(super) fn new_call(
        self: &Arc<Self>,
        callback: &str,
        state: CallState,
        direction: &'static str,
        has_chat: bool,
    ) -> (String, Line) {
        let id = fresh_id();
        let line = self.add_call(&id, callback, state, direction, has_chat);
        (id, line)
    }

    /// A call of that id with its line.
    pub(super) fn add_call(
        self: &Arc<Self>,
        id: &str,
        callback: &str,
        state: CallState,
        direction: &'static str,
        has_chat: bool,
    ) -> Line {
        let line = delivery::open(self);
        self.world().add_call(Call {
            id: id.to_owned(),
            callback: callback.to_owned(),
            state,
            direction,
            has_chat,
            members: Vec::new(),
            line: Some(line.clone()),
        });
        line
    }

    /// The notification that a call has come to a state.
    pub(super) fn state(
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

/// The bot as a member of a call: as it named itself, or as nobody in particular.
pub(super) fn bot_member(named: Option<&Map<String, Value>>) -> Member {
    let identity = named.cloned().unwrap_or_else(|| {
        Map::from_iter([
            ("displayName".to_owned(), "Calling bot".into()),
            ("id".to_owned(), fresh_id().into()),
        ])
    });
    Member {
        id: fresh_id(),
        kind: "application".to_owned(),
        identity: known_identity("application", &identity),
        region: "westus".to_owned(),
        language: "en-US".to_owned(),
        source: 1,
    }
}

/// A body that is a JSON object.
pub(super) fn object(body: &Payload) -> Result<&Map<String, Value>, Refusal> {
    match body {
        Payload::Json(Value::Object(object)) => Ok(object),
        Payload::Json(_) => Err(Refusal::bad_request("The body must be a JSON object.")),
        Payload::Text { error, .. } => Err(Refusal::bad_request(format!(
            "The body is no JSON: {error}."
        ))),
        Payload::Empty => Err(Refusal::bad_request("The body is empty.")),
        Payload::Opaque(_) => Err(Refusal::bad_request("The body cannot be read.")),
    }
}

/// The callback that a body names: `callback` in 2019-05, `callbackUri` later.
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

/// Whether this is chat information that names a thread.
fn is_chat(info: &Value) -> bool {
    let thread = info.get("threadId").and_then(Value::as_str);
    thread.is_some_and(|thread| !thread.is_empty())
}

/// The application that a participant's information identifies.
fn application(info: &Value) -> Option<&Map<String, Value>> {
    let application = info.pointer("/identity/application")?.as_object()?;
    application.get("id")?.as_str()?;
    Some(application)
}
