//! Requests that a page forbids are refused with the API's error object.

use serde_json::{Value, json};

use super::fixture::{Fixture, invite_body, participant};
use super::*;
use crate::http::OutgoingRequest;

#[tokio::test]
async fn a_wrong_body_is_refused() {
    let fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.given("call", json!({})).await["variables"]["call"].clone();
    let peer = fixture.given("peer-call", json!({})).await["variables"]["peer-call"].clone();
    let path = |call: &Value| format!("/app/calls/{}/participants/invite", call.as_str().unwrap());
    let many = |n: usize| json!({"participants": vec![participant("user", "u"); n]});
    let with = |name: &str, value: Value| {
        let mut body = invite_body("u");
        body[name] = value;
        body
    };
    for (why, body) in [
        ("nobody", many(0)),
        ("six", many(6)),
        ("no collection", json!({"participants": {}})),
        ("no participants", json!({})),
        ("no object", json!([])),
        (
            "long context",
            with("clientContext", "é".repeat(257).into()),
        ),
        ("context a number", with("clientContext", 7.into())),
        ("no identity", json!({"participants": [{}]})),
        (
            "no id",
            json!({"participants": [{"identity": {"phone": {}}}]}),
        ),
        (
            "no telephone number",
            json!({"participants": [{"identity": {"phone": {"id": "123"}}}]}),
        ),
        ("empty set", json!({"participants": [{"identity": {}}]})),
        (
            "two identities",
            json!({"participants": [{"identity": {"user": {"id": "1"}, "phone": {"id": "2"}}}]}),
        ),
        (
            "itself",
            json!({"participants": [{"identity": {"user": {"id": "1"}}, "replacesCallId": call}]}),
        ),
    ] {
        let response = fixture.post(&path(&call), &body).await;
        assert_eq!(response.status, 400, "{why}");
        let error = &response.body.json().unwrap()["error"];
        assert!(
            error["code"].is_string() && error["message"].is_string(),
            "{why}"
        );
        assert!(error["innerError"]["request-id"].is_string(), "{why}");
    }
    assert_eq!(
        fixture.post(&path(&peer), &many(2)).await.status,
        400,
        "no chat"
    );
    assert_eq!(fixture.post(&path(&call), &many(5)).await.status, 200);
    let edge = with("clientContext", "é".repeat(256).into());
    assert_eq!(fixture.post(&path(&call), &edge).await.status, 200);
    assert_eq!(fixture.post("/app/calls", &json!({})).await.status, 400);
}

#[tokio::test]
async fn a_wrong_head_is_refused() {
    let fixture = Fixture::open(ServiceOptions {
        token: Some("secret".to_owned()),
        ..ServiceOptions::default()
    })
    .await;
    let call = fixture.given("call", json!({})).await["variables"]["call"].clone();
    let invite = format!("/app/calls/{}/participants/invite", call.as_str().unwrap());
    let json = Some("application/json; charset=utf-8");
    let right = Some("bearer secret");
    let body = invite_body("u").to_string();
    for (method, path, token, media_type, body, status) in [
        ("POST", invite.as_str(), None, json, body.as_str(), 401),
        ("POST", &invite, Some("Bearer "), json, &body, 401),
        ("POST", &invite, Some("Basic secret"), json, &body, 401),
        ("POST", &invite, Some("Bearer other"), json, &body, 401),
        ("POST", &invite, right, Some("text/plain"), &body, 415),
        ("POST", &invite, right, None, &body, 415),
        ("POST", &invite, right, json, "{", 400),
        ("POST", &invite, right, json, "", 400),
        ("GET", &invite, right, None, "", 405),
        ("PUT", "/app/calls", right, json, "{}", 405),
        (
            "POST",
            "/app/calls/none/participants/invite",
            right,
            json,
            &body,
            404,
        ),
        ("GET", "/app/calls/none", right, None, "", 404),
        ("GET", "/app/calls/none/operations/1", right, None, "", 404),
        ("GET", "/elsewhere", right, None, "", 404),
        ("POST", &invite, right, json, &body, 200),
    ] {
        let mut request = OutgoingRequest::new(method, format!("{}{path}", fixture.url));
        for (name, value) in [("Authorization", token), ("Content-Type", media_type)] {
            if let Some(value) = value {
                request.headers.push(name, value);
            }
        }
        request.body = Some(body.to_owned().into());
        let response = Client::new().send(request, EARLY).await.unwrap();
        assert_eq!(
            response.status, status,
            "{method} {path} {token:?} {media_type:?}"
        );
        assert_eq!(response.headers.get("allow").is_some(), status == 405);
        assert_eq!(
            response.headers.get("www-authenticate").is_some(),
            status == 401
        );
    }
}
