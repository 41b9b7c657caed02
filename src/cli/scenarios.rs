//! The scenarios of a command: their source, the selection, and the fault injection under which they are played.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::completions::candidates;
use super::failure::Failure;
use super::output;
use super::usage::UsageError;
use crate::api::party::Party;
use crate::config;
use crate::contract::tables;
use crate::contract::tables::{BY_HAND, Tables, Text};
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::place::Place;
use crate::files;
use crate::files::FileError;
use crate::inject::{InjectionChoice, InjectionKind, with_injected};
use crate::judge;
use crate::judge::shard::Shard;
use crate::scenario::format::Scenario;
use crate::scenario::selection::{Editions, Filter, LeftOut, Picked, Scope, Selection};
use crate::scenario::store;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Source {
    /// Use the scenarios of this folder, or of this one file, instead of the built-in ones
    #[arg(long, value_name = "DIR", help_heading = "Scenarios")]
    pub scenarios: Option<PathBuf>,
    /// Judge by this contract instead of the built-in one (see `confcall extract`)
    #[arg(long, value_name = "FILE", help_heading = "Scenarios")]
    pub contract: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Which {
    /// Only scenarios whose id contains this text, or whose whole id matches this glob
    #[arg(value_name = "FILTER", value_parser = Filter::parse, add = candidates::scenarios())]
    pub filters: Vec<Filter>,
    #[command(flatten)]
    pub among: Among,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Among {
    /// Only scenarios of these operations, such as invite,answer
    #[arg(
        long,
        value_name = "OPERATION",
        value_delimiter = ',',
        add = candidates::operations(),
        help_heading = "Scenarios"
    )]
    pub operation: Vec<String>,
    /// Only scenarios of these API versions, such as v1.0,beta
    #[arg(
        long,
        value_name = "VERSION",
        value_delimiter = ',',
        add = candidates::api_versions(),
        help_heading = "Scenarios"
    )]
    pub api: Vec<String>,
    /// Only scenarios from the newest text of each page up to this month, such as 2021-02 (repeatable)
    #[arg(long, value_name = "EDITION", add = candidates::editions(), help_heading = "Scenarios")]
    pub edition: Vec<String>,
    /// Select the scenarios from all texts of each page, whatever their edition
    #[arg(long, conflicts_with = "edition", help_heading = "Scenarios")]
    pub all_editions: bool,
    /// Only scenarios of pages in this language, such as pt-BR (repeatable)
    #[arg(long, value_name = "LOCALE", add = candidates::locales(), help_heading = "Scenarios")]
    pub locale: Vec<String>,
    /// Only scenarios with this tag (repeatable)
    #[arg(long, value_name = "TAG", add = candidates::tags(), help_heading = "Scenarios")]
    pub tag: Vec<String>,
    #[command(flatten)]
    pub source: Source,
}

/// The parties that are judged: the one that is chosen, else both.
pub(crate) fn judged(chosen: Option<Party>) -> Vec<Party> {
    match chosen {
        Some(role) => vec![role],
        None => vec![Party::Service, Party::Bot],
    }
}

/// The selected scenarios, and their places among all scenarios.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    /// The selected scenarios, by id; at least one.
    pub picked: Vec<Scenario>,
    pub left_out: LeftOut,
    /// Every scenario, by id: a case knows its whole page, whatever is selected from it.
    pub all: Vec<Scenario>,
}

impl Selected {
    pub(crate) fn cut(&mut self, shard: Shard) -> Result<(), UsageError> {
        let count = self.picked.len();
        self.picked = shard.take(std::mem::take(&mut self.picked));
        if self.picked.is_empty() {
            return Err(UsageError::EmptyShard { shard, count });
        }
        Ok(())
    }
}

impl Source {
    /// The settings of a project where an option is absent.
    #[must_use]
    pub(crate) fn or(self, project: &config::Scenarios) -> Self {
        Self {
            scenarios: self.scenarios.or_else(|| project.folder.clone()),
            contract: self.contract.or_else(|| project.contract.clone()),
        }
    }

    /// The files and folders that are read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let paths = self.scenarios.iter().chain(&self.contract);
        paths.map(PathBuf::as_path)
    }

    pub(crate) fn load(&self) -> Result<Vec<Scenario>, Failure> {
        if let Some(file) = &self.contract {
            contract(file)?;
        }
        match &self.scenarios {
            Some(folder) => {
                let loaded = store::load(folder)?;
                for line in &loaded.passed_over {
                    output::warn(line);
                }
                Ok(loaded.scenarios)
            }
            None => store::built_in().map_err(|error| match error {
                FileError::Broken(_) => Failure::Defect(error.to_string()),
                error => error.into(),
            }),
        }
    }
}

/// Makes the contract of a project the one in use.
fn contract(file: &Path) -> Result<(), Failure> {
    let text = |path: &Path| {
        let bytes = files::read(path)?;
        let name = path.shown();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Text { name, text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes());
                let place = Place::of_offset(&text, at);
                let wrong = place.diagnostic(&name, &text, "a contract file must be UTF-8");
                Err(FileError::Broken(vec![wrong]))
            }
        }
    };
    let extracted = text(file)?;
    let [operations, life_cycles, types] = BY_HAND.map(|name| {
        let path = file.with_file_name(name);
        path.exists().then(|| text(&path)).transpose()
    });
    let by_hand = [operations?, life_cycles?, types?];
    let tables = Tables::read(&extracted, by_hand).map_err(FileError::Broken)?;
    if tables::replace(tables) {
        Ok(())
    } else {
        Err(UsageError::OtherContract(file.to_owned()).into())
    }
}

impl Which {
    /// True if scenarios, API versions or editions are selected.
    pub(crate) const fn is_narrowed(&self) -> bool {
        let Among {
            operation,
            api,
            edition,
            all_editions,
            locale,
            tag,
            ..
        } = &self.among;
        *all_editions
            || !(self.filters.is_empty()
                && operation.is_empty()
                && api.is_empty()
                && edition.is_empty()
                && locale.is_empty()
                && tag.is_empty())
    }

    pub(crate) fn names(&self, injection: InjectionKind) -> bool {
        self.filters.iter().any(|it| it.names(injection.name()))
    }

    pub(crate) fn names_injection(&self) -> bool {
        self.filters.iter().any(Filter::names_injection)
    }
}

impl Among {
    /// The selected scenarios that judge one of these parties, by id, at least one; with all that they were selected
    /// from.
    ///
    /// They are selected among the plain ones and those under these kinds of fault injection.
    pub(crate) fn select(
        &self,
        filters: &[Filter],
        injection: &[InjectionKind],
        how: How<'_>,
    ) -> Result<Selected, Failure> {
        let all = self.source.load()?;
        let editions = if self.all_editions {
            Editions::All
        } else {
            Editions::UpTo(self.edition.clone())
        };
        let selection = Selection {
            filters: filters.to_vec(),
            operations: self.operation.clone(),
            apis: self.api.clone(),
            editions,
            locales: self.locale.clone(),
            tags: self.tag.clone(),
            scope: how.scope,
            chooses_injection: how.chooses_injection,
        };
        selection.refuse_unknown_claims(&all)?;
        let mut injected = with_injected(&all, injection);
        let count = selection.pick(&injected)?.scenarios.len();
        injected.retain(|it| {
            how.roles
                .iter()
                .any(|role| judge::judges(&it.script, *role))
        });
        let Ok(Picked {
            scenarios,
            left_out,
        }) = selection.pick(&injected)
        else {
            let roles = how.roles.to_vec();
            return Err(UsageError::JudgesNobody { count, roles }.into());
        };
        let picked = scenarios.into_iter().cloned().collect();
        Ok(Selected {
            picked,
            left_out,
            all,
        })
    }
}

/// What a selection depends on beside the arguments.
#[derive(Debug, Clone)]
pub(crate) struct How<'a> {
    /// The parties of which the scenarios judge one.
    pub roles: &'a [Party],
    pub scope: Scope,
    pub chooses_injection: bool,
}

/// The fault injection that scenarios are played under.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Injection {
    /// Select the scenarios also under these kinds of fault injection
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        value_parser = injection_words(),
        help_heading = "Fault injection"
    )]
    pub inject: Vec<InjectionChoice>,
    /// True if the choice is a setting of the project, but the filters are arguments. The id of a scenario then does not
    /// also select it under fault injection.
    #[arg(skip)]
    pub is_setting: bool,
}

pub(super) fn injection_words() -> impl clap::builder::TypedValueParser<Value = InjectionChoice> {
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
    /// the parties that are judged. Without a choice, filters that name fault injection
    /// select from all kinds, and others from `default`.
    pub(crate) fn select(
        &self,
        which: &Which,
        roles: &[Party],
        default: InjectionChoice,
        scope: Scope,
    ) -> Result<Selected, Failure> {
        self.refuse_unmet(roles)?;
        let default = if which.names_injection() {
            InjectionChoice::All
        } else {
            default
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
        let how = How {
            roles,
            scope,
            chooses_injection: !self.inject.is_empty() && !self.is_setting,
        };
        which.among.select(&which.filters, &kinds, how)
    }

    /// Refuses named kinds of fault injection that judge none of these parties.
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
