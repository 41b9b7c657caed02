//! The effects of operations, which must follow a request that the service accepts.

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
    /// The comms operation completes or fails, in the response or in one `deleted` notification.
    OperationEnds {
        /// The condition under which the operation need not end before its call.
        #[serde(default)]
        endless_if: Endless,
    },
    /// The call is established or ends.
    CallConnects,
    /// The call ends: its state is `terminated`, or it is deleted.
    CallEnds,
    /// The call goes through one of these states; then it is established again, or it ends.
    CallMoves {
        /// The states.
        through: Vec<String>,
    },
    /// A roster names each person of the request, unless the comms operation fails.
    PeopleJoin {
        /// Other kinds of identity that a roster may show for these people.
        #[serde(default)]
        shown_as: Vec<String>,
    },
    /// The participant has a property with this value.
    ParticipantBecomes {
        /// The participant.
        who: Who,
        /// The path of the property, such as `recordingInfo/recordingStatus`.
        property: String,
        /// The value.
        value: Wanted,
        /// The message that shows the effect.
        #[serde(default)]
        shown: Shown,
    },
    /// A roster names the participant.
    RosterNames {
        /// The participant.
        who: Who,
    },
    /// The resource in the path of the request is gone: a read does not find it, and no later list or roster has it.
    IsGone,
    /// A read of the resource that the request created or changed returns the values of the request.
    ReadsBack,
}

/// The required value of a property.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Wanted {
    /// The value of a parameter of the request.
    Given {
        /// The place of the parameter, as a JSON pointer.
        at: String,
    },
    /// This value.
    Is(Value),
}

/// The message that shows an effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shown {
    /// A roster, which the service must send.
    #[default]
    Roster,
    /// The response to a read. No page requires the service to send a roster.
    Read,
}

/// The condition under which a comms operation need not end before its call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endless {
    /// The operation must always end before its call.
    #[default]
    Never,
    /// The property `loop` of the request is true.
    Loop,
    /// The operation never has to end before its call.
    Always,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    /// The bot's own participant.
    Bot,
    /// The participant in the path of the request.
    Path,
    /// Each participant whose id is in the array at this JSON pointer of the request.
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

    /// True for an effect that makes values of the request true.
    pub(crate) const fn is_of_values(&self) -> bool {
        match self {
            Self::ReadsBack | Self::PeopleJoin { .. } | Self::RosterNames { .. } => true,
            Self::ParticipantBecomes { value, .. } => matches!(value, Wanted::Given { .. }),
            _ => false,
        }
    }

    /// The participant of the effect.
    pub(crate) const fn who(&self) -> Option<&Who> {
        match self {
            Self::ParticipantBecomes { who, .. } | Self::RosterNames { who } => Some(who),
            _ => None,
        }
    }

    /// The read that shows the effect of an operation, if one is documented.
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
