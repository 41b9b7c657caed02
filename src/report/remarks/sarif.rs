//! Remarks as SARIF 2.1.0 ("Static Analysis Results Interchange Format", OASIS), for code scanning.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::PageReport;
use crate::extract::remark::{PagePlace, PageRule, Remark};

/// The schema that SARIF files name.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The characters that are encoded in the path of a URI (RFC 3986 section 3.3). A colon would end a scheme.
const NO_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A log with one run, which lists the rules of its remarks.
pub(crate) fn render(report: &PageReport) -> Result<String, serde_json::Error> {
    let mut rules: Vec<&'static PageRule> = report.remarks.iter().map(|it| it.rule).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    let results = report.remarks.iter().map(|remark| result(remark, &rules));
    let mut run = json!({
        "tool": {
            "driver": {
                "name": "confcall",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            },
        },
        "columnKind": "unicodeCodePoints",
        "results": results.collect::<Vec<_>>(),
    });
    if report.sentences().next().is_some() {
        let notes: Vec<_> = report
            .sentences()
            .map(|note| json!({"level": "note", "message": {"text": note}}))
            .collect();
        run["invocations"] =
            json!([{"executionSuccessful": true, "toolExecutionNotifications": notes}]);
    }
    let log = json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]});
    serde_json::to_string_pretty(&log).map(|text| text + "\n")
}

fn descriptor(rule: &PageRule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.text},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": [rule.kind]},
    })
}

fn result(remark: &Remark, rules: &[&'static PageRule]) -> Value {
    let index = rules.iter().position(|rule| rule.id == remark.rule.id);
    let mut result = json!({
        "ruleId": remark.rule.id,
        "ruleIndex": index,
        "level": remark.level,
        "message": {"text": remark.message},
        "locations": [location(&remark.place)],
        "partialFingerprints": {"message/v1": format!("{}: {}", remark.rule.id, remark.message)},
        "properties": {"kind": remark.rule.kind, "breaks": remark.breaks},
    });
    if !remark.touched.is_nothing() {
        result["properties"]["touches"] = json!(remark.touched);
    }
    if let Some(other) = &remark.other {
        let mut other = location(other);
        other["id"] = 1.into();
        other["message"] = json!({"text": "the other place"});
        result["relatedLocations"] = json!([other]);
    }
    result
}

fn location(place: &PagePlace) -> Value {
    let uri = uri(&place.page);
    let mut physical = json!({"artifactLocation": {"uri": uri}});
    if place.line > 0 {
        physical["region"] = json!({"startLine": place.line});
    }
    json!({"physicalLocation": physical})
}

/// A URI reference of a path: relative for a relative path, else with the scheme `file` (RFC 8089).
fn uri(path: &str) -> String {
    if cfg!(windows) {
        uri_on_windows(path)
    } else if path.starts_with('/') {
        format!("file://{}", encoded(path))
    } else {
        encoded(path.trim_start_matches("./"))
    }
}

fn encoded(path: &str) -> String {
    utf8_percent_encode(path, NO_PATH).to_string()
}

fn uri_on_windows(path: &str) -> String {
    let path = path.replace('\\', "/");
    // A verbatim path names the same file.
    let path = match path.strip_prefix("//?/") {
        Some(path) => path
            .strip_prefix("UNC/")
            .map_or_else(|| path.to_owned(), |share| format!("//{share}")),
        None => path,
    };
    match path.split_once(":/") {
        Some((drive, rest)) if drive.len() == 1 => format!("file:///{drive}:/{}", encoded(rest)),
        // The name of a server.
        _ if path.starts_with("//") => format!("file:{}", encoded(&path)),
        _ if path.starts_with('/') => format!("file://{}", encoded(&path)),
        _ => encoded(path.trim_start_matches("./")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    /// Objects of SARIF 2.1.0 with their sections, the properties that they must have, and others that they may have.
    const OBJECTS: [(&str, &[&str], &[&str]); 9] = [
        ("log 3.13", &["version", "runs"], &["$schema"]),
        (
            "run 3.14",
            &["tool", "results"],
            &["columnKind", "invocations"],
        ),
        ("toolComponent 3.19", &["name", "rules"], &["version"]),
        (
            "reportingDescriptor 3.49",
            &["id"],
            &[
                "shortDescription",
                "help",
                "defaultConfiguration",
                "properties",
            ],
        ),
        (
            "result 3.27",
            &["message", "ruleId", "ruleIndex", "level", "locations"],
            &["relatedLocations", "partialFingerprints", "properties"],
        ),
        ("location 3.28", &["physicalLocation"], &["id", "message"]),
        ("physicalLocation 3.29", &["artifactLocation"], &["region"]),
        ("region 3.30", &["startLine"], &[]),
        (
            "invocation 3.20",
            &["executionSuccessful"],
            &["toolExecutionNotifications"],
        ),
    ];

    fn check(name: &str, object: &Value) {
        let (_, needed, allowed) = OBJECTS.iter().find(|it| it.0.starts_with(name)).unwrap();
        let object = object.as_object().unwrap();
        assert!(needed.iter().all(|it| object.contains_key(*it)), "{name}");
        let is_known =
            |it: &String| needed.contains(&it.as_str()) || allowed.contains(&it.as_str());
        assert!(object.keys().all(is_known), "{name}: {object:?}");
    }

    fn check_location(location: &Value) {
        check("location", location);
        let physical = &location["physicalLocation"];
        check("physicalLocation", physical);
        assert!(physical["artifactLocation"]["uri"].is_string());
        if let Some(region) = physical.get("region") {
            check("region", region);
            assert!(region["startLine"].as_u64() > Some(0));
        }
    }

    #[test]
    fn a_log_has_the_structure_of_sarif() {
        let report = samples::report();
        let log: Value = serde_json::from_str(&render(&report).unwrap()).unwrap();
        check("log", &log);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        check("run", run);
        check("invocation", &run["invocations"][0]);
        let driver = &run["tool"]["driver"];
        check("toolComponent", driver);
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            check("reportingDescriptor", rule);
            let level = &rule["defaultConfiguration"]["level"];
            assert!(["error", "warning", "note"].contains(&level.as_str().unwrap()));
        }
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), report.remarks.len());
        for result in results {
            check("result", result);
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(result["message"]["text"].is_string());
            let related = result["relatedLocations"].as_array();
            let places = result["locations"].as_array().into_iter().chain(related);
            places.flatten().for_each(check_location);
        }
        assert!(
            results[1]["locations"][0]["physicalLocation"]
                .get("region")
                .is_none()
        );
    }

    #[test]
    fn a_path_is_a_uri_reference() {
        for (path, expected) in [
            ("new/b c.md", "new/b%20c.md"),
            ("./a.md", "a.md"),
            ("/a/100%.md", "file:///a/100%25.md"),
            ("a#b?.md", "a%23b%3F.md"),
            ("a:b/c:d.md", "a%3Ab/c%3Ad.md"),
        ] {
            assert_eq!(uri(path), expected);
            assert_eq!(uri_on_windows(path), expected);
        }
        let kept = if cfg!(windows) { "a/b.md" } else { "a%5Cb.md" };
        assert_eq!(uri("a\\b.md"), kept);
        for (path, expected) in [
            ("a\\b.md", "a/b.md"),
            ("C:\\a\\b c.md", "file:///C:/a/b%20c.md"),
            ("\\\\?\\C:\\a\\b.md", "file:///C:/a/b.md"),
            ("\\\\server\\share\\b.md", "file://server/share/b.md"),
            (
                "\\\\?\\UNC\\server\\share\\b.md",
                "file://server/share/b.md",
            ),
        ] {
            assert_eq!(uri_on_windows(path), expected);
        }
    }
}
