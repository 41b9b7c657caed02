//! The order of the modules: who may name whom, and who may touch the world.
//!
//! The test reads the tokens of `src/`: paths, in `use` lines and in code, and in pure modules the
//! macros and methods that touch the world. It is no compiler: it does not see what a dependency does,
//! nor a path that a macro builds.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use walkdir::WalkDir;

/// Whether a module touches the world: sockets, files, the clock, chance, the environment.
#[derive(Clone, Copy, PartialEq)]
enum Touches {
    Nothing,
    TheWorld,
}
use Touches::{Nothing, TheWorld};

/// The modules in reading order: each names only itself and what stands above it. A file belongs to
/// the longest entry that its path begins with.
const ORDER: [(&str, Touches); 31] = [
    ("diagnostic", Nothing),
    ("http::message", Nothing),
    ("api", Nothing),
    ("contract", Nothing),
    ("scenario", Nothing),
    ("cassette::format", Nothing),
    ("cassette::raw", Nothing),
    ("cassette::causes", Nothing),
    ("cassette::recording", Nothing),
    ("cassette::source", Nothing),
    ("redact", Nothing),
    ("cassette::har", Nothing),
    ("extract", Nothing),
    ("judge", Nothing),
    ("inject", Nothing),
    ("replay", Nothing),
    ("report", Nothing),
    ("files", TheWorld),
    ("scenario::store", TheWorld),
    ("cassette", TheWorld),
    ("http", TheWorld),
    ("config", TheWorld),
    ("platform", TheWorld),
    ("record", TheWorld),
    (EMULATOR, TheWorld),
    ("runner", TheWorld),
    ("replay::recording::file", TheWorld),
    ("replay::live", TheWorld),
    ("cli", TheWorld),
    ("suite", TheWorld),
    // For the benchmarks.
    ("internals", TheWorld),
];

/// The built-in pair is written from the pages: neither the judge, nor the scenarios, nor the
/// contract are at hand there, so that judge and emulator do not share a mistake.
const EMULATOR: &str = "emulator";
const EMULATOR_NAMES: [&str; 3] = ["api", "http", EMULATOR];

const WORLD: [&str; 28] = [
    "getrandom",
    "tokio",
    "tokio_rustls",
    "tokio_util",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "rustls",
    "rustls_native_certs",
    "rcgen",
    "ring",
    "rsa",
    "etcetera",
    "uuid",
    "walkdir",
    "include_dir",
    "anstream",
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::io",
    "std::time::Instant",
    "std::time::SystemTime",
    // Chance. A `HashMap` has it too, and is let through: nothing may depend on its order.
    "std::collections::hash_map::RandomState",
    "std::hash::RandomState",
];
/// How paths end that ask the clock, whatever they begin with.
const CLOCKS: [&str; 2] = ["Timestamp::now", "Zoned::now"];
/// Macros that write, or read what is outside of the source.
const MACROS: [&str; 10] = [
    "print",
    "println",
    "eprint",
    "eprintln",
    "dbg",
    "env",
    "option_env",
    "include",
    "include_bytes",
    "include_str",
];
/// Constants of the crate, and let through: its version, and the contract that is built in.
const CONSTANTS: [&str; 9] = [
    "env!(\"CARGO_PKG_VERSION\")",
    "include_str!(\"data/extracted.json\")",
    "include_str!(\"data/harmless.toml\")",
    "include_str!(\"data/http.toml\")",
    "include_str!(\"data/names.toml\")",
    "include_str!(\"data/tokens.toml\")",
    "include_str!(\"data/lifecycles.toml\")",
    "include_str!(\"data/operations.toml\")",
    "include_str!(\"data/types.toml\")",
];
/// Methods of paths that ask the file system.
const METHODS: [&str; 10] = [
    "canonicalize",
    "exists",
    "is_dir",
    "is_file",
    "is_symlink",
    "metadata",
    "read_dir",
    "read_link",
    "symlink_metadata",
    "try_exists",
];

#[test]
fn every_file_keeps_to_the_order() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut files = 0;
    for entry in WalkDir::new(&src) {
        let entry = entry.unwrap();
        let below = entry.path().strip_prefix(&src).unwrap();
        if below.extension().is_some_and(|it| it == "rs") {
            let module = module_of(below);
            let text = fs::read_to_string(entry.path()).unwrap();
            wrong.extend(breaches(&module, &text));
            files += 1;
        }
    }
    assert!(files > 20, "only {files} files were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, a row a case")]
fn a_breach_is_found() {
    for (module, code, breach) in [
        (
            "diagnostic::place",
            "use crate::http::message;",
            "http::message",
        ),
        (
            "api::x",
            "fn f() -> crate::judge::verdict::Verdict {}",
            "judge::verdict::Verdict",
        ),
        (
            "judge::x",
            "use crate::{api::y, http::client};",
            "http::client",
        ),
        (
            "judge::x::y",
            "use super::super::super::report::list;",
            "report::list",
        ),
        (
            "judge::x",
            "use std::{collections::BTreeMap, fs};",
            "std::fs",
        ),
        (
            "judge::x",
            "use std::time::{Duration, Instant as Now};",
            "std::time::Instant",
        ),
        ("judge::x", "use std::time;", "std::time"),
        (
            "judge::x",
            "let x = r#\"\"#; std::env::var(x)",
            "std::env::var",
        ),
        (
            "judge::x",
            "fn f<'a>(c: &'a char) -> bool { '\"' == *c }\nuse tokio::net;",
            "tokio::net",
        ),
        (
            "report::x",
            "use crate::scenario::store;",
            "scenario::store",
        ),
        ("report::x", "/* /* */ */ use ::std::fs::*;", "std::fs"),
        ("scenario::x", "use super::store;", "scenario::store"),
        (
            "emulator::x",
            "use crate::judge::verdict;",
            "judge::verdict",
        ),
        ("emulator", "use super::runner::Session;", "runner::Session"),
        (
            "emulator::x",
            "use crate::{http::message, scenario::format};",
            "scenario::format",
        ),
        ("emulator::x", "use crate::contract;", "contract"),
        ("elsewhere", "use crate::api;", "no place"),
        ("judge::x", "getrandom::fill(&mut b);", "getrandom::fill"),
        ("api::x", "Path::new(name).exists()", ".exists()"),
        ("api::x", "p . canonicalize ()", ".canonicalize()"),
        (
            "api::x",
            "paths.iter().map(Path::read_dir)",
            "Path::read_dir",
        ),
        ("judge::x", "jiff::Timestamp::now()", "jiff::Timestamp::now"),
        (
            "judge::x",
            "use std::collections::{BTreeMap, hash_map::RandomState};",
            "RandomState",
        ),
        ("judge::x", "fn f() { println!(\"a\") }", "println!"),
        ("report::x", "std::eprintln!(\"a\")", "eprintln!"),
        ("judge::x", "const A: &str = env!(\"HOME\");", "env!"),
        ("judge::x", "include_str!(\"x\")", "include_str!"),
        ("judge::x", "use crate::*;", "crate::*"),
        ("judge::x", "use super::super::*;", "super::*"),
        ("judge::x", "use crate as c;", "crate as"),
        ("judge::x", "use crate::{self as c, api};", "crate::self as"),
        ("judge::x", "use std as s;", "std as"),
        ("judge::x", "use std::*;", "std::*"),
        ("judge::x", "use std::{collections::BTreeMap, *};", "std::*"),
        ("judge::x", "extern crate std as s;", "std as"),
        ("diagnostic::x", "crate::$layer::f()", "crate::$"),
        (
            "diagnostic::x",
            "mod a { mod b {} use super::super::super::api::y; }",
            "api::y",
        ),
    ] {
        let found = breaches(module, code).join("\n");
        assert!(found.contains(breach), "{module}: {code}: {found}");
    }
}

#[test]
fn code_in_order_has_no_breach() {
    for (module, code) in [
        (
            "diagnostic::place",
            "use super::Diagnostic; mod tests { use super::*; }",
        ),
        (
            "judge::x",
            "// use crate::http;\n/// [`crate::cli`]\nconst A: &str = \"std::fs crate::http\";",
        ),
        (
            "judge::x",
            "use std::time::Duration; use crate::{diagnostic::place, api}; pub(crate) fn f() {}",
        ),
        (
            "judge",
            "mod x; use self::x::y; let tokio_like = '\\''; \"\\\"std::fs\";",
        ),
        (
            "runner::x",
            "use std::fs; use crate::judge::verdict; use tokio::net;",
        ),
        (
            "emulator::x",
            "use crate::http::message::{Headers, Request}; use super::y;",
        ),
        ("cli::run", "use crate::runner; use std::env;"),
        (
            "judge::x",
            "env!(\"CARGO_PKG_VERSION\"); format!(\"\"); fn exists() {} exists(); file.exists;",
        ),
        (
            "judge::x",
            "mod tests { use super::*; } use super::super::scenario as s; pub(crate) use y::*;",
        ),
        (
            "judge::x",
            "use std::collections::hash_map::{DefaultHasher, HashMap};",
        ),
        ("files", "path.exists(); println!(\"\"); use std::fs::*;"),
    ] {
        assert_eq!(breaches(module, code), Vec::<String>::new());
    }
}

/// `judge/service/mod.rs` is `judge::service`.
fn module_of(path: &Path) -> String {
    let path = path.with_extension("");
    let parts: Vec<_> = path.iter().map(|it| it.to_string_lossy()).collect();
    let parts = match parts.split_last() {
        Some((last, rest)) if last == "mod" => rest,
        _ => &parts,
    };
    parts.join("::")
}

/// The index in [`ORDER`] of the entry that a path belongs to: the longest that it begins with.
fn place_of(path: &str) -> Option<usize> {
    let all = ORDER.iter().enumerate();
    let fitting = all.filter(|(_, (module, _))| is_below(path, module));
    fitting
        .max_by_key(|(_, (module, _))| module.len())
        .map(|(place, _)| place)
}

/// Names that a module may not use, a line each.
fn breaches(module: &str, text: &str) -> Vec<String> {
    if module == "lib" || module == "main" {
        return Vec::new();
    }
    let Some(own) = place_of(module) else {
        return vec![format!("{module} has no place in the order")];
    };
    let pure = ORDER[own].1 == Nothing;
    let may_name = |named: &str| match place_of(named) {
        _ if is_below(module, EMULATOR) => EMULATOR_NAMES.iter().any(|it| is_below(named, it)),
        Some(place) => place <= own,
        None => true,
    };
    let breach = |(inner, path): (String, String)| {
        let named = resolved(&format!("{module}{inner}"), &path);
        let wrong = match &named {
            Some(named) => is_whole(named) || !may_name(named),
            None => pure && is_of_the_world(&path),
        };
        let shown = named.filter(|it| !is_whole(it)).unwrap_or(path);
        wrong.then(|| format!("{module} names {shown}"))
    };
    let text = CONSTANTS.iter().fold(text.to_owned(), |text, constant| {
        text.replace(constant, "\"\"")
    });
    let tokens = tokens(&text);
    let mut found: Vec<_> = paths(&tokens).into_iter().filter_map(breach).collect();
    if pure {
        found.extend(calls(&tokens).map(|call| format!("{module} calls {call}")));
    }
    found
}

/// Whether a path takes in all of a crate, so that what follows it names anything.
fn is_whole(path: &str) -> bool {
    matches!(path, "*" | "$" | "as" | "self as")
}

fn is_of_the_world(path: &str) -> bool {
    let all_of_std = path.strip_prefix("std");
    let all_of_std = all_of_std.map(|rest| rest.trim_start_matches([':', ' ']));
    // The whole of `std::time` would let its clocks in by the back door.
    all_of_std.is_some_and(is_whole)
        || path == "std::time"
        || WORLD.iter().any(|it| is_below(path, it))
        || CLOCKS.iter().any(|it| path.ends_with(it))
        || METHODS
            .iter()
            .any(|it| path.ends_with(&format!("Path::{it}")))
}

/// Macros and methods that touch the world, where they are called.
fn calls(tokens: &[String]) -> impl Iterator<Item = String> {
    let is = |at: Option<usize>, text: &str| {
        at.is_some_and(|at| tokens.get(at).is_some_and(|it| it == text))
    };
    tokens.iter().enumerate().filter_map(move |(at, word)| {
        let is_macro = is(Some(at + 1), "!") && MACROS.contains(&word.as_str());
        let is_method = is(at.checked_sub(1), ".") && is(Some(at + 1), "(");
        match (is_macro, is_method && METHODS.contains(&word.as_str())) {
            (true, _) => Some(format!("{word}!")),
            (_, true) => Some(format!(".{word}()")),
            _ => None,
        }
    })
}

fn is_below(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The path from the root of this crate, where it is one into this crate.
fn resolved(module: &str, path: &str) -> Option<String> {
    if let Some(below) = path.strip_prefix("crate") {
        let below = below.strip_prefix("::").or(below.strip_prefix(' '))?;
        return Some(below.to_owned());
    }
    let mut base: Vec<_> = module.split("::").collect();
    let mut rest = path;
    while let Some(below) = rest.strip_prefix("super::") {
        base.pop();
        rest = below;
    }
    if rest == path {
        return None;
    }
    base.push(rest);
    Some(base.join("::"))
}

/// Every path in code, groups of `use` lines taken apart, each with the modules inside of the file
/// that it stands in. A glob ends in `*`, a piece of a macro in `$`, a crate that gets another name
/// in ` as`.
fn paths(tokens: &[String]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut inner = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < tokens.len() {
        let mut found = Vec::new();
        match tokens[at].as_str() {
            "use" => at += 1,
            word if is_word(word) => at = path(tokens, at, "", &mut found),
            "{" => {
                depth += 1;
                if at > 1 && tokens[at - 2] == "mod" {
                    inner.push((depth, format!("::{}", tokens[at - 1])));
                }
                at += 1;
            }
            "}" => {
                inner.retain(|(opened, _)| *opened != depth);
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
        let names: String = inner.iter().map(|(_, name)| name.as_str()).collect();
        all.extend(found.into_iter().map(|path| (names.clone(), path)));
    }
    all
}

/// Reads the path that begins at a token; gives the token after it.
fn path(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => return group(tokens, at + 1, &path, found),
            Some(part) if is_word(part) || matches!(part, "*" | "$") => {
                let colons = if path.is_empty() { "" } else { "::" };
                path = format!("{path}{colons}{part}");
                at += 1;
            }
            _ => break,
        }
        if tokens.get(at).is_none_or(|it| it != "::") {
            break;
        }
        at += 1;
    }
    let is_crate = matches!(path.as_str(), "crate" | "std" | "crate::self" | "std::self");
    if is_crate && tokens.get(at).is_some_and(|it| it == "as") {
        path.push_str(" as");
    }
    found.push(path);
    at
}

fn group(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "}" => return at + 1,
            part if is_word(part) || part == "*" => at = path(tokens, at, prefix, found),
            _ => at += 1,
        }
    }
    at
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words of a text, `::`, and every other character by itself, without comments and literals.
fn tokens(text: &str) -> Vec<String> {
    let stream: TokenStream = text.parse().unwrap_or_else(|it| panic!("{it}: {text}"));
    let mut all = Vec::new();
    flatten(stream, &mut all);
    all
}

fn flatten(stream: TokenStream, all: &mut Vec<String>) {
    let mut follows_colon = false;
    for token in stream {
        let is_joint_colon = matches!(&token, TokenTree::Punct(it)
            if it.as_char() == ':' && it.spacing() == Spacing::Joint);
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                all.push(open.to_owned());
                flatten(group.stream(), all);
                all.push(close.to_owned());
            }
            TokenTree::Punct(it) if it.as_char() == ':' && follows_colon => {
                all.pop();
                all.push("::".to_owned());
            }
            TokenTree::Ident(it) => all.push(it.to_string()),
            TokenTree::Punct(it) => all.push(it.as_char().to_string()),
            TokenTree::Literal(_) => all.push(String::from("\"\"")),
        }
        follows_colon = is_joint_colon;
    }
}
