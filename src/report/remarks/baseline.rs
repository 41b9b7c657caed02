//! The baseline: known remarks, which are not reported again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PageReport;
use crate::extract::remark::Remark;

/// The version of the format that this confcall writes and reads.
const VERSION: u32 = 1;

/// A file of known remarks. It has no line numbers, so that it stays valid when lines move.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "confcall baseline of remarks on pages")]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    /// The version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// The remarks that are not reported again.
    remarks: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Known {
    /// The page, as the command line names it.
    page: String,
    /// The id of the rule.
    id: String,
    message: String,
    /// The number of equal remarks on the page.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: usize,
}

/// Why a file is not a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the version of the baseline is {0}, but this confcall reads {VERSION}")]
    Version(u32),
}

const fn one() -> usize {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_one(count: &usize) -> bool {
    *count == 1
}

/// The page, the id and the message.
type Key = [String; 3];

fn key(remark: &Remark) -> Key {
    [&remark.place.page, remark.rule.id, &remark.message].map(str::to_owned)
}

impl Baseline {
    pub(crate) fn of(report: &PageReport) -> Self {
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for remark in &report.remarks {
            *counts.entry(key(remark)).or_default() += 1;
        }
        let known = counts
            .into_iter()
            .map(|([page, id, message], count)| Known {
                page,
                id,
                message,
                count,
            });
        Self {
            version: VERSION,
            remarks: known.collect(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        match baseline.version {
            VERSION => Ok(baseline),
            other => Err(BaselineError::Version(other)),
        }
    }

    /// Pretty JSON that ends in a line feed.
    pub(crate) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The number of known remarks.
    pub(crate) fn len(&self) -> usize {
        self.remarks.iter().map(|it| it.count).sum()
    }

    /// Takes known remarks out of a report. A known remark that is no longer found on a page that was read becomes a note of
    /// the report.
    pub(crate) fn apply(&self, report: &mut PageReport, is_read: impl Fn(&str) -> bool) {
        let mut open: BTreeMap<Key, usize> = BTreeMap::new();
        for it in &self.remarks {
            let key = [&it.page, &it.id, &it.message].map(String::clone);
            *open.entry(key).or_default() += it.count;
        }
        report.remarks.retain(|remark| {
            let count = open.get_mut(&key(remark)).filter(|count| **count > 0);
            count.map(|count| *count -= 1).is_none()
        });
        let gone = open.iter().filter(|(_, count)| **count > 0);
        let gone = gone.filter(|([page, ..], _)| is_read(page));
        let notes = gone.map(|([page, id, message], _)| {
            format!("{page}: no longer found, so remove it from the baseline: {message} ({id})")
        });
        report.notes.extend(notes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn what_is_known_is_not_reported_and_what_is_gone_is_said() {
        let mut report = samples::report();
        let text = Baseline::of(&report).to_json().unwrap();
        let known = Baseline::parse(&text).unwrap();
        assert_eq!(known.len(), 2);
        report.remarks[0].place.line += 5;
        let again = report.remarks[0].clone();
        report.remarks.insert(1, again);
        known.apply(&mut report, |_| true);
        assert_eq!(report.remarks.len(), 1, "only one of two is known");
        assert_eq!(report.notes.len(), 1);

        let mut none = samples::report();
        none.remarks.clear();
        none.notes.clear();
        known.apply(&mut none, |page| page == "a.md");
        assert_eq!(
            none.notes,
            [
                "a.md: no longer found, so remove it from the baseline: the length is 3, not 4 (wrong-length)"
            ]
        );
    }

    #[test]
    fn another_file_is_refused() {
        assert!(Baseline::parse("{}").is_err());
        let newer = Baseline::parse("{\"version\": 2, \"remarks\": []}").unwrap_err();
        assert!(newer.to_string().contains("reads 1"), "{newer}");
    }
}
