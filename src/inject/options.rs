//! Which fault injection is asked for, by name or by what it costs.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::Kind;

/// Some fault injection, as `--injection` and `confcall.toml` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectionChoice {
    /// None.
    None,
    /// Every kind in which nothing waits and nothing is forged.
    Fast,
    /// Every kind in which notifications are forged.
    ForgedTokens,
    /// Every kind.
    All,
    /// One kind.
    Kind(Kind),
}

impl InjectionChoice {
    /// The word for none, for what is cheap, for what forges, and for all of it; a kind has its own
    /// name.
    pub const NONE: &str = "none";
    /// See [`InjectionChoice::NONE`].
    pub const FAST: &str = "fast";
    /// See [`InjectionChoice::NONE`].
    pub const FORGED_TOKENS: &str = "forged-tokens";
    /// See [`InjectionChoice::NONE`].
    pub const ALL: &str = "all";

    /// What a word asks for.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            Self::NONE => Some(Self::None),
            Self::FAST => Some(Self::Fast),
            Self::FORGED_TOKENS => Some(Self::ForgedTokens),
            Self::ALL => Some(Self::All),
            kind => Kind::named(kind).map(Self::Kind),
        }
    }

    /// Whether it takes in this kind.
    pub fn takes(self, kind: Kind) -> bool {
        match self {
            Self::None => false,
            Self::Fast => kind.is_fast(),
            Self::ForgedTokens => kind.forges(),
            Self::All => true,
            Self::Kind(it) => it == kind,
        }
    }
}

/// The word that asks for it.
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
            let kinds = Kind::ALL.map(Kind::name);
            let groups = [Self::NONE, Self::FAST, Self::FORGED_TOKENS, Self::ALL];
            let words = [&groups, kinds.as_slice()].concat();
            serde::de::Error::custom(format!(
                "unknown fault injection `{word}`, there are `{}`",
                words.join("`, `")
            ))
        })
    }
}
