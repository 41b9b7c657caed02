//! The body of a message before it is sent: edits at a JSON pointer, and the style of its text.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::new_id;
use crate::api::identifier;
use crate::http::message::Body;

/// A style of JSON text. All but a few have the same meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum JsonStyle {
    /// Without white space.
    #[default]
    Plain,
    /// The properties of every object in the opposite order.
    Reversed,
    /// With line ends, spaces and tabs between all tokens.
    Spaced,
    /// With undocumented properties, in every object that is not an identity set.
    Added,
    /// With properties of an unknown name whose value is null.
    Nulls,
    /// Integers with an exponent or a fraction: `5e2`.
    Exponents,
    /// Every character that is no letter or digit as `\u0000`.
    Escaped,
    /// Protocol words in upper case.
    UpperWords,
    /// Type names without `#` in front.
    NoHash,
    /// GUIDs of calls, operations and identities in upper case.
    UpperGuids,
    /// The same GUIDs without hyphens.
    BareGuids,
    /// `subcode` for `subCode`.
    LowerSubcode,
}

/// The properties that hold protocol words.
const WORDS: [&str; 7] = [
    "changeType",
    "status",
    "state",
    "direction",
    "mediaType",
    "endpointType",
    "terminationReason",
];

/// The properties that hold an identifier or a path with identifiers.
const IDENTIFIERS: [&str; 5] = [
    "id",
    "resource",
    "resourceUrl",
    "@odata.id",
    "replacesCallId",
];

impl JsonStyle {
    /// The style applies to JSON only.
    pub(super) fn bytes(self, body: &Body) -> Bytes {
        match body {
            Body::Json(value) => self.write(value).into(),
            other => other.clone().into_bytes().unwrap_or_default().into(),
        }
    }

    pub(super) fn write(self, value: &Value) -> String {
        let mut value = value.clone();
        self.rearrange(&mut value);
        let mut text = String::new();
        self.token(&value, &mut text);
        text
    }

    /// A path or URL with its GUIDs written in this style.
    pub(super) fn path(self, path: &str) -> String {
        let spell = |segment: &str| match self {
            Self::UpperGuids if identifier::is_guid(segment) => segment.to_ascii_uppercase(),
            Self::BareGuids if identifier::is_guid(segment) => identifier::normal(segment),
            _ => segment.to_owned(),
        };
        path.split('/').map(spell).collect::<Vec<_>>().join("/")
    }

    fn rearrange(self, value: &mut Value) {
        each_object(value, &mut |object| match self {
            Self::Reversed => *object = std::mem::take(object).into_iter().rev().collect(),
            Self::Added => add(object, &json!({"of": ["confcall", 1, true]})),
            Self::Nulls => add(object, &Value::Null),
            Self::UpperWords => each_text(object, &WORDS, str::to_uppercase),
            Self::NoHash => each_text(object, &["@odata.type"], |name| {
                name.trim_start_matches('#').to_owned()
            }),
            Self::UpperGuids | Self::BareGuids => {
                each_text(object, &IDENTIFIERS, |id| self.path(id));
            }
            Self::LowerSubcode => {
                if let Some(code) = object.shift_remove("subCode") {
                    object.insert("subcode".to_owned(), code);
                }
            }
            Self::Plain | Self::Spaced | Self::Exponents | Self::Escaped => {}
        });
    }

    fn token(self, value: &Value, text: &mut String) {
        match value {
            Value::Object(object) => {
                let properties = object.iter().map(|(name, value)| (Some(name), value));
                self.list(['{', '}'], properties, text);
            }
            Value::Array(items) => {
                self.list(['[', ']'], items.iter().map(|item| (None, item)), text);
            }
            Value::String(string) => self.string(string, text),
            Value::Number(number) if self == Self::Exponents => {
                text.push_str(&number.as_i64().map_or_else(|| number.to_string(), exponent));
            }
            scalar => text.push_str(&scalar.to_string()),
        }
    }

    fn list<'v>(
        self,
        [open, close]: [char; 2],
        members: impl Iterator<Item = (Option<&'v String>, &'v Value)>,
        text: &mut String,
    ) {
        let space = if self == Self::Spaced { " \r\n\t" } else { "" };
        text.push(open);
        for (index, (name, value)) in members.enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(space);
            if let Some(name) = name {
                self.string(name, text);
                text.push_str(space);
                text.push(':');
                text.push_str(space);
            }
            self.token(value, text);
            text.push_str(space);
        }
        text.push(close);
    }

    fn string(self, string: &str, text: &mut String) {
        if self != Self::Escaped {
            text.push_str(&Value::from(string).to_string());
            return;
        }
        text.push('"');
        for unit in string.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
                // Writing to a string cannot fail.
                _ => drop(write!(text, "\\u{unit:04x}")),
            }
        }
        text.push('"');
    }
}

/// Adds two properties, one at each end, except to identity sets: every property there is an identity.
fn add(object: &mut Map<String, Value>, value: &Value) {
    const KINDS: [&str; 6] = [
        "user",
        "application",
        "phone",
        "guest",
        "device",
        "encrypted",
    ];
    if KINDS.iter().any(|kind| object.contains_key(*kind)) {
        return;
    }
    object.shift_insert(0, "x-first".to_owned(), value.clone());
    object.insert("addedByNobody".to_owned(), value.clone());
}

fn each_text(object: &mut Map<String, Value>, names: &[&str], change: impl Fn(&str) -> String) {
    for (name, value) in object.iter_mut() {
        if let (true, Value::String(text)) = (names.contains(&name.as_str()), value) {
            *text = change(text);
        }
    }
}

/// An integer in another spelling: `500` is `5e2`, `7` is `7.0`.
fn exponent(number: i64) -> String {
    let digits = number.to_string();
    let head = digits.trim_end_matches('0');
    if head.is_empty() || head.len() == digits.len() {
        format!("{number}.0")
    } else {
        format!("{head}e{}", digits.len() - head.len())
    }
}

/// What becomes of the value at a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// It becomes this JSON.
    To(&'static str),
    /// It becomes another identifier.
    NewId,
    Gone,
    /// The text begins with a capital.
    Capital,
}

impl Edit {
    pub(super) fn apply(self, body: &mut Value, pointer: &str) {
        match self {
            Self::To(json) => set(body, pointer, value(json)),
            Self::NewId => set(body, pointer, new_id()),
            Self::Gone => drop(remove(body, pointer)),
            Self::Capital => {
                if let Some(Value::String(text)) = body.pointer_mut(pointer)
                    && let Some(first) = text.get_mut(..1)
                {
                    first.make_ascii_uppercase();
                }
            }
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "the tables of alterations hold JSON, as a test shows"
)]
pub(super) fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON in a table of alterations")
}

/// Replaces the value at the pointer, or adds the property to its object. Without that object nothing changes.
pub(super) fn set(body: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some((object, key)) = parent(body, pointer) {
        object.insert(key, value.into());
    } else if let Some(place) = body.pointer_mut(pointer) {
        *place = value.into();
    }
}

/// Replaces the value at the pointer, if there is one.
pub(super) fn replace(body: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value.into();
    }
}

/// Removes the property at the pointer. The others keep their order.
pub(super) fn remove(body: &mut Value, pointer: &str) -> Option<Value> {
    let (object, key) = parent(body, pointer)?;
    object.shift_remove(&key)
}

/// The object that holds the property at the pointer, and the property's name.
fn parent<'v>(body: &'v mut Value, pointer: &str) -> Option<(&'v mut Map<String, Value>, String)> {
    let (above, key) = pointer.rsplit_once('/')?;
    let object = body.pointer_mut(above)?.as_object_mut()?;
    Some((object, key.replace("~1", "/").replace("~0", "~")))
}

/// Calls the function on each object of the value, the innermost first: objects that it adds are not visited.
pub(super) fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|v| each_object(v, change));
            change(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|v| each_object(v, change)),
        _ => {}
    }
}

pub(super) fn make_device(set: &mut Map<String, Value>) {
    let kind = set
        .iter()
        .find(|(_, value)| value.is_object())
        .map(|(kind, _)| kind.clone());
    if let Some(identity) = kind.and_then(|kind| set.shift_remove(&kind)) {
        set.insert("device".to_owned(), identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_is_json_and_most_mean_the_same() {
        let value = json!({"status": "running", "n": [500, 0, -7], "t": {"é/": "\u{1F600}\n"}});
        for style in [
            JsonStyle::Plain,
            JsonStyle::Reversed,
            JsonStyle::Spaced,
            JsonStyle::Escaped,
        ] {
            let text = style.write(&value);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
        let numbers = JsonStyle::Exponents.write(&value["n"]);
        assert_eq!(numbers, "[5e2,0.0,-7.0]");
        assert_eq!(
            JsonStyle::UpperWords.write(&value["status"]),
            r#""running""#
        );
        assert!(JsonStyle::UpperWords.write(&value).contains("RUNNING"));
        assert!(JsonStyle::Reversed.write(&value).starts_with(r#"{"t""#));
    }

    #[test]
    fn guids_are_spelled_in_identifiers_only() {
        let guid = "57dab8b1-894c-409a-b240-bd8beae78896";
        let value = json!({"resource": format!("/app/calls/{guid}"), "clientContext": guid});
        let bare = JsonStyle::BareGuids.write(&value);
        assert!(bare.contains("/app/calls/57dab8b1894c409ab240bd8beae78896"));
        assert!(bare.contains(guid));
    }

    #[test]
    fn a_property_is_replaced_added_and_taken_away() {
        let mut body = json!({"a": [{"b": 1, "c": 2}]});
        set(&mut body, "/a/0/b", "x");
        set(&mut body, "/a/0/d", 3);
        set(&mut body, "/no/such", 3);
        assert_eq!(remove(&mut body, "/a/0/c"), Some(json!(2)));
        assert_eq!(remove(&mut body, "/a/0/c"), None);
        assert_eq!(body, json!({"a": [{"b": "x", "d": 3}]}));
        set(&mut body, "/a/0", 7);
        set(&mut body, "", 8);
        assert_eq!(body, json!(8));
    }
}
