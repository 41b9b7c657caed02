//! `confcall lint`: what fails, what is left out, and the forms of the report.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::{command, refused, stdout};

const PAGE: &str = "\
# call: mute

## Response

Returns `200 OK`.

## Example

```http
POST https://graph.microsoft.com/v1.0/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896/mute
Content-Type: application/json

{\"clientContext\": \"c1\"}
```

```http
HTTP/1.1 202 Accepted
```
";

fn lint(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(&[&["lint"], arguments].concat());
    command.env_remove("GITHUB_ACTIONS");
    command.current_dir(folder).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("docs/call-mute.md"), PAGE).unwrap();
    folder
}

const FOUND: &str = "docs/call-mute.md\n    17  warning  the example answers 202, but the prose promises 200, see line 5  status-differs\n";

#[test]
fn the_level_that_fails_is_chosen() {
    let folder = folder();
    for (level, exit) in [("error", 0), ("warning", 1), ("note", 1), ("never", 0)] {
        let output = lint(folder.path(), &["docs", "--fail-on", level]);
        assert_eq!(output.status.code(), Some(exit), "{level}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(FOUND), "{text}");
    }
    let broken = PAGE.replace("\"c1\"}", "\"c1\",}");
    fs::write(folder.path().join("docs/call-mute.md"), broken).unwrap();
    assert_eq!(lint(folder.path(), &["docs"]).status.code(), Some(1));
}

#[test]
fn ids_are_left_out_by_name() {
    let folder = folder();
    let output = lint(folder.path(), &["docs", "--allow", "status-differs,head"]);
    assert_eq!(stdout(&output), "0 errors, 0 warnings, 0 notes in 1 page\n");
    let error = refused(&lint(folder.path(), &["docs", "--allow", "status-differ"]));
    assert!(error.contains("did you mean `status-differs`?"), "{error}");
}

#[test]
fn a_baseline_holds_when_lines_move_and_says_what_is_gone() {
    let folder = folder();
    let page = folder.path().join("docs/call-mute.md");
    let written = lint(folder.path(), &["docs", "--write-baseline", "known.json"]);
    assert_eq!(stdout(&written), "wrote known.json: 1 remark\n");
    fs::write(&page, PAGE.replace("## Response", "Text.\n\n## Response")).unwrap();
    let known = ["docs", "--baseline", "known.json", "--fail-on", "note"];
    let output = lint(folder.path(), &known);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(stdout(&output), "0 errors, 0 warnings, 0 notes in 1 page\n");

    fs::write(&page, PAGE.replace("202 Accepted", "200 OK")).unwrap();
    let output = lint(folder.path(), &known);
    assert!(
        stdout(&output)
            .starts_with("docs/call-mute.md: no longer found, so remove it from the baseline: "),
        "{}",
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(0));

    fs::write(folder.path().join("known.json"), "{}").unwrap();
    assert!(refused(&lint(folder.path(), &known)).contains("is not a baseline"));
    let gone = ["docs", "--baseline", "gone.json"];
    assert!(refused(&lint(folder.path(), &gone)).contains("gone.json: cannot be read"));
}

#[test]
fn reports_have_four_forms() {
    let folder = folder();
    let json = lint(folder.path(), &["docs", "--format", "json"]);
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["command"], "lint");
    assert_eq!(json["summary"]["warnings"], 1);
    assert_eq!(json["remarks"][0]["id"], "status-differs");
    assert_eq!(json["remarks"][0]["other"]["line"], 5);

    let markdown = stdout(&lint(folder.path(), &["docs", "--format", "markdown"]));
    assert!(markdown.starts_with("## `docs/call-mute.md`\n\n- **warning** `status-differs`: "));

    let arguments = ["docs", "--format", "sarif", "--out", "lint.sarif"];
    assert_eq!(stdout(&lint(folder.path(), &arguments)), "");
    let sarif = fs::read_to_string(folder.path().join("lint.sarif")).unwrap();
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "status-differs");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "docs/call-mute.md");
    assert_eq!(place["region"]["startLine"], 17);
}

#[test]
fn findings_are_annotations_on_github() {
    let folder = folder();
    let mut command = command(&["lint", "docs"]);
    command.env("GITHUB_ACTIONS", "true");
    command.env("GITHUB_WORKSPACE", folder.path());
    let output = command.current_dir(folder.path()).output().unwrap();
    let annotation =
        "::warning file=docs/call-mute.md,line=17,title=status-differs::the example answers 202";
    assert!(stdout(&output).contains(annotation), "{}", stdout(&output));
}

#[test]
fn annotations_are_no_part_of_a_report() {
    let folder = folder();
    for format in ["json", "sarif", "markdown", "html"] {
        let mut command = command(&["lint", "docs", "--format", format]);
        command.env("GITHUB_ACTIONS", "true");
        let output = command.current_dir(folder.path()).output().unwrap();
        let on_github = String::from_utf8(output.stdout).unwrap();
        let elsewhere = stdout(&lint(folder.path(), &["docs", "--format", format]));
        assert_eq!(on_github, elsewhere, "{format}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with("::warning "), "{format}: {error}");
    }
}

#[test]
fn a_baseline_is_written_without_a_report() {
    let folder = folder();
    for option in [["--format", "json"], ["--out", "lint.json"]] {
        let arguments = ["docs", "--write-baseline", "known.json"];
        let error = refused(&lint(folder.path(), &[&arguments[..], &option].concat()));
        assert!(error.contains("cannot be used with"), "{error}");
    }
    assert!(!folder.path().join("known.json").exists());
}

#[test]
fn pages_that_cannot_be_read_are_named() {
    let folder = folder();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let error = refused(&lint(folder.path(), &["empty"]));
    assert!(error.contains("the folder has no pages"), "{error}");
    fs::write(folder.path().join("docs/latin.md"), b"# caf\xe9\n").unwrap();
    let error = refused(&lint(folder.path(), &["docs"]));
    assert!(error.contains("docs/latin.md:1:6: "), "{error}");
}
