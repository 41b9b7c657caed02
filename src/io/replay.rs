//! A recording played over sockets: the recorded service for a live bot, or the recorded bot for a
//! live service. Nothing is sent but to the addresses that were named.

mod known;

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::timeout;
use url::Url;

use self::known::{Found, Known};
use super::net::{Client, Listener, OutgoingRequest, Received, Refusal, Reply, Shutdown};
use super::player::post_json;
use crate::logic::replay::bot::Bot;
use crate::logic::replay::service::{Answer, Asked, Service};
use crate::logic::replay::{self, Replayed};
use crate::logic::verdict::TrafficMessage;
use crate::model::message::{Headers, Payload, Request};

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

/// How many requests of a recorded bot are under way at a time.
const AT_A_TIME: usize = 64;

/// What both kinds of replay share.
#[derive(Debug)]
struct Stage<T> {
    party: Mutex<T>,
    manners: Manners,
    client: Client,
    progress: Notify,
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
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
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
    let known = Arc::new(Known::of(service.exchanges()));
    let stage = Stage::new(service, manners);
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
    closing.begin();
    // Answers that are on their way go out; connections that stay open are not waited for.
    let _ = timeout(Duration::from_millis(200), server).await;
    let name = stage.manners.name.clone();
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
    teller: &Arc<Teller>,
    known: &Known,
    received: Received,
) -> Result<Reply, Refusal> {
    let fingerprint = known::fingerprint(&received);
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
    let (teller, stage) = (Arc::clone(teller), Arc::clone(stage));
    let told = Arc::clone(&sent);
    tokio::spawn(async move {
        // Where the bot went away before the answer was out, it is told all the same.
        let _ = timeout(stage.manners.deadline, told.notified()).await;
        teller.tell(tells);
        stage.went_on_or_done();
    });
    Ok(reply.telling(sent))
}

/// An answer as it goes out.
fn reply(stage: &Stage<Service>, answer: Answer) -> Reply {
    let headers: Headers = answer.message.headers.into_iter().collect();
    let reply = Reply::text(answer.status, headers, answer.message.body);
    if stage.manners.keeps_time {
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
        let answer = stage.client.send(outgoing(&told, url), deadline).await;
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
        format!("{}{target}", bot.as_str().trim_end_matches('/'))
    } else {
        bot.to_string()
    }
}

/// Plays the bot until all is sent and has come, nothing has happened for the deadline, or the
/// shutdown begins. Notifications are taken by `listener`; `given` is asked first for what the
/// recording takes for granted.
///
/// # Errors
///
/// In words, a hook that does not do what it is asked for, and a recording that was changed
/// meanwhile.
pub async fn bot(
    bot: Bot,
    service: Url,
    listener: Option<Listener>,
    given: Option<Url>,
    manners: Manners,
    shutdown: Shutdown,
) -> Result<Replayed, String> {
    let begun = Instant::now();
    let stage = Stage::new(bot, manners);
    let callback = listener.as_ref().map(Listener::url).unwrap_or_default();
    let given = given.map(|hook| (hook, callback));
    let closing = Shutdown::new();
    let server = listener.map(|listener| {
        let stage = Arc::clone(&stage);
        let serving = listener.serve(
            move |request| {
                let stage = Arc::clone(&stage);
                async move {
                    let status = stage.party().received(request);
                    stage.wake();
                    Reply::status(status)
                }
            },
            closing.clone(),
        );
        tokio::spawn(serving)
    });
    if let Some((hook, callback)) = &given {
        bring_about(&stage, hook, callback).await?;
    }
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    loop {
        let token = stage.manners.token.clone();
        let ready = stage.party().ready(token.as_deref());
        for request in ready {
            tokio::spawn(ask(
                Arc::clone(&stage),
                Arc::clone(&places),
                service.clone(),
                request,
            ));
        }
        if stage.party().is_done() {
            break;
        }
        tokio::select! {
            went_on = stage.wait() => if !went_on {
                stage.party().give_up_waiting();
                stage.wake();
            },
            () = shutdown.begun() => break,
        }
    }
    closing.begin();
    if let Some(server) = server {
        let _ = timeout(Duration::from_millis(200), server).await;
    }
    let name = stage.manners.name.clone();
    let replayed = stage.party().finish(&name, begun.elapsed());
    replayed.map_err(|lost| lost.to_string())
}

/// Asks the hook for all that the recording takes for granted.
async fn bring_about(stage: &Arc<Stage<Bot>>, hook: &Url, callback: &str) -> Result<(), String> {
    let needs = stage.party().needs().map_err(|lost| lost.to_string())?;
    for need in needs {
        let wanted = need.state.as_str();
        let mut variables: serde_json::Map<_, _> = (1..)
            .zip(&need.people)
            .map(|(number, id)| (format!("person-{number}"), json!(id)))
            .collect();
        variables.extend(
            need.call
                .iter()
                .map(|call| ("call".to_owned(), json!(call))),
        );
        let body = json!({
            "scenario": stage.manners.name,
            "state": wanted,
            "callback": format!("{}{}", callback.trim_end_matches('/'), need.callback),
            "variables": variables,
        });
        let request = post_json(hook, &body);
        let answer = stage.client.send(request, stage.manners.deadline).await;
        let answer = answer.map_err(|error| format!("the hook for given states: {error}"))?;
        if !(200..300).contains(&answer.status) {
            return Err(format!(
                "the hook for given states answered {} to {wanted}",
                answer.status
            ));
        }
        let told = answer.body.json().map(|body| &body["variables"]);
        let live = told.and_then(|told| {
            let names = [wanted, "call"];
            names.into_iter().find_map(|name| told[name].as_str())
        });
        if let (Some(recorded), Some(live)) = (&need.call, live) {
            stage.party().take_as(recorded, live);
        }
    }
    Ok(())
}

async fn ask(
    stage: Arc<Stage<Bot>>,
    places: Arc<Semaphore>,
    service: Url,
    request: replay::OutgoingRequest,
) {
    let place = places.acquire_owned().await;
    let url = format!(
        "{}{}",
        service.as_str().trim_end_matches('/'),
        request.target
    );
    let deadline = stage.manners.deadline;
    let answer = stage.client.send(outgoing(&request, url), deadline).await;
    drop(place);
    let answer = answer.map_err(|error| error.to_string());
    stage.party().answered(request.exchange, answer);
    stage.wake();
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
        ] {
            assert_eq!(callback(bot, target), expected);
        }
    }
}
