//! What a replay has found so far.

use std::time::Duration;

use serde_json::{Value, json};

use super::comparison::Difference;
use crate::logic::recording::Recording;
use crate::logic::verdict::{
    Finding, Level, Role, Rule, ScenarioResult, Source, Traffic, TrafficMessage, Verdict,
};
use crate::text::pointer::Pointer;

/// How many messages are kept for the report: the last ones.
const KEPT: usize = 100;

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The result, in the place of a scenario's: what departs is at an exchange, not at a step.
    pub result: ScenarioResult,
    /// How many exchanges were played.
    pub played: usize,
}

#[derive(Debug)]
pub(super) struct Record {
    role: Role,
    pub failures: Vec<Finding>,
    notes: Vec<String>,
    traffic: Vec<Traffic>,
    pub played: usize,
}

impl Record {
    pub(super) const fn new(role: Role) -> Self {
        Self {
            role,
            failures: Vec::new(),
            notes: Vec::new(),
            traffic: Vec::new(),
            played: 0,
        }
    }

    /// Something that departs at an exchange, by its place in the recording.
    pub(super) fn depart(
        &mut self,
        recording: &Recording,
        index: usize,
        rule: Rule,
        (expected, actual): (Value, Value),
        message: String,
    ) {
        let number = recording.exchanges()[index].number;
        self.failures.push(Finding {
            rule,
            level: Level::Must,
            requirement: format!("exchange {number}"),
            step: None,
            pointer: Pointer::root(),
            expected,
            actual,
            source: Source {
                file: recording.file().to_owned(),
                line: recording.line(index),
            },
            message,
        });
    }

    /// What a comparison found at an exchange.
    pub(super) fn differ(
        &mut self,
        recording: &Recording,
        index: usize,
        rule: Rule,
        differences: Vec<Difference>,
    ) {
        for difference in differences {
            let place = match difference.pointer.as_str() {
                "" => "the body".to_owned(),
                pointer => pointer.to_owned(),
            };
            let what = if difference.actual.is_null() {
                "is missing"
            } else {
                "is not what was recorded"
            };
            let pair = (difference.expected, difference.actual);
            self.depart(recording, index, rule, pair, format!("{place} {what}"));
            if let Some(last) = self.failures.last_mut() {
                last.pointer = difference.pointer;
            }
        }
    }

    /// An exchange that broke, or did not end in time.
    pub(super) fn broken(
        &mut self,
        recording: &Recording,
        index: usize,
        rule: Rule,
        message: String,
    ) {
        let status = recording.exchanges()[index]
            .response
            .as_ref()
            .map(|it| it.status);
        self.depart(
            recording,
            index,
            rule,
            (json!(status), Value::Null),
            message,
        );
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn traffic(&mut self, from: Role, message: TrafficMessage) {
        if self.traffic.len() >= 2 * KEPT {
            self.traffic.drain(..KEPT);
        }
        self.traffic.push(Traffic {
            from,
            step: None,
            message,
        });
    }

    /// The end. `name` stands in the place of a scenario's id.
    pub(super) fn finish(&mut self, name: &str, elapsed: Duration) -> Replayed {
        let traffic = std::mem::take(&mut self.traffic);
        let skipped = traffic.len().saturating_sub(KEPT);
        Replayed {
            result: ScenarioResult {
                scenario: name.to_owned(),
                role: self.role,
                verdict: if !self.failures.is_empty() {
                    Verdict::Fail
                } else if self.played == 0 {
                    Verdict::Inconclusive
                } else {
                    Verdict::Pass
                },
                reason: if self.played == 0 && self.failures.is_empty() {
                    "nothing was played".to_owned()
                } else {
                    String::new()
                },
                duration_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                failures: std::mem::take(&mut self.failures),
                warnings: Vec::new(),
                notes: std::mem::take(&mut self.notes),
                traffic: traffic.into_iter().skip(skipped).collect(),
                bound: Vec::new(),
                checked: Vec::new(),
            },
            played: self.played,
        }
    }
}
