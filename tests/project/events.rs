//! The events of a run: each selected scenario is finished once, however the run ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{BOT, Project, text};

/// The events of a run that has ended, after a look at what holds for all of them.
fn events(folder: &Path) -> Vec<Value> {
    let lines = fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (first, last) = (&events[0], events.last().unwrap());
    assert_eq!(
        (&first["event"], &first["version"]),
        (&"run-started".into(), &1.into())
    );
    assert_eq!(last["event"], "run-finished");
    let name = |it: &Value| format!("{} {}", it["role"], it["scenario"]);
    let results = named(&events, "scenario-finished");
    if let Some(selected) = first["selected"].as_array() {
        let selected: Vec<_> = selected.iter().map(name).collect();
        let finished: Vec<_> = results.iter().map(|it| name(&it["result"])).collect();
        assert_eq!(selected, finished);
    }
    let started = named(&events, "scenario-started");
    let started: Vec<_> = started.iter().map(|it| name(it)).collect();
    assert!(
        started
            .iter()
            .all(|it| results.iter().any(|result| name(&result["result"]) == *it))
    );
    let mut counts = BTreeMap::new();
    for result in &results {
        let verdict = result["result"]["verdict"].as_str().unwrap();
        *counts.entry(verdict).or_insert(0) += 1;
    }
    for (verdict, count) in counts {
        assert_eq!(last["summary"][verdict], count, "{last}");
    }
    events
}

fn named<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|it| it["event"] == name).collect()
}

const REPORT: [&str; 2] = ["--report", "events=events.jsonl"];

#[test]
fn results_are_those_of_the_json_report() {
    let known = "[scenarios]\nfilters = [\"@2021-02/invite-one-\", \"call-mute\"]\n[[known]]\nscenario = \"*\"\nrule = \"request.header\"\nreason = \"no token yet\"\n";
    let project = Project::of(BOT, &["--mutant", "token-missing"], known);
    let (code, report) = project.run(&REPORT);
    let events = events(project.path());
    let finished = named(&events, "scenario-finished");
    let results: Vec<_> = finished.iter().map(|it| it["result"].clone()).collect();
    assert_eq!(Value::from(results), report["results"]);
    assert_eq!(finished[0]["result"]["verdict"], "known");
    assert_eq!(finished[0]["result"]["reason"], "no token yet");
    let text = finished[0]["text"].as_str().unwrap();
    assert!(text.starts_with("KNOWN bot "), "{text}");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["exit"], &last["summary"]),
        (&code.into(), &report["summary"])
    );
    assert_eq!(events[0]["target"]["role"], "bot");
    assert_eq!(events[0]["seed"], 1);
}

#[test]
fn a_run_that_ends_early_has_a_result_for_each_scenario() {
    let project = Project::of(BOT, &["--mutant", "token-missing"], "");
    let (code, _) = project.run(&[&REPORT[..], &["--fail-fast", "--jobs", "1"]].concat());
    assert_eq!(code, 1);
    let events = events(project.path());
    assert!(events.last().unwrap()["summary"]["skip"].as_u64().unwrap() > 40);
    // A scenario that was never played did not start.
    assert!(named(&events, "scenario-started").len() < 5);
}

#[test]
fn an_interrupted_run_has_a_result_for_each_scenario() {
    let project = Project::of(BOT, &["--mutant", "never-sends"], "");
    let mut command = project.command(&["run", "--deadline", "60s", "--report", "events=-"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut all = String::new();
    while !all.contains("scenario-started") {
        assert_ne!(stdout.read_line(&mut all).unwrap(), 0, "{all}");
    }
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    while stdout.read_line(&mut all).unwrap() > 0 {}
    assert_eq!(child.wait().unwrap().code(), Some(130));
    fs::write(project.path().join("events.jsonl"), &all).unwrap();
    let events = events(project.path());
    assert_eq!(events.last().unwrap()["exit"], 130);
    let results = named(&events, "scenario-finished");
    assert!(
        results
            .iter()
            .any(|it| it["result"]["reason"] == "interrupted")
    );
}

#[test]
fn a_run_without_its_target_has_a_result_for_each_scenario() {
    let project = Project::new(
        "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:1/callback\"\ntrigger = \"http://127.0.0.1:1/trigger\"\n",
    );
    let (code, report) = project.run(&REPORT);
    assert_eq!(code, 3);
    let events = events(project.path());
    let results = named(&events, "scenario-finished");
    assert!(results.len() > 40);
    let reason = results[0]["result"]["reason"].as_str().unwrap();
    assert!(reason.contains("cannot be reached"), "{reason}");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["exit"], &last["summary"]),
        (&3.into(), &report["summary"])
    );
}

#[test]
fn a_run_that_does_not_begin_has_a_first_and_a_last_event() {
    let project = Project::new("");
    for arguments in [
        &["run", "no-such-scenario"][..],
        &["run", "--no-such-option"],
        &["check", "gone.jsonl"],
    ] {
        fs::write(project.path().join("events.jsonl"), "old").unwrap();
        let output = project.confcall(&[arguments, &REPORT[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        let events = events(project.path());
        assert_eq!((events.len(), &events[1]["exit"]), (2, &2.into()));
        assert_ne!(events[1]["errors"][0], Value::Null);
    }
}

#[test]
fn a_report_on_standard_output_has_it_to_itself() {
    let project = Project::new("");
    let one = ["run", "2021-02/invite-one-pstn", "--report"];
    let output = project.confcall(&[&one[..], &["json=-"]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["fail"], 0);
    assert!(
        text(&output.stderr).contains(" passed, "),
        "{}",
        text(&output.stderr)
    );
    let output = project.confcall(&[&one[..], &["junit=-"]].concat());
    let xml = text(&output.stdout);
    assert!(
        xml.starts_with("<?xml") && xml.ends_with("</testsuites>\n"),
        "{xml}"
    );
    let output = project.confcall(&[&one[..], &["html=-"]].concat());
    assert!(text(&output.stdout).starts_with("<!DOCTYPE html>"));
    let twice = project.confcall(&[&one[..], &["json=-", "--report", "events=-"]].concat());
    assert_eq!(twice.status.code(), Some(2));
    assert!(text(&twice.stderr).contains("two reports have the same file -"));
}
