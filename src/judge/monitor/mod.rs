//! The monitor: judges messages by the contract, without a scenario.
//!
//! For: all traffic of one bot and one service, in the order of time. Each violation belongs to one party and names a
//! requirement. Not for: what one scenario expects, which is the plan's; sockets, files and the clock.
//!
//! A message goes through these modules:
//!
//! 1. [`Monitor`] finds the operation of a request or the call of a notification, and its [`conversation`].
//! 2. `request`, `answer` and `notification` check the message, and bring the state of the `call` up to date. A
//!    notification has entries: `entry` checks each by itself, `change` against the state of its call.
//! 3. `effects` holds what has to follow from a request, until a notification shows it or it is overdue.
//! 4. `body` compares a JSON value with a resource type of the contract.
//!
//! For traffic that is still going on, `live` returns what is new, and forgets what is over.
//!
//! Traffic that the contract does not cover is listed and never judged.

mod answer;
mod body;
mod call;
mod change;
pub(crate) mod conversation;
mod effects;
mod entry;
mod live;
mod notification;
mod request;

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::Value;

pub(super) use self::request::path_and_query;

use self::call::Call;
use self::conversation::{Conduct, Conversation};
use crate::api::identifier::{ById, Normal};
use crate::api::party::Party;
use crate::contract::operation;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request, Response};
use crate::judge::people::Person;

/// How long something that has to follow is waited for in a recording, in milliseconds.
pub(crate) const PATIENCE: u64 = 120_000;

#[derive(Debug)]
pub(crate) struct Options {
    /// The directions that are observed: without notifications, nothing is missing.
    pub sees_notifications: bool,
    /// How long something that has to follow is waited for, in milliseconds.
    pub patience: u64,
    /// The edition that the target claims; the newest where it claims none.
    pub edition: Option<String>,
    /// The path and the query of the callback of calls for which the bot gives none.
    pub callback: Option<String>,
    pub at_end: AtEnd,
}

/// The verdict on what is open when the traffic ends, and is not overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtEnd {
    /// A recording may have been cut off: nobody knows what followed.
    Inconclusive,
    /// The run of somebody's tests ends when they have seen enough.
    Note,
}

/// The end of an exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending<'a> {
    Response(&'a Response),
    /// The connection broke, with the cause.
    Broken(&'a str),
    /// Unknown: the recording ends before it.
    Unknown,
}

/// Judges the traffic between one bot and one service.
#[derive(Debug)]
pub(crate) struct Monitor {
    options: Options,
    calls: ById<Call>,
    /// By their places, which count up.
    conversations: BTreeMap<usize, Conversation>,
    /// The place of the next conversation.
    next: usize,
    /// The number of conversations by their names without ordinals.
    ordinals: HashMap<String, usize>,
    /// The calls that were deleted, in that order, as far as they are remembered.
    deleted: VecDeque<Normal<'static>>,
    /// The places of conversations that may be over.
    ending: Vec<usize>,
    /// The requests without an answer, by exchange.
    asked: HashMap<u64, Asked>,
    /// The notifications without an acknowledgement: their conversations and bodies, by exchange.
    notified: HashMap<u64, Notified>,
    /// The requests that may be sent again.
    retries: Vec<Retry>,
    /// The exchanges that the contract does not cover.
    not_covered: Vec<u64>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Asked {
    conversation: usize,
    operation: &'static Operation,
    /// `v1.0` or `beta`, where the path says so.
    api: Option<&'static str>,
    method: String,
    target: String,
    body: Body,
    call: Option<String>,
    /// The participant, comms operation, session or group in the path.
    below: Option<String>,
    context: Option<String>,
    people: Vec<Person>,
    /// The request breaks a requirement, so that it may be refused.
    is_wrong: bool,
}

#[derive(Debug)]
struct Notified {
    conversations: Vec<usize>,
    calls: Vec<Normal<'static>>,
    body: Value,
}

/// A request that was refused for now.
#[derive(Debug)]
struct Retry {
    exchange: u64,
    conversation: usize,
    method: String,
    target: String,
    body: Body,
    /// The time before which it should not be sent again, in milliseconds.
    not_before: Option<u64>,
}

/// The conversations of a monitor, in the order of their first exchange, and the exchanges that it did not judge.
#[derive(Debug)]
pub(crate) struct Observed {
    pub conversations: Vec<Conversation>,
    pub not_covered: Vec<u64>,
}

impl Monitor {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            calls: ById::default(),
            conversations: BTreeMap::new(),
            next: 0,
            ordinals: HashMap::new(),
            deleted: VecDeque::new(),
            ending: Vec::new(),
            asked: HashMap::new(),
            notified: HashMap::new(),
            retries: Vec::new(),
            not_covered: Vec::new(),
        }
    }

    /// A request of the bot. `at` is the time in milliseconds; times never go back.
    pub(crate) fn request(&mut self, at: u64, exchange: u64, request: &Request) {
        let found = operation::of_request(&request.method, &request.target)
            .or_else(|| operation::of_action(&request.target));
        let Some((operation, ids)) = found else {
            self.not_covered.push(exchange);
            return;
        };
        let retry = self.retry_of(request);
        let place = match (&retry, ids.call) {
            (_, Some(call)) => self.call(call, at).conversation,
            (Some(retry), None) => retry.conversation,
            (None, None) => self.begin(at),
        };
        let conversation = self.conversation(place);
        conversation.add(exchange, at);
        conversation.operation.get_or_insert(operation);
        conversation.bot.took_part = true;
        self.name(place);
        let conversation = self.conversation(place);
        if let Some(retry) = retry {
            conversation
                .service
                .inconclusive
                .retain(|it| it.exchange != retry.exchange);
            if retry.not_before.is_some_and(|earliest| at < earliest) {
                self.too_early(place, exchange, operation);
            }
        }
        let replaced = request
            .body
            .json()
            .map_or_else(Vec::new, request::replaced_calls);
        self.conversation(place).replaces.extend(replaced);
        let asked = self.check_request(at, exchange, place, operation, ids, request);
        self.expect_early(exchange, &asked);
        self.asked.insert(exchange, asked);
    }

    /// The end of a bot's request.
    pub(crate) fn answer(&mut self, at: u64, exchange: u64, ending: Ending<'_>) {
        let Some(asked) = self.asked.remove(&exchange) else {
            return;
        };
        self.ending.push(asked.conversation);
        let at_end = self.options.at_end;
        let conversation = self.conversation(asked.conversation);
        conversation.add(exchange, at);
        match ending {
            Ending::Response(response) => {
                conversation.service.took_part = true;
                self.check_answer(at, exchange, &asked, response);
            }
            Ending::Broken(cause) => {
                conversation.service.took_part = true;
                let reason = format!("exchange {exchange} broke before its answer: {cause}");
                conversation.service.doubt(exchange, reason);
                self.may_come_again(at, exchange, &asked, None);
                self.forget_obligations(exchange, &asked);
            }
            Ending::Unknown => {
                let reason = format!("exchange {exchange} has no answer");
                conversation.service.at_end(at_end, exchange, reason);
                self.forget_obligations(exchange, &asked);
            }
        }
    }

    /// The end of a notification: the bot's acknowledgement.
    pub(crate) fn acknowledgement(&mut self, at: u64, exchange: u64, ending: Ending<'_>) {
        let Some(notified) = self.notified.remove(&exchange) else {
            return;
        };
        let is_success = matches!(ending, Ending::Response(it) if (200..300).contains(&it.status));
        self.ending.extend(&notified.conversations);
        for place in &notified.conversations {
            let conversation = self.conversation(*place);
            conversation.add(exchange, at);
            conversation.bot.took_part |= !matches!(ending, Ending::Unknown);
            conversation.bot.check(Requirement::Acknowledgement);
            let (rule, actual, message) = match ending {
                Ending::Response(_) if is_success => continue,
                Ending::Response(response) => (
                    Rule::AcknowledgementStatus,
                    Value::from(response.status),
                    format!("the bot answered a notification with {}", response.status),
                ),
                Ending::Broken(cause) => (
                    Rule::AcknowledgementMissing,
                    Value::Null,
                    format!("the bot did not answer a notification: {cause}"),
                ),
                Ending::Unknown => continue,
            };
            let breach = conversation::breach(
                Requirement::Acknowledgement,
                rule,
                exchange,
                Pointer::root(),
                (Value::from("2xx"), actual),
                message,
            );
            conversation.bot.report(breach, None);
        }
        if !is_success {
            for call in notified.calls {
                if let Some(call) = self.calls.get_mut(&call) {
                    call.unacknowledged.push(notified.body.clone());
                }
            }
        }
    }

    /// The end of the traffic: what has to follow and did not is missing, or inconclusive where the end came too soon.
    pub(crate) fn finish(mut self, at: u64) -> Observed {
        let waiting: Vec<u64> = self.asked.keys().copied().collect();
        for exchange in waiting {
            self.answer(at, exchange, Ending::Unknown);
        }
        let limits = (self.options.patience, self.options.at_end);
        let calls = std::mem::take(&mut self.calls);
        for (id, call) in calls {
            let conversation = self
                .conversations
                .get_mut(&call.conversation)
                .expect("the conversation of a call");
            conversation.calls.push(id);
            effects::at_the_end(call.open, at, limits, conversation);
        }
        let mut places: Vec<_> = self.conversations.keys().copied().collect();
        places.sort_by_key(|place| self.conversations[place].exchanges.first().copied());
        for place in &places {
            self.name(*place);
        }
        let conversations = places
            .iter()
            .filter_map(|place| self.conversations.remove(place));
        Observed {
            conversations: conversations.collect(),
            not_covered: self.not_covered,
        }
    }

    /// Moves out what was found of a party since the last time.
    pub(crate) fn take_conduct(&mut self, party: Party) -> Conduct {
        let mut all = Conduct::default();
        for conversation in self.conversations.values_mut() {
            all.absorb(std::mem::take(conversation.of(party)));
        }
        all
    }

    /// True if nothing is due.
    pub(crate) fn is_settled(&self) -> bool {
        let mut open = self.calls.values().flat_map(|call| &call.open);
        open.all(|it| it.is_endless || it.since.is_none())
    }

    /// Reports what is due as missing.
    pub(crate) fn expire(&mut self, at: u64) {
        for call in self.calls.values_mut() {
            let open = std::mem::take(&mut call.open);
            let conversation = self
                .conversations
                .get_mut(&call.conversation)
                .expect("the conversation of a call");
            effects::at_the_end(open, at, (0, AtEnd::Inconclusive), conversation);
        }
    }

    fn begin(&mut self, at: u64) -> usize {
        let place = self.next;
        self.next += 1;
        self.conversations.insert(place, Conversation::new(at));
        place
    }

    fn conversation(&mut self, place: usize) -> &mut Conversation {
        self.conversations
            .get_mut(&place)
            .expect("a conversation that no other has taken over, and that is not over")
    }

    /// Gives a conversation its name: that of its first operation, with an ordinal from the second one on.
    fn name(&mut self, place: usize) {
        let conversation = &self.conversations[&place];
        if !conversation.name.is_empty() {
            return;
        }
        let operation = conversation.operation.map(|it| it.name.as_str());
        let kind = operation.unwrap_or("notifications").to_owned();
        let ordinal = self.ordinals.entry(kind.clone()).or_default();
        *ordinal += 1;
        let ordinal = *ordinal;
        self.conversation(place).name = match ordinal {
            1 => kind,
            ordinal => format!("{kind}-{ordinal}"),
        };
    }

    /// The call of an identifier, with a conversation of its own where it is new.
    fn call(&mut self, id: &str, at: u64) -> &mut Call {
        let key = Normal::of(id).into_owned();
        if !self.calls.contains_key(&key) {
            let place = self.begin(at);
            self.calls.insert(key.clone(), Call::new(place));
        }
        self.calls
            .get_mut(&key)
            .expect("a call that was just added")
    }

    /// Makes two conversations one: the created call turns out to be one that notifications told of.
    fn unite(&mut self, into: usize, from: usize) {
        if into == from {
            return;
        }
        let Some(other) = self.conversations.remove(&from) else {
            return;
        };
        self.conversation(into).absorb(other);
        for call in self.calls.values_mut() {
            if call.conversation == from {
                call.conversation = into;
            }
        }
        let notified = self.notified.values_mut();
        let notified = notified.flat_map(|it| &mut it.conversations);
        let asked = self.asked.values_mut().map(|it| &mut it.conversation);
        let retries = self.retries.iter_mut().map(|it| &mut it.conversation);
        for place in notified.chain(asked).chain(retries) {
            if *place == from {
                *place = into;
            }
        }
    }

    /// The refused request that this one repeats.
    fn retry_of(&mut self, request: &Request) -> Option<Retry> {
        let is_same = |retry: &Retry| {
            retry.method == request.method
                && retry.target == request.target
                && retry.body == request.body
        };
        let at = self.retries.iter().position(is_same)?;
        Some(self.retries.remove(at))
    }

    fn too_early(&mut self, place: usize, exchange: u64, operation: &'static Operation) {
        let breach = conversation::breach(
            Requirement::RetryNotBefore,
            Rule::RequestUnexpected,
            exchange,
            Pointer::root(),
            (Value::Null, Value::Null),
            "the request was sent again before the time that Retry-After tells",
        );
        self.conversation(place).bot.report(breach, Some(operation));
    }

    /// Remembers a request that was refused for now.
    fn may_come_again(&mut self, at: u64, exchange: u64, asked: &Asked, after: Option<u64>) {
        self.retries.push(Retry {
            exchange,
            conversation: asked.conversation,
            method: asked.method.clone(),
            target: asked.target.clone(),
            body: asked.body.clone(),
            not_before: after.map(|seconds| at + seconds * 1000),
        });
        if self.retries.len() > MOST_RETRIES {
            self.retries.remove(0);
        }
    }

    fn report(
        &mut self,
        place: usize,
        party: Party,
        operation: Option<&'static Operation>,
        breach: crate::judge::Breach,
    ) {
        self.conversation(place).of(party).report(breach, operation);
    }
}

/// The most refused requests that are remembered.
const MOST_RETRIES: usize = 1024;
