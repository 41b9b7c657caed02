//! How a replay ends: by a signal, with its live party, and with what the bot sends after the last recorded request.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::live::{Party, cassette, request_exchange};
use super::suites::{Folder, Project, pairs};
use super::{command, confcall, output_of, running, send_recorded};

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

/// Opening a pipe waits for its writer.
#[test]
fn a_pipe_without_a_writer_does_not_outlast_a_signal() {
    for interrupt in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.jsonl");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let arguments = ["replay", pipe.to_str().unwrap(), "--report", "events=-"];
        let mut replay = command(&[&arguments[..], &["--service", "http://127.0.0.1:9"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(replay.stdout.take().unwrap()).lines();
        let begun = lines.find(|it| it.as_ref().unwrap().contains("scenario-started"));
        assert!(begun.is_some());
        signal(replay.id(), interrupt);
        assert_eq!(replay.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn an_interrupted_service_has_not_been_passed_by_a_bot() {
    for interrupt in SIGNALS {
        let folder = Folder::new();
        folder.tape("a", &["/a1", "/a2"]);
        folder.tape("b", &["/b"]);
        let replay = running(&["replay", &folder.tapes(), "--report", &folder.report()]);
        let request = request_exchange(1, "/a1", &json!({}), &json!({}));
        assert_eq!(send_recorded(replay.url(), &request, &json!({})).0, 200);
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

#[test]
fn messages_are_shown_while_a_recording_is_played() {
    let folder = Folder::new();
    folder.tape("a", &["/a1", "/a2"]);
    let mut replay = running(&["replay", "-v", &folder.tapes()]);
    for target in ["/a1", "/a2"] {
        let request = request_exchange(1, target, &json!({}), &json!({}));
        assert_eq!(send_recorded(replay.url(), &request, &json!({})).0, 200);
        // The replay goes on until the second one.
        let shown = replay.wait_for("HTTP 200");
        assert!(
            shown.contains("a/tape.jsonl\n    request\n    POST "),
            "{shown}"
        );
        assert!(shown.contains(target), "{shown}");
    }
    assert_eq!(replay.end().0, Some(0));

    let service = Party::start(|_| (200, json!({})));
    let arguments = ["replay", "-v", &folder.tapes(), "--service", &service.url];
    let (_, text) = confcall(&arguments);
    let first = text.find("HTTP 200").expect(&text);
    assert!(first < text.find("/a2").expect(&text), "{text}");
}

/// A violation that was seen stays one.
#[test]
fn an_interrupt_hides_no_violation() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let replay = running(&["replay", &folder.tapes(), "--report", &folder.report()]);
    let request = request_exchange(1, "/other", &json!({}), &json!({}));
    assert_eq!(send_recorded(replay.url(), &request, &json!({})).0, 404);
    signal(replay.child.id(), Signal::TERM);
    let (code, text) = replay.end();
    assert_eq!(code, Some(130), "{text}");
    assert_eq!(folder.results(), pairs(&[("a/tape.jsonl", "fail")]));
}

/// The script of a bot that sends these requests one after the other, and ends with this code.
fn sends(folder: &Folder, targets: &[&str], code: u8) -> String {
    fs::create_dir_all(folder.path("sent")).unwrap();
    let exchanges = (1..).zip(targets);
    let exchanges =
        exchanges.map(|(number, it)| request_exchange(number, it, &json!({}), &json!({"at": it})));
    cassette(&folder.path("sent"), &exchanges.collect::<Vec<_>>());
    format!(
        "(cd sent && @bot tape.jsonl --service \"$CONFCALL_SERVICE\" > /dev/null 2>&1)\n\
         echo 'the last words'\nexit {code}\n"
    )
}

/// A project with one recording of `/a`, whose bot sends these requests.
fn project(targets: &[&str], code: u8) -> Project {
    let project = Project::new("", "", "");
    project.folder.tape("a", &["/a"]);
    let script = sends(&project.folder, targets, code);
    project.script(&script);
    project
}

#[test]
fn a_request_after_the_last_recorded_one_is_never_missed() {
    for targets in [["/a", "/a"], ["/a", "/b"]] {
        let project = project(&targets, 0);
        let (code, text) = project.replay(&[]);
        assert_eq!(code, Some(1), "{text}");
        let failures = &project.folder.reported()["results"][0]["failures"];
        assert_eq!(failures.as_array().unwrap().len(), 1, "{text}");
        assert_eq!(failures[0]["rule"], "request.unexpected");
    }

    // The same for a bot that runs.
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let arguments = ["replay", &folder.tapes(), "--settle", "10s"];
    let replay = running(&[&arguments[..], &["--report", &folder.report()]].concat());
    for (target, status) in [("/a", 200), ("/b", 404)] {
        let request = request_exchange(1, target, &json!({}), &json!({}));
        assert_eq!(send_recorded(replay.url(), &request, &json!({})).0, status);
    }
    // All is played: an interrupt is an end as another.
    signal(replay.child.id(), Signal::INT);
    let (code, text) = replay.end();
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(folder.results(), pairs(&[("a/tape.jsonl", "fail")]));
}

#[test]
fn a_test_that_fails_fails_the_replay() {
    let passed = project(&["/a"], 0);
    let (code, text) = passed.replay(&[]);
    assert_eq!(code, Some(0), "{text}");

    let failed = project(&["/a"], 3);
    let (code, text) = failed.replay(&[]);
    assert_eq!(code, Some(1), "{text}");
    let result = &failed.folder.reported()["results"][0];
    assert_eq!(result["verdict"], "fail");
    let reason = result["reason"].as_str().unwrap();
    assert!(reason.contains("exit status: 3"), "{reason}");
    let output = result["output"].as_array().unwrap();
    assert!(output.contains(&json!("the last words")), "{output:?}");
}

#[test]
fn a_service_that_dies_is_reported() {
    // It ends after the first answer, or instead of the second one. The next request may come before its end.
    for (how, verdicts) in [
        ("between", &["inconclusive", "fail"][..]),
        ("within", &["fail"]),
    ] {
        let folder = Folder::new();
        folder.tape("a", &["/a1", "/a2", "/a3", "/a4"]);
        let script = SERVICE.replace("@how", how);
        fs::write(folder.path("service.py"), script).unwrap();
        let config = "[target]\nrole = \"service\"\nurl = \"http://127.0.0.1:{port}\"\n\
            [target.command]\nrun = [\"python3\", \"service.py\", \"{port}\"]\n";
        fs::write(folder.path("confcall.toml"), config).unwrap();
        let report = folder.report();
        let mut replay = command(&["replay", "tapes", "--report", &report]);
        let (code, text) = output_of(replay.current_dir(folder.path("")));
        assert_eq!(code, Some(1), "{text}");
        let result = &folder.reported()["results"][0];
        assert!(
            verdicts.contains(&result["verdict"].as_str().unwrap()),
            "{text}"
        );
        let all = format!("{}{}", result["reason"], result["notes"]);
        assert!(all.contains("exit status: 4"), "{how}: {text}");
        let output = result["output"].to_string();
        assert!(output.contains("no memory left"), "{how}: {text}");
        assert_eq!(text.matches("no memory left").count(), 1, "{how}: {text}");
        assert!(all.contains("recorded requests were not sent"), "{all}");
        let failures = result["failures"].as_array().unwrap();
        assert!(failures.len() <= 1, "{text}");
    }
}

/// A service that ends after the first answer, or instead of the second.
const SERVICE: &str = r#"
import http.server, json, os, sys
answered = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global answered
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if answered == 1: end()
        answered += 1
        body = json.dumps({"at": self.path}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if "@how" == "between": end()
    def log_message(self, *all): pass
def end():
    print("no memory left", file=sys.stderr, flush=True)
    os._exit(4)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;
