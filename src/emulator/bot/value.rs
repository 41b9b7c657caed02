//! The values that the bot takes from a trigger: people, prompts, words and the like. They are read into types, and
//! written in the spelling of the bot.

use serde_json::{Map, Value, json};

use super::operation::{Kind, Operation, Parameter};
use super::trigger::TriggerError;
use super::variant::BotVariant as Variant;
use crate::api::resource::call_id;
use crate::emulator::new_id;

/// The type of people who are invited.
const INVITED: &str = "#microsoft.graph.invitationParticipantInfo";

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    Person(Person, &'static str),
    People(Vec<Person>),
    Prompt(Prompt),
    Prompts(Vec<Prompt>),
    Word(&'static str),
    Text(String),
    Texts(Vec<String>),
    Number(i64),
    Flag(bool),
    MixerLevels(Vec<MixerLevel>),
    Measurements(Map<String, Value>),
    Context,
    Callback,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) tenant: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) replaces: Option<String>,
    /// The participant of the call that the person is.
    pub(super) participant: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prompt {
    pub(super) uri: String,
    pub(super) resource: Option<String>,
}

/// The sound that a participant receives, and how loud.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MixerLevel {
    participant: String,
    is_exclusive: Option<bool>,
    ducking: Option<Ducking>,
    sources: Vec<SourceLevel>,
}

/// How far others are turned down while somebody speaks.
#[derive(Debug, Clone, PartialEq)]
struct Ducking {
    ramp_active: i64,
    ramp_inactive: i64,
    lower_level: i64,
    upper_level: i64,
}

#[derive(Debug, Clone, PartialEq)]
struct SourceLevel {
    participant: String,
    level: i64,
    ducks_others: Option<bool>,
}

impl Given {
    /// Reads the parameter from a triggered body. `None` where the request is to be without it.
    pub(super) fn read(
        operation: Operation,
        parameter: &Parameter,
        body: &Map<String, Value>,
    ) -> Result<Option<Self>, TriggerError> {
        let name = parameter.name;
        let value = body.get(name).filter(|value| !value.is_null());
        let value = match (value, parameter.kind) {
            (_, Kind::OwnContext) => return Ok(Some(Self::Context)),
            (Some(value), _) => value,
            (None, _) if parameter.is_required => {
                return Err(TriggerError::Missing {
                    operation,
                    parameter: name,
                });
            }
            (None, _) => return Ok(None),
        };
        let is_of_people = matches!(parameter.kind, Kind::Person(_))
            || matches!(parameter.kind, Kind::People) && value.is_array();
        let unread = if is_of_people {
            TriggerError::Identity { operation }
        } else {
            TriggerError::Unusable {
                operation,
                parameter: name,
            }
        };
        Self::of_kind(parameter.kind, value).map(Some).ok_or(unread)
    }

    fn of_kind(kind: Kind, value: &Value) -> Option<Self> {
        match kind {
            Kind::Person(kind) => Some(Self::Person(Person::read(value)?, kind)),
            Kind::People => each(value, Person::read).map(Self::People),
            Kind::Prompt => Prompt::read(value).map(Self::Prompt),
            Kind::Prompts => each(value, Prompt::read).map(Self::Prompts),
            Kind::Word(words) => {
                let word = value.as_str()?;
                let found = words.iter().find(|it| it.eq_ignore_ascii_case(word));
                found.copied().map(Self::Word)
            }
            Kind::Text => value.as_str().map(|text| Self::Text(text.to_owned())),
            Kind::Texts => each(value, |it| it.as_str().map(str::to_owned)).map(Self::Texts),
            Kind::Number => value.as_i64().map(Self::Number),
            Kind::Flag => value.as_bool().map(Self::Flag),
            Kind::MixerLevels => each(value, MixerLevel::read).map(Self::MixerLevels),
            Kind::Measurements => value.as_object().cloned().map(Self::Measurements),
            Kind::Context | Kind::OwnContext => Some(Self::Context),
            Kind::Callback => Some(Self::Callback),
        }
    }

    /// The value in the bot's request. `None` where the variant leaves it out.
    pub(super) fn write(&self, callback: &str, variant: Option<Variant>) -> Option<Value> {
        Some(match self {
            Self::Person(person, kind) => person.write(kind, variant),
            Self::People(people) => people.iter().map(|it| it.write(INVITED, variant)).collect(),
            Self::Prompt(prompt) => prompt.write(),
            Self::Prompts(prompts) => prompts.iter().map(Prompt::write).collect(),
            Self::Word(word) => (*word).into(),
            Self::Text(text) => text.clone().into(),
            Self::Texts(texts) => texts.clone().into(),
            Self::Number(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::MixerLevels(levels) => levels.iter().map(MixerLevel::write).collect(),
            Self::Measurements(measurements) => measurements.clone().into(),
            Self::Context => match variant {
                Some(Variant::NoContext) => return None,
                Some(Variant::LongContext) => "κ".repeat(256).into(),
                _ => new_id().into(),
            },
            Self::Callback => callback.into(),
        })
    }
}

impl Person {
    pub(super) fn user(id: &str) -> Self {
        Self {
            kind: "user".to_owned(),
            id: id.to_owned(),
            tenant: None,
            provider: None,
            replaces: None,
            participant: None,
        }
    }

    pub(super) fn read(participant: &Value) -> Option<Self> {
        let set = participant.get("identity")?.as_object()?;
        let (kind, identity) = set
            .iter()
            .find(|(name, value)| !name.starts_with('@') && value.is_object())?;
        Some(Self {
            kind: kind.clone(),
            id: text(identity, "id")?,
            tenant: text(identity, "tenantId"),
            provider: text(identity, "identityProvider"),
            replaces: text(participant, "replacesCallId"),
            participant: text(participant, "participantId"),
        })
    }

    fn write(&self, kind: &str, variant: Option<Variant>) -> Value {
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
        let mut person = json!({
            "@odata.type": kind,
            "identity": {
                "@odata.type": "#microsoft.graph.identitySet",
                self.kind.as_str(): identity,
            },
        });
        if let Some(participant) = &self.participant {
            person["participantId"] = participant.clone().into();
        }
        if let Some(replaces) = &self.replaces {
            person["replacesCallId"] = replaced_call(replaces, variant).into();
        }
        if variant == Some(Variant::EndpointType) {
            person["endpointType"] = "default".into();
            person["region"] = "westus".into();
            person["languageId"] = "en-US".into();
        }
        person
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

impl Prompt {
    fn read(prompt: &Value) -> Option<Self> {
        let media = prompt.get("mediaInfo")?;
        Some(Self {
            uri: text(media, "uri")?,
            resource: text(media, "resourceId"),
        })
    }

    fn write(&self) -> Value {
        let mut media = json!({"@odata.type": "#microsoft.graph.mediaInfo", "uri": self.uri});
        if let Some(resource) = &self.resource {
            media["resourceId"] = resource.clone().into();
        }
        json!({"@odata.type": "#microsoft.graph.mediaPrompt", "mediaInfo": media})
    }
}

impl MixerLevel {
    fn read(level: &Value) -> Option<Self> {
        let ducking = level.get("ducking").filter(|value| !value.is_null());
        let sources = level.get("sourceLevels").filter(|value| !value.is_null());
        Some(Self {
            participant: text(level, "participant")?,
            is_exclusive: level.get("exclusive").and_then(Value::as_bool),
            ducking: match ducking {
                Some(ducking) => Some(Ducking::read(ducking)?),
                None => None,
            },
            sources: match sources {
                Some(sources) => each(sources, SourceLevel::read)?,
                None => Vec::new(),
            },
        })
    }

    fn write(&self) -> Value {
        let mut level = json!({"participant": self.participant});
        if let Some(is_exclusive) = self.is_exclusive {
            level["exclusive"] = is_exclusive.into();
        }
        if let Some(ducking) = &self.ducking {
            level["ducking"] = json!({
                "rampActive": ducking.ramp_active,
                "rampInactive": ducking.ramp_inactive,
                "lowerLevel": ducking.lower_level,
                "upperLevel": ducking.upper_level,
            });
        }
        level["sourceLevels"] = self.sources.iter().map(SourceLevel::write).collect();
        level
    }
}

impl Ducking {
    fn read(ducking: &Value) -> Option<Self> {
        let number = |name: &str| ducking.get(name).and_then(Value::as_i64);
        Some(Self {
            ramp_active: number("rampActive")?,
            ramp_inactive: number("rampInactive")?,
            lower_level: number("lowerLevel")?,
            upper_level: number("upperLevel")?,
        })
    }
}

impl SourceLevel {
    fn read(source: &Value) -> Option<Self> {
        Some(Self {
            participant: text(source, "participant")?,
            level: source.get("level").and_then(Value::as_i64)?,
            ducks_others: source.get("duckOthers").and_then(Value::as_bool),
        })
    }

    fn write(&self) -> Value {
        let mut source = json!({"participant": self.participant, "level": self.level});
        if let Some(ducks_others) = self.ducks_others {
            source["duckOthers"] = ducks_others.into();
        }
        source
    }
}

fn text(of: &Value, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The members of a collection, if each can be read.
fn each<T>(collection: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    collection.as_array()?.iter().map(read).collect()
}
