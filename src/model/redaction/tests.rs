//! Planted secrets, by place and kind: none may stay, and what is none must.

use serde_json::json;

use super::*;
use crate::model::cassette::{Direction, RecordedRequest, RecordedResponse};

const SECRET: &str = "hunter2-Pa55phrase";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
const PEM: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2-Pa55phrase\n-----END RSA PRIVATE KEY-----";

fn redactor() -> Redactor {
    Redactor::new([7; 32])
}

fn exchange() -> Exchange {
    Exchange {
        number: 1,
        direction: Direction::Request,
        cause: None,
        at_ms: 0,
        took_ms: 0,
        request: RecordedRequest {
            method: "POST".into(),
            target: "/app/calls".into(),
            headers: Vec::new(),
            body: Content::Empty,
            wire: Wire::default(),
        },
        response: Some(RecordedResponse {
            status: 200,
            headers: Vec::new(),
            body: Content::Empty,
            wire: Wire::default(),
        }),
        broke: None,
    }
}

#[track_caller]
fn assert_gone(exchange: Exchange, secret: &str) {
    let text = serde_json::to_string(&redactor().redact(exchange)).unwrap();
    assert!(!text.contains(secret), "{text}");
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
        ("WWW-Authenticate", format!("Bearer nonce={SECRET}")),
    ] {
        let mut planted = exchange();
        planted.request.headers.push((name.into(), value.clone()));
        assert_gone(planted, SECRET);
        let mut planted = exchange();
        let response = planted.response.as_mut().unwrap();
        response.wire.trailers.push((name.into(), value));
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
        planted.request.body = Content::Text(text.clone());
        planted.response.as_mut().unwrap().body = Content::Json(json!({"a": [{"b": text}]}));
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
            planted.request.body = Content::Json(json!({"text": text.clone()}));
            planted.request.target = text.clone();
            planted.broke = Some(text.clone());
            planted.response.as_mut().unwrap().body = Content::Base64(STANDARD.encode(text));
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
            planted.request.body = Content::Json(json!({"a": [{ name: value }]}));
            assert_gone(planted, SECRET);
        }
    }
    let mut planted = exchange();
    planted.request.body = Content::Json(json!({"token": {SECRET: SECRET}}));
    assert_gone(planted, SECRET);
    let mut planted = exchange();
    planted.request.body = Content::Json(json!({"pin": 918_273}));
    assert_gone(planted, "918273");
}

#[test]
fn what_is_no_secret_stays() {
    let mut plain = exchange();
    plain.request.target = "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896/operations/\
                            0FE0623F-D628-42ED-B4BD-8AC290072CC5?a=b%20c"
        .into();
    plain.request.headers = vec![
        (
            "Content-Type".into(),
            "application/json; charset=utf-8".into(),
        ),
        (
            "scenario-id".into(),
            "57dab8b1-894c-409a-b240-bd8beae78896".into(),
        ),
    ];
    plain.request.body = Content::Json(json!({
        "clientContext": "d45324c1-fcb5-430a-902c-f20af696537c",
        "resultInfo": {"code": 400, "subcode": 9999},
        "error": {"code": "BadRequest", "message": "Bearer authentication is missing"},
        "@odata.type": "#microsoft.graph.commsNotification",
        "threadId": "19:cbee7c1c860e465f8258e3cebf7bee0d@thread.skype",
        "tokenType": "Bearer", "token": null, "is_token": true,
        "callbackUri": "https://bot.contoso.com/api/calls/24701998-1a73-4d42-8085-bf46ed0ae039",
    }));
    assert_eq!(redactor().redact(plain.clone()).get(), &plain);
}

#[test]
fn one_value_has_one_pseudonym_under_one_key() {
    let mut planted = exchange();
    planted.request.headers = vec![("Authorization".into(), "Bearer a+b/1".into())];
    planted.request.target = "/x?access_token=a%2Bb%2F1".into();
    planted.response.as_mut().unwrap().body = Content::Json(json!({"token": "a+b/1"}));
    let redacted = redactor().redact(planted.clone());
    let pseudonym = redacted.get().request.headers[0].1["Bearer ".len()..].to_owned();
    assert_eq!(pseudonym.len(), "redacted-secret-".len() + 12);
    assert_eq!(
        redacted.get().request.target,
        format!("/x?access_token={pseudonym}")
    );
    let response = redacted.get().response.as_ref().unwrap();
    assert_eq!(response.body, Content::Json(json!({"token": pseudonym})));
    let again = redactor().redact(redacted.get().clone());
    assert_eq!(again, redacted, "a pseudonym is its own");
    assert_ne!(Redactor::new([8; 32]).redact(planted), redacted);
}

#[test]
fn a_pseudonym_in_base64_is_none_of_a_key() {
    let mut planted = exchange();
    let wrapped = STANDARD.encode(format!(" \"{SECRET}\"}}"));
    planted.request.body = Content::Json(json!({"a": wrapped, "password": SECRET}));
    let once = redactor().redact(planted);
    assert_eq!(redactor().redact(once.get().clone()), once);
}

#[test]
fn a_secret_that_pseudonyms_have_parts_of_changes_none() {
    let mut planted = exchange();
    planted.request.target = "/x?token=abcdefgh12345678&y=Bearer%20redacted-secret-".into();
    planted.request.headers = vec![("Authorization".into(), "Bearer redacted-secret-".into())];
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
        planted.request.headers = vec![("X-Team".into(), "red team".into())];
        planted.request.body = Content::Json(json!({
            "phone": {"@odata.type": "#microsoft.graph.identity", "id": "+14255550123"},
            "user": {"displayName": "Zoe", "tenantId": TENANT, "id": "u-1"},
            "note": "tel:+14255550123 or +14255550123; employee_no: 4711-0815",
        }));
        planted
    };
    let all = ["+14255550123", "%2B1425", TENANT, "Zoe", "4711-0815"];
    let plain = serde_json::to_string(&redactor().redact(planted())).unwrap();
    assert!(all.iter().all(|it| plain.contains(it)), "{plain}");
    assert!(!plain.contains("red team"), "{plain}");
    let rules = Rules {
        people: true,
        phones: true,
        tenants: true,
        secret: vec!["employeeNo".into()],
        keep: vec!["x-team".into()],
    };
    let text = serde_json::to_string(&Redactor::with([7; 32], rules).redact(planted())).unwrap();
    assert!(!all.iter().any(|it| text.contains(it)), "{text}");
    for kept in ["red team", "#microsoft.graph.identity", "\"u-1\""] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
}
