//! The scenarios that a command takes: their source, and the selection among them.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::output;
use super::usage::UsageError;
use crate::api::party::Party;
use crate::files::FileError;
use crate::inject::{InjectionKind, with_injected};
use crate::judge;
use crate::judge::shard::Shard;
use crate::scenario::format::Scenario;
use crate::scenario::selection::{Filter, Selection};
use crate::scenario::store;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Source {
    /// Use the scenarios of this folder, or of this one file, instead of the built-in ones
    #[arg(long, value_name = "DIR", help_heading = "Scenarios")]
    pub scenarios: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Which {
    /// Only scenarios whose id contains this text, or whose whole id matches this glob
    #[arg(value_name = "FILTER", value_parser = Filter::parse)]
    pub filters: Vec<Filter>,
    #[command(flatten)]
    pub among: Among,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Among {
    /// Only scenarios of this edition of the pages, such as 2021-02 (repeatable)
    #[arg(long, value_name = "EDITION", help_heading = "Scenarios")]
    pub edition: Vec<String>,
    /// Only scenarios of pages in this language, such as pt-BR (repeatable)
    #[arg(long, value_name = "LOCALE", help_heading = "Scenarios")]
    pub locale: Vec<String>,
    /// Only scenarios with this tag (repeatable)
    #[arg(long, value_name = "TAG", help_heading = "Scenarios")]
    pub tag: Vec<String>,
    #[command(flatten)]
    pub source: Source,
}

/// Scenarios that are taken, and where they stand among others.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    /// Those that are taken, by id; at least one.
    pub picked: Vec<Scenario>,
    /// Every scenario there is, by id: a case knows its whole page, whatever is picked from it.
    pub all: Vec<Scenario>,
}

impl Selected {
    /// Leaves the scenarios that judge one of these parties.
    pub(crate) fn judging(&mut self, roles: &[Party]) -> Result<(), UsageError> {
        let is_judged = |it: &Scenario| roles.iter().any(|role| judge::judges(&it.script, *role));
        let count = self.picked.len();
        self.picked.retain(is_judged);
        if self.picked.is_empty() {
            let roles = roles.to_vec();
            return Err(UsageError::JudgesNobody { count, roles });
        }
        Ok(())
    }

    /// Leaves the scenarios of one shard.
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
    /// All scenarios, by id.
    pub(crate) fn load(&self) -> Result<Vec<Scenario>, Failure> {
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

impl Which {
    /// The selected scenarios, by id, at least one; with all that they were selected from.
    pub(crate) fn select(&self) -> Result<Selected, Failure> {
        self.select_in(&[])
    }

    /// The same among the plain scenarios and those in these kinds of fault injection.
    pub(crate) fn select_in(&self, injection: &[InjectionKind]) -> Result<Selected, Failure> {
        self.among.select_in(&self.filters, injection)
    }

    pub(crate) fn names(&self, injection: InjectionKind) -> bool {
        self.filters.iter().any(|it| it.names(injection.name()))
    }

    pub(crate) fn names_injection(&self) -> bool {
        self.filters.iter().any(Filter::names_injection)
    }
}

impl Among {
    /// The selected scenarios, by id, at least one; with all that they were selected from.
    pub(crate) fn select(&self, filters: &[Filter]) -> Result<Selected, Failure> {
        self.select_in(filters, &[])
    }

    fn select_in(
        &self,
        filters: &[Filter],
        injection: &[InjectionKind],
    ) -> Result<Selected, Failure> {
        let all = self.source.load()?;
        let selection = Selection {
            filters: filters.to_vec(),
            editions: self.edition.clone(),
            locales: self.locale.clone(),
            tags: self.tag.clone(),
        };
        let injected = with_injected(&all, injection);
        let picked = selection.pick(&injected)?;
        let picked = picked.into_iter().cloned().collect();
        Ok(Selected { picked, all })
    }
}
