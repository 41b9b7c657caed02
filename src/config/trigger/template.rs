//! Texts with placeholders for values of the expected request: `/calls/{call}`, `{/participants/0}`.
//!
//! `{{` and `}}` are literal braces. In a body, a header field or a command, a brace that opens no placeholder is a literal
//! one, too; in a URL it is an error.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::api::{resource, template};
use crate::contract::operation::{Operation, operations};
use crate::diagnostic::closest;

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Placeholder(Placeholder),
}

/// A value of the expected request, or of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// The port of the target.
    Port,
    Url,
    Method,
    Scenario,
    /// The name of the operation.
    Operation,
    /// The id in the path with this role in the contract: `call`, `participant`.
    Id(String),
    /// The value in the body at this JSON pointer. The empty one is the whole body, `{body}`.
    Body(String),
}

/// The role of a comms operation in a path. `{operation}` is the name of the request's operation.
const COMMS_OPERATION: (&str, &str) = ("comms-operation", "operation");

impl fmt::Display for Placeholder {
    /// The text between the braces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Port => "port",
            Self::Url => "url",
            Self::Method => "method",
            Self::Scenario => "scenario",
            Self::Operation => "operation",
            Self::Id(role) if role == COMMS_OPERATION.1 => COMMS_OPERATION.0,
            Self::Body(pointer) if pointer.is_empty() => "body",
            Self::Id(text) | Self::Body(text) => text,
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{{{name}}}` is not a placeholder: {remedy}")]
pub(crate) struct TemplateError {
    name: String,
    remedy: String,
}

impl Placeholder {
    fn parse(name: &str) -> Result<Self, TemplateError> {
        if name.starts_with('/') {
            return Ok(Self::Body(name.to_owned()));
        }
        let fixed = [
            Self::Port,
            Self::Url,
            Self::Method,
            Self::Scenario,
            Self::Operation,
            Self::Body(String::new()),
        ];
        let roles = operations().iter().flat_map(Operation::roles);
        let roles = roles.map(|role| Self::Id(role.to_owned()));
        let mut known: Vec<Self> = fixed.into_iter().chain(roles).collect();
        known.dedup();
        if let Some(at) = known.iter().position(|it| it.to_string() == name) {
            return Ok(known.swap_remove(at));
        }
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        let remedy = match closest(name, names.iter().map(String::as_str)) {
            Some(close) => format!("did you mean `{{{close}}}`?"),
            None => "write a literal brace as `{{`".to_owned(),
        };
        Err(TemplateError {
            name: name.to_owned(),
            remedy,
        })
    }
}

/// How values are written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    /// As a part of a URL or a form (RFC 3986 section 2.1).
    Percent,
}

impl Encoding {
    fn encode(self, text: &str) -> String {
        let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        match self {
            Self::Plain => text.to_owned(),
            Self::Percent => text
                .chars()
                .map(|c| match c {
                    c if is_unreserved(c) => c.to_string(),
                    c => resource::percent_encoded(c),
                })
                .collect(),
        }
    }
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            literal.push_str(before);
            if brace.starts_with("{{") || brace.starts_with("}}") {
                literal.push_str(&brace[..1]);
                rest = &brace[2..];
            } else if let Some(name) = placeholder_at(brace) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Placeholder(Placeholder::parse(name)?));
                rest = &brace[name.len() + 2..];
            } else {
                literal.push_str(&brace[..1]);
                rest = &brace[1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder(placeholder) => Some(placeholder),
        })
    }

    pub(super) fn begins_with_text(&self) -> bool {
        matches!(self.0.first(), Some(Part::Literal(_)))
    }

    /// The text with this value for every placeholder but the port.
    pub(super) fn probe(&self, port: Option<u16>, value: &str) -> String {
        let text_of = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Placeholder(Placeholder::Port) => port.unwrap_or_default().to_string(),
            Part::Placeholder(_) => value.to_owned(),
        };
        self.0.iter().map(text_of).collect()
    }

    /// The text with its values. Values that are no texts are written as JSON.
    /// Errors: the first placeholder without a value.
    pub(crate) fn fill<'t>(
        &'t self,
        encoding: Encoding,
        value: &impl Fn(&Placeholder) -> Option<Value>,
    ) -> Result<String, &'t Placeholder> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Placeholder(placeholder) => {
                    let text = match value(placeholder).ok_or(placeholder)? {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    filled.push_str(&encoding.encode(&text));
                }
            }
        }
        Ok(filled)
    }

    /// The JSON value. A placeholder that is the whole text keeps the type of its value.
    fn fill_json<'t>(
        &'t self,
        value: &impl Fn(&Placeholder) -> Option<Value>,
    ) -> Result<Value, &'t Placeholder> {
        match self.0.as_slice() {
            [Part::Placeholder(sole)] => value(sole).ok_or(sole),
            _ => self.fill(Encoding::Plain, value).map(Value::String),
        }
    }
}

/// The rest of a text from the first brace that is neither doubled nor that of a placeholder.
pub(super) fn lone_brace(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let brace = &rest[at..];
        rest = if brace.starts_with("{{") || brace.starts_with("}}") {
            &brace[2..]
        } else {
            let name = placeholder_at(brace);
            let Some(name) = name else { return Some(brace) };
            &brace[name.len() + 2..]
        };
    }
    None
}

/// The name of the placeholder that a brace opens.
fn placeholder_at(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    (name.starts_with('/') || template::is_name(name)).then_some(name)
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The body of a request: JSON, or another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyTemplate {
    Json(JsonTemplate),
    Text(Template),
}

/// JSON with placeholders in its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonTemplate {
    Text(Template),
    Array(Vec<JsonTemplate>),
    Object(Vec<(String, JsonTemplate)>),
    /// A number, a truth value or null.
    Other(Value),
}

impl BodyTemplate {
    pub(super) fn visit<'t>(&'t self, visit: &mut impl FnMut(&'t Template)) {
        match self {
            Self::Json(json) => json.visit(visit),
            Self::Text(text) => visit(text),
        }
    }
}

impl JsonTemplate {
    fn visit<'t>(&'t self, visit: &mut impl FnMut(&'t Template)) {
        match self {
            Self::Text(text) => visit(text),
            Self::Array(items) => items.iter().for_each(|it| it.visit(visit)),
            Self::Object(properties) => properties.iter().for_each(|(_, it)| it.visit(visit)),
            Self::Other(_) => {}
        }
    }

    /// Errors: the first placeholder without a value.
    pub(crate) fn fill<'t>(
        &'t self,
        value: &impl Fn(&Placeholder) -> Option<Value>,
    ) -> Result<Value, &'t Placeholder> {
        match self {
            Self::Text(text) => text.fill_json(value),
            Self::Array(items) => items.iter().map(|it| it.fill(value)).collect(),
            Self::Object(properties) => {
                let filled = properties
                    .iter()
                    .map(|(name, it)| Ok((name.clone(), it.fill(value)?)));
                filled.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
            Self::Other(other) => Ok(other.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for BodyTemplate {
    /// A text that is itself JSON, an object or an array, is read as JSON.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let body = RawBody::deserialize(from)?;
        let text = match body {
            RawBody::Json(json) => return Ok(Self::Json(json)),
            RawBody::Text(text) => text,
        };
        let is_json = text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<de::IgnoredAny>(&text).is_ok();
        if is_json {
            let json = serde_json::from_str(&text).map_err(de::Error::custom)?;
            return Ok(Self::Json(json));
        }
        Template::parse(&text)
            .map(Self::Text)
            .map_err(de::Error::custom)
    }
}

enum RawBody {
    Json(JsonTemplate),
    Text(String),
}

impl<'de> Deserialize<'de> for RawBody {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = RawBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table, an array or a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawBody, E> {
                Ok(RawBody::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<RawBody, A::Error> {
                JsonReader.visit_seq(list).map(RawBody::Json)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawBody, A::Error> {
                JsonReader.visit_map(map).map(RawBody::Json)
            }
        }
        from.deserialize_any(Reader)
    }
}

struct JsonReader;

impl<'de> Visitor<'de> for JsonReader {
    type Value = JsonTemplate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Other(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Other(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<JsonTemplate, E> {
        let number = Number::from_f64(value);
        let number = number.ok_or_else(|| E::custom("a JSON number must be finite"))?;
        Ok(JsonTemplate::Other(Value::Number(number)))
    }

    fn visit_unit<E>(self) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Other(Value::Null))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<JsonTemplate, E> {
        Template::parse(text)
            .map(JsonTemplate::Text)
            .map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<JsonTemplate, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(JsonTemplate::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonTemplate, A::Error> {
        let mut properties = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == TOML_DATE {
                let remedy = "JSON has no dates; put the date in quotes";
                return Err(de::Error::custom(remedy));
            }
            properties.push((name, map.next_value()?));
        }
        Ok(JsonTemplate::Object(properties))
    }
}

/// The property in which the TOML parser gives a date.
const TOML_DATE: &str = "$__toml_private_datetime";

impl<'de> Deserialize<'de> for JsonTemplate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(JsonReader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(placeholder: &Placeholder) -> Option<Value> {
        match placeholder {
            Placeholder::Id(role) if role == "call" => Some(json!("a/b c")),
            Placeholder::Id(role) if role == "operation" => Some(json!("op-1")),
            Placeholder::Operation => Some(json!("invite")),
            Placeholder::Port => Some(json!(80)),
            Placeholder::Body(pointer) => json!({"people": [{"id": 7}], "name": "Ana"})
                .pointer(pointer)
                .cloned(),
            _ => None,
        }
    }

    #[test]
    fn a_text_has_the_values_of_its_placeholders() {
        for (text, encoding, filled) in [
            ("/calls/{call}", Encoding::Percent, Ok("/calls/a%2Fb%20c")),
            ("{call}{port}", Encoding::Plain, Ok("a/b c80")),
            (
                "{operation} {comms-operation}",
                Encoding::Plain,
                Ok("invite op-1"),
            ),
            ("{/people/0/id} {/name}", Encoding::Plain, Ok("7 Ana")),
            ("{/people}", Encoding::Plain, Ok("[{\"id\":7}]")),
            (
                "{body}",
                Encoding::Plain,
                Ok(r#"{"people":[{"id":7}],"name":"Ana"}"#),
            ),
            (
                "{{call}} { } {\"a\": 1} {Call}",
                Encoding::Plain,
                Ok("{call} { } {\"a\": 1} {Call}"),
            ),
            ("", Encoding::Plain, Ok("")),
            ("x{/people/1}", Encoding::Plain, Err("/people/1")),
            ("{participant}", Encoding::Plain, Err("participant")),
        ] {
            let template = Template::parse(text).unwrap();
            let read = template.fill(encoding, &value);
            let read = read.map_err(ToString::to_string);
            assert_eq!(read.as_deref().map_err(String::as_str), filled, "{text}");
        }
        let error = Template::parse("{scenari}").unwrap_err().to_string();
        assert!(error.ends_with("did you mean `{scenario}`?"), "{error}");
    }

    #[test]
    fn a_placeholder_that_is_the_whole_text_keeps_its_type() {
        let read = |text: &str| serde_json::from_value::<BodyTemplate>(json!(text)).unwrap();
        for (body, filled) in [
            (
                r#"{"a": "{/people}", "b": ["{/people/0/id}", "n{/people/0/id}"], "c": [1, null, true, 0.5]}"#,
                json!({"a": [{"id": 7}], "b": [7, "n7"], "c": [1, null, true, 0.5]}),
            ),
            (r#"["{call}", "{{call}}"]"#, json!(["a/b c", "{call}"])),
        ] {
            let BodyTemplate::Json(template) = read(body) else {
                panic!("{body}");
            };
            assert_eq!(template.fill(&value), Ok(filled), "{body}");
        }
        for text in ["call={call}", "\"{call}\"", "5", "{{\"a\": 1}}"] {
            assert!(matches!(read(text), BodyTemplate::Text(_)), "{text}");
        }
    }
}
