//! The corpora under `fuzz/corpus`, replayed with a stable compiler: what the fuzzer found once is
//! tried with every `cargo test`.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use crate::fuzz;

/// No input is longer, in bytes, and no corpus greater: the fuzzer makes as many as it is given
/// time for.
const LONGEST: usize = 8 * 1024;
const GREATEST: usize = 120 * 1024;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(name)
}

/// What stands in a folder, in order.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|_| panic!("{}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Replays the corpus of a target, and tells every file of which something does not hold.
fn replay(target: &str) {
    let (_, holds) = fuzz::TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .unwrap();
    let files = listed(&folder("corpus").join(target));
    assert!(!files.is_empty(), "the corpus is empty");
    let mut size = 0;
    let mut failed = Vec::new();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() <= LONGEST, "{} is too long", file.display());
        size += bytes.len();
        if catch_unwind(|| holds(&bytes)).is_err() {
            failed.push(file);
        }
    }
    assert!(failed.is_empty(), "something does not hold of {failed:#?}");
    assert!(size <= GREATEST, "{size} bytes are too many");
}

#[test]
fn what_holds_of_callbacks() {
    replay("callback");
}

#[test]
fn what_holds_of_cassettes() {
    replay("cassette");
}

#[test]
fn what_holds_of_har_files() {
    replay("har");
}

#[test]
fn what_holds_of_pages() {
    replay("page");
}

#[test]
fn what_holds_of_scenario_files() {
    replay("scenario");
}

/// A target that the fuzzer knows and this file does not would never be replayed.
#[test]
fn every_target_has_a_binary_and_a_corpus() {
    let stems = |folder: &Path| -> BTreeSet<String> {
        let files = listed(folder).into_iter();
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files.map(stem).collect()
    };
    let targets = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned());
    let targets: BTreeSet<_> = targets.collect();
    assert_eq!(stems(&folder("fuzz_targets")), targets);
    assert_eq!(stems(&folder("corpus")), targets);
}
