//! Where the deliberate faults happen: one function for each kind of message, called once where
//! that message is made. Without a fault none of them does anything.

mod answer;
mod notification;
mod refusal;
mod sequence;

use std::time::Duration;

use super::mutant::ServiceMutant as Mutant;

pub(super) use self::answer::{answered, created, picked_up};
pub(super) use self::notification::post;
pub(super) use self::refusal::{misread, refused, taken_all_the_same};
pub(super) use self::sequence::{farewell, notifications};

/// Whether an invitation that must fail does.
pub(super) fn may_fail(mutant: Option<Mutant>) -> bool {
    mutant != Some(Mutant::FailureCompletes)
}

/// How long a callback may take to acknowledge, where that is too long.
pub(super) fn patience(mutant: Option<Mutant>) -> Option<Duration> {
    (mutant == Some(Mutant::WaitsForEver)).then_some(Duration::from_secs(3600))
}

/// Whether a notification is lost whose acknowledgement is a failure.
pub(super) fn gives_up(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::NeverAgain)
}
