//! `--inject` and `--seed`: the fault injection that scenarios are played under.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::failure::Failure;
use super::scenarios::{Selected, Which};
use super::usage::UsageError;
use crate::api::party::Party;
use crate::inject::{InjectionChoice, InjectionKind};

/// The seed where none is given: every run is the same.
pub(crate) const SEED: u64 = 1;

/// The fault injection that scenarios are played under.
#[derive(Debug, Clone, Args)]
pub(crate) struct Injection {
    /// Also play the scenarios under these kinds of fault injection [default: fast for the built-in pair, else none]
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        value_parser = words(),
        help_heading = "Fault injection"
    )]
    pub inject: Vec<InjectionChoice>,
    /// The seed of the choices that fault injection makes
    #[arg(long, value_name = "NUMBER", default_value_t = SEED, help_heading = "Fault injection")]
    pub seed: u64,
}

fn words() -> impl clap::builder::TypedValueParser<Value = InjectionChoice> {
    let groups = [
        PossibleValue::new(InjectionChoice::NONE).help("No fault injection"),
        PossibleValue::new(InjectionChoice::FAST)
            .help("All kinds that neither wait nor forge tokens"),
        PossibleValue::new(InjectionChoice::FORGED_TOKENS)
            .help("All kinds that forge tokens of notifications"),
        PossibleValue::new(InjectionChoice::ALL).help("All kinds"),
    ];
    let kinds = InjectionKind::ALL.map(|kind| {
        let help = format!("{} (judges a {})", kind.describe(), kind.party());
        PossibleValue::new(kind.name()).help(help)
    });
    PossibleValuesParser::new(groups.into_iter().chain(kinds))
        .map(|word| InjectionChoice::named(&word).unwrap_or(InjectionChoice::None))
}

impl Injection {
    /// The kinds that are selected by their names, here or in a filter, or by that of their group.
    pub(crate) fn named(&self, which: &Which) -> Vec<InjectionKind> {
        let words = self.inject.iter();
        let words = words
            .filter(|it| matches!(it, InjectionChoice::Kind(_) | InjectionChoice::ForgedTokens));
        let is_named = |kind: &InjectionKind| {
            which.names(*kind) || words.clone().any(|word| word.includes(*kind))
        };
        InjectionKind::ALL.into_iter().filter(is_named).collect()
    }

    /// The scenarios that are selected among the plain ones and those under the chosen fault injection, for
    /// the parties that are judged. By default the built-in pair is played under fast kinds, and
    /// filters that name fault injection select from all kinds.
    pub(crate) fn select(
        &self,
        which: &Which,
        roles: &[Party],
        is_built_in: bool,
    ) -> Result<Selected, Failure> {
        self.refuse_unmet(roles)?;
        let default = if which.names_injection() {
            InjectionChoice::All
        } else if is_built_in {
            InjectionChoice::Fast
        } else {
            InjectionChoice::None
        };
        let words = match self.inject.as_slice() {
            [] => &[default],
            words => words,
        };
        let kinds: Vec<InjectionKind> = InjectionKind::ALL
            .into_iter()
            .filter(|kind| roles.contains(&kind.party()))
            .filter(|kind| words.iter().any(|word| word.includes(*kind)))
            .collect();
        which.select_in(&kinds)
    }

    /// Refuses fault injection by name that none of these parties can meet.
    fn refuse_unmet(&self, roles: &[Party]) -> Result<(), UsageError> {
        let is_met = |word: &&InjectionChoice| match word {
            InjectionChoice::Kind(_) | InjectionChoice::ForgedTokens => {
                let mut kinds = InjectionKind::ALL
                    .into_iter()
                    .filter(|kind| word.includes(*kind));
                kinds.any(|kind| roles.contains(&kind.party()))
            }
            InjectionChoice::None | InjectionChoice::Fast | InjectionChoice::All => true,
        };
        let Some(unmet) = self.inject.iter().find(|word| !is_met(word)) else {
            return Ok(());
        };
        Err(UsageError::UnmetInjection {
            kind: *unmet,
            roles: roles.to_vec(),
        })
    }
}
