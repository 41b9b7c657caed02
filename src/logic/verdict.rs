//! What a run says of a target: verdicts, failures, results.
//!
//! The serialised form of [`Run`] is the JSON report of SPEC section 6, and stable.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shard::Shard;
use crate::text::pointer::Pointer;

/// The party that is judged.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends requests and is called back.
    Bot,
    /// Answers and sends notifications.
    Service,
}

impl Role {
    /// `bot` or `service`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How one scenario ended for one role. Only [`Verdict::Pass`] counts as passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The target did what is documented.
    Pass,
    /// The target departs from the contract.
    Fail,
    /// It fails as listed.
    Known,
    /// It could not be judged: never cued, gone away.
    Inconclusive,
    /// confcall itself is at fault.
    Error,
    /// It was not played, with the reason.
    Skip,
}

impl Verdict {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Known => "known",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }
}

/// The stable names of what can be broken (SPEC section 5).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Rule {
    /// The method of a bot's request.
    #[serde(rename = "request.method")]
    RequestMethod,
    /// The path of a bot's request.
    #[serde(rename = "request.target")]
    RequestTarget,
    /// The token or the media type of a bot's request.
    #[serde(rename = "request.header")]
    RequestHeader,
    /// The body of a bot's request.
    #[serde(rename = "request.body")]
    RequestBody,
    /// A request that never came.
    #[serde(rename = "request.missing")]
    RequestMissing,
    /// A request that nothing asked for.
    #[serde(rename = "request.unexpected")]
    RequestUnexpected,
    /// The status of an answer.
    #[serde(rename = "response.status")]
    ResponseStatus,
    /// A header of an answer.
    #[serde(rename = "response.header")]
    ResponseHeader,
    /// The body of an answer.
    #[serde(rename = "response.body")]
    ResponseBody,
    /// An answer that never came.
    #[serde(rename = "response.missing")]
    ResponseMissing,
    /// A notification that never came.
    #[serde(rename = "notification.missing")]
    NotificationMissing,
    /// A notification about anything else, or after an end.
    #[serde(rename = "notification.unexpected")]
    NotificationUnexpected,
    /// The method of a notification.
    #[serde(rename = "notification.method")]
    NotificationMethod,
    /// A header of a notification.
    #[serde(rename = "notification.header")]
    NotificationHeader,
    /// The body of a notification.
    #[serde(rename = "notification.body")]
    NotificationBody,
    /// Notifications about one resource in the wrong order.
    #[serde(rename = "notification.order")]
    NotificationOrder,
    /// Values that must agree and do not.
    #[serde(rename = "correlation")]
    Correlation,
    /// A bot's answer to a notification that is no success.
    #[serde(rename = "acknowledgement.status")]
    AcknowledgementStatus,
    /// A notification that the bot never answered.
    #[serde(rename = "acknowledgement.missing")]
    AcknowledgementMissing,
    /// A documented limit.
    #[serde(rename = "limit")]
    Limit,
    /// A connection that broke, or bytes that are no HTTP.
    #[serde(rename = "transport")]
    Transport,
}

impl Rule {
    /// Every rule, in the order of SPEC section 5.
    pub const ALL: [Self; 21] = [
        Self::RequestMethod,
        Self::RequestTarget,
        Self::RequestHeader,
        Self::RequestBody,
        Self::RequestMissing,
        Self::RequestUnexpected,
        Self::ResponseStatus,
        Self::ResponseHeader,
        Self::ResponseBody,
        Self::ResponseMissing,
        Self::NotificationMissing,
        Self::NotificationUnexpected,
        Self::NotificationMethod,
        Self::NotificationHeader,
        Self::NotificationBody,
        Self::NotificationOrder,
        Self::Correlation,
        Self::AcknowledgementStatus,
        Self::AcknowledgementMissing,
        Self::Limit,
        Self::Transport,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestMethod => "request.method",
            Self::RequestTarget => "request.target",
            Self::RequestHeader => "request.header",
            Self::RequestBody => "request.body",
            Self::RequestMissing => "request.missing",
            Self::RequestUnexpected => "request.unexpected",
            Self::ResponseStatus => "response.status",
            Self::ResponseHeader => "response.header",
            Self::ResponseBody => "response.body",
            Self::ResponseMissing => "response.missing",
            Self::NotificationMissing => "notification.missing",
            Self::NotificationUnexpected => "notification.unexpected",
            Self::NotificationMethod => "notification.method",
            Self::NotificationHeader => "notification.header",
            Self::NotificationBody => "notification.body",
            Self::NotificationOrder => "notification.order",
            Self::Correlation => "correlation",
            Self::AcknowledgementStatus => "acknowledgement.status",
            Self::AcknowledgementMissing => "acknowledgement.missing",
            Self::Limit => "limit",
            Self::Transport => "transport",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How binding a requirement is (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Broken, it fails.
    Must,
    /// Broken, it warns; under `--strict` it fails.
    Should,
}

/// A place in a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The page, as the scenario names it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// One departure from the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: Rule,
    /// How binding it is.
    pub level: Level,
    /// The requirement of the catalogue that it breaks.
    pub requirement: String,
    /// The step, counted from 1 as in `confcall list`; none where no step is concerned.
    pub step: Option<usize>,
    /// Where in the body, as an RFC 6901 pointer; empty where the whole message is meant.
    #[serde(with = "pointer_text")]
    pub pointer: Pointer,
    /// What is documented, as a JSON value.
    pub expected: Value,
    /// What came, as a JSON value; null where nothing came.
    pub actual: Value,
    /// The page and line behind it.
    pub source: Source,
    /// The sentence for people.
    pub message: String,
}

/// The result of one scenario for one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioResult {
    /// The scenario's id.
    pub scenario: String,
    /// The party judged.
    pub role: Role,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was skipped or could not be judged; empty otherwise.
    pub reason: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What makes it fail.
    pub failures: Vec<Finding>,
    /// What does not.
    pub warnings: Vec<Finding>,
    /// What else a reader may want to know.
    pub notes: Vec<String>,
    /// The messages of the conversation in the order they happened, for people.
    #[serde(skip)]
    pub traffic: Vec<Traffic>,
    /// The variables that were bound, by name, with their values.
    #[serde(skip)]
    pub bound: Vec<(String, String)>,
    /// The requirements of the catalogue that were put to the test.
    #[serde(skip)]
    pub checked: Vec<String>,
}

impl ScenarioResult {
    /// A result of which nothing is known but how it ended, and why.
    pub fn new(
        scenario: impl Into<String>,
        role: Role,
        verdict: Verdict,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            scenario: scenario.into(),
            role,
            verdict,
            reason: reason.into(),
            duration_ms: 0,
            failures: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            traffic: Vec::new(),
            bound: Vec::new(),
            checked: Vec::new(),
        }
    }
}

/// One message that went over the wire, kept for the report of a failing scenario and for
/// snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Who sent it: the party, bot or service.
    pub from: Role,
    /// The step it was taken for, counted from 1.
    pub step: Option<usize>,
    /// The message.
    pub message: TrafficMessage,
}

/// The kinds of messages in [`Traffic`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrafficMessage {
    /// A bot's request, or a service's notification.
    Request(Arc<crate::model::message::Request>),
    /// A service's response, or a bot's acknowledgement.
    Response(Arc<crate::model::message::Response>),
    /// No message: what happened instead, such as a connection that broke.
    Event(String),
}

/// The party that a run judges, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The party; none where both built-in references are judged.
    pub role: Option<Role>,
    /// Its address; none for the built-in references.
    pub url: Option<String>,
}

/// How many scenarios ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A whole run: the JSON report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The version of the report's format: 1.
    pub version: u32,
    /// The party judged.
    pub target: Target,
    /// Which share of a run this is; none where it is a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What is wrong with the run beside its results, such as a known failure that matches nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
    /// Of a share: what it says of the list of known failures. Only the whole run can be held to that.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub listed: Listed,
    /// How many scenarios ended how.
    pub summary: Summary,
    /// Each scenario and role.
    pub results: Vec<ScenarioResult>,
}

/// What results say of the list of known failures; a sentence stands for an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Entries that a result bears out.
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
    /// Makes the report of results: counts them, keeps their order.
    pub fn new(target: Target, results: Vec<ScenarioResult>) -> Self {
        let mut summary = Summary::default();
        for result in &results {
            *match result.verdict {
                Verdict::Pass => &mut summary.pass,
                Verdict::Fail => &mut summary.fail,
                Verdict::Known => &mut summary.known,
                Verdict::Inconclusive => &mut summary.inconclusive,
                Verdict::Error => &mut summary.error,
                Verdict::Skip => &mut summary.skip,
            } += 1;
        }
        Self {
            version: 1,
            target,
            shard: None,
            complaints: Vec::new(),
            listed: Listed::default(),
            summary,
            results,
        }
    }
}

mod pointer_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Pointer;

    pub(super) fn serialize<S: Serializer>(pointer: &Pointer, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(pointer.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Pointer, D::Error> {
        String::deserialize(from).map(Pointer::from_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_rule_is_its_serialised_form() {
        for rule in Rule::ALL {
            assert_eq!(serde_json::json!(rule), serde_json::json!(rule.as_str()));
        }
    }
}
