//! Triggers: they make a bot under test send the request that its scenario expects next.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::hook;
use super::hook::{Hook, HookResponse};
use super::process::Program;
use crate::config::trigger::template::{BodyTemplate, Encoding, Placeholder};
use crate::config::trigger::{RequestLine, TriggerAction, TriggerRow};
use crate::contract::operation;
use crate::contract::operation::Operation;
use crate::http::message::Request;
use crate::http::{Client, OutgoingRequest};
use crate::judge::TriggerAnswer;

/// The ways in which a bot is triggered. Without any, the bot needs no triggers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Triggers {
    /// The first one that covers the operation is used.
    pub rows: Vec<TriggerRow>,
    /// Takes what no row covers.
    pub hook: Option<Hook>,
    /// The value of `{port}` in the rows.
    pub port: Option<u16>,
}

impl From<Hook> for Triggers {
    fn from(hook: Hook) -> Self {
        Self {
            hook: Some(hook),
            ..Self::default()
        }
    }
}

/// The request that a scenario expects next.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub scenario: &'a str,
    /// Counted from 1.
    pub step: usize,
    pub url: &'a str,
    pub request: &'a Request,
    pub operation: Option<&'static Operation>,
}

/// The step that a bot is triggered for may follow from a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Notification,
    Nothing,
}

/// How a bot is made to send one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Means {
    Hook(Hook),
    Request(OutgoingRequest),
    Command(Program),
}

impl Triggers {
    /// The means for a request. `Err` is the answer where there are none.
    pub(super) fn means(
        &self,
        expected: &Expected<'_>,
        cause: Cause,
    ) -> Result<Means, TriggerAnswer> {
        let mut missing = None;
        let covering = self.rows.iter().zip(1..);
        for (row, number) in covering.filter(|(row, _)| row.covers(expected.operation)) {
            match expected.fill(row, self.port) {
                Ok(means) => return Ok(means),
                Err(placeholder) => {
                    let why = format!(
                        "`[[trigger]]` number {number} uses `{{{placeholder}}}`, for which the expected request has no value"
                    );
                    missing.get_or_insert(why);
                }
            }
        }
        if let Some(hook) = &self.hook {
            return Ok(Means::Hook(hook.clone()));
        }
        Err(match missing {
            Some(missing) => TriggerAnswer::Failed(missing),
            // The bot may react to a notification without a trigger.
            None if self.rows.is_empty() || cause == Cause::Notification => {
                TriggerAnswer::NoAddress
            }
            None => {
                let name = expected.operation.map_or("this request", |it| &it.name);
                TriggerAnswer::Declined(format!("no `[[trigger]]` matches {name}"))
            }
        })
    }

    /// The addresses that must be reachable before anything is played.
    pub(super) fn addresses(&self) -> Vec<Url> {
        let of_rows = self.rows.iter().filter_map(|row| row.address(self.port));
        let mut addresses: Vec<Url> = match &self.hook {
            Some(Hook::Url(url)) => vec![url.clone()],
            Some(Hook::Command(_)) | None => Vec::new(),
        };
        for address in of_rows {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }
}

impl Expected<'_> {
    /// The trigger as JSON: what a hook is posted, and a command reads.
    pub(super) fn message(&self) -> Value {
        let headers = self.request.headers.iter();
        let headers: serde_json::Map<String, Value> = headers
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        json!({
            "scenario": self.scenario,
            "step": self.step,
            "operation": self.operation.map(|it| &it.name),
            "request": {
                "method": self.request.method,
                "url": self.url,
                "headers": headers,
                "body": self.request.body.json(),
            },
        })
    }

    fn value(&self, placeholder: &Placeholder, port: Option<u16>) -> Option<Value> {
        match placeholder {
            Placeholder::Port => port.map(|it| json!(it)),
            Placeholder::Url => Some(json!(self.url)),
            Placeholder::Method => Some(json!(self.request.method)),
            Placeholder::Scenario => Some(json!(self.scenario)),
            Placeholder::Operation => self.operation.map(|it| json!(it.name)),
            Placeholder::Id(role) => {
                let id = self.operation?.id_of(&self.request.target, role)?;
                Some(json!(id))
            }
            Placeholder::Body(pointer) => self.request.body.json()?.pointer(pointer).cloned(),
        }
    }

    /// The means of a row, with the values of the request.
    /// Errors: the first placeholder without a value.
    fn fill<'t>(&self, row: &'t TriggerRow, port: Option<u16>) -> Result<Means, &'t Placeholder> {
        let value = |placeholder: &Placeholder| self.value(placeholder, port);
        match &row.action {
            TriggerAction::Request {
                line: RequestLine { method, url },
                headers,
                body,
            } => {
                let mut request =
                    OutgoingRequest::new(method, url.fill(Encoding::Percent, &value)?);
                for (name, text) in headers {
                    let text = text.fill(Encoding::Plain, &value)?;
                    request.headers.push(name, text);
                }
                if let Some(body) = body {
                    if request.headers.get("content-type").is_none() {
                        request.headers.push("Content-Type", "application/json");
                    }
                    let media = request.headers.get("content-type").unwrap_or_default();
                    let encoding = match media.split(';').next().unwrap_or_default().trim() {
                        "application/x-www-form-urlencoded" => Encoding::Percent,
                        _ => Encoding::Plain,
                    };
                    request.body = Some(Bytes::from(match body {
                        BodyTemplate::Json(json) => json.fill(&value)?.to_string(),
                        BodyTemplate::Text(text) => text.fill(encoding, &value)?,
                    }));
                }
                Ok(Means::Request(request))
            }
            TriggerAction::Command(words) => {
                let words = words.iter().map(|it| it.fill(Encoding::Plain, &value));
                Ok(Means::Command(Program {
                    words: words.collect::<Result<_, _>>()?,
                    folder: row.folder.clone(),
                    environment: self.environment(),
                }))
            }
        }
    }

    /// The variables of the environment that a command of a row has in addition to those of confcall.
    fn environment(&self) -> Vec<(String, String)> {
        let operation = self.operation.map_or("", |it| &it.name);
        let variables = [
            ("CONFCALL_SCENARIO", self.scenario),
            ("CONFCALL_OPERATION", operation),
            ("CONFCALL_METHOD", &self.request.method),
            ("CONFCALL_URL", self.url),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        variables.into_iter().map(owned).collect()
    }
}

impl<'a> Expected<'a> {
    pub(super) fn new(scenario: &'a str, step: usize, url: &'a str, request: &'a Request) -> Self {
        let operation = operation::of_request(&request.method, &request.target);
        Self {
            scenario,
            step,
            url,
            request,
            operation: operation.map(|(operation, _)| operation),
        }
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook(hook) => hook.fmt(f),
            Self::Request(request) => write!(f, "{} {}", request.method, request.url),
            Self::Command(program) => f.write_str(&program.words.join(" ")),
        }
    }
}

impl Means {
    /// Triggers the bot. `message` is that of [`Expected::message`].
    pub(super) async fn trigger(
        self,
        client: &Client,
        message: &Value,
        within: Duration,
    ) -> TriggerAnswer {
        let name = self.to_string();
        let answer = match self {
            Self::Hook(hook) => hook.call(client, message, within).await,
            Self::Request(request) => hook::send(client, request, within).await,
            Self::Command(program) => hook::run(&program, message, within).await,
        };
        match answer {
            HookResponse::Done(_) => TriggerAnswer::Accepted,
            HookResponse::Declined(reason) => TriggerAnswer::Declined(reason),
            HookResponse::Failed(what) => TriggerAnswer::Failed(format!("`{name}`: {what}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::http::message::{Body, Headers};

    const SCENARIO: &str = "participant-invite/beta@2021-02/x";

    fn request(method: &str, target: &str, body: Value) -> Request {
        Request {
            method: method.into(),
            target: target.into(),
            headers: Headers::from_iter([("Content-Type", "application/json")]),
            body: Body::Json(body),
        }
    }

    fn triggers(rows: &str) -> Triggers {
        Triggers {
            rows: config::read("confcall.toml", rows.as_bytes())
                .unwrap()
                .trigger,
            hook: None,
            port: Some(80),
        }
    }

    const ROWS: &str = r#"
        [[trigger]]
        operation = "invite"
        request = "POST http://127.0.0.1:{port}/calls/{call}/more?name={/participants/1/identity/user/id}"
        [[trigger]]
        operation = ["invite", "muteParticipant"]
        request = "PUT http://127.0.0.1:{port}/calls/{call}/people"
        headers = { X-Scenario = "{scenario}" }
        body = { users = ["{/participants/0/identity/user/id}"], all = "{/participants}", by = "{operation}" }
        [[trigger]]
        operation = "muteParticipant"
        command = ["mute", "{call}", "{participant}", "{method} {url}"]
    "#;

    fn people(count: usize) -> Value {
        let person = |at| json!({"identity": {"user": {"id": format!("u {at}")}}});
        json!({"participants": (0..count).map(person).collect::<Vec<_>>()})
    }

    #[test]
    fn the_first_row_whose_values_are_there_is_used() {
        let triggers = triggers(ROWS);
        let url = "http://127.0.0.1:1/beta/app/calls/c/participants/invite";
        let means = |method: &str, target: &str, body| {
            let request = request(method, target, body);
            triggers.means(&Expected::new(SCENARIO, 1, url, &request), Cause::Nothing)
        };
        let invite = "/app/calls/c/participants/invite";
        let Ok(Means::Request(sent)) = means("POST", invite, people(2)) else {
            panic!();
        };
        assert_eq!(sent.url, "http://127.0.0.1:80/calls/c/more?name=u%201");
        assert_eq!((sent.headers.iter().count(), sent.body), (0, None));
        let Ok(Means::Request(sent)) = means("POST", invite, people(1)) else {
            panic!();
        };
        assert_eq!(sent.method, "PUT");
        assert_eq!(sent.headers.get("x-scenario"), Some(SCENARIO));
        assert_eq!(sent.headers.get("content-type"), Some("application/json"));
        let body: Value = serde_json::from_slice(&sent.body.unwrap()).unwrap();
        let all = people(1)["participants"].clone();
        assert_eq!(body, json!({"users": ["u 0"], "all": all, "by": "invite"}));
        let mute = "/app/calls/c/participants/p/mute";
        let Ok(Means::Command(program)) = means("POST", mute, json!({})) else {
            panic!();
        };
        assert_eq!(program.words, ["mute", "c", "p", &format!("POST {url}")]);
        let operation = (
            "CONFCALL_OPERATION".to_owned(),
            "muteParticipant".to_owned(),
        );
        assert!(program.environment.contains(&operation));
        let Err(TriggerAnswer::Failed(why)) = means("POST", invite, json!({})) else {
            panic!();
        };
        let missing = "`[[trigger]]` number 1 uses `{/participants/1/identity/user/id}`";
        assert!(why.starts_with(missing), "{why}");
    }

    #[test]
    fn a_request_without_a_row_has_another_way() {
        let table = [
            ("", None, Cause::Nothing, "by itself"),
            (ROWS, None, Cause::Nothing, "declined"),
            (ROWS, None, Cause::Notification, "by itself"),
            (ROWS, Some("http://h/trigger"), Cause::Nothing, "hook"),
        ];
        for (rows, hook, cause, expected) in table {
            let mut triggers = triggers(rows);
            triggers.hook = hook.map(|url| Hook::Url(Url::parse(url).unwrap()));
            let request = request("POST", "/app/calls/c/answer", json!({}));
            let found = triggers.means(&Expected::new(SCENARIO, 1, "http://h/", &request), cause);
            let found = match found {
                Ok(Means::Hook(_)) => "hook",
                Err(TriggerAnswer::NoAddress) => "by itself",
                Err(TriggerAnswer::Declined(why)) => {
                    assert_eq!(why, "no `[[trigger]]` matches answer");
                    "declined"
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{rows} {hook:?} {cause:?}");
        }
    }

    #[test]
    fn a_message_names_the_operation() {
        let request = request("POST", "/app/calls/c/answer", json!({"a": 1}));
        let message = Expected::new(SCENARIO, 2, "http://h/x", &request).message();
        let expected = json!({
            "scenario": SCENARIO, "step": 2, "operation": "answer",
            "request": {
                "method": "POST", "url": "http://h/x",
                "headers": {"Content-Type": "application/json"}, "body": {"a": 1},
            },
        });
        assert_eq!(message, expected);
    }
}
