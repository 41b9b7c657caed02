//! Plays the recorded service over sockets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::answer_cache;
use super::answer_cache::AnswerCache;
use super::session::{ReplayError, ReplayOptions, Session, Timing, Waited, below, outgoing};
use crate::http::limits::MAX_BODY;
use crate::http::message::{Body, Headers, Request};
use crate::http::{Listener, Received, Reply, SendError, coded};
use crate::judge::verdict::TrafficMessage;
use crate::replay::service::{Answer, LiveRequest, Service};
use crate::replay::{End, Outgoing, Replayed, Unanswered};
use crate::runner::Stop;

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

/// The ways between the recorded service and the live bot.
#[derive(Debug)]
pub(crate) struct Ways {
    /// Where the bot's requests come.
    pub listeners: Vec<Listener>,
    /// The callback of the bot; without one, notifications are not sent.
    pub bot: Option<Url>,
    /// Cancelled once the bot has started; a bot that sends a request has. Until then no deadline runs.
    pub is_up: CancellationToken,
    pub turns: Turns,
    /// True if the bot goes on with another recording.
    pub is_followed: bool,
    /// How long the bot must send nothing after everything was played.
    pub settle: Duration,
    /// True if confcall has started the bot. If that does not listen, it is expected to end by itself.
    pub is_started: bool,
}

/// The recordings that are played one after the other. A request that comes when one has been played waits for the
/// next, if the bot goes on with that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns {
    current: watch::Sender<Option<Arc<Server>>>,
    /// Ends all listeners. Until then a connection stays with the listener that has taken it: one that is closed between
    /// two recordings would be a request without an answer.
    closing: CancellationToken,
    /// The bytes of the longest body that is read.
    longest: Arc<AtomicUsize>,
}

impl Turns {
    /// Has bodies of so many bytes be read. A request for the next recording may come before that is played.
    pub(crate) fn expect(&self, longest: usize) {
        let longest = MAX_BODY.saturating_add(longest);
        self.longest.fetch_max(longest, Ordering::Relaxed);
    }

    fn begin(&self, server: &Arc<Server>) {
        self.current.send_replace(Some(Arc::clone(server)));
    }

    /// No other recording is played.
    pub(crate) fn end(&self) {
        self.current.send_replace(None);
        self.closing.cancel();
    }

    /// The server behind this one; none if there is no other.
    async fn behind(&self, server: &Arc<Server>) -> Option<Arc<Server>> {
        let is_it = |it: &Arc<Server>| Arc::ptr_eq(it, server);
        let mut current = self.current.subscribe();
        let next = current.wait_for(|it| !it.as_ref().is_some_and(is_it));
        next.await.ok()?.clone()
    }
}

/// Plays the service until everything was served, nothing has happened for the deadline, or it is stopped. It has come
/// to its end where the stop has a reason: a bot that has gone sends nothing more.
/// Errors: the recording was changed meanwhile.
pub(crate) async fn service(
    service: Service,
    ways: Ways,
    options: ReplayOptions,
    stop: Stop,
) -> Result<Replayed, ReplayError> {
    let begun = Instant::now();
    let shutdown = &stop.token;
    ways.turns.expect(service.longest());
    let uncaused = service.uncaused().to_vec();
    let callback = ways.bot.clone().filter(|_| ways.is_started);
    let session = Session::new(service, options);
    let server = Arc::new(Server {
        cache: AnswerCache::default(),
        sender: Arc::new(Sender {
            session: Arc::clone(&session),
            bot: ways.bot,
            first: Mutex::new(uncaused),
            queues: Mutex::default(),
        }),
        session: Arc::clone(&session),
        is_up: ways.is_up,
        turns: ways.turns,
        is_followed: ways.is_followed,
        is_over: AtomicBool::new(false),
    });
    server.turns.begin(&server);
    if server.is_up.is_cancelled() {
        server.sender.queue(Vec::new());
    }
    let listeners = ways.listeners.into_iter();
    let serving: Vec<JoinHandle<()>> = listeners.map(|it| tokio::spawn(server.serve(it))).collect();
    tokio::select! {
        () = server.is_up.cancelled() => session.touch(),
        () = shutdown.cancelled() => {}
    }
    server.sender.queue(Vec::new());
    while !session.party().is_done() {
        tokio::select! {
            waited = session.wait() => if waited == Waited::Deadline { break },
            () = shutdown.cancelled() => break,
        }
    }
    let settled = async {
        sleep(session.active_for()).await;
        if !ways.is_followed {
            settle(&session, ways.settle, callback.as_ref()).await;
        }
    };
    tokio::select! {
        () = settled => {}
        () = shutdown.cancelled() => {}
    }
    server.is_over.store(true, Ordering::Relaxed);
    if !server.is_followed {
        server.turns.end();
        // Answers that are on their way go out; open connections are not waited for.
        let ended = async {
            for listener in serving {
                let _ = listener.await;
            }
        };
        let _ = timeout(Duration::from_millis(200), ended).await;
    }
    let mut service = session.party();
    service.count_cached(server.cache.hits());
    let end = if service.is_done() || stop.reason().is_some() || !shutdown.is_cancelled() {
        End::ByItself
    } else {
        End::Stopped
    };
    Ok(service.finish(&session.options.name, begun.elapsed(), end)?)
}

/// Waits until the bot sends nothing more. `callback` is that of a bot that confcall has started. If nothing listens
/// there, its end is awaited, which is a shutdown.
async fn settle(session: &Session<Service>, time: Duration, callback: Option<&Url>) {
    session.quiet(time).await;
    let Some(callback) = callback else {
        return;
    };
    let address = callback.socket_addrs(|| None).unwrap_or_default();
    if TcpStream::connect(&*address).await.is_err() {
        session.quiet(session.options.deadline).await;
    }
}

/// The parts that all listeners share.
#[derive(Debug)]
struct Server {
    session: Arc<Session<Service>>,
    sender: Arc<Sender>,
    cache: AnswerCache,
    is_up: CancellationToken,
    turns: Turns,
    is_followed: bool,
    /// Set when nothing more of this recording is waited for.
    is_over: AtomicBool,
}

/// An estimate of the overhead in bytes of an answer, and of each header field.
const OVERHEAD: usize = 128;

/// An estimate of the bytes of an answer in memory.
fn bytes_of(answer: &Answer) -> usize {
    let fields = answer.message.headers.iter();
    let fields = fields.map(|(name, value)| OVERHEAD + name.len() + value.len());
    OVERHEAD + answer.message.body.len() + fields.sum::<usize>()
}

impl Server {
    fn serve(self: &Arc<Self>, listener: Listener) -> impl Future<Output = ()> + Send + 'static {
        let scheme = if listener.is_secure() {
            "https"
        } else {
            "http"
        };
        let session = Arc::clone(&self.session);
        let listener = listener.reading_bodies_of(Arc::clone(&self.turns.longest));
        let listener = listener.reporting_refusals(move |why| {
            let note = format!("confcall refused a message: {why}");
            session.party().note(note);
        });
        let server = Arc::clone(self);
        let respond = move |received| {
            let server = Arc::clone(&server);
            async move { Ok(server.respond_in_turn(scheme, received).await) }
        };
        listener.serve_received(respond, self.turns.closing.clone())
    }

    /// Answers a request, or has a recording answer it that is played later.
    async fn respond_in_turn(self: Arc<Self>, scheme: &'static str, received: Received) -> Reply {
        let mut server = self;
        while server.is_followed && server.is_over() {
            let next = server.turns.behind(&server).await;
            let Some(next) = next else {
                break;
            };
            server = next;
        }
        server.respond(scheme, received)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || self.session.party().is_done()
    }

    /// `scheme` is that of the listener.
    fn respond(&self, scheme: &'static str, received: Received) -> Reply {
        let scheme = received.scheme().unwrap_or(scheme);
        let hash = answer_cache::hash(&received, scheme);
        let session = &self.session;
        self.is_up.cancel();
        if let Some(reply) = self.cache.find(hash) {
            session.touch();
            return reply;
        }
        let (headers, target) = (received.headers(), received.target().into_owned());
        // The service stays locked, so that no answer is cached under a later version of its mapping.
        let mut service = session.party();
        let body = received.uncoded();
        let coding = headers.get("content-encoding");
        let mut answer = service.answer(&LiveRequest {
            method: received.method(),
            target: &target,
            headers: &headers,
            body: &body,
            coding: coding.filter(|_| *body != **received.body()),
            scheme,
        });
        if service.keeps_messages() {
            service.add_messages(Box::new(move || shown(&received)), &answer);
        }
        self.cache.validate(service.mapping_version());
        let is_cached = answer.is_repeatable;
        let bytes = bytes_of(&answer);
        let notifications = std::mem::take(&mut answer.notifications);
        let mut reply = reply(session, &headers, answer);
        if is_cached {
            reply = reply.prepared();
            self.cache.add(hash, &reply, bytes);
        }
        drop(service);
        if notifications.is_empty() {
            session.touch_or_end();
            return reply;
        }
        let sent = Arc::new(Notify::new());
        let (sender, session) = (Arc::clone(&self.sender), Arc::clone(session));
        let answered = Arc::clone(&sent);
        tokio::spawn(async move {
            // Where the bot closed the connection before the answer was out, the notifications go out
            // all the same.
            let _ = timeout(session.options.deadline, answered.notified()).await;
            sender.queue(notifications);
            session.touch_or_end();
        });
        reply.notifying(sent)
    }
}

/// The reply to a request with these fields.
fn reply(session: &Session<Service>, request: &Headers, answer: Answer) -> Reply {
    let Outgoing {
        mut headers,
        mut body,
        coding,
        trailers,
        reason,
        length,
    } = answer.message;
    let coding = coding.filter(|it| accepts(request, it));
    if let Some(coding) = coding
        && let Some(coded) = coded(&coding, &body)
    {
        headers.push("Content-Encoding", coding);
        body = coded.into();
    }
    let mut reply = Reply::text(answer.status, headers, body).trailed(trailers);
    if let Some(reason) = reason {
        reply = reply.reasoned(&reason);
    }
    if let Some(length) = length {
        reply = reply.measured(length);
    }
    match session.options.timing {
        Timing::Immediate => reply,
        Timing::Recorded => {
            session.touch_for(answer.took);
            reply.delayed(answer.took)
        }
    }
}

/// True if `Accept-Encoding` names all of these codings (RFC 9110 section 12.5.3). Without the field
/// any would do, but clients that do not decode do not write it.
fn accepts(request: &Headers, codings: &str) -> bool {
    let accepted = request.iter();
    let accepted = accepted.filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    let accepted: Vec<(&str, bool)> = accepted
        .flat_map(|(_, value)| value.split(','))
        .map(|it| {
            let (coding, weight) = it.split_once(';').unwrap_or((it, ""));
            let weight = weight.trim().trim_start_matches("q=");
            let is_refused = weight.parse::<f32>().is_ok_and(|it| it <= 0.0);
            (coding.trim(), !is_refused)
        })
        .collect();
    let is_accepted = |coding: &str| {
        let named = accepted
            .iter()
            .find(|(it, _)| it.eq_ignore_ascii_case(coding));
        let any = accepted.iter().find(|(it, _)| *it == "*");
        named.or(any).is_some_and(|(_, is)| *is)
    };
    codings.split(',').all(|it| is_accepted(it.trim()))
}

/// A request as reports show it.
fn shown(received: &Received) -> TrafficMessage {
    let (method, target) = (received.method().to_owned(), received.target().into_owned());
    let (headers, body) = (received.headers(), received.uncoded());
    let request = Request {
        method,
        target,
        headers,
        body: Body::written(&body),
    };
    TrafficMessage::Request(request.into())
}

/// Sends notifications, those of one group in their order.
#[derive(Debug)]
struct Sender {
    session: Arc<Session<Service>>,
    bot: Option<Url>,
    /// The notifications that are sent before all others.
    first: Mutex<Vec<usize>>,
    queues: Mutex<HashMap<usize, mpsc::UnboundedSender<usize>>>,
}

impl Sender {
    fn queue(self: &Arc<Self>, exchanges: Vec<usize>) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        for exchange in first.drain(..).chain(exchanges) {
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
        let is_answered = answer.is_ok();
        session.party().acknowledged(exchange, answer);
        // A bot that is not there is no activity: all that it is sent has one deadline.
        if is_answered || session.party().is_done() {
            session.touch_or_end();
        }
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
    fn a_coding_is_accepted_by_name() {
        for (accepted, codings, is_it) in [
            ("br, gzip", "br", true),
            ("gzip;q=0.5, *;q=0", "gzip", true),
            ("gzip;q=0.5, *;q=0", "br", false),
            ("*", "gzip, br", true),
            ("gzip;q=0", "gzip", false),
            ("", "gzip", false),
        ] {
            let request = Headers::from_iter([("Accept-Encoding", accepted)]);
            assert_eq!(accepts(&request, codings), is_it, "{accepted}: {codings}");
        }
        assert!(!accepts(&Headers::new(), "gzip"));
    }

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
