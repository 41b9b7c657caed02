//! The reference service: calls, invitations and notifications as the pages describe them.
//!
//! It keeps real state. A request goes through `routes`, is refused by `refusal` or done by
//! `calls` or `invitation`; the bodies come from `pages`; notifications wait in the `line`
//! of their call. `mischief` puts the deliberate faults in, at one place for each kind of message.

mod calls;
mod delivery;
mod draft;
mod edition;
mod given;
mod invitation;
mod mutant;
mod mutation;
mod pages;
mod refusal;
mod routes;
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

pub use self::edition::Edition;
pub use self::mutant::ServiceMutant;
pub use self::state::FAILING_ID;
pub use self::variant::ServiceVariant;

use self::delivery::{Line, Segment};
use self::draft::Draft;
use self::pages::Pages;
use self::state::World;
use super::content::Content;
use super::writing::Writing;
use crate::http::message::{Headers, Request};
use crate::http::{Client, Listener, Reply};
use tokio_util::sync::CancellationToken;

/// What a slow service takes for each message.
const SLOW: Duration = Duration::from_millis(20);

/// How long a service that notifies first holds its answer back at most.
const EARLY: Duration = Duration::from_secs(2);

/// What the service is to be.
#[derive(Debug, Clone, Default)]
pub struct ServiceOptions {
    /// The edition of the page whose bodies it writes.
    pub edition: Edition,
    /// The bearer token that requests must bear and notifications bear. Without one any token
    /// that is not empty will do.
    pub token: Option<String>,
    /// Where bots reach it, where that is not the listener's own URL.
    pub public_url: Option<String>,
    /// What it does wrong.
    pub mutant: Option<ServiceMutant>,
    /// What it does in another way.
    pub variant: Option<ServiceVariant>,
    /// What it sends with.
    pub client: Client,
}

/// The reference service.
#[derive(Debug)]
pub struct ReferenceService {
    url: String,
    served: JoinHandle<()>,
}

impl ReferenceService {
    /// Starts the service on the listener. It ends when the shutdown begins. Must be called
    /// inside a tokio runtime.
    pub fn start(listener: Listener, options: ServiceOptions, shutdown: CancellationToken) -> Self {
        let url = listener.url();
        let service = Arc::new(Service {
            url: options.public_url.unwrap_or_else(|| url.clone()),
            pages: Pages(options.edition),
            token: options.token,
            mutant: options.mutant,
            variant: options.variant,
            client: options.client,
            shutdown: shutdown.clone(),
            world: Mutex::default(),
            turn: Mutex::default(),
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

    /// The URL that the service listens on, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the service has ended, which it does after its shutdown has begun.
    pub async fn ended(self) {
        // A panic of the service has been printed; there is nothing to wait for any more.
        let _ = self.served.await;
    }
}

/// The running service.
#[derive(Debug)]
struct Service {
    url: String,
    pages: Pages,
    token: Option<String>,
    mutant: Option<ServiceMutant>,
    variant: Option<ServiceVariant>,
    client: Client,
    shutdown: CancellationToken,
    world: Mutex<World>,
    turn: Mutex<()>,
}

/// What a request comes to: an answer, and what follows from it.
#[derive(Debug)]
struct Outcome {
    draft: Draft,
    sequel: Sequel,
}

/// What follows from a request.
#[derive(Debug, Default)]
struct Sequel {
    /// The notifications, in the order in which they get in line.
    segments: Vec<(Line, Segment)>,
    /// Whether they may go before the answer: whoever is notified knows the call.
    may_be_early: bool,
}

impl From<Draft> for Outcome {
    fn from(draft: Draft) -> Self {
        Self {
            draft,
            sequel: Sequel::default(),
        }
    }
}

impl Service {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reply(self: Arc<Self>, request: &Request) -> Reply {
        let (sent, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (draft, early) = self.act(request, &sent, &done);
        if early {
            let _ = timeout(EARLY, done.notified()).await;
        }
        self.write_answer(draft).telling(sent)
    }

    /// Does what is asked, and gets in line what follows from it, in one turn: what follows from
    /// two requests is in the order of the requests. Says whether it goes before the answer.
    fn act(
        self: &Arc<Self>,
        request: &Request,
        sent: &Arc<Notify>,
        done: &Arc<Notify>,
    ) -> (Draft, bool) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Outcome { draft, sequel } = self.outcome(request);
        let early = self.variant == Some(ServiceVariant::Early)
            && sequel.may_be_early
            && !sequel.segments.is_empty();
        sequel.begin((!early).then(|| Arc::clone(sent)), Arc::clone(done));
        (draft, early)
    }

    /// What a request comes to. Nothing follows where it is refused.
    fn outcome(self: &Arc<Self>, request: &Request) -> Outcome {
        let misread = mutation::misread(self.mutant, request, self.token.as_deref());
        let refusal = match self.route(misread.as_ref().unwrap_or(request)) {
            Ok(outcome) => return outcome,
            Err(refusal) => refusal,
        };
        if let Some(taken) = mutation::taken_all_the_same(self.mutant, request)
            && let Ok(Outcome { sequel, .. }) = self.route(&taken)
        {
            let draft = refusal.into();
            return Outcome { draft, sequel };
        }
        mutation::refused(self.mutant, refusal).into()
    }

    fn write_answer(&self, draft: Draft) -> Reply {
        if let Some(instead) = draft.instead {
            return instead;
        }
        let mut headers = Headers::new();
        if let Some(location) = draft.location {
            headers.push("Location", self.writing().path(&location));
        }
        for (name, value) in draft.fields {
            headers.push(name, value);
        }
        if self.variant == Some(ServiceVariant::Close) {
            headers.push("Connection", "close");
        }
        let body = match draft.content {
            Content::Nothing => Bytes::new(),
            content => self.write_content(&content, draft.media_type, &mut headers),
        };
        let (coding, framing) = self.transfer();
        let mut reply = Reply::text(draft.status, headers, body).coded(coding);
        if draft.status != 204 {
            reply = reply.framed(framing);
        }
        if self.variant == Some(ServiceVariant::Slow) {
            reply = reply.delayed(SLOW);
        }
        reply
    }

    /// The bytes of a body, announced in the headers.
    fn write_content(
        &self,
        content: &Content,
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
            headers.push("request-id", super::fresh_id());
            headers.push("X-Nobody-Knows", "this");
        }
        content.bytes(self.writing())
    }

    fn writing(&self) -> Writing {
        self.variant.map_or(Writing::Plain, ServiceVariant::writing)
    }
}

impl Sequel {
    /// Gets the first segment in line, the others behind it. `after` holds them back, `done` is
    /// told when all have gone.
    fn begin(self, after: Option<Arc<Notify>>, done: Arc<Notify>) {
        let mut done = Some(done);
        let mut next: Option<Box<(Line, Segment)>> = None;
        for (line, mut segment) in self.segments.into_iter().rev() {
            segment.done = done.take();
            segment.then = next.take();
            next = Some(Box::new((line, segment)));
        }
        if let Some((line, mut segment)) = next.map(|first| *first) {
            segment.after = after;
            // A line that is closed belongs to a service that has ended.
            let _ = line.send(segment);
        }
    }
}
