//! Changes between two texts of a page. Small pages of our own show each kind of change, and what is never reported;
//! `pairs` edits both texts, and `tables` has the
//! changes of the published pages.

mod pairs;
mod tables;

use std::fs;

use crate::extract::drift::{self, Change, Conversation, Page, Source, compare, rules};
use crate::extract::{self, PageDefaults};

/// A page of our own. Its prose names no number that is no limit.
const PAGE: &str = r##"---
ms.openlocfilehash: 1
ms.contentlocale: en-US
ms.lasthandoff: 03/01/2026
---
# call: wave

Wave to the call.

## Permissions

| type | permissions |
| :--- | :--- |
| Delegated (work) | Not supported |
| Delegated (personal) | Not supported |
| Application | Calls.Wave.All |

## HTTP request

```http
POST /app/calls/{id}/wave
POST /communications/calls/{id}/wave
```

## Request headers

| Name | Description |
| :--- | :--- |
| Authorization | Bearer {token}. Required. |

## Request body

| Parameter | Type | Description |
| :--- | :--- | :--- |
| hand | String | The hand. Possible values are: `left`, `right`. |
| clientContext | String | At most 256 characters. |

## Response

Returns `200 OK` and a [waveOperation](../resources/waveoperation.md).

## Examples

### Example 1: Wave with a hand

> **Note:** A wave takes up to 15 seconds.

#### Request

<!-- { "blockType": "request", "name": "call-wave" } -->
```http
POST https://graph.microsoft.com/beta/app/calls/{id}/wave
Content-Type: application/json

{"hand": "left", "clientContext": "c1", "for": {"id": "/app/calls/1"}}
```

#### Response

```http
HTTP/1.1 200 OK
Location: https://graph.microsoft.com/beta/app/calls/1/operations/2
Content-Type: application/json

{"@odata.type": "#microsoft.graph.waveOperation", "id": "2", "status": "running", "started": "2026-01-01", "code": 1}
```

#### Notification - done

```http
POST https://bot.example/callback
Authorization: Bearer <TOKEN>
Content-Type: application/json

{"value": [{"changeType": "deleted", "resource": "/app/calls/1/operations/2",
  "resourceData": {"@odata.type": "#microsoft.graph.waveOperation", "status": "completed", "seen": 2}}]}
```

#### Notification - roster

```http
POST https://bot.example/callback
Content-Type: application/json

{"value": [{"changeType": "updated", "resource": "/app/calls/1/participants",
  "resourceData": [{"@odata.type": "#microsoft.graph.participant", "info": {"identity": {"user": {"id": "3"}}}}]}]}
```
"##;

fn page(file: &str, text: &str) -> Page {
    Page::read(file, text.as_bytes(), &PageDefaults::default()).unwrap()
}

/// The page as another text, with replacements.
fn edited(replacements: &[(&str, &str)]) -> String {
    let mut text = PAGE.replace("ms.openlocfilehash: 1", "ms.openlocfilehash: 2");
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// A change in one line: kind, whom it breaks, what, and the values.
fn line(change: &Change) -> String {
    let effect = match change.effect.breaks() {
        Some(party) => format!("breaks {party}"),
        None => format!("{:?}", change.effect).to_lowercase(),
    };
    let values = change.values.as_ref();
    let values = values.map(|(old, new)| format!(": {old} to {new}"));
    let text = format!(
        "{} {effect} {}{}",
        change.kind.rule().id,
        change.what,
        values.unwrap_or_default()
    );
    text.replace(" :", ":").trim_end().to_owned()
}

/// The changes from the page. Each marks a row of the contracts side by side.
fn changes(new: &str) -> Vec<String> {
    let [old, new] = [PAGE, new].map(|text| Source {
        file: "a.md",
        bytes: text.as_bytes(),
    });
    let found = drift::differences(old, new, &PageDefaults::default()).unwrap();
    let contracts = found.contracts.unwrap();
    let parts = contracts.side_by_side();
    let rows = parts.iter().flat_map(|it| &it.rows);
    let marks: Vec<_> = rows.filter_map(|it| it.effect).collect();
    for change in &contracts.changes {
        // The annotation of an example is no part of the contract.
        let has_row = change.kind.rule().id != "example-renamed";
        let is_marked = marks.iter().any(|effect| *effect <= change.effect);
        assert!(is_marked || !has_row, "{change:?}: {parts:#?}");
    }
    assert!(marks.len() <= contracts.changes.len(), "{parts:#?}");
    contracts.changes.iter().map(line).collect()
}

#[test]
fn the_book_says_whom_each_change_breaks() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src/reference/drift.md");
    let book = fs::read_to_string(path).unwrap();
    for rule in &rules::ALL {
        let id = format!("`{}`", rule.id);
        let mut rows = book.lines().filter(|it| it.starts_with("| `"));
        let row = rows.find(|it| it.split('|').nth(1).unwrap().contains(&id));
        let row = row.unwrap_or_else(|| panic!("{id} has no row"));
        let breaks = match row.split('|').nth(3).unwrap().trim() {
            "" => "nobody",
            breaks => breaks,
        };
        assert_eq!(Some(breaks), rule.breaks, "{id}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of changes")]
fn each_kind_of_change_is_found() {
    for (replacements, expected) in [
        (
            &[("POST /app/calls/{id}/wave\n", "")][..],
            &["path-removed breaks bot /app/calls/{id}/wave"][..],
        ),
        (
            &[(
                "wave\n```",
                "wave\n```\n\n> The `/app` path is deprecated. Use `/communications`.",
            )],
            &["path-deprecated compatible /app/calls/{id}/wave"],
        ),
        (
            &[("POST /app/calls/{id}/wave", "POST /calls/{id}/wave")],
            &[
                "path-removed breaks bot /app/calls/{id}/wave",
                "path-added compatible /calls/{id}/wave",
            ],
        ),
        (
            &[("Calls.Wave.All", "Calls.Wave.All, Calls.Greet.All")],
            &["permission-added compatible Calls.Greet.All"],
        ),
        (
            &[("Calls.Wave.All", "Calls.Greet.All")],
            &[
                "permission-removed breaks bot Calls.Wave.All",
                "permission-added compatible Calls.Greet.All",
            ],
        ),
        // The row of an account is gone.
        (
            &[("| Application | Calls.Wave.All |\n", "")],
            &["permission-removed breaks bot Calls.Wave.All"],
        ),
        (
            &[(
                "{token}. Required. |",
                "{token}. Required. |\n| Prefer | Any. Required. |\n| Accept | Any. |",
            )],
            &[
                "request-header-added breaks bot Prefer",
                "request-header-added compatible Accept",
            ],
        ),
        (
            &[
                ("| hand | String |", "| finger | String |"),
                ("\"hand\"", "\"finger\""),
            ],
            &[
                "parameter-removed breaks bot hand",
                "parameter-added compatible finger",
            ],
        ),
        (
            &[(
                "| clientContext | String | At most",
                "| clientContext | Boolean | Required. At most",
            )],
            &[
                "parameter-type-changed breaks bot clientContext: String to Boolean",
                "parameter-required breaks bot clientContext",
            ],
        ),
        (
            &[(
                "| clientContext | String |",
                "| clientContext | String collection |",
            )],
            &["parameter-type-changed breaks bot clientContext: String to String collection"],
        ),
        (
            &[("At most 256 characters.", "At most 256 of `red`, `green`.")],
            &["limit-added breaks bot red`, `green"],
        ),
        (
            &[(
                "The hand. Possible values are: `left`, `right`.",
                "The hand.",
            )],
            &["limit-removed compatible left`, `right"],
        ),
        (
            &[(
                "| clientContext |",
                "| speed | Int32 | At most 9. |\n| clientContext |",
            )],
            &[
                "parameter-added compatible speed",
                "limit-added compatible 9",
            ],
        ),
        (
            &[(
                "| clientContext |",
                "| speed | Int32 | Required. At most 9. |\n| clientContext |",
            )],
            &[
                "parameter-added breaks bot speed",
                "limit-added breaks bot 9",
            ],
        ),
        (
            &[("`left`, `right`", "`left`, `both`")],
            &[
                "words-removed breaks bot right",
                "words-added compatible both",
            ],
        ),
        (
            &[("256", "128")],
            &["limit-tightened breaks bot: 256 to 128"],
        ),
        (&[("256", "512")], &["limit-relaxed compatible: 256 to 512"]),
        (
            &[("The hand.", "The hand, at most 7 times.")],
            &["limit-added breaks bot 7"],
        ),
        (
            &[("`200 OK` and", "`202 Accepted` and")],
            &["prose-status-changed breaks bot: 200 to 202"],
        ),
        (
            &[(
                "[waveOperation](../resources/waveoperation.md)",
                "[callRoute](../resources/callroute.md)",
            )],
            &["answer-type-changed breaks bot: waveoperation to callroute"],
        ),
        (
            &[("HTTP/1.1 200 OK", "HTTP/1.1 201 Created")],
            &["example-status-changed breaks bot: 200 to 201"],
        ),
        (
            &[(
                "Location: https://graph.microsoft.com/beta/app/calls/1/operations/2\n",
                "",
            )],
            &["header-removed breaks bot location"],
        ),
        (
            &[("Authorization: Bearer <TOKEN>\n", "")],
            &["header-removed compatible authorization"],
        ),
        (
            &[("\"started\": \"2026-01-01\"", "\"ended\": null")],
            &[
                "property-removed breaks bot started",
                "property-added compatible ended",
            ],
        ),
        (
            &[("\"code\": 1", "\"code\": \"1\"")],
            &["property-type-changed breaks bot code: a number to a string"],
        ),
        (
            &[(
                "#microsoft.graph.waveOperation\", \"status",
                "#microsoft.graph.commsOperation\", \"status",
            )],
            &["object-type-changed breaks bot @odata.type: waveOperation to commsOperation"],
        ),
        (
            &[(
                "\"for\": {\"id\": \"/app/calls/1\"}",
                "\"for\": {\"id\": \"57dab8b1-894c-409a-b240-bd8beae78896\"}",
            )],
            &["value-form-changed breaks service for.id: a path to an id"],
        ),
        (
            &[("running", "Running")],
            &["word-case-changed compatible status: running to Running"],
        ),
        (
            &[("Wave with a hand", "Wave")],
            &["scenario-renamed renamed: wave-with-a-hand to wave"],
        ),
        (
            &[("\"call-wave\"", "\"call-wave-1\"")],
            &["example-renamed renamed: call-wave to call-wave-1"],
        ),
        (
            &[("#### Request", "#### Preparation\n\nThink.\n\n#### Request")],
            &["section-added compatible preparation"],
        ),
        (
            &[(
                "> **Note:** A wave",
                "> **Note:** Needs `hand`.\n\n> **Note:** A wave",
            )],
            &["note-added breaks bot hand"],
        ),
        // Neither note deprecates a path that another template replaces.
        (
            &[("wave\n```", "wave\n```\n\n> Not for `/users` yet.")],
            &["note-added compatible /users"],
        ),
    ] {
        assert_eq!(changes(&edited(replacements)), expected, "{replacements:?}");
    }
}

#[test]
fn messages_and_conversations_are_compared_by_kind() {
    let roster = PAGE.find("#### Notification - roster").unwrap();
    let done = PAGE.find("#### Notification - done").unwrap();
    let text = edited(&[]);
    let without_roster = text.replace(&PAGE[roster..], "");
    assert_eq!(
        changes(&without_roster),
        ["steps-removed breaks bot participants updated"]
    );
    let failed = PAGE[done..roster]
        .replace("completed", "failed")
        .replace("- done", "- failed");
    assert_eq!(
        changes(&format!("{text}\n{failed}")),
        ["outcome-added breaks bot operation deleted failed"]
    );
    let example = &PAGE[PAGE.find("### Example 1").unwrap()..];
    let second = example
        .replace("Example 1: Wave with a hand", "Example 2: Wave to a phone")
        .replace(
            "\"for\"",
            "\"target\": {\"identity\": {\"phone\": {\"id\": \"+1\"}}}, \"for\"",
        );
    assert_eq!(
        changes(&format!("{text}\n{second}")),
        [
            "property-added compatible target",
            "scenario-added compatible wave-to-a-phone",
        ]
    );
}

#[test]
fn numbers_are_those_of_the_language() {
    for ([old_locale, new_locale], old, new, expected) in [
        (
            ["en-US", "en-US"],
            "3.5",
            "4,5",
            &["limit-relaxed compatible: 3.5 to 4.5"][..],
        ),
        (
            ["en-US", "ru-RU"],
            "3.5",
            "4,5",
            &["limit-relaxed compatible: 3.5 to 4.5"],
        ),
        (["ru-RU", "en-US"], "4,5", "4.5", &[]),
        (["pt-BR", "en-US"], "1.000", "1,000", &[]),
        (
            ["pt-BR", "en-US"],
            "1.000",
            "256",
            &["limit-tightened breaks bot: 1000 to 256"],
        ),
        (
            ["fr-FR", "fr-FR"],
            "2 000",
            "16 000",
            &["limit-relaxed compatible: 2000 to 16000"],
        ),
        // A thousand that was not translated, or one with three digits behind the comma.
        (["pt-BR", "pt-BR"], "1,000", "256", &[]),
        (["pt-BR", "en-US"], "1,000", "256", &[]),
    ] {
        let text = |page: &str, number: &str, locale: &str| {
            page.replace("256", number)
                .replace("contentlocale: en-US", &format!("contentlocale: {locale}"))
        };
        let old = text(PAGE, old, old_locale);
        let new = text(&edited(&[]), new, new_locale);
        let comparison = compare(&page("a.md", &old), &page("a.md", &new));
        let found: Vec<_> = comparison.changes.iter().map(line).collect();
        assert_eq!(found, expected, "{old_locale} {new_locale}");
    }
}

#[test]
fn a_type_may_replace_its_base_or_a_derived_one() {
    const BASE: &str = "commsOperation";
    const DERIVED: &str = "inviteParticipantsOperation";
    let hand = |page: &str, names: &str| {
        let links = names.split(' ');
        let links = links.map(|it| format!("[{it}](../resources/{}.md)", it.to_lowercase()));
        let links = links.collect::<Vec<_>>().join(" or ");
        page.replace("| hand | String |", &format!("| hand | {links} |"))
    };
    for (old, new, expected) in [
        (
            BASE,
            DERIVED,
            [
                "parameter-type-changed breaks bot hand: commsoperation to inviteparticipantsoperation",
                "answer-type-changed compatible: commsoperation to inviteparticipantsoperation",
            ]
            .as_slice(),
        ),
        (
            DERIVED,
            BASE,
            &["answer-type-changed breaks bot: inviteparticipantsoperation to commsoperation"],
        ),
    ] {
        let text = |page: &str, name: &str| {
            let link = format!("[{name}](../resources/{}.md)", name.to_lowercase());
            let page = page.replace("[waveOperation](../resources/waveoperation.md)", &link);
            hand(&page, name)
        };
        let (old, new) = (text(PAGE, old), text(&edited(&[]), new));
        let comparison = compare(&page("a.md", &old), &page("a.md", &new));
        let found: Vec<_> = comparison.changes.iter().map(line).collect();
        assert_eq!(found, expected);
    }
    for (new, is_change) in [
        ("appHostedMediaConfig serviceHostedMediaConfig", false),
        ("appHostedMediaConfig", true),
    ] {
        let (old, new) = (hand(PAGE, "mediaConfig"), hand(&edited(&[]), new));
        let comparison = compare(&page("a.md", &old), &page("a.md", &new));
        assert_eq!(!comparison.changes.is_empty(), is_change);
    }
}

#[test]
fn what_says_nothing_about_the_contract_is_not_reported() {
    for replacements in [
        // White space, levels of headings, tabs, metadata.
        &[("{\"hand\": \"left\",", "{\n\n  \"hand\":   \"left\",")][..],
        &[
            ("#### Request", "##### Request"),
            ("#### Response", "##### Response"),
        ],
        &[("#### Request\n", "#### Request\n\n# [HTTP](#tab/http)\n")],
        &[("ms.contentlocale", "author: somebody\nms.contentlocale")],
        // Order.
        &[(
            "\"hand\": \"left\", \"clientContext\": \"c1\"",
            "\"clientContext\": \"c1\", \"hand\": \"left\"",
        )],
        // URLs and lengths.
        &[(
            "https://graph.microsoft.com/beta/app/calls/{id}/wave",
            "/app/calls/{id}/wave",
        )],
        &[(
            "Content-Type: application/json\n\n{\"hand\"",
            "Content-Type: application/json\nContent-Length: 9\n\n{\"hand\"",
        )],
        // Words.
        &[("Wave to the call.", "Beckon.")],
        &[("A wave takes up to 15 seconds.", "Allow 15 s for it.")],
        // Names of types and words, in another form.
        &[(
            "#microsoft.graph.waveOperation",
            "microsoft.graph.waveOperation",
        )],
        &[("| Authorization |", "| authorization |")],
        &[("calls/{id}/wave\n```", "calls/{call-id}/wave\n```")],
        &[("/app/calls/{id}/wave", "/app/calls/{id}/Wave")],
        &[(
            "POST /app/calls/{id}/wave",
            "POST https://graph.microsoft.com/beta/app/calls/{id}/wave",
        )],
    ] {
        let new = edited(replacements);
        let found = changes(&new);
        assert!(found.is_empty(), "{replacements:?}: {found:?}");
    }
}

#[test]
fn damage_of_a_translation_is_no_change() {
    for replacements in [
        &[
            ("ms.contentlocale: en-US", "ms.contentlocale: pt-BR"),
            ("| Authorization |", "| Autorização |"),
        ][..],
        &[("| clientContext |", "| Контекст |")],
        &[("| hand | String |", "| Mão | Cadeia de caracteres |")],
        &[("Calls.Wave.All", "Wave")],
        &[("seconds", "`seconds`")],
    ] {
        let found = changes(&edited(replacements));
        assert!(found.is_empty(), "{replacements:?}: {found:?}");
    }
}

#[test]
fn translations_of_one_text_have_no_changes() {
    let new = PAGE.replace("Calls.Wave.All", "Calls.Greet.All");
    let translated = new.replace("contentlocale: en-US", "contentlocale: pt-BR");
    let comparison = compare(&page("a.md", PAGE), &page("b.md", &translated));
    assert!(comparison.relation.is_one_text);
    assert!(comparison.changes.is_empty());
    // In one language, the metadata of the source text say nothing.
    let found = changes(&new);
    assert_eq!(found.len(), 2, "{found:?}");
    // Pages of a source repository have no such metadata.
    let bare = |text: &str| text[text.find("# call: wave").unwrap()..].to_owned();
    let comparison = compare(&page("a.md", &bare(PAGE)), &page("a.md", &bare(&new)));
    assert_eq!(comparison.changes.len(), 2);
}

#[test]
fn a_change_has_its_lines() {
    let new = edited(&[("POST /app/calls/{id}/wave\n", ""), ("256", "128")]);
    let comparison = compare(&page("a.md", PAGE), &page("a.md", &new));
    let lines: Vec<_> = comparison
        .changes
        .iter()
        .map(|it| (it.old, it.new))
        .collect();
    assert_eq!(lines, [(Some(21), Some(21)), (Some(36), Some(35))]);
}

/// Edits of the page, and whether the first change touches the conversation of the page, and that of a page with another
/// path, word and properties.
#[test]
fn a_change_touches_the_conversations_in_its_scope() {
    let other = PAGE
        .replace("\"left\"", "\"right\"")
        .replace("/app/calls", "/communications/calls");
    let other = other
        .replace("\"code\": 1", "\"message\": \"done\"")
        .replace("\"clientContext\": \"c1\", ", "");
    let scenarios = [PAGE, &other].map(|text| {
        let page =
            extract::page("call-wave.md", text.as_bytes(), &PageDefaults::default()).unwrap();
        Conversation::of_scenario(&page.scenarios[0])
    });
    for (replacements, expected) in [
        (&[("POST /app/calls/{id}/wave\n", "")][..], [true, true]),
        (
            &[("Calls.Wave.All", "Calls.Wave.All, Calls.Greet.All")],
            [true, true],
        ),
        (&[("`left`, `right`", "`right`, `both`")], [true, false]),
        (&[("256", "128")], [true, false]),
        (
            &[("HTTP/1.1 200 OK", "HTTP/1.1 202 Accepted")],
            [true, true],
        ),
        (&[(", \"code\": 1}", "}")], [true, false]),
        (&[("\"code\": 1", "\"code\": \"1\"")], [true, false]),
        (&[("Authorization: Bearer <TOKEN>\n", "")], [true, true]),
        (&[("up to 15 seconds", "up to 5 seconds")], [true, true]),
        (&[("Wave with a hand", "Wave")], [true, true]),
        (&[("\"call-wave\"", "\"call-wave-1\"")], [false, false]),
    ] {
        let new = edited(replacements);
        let [old, new] = [PAGE, &new].map(|text| Source {
            file: "call-wave.md",
            bytes: text.as_bytes(),
        });
        let found = drift::differences(old, new, &PageDefaults::default()).unwrap();
        let page = found.contracts.unwrap().documented();
        let (remark, scopes) = &found.remarks[0];
        let touched = scenarios.each_ref().map(|it| {
            assert!(page.is_in(it));
            scopes.iter().any(|scope| page.touches(scope, it))
        });
        assert_eq!(touched, expected, "{replacements:?}: {}", remark.message);
    }
}
