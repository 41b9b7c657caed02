//! Requests that were answered as they will be again, byte for byte: neither are they read again,
//! nor is what they ask for looked for.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use foldhash::fast::FixedState;
use foldhash::quality::RandomState;

use crate::http::{Received, Reply};
use crate::replay::recording::Passage;
use crate::replay::service::Again;

/// A request in 128 bits, of a hash that is seeded anew in every process.
pub(super) type Fingerprint = (u64, u64);

/// What the service sees of a request, but for codings: a coded body has none.
pub(super) fn fingerprint(received: &Received) -> Option<Fingerprint> {
    static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    if received.is_coded() {
        return None;
    }
    let seen = (received.method(), received.target(), received.body());
    let [first, second] = SEEDS.each_ref().map(|seed| seed.hash_one(&seen));
    Some((first, second))
}

/// How many bytes of answers are kept at most. Of others it is known where they stand.
const KEPT: usize = 4 << 20;

/// How many beginnings of answers are kept at most.
const HEADS: usize = 16;

/// The requests that are known, and their answers.
#[derive(Debug)]
pub(super) struct Known {
    /// How many requests are known at most whose answers are not kept.
    room: usize,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    of: HashMap<Fingerprint, Lasting, FixedState>,
    /// What answers begin with, each once.
    heads: Vec<Reply>,
    /// What the service had learnt when they were given.
    lessons: u64,
    /// How many bytes those take that are kept, about.
    size: usize,
    hits: usize,
}

/// An answer, or how it is given again.
#[derive(Debug)]
enum Lasting {
    Kept(Box<Reply>),
    Body { head: usize, body: Passage },
    Exchange(usize),
}

/// What is known of a request.
#[derive(Debug)]
pub(super) enum Found {
    /// Its answer.
    Answer(Reply),
    /// Its answer but for the body.
    Head(Reply, Passage),
    /// The place of the exchange that is answered anew.
    Exchange(usize),
}

impl Known {
    /// Nothing yet. `exchanges` is how many were recorded.
    pub(super) fn of(exchanges: usize) -> Self {
        Self {
            room: exchanges,
            answers: Mutex::default(),
        }
    }

    /// How many requests were found whose answer the service did not give itself.
    pub(super) fn hits(&self) -> usize {
        self.lock().hits
    }

    pub(super) fn find(&self, fingerprint: Fingerprint) -> Option<Found> {
        let mut answers = self.lock();
        let found = match answers.of.get(&fingerprint)? {
            Lasting::Kept(reply) => Found::Answer(Reply::clone(reply)),
            Lasting::Body { head, body } => Found::Head(answers.heads.get(*head)?.clone(), *body),
            Lasting::Exchange(exchange) => return Some(Found::Exchange(*exchange)),
        };
        answers.hits += 1;
        Some(found)
    }

    /// Forgets what is known where the service has learnt since then: answers may be others now.
    pub(super) fn hold(&self, lessons: u64) {
        let mut answers = self.lock();
        if answers.lessons != lessons {
            let hits = answers.hits;
            *answers = Answers {
                lessons,
                hits,
                ..Answers::default()
            };
        }
    }

    /// Keeps a [prepared](Reply::prepared) answer of about this many bytes, or how it is given
    /// again.
    pub(super) fn keep(&self, fingerprint: Fingerprint, reply: &Reply, size: usize, again: Again) {
        let mut answers = self.lock();
        let lasting = if answers.size + size <= KEPT {
            answers.size += size;
            Lasting::Kept(Box::new(reply.clone()))
        } else if answers.of.len() < self.room {
            answers.standing(reply, again)
        } else {
            return;
        };
        answers.of.insert(fingerprint, lasting);
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers {
    /// An answer whose body stands in the recording, or else the whole of it.
    fn standing(&mut self, reply: &Reply, again: Again) -> Lasting {
        let Some(body) = again.body else {
            return Lasting::Exchange(again.exchange);
        };
        let known = self.heads.iter().position(|head| head.begins_like(reply));
        if known.is_none() && self.heads.len() == HEADS {
            return Lasting::Exchange(again.exchange);
        }
        let head = known.unwrap_or_else(|| {
            self.heads.push(reply.clone().with_body(Bytes::new()));
            self.heads.len() - 1
        });
        Lasting::Body { head, body }
    }
}
