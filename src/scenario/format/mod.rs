//! A scenario: one documented conversation, in a file under `scenarios/`.
//!
//! The types here are the file format (version 1). Its JSON Schema is generated from them.
//!
//! Bodies are plain JSON. A value that varies is a variable, written `{name}` inside any string of a
//! target, a header or a body; `{{` and `}}` are literal braces.

pub(crate) mod body;
mod id;

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub(crate) use self::id::{INJECTION_MARK, ScenarioId};

use crate::api::party::Party;
use crate::api::template;
use crate::contract::requirement::Requirement;
use crate::http::message::Body;

/// The version of the format that this confcall writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;

/// The schema of a variable's name ([`crate::api::template::is_name`]).
const NAME: &str = "^[a-z][a-z0-9-]*$";
/// The schema of a method: an HTTP token in upper case.
const METHOD: &str = "^[!#$%&'*+.^_`|~0-9A-Z-]+$";
/// The schema of a header field's name: an HTTP token (RFC 9110 section 5.6.2).
const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
/// The schema of a header field's value: no control character but tabs.
const ONE_LINE: &str = r"^[^\x00-\x08\x0a-\x1f\x7f]*$";
/// The schema of a target: a path, a URL, or a text that begins with a variable.
const TARGET: &str = r"^(/|\{[a-z]|[^\s/]*://)\S*$";

/// Header fields by name. The last value of a repeated field counts.
pub(crate) type HeaderFields = IndexMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub id: ScenarioId,
    pub script: Arc<Script>,
}

impl Scenario {
    /// The pages that show the messages, by language. A file that names none is in the language of its
    /// path.
    pub(crate) fn locales(&self) -> Vec<Translation> {
        let script = &self.script;
        let of_path = || Translation {
            locale: self.id.locale().unwrap_or_default().to_owned(),
            file: script.source.clone(),
            lines: script.steps.iter().map(Step::line).collect(),
        };
        match (&script.locales[..], self.id.locale()) {
            ([], Some(_)) => vec![of_path()],
            (locales, _) => locales.to_vec(),
        }
    }
}

/// The content of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall scenario")]
pub(crate) struct Script {
    /// The address of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none", default)]
    pub schema: Option<String>,
    /// The version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The path of the page that documents the conversation. The line numbers of the steps are lines of this page.
    #[schemars(regex(pattern = r"\S"))]
    pub source: String,
    /// The pages that print these messages, one in each language; `source` is one of them. Files that are written by
    /// hand do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locales: Vec<Translation>,
    /// Tags, by which `--tag` selects the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The only party that the scenario judges; if absent, both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judges: Option<Party>,
    /// The provider states that must exist before the first step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub given: Vec<ProviderState>,
    /// The values that vary from run to run, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("propertyNames" = {"pattern": NAME}))]
    pub variables: IndexMap<String, Variable>,
    /// The messages, in the order of the page.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
}

/// A page in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Translation {
    /// The language, such as `pt-BR`.
    #[schemars(regex(pattern = r"\S"))]
    pub locale: String,
    /// The page, as a path.
    #[schemars(regex(pattern = r"\S"))]
    pub file: String,
    /// The line of each step on that page.
    #[schemars(inner(range(min = 1)))]
    pub lines: Vec<usize>,
}

impl Script {
    /// The script without its pages, its line numbers and the contradictions of the page.
    pub(crate) fn messages(&self) -> Self {
        let mut script = self.clone();
        script.source.clear();
        script.locales.clear();
        for step in &mut script.steps {
            match step {
                Step::Request(step) => step.line = 0,
                Step::Response(step) => {
                    step.line = 0;
                    step.or.clear();
                }
                Step::Refusal(step) => step.line = 0,
                Step::Notification(step) => (step.line, step.body_line) = (0, 0),
            }
        }
        script
    }

    /// True if the service must refuse the request at this index.
    pub(crate) fn is_refused(&self, request: usize) -> bool {
        matches!(self.steps.get(request + 1), Some(Step::Refusal(_)))
    }
}

/// A provider state: what must exist before the first step.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ProviderState {
    /// A call exists that no step creates.
    Call,
    /// A peer-to-peer call exists, which an invitation replaces.
    PeerCall,
    /// The call has valid chat information, so that several participants can be invited.
    Chat,
    /// The application instance has a phone number, so that a phone can be invited.
    Number,
    /// A person calls the bot.
    IncomingCall,
    /// A participant is in the call whom no step adds.
    Participant,
    /// A comms operation exists that no step begins.
    Operation,
    /// A content sharing session exists that no step begins.
    Session,
    /// An audio routing group exists that no step creates.
    AudioRoutingGroup,
    /// A recording exists that no step makes.
    Recording,
    /// The operation that a request begins will fail.
    OperationFails,
    /// The call of the first refused request has ended.
    EndedCall,
    /// The service accepts only the token that confcall sends.
    TokenCheck,
    /// A person presses a key of the phone. Only a step can have this state.
    Tone,
    /// A person speaks. Only a step can have this state.
    Speech,
    /// A person starts or stops sharing content. Only a step can have this state.
    ContentSharing,
}

impl ProviderState {
    /// The word in scenario files, triggers and reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A value that varies from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// The kind of value.
    pub kind: Kind,
    /// The value exactly as the page prints it; absent if the page prints none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The allowed words, if the page prints a list of them. The value is one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Another variable that must have the same value in a run, although the page prints a different value or writes the
    /// same GUID differently. `--literal` ignores this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
}

impl Variable {
    /// The printed value; empty if the page prints none.
    pub(crate) fn printed(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }
}

/// The kind of a variable. It follows from the property or the path segment that has the value. Equal values of different
/// kinds are different variables.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A call: `…/calls/{call}`, `replacesCallId`.
    Call,
    /// A comms operation: `…/operations/{operation}`, or the `id` of an operation.
    Operation,
    /// A participant of a roster: `…/participants/{participant}`, the `id` of a participant, or `participantId`.
    Participant,
    /// A content sharing session: `…/contentSharingSessions/{session}`, or the `id` of a session.
    Session,
    /// An audio routing group: `…/audioRoutingGroups/{audio-routing-group}`, or the `id` of a group.
    AudioRoutingGroup,
    /// The address of a recording: `recordingLocation`, or the target of a request to another host.
    Recording,
    /// A user's id, in an identity under `user`.
    User,
    /// An application's id, in an identity under `application` or in a path under `applications`.
    Application,
    /// A phone number, in an identity under `phone`.
    Phone,
    /// An identity of another kind (`guest`, `device`, `applicationInstance` …).
    Identity,
    /// A client context.
    Context,
    /// A chat thread or message.
    Thread,
    /// A tenant.
    Tenant,
    /// The bot's callback address.
    Callback,
    /// A bearer token.
    Token,
    /// Any other identifier in a path.
    Identifier,
    /// One of the `words`.
    Word,
    /// Any other placeholder of a page.
    Text,
}

/// One message of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// The bot sends a request to the service.
    Request(RequestStep),
    /// The service responds to the request of the step before.
    Response(ResponseStep),
    /// The service sends a notification to the bot's callback.
    Notification(NotificationStep),
    /// The service refuses the request of the step before, which has no effect. Only scenarios that are written by hand
    /// have refusals.
    Refusal(RefusalStep),
}

/// A request of the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestStep {
    /// The line of the page on which the code block of the message begins, counted from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The method.
    #[schemars(regex(pattern = METHOD))]
    pub method: String,
    /// The path or the absolute URL, as the page prints it, with variables.
    #[schemars(regex(pattern = TARGET))]
    pub target: String,
    /// The bearer token that confcall sends. It replaces the printed `Authorization`.
    #[serde(default, skip_serializing_if = "Token::is_own")]
    pub token: Token,
    /// The header fields as the page prints them, without `Content-Length`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(
        extend("propertyNames" = {"pattern": TOKEN}),
        extend("additionalProperties" = {"type": "string", "pattern": ONE_LINE})
    )]
    pub headers: HeaderFields,
    /// The body; absent if there is none.
    #[serde(
        default,
        skip_serializing_if = "Body::is_empty",
        serialize_with = "body::serialize",
        deserialize_with = "body::deserialize_optional"
    )]
    #[schemars(with = "Option<body::InFile>")]
    pub body: Body,
}

/// The bearer token of a request that confcall sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Token {
    /// The token that the service accepts.
    #[default]
    Own,
    /// A token that the service did not issue.
    Foreign,
    /// No token.
    None,
}

impl Token {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    const fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }
}

/// A response of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResponseStep {
    /// The line of the page on which the code block of the message begins, counted from 1. If the page
    /// has no example of the response, this is the line of the sentence that names the status.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The status code.
    #[schemars(range(min = 100, max = 599))]
    pub status: u16,
    /// The header fields as the page prints them, without `Content-Length`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(
        extend("propertyNames" = {"pattern": TOKEN}),
        extend("additionalProperties" = {"type": "string", "pattern": ONE_LINE})
    )]
    pub headers: HeaderFields,
    /// The body; absent if there is none.
    #[serde(
        default,
        skip_serializing_if = "Body::is_empty",
        serialize_with = "body::serialize",
        deserialize_with = "body::deserialize_optional"
    )]
    #[schemars(with = "Option<body::InFile>")]
    pub body: Body,
    /// Success statuses that the prose of the page documents for this response, but no example shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<ProseStatus>,
    /// The requirement that this response tests, as `confcall run --coverage` lists it; if absent, `answer.status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub requirement: Option<Requirement>,
}

/// A refusal of the service. Its status is one of several, and a JSON body is an error object:
/// `{"error": {"code", "message"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusalStep {
    /// The line of the page with the rule that the request breaks, counted from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The allowed status codes.
    #[schemars(length(min = 1), inner(range(min = 400, max = 599)))]
    pub statuses: Vec<u16>,
    /// The requirement that this refusal tests, as `confcall run --coverage` lists it; if absent, `refusal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub requirement: Option<Requirement>,
}

/// A status code in the prose of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProseStatus {
    /// The status code.
    #[schemars(range(min = 100, max = 599))]
    pub status: u16,
    /// The line of the page, counted from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
}

/// A notification of the service to the bot's callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationStep {
    /// The line of the page on which the code block of the message begins, counted from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The method.
    #[schemars(regex(pattern = METHOD))]
    pub method: String,
    /// The callback address, as the page prints it, with variables.
    #[schemars(regex(pattern = TARGET))]
    pub target: String,
    /// The header fields as the page prints them, without `Content-Length`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(
        extend("propertyNames" = {"pattern": TOKEN}),
        extend("additionalProperties" = {"type": "string", "pattern": ONE_LINE})
    )]
    pub headers: HeaderFields,
    /// The provider states that must come about before this step, such as a pressed key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub given: Vec<ProviderState>,
    /// The line on which the code block of the body begins; equal to `line` if the body has no code block of its own.
    #[schemars(range(min = 1))]
    pub body_line: usize,
    /// The body.
    #[serde(with = "body")]
    #[schemars(with = "body::InFile")]
    pub body: Body,
}

impl Step {
    /// The line of the page on which the code block of the message begins, counted from 1.
    pub(crate) const fn line(&self) -> usize {
        match self {
            Self::Request(step) => step.line,
            Self::Response(step) => step.line,
            Self::Notification(step) => step.line,
            Self::Refusal(step) => step.line,
        }
    }

    /// `request`, `response`, `notification` or `refusal`.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Response(_) => "response",
            Self::Notification(_) => "notification",
            Self::Refusal(_) => "refusal",
        }
    }

    /// The body; a refusal has an empty one.
    pub(crate) fn body(&self) -> &Body {
        static NONE: Body = Body::Empty;
        match self {
            Self::Request(step) => &step.body,
            Self::Response(step) => &step.body,
            Self::Notification(step) => &step.body,
            Self::Refusal(_) => &NONE,
        }
    }

    /// The header fields; a refusal has none.
    pub(crate) const fn headers(&self) -> Option<&HeaderFields> {
        match self {
            Self::Request(step) => Some(&step.headers),
            Self::Response(step) => Some(&step.headers),
            Self::Notification(step) => Some(&step.headers),
            Self::Refusal(_) => None,
        }
    }

    /// The names of the variables in the target, the header fields and the body, with repeats.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let target = match self {
            Self::Request(step) => step.target.as_str(),
            Self::Notification(step) => step.target.as_str(),
            Self::Response(_) | Self::Refusal(_) => "",
        };
        let fields = self.fields().map(|(_, value)| value.as_str());
        let mut texts: Vec<&str> = fields.chain([target]).collect();
        match self.body() {
            Body::Json(value) => body::texts(value, &mut texts),
            Body::Text(text) => texts.push(text),
            Body::Empty | Body::Bytes(_) | Body::Omitted(_) => {}
        }
        texts.into_iter().flat_map(template::variables).collect()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&String, &String)> {
        self.headers().into_iter().flatten()
    }
}
