//! `--weather` and `--seed`: in which weather scenarios are played.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::failure::Failure;
use super::scenarios::{Selected, Which};
use crate::logic::verdict::Role;
use crate::logic::weather::Kind;

/// The seed where none is given: every run is the same.
pub const SEED: u64 = 1;

/// In which weather scenarios are played.
#[derive(Debug, Clone, Args)]
pub struct Weather {
    /// Play the scenarios in hard weather too [default: cheap for the built-in pair, without forged notifications; else none]
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        value_parser = words(),
        help_heading = "Weather"
    )]
    weather: Vec<Word>,
    /// What weather chooses follows from this number
    #[arg(long, value_name = "NUMBER", default_value_t = SEED, help_heading = "Weather")]
    pub seed: u64,
}

/// What `--weather` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    /// What the built-in pair is played in where nothing is said: each result is kept to the end, and
    /// the default run has a bound.
    Usual,
    Cheap,
    All,
    Kind(Kind),
}

const NONE: &str = "none";
const CHEAP: &str = "cheap";
const ALL: &str = "all";

fn words() -> impl clap::builder::TypedValueParser<Value = Word> {
    let groups = [
        PossibleValue::new(NONE).help("Fair weather only"),
        PossibleValue::new(CHEAP).help("Every kind in which nothing waits"),
        PossibleValue::new(ALL).help("Every kind"),
    ];
    let kinds = Kind::ALL.map(|kind| {
        let help = format!("{} (a {} is judged)", kind.describe(), kind.role());
        PossibleValue::new(kind.name()).help(help)
    });
    PossibleValuesParser::new(groups.into_iter().chain(kinds)).map(|word| match word.as_str() {
        CHEAP => Word::Cheap,
        ALL => Word::All,
        other => Kind::named(other).map_or(Word::None, Word::Kind),
    })
}

impl Word {
    fn takes(self, kind: Kind) -> bool {
        match self {
            Self::None => false,
            Self::Usual => kind.is_cheap() && kind.forgeries().is_empty(),
            Self::Cheap => kind.is_cheap(),
            Self::All => true,
            Self::Kind(it) => it == kind,
        }
    }
}

impl Weather {
    /// The kinds that are asked for by their names, here or in a filter.
    pub fn named(&self, which: &Which) -> Vec<Kind> {
        let is_named =
            |kind: &Kind| self.weather.contains(&Word::Kind(*kind)) || which.names(*kind);
        Kind::ALL.into_iter().filter(is_named).collect()
    }

    /// The scenarios that are selected among the plain ones and those in this weather, for the
    /// parties that are judged. Where nothing is said, the built-in pair is played in cheap weather
    /// without forged notifications, and filters that name weather select from all of it.
    ///
    /// # Errors
    ///
    /// As [`Which::select`].
    pub fn select(
        &self,
        which: &Which,
        roles: &[Role],
        is_built_in: bool,
    ) -> Result<Selected, Failure> {
        let default = if which.names_weather() {
            Word::All
        } else if is_built_in {
            Word::Usual
        } else {
            Word::None
        };
        let words = match self.weather.as_slice() {
            [] => &[default],
            words => words,
        };
        let kinds: Vec<Kind> = Kind::ALL
            .into_iter()
            .filter(|kind| roles.contains(&kind.role()))
            .filter(|kind| words.iter().any(|word| word.takes(*kind)))
            .collect();
        which.select_in(&kinds)
    }
}
