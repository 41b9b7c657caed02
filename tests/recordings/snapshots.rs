//! `confcall replay --snapshots`: what is kept of either side, what is told, what is written.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{Tape, asked_service, command, confcall, output_of, running};

/// A replay of a file that holds its conversation against the accepted one.
fn replay(file: &Path, kept: &Path) -> Command {
    let (file, kept) = (file.to_str().unwrap(), kept.to_str().unwrap());
    let mut command = command(&["replay", file, "--snapshots", kept]);
    for name in ["CI", "TF_BUILD", "INSTA_FORCE_PASS"] {
        command.env_remove(name);
    }
    command
}

/// The recorded bot against the built-in service, which differs in a way.
fn with_service(replay: &mut Command, serve: &[&str]) -> (Option<i32>, String) {
    let service = running(&[&["serve", "--edition", "2021-02"], serve].concat());
    let given = format!("{}/control/given", service.url().trim_end_matches('/'));
    replay.args(["--service", service.url(), "--given", &given]);
    output_of(replay.args(["--deadline", "500ms"]))
}

fn accept(kept: &Path) {
    let (code, text) = confcall(&["accept", kept.to_str().unwrap(), "--all"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn the_conversation_with_a_service_is_proposed_accepted_and_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = Tape::new().write(folder.path());
    let kept = folder.path().join("kept");
    let reports = ["json", "junit"].map(|kind| (kind, folder.path().join(kind)));
    let with_reports = |command: &mut Command| {
        for (kind, path) in &reports {
            command.arg(format!("--report={kind}={}", path.display()));
        }
        with_service(command.env("CI", "true"), &[])
    };
    let (code, text) = with_reports(&mut replay(&file, &kept));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAIL service "), "{text}");
    assert!(text.contains("the conversation is new"), "{text}");
    assert!(text.contains("0 passed, 1 failed"), "{text}");
    assert!(!kept.exists(), "nothing is written under CI");
    let [json, junit] = reports
        .each_ref()
        .map(|(_, path)| fs::read_to_string(path).unwrap());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["summary"]["fail"], 1);
    let failure = &json["results"][0]["failures"][0];
    assert_eq!(
        (&failure["rule"], &failure["expected"]),
        (&json!("snapshot"), &json!(null))
    );
    assert!(failure["actual"].as_str().unwrap().contains("HTTP 202"));
    assert!(junit.contains("<failure message=\"snapshot: "), "{junit}");

    let (code, text) = with_service(&mut replay(&file, &kept), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(kept.join("tape.jsonl__service.snap.new").exists());
    accept(&kept);
    for _ in 0..3 {
        let (code, text) = with_service(&mut replay(&file, &kept), &[]);
        assert_eq!(code, Some(0), "{text}");
    }
    let accepted = fs::read_to_string(kept.join("tape.jsonl__service.snap")).unwrap();
    for part in ["\n#3 response\n", "{callback-1}", "{id-1}", "\nHTTP 202\n"] {
        assert!(accepted.contains(part), "{part}: {accepted}");
    }
    assert!(!accepted.contains("127.0.0.1"), "{accepted}");

    let faulty = ["--mutant", "answer-status-unknown"];
    let (code, text) = with_service(replay(&file, &kept).env("CI", "true"), &faulty);
    assert_eq!(code, Some(1), "{text}");
    let changed = "the conversation differs from the accepted snapshot\n";
    let (_, difference) = text.split_once(changed).unwrap();
    let changed: Vec<_> = difference
        .lines()
        .filter(|it| it.starts_with("    -") || it.starts_with("    +"))
        .collect();
    assert_eq!(changed.len(), 4, "the verdict and the status: {difference}");
    assert!(changed[2].starts_with("    -   \"status\": \""), "{text}");
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 1);
}

#[test]
fn the_conversation_with_a_bot_is_held_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut tape = Tape::new();
    let file = tape.write(folder.path());
    let kept = folder.path().join("kept");
    let settled = ["--settle", "200ms"];
    let (code, text) = asked_service(&mut replay(&file, &kept), &settled);
    assert_eq!(code, Some(1), "{text}");
    assert!(kept.join("tape.jsonl__bot.snap.new").exists(), "{text}");
    accept(&kept);
    for _ in 0..3 {
        let (code, text) = asked_service(&mut replay(&file, &kept), &settled);
        assert_eq!(code, Some(0), "{text}");
    }
    tape.request_to("/invite")["response"]["body"]["json"]["status"] = json!("walking");
    tape.write(folder.path());
    let (code, text) = asked_service(&mut replay(&file, &kept), &settled);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("    +   \"status\": \"walking\""), "{text}");
    assert!(kept.join("tape.jsonl__bot.snap.new").exists());
}

/// More messages than a report shows.
#[test]
fn all_of_a_long_conversation_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut tape = Tape::new();
    let header = tape.0[0].clone();
    let sent = tape.request_to("/invite").clone();
    tape.0 = vec![header];
    for number in 1..=200 {
        let mut again = sent.clone();
        again["number"] = json!(number);
        again["request"]["target"] = json!(format!("/v1.0/asked/{number}"));
        again["response"] = json!({"status": 404, "headers": []});
        tape.0.push(again);
    }
    let file = tape.write(folder.path());
    let kept = folder.path().join("kept");
    let (code, text) = with_service(&mut replay(&file, &kept), &[]);
    assert_eq!(code, Some(1), "{text}");
    let text = fs::read_to_string(kept.join("tape.jsonl__service.snap.new")).unwrap();
    for number in 1..=200 {
        assert!(text.contains(&format!("\nPOST /v1.0/asked/{number}\n")));
    }
}

#[test]
fn secrets_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut tape = Tape::new();
    let late = "s3cret-of-the-live-service";
    tape.request_to("/invite")["request"]["body"]["json"]["note"] = json!("tok-1 is the token");
    let file = tape.write(folder.path());
    let kept = folder.path().join("kept");
    let mut short = replay(&file, &kept);
    let (_, text) = with_service(short.args(["--token", "tok-1"]), &[]);
    let path = kept.join("tape.jsonl__service.snap.new");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(text.contains("{token} is the token"), "{text}");
    assert!(!text.contains("tok-1"), "{text}");

    tape.request_to("/invite")["request"]["body"]["json"]["note"] = json!(format!("x{late}x"));
    tape.request_to("/invite")["response"]["body"]["json"]["password"] = json!("hunter2");
    let file = tape.write(folder.path());
    let mut long = replay(&file, &kept);
    with_service(long.args(["--token", late]), &[]);
    let text = fs::read_to_string(kept.join("tape.jsonl__service.snap.new")).unwrap();
    assert!(!text.contains(late) && !text.contains("hunter2"), "{text}");
}

#[test]
fn what_cannot_be_held_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = Tape::new().write(folder.path());
    let kept = folder.path().join("kept");
    let (code, text) = output_of(replay(&file, &kept).env("INSTA_FORCE_PASS", "1"));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("INSTA_FORCE_PASS"), "{text}");
    let (code, text) = output_of(replay(&file, &kept).arg("--reuse"));
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("--reuse") && text.contains("--snapshots"),
        "{text}"
    );
}
