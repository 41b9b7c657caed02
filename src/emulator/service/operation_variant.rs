//! The variants of single operations: a table in which each row is a harmless difference of one operation.

use super::mutant::Alteration::{
    AndAnotherCall, Answer, Body, Entry, ExtraHeader, Missing, NoBody, NoLocation, NoMediaType,
    ProgressFirst, Status, Twice,
};
use super::mutant::AlteredOperation;
use super::operations::Operation;
use super::state::About::{Deleted, Established, Roster, Terminating, Tone, TransferAccepted};
use crate::emulator::body::Edit::{Gone, To};

alterations! {
    /// The variants of single operations.
    OPERATION_VARIANTS: AlteredOperation {
        "create-established-twice", Create, Twice(Established), "Notifies once more that a created call is established.";
        "create-empty", Create, NoBody, "The answer to a creation has `Location` and no body.";
        "log-device-quality-with-body", LogDeviceQuality, Body("{}"), "Answers quality data with an empty object.";
        "get-call-without-nulls", GetCall, Answer("/terminationReason", Gone), "A call has no `terminationReason` instead of null.";
        "delete-terminating-twice", Delete, Twice(Terminating), "A call that is hung up is terminating twice.";
        "delete-without-terminating", Delete, Missing(Terminating), "A call that is hung up is deleted at once, without the state `terminating`.";
        "delete-ends-another-too", Delete, AndAnotherCall(Deleted), "Notifies the end of another call as well: the application may have more.";
        "answering-established-twice", Answer, Twice(Established), "Notifies once more that an answered call is established.";
        "answering-200", Answer, Status(200), "Answers the `answer` request with 200, as one page prints.";
        "reject-without-state", Reject, Entry(Deleted, "/resourceData/state", Gone), "The end of a rejected call has no state.";
        "redirect-without-source", Redirect, Entry(Deleted, "/resourceData/source", Gone), "The end of a redirected call has no source.";
        "transfer-with-media-state", Transfer, Entry(TransferAccepted, "/resourceData/mediaState", To("{\"audio\": \"inactive\"}")), "The media of an accepted transfer are inactive.";
        "transfer-ends-another-too", Transfer, AndAnotherCall(Deleted), "The end of another call is notified after that of the transferred one.";
        "keep-alive-without-media-type", KeepAlive, NoMediaType, "The answer to `keepAlive` has no media type.";
        "list-participants-with-metadata", ListParticipants, Answer("/value/0/metadata", To("null")), "A listed participant has `metadata` that is null.";
        "get-participant-with-metadata", GetParticipant, Answer("/metadata", To("null")), "A participant has `metadata` that is null.";
        "remove-participant-roster-twice", RemoveParticipant, Twice(Roster), "The roster after a removal comes twice.";
        "remove-participant-no-roster", RemoveParticipant, Missing(Roster), "No roster follows a removal, because no page requires one.";
        "invite-roster-twice", Invite, Twice(Roster), "The roster after an invitation comes twice.";
        "mute-participant-without-result", MuteParticipant, Answer("/resultInfo", Gone), "A mute has no `resultInfo` instead of null.";
        "mute-all-roster-twice", MuteAll, Twice(Roster), "The roster after muting all comes twice.";
        "mute-all-no-roster", MuteAll, Missing(Roster), "No roster follows when all are muted, because no page requires one.";
        "mute-roster-twice", Mute, Twice(Roster), "The roster after the bot's mute comes twice.";
        "unmute-without-result", Unmute, Answer("/resultInfo", Gone), "The unmute has no `resultInfo` instead of null.";
        "configure-mixer-202", ConfigureMixer, Status(202), "Answers the configuration of the mixer with 202.";
        "start-hold-music-progress", StartHoldMusic, ProgressFirst, "Notifies that the start of hold music is running before it ends.";
        "stop-hold-music-without-result", StopHoldMusic, Answer("/resultInfo", Gone), "The stop of hold music has no `resultInfo` instead of null.";
        "update-metadata-202", UpdateMetadata, Status(202), "Answers new metadata with 202.";
        "update-metadata-no-location", UpdateMetadata, NoLocation, "The answer to new metadata has no `Location`: the body has the id.";
        "play-prompt-progress", PlayPrompt, ProgressFirst, "Notifies that a prompt is running before it ends.";
        "record-response-progress", RecordResponse, ProgressFirst, "Notifies that a recording is running before it ends.";
        "subscribe-to-tone-without-type", SubscribeToTone, Entry(Tone, "/resourceData/toneInfo/@odata.type", Gone), "A tone has no type.";
        "cancel-media-processing-without-result-of-its-own", CancelMedia, Answer("/resultInfo", Gone), "The cancellation has no `resultInfo` instead of null.";
        "update-recording-status-roster-twice", UpdateRecordingStatus, Twice(Roster), "The roster after a recording status comes twice.";
        "update-recording-status-no-roster", UpdateRecordingStatus, Missing(Roster), "No roster follows a recording status, because no page requires one.";
        "change-screen-sharing-role-roster-twice", ChangeScreenSharingRole, Twice(Roster), "The roster after a change of the role comes twice.";
        "add-large-gallery-view-progress", AddLargeGalleryView, ProgressFirst, "Notifies that the addition of the view is running before it ends.";
        "get-operation-without-type", GetOperation, Answer("/@odata.type", Gone), "An operation that is read has no type.";
        "list-content-sharing-sessions-with-context", ListSessions, Answer("/@odata.context", To("\"$metadata#contentSharingSessions\"")), "The list of sessions has a context.";
        "get-content-sharing-session-without-type", GetSession, Answer("/@odata.type", Gone), "A session has no type.";
        "list-audio-routing-groups-with-context", ListRoutingGroups, Answer("/@odata.context", To("\"$metadata#audioRoutingGroups\"")), "The list of audio routing groups has a context.";
        "create-audio-routing-group-without-type", CreateRoutingGroup, Answer("/@odata.type", Gone), "A created audio routing group has no type.";
        "get-audio-routing-group-without-type", GetRoutingGroup, Answer("/@odata.type", Gone), "An audio routing group that is read has no type.";
        "update-audio-routing-group-without-type", UpdateRoutingGroup, Answer("/@odata.type", Gone), "A changed audio routing group has no type.";
        "delete-audio-routing-group-with-header", DeleteRoutingGroup, ExtraHeader, "The answer to a deletion has an unknown header field.";
    }
}
