//! Files of the repository: which ones lie at its root, how large they are, and words that they avoid.
//!
//! In a clone these are the files that git tracks; elsewhere, all files but build output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use walkdir::WalkDir;

/// The entries of the root.
const ROOT: [&str; 29] = [
    ".ci",
    // The place where GitHub looks for workflows.
    ".github",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "RELEASING.md",
    // `uses: OWNER/confcall` reads this file.
    "action.yml",
    "benches",
    "build.rs",
    "cassettes",
    "clippy.toml",
    "deny.toml",
    // `dist` reads it at the root of a workspace.
    "dist-workspace.toml",
    "docs",
    "examples",
    "fuzz",
    "packages",
    "scenarios",
    "schemas",
    "scripts",
    "src",
    "templates",
    "tests",
];
/// The only other entry of the root: its name is that of the tool.
const SPELLING: &str = "typos.toml";

/// The most bytes of a file.
const BYTES: u64 = 300_000;

/// The most lines of a file of `src/`.
const LINES: usize = 600;

/// Files of `src/` that are tables, and may be longer.
const TABLES: [&str; 1] = ["src/contract/requirement.rs"];

/// Words that the code once had for something that the field has a name for.
const WORDS: [(&str, &str); 29] = [
    ("weather", "fault injection"),
    ("cue", "trigger"),
    ("errand", "request builder"),
    ("courier", "delivery"),
    ("mischief", "mutant"),
    ("hearing", "evaluation"),
    ("teller", "sender"),
    ("shelf", "request index"),
    ("mended", "spliced"),
    ("unfit", "not covered"),
    ("homeward", "response body"),
    ("discretion", "report redaction"),
    ("complaint", "violation, or error"),
    ("complaints", "violations, or errors"),
    ("departure", "violation"),
    ("departures", "violations"),
    ("departs", "differs, or violates"),
    ("errands", "request builders"),
    ("couriers", "deliveries"),
    ("manners", "options"),
    ("scene", "adapter"),
    ("seat", "entry"),
    ("lanes", "read-ahead"),
    ("wishes", "hop-by-hop options"),
    ("complain", "warn, or report"),
    ("complains", "warns, or reports"),
    ("bears", "has"),
    ("heard", "captured, or received"),
    ("hears", "captures, or receives"),
];

/// Text that is no prose or code of this project: pages, recordings, inputs of the fuzzer.
const FOREIGN: [&str; 8] = [
    "cassettes/",
    "fuzz/corpus/",
    "fuzz/dictionaries/",
    "scenarios/",
    "tests/fixtures/",
    "tests/snapshots/",
    "tests/structure/",
    "LICENSE-",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the repository, below its root, with `/` between folders.
fn files() -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    let tracked = git
        .ok()
        .filter(|it| it.status.success() && root().join(".git").exists());
    let found: Vec<String> = match tracked {
        Some(listed) => {
            let names = String::from_utf8(listed.stdout).unwrap();
            names.split_terminator('\0').map(str::to_owned).collect()
        }
        None => walked(),
    };
    // A file that was deleted and not committed yet is still tracked.
    found
        .into_iter()
        .filter(|it| root().join(it).is_file())
        .collect()
}

fn walked() -> Vec<String> {
    let is_built = |path: &Path| path.ends_with("target") || path.ends_with(".git");
    let entries = WalkDir::new(root()).into_iter();
    let entries = entries
        .filter_entry(|it| !is_built(it.path()))
        .map(Result::unwrap);
    let files = entries.filter(|it| it.file_type().is_file());
    files
        .map(|it| {
            let below: PathBuf = it.path().strip_prefix(root()).unwrap().to_owned();
            let parts: Vec<_> = below.iter().map(|it| it.to_string_lossy()).collect();
            parts.join("/")
        })
        .collect()
}

fn text(file: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(file)).unwrap()).ok()
}

fn is_foreign(file: &str) -> bool {
    FOREIGN.iter().any(|it| file.starts_with(it))
}

/// What is wrong with the name of an entry of the root.
fn of_root(file: &str) -> Option<String> {
    let entry = file.split('/').next().unwrap();
    let is_named = ROOT.contains(&entry) || entry == SPELLING;
    (!is_named).then(|| format!("{file}: `{entry}` is no named entry of the root"))
}

/// What is wrong with the size of a file.
fn of_size(file: &str, bytes: u64, lines: usize) -> Option<String> {
    let is_code =
        file.starts_with("src/") && Path::new(file).extension().is_some_and(|it| it == "rs");
    if bytes > BYTES {
        Some(format!("{file}: {bytes} bytes; {BYTES} are the most"))
    } else if is_code && lines > LINES && !TABLES.contains(&file) {
        Some(format!("{file}: {lines} lines; {LINES} are the most"))
    } else {
        None
    }
}

/// Words of a text that it should not have: a word of prose, or a part of an identifier.
fn of_words(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for word in parts(line) {
            if let Some((old, new)) = WORDS.iter().find(|(old, _)| *old == word) {
                wrong.push(format!("{file}:{number}: `{old}`; say {new}"));
            }
        }
        let upper = line.to_uppercase();
        if upper.contains("SPEC SECTION") || upper.contains("SPEC.MD") {
            wrong.push(format!(
                "{file}:{number}: cites a document that no reader has"
            ));
        }
    }
    wrong
}

/// The words of a line in lower case, `snake_case` and `CamelCase` taken apart.
fn parts(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in line.chars() {
        let begins = letter.is_uppercase() && before.is_lowercase();
        if begins || !letter.is_alphabetic() {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            words.last_mut().unwrap().extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|it| !it.is_empty());
    words
}

/// The account on GitHub and the version that a release has.
struct Release {
    owner: String,
    version: String,
}

impl Release {
    /// Those of `Cargo.toml`.
    fn of_manifest() -> Self {
        let manifest: toml::Table = text("Cargo.toml").unwrap().parse().unwrap();
        let of = |key: &str| manifest["package"][key].as_str().unwrap().to_owned();
        let address = of("repository");
        Self {
            owner: address.rsplit('/').nth(1).unwrap().to_owned(),
            version: of("version"),
        }
    }

    /// Where a text names another account or another version.
    fn differences(&self, file: &str, text: &str) -> Vec<String> {
        let forms = [
            (
                &self.owner,
                r#"(?:github(?:usercontent)?\.com/|uses: |tap = ")([A-Za-z0-9-]+)/(?:confcall|homebrew-tap)"#,
            ),
            (
                &self.version,
                r"confcall(?:@v|:|-cli==)([0-9]+\.[0-9]+\.[0-9]+)(?:[^.0-9]|$)",
            ),
        ];
        let of_form = |(expected, form): &(&String, &str)| {
            let form = Regex::new(form).unwrap();
            let found = form.captures_iter(text).map(|it| it[1].to_owned());
            let other = found.filter(|it| it != *expected);
            other
                .map(|it| format!("{file}: `{it}`; Cargo.toml has `{expected}`"))
                .collect::<Vec<_>>()
        };
        forms.iter().flat_map(of_form).collect()
    }
}

#[test]
fn all_files_name_the_same_release() {
    let release = Release::of_manifest();
    let files = files();
    let own = files.iter().filter(|it| !is_foreign(it));
    let wrong: Vec<_> = own
        .filter_map(|it| Some(release.differences(it, &text(it)?)))
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let differs = |text: &str| !release.differences("a", text).is_empty();
    for text in [
        "uses: somebody/confcall@v",
        "https://github.com/somebody/confcall",
        "tap = \"somebody/homebrew-tap\"",
        "/confcall@v99.0.0",
        "pip install confcall-cli==99.0.0",
        "--from=confcall:99.0.0 /",
    ] {
        assert!(differs(text), "{text}");
    }
    for text in ["uses: actions/checkout@v6", "confcall:127.0.0.2"] {
        assert!(!differs(text), "{text}");
    }
}

#[test]
fn the_root_has_only_named_entries() {
    let wrong: Vec<_> = files().iter().filter_map(|it| of_root(it)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_large() {
    let sized = |file: &String| {
        let bytes = fs::metadata(root().join(file)).unwrap().len();
        of_size(file, bytes, text(file).map_or(0, |it| it.lines().count()))
    };
    let files = files();
    assert!(files.len() > 400, "{} files", files.len());
    let wrong: Vec<_> = files.iter().filter_map(sized).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// On Windows, `display` prints the kind of separator that each part of a path was written with.
#[test]
fn paths_are_printed_by_one_function() {
    let of_source = files().into_iter().filter(|it| it.starts_with("src/"));
    let wrong = of_source.filter(|it| text(it).is_some_and(|it| it.contains(".display()")));
    let none: [&str; 0] = [];
    assert_eq!(
        wrong.collect::<Vec<_>>(),
        none,
        "use `diagnostic::path::Shown`"
    );
}

#[test]
fn the_words_are_those_of_the_field() {
    let files = files();
    let own = files.iter().filter(|it| !is_foreign(it));
    let wrong: Vec<_> = own
        .filter_map(|it| Some(of_words(it, &text(it)?)))
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_is_found() {
    assert!(of_root("b.jsonl").is_some() && of_root("src/lib.rs").is_none());
    assert!(of_size("docs/a.svg", 300_001, 1).is_some());
    assert!(of_size("src/a.rs", 1, 601).is_some() && of_size("tests/a.rs", 1, 601).is_none());
    assert!(of_size("src/contract/requirement.rs", 1, 700).is_none());
    for line in [
        "fn tell_weather()",
        "struct WeatherCue;",
        "/// A Complaint.",
        "see SPEC section 4",
    ] {
        assert!(!of_words("a", line).is_empty(), "{line}");
    }
    for line in [
        "// rescue the barbecue",
        "let cued = 1;",
        "the specification, section 4",
    ] {
        assert_eq!(of_words("a", line), Vec::<String>::new(), "{line}");
    }
    assert!(!walked().is_empty());
}
