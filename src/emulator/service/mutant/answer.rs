//! Mutants of answers.

use serde_json::{Value, json};

use super::Mutant;
use crate::emulator::body::{make_device, remove, replace, set};
use crate::emulator::new_id;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::message::Answer;
use crate::emulator::service::state::CommsOperation;
use crate::http::Reply;
use crate::http::message::Body;

/// The answer to an invitation.
pub(in crate::emulator::service) fn invited(
    mutant: Option<Mutant>,
    answer: &mut Answer,
    operation: &CommsOperation,
) {
    let Some(mutant) = mutant else { return };
    head(mutant, answer, operation);
    wire(mutant, answer);
    if let Some(body) = answer.content.json_mut() {
        properties(mutant, body);
        participants(mutant, body);
    }
}

/// The answer to the creation of a call.
pub(in crate::emulator::service) fn created(mutant: Option<Mutant>, answer: &mut Answer) {
    match mutant {
        Some(Mutant::CreateWithoutLocation) => answer.location = None,
        Some(Mutant::CreateOk) => answer.status = 200,
        Some(Mutant::CreateLocationNowhere) => {
            let nowhere = answer
                .location
                .as_deref()
                .and_then(|url| url.split_once("/calls/"));
            answer.location = nowhere.map(|(prefix, _)| prefix.to_owned());
        }
        _ => {}
    }
}

pub(in crate::emulator::service) fn call_answered(mutant: Option<Mutant>, answer: &mut Answer) {
    if mutant == Some(Mutant::PickUpServerError) {
        *answer = Refusal::server_error("Something went wrong.").into();
    }
}

/// Status, header fields, and presence of a body.
fn head(mutant: Mutant, answer: &mut Answer, operation: &CommsOperation) {
    match mutant {
        Mutant::AnswerOk201 => answer.status = 201,
        Mutant::AnswerNoContent => {
            answer.status = 204;
            answer.content = Body::Empty;
        }
        Mutant::AnswerServerError => {
            *answer = Refusal::server_error("Something went wrong.").into();
        }
        Mutant::AnswerBadRequest => *answer = Refusal::bad_request("Something was wrong.").into(),
        Mutant::AnswerNotJson => answer.media_type = Some("text/plain"),
        Mutant::AnswerUntyped => answer.media_type = None,
        Mutant::AnswerEmpty => answer.content = Body::Empty,
        Mutant::LocationOtherCall => relocate(answer, &operation.call, &new_id()),
        Mutant::LocationOtherOperation => relocate(answer, &operation.id, &new_id()),
        Mutant::LocationNowhere => {
            relocate(
                answer,
                &format!("operations/{}", operation.id),
                "participants",
            );
        }
        _ => {}
    }
}

fn relocate(answer: &mut Answer, from: &str, to: &str) {
    answer.location = answer.location.take().map(|url| url.replace(from, to));
}

/// Replaces the bytes of a whole answer.
fn wire(mutant: Mutant, answer: &mut Answer) {
    let text = match &answer.content {
        Body::Json(body) => body.to_string(),
        _ => String::new(),
    };
    // The cut is between two characters.
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    match mutant {
        Mutant::AnswerInvalidJson => answer.content = Body::Text(half),
        Mutant::Hang => answer.instead = Some(Reply::hang()),
        Mutant::Reset => answer.instead = Some(Reply::reset()),
        Mutant::Noise => answer.instead = Some(Reply::raw("220 ready when you are\r\n")),
        Mutant::Truncated => {
            answer.instead = Some(Reply::raw(format!(
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
        Mutant::AnswerContextChanged => set(body, "/clientContext", new_id()),
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
        Mutant::AnswerParticipantExtra => add_uninvited(body, "/participants"),
        Mutant::AnswerParticipantOther => rename_first(body, "/participants"),
        Mutant::AnswerParticipantKind => change_kind(body, "/participants/0/identity"),
        _ => {}
    }
}

/// Adds an uninvited participant to a collection.
pub(super) fn add_uninvited(body: &mut Value, collection: &str) {
    if let Some(Value::Array(participants)) = body.pointer_mut(collection) {
        let mut uninvited = participants.first().cloned().unwrap_or_default();
        rename_identities(&mut uninvited);
        participants.push(uninvited);
    }
}

/// Changes the id of the first participant of a collection.
pub(super) fn rename_first(body: &mut Value, collection: &str) {
    if let Some(first) = body.pointer_mut(&format!("{collection}/0")) {
        rename_identities(first);
    }
}

fn rename_identities(participant: &mut Value) {
    if let Some(Value::Object(set)) = participant.get_mut("identity") {
        for identity in set.values_mut().filter_map(Value::as_object_mut) {
            identity.insert("id".to_owned(), new_id().into());
        }
    }
}

pub(super) fn change_kind(body: &mut Value, set: &str) {
    if let Some(Value::Object(set)) = body.pointer_mut(set) {
        make_device(set);
    }
}
