//! The router: finds the conversation that a message belongs to.
//!
//! A message belongs to the conversation whose callback path or ids it contains, else to the only conversation that
//! waits for such a message. If several wait for it, they cannot be judged side by side: they are played again, one by
//! one. A conversation of an [earlier part](Router::end_part) of the run gets only messages that show that they are its
//! own. A bot's requests to an [`Identity`] belong to no conversation, nor do those [around](Around) the API.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::around::Around;
use super::joined;
use super::message_ids::ids;
use super::reception::Reception;
use crate::api::identifier::{ById, Ids};
use crate::api::party::Party;
use crate::http::Reply;
use crate::http::message::{Body, Headers, Request, Response};
use crate::inject::InjectedJudge;
use crate::judge::{Event, ExchangeId};
use crate::platform;
use crate::platform::Identity;

/// The conversations of one target, and the way in for its messages.
#[derive(Debug)]
pub(super) struct Router {
    role: Party,
    identity: Option<Arc<Identity>>,
    around: Arc<Around>,
    /// The address under which the target knows confcall.
    public_url: String,
    entries: Mutex<Entries>,
    next: AtomicU64,
    reception: Reception,
}

/// The conversations that are registered, found by number and by id without a look into a judge.
#[derive(Debug, Default)]
struct Entries {
    open: BTreeMap<u64, Entry>,
    by_id: ById<BTreeSet<u64>>,
    /// Numbers and ids of conversations that are over, for late messages.
    retired: HashSet<u64>,
    retired_ids: Ids<'static>,
    /// The conversations that left last.
    left: VecDeque<(u64, Ids<'static>)>,
    /// Of those up to this number that are not open, only that they are over is known.
    forgotten: u64,
}

/// So many conversations that left are known by their ids.
const LEFT: usize = 4096;

#[derive(Debug, Clone)]
struct Entry {
    judge: Arc<Mutex<InjectedJudge>>,
    inbox: mpsc::UnboundedSender<Message>,
    ids: Ids<'static>,
    /// A conversation that was played to its end waits for no message any more.
    is_played: bool,
    is_of_earlier_part: bool,
}

/// Something that happened to a conversation.
#[derive(Debug)]
pub(super) enum Message {
    /// A request of the target, with the way back for its answer.
    Received(ExchangeId, Arc<Request>, oneshot::Sender<Reply>),
    /// An event of confcall's own exchanges.
    Happened(Event),
    /// A message that could be this conversation's or another's: it cannot go on side by side.
    Ambiguous,
}

/// A conversation's registration at the router.
#[derive(Debug)]
pub(super) struct Registration {
    /// The number of the conversation, a part of its callback path.
    pub number: u64,
    pub inbox: mpsc::UnboundedReceiver<Message>,
    pub sender: mpsc::UnboundedSender<Message>,
}

impl Router {
    pub(super) fn new(
        role: Party,
        identity: Option<Arc<Identity>>,
        around: Arc<Around>,
        public_url: String,
    ) -> Self {
        Self {
            role,
            identity,
            around,
            public_url,
            entries: Mutex::default(),
            next: AtomicU64::new(1),
            reception: Reception::default(),
        }
    }

    pub(super) const fn reception(&self) -> &Reception {
        &self.reception
    }

    /// A number that was never given before: of a conversation and its callback path, or of an
    /// exchange.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn register(&self, number: u64, judge: Arc<Mutex<InjectedJudge>>) -> Registration {
        let (sender, inbox) = mpsc::unbounded_channel();
        let entry = Entry {
            judge,
            inbox: sender.clone(),
            ids: Ids::default(),
            is_played: false,
            is_of_earlier_part: false,
        };
        self.entries().open.insert(number, entry);
        Registration {
            number,
            inbox,
            sender,
        }
    }

    /// Takes over from a judge the ids of its conversation, and whether it still waits for messages.
    /// To be called whenever the judge has changed, before its messages go out.
    pub(super) fn update(&self, number: u64, judge: &InjectedJudge) {
        let mut entries = self.entries();
        let Entries { open, by_id, .. } = &mut *entries;
        let Some(entry) = open.get_mut(&number) else {
            return;
        };
        entry.is_played = judge.is_finished();
        let ids: Ids<'static> = judge.ids().cloned().collect();
        if ids == entry.ids {
            return;
        }
        for id in &entry.ids {
            if let Some(numbers) = by_id.get_mut(id) {
                numbers.remove(&number);
            }
        }
        for id in &ids {
            by_id.entry(id.clone()).or_default().insert(number);
        }
        entry.ids = ids;
    }

    /// Ends a part of the run, whose conversations were played side by side.
    pub(super) fn end_part(&self) {
        for entry in self.entries().open.values_mut() {
            entry.is_of_earlier_part = true;
        }
    }

    /// Ends one conversation of many. Late messages of it are recognized as such until thousands of others have left.
    pub(super) fn leave(&self, number: u64) {
        let mut entries = self.entries();
        let Some(entry) = entries.open.remove(&number) else {
            return;
        };
        for id in &entry.ids {
            if let Some(numbers) = entries.by_id.get_mut(id) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    entries.by_id.remove(id);
                }
            }
        }
        entries.retired.insert(number);
        entries.retired_ids.extend(entry.ids.iter().cloned());
        entries.left.push_back((number, entry.ids));
        if entries.left.len() > LEFT
            && let Some((number, ids)) = entries.left.pop_front()
        {
            entries.retired.remove(&number);
            entries.forgotten = entries.forgotten.max(number);
            for id in &ids {
                entries.retired_ids.remove(id);
            }
        }
    }

    /// Ends all conversations: late messages of theirs are answered and forgotten.
    pub(super) fn retire(&self) {
        let mut entries = self.entries();
        let over = std::mem::take(&mut entries.open);
        entries.by_id.clear();
        for (number, entry) in over {
            entries.retired.insert(number);
            entries.retired_ids.extend(entry.ids);
        }
    }

    /// Notes a message that was refused before it could be read. Its conversation is not known, so that
    /// every open one notes it.
    pub(super) fn refused(&self, why: &str) {
        let open: Vec<Entry> = self.entries().open.values().cloned().collect();
        for entry in open {
            lock(&entry.judge).note(format!("confcall refused a message: {why}"));
        }
    }

    /// Takes a message of the target to the conversation that it belongs to, and gives its answer.
    pub(super) async fn receive(&self, request: Request) -> Reply {
        if let Some(identity) = &self.identity {
            let base = platform::base_of(&request, &self.public_url);
            if Identity::takes(&request, &base) {
                self.reception.count_platform(&request);
                return self
                    .answer_platform(Arc::clone(identity), request, base)
                    .await;
            }
        }
        if self.role == Party::Bot && Around::takes(&request) && !self.is_documented(&request) {
            let answer = self.around.answer(&request);
            if answer.status == 404 {
                self.reception.stray(&request, answer.status);
            }
            return Reply::from(answer);
        }
        let (answer, answered) = oneshot::channel();
        match self.find(&request) {
            Recipient::One(inbox) => {
                let message = Message::Received(self.number(), Arc::new(request), answer);
                // An inbox that is closed drops the way back, too.
                let _ = inbox.send(message);
                let reply = answered.await;
                reply.unwrap_or_else(|_| Reply::from(self.unroutable_answer()))
            }
            Recipient::Several(inboxes) => {
                for inbox in inboxes {
                    // A conversation that has ended meanwhile needs no word.
                    let _ = inbox.send(Message::Ambiguous);
                }
                Reply::from(self.unroutable_answer())
            }
            Recipient::Nobody => {
                let answer = self.unroutable_answer();
                self.reception.stray(&request, answer.status);
                Reply::from(answer)
            }
        }
    }

    /// Has a request answered that is no part of any conversation, on a thread that may wait.
    async fn answer_platform(
        &self,
        identity: Arc<Identity>,
        request: Request,
        base: String,
    ) -> Reply {
        let answering = tokio::task::spawn_blocking(move || identity.answer(&request, &base));
        match joined(answering.await) {
            Some(answer) => Reply::from(answer.unwrap_or_else(|| self.unroutable_answer())),
            None => Reply::hang(),
        }
    }

    /// True if an open conversation has this request outside of the calling API.
    fn is_documented(&self, request: &Request) -> bool {
        let open: Vec<Entry> = self.entries().open.values().cloned().collect();
        open.iter()
            .any(|entry| lock(&entry.judge).documents(request))
    }

    fn unroutable_answer(&self) -> Response {
        let status = match self.role {
            Party::Bot => 404,
            Party::Service => 202,
        };
        let body = match self.role {
            Party::Bot => Body::Json(serde_json::json!({"error": {
                "code": "NotFound",
                "message": "no conversation of this run matches the request",
            }})),
            Party::Service => Body::Empty,
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

    fn find(&self, request: &Request) -> Recipient {
        let found = self.entries().find(request);
        // No judge is locked while the entries are: a judge that has changed updates its entry.
        let expects = |entry: &&Entry| lock(&entry.judge).expects(request);
        match found {
            Candidates::Nobody => Recipient::Nobody,
            Candidates::One(entry) => Recipient::One(entry.inbox),
            Candidates::SameId(entries) => {
                let expecting = entries.iter().find(expects).or(entries.last());
                expecting.map_or(Recipient::Nobody, |it| Recipient::One(it.inbox.clone()))
            }
            Candidates::NoIdAtEnd(all) => {
                let repeats = |entry: &&Entry| lock(&entry.judge).repeats(request);
                let sender = match all.as_slice() {
                    [only] => Some(only),
                    several => several.iter().rev().find(repeats),
                };
                sender.map_or(Recipient::Nobody, |it| Recipient::One(it.inbox.clone()))
            }
            Candidates::NoId(open) => {
                let mut waiting: Vec<_> = open.iter().filter(|it| !it.is_played).collect();
                waiting.retain(expects);
                let resembles = |entry: &&Entry| lock(&entry.judge).resembles(request);
                let mut close: Vec<_> = waiting.iter().copied().filter(resembles).collect();
                // A bot that got no answer sends its request again.
                let repeats = |entry: &&Entry| lock(&entry.judge).repeats(request);
                // A late second request is of the conversation that triggered the first, not of another that waits for
                // one like it.
                let has_triggered = |entry: &&Entry| entry.has_triggered(request);
                if close.iter().any(has_triggered) {
                    close.retain(has_triggered);
                } else {
                    let mut unplayed = open.iter().rev().filter(|it| !it.is_played);
                    let again = unplayed.find(|it| close.is_empty() && repeats(it));
                    if let Some(entry) = again.or_else(|| open.iter().find(has_triggered)) {
                        return Recipient::One(entry.inbox.clone());
                    }
                }
                if !close.is_empty() {
                    waiting = close;
                }
                // A message that nobody waits for is a surplus one: played one by one, it shows
                // whose.
                let candidates = match waiting.as_slice() {
                    [] => open.iter().collect(),
                    _ => waiting,
                };
                match candidates.as_slice() {
                    [] => Recipient::Nobody,
                    [entry] => Recipient::One(entry.inbox.clone()),
                    several => {
                        Recipient::Several(several.iter().map(|it| it.inbox.clone()).collect())
                    }
                }
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// True if a trigger of the conversation asked for this request. No message waits for the judge of a conversation that
    /// was played: one that is busy is passed over.
    fn has_triggered(&self, request: &Request) -> bool {
        if self.is_played {
            let judge = self.judge.try_lock();
            judge.is_ok_and(|it| it.has_triggered(request))
        } else {
            lock(&self.judge).has_triggered(request)
        }
    }
}

impl Entries {
    /// The conversations that a message may belong to, by its callback path and its ids.
    fn find(&self, request: &Request) -> Candidates {
        if let Some(number) = callback_number(&request.target) {
            if let Some(entry) = self.open.get(&number) {
                return Candidates::One(entry.clone());
            }
            if self.retired.contains(&number) || number <= self.forgotten {
                return Candidates::Nobody;
            }
        }
        let ids = ids(request);
        let numbers = ids.iter().filter_map(|id| self.by_id.get(id)).flatten();
        let numbers: BTreeSet<u64> = numbers.copied().collect();
        let bearing = numbers.iter().filter_map(|number| self.open.get(number));
        let mut bearing: Vec<Entry> = bearing.cloned().collect();
        match bearing.len() {
            0 if ids.iter().any(|id| self.retired_ids.contains(id)) => Candidates::Nobody,
            0 => {
                let all = || self.open.values().cloned();
                let of_part: Vec<Entry> = all().filter(|it| !it.is_of_earlier_part).collect();
                if of_part.is_empty() {
                    Candidates::NoIdAtEnd(all().collect())
                } else {
                    Candidates::NoId(of_part)
                }
            }
            1 => Candidates::One(bearing.remove(0)),
            _ => Candidates::SameId(bearing),
        }
    }
}

/// The conversations that a message may belong to.
enum Candidates {
    Nobody,
    One(Entry),
    /// At least two conversations whose ids it contains.
    SameId(Vec<Entry>),
    /// All conversations of the part that is played: it contains the id of none.
    NoId(Vec<Entry>),
    /// All conversations, as no part is played any more: it contains the id of none.
    NoIdAtEnd(Vec<Entry>),
}

/// The conversation that a message goes to.
#[derive(Debug)]
enum Recipient {
    One(mpsc::UnboundedSender<Message>),
    Several(Vec<mpsc::UnboundedSender<Message>>),
    Nobody,
}

/// The lock of a judge. A judge whose task has panicked is still whole: the panic goes on there.
pub(super) fn lock(judge: &Mutex<InjectedJudge>) -> MutexGuard<'_, InjectedJudge> {
    judge.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn callback_path(number: u64) -> String {
    format!("/callback/{number}")
}

fn callback_number(target: &str) -> Option<u64> {
    let path = crate::api::resource::path_of(target);
    let (_, number) = path.rsplit_once("/callback/")?;
    number.parse().ok()
}

#[cfg(test)]
mod tests;
