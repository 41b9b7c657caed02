//! The command line, through the binary: what it prints, how it ends, and what it says of bad
//! input.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod contract;
mod drift;
mod extract;
mod hostile;
mod lint;
mod mistakes;
mod negative;
mod reports;
mod shards;
mod snapshots;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const ONE: &str = r#"{
  "version": 1,
  "source": "page.md",
  "tags": ["first"],
  "given": ["call"],
  "variables": {
    "call": { "kind": "call", "value": "57dab8b1-894c-409a-b240-bd8beae78896" },
    "token": { "kind": "token", "value": "<TOKEN>" }
  },
  "steps": [
    { "request": { "line": 3, "method": "POST", "target": "/app/calls/{call}/answer",
      "headers": { "Authorization": "Bearer {token}", "Content-Type": "application/json" },
      "body": { "acceptedModalities": ["audio"] } } },
    { "response": { "line": 9, "status": 202 } },
    { "notification": { "line": 14, "method": "POST", "target": "https://bot.example/callback",
      "body_line": 19,
      "body": { "value": [{ "changeType": "updated", "resource": "/app/calls/{call}" }] } } }
  ]
}
"#;

/// A folder with three scenarios.
fn scenarios() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for id in [
        "answer/beta@2019-05/ru-RU/answer",
        "answer/beta@2021-02/pt-BR/answer",
        "answer/beta@2021-02/pt-BR/answer-again",
    ] {
        put(folder.path(), id, ONE);
    }
    folder
}

fn put(folder: &Path, id: &str, text: &str) {
    let path = folder.join(format!("{id}.json"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs the binary away from the environment of the test.
fn confcall(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command
        .args(arguments)
        .env_remove("CONFCALL_TOKEN")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("FORCE_COLOR")
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_STEP_SUMMARY")
        .stdin(Stdio::null());
    command
}

#[test]
fn names_of_reports_are_explained() {
    for (name, expected) in [
        ("request.header", "request.header, a rule\n"),
        (
            "request.token",
            "request.token, a requirement: the bot MUST\n",
        ),
        (
            "lost-response",
            "\nexample\n  confcall run --inject lost-response\n",
        ),
    ] {
        let explained = confcall(&["explain", name]);
        let said = String::from_utf8(explained.stdout).unwrap();
        assert!(
            explained.status.success() && said.contains(expected),
            "{said}"
        );
    }
    let misspelt = confcall(&["explain", "lost-respnse"]);
    assert_eq!(misspelt.status.code(), Some(2));
    let said = String::from_utf8(misspelt.stderr).unwrap();
    assert!(said.contains("did you mean `lost-response`?"), "{said}");
}

fn with(folder: &TempDir, arguments: &[&str]) -> Output {
    let folder = folder.path().to_str().unwrap();
    confcall(&[arguments, &["--scenarios", folder]].concat())
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What is said of bad usage or input; nothing is printed then.
#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(output.stdout.is_empty());
    let message = stderr(output);
    assert!(message.starts_with("error: "), "{message}");
    message
}

#[test]
fn list_shows_every_message_with_its_line() {
    let listed = stdout(&with(&scenarios(), &["list", "--format", "json", "ru-RU"]));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        listed,
        json!([{
            "id": "answer/beta@2019-05/ru-RU/answer", "page": "answer", "api": "beta",
            "edition": "2019-05", "operation": "answer",
            "locales": [{"locale": "ru-RU", "file": "page.md", "lines": [3, 9, 14]}],
            "given": ["call"],
            "steps": [
                {"kind": "request", "method": "POST", "line": 3,
                    "target": "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896/answer"},
                {"kind": "response", "status": 202, "line": 9},
                {"kind": "notification", "method": "POST", "line": 14, "change": "updated",
                    "target": "https://bot.example/callback",
                    "resource": "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896"},
            ]
        }])
    );
}

#[test]
fn list_takes_filters() {
    let folder = scenarios();
    for (arguments, count) in [
        (&["list"][..], 3),
        (&["list", "again"], 1),
        (&["list", "*/answer"], 2),
        (&["list", "answer/*/ru-RU/*", "again"], 2),
        (&["list", "--edition", "2021-02"], 2),
        (&["list", "--edition", "2021-02", "--edition", "2019-05"], 3),
        (&["list", "--edition", "2020-12"], 1),
        (&["list", "--edition", "2023-01"], 2),
        (&["list", "--all-editions"], 3),
        (&["list", "--operation", "Answer", "--api", "beta"], 3),
        (&["list", "--locale", "RU-ru", "--tag", "first"], 1),
        // A whole id is no part of another.
        (&["list", "answer/beta@2021-02/pt-BR/answer"], 1),
        (&["list", "ru-RU", "--inject", "duplicate-notification"], 2),
        (&["list", "~duplicate-notification", "--role", "bot"], 3),
    ] {
        let listed = stdout(&with(&folder, arguments));
        assert_eq!(
            listed.lines().count(),
            count + 2,
            "{arguments:?}:\n{listed}"
        );
    }
}

#[test]
fn a_selection_of_nothing_is_refused_with_what_is_close() {
    let folder = scenarios();
    for (arguments, message) in [
        (
            &["list", "agian"][..],
            "answer/beta@2021-02/pt-BR/answer-again",
        ),
        (&["run", "again", "zzz"], "no scenario's id matches `zzz`"),
        (&["list", "--edition", "2019-01"], "2019-05"),
        (&["list", "--edition", "newest"], "the edition `newest`"),
        (&["list", "--api", "v1.0"], "beta"),
        (
            &["list", "--operation", "answers"],
            "did you mean `answer`?",
        ),
        (&["list", "--locale", "pt"], "pt-BR"),
        (&["list", "--tag", "none"], "first"),
        (
            &["list", "again", "--locale", "ru-RU"],
            "all filters together",
        ),
        (&["list", "["], "no glob"),
    ] {
        let error = refused(&with(&folder, arguments));
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}

#[test]
fn show_reads_as_a_conversation() {
    let folder = scenarios();
    let shown = stdout(&with(
        &folder,
        &["show", "answer/beta@2021-02/pt-BR/answer"],
    ));
    let conversation = "\
#1 request  page.md:3
POST /app/calls/{call}/answer
Authorization: Bearer {token}
Content-Type: application/json

{
  \"acceptedModalities\": [
    \"audio\"
  ]
}

#2 response  page.md:9
HTTP 202

#3 notification  page.md:14
POST https://bot.example/callback
";
    assert!(shown.contains(conversation), "{shown}");
    assert!(stdout(&with(&folder, &["show", "again"])).contains("pt-BR/answer-again\n"));
    let several = refused(&with(&folder, &["show", "pt-BR"]));
    assert!(several.contains("matches 2 ids"), "{several}");
    assert!(refused(&with(&folder, &["show", "aswer-again"])).contains("did you mean"));
    let injected = ["show", "ru-RU/answer~duplicate-notification"];
    assert!(stdout(&with(&folder, &injected)).contains("ru-RU/answer~duplicate-notification\n"));
    let nobody = [&injected[..], &["--role", "service"]].concat();
    assert!(refused(&with(&folder, &nobody)).contains("~duplicate-notification"));
}

#[test]
fn every_broken_file_is_reported_with_place_and_remedy() {
    let folder = scenarios();
    put(
        folder.path(),
        "bad/field",
        &ONE.replace("\"method\"", "\"metod\""),
    );
    put(
        folder.path(),
        "bad/variable",
        &ONE.replace("{call}/", "{cal}/"),
    );
    for command in ["list", "run", "show"] {
        let arguments = if command == "show" {
            vec![command, "x"]
        } else {
            vec![command]
        };
        let error = refused(&with(&folder, &arguments));
        for message in [
            "field.json:11:31: unknown field `metod`",
            "= help: did you mean `method`?",
            "variable.json:11:71: the variable `{cal}` is not declared",
            "11 |     { \"request\"",
        ] {
            assert!(error.contains(message), "{message} is not in\n{error}");
        }
    }
}

#[test]
fn files_that_are_no_text_and_folders_that_are_not_there_are_reported() {
    let folder = scenarios();
    let latin = ONE.replace("page.md", "p#ge.md");
    let bytes: Vec<u8> = latin
        .bytes()
        .map(|b| if b == b'#' { 0xe9 } else { b })
        .collect();
    fs::write(folder.path().join("latin.json"), bytes).unwrap();
    let error = refused(&with(&folder, &["list"]));
    assert!(
        error.contains("latin.json:3:15: byte 0xe9 is no UTF-8"),
        "{error}"
    );

    let empty = tempfile::tempdir().unwrap();
    assert!(refused(&with(&empty, &["list"])).contains("the folder has no scenarios"));
    let gone = empty.path().join("gone");
    let error = refused(&confcall(&["list", "--scenarios", gone.to_str().unwrap()]));
    assert!(error.contains("gone: cannot be read"), "{error}");
}

#[test]
fn bad_arguments_are_reported_with_their_form() {
    for (arguments, message) in [
        (
            &["run", "--service", "http://a", "--bot", "http://b"][..],
            "cannot be used with",
        ),
        (&["--service", "localhost:1"], "`http://localhost:1`"),
        (&["run", "--bot", "ftp://a"], "neither `http` nor `https`"),
        (&["run", "--deadline", "5"], "`500ms`"),
        (&["run", "--settle", "x"], "`500ms`"),
        (
            &["run", "--report", "htm=x"],
            "unknown report kind `htm`; expected one of `json`, `junit`, `html` and `events`",
        ),
        (
            &[
                "run",
                "--report",
                "json=/dev/null",
                "--report",
                "junit=/dev/null",
            ],
            "choose another file for the report",
        ),
        (&["run", "--given", "x"], "`create`"),
        (&["run", "--trigger", "http://a"], "--bot"),
        (&["run", "--callback-url", "http://a"], "--service"),
        (
            &["run", "--service", "http://a", "--role", "bot"],
            "remove `--role`",
        ),
        (&["run", "--jobs", "0"], "--jobs"),
        (
            &["run", "--listen", "nowhere", "--bot", "http://a"],
            "127.0.0.1:8080",
        ),
        (&["serve", "--listen", "99999"], "127.0.0.1:8080"),
        (&["extract"], "PAGES"),
        (&["lst"], "'list'"),
        (&["completions", "dosh"], "bash"),
    ] {
        let error = refused(&confcall(arguments));
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_reported_before_anything_is_played() {
    let output = confcall(&["run", "--report", "json=Cargo.toml/folder/report.json"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let message = stderr(&output);
    assert!(
        message.contains("Cargo.toml/folder: cannot be written"),
        "{message}"
    );
}

#[test]
fn a_cassette_whose_folder_is_missing_has_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("missing/c.jsonl");
    let service = "http://127.0.0.1:9";
    let output = confcall(&[
        "record",
        "--service",
        service,
        "--cassette",
        cassette.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    let message = stderr(&output);
    assert!(message.contains("c.jsonl: cannot be written"), "{message}");
    assert!(message.contains("= help: make the folder, or"), "{message}");
}

#[test]
fn a_token_that_is_none_is_reported_and_not_shown() {
    let folder = scenarios();
    let mut command = command(&["run", "--scenarios", folder.path().to_str().unwrap()]);
    let error = refused(&command.env("CONFCALL_TOKEN", "s3cret\n").output().unwrap());
    assert!(
        error.contains("token") && !error.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn the_schemas_are_the_ones_in_the_repository() {
    for what in [
        "scenario",
        "cassette",
        "config",
        "report",
        "events",
        "pages",
        "baseline",
        "contract",
        "operations",
        "lifecycles",
        "types",
    ] {
        let path = format!("schemas/{what}.schema.json");
        let kept = fs::read_to_string(repository().join(&path)).unwrap();
        assert!(
            kept == stdout(&confcall(&["schema", what])),
            "the types have moved on; `cargo run -- schema {what} > {path}` follows them"
        );
        // Editors for TOML refuse a schema whose `$id` is no absolute URI.
        let schema: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(schema.get("$id"), None, "{path}");
    }
}

#[test]
fn the_built_in_scenarios_are_the_ones_in_the_repository() {
    let folder = repository().join("scenarios");
    let on_disk = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter(|it| {
            it.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|it| it == "json")
        })
        .count();
    if on_disk == 0 {
        assert!(refused(&confcall(&["list"])).contains("no scenarios exist"));
        return;
    }
    let listed = stdout(&confcall(&["list", "--format", "json"]));
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.len(), on_disk);
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_shell_has_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&confcall(&["completions", shell]));
        let asks = script.contains("CONFCALL_COMPLETE") && script.contains(shell);
        assert!(asks, "{shell}: {script}");
    }
}

/// The words are split as Bash splits them, also at the `@` of an id.
#[cfg(unix)]
#[test]
fn bash_completes_the_id_of_a_scenario() {
    let test = r#"
export PATH="$1:$PATH"
source <(confcall completions bash)
COMP_LINE='confcall run participant-invite/beta@2021-02/invite-one-ps'
COMP_POINT=${#COMP_LINE}
COMP_WORDS=(confcall run participant-invite/beta @ 2021-02/invite-one-ps)
COMP_CWORD=4
_complete_confcall
printf '%s\n' "${COMPREPLY[@]}"
"#;
    let folder = Path::new(env!("CARGO_BIN_EXE_confcall")).parent().unwrap();
    let output = std::process::Command::new("bash")
        .args(["-c", test, "bash"])
        .arg(folder)
        .output();
    let completed = "@2021-02/invite-one-pstn-participant-to-an-existing-group-call\n";
    assert_eq!(stdout(&output.unwrap()), completed);
}

#[test]
fn help_and_version_are_for_standard_output() {
    assert!(stdout(&confcall(&["--version"])).starts_with("confcall "));
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["run", "--help"],
        &["help", "extract"],
    ] {
        assert!(stdout(&confcall(arguments)).contains("Usage: confcall"));
    }
    let help = stdout(&confcall(&["--help"]));
    assert!(
        help.contains("Usage: confcall [OPTIONS] [COMMAND]\n"),
        "{help}"
    );
}

#[test]
fn no_colour_goes_into_a_pipe() {
    let folder = scenarios();
    for arguments in [
        &["list"][..],
        &["show", "again"],
        &["run", "zzz"],
        &["--help"],
    ] {
        let output = if arguments == ["--help"] {
            confcall(arguments)
        } else {
            with(&folder, arguments)
        };
        let both = [output.stdout, output.stderr].concat();
        assert!(!both.contains(&0x1b), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = scenarios();
    let mut child = command(&["list", "--scenarios", folder.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stderr.is_empty());
}

#[test]
fn injection_is_selected_by_kind_by_group_and_by_filter() {
    let one = "beta@2021-02/invite-one-participant-to-an-existing-group-call";
    let played = |arguments: &[&str]| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let report = format!("json={}", report.display());
        // What came of it is not asked here: to the letter of its page nobody conforms.
        confcall(&[&["run", "--report", &report], arguments].concat());
        let text = fs::read_to_string(folder.path().join("report.json")).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        let results = report["results"].as_array().unwrap().iter();
        results
            .map(|it| {
                let (_, name) = it["scenario"].as_str().unwrap().split_once(one).unwrap();
                format!("{}{name}", it["role"].as_str().unwrap())
            })
            .collect()
    };
    assert_eq!(played(&[one, "--inject", "none"]), ["service", "bot"]);
    assert_eq!(played(&[one, "--literal"]), ["service", "bot"]);
    let duplicate = ["service", "bot", "bot~duplicate-notification"];
    assert_eq!(
        played(&[one, "--inject", "duplicate-notification"]),
        duplicate
    );
    let forged = [
        "service",
        "bot",
        "bot~unsigned-notification",
        "bot~foreign-key",
        "bot~expired-token",
        "bot~other-audience",
    ];
    assert_eq!(played(&[one, "--inject", "forged-tokens"]), forged);
    let filter = format!("{one}~failing-callback");
    assert_eq!(played(&[&filter]), ["service~failing-callback"]);
    let fast = played(&[one]);
    assert_eq!(fast, played(&[one, "--inject", "fast", "--seed", "2"]));
    assert_eq!(fast.len(), 10, "{fast:?}");
}

#[test]
fn an_unknown_kind_of_injection_is_named() {
    let message = refused(&confcall(&["run", "--inject", "duplicate-notifications"]));
    assert!(message.contains("duplicate-notification"), "{message}");
    let message = refused(&confcall(&["run", "--role", "service", "~lost-response"]));
    assert!(message.contains("~lost-response"), "{message}");
    for (role, kind) in [("bot", "silent-callback"), ("service", "forged-tokens")] {
        let injection = format!("fast,{kind}");
        let message = refused(&confcall(&["run", "--role", role, "--inject", &injection]));
        let words = format!("the fault injection `{kind}` does not apply to a {role}");
        assert!(message.contains(&words), "{message}");
    }
    let help = stdout(&confcall(&["run", "--help"]));
    for words in [
        "--seed",
        "silent-callback",
        "Every notification is sent twice",
    ] {
        assert!(help.contains(words), "{words} is not in the help");
    }
    let folder = scenarios();
    put(
        folder.path(),
        "answer/beta@2021-02/pt-BR/answer~slow-response",
        ONE,
    );
    assert!(refused(&with(&folder, &["list"])).contains('~'));
}
