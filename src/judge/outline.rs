//! Derived data of the steps of a script, computed once for all its conversations.

use std::sync::Arc;

use serde_json::Value;

use super::bindings::{Bindings, Variables};
use super::page::request_key;
use super::service::{Entry, documented_entries};
use crate::api::resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::{Change, Signature};
use crate::http::message::Body;
use crate::scenario::format::{Script, Step};

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
    /// The signatures of a notification's entries.
    pub signature: Vec<Signature>,
    /// The entries of a notification that a service's judge expects.
    pub(super) entries: Vec<Arc<Entry>>,
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
                let documented = step.body.json().and_then(change::entries);
                let documented = documented.into_iter().flatten();
                line.signature = documented
                    .map(|entry| Change::read(entry).signature())
                    .collect();
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

    /// Binds every variable of a JSON body, like filling in its template.
    pub(crate) fn bind_body_variables(&self, bindings: &mut Bindings) {
        self.of_body
            .iter()
            .for_each(|name| bindings.bind_default(name));
    }
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
