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
