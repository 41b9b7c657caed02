//! The README and the book under `docs/`, typed into a shell as they stand: a trial a page, each in an empty folder.
//! Every command of a `console` block is run, and its output is what the page shows. `…` in a page stands for anything.
//!
//! Beside the commands: links lead somewhere, each page is in the summary, no command hides in a block that is not
//! typed in, and the page of the command line has exactly the options that `--help` has.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod program;

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use confcall_test_support::run_trials;
use libtest_mimic::{Arguments, Failed, Trial};
use walkdir::WalkDir;

/// The ports that the pages name. Free ones are put in their place.
const PORTS: [&str; 6] = ["8080", "8081", "8082", "8083", "8443", "3978"];
/// Pages that are read first have so many lines at most.
const LINES: [(&str, usize); 2] = [("README.md", 200), ("ARCHITECTURE.md", 200)];

/// Pages whose commands need a program beside confcall, and a command that shows that it is there. Without it, they are
/// ignored.
const PROGRAMS: [(&str, [&str; 2]); 5] = [
    ("docs/src/guide/dotnet.md", ["dotnet", "--version"]),
    ("docs/src/guide/go.md", ["go", "version"]),
    ("docs/src/guide/java.md", ["javac", "--version"]),
    ("docs/src/guide/node.md", ["node", "--version"]),
    ("docs/src/guide/python.md", ["python3", "--version"]),
];

type Outcome = Result<(), Failed>;

fn main() -> ExitCode {
    let pages = pages();
    let mut all = vec![
        Trial::test("output_is_compared", output_is_compared),
        Trial::test("pages_have_their_length", pages_have_their_length),
        Trial::test("links_lead_somewhere", links_lead_somewhere),
        Trial::test("every_page_is_in_the_summary", every_page_is_in_the_summary),
        Trial::test("every_command_is_typed_in", every_command_is_typed_in),
        Trial::test(
            "paths_of_the_repository_exist",
            program::paths_of_the_repository_exist,
        ),
        Trial::test("yaml_is_of_the_examples", program::yaml_is_of_the_examples),
        Trial::test(
            "every_rule_and_kind_has_a_row",
            program::every_rule_and_kind_has_a_row,
        ),
        Trial::test(
            "the_architecture_has_every_module",
            program::the_architecture_has_every_module,
        ),
        Trial::test(
            "every_dependency_has_a_reason",
            program::every_dependency_has_a_reason,
        ),
        Trial::test(
            "every_option_is_on_the_page_of_the_command_line",
            program::every_option_is_on_the_page_of_the_command_line,
        ),
    ];
    for page in pages {
        let entries = entries(&text(&page));
        if entries.is_empty() {
            continue;
        }
        // The pages are written for a POSIX shell.
        let is_ignored = cfg!(not(unix)) || lacks_program(&page);
        let trial = Trial::test(page.clone(), move || type_in(&page));
        all.push(trial.with_ignored_flag(is_ignored));
    }
    run_trials(&Arguments::from_args(), all)
}

fn lacks_program(page: &str) -> bool {
    let mut needed = PROGRAMS.iter().filter(|it| it.0 == page);
    needed.any(|(_, [program, argument])| {
        let mut command = Command::new(program);
        let version = command.arg(argument).stdout(Stdio::null());
        !version.status().is_ok_and(|it| it.success())
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README, the pages of the book, and the other pages at the root, by their paths from the root.
fn pages() -> Vec<String> {
    let mut found: Vec<String> = [
        "README",
        "ARCHITECTURE",
        "CONTRIBUTING",
        "CHANGELOG",
        "RELEASING",
    ]
    .iter()
    .map(|name| format!("{name}.md"))
    .collect();
    for entry in WalkDir::new(root().join("docs/src")).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|it| it == "md") {
            let path = path.strip_prefix(root()).unwrap();
            found.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    found
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn failures(all: &[String]) -> Outcome {
    if all.is_empty() {
        Ok(())
    } else {
        Err(all.join("\n").into())
    }
}

/// A command of a page, its lines joined by line ends, and what the page shows of its output.
struct Entry {
    command: String,
    shown: String,
}

/// Runs the commands of one page in a shell, in an empty folder, and compares the output with the page.
fn type_in(page: &str) -> Outcome {
    let entries = entries(&with_free_ports(&text(page)));
    let folder = tempfile::tempdir().unwrap();
    let output = run(&script(&entries), folder.path());
    let mut parts = output.split('\u{1}').skip(1);
    for Entry { command, shown } in &entries {
        let printed = parts.next().unwrap_or_default();
        if !is_as_shown(shown, printed) {
            let message = format!(
                "{page}\n$ {command}\n--- the page shows\n{shown}--- the command prints\n{printed}"
            );
            return Err(message.into());
        }
    }
    match parts.next() {
        None => Ok(()),
        Some(more) => Err(format!("{page}: more output than commands: {more}").into()),
    }
}

fn with_free_ports(page: &str) -> String {
    PORTS.iter().fold(page.to_owned(), |page, port| {
        page.replace(port, &free_port().to_string())
    })
}

/// A port that no other page has. It is below the ports that the system gives to connections, so that none takes it
/// before the page's program does, and no such number contains a port of the pages.
fn free_port() -> u16 {
    const FIRST: u16 = 24_000;
    const COUNT: u32 = 4_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test processes that run at a time begin at different ports.
    let start = std::process::id().wrapping_mul(127);
    loop {
        let at = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = FIRST + u16::try_from(at).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The code blocks of a page: the line of each, its language, and its lines.
fn blocks(page: &str) -> Vec<(usize, &str, Vec<&str>)> {
    let mut blocks: Vec<(usize, &str, Vec<&str>)> = Vec::new();
    let mut fence = "";
    for (at, line) in page.lines().enumerate() {
        if fence.is_empty() {
            let language = line.trim_start_matches('`');
            fence = &line[..line.len() - language.len()];
            if fence.len() < 3 {
                fence = "";
            } else {
                blocks.push((at + 1, language, Vec::new()));
            }
        } else if line == fence {
            fence = "";
        } else if let Some((_, _, lines)) = blocks.last_mut() {
            lines.push(line);
        }
    }
    blocks
}

/// The commands of a page's consoles: `$` begins a command, `>` continues it before any output.
fn entries(page: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let consoles = blocks(page)
        .into_iter()
        .filter(|(_, language, _)| *language == "console");
    for line in consoles.flat_map(|(_, _, lines)| lines) {
        if let Some(command) = line.strip_prefix("$ ") {
            entries.push(Entry {
                command: command.to_owned(),
                shown: String::new(),
            });
            continue;
        }
        let last = entries.last_mut().expect("a command stands before output");
        match line.strip_prefix('>') {
            Some(more) if last.shown.is_empty() => {
                let more = more.strip_prefix(' ').unwrap_or(more);
                last.command.extend(["\n", more]);
            }
            _ => last.shown.extend([line, "\n"]),
        }
    }
    entries
}

/// All commands, a mark before the output of each. The script waits until a program in the background listens, as
/// somebody who types would, and ends such programs with the shell.
fn script(entries: &[Entry]) -> String {
    let mut script = String::from(
        "exec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n\
         mark() { code=$?; printf '\\001'; return $code; }\n",
    );
    for Entry { command, .. } in entries {
        script.push_str("mark\n");
        let Some((_, log)) = command.split_once("> ").filter(|_| command.contains(" & ")) else {
            script.extend([command, "\n"]);
            continue;
        };
        let log = log.split(' ').next().unwrap();
        let _ = writeln!(
            script,
            "rm -f {log}\n{command}\n\
             until grep -qs listening {log} || ! kill -0 $!; do sleep 0.02; done"
        );
    }
    script
}

fn confcall() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_confcall"))
}

fn run(script: &str, folder: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", confcall().parent().unwrap().display());
    let mut shell = Command::new("sh");
    for variable in [
        "CONFCALL_TOKEN",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "CI",
        "TF_BUILD",
    ] {
        shell.env_remove(variable);
    }
    let output = shell
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CONFCALL_CA_DIR", folder.join("ca"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a text is the one that is shown, in which `…` stands for anything.
fn is_as_shown(shown: &str, printed: &str) -> bool {
    let mut pieces = shown.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
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
        Some(piece) => rest.is_empty() || printed.ends_with(piece),
        None => rest.is_empty(),
    }
}

fn output_is_compared() -> Outcome {
    for (shown, printed, fits) in [
        ("a\n", "a\n", true),
        ("a\n", "b\n", false),
        ("a … c\n", "a b\nb c\n", true),
        ("a … c\n", "a b\n", false),
        ("…\nc\n", "a\nb\nc\n", true),
        ("…\nc\n", "a\nc\nb\n", false),
        ("", "a\n", false),
    ] {
        if is_as_shown(shown, printed) != fits {
            return Err(format!("{shown:?} and {printed:?}").into());
        }
    }
    Ok(())
}

fn pages_have_their_length() -> Outcome {
    let too_long = LINES.iter().filter_map(|(page, most)| {
        let lines = text(page).lines().count();
        (lines > *most).then(|| format!("{page} has {lines} lines; it has {most} at most"))
    });
    failures(&too_long.collect::<Vec<_>>())
}

/// A command of confcall stands in a `console` block, so that it is typed in, or in running text.
fn every_command_is_typed_in() -> Outcome {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = text(&page);
        for (at, language, lines) in blocks(&text) {
            let is_command = |line: &&str| {
                let is_run = line.starts_with("confcall ") && !line.starts_with("confcall = ");
                is_run || line.starts_with("$ ")
            };
            if language != "console" && lines.iter().any(is_command) {
                wrong.push(format!(
                    "{page}:{at}: this block is not of the kind `console`"
                ));
            }
        }
        let mut before = "";
        for (at, line) in text.lines().enumerate() {
            if before.is_empty() && line.starts_with("    confcall ") {
                wrong.push(format!("{page}:{}: a command without a block", at + 1));
            }
            before = line;
        }
    }
    failures(&wrong)
}

fn every_page_is_in_the_summary() -> Outcome {
    let summary = text("docs/src/SUMMARY.md");
    let is_listed = |page: &str| {
        let below = page.strip_prefix("docs/src/");
        below.is_none_or(|it| it == "SUMMARY.md" || summary.contains(&format!("]({it})")))
    };
    let missing = pages().into_iter().filter(|page| !is_listed(page));
    let missing = missing.map(|page| format!("{page} is not in docs/src/SUMMARY.md"));
    failures(&missing.collect::<Vec<_>>())
}

/// Links between pages, to files of the repository, and to headings.
fn links_lead_somewhere() -> Outcome {
    let mut dead = Vec::new();
    for page in pages() {
        let text = text(&page);
        for target in links(&text) {
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = match file {
                "" => PathBuf::from(&page),
                file => Path::new(&page).with_file_name(file),
            };
            let full = root().join(&to);
            let has_anchor = || {
                let text = fs::read_to_string(&full).unwrap_or_default();
                text.lines().any(|line| {
                    line.starts_with('#') && slug(line.trim_start_matches('#').trim()) == anchor
                })
            };
            if !full.exists() || !(anchor.is_empty() || has_anchor()) {
                dead.push(format!("{page}: ({target}) leads nowhere"));
            }
        }
    }
    failures(&dead)
}

/// The targets of links and pictures outside of code blocks.
fn links(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fence = "";
    for line in page.lines() {
        let marks = &line[..line.len() - line.trim_start_matches('`').len()];
        if marks.len() >= 3 && (fence.is_empty() || fence == marks) {
            fence = if fence.is_empty() { marks } else { "" };
        }
        if !fence.is_empty() {
            continue;
        }
        for after in line.split("](").skip(1) {
            found.extend(after.split([')', ' ']).next());
        }
    }
    found
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
