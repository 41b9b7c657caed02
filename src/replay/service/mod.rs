//! The recorded service, for a live bot.

mod answer;
mod notifications;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};

use self::answer::{Nearest, nearest, refusal};
use super::matching::compared::{ComparedRequest, RequestKey};
use super::matching::comparison::{Comparison, Part};
use super::matching::content::Content;
use super::matching::requests::Requests;
use super::outcome::{End, Message, Messages, Outcome, Place, Replayed, Unparsed, Watcher};
use super::outgoing::{Outgoing, Unanswered};
use super::recording::{Index, Indexed};
use super::translation::Translation;
use super::update::Update;
use super::values::Key;
use super::values::mapping::Mapping;
use crate::api::party::Party;
use crate::api::resource;
use crate::cassette::format::Direction;
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Response};
use crate::judge::verdict::TrafficMessage;

pub(crate) use self::answer::{Answer, LiveRequest};
pub(crate) use super::matching::requests::Serving;

/// The service of a recording. It returns the recorded answers and the notifications that follow
/// them.
#[derive(Debug)]
pub(crate) struct Service {
    recorded: Index,
    options: Options,
    requests: Requests,
    mapping: Mapping,
    outcome: Outcome,
    /// Requests that were not served, and notifications that were not acknowledged.
    left: usize,
    /// Unserved requests that were received with differences.
    replaced: Vec<usize>,
    /// Notifications that were sent and not acknowledged yet.
    in_flight: Vec<usize>,
    /// Notifications that were neither sent nor passed over.
    unsent: usize,
    mapping_version: u64,
    /// What is written anew.
    update: Option<Update>,
    /// True if a changed request gets the response of the one that it has changed.
    serves_changed: bool,
    /// The error after which nothing is answered.
    lost: Option<Diagnostic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    pub serving: Serving,
    pub notifications: Notifications,
    pub messages: Messages,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notifications {
    Sent,
    /// The bot's address is not known.
    NotSent,
}

impl Service {
    pub(crate) fn new(recording: Indexed, options: Options) -> Self {
        let Indexed {
            index: recorded,
            mut requests,
            service_values,
            ..
        } = recording;
        requests.serving = options.serving;
        let is_played = |index: &usize| {
            options.notifications == Notifications::Sent
                || recorded.direction(*index) == Direction::Request
        };
        let is_notification = |index: &usize| recorded.direction(*index) == Direction::Notification;
        let played = (0..recorded.len()).filter(is_played);
        let mut mapping = Mapping::default();
        for value in service_values {
            // The live bot gets it from this replay.
            mapping.learn_same(value);
        }
        Self {
            requests,
            left: played.clone().count(),
            unsent: played.filter(is_notification).count(),
            recorded,
            options,
            mapping,
            outcome: Outcome::new(Party::Bot, options.messages),
            replaced: Vec::new(),
            in_flight: Vec::new(),
            mapping_version: 0,
            update: None,
            serves_changed: false,
            lost: None,
        }
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.outcome.note(note);
    }

    /// The same service, whose messages are also given to the watcher.
    pub(crate) fn watched_by(mut self, watcher: Option<Watcher>) -> Self {
        self.outcome.watcher = watcher;
        self
    }

    /// The same service, whose recording is written anew.
    pub(crate) fn updating(self, update: Update) -> Self {
        Self {
            update: Some(update),
            ..self.serving_changed()
        }
    }

    /// The same service, which gives a changed request the response of the one that it has changed.
    pub(crate) fn serving_changed(mut self) -> Self {
        self.serves_changed = true;
        self
    }

    /// The notifications that no request caused. They are sent first.
    pub(crate) fn uncaused(&self) -> &[usize] {
        match self.options.notifications {
            Notifications::Sent => self.recorded.uncaused(),
            Notifications::NotSent => &[],
        }
    }

    /// The number of the group of an exchange. The notifications of a group keep their order.
    pub(crate) fn group(&self, exchange: usize) -> usize {
        self.recorded.group(exchange)
    }

    /// True if everything was served and acknowledged, or an error ended the replay.
    pub(crate) const fn is_done(&self) -> bool {
        self.left == 0 && matches!(self.options.serving, Serving::Once) || self.lost.is_some()
    }

    /// Answers a request. If the service [keeps messages](Service::keeps_messages), the request must
    /// be [added](Service::add_messages).
    pub(crate) fn answer(&mut self, request: &LiveRequest<'_>) -> Answer {
        let answer = self.match_request(request);
        answer.unwrap_or_else(|lost| self.lose(lost))
    }

    fn match_request(&mut self, request: &LiveRequest<'_>) -> Result<Answer, Diagnostic> {
        let compared = ComparedRequest::live(
            request.method,
            request.target,
            request.headers,
            request.body,
        );
        let live = self.update.is_some().then(|| request.message(&compared));
        let answer = self.match_asked(request, &compared)?;
        if let (Some(update), Some(exchange), Some(live)) =
            (&mut self.update, answer.exchange, live)
        {
            update.take(exchange, live);
        }
        Ok(answer)
    }

    fn match_asked(
        &mut self,
        request: &LiveRequest<'_>,
        compared: &ComparedRequest<'_>,
    ) -> Result<Answer, Diagnostic> {
        let LiveRequest { headers, body, .. } = *request;
        let base = headers
            .get("host")
            .map(|host| format!("{}://{host}", request.scheme));
        let content = compared.content().unwrap_or(Content::Empty);
        let media_type = compared.media_type();
        let mut keys = Vec::new();
        // What was recorded without a media type may have any.
        for media_type in [media_type.as_deref(), None] {
            let key = compared.key(media_type, Some(&content));
            if let Some(index) = self.find_equal(&key, compared) {
                let mut answer = self.serve(index, base.as_deref())?;
                answer.is_repeatable &= self.requests.is_unique(&key, compared.host.as_deref());
                return Ok(answer);
            }
            keys.push(key);
        }
        let json = std::str::from_utf8(body).ok().and_then(Content::json);
        keys.extend(json.map(|json| compared.key(None, Some(&json))));
        let mut found = self.find(&keys, compared)?;
        if found.is_none() && self.options.serving == Serving::Repeated {
            let same_path = self.requests.at_path(&compared.path_keys());
            self.requests.begin_again(&same_path);
            found = match self.find(&keys, compared)? {
                None => self.find_with_new_values(&same_path, compared)?,
                found => found,
            };
        }
        let found = match found {
            None if self.serves_changed => self.find_changed(compared)?,
            found => found,
        };
        let Some(index) = found else {
            return self.refuse(compared);
        };
        let answer = self.serve(index, base.as_deref())?;
        Ok(Answer {
            is_repeatable: false,
            ..answer
        })
    }

    /// The recording whose values are all those of a request, which stand for themselves.
    fn find_equal(&mut self, key: &RequestKey, compared: &ComparedRequest<'_>) -> Option<usize> {
        let stand = |id: &Key| self.mapping.may_stand_for_itself(*id);
        let rules = self.recorded.rules();
        // A key knows nothing of rules. The path of an equal request is the same to the letter.
        let is_by_rules = !rules
            .of_request(compared.method, compared.target)
            .is_empty();
        if is_by_rules || key.needs_comparison || !key.ids.iter().all(stand) {
            return None;
        }
        let index = self.requests.find_equal(key, compared.host.as_deref())?;
        // The version of the mapping stays: values that stand for themselves change no answer.
        for id in &key.ids {
            self.mapping.learn_same(*id);
        }
        Some(index)
    }

    fn find(
        &mut self,
        keys: &[RequestKey],
        compared: &ComparedRequest<'_>,
    ) -> Result<Option<usize>, Diagnostic> {
        let mut seen = Vec::new();
        for key in keys {
            let host = compared.host.as_deref();
            for index in self.requests.find_similar(key, host, &self.mapping) {
                if self.matches(index, compared)? {
                    return Ok(Some(index));
                }
                seen.push(index);
            }
        }
        let mut others = self.requests.at_path(&compared.path_keys());
        others.retain(|it| !self.requests.is_served(*it) && !seen.contains(it));
        let mut of_other_path = Vec::new();
        for index in others {
            if !self.has_path_of(index, compared)? {
                of_other_path.push(index);
            } else if self.matches(index, compared)? {
                return Ok(Some(index));
            }
        }
        for index in of_other_path {
            if self.matches(index, compared)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// True if the recorded path is the one of a request to the letter.
    fn has_path_of(
        &self,
        index: usize,
        compared: &ComparedRequest<'_>,
    ) -> Result<bool, Diagnostic> {
        let path = resource::path_of(compared.target);
        self.recorded
            .load_raw(index, |it| resource::path_of(&it.request.target) == path)
    }

    /// Answers a request in a further round of the recording, in which the bot chose new values.
    fn find_with_new_values(
        &mut self,
        same_path: &[usize],
        compared: &ComparedRequest<'_>,
    ) -> Result<Option<usize>, Diagnostic> {
        for index in same_path.iter().copied() {
            let chosen = self.recorded.chosen_in(index)?;
            let forgotten = self.mapping.forget(chosen.iter().map(String::as_str));
            if forgotten.is_empty() {
                // The first comparison was the same.
                continue;
            }
            if self.matches(index, compared)? {
                return Ok(Some(index));
            }
            self.mapping.extend(forgotten);
        }
        Ok(None)
    }

    /// The unserved request of the same method and path that a live one has changed.
    fn find_changed(
        &mut self,
        compared: &ComparedRequest<'_>,
    ) -> Result<Option<usize>, Diagnostic> {
        let nearest = nearest(&self.recorded, &self.requests, &self.mapping, compared)?;
        let changed = nearest.filter(|it| it.is_of_path && !self.requests.is_served(it.exchange));
        let Some(Nearest {
            exchange,
            mut comparison,
            ..
        }) = changed
        else {
            return Ok(None);
        };
        self.mapping_version += 1;
        let differences = std::mem::take(&mut comparison.differences);
        comparison.commit(&mut self.mapping);
        let rule = |_: &Part| Rule::RequestUnexpected;
        self.outcome
            .fail_by(&self.recorded, exchange, rule, differences);
        Ok(Some(exchange))
    }

    /// Compares a request with a recorded one. If they match, the mapping learns its values.
    fn matches(
        &mut self,
        index: usize,
        compared: &ComparedRequest<'_>,
    ) -> Result<bool, Diagnostic> {
        let (requests, mapping) = (&self.requests, &self.mapping);
        let rules = self.recorded.rules();
        let comparison = self.recorded.load_raw(index, |it| {
            let recorded = ComparedRequest::recorded(&it.request);
            requests
                .is_host(recorded.host.as_deref(), compared.host.as_deref())
                .then(|| Comparison::of_requests(rules, mapping, &recorded, compared))
        })?;
        let same = comparison.filter(|it| it.differences.is_empty());
        let Some(comparison) = same else {
            return Ok(false);
        };
        self.mapping_version += u64::from(!comparison.learns_nothing());
        comparison.commit(&mut self.mapping);
        Ok(true)
    }

    /// Ends the replay, as the recording was changed.
    fn lose(&mut self, lost: Diagnostic) -> Answer {
        let answer = refusal(500, &lost.message, None, None);
        self.lost.get_or_insert(lost);
        answer
    }

    /// No recorded body has more bytes.
    pub(crate) fn longest(&self) -> usize {
        self.recorded.longest()
    }

    pub(crate) fn keeps_messages(&self) -> bool {
        self.options.serving == Serving::Once
    }

    pub(crate) fn add_messages(&mut self, request: Unparsed, answer: &Answer) {
        self.add(request, answer);
    }

    fn add(&mut self, request: impl Into<Message>, answer: &Answer) {
        let place = answer.exchange.map(Place::of);
        self.outcome.message(Party::Bot, place, request);
        let (status, message) = (answer.status, answer.message.clone());
        let response: Unparsed = Box::new(move || {
            let response = Response {
                status,
                headers: message.headers,
                body: Body::written(&message.body),
            };
            TrafficMessage::Response(response.into())
        });
        self.outcome.message(Party::Service, place, response);
    }

    pub(crate) const fn mapping_version(&self) -> u64 {
        self.mapping_version
    }

    /// Counts requests that were answered from a cache of repeated answers.
    pub(crate) const fn count_cached(&mut self, requests: usize) {
        self.outcome.played += requests;
    }

    /// The recorded answer. `base` is the address under which the bot reaches this service.
    fn serve(&mut self, index: usize, base: Option<&str>) -> Result<Answer, Diagnostic> {
        let (mapping, recorded) = (&self.mapping, &self.recorded);
        let loaded = recorded.load_raw(index, |exchange| {
            let own = recorded.own(exchange);
            let translation = Translation {
                mapping,
                moved: base.map(|base| (&own, base)),
            };
            let took = Duration::from_millis(exchange.took_ms);
            (took, Outgoing::answer(exchange, translation))
        });
        let (took, outgoing) = loaded?;
        self.requests.mark_served(index);
        self.left = self.left.saturating_sub(1);
        let is_recorded = outgoing.is_ok();
        let mut answer = match outgoing {
            Ok((status, message)) => {
                self.outcome.played += 1;
                Answer {
                    status,
                    message,
                    took,
                    notifications: Vec::new(),
                    exchange: Some(index),
                    is_repeatable: false,
                }
            }
            Err(why) => {
                let number = self.recorded.number(index);
                let why = format!("exchange {number} cannot be replayed: {why}");
                self.outcome.note(format!("{why}; it was answered 502"));
                self.outcome.lacks_answer = true;
                refusal(502, &why, None, Some(index))
            }
        };
        if self.options.notifications == Notifications::Sent {
            answer.notifications = self.recorded.caused_by(index);
        }
        answer.is_repeatable = self.options.serving == Serving::Repeated
            && is_recorded
            && answer.notifications.is_empty();
        Ok(answer)
    }

    /// Refuses a request without a match, and shows the nearest recorded request. If that was not
    /// served, the live request counts as a changed form of it.
    fn refuse(&mut self, compared: &ComparedRequest<'_>) -> Result<Answer, Diagnostic> {
        let line = format!("{} {}", compared.method, compared.target);
        let message = format!("nothing recorded fits `{line}`");
        let rule = Rule::RequestUnexpected;
        let unexpected = (Value::Null, json!(line));
        let nearest = nearest(&self.recorded, &self.requests, &self.mapping, compared)?;
        if let Some(update) = &mut self.update {
            update.cannot_place(format!("`{line}` has no recorded response"));
        }
        let Some(Nearest {
            exchange,
            comparison: Comparison { differences, .. },
            ..
        }) = nearest
        else {
            self.fail(0, rule, unexpected, message.clone());
            return Ok(refusal(404, &message, None, None));
        };
        let recorded = self.recorded.load(exchange)?.request;
        let number = self.recorded.number(exchange);
        let is_served = self.requests.is_served(exchange);
        let shown = json!({
            "exchange": number,
            "request": format!("{} {}", recorded.method, recorded.target),
            "served": is_served,
            "differences": differences.iter().map(|it| json!({
                "pointer": it.pointer.as_str(),
                "expected": it.expected,
                "actual": it.actual,
            })).collect::<Vec<_>>(),
        });
        if differences.is_empty() {
            let message =
                format!("{message} any more: exchange {number}, which it repeats, was served");
            self.fail(exchange, rule, unexpected, message.clone());
            return Ok(refusal(404, &message, Some(shown), None));
        }
        let message = format!("{message}; the nearest is exchange {number}");
        self.outcome
            .fail_by(&self.recorded, exchange, |_| rule, differences);
        if let Some(last) = self.outcome.failures.last_mut() {
            last.message = format!("{}: {message}", last.message);
        }
        let place = (!is_served).then_some(exchange);
        self.replaced.extend(place);
        Ok(refusal(404, &message, Some(shown), place))
    }

    fn fail(&mut self, exchange: usize, rule: Rule, pair: (Value, Value), message: String) {
        self.outcome
            .fail(&self.recorded, exchange, rule, pair, message);
    }

    /// Ends the replay. Recorded requests that were not received are missing, unless it was stopped.
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
        // A mock service has no other end.
        let end = match self.options.serving {
            Serving::Once => end,
            Serving::Repeated => End::ByItself,
        };
        if end == End::ByItself && self.options.serving == Serving::Once {
            for index in std::mem::take(&mut self.in_flight) {
                self.acknowledged(index, Err(Unanswered::ReplayEnded));
            }
            self.report_missing()?;
            if self.unsent > 0 {
                let unsent = self.unsent;
                self.note(format!("{unsent} recorded notifications were not sent"));
            }
        }
        let update = self.update.take();
        let is_played = |it| {
            self.options.notifications == Notifications::Sent
                || self.recorded.direction(it) == Direction::Request
        };
        let updated = update.map(|it| it.updated(&self.recorded, &self.mapping, is_played));
        let updated = updated.transpose()?;
        let conversation = (&self.recorded, &self.mapping);
        self.outcome
            .finish(conversation, updated, (name, elapsed, end))
    }

    fn report_missing(&mut self) -> Result<(), Diagnostic> {
        for index in 0..self.recorded.len() {
            let is_missing = self.recorded.direction(index) == Direction::Request
                && !self.requests.is_served(index)
                && !self.replaced.contains(&index);
            if is_missing {
                let recorded = self.recorded.load(index)?.request;
                let line = format!("{} {}", recorded.method, recorded.target);
                let message = format!("the bot never sent `{line}`");
                let pair = (json!(line), Value::Null);
                self.fail(index, Rule::RequestMissing, pair, message);
            }
        }
        Ok(())
    }
}
