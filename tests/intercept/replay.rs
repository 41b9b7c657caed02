//! `confcall replay --intercept`: the recorded service under its own address.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::ONE;
use crate::party::{Recorder, post, send};

/// A recording of requests to `graph.example`, whose answers lead there.
fn recording(folder: &TempDir, targets: &[&str]) -> PathBuf {
    let mut lines = vec![json!({"version": 1, "directions": ["request"]})];
    for (number, target) in (1..).zip(targets) {
        let fields = json!([
            ["Host", "graph.example"],
            ["Content-Type", "application/json"]
        ]);
        lines.push(json!({
            "number": number, "direction": "request", "at_ms": number, "took_ms": 0,
            "request": {"method": "POST", "target": target, "headers": fields, "body": {"json": {"a": 1}}},
            "response": {
                "status": 201,
                "headers": [["Location", "https://graph.example/next"], ["Content-Type", "application/json"]],
                "body": {"json": {"said": target}},
            },
        }));
    }
    let lines: Vec<String> = lines.iter().map(|it| format!("{it}\n")).collect();
    let path = folder.path().join("tape.jsonl");
    fs::write(&path, lines.concat()).unwrap();
    path
}

#[tokio::test]
async fn a_bot_finds_the_recorded_service_under_its_own_address() {
    let folder = tempfile::tempdir().unwrap();
    let targets = ["/tunnelled", "/whole", "/direct"];
    let file = recording(&folder, &targets);
    let arguments = [
        "replay",
        file.to_str().unwrap(),
        "--intercept",
        "graph.example",
    ];
    let replay = Recorder::of(&arguments, 2);
    let body = "{\"a\":1}";

    let ca = replay.ca();
    let tunnel = replay.tls_at(1, "graph.example:443", &ca, ONE);
    let answer = send(
        tunnel.await.unwrap(),
        post("/tunnelled", "graph.example", body),
    )
    .await;
    let location = |answer: &crate::party::Answer| {
        let field = answer.head.headers.get("location").unwrap();
        field.to_str().unwrap().to_owned()
    };
    assert_eq!(
        (answer.status(), &answer.json["said"]),
        (201, &json!("/tunnelled"))
    );
    assert_eq!(location(&answer), "https://graph.example/next");

    let refused = replay.tunnel_at(1, "other.example:443").await.unwrap_err();
    assert_eq!(refused.0, 403);
    assert!(
        refused.1.contains("--intercept other.example"),
        "{}",
        refused.1
    );

    let whole = post("http://graph.example/whole", "graph.example", body);
    let answer = send(replay.at(1).await, whole).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(location(&answer), "http://graph.example/next");

    let own = replay.addresses[0].clone();
    let answer = send(replay.at(0).await, post("/direct", &own, body)).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(location(&answer), format!("http://{own}/next"));

    let (code, message) = tokio::task::spawn_blocking(|| replay.wait()).await.unwrap();
    assert_eq!(code, Some(0), "{message}");
    assert!(
        message.contains("HTTPS_PROXY=http://127.0.0.1:"),
        "{message}"
    );
    assert!(
        message.contains("note: ") && message.contains("`other.example` is not intercepted"),
        "{message}"
    );
}

#[tokio::test]
async fn a_request_that_differs_fails_by_interception_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder, &["/only"]);
    let arguments = ["replay", file.to_str().unwrap(), "--intercept", "*.example"];
    let replay = Recorder::of(&[&arguments[..], &["--deadline", "300ms"]].concat(), 2);
    let ca = replay.ca();
    let tunnel = replay.tls_at(1, "graph.example:443", &ca, ONE);
    let changed = post("/only", "graph.example", "{\"a\":2}");
    let answer = send(tunnel.await.unwrap(), changed).await;
    assert_eq!(answer.status(), 404);
    let (code, message) = tokio::task::spawn_blocking(|| replay.wait()).await.unwrap();
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("request.unexpected, /a"), "{message}");
}
