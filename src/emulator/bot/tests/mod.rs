//! The bot over real sockets: against a service that records requests, and against the
//! built-in service.

mod menu;
mod mutants;
mod operations;

use tokio::sync::mpsc;

use super::*;
use crate::emulator::service::{BuiltInService, Edition, ServiceOptions};
use crate::http::OutgoingRequest;

const LONG: Duration = Duration::from_secs(10);

/// A bot, and a service that records requests and answers 200 with an operation.
struct Fixture {
    bot: BuiltInBot,
    service: String,
    inbox: mpsc::UnboundedReceiver<Request>,
    client: Client,
    shutdown: CancellationToken,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Fixture {
    async fn open(options: BotOptions) -> Self {
        let shutdown = CancellationToken::new();
        let (requests, inbox) = mpsc::unbounded_channel();
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let service = listener.url();
        tokio::spawn(listener.serve(
            move |request| {
                let _ = requests.send(request);
                async {
                    Reply::from(Response {
                        status: 200,
                        headers: Headers::new(),
                        body: Body::Json(json!({"id": "op-1", "status": "running"})),
                    })
                }
            },
            shutdown.clone(),
        ));
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        Self {
            bot: BuiltInBot::start(listener, options, shutdown.clone()),
            service,
            inbox,
            client: Client::new(),
            shutdown,
        }
    }

    async fn post(&self, url: &str, body: &Value) -> Result<Response, String> {
        let mut request = OutgoingRequest::new("POST", url);
        request.headers.push("Content-Type", "application/json");
        request.body = Some(body.to_string().into());
        let sent = self.client.send(request, Duration::from_millis(500)).await;
        sent.map_err(|error| error.to_string())
    }

    /// Triggers the bot to a POST of this body to the path.
    async fn trigger(&self, path: &str, body: Value) -> Response {
        self.trigger_to("POST", path, body).await
    }

    async fn trigger_to(&self, method: &str, path: &str, body: Value) -> Response {
        let trigger = json!({
            "scenario": "test",
            "step": 1,
            "operation": "anything",
            "request": {
                "method": method,
                "url": format!("{}{path}", self.service),
                "headers": {},
                "body": body,
            },
        });
        self.post(&self.bot.trigger_url(), &trigger).await.unwrap()
    }

    async fn next_request(&mut self) -> Request {
        timeout(LONG, self.inbox.recv()).await.unwrap().unwrap()
    }
}

/// Two participants of which the first replaces a call.
fn invitation() -> Value {
    json!({
        "participants": [
            {
                "identity": {"@odata.type": "x", "user": {"id": "u-1", "tenantId": "t-1"}},
                "replacesCallId": "00000000-0000-4000-8000-00000000000a",
            },
            {"identity": {"phone": {"id": "+1"}, "user": null}},
        ],
        "clientContext": "the trigger's",
    })
}

#[tokio::test]
async fn a_triggered_invitation_is_the_bots_own() {
    let mut fixture = Fixture::open(BotOptions {
        token: Some("mine".to_owned()),
        ..BotOptions::default()
    })
    .await;
    let path = "/beta/app/calls/c-1/participants/invite";
    assert_eq!(fixture.trigger(path, invitation()).await.status, 202);
    let request = fixture.next_request().await;
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", path)
    );
    assert_eq!(request.headers.get("authorization"), Some("Bearer mine"));
    let body = request.body.json().unwrap();
    let invitees = body["participants"].as_array().unwrap();
    assert_eq!(invitees.len(), 2);
    assert_eq!(invitees[0]["identity"]["user"]["id"], "u-1");
    assert_eq!(invitees[0]["identity"]["user"]["tenantId"], "t-1");
    assert_eq!(
        invitees[0]["replacesCallId"],
        invitation()["participants"][0]["replacesCallId"]
    );
    assert_eq!(invitees[1]["identity"]["phone"]["id"], "+1");
    assert!(uuid::Uuid::parse_str(body["clientContext"].as_str().unwrap()).is_ok());
}

#[tokio::test]
async fn calls_are_answered_and_created_with_the_bots_callback() {
    let mut fixture = Fixture::open(BotOptions::default()).await;
    for (path, name) in [
        ("/app/calls/c-1/answer", "callback"),
        ("/app/calls", "callbackUri"),
    ] {
        let body = json!({name: "http://elsewhere/", "acceptModalities": ["audio"]});
        assert_eq!(fixture.trigger(path, body).await.status, 202);
        let request = fixture.next_request().await;
        assert_eq!(request.target, path);
        let body = request.body.json().unwrap();
        assert_eq!(body[name], fixture.bot.callback_url());
        assert_eq!(body["acceptModalities"], json!(["audio"]));
    }
}

#[tokio::test]
async fn unsupported_triggers_are_declined_with_a_reason() {
    let fixture = Fixture::open(BotOptions::default()).await;
    for (path, body) in [
        ("/app/calls/c-1/reject", json!({})),
        ("/elsewhere", json!({})),
        ("/app/calls/c-1/participants/invite", json!({})),
        (
            "/app/calls/c-1/participants/invite",
            json!({"participants": [{}]}),
        ),
        ("/app/calls", Value::Null),
    ] {
        let declined = fixture.trigger(path, body).await;
        assert_eq!(declined.status, 501, "{path}");
        assert!(declined.body.json().unwrap()["reason"].is_string());
    }
    let wrong = fixture
        .post(&fixture.bot.trigger_url(), &json!({}))
        .await
        .unwrap();
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn notifications_are_checked_and_remembered() {
    let fixture = Fixture::open(BotOptions::default()).await;
    let callback = fixture.bot.callback_url();
    let entry = |change: &str, path: &str, data: Value| json!({"value": [{"changeType": change, "resource": path, "resourceData": data}]});
    let right = entry("Updated", "/app/calls/c-1", json!({"state": "Established"}));
    for url in [callback.to_owned(), format!("{callback}/scenario/7")] {
        assert_eq!(fixture.post(&url, &right).await.unwrap().status, 202);
    }
    assert_eq!(
        fixture.bot.call_state("c-1").as_deref(),
        Some("established")
    );
    let gone = entry("deleted", "/app/calls/c-1", json!({}));
    fixture.post(callback, &gone).await.unwrap();
    fixture.post(callback, &right).await.unwrap();
    let state = fixture.bot.call_state("c-1");
    assert_eq!(
        state.as_deref(),
        Some("deleted"),
        "a repeated entry changes nothing"
    );

    for wrong in [
        json!({}),
        json!({"value": []}),
        json!({"value": {}}),
        json!({"value": [7]}),
        entry("vanished", "/app/calls/c-1", json!({})),
        entry("updated", "/elsewhere", json!({})),
    ] {
        assert_eq!(
            fixture.post(callback, &wrong).await.unwrap().status,
            400,
            "{wrong}"
        );
    }
    for (method, media_type, status) in [
        ("PUT", "application/json", 405),
        ("POST", "text/plain", 415),
    ] {
        let mut request = OutgoingRequest::new(method, callback);
        request.headers.push("Content-Type", media_type);
        request.body = Some(right.to_string().into());
        assert_eq!(
            fixture.client.send(request, LONG).await.unwrap().status,
            status
        );
    }
}

#[tokio::test]
async fn every_kind_of_notification_is_acknowledged() {
    let fixture = Fixture::open(BotOptions::default()).await;
    let callback = fixture.bot.callback_url();
    let entry = |path: &str, data: Value| json!({"changeType": "Updated", "resourceUrl": path, "resourceData": data});
    let session = "/communications/calls/c-1/contentsharingsessions";
    let call = entry("/communications/calls/c-2", json!({"state": "Terminating"}));
    let batch = json!({"value": [call, entry(session, json!([{"id": "s"}])), call]});
    for body in [
        batch.clone(),
        batch,
        json!({"value": [entry("/communications/calls/c-1/participants/p-1", json!({}))]}),
        json!({"value": [entry("/communications/calls/c-1/whatever/there/is", Value::Null)]}),
        json!({"value": [entry("/communications/presences/u-1", json!({}))]}),
        json!({
            "@odata.type": "#microsoft.graph.participantJoiningNotification",
            "call": {"@odata.id": "/communications/calls/c-1"},
        }),
    ] {
        let answer = fixture.post(callback, &body).await.unwrap();
        assert_eq!(answer.status, 202, "{body}");
        assert!(answer.body.is_empty() && answer.headers.get("Scenario-Id").is_none());
    }
    let mut request = OutgoingRequest::new("POST", callback);
    for (name, value) in [
        ("Content-Type", "application/json; charset=Windows-1252"),
        ("X-Microsoft-Skype-Message-ID", "m-1"),
        ("Scenario-Id", "s-1"),
    ] {
        request.headers.push(name, value);
    }
    request.body = Some(json!({"value": [call]}).to_string().into());
    let answer = fixture.client.send(request, LONG).await.unwrap();
    assert_eq!(answer.headers.get("Client-Request-Id"), Some("m-1"));
    assert_eq!(answer.headers.get("Scenario-Id"), Some("s-1"));
}

#[tokio::test]
async fn the_built_in_pair_talks() {
    for &edition in Edition::ALL {
        let fixture = Fixture::open(BotOptions::default()).await;
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let options = ServiceOptions {
            edition,
            ..ServiceOptions::default()
        };
        let service = BuiltInService::start(listener, options, fixture.shutdown.clone());
        let given = json!({"state": "call", "callback": fixture.bot.callback_url()});
        let given = fixture
            .post(&format!("{}/control/given", service.url()), &given)
            .await;
        let given = given.unwrap().body.json().unwrap()["variables"]["call"].clone();
        let call = given.as_str().unwrap();
        let url = format!(
            "{}/beta/communications/calls/{call}/participants/invite",
            service.url()
        );
        let request = json!({"method": "POST", "url": url, "body": invitation()});
        let triggered = fixture
            .post(&fixture.bot.trigger_url(), &json!({"request": request}))
            .await;
        assert_eq!(triggered.unwrap().status, 202);
        let replaced = "00000000-0000-4000-8000-00000000000a";
        let over = async {
            loop {
                let changed = fixture.bot.bot.changed.notified();
                if fixture.bot.call_state(replaced).as_deref() == Some("deleted") {
                    break;
                }
                changed.await;
            }
        };
        timeout(LONG, over).await.unwrap();
    }
}
