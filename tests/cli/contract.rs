//! `--contract`: judging by a contract of one's own.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::command;

/// A contract with one operation that the built-in one does not have.
fn contract() -> Value {
    json!({"version": 1, "types": [], "operations": [{
        "page": "call-hum", "api": "v1.0", "method": "POST",
        "paths": ["/communications/calls/{id}/hum"],
        "parameters": [
            {"name": "tune", "kind": "string", "words": ["low", "high"], "lines": [3]},
            {"name": "clientContext", "kind": "string", "lines": [4]}],
        "answers": [{"status": 202, "from": "prose"}],
        "sources": [{"file": "call-hum.md", "line": 1, "edition": "2023-02", "locale": "ru-RU"}]}]})
}

/// A recorded request for it, with this body.
fn recorded(body: &Value) -> String {
    let header = json!({"version": 1, "directions": ["request"]});
    let fields = json!([
        ["Authorization", "Bearer redacted-secret-0123456789ab"],
        ["Content-Type", "application/json"]
    ]);
    let exchange = json!({"number": 1, "direction": "request", "at_ms": 0, "took_ms": 1,
        "request": {"method": "POST", "target": "/v1.0/communications/calls/1/hum", "headers": fields,
            "body": {"json": body}},
        "response": {"status": 202, "headers": []}});
    format!("{header}\n{exchange}\n")
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The exit code, and what is printed.
fn check(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let arguments = [&["check", "tape.jsonl"], arguments].concat();
    let output = command(&arguments).current_dir(folder).output().unwrap();
    let message = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(message).unwrap())
}

#[test]
fn a_recording_is_judged_by_a_contract_of_ones_own() {
    let own = ["--contract", "contract.json"];
    let text = contract().to_string();
    let row = "[[operation]]\nname = \"humTune\"\nrequest = \"POST calls/{call}/hum\"\npages = [\"call-hum\"]\n\
        required = [\"tune\"]\n";
    for (body, table, code, expected) in [
        (json!({"tune": "low"}), None, 0, "2 passed"),
        (json!({"tune": "loud"}), None, 1, "bot tape.jsonl/hum"),
        (json!({}), None, 0, "2 passed"),
        (json!({}), Some(row), 1, "bot tape.jsonl/humTune"),
    ] {
        let tape = recorded(&body);
        let mut files = vec![
            ("contract.json", text.as_str()),
            ("tape.jsonl", tape.as_str()),
        ];
        files.extend(table.map(|table| ("operations.toml", table)));
        let folder = folder(&files);
        let (actual, message) = check(folder.path(), &own);
        assert_eq!(actual, Some(code), "{body}: {message}");
        assert!(message.contains(expected), "{body}: {message}");
        let (_, message) = check(folder.path(), &[]);
        assert!(message.contains("outside of the contract"), "{message}");
    }
}

#[test]
fn a_recording_shows_scenarios_of_ones_own() {
    let of_person = |text: &str| text.replace("/hum", "/participants/{id}/hum");
    let contract = of_person(&contract().to_string());
    let tape = recorded(&json!({"tune": "low"})).replace("/hum", "/participants/7/hum");
    let scenario = json!({"version": 1, "source": "call-hum.md", "given": ["call", "participant"],
        "locales": [{"locale": "ru-RU", "file": "call-hum.md", "lines": [1, 2]}],
        "variables": {
            "call": {"kind": "call", "value": "{id}"},
            "participant": {"kind": "participant", "value": "{id}"}},
        "steps": [
            {"request": {"line": 1, "method": "POST", "body": {"tune": "low"},
                "target": "/v1.0/communications/calls/{call}/participants/{participant}/hum"}},
            {"response": {"line": 2, "status": 202}}]});
    let folder = folder(&[("contract.json", &contract), ("tape.jsonl", &tape)]);
    let scenarios = folder.path().join("own/call-hum/v1.0@2023-02");
    fs::create_dir_all(&scenarios).unwrap();
    for (tune, shown) in [("low", 1), ("high", 0)] {
        let scenario = scenario.to_string().replace("low", tune);
        fs::write(scenarios.join("call-hum.json"), scenario).unwrap();
        let own = ["--contract", "contract.json", "--scenarios", "own"];
        let (code, message) = check(folder.path(), &own);
        assert_eq!(code, Some(0), "{message}");
        let shown = format!("shows {shown} of 1 scenarios");
        assert!(message.contains(&shown), "{message}");
    }
}

#[test]
fn a_broken_contract_is_an_error_with_its_place() {
    let good = contract().to_string();
    let row = |name: &str, page: &str| {
        format!(
            "[[operation]]\nname = \"{name}\"\nrequest = \"POST calls/{{call}}/hum\"\npages = [\"{page}\"]\n"
        )
    };
    let misspelt = row("hum", "call-hum") + "required = [\"tume\"]\n";
    let far = row("hum", "call-hum")
        + "limits = [{ at = \"/tunes\", most = 1, requirement = \"prompts.limit\" }]\n";
    let untyped = row("hum", "call-hum") + "answer = \"humOperaton\"\n";
    let twice = row("hum", "call-hum").repeat(2);
    let cycles = "[call]\nend = \"over\"\nnext.over = [\"begun\"]\n[operation]\nend = \"over\"\nnext.over = []\n[session]\nend = \"over\"\nnext.over = []\n";
    for (contract, name, table, place) in [
        (
            "{\n \"version\": 1,\n \"operation\": []}",
            "",
            "",
            "contract.json:3:",
        ),
        (
            "{\"version\": 7, \"operations\": [], \"types\": []}",
            "",
            "",
            "contract.json:1:3: format version 7",
        ),
        (
            &good,
            "operations.toml",
            &row("hum", "call-ham"),
            "operations.toml:4:10: ",
        ),
        (&good, "operations.toml", &twice, "operations.toml:6:8: "),
        (
            &good,
            "operations.toml",
            &misspelt,
            "operations.toml:5:13: no page of `hum` has a parameter `tume`",
        ),
        (
            &good,
            "operations.toml",
            &far,
            "operations.toml:5:18: no page of `hum` has a parameter `tunes`",
        ),
        (
            &good,
            "operations.toml",
            &untyped,
            "operations.toml:5:10: no page of `hum` has a resource type `humOperaton`",
        ),
        (
            &good,
            "operations.toml",
            "[[operation]]\nnam = 1\n",
            "operations.toml:2:1: ",
        ),
        (&good, "lifecycles.toml", cycles, "lifecycles.toml:3:15: "),
        (&good, "types.toml", "[kind]\n", "types.toml:1:2: "),
    ] {
        let tape = recorded(&json!({}));
        let files = [
            ("contract.json", contract),
            ("tape.jsonl", &tape),
            (name, table),
        ];
        let files: Vec<_> = files
            .into_iter()
            .filter(|(name, _)| !name.is_empty())
            .collect();
        let folder = folder(&files);
        let (code, message) = check(folder.path(), &["--contract", "contract.json"]);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(place), "{place}: {message}");
    }
}
