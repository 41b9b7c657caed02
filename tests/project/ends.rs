//! However confcall ends, no process of its target and of its commands is left.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::badly::{is_gone, lives, nap, script};
use super::{Project, text};

/// A run of a project, once its trigger command is running.
struct Run {
    child: Child,
    project: Project,
}

/// Starts a run whose bot has a child, and whose trigger sleeps, with a child that has left its process group.
fn start(first: u32, options: &[&str]) -> Run {
    let project = script(&format!("sleep @{first} & @bot"), "");
    let file = project.path().join("confcall.toml");
    let config = fs::read_to_string(&file).unwrap();
    let (here, away) = (nap(first + 1), nap(first + 2));
    let trigger = format!(
        "trigger = [\"sh\", \"-c\", \"(setsid sleep {away} &) ; echo >triggered; sleep {here}\"]"
    );
    let config = config.replace("trigger = \"http://127.0.0.1:{port}/trigger\"", &trigger);
    fs::write(&file, config).unwrap();
    let mut command = project.command(&["run", "2021-02/invite-one", "--deadline", "60s"]);
    command.args(options).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("listening "));
    while !project.path().join("triggered").exists() || !lives(first + 1) {
        std::thread::yield_now();
    }
    Run { child, project }
}

impl Run {
    fn end(mut self, signal: Signal) -> (ExitStatus, Project) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
        (self.child.wait().unwrap(), self.project)
    }
}

#[test]
fn each_signal_ends_the_bot_and_the_trigger_command() {
    for (signal, first) in [
        (Signal::INT, 3100),
        (Signal::TERM, 3110),
        (Signal::HUP, 3120),
        (Signal::QUIT, 3130),
    ] {
        let (status, _project) = start(first, &[]).end(signal);
        assert_eq!(status.code(), Some(130), "{signal:?}");
        assert!(is_gone(first) && is_gone(first + 1), "{signal:?}");
        if cfg!(target_os = "linux") {
            assert!(is_gone(first + 2), "{signal:?}");
        }
    }
}

/// A program that holds the other end of the pipe may be killed by any signal.
#[test]
fn the_end_of_standard_input_ends_the_bot_and_the_trigger_command() {
    let mut run = start(3190, &["--end-with-stdin"]);
    assert_eq!(run.child.try_wait().unwrap(), None);
    drop(run.child.stdin.take());
    assert_eq!(run.child.wait().unwrap().code(), Some(130));
    assert!(is_gone(3190) && is_gone(3191));
}

/// `nohup` has SIGHUP ignored, and it stays so.
#[cfg(target_os = "linux")]
#[test]
fn an_ignored_hangup_ends_nothing() {
    let project = Project::new("");
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' HUP; \"$0\" serve >said 2>&1 & echo $! >pid; exec sleep 0",
        ])
        .arg(super::CONFCALL)
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let pid = fs::read_to_string(project.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let message = || fs::read_to_string(project.path().join("said")).unwrap_or_default();
    while !message().contains('\n') {
        std::thread::yield_now();
    }
    kill_process(pid, Signal::HUP).unwrap();
    let url = message();
    let url = url
        .lines()
        .next()
        .unwrap()
        .trim_start_matches("listening http://");
    assert!(std::net::TcpStream::connect(url.trim_end_matches('/')).is_ok());
    kill_process(pid, Signal::TERM).unwrap();
}

/// Nobody can clean up after SIGKILL: the kernel ends the target itself.
#[cfg(target_os = "linux")]
#[test]
fn the_target_ends_with_a_confcall_that_is_killed() {
    let project = script("exec sleep @3140", "");
    let mut command = project.command(&["run", "2021-02/invite-one"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !lives(3140) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_gone(3140), "the target outlives confcall");
}

#[test]
fn a_closed_output_is_no_defect_and_leaves_no_target() {
    let project = script("sleep @3150 & @bot", "");
    let mut command = project.command(&["run", "2021-02/invite"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 2)), "{code:?}");
    assert!(is_gone(3150), "the target's child still runs");
}

#[test]
fn a_pipe_in_the_place_of_a_certificate_is_an_error_at_once() {
    let project = Project::new("");
    let made = std::process::Command::new("mkfifo")
        .arg(project.path().join("pipe.pem"))
        .status()
        .unwrap();
    assert!(made.success());
    let output = project.confcall(&[
        "run",
        "--service",
        "https://127.0.0.1:9",
        "--ca",
        "pipe.pem",
    ]);
    let message = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(2 | 3)), "{message}");
    assert!(
        message.contains("pipe.pem: it is not a regular file"),
        "{message}"
    );
}
