//! The recorded bot, for a live service: what it sends, and the answers. `notifications` has what it is
//! told.

mod notifications;
pub mod provider_state;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use self::notifications::{Awaited, Came};
use self::provider_state::Need;
use super::matching::comparison::{Comparison, Difference, Part};
use super::outcome::{Place, Record, Replayed};
use super::outgoing;
use super::outgoing::{Outgoing, OutgoingRequest};
use super::recording::{Index, Indexed};
use super::values::generated;
use super::values::generated::Generator;
use super::values::mapping::Mapping;
use super::values::{Key, Keys};
use crate::api::party::Party;
use crate::api::resource;
use crate::cassette::format;
use crate::cassette::format::{Content, Direction, RecordedRequest, RecordedResponse};
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request, Response};
use crate::judge::verdict::{TrafficMessage, Verdict};

/// The bot of a recording. Sends what was sent then, as soon as what came before it has come
/// again, and holds what comes against what came.
#[derive(Debug)]
pub struct Bot {
    recorded: Index,
    mapping: Mapping,
    /// The values that the recorded bot made up.
    own: Keys,
    fresh: Generator,
    /// Where this run takes notifications; empty where it takes none.
    callback: String,
    record: Record,
    groups: Vec<Group>,
    awaited: Vec<Awaited>,
    /// The entries that are awaited, by the recorded call that they are about.
    by_call: HashMap<String, Vec<usize>>,
    /// Requests that were sent, or cannot be.
    passed: HashSet<usize>,
    /// Groups that may have come to a request.
    due: Vec<usize>,
    /// Requests without an answer.
    open: usize,
    /// Entries that have not come.
    missing: usize,
    /// Entries of calls that an answer under way may tell.
    held: Vec<Came>,
    /// Why nothing more can be sent or compared.
    lost: Option<Diagnostic>,
}

/// Exchanges that are about the same calls: one after the other.
#[derive(Debug, Default)]
struct Group {
    /// The places of its exchanges in the recording.
    members: Vec<usize>,
    /// The next of them.
    at: usize,
    is_asking: bool,
    /// How many of its notified entries have not come.
    missing: HashMap<usize, usize>,
}

impl Bot {
    /// The bot of a recording. `callback` is where it takes notifications in this run, as
    /// [`Generator::callback`] makes it; none where it takes none. What the recorded bot chose is `fresh`
    /// in this run. What is awaited is kept; what is sent is not.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub fn new(
        recording: Indexed,
        fresh: Generator,
        callback: Option<&str>,
    ) -> Result<Self, Diagnostic> {
        let Indexed {
            index: recorded,
            bots: own,
            ..
        } = recording;
        let mut groups: Vec<Group> = Vec::new();
        for index in 0..recorded.len() {
            let number = recorded.group(index);
            if number == groups.len() {
                groups.push(Group::default());
            }
            groups[number].members.push(index);
        }
        let mut bot = Self {
            mapping: Mapping::default(),
            fresh,
            callback: callback.unwrap_or_default().to_owned(),
            record: Record::new(Party::Service),
            due: (0..groups.len()).rev().collect(),
            missing: 0,
            held: Vec::new(),
            groups,
            awaited: Vec::new(),
            by_call: HashMap::new(),
            passed: HashSet::new(),
            open: 0,
            lost: None,
            recorded,
            own,
        };
        for value in &bot.own {
            // The bot sends it as it did then, unless it chooses anew.
            bot.mapping.learn_same(*value);
        }
        if callback.is_some() {
            bot.listen()?;
        }
        Ok(bot)
    }

    /// Keeps the whole conversation, not only its last messages.
    pub const fn keep_conversation(&mut self) {
        self.record.keeps_all = true;
    }

    /// The address below which this run takes notifications; empty where it takes none.
    pub fn callback(&self) -> &str {
        &self.callback
    }

    /// What must be there before the first request.
    ///
    /// # Errors
    ///
    /// As [`Index::load`] has.
    pub fn needs(&self) -> Result<Vec<Need>, Diagnostic> {
        let groups = self.groups.iter().map(|it| &*it.members);
        provider_state::needs(&self.recorded, groups)
    }

    /// A recorded call is this one in this run, as whoever brought it about says.
    pub fn take_as(&mut self, recorded: &str, live: &str) {
        self.mapping.learn(recorded, live);
    }

    /// What the recording takes for granted is not to be had: nothing is sent, and this is the result.
    pub fn set_aside(&mut self, verdict: Verdict, reason: String) {
        self.record.aside = Some((verdict, reason));
    }

    /// Whether it was [set aside](Bot::set_aside).
    pub const fn is_set_aside(&self) -> bool {
        self.record.aside.is_some()
    }

    /// The requests that can be sent now.
    pub fn ready(&mut self, token: Option<&str>) -> Vec<OutgoingRequest> {
        let mut ready = Vec::new();
        while let Some(number) = self.due.pop() {
            if let Some(index) = self.next_of(number) {
                match self.send(index, token) {
                    Ok(Some(request)) => ready.push(request),
                    Ok(None) => {
                        self.excuse(index);
                        self.go_on(number);
                    }
                    Err(lost) => self.give_up(lost),
                }
            }
        }
        ready
    }

    /// The request that a group has come to is done with.
    fn go_on(&mut self, number: usize) {
        let group = &mut self.groups[number];
        group.is_asking = false;
        group.at += 1;
        self.due.push(number);
    }

    /// The request that a group has come to; none while it waits.
    fn next_of(&mut self, number: usize) -> Option<usize> {
        let group = &mut self.groups[number];
        if group.is_asking {
            return None;
        }
        while let Some(&index) = group.members.get(group.at) {
            match self.recorded.direction(index) {
                Direction::Request => {
                    group.is_asking = true;
                    return Some(index);
                }
                Direction::Notification if group.missing.get(&index).is_some_and(|it| *it > 0) => {
                    return None;
                }
                Direction::Notification => group.at += 1,
            }
        }
        None
    }

    /// The recording is not what it was.
    fn give_up(&mut self, lost: Diagnostic) {
        self.lost.get_or_insert(lost);
    }

    /// A request as it goes out now; none where it cannot.
    fn send(
        &mut self,
        index: usize,
        token: Option<&str>,
    ) -> Result<Option<OutgoingRequest>, Diagnostic> {
        let exchange = self.recorded.load(index)?;
        self.passed.insert(index);
        self.choose(&exchange.request);
        let sendable = outgoing::asks_again(&exchange);
        let recorded = exchange.request;
        let sendable = sendable.and_then(|()| Outgoing::request(&recorded, &self.mapping, token));
        let message = match sendable {
            Ok(message) => message,
            Err(why) => {
                let number = self.recorded.number(index);
                self.record
                    .note(format!("exchange {number} was passed over: {why}"));
                return Ok(None);
            }
        };
        let target = self.mapping.translated(&recorded.target);
        let method = recorded.method;
        self.open += 1;
        self.record.traffic(
            Party::Bot,
            Some(Place::of(index)),
            TrafficMessage::Request(Arc::new(Request {
                method: method.clone(),
                target: target.clone(),
                headers: message.headers.iter().cloned().collect(),
                body: Body::from_bytes(&message.body),
            })),
        );
        Ok(Some(OutgoingRequest {
            exchange: index,
            method,
            target,
            message,
        }))
    }

    /// What the bot chose for a request is chosen anew, once.
    fn choose(&mut self, request: &RecordedRequest) {
        for recorded in generated::chosen(request) {
            let is_own = self.own.contains(&Key::of(recorded));
            let is_chosen = self.mapping.live(recorded).is_some_and(|it| it != recorded);
            let is_new = is_own || self.mapping.live(recorded).is_none();
            if is_new && !is_chosen {
                let live = self.fresh.value(recorded);
                self.mapping.learn(recorded, &live);
            }
        }
    }

    /// The service answered a request, or did not, for this reason.
    pub fn answered(&mut self, index: usize, answer: Result<Response, String>) {
        self.open = self.open.saturating_sub(1);
        self.record.played += 1;
        self.go_on(self.recorded.group(index));
        match self.recorded.load(index) {
            Ok(exchange) => self.compare_answer(index, exchange.response, answer),
            Err(lost) => self.give_up(lost),
        }
        for came in std::mem::take(&mut self.held) {
            self.entry(came);
        }
    }

    fn compare_answer(
        &mut self,
        index: usize,
        recorded: Option<RecordedResponse>,
        answer: Result<Response, String>,
    ) {
        let response = match answer {
            Ok(response) => response,
            Err(why) => {
                let expected = (Rule::ResponseMissing, recorded.map(|it| it.status));
                let message = format!("the request was not answered: {why}");
                self.record.broken(&self.recorded, index, expected, message);
                return;
            }
        };
        let Some(recorded) = recorded else {
            return;
        };
        let status = response.status;
        if status == recorded.status {
            self.compare_content(index, &recorded, &response);
        } else {
            let pair = (json!(recorded.status), json!(status));
            let message = format!("the answer is {status}, recorded was {}", recorded.status);
            self.report(index, Rule::ResponseStatus, pair, message);
        }
        let place = Some(Place::of(index));
        self.record.traffic(
            Party::Service,
            place,
            TrafficMessage::Response(response.into()),
        );
    }

    fn compare_content(&mut self, index: usize, recorded: &RecordedResponse, response: &Response) {
        let mut comparison = Comparison::default();
        let types = (
            format::headers(&recorded.headers).media_type(),
            response.headers.media_type(),
        );
        let located = self.location(&mut comparison, recorded, response);
        match (&recorded.body, &response.body) {
            (Content::Json(body), live) => {
                comparison.bodies(&self.mapping, Some(body), live.json());
            }
            (Content::Text(text), Body::Text(live))
                if comparison.texts(&self.mapping, "", text, live) => {}
            (Content::Text(text), live) => comparison.differences.push(Difference {
                part: Part::Body,
                pointer: Pointer::root(),
                expected: json!(text),
                actual: match live {
                    Body::Text(text) => json!(text),
                    other => other.json().cloned().unwrap_or_default(),
                },
            }),
            (Content::Omitted { .. }, _) => {
                let number = self.recorded.number(index);
                self.record.note(format!(
                    "the body of the answer of exchange {number} was not kept, and is not compared"
                ));
            }
            (Content::Empty | Content::Base64(_), _) => {}
        }
        let differences = std::mem::take(&mut comparison.differences);
        comparison.commit(&mut self.mapping);
        if types.0.is_some() && types.0 != types.1 {
            let pair = (json!(types.0), json!(types.1));
            let message = "Content-Type is not what was recorded".to_owned();
            self.report(index, Rule::ResponseHeader, pair, message);
        }
        if let Some(pair) = located {
            let message = "Location is not what was recorded".to_owned();
            self.report(index, Rule::ResponseHeader, pair, message);
        }
        self.record
            .differ(&self.recorded, index, Rule::ResponseBody, differences);
    }

    fn report(&mut self, index: usize, rule: Rule, pair: (Value, Value), message: String) {
        self.record
            .report(&self.recorded, index, rule, pair, message);
    }

    /// What is wrong about a `Location`: the recorded one, and what came.
    fn location(
        &self,
        comparison: &mut Comparison,
        recorded: &RecordedResponse,
        response: &Response,
    ) -> Option<(Value, Value)> {
        let is_location = |name: &str| name.eq_ignore_ascii_case("location");
        let mut fields = recorded.headers.iter();
        let (_, recorded) = fields.find(|(name, _)| is_location(name))?;
        let live = response.headers.get("location");
        let is_same = live.is_some_and(|live| {
            comparison.texts(&self.mapping, "Location", recorded, live)
                || resource::path_of(recorded) == resource::path_of(live)
        });
        (!is_same).then(|| (json!(self.mapping.translated(recorded)), json!(live)))
    }

    /// Whether nothing is waited for any more, or nothing more can be sent.
    pub const fn is_done(&self) -> bool {
        let is_played =
            self.open == 0 && self.missing == 0 && self.due.is_empty() && self.held.is_empty();
        is_played || self.lost.is_some()
    }

    /// The end: what was not sent or did not come is told.
    ///
    /// # Errors
    ///
    /// A recording that was changed meanwhile: what was replayed is no result.
    pub fn finish(&mut self, name: &str, elapsed: Duration) -> Result<Replayed, Diagnostic> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        if self.record.aside.is_none() {
            self.give_up_waiting();
        }
        let is_unsent = |index: &usize| {
            self.recorded.direction(*index) == Direction::Request && !self.passed.contains(index)
        };
        let unsent = (0..self.recorded.len()).filter(is_unsent).count();
        if unsent > 0 {
            self.record
                .note(format!("{unsent} recorded requests were not sent"));
        }
        self.record
            .finish(&self.recorded, &self.mapping, name, elapsed)
    }
}
