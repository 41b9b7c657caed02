//! The ways in which the token of a notification can be wrong.

/// How a token of a notification is wrong. A bot that verifies tokens refuses each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forgery {
    /// There is none at all.
    NoToken,
    /// It is not signed, and says so: `alg` is `none` (RFC 7519 section 6).
    Unsigned,
    /// It is signed by another key than the one whose name it bears.
    ForeignKey,
    /// It expired an hour ago.
    Expired,
    /// It is meant for another application.
    OtherAudience,
}

impl Forgery {
    /// What a notification with such a token is, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoToken => "a notification without a token",
            Self::Unsigned => "a notification whose token is not signed",
            Self::ForeignKey => "a notification whose token another key has signed",
            Self::Expired => "a notification whose token has expired",
            Self::OtherAudience => "a notification whose token is for another application",
        }
    }
}
