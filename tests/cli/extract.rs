//! `confcall extract`: what it reads, writes, passes over and refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use walkdir::WalkDir;

use super::{command, confcall, refused, stderr, stdout};

#[test]
fn pages_that_are_not_there_are_reported() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    assert!(refused(&confcall(&["extract", folder])).contains("the folder has no pages"));
    let gone = empty.path().join("gone.md");
    let error = refused(&confcall(&["extract", gone.to_str().unwrap()]));
    let cause = std::fs::read(&gone).unwrap_err();
    assert!(
        error.contains(&format!("gone.md: cannot be read: {cause}")),
        "{error}"
    );
    assert_eq!(error.matches("gone.md").count(), 1, "{error}");
}

const PAGE: &str = "\
---
ms.contentlocale: pt-BR
ms.lasthandoff: 02/11/2021
---
# Answer

## Example 1: Answer a call

```http
POST https://graph.microsoft.com/beta/app/calls/57dab8b1-894c-409a-b240-bd8beae78896/answer
Content-Type: application/json

{\"acceptedModalities\": [\"audio\"],}
```

```http
HTTP/1.1 202 Accepted
```
";

#[test]
fn what_is_extracted_can_be_played() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("docs/pt-BR")).unwrap();
    fs::write(folder.path().join("docs/pt-BR/call-answer.md"), PAGE).unwrap();
    let extract = |arguments: &[&str]| {
        let mut command = command(&[&["extract"], arguments].concat());
        command.current_dir(folder.path()).output().unwrap()
    };
    let output = extract(&["docs", "--out", "scenarios"]);
    let id = "call-answer/beta@2021-02/answer-a-call";
    assert_eq!(stdout(&output), format!("wrote scenarios/{id}.json\n"));
    let warned = stderr(&output);
    assert!(
        warned.starts_with("warning: docs/pt-BR/call-answer.md:13: ")
            && warned.contains("(repaired-json)"),
        "{warned}"
    );
    let path = folder.path().join("scenarios");
    let listed = stdout(&confcall(&["list", "--scenarios", path.to_str().unwrap()]));
    assert!(listed.starts_with(id), "{listed}");
    let file = fs::read_to_string(path.join(format!("{id}.json"))).unwrap();
    let script: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(script["source"], "pt-BR/call-answer.md");
    assert_eq!(script["$schema"], "../../../schemas/scenario.schema.json");

    let inventory = stdout(&extract(&["docs", "--inventory", "--format", "json"]));
    let rows: Vec<Value> = inventory
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(
        rows[0],
        json!({"file": "docs/pt-BR/call-answer.md", "line": 9, "kind": "request", "method": "POST",
            "target": "https://graph.microsoft.com/beta/app/calls/57dab8b1-894c-409a-b240-bd8beae78896/answer",
            "scenarios": [id]})
    );
    assert_eq!((rows.len(), &rows[1]["status"]), (2, &json!(202)));
    assert!(stdout(&extract(&["docs"])).ends_with("\n1 scenario, 1 finding, 1 page\n"));
}

#[test]
fn pages_that_cannot_all_be_extracted_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, word) in [("a", "audio"), ("b", "video")] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let page = PAGE.replace("audio", word);
        fs::write(folder.path().join(name).join("p.md"), page).unwrap();
    }
    let error = refused(&confcall(&["extract", folder.path().to_str().unwrap()]));
    assert!(
        error.contains("b/p.md: the scenario `p/beta@2021-02/answer-a-call` is also made from"),
        "{error}"
    );

    // An account of the code blocks writes no files.
    let inventory = ["extract", folder.path().to_str().unwrap(), "--inventory"];
    assert_eq!(confcall(&inventory).status.code(), Some(0));

    fs::write(folder.path().join("b/p.md"), b"# h\xe9\n").unwrap();
    fs::write(folder.path().join("b/q.md"), b"# h\xe9\n").unwrap();
    let out = folder.path().join("out");
    let arguments = [
        "extract",
        folder.path().to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let error = refused(&confcall(&arguments));
    assert!(
        error.contains("b/p.md:1:4: ") && error.contains("b/q.md:1:4: "),
        "{error}"
    );
    assert!(!out.exists());
}

#[test]
fn a_folder_that_takes_no_files_is_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("p.md");
    fs::write(&page, PAGE).unwrap();
    let output = confcall(&[
        "extract",
        page.to_str().unwrap(),
        "--out",
        page.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("p.md: a file, but scenarios are written to a folder\n  = help: "),
        "{}",
        stderr(&output)
    );
}

/// A folder with the page `p.md`, and a way to extract inside of it.
fn with_page() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.md"), PAGE).unwrap();
    folder
}

fn extract_in(folder: &tempfile::TempDir, arguments: &[&str]) -> std::process::Output {
    let mut command = command(&[&["extract"], arguments].concat());
    command.current_dir(folder.path()).output().unwrap()
}

#[test]
fn two_spellings_of_a_page_are_one() {
    let folder = with_page();
    fs::create_dir(folder.path().join("b")).unwrap();
    let message = stdout(&extract_in(&folder, &["p.md", "./p.md", "b/../p.md"]));
    assert!(
        message.ends_with("1 scenario, 1 finding, 1 page\n"),
        "{message}"
    );
}

#[test]
fn pages_without_conversations_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.md"), "# Nothing\n").unwrap();
    for arguments in [&["p.md"][..], &["p.md", "--out", "out"]] {
        let output = extract_in(&folder, arguments);
        assert_eq!(output.status.code(), Some(0));
        let message = stderr(&output);
        assert!(
            message.contains("warning: these pages have no conversation"),
            "{message}"
        );
    }
}

#[test]
fn what_is_extracted_again_replaces_itself_and_nothing_else() {
    let folder = with_page();
    let file = folder.path().join("out/p/beta@2021-02/answer-a-call.json");
    for _ in 0..2 {
        let message = stdout(&extract_in(&folder, &["p.md", "--out", "out"]));
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    // A scenario that makes no sense any more is one all the same.
    let unsound = fs::read_to_string(&file).unwrap().replace("202", "999");
    fs::write(&file, unsound).unwrap();
    stdout(&extract_in(&folder, &["p.md", "--out", "out"]));

    fs::write(&file, "{\"mine\": true}").unwrap();
    let output = extract_in(&folder, &["p.md", "--out", "out"]);
    assert_eq!(output.status.code(), Some(3));
    let message = stderr(&output);
    let refusal =
        "answer-a-call.json: not a scenario file, so confcall does not overwrite it\n  = help: ";
    assert!(message.contains(refusal), "{message}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"mine\": true}");
}

#[cfg(unix)]
#[test]
fn links_that_are_no_pages_stop_nothing() {
    use std::os::unix::fs::symlink;
    let folder = with_page();
    symlink(".", folder.path().join("loop")).unwrap();
    symlink("gone", folder.path().join("dangling")).unwrap();
    let output = extract_in(&folder, &["."]);
    assert!(stdout(&output).ends_with("1 scenario, 1 finding, 1 page\n"));
    let message = stderr(&output);
    assert!(
        message.contains("warning: ./loop: skipped, because the link leads to a parent folder"),
        "{message}"
    );

    symlink("gone.md", folder.path().join("q.md")).unwrap();
    let message = refused(&extract_in(&folder, &["."]));
    assert!(
        message.contains("q.md: the target of the link does not exist\n  = help: "),
        "{message}"
    );
    let message = refused(&extract_in(&folder, &["/dev/null"]));
    assert!(
        message.contains("/dev/null: not a regular file\n  = help: "),
        "{message}"
    );
}

const OPERATION: &str = "\
# Mute

## HTTP request

```http
POST /communications/calls/{id}/mute
```

## Request body

| Parameter | Type | Description |
|-----------|------|-------------|
| clientContext | String | At most 256 characters. |

## Response

`200 OK`
";

#[test]
fn a_contract_is_written_and_names_the_edition_given() {
    let folder = tempfile::tempdir().unwrap();
    for locale in ["en-US", "pt-BR"] {
        let below = folder.path().join("docs/v1.0").join(locale);
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("call-mute.md"), OPERATION).unwrap();
    }
    let extract = |arguments: &[&str]| {
        let mut command = command(&[&["extract", "docs"], arguments].concat());
        command.current_dir(folder.path()).output().unwrap()
    };
    let output = extract(&["--contract", "contract.json", "--edition", "2020-05"]);
    assert_eq!(
        stdout(&output),
        "wrote contract.json: 1 operation, 0 resource types, 0 findings\n"
    );
    let file = fs::read_to_string(folder.path().join("contract.json")).unwrap();
    let contract: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(contract["$schema"], "schemas/contract.schema.json");
    let operation = &contract["operations"][0];
    assert_eq!(operation["parameters"][0]["max_length"], 256);
    let pt = &operation["sources"][1];
    assert_eq!(pt["file"], "v1.0/pt-BR/call-mute.md");
    assert_eq!(
        (&pt["edition"], &pt["line"]),
        (&json!("2020-05"), &json!(5))
    );

    for edition in ["2020", "2020-13"] {
        let arguments = ["--contract", "contract.json", "--edition", edition];
        let error = refused(&extract(&arguments));
        assert!(
            error.contains("expected an edition: a year and a month"),
            "{error}"
        );
    }
}

/// The folders of the published pages, where `CONFCALL_PAGES` names the one around them.
const PUBLISHED: [&str; 4] = ["calling", "pt-BR", "ru-RU", "zh-CN"];

/// The text of each scenario below a folder that judges both parties, by its path. People write only scenarios that
/// judge one.
fn extracted(folder: &Path) -> BTreeMap<String, String> {
    let files = WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = files.filter(|it| it.file_type().is_file());
    let texts = files.map(|it| {
        let below = it
            .path()
            .strip_prefix(folder)
            .unwrap()
            .display()
            .to_string();
        (below, fs::read_to_string(it.path()).unwrap())
    });
    let is_written =
        |text: &str| serde_json::from_str::<Value>(text).unwrap()["judges"].is_string();
    texts.filter(|(_, text)| !is_written(text)).collect()
}

/// The command of CONTRIBUTING.md.
#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn the_shipped_scenarios_are_what_the_pages_say() {
    let pages = std::env::var_os("CONFCALL_PAGES").expect("CONFCALL_PAGES names the folder");
    let folder = tempfile::tempdir().unwrap();
    let mut extract = command(&["extract", "--edition", "2020-05", "--out", "scenarios"]);
    extract.args(PUBLISHED.map(|it| Path::new(&pages).join(it)));
    let output = extract.current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = extracted(&folder.path().join("scenarios"));
    let shipped = extracted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"));
    assert!(shipped.keys().eq(expected.keys()));
    for (path, text) in shipped {
        assert_eq!(text, expected[&path], "{path}");
    }
}
