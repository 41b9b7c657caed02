//! Which weather is asked for, by name or by what it costs.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::Kind;

/// Some weather, as `--weather` and `confcall.toml` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    None,
    /// Every kind in which nothing waits and nothing is forged.
    Cheap,
    /// Every kind in which notifications are forged.
    Forged,
    /// Every kind.
    All,
    /// One kind.
    Kind(Kind),
}

impl Wanted {
    /// The word for none, for what is cheap, for what forges, and for all of it; a kind has its own
    /// name.
    pub const NONE: &str = "none";
    /// See [`Wanted::NONE`].
    pub const CHEAP: &str = "cheap";
    /// See [`Wanted::NONE`].
    pub const FORGED: &str = "forged";
    /// See [`Wanted::NONE`].
    pub const ALL: &str = "all";

    /// What a word asks for.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            Self::NONE => Some(Self::None),
            Self::CHEAP => Some(Self::Cheap),
            Self::FORGED => Some(Self::Forged),
            Self::ALL => Some(Self::All),
            kind => Kind::named(kind).map(Self::Kind),
        }
    }

    /// Whether it takes in this kind.
    pub fn takes(self, kind: Kind) -> bool {
        match self {
            Self::None => false,
            Self::Cheap => kind.is_cheap(),
            Self::Forged => kind.forges(),
            Self::All => true,
            Self::Kind(it) => it == kind,
        }
    }
}

/// The word that asks for it.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => Self::NONE,
            Self::Cheap => Self::CHEAP,
            Self::Forged => Self::FORGED,
            Self::All => Self::ALL,
            Self::Kind(kind) => kind.name(),
        })
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        Self::named(&word).ok_or_else(|| {
            let kinds = Kind::ALL.map(Kind::name);
            let groups = [Self::NONE, Self::CHEAP, Self::FORGED, Self::ALL];
            let words = [&groups, kinds.as_slice()].concat();
            serde::de::Error::custom(format!(
                "unknown weather `{word}`, there are `{}`",
                words.join("`, `")
            ))
        })
    }
}
