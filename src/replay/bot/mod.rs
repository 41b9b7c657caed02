//! The recorded bot, for a live service.

mod answer;
mod notifications;
pub(crate) mod provider_state;
mod schedule;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use self::answer::LiveAnswer;
use self::notifications::{ExpectedEntries, LiveEntry, Nearest, State, live_entries};
use self::provider_state::Need;
use self::schedule::Schedule;
use super::matching::comparison::Part;
use super::outcome::{End, Messages, Outcome, Place, Replayed, Watcher};
use super::outgoing;
use super::outgoing::{Outgoing, OutgoingRequest, Unanswered};
use super::recording::{Index, Indexed};
use super::translation::Translation;
use super::update::{LiveMessage, Update};
use super::values::generated;
use super::values::generated::Generator;
use super::values::mapping::Mapping;
use super::values::{Key, Keys};
use crate::api::identifier;
use crate::api::party::Party;
use crate::api::resource;
use crate::cassette::format::Direction;
use crate::contract::change::Change;
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::verdict::{TrafficMessage, Verdict};

/// The bot of a recording. It sends each request after the messages before it in the recording were
/// received, and compares received messages with recorded ones.
#[derive(Debug)]
pub(crate) struct Bot {
    recorded: Index,
    mapping: Mapping,
    own_values: Keys,
    generator: Generator,
    /// The address for notifications in this run; empty if there is none.
    callback: String,
    outcome: Outcome,
    schedule: Schedule,
    expected: ExpectedEntries,
    passed: HashSet<usize>,
    /// How many requests have no answer yet.
    in_flight: usize,
    /// Live entries about unknown calls, which an answer in flight may name.
    deferred: Vec<LiveEntry>,
    /// The places in requests where confcall sends pseudonyms for unknown secrets.
    unknown_secrets: HashMap<usize, Vec<String>>,
    /// What is written anew.
    update: Option<Update>,
    /// The error after which nothing is sent or compared.
    lost: Option<Diagnostic>,
}

const ACKNOWLEDGED: u16 = 202;

/// The status for notifications to the callback of another run.
const NOT_FOUND: u16 = 404;

impl Bot {
    /// `callback` takes notifications in this run, as [`Generator::callback`] makes it. `generator`
    /// replaces the values that the recorded bot chose.
    pub(crate) fn new(
        recording: Indexed,
        generator: Generator,
        callback: Option<&str>,
        messages: Messages,
    ) -> Result<Self, Diagnostic> {
        let Indexed {
            index: recorded,
            own_values,
            ..
        } = recording;
        let mut mapping = Mapping::default();
        for value in &own_values {
            // The bot sends the recorded value, unless it chooses another one.
            mapping.learn_same(*value);
        }
        let mut bot = Self {
            schedule: Schedule::new(&recorded),
            recorded,
            mapping,
            own_values,
            generator,
            callback: callback.unwrap_or_default().to_owned(),
            outcome: Outcome::new(Party::Service, messages),
            expected: ExpectedEntries::default(),
            passed: HashSet::new(),
            in_flight: 0,
            deferred: Vec::new(),
            unknown_secrets: HashMap::new(),
            update: None,
            lost: None,
        };
        if callback.is_some() {
            bot.expect_notifications()?;
        }
        Ok(bot)
    }

    fn expect_notifications(&mut self) -> Result<(), Diagnostic> {
        for index in 0..self.recorded.len() {
            let exchange = self.recorded.load(index)?;
            if let Body::Json(body) = &exchange.request.body {
                notifications::redirect_callbacks(body, &self.callback, &mut self.mapping);
            }
            if exchange.direction == Direction::Notification {
                let rules = self.recorded.rules_of(index)?;
                let count = self.expected.add(index, &exchange.request, &rules);
                let group = self.recorded.group(index);
                self.schedule.wait_for(group, index, count);
            }
        }
        Ok(())
    }

    /// The same bot, whose messages are also given to the watcher.
    pub(crate) fn watched_by(mut self, watcher: Option<Watcher>) -> Self {
        self.outcome.watcher = watcher;
        self
    }

    /// The same bot, whose recording is written anew.
    pub(crate) fn updating(mut self, mut update: Update) -> Self {
        for entry in 0..self.expected.len() {
            update.expect_entry(self.expected.get(entry).exchange);
        }
        self.update = Some(update);
        self
    }

    pub(crate) fn callback(&self) -> &str {
        &self.callback
    }

    /// The provider states that must exist before the first request.
    pub(crate) fn needs(&self) -> Result<Vec<Need>, Diagnostic> {
        provider_state::needs(&self.recorded, self.schedule.groups())
    }

    /// Maps a recorded call to the live one that was created in its place.
    pub(crate) fn map_call(&mut self, recorded: &str, live: &str) {
        self.mapping.learn(recorded, live);
    }

    /// Decides the verdict: a provider state is not available, so that nothing is sent.
    pub(crate) fn decide(&mut self, verdict: Verdict, reason: String) {
        self.outcome.decided = Some((verdict, reason));
    }

    pub(crate) const fn is_decided(&self) -> bool {
        self.outcome.decided.is_some()
    }

    pub(crate) fn ready(&mut self, token: Option<&str>) -> Vec<OutgoingRequest> {
        let mut ready = Vec::new();
        while let Some(index) = self.schedule.next_request(&self.recorded) {
            match self.send(index, token) {
                Ok(Some(request)) => ready.push(request),
                Ok(None) => {
                    self.excuse(index);
                    self.schedule.end(index);
                }
                Err(lost) => self.lose(lost),
            }
        }
        ready
    }

    /// Ends the replay, as the recording was changed.
    fn lose(&mut self, lost: Diagnostic) {
        self.lost.get_or_insert(lost);
    }

    /// The request to send; `None` if it cannot be sent again.
    fn send(
        &mut self,
        index: usize,
        token: Option<&str>,
    ) -> Result<Option<OutgoingRequest>, Diagnostic> {
        self.passed.insert(index);
        self.choose_values(&self.recorded.load(index)?.request);
        let mapping = &self.mapping;
        let loaded = self.recorded.load_raw(index, |exchange| {
            let recorded = &exchange.request;
            let message = outgoing::check_request(exchange)
                .and_then(|()| Outgoing::request(recorded, mapping, token));
            let translation = Translation {
                mapping,
                moved: None,
            };
            (
                recorded.method.to_string(),
                translation.target(&recorded.target),
                message,
            )
        });
        let (method, target, message) = loaded?;
        let message = match message {
            Ok(message) => message,
            Err(why) => {
                let number = self.recorded.number(index);
                let note = format!("exchange {number} was skipped: {why}");
                self.outcome.note(note);
                return Ok(None);
            }
        };
        self.in_flight += 1;
        let request = OutgoingRequest {
            exchange: index,
            target,
            method,
            message,
        };
        if let Some(update) = &mut self.update {
            update.sent(&request);
        }
        let unknown = request.unknown_secrets();
        if !unknown.is_empty() {
            self.unknown_secrets.insert(index, unknown);
        }
        let message = TrafficMessage::Request(request.as_request().into());
        self.outcome
            .message(Party::Bot, Some(Place::of(index)), message);
        Ok(Some(request))
    }

    /// Generates the values of a request that the recorded bot chose, once each.
    fn choose_values(&mut self, request: &Request) {
        for recorded in generated::chosen(request) {
            let live = self.mapping.live(recorded);
            let is_generated = live.is_some_and(|it| it != recorded);
            let is_bots = live.is_none() || self.own_values.contains(&Key::of(recorded));
            if is_bots && !is_generated {
                let live = self.generator.value(recorded);
                self.mapping.learn(recorded, &live);
            }
        }
    }

    /// No recorded body has more bytes.
    pub(crate) fn longest(&self) -> usize {
        self.recorded.longest()
    }

    pub(crate) fn answered(&mut self, index: usize, answer: Result<LiveAnswer<'_>, Unanswered>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.outcome.played += 1;
        self.schedule.end(index);
        if let Err(lost) = self.compare_answer(index, answer) {
            self.lose(lost);
        }
        for entry in std::mem::take(&mut self.deferred) {
            self.take_entry(entry);
        }
    }

    fn compare_answer(
        &mut self,
        index: usize,
        answer: Result<LiveAnswer<'_>, Unanswered>,
    ) -> Result<(), Diagnostic> {
        match answer {
            Ok(live) => {
                let (outcome, mapping) = (&mut self.outcome, &mut self.mapping);
                let other = answer::compare(outcome, mapping, &self.recorded, index, live)?;
                let unknown = self.unknown_secrets.remove(&index).unwrap_or_default();
                if let Some(recorded) = other {
                    self.answered_otherwise(index, (recorded, live.status), &unknown)?;
                }
                if let Some(update) = &mut self.update {
                    update.take(index, live.message());
                }
                let message = TrafficMessage::Response(live.shown().into());
                self.outcome
                    .message(Party::Service, Some(Place::of(index)), message);
            }
            Err(why) => {
                let recorded = self.recorded.load(index)?.response;
                let pair = (json!(recorded.map(|it| it.status)), Value::Null);
                let message = format!("no response to the request: {why}");
                self.fail(index, Rule::ResponseMissing, pair, message);
            }
        }
        Ok(())
    }

    /// Tells why the status of an answer may be another one, and keeps a refusal out of the recording.
    fn answered_otherwise(
        &mut self,
        index: usize,
        (recorded, live): (u16, u16),
        unknown: &[String],
    ) -> Result<(), Diagnostic> {
        let number = self.recorded.number(index);
        if (400..500).contains(&live) && !unknown.is_empty() {
            self.outcome.note(format!(
                "exchange {number} was sent with a pseudonym in {}, because no response of this run has the secret: put the secret of a test account into the recording, let the service accept the pseudonym, or give a token with `--token`",
                unknown.join(" and ")
            ));
        }
        let is_refused = matches!(live, 401 | 403) && (200..300).contains(&recorded);
        if let (true, Some(update)) = (is_refused, &mut self.update) {
            let told = self.recorded.load_raw(index, |it| {
                let (method, target) = (&it.request.method, &it.request.target);
                format!("exchange {number}, {method} {target}, was refused with {live}, but {recorded} was recorded")
            })?;
            update.cannot_place(told);
        }
        Ok(())
    }

    fn fail(&mut self, index: usize, rule: Rule, pair: (Value, Value), message: String) {
        self.outcome
            .fail(&self.recorded, index, rule, pair, message);
    }

    /// Takes a notification. `live` is the same as a recording may keep it.
    pub(crate) fn received(
        &mut self,
        mut request: Request,
        live: impl FnOnce() -> LiveMessage,
    ) -> u16 {
        if let Some(rest) = request
            .target
            .strip_prefix(resource::path_of(&self.callback))
        {
            let slash = if rest.starts_with('/') { "" } else { "/" };
            request.target = format!("{slash}{rest}");
        }
        let path = resource::path_of(&request.target).to_owned();
        if generated::is_of_a_run(&path) {
            let note = format!("a notification of another run came to `{path}` and was ignored");
            self.outcome.note(note);
            return NOT_FOUND;
        }
        let mut method = Some(request.method.clone());
        let values = live_entries(&request.body);
        let target = request.target.clone();
        let message = TrafficMessage::Request(request.into());
        let message = self.outcome.message(Party::Service, None, message);
        if let Some(update) = &mut self.update {
            update.notified(message, LiveMessage { target, ..live() });
        }
        let acknowledgement = Response {
            status: ACKNOWLEDGED,
            headers: Headers::new(),
            body: Body::Empty,
        };
        let acknowledgement = TrafficMessage::Response(acknowledgement.into());
        self.outcome.message(Party::Bot, None, acknowledgement);
        for value in values {
            self.take_entry(LiveEntry {
                message,
                method: method.take(),
                path: path.clone(),
                value,
            });
        }
        ACKNOWLEDGED
    }

    fn take_entry(&mut self, live: LiveEntry) {
        let change = Change::read(&live.value);
        let call = change.call().unwrap_or_default();
        let call = self.mapping.recorded(call).map(identifier::normal);
        let candidates = match &call {
            Some(call) => self.expected.of_call(call).to_vec(),
            None if self.in_flight > 0 => {
                self.deferred.push(live);
                return;
            }
            // The notification creates the call. Paths of callbacks are as recorded.
            None => self.expected.of_path(&live.path),
        };
        let kind = change.kind();
        let nearest = self
            .expected
            .nearest(&candidates, &self.mapping, &live.value);
        match nearest {
            Some(Nearest { entry, comparison }) if comparison.differences.is_empty() => {
                comparison.commit(&mut self.mapping);
                self.entry_came(entry, &live);
            }
            Some(Nearest { entry, comparison }) if call.is_some() => {
                let index = self.expected.get(entry).exchange;
                let rule = |_: &Part| Rule::NotificationBody;
                self.outcome
                    .fail_by(&self.recorded, index, rule, comparison.differences);
                self.entry_came(entry, &live);
            }
            _ => {
                if let Some(entry) = self.expected.omitted(&live.path) {
                    let number = self.recorded.number(self.expected.get(entry).exchange);
                    self.outcome.note(format!(
                        "the notification of exchange {number} was not recorded, so it is not compared"
                    ));
                    self.entry_came(entry, &live);
                    return;
                }
                let of_call = call.map(|call| self.expected.of_call(&call));
                let first = of_call.and_then(|it| it.first());
                let index = first.map_or(0, |entry| self.expected.get(*entry).exchange);
                let message = format!("a notification of `{}` was not recorded", kind.trim());
                if let Some(update) = &mut self.update {
                    update.entry(live.message, None, &live.value);
                }
                let pair = (Value::Null, live.value);
                self.fail(index, Rule::NotificationUnexpected, pair, message);
            }
        }
    }

    fn entry_came(&mut self, entry: usize, live: &LiveEntry) {
        self.outcome.played += 1;
        let expected = self.expected.get(entry);
        let exchange = expected.exchange;
        let method = live.method.as_deref();
        if let Some(method) = method.filter(|it| **it != *expected.method) {
            let pair = (json!(&*expected.method), json!(method));
            let message = "the method differs from the recorded one".to_owned();
            self.fail(exchange, Rule::NotificationMethod, pair, message);
        }
        let place = Place {
            exchange,
            part: entry,
        };
        if let Some(update) = &mut self.update {
            update.entry(live.message, Some((exchange, entry)), &live.value);
        }
        // The acknowledgement is the next message.
        self.outcome.place(live.message, place);
        self.outcome.place(live.message + 1, place);
        self.settle(entry, State::Over);
    }

    /// Makes the notifications of a skipped request optional.
    fn excuse(&mut self, index: usize) {
        let caused = self.recorded.caused_by(index).into_iter();
        let missing = caused.flat_map(|exchange| self.expected.missing_of(exchange));
        let missing: Vec<usize> = missing.collect();
        if !missing.is_empty() {
            let number = self.recorded.number(index);
            self.outcome.note(format!(
                "the notifications that exchange {number} caused are not required"
            ));
        }
        for entry in missing {
            self.settle(entry, State::Optional);
        }
    }

    fn settle(&mut self, entry: usize, state: State) {
        if self.expected.settle(entry, state) {
            let exchange = self.expected.get(entry).exchange;
            let group = self.recorded.group(exchange);
            self.schedule.wait_for_one_less(group, exchange);
        }
    }

    /// Gives up the expected notifications at the deadline: they are missing, and the exchanges
    /// behind them continue.
    pub(crate) fn give_up_waiting(&mut self) {
        for entry in 0..self.expected.len() {
            let expected = self.expected.get(entry);
            let index = expected.exchange;
            let is_missing = expected.state == State::Missing;
            if !is_missing || !self.schedule.has_reached(&self.recorded, index) {
                continue;
            }
            let value = self.mapping.translated_json(&expected.value);
            let kind = Change::read(&expected.value).kind();
            let message = format!("the notification of `{}` did not come", kind.trim());
            let pair = (value, Value::Null);
            self.fail(index, Rule::NotificationMissing, pair, message);
            self.settle(entry, State::Over);
        }
    }

    /// True if no message is expected any more, or an error ended the replay.
    pub(crate) const fn is_done(&self) -> bool {
        let is_played = self.in_flight == 0
            && self.expected.missing() == 0
            && self.schedule.is_idle()
            && self.deferred.is_empty();
        is_played || self.lost.is_some()
    }

    /// Ends the replay. Messages that were not received are missing, unless it was stopped; requests that were not
    /// sent are noted.
    /// Errors: the recording was changed during the replay, so that there is no result.
    pub(crate) fn finish(
        &mut self,
        name: &str,
        elapsed: Duration,
        end: End,
    ) -> Result<Replayed, Diagnostic> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        if !self.is_decided() && end == End::ByItself {
            self.give_up_waiting();
        }
        let is_unsent = |index: &usize| {
            self.recorded.direction(*index) == Direction::Request && !self.passed.contains(index)
        };
        let unsent = (0..self.recorded.len()).filter(is_unsent).count();
        if unsent > 0 {
            self.outcome
                .note(format!("{unsent} recorded requests were not sent"));
        }
        let updated = self.update.take().map(|mut update| {
            let expected = &self.expected;
            update.place_changed(|live, came| expected.changed_to(live, &self.mapping, came));
            update.updated(&self.recorded, &self.mapping, |_| true)
        });
        let updated = updated.transpose()?;
        let conversation = (&self.recorded, &self.mapping);
        self.outcome
            .finish(conversation, updated, (name, elapsed, end))
    }
}
