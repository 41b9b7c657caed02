//! Delivery of notifications: one queue for each call. The next notification is sent once the previous one is
//! acknowledged or given up.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::message::Post;
use super::mutant;
use super::state::{Group, Notification, Queue};
use super::variant::ServiceVariant;
use super::{SLOW, Service};
use crate::api::resource::Resource;
use crate::emulator::new_id;
use crate::http::message::{Body, Headers};
use crate::http::{Coding, Framing, OutgoingRequest};

const TIMEOUT: Duration = Duration::from_secs(3);

const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

/// The default token of notifications.
const TOKEN: &str = "built-in-service";

/// Opens the queue of a new call. It closes with its last sender or with the service.
pub(super) fn open(service: &Arc<Service>) -> Queue {
    let (queue, mut waiting) = mpsc::unbounded_channel::<Group>();
    let service = Arc::clone(service);
    tokio::spawn(async move {
        let shutdown = service.shutdown.clone();
        let work = async {
            while let Some(group) = waiting.recv().await {
                service.send_segment(group).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = shutdown.cancelled() => {}
        }
    });
    queue
}

impl Service {
    async fn send_segment(&self, group: Group) {
        if let Some(after) = group.after {
            after.notified().await;
        }
        let batch = match self.variant {
            Some(ServiceVariant::Batched) => group.notifications.len().max(1),
            _ => 1,
        };
        for notifications in group.notifications.chunks(batch) {
            self.notify(notifications).await;
        }
        if let Some((queue, group)) = group.then.map(|then| *then) {
            // The queue is closed once the service has ended.
            let _ = queue.send(group);
        }
        if let Some(done) = group.done {
            done.notify_one();
        }
    }

    /// Posts notifications as one collection until it is acknowledged, refused or given up.
    async fn notify(&self, notifications: &[Notification]) {
        let Some(first) = notifications.first() else {
            return;
        };
        for effect in notifications
            .iter()
            .filter_map(|notification| notification.effect.as_ref())
        {
            self.state().apply(effect);
        }
        let entries = notifications.iter().map(|it| self.vary_entry(it)).collect();
        let mut post = Post {
            method: "POST",
            url: first.callback.clone(),
            media_type: Some("application/json"),
            content: Body::Json(self.pages.collection(entries)),
        };
        mutant::post(self.mutant, &mut post);
        let mut request = self.write_post(post);
        self.identify(first, &mut request.headers);
        if self.variant == Some(ServiceVariant::Slow) {
            sleep(SLOW).await;
        }
        let timeout = mutant::timeout(self.mutant).or(self.acknowledged_within);
        let timeout = timeout.unwrap_or(TIMEOUT);
        for pause in RETRY_DELAYS.iter().map(Some).chain([None]) {
            let is_final = match self.client.send(request.clone(), timeout).await {
                Ok(response) => !is_failure(response.status) || mutant::gives_up(self.mutant),
                Err(_) => false,
            };
            match pause {
                Some(pause) if !is_final => sleep(*pause).await,
                _ => return,
            }
        }
    }

    /// Adds the ids of the notification, of the chain of its call, and of the bot's scenario. They stay the same
    /// when it is sent again.
    fn identify(&self, notification: &Notification, headers: &mut Headers) {
        let resource = ["resource", "resourceUrl"]
            .iter()
            .find_map(|name| notification.entry.get(name)?.as_str());
        let resource = resource.and_then(Resource::parse);
        let state = self.state();
        let call = resource.as_ref().and_then(Resource::call);
        let call = call.and_then(|id| state.call(id));
        let chain = call.map_or_else(new_id, |call| call.chain.clone());
        let scenario = call.and_then(|call| call.scenario.clone());
        headers.push("X-Microsoft-Skype-Message-ID", new_id());
        headers.push("Scenario-Id", scenario.unwrap_or_else(|| chain.clone()));
        headers.push("X-Microsoft-Skype-Chain-ID", chain);
    }

    fn vary_entry(&self, notification: &Notification) -> Value {
        let mut entry = notification.entry.clone();
        let Some(object) = entry.as_object_mut() else {
            return entry;
        };
        let path = |object: &serde_json::Map<String, Value>| {
            let path = object.get("resource")?.as_str()?.strip_prefix("/app/")?;
            Some(path.to_owned())
        };
        let name = |object: &mut serde_json::Map<String, Value>, name: &str, url: String| {
            object.insert(name.to_owned(), url.into());
        };
        match (self.variant, path(object)) {
            (Some(ServiceVariant::ResourceOnly), _) => {
                object.shift_remove("resourceUrl");
            }
            (Some(ServiceVariant::UrlOnly), Some(path)) => {
                object.shift_remove("resource");
                name(object, "resourceUrl", format!("/communications/{path}"));
            }
            (Some(ServiceVariant::Absolute), Some(path)) => {
                let url = format!("{}/beta/communications/{path}", self.url);
                name(object, "resource", url.clone());
                name(object, "resourceUrl", url);
            }
            (Some(ServiceVariant::Prefix), Some(path)) => {
                name(object, "resource", format!("/v1.0/communications/{path}"));
                name(
                    object,
                    "resourceUrl",
                    format!("/beta/applications/1/{path}"),
                );
            }
            (Some(ServiceVariant::Wrapped), _) => {
                if let Some(data) = object.get_mut("resourceData") {
                    *data = match data.take() {
                        Value::Array(mut one) if one.len() == 1 => one.remove(0),
                        Value::Array(several) => Value::Array(several),
                        entity => Value::Array(vec![entity]),
                    };
                }
            }
            _ => {}
        }
        entry
    }

    fn write_post(&self, post: Post) -> OutgoingRequest {
        let token = self.token.as_deref().unwrap_or(TOKEN);
        let mut headers = Headers::from_iter([("Authorization", format!("Bearer {token}"))]);
        let body = self.write_content(&post.content, post.media_type, &mut headers);
        let (coding, framing) = self.encoding();
        OutgoingRequest {
            headers,
            body: Some(body),
            coding,
            framing,
            ..OutgoingRequest::new(post.method, post.url)
        }
    }

    pub(super) const fn encoding(&self) -> (Coding, Framing) {
        match self.variant {
            Some(ServiceVariant::Gzip) => (Coding::Gzip, Framing::Length),
            Some(ServiceVariant::Chunked) => (Coding::Identity, Framing::Chunked),
            _ => (Coding::Identity, Framing::Length),
        }
    }
}

/// True for an acknowledgement after which a notification is sent again.
const fn is_failure(status: u16) -> bool {
    matches!(status, 408 | 429) || status >= 500
}
