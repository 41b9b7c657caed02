//! The plan of one scenario: the next message or trigger, the expected messages, and their deadlines.
//!
//! For: a live run of any operation. The plan sends every message through the [`monitor`], which
//! judges it by the contract, and adds the checks of the scenario: documented messages that did not arrive, a
//! triggered request that differs from its trigger, and one that was sent twice. Anything else that the monitor
//! accepts is no violation.
//!
//! - `service` judges a service, with the notifications that it must send (`expected`) and the requests that it must
//!   refuse (`refusal`).
//! - `bot` judges a bot; `triggered` compares a request with its trigger.
//! - `examples` compares a message with the examples of the page.
//! - `outgoing` makes the messages of the party that confcall plays; `fill` takes the values of variables from those of
//!   the target.
//! - `reads` has the reads beyond the scenario.

pub(super) mod bot;
mod examples;
mod expected;
mod fill;
pub(super) mod outgoing;
mod reads;
mod refusal;
pub(super) mod service;
mod triggered;

use std::sync::Arc;
use std::time::Duration;

use self::examples::Examples;
use super::millis;
use super::monitor;
use super::monitor::conversation::Conduct;
use super::monitor::{AtEnd, Ending, KnownIds, Monitor};
use super::record::Record;
use crate::api::address::path_and_query;
use crate::api::party::Party;
use crate::api::resource::{below_prefix, version_of};
use crate::api::template;
use crate::contract::operation;
use crate::contract::requirement::Requirement;
use crate::http::message::{Request, Response};
use crate::scenario::format::{Kind, Scenario, Script, Step};

/// True if pages of the contract document requests of a script.
fn is_covered(script: &Script) -> bool {
    script.steps.iter().any(|step| {
        let Step::Request(request) = step else {
            return false;
        };
        operation::of_request(&request.method, &request.target).is_some()
    })
}

/// The monitor of one conversation, with the record that takes its violations.
#[derive(Debug)]
struct Watch {
    /// None where a run is literal, or the contract does not cover the conversation.
    monitor: Option<Monitor>,
    role: Party,
    /// The step of each exchange, which count from 1.
    steps: Vec<Option<usize>>,
}

impl Watch {
    fn new(record: &Record, role: Party) -> Self {
        let options = &record.options;
        let variables = record.script().variables.iter();
        let mut callbacks = variables.filter(|(_, variable)| variable.kind == Kind::Callback);
        let callback = callbacks.find_map(|(name, _)| record.bindings.get(name));
        let given = options.callback.as_ref();
        let callback = callback.or(given.map(|it| it.url.as_str()));
        let application = given.and_then(|it| it.application.as_deref());
        let edition = record.case.scenario.id.edition().map(str::to_owned);
        let is_covered = !options.literal && is_covered(record.script());
        let monitor = is_covered.then(|| {
            Monitor::new(monitor::Options {
                sees_notifications: true,
                sees_requests: true,
                patience: millis(options.deadline),
                edition: edition.or_else(|| options.edition.clone()),
                callback: callback.map(path_and_query),
                application_callback: application.map(path_and_query),
                at_end: AtEnd::Inconclusive,
                ids: KnownIds::Some,
            })
        });
        Self {
            monitor,
            role,
            steps: Vec::new(),
        }
    }

    const fn examples(&self) -> Examples {
        Examples {
            is_alone: self.monitor.is_none(),
        }
    }

    /// Takes a request of the bot; returns the number of its exchange. Steps are counted from 0.
    fn request(&mut self, now: Duration, step: Option<usize>, request: &Arc<Request>) -> u64 {
        let exchange = self.next(step);
        if let Some(monitor) = &mut self.monitor {
            monitor.request(millis(now), exchange, request);
        }
        exchange
    }

    fn answer(&mut self, now: Duration, exchange: u64, response: &Response) {
        if let Some(monitor) = &mut self.monitor {
            monitor.answer(millis(now), exchange, Ending::Response(response));
        }
    }

    fn notification(&mut self, now: Duration, step: Option<usize>, request: &Arc<Request>) -> u64 {
        let exchange = self.next(step);
        if let Some(monitor) = &mut self.monitor {
            monitor.notification(millis(now), exchange, request);
        }
        exchange
    }

    fn acknowledgement(&mut self, now: Duration, exchange: u64, response: &Response) {
        if let Some(monitor) = &mut self.monitor {
            monitor.acknowledgement(millis(now), exchange, Ending::Response(response));
        }
    }

    /// True if the contract requires nothing more.
    fn is_settled(&self) -> bool {
        self.monitor.as_ref().is_none_or(Monitor::is_settled)
    }

    /// Reports required effects that did not come.
    fn expire(&mut self, now: Duration) {
        if let Some(monitor) = &mut self.monitor {
            monitor.expire(millis(now));
        }
    }

    fn next(&mut self, step: Option<usize>) -> u64 {
        self.steps.push(step);
        self.steps.len() as u64
    }

    /// Moves what the monitor found of the judged party into the record, as violations of a step.
    fn report(&mut self, record: &mut Record, step: Option<usize>) {
        self.report_but(record, step, &[]);
    }

    /// The same, without the violations of requirements that the plan judges itself.
    fn report_but(&mut self, record: &mut Record, step: Option<usize>, excepted: &[Requirement]) {
        let Conduct {
            breaches,
            notes,
            checked,
            ..
        } = self.take_conduct();
        for requirement in checked {
            record.check(requirement);
        }
        for (mut breach, _) in breaches {
            let is_printed = breach.requirement == Requirement::TypeKind
                && examples::prints_type(record, &breach);
            if is_printed || excepted.contains(&breach.requirement) {
                continue;
            }
            let exchange = breach.step.and_then(|it| it.checked_sub(1));
            let of_exchange = exchange.and_then(|it| *self.steps.get(it)?);
            breach.step = step.or(of_exchange);
            record.report(breach);
        }
        for note in notes {
            record.note(note);
        }
    }

    /// Moves out what the monitor found of the judged party.
    fn take_conduct(&mut self) -> Conduct {
        let monitor = self.monitor.as_mut();
        monitor
            .map(|it| it.take_conduct(self.role))
            .unwrap_or_default()
    }
}

/// The reason why a plan cannot be played; none where it can. A service may have given the address of something of its
/// own.
pub(super) fn unplayable(scenario: &Scenario, role: Party) -> Option<String> {
    let (page, script) = (scenario.id.page(), &scenario.script);
    let mut operations = operation::operations().iter();
    if !operations.any(|it| it.pages.iter().any(|it| it == page)) {
        return None;
    }
    let is_given =
        |target: &str| role == Party::Service && template::sole_variable(target).is_some();
    let elsewhere = script.steps.iter().find_map(|step| match step {
        Step::Request(request) if below_prefix(&request.target).is_none() => Some(&request.target),
        _ => None,
    });
    let elsewhere = elsewhere.filter(|target| !is_given(target));
    elsewhere.map(|target| format!("a request of the scenario goes to another API: {target}"))
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
    let answer = script.steps.get(request + 1)?;
    matches!(answer, Step::Response(_) | Step::Refusal(_)).then_some(request + 1)
}
