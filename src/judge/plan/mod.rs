//! The plan of one scenario: what to send or trigger next, what must arrive, and by when.
//!
//! For: a live run of any operation. The plan sends every message through the [`monitor`], which
//! judges it by the contract, and adds what only the scenario says: documented messages that did not arrive, a
//! triggered request that differs from its trigger, and one that was sent twice. Anything else that the monitor
//! accepts is no violation.
//!
//! `service` judges a service, `bot` a bot; `triggered` compares a request with its trigger; `fill` takes the values of
//! variables from the messages of the target; `reads` is what is read beyond the scenario.

pub(super) mod bot;
mod fill;
mod reads;
pub(super) mod service;
mod triggered;

use std::time::Duration;

use super::monitor;
use super::monitor::conversation::Conduct;
use super::monitor::path_and_query;
use super::monitor::{AtEnd, Monitor};
use super::record::Record;
use crate::api::party::Party;
use crate::api::resource::{below_prefix, version_of};
use crate::api::template;
use crate::contract::change::{Change, Signature, Subject};
use crate::contract::operation;
use crate::contract::requirement::Requirement;
use crate::contract::shape::{entities, lookup};
use crate::scenario::format::{Kind, NotificationStep, ScenarioId, Script, Step};

/// The editions of *invite* that are judged by the examples of their pages, until the plan has all of their checks.
const BY_EXAMPLES: [&str; 4] = ["2019-05", "2019-09", "2020-12", "2021-02"];

/// True if a scenario is judged by its plan.
pub(super) fn covers(scenario: &ScenarioId) -> bool {
    let page = scenario.page();
    let is_by_examples = page == "participant-invite"
        && scenario
            .edition()
            .is_some_and(|edition| BY_EXAMPLES.contains(&edition));
    let mut operations = operation::operations().iter();
    !is_by_examples && operations.any(|it| it.pages.iter().any(|it| it == page))
}

/// The monitor of one conversation, with the record that takes its violations.
#[derive(Debug)]
struct Watch {
    monitor: Monitor,
    role: Party,
    /// The number of the last exchange.
    exchange: u64,
}

impl Watch {
    fn new(record: &Record, role: Party) -> Self {
        let options = &record.options;
        let variables = record.script().variables.iter();
        let mut callbacks = variables.filter(|(_, variable)| variable.kind == Kind::Callback);
        let callback = callbacks.find_map(|(name, _)| record.bindings.get(name));
        let callback = callback.or(options.callback.as_deref());
        let monitor = Monitor::new(monitor::Options {
            sees_notifications: true,
            patience: millis(options.deadline),
            edition: options.edition.clone(),
            callback: callback.map(path_and_query),
            at_end: AtEnd::Inconclusive,
        });
        Self {
            monitor,
            role,
            exchange: 0,
        }
    }

    fn next(&mut self) -> u64 {
        self.exchange += 1;
        self.exchange
    }

    /// Moves what the monitor found of the judged party into the record, as violations of a step.
    fn report(&mut self, record: &mut Record, step: Option<usize>) {
        self.report_but(record, step, None);
    }

    /// The same, without the violations of a requirement that the scenario judges by itself.
    fn report_but(
        &mut self,
        record: &mut Record,
        step: Option<usize>,
        excepted: Option<Requirement>,
    ) {
        let Conduct {
            breaches,
            notes,
            checked,
            ..
        } = self.monitor.take_conduct(self.role);
        for requirement in checked {
            record.check(requirement);
        }
        for (mut breach, _) in breaches {
            if excepted != Some(breach.requirement) {
                breach.step = step;
                record.report(breach);
            }
        }
        for note in notes {
            record.note(note);
        }
    }
}

/// The milliseconds of a duration.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A documented change that has to be notified.
#[derive(Debug)]
struct Expected {
    step: usize,
    signature: Signature,
    /// The property that tells this change from others with its signature.
    detail: Option<&'static str>,
    /// The place of the entry in the documented body.
    entry: usize,
    is_done: bool,
}

/// The properties by which notifications about an established call differ.
const DETAILS: [&str; 3] = ["toneInfo", "chatInfo", "mediaState"];

impl Expected {
    /// The changes of a documented notification.
    fn of(step: usize, notification: &NotificationStep) -> Vec<Self> {
        let body = notification.body.json();
        let entries = body.and_then(crate::contract::change::entries);
        let entries = entries.into_iter().flatten().enumerate();
        entries
            .map(|(entry, documented)| {
                let change = Change::read(documented);
                Self {
                    step,
                    detail: detail(&change),
                    signature: change.signature(),
                    entry,
                    is_done: false,
                }
            })
            .collect()
    }

    fn fits(&self, change: &Change<'_>) -> bool {
        !self.is_done
            && self.signature.subject == change.subject
            && self.signature.change_type == change.change_type
            && self.has_word(change)
            && self
                .detail
                .is_none_or(|detail| detail == "mediaState" || has(change, detail))
    }

    /// A deleted call has ended, whatever state the page prints.
    fn has_word(&self, change: &Change<'_>) -> bool {
        let is_end = change.subject == Subject::Call && change.change_type == "deleted";
        is_end || self.signature.word == change.word
    }

    fn name(&self) -> String {
        let subject = match self.signature.subject {
            Subject::Call => "call",
            Subject::Operation => "operation",
            Subject::Roster => "roster",
            Subject::Other => "resource",
        };
        let word = self
            .signature
            .word
            .as_deref()
            .unwrap_or(&self.signature.change_type);
        format!("the {subject} {word}")
    }
}

fn detail(change: &Change<'_>) -> Option<&'static str> {
    DETAILS
        .into_iter()
        .find(|name| change.subject == Subject::Call && has(change, name))
}

fn has(change: &Change<'_>, name: &str) -> bool {
    entities(change.data()).any(|entity| lookup(entity, name).is_some())
}

/// The reason why a plan cannot be played; none where it can. A service may have given the address of something of its
/// own.
pub(super) fn unplayable(script: &Script, role: Party) -> Option<String> {
    let is_given =
        |target: &str| role == Party::Service && template::sole_variable(target).is_some();
    let elsewhere = script.steps.iter().find_map(|step| match step {
        Step::Request(request) if below_prefix(&request.target).is_none() => Some(&request.target),
        _ => None,
    });
    let elsewhere = elsewhere.filter(|target| !is_given(target));
    elsewhere.map(|target| format!("a request of the conversation goes elsewhere: {target}"))
}

/// The status of a documented answer that the contract does not have: the page of the scenario is newer, and counts.
fn newer_status(script: &Script, request: usize, answer: usize) -> Option<u16> {
    let (Step::Request(request), Step::Response(answer)) =
        (&script.steps[request], &script.steps[answer])
    else {
        return None;
    };
    let (operation, _) = operation::of_request(&request.method, &request.target)?;
    let known = operation::statuses(operation, version_of(&request.target));
    let is_newer = !known.is_empty() && !known.contains(&answer.status);
    (is_newer && (200..300).contains(&answer.status)).then_some(answer.status)
}

/// The step of the answer to a request, where the scenario documents one.
fn answer_of(script: &Script, request: usize) -> Option<usize> {
    matches!(script.steps.get(request + 1), Some(Step::Response(_))).then_some(request + 1)
}
