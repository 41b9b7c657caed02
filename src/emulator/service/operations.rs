//! The operations of the calling API, and the table of their routes.

use std::sync::Arc;

use super::errors::Refusal;
use super::parameters::Parameters;
use super::{Outcome, Service};
use crate::http::message::Request;

catalogue! {
    /// One documented request.
    #[expect(
        clippy::enum_variant_names,
        reason = "the operation that is read is one by its name in the pages"
    )]
    Operation {
        Create = "create", "Creates a call, or joins a meeting.";
        LogDeviceQuality = "logTeleconferenceDeviceQuality", "Receives the quality data of a teleconference device.";
        GetCall = "get", "Reads a call.";
        Delete = "delete", "Hangs up.";
        Answer = "answer", "Answers an incoming call.";
        Reject = "reject", "Rejects an incoming call.";
        Redirect = "redirect", "Redirects an incoming call to others.";
        Transfer = "transfer", "Transfers an established call.";
        KeepAlive = "keepAlive", "Keeps a call alive.";
        ListParticipants = "listParticipants", "Reads the roster.";
        GetParticipant = "getParticipant", "Reads one participant.";
        RemoveParticipant = "removeParticipant", "Removes a participant.";
        Invite = "invite", "Invites participants.";
        MuteParticipant = "muteParticipant", "Mutes a participant.";
        MuteAll = "muteAll", "Mutes participants.";
        Mute = "mute", "Mutes the bot.";
        Unmute = "unmute", "Unmutes the bot.";
        ConfigureMixer = "configureMixer", "Sets the levels of the sources that participants receive.";
        StartHoldMusic = "startHoldMusic", "Puts a participant on hold with music.";
        StopHoldMusic = "stopHoldMusic", "Takes a participant off hold.";
        UpdateMetadata = "updateMetadata", "Writes the bot's metadata in the roster.";
        PlayPrompt = "playPrompt", "Plays prompts.";
        RecordResponse = "recordResponse", "Records the voice of a caller.";
        SubscribeToTone = "subscribeToTone", "Subscribes to the tones that people press.";
        CancelMedia = "cancelMediaProcessing", "Cancels prompts and recordings.";
        UpdateRecordingStatus = "updateRecordingStatus", "Updates the recording status of the bot.";
        ChangeScreenSharingRole = "changeScreenSharingRole", "Starts or stops the bot's screen sharing.";
        AddLargeGalleryView = "addLargeGalleryView", "Adds a view of many participants.";
        GetOperation = "getOperation", "Reads a long-running operation.";
        ListSessions = "listContentSharingSessions", "Reads the content sharing sessions.";
        GetSession = "getContentSharingSession", "Reads one content sharing session.";
        ListRoutingGroups = "listAudioRoutingGroups", "Reads the audio routing groups.";
        CreateRoutingGroup = "createAudioRoutingGroup", "Creates an audio routing group.";
        GetRoutingGroup = "getAudioRoutingGroup", "Reads an audio routing group.";
        UpdateRoutingGroup = "updateAudioRoutingGroup", "Changes an audio routing group.";
        DeleteRoutingGroup = "deleteAudioRoutingGroup", "Deletes an audio routing group.";
    }
}

impl Operation {
    /// True for an operation whose outcome follows its answer, and may be a failure.
    pub(super) const fn can_fail(self) -> bool {
        matches!(
            self,
            Self::Transfer
                | Self::Invite
                | Self::MuteParticipant
                | Self::MuteAll
                | Self::Mute
                | Self::Unmute
                | Self::ConfigureMixer
                | Self::StartHoldMusic
                | Self::StopHoldMusic
                | Self::UpdateMetadata
                | Self::PlayPrompt
                | Self::RecordResponse
                | Self::SubscribeToTone
                | Self::CancelMedia
                | Self::UpdateRecordingStatus
                | Self::AddLargeGalleryView
        )
    }
}

/// What the body of a request must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Whatever there is, it is not read.
    Ignored,
    /// JSON, or nothing.
    Optional,
    Json,
}

type Handler = fn(&Arc<Service>, &Routed<'_>) -> Result<Outcome, Refusal>;

#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) method: &'static str,
    /// Below the prefix. `{}` is an identifier.
    pub(super) path: &'static str,
    pub(super) content: Content,
    pub(super) handler: Handler,
}

impl Route {
    /// True for a bound action, whose name may have its namespace in front.
    pub(super) fn is_action(&self) -> bool {
        self.method == "POST"
            && !matches!(
                self.operation,
                Operation::Create | Operation::CreateRoutingGroup
            )
    }
}

/// A request and its route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routed<'r> {
    pub(super) request: &'r Request,
    pub(super) operation: Operation,
    /// The part of the path before `/calls`.
    pub(super) prefix: &'r str,
    /// The id of the call. Empty where the path has none.
    pub(super) call: &'r str,
    /// The id of the thing below the call. Empty where the path has none.
    pub(super) item: &'r str,
}

impl<'r> Routed<'r> {
    /// A body that is missing has no parameters.
    pub(super) fn parameters(&self) -> Result<Parameters<'r>, Refusal> {
        Parameters::read(&self.request.body)
    }
}

pub(super) const ROUTES: &[Route] = &[
    post("calls", Operation::Create, Service::create),
    post(
        "calls/logTeleconferenceDeviceQuality",
        Operation::LogDeviceQuality,
        Service::log_quality,
    ),
    get("calls/{}", Operation::GetCall, Service::get_call),
    delete("calls/{}", Operation::Delete, Service::hang_up),
    post("calls/{}/answer", Operation::Answer, Service::answer_call),
    post("calls/{}/reject", Operation::Reject, Service::reject),
    post("calls/{}/redirect", Operation::Redirect, Service::redirect),
    post("calls/{}/transfer", Operation::Transfer, Service::transfer),
    Route {
        content: Content::Ignored,
        ..post(
            "calls/{}/keepAlive",
            Operation::KeepAlive,
            Service::keep_alive,
        )
    },
    get(
        "calls/{}/participants",
        Operation::ListParticipants,
        Service::list_participants,
    ),
    get(
        "calls/{}/participants/{}",
        Operation::GetParticipant,
        Service::get_participant,
    ),
    delete(
        "calls/{}/participants/{}",
        Operation::RemoveParticipant,
        Service::remove_participant,
    ),
    post(
        "calls/{}/participants/invite",
        Operation::Invite,
        Service::invite,
    ),
    short(
        "calls/{}/participants/{}/mute",
        Operation::MuteParticipant,
        Service::mute_participant,
    ),
    post(
        "calls/{}/participants/muteAll",
        Operation::MuteAll,
        Service::mute_all,
    ),
    short("calls/{}/mute", Operation::Mute, Service::mute),
    short("calls/{}/unmute", Operation::Unmute, Service::unmute),
    post(
        "calls/{}/participants/configureMixer",
        Operation::ConfigureMixer,
        Service::configure_mixer,
    ),
    short(
        "calls/{}/participants/{}/startHoldMusic",
        Operation::StartHoldMusic,
        Service::start_hold_music,
    ),
    short(
        "calls/{}/participants/{}/stopHoldMusic",
        Operation::StopHoldMusic,
        Service::stop_hold_music,
    ),
    post(
        "calls/{}/updateMetadata",
        Operation::UpdateMetadata,
        Service::update_metadata,
    ),
    post(
        "calls/{}/playPrompt",
        Operation::PlayPrompt,
        Service::play_prompt,
    ),
    post(
        "calls/{}/recordResponse",
        Operation::RecordResponse,
        Service::record_response,
    ),
    short(
        "calls/{}/subscribeToTone",
        Operation::SubscribeToTone,
        Service::subscribe_to_tone,
    ),
    short(
        "calls/{}/cancelMediaProcessing",
        Operation::CancelMedia,
        Service::cancel_media,
    ),
    post(
        "calls/{}/updateRecordingStatus",
        Operation::UpdateRecordingStatus,
        Service::update_recording_status,
    ),
    post(
        "calls/{}/changeScreenSharingRole",
        Operation::ChangeScreenSharingRole,
        Service::change_screen_sharing_role,
    ),
    short(
        "calls/{}/addLargeGalleryView",
        Operation::AddLargeGalleryView,
        Service::add_large_gallery_view,
    ),
    get(
        "calls/{}/operations/{}",
        Operation::GetOperation,
        Service::get_operation,
    ),
    get(
        "calls/{}/contentSharingSessions",
        Operation::ListSessions,
        Service::list_sessions,
    ),
    get(
        "calls/{}/contentSharingSessions/{}",
        Operation::GetSession,
        Service::get_session,
    ),
    get(
        "calls/{}/audioRoutingGroups",
        Operation::ListRoutingGroups,
        Service::list_routing_groups,
    ),
    post(
        "calls/{}/audioRoutingGroups",
        Operation::CreateRoutingGroup,
        Service::create_routing_group,
    ),
    get(
        "calls/{}/audioRoutingGroups/{}",
        Operation::GetRoutingGroup,
        Service::get_routing_group,
    ),
    Route {
        method: "PATCH",
        ..post(
            "calls/{}/audioRoutingGroups/{}",
            Operation::UpdateRoutingGroup,
            Service::update_routing_group,
        )
    },
    delete(
        "calls/{}/audioRoutingGroups/{}",
        Operation::DeleteRoutingGroup,
        Service::delete_routing_group,
    ),
];

const fn get(path: &'static str, operation: Operation, handler: Handler) -> Route {
    Route {
        operation,
        method: "GET",
        path,
        content: Content::Ignored,
        handler,
    }
}

const fn delete(path: &'static str, operation: Operation, handler: Handler) -> Route {
    Route {
        method: "DELETE",
        ..get(path, operation, handler)
    }
}

const fn post(path: &'static str, operation: Operation, handler: Handler) -> Route {
    Route {
        method: "POST",
        content: Content::Json,
        ..get(path, operation, handler)
    }
}

/// An action without required parameters.
const fn short(path: &'static str, operation: Operation, handler: Handler) -> Route {
    Route {
        content: Content::Optional,
        ..post(path, operation, handler)
    }
}
