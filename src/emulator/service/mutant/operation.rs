//! The mutants of single operations: a table in which each row is a fault of one operation, with the requirement that
//! the fault breaks.
//!
//! The self-check plays a mutant in the scenarios of its operation.

use super::Alteration::{
    Answer, Entry, Missing, NoBody, OtherCallback, OtherLocation, OtherPeople, OtherResource,
    Refused, Status, Twice, Undone,
};
use super::alteration::AlteredOperation;
use crate::emulator::body::Edit::{Gone, NewId, To};
use crate::emulator::service::operations::Operation;
use crate::emulator::service::state::About::{
    Deleted, End, Established, Roster, Tone, TransferAccepted, Transferring,
};

alterations! {
    /// The mutants of single operations.
    OPERATION_MUTANTS: AlteredOperation {
        "create-other-id", Create, Answer("/id", NewId) => "call.identity", "The created call has another id than `Location`.";
        "create-terminated", Create, Answer("/state", To("\"terminated\"")) => "notification.order", "The created call is terminated in the answer.";
        "create-direction-unknown", Create, Answer("/direction", To("\"sideways\"")) => "answer.body", "The direction of a created call is not a documented value.";
        "create-callback-elsewhere", Create, Answer("/callbackUri", To("\"https://elsewhere.example/\"")) => "callback.address", "The created call has another `callbackUri` than the request.";
        "create-of-other-target", Create, Answer("/targets/0/identity/user/id", NewId) => "call.people", "The created call has other targets.";
        "create-notifies-elsewhere", Create, OtherCallback => "callback.address", "Notifications of a created call go to another address.";
        "log-device-quality-500", LogDeviceQuality, Refused(500) => "answer.status", "Refuses quality data with a server error.";
        "log-device-quality-403", LogDeviceQuality, Refused(403) => "answer.status", "Refuses quality data.";
        "log-device-quality-201", LogDeviceQuality, Status(201) => "answer.status", "Answers quality data with 201.";
        "get-call-other-id", GetCall, Answer("/id", NewId) => "resource.requested", "Returns another call than requested.";
        "get-call-state-unknown", GetCall, Answer("/state", To("\"humming\"")) => "answer.body", "The state of a call is not a documented value.";
        "get-call-without-state", GetCall, Answer("/state", Gone) => "answer.body", "Returns a call without a state.";
        "get-call-empty", GetCall, NoBody => "answer.body", "Returns a call without a body.";
        "get-call-202", GetCall, Status(202) => "answer.status", "Answers the read of a call with 202.";
        "delete-200", Delete, Status(200) => "answer.status", "Answers a hang-up with 200.";
        "delete-never-ends", Delete, Missing(Deleted) => "notification.arrives", "Does not notify the end of a call that was hung up.";
        "delete-ends-twice", Delete, Twice(Deleted) => "notification.about", "Notifies the end of a call twice.";
        "delete-ends-another", Delete, OtherResource(Deleted) => "call.identity", "Notifies the end of another call.";
        "delete-established", Delete, Entry(Deleted, "/resourceData/state", To("\"established\"")) => "notification.body", "The call that has ended is established.";
        "answering-never-established", Answer, Missing(Established) => "notification.arrives", "A call that was answered is not established.";
        "answering-notifies-elsewhere", Answer, OtherCallback => "callback.address", "Notifications of an answered call go to another address.";
        "answering-other-call", Answer, OtherResource(Established) => "call.identity", "Another call than the answered one is established.";
        "reject-200", Reject, Status(200) => "answer.status", "Answers a rejection with 200.";
        "reject-never-ends", Reject, Missing(Deleted) => "notification.arrives", "Does not notify the end of a rejected call.";
        "reject-established", Reject, Entry(Deleted, "/resourceData/state", To("\"established\"")) => "notification.body", "A rejected call ends established.";
        "reject-ends-another", Reject, OtherResource(Deleted) => "call.identity", "Notifies the end of another call than the rejected one.";
        "reject-ends-twice", Reject, Twice(Deleted) => "notification.about", "Notifies the end of a rejected call twice.";
        "redirect-200", Redirect, Status(200) => "answer.status", "Answers a redirection with 200.";
        "redirect-never-ends", Redirect, Missing(Deleted) => "notification.arrives", "Does not notify the end of a redirected call.";
        "redirect-notifies-elsewhere", Redirect, OtherCallback => "callback.address", "The end of a redirected call goes to another address.";
        "redirect-as-update", Redirect, Entry(Deleted, "/changeType", To("\"updated\"")) => "notification.arrives", "The end of a redirected call is an update.";
        "transfer-200", Transfer, Status(200) => "answer.status", "Answers a transfer with 200.";
        "transfer-never-ends", Transfer, Missing(Deleted) => "notification.arrives", "A transferred call does not end.";
        "transfer-never-accepted", Transfer, Missing(TransferAccepted) => "notification.arrives", "A transfer ends without being accepted.";
        "transfer-back", Transfer, Entry(TransferAccepted, "/resourceData/state", To("\"established\"")) => "notification.body", "A transferred call is established again and ends.";
        "transfer-incoming", Transfer, Entry(Transferring, "/resourceData/state", To("\"incoming\"")) => "notification.order", "A call to be transferred is an incoming one.";
        "transfer-failed-without-result", Transfer, Entry(Established, "/resourceData/resultInfo", Gone) => "notification.body", "A failed transfer has no `resultInfo`.";
        "keep-alive-204", KeepAlive, Status(204) => "answer.status", "Answers `keepAlive` with 204.";
        "keep-alive-404", KeepAlive, Refused(404) => "answer.status", "Answers `keepAlive` with 404.";
        "keep-alive-500", KeepAlive, Refused(500) => "answer.status", "Refuses `keepAlive` with a server error.";
        "list-participants-empty", ListParticipants, Answer("/value", To("[]")) => "resource.requested", "The list of participants is empty.";
        "list-participants-nobody", ListParticipants, Answer("/value/0/info", Gone) => "answer.body", "A listed participant has no `info`.";
        "list-participants-object", ListParticipants, Answer("/value", To("{}")) => "answer.body", "The list of participants is an object.";
        "list-participants-without-value", ListParticipants, Answer("/value", Gone) => "answer.body", "The list of participants has no `value`.";
        "list-participants-muted-text", ListParticipants, Answer("/value/0/isMuted", To("\"no\"")) => "answer.body", "`isMuted` in the list of participants is a string.";
        "get-participant-other-id", GetParticipant, Answer("/id", NewId) => "resource.requested", "Returns another participant than requested.";
        "get-participant-without-identity", GetParticipant, Answer("/info/identity", To("{}")) => "answer.body", "A participant has an empty identity.";
        "get-participant-lobby-text", GetParticipant, Answer("/isInLobby", To("\"no\"")) => "answer.body", "`isInLobby` is a string.";
        "remove-participant-200", RemoveParticipant, Status(200) => "answer.status", "Answers a removal with 200.";
        "remove-participant-stays", RemoveParticipant, Undone => "effect", "A removed participant is still in the call.";
        "remove-participant-404", RemoveParticipant, Refused(404) => "answer.status", "Answers a removal with 404.";
        "invite-of-others-in-roster", Invite, OtherPeople(Roster) => "roster.people", "The roster names other people than were invited.";
        "invite-ends-twice", Invite, Twice(End) => "operation.once", "The invitation ends twice.";
        "invite-notifies-elsewhere", Invite, OtherCallback => "callback.address", "Notifications of an invitation go to another address.";
        "mute-participant-undone", MuteParticipant, Undone => "effect", "A muted participant is not muted in the roster.";
        "mute-participant-of-another", MuteParticipant, OtherPeople(Roster) => "effect", "The roster shows somebody else as muted.";
        "mute-participant-no-roster", MuteParticipant, Missing(Roster) => "notification.arrives", "No roster follows a mute.";
        "mute-participant-other-context", MuteParticipant, Answer("/clientContext", NewId) => "context.unchanged", "The mute's `clientContext` is not the request's.";
        "mute-participant-other-operation", MuteParticipant, OtherLocation => "operation.identity", "`Location` names another operation than the mute.";
        "mute-participant-running", MuteParticipant, Answer("/status", To("\"running\"")) => "notification.arrives", "A mute does not end.";
        "mute-all-undone", MuteAll, Undone => "effect", "Nobody is muted.";
        "mute-all-other-context", MuteAll, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of muting all is not the request's.";
        "mute-all-type-wrong", MuteAll, Answer("/@odata.type", To("\"#microsoft.graph.call\"")) => "type.kind", "The type of the operation that mutes all is that of a call.";
        "mute-undone", Mute, Undone => "effect", "The bot is not muted in the roster.";
        "mute-of-another", Mute, OtherPeople(Roster) => "effect", "The roster shows somebody else than the bot as muted.";
        "mute-no-roster", Mute, Missing(Roster) => "notification.arrives", "No roster follows when the bot is muted.";
        "mute-other-context", Mute, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of the bot's mute is not the request's.";
        "mute-without-id", Mute, Answer("/id", Gone) => "answer.body", "The operation that mutes the bot has no `id`.";
        "unmute-undone", Unmute, Entry(Roster, "/resourceData/0/isMuted", To("true")) => "effect", "The bot is muted in the roster after its unmute.";
        "unmute-of-another", Unmute, OtherPeople(Roster) => "effect", "The roster shows somebody else as unmuted.";
        "unmute-other-operation", Unmute, OtherLocation => "operation.identity", "`Location` names another operation than the unmute.";
        "unmute-status-unknown", Unmute, Answer("/status", To("\"finito\"")) => "answer.body", "The status of the unmute is not a documented value.";
        "configure-mixer-no-end", ConfigureMixer, Missing(End) => "notification.arrives", "The configuration of the mixer does not end.";
        "configure-mixer-ends-twice", ConfigureMixer, Twice(End) => "operation.once", "The configuration of the mixer ends twice.";
        "configure-mixer-other-context", ConfigureMixer, Entry(End, "/resourceData/clientContext", NewId) => "context.unchanged", "The configuration of the mixer ends with another `clientContext`.";
        "configure-mixer-500", ConfigureMixer, Refused(500) => "answer.status", "Refuses to configure the mixer with a server error.";
        "start-hold-music-no-end", StartHoldMusic, Missing(End) => "notification.arrives", "The start of hold music never ends.";
        "start-hold-music-ends-running", StartHoldMusic, Entry(End, "/resourceData/status", To("\"running\"")) => "notification.body", "The start of hold music ends running.";
        "start-hold-music-other-operation", StartHoldMusic, OtherResource(End) => "operation.identity", "Another operation than the start of hold music ends.";
        "start-hold-music-201", StartHoldMusic, Status(201) => "answer.status", "Answers the start of hold music with 201.";
        "stop-hold-music-running", StopHoldMusic, Answer("/status", To("\"running\"")) => "notification.arrives", "The stop of hold music does not end.";
        "stop-hold-music-other-context", StopHoldMusic, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of the stop of hold music is not the request's.";
        "stop-hold-music-other-operation", StopHoldMusic, OtherLocation => "operation.identity", "`Location` names another operation than the stop of hold music.";
        "update-metadata-undone", UpdateMetadata, Undone => "effect", "The metadata stay as they were.";
        "update-metadata-other-context", UpdateMetadata, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of new metadata is not the request's.";
        "update-metadata-empty", UpdateMetadata, NoBody => "answer.body", "The answer to new metadata has no body.";
        "play-prompt-no-end", PlayPrompt, Missing(End) => "notification.arrives", "A prompt does not end.";
        "play-prompt-ends-twice", PlayPrompt, Twice(End) => "operation.once", "A prompt ends twice.";
        "play-prompt-other-context", PlayPrompt, Entry(End, "/resourceData/clientContext", NewId) => "context.unchanged", "A prompt ends with another `clientContext`.";
        "play-prompt-other-operation", PlayPrompt, OtherResource(End) => "operation.identity", "Another prompt ends.";
        "play-prompt-status-unknown", PlayPrompt, Entry(End, "/resourceData/status", To("\"finito\"")) => "notification.body", "A prompt ends with a status that is not a documented value.";
        "play-prompt-notifies-elsewhere", PlayPrompt, OtherCallback => "callback.address", "The end of a prompt goes to another address.";
        "play-prompt-201", PlayPrompt, Status(201) => "answer.status", "Answers a prompt with 201.";
        "record-response-no-end", RecordResponse, Missing(End) => "notification.arrives", "A recording does not end.";
        "record-response-without-location", RecordResponse, Entry(End, "/resourceData/recordingLocation", Gone) => "operation.result", "A recording has no `recordingLocation`.";
        "record-response-without-token", RecordResponse, Entry(End, "/resourceData/recordingAccessToken", Gone) => "operation.result", "A recording has no `recordingAccessToken`.";
        "record-response-reason-unknown", RecordResponse, Entry(End, "/resourceData/completionReason", To("\"boredom\"")) => "notification.body", "The reason for the end of a recording is not a documented value.";
        "record-response-other-context", RecordResponse, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of a recording is not the request's.";
        "subscribe-to-tone-no-tones", SubscribeToTone, Missing(Tone) => "notification.arrives", "Tones that are pressed are not notified.";
        "subscribe-to-tone-unknown", SubscribeToTone, Entry(Tone, "/resourceData/toneInfo/tone", To("\"tone11\"")) => "notification.body", "A tone is not a documented value.";
        "subscribe-to-tone-sequence-text", SubscribeToTone, Entry(Tone, "/resourceData/toneInfo/sequenceId", To("\"first\"")) => "notification.body", "The `sequenceId` of a tone is a string.";
        "subscribe-to-tone-other-call", SubscribeToTone, OtherResource(Tone) => "call.identity", "A tone is one of another call.";
        "subscribe-to-tone-other-context", SubscribeToTone, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of a subscription is not the request's.";
        "cancel-media-processing-undone", CancelMedia, Undone => "notification.arrives", "Nothing is cancelled.";
        "cancel-media-processing-completed", CancelMedia, Entry(End, "/resourceData/status", To("\"running\"")) => "notification.body", "What is cancelled ends running.";
        "cancel-media-processing-without-result", CancelMedia, Entry(End, "/resourceData/resultInfo", Gone) => "notification.body", "What is cancelled fails without `resultInfo`.";
        "cancel-media-processing-other-operation", CancelMedia, OtherLocation => "operation.identity", "`Location` names another operation than the cancellation.";
        "update-recording-status-undone", UpdateRecordingStatus, Undone => "effect", "The recording status stays as it was.";
        "update-recording-status-running", UpdateRecordingStatus, Answer("/status", To("\"running\"")) => "notification.arrives", "The update of the recording status does not end.";
        "update-recording-status-other-context", UpdateRecordingStatus, Answer("/clientContext", NewId) => "context.unchanged", "The `clientContext` of a recording status is not the request's.";
        "change-screen-sharing-role-200", ChangeScreenSharingRole, Status(200) => "answer.status", "Answers a change of the role with 200.";
        "change-screen-sharing-role-no-roster", ChangeScreenSharingRole, Missing(Roster) => "notification.arrives", "No roster follows a change of the role.";
        "change-screen-sharing-role-direction-unknown", ChangeScreenSharingRole, Entry(Roster, "/resourceData/0/mediaStreams/1/direction", To("\"sideways\"")) => "notification.body", "The direction of a sharer's screen is not a documented value.";
        "change-screen-sharing-role-of-another", ChangeScreenSharingRole, OtherPeople(Roster) => "effect", "Somebody other than the bot shares.";
        "add-large-gallery-view-no-end", AddLargeGalleryView, Missing(End) => "notification.arrives", "The large gallery view is never added.";
        "add-large-gallery-view-other-context", AddLargeGalleryView, Entry(End, "/resourceData/clientContext", NewId) => "context.unchanged", "The addition of the view ends with another `clientContext`.";
        "add-large-gallery-view-other-id", AddLargeGalleryView, Answer("/id", NewId) => "operation.identity", "The operation that adds the view has another id than `Location`.";
        "add-large-gallery-view-200", AddLargeGalleryView, Status(200) => "answer.status", "Answers the addition of the view with 200.";
        "get-operation-other-id", GetOperation, Answer("/id", NewId) => "resource.requested", "Returns another operation than requested.";
        "get-operation-status-unknown", GetOperation, Answer("/status", To("\"finito\"")) => "answer.body", "The status of an operation that is read is not a documented value.";
        "get-operation-empty", GetOperation, NoBody => "answer.body", "Returns an operation without a body.";
        "list-content-sharing-sessions-empty", ListSessions, Answer("/value", To("[]")) => "resource.requested", "The list of sessions is empty.";
        "list-content-sharing-sessions-object", ListSessions, Answer("/value", To("{}")) => "answer.body", "The list of sessions is an object.";
        "list-content-sharing-sessions-without-value", ListSessions, Answer("/value", Gone) => "answer.body", "The list of sessions has no `value`.";
        "get-content-sharing-session-other-id", GetSession, Answer("/id", NewId) => "resource.requested", "Returns another session than requested.";
        "get-content-sharing-session-without-id", GetSession, Answer("/id", Gone) => "answer.body", "A session has no `id`.";
        "get-content-sharing-session-type-wrong", GetSession, Answer("/@odata.type", To("\"#microsoft.graph.call\"")) => "type.kind", "The type of a session is that of a call.";
        "list-audio-routing-groups-empty", ListRoutingGroups, Answer("/value", To("[]")) => "resource.requested", "The list of audio routing groups is empty.";
        "list-audio-routing-groups-object", ListRoutingGroups, Answer("/value", To("{}")) => "answer.body", "The list of audio routing groups is an object.";
        "list-audio-routing-groups-mode-unknown", ListRoutingGroups, Answer("/value/0/routingMode", To("\"shouting\"")) => "answer.body", "The mode of a listed audio routing group is not a documented value.";
        "create-audio-routing-group-other-id", CreateRoutingGroup, Answer("/id", NewId) => "effect", "The created audio routing group has another id than the request.";
        "create-audio-routing-group-no-receivers", CreateRoutingGroup, Answer("/receivers", To("[]")) => "effect", "The created audio routing group has no receivers.";
        "create-audio-routing-group-undone", CreateRoutingGroup, Undone => "effect", "The created audio routing group is not found afterwards.";
        "get-audio-routing-group-other-id", GetRoutingGroup, Answer("/id", NewId) => "resource.requested", "Returns another audio routing group than requested.";
        "get-audio-routing-group-sources-text", GetRoutingGroup, Answer("/sources", To("\"everybody\"")) => "answer.body", "The sources of an audio routing group are a string.";
        "get-audio-routing-group-mode-unknown", GetRoutingGroup, Answer("/routingMode", To("\"shouting\"")) => "answer.body", "The mode of an audio routing group is not a documented value.";
        "update-audio-routing-group-undone", UpdateRoutingGroup, Undone => "effect", "An audio routing group stays as it was.";
        "update-audio-routing-group-other-id", UpdateRoutingGroup, Answer("/id", NewId) => "resource.requested", "The changed audio routing group has another id.";
        "update-audio-routing-group-204", UpdateRoutingGroup, Status(204) => "answer.status", "Answers a change of an audio routing group with 204.";
        "delete-audio-routing-group-undone", DeleteRoutingGroup, Undone => "effect", "A deleted audio routing group is found afterwards.";
        "delete-audio-routing-group-200", DeleteRoutingGroup, Status(200) => "answer.status", "Answers the deletion of an audio routing group with 200.";
        "delete-audio-routing-group-404", DeleteRoutingGroup, Refused(404) => "answer.status", "Answers the deletion of an audio routing group with 404.";
    }
}
