//! Shards of a run, and the run that merges them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verdict::{JudgedTarget, Run, ScenarioResult};
use crate::api::party::Party;
use crate::diagnostic::Remedy;

/// A part of the scenarios: `2/8` is the second of eight.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Shard {
    /// The index, counted from 1.
    pub index: usize,
    /// The number of shards.
    pub count: usize,
}

/// A text that is no [`Shard`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the number of the shard and the number of all shards, such as `2/8`")]
pub struct ShardError;

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (index, count) = text.split_once('/').ok_or(ShardError)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| ShardError);
        let (index, count) = (number(index)?, number(count)?);
        if index == 0 || index > count {
            return Err(ShardError);
        }
        Ok(Self { index, count })
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// Takes every `count`-th item, so that the sizes of shards differ by at most one and the
    /// scenarios of one page are spread.
    pub fn take<T>(self, whole: impl IntoIterator<Item = T>) -> Vec<T> {
        let remainder = self.index - 1;
        let of_all = whole.into_iter().enumerate();
        of_all
            .filter(|(at, _)| at % self.count == remainder)
            .map(|(_, it)| it)
            .collect()
    }
}

/// The reason that reports cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// An unknown format of the report.
    #[error("{file} has report format version {version}; this confcall reads version 1")]
    Version { file: String, version: u32 },
    /// Reports of different parties.
    #[error("{file} judges {this}, but the other reports judge {other}")]
    Target {
        file: String,
        this: String,
        other: String,
    },
    /// A scenario that is in two reports.
    #[error("{file} and {other} both contain {role} {scenario}")]
    Twice {
        file: String,
        other: String,
        role: Party,
        scenario: String,
    },
    /// Shards of different counts.
    #[error("{file} is {this}, but the other reports are of {count} shards")]
    Cut {
        file: String,
        this: String,
        count: usize,
    },
    /// Missing shards.
    #[error("{}", lacking(.missing, *.count))]
    Missing { missing: Vec<usize>, count: usize },
}

impl Remedy for MergeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Twice { .. } => {
                Some("give each report once, and only reports of the same run".into())
            }
            Self::Missing { .. } => Some(
                "give the report of each shard; a shard that fails writes its report too".into(),
            ),
            Self::Version { .. } | Self::Target { .. } | Self::Cut { .. } => None,
        }
    }
}

/// Merges the reports of shards, each with the name of its file.
///
/// # Errors
///
/// The reports belong to different runs, or do not make up a whole one.
pub(crate) fn merge(reports: Vec<(String, Run)>) -> Result<Run, MergeError> {
    let mut whole = Vec::new();
    let mut errors: Vec<String> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let mut unmatched: Vec<String> = Vec::new();
    let mut borne_out = HashSet::new();
    let mut urls: BTreeSet<String> = BTreeSet::new();
    let mut role: Option<Option<Party>> = None;
    let mut count = None;
    let mut there = BTreeSet::new();
    // False if a shard was not played to its end.
    let mut is_whole = true;
    // Texts of one form and time zone are in the order of time.
    let started = reports.iter().map(|(_, it)| it.started.clone()).min();
    let observed = reports.iter().any(|(_, it)| it.observed);
    let seed = reports.iter().find_map(|(_, it)| it.seed);
    for (file, report) in reports {
        if report.version != 1 {
            let version = report.version;
            return Err(MergeError::Version { file, version });
        }
        is_whole &= report.exit.is_none();
        // A run that ended before it read its configuration does not know its target.
        if report.exit.is_none() || report.target != JudgedTarget::default() {
            let of_others = *role.get_or_insert(report.target.role);
            if of_others != report.target.role {
                return Err(MergeError::Target {
                    file,
                    this: judged(report.target.role),
                    other: judged(of_others),
                });
            }
        }
        let parts = report.shard.map_or(1, |it| it.count);
        let of_others = *count.get_or_insert(parts);
        if of_others != parts {
            let this = report.shard.map_or_else(
                || "a complete run".to_owned(),
                |shard| format!("the shard {shard}"),
            );
            return Err(MergeError::Cut {
                file,
                this,
                count: of_others,
            });
        }
        there.extend(report.shard.map(|it| it.index));
        urls.extend(report.target.url);
        add(&mut errors, report.errors);
        add(&mut notes, report.notes);
        add(&mut unmatched, report.listed.unmatched);
        borne_out.extend(report.listed.borne_out);
        whole.extend(report.results.into_iter().map(|it| (file.clone(), it)));
    }
    sort(&mut whole)?;
    let count = count.unwrap_or(1);
    let missing: Vec<_> = (1..=count).filter(|it| !there.contains(it)).collect();
    if !there.is_empty() && !missing.is_empty() {
        return Err(MergeError::Missing { missing, count });
    }
    let urls: Vec<_> = urls.into_iter().collect();
    let target = JudgedTarget {
        role: role.flatten(),
        url: (!urls.is_empty()).then(|| urls.join(", ")),
    };
    let mut run = Run::new(target, whole.into_iter().map(|(_, it)| it).collect());
    if is_whole {
        // An entry that matches nothing may match in a shard that was not played.
        unmatched.retain(|it| !borne_out.contains(it));
        add(&mut errors, unmatched);
    }
    run.errors = errors;
    run.notes = notes;
    run.started = started.unwrap_or_default();
    run.seed = seed;
    run.observed = observed;
    Ok(run)
}

/// Adds the texts that are not there yet.
fn add(texts: &mut Vec<String>, more: Vec<String>) {
    for text in more {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
}

/// Sorts results, each with the name of its file, by scenario.
///
/// # Errors
///
/// Two files have the same scenario and party.
fn sort(whole: &mut [(String, ScenarioResult)]) -> Result<(), MergeError> {
    let key = |(_, result): &(String, ScenarioResult)| {
        (result.scenario.clone(), std::cmp::Reverse(result.role))
    };
    whole.sort_by_key(key);
    if let Some([(other, _), (file, twice)]) = whole.windows(2).find_map(|pair| {
        let is_same = key(&pair[0]) == key(&pair[1]);
        is_same.then(|| <&[_; 2]>::try_from(pair).ok()).flatten()
    }) {
        return Err(MergeError::Twice {
            file: file.clone(),
            other: other.clone(),
            role: twice.role,
            scenario: twice.scenario.clone(),
        });
    }
    Ok(())
}

fn judged(role: Option<Party>) -> String {
    role.map_or_else(
        || "the built-in pair".to_owned(),
        |role| format!("a {role}"),
    )
}

fn lacking(missing: &[usize], count: usize) -> String {
    if let [index] = missing {
        return format!(
            "the shard {} is missing",
            Shard {
                index: *index,
                count
            }
        );
    }
    let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
    format!("the shards {} of {count} are missing", missing.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use crate::judge::verdict::Listed;
    use serde_json::json;

    fn report(role: Option<&str>, shard: Option<&str>, scenarios: &[&str]) -> Run {
        let result = |scenario: &&str| {
            json!({"scenario": scenario, "role": "service", "verdict": "pass", "reason": "",
                "duration_ms": 1, "failures": [], "warnings": [], "notes": []})
        };
        let results: Vec<_> = scenarios.iter().map(result).collect();
        let mut run: Run = serde_json::from_value(json!({
            "version": 1, "target": {"role": role, "url": null}, "results": results,
            "summary": {"pass": scenarios.len(), "fail": 0, "known": 0, "inconclusive": 0,
                "error": 0, "skip": 0},
        }))
        .unwrap();
        run.shard = shard.map(|it| it.parse().unwrap());
        run
    }

    fn merged(reports: Vec<Run>) -> Result<Run, String> {
        let named = reports.into_iter().enumerate();
        let named = named.map(|(at, run)| (format!("{at}.json"), run)).collect();
        merge(named).map_err(|error| render(&error))
    }

    #[test]
    fn a_shard_is_a_number_of_a_number() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, count: 8 }));
        for text in ["", "2", "0/8", "9/8", "a/b", "-1/2", "1/0", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn shards_are_the_whole_and_disjoint() {
        for count in 1..=25 {
            let shard = |index| Shard { index, count }.take(0..19);
            let shards: Vec<Vec<i32>> = (1..=count).map(shard).collect();
            let mut all: Vec<_> = shards.concat();
            all.sort_unstable();
            assert_eq!(all, (0..19).collect::<Vec<_>>());
            assert!(shards.iter().all(|it| it.len().abs_diff(19 / count) <= 1));
        }
    }

    #[test]
    fn the_reports_of_all_shares_are_one_run() {
        let run = merged(vec![
            report(Some("service"), Some("2/2"), &["b", "d"]),
            report(Some("service"), Some("1/2"), &["a", "c"]),
        ]);
        let run = run.unwrap();
        let ids: Vec<_> = run.results.iter().map(|it| it.scenario.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        assert_eq!((run.summary.pass, run.shard), (4, None));
    }

    #[test]
    fn what_makes_no_whole_run_is_reported() {
        let service = |shard, ids: &[&str]| report(Some("service"), shard, ids);
        let mut newer = service(None, &[]);
        newer.version = 2;
        for (reports, message) in [
            (vec![newer], "0.json has report format version 2"),
            (
                vec![service(None, &["a"]), report(Some("bot"), None, &["b"])],
                "1.json judges a bot, but the other reports judge a service",
            ),
            (
                vec![service(None, &["a"]), service(None, &["a"])],
                "1.json and 0.json both contain service a",
            ),
            (
                vec![service(Some("1/2"), &["a"]), service(Some("2/3"), &["b"])],
                "1.json is the shard 2/3, but the other reports are of 2 shards",
            ),
            (
                vec![service(Some("1/4"), &["a"]), service(Some("3/4"), &["b"])],
                "the shards 2, 4 of 4 are missing",
            ),
            (
                vec![service(Some("1/2"), &["a"])],
                "the shard 2/2 is missing",
            ),
        ] {
            let error = merged(reports).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn an_entry_that_one_shard_confirms_is_right() {
        let shard = |index, borne_out: &[&str], unmatched: &[&str]| {
            let texts = |them: &[&str]| them.iter().map(ToString::to_string).collect();
            let mut run = Run::new(
                JudgedTarget {
                    role: None,
                    url: None,
                },
                Vec::new(),
            );
            run.shard = Some(Shard { index, count: 2 });
            run.listed = Listed {
                borne_out: texts(borne_out),
                unmatched: texts(unmatched),
            };
            (index.to_string(), run)
        };
        let shards = vec![shard(1, &["a"], &["b", "c"]), shard(2, &["b"], &["a", "c"])];
        assert_eq!(merge(shards).unwrap().errors, ["c"]);
    }
}
