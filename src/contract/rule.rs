//! Rules, the parts of a conversation that can be broken, and levels of requirements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

/// Generates the enum and its names from one table.
macro_rules! rules {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// The part of a conversation that is wrong. The names in files and reports never change.
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

        impl Rule {
            /// The part of a conversation that is broken.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii_start(),)*
                }
            }
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
    /// A request that was not sent.
    RequestMissing = "request.missing",
    /// A request that was sent twice, too early or in the wrong state of its call; in a replay, an unrecorded one.
    RequestUnexpected = "request.unexpected",
    /// The status of a response.
    ResponseStatus = "response.status",
    /// A header of a response.
    ResponseHeader = "response.header",
    /// The body of a response.
    ResponseBody = "response.body",
    /// A response that was not sent.
    ResponseMissing = "response.missing",
    /// A notification that was not sent.
    NotificationMissing = "notification.missing",
    /// A notification about an ended resource or a refused request, or to a wrong address; in a replay, an unrecorded one.
    NotificationUnexpected = "notification.unexpected",
    /// The method of a notification.
    NotificationMethod = "notification.method",
    /// A header of a notification.
    NotificationHeader = "notification.header",
    /// The body of a notification.
    NotificationBody = "notification.body",
    /// The order of notifications about one resource.
    NotificationOrder = "notification.order",
    /// Values that must agree but differ.
    Correlation = "correlation",
    /// A request without its documented effect.
    Effect = "effect",
    /// An acknowledgement with a status other than 2xx.
    AcknowledgementStatus = "acknowledgement.status",
    /// An acknowledgement that was not sent.
    AcknowledgementMissing = "acknowledgement.missing",
    /// A value beyond a documented limit.
    Limit = "limit",
    /// A connection that was closed too early, or bytes that are not HTTP.
    Transport = "transport",
    /// A conversation that differs from its accepted snapshot.
    Snapshot = "snapshot",
}

impl Rule {
    /// The name in files and reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The level of a requirement (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A violation fails the scenario.
    Must,
    /// A violation is a warning. With `--strict` it fails the scenario.
    Should,
}
