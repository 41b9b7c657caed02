//! The contract of whole pages.
//!
//! Small pages of our own show each difficulty. Where `CONFCALL_PAGES` names the folder of the published pages, the
//! built-in contract is extracted from them again and compared; with `CONFCALL_BLESS=1` it is rewritten.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{is_blessing, name_below, pages_below, published_pages};
use crate::contract::extracted::{Answer, Extracted, Kind, Operation, Origin, Property};
use crate::contract::operation;
use crate::emulator::service::{BuiltInService, ServiceOptions};
use crate::extract::PageDefaults;
use crate::extract::contract;
use crate::http::{Client, Listener, OutgoingRequest};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/contract/data/extracted.json"
);

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn the_built_in_contract_is_that_of_the_published_pages() {
    let folder = published_pages();
    let defaults = PageDefaults {
        edition: Some("2020-05".parse().unwrap()),
        ..PageDefaults::default()
    };
    let pages = ["calling", "pt-BR", "ru-RU", "zh-CN"]
        .iter()
        .flat_map(|part| pages_below(&folder.join(part)));
    let facts = pages.filter_map(|path| {
        let name = name_below(&folder, &path);
        contract::read(&name, &name, &fs::read(&path).unwrap(), &defaults).unwrap()
    });
    let (extracted, _) = contract::merge(facts.collect());
    let schema = "../../../schemas/contract.schema.json".to_owned();
    let text = contract::to_json(&extracted, Some(schema));
    if is_blessing() {
        fs::write(FILE, &text).unwrap();
    }
    assert!(
        fs::read_to_string(Path::new(FILE)).unwrap() == text,
        "the contract is another one; CONTRIBUTING.md has the command that writes it"
    );
}

#[tokio::test]
async fn the_built_in_service_names_operations_as_the_contract_does() {
    let shutdown = CancellationToken::new();
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let service = BuiltInService::start(listener, ServiceOptions::default(), shutdown.clone());
    let url = format!("{}/control/operations", service.url());
    let request = OutgoingRequest::new("GET", url);
    let answer = Client::new().send(request, Duration::from_secs(10)).await;
    shutdown.cancel();
    let answer = answer.unwrap();
    let listed = answer.body.json().unwrap()["operations"]
        .as_array()
        .unwrap();
    let named = |it: &Value| (it["operation"].clone(), it["method"].clone());
    let mut listed: Vec<_> = listed.iter().map(named).collect();
    let documented = operation::operations().iter();
    let mut documented: Vec<(Value, Value)> = documented
        .map(|it| (json!(it.name), json!(it.request.method)))
        .collect();
    for names in [&mut listed, &mut documented] {
        names.sort_by_key(|(name, _)| name.to_string());
    }
    assert_eq!(listed, documented);
}

/// The contract of pages, each with its path, and the messages of the findings.
fn extract(pages: &[(&str, String)]) -> (Extracted, Vec<String>) {
    let defaults = PageDefaults::default();
    let facts = pages
        .iter()
        .filter_map(|(file, text)| contract::read(file, file, text.as_bytes(), &defaults).unwrap());
    let (extracted, findings) = contract::merge(facts.collect());
    let short = findings
        .into_iter()
        .map(|it| format!("{}:{}: {}", it.file, it.line, it.message));
    (extracted, short.collect())
}

fn table(rows: &[&str]) -> String {
    rows.iter().flat_map(|row| ["| ", row, " |\n"]).collect()
}

/// A resource page: the annotation after the type's name, the members of the template, the rows of the table.
fn resource(name: &str, annotation: &str, members: &str, rows: &[&str]) -> String {
    let rows = table(rows);
    format!(
        "# {name}\n\n## <a name=\"properties\"></a>P\n\n| N | T | D |\n|---|---|---|\n{rows}\n\
         ## <a name=\"json-representation\"></a>J\n\n\
         <!-- {{ \"blockType\": \"resource\", \"@odata.type\": \"microsoft.graph.{name}\"{annotation} }} -->\n\
         ```json\n{{\n{members}\n}}\n```\n"
    )
}

/// An operation page: the path, the rows of the table, the prose of the response, the body of the example.
fn operation(path: &str, rows: &[&str], prose: &str, body: &str) -> String {
    let rows = table(rows);
    format!(
        "# o\n\n## <a name=\"http-request\"></a>H\n\n```http\nPOST {path}\n```\n\n\
         ## <a name=\"request-body\"></a>B\n\n| N | T | D |\n|---|---|---|\n{rows}\n\
         ## <a name=\"response\"></a>R\n\n{prose}\n\n\
         ## <a name=\"example\"></a>E\n\n```http\nPOST https://graph.microsoft.com{}\n\
         Content-Type: application/json\n\n{body}\n```\n\n```http\nHTTP/1.1 200 OK\n```\n",
        path.replace("{id}", "57dab8b1-894c-409a-b240-bd8beae78896")
    )
}

fn properties<'a>(extracted: &'a Extracted, name: &str) -> &'a [Property] {
    let mut types = extracted.types.iter();
    &types.find(|it| it.name == name).unwrap().properties
}

fn property<'a>(properties: &'a [Property], name: &str) -> &'a Property {
    properties.iter().find(|it| it.name == name).unwrap()
}

fn names(properties: &[Property]) -> Vec<&str> {
    properties.iter().map(|it| it.name.as_str()).collect()
}

const HOUSE: &str = "  \"id\": \"String (identifier)\",\n  \"state\": \"open | shut\",\n  \
                     \"isWarm\": true,\n  \"floors\": 1024,\n  \
                     \"rooms\": [ { \"@odata.type\": \"#microsoft.graph.room\" } ],\n  \
                     \"colours\": [ \"String\" ],\n  \"isOld\": \"Boolean\"";

#[test]
fn a_template_decides_on_names_kinds_and_collections() {
    let (extracted, findings) = extract(&[
        (
            "en-US/v1.0/house.md",
            resource("house", ", \"openType\": true", HOUSE, &[]),
        ),
        (
            "en-US/v1.0/room.md",
            resource("Room", "", "  \"name\": \"String\"", &[]),
        ),
    ]);
    assert!(findings.is_empty(), "{findings:?}");
    assert!(extracted.types[0].open && !extracted.types[1].open);
    let house = properties(&extracted, "house");
    let shape = |name: &str| {
        let property = property(house, name);
        (property.kind, property.collection)
    };
    assert_eq!(shape("id"), (Kind::String, false));
    assert_eq!(shape("isWarm"), (Kind::Boolean, false));
    assert_eq!(shape("isOld"), (Kind::Boolean, false));
    assert_eq!(shape("floors"), (Kind::Number, false));
    assert_eq!(shape("rooms"), (Kind::Object, true));
    assert_eq!(shape("colours"), (Kind::String, true));
    assert_eq!(property(house, "state").words, ["open", "shut"]);
    // In the spelling of the page.
    assert_eq!(property(house, "rooms").resource.as_deref(), Some("Room"));
    assert_eq!(property(house, "id").lines, [Some(13)]);
}

#[test]
fn translated_names_belong_to_the_property_that_is_left() {
    let rows = ["标识 | String | a", "状态 | String | `open`、`shut`"];
    let members = "  \"id\": \"String\",\n  \"state\": \"open | shut\"";
    let (extracted, findings) =
        extract(&[("zh-CN/v1.0/house.md", resource("house", "", members, &rows))]);
    let house = properties(&extracted, "house");
    assert_eq!(names(house), ["id", "state"]);
    assert_eq!(property(house, "id").lines, [Some(7)]);
    assert_eq!(
        findings,
        [
            "zh-CN/v1.0/house.md:7: `标识` is a translation of `id`",
            "zh-CN/v1.0/house.md:8: `状态` is a translation of `state`"
        ]
    );
}

#[test]
fn a_translated_name_that_fits_several_properties_belongs_to_none() {
    let rows = ["标识 | String | a"];
    let members = "  \"id\": \"String\",\n  \"name\": \"String\"";
    let (extracted, findings) =
        extract(&[("zh-CN/v1.0/house.md", resource("house", "", members, &rows))]);
    let house = properties(&extracted, "house");
    assert_eq!(property(house, "id").lines, [Some(14)]);
    assert_eq!(
        findings,
        ["zh-CN/v1.0/house.md:7: `标识` is not the name of a property"]
    );
}

#[test]
fn names_are_compared_without_case() {
    let rows = ["Subcode | Int32 | a"];
    let members = "  \"subcode\": 0";
    let (extracted, findings) = extract(&[(
        "ru-RU/v1.0/result.md",
        resource("result", "", members, &rows),
    )]);
    assert_eq!(names(properties(&extracted, "result")), ["subcode"]);
    assert_eq!(
        findings,
        ["ru-RU/v1.0/result.md:7: `Subcode` is spelled `subcode` in the JSON"]
    );
}

#[test]
fn a_name_that_only_tables_print_needs_two_texts() {
    let page = |rows: &[&str]| resource("house", "", "  \"uri\": \"String\"", rows);
    let owner = "owner | [person](person.md) | a";
    let person = resource("person", "", "  \"id\": \"String\"", &[]);
    let (extracted, findings) = extract(&[
        ("en-US/v1.0/house.md", page(&["uri | String | a", owner])),
        ("zh-CN/v1.0/house.md", page(&["url | String | a", owner])),
        ("en-US/v1.0/person.md", person),
    ]);
    let house = properties(&extracted, "house");
    assert_eq!(names(house), ["uri", "owner"]);
    assert_eq!(property(house, "owner").resource.as_deref(), Some("person"));
    assert_eq!(
        findings,
        ["zh-CN/v1.0/house.md:7: no other text of the page has `url`, so it is ignored"]
    );
}

#[test]
fn words_are_united_and_need_two_tables() {
    let page = |row: &str| resource("house", "", "  \"state\": \"open | shut\"", &[row]);
    let (extracted, findings) = extract(&[
        (
            "en-US/v1.0/house.md",
            page("state | String | `open`, `shut`, `ajar` or `wide`."),
        ),
        (
            "ru-RU/v1.0/house.md",
            page("state | String | `open` , , `shut` или `ajar`."),
        ),
        (
            "zh-CN/v1.0/house.md",
            page("state | String | `open`、`shut``ajar`。"),
        ),
    ]);
    let state = property(properties(&extracted, "house"), "state");
    assert_eq!(state.words, ["open", "shut", "ajar"]);
    assert_eq!(findings.len(), 4, "{findings:?}");
    assert!(findings[0].ends_with("no other text of the page has `wide`, so it is ignored"));
    assert!(findings[2].ends_with("the table adds words of the JSON: ajar"));
}

#[test]
fn a_limit_needs_two_texts_that_agree() {
    let page = |row: &str| {
        resource(
            "house",
            "",
            "  \"name\": \"String\",\n  \"at\": [\"String\"]",
            &[row],
        )
    };
    for (rows, limit) in [
        (
            [
                "name | String | At most 256.",
                "name | String | 最多256个。",
            ],
            Some(256),
        ),
        (
            [
                "name | String | At most 256.",
                "name | String | 最多255个。",
            ],
            None,
        ),
        (["name | String | At most 256.", "name | String | 无"], None),
        (
            [
                "name | String | 16-bit, 16,000",
                "name | String | 16-bit, 16,000",
            ],
            None,
        ),
        (["name | String | 1 to 9", "name | String | 1 to 9"], None),
        (
            ["name | String | P2P, ISO3166: 7", "name | String | 7"],
            Some(7),
        ),
    ] {
        let [one, two] = rows;
        let (extracted, _) = extract(&[
            ("en-US/v1.0/house.md", page(one)),
            ("zh-CN/v1.0/house.md", page(two)),
        ]);
        let name = property(properties(&extracted, "house"), "name");
        assert_eq!((name.max_length, name.max_items), (limit, None), "{one}");
    }
    let row = "at | Коллекция String | Не более 20.";
    let (extracted, _) = extract(&[
        ("en-US/v1.0/house.md", page(row)),
        ("ru-RU/v1.0/house.md", page(row)),
    ]);
    let at = property(properties(&extracted, "house"), "at");
    assert_eq!((at.max_length, at.max_items), (None, Some(20)));
}

#[test]
fn the_type_of_an_object_is_never_a_translated_word() {
    let members = "  \"owner\": { \"@odata.type\": \"#microsoft.graph.unheardOf\" },\n  \
                   \"guest\": { \"@odata.type\": \"microsoft.graph.person\" }";
    let rows = [
        "owner | [лицо](../resources/Person.md#a) | a",
        "guest | [person](house.md) | a",
    ];
    let (extracted, findings) = extract(&[
        ("ru-RU/v1.0/house.md", resource("house", "", members, &rows)),
        (
            "ru-RU/v1.0/person.md",
            resource("person", "", "  \"id\": \"String\"", &[]),
        ),
    ]);
    let house = properties(&extracted, "house");
    for name in ["owner", "guest"] {
        let resource = property(house, name).resource.as_deref();
        assert_eq!(resource, Some("person"), "{name}");
    }
    assert_eq!(
        findings,
        [
            "ru-RU/v1.0/house.md:15: no page describes unheardOf; person is used, to which the tables link",
            "ru-RU/v1.0/house.md:16: this is person, but the tables link to house",
        ]
    );
}

fn base(extracted: &Extracted, name: &str) -> Option<String> {
    let mut types = extracted.types.iter();
    types.find(|it| it.name == name).unwrap().base.clone()
}

#[test]
fn a_base_is_printed_or_listed() {
    let printed = ", \"baseType\": \"microsoft.graph.house\"";
    let listed =
        "## <a name=\"derived-types\"></a>D\n\n| T | D |\n|---|---|\n| [x](villa.md) | a |\n";
    let house = resource("house", "", "  \"id\": \"String\"", &[]) + "\n" + listed;
    let (extracted, _) = extract(&[
        ("en-US/v1.0/house.md", house),
        ("en-US/v1.0/hut.md", resource("hut", printed, "", &[])),
        ("en-US/v1.0/villa.md", resource("villa", "", "", &[])),
    ]);
    assert_eq!(base(&extracted, "hut").as_deref(), Some("house"));
    assert_eq!(base(&extracted, "villa").as_deref(), Some("house"));
    assert_eq!(base(&extracted, "house"), None);
}

#[test]
fn a_base_is_recognized_by_its_shape_only_if_a_property_has_its_type() {
    let members = "  \"a\": 1,\n  \"b\": 1,\n  \"c\": 1";
    let more = "  \"a\": 1,\n  \"b\": 1,\n  \"c\": 1,\n  \"d\": 1";
    let runs = "  \"work\": [{ \"@odata.type\": \"microsoft.graph.commonWork\" }]";
    let (extracted, _) = extract(&[
        (
            "en-US/v1.0/commonwork.md",
            resource("commonWork", "", members, &[]),
        ),
        (
            "en-US/v1.0/hardwork.md",
            resource("hardWork", "", more, &[]),
        ),
        (
            "en-US/v1.0/easywork.md",
            resource("easyWork", "", members, &[]),
        ),
        ("en-US/v1.0/person.md", resource("person", "", runs, &[])),
        (
            "en-US/beta/commonwork.md",
            resource("commonWork", "", members, &[]),
        ),
        ("en-US/beta/hardwork.md", resource("hardWork", "", "", &[])),
    ]);
    let bases: Vec<_> = extracted
        .types
        .iter()
        .map(|it| (it.api.as_str(), it.name.as_str(), it.base.as_deref()))
        .collect();
    let common = Some("commonWork");
    assert_eq!(
        bases,
        [
            ("beta", "commonWork", None),
            ("beta", "hardWork", common),
            ("v1.0", "commonWork", None),
            ("v1.0", "easyWork", common),
            ("v1.0", "hardWork", common),
            ("v1.0", "person", None),
        ]
    );
}

fn only(extracted: &Extracted) -> &Operation {
    assert_eq!(extracted.operations.len(), 1);
    &extracted.operations[0]
}

#[test]
fn an_operation_has_the_parameters_of_its_table() {
    let path = "/communications/calls/{id}/paint";
    let body = "{ \"room\": { }, \"colour\": \"red\", \"extra\": 1 }";
    let page = |rows: &[&str], prose: &str| operation(path, rows, prose, body);
    let (extracted, findings) = extract(&[
        (
            "en-US/v1.0/call-paint.md",
            page(
                &[
                    "room | [room](room.md) | a",
                    "colour | String | 'red', 'blue'",
                ],
                "`202 Accepted`",
            ),
        ),
        (
            "ru-RU/v1.0/call-paint.md",
            page(
                &[
                    "комната | [x](room.md) | a",
                    "colour | Строка | \"красный\", \"blue\"",
                ],
                "`202 Accepted`",
            ),
        ),
        (
            "en-US/v1.0/room.md",
            resource("room", "", "  \"id\": \"String\"", &[]),
        ),
    ]);
    let operation = only(&extracted);
    assert_eq!(operation.page, "call-paint");
    assert_eq!(operation.paths, [path]);
    assert_eq!(names(&operation.parameters), ["room", "colour"]);
    let room = property(&operation.parameters, "room");
    assert_eq!(
        (room.kind, room.resource.as_deref()),
        (Kind::Object, Some("room"))
    );
    assert_eq!(
        property(&operation.parameters, "colour").words,
        ["red", "blue"]
    );
    let answers: Vec<_> = operation
        .answers
        .iter()
        .map(|it| (it.status, it.from))
        .collect();
    assert_eq!(answers, [(200, Origin::Example), (202, Origin::Prose)]);
    assert_eq!(findings.len(), 3, "{findings:?}");
}

#[test]
fn alternatives_have_the_type_of_their_common_base() {
    let printed = ", \"baseType\": \"microsoft.graph.paint\"";
    let row = "with | [oilPaint](oilpaint.md) или [gluePaint](gluepaint.md) | a";
    let (extracted, findings) = extract(&[
        (
            "ru-RU/v1.0/call-paint.md",
            operation("/communications/calls/{id}/paint", &[row], "200 OK", "{ }"),
        ),
        (
            "ru-RU/v1.0/paint.md",
            resource("paint", "", "  \"id\": \"String\"", &[]),
        ),
        (
            "ru-RU/v1.0/oilpaint.md",
            resource("oilPaint", printed, "", &[]),
        ),
        (
            "ru-RU/v1.0/gluepaint.md",
            resource("gluePaint", printed, "", &[]),
        ),
    ]);
    assert!(findings.is_empty(), "{findings:?}");
    let with = &only(&extracted).parameters[0];
    assert_eq!(with.resource.as_deref(), Some("paint"));
    assert!(!with.collection);
}

#[test]
fn a_body_may_be_a_whole_resource() {
    let page = "# o\n\n## <a name=\"http-request\"></a>H\n\n```http\nPOST /app/calls\nPOST /communications/calls\n```\n\n\
        ## <a name=\"request-body\"></a>B\n\nA [呼叫](../resources/call.md).\n\n\
        ## <a name=\"response\"></a>R\n\n> 201 Created, with a [呼叫](../resources/call.md).\n";
    let (extracted, _) = extract(&[
        ("zh-CN/beta/post-calls.md", page.to_owned()),
        (
            "zh-CN/beta/call.md",
            resource("call", "", "  \"id\": \"String\"", &[]),
        ),
    ]);
    let operation = only(&extracted);
    assert_eq!(operation.paths, ["/app/calls", "/communications/calls"]);
    assert_eq!(operation.body.as_deref(), Some("call"));
    assert_eq!(
        operation.answers,
        [Answer {
            status: 201,
            resource: Some("call".to_owned()),
            collection: false,
            from: Origin::Prose,
        }]
    );
    assert_eq!(operation.sources[0].line, 5);
}

#[test]
fn of_two_languages_the_source_is_read() {
    let both = |own: &str, source: &str| {
        format!(
            "<span data-ttu-id=\"a\">{own}</span><span class=\"sxs-lookup\"><span data-stu-id=\"a\">{source}</span></span>"
        )
    };
    let row = [
        both("sala", "room"),
        both("conjunto [sala](room.md)", "[room](room.md) collection"),
        both("No máximo 5.", "At most 5."),
    ];
    let row = row.join(" | ");
    let page = operation(
        "/communications/calls/{id}/paint",
        &[&row],
        "`200 OK`",
        "{ }",
    );
    let (extracted, _) = extract(&[
        ("pt-BR/beta/call-paint.md", page.clone()),
        ("ja-JP/beta/call-paint.md", page),
        (
            "pt-BR/beta/room.md",
            resource("room", "", "  \"id\": \"String\"", &[]),
        ),
    ]);
    let room = &only(&extracted).parameters[0];
    assert_eq!((room.name.as_str(), room.max_items), ("room", Some(5)));
}

#[test]
fn a_contract_is_written_with_a_property_a_line() {
    let pages = [(
        "en-US/v1.0/room.md",
        resource("room", "", "  \"id\": \"String\",\n  \"at\": [true]", &[]),
    )];
    let (extracted, _) = extract(&pages);
    let text = contract::to_json(&extracted, None);
    let read: Extracted = serde_json::from_str(&text).unwrap();
    assert_eq!(read, extracted);
    let line =
        "        {\"name\":\"at\",\"kind\":\"boolean\",\"collection\":true,\"lines\":[14]}\n";
    assert!(text.contains(line), "{text}");
}
