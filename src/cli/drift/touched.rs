//! The parts of a project that changes of pages touch: built-in scenarios, known failures and recordings.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::failure::Failure;
use super::super::recordings;
use crate::api::party::Party;
use crate::api::resource;
use crate::cassette::format::{Direction, Form};
use crate::cassette::read;
use crate::config;
use crate::extract::drift::Documented;
use crate::report::list::counted;
use crate::scenario::store;

/// A sentence for each changed page that has scenarios, known failures or recordings.
pub(super) fn sentences(
    pages: &[Documented],
    cassettes: &[PathBuf],
) -> Result<Vec<String>, Failure> {
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let scenarios = store::built_in()?;
    let known = config::load(None)?.known;
    let recorded = recorded(cassettes)?;
    let mut sentences = BTreeSet::new();
    for page in pages {
        let prefix = format!("{}/{}@", page.name, page.api);
        let ids = scenarios.iter().map(|it| it.id.as_str());
        let ids: Vec<&str> = ids.filter(|id| id.starts_with(&prefix)).collect();
        let mut parts = Vec::new();
        if !ids.is_empty() {
            parts.push(counted(ids.len(), "built-in scenario"));
        }
        let is_about = |failure: &&config::known_failure::KnownFailure| {
            let parties = [Party::Bot, Party::Service];
            let mut roles = parties.iter();
            roles.any(|role| ids.iter().any(|id| failure.covers(id, *role)))
        };
        match known.iter().filter(is_about).count() {
            0 => {}
            count => parts.push(counted(count, "known failure")),
        }
        let of_page = recorded.iter().filter(|(_, forms)| {
            let mut forms = forms.iter();
            forms.any(|form| page.requests.contains(form))
        });
        let files: Vec<_> = of_page.map(|(file, _)| file.as_str()).collect();
        if !files.is_empty() {
            let cassettes = counted(files.len(), "cassette");
            parts.push(format!("{cassettes} ({})", files.join(", ")));
        }
        if !parts.is_empty() {
            let name = prefix.trim_end_matches('@');
            sentences.insert(format!("the changes of {name} touch {}", parts.join(", ")));
        }
    }
    Ok(sentences.into_iter().collect())
}

/// The recordings, each with the forms of its requests of a bot.
fn recorded(cassettes: &[PathBuf]) -> Result<Vec<(String, BTreeSet<String>)>, Failure> {
    let found = recordings::find(cassettes)?;
    let forms = found.into_iter().map(|file| {
        let (recording, _) = read::load(&file.path, Form::Decoded)?;
        let requests = recording.exchanges().iter();
        let requests = requests.filter(|it| it.direction == Direction::Request);
        let forms = requests.map(|it| {
            let shape = resource::shape_of(&it.request.target);
            format!("{} {shape}", it.request.method)
        });
        Ok((file.name, forms.collect()))
    });
    forms.collect()
}
