//! The variants of single operations: a table in which each row is a harmless difference of one operation.

use super::alteration::Alteration::{Body, LibraryHeaders, MediaType, Prefix, Qualified};
use super::alteration::AlteredRequest;
use super::operation::Operation;
use crate::emulator::body::Edit::{Capital, To};

/// A serializer may number the objects of a body.
const NUMBERED: super::alteration::Alteration = Body("/$id", To("\"1\""));

alterations! {
    /// The variants of single operations.
    REQUEST_VARIANTS: AlteredRequest {
        "create-with-library-headers", Create, LibraryHeaders, "Creates a call with the header fields of the .NET library.";
        "log-device-quality-with-object-id", LogDeviceQuality, NUMBERED, "The body with the quality of a device has `$id`.";
        "get-call-under-app", GetCall, Prefix("app"), "Reads a call under `/app`.";
        "delete-with-library-headers", Delete, LibraryHeaders, "Hangs up with the header fields of the .NET library.";
        "answer-qualified", Answer, Qualified, "Answers a call by the qualified name.";
        "reject-with-capital", Reject, Body("/reason", Capital), "The reason of a rejection has a capital.";
        "redirect-with-object-id", Redirect, NUMBERED, "The body of a redirection has `$id`.";
        "transfer-qualified", Transfer, Qualified, "Transfers a call by the qualified name.";
        "keep-alive-qualified", KeepAlive, Qualified, "Keeps a call alive by the qualified name.";
        "list-participants-under-app", ListParticipants, Prefix("app"), "Reads the roster under `/app`.";
        "get-participant-with-library-headers", GetParticipant, LibraryHeaders, "Reads a participant with the header fields of the .NET library.";
        "remove-participant-under-app", RemoveParticipant, Prefix("app"), "Removes a participant under `/app`.";
        "invite-qualified", Invite, Qualified, "Invites by the qualified name.";
        "mute-participant-qualified", MuteParticipant, Qualified, "Mutes a participant by the qualified name.";
        "mute-all-with-object-id", MuteAll, NUMBERED, "The body of a mute of all has `$id`.";
        "mute-with-library-headers", Mute, LibraryHeaders, "Mutes itself with the header fields of the .NET library.";
        "unmute-qualified", Unmute, Qualified, "Unmutes itself by the qualified name.";
        "configure-mixer-with-type", ConfigureMixer, Body("/participantMixerLevels/0/@odata.type", To("\"#microsoft.graph.participantMixerLevel\"")), "The levels of the mixer have their type.";
        "start-hold-music-qualified", StartHoldMusic, Qualified, "Puts a participant on hold by the qualified name.";
        "stop-hold-music-with-object-id", StopHoldMusic, NUMBERED, "The body that stops hold music has `$id`.";
        "update-metadata-with-charset", UpdateMetadata, MediaType("application/json; charset=utf-8"), "Names the charset of its metadata.";
        "play-prompt-qualified", PlayPrompt, Qualified, "Plays prompts by the qualified name.";
        "record-response-with-object-id", RecordResponse, NUMBERED, "The body of a recording has `$id`.";
        "subscribe-to-tone-under-app", SubscribeToTone, Prefix("app"), "Subscribes to tones under `/app`.";
        "cancel-media-processing-qualified", CancelMedia, Qualified, "Cancels media by the qualified name.";
        "update-recording-status-with-capital", UpdateRecordingStatus, Body("/status", Capital), "The recording status has a capital.";
        "change-screen-sharing-role-with-capital", ChangeScreenSharingRole, Body("/role", Capital), "The role has a capital.";
        "add-large-gallery-view-with-library-headers", AddLargeGalleryView, LibraryHeaders, "Adds the view with the header fields of the .NET library.";
        "get-operation-under-app", GetOperation, Prefix("app"), "Reads an operation under `/app`.";
        "list-content-sharing-sessions-with-library-headers", ListSessions, LibraryHeaders, "Reads the sessions with the header fields of the .NET library.";
        "get-content-sharing-session-with-library-headers", GetSession, LibraryHeaders, "Reads a session with the header fields of the .NET library.";
        "list-audio-routing-groups-under-app", ListRoutingGroups, Prefix("app"), "Reads the audio routing groups under `/app`.";
        "create-audio-routing-group-with-type", CreateRoutingGroup, Body("/@odata.type", To("\"#microsoft.graph.audioRoutingGroup\"")), "A created audio routing group has its type.";
        "get-audio-routing-group-under-app", GetRoutingGroup, Prefix("app"), "Reads an audio routing group under `/app`.";
        "update-audio-routing-group-with-capital", UpdateRoutingGroup, Body("/routingMode", Capital), "The mode of a changed audio routing group has a capital.";
        "delete-audio-routing-group-with-library-headers", DeleteRoutingGroup, LibraryHeaders, "Deletes an audio routing group with the header fields of the .NET library.";
    }
}
