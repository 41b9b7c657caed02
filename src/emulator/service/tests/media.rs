//! Prompts are played, tones are pressed, responses recorded and cancelled; the bot says whether it records.

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::*;
use crate::http::OutgoingRequest;
use crate::http::message::Response;

fn prompt() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.mediaPrompt",
        "mediaInfo": {"uri": "https://bot.example/beep.wav", "resourceId": "r-1"},
    })
}

async fn act(fixture: &Fixture, call: &str, action: &str, body: &Value) -> Value {
    let path = format!("/v1.0/communications/calls/{call}/{action}");
    let answer = fixture.post(&path, body).await;
    assert_eq!(answer.status, 200, "{action}");
    let operation = answer.body.json().unwrap().clone();
    let location = answer.headers.get("location").unwrap();
    assert!(location.ends_with(operation["id"].as_str().unwrap()));
    operation
}

#[tokio::test]
async fn a_prompt_plays_and_ends_once() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let body = json!({"prompts": [prompt()], "clientContext": "c-1", "loop": false});
    let operation = act(&fixture, &call, "microsoft.graph.playPrompt", &body).await;
    assert_eq!(operation["status"], "running");
    assert_eq!(operation["clientContext"], "c-1");
    let end = fixture.entry().await;
    assert_eq!(end["changeType"], "deleted");
    let id = operation["id"].as_str().unwrap();
    assert_eq!(
        end["resource"],
        format!("/app/calls/{call}/operations/{id}")
    );
    assert_eq!(
        end["resourceData"]["@odata.type"],
        "#microsoft.graph.playPromptOperation"
    );
    assert_eq!(end["resourceData"]["status"], "completed");
    assert_eq!(end["resourceData"]["clientContext"], "c-1");
    fixture.given("operation-fails", json!({})).await;
    act(&fixture, &call, "playPrompt", &body).await;
    let end = fixture.entry().await;
    assert_eq!(end["resourceData"]["status"], "failed");
    assert_eq!(end["resourceData"]["resultInfo"]["code"], 500);
}

#[tokio::test]
async fn endless_prompts_and_recordings_are_cancelled() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    fixture
        .control("PATCH", "timings", json!({"speech_ms": 3_600_000}))
        .await;
    let endless = json!({"prompts": [prompt()], "loop": true, "clientContext": "c-1"});
    let prompt = act(&fixture, &call, "playPrompt", &endless).await;
    let record = json!({"clientContext": "c-2", "maxRecordDurationInSeconds": 120});
    let recording = act(&fixture, &call, "recordResponse", &record).await;
    let cancel = json!({"clientContext": "c-3"});
    let cancelled = act(&fixture, &call, "cancelMediaProcessing", &cancel).await;
    assert_eq!(cancelled["status"], "completed");
    assert_eq!(cancelled["clientContext"], "c-3");
    let mut ends = [fixture.entry().await, fixture.entry().await];
    ends.sort_by_key(|it| it["resourceData"]["clientContext"].to_string());
    for (end, operation) in ends.iter().zip([prompt, recording]) {
        assert_eq!(end["resourceData"]["id"], operation["id"]);
        assert_eq!(end["resourceData"]["status"], "failed");
        assert_eq!(end["resourceData"]["resultInfo"]["subcode"], 8508);
    }
    assert_eq!(
        ends[1]["resourceData"]["completionReason"],
        "operationCanceled"
    );
}

#[tokio::test]
async fn a_running_operation_of_a_provider_state_is_cancelled() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let wanted = json!({"call": call, "operation": "a", "operation-2": "b"});
    let given = fixture.given("operation", wanted).await;
    let operation = given["variables"]["operation"].clone();
    act(&fixture, &call, "cancelMediaProcessing", &json!({})).await;
    assert_eq!(fixture.entry().await["resourceData"]["id"], operation);
}

async fn download(location: &str, token: Option<&str>) -> Response {
    let mut request = OutgoingRequest::new("GET", location);
    if let Some(token) = token {
        request
            .headers
            .push("Authorization", format!("Bearer {token}"));
    }
    Client::new().send(request, EARLY).await.unwrap()
}

#[tokio::test]
async fn a_recording_is_given_for_its_token_alone() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    fixture
        .control("PATCH", "timings", json!({"speech_ms": 3_600_000}))
        .await;
    let body = json!({"prompts": [prompt()], "stopTones": ["#", "1"], "clientContext": "c-1"});
    let operation = act(&fixture, &call, "recordResponse", &body).await;
    assert_eq!(operation["recordingLocation"], Value::Null);
    let speech = format!("calls/{call}/speech");
    fixture
        .control("POST", &speech, json!({"text": "hello"}))
        .await;
    let end = fixture.entry().await["resourceData"].clone();
    assert_eq!(end["@odata.type"], "#microsoft.graph.recordOperation");
    assert_eq!(end["status"], "completed");
    assert_eq!(end["completionReason"], "maxSilenceTimeout");
    let location = end["recordingLocation"].as_str().unwrap();
    let token = end["recordingAccessToken"].as_str();
    let file = download(location, token).await;
    assert_eq!(file.status, 200);
    assert_eq!(
        file.headers.get("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(file.body.into_bytes().unwrap(), b"hello");
    assert_eq!(download(location, Some("other")).await.status, 401);
    assert_eq!(download(location, None).await.status, 401);
    assert_eq!(download(&format!("{location}0"), token).await.status, 404);

    act(&fixture, &call, "recordResponse", &body).await;
    fixture
        .control(
            "POST",
            &format!("calls/{call}/tones"),
            json!({"tones": ["5", "#"]}),
        )
        .await;
    let end = fixture.entry().await["resourceData"].clone();
    assert_eq!(end["completionReason"], "stopToneDetected");
    act(&fixture, &call, "recordResponse", &body).await;
    let silence = json!({"reason": "InitialSilenceTimeout"});
    fixture.control("POST", &speech, silence).await;
    let end = fixture.entry().await["resourceData"].clone();
    assert_eq!(end["status"], "failed");
    assert_eq!(end["recordingLocation"], "");
}

#[tokio::test]
async fn tones_are_notified_to_whoever_wants_them() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    let tones = format!("calls/{call}/tones");
    fixture
        .control("POST", &tones, json!({"tones": ["9"]}))
        .await;
    let operation = act(
        &fixture,
        &call,
        "subscribeToTone",
        &json!({"clientContext": "c"}),
    )
    .await;
    assert_eq!(operation["status"], "completed");
    fixture
        .control("POST", &tones, json!({"tones": ["1", "#", "star"]}))
        .await;
    for (number, tone) in [(1, "tone1"), (2, "pound"), (3, "star")] {
        let data = fixture.entry().await["resourceData"].clone();
        assert_eq!(data["state"], "established");
        assert_eq!(data["toneInfo"]["tone"], tone);
        assert_eq!(data["toneInfo"]["sequenceId"], number);
    }
}

#[tokio::test]
async fn the_roster_shows_whether_the_bot_records() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    for (word, status) in [("recording", "recording"), ("NotRecording", "notRecording")] {
        let body = json!({"clientContext": "c", "status": word});
        let operation = act(&fixture, &call, "updateRecordingStatus", &body).await;
        assert_eq!(operation["status"], "completed");
        let member = fixture.entry().await["resourceData"][0].clone();
        assert_eq!(member["recordingInfo"]["recordingStatus"], status);
    }
}

#[tokio::test]
async fn prompts_take_their_time() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.call().await;
    fixture
        .control("PATCH", "timings", json!({"prompt_ms": 20}))
        .await;
    let body = json!({"prompts": [prompt()]});
    let operation = act(&fixture, &call, "playPrompt", &body).await;
    assert_eq!(operation["status"], "running");
    assert_eq!(fixture.entry().await["resourceData"]["status"], "completed");
}

/// The pages of these operations support calls with `serviceHostedMediaConfig` alone.
#[tokio::test]
async fn a_call_whose_media_the_bot_hosts_is_no_place_for_prompts() {
    let mut fixture = Fixture::open(ServiceOptions::default()).await;
    let call = fixture.incoming().await;
    let path = format!("/v1.0/communications/calls/{call}");
    let media = json!({"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "{}"});
    let answer = json!({
        "callbackUri": fixture.callback,
        "acceptedModalities": ["audio"],
        "mediaConfig": media,
    });
    let answered = fixture.post(&format!("{path}/answer"), &answer).await;
    assert_eq!(answered.status, 202);
    let prompts = json!({"prompts": [prompt()], "clientContext": "c-1"});
    for (action, body, status) in [
        ("playPrompt", &prompts, 400),
        ("recordResponse", &json!({"clientContext": "c-1"}), 400),
        ("subscribeToTone", &json!({"clientContext": "c-1"}), 400),
        ("mute", &json!({"clientContext": "c-1"}), 200),
    ] {
        let answer = fixture.post(&format!("{path}/{action}"), body).await;
        assert_eq!(answer.status, status, "{action}");
    }
}
