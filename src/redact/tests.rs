//! Planted secrets, by place and kind. Every secret must be replaced, and everything else must stay.

mod embedded;
mod places;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::cassette::format::Direction;
use crate::http::message::{Octets, Omission};

const SECRET: &str = "hunter2-Pa55phrase";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
const PEM: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2-Pa55phrase\n-----END RSA PRIVATE KEY-----";

fn redactor() -> Redactor {
    Redactor::new([7; 32])
}

fn exchange() -> Exchange {
    let mut request = Request::new("POST", "/app/calls");
    request.headers.push("Content-Type", "application/json");
    Exchange {
        response: Some(Response::new(200)),
        ..Exchange::new(1, Direction::Request, request)
    }
}

#[track_caller]
fn assert_gone(exchange: Exchange, secret: &str) {
    let line = line_beside_value(&exchange);
    assert!(!line.contains(secret), "{line}");
    let text = serde_json::to_string(&redactor().redact(exchange)).unwrap();
    assert!(!text.contains(secret), "{text}");
}

/// The line of an exchange, which reads as the redacted value.
#[track_caller]
fn line_beside_value(exchange: &Exchange) -> String {
    let mut value = exchange.clone();
    let (wire, none) = (Wire::default(), Headers::new());
    value.request.body = captured(&none, &value.request.body, &wire).body.into();
    if let Some(response) = &mut value.response {
        response.body = captured(&none, &response.body, &wire).body.into();
    }
    let line = line(&redactor(), exchange);
    let read: Exchange = serde_json::from_str(&line).unwrap();
    assert_eq!(&read, redactor().redact(value).get());
    line
}

/// The line of an exchange as it is recorded.
fn line(redactor: &Redactor, exchange: &Exchange) -> String {
    let request = &exchange.request;
    let captured = UnredactedExchange {
        number: exchange.number,
        direction: exchange.direction,
        cause: exchange.cause.clone(),
        at_ms: exchange.at_ms,
        took_ms: exchange.took_ms,
        method: &request.method,
        target: &request.target,
        request: captured(&request.headers, &request.body, &exchange.request_wire),
        response: exchange.response.as_ref().map(|it| {
            let response = captured(&it.headers, &it.body, &exchange.response_wire);
            (it.status, response)
        }),
        broke: exchange.broke.as_deref(),
    };
    let line = redactor.line(&captured);
    String::from_utf8(line.get().as_bytes().to_vec()).unwrap()
}

fn captured<'a>(fields: &'a Headers, body: &Body, wire: &Wire) -> UnredactedMessage<'a> {
    let fields = fields.iter();
    let bytes = |bytes: Vec<u8>| UnredactedBody::Bytes(Cow::Owned(bytes));
    UnredactedMessage {
        headers: fields
            .map(|(name, value)| UnredactedField {
                name,
                value: Cow::Borrowed(value),
                octets: Octets::Utf8,
            })
            .collect(),
        body: match body {
            Body::Empty => bytes(Vec::new()),
            Body::Json(value) => bytes(value.to_string().into()),
            Body::Text(text) => bytes(text.clone().into()),
            Body::Bytes(it) => bytes(it.clone()),
            Body::Omitted(Omission::NotKept { length, sha256 }) => UnredactedBody::Omitted {
                length: *length,
                sha256: sha256.clone(),
            },
            Body::Omitted(other) => panic!("no recorder captures {other:?}"),
        },
        wire: wire.clone(),
    }
}

#[test]
fn planted_secrets_are_gone_from_header_fields() {
    for (name, value) in [
        ("Authorization", format!("Bearer {SECRET}")),
        ("authorization", SECRET.to_owned()),
        ("Proxy-Authorization", format!("Basic {SECRET}")),
        ("Cookie", format!("a=1; sid={SECRET}")),
        ("Cookie", format!("sid={SECRET}; {SECRET} =")),
        ("Set-Cookie", format!("sid={SECRET}; Path=/; HttpOnly")),
        ("X-Api-Key", SECRET.to_owned()),
        ("X-Anything", SECRET.to_owned()),
        ("Location", format!("https://h/a?sig={SECRET}")),
        ("Location", format!("https://u:{SECRET}@h/a")),
        ("User-Agent", format!("bot token={SECRET}")),
        ("WWW-Authenticate", format!("Bearer token={SECRET}")),
    ] {
        let mut planted = exchange();
        planted.request.headers.push(name, value.clone());
        assert_gone(planted, SECRET);
        let mut planted = exchange();
        planted.response_wire.trailers.push(name, value);
        assert_gone(planted, SECRET);
    }
}

#[test]
fn planted_secrets_are_gone_from_texts() {
    for text in [
        format!("/cb?code={SECRET}&a=b"),
        format!("/cb?a=b&rt={SECRET}"),
        format!("/cb?rc={SECRET}#x"),
        format!("/cb#access_token={SECRET}"),
        format!("https://u:{SECRET}@host/"),
        format!("/go?to=https%3A%2F%2Fh%2F%3Fsig%3D{SECRET}"),
        format!("grant_type=password&password={SECRET}"),
        format!("client_secret={SECRET}"),
        format!("refresh-token={SECRET}"),
        format!("Authorization: Bearer {SECRET}"),
        format!("password: {SECRET}"),
        format!("password:{SECRET}"),
        format!("{{\"refresh_token\":\"{SECRET}\"}}"),
        format!("{{\"password\": \"{SECRET}\""),
        format!("{{\"password\":\"{SECRET}\",\"password\":null}}"),
        PEM.to_owned(),
        format!("key: {PEM} and more"),
        format!("-----BEGIN CERTIFICATE-----\nAA==\n{PEM}"),
        STANDARD.encode(format!("{{\"token\":\"{SECRET}\"}}")),
        STANDARD.encode(format!("https://h/?sig={SECRET}")),
    ] {
        let mut planted = exchange();
        planted.request.target.clone_from(&text);
        planted.request.body = Body::Text(text.clone());
        planted.response.as_mut().unwrap().body = Body::Json(json!({"a": [{"b": text}]}));
        assert_gone(planted.clone(), SECRET);
        assert_gone(planted, &STANDARD.encode(format!("{{\"token\":\"{SECRET}")));
    }
}

#[test]
fn shapes_are_secret_anywhere() {
    let storage = STANDARD.encode([0xa7; 64]);
    for secret in [
        JWT,
        "ghp_abcdefghijklmnop0123",
        "sk-abcdefghijklmnop0123",
        "AKIAABCDEFGHIJKLMNOP",
        "xoxb-123456789012-abcdef",
        &storage,
    ] {
        for text in [
            secret.to_owned(),
            format!("/hook/{secret}/x"),
            format!("it is {secret}, so"),
            format!("x={secret}"),
        ] {
            let mut planted = exchange();
            planted.request.body = Body::Json(json!({"text": text.clone()}));
            planted.request.target = text.clone();
            planted.broke = Some(text.clone());
            planted.response.as_mut().unwrap().body = Body::Bytes(text.into());
            assert_gone(planted, secret);
        }
    }
}

#[test]
fn names_are_secret_in_json_at_any_depth() {
    for name in [
        "password",
        "Secret",
        "token",
        "access_token",
        "refreshToken",
        "ID-Token",
        "client_secret",
        "apiKey",
        "sig",
        "cookie",
        "botPassword",
        "private_key",
        "pwd",
        "assertion",
    ] {
        for value in [json!(SECRET), json!([SECRET]), json!({"value": SECRET})] {
            let mut planted = exchange();
            planted.request.body = Body::Json(json!({"a": [{ name: value }]}));
            assert_gone(planted, SECRET);
        }
    }
    let mut planted = exchange();
    planted.request.body = Body::Json(json!({"token": {SECRET: SECRET}}));
    assert_gone(planted, SECRET);
    let mut planted = exchange();
    planted.request.body = Body::Json(json!({"pin": 918_273}));
    assert_gone(planted, "918273");
}

/// Bodies of one request, as they are captured and as they are written.
#[test]
fn a_line_is_the_redacted_value_written() {
    let long = format!(
        "{{{}}}",
        (0..40)
            .map(|at| format!("\"p{}\":{at}", at % 20))
            .collect::<Vec<_>>()
            .join(",")
    );
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for (text, written) in [
        (
            r#"{ "b" : [ 1e2, -0, 1.50, 18446744073709551616, -7 ], "a" : null }"#,
            r#"{"json":{ "b" : [ 1e2, -0, 1.50, 18446744073709551616, -7 ], "a" : null }}"#,
        ),
        // A reader of JSON leaves out blanks around a value.
        (" [1] ", r#"{"text":" [1] "}"#),
        (
            r#"{"a":1,"b":{"x":1,"x":2},"a":3}"#,
            r#"{"json":{"a":1,"b":{"x":1,"x":2},"a":3}}"#,
        ),
        (&long, &format!("{{\"json\":{long}}}")),
        (
            r#"{"\u0061":"\u00e9\ud83d\ude00\/\n\u0001\"\\"}"#,
            r#"{"json":{"\u0061":"\u00e9\ud83d\ude00\/\n\u0001\"\\"}}"#,
        ),
        ("{\n\"a\": 1}", r#"{"text":"{\n\"a\": 1}"}"#),
        (r#"{"a\"b":{},"c":[]}"#, r#"{"json":{"a\"b":{},"c":[]}}"#),
        ("\u{feff}{\"a\":1}", "{\"text\":\"\u{feff}{\\\"a\\\":1}\"}"),
        ("\u{feff}a", "{\"text\":\"\u{feff}a\"}"),
        ("\"text\"", r#"{"json":"text"}"#),
        ("true", r#"{"json":true}"#),
        ("1e999", r#"{"text":"1e999"}"#),
        (r#"{"a":1"#, r#"{"text":"{\"a\":1"}"#),
        (r#"{"a":"\ud800"}"#, r#"{"text":"{\"a\":\"\\ud800\"}"}"#),
        ("[1] 2", r#"{"text":"[1] 2"}"#),
        (&deep(112), &format!("{{\"json\":{}}}", deep(112))),
        (&deep(113), &format!("{{\"text\":\"{}\"}}", deep(113))),
        (&deep(9999), &format!("{{\"text\":\"{}\"}}", deep(9999))),
    ] {
        let mut plain = exchange();
        plain.request.body = Body::Text(text.to_owned());
        plain.request.headers =
            Headers::from_iter([("Accept", "a\"b"), ("Content-Type", "text/json")]);
        plain.request_wire = Wire {
            version: "2".into(),
            is_chunked: true,
            coding: Some("gzip".into()),
            trailers: Headers::from_iter([("X-Digest", "1")]),
            ..Wire::default()
        };
        let omitted = Body::Omitted(Omission::NotKept {
            length: 7,
            sha256: "00".into(),
        });
        plain.response.as_mut().unwrap().body = omitted;
        let line = line_beside_value(&plain);
        assert!(
            line.contains(&format!(",\"body\":{written},\"wire\":")),
            "{written} in {line}"
        );
    }
}

/// Names that become one: of their values the last counts.
#[test]
fn names_that_are_replaced_stay_apart_or_become_one() {
    let mut planted = exchange();
    planted.request.body = Body::Text(format!(
        "{{\"token\":\"{SECRET}\",\"{SECRET}\":1,\"{SECRET}/a\":2,\"\\u0068{}\":3}}",
        &SECRET[1..]
    ));
    assert_gone(planted, SECRET);
    let pseudonym = redactor().pseudonym(SECRET);
    let body = json!({"token": SECRET, SECRET: 1, "x": 2, &pseudonym: 3});
    let mut planted = exchange();
    planted.request.body = Body::Json(body);
    let line = line_beside_value(&planted);
    let written =
        format!("{{\"token\":\"{pseudonym}\",\"{pseudonym}\":1,\"x\":2,\"{pseudonym}\":3}}");
    assert!(line.contains(&written), "{line}");
}

/// What is wrapped in more than is opened is searched as text.
#[test]
fn secrets_are_gone_from_json_in_strings_of_json() {
    let mut text = format!("{{\"password\":\"{SECRET}\"}}");
    for depth in 0..8 {
        let mut planted = exchange();
        planted.request.body = Body::Text(text.clone());
        assert_gone(planted, SECRET);
        text = if depth % 2 == 0 {
            json!({"inner": text}).to_string()
        } else {
            json!([1, [text]]).to_string()
        };
    }
}

/// However deep wrappings are in each other, there is room for the way down.
#[test]
fn what_is_wrapped_a_hundred_times_is_survived() {
    let mut text = String::from("x");
    for _ in 0..12 {
        let coded = STANDARD.encode(format!("{}{}", " ".repeat(16), text));
        text = format!("{}\"{coded}\"{}", "[".repeat(100), "]".repeat(100));
    }
    let mut wrapped = exchange();
    wrapped.request.body = Body::Text(text.clone());
    line_beside_value(&wrapped);
    for _ in 0..8 {
        text = format!("{}{}{}", "[".repeat(100), json!(text), "]".repeat(100));
    }
    wrapped.request.body = Body::Text(text);
    line_beside_value(&wrapped);
}

#[test]
fn a_value_that_is_a_pair_again_and_again_is_survived() {
    let mut many = exchange();
    many.request.body = Body::Text("a=".repeat(200_000) + "token=0123456789abcdef0");
    assert_gone(many, "0123456789abcdef0");
}

#[test]
fn what_is_no_secret_stays() {
    let mut plain = exchange();
    plain.request.target = "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896/operations/\
                            0FE0623F-D628-42ED-B4BD-8AC290072CC5?a=b%20c"
        .into();
    plain.request.headers = Headers::from_iter([
        ("Content-Type", "application/json; charset=utf-8"),
        ("scenario-id", "57dab8b1-894c-409a-b240-bd8beae78896"),
    ]);
    plain.request.body = Body::Json(json!({
        "clientContext": "d45324c1-fcb5-430a-902c-f20af696537c",
        "resultInfo": {"code": 400, "subcode": 9999},
        "error": {"code": "BadRequest", "message": "Bearer authentication is missing"},
        "@odata.type": "#microsoft.graph.commsNotification",
        "threadId": "19:cbee7c1c860e465f8258e3cebf7bee0d@thread.skype",
        "tokenType": "Bearer", "token": null, "is_token": true,
        "callbackUri": "https://bot.contoso.com/api/calls/24701998-1a73-4d42-8085-bf46ed0ae039",
    }));
    assert_eq!(redactor().redact(plain.clone()).get(), &plain);
    let redactor = redactor();
    for _ in 0..2 {
        assert_eq!(
            line(&redactor, &plain),
            serde_json::to_string(&plain).unwrap()
        );
    }
}

#[test]
fn what_was_harmless_is_no_more_once_it_is_known_to_be_a_secret() {
    let redactor = redactor();
    let mut plain = exchange();
    plain.request.target = "/a/plainphrase1".into();
    plain.request.body = Body::Json(json!({"plainphrase1": "plainphrase1"}));
    let whole = serde_json::to_string(&plain).unwrap();
    assert_eq!(line(&redactor, &plain), whole);
    let mut planted = exchange();
    planted.request.body = Body::Json(json!({"pwd": "plainphrase1"}));
    redactor.redact(planted);
    assert!(!line(&redactor, &plain).contains("plainphrase1"));
}

#[test]
fn one_value_has_one_pseudonym_under_one_key() {
    let mut planted = exchange();
    planted.request.headers = Headers::from_iter([("Authorization", "Bearer a+b/1")]);
    planted.request.target = "/x?access_token=a%2Bb%2F1".into();
    planted.response.as_mut().unwrap().body = Body::Json(json!({"token": "a+b/1"}));
    let redacted = redactor().redact(planted.clone());
    let pseudonym =
        redacted.get().request.headers.get("authorization").unwrap()["Bearer ".len()..].to_owned();
    assert_eq!(pseudonym.len(), "redacted-secret-".len() + 12);
    assert_eq!(
        redacted.get().request.target,
        format!("/x?access_token={pseudonym}")
    );
    let response = redacted.get().response.as_ref().unwrap();
    assert_eq!(response.body, Body::Json(json!({"token": pseudonym})));
    let again = redactor().redact(redacted.get().clone());
    assert_eq!(again, redacted, "a pseudonym is its own");
    assert_ne!(Redactor::new([8; 32]).redact(planted), redacted);
}

#[test]
fn a_pseudonym_in_base64_is_none_of_a_key() {
    let mut planted = exchange();
    let wrapped = STANDARD.encode(format!(" \"{SECRET}\"}}"));
    planted.request.body = Body::Json(json!({"a": wrapped, "password": SECRET}));
    let once = redactor().redact(planted);
    assert_eq!(redactor().redact(once.get().clone()), once);
}

#[test]
fn a_secret_that_pseudonyms_have_parts_of_changes_none() {
    let mut planted = exchange();
    planted.request.target = "/x?token=abcdefgh12345678&y=Bearer%20redacted-secret-".into();
    planted.request.headers = Headers::from_iter([("Authorization", "Bearer redacted-secret-")]);
    let redactor = redactor();
    let once = redactor.redact(planted);
    assert_eq!(redactor.redact(once.get().clone()), once);
}

#[test]
fn people_phones_and_tenants_are_replaced_on_request() {
    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let planted = || {
        let mut planted = exchange();
        planted.request.target = format!("/{TENANT}/a?to=%2B14255550123&Employee-No=4711-0815");
        planted.request.headers = Headers::from_iter([("X-Team", "red4team")]);
        planted.request.body = Body::Json(json!({
            "phone": {"@odata.type": "#microsoft.graph.identity", "id": "+14255550123"},
            "user": {"displayName": "Zoe", "tenantId": TENANT, "id": "u-1"},
            "note": "tel:+14255550123 or +14255550123; employee_no: 4711-0815",
        }));
        planted
    };
    let all = ["+14255550123", "%2B1425", TENANT, "Zoe", "4711-0815"];
    let plain = serde_json::to_string(&redactor().redact(planted())).unwrap();
    assert!(all.iter().all(|it| plain.contains(it)), "{plain}");
    assert!(!plain.contains("red4team"), "{plain}");
    let project = ProjectRedaction {
        people: true,
        phones: true,
        tenants: true,
        secret: vec!["employeeNo".into()],
        keep: vec!["x-team".into()],
        ..ProjectRedaction::default()
    };
    let text = serde_json::to_string(&Redactor::with([7; 32], project).redact(planted())).unwrap();
    assert!(!all.iter().any(|it| text.contains(it)), "{text}");
    for kept in ["red4team", "#microsoft.graph.identity", "\"u-1\""] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
}

/// Texts of a media type with a secret (`§`): it is gone, and the text around it stays.
#[test]
fn a_secret_is_gone_and_the_text_around_it_stays() {
    for (media, text) in [
        ("text/csv", "\u{feff}user;password;region\nbot;§;west\n"),
        ("text/csv", "user|password|region\nbot|§|west\n"),
        ("text/plain", "Ihr Passwort lautet: §"),
        ("text/plain", "Your temporary password is: §."),
        ("text/plain", "密码是：§"),
        ("text/plain", "Kennwörter: §"),
        ("text/plain", "setx GRAPH_TOKEN §"),
        ("text/plain", "FROM a\nENV API_KEY §\nRUN b"),
        (
            "text/plain",
            "ConvertTo-SecureString \"§\" -AsPlainText -Force",
        ),
        (
            "text/plain",
            "variable \"db_password\" {\n  default = \"§\"\n}\n",
        ),
        ("text/plain", "db.example:5432:calls:bot:§"),
        (
            "application/json",
            r#"{"grant_type":"authorization_code","code":"§x1y2z3"}"#,
        ),
        ("application/json", r#"{"ocpKey":"§","securityAnswer":"§"}"#),
    ] {
        let secret = if text.contains("setx") || text.contains("API_KEY") {
            "Zq0aB7cD9eF2gH4iJ6kL"
        } else {
            "hunter2Pa55phrase9"
        };
        let planted = text.replace('§', secret);
        let redacted = redactor().redacted_body(planted.as_bytes(), ContentType(Some(media)));
        let redacted = String::from_utf8(redacted.expect(text)).unwrap();
        let mut rest = redacted.as_str();
        for piece in text.replace("§x1y2z3", "§").split('§') {
            assert!(rest.contains(piece), "{text}: {redacted}");
            rest = &rest[rest.find(piece).unwrap() + piece.len()..];
        }
        assert!(!redacted.contains(secret), "{redacted}");
    }
    for (target, expected) in [
        (
            "/page;jsessionid=§?x=1&page=2",
            ["/page;jsessionid=", "?x=1&page=2"],
        ),
        (
            "https://h/a;sid=§/next?x=1",
            ["https://h/a;sid=", "/next?x=1"],
        ),
        ("/token/a§b7/accept", ["/token/", "/accept"]),
    ] {
        let target = target.replace('§', "AB12CD34EF56GH78IJ90");
        let redacted = redactor().redacted_target(&target).expect(&target);
        let [begin, end] = expected;
        assert!(
            redacted.starts_with(begin) && redacted.ends_with(end),
            "{redacted}"
        );
        assert!(!redacted.contains("AB12CD34"), "{redacted}");
    }
}

#[test]
fn programs_queries_and_digests_stay() {
    for text in [
        "query($token: String!){me(token:$token){id}}",
        "mutation($password:String!,$keys:[ID!]!){login(password:$password){id}}",
        "function setToken(token){this.token=token;return token}",
        "const password=opts.password;connect()",
        "password: (hidden)",
        "secrets: inherit",
        "{\"code\":\"InvalidAuthenticationToken\",\"state\":\"established\"}",
        "<DigestValue>uKkp4nVaGJeBnqAAEXFMlN3VuhhD+nQXCxsBtZs2tnI=</DigestValue>",
    ] {
        assert_eq!(redactor().redacted_text(text), None, "{text}");
    }
    for (name, value) in [
        (
            "Digest",
            "sha-256=NGC+MSAeaf7aoO7ouZl/XHwpmf2v5ZMlPNZUr0361xQ=",
        ),
        (
            "Repr-Digest",
            "sha-256=:sQvstVY7/B5vk0J+y8j+KVXlzY5G3I7Ut8J2TSpaTXY=:",
        ),
        (
            "x-ms-content-sha256",
            "NGC+MSAeaf7aoO7ouZl/XHwpmf2v5ZMlPNZUr0361xQ=",
        ),
        (
            "x-goog-hash",
            "crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ==",
        ),
    ] {
        assert_eq!(redactor().field(name, value), None, "{name}");
    }
}

#[test]
fn a_digest_field_with_a_secret_in_its_name_loses_the_secrets_of_its_value() {
    let name = "x-hunter2phrase9-digest";
    let kept = ProjectRedaction {
        keep: vec![name.to_owned()],
        ..ProjectRedaction::default()
    };
    let redactor = Redactor::with([7; 32], kept);
    redactor.secret("hunter2phrase9");
    let field = redactor.field(name, "token=hunter2Pa55phrase9").unwrap();
    assert!(
        !field.contains("Pa55phrase9") && field.starts_with("token="),
        "{field}"
    );
}
