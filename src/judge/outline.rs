//! What the steps of a script say, read once for all conversations that follow it.

use std::sync::Arc;

use serde_json::Value;

use super::bindings::{Bindings, Variables};
use super::page::request_key;
use super::service::{Entry, documented_entries, relative};
use crate::api::resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::{Change, Signature};
use crate::http::message::Body;
use crate::scenario::format::{HeaderFields, Script, Step};

/// The steps of a script, as far as judges ask the same of them again and again.
#[derive(Debug)]
pub(crate) struct Outline {
    steps: Vec<Line>,
    variables: Arc<Variables>,
    literally: Arc<Variables>,
}

/// What one step says.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The operation that a request asks for ([`resource::shape_of`]); empty of other steps.
    pub shape: String,
    /// The same with the method ([`request_key`]); empty of other steps.
    pub key: String,
    /// The entries of a notification as its template writes them.
    pub signature: Vec<Signature>,
    /// The entries of a notification as a service's judge waits for them.
    pub(super) entries: Vec<Arc<Entry>>,
    /// The variables of the message as it goes out, each once, those of a JSON body left out.
    variables: Vec<String>,
    /// The variables of a JSON body.
    of_body: Vec<String>,
}

impl Outline {
    /// Reads a script.
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

    /// What a step says, counted from 0.
    ///
    /// # Panics
    ///
    /// Where the script has no such step.
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
                line.text(&relative(&step.target));
            }
            Step::Response(_) | Step::Refusal(_) => {}
            Step::Notification(step) => {
                line.text(&step.target);
                let documented = step.body.json().and_then(change::entries);
                let documented = documented.into_iter().flatten();
                line.signature = documented
                    .map(|entry| Change::read(entry).signature())
                    .collect();
                let entries = documented_entries(script, at, step);
                line.entries = entries.into_iter().map(Arc::new).collect();
            }
        }
        if let Some(fields) = step.headers() {
            line.headers(fields);
        }
        match step.body() {
            Body::Json(body) => line.of_body = variables(body),
            Body::Text(text) => line.text(text),
            Body::Empty | Body::Bytes(_) | Body::Omitted(_) => {}
        }
        line
    }

    /// Binds every variable of the message, as filling it in does.
    pub(crate) fn settle(&self, bindings: &mut Bindings) {
        self.variables.iter().for_each(|name| bindings.settle(name));
        self.settle_body(bindings);
    }

    /// Binds every variable of a JSON body, as filling it in does.
    pub(crate) fn settle_body(&self, bindings: &mut Bindings) {
        self.of_body.iter().for_each(|name| bindings.settle(name));
    }

    fn text(&mut self, text: &str) {
        add(text, &mut self.variables);
    }

    /// The fields that go out; a token is the run's own.
    fn headers(&mut self, fields: &HeaderFields) {
        for (name, value) in fields {
            if !name.eq_ignore_ascii_case("authorization") {
                self.text(value);
            }
        }
    }
}

/// Adds the variables of a text that are not known yet.
fn add(text: &str, names: &mut Vec<String>) {
    for name in template::variables(text) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
}

/// The variables in a JSON template, each once.
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
