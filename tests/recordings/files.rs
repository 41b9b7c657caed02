//! The files of a replay: reports that must not be those of an earlier one, and recordings that were cut off.

use std::fs;

use super::command;
use super::output_of;
use super::suites::{Folder, echo};

/// A project with a recording of `/a` and a report of an earlier run.
fn project() -> Folder {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let config = "[reports]\njson = \"report.json\"\n";
    fs::write(folder.path("confcall.toml"), config).unwrap();
    fs::write(folder.path("report.json"), "old").unwrap();
    folder
}

fn replay(folder: &Folder, service: &str, more: &[&str]) -> (Option<i32>, String) {
    let arguments = ["replay", "tapes", "--service", service];
    output_of(command(&[&arguments[..], more].concat()).current_dir(folder.path("")))
}

#[test]
fn no_report_of_an_earlier_run_survives() {
    let service = echo();
    for option in ["--learn", "--update"] {
        let folder = project();
        let (code, text) = replay(&folder, &service.url, &[option]);
        assert_eq!(code, Some(0), "{text}");
        let report = folder.reported();
        assert_eq!(report["results"].as_array().unwrap().len(), 0);
        assert!(report["notes"][0].as_str().unwrap().contains(option));

        let folder = project();
        let (code, text) = replay(&folder, "http://127.0.0.1:1", &[option]);
        assert_eq!(code, Some(3), "{text}");
        assert!(folder.reported()["errors"][0].is_string());
    }
    for option in [&["--learn"][..], &["--update"], &[]] {
        let folder = project();
        fs::remove_dir_all(folder.path("tapes")).unwrap();
        fs::create_dir(folder.path("tapes")).unwrap();
        let (code, text) = replay(&folder, &service.url, option);
        assert_eq!(code, Some(2), "{text}");
        let error = folder.reported()["errors"][0].to_string();
        assert!(error.contains("the folder has no recordings"), "{error}");
    }
}

/// A folder where the report should be is seen before anything is sent.
#[test]
fn a_report_that_cannot_be_written_is_an_error_before_the_replay() {
    let service = echo();
    let folder = project();
    fs::create_dir(folder.path("xml")).unwrap();
    let report = format!("junit={}", folder.path("xml").display());
    let (code, text) = replay(&folder, &service.url, &["--report", &report]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cannot be written"), "{text}");
    assert!(service.got().is_empty());
    assert!(folder.reported()["errors"][0].is_string());
}

#[test]
fn a_recording_that_was_cut_off_is_never_complete() {
    let service = echo();
    let folder = project();
    let tape = folder.tape("a", &["/a", "/b"]);
    let whole = fs::read_to_string(&tape).unwrap();
    let torn = &whole[..whole.len() - 40];
    fs::write(&tape, torn).unwrap();
    let (code, text) = replay(&folder, &service.url, &[]);
    assert_eq!(code, Some(0), "{text}");
    let notes = folder.reported()["results"][0]["notes"].to_string();
    assert!(notes.contains("tape.jsonl:3"), "{notes}");
    assert_eq!(text.matches("tape.jsonl:3").count(), 1, "{text}");

    // What has changed is in a line that is whole.
    let changed = torn.replace("{\"at\":\"/a\"}", "{\"at\":\"elsewhere\"}");
    fs::write(&tape, &changed).unwrap();
    let (code, text) = replay(&folder, &service.url, &["--update"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("is unchanged, because"), "{text}");
    assert_eq!(fs::read_to_string(&tape).unwrap(), changed);

    let (code, text) = output_of(&mut command(&[
        "check",
        "--secrets",
        tape.to_str().unwrap(),
    ]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("warning: ") && text.contains(":3"), "{text}");
}
