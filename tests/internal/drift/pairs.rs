//! Changes between pages of our own that are both edited, and the contracts of such pages side by side.

use super::{PAGE, changes, edited, line, page};
use crate::extract::PageDefaults;
use crate::extract::drift::{self, Contracts, Source, compare};

#[test]
fn the_level_of_a_heading_and_the_case_of_a_name_change_nothing() {
    for (from, to) in [
        ("### Example 1", "#### Example 1"),
        (
            "## Examples\n\n### Example 1: Wave with a hand",
            "### Example",
        ),
        ("Wave with a hand\n", "WAVE with a hand\n"),
    ] {
        let level = (from, to);
        let examples = (
            "## Examples\n\n### Example 1: Wave with a hand",
            "## Example",
        );
        let old: &[_] = if to == "### Example" {
            &[examples]
        } else {
            &[]
        };
        assert_eq!(changes_between(old, &[level]), [""; 0], "{to}");
    }
}

#[test]
fn one_word_of_a_list_is_still_a_word() {
    let one = ("`left`, `right`", "`left`");
    for (old, new, expected) in [
        (&[][..], &[one][..], "words-removed breaks bot right"),
        (&[one], &[], "words-added compatible right"),
    ] {
        assert_eq!(changes_between(old, new), [expected]);
    }
}

#[test]
fn what_is_gone_from_the_prose_or_from_all_examples_is_told() {
    let response =
        "## Response\n\nReturns `200 OK` and a [waveOperation](../resources/waveoperation.md).\n";
    let body =
        "{\"hand\": \"left\", \"clientContext\": \"c1\", \"for\": {\"id\": \"/app/calls/1\"}}\n";
    let roster = "\"changeType\": \"updated\", \"resource\": \"/app/calls/1/participants\"";
    let operation = "\"changeType\": \"deleted\", \"resource\": \"/app/calls/1/operations/2\"";
    let typed = "\"@odata.type\": \"#microsoft.graph.commsNotification\", ";
    let (one, other) = (format!("{typed}{roster}"), format!("{typed}{operation}"));
    let (old_one, old_other) = ((roster, one.as_str()), (operation, other.as_str()));
    let one = one.replace(", \"resource\": \"/app/calls/1/participants\"", "");
    let other = other.replace(", \"resource\": \"/app/calls/1/operations/2\"", "");
    for (old, new, expected) in [
        (
            &[][..],
            &[(response, "")][..],
            &["prose-status-changed breaks bot: 200 to none"][..],
        ),
        (
            &[],
            &[("\"clientContext\": \"c1\", ", "")],
            &["property-removed compatible clientContext"],
        ),
        (
            &[],
            &[(body, "")],
            &[
                "property-removed compatible clientContext",
                "property-removed compatible for",
                "property-removed compatible hand",
            ],
        ),
        (
            &[old_one, old_other],
            &[(roster, &one), (operation, &other)],
            &["property-removed breaks bot value[].resource"],
        ),
    ] {
        assert_eq!(changes_between(old, new), expected, "{new:?}");
    }
}

/// The page with replacements in both texts: the changes from the first to the second.
fn changes_between(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
    let replaced = |text: &str, replacements: &[(&str, &str)]| {
        let mut text = text.to_owned();
        for (from, to) in replacements {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        text
    };
    let (old, new) = (replaced(PAGE, old), replaced(&edited(&[]), new));
    let comparison = compare(&page("a.md", &old), &page("a.md", &new));
    comparison.changes.iter().map(line).collect()
}

fn contracts(new: &str) -> Contracts {
    let [old, new] = [PAGE, new].map(|text| Source {
        file: "a.md",
        bytes: text.as_bytes(),
    });
    let found = drift::differences(old, new, &PageDefaults::default()).unwrap();
    found.contracts.unwrap()
}

const HEADERS: &str = "## Request headers

| Name | Description |
| :--- | :--- |
| Authorization | Bearer {token}. Required. |
";
const TEMPLATES: &str = "## HTTP request

```http
POST /app/calls/{id}/wave
POST /communications/calls/{id}/wave
```
";
const TYPED: &str = "{token}. Required. |\n| Content-Type | application/json. |";
const TYPED_REQUIRED: &str = "{token}. Required. |\n| Content-Type | application/json. Required. |";

#[test]
fn the_table_of_headers_may_come_go_or_require_more() {
    let token = "{token}. Required. |";
    for (old, new, expected) in [
        (
            [(HEADERS, "")].as_slice(),
            [].as_slice(),
            &["request-header-added breaks bot Authorization"][..],
        ),
        (
            &[],
            &[(HEADERS, "")],
            &["request-header-removed compatible Authorization"],
        ),
        (
            &[(token, TYPED)],
            &[(token, TYPED_REQUIRED)],
            &["request-header-changed breaks bot Content-Type: optional to required"],
        ),
        (
            &[(token, TYPED_REQUIRED)],
            &[(token, TYPED)],
            &["request-header-changed compatible Content-Type: required to optional"],
        ),
    ] {
        assert_eq!(changes_between(old, new), expected, "{old:?} {new:?}");
    }
}

#[test]
fn the_word_for_required_is_that_of_either_text() {
    let required = ("At most 256", "Required. At most 256");
    let optional = ("{token}. Required. |", "{token}. |");
    assert_eq!(
        changes_between(&[required, optional], &[required]),
        ["request-header-changed breaks bot Authorization: optional to required"]
    );
    assert_eq!(
        changes_between(&[required, (HEADERS, "")], &[required]),
        ["request-header-added breaks bot Authorization"]
    );
}

#[test]
fn an_example_declares_no_type() {
    let translated = ("| clientContext | String |", "| clientContext | Cadeia |");
    let number = ("| clientContext | String |", "| clientContext | Int32 |");
    assert_eq!(
        changes_between(&[translated], &[number]),
        ["parameter-type-changed breaks bot clientContext: String to number"]
    );
    assert_eq!(
        changes_between(&[translated], &[translated, ("\"c1\"", "17")]),
        ["property-type-changed breaks service clientContext: a string to a number"]
    );
}

#[test]
fn another_type_in_one_of_several_examples_is_a_change() {
    let example = &PAGE[PAGE.find("### Example 1").unwrap()..];
    let second = example
        .replace("Example 1: Wave with a hand", "Example 2: Wave twice")
        .replace("\"for\"", "\"count\": 2, \"for\"");
    let (one, other) = (
        format!("{PAGE}\n{second}"),
        format!(
            "{}\n{}",
            edited(&[]),
            second.replace("\"code\": 1", "\"code\": \"1\"")
        ),
    );
    let comparison = compare(&page("a.md", &one), &page("a.md", &other));
    let found: Vec<_> = comparison.changes.iter().map(line).collect();
    assert_eq!(
        found,
        ["property-type-changed breaks bot code: a number to a number or a string"]
    );
}

#[test]
fn another_method_or_path_is_told_once() {
    for (replacement, expected) in [
        (
            ("POST /", "PUT /"),
            &["method-changed breaks bot: POST to PUT"][..],
        ),
        (
            ("{id}/wave", "{id}/beckon"),
            &[
                "path-removed breaks bot /app/calls/{id}/wave",
                "path-removed breaks bot /communications/calls/{id}/wave",
                "path-added compatible /app/calls/{id}/beckon",
                "path-added compatible /communications/calls/{id}/beckon",
            ],
        ),
    ] {
        let is_method = replacement.0 == "POST /";
        let request = ("POST https://graph", "PUT https://graph");
        let both = [replacement, request];
        let edits = if is_method { &both[..] } else { &both[..1] };
        assert_eq!(changes(&edited(edits)), expected);
    }
    // The examples keep the old path.
    let template = "wave\nPOST /communications/calls/{id}/wave\n```";
    let new = "beckon\n```";
    assert_eq!(
        changes(&edited(&[(template, new)])),
        [
            "path-removed breaks bot /app/calls/{id}/wave",
            "path-removed breaks bot /communications/calls/{id}/wave",
            "path-added compatible /app/calls/{id}/beckon",
        ]
    );
    // Only the examples have another method, or there is no template.
    let steps = |old: &str, new: &str| {
        [
            format!("steps-removed compatible {old}"),
            format!("steps-added compatible {new}"),
        ]
    };
    let request = ("POST https://graph", "PUT https://graph");
    assert_eq!(
        changes(&edited(&[request])),
        steps("POST calls/{}/wave", "PUT calls/{}/wave")
    );
    assert_eq!(
        changes_between(
            &[(TEMPLATES, "")],
            &[(TEMPLATES, ""), ("{id}/wave", "{id}/beckon"), request]
        ),
        steps("POST calls/{}/wave", "PUT calls/{}/beckon")
    );
    // The changes of its bodies are found, too.
    let found = changes(&edited(&[
        ("{id}/wave", "{id}/beckon"),
        (", \"code\": 1", ""),
    ]));
    assert_eq!(found.last().unwrap(), "property-removed breaks bot code");
}

#[test]
fn a_notification_without_data_is_named_by_its_resource_or_its_part() {
    let notification = |entries: &str| {
        let block =
            "```http\nPOST https://bot.example/callback\nContent-Type: application/json\n\n";
        format!("\"3\"}}}}}}}}]}}]}}\n```\n\n{block}{{\"value\": [{entries}]}}")
    };
    let end = "\"3\"}}}}]}]}";
    let sharing =
        r#"{"changeType": "created", "resourceUrl": "/app/calls/1/contentSharingSessions/2"}"#;
    assert_eq!(
        changes(&edited(&[(end, &notification(sharing))])),
        [
            "property-added compatible value[].resourceUrl",
            "steps-added breaks bot contentSharingSessions created",
        ]
    );
    // Its JSON is broken.
    let found = changes(&edited(&[("\"seen\": 2}}]}", "\"seen\": 2}}]")]));
    let is_named = |it: &String| it.starts_with("steps-added") && it.ends_with(" notification");
    assert!(found.iter().any(is_named), "{found:?}");
}

#[test]
fn a_row_with_a_translated_name_is_the_same_row() {
    let translated = ("| clientContext |", "| Контекст |");
    let other = (
        "\"hand\": \"left\"",
        "\"finger\": \"f\", \"hand\": \"left\"",
    );
    let row = "| hand | String | The hand. Possible values are: `left`, `right`. |\n";
    assert_eq!(
        changes_between(&[translated, other], &[translated, other, (row, "")]),
        ["parameter-removed compatible hand"]
    );
    // The JSON shows another name for it.
    assert_eq!(
        changes_between(
            &[translated],
            &[translated, ("\"clientContext\"", "\"context\"")]
        ),
        [
            "parameter-removed breaks bot clientContext",
            "parameter-added compatible context",
        ]
    );
}

#[test]
fn a_page_without_a_contract_says_nothing_about_parameters() {
    let found = changes(&edited(&[(TEMPLATES, "")]));
    assert!(
        found.iter().all(|it| it.starts_with("path-removed")),
        "{found:?}"
    );
    // Nothing in a new contract is stricter than before.
    let comparison = compare(&page("a.md", "# call: wave\n"), &page("a.md", PAGE));
    let breaking = comparison
        .changes
        .iter()
        .filter(|it| it.effect.breaks().is_some());
    assert_eq!(breaking.map(line).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_note_keeps_its_row_when_another_is_added() {
    let new = edited(&[("Wave to the call.", "Wave to the call.\n\n> Be kind.")]);
    let parts = contracts(&new).side_by_side();
    let notes = parts
        .iter()
        .flat_map(|it| &it.rows)
        .filter(|it| it.name == "note");
    let lines: Vec<_> = notes
        .map(|it| [&it.old, &it.new].map(|cell| cell.as_ref().map(|it| it.line)))
        .collect();
    assert_eq!(lines, [[None, Some(10)], [Some(46), Some(48)]]);
}

#[test]
fn a_parameter_of_the_examples_alone_is_shown_as_such() {
    let row = "| clientContext | String | At most 256 characters. |\n";
    let new = edited(&[(row, "")]);
    let parts = contracts(&new).side_by_side();
    let mut rows = parts
        .iter()
        .filter(|it| it.title == "Parameters")
        .flat_map(|it| &it.rows);
    let row = rows.find(|it| it.name == "clientContext").unwrap();
    assert_eq!(row.new.as_ref().unwrap().text, "in examples only");
}
