//! `[[trigger]]` of `confcall.toml`: the bot's own request, or a command, that makes the bot send the request
//! of an operation.

pub(crate) mod template;

use std::path::PathBuf;

use hyper::header::HeaderName;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use url::{Origin, Url};

use self::template::{BodyTemplate, Placeholder, Template};
use super::values;
use super::values::ValueError;
use crate::contract::operation;
use crate::contract::operation::{Operation, operations};
use crate::diagnostic::closest;

/// A row: operations, and the action that triggers a bot under test to send their requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Row")]
pub(crate) struct TriggerRow {
    operations: Vec<OperationName>,
    pub action: TriggerAction,
    /// The folder of the file, in which commands run.
    pub folder: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TriggerAction {
    Request {
        line: RequestLine,
        headers: IndexMap<String, Template>,
        body: Option<BodyTemplate>,
    },
    Command(Vec<Template>),
}

/// `[[trigger]]`: how the bot is made to send the request of an operation, with a `request` or a `command`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trigger")]
struct Row {
    /// The operation of the expected request, such as `invite`, a list of operations, or `*` for all.
    #[serde(deserialize_with = "one_or_more")]
    #[schemars(with = "OneOrMore<String>")]
    operation: Vec<OperationName>,
    /// The method and the URL of a request to the bot's own API, such as
    /// `POST http://127.0.0.1:3978/calls/{call}/people`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    request: Option<RequestLine>,
    /// The header fields of `request`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, String>")]
    headers: IndexMap<String, Template>,
    /// The body of `request`: a table or an array for JSON, or a text.
    #[serde(default)]
    #[schemars(with = "Option<serde_json::Value>")]
    body: Option<BodyTemplate>,
    /// A command and its arguments. It runs in the folder of the file and gets the trigger on its standard input.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    command: Option<Vec<Template>>,
}

impl JsonSchema for TriggerRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Row::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Row::json_schema(generator)
    }
}

#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error("a trigger must have a `request` or a `command`")]
    NoAction,
    #[error("a trigger must have either a `request` or a `command`, not both")]
    TwoActions,
    #[error("`{0}` needs a `request`, but the trigger has a `command`")]
    BesideCommand(&'static str),
    #[error("the command is empty; expected a program and its arguments")]
    EmptyCommand,
    #[error("`{0}` is not a valid header name")]
    FieldName(String),
    #[error("no request of these operations has `{{{0}}}` in its path")]
    Role(String),
}

impl TryFrom<Row> for TriggerRow {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        let action = match (row.request, row.command) {
            (None, None) => return Err(RowError::NoAction),
            (Some(_), Some(_)) => return Err(RowError::TwoActions),
            (Some(line), None) => TriggerAction::Request {
                line,
                headers: row.headers,
                body: row.body,
            },
            (None, Some(_)) if !row.headers.is_empty() => {
                return Err(RowError::BesideCommand("headers"));
            }
            (None, Some(_)) if row.body.is_some() => return Err(RowError::BesideCommand("body")),
            (None, Some(words)) if words.is_empty() => return Err(RowError::EmptyCommand),
            (None, Some(words)) => TriggerAction::Command(words),
        };
        let row = Self {
            operations: row.operation,
            action,
            folder: PathBuf::new(),
        };
        row.check()?;
        Ok(row)
    }
}

impl TriggerRow {
    fn check(&self) -> Result<(), RowError> {
        if let TriggerAction::Request { headers, .. } = &self.action {
            let is_name = |name: &str| HeaderName::from_bytes(name.as_bytes()).is_ok();
            if let Some((name, _)) = headers.iter().find(|(name, _)| !is_name(name)) {
                return Err(RowError::FieldName(name.clone()));
            }
        }
        let has_role = |role: &str| {
            let mut covered = operations().iter().filter(|it| self.covers(Some(it)));
            covered.any(|it| it.roles().any(|other| other == role))
        };
        for placeholder in self.placeholders() {
            if let Placeholder::Id(role) = placeholder
                && !has_role(role)
            {
                return Err(RowError::Role(placeholder.to_string()));
            }
        }
        Ok(())
    }

    /// True if the row is for the operation of the expected request; `None` where no page documents it.
    pub(crate) fn covers(&self, operation: Option<&Operation>) -> bool {
        self.operations.iter().any(|name| match name {
            OperationName::Any => true,
            OperationName::One(one) => operation.is_some_and(|it| it.name == one.name),
        })
    }

    /// True if it uses `{port}`, the port of the target.
    pub(crate) fn uses_port(&self) -> bool {
        let mut placeholders = self.placeholders();
        placeholders.any(|it| *it == Placeholder::Port)
    }

    /// The address of the bot's own request without its path; `None` for a command.
    pub(crate) fn address(&self, port: Option<u16>) -> Option<Url> {
        match &self.action {
            TriggerAction::Request { line, .. } => {
                let url = line.url.probe(port, "x");
                let url = Url::parse(&url).ok()?;
                url.join("/").ok()
            }
            TriggerAction::Command(_) => None,
        }
    }

    fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        let mut found: Vec<&Placeholder> = Vec::new();
        match &self.action {
            TriggerAction::Request {
                line,
                headers,
                body,
            } => {
                found.extend(line.url.placeholders());
                found.extend(headers.values().flat_map(Template::placeholders));
                if let Some(body) = body {
                    body.visit(&mut |text| found.extend(text.placeholders()));
                }
            }
            TriggerAction::Command(words) => {
                found.extend(words.iter().flat_map(Template::placeholders));
            }
        }
        found.into_iter()
    }
}

#[derive(Debug, Clone, Copy)]
enum OperationName {
    Any,
    One(&'static Operation),
}

/// An operation is known by its name.
impl PartialEq for OperationName {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::One(one), Self::One(other)) => one.name == other.name,
            _ => false,
        }
    }
}

impl Eq for OperationName {}

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        if name == "*" {
            return Ok(Self::Any);
        }
        if let Some(one) = operation::named(&name) {
            return Ok(Self::One(one));
        }
        let names = operations().iter().map(|it| it.name.as_str());
        let meant = match closest(&name, names) {
            Some(close) => format!("did you mean `{close}`?"),
            None => "expected a name such as `invite` or `answer`, or `*` for all".to_owned(),
        };
        Err(D::Error::custom(format!(
            "no operation is named `{name}`: {meant}"
        )))
    }
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "the form of a setting in the schema")]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<OperationName>, D::Error> {
    struct Reader;

    impl<'de> serde::de::Visitor<'de> for Reader {
        type Value = Vec<OperationName>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the name of an operation, a list of them, or `*`")
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
            let name = serde::de::value::StrDeserializer::new(name);
            OperationName::deserialize(name).map(|name| vec![name])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut list: A,
        ) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = list.next_element()? {
                names.push(name);
            }
            if names.is_empty() {
                return Err(A::Error::invalid_length(0, &self));
            }
            Ok(names)
        }
    }
    from.deserialize_any(Reader)
}

/// The method and the URL of a bot's own request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestLine {
    pub method: String,
    pub url: Template,
}

#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error("`{0}` is not a method and a URL, such as `POST http://127.0.0.1:3978/calls`")]
    NoMethod(String),
    #[error("`{0}` is not an HTTP method, such as `POST`")]
    Method(String),
    #[error(
        "the host of a trigger must be fixed: before the path, only the placeholder `{{port}}` is allowed"
    )]
    Host,
    #[error(
        "the brace at `{0}` belongs to no placeholder: write a literal brace as `{{{{` or `}}}}`"
    )]
    Brace(String),
    #[error(transparent)]
    Template(#[from] template::TemplateError),
    #[error(transparent)]
    Url(#[from] ValueError),
}

impl RequestLine {
    fn parse(text: &str) -> Result<Self, LineError> {
        let Some((method, url)) = text.split_once(' ') else {
            return Err(LineError::NoMethod(text.to_owned()));
        };
        if method.is_empty() || !method.bytes().all(|it| it.is_ascii_uppercase()) {
            return Err(LineError::Method(method.to_owned()));
        }
        if let Some(brace) = template::lone_brace(url) {
            return Err(LineError::Brace(brace.to_owned()));
        }
        let url = Template::parse(url.trim())?;
        if !url.begins_with_text() {
            return Err(LineError::Host);
        }
        let origin = |value| -> Result<Origin, ValueError> {
            let url = values::url(&url.probe(Some(1), value))?;
            Ok(url.origin())
        };
        // The host does not depend on the values.
        if origin("x")? != origin("y")? {
            return Err(LineError::Host);
        }
        Ok(Self {
            method: method.to_owned(),
            url,
        })
    }
}

impl<'de> Deserialize<'de> for RequestLine {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::contract::operation::of_request;

    #[test]
    fn a_url_has_no_lone_braces() {
        for (url, lone) in [
            ("http://127.0.0.1:1/x/{", Some("{")),
            ("http://127.0.0.1:1/x}/y", Some("}/y")),
            ("http://127.0.0.1:1/{Call}", Some("{Call}")),
            ("http://127.0.0.1:1/{call", Some("{call")),
            ("http://127.0.0.1:1/{{x}}/{call}", None),
        ] {
            let read = RequestLine::parse(&format!("POST {url}"));
            let error = read.err().map(|it| it.to_string());
            let expected = lone.map(|it| format!("the brace at `{it}` belongs to no placeholder"));
            let is_it = match (&error, &expected) {
                (Some(error), Some(expected)) => error.starts_with(expected.as_str()),
                (error, expected) => error == expected,
            };
            assert!(is_it, "{url}: {error:?}");
        }
    }

    #[test]
    fn a_row_covers_its_operations() {
        let rows = "[[trigger]]\noperation = \"invite\"\ncommand = [\"a\"]\n\
            [[trigger]]\noperation = [\"answer\", \"reject\"]\ncommand = [\"b\"]\n\
            [[trigger]]\noperation = \"*\"\ncommand = [\"c\"]\n";
        let rows = config::read("confcall.toml", rows.as_bytes())
            .unwrap()
            .trigger;
        for (target, covering) in [
            ("/app/calls/1/participants/invite", &[0, 2][..]),
            ("/app/calls/1/answer", &[1, 2]),
            ("/app/calls/1/reject", &[1, 2]),
            ("/app/calls/1/mute", &[2]),
            ("/orders", &[2]),
        ] {
            let operation = of_request("POST", target).map(|(operation, _)| operation);
            let found: Vec<usize> = (0..rows.len())
                .filter(|at| rows[*at].covers(operation))
                .collect();
            assert_eq!(found, covering, "{target}");
        }
    }

    #[test]
    fn a_broken_row_has_its_place() {
        for (row, message) in [
            (
                "operation = \"invit\"\ncommand = [\"a\"]",
                "confcall.toml:2:13: no operation is named `invit`: did you mean `invite`?",
            ),
            (
                "operation = [\"answer\", \"zzz\"]\ncommand = [\"a\"]",
                "confcall.toml:2:13: no operation is named `zzz`: expected a name such as",
            ),
            (
                "operation = []\ncommand = [\"a\"]",
                "confcall.toml:2:13: invalid length 0",
            ),
            (
                "operation = \"*\"",
                "confcall.toml:1:1: a trigger must have a `request` or a `command`",
            ),
            (
                "operation = \"*\"\ncommand = [\"a\"]\nrequest = \"POST http://h/\"",
                "confcall.toml:1:1: a trigger must have either a `request` or a `command`, not both",
            ),
            (
                "operation = \"*\"\ncommand = [\"a\"]\nbody = \"x\"",
                "confcall.toml:1:1: `body` needs a `request`",
            ),
            (
                "operation = \"*\"\ncommand = []",
                "confcall.toml:1:1: the command is empty",
            ),
            (
                "operation = \"*\"\nrequest = \"http://h/\"",
                "confcall.toml:3:11: `http://h/` is not a method and a URL",
            ),
            (
                "operation = \"*\"\nrequest = \"POST h/\"",
                "confcall.toml:3:11: ",
            ),
            (
                "operation = \"*\"\nrequest = \"POST http://{call}/\"",
                "confcall.toml:3:11: the host of a trigger must be fixed",
            ),
            (
                "operation = \"*\"\nrequest = \"POST {url}\"",
                "confcall.toml:3:11: the host of a trigger must be fixed",
            ),
            (
                "operation = \"*\"\nrequest = \"POST http://h/{cal}\"",
                "confcall.toml:3:11: `{cal}` is not a placeholder: did you mean `{call}`?",
            ),
            (
                "operation = \"*\"\nrequest = \"POST http://h/\"\nbody = {a = [\"{cal}\"]}",
                "confcall.toml:4:14: `{cal}` is not a placeholder",
            ),
            (
                "operation = \"invite\"\nrequest = \"POST http://h/{participant}\"",
                "confcall.toml:1:1: no request of these operations has `{participant}`",
            ),
            (
                "operation = \"*\"\nrequest = \"POST http://h/\"\nheaders = {\"a b\" = \"\"}",
                "confcall.toml:1:1: `a b` is not a valid header name",
            ),
        ] {
            let text = format!("[[trigger]]\n{row}\n");
            let error = config::read("confcall.toml", text.as_bytes()).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with(message), "{row}\n{error}");
        }
    }

    #[test]
    fn an_address_has_the_port_of_the_target() {
        let line = RequestLine::parse("POST http://127.0.0.1:{port}/calls/{call}").unwrap();
        let row = TriggerRow {
            operations: vec![OperationName::Any],
            action: TriggerAction::Request {
                line,
                headers: IndexMap::new(),
                body: None,
            },
            folder: PathBuf::new(),
        };
        assert!(row.uses_port());
        let address = row.address(Some(7)).unwrap();
        assert_eq!(address.as_str(), "http://127.0.0.1:7/");
    }
}
