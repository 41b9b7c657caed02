//! What a trigger wants: the bot reads the intention, and makes the request its own.

use serde_json::{Map, Value, json};

use super::variant::BotVariant as Variant;
use crate::api::resource::Resource;
use crate::emulator::fresh_id;

/// What the bot is to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Intention {
    /// Invite these into the call.
    Invite(Vec<Guest>),
    /// Answer the call.
    PickUp(Map<String, Value>),
    /// Create a call.
    Create(Map<String, Value>),
}

/// One whom the bot is to invite.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guest {
    kind: String,
    id: String,
    tenant: Option<String>,
    provider: Option<String>,
    replaces: Option<String>,
}

impl Intention {
    /// Reads the request of a trigger, or says why the bot does not do such a thing.
    pub(super) fn read(method: &str, url: &str, body: &Value) -> Result<Self, String> {
        let body = body
            .as_object()
            .ok_or("the triggered request has no JSON object as its body");
        match (method, Resource::parse(url)) {
            ("POST", Some(Resource::Calls)) => Ok(Self::Create(body?.clone())),
            ("POST", Some(Resource::Action { action, .. })) if action == "answer" => {
                Ok(Self::PickUp(body?.clone()))
            }
            ("POST", Some(Resource::Action { action, .. })) if action == "participants/invite" => {
                let participants = body?.get("participants").and_then(Value::as_array);
                let participants =
                    participants.ok_or("the triggered invitation names no participants")?;
                let guests: Option<Vec<_>> = participants.iter().map(Guest::read).collect();
                Ok(Self::Invite(
                    guests.ok_or("a triggered participant has no identity")?,
                ))
            }
            _ => Err(format!(
                "the reference bot does not know how to {method} {url}"
            )),
        }
    }

    /// The body of the bot's own request.
    pub(super) fn body(&self, callback: &str, variant: Option<Variant>) -> Value {
        match self {
            Self::Invite(guests) => {
                let guests: Vec<Value> = guests.iter().map(|g| g.body(variant)).collect();
                let context = match variant {
                    Some(Variant::NoContext) => return json!({"participants": guests}),
                    Some(Variant::LongContext) => "κ".repeat(256),
                    _ => fresh_id(),
                };
                json!({"participants": guests, "clientContext": context})
            }
            Self::PickUp(wanted) | Self::Create(wanted) => {
                let mut body = wanted.clone();
                // 2019-05 says `callback`, later pages `callbackUri`.
                let name = if wanted.contains_key("callback") {
                    "callback"
                } else {
                    "callbackUri"
                };
                body.insert(name.to_owned(), callback.into());
                if body.contains_key("subject") {
                    body.insert("subject".to_owned(), "A call of the reference bot".into());
                }
                body.into()
            }
        }
    }

    /// Whether an invitation replaces a call.
    pub(super) fn replaces(&self) -> bool {
        matches!(self, Self::Invite(guests) if guests.iter().any(|g| g.replaces.is_some()))
    }
}

impl Guest {
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
        let mut guest = json!({
            "@odata.type": "#microsoft.graph.invitationParticipantInfo",
            "identity": {
                "@odata.type": "#microsoft.graph.identitySet",
                self.kind.as_str(): identity,
            },
        });
        if let Some(replaces) = &self.replaces {
            guest["replacesCallId"] = spelled(replaces, variant).into();
        }
        if variant == Some(Variant::EndpointType) {
            guest["endpointType"] = "default".into();
            guest["region"] = "westus".into();
            guest["languageId"] = "en-US".into();
        }
        guest
    }
}

/// The call to replace, as the bot names it.
fn spelled(call: &str, variant: Option<Variant>) -> String {
    let id = match Resource::parse(call) {
        Some(Resource::Call(id)) => id,
        _ => call.to_owned(),
    };
    match variant {
        Some(Variant::ReplacesPath) => format!("/communications/calls/{id}"),
        Some(Variant::ReplacesId) => id,
        _ => call.to_owned(),
    }
}
