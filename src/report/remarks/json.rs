//! Remarks as JSON, in a versioned form with a JSON Schema (`confcall schema pages`).

use schemars::JsonSchema;
use serde::Serialize;

use super::PageReport;
use crate::api::party::Party;
use crate::extract::remark::{PagePlace, Remark, RemarkKind, Severity, Touched};

/// The version of the format that this confcall writes.
const VERSION: u32 = 1;

/// The report of `confcall lint` or `confcall drift`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "confcall report on pages")]
pub(crate) struct Document<'a> {
    /// The version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// The version of confcall.
    confcall: &'static str,
    /// The command: lint or drift.
    command: &'static str,
    summary: Counts,
    /// In the order of pages and lines.
    remarks: Vec<Row<'a>>,
    /// Sentences about the whole report.
    notes: Vec<&'a str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Summary")]
struct Counts {
    /// The number of pages that were read.
    pages: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
}

/// A change, damage, or a finding.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Remark")]
struct Row<'a> {
    /// The id of the rule, which is stable.
    id: &'static str,
    kind: RemarkKind,
    level: Severity,
    page: &'a str,
    /// Counted from 1; 0 for the whole page.
    line: usize,
    /// The second place of a contradiction or change.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'a PagePlace>,
    message: &'a str,
    /// The reason for the rule.
    reason: &'static str,
    /// The party that a change breaks; null if the change breaks neither party.
    breaks: Option<Party>,
    /// What a change touches; absent if it touches nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    touches: Option<&'a Touched>,
}

/// Pretty JSON that ends in a line feed.
pub(crate) fn render(report: &PageReport) -> Result<String, serde_json::Error> {
    let document = Document {
        version: VERSION,
        confcall: env!("CARGO_PKG_VERSION"),
        command: report.command,
        summary: Counts {
            pages: report.pages,
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
        },
        remarks: report.remarks.iter().map(line).collect(),
        notes: report.sentences().collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn line(remark: &Remark) -> Row<'_> {
    Row {
        id: remark.rule.id,
        kind: remark.rule.kind,
        level: remark.level,
        page: &remark.place.page,
        line: remark.place.line,
        other: remark.other.as_ref(),
        message: &remark.message,
        reason: remark.rule.text,
        breaks: remark.breaks,
        touches: (!remark.touched.is_nothing()).then_some(&remark.touched),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples;
    use super::*;

    #[test]
    fn a_report_is_json_of_its_schema() {
        let text = render(&samples::report()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["version"], 1);
        assert_eq!(
            value["remarks"][0],
            json!({"id": "wrong-length", "kind": "finding", "level": "warning", "page": "a.md", "line": 9,
                "other": {"page": "a.md", "line": 12}, "message": "the length is 3, not 4",
                "reason": "A length is not that of the body.", "breaks": null})
        );
        assert_eq!(value["remarks"][1]["breaks"], "bot");
        assert_eq!(
            value["remarks"][1]["touches"],
            json!({"scenarios": ["page/beta@2026-01/one"], "known_failures": [], "cassettes": ["a.jsonl"]})
        );
        assert_eq!(
            value["notes"],
            json!(["two texts are compared", "two texts are not one"])
        );
        let schema = schemars::schema_for!(Document<'_>).to_value();
        let properties = schema["properties"].as_object().unwrap();
        let names = value.as_object().unwrap();
        assert!(names.keys().all(|name| properties.contains_key(name)));
        let required = schema["$defs"]["Remark"]["required"].as_array().unwrap();
        for remark in value["remarks"].as_array().unwrap() {
            let has = |name: &Value| remark.get(name.as_str().unwrap()).is_some();
            assert!(required.iter().all(has), "{remark}: {required:?}");
        }
    }
}
