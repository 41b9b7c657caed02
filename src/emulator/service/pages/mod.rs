//! The editions of the pages, and the bodies that they show.

mod operation;

use serde_json::{Map, Value, json};

pub(super) use self::operation::result_info;

use super::state::{Call, CallState, Member};

/// An edition of the pages, named by its month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Edition {
    /// May 2019: operations in short, resources under `/app`.
    May2019,
    /// September 2019: as before, with types on every notification.
    September2019,
    /// December 2020: operations name their participants, resources have a URL too.
    December2020,
    /// February 2021: the same wire text.
    #[default]
    February2021,
}

impl Edition {
    /// Oldest first.
    pub(crate) const ALL: &[Self] = &[
        Self::May2019,
        Self::September2019,
        Self::December2020,
        Self::February2021,
    ];

    /// The month as in scenarios: `2021-02`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::May2019 => "2019-05",
            Self::September2019 => "2019-09",
            Self::December2020 => "2020-12",
            Self::February2021 => "2021-02",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    /// True for both editions of 2019: entities have `@odata.id` and `@odata.etag`, operations have no
    /// participants.
    pub(in crate::emulator::service) fn is_terse(self) -> bool {
        self <= Self::September2019
    }
}

/// The default tenant.
const TENANT: &str = "49bfc225-8482-4ab8-94e7-76b48fdb9849";

/// The entity tag of everything. The service never compares tags.
const ETAG: &str = "W/\"51\"";

/// The source ids of screens begin after this number, those of microphones before it.
const SCREEN_SOURCES: usize = 100;

/// Writes the bodies of one edition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages {
    pub(super) edition: Edition,
}

impl Pages {
    /// The body of a post to a callback.
    pub(super) fn collection(self, entries: Vec<Value>) -> Value {
        let mut body = Map::new();
        if self.edition != Edition::May2019 {
            body.insert(
                "@odata.type".into(),
                "#microsoft.graph.commsNotifications".into(),
            );
        }
        body.insert("value".into(), entries.into());
        body.into()
    }

    /// An entry of a collection. `path` is that of the resource below the prefix.
    pub(super) fn entry(self, change: &str, path: &str, data: Value) -> Value {
        let mut entry = Map::new();
        if self.edition != Edition::May2019 {
            entry.insert(
                "@odata.type".into(),
                "#microsoft.graph.commsNotification".into(),
            );
        }
        entry.insert("changeType".into(), change.into());
        entry.insert("resource".into(), format!("/app/{path}").into());
        if !self.edition.is_terse() {
            entry.insert(
                "resourceUrl".into(),
                format!("/communications/{path}").into(),
            );
        }
        entry.insert("resourceData".into(), data);
        entry.into()
    }

    /// The roster, or its changed members.
    pub(super) fn roster(self, call: &str, members: &[Member]) -> Value {
        let path = format!("calls/{call}/participants");
        let members: Vec<Value> = members.iter().map(|m| self.member(&path, m)).collect();
        self.entry("updated", &path, members.into())
    }

    pub(super) fn member(self, roster: &str, member: &Member) -> Value {
        let mut data = self.entity("participant", &format!("{roster}/{}", member.id));
        let mut identity = member.identity.clone();
        let mut stream = json!({
            "@odata.type": "#microsoft.graph.mediaStream",
            "mediaType": "audio",
            "sourceId": member.source.to_string(),
            "direction": "sendReceive",
            "serverMuted": member.is_on_hold,
        });
        let mut info = Map::new();
        info.insert(
            "@odata.type".into(),
            "#microsoft.graph.participantInfo".into(),
        );
        if self.edition.is_terse() {
            // One example has these two properties beside the identity, another inside of it.
            for place in [&mut identity, &mut info] {
                place.insert("region".into(), member.region.clone().into());
                place.insert("languageId".into(), member.language.clone().into());
            }
            if !identity.contains_key("displayName") {
                identity.insert("displayName".into(), "Somebody".into());
            }
            info.insert("identity".into(), json!({member.kind.as_str(): identity}));
            stream["label"] = "main-audio".into();
        } else {
            info.insert("identity".into(), identity_set(&member.kind, &identity));
            info.insert("endpointType".into(), "default".into());
        }
        data.insert("info".into(), info.into());
        let mut streams = vec![stream];
        if let Some(direction) = member.screen {
            streams.push(json!({
                "@odata.type": "#microsoft.graph.mediaStream",
                "mediaType": "videoBasedScreenSharing",
                "label": "applicationsharing-video",
                "sourceId": (member.source + SCREEN_SOURCES).to_string(),
                "direction": direction,
                "serverMuted": false,
            }));
        }
        data.insert("mediaStreams".into(), streams.into());
        data.insert("isMuted".into(), member.is_muted.into());
        data.insert("isInLobby".into(), member.is_in_lobby.into());
        data.insert("id".into(), member.id.clone().into());
        if let Some(metadata) = &member.metadata {
            data.insert("metadata".into(), metadata.clone().into());
        }
        if let Some(status) = member.recording {
            let initiator = identity_set(&member.kind, &member.identity);
            let info = json!({
                "@odata.type": "#microsoft.graph.recordingInfo",
                "recordingStatus": status,
                "initiator": initiator,
            });
            data.insert("recordingInfo".into(), info);
        }
        data.into()
    }

    /// `more` holds further properties.
    pub(super) fn call(self, change: &str, id: &str, state: CallState, more: Value) -> Value {
        let path = format!("calls/{id}");
        let mut data = self.entity("call", &path);
        if change != "deleted" {
            data.insert("state".into(), state.word().into());
        }
        if let Value::Object(more) = more {
            data.extend(more);
        }
        if !self.edition.is_terse() {
            data.insert("id".into(), id.into());
        }
        self.entry(change, &path, data.into())
    }

    /// The call in the answer to a GET or to its creation.
    pub(super) fn whole_call(call: &Call) -> Value {
        let bot = call.members.iter().find(|it| it.is_bot);
        let mut body = json!({
            "@odata.type": "#microsoft.graph.call",
            "state": call.state.word(),
            "direction": call.direction,
            "callbackUri": call.callback,
            "callChainId": call.chain,
            "callRoutes": [],
            "source": bot.map(|bot| json!({
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": identity_set(&bot.kind, &bot.identity),
            })),
            "targets": [],
            "requestedModalities": ["audio"],
            "activeModalities": [],
            "routingPolicies": [],
            "tenantId": TENANT,
            "myParticipantId": bot.map(|bot| &bot.id),
            "id": call.id,
            "subject": null,
            "chatInfo": null,
            "meetingInfo": null,
            "answeredBy": null,
            "terminationReason": null,
            "resultInfo": null,
        });
        if let Value::Object(body) = &mut body {
            body.extend(call.details.clone());
        }
        body
    }

    fn entity(self, kind: &str, path: &str) -> Map<String, Value> {
        let mut data = Map::new();
        data.insert(
            "@odata.type".into(),
            format!("#microsoft.graph.{kind}").into(),
        );
        if self.edition.is_terse() {
            data.insert("@odata.id".into(), format!("/app/{path}").into());
            data.insert("@odata.etag".into(), ETAG.into());
        }
        data
    }
}

/// The identity with the defaults of the service: provider and tenant of a user, tenant of anything but a
/// phone.
pub(super) fn full_identity(kind: &str, given: &Map<String, Value>) -> Map<String, Value> {
    let mut identity = Map::new();
    identity.insert("@odata.type".into(), "#microsoft.graph.identity".into());
    for name in ["id", "displayName", "identityProvider", "tenantId"] {
        if let Some(value) = given.get(name).filter(|value| value.is_string()) {
            identity.insert(name.into(), value.clone());
        }
    }
    if kind == "user" {
        identity.entry("identityProvider").or_insert("AAD".into());
    }
    if kind != "phone" {
        identity.entry("tenantId").or_insert(TENANT.into());
    }
    identity
}

fn identity_set(kind: &str, identity: &Map<String, Value>) -> Value {
    json!({"@odata.type": "#microsoft.graph.identitySet", kind: identity})
}
