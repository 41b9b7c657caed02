//! Rules, the parts of a conversation that can be broken, and levels of requirements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

/// Generates the enum and its names from one table.
macro_rules! rules {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// What a violation breaks. Its name in files and reports never changes.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            Serialize, Deserialize, JsonSchema, Display, IntoStaticStr, VariantArray,
        )]
        pub enum Rule {
            $(
                $(#[doc = $doc])*
                #[serde(rename = $name)]
                #[strum(serialize = $name)]
                $variant,
            )*
        }
    };
}

rules! {
    /// The method of a bot's request.
    RequestMethod = "request.method",
    /// The path of a bot's request.
    RequestTarget = "request.target",
    /// The token or the media type of a bot's request.
    RequestHeader = "request.header",
    /// The body of a bot's request.
    RequestBody = "request.body",
    /// A request that never came.
    RequestMissing = "request.missing",
    /// A request without a trigger or another reason.
    RequestUnexpected = "request.unexpected",
    /// The status of an answer.
    ResponseStatus = "response.status",
    /// A header of an answer.
    ResponseHeader = "response.header",
    /// The body of an answer.
    ResponseBody = "response.body",
    /// An answer that never came.
    ResponseMissing = "response.missing",
    /// A notification that never came.
    NotificationMissing = "notification.missing",
    /// A notification that the scenario does not have, or one after the end of its resource.
    NotificationUnexpected = "notification.unexpected",
    /// The method of a notification.
    NotificationMethod = "notification.method",
    /// A header of a notification.
    NotificationHeader = "notification.header",
    /// The body of a notification.
    NotificationBody = "notification.body",
    /// Notifications about one resource in the wrong order.
    NotificationOrder = "notification.order",
    /// Values that must agree but differ.
    Correlation = "correlation",
    /// A request that does not bring about what it asks for.
    Effect = "effect",
    /// An acknowledgement with a status other than 2xx.
    AcknowledgementStatus = "acknowledgement.status",
    /// An acknowledgement that never came.
    AcknowledgementMissing = "acknowledgement.missing",
    /// A value beyond a documented limit.
    Limit = "limit",
    /// A connection that broke, or bytes that are not HTTP.
    Transport = "transport",
    /// A conversation that is not the accepted one.
    Snapshot = "snapshot",
}

impl Rule {
    /// The name in files and reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How binding a requirement is (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A violation fails the scenario.
    Must,
    /// A violation warns; under `--strict` it fails the scenario.
    Should,
}
