//! The kinds of fault injection: their names, whom they are for, what they cost.

use super::forgery::Forgery;
use crate::api::party::Party;
use crate::scenario::format::ScenarioId;

/// One kind of fault injection. A scenario that is played in it has [`Kind::name`] behind its id, after `~`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A notification before the response.
    EarlyNotification,
    /// Every notification twice.
    DuplicateNotification,
    /// Two notifications in one body.
    BatchedNotifications,
    /// Notifications about different resources in another order.
    ReorderedNotifications,
    /// Properties that no page knows.
    UnknownProperties,
    /// Notifications about a resource that no page knows.
    UnknownResource,
    /// Notifications with a protocol word that no page knows.
    UnknownWord,
    /// Notifications without a token, and with one that is not signed.
    UnsignedNotification,
    /// Notifications whose token another key has signed.
    ForeignKey,
    /// Notifications whose token has expired.
    ExpiredToken,
    /// Notifications whose token is for another application.
    OtherAudience,
    /// The service acts, and its response is lost.
    LostResponse,
    /// The operation ends `failed`.
    FailingOutcome,
    /// The response takes its time.
    SlowResponse,
    /// 429 with `Retry-After`, then as documented.
    Throttled,
    /// 503, then as documented.
    Unavailable,
    /// The connection is reset before the service acts.
    ConnectionReset,
    /// An acknowledgement that never comes.
    SilentCallback,
    /// A callback that answers 500 twice.
    FailingCallback,
}

impl Kind {
    /// Every kind, those that need no waiting first.
    pub const ALL: [Self; 19] = [
        Self::EarlyNotification,
        Self::DuplicateNotification,
        Self::BatchedNotifications,
        Self::ReorderedNotifications,
        Self::UnknownProperties,
        Self::UnknownResource,
        Self::UnknownWord,
        Self::UnsignedNotification,
        Self::ForeignKey,
        Self::ExpiredToken,
        Self::OtherAudience,
        Self::LostResponse,
        Self::FailingOutcome,
        Self::SlowResponse,
        Self::Throttled,
        Self::Unavailable,
        Self::ConnectionReset,
        Self::SilentCallback,
        Self::FailingCallback,
    ];

    /// The stable name, in kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EarlyNotification => "early-notification",
            Self::DuplicateNotification => "duplicate-notification",
            Self::BatchedNotifications => "batched-notifications",
            Self::ReorderedNotifications => "reordered-notifications",
            Self::UnknownProperties => "unknown-properties",
            Self::UnknownResource => "unknown-resource",
            Self::UnknownWord => "unknown-word",
            Self::UnsignedNotification => "unsigned-notification",
            Self::ForeignKey => "foreign-key",
            Self::ExpiredToken => "expired-token",
            Self::OtherAudience => "other-audience",
            Self::LostResponse => "lost-response",
            Self::FailingOutcome => "failing-outcome",
            Self::SlowResponse => "slow-response",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::ConnectionReset => "connection-reset",
            Self::SilentCallback => "silent-callback",
            Self::FailingCallback => "failing-callback",
        }
    }

    /// What happens in it, in one sentence.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::EarlyNotification => {
                "The first notification comes before the response that it follows from"
            }
            Self::DuplicateNotification => "Every notification comes twice",
            Self::BatchedNotifications => "Two notifications come in one body",
            Self::ReorderedNotifications => {
                "Notifications about different resources come in another order"
            }
            Self::UnknownProperties => {
                "The response and every notification have properties that no page knows"
            }
            Self::UnknownResource => {
                "Before every notification comes one about a resource that no page knows"
            }
            Self::UnknownWord => {
                "Before every notification comes an update with a word that no page lists"
            }
            Self::UnsignedNotification => {
                "Before every notification come one without a token and one whose token is not signed"
            }
            Self::ForeignKey => {
                "Before every notification comes one whose token another key has signed"
            }
            Self::ExpiredToken => "Before every notification comes one whose token has expired",
            Self::OtherAudience => {
                "Before every notification comes one whose token is for another application"
            }
            Self::LostResponse => {
                "The service acts, and the connection closes without its response"
            }
            Self::FailingOutcome => "The operation ends failed, as the page prints it",
            Self::SlowResponse => "The response takes half the deadline, at most 2 s",
            Self::Throttled => "The first request is answered 429 with Retry-After: 1",
            Self::Unavailable => "The first request is answered 503",
            Self::ConnectionReset => {
                "The connection of the first request is reset before the service acts"
            }
            Self::SilentCallback => "The first notification is never acknowledged",
            Self::FailingCallback => {
                "The first notification is answered 500, and once more when it comes again"
            }
        }
    }

    /// The party that is judged in it.
    pub const fn role(self) -> Party {
        match self {
            Self::SilentCallback | Self::FailingCallback => Party::Service,
            _ => Party::Bot,
        }
    }

    /// How the tokens are wrong of the notifications that come before every genuine one, for a bot that
    /// claims to verify them; none in other fault injection.
    pub const fn forgeries(self) -> &'static [Forgery] {
        match self {
            Self::UnsignedNotification => &[Forgery::NoToken, Forgery::Unsigned],
            Self::ForeignKey => &[Forgery::ForeignKey],
            Self::ExpiredToken => &[Forgery::Expired],
            Self::OtherAudience => &[Forgery::OtherAudience],
            _ => &[],
        }
    }

    /// Whether notifications are forged in it.
    pub const fn forges(self) -> bool {
        !self.forgeries().is_empty()
    }

    /// Whether anybody may meet it at little cost: neither party waits for anything but messages, and
    /// the target need not claim more than what the pages show.
    pub const fn is_fast(self) -> bool {
        let waits = matches!(
            self,
            Self::SlowResponse
                | Self::Throttled
                | Self::Unavailable
                | Self::ConnectionReset
                | Self::SilentCallback
                | Self::FailingCallback
        );
        !waits && !self.forges()
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind that a scenario is played in, told from its id.
    pub fn of(id: &ScenarioId) -> Option<Self> {
        Self::named(id.injection()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_from_the_id() {
        for kind in Kind::ALL {
            let id = ScenarioId::new("page/beta@2021-02/pt-BR/invite").injected(kind.name());
            assert_eq!(Kind::of(&id), Some(kind), "{id}");
        }
        assert_eq!(Kind::of(&ScenarioId::new("page/invite")), None);
    }

    #[test]
    fn names_are_unique_and_sentences_have_no_stop() {
        let names: std::collections::HashSet<_> =
            Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| !kind.describe().ends_with('.')));
    }
}
