//! The scenarios that failed in the last run of a folder, for `--rerun-failed`.
//!
//! They are kept in the user's cache folder, one file for each folder that runs were started in. A run in which nothing
//! failed leaves no file.

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files;
use crate::judge::verdict::{Run, Verdict};
use crate::scenario::selection::Filter;

/// The version of the file. A file of another one is as good as none.
const VERSION: u32 = 1;

/// What is kept of the last run.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// The folder that the run was started in.
    folder: PathBuf,
    /// The ids of the scenarios.
    failed: Vec<String>,
}

/// The place of what is kept of the last run.
#[derive(Debug)]
pub(crate) struct LastRun {
    folder: PathBuf,
    pub file: PathBuf,
}

impl LastRun {
    /// That of the current folder; none where the system has no folder for it.
    pub(crate) fn here() -> Option<Self> {
        let cache = etcetera::choose_base_strategy().ok()?.cache_dir();
        let folder = std::env::current_dir().ok()?;
        Some(Self::of(folder, &cache))
    }

    fn of(folder: PathBuf, cache: &Path) -> Self {
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let name = digest[..8]
            .iter()
            .fold(0, |all, it| all << 8 | u64::from(*it));
        let file = cache
            .join("confcall/failed")
            .join(format!("{name:016x}.json"));
        Self { folder, file }
    }

    /// Filters that select the scenarios that failed; empty if none is known.
    pub(crate) fn failed(&self) -> Vec<Filter> {
        let ids = self.read().unwrap_or_default();
        ids.iter().filter_map(|id| Filter::parse(id).ok()).collect()
    }

    fn read(&self) -> Option<Vec<String>> {
        let kept: Kept = serde_json::from_slice(&files::read(&self.file).ok()?).ok()?;
        (kept.version == VERSION && kept.folder == self.folder).then_some(kept.failed)
    }

    /// Keeps the failed scenarios of this run, and those of earlier runs that this run has not played. If the cache cannot
    /// be written, the run does not fail.
    pub(crate) fn keep(&self, run: &Run) {
        let played = run.results.iter().filter(|it| it.verdict != Verdict::Skip);
        let mut failed = self.read().unwrap_or_default();
        failed.retain(|id| !played.clone().any(|it| it.scenario == *id));
        for result in played.filter(|it| is_failed(it.verdict)) {
            if !failed.contains(&result.scenario) {
                failed.push(result.scenario.clone());
            }
        }
        if failed.is_empty() {
            // There may be none.
            let _ = fs::remove_file(&self.file);
            return;
        }
        let kept = Kept {
            version: VERSION,
            folder: self.folder.clone(),
            failed,
        };
        if let (Some(folder), Ok(text)) = (self.file.parent(), serde_json::to_string(&kept)) {
            let _ = fs::create_dir_all(folder);
            let _ = files::write(&self.file, &text);
        }
    }
}

/// True for a result that is played again.
pub(super) const fn is_failed(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::judge::verdict::{JudgedTarget, ScenarioResult};

    #[test]
    fn what_failed_is_kept_until_it_passes() {
        let cache = tempfile::tempdir().unwrap();
        let last = LastRun::of("/project".into(), cache.path());
        let other = LastRun::of("/other".into(), cache.path());
        let run = |verdicts: &[(&str, Verdict)]| {
            let result = |(id, verdict): &(&str, Verdict)| {
                ScenarioResult::new(*id, Party::Bot, *verdict, "")
            };
            Run::new(
                JudgedTarget::default(),
                verdicts.iter().map(result).collect(),
            )
        };
        assert!(last.failed().is_empty());
        last.keep(&run(&[
            ("a", Verdict::Fail),
            ("b", Verdict::Inconclusive),
            ("c", Verdict::Pass),
            ("d", Verdict::Known),
        ]));
        assert_eq!(last.read().unwrap(), ["a", "b"]);
        last.keep(&run(&[
            ("a", Verdict::Skip),
            ("b", Verdict::Pass),
            ("c", Verdict::Error),
        ]));
        assert_eq!(last.read().unwrap(), ["a", "c"]);
        assert!(other.read().is_none());
        last.keep(&run(&[("a", Verdict::Pass), ("c", Verdict::Pass)]));
        assert!(!last.file.exists());
    }
}
