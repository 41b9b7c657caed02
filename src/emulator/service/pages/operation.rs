//! The bodies of long-running operations.

use serde_json::{Map, Value, json};

use super::{Edition, Pages, full_identity, identity_set};
use crate::emulator::service::operations::Operation;
use crate::emulator::service::state::{CommsOperation, Invitee};

impl Pages {
    /// The operation in an answer.
    pub(in crate::emulator::service) fn answer(self, operation: &CommsOperation) -> Value {
        if operation.cause != Operation::Invite {
            return plain(operation).into();
        }
        if self.edition.is_terse() {
            return json!({
                "id": operation.id,
                "status": operation.status,
                "createdDateTime": operation.created,
                "lastActionDateTime": operation.created,
                "clientContext": operation.context,
            });
        }
        let invited = |invitee: &Invitee| {
            json!({
                "endpointType": null,
                "id": null,
                "replacesCallId": invitee.replaces,
                "identity": whole_identity_set(&invitee.kind, full_identity(&invitee.kind, &invitee.identity)),
            })
        };
        json!({
            "@odata.type": "#microsoft.graph.inviteParticipantsOperation",
            "id": operation.id,
            "status": operation.status,
            "clientContext": operation.context,
            "resultInfo": null,
            "participants": operation.invitees.iter().map(invited).collect::<Vec<_>>(),
        })
    }

    /// The operation in an entry about its progress or end.
    pub(in crate::emulator::service) fn operation(
        self,
        change: &str,
        operation: &CommsOperation,
        status: &str,
    ) -> Value {
        let path = format!("calls/{}/operations/{}", operation.call, operation.id);
        if operation.cause != Operation::Invite {
            let mut data = self.entity(type_of(operation.cause), &path);
            data.extend(plain(operation));
            data.insert("status".into(), status.into());
            return self.entry(change, &path, data.into());
        }
        let replaces = operation.invitees.iter().any(|i| i.replaces.is_some());
        let kind = if self.edition == Edition::May2019 && !replaces {
            "commsOperation"
        } else {
            "inviteParticipantsOperation"
        };
        let mut data = self.entity(kind, &path);
        if !self.edition.is_terse() {
            let invited = |invitee: &Invitee| {
                json!({
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": identity_set(&invitee.kind, &full_identity(&invitee.kind, &invitee.identity)),
                })
            };
            let participants: Vec<Value> = operation.invitees.iter().map(invited).collect();
            data.insert("participants".into(), participants.into());
        }
        data.insert("status".into(), status.into());
        data.insert("clientContext".into(), json!(operation.context));
        if !self.edition.is_terse() {
            data.insert("id".into(), operation.id.clone().into());
        }
        if status == "failed" {
            data.insert("resultInfo".into(), failure(operation));
        }
        self.entry(change, &path, data.into())
    }
}

/// The result of an operation or of a call.
pub(in crate::emulator::service) fn result_info(code: i64, subcode: i64, message: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": code,
        "subcode": subcode,
        "message": message,
    })
}

/// The resource type of the operations that a request creates.
const fn type_of(cause: Operation) -> &'static str {
    match cause {
        Operation::MuteParticipant | Operation::Mute => "muteParticipantOperation",
        Operation::Unmute => "unmuteParticipantOperation",
        Operation::PlayPrompt => "playPromptOperation",
        Operation::RecordResponse => "recordOperation",
        Operation::SubscribeToTone => "subscribeToToneOperation",
        Operation::CancelMedia => "cancelMediaProcessingOperation",
        Operation::UpdateRecordingStatus => "updateRecordingStatusOperation",
        Operation::AddLargeGalleryView => "addLargeGalleryViewOperation",
        Operation::StartHoldMusic => "startHoldMusicOperation",
        Operation::StopHoldMusic => "stopHoldMusicOperation",
        _ => "commsOperation",
    }
}

/// An operation as every page but that of invitations shows it.
fn plain(operation: &CommsOperation) -> Map<String, Value> {
    let kind = type_of(operation.cause);
    let mut body = Map::new();
    body.insert(
        "@odata.type".into(),
        format!("#microsoft.graph.{kind}").into(),
    );
    body.insert("id".into(), operation.id.clone().into());
    body.insert("status".into(), operation.status.into());
    if let Some(context) = &operation.context {
        body.insert("clientContext".into(), context.clone().into());
    }
    body.insert("resultInfo".into(), operation.result.clone());
    body.extend(operation.details.clone());
    body
}

/// The identity set in answers: the other kinds are null.
fn whole_identity_set(kind: &str, identity: Map<String, Value>) -> Value {
    let mut set = Map::new();
    for other in ["user", "application", "device", "phone"] {
        set.insert(other.into(), Value::Null);
    }
    set.insert(kind.into(), identity.into());
    set.into()
}

fn failure(operation: &CommsOperation) -> Value {
    let names: Vec<&str> = operation.invitees.iter().map(Invitee::id).collect();
    json!({
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": 500,
        "subCode": 5201,
        "message": format!("could not be added to the call: {}", names.join(", ")),
    })
}
