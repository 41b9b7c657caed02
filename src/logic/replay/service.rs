//! The recorded service, for a live bot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::comparison::{Comparison, Difference};
use super::mapping::Mapping;
use super::record::{Place, Record, Replayed};
use super::shelf::{Marks, Shelf};
use super::{Outgoing, OutgoingRequest};
use crate::logic::recording::{Recording, grouping};
use crate::logic::verdict::{Role, Rule, TrafficMessage};
use crate::model::cassette::{Content, Direction, Exchange};
use crate::model::message::{Payload, Request, Response};
use crate::model::resource::{self, Resource};
use crate::text::pointer::Pointer;

/// The service of a recording. Answers what was asked then, and says what it told the bot next.
#[derive(Debug)]
pub struct Service {
    recording: Recording,
    options: Options,
    shelf: Shelf,
    mapping: Mapping,
    record: Record,
    /// The notifications that each request brought about, by the places of the exchanges.
    brought: Vec<Vec<usize>>,
    /// The notifications that no request brought about.
    unprovoked: Vec<usize>,
    group_of: Vec<usize>,
    /// Requests that were not served, and notifications that were not acknowledged.
    left: usize,
    /// Unserved requests in the place of which another one came.
    replaced: Vec<usize>,
    lessons: u64,
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
    /// Whether the same request has this answer again, for as long as the service does not
    /// [learn](Service::lessons).
    pub is_lasting: bool,
}

impl Service {
    /// The service of a recording.
    pub fn new(recording: Recording, options: Options) -> Self {
        let exchanges = recording.exchanges();
        let mut group_of = vec![0; exchanges.len()];
        for (group, members) in grouping::groups(exchanges).into_iter().enumerate() {
            for member in members {
                group_of[member] = group;
            }
        }
        let (brought, unprovoked) = provoked(exchanges, &group_of);
        let is_counted =
            |exchange: &&Exchange| exchange.direction == Direction::Request || options.tells;
        let shelf = Shelf::new(exchanges);
        let mut mapping = Mapping::default();
        for value in shelf.issued() {
            // The live bot has it from here, so that it is the same in this run.
            mapping.learn(value, value);
        }
        Self {
            shelf,
            left: exchanges.iter().filter(is_counted).count(),
            recording,
            options,
            mapping,
            record: Record::new(Role::Bot),
            brought,
            unprovoked,
            group_of,
            replaced: Vec::new(),
            lessons: 0,
        }
    }

    /// Keeps the whole conversation, not only its last messages.
    pub const fn keep_conversation(&mut self) {
        self.record.keeps_all = true;
    }

    /// The notifications to begin with: nothing that the bot does brings them about.
    pub fn unprovoked(&self) -> &[usize] {
        if self.options.tells {
            &self.unprovoked
        } else {
            &[]
        }
    }

    /// The number of the group of an exchange: notifications of one group keep their order.
    pub fn group(&self, exchange: usize) -> usize {
        self.group_of[exchange]
    }

    /// Whether everything was served and acknowledged.
    pub const fn is_done(&self) -> bool {
        self.left == 0 && !self.options.reuse
    }

    /// Answers a request of the bot.
    pub fn answer(&mut self, request: Request) -> Answer {
        let marks = self
            .shelf
            .marks(&request.method, &request.target, &request.body);
        let mut found = self.find(&marks, &request);
        if found.is_none() && self.options.reuse {
            self.shelf.begin_again(&marks);
            found = self
                .find(&marks, &request)
                .or_else(|| self.find_anew(&marks, &request));
        }
        let (mut answer, place) = match found {
            Some(index) => (self.serve(index), found),
            None => self.refuse(&marks, &request),
        };
        if self.options.reuse {
            answer.is_lasting =
                found.is_some() && answer.tells.is_empty() && self.shelf.is_alone(&marks);
        } else {
            self.show(request, &answer, place.map(Place::of));
        }
        answer
    }

    /// Keeps an exchange for the report.
    fn show(&mut self, request: Request, answer: &Answer, place: Option<Place>) {
        self.record
            .traffic(Role::Bot, place, TrafficMessage::Request(request.into()));
        self.record.traffic(
            Role::Service,
            place,
            TrafficMessage::Response(Arc::new(Response {
                status: answer.status,
                headers: answer.message.headers.iter().cloned().collect(),
                body: Payload::from_bytes(&answer.message.body),
            })),
        );
    }

    fn find(&mut self, marks: &Marks, request: &Request) -> Option<usize> {
        for index in self.shelf.candidates(marks) {
            let comparison = self.compare(index, request);
            if comparison.differences.is_empty() {
                self.learn(comparison);
                return Some(index);
            }
        }
        None
    }

    /// The same in a further round of the recording: what the bot made up for a request is made
    /// up anew.
    fn find_anew(&mut self, marks: &Marks, request: &Request) -> Option<usize> {
        for index in self.shelf.candidates(marks) {
            let made = self.shelf.made_in(index);
            let forgotten = self.mapping.forget(made);
            if forgotten.is_empty() {
                // It was compared so before.
                continue;
            }
            let comparison = self.compare(index, request);
            if comparison.differences.is_empty() {
                self.learn(comparison);
                return Some(index);
            }
            self.mapping.extend(forgotten);
        }
        None
    }

    fn learn(&mut self, comparison: Comparison) {
        self.lessons += u64::from(!comparison.learns_nothing());
        comparison.commit(&mut self.mapping);
    }

    /// How often the service has learnt what a recorded value is in this run.
    pub const fn lessons(&self) -> u64 {
        self.lessons
    }

    /// So many requests more were answered, by answers that [last](Answer::is_lasting).
    pub const fn answered_alike(&mut self, requests: usize) {
        self.record.played += requests;
    }

    fn compare(&self, index: usize, request: &Request) -> Comparison {
        let recorded = &self.recording.exchanges()[index].request;
        let mut comparison = Comparison::default();
        let is_same_path = match Resource::parse(&recorded.target) {
            Some(_) => comparison.texts(&self.mapping, "", &recorded.target, &request.target),
            None => resource::shape_of(&recorded.target) == resource::shape_of(&request.target),
        };
        if !is_same_path {
            comparison.differences.push(Difference {
                pointer: Pointer::root(),
                expected: json!(self.mapping.translated(&recorded.target)),
                actual: json!(request.target),
            });
        }
        match &recorded.body {
            Content::Json(body) => {
                comparison.bodies(&self.mapping, Some(body), request.body.json());
            }
            Content::Text(text) => {
                let body = match &request.body {
                    Payload::Text { text, .. } => json!(text),
                    Payload::Json(value) => value.clone(),
                    Payload::Empty | Payload::Opaque(_) => Value::Null,
                };
                comparison.bodies(&self.mapping, Some(&json!(text)), Some(&body));
            }
            Content::Empty | Content::Base64(_) | Content::Omitted { .. } => {}
        }
        comparison
    }

    fn serve(&mut self, index: usize) -> Answer {
        self.shelf.serve(index);
        self.left = self.left.saturating_sub(1);
        self.record.played += 1;
        let exchange = &self.recording.exchanges()[index];
        let tells = if self.options.tells {
            self.brought[index].clone()
        } else {
            Vec::new()
        };
        let took = Duration::from_millis(exchange.took_ms);
        let Some(response) = &exchange.response else {
            self.record.note(format!(
                "exchange {} was recorded without an answer; it was answered 502",
                exchange.number
            ));
            return refusal(
                502,
                "the recorded exchange broke",
                &Value::Null,
                took,
                tells,
            );
        };
        if matches!(response.body, Content::Omitted { .. }) {
            self.record.note(format!(
                "the body of the answer of exchange {} was not kept; it went out empty",
                exchange.number
            ));
        }
        Answer {
            status: response.status,
            message: Outgoing::response(response, &self.mapping),
            took,
            tells,
            is_lasting: false,
        }
    }

    /// Nothing fits: the answer shows what comes nearest. Where that was not served, the request came
    /// in its place.
    fn refuse(&mut self, marks: &Marks, request: &Request) -> (Answer, Option<usize>) {
        let asked = format!("{} {}", request.method, request.target);
        let nearest = self.nearest(marks, request);
        let message = format!("nothing recorded fits `{asked}`");
        let Some((index, differences)) = nearest else {
            let pair = (Value::Null, json!(asked));
            self.record.depart(
                &self.recording,
                0,
                Rule::RequestUnexpected,
                pair,
                message.clone(),
            );
            let answer = refusal(404, &message, &Value::Null, Duration::ZERO, Vec::new());
            return (answer, None);
        };
        let recorded = &self.recording.exchanges()[index];
        let number = recorded.number;
        let shown = json!({
            "exchange": number,
            "request": format!("{} {}", recorded.request.method, recorded.request.target),
            "served": self.shelf.is_served(index),
            "differences": differences.iter().map(|it| json!({
                "pointer": it.pointer.as_str(),
                "expected": it.expected,
                "actual": it.actual,
            })).collect::<Vec<_>>(),
        });
        let why = if differences.is_empty() {
            format!("{message} any more: exchange {number}, which it repeats, was served")
        } else {
            format!("{message}; the nearest is exchange {number}")
        };
        let mut place = None;
        if differences.is_empty() {
            let pair = (Value::Null, json!(asked));
            self.record.depart(
                &self.recording,
                index,
                Rule::RequestUnexpected,
                pair,
                why.clone(),
            );
        } else {
            self.record
                .differ(&self.recording, index, Rule::RequestUnexpected, differences);
            if let Some(last) = self.record.failures.last_mut() {
                last.message = format!("{}: {why}", last.message);
            }
            if !self.shelf.is_served(index) {
                self.replaced.push(index);
                place = Some(index);
            }
        }
        let answer = refusal(404, &why, &shown, Duration::ZERO, Vec::new());
        (answer, place)
    }

    /// The recording that a request departs from least, with how; of the same path where there is
    /// one.
    fn nearest(&self, marks: &Marks, request: &Request) -> Option<(usize, Vec<Difference>)> {
        let alike = self.shelf.alike(marks);
        let compared = alike.into_iter().map(|index| {
            let differences = self.compare(index, request).differences;
            (
                self.shelf.is_served(index),
                differences.len(),
                index,
                differences,
            )
        });
        let best = compared.min_by_key(|(served, count, index, _)| (*count, *served, *index));
        if let Some((_, _, index, differences)) = best {
            return Some((index, differences));
        }
        let line = |method: &str, target: &str| format!("{method} {}", resource::shape_of(target));
        let asked = line(&request.method, &request.target);
        let exchanges = self.recording.exchanges().iter().enumerate();
        exchanges
            .filter(|(_, exchange)| exchange.direction == Direction::Request)
            .take(1000)
            .map(|(index, exchange)| {
                let recorded = line(&exchange.request.method, &exchange.request.target);
                (strsim::levenshtein(&asked, &recorded), index, recorded)
            })
            .min()
            .map(|(_, index, recorded)| {
                let difference = Difference {
                    pointer: Pointer::root(),
                    expected: json!(recorded),
                    actual: json!(asked),
                };
                (index, vec![difference])
            })
    }

    /// A notification as it goes out now. Its target is the callback that the bot gave, where it
    /// gave one, else the recorded path.
    pub fn notification(&mut self, index: usize, token: Option<&str>) -> OutgoingRequest {
        let exchange = &self.recording.exchanges()[index];
        let recorded = &exchange.request;
        let message = Outgoing::request(recorded, &self.mapping, token);
        let path = resource::path_of(&recorded.target);
        let target = self
            .mapping
            .address_of(path)
            .map_or_else(|| recorded.target.clone(), str::to_owned);
        let request = Request {
            method: recorded.method.clone(),
            target: target.clone(),
            headers: message.headers.iter().cloned().collect(),
            body: Payload::from_bytes(&message.body),
        };
        let method = recorded.method.clone();
        let place = Some(Place::of(index));
        self.record.traffic(
            Role::Service,
            place,
            TrafficMessage::Request(request.into()),
        );
        OutgoingRequest {
            exchange: index,
            method,
            target,
            message,
        }
    }

    /// The bot acknowledged a notification with this status, or did not, for this reason.
    pub fn acknowledged(&mut self, index: usize, answer: Result<Response, String>) {
        self.left = self.left.saturating_sub(1);
        self.record.played += 1;
        match answer {
            Ok(response) => {
                let status = response.status;
                let message = TrafficMessage::Response(response.into());
                let place = Some(Place::of(index));
                self.record.traffic(Role::Bot, place, message);
                if !(200..300).contains(&status) {
                    let message = format!("the notification was answered {status}");
                    let rule = Rule::AcknowledgementStatus;
                    let pair = (json!("2xx"), json!(status));
                    self.record
                        .depart(&self.recording, index, rule, pair, message);
                }
            }
            Err(why) => {
                let rule = Rule::AcknowledgementMissing;
                let message = format!("the notification was not answered: {why}");
                self.record.broken(&self.recording, index, rule, message);
            }
        }
    }

    /// The end: what was not asked for is missing.
    pub fn finish(&mut self, name: &str, elapsed: Duration) -> Replayed {
        let unused = !self.options.reuse;
        for index in 0..self.recording.exchanges().len() {
            let exchange = &self.recording.exchanges()[index];
            let is_unused = exchange.direction == Direction::Request
                && !self.shelf.is_served(index)
                && !self.replaced.contains(&index);
            if unused && is_unused {
                let asked = format!("{} {}", exchange.request.method, exchange.request.target);
                let message = format!("the bot never sent `{asked}`");
                let pair = (json!(asked), Value::Null);
                self.record
                    .depart(&self.recording, index, Rule::RequestMissing, pair, message);
            }
        }
        self.record
            .finish(&self.recording, &self.mapping, name, elapsed)
    }
}

/// The notifications that each exchange brought about: by what the recorder saw, else those of its
/// calls that come after it.
fn provoked(exchanges: &[Exchange], group_of: &[usize]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let index_of: HashMap<u64, usize> = exchanges
        .iter()
        .enumerate()
        .map(|(index, exchange)| (exchange.number, index))
        .collect();
    let mut brought = vec![Vec::new(); exchanges.len()];
    let mut unprovoked = Vec::new();
    let mut last_of: HashMap<usize, usize> = HashMap::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        if exchange.direction == Direction::Request {
            last_of.insert(group_of[index], index);
            continue;
        }
        let told = exchange.cause.as_ref();
        let told = told.and_then(|cause| index_of.get(&cause.exchange).copied());
        let told = told.filter(|cause| exchanges[*cause].direction == Direction::Request);
        match told.or_else(|| last_of.get(&group_of[index]).copied()) {
            Some(cause) => brought[cause].push(index),
            None => unprovoked.push(index),
        }
    }
    (brought, unprovoked)
}

fn refusal(
    status: u16,
    message: &str,
    nearest: &Value,
    took: Duration,
    tells: Vec<usize>,
) -> Answer {
    let mut error = json!({"code": "confcall", "message": message});
    if !nearest.is_null() {
        error["nearest"] = nearest.clone();
    }
    Answer {
        status,
        message: Outgoing {
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: json!({"error": error}).to_string().into_bytes(),
        },
        took,
        tells,
        is_lasting: false,
    }
}
