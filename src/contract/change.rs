//! One entry of a notification: the changed resource, and the kind of change.
//!
//! Documented entries, whose identifiers may be templates, and real ones are read alike.

use serde_json::Value;

use super::shape::{entities, lookup};
use crate::api::resource::Resource;
use crate::diagnostic::pointer::Pointer;

/// The subject of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A call itself.
    Call,
    Operation,
    Roster,
    Other,
}

/// One entry of a notification's `value`, taken apart.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_field_names,
    reason = "`changeType` is the name of the property"
)]
pub(crate) struct Change<'a> {
    /// The original entry.
    pub entry: &'a Value,
    pub subject: Subject,
    /// `changeType` in lower case; empty where there is none.
    pub change_type: String,
    /// `status` of an operation or `state` of a call in lower case, where there is one.
    pub word: Option<String>,
    /// The resource in `resource`, or else in `resourceUrl`.
    pub resource: Option<Resource>,
    /// `resource` and `resourceUrl` name different things.
    pub is_contradictory: bool,
}

/// The segment of a path below which content sharing sessions are.
const SESSIONS: &str = "contentSharingSessions";

/// The properties that match an entry with a documented one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Signature {
    pub subject: Subject,
    /// `changeType` in lower case.
    pub change_type: String,
    /// `status` of an operation or `state` of a call in lower case, where there is one.
    pub word: Option<String>,
}

impl<'a> Change<'a> {
    /// The properties that match it with a documented entry.
    pub(crate) fn signature(self) -> Signature {
        Signature {
            subject: self.subject,
            change_type: self.change_type,
            word: self.word,
        }
    }

    /// Accepts any JSON; a missing property is empty.
    pub(crate) fn read(entry: &'a Value) -> Self {
        let text = |name: &str| text(entry, name);
        let (plain, url) = (text("resource"), text("resourceUrl"));
        let resource = plain.or(url).and_then(Resource::parse);
        let is_contradictory = match (plain, url) {
            (Some(plain), Some(url)) if plain == url => false,
            (Some(_), Some(url)) => match (&resource, Resource::parse(url)) {
                (Some(plain), Some(url)) => !plain.same(&url),
                _ => true,
            },
            _ => false,
        };
        let subject = subject_of(entry, resource.as_ref());
        let word = match subject {
            Subject::Operation => entity_text(entry, "status"),
            Subject::Call => entity_text(entry, "state"),
            _ => None,
        };
        Self {
            entry,
            subject,
            change_type: text("changeType").unwrap_or_default().to_ascii_lowercase(),
            word: word.map(str::to_ascii_lowercase),
            resource,
            is_contradictory,
        }
    }

    pub(crate) fn call(&self) -> Option<&str> {
        self.resource.as_ref()?.call()
    }

    /// The operation that the path names.
    pub(crate) fn operation(&self) -> Option<&str> {
        match &self.resource {
            Some(Resource::Operation { operation, .. }) => Some(operation),
            _ => None,
        }
    }

    /// The operations that `resource`, `resourceUrl` and the data name: one, unless they contradict each other.
    pub(crate) fn operations(&self) -> Vec<String> {
        let paths = ["resource", "resourceUrl"].into_iter();
        let paths = paths.filter_map(|name| Resource::parse(text(self.entry, name)?));
        let mut named: Vec<_> = paths
            .filter_map(|resource| match resource {
                Resource::Operation { operation, .. } => Some(operation),
                _ => None,
            })
            .collect();
        named.extend(self.id().map(ToOwned::to_owned));
        named
    }

    /// The id in the data.
    pub(crate) fn id(&self) -> Option<&'a str> {
        entity_text(self.entry, "id")
    }

    /// What kind of change it is by its data, where `changeType` is absent or unknown. `None` for data that do not show it.
    pub(crate) fn change_type_of_data(&self) -> Option<&'static str> {
        let is = |end: &str| self.word.as_deref() == Some(end);
        match self.subject {
            Subject::Call if is("incoming") => Some("created"),
            Subject::Call if is("terminated") => Some("deleted"),
            Subject::Operation if is("completed") || is("failed") => Some("deleted"),
            Subject::Call | Subject::Operation | Subject::Roster => Some("updated"),
            Subject::Other => None,
        }
    }

    /// The content sharing session that the path names, or those in the data under the path of the collection. Empty for
    /// a change of something else.
    pub(crate) fn sessions(&self) -> Vec<&str> {
        let Some(Resource::Action { action, .. }) = &self.resource else {
            return Vec::new();
        };
        let mut path = action.split('/');
        let is_session = path
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case(SESSIONS));
        match (path.next(), path.next()) {
            _ if !is_session => Vec::new(),
            (Some(id), None) => vec![id],
            (Some(_), Some(_)) => Vec::new(),
            (None, _) => {
                let ids = entities(self.data()).filter_map(|it| lookup(it, "id")?.1.as_str());
                ids.collect()
            }
        }
    }

    pub(crate) fn data(&self) -> &'a Value {
        data(self.entry)
    }

    /// True without a text in `resource` and `resourceUrl`.
    pub(crate) fn names_no_resource(&self) -> bool {
        let names = ["resource", "resourceUrl"];
        names.iter().all(|name| text(self.entry, name).is_none())
    }

    /// The place of the entity in a message whose entry is at `at`.
    pub(crate) fn entity_pointer(&self, at: &Pointer) -> Pointer {
        let pointer = at.key("resourceData");
        if self.data().is_array() {
            pointer.index(0)
        } else {
            pointer
        }
    }

    /// The kind of message, by which examples of a page are merged.
    pub(crate) fn kind(&self) -> String {
        let subject = match self.subject {
            Subject::Call => "call",
            Subject::Operation => "operation",
            Subject::Roster => "participants",
            Subject::Other => "other",
        };
        let word = self.word.as_deref().unwrap_or_default();
        format!("{subject} {} {word}", self.change_type)
    }
}

/// A text that is not empty.
fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    let text = lookup(entry, name)?.1.as_str();
    text.filter(|it| !it.is_empty())
}

pub(crate) fn data(entry: &Value) -> &Value {
    lookup(entry, "resourceData").map_or(&Value::Null, |(_, data)| data)
}

/// Content takes precedence over the path, as one page prints a roster under the path of an
/// operation.
fn subject_of(entry: &Value, resource: Option<&Resource>) -> Subject {
    let data = data(entry);
    let has = |name: &str| entities(data).any(|entity| lookup(entity, name).is_some());
    let is = |name: &str| {
        entities(data).any(|entity| {
            lookup(entity, "@odata.type")
                .and_then(|(_, value)| value.as_str())
                .is_some_and(|printed| printed.ends_with(name))
        })
    };
    if is(".participant") || has("info") {
        return Subject::Roster;
    }
    match resource {
        Some(Resource::Operation { .. }) => Subject::Operation,
        Some(Resource::Participants(_) | Resource::Participant { .. }) => Subject::Roster,
        Some(Resource::Call(_)) => Subject::Call,
        _ if is("Operation") => Subject::Operation,
        _ if is(".call") => Subject::Call,
        None if has("state") => Subject::Call,
        None if has("status") => Subject::Operation,
        _ => Subject::Other,
    }
}

fn entity_text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    let (_, data) = lookup(entry, "resourceData")?;
    entities(data).find_map(|entity| lookup(entity, name)?.1.as_str())
}

/// The members of `value`; `None` if it is not a collection, or empty.
pub(crate) fn collection(body: &Value) -> Option<&Vec<Value>> {
    let members = lookup(body, "value")?.1.as_array()?;
    (!members.is_empty()).then_some(members)
}

/// The entries of a body; `None` if `value` is not a collection of objects, or empty.
pub(crate) fn entries(body: &Value) -> Option<&Vec<Value>> {
    collection(body).filter(|members| members.iter().all(Value::is_object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_recognized_by_content_and_path() {
        let table = [
            (
                json!({"resource": "/app/calls/1", "changeType": "Updated",
                    "resourceData": {"state": "Established"}}),
                "call updated established",
            ),
            (
                json!({"resourceUrl": "/communications/calls/1/operations/2",
                    "changeType": "deleted", "resourceData": {"status": "completed"}}),
                "operation deleted completed",
            ),
            (
                json!({"resource": "/app/calls/1/operations/participants", "changeType": "updated",
                    "resourceData": [{"info": {}}]}),
                "participants updated ",
            ),
            (
                json!({"resource": "/app/calls/1/participants", "changeType": "updated",
                    "resourceData": []}),
                "participants updated ",
            ),
            (json!({"resource": "/other"}), "other  "),
            (
                json!({"resourceData": {"status": "failed"}, "changeType": "deleted"}),
                "operation deleted failed",
            ),
            (
                json!({"resource": "", "resourceUrl": "/app/calls/1", "changeType": "updated"}),
                "call updated ",
            ),
        ];
        for (entry, kind) in table {
            assert_eq!(Change::read(&entry).kind(), kind);
        }
    }

    #[test]
    fn both_names_of_a_resource_name_one_thing() {
        let contradictory = |resource: &str, url: &str| {
            Change::read(&json!({"resource": resource, "resourceUrl": url})).is_contradictory
        };
        assert!(!contradictory(
            "/app/calls/1",
            "https://host/beta/communications/calls/1"
        ));
        assert!(contradictory("/app/calls/1", "/communications/calls/2"));
        assert!(contradictory(
            "/app/calls/1",
            "/communications/calls/1/participants"
        ));
    }

    #[test]
    fn entries_are_objects_in_a_collection() {
        assert!(entries(&json!({"value": [{}]})).is_some());
        for body in [
            json!({}),
            json!({"value": {}}),
            json!({"value": []}),
            json!({"value": [1]}),
        ] {
            assert!(entries(&body).is_none(), "{body}");
        }
    }
}
