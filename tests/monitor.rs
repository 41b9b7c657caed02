//! `confcall monitor`, through the binary. COMMAND is this test program again: its test `the_bot` plays the bot.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

use std::collections::HashSet;
use std::fs;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use confcall_test_support::http;
use confcall_test_support::process::Process;
use serde_json::{Value, json};

/// How long a test waits for a message that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the bot does, in its environment.
const CONDUCT: &str = "TEST_CONDUCT";

const TOKEN: &str = "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The bot: creates a call, waits until it is established, and invites somebody.
#[test]
#[ignore = "the monitor runs it"]
fn the_bot() {
    let conduct = std::env::var(CONDUCT).unwrap();
    let service = std::env::var("CONFCALL_SERVICE").unwrap();
    let api = format!("{service}/v1.0/communications");
    if does_without_call(&conduct, &service, &api) {
        return;
    }
    let status = if conduct == "answers 500" { 500 } else { 202 };
    let (callback, received) = listening(status, conduct == "refuses repetitions");
    if conduct == "is called" {
        let control = std::env::var("CONFCALL_CONTROL").unwrap();
        let body = json!({"callback": callback}).to_string();
        let brought = http::post(&control, "/calls", "", &body).unwrap();
        assert!(brought.starts_with("HTTP/1.1 201"), "{brought}");
        wait_for(&received, "incoming");
        return;
    }
    let body = call_to_create(&callback);
    let token = if conduct == "has no token" { "" } else { TOKEN };
    let created = http::post(&api, "/calls", token, &body).unwrap();
    if conduct == "is throttled" {
        assert!(created.starts_with("HTTP/1.1 429"), "{created}");
        assert!(created.to_ascii_lowercase().contains("retry-after: 1"));
        return;
    }
    if conduct == "loses the answer" {
        assert_eq!(created, "");
        wait_for(&received, "established");
        return;
    }
    if conduct == "has no token" {
        assert!(created.starts_with("HTTP/1.1 401"), "{created}");
        return;
    }
    let (_, call) = created.split_once("\r\n\r\n").unwrap();
    let call: Value = serde_json::from_str(call).unwrap();
    let call = call["id"].as_str().unwrap();
    wait_for(&received, "established");
    if let Some(wrong) = conduct.strip_prefix("does several things at once") {
        several_at_once(
            &format!("{api}/calls/{call}"),
            wrong.trim_start_matches(", "),
            &received,
        );
        wait_for(&received, "terminated");
        return;
    }
    let count = if conduct == "invites six" { 6 } else { 1 };
    let people = people(0, count);
    let body = json!({"participants": people, "clientContext": "context"}).to_string();
    let path = format!("/calls/{call}/participants/invite");
    let invited = http::post(&api, &path, TOKEN, &body).unwrap();
    let expected = if count == 1 {
        "HTTP/1.1 200"
    } else {
        "HTTP/1.1 400"
    };
    assert!(invited.starts_with(expected), "{invited}");
    assert_ne!(conduct, "fails");
}

/// What the bot does before it creates a call. True if it creates none.
fn does_without_call(conduct: &str, service: &str, api: &str) -> bool {
    if conduct == "is silent" {
        return true;
    }
    if conduct == "breaks much" {
        for number in 0..150 {
            // The first has no token, the other is none of the API.
            http::post(api, &format!("/calls/{number}/mute"), "", "{}").unwrap();
            http::post(service, "/me", TOKEN, "{}").unwrap();
        }
        return true;
    }
    if conduct == "is a stranger" {
        http::post(service, "/me", TOKEN, "{}").unwrap();
        return true;
    }
    if conduct == "asks about itself" {
        let stubbed = http::post(service, "/v1.0/me", TOKEN, "{}").unwrap();
        assert!(stubbed.starts_with("HTTP/1.1 200"), "{stubbed}");
        assert!(stubbed.ends_with(r#"{"displayName":"Bot"}"#), "{stubbed}");
        let unknown = http::post(service, "/v1.0/users", TOKEN, "{}").unwrap();
        assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    }
    if conduct == "reads its environment" {
        let host = service.strip_prefix("http://").unwrap();
        assert_eq!(std::env::var("GRAPH_HOST").unwrap(), host);
        let control = std::env::var("TEST_CONTROL").unwrap();
        assert_eq!(control, std::env::var("CONFCALL_CONTROL").unwrap());
    }
    if conduct == "makes up a call" {
        let call = "/calls/00000000-0000-4000-8000-000000000001";
        let asked = http::send("GET", api, call, TOKEN, "").unwrap();
        assert!(asked.starts_with("HTTP/1.1 404"), "{asked}");
        return true;
    }
    false
}

/// The request for a call with this callback.
fn call_to_create(callback: &str) -> String {
    let call = json!({"callbackUri": callback, "requestedModalities": ["audio"],
        "targets": [{"identity": {"user": {"id": "b2e50934-7fb2-4e99-9143-4a5b6c7d8e9f"}}}],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}});
    call.to_string()
}

/// Users whom an invitation names; those of another `group` are others.
fn people(group: usize, count: usize) -> Vec<Value> {
    (0..count)
        .map(|at| {
            let id = format!("c3f61a45-80c3-4faa-{group:04}-{at:012}");
            json!({"identity": {"user": {"id": id}}})
        })
        .collect()
}

/// Two invitations that overlap, by qualified names, while the call is kept alive and read; then the call is hung up.
/// One of the requests may be `wrong`.
fn several_at_once(call: &str, wrong: &str, received: &mpsc::Receiver<String>) {
    let headers = |it: &str| {
        let ids = "Scenario-Id: 11111111-2222-4333-8444-555555555555\r\n\
            Client-Request-Id: 22222222-3333-4444-8555-666666666666\r\n";
        let token = if wrong == it { "" } else { TOKEN };
        format!("{token}{ids}")
    };
    let invite = |context: &str, count: usize| {
        let people = people(context.len(), count);
        let body = json!({"participants": people, "clientContext": context}).to_string();
        let path = "/participants/microsoft.graph.invite";
        http::post(call, path, &headers("an invitation"), &body).unwrap()
    };
    let count = if wrong == "six" { 6 } else { 1 };
    let first = invite("first", count);
    let method = if wrong == "another method" {
        "PUT"
    } else {
        "POST"
    };
    http::send(
        method,
        call,
        "/microsoft.graph.keepAlive",
        &headers("keep alive"),
        "",
    )
    .unwrap();
    let second = invite("second", 1);
    http::send("GET", call, "", &headers("a read"), "").unwrap();
    http::send("GET", call, "/participants", &headers("a roster"), "").unwrap();
    for _ in [first, second]
        .iter()
        .filter(|it| it.starts_with("HTTP/1.1 200"))
    {
        wait_for(received, "completed");
    }
    let over = http::send("DELETE", call, "", &headers("the end"), "").unwrap();
    if wrong == "the end" {
        assert!(over.starts_with("HTTP/1.1 401"), "{over}");
        http::send("DELETE", call, "", TOKEN, "").unwrap();
    }
}

/// A callback that answers with this status, or 409 to a repetition, and the states of the calls and comms operations
/// of its notifications.
fn listening(status: u16, refuses_repetitions: bool) -> (String, mpsc::Receiver<String>) {
    let (sender, received) = mpsc::channel();
    let seen = Mutex::new(HashSet::new());
    let address = http::party("127.0.0.1:0", move |stream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        while let Some(message) = http::read(&mut reader)? {
            let body: Value = serde_json::from_slice(&message.body)?;
            let data = &body["value"][0]["resourceData"];
            let state = data["state"].as_str().or(data["status"].as_str());
            let state = state.unwrap_or_default();
            let is_new = seen.lock().unwrap().insert(message.body.clone());
            let status = if is_new || !refuses_repetitions {
                status
            } else {
                409
            };
            write!(
                writer,
                "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n"
            )?;
            // The bot may end now.
            let _ = sender.send(state.to_owned());
        }
        Ok(())
    });
    (format!("http://{address}/callback"), received)
}

fn wait_for(states: &mpsc::Receiver<String>, state: &str) {
    while states.recv_timeout(PATIENCE).unwrap() != state {}
}

fn monitor(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command
        .arg("monitor")
        .args(arguments)
        .current_dir(folder)
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env("CONFCALL_CA_DIR", folder.join("ca"))
        .stdin(Stdio::null());
    command
}

#[test]
fn a_broken_bot_is_told_in_few_lines() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |it: &Monitored| it.stdout.lines().count() + it.stderr.lines().count();
    let short = run(folder.path(), &[], "breaks much");
    assert_eq!(short.code, Some(1), "{}", short.stderr);
    assert!(lines(&short) < 200, "{}{}", short.stdout, short.stderr);
    let left_out = "… the report has the others (`-v` shows everything)";
    assert_eq!(
        short.stderr.matches(left_out).count(),
        1,
        "{}",
        short.stderr
    );
    let whole = run(folder.path(), &["-v"], "breaks much");
    assert!(lines(&whole) > 500, "{}", whole.stderr);
    assert!(!whole.stderr.contains(left_out));
}

/// A monitored run of the bot.
struct Monitored {
    code: Option<i32>,
    /// The report.
    report: Value,
    stdout: String,
    stderr: String,
}

fn run(folder: &Path, arguments: &[&str], conduct: &str) -> Monitored {
    let program = std::env::current_exe().unwrap();
    let mut command = monitor(folder, arguments);
    command
        .args(["--report", "json=report.json", "--"])
        .arg(program)
        .args(["--exact", "the_bot", "--ignored"])
        .env(CONDUCT, conduct);
    let output = command.output().unwrap();
    let report = fs::read(folder.join("report.json")).unwrap();
    Monitored {
        code: output.status.code(),
        report: serde_json::from_slice(&report).unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Monitored {
    fn results(&self) -> Vec<(&str, &str, &str)> {
        let results = self.report["results"].as_array().unwrap();
        results
            .iter()
            .map(|it| {
                (
                    it["scenario"].as_str().unwrap(),
                    it["role"].as_str().unwrap(),
                    it["verdict"].as_str().unwrap(),
                )
            })
            .collect()
    }

    fn errors(&self) -> String {
        self.report["errors"].to_string()
    }
}

fn check(folder: &Path, cassette: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    let output = command
        .args(["check", cassette])
        .current_dir(folder)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn a_bot_that_does_right_passes_here_and_in_its_cassette() {
    let folder = tempfile::tempdir().unwrap();
    let it = run(folder.path(), &["--cassette", "run.jsonl"], "does right");
    assert_eq!(it.code, Some(0), "{}{}", it.stdout, it.stderr);
    assert_eq!(it.results(), [("monitor/create", "bot", "pass")]);
    assert!(!it.stderr.contains("violation"), "{}", it.stderr);
    let cassette = fs::read_to_string(folder.path().join("run.jsonl")).unwrap();
    assert!(!cassette.contains(SECRET) && !cassette.contains("/control/"));
    let (_, printed) = check(folder.path(), "run.jsonl");
    assert!(
        printed.contains("bot at run.jsonl") && !printed.contains("FAIL"),
        "{printed}"
    );
}

#[test]
fn stubs_answer_requests_to_other_apis() {
    let folder = tempfile::tempdir().unwrap();
    let stubs = r#"{"version": 1, "directions": ["request"]}
{"number": 1, "direction": "request", "at_ms": 0, "took_ms": 1, "request": {"method": "POST", "target": "/v1.0/me", "headers": []}, "response": {"status": 200, "headers": [["Content-Type", "application/json"], ["Content-Length", "9"]], "body": {"json": {"displayName": "Bot"}}}}
"#;
    fs::write(folder.path().join("stubs.jsonl"), stubs).unwrap();
    let arguments = ["--stubs", "stubs.jsonl", "--cassette", "run.jsonl"];
    let it = run(folder.path(), &arguments, "asks about itself");
    assert_eq!(it.code, Some(0), "{}{}", it.stdout, it.stderr);
    let cassette = fs::read_to_string(folder.path().join("run.jsonl")).unwrap();
    assert!(cassette.contains("/v1.0/me"), "{cassette}");
}

#[test]
fn a_bot_that_does_several_things_at_once_is_judged_in_each() {
    let right = "does several things at once";
    for (wrong, requirement) in [
        ("", None),
        ("an invitation", Some("request.token")),
        ("six", Some("invite.people-limit")),
        ("keep alive", Some("request.token")),
        ("another method", Some("request.method")),
        ("a read", Some("request.token")),
        ("a roster", Some("request.token")),
        ("the end", Some("request.token")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let conduct = format!("{right}, {wrong}");
        let arguments = ["--strict", "--cassette", "run.jsonl"];
        let it = run(folder.path(), &arguments, &conduct);
        let verdict = if requirement.is_none() {
            "pass"
        } else {
            "fail"
        };
        let printed = format!("{conduct}: {}{}", it.stdout, it.stderr);
        assert_eq!(it.code, Some(i32::from(requirement.is_some())), "{printed}");
        assert_eq!(
            it.results(),
            [("monitor/create", "bot", verdict)],
            "{printed}"
        );
        let failures = it.report["results"][0]["failures"].as_array().unwrap();
        for failure in failures {
            assert_eq!(failure["requirement"].as_str(), requirement, "{printed}");
        }
        let (code, printed) = check(folder.path(), "run.jsonl");
        assert_eq!(code, it.code, "{conduct}: {printed}");
    }
}

#[test]
fn what_goes_wrong_is_reported_at_once_and_reported() {
    for (conduct, conversation, requirement) in [
        ("has no token", "monitor/create", "request.token"),
        ("invites six", "monitor/create", "invite.people-limit"),
        ("answers 500", "monitor/create", "acknowledgement"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let it = run(folder.path(), &["--cassette", "run.jsonl"], conduct);
        assert_eq!(it.code, Some(1), "{conduct}: {}{}", it.stdout, it.stderr);
        assert_eq!(it.results(), [(conversation, "bot", "fail")], "{conduct}");
        let lines: Vec<_> = it
            .stderr
            .lines()
            .filter(|line| line.starts_with("violation: bot monitor/"))
            .collect();
        assert_eq!(lines.len(), 1, "{conduct}: {}", it.stderr);
        assert!(lines[0].contains(&format!("({requirement})")), "{lines:?}");
        assert!(
            it.report.get("errors").is_none(),
            "{conduct}: {}",
            it.errors()
        );
        assert!(!it.stdout.contains(SECRET) && !it.stderr.contains(SECRET));
        let (code, printed) = check(folder.path(), "run.jsonl");
        assert_eq!(code, Some(1), "{conduct}: {printed}");
        assert!(
            printed.contains("FAIL bot run.jsonl/create"),
            "{conduct}: {printed}"
        );
    }
}

/// The built-in service is known whole; a recording may lack the message that gave the id.
#[test]
fn a_bot_that_makes_up_a_call_fails_here_and_is_inconclusive_in_its_cassette() {
    let folder = tempfile::tempdir().unwrap();
    let it = run(
        folder.path(),
        &["--cassette", "run.jsonl"],
        "makes up a call",
    );
    assert_eq!(it.code, Some(1), "{}{}", it.stdout, it.stderr);
    assert_eq!(it.results(), [("monitor/get", "bot", "fail")]);
    assert!(it.stderr.contains("(request.target)"), "{}", it.stderr);
    let (code, printed) = check(folder.path(), "run.jsonl");
    assert_eq!(code, Some(1), "{printed}");
    assert!(!printed.contains("FAIL"), "{printed}");
}

#[test]
fn a_command_that_fails_is_reported_apart_from_violations() {
    let folder = tempfile::tempdir().unwrap();
    let it = run(folder.path(), &[], "fails");
    assert_eq!(it.code, Some(1));
    assert_eq!(it.results(), [("monitor/create", "bot", "pass")]);
    assert!(
        it.errors()
            .contains("the command failed, which is not a violation")
    );
    assert!(!it.stderr.contains("violation: bot"), "{}", it.stderr);
}

#[cfg(unix)]
#[test]
fn a_cassette_that_is_lost_meanwhile_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = monitor(folder.path(), &["--cassette", "run.jsonl", "--"])
        .args(["rm", "run.jsonl"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(
        printed.contains("run.jsonl: was removed during the recording"),
        "{printed}"
    );
}

#[test]
fn a_run_without_traffic_does_not_pass() {
    for (conduct, cause) in [
        ("is silent", "confcall received no request"),
        (
            "is a stranger",
            "none of the 1 exchanges is in the contract",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let it = run(folder.path(), &[], conduct);
        assert_eq!(it.code, Some(1));
        assert!(it.errors().contains(cause), "{}", it.errors());
        assert!(it.stdout.contains(cause), "{}", it.stdout);
    }
}

#[test]
fn a_call_that_a_test_brings_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let it = run(folder.path(), &[], "is called");
    assert_eq!(it.code, Some(0), "{}{}", it.stdout, it.stderr);
    assert_eq!(it.results(), [("monitor/notifications", "bot", "pass")]);
    assert!(
        !it.stdout.contains("outside of the contract"),
        "{}",
        it.stdout
    );
}

#[test]
fn the_project_names_the_variables() {
    let folder = tempfile::tempdir().unwrap();
    let project = "[monitor.env]\nGRAPH_HOST = \"service-host\"\nTEST_CONTROL = \"control\"\n";
    fs::write(folder.path().join("confcall.toml"), project).unwrap();
    let it = run(folder.path(), &[], "reads its environment");
    assert_eq!(it.code, Some(0), "{}{}", it.stdout, it.stderr);
}

#[test]
fn a_real_service_is_judged_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_confcall"));
    let service = Process::start(serve.arg("serve"), 1);
    let it = run(folder.path(), &["--service", service.url()], "does right");
    assert_eq!(it.code, Some(0), "{}{}", it.stdout, it.stderr);
    let both = [
        ("monitor/create", "service", "pass"),
        ("monitor/create", "bot", "pass"),
    ];
    assert_eq!(it.results(), both);
}

/// The service is not blamed for a fault that confcall injects, and the bot only for what it makes of it.
#[test]
fn injected_faults_are_reported_and_judged() {
    for (kind, conduct, verdict) in [
        ("duplicate-notification", "does right", "pass"),
        ("duplicate-notification", "refuses repetitions", "fail"),
        ("throttled", "is throttled", "pass"),
        ("lost-response", "loses the answer", "pass"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut serve = Command::new(env!("CARGO_BIN_EXE_confcall"));
        let service = Process::start(serve.arg("serve"), 1);
        let arguments = [
            "--service",
            service.url(),
            "--inject",
            kind,
            "--inject-rate",
            "100",
        ];
        let it = run(folder.path(), &arguments, conduct);
        let name = format!("{kind}, a bot that {conduct}: {}{}", it.stdout, it.stderr);
        let of = |party| {
            let results = it.results().into_iter();
            let verdicts: Vec<_> = results.filter(|(_, role, _)| *role == party).collect();
            verdicts
        };
        assert_eq!(of("bot"), [("monitor/create", "bot", verdict)], "{name}");
        assert!(of("service").iter().all(|(.., it)| *it == "pass"), "{name}");
        assert!(
            it.stderr
                .contains(&format!("injected: {kind} at exchange ")),
            "{name}"
        );
        let expected_text = it.report["notes"].to_string();
        let seed = "fault injection (100 % of the messages, seed ";
        assert!(
            expected_text.contains(seed) && expected_text.contains(kind),
            "{name}"
        );
        assert_eq!(it.code, Some(i32::from(verdict == "fail")), "{name}");
    }
}

#[test]
fn a_fault_that_needs_a_plan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = monitor(folder.path(), &["--inject", "unknown-word", "--", "true"]);
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        printed.contains("needs a scenario") && printed.contains("throttled"),
        "{printed}"
    );
}

#[test]
fn a_known_failure_does_not_fail_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_confcall"));
    let service = Process::start(serve.arg("serve"), 1);
    let known = |conversation: &str| {
        let entry =
            format!("[[known]]\nscenario = \"{conversation}\"\nrule = \"limit\"\nreason = \"a\"\n");
        fs::write(folder.path().join("confcall.toml"), entry).unwrap();
        let arguments = ["--service", service.url(), "--coverage"];
        run(folder.path(), &arguments, "invites six")
    };
    let it = known("monitor/create*");
    assert_eq!(it.code, Some(0), "{}{}", it.stdout, it.stderr);
    assert_eq!(it.results()[1], ("monitor/create", "bot", "known"));
    let has = |text: &str| it.stdout.contains(text);
    assert!(
        has("coverage\n") && has("in 1 conversation") && has("shows "),
        "{}",
        it.stdout
    );
    let it = known("monitor/answer*");
    assert_eq!(it.code, Some(1));
    assert!(it.errors().contains("matches nothing"), "{}", it.errors());
}

#[test]
fn reports_are_written_for_every_exit() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (arguments, code) in [
        (&["--", "no-such-program"][..], 3),
        (&["--edition", "1999-01"], 2),
        (&["--edition", "lately"], 2),
        (&["--service", "http://127.0.0.1:1", "--", "true"], 3),
        (&["--listen", &taken], 3),
    ] {
        fs::write(&report, "old").unwrap();
        let mut command = monitor(folder.path(), &["--report", "json=report.json"]);
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let written: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
        assert_eq!(
            written["errors"].as_array().unwrap().len(),
            1,
            "{arguments:?}"
        );
    }
}

/// Without COMMAND, a signal is the end of the run.
#[cfg(unix)]
#[test]
fn without_a_command_a_signal_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = monitor(folder.path(), &["--report", "json=report.json"]);
    let monitor = Process::start(&mut command, 2);
    let target = "/v1.0/communications/calls";
    let (callback, _received) = listening(202, false);
    http::post(
        &monitor.addresses[0],
        target,
        TOKEN,
        &call_to_create(&callback),
    )
    .unwrap();
    let pid = rustix::process::Pid::from_raw(monitor.child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let (code, printed) = monitor.end();
    assert_eq!(code, Some(0), "{printed}");
    assert!(folder.path().join("report.json").exists());
}
