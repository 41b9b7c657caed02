//! `/control/calls`: the events of a call that other people cause.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::created;
use crate::emulator::new_id;
use crate::emulator::service::calls::Ringing;
use crate::emulator::service::comms::outcome;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::media::{Speech, reason_named};
use crate::emulator::service::message::Answer;
use crate::emulator::service::operations::Operation;
use crate::emulator::service::pages::{Pages, full_identity, result_info};
use crate::emulator::service::parameters::{Parameters, is_reached, person, required};
use crate::emulator::service::people::joining;
use crate::emulator::service::routes::allow;
use crate::emulator::service::state::{
    Call, CallKind, CommsOperation, Failure, Group, Invitee, State,
};
use crate::emulator::service::{Outcome, Service};
use crate::http::message::Request;

/// The kinds of identity that name a person in short: `{"user": "id"}`.
const KINDS: [&str; 6] = [
    "user",
    "phone",
    "guest",
    "application",
    "applicationInstance",
    "encrypted",
];

impl Service {
    pub(super) fn control_calls(
        self: &Arc<Self>,
        request: &Request,
        below: &[&str],
    ) -> Result<Outcome, Refusal> {
        let parameters = Parameters::read(&request.body)?;
        match *below {
            [] => {
                allow(request, &["GET", "POST"])?;
                if request.method == "POST" {
                    return self.bring_call(parameters);
                }
                let state = self.state();
                let calls: Vec<Value> = state
                    .calls()
                    .into_iter()
                    .map(|it| self.show(&state, it))
                    .collect();
                Ok(Answer::json(200, json!({"calls": calls})).into())
            }
            [call] => {
                allow(request, &["GET", "DELETE"])?;
                if request.method == "DELETE" {
                    return self.end_by_control(call, parameters);
                }
                let state = self.state();
                let call = state.call(call).ok_or_else(|| Refusal::no_call(call))?;
                Ok(Answer::json(200, self.show(&state, call)).into())
            }
            [call, "sessions", ref item @ ..] => self.control_session(request, call, item),
            [call, "participants", ref item @ ..] => {
                self.control_people(request, call, item, parameters)
            }
            [call, "tones"] => {
                allow(request, &["POST"])?;
                let tones = parameters.only(&["tones"])?.texts("tones")?;
                for tone in required("tones", tones)? {
                    self.press(call, tone)?;
                }
                Ok(Answer::new(204).into())
            }
            [call, "speech"] => {
                allow(request, &["POST"])?;
                let (speech, reason) = speech(parameters)?;
                if !self.speak(call, &speech, reason)? {
                    return Err(Refusal::conflict("Nothing is recorded in the call."));
                }
                Ok(Answer::new(204).into())
            }
            [call, "failures"] => {
                allow(request, &["POST"])?;
                let failure = failure(parameters)?;
                self.state().live(call)?.failures.push(failure);
                Ok(Answer::new(204).into())
            }
            _ => Err(Refusal::not_found(
                "The control interface does not have this path.",
            )),
        }
    }

    /// A person calls the bot.
    fn bring_call(self: &Arc<Self>, parameters: Parameters<'_>) -> Result<Outcome, Refusal> {
        let callback = required("callback", parameters.callback("callback")?)?;
        let caller = who(parameters, &["callback", "call"])?;
        let mut details = incoming_details(&caller, &new_id());
        if let Some(more) = parameters.object("call")? {
            details.extend(more.clone());
        }
        let is_group = details.contains_key("chatInfo") || details.contains_key("meetingInfo");
        let (line, notifications) = self.ring(Ringing {
            callback: callback.to_owned(),
            kind: if is_group {
                CallKind::Group
            } else {
                CallKind::Peer
            },
            details: details.into(),
        })?;
        let mut state = self.state();
        let call = state.live(&line.call)?;
        let others = joining(&[caller], call.members.len());
        call.members.extend(others);
        drop(state);
        let answer = Answer::json(201, json!({"call": line.call}));
        Ok(outcome(answer, line.queue, notifications))
    }

    fn end_by_control(
        self: &Arc<Self>,
        call: &str,
        parameters: Parameters<'_>,
    ) -> Result<Outcome, Refusal> {
        self.state().live(call)?;
        let parameters = parameters.only(&["code", "subcode", "message"])?;
        let code = parameters.number("code", 0..=999)?.unwrap_or(200);
        let subcode = parameters.number("subcode", 0..=999_999)?.unwrap_or(5001);
        let message = parameters
            .text("message")?
            .unwrap_or("The conversation has ended.");
        let result = result_info(code, subcode, message);
        let end = self.delete_call(call, false, json!({"resultInfo": result}));
        self.send(Operation::Delete, end);
        Ok(Answer::new(204).into())
    }

    fn control_session(
        self: &Arc<Self>,
        request: &Request,
        call: &str,
        item: &[&str],
    ) -> Result<Outcome, Refusal> {
        match item {
            [] => {
                allow(request, &["POST"])?;
                Ok(created("session", &self.start_session(call)?))
            }
            [session] => {
                allow(request, &["PATCH", "DELETE"])?;
                if request.method == "DELETE" {
                    self.stop_session(call, session)?;
                } else {
                    self.update_session(call, session)?;
                }
                Ok(Answer::new(204).into())
            }
            _ => Err(Refusal::not_found(
                "The control interface does not have this path.",
            )),
        }
    }

    fn control_people(
        self: &Arc<Self>,
        request: &Request,
        call: &str,
        item: &[&str],
        parameters: Parameters<'_>,
    ) -> Result<Outcome, Refusal> {
        match item {
            [] => {
                allow(request, &["POST"])?;
                let person = who(parameters, &["lobby"])?;
                let in_lobby = parameters.flag("lobby")?.unwrap_or(false);
                let id = self.join(call, &person, None, in_lobby)?;
                Ok(created("participant", &id))
            }
            [member] => {
                allow(request, &["PATCH", "DELETE"])?;
                let (line, changed) = if request.method == "DELETE" {
                    self.leave(call, member)?
                } else {
                    let parameters = parameters.only(&["lobby", "muted"])?;
                    let mut state = self.state();
                    let call = state.answered(call)?;
                    let line = call.line()?;
                    let member = call.member(member)?;
                    member.is_in_lobby = parameters.flag("lobby")?.unwrap_or(member.is_in_lobby);
                    member.is_muted = parameters.flag("muted")?.unwrap_or(member.is_muted);
                    (line, vec![member.clone()])
                };
                let roster = Group::new(vec![self.roster_notification(&line, &changed)]);
                self.send(Operation::ListParticipants, Some((line.queue, roster)));
                Ok(Answer::new(204).into())
            }
            _ => Err(Refusal::not_found(
                "The control interface does not have this path.",
            )),
        }
    }

    /// Somebody joins a call; the roster shows it. Gives the id of the participant.
    pub(super) fn join(
        &self,
        call: &str,
        person: &Invitee,
        id: Option<&str>,
        is_in_lobby: bool,
    ) -> Result<String, Refusal> {
        let mut state = self.state();
        let call = state.answered(call)?;
        let mut members = joining(std::slice::from_ref(person), call.members.len());
        for member in &mut members {
            member.is_in_lobby = is_in_lobby;
            if let Some(id) = id {
                id.clone_into(&mut member.id);
            }
        }
        call.members.extend(members.clone());
        let line = call.line()?;
        drop(state);
        let roster = Group::new(vec![self.roster_notification(&line, &members)]);
        self.send(Operation::ListParticipants, Some((line.queue, roster)));
        Ok(members.pop().map_or_else(String::new, |member| member.id))
    }

    /// A call as the control interface shows it.
    fn show(&self, state: &State, call: &Call) -> Value {
        let roster = format!("calls/{}/participants", call.id);
        let people = call.members.iter();
        let people: Vec<Value> = people.map(|it| self.pages.member(&roster, it)).collect();
        let mut operations: Vec<&CommsOperation> = state.operations_of(&call.id).collect();
        operations.sort_by(|one, other| one.created.cmp(&other.created));
        let operations = operations.into_iter().map(|it| {
            let mut shown = self.pages.answer(it);
            shown["operation"] = it.cause.name().into();
            shown
        });
        json!({
            "call": Pages::whole_call(call),
            "ended": call.queue.is_none(),
            "participants": people,
            "operations": operations.collect::<Vec<_>>(),
            "sessions": call.sessions,
            "failures": call.failures.len(),
        })
    }
}

/// `source`, `targets` and modalities of an incoming call.
pub(super) fn incoming_details(caller: &Invitee, application: &str) -> Map<String, Value> {
    let set = json!({caller.kind.as_str(): full_identity(&caller.kind, &caller.identity)});
    let target = json!({"application": {"displayName": "Called bot", "id": application}});
    Map::from_iter([
        (
            "source".to_owned(),
            json!({"@odata.type": "#microsoft.graph.participantInfo", "identity": set}),
        ),
        (
            "targets".to_owned(),
            json!([{"@odata.type": "#microsoft.graph.invitationParticipantInfo", "identity": target}]),
        ),
        ("requestedModalities".to_owned(), json!(["audio"])),
    ])
}

/// The person that a request names, in short or by a whole identity set; a new user where it names nobody. The request
/// may have these other properties.
fn who(parameters: Parameters<'_>, others: &[&str]) -> Result<Invitee, Refusal> {
    let names = [others, &KINDS, &["identity"]].concat();
    let parameters = parameters.only(&names)?;
    let mut people = Vec::new();
    if let Some(identity) = parameters.value("identity") {
        people.push(person(&json!({"identity": identity}))?);
    }
    for kind in KINDS {
        let id = parameters.text(kind)?;
        if let Some(id) = id {
            is_reached(kind, id)?;
            people.push(Invitee::new(kind, id, "Somebody"));
        }
    }
    match people.pop() {
        _ if !people.is_empty() => Err(Refusal::bad_request("Exactly one person must be named.")),
        Some(person) => Ok(person),
        None => Ok(Invitee::new("user", &new_id(), "Somebody")),
    }
}

/// The speech of a caller (the bytes of the file), and the reason for which the recording then ends.
fn speech(parameters: Parameters<'_>) -> Result<(Speech, &'static str), Refusal> {
    let parameters = parameters.only(&["text", "reason"])?;
    let reason = parameters.text("reason")?.unwrap_or("maxSilenceTimeout");
    let reason = reason_named(reason).ok_or_else(|| {
        Refusal::bad_request(format!(
            "`{reason}` is not a reason for which a recording ends."
        ))
    })?;
    let bytes = parameters
        .text("text")?
        .map(|text| text.as_bytes().to_vec());
    Ok((Speech { bytes }, reason))
}

fn failure(parameters: Parameters<'_>) -> Result<Failure, Refusal> {
    let parameters = parameters.only(&["operation", "code", "subcode", "message"])?;
    let operation = match parameters.text("operation")? {
        None => None,
        Some(name) => {
            let mut all = Operation::ALL.iter().copied();
            let found = all.find(|operation| operation.name() == name);
            let unknown = || Refusal::bad_request(format!("`{name}` is no operation."));
            let found = found.ok_or_else(unknown)?;
            if !found.can_fail() {
                let message = format!("`{name}` has no outcome that may be a failure.");
                return Err(Refusal::bad_request(message));
            }
            Some(found)
        }
    };
    Ok(Failure {
        operation,
        code: parameters.number("code", 0..=999)?,
        subcode: parameters.number("subcode", 0..=999_999)?,
        message: parameters.text("message")?.map(str::to_owned),
    })
}
