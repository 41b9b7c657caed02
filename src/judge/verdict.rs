//! The results of a run: verdicts, violations, and the report.
//!
//! The serialised form of [`Run`] is the JSON report, and stable.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::IntoStaticStr;
use thiserror::Error;

use super::shard::Shard;
pub(crate) use super::traffic::{Traffic, TrafficMessage};
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::pointer::Pointer;
use crate::scenario::format::Scenario;
use crate::scenario::operation;

/// How one scenario ended for one role. Only [`Verdict::Pass`] counts as passed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// The target did what is documented.
    Pass,
    /// The target breaks a requirement.
    Fail,
    /// It fails as the list of known failures expects.
    Known,
    /// The target could not be judged: it was not triggered, or became unreachable.
    Inconclusive,
    /// confcall itself is at fault.
    Error,
    /// It was not played, with the reason.
    Skip,
}

impl Verdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A place in a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The page, as the scenario names it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// The sentence that a violation breaks: `answer.status`, or in a replay `exchange 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Basis {
    /// A requirement of the contract.
    Requirement(Requirement),
    /// An exchange of the recording, by its number.
    Exchange(u64),
    /// The accepted conversation.
    Snapshot,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requirement(requirement) => requirement.fmt(f),
            Self::Exchange(number) => write!(f, "{EXCHANGE}{number}"),
            Self::Snapshot => f.write_str(SNAPSHOT),
        }
    }
}

const EXCHANGE: &str = "exchange ";
const SNAPSHOT: &str = "snapshot";

impl From<Basis> for String {
    fn from(basis: Basis) -> Self {
        basis.to_string()
    }
}

impl TryFrom<String> for Basis {
    type Error = UnknownRequirement;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == SNAPSHOT {
            return Ok(Self::Snapshot);
        }
        let number = text.strip_prefix(EXCHANGE).and_then(|it| it.parse().ok());
        let exchange = number.map(Self::Exchange);
        let basis = exchange.or_else(|| text.parse().ok().map(Self::Requirement));
        basis.ok_or(UnknownRequirement(text))
    }
}

/// A report names a requirement that this confcall does not have.
#[derive(Debug, Error)]
#[error("`{0}` is no requirement")]
pub struct UnknownRequirement(String);

/// One broken requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// The rule that is broken.
    pub rule: Rule,
    /// How binding it is.
    pub level: Level,
    /// The requirement that it breaks, or the recorded exchange that it differs from.
    #[schemars(with = "String")]
    pub requirement: Basis,
    /// The step, counted from 1 as in `confcall list`; none where no step is concerned.
    pub step: Option<usize>,
    /// The place in the body, as an RFC 6901 pointer; empty for the whole message.
    #[serde(with = "pointer_text")]
    #[schemars(with = "String")]
    pub pointer: Pointer,
    /// The documented value.
    pub expected: Value,
    /// The actual value; null for a missing one.
    pub actual: Value,
    /// The page and line that document it.
    pub source: Source,
    /// The sentence for people.
    pub message: String,
}

/// A scenario that will have a result, for one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Selected {
    /// The scenario's id, or the path of a recording.
    pub scenario: String,
    /// The party judged.
    pub role: Party,
    /// The operation that the scenario is about; none where it is not one of the contract.
    pub operation: Option<String>,
    /// The edition of the pages that the scenario is from; none for a recording.
    pub edition: Option<String>,
    /// The kind of fault injection that it is played under.
    pub injected: Option<String>,
}

impl Selected {
    pub(crate) fn new(scenario: &Scenario, role: Party) -> Self {
        let id = &scenario.id;
        Self {
            scenario: id.as_str().to_owned(),
            role,
            operation: operation::of(scenario).map(str::to_owned),
            edition: id.edition().map(str::to_owned),
            injected: id.injection().map(str::to_owned),
        }
    }

    /// A recording, which has only a name.
    pub(crate) fn recording(name: String, role: Party) -> Self {
        Self {
            scenario: name,
            role,
            operation: None,
            edition: None,
            injected: None,
        }
    }

    /// Its result without a conversation.
    pub(crate) fn result(self, verdict: Verdict, reason: impl Into<String>) -> ScenarioResult {
        ScenarioResult {
            operation: self.operation,
            edition: self.edition,
            injected: self.injected,
            ..ScenarioResult::new(self.scenario, self.role, verdict, reason)
        }
    }
}

/// The result of one scenario for one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioResult {
    /// The scenario's id.
    pub scenario: String,
    /// The number of conversations with this result, of scenarios that were played many times.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: usize,
    /// The party judged.
    pub role: Party,
    /// How it ended.
    pub verdict: Verdict,
    /// The operation that the scenario is about; none where it is not one of the contract.
    #[serde(default)]
    pub operation: Option<String>,
    /// The edition of the pages that the scenario is from; none for a recorded conversation.
    #[serde(default)]
    pub edition: Option<String>,
    /// The kind of fault injection that it was played under.
    #[serde(default)]
    pub injected: Option<String>,
    /// The reason of a skip or of an inconclusive verdict; empty otherwise.
    pub reason: String,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// The violations that fail the scenario.
    pub failures: Vec<Violation>,
    /// The violations that do not.
    pub warnings: Vec<Violation>,
    /// Remarks for the reader.
    pub notes: Vec<String>,
    /// The last lines that a target which confcall started had written when its conversation failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
    /// The scenarios that a recorded conversation shows, by id. Many conversations show the same ones.
    #[serde(default, with = "shared", skip_serializing_if = "is_empty")]
    #[schemars(with = "Vec<String>")]
    pub covers: Arc<[String]>,
    /// The messages in the order of the conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<Traffic>,
    /// The variables that were bound, by name, with their values.
    #[serde(skip)]
    pub bound: Vec<(String, String)>,
    /// The requirements that were tested.
    #[serde(skip)]
    pub checked: Vec<Requirement>,
}

impl ScenarioResult {
    /// A result without violations, messages or duration.
    pub fn new(
        scenario: impl Into<String>,
        role: Party,
        verdict: Verdict,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            scenario: scenario.into(),
            times: 1,
            role,
            verdict,
            operation: None,
            edition: None,
            injected: None,
            reason: reason.into(),
            duration_ms: 0,
            failures: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            output: Vec::new(),
            covers: Arc::default(),
            traffic: Vec::new(),
            bound: Vec::new(),
            checked: Vec::new(),
        }
    }

    /// True if it passed and broke nothing, so that reports do not show its messages.
    pub(crate) fn is_plain_pass(&self) -> bool {
        self.verdict == Verdict::Pass && self.warnings.is_empty()
    }
}

const fn once() -> usize {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_once(times: &usize) -> bool {
    *times == 1
}

fn is_empty(list: &Arc<[String]>) -> bool {
    list.is_empty()
}

/// A shared list, as a list.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &Arc<[String]>, to: S) -> Result<S::Ok, S::Error> {
        list.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<[String]>, D::Error> {
        Vec::deserialize(from).map(Into::into)
    }
}

/// The judged party and its address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JudgedTarget {
    /// The party; null if both parties of the built-in pair are judged.
    pub role: Option<Party>,
    /// Its address; null for the built-in pair.
    pub url: Option<String>,
}

/// The number of scenarios by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Failed as listed.
    pub known: usize,
    /// Could not be judged.
    pub inconclusive: usize,
    /// confcall at fault.
    pub error: usize,
    /// Not played.
    pub skip: usize,
    /// The SHOULD requirements that were not met, in all results.
    #[serde(default)]
    pub warnings: usize,
}

/// What was measured of scenarios that were played many times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// The number of times that each scenario was to be played.
    pub repeat: usize,
    /// The number of conversations at a time, at most.
    pub jobs: usize,
    /// The number of conversations that were judged.
    pub conversations: usize,
    /// The number of the target's answers.
    pub answers: u64,
    /// How long the target took to answer.
    pub latency_ms: Latencies,
    /// The ids that were not those of their conversation: the first of them.
    #[serde(default)]
    pub mixed_up: Vec<MixedUp>,
}

/// Percentiles of times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latencies {
    /// Half of the times are at most this.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// Ninety-nine in a hundred.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// An id that is not that of its conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MixedUp {
    /// The scenario's id.
    pub scenario: String,
    /// The place in the body, as an RFC 6901 pointer.
    pub pointer: String,
    /// The id of the conversation.
    pub expected: Value,
    /// The id that came.
    pub actual: Value,
}

/// A whole run: the JSON report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "confcall JSON report")]
pub struct Run {
    /// The version of the report's format: 1.
    pub version: u32,
    /// The version of confcall.
    #[serde(default)]
    pub confcall: String,
    /// The time at which the command began (RFC 3339); empty if no clock was read.
    #[serde(default)]
    pub started: String,
    /// The seed of fault injection; none where nothing was played.
    #[serde(default)]
    pub seed: Option<u64>,
    /// True if confcall played neither party: it read a recording, or stood between the parties.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub observed: bool,
    /// The party judged.
    pub target: JudgedTarget,
    /// The shard; none for a complete run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The exit code, if the results do not give it, as in a run that ended before it was played; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// Problems of the run beside its results, such as a known failure that matches nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// Remarks about the run as a whole, such as requests of the bot outside of the calling API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The shard's part of the list of known failures. The list is enforced on the merged run.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub listed: Listed,
    /// What was measured of scenarios that were played many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// The number of scenarios by verdict.
    pub summary: Summary,
    /// One result for each scenario and party.
    pub results: Vec<ScenarioResult>,
}

/// The results against the list of known failures, one sentence for each entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// Entries that a result confirms.
    pub borne_out: Vec<String>,
    /// Entries that match nothing.
    pub unmatched: Vec<String>,
}

impl Listed {
    fn is_empty(&self) -> bool {
        self.borne_out.is_empty() && self.unmatched.is_empty()
    }
}

impl Run {
    /// Lets go of the messages of conversations that passed. Only snapshots show them.
    pub(crate) fn drop_passed_traffic(&mut self) {
        let passed = self.results.iter_mut();
        let passed = passed.filter(|it| it.is_plain_pass());
        passed.for_each(|it| it.traffic.clear());
    }

    /// Counts the results and keeps their order.
    pub fn new(target: JudgedTarget, results: Vec<ScenarioResult>) -> Self {
        let mut run = Self {
            version: 1,
            confcall: env!("CARGO_PKG_VERSION").to_owned(),
            started: String::new(),
            seed: None,
            observed: false,
            target,
            shard: None,
            exit: None,
            errors: Vec::new(),
            notes: Vec::new(),
            listed: Listed::default(),
            load: None,
            summary: Summary::default(),
            results,
        };
        run.count();
        run
    }

    /// Counts the results again, after a change of their verdicts.
    pub(crate) fn count(&mut self) {
        let mut summary = Summary::default();
        for result in &self.results {
            summary.warnings += result.warnings.len() * result.times;
            *match result.verdict {
                Verdict::Pass => &mut summary.pass,
                Verdict::Fail => &mut summary.fail,
                Verdict::Known => &mut summary.known,
                Verdict::Inconclusive => &mut summary.inconclusive,
                Verdict::Error => &mut summary.error,
                Verdict::Skip => &mut summary.skip,
            } += result.times;
        }
        self.summary = summary;
    }
}

mod pointer_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Pointer;

    pub(crate) fn serialize<S: Serializer>(pointer: &Pointer, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(pointer.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Pointer, D::Error> {
        String::deserialize(from).map(Pointer::from_text)
    }
}

#[cfg(test)]
impl Violation {
    /// A broken MUST in line 3 of `page.md`.
    pub(crate) fn sample(rule: Rule, pointer: &str) -> Self {
        Self {
            rule,
            level: Level::Must,
            requirement: Basis::Requirement(Requirement::AnswerBody),
            step: Some(2),
            pointer: Pointer::from_text(pointer.into()),
            expected: Value::Null,
            actual: Value::Null,
            source: Source {
                file: "page.md".into(),
                line: 3,
            },
            message: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_is_its_text() {
        for basis in [
            Basis::Requirement(Requirement::AnswerStatus),
            Basis::Exchange(3),
            Basis::Snapshot,
        ] {
            let text = serde_json::json!(basis);
            assert_eq!(text, basis.to_string());
            assert_eq!(serde_json::from_value::<Basis>(text).unwrap(), basis);
        }
        assert!(serde_json::from_value::<Basis>("answer.statu".into()).is_err());
    }
}
