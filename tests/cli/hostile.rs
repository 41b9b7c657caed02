//! Text of a hostile service, in answers and in names of files: it steers neither the terminal nor the runner of a CI
//! job, and reports stay valid in their format.

use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;

use confcall_test_support::http::{party, read};
use serde_json::Value;

use super::command;

/// Lines that a runner takes for commands, controls of terminals, and characters that XML does not have.
const HOSTILE: [&str; 8] = [
    "::stop-commands::hostile",
    " \u{a0}\t::error title=x::hostile",
    "before ##[error]hostile",
    "before ##vso[task.complete]hostile",
    "\r::add-mask::hostile",
    "\u{1b}[2Jhostile\u{7}\u{8}\u{7f}\0\u{9b}1m",
    "\u{202e}hostile\u{2066}\u{200f}",
    "\u{fffe}\u{ffff}]]>hostile",
];

/// A service that answers everything with the texts.
fn service() -> String {
    let text = HOSTILE.join("\n");
    let answer = |status: &str, kind: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let error =
        serde_json::json!({"error": {"code": text, "message": text}, "state": text}).to_string();
    let answers = [
        answer("400 \u{1b}[2J", "text/plain; charset=utf-8", &text),
        answer("500 Wrong", "application/json", &error),
        answer("200 OK", "application/json", &error),
    ];
    let served = std::sync::atomic::AtomicUsize::new(0);
    party("127.0.0.1:0", move |stream: TcpStream| {
        let mut stream = BufReader::new(stream);
        while read(&mut stream)?.is_some() {
            let number = served.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            stream
                .get_mut()
                .write_all(answers[number % answers.len()].as_bytes())?;
        }
        Ok(())
    })
}

/// True for characters that a terminal obeys.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_annotation(line: &str) -> bool {
    let titles = ["service ", "bot ", "confcall::"];
    let mut kinds = ["::error ", "::warning "].iter();
    let Some(properties) = kinds.find_map(|it| line.strip_prefix(it)) else {
        return false;
    };
    // A comma in the name of a file is encoded.
    let file = properties.strip_prefix("file=");
    let properties = file.map_or(properties, |it| {
        it.split_once(",line=1,").map_or("", |it| it.1)
    });
    let mut titles = titles.iter().map(|it| format!("title={it}"));
    titles.any(|it| properties.starts_with(&it))
}

#[track_caller]
fn check(printed: &str, is_github: bool) {
    let found = printed.chars().find(|c| steers(*c));
    assert_eq!(found, None, "{printed:?}");
    for line in printed.lines() {
        let start = line.trim_start();
        let is_own = is_github && is_annotation(start);
        assert!(is_own || !start.starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
    }
}

#[test]
fn hostile_answers_steer_nothing() {
    let service = format!("http://{}", service());
    let folder = tempfile::tempdir().unwrap();
    for variable in ["GITHUB_ACTIONS", "TF_BUILD"] {
        let mut command = command(&[
            "run",
            "--service",
            &service,
            "--operation",
            "get,mute,invite",
            "--given",
            "assume",
            "--deadline",
            "300ms",
            "--report",
            "junit=report.xml",
            "--report",
            "json=report.json",
            "--report",
            "html=report.html",
        ]);
        command
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITHUB_STEP_SUMMARY")
            .env_remove("TF_BUILD")
            .env(variable, "true");
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(printed.contains("hostile"), "{printed}");
        check(&printed, variable == "GITHUB_ACTIONS");
        let is_annotated = printed.lines().any(is_annotation);
        assert_eq!(is_annotated, variable == "GITHUB_ACTIONS", "{printed}");
        let xml = fs::read_to_string(folder.path().join("report.xml")).unwrap();
        let is_of_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(xml.chars().all(is_of_xml), "{xml:?}");
        assert!(xml.contains("hostile") && !xml.contains("]]>"), "{xml}");
        let json = fs::read(folder.path().join("report.json")).unwrap();
        serde_json::from_slice::<Value>(&json).unwrap();
        fs::read_to_string(folder.path().join("report.html")).unwrap();
    }
}

/// Names of files come from others too: from an archive, or from a branch.
#[cfg(unix)]
#[test]
fn hostile_names_of_files_steer_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = |extension: &str| format!("\u{1b}[2J\u{202e}a\n::error::b\u{7}##[c].{extension}");
    let cassette = "{\"version\":1,\"directions\":[\"request\"]}\n{\"number\":1,\"direction\":\"request\",\"at_ms\":0,\
        \"took_ms\":1,\"request\":{\"method\":\"GET\",\"target\":\"/v1.0/communications/calls/1\",\"headers\":[]},\
        \"response\":{\"status\":200,\"headers\":[],\"body\":{\"json\":{\"id\":5}}}}\n";
    for (extension, text) in [
        ("jsonl", cassette),
        ("har", "{"),
        ("json", "{"),
        ("md", "```http\nGET https://x/\n```\n"),
    ] {
        fs::write(folder.path().join(name(extension)), text).unwrap();
    }
    for arguments in [
        &["check", &name("jsonl")][..],
        &["show", &name("jsonl")],
        &["check", &name("har")],
        &["replay", &name("har")],
        &["check", &name("none")],
        &["extract", &name("md"), "--inventory"],
        &["list", "--scenarios", "."],
    ] {
        let mut command = command(arguments);
        command.env_remove("TF_BUILD").env("GITHUB_ACTIONS", "true");
        let output = command.current_dir(folder.path()).output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!printed.is_empty(), "{arguments:?}");
        check(&printed, true);
    }
}
