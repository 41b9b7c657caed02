//! A service with a callback that records notifications.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::http::OutgoingRequest;
use crate::http::message::Response;

const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Fixture {
    pub(super) url: String,
    pub(super) callback: String,
    pub(super) inbox: mpsc::UnboundedReceiver<Request>,
    client: Client,
    shutdown: CancellationToken,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Fixture {
    pub(super) async fn open(options: ServiceOptions) -> Self {
        Self::failing_first(options, 0).await
    }

    /// The callback answers the first `failures` notifications with 503.
    pub(super) async fn failing_first(options: ServiceOptions, failures: usize) -> Self {
        let shutdown = CancellationToken::new();
        let (requests, inbox) = mpsc::unbounded_channel();
        let bot = Listener::bind("127.0.0.1:0").await.unwrap();
        let callback = format!("{}/api/calls", bot.url());
        let count = AtomicUsize::new(0);
        tokio::spawn(bot.serve(
            move |request| {
                let _ = requests.send(request);
                let early = count.fetch_add(1, Ordering::Relaxed) < failures;
                async move { Reply::status(if early { 503 } else { 202 }) }
            },
            shutdown.clone(),
        ));
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let service = BuiltInService::start(listener, options, shutdown.clone());
        Self {
            url: service.url().to_owned(),
            callback,
            inbox,
            client: Client::new(),
            shutdown,
        }
    }

    /// Sends a request with a token and, where there is a body, its media type.
    pub(super) async fn try_send(
        &self,
        method: &str,
        target: &str,
        body: Option<&Value>,
        timeout: Duration,
    ) -> Result<Response, String> {
        let url = if target.starts_with('/') {
            format!("{}{target}", self.url)
        } else {
            target.to_owned()
        };
        let mut request = OutgoingRequest::new(method, url);
        request.headers.push("Authorization", "Bearer t");
        if let Some(body) = body {
            request.headers.push("Content-Type", "application/json");
            request.body = Some(body.to_string().into());
        }
        let sent = self.client.send(request, timeout).await;
        sent.map_err(|error| error.to_string())
    }

    pub(super) async fn send(&self, method: &str, target: &str, body: Option<&Value>) -> Response {
        self.try_send(method, target, body, TIMEOUT).await.unwrap()
    }

    pub(super) async fn post(&self, target: &str, body: &Value) -> Response {
        self.send("POST", target, Some(body)).await
    }

    pub(super) async fn get(&self, target: &str) -> Value {
        let response = self.send("GET", target, None).await;
        response.body.json().unwrap().clone()
    }

    /// Sets up a provider state.
    pub(super) async fn given(&self, state: &str, variables: Value) -> Value {
        let body = json!({
            "scenario": "test",
            "state": state,
            "callback": self.callback,
            "variables": variables,
        });
        let response = self.post("/control/given", &body).await;
        response.body.json().unwrap().clone()
    }

    /// Creates a call with chat information; returns its id.
    pub(super) async fn create(&self) -> String {
        let body = json!({"callbackUri": self.callback, "chatInfo": {"threadId": "19:x"}});
        let response = self.post("/app/calls", &body).await;
        let location = response.headers.get("location").unwrap_or("/none");
        location.rsplit_once('/').unwrap().1.to_owned()
    }

    /// The established call of a provider state, with the bot alone.
    pub(super) async fn call(&self) -> String {
        let given = self.given("call", json!({})).await;
        given["variables"]["call"].as_str().unwrap().to_owned()
    }

    /// A user in the call; the id of the participant.
    pub(super) async fn participant(&self, call: &str, user: &str) -> String {
        let wanted = json!({"call": call, "user": user});
        let given = self.given("participant", wanted).await;
        given["variables"]["participant"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// An incoming call; its notification is taken.
    pub(super) async fn incoming(&mut self) -> String {
        let given = self.given("incoming-call", json!({})).await;
        self.next().await;
        given["variables"]["call"].as_str().unwrap().to_owned()
    }

    /// A request to the control interface.
    pub(super) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let target = format!("/control/{path}");
        let body = (method != "GET").then_some(&body);
        let response = self.send(method, &target, body).await;
        assert!(response.status < 300, "{method} {target}: {response:?}");
        response.body.json().cloned().unwrap_or_default()
    }

    /// The only entry of the next notification.
    pub(super) async fn entry(&mut self) -> Value {
        let body = self.next().await;
        assert_eq!(body["value"].as_array().unwrap().len(), 1);
        body["value"][0].clone()
    }

    pub(super) async fn next(&mut self) -> Value {
        let request = self.next_request().await;
        assert_eq!(request.method, "POST");
        assert_eq!(request.target, "/api/calls");
        assert!(
            request
                .headers
                .get("authorization")
                .unwrap()
                .starts_with("Bearer ")
        );
        request.body.json().unwrap().clone()
    }

    pub(super) async fn next_request(&mut self) -> Request {
        timeout(TIMEOUT, self.inbox.recv()).await.unwrap().unwrap()
    }
}

pub(super) fn participant(kind: &str, id: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
        "identity": {"@odata.type": "#microsoft.graph.identitySet", kind: {"id": id}},
    })
}

pub(super) fn invite_body(user: &str) -> Value {
    json!({"participants": [participant("user", user)], "clientContext": "c-1"})
}
