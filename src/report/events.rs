//! The events of a run as JSON Lines, for the plugins of test frameworks.
//!
//! A run has one `run-started`, which comes first, one `scenario-finished` for each of its results, and one
//! `run-finished`, which comes last.

use schemars::JsonSchema;
use serde::Serialize;

use super::ReportError;
use crate::api::party::Party;
use crate::judge::shard::Shard;
use crate::judge::verdict::{JudgedTarget, ScenarioResult, Selected, Summary};

/// The version of the format.
const VERSION: u32 = 1;

/// A line of the events of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[schemars(title = "an event of a confcall run, one a line")]
pub(crate) enum Event<'a> {
    /// The first line.
    RunStarted(Start),
    /// A scenario is played now. A scenario that is not played has no such event.
    ScenarioStarted {
        /// The scenario's id, or the path of a recording.
        scenario: &'a str,
        /// The party judged.
        role: Party,
    },
    /// The result of a scenario or recording for one party. It is final: each selected one has exactly one such event.
    ScenarioFinished {
        /// The result, as in the JSON report.
        result: &'a ScenarioResult,
        /// The result as the terminal report shows it; absent if it passed without a warning.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        text: &'a str,
    },
    /// The last line.
    RunFinished {
        /// The exit code.
        exit: u8,
        /// The time that the command took, in milliseconds.
        duration_ms: u64,
        /// The number of results by verdict.
        summary: &'a Summary,
        /// Problems of the run beside its results.
        errors: &'a [String],
        /// Remarks about the run as a whole.
        notes: &'a [String],
    },
}

/// The run that begins.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Start {
    /// The version of the format of events: 1.
    pub version: u32,
    /// The version of confcall.
    pub confcall: &'static str,
    /// When the command began, by RFC 3339.
    pub started: String,
    /// The seed of fault injection; null if nothing is played.
    pub seed: Option<u64>,
    /// The party judged.
    pub target: JudgedTarget,
    /// The shard; absent for a complete run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What will have a result, in the order of the results; null if that is not known before.
    pub selected: Option<Vec<Selected>>,
}

impl Start {
    /// A run of which no more is known than when it began.
    pub(crate) const fn new(started: String, target: JudgedTarget) -> Self {
        Self {
            version: VERSION,
            confcall: env!("CARGO_PKG_VERSION"),
            started,
            seed: None,
            target,
            shard: None,
            selected: None,
        }
    }
}

impl Event<'_> {
    /// The line of the event, with its line end. JSON has no line end in it.
    pub(crate) fn line(&self) -> Result<String, ReportError> {
        let line = serde_json::to_string(self).map_err(|error| ReportError(error.into()))?;
        Ok(line + "\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::judge::verdict::Verdict;

    #[test]
    fn an_event_is_one_line_of_json() {
        let result = ScenarioResult::new("a\nb\u{2028}", Party::Bot, Verdict::Skip, "why\r\n");
        let line = Event::ScenarioFinished {
            result: &result,
            text: "a\nb",
        }
        .line()
        .unwrap();
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["event"], "scenario-finished");
        assert_eq!(event["result"], json!(result));
    }

    #[test]
    fn a_run_of_which_nothing_is_known_says_so() {
        let start = Start::new("2026-11-30T00:00:00Z".to_owned(), JudgedTarget::default());
        let line = Event::RunStarted(start).line().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["event"], "run-started");
        assert_eq!(
            (&event["version"], &event["selected"]),
            (&json!(1), &Value::Null)
        );
    }
}
