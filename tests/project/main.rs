//! `confcall.toml`, through the binary: a project's target started, judged and ended, its claims,
//! its known failures, and the commands that it is asked by. The targets are the built-in ones, as
//! programs of their own, and shell scripts that behave badly.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod badly;
mod causes;
mod doctor;
mod early;
mod ends;
mod events;
mod hooks;
mod listed;
mod live;
mod mistaken;
mod output;
mod repeat;
mod stubs;
mod triggers;
mod watch;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const CONFCALL: &str = env!("CARGO_BIN_EXE_confcall");

/// The built-in bot as a project's own, on the port that confcall picks.
const BOT: &str = r#"
[target]
role = "bot"
url = "http://127.0.0.1:{port}/callback"
trigger = "http://127.0.0.1:{port}/trigger"

[target.command]
run = ["@confcall", "serve", "--bot", "--listen", "{port}"@more]
log = "bot.log"
"#;

/// The built-in service.
const SERVICE: &str = r#"
[target]
role = "service"
url = "http://127.0.0.1:{port}"
given = "http://127.0.0.1:{port}/control/given"

[target.command]
run = ["@confcall", "serve", "--listen", "{port}"@more]
"#;

/// A project's folder with this `confcall.toml`.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("confcall.toml"), text).unwrap();
        Self { folder }
    }

    /// One whose target is a built-in party, with further arguments of it, and further tables.
    fn of(target: &str, more: &[&str], tables: &str) -> Self {
        let more = more
            .iter()
            .fold(String::new(), |all, it| format!("{all}, {it:?}"));
        let target = target
            .replace("@confcall", CONFCALL)
            .replace("@more", &more);
        Self::new(&format!("{target}{tables}"))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(CONFCALL);
        command
            .args(arguments)
            .current_dir(self.path())
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .env_remove("CONFCALL_TOKEN")
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITHUB_STEP_SUMMARY");
        command
    }

    fn confcall(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs with a JSON report: the exit code, and the report.
    fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let arguments = [&["run", "--report", "json=report.json"], arguments].concat();
        let output = self.confcall(&arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        let report = fs::read(self.path().join("report.json"));
        let report = report.unwrap_or_else(|_| panic!("no report: {message}"));
        let report = serde_json::from_slice(&report).unwrap();
        (output.status.code().unwrap(), report)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_bot_is_started_judged_and_ended() {
    let project = Project::of(BOT, &[], "[scenarios]\nfilters = [\"@2021-02/invite-\"]\n");
    // Without a command, as the built-in pair is run.
    let output = project.confcall(&[]);
    let message = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{message}{}",
        text(&output.stderr)
    );
    assert!(message.contains("4 passed"), "{message}");
    let log = fs::read_to_string(project.path().join("bot.log")).unwrap();
    let url = log
        .strip_prefix("listening ")
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let address = url.trim_start_matches("http://");
    let connected = std::net::TcpStream::connect(address);
    assert!(connected.is_err(), "the bot still listens at {address}");
}

#[test]
fn a_service_is_started_judged_and_ended() {
    let project = Project::of(SERVICE, &[], "");
    let (code, report) = project.run(&["--edition", "2021-02", "--locale", "pt-BR"]);
    assert_eq!((code, &report["summary"]["pass"]), (0, &Value::from(4)));
    assert_eq!(report["target"]["role"], "service");
}

#[test]
fn a_broken_bot_fails_by_its_rule() {
    let project = Project::of(BOT, &["--mutant", "token-missing"], "");
    let (code, report) = project.run(&["--edition", "2021-02", "--locale", "pt-BR"]);
    assert_eq!(code, 1);
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        assert_eq!(result["failures"][0]["rule"], "request.header");
    }
}

#[test]
fn what_is_wrong_in_the_file_has_its_place() {
    for (text, place) in [
        (
            "[target]\nrole = \"bot\"\n",
            "confcall.toml:1:1: missing field `url`",
        ),
        (
            "[target]\nrole = \"bots\"\nurl = \"http://localhost\"\n",
            "confcall.toml:2:8: ",
        ),
        ("[targt]\n", "confcall.toml:1:2: unknown field `targt`"),
        (
            "[target]\nrole = \"bot\"\nurl = \"localhost\"\n",
            "`target.url` of the configuration: the URL has no scheme",
        ),
        (
            "[target]\nrole = \"bot\"\nurl = \"http://localhost:{prt}\"\n",
            "`target.url` of the configuration: `{prt}` is not a placeholder\n  = help: expected one of `{port}`",
        ),
        (
            "[target]\nrole = \"bot\"\nurl = \"http://localhost:{port}\"\n",
            "`target.url` of the configuration: `{port}` needs `[target.command]`",
        ),
        (
            "[target]\nrole = \"bot\"\nurl = \"http://localhost\"\ntrigger = \"trigger.sh\"\n",
            "`target.trigger` of the configuration: `trigger.sh` is no URL\n  = help: a URL begins with \
             `http://` or `https://`, and a command is a list of words, `[\"trigger.sh\"]`",
        ),
        (
            "[judging]\ndeadline = 5\n",
            "confcall.toml:2:12: invalid type: integer `5`, expected a string: a duration in quotes",
        ),
        (
            "[target]\nrole = \"bot\"\nurl = \"http://a\"\n[target.command]\nrun = \"./bot\"\n",
            "confcall.toml:5:7: invalid type: string \"./bot\", expected a sequence: a command must be a list of words",
        ),
    ] {
        let output = Project::new(text).confcall(&["run"]);
        let message = self::text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.starts_with(&format!("error: {place}")), "{message}");
    }
    let output = Project::new("").confcall(&["run", "--config", "absent.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("absent.toml"));
}

#[test]
fn a_setting_without_effect_is_refused() {
    for (role, setting, key) in [
        ("bot", "given = \"create\"", "given"),
        ("bot", "callback-listen = \"0\"", "callback-listen"),
        ("bot", "callback-url = \"http://a\"", "callback-url"),
        ("bot", "application = \"\"", "application"),
        (
            "bot",
            "public-url = \"http://a\"\nintercept = [\"graph.example\"]",
            "public-url",
        ),
        (
            "bot",
            "command = { run = [\"./bot\"], ready = \"\" }",
            "command.ready",
        ),
        ("service", "trigger = \"http://a\"", "trigger"),
        ("service", "acts-by-itself = true", "acts-by-itself"),
        ("service", "application = \"a\"", "application"),
        ("service", "listen = \"0\"", "listen"),
        ("service", "public-url = \"http://a\"", "public-url"),
        ("service", "intercept = [\"graph.example\"]", "intercept"),
    ] {
        let text = format!("[target]\nrole = \"{role}\"\nurl = \"http://localhost\"\n{setting}\n");
        let output = Project::new(&text).confcall(&["run"]);
        let message = self::text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{setting}: {message}");
        let place = format!("error: `target.{key}` of the configuration: ");
        assert!(message.starts_with(&place), "{setting}: {message}");
    }
    for (option, value, place) in [
        ("--given", "assume", "`--given` needs a service"),
        (
            "--role",
            "service",
            "`--role service` selects nothing: the target is a bot",
        ),
    ] {
        let output = Project::of(BOT, &[], "").confcall(&["run", option, value]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let message = text(&output.stderr);
        assert!(message.starts_with(&format!("error: {place}")), "{message}");
    }
}

#[test]
fn arguments_go_before_the_file() {
    let project = Project::of(
        BOT,
        &[],
        "[scenarios]\nfilters = [\"nothing-like-it\"]\n[judging]\ndeadline = \"1ms\"\n",
    );
    let (code, report) = project.run(&["2021-02/invite", "--deadline", "5s"]);
    assert_eq!((code, &report["summary"]["pass"]), (0, &Value::from(4)));
}

#[test]
fn a_file_to_begin_with_is_written_once() {
    let project = Project::new("");
    let init = |arguments: &[&str]| project.confcall(&[&["init"], arguments].concat());
    let message = init(&["--role", "bot", "--url", "http://127.0.0.1:{port}/callback"]);
    assert_eq!(message.status.code(), Some(2), "{}", text(&message.stdout));
    assert!(text(&message.stderr).contains("already exists"));

    let arguments = [
        "--out",
        "bot.toml",
        "--role",
        "bot",
        "--url",
        "http://127.0.0.1:{port}/callback",
        "--trigger",
        "http://127.0.0.1:{port}/trigger",
        "--",
        CONFCALL,
        "serve",
        "--bot",
        "--listen",
        "{port}",
    ];
    let message = init(&arguments);
    assert_eq!(message.status.code(), Some(0), "{}", text(&message.stderr));
    let written = fs::read_to_string(project.path().join("bot.toml")).unwrap();
    assert!(
        written.starts_with("#:schema ./confcall.schema.json\n"),
        "{written}"
    );
    let schema = fs::read(project.path().join("confcall.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    assert_eq!(schema["title"], "confcall.toml");
    let (code, report) = project.run(&["--config", "bot.toml", "2021-02/invite"]);
    assert_eq!((code, &report["summary"]["pass"]), (0, &Value::from(4)));

    // There is nobody to ask.
    let message = init(&["--out", "other.toml"]);
    assert_eq!(message.status.code(), Some(2));
    assert!(text(&message.stderr).contains("`--role` is missing"));
    let free = ["--role", "bot", "--url", "http://127.0.0.1:{port}/callback"];
    let output = init(&[&["--out", "other.toml"][..], &free].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`confcall init … -- COMMAND`"));
    fs::write(
        project.path().join("package.json"),
        r#"{"scripts":{"start":""}}"#,
    )
    .unwrap();
    let output = init(&[&["--out", "node.toml"][..], &free].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = fs::read_to_string(project.path().join("node.toml")).unwrap();
    for line in [
        "run = [\"npm\", \"start\"]",
        "PORT = \"{port}\"",
        "SERVICE_URL = \"{service}\"",
    ] {
        assert!(written.lines().any(|it| it == line), "{written}");
    }
    let bad: [&[&str]; 5] = [
        &["--role", "bot", "--url", "here"],
        &["--role", "bot", "--url", "http://h:{prt}"],
        &["--role", "bot", "--url", "http://h", "--given", "create"],
        &["--role", "service", "--url", "http://h", "--given", "crate"],
        &[
            "--role",
            "service",
            "--url",
            "http://h",
            "--trigger",
            "http://h/trigger",
        ],
    ];
    for arguments in bad {
        let message = init(&[&["--out", "other.toml"], arguments].concat());
        assert_eq!(message.status.code(), Some(2), "{arguments:?}");
    }
    assert!(!project.path().join("other.toml").exists());
}
