//! Holds the layers of the crate: who may name whom, and who may touch the world.
//!
//! It reads every path in `src/`, in `use` lines and in code, and leaves out comments and strings.

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

/// Modules, and what of this crate each may name. The first that a file stands in counts.
const LAYERS: [(&str, &[&str]); 7] = [
    ("text", &["text"]),
    ("model", &["text", "model"]),
    ("logic", &["text", "model", "logic"]),
    // Written from the pages: neither the judge nor the scenarios are at hand there.
    (
        "io::reference",
        &[
            "text",
            "model::identifier",
            "model::message",
            "model::resource",
            "model::template",
            "io::net",
            "io::reference",
        ],
    ),
    ("io", &["text", "model", "logic", "io"]),
    ("report", &["text", "model", "logic", "report"]),
    (
        "entry",
        &["text", "model", "logic", "io", "report", "entry"],
    ),
];

/// The layers that are pure, and what is not.
const PURE: [&str; 4] = ["text", "model", "logic", "report"];
const WORLD: [&str; 22] = [
    "tokio",
    "tokio_rustls",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "rustls",
    "rustls_native_certs",
    "rcgen",
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
];

#[test]
fn every_file_keeps_to_its_layer() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut files = 0;
    for entry in WalkDir::new(&src) {
        let entry = entry.unwrap();
        let below = entry.path().strip_prefix(&src).unwrap();
        if below.extension().is_some_and(|it| it == "rs") {
            let module = module_of(below);
            let text = fs::read_to_string(entry.path()).unwrap();
            wrong.extend(departures(&module, &text));
            files += 1;
        }
    }
    assert!(files > 20, "only {files} files were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_departs_is_seen() {
    for (module, code, departure) in [
        (
            "text::place",
            "use crate::model::message;",
            "model::message",
        ),
        (
            "model::x",
            "fn f() -> crate::logic::verdict::Role {}",
            "logic::verdict::Role",
        ),
        ("logic::x", "use crate::{model::y, io::net};", "io::net"),
        (
            "logic::judge::x",
            "use super::super::super::report::list;",
            "report::list",
        ),
        (
            "logic::x",
            "use std::{collections::BTreeMap, fs};",
            "std::fs",
        ),
        (
            "logic::x",
            "use std::time::{Duration, Instant as Now};",
            "std::time::Instant",
        ),
        ("logic::x", "use std::time;", "std::time"),
        (
            "logic::x",
            "let x = r#\"\"#; std::env::var(x)",
            "std::env::var",
        ),
        (
            "logic::x",
            "fn f<'a>(c: &'a char) -> bool { '\"' == *c }\nuse tokio::net;",
            "tokio::net",
        ),
        ("report::x", "use crate::io::store;", "io::store"),
        ("report::x", "/* /* */ */ use ::std::fs::*;", "std::fs"),
        ("io::net", "use crate::report::list;", "report::list"),
        (
            "io::reference::x",
            "use crate::logic::verdict;",
            "logic::verdict",
        ),
        (
            "io::reference",
            "use super::player::Player;",
            "io::player::Player",
        ),
        (
            "io::reference::x",
            "use crate::model::{message, scenario};",
            "model::scenario",
        ),
        ("io::reference::x", "use crate::model;", "model"),
        ("elsewhere", "use crate::text;", "no layer"),
    ] {
        let found = departures(module, code).join("\n");
        assert!(found.contains(departure), "{module}: {code}: {found}");
    }
}

#[test]
fn what_keeps_to_it_is_let_through() {
    for (module, code) in [
        (
            "text::place",
            "use super::diagnostic::Diagnostic; mod tests { use super::*; }",
        ),
        (
            "logic::x",
            "// use crate::io;\n/// [`crate::entry`]\nconst A: &str = \"std::fs crate::io\";",
        ),
        (
            "logic::x",
            "use std::time::Duration; use crate::{text::place, model}; pub(crate) fn f() {}",
        ),
        (
            "logic::judge",
            "mod x; use self::x::y; let tokio_like = '\\''; \"\\\"std::fs\";",
        ),
        (
            "io::store",
            "use std::fs; use crate::logic::verdict; use tokio::net;",
        ),
        (
            "io::reference::x",
            "use crate::model::message::{Headers, Request}; use super::y;",
        ),
        ("entry::run", "use crate::io::player; use std::env;"),
    ] {
        assert_eq!(departures(module, code), Vec::<String>::new());
    }
}

/// `logic/judge/mod.rs` is `logic::judge`.
fn module_of(path: &Path) -> String {
    let path = path.with_extension("");
    let parts: Vec<_> = path.iter().map(|it| it.to_string_lossy()).collect();
    let parts = match parts.split_last() {
        Some((last, rest)) if last == "mod" => rest,
        _ => &parts,
    };
    parts.join("::")
}

/// What a module names and may not, a line each.
fn departures(module: &str, text: &str) -> Vec<String> {
    if module == "lib" || module == "main" {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| is_below(module, layer)) else {
        return vec![format!("{module} belongs to no layer")];
    };
    let pure = PURE.iter().any(|layer| is_below(module, layer));
    let named_wrongly = |path: &String| match resolved(module, path) {
        Some(named) => {
            let of_a_layer = LAYERS.iter().any(|(layer, _)| is_below(&named, layer));
            of_a_layer && !allowed.iter().any(|it| is_below(&named, it))
        }
        // The whole of `std::time` would let its clocks in by the back door.
        None => pure && (path == "std::time" || WORLD.iter().any(|it| is_below(path, it))),
    };
    paths(&code_of(text))
        .into_iter()
        .filter(named_wrongly)
        .map(|path| format!("{module} names {}", resolved(module, &path).unwrap_or(path)))
        .collect()
}

fn is_below(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The path from the root of this crate, where it is one into this crate.
fn resolved(module: &str, path: &str) -> Option<String> {
    if let Some(path) = path.strip_prefix("crate::") {
        return Some(path.to_owned());
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

/// Every path in code, groups of `use` lines taken apart.
fn paths(code: &str) -> Vec<String> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_word(&tokens[at]) && tokens[at] != "use" {
            at = path(&tokens, at, "", &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads the path that begins at a token; gives the token after it.
fn path(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => return group(tokens, at + 1, &path, found),
            Some(word) if is_word(word) => {
                let colons = if path.is_empty() { "" } else { "::" };
                path = format!("{path}{colons}{word}");
                at += 1;
            }
            _ => break,
        }
        if tokens.get(at).is_none_or(|it| it != "::") {
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

fn group(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "}" => return at + 1,
            word if is_word(word) => at = path(tokens, at, prefix, found),
            _ => at += 1,
        }
    }
    at
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = code;
    while let Some(next) = rest.chars().next() {
        let length = if next.is_alphanumeric() || next == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            next.len_utf8()
        };
        if !next.is_whitespace() {
            tokens.push(rest[..length].to_owned());
        }
        rest = &rest[length..];
    }
    tokens
}

/// The text without its comments, and with its strings and characters empty.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if next == '"' {
            string(rest)
        } else if let Some(length) = raw_string(rest, &code) {
            length
        } else if let Some(length) = character(rest) {
            length
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str, before: &str) -> Option<usize> {
    if before.ends_with(|c: char| c.is_alphanumeric() && c != 'b' || c == '_') {
        return None;
    }
    let hashes = text.strip_prefix('r')?;
    let body = hashes.trim_start_matches('#');
    let count = hashes.len() - body.len();
    let body = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(count));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(2 + count + length)
}

/// A character in quotes, as opposed to a lifetime.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    if let Some(escape) = body.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return Some(2 + first + escape[first..].find('\'')? + 1);
    }
    let first = body.chars().next()?.len_utf8();
    body[first..].starts_with('\'').then_some(first + 2)
}
