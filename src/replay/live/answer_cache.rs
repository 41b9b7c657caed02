//! A cache of answers that are the same byte for byte. Their requests are neither parsed nor
//! searched for.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use foldhash::fast::FixedState;
use foldhash::quality::RandomState;

use crate::http::{Received, Reply};
use crate::replay::recording::BodySpan;
use crate::replay::service::Repeat;

/// A hash of a request in 128 bits, seeded anew in every process.
pub(super) type RequestHash = (u64, u64);

/// The hash of the parts of a request that the service reads. `None` for a request with a content
/// coding.
pub(super) fn hash(received: &Received) -> Option<RequestHash> {
    static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    if received.is_coded() {
        return None;
    }
    let seen = (received.method(), received.target(), received.body());
    let [first, second] = SEEDS.each_ref().map(|seed| seed.hash_one(&seen));
    Some((first, second))
}

/// The bytes of cached answers. Of further answers only the position is cached.
const MOST_BYTES: usize = 4 << 20;

const MOST_HEADS: usize = 16;

#[derive(Debug)]
pub(super) struct AnswerCache {
    /// The number of answers that are cached by position.
    most_places: usize,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    by_request: HashMap<RequestHash, Cached, FixedState>,
    /// Status and header fields of answers, each once.
    heads: Vec<Reply>,
    /// The version of the mapping that the answers were made with.
    mapping_version: u64,
    /// An estimate of the bytes of whole answers.
    bytes: usize,
    hits: usize,
}

#[derive(Debug)]
enum Cached {
    Whole(Box<Reply>),
    Body { head: usize, body: BodySpan },
    Exchange(usize),
}

#[derive(Debug)]
pub(super) enum Found {
    Answer(Reply),
    /// The answer without its body, and the position of the body.
    Head(Reply, BodySpan),
    Exchange(usize),
}

impl AnswerCache {
    /// `exchanges` is the number of recorded exchanges.
    pub(super) fn new(exchanges: usize) -> Self {
        Self {
            most_places: exchanges,
            answers: Mutex::default(),
        }
    }

    /// The number of requests that were answered from the cache.
    pub(super) fn hits(&self) -> usize {
        self.lock().hits
    }

    pub(super) fn find(&self, request: RequestHash) -> Option<Found> {
        let mut answers = self.lock();
        let found = match answers.by_request.get(&request)? {
            Cached::Whole(reply) => Found::Answer(Reply::clone(reply)),
            Cached::Body { head, body } => Found::Head(answers.heads.get(*head)?.clone(), *body),
            Cached::Exchange(exchange) => return Some(Found::Exchange(*exchange)),
        };
        answers.hits += 1;
        Some(found)
    }

    /// Empties the cache after a change of the mapping.
    pub(super) fn validate(&self, mapping_version: u64) {
        let mut answers = self.lock();
        if answers.mapping_version != mapping_version {
            let hits = answers.hits;
            *answers = Answers {
                mapping_version,
                hits,
                ..Answers::default()
            };
        }
    }

    /// Adds a [prepared](Reply::prepared) answer of about this many bytes, or how to repeat it.
    pub(super) fn add(&self, request: RequestHash, reply: &Reply, bytes: usize, repeat: Repeat) {
        let mut answers = self.lock();
        let cached = if answers.bytes + bytes <= MOST_BYTES {
            answers.bytes += bytes;
            Cached::Whole(Box::new(reply.clone()))
        } else if answers.by_request.len() < self.most_places {
            answers.place_of(reply, repeat)
        } else {
            return;
        };
        answers.by_request.insert(request, cached);
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers {
    fn place_of(&mut self, reply: &Reply, repeat: Repeat) -> Cached {
        let Some(body) = repeat.body else {
            return Cached::Exchange(repeat.exchange);
        };
        let known = self.heads.iter().position(|head| head.begins_like(reply));
        if known.is_none() && self.heads.len() == MOST_HEADS {
            return Cached::Exchange(repeat.exchange);
        }
        let head = known.unwrap_or_else(|| {
            self.heads.push(reply.clone().with_body(Bytes::new()));
            self.heads.len() - 1
        });
        Cached::Body { head, body }
    }
}
