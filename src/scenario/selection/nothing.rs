//! The error for a criterion that matches no scenario, with the most similar values.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Filter;
use crate::diagnostic::{Remedy, similar};
use crate::scenario::format::Scenario;

/// A criterion that matches no scenario, and suggestions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Nothing {
    pub message: String,
    /// Similar ids, the closest first.
    pub candidates: Vec<String>,
}

impl Nothing {
    pub(super) fn of_filter(filter: &Filter, all: &[Scenario]) -> Self {
        let ids = all.iter().map(|it| it.id.as_str());
        Self {
            message: format!("no scenario's id matches `{}`", filter.text()),
            candidates: closest_ids(filter.text(), ids),
        }
    }
}

impl Remedy for Nothing {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self.candidates.as_slice() {
            [] => "`confcall list` lists all scenarios".into(),
            [one] => format!("did you mean `{one}`?").into(),
            several => format!("did you mean one of these?\n    {}", several.join("\n    ")).into(),
        })
    }
}

/// # Errors
///
/// The first value that no scenario has.
pub(super) fn each_known(
    kind: &str,
    wanted: &[String],
    all: &[Scenario],
    of: impl Fn(&Scenario) -> Vec<String>,
) -> Result<(), Nothing> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<String> = all.iter().flat_map(of).collect();
    let unknown = |it: &&String| !known.iter().any(|other| other.eq_ignore_ascii_case(it));
    match wanted.iter().find(unknown) {
        None => Ok(()),
        Some(wanted) => {
            let mut candidates = closest_ids(wanted, known.iter().map(String::as_str));
            if candidates.is_empty() && known.len() <= FEW {
                candidates = known.into_iter().collect();
            }
            Err(Nothing {
                message: format!("no scenario has the {kind} `{wanted}`"),
                candidates,
            })
        }
    }
}

/// So many values are named where none is close.
const FEW: usize = 8;

const SUGGESTIONS: usize = 3;

/// The ids that are closest to a text as a whole, in one part, or in one word; the closest first.
pub(crate) fn closest_ids<'a>(text: &str, ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let parts = |id: &'a str| {
        let words = id.split(['/', '-', '@']);
        id.split('/').chain(words).chain([id])
    };
    let closest = similar(text, ids, parts).into_iter();
    closest.take(SUGGESTIONS).map(str::to_owned).collect()
}
