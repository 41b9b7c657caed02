//! Derived data of the steps of a script, computed once for all its conversations.

use std::sync::Arc;

use serde_json::Value;

use super::bindings::Variables;
use super::page::{printed, request_key};
use crate::api::resource;
use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::{Change, Signature, Subject};
use crate::contract::shape::{entities, lookup};
use crate::http::message::Body;
use crate::scenario::format::{NotificationStep, Script, Step};

/// Derived data of a script.
#[derive(Debug)]
pub(crate) struct Outline {
    steps: Vec<Line>,
    variables: Arc<Variables>,
    literally: Arc<Variables>,
}

#[derive(Debug, Default)]
pub(crate) struct Line {
    /// [`resource::shape_of`] of a request; empty for other steps.
    pub shape: String,
    pub key: String,
    /// The entries of a notification.
    pub entries: Vec<Arc<Entry>>,
    of_body: Vec<String>,
}

impl Outline {
    pub(crate) fn of(script: &Script) -> Self {
        let steps = script.steps.iter().enumerate();
        Self {
            steps: steps.map(|(at, step)| Line::of(script, at, step)).collect(),
            variables: Arc::new(Variables::of(script, false)),
            literally: Arc::new(Variables::of(script, true)),
        }
    }

    /// The variables, as a run that is literal or not takes them.
    pub(crate) const fn variables(&self, literal: bool) -> &Arc<Variables> {
        if literal {
            &self.literally
        } else {
            &self.variables
        }
    }

    /// `at` is counted from 0.
    ///
    /// # Panics
    ///
    /// If the script has no such step.
    pub(crate) fn step(&self, at: usize) -> &Line {
        &self.steps[at]
    }
}

impl Line {
    fn of(script: &Script, at: usize, step: &Step) -> Self {
        let mut line = Self::default();
        match step {
            Step::Request(step) => {
                line.shape = resource::shape_of(&step.target);
                line.key = request_key(step);
            }
            Step::Response(_) | Step::Refusal(_) => {}
            Step::Notification(step) => {
                let entries = documented_entries(script, at, step);
                line.entries = entries.into_iter().map(Arc::new).collect();
            }
        }
        if let Body::Json(body) = step.body() {
            line.of_body = variables(body);
        }
        line
    }

    /// The variables of a JSON body.
    pub(super) fn of_body(&self) -> impl Iterator<Item = &str> {
        self.of_body.iter().map(String::as_str)
    }
}

/// One documented entry, its variables not filled in. The step is counted from 0.
#[derive(Debug)]
pub(crate) struct Entry {
    pub step: usize,
    /// The line of its body in the page.
    pub line: usize,
    /// The entry as the scenario writes it.
    pub template: Value,
    /// The entry as the page prints it.
    pub printed: Value,
    pub signature: Signature,
    /// The variable of the call in the path.
    pub call: Option<String>,
    /// The variable of the operation in the path, or else in the entity.
    pub operation: Option<String>,
    /// The kind of message, for the shape.
    pub kind: String,
}

impl Entry {
    /// True for a notification without entries.
    pub(crate) fn is_whole(&self) -> bool {
        self.kind.is_empty()
    }
}

fn documented_entries(script: &Script, at: usize, step: &NotificationStep) -> Vec<Entry> {
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
                call,
                operation: match change.subject {
                    Subject::Operation => in_path.or_else(in_entity),
                    _ => None,
                },
                kind: change.kind(),
                signature: change.signature(),
                template: template.clone(),
                printed: printed.clone(),
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
        printed: template.clone(),
        template,
        signature: Signature {
            subject: Subject::Other,
            change_type: String::new(),
            word: None,
        },
        call: None,
        operation: None,
        kind: String::new(),
    }
}

fn variable(text: &str) -> Option<String> {
    template::sole_variable(text).map(str::to_owned)
}

/// Adds the variables of a text, without duplicates.
fn add(text: &str, names: &mut Vec<String>) {
    for name in template::variables(text) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
}

/// Without duplicates.
pub(super) fn variables(body: &Value) -> Vec<String> {
    let mut names = Vec::new();
    collect(body, &mut names);
    names
}

fn collect(body: &Value, names: &mut Vec<String>) {
    match body {
        Value::String(text) => add(text, names),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(properties) => properties.values().for_each(|it| collect(it, names)),
        _ => {}
    }
}
