//! One conversation of the monitor: the exchanges about a call, and the violations of each party.

use std::collections::BTreeSet;

use serde_json::Value;

use super::AtEnd;
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Omission;
use crate::judge::Breach;

/// The media type of every body of the API.
pub(super) const JSON: &str = "application/json";

/// The exchanges about a call, or a request that is about none.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// `invite-2`; empty before the conversation has a name.
    pub name: String,
    /// The first operation; none where only notifications came.
    pub operation: Option<&'static Operation>,
    /// The numbers of its exchanges, in the order of their requests.
    pub exchanges: Vec<u64>,
    /// The calls that it is about.
    pub calls: Vec<Normal<'static>>,
    /// The calls that its requests replace.
    pub replaces: Vec<Normal<'static>>,
    pub bot: Conduct,
    pub service: Conduct,
    /// The bot's refusals of notifications, by exchange: the answer to an earlier request may show that one is wrong.
    pub(super) refused: Vec<(u64, Breach)>,
    /// The time of the first and of the last message, in milliseconds.
    pub begun: u64,
    pub ended: u64,
    /// The number of things that it waits for: answers, acknowledgements, repetitions of refused requests, and messages
    /// about calls that are remembered.
    pub(super) waits: usize,
}

/// What is known of one party.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    /// The party sent a message that was judged.
    pub took_part: bool,
    /// Each with the operation that it is about.
    pub breaches: Vec<(Breach, Option<&'static Operation>)>,
    /// The number of breaches that [`news`](super::Monitor::news) has returned.
    pub reported: usize,
    /// The reasons why something could not be judged.
    pub inconclusive: Vec<Doubt>,
    pub notes: Vec<String>,
    /// Without duplicates, in order.
    pub checked: Vec<Requirement>,
    /// The exchanges in which it broke a requirement that is a MUST.
    wrong: BTreeSet<usize>,
}

/// A reason why something could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// The exchange.
    pub exchange: u64,
    pub reason: String,
}

impl Conversation {
    pub(crate) fn new(at: u64) -> Self {
        Self {
            begun: at,
            ended: at,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, exchange: u64, at: u64) {
        if let Err(place) = self.exchanges.binary_search(&exchange) {
            self.exchanges.insert(place, exchange);
        }
        self.ended = self.ended.max(at);
    }

    /// Takes over the exchanges and the violations of another conversation, which turns out to be the same.
    pub(crate) fn absorb(&mut self, other: Self) {
        for exchange in other.exchanges {
            self.add(exchange, other.ended);
        }
        self.begun = self.begun.min(other.begun);
        self.waits += other.waits;
        self.replaces.extend(other.replaces);
        self.refused.extend(other.refused);
        self.bot.absorb(other.bot);
        self.service.absorb(other.service);
    }

    pub(crate) fn of(&mut self, party: Party) -> &mut Conduct {
        match party {
            Party::Bot => &mut self.bot,
            Party::Service => &mut self.service,
        }
    }
}

impl Conduct {
    /// Counts a requirement as tested, whether it held or not.
    pub(crate) fn check(&mut self, requirement: Requirement) {
        if let Err(at) = self.checked.binary_search(&requirement) {
            self.checked.insert(at, requirement);
        }
    }

    /// Takes over the violations of a message and the requirements that it puts to the test.
    pub(super) fn take(&mut self, found: Findings, operation: Option<&'static Operation>) {
        for requirement in found.checked {
            self.check(requirement);
        }
        for breach in found.list {
            self.report(breach, operation);
        }
        for note in found.notes {
            self.note(note);
        }
    }

    /// Records a violation, unless the same one was recorded for another message, or for the same values of its message: one
    /// cause is one violation.
    pub(crate) fn report(&mut self, breach: Breach, operation: Option<&'static Operation>) {
        self.check(breach.requirement);
        // A message that did not come says nothing of the one that it should have followed.
        let is_of_message = breach.rule != Rule::NotificationMissing;
        if is_of_message && breach.requirement.level() == Level::Must {
            self.wrong.extend(breach.step);
        }
        let is_same = |(other, _): &(Breach, Option<&Operation>)| {
            let is_again = other.requirement == breach.requirement
                && other.rule == breach.rule
                && other.expected == breach.expected
                && (other.pointer == breach.pointer
                    || (breach.rule == Rule::Correlation && other.actual == breach.actual));
            is_again || (other.step == breach.step && is_consequence(&breach, other))
        };
        if self.breaches.iter().any(is_same) {
            self.note(format!("{} again: {}", breach.rule, breach.message));
        } else {
            self.breaches.push((breach, operation));
        }
    }

    /// True if its message of this exchange breaks a requirement, so that the other party may refuse it.
    pub(super) fn is_wrong_at(&self, exchange: u64) -> bool {
        usize::try_from(exchange).is_ok_and(|it| self.wrong.contains(&it))
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(crate) fn doubt(&mut self, exchange: u64, reason: impl Into<String>) {
        self.inconclusive.push(Doubt {
            exchange,
            reason: reason.into(),
        });
    }

    /// A remark on which of several people who each replace a call are invited.
    pub(super) fn note_people(&mut self, which: Option<&str>) {
        if let Some(which) = which {
            self.note(format!(
                "several people each replace a call, and the service invites {which}"
            ));
        }
    }

    /// A body that is needed is not at hand.
    pub(super) fn doubt_body(&mut self, exchange: u64, omission: &Omission) {
        let why = match omission {
            Omission::UnknownCoding { .. } => "has an unknown coding",
            Omission::NotKept { .. } => "was not recorded",
            Omission::NotInFile { .. } => "is not in the file",
            Omission::NotBase64(_) => "is not base64",
        };
        self.doubt(exchange, format!("a body of exchange {exchange} {why}"));
    }

    /// Something is open at the end.
    pub(super) fn at_end(&mut self, at_end: AtEnd, exchange: u64, reason: String) {
        match at_end {
            AtEnd::Inconclusive => self.doubt(exchange, reason),
            AtEnd::Note => self.note(reason),
        }
    }

    /// The violations that were not returned before.
    pub(super) fn news(&mut self) -> &[(Breach, Option<&'static Operation>)] {
        let reported = std::mem::replace(&mut self.reported, self.breaches.len());
        &self.breaches[reported..]
    }

    pub(super) fn absorb(&mut self, other: Self) {
        let is_all_reported =
            self.reported == self.breaches.len() && other.reported == other.breaches.len();
        self.took_part |= other.took_part;
        for (breach, operation) in other.breaches {
            self.report(breach, operation);
        }
        self.inconclusive.extend(other.inconclusive);
        for note in other.notes {
            self.note(note);
        }
        for requirement in other.checked {
            self.check(requirement);
        }
        self.wrong.extend(other.wrong);
        if is_all_reported {
            self.reported = self.breaches.len();
        }
    }
}

/// The violations of one message, before they belong to a conversation.
#[derive(Debug)]
pub(super) struct Findings {
    pub exchange: u64,
    pub list: Vec<Breach>,
    /// The requirements that the message puts to the test.
    pub checked: Vec<Requirement>,
    pub notes: Vec<String>,
}

impl Findings {
    pub(super) const fn new(exchange: u64) -> Self {
        Self {
            exchange,
            list: Vec::new(),
            checked: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// True if a comms operation names other people than its request.
    pub(super) fn misnames_people(&self) -> bool {
        let mut breaches = self.list.iter();
        breaches.any(|it| it.requirement == Requirement::OperationPeople)
    }

    /// Counts a requirement as tested, whether the message breaks it or not.
    pub(super) fn check(&mut self, requirement: Requirement) {
        self.checked.push(requirement);
    }

    /// Adds a violation, unless another one is at the same place of the body.
    pub(super) fn add(
        &mut self,
        requirement: Requirement,
        rule: Rule,
        at: Pointer,
        values: (Value, Value),
        message: String,
    ) {
        self.push(breach(
            requirement,
            rule,
            self.exchange,
            at,
            values,
            message,
        ));
    }

    /// The same for a violation that is made already.
    pub(super) fn push(&mut self, breach: Breach) {
        let at = &breach.pointer;
        let is_same = |other: &Breach| other.pointer == *at || is_consequence(&breach, other);
        if at.as_str().is_empty() || !self.list.iter().any(is_same) {
            self.list.push(breach);
        }
    }
}

/// True for a value that another violation of the message is about: a part of it has a wrong type or is no documented word.
fn is_consequence(breach: &Breach, other: &Breach) -> bool {
    let is_value = |it: &Breach| match it.rule {
        Rule::Correlation | Rule::Effect | Rule::NotificationBody | Rule::ResponseBody => {
            !it.pointer.as_str().is_empty()
        }
        _ => false,
    };
    is_value(breach) && is_value(other) && other.pointer.is_in(&breach.pointer)
}

/// A violation in an exchange, at a place in the body.
pub(super) fn breach(
    requirement: Requirement,
    rule: Rule,
    exchange: u64,
    at: Pointer,
    (expected, actual): (Value, Value),
    message: impl Into<String>,
) -> Breach {
    let step = usize::try_from(exchange).ok();
    Breach::new(requirement, rule, step, expected, actual, message.into()).at(at)
}
