//! An incoming call rings. It is answered, rejected or redirected, or ends after a timeout.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::service::errors::Refusal;
use crate::emulator::service::message::Answer;
use crate::emulator::service::mutant;
use crate::emulator::service::operations::{Operation, Routed};
use crate::emulator::service::pages::{Edition, result_info};
use crate::emulator::service::parameters::{Parameters, object, required};
use crate::emulator::service::people::notifies_sessions;
use crate::emulator::service::state::{About, CallKind, CallState, Group, Line, Notification};
use crate::emulator::service::{Outcome, Service};
use crate::emulator::{new_id, now};

use super::bot_member;

/// The most people that a call can be redirected to.
const MOST_TARGETS: usize = 25;

const REASONS: [&str; 3] = ["none", "busy", "forbidden"];

/// The properties of an incoming call.
#[derive(Debug)]
pub(in crate::emulator::service) struct Ringing {
    pub(in crate::emulator::service) callback: String,
    pub(in crate::emulator::service) kind: CallKind,
    /// `source`, `targets` and the like, with their values.
    pub(in crate::emulator::service) details: Value,
}

impl Service {
    /// Makes an incoming call. It ends after a timeout if the bot does nothing.
    pub(in crate::emulator::service) fn ring(
        self: &Arc<Self>,
        ringing: Ringing,
    ) -> Result<(Line, Vec<Notification>), Refusal> {
        let callback = ringing.callback;
        let (id, queue) = self.new_call(&callback, CallState::Incoming, "incoming", ringing.kind);
        let mut state = self.state();
        let call = state.live(&id)?;
        let target = ringing.details.pointer("/targets/0");
        call.members.push(bot_member(target));
        if let Value::Object(details) = &ringing.details {
            call.details.extend(details.clone());
        }
        let mut more = json!({"direction": "incoming"});
        if let (Some(more), Value::Object(details)) = (more.as_object_mut(), ringing.details) {
            more.extend(details);
            if !self.pages.edition.is_terse() {
                let participant = call.members.first().map(|member| member.id.clone());
                more.insert("myParticipantId".to_owned(), json!(participant));
                more.insert("callChainId".to_owned(), call.chain.clone().into());
                more.insert("callbackUri".to_owned(), callback.clone().into());
            }
        }
        let limit = state.timings.ringing;
        drop(state);
        let mut notifications = vec![self.call_notification(&id, &callback, About::Incoming, more)];
        mutant::notifications(self.mutant, &mut notifications, None);
        let ringing = id.clone();
        self.after(limit, move |service| service.give_up(&ringing));
        let line = Line {
            call: id,
            callback,
            queue,
        };
        Ok((line, notifications))
    }

    /// Ends a call that still rings.
    fn give_up(self: &Arc<Self>, id: &str) {
        if self.state().incoming(id).is_ok() {
            let result = result_info(408, 1106, "Nobody has accepted the call in time.");
            let end = self.delete_call(id, false, json!({"resultInfo": result}));
            self.send(Operation::Answer, end);
        }
    }

    /// The bot takes an incoming call.
    pub(in crate::emulator::service) fn answer_call(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = Parameters::of(object(&routed.request.body)?);
        let callback = callback(parameters)?;
        let modalities = accepted(parameters)?.filter(|it| *it != json!([]));
        let media = parameters.object("mediaConfig")?;
        if !self.pages.edition.is_terse() {
            required("mediaConfig", media)?;
            required("acceptedModalities", modalities.as_ref())?;
        }
        let modalities = modalities.unwrap_or(json!(["audio"]));
        let notifies_sessions = notifies_sessions(parameters)?;
        let mut state = self.state();
        let call = state.incoming(routed.call)?;
        if let Some(callback) = callback {
            callback.clone_into(&mut call.callback);
        }
        call.state = CallState::Establishing;
        if let Some(media) = media {
            call.details
                .insert("mediaConfig".to_owned(), media.clone().into());
        }
        call.notifies_sessions = notifies_sessions;
        call.scenario = routed.request.headers.get("Scenario-Id").map(str::to_owned);
        let line = call.line()?;
        drop(state);

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
            self.line_notification(&line, About::Establishing, json!({})),
            self.line_notification(
                &line,
                About::Established,
                json!({"activeModalities": modalities, "requestedModalities": []}),
            ),
        ];
        mutant::notifications(self.mutant, &mut notifications, None);
        self.watch_keep_alive(&line.call);
        Ok(Outcome {
            answer,
            groups: vec![(line.queue, Group::new(notifications))],
            may_be_early: true,
        })
    }

    pub(in crate::emulator::service) fn reject(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let callback = callback(parameters)?;
        let reason = parameters.word("reason", &REASONS)?;
        let result = match reason {
            Some("busy") => result_info(486, 0, "The bot is busy."),
            Some("forbidden") => result_info(403, 0, "The bot does not accept the call."),
            _ => result_info(603, 0, "The bot has declined the call."),
        };
        self.turn_away(routed, callback, json!({"resultInfo": result}))
    }

    pub(in crate::emulator::service) fn redirect(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let callback = callback(parameters)?;
        if parameters.people("targets", MOST_TARGETS)?.is_empty() {
            return Err(Refusal::bad_request(
                "`targets` must name at least one person.",
            ));
        }
        parameters.number("timeout", 15..=90)?;
        parameters.flag("maskCallee")?;
        parameters.flag("maskCaller")?;
        let mut state = self.state();
        let call = state.incoming(routed.call)?;
        let mut more = json!({"direction": "incoming"});
        if let Some(more) = more.as_object_mut() {
            for name in ["source", "targets"] {
                if let Some(value) = call.details.get(name) {
                    more.insert(name.to_owned(), value.clone());
                }
            }
        }
        drop(state);
        self.turn_away(routed, callback, more)
    }

    /// Accepts the request, and ends the call, which the bot does not take.
    fn turn_away(
        self: &Arc<Self>,
        routed: &Routed<'_>,
        callback: Option<&str>,
        more: Value,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.incoming(routed.call)?;
        if let Some(callback) = callback {
            callback.clone_into(&mut call.callback);
        }
        call.scenario = routed.request.headers.get("Scenario-Id").map(str::to_owned);
        drop(state);
        let end = self.delete_call(routed.call, false, more);
        Ok(Outcome {
            answer: Answer::new(202),
            groups: end.into_iter().collect(),
            may_be_early: true,
        })
    }
}

/// The callback of further notifications, if the bot wants another than that of the application.
fn callback(parameters: Parameters<'_>) -> Result<Option<&str>, Refusal> {
    match parameters.callback("callbackUri")? {
        Some(callback) => Ok(Some(callback)),
        None => parameters.callback("callback"),
    }
}

/// `acceptModalities` in 2019-05, `acceptedModalities` later.
fn accepted(parameters: Parameters<'_>) -> Result<Option<Value>, Refusal> {
    for name in ["acceptModalities", "acceptedModalities"] {
        if let Some(modalities) = parameters.modalities(name)? {
            return Ok(Some(modalities.into()));
        }
    }
    Ok(None)
}
