//! Where the deliberate faults happen: one function for each kind of message, called once where
//! that message is made. Without a fault none of them does anything.

mod answer;
mod notice;
mod refusal;
mod sequence;

use std::time::Duration;

use super::mutant::ServiceFault as Fault;

pub(super) use self::answer::{answered, created, picked_up};
pub(super) use self::notice::post;
pub(super) use self::refusal::{misread, refused, taken_all_the_same};
pub(super) use self::sequence::{farewell, notices};

/// Whether an invitation that must fail does.
pub(super) fn may_fail(fault: Option<Fault>) -> bool {
    fault != Some(Fault::FailureCompletes)
}

/// How long a callback may take to acknowledge, where that is too long.
pub(super) fn patience(fault: Option<Fault>) -> Option<Duration> {
    (fault == Some(Fault::WaitsForEver)).then_some(Duration::from_secs(3600))
}

/// Whether a notification is lost whose acknowledgement is a failure.
pub(super) fn gives_up(fault: Option<Fault>) -> bool {
    fault == Some(Fault::NeverAgain)
}
