//! The pages against the program and the repository: paths, modules, dependencies, rules, kinds of fault injection, and
//! the options of every command.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{Outcome, blocks, confcall, failures, pages, root, text};

/// The page with every option of every command.
const COMMAND_LINE: &str = "docs/src/reference/command-line.md";

/// Paths in backquotes, from the root: files and folders that a page sends its reader to.
pub(super) fn paths_of_the_repository_exist() -> Outcome {
    const FOLDERS: [&str; 11] = [
        "src/",
        "tests/",
        "scripts/",
        "packages/",
        "examples/",
        "schemas/",
        "scenarios/",
        "fuzz/",
        "docs/",
        ".ci/",
        ".github/",
    ];
    let mut wrong = Vec::new();
    for page in pages() {
        let text = text(&page);
        for path in text.split('`').skip(1).step_by(2) {
            let path = path.split(' ').next().unwrap_or_default();
            let is_path = FOLDERS.iter().any(|it| path.starts_with(it));
            if is_path && !path.contains(['*', '…', '{']) && !root().join(path).exists() {
                wrong.push(format!("{page}: `{path}` does not exist"));
            }
        }
    }
    failures(&wrong)
}

/// Every block of YAML is a part of a file that users copy.
pub(super) fn yaml_is_of_the_examples() -> Outcome {
    let folder = root().join("examples/ci");
    let entries = fs::read_dir(folder).unwrap();
    let files: Vec<_> = entries
        .map(|it| fs::read_to_string(it.unwrap().path()).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for page in pages() {
        for (at, language, lines) in blocks(&text(&page)) {
            let block = lines.join("\n");
            if language == "yaml" && !files.iter().any(|it| it.contains(&block)) {
                wrong.push(format!(
                    "{page}:{at}: no file of examples/ci/ has this block"
                ));
            }
        }
    }
    failures(&wrong)
}

/// Every dependency of the package is in the table of the book, and nothing else is.
pub(super) fn every_dependency_has_a_reason() -> Outcome {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let of_targets = manifest["target"].as_table().into_iter();
    let of_targets = of_targets.flat_map(|it| it.values());
    let tables = [&manifest["dependencies"], &manifest["dev-dependencies"]];
    let mut used: BTreeSet<String> = of_targets
        .map(|it| &it["dependencies"])
        .chain(tables)
        .filter_map(toml::Value::as_table)
        .flat_map(|it| it.keys().cloned())
        .collect();
    // A crate of this repository.
    used.remove("confcall-test-support");
    let page = text("docs/src/design/dependencies.md");
    let page = page.split("\n## ").next().unwrap_or_default();
    let cells = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let listed: BTreeSet<String> = cells
        .flat_map(|cell| cell.split(['`', ',', ' ']))
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect();
    let missing = used
        .difference(&listed)
        .map(|it| format!("`{it}` has no reason"));
    let stale = listed
        .difference(&used)
        .map(|it| format!("`{it}` is no dependency"));
    failures(&missing.chain(stale).collect::<Vec<_>>())
}

/// The tables of rules and of kinds of fault injection have what the program has.
pub(super) fn every_rule_and_kind_has_a_row() -> Outcome {
    let schema: Value = serde_json::from_str(&text("schemas/config.schema.json")).unwrap();
    let alternatives = schema["$defs"]["Rule"]["oneOf"].as_array().unwrap();
    let rules = alternatives.iter().map(|it| it["const"].as_str().unwrap());
    let help = help(&["run"]);
    let kinds = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- ")?.split_once(':'));
    let mut wrong = Vec::new();
    for (page, names) in [
        ("docs/src/reference/rules.md", rules.collect::<Vec<_>>()),
        (
            "docs/src/reference/fault-injection.md",
            kinds.map(|(name, _)| name).collect(),
        ),
    ] {
        let text = text(page);
        assert!(names.len() > 10, "{page}: {names:?}");
        let missing = names
            .iter()
            .filter(|it| !text.contains(&format!("\n| `{it}` |")));
        wrong.extend(missing.map(|it| format!("{page} has no row for `{it}`")));
    }
    failures(&wrong)
}

/// The modules of `src/lib.rs` are those of its tour and of the table in the architecture page.
pub(super) fn the_architecture_has_every_module() -> Outcome {
    let lib = text("src/lib.rs");
    let modules: BTreeSet<String> = lib
        .lines()
        .filter_map(|line| line.strip_suffix(';')?.split("mod ").nth(1))
        // These belong to tests, benches and the fuzzer.
        .filter(|it| !matches!(*it, "fuzz" | "internals" | "tests"))
        .map(str::to_owned)
        .collect();
    let tour = lib
        .lines()
        .filter_map(|line| line.strip_prefix("//! ")?.split_once(". `"));
    let tour = listed_modules(tour.filter_map(|(_, rest)| rest.split(':').next()));
    let architecture = text("ARCHITECTURE.md");
    let table = architecture.split("\n## ").nth(1).unwrap_or_default();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = listed_modules(rows.filter_map(|row| row.split(" | ").next()));
    let mut wrong = Vec::new();
    for (place, found) in [("the tour in src/lib.rs", tour), ("ARCHITECTURE.md", rows)] {
        let missing = modules.difference(&found);
        wrong.extend(missing.map(|it| format!("`{it}` is not in {place}")));
        let stale = found.difference(&modules);
        wrong.extend(stale.map(|it| format!("`{it}` in {place} is no module")));
    }
    failures(&wrong)
}

/// The top modules in cells such as "files`, `parallel`" and "http::message`".
fn listed_modules<'a>(cells: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let names = cells.flat_map(|cell| cell.split(['`', ',', ' ']));
    let modules = names.filter_map(|name| name.split("::").next());
    modules
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Holds the page of the command line against `--help`, in both directions.
pub(super) fn every_option_is_on_the_page_of_the_command_line() -> Outcome {
    let page = text(COMMAND_LINE);
    let mut wrong = Vec::new();
    for command in commands() {
        let heading = format!("\n## {command}\n");
        let Some((_, section)) = page.split_once(&heading) else {
            wrong.push(format!("there is no heading `## {command}`"));
            continue;
        };
        let section = section.split("\n## ").next().unwrap_or_default();
        let documented = rows(section);
        let help = help(&[&command]);
        // These two go with every command, and have a section of their own.
        let mut offered = options(&help);
        offered.retain(|it| it != "--color" && it != "--help");
        for option in offered.difference(&documented) {
            wrong.push(format!(
                "`{command} {option}` is in --help, and not on the page"
            ));
        }
        for option in documented.difference(&offered) {
            wrong.push(format!(
                "`{command} {option}` is on the page, and not in --help"
            ));
        }
    }
    failures(&wrong)
}

fn help(command: &[&str]) -> String {
    let output = Command::new(confcall())
        .args(command)
        .arg("--help")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that `confcall --help` lists.
fn commands() -> Vec<String> {
    let help = help(&[]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let names = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

/// The long options that a help text describes.
fn options(help: &str) -> BTreeSet<String> {
    let described = help.split("Examples:").next().unwrap_or_default();
    let described = described.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line
            .strip_prefix("-j, ")
            .or(line.strip_prefix("-h, "))
            .or(line.strip_prefix("-v, "))
            .unwrap_or(line);
        line.starts_with("--").then(|| option(line))
    });
    described.collect()
}

/// The options in the first cells of a section's tables.
fn rows(section: &str) -> BTreeSet<String> {
    let cells = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let words = cells.flat_map(|cell| cell.split(['`', ' ', ',']));
    words
        .filter(|it| it.starts_with("--"))
        .map(option)
        .collect()
}

fn option(text: &str) -> String {
    let name = text.trim_start_matches('-');
    let end = name.find(|it: char| !it.is_ascii_lowercase() && it != '-');
    format!("--{}", &name[..end.unwrap_or(name.len())])
}
