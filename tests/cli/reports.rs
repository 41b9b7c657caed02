//! Report files are of the run that they are asked of, whatever comes of it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use confcall_test_support::process::Process;
use serde_json::Value;

use super::{command, stderr};

const CASSETTE: &str = "cassettes/participant-invite/beta@2021-02/\
    invite-one-participant-to-an-existing-group-call.jsonl";

/// Ends with this exit code, with a report of each kind that says why.
fn reported(folder: &Path, arguments: &[&str], code: i32, why: &str) {
    let (json, junit) = (folder.join("report.json"), folder.join("report.xml"));
    for file in [&json, &junit] {
        fs::write(file, "old").unwrap();
    }
    let options = [
        format!("--report=json={}", json.display()),
        format!("--report=junit={}", junit.display()),
    ];
    let output = command(arguments).args(&options).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    let report: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let error = report["errors"][0].as_str().unwrap();
    assert!(error.contains(why), "{arguments:?}: {error}");
    let xml = fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("<error"), "{arguments:?}: {xml}");
}

#[test]
fn an_old_report_never_survives() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cassette = root.join(CASSETTE);
    let cassette = cassette.to_str().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody_at = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_at = taken.local_addr().unwrap().to_string();
    let broken = folder.path().join("broken.toml");
    fs::write(&broken, "[targt]\n").unwrap();
    let broken = broken.to_str().unwrap();
    for (arguments, code, why) in [
        (
            &["replay", cassette, "--service", &nobody_at][..],
            3,
            "cannot be reached",
        ),
        (
            &["replay", cassette, "--listen", &taken_at],
            3,
            "cannot listen on",
        ),
        (&["replay", "gone.jsonl"], 2, "gone.jsonl"),
        (&["replay", cassette, "--config", broken], 2, "targt"),
        (
            &["replay", cassette, "--no-such-option"],
            2,
            "--no-such-option",
        ),
        (&["run", "--service", &nobody_at], 3, "cannot be reached"),
        (&["run", "no-such-scenario"], 2, "no-such-scenario"),
        (&["run", "--config", broken], 2, "targt"),
        (&["--no-such-option"], 2, "--no-such-option"),
        (&["check", "gone.jsonl"], 2, "gone.jsonl"),
        (&["check", cassette, "--edition", "1999-01"], 2, "1999-01"),
        (&["monitor", "--listen", &taken_at], 3, "cannot listen on"),
        (&["merge", broken], 2, "not a JSON report of a run"),
    ] {
        reported(folder.path(), arguments, code, why);
    }
}

/// A recording in which an acknowledgement is refused, and its JSON report.
fn report_of_a_failure(folder: &Path) -> Value {
    let whole = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(CASSETTE)).unwrap();
    let broken = folder.join("broken.jsonl");
    fs::write(&broken, whole.replace("\"status\":202", "\"status\":418")).unwrap();
    let json = folder.join("report.json");
    let option = format!("--report=json={}", json.display());
    let output = command(&["check", broken.to_str().unwrap(), &option]).output();
    assert_eq!(output.unwrap().status.code(), Some(1));
    serde_json::from_slice(&fs::read(&json).unwrap()).unwrap()
}

#[test]
fn a_report_says_of_what_it_is_and_shows_the_messages_of_failures() {
    let folder = tempfile::tempdir().unwrap();
    let report = report_of_a_failure(folder.path());
    assert_eq!(report["confcall"], env!("CARGO_PKG_VERSION"));
    let started = report["started"].as_str().unwrap();
    assert!(
        started.starts_with("20") && started.ends_with('Z'),
        "{started}"
    );
    assert_eq!(report["summary"]["warnings"], 0);
    for result in report["results"].as_array().unwrap() {
        let passed = result["verdict"] == "pass";
        assert_eq!(result.get("traffic").is_none(), passed, "{result}");
    }
    let results = report["results"].as_array().unwrap();
    let failed = results.iter().find(|it| it["verdict"] == "fail").unwrap();
    assert_eq!(failed["operation"], "create");
    let traffic = failed["traffic"].as_array().unwrap();
    let times: Vec<u64> = traffic
        .iter()
        .filter_map(|it| it["at_ms"].as_u64())
        .collect();
    assert_eq!(times.len(), traffic.len());
    let request = &traffic[0]["request"];
    assert_eq!(
        (&traffic[0]["from"], &request["method"]),
        (&"bot".into(), &"POST".into())
    );
    assert!(
        request["body"]["json"]["callbackUri"].is_string(),
        "{request}"
    );
}

/// A job on GitHub in this workspace: what it printed, and the summary of the step.
fn on_github(workspace: &Path, arguments: &[&str]) -> (String, String) {
    let summary = workspace.join("summary.md");
    let output = command(arguments)
        .current_dir(workspace)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", workspace)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        printed + &stderr(&output),
        fs::read_to_string(&summary).unwrap_or_default(),
    )
}

#[test]
fn a_job_on_github_has_annotations_with_places_and_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    report_of_a_failure(folder.path());
    let (printed, summary) = on_github(folder.path(), &["check", "broken.jsonl"]);
    let place = "::error file=broken.jsonl,line=1,title=bot broken.jsonl/";
    assert!(printed.contains(place), "{printed}");
    assert!(summary.starts_with("## confcall\n"), "{summary}");
    assert!(summary.contains("acknowledgement.status"), "{summary}");
    assert!(summary.contains("\nbroken.jsonl/"), "{summary}");
    // What other steps wrote stays.
    let (printed, both) = on_github(
        folder.path(),
        &["check", "gone.jsonl", "--report", "json=-"],
    );
    assert!(printed.contains("::error title=confcall::"), "{printed}");
    assert!(
        both.starts_with(&summary) && both.contains("gone.jsonl"),
        "{both}"
    );
}

#[test]
fn the_folders_of_a_report_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("new/deep/report.xml");
    let option = format!("--report=junit={}", report.display());
    let output = command(&["run", "2021-02/invite-one-pstn", &option]).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    assert!(fs::read_to_string(&report).unwrap().contains("<testcase"));
}

#[test]
fn a_report_marks_injected_messages() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let option = format!("--report=json={}", json.display());
    let arguments = [
        "run",
        "2021-02/invite-one-pstn",
        "--role=service",
        "--seed=7",
    ];
    let output = command(&[&arguments[..], &[&option]].concat()).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    let report: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["seed"], 7);
    for result in report["results"].as_array().unwrap() {
        let (_, injected) = result["scenario"].as_str().unwrap().split_once('~').unzip();
        assert_eq!(result["injected"].as_str(), injected);
        assert_eq!(result["edition"], "2021-02");
        assert_eq!(result["operation"], "invite");
    }
}

#[test]
fn a_run_that_is_killed_leaves_a_report_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    fs::write(&report, "old").unwrap();
    let cassette = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASSETTE);
    let json = format!("json={}", report.display());
    let arguments = ["replay", cassette.to_str().unwrap(), "--report", &json];
    let mut replay = Process::start(&mut command(&arguments), 1);
    replay.kill();
    let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let errors = report["errors"].to_string();
    assert!(errors.contains("the run is not complete"), "{errors}");
}

#[test]
fn a_report_does_not_overwrite_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tape.jsonl");
    let whole = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(CASSETTE)).unwrap();
    fs::write(&file, &whole).unwrap();
    let (file, within) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
    let json = format!(
        "json={within}/../{}/tape.jsonl",
        folder.path().file_name().unwrap().to_str().unwrap()
    );
    for arguments in [
        ["check", file],
        ["check", within],
        ["replay", file],
        ["replay", within],
        ["merge", file],
    ] {
        let output = command(&arguments)
            .args(["--report", &json])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = stderr(&output);
        assert!(
            message.contains("which the report would overwrite"),
            "{arguments:?}: {message}"
        );
        assert_eq!(fs::read(file).unwrap(), whole, "{arguments:?}");
    }
    let output = command(&[
        "check",
        file,
        "--nonsense",
        "--report",
        &format!("json={file}"),
    ])
    .output();
    assert_eq!(output.unwrap().status.code(), Some(2));
    assert_eq!(fs::read(file).unwrap(), whole);
}
