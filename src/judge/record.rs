//! The record of one conversation: its violations, notes and messages. Not for: recordings of traffic, which are in
//! [`super::recording`].

use std::mem::take;
use std::time::Duration;

use serde_json::{Value, json};

use super::bindings::Bindings;
use super::verdict::{Basis, Source, Traffic, TrafficMessage, Verdict, Violation};
use super::{Case, Options, Outcome, millis};
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, json_error};
use crate::scenario::format::{Script, Step};

#[derive(Debug)]
pub(super) struct Record {
    pub case: Case,
    pub bindings: Bindings,
    pub options: Options,
    /// The time since the run began.
    pub now: Duration,
    role: Party,
    failures: Vec<Violation>,
    warnings: Vec<Violation>,
    notes: Vec<String>,
    traffic: Vec<Traffic>,
    /// Without duplicates, in order.
    checked: Vec<Requirement>,
    ended: Option<(Verdict, String)>,
}

/// A violation before it is recorded.
#[derive(Debug, Clone)]
pub(crate) struct Breach {
    pub requirement: Requirement,
    pub rule: Rule,
    /// The step, counted from 0.
    pub step: Option<usize>,
    pub pointer: Pointer,
    pub expected: Value,
    pub actual: Value,
    pub message: String,
    /// The line of the page, if it differs from that of the step.
    pub line: Option<usize>,
}

impl Breach {
    /// A violation of a whole message at a step, counted from 0.
    pub(crate) fn new(
        requirement: Requirement,
        rule: Rule,
        step: Option<usize>,
        expected: Value,
        actual: Value,
        message: String,
    ) -> Self {
        Self {
            requirement,
            rule,
            step,
            pointer: Pointer::root(),
            expected,
            actual,
            message,
            line: None,
        }
    }

    /// Sets the place in the body.
    pub(crate) fn at(mut self, pointer: Pointer) -> Self {
        self.pointer = pointer;
        self
    }
}

impl Record {
    pub(crate) fn new(case: Case, bindings: Bindings, options: Options, role: Party) -> Self {
        Self {
            case,
            bindings,
            options,
            now: Duration::ZERO,
            role,
            failures: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            traffic: Vec::new(),
            checked: Vec::new(),
            ended: None,
        }
    }

    pub(crate) fn script(&self) -> &Script {
        &self.case.scenario.script
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.case.scenario.script.steps
    }

    /// Counts a requirement as tested, whether it held or not.
    pub(crate) fn check(&mut self, requirement: Requirement) {
        if let Err(at) = self.checked.binary_search(&requirement) {
            self.checked.insert(at, requirement);
        }
    }

    /// Records a violation, unless the same one was recorded for another step: one cause is one
    /// failure.
    pub(crate) fn report(&mut self, breach: Breach) {
        self.check(breach.requirement);
        let level = breach.requirement.level();
        let page = &self.script().source;
        let line = breach
            .line
            .or_else(|| breach.requirement.line_in(page))
            .or_else(|| Some(self.steps().get(breach.step?)?.line()))
            .unwrap_or_else(|| self.line_so_far());
        let violation = Violation {
            rule: breach.rule,
            level,
            requirement: Basis::Requirement(breach.requirement),
            step: breach.step.map(|step| step + 1),
            pointer: breach.pointer,
            expected: breach.expected,
            actual: breach.actual,
            source: Source {
                file: page.clone(),
                line,
            },
            message: breach.message,
        };
        let fails = level == Level::Must || self.options.strict;
        let list = if fails {
            &mut self.failures
        } else {
            &mut self.warnings
        };
        let repeats = list.iter().any(|other| is_cause(other, &violation));
        if repeats {
            let place = violation
                .step
                .map_or(String::new(), |s| format!(" at step {s}"));
            self.note(format!(
                "{} again{place}: {}",
                violation.rule, violation.message
            ));
        } else {
            list.push(violation);
        }
    }

    /// The line of the current step, for violations that belong to no step.
    fn line_so_far(&self) -> usize {
        let last = self.traffic.iter().rev().find_map(|message| message.step);
        let step = last.map_or(0, |step| step - 1);
        self.steps().get(step).map_or(1, Step::line)
    }

    /// True if a violation of one of the rules at a step, counted from 0, is at this place, above it or below it.
    pub(crate) fn is_reported(&self, step: usize, rules: &[Rule], at: &Pointer) -> bool {
        let lists = self.failures.iter().chain(&self.warnings);
        lists
            .filter(|it| it.step == Some(step + 1) && rules.contains(&it.rule))
            .any(|it| it.pointer.contains(at) || at.contains(&it.pointer))
    }

    /// Records that an exchange broke: bytes that are no HTTP, or a connection that ended.
    pub(crate) fn broken(&mut self, step: Option<usize>, what: &str) {
        let (requirement, exchange) = match self.role {
            Party::Service => (Requirement::ServiceTransport, "the exchange"),
            Party::Bot => (
                Requirement::BotTransport,
                "the exchange of the notification",
            ),
        };
        let event = TrafficMessage::Event(what.to_owned());
        self.traffic(self.role, step, event);
        self.report(Breach::new(
            requirement,
            Rule::Transport,
            step,
            json!("a complete HTTP response"),
            Value::Null,
            format!("{exchange} was aborted: {what}"),
        ));
    }

    /// Records that the target did not answer before the deadline.
    pub(crate) fn unanswered(&mut self, step: Option<usize>) {
        let deadline = self.options.deadline;
        let (requirement, rule, expected, answer, request) = match self.role {
            Party::Service => (
                Requirement::AnswerArrives,
                Rule::ResponseMissing,
                "a response",
                "answer",
                "request",
            ),
            Party::Bot => (
                Requirement::Acknowledgement,
                Rule::AcknowledgementMissing,
                "2xx",
                "acknowledgement",
                "notification",
            ),
        };
        let event = TrafficMessage::Event(format!("no {answer} within {deadline:?}"));
        self.traffic(self.role, step, event);
        self.report(Breach::new(
            requirement,
            rule,
            step,
            json!(expected),
            Value::Null,
            format!("no response to the {request} within {deadline:?}"),
        ));
    }

    /// Adds a remark for the reader, without duplicates.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(crate) fn traffic(&mut self, from: Party, step: Option<usize>, message: TrafficMessage) {
        self.traffic.push(Traffic {
            at_ms: Some(millis(self.now)),
            ..Traffic::new(from, step.map(|step| step + 1), message)
        });
    }

    pub(crate) fn all_traffic(&self) -> &[Traffic] {
        &self.traffic
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    /// The number of recorded failures.
    pub(crate) const fn failures(&self) -> usize {
        self.failures.len()
    }

    /// Ends the conversation before its last messages, of which so many are left.
    pub(crate) fn stop(&mut self, left: usize) {
        match left {
            0 => {}
            1 => self.note("1 later message was not judged"),
            _ => self.note(format!("{left} later messages were not judged")),
        }
        self.finish();
    }

    /// Ends the conversation. Later violations still count.
    pub(crate) fn finish(&mut self) {
        self.ended.get_or_insert((Verdict::Pass, String::new()));
    }

    /// Ends the conversation without a violation.
    pub(crate) fn give_up(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.ended.get_or_insert((verdict, reason.into()));
    }

    /// True if the conversation ended without a violation.
    pub(crate) fn is_given_up(&self) -> bool {
        self.ended
            .as_ref()
            .is_some_and(|(verdict, _)| *verdict != Verdict::Pass)
    }

    pub(crate) fn is_inconclusive(&self) -> bool {
        let verdict = self.ended.as_ref().map(|(verdict, _)| *verdict);
        matches!(verdict, Some(Verdict::Inconclusive | Verdict::Error))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.ended.is_some()
    }

    /// Moves the result out of the record. A failure takes precedence over the reason why the rest
    /// was not judged.
    pub(crate) fn take_outcome(&mut self) -> Outcome {
        let (verdict, reason) = match &self.ended {
            _ if self.has_failed() => (Verdict::Fail, String::new()),
            Some(ended) => ended.clone(),
            None => (Verdict::Inconclusive, "the run was interrupted".to_owned()),
        };
        Outcome {
            role: self.role,
            verdict,
            reason,
            failures: take(&mut self.failures),
            warnings: take(&mut self.warnings),
            notes: take(&mut self.notes),
            traffic: take(&mut self.traffic),
            checked: take(&mut self.checked),
            bound: self.bindings.bound(),
        }
    }
}

/// True if both violations have one cause: the same violation at another message, or the same wrong
/// value at another place.
fn is_cause(cause: &Violation, violation: &Violation) -> bool {
    if cause.rule != violation.rule || cause.requirement != violation.requirement {
        // Wrong people in the invitation cause wrong people in the roster.
        return cause.requirement == Basis::Requirement(Requirement::OperationPeople)
            && violation.requirement == Basis::Requirement(Requirement::RosterPeople);
    }
    let is_here = cause.pointer == violation.pointer;
    match cause.rule {
        Rule::NotificationUnexpected | Rule::RequestUnexpected => is_here,
        Rule::Correlation => {
            let is_reverse =
                cause.expected == violation.actual && cause.actual == violation.expected;
            cause.actual == violation.actual || is_reverse
        }
        _ => is_here && cause.actual == violation.actual,
    }
}

/// The JSON value of a body that is not valid JSON, and the reason.
pub(super) fn unreadable(body: &Body) -> (Value, String) {
    let length = match body {
        Body::Text(text) => {
            let error = json_error(text);
            return (json!(text), format!("the body is not JSON: {error}"));
        }
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::Omitted(omission) => omission.length(),
        Body::Empty | Body::Json(_) => 0,
    };
    let message = format!("the body has {length} bytes that cannot be decoded");
    (Value::Null, message)
}

/// Null for `None`.
pub(super) fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, |value| json!(value))
}
