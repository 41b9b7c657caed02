//! `confcall run --snapshots` and `confcall accept`: what is kept, what is told, what is written.

use std::fs;
use std::process::Output;

use super::{command, confcall, refused, stdout};

const RUN: [&str; 4] = ["run", "invite-one-pstn", "--edition", "2021-02"];

fn run(folder: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = command(&[&RUN[..], &["--snapshots", folder]].concat());
    for name in ["CI", "TF_BUILD", "INSTA_FORCE_PASS"] {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    (output.status.code(), stdout_of(&output))
}

fn stdout_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn conversations_are_proposed_accepted_and_held() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let path = kept.to_str().unwrap();
    let (code, text) = run(path, &[("CI", "true")]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAIL service ") && !kept.exists(), "{text}");
    assert!(text.contains("the conversation is new"), "{text}");
    assert!(text.contains(" passed, 2 failed"), "{text}");

    assert_eq!(run(path, &[("TF_BUILD", "True")]).0, Some(1));
    assert!(!kept.exists(), "Azure Pipelines does not set CI");

    assert_eq!(run(path, &[]).0, Some(1));
    let waiting = confcall(&["accept", path]);
    assert_eq!(waiting.status.code(), Some(1));
    assert!(stdout_of(&waiting).contains("2 of 2 not reviewed"));
    assert!(confcall(&["accept", path, "--all"]).status.success());
    for _ in 0..3 {
        let (code, text) = run(path, &[("CI", "true")]);
        assert_eq!(code, Some(0), "{text}");
    }

    let snapshot = fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    let old = fs::read_to_string(&snapshot).unwrap();
    fs::write(&snapshot, old.replace('\n', "\r\n").trim_end()).unwrap();
    let (code, text) = run(path, &[]);
    assert_eq!(code, Some(0), "as Git and editors may leave it: {text}");
    fs::write(&snapshot, old.replace("HTTP 20", "HTTP 50")).unwrap();
    let (code, text) = run(path, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("the conversation differs from the accepted snapshot")
            && text.contains("- HTTP 50"),
        "{text}"
    );
    assert!(text.contains(" passed, 1 failed"), "{text}");
    assert!(confcall(&["accept", path, "--reject"]).status.success());
    assert_eq!(
        stdout(&confcall(&["accept", path])),
        "no snapshots to review\n"
    );
}

#[test]
fn a_forced_pass_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let arguments = [&RUN[..], &["--snapshots", path]].concat();
    let output = command(&arguments).env("INSTA_FORCE_PASS", "1").output();
    assert!(refused(&output.unwrap()).contains("INSTA_FORCE_PASS"));
}
