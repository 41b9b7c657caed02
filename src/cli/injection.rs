//! `--weather` and `--seed`: in which weather scenarios are played.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::failure::Failure;
use super::scenarios::{Selected, Which};
use crate::api::party::Party;
use crate::inject::{Kind, Wanted};

/// The seed where none is given: every run is the same.
pub const SEED: u64 = 1;

/// In which weather scenarios are played.
#[derive(Debug, Clone, Args)]
pub struct Weather {
    /// Play the scenarios in hard weather too [default: cheap for the built-in pair, else none]
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        value_parser = words(),
        help_heading = "Weather"
    )]
    pub weather: Vec<Wanted>,
    /// What weather chooses follows from this number
    #[arg(long, value_name = "NUMBER", default_value_t = SEED, help_heading = "Weather")]
    pub seed: u64,
}

fn words() -> impl clap::builder::TypedValueParser<Value = Wanted> {
    let groups = [
        PossibleValue::new(Wanted::NONE).help("Fair weather only"),
        PossibleValue::new(Wanted::CHEAP)
            .help("Every kind in which nothing waits and nothing is forged"),
        PossibleValue::new(Wanted::FORGED).help("Every kind in which notifications are forged"),
        PossibleValue::new(Wanted::ALL).help("Every kind"),
    ];
    let kinds = Kind::ALL.map(|kind| {
        let help = format!("{} (a {} is judged)", kind.describe(), kind.role());
        PossibleValue::new(kind.name()).help(help)
    });
    PossibleValuesParser::new(groups.into_iter().chain(kinds))
        .map(|word| Wanted::named(&word).unwrap_or(Wanted::None))
}

impl Weather {
    /// The kinds that are asked for by their names, here or in a filter, or by that of their group.
    pub fn named(&self, which: &Which) -> Vec<Kind> {
        let words = self.weather.iter();
        let words = words.filter(|it| matches!(it, Wanted::Kind(_) | Wanted::Forged));
        let is_named =
            |kind: &Kind| which.names(*kind) || words.clone().any(|word| word.takes(*kind));
        Kind::ALL.into_iter().filter(is_named).collect()
    }

    /// The scenarios that are selected among the plain ones and those in this weather, for the
    /// parties that are judged. Where nothing is said, the built-in pair is played in cheap weather,
    /// and filters that name weather select from all of it.
    ///
    /// # Errors
    ///
    /// Weather by name that nobody who is judged can meet; and as [`Which::select`].
    pub fn select(
        &self,
        which: &Which,
        roles: &[Party],
        is_built_in: bool,
    ) -> Result<Selected, Failure> {
        self.refuse_unmet(roles)?;
        let default = if which.names_weather() {
            Wanted::All
        } else if is_built_in {
            Wanted::Cheap
        } else {
            Wanted::None
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

    /// Weather that is asked for by name, and that none of these parties can meet, would select nothing.
    fn refuse_unmet(&self, roles: &[Party]) -> Result<(), Failure> {
        let is_met = |word: &&Wanted| match word {
            Wanted::Kind(_) | Wanted::Forged => {
                let mut kinds = Kind::ALL.into_iter().filter(|kind| word.takes(*kind));
                kinds.any(|kind| roles.contains(&kind.role()))
            }
            Wanted::None | Wanted::Cheap | Wanted::All => true,
        };
        let Some(unmet) = self.weather.iter().find(|word| !is_met(word)) else {
            return Ok(());
        };
        let judged: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        Err(Failure::Usage(format!(
            "the weather `{unmet}` is none that a {} meets\n  = help: `confcall run --help` says who is judged in which weather",
            judged.join(" or a ")
        )))
    }
}
