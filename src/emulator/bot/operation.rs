//! The operations of the bot: method, path, and the values that the bot takes from a trigger.

/// What the bot takes from the body of a triggered request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// There is no body.
    Nothing,
    /// The call that is described, with the bot's own callback and subject.
    Call,
    /// These parameters, in this order.
    Parameters(&'static [Parameter]),
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// A trigger without the parameter is declined.
    pub(super) is_required: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A person, written as this type.
    Person(&'static str),
    /// People who are invited.
    People,
    /// One prompt.
    Prompt,
    Prompts,
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    Text,
    Texts,
    Number,
    Flag,
    /// The sound that each participant receives, and how loud.
    MixerLevels,
    /// What a device has measured.
    Measurements,
    /// A `clientContext` of the bot's own, where the trigger has one.
    Context,
    /// A `clientContext` of the bot's own.
    OwnContext,
    /// The bot's own callback, where the trigger has one.
    Callback,
}

/// Declares the operations. A row has the operation, its name, method and path, and what it takes.
macro_rules! operations {
    ($($operation:ident = $name:literal, $method:literal $path:literal, $takes:expr;)+) => {
        /// One documented request.
        #[expect(clippy::enum_variant_names, reason = "`get-operation` reads an operation")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(in crate::emulator::bot) enum Operation { $($operation,)+ }

        impl Operation {
            pub(super) const ALL: &[Self] = &[$(Self::$operation,)+];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$operation => $name,)+ }
            }

            pub(super) const fn method(self) -> &'static str {
                match self { $(Self::$operation => $method,)+ }
            }

            /// Below the prefix. `{}` is an identifier.
            pub(super) const fn path(self) -> &'static str {
                match self { $(Self::$operation => $path,)+ }
            }

            pub(super) const fn takes(self) -> Takes {
                match self { $(Self::$operation => $takes,)+ }
            }
        }
    };
}

operations! {
    Create = "create", "POST" "calls", Takes::Call;
    LogDeviceQuality = "log-device-quality", "POST" "calls/logTeleconferenceDeviceQuality", Takes::Parameters(QUALITY);
    GetCall = "get-call", "GET" "calls/{}", Takes::Nothing;
    Delete = "delete", "DELETE" "calls/{}", Takes::Nothing;
    Answer = "answer", "POST" "calls/{}/answer", Takes::Call;
    Reject = "reject", "POST" "calls/{}/reject", Takes::Parameters(REJECT);
    Redirect = "redirect", "POST" "calls/{}/redirect", Takes::Parameters(REDIRECT);
    Transfer = "transfer", "POST" "calls/{}/transfer", Takes::Parameters(TRANSFER);
    KeepAlive = "keep-alive", "POST" "calls/{}/keepAlive", Takes::Nothing;
    ListParticipants = "list-participants", "GET" "calls/{}/participants", Takes::Nothing;
    GetParticipant = "get-participant", "GET" "calls/{}/participants/{}", Takes::Nothing;
    RemoveParticipant = "remove-participant", "DELETE" "calls/{}/participants/{}", Takes::Nothing;
    Invite = "invite", "POST" "calls/{}/participants/invite", Takes::Parameters(INVITE);
    MuteParticipant = "mute-participant", "POST" "calls/{}/participants/{}/mute", Takes::Parameters(CONTEXT);
    MuteAll = "mute-all", "POST" "calls/{}/participants/muteAll", Takes::Parameters(MUTE_ALL);
    Mute = "mute", "POST" "calls/{}/mute", Takes::Parameters(CONTEXT);
    Unmute = "unmute", "POST" "calls/{}/unmute", Takes::Parameters(CONTEXT);
    ConfigureMixer = "configure-mixer", "POST" "calls/{}/participants/configureMixer", Takes::Parameters(MIXER);
    StartHoldMusic = "start-hold-music", "POST" "calls/{}/participants/{}/startHoldMusic", Takes::Parameters(HOLD_MUSIC);
    StopHoldMusic = "stop-hold-music", "POST" "calls/{}/participants/{}/stopHoldMusic", Takes::Parameters(CONTEXT);
    UpdateMetadata = "update-metadata", "POST" "calls/{}/updateMetadata", Takes::Parameters(METADATA);
    PlayPrompt = "play-prompt", "POST" "calls/{}/playPrompt", Takes::Parameters(PLAY_PROMPT);
    RecordResponse = "record-response", "POST" "calls/{}/recordResponse", Takes::Parameters(RECORD);
    SubscribeToTone = "subscribe-to-tone", "POST" "calls/{}/subscribeToTone", Takes::Parameters(CONTEXT);
    CancelMedia = "cancel-media-processing", "POST" "calls/{}/cancelMediaProcessing", Takes::Parameters(CONTEXT);
    UpdateRecordingStatus = "update-recording-status", "POST" "calls/{}/updateRecordingStatus", Takes::Parameters(RECORDING_STATUS);
    ChangeScreenSharingRole = "change-screen-sharing-role", "POST" "calls/{}/changeScreenSharingRole", Takes::Parameters(SHARING_ROLE);
    AddLargeGalleryView = "add-large-gallery-view", "POST" "calls/{}/addLargeGalleryView", Takes::Parameters(CONTEXT);
    GetOperation = "get-operation", "GET" "calls/{}/operations/{}", Takes::Nothing;
    ListSessions = "list-content-sharing-sessions", "GET" "calls/{}/contentSharingSessions", Takes::Nothing;
    GetSession = "get-content-sharing-session", "GET" "calls/{}/contentSharingSessions/{}", Takes::Nothing;
    ListRoutingGroups = "list-audio-routing-groups", "GET" "calls/{}/audioRoutingGroups", Takes::Nothing;
    CreateRoutingGroup = "create-audio-routing-group", "POST" "calls/{}/audioRoutingGroups", Takes::Parameters(ROUTING_GROUP);
    GetRoutingGroup = "get-audio-routing-group", "GET" "calls/{}/audioRoutingGroups/{}", Takes::Nothing;
    UpdateRoutingGroup = "update-audio-routing-group", "PATCH" "calls/{}/audioRoutingGroups/{}", Takes::Parameters(ROUTING_GROUP);
    DeleteRoutingGroup = "delete-audio-routing-group", "DELETE" "calls/{}/audioRoutingGroups/{}", Takes::Nothing;
}

impl Operation {
    /// The operation of a method and of the segments of a path from `calls` on, whose last one has no
    /// namespace.
    pub(super) fn find(method: &str, segments: &[&str]) -> Option<Self> {
        let matches = |operation: &&Self| {
            let patterns: Vec<&str> = operation.path().split('/').collect();
            operation.method() == method
                && patterns.len() == segments.len()
                && patterns
                    .iter()
                    .zip(segments)
                    .all(|(pattern, segment)| *pattern == "{}" || pattern == segment)
        };
        Self::ALL.iter().find(matches).copied()
    }

    /// True for a bound action, whose name may have its namespace in front.
    pub(super) fn is_action(self) -> bool {
        self.method() == "POST" && !matches!(self, Self::Create | Self::CreateRoutingGroup)
    }
}

const CONTEXT: &[Parameter] = &[optional("clientContext", Kind::Context)];

const QUALITY: &[Parameter] = &[required("quality", Kind::Measurements)];

const REJECT: &[Parameter] = &[
    required("reason", Kind::Word(&["none", "busy", "forbidden"])),
    optional("callbackUri", Kind::Callback),
];

const REDIRECT: &[Parameter] = &[
    required("targets", Kind::People),
    optional(
        "targetDisposition",
        Kind::Word(&["default", "simultaneousRing", "forward"]),
    ),
    optional("timeout", Kind::Number),
    optional("maskCallee", Kind::Flag),
    optional("maskCaller", Kind::Flag),
    optional("routingPolicies", Kind::Texts),
    optional("callbackUri", Kind::Callback),
];

const TRANSFER: &[Parameter] = &[
    required(
        "transferTarget",
        Kind::Person("#microsoft.graph.invitationParticipantInfo"),
    ),
    optional(
        "transferee",
        Kind::Person("#microsoft.graph.participantInfo"),
    ),
    optional("clientContext", Kind::Context),
];

const INVITE: &[Parameter] = &[
    required("participants", Kind::People),
    optional("clientContext", Kind::OwnContext),
];

const MUTE_ALL: &[Parameter] = &[
    optional("participants", Kind::Texts),
    optional("clientContext", Kind::Context),
];

const MIXER: &[Parameter] = &[
    required("participantMixerLevels", Kind::MixerLevels),
    optional("clientContext", Kind::Context),
];

const HOLD_MUSIC: &[Parameter] = &[
    optional("customPrompt", Kind::Prompt),
    optional("clientContext", Kind::Context),
];

const METADATA: &[Parameter] = &[
    required("metadata", Kind::Text),
    optional("clientContext", Kind::Context),
];

const PLAY_PROMPT: &[Parameter] = &[
    required("prompts", Kind::Prompts),
    optional("loop", Kind::Flag),
    optional("clientContext", Kind::Context),
];

const RECORD: &[Parameter] = &[
    optional("prompts", Kind::Prompts),
    optional("bargeInAllowed", Kind::Flag),
    optional("maxRecordDurationInSeconds", Kind::Number),
    optional("initialSilenceTimeoutInSeconds", Kind::Number),
    optional("maxSilenceTimeoutInSeconds", Kind::Number),
    optional("playBeep", Kind::Flag),
    optional("stopTones", Kind::Texts),
    optional("clientContext", Kind::Context),
];

const RECORDING_STATUS: &[Parameter] = &[
    required(
        "status",
        Kind::Word(&["notRecording", "recording", "failed"]),
    ),
    optional("clientContext", Kind::Context),
];

const SHARING_ROLE: &[Parameter] = &[required("role", Kind::Word(&["viewer", "sharer"]))];

const ROUTING_GROUP: &[Parameter] = &[
    optional("id", Kind::Text),
    optional("routingMode", Kind::Word(&["oneToOne", "multicast"])),
    optional("sources", Kind::Texts),
    optional("receivers", Kind::Texts),
];

const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        is_required: true,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        is_required: false,
    }
}
