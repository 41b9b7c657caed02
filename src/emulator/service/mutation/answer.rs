//! Faults in answers.

use serde_json::{Value, json};

use super::Fault;
use crate::emulator::content::Content;
use crate::emulator::edit::{remove, replace, set};
use crate::emulator::fresh_id;
use crate::emulator::service::draft::Draft;
use crate::emulator::service::refusal::Refusal;
use crate::emulator::service::state::Operation;
use crate::http::Reply;

/// The answer to an invitation.
pub(in crate::emulator::service) fn answered(
    fault: Option<Fault>,
    draft: &mut Draft,
    operation: &Operation,
) {
    let Some(fault) = fault else { return };
    head(fault, draft, operation);
    wire(fault, draft);
    if let Some(body) = draft.content.json_mut() {
        properties(fault, body);
        participants(fault, body);
    }
}

/// The answer to the creation of a call.
pub(in crate::emulator::service) fn created(fault: Option<Fault>, draft: &mut Draft) {
    match fault {
        Some(Fault::CreateWithoutLocation) => draft.location = None,
        Some(Fault::CreateOk) => draft.status = 200,
        Some(Fault::CreateLocationNowhere) => {
            let nowhere = draft
                .location
                .as_deref()
                .and_then(|url| url.split_once("/calls/"));
            draft.location = nowhere.map(|(prefix, _)| prefix.to_owned());
        }
        _ => {}
    }
}

/// The answer to the answering of a call.
pub(in crate::emulator::service) fn picked_up(fault: Option<Fault>, draft: &mut Draft) {
    if fault == Some(Fault::PickUpServerError) {
        *draft = Refusal::server_error("Something went wrong.").into();
    }
}

/// Status, header fields, and whether there is a body.
fn head(fault: Fault, draft: &mut Draft, operation: &Operation) {
    match fault {
        Fault::AnswerOk201 => draft.status = 201,
        Fault::AnswerAcceptedWithBody => draft.status = 202,
        Fault::AnswerNoContent => {
            draft.status = 204;
            draft.content = Content::Nothing;
        }
        Fault::AnswerServerError => *draft = Refusal::server_error("Something went wrong.").into(),
        Fault::AnswerBadRequest => *draft = Refusal::bad_request("Something was wrong.").into(),
        Fault::AnswerNotJson => draft.media_type = Some("text/plain"),
        Fault::AnswerUntyped => draft.media_type = None,
        Fault::AnswerEmpty => draft.content = Content::Nothing,
        Fault::LocationOtherCall => relocate(draft, &operation.call, &fresh_id()),
        Fault::LocationOtherOperation => relocate(draft, &operation.id, &fresh_id()),
        Fault::LocationNowhere => {
            relocate(
                draft,
                &format!("operations/{}", operation.id),
                "participants",
            );
        }
        _ => {}
    }
}

fn relocate(draft: &mut Draft, from: &str, to: &str) {
    draft.location = draft.location.take().map(|url| url.replace(from, to));
}

/// What is on the wire in place of a whole answer.
fn wire(fault: Fault, draft: &mut Draft) {
    let text = match &draft.content {
        Content::Json(body) => body.to_string(),
        _ => String::new(),
    };
    // Cut at a character, wherever the half is.
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    match fault {
        Fault::AnswerInvalidJson => draft.content = Content::Text(half),
        Fault::Hang => draft.instead = Some(Reply::hang()),
        Fault::Reset => draft.instead = Some(Reply::reset()),
        Fault::Noise => draft.instead = Some(Reply::raw("220 ready when you are\r\n")),
        Fault::Truncated => {
            draft.instead = Some(Reply::raw(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{half}",
                text.len(),
            )));
        }
        _ => {}
    }
}

/// Properties of the operation.
fn properties(fault: Fault, body: &mut Value) {
    match fault {
        Fault::AnswerArray => *body = json!([body.take()]),
        Fault::AnswerIdMissing => drop(remove(body, "/id")),
        Fault::AnswerIdNull => set(body, "/id", Value::Null),
        Fault::AnswerIdNumber => set(body, "/id", 4711),
        Fault::AnswerStatusMissing => drop(remove(body, "/status")),
        Fault::AnswerStatusUnknown => set(body, "/status", "dawdling"),
        Fault::AnswerStatusCompleted => set(body, "/status", "completed"),
        Fault::AnswerStatusNumber => set(body, "/status", 1),
        Fault::AnswerTypeWrong => replace(body, "/@odata.type", "#microsoft.graph.call"),
        Fault::AnswerContextChanged => set(body, "/clientContext", fresh_id()),
        Fault::AnswerContextDropped => drop(remove(body, "/clientContext")),
        Fault::AnswerContextNumber => set(body, "/clientContext", 4711),
        _ => {}
    }
}

/// The participants, in the editions whose answers name them.
fn participants(fault: Fault, body: &mut Value) {
    match fault {
        Fault::AnswerParticipantsMissing => drop(remove(body, "/participants")),
        Fault::AnswerParticipantsObject => {
            let first = body.pointer("/participants/0").cloned();
            replace(body, "/participants", first);
        }
        Fault::AnswerParticipantExtra => add_stranger(body, "/participants"),
        Fault::AnswerParticipantOther => rename_first(body, "/participants"),
        Fault::AnswerParticipantKind => change_kind(body, "/participants/0/identity"),
        _ => {}
    }
}

/// Adds somebody whom nobody invited to a collection of participants.
pub(super) fn add_stranger(body: &mut Value, collection: &str) {
    if let Some(Value::Array(participants)) = body.pointer_mut(collection) {
        let mut stranger = participants.first().cloned().unwrap_or_default();
        rename_identities(&mut stranger);
        participants.push(stranger);
    }
}

/// Gives the first of a collection of participants the id of somebody else.
pub(super) fn rename_first(body: &mut Value, collection: &str) {
    if let Some(first) = body.pointer_mut(&format!("{collection}/0")) {
        rename_identities(first);
    }
}

fn rename_identities(participant: &mut Value) {
    if let Some(Value::Object(set)) = participant.get_mut("identity") {
        for identity in set.values_mut().filter(|value| value.is_object()) {
            set_id(identity);
        }
    }
}

fn set_id(identity: &mut Value) {
    set(identity, "/id", fresh_id());
}

/// Calls whatever identity is in the set a device.
pub(super) fn change_kind(body: &mut Value, set: &str) {
    let Some(Value::Object(set)) = body.pointer_mut(set) else {
        return;
    };
    let kind = set
        .iter()
        .find(|(_, value)| value.is_object())
        .map(|(kind, _)| kind.clone());
    if let Some(identity) = kind.and_then(|kind| set.shift_remove(&kind)) {
        set.insert("device".to_owned(), identity);
    }
}
