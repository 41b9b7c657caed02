//! Runs that end early, and runs of what failed before.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BOT, Project, text};

const MUTE_TOKEN: &[&str] = &["--mutant", "token-missing"];

fn count(report: &Value, verdict: &str) -> u64 {
    report["summary"][verdict].as_u64().unwrap()
}

#[test]
fn a_run_ends_with_its_last_failure() {
    let project = Project::of(BOT, MUTE_TOKEN, "");
    for (arguments, failed) in [(&["--fail-fast"][..], 1), (&["--max-fail", "3"], 3)] {
        let (code, report) = project.run(&[&["--jobs", "1"], arguments].concat());
        assert_eq!((code, count(&report, "fail")), (1, failed));
        assert!(count(&report, "skip") > 40, "{report}");
        let results = report["results"].as_array().unwrap();
        let skipped = results.iter().filter(|it| it["verdict"] == "skip");
        let reason = format!("not played, as the run ends after {failed} failed");
        assert!(skipped.clone().any(|it| it["reason"] == reason.as_str()));
    }
}

#[test]
fn a_known_failure_ends_no_run() {
    let known = "[scenarios]\nfilters = [\"@2021-02/invite-one-\"]\n[[known]]\nscenario = \"*\"\nrule = \"request.header\"\nreason = \"no token yet\"\n";
    let project = Project::of(BOT, MUTE_TOKEN, known);
    let (code, report) = project.run(&["--jobs", "1", "--fail-fast"]);
    assert_eq!(
        (code, count(&report, "known"), count(&report, "skip")),
        (0, 2, 0)
    );
}

/// A bot that does not start in the first of three shards, or in any.
fn shards(fails: &str) -> (Project, Vec<(i32, Value)>) {
    let target = BOT.replace(
        "run = [",
        "run = [\"sh\", \"-c\", 'if test -e broken; then echo no such bot; exit 7; fi; exec \"$@\"', \"sh\", ",
    );
    let known = "\n[[known]]\nscenario = \"*/no-such\"\nrule = \"limit\"\nreason = \"x\"\n";
    let project = Project::of(&target, &[], known);
    let run = |shard: usize| {
        let broken = project.path().join("broken");
        if fails.contains(&shard.to_string()) {
            std::fs::write(broken, "").unwrap();
        } else if broken.exists() {
            std::fs::remove_file(broken).unwrap();
        }
        let (shard, report) = (format!("{shard}/3"), format!("json={shard}.json"));
        project.run(&[
            "--operation",
            "mute,invite,answer",
            "--shard",
            &shard,
            "--report",
            &report,
        ])
    };
    let runs = (1..=3).map(run).collect();
    (project, runs)
}

#[test]
fn a_shard_that_could_not_be_played_has_its_number_and_its_reason() {
    for (fails, merged) in [("1", 3), ("123", 3), ("", 1)] {
        let (project, runs) = shards(fails);
        for (at, (code, report)) in (1..).zip(&runs) {
            let has_failed = fails.contains(&at.to_string());
            assert_eq!(*code, if has_failed { 3 } else { 0 }, "{report:#}");
            let shard = serde_json::json!({"index": at, "count": 3});
            assert_eq!(report["shard"], shard, "{report:#}");
            let exit = has_failed.then_some(3);
            assert_eq!(report["exit"].as_u64(), exit, "{report:#}");
        }
        let output = project.confcall(&["merge", "1.json", "2.json", "3.json"]);
        let message = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(merged), "{message}");
        assert_eq!(
            message.contains("no such bot"),
            !fails.is_empty(),
            "{message}"
        );
        // An entry that matches nothing may match in a shard that was not played.
        assert_eq!(message.contains("no-such`"), fails.is_empty(), "{message}");
        let output = project.confcall(&["merge", "1.json", "3.json"]);
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(message.contains("the shard 2/3 is missing"), "{message}");
    }
}

#[test]
fn a_shard_of_a_wrong_configuration_is_merged_with_the_others() {
    let project = Project::of(
        BOT,
        &[],
        "[scenarios]\noperations = [\"mute\", \"invite\"]\n",
    );
    let run = |shard, report| project.run(&["--shard", shard, "--report", report]).0;
    assert_eq!(run("2/2", "json=2.json"), 0);
    let file = project.path().join("confcall.toml");
    let right = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, right + "[judgement]\n").unwrap();
    assert_eq!(run("1/2", "json=1.json"), 2);
    let output = project.confcall(&["merge", "1.json", "2.json"]);
    let message = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("judgement"), "{message}");
}

#[test]
fn a_shard_of_a_wrong_command_line_has_its_number() {
    let project = Project::of(BOT, &[], "");
    for words in [&["--shard", "1/2"][..], &["--shard=1/2"]] {
        let (code, report) = project.run(&[words, &["--no-such"]].concat());
        let shard = serde_json::json!({"index": 1, "count": 2});
        assert_eq!((code, &report["shard"]), (2, &shard), "{report:#}");
        assert_eq!(report["exit"], 2, "{report:#}");
    }
}

#[test]
fn the_time_of_a_run_is_bounded() {
    let project = Project::of(BOT, &["--mutant", "never-sends"], "");
    let begun = Instant::now();
    let (code, report) = project.run(&["--deadline", "60s", "--timeout", "500ms"]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(code, 1);
    assert!(count(&report, "inconclusive") > 40, "{report}");
    let results = report["results"].as_array().unwrap();
    let late = results.iter().find(|it| it["verdict"] == "inconclusive");
    assert_eq!(late.unwrap()["reason"], "the run took longer than 500ms");
}

#[test]
fn what_failed_is_played_again() {
    let project = Project::of(BOT, MUTE_TOKEN, "");
    let run = |arguments: &[&str]| {
        let mut command = project.command(&["run"]);
        command.args(arguments);
        let output = command.output().unwrap();
        (text(&output.stdout), text(&output.stderr))
    };
    let (first, _) = run(&["--inject", "lost-response", "2021-02/invite-one-"]);
    assert!(first.contains("\n0 passed, 4 failed,"), "{first}");
    let (again, _) = run(&["--rerun-failed"]);
    assert!(again.contains("\n0 passed, 4 failed,"), "{again}");
    assert!(again.contains("~lost-response\n"), "{again}");
    let repaired = Project::of(BOT, &[], "");
    let repaired = std::fs::read(repaired.path().join("confcall.toml")).unwrap();
    std::fs::write(project.path().join("confcall.toml"), repaired).unwrap();
    let (passed, _) = run(&["--rerun-failed"]);
    assert!(passed.contains("\n4 passed, 0 failed,"), "{passed}");
    let (all, said) = run(&["--rerun-failed"]);
    assert!(
        said.contains("nothing failed in the last run, so everything is played"),
        "{said}"
    );
    assert!(all.contains("\n52 passed, 0 failed,"), "{all}");
}
