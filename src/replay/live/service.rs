//! Plays the recorded service over sockets.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::answer_cache;
use super::answer_cache::{AnswerCache, Found};
use super::session::{ReplayError, ReplayOptions, Session, Timing, Waited, below, outgoing};
use crate::http::message::{Body, Headers, Request};
use crate::http::{Listener, Received, Refusal, Reply, SendError};
use crate::judge::verdict::TrafficMessage;
use crate::replay::service::{Answer, RawRequest, Service};
use crate::replay::{Replayed, Unanswered};

/// The interval of attempts to reach a bot that has not started yet.
const RETRY: Duration = Duration::from_millis(50);

impl Session<Service> {
    /// Marks the session as active, and wakes its waiting task if it is done.
    fn touch_or_end(&self) {
        if self.party().is_done() {
            self.wake();
        } else {
            self.touch();
        }
    }
}

/// Plays the service until everything was served, nothing has happened for the deadline, or the
/// shutdown begins. Notifications go to `bot`.
/// Errors: the recording was changed meanwhile.
pub(crate) async fn service(
    service: Service,
    listener: Listener,
    bot: Option<Url>,
    options: ReplayOptions,
    shutdown: CancellationToken,
) -> Result<Replayed, ReplayError> {
    let begun = Instant::now();
    let cache = Arc::new(AnswerCache::new(service.exchanges()));
    let session = Session::new(service, options);
    let sender = Arc::new(Sender {
        session: Arc::clone(&session),
        bot,
        queues: Mutex::default(),
    });
    let uncaused = session.party().uncaused().to_vec();
    sender.queue(uncaused);
    let closing = CancellationToken::new();
    let server = {
        let (session, cache) = (Arc::clone(&session), Arc::clone(&cache));
        let serving = listener.serve_received(
            move |received| ready(respond(&session, &sender, &cache, received)),
            closing.clone(),
        );
        tokio::spawn(serving)
    };
    while !session.party().is_done() {
        tokio::select! {
            waited = session.wait() => if waited == Waited::Deadline { break },
            () = shutdown.cancelled() => break,
        }
    }
    tokio::select! {
        () = sleep(session.active_for()) => {}
        () = shutdown.cancelled() => {}
    }
    closing.cancel();
    // Answers that are on their way go out; open connections are not waited for.
    let _ = timeout(Duration::from_millis(200), server).await;
    let mut service = session.party();
    service.count_cached(cache.hits());
    Ok(service.finish(&session.options.name, begun.elapsed())?)
}

/// An estimate of the overhead in bytes of an answer, and of each header field.
const OVERHEAD: usize = 128;

/// An estimate of the bytes of an answer in memory.
fn bytes_of(answer: &Answer) -> usize {
    let fields = answer.message.headers.iter();
    let fields = fields.map(|(name, value)| OVERHEAD + name.len() + value.len());
    OVERHEAD + answer.message.body.len() + fields.sum::<usize>()
}

fn respond(
    session: &Arc<Session<Service>>,
    sender: &Arc<Sender>,
    cache: &AnswerCache,
    received: Received,
) -> Result<Reply, Refusal> {
    let hash = answer_cache::hash(&received);
    if let Some(found) = hash.and_then(|it| cache.find(it)) {
        return Ok(repeat(session, found));
    }
    // The service stays locked, so that no answer is cached under a later version of its mapping.
    let (service, mut answer) = answer(session, received)?;
    cache.validate(service.mapping_version());
    let cacheable = hash.zip(answer.repeat);
    let bytes = bytes_of(&answer);
    let notifications = std::mem::take(&mut answer.notifications);
    let mut reply = reply(session, answer);
    if let Some((hash, repeat)) = cacheable {
        reply = reply.prepared();
        cache.add(hash, &reply, bytes, repeat);
    }
    drop(service);
    if notifications.is_empty() {
        session.touch_or_end();
        return Ok(reply);
    }
    let sent = Arc::new(Notify::new());
    let (sender, session) = (Arc::clone(sender), Arc::clone(session));
    let answered = Arc::clone(&sent);
    tokio::spawn(async move {
        // Where the bot closed the connection before the answer was out, the notifications go out
        // all the same.
        let _ = timeout(session.options.deadline, answered.notified()).await;
        sender.queue(notifications);
        session.touch_or_end();
    });
    Ok(reply.notifying(sent))
}

/// The answer to a request, and the service, still locked.
fn answer(
    session: &Session<Service>,
    received: Received,
) -> Result<(MutexGuard<'_, Service>, Answer), Refusal> {
    if !received.is_coded() {
        let mut service = session.party();
        let identical = service.answer_identical(&RawRequest {
            method: received.method(),
            target: &received.target(),
            body: received.body(),
        });
        if let Some(answer) = identical {
            if service.keeps_messages() {
                service.add_messages(Box::new(move || shown(received)), &answer);
            }
            return Ok((service, answer));
        }
    }
    let request = received.decode()?;
    let mut service = session.party();
    let answer = service.answer(request);
    Ok((service, answer))
}

fn reply(session: &Session<Service>, answer: Answer) -> Reply {
    let headers: Headers = answer.message.headers;
    let reply = Reply::text(answer.status, headers, answer.message.body);
    match session.options.timing {
        Timing::Immediate => reply,
        Timing::Recorded => {
            session.touch_for(answer.took);
            reply.delayed(answer.took)
        }
    }
}

fn repeat(session: &Session<Service>, found: Found) -> Reply {
    let answer = match found {
        Found::Answer(reply) => {
            session.touch();
            return reply;
        }
        Found::Head(reply, body) => {
            let body = session.party().read_body(body);
            match body {
                Ok(body) => {
                    session.touch();
                    return reply.with_body(body);
                }
                Err(lost) => *lost,
            }
        }
        Found::Exchange(exchange) => session.party().answer_again(exchange),
    };
    session.touch_or_end();
    reply(session, answer)
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
    session: Arc<Session<Service>>,
    bot: Option<Url>,
    queues: Mutex<HashMap<usize, mpsc::UnboundedSender<usize>>>,
}

impl Sender {
    fn queue(self: &Arc<Self>, exchanges: Vec<usize>) {
        for exchange in exchanges {
            let group = self.session.party().group(exchange);
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
        let session = &self.session;
        let ReplayOptions {
            token,
            deadline,
            client,
            ..
        } = &session.options;
        let notification = session.party().notification(exchange, token.as_deref());
        let Some(notification) = notification else {
            session.touch_or_end();
            return;
        };
        let url = callback(bot, &notification.target);
        let is_uncaused = session.party().uncaused().binary_search(&exchange).is_ok();
        let answer = loop {
            let sent = client.send(outgoing(&notification, url.clone()), *deadline);
            match sent.await {
                // The bot may start after the service, whose address it needs.
                Err(SendError::Refused(_))
                    if is_uncaused && session.idle_for() + 2 * RETRY < *deadline =>
                {
                    sleep(RETRY).await;
                }
                answer => break answer,
            }
        };
        let answer = answer.map_err(|error| Unanswered::Failed(error.into()));
        session.party().acknowledged(exchange, answer);
        session.touch_or_end();
    }
}

/// The URL of a notification: the callback that the bot gave, if it has the origin that the user
/// named; else the URL of the user, with the recorded path if it has none.
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
