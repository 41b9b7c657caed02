//! Fault injection in traffic without a plan: at a rate, by a seed.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::unknown::Rng;
use super::{Forgery, InjectionKind, requirement_of};
use crate::cassette::format::Direction;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::judge::Breach;

/// The kinds that need no plan.
pub(crate) const KINDS: [InjectionKind; 8] = [
    InjectionKind::Throttled,
    InjectionKind::Unavailable,
    InjectionKind::ConnectionReset,
    InjectionKind::LostResponse,
    InjectionKind::SlowResponse,
    InjectionKind::DuplicateNotification,
    InjectionKind::UnsignedNotification,
    InjectionKind::ForeignKey,
];

/// Chooses the messages that a fault is injected into.
///
/// The choice depends on the seed and on the number of the message among those of its direction: traffic in the same
/// order gets the same faults.
#[derive(Debug)]
pub(crate) struct TrafficInjection {
    kinds: Vec<InjectionKind>,
    rate: Rate,
    seed: u64,
    requests: AtomicU64,
    notifications: AtomicU64,
}

/// How many of a hundred messages meet a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(u8);

/// A rate outside of 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a percentage from 1 to 100")]
pub(crate) struct NoRate;

impl std::str::FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let percent = text.strip_suffix('%').unwrap_or(text).parse();
        percent
            .ok()
            .filter(|it| (1..=100).contains(it))
            .map(Self)
            .ok_or(NoRate)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// What a notification of fault injection is, which precedes or repeats a genuine one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtraNotification {
    Duplicate,
    Forged(Forgery),
}

/// The answer of a bot to such a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Acknowledgement {
    Status(u16),
    /// Nothing came back, for this cause.
    Missing(String),
}

impl ExtraNotification {
    /// The requirement for the response to it.
    pub(crate) const fn requirement(self) -> Requirement {
        match self {
            Self::Duplicate => Requirement::NotificationTwice,
            Self::Forged(forgery) => requirement_of(forgery),
        }
    }

    /// The violation of a bot that answered like this.
    pub(crate) fn breach(self, exchange: u64, answer: &Acknowledgement) -> Option<Breach> {
        let what = self.describe();
        let (rule, actual, message) = match answer {
            Acknowledgement::Status(status) if self.takes(*status) => return None,
            Acknowledgement::Status(status) => (
                Rule::AcknowledgementStatus,
                Value::from(*status),
                format!("the bot responded to {what} with {status}"),
            ),
            Acknowledgement::Missing(cause) => (
                Rule::AcknowledgementMissing,
                Value::Null,
                format!("the bot did not respond to {what}: {cause}"),
            ),
        };
        let step = usize::try_from(exchange).ok();
        let expected = self.expected().into();
        Some(Breach::new(
            self.requirement(),
            rule,
            step,
            expected,
            actual,
            message,
        ))
    }

    const fn describe(self) -> &'static str {
        match self {
            Self::Duplicate => "a notification that is sent twice",
            Self::Forged(forgery) => forgery.describe(),
        }
    }

    /// The expected statuses, for people.
    const fn expected(self) -> &'static str {
        match self {
            Self::Duplicate => "2xx",
            Self::Forged(_) => "401 or 403",
        }
    }

    const fn takes(self, status: u16) -> bool {
        match self {
            Self::Duplicate => status >= 200 && status < 300,
            Self::Forged(_) => matches!(status, 401 | 403),
        }
    }
}

impl TrafficInjection {
    pub(crate) const fn new(kinds: Vec<InjectionKind>, rate: Rate, seed: u64) -> Self {
        Self {
            kinds,
            rate,
            seed,
            requests: AtomicU64::new(0),
            notifications: AtomicU64::new(0),
        }
    }

    /// The fault of the next message in this direction.
    pub(crate) fn next(&self, direction: Direction) -> Option<InjectionKind> {
        let (count, name) = match direction {
            Direction::Request => (&self.requests, "request"),
            Direction::Notification => (&self.notifications, "notification"),
        };
        let number = count.fetch_add(1, Ordering::Relaxed);
        let kinds = self.kinds.iter().copied();
        let kinds: Vec<_> = kinds.filter(|it| direction_of(*it) == direction).collect();
        let mut rng = Rng::new(self.seed.wrapping_add(number), name);
        let is_met = rng.below(100) < usize::from(self.rate.0);
        (is_met && !kinds.is_empty()).then(|| kinds[rng.below(kinds.len())])
    }
}

/// The seed and the rate, for people.
impl fmt::Display for TrafficInjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the messages, seed {}", self.rate, self.seed)
    }
}

/// The direction of the messages that a kind of [`KINDS`] changes.
const fn direction_of(kind: InjectionKind) -> Direction {
    match kind {
        InjectionKind::DuplicateNotification
        | InjectionKind::UnsignedNotification
        | InjectionKind::ForeignKey => Direction::Notification,
        _ => Direction::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(seed: u64, rate: &str) -> Vec<Option<InjectionKind>> {
        let injection = TrafficInjection::new(KINDS.to_vec(), rate.parse().unwrap(), seed);
        let directions = [Direction::Request, Direction::Notification];
        let directions = directions.into_iter().cycle();
        directions.take(400).map(|it| injection.next(it)).collect()
    }

    #[test]
    fn faults_follow_from_the_seed_at_the_rate() {
        let some = choices(7, "20%");
        assert_eq!(some, choices(7, "20"));
        assert_ne!(some, choices(8, "20"));
        let count = some.iter().flatten().count();
        assert!((50..110).contains(&count), "{count}");
        let all = choices(7, "100");
        for kind in KINDS {
            assert!(all.contains(&Some(kind)), "{}", kind.name());
        }
        assert!(all.iter().all(Option::is_some));
        assert!("0".parse::<Rate>().is_err() && "101".parse::<Rate>().is_err());
    }
}
