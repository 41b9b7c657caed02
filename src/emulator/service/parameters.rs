//! The parameters in the body of a request, read with the types that the pages give them.
//!
//! Unknown properties are ignored, and so are `$id` and type names. A property that is null counts as absent.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::errors::Refusal;
use super::state::Invitee;
use crate::api::address::is_absolute;
use crate::api::identifier::is_phone_number;
use crate::api::resource::call_id;
use crate::http::message::{Body, json_error};

/// In characters.
const LONGEST_CONTEXT: usize = 256;

/// The kinds of media of a call.
const MODALITIES: [&str; 5] = [
    "unknown",
    "audio",
    "video",
    "videoBasedScreenSharing",
    "data",
];

#[derive(Debug, Clone, Copy)]
pub(super) struct Parameters<'a> {
    /// `None` for a request without a body.
    body: Option<&'a Map<String, Value>>,
}

impl<'a> Parameters<'a> {
    /// Reads the body of a request whose parameters are all optional.
    pub(super) fn read(body: &'a Body) -> Result<Self, Refusal> {
        let body = match body {
            Body::Empty => None,
            body => Some(object(body)?),
        };
        Ok(Self { body })
    }

    /// Refuses properties that are not among these.
    pub(super) fn only(self, names: &[&str]) -> Result<Self, Refusal> {
        let mut given = self.body.into_iter().flat_map(Map::keys);
        match given.find(|name| !names.contains(&name.as_str())) {
            None => Ok(self),
            Some(name) => Err(Refusal::bad_request(format!(
                "`{name}` must be one of {}.",
                names.join(", ")
            ))),
        }
    }

    /// The properties of an object in the body.
    pub(super) const fn of(object: &'a Map<String, Value>) -> Self {
        Self { body: Some(object) }
    }

    pub(super) fn value(self, name: &str) -> Option<&'a Value> {
        self.body?.get(name).filter(|value| !value.is_null())
    }

    /// Reads the property with `read`, which is `None` for a value of another type.
    fn typed<T>(
        self,
        name: &str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let read = |value| {
            let wrong = || Refusal::bad_request(format!("`{name}` must be {kind}."));
            read(value).ok_or_else(wrong)
        };
        self.value(name).map(read).transpose()
    }

    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, "a string", Value::as_str)
    }

    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, "true or false", Value::as_bool)
    }

    pub(super) fn object(self, name: &str) -> Result<Option<&'a Map<String, Value>>, Refusal> {
        self.typed(name, "an object", Value::as_object)
    }

    /// An object such as `{"$values": […]}` is no collection.
    pub(super) fn list(self, name: &str) -> Result<Option<&'a [Value]>, Refusal> {
        let list = self.typed(name, "a collection", Value::as_array)?;
        Ok(list.map(Vec::as_slice))
    }

    pub(super) fn texts(self, name: &str) -> Result<Option<Vec<&'a str>>, Refusal> {
        self.typed(name, "a collection of strings", |value| {
            value.as_array()?.iter().map(Value::as_str).collect()
        })
    }

    pub(super) fn number(
        self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Refusal> {
        let kind = format!("an integer from {} to {}", range.start(), range.end());
        self.typed(name, &kind, |value| {
            value.as_i64().filter(|number| range.contains(number))
        })
    }

    /// A protocol word, in any case. It is given back as the pages write it.
    pub(super) fn word(
        self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Refusal> {
        let kind = format!("one of {}", words.join(", "));
        self.typed(name, &kind, |value| {
            let text = value.as_str()?;
            words
                .iter()
                .copied()
                .find(|it| it.eq_ignore_ascii_case(text))
        })
    }

    /// Kinds of media, in any case.
    pub(super) fn modalities(self, name: &str) -> Result<Option<Vec<&'a str>>, Refusal> {
        let given = self.texts(name)?;
        let is_known = |it: &str| {
            MODALITIES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(it))
        };
        match given.iter().flatten().find(|it| !is_known(it)) {
            None => Ok(given),
            Some(other) => Err(Refusal::bad_request(format!(
                "`{name}` has `{other}`, expected one of {}.",
                MODALITIES.join(", ")
            ))),
        }
    }

    pub(super) fn context(self) -> Result<Option<String>, Refusal> {
        let context = self.text("clientContext")?;
        let length = context.map_or(0, |text| text.chars().count());
        if length > LONGEST_CONTEXT {
            return Err(Refusal::bad_request(format!(
                "`clientContext` has {length} characters, but at most {LONGEST_CONTEXT} are allowed."
            )));
        }
        Ok(context.map(str::to_owned))
    }

    /// An absolute URL of a callback.
    pub(super) fn callback(self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, "an absolute URL", |value| {
            let url = value.as_str()?;
            is_absolute(url).then_some(url)
        })
    }

    /// People, at most so many.
    pub(super) fn people(self, name: &str, most: usize) -> Result<Vec<Invitee>, Refusal> {
        let people = self.list(name)?.unwrap_or_default();
        if people.len() > most {
            return Err(Refusal::bad_request(format!(
                "`{name}` has {} people, but at most {most} are allowed.",
                people.len()
            )));
        }
        people.iter().map(person).collect()
    }
}

/// Refuses a request without a parameter that its page requires.
pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::bad_request(format!("`{name}` is missing.")))
}

pub(super) fn object(body: &Body) -> Result<&Map<String, Value>, Refusal> {
    match body {
        Body::Json(Value::Object(object)) => Ok(object),
        Body::Json(_) => Err(Refusal::bad_request("The body must be a JSON object.")),
        Body::Text(text) => {
            let error = json_error(text);
            Err(Refusal::bad_request(format!(
                "The body is not JSON: {error}."
            )))
        }
        Body::Empty => Err(Refusal::bad_request("The body is empty.")),
        Body::Bytes(_) | Body::Omitted(_) => Err(Refusal::bad_request("The body cannot be read.")),
    }
}

/// A person in a request, by exactly one identity.
pub(super) fn person(participant: &Value) -> Result<Invitee, Refusal> {
    let Some(Value::Object(set)) = participant.get("identity") else {
        return Err(Refusal::bad_request(
            "A participant must have an `identity`.",
        ));
    };
    let mut identities = set
        .iter()
        .filter(|(name, value)| !name.starts_with('@') && value.is_object());
    let (Some((kind, Value::Object(identity))), None) = (identities.next(), identities.next())
    else {
        return Err(Refusal::bad_request(
            "An `identity` must hold exactly one identity.",
        ));
    };
    let id = identity.get("id").and_then(Value::as_str).unwrap_or("");
    if id.is_empty() {
        return Err(Refusal::bad_request(format!(
            "The `{kind}` must have an `id`."
        )));
    }
    is_reached(kind, id)?;
    Ok(Invitee {
        kind: kind.clone(),
        identity: identity.clone(),
        replaces: optional_text(participant, "replacesCallId")?
            .as_deref()
            .map(call_id),
        region: optional_text(participant, "region")?,
        language: optional_text(participant, "languageId")?,
    })
}

/// Refuses a phone whose id is no telephone number.
pub(super) fn is_reached(kind: &str, id: &str) -> Result<(), Refusal> {
    if kind == "phone" && !is_phone_number(id) {
        let why = "The id of a `phone` must be a number that begins with `+`, such as +15550100.";
        return Err(Refusal::bad_request(why));
    }
    Ok(())
}

fn optional_text(participant: &Value, name: &str) -> Result<Option<String>, Refusal> {
    match participant.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|it| !it.is_empty())),
        Some(_) => {
            let why = format!("`{name}` must be a string.");
            Err(Refusal::bad_request(why))
        }
    }
}
