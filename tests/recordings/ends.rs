//! How a replay ends: by a signal, with its live party, and with what the bot sends after the last recorded request.

use std::process::Stdio;
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::live::{Party, asked};
use super::suites::{Folder, pairs};
use super::{ask, command, running};

const SIGNALS: [Signal; 2] = [Signal::TERM, Signal::INT];

fn signal(process: u32, signal: Signal) {
    let pid = Pid::from_raw(process.cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn an_interrupted_replay_has_not_passed() {
    for interrupt in SIGNALS {
        let folder = Folder::new();
        folder.tape("a", &["/a"]);
        folder.tape("b", &["/b1", "/b2"]);
        folder.tape("c", &["/c"]);
        let (reached, at) = mpsc::channel();
        let (goes_on, held) = mpsc::channel();
        let service = Party::start(move |it| {
            if it.target == "/b1" {
                reached.send(()).unwrap();
                held.recv().unwrap();
            }
            (200, json!({"at": it.target}))
        });
        let (tapes, report) = (folder.tapes(), folder.report());
        let arguments = ["replay", &tapes, "--service", &service.url];
        let mut replay = command(&[&arguments[..], &["--report", &report]].concat())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        at.recv().unwrap();
        signal(replay.id(), interrupt);
        assert_eq!(replay.wait().unwrap().code(), Some(130));
        goes_on.send(()).unwrap();
        let verdicts = [
            ("a/tape.jsonl", "pass"),
            ("b/tape.jsonl", "inconclusive"),
            ("c/tape.jsonl", "inconclusive"),
        ];
        assert_eq!(folder.results(), pairs(&verdicts));
    }
}

#[test]
fn an_interrupted_service_has_not_been_passed_by_a_bot() {
    for interrupt in SIGNALS {
        let folder = Folder::new();
        folder.tape("a", &["/a1", "/a2"]);
        folder.tape("b", &["/b"]);
        let replay = running(&["replay", &folder.tapes(), "--report", &folder.report()]);
        let request = asked(1, "/a1", &json!({}), &json!({}));
        assert_eq!(ask(replay.url(), &request, &json!({})).0, 200);
        signal(replay.child.id(), interrupt);
        let (code, text) = replay.end();
        assert_eq!(code, Some(130), "{text}");
        let left = [
            ("a/tape.jsonl", "inconclusive"),
            ("b/tape.jsonl", "inconclusive"),
        ];
        assert_eq!(folder.results(), pairs(&left));
        assert!(!text.contains("never sent"), "{text}");
    }
}

/// A violation that was seen stays one.
#[test]
fn an_interrupt_hides_no_violation() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let replay = running(&["replay", &folder.tapes(), "--report", &folder.report()]);
    let request = asked(1, "/other", &json!({}), &json!({}));
    assert_eq!(ask(replay.url(), &request, &json!({})).0, 404);
    signal(replay.child.id(), Signal::TERM);
    let (code, text) = replay.end();
    assert_eq!(code, Some(130), "{text}");
    assert_eq!(folder.results(), pairs(&[("a/tape.jsonl", "fail")]));
}
