//! The two parties of a conversation.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

/// One of the two parties of a conversation.
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
    ValueEnum,
    Display,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Party {
    /// Sends requests and is called back.
    Bot,
    /// Answers and sends notifications.
    Service,
}

impl Party {
    /// `bot` or `service`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The party that it talks to.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Bot => Self::Service,
            Self::Service => Self::Bot,
        }
    }
}
