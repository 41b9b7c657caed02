//! The candidates for arguments whose values are names: of scenarios, operations, editions, rules.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::engine::{PathCompleter, ValueCompleter as _};

use crate::cli::explain;
use crate::config;
use crate::contract::operation;
use crate::inject::{InjectionKind, with_injected};
use crate::runner::self_check::proof;
use crate::scenario::format::{INJECTION_MARK, Scenario};
use crate::scenario::store;

/// The ids of scenarios, a segment at a time. Those under fault injection follow once their mark is typed.
pub(crate) fn scenarios() -> ArgValueCompleter {
    ArgValueCompleter::new(of_scenarios)
}

/// The ids of scenarios, and files.
pub(crate) fn scenarios_and_files() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let mut candidates = of_scenarios(typed);
        candidates.extend(PathCompleter::file().complete(typed));
        candidates
    })
}

pub(crate) fn operations() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let operations = operation::operations().iter();
        let names: BTreeSet<_> = operations.map(|it| it.name.as_str()).collect();
        names.into_iter().map(CompletionCandidate::new).collect()
    })
}

pub(crate) fn api_versions() -> ArgValueCandidates {
    of_each(|it| it.id.api().into_iter().map(str::to_owned).collect())
}

pub(crate) fn editions() -> ArgValueCandidates {
    of_each(|it| it.id.edition().into_iter().map(str::to_owned).collect())
}

pub(crate) fn locales() -> ArgValueCandidates {
    of_each(|it| it.locales().into_iter().map(|it| it.locale).collect())
}

pub(crate) fn tags() -> ArgValueCandidates {
    of_each(|it| it.script.tags.clone())
}

/// The names that `confcall explain` knows.
pub(crate) fn explained() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let described = explain::all().map(|it| (it.name(), it.meaning()));
        described.map(with_help).collect()
    })
}

/// The mutants and the variants of the built-in pair.
pub(crate) fn trials() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        proof::trials()
            .map(|it| with_help((it.name, it.what)))
            .collect()
    })
}

/// The mutants of the built-in pair.
pub(crate) fn mutants() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let mutants = proof::trials().filter(|it| it.sign().is_some());
        mutants.map(|it| with_help((it.name, it.what))).collect()
    })
}

fn with_help((name, help): (&'static str, &'static str)) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(help.into()))
}

/// The values that the scenarios have.
fn of_each(values: fn(&Scenario) -> Vec<String>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let values: BTreeSet<String> = known_scenarios().iter().flat_map(values).collect();
        values.into_iter().map(CompletionCandidate::new).collect()
    })
}

fn of_scenarios(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let mut all = known_scenarios();
    if typed.contains(INJECTION_MARK) {
        all = with_injected(&all, &InjectionKind::ALL);
    }
    let ids = all.iter().map(|it| it.id.as_str());
    let next = next_segments(ids, typed);
    next.into_iter().map(CompletionCandidate::new).collect()
}

/// The scenarios of the folder in the line that is typed, else those of the project, else the built-in ones. None if they
/// cannot be read: the command reports the error.
fn known_scenarios() -> Vec<Scenario> {
    let folder = typed_folder().or_else(|| config::load(None).ok()?.scenarios.folder);
    match folder {
        Some(folder) => store::load(&folder).map_or_else(|_| Vec::new(), |it| it.scenarios),
        None => store::built_in().unwrap_or_default(),
    }
}

/// The value of `--scenarios` in the line that is typed, which a shell passes as arguments.
fn typed_folder() -> Option<PathBuf> {
    const OPTION: &str = "--scenarios";
    let mut words = env::args_os().skip_while(|it| it != OPTION).skip(1);
    let joined = || {
        let words = env::args_os().filter_map(|it| it.into_string().ok());
        let mut values = words.filter_map(|it| {
            let value = it.strip_prefix(OPTION)?.strip_prefix('=')?;
            Some(PathBuf::from(value))
        });
        values.next()
    };
    words.next().map(PathBuf::from).or_else(joined)
}

/// The ids that begin with what is typed, up to the next `/`. As long as there is only one continuation, it is longer by
/// the next segment.
fn next_segments<'a>(ids: impl Iterator<Item = &'a str>, typed: &str) -> BTreeSet<&'a str> {
    let ids: Vec<_> = ids.filter(|it| it.starts_with(typed)).collect();
    let mut from = typed.len();
    loop {
        let segments = ids.iter().map(|id| match id[from..].find('/') {
            Some(slash) => &id[..=from + slash],
            None => id,
        });
        let segments: BTreeSet<_> = segments.collect();
        match segments.first() {
            Some(only) if segments.len() == 1 && only.ends_with('/') => from = only.len(),
            _ => return segments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_completed_by_segments() {
        let ids = ["a/v1@1/x", "a/v1@1/x-y", "a/v1@2/x", "b/v1@1/z"];
        for (typed, next) in [
            ("", &["a/", "b/"][..]),
            ("a", &["a/v1@1/", "a/v1@2/"]),
            ("a/v1@1", &["a/v1@1/x", "a/v1@1/x-y"]),
            ("a/v1@1/x", &["a/v1@1/x", "a/v1@1/x-y"]),
            ("b", &["b/v1@1/z"]),
            ("c", &[]),
        ] {
            let found: Vec<_> = next_segments(ids.into_iter(), typed).into_iter().collect();
            assert_eq!(found, next, "{typed}");
        }
    }
}
