//! The table of fault injections: name, judged party, cost, conversations that it applies to, description.
//! [`InjectionChoice`] selects from it.

use std::fmt;

use serde::{Deserialize, Deserializer};
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray};

use crate::api::party::Party;
use crate::judge;
use crate::scenario::format::{Scenario, ScenarioId};

/// Declares [`InjectionKind`] from its table. A row has a variant, the judged party, the cost, the conversations that
/// it applies to, and a sentence without a full stop, which is also the variant's documentation.
macro_rules! kinds {
    ($($kind:ident: $party:ident, $cost:expr, $applies_to:ident, $description:literal;)+) => {
        /// One kind of fault injection. The id of a scenario under it ends in `~` and [`InjectionKind::name`].
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            EnumCount, EnumString, IntoStaticStr, VariantArray,
        )]
        #[strum(serialize_all = "kebab-case", const_into_str)]
        pub enum InjectionKind {
            $(#[doc = $description] $kind,)+
        }
        impl InjectionKind {
            const fn row(self) -> Row {
                match self {
                    $(Self::$kind => Row {
                        party: Party::$party,
                        cost: $cost,
                        applies_to: AppliesTo::$applies_to,
                        description: $description,
                    },)+
                }
            }
        }
    };
}

// Fast kinds come first.
kinds! {
    EarlyNotification: Bot, Cost::Fast, EarlyNotification,
        "The first notification arrives before the response to the request that caused it";
    DuplicateNotification: Bot, Cost::Fast, Notification,
        "Every notification is sent twice";
    BatchedNotifications: Bot, Cost::Fast, AdjacentNotifications,
        "Two notifications are sent in one body";
    ReorderedNotifications: Bot, Cost::Fast, IndependentNotifications,
        "Notifications about different resources are sent in another order";
    UnknownProperties: Bot, Cost::Fast, Notification,
        "The response and every notification have undocumented properties";
    UnknownResource: Bot, Cost::Fast, Notification,
        "Before every notification, a notification about an undocumented resource is sent";
    UnknownWord: Bot, Cost::Fast, Word,
        "Before every notification, an update with an undocumented enumeration value is sent";
    UnsignedNotification: Bot, Cost::Forged(&[Forgery::NoToken, Forgery::Unsigned]), Notification,
        "Before every notification, two forged notifications are sent: one without a token, one with an unsigned token";
    ForeignKey: Bot, Cost::Forged(&[Forgery::ForeignKey]), Notification,
        "Before every notification, a notification with a token signed by another key is sent";
    ExpiredToken: Bot, Cost::Forged(&[Forgery::Expired]), Notification,
        "Before every notification, a notification with an expired token is sent";
    OtherAudience: Bot, Cost::Forged(&[Forgery::OtherAudience]), Notification,
        "Before every notification, a notification with a token for another application is sent";
    LostResponse: Bot, Cost::Fast, Response,
        "The service processes the request, but closes the connection without a response";
    FailingOutcome: Bot, Cost::Fast, PrintedFailure,
        "The operation fails, as documented on the page";
    SlowResponse: Bot, Cost::Slow, Response,
        "The response takes half the deadline, at most 2 s";
    Throttled: Bot, Cost::Slow, Request,
        "The response to the first request is 429 with Retry-After: 1";
    Unavailable: Bot, Cost::Slow, Request,
        "The response to the first request is 503";
    ConnectionReset: Bot, Cost::Slow, Request,
        "The connection of the first request is reset before the service processes it";
    SilentCallback: Service, Cost::Slow, CausedNotification,
        "The first notification is never acknowledged";
    FailingCallback: Service, Cost::Slow, CausedNotification,
        "The response to the first notification, and to its first repetition, is 500";
}

struct Row {
    party: Party,
    cost: Cost,
    applies_to: AppliesTo,
    description: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// Messages only.
    Fast,
    /// Waiting time.
    Slow,
    /// A bot that claims to verify tokens. A notification with each of these precedes every genuine one.
    Forged(&'static [Forgery]),
}

/// The conversations that a kind applies to; `derive` checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppliesTo {
    /// A notification follows the response to a request that names a call.
    EarlyNotification,
    Notification,
    /// A notification has a state or status of a resource that exists already.
    Word,
    AdjacentNotifications,
    /// Two notifications about different resources follow each other.
    IndependentNotifications,
    Response,
    Request,
    CausedNotification,
    /// The page also prints how the operation fails.
    PrintedFailure,
}

impl InjectionKind {
    pub const ALL: [Self; Self::COUNT] = *Self::VARIANTS.first_chunk().expect("as many as counted");

    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    pub const fn describe(self) -> &'static str {
        self.row().description
    }

    pub const fn party(self) -> Party {
        self.row().party
    }

    pub(super) const fn applies_to(self) -> AppliesTo {
        self.row().applies_to
    }

    /// The wrong tokens of the notifications before every genuine one.
    pub const fn forgeries(self) -> &'static [Forgery] {
        match self.row().cost {
            Cost::Forged(forgeries) => forgeries,
            Cost::Fast | Cost::Slow => &[],
        }
    }

    pub const fn forges(self) -> bool {
        matches!(self.row().cost, Cost::Forged(_))
    }

    /// True if no party waits and the target need not claim anything.
    pub const fn is_fast(self) -> bool {
        matches!(self.row().cost, Cost::Fast)
    }

    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The kind in the id of a scenario.
    pub fn of(id: &ScenarioId) -> Option<Self> {
        Self::named(id.injection()?)
    }
}

/// True if a run plays the scenario for this party: it does not judge the other party alone, nor has it the fault
/// injection of the other.
pub(crate) fn judges(scenario: &Scenario, party: Party) -> bool {
    judge::judges(&scenario.script, party)
        && InjectionKind::of(&scenario.id).is_none_or(|kind| kind.party() == party)
}

/// A defect of the token of a notification. A bot that verifies tokens refuses each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forgery {
    NoToken,
    /// `alg` is `none` (RFC 7519 section 6).
    Unsigned,
    /// Signed by another key than the one that it names.
    ForeignKey,
    /// Expired an hour ago.
    Expired,
    OtherAudience,
}

impl Forgery {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoToken => "a notification without a token",
            Self::Unsigned => "a notification whose token is not signed",
            Self::ForeignKey => "a notification whose token is signed with another key",
            Self::Expired => "a notification whose token has expired",
            Self::OtherAudience => "a notification whose token is for another application",
        }
    }
}

/// A value of `--inject` and of `inject` in `confcall.toml`: a group of kinds, or one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectionChoice {
    None,
    /// Every kind in which no party waits and no token is wrong.
    Fast,
    ForgedTokens,
    All,
    Kind(InjectionKind),
}

impl InjectionChoice {
    pub const NONE: &str = "none";
    pub const FAST: &str = "fast";
    pub const FORGED_TOKENS: &str = "forged-tokens";
    pub const ALL: &str = "all";

    /// All choices: the groups, then each kind.
    pub fn all() -> impl Iterator<Item = Self> {
        let groups = [Self::None, Self::Fast, Self::ForgedTokens, Self::All];
        let kinds = InjectionKind::ALL.into_iter().map(Self::Kind);
        groups.into_iter().chain(kinds)
    }

    pub fn named(word: &str) -> Option<Self> {
        match word {
            Self::NONE => Some(Self::None),
            Self::FAST => Some(Self::Fast),
            Self::FORGED_TOKENS => Some(Self::ForgedTokens),
            Self::ALL => Some(Self::All),
            kind => InjectionKind::named(kind).map(Self::Kind),
        }
    }

    pub fn includes(self, kind: InjectionKind) -> bool {
        match self {
            Self::None => false,
            Self::Fast => kind.is_fast(),
            Self::ForgedTokens => kind.forges(),
            Self::All => true,
            Self::Kind(it) => it == kind,
        }
    }
}

impl fmt::Display for InjectionChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => Self::NONE,
            Self::Fast => Self::FAST,
            Self::ForgedTokens => Self::FORGED_TOKENS,
            Self::All => Self::ALL,
            Self::Kind(kind) => kind.name(),
        })
    }
}

impl<'de> Deserialize<'de> for InjectionChoice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        Self::named(&word).ok_or_else(|| {
            let kinds = InjectionKind::ALL.map(InjectionKind::name);
            let groups = [Self::NONE, Self::FAST, Self::FORGED_TOKENS, Self::ALL];
            let words = [&groups, kinds.as_slice()].concat();
            serde::de::Error::custom(format!(
                "unknown fault injection `{word}`, expected one of `{}`",
                words.join("`, `")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_from_the_id() {
        for kind in InjectionKind::ALL {
            let id = ScenarioId::new("page/beta@2021-02/pt-BR/invite").injected(kind.name());
            assert_eq!(InjectionKind::of(&id), Some(kind), "{id}");
        }
        assert_eq!(InjectionKind::of(&ScenarioId::new("page/invite")), None);
    }

    #[test]
    fn descriptions_have_no_full_stop() {
        assert!(
            InjectionKind::ALL
                .iter()
                .all(|kind| !kind.describe().ends_with('.'))
        );
    }
}
