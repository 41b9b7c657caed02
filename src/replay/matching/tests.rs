use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::at::At;
use super::compared::ComparedRequest;
use super::comparison::Comparison;
use super::content::Content;
use super::target::Own;
use crate::http::message::Headers;
use crate::replay::rules::{ReplayRule, Rules};
use crate::replay::values::mapping::Mapping;

fn differences(recorded: &Value, live: &Value) -> Vec<String> {
    let mut mapping = Mapping::default();
    mapping.learn("op-1", "op-2");
    let mut comparison = Comparison::default();
    let [recorded, live] = [recorded, live].map(Content::of_value);
    comparison.contents_at(&mapping, &recorded, &live, At::Body);
    comparison
        .differences
        .iter()
        .map(|it| it.pointer.to_string())
        .collect()
}

#[test]
fn values_that_differ_from_run_to_run_differ_alike() {
    let none: [&str; 0] = [];
    for (recorded, live, expected) in [
        (
            json!({"id": "op-1"}),
            json!({"id": "op-2", "new": 1}),
            &none[..],
        ),
        (json!({"id": "op-1"}), json!({"id": "op-3"}), &["/id"]),
        (json!({"id": "op-9"}), json!({"id": "op-2"}), &["/id"]),
        (json!({"id": "a"}), json!({"id": ""}), &["/id"]),
        (json!({"a": ONE}), json!({"a": " "}), &["/a"]),
        (json!({"a": ONE}), json!({"a": ""}), &["/a"]),
        (json!({"id": " "}), json!({"id": " "}), &none[..]),
        (
            json!({"callback": "http://h/"}),
            json!({"callback": ""}),
            &["/callback"],
        ),
        (
            json!({"at": "2026-12-01T00:00:00Z"}),
            json!({"at": "2026-13-01T00:00:00Z"}),
            &["/at"],
        ),
        (
            json!([{"id": "a"}, {"id": "a"}]),
            json!([{"id": "b"}, {"id": "c"}]),
            &["/1/id"],
        ),
        (
            json!([{"id": "a"}, {"id": "b"}]),
            json!([{"id": "c"}, {"id": "c"}]),
            &["/1/id"],
        ),
        (
            json!({"pin": SECRET, "again": SECRET}),
            json!({"pin": 4711, "again": 4711}),
            &none[..],
        ),
        (json!([SECRET, SECRET]), json!([4711, 4712]), &["/1"]),
        (json!({"a": null, "n": 1}), json!({"n": 1.0}), &none[..]),
        (json!({"a": null}), json!({"a": "full"}), &["/a"]),
        (json!({"a": null}), json!({"a": {"code": 5}}), &["/a"]),
        (json!({"a": null}), json!({"a": null}), &none[..]),
        (json!({"n": 1}), json!({"a": null, "n": 1}), &none[..]),
        (json!({"a": 1}), json!({"a": null}), &["/a"]),
        (json!({"a": [null]}), json!({"a": [1]}), &["/a/0"]),
        (json!({"a": "x", "b": 1}), json!({"a": "y"}), &["/a", "/b"]),
        (json!({"a": [1]}), json!({"a": [1, 2]}), &["/a"]),
        (
            json!({"resource": "/app/calls/1/operations/op-1"}),
            json!({"resource": "/communications/calls/7/operations/op-2"}),
            &none[..],
        ),
        (
            json!({"resource": "/app/calls/1"}),
            json!({"resource": "/app/calls/1/participants"}),
            &["/resource"],
        ),
    ] {
        assert_eq!(differences(&recorded, &live), expected, "{recorded} {live}");
    }
}

#[test]
fn a_pseudonym_within_a_text_stands_for_one_value() {
    let [one, other] = [SECRET, "redacted-key-ba9876543210"];
    for (recorded, live, is_same) in [
        (
            json!([format!("https://h/?sig={one}&a=1")]),
            json!(["https://h/?sig=x&a=1"]),
            true,
        ),
        (
            json!([format!("https://h/?sig={one}&a=1")]),
            json!(["https://h/?sig=x&a=2"]),
            false,
        ),
        (
            json!([format!("https://h/?sig={one}")]),
            json!(["https://h/?sig="]),
            false,
        ),
        (json!([format!("Bearer {one}")]), json!(["Bearer x"]), true),
        (
            json!([one, format!("Bearer {one}")]),
            json!(["x", "Bearer x"]),
            true,
        ),
        (
            json!([one, format!("Bearer {one}")]),
            json!(["x", "Bearer y"]),
            false,
        ),
        (
            json!([format!("a={one};b={other};")]),
            json!(["a=1;b=2;"]),
            true,
        ),
        (
            json!([format!("a={one};b={one};")]),
            json!(["a=1;b=2;"]),
            false,
        ),
    ] {
        let alike = |recorded: &Value, live: &Value| differences(recorded, live).is_empty();
        assert_eq!(alike(&recorded, &live), is_same, "{recorded} {live}");
        let texts = [recorded.to_string(), live.to_string().replace(',', ", ")];
        let [recorded, live] = texts.each_ref().map(|it| json!(it));
        assert_eq!(alike(&recorded, &live), is_same, "{recorded} {live}");
        let [recorded, live] = texts.map(|it| json!(STANDARD.encode(it)));
        assert_eq!(alike(&recorded, &live), is_same, "{recorded} {live}");
    }
}

#[test]
fn a_query_has_the_recorded_parameters_and_no_other() {
    let secret = SECRET;
    for (recorded, live, is_same) in [
        ("/a", "/a?b=1", false),
        ("/a", "/a?", true),
        ("/a?b=1&c=%2F", "/a?c=/&b=1", true),
        ("/a?b=1&c=%2F", "/a?c=/&b=1&d", false),
        ("/a?b=1", "/a?b=2", false),
        ("/a?b=1&b=1", "/a?b=1", false),
        ("/a?b=1&b=2&c", "/a?b=2&c&b=1", false),
        ("/a?b=1", "/a?b=1&b=2", false),
        ("/a?b=%E9", "/a?b=%e9", true),
        ("/a?b=%E9", "/a?b=%E8", false),
        ("/a?b", "/a", false),
        (&format!("/a?sig={secret}"), "/a?sig=x", true),
    ] {
        let mut comparison = Comparison::default();
        let same = comparison.queries(&Mapping::default(), recorded, live)
            && !comparison.adds_parameter(recorded, live);
        assert_eq!(same, is_same, "{recorded} {live}");
    }
}

/// The pointers and fields that differ by these rules, in an answer to `GET /rooms/1`.
fn differences_by(
    rules: &Value,
    recorded: (&[(&str, &str)], &Value),
    live: (&[(&str, &str)], &Value),
) -> Vec<String> {
    let rules = serde_json::from_value::<Vec<ReplayRule>>(rules.clone()).unwrap();
    let rules = Rules::from(rules).of_request("GET", "/rooms/1");
    let mut comparison = Comparison::between(rules, Own::default(), Own::default());
    let [fields, others] = [recorded.0, live.0].map(|it| it.iter().copied().collect::<Headers>());
    comparison.fields(&Mapping::default(), &fields, &others, &["location"]);
    let [recorded, live] = [recorded.1, live.1].map(Content::of_value);
    comparison.contents_at(&Mapping::default(), &recorded, &live, At::Body);
    let differences = comparison.differences.iter();
    differences
        .map(|it| format!("{:?} {}", it.part, it.pointer))
        .collect()
}

const ONE: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a001";
const SECRET: &str = "redacted-secret-0123456789ab";
const OTHER: &str = "6f1f2e0c-7a53-4d0e-9a55-2f8a1a52a002";

#[test]
fn rules_say_how_a_place_of_a_body_is_compared() {
    let at = |pointer: &str, compare: &str| json!([{"path": "/rooms/*", "pointer": pointer, "compare": compare}]);
    let one = json!({"a": 1, "id": ONE, "at": "2026-01-01T00:00:00Z", "list": [{"b": 1}, {"b": 2, "c": "x"}]});
    let with = |pointer: &str, value: Value| {
        let mut changed = one.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let without = |name: &str| {
        let mut changed = one.clone();
        changed.as_object_mut().unwrap().remove(name);
        changed
    };
    let none: &[&str] = &[];
    for (rules, live, expected) in [
        (json!([]), with("/a", json!(2)), &["Body /a"][..]),
        (at("/a", "ignore"), with("/a", json!(2)), none),
        (at("/a", "ignore"), without("a"), none),
        (at("/a", "shape"), with("/a", json!(2)), none),
        (at("/a", "shape"), with("/a", json!("2")), &["Body /a"]),
        (at("/a", "shape"), without("a"), &["Body /a"]),
        (at("", "ignore"), json!("another"), none),
        (at("", "shape"), with("/a", json!(2)), none),
        (at("", "shape"), json!([]), &["Body "]),
        (at("/list", "shape"), with("/list", json!([])), none),
        (
            at("/list", "shape"),
            with("/list", json!([{"b": 1}, {"b": 2, "c": "y"}, {"b": 9}])),
            none,
        ),
        (
            at("/list", "shape"),
            with("/list", json!([{"b": 1, "c": "x"}, {"b": 2}])),
            none,
        ),
        (
            at("/list", "shape"),
            with("/list", json!([{"b": "1"}])),
            &["Body /list/0/b"],
        ),
        (at("/list/*/b", "ignore"), with("/list/1/b", json!(3)), none),
        (
            at("/list/*/b", "ignore"),
            with("/list/1/c", json!("y")),
            &["Body /list/1/c"],
        ),
        (at("/**/c", "ignore"), with("/list/1/c", json!("y")), none),
        (json!([]), with("/id", json!(OTHER)), none),
        (at("/id", "exact"), one.clone(), none),
        (at("/id", "exact"), with("/id", json!(OTHER)), &["Body /id"]),
        (
            at("/at", "exact"),
            with("/at", json!("2026-01-01T00:00:01Z")),
            &["Body /at"],
        ),
        (
            at("/list/0", "exact"),
            with("/list/0", json!({"b": 1.0})),
            none,
        ),
        (
            at("/list/0", "exact"),
            with("/list/0", json!({"b": 1, "d": 1})),
            &["Body /list/0/d"],
        ),
        (at("/new", "exact"), one.clone(), none),
        (
            json!([{"pointer": "", "compare": "ignore"}, {"pointer": "/a", "compare": "exact"}]),
            json!({"a": 2}),
            &["Body /a"],
        ),
        (
            json!([{"path": "/doors/*", "pointer": "/a", "compare": "ignore"}]),
            with("/a", json!(2)),
            &["Body /a"],
        ),
    ] {
        let differences = differences_by(&rules, (&[], &one), (&[], &live));
        assert_eq!(differences, expected, "{rules} {live}");
    }
}

#[test]
fn what_is_exact_is_expected_as_it_was_recorded() {
    let mut mapping = Mapping::default();
    mapping.learn(ONE, OTHER);
    let headers = Headers::new();
    for (rules, expected) in [
        (json!([]), [OTHER; 3]),
        (
            json!([{"pointer": "/id", "compare": "exact"}]),
            [OTHER, OTHER, ONE],
        ),
        (
            json!([{"query": "of", "compare": "exact"}]),
            [OTHER, ONE, OTHER],
        ),
    ] {
        let rules = Rules::from(serde_json::from_value::<Vec<ReplayRule>>(rules).unwrap());
        let target = |room: &str, id: &str| format!("/rooms/{room}?of={id}");
        let body = |id: &str| json!({"id": id}).to_string();
        let recorded = (target(ONE, ONE), body(ONE));
        let live = (target("3", OTHER), body("3"));
        let [recorded, live] = [&recorded, &live].map(|(target, body)| ComparedRequest {
            content_type: Some("application/json"),
            ..ComparedRequest::live("GET", target, &headers, body.as_bytes())
        });
        let compared = Comparison::of_requests(&rules, &mapping, &recorded, &live);
        let shown = compared.differences.iter().map(|it| it.expected.clone());
        let [path, query, id] = expected;
        let all = [json!(format!("GET /rooms/{path}?of={query}")), json!(id)];
        assert_eq!(shown.collect::<Vec<_>>(), all, "{compared:?}");
    }
}

#[test]
fn a_rule_reaches_into_json_within_a_text() {
    let text =
        |nonce: u8, id: &str| json!({"text": format!("{{\"nonce\":{nonce},\"id\":\"{id}\"}}")});
    let rule = |pointer: &str, compare: &str| json!([{"pointer": pointer, "compare": compare}]);
    let [recorded, other_nonce, other_id] = [text(1, ONE), text(2, ONE), text(1, OTHER)];
    for (rules, live, expected) in [
        (json!([]), &other_id, 0),
        (json!([]), &other_nonce, 1),
        (rule("/text/nonce", "ignore"), &other_nonce, 0),
        (rule("/text/id", "exact"), &other_id, 1),
    ] {
        let differences = differences_by(&rules, (&[], &recorded), (&[], live));
        assert_eq!(
            differences.len(),
            expected,
            "{rules} {live} {differences:?}"
        );
    }
}

#[test]
fn rules_say_how_a_header_field_is_compared() {
    let rule = |name: &str, compare: &str| json!([{"header": name, "compare": compare}]);
    let recorded = [
        ("ETag", "1"),
        ("Location", "/rooms/1"),
        ("Link", "a"),
        ("link", "b"),
    ];
    let none: &[&str] = &[];
    for (rules, live, expected) in [
        (json!([]), &[("location", "/rooms/1")][..], none),
        (
            json!([]),
            &[("location", "/rooms/2")],
            &["Header(\"location\") "][..],
        ),
        (rule("location", "ignore"), &[], none),
        (rule("Location", "shape"), &[("location", "/rooms/2")], none),
        (rule("Location", "shape"), &[], &["Header(\"location\") "]),
        (
            rule("etag", "exact"),
            &[("etag", "1"), ("location", "/rooms/1")],
            none,
        ),
        (
            rule("etag", "exact"),
            &[("etag", "2"), ("location", "/rooms/1")],
            &["Header(\"etag\") "],
        ),
        (
            rule("e*", "shape"),
            &[("location", "/rooms/1")],
            &["Header(\"etag\") "],
        ),
        (
            rule("link", "shape"),
            &[("link", "c"), ("location", "/rooms/1")],
            &["Header(\"link\") "],
        ),
    ] {
        let differences = differences_by(&rules, (&recorded, &Value::Null), (live, &Value::Null));
        assert_eq!(differences, expected, "{rules} {live:?}");
    }
}

#[test]
fn rules_say_how_a_parameter_of_a_query_is_compared() {
    let rule = |name: &str, compare: &str| json!([{"query": name, "compare": compare}]);
    for (rules, live, is_same) in [
        (json!([]), "/a?skip=2&top=5", false),
        (rule("skip", "ignore"), "/a?skip=2&top=5", true),
        (rule("skip", "ignore"), "/a?top=5", true),
        (rule("skip", "shape"), "/a?skip=2&top=5", true),
        (rule("skip", "shape"), "/a?top=5", false),
        (rule("*", "shape"), "/a?skip=3&top=6", true),
        (rule("id", "exact"), "/a?skip=1&top=5", true),
        (
            json!([{"path": "/b", "query": "skip", "compare": "ignore"}]),
            "/a?skip=2&top=5",
            false,
        ),
        // A rule about the body is about nothing else.
        (
            json!([{"pointer": "/**", "compare": "ignore"}]),
            "/a?skip=2&top=5",
            false,
        ),
    ] {
        let rows = serde_json::from_value::<Vec<ReplayRule>>(rules.clone()).unwrap();
        let headers = Headers::new();
        let [recorded, compared] =
            ["/a?skip=1&top=5", live].map(|it| ComparedRequest::live("GET", it, &headers, b""));
        let compared =
            Comparison::of_requests(&rows.into(), &Mapping::default(), &recorded, &compared);
        assert_eq!(compared.differences.is_empty(), is_same, "{rules} {live}");
    }
}
