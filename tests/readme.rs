//! The README's four pages for those who begin, typed into a shell as they stand, each in an empty folder: every
//! command is run, and what it says is what the page shows. `…` in a page stands for anything.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use confcall::http::free_port;

const PAGES: [&str; 4] = [
    "You write a bot",
    "You write a service",
    "You have a CI",
    "You write or release the pages",
];
/// The ports that the pages name; others take their place here.
const PORTS: [&str; 5] = ["8080", "8081", "8082", "8083", "3978"];

#[test]
fn who_writes_a_bot_finds_what_is_shown() {
    type_in(PAGES[0]);
}

#[test]
fn who_writes_a_service_finds_what_is_shown() {
    type_in(PAGES[1]);
}

#[test]
fn who_has_a_ci_finds_what_is_shown() {
    type_in(PAGES[2]);
}

#[test]
fn who_writes_the_pages_finds_what_is_shown() {
    type_in(PAGES[3]);
}

#[test]
fn what_differs_from_a_page_is_noticed() {
    for (shown, said, fits) in [
        ("a\n", "a\n", true),
        ("a\n", "b\n", false),
        ("a … c\n", "a b\nb c\n", true),
        ("a … c\n", "a b\n", false),
        ("…\nc\n", "a\nb\nc\n", true),
        ("…\nc\n", "a\nc\nb\n", false),
        ("", "a\n", false),
    ] {
        assert_eq!(is_as_shown(shown, said), fits, "{shown:?} and {said:?}");
    }
}

/// A command of a page, its lines joined by line ends, and what the page shows of its output.
struct Entry {
    command: String,
    shown: String,
}

/// Runs the commands of one page in a shell, in an empty folder, and holds what is said against the page.
fn type_in(title: &str) {
    let entries = entries(&with_free_ports(&page(title)));
    assert!(entries.len() > 3, "{title} has hardly a command");
    let folder = tempfile::tempdir().unwrap();
    let said = run(&script(&entries), folder.path());
    let mut parts = said.split('\u{1}').skip(1);
    for Entry { command, shown } in &entries {
        let said = parts.next().unwrap_or_default();
        assert!(
            is_as_shown(shown, said),
            "{title}\n$ {command}\n--- shown\n{shown}--- said\n{said}"
        );
    }
    assert_eq!(parts.next(), None, "{title}");
}

/// The text under a heading of the README.
fn page(title: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, rest) = readme
        .split_once(&format!("\n## {title}\n"))
        .unwrap_or_else(|| panic!("the README has no page `{title}`"));
    rest.split("\n## ").next().unwrap().to_owned()
}

fn with_free_ports(page: &str) -> String {
    PORTS.iter().fold(page.to_owned(), |page, port| {
        page.replace(port, &free_port().unwrap().to_string())
    })
}

/// What stands in the page's consoles: `$` begins a command, `>` goes on with it before any output.
fn entries(page: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut code_block = "";
    for line in page.lines() {
        if code_block.is_empty() {
            code_block = line.strip_suffix("console").unwrap_or_default();
        } else if line == code_block {
            code_block = "";
        } else if let Some(command) = line.strip_prefix("$ ") {
            entries.push(Entry {
                command: command.to_owned(),
                shown: String::new(),
            });
        } else {
            let last = entries.last_mut().expect("a command stands before output");
            match line.strip_prefix('>') {
                Some(more) if last.shown.is_empty() => {
                    let more = more.strip_prefix(' ').unwrap_or(more);
                    last.command.extend(["\n", more]);
                }
                _ => last.shown.extend([line, "\n"]),
            }
        }
    }
    entries
}

/// All commands, a mark before the output of each. What runs in the background is waited for until it listens, as
/// somebody who types would, and is ended with the shell.
fn script(entries: &[Entry]) -> String {
    let mut script = String::from(
        "exec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n\
         mark() { code=$?; printf '\\001'; return $code; }\n",
    );
    for Entry { command, .. } in entries {
        script.extend(["mark\n", command, "\n"]);
        if command.contains(" & ") {
            let (_, log) = command.split_once("> ").unwrap();
            let log = log.split(' ').next().unwrap();
            let _ = writeln!(
                script,
                "until grep -qs listening {log} || ! kill -0 $!; do sleep 0.02; done"
            );
        }
    }
    script
}

fn run(script: &str, folder: &Path) -> String {
    let confcall = Path::new(env!("CARGO_BIN_EXE_confcall"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", confcall.parent().unwrap().display());
    let said = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CONFCALL_CA_DIR", folder.join("ca"))
        .env_remove("CONFCALL_TOKEN")
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap()
}

/// Whether a text is the one that is shown, in which `…` stands for anything.
fn is_as_shown(shown: &str, said: &str) -> bool {
    let mut pieces = shown.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        last = Some(piece);
        rest = &rest[at + piece.len()..];
    }
    match last {
        // The last piece is at the end, wherever else it may be.
        Some(piece) => rest.is_empty() || said.ends_with(piece),
        None => rest.is_empty(),
    }
}
