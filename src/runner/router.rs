//! The hub: which conversation a message that comes in belongs to (SPEC section 6,
//! *Attribution*).
//!
//! A message belongs to the conversation whose callback path or whose ids it bears, else to the
//! only one that waits for such a message. Where several could, none of them can be judged side by
//! side: they are played again, one by one. What a bot asks of an [`Identity`] belongs to none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::api::identifier::{Ids, Normal};
use crate::api::party::Party;
use crate::http::Reply;
use crate::http::message::{Headers, Payload, Request, Response};
use crate::inject::InjectedJudge;
use crate::judge::ExchangeId;
use crate::platform;
use crate::platform::Identity;

/// Where the conversations of one target register, and where its messages come in.
#[derive(Debug)]
pub(super) struct Router {
    role: Party,
    identity: Option<Arc<Identity>>,
    /// The address that the target is told.
    told: String,
    entries: Mutex<Vec<Entry>>,
    next: AtomicU64,
}

/// One conversation, as the hub sees it.
#[derive(Debug)]
struct Entry {
    number: u64,
    judge: Arc<Mutex<InjectedJudge>>,
    inbox: mpsc::UnboundedSender<Incoming>,
    /// It is over for good: what still comes for it is answered and forgotten.
    is_retired: bool,
}

/// A message that came in for a conversation.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A request of the target, with the place for its answer.
    Request(ExchangeId, Arc<Request>, oneshot::Sender<Reply>),
    /// A message that could be this conversation's or another's: it cannot go on side by side.
    Ambiguous,
}

/// A conversation's place at the hub.
#[derive(Debug)]
pub(super) struct Place {
    /// The number of the conversation, which its callback path bears.
    pub number: u64,
    /// What comes in for it.
    pub inbox: mpsc::UnboundedReceiver<Incoming>,
}

impl Router {
    /// `told` is the address under which the target knows confcall.
    pub(super) fn new(role: Party, identity: Option<Arc<Identity>>, told: String) -> Self {
        Self {
            role,
            identity,
            told,
            entries: Mutex::new(Vec::new()),
            next: AtomicU64::new(1),
        }
    }

    /// A number that was never given before: for a conversation and its callback path.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Gives a conversation its place.
    pub(super) fn join(&self, number: u64, judge: Arc<Mutex<InjectedJudge>>) -> Place {
        let (sender, inbox) = mpsc::unbounded_channel();
        self.entries().push(Entry {
            number,
            judge,
            inbox: sender,
            is_retired: false,
        });
        Place { number, inbox }
    }

    /// Ends all conversations that have a place: what still comes for them changes nothing.
    pub(super) fn retire(&self) {
        for entry in self.entries().iter_mut() {
            entry.is_retired = true;
        }
    }

    /// A message was refused before it could be read: whose it was cannot be told, so that every
    /// conversation that goes on says so.
    pub(super) fn refused(&self, why: &str) {
        for entry in self.entries().iter().filter(|entry| !entry.is_retired) {
            lock(&entry.judge).note(format!("a message to confcall was refused: {why}"));
        }
    }

    /// Takes a message of the target to the conversation that it belongs to, and gives its answer.
    pub(super) async fn receive(&self, request: Request) -> Reply {
        if let Some(identity) = &self.identity {
            let base = platform::base_of(&request, &self.told);
            if Identity::takes(&request, &base) {
                return self.ask(Arc::clone(identity), request, base).await;
            }
        }
        let exchange = self.number();
        let (answer, answered) = oneshot::channel();
        match self.find(&request) {
            Found::One(inbox) => {
                let message = Incoming::Request(exchange, Arc::new(request), answer);
                if inbox.send(message).is_err() {
                    return Reply::from(self.forgotten());
                }
            }
            Found::Several(inboxes) => {
                for inbox in inboxes {
                    // One that has ended meanwhile needs no word.
                    let _ = inbox.send(Incoming::Ambiguous);
                }
                return Reply::from(self.forgotten());
            }
            Found::None => return Reply::from(self.forgotten()),
        }
        let reply = answered.await;
        reply.unwrap_or_else(|_| Reply::from(self.forgotten()))
    }

    /// Has a request answered that is no part of any conversation, on a thread that may wait.
    async fn ask(&self, identity: Arc<Identity>, request: Request, base: String) -> Reply {
        let answering = tokio::task::spawn_blocking(move || identity.answer(&request, &base));
        match answering.await {
            Ok(answer) => Reply::from(answer.unwrap_or_else(|| self.forgotten())),
            // A panic is a defect of confcall, and goes on as one.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Reply::hang(),
            },
        }
    }

    /// The answer to a message that no conversation takes: a bot's request is refused, a
    /// notification is acknowledged.
    fn forgotten(&self) -> Response {
        let status = match self.role {
            Party::Bot => 404,
            Party::Service => 202,
        };
        let body = match self.role {
            Party::Bot => Payload::Json(serde_json::json!({"error": {
                "code": "NotFound",
                "message": "no conversation of this run is about this",
            }})),
            Party::Service => Payload::Empty,
        };
        let mut headers = Headers::new();
        if !body.is_empty() {
            headers.push("Content-Type", "application/json");
        }
        Response {
            status,
            headers,
            body,
        }
    }

    fn find(&self, request: &Request) -> Found {
        let entries = self.entries();
        if let Some(number) = callback_number(&request.target)
            && let Some(entry) = entries.iter().find(|entry| entry.number == number)
        {
            return entry.found();
        }
        let ids = ids(request);
        let bearers: Vec<&Entry> = entries.iter().filter(|entry| entry.has_id(&ids)).collect();
        match bearers.as_slice() {
            [] => {}
            [entry] => return entry.found(),
            several => {
                let waiting = several.iter().find(|entry| entry.expects(request));
                return waiting.unwrap_or(&several[several.len() - 1]).found();
            }
        }
        let is_open = |entry: &&Entry| !entry.is_retired;
        let waiting: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.expects(request))
            .collect();
        // What nobody waits for is somebody's surplus: played one by one, it shows whose.
        let candidates = match waiting.as_slice() {
            [] => entries.iter().filter(is_open).collect(),
            _ => waiting,
        };
        match candidates.as_slice() {
            [] => Found::None,
            [entry] => entry.found(),
            several => Found::Several(several.iter().map(|entry| entry.inbox.clone()).collect()),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose a message is.
enum Found {
    One(mpsc::UnboundedSender<Incoming>),
    Several(Vec<mpsc::UnboundedSender<Incoming>>),
    None,
}

impl Entry {
    fn found(&self) -> Found {
        if self.is_retired {
            Found::None
        } else {
            Found::One(self.inbox.clone())
        }
    }

    fn has_id(&self, ids: &Ids<'_>) -> bool {
        lock(&self.judge).has_id(ids)
    }

    fn expects(&self, request: &Request) -> bool {
        !self.is_retired && lock(&self.judge).expects(request)
    }
}

/// The lock of a judge. A judge whose task has panicked is still whole: the panic goes on there.
pub(super) fn lock(judge: &Mutex<InjectedJudge>) -> MutexGuard<'_, InjectedJudge> {
    judge.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path under which a conversation takes notifications.
pub(super) fn callback_path(number: u64) -> String {
    format!("/callback/{number}")
}

fn callback_number(target: &str) -> Option<u64> {
    let path = crate::api::resource::path_of(target);
    let (_, number) = path.rsplit_once("/callback/")?;
    number.parse().ok()
}

/// Whatever in a message may be an id: the segments of its path, and of every text in its body.
fn ids(request: &Request) -> Ids<'_> {
    let mut ids = Ids::default();
    take_ids(&request.target, &mut ids);
    if let Some(body) = request.body.json() {
        collect(body, &mut ids);
    }
    ids
}

fn collect<'a>(body: &'a Value, ids: &mut Ids<'a>) {
    match body {
        Value::String(text) => take_ids(text, ids),
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(properties) => properties.values().for_each(|item| collect(item, ids)),
        _ => {}
    }
}

fn take_ids<'a>(text: &'a str, ids: &mut Ids<'a>) {
    ids.extend(
        text.split(['/', '?', '#'])
            .filter(|segment| !segment.is_empty())
            .map(Normal::of),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_path_bears_its_number() {
        assert_eq!(callback_number(&callback_path(42)), Some(42));
        assert_eq!(callback_number("/bot/callback/7?x=1"), Some(7));
        assert_eq!(callback_number("/callback"), None);
        assert_eq!(callback_number("/api/calls"), None);
    }

    #[test]
    fn ids_are_found_in_paths_and_bodies() {
        let request = Request {
            method: "POST".into(),
            target: "/app/calls/57DAB8B1894C409AB240BD8BEAE78896/answer".into(),
            headers: Headers::new(),
            body: Payload::Json(serde_json::json!({"a": [{"b": "/x/one"}]})),
        };
        let ids = ids(&request);
        assert!(ids.contains(&Normal::of("57dab8b1-894c-409a-b240-bd8beae78896")));
        assert!(ids.contains(&Normal::of("one")));
    }
}
