//! The library as the tests of another project use it: reports as values, for recordings and for runs
//! over sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

use std::fs;
use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use confcall::suite::{self, Suite};
use confcall::{Party, Rule, Run, Verdict, Violation};
use confcall_test_support::http;
use confcall_test_support::process::Process;
use serde_json::Value;
use tempfile::TempDir;

const CONFCALL: &str = env!("CARGO_BIN_EXE_confcall");
/// A scenario that several editions have.
const NAME: &str = "invite-one-pstn-participant-to-an-existing-group-call";

fn recording() -> PathBuf {
    let cassettes = Path::new(env!("CARGO_MANIFEST_DIR")).join("cassettes");
    cassettes.join(format!("participant-invite/beta@2021-02/{NAME}.jsonl"))
}

/// The single failure of a run.
fn failure(run: &Run) -> &Violation {
    let failures: Vec<_> = run.results.iter().flat_map(|it| &it.failures).collect();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    failures[0]
}

#[test]
fn a_recording_is_judged_for_both_parties() {
    let run = confcall::check(recording()).unwrap();
    assert_eq!(run.summary.pass, 2);
    let parties: Vec<_> = run.results.iter().map(|it| it.role).collect();
    assert_eq!(parties, [Party::Service, Party::Bot]);
    for result in &run.results {
        assert_eq!(result.verdict, Verdict::Pass, "{result:#?}");
        assert_eq!(result.scenario, format!("{NAME}.jsonl/create"));
    }
}

#[test]
fn a_violation_in_a_recording_has_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changed.jsonl");
    let text = fs::read_to_string(recording()).unwrap();
    let changed = text.replace("\"status\":\"completed\"", "\"status\":\"finished\"");
    assert_ne!(changed, text);
    fs::write(&file, changed).unwrap();
    let run = confcall::check(&file).unwrap();
    // The bot is not blamed for it.
    let verdicts: Vec<_> = run.results.iter().map(|it| (it.role, it.verdict)).collect();
    let expected = [(Party::Service, Verdict::Fail), (Party::Bot, Verdict::Pass)];
    assert_eq!(verdicts, expected);
    let failure = failure(&run);
    assert_eq!(failure.rule, Rule::NotificationBody);
    assert_eq!(failure.pointer.as_str(), "/value/0/resourceData/status");
    assert_eq!(failure.actual, "finished");
    assert!(failure.source.file.ends_with("participant-invite.md"));
    assert!(failure.source.line > 0);
}

#[test]
fn a_report_is_the_one_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let output = std::process::Command::new(CONFCALL)
        .args(["check", "--report"])
        .arg(format!("json={}", report.display()))
        .arg(recording())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut of_command: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let of_library = confcall::check(recording()).unwrap();
    let mut of_library = serde_json::to_value(of_library).unwrap();
    for report in [&mut of_command, &mut of_library] {
        let started = report["started"].take();
        assert!(started.as_str().unwrap().ends_with('Z'), "{started}");
    }
    assert_eq!(of_library, of_command);
}

#[test]
fn a_file_without_a_conversation_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let header = "{\"version\":1,\"directions\":[\"request\"]}\n";
    for (name, text, place) in [
        ("absent.jsonl", None, "absent.jsonl"),
        ("page.md", Some("# A page\n"), "page.md:1"),
        ("header.jsonl", Some(header), "header.jsonl"),
        (
            "broken.jsonl",
            Some(&*format!("{header}{{}}\n")),
            "broken.jsonl:2",
        ),
    ] {
        let file = folder.path().join(name);
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let error = confcall::check(&file).unwrap_err().to_string();
        assert!(error.contains(place), "{name}: {error}");
    }
}

/// A project with this target in its `confcall.toml`, and four scenarios.
fn project(target: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[target]\n{target}\n\n[scenarios]\neditions = [\"2021-02\"]\nlocales = [\"pt-BR\"]\n\n\
         [judging]\nsettle = \"0s\"\n"
    );
    fs::write(folder.path().join("confcall.toml"), text).unwrap();
    folder
}

const BOT: &str = r#"role = "bot"
url = "http://127.0.0.1:{port}/callback"
trigger = "http://127.0.0.1:{port}/trigger""#;

/// The target is the built-in service or bot, which the suite starts.
fn built_in(folder: &TempDir, arguments: &[&str]) -> Suite {
    let arguments = ["serve", "--listen", "{port}"].iter().chain(arguments);
    let suite = suite::project(folder.path()).program(CONFCALL);
    arguments.fold(suite, |suite, argument| suite.argument(*argument))
}

#[test]
fn a_suite_plays_every_selected_scenario() {
    let service = "role = \"service\"\nurl = \"http://127.0.0.1:{port}\"";
    for (target, arguments, party) in [
        (BOT, &["--bot"][..], Party::Bot),
        (service, &[], Party::Service),
    ] {
        let run = built_in(&project(target), arguments).run().unwrap();
        assert_eq!((run.summary.pass, run.results.len()), (4, 4), "{run:#?}");
        assert_eq!(run.target.role, Some(party));
        assert!(run.results.iter().all(|it| it.role == party));
        assert!(run.results.iter().any(|it| it.scenario.ends_with(NAME)));
    }
}

#[test]
fn a_suite_returns_the_violations_of_its_target() {
    let folder = project(BOT);
    let suite = built_in(&folder, &["--bot", "--mutant", "replaced-call-dropped"]);
    let run = suite.run().unwrap();
    assert!(run.summary.fail > 0, "{run:#?}");
    let failures = run.results.iter().flat_map(|it| &it.failures);
    for failure in failures {
        assert_eq!(failure.rule, Rule::RequestBody);
        assert!(failure.pointer.as_str().ends_with("/replacesCallId"));
        assert_eq!(failure.actual, Value::Null);
    }
}

/// A bot that a thread of the test serves. It sends the request of each trigger, with these further
/// header lines, and accepts each notification. Returns its port.
fn thread(fields: &'static str) -> u16 {
    let address = http::party("127.0.0.1:0", move |stream| answer(stream, fields));
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn answer(stream: TcpStream, fields: &str) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(message) = http::read(&mut stream)? {
        if message.head.starts_with("POST /trigger ") {
            let trigger: Value = serde_json::from_slice(&message.body)?;
            let request = &trigger["request"];
            let url = request["url"].as_str().unwrap();
            http::post(url, "", fields, &request["body"].to_string())?;
        }
        let accepted = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
        stream.get_mut().write_all(accepted)?;
    }
    Ok(())
}

#[test]
fn a_target_may_be_a_thread_of_the_test() {
    let folder = project(BOT);
    let port = thread("Authorization: Bearer of-the-thread\r\n");
    let run = suite::project(folder.path()).port(port).run().unwrap();
    assert_eq!((run.summary.pass, run.results.len()), (4, 4), "{run:#?}");
    let without_token = thread("");
    let suite = suite::project(folder.path()).port(without_token);
    let run = suite.run().unwrap();
    assert_eq!((run.summary.fail, run.results.len()), (4, 4), "{run:#?}");
    for result in &run.results {
        assert_eq!(result.failures[0].rule, Rule::RequestHeader);
    }
}

#[test]
fn a_suite_that_cannot_begin_is_an_error_with_a_remedy() {
    let empty = tempfile::tempdir().unwrap();
    let without_target = tempfile::tempdir().unwrap();
    fs::write(without_target.path().join("confcall.toml"), "").unwrap();
    let bot = project(BOT);
    let unreachable = suite::project(bot.path()).port(http::free_port());
    for (suite, cause, remedy) in [
        (
            suite::project(empty.path()),
            "confcall.toml",
            "confcall init",
        ),
        (
            suite::project(without_target.path()),
            "confcall.toml",
            "[target]",
        ),
        (unreachable, "cannot be reached", "help"),
    ] {
        let error = suite.run().unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
        assert!(error.contains(remedy), "{error}");
    }
}

/// A suite plays through a recorder; its recording is then checked.
#[test]
fn recorded_traffic_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("call.jsonl");
    let mut serve = std::process::Command::new(CONFCALL);
    let service = Process::start(serve.args(["serve", "--edition", "2021-02"]), 1);
    let mut record = std::process::Command::new(CONFCALL);
    record
        .args(["record", "--service", service.url(), "--cassette"])
        .arg(&cassette);
    let recorder = Process::start(&mut record, 1);
    let target = format!("role = \"service\"\nurl = \"{}\"", recorder.url());
    let run = suite::project(project(&target).path()).run().unwrap();
    assert_eq!(run.summary.pass, 4, "{run:#?}");
    drop(recorder);
    // Notifications were not recorded: the bot has requests alone.
    let checked = confcall::check(&cassette).unwrap();
    assert_eq!(checked.summary.fail, 0, "{checked:#?}");
    assert!(checked.summary.pass >= 4, "{checked:#?}");
}
