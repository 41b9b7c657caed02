//! Every operation: after a trigger, the bot makes a request of its own, and the built-in service carries it out. Every
//! mutant changes the request, and every variant requests the same thing.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::mutants::{QUIET, without_generated};
use super::*;
use crate::emulator::bot::alteration::Alteration;
use crate::emulator::bot::operation::Operation;
use crate::http::message::json_error;

const CALL: &str = "00000000-0000-4000-8000-0000000000c1";
const REPLACED: &str = "00000000-0000-4000-8000-00000000000a";

/// A triggered body of each operation.
fn sample(operation: Operation) -> Value {
    let user = |id: &str| json!({"identity": {"user": {"id": id, "displayName": "Somebody"}}});
    let mut replacing = user("u-1");
    replacing["replacesCallId"] = REPLACED.into();
    let mut transferee = user("u-2");
    transferee["participantId"] = "p-2".into();
    let prompt = json!({"mediaInfo": {"uri": "https://bot.example/a.wav", "resourceId": "r-1"}});
    let media = json!({"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"});
    let context = "the trigger's";
    match operation {
        Operation::Create => json!({
            "callbackUri": "https://elsewhere.example/",
            "targets": [user("u-1")],
            "requestedModalities": ["audio"],
            "mediaConfig": media,
        }),
        Operation::Answer => json!({
            "callbackUri": "https://elsewhere.example/",
            "acceptedModalities": ["audio"],
            "mediaConfig": media,
        }),
        Operation::LogDeviceQuality => json!({"quality": {"deviceName": "d"}}),
        Operation::Reject => {
            json!({"reason": "Busy", "callbackUri": "https://elsewhere.example/"})
        }
        Operation::Redirect => json!({
            "targets": [user("u-1")],
            "targetDisposition": "forward",
            "timeout": 30,
            "maskCallee": false,
        }),
        Operation::Transfer => {
            json!({"transferTarget": replacing, "transferee": transferee, "clientContext": context})
        }
        Operation::Invite => json!({"participants": [replacing], "clientContext": context}),
        Operation::MuteAll => json!({"participants": ["p-1"], "clientContext": context}),
        Operation::ConfigureMixer => json!({
            "participantMixerLevels": [{
                "participant": "p-1",
                "exclusive": true,
                "ducking": {"rampActive": 50, "rampInactive": 50, "lowerLevel": 10, "upperLevel": 50},
                "sourceLevels": [{"participant": "p-2", "level": 50, "duckOthers": false}],
            }],
            "clientContext": context,
        }),
        Operation::StartHoldMusic => json!({"customPrompt": prompt, "clientContext": context}),
        Operation::UpdateMetadata => json!({"metadata": "m", "clientContext": context}),
        Operation::PlayPrompt => {
            json!({"prompts": [prompt], "loop": false, "clientContext": context})
        }
        Operation::RecordResponse => json!({
            "prompts": [prompt],
            "bargeInAllowed": true,
            "maxRecordDurationInSeconds": 10,
            "initialSilenceTimeoutInSeconds": 5,
            "maxSilenceTimeoutInSeconds": 2,
            "playBeep": true,
            "stopTones": ["#", "1"],
            "clientContext": context,
        }),
        Operation::UpdateRecordingStatus => {
            json!({"status": "recording", "clientContext": context})
        }
        Operation::ChangeScreenSharingRole => json!({"role": "viewer"}),
        Operation::CreateRoutingGroup | Operation::UpdateRoutingGroup => json!({
            "id": "multicast",
            "routingMode": "multicast",
            "sources": ["p-1"],
            "receivers": ["p-2"],
        }),
        _ if operation.method() == "POST" && operation != Operation::KeepAlive => {
            json!({"clientContext": context})
        }
        _ => Value::Null,
    }
}

/// The path of an operation under the newest prefix.
fn path(operation: Operation, call: &str, item: &str) -> String {
    let path = operation.path().replacen("{}", call, 1);
    format!("/v1.0/communications/{}", path.replacen("{}", item, 1))
}

fn intention(operation: Operation, service: &str, call: &str, item: &str) -> Intention {
    let url = format!("{service}{}", path(operation, call, item));
    Intention::read(operation.method(), &url, &sample(operation)).unwrap()
}

#[tokio::test]
async fn every_operation_becomes_a_request_of_the_bots_own() {
    let mut fixture = Fixture::open(BotOptions::default()).await;
    for &operation in Operation::ALL {
        let path = path(operation, CALL, "multicast");
        let qualified = match path.rsplit_once('/') {
            Some((above, action)) if operation.is_action() => {
                format!("{above}/microsoft.graph.{action}")
            }
            _ => path.clone(),
        };
        for triggered in [&path, &qualified] {
            let (name, body) = (operation.name(), sample(operation));
            let answer = fixture.trigger_to(operation.method(), triggered, body.clone());
            assert_eq!(answer.await.status, 202, "{name}");
            let request = fixture.next_request().await;
            assert_eq!(
                (request.method.as_str(), request.target.as_str()),
                (operation.method(), path.as_str())
            );
            let sent = request.body.json().cloned().unwrap_or_default();
            assert_ne!(sent["clientContext"], "the trigger's", "{name}");
            for property in ["callbackUri", "clientContext"] {
                let is_given = |it: &Value| it.get(property).is_some();
                assert_eq!(is_given(&sent), is_given(&body), "{name}");
            }
            if let Some(callback) = sent.get("callbackUri") {
                assert_eq!(callback, fixture.bot.callback_url(), "{name}");
            }
            let url = format!("{}{path}", fixture.service);
            let read = |body: &Value| Intention::read(operation.method(), &url, body).unwrap();
            let (mut sent, mut body) = (sent, body);
            if operation == Operation::Create || operation == Operation::Answer {
                sent["callbackUri"] = Value::Null;
                body["callbackUri"] = Value::Null;
            }
            assert_eq!(read(&sent), read(&body), "{name}");
        }
    }
}

#[tokio::test]
async fn what_the_bot_cannot_do_is_declined() {
    let fixture = Fixture::open(BotOptions::default()).await;
    for (method, path, body) in [
        ("POST", "/app/calls/c/microsoft.graph.hum", json!({})),
        (
            "GET",
            "/app/calls/c/microsoft.graph.participants",
            Value::Null,
        ),
        ("PUT", "/app/calls/c", json!({})),
        ("POST", "/app/calls/c/transfer", Value::Null),
        (
            "POST",
            "/app/calls/c/transfer",
            json!({"transferTarget": {}}),
        ),
        ("POST", "/app/calls/c/playPrompt", json!({"prompts": [{}]})),
        ("POST", "/app/calls/c/playPrompt", json!([])),
        ("POST", "/app/calls/c/reject", json!({"reason": "asleep"})),
        (
            "POST",
            "/app/calls/c/participants/configureMixer",
            json!({"participantMixerLevels": 7}),
        ),
        (
            "POST",
            "/app/calls/c/updateMetadata",
            json!({"metadata": {}}),
        ),
    ] {
        let declined = fixture.trigger_to(method, path, body).await;
        assert_eq!(declined.status, 501, "{path}");
        assert!(declined.body.json().unwrap()["reason"].is_string());
    }
}

#[tokio::test]
async fn a_recording_has_an_older_name_and_a_query_is_kept() {
    let mut fixture = Fixture::open(BotOptions::default()).await;
    for (method, path, operation) in [
        (
            "POST",
            "/beta/app/calls/c-1/record",
            Operation::RecordResponse,
        ),
        (
            "GET",
            "/beta/app/calls/c-1/participants?$top=2",
            Operation::ListParticipants,
        ),
    ] {
        let triggered = fixture.trigger_to(method, path, sample(operation)).await;
        assert_eq!(triggered.status, 202);
        assert_eq!(fixture.next_request().await.target, path);
    }
}

/// The requests of one operation, without generated identifiers.
async fn transcript(operation: Operation, altered: Option<&'static AlteredRequest>) -> Vec<String> {
    let mut fixture = Fixture::open(BotOptions {
        altered,
        callback_url: Some("https://bot.example/callback".to_owned()),
        ..BotOptions::default()
    })
    .await;
    let path = path(operation, CALL, "multicast");
    let triggered = fixture.trigger_to(operation.method(), &path, sample(operation));
    assert_eq!(triggered.await.status, 202);
    let mut lines = Vec::new();
    let mut quiet = LONG;
    if altered.is_some_and(|it| it.alteration == Alteration::Never) {
        quiet = QUIET;
    }
    while let Ok(Some(request)) = timeout(quiet, fixture.inbox.recv()).await {
        let fields = ["authorization", "content-type", "scenario-id", "user-agent"];
        let fields = fields.map(|name| request.headers.get(name).map(str::to_owned));
        let (method, target, body) = (request.method, request.target, request.body);
        lines.push(without_generated(&format!(
            "{method} {target} {fields:?} {body:?}"
        )));
        quiet = QUIET;
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alteration_shows() {
    for &operation in Operation::ALL {
        let plain = transcript(operation, None).await;
        let rows = || REQUEST_MUTANTS.iter().chain(REQUEST_VARIANTS);
        let mut playing = JoinSet::new();
        for row in rows().filter(|row| row.operation == operation) {
            playing.spawn(async move { (row.name, transcript(operation, Some(row)).await) });
        }
        while let Some(played) = playing.join_next().await {
            let (name, shown) = played.unwrap();
            assert_ne!(shown, plain, "{name} changes nothing");
        }
    }
}

#[tokio::test]
async fn every_variant_is_read_as_the_same_intention() {
    for row in REQUEST_VARIANTS {
        let intended = intention(row.operation, "http://h", CALL, "multicast");
        let body = intended.body("https://bot.example/callback", None);
        let mut builders = vec![RequestBuilder::new(
            intended.operation.method(),
            intended.url(),
            TOKEN,
            body,
        )];
        let before = builders.clone();
        alteration::alter(Some(row), row.operation, &mut builders);
        let read = |builder: &RequestBuilder| {
            let body = builder.content.json().cloned().unwrap_or_default();
            let url = builder.url.replace("/app/", "/communications/");
            Intention::read(builder.method, &url, &body).unwrap()
        };
        assert_eq!(builders.len(), 1);
        assert_eq!(read(&builders[0]), read(&before[0]), "{}", row.name);
    }
}

/// A bot with a call of the built-in service.
struct Pair {
    fixture: Fixture,
    service: String,
}

impl Pair {
    async fn open(altered: Option<&'static AlteredRequest>) -> Self {
        let fixture = Fixture::open(BotOptions {
            altered,
            ..BotOptions::default()
        })
        .await;
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let options = ServiceOptions::default();
        let service = BuiltInService::start(listener, options, fixture.shutdown.clone());
        let service = service.url().to_owned();
        Self { fixture, service }
    }

    /// A variable of a provider state.
    async fn given(&self, state: &str, variables: Value) -> Value {
        let callback = self.fixture.bot.callback_url();
        let given = json!({"state": state, "callback": callback, "variables": variables});
        let url = format!("{}/control/given", self.service);
        let answer = self.fixture.post(&url, &given).await.unwrap();
        answer.body.json().unwrap()["variables"].clone()
    }

    /// The answer of the service to an operation.
    async fn perform(&self, operation: Operation) -> Response {
        let state = match operation {
            Operation::Answer | Operation::Reject | Operation::Redirect => "incoming-call",
            _ => "call",
        };
        let call = self.given(state, json!({})).await["call"].clone();
        let item = match operation.path().split('/').nth(2) {
            Some("participants") => "participant",
            Some("operations") => "operation",
            Some("contentSharingSessions") => "session",
            Some("audioRoutingGroups") => "audio-routing-group",
            _ => "",
        };
        let mut id = Value::Null;
        if state == "call" {
            let users = json!({
                "call": call,
                "participant": "",
                "participant-2": "",
                "user": "p-1",
                "user-2": "p-2",
            });
            id = self.given("participant", users).await["participant"].clone();
        }
        if !matches!(item, "" | "participant") {
            id = self.given(item, json!({"call": call})).await[item].clone();
        }
        let (call, id) = (call.as_str().unwrap(), id.as_str().unwrap_or_default());
        let intention = intention(operation, &self.service, call, id);
        let bot = Arc::clone(&self.fixture.bot.bot);
        bot.perform(intention).await.unwrap()
    }
}

#[tokio::test]
async fn the_built_in_service_does_every_operation() {
    let pair = Pair::open(None).await;
    for &operation in Operation::ALL {
        let answer = pair.perform(operation).await;
        let (name, body) = (operation.name(), answer.body.json());
        assert!(
            (200..300).contains(&answer.status),
            "{name}: {answer:?} {body:?}"
        );
    }
}

#[tokio::test]
async fn the_built_in_service_does_every_variant() {
    for row in REQUEST_VARIANTS {
        let pair = Pair::open(Some(row)).await;
        let answer = pair.perform(row.operation).await;
        assert!(
            (200..300).contains(&answer.status),
            "{}: {answer:?}",
            row.name
        );
    }
}

#[test]
fn every_operation_has_mutants_and_a_variant_with_names_of_their_own() {
    let mut names: HashSet<&str> = HashSet::new();
    let rows = REQUEST_MUTANTS.iter().chain(REQUEST_VARIANTS);
    for row in rows.clone() {
        assert!(names.insert(row.name), "{} is there twice", row.name);
        assert!(row.name.starts_with(row.operation.name()), "{}", row.name);
        assert!(row.what.ends_with('.'), "{}", row.name);
        if let Alteration::Body(_, crate::emulator::body::Edit::To(json)) = row.alteration {
            assert_eq!(json_error(json), "", "{}", row.name);
        }
    }
    let general = BotMutant::ALL.iter().map(|it| it.name());
    let general = general.chain(BotVariant::ALL.iter().map(|it| it.name()));
    for name in general {
        assert!(!names.contains(name), "{name} is there twice");
    }
    for &operation in Operation::ALL {
        let count = |table: &[AlteredRequest]| {
            table
                .iter()
                .filter(|row| row.operation == operation)
                .count()
        };
        assert!(count(REQUEST_MUTANTS) >= 3, "{}", operation.name());
        assert!(count(REQUEST_VARIANTS) >= 1, "{}", operation.name());
    }
}
