//! The monitor: judges messages by the contract, without a scenario.
//!
//! For: all traffic of one bot and one service, in the order of time. Each violation belongs to one party and names a
//! requirement. Not for: what one scenario expects, which is the plan's; sockets, files and the clock.
//!
//! A message goes through these modules:
//!
//! 1. [`Monitor`] finds the operation of a request or the call of a notification, and its [`conversation`].
//! 2. `request`, `answer` and `notification` check the message, and bring the state of the `call` up to date.
//! 3. `effects` holds what has to follow from a request, until a notification shows it or it is overdue.
//! 4. `body` compares a JSON value with a resource type of the contract.
//!
//! Traffic that the contract does not cover is listed and never judged.

mod answer;
mod body;
mod call;
pub(crate) mod conversation;
mod effects;
mod notification;
mod request;

use std::collections::HashMap;

use serde_json::Value;

use self::call::Call;
use self::conversation::{Conduct, Conversation};
use crate::api::identifier::{ById, Normal};
use crate::api::party::Party;
use crate::api::resource::version_of;
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
    conversations: Vec<Option<Conversation>>,
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
            conversations: Vec::new(),
            asked: HashMap::new(),
            notified: HashMap::new(),
            retries: Vec::new(),
            not_covered: Vec::new(),
        }
    }

    /// A request of the bot. `at` is the time in milliseconds; times never go back.
    pub(crate) fn request(&mut self, at: u64, exchange: u64, request: &Request) {
        let Some((operation, ids)) = operation::of_request(&request.method, &request.target) else {
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
                conversation.service.doubt(exchange, reason);
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
        let calls = std::mem::take(&mut self.calls);
        for (id, call) in calls {
            let conversation = self.conversations[call.conversation]
                .as_mut()
                .expect("the conversation of a call");
            conversation.calls.push(id);
            effects::at_the_end(call.open, at, self.options.patience, conversation);
        }
        let mut conversations: Vec<_> = self.conversations.into_iter().flatten().collect();
        conversations.sort_by_key(|it| it.exchanges.first().copied());
        Observed {
            conversations,
            not_covered: self.not_covered,
        }
    }

    /// Moves out what was found of a party since the last time.
    pub(crate) fn take_conduct(&mut self, party: Party) -> Conduct {
        let mut all = Conduct::default();
        for conversation in self.conversations.iter_mut().flatten() {
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
            let conversation = self.conversations[call.conversation]
                .as_mut()
                .expect("the conversation of a call");
            effects::at_the_end(open, at, 0, conversation);
        }
    }

    fn begin(&mut self, at: u64) -> usize {
        self.conversations.push(Some(Conversation::new(at)));
        self.conversations.len() - 1
    }

    fn conversation(&mut self, place: usize) -> &mut Conversation {
        self.conversations[place]
            .as_mut()
            .expect("a conversation that no other has taken over")
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
        let Some(other) = self.conversations[from].take() else {
            return;
        };
        self.conversation(into).absorb(other);
        for call in self.calls.values_mut() {
            if call.conversation == from {
                call.conversation = into;
            }
        }
        for notified in self.notified.values_mut() {
            for place in &mut notified.conversations {
                if *place == from {
                    *place = into;
                }
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

/// The API version of a target.
fn api_of(target: &str) -> Option<&'static str> {
    version_of(target)
}
