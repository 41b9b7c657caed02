//! Notifications as the bot reads them, and the bot's memory of its calls and operations.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use serde_json::Value;

use super::request::RequestBuilder;
use crate::api::identifier;
use crate::api::resource::{Resource, path_of};
use crate::http::message::{Request, is_json};

#[derive(Debug)]
pub(super) struct Entry<'v> {
    /// None for a resource that is no part of a call, such as a presence.
    pub(super) resource: Option<Resource>,
    pub(super) change: String,
    pub(super) data: &'v Value,
    whole: &'v Value,
}

impl<'v> Entry<'v> {
    fn read(value: &'v Value) -> Result<Self, NotificationError> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let change = text("changeType").unwrap_or("").to_lowercase();
        if !["created", "updated", "deleted"].contains(&change.as_str()) {
            return Err(NotificationError::ChangeType(change));
        }
        let named = text("resourceUrl").or_else(|| text("resource"));
        let resource = named.and_then(Resource::parse);
        if resource.is_none() && !named.is_some_and(is_of_communications) {
            return Err(NotificationError::Resource);
        }
        Ok(Self {
            resource,
            change,
            data: value.get("resourceData").unwrap_or(&Value::Null),
            whole: value,
        })
    }

    pub(super) fn call(&self) -> Option<&str> {
        self.resource.as_ref()?.call()
    }

    /// True if the entry has properties other than these.
    pub(super) fn has_unknown_properties(&self, documented: &[&str]) -> bool {
        let properties = self.whole.as_object().into_iter().flatten();
        properties
            .into_iter()
            .any(|(name, _)| !documented.contains(&name.as_str()))
    }

    /// True for a failed invitation.
    pub(super) fn is_failure(&self) -> bool {
        let status = self.data.get("status").and_then(Value::as_str);
        status == Some("failed") && matches!(self.resource, Some(Resource::Operation { .. }))
    }
}

/// True for a resource of the API that may be about something else than a call.
fn is_of_communications(resource: &str) -> bool {
    let mut segments = path_of(resource).split('/');
    segments.any(|segment| matches!(segment, "communications" | "app" | "applications"))
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotificationError {
    #[error("a notification must be a POST")]
    Method,
    #[error("the media type of a notification must be application/json")]
    MediaType,
    #[error("a notification must have a non-empty collection `value`")]
    Entries,
    #[error("`{0}` is not a change type")]
    ChangeType(String),
    #[error("an entry must name its resource in `resource` or `resourceUrl`")]
    Resource,
}

impl NotificationError {
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::Method => 405,
            Self::MediaType => 415,
            Self::Entries | Self::ChangeType(_) | Self::Resource => 400,
        }
    }
}

/// The entries of a notification. A notification that is no collection, such as one that somebody joins a
/// recorded call, has none.
pub(super) fn entries(request: &Request) -> Result<Vec<Entry<'_>>, NotificationError> {
    if request.method != "POST" {
        return Err(NotificationError::Method);
    }
    if !request.headers.media_type().as_deref().is_some_and(is_json) {
        return Err(NotificationError::MediaType);
    }
    let body = request.body.json();
    if body.is_some_and(is_single) {
        return Ok(Vec::new());
    }
    let value = body.and_then(|body| body.get("value"));
    let entries = value.and_then(Value::as_array);
    let entries = entries.filter(|entries| !entries.is_empty());
    let entries = entries.ok_or(NotificationError::Entries)?;
    entries.iter().map(Entry::read).collect()
}

/// True for a notification that is an object of a type of its own.
fn is_single(body: &Value) -> bool {
    let kind = body.get("@odata.type").and_then(Value::as_str);
    body.get("value").is_none() && kind.is_some_and(|kind| kind.ends_with("Notification"))
}

/// The calls and operations in notifications and answers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    states: HashMap<String, String>,
    operations: HashMap<String, Operation>,
    /// Digests of the recorded entries: a repeated entry changes nothing.
    seen: HashSet<u64>,
    /// The number of unanswered requests, by call.
    open_requests: HashMap<String, usize>,
    invitations: HashMap<String, Invitation>,
}

#[derive(Debug)]
struct Invitation {
    builder: RequestBuilder,
    has_ended: bool,
}

#[derive(Debug, Default)]
struct Operation {
    status: String,
    /// True if the operation replaces no call: only the roster follows its end.
    is_simple: bool,
    has_roster: bool,
    call: String,
}

impl Memory {
    /// Records an operation from an answer.
    pub(super) fn begin_operation(&mut self, id: &str, call: &str, is_simple: bool) {
        let operation = self.operations.entry(identifier::normal(id)).or_default();
        operation.is_simple = is_simple;
        call.clone_into(&mut operation.call);
    }

    pub(super) fn begin_request(&mut self, builder: &RequestBuilder) {
        let named = Resource::parse(&builder.url);
        let Some(call) = named.as_ref().and_then(Resource::call) else {
            return;
        };
        *self
            .open_requests
            .entry(identifier::normal(call))
            .or_default() += 1;
        if builder.url.ends_with("/participants/invite") {
            let invitation = Invitation {
                builder: builder.clone(),
                has_ended: false,
            };
            self.invitations
                .insert(identifier::normal(call), invitation);
        }
    }

    pub(super) fn invitation(&self, call: &str) -> Option<RequestBuilder> {
        let invitation = self.invitations.get(&identifier::normal(call))?;
        Some(invitation.builder.clone())
    }

    /// True for the roster of a call with an open invitation.
    pub(super) fn is_early_roster(&self, resource: Option<&Resource>) -> bool {
        let Some(Resource::Participants(call)) = resource else {
            return false;
        };
        let invitation = self.invitations.get(&identifier::normal(call));
        invitation.is_some_and(|invitation| !invitation.has_ended)
    }

    /// Ends a request: it is answered, or will never be.
    pub(super) fn end_request(&mut self, url: &str) {
        let named = Resource::parse(url);
        let call = named.as_ref().and_then(Resource::call);
        if let Some(count) = call.and_then(|it| self.open_requests.get_mut(&identifier::normal(it)))
        {
            *count -= 1;
        }
    }

    pub(super) fn has_open_request(&self, call: &str) -> bool {
        let count = self.open_requests.get(&identifier::normal(call));
        count.is_some_and(|count| *count > 0)
    }

    /// Records an entry. Returns false for a repeated one.
    pub(super) fn record(&mut self, entry: &Entry<'_>) -> bool {
        let (resource, change, data) = (&entry.resource, entry.change.as_str(), entry.data);
        let mut hasher = DefaultHasher::new();
        (change, serde_json::to_vec(data).ok()).hash(&mut hasher);
        let call = resource.as_ref().and_then(Resource::call);
        call.map(identifier::normal).hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return false;
        }
        let word = |name: &str| {
            data.get(name)
                .and_then(Value::as_str)
                .map(str::to_lowercase)
        };
        let Some(resource) = resource else {
            return true;
        };
        match resource {
            Resource::Call(call) if change == "deleted" => {
                self.states
                    .insert(identifier::normal(call), "deleted".to_owned());
            }
            Resource::Call(call) => {
                if let Some(state) = word("state") {
                    self.states.insert(identifier::normal(call), state);
                }
            }
            Resource::Operation { call, operation } => {
                let operation = self
                    .operations
                    .entry(identifier::normal(operation))
                    .or_default();
                operation.status = word("status").unwrap_or_default();
                call.clone_into(&mut operation.call);
                let has_ended = matches!(operation.status.as_str(), "completed" | "failed");
                if let Some(invitation) = self.invitations.get_mut(&identifier::normal(call)) {
                    invitation.has_ended |= has_ended;
                }
            }
            Resource::Participants(call) => {
                let is_of_call =
                    |operation: &&mut Operation| identifier::same(&operation.call, call);
                self.operations
                    .values_mut()
                    .filter(is_of_call)
                    .for_each(|operation| operation.has_roster = true);
            }
            _ => {}
        }
        true
    }

    /// The last state of a call, `deleted` after its end.
    #[cfg(test)]
    pub(super) fn state(&self, call: &str) -> Option<&str> {
        self.states
            .get(&identifier::normal(call))
            .map(String::as_str)
    }

    /// True if an operation has ended and no further notification of it is expected.
    pub(super) fn is_over(&self, operation: &str) -> bool {
        let operation = self.operations.get(&identifier::normal(operation));
        operation.is_some_and(|operation| match operation.status.as_str() {
            "failed" => true,
            "completed" => operation.is_simple && operation.has_roster,
            _ => false,
        })
    }
}
