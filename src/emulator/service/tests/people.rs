//! People are read, muted, put on hold, mixed and removed; screens, sessions and audio routing groups.

use serde_json::{Value, json};

use super::fixture::{Fixture, participant};
use super::*;

/// Posts an action on a call and gives the operation in the answer, whose `Location` is checked.
async fn act(fixture: &Fixture, call: &str, action: &str, body: &Value, status: u16) -> Value {
    let path = format!("/communications/calls/{call}/{action}");
    let answer = fixture.post(&path, body).await;
    assert_eq!(answer.status, status, "{action}");
    let operation = answer.body.json().unwrap().clone();
    assert_eq!(operation["clientContext"], body["clientContext"]);
    let location = answer.headers.get("location").unwrap();
    assert_eq!(fixture.get(location).await["id"], operation["id"]);
    operation
}

#[tokio::test]
async fn the_bot_and_others_are_muted() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let one = fixture.participant(&call, "u-1").await;
    let other = fixture.participant(&call, "u-2").await;
    let body = json!({"clientContext": "c-1"});
    for (action, kind, is_muted) in [
        ("mute", "muteParticipantOperation", true),
        (
            "microsoft.graph.unmute",
            "unmuteParticipantOperation",
            false,
        ),
    ] {
        let operation = act(&fixture, &call, action, &body, 200).await;
        assert_eq!(operation["@odata.type"], format!("#microsoft.graph.{kind}"));
        assert_eq!(operation["status"], "completed");
        let roster = fixture.entry().await["resourceData"].clone();
        assert_eq!(roster.as_array().unwrap().len(), 1);
        assert!(roster[0]["info"]["identity"]["application"]["id"].is_string());
        assert_eq!(roster[0]["isMuted"], is_muted);
    }
    act(
        &fixture,
        &call,
        &format!("participants/{one}/mute"),
        &body,
        200,
    )
    .await;
    let roster = fixture.entry().await["resourceData"].clone();
    assert_eq!(
        (&roster[0]["id"], &roster[0]["isMuted"]),
        (&json!(one), &json!(true))
    );
    let path = format!("{}/app/calls/{call}/participants", fixture.url);
    assert_eq!(fixture.get(&format!("{path}/{one}")).await["isMuted"], true);
    assert_eq!(
        fixture.get(&format!("{path}/{other}")).await["isMuted"],
        false
    );

    for (participants, muted) in [
        (json!([other]), vec![&other]),
        (json!([""]), vec![&one, &other]),
        (Value::Null, vec![&one, &other]),
        (json!(["u-2"]), vec![&other]),
    ] {
        let body = json!({"participants": participants, "clientContext": "c-2"});
        let operation = act(&fixture, &call, "participants/muteAll", &body, 200).await;
        assert_eq!(operation["@odata.type"], "#microsoft.graph.commsOperation");
        let roster = fixture.entry().await["resourceData"].clone();
        let ids: Vec<_> = roster
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["id"])
            .collect();
        assert_eq!(ids, muted);
    }
    let nobody = format!("/app/calls/{call}/participants/nobody/mute");
    assert_eq!(fixture.post(&nobody, &body).await.status, 404);
}

#[tokio::test]
async fn an_operation_fails_on_demand_and_changes_nothing() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let failures = format!("calls/{call}/failures");
    let failure = json!({"operation": "mute", "code": 400, "subcode": 7, "message": "no"});
    fixture.control("POST", &failures, failure).await;
    let unmuted = act(&fixture, &call, "unmute", &json!({}), 200).await;
    assert_eq!(unmuted["status"], "completed");
    fixture.entry().await;
    let muted = act(&fixture, &call, "mute", &json!({}), 200).await;
    assert_eq!(muted["status"], "failed");
    assert_eq!(muted["resultInfo"]["code"], 400);
    assert_eq!(muted["resultInfo"]["message"], "no");
    act(&fixture, &call, "mute", &json!({}), 200).await;
    assert_eq!(fixture.entry().await["resourceData"][0]["isMuted"], true);
}

#[tokio::test]
async fn an_invitation_and_a_transfer_fail_as_a_test_wants() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let failures = format!("calls/{call}/failures");
    let failure = json!({"code": 487, "subcode": 3, "message": "no"});
    let person = json!({"identity": {"user": {"id": "u-9"}}});
    fixture.control("POST", &failures, failure.clone()).await;
    let invited = json!({"participants": [person]});
    let path = format!("/communications/calls/{call}/participants/invite");
    assert_eq!(fixture.post(&path, &invited).await.status, 200);
    let end = fixture.entry().await;
    let result = &end["resourceData"]["resultInfo"];
    assert_eq!(
        (&result["code"], &result["subCode"]),
        (&json!(487), &json!(3))
    );
    assert_eq!(result["message"], "no");
    fixture.control("POST", &failures, failure).await;
    let target = json!({"transferTarget": person});
    let path = format!("/communications/calls/{call}/transfer");
    assert_eq!(fixture.post(&path, &target).await.status, 202);
    fixture.entry().await;
    fixture.entry().await;
    let back = fixture.entry().await;
    assert_eq!(back["resourceData"]["state"], "established");
    let result = &back["resourceData"]["resultInfo"];
    assert_eq!(
        (&result["code"], &result["subcode"]),
        (&json!(487), &json!(3))
    );
}

#[tokio::test]
async fn a_participant_is_held_and_removed() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let one = fixture.participant(&call, "u-1").await;
    let body = json!({
        "customPrompt": {"mediaInfo": {"uri": "https://bot.example/hold.wav"}},
        "clientContext": "c-1",
    });
    let start = format!("participants/{one}/startHoldMusic");
    let operation = act(&fixture, &call, &start, &body, 202).await;
    assert_eq!(operation["status"], "running");
    let end = fixture.entry().await;
    assert_eq!(end["changeType"], "deleted");
    let kind = "#microsoft.graph.startHoldMusicOperation";
    assert_eq!(end["resourceData"]["@odata.type"], kind);
    assert_eq!(end["resourceData"]["status"], "completed");
    assert_eq!(end["resourceData"]["id"], operation["id"]);
    let stop = format!("participants/{one}/stopHoldMusic");
    let stopped = act(
        &fixture,
        &call,
        &stop,
        &json!({"clientContext": "c-2"}),
        202,
    )
    .await;
    assert_eq!(stopped["status"], "completed");

    let path = format!("/app/calls/{call}/participants/{one}");
    let removed = fixture.send("DELETE", &path, None).await;
    assert_eq!((removed.status, removed.body.is_empty()), (204, true));
    let roster = fixture.entry().await["resourceData"].clone();
    let ids: Vec<_> = roster
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert!(!ids.is_empty() && !ids.contains(&&json!(one)));
    assert_eq!(fixture.send("DELETE", &path, None).await.status, 404);
    assert_eq!(fixture.send("GET", &path, None).await.status, 404);
}

#[tokio::test]
async fn an_invitation_and_a_transfer_take_their_time() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    fixture
        .control("PATCH", "timings", json!({"outcome_ms": 20}))
        .await;
    let body = json!({"participants": [participant("user", "u-1")]});
    let invite = format!("/app/calls/{call}/participants/invite");
    assert_eq!(fixture.post(&invite, &body).await.status, 200);
    assert_eq!(fixture.entry().await["resourceData"]["status"], "completed");
    assert!(fixture.entry().await["resourceData"].is_array());
    let body = json!({"transferTarget": participant("user", "u-2")});
    let transfer = format!("/app/calls/{call}/transfer");
    assert_eq!(fixture.post(&transfer, &body).await.status, 202);
    for state in ["transferring", "transferAccepted", "terminated"] {
        assert_eq!(fixture.entry().await["resourceData"]["state"], state);
    }
}

#[tokio::test]
async fn the_mixer_is_configured_and_metadata_are_written() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let level = json!({"participant": "p-1", "exclusive": true, "sourceLevels": []});
    let body = json!({"participantMixerLevels": [level], "clientContext": "c-1"});
    let mixer = "participants/configureMixer";
    let operation = act(&fixture, &call, mixer, &body, 200).await;
    assert_eq!(operation["status"], "running");
    assert_eq!(fixture.entry().await["resourceData"]["status"], "completed");
    let body = json!({"metadata": "m", "clientContext": "c-2"});
    act(&fixture, &call, "updateMetadata", &body, 200).await;
    assert_eq!(fixture.entry().await["resourceData"][0]["metadata"], "m");
}

#[tokio::test]
async fn the_bot_shares_its_screen_and_people_share_theirs() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let path = format!("/communications/calls/{call}");
    for (role, direction) in [("sharer", "sendOnly"), ("Viewer", "receiveOnly")] {
        let change = format!("{path}/changeScreenSharingRole");
        let answer = fixture.post(&change, &json!({"role": role})).await;
        assert_eq!((answer.status, answer.body.is_empty()), (202, true));
        let stream = fixture.entry().await["resourceData"][0]["mediaStreams"][1].clone();
        assert_eq!(stream["mediaType"], "videoBasedScreenSharing");
        assert_eq!(stream["direction"], direction);
    }
    let view = act(&fixture, &call, "addLargeGalleryView", &json!({}), 202).await;
    assert_eq!(view["status"], "running");
    assert_eq!(fixture.entry().await["resourceData"]["status"], "completed");

    let sessions = format!("calls/{call}/sessions");
    let session = fixture.control("POST", &sessions, json!({})).await["session"].clone();
    let session = session.as_str().unwrap();
    let mut changes = vec![fixture.entry().await];
    let listed = fixture
        .get(&format!("{}{path}/contentSharingSessions", fixture.url))
        .await;
    assert_eq!(listed["value"][0]["id"], session);
    let one = format!("{}{path}/contentSharingSessions/{session}", fixture.url);
    assert_eq!(fixture.get(&one).await["id"], session);
    for method in ["PATCH", "DELETE"] {
        fixture
            .control(method, &format!("{sessions}/{session}"), json!({}))
            .await;
        changes.push(fixture.entry().await);
    }
    let words: Vec<_> = changes.iter().map(|it| &it["changeType"]).collect();
    assert_eq!(words, ["created", "updated", "deleted"]);
    assert!(changes.iter().all(|it| it["resourceData"]["id"] == session));
    assert_eq!(fixture.send("GET", &one, None).await.status, 404);
}

#[tokio::test]
async fn audio_routing_groups_are_created_read_changed_and_deleted() {
    let fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let path = format!("/beta/communications/calls/{call}/audioRoutingGroups");
    let body = json!({
        "id": "57dab8b1-894c-409a-b240-bd8beae78896",
        "routingMode": "oneToOne",
        "sources": ["p-1"],
        "receivers": ["p-2"],
    });
    let same = |found: &Value| {
        for name in ["id", "routingMode", "sources", "receivers"] {
            assert_eq!(found[name], body[name]);
        }
    };
    let created = fixture.post(&path, &body).await;
    assert_eq!(created.status, 200);
    same(created.body.json().unwrap());
    let mut same_id = body.clone();
    same_id["id"] = "57DAB8B1894C409AB240BD8BEAE78896".into();
    assert_eq!(fixture.post(&path, &same_id).await.status, 409);
    same(&fixture.get(&format!("{}{path}", fixture.url)).await["value"][0]);
    let one = format!("{path}/57DAB8B1894C409AB240BD8BEAE78896");
    same(&fixture.get(&format!("{}{one}", fixture.url)).await);
    let change = json!({"receivers": ["p-3", "p-4"], "routingMode": "Multicast"});
    let changed = fixture.send("PATCH", &one, Some(&change)).await;
    let changed = changed.body.json().unwrap();
    assert_eq!(changed["receivers"], change["receivers"]);
    assert_eq!(changed["routingMode"], "multicast");
    assert_eq!(changed["sources"], body["sources"]);
    assert_eq!(fixture.send("DELETE", &one, None).await.status, 204);
    assert_eq!(fixture.send("GET", &one, None).await.status, 404);
    for wrong in [
        json!({"routingMode": "oneToOne", "sources": [], "receivers": {"$values": []}}),
        json!({"routingMode": "loud", "sources": [], "receivers": []}),
    ] {
        assert_eq!(fixture.post(&path, &wrong).await.status, 400, "{wrong}");
    }
}
