//! The editions of the pages, and the bodies that they show.

use serde_json::{Map, Value, json};

use super::state::{Call, CallState, Invitee, Member, Operation};

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
    pub(super) fn is_terse(self) -> bool {
        self <= Self::September2019
    }
}

/// The default tenant.
const TENANT: &str = "49bfc225-8482-4ab8-94e7-76b48fdb9849";

/// The entity tag of everything. The service never compares tags.
const ETAG: &str = "W/\"51\"";

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

    /// The operation in the answer to an invitation.
    pub(super) fn answer(self, operation: &Operation) -> Value {
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
    pub(super) fn operation(self, change: &str, operation: &Operation, status: &str) -> Value {
        let path = format!("calls/{}/operations/{}", operation.call, operation.id);
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
        data.insert("clientContext".into(), operation.context.clone().into());
        if !self.edition.is_terse() {
            data.insert("id".into(), operation.id.clone().into());
        }
        if status == "failed" {
            data.insert("resultInfo".into(), failure(operation));
        }
        self.entry(change, &path, data.into())
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
            "serverMuted": false,
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
        data.insert("mediaStreams".into(), json!([stream]));
        data.insert("isMuted".into(), false.into());
        data.insert("isInLobby".into(), false.into());
        data.insert("id".into(), member.id.clone().into());
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
        json!({
            "@odata.type": "#microsoft.graph.call",
            "state": call.state.word(),
            "direction": call.direction,
            "callbackUri": call.callback,
            "callRoutes": [],
            "requestedModalities": ["audio"],
            "activeModalities": [],
            "tenantId": TENANT,
            "id": call.id,
            "terminationReason": null,
            "resultInfo": null,
        })
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

/// The identity set in answers: the other kinds are null.
fn whole_identity_set(kind: &str, identity: Map<String, Value>) -> Value {
    let mut set = Map::new();
    for other in ["user", "application", "device", "phone"] {
        set.insert(other.into(), Value::Null);
    }
    set.insert(kind.into(), identity.into());
    set.into()
}

fn failure(operation: &Operation) -> Value {
    let names: Vec<&str> = operation.invitees.iter().map(Invitee::id).collect();
    json!({
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": 500,
        "subCode": 5201,
        "message": format!("could not be added to the call: {}", names.join(", ")),
    })
}
