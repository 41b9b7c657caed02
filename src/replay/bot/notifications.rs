//! The recorded change notifications, which a live service must send again. Each change is an entry; a message has one
//! or more entries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource;
use crate::contract::change;
use crate::contract::change::Change;
use crate::http::message::{Body, Omission, Request};
use crate::replay::matching::at::At;
use crate::replay::matching::comparison::Comparison;
use crate::replay::matching::content::Content;
use crate::replay::rules::ExchangeRules;
use crate::replay::values;
use crate::replay::values::TextKind;
use crate::replay::values::mapping::Mapping;

#[derive(Debug, Default)]
pub(super) struct ExpectedEntries {
    entries: Vec<ExpectedEntry>,
    by_call: HashMap<String, Vec<usize>>,
    missing: usize,
}

#[derive(Debug)]
pub(super) struct ExpectedEntry {
    pub exchange: usize,
    pub method: Arc<str>,
    path: Arc<str>,
    pub value: Value,
    /// Its index in the body; none where it is the whole body.
    at: Option<usize>,
    rules: ExchangeRules,
    /// The body was not kept, so that nothing can be compared.
    is_omitted: bool,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Missing,
    /// Its cause was skipped, so that it may be missing.
    Optional,
    /// It was received, or given up.
    Over,
}

#[derive(Debug)]
pub(super) struct LiveEntry {
    /// The number of its message in the outcome.
    pub message: usize,
    /// The method of its message; none for all but the first entry of a message.
    pub method: Option<String>,
    pub path: String,
    pub value: Value,
}

#[derive(Debug)]
pub(super) struct Nearest {
    pub entry: usize,
    pub comparison: Comparison,
}

impl ExpectedEntries {
    /// Adds the entries of a notification, which these rules are about. Returns their number.
    pub(super) fn add(
        &mut self,
        exchange: usize,
        request: &Request,
        rules: &ExchangeRules,
    ) -> usize {
        let path: Arc<str> = resource::path_of(&request.target).into();
        let method: Arc<str> = request.method.as_str().into();
        let is_omitted = matches!(
            request.body,
            Body::Omitted(Omission::NotKept { .. } | Omission::NotInFile { .. })
        );
        let values = match &request.body {
            Body::Json(body) => entries(body),
            _ => vec![Value::Null],
        };
        let is_listed = request.body.json().and_then(change::entries).is_some();
        let count = values.len();
        self.missing += count;
        for (index, value) in values.into_iter().enumerate() {
            let call = Change::read(&value).call().map(identifier::normal);
            let of_call = self.by_call.entry(call.unwrap_or_default()).or_default();
            of_call.push(self.entries.len());
            self.entries.push(ExpectedEntry {
                exchange,
                method: Arc::clone(&method),
                path: Arc::clone(&path),
                value,
                at: is_listed.then_some(index),
                rules: rules.clone(),
                is_omitted,
                state: State::Missing,
            });
        }
        count
    }

    pub(super) fn get(&self, entry: usize) -> &ExpectedEntry {
        &self.entries[entry]
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) const fn missing(&self) -> usize {
        self.missing
    }

    /// The entries about a recorded call, by its [normal form](identifier::normal).
    pub(super) fn of_call(&self, call: &str) -> &[usize] {
        self.by_call
            .get(call)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(super) fn of_path(&self, path: &str) -> Vec<usize> {
        let is_there = |entry: &usize| *self.entries[*entry].path == *path;
        (0..self.entries.len()).filter(is_there).collect()
    }

    /// An entry of a notification to this path whose body was not kept.
    pub(super) fn omitted(&self, path: &str) -> Option<usize> {
        let is_it =
            |it: &ExpectedEntry| it.is_omitted && it.state != State::Over && *it.path == *path;
        self.entries.iter().position(is_it)
    }

    pub(super) fn missing_of(&self, exchange: usize) -> Vec<usize> {
        // They stand in the order of their exchanges.
        let first = self.entries.partition_point(|it| it.exchange < exchange);
        let of_exchange = self.entries[first..].iter().enumerate();
        let of_exchange = of_exchange.take_while(|(_, it)| it.exchange == exchange);
        let missing = of_exchange.filter(|(_, it)| it.state == State::Missing);
        missing.map(|(at, _)| first + at).collect()
    }

    /// Of these entries the first that a live value equals, else the one with the fewest
    /// differences.
    pub(super) fn nearest(
        &self,
        candidates: &[usize],
        mapping: &Mapping,
        live: &Value,
    ) -> Option<Nearest> {
        let kind = Change::read(live).kind();
        let mut nearest: Option<Nearest> = None;
        for entry in candidates {
            let expected = &self.entries[*entry];
            if expected.state == State::Over || Change::read(&expected.value).kind() != kind {
                continue;
            }
            let mut comparison = Comparison::by(expected.rules.clone()).pairing_times();
            let [recorded, live] = [&expected.value, live].map(Content::of_value);
            let list = At::Property(&At::Body, "value");
            let at = expected.at.map_or(At::Body, |at| At::Item(&list, at));
            comparison.contents_at(mapping, &recorded, &live, at);
            let count = comparison.differences.len();
            if nearest
                .as_ref()
                .is_none_or(|it| count < it.comparison.differences.len())
            {
                nearest = Some(Nearest {
                    entry: *entry,
                    comparison,
                });
            }
            if count == 0 {
                break;
            }
        }
        nearest
    }

    /// The first entry that did not come and is about the same thing as a live one, whatever it says.
    pub(super) fn changed_to(
        &self,
        live: &Value,
        mapping: &Mapping,
        came: &HashSet<usize>,
    ) -> Option<(usize, usize)> {
        let live = Change::read(live);
        let recorded = |id: &str| identifier::normal(mapping.recorded(id).unwrap_or(id));
        let call = recorded(live.call()?);
        let operation = live.operation().map(recorded);
        let mut entries = self.of_call(&call).iter();
        let entry = *entries.find(|entry| {
            let expected = Change::read(&self.entries[**entry].value);
            let of_expected = expected.operation().map(identifier::normal);
            !came.contains(entry)
                && expected.subject == live.subject
                && expected.change_type == live.change_type
                && of_expected == operation
        })?;
        Some((self.entries[entry].exchange, entry))
    }

    /// Sets the state of an entry; true if it was missing before.
    pub(super) fn settle(&mut self, entry: usize, state: State) -> bool {
        let was = std::mem::replace(&mut self.entries[entry].state, state);
        if was != State::Missing {
            return false;
        }
        // rustc 1.95 and 1.97 lose a comparison that is both a number and, where the function is inlined, a condition:
        // `usize::from(was == State::Missing)` is anything in a release build.
        self.missing -= 1;
        true
    }
}

/// The entries of a live notification; its whole body where it has none.
pub(super) fn live_entries(body: &Body) -> Vec<Value> {
    entries(&body.to_json().unwrap_or_default())
}

fn entries(body: &Value) -> Vec<Value> {
    change::entries(body).map_or_else(|| vec![body.clone()], Clone::clone)
}

/// Maps every recorded callback address in a body to one below this run's callback, with the
/// recorded path.
pub(super) fn redirect_callbacks(body: &Value, callback: &str, mapping: &mut Mapping) {
    match body {
        Value::Object(properties) => {
            for (name, value) in properties {
                match value.as_str() {
                    Some(text) if values::text_kind(name, text) == TextKind::Address => {
                        let path = resource::path_of(text);
                        let live = format!("{}{path}", callback.trim_end_matches('/'));
                        mapping.redirect(text, &live);
                    }
                    _ => redirect_callbacks(value, callback, mapping),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                redirect_callbacks(item, callback, mapping);
            }
        }
        _ => {}
    }
}
