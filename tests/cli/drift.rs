//! `confcall drift`: which pages it compares, what it prints, and how it ends.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{command, refused, stdout};

const PAGE: &str = "\
---
ms.contentlocale: LOCALE
ms.openlocfilehash: HASH
ms.lasthandoff: 02/11/EDITION
---
# call: wave

## HTTP request

```http
POST /communications/calls/{id}/wave
```

## Request body

| Parameter | Type | Description |
| :--- | :--- | :--- |
| hand | String | At most 256 characters. |

## Example

```http
POST https://graph.microsoft.com/API/communications/calls/{id}/wave
Content-Type: application/json

{\"hand\": \"left\"}
```

```http
HTTP/1.1 200 OK
```
";

fn page(locale: &str, hash: &str, edition: &str, api: &str) -> String {
    let page = PAGE.replace("LOCALE", locale).replace("HASH", hash);
    page.replace("EDITION", edition).replace("API", api)
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A folder with two editions, two API versions and two languages of a page.
fn pages() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let old = page("en-US", "1", "2021", "beta");
    let new = page("en-US", "2", "2022", "beta").replace("256", "128");
    put(folder.path(), "2021/call-wave.md", &old);
    put(folder.path(), "2022/call-wave.md", &new);
    put(folder.path(), "2022/gone/call-nod.md", "# nod\n");
    put(
        folder.path(),
        "ru/call-wave.md",
        &page("ru-RU", "2", "2022", "beta").replace("| hand |", "| рука |"),
    );
    put(
        folder.path(),
        "v1/call-wave.md",
        &page("en-US", "3", "2022", "v1.0"),
    );
    folder
}

fn drift(folder: &TempDir, arguments: &[&str]) -> std::process::Output {
    let mut command = command(&[&["drift"], arguments].concat());
    command.current_dir(folder.path()).output().unwrap()
}

#[test]
fn two_folders_are_compared_page_by_page() {
    let folder = pages();
    let output = drift(&folder, &["2021", "2022", "--fail-on", "breaking"]);
    // The exit is that of a breaking change.
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        text.starts_with(
            "1 page: two texts (another ms.openlocfilehash), so differences are changes\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("2022/gone/call-nod.md: the page is added"),
        "{text}"
    );
    let change = "number about `hand`: `256` becomes `128` (breaks a bot), see 2021/call-wave.md:18  limit-tightened";
    assert!(text.contains(change), "{text}");
    assert_eq!(output.status.code(), Some(1));

    let allowed = [
        "2021",
        "2022",
        "--fail-on",
        "any",
        "--allow",
        "limit-tightened",
    ];
    assert_eq!(drift(&folder, &allowed).status.code(), Some(0));
    assert_eq!(drift(&folder, &["2021", "2022"]).status.code(), Some(0));
    let never = ["2021", "2022", "--fail-on", "never"];
    assert_eq!(drift(&folder, &never).status.code(), Some(0));
}

#[test]
fn one_folder_has_two_sides() {
    let folder = pages();
    for (arguments, message) in [
        (
            &[
                "--edition",
                "2021-02,2022-02",
                "--locale",
                "en-US",
                "--api",
                "beta",
            ][..],
            "limit-tightened",
        ),
        (
            &["--api", "beta,v1.0", "--locale", "en-US"],
            "limit-relaxed",
        ),
        (
            &["--locale", "en-US,ru-RU", "--api", "beta"],
            "name-translated",
        ),
    ] {
        let text = stdout(&drift(&folder, &[&["."], arguments].concat()));
        assert!(text.contains(message), "{arguments:?}: {text}");
    }
    let error = refused(&drift(&folder, &["."]));
    assert!(
        error.contains("there is only one side to compare"),
        "{error}"
    );
    let error = refused(&drift(&folder, &[".", "--api", "a,b,c"]));
    assert!(
        error.contains("`--api` has more than two values"),
        "{error}"
    );
}

#[test]
fn two_sides_have_different_pages() {
    let folder = pages();
    for arguments in [
        ["2021/call-wave.md", "./2021/call-wave.md"],
        ["2021", "2022/../2021"],
        [".", "--locale=en-US,en-US"],
        ["2021", "--edition=2021-03,2021-04"],
    ] {
        let error = refused(&drift(&folder, &arguments));
        assert!(error.contains("both sides have the same pages"), "{error}");
        assert!(error.contains("give a second page or folder"), "{error}");
    }
    let error = refused(&drift(&folder, &[".", "--locale", "fr-FR,de-DE"]));
    assert!(error.contains("no page has the edition"), "{error}");
}

#[test]
fn one_commit_in_two_api_versions_is_two_texts() {
    let folder = tempfile::tempdir().unwrap();
    for api in ["beta", "v1.0"] {
        let text = page("en-US", "1", "2022", api);
        let text = text.replace("ms.openlocfilehash: 1", "ms.sourcegitcommit: 1");
        put(folder.path(), &format!("{api}/call-wave.md"), &text);
    }
    let text = stdout(&drift(&folder, &["beta", "v1.0"]));
    let relation = "1 page: two texts (another API version), so differences are changes\n";
    assert!(text.starts_with(relation), "{text}");
}

#[test]
#[cfg(unix)]
fn a_skipped_file_is_named_once() {
    let folder = pages();
    std::os::unix::fs::symlink("..", folder.path().join("2021/loop")).unwrap();
    let output = drift(&folder, &[".", "--edition", "2021-02,2022-02"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error.matches("skipped").count(), 1, "{error}");
}

#[test]
fn reports_are_those_of_lint() {
    let folder = pages();
    let read = |format: &str| stdout(&drift(&folder, &["2021", "2022", "--format", format]));
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    let change = &json["remarks"][0];
    assert_eq!(json["command"], "drift");
    assert_eq!(
        (&change["id"], &change["kind"]),
        (&"limit-tightened".into(), &"change".into())
    );
    assert_eq!(
        (&change["breaks"], &change["line"]),
        (&"bot".into(), &18.into())
    );
    assert_eq!(change["other"]["page"], "2021/call-wave.md");
    let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "limit-tightened");
    assert!(read("markdown").contains("**breaks a bot, error** `limit-tightened`"));
    let html = read("html");
    assert!(
        html.contains("<span class=\"badge\">breaks a bot</span>"),
        "{html}"
    );
    let row = "<tr class=\"changed\"><th scope=\"row\">number about `hand` <small>breaks a bot</small></th>\
        <td>256 <small>18</small></td><td>128 <small>18</small></td></tr>";
    assert!(html.contains(row), "{html}");
}

#[test]
fn a_change_touches_what_has_its_operation_message_or_property() {
    let folder = tempfile::tempdir().unwrap();
    let mute = |hash, status| {
        let page = page("en-US", hash, "2022", "beta");
        page.replace("/wave", "/mute").replace("200 OK", status)
    };
    put(folder.path(), "1/call-mute.md", &mute("1", "200 OK"));
    put(folder.path(), "2/call-mute.md", &mute("2", "202 Accepted"));
    let known =
        "[[known]]\nscenario = \"call-mute/*\"\nrule = \"response.status\"\nreason = \"not yet\"\n";
    put(folder.path(), "confcall.toml", known);
    let har = r#"{"log": {"version": "1.2", "creator": {"name": "a", "version": "1"}, "entries": [{
        "startedDateTime": "2026-01-01T00:00:00Z", "time": 1, "cache": {}, "timings": {},
        "request": {"method": "POST", "url": "http://s.example/beta/communications/calls/1/mute", "httpVersion": "HTTP/1.1",
            "headers": [], "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 0},
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0}}]}}"#;
    put(folder.path(), "tape/a.har", har);
    let text = stdout(&drift(&folder, &["1", "2", "--cassettes", "tape"]));
    let touched = "touches 2 built-in scenarios, 1 known failure, 1 cassette (a.har)\n\n1 error";
    assert!(text.contains(touched), "{text}");

    // The number is about a parameter that no request of a mute has.
    let new = mute("3", "200 OK").replace("256", "128");
    put(folder.path(), "2/call-mute.md", &new);
    let text = stdout(&drift(&folder, &["1", "2", "--cassettes", "tape"]));
    assert!(
        text.contains("limit-tightened") && !text.contains("touches"),
        "{text}"
    );

    // No scenario and no recording has this status.
    put(folder.path(), "1/call-mute.md", &mute("4", "201 Created"));
    put(folder.path(), "2/call-mute.md", &mute("5", "202 Accepted"));
    let json = drift(
        &folder,
        &["1", "2", "--cassettes", "tape", "--format", "json"],
    );
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["remarks"][0]["id"], "example-status-changed");
    assert_eq!(json["remarks"][0].get("touches"), None);
}

#[test]
fn a_removed_operation_breaks_bots() {
    let folder = tempfile::tempdir().unwrap();
    let wave = page("en-US", "1", "2021", "beta");
    put(folder.path(), "1/call-wave.md", &wave);
    put(
        folder.path(),
        "1/call-nod.md",
        &wave.replace("/wave", "/nod"),
    );
    put(folder.path(), "2/call-wave.md", &wave);
    let output = drift(&folder, &["1", "2", "--fail-on", "breaking"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let removed = "error    page `call-nod` removed (breaks a bot)  page-removed";
    assert!(text.contains(removed), "{text}");
    assert_eq!(output.status.code(), Some(1));

    // Another page documents the operation now.
    put(folder.path(), "2/new.md", &wave.replace("/wave", "/nod"));
    let output = drift(&folder, &["1", "2", "--fail-on", "breaking"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let moved = "note     page `call-nod` removed; an added page documents its requests";
    assert!(text.contains(moved), "{text}");
    assert_eq!(output.status.code(), Some(0));

    // A page that is not translated is not removed.
    put(
        folder.path(),
        "3/call-wave.md",
        &wave.replace("en-US", "ru-RU"),
    );
    let text = stdout(&drift(&folder, &["1", "3"]));
    assert!(!text.contains("page-removed"), "{text}");
    assert!(
        text.contains("1/call-nod.md: the page has no text on the other side"),
        "{text}"
    );
}

#[test]
fn a_recording_of_another_api_version_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let wave = |hash: &str| page("en-US", hash, "2021", "v1.0");
    put(folder.path(), "1/call-wave.md", &wave("1"));
    put(
        folder.path(),
        "2/call-wave.md",
        &wave("2").replace("200 OK", "202 Accepted"),
    );
    for (api, is_touched) in [("v1.0", true), ("beta", false)] {
        let har = format!(
            r#"{{"log": {{"version": "1.2", "creator": {{"name": "a", "version": "1"}}, "entries": [{{
            "startedDateTime": "2026-01-01T00:00:00Z", "time": 1, "cache": {{}}, "timings": {{}},
            "request": {{"method": "POST", "url": "http://s.example/{api}/communications/calls/1/wave",
                "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 0}},
            "response": {{"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                "content": {{"size": 0, "mimeType": ""}}, "redirectURL": "", "headersSize": -1, "bodySize": 0}}}}]}}}}"#
        );
        put(folder.path(), "tape/a.har", &har);
        let text = stdout(&drift(&folder, &["1", "2", "--cassettes", "tape"]));
        assert_eq!(
            text.contains("touches 1 cassette (a.har)"),
            is_touched,
            "{text}"
        );
    }

    // Any request with a body has the media type.
    let table = "## Request headers\n\n| Name | Description |\n| :--- | :--- |\n| Content-Type | TYPE |\n\n## Example";
    for (side, of) in [("1", "application/json"), ("2", "text/plain")] {
        let text = wave(side).replace("## Example", &table.replace("TYPE", of));
        put(folder.path(), &format!("{side}/call-wave.md"), &text);
    }
    let tape = folder.path().join("tape/a.har");
    let har = fs::read_to_string(&tape).unwrap().replace("beta", "v1.0");
    fs::write(&tape, har).unwrap();
    let text = stdout(&drift(&folder, &["1", "2", "--cassettes", "tape"]));
    assert!(
        text.contains("request-header-changed\n                 touches 1 cassette"),
        "{text}"
    );
}

#[test]
fn no_report_of_an_earlier_call_survives_a_failure() {
    let folder = pages();
    put(folder.path(), "broken/call-wave.md", "");
    fs::write(folder.path().join("broken/call-wave.md"), b"\xff").unwrap();
    let report = folder.path().join("report.json");
    for arguments in [
        &["drift", "2021", "broken"][..],
        &["drift", "2021", "gone"],
        &["drift", "2021", "2022", "--fail-on", "sometimes"],
        &["drift", "2021", "2022", "--allow", "no-rule"],
        &["lint", "broken"],
        &["lint", "2021", "--baseline", "gone.json"],
    ] {
        fs::write(&report, "old").unwrap();
        let arguments = [arguments, &["--out", "report.json"]].concat();
        let mut command = command(&arguments);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!report.exists(), "{arguments:?}");
    }
    // A page is no report.
    let page = folder.path().join("2021/call-wave.md");
    let arguments = ["2021", "gone", "--out", "2021/call-wave.md"];
    refused(&drift(&folder, &arguments));
    assert!(page.exists());
}
