//! A project with a `confcall.toml`, its bot, and its `tests/conformance.rs`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use confcall::suite;
use confcall::suite::Suite;
use confcall_test_support::process::Process;
use tempfile::TempDir;

const CONFCALL: &str = env!("CARGO_BIN_EXE_confcall");

/// The variable with the folder of the project whose suite this process is.
pub(crate) const FOLDER: &str = "SUITE_OF_PROJECT";
/// The variable that says how the target of the project comes to run, where not by its file.
const TARGET: &str = "SUITE_TARGET";

/// How a suite comes by its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By the file.
    File,
    /// By the file, with further arguments of the suite, which break the bot.
    Arguments,
    /// By the program that the suite names.
    Program,
    /// It listens already.
    Listening,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Arguments => "arguments",
            Self::Program => "program",
            Self::Listening => "listening",
        }
    }
}

/// What `tests/conformance.rs` of the project does.
pub(crate) fn conformance(folder: PathBuf) -> ExitCode {
    let suite = suite::project(folder);
    match env::var(TARGET).unwrap().as_str() {
        "arguments" => suite.argument("--mutant").argument("token-missing").main(),
        "program" => with_program(suite).main(),
        "listening" => listening(suite),
        _ => suite.main(),
    }
}

fn with_program(suite: Suite) -> Suite {
    let arguments = ["serve", "--bot", "--listen", "{port}"];
    let suite = suite.program(CONFCALL);
    arguments.into_iter().fold(suite, Suite::argument)
}

/// The target listens already when the suite begins.
fn listening(suite: Suite) -> ExitCode {
    let mut serve = Command::new(CONFCALL);
    let bot = Process::start(serve.args(["serve", "--bot"]), 1);
    let (_, port) = bot.url().rsplit_once(':').unwrap();
    suite.port(port.parse().unwrap()).main()
}

/// The four conversations of a page, and what the bot is to be.
const FILE: &str = r#"
[target]
role = "bot"
url = "http://127.0.0.1:{port}/callback"
trigger = "http://127.0.0.1:{port}/trigger"

[scenarios]
editions = ["2021-02"]
locales = ["pt-BR"]
"#;

/// How the file starts the bot. Each start leaves a line.
const COMMAND: &str = r#"
[target.command]
run = ["sh", "bot.sh", "{port}"]
log = "bot.log"
"#;

/// The name of the trial of a conversation.
pub(crate) fn trial(name: &str) -> String {
    format!("participant-invite::beta@2021-02::{name}::bot")
}

pub(crate) const ONE: &str = "invite-one-participant-to-an-existing-group-call";
pub(crate) const PHONE: &str = "invite-one-pstn-participant-to-an-existing-group-call";

/// A project's folder.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// One whose bot is the built-in one with these arguments, and whose file has further tables.
    pub(crate) fn new(arguments: &str, tables: &str) -> Self {
        let bot = format!("exec {CONFCALL} serve --bot --listen \"$1\" {arguments}");
        Self::scripted(&bot, tables)
    }

    /// One whose bot is this script of a shell, in which `@bot` is the built-in one.
    pub(crate) fn scripted(bot: &str, tables: &str) -> Self {
        let project = Self::with_file(&format!("{FILE}{COMMAND}{tables}"));
        let built_in = format!("{CONFCALL} serve --bot --listen \"$1\"");
        let bot = bot.replace("@bot", &built_in);
        let script = format!("echo started >>starts\n{bot}\n");
        fs::write(project.path().join("bot.sh"), script).unwrap();
        project
    }

    /// One whose file starts nothing.
    pub(crate) fn without_command() -> Self {
        Self::with_file(FILE)
    }

    /// One with this `confcall.toml`.
    pub(crate) fn with_file(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("confcall.toml"), text).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// How often the bot was started.
    pub(crate) fn starts(&self) -> usize {
        let starts = fs::read_to_string(self.path().join("starts"));
        starts.map_or(0, |it| it.lines().count())
    }

    /// Runs the suite as `cargo test -- ARGUMENTS` does.
    pub(crate) fn test(&self, arguments: &[&str]) -> Tested {
        self.test_by(By::File, arguments)
    }

    pub(crate) fn test_by(&self, by: By, arguments: &[&str]) -> Tested {
        let output = self.command(by, arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Tested {
            code: output.status.code(),
            output: text(&output.stdout),
            complained: text(&output.stderr),
        }
    }

    pub(crate) fn command(&self, by: By, arguments: &[&str]) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(arguments)
            .env(FOLDER, self.path())
            .env(TARGET, by.word())
            .env_remove("CONFCALL_TOKEN")
            .stdin(Stdio::null());
        command
    }
}

/// What became of a suite.
#[derive(Debug)]
pub(crate) struct Tested {
    pub code: Option<i32>,
    pub output: String,
    pub complained: String,
}

impl Tested {
    /// It ended so, and said each of these.
    pub(crate) fn must(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            let is_printed = self.output.contains(part) || self.complained.contains(part);
            assert!(
                is_printed,
                "`{part}` is missing: {}{}",
                self.output, self.complained
            );
        }
    }

    /// The line of a trial says this of it.
    pub(crate) fn must_say_of(&self, trial: &str, outcome: &str) {
        let mut lines = self.output.lines().filter(|it| it.starts_with("test "));
        let line = lines.find(|it| it.contains(trial));
        let is_so = line.is_some_and(|it| it.ends_with(&format!("... {outcome}")));
        assert!(is_so, "{trial} is not `{outcome}`: {}", self.output);
    }

    /// The names of a list.
    pub(crate) fn listed(&self) -> Vec<&str> {
        assert_eq!(self.code, Some(0), "{self:#?}");
        let lines = self.output.lines();
        lines.map(|it| it.strip_suffix(": test").unwrap()).collect()
    }
}
