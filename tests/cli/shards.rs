//! Shards of a run, their reports made one again, and annotations where GitHub runs them.

use std::fs;

use serde_json::Value;

use super::{command, confcall, refused, stdout};

#[test]
fn the_reports_of_shards_make_the_whole_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let whole = confcall(&["run", "--report", &format!("json={}", file("whole.json"))]);
    stdout(&whole);
    let mut parts = Vec::new();
    for share in ["1/3", "2/3", "3/3"] {
        let part = file(&format!("{}.json", share.replace('/', "-")));
        let run = confcall(&["run", "--shard", share, "--report", &format!("json={part}")]);
        stdout(&run);
        parts.push(part);
    }
    let merged = file("merged.json");
    let mut arguments = vec!["merge"];
    arguments.extend(parts.iter().map(String::as_str));
    let report = format!("json={merged}");
    arguments.extend(["--report", &report]);
    stdout(&confcall(&arguments));
    let ids = |path: &str| {
        let run: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let results = run["results"].as_array().unwrap().iter();
        let mut ids: Vec<_> = results
            .map(|it| (it["scenario"].to_string(), it["role"].to_string()))
            .collect();
        ids.sort();
        (ids, run["summary"].clone())
    };
    assert_eq!(ids(&merged), ids(&file("whole.json")));

    let message = |files: &[&str]| refused(&confcall(&[&["merge"], files].concat()));
    assert!(message(&[&parts[0], &parts[2]]).contains("the shard 2/3 is missing"));
    assert!(message(&[&parts[0], &parts[0]]).contains("both contain"));
    assert!(message(&[&file("absent.json")]).contains("absent.json"));
    let over = format!("json={}", parts[0]);
    let over = refused(&confcall(&["merge", &parts[0], "--report", &over]));
    assert!(over.contains("which the report would overwrite"), "{over}");
    fs::write(folder.path().join("torn.json"), "{\"version\": 1").unwrap();
    assert!(message(&[&file("torn.json")]).contains("is not a JSON report of a run"));
}

#[test]
fn a_share_of_nothing_is_reported() {
    let message = refused(&confcall(&[
        "run",
        "--edition",
        "2019-05",
        "--inject",
        "none",
        "--shard",
        "9/9",
    ]));
    assert!(message.contains("use at most 3 shards"), "{message}");
    let message = refused(&confcall(&["run", "--shard", "0/3"]));
    assert!(message.contains("`2/8`"), "{message}");
}

#[test]
fn githubs_runner_has_annotations() {
    // The built-in pair follows the rules, and not the print.
    let run = |there: bool| {
        let mut command = command(&["run", "--shard", "1/19", "--literal"]);
        if there {
            command.env("GITHUB_ACTIONS", "true");
        } else {
            command.env_remove("GITHUB_ACTIONS");
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let with = run(true);
    let lines: Vec<_> = with
        .lines()
        .filter(|it| it.starts_with("::error "))
        .collect();
    assert!(!lines.is_empty(), "{with}");
    assert!(
        lines
            .iter()
            .all(|it| it.contains("title=service ") || it.contains("title=bot "))
    );
    assert!(!run(false).contains("::error"));
}
