//! The mutants of single operations: a table in which each row is a fault of one operation, with the requirement that
//! the fault breaks.
//!
//! The self-check plays a mutant in the scenarios of its operation.

use super::alteration::Alteration::{
    Action, Authorization, Below, Body, EmptySegment, MediaType, Method, Never, NoBody, OtherCall,
    OtherItem, OtherPeople, Twice, Values, Whole,
};
use super::alteration::AlteredRequest;
use super::operation::Operation;
use crate::emulator::body::Edit::{Gone, NewId, To};

/// What a bot without a token writes that does not notice.
const UNDEFINED: Option<&str> = Some("Bearer undefined");

/// One prompt more than a recording may have.
const TWO_PROMPTS: &str = r#"[{"mediaInfo": {"uri": "https://elsewhere.example/a.wav"}}, {"mediaInfo": {"uri": "https://elsewhere.example/b.wav"}}]"#;

/// The address of another program.
const ELSEWHERE: &str = "\"http://127.0.0.1:9/callback\"";

alterations! {
    /// The mutants of single operations.
    REQUEST_MUTANTS: AlteredRequest {
        "create-without-modalities", Create, Body("/requestedModalities", Gone) => "request.triggered", "Creates a call without `requestedModalities`.";
        "create-without-media", Create, Body("/mediaConfig", Gone) => "request.body", "Creates a call without `mediaConfig`.";
        "create-callback-elsewhere", Create, Body("/callbackUri", To(ELSEWHERE)) => "request.triggered", "The callback of a new call leads elsewhere.";
        "create-callback-path", Create, Body("/callbackUri", To("\"/callback\"")) => "request.body", "The callback of a new call is no absolute URL.";
        "create-of-another-person", Create, OtherPeople("/targets") => "request.triggered", "Calls somebody else.";
        "create-with-undefined-token", Create, Authorization(UNDEFINED) => "request.plausible", "Creates a call with the token `undefined`.";
        "log-device-quality-without-quality", LogDeviceQuality, Body("/quality", Gone) => "request.body", "Sends no `quality` of a device.";
        "log-device-quality-text", LogDeviceQuality, Body("/quality", To("\"good\"")) => "request.body", "The `quality` of a device is a string.";
        "log-device-quality-elsewhere", LogDeviceQuality, Action("deviceQuality") => "request.target", "Sends the quality of a device to a path that the API does not have.";
        "log-device-quality-without-token", LogDeviceQuality, Authorization(None) => "request.token", "Sends the quality of a device without a token.";
        "get-call-other", GetCall, OtherCall => "ids.unchanged", "Reads another call.";
        "get-call-with-put", GetCall, Method("PUT") => "request.method", "Reads a call with PUT.";
        "get-call-with-post", GetCall, Method("POST") => "request.method", "Reads a call with POST.";
        "get-call-without-token", GetCall, Authorization(None) => "request.token", "Reads a call without a token.";
        "get-call-never", GetCall, Never => "request.sent", "Does not read the call.";
        "delete-other-call", Delete, OtherCall => "ids.unchanged", "Hangs up another call.";
        "delete-with-get", Delete, Method("GET") => "request.sent", "Reads the call instead of hanging up.";
        "delete-twice", Delete, Twice => "request.once", "Hangs up twice.";
        "delete-never", Delete, Never => "request.sent", "Does not hang up.";
        "answer-without-media", Answer, Body("/mediaConfig", Gone) => "request.body", "Answers a call without `mediaConfig`.";
        "answer-without-modalities", Answer, Body("/acceptedModalities", Gone) => "request.body", "Answers a call without `acceptedModalities`.";
        "answer-media-text", Answer, Body("/mediaConfig", To("\"service\"")) => "request.body", "The `mediaConfig` of an answered call is a string.";
        "answer-callback-elsewhere", Answer, Body("/callbackUri", To(ELSEWHERE)) => "request.triggered", "The callback of an answered call leads elsewhere.";
        "answer-other-call", Answer, OtherCall => "ids.unchanged", "Answers another call.";
        "answer-that-rejects", Answer, Action("reject") => "request.sent", "Rejects the call instead of answering it.";
        "reject-for-another-reason", Reject, Body("/reason", To("\"forbidden\"")) => "request.triggered", "Rejects a call for another reason.";
        "reject-for-an-unknown-reason", Reject, Body("/reason", To("\"asleep\"")) => "request.body", "The reason of a rejection is not a documented value.";
        "reject-for-a-number", Reject, Body("/reason", To("486")) => "request.body", "The reason of a rejection is a number.";
        "reject-other-call", Reject, OtherCall => "ids.unchanged", "Rejects another call.";
        "reject-that-answers", Reject, Action("answer") => "request.body", "Answers the call instead of rejecting it.";
        "redirect-to-another-person", Redirect, OtherPeople("/targets") => "request.triggered", "Redirects a call to somebody else.";
        "redirect-without-targets", Redirect, Body("/targets", Gone) => "request.body", "Redirects a call to nobody.";
        "redirect-callback-elsewhere", Redirect, Body("/callbackUri", To(ELSEWHERE)) => "request.triggered", "The callback of a redirected call leads elsewhere.";
        "redirect-targets-empty", Redirect, Body("/targets", To("[]")) => "request.body", "Redirects a call to an empty collection.";
        "redirect-targets-object", Redirect, Values("/targets") => "request.body", "The targets of a redirection are an object with `$values`.";
        "redirect-timeout-text", Redirect, Body("/timeout", To("\"PT30S\"")) => "request.body", "The timeout of a redirection is a string.";
        "redirect-that-transfers", Redirect, Action("transfer") => "request.body", "Transfers the call instead of redirecting it.";
        "transfer-without-replaced-call", Transfer, Body("/transferTarget/replacesCallId", Gone) => "request.triggered", "A transfer leaves out the call that it replaces.";
        "transfer-replacing-another-call", Transfer, Body("/transferTarget/replacesCallId", NewId) => "request.triggered", "A transfer replaces another call.";
        "transfer-to-another-person", Transfer, OtherPeople("/transferTarget") => "request.triggered", "Transfers a call to somebody else.";
        "transfer-of-another-person", Transfer, OtherPeople("/transferee") => "request.triggered", "Transfers somebody else.";
        "transfer-without-target", Transfer, Body("/transferTarget", Gone) => "request.body", "A transfer has no target.";
        "transfer-target-collection", Transfer, Body("/transferTarget", To("[]")) => "request.body", "The target of a transfer is a collection.";
        "transfer-context-number", Transfer, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of a transfer is a number.";
        "keep-alive-other-call", KeepAlive, OtherCall => "ids.unchanged", "Keeps another call alive.";
        "keep-alive-with-get", KeepAlive, Method("GET") => "request.method", "Keeps a call alive with GET.";
        "keep-alive-without-token", KeepAlive, Authorization(None) => "request.token", "Keeps a call alive without a token.";
        "keep-alive-empty-segment", KeepAlive, EmptySegment => "request.plausible", "The path of a keepAlive has an empty segment.";
        "list-participants-of-another-call", ListParticipants, OtherCall => "ids.unchanged", "Reads the roster of another call.";
        "list-participants-with-post", ListParticipants, Method("POST") => "request.method", "Reads the roster with POST.";
        "list-participants-without-token", ListParticipants, Authorization(None) => "request.token", "Reads the roster without a token.";
        "list-participants-elsewhere", ListParticipants, Below("roster") => "request.target", "Reads the roster from a path that the API does not have.";
        "get-participant-other", GetParticipant, OtherItem => "ids.unchanged", "Reads another participant.";
        "get-participant-of-another-call", GetParticipant, OtherCall => "ids.unchanged", "Reads a participant of another call.";
        "get-participant-without-token", GetParticipant, Authorization(None) => "request.token", "Reads a participant without a token.";
        "remove-participant-other", RemoveParticipant, OtherItem => "ids.unchanged", "Removes another participant.";
        "remove-participant-with-get", RemoveParticipant, Method("GET") => "request.sent", "Reads the participant instead of removing it.";
        "remove-participant-twice", RemoveParticipant, Twice => "request.once", "Removes a participant twice.";
        "invite-another-person", Invite, OtherPeople("/participants") => "invite.people", "Invites somebody else.";
        "invite-without-replaced-call", Invite, Body("/participants/0/replacesCallId", Gone) => "invite.replaces", "An invitation leaves out the call that it replaces.";
        "invite-participants-values", Invite, Values("/participants") => "request.body", "`participants` of an invitation is an object with `$values`.";
        "invite-context-object", Invite, Body("/clientContext", To("{}")) => "request.body", "The `clientContext` of an invitation is an object.";
        "invite-that-mutes", Invite, Action("microsoft.graph.muteAll") => "request.body", "Sends an invitation under the qualified name of another action.";
        "invite-empty-segment", Invite, EmptySegment => "request.plausible", "The path of an invitation has an empty segment.";
        "mute-participant-other", MuteParticipant, OtherItem => "ids.unchanged", "Mutes another participant.";
        "mute-participant-that-mutes-itself", MuteParticipant, Below("mute") => "request.sent", "Mutes itself instead of a participant.";
        "mute-participant-context-number", MuteParticipant, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of a participant's mute is a number.";
        "mute-participant-twice", MuteParticipant, Twice => "request.once", "Mutes a participant twice.";
        "mute-all-other-participant", MuteAll, Body("/participants/0", NewId) => "request.triggered", "Mutes another participant among all.";
        "mute-all-participants-values", MuteAll, Values("/participants") => "request.body", "The participants to mute are an object with `$values`.";
        "mute-all-participants-objects", MuteAll, Body("/participants/0", To("{\"id\": \"p-1\"}")) => "request.body", "The participants to mute are objects.";
        "mute-all-that-mutes-itself", MuteAll, Below("mute") => "request.sent", "Mutes itself instead of all.";
        "mute-that-unmutes", Mute, Action("unmute") => "request.sent", "Unmutes itself instead of the mute.";
        "mute-that-mutes-all", Mute, Below("participants/muteAll") => "request.sent", "Mutes all instead of itself.";
        "mute-context-number", Mute, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of a mute is a number.";
        "mute-never", Mute, Never => "request.sent", "Does not mute itself.";
        "unmute-that-mutes", Unmute, Action("mute") => "request.sent", "Mutes itself instead of the unmute.";
        "unmute-context-number", Unmute, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of an unmute is a number.";
        "unmute-other-call", Unmute, OtherCall => "ids.unchanged", "Unmutes itself in another call.";
        "unmute-with-delete", Unmute, Method("DELETE") => "request.method", "Unmutes itself with DELETE.";
        "configure-mixer-of-another-participant", ConfigureMixer, Body("/participantMixerLevels/0/participant", NewId) => "request.triggered", "Configures the mixer for another participant.";
        "configure-mixer-without-levels", ConfigureMixer, Body("/participantMixerLevels", Gone) => "request.body", "Configures the mixer without levels.";
        "configure-mixer-level-text", ConfigureMixer, Body("/participantMixerLevels/0/sourceLevels/0/level", To("\"loud\"")) => "request.body", "A level of the mixer is a string.";
        "configure-mixer-exclusive-text", ConfigureMixer, Body("/participantMixerLevels/0/exclusive", To("\"true\"")) => "request.triggered", "`exclusive` of the mixer is a string.";
        "start-hold-music-for-another", StartHoldMusic, OtherItem => "ids.unchanged", "Puts another participant on hold.";
        "start-hold-music-that-stops", StartHoldMusic, Action("stopHoldMusic") => "request.sent", "Takes a participant off hold instead of putting it on hold.";
        "start-hold-music-other-prompt", StartHoldMusic, Body("/customPrompt/mediaInfo/uri", To("\"https://elsewhere.example/a.wav\"")) => "request.triggered", "Plays other hold music.";
        "start-hold-music-prompt-collection", StartHoldMusic, Values("/customPrompt") => "request.triggered", "The prompt of hold music is an object with `$values`.";
        "stop-hold-music-for-another", StopHoldMusic, OtherItem => "ids.unchanged", "Takes another participant off hold.";
        "stop-hold-music-that-starts", StopHoldMusic, Action("startHoldMusic") => "request.sent", "Puts a participant on hold instead of taking it off hold.";
        "stop-hold-music-context-number", StopHoldMusic, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of the stop of hold music is a number.";
        "update-metadata-other", UpdateMetadata, Body("/metadata", To("\"something else\"")) => "request.triggered", "Writes other metadata.";
        "update-metadata-object", UpdateMetadata, Body("/metadata", To("{}")) => "request.body", "The metadata are an object.";
        "update-metadata-missing", UpdateMetadata, Body("/metadata", Gone) => "request.triggered", "Writes no metadata.";
        "update-metadata-text-plain", UpdateMetadata, MediaType("text/plain") => "request.media-type", "Declares its metadata as text/plain.";
        "play-prompt-without-prompts", PlayPrompt, Body("/prompts", Gone) => "request.body", "Plays no prompts.";
        "play-prompt-empty", PlayPrompt, Body("/prompts", To("[]")) => "request.body", "Plays an empty collection of prompts.";
        "play-prompt-values", PlayPrompt, Values("/prompts") => "request.body", "The prompts are an object with `$values`.";
        "play-prompt-other", PlayPrompt, Body("/prompts/0/mediaInfo/uri", To("\"https://elsewhere.example/a.wav\"")) => "request.triggered", "Plays another prompt.";
        "play-prompt-without-media", PlayPrompt, Body("/prompts/0/mediaInfo", Gone) => "request.body", "A prompt has no `mediaInfo`.";
        "play-prompt-loop-text", PlayPrompt, Body("/loop", To("\"false\"")) => "request.body", "`loop` of a prompt is a string.";
        "play-prompt-type-unknown", PlayPrompt, Body("/prompts/0/@odata.type", To("\"#microsoft.graph.songPrompt\"")) => "request.type", "The type of a prompt is one that no page prints.";
        "record-response-duration-121", RecordResponse, Body("/maxRecordDurationInSeconds", To("121")) => "parameter.range", "Records for longer than two minutes.";
        "record-response-silence-0", RecordResponse, Body("/initialSilenceTimeoutInSeconds", To("0")) => "parameter.range", "Records with no time for silence.";
        "record-response-duration-text", RecordResponse, Body("/maxRecordDurationInSeconds", To("\"PT10S\"")) => "request.body", "The duration of a recording is a string.";
        "record-response-two-prompts", RecordResponse, Body("/prompts", To(TWO_PROMPTS)) => "prompts.limit", "Records after two prompts.";
        "record-response-stop-tones-text", RecordResponse, Body("/stopTones", To("\"#1*\"")) => "request.body", "The tones that stop a recording are a string.";
        "record-response-other-prompt", RecordResponse, Body("/prompts/0/mediaInfo/uri", To("\"https://elsewhere.example/a.wav\"")) => "request.triggered", "Records after another prompt.";
        "subscribe-to-tone-other-call", SubscribeToTone, OtherCall => "ids.unchanged", "Subscribes to the tones of another call.";
        "subscribe-to-tone-context-number", SubscribeToTone, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of a subscription is a number.";
        "subscribe-to-tone-no-json", SubscribeToTone, Whole("clientContext=c") => "request.body", "The body of a subscription is not JSON.";
        "subscribe-to-tone-never", SubscribeToTone, Never => "request.sent", "Does not subscribe to tones.";
        "cancel-media-processing-other-call", CancelMedia, OtherCall => "ids.unchanged", "Cancels the media of another call.";
        "cancel-media-processing-context-number", CancelMedia, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of a cancellation is a number.";
        "cancel-media-processing-with-delete", CancelMedia, Method("DELETE") => "request.method", "Cancels media with DELETE.";
        "cancel-media-processing-never", CancelMedia, Never => "request.sent", "Does not cancel media.";
        "update-recording-status-other", UpdateRecordingStatus, Body("/status", To("\"failed\"")) => "request.triggered", "Reports another recording status.";
        "update-recording-status-unknown", UpdateRecordingStatus, Body("/status", To("\"taping\"")) => "request.body", "The recording status is not a documented value.";
        "update-recording-status-missing", UpdateRecordingStatus, Body("/status", Gone) => "request.body", "Reports no recording status.";
        "update-recording-status-flag", UpdateRecordingStatus, Body("/status", To("true")) => "request.body", "The recording status is a boolean.";
        "change-screen-sharing-role-other", ChangeScreenSharingRole, Body("/role", To("\"sharer\"")) => "request.triggered", "Changes to the other role.";
        "change-screen-sharing-role-unknown", ChangeScreenSharingRole, Body("/role", To("\"presenter\"")) => "request.body", "The role is not a documented value.";
        "change-screen-sharing-role-missing", ChangeScreenSharingRole, Body("/role", Gone) => "request.body", "Names no role.";
        "change-screen-sharing-role-without-body", ChangeScreenSharingRole, NoBody => "request.body", "Changes its role without a body.";
        "add-large-gallery-view-other-call", AddLargeGalleryView, OtherCall => "ids.unchanged", "Adds the view to another call.";
        "add-large-gallery-view-context-number", AddLargeGalleryView, Body("/clientContext", To("4711")) => "request.body", "The `clientContext` of the view is a number.";
        "add-large-gallery-view-twice", AddLargeGalleryView, Twice => "request.once", "Adds the view twice.";
        "get-operation-other", GetOperation, OtherItem => "ids.unchanged", "Reads another operation.";
        "get-operation-of-another-call", GetOperation, OtherCall => "ids.unchanged", "Reads an operation of another call.";
        "get-operation-with-undefined-token", GetOperation, Authorization(UNDEFINED) => "request.plausible", "Reads an operation with the token `undefined`.";
        "get-operation-with-post", GetOperation, Method("POST") => "request.method", "Reads an operation with POST.";
        "list-content-sharing-sessions-of-another-call", ListSessions, OtherCall => "ids.unchanged", "Reads the sessions of another call.";
        "list-content-sharing-sessions-without-token", ListSessions, Authorization(None) => "request.token", "Reads the sessions without a token.";
        "list-content-sharing-sessions-elsewhere", ListSessions, Below("sessions") => "request.target", "Reads the sessions from a path that the API does not have.";
        "get-content-sharing-session-other", GetSession, OtherItem => "ids.unchanged", "Reads another session.";
        "get-content-sharing-session-of-another-call", GetSession, OtherCall => "ids.unchanged", "Reads a session of another call.";
        "get-content-sharing-session-with-delete", GetSession, Method("DELETE") => "request.method", "Deletes the session instead of reading it.";
        "list-audio-routing-groups-of-another-call", ListRoutingGroups, OtherCall => "ids.unchanged", "Reads the audio routing groups of another call.";
        "list-audio-routing-groups-without-token", ListRoutingGroups, Authorization(None) => "request.token", "Reads the audio routing groups without a token.";
        "list-audio-routing-groups-elsewhere", ListRoutingGroups, Below("routingGroups") => "request.target", "Reads the audio routing groups from a path that the API does not have.";
        "create-audio-routing-group-other-mode", CreateRoutingGroup, Body("/routingMode", To("\"oneToOne\"")) => "request.triggered", "Creates an audio routing group of another mode.";
        "create-audio-routing-group-unknown-mode", CreateRoutingGroup, Body("/routingMode", To("\"shouting\"")) => "request.body", "The mode of an audio routing group is not a documented value.";
        "create-audio-routing-group-other-source", CreateRoutingGroup, Body("/sources/0", NewId) => "request.triggered", "An audio routing group has another source.";
        "create-audio-routing-group-receivers-text", CreateRoutingGroup, Body("/receivers", To("\"everybody\"")) => "request.body", "The receivers of an audio routing group are a string.";
        "get-audio-routing-group-other", GetRoutingGroup, OtherItem => "ids.unchanged", "Reads another audio routing group.";
        "get-audio-routing-group-of-another-call", GetRoutingGroup, OtherCall => "ids.unchanged", "Reads an audio routing group of another call.";
        "get-audio-routing-group-without-token", GetRoutingGroup, Authorization(None) => "request.token", "Reads an audio routing group without a token.";
        "update-audio-routing-group-with-put", UpdateRoutingGroup, Method("PUT") => "request.method", "Changes an audio routing group with PUT.";
        "update-audio-routing-group-other", UpdateRoutingGroup, OtherItem => "ids.unchanged", "Changes another audio routing group.";
        "update-audio-routing-group-other-receiver", UpdateRoutingGroup, Body("/receivers/0", NewId) => "request.triggered", "A changed audio routing group has another receiver.";
        "update-audio-routing-group-sources-values", UpdateRoutingGroup, Values("/sources") => "request.body", "The sources of a changed audio routing group are an object with `$values`.";
        "delete-audio-routing-group-other", DeleteRoutingGroup, OtherItem => "ids.unchanged", "Deletes another audio routing group.";
        "delete-audio-routing-group-with-get", DeleteRoutingGroup, Method("GET") => "request.sent", "Reads the audio routing group instead of deleting it.";
        "delete-audio-routing-group-twice", DeleteRoutingGroup, Twice => "request.once", "Deletes an audio routing group twice.";
    }
}
