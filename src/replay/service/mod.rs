//! The recorded service, for a live bot.

mod refusal;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use self::refusal::refusal;
use super::matching::comparison::{Comparison, Difference, Part};
use super::matching::fingerprint::{Fingerprint, Fingerprints};
use super::matching::request_index::RequestIndex;
use super::outcome::{Message, Place, Record, Replayed, Unread};
use super::outgoing::{Outgoing, OutgoingRequest};
use super::recording::{Index, Indexed, Passage};
use super::values::mapping::Mapping;
use crate::api::party::Party;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::cassette::format::{Content, Direction, Exchange};
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request, Response};
use crate::judge::verdict::TrafficMessage;

/// The service of a recording. Answers what was asked then, and says what it told the bot next.
#[derive(Debug)]
pub struct Service {
    recorded: Index,
    options: Options,
    request_index: RequestIndex,
    mapping: Mapping,
    record: Record,
    /// Requests that were not served, and notifications that were not acknowledged.
    left: usize,
    /// Unserved requests in the place of which another one came.
    replaced: Vec<usize>,
    /// Notifications that were sent and have no answer yet.
    under_way: Vec<usize>,
    lessons: u64,
    /// Why nothing more can be answered.
    lost: Option<Diagnostic>,
}

/// A live request as it came, its body in no coding.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with its query.
    pub target: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// How a recorded service behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Recordings that were served begin again, nothing counts as unused, and no traffic is kept.
    pub reuse: bool,
    /// Whether notifications are sent: the bot's address is known.
    pub tells: bool,
}

/// An answer of the recorded service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields and body.
    pub message: Outgoing,
    /// How long the recorded answer took.
    pub took: Duration,
    /// The notifications to send once the answer is out, by the places of their exchanges.
    pub tells: Vec<usize>,
    /// The place of the exchange that was answered; none where nothing fits.
    pub exchange: Option<usize>,
    /// How the same request has this answer again, for as long as the service does not
    /// [learn](Service::lessons); none where it may have another.
    pub again: Option<Again>,
}

/// How an answer is given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The place of the exchange, which can be [answered](Service::answer_again) anew.
    pub exchange: usize,
    /// Where the body [stands](Service::body_again) in the recording as it goes out, if it does. The
    /// rest of the answer is the same.
    pub body: Option<Passage>,
}

impl Service {
    /// The service of a recording.
    pub fn new(recording: Indexed, options: Options) -> Self {
        let Indexed {
            index: recorded,
            request_index,
            services,
            ..
        } = recording;
        let is_counted =
            |index: &usize| options.tells || recorded.direction(*index) == Direction::Request;
        let mut mapping = Mapping::default();
        for value in services {
            // The live bot has it from here, so that it is the same in this run.
            mapping.learn_same(value);
        }
        Self {
            request_index,
            left: (0..recorded.len()).filter(is_counted).count(),
            recorded,
            options,
            mapping,
            record: Record::new(Party::Bot),
            replaced: Vec::new(),
            under_way: Vec::new(),
            lessons: 0,
            lost: None,
        }
    }

    /// Keeps the whole conversation, not only its last messages.
    pub const fn keep_conversation(&mut self) {
        self.record.keeps_all = true;
    }

    /// The notifications to begin with: nothing that the bot does brings them about.
    pub fn unprovoked(&self) -> &[usize] {
        if self.options.tells {
            self.recorded.unprovoked()
        } else {
            &[]
        }
    }

    /// The number of the group of an exchange: notifications of one group keep their order.
    pub fn group(&self, exchange: usize) -> usize {
        self.recorded.group(exchange)
    }

    /// Whether everything was served and acknowledged, or nothing more can be.
    pub const fn is_done(&self) -> bool {
        self.left == 0 && !self.options.reuse || self.lost.is_some()
    }

    /// Answers a request of the bot that was recorded just so; none where that takes
    /// [more](Service::answer) to tell. Of an answer that is kept for the report, the request is to be
    /// [shown](Service::show_unread).
    pub fn answer_same(&mut self, asked: &Asked<'_>) -> Option<Answer> {
        let print = Fingerprint::of_bytes(asked.method, asked.target, asked.body)?;
        let index = self.request_index.same(&print, self.options.reuse)?;
        let mut new = Vec::new();
        for key in &print.ids {
            if !self.mapping.stands_for_itself(*key)? {
                new.push(*key);
            }
        }
        if self.request_index.is_served(index) && !new.is_empty() {
            // In a further round it may stand for something else.
            return None;
        }
        // No lesson: what stands for itself changes no answer.
        for key in new {
            self.mapping.learn_same(key);
        }
        let mut answer = self.serve(index).unwrap_or_else(|lost| self.give_up(lost));
        answer.again = answer
            .again
            .filter(|_| self.request_index.is_alone(print.numbers.nearest()));
        Some(answer)
    }

    /// Answers a request of the bot.
    pub fn answer(&mut self, request: Request) -> Answer {
        let print = Fingerprint::of(&request.method, &request.target, &request.body);
        let answer = self
            .look_for(&print, &request)
            .unwrap_or_else(|lost| self.give_up(lost));
        if !self.options.reuse {
            self.show(TrafficMessage::Request(request.into()), &answer);
        }
        answer
    }

    fn look_for(&mut self, print: &Fingerprint, request: &Request) -> Result<Answer, Diagnostic> {
        let marks = self.request_index.marks(print);
        let mut found = self.find(&marks, request)?;
        if found.is_none() && self.options.reuse {
            self.request_index.begin_again(&marks);
            found = match self.find(&marks, request)? {
                None => self.find_anew(&marks, request)?,
                found => found,
            };
        }
        let Some(index) = found else {
            return self.refuse(&marks, request);
        };
        let mut answer = self.serve(index)?;
        answer.again = answer
            .again
            .filter(|_| self.request_index.is_alone(marks[0]));
        Ok(answer)
    }

    /// The body of an answer that is given again.
    ///
    /// # Errors
    ///
    /// The answer that goes out in its place, where the recording is not what it was.
    pub fn body_again(&mut self, passage: Passage) -> Result<Bytes, Box<Answer>> {
        let read = self.recorded.read(passage);
        read.map_err(|lost| Box::new(self.give_up(lost)))
    }

    /// The answer of an exchange that is given again.
    pub fn answer_again(&mut self, exchange: usize) -> Answer {
        let answer = self.serve(exchange);
        answer.unwrap_or_else(|lost| self.give_up(lost))
    }

    /// The recording is not what it was.
    fn give_up(&mut self, lost: Diagnostic) -> Answer {
        let answer = refusal(500, &lost.message, &Value::Null, None);
        self.lost.get_or_insert(lost);
        answer
    }

    /// How many exchanges were recorded.
    pub const fn exchanges(&self) -> usize {
        self.recorded.len()
    }

    /// Whether exchanges are kept for the report.
    pub const fn shows(&self) -> bool {
        !self.options.reuse
    }

    /// Keeps a request with its answer for the report, to be read when that is written.
    pub fn show_unread(&mut self, request: Unread, answer: &Answer) {
        self.show(request, answer);
    }

    /// Keeps an exchange for the report.
    fn show(&mut self, request: impl Into<Message>, answer: &Answer) {
        let place = answer.exchange.map(Place::of);
        self.record.traffic(Party::Bot, place, request);
        let (status, message) = (answer.status, answer.message.clone());
        let read: Unread = Box::new(move || {
            let response = Response {
                status,
                headers: message.headers.into_iter().collect(),
                body: Body::from_bytes(&message.body),
            };
            TrafficMessage::Response(response.into())
        });
        self.record.traffic(Party::Service, place, read);
    }

    fn find(
        &mut self,
        marks: &Fingerprints,
        request: &Request,
    ) -> Result<Option<usize>, Diagnostic> {
        for index in self.request_index.candidates(marks) {
            let comparison = self.compare(&self.recorded.load(index)?, request);
            if comparison.differences.is_empty() {
                self.learn(comparison);
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The same in a further round of the recording: what the bot made up for a request is made
    /// up anew.
    fn find_anew(
        &mut self,
        marks: &Fingerprints,
        request: &Request,
    ) -> Result<Option<usize>, Diagnostic> {
        for index in self.request_index.candidates(marks) {
            let made = self.recorded.made_in(index)?;
            let forgotten = self.mapping.forget(made.iter().map(String::as_str));
            if forgotten.is_empty() {
                // It was compared so before.
                continue;
            }
            let comparison = self.compare(&self.recorded.load(index)?, request);
            if comparison.differences.is_empty() {
                self.learn(comparison);
                return Ok(Some(index));
            }
            self.mapping.extend(forgotten);
        }
        Ok(None)
    }

    fn learn(&mut self, comparison: Comparison) {
        self.lessons += u64::from(!comparison.learns_nothing());
        comparison.commit(&mut self.mapping);
    }

    /// How often the service has learnt what a recorded value is in this run, by a comparison.
    pub const fn lessons(&self) -> u64 {
        self.lessons
    }

    /// So many requests more were answered, by answers that were given [again](Answer::again).
    pub const fn answered_alike(&mut self, requests: usize) {
        self.record.played += requests;
    }

    fn compare(&self, exchange: &Exchange, request: &Request) -> Comparison {
        let recorded = &exchange.request;
        let mut comparison = Comparison::default();
        let is_same_path = match Resource::parse(&recorded.target) {
            Some(_) => comparison.texts(&self.mapping, "", &recorded.target, &request.target),
            None => resource::shape_of(&recorded.target) == resource::shape_of(&request.target),
        };
        let is_same_query = comparison.queries(&self.mapping, &recorded.target, &request.target);
        if !(is_same_path && is_same_query) {
            let target = self.mapping.translated(&recorded.target);
            comparison.differences.push(Difference {
                part: Part::RequestLine,
                pointer: Pointer::root(),
                expected: json!(format!("{} {target}", recorded.method)),
                actual: json!(format!("{} {}", request.method, request.target)),
            });
        }
        match &recorded.body {
            Content::Json(body) => {
                comparison.bodies(&self.mapping, Some(body), request.body.json());
            }
            Content::Text(text) => {
                let body = match &request.body {
                    Body::Text(text) => json!(text),
                    Body::Json(value) => value.clone(),
                    Body::Empty | Body::Bytes(_) | Body::Omitted(_) => Value::Null,
                };
                comparison.bodies(&self.mapping, Some(&json!(text)), Some(&body));
            }
            Content::Empty | Content::Base64(_) | Content::Omitted { .. } => {}
        }
        comparison
    }

    fn serve(&mut self, index: usize) -> Result<Answer, Diagnostic> {
        let mapping = &self.mapping;
        let answered = self.recorded.answer(index, |exchange, passage| {
            let took = Duration::from_millis(exchange.took_ms);
            let answer = Outgoing::answer(exchange, mapping);
            let passage = passage.filter(|_| answer.is_ok() && !mapping.changes());
            (took, answer, passage)
        });
        let (took, answered, passage) = answered?;
        self.request_index.serve(index);
        self.left = self.left.saturating_sub(1);
        let is_whole = answered.is_ok();
        let mut answer = match answered {
            Ok((status, message)) => {
                self.record.played += 1;
                Answer {
                    status,
                    message,
                    took,
                    tells: Vec::new(),
                    exchange: Some(index),
                    again: None,
                }
            }
            Err(why) => {
                let number = self.recorded.number(index);
                let why = format!("exchange {number} cannot be replayed: {why}");
                self.record.note(format!("{why}; it was answered 502"));
                refusal(502, &why, &Value::Null, Some(index))
            }
        };
        if self.options.tells {
            answer.tells = self.recorded.brought_by(index);
        }
        let is_lasting = self.options.reuse && is_whole && answer.tells.is_empty();
        answer.again = is_lasting.then_some(Again {
            exchange: index,
            body: passage,
        });
        Ok(answer)
    }

    /// A notification as it goes out now. Its target is the callback that the bot gave, where it
    /// gave one, else the recorded path. None where it cannot be sent again, or the recording is not
    /// what it was.
    pub fn notification(&mut self, index: usize, token: Option<&str>) -> Option<OutgoingRequest> {
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
                self.record.note(format!(
                    "the notification of exchange {number} was not sent: {why}"
                ));
                return None;
            }
        };
        self.under_way.push(index);
        let path = resource::path_of(&recorded.target);
        let target = self
            .mapping
            .address_of(path)
            .map_or_else(|| recorded.target.clone(), str::to_owned);
        let request = Request {
            method: recorded.method.clone(),
            target: target.clone(),
            headers: message.headers.iter().cloned().collect(),
            body: Body::from_bytes(&message.body),
        };
        let place = Some(Place::of(index));
        self.record.traffic(
            Party::Service,
            place,
            TrafficMessage::Request(request.into()),
        );
        Some(OutgoingRequest {
            exchange: index,
            method: recorded.method,
            target,
            message,
        })
    }

    /// The bot acknowledged a notification with this status, or did not, for this reason.
    pub fn acknowledged(&mut self, index: usize, answer: Result<Response, String>) {
        self.left = self.left.saturating_sub(1);
        self.under_way.retain(|it| *it != index);
        self.record.played += 1;
        match answer {
            Ok(response) => {
                let status = response.status;
                let message = TrafficMessage::Response(response.into());
                let place = Some(Place::of(index));
                self.record.traffic(Party::Bot, place, message);
                if !(200..300).contains(&status) {
                    let message = format!("the notification was answered {status}");
                    let rule = Rule::AcknowledgementStatus;
                    let pair = (json!("2xx"), json!(status));
                    self.record
                        .report(&self.recorded, index, rule, pair, message);
                }
            }
            Err(why) => {
                let rule = Rule::AcknowledgementMissing;
                let message = format!("the notification was not answered: {why}");
                match self.recorded.load(index) {
                    Ok(exchange) => {
                        let expected = exchange.response.map(|it| it.status);
                        self.record
                            .broken(&self.recorded, index, (rule, expected), message);
                    }
                    Err(lost) => {
                        self.lost.get_or_insert(lost);
                    }
                }
            }
        }
    }

    /// The end: what was not asked for is missing.
    ///
    /// # Errors
    ///
    /// A recording that was changed meanwhile: what was replayed is no result.
    pub fn finish(&mut self, name: &str, elapsed: Duration) -> Result<Replayed, Diagnostic> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        for index in std::mem::take(&mut self.under_way) {
            if !self.options.reuse {
                self.acknowledged(index, Err("the replay ended before".to_owned()));
            }
        }
        let unused = |index: &usize| {
            self.recorded.direction(*index) == Direction::Request
                && !self.request_index.is_served(*index)
                && !self.replaced.contains(index)
        };
        let all = if self.options.reuse {
            0
        } else {
            self.recorded.len()
        };
        for index in (0..all).filter(unused) {
            let recorded = self.recorded.load(index)?.request;
            let asked = format!("{} {}", recorded.method, recorded.target);
            let message = format!("the bot never sent `{asked}`");
            let pair = (json!(asked), Value::Null);
            let rule = Rule::RequestMissing;
            self.record
                .report(&self.recorded, index, rule, pair, message);
        }
        self.record
            .finish(&self.recorded, &self.mapping, name, elapsed)
    }
}
