//! Notifications on their way: one line for each call, in order, the next after the last is
//! acknowledged.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use super::Service;
use super::draft::Post;
use super::mutation;
use super::state::Effect;
use super::variant::ServiceVariant;
use crate::emulator::content::Content;
use crate::http::message::Headers;
use crate::http::{Coding, Framing, OutgoingRequest};

/// How long a callback may take to acknowledge.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the service waits before each further attempt.
const AGAIN: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

/// The token that notifications bear where none is configured.
const TOKEN: &str = "reference-service";

/// What a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Incoming,
    Establishing,
    Established,
    Progress,
    End,
    Roster,
    Terminated,
    Deleted,
}

/// One notification that waits.
#[derive(Debug, Clone)]
pub(super) struct Notification {
    pub(super) about: About,
    pub(super) callback: String,
    pub(super) entry: Value,
    pub(super) effect: Option<Effect>,
}

/// Notifications that one request causes about one call.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) notifications: Vec<Notification>,
    /// They wait until this is told.
    pub(super) after: Option<Arc<Notify>>,
    /// This is told when they have gone.
    pub(super) done: Option<Arc<Notify>>,
    /// What gets in line at another call when they have gone.
    pub(super) then: Option<Box<(Line, Segment)>>,
}

impl Segment {
    /// Notifications that wait for nothing.
    pub(super) const fn new(notifications: Vec<Notification>) -> Self {
        Self {
            notifications,
            after: None,
            done: None,
            then: None,
        }
    }
}

/// The end of a line where one gets in.
pub(super) type Line = mpsc::UnboundedSender<Segment>;

/// Opens the line of a new call. It closes when nobody can get in any more, or with the service.
pub(super) fn open(service: &Arc<Service>) -> Line {
    let (line, mut waiting) = mpsc::unbounded_channel::<Segment>();
    let service = Arc::clone(service);
    tokio::spawn(async move {
        let shutdown = service.shutdown.clone();
        let work = async {
            while let Some(segment) = waiting.recv().await {
                service.send_segment(segment).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = shutdown.cancelled() => {}
        }
    });
    line
}

impl Service {
    async fn send_segment(&self, segment: Segment) {
        if let Some(after) = segment.after {
            after.notified().await;
        }
        let batch = match self.variant {
            Some(ServiceVariant::Batched) => segment.notifications.len().max(1),
            _ => 1,
        };
        for notifications in segment.notifications.chunks(batch) {
            self.notify(notifications).await;
        }
        if let Some((line, segment)) = segment.then.map(|then| *then) {
            // A line that is closed belongs to a service that has ended.
            let _ = line.send(segment);
        }
        if let Some(done) = segment.done {
            done.notify_one();
        }
    }

    /// Posts the notices as one collection, until it is acknowledged or hopeless.
    async fn notify(&self, notifications: &[Notification]) {
        let Some(first) = notifications.first() else {
            return;
        };
        for effect in notifications
            .iter()
            .filter_map(|notification| notification.effect.as_ref())
        {
            self.world().apply(effect);
        }
        let entries = notifications.iter().map(|n| self.vary_entry(n)).collect();
        let mut post = Post {
            method: "POST",
            url: first.callback.clone(),
            media_type: Some("application/json"),
            content: Content::Json(self.pages.collection(entries)),
        };
        mutation::post(self.mutant, &mut post);
        let request = self.write_post(post);
        if self.variant == Some(ServiceVariant::Slow) {
            sleep(super::SLOW).await;
        }
        let patience = mutation::patience(self.mutant).unwrap_or(PATIENCE);
        for pause in AGAIN.iter().map(Some).chain([None]) {
            let hopeless = match self.client.send(request.clone(), patience).await {
                Ok(response) => {
                    response.status < 500 && response.status != 429
                        || mutation::gives_up(self.mutant)
                }
                Err(_) => false,
            };
            match pause {
                Some(pause) if !hopeless => sleep(*pause).await,
                _ => return,
            }
        }
    }

    /// The entry of a notice in the service's manner.
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
        let (coding, framing) = self.transfer();
        OutgoingRequest {
            headers,
            body: Some(body),
            coding,
            framing,
            ..OutgoingRequest::new(post.method, post.url)
        }
    }

    /// How bodies go over the wire.
    pub(super) const fn transfer(&self) -> (Coding, Framing) {
        match self.variant {
            Some(ServiceVariant::Gzip) => (Coding::Gzip, Framing::Length),
            Some(ServiceVariant::Chunked) => (Coding::Identity, Framing::Chunked),
            _ => (Coding::Identity, Framing::Length),
        }
    }
}
