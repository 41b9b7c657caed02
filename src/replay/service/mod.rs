//! The recorded service, for a live bot.

mod answer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use self::answer::{Nearest, nearest, refusal};
use super::matching::comparison::Comparison;
use super::matching::fingerprint::{Fingerprint, PrecisionHashes};
use super::matching::request_index::RequestIndex;
use super::outcome::{Message, Messages, Outcome, Place, Replayed, Unparsed};
use super::outgoing::{Outgoing, OutgoingRequest, Unanswered};
use super::recording::{BodySpan, Index, Indexed};
use super::values::mapping::Mapping;
use crate::api::party::Party;
use crate::api::resource;
use crate::cassette::format::Direction;
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Request, Response};
use crate::judge::verdict::TrafficMessage;

pub(crate) use self::answer::{Answer, RawRequest, Repeat};
pub(crate) use super::matching::request_index::Serving;

/// The service of a recording. It returns the recorded answers and the notifications that follow
/// them.
#[derive(Debug)]
pub(crate) struct Service {
    recorded: Index,
    options: Options,
    request_index: RequestIndex,
    mapping: Mapping,
    outcome: Outcome,
    /// Requests that were not served, and notifications that were not acknowledged.
    left: usize,
    /// Unserved requests that were received with differences.
    replaced: Vec<usize>,
    /// Notifications that were sent and not acknowledged yet.
    in_flight: Vec<usize>,
    mapping_version: u64,
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
            request_index,
            service_values,
            ..
        } = recording;
        let is_played = |index: &usize| {
            options.notifications == Notifications::Sent
                || recorded.direction(*index) == Direction::Request
        };
        let mut mapping = Mapping::default();
        for value in service_values {
            // The live bot gets it from this replay.
            mapping.learn_same(value);
        }
        Self {
            request_index,
            left: (0..recorded.len()).filter(is_played).count(),
            recorded,
            options,
            mapping,
            outcome: Outcome::new(Party::Bot, options.messages),
            replaced: Vec::new(),
            in_flight: Vec::new(),
            mapping_version: 0,
            lost: None,
        }
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

    /// Answers a request that is identical to a recorded one. `None` if a
    /// [comparison](Service::answer) is needed. If the service [keeps
    /// messages](Service::keeps_messages), the request must be [added](Service::add_messages).
    pub(crate) fn answer_identical(&mut self, request: &RawRequest<'_>) -> Option<Answer> {
        let fingerprint = Fingerprint::of_bytes(request.method, request.target, request.body)?;
        let index = self
            .request_index
            .find_identical(&fingerprint, self.options.serving)?;
        let mut new = Vec::new();
        for key in &fingerprint.ids {
            if !self.mapping.stands_for_itself(*key)? {
                new.push(*key);
            }
        }
        if self.request_index.is_served(index) && !new.is_empty() {
            // In a further round the value may stand for another one.
            return None;
        }
        // The version of the mapping stays: values that stand for themselves change no answer.
        for key in new {
            self.mapping.learn_same(key);
        }
        let mut answer = self.serve(index).unwrap_or_else(|lost| self.lose(lost));
        let hash = fingerprint.hashes.everything();
        answer.repeat = answer.repeat.filter(|_| self.request_index.is_unique(hash));
        Some(answer)
    }

    pub(crate) fn answer(&mut self, request: Request) -> Answer {
        let fingerprint = Fingerprint::of(&request.method, &request.target, &request.body);
        let answer = self
            .match_request(&fingerprint, &request)
            .unwrap_or_else(|lost| self.lose(lost));
        if self.keeps_messages() {
            self.add(TrafficMessage::Request(request.into()), &answer);
        }
        answer
    }

    fn match_request(
        &mut self,
        fingerprint: &Fingerprint,
        request: &Request,
    ) -> Result<Answer, Diagnostic> {
        let hashes = self.request_index.hashes(fingerprint);
        let mut found = self.find(&hashes, request)?;
        if found.is_none() && self.options.serving == Serving::Repeated {
            self.request_index.begin_again(&hashes);
            found = match self.find(&hashes, request)? {
                None => self.find_with_new_values(&hashes, request)?,
                found => found,
            };
        }
        let Some(index) = found else {
            return self.refuse(&hashes, request);
        };
        let mut answer = self.serve(index)?;
        answer.repeat = answer
            .repeat
            .filter(|_| self.request_index.is_unique(hashes[0]));
        Ok(answer)
    }

    fn find(
        &mut self,
        hashes: &PrecisionHashes,
        request: &Request,
    ) -> Result<Option<usize>, Diagnostic> {
        for index in self.request_index.candidates(hashes) {
            if self.matches(index, request)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Answers a request in a further round of the recording, in which the bot chose new values.
    fn find_with_new_values(
        &mut self,
        hashes: &PrecisionHashes,
        request: &Request,
    ) -> Result<Option<usize>, Diagnostic> {
        for index in self.request_index.candidates(hashes) {
            let chosen = self.recorded.chosen_in(index)?;
            let forgotten = self.mapping.forget(chosen.iter().map(String::as_str));
            if forgotten.is_empty() {
                // The first comparison was the same.
                continue;
            }
            if self.matches(index, request)? {
                return Ok(Some(index));
            }
            self.mapping.extend(forgotten);
        }
        Ok(None)
    }

    /// Compares a request with a recorded one. If they match, the mapping learns its values.
    fn matches(&mut self, index: usize, request: &Request) -> Result<bool, Diagnostic> {
        let recorded = self.recorded.load(index)?.request;
        let comparison = Comparison::of_requests(&self.mapping, &recorded, request);
        let is_same = comparison.differences.is_empty();
        if is_same {
            self.mapping_version += u64::from(!comparison.learns_nothing());
            comparison.commit(&mut self.mapping);
        }
        Ok(is_same)
    }

    /// Reads the body of a repeated answer.
    /// Errors: the answer to give instead, if the recording was changed.
    pub(crate) fn read_body(&mut self, body: BodySpan) -> Result<Bytes, Box<Answer>> {
        let read = self.recorded.read_body(body);
        read.map_err(|lost| Box::new(self.lose(lost)))
    }

    pub(crate) fn answer_again(&mut self, exchange: usize) -> Answer {
        let answer = self.serve(exchange);
        answer.unwrap_or_else(|lost| self.lose(lost))
    }

    /// Ends the replay, as the recording was changed.
    fn lose(&mut self, lost: Diagnostic) -> Answer {
        let answer = refusal(500, &lost.message, None, None);
        self.lost.get_or_insert(lost);
        answer
    }

    pub(crate) const fn exchanges(&self) -> usize {
        self.recorded.len()
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
                body: Body::from_bytes(&message.body),
            };
            TrafficMessage::Response(response.into())
        });
        self.outcome.message(Party::Service, place, response);
    }

    pub(crate) const fn mapping_version(&self) -> u64 {
        self.mapping_version
    }

    /// Counts requests that were answered from a cache of [repeated](Answer::repeat) answers.
    pub(crate) const fn count_cached(&mut self, requests: usize) {
        self.outcome.played += requests;
    }

    fn serve(&mut self, index: usize) -> Result<Answer, Diagnostic> {
        let mapping = &self.mapping;
        let loaded = self.recorded.load_raw(index, |exchange, body| {
            let took = Duration::from_millis(exchange.took_ms);
            let answer = Outgoing::answer(exchange, mapping);
            let body = body.filter(|_| answer.is_ok() && !mapping.changes());
            (took, answer, body)
        });
        let (took, outgoing, body) = loaded?;
        self.request_index.mark_served(index);
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
                    repeat: None,
                }
            }
            Err(why) => {
                let number = self.recorded.number(index);
                let why = format!("exchange {number} cannot be replayed: {why}");
                self.outcome.note(format!("{why}; it was answered 502"));
                refusal(502, &why, None, Some(index))
            }
        };
        if self.options.notifications == Notifications::Sent {
            answer.notifications = self.recorded.caused_by(index);
        }
        let is_repeatable = self.options.serving == Serving::Repeated
            && is_recorded
            && answer.notifications.is_empty();
        answer.repeat = is_repeatable.then_some(Repeat {
            exchange: index,
            body,
        });
        Ok(answer)
    }

    /// Refuses a request without a match, and shows the nearest recorded request. If that was not
    /// served, the live request counts as a changed form of it.
    fn refuse(
        &mut self,
        hashes: &PrecisionHashes,
        request: &Request,
    ) -> Result<Answer, Diagnostic> {
        let line = format!("{} {}", request.method, request.target);
        let message = format!("nothing recorded fits `{line}`");
        let rule = Rule::RequestUnexpected;
        let unexpected = (Value::Null, json!(line));
        let nearest = nearest(
            &self.recorded,
            &self.request_index,
            &self.mapping,
            hashes,
            request,
        )?;
        let Some(Nearest {
            exchange,
            differences,
        }) = nearest
        else {
            self.fail(0, rule, unexpected, message.clone());
            return Ok(refusal(404, &message, None, None));
        };
        let recorded = self.recorded.load(exchange)?.request;
        let number = self.recorded.number(exchange);
        let is_served = self.request_index.is_served(exchange);
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
            .fail_by(&self.recorded, exchange, rule, differences);
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

    /// The notification to send. Its target is the callback that the bot gave, else the recorded
    /// path. `None` if it cannot be sent again, or the recording was changed.
    pub(crate) fn notification(
        &mut self,
        index: usize,
        token: Option<&str>,
    ) -> Option<OutgoingRequest> {
        let recorded = match self.recorded.load(index) {
            Ok(exchange) => exchange.request,
            Err(lost) => {
                self.lost.get_or_insert(lost);
                return None;
            }
        };
        let message = match Outgoing::request(&recorded, &self.mapping, token) {
            Ok(message) => message,
            Err(why) => {
                let number = self.recorded.number(index);
                self.left = self.left.saturating_sub(1);
                self.outcome.note(format!(
                    "the notification of exchange {number} was not sent: {why}"
                ));
                return None;
            }
        };
        self.in_flight.push(index);
        let path = resource::path_of(&recorded.target);
        let target = self
            .mapping
            .address_of(path)
            .map_or_else(|| recorded.target.clone(), str::to_owned);
        let notification = OutgoingRequest {
            exchange: index,
            method: recorded.method,
            target,
            message,
        };
        let request = TrafficMessage::Request(notification.as_request().into());
        self.outcome
            .message(Party::Service, Some(Place::of(index)), request);
        Some(notification)
    }

    pub(crate) fn acknowledged(&mut self, index: usize, answer: Result<Response, Unanswered>) {
        self.left = self.left.saturating_sub(1);
        self.in_flight.retain(|it| *it != index);
        self.outcome.played += 1;
        match answer {
            Ok(response) => {
                let status = response.status;
                let message = TrafficMessage::Response(response.into());
                self.outcome
                    .message(Party::Bot, Some(Place::of(index)), message);
                if !(200..300).contains(&status) {
                    let message = format!("the notification was answered {status}");
                    let pair = (json!("2xx"), json!(status));
                    self.fail(index, Rule::AcknowledgementStatus, pair, message);
                }
            }
            Err(why) => match self.recorded.load(index) {
                Ok(exchange) => {
                    let recorded = exchange.response.map(|it| it.status);
                    let message = format!("the notification was not answered: {why}");
                    let pair = (json!(recorded), Value::Null);
                    self.fail(index, Rule::AcknowledgementMissing, pair, message);
                }
                Err(lost) => {
                    self.lost.get_or_insert(lost);
                }
            },
        }
    }

    /// Ends the replay. Recorded requests that were not received are missing.
    /// Errors: the recording was changed during the replay, so that there is no result.
    pub(crate) fn finish(&mut self, name: &str, elapsed: Duration) -> Result<Replayed, Diagnostic> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        if self.options.serving == Serving::Once {
            for index in std::mem::take(&mut self.in_flight) {
                self.acknowledged(index, Err(Unanswered::ReplayEnded));
            }
            self.report_missing()?;
        }
        self.outcome
            .finish(&self.recorded, &self.mapping, name, elapsed)
    }

    fn report_missing(&mut self) -> Result<(), Diagnostic> {
        for index in 0..self.recorded.len() {
            let is_missing = self.recorded.direction(index) == Direction::Request
                && !self.request_index.is_served(index)
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
