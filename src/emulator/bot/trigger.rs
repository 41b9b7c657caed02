//! Reads a trigger: the request that it describes becomes an intention of the bot, from which the bot makes a
//! request of its own.

use serde_json::{Map, Value, json};

use super::operation::{Operation, Parameter, Takes};
use super::value::{Given, Person};
use super::variant::BotVariant as Variant;
use crate::api::resource::{behind_scheme, path_of};
use crate::http::message::Body;

/// The namespace that may precede the name of an action.
pub(super) const NAMESPACE: &str = "microsoft.graph.";

/// The name that the oldest pages have for `recordResponse`.
const RECORD: &str = "record";

/// What the bot is to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Intention {
    pub(super) operation: Operation,
    /// The URL up to `calls`.
    calls: String,
    /// The identifiers in the path: the call, then a thing below it.
    ids: Vec<String>,
    /// With its question mark. Empty where there is none.
    query: String,
    content: Content,
    /// True for the old name of the action.
    is_old: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Nothing,
    /// A call that is created or answered, as it is described.
    Call(Map<String, Value>),
    Parameters(Vec<(&'static str, Given)>),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TriggerError {
    #[error("the body of the triggered request is not a JSON object")]
    Body,
    #[error("the triggered {} has no `{}`", operation.name(), parameter)]
    Missing {
        operation: Operation,
        parameter: &'static str,
    },
    #[error("the built-in bot cannot use the `{}` of the triggered {}", parameter, operation.name())]
    Unusable {
        operation: Operation,
        parameter: &'static str,
    },
    #[error("a participant of the triggered {} has no identity", operation.name())]
    Identity { operation: Operation },
    #[error("the built-in bot does not know how to {method} {url}")]
    Unknown { method: String, url: String },
}

impl Intention {
    pub(super) fn read(method: &str, url: &str, body: &Value) -> Result<Self, TriggerError> {
        let unknown = || TriggerError::Unknown {
            method: method.to_owned(),
            url: url.to_owned(),
        };
        let address = Address::read(url).ok_or_else(unknown)?;
        let mut segments = address.segments.clone();
        let mut is_old = false;
        let mut is_qualified = false;
        if let Some(last) = segments.last_mut() {
            if let Some(action) = last.strip_prefix(NAMESPACE) {
                (*last, is_qualified) = (action, true);
            }
            if *last == RECORD {
                (*last, is_old) = ("recordResponse", true);
            }
        }
        let operation = Operation::find(method, &segments).ok_or_else(unknown)?;
        if is_qualified && !operation.is_action() {
            return Err(unknown());
        }
        let patterns = operation.path().split('/').zip(segments);
        let ids = patterns.filter(|(pattern, _)| *pattern == "{}");
        Ok(Self {
            operation,
            calls: address.calls.to_owned(),
            ids: ids.map(|(_, id)| id.to_owned()).collect(),
            query: address.query.to_owned(),
            content: Content::read(operation, body)?,
            is_old,
        })
    }

    /// An intention of the bot's own about a call. `calls` is the URL up to `calls`.
    pub(super) fn about(
        operation: Operation,
        calls: &str,
        call: &str,
        given: Vec<(&'static str, Given)>,
    ) -> Self {
        Self {
            operation,
            calls: calls.to_owned(),
            ids: vec![call.to_owned()],
            query: String::new(),
            content: match operation.takes() {
                Takes::Nothing => Content::Nothing,
                Takes::Call | Takes::Parameters(_) => Content::Parameters(given),
            },
            is_old: false,
        }
    }

    /// Answers a call with media that the service plays.
    pub(super) fn answer(calls: &str, call: &str) -> Self {
        let body = json!({
            "callbackUri": "",
            "acceptedModalities": ["audio"],
            "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
        });
        Self {
            content: Content::Call(body.as_object().cloned().unwrap_or_default()),
            ..Self::about(Operation::Answer, calls, call, Vec::new())
        }
    }

    pub(super) fn url(&self) -> String {
        let mut ids = self.ids.iter();
        let mut url = self.calls.clone();
        for pattern in self.operation.path().split('/').skip(1) {
            url.push('/');
            url.push_str(match pattern {
                "{}" => ids.next().map_or("", String::as_str),
                "recordResponse" if self.is_old => RECORD,
                literal => literal,
            });
        }
        url + &self.query
    }

    /// The URL of the call.
    pub(super) fn call_url(&self) -> Option<String> {
        Some(format!("{}/{}", self.calls, self.call()?))
    }

    pub(super) fn call(&self) -> Option<&str> {
        self.ids.first().map(String::as_str)
    }

    pub(super) fn body(&self, callback: &str, variant: Option<Variant>) -> Body {
        match &self.content {
            Content::Nothing => Body::Empty,
            Content::Call(described) => Body::Json(own_call(described, callback).into()),
            Content::Parameters(given) => {
                let write = |(name, value): &(&'static str, Given)| {
                    Some(((*name).to_owned(), value.write(callback, variant)?))
                };
                Body::Json(Value::Object(given.iter().filter_map(write).collect()))
            }
        }
    }

    /// True for an invitation of somebody whose call is replaced.
    pub(super) fn replaces(&self) -> bool {
        let Content::Parameters(given) = &self.content else {
            return false;
        };
        given.iter().any(|(_, value)| match value {
            Given::People(people) => people.iter().any(|it: &Person| it.replaces.is_some()),
            _ => false,
        })
    }
}

impl Content {
    fn read(operation: Operation, body: &Value) -> Result<Self, TriggerError> {
        let object = body.as_object().ok_or(TriggerError::Body);
        match operation.takes() {
            Takes::Nothing => Ok(Self::Nothing),
            Takes::Call => object.map(|it| Self::Call(it.clone())),
            Takes::Parameters(parameters) => {
                let empty = Map::new();
                let body = match object {
                    Ok(object) => object,
                    Err(_) if body.is_null() => &empty,
                    Err(error) => return Err(error),
                };
                let read = |parameter: &'static Parameter| {
                    let given = Given::read(operation, parameter, body).transpose()?;
                    Some(given.map(|given| (parameter.name, given)))
                };
                let given: Result<Vec<_>, _> = parameters.iter().filter_map(read).collect();
                given.map(Self::Parameters)
            }
        }
    }
}

/// The described call with the bot's own callback and subject.
fn own_call(described: &Map<String, Value>, callback: &str) -> Map<String, Value> {
    let mut body = described.clone();
    // 2019-05 has `callback`, later pages `callbackUri`.
    let name = if described.contains_key("callback") {
        "callback"
    } else {
        "callbackUri"
    };
    body.insert(name.to_owned(), callback.into());
    if body.contains_key("subject") {
        body.insert("subject".to_owned(), "A call of the built-in bot".into());
    }
    body
}

/// A URL of the calling API.
#[derive(Debug)]
pub(super) struct Address<'u> {
    /// Up to `calls`.
    pub(super) calls: &'u str,
    /// From `calls` on.
    pub(super) segments: Vec<&'u str>,
    /// With its question mark.
    pub(super) query: &'u str,
}

impl<'u> Address<'u> {
    pub(super) fn read(url: &'u str) -> Option<Self> {
        let path = path_of(url);
        let start = behind_scheme(url).map_or(0, |rest| {
            let path = rest.find('/').unwrap_or(rest.len());
            url.len() - rest.len() + path
        });
        let end = |at: usize| at + "/calls".len();
        let mut found = path.match_indices("/calls").map(|(at, _)| end(at));
        let end = found.find(|end| path[*end..].is_empty() || path[*end..].starts_with('/'))?;
        let below = path[end..].split('/').filter(|it| !it.is_empty());
        let query = &url[start + path.len()..];
        Some(Self {
            calls: &url[..start + end],
            segments: std::iter::once("calls").chain(below).collect(),
            query: query.split('#').next().unwrap_or_default(),
        })
    }
}
