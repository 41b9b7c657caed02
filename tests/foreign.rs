//! A service and a bot that were written in another language, from the pages alone, are judged by
//! the binary: they pass when right and fail, by the rule that names it, when broken.
//!
//! Without Python 3.11 or later each of these tests is reported as ignored.

#[path = "foreign/recorded.rs"]
mod recorded;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use confcall::Run;
use confcall_test_support::http::free_port;
use confcall_test_support::process::Process;
use confcall_test_support::run_trials;
use libtest_mimic::{Arguments, Failed, Trial};

const CONFCALL: &str = env!("CARGO_BIN_EXE_confcall");
/// The only token that the service takes.
const TOKEN: &str = "of-this-run";
/// The newest first: it shows most faults.
const EDITIONS: [&str; 4] = ["2021-02", "2020-12", "2019-09", "2019-05"];
/// The conversations that both know.
const INVITATIONS: [&str; 4] = ["--api", "beta", "--operation", "invite"];

/// Those of all editions that both know.
fn invitations() -> Vec<&'static str> {
    let editions = EDITIONS.iter().flat_map(|it| ["--edition", it]);
    INVITATIONS.into_iter().chain(editions).collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let python = python();
    let mut trials = Vec::new();
    for edition in EDITIONS {
        let python = python.clone();
        let run = move || {
            Service {
                edition,
                fault: None,
            }
            .must_pass(&needed(python.as_deref())?)
        };
        trials.push(Trial::test(format!("service::{edition}::right"), run));
    }
    let run = {
        let python = python.clone();
        move || Bot { fault: None }.must_pass(&needed(python.as_deref())?)
    };
    trials.push(Trial::test("bot::right", run));
    for (name, test) in [
        (
            "recorded::right",
            recorded::right as fn(&Path) -> Result<(), Failed>,
        ),
        ("recorded::changed", recorded::changed),
    ] {
        let python = python.clone();
        let run = move || test(&needed(python.as_deref())?);
        trials.push(Trial::test(name, run));
    }
    let run = {
        let python = python.clone();
        move || intercepted(&needed(python.as_deref())?)
    };
    trials.push(Trial::test("bot::intercepted", run));
    for (name, rule) in faults(python.as_deref(), "service.py") {
        let (python, fault) = (python.clone(), name.clone());
        let run = move || {
            let python = needed(python.as_deref())?;
            let targets = EDITIONS.map(|edition| Service {
                edition,
                fault: Some(fault.clone()),
            });
            must_fail(&python, &targets, &rule)
        };
        trials.push(Trial::test(format!("service::fault::{name}"), run));
    }
    for (name, rule) in faults(python.as_deref(), "bot.py") {
        let (python, fault) = (python.clone(), name.clone());
        let run = move || {
            let python = needed(python.as_deref())?;
            must_fail(&python, &[Bot { fault: Some(fault) }], &rule)
        };
        trials.push(Trial::test(format!("bot::fault::{name}"), run));
    }
    if python.is_none() {
        eprintln!("ignored: there is no Python 3.11 or later on this machine");
        trials = trials
            .into_iter()
            .map(|trial| trial.with_ignored_flag(true))
            .collect();
    }
    run_trials(&arguments, trials)
}

/// A Python that is new enough, where there is one.
fn python() -> Option<PathBuf> {
    let is_new = "import sys; sys.exit(sys.version_info < (3, 11))";
    ["python3", "python"]
        .into_iter()
        .map(PathBuf::from)
        .find(|python| {
            Command::new(python)
                .args(["-c", is_new])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
}

fn needed(python: Option<&Path>) -> Result<PathBuf, Failed> {
    Ok(python.ok_or("there is no Python 3.11 or later")?.to_owned())
}

/// The faults that a program knows, each with the rule that names it.
fn faults(python: Option<&Path>, program: &str) -> Vec<(String, String)> {
    let Some(python) = python else {
        return Vec::new();
    };
    let output = Command::new(python)
        .arg(program_path(program))
        .arg("--list-faults")
        .output()
        .expect("Python was there a moment ago");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let faults: Vec<_> = listed
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, rule)| (name.to_owned(), rule.to_owned()))
        .collect();
    assert!(!faults.is_empty(), "{program} lists no faults");
    faults
}

fn program_path(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/foreign")
        .join(program)
}

/// A party that was started for one run, with the arguments that aim confcall at it.
struct Started {
    _process: Process,
    arguments: Vec<String>,
}

/// Starts a program and reads the addresses that it prints, each with its name.
fn start(python: &Path, program: &str, arguments: &[&str], count: usize) -> Process {
    let mut command = Command::new(python);
    command.arg(program_path(program)).args(arguments);
    Process::start(command.stderr(Stdio::null()), count)
}

/// A party to judge.
trait Party {
    fn start(&self, python: &Path) -> Started;

    /// Every scenario passes.
    fn must_pass(&self, python: &Path) -> Result<(), Failed> {
        passes(&self.start(python))
    }
}

/// Every scenario passes.
fn passes(started: &Started) -> Result<(), Failed> {
    // A right party answers at once; the deadline is for a busy machine.
    let (code, run, text) = judge(&started.arguments, "20s");
    if code == Some(0) && run.is_some_and(|run| run.summary.skip == 0) {
        Ok(())
    } else {
        Err(format!("exit {code:?}\n{text}").into())
    }
}

struct Service {
    edition: &'static str,
    fault: Option<String>,
}

impl Party for Service {
    fn start(&self, python: &Path) -> Started {
        let mut arguments = vec!["--edition", self.edition, "--token", TOKEN];
        if let Some(fault) = &self.fault {
            arguments.extend(["--fault", fault]);
        }
        let process = start(python, "service.py", &arguments, 1);
        let url = process.addresses[0].as_str();
        let arguments = [
            "--service",
            url,
            "--given",
            &format!("{url}/given"),
            "--edition",
            self.edition,
            "--token",
            TOKEN,
        ];
        let arguments = [&arguments[..], &INVITATIONS].concat();
        Started {
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            _process: process,
        }
    }
}

struct Bot {
    fault: Option<String>,
}

impl Party for Bot {
    fn start(&self, python: &Path) -> Started {
        let mut arguments = Vec::new();
        if let Some(fault) = &self.fault {
            arguments.extend(["--fault", fault.as_str()]);
        }
        let process = start(python, "bot.py", &arguments, 2);
        let [callback, trigger] = [0, 1].map(|it| process.addresses[it].as_str());
        let mut arguments = vec!["--bot", callback, "--trigger", trigger];
        arguments.extend(invitations());
        Started {
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            _process: process,
        }
    }
}

/// The bot passes that sends to the service's own address, through confcall as its proxy, as
/// `confcall run --intercept` says that it is to be started.
fn intercepted(python: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let authority = folder.path().join("ca");
    let made = Command::new(CONFCALL)
        .args(["ca", "--ca-dir"])
        .arg(&authority)
        .output()?;
    assert!(made.status.success(), "{made:?}");
    // The port is free again when confcall binds it: nobody else asks for this one.
    let proxy = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new(python);
    command
        .arg(program_path("bot.py"))
        .env("HTTPS_PROXY", format!("http://{proxy}"))
        .env("SSL_CERT_FILE", authority.join("ca.pem"));
    let process = Process::start(command.stderr(Stdio::null()), 2);
    let [callback, trigger] = [0, 1].map(|it| process.addresses[it].as_str());
    let arguments = [
        ["--bot", callback, "--trigger", trigger],
        ["--intercept", "graph.example", "--proxy-listen", &proxy],
    ];
    let mut arguments = arguments.concat();
    let authority = authority.display().to_string();
    arguments.extend(["--ca-dir", &authority]);
    arguments.extend(invitations());
    let started = Started {
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        _process: process,
    };
    passes(&started)
}

/// Some scenario fails by the rule; which ones show the fault depends on the edition.
fn must_fail<P: Party>(python: &Path, targets: &[P], rule: &str) -> Result<(), Failed> {
    let mut texts = Vec::new();
    for target in targets {
        let started = target.start(python);
        let (code, run, text) = judge(&started.arguments, "600ms");
        let is_named = run.iter().flat_map(|run| &run.results).any(|result| {
            let mut rules = result.failures.iter().map(|found| found.rule.as_str());
            rules.any(|found| found == rule)
        });
        if is_named && code == Some(1) {
            return Ok(());
        }
        texts.push(format!("exit {code:?}\n{text}"));
    }
    Err(format!("nothing fails by {rule}\n{}", texts.join("\n")).into())
}

/// Judges a target: the exit code, the JSON report, the terminal report.
fn judge(target: &[String], deadline: &str) -> (Option<i32>, Option<Run>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let output = Command::new(CONFCALL)
        .arg("run")
        .args(target)
        .args(["--deadline", deadline, "--settle", "100ms"])
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .env_remove("CONFCALL_TOKEN")
        .output()
        .expect("confcall runs");
    let run = std::fs::read(&report)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), run, text)
}
