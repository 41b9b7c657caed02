//! The service over real sockets.

mod calls;
mod control;
mod exercises;
mod fixture;
mod media;
mod mutants;
mod operations;
mod people;
mod refusals;

use serde_json::json;

use self::fixture::{Fixture, invite_body, participant};
use super::*;

#[tokio::test]
async fn a_call_is_created_invited_to_and_hung_up() {
    for edition in Edition::ALL {
        let mut fixture = Fixture::open(ServiceOptions {
            edition: *edition,
            ..ServiceOptions::default()
        })
        .await;
        let call = fixture.create().await;
        let before = [fixture.next().await, fixture.next().await];
        let states = before.map(|n| n["value"][0]["resourceData"]["state"].clone());
        assert_eq!(states, ["establishing", "established"]);

        let body = json!({
            "participants": [participant("user", "AÉ-1"), participant("phone", "+123")],
            "clientContext": "κ".repeat(256),
        });
        let path = format!("/beta/app/calls/{call}/participants/invite");
        let answer = fixture.post(&path, &body).await;
        assert_eq!(answer.status, 200);
        let operation = answer.body.json().unwrap();
        let id = operation["id"].as_str().unwrap();
        assert_eq!(operation["clientContext"], body["clientContext"]);
        let location = answer.headers.get("location").unwrap();
        let below = format!("/beta/app/calls/{call}/operations/{id}");
        assert_eq!(location, format!("{}{below}", fixture.url));

        let end = fixture.next().await;
        let end = &end["value"][0];
        assert_eq!(end["changeType"], "deleted");
        assert!(end["resource"].as_str().unwrap().ends_with(id));
        assert_eq!(end["resourceData"]["status"], "completed");
        assert_eq!(end["resourceData"]["clientContext"], body["clientContext"]);
        let roster = fixture.next().await;
        let members = &roster["value"][0]["resourceData"];
        assert_eq!(members[0]["info"]["identity"]["user"]["id"], "AÉ-1");
        assert_eq!(members[1]["info"]["identity"]["phone"]["id"], "+123");

        assert_eq!(fixture.get(location).await["status"], "completed");
        let listed = fixture
            .get(&format!("{}/app/calls/{call}/participants", fixture.url))
            .await;
        assert_eq!(listed["value"].as_array().unwrap().len(), 3);
        let gone = fixture
            .send("DELETE", &format!("/app/calls/{call}"), None)
            .await;
        assert_eq!(gone.status, 204);
        assert_eq!(
            fixture.entry().await["resourceData"]["state"],
            "terminating"
        );
        let end = fixture.entry().await;
        assert_eq!(end["changeType"], "deleted");
        assert_eq!(end["resourceData"]["state"], "terminated");
        assert_eq!(end["resourceData"]["resultInfo"]["code"], 200);
        assert_eq!(fixture.post(&path, &body).await.status, 404);
    }
}

#[tokio::test]
async fn an_incoming_call_is_answered_and_replaced() {
    let mut fixture = Fixture::open(ServiceOptions {
        edition: Edition::May2019,
        ..ServiceOptions::default()
    })
    .await;
    let made = fixture.given("incoming-call", json!({"user": "u-1"})).await;
    let incoming = made["variables"]["call"].as_str().unwrap().to_owned();
    let notified = fixture.next().await;
    let entry = &notified["value"][0];
    assert_eq!(entry["changeType"], "created");
    assert_eq!(
        entry["resourceData"]["source"]["identity"]["user"]["id"],
        "u-1"
    );

    let answer = json!({"callback": fixture.callback, "acceptModalities": ["audio"]});
    let path = format!("/app/calls/{incoming}/answer");
    assert_eq!(fixture.post(&path, &answer).await.status, 200);
    assert_eq!(fixture.post(&path, &answer).await.status, 409);
    for state in ["establishing", "established"] {
        assert_eq!(
            fixture.next().await["value"][0]["resourceData"]["state"],
            state
        );
    }

    let call = fixture.create().await;
    fixture.next().await;
    fixture.next().await;
    let mut user = participant("user", "u-1");
    user["replacesCallId"] =
        format!("/app/calls/{}", incoming.replace('-', "").to_uppercase()).into();
    let body = json!({"participants": [user]});
    let path = format!("/app/calls/{call}/participants/invite");
    let invited = fixture.post(&path, &body).await;
    let context = invited.body.json().unwrap()["clientContext"].clone();
    let changes: Vec<_> = [
        fixture.next().await,
        fixture.next().await,
        fixture.next().await,
        fixture.next().await,
    ]
    .map(|n| n["value"][0].clone())
    .into();
    assert_eq!(changes[0]["resourceData"]["clientContext"], context);
    assert_eq!(
        changes[1]["resource"],
        format!("/app/calls/{call}/participants")
    );
    assert_eq!(changes[2]["resource"], format!("/app/calls/{incoming}"));
    assert_eq!(changes[2]["resourceData"]["state"], "terminated");
    assert_eq!(changes[3]["changeType"], "deleted");
    assert_eq!(changes[3]["resource"], changes[2]["resource"]);
}

#[tokio::test]
async fn invitations_fail_on_request_and_by_the_documented_trigger() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.given("call", json!({})).await["variables"]["call"].clone();
    fixture
        .given("operation-fails", json!({"user": "u-2"}))
        .await;
    let path = format!("/app/calls/{}/participants/invite", call.as_str().unwrap());
    for user in ["u-2", "FA11ED00-0000-4000-8000-000000000000"] {
        fixture.post(&path, &invite_body(user)).await;
        let end = fixture.next().await;
        let data = &end["value"][0]["resourceData"];
        assert_eq!(data["status"], "failed");
        assert_eq!(data["resultInfo"]["code"], 500);
    }
    fixture.post(&path, &invite_body("u-3")).await;
    let next = fixture.next().await;
    assert_eq!(next["value"][0]["resourceData"]["status"], "completed");
}

#[tokio::test]
async fn provider_states_are_set_up_or_declined_with_a_reason() {
    let fixture = Fixture::open(ServiceOptions::default()).await;
    let peer = fixture.given("peer-call", json!({})).await;
    assert!(peer["variables"]["peer-call"].is_string());
    assert_eq!(
        fixture.given("chat", json!({})).await,
        json!({"variables": {}})
    );
    let unknown = fixture.given("full-moon", json!({})).await;
    assert!(unknown["reason"].as_str().unwrap().contains("full-moon"));
}

#[tokio::test]
async fn a_callback_that_fails_is_tried_again_in_order() {
    let mut fixture = Fixture::failing_first(ServiceOptions::default(), 2).await;
    fixture.create().await;
    let mut states = Vec::new();
    for _ in 0..4 {
        states.push(fixture.next().await["value"][0]["resourceData"]["state"].clone());
    }
    let want = [
        "establishing",
        "establishing",
        "establishing",
        "established",
    ];
    assert_eq!(states, want);
}
