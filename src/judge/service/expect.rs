//! What the judge of a service waits for: one documented entry of a notification.

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

/// One documented entry, with its variables still in it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The step, counted from 0.
    pub step: usize,
    /// The line of the page where its body stands.
    pub line: usize,
    /// The entry as the scenario writes it.
    pub template: Value,
    /// The variables in it, each once.
    pub variables: Vec<String>,
    /// The entry as the page prints it.
    pub printed: Value,
    pub subject: Subject,
    pub change_type: String,
    pub word: Option<String>,
    /// The variable of the call that the path names.
    pub call: Option<String>,
    /// The variable of the operation that the path, or else the entity, names.
    pub operation: Option<String>,
    /// The kind of message, for the shape.
    pub kind: String,
}

/// One documented entry that is waited for.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub entry: Arc<Entry>,
    pub is_done: bool,
    /// The roster updates that have come for it.
    pub rosters: Vec<Arrival>,
    /// What came nearest, said where nothing comes nearer.
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

    /// Whether a notification is waited for that has no entries.
    pub(crate) fn is_whole(&self) -> bool {
        self.kind.is_empty()
    }
}

/// The entries of a documented notification.
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

/// A documented notification that has no entries: it comes as a whole. Of a text, whose template
/// is null, what it says is free.
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
