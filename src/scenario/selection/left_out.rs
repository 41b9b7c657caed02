//! The scenarios that a run against a target leaves out.

use std::collections::BTreeSet;
use std::fmt;

use super::distinct;
use crate::scenario::format::Scenario;

/// The scenarios that only their API version or their edition keeps out of a run against a target. Conversations that are
/// played in a newer edition are not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub count: usize,
    /// The API versions that are played.
    played: BTreeSet<String>,
    /// Those that are not.
    others: BTreeSet<String>,
    /// True if some are of an API version that is played.
    has_editions: bool,
}

/// `N more scenarios of beta and other editions: --api v1.0,beta, --all-editions`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut of: Vec<_> = self.others.iter().map(String::as_str).collect();
        let mut options = Vec::new();
        if !self.others.is_empty() {
            let apis: Vec<_> = self
                .played
                .iter()
                .chain(&self.others)
                .map(String::as_str)
                .collect();
            options.push(format!("--api {}", apis.join(",")));
        }
        if self.has_editions {
            of.push("other editions");
            options.push("--all-editions".to_owned());
        }
        let plural = if self.count == 1 { "" } else { "s" };
        let (of, options) = (of.join(" and "), options.join(", "));
        write!(f, "{} more scenario{plural} of {of}: {options}", self.count)
    }
}

impl LeftOut {
    pub(super) fn new(picked: &[&Scenario], matching: Vec<&Scenario>) -> Self {
        let api = |it: &Scenario| it.id.api().map(ToOwned::to_owned);
        let mut left_out = Self {
            played: picked.iter().filter_map(|it| api(it)).collect(),
            ..Self::default()
        };
        let is_picked = |it: &Scenario| picked.iter().any(|other| other.id == it.id);
        for scenario in distinct(matching) {
            if is_picked(scenario) || scenario.id.injection().is_some() {
                continue;
            }
            left_out.count += 1;
            match api(scenario).filter(|it| !left_out.played.contains(it)) {
                Some(api) => drop(left_out.others.insert(api)),
                None => left_out.has_editions = true,
            }
        }
        left_out
    }
}
