//! The monitor: judges messages by the contract, without a scenario.
//!
//! For: all traffic of one bot and one service, in the order of time. Each violation belongs to one party and names a
//! requirement. Not for: the expectations of one scenario, which are in the plan; sockets, files and the clock.
//!
//! A message goes through these modules:
//!
//! 1. [`Monitor`] finds the operation of a request or the call of a notification, and its [`conversation`].
//! 2. `request`, `answer` and `notification` check the message, and bring the state of the `call` up to date. A
//!    notification has entries: `entry` checks each one alone, `change` against the state of its call, and
//!    `comms_operation` against the request that began it.
//!    `acknowledgement` judges how the bot took it.
//! 3. `effects` holds the effects that must follow from a request, until a notification shows them or they are overdue.
//! 4. `body` compares a JSON value with a resource type of the contract.
//!
//! For traffic that still goes on, `live` returns new violations, and forgets conversations that are over.
//!
//! Traffic that the contract does not cover is listed and never judged.

mod acknowledgement;
mod answer;
mod body;
mod call;
mod change;
mod comms_operation;
pub(crate) mod conversation;
mod correlation;
mod created;
mod effects;
mod entry;
mod given;
mod live;
mod notification;
mod parameters;
mod pending;
pub(in crate::judge) mod reads;
mod refusal;
mod request;
mod roster;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use serde_json::Value;

pub(super) use self::request::{bearer_token, is_same_body};

use self::call::Call;
use self::conversation::{Conduct, Conversation};
use self::pending::Pending;
use crate::api::identifier::{ById, Ids, Normal};
use crate::api::party::Party;
use crate::contract::operation;
use crate::contract::operation::Operation;
use crate::contract::prefix::{Prefix, prefix_of};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Request, Response};

/// How long something that has to follow is waited for in a recording, in milliseconds.
pub(crate) const PATIENCE: u64 = 120_000;

#[derive(Debug)]
pub(crate) struct Options {
    /// The directions that are observed: without notifications, nothing is missing, and without requests, no bot is late.
    pub sees_notifications: bool,
    pub sees_requests: bool,
    /// How long something that has to follow is waited for, in milliseconds.
    pub patience: u64,
    /// The edition that the target claims; the newest where it claims none.
    pub edition: Option<String>,
    /// The path and the query at which every message is a notification.
    pub callback: Option<String>,
    /// The path and the query where notifications may arrive instead, about a call for which the bot gave no callback.
    /// `None` where any address will do for them.
    pub application_callback: Option<String>,
    pub at_end: AtEnd,
    pub ids: KnownIds,
}

/// The ids that a service may have given to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownIds {
    /// Some of its messages may not be in the traffic.
    Some,
    /// Only those in the traffic: no other message ever left the service.
    All,
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
    /// Fault injection: the answer did not come from the service, or did not reach the bot.
    Injected(Injected<'a>),
    /// Unknown: the recording ends before it.
    Unknown,
}

/// What fault injection did to an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Injected<'a> {
    /// The service did not get the request. None if the connection was reset.
    Refused(Option<&'a Response>),
    /// The bot did not get the service's answer.
    Lost(&'a Response),
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
    /// The calls that requests replace.
    replaced: Ids<'static>,
    /// The ids that the service has given to the bot, where it is known that it gave no others.
    given: Ids<'static>,
    /// The places of conversations that may be over.
    ending: Vec<usize>,
    /// The places of conversations that may have new violations.
    touched: Vec<usize>,
    /// The exchanges that belong to several conversations.
    shared: HashSet<u64>,
    /// The requests without an answer, by exchange.
    pending: HashMap<u64, Pending>,
    /// The comms operations in notifications that may precede their answers, while requests have none.
    early: Ids<'static>,
    /// The notifications without an acknowledgement, by exchange.
    notified: BTreeMap<u64, Notified>,
    /// The requests that may be sent again.
    retries: Vec<Retry>,
    /// The exchanges that the contract does not cover.
    not_covered: Vec<u64>,
}

#[derive(Debug)]
struct Notified {
    /// The time of its request, in milliseconds.
    at: u64,
    conversations: Vec<usize>,
    request: Arc<Request>,
    /// The places of the changes that came again before the acknowledgement.
    came_again: Vec<usize>,
}

/// A request that was refused for now.
#[derive(Debug)]
struct Retry {
    exchange: u64,
    conversation: usize,
    request: Arc<Request>,
    /// The time before which it should not be sent again, in milliseconds.
    not_before: Option<u64>,
    /// The service may have acted on it, so that it may refuse the repetition.
    has_acted: bool,
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
            ordinals: HashMap::default(),
            deleted: VecDeque::new(),
            replaced: Ids::default(),
            given: Ids::default(),
            ending: Vec::new(),
            touched: Vec::new(),
            shared: HashSet::default(),
            pending: HashMap::default(),
            early: Ids::default(),
            notified: BTreeMap::new(),
            retries: Vec::new(),
            not_covered: Vec::new(),
        }
    }

    /// A request of the bot. `at` is the time in milliseconds; times never go back.
    pub(crate) fn request(&mut self, at: u64, exchange: u64, request: &Arc<Request>) {
        let found = operation::of_request(&request.method, &request.target)
            .or_else(|| operation::of_path(&request.method, &request.target));
        let found = found.filter(|(_, ids)| self.is_of_api(request, ids.call));
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
        if let Some(retry) = &retry {
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
        self.replaced.extend(replaced.iter().cloned());
        self.conversation(place).replaces.extend(replaced);
        let pending = self.check_request(
            (at, exchange, place),
            (operation, ids),
            request,
            retry.as_ref(),
        );
        if pending.has_documented_method() && pending.is_possible {
            self.expect_early(exchange, &pending);
        }
        self.conversation(pending.conversation).waits += 1;
        self.pending.insert(exchange, pending);
    }

    /// The end of a bot's request.
    pub(crate) fn answer(&mut self, at: u64, exchange: u64, ending: Ending<'_>) {
        let Some(pending) = self.pending.remove(&exchange) else {
            return;
        };
        self.goes_on(pending.conversation);
        self.check_ending(at, exchange, &pending, ending);
        if self.pending.is_empty() {
            self.early.clear();
        }
    }

    fn check_ending(&mut self, at: u64, exchange: u64, pending: &Pending, ending: Ending<'_>) {
        let at_end = self.options.at_end;
        let conversation = self.conversation(pending.conversation);
        conversation.add(exchange, at);
        match ending {
            Ending::Response(response) => {
                conversation.service.took_part = true;
                self.gives(response);
                self.check_answer(at, exchange, pending, response);
            }
            Ending::Broken(cause) => {
                conversation.service.took_part = true;
                let reason =
                    format!("exchange {exchange} was aborted before its response: {cause}");
                conversation.service.doubt(exchange, reason);
                self.may_come_again(at, exchange, pending, (None, true));
                self.may_have_begun(exchange, pending);
                self.forget_obligations(exchange, pending);
            }
            Ending::Injected(injected) => {
                let what = match injected {
                    Injected::Refused(Some(response)) => format!("answered {}", response.status),
                    Injected::Refused(None) => "reset the connection".to_owned(),
                    Injected::Lost(_) => "lost the response".to_owned(),
                };
                let note = format!("fault injection {what} in exchange {exchange}");
                conversation.bot.note(note.clone());
                conversation.service.note(note);
                match injected {
                    Injected::Refused(response) => {
                        let after = response.and_then(refusal::retry_after);
                        self.may_come_again(at, exchange, pending, (after, false));
                        self.forget_obligations(exchange, pending);
                    }
                    Injected::Lost(response) => {
                        conversation.service.took_part = true;
                        self.gives(response);
                        self.check_answer(at, exchange, pending, response);
                        self.may_come_again(at, exchange, pending, (None, true));
                    }
                }
            }
            Ending::Unknown => {
                let reason = format!("exchange {exchange} has no response");
                conversation.service.at_end(at_end, exchange, reason);
                self.forget_obligations(exchange, pending);
            }
        }
    }

    /// The end of the traffic: what has to follow and did not is missing, or inconclusive where the end came too soon.
    pub(crate) fn finish(&mut self, at: u64) -> Observed {
        let waiting: Vec<u64> = self.pending.keys().copied().collect();
        for exchange in waiting {
            self.answer(at, exchange, Ending::Unknown);
        }
        let limits = (self.options.patience, self.options.at_end);
        let sees_requests = self.options.sees_requests;
        let calls = std::mem::take(&mut self.calls);
        for (id, mut call) in calls {
            let conversation = self
                .conversations
                .get_mut(&call.conversation)
                .expect("the conversation of a call");
            if let Some(breach) = call.left_waiting(at).filter(|_| sees_requests) {
                conversation.bot.report(breach, None);
            }
            if let Some(breach) = call.lacks_deletion(at, limits.0) {
                conversation.service.report(breach, None);
            }
            conversation.calls.push(id);
            effects::end_with_call(&mut call, limits.0, conversation);
            effects::at_the_end(&mut call, at, limits, conversation);
        }
        let mut places: Vec<_> = self.conversations.keys().copied().collect();
        places.sort_by_key(|place| self.conversations[place].exchanges.first().copied());
        for place in &places {
            self.name(*place);
            self.conversation(*place).judge_refusals(|_| true);
        }
        let conversations = places
            .iter()
            .filter_map(|place| self.conversations.remove(place));
        Observed {
            conversations: conversations.collect(),
            not_covered: std::mem::take(&mut self.not_covered),
        }
    }

    /// True if a request replaces the call.
    pub(crate) fn is_replaced(&self, call: &Normal<'static>) -> bool {
        self.replaced.contains(call)
    }

    /// Moves out what was found of a party since the last time.
    pub(crate) fn take_conduct(&mut self, party: Party) -> Conduct {
        let mut all = Conduct::default();
        let judged = self.refusals_judged();
        for conversation in self.conversations.values_mut() {
            conversation.judge_refusals(|exchange| exchange < judged);
            all.absorb(std::mem::take(conversation.of(party)));
        }
        all
    }

    /// True if nothing is due.
    pub(crate) fn is_settled(&self) -> bool {
        let mut open = self.calls.values().flat_map(|call| &call.open);
        open.all(|it| {
            let is_silent = it.is_silent() && it.contradiction.is_none();
            it.is_endless || it.since.is_none() || is_silent
        })
    }

    /// Reports what is due as missing.
    pub(crate) fn expire(&mut self, at: u64) {
        for call in self.calls.values_mut() {
            let conversation = self
                .conversations
                .get_mut(&call.conversation)
                .expect("the conversation of a call");
            effects::end_with_call(call, self.options.patience, conversation);
            effects::at_the_end(call, at, (0, AtEnd::Inconclusive), conversation);
        }
    }

    fn begin(&mut self, at: u64) -> usize {
        let place = self.next;
        self.next += 1;
        self.conversations.insert(place, Conversation::new(at));
        place
    }

    fn conversation(&mut self, place: usize) -> &mut Conversation {
        if self.touched.last() != Some(&place) {
            self.touched.push(place);
        }
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
            self.know(key.clone(), place);
        }
        self.calls
            .get_mut(&key)
            .expect("a call that was just added")
    }

    /// Adds a call that is new to a conversation.
    fn know(&mut self, call: Normal<'static>, place: usize) {
        self.conversation(place).waits += 1;
        self.calls.insert(call, Call::new(place));
    }

    /// Something that a conversation waited for has come: an answer, an acknowledgement, a repetition.
    fn goes_on(&mut self, place: usize) {
        let conversation = self.conversation(place);
        conversation.waits -= 1;
        if conversation.waits == 0 {
            self.ending.push(place);
        }
    }

    /// Merges two conversations: notifications have named the created call before its answer came.
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
        let pending = self.pending.values_mut().map(|it| &mut it.conversation);
        let retries = self.retries.iter_mut().map(|it| &mut it.conversation);
        for place in notified.chain(pending).chain(retries) {
            if *place == from {
                *place = into;
            }
        }
    }

    /// True for a request to the calling API. A service may be below a base path, where a call that is known or the
    /// callback for a new one shows it.
    fn is_of_api(&self, request: &Request, call: Option<&str>) -> bool {
        match prefix_of(&request.target) {
            Some(Prefix::Documented) => true,
            Some(Prefix::Below) => match call {
                Some(call) => self.calls.contains_key(&Normal::of(call).into_owned()),
                None => request.body.json().and_then(request::callback_of).is_some(),
            },
            None => false,
        }
    }

    /// The refused request that this one repeats.
    fn retry_of(&mut self, request: &Request) -> Option<Retry> {
        let mut retries = self.retries.iter();
        let at = retries.position(|it| request::is_same(&it.request, request))?;
        let retry = self.retries.remove(at);
        self.goes_on(retry.conversation);
        Some(retry)
    }

    fn too_early(&mut self, place: usize, exchange: u64, operation: &'static Operation) {
        let breach = conversation::breach(
            Requirement::RetryNotBefore,
            Rule::RequestUnexpected,
            exchange,
            Pointer::root(),
            (Value::Null, Value::Null),
            "the request was sent again before the time in Retry-After",
        );
        self.conversation(place).bot.report(breach, Some(operation));
    }

    /// Remembers a request that was refused for now.
    fn may_come_again(
        &mut self,
        at: u64,
        exchange: u64,
        pending: &Pending,
        (after, has_acted): (Option<u64>, bool),
    ) {
        self.retries.push(Retry {
            exchange,
            conversation: pending.conversation,
            request: Arc::clone(&pending.request),
            not_before: after.map(|seconds| at + seconds * 1000),
            has_acted,
        });
        self.conversation(pending.conversation).waits += 1;
        if self.retries.len() > MOST_RETRIES {
            let forgotten = self.retries.remove(0);
            self.goes_on(forgotten.conversation);
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
