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
    /// The criterion and its value, if a single one matches nothing.
    pub wanted: Option<(Criterion, String)>,
    /// Similar ids, the closest first.
    pub candidates: Vec<String>,
    /// All values, where none is similar and they can be listed.
    pub values: Vec<String>,
}

/// That by which scenarios are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Criterion {
    Filter,
    Operation,
    #[strum(serialize = "API version")]
    ApiVersion,
    Edition,
    Locale,
    Tag,
}

impl Nothing {
    pub(super) fn of_all(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            wanted: None,
            candidates: Vec::new(),
            values: Vec::new(),
        }
    }

    pub(super) fn of_filter(filter: &Filter, all: &[Scenario]) -> Self {
        let ids = all.iter().map(|it| it.id.as_str());
        Self {
            message: format!("no scenario's id matches `{}`", filter.text()),
            wanted: Some((Criterion::Filter, filter.text().to_owned())),
            candidates: closest_ids(filter.text(), ids),
            values: Vec::new(),
        }
    }

    /// The error for a value that no scenario has, among those that they have.
    pub(super) fn of_value(
        criterion: Criterion,
        value: &str,
        message: String,
        known: BTreeSet<&str>,
    ) -> Self {
        let candidates = closest_ids(value, known.iter().copied());
        let values = match candidates.as_slice() {
            [] => known.into_iter().map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Self {
            message,
            wanted: Some((criterion, value.to_owned())),
            candidates,
            values,
        }
    }
}

impl Remedy for Nothing {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self.candidates.as_slice() {
            [] if self.values.is_empty() => "`confcall list` lists all scenarios".into(),
            [] => format!("expected one of {}", self.values.join(", ")).into(),
            [one] => format!("did you mean `{one}`?").into(),
            several => format!("did you mean one of these?\n    {}", several.join("\n    ")).into(),
        })
    }
}

/// # Errors
///
/// The first value that no scenario has.
pub(super) fn each_known(
    criterion: Criterion,
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
            let message = format!("no scenario has the {criterion} `{wanted}`");
            let known = known.iter().map(String::as_str).collect();
            Err(Nothing::of_value(criterion, wanted, message, known))
        }
    }
}

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
