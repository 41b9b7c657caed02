//! The control interface.

use serde_json::json;

use super::exercises;
use super::fixture::Fixture;
use super::*;
use crate::emulator::service::operations::Operation;

#[tokio::test]
async fn a_call_comes_in_from_whoever_is_named() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let ring = json!({
        "callback": fixture.callback,
        "phone": "+1234567890",
        "call": {"chatInfo": {"threadId": "19:x"}},
    });
    let call = fixture.control("POST", "calls", ring).await["call"].clone();
    let entry = fixture.entry().await;
    assert_eq!(entry["changeType"], "created");
    let data = &entry["resourceData"];
    assert_eq!(data["id"], call);
    assert_eq!(data["state"], "incoming");
    assert_eq!(data["source"]["identity"]["phone"]["id"], "+1234567890");
    assert_eq!(data["chatInfo"]["threadId"], "19:x");
    assert!(data["myParticipantId"].is_string() && data["callChainId"].is_string());
    let path = format!("/control/calls/{}", call.as_str().unwrap());
    let ended = json!({"code": 487, "subcode": 1, "message": "changed my mind"});
    assert_eq!(
        fixture.send("DELETE", &path, Some(&ended)).await.status,
        204
    );
    let end = fixture.entry().await;
    assert_eq!(end["changeType"], "deleted");
    assert_eq!(end["resourceData"]["resultInfo"]["code"], 487);
    assert_eq!(fixture.send("DELETE", &path, None).await.status, 404);
    assert_eq!(
        fixture.control("GET", &path[9..], json!({})).await["ended"],
        true
    );
}

#[tokio::test]
async fn people_join_wait_and_leave() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let people = format!("calls/{call}/participants");
    let guest = json!({"guest": "g-1", "lobby": true});
    let id = fixture.control("POST", &people, guest).await["participant"].clone();
    let member = fixture.entry().await["resourceData"][0].clone();
    assert_eq!(member["id"], id);
    assert_eq!(member["isInLobby"], true);
    assert_eq!(member["info"]["identity"]["guest"]["id"], "g-1");
    let one = format!("{people}/{}", id.as_str().unwrap());
    fixture
        .control("PATCH", &one, json!({"lobby": false, "muted": true}))
        .await;
    let member = fixture.entry().await["resourceData"][0].clone();
    assert_eq!(
        (&member["isInLobby"], &member["isMuted"]),
        (&json!(false), &json!(true))
    );
    fixture.control("DELETE", &one, json!({})).await;
    let roster = fixture.entry().await["resourceData"].clone();
    assert!(roster.as_array().unwrap().iter().all(|it| it["id"] != id));
}

#[tokio::test]
async fn everything_is_listed_and_forgotten() {
    let fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let muted = fixture
        .post(&format!("/app/calls/{call}/mute"), &json!({}))
        .await;
    assert_eq!(muted.status, 200);
    let listed = fixture.control("GET", "calls", json!({})).await;
    let shown = &listed["calls"][0];
    assert_eq!(shown["call"]["id"], call.as_str());
    assert_eq!(shown["operations"][0]["operation"], "mute");
    assert_eq!(shown["participants"][0]["isMuted"], true);
    let operations = fixture.control("GET", "operations", json!({})).await;
    assert_eq!(operations["operations"][0]["operation"], "create");
    fixture.control("POST", "reset", json!({})).await;
    assert_eq!(
        fixture.control("GET", "calls", json!({})).await,
        json!({"calls": []})
    );
    let gone = fixture
        .send("GET", &format!("/app/calls/{call}"), None)
        .await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn states_in_a_call_mean_the_newest_of_the_callback_or_make_one() {
    let fixture = Fixture::open(ServiceOptions::default()).await;
    let made = fixture
        .given(
            "participant",
            json!({"participant": "p", "participant-2": "q"}),
        )
        .await;
    let variables = &made["variables"];
    assert!(variables["call"].is_string() && variables["participant-2"].is_string());
    let path = format!("/app/calls/{}", variables["call"].as_str().unwrap());
    let again = fixture.given("session", json!({})).await;
    assert_eq!(again["variables"]["call"], json!(null));
    let session = again["variables"]["session"].as_str().unwrap();
    let found = format!("{path}/contentSharingSessions/{session}");
    assert_eq!(fixture.send("GET", &found, None).await.status, 200);
    fixture
        .given(
            "audio-routing-group",
            json!({"audio-routing-group": "multicast"}),
        )
        .await;
    let group = format!("{path}/audioRoutingGroups/multicast");
    assert_eq!(fixture.send("GET", &group, None).await.status, 200);
    let recording = fixture.given("recording", json!({})).await["variables"].clone();
    let location = recording["recording-location"].as_str().unwrap();
    assert!(location.starts_with(&fixture.url));
    assert!(recording["recording-access-token"].is_string());
}

/// What `exercises` sends for an operation takes the failure of the operation, where it can fail.
#[tokio::test]
async fn an_operation_that_can_fail_takes_its_failure() {
    for operation in Operation::ALL {
        let fixture = Fixture::open(ServiceOptions::default()).await;
        let call = fixture.call().await;
        let member = fixture.participant(&call, "u-1").await;
        fixture
            .control("POST", &format!("calls/{call}/failures"), json!({}))
            .await;
        let (path, control) = (
            format!("/v1.0/communications/calls/{call}"),
            format!("/control/calls/{call}"),
        );
        let sent = exercises::requests(*operation, &fixture.callback);
        let mut acts = sent.into_iter().filter(|(_, path, _)| {
            path.starts_with("{call}")
                && !path.contains("{session}")
                && !path.contains("{operation}")
        });
        let Some((method, target, body)) = acts.next_back() else {
            continue;
        };
        let target = target
            .replace("{call}", &path)
            .replace("{control}", &control)
            .replace("{participant}", &member);
        fixture.send(method, &target, Some(&body)).await;
        let shown = fixture
            .control("GET", &format!("calls/{call}"), json!({}))
            .await;
        let is_taken = shown["failures"] == 0;
        assert_eq!(is_taken, operation.can_fail(), "{}", operation.name());
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_refused() {
    let fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    for (method, path, body, status) in [
        ("POST", "calls".to_owned(), json!({}), 400),
        ("PUT", "calls".to_owned(), json!({}), 405),
        ("GET", "calls/none".to_owned(), json!({}), 404),
        (
            "POST",
            format!("calls/{call}/tones"),
            json!({"tones": ["12"]}),
            400,
        ),
        ("POST", format!("calls/{call}/tones"), json!({}), 400),
        ("POST", format!("calls/{call}/speech"), json!({}), 409),
        (
            "POST",
            format!("calls/{call}/speech"),
            json!({"reason": "boredom"}),
            400,
        ),
        (
            "POST",
            format!("calls/{call}/failures"),
            json!({"operation": "sing"}),
            400,
        ),
        (
            "POST",
            format!("calls/{call}/failures"),
            json!({"operation": "keepAlive"}),
            400,
        ),
        (
            "POST",
            "calls".to_owned(),
            json!({"callback": "https://"}),
            400,
        ),
        (
            "POST",
            "calls".to_owned(),
            json!({"callback": "http://:80/calls"}),
            400,
        ),
        (
            "DELETE",
            format!("calls/{call}/sessions/none"),
            json!({}),
            404,
        ),
        ("PATCH", "timings".to_owned(), json!({"prompt_ms": -1}), 400),
        ("PATCH", "timings".to_owned(), json!({"lunch_ms": 1}), 400),
        (
            "POST",
            "calls".to_owned(),
            json!({"callback": "http://127.0.0.1:9/", "phone": "x"}),
            400,
        ),
        (
            "POST",
            "calls".to_owned(),
            json!({"callback": "http://127.0.0.1:9/", "user": "1", "guest": "2"}),
            400,
        ),
        (
            "POST",
            "calls".to_owned(),
            json!({"callback": "http://127.0.0.1:9/", "colour": "red"}),
            400,
        ),
        ("POST", "full-moon".to_owned(), json!({}), 404),
    ] {
        let answer = fixture
            .send(method, &format!("/control/{path}"), Some(&body))
            .await;
        assert_eq!(answer.status, status, "{method} {path} {body}");
    }
}
