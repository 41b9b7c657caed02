//! Requests with the same keys have no differences, over many generated requests.

use super::*;
use crate::cassette::format::Exchange;
use crate::cassette::raw::RawExchange;
use crate::cassette::recording::Recording;
use crate::http::message::Headers;
use crate::replay::rules::{ReplayRule, Rules};

const ONCE: Options = Options {
    serving: Serving::Once,
    notifications: Notifications::NotSent,
    messages: Messages::Last,
};

const TRIES: usize = 1000;

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const GUIDS: [&str; 3] = [
    "57dab8b1-894c-409a-b240-bd8beae78896",
    "57dab8b1-894c-409a-b240-bd8beae78897",
    "00000000-0000-0000-0000-00000000000a",
];

const NAMES: [&str; 12] = [
    "id",
    "clientContext",
    "status",
    "subCode",
    "subcode",
    "@odata.type",
    "resource",
    "at",
    "identity",
    "participants",
    "n",
    "callbackUri",
];

fn text(dice: &mut Dice, name: &str) -> Value {
    let guid = dice.pick(&GUIDS);
    json!(match (name, dice.below(4)) {
        ("@odata.type", _) => dice
            .pick(&["#graph.call", "graph.call", "#graph.user"])
            .into(),
        ("callbackUri", _) => format!("https://bot.example/{guid}"),
        ("resource", 0) => format!("/communications/calls/{guid}"),
        ("resource", _) => format!("/app/calls/{guid}/operations/{}", dice.pick(&GUIDS)),
        ("at", _) => format!("2026-01-0{}T00:00:00Z", 1 + dice.below(9)),
        ("id" | "clientContext", 0) => dice.pick(&["op-1", "op-2", ""]).into(),
        (_, 1) => guid.to_owned(),
        _ => dice
            .pick(&["", "running", "1", "null", "a\"\\\u{e9}", "/x/y"])
            .into(),
    })
}

fn value(dice: &mut Dice, name: &str, depth: usize) -> Value {
    match dice.below(if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => json!(dice.below(2) == 0),
        2 => [
            json!(0),
            json!(1),
            json!(1.5),
            json!(-7),
            json!(1_u64 << 53),
        ][dice.below(5)]
        .clone(),
        3..6 => text(dice, name),
        6 => (0..dice.below(3))
            .map(|_| value(dice, name, depth - 1))
            .collect(),
        _ => object(dice, depth - 1),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let count = 1 + dice.below(5);
    let properties = (0..count).map(|_| {
        let name = dice.pick(&NAMES);
        (name.to_owned(), value(dice, name, depth))
    });
    Value::Object(properties.collect())
}

fn path(dice: &mut Dice) -> String {
    let guid = dice.pick(&GUIDS);
    match dice.below(3) {
        0 => "/app/calls".to_owned(),
        1 => format!("/things/{}", dice.below(3)),
        _ => format!("/app/calls/{guid}/participants/invite"),
    }
}

/// Every value in a value, by its pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(properties) => {
            for (name, value) in properties {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Makes a live request from a recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Reordered,
    Respelt,
    OtherTarget,
    Changed,
    OtherText,
    Added,
    Removed,
}

impl Change {
    const ALL: [Self; 8] = [
        Self::None,
        Self::Reordered,
        Self::Respelt,
        Self::OtherTarget,
        Self::Changed,
        Self::OtherText,
        Self::Added,
        Self::Removed,
    ];

    /// True if the live request has the values of the recorded one.
    const fn is_none(self) -> bool {
        matches!(self, Self::None | Self::Reordered | Self::Respelt)
    }

    fn apply(self, dice: &mut Dice, target: &mut String, body: &mut Value) {
        let mut found = Vec::new();
        places(body, "", &mut found);
        let at = found.swap_remove(dice.below(found.len()));
        let name = at.rsplit('/').find(|it| it.parse::<usize>().is_err());
        let name = name.unwrap_or_default().to_owned();
        match (self, body.pointer_mut(&at)) {
            (Self::Reordered, _) => reorder(body),
            (Self::Respelt, _) => respell(body),
            (Self::OtherTarget, _) => *target = path(dice),
            (Self::Changed, Some(there)) => *there = value(dice, &name, 1),
            (Self::OtherText, Some(there @ Value::String(_))) => *there = text(dice, &name),
            (Self::Added, Some(Value::Object(properties))) => {
                let name = dice.pick(&NAMES);
                properties.insert(name.to_owned(), value(dice, name, 1));
            }
            (Self::Added, Some(Value::Array(items))) => items.push(value(dice, &name, 1)),
            (Self::Removed, Some(Value::Object(properties))) => {
                properties.shift_remove(dice.pick(&NAMES));
            }
            (Self::Removed, Some(Value::Array(items))) => drop(items.pop()),
            _ => {}
        }
    }
}

fn reorder(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(reorder),
        Value::Object(properties) => {
            let reversed = std::mem::take(properties).into_iter().rev();
            properties.extend(reversed.map(|(name, mut value)| {
                reorder(&mut value);
                (name, value)
            }));
        }
        _ => {}
    }
}

/// Spells numbers, identifiers, times and types in another way, and adds null.
fn respell(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64()),
        Value::String(text) if GUIDS.contains(&text.as_str()) => *text = text.to_uppercase(),
        Value::String(text) if text.starts_with("2026-") => *text = "2027-02-02T11:11:11Z".into(),
        Value::Array(items) => items.iter_mut().for_each(respell),
        Value::Object(properties) => {
            properties.values_mut().for_each(respell);
            if let Some(Value::String(text)) = properties.get_mut("@odata.type") {
                *text = text.trim_start_matches('#').to_owned();
            }
            properties.insert("more".to_owned(), Value::Null);
        }
        _ => {}
    }
}

fn exchange(target: &str, body: &Value) -> Exchange {
    serde_json::from_value(json!({
        "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
        "request": {"method": "POST", "target": target, "body": {"json": body},
            "headers": [["content-type", "application/json"]]},
        "response": {"status": 200, "headers": [], "body": {"json": {"is": "answered"}}},
    }))
    .unwrap()
}

fn service(exchange: &Exchange) -> Service {
    let recording = Recording::new("a", vec![Direction::Request], [(2, exchange.clone())]);
    Service::new(Indexed::of(&recording), ONCE)
}

fn live<'a>(
    method: &'a str,
    target: &'a str,
    headers: &'a Headers,
    body: &'a [u8],
) -> LiveRequest<'a> {
    LiveRequest {
        method,
        target,
        headers,
        body,
        coding: None,
        scheme: "http",
    }
}

#[test]
fn keys_and_comparison_agree() {
    let headers = Headers::from_iter([("Content-Type", "application/json")]);
    let mut dice = Dice(0x5eed);
    for change in Change::ALL {
        let (mut same, mut others) = (0, 0);
        for _ in 0..TRIES {
            let (recorded, depth) = (path(&mut dice), 1 + dice.below(2));
            let body = object(&mut dice, depth);
            let (mut target, mut given) = (recorded.clone(), body.clone());
            change.apply(&mut dice, &mut target, &mut given);
            let exchange = exchange(&recorded, &body);
            let bytes = given.to_string();
            let compared = ComparedRequest::live("POST", &target, &headers, bytes.as_bytes());
            let key = compared.key(
                compared.media_type().as_deref(),
                compared.content().as_ref(),
            );
            let line = serde_json::to_string(&exchange).unwrap();
            let raw: RawExchange<'_> = serde_json::from_str(&line).unwrap();
            let mut service = service(&exchange);
            let comparison = Comparison::of_requests(
                &Rules::default(),
                &service.mapping,
                &ComparedRequest::recorded(&raw.request),
                &compared,
            );
            let is_same = comparison.differences.is_empty();
            let about = format!("{change:?}: {recorded} {body}\n{target} {given}\n{comparison:?}");
            if service.find_equal(&key, &compared).is_some() {
                same += 1;
                assert!(is_same, "{about}");
            } else {
                others += 1;
                // A callback address is for the comparison to learn.
                let needs_comparison = bytes.contains("callbackUri");
                assert!(!change.is_none() || needs_comparison, "{about}");
            }
            assert!(is_same || !change.is_none(), "{about}");
            let answer =
                self::service(&exchange).answer(&live("POST", &target, &headers, bytes.as_bytes()));
            assert_eq!(answer.status == 200, is_same, "{about}");
        }
        assert!(same > 20 && others > 20, "{change:?}: {same}, {others}");
    }
}

#[test]
fn another_method_or_path_is_no_matter_of_the_body() {
    let recorded: Exchange = serde_json::from_value(json!({
        "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
        "request": {"method": "GET", "target": "/beta/a/b", "headers": []},
        "response": {"status": 200, "headers": []},
    }))
    .unwrap();
    for (method, target) in [("HEAD", "/beta/a/b"), ("GET", "/beta/a/c")] {
        let recording = Recording::new("a", Vec::new(), [(2, recorded.clone())]);
        let mut service = Service::new(Indexed::of(&recording), ONCE);
        let headers = Headers::new();
        let answer = service.answer(&live(method, target, &headers, b""));
        assert_eq!(answer.status, 404);
        let replayed = service.finish("a", Duration::ZERO, End::ByItself).unwrap();
        let [violation] = &replayed.result.failures[..] else {
            panic!("{:?}", replayed.result.failures);
        };
        let begins = "the request line differs from the recording: ";
        assert!(
            violation.message.starts_with(begins),
            "{}",
            violation.message
        );
        assert_eq!(violation.expected, "GET /beta/a/b");
        assert_eq!(violation.actual, format!("{method} {target}"));
    }
}

#[test]
fn a_form_has_another_secret_in_each_run() {
    let recorded: Exchange = serde_json::from_value(json!({
        "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
        "request": {"method": "POST", "target": "/token", "headers": [], "body": {
            "text": "grant_type=client_credentials&client_secret=redacted-secret-0123456789ab&scope=a"}},
        "response": {"status": 200, "headers": []},
    }))
    .unwrap();
    for (scope, status) in [("a", 200), ("b", 404)] {
        let recording = Recording::new("a", Vec::new(), [(2, recorded.clone())]);
        let mut service = Service::new(Indexed::of(&recording), ONCE);
        let form = format!("grant_type=client_credentials&client_secret=mine&scope={scope}");
        let headers = Headers::new();
        let answer = service.answer(&live("POST", "/token", &headers, form.as_bytes()));
        assert_eq!(answer.status, status);
    }
}

/// The statuses of answers to these requests, by these rules.
fn answered(rules: Value, exchanges: &[Exchange], requests: &[(&str, Value)]) -> Vec<u16> {
    let rules = serde_json::from_value::<Vec<ReplayRule>>(rules).unwrap();
    let recording = Recording::new("a", vec![Direction::Request], (2..).zip(exchanges.to_vec()));
    let recording = Indexed::of(&recording).compared_by(rules.into());
    let mut service = Service::new(recording, ONCE);
    let headers = Headers::from_iter([("Content-Type", "application/json")]);
    let statuses = requests.iter().map(|(target, body)| {
        let body = body.to_string();
        service
            .answer(&live("POST", target, &headers, body.as_bytes()))
            .status
    });
    statuses.collect()
}

#[test]
fn rules_decide_which_recorded_request_a_live_one_is() {
    let recorded = exchange(
        "/rooms?page=1",
        &json!({"nonce": 1, "id": GUIDS[0], "kind": "a"}),
    );
    let of = |page: &str, nonce: u8, id: &str, kind: &str| {
        (
            format!("/rooms?page={page}"),
            json!({"nonce": nonce, "id": id, "kind": kind}),
        )
    };
    let rule = |place: &str, name: &str, compare: &str| json!([{place: name, "compare": compare}]);
    for (rules, (target, body), status) in [
        (json!([]), of("1", 1, GUIDS[1], "a"), 200),
        (json!([]), of("1", 2, GUIDS[0], "a"), 404),
        (
            rule("pointer", "/nonce", "ignore"),
            of("1", 2, GUIDS[1], "a"),
            200,
        ),
        (
            rule("pointer", "/nonce", "ignore"),
            of("1", 2, GUIDS[0], "b"),
            404,
        ),
        (
            rule("pointer", "/id", "exact"),
            of("1", 1, GUIDS[0], "a"),
            200,
        ),
        (
            rule("pointer", "/id", "exact"),
            of("1", 1, GUIDS[1], "a"),
            404,
        ),
        (
            rule("query", "page", "shape"),
            of("9", 1, GUIDS[0], "a"),
            200,
        ),
        (
            rule("header", "content-type", "exact"),
            of("1", 1, GUIDS[0], "a"),
            200,
        ),
        (
            json!([{"path": "/doors", "pointer": "/nonce", "compare": "ignore"}]),
            of("1", 2, GUIDS[0], "a"),
            404,
        ),
    ] {
        let about = format!("{rules} {target} {body}");
        let exchanges = std::slice::from_ref(&recorded);
        assert_eq!(
            answered(rules, exchanges, &[(&*target, body)]),
            [status],
            "{about}"
        );
    }
}

#[test]
fn of_requests_that_rules_make_alike_each_is_served_once() {
    let of = |nonce: u8| exchange("/rooms", &json!({"nonce": nonce}));
    let rules = json!([{"pointer": "/nonce", "compare": "ignore"}]);
    let requests = [3, 4, 5].map(|nonce| ("/rooms", json!({"nonce": nonce})));
    assert_eq!(answered(rules, &[of(1), of(2)], &requests), [200, 200, 404]);
}
