//! Reads a trigger: the request that it describes becomes an action of the bot, with a body of the bot's own.

use serde_json::{Map, Value, json};

use super::variant::BotVariant as Variant;
use crate::api::resource::{Resource, call_id};
use crate::emulator::new_id;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TriggeredAction {
    Invite(Vec<Invitee>),
    Answer(Map<String, Value>),
    Create(Map<String, Value>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Invitee {
    kind: String,
    id: String,
    tenant: Option<String>,
    provider: Option<String>,
    replaces: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TriggerError {
    #[error("the triggered request has no JSON object as its body")]
    Body,
    #[error("the triggered invitation names no participants")]
    Participants,
    #[error("a triggered participant has no identity")]
    Identity,
    #[error("the built-in bot does not know how to {method} {url}")]
    Unknown { method: String, url: String },
}

impl TriggeredAction {
    pub(super) fn read(method: &str, url: &str, body: &Value) -> Result<Self, TriggerError> {
        let body = body.as_object().ok_or(TriggerError::Body);
        match (method, Resource::parse(url)) {
            ("POST", Some(Resource::Calls)) => Ok(Self::Create(body?.clone())),
            ("POST", Some(Resource::Action { action, .. })) if action == "answer" => {
                Ok(Self::Answer(body?.clone()))
            }
            ("POST", Some(Resource::Action { action, .. })) if action == "participants/invite" => {
                let participants = body?.get("participants").and_then(Value::as_array);
                let participants = participants.ok_or(TriggerError::Participants)?;
                let invitees: Option<Vec<_>> = participants.iter().map(Invitee::read).collect();
                Ok(Self::Invite(invitees.ok_or(TriggerError::Identity)?))
            }
            _ => Err(TriggerError::Unknown {
                method: method.to_owned(),
                url: url.to_owned(),
            }),
        }
    }

    pub(super) fn body(&self, callback: &str, variant: Option<Variant>) -> Value {
        match self {
            Self::Invite(invitees) => {
                let invitees: Vec<Value> = invitees.iter().map(|it| it.body(variant)).collect();
                let context = match variant {
                    Some(Variant::NoContext) => return json!({"participants": invitees}),
                    Some(Variant::LongContext) => "κ".repeat(256),
                    _ => new_id(),
                };
                json!({"participants": invitees, "clientContext": context})
            }
            Self::Answer(request) | Self::Create(request) => {
                let mut body = request.clone();
                // 2019-05 has `callback`, later pages `callbackUri`.
                let name = if request.contains_key("callback") {
                    "callback"
                } else {
                    "callbackUri"
                };
                body.insert(name.to_owned(), callback.into());
                if body.contains_key("subject") {
                    body.insert("subject".to_owned(), "A call of the built-in bot".into());
                }
                body.into()
            }
        }
    }

    pub(super) fn replaces(&self) -> bool {
        matches!(self, Self::Invite(invitees) if invitees.iter().any(|it| it.replaces.is_some()))
    }
}

impl Invitee {
    fn read(participant: &Value) -> Option<Self> {
        let set = participant.get("identity")?.as_object()?;
        let (kind, identity) = set
            .iter()
            .find(|(name, value)| !name.starts_with('@') && value.is_object())?;
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            kind: kind.clone(),
            id: text(identity, "id")?,
            tenant: text(identity, "tenantId"),
            provider: text(identity, "identityProvider"),
            replaces: text(participant, "replacesCallId"),
        })
    }

    fn body(&self, variant: Option<Variant>) -> Value {
        let mut identity = json!({"@odata.type": "#microsoft.graph.identity", "id": self.id});
        for (name, value) in [
            ("tenantId", &self.tenant),
            ("identityProvider", &self.provider),
        ] {
            if let Some(value) = value {
                identity[name] = value.clone().into();
            }
        }
        if variant == Some(Variant::DisplayName) {
            identity["displayName"] = "Somebody known".into();
        }
        let mut invitee = json!({
            "@odata.type": "#microsoft.graph.invitationParticipantInfo",
            "identity": {
                "@odata.type": "#microsoft.graph.identitySet",
                self.kind.as_str(): identity,
            },
        });
        if let Some(replaces) = &self.replaces {
            invitee["replacesCallId"] = replaced_call(replaces, variant).into();
        }
        if variant == Some(Variant::EndpointType) {
            invitee["endpointType"] = "default".into();
            invitee["region"] = "westus".into();
            invitee["languageId"] = "en-US".into();
        }
        invitee
    }
}

/// The replaced call in the spelling of the variant.
fn replaced_call(call: &str, variant: Option<Variant>) -> String {
    match variant {
        Some(Variant::ReplacesPath) => format!("/communications/calls/{}", call_id(call)),
        Some(Variant::ReplacesId) => call_id(call),
        _ => call.to_owned(),
    }
}
