//! A recording played over sockets: the recorded service for a live bot, or the recorded bot for a
//! live service. Nothing is sent but to the addresses that were named.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use url::Url;

use super::cache;
use super::cache::{Found, Known};
use crate::http::message::{Body, Headers, Request};
use crate::http::{Client, Listener, OutgoingRequest, Received, Refusal, Reply, SendError};
use crate::judge::verdict::TrafficMessage;
use crate::replay;
use crate::replay::Replayed;
use crate::replay::service::{Answer, Asked, Service};
use tokio_util::sync::CancellationToken;

/// How a replay behaves on the wire.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// What the result is called.
    pub name: String,
    /// How long nothing may happen before the replay ends.
    pub deadline: Duration,
    /// Whether answers take as long as they took.
    pub keeps_time: bool,
    /// The bearer token to send.
    pub token: Option<String>,
    /// What requests and notifications are sent with.
    pub client: Client,
}

/// How often it is looked whether a bot has come up.
const LOOK: Duration = Duration::from_millis(50);

/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(1 << 30);

/// What both kinds of replay share.
#[derive(Debug)]
pub(super) struct Stage<T> {
    party: Mutex<T>,
    pub(super) options: ReplayOptions,
    pub(super) client: Client,
    progress: Notify,
    /// When the last thing happened; in the future, where it is going on until then.
    last: Mutex<Instant>,
}

impl<T> Stage<T> {
    pub(super) fn new(party: T, options: ReplayOptions) -> Arc<Self> {
        Arc::new(Self {
            party: Mutex::new(party),
            client: options.client.clone(),
            options,
            progress: Notify::new(),
            last: Mutex::new(Instant::now()),
        })
    }

    pub(super) fn party(&self) -> MutexGuard<'_, T> {
        self.party.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened, of which the one who waits need not know.
    fn went_on(&self) {
        self.goes_on(Duration::ZERO);
    }

    /// Something goes on for so long from now.
    fn goes_on(&self, delay: Duration) {
        let end = Instant::now().checked_add(delay);
        // Who gives a longer answer waits for a signal to end.
        let end = end.unwrap_or_else(|| Instant::now() + LONG);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (*last).max(end);
    }

    /// How long it goes on.
    fn goes_on_for(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.saturating_duration_since(Instant::now())
    }

    /// Something happened that the one who waits may act on.
    pub(super) fn wake(&self) {
        self.went_on();
        self.progress.notify_one();
    }

    /// How long nothing has happened.
    fn silence(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed()
    }

    /// Waits until it is woken; false where nothing has happened for the deadline.
    pub(super) async fn wait(&self) -> bool {
        loop {
            let left = self.options.deadline.saturating_sub(self.silence());
            if left.is_zero() {
                return false;
            }
            if timeout(left, self.progress.notified()).await.is_ok() {
                return true;
            }
        }
    }
}

impl Stage<Service> {
    /// Something happened; where it was the last thing, the one who waits is woken.
    fn went_on_or_done(&self) {
        if self.party().is_done() {
            self.wake();
        } else {
            self.went_on();
        }
    }
}

/// Plays the service until all is served, nothing has happened for the deadline, or the shutdown
/// begins. Notifications go to `bot`.
///
/// # Errors
///
/// In words, a recording that was changed meanwhile.
pub async fn service(
    service: Service,
    listener: Listener,
    bot: Option<Url>,
    options: ReplayOptions,
    shutdown: CancellationToken,
) -> Result<Replayed, String> {
    let begun = Instant::now();
    let known = Arc::new(Known::of(service.exchanges()));
    let stage = Stage::new(service, options);
    let sender = Arc::new(Sender {
        stage: Arc::clone(&stage),
        bot,
        queues: Mutex::default(),
    });
    let unprovoked = stage.party().unprovoked().to_vec();
    sender.tell(unprovoked);
    let closing = CancellationToken::new();
    let server = {
        let (stage, sender) = (Arc::clone(&stage), Arc::clone(&sender));
        let known = Arc::clone(&known);
        let serving = listener.serve_received(
            move |received| ready(respond(&stage, &sender, &known, received)),
            closing.clone(),
        );
        tokio::spawn(serving)
    };
    while !stage.party().is_done() {
        tokio::select! {
            went_on = stage.wait() => if !went_on { break },
            () = shutdown.cancelled() => break,
        }
    }
    tokio::select! {
        () = sleep(stage.goes_on_for()) => {}
        () = shutdown.cancelled() => {}
    }
    closing.cancel();
    // Answers that are on their way go out; connections that stay open are not waited for.
    let _ = timeout(Duration::from_millis(200), server).await;
    let name = stage.options.name.clone();
    let mut service = stage.party();
    service.answered_alike(known.hits());
    let replayed = service.finish(&name, begun.elapsed());
    replayed.map_err(|lost| lost.to_string())
}

/// About how many bytes an answer takes beside its own, and each of its header fields.
const FIELD: usize = 128;

/// About how many bytes an answer takes.
fn size_of(answer: &Answer) -> usize {
    let fields = answer.message.headers.iter();
    let fields = fields.map(|(name, value)| FIELD + name.len() + value.len());
    FIELD + answer.message.body.len() + fields.sum::<usize>()
}

fn respond(
    stage: &Arc<Stage<Service>>,
    sender: &Arc<Sender>,
    known: &Known,
    received: Received,
) -> Result<Reply, Refusal> {
    let fingerprint = cache::fingerprint(&received);
    if let Some(found) = fingerprint.and_then(|it| known.find(it)) {
        return Ok(again(stage, found));
    }
    let mut service = stage.party();
    let same = (!received.is_coded())
        .then(|| {
            service.answer_same(&Asked {
                method: received.method(),
                target: &received.target(),
                body: received.body(),
            })
        })
        .flatten();
    let mut answer = if let Some(answer) = same {
        if service.shows() {
            service.show_unread(Box::new(move || shown(received)), &answer);
        }
        answer
    } else {
        drop(service);
        let request = received.decode()?;
        service = stage.party();
        service.answer(request)
    };
    known.hold(service.lessons());
    let lasting = fingerprint.zip(answer.again);
    let size = size_of(&answer);
    let tells = std::mem::take(&mut answer.tells);
    let mut reply = reply(stage, answer);
    if let Some((fingerprint, again)) = lasting {
        reply = reply.prepared();
        known.keep(fingerprint, &reply, size, again);
    }
    drop(service);
    if tells.is_empty() {
        stage.went_on_or_done();
        return Ok(reply);
    }
    let sent = Arc::new(Notify::new());
    let (sender, stage) = (Arc::clone(sender), Arc::clone(stage));
    let told = Arc::clone(&sent);
    tokio::spawn(async move {
        // Where the bot went away before the answer was out, it is told all the same.
        let _ = timeout(stage.options.deadline, told.notified()).await;
        sender.tell(tells);
        stage.went_on_or_done();
    });
    Ok(reply.telling(sent))
}

/// An answer as it goes out.
fn reply(stage: &Stage<Service>, answer: Answer) -> Reply {
    let headers: Headers = answer.message.headers.into_iter().collect();
    let reply = Reply::text(answer.status, headers, answer.message.body);
    if stage.options.keeps_time {
        stage.goes_on(answer.took);
        reply.delayed(answer.took)
    } else {
        reply
    }
}

/// The answer to a request that is known.
fn again(stage: &Stage<Service>, found: Found) -> Reply {
    let answer = match found {
        Found::Answer(reply) => {
            stage.went_on();
            return reply;
        }
        Found::Head(reply, body) => {
            let body = stage.party().body_again(body);
            match body {
                Ok(body) => {
                    stage.went_on();
                    return reply.with_body(body);
                }
                Err(lost) => *lost,
            }
        }
        Found::Exchange(exchange) => stage.party().answer_again(exchange),
    };
    stage.went_on_or_done();
    reply(stage, answer)
}

/// A request as reports show it.
fn shown(received: Received) -> TrafficMessage {
    let (method, target) = (received.method().to_owned(), received.target().into_owned());
    let request = received.decode().unwrap_or_else(|_| Request {
        method,
        target,
        headers: Headers::new(),
        body: Body::Empty,
    });
    TrafficMessage::Request(request.into())
}

/// Sends notifications, those of one group in their order.
#[derive(Debug)]
struct Sender {
    stage: Arc<Stage<Service>>,
    bot: Option<Url>,
    queues: Mutex<HashMap<usize, mpsc::UnboundedSender<usize>>>,
}

impl Sender {
    fn tell(self: &Arc<Self>, exchanges: Vec<usize>) {
        for exchange in exchanges {
            let group = self.stage.party().group(exchange);
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(group).or_insert_with(|| {
                let (queue, mut waiting) = mpsc::unbounded_channel();
                let sender = Arc::clone(self);
                tokio::spawn(async move {
                    while let Some(exchange) = waiting.recv().await {
                        sender.send(exchange).await;
                    }
                });
                queue
            });
            // The task lives as long as its queue.
            let _ = queue.send(exchange);
        }
    }

    async fn send(&self, exchange: usize) {
        let Some(bot) = &self.bot else {
            return;
        };
        let stage = &self.stage;
        let token = stage.options.token.as_deref();
        let told = stage.party().notification(exchange, token);
        let Some(told) = told else {
            stage.went_on_or_done();
            return;
        };
        let url = callback(bot, &told.target);
        let deadline = stage.options.deadline;
        let begins = stage.party().unprovoked().binary_search(&exchange).is_ok();
        let answer = loop {
            let sent = stage.client.send(outgoing(&told, url.clone()), deadline);
            match sent.await {
                // A bot may come up after the service that it has to know.
                Err(SendError::Refused(_)) if begins && stage.silence() + 2 * LOOK < deadline => {
                    sleep(LOOK).await;
                }
                answer => break answer,
            }
        };
        let answer = answer.map_err(|error| error.to_string());
        stage.party().acknowledged(exchange, answer);
        stage.went_on_or_done();
    }
}

/// Where a notification goes: the callback that the bot gave, where it is of the origin that was
/// named, else the address that was named, with the recorded path where that has none.
fn callback(bot: &Url, target: &str) -> String {
    if let Ok(given) = Url::parse(target) {
        return if given.origin() == bot.origin() {
            given.into()
        } else {
            bot.to_string()
        };
    }
    if bot.path() == "/" {
        below(bot, target)
    } else {
        bot.to_string()
    }
}

/// A path below an address: whatever it is, it leads to no other one.
pub(super) fn below(address: &Url, path: &str) -> String {
    let address = address.as_str().trim_end_matches('/');
    let path = path.strip_prefix('/').unwrap_or(path);
    format!("{address}/{path}")
}

pub(super) fn outgoing(request: &replay::OutgoingRequest, url: String) -> OutgoingRequest {
    let mut outgoing = OutgoingRequest::new(request.method.as_str(), url);
    outgoing.headers = request.message.headers.iter().cloned().collect();
    outgoing.body = (!request.message.body.is_empty()).then(|| request.message.body.clone());
    outgoing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_go_where_they_may() {
        let bare = Url::parse("http://127.0.0.1:1").unwrap();
        let named = Url::parse("http://127.0.0.1:1/hook").unwrap();
        for (bot, target, expected) in [
            (&bare, "/callback/1", "http://127.0.0.1:1/callback/1"),
            (&named, "/callback/1", "http://127.0.0.1:1/hook"),
            (&named, "http://127.0.0.1:1/x", "http://127.0.0.1:1/x"),
            (&named, "http://other.invalid/x", "http://127.0.0.1:1/hook"),
            (
                &bare,
                "@other.invalid/x",
                "http://127.0.0.1:1/@other.invalid/x",
            ),
            (&bare, "2/x", "http://127.0.0.1:1/2/x"),
        ] {
            assert_eq!(callback(bot, target), expected);
        }
    }
}
