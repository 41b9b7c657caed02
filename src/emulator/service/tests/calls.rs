//! Calls are created, joined, answered, rejected, redirected, transferred, kept alive and end.

use serde_json::{Value, json};

use super::fixture::{Fixture, participant};
use super::*;
use crate::http::OutgoingRequest;

fn media() -> Value {
    json!({"@odata.type": "#microsoft.graph.serviceHostedMediaConfig", "preFetchMedia": []})
}

fn answer_body(fixture: &Fixture) -> Value {
    json!({
        "callbackUri": fixture.callback,
        "acceptedModalities": ["audio"],
        "mediaConfig": media(),
    })
}

#[tokio::test]
async fn a_peer_and_a_group_are_called() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    for people in [1, 2] {
        let targets: Vec<Value> = (0..people)
            .map(|number| participant("user", &format!("u-{number}")))
            .collect();
        let body = json!({
            "$id": "1",
            "callbackUri": fixture.callback,
            "targets": targets,
            "requestedModalities": ["audio"],
            "mediaConfig": media(),
        });
        let created = fixture.post("/v1.0/communications/calls", &body).await;
        assert_eq!(created.status, 201);
        let call = created.body.json().unwrap();
        assert_eq!(call["state"], "establishing");
        assert_eq!(call["direction"], "outgoing");
        assert_eq!(call["targets"], body["targets"]);
        assert_eq!(call["callbackUri"], body["callbackUri"]);
        assert!(call["myParticipantId"].is_string() && call["callChainId"].is_string());
        let id = call["id"].as_str().unwrap();
        let location = created.headers.get("location").unwrap();
        assert!(location.ends_with(&format!("/v1.0/communications/calls/{id}")));
        assert_eq!(
            fixture.entry().await["resourceData"]["state"],
            "establishing"
        );
        assert_eq!(
            fixture.entry().await["resourceData"]["state"],
            "established"
        );
        if people > 1 {
            let roster = fixture.entry().await;
            assert_eq!(roster["resourceData"].as_array().unwrap().len(), 3);
        }
        assert_eq!(fixture.get(location).await["state"], "established");
        let listed = fixture.get(&format!("{location}/participants")).await;
        assert_eq!(listed["value"].as_array().unwrap().len(), people + 1);
    }
}

#[tokio::test]
async fn a_meeting_is_joined_by_every_name_of_it() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let organizer = json!({"user": {"id": "u-1", "tenantId": "t-1"}});
    for meeting in [
        json!({"@odata.type": "#microsoft.graph.organizerMeetingInfo", "organizer": organizer, "allowConversationWithoutHost": true}),
        json!({"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": "a.b.c"}),
        json!({"joinMeetingId": "1234567", "passcode": null}),
    ] {
        let body = json!({
            "callbackUri": fixture.callback,
            "requestedModalities": ["audio"],
            "mediaConfig": {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "{}"},
            "chatInfo": {"threadId": "19:x", "messageId": "0"},
            "meetingInfo": meeting,
        });
        let created = fixture.post("/communications/calls", &body).await;
        assert_eq!(created.status, 201);
        assert_eq!(created.body.json().unwrap()["meetingInfo"], meeting);
        for state in ["establishing", "established"] {
            let data = fixture.entry().await["resourceData"].clone();
            assert_eq!(data["state"], state);
            assert_eq!(data["chatInfo"], body["chatInfo"]);
            assert_eq!(data["meetingInfo"], meeting);
        }
        let again = fixture.entry().await["resourceData"].clone();
        assert_eq!(again["state"], "established");
        assert_eq!(again["mediaState"]["audio"], "active");
        let roster = fixture.entry().await;
        assert!(
            roster["resource"]
                .as_str()
                .unwrap()
                .ends_with("/participants")
        );
    }
}

#[tokio::test]
async fn a_peer_who_is_not_reached_ends_the_call() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    fixture
        .given("operation-fails", json!({"user": "u-9"}))
        .await;
    let body = json!({
        "callbackUri": fixture.callback,
        "targets": [participant("user", "u-9")],
        "mediaConfig": media(),
    });
    let created = fixture.post("/app/calls", &body).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        fixture.entry().await["resourceData"]["state"],
        "establishing"
    );
    let end = fixture.entry().await;
    assert_eq!(end["changeType"], "deleted");
    assert_eq!(end["resourceData"]["state"], "terminated");
    assert_eq!(end["resourceData"]["resultInfo"]["code"], 480);
    let location = created.headers.get("location").unwrap();
    assert_eq!(fixture.send("GET", location, None).await.status, 404);
}

#[tokio::test]
async fn an_incoming_call_is_answered_and_kept_alive_until_it_ends() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.incoming().await;
    let path = format!("/communications/calls/{call}");
    let answer = format!("{path}/microsoft.graph.answer");
    let accepted = fixture.post(&answer, &answer_body(&fixture)).await;
    assert_eq!((accepted.status, accepted.body.is_empty()), (202, true));
    for state in ["establishing", "established"] {
        assert_eq!(fixture.entry().await["resourceData"]["state"], state);
    }
    for action in ["keepAlive", "microsoft.graph.keepAlive"] {
        let alive = fixture
            .send("POST", &format!("{path}/{action}"), None)
            .await;
        assert_eq!((alive.status, alive.body.is_empty()), (200, true));
        assert_eq!(alive.headers.get("content-type"), Some("text/plain"));
    }
    assert_eq!(fixture.send("DELETE", &path, None).await.status, 204);
    assert_eq!(
        fixture.entry().await["resourceData"]["state"],
        "terminating"
    );
    assert_eq!(fixture.entry().await["changeType"], "deleted");
    let ended = fixture
        .send("POST", &format!("{path}/keepAlive"), None)
        .await;
    assert_eq!(ended.status, 404);
    assert_eq!(ended.body.json().unwrap()["error"]["code"], "8523");
    assert_eq!(fixture.send("DELETE", &path, None).await.status, 404);
}

#[tokio::test]
async fn an_incoming_call_is_rejected_for_a_reason_in_any_case() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    for reason in ["busy", "None", "FORBIDDEN"] {
        let call = fixture.incoming().await;
        let path = format!("/app/calls/{call}/reject");
        let rejected = fixture.post(&path, &json!({"reason": reason})).await;
        assert_eq!((rejected.status, rejected.body.is_empty()), (202, true));
        let end = fixture.entry().await;
        assert_eq!(end["changeType"], "deleted");
        assert_eq!(end["resourceData"]["state"], "terminated");
        assert_eq!(
            fixture.post(&path, &json!({"reason": reason})).await.status,
            404
        );
    }
    let call = fixture.incoming().await;
    let path = format!("/app/calls/{call}/reject");
    for body in [json!({"reason": "tired"}), json!({"reason": 1})] {
        assert_eq!(fixture.post(&path, &body).await.status, 400);
    }
    // No page requires a reason.
    assert_eq!(fixture.post(&path, &json!({})).await.status, 202);
}

#[tokio::test]
async fn an_incoming_call_is_redirected_to_another_callback() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.incoming().await;
    let path = format!("/communications/calls/{call}/redirect");
    let callback = format!("{}/24701998", fixture.callback);
    let body = json!({
        "targets": [participant("user", "u-1"), participant("phone", "+1234567890")],
        "timeout": 60,
        "callbackUri": callback,
    });
    let mut wrong = body.clone();
    wrong["timeout"] = json!(5);
    assert_eq!(fixture.post(&path, &wrong).await.status, 400);
    wrong["targets"] = json!([]);
    assert_eq!(fixture.post(&path, &wrong).await.status, 400);
    assert_eq!(fixture.post(&path, &body).await.status, 202);
    let request = fixture.next_request().await;
    assert_eq!(request.target, "/api/calls/24701998");
    let entry = &request.body.json().unwrap()["value"][0];
    assert_eq!(entry["changeType"], "deleted");
    assert_eq!(entry["resourceData"]["state"], "terminated");
    assert!(entry["resourceData"]["source"]["identity"]["user"]["id"].is_string());
}

#[tokio::test]
async fn a_call_is_transferred_blind_and_by_consultation() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    for replaces in [false, true] {
        let given = fixture.given("peer-call", json!({})).await;
        let call = given["variables"]["peer-call"].as_str().unwrap().to_owned();
        let mut target = participant("user", "u-1");
        if replaces {
            let other = fixture.given("peer-call", json!({})).await;
            target["replacesCallId"] = other["variables"]["peer-call"].clone();
        }
        let path = format!("/beta/app/calls/{call}/transfer");
        let body = json!({"transferTarget": target});
        assert_eq!(fixture.post(&path, &body).await.status, 202);
        for state in ["transferring", "transferAccepted"] {
            assert_eq!(fixture.entry().await["resourceData"]["state"], state);
        }
        let end = fixture.entry().await;
        assert_eq!(end["changeType"], "deleted");
        assert_eq!(end["resource"], format!("/app/calls/{call}"));
        let data = &end["resourceData"];
        assert_eq!(data["state"], "terminated");
        if replaces {
            assert_eq!(data["terminationReason"], "AppTransferred");
            let other = fixture.entry().await;
            assert_eq!(other["changeType"], "deleted");
            assert_ne!(other["resource"], end["resource"]);
        } else {
            assert_eq!(data["resultInfo"]["subcode"], 7015);
        }
    }
}

#[tokio::test]
async fn a_transfer_fails() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.create().await;
    for state in ["establishing", "established"] {
        assert_eq!(fixture.entry().await["resourceData"]["state"], state);
    }
    let path = format!("/app/calls/{call}/transfer");
    let body = json!({"transferTarget": participant("user", "u-1"),
        "transferee": participant("user", "u-2")});
    fixture
        .given("operation-fails", json!({"call": call}))
        .await;
    assert_eq!(fixture.post(&path, &body).await.status, 202);
    assert_eq!(
        fixture.entry().await["resourceData"]["state"],
        "transferring"
    );
    assert_eq!(
        fixture.entry().await["resourceData"]["state"],
        "transferAccepted"
    );
    let back = fixture.entry().await;
    assert_eq!(back["resourceData"]["state"], "established");
    assert_eq!(back["resourceData"]["resultInfo"]["code"], 500);
    let read = fixture
        .get(&format!("{}/app/calls/{call}", fixture.url))
        .await;
    assert_eq!(read["state"], "established");
}

#[tokio::test]
async fn calls_end_by_themselves_after_their_times() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let timings = json!({"ringing_ms": 20, "keep_alive_ms": 40});
    let shown = fixture.control("PATCH", "timings", timings).await;
    assert_eq!(shown["ringing_ms"], 20);
    assert_eq!(shown["prompt_ms"], 0);
    fixture.incoming().await;
    let end = fixture.entry().await;
    assert_eq!(end["resourceData"]["resultInfo"]["subcode"], 1106);
    fixture.create().await;
    for state in ["establishing", "established", "terminated"] {
        assert_eq!(fixture.entry().await["resourceData"]["state"], state);
    }
}

#[tokio::test]
async fn notifications_carry_the_ids_of_the_chain_and_the_scenario() {
    let mut fixture = Fixture::failing_first(ServiceOptions::default(), 1).await;
    let body = json!({"callbackUri": fixture.callback});
    let mut request = OutgoingRequest::new("POST", format!("{}/app/calls", fixture.url));
    for (name, value) in [
        ("Authorization", "Bearer t"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Scenario-Id", "s-1"),
    ] {
        request.headers.push(name, value);
    }
    request.body = Some(body.to_string().into());
    let created = Client::new().send(request, EARLY).await.unwrap();
    let chain = created.body.json().unwrap()["callChainId"].clone();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let headers = fixture.next_request().await.headers;
        assert_eq!(headers.get("Scenario-Id"), Some("s-1"));
        assert_eq!(headers.get("X-Microsoft-Skype-Chain-ID"), chain.as_str());
        ids.push(
            headers
                .get("X-Microsoft-Skype-Message-ID")
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(ids[0], ids[1], "what is sent again is the same message");
    assert_ne!(ids[1], ids[2]);
}
