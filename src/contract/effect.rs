//! The effects of operations: what must follow from a request that the service accepts.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::operation::{Operation, operations};

/// What must follow from a request that the service accepts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    tag = "effect",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub(crate) enum Effect {
    /// The comms operation completes or fails, in the answer or in one `deleted` notification.
    OperationEnds {
        #[serde(default)]
        endless_if: Endless,
    },
    /// The call is established, or ends.
    CallConnects,
    /// The call ends: `terminated` or deleted.
    CallEnds,
    /// The call goes through one of these states, and is established again or ends.
    CallMoves { through: Vec<String> },
    /// A roster names each person of the request, unless the comms operation failed.
    PeopleJoin {
        /// Other kinds of identity under which pages show them.
        #[serde(default)]
        shown_as: Vec<String>,
    },
    /// The participant has a property with this value.
    ParticipantBecomes {
        who: Who,
        /// The name, with those of the objects that it is in: `recordingInfo/recordingStatus`.
        property: String,
        value: Wanted,
        #[serde(default)]
        shown: Shown,
    },
    /// A roster names the participant.
    RosterNames { who: Who },
    /// A read of what the request's path names finds nothing, and no later list or roster has it.
    IsGone,
    /// A read of what the request made or changed shows the values of the request.
    ReadsBack,
}

/// The value that a property must have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Wanted {
    /// That of the parameter at this JSON pointer.
    Given {
        at: String,
    },
    Is(Value),
}

/// Where an effect shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shown {
    /// A roster has to be sent.
    #[default]
    Roster,
    /// No page says that a roster is sent: the bot has to read it.
    Read,
}

/// When a comms operation need not end before its call does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endless {
    #[default]
    Never,
    /// The request's `loop` is true.
    Loop,
    Always,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    /// The bot's own participant.
    Bot,
    /// The participant in the request's path.
    Path,
    /// Each participant whose id is in the array at this JSON pointer.
    Listed(String),
}

impl Effect {
    /// True for an effect that shows only when the bot reads it.
    pub(crate) const fn is_read(&self) -> bool {
        match self {
            Self::IsGone | Self::ReadsBack => true,
            Self::ParticipantBecomes { shown, .. } => matches!(shown, Shown::Read),
            _ => false,
        }
    }

    /// The participant whom it is about.
    pub(crate) const fn who(&self) -> Option<&Who> {
        match self {
            Self::ParticipantBecomes { who, .. } | Self::RosterNames { who } => Some(who),
            _ => None,
        }
    }

    /// The read that shows the effect of an operation, where one is documented.
    pub(crate) fn read_by(&self, operation: &Operation) -> Option<&'static Operation> {
        let mut reads = operations().iter().filter(|it| it.is_read() && !it.is_list);
        match self {
            Self::IsGone | Self::ReadsBack => reads.find(|it| it.is_of_item(&operation.request)),
            Self::ParticipantBecomes { .. } => {
                reads.find(|it| it.answer.as_deref() == Some("participant"))
            }
            _ => None,
        }
    }
}
