//! The built-in service: the calling API as the pages describe it.
//!
//! It keeps real state (`state`). `routes` finds the operation of a request in the table of `operations`, which
//! names the function that carries it out: in `calls`, `invitation`, `people`, `media`, `sharing` and `routing`.
//! `parameters` reads bodies, `errors` refuses them, `message` has the answers, `pages` the bodies. `comms` begins
//! and ends long-running operations. Notifications wait in the queue of their call (`delivery`).
//!
//! `control` is the interface for the actions of people and timers. `mutant` has the deliberate faults, `variant` the
//! harmless differences.

mod calls;
mod comms;
mod control;
mod delivery;
mod errors;
mod invitation;
mod media;
mod message;
#[macro_use]
mod mutant;
mod operation_variant;
mod operations;
mod pages;
mod parameters;
mod people;
mod routes;
mod routing;
mod sharing;
mod state;
#[cfg(test)]
mod tests;
mod variant;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) use self::mutant::{AlteredOperation, OPERATION_MUTANTS, ServiceMutant};
pub(crate) use self::operation_variant::OPERATION_VARIANTS;
pub(crate) use self::pages::Edition;
#[cfg(test)]
pub(crate) use self::state::FAILING_ID;
pub(crate) use self::variant::ServiceVariant;

use self::message::Answer;
use self::pages::Pages;
use self::state::{Group, Queue, State};
use super::body::JsonStyle;
use crate::http::message::{Body, Headers, Request};
use crate::http::{Client, Listener, Reply};
use tokio_util::sync::CancellationToken;

const SLOW: Duration = Duration::from_millis(20);

/// The longest delay of an answer that follows its notifications.
const EARLY: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceOptions {
    pub edition: Edition,
    /// The bearer token of requests and notifications. Default: any token that is not empty.
    pub token: Option<String>,
    /// Default: the listener's own URL.
    pub public_url: Option<String>,
    pub mutant: Option<ServiceMutant>,
    pub variant: Option<ServiceVariant>,
    /// A row of [`OPERATION_MUTANTS`] or [`OPERATION_VARIANTS`].
    pub altered: Option<&'static AlteredOperation>,
    /// How long a notification waits for its acknowledgement before it is sent again. Default: 3 s.
    pub acknowledged_within: Option<Duration>,
    pub client: Client,
}

#[derive(Debug)]
pub(crate) struct BuiltInService {
    url: String,
    served: JoinHandle<()>,
}

impl BuiltInService {
    /// Starts the service on the listener. It ends when the shutdown begins. Must be called
    /// inside a tokio runtime.
    pub(crate) fn start(
        listener: Listener,
        options: ServiceOptions,
        shutdown: CancellationToken,
    ) -> Self {
        let url = listener.url();
        let service = Arc::new(Service {
            url: options.public_url.unwrap_or_else(|| url.clone()),
            pages: Pages {
                edition: options.edition,
            },
            token: options.token,
            mutant: options.mutant,
            variant: options.variant,
            altered: options.altered,
            acknowledged_within: options.acknowledged_within,
            client: options.client,
            shutdown: shutdown.clone(),
            state: Mutex::default(),
            order: Mutex::default(),
        });
        let served = tokio::spawn(listener.serve(
            move |request| {
                let service = Arc::clone(&service);
                async move { service.reply(&request).await }
            },
            shutdown,
        ));
        Self { url, served }
    }

    /// Without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the end of the service after its shutdown.
    pub(crate) async fn ended(self) {
        // A panic of the service is printed already.
        let _ = self.served.await;
    }
}

#[derive(Debug)]
struct Service {
    url: String,
    pages: Pages,
    token: Option<String>,
    mutant: Option<ServiceMutant>,
    variant: Option<ServiceVariant>,
    altered: Option<&'static AlteredOperation>,
    acknowledged_within: Option<Duration>,
    client: Client,
    shutdown: CancellationToken,
    state: Mutex<State>,
    order: Mutex<()>,
}

#[derive(Debug)]
struct Outcome {
    answer: Answer,
    /// The notifications that follow, in the order of the queue.
    groups: Vec<(Queue, Group)>,
    /// True if the notifications may be sent before the answer: the bot knows the call already.
    may_be_early: bool,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            groups: Vec::new(),
            may_be_early: false,
        }
    }
}

impl Service {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reply(self: Arc<Self>, request: &Request) -> Reply {
        let (sent, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (answer, early) = self.carry_out(request, &sent, &done);
        if early {
            let _ = timeout(EARLY, done.notified()).await;
        }
        self.write_answer(answer).notifying(sent)
    }

    /// Carries out a request and queues its notifications under one lock, so that notifications have the
    /// order of the requests. Returns true if they are sent before the answer.
    fn carry_out(
        self: &Arc<Self>,
        request: &Request,
        sent: &Arc<Notify>,
        done: &Arc<Notify>,
    ) -> (Answer, bool) {
        let _guard = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.outcome(request);
        let early = self.variant == Some(ServiceVariant::Early)
            && outcome.may_be_early
            && !outcome.groups.is_empty();
        let after = (!early).then(|| Arc::clone(sent));
        queue(outcome.groups, after, Arc::clone(done));
        (outcome.answer, early)
    }

    fn outcome(self: &Arc<Self>, request: &Request) -> Outcome {
        let misread = mutant::misread(self.mutant, request, self.token.as_deref());
        let refusal = match self.route(misread.as_ref().unwrap_or(request)) {
            Ok(outcome) => return outcome,
            Err(refusal) => refusal,
        };
        if let Some(accepted) = mutant::accepted_refusal(self.mutant, request)
            && let Ok(outcome) = self.route(&accepted)
        {
            return Outcome {
                answer: refusal.answer(request),
                ..outcome
            };
        }
        mutant::refused(self.mutant, refusal, request).into()
    }

    fn write_answer(&self, answer: Answer) -> Reply {
        if let Some(instead) = answer.instead {
            return instead;
        }
        let mut headers = Headers::new();
        if let Some(location) = answer.location {
            headers.push("Location", self.style().path(&location));
        }
        for (name, value) in answer.fields {
            headers.push(name, value);
        }
        if self.variant == Some(ServiceVariant::Close) {
            headers.push("Connection", "close");
        }
        let body = match answer.content {
            Body::Empty => Bytes::new(),
            content => self.write_content(&content, answer.media_type, &mut headers),
        };
        let (coding, framing) = self.encoding();
        let mut reply = Reply::text(answer.status, headers, body).coded(coding);
        if answer.status != 204 {
            reply = reply.framed(framing);
        }
        if self.variant == Some(ServiceVariant::Slow) {
            reply = reply.delayed(SLOW);
        }
        reply
    }

    /// Writes a body and the headers that announce it.
    fn write_content(
        &self,
        content: &Body,
        media_type: Option<&str>,
        headers: &mut Headers,
    ) -> Bytes {
        if let Some(media_type) = media_type {
            headers.push(
                "Content-Type",
                match self.variant {
                    Some(ServiceVariant::Charset) => "Application/JSON; charset=UTF-8",
                    _ => media_type,
                },
            );
        }
        if self.variant == Some(ServiceVariant::ExtraHeaders) {
            headers.push("request-id", super::new_id());
            headers.push("X-Nobody-Knows", "this");
        }
        self.style().bytes(content)
    }

    fn style(&self) -> JsonStyle {
        self.variant.map_or(JsonStyle::Plain, ServiceVariant::style)
    }
}

/// Queues the first group, which queues the next. They are sent after `after`; `done` is notified when all are
/// sent.
fn queue(groups: Vec<(Queue, Group)>, after: Option<Arc<Notify>>, done: Arc<Notify>) {
    let mut done = Some(done);
    let mut next: Option<Box<(Queue, Group)>> = None;
    for (queue, mut group) in groups.into_iter().rev() {
        group.done = done.take();
        group.then = next.take();
        next = Some(Box::new((queue, group)));
    }
    if let Some((queue, mut group)) = next.map(|first| *first) {
        group.after = after;
        // The queue is closed once the service has ended.
        let _ = queue.send(group);
    }
}
