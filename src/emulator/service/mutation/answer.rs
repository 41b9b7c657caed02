//! Faults in answers.

use serde_json::{Value, json};

use super::Mutant;
use crate::emulator::content::Content;
use crate::emulator::edit::{remove, replace, set};
use crate::emulator::fresh_id;
use crate::emulator::service::draft::Draft;
use crate::emulator::service::refusal::Refusal;
use crate::emulator::service::state::Operation;
use crate::http::Reply;

/// The answer to an invitation.
pub(in crate::emulator::service) fn answered(
    mutant: Option<Mutant>,
    draft: &mut Draft,
    operation: &Operation,
) {
    let Some(mutant) = mutant else { return };
    head(mutant, draft, operation);
    wire(mutant, draft);
    if let Some(body) = draft.content.json_mut() {
        properties(mutant, body);
        participants(mutant, body);
    }
}

/// The answer to the creation of a call.
pub(in crate::emulator::service) fn created(mutant: Option<Mutant>, draft: &mut Draft) {
    match mutant {
        Some(Mutant::CreateWithoutLocation) => draft.location = None,
        Some(Mutant::CreateOk) => draft.status = 200,
        Some(Mutant::CreateLocationNowhere) => {
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
pub(in crate::emulator::service) fn picked_up(mutant: Option<Mutant>, draft: &mut Draft) {
    if mutant == Some(Mutant::PickUpServerError) {
        *draft = Refusal::server_error("Something went wrong.").into();
    }
}

/// Status, header fields, and whether there is a body.
fn head(mutant: Mutant, draft: &mut Draft, operation: &Operation) {
    match mutant {
        Mutant::AnswerOk201 => draft.status = 201,
        Mutant::AnswerAcceptedWithBody => draft.status = 202,
        Mutant::AnswerNoContent => {
            draft.status = 204;
            draft.content = Content::Nothing;
        }
        Mutant::AnswerServerError => *draft = Refusal::server_error("Something went wrong.").into(),
        Mutant::AnswerBadRequest => *draft = Refusal::bad_request("Something was wrong.").into(),
        Mutant::AnswerNotJson => draft.media_type = Some("text/plain"),
        Mutant::AnswerUntyped => draft.media_type = None,
        Mutant::AnswerEmpty => draft.content = Content::Nothing,
        Mutant::LocationOtherCall => relocate(draft, &operation.call, &fresh_id()),
        Mutant::LocationOtherOperation => relocate(draft, &operation.id, &fresh_id()),
        Mutant::LocationNowhere => {
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
fn wire(mutant: Mutant, draft: &mut Draft) {
    let text = match &draft.content {
        Content::Json(body) => body.to_string(),
        _ => String::new(),
    };
    // Cut at a character, wherever the half is.
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    match mutant {
        Mutant::AnswerInvalidJson => draft.content = Content::Text(half),
        Mutant::Hang => draft.instead = Some(Reply::hang()),
        Mutant::Reset => draft.instead = Some(Reply::reset()),
        Mutant::Noise => draft.instead = Some(Reply::raw("220 ready when you are\r\n")),
        Mutant::Truncated => {
            draft.instead = Some(Reply::raw(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{half}",
                text.len(),
            )));
        }
        _ => {}
    }
}

/// Properties of the operation.
fn properties(mutant: Mutant, body: &mut Value) {
    match mutant {
        Mutant::AnswerArray => *body = json!([body.take()]),
        Mutant::AnswerIdMissing => drop(remove(body, "/id")),
        Mutant::AnswerIdNull => set(body, "/id", Value::Null),
        Mutant::AnswerIdNumber => set(body, "/id", 4711),
        Mutant::AnswerStatusMissing => drop(remove(body, "/status")),
        Mutant::AnswerStatusUnknown => set(body, "/status", "dawdling"),
        Mutant::AnswerStatusCompleted => set(body, "/status", "completed"),
        Mutant::AnswerStatusNumber => set(body, "/status", 1),
        Mutant::AnswerTypeWrong => replace(body, "/@odata.type", "#microsoft.graph.call"),
        Mutant::AnswerContextChanged => set(body, "/clientContext", fresh_id()),
        Mutant::AnswerContextDropped => drop(remove(body, "/clientContext")),
        Mutant::AnswerContextNumber => set(body, "/clientContext", 4711),
        _ => {}
    }
}

/// The participants, in the editions whose answers name them.
fn participants(mutant: Mutant, body: &mut Value) {
    match mutant {
        Mutant::AnswerParticipantsMissing => drop(remove(body, "/participants")),
        Mutant::AnswerParticipantsObject => {
            let first = body.pointer("/participants/0").cloned();
            replace(body, "/participants", first);
        }
        Mutant::AnswerParticipantExtra => add_stranger(body, "/participants"),
        Mutant::AnswerParticipantOther => rename_first(body, "/participants"),
        Mutant::AnswerParticipantKind => change_kind(body, "/participants/0/identity"),
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
