//! Rules: the stable names of what can be broken, and how binding a requirement is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
