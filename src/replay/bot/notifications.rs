//! What the recorded bot is told: each change notification is held against those that were recorded
//! of its call.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Bot;
use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource;
use crate::cassette::format::{Content, Direction};
use crate::contract::change;
use crate::contract::change::Notice;
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::TrafficMessage;
use crate::replay::matching::comparison::Comparison;
use crate::replay::outcome::Place;
use crate::replay::values;
use crate::replay::values::generated;
use crate::replay::values::mapping::Mapping;

/// What notifications are answered.
const ACKNOWLEDGED: u16 = 202;

/// What notifications are answered that go to the callback of another run.
const NOT_FOUND: u16 = 404;

/// One recorded change notification.
#[derive(Debug)]
pub(super) struct Awaited {
    exchange: usize,
    method: Arc<str>,
    /// The path that it went to.
    path: Arc<str>,
    entry: Value,
    /// Whether it was not kept, so that nothing can be held against it.
    is_omitted: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    /// It may come, and need not: what brought it about was passed over.
    Excused,
    /// It has come, or was given up.
    Over,
}

/// One live change notification.
#[derive(Debug)]
pub(super) struct Came {
    /// The message that it came in.
    message: usize,
    /// The method that it came by; none for what came in the same message behind another one.
    method: Option<String>,
    /// The path that it came to.
    path: String,
    entry: Value,
}

impl Bot {
    /// Awaits what the recorded bot was told, where this run takes notifications.
    ///
    /// # Errors
    ///
    /// As [`Index::load`](crate::replay::recording::Index::load) has.
    pub(super) fn listen(&mut self) -> Result<(), Diagnostic> {
        for index in 0..self.recorded.len() {
            let exchange = self.recorded.load(index)?;
            if let Content::Json(body) = &exchange.request.body {
                redirect(body, &self.callback, &mut self.mapping);
            }
            if exchange.direction == Direction::Request {
                continue;
            }
            let entries = entries(&exchange.request.body);
            let path: Arc<str> = resource::path_of(&exchange.request.target).into();
            let method: Arc<str> = exchange.request.method.as_str().into();
            let group = &mut self.groups[self.recorded.group(index)];
            group.missing.insert(index, entries.len());
            self.missing += entries.len();
            for entry in entries {
                let call = Notice::read(&entry).call().map(identifier::normal);
                let of_call = self.by_call.entry(call.unwrap_or_default()).or_default();
                of_call.push(self.awaited.len());
                self.awaited.push(Awaited {
                    exchange: index,
                    method: Arc::clone(&method),
                    path: Arc::clone(&path),
                    entry,
                    is_omitted: matches!(exchange.request.body, Content::Omitted { .. }),
                    state: State::Missing,
                });
            }
        }
        Ok(())
    }

    /// The service sent a notification. The status is what the bot answers.
    pub fn received(&mut self, mut request: Request) -> u16 {
        if let Some(rest) = request
            .target
            .strip_prefix(resource::path_of(&self.callback))
        {
            let slash = if rest.starts_with('/') { "" } else { "/" };
            request.target = format!("{slash}{rest}");
        }
        let path = resource::path_of(&request.target).to_owned();
        if generated::is_of_a_run(&path) {
            let note = format!("a notification of another run came to `{path}`, and was not taken");
            self.record.note(note);
            return NOT_FOUND;
        }
        let mut method = Some(request.method.clone());
        let body = request.body.clone();
        let message = TrafficMessage::Request(request.into());
        let message = self.record.traffic(Party::Service, None, message);
        let acknowledgement = Response {
            status: ACKNOWLEDGED,
            headers: Headers::new(),
            body: Body::Empty,
        };
        let acknowledgement = TrafficMessage::Response(acknowledgement.into());
        self.record.traffic(Party::Bot, None, acknowledgement);
        let entries = match &body {
            Body::Json(body) => change::entries(body).cloned(),
            _ => None,
        };
        for entry in entries.unwrap_or_else(|| vec![body.json().cloned().unwrap_or_default()]) {
            let path = path.clone();
            self.entry(Came {
                message,
                method: method.take(),
                path,
                entry,
            });
        }
        ACKNOWLEDGED
    }

    pub(super) fn entry(&mut self, came: Came) {
        let live = &came.entry;
        let notice = Notice::read(live);
        let kind = notice.kind();
        let call = notice.call().unwrap_or_default();
        let recorded_call = self.mapping.recorded(call).map(identifier::normal);
        let places: Vec<usize> = match &recorded_call {
            Some(call) => self.by_call.get(call).cloned().unwrap_or_default(),
            None if self.open > 0 => {
                self.held.push(came);
                return;
            }
            // The service makes the call up by this. Paths of callbacks stay as they were.
            None => {
                let came_there = |place: &usize| *self.awaited[*place].path == came.path;
                (0..self.awaited.len()).filter(came_there).collect()
            }
        };
        let mut nearest: Option<(usize, Comparison)> = None;
        for place in places {
            let awaited = &self.awaited[place];
            if awaited.state == State::Over || Notice::read(&awaited.entry).kind() != kind {
                continue;
            }
            let comparison = Comparison::of_bodies(&self.mapping, Some(&awaited.entry), Some(live));
            if comparison.differences.is_empty() {
                comparison.commit(&mut self.mapping);
                self.came(place, &came);
                return;
            }
            let count = comparison.differences.len();
            if nearest
                .as_ref()
                .is_none_or(|(_, it)| count < it.differences.len())
            {
                nearest = Some((place, comparison));
            }
        }
        if let Some((place, comparison)) = nearest.filter(|_| recorded_call.is_some()) {
            let index = self.awaited[place].exchange;
            let differences = comparison.differences;
            let rule = Rule::NotificationBody;
            self.record.differ(&self.recorded, index, rule, differences);
            self.came(place, &came);
            return;
        }
        if let Some(place) = self.omitted(&came.path) {
            self.came(place, &came);
            return;
        }
        let first = recorded_call.and_then(|call| self.by_call.get(&call)?.first().copied());
        let index = first.map_or(0, |place| self.awaited[place].exchange);
        let message = format!("a notification of `{}` was not recorded", kind.trim());
        self.report(
            index,
            Rule::NotificationUnexpected,
            (Value::Null, came.entry),
            message,
        );
    }

    /// What is awaited at a path that nothing can be held against.
    fn omitted(&mut self, path: &str) -> Option<usize> {
        let is_it = |it: &Awaited| it.is_omitted && it.state != State::Over && *it.path == *path;
        let place = self.awaited.iter().position(is_it)?;
        let number = self.recorded.number(self.awaited[place].exchange);
        self.record.note(format!(
            "the notification of exchange {number} was not kept, and is not compared"
        ));
        Some(place)
    }

    fn came(&mut self, place: usize, came: &Came) {
        self.record.played += 1;
        let awaited = &self.awaited[place];
        let (exchange, message) = (awaited.exchange, came.message);
        if let Some(live) = came.method.as_deref().filter(|it| **it != *awaited.method) {
            let pair = (json!(&*awaited.method), json!(live));
            let message = "the method is not what was recorded".to_owned();
            self.report(exchange, Rule::NotificationMethod, pair, message);
        }
        let of_it = Place {
            exchange,
            part: place,
        };
        // Its acknowledgement came next.
        self.record.place(message, of_it);
        self.record.place(message + 1, of_it);
        self.settle(place, State::Over);
    }

    /// What an exchange brought about that cannot be asked for again is not waited for.
    pub(super) fn excuse(&mut self, index: usize) {
        let mut places = Vec::new();
        for exchange in self.recorded.brought_by(index) {
            // They stand in the order of their exchanges.
            let first = self.awaited.partition_point(|it| it.exchange < exchange);
            let of_it = self.awaited[first..].iter().enumerate();
            let of_it = of_it.take_while(|(_, it)| it.exchange == exchange);
            let missing = of_it.filter(|(_, it)| it.state == State::Missing);
            places.extend(missing.map(|(at, _)| first + at));
        }
        if !places.is_empty() {
            let number = self.recorded.number(index);
            self.record.note(format!(
                "what exchange {number} brought about is not waited for"
            ));
        }
        for place in places {
            self.settle(place, State::Excused);
        }
    }

    /// An entry is not waited for any more.
    fn settle(&mut self, place: usize, state: State) {
        let awaited = &mut self.awaited[place];
        let was = std::mem::replace(&mut awaited.state, state);
        if was != State::Missing {
            return;
        }
        self.missing -= 1;
        let exchange = awaited.exchange;
        let number = self.recorded.group(exchange);
        if let Some(left) = self.groups[number].missing.get_mut(&exchange) {
            *left = left.saturating_sub(1);
        }
        self.due.push(number);
    }

    /// The deadline has passed: what is waited for is missing, and what comes after it goes on.
    pub fn give_up_waiting(&mut self) {
        for place in 0..self.awaited.len() {
            let awaited = &self.awaited[place];
            let index = awaited.exchange;
            let group = &self.groups[self.recorded.group(index)];
            let is_due = group.members.get(group.at).is_none_or(|now| index <= *now);
            if awaited.state != State::Missing || !is_due {
                continue;
            }
            let entry = self.mapping.translated_json(&awaited.entry);
            let kind = Notice::read(&awaited.entry).kind();
            let message = format!("the notification of `{}` did not come", kind.trim());
            let rule = Rule::NotificationMissing;
            self.record
                .report(&self.recorded, index, rule, (entry, Value::Null), message);
            self.settle(place, State::Over);
        }
    }
}

/// The change notifications of a body; the whole body where it is none of them.
fn entries(body: &Content) -> Vec<Value> {
    match body {
        Content::Json(body) => {
            change::entries(body).map_or_else(|| vec![body.clone()], Clone::clone)
        }
        _ => vec![Value::Null],
    }
}

/// Puts this run's callback in the place of every recorded one, its path kept.
fn redirect(body: &Value, callback: &str, mapping: &mut Mapping) {
    match body {
        Value::Object(properties) => {
            for (name, value) in properties {
                match value.as_str() {
                    Some(text) if values::text_kind(name, text) == values::TextKind::Address => {
                        let path = resource::path_of(text);
                        let live = format!("{}{path}", callback.trim_end_matches('/'));
                        mapping.redirect(text, &live);
                    }
                    _ => redirect(value, callback, mapping),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| redirect(it, callback, mapping)),
        _ => {}
    }
}
