//! A recording played over sockets: the recorded service for a live bot, or the recorded bot for a
//! live service. Nothing is sent but to the addresses that were named.

mod bot;

use std::collections::HashMap;
use std::future::ready;
use std::hash::BuildHasher as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use url::Url;

use super::net::{
    Client, Listener, OutgoingRequest, Received, Refusal, Reply, SendError, Shutdown,
};
use crate::logic::replay::service::{Answer, Asked, Service};
use crate::logic::replay::{self, Replayed};
use crate::logic::verdict::TrafficMessage;
use crate::model::message::{Headers, Payload, Request};

pub use bot::{bot, fresh};

/// How a replay behaves on the wire.
#[derive(Debug, Clone)]
pub struct Manners {
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
struct Stage<T> {
    party: Mutex<T>,
    manners: Manners,
    client: Client,
    progress: Notify,
    /// When the last thing happened; in the future, where it is going on until then.
    last: Mutex<Instant>,
}

impl<T> Stage<T> {
    fn new(party: T, manners: Manners) -> Arc<Self> {
        Arc::new(Self {
            party: Mutex::new(party),
            client: manners.client.clone(),
            manners,
            progress: Notify::new(),
            last: Mutex::new(Instant::now()),
        })
    }

    fn party(&self) -> MutexGuard<'_, T> {
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
    fn wake(&self) {
        self.went_on();
        self.progress.notify_one();
    }

    /// How long nothing has happened.
    fn silence(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed()
    }

    /// Waits until it is woken; false where nothing has happened for the deadline.
    async fn wait(&self) -> bool {
        loop {
            let left = self.manners.deadline.saturating_sub(self.silence());
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
    manners: Manners,
    shutdown: Shutdown,
) -> Result<Replayed, String> {
    let begun = Instant::now();
    let stage = Stage::new(service, manners);
    let known = Arc::new(Known::default());
    let teller = Arc::new(Teller {
        stage: Arc::clone(&stage),
        bot,
        queues: Mutex::default(),
    });
    let unprovoked = stage.party().unprovoked().to_vec();
    teller.tell(unprovoked);
    let closing = Shutdown::new();
    let server = {
        let (stage, teller) = (Arc::clone(&stage), Arc::clone(&teller));
        let known = Arc::clone(&known);
        let serving = listener.serve_received(
            move |received| ready(respond(&stage, &teller, &known, received)),
            closing.clone(),
        );
        tokio::spawn(serving)
    };
    while !stage.party().is_done() {
        tokio::select! {
            went_on = stage.wait() => if !went_on { break },
            () = shutdown.begun() => break,
        }
    }
    tokio::select! {
        () = sleep(stage.goes_on_for()) => {}
        () = shutdown.begun() => {}
    }
    closing.begin();
    // Answers that are on their way go out; connections that stay open are not waited for.
    let _ = timeout(Duration::from_millis(200), server).await;
    let name = stage.manners.name.clone();
    let mut service = stage.party();
    service.answered_alike(known.lock().hits);
    let replayed = service.finish(&name, begun.elapsed());
    replayed.map_err(|lost| lost.to_string())
}

/// Requests that were answered as they will be again, byte for byte: neither they are read again,
/// nor what they ask for is looked for.
#[derive(Debug, Default)]
struct Known(Mutex<Answered>);

#[derive(Debug, Default)]
struct Answered {
    replies: HashMap<Fingerprint, Reply, foldhash::fast::FixedState>,
    /// What the service had learnt when they were given.
    lessons: u64,
    /// How many bytes they take, about.
    size: usize,
    hits: usize,
}

/// How many bytes of answers are kept at most. Others are read from the recording again.
const KNOWN: usize = 16 << 20;

/// About how many bytes an answer takes beside its own, and each of its header fields.
const FIELD: usize = 128;

/// A request in 128 bits, of a hash that is seeded anew in every process.
type Fingerprint = (u64, u64);

impl Known {
    fn lock(&self) -> MutexGuard<'_, Answered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, fingerprint: Fingerprint) -> Option<Reply> {
        let mut known = self.lock();
        let reply = known.replies.get(&fingerprint)?.clone();
        known.hits += 1;
        Some(reply)
    }

    /// Keeps an answer that lasts until the service learns more than these lessons.
    fn keep(&self, lessons: u64, lasting: Option<(Fingerprint, &Reply, usize)>) {
        let mut known = self.lock();
        if known.lessons != lessons {
            known.lessons = lessons;
            known.size = 0;
            known.replies.clear();
        }
        if let Some((fingerprint, reply, size)) = lasting
            && known.size + size <= KNOWN
        {
            known.size += size;
            known.replies.insert(fingerprint, reply.clone().prepared());
        }
    }
}

/// About how many bytes an answer takes.
fn size_of(answer: &Answer) -> usize {
    let fields = answer.message.headers.iter();
    let fields = fields.map(|(name, value)| FIELD + name.len() + value.len());
    FIELD + answer.message.body.len() + fields.sum::<usize>()
}

/// What the service sees of a request, but for codings: a coded body has none.
fn fingerprint(received: &Received) -> Option<Fingerprint> {
    static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    if received.is_coded() {
        return None;
    }
    let seen = (received.method(), received.target(), received.body());
    let [first, second] = SEEDS.each_ref().map(|seed| seed.hash_one(&seen));
    Some((first, second))
}

fn respond(
    stage: &Arc<Stage<Service>>,
    teller: &Arc<Teller>,
    known: &Known,
    received: Received,
) -> Result<Reply, Refusal> {
    let fingerprint = fingerprint(&received);
    if let Some(reply) = fingerprint.and_then(|it| known.find(it)) {
        stage.went_on();
        return Ok(reply);
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
    let answer = if let Some(answer) = same {
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
    let size = size_of(&answer);
    let headers: Headers = answer.message.headers.into_iter().collect();
    let mut reply = Reply::text(answer.status, headers, answer.message.body);
    if stage.manners.keeps_time {
        reply = reply.delayed(answer.took);
        stage.goes_on(answer.took);
    }
    let lasting = fingerprint.filter(|_| answer.is_lasting);
    known.keep(service.lessons(), lasting.map(|it| (it, &reply, size)));
    drop(service);
    if answer.tells.is_empty() {
        stage.went_on_or_done();
        return Ok(reply);
    }
    let sent = Arc::new(Notify::new());
    let (teller, stage) = (Arc::clone(teller), Arc::clone(stage));
    let told = Arc::clone(&sent);
    tokio::spawn(async move {
        // Where the bot went away before the answer was out, it is told all the same.
        let _ = timeout(stage.manners.deadline, told.notified()).await;
        teller.tell(answer.tells);
        stage.went_on_or_done();
    });
    Ok(reply.telling(sent))
}

/// A request as reports show it.
fn shown(received: Received) -> TrafficMessage {
    let (method, target) = (received.method().to_owned(), received.target().into_owned());
    let request = received.decode().unwrap_or_else(|_| Request {
        method,
        target,
        headers: Headers::new(),
        body: Payload::Empty,
    });
    TrafficMessage::Request(request.into())
}

/// Sends notifications, those of one group in their order.
#[derive(Debug)]
struct Teller {
    stage: Arc<Stage<Service>>,
    bot: Option<Url>,
    queues: Mutex<HashMap<usize, mpsc::UnboundedSender<usize>>>,
}

impl Teller {
    fn tell(self: &Arc<Self>, exchanges: Vec<usize>) {
        for exchange in exchanges {
            let group = self.stage.party().group(exchange);
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(group).or_insert_with(|| {
                let (queue, mut waiting) = mpsc::unbounded_channel();
                let teller = Arc::clone(self);
                tokio::spawn(async move {
                    while let Some(exchange) = waiting.recv().await {
                        teller.send(exchange).await;
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
        let token = stage.manners.token.as_deref();
        let told = stage.party().notification(exchange, token);
        let Some(told) = told else {
            stage.went_on_or_done();
            return;
        };
        let url = callback(bot, &told.target);
        let deadline = stage.manners.deadline;
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
fn below(address: &Url, path: &str) -> String {
    let address = address.as_str().trim_end_matches('/');
    let path = path.strip_prefix('/').unwrap_or(path);
    format!("{address}/{path}")
}

fn outgoing(request: &replay::OutgoingRequest, url: String) -> OutgoingRequest {
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
