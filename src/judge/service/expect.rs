//! Expected entries of notifications.

use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

use super::Arrival;

use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::shape::{entities, lookup};
use crate::http::message::Body;
use crate::judge::outline;
use crate::judge::page::printed;
use crate::judge::record::Breach;
use crate::scenario::format::{NotificationStep, Script};

/// One documented entry, its variables not filled in. The step is counted from 0.
#[derive(Debug)]
pub(crate) struct Entry {
    pub step: usize,
    /// The line of its body in the page.
    pub line: usize,
    /// The entry as the scenario writes it.
    pub template: Value,
    pub variables: Vec<String>,
    /// The entry as the page prints it.
    pub printed: Value,
    pub subject: Subject,
    pub change_type: String,
    pub word: Option<String>,
    /// The variable of the call in the path.
    pub call: Option<String>,
    /// The variable of the operation in the path, or else in the entity.
    pub operation: Option<String>,
    /// The kind of message, for the shape.
    pub kind: String,
}

/// One expected entry.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub entry: Arc<Entry>,
    pub is_done: bool,
    /// Roster updates that arrived for it.
    pub rosters: Vec<Arrival>,
    /// The nearest entry that arrived, reported if the expected one is missing.
    pub nearest: Option<Breach>,
}

impl Deref for Expected {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}

impl Expected {
    pub(crate) fn new(entry: &Arc<Entry>) -> Self {
        Self {
            entry: Arc::clone(entry),
            is_done: false,
            rosters: Vec::new(),
            nearest: None,
        }
    }

    /// True for a notification without entries.
    pub(crate) fn is_whole(&self) -> bool {
        self.kind.is_empty()
    }
}

pub(crate) fn documented_entries(
    script: &Script,
    at: usize,
    step: &NotificationStep,
) -> Vec<Entry> {
    let Body::Json(body) = &step.body else {
        return vec![whole(at, step, Value::Null)];
    };
    let Some(found) = change::entries(body) else {
        return vec![whole(at, step, body.clone())];
    };
    found
        .iter()
        .map(|template| {
            let printed = printed(script, template);
            let change = Change::read(&printed);
            let resource = Change::read(template).resource;
            let call = resource
                .as_ref()
                .and_then(Resource::call)
                .and_then(variable);
            let in_path = match &resource {
                Some(Resource::Operation { operation, .. }) => variable(operation),
                _ => None,
            };
            let in_entity = || {
                let (_, data) = lookup(template, "resourceData")?;
                entities(data).find_map(|entity| variable(lookup(entity, "id")?.1.as_str()?))
            };
            Entry {
                step: at,
                line: step.body_line,
                subject: change.subject,
                change_type: change.change_type.clone(),
                word: change.word.clone(),
                call,
                operation: match change.subject {
                    Subject::Operation => in_path.or_else(in_entity),
                    _ => None,
                },
                kind: change.kind(),
                template: template.clone(),
                variables: outline::variables(template),
                printed,
            }
        })
        .collect()
}

/// A documented notification without entries is expected as a whole. The template of a text is
/// null, as any text is accepted.
fn whole(at: usize, step: &NotificationStep, template: Value) -> Entry {
    Entry {
        step: at,
        line: step.body_line,
        variables: outline::variables(&template),
        template,
        printed: Value::Null,
        subject: Subject::Other,
        change_type: String::new(),
        word: None,
        call: None,
        operation: None,
        kind: String::new(),
    }
}

fn variable(text: &str) -> Option<String> {
    template::sole_variable(text).map(str::to_owned)
}
